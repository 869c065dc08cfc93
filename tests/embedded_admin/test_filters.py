"""Filters, sort keys, tokens and pages, against what PostgreSQL makes of them."""

from __future__ import annotations

import functools
import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.embedded_admin.columns import BIGINT, BYTES, INTEGER, KEY, TASKS, TEXT, TIME
from flytetask_nb.embedded_admin.postgres_values import read_value
from flytetask_nb.embedded_admin.queries import PageRequest, SqlCondition, where
from flytetask_nb.embedded_admin.refusals import Refusal
from flytetask_nb.embedded_admin.store import Store
from tests.embedded_admin.building import listing, task_request
from tests.embedded_admin.replay import connected, send

if TYPE_CHECKING:
    from collections.abc import Callable

    import grpc

LETTERS = "aAbB%_\\*?[]ü."
TEXTS = st.text(LETTERS, min_size=1, max_size=4)
ROWS = [
    (name, version, short)
    for name, version, short in (
        ("a", "v1", ""),
        ("A", "v1", "a"),
        ("a%", "v2", "A"),
        ("a_b", "v10", "a%"),
        ("aüb", "v1", "_"),
        ("ab", "v2", "ü"),
        ("a\\b", "v1", "\\"),
        ("[a]", "v1", "*"),
        ("a*b?", "v3", "?"),
        (".flytegen.a", "v1", "b"),
        ("B.a", "abc", ""),
        ("a", "v2", ""),
    )
]


@pytest.fixture(scope="module")
def ask() -> Any:
    """Return a function that lists the rows above."""
    with ftn.sandbox() as admin, connected(admin.endpoint) as channel:
        for name, version, short in ROWS:
            assert send(channel, "CreateTask", task_request(name, version, description=short)).status == "OK"
        yield functools.partial(send, channel, "ListTasks")


def like(text: str, pattern: str) -> bool:
    """Match as LIKE does, written once more: a backslash makes what follows stand for itself."""
    translated = re.sub(
        r"\\(.)|(%)|(_)|(.)",
        lambda m: re.escape(m[1]) if m[1] else ".*" if m[2] else "." if m[3] else re.escape(m[4]),
        pattern,
        flags=re.DOTALL,
    )
    return re.fullmatch(translated, text, re.DOTALL) is not None


TESTS: dict[str, Callable[[str, list[str]], bool]] = {
    "eq": lambda text, values: text == values[0],
    "ne": lambda text, values: text != values[0],
    "gt": lambda text, values: text.encode() > values[0].encode(),
    "gte": lambda text, values: text.encode() >= values[0].encode(),
    "lt": lambda text, values: text.encode() < values[0].encode(),
    "lte": lambda text, values: text.encode() <= values[0].encode(),
    "contains": lambda text, values: like(text, f"%{values[0]}%"),
    "not_like": lambda text, values: not like(text, values[0]),
    "value_in": lambda text, values: text in values,
    "value_not_in": lambda text, values: text not in values,
}
LISTS = ("value_in", "value_not_in")


