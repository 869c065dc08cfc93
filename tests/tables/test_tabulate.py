"""A table of tasks: what each column says, what it is computed from, and what becomes of what cannot be read."""

from __future__ import annotations

import math
import re
import shlex
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from flytetask_nb.masking import mask_arguments, mask_text
from flytetask_nb.models.origins import Origin
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.semantics.images import image_reference
from flytetask_nb.semantics.task_container import primary_container
from flytetask_nb.tables import columns as table_columns
from flytetask_nb.tables import empty_table, frames
from tests.conftest import flytekit_module
from tests.real_tasks import serialized_tasks
from tests.sources import building

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def given(change: Callable[[Any], None] = lambda _: None) -> Any:
    """Return a small TaskSpec, changed."""
    spec = building.spec()
    change(spec.template)
    return spec


def cell(spec: Any, column: str) -> Any:
    return ftn.tabulate([spec], columns=[column]).loc[0, column]


def asked(template: Any, **requests: str) -> None:
    for name, value in requests.items():
        number = {"cpu": 1, "gpu": 2, "memory": 3, "storage": 4, "ephemeral_storage": 5}[name]
        template.container.resources.requests.add(name=number, value=value)


# -- columns -------------------------------------------------------------------------------------------------------


def test_documentation_lists_the_columns_as_they_are() -> None:
    """Names, order and dtypes in the docstring are those of the table."""
    lines = (ftn.tabulate.__doc__ or "").splitlines()
    bars = [number for number, line in enumerate(lines) if line.strip().startswith("=====")]
    told = [tuple(re.split(" {2,}", line.strip())[:2]) for line in lines[bars[1] + 1 : bars[2]]]
    assert [(name, str(column.kind.dtype)) for name, column in table_columns.COLUMNS.items()] == told


def test_default_is_all_but_what_costs_much() -> None:
    """Cache key, digest and findings are there on request."""
    expected = [name for name in table_columns.COLUMNS if name not in {"cache_key", "digest", "findings"}]
    assert expected == list(ftn.tabulate([]).columns)


@pytest.mark.parametrize("tasks", [[], [b"\xff"], [building.spec()], [3, None]])
def test_dtypes_do_not_depend_on_the_tasks(tasks: list[Any]) -> None:
    """Columns have the dtypes of the empty table, whatever is in them."""
    names = list(table_columns.COLUMNS)
    assert empty_table(names).dtypes.to_dict() == ftn.tabulate(tasks, names).dtypes.to_dict()


def test_columns_come_in_the_order_asked_for() -> None:
    """A choice of columns is a table of these alone."""
    assert list(ftn.tabulate([building.spec()], ["version", "name"]).columns) == ["version", "name"]


def test_no_more_is_computed_than_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a chosen column only its own part is taken."""
    seen: list[list[str]] = []
    usual = frames.extract

    def extract(records: Any, names: Any) -> Any:
        seen.append(list(names))
        return usual(records, names)

    monkeypatch.setattr(frames, "extract", extract)
    ftn.tabulate([building.spec()], ["name", "cpu_request", "cpu_limit"])
    assert seen == [["name", "resources"]]


def test_columns_of_ones_own() -> None:
    """A pair of name and function, or a mapping, adds a column; a mapping can rename."""
    tasks = [building.spec("shop.train"), building.spec("shop.test")]
    paired = ftn.tabulate(tasks, ["name", ("last", lambda task: task.name.rpartition(".")[2])])
    assert paired.to_dict("list") == {"name": ["shop.train", "shop.test"], "last": ["train", "test"]}
    mapped = ftn.tabulate(tasks, {"task": "name", "length": lambda task: len(task.name)})
    assert mapped.to_dict("list") == {"task": ["shop.train", "shop.test"], "length": [10, 9]}


def test_function_that_raises_is_told_for_its_task() -> None:
    """The value is NA, and the reason stands in ``error``."""
    tasks = [building.spec("a"), building.spec("bb")]
    frame = ftn.tabulate(tasks, [("letter", lambda task: task.name[1]), "error"])
    assert (frame["letter"].isna().tolist(), frame.loc[1, "letter"]) == ([True, False], "b")
    assert frame.loc[0, "error"] == "letter: IndexError: string index out of range"
    assert frame.loc[1, "error"] is pd.NA


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        (["nmae"], ftn.errors.ModelValueError, "there is no column 'nmae'; did you mean 'name'"),
        (["name", "name"], ftn.errors.ModelValueError, "column 'name' is asked for twice"),
        ("name", ftn.errors.ModelTypeError, "expected a list such as"),
        ([3], ftn.errors.ModelTypeError, "expected a name and a function"),
        ([("a", 3)], ftn.errors.ModelTypeError, "expected a name and a function"),
    ],
)
def test_columns_that_are_none_are_told(columns: Any, error: type[Exception], message: str) -> None:
    """What cannot be a column is refused at once, and close names are given."""
    with pytest.raises(error, match=message):
        ftn.tabulate([], columns)


# -- what a table is made from -------------------------------------------------------------------------------------


def test_every_kind_of_task_gives_the_same_row() -> None:
    """Messages, bytes, our objects, flytekit's, and a collection of them."""
    theirs = flytekit_module("flytekit.models.task").TaskSpec
    # As flytekit writes it: it adds what it takes for the default.
    spec = theirs.from_flyte_idl(building.spec("shop.train", "v1")).to_flyte_idl()
    kinds = [
        spec,
        spec.SerializeToString(),
        bytearray(spec.SerializeToString()),
        spec.template,
        ftn.FlyteTask.from_flyte_idl(spec),
        building.of_kind("Task", spec.template),
        building.of_kind("TaskClosure", spec.template),
        theirs.from_flyte_idl(spec),
    ]
    frame = ftn.tabulate(kind for kind in kinds)
    expected = pd.concat([ftn.tabulate([spec])] * len(kinds), ignore_index=True)
    pd.testing.assert_frame_equal(frame, expected)
    pd.testing.assert_frame_equal(ftn.TaskCollection(kinds).to_frame(), expected)


