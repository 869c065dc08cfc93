"""``%flyte_diff``, ``%flyte_plan`` and ``%%flyte_check``."""

from __future__ import annotations

import shlex
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from flytetask_nb.collection import TaskCollection
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.models.coercion import each_task

_LEAST = 2


@magics_class
class FlyteMagics(Magics):  # type: ignore[misc, unused-ignore]
    """The magics; what they are given are names in the notebook, or sources as ``load`` takes them."""

    @line_magic
    def flyte_diff(self, line: str) -> Any:
        """``%flyte_diff OLD NEW [NAME]``: what changed between two tasks, or in a task of two sources."""
        from flytetask_nb.diffs import diff, plan  # noqa: PLC0415 - loads the diffs

        words = self._words(line, "%flyte_diff OLD NEW [NAME]", _LEAST + 1)
        old, new = (self._value(word) for word in words[:_LEAST])
        if len(words) > _LEAST:
            old, new = (TaskCollection(side)[words[_LEAST]] for side in (old, new))
        elif isinstance(old, TaskCollection) or isinstance(new, TaskCollection):
            return plan(new, old)
        return diff(old, new)

    @line_magic
    def flyte_plan(self, line: str) -> Any:
        """``%flyte_plan LOCAL REMOTE``: a dry run of registration."""
        from flytetask_nb.diffs import plan  # noqa: PLC0415 - loads the diffs

        return plan(*(self._value(word) for word in self._words(line, "%flyte_plan LOCAL REMOTE", _LEAST)))

    @cell_magic
    def flyte_check(self, line: str, cell: str) -> Any:
        """``%%flyte_check``: runs the cell, and tells what registration would refuse of the tasks that it defines."""
        from flytetask_nb.semantics import check  # noqa: PLC0415 - loads the rules

        if line.strip():
            raise UsageError("%%flyte_check takes nothing behind it")
        shell: Any = self.shell
        before = dict(shell.user_ns)
        if not shell.run_cell(cell).success:
            return None
        defined = [
            value
            for name, value in shell.user_ns.items()
            if not name.startswith("_") and (name not in before or before[name] is not value)
        ]
        tasks = [task for value in defined for task in _tasks_of(value)]
        if not tasks:
            raise UsageError("the cell defines no task")
        return check(tasks[0]) if len(tasks) == 1 else check(tasks)

    def _words(self, line: str, usage: str, most: int) -> list[str]:
        words = shlex.split(line)
        if not _LEAST <= len(words) <= most:
            raise UsageError(f"usage: {usage}")
        return words

    def _value(self, word: str) -> Any:
        """Return what a name or an expression of the notebook stands for; what is none is a source."""
        from flytetask_nb.command_line.inputs import tasks_of  # noqa: PLC0415 - reads sources

        shell: Any = self.shell
        try:
            return eval(word, shell.user_global_ns, shell.user_ns)  # noqa: S307 - the user's own, in their notebook
        except Exception:  # noqa: BLE001 - whatever is no expression
            try:
                return tasks_of(word)
            except FlyteTaskError as error:
                raise UsageError(str(error)) from None


def _tasks_of(value: Any) -> list[Any]:
    if type(value).__module__.partition(".")[0] in {"builtins", "flytetask_nb"} and not hasattr(value, "interface"):
        return []
    try:
        return [*each_task(value)]
    except Exception:  # noqa: BLE001 - whatever is no task
        return []
