"""What Binder is given: one Python, one version of everything that the package needs, and the package itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

BINDER = ROOT / "binder"

# The package itself comes with postBuild; these are the extras whose needs its notebooks have.
EXTRAS = ("lab", "cli", "cluster", "distributed", "plots", "tables")


def requirements(lines: list[str]) -> dict[str, Requirement]:
    parsed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


@pytest.fixture(scope="module")
def pinned() -> dict[str, Requirement]:
    return requirements((BINDER / "requirements.txt").read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def needed(project: Callable[[], dict[str, Any]]) -> dict[str, Requirement]:
    table = project()
    extras = [line for extra in EXTRAS for line in table["optional-dependencies"][extra]]
    environment = {"python_version": binder_python()}
    return {
        name: requirement
        for name, requirement in requirements(table["dependencies"] + extras).items()
        # An extra may name others of the same package; a need may be one of other Pythons.
        if name != canonicalize_name(table["name"])
        and (requirement.marker is None or requirement.marker.evaluate(environment))
    }


@pytest.fixture(scope="module")
def project() -> Callable[[], dict[str, Any]]:
    """Read the project's table, with the reader that this Python has."""

    def reader() -> dict[str, Any]:
        tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
        with (ROOT / "pyproject.toml").open("rb") as file:
            table: dict[str, Any] = tomllib.load(file)["project"]
        return table

    return reader


def binder_python() -> str:
    return (BINDER / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")


def test_every_requirement_has_exactly_one_version(pinned: dict[str, Requirement]) -> None:
    loose = [str(one) for one in pinned.values() if not re.fullmatch(r"==[0-9.]+(\.?post\d+)?", str(one.specifier))]
    assert loose == []


def test_every_need_of_the_package_is_pinned(pinned: dict[str, Requirement], needed: dict[str, Requirement]) -> None:
    assert needed.keys() <= pinned.keys()


def test_pinned_versions_are_within_the_bounds_of_the_package(
    pinned: dict[str, Requirement], needed: dict[str, Requirement]
) -> None:
    versions = {name: str(requirement.specifier).removeprefix("==") for name, requirement in pinned.items()}
    outside = [str(bound) for name, bound in needed.items() if not bound.specifier.contains(versions[name])]
    assert outside == []


def test_python_is_one_that_the_package_supports(project: Callable[[], dict[str, Any]]) -> None:
    assert SpecifierSet(project()["requires-python"]).contains(binder_python())


def test_post_build_can_be_executed() -> None:
    assert os.access(BINDER / "postBuild", os.X_OK)


def test_image_that_binder_would_build_has_this_python_and_these_files() -> None:
    """The tool that Binder runs accepts the folder; no image is built."""
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert f"python={binder_python()}\n" in finished.stderr
    installs = [line for line in finished.stdout.splitlines() if line.startswith("RUN")]
    assert any("pip install" in line and '-r "binder/requirements.txt"' in line for line in installs)
    assert "RUN ./binder/postBuild" in installs
