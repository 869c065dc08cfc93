"""Where the tests of this floor find the answers of Flyte's own code: in the shipped sample, and in all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Case = dict[str, Any]

# How many cases the whole of a file holds at least: a test over a truncated file must not pass.
LEAST: Final = {
    "quantities.jsonl": 453,
    "effective-resources.jsonl": 200,
    "hydration.jsonl": 24,
    "digest-server.jsonl": 362,
    "callers.jsonl": 813,
    "digest-real.jsonl": 862,
    "digest-generated.jsonl": 200,
    "cache-real.jsonl": 862,
    "cache-generated.jsonl": 150,
    "tags.jsonl": 250,
    "literal-types.jsonl": 200,
}
LEAST_IN_SAMPLE: Final = {
    "quantities.jsonl": 100,
    "effective-resources.jsonl": 20,
    "hydration.jsonl": 12,
    "digest-server.jsonl": 10,
    "callers.jsonl": 12,
    "digest-real.jsonl": 20,
    "digest-generated.jsonl": 12,
    "cache-real.jsonl": 20,
    "cache-generated.jsonl": 18,
    "tags.jsonl": 45,
    "literal-types.jsonl": 70,
}


@pytest.fixture(params=["sample", "full"])
def truth_folder(request: pytest.FixtureRequest) -> Path:
    """Return the folder of ``vectors`` and ``corpus``: the shipped sample, or the whole truth where it is at hand."""
    if request.param == "sample":
        folder: Path = request.getfixturevalue("data")
        return folder
    vectors: Path = request.getfixturevalue("vectors")
    return vectors.parent


@pytest.fixture
def cases(request: pytest.FixtureRequest, truth_folder: Path) -> Callable[[str], list[Case]]:
    """Read the cases of one file of vectors, and make sure that it holds as many as it should."""
    is_sample = truth_folder == request.getfixturevalue("data")

    def read(name: str) -> list[Case]:
        lines = (truth_folder / "vectors" / name).read_text(encoding="utf-8").splitlines()
        least = (LEAST_IN_SAMPLE if is_sample else LEAST)[name]
        assert len(lines) >= least, f"{name} holds {len(lines)} cases, expected at least {least}"
        return [json.loads(line) for line in lines]

    return read
