"""Two versions of a task beside each other: pickers, a slider over the history, and what changed between them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ipywidgets import Button, Checkbox, Dropdown, HBox, Layout, SelectionRangeSlider, ToggleButton
from traitlets import Instance, link, validate
from traitlets import Tuple as TupleTrait

from flytetask_nb.collection import TaskCollection
from flytetask_nb.diffs import history
from flytetask_nb.diffs.rules import NOISE, SEVERITIES
from flytetask_nb.errors import DiffError
from flytetask_nb.masking import mask_identifier
from flytetask_nb.models.coercion import as_task
from flytetask_nb.models.version_order import in_words
from flytetask_nb.views import describe
from flytetask_nb.views.comparisons import describe_columns, describe_pair
from flytetask_nb.views.diffs import PARTS
from flytetask_nb.views.document import Document, Paragraph, Section, dim
from flytetask_nb.views.labels import short_versions
from flytetask_nb.views.wording import counted, listed
from flytetask_nb.widgets.pairing import EVERYTHING, PairSelection
from flytetask_nb.widgets.panes import HIDDEN, CopyBox, Pane, Panel, displayed, offer, option_layout
from flytetask_nb.widgets.selection import as_collection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.models.flyte_task import FlyteTask

__all__ = ["Columns", "Comparison", "compare", "history_of"]

_NARROW: Final = "18em"
_ROOM: Final = 10
"""Width in em of what is beside the text of a picker."""
_CHARACTER: Final = 0.65
_PAIR: Final = 2
_NAMES_TOLD: Final = 3
_NO_VERSION: Final = "(no version)"


class Comparison(Panel):
    """Two versions of a task and what changed between them.

    Parameters
    ----------
    tasks
        The collection to choose from.
    name
        The task to begin with; None takes the one with the most versions.

    Attributes
    ----------
    pair : tuple of (str, str)
        The versions before and after. Can be read, observed and set.
    tasks : TaskCollection
        What is chosen from. Can be set as well.
    selection : PairSelection
        The state behind the controls: name, pair and filters.
    """

    pair = TupleTrait()
    tasks = Instance(TaskCollection)

    def __init__(self, tasks: TaskCollection, name: str | None = None) -> None:
        self.selection = PairSelection(tasks, name)
        self._names = Dropdown(description="Task", layout=option_layout("48em"))
        self._old = Dropdown(description="From", layout=option_layout(_NARROW))
        self._new = Dropdown(description="to", layout=option_layout(_NARROW))
        self._swap = Button(description="Swap", tooltip="Compare in the other direction", layout=option_layout("6em"))
        self._range = SelectionRangeSlider(
            description="Versions",
            options=[_NO_VERSION],
            index=(0, 0),
            continuous_update=False,
            layout=option_layout("48em"),
        )
        self._history = Pane()
        self._verdict = Pane()
        self._severity = Dropdown(
            description="Severity",
            options=[
                (SEVERITIES[0], SEVERITIES[0]),
                *((f"{severity} and worse", severity) for severity in SEVERITIES[1:] if severity != NOISE),
                (EVERYTHING, EVERYTHING),
            ],
            value=EVERYTHING,
            layout=option_layout(_NARROW),
        )
        self._part = Dropdown(
            description="Part", options=(EVERYTHING, *PARTS), value=EVERYTHING, layout=option_layout(_NARROW)
        )
        self._noise = Checkbox(description="Release noise", value=True, indent=False, layout=option_layout("10em"))
        self._as_markdown = ToggleButton(
            description="as Markdown", tooltip="The comparison as text for a pull request", layout=option_layout("10em")
        )
        self._diff = Pane()
        self._markdown = CopyBox(layout=Layout(display=HIDDEN))
        wrap = Layout(flex_flow="row wrap", align_items="center")
        super().__init__(
            [
                self._names,
                HBox([self._old, self._new, self._swap], layout=wrap),
                self._range,
                self._history,
                self._verdict,
                HBox([self._severity, self._part, self._noise, self._as_markdown], layout=wrap),
                self._markdown,
                self._diff,
            ]
        )
        link((self.selection, "pair"), (self, "pair"))
        link((self.selection, "tasks"), (self, "tasks"))
        self._react()
        self._show_name(None)
        self._show_pair(None)

    @validate("pair")
    def _check_pair(self, proposal: Any) -> tuple[str, ...]:
        return self.selection.checked(tuple(proposal["value"]))

    def _react(self) -> None:
        """Connect controls with the state, and the state with what is on screen."""
        selection = self.selection
        self.on_value(self._old, partial(self._pick_version, 0))
        self.on_value(self._new, partial(self._pick_version, 1))
        self.on_value(self._range, self._pick_range)
        for trait, control in (
            ("name", self._names),
            ("severity", self._severity),
            ("part", self._part),
            ("noise", self._noise),
        ):
            self.sets_trait(control, selection, trait)
        self._swap.on_click(self.guarded(lambda _button: selection.swap()))
        self._as_markdown.observe(self.guarded(self._show_markdown), "value")
        selection.observe(self._show_name, ["tasks", "name", "versions"])
        selection.observe(self._show_pair, "pair")
        selection.observe(self._show_changes, ["severity", "part", "noise"])

    def _pick_version(self, side: int, version: str | None) -> None:
        if version is not None:
            pair = list(self.selection.pair)
            pair[side] = version
            self.selection.pair = tuple(pair)

    def _pick_range(self, ends: tuple[str, str]) -> None:
        """Take over the slider's ends; a comparison in the other direction stays one."""
        order = self.selection.versions.index
        before, after = self.selection.pair
        self.selection.pair = ends[::-1] if order(before) > order(after) else ends

    # -- from the state to the screen --------------------------------------------------------------------------------

    def _show_name(self, _change: Any) -> None:
        selection = self.selection
        with self.updating():
            offer(self._names, selection.tasks.names, selection.name)
            labels = short_versions(selection.versions)
            # As wide as the longest version, the description and the arrow beside it.
            width = f"{_ROOM + max(map(len, labels.values()), default=0) * _CHARACTER:.0f}em"
            for picker in (self._old, self._new):
                picker.options = [(labels[version], version) for version in selection.versions[::-1]]
                picker.layout.width = width
            options = [(labels[version], version) for version in selection.versions] or [(_NO_VERSION, _NO_VERSION)]
            if list(self._range.options) != options:
                with self._range.hold_sync():
                    self._range.options = options
        self._show_pickers()
        # Nothing where there is only one version, of which nobody can say what it changed.
        versions = selection.history
        if len(versions) > 1:
            self._history.show_fitting(lambda: history_of(versions, selection.name))
        else:
            self._history.value = ""
        self._names.layout.display = displayed(len(selection.tasks.names) > 1)

    def _show_pickers(self) -> None:
        selection = self.selection
        if not selection.pair:
            return
        with self.updating():
            self._old.value, self._new.value = selection.pair
            ends = tuple(sorted(map(selection.versions.index, selection.pair)))
            if self._range.index != ends:
                self._range.index = ends

    def _show_pair(self, _change: Any) -> None:
        self._show_pickers()
        self._verdict.show_fitting(lambda: replace(self.document(), sections=()), self._history)
        self._show_changes(None)
        self._show_markdown(None)

    def _show_changes(self, _change: Any) -> None:
        selection = self.selection
        with self.updating():
            self._severity.value, self._part.value, self._noise.value = (
                selection.severity,
                selection.part,
                selection.noise,
            )
        compared = selection.diff
        if compared is None or len(selection.versions) == 1:
            self._diff.value = ""
            return
        left_out = sum(
            not selection.keeps(change) for change in (*compared.changes, *compared.accepted, *compared.noise)
        )
        lines = [dim(f"{counted(left_out, 'change')} left out by the filters")] if left_out else []
        self._diff.show_fitting(
            lambda: replace(describe_pair(compared, selection.keeps), title="", aside="", lines=lines, blocks=()),
            self._history,
            self._verdict,
        )

    def _show_markdown(self, _change: Any) -> None:
        is_asked = self._as_markdown.value
        compared = self.selection.diff
        if is_asked and compared is not None:
            self._markdown.show("Markdown for a pull request", compared.to_markdown())
        self._markdown.layout.display = displayed(is_asked)

    # -- without a kernel --------------------------------------------------------------------------------------------

    def document(self) -> Document:
        """Return the changes, for places without a kernel."""
        selection = self.selection
        compared = selection.diff
        if compared is None:
            return Document("No task", "the collection is empty")
        if len(selection.versions) == 1:
            # Of which nobody can say that it changed nothing.
            hint = dim("Add another version of the task to see what changed.")
            return Document(mask_identifier(selection.name), f"only one version: {selection.versions[0]}", lines=[hint])
        return describe_pair(compared)

    def __repr__(self) -> str:
        selection = self.selection
        if not selection.pair:
            return "Comparison(no task)"
        old, new = selection.pair
        return f"Comparison({selection.name!r}, {old!r} → {new!r}, {counted(len(selection.versions), 'version')})"


