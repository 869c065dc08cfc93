"""A server, a browser and what opens notebooks in them; all of it gone when the session ends.

``FLYTETASK_NB_SCREENSHOTS`` names a folder that keeps the pictures.
"""

from __future__ import annotations

import importlib.util
import os
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser.chromium import SCREENSHOTS_VARIABLE, Chromium, find_chromium
from tests.browser.dashboard import VoilaTab
from tests.browser.lab import LabTab, NotebookTab
from tests.browser.server import THEMES, JupyterServer
from tests.conftest import absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from nbformat import NotebookNode


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


@pytest.fixture(scope="session")
def opened(
    chromium: Chromium, server: JupyterServer, idle_labs: list[LabTab]
) -> Callable[..., AbstractContextManager[LabTab]]:
    """Have a notebook of the server open in JupyterLab: ``with opened(name, theme="light") as tab``."""

    @contextmanager
    def opening(name: str, theme: str = "light") -> Iterator[LabTab]:
        # A page that fails to open or to close is not used again.
        if idle_labs:
            tab = idle_labs.pop()
            tab.open(name, theme)
        else:
            tab = LabTab(chromium, server, name, theme)
        yield tab
        tab.close_notebook()
        idle_labs.append(tab)

    return opening


@pytest.fixture
def open_notebook(
    opened: Callable[..., AbstractContextManager[LabTab]], tabs: ExitStack
) -> Callable[[str, str], LabTab]:
    """Open a notebook of the server in JupyterLab: ``open_notebook(name, theme="light")``."""
    return lambda name, theme="light": tabs.enter_context(opened(name, theme))


@pytest.fixture(scope="module")
def workbench(
    opened: Callable[..., AbstractContextManager[LabTab]], write_cells: Callable[..., str]
) -> Iterator[LabTab]:
    """One notebook for a module, because starting a kernel takes longer than most of what is done in it."""
    with opened(write_cells()) as tab:
        yield tab


@pytest.fixture
def run_cells(workbench: LabTab) -> Callable[..., LabTab]:
    """Run cells in JupyterLab, by a kernel that may have run others: ``run_cells(*sources, theme="light")``."""

    def runner(*sources: str, theme: str = "light") -> LabTab:
        workbench.use_theme(theme)
        workbench.put_cells(*sources)
        workbench.run_all()
        return workbench

    return runner


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
def write_cells(server: JupyterServer) -> Callable[..., str]:
    """Write a notebook with these cells, or with cells of these sources, none of them run, and return its name."""
    numbers = count()

    def writer(*cells: str | NotebookNode) -> str:
        name = f"written-{next(numbers)}.ipynb"
        kernel = {"name": "python3", "display_name": "Python 3"}
        made = [new_code_cell(source=cell) if isinstance(cell, str) else cell for cell in cells]
        nbformat.write(new_notebook(cells=made, metadata={"kernelspec": kernel}), server.notebooks / name)
        return name

    return writer
