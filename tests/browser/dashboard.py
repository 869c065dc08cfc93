"""A notebook in Voila: its outputs as a page of their own, without its code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.chromium import Tab
from tests.browser.server import THEMES

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage

    from tests.browser.chromium import Chromium
    from tests.browser.server import JupyterServer

# Voila's own page asks for icons and for a formula renderer, whatever the notebook; it works without either.
ASKED_BY_VOILA = (
    "https://cdn.jsdelivr.net/npm/@fortawesome/fontawesome-free@",
    "https://cdnjs.cloudflare.com/ajax/libs/mathjax/",
)

ERRORS = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"

# Cells are hidden until all have run; after an error they stay hidden.
SHOWN = """errors => document.querySelector('#rendered_cells')?.offsetParent || document.querySelector(errors)"""

# Widgets come after everything else.
WIDGETS_SHOWN = """() => !document.body.innerText.includes('Loading widget...')"""


def asked_by_voila(url: str) -> bool:
    """Whether it is Voila's own page that asks for this address."""
    return url.startswith(ASKED_BY_VOILA)


# Voila's own page loads the extension of Notebook where that is installed, and cannot, whatever the notebook.
COMPLAINT_OF_VOILA = "The getter for the shared module is not a function"


class VoilaTab(Tab):
    """One notebook, run and shown by Voila."""

    def __init__(self, chromium: Chromium, server: JupyterServer, name: str, theme: str) -> None:
        server.check(name)
        super().__init__(chromium, server.url)
        self.visit(f"{server.url}voila/render/{name}?theme={THEMES[theme].voila}", seconds=120)
        self.wait_for(SHOWN, argument=ERRORS)
        self.wait_for(WIDGETS_SHOWN)

    def _listen(self, message: ConsoleMessage) -> None:
        if COMPLAINT_OF_VOILA not in message.text:
            super()._listen(message)

    def errors(self) -> list[str]:
        """Return what cells wrote to standard error, tracebacks among it, shown or not."""
        return self.do(lambda page: [node.text_content() or "" for node in page.query_selector_all(ERRORS)])

    def text(self) -> str:
        """Return what is on screen; what is folded is not."""
        return "\n".join(self.texts("body"))
