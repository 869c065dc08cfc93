"""How an object shows itself without importing the views that lie floors above it.

Objects inherit :class:`Shown`; the façade installs one renderer. Where none is installed, they fall back to their
one-line ``repr``.
"""

from __future__ import annotations

import re
from functools import wraps
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

FORMATS = ("text/html", "text/plain")
"""What a front end chooses from, by MIME type."""


def asked_for(formats: Iterable[str], include: Container[str] | None, exclude: Container[str] | None) -> list[str]:
    """Return the formats that IPython asks for: those included, if any are named, without those excluded."""
    return [kind for kind in formats if (not include or kind in include) and kind not in (exclude or ())]


class Renderer(Protocol):
    """What turns an object into each output format. The views are one."""

    def bundle(self, value: object, formats: Iterable[str]) -> dict[str, str]:
        """Return the object in some of ``FORMATS``."""

    def html(self, value: object) -> str:
        """Return the object as an HTML fragment."""

    def text(self, value: object, width: int | None = None) -> str:
        """Return the object as plain text, in lines of some width."""

    def rich(self, value: object) -> Any:
        """Return the object as something that rich can print."""

    def markdown(self, value: object) -> str:
        """Return the object as Markdown."""


_TEXTS = frozenset({"__repr__", "__str__", "short_string"})
_VALUES = frozenset(
    {"to_dict", "to_frame", "matrix", "blame", "timeline", "duplicates", "stale_caches", "runtime_before"}
)

_LONG_REPR = 2_000
_LONGEST_WORD = re.compile(r"(\S{4000})\S+")
_LONG_WORD = re.compile(r"(\S{200})\S{200,}")


C = TypeVar("C", bound=type)


def behind_gate(kind: C) -> C:
    """Put the gate before each output of a class: whoever writes one need not think of it.

    ``kind``: the class. What gives a text, JSON values or a table is told by its name. Where it has ``_subjects``,
      these are the messages of tasks whose secrets none of its outputs shows.
    """
    for name, output in list(vars(kind).items()):
        if isinstance(output, FunctionType) and (name in _TEXTS | _VALUES or name.endswith("_frame")):
            setattr(kind, name, _gated(output, name))
    return kind


def _gated(output: FunctionType, name: str) -> Callable[..., Any]:
    @wraps(output)
    def gated_output(self: Any, *args: Any, **kwargs: Any) -> Any:
        # Its patterns cost time that only showing is worth.
        from flytetask_nb.masking.gate import gated, gated_value  # noqa: PLC0415
        from flytetask_nb.masking.tainted import secrets_kept  # noqa: PLC0415

        with secrets_kept(self._subjects() if hasattr(self, "_subjects") else ()):
            value = output(self, *args, **kwargs)
            if name == "__repr__" and len(value) > _LONG_REPR:
                # Cut before the work, so far that a secret's end is seen; and then to what a line takes.
                value = _LONG_WORD.sub(r"\1…", gated(_LONGEST_WORD.sub(r"\1…", value)))
            return gated(value) if name in _TEXTS else gated_value(value)

    return gated_output


class Plain:
    """The renderer where no other one is installed: everything is its one-line ``repr``."""

    def bundle(self, value: object, formats: Iterable[str]) -> dict[str, str]:
        """Return the text alone: it has no HTML to offer."""
        return {kind: repr(value) for kind in formats if kind == "text/plain"}

    def html(self, value: object) -> str:
        """Return the text, escaped."""
        from html import escape  # noqa: PLC0415 - not needed where a renderer is installed

        return f"<pre>{escape(repr(value))}</pre>"

    def rich(self, value: object) -> Any:
        """Return the text as one without markup: list[int] has brackets."""
        from rich.text import Text  # noqa: PLC0415 - rich is at work when it asks for this

        return Text(repr(value))

    markdown = staticmethod(repr)

    def text(self, value: object, width: int | None = None) -> str:  # noqa: ARG002 - one line is all there is
        """Return the text as it is."""
        return repr(value)


_find_renderer: Callable[[], Renderer] = Plain


def install_renderer(find: Callable[[], Renderer]) -> None:
    """Set what shows objects.

    ``find``: called each time something is to be shown, so that the renderer is imported no sooner than needed.
    """
    global _find_renderer  # noqa: PLW0603 - one renderer a process, installed once by the façade
    _find_renderer = find


class Shown:
    """An object that front ends can display: HTML, plain text, rich and Markdown from one description."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Put the gate before each output of the class."""
        super().__init_subclass__(**kwargs)
        behind_gate(cls)

    def _subjects(self) -> Iterable[Any]:
        """Return the messages of the tasks that are shown, where their secrets may be quoted out of place."""
        return ()

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        return _find_renderer().bundle(self, asked_for(FORMATS, include, exclude))

    def _repr_html_(self) -> str:
        return _find_renderer().html(self)

    def __rich__(self) -> Any:
        return _find_renderer().rich(self)

    def to_html(self) -> str:
        """Return this object as an HTML fragment, as a notebook shows it."""
        return _find_renderer().html(self)

    def to_text(self, width: int | None = None) -> str:
        """Return this object as plain text, as a terminal without colours shows it.

        ``width``: columns that a line takes at most; None: as many as it takes, as in a notebook.
        """
        return _find_renderer().text(self, width)

    def to_markdown(self) -> str:
        """Return this object as Markdown, fit for a pull request or a document."""
        return _find_renderer().markdown(self)
