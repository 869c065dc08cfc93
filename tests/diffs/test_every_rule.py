"""Every rule fires for some change: a rule that cannot is a promise that nobody keeps."""

from __future__ import annotations

import base64
import gzip
import json
from functools import lru_cache
from typing import Any

import pytest
from flyteidl.admin import task_pb2
from google.protobuf.json_format import ParseDict

import flytetask_nb as ftn
from flytetask_nb.diffs import RULES
from tests.diffs.test_laws import assert_applied

Plain = dict[str, Any]
INT, FLOAT, TEXT = {"simple": "INTEGER"}, {"simple": "FLOAT"}, {"simple": "STRING"}


def spec(template: Plain) -> Any:
    return ParseDict({"template": template}, task_pb2.TaskSpec())


def inputs(**types: Plain) -> Plain:
    return {"interface": {"inputs": {"variables": {name: {"type": one} for name, one in types.items()}}}}


def outputs(**types: Plain) -> Plain:
    return {"interface": {"outputs": {"variables": {name: {"type": one} for name, one in types.items()}}}}


def both(old: Plain, new: Plain) -> list[tuple[Plain, Plain]]:
    """Return a change of type of an input and of an output."""
    return [(inputs(x=old), inputs(x=new)), (outputs(x=old), outputs(x=new))]


def container(**fields: Any) -> Plain:
    return {"container": fields}


def env(*pairs: tuple[str, str]) -> Plain:
    return container(env=[{"key": key, "value": value} for key, value in pairs])


def amounts(field: str, *entries: tuple[str, str]) -> Plain:
    return container(resources={field: [{"name": name, "value": value} for name, value in entries]})


def pod(**pod_spec: Any) -> Plain:
    return {"k8sPod": {"podSpec": pod_spec, "primaryContainerName": "main"}}


def pod_metadata(**metadata: Any) -> Plain:
    return {"k8sPod": {"metadata": metadata}}


def metadata(**fields: Any) -> Plain:
    return {"metadata": fields}


def security(**fields: Any) -> Plain:
    return {"securityContext": fields}


def custom(kind: str, **fields: Any) -> Plain:
    return {"type": kind, "custom": fields}


def dataclass(**fields: Plain) -> Plain:
    schema = {"type": "object", "properties": {name: {"type": str(kind)} for name, kind in fields.items()}}
    return {"simple": "STRUCT", "metadata": schema, "structure": {"dataclassType": fields}}


def schema_only(**fields: Any) -> Plain:
    return {"simple": "STRUCT", "metadata": {"type": "object", **fields}}


def union(*variants: Plain) -> Plain:
    return {"unionType": {"variants": list(variants)}}


def dataset(**columns: Plain) -> Plain:
    return {
        "structuredDatasetType": {"columns": [{"name": name, "literalType": kind} for name, kind in columns.items()]}
    }


def enum(*values: str) -> Plain:
    return {"enumType": {"values": list(values)}}


def entries(of: Any, first: Any, second: Any, nothing: Any) -> list[tuple[Plain, Plain]]:
    """Return an addition and a change; the removal is the addition the other way round."""
    return [(of(nothing), of(first)), (of(first), of(second))]


def packed(**settings: str) -> str:
    """Return settings as flytekit packs them into a variable."""
    return base64.b64encode(gzip.compress(json.dumps(settings).encode())).decode()


BUNDLE = "pyflyte-fast-execute --additional-distribution s3://code/{} --dest-dir . -- pyflyte-execute".split()
NAMED: Plain = {"name": "main", "image": "a:1"}

