from __future__ import annotations

import shutil
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import flytetask_nb as ftn
from flytetask_nb.collection import Failure
from flytetask_nb.tables import empty_table
from tests.conftest import DATA, ROOT
from tests.sources import building
from tests.web_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("dask.dataframe")

EXAMPLE = ROOT / "notebooks" / "example" / "archives"
SECRET = "hunter2-and-more"  # noqa: S105 - what must not be seen


def computed(table: Any) -> pd.DataFrame:
    """Compute in this thread, and number the rows through."""
    frame: pd.DataFrame = table.compute(scheduler="sync").reset_index(drop=True)
    return frame


def same(source: Any, columns: Any = None, **settings: Any) -> None:
    """Hold a scan to the table of what is loaded."""
    expected = ftn.tabulate(ftn.load(source, **settings), columns)
    for partition_files in (1, 3, 1000):
        table = ftn.scan(source, columns, partition_files=partition_files, **settings)
        assert list(table.dtypes) == list(expected.dtypes)
        pd.testing.assert_frame_equal(computed(table), expected)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Return a folder of good files, with bad ones between and inside them."""
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / "1.pb").write_bytes(building.data("first"))
    (folder / "2.tgz").write_bytes(b"no archive at all")
    bad = building.entry("1_b_1.pb", b"\xff\xff")
    (folder / "3.tgz").write_bytes(building.tgz(building.entry("0_a_1.pb", building.data("a")), bad))
    (folder / "4.parquet").write_bytes(b"PAR1 no snapshot")
    (folder / "5.pb").write_bytes(building.data("last"))
    return folder


# -- the same table ------------------------------------------------------------------------------------------------


def test_example_is_the_table_of_its_tasks() -> None:
    same(EXAMPLE)


def test_every_column_is_computed() -> None:
    same(EXAMPLE, [*empty_table().columns, "cache_key", "digest", "findings"], project="shops", domain="x", version="1")


def test_shipped_sample_is_the_table_of_its_tasks() -> None:
    same(f"{DATA}/corpus/**/*.tgz")


def test_corpus_is_the_table_of_its_tasks(corpus: Path) -> None:
    same(f"{corpus}/**/*.tgz")


@pytest.mark.parametrize("name", ["tasks.parquet", "folder"])
def test_snapshots_are_the_table_of_their_tasks(tmp_path: Path, name: str) -> None:
    ftn.load(EXAMPLE, project="shops", domain="production", version=str).save(tmp_path / name)
    same(tmp_path / name)
    same([tmp_path / name, EXAMPLE])


def test_settings_of_load_are_passed_on() -> None:
    settings: dict[str, Any] = {"project": "p", "domain": "d", "version": lambda path: path.rsplit("/", 1)[-1]}
    same(EXAMPLE, ["project", "domain", "name", "version"], **settings)
    same(EXAMPLE, ["args", "code_bundle"], source_uploaded_location="s3://b/c.tgz", destination_directory="/d")


def test_bytes_open_files_and_urls_are_scanned(tmp_path: Path) -> None:
    path = tmp_path / "a.pb"
    path.write_bytes(building.data("from a file"))
    with path.open("rb") as file:
        table = ftn.scan(iter([building.data("from bytes"), file, f"file://{path}"]), ["name"])
    assert computed(table)["name"].tolist() == ["from bytes", "from a file", "from a file"]


def test_order_is_that_of_load(tmp_path: Path) -> None:
    for number in (10, 9, 2, 1):
        (tmp_path / f"{number}.pb").write_bytes(building.data(f"t{number}"))
    table = ftn.scan(tmp_path, ["name"], partition_files=2)
    assert computed(table)["name"].tolist() == ["t1", "t2", "t9", "t10"]


def test_nothing_is_an_empty_table() -> None:
    pd.testing.assert_frame_equal(computed(ftn.scan([])), empty_table())


def test_paths_hold_wherever_the_work_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are named as the user named them, and found from another folder."""
    (tmp_path / "a.pb").write_bytes(building.data())
    monkeypatch.chdir(tmp_path)
    table = ftn.scan("a.pb", ["name", "source"])
    monkeypatch.chdir(ROOT)
    assert computed(table).to_dict("records") == [{"name": "shop.train", "source": "a.pb"}]


# -- columns -------------------------------------------------------------------------------------------------------


