"""What is secret in a task reaches no output, of the task and of none of its parts, until it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each planted in a place of its own, so that a leak tells where it is.
PLANTED = {
    place: f"hunter2-{place}" for place in "env url arg flag label config custom nested docs link sql pod init".split()
}


@pytest.fixture
def task() -> ftn.FlyteTask:
    spec = task_pb2.TaskSpec()
    template = spec.template
    template.id.name = "shops.leaky"
    container = template.container
    container.image = "ghcr.io/shops/leaky:1"
    container.env.add(key="DB_PASSWORD", value=PLANTED["env"])
    container.env.add(key="DATABASE", value=f"postgres://shop:{PLANTED['url']}@db.example.com/sales")
    container.args.extend(["run", "--api-token", PLANTED["arg"], f"--password={PLANTED['flag']}"])
    container.config.add(key="client_secret", value=PLANTED["config"])
    template.metadata.metadata.labels["auth-token"] = PLANTED["label"]
    template.custom["api_key"] = PLANTED["custom"]
    template.custom["service"] = {"credentials": {"user": "shop", "password": PLANTED["nested"]}}
    spec.description.short_description = f"see https://me:{PLANTED['docs']}@docs.example.com"
    spec.description.source_code.link = f"https://me:{PLANTED['link']}@git.example.com/shops"
    return ftn.FlyteTask.from_flyte_idl(spec)


@pytest.fixture
def sql_task() -> ftn.FlyteTask:
    spec = task_pb2.TaskSpec()
    spec.template.id.name = "shops.leaky_sql"
    spec.template.sql.statement = f"COPY sales FROM 's3://key:{PLANTED['sql']}@bucket/x'"
    return ftn.FlyteTask.from_flyte_idl(spec)


@pytest.fixture
def pod_task() -> ftn.FlyteTask:
    spec = task_pb2.TaskSpec()
    spec.template.id.name = "shops.leaky_pod"
    spec.template.k8s_pod.primary_container_name = "main"
    for part, place in (("containers", "pod"), ("initContainers", "init")):
        container = spec.template.k8s_pod.pod_spec.fields[part].list_value.values.add().struct_value
        container["name"] = "main"
        container["env"] = [{"name": "ACCESS_TOKEN", "value": PLANTED[place]}]
    return ftn.FlyteTask.from_flyte_idl(spec)


def outputs_of(value: Any) -> Iterator[str]:
    yield from (value.to_html(), value.to_text(), value.to_markdown(), repr(value), str(value), value.short_string())
    yield value.__rich__().plain
    yield from value._repr_mimebundle_().values()


def parts_of(task: ftn.FlyteTask) -> Iterator[Any]:
    for part in (task, task.template, task.metadata, task.container, task.k8s_pod, task.sql, task.docs):
        if part is not None:
            yield part
    if task.docs is not None and task.docs.source_code is not None:
        yield task.docs.source_code
    if task.metadata.k8s_object_metadata is not None:
        yield task.metadata.k8s_object_metadata


@pytest.mark.parametrize("name", ["task", "sql_task", "pod_task"])
def test_nothing_secret_is_shown(name: str, request: pytest.FixtureRequest) -> None:
    for part in parts_of(request.getfixturevalue(name)):
        for output in outputs_of(part):
            assert [place for place, secret in PLANTED.items() if secret in output] == []


def test_everything_is_shown_when_it_is_asked_for(
    task: ftn.FlyteTask, sql_task: ftn.FlyteTask, pod_task: ftn.FlyteTask
) -> None:
    with ftn.set_options(reveal_secrets=True):
        shown = task.to_text() + sql_task.to_text() + pod_task.to_text()
    assert [place for place, secret in PLANTED.items() if secret not in shown] == []


def test_values_themselves_are_untouched(task: ftn.FlyteTask) -> None:
    """Masking is about showing: code reads what the task holds."""
    assert task.container is not None
    assert task.container.env["DB_PASSWORD"] == PLANTED["env"]


def test_a_secret_that_a_task_asks_for_is_named(task: ftn.FlyteTask) -> None:
    message = task.to_flyte_idl()
    message.template.security_context.secrets.add(group="warehouse", key="password")
    assert "secret warehouse/password" in ftn.FlyteTask.from_flyte_idl(message).to_text()
