"""How an embedded Admin is set up.

The defaults are those of the server from which this project's transcripts were recorded: two projects, three
domains, its platform limits, and one task type that is allowed in one place only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flytetask_nb.semantics.limits import Amount

PROJECTS: Final = ("flytesnacks", "flyteexamples")
DOMAINS: Final = ("development", "staging", "production")
PLATFORM_LIMITS: Final = {"cpu": "64", "gpu": "16", "memory": "512Gi", "ephemeral-storage": "1Ti"}
WHITELIST: Final = {"sparkonk8s": (("flytesnacks", "production"),)}
VERSION: Final = "1.16.8"


@dataclass(frozen=True)
class AdminSettings:
    """What an embedded Admin knows from the start.

    ``projects``: their ids, which are their names too.
    ``domains``: their ids, which are their names too; every project has all of them.
    ``platform_limits``: the most that a task may ask for, as :func:`flytetask_nb.semantics.check` takes them.
    ``whitelist``: task types that are allowed only in some places: pairs of a project and a domain, either of them
      empty for all. Types that are not named here are allowed everywhere.
    """

    projects: Sequence[str]
    domains: Sequence[str]
    platform_limits: Mapping[str, Amount]
    whitelist: Mapping[str, Sequence[tuple[str, str]]]
