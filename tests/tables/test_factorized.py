"""What is put comes back, however it was put."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.tables.factorized import NOTHING, Coded

PIECES = st.lists(st.tuples(st.sampled_from(["put", "add", "forget", "leave"]), st.lists(st.text(max_size=1))))


@given(PIECES)
def test_values_come_back(pieces: list[tuple[str, list[str]]]) -> None:
    """Each row has the value that was put, one way or the other; what is put alone is held once."""
    size = sum(len(values) for _, values in pieces)
    coded = Coded(size)
    expected: list[str | None] = []
    for way, values in pieces:
        positions = np.arange(len(expected), len(expected) + len(values))
        if way == "add":
            coded.codes[positions] = coded.add(values) + np.arange(len(values))
        elif way != "leave":
            coded.put(positions, values)
        if way == "forget":
            coded.forget(positions.tolist())
        expected.extend(values if way in ("put", "add") else [None] * len(values))
    entries = coded.entries
    assert [None if code == NOTHING else entries[code] for code in coded.codes.tolist()] == expected
    kept = [value for way, values in pieces if way in ("put", "forget") for value in values]
    added = [value for way, values in pieces if way == "add" for value in values]
    assert sorted(entries) == sorted([*set(kept), *added])
    assert coded.codes.dtype == np.int32
