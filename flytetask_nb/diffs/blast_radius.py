"""Which workflows would no longer compile if they called other versions of their tasks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flyteidl.admin import launch_plan_pb2

from flytetask_nb.diffs.pairing import paired
from flytetask_nb.errors import CompileError
from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.models import FlyteTask, Identifier, Workflow
from flytetask_nb.models.coercion import as_tasks, opened_workflow
from flytetask_nb.models.messages import message_of
from flytetask_nb.models.name_index import are_one_place, said
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.reports import ReportList
from flytetask_nb.models.showing import behind_gate
from flytetask_nb.models.version_order import tasks_by_age
from flytetask_nb.models.workflows import referring_nodes
from flytetask_nb.printing import visible
from flytetask_nb.semantics.compilation import compile_workflow, digest_problems
from flytetask_nb.semantics.launch_plans import registered_launch_plan
from flytetask_nb.semantics.map_tasks import map_task_stem, mapped_task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from flytetask_nb.semantics.problems import CompileProblem

COMPILES = "compiles"
BREAKS = "breaks"
UNRESOLVED = "unresolved"


@behind_gate
@dataclass(frozen=True)
class Caller:
    """A workflow, and whether it compiles against the tasks.

    Attributes
    ----------
    workflow : Workflow
        The workflow.
    verdict : str
        ``"compiles"``, ``"breaks"``, or ``"unresolved"``: a task, launch plan or sub-workflow that it uses was not
        given, so nothing can be said.
    problems : tuple of CompileProblem
        Why it does not compile, in the compiler's order; or why Flyte Admin refuses it though it does.
    linked : tuple of (str, str)
        Map tasks that it calls under a name with another hash, and what they are called here: it is compiled
        against these.
    causes : tuple of str
        For each problem the name of what it is about: the task that the node calls, or what was not given; empty
        where nothing tells.
    """

    workflow: Workflow
    verdict: str
    problems: tuple[CompileProblem, ...]
    linked: tuple[tuple[str, str], ...] = ()
    causes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON values, secrets masked."""
        return {
            "workflow": mask_identifier(self.workflow.name),
            "version": mask_identifier(self.workflow.id.version) or None,
            "source": None if self.workflow.source is None else mask_text(self.workflow.source),
            "verdict": self.verdict,
            "problems": [
                {
                    name: mask_text(getattr(problem, name))
                    for name in ("code", "node", "variable", "upstream", "message")
                }
                for problem in self.problems
            ],
        }


