"""A task as protobuf's text and JSON."""

from __future__ import annotations

import pytest
from flyteidl.admin import task_pb2
from google.protobuf import json_format, text_format
from hypothesis import given

import flytetask_nb as ftn
from flytetask_nb.views.raw_forms import NO_JSON, RAW_FORMS, raw_text
from tests.generated import task_specs

SECRET = "hunter2"  # noqa: S105 - what must not be seen


def read_json(text: str) -> task_pb2.TaskSpec:
    """Read what was written as JSON."""
    return json_format.Parse(text, task_pb2.TaskSpec())


def read_text(text: str) -> task_pb2.TaskSpec:
    """Read what was written as protobuf's text."""
    return text_format.Parse(text, task_pb2.TaskSpec())


READERS = {"JSON": read_json, "proto text": read_text}


@given(spec=task_specs(unknown=False))
def test_proto_text_can_be_read_again(spec: task_pb2.TaskSpec) -> None:
    with ftn.set_options(reveal_secrets=True):
        text = raw_text(ftn.FlyteTask.from_flyte_idl(spec), "proto text")
    assert read_text(text).SerializeToString(deterministic=True) == spec.SerializeToString(deterministic=True)


@pytest.mark.parametrize("form", RAW_FORMS)
@given(spec=task_specs())
def test_masked_text_has_the_same_fields(form: str, spec: task_pb2.TaskSpec) -> None:
    """Masking changes values, never the shape."""
    text = raw_text(ftn.FlyteTask.from_flyte_idl(spec), form)
    if text.startswith(NO_JSON):
        return
    found = READERS[form](text)
    assert [field.name for field, _ in found.template.ListFields()] == [
        field.name for field, _ in spec.template.ListFields()
    ]


def secretive() -> task_pb2.TaskSpec:
    """Return a task that carries a secret wherever one can be."""
    spec = task_pb2.TaskSpec()
    template = spec.template
    template.config["api_key"] = SECRET
    template.custom.update({"db": {"password": SECRET}, "env": [{"name": "AUTH_TOKEN", "value": SECRET}]})
    template.container.env.add(key="DB_PASSWORD", value=SECRET)
    template.container.args.extend(["--password", SECRET, f"--token={SECRET}"])
    template.container.image = f"https://me:{SECRET}@registry.example.com/image"
    template.metadata.tags["secret"] = SECRET
    template.k8s_pod.metadata.labels["password"] = SECRET
    return spec


@pytest.mark.parametrize("form", RAW_FORMS)
def test_secrets_are_masked_wherever_they_are(form: str) -> None:
    task = ftn.FlyteTask.from_flyte_idl(secretive())
    assert SECRET not in raw_text(task, form)
    with ftn.set_options(reveal_secrets=True):
        assert SECRET in raw_text(task, form)


def test_what_json_cannot_hold_is_said() -> None:
    spec = task_pb2.TaskSpec()
    spec.template.metadata.timeout.seconds = 10**12
    assert raw_text(ftn.FlyteTask.from_flyte_idl(spec), "JSON").startswith(NO_JSON)
    assert "1000000000000" in raw_text(ftn.FlyteTask.from_flyte_idl(spec), "proto text")


def test_an_input_that_is_called_like_a_secret_keeps_its_type() -> None:
    spec = task_pb2.TaskSpec()
    spec.template.interface.inputs.variables["token"].type.simple = 3
    assert '"simple": "STRING"' in raw_text(ftn.FlyteTask.from_flyte_idl(spec), "JSON")
