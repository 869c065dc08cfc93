"""Lists of workflows and of launch plans that also say what could not be read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from flytetask_nb.models.launch_plans import LaunchPlan
from flytetask_nb.models.showing import Shown
from flytetask_nb.models.workflows import Workflow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flytetask_nb.collection import Failure

E = TypeVar("E")


class _LoadedList(list[E], Shown):
    """A plain list with what could not be read beside it; parts and sums of it are plain lists."""

    __slots__ = ("_failures", "_skipped")

    def __init__(
        self,
        items: Iterable[E] = (),
        *,
        failures: Iterable[Failure] = (),
        skipped: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(items)
        self._failures = tuple(failures)
        self._skipped = dict(skipped or {})

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What could not be read."""
        return self._failures

    @property
    def skipped(self) -> dict[str, int]:
        """How many entries of other kinds were passed over: ``{"tasks": 24, "launch plans": 7}``."""
        return dict(self._skipped)

    def __str__(self) -> str:
        return self.to_text()

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), failures=self._failures, skipped=self._skipped), ([*self],)


class WorkflowList(_LoadedList[Workflow]):
    """The workflows of some files: a list, with what could not be read in ``failures``."""

    __slots__ = ()


class LaunchPlanList(_LoadedList[LaunchPlan]):
    """The launch plans of some files: a list, with what could not be read in ``failures``."""

    __slots__ = ()
