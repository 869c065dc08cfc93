from __future__ import annotations

import json
import re
import tarfile
import time
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2, interface_pb2, tasks_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2
from google.protobuf.json_format import ParseDict
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.errors import CompileError, FlyteTaskError, ModelTypeError, ModelValueError
from flytetask_nb.models import FlyteTask
from flytetask_nb.semantics.compilation import compile_problems, compile_workflow
from flytetask_nb.semantics.launch_plans import registered_launch_plan
from flytetask_nb.semantics.problems import CompileProblem, report
from tests.conftest import flytekit_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Told = dict[str, Any]

INTEGER = {"simple": "INTEGER"}
FLOAT = {"simple": "FLOAT"}
STRING = {"simple": "STRING"}
NONE = {"simple": "NONE"}
BOOLEAN = {"simple": "BOOLEAN"}
COLORS = {"enumType": {"values": ["red", "green"]}}


# -- what Flyte's own compiler says --------------------------------------------------------------------------------

ERROR = re.compile(r"Code: (\w+), Node Id: (.*?), Description: (.*)")
# How the compiler names the variable of a problem.
NAMED = re.compile(r"input variable '(?:[^']*\.)?([^'.]+)'|^(?!The |Referenced|Failed)[^\[]*\[([^\]]+)\]")


def spaced_once(text: str) -> str:
    """Go puts one space or two between fields, as it was built."""
    return re.sub(" +", " ", text)


def fields_in_order(text: str) -> str:
    """Go goes through the fields of a dataclass in any order: compare the letters."""
    return "".join(sorted(text))


@lru_cache(maxsize=300)
def archive_of(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive if entry.isfile()}  # type: ignore[union-attr]


def caller_of(case: Told, truth_folder: Path) -> tuple[Any, list[Any]]:
    """Return the workflow of a case, and the tasks of its archive with one interface changed."""
    files = archive_of(truth_folder / "corpus" / case["archive"])
    tasks = []
    for name, content in files.items():
        if name.endswith("_1.pb"):
            spec = task_pb2.TaskSpec.FromString(content)
            if spec.template.id.name == case["task"]:
                spec.template.interface.CopyFrom(ParseDict(case["interface"], interface_pb2.TypedInterface()))
            tasks.append(spec)
    return workflow_pb2.WorkflowSpec.FromString(files[case["workflow"]]), tasks


def expected_of(error: str) -> list[tuple[str, str, str, str]]:
    """Read the codes, nodes, variables and letters of what the compiler printed, each once."""
    found = set()
    for code, node, message in ERROR.findall(error):
        named = NAMED.search(message)
        variable = "" if named is None or code == "UnreachableNodes" else named[1] or named[2]
        found.add((code, node, variable, fields_in_order(spaced_once(message))))
    return sorted(found)


def test_every_caller_agrees(cases: Callable[[str], list[Told]], truth_folder: Path) -> None:
    """Each caller compiles where Flyte's compiler compiles it, and fails for the reasons that it gives."""
    wrong = []
    for case in cases("callers.jsonl"):
        problems = compile_problems(*caller_of(case, truth_folder))
        got = [(one.code, one.node, one.variable, fields_in_order(spaced_once(one.message))) for one in problems]
        if (not problems) != case["compiles"] or sorted(got) != expected_of(case.get("error", "")):
            wrong.append((case["archive"], case["workflow"], case["task"], case["change"], got, case.get("error")))
    assert wrong == []


def test_every_caller_that_compiles_compiles_again(cases: Callable[[str], list[Told]], truth_folder: Path) -> None:
    """A compiled workflow, fetched from a server, compiles to itself, with the tasks that it brings along."""
    for case in cases("callers.jsonl"):
        if case["compiles"]:
            closure = compile_workflow(*caller_of(case, truth_folder))
            assert closure == compile_workflow(closure, ())


def test_real_workflows_compile(corpus: Path) -> None:
    """Every workflow of the corpus compiles against the tasks and launch plans that it was packed with."""
    compiled = 0
    for path in sorted(corpus.glob("*/*.tgz")):
        files = archive_of(path)
        tasks = [task_pb2.TaskSpec.FromString(content) for name, content in files.items() if name.endswith("_1.pb")]
        plans = [
            launch_plan_pb2.LaunchPlan.FromString(content) for name, content in files.items() if name.endswith("_3.pb")
        ]
        specs = {
            spec.template.id.name: spec
            for spec in (
                workflow_pb2.WorkflowSpec.FromString(content)
                for name, content in files.items()
                if name.endswith("_2.pb")
            )
        }
        known = [
            registered_launch_plan(plan, specs[plan.spec.workflow_id.name])
            for plan in plans
            if plan.spec.workflow_id.name in specs
        ]
        for spec in specs.values():
            unresolved = {problem.is_unresolved for problem in compile_problems(spec, tasks, known)}
            assert unresolved <= {True}, (path.name, spec.template.id.name, compile_problems(spec, tasks, known))
            compiled += not unresolved
    assert compiled >= 400


# -- what a real server says ---------------------------------------------------------------------------------------