@pytest.mark.parametrize("tasks", [b"", "release.tgz", 3, building.spec()])
def test_single_things_are_refused(tasks: Any) -> None:
    """A single task, a path or bytes are no iterable of tasks."""
    with pytest.raises(ftn.errors.ModelTypeError, match=r"^tasks is .*; expected (?:tasks|several)"):
        ftn.tabulate(tasks)


def test_origin_is_told() -> None:
    """Source, time and the server's description come from where the task was found."""
    data = building.data()
    origins = [
        Origin(source="s.pb", created_at=DAY, short_description="from the server"),
        Origin(source="s.pb", created_at=DAY + timedelta(microseconds=1)),
        Origin(),
    ]
    tasks = ftn.TaskCollection([ftn.FlyteTask.from_bytes(data, origin) for origin in origins])
    frame = tasks.to_frame(["created_at", "source", "short_description"])
    assert frame["created_at"].tolist()[:2] == [DAY, DAY + timedelta(microseconds=1)]
    assert frame["created_at"].isna().tolist() == [False, False, True]
    assert frame["source"].tolist() == ["s.pb", "s.pb", pd.NA]
    assert frame["short_description"].tolist() == ["from the server", pd.NA, pd.NA]


# -- values --------------------------------------------------------------------------------------------------------


def held_container(template: Any) -> dict[str, Any]:
    """Return the container of a pod that runs the task, as it stands there."""
    held = primary_container(template) if template.HasField("k8s_pod") else None
    return {} if held is None else plain_struct(held)


def quantity(task: ftn.FlyteTask, name: str) -> ftn.semantics.Quantity | None:
    """Return what the container requests, read by other means than the table."""
    template = task.to_flyte_idl().template
    if template.HasField("container"):
        found = {entry.name: entry.value for entry in template.container.resources.requests}
        text = found.get({"cpu": 1, "memory": 3, "gpu": 2}[name])
    else:
        container = held_container(template)
        requests = container.get("resources", {}).get("requests", {})
        text = requests.get({"gpu": "nvidia.com/gpu"}.get(name, name))
    return None if text is None else ftn.semantics.Quantity(str(text))


def expected_row(task: ftn.FlyteTask) -> dict[str, Any]:
    template = task.to_flyte_idl().template
    pod = held_container(template)
    image = template.container.image or pod.get("image", "")
    reference = image_reference(image)
    args = list(template.container.args) or pod.get("args", [])
    env = [pair.key for pair in template.container.env] or [entry["name"] for entry in pod.get("env", [])]
    metadata = task.metadata
    cpu, memory, gpu = (quantity(task, name) for name in ("cpu", "memory", "gpu"))
    return {
        "project": task.id.project,
        "name": task.name,
        "version": task.id.version,
        "type": task.type,
        "task_type_version": task.task_type_version,
        "short_description": task.short_description and mask_text(task.short_description),
        "inputs": len(task.interface.inputs),
        "outputs": len(task.interface.outputs),
        "target": template.WhichOneof("target"),
        "image": mask_text(image),
        "image_registry": reference and reference.registry,
        "image_repository": reference and reference.repository,
        "image_tag": reference and reference.tag,
        "args": shlex.join(mask_arguments(args)),
        "cpu_request": cpu and float(cpu.value),
        "memory_request": memory and math.ceil(memory.value),
        "gpu_request": gpu and int(gpu.value),
        "retries": metadata.retries.retries if metadata.has("retries") else None,
        "timeout": metadata.timeout or None,
        "interruptible": metadata.interruptible,
        "cached": metadata.discoverable,
        "cache_version": metadata.discovery_version,
        "runtime_version": metadata.runtime.version if metadata.has("runtime") else None,
        "env_keys": ", ".join(env),
    }


