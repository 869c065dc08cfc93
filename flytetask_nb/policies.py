"""What a team decided about changes: severities by rule, what fails a check, what was accepted, the platform's limits.

It stands in ``pyproject.toml`` under ``[tool.flytetask]``; accepted changes may stand in a file of their own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from flytetask_nb.bounded_reading import toml_table
from flytetask_nb.errors import OptionError, one_line

_KEYS: Final = ("severities", "fail-on", "accepted", "platform-limits")
_ENTRY: Final = ("fingerprint", "task", "rule", "reason", "until")
_NAME: Final = "pyproject.toml"
_MOST_READ: Final = 2**21
"""Characters of a file that are read: more than settings may have, so that a larger file is told as such."""


@dataclass(frozen=True)
class Acceptance:
    """A change or finding that a reviewer accepted.

    ``fingerprint``: which it is.
    ``task``: the task that it is accepted of; empty: of every task.
    ``reason``: why.
    ``until``: the last day on which it counts; None: it does not end.
    ``rule``: its rule, for the reader.
    """

    fingerprint: str
    task: str = ""
    reason: str = ""
    until: date | None = None
    rule: str = ""

    @property
    def is_over(self) -> bool:
        """Whether its last day is past."""
        return self.until is not None and self.until < datetime.now().astimezone().date()

    def is_of(self, task: str) -> bool:
        """Tell whether it counts for a task of that name today."""
        return not self.is_over and self.task in {"", task}


@dataclass(frozen=True, repr=False)
class Policy:
    """What a team decided.

    ``severities``: by rule of ``diff``, in place of the rule's own.
    ``fail_on``: what ``flytetask`` ends with 1 for.
    ``accepted``: what was accepted.
    ``platform_limits``: as ``check`` takes them.
    ``source``: where it stands.
    """

    severities: Mapping[str, str] = field(default_factory=dict)
    fail_on: tuple[str, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    platform_limits: Mapping[str, Any] | None = None
    source: str = ""

    def __repr__(self) -> str:
        return f"<{self.source or 'no policy'}>"

    def accepted_of(self, task: str) -> frozenset[str]:
        """Return the fingerprints that are accepted of a task, today; of no task in particular where it is empty."""
        return frozenset(acceptance.fingerprint for acceptance in self.accepted if acceptance.is_of(task))


NO_POLICY: Final = Policy()


def policy_of(given: object) -> Policy:
    """Return the policy that a user named.

    ``given``: a ``Policy``; the path of a TOML file, of which ``[tool.flytetask]`` is read, or of a folder with such a
      ``pyproject.toml``; a mapping of the same keys; or None: no policy.
    Raises OptionError: it cannot be read, or holds what no policy has: names the file and the key.
    """
    if given is None:
        return NO_POLICY
    if isinstance(given, Policy):
        return given
    if isinstance(given, Mapping):
        return _parsed(given, "the policy", Path())
    if not isinstance(given, str | os.PathLike):
        raise OptionError(f"policy cannot be {given!r}; expected the path of a pyproject.toml, a mapping or None")
    path = Path(given)
    with suppress(OSError, ValueError):  # of a path that no system takes, which is told where it is read
        path = path / _NAME if path.is_dir() else path
    table = _section(_toml(path))
    if table is None:
        raise OptionError(f"{path} has no [tool.flytetask]; write one, or name another file")
    return _parsed(table, f"[tool.flytetask] of {path}", path.parent)


def nearest_policy(folder: Path) -> Policy:
    """Return the policy of the next ``pyproject.toml`` at a folder or above it, as other tools look for theirs."""
    for place in (folder, *folder.parents):
        path = place / _NAME
        if path.is_file():
            return NO_POLICY if _section(_toml(path)) is None else policy_of(path)
        if (place / ".git").exists():
            break
    return NO_POLICY


def acceptances_in(path: str | os.PathLike[str]) -> tuple[Acceptance, ...]:
    """Read a file of accepted changes: ``[[accepted]]`` with ``fingerprint``, ``task``, ``reason`` and ``until``.

    Raises OptionError: it cannot be read, or an entry is none.
    """
    table = _toml(Path(path))
    if unknown := sorted(table.keys() - {"accepted"}):
        raise OptionError(f"{os.fspath(path)} has {unknown[0]!r}; expected [[accepted]] alone")
    return _entries(table.get("accepted", []), os.fspath(path))


def _toml(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as file:
            return toml_table(file.read(_MOST_READ))
    except FileNotFoundError:
        raise OptionError(f"there is no file {path}; check the path") from None
    except (OSError, ValueError) as error:
        raise OptionError(f"{path} cannot be read: {one_line(error)}") from None


def _section(table: Mapping[str, Any]) -> Any:
    tool = table.get("tool")
    return tool.get("flytetask") if isinstance(tool, Mapping) else None


def _parsed(table: Any, source: str, folder: Path) -> Policy:
    if not isinstance(table, Mapping):
        raise OptionError(f"{source} is {table!r}; expected a table")
    for key in table:
        if key not in _KEYS:
            raise OptionError(f"{source} has {key!r}; expected {', '.join(_KEYS)}")
    severities, limits = table.get("severities", {}), table.get("platform-limits")
    for key, value in (("severities", severities), ("platform-limits", limits or {})):
        if not isinstance(value, Mapping) or not all(isinstance(each, str | int) for each in value.values()):
            raise OptionError(f"{key} of {source} is {value!r}; expected a table of texts")
    fail_on = table.get("fail-on", [])
    fail_on = [fail_on] if isinstance(fail_on, str) else fail_on
    if not isinstance(fail_on, list | tuple) or not all(isinstance(each, str) for each in fail_on):
        raise OptionError(f"fail-on of {source} is {fail_on!r}; expected a list of texts")
    given = table.get("accepted", [])
    accepted = acceptances_in(folder / given) if isinstance(given, str) else _entries(given, f"accepted of {source}")
    return Policy(dict(severities), tuple(fail_on), accepted, None if limits is None else dict(limits), source)


def _entries(given: Any, source: str) -> tuple[Acceptance, ...]:
    if not isinstance(given, list | tuple):
        raise OptionError(
            f"{source} is {given!r}; expected a list of entries with a fingerprint, or the path of a file"
        )
    return tuple(_entry(each, f"entry {place} of {source}") for place, each in enumerate(given, 1))


def _entry(given: Any, source: str) -> Acceptance:
    if isinstance(given, str):
        given = {"fingerprint": given}
    if not isinstance(given, Mapping) or not isinstance(given.get("fingerprint"), str) or not given["fingerprint"]:
        raise OptionError(f"{source} is {given!r}; expected a fingerprint, and beside it {', '.join(_ENTRY[1:])}")
    if unknown := sorted(given.keys() - set(_ENTRY)):
        raise OptionError(f"{source} has {unknown[0]!r}; expected {', '.join(_ENTRY)}")
    until = given.get("until")
    day = until
    with suppress(ValueError):  # of a text that is no date, and stays a text
        day = date.fromisoformat(until) if isinstance(until, str) else until
    if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
        raise OptionError(f"until of {source} is {until!r}; expected a date such as 2026-01-31")
    texts = {name: str(given.get(name, "")) for name in ("task", "reason", "rule")}
    return Acceptance(given["fingerprint"], until=day, **texts)
