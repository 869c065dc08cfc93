from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import compiler_pb2, identifier_pb2, interface_pb2, literals_pb2, tasks_pb2, types_pb2
from generated import add_unknown_fields, messages
from google.protobuf.json_format import ParseDict
from hypothesis import given, reject
from hypothesis import strategies as st
from real_tasks import serialized_tasks

from flytetask_nb import FlyteTask, FlyteTaskError, models
from flytetask_nb.errors import CacheVersionError, ModelTypeError, ModelValueError
from flytetask_nb.semantics.caching import CacheKey, cache_key, cache_tag, is_map_task, item_outputs
from tests.conftest import flytekit_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The published hash of an empty map.
EMPTY = "GKw-c0Pw"


def template_of(variable: Any = None, **rest: Any) -> Any:
    """Make a template of one input."""
    return ParseDict(
        {
            "id": {"project": "p", "domain": "d", "name": "a.b", "version": "v1"},
            "metadata": {"discoverable": True, "discoveryVersion": "1"},
            "interface": {"inputs": {"variables": {"x": variable or {"type": {"simple": "INTEGER"}}}}},
            **rest,
        },
        tasks_pb2.TaskTemplate(),
    )


def version_of(literal_type: Any) -> str:
    """Return the version that a task with one input of a type has."""
    template = template_of()
    template.interface.inputs.variables["x"].type.CopyFrom(ParseDict(literal_type, types_pb2.LiteralType()))
    return cache_key(template).version


def key_or_reject(task: Any) -> CacheKey:
    """Leave out what Flyte refuses."""
    try:
        return cache_key(task, cache_version="1")
    except ModelValueError:
        reject()


# -- against Flyte's answers -----------------------------------------------------------------------------------------


def test_every_real_task_agrees(cases: Callable[[str], list[dict[str, Any]]], truth_folder: Path) -> None:
    """Real tasks, cached or not, have the keys that propeller computes."""
    tasks = serialized_tasks(truth_folder / "corpus")
    wrong = []
    for case in cases("cache-real.jsonl"):
        spec = task_pb2.TaskSpec.FromString(tasks[f"{case['archive']}!{case['entry']}"])
        key = cache_key(spec, cache_version=case["cache_version_used"])
        template = spec.template
        expected = (template.id.project, template.id.domain, case["dataset"], case["version"])
        if (*expected, template.metadata.discoverable) != key:
            wrong.append((case, key))
    assert wrong == []


