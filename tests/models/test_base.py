"""What all models have in common: read-only, changed by replace, equal by content, shown in one line."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import subprocess
import sys
import weakref
from typing import Any

import pytest
from flyteidl.core import tasks_pb2
from generated import messages
from hypothesis import given, settings

import flytetask_nb as ftn
from flytetask_nb import models
from flytetask_nb.models import (
    Container,
    Documentation,
    Identifier,
    K8sObjectMetadata,
    K8sPod,
    KeyValuePair,
    LiteralType,
    Model,
    Resources,
    ResourceType,
    RetryStrategy,
    RuntimeMetadata,
    Secret,
    SimpleType,
    Sql,
    TaskMetadata,
    TaskSpec,
    TaskTemplate,
    TypedInterface,
    Variable,
)

ID = Identifier(ResourceType.TASK, "shop", "production", "shop.train", "v1")
METADATA = TaskMetadata(
    True, RuntimeMetadata(RuntimeMetadata.RuntimeType.FLYTE_SDK, "1.16", "python"), 60, RetryStrategy(3), None, "1", "",
    False, "", ["seed"], tags={"team": "forecast"},
)  # fmt: skip
INTERFACE = TypedInterface({"x": Variable(LiteralType(simple=SimpleType.INTEGER), "an x")}, {})
CONTAINER = Container(
    "shop:1", ["train"], ["--db-password", "hunter2"], Resources([], []), {"DB_PASSWORD": "hunter2", "A": "b"}, {}
)
TEMPLATE = TaskTemplate(ID, "python-task", METADATA, INTERFACE, {"token": "hunter2", "n": 1}, CONTAINER)
MODELS: list[Model] = [ID, METADATA, INTERFACE, CONTAINER, TEMPLATE, TaskSpec(TEMPLATE, Documentation("Trains."))]
NAMES = [type(model).__name__ for model in MODELS]
each_model = pytest.mark.parametrize("model", MODELS, ids=NAMES)


@each_model
def test_attributes_cannot_be_assigned(model: Model) -> None:
    """Assigning any attribute, known or not, fails and points to replace."""
    for name in (*model._fields, "brand_new", "_message"):
        with pytest.raises(
            ftn.errors.ImmutableError, match=rf"{type(model).__name__}\.{name} cannot be assigned.*\.replace\({name}="
        ):
            setattr(model, name, None)


@each_model
def test_attributes_cannot_be_deleted(model: Model) -> None:
    """Deleting any attribute fails and points to replace."""
    for name in model._fields:
        with pytest.raises(AttributeError, match=rf"{name} cannot be deleted.*\.replace\({name}=None\)"):
            delattr(model, name)


def test_there_is_no_way_around_the_guard() -> None:
    """A field takes nothing from who goes around the model's own guard either."""
    with pytest.raises(AttributeError, match="read-only"):
        object.__setattr__(ID, "name", "x")
    with pytest.raises(AttributeError, match="read-only"):
        object.__delattr__(ID, "name")


def test_replace_gives_a_changed_copy() -> None:
    """The copy differs in what was named, the original does not change, unknown fields stay."""
    data = ID.serialize_to_string() + b"\x98\x97\x02\x05"
    before = Identifier.from_bytes(data)
    after = before.replace(version="v2", org="x")
    assert (after.version, after.org, after.name) == ("v2", "x", "shop.train")
    assert (before.version, before.org) == ("v1", "")
    assert after.serialize_to_string().endswith(b"\x98\x97\x02\x05")
    assert type(after) is Identifier


def test_replace_with_nothing_is_equal() -> None:
    """No changes give an equal model."""
    for model in MODELS:
        assert model.replace() == model


@each_model
def test_replace_with_its_own_values_is_equal(model: Model) -> None:
    """Writing what was read changes nothing."""
    values = {name: getattr(model, name) for name in model._fields if model.has(name)}
    assert model.replace(**values) == model


@each_model
def test_replace_none_clears(model: Model) -> None:
    """None clears any field; all of them leave nothing."""
    for name in model._fields:
        assert not model.replace(**{name: None}).has(name)
    assert model.replace(**dict.fromkeys(model._fields)).is_empty


