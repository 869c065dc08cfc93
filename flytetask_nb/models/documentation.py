"""What its author says of a task: descriptions, and where its code is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import description_entity_pb2

from flytetask_nb.models.base import Model
from flytetask_nb.models.enums import OpenEnum
from flytetask_nb.models.fields import Enumeration, Field, OptionalSub, OptionalText, TextList
from flytetask_nb.models.identifiers import Identifier

if TYPE_CHECKING:
    from flytetask_nb.models.declarations import Enum, Maybe, MaybeText, Text, Texts


class DescriptionFormat(OpenEnum):
    """Markup of a long description. flyteidl prefixes each name with ``DESCRIPTION_FORMAT_``."""

    UNKNOWN = 0
    MARKDOWN = 1
    HTML = 2
    RST = 3


class Description(Model, message=description_entity_pb2.Description):
    """A long description, as text or as the URI of one."""

    __slots__ = ()
    value: MaybeText = OptionalText(default=None)
    uri: MaybeText = OptionalText(default=None)
    icon_link: MaybeText = OptionalText(default=None)
    format: Enum[DescriptionFormat] = Enumeration(DescriptionFormat, default=DescriptionFormat.RST)
    DescriptionFormat = DescriptionFormat


class SourceCode(Model, message=description_entity_pb2.SourceCode):
    """Where the task's code is kept."""

    __slots__ = ()
    link: MaybeText = OptionalText(default=None)


class Documentation(Model, message=description_entity_pb2.DescriptionEntity):
    """What its author says of a task.

    Parameters
    ----------
    short_description : str, optional
        One line, usually the docstring's first.
    long_description : Description, optional
        The rest of the docstring.
    source_code : SourceCode, optional
        Where the code is kept.
    id : Identifier, optional
        Which entity is described, where a server said it.
    tags : list of str, optional
        Free tags.
    """

    __slots__ = ()
    short_description: Text = Field(default=None)
    long_description: Maybe[Description] = OptionalSub(Description, default=None)
    source_code: Maybe[SourceCode] = OptionalSub(SourceCode, default=None)
    id: Maybe[Identifier] = OptionalSub(Identifier, default=None, kw_only=True)
    tags: Texts = TextList(default=None, kw_only=True)