@st.composite
def filters(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    function = draw(st.sampled_from(sorted(TESTS)))
    count = draw(st.integers(1, 3)) if function in LISTS else 1
    known = st.sampled_from(sorted({text for row in ROWS for text in row if text}))
    values = [draw(TEXTS | known) for _ in range(count)]
    return function, draw(st.sampled_from(["name", "version", "short_description"])), values


def ends_open(function: str, values: list[str]) -> bool:
    """Tell whether a pattern ends with an escape character."""
    pattern = values[0] if function == "not_like" else f"%{values[0]}%"
    return function in ("contains", "not_like") and re.fullmatch(r"(?:[^\\]|\\.)*\\", pattern, re.DOTALL) is not None


@settings(max_examples=300)
@given(asked=st.lists(filters(), min_size=1, max_size=3))
def test_filters_keep_what_brute_force_keeps(ask: Any, asked: list[tuple[str, str, list[str]]]) -> None:
    """Each row passes all filters or is left out, whatever stands in the values."""
    told = "+".join(f"{function}({field},{';'.join(values)})" for function, field, values in asked)
    reply = ask(listing(filters=told))
    if any(ends_open(function, values) for function, _, values in asked):
        assert reply.status == "UNKNOWN"
        return
    columns = {"name": 0, "version": 1, "short_description": 2}
    expected = [
        (row[0], row[1])
        for row in ROWS
        if all(TESTS[function](row[columns[field]], values) for function, field, values in asked)
    ]
    assert reply.status == "OK"
    assert expected == [(task["id"]["name"], task["id"]["version"]) for task in reply.response.get("tasks", [])]


@pytest.mark.parametrize(
    "key", ["name", "version", "short_description", "id", "created_at", "type", "closure", "digest"]
)
@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("limit", [1, 3, 5, 12])
def test_pages_put_together_are_the_whole(ask: Any, key: str, direction: str, limit: int) -> None:
    """By id no page misses or repeats a row; by any other key the keys are in order."""
    sort_by = {"key": key, "direction": direction}
    found: list[Any] = []
    token = ""
    while True:
        response = ask(listing(limit=limit, token=token, sortBy=sort_by)).response
        found += response.get("tasks", [])
        token = response.get("token", "")
        if not token:
            break
        assert int(token) == len(found)
    if key not in ("version", "short_description", "type"):
        assert len({(task["id"]["name"], task["id"]["version"]) for task in found}) == len(ROWS)
    keys = {
        "name": lambda task: task["id"]["name"].encode(),
        "version": lambda task: task["id"]["version"].encode(),
        "short_description": lambda task: task.get("shortDescription", "").encode(),
        "created_at": lambda task: task["closure"]["createdAt"],
    }
    if key in keys:
        values = [keys[key](task) for task in found]
        assert sorted(values, reverse=direction == "DESCENDING") == values


@pytest.mark.parametrize(
    ("told", "status", "message"),
    [
        ("eq(name,a;b)", "UNKNOWN", None),
        ("ne(id,1;2)", "UNKNOWN", None),
        ("gt(created_at,a;b)", "UNKNOWN", None),
        ("not_like(name,a;b)", "UNKNOWN", None),
        ("contains(name,a;b)", "OK", None),
        ("contains(created_at,2)", "UNKNOWN", None),
        ("not_like(id,1)", "UNKNOWN", None),
        ("value_in(id,1;x)", "UNKNOWN", None),
        ("eq(id, 1)", "OK", None),
        ("eq(id,1.0)", "UNKNOWN", None),
        ("eq(id,99999999999999999999)", "UNKNOWN", None),
        ("gt(created_at,2020-13-01)", "UNKNOWN", None),
        ("gt(created_at,2020-01-01 10:00:00.5-0330)", "OK", None),
        ("contains(closure,a)", "OK", None),
        ("eq(name,a)junk", "OK", None),
        ("eq(name,a)eq(name,b)", "INVALID_ARGUMENT", "unrecognized filter function: eq(name,a)eq"),
        ("eq(named_entity_metadata.state,0)", "INVALID_ARGUMENT", "'nem' entity is not allowed in filters"),
        ("eq(signal.id,0)", "INVALID_ARGUMENT", "'s' entity is not allowed in filters"),
        ("eq(task.nope,0)", "INVALID_ARGUMENT", "'t.nope' is invalid filter"),
        ("nope(task.nope,0)", "INVALID_ARGUMENT", "'t.nope' is invalid filter"),
        ("eq(name,a)+nope", "INVALID_ARGUMENT", "invalid value for filters"),
        ("eq(name,\n)", "INVALID_ARGUMENT", "invalid value for filters"),
        ("eq(name,\0)", "UNKNOWN", None),
        ("Contains(name,a)", "INVALID_ARGUMENT", "unrecognized filter function: Contains"),
    ],
)
def test_filters_that_postgres_or_admin_refuse(ask: Any, told: str, status: str, message: str | None) -> None:
    """What Admin cannot read is INVALID_ARGUMENT, what PostgreSQL cannot compare is UNKNOWN."""
    reply = ask(listing(filters=told))
    assert status == reply.status
    if message is not None:
        assert message == reply.message
    if status == "UNKNOWN":
        assert reply.message.startswith("failed database operation with ")


def test_refusals_come_in_the_order_of_the_checks(ask: Any) -> None:
    """Limit, then filters, then the sort key, then the token, then the database."""
    broken = {"limit": 0, "filters": "nope", "sortBy": {"key": "nope"}, "token": "nope"}
    expected = ["invalid value for limit", "invalid value for filters", "invalid sort key 'nope'"]
    actual = []
    for name, good in (("limit", 1), ("filters", "eq(id,x)"), ("sortBy", {"key": "id"}), ("token", "")):
        actual.append(ask(listing(**broken)).message)
        broken[name] = good
    assert [*expected, "invalid pagination token nope for ListTasks"] == actual
    assert ask(listing(**broken)).status == "UNKNOWN"


@pytest.mark.parametrize(
    ("token", "is_good"),
    [("-0", True), ("+0", True), ("007", True), ("9223372036854775807", True), ("9223372036854775808", False),
     ("1_0", False), ("٣", False), ("", True), ("\n1", False), ("1\n", False), ("9" * 5000, False)],
)  # fmt: skip
def test_tokens_are_what_go_reads_as_a_number(ask: Any, token: str, is_good: bool) -> None:
    assert ("OK" if is_good else "INVALID_ARGUMENT") == ask(listing(token=token)).status


def test_the_largest_limit_is_taken(ask: Any) -> None:
    reply = ask(listing(limit=2**32 - 1))
    assert len(ROWS) == len(reply.response["tasks"])
    assert "token" not in reply.response


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (BIGINT, " +7 ", 7),
        (BIGINT, "-0", 0),
        (INTEGER, "2147483647", 2**31 - 1),
        (TIME, "1970-01-02", 24 * 3600 * 10**6),
        (TIME, "1970-01-01T00:00:01.5Z", 1_500_000),
        (TIME, "1970-01-01 00:00:00-01:30", 5400 * 10**6),
        (TIME, "1970-01-01 00:00:00.0000015+00", 2),
        (BYTES, "ab", b"ab"),
        (TEXT, "ü", "ü"),
    ],
)
def test_values_are_read_as_postgres_reads_them(kind: str, text: str, expected: object) -> None:
    assert expected == read_value(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [(INTEGER, "2147483648"), (BIGINT, ""), (BIGINT, "0x1"), (TIME, ""), (TIME, "1970-01-01T25:00")],
)
def test_values_that_postgres_cannot_read(kind: str, text: str) -> None:
    with pytest.raises(Refusal, match="failed database operation with"):
        read_value(kind, text)