def test_every_generated_task_agrees(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    """Generated tasks have the keys that propeller computes, or are refused where it refuses them."""
    wrong = []
    refused = 0
    for case in cases("cache-generated.jsonl"):
        template = ParseDict(case["template"], tasks_pb2.TaskTemplate())
        try:
            key = cache_key(template)
        except FlyteTaskError as error:
            refused += 1
            if "error" not in case or not isinstance(error, CacheVersionError):
                wrong.append((case, error))
        else:
            if (key.name, key.version) != (case.get("dataset"), case.get("version")):
                wrong.append((case, key))
    assert wrong == []
    assert refused > 0


def test_what_is_hashed_is_the_stripped_interface(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    """The interface that propeller has stripped gives the same key as the whole one."""
    for case in cases("cache-generated.jsonl"):
        if "stripped" in case:
            stripped = ParseDict({**case["template"], "interface": case["stripped"]}, tasks_pb2.TaskTemplate())
            assert case["version"] == cache_key(stripped).version


def test_every_tag_agrees(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    """Inputs have the tags that the data catalog's client computes."""
    wrong = []
    for case in cases("tags.jsonl"):
        inputs = literals_pb2.LiteralMap.FromString(base64.b64decode(case["inputs_b64"]))
        tag = cache_tag(inputs, case["cache_ignore_input_vars"])
        if tag != case["tag"]:
            wrong.append((case, tag))
    assert wrong == []


# -- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_says_where_results_are_kept() -> None:
    """Project, domain, the dataset's name and version, and whether caching is on."""
    template = template_of()
    template.interface.Clear()
    assert CacheKey("p", "d", "flyte_task-a.b", f"1-{EMPTY}-{EMPTY}", True) == cache_key(template)


def test_a_key_is_read_only() -> None:
    """It is a plain record."""
    key = cache_key(template_of())
    with pytest.raises(AttributeError):
        key.name = "other"  # type: ignore[misc]
    assert not hasattr(key, "__dict__")


def test_every_form_of_a_task_has_the_same_key() -> None:
    """A template, a spec, a compiled task, what Admin sends, and the models of them."""
    template = template_of()
    spec, compiled = task_pb2.TaskSpec(template=template), compiler_pb2.CompiledTask(template=template)
    closure = task_pb2.TaskClosure(compiled_task=compiled)
    forms = [template, spec, compiled, closure, task_pb2.Task(closure=closure)]
    forms += [models.TaskTemplate.from_flyte_idl(template), models.TaskSpec.from_flyte_idl(spec)]
    forms += [FlyteTask.from_flyte_idl(spec)]
    assert {cache_key(template)} == {cache_key(form) for form in forms}


def test_flytekits_models_have_the_same_key() -> None:
    """Objects that flytekit made are read as messages are."""
    task = flytekit_module("flytekit.models.task")
    template = template_of(type="python-task", container={"image": "a:1"})
    theirs = task.TaskTemplate.from_flyte_idl(template)
    assert cache_key(template) == cache_key(theirs) == cache_key(task.TaskSpec(theirs))


def test_other_things_have_no_key() -> None:
    """Only tasks have."""
    for other in ("a.b", None, FlyteTask, identifier_pb2.Identifier(), models.Identifier(1, "p", "d", "n", "v")):
        with pytest.raises(ModelTypeError, match=r"expected (a task|one of flyteidl)"):
            cache_key(other)


def test_a_key_is_given_whether_caching_is_on_or_not() -> None:
    """``enabled`` tells which; the place is the same."""
    on, off = template_of(), template_of(metadata={"discoveryVersion": "1"})
    assert cache_key(on)[:4] == cache_key(off)[:4]
    assert [cache_key(on).enabled, cache_key(off).enabled] == [True, False]


@pytest.mark.parametrize("blank", ["", " ", "   "])
def test_a_blank_cache_version_is_refused(blank: str) -> None:
    """Flyte cannot run such a task; the error names the task and what to do."""
    template = template_of(metadata={"discoveryVersion": blank})
    with pytest.raises(CacheVersionError, match=r"^task 'a\.b': the cache version ' *' is blank.*set cache_version"):
        cache_key(template)
    with pytest.raises(CacheVersionError):
        cache_key(template_of(), cache_version=blank)
    assert cache_key(template, cache_version="1") == cache_key(template_of())._replace(enabled=False)


def test_spaces_around_the_cache_version_do_not_count_but_other_blanks_do() -> None:
    """Flyte trims spaces only."""
    versions = [cache_key(template_of(), cache_version=given).version for given in ("1", "  1 ", "\t1", "\n")]
    assert versions[0] == versions[1]
    assert [text.partition("-")[0] for text in versions[2:]] == ["\t1", "\n"]


def test_a_cache_version_is_a_text() -> None:
    """A number has no one way to be written."""
    with pytest.raises(ModelTypeError, match=r"cache_version=1\.0 is of type float, expected a text"):
        cache_key(template_of(), cache_version=1.0)  # type: ignore[arg-type]


def test_an_error_of_the_interface_names_the_task() -> None:
    """An artifact's time that is none cannot be hashed."""
    template = template_of()
    partition = template.interface.inputs.variables["x"].artifact_partial_id.time_partition
    partition.value.time_value.nanos = -1
    with pytest.raises(ModelValueError, match=r"^task 'a\.b': interface: a time with -1 nanoseconds"):
        cache_key(template)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": {"project": "p", "domain": "d", "name": "a.b", "version": "v2"}},
        {"container": {"image": "b:2", "args": ["x"], "env": [{"key": "A", "value": "1"}]}},
        {"type": "other"},
        {"taskTypeVersion": 7},
        {"config": {"a": "b"}},
        {"custom": {"a": 1}},
        {"metadata": {"discoverable": True, "discoveryVersion": "1", "retries": {"retries": 3}, "timeout": "3s"}},
        {"securityContext": {"secrets": [{"group": "g"}]}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_can_change_results_without_a_trace(changed: dict[str, Any]) -> None:
    """Nothing but names, cache version and types counts: old results can be served for new code."""
    assert cache_key(template_of()) == cache_key(template_of(**changed))


@pytest.mark.parametrize(
    "literal_type",
    [
        {"simple": "FLOAT"},
        {"collectionType": {"simple": "INTEGER"}},
        {"simple": "INTEGER", "structure": {"tag": "int"}},
        {"simple": "INTEGER", "annotation": {"annotations": {"cache-key-metadata": {"a": "b"}}}},
        {"simple": "INTEGER", "annotation": {"annotations": {"cache-key-metadata": None}}},
    ],
    ids=str,
)
def test_types_count(literal_type: Any) -> None:
    """Another type, tag, or annotation about caching makes another key."""
    assert version_of({"simple": "INTEGER"}) != version_of(literal_type)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"unionType": {"variants": [{"simple": 1}, {"simple": 2}]}}, {"unionType": {"variants": [{"simple": 2}, {"simple": 1}]}}),
        ({"enumType": {"values": ["a", "b"]}}, {"enumType": {"values": ["b", "a"]}}),
        (
            {"structuredDatasetType": {"columns": [{"name": "a"}, {"name": "b"}]}},
            {"structuredDatasetType": {"columns": [{"name": "b"}, {"name": "a"}]}},
        ),
        (
            {"structure": {"dataclassType": {"a": {"simple": "INTEGER"}}}},
            {"structure": {"dataclassType": {"a": {"simple": "FLOAT"}}}},
        ),
    ],
    ids=["variants", "values", "columns", "fields"],
)  # fmt: skip
def test_order_and_fields_of_types_count(one: Any, other: Any) -> None:
    """A reorder of variants, enum values or columns loses the cache, as does another field of a dataclass."""
    assert version_of(one) != version_of(other)