class CallerReport(ReportList[Caller]):
    """What became of each workflow: those that break first, then those of which nothing can be said.

    True if any workflow breaks. Its table has a row for each problem, all columns texts; a workflow that compiles has
    one row, in which node, variable, code and message are NA.

    Parameters
    ----------
    verdicts
        One for each workflow.
    used, unused
        Names of the tasks that were asked about: those that a workflow uses, and those that none uses.
    """

    __slots__ = ("unused", "used")

    _COLUMNS = dict.fromkeys(
        ("workflow", "version", "verdict", "node", "variable", "code", "message", "source"), "TEXT"
    )

    used: tuple[str, ...]
    """The tasks that a workflow uses, by itself or in a map task, in natural order of their names."""
    unused: tuple[str, ...]
    """The tasks that no workflow uses, as far as can be seen: what ``@dynamic`` calls cannot, nor every map task."""

    def __init__(self, verdicts: Iterable[Caller], used: Iterable[str] = (), unused: Iterable[str] = ()) -> None:
        order = (BREAKS, UNRESOLVED, COMPILES)
        super().__init__(
            sorted(verdicts, key=lambda caller: (order.index(caller.verdict), natural_key(caller.workflow.name)))
        )
        self.used = tuple(sorted(used, key=natural_key))
        self.unused = tuple(sorted(unused, key=natural_key))

    def _state(self) -> tuple[Any, ...]:
        return self._entries, self.used, self.unused

    def __bool__(self) -> bool:
        return bool(self.breaking)

    def _of(self, verdict: str) -> tuple[Caller, ...]:
        return tuple(caller for caller in self if caller.verdict == verdict)

    @property
    def breaking(self) -> tuple[Caller, ...]:
        """The workflows that would not compile."""
        return self._of(BREAKS)

    @property
    def unresolved(self) -> tuple[Caller, ...]:
        """The workflows of which nothing can be said, for something that they use was not given."""
        return self._of(UNRESOLVED)

    @property
    def compiling(self) -> tuple[Caller, ...]:
        """The workflows that compile as before."""
        return self._of(COMPILES)

    @property
    def summary(self) -> str:
        """One sentence: ``"2 of 11 workflows would not compile"``, or that so many would compile; secrets masked.

        Where no workflow uses any of the tasks it says that first.
        """
        if self.used or not self.unused:
            return self._verdicts
        is_alone = len(self.unused) == 1
        tasks = visible(mask_identifier(self.unused[0])) if is_alone else f"any of the {len(self.unused):,} tasks"
        return f"no workflow uses {tasks}; {self._verdicts}" if len(self) else f"no workflow uses {tasks}"

    @property
    def _verdicts(self) -> str:
        workflows = f"{len(self)} workflow{'' if len(self) == 1 else 's'}"
        sentence = f"{len(self.compiling)} of {workflows} would compile as before"
        if self.breaking:
            sentence = f"{len(self.breaking)} of {workflows} would not compile"
        return f"{sentence}, {len(self.unresolved)} unresolved" if self.unresolved else sentence

    def _values(self) -> dict[str, Any]:
        return {
            "summary": self.summary,
            "workflows": [caller.to_dict() for caller in self],
            "used": list(map(mask_identifier, self.used)),
            "unused": list(map(mask_identifier, self.unused)),
        }

    def _rows(self) -> Iterator[Sequence[Any]]:
        for caller in self:
            values = caller.to_dict()
            problems = values.pop("problems") or [{}]
            for problem in problems:
                yield [({**values, **problem}).get(name) or None for name in self._COLUMNS]

    def __repr__(self) -> str:
        return f"CallerReport({self.summary})"


def callers(workflows: object, tasks: Iterable[object], launch_plans: Iterable[object] = ()) -> CallerReport:
    """Tell which workflows still compile if they call these tasks.

    Parameters
    ----------
    workflows
        The workflows, e.g. of ``load_workflows``; or one of them.
    tasks
        Versions of the tasks that they call, and any others. A workflow refers to one version; here it is given the
        newest among these of the same name (and of the same project and domain, where both sides say them).
    launch_plans
        The launch plans that they start. One out of an archive does not say what it takes; it is filled in from its
        workflow where that is among ``workflows``.

    Returns
    -------
    CallerReport
        One entry a workflow. A workflow that uses something that was not given is unresolved, never said to break.

    Raises
    ------
    ModelTypeError
        Something that was handed in is no workflow, task or launch plan.

    Notes
    -----
    Versions are immutable, so nothing breaks by itself: a workflow breaks when it is registered against the new
    versions. The verdict is that of Flyte's workflow compiler, and of Flyte Admin, which refuses what it cannot hash.
    What a ``@dynamic`` or ``@eager`` task calls is decided when it runs, so no workflow shows it; a map task is a task
    of its own, whose name tells the mapped function only where flytekit made it.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> workflows = ftn.load_workflows("archives/2026.09.tgz")
    >>> report = ftn.callers(workflows, ftn.load("archives/2026.10.tgz"))
    >>> report
    CallerReport(3 of 5 workflows would compile as before, 2 unresolved)
    """
    given = [workflows] if isinstance(workflows, Workflow) or not isinstance(workflows, Iterable) else list(workflows)
    parsed = [
        workflow if isinstance(workflow, Workflow) else Workflow.from_flyte_idl(opened_workflow(workflow))
        for workflow in given
    ]
    by_name = _by_name(tasks)
    plans = _filled(launch_plans, parsed)
    called = {task.name for workflow in parsed for task in workflow.task_ids}
    linked = _linked_map_tasks(called, by_name.keys())
    called.update(linked.values())
    called |= {mapped_task(name) for name in called}
    known = {**by_name, **{name: by_name[linked[name]] for name in linked}}
    return CallerReport(
        (_caller(workflow, known, plans, linked) for workflow in parsed),
        by_name.keys() & called,
        by_name.keys() - called,
    )


