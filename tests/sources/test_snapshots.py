from __future__ import annotations

import io
import os
import pickle
import random
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import fsspec
import pandas as pd
import pytest
from flyteidl.admin import task_pb2
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.collection import Failure, TaskRecord
from flytetask_nb.models.origins import Origin
from flytetask_nb.tables import snapshots
from tests.conftest import ROOT
from tests.generated import task_specs
from tests.many_tasks import many_tasks
from tests.sources import building

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

EXAMPLE = ROOT / "notebooks" / "example" / "archives"
SECRET = "hunter2-and-more"  # noqa: S105 - what must not be seen


def collected(*records: TaskRecord, failures: Any = (), skipped: Any = None) -> ftn.TaskCollection:
    data, origins = [record.data for record in records], [record.origin for record in records]
    return ftn.TaskCollection.of_serialized(data, origins, failures, skipped)


def data_of(tasks: ftn.TaskCollection) -> list[bytes]:
    return list(tasks.serialized()[0])


def read_count(tasks: ftn.TaskCollection) -> int:
    """How many tasks of a loaded snapshot have been read."""
    data: Any = tasks.serialized()[0]
    return sum(part.read_count for part in data._parts)


def rewritten(path: Path, change: Callable[[Any], Any]) -> Path:
    """Write a snapshot's table again after a change that its writer would not make."""
    pq.write_table(change(pq.read_table(path)), path)
    return path


def with_about(path: Path, about: bytes) -> Path:
    return rewritten(
        path, lambda table: table.replace_schema_metadata({**table.schema.metadata, b"flytetask_nb": about})
    )


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Return a snapshot of the example's archives."""
    path = tmp_path / "example.parquet"
    ftn.load(EXAMPLE).save(path)
    return path


# -- round trip ----------------------------------------------------------------------------------------------------


def test_tasks_come_back_byte_for_byte(example: Path) -> None:
    tasks = ftn.load(EXAMPLE)
    assert data_of(ftn.load(example)) == data_of(tasks)


def test_tasks_come_from_where_they_came_from(example: Path) -> None:
    assert [task.source for task in ftn.load(example)] == [task.source for task in ftn.load(EXAMPLE)]


def test_table_of_a_snapshot_is_that_of_its_tasks(example: Path) -> None:
    pd.testing.assert_frame_equal(ftn.load(example).to_frame(), ftn.load(EXAMPLE).to_frame())


def test_columns_are_those_of_tabulate(example: Path) -> None:
    """Whoever reads the file with pandas alone sees the table, dtypes and all."""
    expected = ftn.load(EXAMPLE).to_frame()
    found = pd.read_parquet(example)
    assert list(expected.columns) == list(found.columns)[: len(expected.columns)]
    assert expected["memory_request"].tolist() == found["memory_request"].tolist()
    assert expected["name"].tolist() == found["name"].tolist()


@given(st.lists(task_specs(), max_size=5))
def test_any_tasks_come_back(specs: list[Any]) -> None:
    data = [spec.SerializeToString() for spec in specs]
    file = io.BytesIO()
    snapshots.write_snapshot(file, data, [Origin(source="s")] * len(data))
    assert data_of(ftn.load(file.getvalue())) == data


def test_all_that_is_known_beside_a_task_comes_back(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=timezone(timedelta(hours=2)))
    origin = Origin(
        source="flyte.example.com", note="n", created_at=moment, short_description="what", console="https://c/x"
    )
    collected(TaskRecord(building.data(), origin), TaskRecord(building.data("b"), "a.pb")).save(tmp_path / "a.parquet")
    first, second = ftn.load(tmp_path / "a.parquet")
    found = first._origin
    names = ("source", "note", "created_at", "short_description", "console", "should_register")
    assert [getattr(found, name) for name in names] == [getattr(origin, name) for name in names]
    assert second._origin.source == "a.pb"
    assert second._origin.created_at is None


def test_failures_and_counts_come_back_without_being_raised(tmp_path: Path) -> None:
    failure = Failure("a.tgz", "x_1.pb", "is empty")
    collected(TaskRecord(building.data(), "a"), failures=[failure], skipped={"workflows": 2}).save(
        tmp_path / "a.parquet"
    )
    tasks = ftn.load(tmp_path / "a.parquet")
    assert tasks.failures == (failure,)
    assert tasks.skipped == {"workflows": 2}


