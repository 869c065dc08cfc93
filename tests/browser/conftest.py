"""A server, a browser and what opens notebooks in them; all of it gone when the session ends.

``FLYTETASK_NB_SCREENSHOTS`` names a folder that keeps the pictures.
"""

from __future__ import annotations

import importlib.util
import os
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.browser.chromium import SCREENSHOTS_VARIABLE, Chromium, find_chromium
from tests.browser.dashboard import VoilaTab
from tests.browser.lab import LabTab, NotebookTab
from tests.browser.server import THEMES, JupyterServer
from tests.conftest import absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One browser for the session."""
    if importlib.util.find_spec("playwright") is None:
        absent("browser", "no browser can be driven: playwright is not installed")
    executable = find_chromium()
    if executable is None:
        absent("browser", "no browser is at hand: neither chromium nor google-chrome is on the path")
    browser = Chromium(str(executable))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def server(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:  # noqa: ARG001 (no browser, no server)
    """One JupyterLab, Notebook 7 and Voila for the session, on a copy of the notebooks."""
    jupyter = JupyterServer(tmp_path_factory.mktemp("jupyter"))
    yield jupyter
    jupyter.stop()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go."""
    kept = os.environ.get(SCREENSHOTS_VARIABLE)
    folder = Path(kept) if kept else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(params=sorted(THEMES))
def theme(request: pytest.FixtureRequest) -> str:
    """Both looks, one after the other."""
    return str(request.param)


@pytest.fixture(params=sorted(THEMES) if SCREENSHOTS_VARIABLE in os.environ else ["dark"])
def pictured_theme(request: pytest.FixtureRequest) -> str:
    """Both looks where pictures are kept; one where nothing that the test asks depends on it."""
    return str(request.param)


@pytest.fixture
def tabs() -> Iterator[ExitStack]:
    """Close what was opened, whatever the test's end."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def idle_labs() -> list[LabTab]:
    """Pages of JupyterLab that have no notebook open."""
    return []


@pytest.fixture
def open_notebook(
    chromium: Chromium, server: JupyterServer, tabs: ExitStack, idle_labs: list[LabTab]
) -> Callable[[str, str], LabTab]:
    """Open a notebook of the server in JupyterLab: ``open_notebook(name, theme="light")``."""

    def leave(tab: LabTab) -> None:
        tab.close_notebook()
        idle_labs.append(tab)

    def opener(name: str, theme: str = "light") -> LabTab:
        # A page that fails to open or to close is not used again.
        if idle_labs:
            tab = idle_labs.pop()
            tab.open(name, theme)
        else:
            tab = LabTab(chromium, server, name, theme)
        tabs.callback(leave, tab)
        return tab

    return opener


@pytest.fixture
def open_notebook_7(chromium: Chromium, server: JupyterServer, tabs: ExitStack) -> Callable[[str, str], NotebookTab]:
    """Open a notebook of the server in Notebook 7: ``open_notebook_7(name, theme="light")``."""

    def opener(name: str, theme: str = "light") -> NotebookTab:
        tab = NotebookTab(chromium, server, name, theme)
        tabs.callback(tab.close)
        return tab

    return opener


@pytest.fixture
def open_voila(chromium: Chromium, server: JupyterServer, tabs: ExitStack) -> Callable[[str, str], VoilaTab]:
    """Run a notebook of the server in Voila: ``open_voila(name, theme="light")``."""

    def opener(name: str, theme: str = "light") -> VoilaTab:
        tab = VoilaTab(chromium, server, name, theme)
        tabs.callback(tab.close)
        return tab

    return opener


@pytest.fixture(scope="session")
def new_name() -> Callable[[], str]:
    """Names for notebooks that a test writes."""
    numbers = count()
    return lambda: f"written-{next(numbers)}.ipynb"


@pytest.fixture
def open_untrusted(
    server: JupyterServer, new_name: Callable[[], str], open_notebook: Callable[[str, str], LabTab]
) -> Callable[..., LabTab]:
    """Open a notebook that holds these HTML outputs, one a cell, which nobody here has run and so nobody trusts."""

    def opener(htmls: Sequence[str], theme: str = "light") -> LabTab:
        cells = [
            new_code_cell(
                source="...",
                execution_count=number,
                outputs=[new_output("execute_result", {"text/html": html}, execution_count=number)],
            )
            for number, html in enumerate(htmls, start=1)
        ]
        notebook = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        name = new_name()
        nbformat.write(notebook, server.notebooks / name)
        tab = open_notebook(name, theme)
        tab.wait_for_outputs()
        assert not any(tab.trusted())
        return tab

    return opener


@pytest.fixture
def untrusted_text(open_untrusted: Callable[..., LabTab]) -> Callable[[Sequence[str]], list[str]]:
    """Tell what a person can read of each HTML output in a notebook that JupyterLab does not trust, unfolded."""

    def reader(htmls: Sequence[str]) -> list[str]:
        tab = open_untrusted(htmls)
        tab.open_details()
        return [text for (text,) in tab.output_texts()]

    return reader
