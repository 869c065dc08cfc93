"""What registration makes of a task that was packaged without project, domain, version and place of its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import launch_plan_pb2, task_pb2
from flyteidl.core import tasks_pb2
from flyteidl.core.compiler_pb2 import CompiledWorkflowClosure

from flytetask_nb.models.coercion import as_task
from flytetask_nb.models.identifiers import PLACEHOLDERS
from flytetask_nb.models.messages import message_of
from flytetask_nb.models.tasks import TaskSpec
from flytetask_nb.models.workflows import Workflow, referring_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# To the letter: flytectl compares whole texts, blanks included.
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
    """Return a packaged task as ``flytectl register files`` sends it to Admin.

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
    project: str | None,
    domain: str | None,
    version: str | None,
    source_uploaded_location: str | None = "",
    destination_directory: str = "",
    force: bool = False,
) -> Any:
    """Return a packaged task as registration sends it, as a message: see :func:`hydrate`.

    Where project, domain or version is None, that part of the id stays as it is.
    """
    message = task_pb2.TaskSpec()
    message.CopyFrom(as_task(spec, "spec")._message)
    template = message.template
    _fill_id(template.id, {"project": project, "domain": domain, "version": version}, force=force)
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
        from flytetask_nb.semantics.pod_specs import passed_through_kubernetes  # noqa: PLC0415 - pod tasks are rare

        pod, place = template.k8s_pod, f"task {template.id.name!r}: k8s_pod.pod_spec"
        spec = passed_through_kubernetes(pod.pod_spec, lambda argument: replacements.get(argument, argument), place)
        # flytectl copies nothing else.
        metadata = pod.metadata if pod.HasField("metadata") else None
        pod.CopyFrom(tasks_pb2.K8sPod(metadata=metadata, pod_spec=spec))
    return message


def hydrated_workflow(workflow: Any, *, project: str | None, domain: str | None, version: str | None) -> Any:
    """Return a packaged workflow with all its ids as ``flytectl register files`` sends them to Admin.

    ``workflow``: a ``WorkflowSpec`` or ``CompiledWorkflowClosure`` message. It is not changed.
    ``project``, ``domain``, ``version``: what fills an id where it is empty or holds a placeholder: those of the
      workflow, of its sub-workflows, and of all that their nodes refer to. None leaves that part as it is.

    Notes
    -----
    The rules are ``hydrateSpec`` and ``hydrateNode`` in flytectl/cmd/register/register_util.go. flytectl refuses
    nodes that run nothing; here they stay as they are. That closures are filled in as well, with their tasks, is
    policy of this package: Flyte makes them of workflows that are registered.
    """
    message = type(workflow)()
    message.CopyFrom(workflow)
    ids = [task.template.id for task in message.tasks] if isinstance(message, CompiledWorkflowClosure) else []
    for template in Workflow._own(message)._templates():
        ids.append(template.id)
        ids += (reference for _, reference in referring_nodes(template))
    _fill_ids(ids, {"project": project, "domain": domain, "version": version})
    return message


def hydrated_launch_plan(launch_plan: object, *, project: str | None, domain: str | None, version: str | None) -> Any:
    """Return a packaged launch plan with its ids as ``flytectl register files`` sends them to Admin.

    ``launch_plan``: a ``flyteidl.admin.LaunchPlan`` message, or a model of one. It is not changed.
    ``project``, ``domain``, ``version``: as :func:`hydrated_workflow` takes them; they fill the launch plan's id and
      that of its workflow.
    """
    message = launch_plan_pb2.LaunchPlan()
    message.CopyFrom(message_of(launch_plan, launch_plan_pb2.LaunchPlan))
    _fill_ids([message.id, message.spec.workflow_id], {"project": project, "domain": domain, "version": version})
    return message


def _fill_ids(identifiers: Iterable[Any], parts: Mapping[str, str | None]) -> None:
    for identifier in identifiers:
        # What is not there at all names nothing, and does not begin to when it is filled in.
        if identifier.ByteSize():
            _fill_id(identifier, parts)


def _fill_id(identifier: Any, parts: Mapping[str, str | None], *, force: bool = False) -> None:
    for part, text in parts.items():
        is_open = getattr(identifier, part) in ("", PLACEHOLDERS[part]) or (force and part == "version")
        if text is not None and is_open:
            setattr(identifier, part, text)