def test_no_tasks_are_a_snapshot_too(tmp_path: Path) -> None:
    ftn.TaskCollection().save(tmp_path / "a.parquet")
    assert len(ftn.load(tmp_path / "a.parquet")) == 0


def test_snapshot_stands_in_lists_beside_other_sources(example: Path) -> None:
    tasks = ftn.load([building.data("first"), example, [building.data("last")]])
    assert data_of(tasks) == [building.data("first"), *data_of(ftn.load(EXAMPLE)), building.data("last")]
    assert tasks.column("name")[0] == "first"
    assert tasks[-1].name == "last"


def test_bytes_open_files_globs_and_urls_are_read(example: Path) -> None:
    expected = data_of(ftn.load(example))
    with example.open("rb") as file:
        assert data_of(ftn.load(file)) == expected
    assert data_of(ftn.load(example.read_bytes())) == expected
    assert data_of(ftn.load(f"{example.parent}/*.parquet")) == expected
    assert data_of(ftn.load(f"file://{example}")) == expected


def test_same_tasks_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        ftn.load(EXAMPLE).save(tmp_path / f"{name}.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_settings_of_load_fill_in_what_is_missing(example: Path) -> None:
    settings: dict[str, Any] = {"project": "shops", "domain": "production"}
    named = ftn.load(example, version=lambda path: path.rsplit("/", 1)[-1], **settings)
    assert data_of(named) == data_of(ftn.load(EXAMPLE, version="example.parquet", **settings))


def test_plan_between_snapshots_tells_what_changed(tmp_path: Path) -> None:
    settings = {"project": "shops", "domain": "production"}
    archives = sorted(EXAMPLE.glob("*.tgz"))
    for name, archive in (("then", archives[0]), ("now", archives[-1])):
        ftn.load(archive, version=name, **settings).save(tmp_path / f"{name}.parquet")
    plan = ftn.plan(ftn.load(tmp_path / "now.parquet"), ftn.load(tmp_path / "then.parquet"))
    expected = ftn.plan(
        ftn.load(archives[-1], version="now", **settings), ftn.load(archives[0], version="then", **settings)
    )
    assert plan.to_dict() == expected.to_dict()


def test_workflows_are_not_looked_for_in_snapshots(example: Path) -> None:
    found = ftn.load_workflows(example)
    assert found == []
    assert found.skipped["tasks"] == len(ftn.load(example))


# -- reading late --------------------------------------------------------------------------------------------------


def test_names_and_versions_are_known_without_reading_tasks(example: Path) -> None:
    tasks = ftn.load(example)
    expected = ftn.load(EXAMPLE)
    assert tasks.names == expected.names
    assert [tasks.column(one) for one in snapshots.IDENTITY] == [expected.column(one) for one in snapshots.IDENTITY]
    assert repr(tasks) == repr(expected)
    assert read_count(tasks) == 0


def test_one_task_reads_its_group_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_GROUP", 10)
    many = list(many_tasks(25))
    ftn.TaskCollection(many).save(tmp_path / "a.parquet")
    tasks = ftn.load(tmp_path / "a.parquet")
    assert tasks[12] == ftn.FlyteTask.from_bytes(many[12])
    assert read_count(tasks) == 10
    assert data_of(tasks) == many


def test_tasks_are_those_of_the_file_that_was_loaded(tmp_path: Path) -> None:
    """Saving over a file changes nothing in what was loaded from it."""
    path = tmp_path / "a.parquet"
    ftn.TaskCollection([building.data("old")]).save(path)
    before = ftn.load(path)
    (before + ftn.TaskCollection([building.data("new")])).save(path)
    assert before[0].name == "old"
    assert ftn.load(path).names == ["new", "old"]


def test_collection_of_a_snapshot_is_pickled_with_its_tasks(example: Path) -> None:
    tasks = pickle.loads(pickle.dumps(ftn.load(example)))  # noqa: S301 - bytes of this test
    example.unlink()
    assert tasks == ftn.load(EXAMPLE)


def test_many_snapshots_do_not_stay_open(tmp_path: Path) -> None:
    for number in range(70):
        ftn.TaskCollection([building.data(f"t{number}")]).save(tmp_path / f"{number}.parquet")
    tasks = ftn.load(tmp_path)
    assert read_count(tasks) == 70 - 64
    assert tasks.column("name") == [f"t{number}" for number in range(70)]
    assert [task.name for task in tasks] == tasks.column("name")


# -- folders -------------------------------------------------------------------------------------------------------


def placed(project: str, domain: str, name: str) -> bytes:
    spec = building.spec(name, "v1")
    spec.template.id.project, spec.template.id.domain = project, domain
    data: bytes = spec.SerializeToString()
    return data


def test_folder_has_a_file_for_each_project_and_domain(tmp_path: Path) -> None:
    data = [placed("a/b", "dev", "x"), placed("shops", "dev", "y"), placed("..", "", "z"), placed("shops", "dev", "w")]
    ftn.TaskCollection(data).save(tmp_path / "prod")
    files = sorted(path.relative_to(tmp_path / "prod").as_posix() for path in (tmp_path / "prod").rglob("*.parquet"))
    assert files == [
        "project=%2E%2E/domain=__HIVE_DEFAULT_PARTITION__/tasks.parquet",
        "project=a%2Fb/domain=dev/tasks.parquet",
        "project=shops/domain=dev/tasks.parquet",
    ]
    assert sorted(data_of(ftn.load(tmp_path / "prod"))) == sorted(data)


def test_parts_of_an_older_snapshot_are_gone(tmp_path: Path) -> None:
    folder = tmp_path / "prod"
    ftn.TaskCollection([placed("a", "dev", "x"), placed("b", "dev", "y")]).save(folder)
    ftn.TaskCollection([placed("b", "dev", "y")]).save(folder)
    assert ftn.load(folder).column("project") == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["prod"]


def test_failures_of_a_folder_come_back_once(tmp_path: Path) -> None:
    failure = Failure("a.tgz", "", "is empty")
    records = [TaskRecord(placed(project, "dev", "x"), "s") for project in ("a", "b")]
    collected(*records, failures=[failure], skipped={"workflows": 3}).save(tmp_path / "prod")
    tasks = ftn.load(tmp_path / "prod")
    assert (len(tasks), tasks.failures, tasks.skipped) == (2, (failure,), {"workflows": 3})


def test_folder_with_other_files_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "prod").mkdir()
    (tmp_path / "prod" / "thesis.txt").write_text("years of work")
    with pytest.raises(ftn.errors.SaveError, match=r"thesis\.txt.*choose another folder"):
        ftn.TaskCollection([building.data()]).save(tmp_path / "prod")
    assert (tmp_path / "prod" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", ["a.parquet", "folder"])
def test_snapshots_are_kept_behind_urls(name: str) -> None:
    address = f"memory://snapshots-{name}/inner/{name}"
    tasks = ftn.TaskCollection([placed("a", "dev", "x"), placed("b", "dev", "y")])
    tasks.save(address)
    assert ftn.load(address) == tasks
    ftn.TaskCollection([placed("b", "dev", "y")]).save(address)
    assert ftn.load(address).column("project") == ["b"]


def test_folder_behind_a_url_with_other_files_is_not_touched() -> None:
    system = fsspec.filesystem("memory")
    system.pipe_file("/theses/thesis.txt", b"years of work")
    with pytest.raises(ftn.errors.SaveError, match=r"thesis\.txt"):
        ftn.TaskCollection([building.data()]).save("memory://theses")
    assert [one["name"] for one in system.ls("/theses")] == ["/theses/thesis.txt"]


class Killed(BaseException):
    pass


def mortal(usual: Callable[..., Any], calls_left: list[int]) -> Callable[..., Any]:
    """Return a method that lets so many calls of this list's pass, and dies at the next one."""

    def called(*arguments: Any, **more: Any) -> Any:
        calls_left[0] -= 1
        if calls_left[0] < 0:
            raise Killed
        return usual(*arguments, **more)

    return called


def test_a_writer_behind_a_url_is_killed_at_any_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old snapshot is read or the new one, also on top of what a killed writer left; nothing of it stays for ever."""
    system = fsspec.filesystem("memory")
    address, root = "memory://killed", "/killed"
    old = ftn.TaskCollection([placed("a", "dev", "x"), placed("b", "dev", "y")])
    new = ftn.TaskCollection([placed("b", "dev", "z"), placed("c", "dev", "y")])
    seen = []
    for moment in range(8):
        if system.exists(root):
            system.rm(root, recursive=True)
        for number, earlier in enumerate((None, old)):
            if earlier is not None:
                earlier.save(address)
            with monkeypatch.context() as patch:
                calls_left = [moment]
                for name in ("pipe_file", "rm_file"):
                    patch.setattr(type(system), name, mortal(getattr(type(system), name), calls_left))
                with suppress(Killed):
                    new.save(address)
            found = ftn.load(address, errors="collect")
            assert list(found) in ([*(earlier or ())], list(new))
            seen.append((number, list(found) == list(new)))
        new.save(address)
        assert ftn.load(address) == new
    assert {*seen} == {(0, False), (0, True), (1, False), (1, True)}
    assert sorted(one.rpartition("/")[0] for one in system.find(root, detail=False)) == [
        "/killed",
        "/killed/project=b/domain=dev",
        "/killed/project=c/domain=dev",
    ]


def test_a_list_of_parts_that_is_none_hides_nothing(tmp_path: Path) -> None:
    tasks = ftn.TaskCollection([placed("a", "dev", "x")])
    for text in (b"", b"[", b"[]", b'{"parts": [1], "replaced": []}', b'{"parts": 3}', b"[" * 100_000):
        tasks.save(tmp_path / "kept")
        (tmp_path / "kept" / ".snapshot").write_bytes(text)
        assert ftn.load(tmp_path / "kept") == tasks
    (tmp_path / "kept" / ".snapshot").write_bytes(b'{"parts": [], "replaced": []}')
    assert len(ftn.load(tmp_path / "kept", errors="collect")) == 0


# -- writing wholly or not at all ----------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
import flytetask_nb as ftn
from flytetask_nb import folder_swap
from flytetask_nb.tables import snapshots
from tests.many_tasks import many_tasks

snapshots._GROUP = 100
path, moment = sys.argv[1:]
written = 0
usual = snapshots.stored_table

def stored_table(tasks, plain):
    global written
    written += 1
    if moment == "midway" and written == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return usual(tasks, plain)

def replace(*names):
    os.kill(os.getpid(), signal.SIGKILL)

snapshots.stored_table = stored_table
if moment == "before it is put in place":
    os.replace = os.rename = folder_swap._exchanged = replace
ftn.TaskCollection(many_tasks(1000)).save(path)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("moment", ["midway", "before it is put in place"])
@pytest.mark.parametrize("name", ["prod.parquet", "prod"])
def test_killed_writer_leaves_the_old_snapshot(tmp_path: Path, name: str, moment: str) -> None:
    path = tmp_path / name
    tasks = ftn.load(EXAMPLE, project="shops", domain="production", version="v1")
    tasks.save(path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    finished = subprocess.run([sys.executable, "-c", KILLED, str(path), moment], env=environment, check=False)
    assert finished.returncode == -signal.SIGKILL
    assert ftn.load(path) == tasks
    assert ftn.load(tmp_path) == tasks, "what the dead writer left beside it is passed over"


def test_failed_writer_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    ftn.TaskCollection([building.data("old")]).save(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ftn.errors.SaveError, match=r"a\.parquet: cannot be saved: .*No space left"):
        ftn.TaskCollection([building.data("new")]).save(path)
    assert ftn.load(path).names == ["old"]
    assert [one.name for one in tmp_path.iterdir()] == ["a.parquet"]


def test_file_keeps_its_rights_and_a_link_its_target(tmp_path: Path) -> None:
    path, link = tmp_path / "a.parquet", tmp_path / "link.parquet"
    ftn.TaskCollection([building.data("old")]).save(path)
    path.chmod(0o640)
    link.symlink_to(path)
    ftn.TaskCollection([building.data("new")]).save(link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert ftn.load(path).names == ["new"]


@pytest.mark.parametrize(("path", "kind"), [(3, ftn.errors.ModelTypeError), (None, ftn.errors.ModelTypeError)])
def test_what_is_no_path_is_refused(path: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="expected a path or a URL"):
        ftn.TaskCollection().save(path)


def test_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ftn.errors.SaveError, match=r"file/a\.parquet: cannot be saved"):
        ftn.TaskCollection().save(tmp_path / "file" / "a.parquet")
    with pytest.raises(ftn.errors.SaveError, match="scheme-nobody-knows"):
        ftn.TaskCollection().save("scheme-nobody-knows://a.parquet")


# -- hostile files -------------------------------------------------------------------------------------------------


def refused(path: Path, expected: str) -> None:
    """Hold a file to being refused, and to being one failure among others."""
    with pytest.raises(ftn.LoadError, match=expected) as caught:
        ftn.load(path)
    assert str(path) in str(caught.value)
    found = ftn.load([building.data("good"), path], errors="collect")
    assert found.names == ["good"]
    assert [failure.source for failure in found.failures] == [str(path)]


def test_parquet_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"name": ["a"], "price": [1]}), path)
    refused(path, "holds no tasks; expected a snapshot as TaskCollection.save writes it")


def test_file_that_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    for number, content in enumerate([b"", b"PAR1", b"hello, world", b"PAR1" + bytes(100) + b"PAR1"]):
        path = tmp_path / f"{number}.parquet"
        path.write_bytes(content)
        refused(path, "no Parquet file, or a damaged one")


def test_newer_form_is_refused_with_what_to_do(example: Path) -> None:
    refused(with_about(example, b'{"schema": 2, "version": "9.1"}'), r"flytetask-nb 9\.1.*pip install --upgrade")


@pytest.mark.parametrize(
    "about",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"schema": true}',
        b'{"schema": "1"}',
        b'{"schema": 1, "failures": [1]}',
        b'{"schema": 1, "failures": [["a", "b", 3]]}',
        b'{"schema": 1, "failures": 7}',
        b'{"schema": 1, "skipped": {"workflows": -1}}',
        b'{"schema": 1, "skipped": [1]}',
        b"[" * 100_000,
    ],
)
def test_damaged_notes_are_refused(example: Path, about: bytes) -> None:
    refused(with_about(example, about), "expected|damaged")


@pytest.mark.parametrize("name", ["task", "name", "source", "created_at", "should_register"])
def test_missing_and_mistyped_columns_are_refused(example: Path, name: str) -> None:

    def change(table: Any) -> Any:
        names = [one + "_" * (one == name) for one in table.column_names]
        return table.rename_columns(names).replace_schema_metadata(table.schema.metadata)

    rewritten(example, change)
    refused(example, f"column '{name}' should be one of")


def test_column_of_another_type_is_refused(example: Path) -> None:
    def change(table: Any) -> Any:
        place = table.column_names.index("task")
        return table.set_column(place, "task", pa.array(range(len(table))))

    refused(rewritten(example, change), "column 'task' should be one of binary, found int64")


def with_tasks(table: Any, rows: list[bytes | None]) -> Any:
    return table.set_column(table.column_names.index("task"), "task", pa.array(rows, type=pa.binary()))


def test_bad_rows_do_not_take_the_good_ones_with_them(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    good = [building.data(name) for name in "abcd"]
    ftn.TaskCollection(good).save(path)
    rewritten(path, lambda table: with_tasks(table, [good[0], b"\xff\xff", None, good[0]]))
    tasks = ftn.load(path, errors="collect")
    assert data_of(tasks) == [good[0]]
    assert [failure.entry for failure in tasks.failures] == ["row 1", "row 2", "row 3"]
    assert [failure.reason.split(";")[0] for failure in tasks.failures] == [
        "no serialized TaskSpec",
        "there is no task in it",
        "its columns name another task than its bytes",
    ]
    with pytest.raises(ftn.LoadError, match=r"a\.parquet!row 1: no serialized TaskSpec"):
        ftn.load(path)[0]


def test_limits_hold(example: Path) -> None:
    with pytest.raises(ftn.LoadError, match="raise max_total_bytes"):
        ftn.load(example, max_total_bytes=1000)
    with pytest.raises(ftn.LoadError, match="raise max_entry_bytes"):
        ftn.load(example, max_entry_bytes=10)[0]


def test_rows_without_number_are_not_unpacked(example: Path) -> None:
    """A column of one value is small in a file, however many rows it has."""
    first = pa.array([0] * 200_000)
    pq.write_table(pq.read_table(example).take(first), example, row_group_size=10**6)
    with pytest.raises(ftn.LoadError, match="raise max_total_bytes"):
        ftn.load(example, max_total_bytes=10**7)


def test_damage_is_told_and_never_makes_other_tasks(example: Path) -> None:
    """Whatever byte is changed or missing, tasks are as they were saved or a LoadError says that they are not."""
    expected = set(data_of(ftn.load(example)))
    whole = example.read_bytes()
    draw = random.Random(7)  # noqa: S311 - the same damage each time
    outcomes = set()
    for _ in range(150):
        content = bytearray(whole)
        if draw.random() < 0.2:
            del content[draw.randrange(len(content)) :]
        else:
            for _ in range(draw.choice((1, 1, 20))):
                content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            found = data_of(ftn.load(bytes(content)))
        except ftn.LoadError:
            outcomes.add("told")
        else:
            outcomes.add("read")
            assert set(found) <= expected
        ftn.load(bytes(content), errors="collect")
    assert outcomes == {"told", "read"}


# -- secrets -------------------------------------------------------------------------------------------------------


def secretive() -> ftn.TaskCollection:
    spec = building.spec()
    spec.template.container.args.append(f"--password={SECRET}")
    address = f"https://user:{SECRET}@example.com/a.pb"
    record = TaskRecord(spec.SerializeToString(), Origin(source=address, note=f"password={SECRET}"))
    return collected(record, failures=[Failure(address, "", f"password={SECRET}")])


def test_secrets_are_masked_beside_the_tasks(tmp_path: Path) -> None:
    """Even where the session may see them: the file outlives it."""
    with ftn.set_options(reveal_secrets=True):
        secretive().save(tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    beside = f"{table.drop_columns(['task']).to_pylist()}{table.schema.metadata}"
    assert SECRET not in beside
    assert beside.count("example.com") >= 2


def test_tasks_themselves_keep_their_bytes(tmp_path: Path) -> None:
    secretive().save(tmp_path / "a.parquet")
    assert data_of(ftn.load(tmp_path / "a.parquet")) == data_of(secretive())


# -- what is not installed -----------------------------------------------------------------------------------------


def test_missing_package_is_named_with_its_extra(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    told = r'pip install "flytetask-nb\[tables\]"'
    with pytest.raises(ftn.errors.MissingExtraError, match=told):
        ftn.load(example)
    with pytest.raises(ftn.errors.MissingExtraError, match=told):
        ftn.TaskCollection().save(example)
    (failure,) = ftn.load(example, errors="collect").failures
    assert "flytetask-nb[tables]" in failure.reason


@pytest.mark.parametrize("suffix", ["csv", "json", "xlsx"])
def test_what_ends_like_another_table_is_refused(suffix: str, tmp_path: Path) -> None:
    """It would become a folder of that name."""
    path = tmp_path / f"x.{suffix}"
    with pytest.raises(ftn.errors.SaveError, match=rf"not \.{suffix}; for a table, write tasks\.to_frame\(\)\.to_"):
        ftn.TaskCollection().save(path)
    assert not path.exists()


def test_a_task_is_found_again_by_a_name_that_is_masked_elsewhere(tmp_path: Path) -> None:
    """A snapshot holds its tasks in clear, and so what tells them apart; whoever shows it masks."""
    spec = task_pb2.TaskSpec()
    spec.template.id.name = "https://user:hunter22@host/task"
    ftn.TaskCollection([spec]).save(tmp_path / "saved.parquet")
    tasks = ftn.load(tmp_path / "saved.parquet")
    assert tasks[spec.template.id.name].to_flyte_idl() == spec
    assert "hunter22" not in tasks.to_text() + tasks.to_frame().to_csv()
