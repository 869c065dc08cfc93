from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.errors import FlyteTaskError, ModelValueError, QuantityError
from flytetask_nb.semantics.pod_specs import passed_through_kubernetes

Json = dict[str, Any]

BARE = {"name": "p", "resources": {}}


def passed(spec: Json) -> Json:
    told: Json = MessageToDict(passed_through_kubernetes(ParseDict(spec, Struct())))
    return told


def container(**fields: Any) -> Json:
    """Return what is left of a pod's only container, but for what each container has."""
    told: Json = passed({"containers": [{"name": "p", **fields}]})["containers"][0]
    return {name: value for name, value in told.items() if name != "name" and (name, value) != ("resources", {})}


@pytest.mark.parametrize(
    ("spec", "left"),
    [
        pytest.param({}, {"containers": None}, id="a list that is always written is null where it is missing"),
        pytest.param({"containers": []}, {"containers": []}, id="and empty where it is empty"),
        pytest.param(
            {"containers": [{}]}, {"containers": [{"name": "", "resources": {}}]}, id="names are always written"
        ),
        pytest.param({"containers": [None]}, {"containers": [{"name": "", "resources": {}}]}, id="null in a list"),
        pytest.param(
            {"containers": [{"name": "p"}], "hostNetwork": False, "shareProcessNamespace": False},
            {"containers": [BARE], "shareProcessNamespace": False},
            id="false goes unless it is a pointer",
        ),
        pytest.param(
            {"containers": [{"name": "p"}], "terminationGracePeriodSeconds": 0, "dnsPolicy": "", "os": {}},
            {"containers": [BARE], "terminationGracePeriodSeconds": 0.0, "os": {"name": ""}},
            id="zero and empty objects stay behind pointers",
        ),
        pytest.param(
            {"CONTAINERS": [{"name": "p", "image": "x"}], "containers": [{"IMAGE": "y"}]},
            {"containers": [{**BARE, "image": "y"}]},
            id="a name in two spellings is read twice, the second over the first",
        ),
        pytest.param(
            {"containers": [{"name": "p"}], "overhead": {"cpu": 0.25, "memory": 1e21, "x": None}},
            {"containers": [BARE], "overhead": {"cpu": "250m", "memory": "1e+21", "x": "0"}},
            id="quantities may be numbers",
        ),
    ],
)
def test_what_is_left(spec: Json, left: Json) -> None:
    """One rule of Go's JSON a case."""
    assert left == passed(spec)


def test_ports_are_numbers_or_names() -> None:
    """Both are kept as they are; a probe without a port gets port 0."""
    assert container(livenessProbe={"httpGet": {"port": "http"}}) == {"livenessProbe": {"httpGet": {"port": "http"}}}
    assert container(livenessProbe={"tcpSocket": {"port": 80}}) == {"livenessProbe": {"tcpSocket": {"port": 80.0}}}
    assert container(livenessProbe={"tcpSocket": {}}) == {"livenessProbe": {"tcpSocket": {"port": 0.0}}}


def test_a_resource_reference_has_a_divisor() -> None:
    """It is a struct to Go, so it is written even where it is zero."""
    reference = {"resourceFieldRef": {"resource": "limits.cpu"}}
    assert container(env=[{"name": "A", "valueFrom": reference}])["env"] == [
        {"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}}
    ]


def test_claims_have_metadata_and_resources() -> None:
    """A claim template keeps the time of its creation only where there is one, in UTC."""
    claim = {"metadata": {"creationTimestamp": "2026-01-31T12:00:00+02:00"}, "spec": {}}
    spec = {"containers": [], "volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": claim}}]}
    assert passed(spec)["volumes"][0]["ephemeral"]["volumeClaimTemplate"] == {
        "metadata": {"creationTimestamp": "2026-01-31T10:00:00Z"},
        "spec": {"resources": {}},
    }
    del claim["metadata"]
    assert passed(spec)["volumes"][0]["ephemeral"]["volumeClaimTemplate"] == {
        "metadata": {},
        "spec": {"resources": {}},
    }


@pytest.mark.parametrize(
    ("spec", "error", "told"),
    [
        ({"containers": {}}, ModelValueError, r"containers is an object, expected a list"),
        ({"priority": 1.5}, ModelValueError, r"priority is 1\.5, expected a whole number of 32 bits"),
        ({"priority": 2**31}, ModelValueError, r"priority is 2147483648, expected a whole number of 32 bits"),
        ({"hostPID": "yes"}, ModelValueError, r"hostPID is a text, expected true or false"),
        ({"overhead": {"cpu": True}}, ModelValueError, r"overhead\['cpu'\] is true or false, expected a text"),
        ({"overhead": {"cpu": ""}}, QuantityError, r"overhead\['cpu'\]: '' is no quantity"),
    ],
)
def test_what_kubernetes_refuses(spec: Json, error: type[FlyteTaskError], told: str) -> None:
    """The error names the field, what it holds and what was expected."""
    with pytest.raises(error, match=told):
        passed(spec)


def test_what_has_no_json_is_refused_wherever_it_stands() -> None:
    """Even in a field that Kubernetes does not know."""
    spec = Struct()
    spec["nope"] = [{"a": float("nan")}]
    with pytest.raises(ModelValueError, match="'a' holds nan, which has no form in JSON"):
        passed_through_kubernetes(spec)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
known = st.sampled_from(
    ["containers", "volumes", "affinity", "overhead", "priority", "hostPID", "dnsConfig", "name", "env"]
)
pods = st.recursive(values, lambda inner: st.dictionaries(known, inner, max_size=4) | st.lists(inner, max_size=2))


@given(st.dictionaries(known, pods, max_size=4))
def test_a_second_passage_changes_nothing(spec: Json) -> None:
    """What Kubernetes wrote it reads and writes again as it is; anything else is refused with our own error."""
    try:
        once = passed_through_kubernetes(ParseDict(spec, Struct()))
    except FlyteTaskError:
        return
    assert once == passed_through_kubernetes(once)


def test_the_table_is_small_and_whole() -> None:
    """Every type that a field names is in the table, and it stays small."""
    text = files("flytetask_nb.semantics").joinpath("pod_fields.json").read_text(encoding="utf-8")
    table = json.loads(text)
    assert len(text) < 60_000
    assert len(table) > 100
    plain = {"string", "bool", "int32", "int64", "Quantity", "IntOrString", "Time", "FieldsV1"}
    named = {
        kind.lstrip("!?*").replace("[]", "").replace("map[string]", "").lstrip("*")
        for fields in table.values()
        for kind in fields.values()
    }
    assert named - plain <= set(table)