def test_columns_are_known_without_reading(tmp_path: Path) -> None:
    (tmp_path / "a.pb").write_bytes(building.data())
    table = ftn.scan(tmp_path)
    shutil.rmtree(tmp_path)
    assert table.dtypes.to_dict() == empty_table().dtypes.to_dict()


def test_partitions_have_the_same_dtypes_where_all_is_missing(tmp_path: Path) -> None:
    """A partition without a GPU, a time or a number has the dtypes of one that has them."""
    (tmp_path / "1.pb").write_bytes(building.data())
    (tmp_path / "2.pb").write_bytes(b"\xff")
    columns = [*empty_table().columns, ("length", lambda task: len(task.name))]
    table = ftn.scan(tmp_path, columns, partition_files=1)
    expected = table.dtypes.to_dict()
    assert [part.compute(scheduler="sync").dtypes.to_dict() for part in table.partitions] == [expected, expected]


@pytest.mark.parametrize(
    "columns",
    [
        [("length", lambda task: len(task.name)), "name"],
        {"length": lambda task: len(task.name), "name": "name"},
        iter([("length", lambda task: len(task.name)), "name"]),
    ],
    ids=["list", "mapping", "iterator"],
)
def test_columns_of_your_own(columns: Any) -> None:
    frame = computed(ftn.scan(EXAMPLE, columns))
    assert frame["length"].tolist() == frame["name"].map(len).tolist()
    assert frame["length"].dtype == object


def test_function_that_raises_is_told_in_its_row() -> None:
    frame = computed(ftn.scan([building.data()], ["name", ("wrong", lambda _: 1 / 0), "error"]))
    assert frame["error"].tolist() == ["wrong: ZeroDivisionError: division by zero"]


def test_only_columns_that_are_needed_are_computed() -> None:
    def never(_: Any) -> None:
        raise KeyboardInterrupt

    table = ftn.scan([building.data()], {"never": never, "call": "name", "kind": "type"})
    assert computed(table["call"]).tolist() == ["shop.train"]
    assert computed(table[["kind", "call"]]).to_dict("records") == [{"kind": "python-task", "call": "shop.train"}]


def test_scan_can_be_grouped() -> None:
    """What people do with such a table gives what pandas gives."""
    tasks = ftn.load(EXAMPLE).to_frame()
    found = ftn.scan(EXAMPLE, partition_files=1).groupby("type").memory_request.max().compute(scheduler="sync")
    pd.testing.assert_series_equal(found.sort_index(), tasks.groupby("type").memory_request.max().sort_index())


# -- partitions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [6]),
        ({"partition_files": 4}, [4, 2]),
        ({"partition_files": 1}, [1, 1, 1, 1, 1, 1]),
        ({"partition_bytes": 1}, [1, 1, 1, 1, 1, 1]),
        ({"partition_bytes": 2 * len(building.data())}, [2, 2, 2]),
    ],
)
def test_files_are_grouped(tmp_path: Path, settings: dict[str, int], expected: list[int]) -> None:
    for number in range(6):
        (tmp_path / f"{number}.pb").write_bytes(building.data())
    table = ftn.scan(tmp_path, ["name"], **settings)
    assert [len(part) for part in table.partitions] == expected


@pytest.mark.parametrize("name", ["partition_bytes", "partition_files"])
@pytest.mark.parametrize("value", [0, -1, "4 MiB", 1.5])
def test_wrong_size_of_partitions_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ftn.errors.OptionError, match=f"{name} cannot be {value!r}"):
        ftn.scan(EXAMPLE, **{name: value})


# -- damage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("partition_files", [1, 2, 100])
def test_damage_marks_its_rows(damaged: Path, partition_files: int) -> None:
    frame = computed(ftn.scan(damaged, partition_files=partition_files))
    loaded = ftn.load(damaged, errors="collect")
    good = frame["error"].isna()
    pd.testing.assert_frame_equal(frame[good].reset_index(drop=True), ftn.tabulate(loaded))
    bad = frame[~good]
    assert list(zip(bad["source"], bad["error"], strict=True)) == [(one.place, one.reason) for one in loaded.failures]
    assert bad.drop(columns=["source", "error"]).isna().all(axis=None)
    assert frame["name"].fillna("bad").tolist() == ["first", "bad", "a", "bad", "bad", "last"]