def test_server_agrees(truth_folder: Path) -> None:
    """Of each workflow that is registered, the server's verdict, words and compiled workflow are ours too."""
    tasks: list[Any] = []
    closures: dict[str, Any] = {}
    seen = {"compiles": 0, "breaks": 0, "unresolved": 0, "answers": 0}
    for line in (truth_folder / "transcripts" / "workflows.jsonl").read_text(encoding="utf-8").splitlines():
        exchange = json.loads(line)
        request, status = exchange["request"], exchange["status"]
        if exchange["call"] == "CreateTask" and status == "OK":
            template = ParseDict(request["spec"]["template"], tasks_pb2.TaskTemplate())
            template.id.CopyFrom(ParseDict(request["id"], identifier_pb2.Identifier()))
            tasks.append(template)
        elif exchange["call"] == "CreateWorkflow":
            spec = ParseDict(request["spec"], workflow_pb2.WorkflowSpec())
            spec.template.id.CopyFrom(ParseDict(request["id"], identifier_pb2.Identifier()))
            problems = compile_problems(spec, tasks)
            if status in ("OK", "ALREADY_EXISTS"):
                assert problems == []
                closures[json.dumps(request["id"])] = compile_workflow(spec, tasks)
                seen["compiles"] += 1
            elif "missing entity" in exchange["message"]:
                assert {problem.code for problem in problems} == {"TaskReferenceNotFound"}
                assert all(problem.is_unresolved for problem in problems)
                seen["unresolved"] += 1
            else:
                told = exchange["message"].partition("with err: ")[2]
                assert spaced_once(told) == spaced_once(report(problems))
                seen["breaks"] += 1
        elif exchange["call"] == "GetWorkflow":
            answer = ParseDict(exchange["response"], workflow_pb2.Workflow())
            assert answer.closure.compiled_workflow == closures[json.dumps(request["id"])]
            assert answer.closure.compiled_workflow == compile_workflow(answer, ())
            seen["answers"] += 1
    assert seen["compiles"] >= 7
    assert seen["unresolved"] >= 1
    is_whole = sum(seen.values()) > 10
    assert not is_whole or (seen["breaks"], seen["answers"]) == (4, 1)


# -- workflows made by hand ----------------------------------------------------------------------------------------


def interface(inputs: Told | None = None, outputs: Told | None = None) -> Told:
    told: Told = {}
    for name, types in (("inputs", inputs), ("outputs", outputs)):
        if types is not None:
            told[name] = {"variables": {variable: {"type": type_} for variable, type_ in types.items()}}
    return told


def task(name: str, inputs: Told | None = None, outputs: Told | None = None) -> Any:
    told = {"id": {"name": name}, "interface": interface(inputs, outputs)}
    return ParseDict(told, tasks_pb2.TaskTemplate())


def promise(node: str, variable: str, *path: str | int) -> Told:
    told: Told = {"nodeId": node, "var": variable}
    if path:
        told["attrPath"] = [{"stringValue": one} if isinstance(one, str) else {"intValue": one} for one in path]
    return {"promise": told}


def integer(value: int) -> Told:
    return {"scalar": {"primitive": {"integer": str(value)}}}


def text(value: str) -> Told:
    return {"scalar": {"primitive": {"stringValue": value}}}


def bound(**bindings: Told) -> list[Told]:
    return [{"var": variable, "binding": binding} for variable, binding in bindings.items()]


def node(node_id: str, name: str, /, **bindings: Told) -> Told:
    return {"id": node_id, "taskNode": {"referenceId": {"name": name}}, "inputs": bound(**bindings)}


def comparison(left: Told, right: Told) -> Told:
    return {"comparison": {"leftValue": left, "rightValue": right}}


IS_ONE = comparison({"var": "a"}, {"primitive": {"integer": "1"}})
ERROR_OTHERWISE = {"failedNodeId": "n0", "message": "no"}


def branch(node_id: str, cases: list[Told], otherwise: Told | None = None, /, **bindings: Told) -> Told:
    block: Told = {"case": cases[0], "other": cases[1:]}
    block |= {"error": ERROR_OTHERWISE} if otherwise is None else {"elseNode": otherwise}
    return {"id": node_id, "branchNode": {"ifElse": block}, "inputs": bound(**bindings)}


def case_of(then: Told, condition: Told = IS_ONE) -> Told:
    return {"condition": condition, "thenNode": then}


def workflow(
    *nodes: Told, inputs: Told | None = None, outputs: Told | None = None, name: str = "wf", **more: Any
) -> Told:
    """Tell a workflow; outputs are named with their types and bindings."""
    given = outputs or {}
    return {
        "id": {"resourceType": "WORKFLOW", "name": name},
        "interface": interface(inputs or {}, {variable: type_ for variable, (type_, _) in given.items()}),
        "nodes": list(nodes),
        "outputs": bound(**{variable: binding for variable, (_, binding) in given.items()}),
        **more,
    }


def spec_of(template: Told, *sub_workflows: Told) -> Any:
    return ParseDict({"template": template, "subWorkflows": list(sub_workflows)}, workflow_pb2.WorkflowSpec())


ONE = task("one", {}, {"o": INTEGER})
TAKE = task("take", {"x": INTEGER}, {"o": INTEGER})
GREET = task("greet", {"name": STRING}, {"o": STRING})
TASKS = [ONE, TAKE, GREET]


def found(template: Told, *sub_workflows: Told, tasks: list[Any] | None = None) -> list[tuple[str, str, str]]:
    problems = compile_problems(spec_of(template, *sub_workflows), TASKS if tasks is None else tasks)
    return [(problem.code, problem.node, problem.variable) for problem in problems]


def taking(literal_type: Told, binding: Told) -> list[tuple[str, str, str]]:
    """Bind something to an input of some type, in a workflow whose node n0 gives an int."""
    given = task("given", {"x": literal_type})
    return found(workflow(node("n0", "one"), node("n1", "given", x=binding)), tasks=[ONE, given])


def test_a_workflow_compiles() -> None:
    """Nothing is wrong with a node that takes what another gives."""
    assert found(workflow(node("n0", "one"), node("n1", "take", x=promise("n0", "o")))) == []


UNION = {"unionType": {"variants": [INTEGER, STRING]}}
LISTS = {"unionType": {"variants": [{"collectionType": INTEGER}, {"collectionType": FLOAT}]}}
POINT = {"simple": "STRUCT", "structure": {"dataclassType": {"x": INTEGER, "tags": {"collectionType": STRING}}}}
FIVE = {"collection": {"bindings": [integer(5)]}}


