"""A task of Flyte 2 with something in each of its corners, in Flyte's own messages."""

from __future__ import annotations

from typing import Any

from flyteidl2.core import tasks_pb2
from flyteidl2.task import task_definition_pb2


def details() -> Any:
    """Return a TaskDetails as Flyte 2's server gives it."""
    made = task_definition_pb2.TaskDetails()
    for part, value in {
        "org": "acme",
        "project": "shop",
        "domain": "development",
        "name": "shop.train",
        "version": "c0ffee",
    }.items():
        setattr(made.task_id, part, value)
        setattr(made.spec.task_template.id, part, value)
    made.spec.task_template.id.resource_type = 1
    made.metadata.deployed_by.user.spec.email = "someone@example.org"
    made.metadata.deployed_by.user.roles.add().id.name = "contributor"
    made.metadata.deployed_at.seconds = 1795402095
    made.metadata.short_description = "trains a model"
    made.metadata.environment_name = "shop"
    made.spec.short_name = "train"
    made.spec.environment.name, made.spec.environment.description = "shop", "the shop's"
    made.spec.documentation.short_description = "Trains."
    made.spec.documentation.source_code.link = "https://example.org/train"
    _fill_template(made.spec.task_template)
    days = made.spec.default_inputs.add(name="days")
    days.parameter.default.scalar.primitive.integer = 7
    key = made.spec.default_inputs.add(name="api_key")
    key.parameter.default.scalar.primitive.string_value = "none"
    return made


def _fill_template(template: Any) -> None:
    template.type = "python"
    runtime = template.metadata.runtime
    runtime.type, runtime.version, runtime.flavor = tasks_pb2.RuntimeMetadata.FLYTE_SDK, "2.12.1", "python"
    template.metadata.debuggable = True
    template.metadata.code_bundle_uri = "s3://acme/bundle.tgz"
    template.metadata.timeouts.deadline.seconds = 3600
    template.metadata.retries.retries = 3
    template.metadata.retries.backoff.base.seconds = 10
    template.metadata.retries.backoff.factor = 2.0
    template.metadata.retries.backoff.cap.seconds = 60
    for name, simple in (("days", 1), ("api_key", 3)):
        template.interface.inputs.variables.add(key=name).value.type.simple = simple
    template.container.image = "ghcr.io/acme/shop:c0ffee"
    template.container.args.extend(["a0", "--inputs", "{{.input}}"])
    template.extended_resources.gpu_accelerator.device = "nvidia-h100"
    template.extended_resources.gpu_accelerator.accelerator_model = 13
    reuse = template.reuse_policy
    reuse.min_replicas, reuse.max_replicas, reuse.concurrency, reuse.scope = 1, 4, 2, 1


def with_sound_interface(message: Any) -> Any:
    """Make a generated message one that Flyte could have written.

    Variables have names, each its own, and types; where flyteidl has a map, there is no room for anything else.
    What a task is called stands in its template.
    """
    template = message
    for part in ("spec", "task_template"):
        template = getattr(template, part, template)
    if template is not message:
        template.id.name = template.id.name or "shop.train"
    for side in ("inputs", "outputs"):
        for position, one in enumerate(getattr(template.interface, side).variables):
            one.key = f"{position % 2}-{position}-{one.key}"
            one.DiscardUnknownFields()
            one.value.SetInParent()
    return message
