"""How the settings of a task's plugin show themselves."""

from __future__ import annotations

from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from flytetask_nb.views import describe


def test_the_head_counts_the_rows() -> None:
    """Of an object each entry is one; the version of the task type is told by itself."""
    made = task_pb2.TaskSpec()
    made.template.type = "spark"
    made.template.custom.update({"sparkConf": {"spark.a": "1", "spark.b": "2"}, "mainClass": ""})
    made.template.config["queue"] = "night"
    made.template.task_type_version = 1
    sections = describe(ftn.FlyteTask.from_flyte_idl(made)).sections
    (section,) = [section for section in sections if section.title == "Plugin"]
    (fields,) = section.blocks
    assert section.note == "spark, 4 settings, task type version 1"
    assert len(fields.rows) == 4 + 1  # type: ignore[union-attr]
