"""The words of an output, to be looked for on screen."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

SILENT = frozenset({"script", "style"})
ANSI = re.compile(r"\x1b\[[0-9;]*m")
SPACE = re.compile(r"\s+")

WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURE = "image/png"
PARTING = "<i> | </i>"


class _Reader(HTMLParser):
    """Collects text outside of elements that show none."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (parser's name)
        self._silent += tag in SILENT

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def html_text(html: str) -> str:
    """Return the text of ``html`` without that of styles and scripts."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "".join(reader.words)


def squeeze(text: str) -> str:
    """Drop all white space: layout decides about it, so text and screen never agree on it."""
    return SPACE.sub("", text)


def output_text(output: dict[str, Any]) -> str:
    """Return what a person should be able to read of one output of a cell, in the form a front end prefers."""
    if output["output_type"] == "stream":
        return ANSI.sub("", "".join(output["text"]))
    data = output.get("data", {})
    if WIDGET in data or PICTURE in data:
        return ""
    if "text/html" in data:
        return html_text("".join(data["text/html"]))
    return "" if "text/markdown" in data else ANSI.sub("", "".join(data.get("text/plain", "")))


def unread(outputs: list[dict[str, Any]], screen: str) -> list[str]:
    """Return the text of each output that is not on screen.

    What parts columns where there is no stylesheet is there if it is taken away, and else is not.
    """
    visible = squeeze(screen)
    return [
        output_text(output)
        for output in outputs
        if not any(squeeze(output_text(form)) in visible for form in (output, _styled(output)))
    ]


def _styled(output: dict[str, Any]) -> dict[str, Any]:
    data = output.get("data", {})
    if "text/html" not in data:
        return output
    return {**output, "data": {**data, "text/html": "".join(data["text/html"]).replace(PARTING, "")}}


def pictures(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the outputs that are shown as an image."""
    return [output for output in outputs if PICTURE in output.get("data", {})]