def test_replace_of_an_unknown_name() -> None:
    """A field that does not exist is refused with the names of those that do."""
    with pytest.raises(
        ftn.errors.ModelTypeError, match="Identifier has no field 'nmae' to replace; it has resource_type, project"
    ):
        ID.replace(nmae="x")


def test_one_target_replaces_another() -> None:
    """Giving another target replaces the present one; clearing another leaves the present one."""
    pod = TEMPLATE.replace(k8s_pod=K8sPod(primary_container_name="main"))
    assert (pod.container, pod.k8s_pod is None) == (None, False)
    assert TEMPLATE.replace(sql=None, k8s_pod=None).container == CONTAINER
    assert TEMPLATE.replace(container=None, sql=Sql("SELECT 1")).sql == Sql("SELECT 1")
    assert TEMPLATE.replace(sql=Sql("SELECT 1"), container=None).sql == Sql("SELECT 1")


@pytest.mark.parametrize("targets", [("container", "k8s_pod"), ("container", "sql"), ("k8s_pod", "sql")])
def test_two_targets_are_refused(targets: tuple[str, str]) -> None:
    """Two targets at once are a ValueError that names both, in the constructor and in replace."""
    values: dict[str, Any] = {"container": CONTAINER, "k8s_pod": K8sPod(), "sql": Sql("SELECT 1")}
    given_targets = {name: values[name] for name in targets}
    for make in (
        lambda: TEMPLATE.replace(**given_targets),
        lambda: TaskTemplate(ID, "t", METADATA, INTERFACE, {}, **given_targets),
        lambda: ftn.FlyteTask(ID, "t", METADATA, INTERFACE, {}, **given_targets),
    ):
        with pytest.raises(
            ftn.errors.ModelValueError, match=f"one target, got {targets[0]} and {targets[1]}: give one"
        ) as caught:
            make()
        assert isinstance(caught.value, ValueError)


def test_two_types_are_refused() -> None:
    """A literal type is one thing."""
    with pytest.raises(ftn.errors.ModelValueError, match="got simple and collection_type"):
        LiteralType(simple=SimpleType.NONE, collection_type=LiteralType(simple=SimpleType.STRING))


def test_equal_by_content() -> None:
    """Models are equal and hash alike if their messages are equal, however they were made."""
    for model in MODELS:
        same = type(model).from_bytes(model.serialize_to_string())
        assert model == same
        assert hash(model) == hash(same)
        assert model is not same
    assert len({ID, Identifier.from_flyte_idl(ID.to_flyte_idl()), ID.replace(name="x")}) == 2


def test_equality_counts_unknown_fields_and_order_of_maps_does_not() -> None:
    """Unknown fields tell models apart; the order in which a map was filled does not."""
    assert Identifier.from_bytes(ID.serialize_to_string() + b"\x98\x97\x02\x05") != ID
    one, other = ({str(number): "x" for number in order} for order in (range(50), reversed(range(50))))
    assert K8sObjectMetadata(one) == K8sObjectMetadata(other)
    assert hash(K8sObjectMetadata(one)) == hash(K8sObjectMetadata(other))


def test_models_of_other_messages_differ() -> None:
    """An empty model of one kind is not an empty one of another, nor anything else."""
    assert RetryStrategy(0) != Documentation()
    assert Identifier.from_bytes(b"") != TaskMetadata.from_bytes(b"")
    assert ID != "shop.train"
    assert ID.to_flyte_idl() != ID


@settings(max_examples=50, deadline=None)
@given(messages(tasks_pb2.TaskMetadata, depth=4), messages(tasks_pb2.TaskMetadata, depth=4))
def test_equality_is_that_of_bytes(one: Any, other: Any) -> None:
    """Two models are equal exactly if their deterministic bytes are; NaN equals itself."""
    left, right = TaskMetadata.from_flyte_idl(one), TaskMetadata.from_flyte_idl(other)
    same = one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)
    assert (left == right) == same
    assert (hash(left) == hash(right)) or not same


