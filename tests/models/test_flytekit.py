"""Our models against flytekit's: the same arguments, the same bytes, the same attributes."""

from __future__ import annotations

import inspect
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import artifact_id_pb2, tasks_pb2
from google.protobuf.message import Message
from real_tasks import task_messages

from flytetask_nb import models
from flytetask_nb.models import FlyteTask, Model
from flytetask_nb.models.fields import REQUIRED
from tests.conftest import flytekit_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS = SimpleNamespace(**{name: getattr(models, name) for name in models.__all__})


def flytekits() -> SimpleNamespace:
    """Return flytekit's model classes by the names of ours."""
    entities = flytekit_module("flytekit.remote.entities")
    from flytekit.models import annotation, documentation, interface, literals, security, task, types  # noqa: PLC0415
    from flytekit.models.core import identifier, workflow  # noqa: PLC0415
    from flytekit.models.core import types as core_types  # noqa: PLC0415

    modules = [annotation, documentation, interface, literals, security, task, types, core_types, identifier, workflow]
    found = {name: getattr(module, name) for name in models.__all__ for module in modules if hasattr(module, name)}
    return SimpleNamespace(**found | {"FlyteTask": entities.FlyteTask})


@pytest.fixture(scope="module", name="theirs")
def _theirs() -> SimpleNamespace:
    return flytekits()


# What flytekit's models have a class for; the others (GPUAccelerator, artifacts, ...) it leaves as raw messages.
COMMON = """
    BlobType Container DataLoadingConfig Description Documentation EnumType FlyteTask IOStrategy Identifier Identity
    K8sObjectMetadata K8sPod LiteralType NodeMetadata OAuth2Client OAuth2TokenRequest ResourceType Resources
    RetryStrategy RuntimeMetadata SchemaType Secret SecurityContext SimpleType SourceCode Sql StructuredDatasetType
    TaskMetadata TaskSpec TaskTemplate TypeAnnotation TypeStructure TypedInterface UnionType Variable VariableMap
""".split()
NESTED = {"Resources": ["ResourceEntry"], "SchemaType": ["SchemaColumn"], "StructuredDatasetType": ["DatasetColumn"]}
CLASSES = [name for name in COMMON if name not in ("ResourceType", "SimpleType")]
CLASSES += [f"{name}.{inner}" for name, inners in NESTED.items() for inner in inners]


def class_of(holder: SimpleNamespace, name: str) -> Any:
    outer, _, inner = name.partition(".")
    found = getattr(holder, outer)
    return getattr(found, inner) if inner else found


def parameters(kind: type) -> list[inspect.Parameter]:
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [item for item in inspect.signature(kind).parameters.values() if item.kind in by_position]


def test_nothing_is_forgotten(theirs: SimpleNamespace) -> None:
    """The table names every class that both sides have."""
    both = [name for name in vars(theirs) if name in vars(OURS)]
    assert sorted(both) == sorted(COMMON)


@pytest.mark.parametrize("name", CLASSES)
def test_constructors_take_flytekits_arguments(theirs: SimpleNamespace, name: str) -> None:
    """Positional arguments are flytekit's, in its order, and the same ones are required."""
    ours, others = parameters(class_of(OURS, name)), parameters(class_of(theirs, name))
    assert [item.name for item in ours][: len(others)] == [item.name for item in others]
    for our, other in zip(ours, others, strict=False):
        assert (our.default is inspect.Parameter.empty) == (other.default is inspect.Parameter.empty), our.name
    for extra in ours[len(others) :]:
        assert extra.default is not inspect.Parameter.empty


# Where our default differs from flytekit's, and why.
DEFAULTS = {
    ("NodeMetadata", "retries"): "flytekit says None and writes RetryStrategy(0); we say so",
}


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "FlyteTask"])
def test_defaults_are_flytekits(theirs: SimpleNamespace, name: str) -> None:
    """An argument that is left out means what it means in flytekit."""
    fields = class_of(OURS, name)._fields
    for item in parameters(class_of(theirs, name)):
        if item.default is inspect.Parameter.empty:
            assert fields[item.name].default is REQUIRED
        elif (name, item.name) not in DEFAULTS:
            assert fields[item.name].default == getattr(item.default, "value", item.default)


def identifier(m: Any) -> Any:
    return m.Identifier(m.ResourceType.TASK, "shop", "production", "shop.train", "v1")


