"""What is the same to Kubernetes reads the same, and what is not does not."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from flyteidl.core import tasks_pb2
from generated import pod_specs
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given

from flytetask_nb.semantics.plugin_settings import settings_of
from flytetask_nb.semantics.pod_normal_form import with_normal_pods
from flytetask_nb.semantics.pod_specs import passed_through_kubernetes

Json = dict[str, Any]


def template_of(spec: Json, **more: Any) -> Any:
    return ParseDict({"k8sPod": {"podSpec": spec}, **more}, tasks_pb2.TaskTemplate())


def normal(spec: Json) -> Json:
    found: Json = MessageToDict(with_normal_pods(template_of(spec)).k8s_pod.pod_spec)
    return found


def container(**fields: Any) -> Json:
    """Return the normal form of a pod's only container, but for its name."""
    (found,) = normal({"containers": [{"name": "p", **fields}]})["containers"]
    return {name: value for name, value in found.items() if name != "name"}


@given(pod_specs())
def test_what_kubernetes_writes_of_a_pod_equals_it(spec: Json) -> None:
    """Whatever flytectl drops, adds or spells in another way when it registers a pod."""
    written: Json = MessageToDict(passed_through_kubernetes(ParseDict(spec, Struct())))
    assert normal(spec) == normal(written)


@given(pod_specs())
def test_a_normal_form_is_its_own(spec: Json) -> None:
    assert normal(normal(spec)) == normal(spec)


@given(pod_specs())
def test_what_kubernetes_reads_of_the_normal_form_is_what_it_reads_of_the_pod(spec: Json) -> None:
    """Nothing that counts is lost: what Kubernetes writes of both is one."""
    whole, bare = (passed_through_kubernetes(ParseDict(one, Struct())) for one in (spec, normal(spec)))
    assert without_empty_lists(MessageToDict(bare)) == without_empty_lists(MessageToDict(whole))


def without_empty_lists(value: Any) -> Any:
    """Return a pod's spec with null for each list that is always written: it is null once it is absent."""
    if isinstance(value, dict):
        return {key: without_empty_lists(inner) for key, inner in value.items()}
    return [without_empty_lists(item) for item in value] or None if isinstance(value, list) else value


@pytest.mark.parametrize(
    "empty",
    [
        {"resources": {}},
        {"resources": {"limits": {}, "requests": {}, "claims": []}},
        {"resources": None},
        {"command": [], "args": None, "env": [], "envFrom": [], "ports": [], "volumeMounts": []},
        {"tty": False, "stdin": False, "workingDir": "", "imagePullPolicy": ""},
        {"securityContext": None, "livenessProbe": None},
        {"Resources": {"Limits": {}}, "TTY": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("field", ["containers", "initContainers"])
def test_empty_parts_are_as_good_as_absent(field: str, empty: Json) -> None:
    assert normal({field: [{"name": "p", **empty}]}) == {field: [{"name": "p"}]}


@pytest.mark.parametrize(
    "kept",
    [
        {"securityContext": {}},
        {"securityContext": {"runAsUser": 0, "runAsNonRoot": False, "capabilities": {}}},
        {"livenessProbe": {}, "lifecycle": {"preStop": {}}},
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"optional": False}}}]},
        {"resources": {"limits": {"cpu": "0"}}},
        {"envFrom": [{}], "volumeMounts": [{}]},
        {"restartPolicy": ""},
    ],
    ids=str,
)
def test_pointers_and_items_are_there_though_they_are_empty(kept: Json) -> None:
    assert container(**kept) == kept


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"hostNetwork": False, "hostname": "", "nodeSelector": {}, "tolerations": [], "overhead": {}}, {}),
        ({"affinity": {}, "securityContext": {}}, {"affinity": {}, "securityContext": {}}),
        ({"terminationGracePeriodSeconds": 0}, {"terminationGracePeriodSeconds": 0.0}),
        ({"automountServiceAccountToken": False}, {"automountServiceAccountToken": False}),
        ({"nodeSelector": {"a": ""}}, {"nodeSelector": {"a": ""}}),
        (
            {"volumes": [{"name": "v", "emptyDir": {"medium": "", "sizeLimit": "2048Mi"}}]},
            {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "2Gi"}}]},
        ),
        ({"volumes": [{"name": "v", "emptyDir": {}}]}, {"volumes": [{"name": "v", "emptyDir": {}}]}),
        (
            {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}},
            {"affinity": {"nodeAffinity": {}}},
        ),
    ],
    ids=str,
)
def test_the_rest_of_a_pod_likewise(spec: Json, expected: Json) -> None:
    assert normal(spec) == expected


