"""Browsing: what a view shows is what pandas and the grammar of searches say of the same table, however it came."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.origins import Origin
from flytetask_nb.tables.browsing import COMPUTED, GROUP, TASK, Browser, View
from flytetask_nb.tables.columns import COLUMNS
from flytetask_nb.tables.facets import FACETS, MOST_BINS, MOST_VALUES, NUMERIC, Facet
from tests.many_tasks import many_tasks

COUNT = 240
QUERIES = [
    "", "train", "TRAIN -shops", "gpu>0 OR mem>=4Gi", "onnx type:python", "cached:yes -deprecated:*", "forecast model",
    "created_at:2026-0", "timeout>=30m OR -timeout:*", "nothing_has_this", '"features: structured"',
]  # fmt: skip


def renamed(number: int, data: bytes) -> ftn.FlyteTask:
    """Return a task of which there are several versions."""
    task = ftn.FlyteTask.from_bytes(
        data, Origin(created_at=pd.Timestamp(f"2026-{number % 7 + 1:02}-03T04:05Z").to_pydatetime())
    )
    place = task.id.replace(name=f"shop.task_{number // 6 % 31}", version=f"v{number % 6 * 5}")
    return task.replace(id=place)


@pytest.fixture(scope="module")
def tasks() -> ftn.TaskCollection:
    return ftn.TaskCollection([renamed(*each) for each in enumerate(many_tasks(COUNT))])


@pytest.fixture(scope="module")
def frame(tasks: ftn.TaskCollection) -> pd.DataFrame:
    return tasks.to_frame()


@pytest.fixture(scope="module")
def browser(frame: pd.DataFrame) -> Browser:
    return Browser(frame)


@st.composite
def views(draw: st.DrawFn, browser: Browser) -> View:
    """Draw a view of what there is to be chosen."""
    facets = {name: [label for label, _ in counted] for name, _, counted, *_ in browser.facets(View())}
    edges = {each.column: [None, *each.edges] for each in browser.histograms(View())}
    ticked = draw(st.lists(st.sampled_from(sorted(facets)), max_size=2, unique=True))
    chosen = tuple(
        (name, tuple(draw(st.lists(st.sampled_from(facets[name]), max_size=3, unique=True)))) for name in ticked
    )
    bounded = draw(st.lists(st.sampled_from(sorted(edges)), max_size=1, unique=True))
    ranges = tuple((name, (draw(st.sampled_from(edges[name])), draw(st.sampled_from(edges[name])))) for name in bounded)
    columns = st.tuples(st.sampled_from(browser.all_columns), st.booleans())
    sort = tuple(draw(st.lists(columns, max_size=3, unique_by=lambda each: each[0])))
    return View(draw(st.sampled_from(QUERIES)), chosen, ranges, sort)


def evaluated(code: str, **names: Any) -> Any:
    return eval(code, names)  # noqa: S307 - what a user would paste


def place(tasks: ftn.TaskCollection) -> list[tuple[str, ...]]:
    return list(zip(*(tasks.column(name) for name in ("project", "domain", "name", "version")), strict=True))


@settings(max_examples=60)
@given(st.data())
def test_lines_of_code_make_the_set_that_is_seen(
    tasks: ftn.TaskCollection, frame: pd.DataFrame, browser: Browser, data: st.DataObject
) -> None:
    view = data.draw(views(browser))
    matches = sorted(browser.matches(view).tolist())
    assert evaluated(browser.code(view, "frame"), frame=frame, pd=pd).index.tolist() == matches
    made = evaluated(browser.code(view), tasks=tasks, ftn=ftn)
    everything = place(tasks)
    assert place(made) == [everything[position] for position in matches]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_a_search(tasks: ftn.TaskCollection, browser: Browser, query: str) -> None:
    everything = place(tasks)
    assert [everything[position] for position in browser.matches(View(query))] == place(tasks.search(query))


def test_a_wrong_query_says_where(browser: Browser) -> None:
    with pytest.raises(ftn.errors.QueryError) as caught:
        browser.matches(View("train gpu>none"))
    assert caught.value.position == 10


@settings(max_examples=30)
@given(st.data())
def test_a_facet_counts_what_ticking_it_would_show(browser: Browser, data: st.DataObject) -> None:
    view = data.draw(views(browser))
    for name, _, counted, rest, _ in browser.facets(view):
        others = tuple(each for each in view.chosen if each[0] != name)
        without = len(browser.matches(replace(view, chosen=others, sort=())))
        for label, count in counted:
            ticked = replace(view, chosen=(*others, (name, (label,))), sort=())
            assert len(browser.matches(ticked)) == count
        assert sum(count for _, count in counted) + rest == without
        ticks = dict(view.chosen).get(name, ())
        assert len(counted) <= MOST_VALUES + len(ticks)
        assert {label for label, _ in counted} >= set(ticks)


@settings(max_examples=30)
@given(st.data())
def test_a_histogram_counts_what_a_range_would_show(browser: Browser, data: st.DataObject) -> None:
    view = data.draw(views(browser))
    for histogram in browser.histograms(view):
        others = tuple(each for each in view.ranges if each[0] != histogram.column)
        for low, high, count in zip(histogram.edges[:-1], histogram.edges[1:], histogram.counts, strict=True):
            ranged = replace(view, ranges=(*others, (histogram.column, (low, high))), sort=())
            assert len(browser.matches(ranged)) == count
        assert sum(histogram.counts) + histogram.missing == len(browser.matches(replace(view, ranges=others)))
        assert 1 <= len(histogram.counts) <= MOST_BINS
        assert all(mine <= whole for mine, whole in zip(histogram.counts, histogram.all_counts, strict=True))


@settings(max_examples=30)
@given(st.data())
def test_rows_are_sorted_stably_with_what_is_missing_last(
    frame: pd.DataFrame, browser: Browser, data: st.DataObject
) -> None:
    view = data.draw(views(browser))
    order = sorted(browser.matches(replace(view, sort=())).tolist())
    for name, is_descending in reversed(view.sort):
        values = frame[name]
        key = natural_key if pd.api.types.is_string_dtype(values.dtype) else lambda value: value
        missing = [position for position in order if pd.isna(values[position])]
        there = [position for position in order if not pd.isna(values[position])]
        # Of equal ones the first stays first, in either direction.
        order = sorted(there, key=lambda at: key(values[at]), reverse=is_descending) + missing
    assert browser.matches(view).tolist() == order


@settings(max_examples=20)
@given(st.data())
def test_versions_stand_under_their_name(frame: pd.DataFrame, browser: Browser, data: st.DataObject) -> None:
    view = replace(data.draw(views(browser)), is_grouped=True)
    keys = (frame["project"] + "/" + frame["domain"] + "/" + frame["name"]).tolist()
    ages = list(zip(frame["created_at"], map(natural_key, frame["version"]), strict=True))
    closed = browser.lines(view)
    assert {line.kind for line in closed} <= {GROUP}
    matches = browser.matches(view).tolist()
    assert sum(line.count for line in closed) == len(matches)
    firsts = dict.fromkeys(keys[position] for position in matches)
    assert [line.key for line in closed] == list(firsts)
    opened = replace(view, opened=frozenset(list(firsts)[::2]))
    lines = browser.lines(opened)
    assert browser.line_count(opened) == len(lines)
    assert browser.line_count(view) == len(closed)
    for key, group in itertools.groupby(lines, key=lambda line: keys[line.position]):
        head, *versions = group
        assert head.kind == GROUP
        assert {line.kind for line in versions} <= {TASK}
        assert len(versions) == (head.count if key in opened.opened else 0)
        mine = [position for position in matches if keys[position] == key]
        if versions and view.sort:
            assert [line.position for line in versions] == mine
        elif versions:
            newest_first = sorted(mine, key=ages.__getitem__)
            assert [line.position for line in versions] == newest_first[::-1]
    for key in [*firsts][:3]:
        mine = [line.position for line in browser.lines(replace(view, opened=frozenset([key]))) if line.kind == TASK]
        assert browser.versions(view, key) == mine
    assert browser.versions(view, "shops/production/none") == browser.versions(view, "shops") == []
    start, count = data.draw(st.tuples(st.integers(0, len(lines) + 2), st.integers(0, 9)))
    assert browser.lines(opened, start, count) == lines[start : start + count]


def same(one: Browser, other: Browser, view: View) -> None:
    assert one.matches(view).tolist() == other.matches(view).tolist()
    assert one.facets(view) == other.facets(view)
    assert one.histograms(view) == other.histograms(view)
    assert one.all_columns == other.all_columns
    positions = range(0, len(one), 7)
    assert one.cells(positions, one.all_columns) == other.cells(positions, other.all_columns)


@settings(max_examples=15)
@given(st.data())
def test_what_comes_in_pieces_is_as_what_comes_at_once(
    frame: pd.DataFrame, browser: Browser, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(frame)), min_size=1, max_size=4)))
    pieces = [frame.iloc[start:end] for start, end in itertools.pairwise([0, *cuts, len(frame)])]
    grown = Browser(pieces[0])
    for piece in pieces[1:]:
        grown.matches(View("train", sort=(("name", False),)))
        grown.append(piece)
    same(grown, browser, data.draw(views(browser)))


def test_arrow_and_pandas_give_the_same(frame: pd.DataFrame, browser: Browser) -> None:
    pa = pytest.importorskip("pyarrow")
    view = View(
        "train OR gpu>0", chosen=(("domain", ("production", "staging")),), sort=(("version", True), ("name", False))
    )
    same(Browser(pa.Table.from_pandas(frame)), browser, view)
    same(Browser(frame.convert_dtypes(dtype_backend="pyarrow")), browser, view)
    same(Browser(frame.set_index(pd.Index(range(9, 9 + len(frame))))), browser, view)
    same(Browser(frame.astype({"type": "category", "domain": "category", "name": object})), browser, view)


@settings(max_examples=15)
@given(st.data())
def test_a_frame_holds_the_rows_that_are_seen(frame: pd.DataFrame, browser: Browser, data: st.DataObject) -> None:
    view = data.draw(views(browser))
    seen = browser.frame(view)
    pd.testing.assert_frame_equal(seen, frame.loc[browser.matches(view)], check_index_type=False)
    expected = {name for name in frame if len(seen[name].drop_duplicates()) > 1}
    assert {*browser.differing(view)} == expected


# -- what is computed behind -----------------------------------------------------------------------------------------


def findings_of(browser: Browser) -> Facet:
    return next(facet for facet in browser.facets(View()) if facet.column == "findings")


def test_what_is_computed_behind_is_pending_until_all_is_told(frame: pd.DataFrame) -> None:
    browser = Browser(frame, pending=COMPUTED)
    words = [None, "image-latest", "image-latest, no-limits", "no-limits"]
    findings = [words[position % 4] for position in range(len(frame))]
    for start in range(0, len(frame), 100):
        _, _, counted, _, is_pending = findings_of(browser)
        assert is_pending
        assert dict(counted).get(None, 0) == start // 4
        browser.set_column("findings", findings[start : start + 100], range(start, min(start + 100, len(frame))))
    assert findings_of(browser)[2:] == ((("image-latest", 120), ("no-limits", 120), (None, 60)), 0, False)
    view = View(chosen=(("findings", ("no-limits",)),))
    assert browser.matches(view).tolist() == [at for at, text in enumerate(findings) if text and "no-limits" in text]
    assert browser.matches(View("findings:no-limits")).tolist() == browser.matches(view).tolist()
    browser.append(frame.iloc[:3])
    assert findings_of(browser).is_pending


def test_what_only_a_browser_knows_is_told_by_position(tasks: ftn.TaskCollection, frame: pd.DataFrame) -> None:
    browser = Browser(frame)
    browser.set_column("worst_change", ["breaking" if position % 50 == 0 else None for position in range(len(frame))])
    view = View("", chosen=(("worst_change", ("breaking",)),))
    assert browser.matches(view).tolist() == [0, 50, 100, 150, 200]
    assert len(evaluated(browser.code(view), tasks=tasks, ftn=ftn)) == 5
    assert evaluated(browser.code(view, "frame"), frame=frame).index.tolist() == [0, 50, 100, 150, 200]


# -- odd tables ------------------------------------------------------------------------------------------------------


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError


ODD = {
    "spans": pd.Series(pd.to_timedelta([90, None, 3600], unit="s")),
    "days": pd.Series(pd.to_datetime(["2026-01-31", None, "2026-02-01 12:30"], format="ISO8601")),
    "elsewhere": pd.Series(pd.to_datetime(["2026-01-31", None, "2026-02-01"])).dt.tz_localize("Asia/Tokyo"),
    "lists": pd.Series([["a", "b"], None, {"a": 1}], dtype=object),
    "objects": pd.Series([Unprintable(), 3, b"\xff"], dtype=object),
    "category": pd.Series(["low", None, "high"], dtype="category"),
    "ordered": pd.Series(pd.Categorical([1, None, 2], ordered=True)),
    "periods": pd.Series(pd.period_range("2026-01", periods=3, freq="M")),
    "ranges": pd.Series(pd.interval_range(0, 3)),
    "complex": pd.Series([1j, 2, 3]),
    "floats": pd.Series([1.5, float("nan"), float("inf")]),
    "flags": pd.Series([True, False, True]),
    "empty": pd.Series([None, None, None], dtype=object),
    "nan": pd.Series([float("nan")] * 3),
    "control": pd.Series(["\x1b[31mred", "\u202egnp", "\ud800"], dtype=object),
    "secret": pd.Series(["https://me:hunter2@example.com/x", "plain", None]),
    "huge": pd.Series([2**63 + 1, 2**64 - 1, 0], dtype="uint64"),
    "far": pd.Series([pd.Timestamp("9000-01-01"), None, pd.Timestamp("0001-01-01")]),
    "sparse": pd.Series(pd.arrays.SparseArray([0, 0, 7])),
}


@pytest.mark.parametrize("name", ODD)
def test_no_column_blanks_the_whole(name: str) -> None:
    frame = pd.DataFrame({"name": ["a", "b", "c"], "own": ODD[name]}).set_axis(["x", "x", "y"])
    browser = Browser(frame)
    assert [row[0] for row in browser.cells(range(3), ["name", "own"])] == ["a", "b", "c"]
    texts = [row[1] for row in browser.cells(range(3), ["name", "own"])]
    assert ["" if missing else "there" for missing in frame["own"].isna()] == [
        "there" if text else "" for text in texts
    ]
    assert ("own" in browser.columns) == bool(frame["own"].notna().any())
    for is_descending in (False, True):
        assert sorted(browser.matches(View("", sort=(("own", is_descending),)))) == [0, 1, 2]
    assert "hunter2" not in str(texts)
    assert all(text.isprintable() for text in texts)
    browser.append(frame)
    assert [row[1] for row in browser.cells(range(6), ["own", "own"])] == [*texts, *texts]


@pytest.mark.parametrize(
    "name", ["version", "type", "findings", "created_at", "cached", "memory_request", "cpu_request", "timeout"]
)
@pytest.mark.parametrize("odd", ["lists", "objects", "category", "empty", "floats", "flags", "spans", "days"])
def test_a_known_column_of_another_kind_is_looked_at_all_the_same(name: str, odd: str) -> None:
    browser = Browser(pd.DataFrame({"name": ["a", "b", "c"], name: ODD[odd]}))
    for view in (
        View(),
        View(sort=((name, True),)),
        View("a"),
        View(f"{name}:*"),
        View("gpu>0 OR created_at>2026-01-31 OR -type:x"),
    ):
        browser.matches(view)
        browser.facets(view)
        for histogram in browser.histograms(view):
            within = (histogram.column, (histogram.edges[0], histogram.edges[-1]))
            assert len(browser.matches(View(ranges=(within,)))) == sum(histogram.all_counts)
    assert browser.matches(View(f"{name}:*")).tolist() == np.flatnonzero(ODD[odd].notna()).tolist()


def test_no_secret_of_a_table_that_was_made_elsewhere_is_shown() -> None:
    address = "https://me:hunter2@example.com/x"
    columns = ["name", "type", "image_repository", "version", "deprecated", "own"]
    browser = Browser(pd.DataFrame({name: [address, "plain"] for name in columns}))
    assert len(browser.matches(View(chosen=(("type", ("plain",)),)))) == 1
    facets = {facet.column: facet for facet in browser.facets(View())}
    (masked,) = (label for label, _ in facets["type"][2] if label != "plain")
    view = View(chosen=(("type", (masked,)), ("image_repository", (masked,))), is_grouped=True)
    assert len(browser.matches(view)) == 1
    (group,) = browser.lines(view)
    assert len(browser.lines(replace(view, opened=frozenset([group.key])))) == 2
    told = (facets, group, browser.cells([0, 1], browser.all_columns), browser.code(view), browser.code(view, "frame"))
    assert "hunter2" not in str(told)


@pytest.mark.parametrize("count", [0, 1])
def test_few_rows_are_rows(frame: pd.DataFrame, count: int) -> None:
    browser = Browser(frame.iloc[:count], pending=COMPUTED)
    view = View("", is_grouped=True, sort=(("name", False),))
    assert (len(browser), browser.line_count(view), len(browser.lines(view))) == (count, count, count)
    assert len(browser.matches(View("nothing_has_this"))) == 0
    assert browser.histograms(View()) == () or count
    assert len(browser.facets(View())) >= count
    assert Browser(pd.DataFrame()).columns == ()


def test_cells_are_for_people(browser: Browser, frame: pd.DataFrame) -> None:
    names = ["memory_request", "cpu_request", "timeout", "created_at", "cached", "version"]
    by_column: dict[str, set[Any]] = {
        name: {row[0] for row in browser.cells(range(len(frame)), [name])} for name in names
    }
    assert {"512 MiB", "4 GiB", ""} <= by_column["memory_request"]
    assert {"0.5", "2", ""} <= by_column["cpu_request"]
    assert "1 h" in by_column["timeout"]
    assert by_column["created_at"] == {f"2026-0{month}-03 04:05" for month in range(1, 8)}
    assert by_column["cached"] == {"yes", "no"}
    assert [browser.is_numeric(name) for name in names] == [True, True, True, False, False, False]


def test_every_facet_and_amount_is_a_column() -> None:
    assert {*FACETS, *NUMERIC} - {"worst_change"} <= {*COLUMNS}
