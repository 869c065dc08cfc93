from __future__ import annotations

import json
import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.errors import ModelTypeError, ModelValueError, QuantityError
from flytetask_nb.models import FlyteTask, TaskSpec, TaskTemplate
from flytetask_nb.semantics.findings import REFUSED, WARNING, CollectionFindings, Finding, Findings
from flytetask_nb.semantics.hydration import hydrated_message
from flytetask_nb.semantics.limits import effective_resources
from flytetask_nb.semantics.pod_specs import misfit
from flytetask_nb.semantics.quantities import Quantity, quantity_fault
from flytetask_nb.semantics.registration import check
from flytetask_nb.semantics.registration_rules import RULES
from tests.generated import messages, task_specs
from tests.real_tasks import task_messages

if TYPE_CHECKING:
    from pathlib import Path

# Those of the server that the transcripts were recorded from.
PLATFORM = {"cpu": "64", "gpu": "16", "memory": "512Gi", "ephemeral-storage": "1Ti"}
# What the server refuses because of what else it holds or allows.
ELSEWHERE = re.compile(
    r"already exists|are registered, err|is unrecognized by system|is not active|must be whitelisted before use"
)
LEAST_CALLS = {True: 50, False: 103}
LEAST_REFUSED = {True: 14, False: 40}

ID = {"resourceType": "TASK", "project": "p", "domain": "d", "name": "a.b", "version": "v1"}
RUNTIME = {"runtime": {"version": "1.16.0"}}
INTEGER = {"type": {"simple": "INTEGER"}}
FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def one_line(text: str) -> str:
    return " ".join(text.split())


def of_server(message: str) -> str:
    """Return what a server says of the task itself; empty where it has nothing against it."""
    return "" if ELSEWHERE.search(message) else one_line(message)


def template(**parts: Any) -> Any:
    base = {"id": ID, "type": "x", "metadata": RUNTIME, "interface": {}}
    return ParseDict({**base, **parts}, tasks_pb2.TaskTemplate())


def container(**parts: Any) -> Any:
    return template(container={"image": "a:v1", **parts})


def resources(requests: dict[str, str] | None = None, limits: dict[str, str] | None = None) -> Any:
    sides = {"requests": requests or {}, "limits": limits or {}}
    told = {side: [{"name": name, "value": value} for name, value in given.items()] for side, given in sides.items()}
    return container(resources=told)


def pod(*containers: Any, config: dict[str, str] | None = None) -> Any:
    named = {"primary_container_name": "main"} if config is None else config
    return template(k8sPod={"podSpec": {"containers": list(containers)}}, config=named)


def pod_resources(**sides: dict[str, str]) -> Any:
    return pod({"name": "main", "image": "a:v1", "resources": sides})


def cached(**metadata: Any) -> Any:
    return template(metadata={**RUNTIME, **metadata}, interface={"outputs": {"variables": {"o0": INTEGER}}})


def raw(inputs: dict[str, Any] | None = None, outputs: dict[str, Any] | None = None) -> Any:
    sides = {"inputs": inputs or {}, "outputs": outputs or {}}
    told = {
        side: {"variables": {name: {"type": found} for name, found in types.items()}} for side, types in sides.items()
    }
    return template(
        type="raw-container",
        container={"image": "a:v1", "command": ["run"], "dataConfig": {"enabled": True}},
        interface=told,
    )


def shared_memory(**told: str) -> Any:
    return template(container={"image": "a:v1"}, extendedResources={"sharedMemory": told})


def plugin(kind: str, **custom: Any) -> Any:
    return template(type=kind, taskTypeVersion=1, custom=custom, container={"image": "a:v1"})


def workers(requests: dict[str, str], limits: dict[str, str]) -> Any:
    sides = {"requests": requests, "limits": limits}
    told = {side: [{"name": name, "value": value} for name, value in given.items()] for side, given in sides.items()}
    return plugin("dask", workers={"numberOfWorkers": 2, "resources": told})


def ray_workers(name: str = "ray-worker", **sides: Any) -> Any:
    pod_spec = {"containers": [{"name": name, "resources": sides}]}
    group = {"groupName": "a", "replicas": 2, "k8sPod": {"podSpec": pod_spec}}
    return plugin("ray", rayCluster={"workerGroupSpec": [group]})


