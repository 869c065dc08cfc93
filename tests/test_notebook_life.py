"""Values of a notebook: in threads, in pickles on their way to a worker, copied, reloaded, and deep in a recursion."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from tests.conftest import ROOT
from tests.sources import building

if TYPE_CHECKING:
    from collections.abc import Callable


ARCHIVES = ROOT / "notebooks" / "example" / "archives"


def made() -> dict[str, Any]:
    """Make each value anew."""
    old, new = building.spec("a", "v1"), building.spec("a", "v2")
    old.template.container.image, new.template.container.image = "team/app:1", "team/app"
    new.template.interface.inputs.variables["x"].type.simple = 1
    before, after = (ftn.TaskCollection([spec.SerializeToString()]) for spec in (old, new))
    plan = ftn.plan(before, after)
    return {
        "FlyteTask": before[0],
        "TaskCollection": before + after,
        "TaskDiff": ftn.diff(before[0], after[0]),
        "TaskHistory": ftn.history(before + after),
        "Plan": plan,
        "PlanEntry": plan[0],
        "Findings": ftn.check(after[0]),
        "CallerReport": ftn.callers(ftn.load_workflows(ARCHIVES / "2026.08.tgz"), ftn.load(ARCHIVES / "2026.09.tgz")),
    }


VALUES = made()
COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),  # noqa: S301 - our own bytes
}


@pytest.mark.parametrize("name", VALUES)
def test_values_made_twice_are_equal(name: str) -> None:
    assert made()[name] == VALUES[name]


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("name", VALUES)
def test_copies_are_equal_and_shown_alike(name: str, way: str) -> None:
    value = VALUES[name]
    copied = COPIES[way](value)
    assert type(copied) is type(value)
    assert copied == value
    assert (repr(copied), str(copied)) == (repr(value), str(value))


WORKER = """
import pickle, sys
values = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(pickle.dumps((values, {name: str(value) for name, value in values.items()})))
"""


def test_values_go_to_a_worker_and_back() -> None:
    """As Dask sends them: the worker has imported nothing of the package yet."""
    worker = [sys.executable, "-c", WORKER]
    finished = subprocess.run(worker, input=pickle.dumps(VALUES), capture_output=True, check=True, cwd=ROOT)
    values, texts = pickle.loads(finished.stdout)  # noqa: S301 - our own bytes
    assert values == VALUES
    assert texts == {name: str(value) for name, value in VALUES.items()}


def test_threads_that_use_a_value_at_once_see_the_same() -> None:
    fresh = made()
    expected = {name: (str(value), repr(value)) for name, value in VALUES.items()}

    def shown(_: int) -> dict[str, tuple[str, str]]:
        return {name: (str(value), repr(value)) for name, value in fresh.items()}

    with ThreadPoolExecutor(8) as pool:
        assert [expected] * 16 == list(pool.map(shown, range(16)))


def test_deep_in_a_recursion_a_value_is_shown_or_the_recursion_ends_as_usual() -> None:
    """It is Python's own error at the worst, and the value is none the worse for it."""

    def down(show: Callable[[], Any]) -> None:
        try:
            down(show)
        except RecursionError:
            show()

    for name, value in made().items():
        with suppress(RecursionError):
            down(partial(str, value))
        assert str(value) == str(VALUES[name])


RELOADED = """
import importlib, sys
import flytetask_nb as ftn
from tests.test_notebook_life import made
before = made()
texts = {name: str(value) for name, value in before.items()}
for _ in range(2):
    importlib.reload(ftn)
assert {name: str(value) for name, value in before.items()} == texts
after = made()
assert after == before, [name for name in after if after[name] != before[name]]
assert isinstance(before["FlyteTask"], ftn.FlyteTask)
"""


def test_a_reloaded_package_knows_the_values_from_before() -> None:
    subprocess.run([sys.executable, "-c", RELOADED], check=True, cwd=ROOT)