@pytest.mark.parametrize(
    ("literal_type", "binding", "expected"),
    [
        (INTEGER, integer(1), []),
        (INTEGER, text("one"), [("MismatchingTypes", "n1", "x")]),
        (FLOAT, promise("n0", "o"), [("MismatchingTypes", "n1", "x")]),
        (COLORS, text("red"), []),
        (COLORS, text("blue"), [("IllegalEnumValue", "n1", "x")]),
        (COLORS, integer(1), [("IllegalEnumValue", "n1", "x"), ("MismatchingTypes", "n1", "x")]),
        (UNION, integer(1), []),
        (UNION, promise("n0", "o"), []),
        ({"collectionType": INTEGER}, FIVE, []),
        ({"collectionType": STRING}, FIVE, [("MismatchingTypes", "n1", "x")]),
        ({"collectionType": INTEGER}, {"collection": {"bindings": [promise("n0", "o")]}}, []),
        ({"mapValueType": INTEGER}, {"map": {"bindings": {"a": integer(1), "b": promise("n0", "o")}}}, []),
        ({"mapValueType": STRING}, {"map": {"bindings": {"a": integer(1)}}}, [("MismatchingTypes", "n1", "x")]),
        (INTEGER, FIVE, [("MismatchingBindings", "n1", "x")]),
        ({"collectionType": INTEGER}, {"map": {}}, [("MismatchingBindings", "n1", "x")]),
        (INTEGER, {}, [("MismatchingBindings", "n1", "x")]),
        (LISTS, FIVE, []),
        (LISTS, {"collection": {}}, [("AmbiguousBindingUnionValue", "n1", "x")]),
        (LISTS, {"collection": {"bindings": [text("a")]}}, [("IncompatibleBindingUnionValue", "n1", "x")]),
        (UNION, {}, [("IncompatibleBindingUnionValue", "n1", "x")]),
        (INTEGER, {"scalar": {"blob": {}}}, [("UnrecognizedValue", "n1", "x")]),
        (INTEGER, {"scalar": {}}, [("UnrecognizedValue", "n1", "x")]),
        (INTEGER, promise("n0", "two"), [("ParameterNotBound", "n1", "x"), ("VariableNameNotFound", "n0", "two")]),
        (INTEGER, promise("n9", "o"), [("NodeReferenceNotFound", "n9", ""), ("ParameterNotBound", "n1", "x")]),
        (INTEGER, promise("n0", "a-b"), [("SyntaxError", "n1", "x")]),
        (INTEGER, promise("n0", f"[{2**63}].o"), [("SyntaxError", "n1", "x")]),
        (INTEGER, promise("n0", "[0].o"), [("MismatchingTypes", "n1", "x")]),
    ],
)
def test_bindings_are_held_against_the_type(literal_type: Told, binding: Told, expected: list[Any]) -> None:
    """Literals, promises, lists and maps fit or fail with the code of the compiler."""
    assert expected == taking(literal_type, binding)


@pytest.mark.parametrize(
    ("path", "wanted", "expected"),
    [
        (("x",), INTEGER, []),
        (("x",), STRING, [("MismatchingTypes", "n1", "v")]),
        (("tags", 0), STRING, []),
        (("tags", 0), INTEGER, [("MismatchingTypes", "n1", "v")]),
        (("y",), INTEGER, [("FieldNotFound", "n1", "p")]),
    ],
)
def test_attributes_are_reached_by_type(path: tuple[Any, ...], wanted: Told, expected: list[Any]) -> None:
    """A field of a dataclass has its own type, and one that is not there is an error."""
    tasks = [task("give", {}, {"p": POINT}), task("use", {"v": wanted})]
    assert expected == found(workflow(node("n0", "give"), node("n1", "use", v=promise("n0", "p", *path))), tasks=tasks)


def test_item_of_a_list() -> None:
    """An output may be followed into a list by its number."""
    tasks = [task("give", {}, {"p": {"collectionType": INTEGER}}), TAKE]
    assert found(workflow(node("n0", "give"), node("n1", "take", x=promise("n0", "[3].p"))), tasks=tasks) == []


def test_attributes_of_what_says_nothing_of_its_fields() -> None:
    """Where a type names no fields, the whole type counts."""
    tasks = [task("give", {}, {"p": {"simple": "STRUCT"}}), TAKE]
    template = workflow(node("n0", "give"), node("n1", "take", x=promise("n0", "p", "x")))
    assert found(template, tasks=tasks) == [("MismatchingTypes", "n1", "x")]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([], [("ParameterNotBound", "n0", "x")]),
        (bound(x=integer(1), y=integer(1)), [("VariableNameNotFound", "n0", "y")]),
        ([*bound(x=integer(1)), *bound(x=integer(2))], [("ParameterBoundMoreThanOnce", "n0", "x")]),
        ([{"var": "x"}], [("ParameterNotBound", "n0", "x"), ("ValueRequired", "n0", "Binding")]),
    ],
)
def test_inputs_are_bound_once_each(inputs: list[Told], expected: list[Any]) -> None:
    """An input is bound exactly once, and there are no others."""
    assert expected == found(workflow(node("n0", "take") | {"inputs": inputs}))


@pytest.mark.parametrize(
    ("literal_type", "expected"),
    [
        (INTEGER, [("ParameterNotBound", "n0", "x")]),
        (NONE, [("ParameterNotBound", "n0", "x")]),
        ({"unionType": {"variants": [INTEGER, NONE]}}, []),
        ({"unionType": {"variants": [INTEGER, {"collectionType": INTEGER}]}}, []),
        (UNION, [("ParameterNotBound", "n0", "x")]),
    ],
)
def test_optional_inputs_may_stay_unbound(literal_type: Told, expected: list[Any]) -> None:
    """A union with NONE may, and by a hole of the compiler one with a list too."""
    assert expected == found(workflow(node("n0", "use")), tasks=[task("use", {"x": literal_type})])