@pytest.mark.parametrize(
    "odd",
    [
        {"nope": {"a": []}, "alsoNope": None},
        {"hostNetwork": "", "containers": {}, "hostname": [], "tolerations": ""},
        {"overhead": {"cpu": "much"}},
        {"hostname": "a", "HOSTNAME": ""},
    ],
    ids=str,
)
def test_what_kubernetes_does_not_know_or_cannot_read_stays(odd: Json) -> None:
    assert normal(odd) == odd


SPEC = {
    "containers": [{"name": "ray-head", "tty": False, "resources": {"requests": {"memory": "1024Mi"}, "limits": {}}}]
}
BARE = {"containers": [{"name": "ray-head", "resources": {"requests": {"memory": "1Gi"}}}]}


@pytest.mark.parametrize(
    ("kind", "settings", "bare"),
    [
        (
            "ray",
            {"rayCluster": {"headGroupSpec": {"k8sPod": {"podSpec": SPEC, "metadata": {"labels": {}}}}}},
            {"rayCluster": {"headGroupSpec": {"k8sPod": {"podSpec": BARE}}}},
        ),
        (
            "ray",
            {"ray_cluster": {"workerGroupSpec": [{"groupName": "a", "k8s_pod": {"podSpec": SPEC}}, {"k8sPod": {}}]}},
            {"rayCluster": {"workerGroupSpec": [{"groupName": "a", "k8sPod": {"podSpec": BARE}}, {}]}},
        ),
        (
            "spark",
            {"driverPod": {"podSpec": SPEC, "primaryContainerName": ""}, "executorPod": {"pod_spec": SPEC}},
            {"driverPod": {"podSpec": BARE}, "executorPod": {"podSpec": BARE}},
        ),
        ("sidecar", {"podSpec": SPEC, "labels": {}, "other": {}}, {"podSpec": BARE, "other": {}}),
        ("of an agent", {"jobs": [{"pod_spec": SPEC}], "labels": {}}, {"jobs": [{"pod_spec": BARE}], "labels": {}}),
    ],
)
def test_pods_in_the_settings_of_plugins(kind: str, settings: Json, bare: Json) -> None:
    templates = [ParseDict({"type": kind, "custom": one}, tasks_pb2.TaskTemplate()) for one in (settings, bare)]
    given, expected = (settings_of(one).values for one in templates)
    assert given == expected
    assert "tty" not in str(given)


def test_settings_that_are_a_pod() -> None:
    """As tasks of type sidecar had them once."""
    template = ParseDict({"type": "sidecar", "taskTypeVersion": 1, "custom": SPEC}, tasks_pb2.TaskTemplate())
    assert settings_of(template).values == BARE
    template.task_type_version = 2
    assert settings_of(template).values == SPEC


def test_settings_without_pods_stay_as_they_are() -> None:
    settings = {"empty": {}, "list": [], "limits": {"a": ""}, "containers": [{"tty": False}]}
    template = ParseDict({"custom": settings}, tasks_pb2.TaskTemplate())
    assert settings_of(template).values == settings


def test_a_task_stays_as_it_is() -> None:
    """One whose pod is in normal form is given back, another is copied."""
    template = template_of(SPEC)
    before = copy.deepcopy(template)
    normal_one = with_normal_pods(template)
    assert template == before != normal_one
    assert with_normal_pods(normal_one) is normal_one
    assert with_normal_pods(tasks_pb2.TaskTemplate()) == tasks_pb2.TaskTemplate()
