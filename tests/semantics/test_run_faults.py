"""What registers and fails when it runs: placeholders, raw containers, shared memory, ids that no address can hold."""

from __future__ import annotations

import string
from typing import Any, NamedTuple

import pytest
from flyteidl.core import tasks_pb2, types_pb2
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.semantics.copilot import copilot_mounts
from flytetask_nb.semantics.quantities import quantity_fault
from flytetask_nb.semantics.registration import check
from flytetask_nb.semantics.shared_memory import shared_memory_faults
from tests.generated import messages

Told = dict[str, Any]

ID = {"resourceType": "TASK", "project": "p", "domain": "d", "name": "a.b", "version": "v1"}
TEXT: Told = {"simple": "STRING"}
DATASET: Told = {"structuredDatasetType": {}}
SHM = {"mountName": "shm", "mountPath": "/dev/shm"}  # noqa: S108 - the path that flytekit mounts


def template(inputs: Told | None = None, outputs: Told | None = None, **parts: Any) -> Any:
    sides = {
        side: {"variables": {name: {"type": told} for name, told in (types or {}).items()}}
        for side, types in (("inputs", inputs), ("outputs", outputs))
    }
    base = {"id": ID, "type": "x", "metadata": {}, "interface": sides}
    return ParseDict({**base, **parts}, tasks_pb2.TaskTemplate())


def found(task: Any, *rules: str) -> list[tuple[str, str, str]]:
    """Return what is found, or of it only what breaks these rules."""
    findings = [(finding.rule, finding.path, finding.message) for finding in check(task)]
    return [one for one in findings if one[0] in rules] if rules else findings


# -- placeholders --------------------------------------------------------------------------------------------------

NAMES = st.text(string.ascii_letters + string.digits + "_-.é", min_size=1, max_size=6)
SPACES = st.text("\t\n\f\r ", max_size=2)
OTHERS = st.sampled_from(
    ["", "select", "{{", "}}", "{{.input}}", "{{ .OutputPrefix }}", "{{.perRetryUniqueKey}}", "{ }"]
)


