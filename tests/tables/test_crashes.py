"""Snapshots whose writers are killed, run out of disk or are not alone: the old or the new one is there, never neither."""

from __future__ import annotations

import errno
import io
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from flytetask_nb import folder_swap
from flytetask_nb.tables import snapshots
from tests.sources import building

if TYPE_CHECKING:
    from collections.abc import Callable

pytest.importorskip("pyarrow")

NAMES = ["prod.parquet", "prod"]
SYSTEM_CALLS = ("fsync", "rename", "replace", "mkdir", "rmdir", "unlink")
MOST_STEPS = 500
CONTENTS: dict[tuple[bytes, ...], bytes] = {}


@pytest.fixture(autouse=True)
def encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write what was encoded before, in three pieces: where it is written is tried hundreds of times, not how."""
    usual = snapshots.write_snapshot

    def write(file: Any, data: Any, origins: Any, failures: Any = (), skipped: Any = None) -> None:
        content = CONTENTS.get(tuple(data))
        if content is None:
            usual(buffer := io.BytesIO(), data, origins, failures, skipped)
            content = CONTENTS[tuple(data)] = buffer.getvalue()
        for start in range(3):
            file.write(content[start * len(content) // 3 : (start + 1) * len(content) // 3])

    monkeypatch.setattr(snapshots, "write_snapshot", write)


class Killed(BaseException):
    """The process ends here: it does nothing more."""


class Steps:
    """Counts what a writer asks of the disk, and lets a step fail; where it is killed, all that follow do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._count = 0
        self._failing = MOST_STEPS
        self._error: Callable[[], BaseException] = Killed
        self._is_lasting = True
        for name in SYSTEM_CALLS:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))
        monkeypatch.setattr(folder_swap, "_exchanged", self._counted(folder_swap._exchanged))
        usual_open = Path.open

        def opened(path: Path, mode: str = "r", *rest: Any, **settings: Any) -> Any:
            file = usual_open(path, mode, *rest, **settings)
            return Written(file, self) if mode == "wb" else file

        monkeypatch.setattr(Path, "open", opened)

    def fail_at(self, step: int, error: Callable[[], BaseException], *, is_lasting: bool) -> None:
        self._count, self._failing, self._error, self._is_lasting = 0, step, error, is_lasting

    def take(self) -> None:
        self._count += 1
        if self._count == self._failing or (self._is_lasting and self._count > self._failing):
            raise self._error()

    @property
    def is_over(self) -> bool:
        """Whether the writer was through before its step came."""
        return self._count < self._failing

    def _counted(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **settings: Any) -> Any:
            self.take()
            return usual(*arguments, **settings)

        return counted


class Written:
    """A file of which each write is a step."""

    def __init__(self, file: Any, steps: Steps) -> None:
        self._file = file
        self._steps = steps

    def __enter__(self) -> Written:  # noqa: PYI034 - as simple as a test needs it
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: Any) -> int:
        self._steps.take()
        return int(self._file.write(data))


def tasks_named(*names: str) -> ftn.TaskCollection:
    """Return tasks of two projects, thus of two parts."""
    specs = [building.spec(name, "v1") for name in names]
    for number, spec in enumerate(specs):
        spec.template.id.project, spec.template.id.domain = f"p{number}", "d"
    return ftn.TaskCollection([spec.SerializeToString() for spec in specs])


OLD, NEW = tasks_named("old-a"), tasks_named("new-a", "new-b")


def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_swap, "_exchanged", lambda *_: False)


def each_step(step_of: Callable[[int], bool]) -> int:
    """Go through all steps of a writer; gives how many there are."""
    for step in range(1, MOST_STEPS):
        if step_of(step):
            return step - 1
    raise AssertionError("a writer takes steps without end")


