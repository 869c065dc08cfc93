"""The columns that say what a whole job asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.tables import extraction
from tests.diffs.strategies import plugins
from tests.many_tasks import many_tasks
from tests.real_tasks import serialized_tasks
from tests.sources import building

if TYPE_CHECKING:
    from pathlib import Path

JOB = ["job_cpu", "job_memory", "job_gpu", "replicas"]
GIB = 2**30
GPU_WORKER = {"requests": [{"name": "CPU", "value": "4"}, {"name": "GPU", "value": "1"}], "limits": [{"name": "MEMORY", "value": "8Gi"}]}  # fmt: skip


def task(kind: str = "python-task", custom: dict[str, Any] | None = None, version: int = 1, **requests: str) -> Any:
    spec = building.spec()
    spec.template.type, spec.template.task_type_version = kind, version
    spec.template.custom.update(custom or {})
    for name, value in requests.items():
        spec.template.container.resources.requests.add(name={"cpu": 1, "gpu": 2, "memory": 3}[name], value=value)
    return spec


def pod_task(*containers: dict[str, Any], kind: str = "sidecar", custom: dict[str, Any] | None = None) -> Any:
    spec = building.spec()
    spec.template.type, spec.template.task_type_version = kind, 2
    spec.template.config["primary_container_name"] = "main"
    spec.template.k8s_pod.pod_spec.update({"containers": list(containers)})
    spec.template.custom.update(custom or {})
    return spec


def row(spec: Any) -> list[Any]:
    """Return the job's columns, None where something is missing."""
    found = ftn.tabulate([spec]).loc[0]
    assert found["error"] is pd.NA
    return [None if pd.isna(found[name]) else found[name] for name in JOB]


def ray(amounts: dict[str, Any]) -> dict[str, Any]:
    pod = {"podSpec": {"containers": [{"name": "ray-worker", "resources": {"requests": amounts, "limits": amounts}}]}}
    return {"rayCluster": {"workerGroupSpec": [{"groupName": "a", "replicas": 2, "k8sPod": pod}]}}


SPARK = {
    "spark.driver.cores": "1",
    "spark.driver.memory": "1g",
    "spark.executor.cores": "4",
    "spark.executor.memory": "4g",
    "spark.executor.instances": "3",
    "spark.executor.resource.gpu.amount": "1",
}
JOBS = {
    "dask": (task("dask", {"workers": {"numberOfWorkers": 4, "resources": GPU_WORKER}}, cpu="1", memory="1Gi"), [18.0, 34 * GIB, 4, 6]),
    "pytorch": (task("pytorch", {"workerReplicas": {"replicas": 4, "resources": GPU_WORKER}}, cpu="1", memory="1Gi"), [17.0, 33 * GIB, 4, 5]),
    "tensorflow": (task("tensorflow", {"workerReplicas": {"replicas": 4, "resources": GPU_WORKER}}), [16.0, 32 * GIB, 4, 4]),
    "mpi": (task("mpi", {"workerReplicas": {"replicas": 2, "resources": GPU_WORKER}}, cpu="500m"), [8.5, None, 2, 3]),
    "ray": (task("ray", ray({"cpu": "4", "memory": "8Gi", "nvidia.com/gpu": 1}), cpu="1", memory="1Gi"), [9.0, 17 * GIB, 2, 3]),
    "spark": (task("spark", {"sparkConf": SPARK}, cpu="64"), [13.0, 13 * GIB, 3, 4]),
    "databricks": (task("databricks", {"databricksConf": {"new_cluster": {"num_workers": 2}}}), [None, None, None, 3]),
    "map task": (task("container_array", {"parallelism": "10"}, cpu="2", memory="1Gi", gpu="1"), [20.0, 10 * GIB, 10, 10]),
    "map task without bound": (task("container_array", {"minSuccessRatio": 1.0}, cpu="2"), [None] * 4),
    "plain": (task(cpu="250m", memory="100m", gpu="2"), [0.25, 1, 2, 1]),
    "nothing said": (task(), [None, None, None, 1]),
    "sidecars": (pod_task({"name": "main", "resources": {"requests": {"cpu": 1, "memory": "1Gi"}}}, {"name": "side", "resources": {"limits": {"cpu": "500m"}}}), [1.5, GIB, None, 1]),
    "pod of dask": (pod_task({"name": "main", "resources": {"requests": {"cpu": 1}}}, {"name": "side"}, kind="dask", custom={"workers": {"numberOfWorkers": 1}}), [3.0, None, None, 3]),
}  # fmt: skip


@pytest.mark.parametrize("kind", JOBS)
def test_jobs(kind: str) -> None:
    """Cores, bytes, devices and pods of all that runs at the same time."""
    spec, expected = JOBS[kind]
    assert row(spec) == expected


def test_who_asks_for_gpus_is_found_wherever_it_says_so() -> None:
    """Also where a plugin's workers ask for them, which ``gpu_request`` does not see."""
    frame = ftn.tabulate([spec for spec, _ in JOBS.values()])
    asked = [kind for kind, (_, expected) in JOBS.items() if expected[2]]
    assert [list(JOBS)[position] for position in frame.query("job_gpu > 0").index] == asked
    assert len(frame.query("gpu_request > 0")) < len(asked)


def test_dtypes() -> None:
    """Cores are numbers with a point, all else whole; missing is NA."""
    frame = ftn.tabulate([])
    assert [str(frame[name].dtype) for name in JOB] == ["Float64", "Int64", "Int64", "Int64"]