WRAPPED_IN: dict[str, Callable[[Any], Any]] = {
    "itself": lambda inner: inner,
    "list": lambda inner: {"collectionType": inner},
    "map": lambda inner: {"mapValueType": inner},
    "union": lambda inner: {"unionType": {"variants": [inner, {"simple": "NONE"}]}},
    "field": lambda inner: {"simple": "STRUCT", "structure": {"dataclassType": {"f": inner}}},
    "column": lambda inner: {"structuredDatasetType": {"columns": [{"name": "c", "literalType": inner}]}},
}


@pytest.mark.parametrize("where", WRAPPED_IN)
def test_metadata_and_other_annotations_do_not_count_anywhere(where: str) -> None:
    """They are stripped however deep the type stands; annotations about caching stay."""
    wrap = WRAPPED_IN[where]
    plain = version_of(wrap(wrap({"simple": "STRUCT"})))
    noted = {"simple": "STRUCT", "metadata": {"title": "T"}, "annotation": {"annotations": {"k": 1}}}
    assert plain == version_of(wrap(wrap(noted)))
    noted["annotation"] = {"annotations": {"k": 1, "cache-key-metadata": {}}}
    assert plain != version_of(wrap(wrap(noted)))


@given(messages(interface_pb2.TypedInterface, unknown=False), st.text())
def test_descriptions_and_unknown_fields_do_not_count(interface: Any, description: str) -> None:
    """What people write about a variable, and what a newer Flyte adds to it, leave the key alone."""
    template = template_of()
    template.interface.CopyFrom(interface)
    before = key_or_reject(template)
    for variables in (template.interface.inputs.variables, template.interface.outputs.variables):
        for variable in variables.values():
            variable.description = description
    add_unknown_fields(template)
    assert before == cache_key(template, cache_version="1")


@given(messages(types_pb2.LiteralType), messages(types_pb2.LiteralType))
def test_metadata_of_any_type_does_not_count(literal_type: Any, donor: Any) -> None:
    """The key stays when a type gets the metadata of another, and an annotation that is not about caching."""
    template = template_of()
    variable = template.interface.inputs.variables["x"]
    variable.type.CopyFrom(literal_type)
    if "cache-key-metadata" not in variable.type.annotation.annotations.fields:
        variable.type.ClearField("annotation")
    before = key_or_reject(template)
    variable.type.metadata.CopyFrom(donor.metadata)
    if not variable.type.HasField("annotation"):
        variable.type.annotation.annotations.CopyFrom(donor.metadata)
        variable.type.annotation.annotations.fields.pop("cache-key-metadata", None)
    assert before == cache_key(template, cache_version="1")