# Each pair is compared in both directions.
PAIRS: list[tuple[Plain, Plain]] = [
    # Interface
    (inputs(), inputs(x=INT)),
    (inputs(), inputs(x=union(INT, {"simple": "NONE"}))),
    (inputs(), inputs(x=union(INT, {"collectionType": INT}))),
    (inputs(x=INT), inputs(y=INT)),
    (outputs(), outputs(x=INT)),
    (outputs(x=INT), outputs(y=INT)),
    *both(INT, TEXT),
    *both(INT, union(INT, TEXT)),
    *both(union(INT, TEXT, FLOAT), union(INT, TEXT)),
    *both(enum("a", "b"), enum("a")),
    *both(enum("a", "b"), enum("b", "a")),
    *both(enum("a", "b"), TEXT),
    *both(union(INT, TEXT), union(TEXT, INT)),
    *both(dataset(a=INT, b=INT), dataset(a=INT)),
    *both(dataset(a=INT, b=INT), dataset(b=INT, a=INT)),
    *both(dataset(a=INT), dataset(a=TEXT)),
    *both({"blob": {}}, {"blob": {"dimensionality": "MULTIPART"}}),
    *both({"blob": {"format": "csv"}}, {"blob": {}}),
    *both(dataclass(a=INT, b=INT), dataclass(a=INT)),
    *both(dataclass(a=INT), dataclass(a=TEXT)),
    *both(union({**dataclass(a=INT)}, TEXT), union({**dataclass(a=INT), **schema_only(title="B")}, TEXT)),
    *both({**INT, "structure": {"tag": "a"}}, {**INT, "structure": {"tag": "b"}}),
    *both({**INT, "metadata": {"a": 1}}, {**INT, "metadata": {"a": 2}}),
    *both({**INT, "annotation": {"annotations": {"a": 1}}}, {**INT, "annotation": {"annotations": {"a": 2}}}),
    *both(schema_only(title="A"), schema_only(title="B")),
    (
        {"interface": {"inputs": {"variables": {"x": {"description": "a", "artifactPartialId": {"version": "1"}}}}}},
        {"interface": {"inputs": {"variables": {"x": {"description": "b"}}}}},
    ),
    # What runs
    ({"type": "python-task"}, {"type": "spark", "taskTypeVersion": 1}),
    (container(image="a:1"), pod(containers=[{"name": "main", "image": "a:1"}])),
    (container(image="a:1"), container(image="b:1")),
    (container(image="a:1"), container(image="a:latest")),
    (container(image="a:1"), container(image="a:2")),
    (container(image="a:0b350cd3"), container(image="a:c9b2c44d")),
    (container(image=f"a@sha256:{'a' * 64}"), container(image=f"a@sha256:{'b' * 64}")),
    (container(args=[*BUNDLE, "x"]), container(args=["pyflyte-execute", "x"])),
    (container(args=[word.format(1) for word in BUNDLE]), container(args=[word.format(2) for word in BUNDLE])),
    (container(args=["--a", "1", "--b", "2"]), container(args=["--b", "2", "--a", "3", "--c"])),
    ({**inputs(x=INT), **container(args=["{{.inputs.x}}"])}, container(args=["{{.inputs.x}}"])),
    *entries(lambda value: env(*value), [("A", "1")], [("A", "2")], []),
    (env(("A", "1"), ("B", "$(A)")), env(("B", "$(A)"), ("A", "1"))),
    (env(("A", "1"), ("A", "2")), env(("A", "2"))),
    (env(("_F_SS_C", packed(version="v1"))), env(("_F_SS_C", packed(version="v2")))),
    (container(image="acme/a:1.1", env=[{"key": "A", "value": "acme/a:1.1"}]),
     container(image="acme/a:1.2", env=[{"key": "A", "value": "acme/a:1.2"}])),
    (container(ports=[]), container(ports=[{"containerPort": 80}])),
    (container(dataConfig={"enabled": True}), container(architecture="ARM64")),
    *entries(lambda value: container(config=value), [{"key": "a", "value": "1"}], [{"key": "a", "value": "2"}], []),
    # Pods
    *entries(lambda value: pod(containers=[NAMED, *value]), [{"name": "b", "tty": True}], [{"name": "b"}], []),
    *entries(lambda value: pod(initContainers=value), [{"name": "b", "tty": True}], [{"name": "b"}], []),
    *entries(lambda value: pod(volumes=value), [{"name": "b", "emptyDir": {}}], [{"name": "b", "nfs": {}}], []),
    *entries(lambda value: pod(tolerations=value), [{"key": "a"}], [{"key": "a", "tolerationSeconds": 1}], []),
    *entries(lambda value: pod(**value), {"nodeSelector": {"a": "1"}}, {"nodeSelector": {"a": "2"}}, {}),
    *entries(lambda value: pod(**value), {"restartPolicy": "Never"}, {"restartPolicy": "Always"}, {}),
    *entries(lambda value: pod_metadata(labels=value), {"a": "1"}, {"a": "2"}, {}),
    *entries(lambda value: pod_metadata(annotations=value), {"a": "1"}, {"a": "2"}, {}),
    (pod(containers=[{**NAMED, "ports": [{"containerPort": 80}]}]),
     pod(containers=[{**NAMED, "ports": [{"containerPort": 80, "protocol": "UDP"}]}])),
    ({"k8sPod": {"primaryContainerName": "a"}}, {"k8sPod": {"primaryContainerName": "b"}}),
    ({"sql": {"statement": "select 1", "dialect": "ANSI"}}, {"sql": {"statement": "select 2", "dialect": "HIVE"}}),
    # Resources
    *(
        pair
        for field in ("requests", "limits")
        for pair in (
            *entries(lambda value, field=field: amounts(field, *value), [("CPU", "1")], [("CPU", "2")], []),
            (amounts(field, ("CPU", "1")), amounts(field, ("CPU", "much"))),
        )
    ),
    (amounts("limits", ("GPU", "1")), amounts("limits", ("GPU", "500m"))),
    (amounts("limits", ("CPU", "1")), amounts("limits", ("CPU", "1"), ("CPU", "1"))),
    *entries(lambda value: amounts("requests", *value), [("STORAGE", "1")], [("STORAGE", "2")], []),
    *entries(lambda value: {"extendedResources": value}, {"gpuAccelerator": {"device": "a"}}, {"gpuAccelerator": {}}, {}),
    *entries(lambda value: {"extendedResources": value}, {"sharedMemory": {"sizeLimit": "1"}}, {"sharedMemory": {}}, {}),
    # Metadata
    (metadata(), metadata(discoverable=True, cacheSerializable=True, isEager=True)),
    (metadata(discoveryVersion="1"), metadata(discoveryVersion="2")),
    (metadata(), metadata(cacheIgnoreInputVars=["x"], interruptible=True, retries={"retries": 1}, timeout="60s")),
    *entries(lambda value: metadata(podTemplateName=value), "a", "b", ""),
    *entries(lambda value: metadata(deprecatedErrorMessage=value), "a", "b", ""),
    (metadata(), metadata(generatesDeck=True)),
    *entries(lambda value: metadata(metadata={"labels": value}), {"a": "1"}, {"a": "2"}, {}),
    *entries(lambda value: metadata(metadata={"annotations": value}), {"a": "1"}, {"a": "2"}, {}),
    *entries(lambda value: metadata(tags=value), {"a": "1"}, {"a": "2"}, {}),
    (metadata(runtime={"version": "1", "flavor": "a"}), metadata(runtime={"version": "2", "flavor": "b"})),
    # The rest
    *entries(lambda value: security(secrets=value), [{"key": "a"}], [{"key": "a", "mountRequirement": "FILE"}], []),
    *entries(lambda value: security(tokens=value), [{"name": "a"}], [{"name": "a", "tokenEndpoint": "b"}], []),
    (security(), security(runAs={"k8sServiceAccount": "a"})),
    *entries(lambda value: {"custom": value}, {"a": 1}, {"a": 2}, {}),
    *entries(lambda value: {"config": value}, {"a": "1"}, {"a": "2"}, {}),
    (custom("ray", rayCluster={"workerGroupSpec": [{"groupName": "a", "replicas": 1}]}),
     custom("ray", rayCluster={"workerGroupSpec": [{"groupName": "a", "replicas": 2}]})),
    (custom("spark", sparkConf={"spark.executor.memory": "1g"}),
     custom("spark", sparkConf={"spark.executor.memory": "2048m"})),
    (custom("container_array", minSuccessRatio=1), custom("container_array", minSuccessRatio=0.5)),
    (custom("aws-batch", platformCapabilities="EC2"), custom("aws-batch", platformCapabilities="FARGATE")),
    (custom("mpi", runPolicy={"backoffLimit": 1}), custom("mpi", runPolicy={"backoffLimit": 2})),
    (custom("ray", ttlSecondsAfterFinished=1), custom("ray", ttlSecondsAfterFinished=2)),
    (custom("aws-batch", tags={"a": "1"}), custom("aws-batch", tags={"a": "2"})),
    ({"id": {"name": "a", "project": "a"}}, {"id": {"name": "b", "project": "b"}}),
    ({"id": {"version": "v1"}}, {"id": {"version": "v2", "project": "a"}}),
    ({"id": {"name": f"map_a_{'0' * 32}"}}, {"id": {"name": f"map_a_{'1' * 32}"}}),
    ({"id": {"name": "a", "version": "v1"}, "type": "a"}, {"id": {"name": "a", "version": "v1"}, "type": "b"}),
]  # fmt: skip


