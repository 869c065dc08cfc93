"""A notebook in JupyterLab, or in Notebook 7, as a person sees it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from tests.browser.chromium import Tab
from tests.browser.server import THEMES

if TYPE_CHECKING:
    from tests.browser.chromium import Chromium
    from tests.browser.server import JupyterServer

OPENED = """name => globalThis.jupyterapp?.shell.currentWidget?.context?.path === name"""

READY = """async () => {
    await jupyterapp.restored;
    const panel = jupyterapp.shell.currentWidget;
    await panel.revealed;
    await panel.context.ready;
}"""

# Only the answer to the kernel's first question says that it is there: its status reads idle before.
# Nothing here waits for the end, since waiting is limited in time by what asks FINISHED.
RUN_ALL = """() => {
    const panel = jupyterapp.shell.currentWidget;
    const run = async () => {
        await panel.sessionContext.ready;
        await panel.sessionContext.session.kernel.info;
        await jupyterapp.commands.execute('notebook:run-all-cells');
    };
    globalThis.allCellsRan = false;
    run().then(() => { globalThis.allCellsRan = true; });
}"""

# After an error JupyterLab does not run the cells below, so they never get a number.
FINISHED = """tag => {
    const panel = jupyterapp.shell.currentWidget;
    if (!globalThis.allCellsRan || panel.sessionContext.session?.kernel?.status !== 'idle') return false;
    const cells = panel.content.model.sharedModel.cells.filter(cell => cell.cell_type === 'code' && cell.source);
    const failed = cells.some(cell => !cell.metadata.tags?.includes(tag)
        && cell.outputs.some(output => output.output_type === 'error'));
    return failed || cells.every(cell => cell.execution_count !== null);
}"""

# Jupyter's own mark on a cell that is meant to fail: the cells below it run all the same.
MEANT_TO_FAIL = "raises-exception"

CELLS = """() => jupyterapp.shell.currentWidget.content.model.sharedModel.cells.map(cell => cell.toJSON())"""

TRUSTED = """() => Array.from(jupyterapp.shell.currentWidget.content.model.cells).map(cell => cell.trusted)"""

TRUST = """() => { for (const cell of jupyterapp.shell.currentWidget.content.model.cells) cell.trusted = true; }"""

# Rendering goes on for a moment after the model has the output, and a widget's comes later still.
RENDERED = """() => {
    const content = jupyterapp.shell.currentWidget.content;
    return !content.node.innerText.includes('Loading widget...')
        && content.widgets.every(cell => !cell.outputArea || cell.outputArea.widgets.length === cell.outputArea.model.length);
}"""

# Formulas are typeset last, by a renderer that is loaded at its first use and works through what it is given in
# order: once it has done one more formula, it has done those in the outputs.
TYPESET_ONE_MORE = """() => {
    const formula = document.createElement('div');
    formula.className = 'one-more-formula';
    formula.textContent = '$x$';
    document.body.append(formula);
    jupyterapp.shell.currentWidget.content.rendermime.latexTypesetter.typeset(formula);
}"""
TYPESET = """() => {
    const formula = document.querySelector('.one-more-formula');
    const done = formula.querySelector('mjx-container') !== null;
    if (done) formula.remove();
    return done;
}"""

# Long enough for an output that is on its way to arrive.
SETTLED_SECONDS = 0.3

CHANGE_THEME = """theme => jupyterapp.commands.execute('apputils:change-theme', { theme })"""

OPEN = """async name => { await jupyterapp.commands.execute('docmanager:open', { path: name }); }"""

PUT_CELLS = """sources => {
    const notebook = jupyterapp.shell.currentWidget.content.model.sharedModel;
    notebook.insertCells(0, sources.map(source => ({ cell_type: 'code', source })));
    notebook.deleteCellRange(sources.length, notebook.cells.length);
}"""

# What was run is not to be kept: nobody is there to be asked whether it is. A kernel that is still starting is waited for
# (if it does start), since the page goes on to ask for it.
CLOSE = """async seconds => {
    const panel = globalThis.jupyterapp?.shell.currentWidget;
    const session = panel?.sessionContext;
    if (!session) return;
    const started = session.ready.then(() => session.session?.kernel?.info);
    await Promise.race([started, new Promise(done => setTimeout(done, 1000 * seconds))]);
    await session.shutdown();
    panel.context.model.dirty = false;
    panel.dispose();
}"""
START_SECONDS = 30

OUTPUT_TEXTS = """() => jupyterapp.shell.currentWidget.content.widgets.map(
    cell => Array.from(cell.node.querySelectorAll('.jp-OutputArea-output'), node => node.innerText)
)"""

OUTPUT_HTML = """() => jupyterapp.shell.currentWidget.content.widgets.map(
    cell => Array.from(cell.node.querySelectorAll('.jp-RenderedHTMLCommon'), node => node.innerHTML)
)"""

IMAGES = """() => jupyterapp.shell.currentWidget.content.widgets.map(
    cell => Array.from(cell.node.querySelectorAll('.jp-RenderedImage img'), image => image.complete && image.naturalWidth > 0)
)"""

NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook"


class LabTab(Tab):
    """One notebook at a time, opened from the server's copy of the notebooks.

    The page stays from one notebook to the next: to load JupyterLab takes longer than most of what is done in it.
    """

    def __init__(self, chromium: Chromium, server: JupyterServer, name: str, theme: str) -> None:
        server.check(name)
        super().__init__(chromium, server.url)
        self._server = server
        server.use_theme(theme)
        self.visit(server.url + self.address(name, theme))
        self._wait_for_notebook(name, theme)

    @staticmethod
    def address(name: str, theme: str) -> str:
        """Return where the server has the notebook."""
        # Without a workspace of its own the page would open what the page before it had open.
        return f"lab/workspaces/auto-{theme}/tree/{name}?reset"

    def open(self, name: str, theme: str) -> None:
        """Open another notebook in place of the one that was closed, and forget what the page saw before."""
        self._server.check(name)
        self.forget()
        self.ask(CHANGE_THEME, THEMES[theme].lab)
        self.ask(OPEN, name)
        self._wait_for_notebook(name, theme)

    def _wait_for_notebook(self, name: str, theme: str) -> None:
        self.wait_for(OPENED, argument=name)
        self.ask(READY)
        self._wait_for_theme(theme)

    def use_theme(self, theme: str) -> None:
        """Change the look of the page, as a person does from the menu."""
        self.ask(CHANGE_THEME, THEMES[theme].lab)
        self._wait_for_theme(theme)

    def _wait_for_theme(self, theme: str) -> None:
        self.wait_for(f"() => document.body.dataset.jpThemeLight === '{str(THEMES[theme].is_light).lower()}'")

    def put_cells(self, *sources: str) -> None:
        """Put these cells in place of all that the notebook holds, and forget what the page saw before."""
        self.ask(PUT_CELLS, sources)
        self.forget()

    def run_all(self, seconds: float = 120) -> None:
        """Run every cell and wait until all have run, or one has failed, and everything is on screen."""
        self.ask(RUN_ALL)
        self.wait_for(FINISHED, seconds, MEANT_TO_FAIL)
        self.wait_for_outputs()

    def wait_for_outputs(self) -> None:
        """Wait until every output that the notebook holds is on screen."""
        self.wait_for(RENDERED)
        before = None
        while before != (now := self.output_html()):
            before = now
            time.sleep(SETTLED_SECONDS)
            self.ask(TYPESET_ONE_MORE)
            self.wait_for(TYPESET)

    def cells(self) -> list[dict[str, Any]]:
        """Return the cells as the file would hold them, outputs among them."""
        return cast("list[dict[str, Any]]", self.ask(CELLS))

    def trusted(self) -> list[bool]:
        """Whether JupyterLab shows the outputs of each cell as they are, without sanitizing."""
        return cast("list[bool]", self.ask(TRUSTED))

    def trust(self) -> None:
        """Let the outputs be shown as those are that were made here; JupyterLab's own command asks first."""
        self.ask(TRUST)
        self.wait_for_outputs()

    def errors(self) -> list[str]:
        """Tell name and value of every exception that a cell ended with and was not meant to."""
        cells = [cell for cell in self.cells() if MEANT_TO_FAIL not in cell["metadata"].get("tags", ())]
        outputs = [output for cell in cells for output in cell.get("outputs", ())]
        return [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]

    def text(self) -> str:
        """Return what is on screen of the whole notebook; what is folded is not."""
        return "\n".join(self.texts(f"{NOTEBOOK} .jp-Cell"))

    def output_texts(self) -> list[list[str]]:
        """Return what is on screen of each output of each cell; what is folded is not."""
        return cast("list[list[str]]", self.ask(OUTPUT_TEXTS))

    def output_html(self) -> list[list[str]]:
        """Return the markup that is left of each HTML output of each cell."""
        return cast("list[list[str]]", self.ask(OUTPUT_HTML))

    def images(self) -> list[list[bool]]:
        """Tell of each image among the outputs of each cell whether it is on screen."""
        return cast("list[list[bool]]", self.ask(IMAGES))

    def close_notebook(self) -> None:
        """Close the notebook with its kernel, and keep the page."""
        self.ask(CLOSE, START_SECONDS)

    def close(self) -> None:
        self.close_notebook()
        super().close()


class NotebookTab(LabTab):
    """The same in Notebook 7, which is JupyterLab's parts around a single document."""

    @staticmethod
    def address(name: str, theme: str) -> str:  # noqa: ARG004 (it has no workspaces)
        return f"notebooks/{name}"