@given(messages(interface_pb2.VariableMap))
def test_the_order_of_variables_does_not_count(variables: Any) -> None:
    """Inputs are found by name."""
    forwards, backwards = template_of(), template_of()
    for template, names in ((forwards, list(variables.variables)), (backwards, list(variables.variables)[::-1])):
        template.interface.inputs.Clear()
        for name in names:
            template.interface.inputs.variables[name].CopyFrom(variables.variables[name])
    assert key_or_reject(forwards) == key_or_reject(backwards)


def test_inputs_and_outputs_are_told_apart() -> None:
    """A variable that moves from the inputs to the outputs makes another key."""
    template, moved = template_of(), template_of()
    moved.interface.outputs.CopyFrom(moved.interface.inputs)
    moved.interface.ClearField("inputs")
    hashes = cache_key(template).version.split("-", 1)[1]
    assert f"{EMPTY}-{hashes[:8]}" == cache_key(moved).version.split("-", 1)[1]


# -- map tasks -------------------------------------------------------------------------------------------------------

LIST = {"collectionType": {"simple": "INTEGER"}}
MAP_WORDS = ["pyflyte-map-execute", "--inputs", "{{.input}}", "--resolver", "r", "--", "vars", ""]
FAST_WORDS = ["pyflyte-fast-execute", "--additional-distribution", "s3://a/b", "--dest-dir", ".", "--"]


def mapped_over(output: Any, **rest: Any) -> Any:
    """Make a template with an output of a type."""
    template = template_of(**rest)
    template.interface.outputs.variables["o0"].CopyFrom(ParseDict({"type": output}, interface_pb2.Variable()))
    return template


def in_pod(words: list[str], *others: str, primary: str = "main") -> dict[str, Any]:
    containers = [{"name": "main", "args": words}, *({"name": name, "args": ["other"]} for name in others)]
    return {"config": {"primary_container_name": primary}, "k8sPod": {"podSpec": {"containers": containers}}}


RUN_BY_ITEM: dict[str, dict[str, Any]] = {
    "legacy array": {"type": "container_array", "container": {"args": ["anything"]}},
    "aws batch": {"type": "aws-batch"},
    "legacy array in a pod": {"type": "container_array", **in_pod(["anything"])},
    "array node": {"type": "python-task", "container": {"args": MAP_WORDS}},
    "command": {"container": {"command": MAP_WORDS[:1], "args": MAP_WORDS[1:]}},
    "fast": {"container": {"args": [*FAST_WORDS, *MAP_WORDS]}},
    "pod": {"type": "sidecar", **in_pod(MAP_WORDS)},
    "fast pod": {"type": "sidecar", **in_pod([*FAST_WORDS, *MAP_WORDS])},
    "pod with others": {"type": "sidecar", **in_pod(MAP_WORDS, "proxy")},
    "pod with one container of another name": {"type": "sidecar", **in_pod(MAP_WORDS, primary="primary")},
    "spark": {"type": "spark", "container": {"args": MAP_WORDS}},
}
RUN_AT_ONCE: dict[str, dict[str, Any]] = {
    "plain": {"type": "python-task", "container": {"args": ["pyflyte-execute", *MAP_WORDS[1:]]}},
    "mentioned": {"container": {"args": ["pyflyte-execute", "--", "task-name", "pyflyte-map-execute"]}},
    "launched by something else": {"container": {"args": ["run.sh", "pyflyte-map-execute"]}},
    "in another container": {"type": "sidecar", **in_pod(MAP_WORDS, "proxy", primary="proxy")},
    "statement": {"type": "snowflake", "sql": {"statement": "pyflyte-map-execute"}},
    "nothing": {"type": "python-task"},
}


@pytest.mark.parametrize("how", RUN_BY_ITEM)
def test_items_are_kept_under_the_element_of_each_list(how: str) -> None:
    """The published case: a list of int as output has the key of int."""
    template = mapped_over(LIST, **RUN_BY_ITEM[how])
    assert is_map_task(template)
    whole, item = mapped_over(LIST), mapped_over({"simple": "INTEGER"})
    assert cache_key(template).version == cache_key(item).version != cache_key(whole).version


