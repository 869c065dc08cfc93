"""``import flytetask_nb as ftn``: what it hands out, and what it leaves for later."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import subprocess
import sys
import types
from typing import Any

import pytest

import flytetask_nb as ftn
from tests.conftest import ROOT

FUNCTIONS = sorted(name for name in ftn.__all__ if inspect.isroutine(getattr(ftn, name)))
CLASSES = sorted(name for name in ftn.__all__ if isinstance(getattr(ftn, name), type))

# What the lazy names stand before, and what nobody wants to wait for who only imports the package.
HEAVY = {
    "flytetask_nb.collection",
    "flytetask_nb.diffs",
    "flytetask_nb.semantics",
    "flytetask_nb.sources",
    "flytetask_nb.views",
    "fsspec",
    "grpc",
    "ipywidgets",
    "matplotlib",
    "pandas",
    "pyarrow",
    "rich",
    "tqdm",
    "yaml",
}

TELL = """
import json, sys
import flytetask_nb as ftn
before = sorted(sys.modules)
listed = dir(ftn)
after = sorted(sys.modules)
from flytetask_nb import *
missing = [name for name in ftn.__all__ if name not in globals()]
json.dump([before, after, listed, missing], sys.stdout)
"""


@pytest.fixture(scope="module")
def told() -> list[list[str]]:
    """Return what a fresh interpreter says: modules before and after ``dir``, its answer, and what ``*`` leaves out."""
    finished = subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: list[list[str]] = json.loads(finished.stdout)
    return answer


@pytest.mark.parametrize("name", ftn.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """Each name of ``__all__`` can be had, and bears that name itself."""
    value = getattr(ftn, name)
    assert value.__name__.rpartition(".")[2] == name
    # A second look finds the same thing.
    assert getattr(ftn, name) is value


def test_all_is_sorted_and_without_doubles() -> None:
    """A reader finds a name where the alphabet has it."""
    assert sorted(set(ftn.__all__)) == ftn.__all__


def test_nothing_heavy_is_loaded_at_import(told: list[list[str]]) -> None:
    """The lazy names and what stands behind them wait until they are asked for."""
    before = set(told[0])
    assert before & HEAVY == set()
    assert "flytetask_nb.models" in before


def test_dir_lists_all_and_loads_nothing(told: list[list[str]]) -> None:
    """Completion sees the public names, the lazy ones too, and does not pay for them."""
    before, after, listed, _ = told
    assert (before, ftn.__all__) == (after, listed)


def test_a_star_import_brings_every_name(told: list[list[str]]) -> None:
    """``from flytetask_nb import *`` resolves the lazy names."""
    assert told[3] == []


def test_every_lazy_name_is_public_and_known_to_type_checkers() -> None:
    """The table of lazy names, ``__all__`` and the imports for type checkers name the same things."""
    lazy = set(ftn._LATER)
    assert lazy <= set(ftn.__all__)
    source = inspect.getsource(ftn)
    typed = source[source.index("if TYPE_CHECKING:") : source.index("__version__ =")]
    imported = {name.strip() for line in typed.splitlines() for name in line.partition(" import ")[2].split(",")}
    assert lazy <= imported


IMPORT_ALL = """
import importlib, json, pkgutil, sys, types
import flytetask_nb
names = [found.name for found in pkgutil.walk_packages(flytetask_nb.__path__, "flytetask_nb.")]
modules = [importlib.import_module(name) for name in names if not name.endswith("__main__") and ".integrations.flytekit." not in name]
fronts = [module for module in [flytetask_nb, *modules] if hasattr(module, "__path__")]
public = [(front, name) for front in fronts for name in front.__all__]
json.dump(
    [f"{front.__name__}.{name}" for front, name in public if isinstance(getattr(front, name), types.ModuleType)],
    sys.stdout,
)
"""


def test_no_module_takes_the_place_of_what_is_public() -> None:
    """Importing a module sets it as an attribute of its package, over whatever bears its name."""
    finished = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = {"errors", "models", "pictures", "semantics", "views.pictures"}
    assert {name.removeprefix("flytetask_nb.") for name in json.loads(finished.stdout)} == modules


# Classes that are not this package's, or say nothing of one.
OTHERS = {"Any", "DataFrame", "Iterator", "Mapping", "NoReturn", "None", "Self", "Sequence"}


@pytest.mark.parametrize("name", [*FUNCTIONS, *CLASSES])
def test_what_is_returned_is_of_a_public_class(name: str) -> None:
    """Whoever annotates a function of their own can name what they were given."""
    value = getattr(ftn, name)
    members = [value] if name in FUNCTIONS else [item for key, item in vars(value).items() if key[0] != "_"]
    functions = [member.fget if isinstance(member, property) else member for member in members]
    told = " ".join(str(getattr(function, "__annotations__", {}).get("return")) for function in functions)
    rooms = ["", ".diffs", ".embedded_admin", ".models", ".semantics", ".views", ".widgets"]
    public = {known for room in rooms for known in importlib.import_module(f"flytetask_nb{room}").__all__}
    assert set(re.findall(r"\b[A-Z]\w+", told)) - public - OTHERS == set()


@pytest.mark.parametrize("name", ["lode", "Load", "_LOAD", "pandas"])
def test_an_unknown_name_is_an_attribute_error(name: str) -> None:
    """As for any module; ``hasattr`` and ``getattr`` with a default work."""
    with pytest.raises(AttributeError, match=f"module 'flytetask_nb' has no attribute '{name}'"):
        getattr(ftn, name)
    assert not hasattr(ftn, name)


def test_no_function_hides_behind_a_module() -> None:
    """Only the modules that are meant to be public are modules."""
    assert {"errors", "models", "pictures", "semantics"} == {
        name for name in ftn.__all__ if isinstance(getattr(ftn, name), types.ModuleType)
    }


@pytest.mark.parametrize("name", [*FUNCTIONS, *CLASSES])
def test_every_public_thing_says_what_it_is(name: str) -> None:
    """The first line of its help is one whole sentence, which says more than its name."""
    first = (inspect.getdoc(getattr(ftn, name)) or "").splitlines()[0]
    assert first.endswith(".")
    assert not first[0].islower()
    assert first.count(" ") > 2, first
    assert len(first) < 120


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_described(name: str) -> None:
    """The help of a function names each of its parameters."""
    function: Any = getattr(ftn, name)
    text = inspect.getdoc(function) or ""
    section = text[text.index("Parameters\n---") :] if "Parameters\n---" in text else ""
    told = {word.strip(" *") for line in section.splitlines() if line[:1] != " " for word in line.split(",")}
    told = {word.partition(" :")[0] for word in told}
    assert set(inspect.signature(function).parameters) - told == set()
