"""A task in tabs, and pickers to go from one task of a collection to another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ipywidgets import Dropdown, HBox, Layout, Select, Tab, Text, VBox
from traitlets import Instance, link

from flytetask_nb.collection import TaskCollection
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.version_order import in_words
from flytetask_nb.semantics import check, hydrate
from flytetask_nb.views import describe
from flytetask_nb.views.document import Document, Paragraph, dim
from flytetask_nb.views.effective_resources import PLATFORM_RESOURCES, effective_resources_blocks
from flytetask_nb.views.findings import count_words
from flytetask_nb.views.raw_forms import RAW_FORMS, raw_text
from flytetask_nb.views.wording import counted
from flytetask_nb.widgets.panes import FOUND, SEARCH, CopyBox, Pane, Panel, displayed, group, offer, option_layout
from flytetask_nb.widgets.selection import NAMES_SHOWN, TaskSelection, as_collection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flytetask_nb.views.document import Block

__all__ = ["TABS", "TaskPanel", "head_of", "panel"]

TABS: Final[dict[str, tuple[str, ...]]] = {
    "Interface": ("Interface",),
    "Metadata": ("Metadata",),
    "Resources": ("Resources",),
    "Execution": ("Execution", "Plugin"),
    "Security": ("Security",),
    "Source": ("Source",),
    "Raw": (),
}
"""The tabs, and the sections of a task's description that each of them shows."""

_RESOURCES, _RAW = "Resources", "Raw"
_PLATFORM_HINTS: Final = {"cpu": "e.g. 500m", "memory": "e.g. 1Gi", "ephemeral-storage": "e.g. 10Gi", "gpu": "e.g. 1"}
_WIDE: Final = "18em"
_ROWS: Final = 12
"""Names that are seen at once."""


class TaskPanel(Panel):
    """A task in tabs: interface, metadata, resources, execution, security, source, raw.

    Parameters
    ----------
    tasks
        The collection to choose from; of a single task, there is nothing to choose and no picker.

    Attributes
    ----------
    task : FlyteTask or None
        The task on screen. Can be read, observed and set, to any task.
    tasks : TaskCollection
        What is chosen from. Can be set as well.
    selection : TaskSelection
        The state behind the pickers: name, version and search.
    """

    task = Instance(FlyteTask, allow_none=True)
    tasks = Instance(TaskCollection)

    def __init__(self, tasks: TaskCollection) -> None:
        self.selection = TaskSelection(tasks)
        self._search = Text(
            description="Search", placeholder="name, type, image, input or output", layout=option_layout("36em")
        )
        self._names = Select(description="Task", rows=_ROWS, layout=option_layout("36em"))
        self._versions = Dropdown(description="Version", layout=option_layout(_WIDE))
        self._count = Pane()
        # What is searched for comes first for who goes from control to control by keys.
        self._search.add_class(SEARCH)
        self._names.add_class(FOUND)
        self._pickers = HBox(
            [VBox([self._search, self._names]), VBox([self._versions, self._count])],
            layout=Layout(flex_flow="row wrap"),
        )
        self._head = Pane()
        self._panes = {title: Pane() for title in TABS if title != _RAW}
        self._amounts = {
            (side, resource): Text(
                description=resource,
                placeholder=_PLATFORM_HINTS[resource],
                continuous_update=False,
                style={"description_width": "10em"},
                layout=option_layout(_WIDE),
            )
            for side in ("defaults", "limits")
            for resource in PLATFORM_RESOURCES
        }
        self._effective = Pane()
        self._form = Dropdown(description="Form", options=tuple(RAW_FORMS), layout=option_layout(_WIDE))
        self._raw = CopyBox()
        self._tabs = Tab([self._tab(title) for title in TABS], titles=tuple(TABS), selected_index=0)
        super().__init__([self._pickers, self._head, self._tabs])
        link((self.selection, "task"), (self, "task"))
        link((self.selection, "tasks"), (self, "tasks"))
        self._react()
        self._show_choice(None)
        self._show_task(None)

    def _tab(self, title: str) -> Any:
        if title == _RAW:
            return VBox([self._form, self._raw])
        if title != _RESOURCES:
            return self._panes[title]
        fields = [
            group(f"Platform {side}", [self._amounts[side, resource] for resource in PLATFORM_RESOURCES])
            for side in ("defaults", "limits")
        ]
        return VBox([self._panes[title], self._effective, HBox(fields, layout=Layout(flex_flow="row wrap"))])

    def _react(self) -> None:
        """Connect controls with the state, and the state with what is on screen."""
        for trait, control in (("query", self._search), ("name", self._names), ("version", self._versions)):
            self.sets_trait(control, self.selection, trait)
        self._search.on_msg(self.guarded(self._take_search))
        self.selection.observe(self._show_choice, ["names", "name", "versions", "version", "tasks"])
        self.selection.observe(self._show_task, "task")
        self._tabs.observe(self.guarded(self._show_tab), "selected_index")
        for field in (self._form, *self._amounts.values()):
            self.on_value(field, self._show_tab)

    def _take_search(self, _search: Any, content: Any, _buffers: Any) -> None:
        """Go to the first task that is found, once Enter is pressed."""
        if content.get("event") == "submit":
            self.selection.pick_first()

    # -- from the state to the screen --------------------------------------------------------------------------------

    def _show_choice(self, _change: Any) -> None:
        selection = self.selection
        with self.updating():
            self._search.value = selection.query
            offer(self._names, selection.names, selection.name)
            offer(self._versions, selection.versions, selection.version)
            matching = selection.matching
            words = counted(matching, "name")
            if matching > NAMES_SHOWN:
                words += f", the first {NAMES_SHOWN} are listed: search for others"
            if selection.name and selection.name not in selection.names:
                words += f" · the task below, {selection.name}, is not among them"
            if len(selection.versions) > 1:
                words += f" · {counted(len(selection.versions), 'version')}, {in_words(selection.order)}"
            self._count.show_part(Paragraph(dim(words)))
            self._pickers.layout.display = displayed(len(selection.tasks) > 1)

    def _show_task(self, _change: Any) -> None:
        self._head.show_fitting(lambda: head_of(self.selection.task))
        self._show_tab(None)

    def _show_tab(self, _change: Any) -> None:
        """Bring the tab that is on screen up to date; the others follow when they are looked at."""
        title = list(TABS)[self._tabs.selected_index or 0]
        task = self.selection.task
        if title == _RAW:
            form = self._form.value
            self._raw.show(form, "" if task is None else raw_text(task, form))
            return
        self._panes[title].show_fitting(lambda: Document("", blocks=self._blocks(title)), self._head)
        if title == _RESOURCES and task is not None:
            self._effective.show_part(
                *effective_resources_blocks(task, self.platform("defaults"), self.platform("limits"))
            )

    def platform(self, side: str) -> Mapping[str, str]:
        """Return the platform's ``defaults`` or ``limits`` as they were typed, by resource."""
        values = {resource: self._amounts[side, resource].value.strip() for resource in PLATFORM_RESOURCES}
        return {resource: value for resource, value in values.items() if value}

    def _blocks(self, title: str) -> list[Block]:
        task = self.selection.task
        sections = {} if task is None else {section.title: section for section in describe(task).sections}
        blocks = [block for part in TABS[title] if part in sections for block in sections[part].blocks]
        return blocks or [Paragraph(dim("Nothing is set here."))]

    # -- without a kernel --------------------------------------------------------------------------------------------

    def document(self) -> Document:
        """Return the task with its findings, for places without a kernel."""
        task = self.selection.task
        document = head_of(task)
        if task is not None:
            document = replace(document, sections=[*describe(task).sections, *document.sections])
        return document

    def __repr__(self) -> str:
        task = self.selection.task
        if task is None:
            return "TaskPanel(no task)"
        count = len(self.selection.tasks)
        beside = f", one of {counted(count, 'task')}" if count > 1 else ""
        return f"TaskPanel({task.name!r}, version={task.id.version!r}{beside})"


