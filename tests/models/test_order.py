"""Natural order of names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.models.order import natural_key

TEXTS = st.text(st.sampled_from("0123456789ab.-\u00b2\u0663\u4e2d"), max_size=8) | st.text(max_size=6)


def test_numbers_compare_as_numbers() -> None:
    """Runs of digits compare by value, not by letters."""
    expected = ["", "1", "2", "10", "a", "o0", "o1", "o2", "o10", "v1.9.2", "v1.9.10", "v1.10", "z"]
    shuffled = expected[5:] + expected[:5]
    assert sorted(shuffled, key=natural_key) == expected


def test_leading_zeros_keep_a_fixed_order() -> None:
    """Numbers that differ in leading zeros alone never compare as equal."""
    assert sorted(["a01", "a1", "a001", "a2"], key=natural_key) == ["a001", "a01", "a1", "a2"]


def test_runs_longer_than_python_converts() -> None:
    """A run of ten thousand digits is ordered too."""
    assert natural_key("x" + "9" * 10_000) < natural_key("x1" + "0" * 10_000)


@given(TEXTS, TEXTS)
def test_any_two_texts_compare(one: str, other: str) -> None:
    """Keys of any two texts compare, and are equal for equal texts alone."""
    assert (natural_key(one) == natural_key(other)) == (one == other)
    assert (natural_key(one) < natural_key(other)) == (natural_key(other) > natural_key(one))


@given(st.lists(TEXTS, max_size=6), st.randoms())
def test_order_does_not_depend_on_the_input(texts: list[str], random: object) -> None:
    """However texts come in, they come out in one order."""
    shuffled = list(texts)
    random.shuffle(shuffled)
    assert sorted(texts, key=natural_key) == sorted(shuffled, key=natural_key)


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_numbers(one: int, other: int) -> None:
    """Names with a number are ordered as their numbers are."""
    assert (natural_key(f"o{one}") < natural_key(f"o{other}")) == (one < other)
