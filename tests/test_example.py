"""The example that ships: its archives are what its sources make, and they tell the story that its README tells."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path

import pytest

import flytetask_nb as ftn
from tests.conftest import ROOT, absent

EXAMPLE = ROOT / "notebooks" / "example"
ARCHIVES = sorted((EXAMPLE / "archives").glob("*.tgz"))


@pytest.fixture(scope="module")
def tasks() -> ftn.TaskCollection:
    return ftn.load(EXAMPLE / "archives", version=lambda path: Path(path).stem)


def test_archives_are_what_the_sources_make() -> None:
    """Packaging the sources again with the real pyflyte gives the archives that are committed.

    It takes long: as long as neither has changed since these were made of those, it is not done again.
    """
    script = EXAMPLE / "make_archives.py"
    if (EXAMPLE / "archives.sha256").read_text(encoding="utf-8") == run_path(str(script))["sums"]():
        return
    (pinned,) = [line.split('"')[1] for line in script.read_text(encoding="utf-8").splitlines() if "FLYTEKIT =" in line]
    try:
        found = version("flytekit")
    except PackageNotFoundError:
        found = "none"
    if found != pinned:
        absent("example", f"the archives were made with flytekit {pinned}, here is {found}")
    missing = [name for name in ("kubernetes", "pandas", "pyarrow") if find_spec(name) is None]
    if missing:
        absent("example", f"the example's sources import {', '.join(missing)}")
    finished = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False, timeout=500
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    pytest.fail("archives.sha256 is out of date: make_archives.py writes it")


def test_there_are_eight_releases_of_about_two_dozen_tasks(tasks: ftn.TaskCollection) -> None:
    numbers = [len(ftn.load(archive)) for archive in ARCHIVES]
    assert numbers == [27, 27, 27, 27, 27, 28, 28, 27]
    assert len(tasks) == sum(numbers)
    assert tasks.failures == ()


def test_every_kind_of_target_is_there(tasks: ftn.TaskCollection) -> None:
    targets = {task.to_flyte_idl().template.WhichOneof("target") for task in tasks}
    assert targets == {"container", "k8s_pod", "sql"}


def test_the_story_is_in_the_bytes(tasks: ftn.TaskCollection) -> None:
    """A line a release: what changed, as the notebooks tell it."""
    orders = [str(task.interface.inputs["safety_days"]) for task in tasks.versions("shops.replenishment.plan_orders")]
    assert orders == ["int"] + ["int | float"] * 7
    devices = [
        task.extended_resources.gpu_accelerator.device
        for task in tasks.versions("shops.training.train_global_model")
        if task.extended_resources and task.extended_resources.gpu_accelerator
    ]
    assert list(dict.fromkeys(devices)) == ["nvidia-tesla-t4", "nvidia-l4", "nvidia-tesla-a100"]
    prices = tasks.versions("shops.features.price_features")
    assert {task.metadata.discovery_version for task in prices} == {"4"}
    assert len({task.container.env["PRICE_OUTLIER_QUANTILE"] for task in prices if task.container}) == 2
    outputs = [set(task.interface.outputs) for task in tasks.versions("shops.evaluation.summarise_backtest")]
    assert outputs[-3] - outputs[-2] == {"worst_shops"}
    assert [task.id.version for task in tasks.versions("shops.replenishment.legacy_reorder_points")][-1] == "2026.09"


def test_no_output_shows_the_example_s_secrets(tasks: ftn.TaskCollection) -> None:
    weather = tasks["shops.ingest.fetch_weather"]
    assert weather.container is not None
    token, address = weather.container.env["FORECAST_API_TOKEN"], weather.container.env["WEATHER_URL"]
    password = address.partition("@")[0].rpartition(":")[2]
    shown = weather.to_html() + weather.to_text() + weather.to_markdown() + repr(weather) + str(weather.__rich__())
    assert token not in shown
    assert password not in shown
    assert address.rpartition("@")[2] in shown
