"""How an object shows itself without importing the views that lie floors above it.

Objects inherit :class:`Shown`; the façade installs one renderer. Where none is installed, they fall back to their
one-line ``repr``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Renderer", "Shown", "install_renderer"]


class Renderer(Protocol):
    """What turns an object into each output format. The views are one."""

    def bundle(self, value: object) -> dict[str, str]:
        """Return the object in the formats that a front end chooses from, by MIME type."""

    def html(self, value: object) -> str:
        """Return the object as an HTML fragment."""

    def text(self, value: object) -> str:
        """Return the object as plain text."""

    def rich(self, value: object) -> Any:
        """Return the object as something that rich can print."""

    def markdown(self, value: object) -> str:
        """Return the object as Markdown."""


_find_renderer: Callable[[], Renderer] | None = None


def install_renderer(find: Callable[[], Renderer]) -> None:
    """Set what shows objects.

    Parameters
    ----------
    find
        Called each time something is to be shown, so that the renderer is imported no sooner than needed.
    """
    global _find_renderer  # noqa: PLW0603 - one renderer a process, installed once by the façade
    _find_renderer = find


class Shown:
    """An object that front ends can display: HTML, plain text, rich and Markdown from one description."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:  # noqa: ARG002
        if _find_renderer is None:
            return {"text/plain": repr(self)}
        return _find_renderer().bundle(self)

    def _repr_html_(self) -> str | None:
        return None if _find_renderer is None else _find_renderer().html(self)

    def __rich__(self) -> Any:
        if _find_renderer is None:
            from rich.text import Text  # noqa: PLC0415 - rich is at work when it asks for this

            # A plain str would be read as markup, and list[int] has brackets.
            return Text(repr(self))
        return _find_renderer().rich(self)

    def to_html(self) -> str:
        """Return this object as an HTML fragment, as a notebook shows it."""
        if _find_renderer is None:
            from html import escape  # noqa: PLC0415 - not needed where a renderer is installed

            return f"<pre>{escape(repr(self))}</pre>"
        return _find_renderer().html(self)

    def to_text(self) -> str:
        """Return this object as plain text, as a terminal without colours shows it."""
        return repr(self) if _find_renderer is None else _find_renderer().text(self)

    def to_markdown(self) -> str:
        """Return this object as Markdown, fit for a pull request or a document."""
        return repr(self) if _find_renderer is None else _find_renderer().markdown(self)
