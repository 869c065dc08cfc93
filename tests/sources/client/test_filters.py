"""Conditions: what Admin's grammar carries of them, and what is looked at here."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.sources.client.filters import compiled, is_sendable, sent
from tests.sources.client.serving import make_task


@pytest.mark.parametrize(
    ("condition", "spelling"),
    [
        (ftn.col("name") == "app.train", "eq(name,app.train)"),
        (ftn.col("version") != "v1", "ne(version,v1)"),
        (ftn.col("version") > "v1", "gt(version,v1)"),
        (ftn.col("version") >= "v1", "gte(version,v1)"),
        (ftn.col("version") < "v1", "lt(version,v1)"),
        (ftn.col("version") <= "v1", "lte(version,v1)"),
        (ftn.col("name").contains("train"), "contains(name,train)"),
        (ftn.col("name").excludes("train"), "not_like(name,%train%)"),
        (ftn.col("name").isin(["a", "b"]), "value_in(name,a;b)"),
        (ftn.col("name").notin(("a", "b")), "value_not_in(name,a;b)"),
        (ftn.col("short_description") == "short 1", "eq(short_description,short 1)"),
        (ftn.col("created_at") > "2020-01-01", "gt(created_at,2020-01-01T00:00:00.000000Z)"),
        (ftn.col("created_at") > date(2020, 1, 1), "gt(created_at,2020-01-01T00:00:00.000000Z)"),
        (ftn.col("created_at") < "2020-01-01T01:00+01:00", "lt(created_at,2020-01-01T00:00:00.000000Z)"),
        ({"type": "spark", "version": ["v1", "v2"]}, "eq(type,spark)+value_in(version,v1;v2)"),
        (
            (ftn.col("type") == "a") & (ftn.col("name") == "b") & (ftn.col("version") == "c"),
            "eq(type,a)+eq(name,b)+eq(version,c)",
        ),
    ],
)
def test_conditions_are_spelt_in_admins_grammar(condition: object, spelling: str) -> None:
    found = compiled(condition)
    assert (spelling, True) == (found.sent, not found.here)


@pytest.mark.parametrize(
    "condition",
    [
        *(ftn.col("name") == value for value in ("a+b", "a,b", "a;b", "a(b", "a)", " a", "a ", "", "a\nb", "a\x00")),
        ftn.col("name").isin(["a", "b;c"]),
        ftn.col("name").isin([]),
        ftn.col("name").contains("a\\b"),
        ftn.col("name").excludes("a_b"),
        ftn.col("name").excludes("100%"),
        ftn.col("short_description") != "x",
        ftn.col("image") == "x",
    ],
    ids=str,
)
def test_what_the_grammar_cannot_carry_is_looked_at_here(condition: Any) -> None:
    found = compiled(condition)
    assert ("", (condition,)) == (found.sent, found.here)


def test_wildcards_are_sent_and_looked_at_again() -> None:
    found = compiled(ftn.col("name").contains("app_train"))
    assert (found.sent, len(found.here)) == ("contains(name,app_train)", 1)
    assert [found.here[0](ftn.FlyteTask.from_flyte_idl(make_task(name))) for name in ("app_train", "app.train")] == [
        True,
        False,
    ]


TEXTS = st.text("ab.%_+,;( )\\\n", max_size=4)
STARTS = datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)


def conditions() -> st.SearchStrategy[Any]:
    texts = st.sampled_from(["name", "version", "type", "short_description"]).map(ftn.col)
    times = st.integers(-1, 4).map(lambda seconds: STARTS + timedelta(seconds=seconds))
    compare = st.sampled_from(["__eq__", "__ne__", "__gt__", "__ge__", "__lt__", "__le__"])
    of_text = st.sampled_from(["__eq__", "__ne__", "__gt__", "__ge__", "__lt__", "__le__", "contains", "excludes"])
    return st.one_of(
        st.builds(lambda column, way, value: getattr(column, way)(value), texts, of_text, TEXTS),
        st.builds(
            lambda column, way, values: getattr(column, way)(values),
            texts,
            st.sampled_from(["isin", "notin"]),
            st.lists(TEXTS, max_size=3),
        ),
        st.builds(lambda way, value: getattr(ftn.col("created_at"), way)(value), compare, times),
    )


@given(st.lists(conditions(), max_size=3))
def test_each_condition_is_sent_or_looked_at_here(found: list[Any]) -> None:
    """None is lost, and what is sent can be read in one way only."""
    filters = compiled(found)
    parts = filters.sent.split("+") if filters.sent else []
    asked = [one for one in found if is_sendable(one)]
    assert [sent(one) for one in asked] == parts
    assert all(one in filters.here for one in found if one not in asked)
    for part, one in zip(parts, asked, strict=True):
        function, _, rest = part.partition("(")
        column, _, value = rest.removesuffix(")").partition(",")
        assert (one.function, one.column) == (function, column)
        assert part.count("(") == part.count(")") == part.count(",") == 1
        if isinstance(one.value, tuple):
            assert list(one.value) == value.split(";")
