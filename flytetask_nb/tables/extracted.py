"""What was extracted of many tasks: each part that occurs once, and for each task which one it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from flyteidl.admin import task_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.models.base import undecodable
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.origins import origin_of
from flytetask_nb.tables.command_text import Words
from flytetask_nb.tables.extractors import PARTS, Messages
from flytetask_nb.tables.factorized import Coded
from flytetask_nb.tables.runners import NO_RUNNER, runner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flytetask_nb.tables.serialized_tasks import Records

_BATCH = 64
"""Tasks of which messages exist at the same time: more would no longer fit into the processor's cache."""


class Extracted:
    """The parts of many tasks, and what could not be read.

    ``parts``: by name of the part.
    ``broken``: position of each task that could not be read at all, and why.
    ``already_read``: by name of the part: of values, what ``PARTS`` would read from them, where it turned up on the
      way.
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

        for start in range(0, len(positions), _BATCH):
            places, specs = self._specs(positions[start : start + _BATCH])
            templates = [spec.template for spec in specs]
            runners = list(map(runner_of, templates)) if needs_runner else [NO_RUNNER] * len(specs)
            messages = Messages(specs, templates, runners)
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
        """Return a task as a whole; None where it cannot be read."""
        if position in self.broken:
            return None
        origin = self.records.origins[position]
        return FlyteTask.from_bytes(self.records.data[position], origin_of(origin))
