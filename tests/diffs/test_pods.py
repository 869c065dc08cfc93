"""Pods: a container that becomes one, empty parts, and pods in the settings of plugins."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.admin import task_pb2
from google.protobuf.json_format import ParseDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.semantics.hydration import hydrated_message
from tests.diffs.test_laws import assert_applied, assert_mirror
from tests.generated import pod_specs

Json = dict[str, Any]

CACHED = {"discoverable": True, "discoveryVersion": "1"}


def task(**template: Any) -> Any:
    fields = {"id": {"name": "train"}, "metadata": CACHED, **template}
    return ParseDict({"template": fields}, task_pb2.TaskSpec())


def pod(*containers: Json, primary: str = "primary", **more: Any) -> Json:
    """Return the fields of a template that runs in a pod, as flytekit writes them."""
    return {
        "config": {"primary_container_name": primary},
        "k8sPod": {"podSpec": {"containers": list(containers), **more}, "primaryContainerName": primary},
    }


def told(old: Any, new: Any) -> list[tuple[str, str]]:
    """Return the changes, noise too, as rules with places; see on the way that laws hold for them."""
    assert_applied(old, new)
    assert_mirror(old, new)
    found = ftn.diff(old, new)
    return [(change.rule, change.path) for change in (*found.changes, *found.noise)]


# -- a container becomes a pod -------------------------------------------------------------------------------------

RESOURCES = ("CPU", "MEMORY", "GPU", "EPHEMERAL_STORAGE")
IN_KUBERNETES = {"CPU": "cpu", "MEMORY": "memory", "EPHEMERAL_STORAGE": "ephemeral-storage"}
AMOUNTS = st.dictionaries(st.sampled_from(RESOURCES), st.sampled_from(("1", "2Gi", "500m")), max_size=3)
WORDS = st.lists(st.sampled_from(("pyflyte-execute", "--inputs", "{{.input}}", "x", "--", "")), max_size=5)


@st.composite
def twins(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return a task in a container and the same in a pod, whose container has any name."""
    image, command, args = draw(st.sampled_from(("", "a:1", "b:2"))), draw(WORDS), draw(WORDS)
    env = draw(st.dictionaries(st.sampled_from("ABC"), st.sampled_from(("", "1", "$(A)", "{}")), max_size=3))
    requests, limits = draw(AMOUNTS), draw(AMOUNTS)
    ports = draw(st.lists(st.sampled_from((80, 443)), unique=True))
    own = {
        "image": image,
        "command": command,
        "args": args,
        "env": [{"key": name, "value": value} for name, value in env.items()],
        "resources": {
            side: [{"name": name, "value": text} for name, text in amounts.items()]
            for side, amounts in (("requests", requests), ("limits", limits))
        },
        "ports": [{"containerPort": port} for port in ports],
    }
    gpu = draw(st.sampled_from(("gpu", "nvidia.com/gpu")))
    in_pod = {
        "image": image,
        "command": command,
        "args": args,
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "resources": {
            side: {IN_KUBERNETES.get(name, gpu): text for name, text in amounts.items()}
            for side, amounts in (("requests", requests), ("limits", limits))
        },
        "ports": [{"containerPort": port, **draw(st.sampled_from(({}, {"protocol": "TCP"})))} for port in ports],
        "name": draw(st.sampled_from(("primary", "main"))),
    }
    template = pod(in_pod, primary=draw(st.sampled_from((in_pod["name"], "primary"))))
    loading = {"enabled": True, "inputPath": "/in"} if draw(st.booleans()) else None
    if loading:
        own["dataConfig"] = template["k8sPod"]["dataConfig"] = loading
    return task(container=own), task(**template)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(twins(), st.booleans())
def test_a_container_that_becomes_a_pod_is_its_primary_container(pair: tuple[Any, Any], is_back: bool) -> None:
    """Nothing but the target changed, whatever the container is called; so no other cause of stale results is told."""
    old, new = reversed(pair) if is_back else pair
    assert told(old, new) == [("target-switched", "target")]
    assert [change.path for change in ftn.diff(old, new).cache.stale] == ["target"]