@st.composite
def placeholders(draw: st.DrawFn, names: st.SearchStrategy[str] = NAMES) -> tuple[str, str]:
    """Draw a placeholder as Flyte reads it, and the input that it stands for."""
    name = draw(names)
    word = "".join(draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in "inputs")
    before, after = draw(SPACES), draw(SPACES)
    return f"{{{{{before}{draw(st.sampled_from('.$'))}{word}.{name}{after}}}}}", name


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Draw a text with several placeholders among others, and the inputs that they stand for."""
    parts, names = [], []
    for _ in range(draw(st.integers(0, 3))):
        placeholder, name = draw(placeholders())
        parts += [draw(OTHERS), placeholder]
        names.append(name)
    return " ".join([*parts, draw(OTHERS)]), names


def in_command(words: list[str]) -> tuple[Told, str]:
    return {"container": {"image": "a:v1", "command": words}}, "container.command"


def in_arguments(words: list[str]) -> tuple[Told, str]:
    return {"container": {"image": "a:v1", "args": words}}, "container.args"


def in_pod(words: list[str]) -> tuple[Told, str]:
    return pod({"args": words}), "k8s_pod.pod_spec.containers.main.args"


def in_init_container(words: list[str]) -> tuple[Told, str]:
    spec = pod({})
    spec["k8sPod"]["podSpec"]["initContainers"] = [{"name": "before", "image": "a:v1", "command": words}]
    return spec, "k8s_pod.pod_spec.initContainers.before.command"


def in_statement(words: list[str]) -> tuple[Told, str]:
    return {"type": "snowflake", "sql": {"statement": " ".join(words)}}, "sql.statement"


def in_settings(kind: str, *path: str) -> Any:
    def place(words: list[str]) -> tuple[Told, str]:
        value: Any = " ".join(words)
        for key in reversed(path):
            value = {key: value, "beside": 1}
        return {"type": kind, "custom": value}, f"custom.{'.'.join(path)}"

    return place


def pod(main: Told, **spec: Any) -> Told:
    containers = [{"name": "main", "image": "a:v1", **main}]
    return {
        "k8sPod": {"podSpec": {"containers": containers, **spec}},
        "config": {"primary_container_name": "main"},
    }


PLACES = [
    in_command,
    in_arguments,
    in_pod,
    in_init_container,
    in_statement,
    in_settings("hive", "query", "query"),
    in_settings("hive", "clusterLabel"),
    in_settings("presto", "statement"),
    in_settings("presto", "routing_group"),
    in_settings("presto", "catalog"),
    in_settings("presto", "schema"),
    in_settings("sqlite", "query_template"),
    in_settings("sqlalchemy", "query_template"),
]


@given(st.sampled_from(PLACES), st.lists(texts(), max_size=3), st.sets(NAMES))
def test_every_placeholder_stands_for_an_input(place: Any, drawn: list[Any], more: set[str]) -> None:
    """In any case and with any blanks, several in one text, in lists and in settings inside settings."""
    words = [text for text, _ in drawn]
    names = list(dict.fromkeys(name for _, several in drawn for name in several))
    given_names = more | set(names[::2])
    parts, path = place(words)
    expected = [
        ("unbound-placeholder", path, f"{{{{.inputs.{name}}}}} stands for no input")
        for name in names
        if name not in given_names
    ]
    rules = ("unbound-placeholder", "unwritable-input", "unwritten-placeholder")
    assert found(template(dict.fromkeys(given_names, TEXT), **parts), *rules) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{.Input\u017f.x}}", ["x"]),
        ("{{$INPUTS.a.b}}", ["a.b"]),
        ("{{{.inputs.x}}}", ["x"]),
        ("{{.inputs.{x}}", ["{x"]),
        ("{{\v.inputs.x}}", []),
        ("{{\u00a0.inputs.x}}", []),
        ("{{.\u0130nputs.x}}", []),
        ("{{.inputs.x y}}", []),
        ("{{.inputs.}}", []),
        ("{{.inputs.x}", []),
        ("{{ inputs.x }}", []),
    ],
)
def test_placeholders_are_those_of_go(text: str, expected: list[str]) -> None:
    """What Go's regular expression finds in these texts."""
    hits = found(template(container={"image": "a:v1", "args": [text]}), "unbound-placeholder")
    assert [message for _, _, message in hits] == [f"{{{{.inputs.{name}}}}} stands for no input" for name in expected]


@pytest.mark.parametrize("kind", ["x", "ray", "spark", "snowflake"])
def test_other_settings_are_not_looked_at(kind: str) -> None:
    """Nothing is written into them, so a text that looks like a placeholder is the plugin's own."""
    assert found(template(type=kind, custom={"statement": "{{.inputs.x}}"}), "unbound-placeholder") == []


def test_settings_of_another_kind_are_passed_over() -> None:
    """A statement that is no text, and a query that is no object."""
    for custom in ({"query": "{{.inputs.x}}"}, {"query": {"query": 1}, "clusterLabel": ["{{.inputs.x}}"]}):
        assert found(template(type="hive", custom=custom)) == []


def test_bigquery_gets_its_statement_as_it_is() -> None:
    """There, even a placeholder that stands for an input is sent as a text."""
    statement = {"type": "bigquery_query_job_task", "sql": {"statement": "select {{.inputs.x}}, {{.inputs.y}}, @x"}}
    assert found(template({"x": TEXT}, **statement)) == [
        ("unwritten-placeholder", "sql.statement", "{{.inputs.x}} stays as it is"),
        ("unbound-placeholder", "sql.statement", "{{.inputs.y}} stands for no input"),
    ]


def listed(told: Told) -> Told:
    return {"collectionType": told}