def rules(task: Any, platform_limits: Any = None) -> list[str]:
    checked = check(task, platform_limits)
    each = checked if isinstance(checked, CollectionFindings) else [checked]
    return [finding.rule for findings in each for finding in findings]


# -- what the server said ------------------------------------------------------------------------------------------


def test_every_recorded_registration_agrees(truth_folder: Path, data: Path) -> None:
    """What the server refused is refused with its words and its code first, what it took would register."""
    lines = (truth_folder / "transcripts" / "register.jsonl").read_text(encoding="utf-8").splitlines()
    calls = [case for case in map(json.loads, lines) if case["call"] == "CreateTask"]
    wrong = []
    refused = 0
    for case in calls:
        findings = check(ParseDict(case["request"], task_pb2.TaskCreateRequest()), PLATFORM)
        expected = of_server(case.get("message", ""))
        refused += bool(expected)
        first = findings.refusals[0] if findings.refusals else None
        actual = "" if first is None else one_line(first.message)
        if actual != expected or (first is not None and RULES[first.rule].code != case["status"]):
            wrong.append((case["note"], expected, actual))
        assert findings.would_register is (expected == "")
    assert wrong == []
    assert len(calls) >= LEAST_CALLS[truth_folder == data]
    assert refused >= LEAST_REFUSED[truth_folder == data]


def test_every_real_task_would_register(truth_folder: Path) -> None:
    """All tasks of the corpus were registered with a real server; the pods of some name an image without a tag."""
    warned = set()
    count = 0
    for place, message in task_messages(truth_folder / "corpus"):
        sent = hydrated_message(message, project="p", domain="d", version="v1", source_uploaded_location="s3://b/c")
        findings = check(sent, PLATFORM)
        assert (place, ()) == (place, findings.refusals)
        warned |= {finding.rule for finding in findings}
        count += 1
    assert warned <= {"floating-image"}
    assert count > 0


def test_a_packaged_task_is_refused_for_its_id(truth_folder: Path) -> None:
    """Before registration fills them in, nothing but project, domain and version is missing."""
    expected = ["missing project", "missing domain", "missing version"]
    for _, message in task_messages(truth_folder / "corpus"):
        assert expected == [finding.message for finding in check(message).refusals]


def test_hidden_answers_of_the_transcripts_are_warned_of(truth_folder: Path) -> None:
    """What the server took in the recording although it is wrong has a warning of its own."""
    expected = {
        "no target at all (accepted)": "no-target",
        "resources: cpu limit over the platform limit": "hidden-over-platform-limit",
        "resources: gpu request only (accepted)": "gpu-request-alone",
        "resources: negative cpu": "negative-amount",
        "resources: zero cpu": "zero-amount",
        "resources: UNKNOWN resource": "ignored-resource",
        "resources: STORAGE": "ignored-resource",
        "cached without a cache version (accepted)": "no-cache-version",
        "input without a type (accepted)": "untyped-variable",
        "the same env key twice (accepted)": "repeated-env",
        "deprecated (accepted)": "deprecated",
    }
    lines = (truth_folder / "transcripts" / "register.jsonl").read_text(encoding="utf-8").splitlines()
    actual = {}
    for case in map(json.loads, lines):
        if case["call"] == "CreateTask" and case["note"] in expected:
            actual[case["note"]] = set(rules(ParseDict(case["request"], task_pb2.TaskCreateRequest()), PLATFORM))
    assert {note: {expected[note]} for note in actual} == actual
    assert actual.keys() == expected.keys()


# -- the rules -----------------------------------------------------------------------------------------------------

# A setting whose value says not even that it is null: no JSON can be read into it.
OF_NO_KIND = tasks_pb2.TaskTemplate(custom=Struct(fields={"x": Value()})).SerializeToString()