def metadata(m: Any, **rest: Any) -> Any:
    runtime = m.RuntimeMetadata(m.RuntimeMetadata.RuntimeType.FLYTE_SDK, "1.16", "python")
    return m.TaskMetadata(
        True,
        runtime,
        timedelta(minutes=5, microseconds=7),
        m.RetryStrategy(3),
        False,
        "1",
        "old",
        True,
        "template",
        ("a", "b"),
        **rest,
    )


def interface(m: Any) -> Any:
    whole = m.LiteralType(simple=m.SimpleType.INTEGER)
    union = m.LiteralType(union_type=m.UnionType([whole, m.LiteralType(simple=m.SimpleType.NONE)]))
    return m.TypedInterface(
        {"x": m.Variable(whole, "an x"), "y": m.Variable(union, "")}, {"o0": m.Variable(type=whole, description="o0")}
    )


def container(m: Any) -> Any:
    entry = m.Resources.ResourceEntry
    resources = m.Resources([entry(m.Resources.ResourceName.CPU, "1")], [entry(m.Resources.ResourceName.MEMORY, "1Gi")])
    config = m.DataLoadingConfig("/in", "/out", True, m.DataLoadingConfig.LITERALMAP_FORMAT_JSON, m.IOStrategy())
    return m.Container("shop:1", ["train"], ["--x", "1"], resources, {"A": "1", "B": ""}, {"c": "d"}, config)


def security(m: Any) -> Any:
    secrets = [m.Secret("group", "key", "1", m.Secret.MountType.FILE, "NAME"), m.Secret(group="other")]
    client = m.OAuth2Client("client", secrets[0].to_flyte_idl())
    identity = m.Identity("role", "account", client, "who")
    # flytekit's default for the type cannot be written by flytekit itself.
    return m.SecurityContext(identity, secrets, [m.OAuth2TokenRequest("name", client, "https://a", "https://b", 0)])


def template(m: Any, **rest: Any) -> Any:
    return m.TaskTemplate(
        identifier(m), "python-task", metadata(m), interface(m), {"n": 1, "x": [1.5, None, {"y": True}]}, **rest
    )


