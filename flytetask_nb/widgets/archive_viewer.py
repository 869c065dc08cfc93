"""Archives from the reader's own machine: dropped into the page, looked at, compared."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from ipywidgets import Button, FileUpload, HBox, Layout, Tab, Text, VBox
from traitlets import Instance

from flytetask_nb.collection import TaskCollection
from flytetask_nb.sources import load
from flytetask_nb.sources.client import connect
from flytetask_nb.views.document import Badge, Document, Notice, Paragraph, dim
from flytetask_nb.views.excerpts import start_of
from flytetask_nb.views.wording import counted, listed
from flytetask_nb.widgets.comparison import Comparison
from flytetask_nb.widgets.explorer import Explorer
from flytetask_nb.widgets.panes import HIDDEN, Pane, Panel, displayed, option_layout
from flytetask_nb.widgets.task_panel import TaskPanel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flytetask_nb.views.document import Block

__all__ = ["ArchiveViewer", "ExplorerApp"]

_SUFFIXES: Final = (".tar.gz", ".tgz", ".tar", ".pb", ".json", ".yaml", ".yml")
_FAILURES_SHOWN: Final = 5
_FAILURE_BUDGET: Final = 600
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1"})


class ArchiveReader(Panel):
    """Tasks of archives that a reader brings along.

    Parameters
    ----------
    shown
        What shows them; hidden while there are none.
    controls
        What stands beside the buttons.

    Attributes
    ----------
    tasks : TaskCollection
        The tasks of all archives that were read. Can be set and observed.
    """

    tasks = Instance(TaskCollection)

    def __init__(self, shown: Any, controls: Sequence[Any] = ()) -> None:
        self._archives: dict[str, TaskCollection] = {}
        self._upload = FileUpload(
            description="Add archives",
            tooltip="Archives of pyflyte package, or .pb, .json and .yaml files",
            accept=",".join(_SUFFIXES),
            multiple=True,
            layout=Layout(width="14em"),
        )
        self._clear = Button(description="Remove all", tooltip="Forget every archive", layout=Layout(width="10em"))
        self._reject = Button(
            description="Remove rejected",
            tooltip="Forget the files without tasks",
            layout=Layout(width="12em", display=HIDDEN),
        )
        self._status = Pane()
        self._shown = shown
        self._shown.layout.display = HIDDEN
        buttons = [self._upload, self._clear, self._reject, *controls]
        super().__init__([HBox(buttons, layout=Layout(flex_flow="row wrap")), self._status, shown])
        self.on_value(self._upload, self._add)
        self._clear.on_click(self.guarded(lambda _button: self._remove_all()))
        self._reject.on_click(self.guarded(lambda _button: self._remove_rejected()))
        self.observe(self._show_tasks, "tasks")
        self.tasks = TaskCollection()

    def add(self, name: str, data: bytes) -> None:
        """Read one more archive; one of the same name is replaced.

        Parameters
        ----------
        name
            The file's name. Tasks without a version take it, without its suffix, for one.
        data
            Its content. What cannot be read in it is shown as a failure; the rest is kept.
        """
        self._add([{"name": name, "content": data}])

    def _add(self, files: Iterable[Any]) -> None:
        for file in files:
            name = str(file["name"])
            stream = io.BytesIO(bytes(file["content"]))
            stream.name = name
            self._archives[name] = load(stream, version=_stem, errors="collect")
        self._gather()

    def _remove_all(self) -> None:
        self._archives.clear()
        with self.updating():
            self._upload.value = ()
        self._gather()

    @property
    def _rejected(self) -> list[str]:
        """The files in which there is no task."""
        return [name for name, tasks in self._archives.items() if not len(tasks)]

    def _remove_rejected(self) -> None:
        for name in self._rejected:
            del self._archives[name]
        self._gather()

    def _gather(self) -> None:
        self._reject.layout.display = displayed(bool(self._rejected))
        collections = list(self._archives.values())
        self.tasks = sum(collections[1:], collections[0]) if collections else TaskCollection()
        # What failed is no part of what makes two collections equal, so that alone would tell nobody.
        self._status.show_part(*self._report())

    def _show_tasks(self, _change: Any) -> None:
        self._status.show_part(*self._report())
        self.show_tasks()
        self._shown.layout.display = displayed(len(self.tasks) > 0)

    def show_tasks(self) -> None:
        """Show other tasks than before."""
        raise NotImplementedError

    def _report(self) -> list[Block]:
        tasks = self.tasks
        if not self._archives and not tasks:
            return [Paragraph(dim("Add one or several archives: each of them is a version of its tasks."))]
        rejected = {name: self._archives[name].failures for name in self._rejected}
        names = listed([start_of(name, 200) for name in self._archives if name not in rejected])
        counts = f"{counted(len(tasks), 'task')} of {counted(len(tasks.names), 'name')}"
        blocks: list[Block] = [Paragraph(f"{counts} from {names}" if names else counts)]
        for name, why in rejected.items():
            reason = why[0].reason if why else "it holds no task"
            blocks.append(_notice("rejected", f"{start_of(name, 200)} is no archive of tasks: {reason}"))
        of_rejected = {failure for why in rejected.values() for failure in why}
        failures = [failure for failure in tasks.failures if failure not in of_rejected]
        blocks += [_notice("not read", str(failure)) for failure in failures[:_FAILURES_SHOWN]]
        if len(failures) > _FAILURES_SHOWN:
            blocks.append(Paragraph(dim(f"… {len(failures) - _FAILURES_SHOWN:,} more that could not be read")))
        return blocks

    def document(self) -> Document:
        """Return what was read, for places without a kernel."""
        return Document("Archives", blocks=self._report())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({counted(len(self._archives), 'archive')}, {counted(len(self.tasks), 'task')})"


class ArchiveViewer(ArchiveReader):
    """Archives of a reader's: one panel to look at their tasks, one to compare their versions."""

    def __init__(self) -> None:
        self.panel = TaskPanel(TaskCollection())
        self.comparison = Comparison(TaskCollection())
        super().__init__(Tab([self.panel, self.comparison], titles=("Look", "Compare")))

    def show_tasks(self) -> None:
        """Show other tasks than before."""
        self.panel.tasks = self.tasks
        self.comparison.tasks = self.tasks


