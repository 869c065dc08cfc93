"""How long it takes to make a table of tasks, and how much memory it holds.

Run ``python tests/benchmarks/tables.py [number of tasks ...]``, 10,000 by default. Each figure is the best of several
rounds, in milliseconds and as a multiple of the bare loop that parses every task with ``FromString``, measured in
turn. Goals: the faster path twice the loop, tasks that were loaded 2.5 times, the plain path eight times, 50 times faster than flytekit's models and
pandas, 1 KB a row; 100 tasks in 15 ms.
"""

from __future__ import annotations

import gc
import io
import shlex
import sys
import tarfile
import tempfile
import tracemalloc
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.collection import TaskCollection

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flytetask_nb.sources.loading import load
from flytetask_nb.tables import extraction
from flytetask_nb.tables.columns import DEFAULT_COLUMNS as COLUMNS
from flytetask_nb.tables.frames import tabulate
from tests.many_tasks import many_tasks

COUNTS = (10_000,)
ROUNDS = 7
FEW = 100
PACKED = 500
"""Tasks in an archive."""
COSTLY = 8
FLYTEKIT = 500
"""Tasks that flytekit is measured with; it takes a time in proportion."""


def bare_loop(data: list[bytes]) -> None:
    """Parse and forget."""
    parse = task_pb2.TaskSpec.FromString
    for one in data:
        parse(one)


def loaded(data: list[bytes]) -> TaskCollection:
    """Return tasks as they come from archives, each with the entry that it was in."""
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, len(data), PACKED):
            with tarfile.open(Path(folder) / f"{start:07}.tar", "w") as archive:
                for number, task in enumerate(data[start : start + PACKED]):
                    name = task_pb2.TaskSpec.FromString(task).template.id.name
                    info = tarfile.TarInfo(f"{number:03}_{name}_1.pb")
                    info.size = len(task)
                    archive.addfile(info, io.BytesIO(task))
        return load(folder)


def plainly(data: list[bytes]) -> Any:
    """Make the table without Arrow."""
    usual = extraction._projection
    extraction._projection = lambda: None
    try:
        return tabulate(data)
    finally:
        extraction._projection = usual


def with_flytekit(data: list[bytes]) -> Any:
    """Make the table of flytekit's models: what a user would write without this package.

    It has the columns that those hold ready, 40 of ours: no signature, no digest or bundle of code, and nothing is
    masked or told in ``error``.
    """
    import pandas as pd  # noqa: PLC0415 - not before it is measured
    from flytekit.models.task import TaskSpec  # noqa: PLC0415 - slow to import

    parse = task_pb2.TaskSpec.FromString
    return pd.DataFrame([_flytekit_row(TaskSpec.from_flyte_idl(parse(one)).template) for one in data])


def _flytekit_row(template: Any) -> dict[str, Any]:
    identifier, metadata, interface = template.id, template.metadata, template.interface
    security, extended = template.security_context, template.extended_resources
    accelerator = extended.gpu_accelerator if extended else None
    row = {
        "project": identifier.project,
        "domain": identifier.domain,
        "name": identifier.name,
        "version": identifier.version,
        "type": template.type,
        "task_type_version": template.task_type_version,
        "inputs": len(interface.inputs),
        "input_names": ", ".join(interface.inputs),
        "outputs": len(interface.outputs),
        "output_names": ", ".join(interface.outputs),
        "accelerator": accelerator.device if accelerator else None,
        "accelerator_partition": accelerator.partition_size if accelerator else None,
        "retries": metadata.retries.retries,
        "timeout": metadata.timeout,
        "interruptible": metadata.interruptible,
        "cached": metadata.discoverable,
        "cache_version": metadata.discovery_version,
        "cache_serializable": metadata.cache_serializable,
        "deprecated": metadata.deprecated_error_message,
        "runtime": metadata.runtime.flavor,
        "runtime_version": metadata.runtime.version,
        "pod_template": metadata.pod_template_name,
        "generates_deck": metadata.generates_deck,
        "is_eager": metadata.is_eager,
        "service_account": security.run_as.k8s_service_account if security and security.run_as else None,
        "iam_role": security.run_as.iam_role if security and security.run_as else None,
        "secrets": ", ".join(f"{one.group}/{one.key}" for one in security.secrets or ()) if security else None,
    }
    if template.container is not None:
        container, resources = template.container, template.container.resources
        asked = {
            side: {_resource_name(one.name): one.value for one in entries}
            for side, entries in (("request", resources.requests), ("limit", resources.limits))
        }
        parts = (container.image, container.command, container.args, list(container.env or ()))
        return row | {"target": "container"} | _runner_row(parts, asked)
    if template.k8s_pod is not None:
        container = template.k8s_pod.pod_spec["containers"][0]
        wanted = container.get("resources") or {}
        asked = {side: dict(wanted.get(f"{side}s") or {}) for side in ("request", "limit")}
        env = [one["name"] for one in container.get("env") or ()]
        parts = (container.get("image"), container.get("command") or (), container.get("args") or (), env)
        return row | {"target": "k8s_pod"} | _runner_row(parts, asked)
    return row


