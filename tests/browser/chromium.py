"""One Chromium for all tests, and what a tab of it saw: text, errors, and requests to other places."""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import ConsoleMessage, Dialog, Page, Playwright, Route

Result = TypeVar("Result")

SCREENSHOTS_VARIABLE = "FLYTETASK_NB_SCREENSHOTS"
"""Names the folder where pictures are kept."""

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Routes do not see everything (a WebSocket, say): without names nothing gets out.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

VIEWPORT = {"width": 1280, "height": 1000}
TALLEST_PICTURE = 16000

# How much taller the page would have to be to show all that its tallest scrolling part holds.
HIDDEN_HEIGHT = """() => Math.max(...Array.from(document.querySelectorAll('*'))
    .filter(node => node === document.documentElement || /auto|scroll/.test(getComputedStyle(node).overflowY))
    .map(node => node.scrollHeight - node.clientHeight))"""

# Milliseconds between two looks at what is waited for.
POLLING = 50

NOT_LOADED = "Failed to load resource"

# These never leave the page.
INNER_SCHEMES = frozenset({"about", "blob", "data"})


def find_chromium() -> str | None:
    """Where the browser of this machine is, or None."""
    return next(filter(None, map(shutil.which, EXECUTABLES)), None)


class Chromium:
    """A browser driven from a thread of its own.

    Playwright keeps an event loop running in the thread that drives it, and nothing else in that thread may
    then call ``asyncio.run``, which notebooks under test and the code of other tests do.
    """

    def __init__(self, executable: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chromium")
        self._playwright: Playwright = self.run(self._start)
        self._browser = self.run(
            lambda: self._playwright.chromium.launch(executable_path=executable, headless=True, args=list(FLAGS))
        )

    @staticmethod
    def _start() -> Playwright:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 (collecting tests does not need it)

        return sync_playwright().start()

    def run(self, action: Callable[[], Result]) -> Result:
        """Do something in the browser's thread."""
        return self._thread.submit(action).result()

    def new_page(self) -> Page:
        """Open an empty page that shares nothing with others; to be called in the browser's thread."""
        context = self._browser.new_context(viewport=VIEWPORT, service_workers="block")
        return context.new_page()

    def close(self) -> None:
        self.run(self._browser.close)
        self.run(self._playwright.stop)
        self._thread.shutdown()


class Tab:
    """A page of one server: asks nobody else, and remembers who it would have asked.

    Attributes
    ----------
    requests
        Every address asked for, in order.
    outside
        Those that were not the server's own. None of them was let through.
    problems
        Uncaught errors and error messages on the console.
    dialogs
        What dialogues said, each closed at once.
    """

    def __init__(self, chromium: Chromium, origin: str) -> None:
        self._chromium = chromium
        self._origin = urlsplit(origin).netloc
        self.requests: list[str] = []
        self.outside: list[str] = []
        self.problems: list[str] = []
        self.dialogs: list[str] = []
        self._page = chromium.run(self._new_page)

    def _new_page(self) -> Page:
        page = self._chromium.new_page()
        # What the server is asked for does not go by here: there are hundreds of requests to a page.
        page.context.route(re.compile(f"^(?!http://{re.escape(self._origin)}/)"), self._route)
        page.context.on("request", lambda request: self._note(request.url))
        page.on("websocket", lambda socket: self._note(socket.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._listen)
        page.on("dialog", self._dismiss)
        return page

    def _is_inside(self, url: str) -> bool:
        """Tell whether an address is one of the server's own."""
        parts = urlsplit(url)
        return parts.scheme in INNER_SCHEMES or parts.netloc == self._origin

    def _note(self, url: str) -> None:
        """Remember an address."""
        self.requests.append(url)
        if not self._is_inside(url):
            self.outside.append(url)

    def _route(self, route: Route) -> None:
        if self._is_inside(route.request.url):
            route.continue_()
        else:
            route.abort("blockedbyclient")

    def _listen(self, message: ConsoleMessage) -> None:
        # The browser also complains of what was blocked above, and that is in the list of outside addresses.
        url = message.location.get("url")
        if message.type == "error" and url not in self.outside:
            self.problems.append(f"{message.text}: {url}" if message.text.startswith(NOT_LOADED) else message.text)

    def _dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def forget(self) -> None:
        """Forget what the page saw so far."""
        for seen in (self.requests, self.outside, self.problems, self.dialogs):
            seen.clear()

    def do(self, action: Callable[[Page], Result]) -> Result:
        """Let ``action`` use Playwright's page, in the thread where that is allowed."""
        return self._chromium.run(lambda: action(self._page))

    def ask(self, script: str, argument: object = None) -> object:
        """Evaluate a JavaScript function in the page."""
        return self.do(lambda page: page.evaluate(script, argument))

    def visit(self, url: str, seconds: float = 60) -> None:
        """Go to an address and wait until the whole of the page is there."""
        response = self.do(lambda page: page.goto(url, timeout=seconds * 1000))
        if response is None or response.status != HTTPStatus.OK:
            message = f"{url} answered {response and response.status}, not {HTTPStatus.OK}"
            raise RuntimeError(message)

    def wait_for(self, condition: str, seconds: float = 60, argument: object = None) -> None:
        """Wait until a JavaScript function returns something true."""
        # At each frame of the page, which is the default, the question takes the time of what is waited for.
        self.do(lambda page: page.wait_for_function(condition, arg=argument, timeout=seconds * 1000, polling=POLLING))

    def texts(self, selector: str) -> list[str]:
        """Return what a person reads in each element, in the order of the page."""
        return self.do(lambda page: [element.inner_text() for element in page.query_selector_all(selector)])

    def open_details(self, selector: str = "body") -> None:
        """Unfold everything that is folded inside of the elements, as a person could by clicking."""
        script = "root => document.querySelectorAll(`${root} details`).forEach(node => { node.open = true })"
        self.ask(script, selector)

    def picture(self, path: Path) -> None:
        """Take a picture of the whole page, what would have to be scrolled to among it, up to some screens.

        Where nobody keeps pictures none is taken.
        """
        if SCREENSHOTS_VARIABLE not in os.environ:
            return

        def take(page: Page) -> None:
            height = VIEWPORT["height"] + page.evaluate(HIDDEN_HEIGHT)
            page.set_viewport_size({"width": VIEWPORT["width"], "height": min(height, TALLEST_PICTURE)})
            page.screenshot(path=path)
            page.set_viewport_size(VIEWPORT)

        self.do(take)

    def close(self) -> None:
        self.do(lambda page: page.context.close())