EXAMPLES: dict[str, Any] = {
    "missing-id": tasks_pb2.TaskTemplate(type="x"),
    "resource-type": template(id={**ID, "resourceType": "WORKFLOW"}),
    "missing-project": template(id={**ID, "project": ""}),
    "missing-domain": template(id={**ID, "domain": ""}),
    "missing-name": template(id={**ID, "name": ""}),
    "missing-version": template(id={**ID, "version": ""}),
    "missing-spec": task_pb2.TaskSpec(),
    "missing-type": template(type=""),
    "missing-metadata": ParseDict({"id": ID, "type": "x", "interface": {}}, tasks_pb2.TaskTemplate()),
    "missing-runtime-version": template(metadata={"runtime": {"flavor": "python"}}),
    "missing-interface": ParseDict({"id": ID, "type": "x", "metadata": {}}, tasks_pb2.TaskTemplate()),
    "missing-image": container(image=""),
    "repeated-resource": container(resources={"limits": [{"name": "CPU", "value": "1"}] * 2}),
    "unreadable-quantity": resources({"CPU": "1 core"}),
    "fractional-gpu": resources({}, {"GPU": "1.5"}),
    "request-over-limit": resources({"CPU": "2"}, {"CPU": "1"}),
    "limit-over-platform-limit": resources({"CPU": "1"}, {"CPU": "65"}),
    "request-over-platform-limit": resources({"CPU": "65"}),
    "unequal-gpus": resources({"GPU": "1"}, {"GPU": "2"}),
    "missing-pod-spec": template(k8sPod={}),
    "unreadable-pod-spec": template(k8sPod={"podSpec": {"containers": "x"}}),
    "missing-command": template(container={"image": "a:v1"}, interface={"inputs": {"variables": {"x": INTEGER}}}),
    "unreadable-other-quantity": resources({"STORAGE": "much"}),
    "container-name": pod({"name": "Main", "image": "a:v1"}, config={"primary_container_name": "Main"}),
    "unhashable": tasks_pb2.TaskTemplate.FromString(template().SerializeToString() + OF_NO_KIND),
    "repeated-id": [template(), template(type="y")],
    "unfilled-placeholder": container(args=["{{ .dest_dir }}"]),
    "unopenable-id": template(id={**ID, "version": "feature/x"}),
    "deprecated": template(metadata={**RUNTIME, "deprecatedErrorMessage": "use a.c"}),
    "no-cache-version": cached(discoverable=True, discoveryVersion="  "),
    "nothing-to-cache": template(metadata={**RUNTIME, "discoverable": True, "discoveryVersion": "1"}),
    "cache-setting-unused": cached(cacheSerializable=True),
    "unknown-ignored-input": cached(discoverable=True, discoveryVersion="1", cacheIgnoreInputVars=["x"]),
    "untyped-variable": template(interface={"outputs": {"variables": {"o0": {}}}}),
    "no-target": template(type="python-task"),
    "unwritten-placeholder": template(
        type="bigquery_query_job_task",
        sql={"statement": "select {{ .inputs.x }}"},
        interface={"inputs": {"variables": {"x": INTEGER}}},
    ),
    "unreadable-image": container(image="{{.image.default.fqn}}"),
    "floating-image": container(image="ghcr.io/acme/risk:latest"),
    "unbound-placeholder": container(args=["--x={{ $Inputs.x }}"]),
    "unwritable-input": template(
        container={"image": "a:v1", "args": ["{{.inputs.x}}"]},
        interface={"inputs": {"variables": {"x": {"type": {"mapValueType": {"simple": "INTEGER"}}}}}},
    ),
    "repeated-env": container(env=[{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]),
    "plain-secret": container(env=[{"key": "DB_PASSWORD", "value": "hunter2"}]),
    "ignored-resource": resources({"UNKNOWN": "1"}),
    "negative-amount": resources({"CPU": "-1"}),
    "zero-amount": resources({"CPU": "0"}),
    "incomparable-amount": resources({"CPU": "1e19"}),
    "tiny-amount": resources({"MEMORY": "512m"}),
    "hidden-request-over-limit": resources({"CPU": "900m"}, {"CPU": "500m"}),
    "hidden-over-platform-limit": resources({}, {"CPU": "65"}),
    "gpu-request-alone": resources({"GPU": "1"}),
    "missing-gpu-limit": pod_resources(requests={"amd.com/gpu": "1"}),
    "unreadable-plugin-settings": plugin("dask", workers={"numberOfWorkers": -1}),
    "unreadable-plugin-amount": workers({"MEMORY": "8GB"}, {}),
    "unreadable-plugin-pod": ray_workers(limits={"memory": "8GB"}),
    "unreadable-spark-amount": plugin("spark", sparkConf={"spark.executor.memory": "8Gi"}),
    "contradictory-spark-setting": plugin("spark", sparkConf={"spark.executor.cores": "1", "spark.task.cpus": "2"}),
    "lowered-plugin-request": workers({"CPU": "2"}, {"CPU": "1"}),
    "refused-plugin-request": ray_workers(requests={"cpu": 2}, limits={"cpu": "1"}),
    "unequal-plugin-gpus": workers({"GPU": "1"}, {"GPU": "2"}),
    "fractional-plugin-gpu": workers({}, {"GPU": "500m"}),
    "ignored-plugin-amount": ray_workers("primary", limits={"cpu": "1"}),
    "adjusted-plugin-replicas": plugin(
        "ray", rayCluster={"workerGroupSpec": [{"groupName": "a", "replicas": 4, "maxReplicas": 2}]}
    ),
    "no-plugin-workers": plugin("mpi", workerReplicas={"replicas": 0}),
    "accelerator-without-gpu": template(
        container={"image": "a:v1"}, extendedResources={"gpuAccelerator": {"device": "nvidia-tesla-t4"}}
    ),
    "primary-container": pod({"name": "side", "image": "a:v1"}),
    "repeated-mount": pod(
        {"name": "main", "image": "a:v1", "volumeMounts": [{"name": name, "mountPath": "/data"} for name in "ab"]}
    ),
    "unfetchable-input": raw(inputs={"x": {"structuredDatasetType": {}}}),
    "unstorable-output": raw(outputs={"o0": {"collectionType": {"simple": "INTEGER"}}}),
    "shared-memory": shared_memory(mountPath="/shm"),
    "refused-shared-memory": shared_memory(mountName="Shm", mountPath="/shm"),
}


def test_every_rule_has_an_example() -> None:
    """No rule stands in the table alone, and none is found that does not stand there."""
    assert list(RULES) == list(EXAMPLES)


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_example_breaks_its_rule(rule: str) -> None:
    """Each example breaks its own rule; only those without an id or a spec break others with it."""
    found = rules(EXAMPLES[rule], PLATFORM)
    if rule in ("missing-id", "missing-spec"):
        assert rule in found
    else:
        assert [rule] == found


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_every_rule_says_why(rule: Any) -> None:
    """A rule has a reason of whole sentences, a source, and a code if Admin refuses."""
    assert rule.reason.endswith((".", ")."))
    assert rule.source
    if rule.severity == WARNING and rule.source not in ("Kubernetes", "Spark", "policy of this package"):
        assert re.match(r"fly\w+/[\w/]+\.(go|py), \w+", rule.source)
    assert (rule.severity, rule.code != "") in {(REFUSED, True), (WARNING, False)}


def test_a_finding_carries_what_the_table_says() -> None:
    """Reason, source and severity come from the rule."""
    (finding,) = check(EXAMPLES["missing-image"])
    rule = RULES["missing-image"]
    assert Finding(rule.id, "container.image", REFUSED, "missing image", rule.reason, rule.source) == finding


def test_a_clean_task_has_no_findings() -> None:
    """Nothing is found where nothing is wrong."""
    task = container(
        args=["{{.input}}"],
        env=[{"key": "LOG_LEVEL", "value": "info"}],
        resources={"requests": [{"name": "CPU", "value": "0.5"}], "limits": [{"name": "CPU", "value": "500m"}]},
    )
    assert Findings(task="a.b v1") == check(task, PLATFORM)


# -- order and reach -----------------------------------------------------------------------------------------------


def test_entries_are_looked_at_in_their_order() -> None:
    """Requests come before limits, and one entry after the other, as the server reads them."""
    requests = [{"name": "GPU", "value": "0.5"}, {"name": "CPU", "value": "abc"}, {"name": "CPU", "value": "1"}]
    task = container(resources={"requests": requests, "limits": [{"name": "MEMORY", "value": "x"}]})
    expected = ["fractional-gpu", "unreadable-quantity", "repeated-resource", "unreadable-quantity"]
    assert expected == [finding.rule for finding in check(task).refusals]


def test_the_compiler_tells_everything_at_once() -> None:
    """All that does not compile is told in one answer."""
    task = template(
        container={"image": "a:v1", "resources": {"requests": [{"name": "STORAGE", "value": "x"}]}},
        interface={"inputs": {"variables": {"x": INTEGER}}},
    )
    expected = (
        "task failed compilation with Collected Errors: 2\n"
        "\tError 0: Code: UnrecognizedValue, Node Id: resources.STORAGE, Description: Unrecognized value [x].\n"
        "\tError 1: Code: ValueRequired, Node Id: container, Description: Value required [command].\n"
    )
    assert [expected] * 2 == [finding.message for finding in check(task).refusals]


def test_the_requests_id_counts() -> None:
    """A request names the task that it is about; the template's own id is then of no importance."""
    request = task_pb2.TaskCreateRequest(spec=task_pb2.TaskSpec(template=template(id={})))
    ParseDict(ID, request.id)
    assert Findings(task="a.b v1") == check(request)


def test_the_templates_id_is_quoted() -> None:
    """When the server checks resources it has not yet put the request's id in the template's place."""
    request = task_pb2.TaskCreateRequest(spec=task_pb2.TaskSpec(template=EXAMPLES["fractional-gpu"]))
    ParseDict({**ID, "name": "other"}, request.id)
    assert 'name:"a.b"' in check(request).refusals[0].message
    request.spec.template.ClearField("id")
    assert "gpu for [<nil>] must be" in check(request).refusals[0].message


def test_without_platform_limits_nothing_is_said_of_them() -> None:
    """What is unknown is neither refused nor warned of; zero is no limit, and a name may be left out."""
    for limits in (None, {}, {"cpu": 0}, {"memory": "1Gi"}):
        assert rules(resources({"CPU": "1000000"}), limits) == []


def test_gpus_of_the_platform_have_two_names() -> None:
    """Kubernetes' name for them and the short one mean the same."""
    for name in ("gpu", "nvidia.com/gpu"):
        assert rules(resources({"GPU": "2"}, {"GPU": "2"}), {name: 1}) == ["request-over-platform-limit"]


def test_the_server_rounds_up_before_it_compares() -> None:
    """Parts of a whole are hidden from it on both sides; we warn of them."""
    assert rules(resources({"CPU": "1.9"}, {"CPU": "1.1"})) == ["hidden-request-over-limit"]
    assert rules(resources({"CPU": "2.1"}, {"CPU": "1.9"})) == ["request-over-limit"]
    assert rules(resources({"CPU": "1.9"}), {"cpu": "1.1"}) == ["hidden-over-platform-limit"]
    assert rules(resources({"GPU": "999.9m"}, {"GPU": "1"})) == []


def test_containers_of_a_pod_are_compared() -> None:
    """Each of a pod's containers, by Kubernetes' names, but not repeated or fractional."""
    assert rules(pod_resources(requests={"memory": "2Gi"}, limits={"memory": "1Gi"})) == ["request-over-limit"]
    assert rules(pod_resources(requests={"ephemeral-storage": "2Ti"}), PLATFORM) == ["request-over-platform-limit"]
    assert rules(pod_resources(requests={"nvidia.com/gpu": "1"}, limits={"nvidia.com/gpu": "1"})) == []
    assert rules(pod_resources(requests={"nvidia.com/gpu": "1"})) == ["gpu-request-alone"]


def test_flyte_adds_the_limit_of_gpus_where_the_task_runs() -> None:
    """Not in containers beside it, and not for other kinds of GPU: there Kubernetes refuses the pod."""
    gpus = {"resources": {"requests": {"nvidia.com/gpu": "1"}}}
    beside = pod({"name": "main", "image": "a:v1"}, {"name": "side", "image": "a:v1", **gpus})
    assert rules(beside) == ["missing-gpu-limit"]
    assert check(beside)[0].path == "k8s_pod.pod_spec.containers.side.resources.requests.nvidia.com/gpu"
    assert rules(pod_resources(requests={"amd.com/gpu": "1"})) == ["missing-gpu-limit"]
    (alone,) = check(resources({"GPU": "1"}))
    assert "Flyte makes the request the limit" in alone.reason
    assert effective_resources({"gpu": "1"}, {})[1] == {"nvidia.com/gpu": Quantity(1)}


def test_a_pod_says_in_its_config_what_runs_the_task() -> None:
    """Propeller reads the name nowhere else."""
    assert rules(pod({"name": "main", "image": "a:v1"}, config={})) == ["primary-container"]
    assert rules(pod({"name": "main", "image": "a:v1"})) == []


def test_a_pod_holds_containers_without_anything() -> None:
    """Null stands for a container without a name, which Kubernetes does not take."""
    assert rules(pod(None)) == ["container-name", "primary-container"]


def test_only_spaces_are_trimmed_off_a_cache_version() -> None:
    """Flyte takes a tab for a version."""
    assert rules(cached(discoverable=True, discoveryVersion=" \t ")) == []


def test_tasks_of_other_services_need_no_target() -> None:
    """What an agent or a service runs has no container."""
    assert rules(template(type="sensor")) == []


@pytest.mark.parametrize("value", ["", "true", "0", "$(OTHER)", "${OTHER}", "{{.inputs}}"])
def test_what_hides_nothing_is_no_secret(value: str) -> None:
    """Switches and references may stand under a secret-looking key."""
    assert "plain-secret" not in rules(container(env=[{"key": "API_TOKEN", "value": value}]))


def test_secrets_are_told_by_their_value_too_and_never_repeated() -> None:
    """A password in a URL is found under any key, whether secrets are shown or not, and not quoted."""
    task = container(env=[{"key": "DATABASE", "value": "postgres://me:hunter2@host/db"}])
    with ftn.set_options(reveal_secrets=True):
        revealed = check(task)
    assert [finding.rule for finding in revealed] == ["plain-secret"]
    assert revealed == check(task)
    assert "hunter2" not in repr(list(revealed)) + revealed.to_text()


# -- what can be handed in ------------------------------------------------------------------------------------------


def test_every_form_of_a_task_is_taken() -> None:
    """Models and messages, with and without a wrapper, give the same."""
    message = EXAMPLES["deprecated"]
    spec = task_pb2.TaskSpec(template=message)
    admin = task_pb2.Task()
    ParseDict(ID, admin.id)
    admin.closure.compiled_task.template.CopyFrom(message)
    forms = (message, spec, admin, *(kind.from_flyte_idl(spec) for kind in (FlyteTask, TaskSpec)))
    forms += (TaskTemplate.from_flyte_idl(message), task_pb2.TaskCreateRequest(id=message.id, spec=spec))
    assert {check(message)} == {check(form) for form in forms}


def test_the_task_stays_as_it_is() -> None:
    """Looking changes nothing, not even what is set."""
    for example in EXAMPLES.values():
        messages = example if isinstance(example, list) else [example]
        before = [message.SerializeToString(deterministic=True) for message in messages]
        check(example, PLATFORM)
        assert before == [message.SerializeToString(deterministic=True) for message in messages]


@pytest.mark.parametrize(
    ("limits", "error", "words"),
    [
        (3, ModelTypeError, "expected a mapping"),
        ({"CPU": "1"}, ModelValueError, r"platform_limits\['CPU'\]: platforms limit cpu, memory"),
        ({"cpu": "1 core"}, QuantityError, r"platform_limits\['cpu'\]"),
    ],
)
def test_wrong_platform_limits_are_errors(limits: Any, error: type[Exception], words: str) -> None:
    """A misspelt limit must not pass for none."""
    with pytest.raises(error, match=words):
        check(container(), limits)


def test_what_is_no_task_is_an_error() -> None:
    """There is nothing to check."""
    with pytest.raises(ModelTypeError):
        check("a.b")


@given(task_specs())
def test_no_task_is_too_odd(spec: Any) -> None:
    """Whatever stands in a task, there are findings, the same each time, and all of them in the table."""
    findings = check(spec, PLATFORM)
    assert findings == check(task_pb2.TaskSpec.FromString(spec.SerializeToString()), PLATFORM)
    for finding in findings:
        rule = RULES[finding.rule]
        assert (rule.severity, rule.reason, rule.source) == (finding.severity, finding.reason, finding.source)


ODD = st.sampled_from(
    [None, True, -1, 0.5, 1e300, "", "x", "1 Gi", "\x00", [], [None], {}, {"cpu": [1]}, {"cpu": "abc"}]
)
POD_KEYS = st.sampled_from(
    "name Image env resources requests limits cpu containers initContainers volumes volumeMounts mountPath "
    "value ports containerPort".split()
)
POD_SPECS = st.recursive(
    ODD, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(POD_KEYS, inner)), max_leaves=12
)


