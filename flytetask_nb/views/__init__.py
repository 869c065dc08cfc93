"""How objects are shown: described as a neutral document first, rendered into a format second."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from flytetask_nb.masking.tainted import secrets_kept
from flytetask_nb.views import html, markdown, pictures, text
from flytetask_nb.views.describing import describe, subjects_of
from flytetask_nb.views.document import Document, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["LIMIT", "RENDERER", "Document", "describe", "fitting", "pictures"]

Page = TypeVar("Page")

LIMIT = 32_768
"""Bytes that an object takes at most in any format, the stylesheet included."""

_FACTORS = (1.0, 0.6, 0.35, 0.2, 0.1, 0.05, 0.02)


class _Renderer:
    """Shows objects in every format, each time from their description."""

    def bundle(self, value: object, formats: Iterable[str]) -> dict[str, str]:
        """Return the object as a front end asks for it, described once."""
        renderers = {"text/html": html.render, "text/plain": text.render}
        wanted = {kind: renderers[kind] for kind in formats}
        return dict(zip(wanted, _rendered(value, *wanted.values()), strict=True)) if wanted else {}

    def html(self, value: object) -> str:
        """Return the object as an HTML fragment with its stylesheet."""
        return _rendered(value, html.render)[0]

    def text(self, value: object, width: int | None = None) -> str:
        """Return the object as plain text, in lines of some width; None: as many columns as they take."""
        return _rendered(value, partial(text.render, width=width))[0]

    def rich(self, value: object) -> Any:
        """Return the object so that rich lays it out for the width of its console."""
        return _rendered(value, text.render_rich)[0]

    def markdown(self, value: object) -> str:
        """Return the object as Markdown."""
        return _rendered(value, markdown.render)[0]


def fitting(
    describer: Callable[[], Document], *renderers: Callable[[Document], Page], limit: int = LIMIT
) -> list[Page]:
    """Describe something so that it fits in the formats that are asked for, and render it in these.

    Each part has a budget of its own. Where all of them are used up together it is described again with smaller ones,
    so that what is left out is still counted.

    Returns list: what each of them made of the description.
    """
    for factor in _FACTORS:
        with scaled(factor):
            document = describer()
        pages = [render(document) for render in renderers]
        if all(len(str(page).encode("utf-8", "backslashreplace")) <= limit for page in pages):
            break
    return pages


def _rendered(value: object, *renderers: Callable[[Document], Page]) -> list[Page]:
    # Secrets are looked for once, whatever is made of the object: describing and rendering find them known.
    with secrets_kept(subjects_of(value)):
        return fitting(lambda: describe(value), *renderers)


RENDERER = _Renderer()