@each_model
def test_pickling(model: Model) -> None:
    """A pickled model comes back equal, of its class, and pickles to the same bytes."""
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(model, protocol))  # noqa: S301 - bytes of this test
        assert back == model
        assert type(back) is type(model)
        assert pickle.dumps(back, protocol) == pickle.dumps(model, protocol)


def test_pickles_do_not_depend_on_the_process() -> None:
    """Two processes with different hash seeds write the same bytes and the same repr."""
    code = (
        "import pickle, sys; from flytetask_nb.models import K8sObjectMetadata as K;"
        "m = K({str(n): 'x' for n in range(30)}, {'token': 'x'});"
        "sys.stdout.write(pickle.dumps(m, 4).hex() + repr(m))"
    )
    written = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(written) == 1


@each_model
def test_copies_are_the_model_itself(model: Model) -> None:
    """What cannot change need not be copied."""
    assert copy.copy(model) is copy.deepcopy(model) is model
    assert copy.deepcopy({"a": [model]})["a"][0] is model


def test_weak_references() -> None:
    """Models can be remembered weakly."""
    model = RetryStrategy(1)
    assert weakref.ref(model)() is model


def test_is_empty() -> None:
    """Empty is what holds nothing at all; a zero that proto3 does not write is nothing."""
    assert Identifier.from_bytes(b"").is_empty
    assert RetryStrategy(0).is_empty
    assert not ID.is_empty
    assert not TaskTemplate.from_bytes(b"\x2a\x00").is_empty


def test_has_tells_unset_from_default() -> None:
    """Presence is told where proto3 has it; elsewhere a default counts as not set."""
    unset = TaskMetadata.from_bytes(b"")
    assert not unset.has("interruptible")
    assert unset.replace(interruptible=False).has("interruptible")
    assert unset.replace(interruptible=False).interruptible is False
    assert not unset.has("timeout")
    message = unset.to_flyte_idl()
    message.timeout.SetInParent()
    assert TaskMetadata.from_flyte_idl(message).has("timeout")
    assert not unset.replace(discoverable=False).has("discoverable")
    assert METADATA.has("tags")
    assert not ID.has("org")
    assert TaskTemplate.from_bytes(b"").replace(metadata=unset).has("metadata")
    with pytest.raises(ftn.errors.ModelTypeError, match="Identifier has no field 'nmae'; it has resource_type"):
        ID.has("nmae")


def test_reprs() -> None:
    """The repr is the class and what is set, in the order of the constructor."""
    assert repr(ID) == (
        "Identifier(resource_type=<ResourceType.TASK: 1>, project='shop', domain='production', name='shop.train', version='v1')"
    )
    assert repr(INTERFACE) == "TypedInterface(inputs={'x': Variable(type=int, description='an x')}, outputs={})"
    assert repr(RetryStrategy(0)) == "RetryStrategy()"
    assert ID.short_string() == repr(ID)
    assert str(ID) == "TASK:shop:production:shop.train:v1"
    assert ID.resource_type_name() == "TASK"


@pytest.mark.parametrize(
    "model",
    [
        CONTAINER,
        TEMPLATE,
        TaskSpec(TEMPLATE),
        KeyValuePair("DB_PASSWORD", "hunter2"),
        K8sObjectMetadata({"api-token": "hunter2"}, {"url": "https://bob:hunter2@host"}),
        K8sPod(pod_spec={"containers": [{"env": [{"name": "PW", "value": "hunter2"}]}]}),
        K8sPod(pod_spec={"containers": [{"name": "main", "args": ["--token", "hunter2"]}]}),
        TaskMetadata.from_bytes(b"").replace(tags={"token": "hunter2"}),
        TEMPLATE.replace(config={"token": "hunter2"}, custom=None, container=None),
        Documentation("postgres://bob:hunter2@host"),
        Sql("SET password = 'hunter2'"),
    ],
)
def test_reprs_are_masked(model: Model) -> None:
    """No secret shows in a repr, unless the user asks for it."""
    assert "hunter2" not in repr(model)
    assert "hunter2" not in repr([model])
    assert "•" in repr(model) or isinstance(model, TaskSpec | TaskTemplate)


