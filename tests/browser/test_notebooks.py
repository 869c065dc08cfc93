"""Every notebook as JupyterLab shows it, light and dark, and the tour in Voila."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from tests.browser.dashboard import asked_by_voila
from tests.browser.server import THEMES
from tests.browser.wording import pictures, unread
from tests.conftest import ROOT, needs_flytekit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.browser.dashboard import VoilaTab
    from tests.browser.lab import LabTab

FOLDER = ROOT / "notebooks"
TOUR = "00_tour.ipynb"

# The tour is named here, so that its absence fails instead of leaving nothing to test.
NOTEBOOKS = sorted({TOUR, *(path.name for path in FOLDER.glob("*.ipynb") if not needs_flytekit(path))})

every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS)


def stored_outputs(name: str) -> list[list[dict[str, Any]]]:
    cells = json.loads((FOLDER / name).read_text(encoding="utf-8"))["cells"]
    return [cell.get("outputs", []) for cell in cells]


@every_notebook
def test_notebook_is_there_and_was_run(notebook: str) -> None:
    """Each notebook is stored with outputs, so that a reader sees them before running anything."""
    assert any(stored_outputs(notebook))


def assert_legible(tab: LabTab, outputs: list[list[dict[str, Any]]]) -> None:
    """Hold what is on screen, unfolded, against the outputs that belong there: every picture and every word."""
    assert tab.images() == [[True for _ in pictures(found)] for found in outputs]
    tab.open_details()
    missing = [unread(found, "\n".join(texts)) for found, texts in zip(outputs, tab.output_texts(), strict=True)]
    assert [texts for texts in missing if texts] == []


def makes_widgets(name: str) -> bool:
    """Tell whether a notebook shows what is no output of a cell, but lives between the browser and the kernel."""
    cells = json.loads((FOLDER / name).read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    modules = {maker: getattr(getattr(ftn, maker), "__module__", "") for maker in ftn.__all__}
    makers = [maker for maker, module in modules.items() if module.startswith(f"{ftn.__name__}.widgets")]
    assert makers
    return any(f"ftn.{maker}(" in source for source in sources for maker in makers)


@pytest.mark.browser
@every_notebook
def test_jupyterlab_shows_it_with_and_without_trust(
    open_notebook: Callable[[str, str], LabTab], screenshots: Path, notebook: str
) -> None:
    """Who has just cloned the project sees what the sanitizer leaves, every word of it; who has run it, all.

    That its cells make these outputs is tested without a browser. Widgets alone have to be run in one.
    """
    first, second = sorted(THEMES)
    tab = open_notebook(notebook, first)
    stored = stored_outputs(notebook)

    def check(themes: Sequence[str], picture: str, outputs: list[list[dict[str, Any]]]) -> None:
        for theme in themes:
            tab.use_theme(theme)
            tab.wait_for_outputs()
            tab.picture(screenshots / f"{picture}-{notebook}-{theme}.png")
            assert_legible(tab, outputs)

    check((first, second), "untrusted", stored)
    assert not any(trusted for trusted, outputs in zip(tab.trusted(), stored, strict=True) if outputs)
    if makes_widgets(notebook):
        tab.run_all()
        check((second, first), "lab", [cell.get("outputs", []) for cell in tab.cells()])
    else:
        tab.trust()
        assert all(tab.trusted())
        check((second, first), "lab", stored)
    assert tab.errors() == []
    assert tab.problems == []
    assert tab.outside == []


@pytest.mark.browser
def test_voila_shows_every_output_of_the_tour(
    open_voila: Callable[[str, str], VoilaTab], screenshots: Path, pictured_theme: str
) -> None:
    tab = open_voila(TOUR, pictured_theme)
    tab.picture(screenshots / f"voila-{TOUR}-{pictured_theme}.png")

    assert tab.errors() == []
    assert tab.problems == []
    assert [url for url in tab.outside if not asked_by_voila(url)] == []
    tab.open_details()
    outputs = [output for outputs in stored_outputs(TOUR) for output in outputs]
    assert unread(outputs, tab.text()) == []
