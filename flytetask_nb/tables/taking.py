"""Taking the parts of many tasks: each part that occurs once, and for each task which one it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from flyteidl.admin import task_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.extras import load_module
from flytetask_nb.models.base import undecodable
from flytetask_nb.models.flyte_task import FlyteTask, Origin
from flytetask_nb.tables.coding import Coded
from flytetask_nb.tables.parts import PARTS, Messages
from flytetask_nb.tables.runners import NO_RUNNER, runner_of
from flytetask_nb.tables.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flytetask_nb.tables.records import Records

__all__ = ["Taken", "taken"]

_FEW = 500
"""Tasks for which it does not pay to import Arrow."""

_BATCH = 64
"""Tasks of which messages exist at the same time: more would no longer fit into the processor's cache."""


class Taken:
    """The parts of many tasks, and what could not be read.

    Attributes
    ----------
    parts : dict of str to Coded
        By name of the part.
    broken : dict of int to str
        Position of each task that could not be read at all, and why.
    already_read : dict of str to dict
        By name of the part: of values, what ``PARTS`` would read from them, where it turned up on the way.
    """

    def __init__(self, records: Records, names: Iterable[str]) -> None:
        self.records = records
        self.parts = {name: Coded(len(records.data)) for name in names}
        self.broken = dict(records.refused)
        self.words = Words()
        self.already_read: dict[str, dict[Any, Any]] = {}

    def take_plainly(self, positions: Sequence[int], names: Iterable[str]) -> None:
        """Take parts of the tasks at some positions by building their messages."""
        chosen = [(self.parts[name], PARTS[name]) for name in names]
        needs_runner = any(part.needs_runner for _, part in chosen)
        needs_arguments = any(part.needs_arguments for _, part in chosen)
        for start in range(0, len(positions), _BATCH):
            places, specs = self._specs(positions[start : start + _BATCH])
            templates = [spec.template for spec in specs]
            runners = list(map(runner_of, templates)) if needs_runner else [NO_RUNNER] * len(specs)
            arguments: list[tuple[str, ...]] = [()] * len(specs)
            if needs_arguments:
                arguments = [tuple(runner.args) for runner in runners]
            messages = Messages(specs, templates, runners, arguments)
            where = np.array(places, dtype=np.intp)
            for coded, part in chosen:
                coded.put(where, part.take(messages, self.words))

    def _specs(self, positions: Sequence[int]) -> tuple[Sequence[int], list[Any]]:
        """Parse tasks; those that cannot be parsed are told, and left out."""
        data = self.records.data
        parse = task_pb2.TaskSpec.FromString
        try:
            if not self.broken:
                return positions, [parse(data[position]) for position in positions]
        except (DecodeError, TypeError):
            # One of them: which, says the loop below.
            pass
        places: list[int] = []
        specs: list[Any] = []
        for position in positions:
            if position in self.broken:
                continue
            try:
                specs.append(parse(data[position]))
            except (DecodeError, TypeError) as error:
                self.broken[position] = str(undecodable(FlyteTask, data[position], error))
            else:
                places.append(position)
        return places, specs

    def task(self, position: int) -> FlyteTask | None:
        """Give a task as a whole; None where it cannot be read."""
        if position in self.broken:
            return None
        origin = self.records.origins[position]
        return FlyteTask.from_bytes(
            self.records.data[position], Origin(source=origin) if isinstance(origin, str) else origin
        )


def taken(records: Records, names: Iterable[str], *, plainly: bool = False) -> Taken:
    """Take parts of all tasks.

    Parameters
    ----------
    records
        The tasks.
    names
        Of the parts: keys of ``PARTS``.
    plainly
        Build every message, whether or not the faster path is at hand.
    """
    found = Taken(records, names)
    project = None if plainly or len(records.data) < _FEW else _projection()
    if project is None:
        found.take_plainly(range(len(records.data)), found.parts)
    else:
        project(found)
    return found


def _projection() -> Callable[[Taken], None] | None:
    """Give the faster path, where what it needs is installed: the extra ``tables``."""
    try:
        load_module("ptars")
        load_module("pyarrow.compute")
        from flytetask_nb.tables.projection import take_projected  # noqa: PLC0415 - of no use without these
    except ImportError:
        return None
    return take_projected