def _resource_name(number: int) -> str:
    return str(tasks_pb2.Resources.ResourceName.Name(number)).lower().replace("_", "-")


def _runner_row(parts: tuple[Any, ...], asked: dict[str, dict[str, str]]) -> dict[str, Any]:
    from kubernetes.utils import parse_quantity  # noqa: PLC0415 - as above

    image, command, args, env = parts
    repository, _, tag = (image or "").rpartition(":")
    row = {
        "image": image,
        "image_registry": repository.partition("/")[0],
        "image_repository": repository.partition("/")[2],
        "image_tag": tag,
        "command": shlex.join(command),
        "args": shlex.join(args),
        "env_keys": ", ".join(env),
    }
    for side, amounts in asked.items():
        for name in ("cpu", "memory", "ephemeral-storage", "gpu"):
            if name in amounts:
                row[f"{name}_{side}"] = float(parse_quantity(amounts[name]))
    return row


def seconds(work: Callable[[list[bytes]], object], data: list[bytes]) -> float:
    """Measure once."""
    gc.collect()
    start = process_time()
    work(data)
    return process_time() - start


def held(data: list[bytes]) -> float:
    """Return the bytes a row that a table holds."""
    tracemalloc.start()
    try:
        frame = tabulate(data)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / len(frame)
    finally:
        tracemalloc.stop()


def costly(data: list[bytes]) -> list[tuple[float, str]]:
    """Return the columns that cost most in a table of their own, beyond what any table costs, in milliseconds."""
    alone = {
        name: min(seconds(lambda data, one=name: tabulate(data, [one]), data) for _ in range(2)) for name in COLUMNS
    }
    least = min(alone.values())
    return sorted(((1e3 * (found - least), name) for name, found in alone.items()), reverse=True)[:COSTLY]


def measure(count: int) -> None:
    """Measure and print."""
    data = list(many_tasks(count))
    sys.stdout.write(f"{count:,} tasks of {sum(map(len, data)) / count:,.0f} bytes\n")
    rounds = ROUNDS if count <= max(COUNTS) else 2
    tasks = loaded(data)
    works = {
        "bare loop": bare_loop,
        "faster path": tabulate,
        "loaded tasks": lambda _: tabulate(tasks),
        "plain path": plainly,
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(work, data))
    loop = min(times["bare loop"])
    for name, found in times.items():
        sys.stdout.write(f"  {name:14}{min(found) * 1e3:10.1f} ms  {min(found) / loop:7.2f} x the loop\n")
    sys.stdout.write(f"  {'first time':14}{times['faster path'][0] * 1e3:10.1f} ms\n")
    few = min(seconds(tabulate, data[:FEW]) for _ in range(ROUNDS * 3))
    sys.stdout.write(f"  {FEW} tasks     {few * 1e3:10.1f} ms\n")
    try:
        theirs = min(seconds(with_flytekit, data[:FLYTEKIT]) for _ in range(2)) / min(FLYTEKIT, count) * count
    except ImportError:
        sys.stdout.write("  flytekit is not installed, so there is nothing to compare with\n")
    else:
        sys.stdout.write(f"  flytekit      {theirs * 1e3:10.1f} ms  {theirs / min(times['faster path']):7.0f} x ours\n")
    sys.stdout.write(f"  memory        {held(data):10.0f} bytes a row\n")
    sys.stdout.write("  by itself, a column costs more than the cheapest:\n")
    for more, name in costly(data):
        sys.stdout.write(f"    {name:20}{more:10.1f} ms\n")


def main() -> None:
    """Measure what was asked for."""
    for count in map(int, sys.argv[1:] or COUNTS):
        measure(count)


if __name__ == "__main__":
    main()