@given(st.dictionaries(st.just("containers"), POD_SPECS), POD_SPECS)
def test_no_pod_is_too_odd(spec: dict[str, Any], more: Any) -> None:
    """Whatever stands in a pod's spec, it is readable or refused."""
    findings = check(template(k8sPod={"podSpec": spec | (more if isinstance(more, dict) else {})}), PLATFORM)
    assert findings.would_register is (findings.refusals == ())


@given(messages(tasks_pb2.Resources), messages(tasks_pb2.Resources))
def test_no_resources_are_too_odd(first: Any, second: Any) -> None:
    """Numbers without names and texts without numbers are read in every combination."""
    task = container()
    task.container.resources.CopyFrom(first)
    task.container.resources.MergeFrom(second)
    assert all(finding.path.startswith("container.resources.") for finding in check(task, PLATFORM))


AMOUNTS = st.sampled_from(["1", "500m", "1.5", "2", "64", "64.5", "65", "0", "-1"])


@given(AMOUNTS, AMOUNTS, st.sampled_from(["CPU", "MEMORY", "EPHEMERAL_STORAGE"]))
def test_a_higher_limit_never_makes_it_worse(request_: str, limit: str, name: str) -> None:
    """Without a platform's limit, a task whose limit is raised to its request is never refused."""
    assert check(resources({name: request_}, {name: request_})).would_register
    if not check(resources({name: request_}, {name: limit})).would_register:
        assert ftn.semantics.Quantity(limit) < ftn.semantics.Quantity(request_)


