"""How objects are shown: described as a neutral document first, rendered into a format second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.views import html, markdown, pictures, text
from flytetask_nb.views.describing import describe
from flytetask_nb.views.document import scaled

if TYPE_CHECKING:
    from flytetask_nb.views.document import Document

__all__ = ["LIMIT", "RENDERER", "describe", "pictures"]

LIMIT = 32_768
"""Bytes that an object takes at most in any format, the stylesheet included."""

# Below so many characters of HTML nothing comes near the limit in any format.
_SMALL = 8_000
_FACTORS = (0.6, 0.35, 0.2, 0.1, 0.05, 0.02)


class _Renderer:
    """Shows objects in every format, each time from their description."""

    def bundle(self, value: object) -> dict[str, str]:
        """Give the object as a front end asks for it, described once."""
        document, page = _fitting(value)
        return {"text/html": page, "text/plain": text.render(document)}

    def html(self, value: object) -> str:
        """Give the object as an HTML fragment with its stylesheet."""
        return _fitting(value)[1]

    def text(self, value: object) -> str:
        """Give the object as plain text."""
        return text.render(_fitting(value)[0])

    def rich(self, value: object) -> Any:
        """Give the object as a ``rich.text.Text``."""
        return text.render_rich(_fitting(value)[0])

    def markdown(self, value: object) -> str:
        """Give the object as Markdown."""
        return markdown.render(_fitting(value)[0])


def _fitting(value: object) -> tuple[Document, str]:
    """Describe an object so that it fits in every format, and give its HTML as well.

    Each part has a budget of its own. Where all of them are used up together it is described again with smaller ones,
    so that what is left out is still counted, and the same in every format.
    """
    document = describe(value)
    page = html.render(document)
    for factor in _FACTORS:
        if len(page) <= _SMALL or all(
            len(shown.encode("utf-8", "backslashreplace")) <= LIMIT
            for shown in (page, text.render(document), markdown.render(document))
        ):
            break
        with scaled(factor):
            document = describe(value)
        page = html.render(document)
    return document, page


RENDERER = _Renderer()
