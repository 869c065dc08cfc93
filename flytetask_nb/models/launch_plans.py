"""Launch plans, as far as they concern tasks: which workflow they start, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import launch_plan_pb2

from flytetask_nb.models.base import Model
from flytetask_nb.models.fields import Sub
from flytetask_nb.models.identifiers import Identifier

if TYPE_CHECKING:
    from typing_extensions import Self

    from flytetask_nb.models.declarations import Message


class LaunchPlan(Model, message=launch_plan_pb2.LaunchPlan):
    """A launch plan, registered or about to be: a read-only view onto its message.

    Made by ``load_launch_plans``, or by ``from_flyte_idl``.
    """

    __slots__ = ("_source",)

    _source: str | None
    id: Message[Identifier] = Sub(Identifier, default=None)

    @classmethod
    def _own(cls, message: Any, source: str | None = None) -> Self:
        made = super()._own(message)
        object.__setattr__(made, "_source", source)
        return made

    @property
    def name(self) -> str:
        """Name of the id."""
        name: str = self._message.id.name
        return name

    @property
    def workflow_id(self) -> Identifier:
        """The workflow that it starts."""
        return Identifier._own(self._message.spec.workflow_id)

    @property
    def default_inputs(self) -> tuple[str, ...]:
        """Names of the inputs for which it has a default; sorted."""
        given = self._message.spec.default_inputs.parameters.items()
        return tuple(sorted(name for name, parameter in given if parameter.HasField("default")))

    @property
    def fixed_inputs(self) -> tuple[str, ...]:
        """Names of the inputs that it fixes, so that nobody can give another value; sorted."""
        return tuple(sorted(self._message.spec.fixed_inputs.literals))

    @property
    def schedule(self) -> str:
        """When it runs by itself, e.g. ``"0 3 * * *"`` or ``"every 5 minutes"``; empty where it does not."""
        schedule = self._message.spec.entity_metadata.schedule
        kind = schedule.WhichOneof("ScheduleExpression")
        if kind == "rate":
            unit = schedule.rate.DESCRIPTOR.fields_by_name["unit"].enum_type.values_by_number.get(schedule.rate.unit)
            units = f"{unit.name.lower()}s" if unit else f"units of kind {schedule.rate.unit}"
            return f"every {schedule.rate.value} {units}"
        if kind == "cron_schedule":
            return str(schedule.cron_schedule.schedule)
        return str(schedule.cron_expression)

    @property
    def source(self) -> str | None:
        """Where it was found."""
        return self._source

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.serialize_to_string(), self._source)

    def __repr__(self) -> str:
        parts = [repr(self.name)]
        parts += [f"version={self.id.version!r}"] if self.id.version else []
        parts.append(f"workflow={self.workflow_id.name!r}")
        return f"LaunchPlan({', '.join(parts)})"


def _restore(data: bytes, source: str | None) -> LaunchPlan:
    return LaunchPlan._own(launch_plan_pb2.LaunchPlan.FromString(data), source)
