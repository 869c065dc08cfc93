"""What registration makes of a task that was packaged without project, domain, version and place of its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2

from flytetask_nb.models.messages import message_of

if TYPE_CHECKING:
    from flytetask_nb.models import TaskSpec

__all__ = ["hydrate", "hydrated_message"]

# To the letter: flytectl compares whole texts, blanks included.
_PROJECT: Final = "{{ registration.project }}"
_DOMAIN: Final = "{{ registration.domain }}"
_VERSION: Final = "{{ registration.version }}"
_PACKAGE_PATH: Final = "{{ .remote_package_path }}"
_DESTINATION: Final = "{{ .dest_dir }}"

_DEFAULT_DESTINATION: Final = "."


def hydrate(
    spec: object,
    *,
    project: str,
    domain: str,
    version: str,
    source_uploaded_location: str | None = "",
    destination_directory: str = "",
    force: bool = False,
) -> TaskSpec:
    """Give a packaged task as ``flytectl register files`` sends it to Admin.

    Parameters
    ----------
    spec
        A task specification: a model of this package or of flytekit, or a ``flyteidl.admin.TaskSpec``. It is not
        changed.
    project, domain, version
        What fills the id where it is empty or holds a placeholder such as ``{{ registration.version }}``.
    source_uploaded_location
        Where the code was uploaded to; replaces the argument ``{{ .remote_package_path }}``. None: it was not
        uploaded, so only the id is filled in; placeholders in arguments stay, and pod specs are left as they are.
    destination_directory
        Where the code is unpacked; replaces the argument ``{{ .dest_dir }}``. ``""`` stands for ``.``.
    force
        Whether to replace a version that is already there, as ``--force`` does.

    Returns
    -------
    TaskSpec
        A new one.

    Raises
    ------
    ModelTypeError
        ``spec`` is no task specification.
    QuantityError
        The spec of a pod task holds an unreadable quantity; the error names the field.
    ModelValueError
        The spec of a pod task holds a value of another kind than Kubernetes expects.

    Notes
    -----
    The rules are ``hydrateIdentifier`` and ``hydrateTaskSpec`` in flytectl/cmd/register/register_util.go. Only whole
    arguments are replaced, only in ``args``, and not in init containers. A pod loses its
    ``primary_container_name`` and ``data_config`` on that way, and its spec passes through Kubernetes' own type.
    """
    from flytetask_nb.models import TaskSpec  # noqa: PLC0415 - messages alone need no models

    return TaskSpec._own(
        hydrated_message(
            spec,
            project=project,
            domain=domain,
            version=version,
            source_uploaded_location=source_uploaded_location,
            destination_directory=destination_directory,
            force=force,
        )
    )


def hydrated_message(
    spec: object,
    *,
    project: str,
    domain: str,
    version: str,
    source_uploaded_location: str | None = "",
    destination_directory: str = "",
    force: bool = False,
) -> Any:
    """Give a packaged task as registration sends it, as a message: see :func:`hydrate`.

    Returns
    -------
    flyteidl.admin.task_pb2.TaskSpec
        A new one.
    """
    message = task_pb2.TaskSpec()
    message.CopyFrom(message_of(spec, task_pb2.TaskSpec))
    template = message.template
    _fill_id(template.id, project=project, domain=domain, version=version, force=force)
    if source_uploaded_location is None:
        return message
    replacements = {
        _PACKAGE_PATH: source_uploaded_location,
        _DESTINATION: destination_directory or _DEFAULT_DESTINATION,
    }
    target = template.WhichOneof("target")
    if target == "container":
        template.container.args[:] = [replacements.get(argument, argument) for argument in template.container.args]
    elif target == "k8s_pod" and template.k8s_pod.HasField("pod_spec"):
        told = f"task {template.id.name!r}: k8s_pod.pod_spec"
        template.k8s_pod.CopyFrom(_registered_pod(template.k8s_pod, replacements, told))
    return message


def _fill_id(identifier: Any, *, project: str, domain: str, version: str, force: bool) -> None:
    if identifier.project in ("", _PROJECT):
        identifier.project = project
    if identifier.domain in ("", _DOMAIN):
        identifier.domain = domain
    if force or identifier.version in ("", _VERSION):
        identifier.version = version


def _registered_pod(pod: Any, replacements: dict[str, str], told: str) -> Any:
    """Build the pod anew from its metadata and spec alone: flytectl copies nothing else."""
    from flytetask_nb.semantics.pod_specs import passed_through_kubernetes  # noqa: PLC0415 - pod tasks are rare

    spec = passed_through_kubernetes(pod.pod_spec, lambda argument: replacements.get(argument, argument), told)
    return tasks_pb2.K8sPod(metadata=pod.metadata if pod.HasField("metadata") else None, pod_spec=spec)
