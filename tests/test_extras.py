"""Optional packages: what works without them, and what the rest says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import flytetask_nb as ftn
from flytetask_nb import extras
from tests.conftest import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

MODULES = sorted(set(extras.__all__) - {"load_module", "require"})

# Runs where no optional package can be imported.
CORE = """
import inspect, pathlib, sys, tempfile
from tests.without_extras import refuse
refuse()
import flytetask_nb as ftn
from flytetask_nb import *

archives = sorted(pathlib.Path("notebooks/example/archives").glob("*.tgz"))[-2:]
place = {"project": "shops", "domain": "production"}
old, new = (ftn.load(archive, version=archive.stem, **place) for archive in archives)
name = new.names[0]
shown = [new, new[name], ftn.diff(old[name], new[name]), ftn.history([old[name], new[name]]), ftn.plan(new, old)]
shown += [ftn.check(new[name]), ftn.compatibility(old[name], new[name]), ftn.callers(ftn.load_workflows(archives), new)]
for one in shown:
    assert one._repr_mimebundle_()["text/plain"]
frame = ftn.tabulate([task for task in new for _ in range(100)])
assert (len(frame), frame["error"].notna().sum()) == (100 * len(new), 0)
ftn.panel(new), ftn.compare(new, name), ftn.col("name") == "a"

assert [name for name, _ in inspect.getmembers(ftn)] == sorted(dir(ftn)) == ftn.__all__
assert all(hasattr(ftn, name) for name in ftn.__all__)
assert not set(ftn.__all__) - set(globals())

with tempfile.TemporaryDirectory() as folder:
    for needed in (
        lambda: ftn.connect("localhost:1", insecure=True),
        lambda: ftn.sandbox(database=f"{folder}/database"),
        lambda: ftn.scan(archives),
        lambda: new.save(f"{folder}/tasks.parquet"),
        lambda: ftn.pictures.image_bars(frame),
    ):
        try:
            needed()
        except ftn.errors.MissingExtraError as error:
            assert error.__cause__ is None
            sys.stdout.write(f"{error}\\n")
    assert list(pathlib.Path(folder).iterdir()) == []
"""

TOLD = """\
connections to a cluster need grpcio, tenacity, keyring, Authlib, requests, not installed here; \
run: pip install "flytetask-nb[cluster]"
connections to a cluster need grpcio, not installed here; run: pip install "flytetask-nb[cluster]"
scan needs dask, not installed here; run: pip install "flytetask-nb[distributed]"
snapshots need pyarrow, not installed here; run: pip install "flytetask-nb[tables]"
pictures need matplotlib, not installed here; run: pip install "flytetask-nb[plots]"
"""


def test_the_core_works_without_any_extra() -> None:
    """All names are there; what needs an extra says which, in the same words, and leaves nothing behind."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    finished = subprocess.run(
        [sys.executable, "-c", CORE], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (finished.stderr, finished.returncode) == ("", 0)
    assert finished.stdout == TOLD


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_the_real_one_once_it_is_used(name: str) -> None:
    """Whoever looks at it without using it gets no module, and loads none."""
    module = getattr(extras, name)
    real = pytest.importorskip(module.__name__)
    public = next(attribute for attribute in dir(real) if not attribute.startswith("_"))
    assert getattr(module, public) is getattr(real, public)
    assert not hasattr(module, "__path__")
    assert repr(module) == f"<{module.__name__}, imported when it is used>"


def test_a_package_that_is_there_but_broken_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(
        ftn.errors.MissingExtraError, match=r"need pyarrow, which cannot be imported here \(.*pyarrow\.parquet"
    ):
        _ = extras.pq.ParquetFile


def test_what_a_module_does_not_have_is_an_attribute_error() -> None:
    pytest.importorskip("grpc")
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = extras.grpc.nothing_of_the_kind


def test_every_package_is_one_of_its_extra() -> None:
    """What the error says to install brings what it says is missing."""
    declared = tomllib.loads(Path(ROOT, "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, (_, packages) in extras._EXTRAS.items():
        told = " ".join(declared["optional-dependencies"][name]).lower()
        assert [package for package in packages.values() if package.lower() not in told] == []