OWN: Json = {
    "image": "a:1",
    "args": ["pyflyte-execute", "--inputs", "{{.input}}"],
    "env": [{"key": "A", "value": "1"}],
    "resources": {"requests": [{"name": "MEMORY", "value": "1Gi"}]},
}
SAME: Json = {
    "name": "primary",
    "image": "a:1",
    "args": OWN["args"],
    "env": [{"name": "A", "value": "1"}],
    "resources": {"requests": {"memory": "1024Mi"}, "limits": {}},
}
IN_POD = "k8s_pod.pod_spec.containers.primary"


@pytest.mark.parametrize(
    ("changed", "rule", "place"),
    [
        ({"image": "b:1"}, "image-repository", "image"),
        ({"args": [*OWN["args"], "x"]}, "argument-added", "args.x"),
        ({"command": ["run"]}, "argument-added", "command.run"),
        ({"env": [{"name": "A", "value": "2"}]}, "env-changed", "env.A"),
        ({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "b"}}}]}, "env-changed", "env.A"),
        ({"resources": {"requests": {"memory": "2Gi"}}}, "request-raised", "requests.memory"),
        ({"resources": {"requests": {"memory": "512Mi"}}}, "request-lowered", "requests.memory"),
        ({"ports": [{"containerPort": 80}]}, "port-added", "ports.80"),
        ({"volumeMounts": [{"name": "v", "mountPath": "/v"}]}, "container-setting-added", "volumeMounts"),
        ({"securityContext": {}}, "container-setting-added", "securityContext"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_really_differs_is_told_beside(changed: Json, rule: str, place: str) -> None:
    old, new = task(container=OWN), task(**pod({**SAME, **changed}))
    assert sorted(told(old, new)) == sorted([("target-switched", "target"), (rule, f"{IN_POD}.{place}")])
    assert len(told(new, old)) == 2


def test_what_only_a_pod_has_is_told_beside() -> None:
    """Its labels, other containers and volumes; and back, that they are gone."""
    template = pod({"name": "side"}, SAME, volumes=[{"name": "v", "emptyDir": {}}])
    template["k8sPod"]["metadata"] = {"labels": {"team": "x"}}
    old, new = task(container=OWN), task(**template)
    assert sorted(told(old, new)) == [
        ("pod-container-added", "k8s_pod.pod_spec.containers.side"),
        ("pod-label-added", "k8s_pod.metadata.labels.team"),
        ("pod-volume-added", "k8s_pod.pod_spec.volumes.v"),
        ("target-switched", "target"),
    ]
    assert {rule for rule, _ in told(new, old)} == {
        *("pod-container-removed", "pod-label-removed", "pod-volume-removed", "target-switched")
    }


def test_what_only_a_container_has_is_told_beside() -> None:
    old, new = task(container={**OWN, "architecture": "ARM64"}), task(**pod(SAME))
    assert sorted(told(old, new)) == [("architecture", "container.architecture"), ("target-switched", "target")]


@pytest.mark.parametrize("before", [{}, {"sql": {"statement": "select 1"}}], ids=["nothing", "statement"])
def test_a_pod_instead_of_anything_else_has_no_other_container(before: Json) -> None:
    """There was none; what is in its primary one is told as of any container."""
    rules = {rule for rule, _ in told(task(**before), task(**pod(SAME)))}
    assert not rules & {"primary-container", "pod-container-added"}
    assert rules >= {"target-switched", "image-repository", "env-added", "request-added"}


def test_another_type_of_task_is_not_always_another_plugin() -> None:
    """Flytekit's older pods are tasks of type sidecar, which the plugin of containers runs as well."""
    changes = ftn.diff(task(type="python-task", container=OWN), task(type="sidecar", **pod(SAME))).changes
    (change,) = (one for one in changes if one.rule != "target-switched")
    assert (change.rule, change.reason) == ("task-type", "Another type of task, run by the same plugin.")
    (change,) = ftn.diff(task(type="python-task", container=OWN), task(type="spark", container=OWN)).changes
    assert change.reason.startswith("Another plugin runs it")


# -- which container runs the task ---------------------------------------------------------------------------------


def test_a_primary_container_by_another_name_is_told_once() -> None:
    assert told(task(**pod(SAME)), task(**pod({**SAME, "name": "main"}, primary="main"))) == [
        ("primary-container", "k8s_pod.primary_container_name")
    ]


def test_an_only_container_by_another_name_is_told_once() -> None:
    """The name that the task says is there on neither side."""
    old, new = (task(**pod({**SAME, "name": name}, primary="gone")) for name in ("a", "b"))
    assert told(old, new) == [("primary-container", "k8s_pod.primary_container_name")]


def test_an_only_container_of_another_name_is_compared_as_the_primary_one() -> None:
    old, new = (
        task(**pod({**SAME, "name": "main", "resources": {"requests": {"memory": memory}}}))
        for memory in ("1Gi", "2Gi")
    )
    assert told(old, new) == [("request-raised", "k8s_pod.pod_spec.containers.main.requests.memory")]


def test_two_containers_that_change_their_roles_are_told() -> None:
    containers = SAME, {"name": "side", "image": "b:1"}
    found = told(task(**pod(*containers)), task(**pod(*containers, primary="side")))
    assert ("primary-container", "k8s_pod.primary_container_name") in found


# -- empty parts ---------------------------------------------------------------------------------------------------


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(pod_specs())
def test_a_pod_that_flytectl_registered_is_the_same(spec: Json) -> None:
    """Nothing changed, nothing is stale, and a plan says that the task is the same."""
    sent = task(k8sPod={"podSpec": spec}, config={"primary_container_name": "a"})
    registered = hydrated_message(sent, project="p", domain="d", version="v1")
    sent.template.id.CopyFrom(registered.template.id)
    assert told(sent, registered) == []
    (entry,) = ftn.plan([sent], [registered])
    assert entry.cache_word in {None, "unchanged"}
    assert entry.status == "identical" or "the task itself is the same" in entry.headline


EMPTY: Json = {"resources": {"limits": {}}, "volumeMounts": [], "tty": False, "workingDir": ""}
NESTED = {
    "ray head": ("ray", lambda one: {"rayCluster": {"headGroupSpec": {"k8sPod": {"podSpec": one}}}}),
    "ray workers": ("ray", lambda one: {"rayCluster": {"workerGroupSpec": [{"groupName": "a", "k8sPod": {"podSpec": one}}]}}),
    "spark driver": ("spark", lambda one: {"driverPod": {"podSpec": one}}),
    "spark executor": ("spark", lambda one: {"executorPod": {"podSpec": one}}),
    "old sidecar": ("sidecar", lambda one: {"podSpec": one, "primaryContainerName": "a"}),
}  # fmt: skip


@pytest.mark.parametrize("where", NESTED)
def test_pods_in_the_settings_of_a_plugin_likewise(where: str) -> None:
    kind, nest = NESTED[where]

    def spec(**fields: Any) -> Any:
        return task(type=kind, container={"image": "a:1"}, custom=nest({"containers": [{"name": "a", **fields}]}))

    assert told(spec(), spec(**EMPTY)) == []
    assert told(spec(resources={"limits": {"memory": "1Gi"}}), spec(resources={"limits": {"memory": "1024Mi"}})) == []
    found = ftn.diff(spec(), spec(securityContext={}))
    assert [change.rule for change in found.changes] == ["custom-added"]
    assert found.cache.stale_risk


SIDE = {"name": "side"}


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (pod(SAME), pod({**SAME, "securityContext": {}}), "containers.primary.securityContext"),
        (pod(SAME, SIDE), pod(SAME, {**SIDE, "securityContext": {}}), "containers.side.securityContext"),
        (
            pod(SAME, initContainers=[SIDE]),
            pod(SAME, initContainers=[{**SIDE, "securityContext": {}}]),
            "initContainers.side.securityContext",
        ),
        (
            pod(SAME, volumes=[SIDE]),
            pod(SAME, volumes=[{**SIDE, "emptyDir": {}}]),
            "volumes.side.emptyDir",
        ),
        (pod(SAME), pod(SAME, affinity={}), "affinity"),
        (pod(SAME), pod(SAME, securityContext={}), "securityContext"),
    ],
)
def test_an_empty_pointer_is_a_change(old: Json, new: Json, path: str) -> None:
    """Kubernetes, and Flyte with its own defaults, tell it from none."""
    tasks = task(**old), task(**new)
    (change,) = ftn.diff(*tasks).changes
    assert (change.path, change.new) == (f"k8s_pod.pod_spec.{path}", {})
    assert told(*tasks)[0][1] == told(*reversed(tasks))[0][1]


def test_an_unreadable_pod_is_compared_as_it_stands() -> None:
    """An empty text where a list belongs is no empty list."""
    old, new = task(**pod(SAME)), task(**pod({**SAME, "volumeMounts": ""}))
    assert told(old, new) == [("container-setting-added", f"{IN_POD}.volumeMounts")]