def test_real_tasks_read_as_the_models_do(corpus: Path) -> None:
    """Row by row, what the table says is what the task itself says."""
    tasks = [ftn.FlyteTask.from_bytes(data) for data in serialized_tasks(corpus).values()]
    frame = ftn.tabulate(tasks)
    for task, row in zip(tasks, frame.to_dict("records"), strict=True):
        expected = expected_row(task)
        found = {name: None if pd.isna(row[name]) else row[name] for name in expected}
        assert {name: None if value == "" else value for name, value in expected.items()} == found
    assert frame["error"].isna().all()


@pytest.mark.parametrize(
    ("change", "column", "expected"),
    [
        (lambda one: asked(one, cpu="500m"), "cpu_request", 0.5),
        (lambda one: asked(one, memory="1.5Gi"), "memory_request", 1610612736),
        (lambda one: asked(one, memory="100m"), "memory_request", 1),
        (lambda one: asked(one, gpu="2"), "gpu_request", 2),
        (lambda one: asked(one, ephemeral_storage="1k"), "ephemeral_storage_request", 1000),
        (lambda one: asked(one, cpu="0"), "cpu_request", 0.0),
        (
            lambda one: setattr(one.extended_resources.gpu_accelerator, "unpartitioned", True),
            "accelerator_partition",
            "unpartitioned",
        ),
        (lambda one: setattr(one.extended_resources.shared_memory, "size_limit", "1Gi"), "shared_memory", 2**30),
        (lambda one: setattr(one.container, "architecture", 2), "architecture", "ARM64"),
        (lambda one: setattr(one.metadata.timeout, "seconds", 90), "timeout", pd.Timedelta(seconds=90)),
        (lambda one: setattr(one.metadata, "interruptible", False), "interruptible", False),
        (lambda one: setattr(one.metadata.generates_deck, "value", True), "generates_deck", True),
        (lambda one: one.metadata.tags.update({"team": "a", "api_key": "hunter2"}), "tags", "api_key=••••••, team=a"),
        (lambda one: one.container.args.extend(["--token", "hunter2"]), "args", "--token '••••••'"),
        (lambda one: one.container.args.extend(["say", "it's"]), "args", "say 'it'\"'\"'s'"),
        (
            lambda one: one.container.args.extend(["x", "--additional-distribution", "s3://b/f.tgz"]),
            "code_bundle",
            "s3://b/f.tgz",
        ),
        (
            lambda one: one.container.args.append("--additional-distribution=s3://b/f.tgz"),
            "code_bundle",
            "s3://b/f.tgz",
        ),
        (lambda one: one.security_context.secrets.add(group="db", key="password"), "secrets", "db/password"),
        (lambda one: one.container.env.add(key="DB_PASSWORD", value="hunter2"), "env_keys", "DB_PASSWORD"),
        (lambda one: setattr(one.container, "image", "{{.image.default}}"), "image_repository", None),
        (
            lambda one: setattr(one.container, "image", "u:5000/a@sha256:" + "0" * 64),
            "image_digest",
            "sha256:" + "0" * 64,
        ),
        (lambda _: None, "signature", "(x: int) -> ()"),
        (lambda _: None, "output_names", None),
        (lambda _: None, "outputs", 0),
        (lambda _: None, "interruptible", None),
        (lambda _: None, "retries", None),
        (lambda _: None, "timeout", None),
        (lambda _: None, "cpu_request", None),
    ],
)
def test_values(change: Callable[[Any], None], column: str, expected: Any) -> None:
    """What is set is told in its unit, and what is not is missing, not zero or empty."""
    found = cell(given(change), column)
    assert (None if pd.isna(found) else found) == expected


def test_columns_on_request_are_those_of_semantics() -> None:
    """Digest, cache key and findings are what the functions of their names give."""
    spec = given(lambda one: one.metadata.MergeFrom(type(one.metadata)(discoverable=True, discovery_version="1")))
    row = ftn.tabulate([spec], ["digest", "cache_key", "findings", "error"]).loc[0]
    key = ftn.semantics.cache_key(spec)
    assert row["digest"] == ftn.semantics.structure_digest(spec).hex()
    assert row["cache_key"] == f"{key.project}/{key.domain}/{key.name}/{key.version}"
    assert row["findings"] == ", ".join(dict.fromkeys(one.rule for one in ftn.check(spec)))
    assert row["error"] is pd.NA