class Columns(Panel):
    """Tasks beside each other, a column for each: only what differs, marked.

    Parameters
    ----------
    tasks
        Two or more tasks, in the order of the columns.

    Attributes
    ----------
    tasks : tuple of FlyteTask
        The tasks.
    """

    def __init__(self, tasks: Sequence[FlyteTask]) -> None:
        self.tasks = tuple(tasks)
        pane = Pane()
        super().__init__([pane])
        pane.show_fitting(self.document)

    def document(self) -> Document:
        """Return the columns, for places without a kernel."""
        return describe_columns(self.tasks)

    def __repr__(self) -> str:
        names = list(dict.fromkeys(mask_identifier(task.name) for task in self.tasks))
        return f"Columns({counted(len(self.tasks), 'task')}: {listed(names, _NAMES_TOLD)})"


def history_of(versions: TaskCollection, name: str) -> Document:
    """Describe in a section what every version of a task changed.

    Parameters
    ----------
    versions
        The versions, oldest first.
    name
        What they are called where nothing can be told of them.
    """
    try:
        steps = history(versions)
    except DiffError as error:
        # Two tasks of one version have no place in a row; they can be compared all the same.
        return Document(name, blocks=[Paragraph(dim(str(error)))])
    # Without the name, which stands above, and without the steps, which are compared below.
    document = describe(steps)
    note = f"{counted(len(steps), 'version')}, {in_words(steps.order)}"
    section = Section("History", note, [*map(Paragraph, document.lines), *document.blocks])
    return Document("", sections=[section], subjects=document.subjects)


def compare(*tasks: object, name: str | None = None) -> Comparison | Columns:
    """Put tasks beside each other, or choose two versions of a task with pickers.

    Parameters
    ----------
    *tasks
        Two or more tasks, of one name or not, or one list of them: each is a column. A collection: its versions are
        chosen with pickers and a slider over the history.
    name
        Of a collection, the task to begin with; None takes the one with the most versions.

    Returns
    -------
    Comparison or Columns
        A widget. The ``pair`` of a ``Comparison`` can be read, set and observed.

    Raises
    ------
    ModelTypeError
        ``tasks`` are no tasks.
    TaskNotFoundError
        No task is called ``name``.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> ftn.compare(ftn.TaskCollection())
    Comparison(no task)
    """
    *_, last = tasks or (None,)
    if isinstance(last, str) and name is None and len(tasks) == _PAIR:
        # A collection and a name, one after the other.
        name, tasks = last, tasks[:1]
    given: object = tasks[0] if len(tasks) == 1 else list(tasks)
    if isinstance(given, list | tuple) and len(given) > 1 and name is None:
        return Columns([as_task(task, f"tasks[{place}]") for place, task in enumerate(given)])
    return Comparison(as_collection(given), name)