MAKERS: dict[str, Any] = {
    "identifier": identifier,
    "metadata": metadata,
    "metadata with all": lambda m: metadata(m, is_eager=True, generates_deck=True, k8s_object_metadata=m.K8sObjectMetadata({"a": "b"}, {"c": "d"})),
    "metadata without": lambda m: m.TaskMetadata(False, m.RuntimeMetadata(0, "", ""), timedelta(0), m.RetryStrategy(0), None, "", "", False, "", []),
    "metadata without a timeout": lambda m: m.TaskMetadata(
        False, m.RuntimeMetadata(0, "", ""), None, m.RetryStrategy(0), None, "", "", False, "", []
    ),
    "interface": interface,
    "empty interface": lambda m: m.TypedInterface({}, {}),
    "variables": lambda m: m.VariableMap(interface(m).inputs),
    "variable with artifacts": lambda m: m.Variable(
        m.LiteralType(simple=1), "x", artifact_id_pb2.ArtifactID(version="1"), artifact_id_pb2.ArtifactTag()
    ),
    "container": container,
    "container by name": lambda m: m.Container(image="i", command=[], args=[], resources=m.Resources([], []), env={}, config={}),
    "pod": lambda m: m.K8sPod(m.K8sObjectMetadata({"a": "b"}), {"containers": [{"name": "main"}]}, m.DataLoadingConfig("a", "b"), "main"),
    "empty pod": lambda m: m.K8sPod(),
    "pod without a spec": lambda m: m.K8sPod(m.K8sObjectMetadata(), {}),
    "sql": lambda m: m.Sql("SELECT 1", 2),
    "empty sql": lambda m: m.Sql(),
    "security": security,
    "empty security": lambda m: m.SecurityContext(secrets=[]),
    "identity without": lambda m: m.Identity(iam_role="", k8s_service_account=""),
    "documentation": lambda m: m.Documentation("short", m.Description("long", format=m.Description.DescriptionFormat.HTML), m.SourceCode("https://x")),
    "documentation by uri": lambda m: m.Documentation("", m.Description("", "https://x", "https://icon"), m.SourceCode()),
    "empty documentation": lambda m: m.Documentation(),
    "io strategy": lambda m: m.IOStrategy(1, 2),
    "node": lambda m: m.NodeMetadata("train"),
    "node with all": lambda m: m.NodeMetadata("train", timedelta(1), m.RetryStrategy(2), True, False, "1", True),
    "blob": lambda m: m.LiteralType(blob=m.BlobType("csv", m.BlobType.BlobDimensionality.MULTIPART)),
    "enum": lambda m: m.LiteralType(enum_type=m.EnumType(["a", "b"])),
    "empty enum": lambda m: m.EnumType([]),
    "schema": lambda m: m.LiteralType(schema=m.SchemaType([m.SchemaType.SchemaColumn("a", m.SchemaType.SchemaColumn.SchemaColumnType.DURATION)])),
    "dataset": lambda m: m.StructuredDatasetType([m.StructuredDatasetType.DatasetColumn("a", m.LiteralType(simple=3))], "parquet", "arrow", b"\x01"),
    "empty dataset": lambda m: m.StructuredDatasetType(columns=[], external_schema_type="", external_schema_bytes=b""),
    "nested": lambda m: m.LiteralType(collection_type=m.LiteralType(map_value_type=m.LiteralType(simple=m.SimpleType.NONE))),
    "struct": lambda m: m.LiteralType(
        simple=m.SimpleType.STRUCT,
        metadata={"title": "x"},
        structure=m.TypeStructure("tag", {"a": m.LiteralType(simple=1)}),
        annotation=m.TypeAnnotation({"a": [1]}),
    ),
    "empty metadata": lambda m: m.LiteralType(simple=m.SimpleType.STRUCT, metadata={}),
    "empty annotation": lambda m: m.TypeAnnotation({}),
    "structure": lambda m: m.TypeStructure(tag="x"),
    "no type": lambda m: m.LiteralType(),
    "template": template,
    "template with a container": lambda m: template(m, container=container(m), config={"a": "b"}, security_context=security(m)),
    "template with a pod": lambda m: template(m, k8s_pod=m.K8sPod(pod_spec={"a": 1}), task_type_version=2),
    "template with sql": lambda m: template(m, sql=m.Sql("x")),
    "template with resources": lambda m: template(m, extended_resources=tasks_pb2.ExtendedResources(gpu_accelerator={"device": "a100"})),
    "template without custom": lambda m: m.TaskTemplate(identifier(m), "t", metadata(m), interface(m), {}, config={}),
    "template with None for custom": lambda m: m.TaskTemplate(identifier(m), "t", metadata(m), interface(m), None),
    "template with empty security": lambda m: template(m, security_context=m.SecurityContext(secrets=[])),
    "task": lambda m: m.FlyteTask(identifier(m), "t", metadata(m), interface(m), {"a": 1}, container(m), 3, None, {"a": "b"}),
    "spec": lambda m: m.TaskSpec(template(m), m.Documentation("short")),
}  # fmt: skip


def content(value: Any) -> bytes:
    message = value.to_flyte_idl()
    return b"" if message is None else message.SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", MAKERS)
def test_same_arguments_give_the_same_bytes(theirs: SimpleNamespace, name: str) -> None:
    """The same calls, to our classes and to flytekit's, write the same message."""
    assert content(MAKERS[name](OURS)) == content(MAKERS[name](theirs))


@pytest.mark.parametrize("name", MAKERS)
def test_flytekits_objects_are_taken(theirs: SimpleNamespace, name: str) -> None:
    """Our classes make models of flytekit's objects."""
    other = MAKERS[name](theirs)
    kind = type(MAKERS[name](OURS))
    if other.to_flyte_idl() is not None:
        assert content(kind.from_flyte_idl(other)) == content(other)


def test_arguments_of_three_kinds(theirs: SimpleNamespace) -> None:
    """Our models, flytekit's and flyteidl's messages may stand side by side in one call."""
    made = [
        FlyteTask(
            identifier(one), "t", metadata(two), interface(three), {}, container(one), security_context=security(two)
        )
        for one, two, three in (
            (OURS, OURS, OURS),
            (theirs, theirs, theirs),
            (OURS, theirs, OURS),
            (theirs, OURS, theirs),
        )
    ]
    raw = [maker(OURS).to_flyte_idl() for maker in (identifier, metadata, interface, container, security)]
    made.append(FlyteTask(raw[0], "t", raw[1], raw[2], {}, raw[3], security_context=raw[4]))
    assert len({task.serialize_to_string() for task in made}) == 1