@pytest.mark.parametrize("how", RUN_AT_ONCE)
def test_other_tasks_are_kept_as_a_whole(how: str) -> None:
    template = mapped_over(LIST, **RUN_AT_ONCE[how])
    assert not is_map_task(template)
    assert cache_key(template).version == cache_key(mapped_over(LIST)).version


def test_the_array_node_of_a_workflow_makes_any_task_a_map_task() -> None:
    """Which the task itself does not say; whoever knows it says so."""
    template = mapped_over(LIST)
    assert cache_key(template, mapped=True) == cache_key(mapped_over({"simple": "INTEGER"}))
    assert cache_key(mapped_over(LIST, type="container_array"), mapped=False) == cache_key(template)


def test_the_published_key_of_an_item() -> None:
    """flyteorg/flyte#3787: ``(x: list[int], k: str) -> list[int]``, version 1."""
    template = mapped_over(LIST, type="container_array")
    ParseDict({"variables": {"x": {"type": LIST}, "k": {"type": {"simple": "STRING"}}}}, template.interface.inputs)
    assert cache_key(template).version == "1-6beVE7cb-PmK8qF6C"
    assert cache_key(template, mapped=False).version == "1-6beVE7cb-N4Mg4RHc"


def test_one_level_of_lists_is_taken_off_outputs_alone() -> None:
    """Lists inside stay, as do inputs and outputs that are no list."""
    twice = mapped_over({"collectionType": LIST}, type="container_array")
    assert cache_key(twice).version == cache_key(mapped_over(LIST)).version
    for output in ({"mapValueType": LIST}, {"simple": "NONE"}, {"unionType": {"variants": [LIST]}}):
        assert cache_key(mapped_over(output, type="container_array")) == cache_key(mapped_over(output))
    listed = template_of({"type": LIST}, type="container_array")
    assert cache_key(listed) == cache_key(template_of({"type": LIST}))


def test_nothing_of_the_list_itself_is_left() -> None:
    """Its annotation, tag and artifact go with it, those of the element stay."""
    template = mapped_over(LIST, type="container_array")
    plain = cache_key(template)
    variable = template.interface.outputs.variables["o0"]
    variable.artifact_tag.artifact_key.name = "a"
    variable.type.annotation.annotations.update({"cache-key-metadata": {"a": 1}})
    variable.type.structure.tag = "t"
    assert cache_key(template) == plain
    variable.type.collection_type.annotation.annotations.update({"cache-key-metadata": {"a": 1}})
    assert cache_key(template) != plain


@given(messages(interface_pb2.VariableMap))
def test_the_outputs_of_an_item_are_no_longer_lists(outputs: Any) -> None:
    """Each name stays, each list becomes what it was a list of."""
    found = item_outputs(outputs)
    assert set(found.variables) == set(outputs.variables)
    for name, variable in outputs.variables.items():
        is_list = variable.type.WhichOneof("type") == "collection_type"
        expected = variable.type.collection_type if is_list else variable.type
        assert found.variables[name].type == expected


def test_the_task_stays_as_it_is() -> None:
    """Nothing is stripped from the caller's message."""
    template = template_of({"type": {"simple": "STRUCT", "metadata": {"a": 1}}, "description": "d"})
    before = copy.deepcopy(template)
    cache_key(template)
    assert before == template


# -- tags ------------------------------------------------------------------------------------------------------------


def literal(**value: Any) -> Any:
    return ParseDict(value, literals_pb2.Literal())


INTEGER = {"scalar": {"primitive": {"integer": "1"}}}
OTHER = {"scalar": {"primitive": {"integer": "2"}}}


def tag(*ignore: str, **values: Any) -> str:
    return cache_tag(ParseDict({"literals": values}, literals_pb2.LiteralMap()), ignore)


def test_no_inputs_have_the_published_tag() -> None:
    """The hash of an empty map is known."""
    assert "flyte_cached-GKw-c0PwFokMUQ6T-TUmEWnZ4_VlQ2Qpgw-vCTT0-OQ" == tag() == tag("x", x=INTEGER)