def with_others() -> list[tuple[Any, Any]]:
    """Return the pairs, and those that no JSON says."""
    made = [(spec(old), spec(new)) for old, new in PAIRS]
    documented, unknown = task_pb2.TaskSpec(), task_pb2.TaskSpec()
    documented.description.short_description = "trains"
    unknown.template.metadata.MergeFromString(b"\xba\xa6\x02\x03new")
    nothing = task_pb2.TaskSpec()
    return [*made, (nothing, documented), (nothing, unknown)]


@lru_cache(maxsize=1)
def fired() -> frozenset[str]:
    found: set[str] = set()
    for old, new in with_others():
        for pair in ((old, new), (new, old)):
            told = ftn.diff(*pair)
            found.update(change.rule for change in (*told.changes, *told.noise))
    return frozenset(found)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_can_fire(rule: str) -> None:
    assert rule in fired()


# Cases that laws are tried on as well: what equals what, and differences deep inside.
PRIMARY = {"primary_container_name": "main"}
PARTITIONS = [{"artifactPartialId": {"partitions": {"value": {"a": {"staticValue": value}}}}} for value in "xy"]
FURTHER: list[tuple[Plain, Plain]] = [
    ({"custom": {"steps": [{"name": "a"}, {"name": "b"}]}}, {"custom": {"steps": [{"name": "b"}, {"name": "a"}]}}),
    ({"custom": {"steps": [{"name": "a"}]}}, {"custom": {"steps": [{"name": "a"}, {"name": "a"}]}}),
    ({"custom": {"steps": '{"a": [1, 2]}'}}, {"custom": {"steps": '{"a": [2, 3]}'}}),
    ({"custom": {"a": None, "b": "1", "c": {}}}, {"custom": {"a": "null", "b": 1, "c": []}}),
    *((inputs(), {"interface": {"inputs": {"variables": {"x": one}}}}) for one in PARTITIONS),
    tuple({"interface": {"inputs": {"variables": {"x": one}}}} for one in PARTITIONS),  # type: ignore[list-item]
    (amounts("requests", ("STORAGE", "1Gi")), amounts("requests", ("STORAGE", "1024Mi"))),
    ({"config": PRIMARY, "k8sPod": {}}, {"k8sPod": {"primaryContainerName": "main"}}),
    ({"config": PRIMARY}, {"config": PRIMARY, "k8sPod": {}}),
    (pod(containers=[NAMED, {"name": "b"}]), pod(containers=[{"name": "b"}, NAMED])),
]


def test_every_change_of_the_table_can_be_applied() -> None:
    further = [(spec(old), spec(new)) for old, new in FURTHER]
    for old, new in (*with_others(), *further):
        assert_applied(old, new)
        assert_applied(new, old)


@pytest.mark.parametrize(
    ("field", "on", "off"),
    [
        ("discoverable", "cache-on", "cache-off"),
        ("cacheSerializable", "cache-serialized", "cache-not-serialized"),
        ("isEager", "eager-on", "eager-off"),
        ("generatesDeck", "deck-on", "deck-off"),
    ],
)
def test_what_is_turned_on_is_not_told_as_turned_off(field: str, on: str, off: str) -> None:
    pair = spec(metadata()), spec(metadata(**{field: True}))
    assert [change.rule for change in ftn.diff(*pair).changes] == [on]
    assert [change.rule for change in ftn.diff(*reversed(pair)).changes] == [off]


def test_where_the_primary_container_is_named_makes_no_difference() -> None:
    """The pod's own field and the task's config say the same."""
    old, new = spec({"config": PRIMARY, "k8sPod": {}}), spec({"k8sPod": {"primaryContainerName": "main"}})
    assert not ftn.diff(old, new)
