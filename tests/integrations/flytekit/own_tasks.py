"""What a user of flytekit writes: one of each kind of task and workflow."""

from __future__ import annotations

import flytekit
from flytekit import (
    ContainerTask,
    ImageSpec,
    LaunchPlan,
    PodTemplate,
    Resources,
    dynamic,
    kwtypes,
    map_task,
    reference_task,
    task,
    workflow,
)
from flytekit.core.base_task import PythonTask
from flytekit.core.interface import Interface
from kubernetes.client import V1Container, V1PodSpec


@task(cache=True, cache_version="1", requests=Resources(cpu="1"), environment={"MODE": "fast"})
def train(x: int, y: str = "a") -> float:
    """Train it."""
    return x + len(y)


@task(container_image="ghcr.io/acme/app:{{.image.default.version}}")
def with_tag(x: int) -> int:
    return x


@task(container_image="ghcr.io/acme/app:v3")
def with_image(x: int) -> int:
    return x


@task(container_image=ImageSpec(name="spec", registry="ghcr.io/acme", packages=["pandas"]))
def with_specification(x: int) -> int:
    return x


@task(
    pod_template=PodTemplate(
        pod_spec=V1PodSpec(containers=[V1Container(name="primary"), V1Container(name="side", image="side:1")]),
        primary_container_name="primary",
    )
)
def in_a_pod(x: int) -> int:
    return x


@dynamic
def many(x: int) -> int:
    return with_image(x=x)


@flytekit.eager
async def eager(x: int) -> int:
    return x


@reference_task(project="shop", domain="production", name="shop.reference", version="v1")
def reference(x: int) -> int:
    """Stand for a task elsewhere."""


class Plugin(PythonTask):  # type: ignore[misc, type-arg, unused-ignore]
    """A task of a plugin, which has no function."""

    def __init__(self, name: str) -> None:
        super().__init__(task_type="plugin", name=name, interface=Interface({"x": int}), task_config=None)

    def get_custom(self, settings: object) -> dict[str, str]:
        del settings
        return {"query": "SELECT 1"}

    def execute(self, **kwargs: object) -> None: ...


mapped = map_task(with_image)
shell = ContainerTask(name="shell", image="alpine:3", command=["echo"], inputs=kwtypes(x=int))
plugin = Plugin("plugin.query")


@workflow
def flow(x: int) -> list[int]:
    train(x=x, y="b")
    reference(x=x)
    shell(x=x)
    return map_task(with_specification)(x=[with_image(x=x)])


plan = LaunchPlan.get_or_create(flow, name="own_tasks.plan", default_inputs={"x": 1})
