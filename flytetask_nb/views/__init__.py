"""How objects are shown: described as a neutral document first, rendered into a format second."""

from __future__ import annotations

from typing import Any

from flytetask_nb.views import html, markdown, pictures, text
from flytetask_nb.views.describing import describe

__all__ = ["RENDERER", "describe", "pictures"]


class _Renderer:
    """Shows objects in every format, each time from their description."""

    def html(self, value: object) -> str:
        """Give the object as an HTML fragment with its stylesheet."""
        return html.render(describe(value))

    def text(self, value: object) -> str:
        """Give the object as plain text."""
        return text.render(describe(value))

    def rich(self, value: object) -> Any:
        """Give the object as a ``rich.text.Text``."""
        return text.render_rich(describe(value))

    def markdown(self, value: object) -> str:
        """Give the object as Markdown."""
        return markdown.render(describe(value))


RENDERER = _Renderer()