def mapped(*words: str, in_pod: bool = False) -> Any:
    spec = task(cpu="1")
    if in_pod:
        return pod_task({"name": "main", "args": list(words), "resources": {"requests": {"cpu": 1}}})
    spec.template.container.args.extend(words)
    return spec


@pytest.mark.parametrize("in_pod", [False, True])
@pytest.mark.parametrize(
    ("words", "is_mapped"),
    [
        (["pyflyte-map-execute", "--inputs", "{{.input}}"], True),
        (["pyflyte-fast-execute", "--additional-distribution", "s3://b/c", "--", "pyflyte-map-execute"], True),
        (["pyflyte-execute", "--", "task-name", "pyflyte-map-execute"], False),
        (["echo", "pyflyte-map-execute"], False),
        ([], False),
    ],
)
def test_items_of_map_tasks_are_of_unknown_number(words: list[str], is_mapped: bool, in_pod: bool) -> None:
    """An array node runs the task as often as its workflow says."""
    assert row(mapped(*words, in_pod=in_pod)) == ([None] * 4 if is_mapped else [1.0, None, None, 1])


def test_plain_tasks_ask_for_what_their_container_does(corpus: Path) -> None:
    """A limit stands in for a request; items of map tasks are left out, and pods, which have more containers."""
    frame = ftn.tabulate(list(serialized_tasks(corpus).values()))
    plain = frame[((frame["target"] == "container") & (frame["replicas"] == 1)).fillna(value=False).astype(bool)]
    for name in ("cpu", "memory", "gpu"):
        asked = plain[f"{name}_request"].fillna(plain[f"{name}_limit"])
        pd.testing.assert_series_equal(plain[f"job_{name}"], asked, check_names=False)
    assert frame["error"].isna().all()


@pytest.mark.parametrize(
    ("spec", "missing", "reason"),
    [
        (
            task("dask", {"workers": {"numberOfWorkers": "many"}}, cpu="1", memory="1Gi"),
            JOB,
            "job_cpu: custom.workers.numberOfWorkers: 'many', where the plugin expects a whole number from 0 to 4,",
        ),
        (
            task(
                "dask",
                {"workers": {"numberOfWorkers": 1, "resources": {"limits": [{"name": "MEMORY", "value": "8GB"}]}}},
                cpu="1",
                memory="1Gi",
            ),
            ["job_cpu", "job_memory", "job_gpu"],
            "job_memory: custom.workers.resources.limits.memory: '8GB' is no quantity",
        ),
        (task(cpu="lots", memory="1Gi", gpu="1"), ["job_cpu"], "cpu_request: 'lots' is no quantity"),
        (task(memory="1e30", cpu="1", gpu="1"), ["job_memory"], "does not fit into 64 bits"),
        (task(gpu="500m", cpu="1", memory="1Gi"), ["job_gpu"], "0.5 is no whole number"),
    ],
)
def test_what_cannot_be_read_is_told_once(spec: Any, missing: list[str], reason: str) -> None:
    """And breaks nothing beside it, in its row or in others."""
    frame = ftn.tabulate([building.spec(), spec, building.spec()])
    found = frame.loc[1]
    assert [name for name in JOB if found[name] is pd.NA] == missing
    assert found["error"].count(reason) == 1
    assert found["name"] == "shop.train"
    assert frame["error"].isna().tolist() == [True, False, True]
    alone = ftn.tabulate([spec], ["job_cpu", "job_memory", "job_gpu", "error"]).loc[0, "error"]
    assert reason.partition(": ")[2] in alone or reason in alone


def test_columns_are_kept_in_snapshots_and_scans(tmp_path: Path) -> None:
    """As all others are."""
    pytest.importorskip("pyarrow")
    tasks = ftn.TaskCollection([ftn.FlyteTask.from_flyte_idl(spec) for spec, _ in JOBS.values()])
    tasks.save(tmp_path / "jobs.parquet")
    expected = tasks.to_frame()[JOB]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "jobs.parquet")[JOB], expected)
    pytest.importorskip("dask.dataframe")
    scanned = ftn.scan(tmp_path / "jobs.parquet").compute(scheduler="sync")
    pd.testing.assert_frame_equal(scanned[JOB].reset_index(drop=True), expected)


# -- both paths --------------------------------------------------------------------------------------------------------


def both(data: list[bytes]) -> pd.DataFrame:
    """Make the table by either path, compare, and give it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction, "_FEW", 0)
        faster = ftn.tabulate(data)
        patch.setattr(extraction, "_FEW", len(data) + 1)
        pd.testing.assert_frame_equal(faster, ftn.tabulate(data))
    return faster


def test_both_paths_say_the_same() -> None:
    """Beside many other tasks, whatever the plugin."""
    pytest.importorskip("ptars")
    specs = [spec for spec, _ in JOBS.values()]
    specs += [mapped(*words, in_pod=in_pod) for words in (["pyflyte-map-execute"], ["x"]) for in_pod in (False, True)]
    specs += [task("dask", {"workers": {"numberOfWorkers": "many"}}), task(cpu="lots")]
    found = both([*(spec.SerializeToString() for spec in specs), *many_tasks(600), b"\xff"])
    expected = ftn.tabulate(specs)
    pd.testing.assert_frame_equal(found[JOB].head(len(specs)), expected[JOB])


@given(st.lists(plugins(), min_size=1, max_size=3))
def test_both_paths_say_the_same_of_any_settings(pairs: list[tuple[Any, Any]]) -> None:
    """Whatever stands in them."""
    pytest.importorskip("ptars")
    both([spec.SerializeToString() for pair in pairs for spec in pair])
