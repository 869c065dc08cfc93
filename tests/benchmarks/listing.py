"""What a listing costs beside a bare loop over the stub, and beside flytekit's client.

Run ``python tests/benchmarks/listing.py [tasks]``. A server in a process of its own gives pages that were made
beforehand, of the corpus's tasks, so that what is measured is the client. Each figure is the best of several rounds:
seconds, calls, megabytes on the wire, and what the process has grown by in memory. Goal: 1.3 times the bare loop.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import grpc
import psutil
from flyteidl.admin import common_pb2, task_pb2
from flyteidl.service.admin_pb2_grpc import AdminServiceStub

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import flytetask_nb as ftn
from tests.conftest import TRUTH
from tests.real_tasks import serialized_tasks
from tests.sources.client.serving import Served, list_of, serving

TASKS = 100_000
PAGE = 1000
ROUNDS = 5
GOAL = 1.3
PLACE = ("flytesnacks", "development")
MOST = 64 * 2**20


def pages(count: int) -> dict[int, bytes]:
    """Return serialized pages by their offset."""
    specs = [task_pb2.TaskSpec.FromString(data) for data in serialized_tasks(TRUTH / "corpus").values()]
    if not specs:
        raise SystemExit("there is nothing to measure with: the corpus is not here")
    found = {}
    numbered = enumerate(islice(cycle(specs), count))
    for start in range(0, count + 1, PAGE):
        rows = []
        for number, spec in islice(numbered, PAGE):
            task = task_pb2.Task()
            task.closure.compiled_task.template.CopyFrom(spec.template)
            one = task.closure.compiled_task.template.id
            one.project, one.domain, one.version = *PLACE, f"v{number}"
            task.id.CopyFrom(one)
            task.closure.created_at.FromMicroseconds(1_700_000_000_000_000 + number)
            rows.append(task)
        found[start] = list_of(rows, str(start + PAGE) if len(rows) == PAGE else "")
    return found


def serve(count: int) -> None:
    """Serve until the other side closes the input."""
    made = pages(count)
    served = Served(page=lambda _, request: made.get(int(request.token or 0), b""))
    # Nothing is recorded: the server is to cost as little as it can.
    served.answer = lambda _, request, __: served.page(served, request)  # type: ignore[method-assign,misc]
    with serving(served):
        sys.stdout.write(f"{served.endpoint}\n")
        sys.stdout.flush()
        sys.stdin.read()


def bare(endpoint: str) -> tuple[int, int, int]:
    """List with nothing but the stub."""
    tasks: list[Any] = []
    calls = size = 0
    token = ""
    with grpc.insecure_channel(endpoint, options=[("grpc.max_receive_message_length", MOST)]) as channel:
        stub = AdminServiceStub(channel)
        order = common_pb2.Sort(key="id", direction=common_pb2.Sort.ASCENDING)
        while True:
            identifier = common_pb2.NamedEntityIdentifier(project=PLACE[0], domain=PLACE[1])
            answer = stub.ListTasks(
                common_pb2.ResourceListRequest(id=identifier, limit=PAGE, token=token, sort_by=order)
            )
            calls += 1
            size += answer.ByteSize()
            tasks += answer.tasks
            token = answer.token
            if not token:
                return len(tasks), calls, size


def ours(endpoint: str) -> tuple[int, int, int]:
    """List with this package."""
    with ftn.connect(endpoint, insecure=True) as remote:
        ask = remote._calls.ask_raw
        sizes: list[int] = []

        def counted(*arguments: Any, **rest: Any) -> bytes:
            data = ask(*arguments, **rest)
            sizes.append(len(data))
            return data

        remote._calls.ask_raw = counted  # type: ignore[method-assign]
        found = remote.list_tasks(*PLACE, page_size=PAGE)
        return len(found), len(sizes), sum(sizes)


def flytekits(endpoint: str) -> tuple[int, int, int]:
    """List with the client of FlyteRemote."""
    from flytekit.clients.friendly import SynchronousFlyteClient  # noqa: PLC0415 - seconds
    from flytekit.configuration import PlatformConfig  # noqa: PLC0415 - likewise
    from flytekit.models.admin.common import Sort  # noqa: PLC0415 - likewise
    from flytekit.models.common import NamedEntityIdentifier  # noqa: PLC0415 - likewise

    client = SynchronousFlyteClient(PlatformConfig(endpoint=endpoint, insecure=True))
    tasks: list[Any] = []
    calls = 0
    token = ""
    while True:
        found, token = client.list_tasks_paginated(
            NamedEntityIdentifier(*PLACE), limit=PAGE, token=token, sort_by=Sort("id", Sort.Direction.ASCENDING)
        )
        calls += 1
        tasks += found
        if not token:
            return len(tasks), calls, 0


def best(work: Callable[[str], tuple[int, int, int]], endpoint: str, rounds: int) -> tuple[float, float, Any]:
    """Return the best time, what the first round took of memory at its end, and what came."""
    times = []
    process = psutil.Process()
    grown = 0.0
    for number in range(rounds):
        gc.collect()
        before = process.memory_info().rss
        start = perf_counter()
        answer = work(endpoint)
        times.append(perf_counter() - start)
        if number == 0:
            grown = (process.memory_info().rss - before) / 1e6
    return min(times), grown, answer


def main(count: int) -> None:
    """Measure and print."""
    command = [sys.executable, __file__, str(count), "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        endpoint = server.stdout.readline().strip()
        ours(endpoint)  # modules are loaded before the clock runs
        rows = {
            "bare loop": best(bare, endpoint, ROUNDS),
            "flytetask_nb": best(ours, endpoint, ROUNDS),
            "flytekit": best(flytekits, endpoint, 1),
        }
        server.stdin.close()
    sys.stdout.write(f"{'':14}{'tasks':>9}{'calls':>7}{'MB':>8}{'seconds':>9}{'grown MB':>10}\n")
    for name, (seconds, grown, (tasks, calls, size)) in rows.items():
        told = f"{size / 1e6:8.1f}" if size else f"{'':8}"
        sys.stdout.write(f"{name:14}{tasks:>9,}{calls:>7}{told}{seconds:9.2f}{grown:10.0f}\n")
    ratio = rows["flytetask_nb"][0] / rows["bare loop"][0]
    sys.stdout.write(f"{ratio:.2f} times the bare loop; goal {GOAL}: {'met' if ratio <= GOAL else 'missed'}\n")


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    serve(number) if sys.argv[2:] else main(number)
