"""Names of tasks: a bare one where that leaves no doubt, else ``project/domain/name``."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from flytetask_nb.errors import TaskNotFoundError
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.messages import quoted
from flytetask_nb.models.order import natural_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAMES_SHOWN: Final = 5
_PARTS: Final = 3

Place = tuple[str, str]


def said(project: str, domain: str) -> Place:
    """Return where a task is, each part empty where it does not say it."""
    return project if is_filled_in(project) else "", domain if is_filled_in(domain) else ""


def are_one_place(places: Iterable[Place]) -> bool:
    """Tell whether tasks of these projects and domains can be in one place: what one does not say fits any."""
    known = list(places)
    return all(len({place[part] for place in known} - {""}) <= 1 for part in (0, 1))


class NameIndex:
    """Finds tasks by name.

    Tasks of one name are versions of one task unless they say that they are in several projects or domains: then each
    place has a task of its own, under ``project/domain/name``.
    """

    def __init__(self, projects: Sequence[str], domains: Sequence[str], names: Sequence[str]) -> None:
        self._columns = projects, domains
        self._by_name: dict[str, list[int]] = {}
        for position, name in enumerate(names):
            self._by_name.setdefault(name, []).append(position)
        self._parted: dict[str, dict[Place, list[int]]] = {}
        for name, positions in self._by_name.items():
            if len({(projects[position], domains[position]) for position in positions}) > 1:
                parted: dict[Place, list[int]] = {}
                for position in positions:
                    parted.setdefault(said(projects[position], domains[position]), []).append(position)
                if not are_one_place(parted):
                    self._parted[name] = parted

    @cached_property
    def groups(self) -> dict[str, list[int]]:
        """The positions of each task's versions, by the name under which it is found."""
        groups: dict[str, list[int]] = {}
        for name, positions in self._by_name.items():
            parted = self._parted.get(name, {})
            groups |= {_key(place, name): some for place, some in parted.items()} or {name: positions}
        return groups

    @property
    def names(self) -> list[str]:
        """The names under which tasks are found, in natural order."""
        return sorted(self.groups, key=natural_key)

    def __len__(self) -> int:
        return len(self._by_name) - len(self._parted) + sum(map(len, self._parted.values()))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._by_name or bool(self._elsewhere(name)))

    def name_of(self, project: str, domain: str, name: str) -> str:
        """Return the name under which a task is found."""
        return _key(said(project, domain), name) if name in self._parted else name

    def positions(self, name: str) -> list[int]:
        """Return where the versions of a task are.

        ``name``: the task's own name, or ``project/domain/name``. A name may hold slashes: the whole text is tried
          first.
        Raises TaskNotFoundError: no task is called so, or several are: the error lists what could be meant.
        """
        if name in self._parted:
            keys = [_key(place, name) for place in sorted(self._parted[name])]
            more = ", …" if len(keys) > _NAMES_SHOWN else ""
            raise TaskNotFoundError(
                f"{quoted(name)} is the name of tasks in {len(keys)} places; "
                f"give one of {quoted(*keys[:_NAMES_SHOWN])}{more}"
            )
        positions = self._by_name.get(name) or self._elsewhere(name)
        if not positions:
            raise TaskNotFoundError(self._missing(name))
        return positions

    def _elsewhere(self, key: str) -> list[int]:
        """Find ``project/domain/name``."""
        parts = key.split("/", _PARTS - 1)
        if len(parts) < _PARTS:
            return []
        *place, name = parts
        if name in self._parted:
            return self._parted[name].get((place[0], place[1]), [])
        positions = self._by_name.get(name, [])
        # What says nothing of its place is where the other versions are.
        projects, domains = self._columns
        places = {said(projects[position], domains[position]) for position in positions}
        known = [{at[part] for at in places} - {""} for part in (0, 1)]
        return positions if known == [{part} - {""} for part in place] else []

    def _missing(self, name: str) -> str:
        names = self.names
        near = near_names(name, names)
        if not names:
            return f"no task is called {name!r}: this collection is empty"
        if near:
            return f"no task is called {name!r}; did you mean {', '.join(map(repr, near))}?"
        more = f", … {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
        return f"no task is called {name!r}; there are {quoted(*names[:_NAMES_SHOWN])}{more}"


def _key(place: Place, name: str) -> str:
    return f"{place[0]}/{place[1]}/{name}"


def near_names(name: str, names: Sequence[str]) -> list[str]:
    """Return the few names that could be meant by one that is not among them, the likeliest first."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for an error

    near = get_close_matches(name, names, n=_NAMES_SHOWN, cutoff=0.5)
    return near or [other for other in names if name.casefold() in other.casefold()][:_NAMES_SHOWN]