@settings(max_examples=100)
@given(value=st.text("%_ab\\\0", min_size=1, max_size=3))
def test_patterns_over_bytes_match_as_over_texts(value: str) -> None:
    """Whatever the bytes, a zero among them too; each is a character to the pattern."""
    condition = SqlCondition(TASKS, "closure", "contains", (value,))
    if ends_open("contains", [value]):
        with pytest.raises(Refusal, match="escape character"):
            where([condition])
        return
    store = Store()
    contents = [bytes(pair) for pair in itertools.product(b"%_ab\\\0\xff", repeat=2)]
    for number, content in enumerate(contents):
        store.insert(TASKS, {**dict.fromkeys(KEY, str(number)), "closure": content})
    expected = [content for content in contents if like(content.decode("latin-1"), f"%{value}%")]
    if "\0" in value:
        with pytest.raises(Refusal, match="byte sequence"):
            store.select(TASKS, PageRequest([condition]))
    else:
        assert sorted(expected) == sorted(row["closure"] for row in store.select(TASKS, PageRequest([condition])))
    store.close()


def test_names_are_grouped_and_sorted_by_themselves_only(channel: grpc.Channel) -> None:
    for name in ("b", "a", "B"):
        for version in ("v1", "v2"):
            send(channel, "CreateTask", task_request(name, version))
    request = {"project": "flytesnacks", "domain": "development", "limit": 2}
    for key in ("name", "project", "domain"):
        first = send(channel, "ListTaskIds", {**request, "sortBy": {"key": key, "direction": "ASCENDING"}}).response
        assert [entity["name"] for entity in first["entities"]] == ["B", "a"]
        assert first["token"] == "2"  # noqa: S105 - a page's
    for key in ("type", "deleted_at", "digest"):
        assert send(channel, "ListTaskIds", {**request, "sortBy": {"key": key}}).status == "UNKNOWN"
