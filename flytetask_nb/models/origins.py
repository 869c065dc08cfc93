"""What is known of a task beside its message: where it came from, what its source said of it, and what it leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.errors import ModelValueError
from flytetask_nb.models.plain_values import utc_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from flytetask_nb.models.order import Rank

DESCRIPTION: Final = "description"
"""Path of what its author says of a task: it stands beside the template, and Admin keeps it elsewhere."""

UNTOLD_BY_TEMPLATES: Final = frozenset({DESCRIPTION})
"""Paths of what a template by itself leaves out."""

UNTOLD_BY_FLYTECTL: Final = frozenset({"k8s_pod.primary_container_name", "k8s_pod.data_config"})
"""Paths of what flytectl drops when it registers a pod, whose spec it rewrites; data_config only before 1.13.1."""

UNTOLD_BY_SERVERS: Final = UNTOLD_BY_TEMPLATES | UNTOLD_BY_FLYTECTL
"""Paths of what an answer of Admin's leaves out: no description, and a pod as whatever tool registered it."""

_TAGS: Final = "description.tags"
"""What Admin's description entities leave out (flyteadmin/pkg/repositories/transformers/description_entity.go)."""


class Origin:
    """What is known of a task beside its message: where it came from, and what its source said of it.

    ``untold`` are the paths of what a source of that kind leaves out: where nothing stands there, that says nothing.
    ``is_draft`` tells that the task is not registered yet: what only registration can know is a placeholder.
    """

    __slots__ = (
        "console",
        "created_at",
        "is_draft",
        "note",
        "python_interface",
        "rank",
        "short_description",
        "should_register",
        "source",
        "untold",
    )

    def __init__(
        self,
        *,
        source: str | None = None,
        created_at: datetime | None = None,
        short_description: str | None = None,
        note: str | None = None,
        should_register: bool = False,
        python_interface: object = None,
        console: str | None = None,
        rank: Rank | None = None,
        untold: frozenset[str] = frozenset(),
        is_draft: bool = False,
    ) -> None:
        self.console = console
        self.source = source
        self.created_at = created_at
        self.short_description = short_description
        self.note = note
        self.should_register = should_register
        self.python_interface = python_interface
        self.rank = rank
        self.untold = untold
        self.is_draft = is_draft

    @property
    def is_dated(self) -> bool:
        """Whether the source said when the task was registered."""
        return self.created_at is not None

    def but(self, **changes: Any) -> Origin:
        """Return a changed copy."""
        return Origin(**(self._known() | changes))

    def _known(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Origin.__slots__}

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._known(),)


def _restore(known: dict[str, Any]) -> Origin:
    return Origin(**known)


NOWHERE: Final = Origin()
"""Of a task that was made by hand, or of which nothing is known."""


def origin_of(place: Origin | str) -> Origin:
    """Return what is known of a task beside its message, where of most only the source is kept."""
    return Origin(source=place) if isinstance(place, str) else place


def registered_at(message: Any, field: str) -> tuple[datetime | None, str | None]:
    """Return when something was registered, and what is to be noted of that.

    ``message``: what holds the timestamp, if there is one.
    ``field``: its name there.
    Returns tuple of datetime and str: in UTC. Outside the years 1 to 9999 there is no time, but a note that says so.
    """
    if not message.HasField(field):
        return None, None
    try:
        return utc_datetime(getattr(message, field), field), None
    except ModelValueError as error:
        return None, str(error)


def still_untold(untold: frozenset[str], changes: Iterable[str], message: Any) -> frozenset[str]:
    """Return what a task still does not tell once some of its fields were given."""
    given = {"docs": DESCRIPTION, "template": "k8s_pod"}
    heads = {given.get(name, name) for name in changes}
    kept = frozenset(path for path in untold if path.partition(".")[0] not in heads)
    # An entity with an id is one of a server's.
    return kept | {_TAGS} if "docs" in changes and message.description.HasField("id") else kept
