from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2
from generated import add_unknown_fields, messages, task_specs
from google.protobuf.json_format import Parse, ParseDict
from hypothesis import given, reject
from json_hashing import json_hash
from real_tasks import serialized_tasks

from flytetask_nb import FlyteTask
from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.semantics.digests import structure_digest
from flytetask_nb.semantics.hydration import hydrate, hydrated_message
from tests.conftest import flytekit_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLACES = ("project", "domain", "version")


def spec_of(case: dict[str, Any], tasks: dict[str, bytes]) -> Any:
    return task_pb2.TaskSpec.FromString(tasks[f"{case['archive']}!{case['entry']}"])


def template_of(**fields: Any) -> Any:
    identifier = {"resourceType": "TASK", "project": "p", "domain": "d", "name": "a.b", "version": "v"}
    return ParseDict({"id": identifier, **fields}, tasks_pb2.TaskTemplate())


def digest_or_reject(task: Any) -> bytes:
    """Leave out what Admin refuses."""
    try:
        return structure_digest(task)
    except ModelValueError:
        reject()


# -- against Flyte's answers -----------------------------------------------------------------------------------------


def test_every_real_task_agrees(cases: Callable[[str], list[dict[str, Any]]], truth_folder: Path) -> None:
    """Real tasks with their ids filled in have the digests that Flyte's own code computes."""
    tasks = serialized_tasks(truth_folder / "corpus")
    wrong = []
    for case in cases("digest-real.jsonl"):
        where = {part: case[part] for part in PLACES}
        filled = hydrated_message(spec_of(case, tasks), **where, source_uploaded_location=None)
        if structure_digest(filled).hex() != case["digest"]:
            wrong.append(case)
    assert wrong == []


def test_every_generated_task_agrees(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    """Generated templates have the digests that Flyte's own code computes."""
    wrong = []
    for case in cases("digest-generated.jsonl"):
        template = tasks_pb2.TaskTemplate.FromString(base64.b64decode(case["template_b64"]))
        if structure_digest(template).hex() != case["digest"]:
            wrong.append(case)
    assert wrong == []


def test_the_text_that_flyte_hashed_is_read_back_to_the_same_digest(
    cases: Callable[[str], list[dict[str, Any]]],
) -> None:
    """A template that comes as JSON, as flytectl prints it, has the digest of the one that was registered."""
    for case in cases("digest-generated.jsonl"):
        template = Parse(json.dumps(json.loads(case["json"])["template"]), tasks_pb2.TaskTemplate())
        assert case["digest"] == structure_digest(template).hex()


def test_every_task_that_a_server_stored_agrees(
    cases: Callable[[str], list[dict[str, Any]]], truth_folder: Path
) -> None:
    """Hydrated as flytectl does it, every task has the digest that Admin stored, pods among them."""
    tasks = serialized_tasks(truth_folder / "corpus")
    wrong = []
    targets = set()
    for case in cases("digest-server.jsonl"):
        spec = hydrate(spec_of(case, tasks), **{part: case[part] for part in PLACES})
        targets.add(case["target"])
        if structure_digest(spec).hex() != case["digest"]:
            wrong.append(case)
    assert wrong == []
    assert "k8s_pod" in targets


# -- laws ------------------------------------------------------------------------------------------------------------


@given(messages(tasks_pb2.TaskTemplate, unknown=False))
def test_unknown_fields_do_not_count(template: Any) -> None:
    """A field that only a newer Flyte knows is invisible to this one's Admin."""
    before = digest_or_reject(template)
    add_unknown_fields(template)
    assert before == structure_digest(template)


@given(task_specs())
def test_the_documentation_does_not_count(spec: Any) -> None:
    """Only the template is hashed."""
    before = digest_or_reject(spec)
    assert before == structure_digest(task_pb2.TaskSpec(template=spec.template))
    spec.description.short_description += "."
    assert before == structure_digest(spec)


@given(task_specs())
def test_the_models_have_the_digest_of_their_message(spec: Any) -> None:
    """Nothing is lost on the way through a model."""
    assert digest_or_reject(spec) == structure_digest(FlyteTask.from_flyte_idl(spec))


@pytest.mark.parametrize(
    "fields",
    [
        {"metadata": {}},
        {"metadata": {"interruptible": False}},
        {"metadata": {"metadata": {}}},
        {"metadata": {"generatesDeck": False}},
        {"metadata": {"runtime": {"version": "2"}}},
        {"metadata": {"tags": {"a": "b"}}},
        {"interface": {"inputs": {"variables": {"x": {"description": "d"}}}}},
        {"interface": {"inputs": {"variables": {"x": {}}}}},
        {"container": {"image": "a:1"}},
    ],
    ids=json.dumps,
)
def test_what_counts(fields: dict[str, Any]) -> None:
    """Presence, runtime, tags and descriptions of variables are part of the structure."""
    assert structure_digest(template_of()) != structure_digest(template_of(**fields))


@pytest.mark.parametrize("part", ["project", "domain", "name", "version", "org"])
def test_the_whole_id_counts(part: str) -> None:
    """The same task under another id has another digest."""
    template = template_of()
    setattr(template.id, part, "other")
    assert structure_digest(template_of()) != structure_digest(template)


def test_the_resource_type_is_that_of_the_request() -> None:
    """Admin takes requests for tasks only, so a template that says nothing, or something else, is stored as a task."""
    expected = structure_digest(template_of())
    for told in ("UNSPECIFIED", "WORKFLOW"):
        template = template_of()
        template.id.resource_type = {"UNSPECIFIED": 0, "WORKFLOW": 2}[told]
        before = template.SerializeToString(deterministic=True)
        assert expected == structure_digest(template)
        assert before == template.SerializeToString(deterministic=True)


def test_a_template_without_anything_has_a_digest() -> None:
    """All that is left is the kind of its id."""
    assert json_hash({"template": {"id": {"resourceType": "TASK"}}}) == structure_digest(tasks_pb2.TaskTemplate())


def test_flytekits_models_have_the_same_digest() -> None:
    """Objects that flytekit made are read as messages are."""
    task = flytekit_module("flytekit.models.task")
    theirs = task.TaskTemplate.from_flyte_idl(template_of(type="t", container={"image": "a:1"}))
    assert structure_digest(theirs.to_flyte_idl()) == structure_digest(theirs)


def test_other_things_have_no_digest() -> None:
    """Only tasks have."""
    with pytest.raises(ModelTypeError, match="expected a task"):
        structure_digest("a.b")


def test_an_error_names_the_task() -> None:
    """A timeout that is no duration cannot be hashed."""
    template = template_of()
    template.metadata.timeout.nanos = 10**9
    with pytest.raises(ModelValueError, match=r"^task 'a\.b': a duration of 0 seconds and 1000000000 nanoseconds"):
        structure_digest(template)