INTEGER: Told = {"simple": "INTEGER"}
OPTIONAL: Told = {"unionType": {"variants": [TEXT, {"simple": "NONE"}]}}
MAP: Told = {"mapValueType": TEXT}


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (MAP, "a map"),
        (OPTIONAL, "a union"),
        (DATASET, "a dataset"),
        ({"simple": "NONE"}, "None"),
        ({"simple": "ERROR"}, "an error"),
        (listed(MAP), "a list of maps"),
        (listed(listed(OPTIONAL)), "a list of lists of unions"),
        *(
            (told, "")
            for told in (
                *({"simple": simple} for simple in ("INTEGER", "FLOAT", "STRING", "BOOLEAN", "DATETIME", "DURATION")),
                {"simple": "STRUCT"},
                {"simple": "BINARY"},
                {"blob": {}},
                {"schema": {}},
                {"enumType": {"values": ["a"]}},
                listed(INTEGER),
                listed(listed({"blob": {}})),
            )
        ),
    ],
)
def test_what_cannot_be_written_into_a_text(told: Told, kind: str) -> None:
    """Flyte writes simple values, addresses of files and lists of them, in a container as in a statement."""
    for place in (in_arguments, in_statement, in_settings("presto", "catalog")):
        parts, path = place(["--x={{.inputs.x}}"])
        expected = [("unwritable-input", path, f"{{{{.inputs.x}}}} is {kind}")] if kind else []
        assert found(template({"x": told}, **parts)) == expected
    # Flytekit writes whatever Python can.
    assert found(template({"x": told}, **in_settings("sqlite", "query_template")(["{{.inputs.x}}"])[0])) == []


# -- the copilot ---------------------------------------------------------------------------------------------------


def raw(inputs: Told | None = None, outputs: Told | None = None, **settings: Any) -> Any:
    container = {"image": "a:v1", "command": ["run"], "dataConfig": {"enabled": True, **settings}}
    return template(inputs, outputs, type="raw-container", container=container)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (listed(INTEGER), "a list"),
        (MAP, "a map"),
        (OPTIONAL, "a union"),
        (DATASET, "a dataset"),
        ({"schema": {}}, "a schema"),
        ({"enumType": {"values": ["a"]}}, "an enum"),
        (INTEGER, ""),
        ({"simple": "STRUCT"}, ""),
        ({"blob": {"dimensionality": "MULTIPART"}}, ""),
    ],
)
def test_outputs_that_the_copilot_cannot_store(told: Told, kind: str) -> None:
    """Files and simple values are all that it makes of files; without it the container stores its outputs itself."""
    expected = [("unstorable-output", "interface.outputs.o", f"'o' is {kind}")] if kind else []
    assert found(raw(outputs={"o": told})) == expected
    assert found(raw(outputs={"o": told}, enabled=False)) == []
    in_a_pod = template(outputs={"o": told}, **pod({}))
    in_a_pod.k8s_pod.data_config.enabled = True
    assert found(in_a_pod) == expected


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (DATASET, "'x' is a dataset"),
        (listed(DATASET), "'x' holds datasets"),
        ({"mapValueType": listed(DATASET)}, "'x' holds datasets"),
        (MAP, ""),
        (OPTIONAL, ""),
        ({"schema": {}}, ""),
        (listed({"blob": {}}), ""),
    ],
)
def test_inputs_that_the_copilot_cannot_fetch(told: Told, message: str) -> None:
    """It writes all values into files but those of datasets."""
    assert found(raw({"x": told})) == ([("unfetchable-input", "interface.inputs.x", message)] if message else [])
    assert found(raw({"x": told}, enabled=False)) == []


@given(messages(types_pb2.LiteralType))
def test_no_type_is_too_odd(literal_type: Any) -> None:
    """Whatever an input or output is, a raw container is checked to the end."""
    task = raw({"x": {}}, {"o": {}})
    task.container.args.append("{{.inputs.x}}")
    task.interface.inputs.variables["x"].type.CopyFrom(literal_type)
    task.interface.outputs.variables["o"].type.CopyFrom(literal_type)
    assert {finding.rule for finding in check(task).refusals} <= {"unhashable"}