# -- in the words of Go: answers of encoding/json and of ParseQuantity ------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", FORMAT),
        ("1e3m", FORMAT),
        ("1.2.3", FORMAT),
        ("1K", "unable to parse quantity's suffix"),
        ("1mm", "unable to parse quantity's suffix"),
        ("--1", "unable to parse quantity's suffix"),
        ("1e99999999999999999999", "unable to parse quantity's suffix"),
        ("Ei", "unable to parse numeric part of quantity"),
        ("e-444326", "unable to parse numeric part of quantity"),
        ("1e2000", ""),
        ("e2000", ""),
        ("m", ""),
        ("1" * 1001, ""),
    ],
)
def test_unreadable_quantities_are_told_in_kubernetes_words(text: str, expected: str) -> None:
    """The words say which part of the text is wrong."""
    assert expected == quantity_fault(text)


def test_quantity_faults_agree_with_the_vectors(cases: Any) -> None:
    """Every text that Kubernetes cannot read is refused in its words, every other is not."""
    wrong = [case for case in cases("quantities.jsonl") if case.get("error", "") != quantity_fault(case["text"])]
    assert wrong == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": "x"}, "string into Go struct field PodSpec.containers of type []v1.Container"),
        ({"Containers": "y"}, "string into Go struct field PodSpec.containers of type []v1.Container"),
        ({"containers": [3]}, "number into Go struct field PodSpec.containers of type v1.Container"),
        ({"containers": [{"image": 3}]}, "number into Go struct field Container.containers.image of type string"),
        ({"hostNetwork": "yes"}, "string into Go struct field PodSpec.hostNetwork of type bool"),
        (
            {"terminationGracePeriodSeconds": 1.5},
            "number 1.5 into Go struct field PodSpec.terminationGracePeriodSeconds of type int64",
        ),
        ({"nodeSelector": {"a": 1}}, "number into Go struct field PodSpec.nodeSelector of type string"),
        ({"nodeSelector": [1]}, "array into Go struct field PodSpec.nodeSelector of type map[string]string"),
        (
            {"containers": [{"resources": {"requests": "x"}}]},
            "string into Go struct field ResourceRequirements.containers.resources.requests of type v1.ResourceList",
        ),
        (
            {"topologySpreadConstraints": [{"labelSelector": {"matchLabels": {"a": 3}}}]},
            "number into Go struct field LabelSelector.topologySpreadConstraints.labelSelector.matchLabels of type string",
        ),
    ],
)
def test_misfits_of_pods_are_told_in_gos_words(spec: Any, expected: str) -> None:
    """The words say what stands where, and what should."""
    assert f"json: cannot unmarshal {expected}" == misfit(spec)


