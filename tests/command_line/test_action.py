"""The action's steps, run on a repository made for it, and the hooks."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.command_line.terminals import NEW, OLD, environment
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("typer")
pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("git") or not shutil.which("bash"), reason="the action runs on Linux"
)
ACTION = yaml.safe_load((ROOT / ".github" / "actions" / "flytetask" / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"]}
GH = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in *--paginate*) cat "$EARLIER" ;; esac
for word in "$@"; do case "$word" in body=@*) cp "${word#body=@}" "$POSTED" ;; esac; done
"""


def git(folder: Path, *command: str) -> str:
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    finished = subprocess.run(["git", *name, *command], cwd=folder, check=True, capture_output=True, text=True)
    return finished.stdout.strip()


class Runner:
    """Runs steps as GitHub does: expressions in a step's environment, its script by bash, outputs by a file."""

    def __init__(self, folder: Path, repository: Path, **inputs: str) -> None:
        self.folder, self.repository = folder, repository
        self.values = {f"inputs.{name}": str(entry["default"]) for name, entry in ACTION["inputs"].items()}
        self.values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        self.values |= {"github.repository": "a/b", "github.event.pull_request.number": "7"}
        tools = folder / "tools"
        tools.mkdir()
        for name, script in {"gh": GH, "python": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'}.items():
            (tools / name).write_text(script, encoding="utf-8")
            (tools / name).chmod(stat.S_IRWXU)
        (folder / "earlier").write_text("", encoding="utf-8")
        self.variables = environment(
            PATH=f"{tools}:{os.environ['PATH']}",
            RUNNER_TEMP=str(folder),
            GITHUB_OUTPUT=str(folder / "outputs"),
            GITHUB_STEP_SUMMARY=str(folder / "summary"),
            CALLS=str(folder / "calls"),
            EARLIER=str(folder / "earlier"),
            POSTED=str(folder / "posted"),
        )

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        step = STEPS[name]
        given = {
            key: re.sub(r"\$\{\{ (.*?) \}\}", lambda match: self.values[match[1]], value)
            for key, value in step.get("env", {}).items()
        }
        # An expression in the script itself would let a title or a branch run commands.
        assert "${{" not in step["run"]
        finished = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.repository, env={**self.variables, **given}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        outputs = self.folder / "outputs"
        if outputs.exists() and "id" in step:
            for line in outputs.read_text(encoding="utf-8").splitlines():
                key, _, value = line.partition("=")
                self.values[f"steps.{step['id']}.outputs.{key}"] = value
        return finished


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository whose second commit breaks a task; what is packaged is a file that is committed."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    for archive in (OLD, NEW):
        shutil.copy(archive, folder / "code.bin")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", archive.stem)
    return folder


def test_a_breaking_change_is_commented_on_and_fails(tmp_path: Path, repository: Path) -> None:
    runner = Runner(
        tmp_path,
        repository,
        package_command="cp code.bin flyte-package.tgz",
        base=git(repository, "rev-parse", "HEAD~1"),
    )
    compared = runner.run("Compare")
    assert (compared.returncode, compared.stderr) == (0, "")
    assert compared.stdout.startswith("::error file=shops/evaluation.py,line=1,title=breaking%3A shops.evaluation.")
    assert git(repository, "worktree", "list").count("\n") == 0
    assert runner.run("Comment").returncode == 0
    text = (tmp_path / "posted").read_text(encoding="utf-8")
    assert text.startswith("<!-- flytetask -->\n### 6 changed (1 breaking, 1 risky, 4 behaviour)")
    assert "choose_champion" in text
    assert "POST repos/a/b/issues/7/comments" in (tmp_path / "calls").read_text(encoding="utf-8")
    assert "choose_champion" in (tmp_path / "summary").read_text(encoding="utf-8")
    assert runner.run("Verdict").returncode == 1


def test_a_comment_is_updated_in_place(tmp_path: Path, repository: Path) -> None:
    runner = Runner(tmp_path, repository, archive="code.bin", base="HEAD", fail_on="")
    shutil.copy(repository / "code.bin", repository / "code.tgz")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "named")
    runner.values["inputs.archive"] = "code.tgz"
    assert runner.run("Compare").returncode == 0
    (tmp_path / "earlier").write_text("41\n", encoding="utf-8")
    assert runner.run("Comment").returncode == 0
    assert "PATCH repos/a/b/issues/comments/41" in (tmp_path / "calls").read_text(encoding="utf-8")
    assert runner.run("Verdict").returncode == 0


def test_what_cannot_be_compared_is_no_clean_run(tmp_path: Path, repository: Path) -> None:
    runner = Runner(tmp_path, repository, archive="nothing.tgz", base="HEAD")
    finished = runner.run("Compare")
    assert finished.returncode == 2
    assert "there is no such file" in finished.stderr or "has no such file" in finished.stderr


def test_a_broken_installation_is_no_verdict(tmp_path: Path, repository: Path) -> None:
    """Python ends with 1 for what cannot be imported, as the command does for what it found."""
    runner = Runner(tmp_path, repository, package_command="cp code.bin flyte-package.tgz", base="HEAD~1")
    (tmp_path / "tools" / "python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    runner.run("Compare")
    assert "steps.compare.outputs.code" not in runner.values


def test_sarif_is_written_where_it_is_asked_for(tmp_path: Path, repository: Path) -> None:
    runner = Runner(
        tmp_path, repository, package_command="cp code.bin flyte-package.tgz", base="HEAD~1", sarif="tasks.sarif"
    )
    assert runner.run("Compare").returncode == 0
    assert (repository / "tasks.sarif").is_file()


def test_the_hooks_are_commands_that_there_are() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        program, command = hook["entry"].split()
        assert program == "flytetask"
        finished = subprocess.run(
            [sys.executable, "-m", "flytetask_nb", command, "--help"],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            check=False,
        )
        assert finished.returncode == 0
