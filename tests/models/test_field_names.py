"""Names that displays teach: each can be read from a task."""

from __future__ import annotations

from operator import attrgetter

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2

import flytetask_nb as ftn
from flytetask_nb.models.field_names import familiar_path


@pytest.mark.parametrize("field", [field.name for field in tasks_pb2.TaskMetadata.DESCRIPTOR.fields])
def test_every_name_of_metadata_can_be_read(field: str) -> None:
    task = ftn.FlyteTask.from_flyte_idl(task_pb2.TaskSpec())
    attrgetter(familiar_path(f"metadata.{field}"))(task)


def test_other_heads_can_be_read() -> None:
    message = task_pb2.TaskSpec()
    message.template.container.data_config.input_path = "/in"
    message.description.short_description = "Trains."
    task = ftn.FlyteTask.from_flyte_idl(message)
    assert attrgetter(familiar_path("container.data_config.input_path"))(task) == "/in"
    assert attrgetter(familiar_path("description.short_description"))(task) == "Trains."


def test_a_name_is_changed_as_a_whole() -> None:
    assert familiar_path("metadata.metadata.labels.team") == "metadata.k8s_object_metadata.labels.team"
    assert familiar_path("metadata.discoverable_more") == "metadata.discoverable_more"
    assert familiar_path("descriptions") == "descriptions"


def test_metadata_has_the_names_of_the_decorator() -> None:
    message = task_pb2.TaskSpec()
    metadata = message.template.metadata
    metadata.discoverable, metadata.discovery_version = True, "2"
    metadata.cache_serializable, metadata.deprecated_error_message = True, "use other"
    read = ftn.FlyteTask.from_flyte_idl(message).metadata
    assert (read.cache, read.cache_version, read.cache_serialize, read.deprecated) == (True, "2", True, "use other")


def test_a_change_is_shown_by_the_familiar_name_and_kept_by_its_path() -> None:
    old, new = task_pb2.TaskSpec(), task_pb2.TaskSpec()
    for one, version in ((old, "1"), (new, "2")):
        one.template.metadata.discoverable = True
        one.template.metadata.discovery_version = version
    (change,) = ftn.diff(old, new).changes
    assert change.place == "metadata.cache_version"
    assert change.to_dict()["path"] == "metadata.discovery_version"
    assert "discovery_version" not in ftn.diff(old, new).to_text()


def test_a_finding_is_shown_by_the_familiar_name() -> None:
    message = task_pb2.TaskSpec()
    message.template.metadata.discoverable = True
    found = ftn.check(message)
    assert "metadata.cache_version" in found.to_text()
    assert "discovery_version" not in found.to_text()
