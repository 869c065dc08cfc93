"""The harness itself: it has to notice what it is there to notice."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.dashboard import VoilaTab
    from tests.browser.lab import LabTab
    from tests.browser.server import JupyterServer

pytestmark = pytest.mark.browser


@pytest.fixture
def write(server: JupyterServer, new_name: Callable[[], str]) -> Callable[..., str]:
    """Write a notebook with these cells, none of them run, and return its name."""

    def writer(*sources: str) -> str:
        name = new_name()
        kernel = {"name": "python3", "display_name": "Python 3"}
        notebook = new_notebook(cells=[new_code_cell(source) for source in sources], metadata={"kernelspec": kernel})
        nbformat.write(notebook, server.notebooks / name)
        return name

    return writer


def test_kernel_is_this_interpreter(open_notebook: Callable[..., LabTab], write: Callable[..., str]) -> None:
    tab = open_notebook(write("import sys\nprint(sys.executable)"))
    tab.run_all()
    assert tab.cells()[0]["outputs"][0]["text"].strip() == sys.executable


def test_failing_cell_is_an_error(
    open_notebook: Callable[..., LabTab], open_voila: Callable[..., VoilaTab], write: Callable[..., str]
) -> None:
    name = write("1", "1 / 0", "2")
    tab = open_notebook(name)
    tab.run_all()
    assert tab.errors() == ["ZeroDivisionError: division by zero"]
    (error,) = open_voila(name).errors()
    assert "division by zero" in error


def test_request_to_another_place_is_stopped_and_listed(
    open_notebook: Callable[..., LabTab], write: Callable[..., str]
) -> None:
    image = "<img src='https://example.org/picture.png'>"
    tab = open_notebook(write(f'from IPython.display import HTML\nHTML("{image}")'))
    tab.run_all()
    assert set(tab.outside) == {"https://example.org/picture.png"}
    assert tab.problems == []


def test_error_on_the_page_is_a_problem(open_notebook: Callable[..., LabTab], write: Callable[..., str]) -> None:
    tab = open_notebook(write("from IPython.display import HTML\nHTML('<script>console.error(`seen`)</script>')"))
    tab.run_all()
    assert tab.problems == ["seen"]


def test_widget_is_on_screen(open_notebook: Callable[..., LabTab], write: Callable[..., str]) -> None:
    tab = open_notebook(write("import ipywidgets\nipywidgets.HTML('<b>in a widget</b>')"))
    tab.run_all()
    assert tab.output_texts() == [["in a widget"]]


def test_event_loop_of_other_tests_is_left_alone(chromium: object) -> None:  # noqa: ARG001 (running it is the point)
    """Tests in the same session may start event loops of their own while the browser runs."""

    async def answer() -> int:
        return 42

    assert asyncio.run(answer()) == 42
