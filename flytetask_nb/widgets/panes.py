"""What every widget of this package is made of: panes that show a description, a line for errors, a text to copy."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
from ipywidgets import HTML, Dropdown, Layout, Select, VBox
from traitlets import HasTraits, Unicode

from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.models.showing import behind_gate
from flytetask_nb.views import LIMIT, fitting, html, markdown, text
from flytetask_nb.views.document import Badge, Document, Notice
from flytetask_nb.views.excerpts import start_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flytetask_nb.views.document import Block

__all__ = [
    "FOUND",
    "HERE",
    "HIDDEN",
    "SEARCH",
    "CopyBox",
    "Pane",
    "Panel",
    "StaticForm",
    "displayed",
    "error_text",
    "group",
    "offer",
    "option_layout",
]

SEARCH: Final = "ftn-search"
FOUND: Final = "ftn-found"
"""Classes of a field to search in and of the list of what is found: the arrow down leads from one to the other."""

HIDDEN: Final = "none"
"""The ``display`` of what is not seen."""
_ERROR_BUDGET: Final = 1_000
_COPIED_BUDGET: Final = 30_000
"""Characters of a text to be copied: what one pick may send is limited."""
HERE: Final = Path(__file__)
"""What stands beside the files of scripts and styles."""


def option_layout(width: str = "auto") -> Layout:
    """Return the layout of a control among others: as wide as it needs, at most as wide as the notebook."""
    return Layout(width=width, max_width="100%")


def displayed(is_visible: bool) -> str | None:
    """Return what the ``display`` of a layout is for what is seen, or for what is not."""
    return None if is_visible else HIDDEN


def error_text(error: Exception) -> str:
    """Return what a user is told of an error; of one that is not this package's, its kind as well."""
    text = str(error) if isinstance(error, FlyteTaskError) else f"{type(error).__name__}: {error}"
    return start_of(text, _ERROR_BUDGET)


class Pane(HTML):  # type: ignore[misc]
    """A part of a panel that shows a description, in place."""

    def show(self, document: Document) -> None:
        """Show a document."""
        self.value = html.fragment(document)

    def show_fitting(self, describer: Callable[[], Document], *beside: Pane) -> None:
        """Show what a function describes, with smaller budgets where it would be too long beside other panes."""
        room = LIMIT - sum(len(pane.value.encode()) for pane in beside)
        (self.value,) = fitting(describer, html.fragment, limit=room)

    def show_part(self, *blocks: Block) -> None:
        """Show blocks that have no heading of their own."""
        self.value = html.fragment(Document("", blocks=blocks))


def group(title: str, controls: Sequence[Any]) -> VBox:
    """Return controls under a heading, which is also what they are called together."""
    box = VBox([Pane(value=html.heading(title)), *controls])
    box.add_class("ftn-group")
    return box


class CopyBox(anywidget.AnyWidget):
    """A text that can be selected and copied.

    Attributes
    ----------
    label : str
        What the text is.
    text : str
        The text itself.
    """

    _esm = HERE.with_name("copy_box.js")
    _css = HERE.with_name("copy_box.css")
    label = Unicode().tag(sync=True)
    text = Unicode().tag(sync=True)

    def show(self, label: str, content: str) -> None:
        """Show a text; what is too long to be sent is cut, and the label says so."""
        left = len(content) - _COPIED_BUDGET
        with self.hold_sync():
            self.label = f"{label} (the first {_COPIED_BUDGET:,} characters, {left:,} more)" if left > 0 else label
            self.text = content[:_COPIED_BUDGET]

    def __repr__(self) -> str:
        return f"CopyBox({self.label!r}, {len(self.text)} characters)"


class PanelRoot(anywidget.AnyWidget):
    """What makes a box a panel: the stylesheet of the views, and keys that JupyterLab leaves to the panel."""

    _esm = HERE.with_name("panel_root.js")
    _css = html.stylesheet() + HERE.with_name("panel_root.css").read_text(encoding="utf-8")

    def __repr__(self) -> str:
        return "PanelRoot()"


def offer(picker: Dropdown | Select, options: Sequence[str], chosen: str) -> None:
    """Give a picker other options and another choice in one message; none where the choice is not among the options.

    It tells its observers of the first option before the chosen one, so those have to be deaf meanwhile: see
    :meth:`Panel.updating`.
    """
    with picker.hold_sync():
        if tuple(picker.options) != tuple(options):
            picker.options = tuple(options)
        picker.value = chosen if chosen in options else None


class StaticForm:
    """What a widget shows where no kernel runs: a document, in each format."""

    def document(self) -> Document:
        """Return what the widget shows, for places without a kernel."""
        raise NotImplementedError

    def to_html(self) -> str:
        """Return what the widget shows as HTML that needs no kernel."""
        return fitting(self.document, html.render)[0]

    def to_text(self, width: int | None = None) -> str:
        """Return what the widget shows as plain text, in lines of some width; None: as many columns as they take."""
        return fitting(self.document, partial(text.render, width=width))[0]

    def to_markdown(self) -> str:
        """Return what the widget shows as Markdown."""
        return fitting(self.document, markdown.render)[0]

    def static_bundle(self) -> dict[str, str]:
        """Return what stands beside the widget in a cell's output, by MIME type."""
        return {"text/plain": repr(self), "text/html": self.to_html()}


class Panel(StaticForm, VBox):  # type: ignore[misc]
    """A box of controls and panes with a line that tells what went wrong, and a form for places without a kernel."""

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        behind_gate(cls)

    def __init__(self, children: Sequence[Any]) -> None:
        self._is_updating = False
        self._error = Pane(layout=Layout(display=HIDDEN))
        super().__init__([PanelRoot(), self._error, *children])
        self.add_class("ftn-panel")

    @contextmanager
    def updating(self) -> Iterator[None]:
        """Let controls follow the state without their observers taking it for a user's doing."""
        before, self._is_updating = self._is_updating, True
        try:
            yield
        finally:
            self._is_updating = before

    def guarded(self, action: Callable[..., None]) -> Callable[..., None]:
        """Return an action that shows an error in the panel in place of losing it, and rests while controls are set."""

        @wraps(action)
        def guard(*args: Any, **named: Any) -> None:
            if self._is_updating:
                return
            try:
                action(*args, **named)
            except Exception as error:  # noqa: BLE001 - a callback's error would be seen by nobody
                self.tell(error)
            else:
                self.tell(None)

        return guard

    def on_value(self, control: Any, action: Callable[[Any], None]) -> None:
        """Do something with each value that a user gives a control: see :meth:`guarded`."""
        control.observe(self.guarded(lambda change: action(change.new)), "value")

    def sets_trait(self, control: Any, state: HasTraits, trait: str) -> None:
        """Let a control set a trait of the state; a control with nothing chosen sets none."""
        self.on_value(control, lambda value: None if value is None else state.set_trait(trait, value))

    def tell(self, error: Exception | None) -> None:
        """Show an error, or that there is none any more."""
        if error is not None:
            self._error.show_part(Notice(Badge("breaking", "✗", "error"), error_text(error)))
        self._error.layout.display = displayed(error is not None)

    def _repr_mimebundle_(self, **settings: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**settings) or {}
        return {**bundle, **self.static_bundle()}
