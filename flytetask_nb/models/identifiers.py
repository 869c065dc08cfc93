"""What an entity is called: project, domain, name and version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flyteidl.core import identifier_pb2

from flytetask_nb.models.base import Model
from flytetask_nb.models.enums import OpenEnum
from flytetask_nb.models.fields import Enumeration, Field

if TYPE_CHECKING:
    from flytetask_nb.models.declarations import Enum, Text

# What flytectl replaces in an id, to the letter (flytectl/cmd/register/register_util.go).
PLACEHOLDERS: Final = {
    part: f"{{{{ registration.{part} }}}}" for part in ("project", "domain", "version", "image", "tag")
}
"""What stands for what only registration can know: in an id flytectl's words, and for images words of their kind."""

_PLACEHOLDERS: Final = frozenset(PLACEHOLDERS.values())


def is_filled_in(text: str) -> bool:
    """Tell whether a part of an id is more than what registration still has to fill in."""
    return bool(text) and text not in _PLACEHOLDERS


class ResourceType(OpenEnum):
    """Kinds of entity that Flyte registers."""

    UNSPECIFIED = 0
    TASK = 1
    WORKFLOW = 2
    LAUNCH_PLAN = 3
    DATASET = 4


class Identifier(Model, message=identifier_pb2.Identifier):
    """The full name of a registered entity.

    Parameters
    ----------
    resource_type : ResourceType
        What kind of entity it names.
    project, domain : str
        Where it is registered. Empty in files that are not registered yet.
    name : str
        For tasks of flytekit the dotted path of the Python function.
    version : str
        Empty in files that are not registered yet.
    org : str, optional
        Organization, on platforms that have them.
    """

    __slots__ = ()
    resource_type: Enum[ResourceType] = Enumeration(ResourceType)
    project: Text = Field()
    domain: Text = Field()
    name: Text = Field()
    version: Text = Field()
    org: Text = Field(default=None, kw_only=True)

    def resource_type_name(self) -> str:
        """Return the name of the resource type, e.g. ``"TASK"``."""
        return str(self.resource_type)

    def __str__(self) -> str:
        message = self._message
        return f"{self.resource_type}:{message.project}:{message.domain}:{message.name}:{message.version}"