class ExplorerApp(ArchiveReader):
    """An explorer of archives that a reader brings along, or of a cluster."""

    def __init__(self) -> None:
        self.explorer: Explorer | None = None
        self._address = Text(
            description="Cluster", placeholder="flyte.example.com:443", continuous_update=False, layout=option_layout()
        )
        self._connect = Button(description="Connect", layout=Layout(width="8em"))
        super().__init__(VBox(), [self._address, self._connect])
        self._connect.on_click(self.guarded(lambda _button: self.open_cluster()))

    def show_tasks(self) -> None:
        """Show other tasks than before."""
        self._explore(self.tasks if len(self.tasks) else None)

    def open_cluster(self) -> None:
        """Explore the cluster whose address was typed in; this machine is spoken to without TLS."""
        address = self._address.value.strip()
        is_here = address.partition(":")[0] in _THIS_MACHINE
        self._explore(connect(address, insecure=True if is_here else None))
        self._shown.layout.display = None

    def _explore(self, source: object) -> None:
        if self.explorer is not None:
            self.explorer.close()
        self.explorer = None if source is None else Explorer(source)
        self._shown.children = () if self.explorer is None else (self.explorer,)


def _notice(word: str, text: str) -> Notice:
    return Notice(Badge("breaking", "✗", word), start_of(text, _FAILURE_BUDGET))


def _stem(name: str) -> str:
    return next((name[: -len(suffix)] for suffix in _SUFFIXES if name.lower().endswith(suffix)), name)