def test_empty_security_context_of_flytekit(theirs: SimpleNamespace) -> None:
    """An empty SecurityContext of flytekit has no message; ours leaves the field absent, as flytekit does."""
    ours, others = (template(m, security_context=theirs.SecurityContext()) for m in (OURS, theirs))
    assert content(ours) == content(others)
    assert ours.security_context is None


# Attributes whose values differ, and why. Each value tells whether the difference is the one described.
def _both_empty(ours: Any, others: Any) -> bool:
    return not ours and not others


def _flytekits_is_empty(ours: Any, others: Any) -> bool:
    described = [others, *filter(None, [getattr(others, "long_description", None)])]
    texts = ("short_description", "source_code", "value", "uri", "icon_link")
    return ours is None and not any(getattr(item, text, None) for item in described for text in texts)


def _ours_is_empty(ours: Any, others: Any) -> bool:
    return others is None and ours.is_empty


def _flytekit_drops_it(ours: Any, others: Any) -> bool:
    return ours is not None and others is None


DIFFERENCES: dict[str, Any] = {
    # flytekit does not read it.
    "K8sPod.primary_container_name": _flytekit_drops_it,
    # flytekit makes an object of an absent description; its format is then said to be UNKNOWN.
    "TaskSpec.docs": _flytekits_is_empty,
    "FlyteTask.docs": _flytekits_is_empty,
    "Documentation.long_description": _flytekits_is_empty,
    # flytekit reads a link that is present but empty as None.
    "Documentation.source_code": _ours_is_empty,
    # flytekit reads an empty list as None where there are no secrets; both are false.
    "SecurityContext.secrets": _both_empty,
    "SecurityContext.tokens": _both_empty,
    # flytekit reads a present but empty SecurityContext as None.
    "TaskTemplate.security_context": _ours_is_empty,
    "FlyteTask.security_context": _ours_is_empty,
    # flytekit reads an empty Struct as None.
    "LiteralType.metadata": _both_empty,
}


def attributes(value: Any) -> Iterator[str]:
    """Return the names that a user of flytekit reads: properties, and the fields of its dataclasses."""
    for kind in type(value).__mro__:
        for name, member in vars(kind).items():
            if isinstance(member, property) and not name.startswith("_"):
                yield name
    yield from getattr(type(value), "__dataclass_fields__", ())


def pairs(ours: Any, others: Any) -> list[tuple[Any, Any]]:
    """Return the items of two lists or dicts of one length; a key that flytekit's does not have stands for itself."""
    if isinstance(ours, dict):
        return [(item, others.get(key, key)) for key, item in ours.items()]
    return list(zip(ours, others, strict=True))


def differences(ours: Any, others: Any, path: str) -> Iterator[str]:
    """Return the places at which our value differs from flytekit's in a way that DIFFERENCES does not describe."""
    if isinstance(ours, Model) and isinstance(others, Message):
        if ours.to_flyte_idl() != others:
            yield path
    elif isinstance(ours, Model) and hasattr(others, "to_flyte_idl"):
        for attribute in sorted(set(attributes(others)) - {"is_empty", "python_interface"}):
            inner = f"{path}/{type(ours).__name__}.{attribute}"
            yield from differences(getattr(ours, attribute), getattr(others, attribute), inner)
    elif isinstance(ours, dict | list) and others is not None and len(ours) == len(others):
        for our, other in pairs(ours, others):
            yield from differences(our, other, path)
    elif ours != getattr(others, "value", others):
        described = DIFFERENCES.get(path.rsplit("/", 1)[-1])
        if described is None or not described(ours, others):
            yield f"{path}: {ours!r} is not {others!r}"


def test_attributes_are_flytekits_on_the_corpus(theirs: SimpleNamespace, corpus: Path) -> None:
    """Every attribute of flytekit's TaskSpec, however deep, has the same value in ours on every real task."""
    for place, message in task_messages(corpus):
        found = list(
            differences(models.TaskSpec.from_flyte_idl(message), theirs.TaskSpec.from_flyte_idl(message), place)
        )
        assert found == []


@pytest.mark.parametrize("name", MAKERS)
def test_attributes_are_flytekits_on_examples(theirs: SimpleNamespace, name: str) -> None:
    """Every attribute of flytekit's models, read from a message that sets it, has the same value in ours."""
    ours = MAKERS[name](OURS)
    kind = type(MAKERS[name](theirs))
    kind = theirs.TaskSpec if kind is theirs.FlyteTask else kind
    others = kind.from_flyte_idl(ours.to_flyte_idl())
    assert list(differences(ours, others, name)) == []


