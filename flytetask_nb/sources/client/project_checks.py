"""Whether there is such a place as a project and a domain, and whether anything can be registered there.

An empty listing does not tell: Admin answers the same for a place without tasks and for one that does not exist. The
order and the words are those of ``flyteadmin/pkg/manager/impl/validation/project_validator.go``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import project_pb2

from flytetask_nb.errors import RemoteError

if TYPE_CHECKING:
    from flytetask_nb.sources.client.calls import Calls


def absence(calls: Calls, project: str, domain: str) -> str:
    """Return a sentence on why nothing can be found in a place; empty where something can, or nobody can tell."""
    try:
        known, domains = _project(calls, project)
    except RemoteError:
        # This is a hint to an answer that was had.
        return ""
    if known is None:
        return f"there is no project {project!r}; projects() lists those that there are"
    if domains and domain not in domains:
        return f"there is no domain {domain!r}; there are {', '.join(domains)}"
    return ""


def refusal(calls: Calls, project: str, domain: str) -> str:
    """Return the reason for which Admin registers nothing in a place; empty where it does, or nobody can tell.

    Raises RemoteError: the server cannot be reached or refuses.
    """
    known, domains = _project(calls, project)
    if known is None:
        return (
            f"failed to validate that project [{project}] and domain [{domain}] are registered, err: "
            f"[project [{project}] not found]"
        )
    if known.state != project_pb2.Project.ACTIVE:
        return f"project [{project}] is not active"
    return f"domain [{domain}] is unrecognized by system" if domains and domain not in domains else ""


def _project(calls: Calls, name: str) -> tuple[project_pb2.Project | None, list[str]]:
    """Return a project, archived or not, and its domains; None: there is none. What cannot be asked says nothing."""
    try:
        project = calls.ask("GetProject", project_pb2.ProjectGetRequest(id=name), project_pb2.Project)
    except RemoteError as error:
        if error.code == "NOT_FOUND":
            return None, []
        # An old server has no such call, and not everybody may make it.
        if error.code not in {"UNIMPLEMENTED", "PERMISSION_DENIED"}:
            raise
        return project_pb2.Project(), []
    return project, [domain.id for domain in project.domains]