def test_failures_of_a_snapshot_are_rows(tmp_path: Path) -> None:
    failure = Failure("a.tgz", "x_1.pb", "is empty")
    ftn.TaskCollection([building.data()], failures=[failure]).save(tmp_path / "a.parquet")
    frame = computed(ftn.scan(tmp_path, ["name", "source", "error"]))
    assert frame.iloc[0].fillna("").tolist() == ["", "a.tgz!x_1.pb", "is empty"]
    assert frame["name"].fillna("").tolist() == ["", "shop.train"]


def test_missing_file_among_others_is_a_row(tmp_path: Path) -> None:
    frame = computed(ftn.scan([building.data(), tmp_path / "none.pb"], ["name", "error"]))
    assert frame["name"].fillna("").tolist() == ["shop.train", ""]
    assert "there is no such file" in frame["error"][1]


def test_file_that_goes_away_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.pb").write_bytes(building.data())
    table = ftn.scan(tmp_path, ["name", "error"])
    (tmp_path / "a.pb").unlink()
    assert "cannot be read" in computed(table)["error"][0]


def test_source_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ftn.LoadError, match=r"none\.pb: there is no such file or folder"):
        ftn.scan(tmp_path / "none.pb")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"source": 3}, ftn.errors.ModelTypeError),
        ({"source": [], "columns": ["nmae"]}, ftn.errors.ModelValueError),
        ({"source": [], "columns": "name"}, ftn.errors.ModelTypeError),
        ({"source": [], "project": 3}, ftn.errors.ModelTypeError),
        ({"source": [], "max_entry_bytes": 0}, ftn.errors.OptionError),
    ],
)
def test_wrong_arguments_are_told_at_once(arguments: dict[str, Any], expected: type[Exception]) -> None:
    with pytest.raises(expected):
        ftn.scan(**arguments)


def test_secrets_are_masked(tmp_path: Path) -> None:
    spec = building.spec()
    spec.template.container.args.append(f"--password={SECRET}")
    (tmp_path / "a.pb").write_bytes(spec.SerializeToString())
    ftn.TaskCollection(failures=[Failure("x", "", f"password={SECRET}")]).save(tmp_path / "b.parquet")
    frame = computed(ftn.scan([tmp_path, f"nobody://user:{SECRET}@example.com/a.pb"]))
    assert len(frame) == 3
    assert SECRET not in frame.to_csv()


def test_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.dataframe", None)
    with pytest.raises(ftn.errors.MissingExtraError, match=r'pip install "flytetask-nb\[distributed\]"'):
        ftn.scan(EXAMPLE)


# -- on a cluster --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Start two worker processes."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve a folder on loopback."""
    with serving(partial(Quiet, directory=str(tmp_path))) as address:
        yield tmp_path, address


def test_cluster_gives_the_table_of_one_process(client: Any) -> None:
    settings: dict[str, Any] = {"project": "p", "version": lambda path: path.rsplit("/", 1)[-1]}
    table = ftn.scan(EXAMPLE, partition_files=1, **settings)
    assert table.npartitions > 1
    expected = ftn.tabulate(ftn.load(EXAMPLE, **settings))
    pd.testing.assert_frame_equal(client.compute(table).result().reset_index(drop=True), expected)


def test_cluster_reads_snapshots_and_functions(client: Any, tmp_path: Path) -> None:
    ftn.load(EXAMPLE).save(tmp_path / "a.parquet")
    table = ftn.scan([tmp_path / "a.parquet", EXAMPLE], ["name", ("length", lambda task: len(task.name))])
    frame = client.compute(table).result()
    assert frame["length"].tolist() == frame["name"].map(len).tolist()


def test_cluster_reads_from_addresses(client: Any, served: tuple[Path, str]) -> None:
    pytest.importorskip("aiohttp")
    folder, address = served
    names = []
    for archive in sorted(EXAMPLE.glob("*.tgz"))[:2]:
        shutil.copy(archive, folder)
        names.append(f"{address}/{archive.name}")
    ftn.load(EXAMPLE).save(folder / "a.parquet")
    names.append(f"{address}/a.parquet")
    expected = ftn.tabulate(ftn.load(names))
    table = ftn.scan(names, partition_files=1)
    pd.testing.assert_frame_equal(client.compute(table).result().reset_index(drop=True), expected)


def test_damage_does_not_stop_the_job(client: Any, damaged: Path) -> None:
    expected = computed(ftn.scan(damaged))
    table = ftn.scan(damaged, partition_files=1)
    pd.testing.assert_frame_equal(client.compute(table).result().reset_index(drop=True), expected)