# -- nodes ---------------------------------------------------------------------------------------------------------

OPTIONAL_LIST = {"unionType": {"variants": [{"collectionType": INTEGER}, NONE]}}
SIGNAL = {"signalId": "s", "type": INTEGER, "outputVariableName": "o0"}


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ({"sleep": {"duration": "1s"}}, []),
        ({"signal": SIGNAL}, []),
        ({"approve": {"signalId": "s"}}, []),
        ({}, [("NoConditionFound", "g", "")]),
        ({"signal": {"type": INTEGER}}, [("ValueRequired", "g", "GateNode.Signal.OutputVariableName")]),
        ({"signal": {"outputVariableName": "o0"}}, [("ValueRequired", "g", "GateNode.Signal.Type")]),
    ],
)
def test_gates_need_a_condition(gate: Told, expected: list[Any]) -> None:
    """A gate sleeps, waits for a value or for an approval."""
    assert expected == [one for one in found(workflow({"id": "g", "gateNode": gate})) if one[1] == "g"]


@pytest.mark.parametrize(("wanted", "code"), [(INTEGER, None), (STRING, "MismatchingTypes")])
def test_values_pass_through_gates(wanted: Told, code: str | None) -> None:
    """What is approved has the type of what was bound, and what is waited for the type of the signal."""
    use = task("use", {"x": wanted})
    approve = {"id": "g", "gateNode": {"approve": {}}, "inputs": bound(a=promise("n0", "o"))}
    signal = {"id": "g", "gateNode": {"signal": SIGNAL}}
    for gate, output in ((approve, "a"), (signal, "o0")):
        template = workflow(node("n0", "one"), gate, node("n1", "use", x=promise("g", output)))
        assert [code for code, *_ in found(template, tasks=[ONE, use])] == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("sub_node", "expected"),
    [
        ({"id": "n0", "taskNode": {"referenceId": {"name": "mapped"}}}, []),
        ({"id": "n0"}, [("ParameterNotBound", "end-node", "r"), ("ValueRequired", "n0", "Target")]),
    ],
)
def test_array_nodes_have_the_interface_of_what_they_run(sub_node: Told, expected: list[Any]) -> None:
    """The lists of a map task stand in the task's own interface."""
    mapped = task("mapped", {"x": {"collectionType": INTEGER}}, {"o": {"collectionType": STRING}})
    array = {"id": "n0", "arrayNode": {"node": sub_node}, "inputs": bound(x=FIVE)}
    template = workflow(array, outputs={"r": ({"collectionType": STRING}, promise("n0", "o"))})
    assert expected == [one for one in found(template, tasks=[mapped]) if one[0] != "VariableNameNotFound"]


def test_aliases_rename_outputs() -> None:
    """An output with an alias is known by that, and an alias needs an output of its own."""
    renamed = node("n0", "one") | {"outputAliases": [{"var": "o", "alias": "p"}]}
    assert found(workflow(renamed, node("n1", "take", x=promise("n0", "p")))) == []
    assert ("VariableNameNotFound", "n0", "o") in found(workflow(renamed, node("n1", "take", x=promise("n0", "o"))))
    wrong = [{"var": "o", "alias": "p"}, {"var": "o", "alias": "q"}, {"var": "z", "alias": "r"}]
    assert found(workflow(node("n0", "one") | {"outputAliases": wrong})) == [
        ("DuplicateAlias", "n0", "q"),
        ("ParameterNotBound", "n0", "r"),
    ]


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ({"id": "n0"}, ("ValueRequired", "n0", "Target")),
        ({"id": "n0", "taskNode": {}}, ("ValueRequired", "n0", "TaskNode.ReferenceId")),
        ({"taskNode": {"referenceId": {"name": "one"}}}, ("ValueRequired", "<node>", "Id")),
        ({"id": "n0", "workflowNode": {}}, ("WorkflowReferenceNotFound", "n0", "")),
    ],
)
def test_broken_nodes(broken: Told, expected: tuple[str, str, str]) -> None:
    """A node says who it is and what it runs; one that does not is a fault of the workflow."""
    assert expected in found(workflow(broken))
    assert not any(problem.is_unresolved for problem in compile_problems(spec_of(workflow(broken)), TASKS))


def test_a_workflow_needs_nodes_and_types() -> None:
    """Neither an empty workflow compiles, nor one whose variables have no types."""
    assert found(workflow(name="empty")) == [("NoNodesFound", 'resource_type:WORKFLOW name:"empty"', "")]
    untyped = workflow(node("n0", "one")) | {"interface": {"inputs": {"variables": {"a": {}, "": {"type": INTEGER}}}}}
    assert found(untyped) == [
        ("ValueRequired", "start-node", "param.Type"),
        ("ValueRequired", "start-node", "paramName"),
    ]
    assert [problem.message for problem in compile_problems(workflow_pb2.WorkflowSpec(), [])] == [
        "Value required [wf]."
    ]


def test_outputs_of_the_workflow_are_bound() -> None:
    """Outputs are the inputs of the end node."""
    template = workflow(node("n0", "one"), outputs={"r": (STRING, promise("n0", "o")), "s": (STRING, text("s"))})
    assert found(template | {"outputs": template["outputs"][:1]}) == [
        ("MismatchingTypes", "end-node", "r"),
        ("ParameterNotBound", "end-node", "s"),
    ]


def test_a_cycle_is_found() -> None:
    """A node that the start leads to must not wait for one that waits for it."""
    first = node("n0", "take", x=promise("", "a")) | {"upstreamNodeIds": ["n1"]}
    template = workflow(first, node("n1", "take", x=promise("n0", "o")), inputs={"a": INTEGER})
    assert found(template) == [("CycleDetected", "start-node", "")]
    problem = compile_problems(spec_of(template), TASKS)[0]
    assert problem.message == "A cycle has been detected while traversing the Workflow [start-node>n0>n1>n0]."


