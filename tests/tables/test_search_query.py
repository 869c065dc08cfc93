"""Searches: the grammar, and that every clause says of a table what pandas says."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from flyteidl.admin import task_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.dtypes import AMOUNT, COUNT, FLAG, SPAN, TEXT, TIME
from flytetask_nb.tables.coded_table import CodedTable
from flytetask_nb.tables.columns import COLUMNS, DEFAULT_COLUMNS
from flytetask_nb.tables.search_query import ALIASES, SEARCHED, parsed_query
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@pytest.fixture(scope="module")
def tasks() -> ftn.TaskCollection:
    return ftn.load(
        [ARCHIVES / "2026.03.tgz", ARCHIVES / "2026.10.tgz"],
        project="shops",
        domain="production",
        version=lambda path: path.rsplit("/")[-1].removesuffix(".tgz"),
    )


@pytest.fixture(scope="module")
def frame(tasks: ftn.TaskCollection) -> pd.DataFrame:
    return tasks.to_frame([*COLUMNS])


def rows(tasks: ftn.TaskCollection, found: ftn.TaskCollection) -> list[int]:
    """Return the places of the tasks that were found, which come in the order of all."""
    keys = [(task.name, task.id.version) for task in tasks]
    return [keys.index((task.name, task.id.version)) for task in found]


def places(fits: list[bool]) -> list[int]:
    return [place for place, is_fit in enumerate(fits) if is_fit]


def spelled(value: Any) -> str:
    if isinstance(value, pd.Timedelta):
        return f"{value.value // 1000}us"
    return value.isoformat() if isinstance(value, pd.Timestamp) else str(value)


def by_hand(field: str, sign: str, value: Any, frame: pd.DataFrame) -> list[bool]:
    """Look at each value by itself."""
    return [not pd.isna(each) and bool(COMPARED[sign](each, value)) for each in frame[field]]


NUMBERS = [name for name in DEFAULT_COLUMNS if COLUMNS[name].kind in (AMOUNT, COUNT, SPAN, TIME)]
TEXTS = [name for name in COLUMNS if COLUMNS[name].kind is TEXT]


@settings(max_examples=40)
@given(
    st.sampled_from(NUMBERS), st.sampled_from(sorted(COMPARED)), st.integers(0, 99), st.booleans(), st.sampled_from(["", " ", "  "])
)  # fmt: skip
def test_numbers_compare_as_in_a_table(  # noqa: PLR0917 - as hypothesis gives them
    tasks: ftn.TaskCollection, frame: pd.DataFrame, field: str, sign: str, pick: int, is_excluded: bool, blanks: str
) -> None:
    values = frame[field].dropna()
    fallback = {TIME: pd.Timestamp("2026-01-31", tz="UTC"), SPAN: pd.Timedelta("1h")}.get(COLUMNS[field].kind, 3)
    value = values.iloc[pick % len(values)] if len(values) else fallback
    query = f"{'-' * is_excluded}{field}{blanks}{sign}{blanks}{spelled(value)}"
    expected = [fits != is_excluded for fits in by_hand(field, sign, value, frame)]
    assert rows(tasks, tasks.search(query)) == places(expected)


@settings(max_examples=40)
@given(st.sampled_from(TEXTS), st.integers(0, 99), st.integers(0, 20), st.integers(1, 12), st.booleans())
def test_texts_are_looked_into_in_any_case(  # noqa: PLR0917 - as hypothesis gives them
    tasks: ftn.TaskCollection, frame: pd.DataFrame, field: str, pick: int, start: int, length: int, is_excluded: bool
) -> None:
    values = frame[field].dropna()
    whole = values.iloc[pick % len(values)] if len(values) else "nothing"
    part = whole[start : start + length].replace('"', "").strip() or "a"
    expected = [not pd.isna(each) and part.casefold() in each.casefold() for each in frame[field]]
    found = tasks.search(f'{"-" * is_excluded}{field}:"{part.upper()}"')
    if part.upper().casefold() == part.casefold():
        assert rows(tasks, found) == places([fits != is_excluded for fits in expected])


@settings(max_examples=40)
@given(st.sampled_from([name for name in COLUMNS if COLUMNS[name].kind is FLAG]), st.booleans(), st.booleans())
def test_flags_are_true_or_false(
    tasks: ftn.TaskCollection, frame: pd.DataFrame, field: str, value: bool, is_excluded: bool
) -> None:
    found = tasks.search(f"{'-' * is_excluded}{field}:{str(value).lower()}")
    assert rows(tasks, found) == places([fits != is_excluded for fits in by_hand(field, "=", value, frame)])


@settings(max_examples=40)
@given(st.sampled_from([*COLUMNS]))
def test_a_star_asks_for_any_value(tasks: ftn.TaskCollection, frame: pd.DataFrame, field: str) -> None:
    assert rows(tasks, tasks.search(f"{field}:*")) == places(frame[field].notna().tolist())
    assert rows(tasks, tasks.search(f"-{field}:*")) == places(frame[field].isna().tolist())


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(["train", "gpu>0", "mem>=8Gi", "-cached:yes", '"python-task"', "type:spark"]), max_size=4),
    st.data(),
)
def test_words_are_anded_and_or_stands_between_alternatives(
    tasks: ftn.TaskCollection, words: list[str], data: st.DataObject
) -> None:
    single = {word: set(rows(tasks, tasks.search(word))) for word in words}
    everything = set(range(len(tasks)))
    assert set(rows(tasks, tasks.search(" ".join(words)))) == everything.intersection(*single.values())
    if len(words) > 1:
        cut = data.draw(st.integers(1, len(words) - 1))
        sides = [everything.intersection(*(single[word] for word in part)) for part in (words[:cut], words[cut:])]
        query = f"{' '.join(words[:cut])} OR {' '.join(words[cut:])}"
        assert set(rows(tasks, tasks.search(query))) == sides[0] | sides[1]


def test_a_word_is_looked_for_where_the_panel_looks(tasks: ftn.TaskCollection, frame: pd.DataFrame) -> None:
    expected = ["onnx" in " ".join(frame.loc[place, [*SEARCHED]].dropna()).casefold() for place in frame.index]
    assert rows(tasks, tasks.search("ONNX")) == places(expected)
    assert len(tasks.search("")) == len(tasks)


@pytest.mark.parametrize(("alias", "column"), ALIASES.items())
def test_an_alias_is_its_column(tasks: ftn.TaskCollection, alias: str, column: str) -> None:
    assert tasks.search(f"{alias}>0") == tasks.search(f"{column} > 0")


def test_a_search_keeps_failures_and_order(tasks: ftn.TaskCollection) -> None:
    failure = ftn.Failure("a.tgz", "", "empty")
    found = ftn.TaskCollection([*tasks], failures=[failure]).search("train")
    assert found.failures == (failure,)
    assert rows(tasks, found) == sorted(rows(tasks, found))


@pytest.mark.parametrize(
    ("query", "position", "told"),
    [
        ("gpu>", 4, "a value is expected"),
        ("train gpu>none", 10, "'none' is none"),
        ("memory>8Gii", 7, "such as 2, 500m or 8Gi"),
        ("colour:red", 0, "no field 'colour'"),
        ("memo:8", 0, "did you mean"),
        ("train image>3", 11, "has no order"),
        ("cached:perhaps", 7, "true or false"),
        ('a "b', 2, "not closed"),
        ('a ""', 2, "nothing between"),
        ("OR a", 0, "nothing before"),
        ("a OR", 2, "nothing behind"),
        ("a OR OR b", 5, "nothing before"),
        ("a - b", 2, "nothing behind"),
        ("> 3", 0, "a field is expected"),
        ("timeout>10", 8, "length of time"),
        ("created_at>soon", 11, "is a time"),
        ("cpu<inf", 4, "is none"),
    ],
)
def test_a_wrong_query_says_where(query: str, position: int, told: str) -> None:
    with pytest.raises(ftn.errors.QueryError, match=told) as caught:
        parsed_query(query)
    assert caught.value.position == position
    assert f"at character {position + 1}" in str(caught.value) or query[position:] == ""


@settings(max_examples=40)
@given(st.text(alphabet=st.sampled_from('ab:<>=!-"* 1OR\t\\'), max_size=12))
def test_any_text_is_a_search_or_said_to_be_none(text: str) -> None:
    try:
        query = parsed_query(text)
    except ftn.errors.QueryError as error:
        position = error.position
    else:
        query.mask(CodedTable.of_frame(ftn.TaskCollection().to_frame(query.columns)))
        position = 0
    assert 0 <= position <= len(text)


def test_what_a_search_has_read_is_read_no_more_than_once(
    tasks: ftn.TaskCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = ftn.TaskCollection([*tasks])
    read: list[str] = []
    usual = ftn.TaskCollection._table
    monkeypatch.setattr(
        ftn.TaskCollection, "_table", lambda self, name, columns: read.extend(columns) or usual(self, name, columns)
    )
    for query in ("train", "gpu>0 train", "train", "findings:*", "findings:*"):
        fresh.search(query)
    # What a check finds depends on the policy in force.
    assert read == [*parsed_query("train").columns, "gpu_request", "findings", "findings"]


def test_what_is_masked_is_found_once_it_is_revealed() -> None:
    address = "https://me:hunter2@example.com/x"
    message = task_pb2.TaskSpec()
    message.template.id.name = "shop.train"
    message.template.metadata.deprecated_error_message = f"see {address}"
    tasks = ftn.TaskCollection([message])
    assert len(tasks.search("deprecated:hunter2")) == 0
    with ftn.set_options(reveal_secrets=True):
        assert len(tasks.search("deprecated:hunter2")) == 1
    assert len(tasks.search("deprecated:hunter2")) == 0


def test_a_search_is_a_text() -> None:
    with pytest.raises(ftn.errors.ModelTypeError, match="a search is a text"):
        ftn.TaskCollection().search(3)  # type: ignore[arg-type]
