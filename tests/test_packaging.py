"""The wheel: complete, and enough by itself to show a task."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = "flytetask_nb"

# Runs where only the wheel and what it asks for are installed.
SHOW_A_TASK = """
import sys
from flyteidl.admin.task_pb2 import TaskSpec
import flytetask_nb as ftn

assert ftn.__file__.startswith(sys.prefix), ftn.__file__
message = TaskSpec()
message.template.id.name = "shops.training.train_model"
message.template.id.version = "v1"
task = ftn.FlyteTask.from_flyte_idl(message)
sys.stdout.write(task._repr_mimebundle_()["text/html"])
"""


def run(*command: str | Path, cwd: Path) -> str:
    finished = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as a release would, in an environment of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--installer", "uv", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it where nothing else is, and return the interpreter."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    run(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, wheel, cwd=folder)
    return python


def test_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    # What flytekit loads stands beside the package.
    expected = {path.rpartition("/")[2] if "/integrations/flytekit/plugin/" in path else path for path in expected}
    # The notebooks come along, for flytetask tour.
    expected |= {
        f"{PACKAGE}/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "notebooks").rglob("*")
        if path.is_file() and not any(part == "__pycache__" or part[0] == "." for part in path.relative_to(ROOT).parts)
    }
    names = zipfile.ZipFile(wheel).namelist()
    actual = {name for name in names if ".dist-info/" not in name}
    assert actual == expected
    assert f"{PACKAGE}/py.typed" in actual


def test_wheel_tells_flytekit_what_to_load(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/entry_points.txt"))
        text = archive.read(name).decode()
    assert "[flytekit.plugins]\nflytetask_nb = flytetask_nb_flytekit\n" in text


def test_wheel_carries_the_licence(wheel: Path) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_installed_wheel_shows_a_task_as_html(installed: Path, tmp_path: Path) -> None:
    html = run(installed, "-I", "-c", SHOW_A_TASK, cwd=tmp_path)
    assert "shops.training.train_model" in html.replace("<wbr>", "")
