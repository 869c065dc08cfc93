"""What the tasks of one release have in common, for those that are taken out of a collection of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2

from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.name_index import said
from flytetask_nb.models.version_order import LOADING
from flytetask_nb.semantics.task_container import task_image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.models.origins import Origin


class Fellows:
    """The tasks of a collection, for what those of one release have in common.

    Parameters
    ----------
    tasks
        ``TaskSpec`` messages, serialized or not.
    origins
        Where each comes from.
    place_of
        Tells the place of a task among the versions of it, from 1, the oldest; how many there are; and what that
        order rests on.
    """

    __slots__ = ("_origins", "_place_of", "_tags", "_tasks")

    def __init__(
        self,
        tasks: Sequence[Any],
        origins: Sequence[Origin | str],
        place_of: Callable[[FlyteTask], tuple[int, int, str]] | None = None,
    ) -> None:
        self._tasks = tasks
        self._origins = origins
        self._place_of = place_of
        self._tags: dict[tuple[str, ...], dict[str, str]] | None = None

    def ordered_by(self, place_of: Callable[[FlyteTask], tuple[int, int, str]]) -> Fellows:
        """Return the same tasks under another order of their versions."""
        return Fellows(self._tasks, self._origins, place_of)

    def place_of(self, task: FlyteTask) -> tuple[int, int, str]:
        """Return the place of a task among its versions, how many there are, and what the order rests on.

        Parameters
        ----------
        task
            A task that was taken out of the collection.

        Returns
        -------
        (int, int, str)
            Counted from 1, the oldest; the order is one of ``flytetask_nb.models.version_order.ORDERS``. ``(1, 1,
            "loading")`` where nothing is known of others.
        """
        return (1, 1, LOADING) if self._place_of is None else self._place_of(task)

    def tags_beside(self, task: FlyteTask) -> Mapping[str, str]:
        """Return the tags of the images of the release that a task belongs to, by the tasks' names."""
        if self._tags is None:
            from flytetask_nb.semantics.images import image_reference  # noqa: PLC0415 - its pattern costs time

            self._tags = {}
            for fellow, origin in zip(self._tasks, self._origins, strict=True):
                template = (task_pb2.TaskSpec.FromString(fellow) if isinstance(fellow, bytes) else fellow).template
                source = origin if isinstance(origin, str) else origin.source
                reference = image_reference(task_image(template))
                if reference is not None and reference.tag:
                    release = self._tags.setdefault(_release(template.id, source), {})
                    release[template.id.name] = reference.tag
        project, domain, *label = _release(task._message.template.id, task.source)
        # Of a task that was given a place later, the others beside it still say none.
        return self._tags.get((project, domain, *label)) or self._tags.get(("", "", *label)) or {}


def _release(identifier: Any, source: str | None) -> tuple[str, ...]:
    """Return what tasks of one release share: place and version, or where they have none the archive or folder."""
    if is_filled_in(identifier.version):
        return *said(identifier.project, identifier.domain), identifier.version
    file, mark, _ = (source or "").partition("!")
    return "", "", "", file if mark else file.replace("\\", "/").rpartition("/")[0]