def _linked_map_tasks(called: AbstractSet[str], given: AbstractSet[str]) -> dict[str, str]:
    """Return what map tasks that nobody gave are called now, by the name that workflows call them by.

    The name of a map task holds a hash of its settings, so a setting gives it another name. Where several of one
    function are gone or new, nothing tells which became which.
    """
    gone, new = (
        {name: stem for name in names if (stem := map_task_stem(name)) is not None}
        for names in (called - given, given - called)
    )
    return paired(gone, new)


def _caller(workflow: Workflow, known: dict[str, list[FlyteTask]], plans: list[Any], linked: dict[str, str]) -> Caller:
    repinned = [_repinned(known.get(task.name, []), task._message) for task in workflow.task_ids]
    moved = tuple((task.name, linked[task.name]) for task in workflow.task_ids if task.name in linked)
    try:
        problems = tuple(
            digest_problems(compile_workflow(workflow, [task for task in repinned if task is not None], plans))
        )
    except CompileError as error:
        problems = tuple(error.problems)
    if not problems:
        return Caller(workflow, COMPILES, (), moved)
    verdict = UNRESOLVED if any(problem.is_unresolved for problem in problems) else BREAKS
    return Caller(workflow, verdict, problems, moved, tuple(_cause(workflow, problem, known) for problem in problems))


_MISSING = re.compile(r'\bname:"((?:[^"\\]|\\.)*)"')


def _cause(workflow: Workflow, problem: CompileProblem, known: dict[str, list[FlyteTask]]) -> str:
    """Return the name of what a problem is about, as far as the compiler's words and the node tell."""
    if problem.is_unresolved:
        missing = _MISSING.search(problem.message)
        return "" if missing is None else missing[1]
    # Nodes of sub-workflows have the same ids.
    called = {
        reference.name
        for template in workflow._templates()
        for node, reference in referring_nodes(template)
        if node.id == problem.node
    }
    if problem.code == "ParameterNotBound":
        called = {name for name in called if name in known and problem.variable in known[name][-1].interface.inputs}
    return called.pop() if len(called) == 1 else ""


def _by_name(tasks: Iterable[object]) -> dict[str, list[FlyteTask]]:
    """Sort tasks by name, those of one name from the oldest to the newest."""
    groups: dict[str, list[FlyteTask]] = {}
    for task in as_tasks(tasks):
        groups.setdefault(task.name, []).append(task)
    return {name: _oldest_first(versions) for name, versions in groups.items()}


def _oldest_first(versions: list[FlyteTask]) -> list[FlyteTask]:
    return [versions[position] for position in tasks_by_age(versions)[0]]


def _repinned(versions: list[FlyteTask], reference: Any) -> Any:
    """Return the newest version that a reference can mean, under the id that the workflow knows."""
    place = said(reference.project, reference.domain)
    meant = [task for task in versions if are_one_place([place, said(task.id.project, task.id.domain)])]
    if not meant:
        return None
    # Those of one place may tell an order where those of all places do not.
    newest = (meant if len(meant) == len(versions) else _oldest_first(meant))[-1]
    spec = deepcopy(newest._message)
    spec.template.id.CopyFrom(reference)
    return spec


def _filled(launch_plans: Iterable[object], workflows: list[Workflow]) -> list[Any]:
    known: dict[object, Workflow] = {}
    for workflow in workflows:
        known[workflow.name] = known[workflow.id] = workflow
    filled = []
    for launch_plan in launch_plans:
        message = message_of(launch_plan, launch_plan_pb2.LaunchPlan)
        target = Identifier.from_flyte_idl(message.spec.workflow_id)
        started = known.get(target) or known.get(target.name)
        filled.append(message if started is None else registered_launch_plan(message, started))
    return filled
