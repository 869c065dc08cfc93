"""What the project promises about its own files: checked, formatted, typed, in their places."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

TOP_LEVEL = frozenset(
    {
        ".ci",
        ".gitattributes",
        ".github",
        ".gitignore",
        ".pre-commit-hooks.yaml",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "README.md",
        "binder",
        "flytetask_nb",
        "notebooks",
        "pyproject.toml",
        "tests",
    }
)

UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
ADDRESS = re.compile(r"<[^<>]* at 0x[0-9a-f]{6,}>")


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """Every file under version control."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of the repository, or git is not installed")
    # Continuous integration may run as somebody else than who made the checkout.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in finished.stdout.split("\0") if (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Return what a text file holds, nothing for any other."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


@pytest.mark.parametrize(
    "command", [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)], ids=" ".join
)
def test_tool_has_nothing_to_say(command: tuple[str, ...]) -> None:
    finished = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_top_level_holds_the_agreed_names_only(tracked: list[Path]) -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked} - TOP_LEVEL == set()


def test_no_file_names_a_place_on_this_machine(tracked: list[Path]) -> None:
    """Where the checkout, its environment or its owner live is nobody's business."""
    places = {str(ROOT), str(Path.home()), *([sys.prefix] if sys.prefix != sys.base_prefix else [])}
    # Flyte's own images call the home of their user this.
    places -= {"/root"}
    named = [(path.relative_to(ROOT), place) for path in tracked for place in places if place in text_of(path)]
    assert named == []


def test_no_source_holds_a_random_identifier(tracked: list[Path]) -> None:
    sources = [path for path in tracked if path.suffix == ".py" and "tests" not in path.relative_to(ROOT).parts]
    assert [path.relative_to(ROOT) for path in sources if UUID.search(text_of(path))] == []


@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_no_output_of_a_notebook_holds_a_random_identifier_or_an_address(notebook: Path) -> None:
    cells = json.loads(text_of(notebook))["cells"]
    outputs = [json.dumps(cell.get("outputs", []), ensure_ascii=False) for cell in cells]
    assert [number for number, text in enumerate(outputs) if UUID.search(text) or ADDRESS.search(text)] == []


def test_readme_tells_the_command_that_continuous_integration_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lines = [line.strip() for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()]
    install, test = 'pip install -e ".[test]"', "pytest"
    assert f"{install} && {test}" in lines
    assert install.removeprefix("pip ") in script.replace("--quiet ", "")
    assert script.splitlines()[-1] == test
