"""The harness itself: it has to notice what it is there to notice."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.dashboard import VoilaTab
    from tests.browser.lab import LabTab

pytestmark = pytest.mark.browser


def test_kernel_is_this_interpreter(run_cells: Callable[..., LabTab]) -> None:
    tab = run_cells("import sys\nprint(sys.executable)")
    assert tab.cells()[0]["outputs"][0]["text"].strip() == sys.executable


def test_failing_cell_is_an_error(
    run_cells: Callable[..., LabTab], open_voila: Callable[..., VoilaTab], write_cells: Callable[..., str]
) -> None:
    sources = "1", "1 / 0", "2"
    assert run_cells(*sources).errors() == ["ZeroDivisionError: division by zero"]
    (error,) = open_voila(write_cells(*sources)).errors()
    assert "division by zero" in error


def test_request_to_another_place_is_stopped_and_listed(run_cells: Callable[..., LabTab]) -> None:
    image = "<img src='https://example.org/picture.png'>"
    tab = run_cells(f'from IPython.display import HTML\nHTML("{image}")')
    assert set(tab.outside) == {"https://example.org/picture.png"}
    assert tab.problems == []


def test_error_on_the_page_is_a_problem(run_cells: Callable[..., LabTab]) -> None:
    tab = run_cells("from IPython.display import HTML\nHTML('<script>console.error(`seen`)</script>')")
    assert tab.problems == ["seen"]


def test_widget_is_on_screen(run_cells: Callable[..., LabTab]) -> None:
    tab = run_cells("import ipywidgets\nipywidgets.HTML('<b>in a widget</b>')")
    assert tab.output_texts() == [["in a widget"]]


def test_event_loop_of_other_tests_is_left_alone(chromium: object) -> None:  # noqa: ARG001 (running it is the point)
    """Tests in the same session may start event loops of their own while the browser runs."""

    async def answer() -> int:
        return 42

    assert asyncio.run(answer()) == 42
