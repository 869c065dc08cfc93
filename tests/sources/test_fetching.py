"""Files of other machines come in flight: in order, bounded, asked for once, and none left behind."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec import asyn
from fsspec.implementations.memory import MemoryFileSystem

import flytetask_nb as ftn
from flytetask_nb.sources import fetching, in_flight, progress
from tests.sources import slow_files
from tests.sources.building import package
from tests.sources.slow_files import ASYNCHRONOUS, SCHEMES, STORE, SYNCHRONOUS, SlowFileSystem, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBER = 40
LAKE = {f"lake/r{number}.tgz": package([f"a.{number}"]) for number in range(NUMBER)}


@pytest.fixture(params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def lake() -> Iterator[None]:
    """Fill the lake, and see to it that nothing of ours is left when a test is over."""
    registration = slow_files.registered()
    next(registration)
    fill(LAKE)
    yield
    assert threads() == []
    assert tasks_of_ours() == []
    next(registration, None)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("flytetask_nb")]


def tasks_of_ours() -> list[str]:
    """Return what is still to be done on fsspec's loop, but for what asks."""

    async def names() -> list[str]:
        return [str(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    return asyncio.run_coroutine_threadsafe(names(), asyn.get_loop()).result(10)


def names(tasks: ftn.TaskCollection) -> list[str]:
    return [task.name for task in tasks]


ALL = [f"a.{number}" for number in range(NUMBER)]


def sources(scheme: str) -> dict[str, Any]:
    return {
        "folder": f"{scheme}://lake",
        "glob": f"{scheme}://lake/*.tgz",
        "list": [f"{scheme}://lake/r{number}.tgz" for number in range(NUMBER)],
        "iterator": (f"{scheme}://lake/r{number}.tgz" for number in range(NUMBER)),
    }


@pytest.mark.parametrize("kind", sources(""))
def test_outcomes_come_in_order(scheme: str, kind: str) -> None:
    """Whatever comes first, the tasks are in the order of their files."""
    delays = iter([0.02, 0.0, 0.01] * NUMBER)
    STORE.before_reading = lambda _: threading.Event().wait(next(delays)) if scheme == SYNCHRONOUS else None
    assert names(ftn.load(sources(scheme)[kind])) == ALL


@pytest.mark.parametrize("kind", sources(""))
def test_results_are_those_of_the_same_files_in_memory(scheme: str, kind: str) -> None:
    """Where files come from makes no difference but to their names: damaged and missing ones too."""
    bad = {**LAKE, "lake/r3.tgz": b"\x1f\x8b no archive", "lake/r5.tgz": b"", "lake/r7.md": b"", "lake/r9.pb": b"\xff"}
    fill(bad)
    memory = fsspec.filesystem("memory")
    for name, content in bad.items():
        memory.pipe(f"/{name}", content)
    try:
        far = ftn.load(sources(scheme)[kind], errors="collect")
        near = ftn.load(sources("memory")[kind], errors="collect")
    finally:
        memory.rm("/lake", recursive=True)

    def told(tasks: ftn.TaskCollection) -> object:
        failures = [tuple(failure) for failure in tasks.failures]
        texts = str(([str(task.source) for task in tasks], failures, tasks.skipped)).replace("memory:///", "memory://")
        return texts.replace("memory://", f"{scheme}://"), [task.to_flyte_idl() for task in tasks]

    assert told(far) == told(near)


def test_a_file_system_is_asked_once_a_file(scheme: str) -> None:
    """A folder or a pattern is listed once, each file is read once, and none is asked what it is."""
    ftn.load(f"{scheme}://lake")
    assert (STORE.calls["read"], STORE.calls["ls"], STORE.calls["info"]) == (NUMBER, 1, 1)
    fill(LAKE)
    ftn.load(f"{scheme}://lake/*.tgz")
    # Of the pattern itself it is asked whether it is a name; fsspec's own glob asks about the folder.
    assert (STORE.calls["read"], STORE.calls["ls"]) == (NUMBER, 1)
    assert STORE.calls["info"] <= 3
    fill(LAKE)
    ftn.load(sources(scheme)["list"])
    assert (STORE.calls["read"], STORE.calls["ls"], STORE.calls["info"]) == (NUMBER, 0, 0)


@pytest.mark.parametrize("most", [1, 3, 16])
def test_so_many_are_on_their_way_and_no_more(scheme: str, most: int) -> None:
    STORE.latency = 0.005
    with ftn.set_options(max_in_flight=most):
        assert names(ftn.load(sources(scheme)["list"])) == ALL
    assert STORE.most_running <= most
    assert STORE.most_running >= min(most, 2)


def test_bytes_that_are_held_are_bounded(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are asked for as far as their sizes, which the listing tells, allow."""
    size = len(LAKE["lake/r0.tgz"])
    monkeypatch.setattr(fetching, "_MOST_HELD", 3 * size)
    read_before: list[int] = []
    came = fetching.fetched

    def watched(*arguments: Any) -> Iterator[Any]:
        for position, location in enumerate(came(*arguments)):
            read_before.append(STORE.calls["read"] - position)
            yield location

    monkeypatch.setattr("flytetask_nb.sources.reading.fetched", watched)
    assert names(ftn.load(f"{scheme}://lake")) == ALL
    assert max(read_before) <= 5


def test_a_large_file_comes_as_a_stream(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_MOST_AT_ONCE", 10)
    assert names(ftn.load(f"{scheme}://lake")) == ALL
    assert STORE.most_running == 1


@pytest.mark.parametrize("most", [10, 10**6])
def test_files_of_untold_size_are_read_no_further_than_a_bound(
    scheme: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_flight, "UNTOLD", most)
    STORE.tells_sizes = False
    assert names(ftn.load(f"{scheme}://lake")) == ALL


def test_each_thread_has_a_connection_of_its_own() -> None:
    """Drivers that are not asynchronous need not be safe to share."""
    STORE.latency = 0.005
    ftn.load(f"{SYNCHRONOUS}://lake")
    assert len(SlowFileSystem.threads) > 2
    assert all(len(users) == 1 for users in SlowFileSystem.threads.values())


def test_files_at_hand_need_no_thread(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies on this machine, in memory or in an archive is read in this thread, in turn."""

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(in_flight.InFlight, "content", refuse)
    memory = fsspec.filesystem("memory")
    assert isinstance(memory, MemoryFileSystem)
    for name, content in LAKE.items():
        (tmp_path / name.rpartition("/")[2]).write_bytes(content)
        memory.pipe(f"/{name}", content)
    try:
        for source in (tmp_path, f"file://{tmp_path}", "memory://lake", [*map(str, tmp_path.iterdir())]):
            assert len(ftn.load(source)) == NUMBER
    finally:
        memory.rm("/lake", recursive=True)


def test_what_a_driver_raises_is_told_with_the_file(scheme: str) -> None:
    """A file that fails is a failure of that file, and the others come."""

    def fail(path: str) -> None:
        if path.endswith("r7.tgz"):
            raise RuntimeError("connection reset")

    STORE.before_reading = fail
    tasks = ftn.load(f"{scheme}://lake", errors="collect")
    assert names(tasks) == [name for name in ALL if name != "a.7"]
    (failure,) = tasks.failures
    assert (failure.source, failure.reason) == (
        f"{scheme}://lake/r7.tgz",
        "cannot be read: connection reset; check the file and its rights",
    )
    with pytest.raises(ftn.LoadError, match="connection reset"):
        ftn.load(f"{scheme}://lake")


@pytest.fixture
def pythons_own_interrupts() -> Iterator[None]:
    """Whatever other tests have left: flytekit sets a handler that ends the process."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.mark.usefixtures("pythons_own_interrupts")
def test_an_interrupt_leaves_nothing(scheme: str) -> None:
    """Ctrl-C while files are on their way ends the call and all that it began."""
    STORE.latency = 0.05

    def interrupt(path: str) -> None:
        if path.endswith("r5.tgz"):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    STORE.before_reading = interrupt
    with pytest.raises(KeyboardInterrupt):
        ftn.load(sources(scheme)["folder"])
    assert threads() == []
    assert tasks_of_ours() == []
    read = STORE.calls["read"]
    threading.Event().wait(0.2)
    assert STORE.calls["read"] == read < NUMBER
    STORE.before_reading = lambda _: None
    assert names(ftn.load(f"{scheme}://lake")) == ALL


def test_an_iterator_that_is_given_up_leaves_nothing(scheme: str) -> None:
    """An error in between ends what was asked for as well."""
    STORE.latency = 0.02
    STORE.files["lake/r1.tgz"] = b"no archive"
    with pytest.raises(ftn.LoadError, match=r"r1\.tgz"):
        ftn.load(f"{scheme}://lake")
    assert STORE.calls["read"] < NUMBER or STORE.most_running <= 16


@pytest.mark.parametrize("kind", ["folder", "glob", "list"])
def test_one_bar_counts_the_files_of_a_known_total(
    scheme: str, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    ftn.load(sources(scheme)[kind])
    assert f"{NUMBER}/{NUMBER} [00:00" in capsys.readouterr().err


def test_a_running_loop_is_no_hindrance() -> None:
    """In a notebook, a cell runs inside a loop of its own."""

    async def cell() -> list[str]:
        return names(ftn.load(f"{ASYNCHRONOUS}://lake"))

    assert asyncio.run(cell()) == ALL


def test_a_scan_fetches_as_well(scheme: str) -> None:
    pytest.importorskip("dask.dataframe")
    STORE.latency = 0.005
    table = ftn.scan(f"{scheme}://lake")
    assert STORE.calls["read"] == 0
    assert list(table.compute(scheduler="sync").name) == ALL
    assert STORE.calls["info"] == 1
    assert STORE.most_running > 1