def test_inputs_and_outputs_in_one_place() -> None:
    """The copilot would mount two volumes at one path, which Kubernetes refuses."""
    sides = {"inputs": {"x": INTEGER}, "outputs": {"o": INTEGER}}
    same = raw(**sides, inputPath="/data", outputPath="/data")
    assert found(same) == [("repeated-mount", "container.data_config", "/data is mounted 2 times")]
    assert found(raw(**sides, inputPath="/in", outputPath="/out")) == []
    assert found(raw({"x": INTEGER}, inputPath="/data", outputPath="/data")) == []


# -- shared memory -------------------------------------------------------------------------------------------------


class Mount(NamedTuple):
    """A mount of the primary container."""

    name: str
    path: str


def refused_by_flyte(memory: Any, volumes: list[str], mounts: list[Mount]) -> str:
    """Answer as ApplySharedMemory in pod_helper.go does: with the first reason, or nothing."""
    reasons = [
        *(["mount name is not set"] if memory.mount_name == "" else []),
        *(["mount path is not set"] if memory.mount_path == "" else []),
        *(f"A volume is already named {volume} in pod spec" for volume in volumes if volume == memory.mount_name),
    ]
    for mount in mounts:
        if mount.name == memory.mount_name:
            reasons.append(f"A volume is already named {mount.name} in container")
        if mount.path == memory.mount_path:
            reasons.append(f"{mount.path} is already mounted in container")
    if memory.size_limit != "" and quantity_fault(memory.size_limit):
        reasons.append(f"Unable to parse size limit: {quantity_fault(memory.size_limit)}")
    return reasons[0] if reasons else ""


VOLUMES = st.sampled_from(["shm", "data", "tmp"])
PATHS = st.sampled_from(["/dev/shm", "/data", "/dev/shm/"])  # noqa: S108 - paths that are mounted
SIZES = st.sampled_from(["", "1Gi", "200Mi", "0", "1GB", "1 Gi", "Gi", "1e3", "1.5.2", "-1Gi", "1" * 40])
MEMORIES = st.builds(
    tasks_pb2.SharedMemory,
    mount_name=VOLUMES | st.just(""),
    mount_path=PATHS | st.just(""),
    size_limit=SIZES,
)


@given(MEMORIES, st.lists(VOLUMES, max_size=2), st.lists(st.builds(Mount, VOLUMES, PATHS), max_size=2))
def test_shared_memory_is_refused_where_flyte_refuses_it(memory: Any, volumes: list[str], mounts: list[Mount]) -> None:
    """There is a warning where every run fails, the reason that Flyte gives is among them, and none else."""
    task = template(
        **pod(
            {"volumeMounts": [{"name": mount.name, "mountPath": mount.path} for mount in mounts]},
            volumes=[{"name": volume, "emptyDir": {}} for volume in volumes],
        )
    )
    task.extended_resources.shared_memory.CopyFrom(memory)
    hits = found(task, "shared-memory")
    reason = refused_by_flyte(memory, volumes, mounts)
    assert bool(hits) is bool(reason)
    assert not reason or reason in [message for _, _, message in hits]
    # One fault a field, each of them a reason by itself.
    assert len({path for _, path, _ in hits}) == len(hits)
    for _, path, message in hits:
        field = path.rpartition(".")[2]
        alone = tasks_pb2.TaskTemplate().extended_resources.shared_memory
        alone.mount_name, alone.mount_path = "free", "/free"
        setattr(alone, field, getattr(memory, field))
        assert message == refused_by_flyte(alone, volumes, mounts)


def with_memory(told: Told, **parts: Any) -> Any:
    return template(extendedResources={"sharedMemory": told}, **parts)


def test_other_containers_may_mount_what_they_like() -> None:
    """Only the one that runs the task gets the memory."""
    spec = pod({})
    spec["k8sPod"]["podSpec"]["containers"].append(
        {"name": "side", "image": "a:v1", "volumeMounts": [{"name": "x", "mountPath": SHM["mountPath"]}]}
    )
    assert found(with_memory(SHM, **spec)) == []
    spec["config"]["primary_container_name"] = "side"
    assert [rule for rule, _, _ in found(with_memory(SHM, **spec))] == ["shared-memory"]