@pytest.fixture(params=[True, False], ids=["exchange", "renames"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let the file system exchange folders, or not."""
    if not request.param:
        no_exchange(monkeypatch)
    return monkeypatch


@pytest.mark.parametrize("name", NAMES)
def test_writer_killed_at_any_step_leaves_the_old_or_the_new(
    tmp_path: Path, system: pytest.MonkeyPatch, name: str
) -> None:
    outcomes = []

    def step_of(step: int) -> bool:
        folder = tmp_path / str(step)
        OLD.save(folder / name)
        with system.context() as patched:
            steps = Steps(patched)
            steps.fail_at(step, Killed, is_lasting=True)
            with suppress(Killed):
                NEW.save(folder / name)
            is_over = steps.is_over
        found = ftn.load([folder / name, folder])
        assert found in (OLD + OLD, NEW + NEW), f"after step {step}, by its name and in its folder: {found.names}"
        outcomes.append(found == NEW + NEW)
        return is_over

    assert each_step(step_of) > 5
    assert outcomes == sorted(outcomes), "once the new one is there, it stays"
    assert not outcomes[0]
    assert outcomes[-1]


@pytest.mark.parametrize("name", NAMES)
def test_disk_that_fails_at_any_step_leaves_the_old_one_and_says_so(
    tmp_path: Path, system: pytest.MonkeyPatch, name: str
) -> None:
    def step_of(step: int) -> bool:
        folder = tmp_path / str(step)
        OLD.save(folder / name)
        with system.context() as patched:
            steps = Steps(patched)
            steps.fail_at(step, lambda: OSError(errno.ENOSPC, "No space left on device"), is_lasting=False)
            refusal = ""
            try:
                NEW.save(folder / name)
            except ftn.errors.SaveError as error:
                refusal = str(error)
            is_over = steps.is_over
        assert ftn.load(folder / name) == (OLD if refusal else NEW), f"after step {step}"
        assert not refusal or refusal.startswith(f"{folder / name}: cannot be saved: ")
        return is_over

    each_step(step_of)


@pytest.mark.parametrize("name", NAMES)
def test_interrupt_at_any_step_leaves_the_old_or_the_new(tmp_path: Path, system: pytest.MonkeyPatch, name: str) -> None:
    def step_of(step: int) -> bool:
        folder = tmp_path / str(step)
        OLD.save(folder / name)
        with system.context() as patched:
            steps = Steps(patched)
            steps.fail_at(step, KeyboardInterrupt, is_lasting=False)
            with suppress(KeyboardInterrupt):
                NEW.save(folder / name)
            is_over = steps.is_over
        assert ftn.load(folder / name) in (OLD, NEW), f"after step {step}"
        return is_over

    each_step(step_of)


@pytest.mark.parametrize("name", NAMES)
def test_first_snapshot_is_whole_or_not_there(tmp_path: Path, system: pytest.MonkeyPatch, name: str) -> None:
    def step_of(step: int) -> bool:
        folder = tmp_path / str(step)
        folder.mkdir()
        with system.context() as patched:
            steps = Steps(patched)
            steps.fail_at(step, Killed, is_lasting=True)
            with suppress(Killed):
                NEW.save(folder / name)
            is_over = steps.is_over
        assert not (folder / name).exists() or ftn.load(folder / name) == NEW
        return is_over

    each_step(step_of)


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("name", NAMES)
def test_writers_at_the_same_time_leave_one_snapshot_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    OLD.save(path)
    writers = [tasks_named(*(f"w{number}-{part}" for part in range(number + 1))) for number in range(3)]
    problems: list[BaseException] = []
    start = threading.Barrier(len(writers))

    def save(tasks: ftn.TaskCollection) -> None:
        start.wait()
        try:
            for _ in range(3):
                tasks.save(path)
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            problems.append(error)

    threads = [threading.Thread(target=save, args=(tasks,)) for tasks in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert ftn.load(path) in writers
    assert [child.name for child in tmp_path.iterdir()] == [name]


def test_a_snapshot_that_was_deleted_does_not_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_exchange(monkeypatch)
    OLD.save(tmp_path / "prod")
    with monkeypatch.context() as patched:
        usual = os.rename

        def rename(source: Any, target: Any) -> None:
            if Path(source).name == "new":
                patched.setattr(shutil, "rmtree", lambda *_, **__: None)
                patched.setattr(os, "rename", lambda *_: Killed)
                raise Killed
            usual(source, target)

        patched.setattr(os, "rename", rename)
        with pytest.raises(Killed):
            NEW.save(tmp_path / "prod")
    assert not (tmp_path / "prod").exists()
    assert ftn.load(tmp_path / "prod") == OLD
    NEW.save(tmp_path / "prod")
    shutil.rmtree(tmp_path / "prod")
    with pytest.raises(ftn.errors.LoadError, match="no such file or folder"):
        ftn.load(tmp_path / "prod")