def test_nodes_that_nothing_leads_to_are_found() -> None:
    """Two nodes that wait only for each other are never started."""
    nodes = [node("n0", "take", x=promise("n1", "o")), node("n1", "take", x=promise("n0", "o")), node("n2", "one")]
    assert found(workflow(*nodes)) == [("UnreachableNodes", "start-node", "")]
    assert found(workflow(node("n0", "one") | {"upstreamNodeIds": ["nope"]}, node("n1", "one"))) == [
        ("UnreachableNodes", "start-node", "")
    ]


def test_failure_node_is_checked() -> None:
    """It takes the workflow's inputs, and may leave its optional error unbound."""
    optional_error = {"unionType": {"variants": [{"simple": "ERROR"}, NONE]}}
    clean = task("clean", {"a": INTEGER, "err": optional_error})
    template = workflow(node("n0", "one"), inputs={"a": INTEGER})
    good = template | {"failureNode": node("fn0", "clean", a=promise("", "a"))}
    assert found(good, tasks=[ONE, clean]) == []
    compiled = compile_workflow(spec_of(good), [ONE, clean]).primary
    assert list(compiled.connections.upstream["fn0"].ids) == ["start-node"]
    bad = template | {"failureNode": node("fn0", "clean", b=promise("", "a"))}
    assert found(bad, tasks=[ONE, clean]) == [
        ("ParameterNotBound", "fn0", "a"),
        ("VariableNameNotFound", "fn0", "b"),
    ]


# -- branches ------------------------------------------------------------------------------------------------------


def branched(*cases: Told, otherwise: Told | None = None, tasks: list[Any] | None = None) -> list[tuple[str, str, str]]:
    chosen = branch("b", list(cases), otherwise, a=promise("", "a"))
    return found(workflow(chosen, inputs={"a": INTEGER}), tasks=tasks)


def test_a_branch_compiles() -> None:
    """Cases give the same outputs, conditions compare the branch's inputs."""
    assert branched(case_of(node("n1", "one")), otherwise=node("n2", "take", x=integer(1))) == []


def test_cases_give_outputs_of_equal_types() -> None:
    """Even where one type feeds the other."""
    tagged = task("tagged", {}, {"o": INTEGER | {"structure": {"tag": "t"}}})
    problems = branched(case_of(node("n1", "one")), otherwise=node("n2", "tagged"), tasks=[ONE, tagged])
    assert ("MismatchingTypes", "b-n2", "o") in problems
    other = task("other", {}, {"p": STRING})
    assert branched(case_of(node("n1", "one")), otherwise=node("n2", "other"), tasks=[ONE, other]) == []


def test_only_common_outputs_leave_a_branch() -> None:
    """What one case gives and another does not is no output of the branch."""
    both = task("both", {}, {"o": INTEGER, "p": STRING})
    chosen = branch("b", [case_of(node("n1", "both"))], node("n2", "one"), a=promise("", "a"))
    for output, expected in (("o", []), ("p", [("ParameterNotBound", "n3", "x"), ("VariableNameNotFound", "b", "p")])):
        template = workflow(chosen, node("n3", "use", x=promise("b", output)), inputs={"a": INTEGER})
        use = task("use", {"x": {"o": INTEGER, "p": STRING}[output]})
        problems = [one for one in found(template, tasks=[ONE, both, use]) if one[0] != "UnreachableNodes"]
        assert expected == problems


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (comparison({"var": "a"}, {"primitive": {"stringValue": "1"}}), ("MismatchingTypes", "b", "RightValue")),
        (comparison({"var": "z"}, {"primitive": {"integer": "1"}}), ("VariableNameNotFound", "b", "z")),
        (comparison({"var": "a"}, {}), ("ValueRequired", "b", "RightValue.Val")),
        ({"comparison": {"leftValue": {"var": "a"}}}, ("ValueRequired", "b", "RightValue")),
        ({"conjunction": {"leftExpression": IS_ONE}}, ("BranchNodeHasNoCondition", "b", "")),
        ({}, ("ValueRequired", "b", "Expr")),
    ],
)
def test_conditions_compare_equals(condition: Told, expected: tuple[str, str, str]) -> None:
    """Both sides are there and have the same type."""
    assert branched(case_of(node("n1", "one"), condition)) == [expected]


@pytest.mark.parametrize(
    ("block", "codes"),
    [
        ({"ifElse": {"case": {"condition": IS_ONE}, "error": ERROR_OTHERWISE}}, {"BranchNodeIdNotFound"}),
        ({"ifElse": {"case": case_of(node("n1", "one"))}}, {"BranchNodeHasNoDefault"}),
        ({"ifElse": {"error": ERROR_OTHERWISE}}, {"BranchNodeHasNoCondition"}),
        ({}, {"BranchNodeHasNoCondition", "BranchNodeHasNoDefault"}),
    ],
)
def test_branches_are_whole(block: Told, codes: set[str]) -> None:
    """A branch has cases with nodes, and something to do otherwise."""
    template = workflow({"id": "b", "branchNode": block, "inputs": bound(a=promise("", "a"))}, inputs={"a": INTEGER})
    assert codes == {code for code, *_ in found(template)} - {"ValueRequired", "UnreachableNodes"}


def test_nodes_of_a_broken_branch_bear_its_id_again() -> None:
    """A broken branch is looked at twice, and the compiler names its nodes so."""
    nodes = {problem[1] for problem in branched(case_of(branch("n1", [case_of({"id": "n2"})])))}
    assert "b-n1-n2" in nodes
    assert "b-n1-b-n1-n2" in nodes


# -- sub-workflows and launch plans --------------------------------------------------------------------------------


