from __future__ import annotations

import base64
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from google.protobuf.json_format import MessageToDict, ParseDict

from flytetask_nb.errors import FlyteTaskError, ModelTypeError, ModelValueError, QuantityError
from flytetask_nb.models import TaskSpec
from flytetask_nb.semantics.hydration import hydrate, hydrated_message

if TYPE_CHECKING:
    from collections.abc import Callable

ARGUMENTS = ("project", "domain", "version", "source_uploaded_location", "destination_directory", "force")
WHERE = {"project": "shop", "domain": "staging", "version": "v7"}


def outcome(case: dict[str, Any]) -> Any:
    try:
        spec = task_pb2.TaskSpec.FromString(base64.b64decode(case["spec_b64"]))
        return hydrated_message(spec, **{name: case[name] for name in ARGUMENTS})
    except FlyteTaskError:
        return None


def expected(case: dict[str, Any]) -> Any:
    return None if "error" in case else ParseDict(case["hydrated"], task_pb2.TaskSpec())


def test_every_vector_agrees(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    """A task is sent as flytectl sends it, or refused where flytectl refuses it."""
    wrong = [case["case"] for case in cases("hydration.jsonl") if outcome(case) != expected(case)]
    assert wrong == []


def spec_of(**target: Any) -> Any:
    return ParseDict({"template": {"id": {"name": "a.b"}, **target}}, task_pb2.TaskSpec())


def container(*args: str) -> Any:
    return spec_of(container={"image": "a:b", "args": list(args), "command": ["{{ .dest_dir }}"]})


def test_the_input_stays_as_it_is() -> None:
    """A new message is given."""
    spec = container("{{ .dest_dir }}")
    before = spec.SerializeToString(deterministic=True)
    hydrated_message(spec, **WHERE)
    assert before == spec.SerializeToString(deterministic=True)


def test_only_whole_arguments_are_replaced() -> None:
    """Neither parts of arguments nor commands are placeholders."""
    told = hydrated_message(
        container("{{ .remote_package_path }}", "{{ .dest_dir }}", "x={{ .dest_dir }}"),
        **WHERE,
        source_uploaded_location="s3://b/c.tar.gz",
        destination_directory="/root",
    )
    assert list(told.template.container.args) == ["s3://b/c.tar.gz", "/root", "x={{ .dest_dir }}"]
    assert list(told.template.container.command) == ["{{ .dest_dir }}"]


def test_code_that_was_not_uploaded_leaves_all_but_the_id() -> None:
    """Without a location the placeholders stay, and a pod keeps what flytectl would take from it."""
    told = hydrated_message(container("{{ .remote_package_path }}"), **WHERE, source_uploaded_location=None)
    assert list(told.template.container.args) == ["{{ .remote_package_path }}"]
    assert told.template.id.version == "v7"

    pod = spec_of(k8sPod={"primaryContainerName": "p", "podSpec": {"containers": [{"name": "p", "env": []}]}})
    kept = hydrated_message(pod, **WHERE, source_uploaded_location=None)
    assert pod.template.k8s_pod == kept.template.k8s_pod


def test_a_pod_is_built_anew() -> None:
    """It loses everything but its metadata and its spec."""
    pod = spec_of(
        k8sPod={
            "metadata": {"labels": {"a": "b"}},
            "primaryContainerName": "p",
            "dataConfig": {"enabled": True},
            "podSpec": {"containers": [{"name": "p"}]},
        }
    )
    assert MessageToDict(hydrated_message(pod, **WHERE).template.k8s_pod) == {
        "metadata": {"labels": {"a": "b"}},
        "podSpec": {"containers": [{"name": "p", "resources": {}}]},
    }


def test_a_pod_without_a_spec_stays() -> None:
    """There is nothing to pass through Kubernetes."""
    pod = spec_of(k8sPod={"primaryContainerName": "p"})
    assert pod.template.k8s_pod == hydrated_message(pod, **WHERE).template.k8s_pod


def test_errors_name_the_task_and_the_field() -> None:
    """Whoever reads the error knows where to look."""
    bad_quantity = {"containers": [{"name": "p", "resources": {"limits": {"cpu": "1 core"}}}]}
    with pytest.raises(
        QuantityError, match=r"^task 'a\.b': k8s_pod\.pod_spec\.containers\[0\]\.resources\.limits\['cpu'\]"
    ):
        hydrated_message(spec_of(k8sPod={"podSpec": bad_quantity}), **WHERE)
    with pytest.raises(ModelValueError, match=r"pod_spec\.containers is a text, expected a list"):
        hydrated_message(spec_of(k8sPod={"podSpec": {"containers": "x"}}), **WHERE)


def test_other_things_are_refused() -> None:
    """Only task specifications are hydrated."""
    with pytest.raises(ModelTypeError, match="spec is 'task', a text; expected a task"):
        hydrated_message("task", **WHERE)


def test_the_model_holds_the_message() -> None:
    """``hydrate`` gives the model, from a message and from a model alike."""
    spec = container("{{ .dest_dir }}")
    told = hydrate(spec, **WHERE)
    assert isinstance(told, TaskSpec)
    assert told.to_flyte_idl() == hydrated_message(spec, **WHERE)
    assert told == hydrate(TaskSpec.from_flyte_idl(spec), **WHERE)


def test_a_second_hydration_changes_nothing(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    """What registration has made of a task stays what it is."""
    for case in cases("hydration.jsonl"):
        once = outcome(case)
        if once is not None and not case["force"]:
            assert once == hydrated_message(once, **{name: case[name] for name in ARGUMENTS})


def test_an_archive_is_hydrated_entry_by_entry(truth_folder: Any) -> None:
    """The tasks of a fast-registration archive get their ids."""
    with tarfile.open(truth_folder / "vectors" / "fast-archive.tgz") as archive:
        entries = [name for name in archive.getnames() if name.endswith("_1.pb")]
        specs = [task_pb2.TaskSpec.FromString(archive.extractfile(name).read()) for name in entries]  # type: ignore[union-attr]
    assert len(specs) == 3
    assert {hydrated_message(spec, **WHERE).template.id.version for spec in specs} == {"v7"}
