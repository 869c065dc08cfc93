"""Thousands of interfaces at once: each name and each variable in them is looked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from flytetask_nb.extras import pa, pc
from flytetask_nb.tables.arrow_lists import items, lengths, listed, numbered, owners_of_repeated, parsed_batch
from flytetask_nb.tables.signatures import Signature, interface_message, notation_of, order_of, word_of

if TYPE_CHECKING:
    from collections.abc import Callable


def signatures_in(blobs: list[bytes], is_sound: Callable[[bytes], bool]) -> list[Signature | None]:
    """Return the signatures of serialized ``TypedInterface`` messages.

    ``blobs``: of each.
    ``is_sound``: tells whether protobuf can parse a ``Variable``; asked once for each that is distinct.
    Returns list of Signature or None: as ``signature_of`` gives them. None where that, or protobuf, has to look: one
      cannot be parsed, or is merged.
    """
    batch = parsed_batch(interface_message(), blobs)
    if batch is None:
        return [None] * len(blobs)
    given, returned = (_side(batch.column(name), is_sound) for name in ("inputs", "outputs"))
    if given is None or returned is None:
        # Merged: so rare that the whole batch may be looked at one by one.
        return [None] * len(blobs)
    texts = pc.binary_join_element_wise("(", given.texts, ") -> (", returned.texts, ")", "")
    columns = given.count.tolist(), listed(given.names), returned.count.tolist(), listed(returned.names), listed(texts)
    signatures: list[Signature | None] = list(map(Signature._make, zip(*columns, strict=True)))
    for row in np.flatnonzero(given.is_bad | returned.is_bad).tolist():
        signatures[row] = None
    return signatures


class _Side(NamedTuple):
    """The inputs or the outputs of interfaces: how many, their names, these with types; what is out of the ordinary."""

    count: Any
    names: Any
    texts: Any
    is_bad: Any


def _side(column: Any, is_sound: Callable[[bytes], bool]) -> _Side | None:
    """Return the inputs or outputs; None where there are merged ones among them."""
    times = lengths(column)
    if (times > 1).any():
        return None
    variables = items(column).field("entries")
    entries = items(variables)
    if (lengths(entries.field("value")) != 1).any():
        return None
    count = np.zeros(len(times), dtype=np.int64)
    count[times == 1] = lengths(variables)
    rows = np.repeat(np.arange(len(times)), count)
    names, key = numbered(entries.field("key"))
    kinds, value = numbered(items(entries.field("value")))
    is_bad = np.zeros(len(times), dtype=bool)
    is_kind_bad = np.array([not is_sound(kind) for kind in kinds], dtype=bool)
    is_bad[rows[is_kind_bad[value]]] = True
    # Of entries with the same name the last counts: left to whoever looks at them one by one.
    is_bad[owners_of_repeated(rows, key)] = True

    notations = [("", False) if bad else notation_of(kind) for kind, bad in zip(kinds, is_kind_bad, strict=True)]
    rank = np.empty(len(names), dtype=np.int64)
    rank[sorted(range(len(names)), key=lambda place: order_of(names[place]))] = np.arange(len(names))
    accepts_none = np.array([accepts for _, accepts in notations], dtype=bool)
    order = np.lexsort((rank[key], accepts_none[value], rows))
    words = list(map(word_of, names))
    # Few names have more than one type, so each pair is put into words once.
    pairs, which = np.unique(key[order] * len(kinds) + value[order], return_inverse=True)
    parameters = [f"{words[pair // len(kinds)]}: {notations[pair % len(kinds)][0]}" for pair in pairs.tolist()]
    ends = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    called = _joined(entries.field("key").take(pa.array(order)), ends)
    return _Side(count, called, _joined(pa.array(parameters, pa.string()).take(pa.array(which)), ends), is_bad)


def _joined(texts: Any, ends: Any) -> Any:
    """Return texts as one for each row, with commas between."""
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), texts), ", ")