def sub_node(node_id: str, name: str, /, **bindings: Told) -> Told:
    reference = {"resourceType": "WORKFLOW", "name": name}
    return {"id": node_id, "workflowNode": {"subWorkflowRef": reference}, "inputs": bound(**bindings)}


INNER = workflow(
    node("n0", "take", x=promise("", "a")),
    name="inner",
    inputs={"a": INTEGER},
    outputs={"o": (INTEGER, promise("n0", "o"))},
)


def test_sub_workflows_are_compiled_too() -> None:
    """A change of a task deep inside breaks the workflow outside."""
    outer = workflow(sub_node("s", "inner", a=integer(1)), outputs={"r": (INTEGER, promise("s", "o"))})
    assert found(outer, INNER) == []
    closure = compile_workflow(spec_of(outer, INNER), TASKS)
    assert [node.id for node in closure.sub_workflows[0].template.nodes] == ["start-node", "end-node", "n0"]
    assert [task.template.id.name for task in closure.tasks] == ["take"]
    assert found(outer, INNER, tasks=[task("take", {"x": STRING}, {"o": INTEGER})])[0][:2] == ("MismatchingTypes", "n0")


def test_sub_workflows_are_found_by_their_ids() -> None:
    """One that is missing leaves all open, two of one id do not."""
    outer = workflow(sub_node("s", "inner", a=integer(1)))
    assert found(outer) == [("WorkflowReferenceNotFound", "s", "")]
    assert compile_problems(spec_of(outer), TASKS)[0].is_unresolved
    assert found(outer, INNER, INNER) == [("DuplicateId", 'resource_type:WORKFLOW name:"inner"', "")]
    assert [code for code, *_ in found(outer, INNER | {"id": None})] == ["ValueRequired"]


def test_a_sub_workflow_that_runs_itself_is_a_cycle() -> None:
    """Flyte's compiler would not come to an end."""
    inner = workflow(sub_node("n0", "inner"), name="inner")
    assert found(workflow(sub_node("s", "inner")), inner) == [("CycleDetected", "n0", "")]


PLAN_ID = {"resourceType": "LAUNCH_PLAN", "name": "plan"}


def plan(**more: Any) -> Any:
    told = {"id": PLAN_ID, "spec": {"workflowId": {"resourceType": "WORKFLOW", "name": "inner"}}, **more}
    return ParseDict(told, launch_plan_pb2.LaunchPlan())


def launched(**bindings: Told) -> Any:
    return spec_of(
        workflow(
            {"id": "p", "workflowNode": {"launchplanRef": PLAN_ID}, "inputs": bound(**bindings)},
            outputs={"r": (INTEGER, promise("p", "o"))},
        )
    )


DEFAULT = {"var": {"type": INTEGER}, "default": {"scalar": {"primitive": {"integer": "5"}}}}


@pytest.mark.parametrize(
    ("spec", "bindings", "expected"),
    [
        ({}, {"a": integer(1)}, []),
        ({}, {}, [("ParameterNotBound", "a")]),
        ({}, {"a": text("")}, [("MismatchingTypes", "a")]),
        ({"defaultInputs": {"parameters": {"a": DEFAULT}}}, {}, []),
        ({"defaultInputs": {"parameters": {"a": DEFAULT}}}, {"a": text("")}, [("MismatchingTypes", "a")]),
        ({"fixedInputs": {"literals": {"a": DEFAULT["default"]}}}, {}, []),
        ({"fixedInputs": {"literals": {"a": DEFAULT["default"]}}}, {"a": integer(1)}, [("VariableNameNotFound", "a")]),
    ],
)
def test_launch_plans_have_defaults(spec: Told, bindings: Told, expected: list[Any]) -> None:
    """An input with a default may stay unbound, a fixed one must."""
    given = plan()
    given.spec.MergeFrom(ParseDict(spec, launch_plan_pb2.LaunchPlanSpec()))
    registered = registered_launch_plan(given, spec_of(INNER))
    problems = compile_problems(launched(**bindings), [], [registered])
    assert expected == [(problem.code, problem.variable) for problem in problems]


def test_without_its_launch_plan_nothing_is_said() -> None:
    """A launch plan that is missing, or does not say what it takes, leaves all open."""
    for plans in ([], [plan()], [plan(closure={"expectedInputs": {}, "expectedOutputs": {}})]):
        problems = compile_problems(launched(nonsense=text("")), [], plans)
        assert [(problem.code, problem.node) for problem in problems] == [("WorkflowReferenceNotFound", "start-node")]
        assert problems[0].is_unresolved


def test_launch_plans_say_what_they_take_and_give() -> None:
    """Half an interface is none."""
    half = plan(closure={"expectedOutputs": {"variables": {"o": {"type": INTEGER}}}})
    assert ("ValueRequired", "p", "WorkflowNode.ExpectedInputs") in {
        (problem.code, problem.node, problem.variable) for problem in compile_problems(launched(), [], [half])
    }


# -- what is handed in and out -------------------------------------------------------------------------------------


def test_missing_tasks_leave_all_open() -> None:
    """Without its tasks a workflow neither compiles nor breaks."""
    problems = compile_problems(spec_of(workflow(node("n0", "take"), node("n1", "one"))), [])
    assert [problem.message for problem in problems] == [
        'Referenced Task [name:"one"] not found.',
        'Referenced Task [name:"take"] not found.',
    ]
    assert all(problem.is_unresolved for problem in problems)


def test_ids_match_in_all_parts() -> None:
    """A task of another version is another task, and of two with one id the first counts."""
    other = tasks_pb2.TaskTemplate()
    other.CopyFrom(ONE)
    other.id.version = "v2"
    assert found(workflow(node("n0", "one")), tasks=[other]) == [("TaskReferenceNotFound", "start-node", "")]
    changed = task("one", {"x": INTEGER})
    assert found(workflow(node("n0", "one")), tasks=[ONE, changed]) == []
    assert found(workflow(node("n0", "one")), tasks=[changed, ONE]) == [("ParameterNotBound", "n0", "x")]


