"""Natural order at once is natural order one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.models.order import natural_key
from flytetask_nb.tables import natural_ordering as module
from flytetask_nb.tables.natural_ordering import natural_order

TEXTS = st.text(st.sampled_from("ab.-_0019 é\n\t\x00\x01\x02"), max_size=8) | st.text(max_size=6)


@given(st.lists(TEXTS, max_size=12, unique=True))
def test_texts_are_in_natural_order(texts: list[str]) -> None:
    assert [texts[position] for position in natural_order(texts)] == sorted(texts, key=natural_key)


@given(st.lists(st.text(st.sampled_from("v.019"), max_size=6), max_size=12, unique=True))
def test_most_texts_need_no_second_look(texts: list[str]) -> None:
    assert not texts or module._keys(texts) is not None


def test_numbers_beyond_all_bounds_and_many_texts_are_in_order() -> None:
    texts = ["9" * 300, "1" * 300, "a", *(f"v{number}" for number in range(9000, 0, -1))]
    assert [texts[position] for position in natural_order(texts)] == sorted(texts, key=natural_key)
    many = texts[3:]
    assert [many[position] for position in natural_order(many)] == many[::-1]
