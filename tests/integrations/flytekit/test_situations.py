"""Fetched tasks in every place of a workflow where flytekit takes one: ours beside its own, equal byte for byte."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import pytest

from tests.conftest import flytekit_module
from tests.integrations.flytekit.entities import (
    FILE,
    FLAG,
    INT,
    INTS,
    NUMBER,
    TABLE,
    TEXT,
    Ours,
    Theirs,
    content,
    serialized,
    template,
)

flytekit: Any = flytekit_module("flytekit")

from flytekit import (  # noqa: E402 - skipped where there is none
    LaunchPlan,
    PodTemplate,
    Resources,
    Workflow,
    conditional,
    dynamic,
    map_task,
    reference_task,
    task,
    workflow,
)
from flytekit.core.cache import Cache  # noqa: E402
from flytekit.core.context_manager import ExecutionState, FlyteContextManager  # noqa: E402
from flytekit.core.node_creation import create_node  # noqa: E402
from flytekit.extras.accelerators import A100, T4, GPUAccelerator  # noqa: E402

SITUATIONS: dict[str, Any] = {}


def situation(function: Any) -> Any:
    SITUATIONS[function.__name__] = function
    return function


@task
def prepare(a: int) -> int:
    return a


@task
def finish(b: int) -> str:
    return str(b)


@task
def alone() -> None: ...


class Result(NamedTuple):
    text: str
    number: int


def simple(make: Any, **more: Any) -> Any:
    return make(template({"a": INT}, {"o0": INT}, **more))


# -- alone in a workflow ---------------------------------------------------------------------------------------------


@situation
def a_constant(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf() -> int:
        return fetched(a=3)

    return wf


@situation
def an_input_of_the_workflow(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int = 5) -> int:
        return fetched(a=a)

    return wf


@situation
def no_inputs_and_no_outputs(make: Any) -> Any:
    fetched = make(template())

    @workflow
    def wf() -> None:
        fetched()

    return wf


@situation
def no_outputs(make: Any) -> Any:
    fetched = make(template({"a": INT}))

    @workflow
    def wf(a: int) -> None:
        fetched(a=a)

    return wf


@situation
def twice(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> int:
        return fetched(a=fetched(a=a))

    return wf


@situation
def two_objects_of_one_task(make: Any) -> Any:
    first, second = simple(make), simple(make)

    @workflow
    def wf(a: int) -> int:
        return second(a=first(a=a))

    return wf


@situation
def two_versions(make: Any) -> Any:
    first, second = simple(make), simple(make, version="v8")

    @workflow
    def wf(a: int) -> int:
        return second(a=first(a=a))

    return wf


@situation
def between_local_tasks(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> str:
        return finish(b=fetched(a=prepare(a=a)))

    return wf


@situation
def two_workflows(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> int:
        return fetched(a=a)

    @workflow
    def other(a: int) -> int:
        return fetched(a=a)

    return [wf, other]


@situation
def several_upstream_nodes(make: Any) -> Any:
    fetched = make(template({"a": INT, "b": INT, "c": INT}, {"o0": INT}))

    @workflow
    def wf(a: int) -> int:
        return fetched(a=prepare(a=a), b=prepare(a=1), c=prepare(a=2))

    return wf


@situation
def literals_of_all_kinds(make: Any) -> Any:
    kinds = {"i": INT, "s": TEXT, "f": NUMBER, "b": FLAG, "l": INTS, "m": TABLE}
    fetched = make(template(kinds, {"o0": INT}))

    @workflow
    def wf() -> int:
        return fetched(i=1, s="x", f=1.5, b=True, l=[1, 2], m={"x": 3})

    return wf


@situation
def lists_and_dicts_of_promises(make: Any) -> Any:
    fetched = make(template({"l": INTS, "m": TABLE}, {"o0": INT}))

    @workflow
    def wf(a: int) -> int:
        one = prepare(a=a)
        return fetched(l=[one, 2, a], m={"x": one, "y": a})

    return wf


@situation
def an_enum_and_a_file(make: Any) -> Any:
    from flyteidl.core import types_pb2  # noqa: PLC0415

    kinds = {"e": types_pb2.LiteralType(enum_type={"values": ["red", "blue"]}), "f": FILE}
    fetched = make(template(kinds, {"o0": FILE}))

    @workflow
    def wf(f: flytekit.types.file.FlyteFile[csv]) -> flytekit.types.file.FlyteFile[csv]:  # noqa: F821
        return fetched(e="red", f=f)

    return wf


@situation
def datetimes_and_durations(make: Any) -> Any:
    from flyteidl.core import types_pb2  # noqa: PLC0415

    kinds = {"d": types_pb2.LiteralType(simple="DATETIME"), "t": types_pb2.LiteralType(simple="DURATION")}
    fetched = make(template(kinds))

    @workflow
    def wf() -> None:
        fetched(d=dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc), t=dt.timedelta(minutes=3))

    return wf


@situation
def a_union_and_none(make: Any) -> Any:
    from flyteidl.core import types_pb2  # noqa: PLC0415

    variants = [
        types_pb2.LiteralType(simple="INTEGER", structure={"tag": "int"}),
        types_pb2.LiteralType(simple="NONE", structure={"tag": "none"}),
    ]
    fetched = make(template({"u": types_pb2.LiteralType(union_type={"variants": variants})}, {"o0": INT}))

    @workflow
    def wf(a: int) -> int:
        fetched(u=None)
        fetched(u=3)
        return fetched(u=prepare(a=a))

    return wf


@situation
def an_attribute_of_an_output(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"o0": TABLE}))

    @workflow
    def wf(a: int) -> int:
        return prepare(a=fetched(a=a)["x"])

    return wf


@situation
def an_item_of_an_output(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"o0": INTS}))

    @workflow
    def wf(a: int) -> int:
        return prepare(a=fetched(a=a)[1])

    return wf


# -- outputs ---------------------------------------------------------------------------------------------------------


@situation
def positional_outputs_by_name(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"o0": INT, "o1": TEXT}))

    @workflow
    def wf(a: int) -> str:
        return fetched(a=a).o1

    return wf


@situation
def named_outputs(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"n": INT, "t": TEXT}))

    @workflow
    def wf(a: int) -> tuple[str, int]:
        both = fetched(a=a)
        return both.t, both.n

    return wf


@situation
def a_single_named_output(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"model": INT}))

    @workflow
    def wf(a: int) -> int:
        return prepare(a=fetched(a=a))

    return wf


@situation
def an_unused_output(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"n": INT, "t": TEXT}))

    @workflow
    def wf(a: int) -> None:
        fetched(a=a)

    return wf


# -- create_node, order ----------------------------------------------------------------------------------------------


@situation
def created_node(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> int:
        node = create_node(fetched, a=a)
        return node.o0

    return wf


@situation
def created_node_of_several_outputs(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"n": INT, "t": TEXT}))

    @workflow
    def wf(a: int) -> tuple[int, str]:
        node = create_node(fetched, a=a)
        return node.outputs["n"], node.t

    return wf


@situation
def created_node_of_no_outputs(make: Any) -> Any:
    fetched = make(template())

    @workflow
    def wf() -> None:
        create_node(fetched) >> create_node(alone)

    return wf


@situation
def created_node_with_overrides(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> int:
        return create_node(fetched, a=a).with_overrides(retries=4).o0

    return wf


@situation
def runs_before(make: Any) -> Any:
    fetched = make(template())

    @workflow
    def wf() -> None:
        first, second = create_node(alone), create_node(fetched)
        first.runs_before(second)

    return wf


@situation
def shifted_promises(make: Any) -> Any:
    fetched, other = simple(make), make(template({"a": INT}, name="shop.other"))

    @workflow
    def wf(a: int) -> int:
        out = fetched(a=a)
        void = other(a=a)
        prepare(a=a) >> out
        void >> alone()
        out >> void
        return out

    return wf


@situation
def shifted_chain(make: Any) -> Any:
    fetched = make(template())

    @workflow
    def wf() -> None:
        fetched() >> alone() >> fetched()

    return wf


# -- overrides -------------------------------------------------------------------------------------------------------

OVERRIDES: dict[str, dict[str, Any]] = {
    "node_name": {"node_name": "my_step"},
    "aliases": {"aliases": {"o0": "model"}},
    "requests": {"requests": Resources(cpu="2", mem="1Gi")},
    "limits": {"limits": Resources(cpu="2", gpu="1")},
    "requests and limits": {"requests": Resources(cpu="1"), "limits": Resources(mem="2Gi", ephemeral_storage="1Gi")},
    "resources": {"resources": Resources(cpu=("1", "2"), mem="1Gi")},
    "timeout": {"timeout": dt.timedelta(minutes=5)},
    "timeout in seconds": {"timeout": 90},
    "no timeout": {"timeout": None},
    "retries": {"retries": 5},
    "interruptible": {"interruptible": True},
    "not interruptible": {"interruptible": False},
    "name": {"name": "a nicer name"},
    "container_image": {"container_image": "shop:8"},
    "accelerator": {"accelerator": T4},
    "partitioned accelerator": {"accelerator": A100.partition_2g_10gb},
    "an accelerator of one's own": {"accelerator": GPUAccelerator("tpu-like")},
    "cache": {"cache": Cache(version="1", serialize=True)},
    "no cache": {"cache": False},
    "cache by version": {"cache": True, "cache_version": "3", "cache_serialize": True},
    "shared_memory": {"shared_memory": True},
    "amount of shared_memory": {"shared_memory": "2Gi"},
    "pod_template": {"pod_template": PodTemplate(primary_container_name="main", labels={"a": "b"})},
    "several": {"retries": 1, "timeout": 10, "name": "x", "requests": Resources(cpu="1"), "node_name": "y"},
    # Refused by flytekit.
    "a task_config": {"task_config": object()},
    "a timeout that is none": {"timeout": "soon"},
    "requests that are none": {"requests": "2"},
    "resources and requests": {"resources": Resources(cpu="1"), "requests": Resources(cpu="1")},
    "aliases that are none": {"aliases": ["x"]},
    "a cache without version": {"cache": True},
}


def overridden(changes: dict[str, Any]) -> Any:
    def build(make: Any) -> Any:
        fetched = simple(make)

        @workflow
        def wf(a: int) -> int:
            return fetched(a=a).with_overrides(**changes)

        return wf

    return build


SITUATIONS |= {f"with_overrides: {name}": overridden(changes) for name, changes in OVERRIDES.items()}


@situation
def overrides_of_a_task_without_outputs(make: Any) -> Any:
    fetched = make(template({"a": INT}))

    @workflow
    def wf(a: int) -> None:
        fetched(a=a).with_overrides(retries=3, node_name="last")

    return wf


@situation
def overrides_of_a_task_of_several_outputs(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"n": INT, "t": TEXT}))

    @workflow
    def wf(a: int) -> int:
        return fetched(a=a).with_overrides(retries=3, interruptible=True).n

    return wf


@situation
def an_override_by_a_promise(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int, name: str) -> int:
        return fetched(a=a).with_overrides(container_image=name)

    return wf


# -- conditionals ----------------------------------------------------------------------------------------------------


@situation
def a_conditional(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> int:
        return conditional("size").if_(a > 3).then(fetched(a=a)).else_().then(prepare(a=a))

    return wf


@situation
def a_conditional_of_several_branches(make: Any) -> Any:
    fetched, other = simple(make), simple(make, name="shop.other")

    @workflow
    def wf(a: int) -> int:
        return (
            conditional("size")
            .if_(a > 3)
            .then(fetched(a=a))
            .elif_((a > 1) & (a < 2))
            .then(other(a=a))
            .else_()
            .fail("too small")
        )

    return wf


@situation
def a_conditional_on_an_output(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> int:
        out = fetched(a=a)
        return conditional("size").if_(out == 3).then(fetched(a=out)).else_().then(fetched(a=a))

    return wf


@situation
def a_conditional_without_outputs(make: Any) -> Any:
    fetched = make(template({"a": INT}))

    @workflow
    def wf(a: int) -> None:
        conditional("size").if_(a > 3).then(fetched(a=a)).else_().then(fetched(a=1))

    return wf


@situation
def a_conditional_on_a_flag(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"o0": FLAG}))

    @workflow
    def wf(a: int) -> int:
        return conditional("flag").if_(fetched(a=a).is_true()).then(prepare(a=a)).else_().then(prepare(a=1))

    return wf


# -- other kinds of workflow -----------------------------------------------------------------------------------------


@situation
def an_imperative_workflow(make: Any) -> Any:
    fetched = simple(make)
    wf = Workflow(name="shop.imperative")
    wf.add_workflow_input("a", int)
    node = wf.add_entity(fetched, a=wf.inputs["a"])
    wf.add_workflow_output("out", node.outputs["o0"], python_type=int)
    return wf


@situation
def an_imperative_workflow_of_several(make: Any) -> Any:
    fetched = make(template({"l": INTS}, {"n": INT, "t": TEXT}))
    wf = Workflow(name="shop.imperative")
    first = wf.add_workflow_input("a", int)
    node = wf.add_entity(fetched, l=[first, 3])
    last = wf.add_entity(prepare, a=node.outputs["n"])
    node.with_overrides(retries=2)
    wf.add_workflow_output("out", last.outputs["o0"], python_type=int)
    wf.add_workflow_output("text", node.outputs["t"], python_type=str)
    return wf


@situation
def an_imperative_workflow_whose_types_nobody_knows(make: Any) -> Any:
    wf = Workflow(name="shop.imperative")
    wf.add_workflow_output("out", wf.add_entity(simple(make), a=3).outputs["o0"])
    return wf


@situation
def an_approval_of_what_has_no_python_type(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> int:
        return flytekit.approve(fetched(a=a), "go", timeout=dt.timedelta(hours=1))

    return wf


@situation
def an_imperative_workflow_that_fails(make: Any) -> Any:
    wf = Workflow(name="shop.imperative")
    wf.add_entity(simple(make), b=3)
    return wf


@situation
def a_sub_workflow(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def inner(a: int) -> int:
        return fetched(a=a)

    @workflow
    def wf(a: int) -> int:
        return fetched(a=inner(a=inner(a=a)))

    return wf


@situation
def a_launch_plan(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def inner(a: int) -> int:
        return fetched(a=a)

    plan = LaunchPlan.create(f"shop.plan.{type(make).__name__}", inner, default_inputs={"a": 3})

    @workflow
    def wf() -> int:
        return fetched(a=plan(a=3))

    plan._name = "shop.plan"
    return wf


@situation
def a_failure_node(make: Any) -> Any:
    fetched = make(template({"a": INT}))

    @workflow(on_failure=fetched)
    def wf(a: int) -> int:
        return prepare(a=a)

    return wf


@situation
def workflow_metadata(make: Any) -> Any:
    fetched = simple(make)

    @workflow(interruptible=True, failure_policy=flytekit.WorkflowFailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE)
    def wf(a: int) -> int:
        """Tell what it does."""
        return fetched(a=a)

    return wf


@situation
def named_outputs_of_the_workflow(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"n": INT, "t": TEXT}))

    @workflow
    def wf(a: int) -> Result:
        both = fetched(a=a)
        return Result(both.t, both.n)

    return wf


def compiled_dynamic(entity: Any, **inputs: Any) -> list[tuple[str, bytes]]:
    """Return what a dynamic task gives when it runs in its container."""
    from tests.integrations.flytekit.entities import settings  # noqa: PLC0415

    context = FlyteContextManager.current_context()
    state = context.execution_state.with_params(mode=ExecutionState.Mode.TASK_EXECUTION)
    with FlyteContextManager.with_context(
        context.with_serialization_settings(settings()).with_execution_state(state)
    ) as inner:
        spec = entity.compile_into_workflow(inner, entity._task_function, **inputs)
    return [content(spec)]


@situation
def a_dynamic_task(make: Any) -> Any:
    fetched = simple(make)

    @dynamic
    def wf(a: int) -> int:
        total = a
        for _ in range(3):
            total = fetched(a=total)
        return total

    return lambda: compiled_dynamic(wf, a=2)


@situation
def a_dynamic_task_beside_local_ones(make: Any) -> Any:
    fetched = make(template({"l": INTS}, {"n": INT, "t": TEXT}))

    @dynamic
    def wf(a: int) -> str:
        both = fetched(l=[prepare(a=one) for one in range(a)])
        finish(b=both.n)
        return both.t

    return lambda: compiled_dynamic(wf, a=3)


@situation
def a_dynamic_task_in_a_workflow(make: Any) -> Any:
    fetched = simple(make)

    @dynamic
    def many(a: int) -> int:
        return fetched(a=a)

    @workflow
    def wf(a: int) -> int:
        return fetched(a=many(a=a))

    return wf


@situation
def beside_a_map_task(make: Any) -> Any:
    fetched = make(template({"l": INTS}, {"o0": INTS}))

    @workflow
    def wf(l: list[int]) -> list[int]:  # noqa: E741
        return map_task(prepare)(a=fetched(l=l))

    return wf


@situation
def beside_a_reference_task(make: Any) -> Any:
    fetched = simple(make)

    @reference_task(project="shop", domain="production", name="shop.reference", version="v1")
    def reference(a: int) -> int: ...

    @workflow
    def wf(a: int) -> int:
        return reference(a=fetched(a=a))

    return wf


@situation
def an_approval_and_a_pause(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> int:
        out = fetched(a=a)
        flytekit.sleep(dt.timedelta(seconds=3))
        return fetched(a=flytekit.approve(prepare(a=out), "go", timeout=dt.timedelta(hours=1)))

    return wf


# -- what a template may hold ----------------------------------------------------------------------------------------


def holding(**parts: Any) -> Any:
    def build(make: Any) -> Any:
        fetched = make(template({"a": INT}, {"o0": INT}, **parts))

        @workflow
        def wf(a: int) -> int:
            return fetched(a=a)

        return wf

    return build


POD = {
    "metadata": {"labels": {"a": "b"}},
    "pod_spec": {"containers": [{"name": "primary", "image": "shop:7"}]},
}
SITUATIONS |= {
    "an accelerator": holding(extended_resources={"gpu_accelerator": {"device": "nvidia-tesla-t4"}}),
    "a pod": holding(k8s_pod=POD),
    "a statement": holding(sql={"statement": "SELECT 1", "dialect": 1}),
    "secrets": holding(security_context={"secrets": [{"group": "g", "key": "k"}]}),
    "settings of a plugin": holding(custom={"sparkConf": {"a": "b"}}, config={"x": "y"}, task_type_version=1),
    "a pod template by name": holding(metadata={"pod_template_name": "big", "discoverable": True}),
}


# -- registered along ------------------------------------------------------------------------------------------------


@situation
def registered_along(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"o0": INT}), should_register=True)

    @workflow
    def wf(a: int) -> int:
        return fetched(a=a)

    return wf


@situation
def registered_along_twice(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"o0": INT}), should_register=True)
    other = make(template({"a": INT}, {"o0": INT}, name="shop.other", k8s_pod=POD), should_register=True)

    @workflow
    def wf(a: int) -> int:
        return other(a=fetched(a=fetched(a=a)))

    return wf


@situation
def registered_along_by_a_fast_registration(make: Any) -> Any:
    fetched = make(template({"a": INT}, {"o0": INT}), should_register=True)
    plain = simple(make, name="shop.plain")

    @workflow
    def wf(a: int) -> int:
        return plain(a=prepare(a=fetched(a=a)))

    configuration = flytekit_module("flytekit.configuration")
    fast = configuration.FastSerializationSettings(enabled=True, distribution_location="s3://x/y.tgz")
    return lambda: serialized(wf, fast_serialization_settings=fast)


# -- what flytekit refuses -------------------------------------------------------------------------------------------


def refused(*positional: Any, **given: Any) -> Any:
    def build(make: Any) -> Any:
        fetched = make(template({"a": INT, "b": TEXT}, {"o0": INT}))

        @workflow
        def wf(x: int, s: str) -> int:
            known = {"<x>": x, "<s>": s, "<both>": (x, s)}
            return fetched(
                *[known.get(one, one) for one in positional], **{key: known.get(one, one) for key, one in given.items()}
            )

        return wf

    return build


SITUATIONS |= {
    "refused: by position": refused("<x>", "<s>"),
    "refused: a constant by position": refused(1, b="x"),
    "refused: a missing input": refused(a=1),
    "refused: no inputs": refused(),
    "refused: an unknown input": refused(a=1, b="x", c=3),
    "refused: a text for a number": refused(a="x", b="x"),
    "refused: a promise of another type": refused(a="<s>", b="x"),
    "refused: a tuple": refused(a="<both>", b="x"),
    "refused: None": refused(a=None, b="x"),
}


@situation
def refused_by_map_tasks(make: Any) -> Any:
    return map_task(simple(make))


@situation
def refused_by_array_nodes(make: Any) -> Any:
    return flytekit_module("flytekit.core.array_node").array_node(simple(make))


@situation
def a_failure_node_with_overrides(make: Any) -> Any:
    fetched = make(template({"a": INT}))

    @workflow(on_failure=fetched)
    def inner(a: int) -> int:
        return prepare(a=a)

    @workflow
    def wf(a: int) -> int:
        return inner(a=a).with_overrides(node_name="x")

    return wf


@situation
def a_conditional_in_a_sub_workflow(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def inner(a: int) -> int:
        return conditional("c").if_(a > 1).then(fetched(a=a).with_overrides(retries=2)).else_().then(fetched(a=1))

    @workflow
    def wf(a: int) -> int:
        return conditional("d").if_(a > 2).then(inner(a=fetched(a=a))).else_().fail("no")

    return wf


@situation
def refused_as_a_default_input(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf() -> int:
        return create_node(fetched, 3).o0

    return wf


@situation
def outside_of_a_workflow(make: Any) -> Any:
    return lambda: simple(make)(a=3)


@situation
def outside_of_a_workflow_by_position(make: Any) -> Any:
    return lambda: simple(make)(3)


@situation
def outside_of_a_workflow_as_a_node(make: Any) -> Any:
    return lambda: create_node(simple(make), a=3)


@situation
def run_here(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> int:
        return fetched(a=a)

    return lambda: wf(a=3)


@situation
def run_here_as_a_node(make: Any) -> Any:
    fetched = simple(make)

    @workflow
    def wf(a: int) -> int:
        return create_node(fetched, a=a).o0

    return lambda: wf(a=3)


# -- by itself -------------------------------------------------------------------------------------------------------


@situation
def by_itself(make: Any) -> Any:
    return simple(make)


@situation
def by_itself_twice(make: Any) -> Any:
    fetched = simple(make)
    return [fetched, fetched, simple(make, name="shop.other")]


def outcome(build: Any, make: Any) -> Any:
    """Return what comes of a situation: what is serialized, or the error."""
    try:
        made = build(make)
        return made() if callable(made) and getattr(made, "__name__", "") == "<lambda>" else serialized(made)
    except Exception as error:  # noqa: BLE001 - whatever flytekit raises is compared
        return error


@pytest.mark.parametrize("name", SITUATIONS)
def test_as_with_flytekits_own(name: str) -> None:
    theirs, ours = outcome(SITUATIONS[name], Theirs()), outcome(SITUATIONS[name], Ours())
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), (theirs, ours)
        assert str(ours)
    else:
        assert not isinstance(ours, Exception), ours
        assert ours == theirs
        assert theirs
