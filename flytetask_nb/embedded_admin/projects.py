"""Projects and domains.

Sources: flyteadmin/pkg/manager/impl/project_manager.go and validation/project_validator.go.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import project_pb2

from flytetask_nb.embedded_admin.columns import PROJECTS
from flytetask_nb.embedded_admin.filters import Condition
from flytetask_nb.embedded_admin.listings import next_token, read_page
from flytetask_nb.embedded_admin.refusals import invalid, missing, not_found
from flytetask_nb.embedded_admin.store import Sorting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.embedded_admin.settings import Settings
    from flytetask_nb.embedded_admin.store import Row, Store

__all__ = ["Projects", "check_labels"]

_LONGEST_NAME: Final = 64
_LONGEST_DESCRIPTION: Final = 300
_MOST_LABELS: Final = 16
_LONGEST_LABEL: Final = 63
_LONGEST_PREFIX: Final = 253

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE: Final = f"({_QUALIFIED})?"
# Kubernetes' own words, which Admin passes on.
_LABEL_RULE: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_SUBDOMAIN_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_NAME_RULE: Final = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    f"'{_QUALIFIED}')"
)
_QUALIFIED_RULE: Final = (
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    f"'{_QUALIFIED}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)
_VALUE_RULE: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_VALUE}')"
)


class Projects:
    """The projects of a server.

    Parameters
    ----------
    store : Store
        It is filled with the projects of the settings that it does not hold yet.
    settings : Settings
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._domains = [project_pb2.Domain(id=domain, name=domain) for domain in settings.domains]
        for name in settings.projects:
            if store.find(PROJECTS, {"identifier": name}) is None:
                row = {"identifier": name, "name": name, "description": f"{name} description", "state": 0}
                store.insert(PROJECTS, row)

    def check_place(self, project: str, domain: str) -> None:
        """Refuse what is to be registered in a project or domain that does not exist, or is archived.

        Raises
        ------
        Refusal
            INVALID_ARGUMENT.
        """
        row = self._store.find(PROJECTS, {"identifier": project})
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
        """Answer ListProjects. Archived projects are told only to those who filter."""
        page = read_page(request, PROJECTS, PROJECTS, "ListProjects", filters=request.filters)
        # Only active ones are wanted: 1 is the number of the archived.
        conditions = page.conditions or [Condition(PROJECTS, "state", "ne", ("1",))]
        rows = self._store.select(
            PROJECTS,
            conditions,
            page.sorting or Sorting("identifier", is_ascending=True),
            page.limit or -1,
            page.offset,
        )
        return project_pb2.Projects(projects=map(self._project, rows), token=next_token(page, len(rows)))

    def get_project(self, request: Any) -> Any:
        """Answer GetProject."""
        require_text(request.id, "project_id")
        return self._project(self._existing(request.id))

    def register_project(self, request: Any) -> Any:
        """Answer RegisterProject."""
        if not request.HasField("project"):
            raise missing("project")
        require_text(request.project.name, "project_name")
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

    def _existing(self, identifier: str) -> Row:
        row = self._store.find(PROJECTS, {"identifier": identifier})
        if row is None:
            raise not_found(f"project [{identifier}] not found")
        return row

    def _project(self, row: Row) -> Any:
        project = project_pb2.Project(
            id=row["identifier"],
            name=row["name"],
            description=row["description"],
            state=row["state"],
            domains=self._domains,
        )
        if row["labels"]:
            project.labels.CopyFrom(project_pb2.Project.FromString(row["labels"]).labels)
        return project


def require_text(text: str, name: str) -> None:
    """Refuse a text that is empty.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT.
    """
    if not text:
        raise missing(name)


def _row(project: Any) -> dict[str, Any]:
    return {
        "identifier": project.id,
        "name": project.name,
        "description": project.description,
        "labels": project.SerializeToString() if project.HasField("labels") else None,
        "state": project.state,
    }


def _check(project: Any) -> None:
    require_text(project.id, "project_id")
    if project.HasField("labels"):
        check_labels(project.labels.values)
    faults = list(_label_faults(project.id))
    if faults:
        raise invalid(f"invalid project id [{project.id}]: {_go_list(faults)}")
    for told, text, longest in (
        ("project_name", project.name, _LONGEST_NAME),
        ("project_description", project.description, _LONGEST_DESCRIPTION),
    ):
        if len(text.encode()) > longest:
            raise invalid(f"{told} cannot exceed {longest} characters")
    if project.domains:
        raise invalid(
            "Domains are currently only set system wide. Please retry without domains included in your request."
        )


def check_labels(labels: Any) -> None:
    """Refuse labels that Kubernetes would refuse.

    Parameters
    ----------
    labels : mapping of str to str

    Raises
    ------
    Refusal
        INVALID_ARGUMENT: for any of them, here the first in the order of the alphabet.
    """
    if len(labels) > _MOST_LABELS:
        raise invalid(f"labels map cannot exceed {_MOST_LABELS} entries")
    for key in sorted(labels):
        if faults := list(_key_faults(key)):
            raise invalid(f"invalid label key [{key}]: {_go_list(faults)}")
        if faults := list(_value_faults(labels[key])):
            raise invalid(f"invalid label value [{labels[key]}]: {_go_list(faults)}")


def _go_list(texts: list[str]) -> str:
    return f"[{' '.join(texts)}]"


def _too_long(longest: int) -> str:
    return f"must be no more than {longest} characters"


def _label_faults(text: str) -> Iterator[str]:
    if len(text.encode()) > _LONGEST_LABEL:
        yield _too_long(_LONGEST_LABEL)
    if not re.fullmatch(_LABEL, text):
        yield "must not contain dots" if re.fullmatch(_SUBDOMAIN, text) else _LABEL_RULE


def _key_faults(key: str) -> Iterator[str]:
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix:
        yield _QUALIFIED_RULE
        return
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        if len(prefix.encode()) > _LONGEST_PREFIX:
            yield f"prefix part {_too_long(_LONGEST_PREFIX)}"
        if not re.fullmatch(_SUBDOMAIN, prefix):
            yield f"prefix part {_SUBDOMAIN_RULE}"
    if not name:
        yield "name part must be non-empty"
    elif len(name.encode()) > _LONGEST_LABEL:
        yield f"name part {_too_long(_LONGEST_LABEL)}"
    if not re.fullmatch(_QUALIFIED, name):
        yield _NAME_RULE


def _value_faults(value: str) -> Iterator[str]:
    if len(value.encode()) > _LONGEST_LABEL:
        yield _too_long(_LONGEST_LABEL)
    if not re.fullmatch(_VALUE, value):
        yield _VALUE_RULE
