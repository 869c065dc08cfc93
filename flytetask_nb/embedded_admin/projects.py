"""Projects and domains.

Sources: flyteadmin/pkg/manager/impl/project_manager.go and validation/project_validator.go.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import project_pb2

from flytetask_nb.embedded_admin.columns import PROJECTS
from flytetask_nb.embedded_admin.listings import read_page
from flytetask_nb.embedded_admin.queries import Sorting, SqlCondition
from flytetask_nb.embedded_admin.refusals import invalid, missing, not_found

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.settings import AdminSettings
    from flytetask_nb.embedded_admin.store import Row, Store

_LABEL: Final = re.compile("[a-z0-9]([-a-z0-9]{,61}[a-z0-9])?")
_LABEL_RULE: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character"
)
_LONGEST: Final = {"name": 64, "description": 300}
# Archived projects are told only to those who filter.
_ACTIVE: Final = SqlCondition(PROJECTS, "state", "ne", (str(project_pb2.Project.ARCHIVED),))


class Projects:
    """The projects of a server.

    ``store``: it is filled with the projects of the settings that it does not hold yet.
    """

    def __init__(self, store: Store, settings: AdminSettings) -> None:
        self._store = store
        self._domains = [project_pb2.Domain(id=domain, name=domain) for domain in settings.domains]
        for name in settings.projects:
            if self._find(name) is None:
                row = {"identifier": name, "name": name, "description": f"{name} description", "state": 0}
                store.insert(PROJECTS, row)

    def check_place(self, place: Any) -> None:
        """Refuse what is to be registered in a project or domain that does not exist, or is archived."""
        project, domain = place.project, place.domain
        row = self._find(project)
        if row is None:
            raise invalid(
                f"failed to validate that project [{project}] and domain [{domain}] are registered, err: "
                f"[project [{project}] not found]"
            )
        if row["state"] != project_pb2.Project.ACTIVE:
            raise invalid(f"project [{project}] is not active", project_pb2.InactiveProject(id=project))
        if domain not in {known.id for known in self._domains}:
            raise invalid(f"domain [{domain}] is unrecognized by system")

    def list_projects(self, request: Any) -> Any:
        """Answer ListProjects: sorted by identifier, if nothing else is asked for."""
        page = read_page(request, PROJECTS, "ListProjects", filters=request.filters)
        asked = page._replace(
            conditions=page.conditions or [_ACTIVE],
            sorting=page.sorting or Sorting("identifier", is_ascending=True),
            limit=page.limit or -1,
        )
        rows = self._store.select(PROJECTS, asked)
        # Without a limit there is a token only where nothing was found.
        return project_pb2.Projects(projects=map(self._project, rows), token=page.next_token(rows))

    def get_project(self, request: Any) -> Any:
        """Answer GetProject."""
        _require("project_id", request.id)
        return self._project(self._existing(request.id))

    def register_project(self, request: Any) -> Any:
        """Answer RegisterProject."""
        if not request.HasField("project"):
            raise missing("project")
        _require("project_name", request.project.name)
        _check(request.project)
        self._store.insert(PROJECTS, _row(request.project))
        return project_pb2.ProjectRegisterResponse()

    def update_project(self, request: Any) -> Any:
        """Answer UpdateProject. What is empty in the request stays as it is, but for the state."""
        row = self._existing(request.id)
        _check(request)
        changes = {name: value for name, value in _row(request).items() if value not in ("", None)}
        self._store.update(PROJECTS, {"identifier": row["identifier"]}, changes)
        return project_pb2.ProjectUpdateResponse()

    def get_domains(self, _: Any) -> Any:
        """Answer GetDomains."""
        return project_pb2.GetDomainsResponse(domains=self._domains)

    def _find(self, identifier: str) -> Row | None:
        return self._store.find(PROJECTS, {"identifier": identifier})

    def _existing(self, identifier: str) -> Row:
        row = self._find(identifier)
        if row is None:
            raise not_found(f"project [{identifier}] not found")
        return row

    def _project(self, row: Row) -> Any:
        texts = {name: row[name] for name in ("name", "description", "state")}
        project = project_pb2.Project(id=row["identifier"], domains=self._domains, **texts)
        if row["labels"]:
            project.labels.ParseFromString(row["labels"])
        return project


def _require(name: str, text: str) -> None:
    if not text:
        raise missing(name)


def _row(project: Any) -> dict[str, Any]:
    has_labels = project.HasField("labels")
    return {
        "identifier": project.id,
        "name": project.name,
        "description": project.description,
        "labels": project.labels.SerializeToString() if has_labels else None,
        "state": project.state,
    }


def _check(project: Any) -> None:
    _require("project_id", project.id)
    if not _LABEL.fullmatch(project.id):
        raise invalid(f"invalid project id [{project.id}]: [{_LABEL_RULE}]")
    for name, longest in _LONGEST.items():
        if len(getattr(project, name).encode()) > longest:
            raise invalid(f"project_{name} cannot exceed {longest} characters")
    if project.domains:
        raise invalid(
            "Domains are currently only set system wide. Please retry without domains included in your request."
        )
