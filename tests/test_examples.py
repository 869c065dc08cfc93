"""Every public function shows how it is used, and what it shows is so."""

from __future__ import annotations

import doctest
import inspect
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from flytetask_nb.errors import MissingExtraError
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def functions() -> list[str]:
    found = []
    for name in ftn.__all__:
        try:
            value = getattr(ftn, name)
        except MissingExtraError:
            continue
        if callable(value) and not inspect.isclass(value):
            found.append(name)
    return found


@pytest.mark.parametrize("name", functions())
def test_the_examples_of_a_function_run(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Beside the archives of the example, without bars of progress."""
    monkeypatch.chdir(ROOT / "notebooks" / "example")
    # What is kept on this machine is the user's.
    monkeypatch.setattr("flytetask_nb.sources.blob_cache._folder", lambda: tmp_path)
    function: Callable[..., Any] = getattr(ftn, name)
    examples = doctest.DocTestFinder(recurse=False).find(function, name, globs={name: function})
    assert any(one.examples for one in examples), f"{name} has no Examples"
    with ftn.set_options(progress=False):
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        told: list[str] = []
        for one in examples:
            runner.run(one, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