def head_of(task: FlyteTask | None) -> Document:
    """Describe a task by its name, summary and findings: what stands above all else that is said of it."""
    if task is None:
        return Document("No task", "the collection is empty")
    document = describe(task)
    filled, is_filled_in = _as_registered(task)
    checked = check(filled)
    findings = describe(checked)
    words = count_words(checked)
    words += ["checked with what registration will fill in"] if is_filled_in else []
    badges = [piece for line in findings.lines for piece in (line if isinstance(line, list) else [line])]
    verdict = [*badges, *([dim(f" {' · '.join(words)}")] if words else [])]
    return replace(
        document,
        lines=[*document.lines, verdict],
        sections=[replace(section, is_open=False) for section in findings.sections],
    )


def _as_registered(task: FlyteTask) -> tuple[FlyteTask, bool]:
    """Return a task with what it lacks until it is registered, so that a check finds only what would stay wrong."""
    if all(map(is_filled_in, (task.id.project, task.id.domain, task.id.version))):
        return task, False
    filled = hydrate(
        task,
        project="project",
        domain="domain",
        version="version",
        source_uploaded_location="uploaded",
        destination_directory="unpacked",
    )
    return FlyteTask.from_flyte_idl(filled), True


def panel(tasks: object) -> TaskPanel:
    """Show a task in tabs; of a collection, with pickers for name and version.

    Parameters
    ----------
    tasks
        A task, a collection, or a list of tasks: whatever ``TaskCollection`` takes.

    Returns
    -------
    TaskPanel
        A widget. Its ``task`` can be read, set and observed.

    Raises
    ------
    ModelTypeError
        ``tasks`` is neither a task nor tasks.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> panel = ftn.panel(ftn.load("archives/2026.10.tgz", version="2026.10"))
    >>> panel.selection.name = "shops.ingest.daily_sales"
    >>> panel.task.type
    'warehouse_query'
    """
    return TaskPanel(as_collection(tasks))
