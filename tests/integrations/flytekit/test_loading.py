"""When flytekit is imported, and what that leaves behind."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT, flytekit_module
from tests.integrations.flytekit.conftest import PLUGIN

if TYPE_CHECKING:
    from pathlib import Path


DISTRIBUTION = "flytetask_nb_of_a_test-1.dist-info"

TASK = """
from flyteidl.core import tasks_pb2
message = tasks_pb2.TaskTemplate()
message.id.name = "shop.train"
message.interface.outputs.variables["o0"].type.simple = 1
"""
WORKFLOW = """
from flytekit.core.node_creation import create_node

@flytekit.workflow
def wf() -> int:
    return create_node(ftn.FlyteTask.from_flyte_idl(message)).o0

wf.compile()
print(len(wf.nodes))
"""


@pytest.fixture(autouse=True, scope="module")
def _flytekit() -> None:
    flytekit_module("flytekit")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a folder that says to every interpreter that looks there which entry point this package has."""
    (tmp_path / DISTRIBUTION).mkdir()
    (tmp_path / DISTRIBUTION / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: flytetask-nb-of-a-test\nVersion: 1\n"
    )
    (tmp_path / DISTRIBUTION / "entry_points.txt").write_text(
        "[flytekit.plugins]\nflytetask_nb = flytetask_nb_flytekit\n"
    )
    return tmp_path


def run(source: str, *folders: Path) -> str:
    """Run a program in a fresh interpreter."""
    path = os.pathsep.join(map(str, (ROOT, *folders)))
    finished = subprocess.run(
        [sys.executable, "-c", source],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_the_project_says_so() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.entry-points."flytekit.plugins"]' in text
    assert 'flytetask_nb = "flytetask_nb_flytekit"' in text
    assert importlib.metadata.version("flytekit")


@pytest.mark.parametrize(
    "first", ["import flytekit\nimport flytetask_nb as ftn", "import flytetask_nb as ftn\nimport flytekit"]
)
def test_both_orders_of_import(first: str, installed: Path) -> None:
    """The program is a module: flytekit reads its source."""
    (installed / "program.py").write_text(first + TASK + WORKFLOW, encoding="utf-8")
    assert run("import program", PLUGIN, installed).strip() == "1"


def test_flytekit_alone_loads_one_module(installed: Path) -> None:
    source = (
        "import flytekit, sys, json; print(json.dumps(sorted(m for m in sys.modules if m.startswith('flytetask'))))"
    )
    assert json.loads(run(source, PLUGIN, installed)) == ["flytetask_nb_flytekit"]


def test_the_entry_point_never_raises(installed: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "flytetask_nb"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("")
    source = f"import sys; sys.path.insert(0, {str(broken.parent)!r}); import flytetask_nb, flytekit; print('fine')"
    assert run(source, PLUGIN, installed).strip() == "fine"


HOOKS = """
import json, logging, sys
import flytetask_nb as ftn
names = ["", "flytekit", "user_space", "developer"]
before = [sys.excepthook, [logging.getLogger(name).handlers[:] for name in names]]
message = ftn.FlyteTask.from_bytes(b"")
message.to_flytekit()
after = [sys.excepthook, [logging.getLogger(name).handlers[:] for name in names]]
import os
print(json.dumps([before == after, "flytekit" in sys.modules, "FLYTE_SDK_RICH_TRACEBACKS" in os.environ]))
"""


def test_hooks_and_handlers_stay() -> None:
    assert json.loads(run(HOOKS)) == [True, True, False]


SHELL = """
import json
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = [shell.showtraceback, shell._showtraceback, shell.showsyntaxerror]
import flytetask_nb as ftn
ftn.FlyteTask.from_bytes(b"").to_flytekit()
print(json.dumps(before == [shell.showtraceback, shell._showtraceback, shell.showsyntaxerror]))
"""


def test_tracebacks_of_ipython_stay() -> None:
    assert json.loads(run(SHELL).splitlines()[-1]) is True


def test_nothing_of_flytekit_is_imported_before_it_is_needed() -> None:
    source = """
import flytetask_nb as ftn, sys, os
task = ftn.FlyteTask.from_bytes(b"").replace(name="shop.train")
ftn.diff(task, task.replace(version="2"))
ftn.check(task)
ftn.TaskCollection([task]).to_frame()
with task.mocked(None):
    task()
for wrong in (3, "x", None, object(), os):
    try:
        ftn.diff(task, wrong)
    except ftn.errors.ModelTypeError:
        pass
print([name for name in sys.modules if name.partition(".")[0] == "flytekit"])
"""
    assert run(source).strip() == "[]"


def test_without_flytekit_it_is_said_what_to_install() -> None:
    source = """
import sys
sys.modules["flytekit"] = None
import flytetask_nb as ftn
del sys.modules["flytekit"]
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "flytekit":
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Refusing())
task = ftn.FlyteTask.from_bytes(b"")
for call in (task.to_flytekit, task.guess_python_interface, task.compile):
    try:
        call()
    except ftn.errors.MissingExtraError as error:
        print(error)
"""
    lines = run(source).splitlines()
    assert len(lines) == 3
    assert all('pip install "flytetask-nb[flytekit]"' in line for line in lines)
