"""The look of representative tasks, whole: whoever changes it sees the change in a diff.

``FLYTETASK_NB_UPDATE_SNAPSHOTS=1 pytest tests/views/test_snapshots.py`` writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from flytetask_nb.views import describe, html
from tests.conftest import ROOT
from tests.diffs.test_blast_radius import workflows

if TYPE_CHECKING:
    from collections.abc import Callable

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
SNAPSHOTS = Path(__file__).with_name("snapshots")
UPDATE = bool(os.environ.get("FLYTETASK_NB_UPDATE_SNAPSHOTS"))

FORMATS: dict[str, Callable[[Any], str]] = {
    # A line a row or section, so that a diff can be read.
    "html": lambda value: (
        html.fragment(describe(value))
        .replace("<tr>", "\n<tr>")
        .replace("<details", "\n<details")
        .replace("<div", "\n<div")
    ),
    "txt": lambda value: value.to_text(),
    "md": lambda value: value.to_markdown(),
}

TASKS = {
    "gpu_container": "shops.training.train_global_model",
    "pod_with_sidecar": "shops.training.prepare_tensors",
    "sql": "shops.ingest.daily_sales",
    "raw_container": "shops.ingest.download_feed",
    "shell": "shops.ingest.unpack_feed",
    "dynamic": "shops.training.tune_global_model",
    "secrets": "shops.ingest.fetch_weather",
    "deprecated": "shops.replenishment.legacy_reorder_points",
}
PARTS: dict[str, Callable[[ftn.FlyteTask], Any]] = {
    "identifier": lambda task: task.id,
    "interface": lambda task: task.interface,
    "variable": lambda task: task.interface.inputs["config"],
    "literal_type": lambda task: task.interface.inputs["config"].type,
    "metadata": lambda task: task.metadata,
    "container": lambda task: task.container,
    "resources": lambda task: task.container.resources,  # type: ignore[union-attr]
    "extended_resources": lambda task: task.extended_resources,
    "documentation": lambda task: task.docs,
    "runtime": lambda task: task.metadata.runtime,
}


# What changed between two releases of the example, by kind: resources, a pod, SQL, types, a stale cache, breaking.
DIFFS = {
    "diff_resources": ("2026.09", "2026.10", "shops.training.train_global_model"),
    "diff_pod": ("2026.06", "2026.07", "shops.training.prepare_tensors"),
    "diff_sql": ("2026.06", "2026.07", "shops.ingest.daily_sales"),
    "diff_types": ("2026.07", "2026.08", "shops.replenishment.plan_orders"),
    "diff_stale": ("2026.04", "2026.05", "shops.features.price_features"),
    "diff_breaking": ("2026.08", "2026.09", "shops.evaluation.summarise_backtest"),
    "diff_noise": ("2026.05", "2026.06", "shops.features.price_features"),
}


def check(name: str, value: Any) -> None:
    for suffix, render in FORMATS.items():
        path = SNAPSHOTS / f"{name}.{suffix}"
        actual = render(value) + "\n"
        if UPDATE:
            path.parent.mkdir(exist_ok=True)
            path.write_text(actual, encoding="utf-8")
        assert actual == path.read_text(encoding="utf-8"), f"{path.name} looks different"


@pytest.mark.parametrize("name", TASKS)
def test_task(name: str, example: ftn.TaskCollection) -> None:
    check(name, example[TASKS[name]])


@pytest.mark.parametrize("name", PARTS)
def test_part(name: str, example: ftn.TaskCollection) -> None:
    check(name, PARTS[name](example[TASKS["gpu_container"]]))


def test_collection(example: ftn.TaskCollection) -> None:
    check("collection", example)


def release(name: str) -> ftn.TaskCollection:
    return ftn.load(str(ARCHIVES / f"{name}.tgz"), version=name, project="forecast", domain="production")


@pytest.mark.parametrize("name", DIFFS)
def test_diff(name: str) -> None:
    old, new, task = DIFFS[name]
    check(name, ftn.diff(release(old)[task], release(new)[task]))


def test_compatibility() -> None:
    tasks = [release(name)["shops.evaluation.summarise_backtest"] for name in ("2026.08", "2026.09")]
    check("compatibility", ftn.compatibility(*tasks))


def test_findings() -> None:
    """Of a task that asks for more than it may have."""
    task = release("2026.10")["shops.training.train_global_model"].to_flyte_idl()
    task.template.container.image = ""
    task.template.container.resources.requests[0].value = "1000"
    check("findings", ftn.check(task))


def test_callers() -> None:
    check("callers", ftn.callers(workflows("2026.08"), ftn.load(str(ARCHIVES / "2026.09.tgz"))))