def test_an_unreadable_quantity_ends_the_reading_of_a_pod() -> None:
    """Go tells of it rather than of the value of the wrong kind in front of it."""
    spec = {"containers": [{"image": 3, "resources": {"limits": {"cpu": "abc"}}}]}
    assert misfit(spec) == FORMAT


# -- the sequence --------------------------------------------------------------------------------------------------


def test_findings_are_a_sequence_with_the_worst_first() -> None:
    """Refusals stand before warnings, each in the order in which they were found."""
    one, two = Finding("a", "x", WARNING, "w"), Finding("b", "y", REFUSED, "r")
    findings = Findings([one, two], task="a.b v1")
    assert [two, one] == list(findings)
    assert (two,) == findings.refusals
    assert (one,) == findings.warnings
    assert Findings([one], task="a.b v1") == findings[1:]
    assert findings[1:].would_register
    assert not findings.would_register


def test_findings_show_themselves_in_one_line() -> None:
    """The counts, and nothing that changes from run to run."""
    assert repr(check(EXAMPLES["missing-image"])) == "Findings('a.b v1', 1 refused, 0 warnings)"
    assert str(check(EXAMPLES["missing-image"])[0]) == "refused: container.image: missing image [missing-image]"


def test_findings_are_values() -> None:
    """They can be pickled, compared and kept in sets."""
    findings = check(EXAMPLES["no-target"])
    assert pickle.loads(pickle.dumps(findings)) == findings  # noqa: S301 - our own bytes
    assert len({findings, check(EXAMPLES["no-target"])}) == 1
    assert findings != list(findings)