TEMPLATE = workflow(
    branch(
        "b",
        [case_of(node("n1", "one"))],
        branch("n2", [case_of(node("n3", "one"))], a=promise("", "a")),
        a=promise("", "a"),
    ),
    sub_node("s", "inner", a=promise("b", "o")),
    inputs={"a": INTEGER},
    outputs={"r": (INTEGER, promise("s", "o")), "a": (INTEGER, promise("", "a"))},
)


@pytest.mark.parametrize("wrap", ["spec", "closure", "workflow closure", "workflow"])
def test_every_form_of_a_workflow_is_taken(wrap: str) -> None:
    """Compiled or not, a workflow compiles to the same."""
    spec = spec_of(TEMPLATE, INNER)
    closure = compile_workflow(spec, TASKS)
    forms = {
        "spec": spec,
        "closure": closure,
        "workflow closure": workflow_pb2.WorkflowClosure(compiled_workflow=closure),
        "workflow": workflow_pb2.Workflow(closure=workflow_pb2.WorkflowClosure(compiled_workflow=closure)),
    }
    before = forms[wrap].SerializeToString(deterministic=True)
    assert compile_workflow(forms[wrap], TASKS) == closure
    assert forms[wrap].SerializeToString(deterministic=True) == before


def test_template_alone_is_taken() -> None:
    """A template, or a compiled workflow, has no sub-workflows to bring along."""
    template = ParseDict(workflow(node("n0", "one")), core_workflow_pb2.WorkflowTemplate())
    closure = compile_workflow(template, TASKS)
    assert compile_workflow(closure.primary, TASKS) == closure
    assert compile_workflow(compiler_pb2.CompiledWorkflow(template=template), TASKS) == closure


def test_tasks_come_in_every_form() -> None:
    """Messages and models alike, and a compiled workflow falls back on the tasks that it brings along."""
    spec = spec_of(workflow(node("n0", "one")))
    for form in (
        ONE,
        task_pb2.TaskSpec(template=ONE),
        compiler_pb2.CompiledTask(template=ONE),
        FlyteTask.from_flyte_idl(ONE),
    ):
        assert compile_problems(spec, iter([form])) == []
    closure = compile_workflow(spec, [ONE])
    assert compile_problems(closure, []) == []
    assert [problem.code for problem in compile_problems(closure, [task("one", {"x": INTEGER})])] == [
        "ParameterNotBound"
    ]


def test_flytekit_models_are_taken() -> None:
    """Flytekit's models stand for the messages that they give."""
    models = flytekit_module("flytekit.models.admin.workflow")
    spec = spec_of(workflow(node("n0", "take", x=integer(1))))
    assert compile_problems(models.WorkflowSpec.from_flyte_idl(spec), TASKS) == []


def test_compiled_workflow_is_what_the_compiler_makes_of_it() -> None:
    """Start and end come first, edges are explicit, ids of inner nodes bear their branch's, interfaces say all."""
    closure = compile_workflow(spec_of(TEMPLATE, INNER), [*TASKS, task("unused")])
    primary = closure.primary
    assert [node.id for node in primary.template.nodes] == ["start-node", "end-node", "b", "s"]
    assert primary.template.nodes[2].branch_node.if_else.else_node.branch_node.if_else.case.then_node.id == "b-n2-n3"
    assert list(primary.template.nodes[1].inputs) == list(primary.template.outputs)
    assert primary.template.outputs[1].binding.promise.node_id == "start-node"
    edges = {name: list(ids.ids) for name, ids in primary.connections.downstream.items()}
    assert edges == {"start-node": ["b", "end-node"], "b": ["s"], "s": ["end-node"]}
    waits = {name: list(ids.ids) for name, ids in primary.connections.upstream.items()}
    assert waits == {"b": ["start-node"], "b-n2": ["start-node"], "s": ["b"], "end-node": ["s", "start-node"]}
    assert [compiled.template.id.name for compiled in closure.tasks] == ["one", "take"]
    assert closure.tasks[0].template.interface.HasField("inputs")
    assert [sub.template.id.name for sub in closure.sub_workflows] == ["inner"]


def test_what_does_not_compile_raises() -> None:
    """The error carries the problems and the server's words."""
    with pytest.raises(CompileError, match="the workflow 'wf' does not compile") as caught:
        compile_workflow(spec_of(workflow(node("n0", "take"))), TASKS)
    expected = CompileProblem("ParameterNotBound", "n0", "x", "Parameter not bound [x].")
    assert caught.value.problems == (expected,)
    assert report([expected]) == (
        "Collected Errors: 1\n\tError 0: Code: ParameterNotBound, Node Id: n0, Description: Parameter not bound [x].\n"
    )
    assert report([expected]) in str(caught.value)


def test_problems_name_both_sides_of_a_mismatch() -> None:
    """A mismatch tells the output that feeds the input."""
    nodes = [node("n0", "one") | {"metadata": {"name": "first"}}, node("n1", "greet", name=promise("n0", "o"))]
    problem = compile_problems(spec_of(workflow(*nodes)), TASKS)[0]
    assert (problem.node, problem.variable, problem.upstream) == ("n1", "name", "first.o")
    assert problem.message == (
        "The output variable 'first.o' has type [simple:INTEGER], but it's assigned to the input variable 'name' "
        "which has type type [simple:STRING]."
    )


@pytest.mark.parametrize(
    ("workflow", "tasks", "plans"),
    [
        (None, [], []),
        ("wf", [], []),
        (types_pb2.LiteralType(), [], []),
        (workflow_pb2.WorkflowSpec(), [None], []),
        (workflow_pb2.WorkflowSpec(), [], [3]),
    ],
)
def test_what_is_no_workflow_is_refused(workflow: object, tasks: list[Any], plans: list[Any]) -> None:
    """Something else is a type error."""
    with pytest.raises(ModelTypeError):
        compile_problems(workflow, tasks, plans)