def test_the_copilots_mounts_are_in_the_way_too() -> None:
    """Raw containers keep inputs and outputs in volumes of their own."""
    task = raw({"x": INTEGER}, {"o": INTEGER}, inputPath="/in")
    task.extended_resources.shared_memory.mount_name = "flyte-outputs"
    task.extended_resources.shared_memory.mount_path = "/in"
    assert found(task) == [
        (
            "shared-memory",
            "extended_resources.shared_memory.mount_name",
            "A volume is already named flyte-outputs in pod spec",
        ),
        ("shared-memory", "extended_resources.shared_memory.mount_path", "/in is already mounted in container"),
    ]
    assert list(copilot_mounts(task.__class__())) == []


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("mountName", "Shm"),
        ("mountName", "my_shm"),
        ("mountName", "a" * 64),
        ("mountName", "-shm"),
        ("mountPath", "/dev:shm"),
        ("sizeLimit", "-1Gi"),
        ("sizeLimit", f"-1{'0' * 30}"),
    ],
)
def test_what_kubernetes_refuses_of_shared_memory(field: str, text: str) -> None:
    """Flyte passes it on, and the pod is never made."""
    task = with_memory({**SHM, field: text}, container={"image": "a:v1"})
    assert [rule for rule, _, _ in found(task)] == ["refused-shared-memory"]


def test_nothing_is_mounted_where_no_container_runs() -> None:
    """Without a target the memory is nobody's."""
    assert found(with_memory({})) == []
    assert found(with_memory({"mountName": "shm"}, k8sPod={"podSpec": {"containers": "x"}}), "shared-memory") == []


def test_faults_need_no_pod() -> None:
    """Of the fields themselves there is something to say at once."""
    memory = ParseDict({"sizeLimit": "1GB"}, tasks_pb2.TaskTemplate().extended_resources.shared_memory.__class__())
    assert [fault.field for fault in shared_memory_faults(memory)] == ["mount_name", "mount_path", "size_limit"]


def test_a_pod_template_may_bring_the_gpu() -> None:
    """An accelerator without a GPU in the task is no fault beside one."""
    parts = {"container": {"image": "a:v1"}, "extendedResources": {"gpuAccelerator": {"device": "nvidia-tesla-t4"}}}
    assert [rule for rule, _, _ in found(template(**parts))] == ["accelerator-without-gpu"]
    assert found(template(metadata={"podTemplateName": "big"}, **parts)) == []


# -- ids -----------------------------------------------------------------------------------------------------------

RESERVED = "!*'();:@&=+$,/?#[]"
PLAIN = string.ascii_letters + string.digits + "-_.~"


def of_id(**parts: str) -> list[tuple[str, str, str]]:
    return found(template(id={**ID, **parts}))


@pytest.mark.parametrize("letter", RESERVED)
@pytest.mark.parametrize("part", ["name", "version"])
def test_letters_that_mean_something_in_addresses(letter: str, part: str) -> None:
    """Admin takes them, and the console finds no task by them."""
    text = f"a{letter}b{letter}"
    assert of_id(**{part: text}) == [("unopenable-id", f"id.{part}", f"{text!r} holds {letter}")]


@given(st.text(PLAIN, min_size=1))
def test_plain_letters_are_fine(text: str) -> None:
    """Whatever stays as it is in an address."""
    assert of_id(name=text, version=text) == []


def test_a_version_that_is_not_filled_in_is_told_once() -> None:
    """It is no version yet."""
    assert [rule for rule, _, _ in of_id(version="{{ registration.version }}")] == ["unfilled-placeholder"]


# -- pods of old ---------------------------------------------------------------------------------------------------


def test_a_pod_among_the_settings_is_a_target() -> None:
    """So flytekit wrote pods in the first two versions of the task's type."""
    old = {"type": "sidecar", "custom": {"podSpec": {"containers": []}, "primaryContainerName": "main"}}
    for version in (0, 1):
        assert found(template(taskTypeVersion=version, **old)) == []
    assert [rule for rule, _, _ in found(template(taskTypeVersion=2, **old))] == ["no-target"]
    assert [rule for rule, _, _ in found(template(type="sidecar"))] == ["no-target"]
