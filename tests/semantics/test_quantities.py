from __future__ import annotations

import copy
import pickle
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flytetask_nb.errors import FlyteTaskError, ImmutableError, QuantityError
from flytetask_nb.semantics.quantities import Quantity, format_bytes, format_cores, parse, shortest_spelling

if TYPE_CHECKING:
    from collections.abc import Callable

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "e3", "E-6", "e0", "e21"]

texts = st.builds(
    lambda sign, whole, part, suffix: f"{sign}{whole}{part}{suffix}",
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 10**20),
    st.sampled_from(["", ".", ".5", ".125", ".000000001", ".1234567890123"]),
    st.sampled_from(SUFFIXES),
)
quantities = texts.map(Quantity)


def read(text: str) -> Quantity | None:
    try:
        return Quantity(text)
    except QuantityError:
        return None


def disagreements(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [case for case in cases if not agrees(case)]


def agrees(case: dict[str, Any]) -> bool:
    quantity = read(case["text"])
    if "error" in case or quantity is None:
        return "error" in case and quantity is None
    if "other" in case:
        other = Quantity(case["other"])
        return (quantity > other) - (quantity < other) == case["cmp"] and (quantity == other) == (case["cmp"] == 0)
    return (str(quantity), quantity.value, bool(quantity), (quantity > 0) - (quantity < 0)) == (
        case["canonical"],
        Fraction(case["decimal"]),
        not case["zero"],
        case["sign"],
    )


def test_every_vector_agrees(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    """Value, sign, spelling, order and refusal are those of Kubernetes, odd spellings included."""
    assert disagreements(cases("quantities.jsonl")) == []


@given(texts, texts)
def test_order_is_that_of_the_values(one: str, other: str) -> None:
    """Quantities compare as their exact values do."""
    a, b = Quantity(one), Quantity(other)
    assert (a < b, a <= b, a == b, a > b, a >= b) == (
        a.value < b.value,
        a.value <= b.value,
        a.value == b.value,
        a.value > b.value,
        a.value >= b.value,
    )


@given(quantities)
def test_printing_loses_nothing(quantity: Quantity) -> None:
    """The canonical spelling stands for the same amount, and is its own canonical spelling."""
    again = parse(str(quantity))
    assert again == quantity
    assert str(again) == str(quantity)


@given(quantities, quantities)
def test_equal_quantities_hash_alike(one: Quantity, other: Quantity) -> None:
    """Equality and hash agree, across spellings and with plain numbers."""
    assert (one == other) <= (hash(one) == hash(other))
    assert hash(one) == hash(one.value)
    assert one == one.value


@given(quantities, quantities)
def test_sums_and_differences_are_exact(one: Quantity, other: Quantity) -> None:
    """Adding and subtracting neither round nor overflow, and what they give can be printed and read again."""
    total, difference = one + other, one - other
    assert (total.value, difference.value) == (one.value + other.value, one.value - other.value)
    assert (parse(str(total)), parse(str(difference))) == (total, difference)


@given(quantities, st.integers(-1000, 1000))
def test_multiples_are_exact(quantity: Quantity, factor: int) -> None:
    """A quantity times a whole number is exact, from either side."""
    assert (quantity * factor).value == (factor * quantity).value == quantity.value * factor


@given(quantities, quantities)
def test_a_ratio_is_an_exact_fraction(one: Quantity, other: Quantity) -> None:
    """Dividing two quantities gives their ratio."""
    assume(other)
    assert one / other == one.value / other.value


@given(st.text(max_size=12))
def test_any_other_text_is_refused_with_its_own_error(text: str) -> None:
    """Reading never fails in another way than with QuantityError."""
    quantity = read(text)
    assert quantity is None or parse(str(quantity)) == quantity


@given(quantities)
def test_bytes_are_never_shown_inexactly(quantity: Quantity) -> None:
    """The number shown times its unit is the amount, or it is Kubernetes' own spelling."""
    shown = format_bytes(quantity)
    number, blank, unit = shown.partition(" ")
    if not blank:
        assert parse(shown) == quantity
        return
    size = 1024 if "i" in unit else 1000
    power = "BKMGTPE".index(unit[0].upper())
    assert Fraction(number) * size**power == quantity.value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("32Gi", "32 GiB"),
        ("512Mi", "512 MiB"),
        ("1536Mi", "1.5 GiB"),
        ("1.5G", "1.5 GB"),
        ("1500M", "1.5 GB"),
        ("1073741824", "1 GiB"),
        ("1000Ki", "1000 KiB"),
        ("1024k", "1024 kB"),
        ("1023", "1023 B"),
        ("0", "0 B"),
        ("-2Gi", "-2 GiB"),
        ("500m", "500m"),
        ("1234567890123", "1234567890123 B"),
    ],
)
def test_bytes_as_people_read_them(text: str, shown: str) -> None:
    """The shortest exact number and its unit."""
    assert shown == format_bytes(Quantity(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("500m", "500m"), ("4", "4"), ("4000m", "4"), ("1.5", "1500m"), ("2k", "2000"), ("0", "0"), ("100u", "100u")],
)
def test_cores_as_people_read_them(text: str, shown: str) -> None:
    """Whole cores as a number, others in thousandths."""
    assert shown == format_cores(Quantity(text))