def test_differences_are_still_there(theirs: SimpleNamespace) -> None:
    """Each documented difference can be met: the list does not outlive its reasons."""
    pod = tasks_pb2.K8sPod(primary_container_name="main")
    assert theirs.K8sPod.from_flyte_idl(pod).primary_container_name is None
    assert models.K8sPod.from_flyte_idl(pod).primary_container_name == "main"
    assert theirs.TaskSpec.from_flyte_idl(task_pb2.TaskSpec()).docs is not None
    assert models.TaskSpec.from_flyte_idl(task_pb2.TaskSpec()).docs is None
    empty = tasks_pb2.TaskTemplate()
    empty.security_context.SetInParent()
    assert theirs.TaskTemplate.from_flyte_idl(empty).security_context is None
    assert models.TaskTemplate.from_flyte_idl(empty).security_context == models.SecurityContext()


def test_task_attributes_are_flytekits(theirs: SimpleNamespace, corpus: Path) -> None:
    """A FlyteTask made of flytekit's template has the attributes of flytekit's own, on every real task."""
    for place, message in task_messages(corpus):
        base = theirs.TaskTemplate.from_flyte_idl(message.template)
        ours, others = FlyteTask.promote_from_model(base), theirs.FlyteTask.promote_from_model(base)
        assert content(ours) == content(others)
        assert list(differences(ours, others, place)) == []
        assert ours.resource_type == others.resource_type
        assert ours.entity_type_text == others.entity_type_text
        assert ours.name == others.name
        assert ours.should_register is others.should_register is False
        assert ours.python_interface is others.python_interface is None
        assert content(ours.construct_node_metadata()) == content(others.construct_node_metadata())


def test_a_flytekit_task_becomes_ours(theirs: SimpleNamespace) -> None:
    """A FlyteTask, TaskSpec, template and admin Task of flytekit are taken as they are."""
    base = template(theirs)
    expected = FlyteTask.from_flyte_idl(base.to_flyte_idl())
    from flytekit.models import task  # noqa: PLC0415 - flytekit is optional

    compiled = task.CompiledTask(base)
    for value in (
        base,
        theirs.TaskSpec(base),
        theirs.FlyteTask.promote_from_model(base),
        compiled,
        task.TaskClosure(compiled),
        task.Task(identifier(theirs), task.TaskClosure(compiled)),
    ):
        assert FlyteTask.from_flyte_idl(value) == expected


def test_local_execution_mode_is_flytekits(theirs: SimpleNamespace) -> None:
    """Name and value of the mode are those of flytekit's."""
    del theirs
    from flytekit.core.context_manager import ExecutionState  # noqa: PLC0415 - flytekit is optional

    mode = FlyteTask.from_bytes(b"").local_execution_mode()
    expected = ExecutionState.Mode.LOCAL_TASK_EXECUTION
    assert (mode.name, mode.value) == (expected.name, expected.value)


@pytest.mark.parametrize("call", ["execute", "local_execute", "__call__"])
def test_local_execution_fails_as_flytekits(theirs: SimpleNamespace, call: str) -> None:
    """Running a fetched task here raises what flytekit's raises."""
    arguments = (None,) if call == "local_execute" else ()
    for m in (OURS, theirs):
        task = MAKERS["task"](m)
        with pytest.raises(AssertionError, match="Remotely fetched entities cannot be run locally"):
            getattr(task, call)(*arguments, x=1)


def test_enums_compare_with_flytekits_numbers(theirs: SimpleNamespace) -> None:
    """Our members equal the numbers that flytekit's classes hold."""
    for kind in (lambda m: m.SimpleType, lambda m: m.ResourceType, lambda m: m.Resources.ResourceName):
        numbers = {name: value for name, value in vars(kind(theirs)).items() if name.isupper()}
        assert numbers == {name: getattr(kind(OURS), name) for name in numbers}
    for name in ("JSON", "YAML", "PROTO"):
        attribute = f"LITERALMAP_FORMAT_{name}"
        assert getattr(OURS.DataLoadingConfig, attribute) == getattr(theirs.DataLoadingConfig, attribute)


def test_printing_is_flytekits(theirs: SimpleNamespace) -> None:
    """An identifier prints as flytekit's does."""
    assert str(identifier(OURS)) == str(identifier(theirs))
    assert identifier(OURS).resource_type_name() == identifier(theirs).resource_type_name()
