"""What Flyte Admin says when a task is registered, and what it should say but does not.

The rules are a table in ``registration_rules.py``; ``registration_refusals.py`` and ``registration_warnings.py`` look
for what they are about, and :func:`check` brings all of it together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from flyteidl.admin import task_pb2
from flyteidl.core import identifier_pb2

from flytetask_nb.models.coercion import as_tasks, opened
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.options import option
from flytetask_nb.semantics.digests import different_structure_answer, structure_digest
from flytetask_nb.semantics.drafts import registrable
from flytetask_nb.semantics.findings import CollectionFindings, Finding, Findings
from flytetask_nb.semantics.registration_refusals import REFUSALS
from flytetask_nb.semantics.registration_rules import RULES
from flytetask_nb.semantics.registration_warnings import WARNINGS
from flytetask_nb.semantics.sent_tasks import Hit, sent_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flytetask_nb.semantics.limits import Amount


@overload
def check(  # type: ignore[overload-overlap]
    task: Sequence[FlyteTask], platform_limits: Mapping[str, Amount] | None = None
) -> CollectionFindings: ...
@overload
def check(task: object, platform_limits: Mapping[str, Amount] | None = None) -> Findings: ...
def check(task: object, platform_limits: Mapping[str, Amount] | None = None) -> Findings | CollectionFindings:
    """Tell what Flyte would refuse to register of a task, and what it would take though it is wrong.

    Parameters
    ----------
    task
        A ``FlyteTask``, ``TaskSpec`` or ``TaskTemplate`` of this package or of flytekit, or such a message, as it
        is sent to Admin: see :func:`flytetask_nb.semantics.hydrate`. Its own id counts as the one it is registered
        under, unless a ``flyteidl.admin.TaskCreateRequest`` says which that is. It is not changed. Or a collection
        or list of tasks.
    platform_limits
        The most that the platform grants of ``cpu``, ``memory``, ``gpu`` (or ``nvidia.com/gpu``) and
        ``ephemeral-storage``: ``{"cpu": "64", "memory": "512Gi"}``. None: those of the policy in force, if it has any.
        A name that is left out: unknown, so nothing is said about it. Zero: no limit.

    Returns
    -------
    Findings or CollectionFindings
        Of several tasks the findings of each, the worst first; of one, refusals in the order in which Admin checks, so the first is what it would answer; then warnings in the
        order of the template. Where a container breaks rules with several resources, Admin names any of them; here
        it is the first of cpu, gpu, memory, ephemeral storage.

    Raises
    ------
    ModelTypeError
        ``task`` is no task, or ``platform_limits`` no mapping.
    ModelValueError
        ``platform_limits`` names a resource that platforms do not limit.
    QuantityError
        An amount of ``platform_limits`` is unreadable.

    Notes
    -----
    The refusals are those of ``ValidateTask`` (flyteadmin/pkg/manager/impl/validation/task_validator.go) and
    ``CompileTask`` (flytepropeller/pkg/compiler/task_compiler.go), in their words. What only the platform knows is
    not looked at: which projects and domains there are, which types of task it allows where, and what is
    registered already. In what Kubernetes says of a pod spec, its own names for kinds of text
    (``v1.PullPolicy``) read as ``string``.

    Several tasks count as registered one after another: of two with one id and two structures the second is refused
    (flyteadmin/pkg/manager/impl/task_manager.go).

    The warnings are of what the task does when it runs, as far as the task itself decides it: each names the file of
    Flyte and the function that it comes from. What a pod template of the platform adds is not known.

    Examples
    --------
    >>> from flyteidl.core.tasks_pb2 import TaskTemplate
    >>> check(TaskTemplate(type="python-task")).refusals[0].message
    'missing id'
    >>> check([TaskTemplate(type="python-task"), TaskTemplate()])
    CollectionFindings(2 tasks, 2 refused, 1 with warnings)
    """
    task = opened(task)
    policy = option("policy")
    if platform_limits is None and policy is not None:
        platform_limits = policy.platform_limits
    if isinstance(task, Sequence) and not isinstance(task, str | bytes | bytearray | memoryview):
        checked = ((each, _check(each, platform_limits)) for each in as_tasks(task))
        return CollectionFindings(findings_in_turn(checked))
    return _check(task, platform_limits)


def findings_in_turn(checked: Iterable[tuple[FlyteTask, Findings]]) -> Iterator[Findings]:
    """Give the findings of tasks that are registered one after another, each with what the ones before it change.

    Of several tasks with one id, Flyte Admin keeps the first that it takes and refuses those with another structure.
    """
    registered: dict[tuple[str, ...], bytes] = {}
    for task, findings in checked:
        identifier = task._message.template.id
        key = (identifier.project, identifier.domain, identifier.name, identifier.version)
        if findings.would_register and all(map(is_filled_in, key)):
            # Bytes take a tenth of the room of a message, and few are asked for again.
            message = task.serialize_to_string()
            earlier = registered.setdefault(key, message)
            if message != earlier and structure_digest(task) != structure_digest(task_pb2.TaskSpec.FromString(earlier)):
                hit = Hit("repeated-id", "id", different_structure_answer(identifier.name))
                yield Findings([*findings, _finding(hit)], findings.task)
                continue
        yield findings


def _finding(hit: Hit) -> Finding:
    rule = RULES[hit.rule]
    return Finding(hit.rule, hit.path, rule.severity, hit.message, rule.reason, rule.source)


def _check(task: object, platform_limits: Mapping[str, Amount] | None) -> Findings:
    is_unregistered = isinstance(task, FlyteTask) and task.is_draft
    if isinstance(task, FlyteTask) and is_unregistered:
        task = registrable(task)
    sent = sent_task(task, platform_limits)
    findings = [
        _finding(hit)
        # In Admin's order; then what it does not look for, in the order of the template, where there is one.
        for look in (*REFUSALS, *(WARNINGS if sent.template is not None else ()))
        for hit in look(sent)
    ]
    named = sent.identifier if sent.identifier is not None else identifier_pb2.Identifier()
    version = "" if is_unregistered else named.version
    return Findings(findings, " ".join(filter(None, (named.name, version))))
