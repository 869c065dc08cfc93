"""A notebook in Voila: its outputs as a page of their own, without its code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.chromium import Tab
from tests.browser.server import THEMES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.chromium import Chromium
    from tests.browser.server import JupyterServer

# Voila's own template asks for this one; its icons are all that is missing without it.
EXPECTED_OUTSIDE = "font-awesome"

class VoilaTab(Tab):
    """One notebook, run and shown by Voila."""

    def __init__(self, chromium: Chromium, server: JupyterServer, name: str, theme: str) -> None:
        super().__init__(chromium, server.url)
        self.visit(f"{server.url}voila/render/{name}?theme={THEMES[theme].voila}")

    def text(self) -> str:
        return "\n".join(self.texts("body"))

    def picture(self, path: Path) -> None:
        self.screenshot(path, "html")