def test_findings_become_a_table() -> None:
    """One row a finding, also none."""
    frame = check(EXAMPLES["missing-image"]).to_frame()
    assert list(frame.columns) == ["rule", "path", "severity", "message", "reason", "source"]
    assert frame.iloc[0]["message"] == "missing image"
    assert Findings().to_frame().shape == (0, 6)


def test_the_facade_has_it() -> None:
    """``ftn.check`` is this function, and not a module."""
    assert ftn.check is check
    assert ftn.semantics.check is check


def test_an_id_with_two_structures_is_refused() -> None:
    """The second of them, in the words of the server, if it took the first."""
    first, second = template(), template(type="y")
    (refused, taken) = check([first, second])
    assert [finding.message for finding in refused] == [
        "a.b task with different structure already exists. (Please register a new version of the task):"
    ]
    assert refused[0].source == "flyteadmin/pkg/manager/impl/task_manager.go"
    assert not taken
    documented = task_pb2.TaskSpec(template=first, description={"short_description": "Trains."})
    unnamed = [template(id={**ID, "version": ""}), template(id={**ID, "version": ""}, type="y")]
    for tasks in ([first, first], [first, documented], [template(type=""), first], unnamed):
        assert "repeated-id" not in rules(tasks)
    assert rules([template(type=""), first, second]) == ["missing-type", "repeated-id"]


def test_of_several_tasks_the_worst_comes_first() -> None:
    """And all of them are there, with the table of all."""
    good = FlyteTask.from_flyte_idl(template(id=ID, type="python-task"))
    refused = good.to_flyte_idl()
    refused.template.type = ""
    found = check([good, good, refused, good])
    assert isinstance(found, CollectionFindings)
    assert [len(one) for one in found] == [len(check(refused)), *[len(check(good))] * 3]
    assert not found.would_register
    assert found[0] == check(refused)
    frame = found.to_frame()
    assert list(frame.columns)[:2] == ["task", "rule"]
    assert len(frame) == sum(map(len, found))
    text = found.to_text()
    assert text.startswith("Check of 4 tasks  ")
    assert "missing-type" in text
    assert check(ftn.TaskCollection([])).would_register