def test_secrets_are_shown_on_request() -> None:
    """``reveal_secrets`` holds for tables too, also for words that were masked before."""
    spec = given(lambda one: one.container.args.extend(["--token", "hunter2"]))
    assert cell(spec, "args") == "--token '••••••'"
    with ftn.set_options(reveal_secrets=True):
        assert cell(spec, "args") == "--token hunter2"
    assert cell(spec, "args") == "--token '••••••'"


# -- what cannot be read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 700])
def test_bad_items_are_rows_with_a_reason(count: int) -> None:
    """Damaged bytes and what is no task are NA in every column; the tasks beside them are as they would be alone."""
    good = building.spec("shop.train", "v1")
    tasks: list[Any] = [good] * count
    tasks[1:1] = [b"\xff\xff", 3, None, object()]
    frame = ftn.tabulate(tasks)
    bad = frame.iloc[1:5]
    assert bad.drop(columns="error").isna().to_numpy().all()
    assert bad["error"].notna().all()
    assert bad["error"].iloc[0].startswith("2 bytes beginning with 'ff ff' are no serialized flyteidl.admin.TaskSpec")
    rest = frame.drop(index=range(1, 5)).reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, ftn.tabulate([good] * count))


@pytest.mark.parametrize(
    ("requests", "column", "reason"),
    [
        ({"cpu": "lots"}, "cpu_request", "cpu_request: 'lots' is no quantity"),
        ({"cpu": ""}, "cpu_request", "cpu_request: '' is no quantity"),
        ({"memory": "1e30"}, "memory_request", "does not fit into 64 bits"),
        ({"gpu": "500m"}, "gpu_request", "0.5 is no whole number"),
    ],
)
def test_unreadable_quantities_are_told(requests: dict[str, str], column: str, reason: str) -> None:
    """The amount is NA, never zero; the rest of the row is there."""
    row = ftn.tabulate([given(lambda one: asked(one, **requests))]).loc[0]
    assert (row[column], row["name"]) == (pd.NA, "shop.train")
    assert reason in row["error"]


def test_several_reasons_stand_side_by_side() -> None:
    """In the order of the columns."""
    spec = given(lambda one: asked(one, cpu="a", memory="b"))
    reasons = ftn.tabulate([spec], ["memory_request", "cpu_request", "error"]).loc[0, "error"]
    assert [part.partition(":")[0] for part in reasons.split("; ") if "request: " in part] == [
        "memory_request",
        "cpu_request",
    ]


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ([], "k8s_pod: it has no containers"),
        ([{"name": "a"}, {"name": "b"}], "k8s_pod: none of its 2 containers is the primary one"),
        ([{"name": "a", "image": 5}], "k8s_pod: the image of the primary container is no text"),
        ([{"name": "a", "args": "x"}], "k8s_pod: args of the primary container is no list"),
        ([{"name": "a", "resources": {"limits": 3}}], "k8s_pod: limits of the primary container are no object"),
    ],
)
def test_malformed_pods_are_told(container: list[Any], reason: str) -> None:
    """What a pod should say and does not is NA with a reason."""
    spec = given(lambda one: one.k8s_pod.pod_spec.update({"containers": container}))
    row = ftn.tabulate([spec]).loc[0]
    assert row["error"].startswith(reason)
    assert (row["target"], row["name"]) == ("k8s_pod", "shop.train")


def test_times_beyond_the_column_are_told() -> None:
    """A timeout of more than 64 bits of microseconds is NA with a reason."""
    row = ftn.tabulate([given(lambda one: setattr(one.metadata.timeout, "seconds", 2**62))]).loc[0]
    assert row["timeout"] is pd.NaT
    assert row["error"].startswith("timeout: ")


def test_reasons_hold_no_secrets() -> None:
    """A secret where an amount should be is masked in the reason too."""
    spec = given(lambda one: asked(one, cpu="https://user:hunter2@host"))
    assert "hunter2" not in ftn.tabulate([spec]).to_csv()


def test_task_spec_without_template_is_a_row() -> None:
    """An empty message is a task that says nothing."""
    row = ftn.tabulate([task_pb2.TaskSpec()]).loc[0]
    assert (row["name"], row["cached"], row["inputs"], row["error"]) == (pd.NA, pd.NA, 0, pd.NA)