def test_ignored_inputs_do_not_count() -> None:
    """They can change, or be left out."""
    assert tag("y", x=INTEGER, y=INTEGER) == tag("y", x=INTEGER, y=OTHER) == tag(x=INTEGER) != tag(x=OTHER)


@pytest.mark.parametrize("where", ["itself", "list", "map"])
def test_a_hash_stands_for_its_value(where: str) -> None:
    """A literal with a hash counts by that alone, also inside lists and maps."""
    wrap: Any = {
        "itself": lambda inner: inner,
        "list": lambda inner: {"collection": {"literals": [inner]}},
        "map": lambda inner: {"map": {"literals": {"k": inner}}},
    }[where]
    assert tag(x=wrap({**INTEGER, "hash": "h"})) == tag(x=wrap({**OTHER, "hash": "h"}))
    assert tag(x=wrap({**INTEGER, "hash": "h"})) != tag(x=wrap({**INTEGER, "hash": "i"}))


@pytest.mark.parametrize(
    "value", [INTEGER, {"collection": {"literals": [INTEGER]}}, {"map": {"literals": {"k": INTEGER}}}]
)
def test_whatever_has_a_hash_counts_by_that_alone(value: Any) -> None:
    """Scalars, lists and maps with the same hash have the same tag, whatever else they hold."""
    assert tag(x={"hash": "h"}) == tag(x={**value, "hash": "h", "metadata": {"m": "v"}}) != tag(x=value)


def test_a_hash_inside_a_union_does_not_stand_for_its_value() -> None:
    """Flyte does not look into unions."""
    values = [{"scalar": {"union": {"value": {**value, "hash": "h"}}}} for value in (INTEGER, OTHER)]
    assert tag(x=values[0]) != tag(x=values[1])


def test_metadata_counts_for_scalars_alone() -> None:
    """Lists and maps are built anew from their items."""
    metadata = {"metadata": {"m": "v"}}
    assert tag(x=INTEGER) != tag(x={**INTEGER, **metadata})
    for value in ({"collection": {"literals": [INTEGER]}}, {"map": {"literals": {"k": INTEGER}}}, {"collection": {}}):
        assert tag(x=value) == tag(x={**value, **metadata})


def test_order_counts_in_lists_but_not_in_maps() -> None:
    """Inputs and maps are found by name, items by place."""
    lists = [{"collection": {"literals": items}} for items in ([INTEGER, OTHER], [OTHER, INTEGER])]
    assert tag(x=lists[0]) != tag(x=lists[1])
    assert tag(x=INTEGER, y=OTHER) == tag(y=OTHER, x=INTEGER)
    maps = [{"map": {"literals": items}} for items in ({"a": INTEGER, "b": OTHER}, {"b": OTHER, "a": INTEGER})]
    assert tag(x=maps[0]) == tag(x=maps[1])


@given(messages(literals_pb2.LiteralMap, unknown=False))
def test_unknown_fields_of_values_do_not_count(inputs: Any) -> None:
    """A newer Flyte's values are found by what this one knows of them."""
    try:
        before = cache_tag(inputs)
    except ModelValueError:
        reject()
    add_unknown_fields(inputs)
    assert before == cache_tag(inputs)


def test_flytekits_literals_have_the_same_tag() -> None:
    """Objects that flytekit made are read as messages are."""
    theirs = flytekit_module("flytekit.models.literals")
    inputs = ParseDict({"literals": {"x": INTEGER}}, literals_pb2.LiteralMap())
    assert cache_tag(inputs) == cache_tag(theirs.LiteralMap.from_flyte_idl(inputs))


def test_what_is_no_input_map_is_refused() -> None:
    """The error says what is expected."""
    with pytest.raises(ModelTypeError, match="LiteralMap"):
        cache_tag({"x": 1})
    with pytest.raises(ModelTypeError, match=r"ignore='x' is one text, expected names"):
        cache_tag(literals_pb2.LiteralMap(), "x")


def test_an_error_names_the_input() -> None:
    """A value of no kind cannot be hashed."""
    inputs = literals_pb2.LiteralMap()
    inputs.literals["x"].scalar.generic.fields["a"].SetInParent()
    with pytest.raises(ModelValueError, match=r"^input 'x': a google\.protobuf\.Value of no kind"):
        cache_tag(inputs)