# -- workflows that are made to do harm ----------------------------------------------------------------------------

# Longer than any of these takes on a slow machine, shorter than forever.
PATIENCE = 60


def checked_in_time(*args: Any) -> list[CompileProblem] | None:
    """Return the problems; None where it was refused with an error of ours."""
    start = time.process_time()
    try:
        return compile_problems(*args)
    except FlyteTaskError:
        return None
    finally:
        assert time.process_time() - start < PATIENCE


def test_sub_workflows_that_multiply() -> None:
    """A broken workflow at the bottom of a pyramid is looked at once for each way that leads there."""
    names = [f"w{level}" for level in range(25)]
    levels = [workflow(sub_node("a", below), sub_node("b", below), name=name) for name, below in pairwise(names)]
    bottom = workflow(node("n0", "take"), name=names[-1])
    problems = checked_in_time(spec_of(levels[0], *levels[1:], bottom), TASKS)
    assert problems is not None
    assert [(problem.code, problem.is_unresolved) for problem in problems] == [("TooLarge", True)]


@pytest.mark.parametrize("depth", [20, 2000])
def test_sub_workflows_that_nest_deep(depth: int) -> None:
    """A chain is followed as far as it makes sense."""
    names = [f"w{level}" for level in range(depth)]
    levels = [workflow(sub_node("a", below), name=name) for name, below in pairwise(names)]
    problems = checked_in_time(spec_of(levels[0], *levels[1:], workflow(node("n0", "one"), name=names[-1])), TASKS)
    assert problems is not None
    assert [problem.code for problem in problems] == ([] if depth < 30 else ["TooLarge"])


def test_branches_that_nest_deep() -> None:
    """Broken branches inside of broken branches give their nodes ever longer names."""
    inner: Told = {"id": "bad"}
    for level in range(20):
        inner = branch(f"b{level}", [case_of(inner)])
    assert checked_in_time(spec_of(workflow(inner)), TASKS)


def test_a_ladder_of_nodes() -> None:
    """The number of ways through a workflow does not matter, nor how long it is."""
    both = task("both", {"x": INTEGER, "y": INTEGER}, {"o": INTEGER})
    nodes = [node("a0", "one"), node("b0", "one")]
    for level in range(1500):
        above = {"x": promise(f"a{level}", "o"), "y": promise(f"b{level}", "o")}
        nodes += [node(f"{side}{level + 1}", "both", **above) for side in "ab"]
    assert checked_in_time(spec_of(workflow(*nodes)), [ONE, both]) == []


def test_unions_inside_lists_inside_unions() -> None:
    """Variants are tried by the binding, level by level."""
    literal_type: Told = INTEGER
    binding = text("x")
    for _ in range(10):
        literal_type = {"collectionType": {"unionType": {"variants": [literal_type, literal_type]}}}
        binding = {"collection": {"bindings": [binding]}}
    problems = checked_in_time(spec_of(workflow(node("n0", "use", x=binding))), [task("use", {"x": literal_type})])
    assert problems is not None
    assert [problem.code for problem in problems] == ["IncompatibleBindingUnionValue"]


def test_types_deeper_than_protobuf_reads_are_refused() -> None:
    """A type of 300 levels can be put together, but not be read again."""
    deep = tasks_pb2.TaskTemplate()
    deep.id.name = "one"
    inner = deep.interface.inputs.variables["x"].type
    for _ in range(300):
        inner = inner.collection_type
    inner.simple = types_pb2.INTEGER
    with pytest.raises(ModelValueError, match="at most 100"):
        compile_problems(spec_of(workflow(node("n0", "one"))), [deep])


@pytest.mark.parametrize("name", ["start-node", "end-node", "", "n0", "b-n1"])
def test_nodes_with_the_names_of_others(name: str) -> None:
    """A name that is taken changes nothing but the verdict."""
    chosen = branch("b", [case_of(node("n1", "one"))], a=promise("", "a"))
    template = workflow(node("n0", "one"), chosen, node(name, "take", x=promise(name, "o")), inputs={"a": INTEGER})
    assert checked_in_time(spec_of(template), TASKS) is not None


SAMPLE = workflow(
    branch("b", [case_of(node("n1", "one")), case_of(node("n2", "take", x=integer(1)))], a=promise("", "a")),
    {"id": "g", "gateNode": {"approve": {}}, "inputs": bound(v=promise("b", "o"))},
    sub_node("s", "inner", a=promise("g", "v")),
    node("n4", "greet", name=text("you")) | {"upstreamNodeIds": ["s"]},
    inputs={"a": INTEGER},
    outputs={"r": (INTEGER, promise("s", "o"))},
    failureNode=node("fn0", "one"),
)


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.sampled_from([b"", b"n0", b"\x00", b"\x0a\x00", b"\x12"])), max_size=4)
)
def test_damaged_workflows_are_refused_or_judged(cuts: list[tuple[int, bytes]]) -> None:
    """Whatever a workflow's bytes hold, the answer is problems, or a compiled workflow that compiles again."""
    data = spec_of(SAMPLE, INNER).SerializeToString(deterministic=True)
    for position, patch in cuts:
        data = data[: position % len(data)] + patch + data[position % len(data) + max(len(patch), 1) :]
    try:
        damaged = workflow_pb2.WorkflowSpec.FromString(data)
    except DecodeError:
        return
    if not compile_problems(damaged, TASKS):
        closure = compile_workflow(damaged, TASKS)
        assert closure == compile_workflow(closure, ())
    else:
        with pytest.raises(CompileError):
            compile_workflow(damaged, TASKS)
