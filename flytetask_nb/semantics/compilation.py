"""Whether a workflow compiles against given tasks, and what it then looks like: Flyte's workflow compiler.

The rules are those of flytepropeller/pkg/compiler/workflow_compiler.go and validators/node.go; what Flyte Admin adds,
of flyteadmin/pkg/manager/impl/workflow_manager.go. Versions are immutable, so a change to a task breaks a caller
where the caller no longer compiles against the new version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.core import compiler_pb2

from flytetask_nb.errors import CompileError
from flytetask_nb.models.coercion import opened
from flytetask_nb.semantics import problems
from flytetask_nb.semantics.bindings import check_bindings, output_types
from flytetask_nb.semantics.conditions import check_condition
from flytetask_nb.semantics.digests import unhashable_answer
from flytetask_nb.semantics.graphs import (
    END_NODE,
    START_NODE,
    Catalog,
    Graph,
    GraphNode,
    Interface,
    WorkflowTooLargeError,
    id_key,
)
from flytetask_nb.semantics.launch_plans import known_closure
from flytetask_nb.semantics.node_interfaces import (
    cases_of,
    check_interface,
    complete_interface,
    find_interface,
    interface_of,
    nodes_of_cases,
)
from flytetask_nb.semantics.objecthash import UnhashableError, object_hash
from flytetask_nb.semantics.problems import CompileProblem, Fault, problems_of, report, text_of
from flytetask_nb.semantics.requirements import requirements_of, sorted_ids
from flytetask_nb.semantics.templates import template_of
from flytetask_nb.semantics.workflow_templates import WorkflowSource, readable_copy, workflow_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flytetask_nb.semantics.requirements import Requirements


def compile_problems(
    workflow: object, tasks: Iterable[object], launch_plans: Iterable[object] = ()
) -> list[CompileProblem]:
    """Tell why a workflow does not compile against these tasks.

    Parameters
    ----------
    workflow
        What describes a workflow: a ``WorkflowSpec``, ``WorkflowTemplate``, ``CompiledWorkflow``,
        ``CompiledWorkflowClosure``, ``WorkflowClosure`` or admin ``Workflow`` message, or a model of this package or
        of flytekit that stands for one. Of what is compiled already the compiler's additions are taken off first.
    tasks
        The tasks that it may use, and any others: what describes a task, as ``structure_digest`` takes it. A task is
        the one that a node refers to where all parts of the ids are equal; those of unregistered tasks carry only a
        name. Of several tasks with one id the first counts. Where a compiled workflow brings along a task that is
        not among these, its own is taken.
    launch_plans
        The ones that it may use, and any others: ``flyteidl.admin.LaunchPlan`` messages or flytekit's models of
        them. One that is not registered does not say what it takes and gives: see ``registered_launch_plan``.

    Returns
    -------
    list of CompileProblem
        In the compiler's order. Empty: it compiles. Where one ``is_unresolved``, a task, a launch plan or a
        sub-workflow was not given, or the workflow is too large to be checked: the bindings were not looked at, and
        nothing can be said of how it would compile.

    Raises
    ------
    ModelTypeError
        Something that was handed in describes no workflow, task or launch plan.
    ModelValueError
        The workflow, or what it uses, nests deeper than protobuf can read, 100 messages.

    Notes
    -----
    A sub-workflow that runs itself is a cycle here; Flyte's compiler does not come to an end on it.
    """
    return _compile(workflow_source(workflow), tasks, launch_plans)[0]


def compile_workflow(workflow: object, tasks: Iterable[object], launch_plans: Iterable[object] = ()) -> Any:
    """Compile a workflow against its tasks, as Flyte Admin does when it is registered.

    Parameters
    ----------
    workflow, tasks, launch_plans
        As :func:`compile_problems` takes them.

    Returns
    -------
    flyteidl.core.compiler_pb2.CompiledWorkflowClosure
        What Admin stores and answers: the workflow with a start and an end node and the connections between its
        nodes, its sub-workflows likewise, and the tasks that they use, in the order of their ids.

    Raises
    ------
    CompileError
        It does not compile; ``.problems`` says why.
    ModelTypeError
        Something that was handed in describes no workflow, task or launch plan.
    ModelValueError
        The workflow, or what it uses, nests deeper than protobuf can read, 100 messages.
    """
    source = workflow_source(workflow)
    reasons, closure = _compile(source, tasks, launch_plans)
    if closure is None:
        name = source.template.id.name if source.template is not None else ""
        raise CompileError(
            f"the workflow {name!r} does not compile against these tasks. {report(reasons)}"
            "Change what it binds, or hand in other versions of what it uses",
            reasons,
        )
    return closure


def digest_problems(closure: Any) -> list[CompileProblem]:
    """Tell why Flyte Admin would refuse a workflow that compiles: it keeps a digest, and some messages have none.

    Returns list of CompileProblem: one, in Admin's words, at the first node that is to blame; empty where the workflow
      has a digest.

    Notes
    -----
    ``GetWorkflowDigest`` in flyteadmin/pkg/manager/impl/util/digests.go.
    """
    try:
        object_hash(closure)
    except UnhashableError as error:
        template = closure.primary.template
        answer = unhashable_answer("workflow", template.id if template.HasField("id") else None, error)
        node = next((node.id for node in template.nodes if not _is_hashable(node)), START_NODE)
        return problems_of([Fault(problems.UNHASHABLE, node, details=(answer,))])
    return []


def _is_hashable(message: Any) -> bool:
    try:
        object_hash(message)
    except UnhashableError:
        return False
    return True


def _compile(
    source: WorkflowSource, tasks: Iterable[object], launch_plans: Iterable[object]
) -> tuple[list[CompileProblem], Any]:
    """Return the problems, or else the compiled closure."""
    templates = [*map(template_of, opened(tasks)), *source.tasks]
    closures = [known_closure(launch_plan) for launch_plan in launch_plans]
    faults: list[Fault] = []
    closure = None
    try:
        closure = _closure(source, templates, closures, faults)
    except (WorkflowTooLargeError, RecursionError) as error:
        reason = str(error) if isinstance(error, WorkflowTooLargeError) else "it nests too deep"
        faults = [Fault(problems.TOO_LARGE, START_NODE, details=(reason,))]
    return problems_of(faults), closure


def _closure(
    source: WorkflowSource,
    templates: Iterable[Any],
    closures: Iterable[tuple[bytes | None, Any]],
    faults: list[Fault],
) -> Any:
    """Compile what was read; None and findings where it does not compile."""
    if source.template is None:
        faults.append(Fault(problems.VALUE_REQUIRED, "root", "wf"))
        return None
    compiled = compiler_pb2.CompiledWorkflow(template=source.template)
    sub_workflows = _sub_workflows(source, faults)
    if faults:
        return None
    by_id = {id_key(sub_workflow.template.id): sub_workflow for sub_workflow in sub_workflows}
    needed = requirements_of(compiled.template, by_id)
    used_tasks = _used(((_key(template), template) for template in templates), needed.tasks)
    used_plans = _used(closures, needed.launch_plans)
    faults += needed.faults
    faults += _missing(needed, used_tasks, used_plans)
    if faults:
        return None
    if not _compile_one(compiled, Catalog(used_tasks, used_plans, by_id, faults)):
        return None
    ordered = [used_tasks[id_key(identifier)] for identifier in sorted_ids(needed.tasks)]
    tasks = [compiler_pb2.CompiledTask(template=template) for template in ordered]
    return compiler_pb2.CompiledWorkflowClosure(primary=compiled, sub_workflows=sub_workflows, tasks=tasks)


def _key(template: Any) -> bytes | None:
    return id_key(template.id) if template.HasField("id") else None


def _sub_workflows(source: WorkflowSource, faults: list[Fault]) -> list[Any]:
    """Make the sub-workflows ready to be compiled, each of them when a node runs it."""
    known: set[bytes] = set()
    for template in source.sub_workflows:
        key = _key(template)
        if key is None:
            # Here the compiler gives up without a word.
            if not faults:
                faults.append(Fault(problems.VALUE_REQUIRED, "root", "SubWorkflow.Template.Id"))
            break
        if key in known:
            faults.append(Fault(problems.DUPLICATE_ID, text_of(template.id)))
        else:
            known.add(key)
    return [compiler_pb2.CompiledWorkflow(template=template) for template in source.sub_workflows]


def _used(given: Iterable[tuple[bytes | None, Any]], needed: Mapping[bytes, Any]) -> dict[bytes, Any]:
    """Copy what is needed, of several with one id the first."""
    used: dict[bytes, Any] = {}
    for key, message in given:
        if key is not None and key in needed and key not in used and message is not None:
            used[key] = readable_copy(message)
    return used


def _missing(needed: Requirements, tasks: Mapping[bytes, Any], launch_plans: Mapping[bytes, Any]) -> list[Fault]:
    return [
        Fault(kind, START_NODE, details=(identifier,))
        for kind, identifiers, given in (
            (problems.WORKFLOW_NOT_FOUND, needed.launch_plans, launch_plans),
            (problems.TASK_NOT_FOUND, needed.tasks, tasks),
        )
        for key, identifier in identifiers.items()
        if key not in given
    ]


# -- workflows and their nodes -------------------------------------------------------------------------------------


def _compile_one(compiled: Any, catalog: Catalog) -> bool:
    """Compile one workflow where it stands, a ``CompiledWorkflow`` message; tell whether nothing is wrong."""
    before = len(catalog.faults)
    template = compiled.template
    graph = Graph(template, catalog)
    if not template.nodes:
        graph.add(problems.NO_NODES, text_of(template.id if template.HasField("id") else None))
        return False
    complete_interface(template.interface)
    interface = interface_of(template.interface)
    if not check_interface(graph, START_NODE, interface):
        return False
    graph.add_sentinel(START_NODE, Interface(outputs=interface.inputs))
    end = graph.add_sentinel(END_NODE, Interface(inputs=interface.outputs))
    end.message.inputs.extend(template.outputs)
    own_ids = _check_nodes(graph)
    _add_edges_of_idle_nodes(graph, own_ids)
    graph.check_reachable()
    if len(catalog.faults) != before:
        return False
    # Promises of the workflow's own inputs were completed in the end node's bindings, and the outputs are the same.
    _refill(template.outputs, end.message.inputs)
    _refill(template.nodes, [node.message for node in graph.nodes.values()])
    compiled.connections.CopyFrom(graph.connections())
    return True


def _refill(field: Any, messages: Iterable[Any]) -> None:
    copies = list(messages)
    del field[:]
    field.extend(copies)


def _check_nodes(graph: Graph) -> set[str]:
    """Check all nodes of a workflow and connect them; give the ids of its own, those inside branches aside."""
    own_ids: set[str] = set()
    for message in graph.template.nodes:
        node = GraphNode(message)
        own_ids.add(node.id)
        # Of two nodes with one id the first stays, but the second is looked at too.
        graph.nodes.setdefault(node.id, node)
        _check_node(graph, node)
    for node_id, node in graph.nodes.items():
        if node_id != START_NODE:
            _add_edges(graph, node, both_ways=True)
    if graph.template.HasField("failure_node"):
        node = GraphNode(graph.template.failure_node)
        _check_node(graph, node)
        _add_edges(graph, node)
    return own_ids


def _add_edges_of_idle_nodes(graph: Graph, own_ids: set[str]) -> None:
    """Let nodes that wait for nothing wait for the start, and the end for nodes that nothing waits for."""
    for node_id in own_ids - {START_NODE, END_NODE}:
        if node_id not in graph.upstream:
            graph.add_edge(START_NODE, node_id)
        if node_id not in graph.downstream:
            graph.add_edge(node_id, END_NODE)


def _add_edges(graph: Graph, node: GraphNode, *, both_ways: bool = False) -> None:
    """Connect a node with those that it waits for, because it says so or because its inputs are promised by them."""
    if node.interface is None:
        return
    if both_ways:
        for provider in node.message.upstream_node_ids:
            graph.add_edge(provider, node.id)
    check_bindings(graph, node, node.message.inputs, node.interface.inputs, both_ways=both_ways)


def _check_node(graph: Graph, node: GraphNode) -> bool:
    """Check a node and what is inside of it; tell whether nothing is wrong."""
    graph.catalog.step()
    before = len(graph.catalog.faults)
    if not node.id:
        graph.add(problems.VALUE_REQUIRED, "<node>", "Id")
    if node.id in (START_NODE, END_NODE):
        return True
    if find_interface(graph, node) is not None:
        output_types(graph, node)
    node.message.upstream_node_ids.sort()
    target = node.message.WhichOneof("target")
    if target == "branch_node":
        for inner in _check_branch(graph, node):
            _add_edges(graph, inner)
    elif target == "workflow_node" and node.message.workflow_node.HasField("sub_workflow_ref"):
        key = id_key(node.message.workflow_node.sub_workflow_ref)
        compiled = graph.catalog.sub_workflows.get(key)
        # One that is broken is looked at again for each node that runs it.
        if compiled is not None and key not in graph.compiled and _compile_one(compiled, graph.catalog):
            graph.compiled.add(key)
    return len(graph.catalog.faults) == before


def _check_branch(graph: Graph, node: GraphNode) -> list[GraphNode]:
    """Check the conditions and nodes of a branch node; give those nodes where nothing is wrong."""
    before = len(graph.catalog.faults)
    if_else = node.message.branch_node.if_else
    if not if_else.HasField("case"):
        graph.add(problems.BRANCH_WITHOUT_CONDITION, node.id)
    for case in cases_of(if_else):
        check_condition(graph, node, case.condition if case.HasField("condition") else None)
        if not case.HasField("then_node"):
            graph.add(problems.BRANCH_WITHOUT_NODE, node.id)
    if if_else.WhichOneof("default") is None:
        graph.add(problems.BRANCH_WITHOUT_DEFAULT, node.id)
    inner = [case for case in nodes_of_cases(node) if case is not None and _check_node(graph, case)]
    return inner if len(graph.catalog.faults) == before else []
