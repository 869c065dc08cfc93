"""Tasks of a cluster as a source: ``admin://[endpoint]/project/domain[/name[@version]]``.

The connection is the one that ``connect`` finds. ``flyte://`` is not taken: it is flytekit's own file system.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.collection import Failure, TaskRecord
from flytetask_nb.errors import FlyteTaskError, LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEME: Final = "admin://"
_EXPECTED: Final = "admin://[endpoint]/project/domain[/name[@version]]"
_FEWEST, _MOST = 2, 3


def is_admin_address(name: str) -> bool:
    """Tell whether a text names tasks of a cluster."""
    return name.startswith(_SCHEME)


class AdminAddress(NamedTuple):
    """Tasks of a cluster; what is not said is empty."""

    endpoint: str
    project: str
    domain: str
    name: str = ""
    version: str = ""


def admin_address(text: str) -> AdminAddress:
    """Take an address apart.

    Raises LoadError: it is none.
    """
    endpoint, *parts = text.removeprefix(_SCHEME).split("/", _MOST)
    if not _FEWEST <= len(parts) <= _MOST or not all(parts[:_FEWEST]):
        raise LoadError(f"this names no tasks of a cluster; expected {_EXPECTED}")
    name, _, version = (parts[_FEWEST] if len(parts) == _MOST else "").partition("@")
    return AdminAddress(endpoint, parts[0], parts[1], name, version)


@dataclass(frozen=True)
class RegisteredTasks:
    """The tasks that an address names, asked for when they are looked at.

    ``address``: as the user wrote it.
    """

    address: str

    def __iter__(self) -> Iterator[TaskRecord | Failure]:
        from flytetask_nb.sources.client import connect  # noqa: PLC0415 - needs an extra

        place = admin_address(self.address)
        try:
            with connect(place.endpoint or None) as remote:
                tasks: Any
                if place.version:
                    tasks = [remote.fetch_task(place.project, place.domain, place.name, place.version)]
                elif place.name:
                    tasks = remote.versions(place.name, place.project, place.domain)
                else:
                    tasks = remote.list_tasks(place.project, place.domain)
        except FlyteTaskError as error:
            raise LoadError(str(error)) from error
        for task in tasks:
            yield TaskRecord(task.serialize_to_string(), task._origin)
        yield from getattr(tasks, "failures", ())