def test_texts_numbers_and_quantities_make_quantities() -> None:
    """One amount, written in four ways."""
    half = Fraction(1, 2)
    assert {Quantity("500m"), Quantity("0.5"), Quantity(half), Quantity(Quantity("500m"))} == {Quantity("500m")}
    assert Quantity(2) == Quantity("2") == 2


def test_the_largest_binary_quantity_is_that_of_64_bits() -> None:
    """Binary suffixes stop at 2^63 - 1, decimal ones do not."""
    assert Quantity("8Ei").value == 2**63 - 1
    assert Quantity("100E").value == 10**20


def test_a_sum_keeps_the_notation_of_its_first_part() -> None:
    """Binary plus decimal is shown binary where that is exact; nothing plus binary is binary."""
    assert str(Quantity("1Gi") + Quantity("1073741824")) == "2Gi"
    assert str(Quantity("1073741824") + Quantity("1Gi")) == "2147483648"
    assert str(Quantity(0) + Quantity("2048Mi")) == "2Gi"


def test_more_than_kubernetes_has_letters_for_is_shown_with_an_exponent() -> None:
    """No power is dropped where there is no suffix for it."""
    assert str(Quantity("1000E")) == "1e21"


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "9" * 1_000_000, "1e" + "9" * 900, "(" * 5000])
def test_hostile_texts_are_refused_at_once(text: str) -> None:
    """What would fill the memory is refused without being computed, and the error stays short."""
    begun = time.process_time()
    with pytest.raises(QuantityError) as caught:
        Quantity(text)
    assert time.process_time() - begun < 1
    assert len(str(caught.value)) < 400


def test_an_error_names_the_text_and_what_was_expected() -> None:
    """Whoever reads the error knows what to write instead."""
    with pytest.raises(QuantityError, match=r"'1gb' .* expected a number with an optional suffix n, u, m, k"):
        Quantity("1gb")


def test_floats_are_refused() -> None:
    """A float is not exact; the error says to write it as a text."""
    with pytest.raises(QuantityError, match="write them as a text"):
        Quantity(0.1)  # type: ignore[arg-type]


def test_what_is_finer_than_a_billionth_is_refused_in_arithmetic() -> None:
    """A third of a core is no quantity; only texts are rounded, as Kubernetes does."""
    with pytest.raises(QuantityError, match=r"1 \* 1/3 is finer than 1n"):
        Quantity("1") * Fraction(1, 3)
    with pytest.raises(QuantityError, match="finer than 1n"):
        Quantity(Fraction(1, 3))


def test_quantities_do_not_change() -> None:
    """Assigning and deleting are refused."""
    quantity = Quantity("1Gi")
    with pytest.raises(ImmutableError):
        quantity.nanos = 3
    with pytest.raises(FlyteTaskError):
        del quantity.notation


def test_copies_are_equal_and_print_alike() -> None:
    """Copying and pickling keep value and spelling."""
    quantity = Quantity("007Ki")
    for again in (copy.deepcopy(quantity), pickle.loads(pickle.dumps(quantity))):  # noqa: S301 - our own bytes
        assert (again, str(again), repr(again)) == (quantity, "007Ki", "Quantity('007Ki')")


def test_other_things_are_neither_equal_nor_added() -> None:
    """A quantity keeps to quantities and exact numbers."""
    assert Quantity("1") != "1"
    for compute in (lambda q: q + 1, lambda q: q - "1", lambda q: q * 0.5, lambda q: q / 2, lambda q: q < "2"):
        with pytest.raises(TypeError):
            compute(Quantity("1"))
    assert (-Quantity("1Gi"), abs(Quantity("-1Gi"))) == (Quantity("-1Gi"), Quantity("1Gi"))


# -- one spelling ------------------------------------------------------------------------------------------------------


@given(quantities, quantities)
def test_equal_quantities_share_a_spelling_and_others_do_not(one: Quantity, other: Quantity) -> None:
    """Whatever their notation, and it is one of their value."""
    assert (shortest_spelling(one) == shortest_spelling(other)) == (one == other)
    if one.nanos <= (2**63 - 1) * 10**9:
        assert parse(shortest_spelling(one)) == one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5", "500m"),
        ("1024Mi", "1Gi"),
        ("1073741824", "1Gi"),
        ("1e3", "1k"),
        ("1000000000", "1G"),
        ("1536Mi", "1536Mi"),
        ("0Gi", "0"),
        ("-2048", "-2Ki"),
    ],
)
def test_the_shortest_spelling_is_taken(text: str, expected: str) -> None:
    """In powers of 1000 or 1024."""
    assert shortest_spelling(Quantity(text)) == expected