def test_reprs_show_names_of_secrets_and_types_of_inputs() -> None:
    """What a secret is called, and the type of an input that is called like one, is no secret."""
    assert repr(Secret("database-credentials", "password")) == "Secret(group='database-credentials', key='password')"
    text = Variable(LiteralType(simple=SimpleType.STRING), "")
    assert (
        repr(TypedInterface({"token": text}, {})) == "TypedInterface(inputs={'token': Variable(type=str)}, outputs={})"
    )


def test_reprs_reveal_on_demand() -> None:
    """With ``reveal_secrets`` the repr shows what is there."""
    with ftn.set_options(reveal_secrets=True):
        assert repr(KeyValuePair("DB_PASSWORD", "hunter2")) == "KeyValuePair(key='DB_PASSWORD', value='hunter2')"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Identifier, "Identifier() needs the argument 'resource_type'; it takes resource_type, project"),
        (lambda: Identifier(1, "p", "d", "n"), "needs the argument 'version'"),
        (
            lambda: Identifier(1, "p", "d", "n", "v", "o"),
            "takes at most 5 positional arguments (resource_type, project",
        ),
        (lambda: Identifier(1, "p", "d", "n", "v", name="n"), "got 'name' twice"),
        (lambda: Identifier(1, "p", "d", "n", "v", nmae="n"), "has no argument 'nmae'; it takes resource_type"),
    ],
)
def test_constructors_say_what_is_wrong(make: Any, said: str) -> None:
    """A call that does not fit says which argument is wrong and which there are."""
    with pytest.raises(ftn.errors.ModelTypeError) as caught:
        make()
    assert said in str(caught.value)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "model_class",
    [
        value
        for value in vars(models).values()
        if isinstance(value, type) and issubclass(value, Model) and value is not Model
    ],
)
def test_signatures_show_real_parameters(model_class: type[Model]) -> None:
    """``inspect.signature`` lists the constructor's parameters, and a call that follows it is accepted."""
    parameters = inspect.signature(model_class).parameters
    fields = TaskTemplate._fields if model_class is ftn.FlyteTask else model_class._fields
    extra = {"should_register"} if model_class is ftn.FlyteTask else set()
    assert set(parameters) == set(fields) | extra
    required = [name for name, item in parameters.items() if item.default is inspect.Parameter.empty]
    assert model_class(**dict.fromkeys(required)).replace() is not None


def test_signature_belongs_to_the_class() -> None:
    """A task is callable, and its signature is that of the call, not of the constructor."""
    task = ftn.FlyteTask.from_bytes(b"")
    assert list(inspect.signature(task).parameters) == ["args", "kwargs"]
    assert not hasattr(ID, "__signature__")


def test_import_loads_little() -> None:
    """Importing the package imports neither inspect's callers nor anything heavy."""
    heavy = [
        "pandas",
        "rich",
        "ipywidgets",
        "yaml",
        "fsspec",
        "tqdm",
        "decimal",
        "fractions",
        "flytekit",
        "grpc",
        "hashlib",
    ]
    code = f"import sys, flytetask_nb; print([name for name in {heavy} if name in sys.modules])"
    without = "import flyteidl.admin.task_pb2, sys; " + f"print([name for name in {heavy} if name in sys.modules])"
    loaded, before = (
        subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout
        for text in (code, without)
    )
    assert loaded == before


def test_inspect_is_not_imported_with_the_package() -> None:
    """What flyteidl and protobuf load aside, the package adds no inspect, json or dataclasses."""
    lines = [
        "import sys",
        "import flyteidl.admin.task_pb2, flyteidl.core.workflow_pb2, google.protobuf.message",
        "before = set(sys.modules)",
        "import flytetask_nb",
        "print(sorted({'inspect', 'json', 'dataclasses', 'importlib.metadata', 'typing_extensions'} & (set(sys.modules) - before)))",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
