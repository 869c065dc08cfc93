"""What tells the tasks of a collection apart, and which of them are older. Read once, when it is first asked for."""

from __future__ import annotations

import sys
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

from flyteidl.admin import task_pb2

from flytetask_nb.errors import ModelValueError, TaskNotFoundError
from flytetask_nb.models.messages import quoted
from flytetask_nb.models.name_index import NameIndex
from flytetask_nb.models.version_order import LOADING, ORDERS, by_age, order_of, version_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.models.order import Rank
    from flytetask_nb.models.origins import Origin

_COLUMNS: Final = ("project", "domain", "name", "version", "type")
_VERSION: Final = _COLUMNS.index("version")
_VERSIONS_SHOWN: Final = 5


class TaskIndex:
    """Finds tasks by name and version.

    ``data``: a serialized ``TaskSpec`` each. What knows the identity of its tasks without them has it as ``identity``.
    ``origins``: where each comes from.
    """

    __slots__ = ("_ages", "_columns", "_data", "_names", "_orders", "_origins")

    def __init__(self, data: Sequence[bytes], origins: Sequence[Origin | str]) -> None:
        self._data = data
        self._origins = origins
        self._columns: tuple[list[str], ...] | None = None
        self._names: NameIndex | None = None
        self._orders: dict[str, int] | None = None
        self._ages: dict[str, tuple[list[int], str]] = {}

    def with_origins(self, origins: Sequence[Origin | str]) -> TaskIndex:
        """Return the index of the same tasks from elsewhere."""
        made = TaskIndex(self._data, origins)
        made._columns, made._names = self._columns, self._names
        return made

    @property
    def columns(self) -> tuple[list[str], ...]:
        """Project, domain, name, version and type of each task; empty where it is not set."""
        if self._columns is None:
            known: tuple[list[str], ...] | None = getattr(self._data, "identity", None)
            self._columns = _columns_of(self._data) if known is None else known
        return self._columns

    def column(self, name: str) -> list[str]:
        """Return one of the columns.

        Raises ModelValueError: there is none of that name.
        """
        if name not in _COLUMNS:
            raise ModelValueError(f"there is no column {name!r}; there are {', '.join(_COLUMNS)}")
        return self.columns[_COLUMNS.index(name)]

    @property
    def names(self) -> NameIndex:
        """The tasks by name."""
        if self._names is None:
            self._names = NameIndex(*self.columns[:3])
        return self._names

    def labels(self) -> list[str]:
        """Return what an order calls each task by: its version, else the name of its file."""
        origins = (origin if isinstance(origin, str) else origin.source for origin in self._origins)
        return list(map(version_label, self.columns[_VERSION], origins))

    # -- age -------------------------------------------------------------------------------------------------------

    def versions(self, name: str) -> list[int]:
        """Return where the versions of a task are, oldest first.

        Raises TaskNotFoundError: no task is called so, or several are.
        """
        return self._by_age(self.names.positions(name))

    def position(self, name: str, version: str) -> int:
        """Return where a version of a task is; of one that stands there twice, the newest.

        Raises TaskNotFoundError: there is none.
        """
        positions = self.versions(name)
        versions = self.columns[_VERSION]
        for position in reversed(positions):
            if versions[position] == version:
                return position
        known = list(dict.fromkeys(versions[position] for position in positions))[-_VERSIONS_SHOWN:]
        raise TaskNotFoundError(
            f"{quoted(name)} has no version {quoted(version)} here; the newest are {quoted(*known)}"
        )

    def newest(self) -> list[int]:
        """Return where the newest version of each task is, told apart by project, domain and name."""
        groups: dict[tuple[str, ...], list[int]] = {}
        for position, key in enumerate(zip(*self.columns[:3], strict=True)):
            groups.setdefault(key, []).append(position)
        return [self._by_age(positions)[-1] for positions in groups.values()]

    def newest_first(self, limit: int | None) -> list[int]:
        """Return where the newest version of each task is, then the next newest of each, and so on, so many at most."""
        chosen: list[int] = []
        groups = islice(self.names.groups.values(), limit)
        layer = [(self._by_age(positions), 1) for positions in groups]
        while layer and (limit is None or len(chosen) < limit):
            chosen += [aged[-age] for aged, age in layer]
            layer = [(aged, age + 1) for aged, age in layer if age < len(aged)]
        return chosen[:limit]

    def place_among_versions(self, task: FlyteTask) -> tuple[int, int, str]:
        """Return the place of a task among its versions, from 1, the oldest; their number; what tells the order."""
        identifier = task._message.template.id
        name = self.names.name_of(identifier.project, identifier.domain, identifier.name)
        positions = self.names.groups.get(name, [])
        versions = self.columns[_VERSION]
        alike = [position for position in positions if versions[position] == identifier.version]
        if len(alike) != 1:
            # Another task, or one of several that are called alike.
            return 1, 1, LOADING
        if name not in self._ages:
            self._ages[name] = self._by_age(positions), self._order_of(positions)
        aged, order = self._ages[name]
        return aged.index(alike[0]) + 1, len(positions), order

    def _by_age(self, positions: list[int]) -> list[int]:
        if len(positions) < 2:  # noqa: PLR2004 - nothing to order
            return positions
        origins = [self._origins[position] for position in positions]
        times = [None if isinstance(origin, str) else origin.created_at for origin in origins]
        order, _ = by_age(self._versions_at(positions), times, _ranks(origins))
        return [positions[place] for place in order]

    def _versions_at(self, positions: Iterable[int]) -> list[str]:
        versions = self.columns[_VERSION]
        return [versions[position] for position in positions]

    def orders(self) -> dict[str, int]:
        """Count the tasks of several versions by what the order of these rests on, the surest first."""
        if self._orders is None:
            self._orders = self.count_orders(least=2)
        return self._orders

    def count_orders(self, least: int) -> dict[str, int]:
        """Count the tasks of at least so many versions likewise."""
        groups = self.names.groups.values()
        counts = Counter(self._order_of(positions) for positions in groups if len(positions) >= least)
        return {order: counts[order] for order in ORDERS if counts[order]}

    def _order_of(self, positions: list[int]) -> str:
        origins = [self._origins[position] for position in positions]
        are_dated = all(not isinstance(origin, str) and origin.is_dated for origin in origins)
        return order_of(self._versions_at(positions), _ranks(origins), are_dated=are_dated)


def _ranks(origins: Iterable[Origin | str]) -> list[Rank | None]:
    return [None if isinstance(origin, str) else origin.rank for origin in origins]


def _columns_of(data: Iterable[bytes]) -> tuple[list[str], ...]:
    columns: tuple[list[str], ...] = tuple([] for _ in _COLUMNS)
    projects, domains, names, versions, types = columns
    parse = task_pb2.TaskSpec.FromString
    # Projects, domains and types are few, and versions are shared by all tasks of a release.
    intern = sys.intern
    for serialized in data:
        template = parse(serialized).template
        identifier = template.id
        projects.append(intern(identifier.project))
        domains.append(intern(identifier.domain))
        names.append(intern(identifier.name))
        versions.append(intern(identifier.version))
        types.append(intern(template.type))
    return columns
