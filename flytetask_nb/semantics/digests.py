"""The digest by which Flyte tells whether a task that is registered again is still the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import identifier_pb2, tasks_pb2

from flytetask_nb.semantics.objecthash import ObjectHasher, UnhashableError, hash_object, hash_text, object_hash
from flytetask_nb.semantics.prototext import compact_text
from flytetask_nb.semantics.templates import template_of

if TYPE_CHECKING:
    from collections.abc import Callable


def structure_digest(task: object) -> bytes:
    """Return the digest that Flyte Admin stores of a task.

    Parameters
    ----------
    task
        A ``FlyteTask``, ``TaskSpec`` or ``TaskTemplate`` of this package or of flytekit, or such a message, with
        project, domain and version as they are when it is registered: see :func:`flytetask_nb.semantics.hydrate`.

    Returns
    -------
    bytes
        32 of them. Admin compares them when the same id is registered again: equal, and the task is there already;
        different, and the registration is refused.

    Raises
    ------
    ModelTypeError
        ``task`` is no task.
    ModelValueError
        It holds something that cannot be hashed; Admin would refuse it.

    Notes
    -----
    The rule is flyteadmin/pkg/manager/impl/util/digests.go: the hash of a ``CompiledTask`` that holds the template
    alone, with the id of the request for its id. That id's resource type is always TASK, whatever the template
    says. The documentation of a task does not count; descriptions of its variables do.
    """
    return hash_object([("template", _hash(object_hash, _registered(template_of(task))))])


def unplaced_digest(task: object) -> bytes:
    """Return a digest that two tasks share if they differ in nothing but project, domain and version.

    Where two tasks have the same project, domain and version, these are equal if their structure digests are, and only
    then.
    """
    template = template_of(task)
    identifier = template.id
    rest = _hash(_without_id, template)
    return hash_object([("template", rest), ("name", hash_text(identifier.name)), ("org", hash_text(identifier.org))])


def nameless_digest(task: object) -> bytes:
    """Return a digest that two tasks share if they differ in nothing but their ids.

    Where two tasks have the same id, these are equal if and only if their structure digests are. Of a task that
    flytekit made from a Python function, the command line names the function; so two such tasks share a digest only
    where they run the same function.
    """
    return hash_object([("template", _hash(_without_id, template_of(task)))])


def unhashable_answer(kind: str, identifier: Any, error: UnhashableError) -> str:
    """Return what Flyte Admin answers, with the status INTERNAL, where it cannot compute a digest.

    ``kind``: what is registered: ``"task"``, ``"workflow"`` or ``"launch plan"``.
    ``identifier``: its ``Identifier`` message; None where it has none.
    ``error``: why it cannot be hashed.

    Notes
    -----
    ``GetTaskDigest``, ``GetWorkflowDigest`` and ``GetLaunchPlanDigest`` of flyteadmin/pkg/manager/impl/util/digests.go.
    """
    named = "<nil>" if identifier is None else compact_text(identifier)
    return f"failed to hash {kind} [{named}] to digest with err {error.reason}"


def different_structure_answer(name: str) -> str:
    """Return how Flyte Admin begins its answer where a task's id is registered with another structure.

    Notes
    -----
    The words are those of flyteadmin/pkg/manager/impl/task_manager.go; it goes on with the paths that differ.
    """
    return f"{name} task with different structure already exists. (Please register a new version of the task):"


def _hash(hash_message: Callable[[Any], bytes], template: Any) -> bytes:
    try:
        return hash_message(template)
    except UnhashableError as error:
        raise UnhashableError(f"task {template.id.name!r}: {error}", error.reason) from None


_without_id: Final = ObjectHasher({"flyteidl.core.TaskTemplate.id": lambda _: True})


def _registered(template: Any) -> Any:
    if template.id.resource_type == identifier_pb2.TASK:
        return template
    registered = tasks_pb2.TaskTemplate()
    registered.CopyFrom(template)
    registered.id.resource_type = identifier_pb2.TASK
    return registered
