"""Kubernetes quantities, exactly: what ``500m`` of a core or ``1.5Gi`` of memory is as a number.

A quantity is a whole number of billionths, because Kubernetes rounds whatever is finer; so one integer holds every
value, and no float is ever involved.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.errors import ImmutableError, QuantityError, shortened

if TYPE_CHECKING:
    from collections.abc import Callable

NANO: Final = 10**9
"""Billionths in one: the resolution of Kubernetes."""

# How a quantity was spelled decides how it is printed: in powers of 1000 by letter, of 1024, or by an exponent.
DECIMAL: Final = "decimal"
BINARY: Final = "binary"
EXPONENT: Final = "exponent"

_POWER_OF_SUFFIX: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIX_OF_POWER: Final = {power: suffix for suffix, power in _POWER_OF_SUFFIX.items()}
_SHIFT_OF_SUFFIX: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_BINARY_SUFFIXES: Final = ("", *_SHIFT_OF_SUFFIX)

_GRAMMAR: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_EXPONENT: Final = re.compile(r"[eE]([+-]?[0-9]+)", re.ASCII)

_LARGEST_BINARY: Final = (2**63 - 1) * NANO
# Kubernetes keeps numbers of up to 18 decimal digits in 64 bits and echoes those that look canonical as they were
# typed; everything longer is computed with and printed anew.
_SHORT_DIGITS: Final = 18
_SHORT_BINARY_DIGITS: Final = 14
_FINEST: Final = -9

# Policy of this package: Kubernetes has no bounds here and would spend gigabytes on 1e999999999.
_LONGEST_TEXT: Final = 1_000
_LARGEST_EXPONENT: Final = 1_000

_EXPECTED: Final = (
    "a number with an optional suffix n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or an exponent such as e3"
)


class Quantity:
    """An exact amount of a resource, in the notation of Kubernetes: ``500m`` cores, ``1.5Gi`` bytes.

    Quantities are immutable, compare with each other and with whole numbers and fractions by value
    (``Quantity("1Gi") == Quantity("1024Mi")``), and add, subtract and scale exactly. Dividing one by another gives
    their ratio.

    Parameters
    ----------
    value
        A text in Kubernetes' notation, a whole number, a fraction, or another quantity. A text that is finer than
        one billionth is rounded away from zero, and a text with a binary suffix stops at 2^63 - 1, as Kubernetes
        does.

    Raises
    ------
    QuantityError
        The text is no quantity, its exponent lies beyond 1000 (policy of this package: such a number would fill
        the memory), or the number is finer than one billionth.
    """

    __slots__ = ("_echo", "nanos", "notation")

    nanos: int
    """The whole number of billionths."""
    notation: str
    """How it was written: ``decimal`` (``1500M``), ``binary`` (``1536Mi``) or ``exponent`` (``15e8``)."""
    _echo: str | None

    def __new__(cls, value: str | int | Fraction | Quantity = 0) -> Quantity:  # noqa: PYI034 - not to be derived from
        """Return the quantity of a text, a number, or another quantity."""
        if isinstance(value, str):
            return parse(value)
        if isinstance(value, Quantity):
            return value
        if isinstance(value, (int, Fraction)):
            return _exact(value * NANO, DECIMAL, lambda: repr(value))
        raise QuantityError(
            f"{value!r} is of type {type(value).__name__}; a quantity is made from a text such as '500m', a whole "
            "number, a Fraction or another Quantity. Floats are refused because they are not exact: write them as "
            "a text"
        )

    @classmethod
    def of_nanos(cls, nanos: int, notation: str = DECIMAL, echo: str | None = None) -> Quantity:
        """Return the quantity of so many billionths, printed in a notation, or as ``echo`` where that is given."""
        self = object.__new__(cls)
        object.__setattr__(self, "nanos", nanos)
        object.__setattr__(self, "notation", notation)
        object.__setattr__(self, "_echo", echo)
        return self

    def __setattr__(self, name: str, value: object) -> None:
        raise ImmutableError(f"{self!r} cannot be changed: {name} is read-only; compute a new Quantity instead")

    def __delattr__(self, name: str) -> None:
        raise ImmutableError(f"{self!r} cannot be changed: {name} is read-only")

    @property
    def value(self) -> Fraction:
        """The exact number: cores for cpu, bytes for memory and storage, pieces for everything else."""
        return Fraction(self.nanos, NANO)

    # -- text ------------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        """Return the spelling that Kubernetes prints: no fraction, and the largest suffix that needs none."""
        return self._echo if self._echo is not None else _canonical(self.nanos, self.notation)

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"

    def __reduce__(self) -> tuple[Callable[[int, str, str | None], Quantity], tuple[int, str, str | None]]:
        return Quantity.of_nanos, (self.nanos, self.notation, self._echo)

    # -- comparing -------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        nanos = _nanos_of(other)
        return NotImplemented if nanos is None else self.nanos == nanos

    def __lt__(self, other: Quantity | Fraction) -> bool:
        nanos = _nanos_of(other)
        return NotImplemented if nanos is None else self.nanos < nanos

    def __le__(self, other: Quantity | Fraction) -> bool:
        nanos = _nanos_of(other)
        return NotImplemented if nanos is None else self.nanos <= nanos

    def __gt__(self, other: Quantity | Fraction) -> bool:
        nanos = _nanos_of(other)
        return NotImplemented if nanos is None else self.nanos > nanos

    def __ge__(self, other: Quantity | Fraction) -> bool:
        nanos = _nanos_of(other)
        return NotImplemented if nanos is None else self.nanos >= nanos

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return self.nanos != 0

    # -- computing -------------------------------------------------------------------------------------------------

    def __add__(self, other: Quantity) -> Quantity:
        if not isinstance(other, Quantity):
            return NotImplemented
        return Quantity.of_nanos(self.nanos + other.nanos, self._notation_with(other))

    def __sub__(self, other: Quantity) -> Quantity:
        if not isinstance(other, Quantity):
            return NotImplemented
        return Quantity.of_nanos(self.nanos - other.nanos, self._notation_with(other))

    def __mul__(self, factor: int | Fraction) -> Quantity:
        if not isinstance(factor, (int, Fraction)):
            return NotImplemented
        return _exact(self.nanos * factor, self.notation, lambda: f"{self} * {factor}")

    __rmul__ = __mul__

    def __truediv__(self, other: Quantity) -> Fraction:
        if not isinstance(other, Quantity):
            return NotImplemented
        return Fraction(self.nanos, other.nanos)

    def __neg__(self) -> Quantity:
        return Quantity.of_nanos(-self.nanos, self.notation)

    def __abs__(self) -> Quantity:
        return Quantity.of_nanos(abs(self.nanos), self.notation)

    def _notation_with(self, other: Quantity) -> str:
        """Return the notation of a sum: the left one's, unless there is nothing on the left."""
        return self.notation if self.nanos else other.notation


def _exact(nanos: int | Fraction, notation: str, text: Callable[[], str]) -> Quantity:
    """Return the quantity of so many billionths, if that is a whole number."""
    if nanos.denominator != 1:
        raise QuantityError(
            f"{text()} is finer than 1n, the finest quantity there is; compute with .value where it has to be exact"
        )
    return Quantity.of_nanos(nanos.numerator, notation)


def _nanos_of(other: object) -> int | Fraction | None:
    if isinstance(other, Quantity):
        return other.nanos
    return other * NANO if isinstance(other, (int, Fraction)) else None


def shortest_spelling(quantity: Quantity) -> str:
    """Return the one spelling that all quantities of a value share, however they were written.

    Returns str: the shortest of Kubernetes' spellings in powers of 1000 and of 1024, the former where they are as long.

    Examples
    --------
    >>> shortest_spelling(Quantity("1073741824")), shortest_spelling(Quantity("1e3")), shortest_spelling(Quantity("0.5"))
    ('1Gi', '1k', '500m')
    """
    return min((_canonical(quantity.nanos, notation) for notation in (DECIMAL, BINARY)), key=len)


# -- reading -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def parse(text: str) -> Quantity:
    """Return the quantity that a text in Kubernetes' notation stands for.

    The same as ``Quantity(text)``. The most recent texts are remembered: tasks repeat the same few.

    ``text``: such as ``"500m"``, ``"1.5Gi"`` or ``"1e3"``; without blanks.
    Raises QuantityError: the text is no quantity, or its exponent lies beyond 1000.

    Notes
    -----
    The rule is ``ParseQuantity`` in apimachinery/pkg/api/resource/quantity.go, oddities included: a suffix alone
    is zero, and a number that already looks canonical is printed as it was typed (``5.``, ``007``, ``+1``).
    """
    if len(text) > _LONGEST_TEXT:
        raise QuantityError(f"{shortened(text)!r} has {len(text)} characters, expected {_EXPECTED}")
    match = _GRAMMAR.fullmatch(text)
    if not text or match is None:
        raise _unreadable(text, "is no quantity")
    sign, whole, part, suffix = match.groups()
    spelled = _Spelled(text, sign == "-", whole, part or "")
    shift = _SHIFT_OF_SUFFIX.get(suffix)
    if shift is not None:
        return _binary(spelled, shift)
    power = _POWER_OF_SUFFIX.get(suffix)
    if power is not None:
        return _decimal(spelled, power, DECIMAL)
    return _decimal(spelled, _exponent(text, suffix), EXPONENT)


class _Spelled(NamedTuple):
    """The parts of a text in front of its suffix."""

    text: str
    negative: bool
    whole: str
    part: str

    @property
    def digits(self) -> str:
        """The digits without leading zeros and point."""
        return (self.whole.lstrip("0") or "0") + self.part

    def require_digits(self) -> None:
        """Refuse a lone suffix: Kubernetes takes it for zero, but only where 64 bits are enough."""
        if not self.whole and not self.part:
            raise _unreadable(self.text, "has no digits")


def _exponent(text: str, suffix: str) -> int:
    match = _EXPONENT.fullmatch(suffix)
    if match is None:
        raise _unreadable(text, f"ends in {shortened(suffix)!r}, which is no suffix of Kubernetes")
    exponent = int(match[1])
    if abs(exponent) > _LARGEST_EXPONENT:
        raise _unreadable(text, f"has an exponent beyond {_LARGEST_EXPONENT}, too large to compute with")
    return exponent


def _decimal(spelled: _Spelled, power: int, notation: str) -> Quantity:
    digits = spelled.digits
    scale = power - len(spelled.part)
    short = len(digits) <= _SHORT_DIGITS and scale >= _FINEST
    if not short:
        spelled.require_digits()
    nanos = _scaled(int(digits), scale - _FINEST)
    echoed = short and scale % 3 == 0 and digits[0] != "0" and not digits.endswith("000")
    return Quantity.of_nanos(-nanos if spelled.negative else nanos, notation, spelled.text if echoed else None)


def _binary(spelled: _Spelled, shift: int) -> Quantity:
    digits = spelled.digits
    # A power of 1024 has about three decimal digits: 2^shift has 3/10 of shift.
    short = not spelled.part and len(digits) + shift * 3 // 10 <= _SHORT_BINARY_DIGITS
    if not short:
        spelled.require_digits()
    number = int(digits)
    nanos = min(_scaled(number << shift, -_FINEST - len(spelled.part)), _LARGEST_BINARY)
    notation = DECIMAL if nanos < NANO else BINARY
    echoed = short and number % 8 != 0
    return Quantity.of_nanos(-nanos if spelled.negative else nanos, notation, spelled.text if echoed else None)


def _scaled(number: int, power: int) -> int:
    """Return ``number * 10**power``, rounded up."""
    if power >= 0:
        return number * int(10**power)
    return -(-number // int(10**-power))


def _unreadable(text: str, what: str) -> QuantityError:
    return QuantityError(f"{shortened(text)!r} {what}; expected {_EXPECTED}, without blanks")


# -- printing ------------------------------------------------------------------------------------------------------


def _canonical(nanos: int, notation: str) -> str:
    if not nanos:
        return "0"
    if notation == BINARY and nanos % NANO == 0 and 1024 * NANO <= abs(nanos) <= _LARGEST_BINARY:
        number, steps = _without_powers(nanos // NANO, 1024)
        return f"{number}{_BINARY_SUFFIXES[steps]}"
    number, steps = _without_powers(nanos, 1000)
    power = _FINEST + 3 * steps
    if notation == EXPONENT:
        return f"{number}e{power}" if power else str(number)
    suffix = _SUFFIX_OF_POWER.get(power)
    # Kubernetes 1.34 drops the power where there is no letter for it and prints 1000E as 1; newer ones, and we,
    # print an exponent.
    return f"{number}e{power}" if suffix is None else f"{number}{suffix}"


def _without_powers(number: int, base: int) -> tuple[int, int]:
    """Divide by a base as often as it goes; return what is left and how often that was."""
    steps = 0
    while number % base == 0:
        number //= base
        steps += 1
    return number, steps


_BYTE_UNITS: Final = tuple(
    sorted(
        [
            ("B", 1, DECIMAL),
            *(("kMGTPE"[step - 1] + "B", 1000**step, DECIMAL) for step in range(1, 7)),
            *(("KMGTPE"[step - 1] + "iB", 1024**step, BINARY) for step in range(1, 7)),
        ],
        key=lambda unit: -unit[1],
    )
)
_MOST_DECIMALS: Final = 3


def format_cores(quantity: Quantity) -> str:
    """Show an amount of cores as people write it: ``4``, ``500m``, ``1500m``.

    Returns str: whole cores as a plain number, anything else in Kubernetes' spelling, thousandths where they are exact.
    """
    whole, rest = divmod(quantity.nanos, NANO)
    return str(whole) if not rest else _canonical(quantity.nanos, DECIMAL)


def format_bytes(quantity: Quantity) -> str:
    """Show an amount of bytes exactly and as short as can be: ``32 GiB``, ``512 MiB``, ``1.5 GB``.

    Returns str: the shortest exact number of at most three decimals and its unit, binary (GiB) or decimal (GB) as fits;
      between equals the family in which the quantity was written, then the larger unit. Where no unit is exact,
      Kubernetes' spelling.
    """
    nanos = quantity.nanos
    if not nanos:
        return "0 B"
    own = BINARY if quantity.notation == BINARY else DECIMAL
    texts = [
        (len(number), family != own, -size, f"{number} {unit}")
        for unit, size, family in _BYTE_UNITS
        if abs(nanos) >= size * NANO and (number := _short_number(nanos, size * NANO)) is not None
    ]
    return min(texts)[-1] if texts else str(quantity)


def _short_number(numerator: int, denominator: int) -> str | None:
    """Return the ratio as a decimal number, or None where that takes more than three decimals."""
    thousandths, rest = divmod(abs(numerator) * 10**_MOST_DECIMALS, denominator)
    if rest:
        return None
    whole, part = divmod(thousandths, 10**_MOST_DECIMALS)
    sign = "-" if numerator < 0 else ""
    decimals = f".{part:03d}".rstrip("0") if part else ""
    return f"{sign}{whole}{decimals}"


# -- faults ---------------------------------------------------------------------------------------------------------

NOT_A_QUANTITY: Final = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_SUFFIX: Final = "unable to parse quantity's suffix"
_NUMBER: Final = "unable to parse numeric part of quantity"
# Kubernetes reads an exponent as a number of 64 bits.
_LONGEST_POWER: Final = 18
_SUFFIXES: Final = frozenset({*_POWER_OF_SUFFIX, *_SHIFT_OF_SUFFIX})


def quantity_fault(text: str) -> str:
    """Say in Kubernetes' words why a text is no quantity; empty where it can read the text, even if it is too large here.

    ``ParseQuantity`` in apimachinery/pkg/api/resource/quantity.go.
    """
    try:
        parse(text)
    except QuantityError:
        match = _GRAMMAR.fullmatch(text)
    else:
        return ""
    if not text or match is None:
        return NOT_A_QUANTITY
    _, whole, part, suffix = match.groups()
    exponent = _EXPONENT.fullmatch(suffix)
    power = "" if exponent is None else exponent[1].lstrip("+-0")
    if suffix not in _SUFFIXES and (exponent is None or len(power) > _LONGEST_POWER):
        return _SUFFIX
    is_too_large = bool(power) and "-" not in suffix and int(power) > _LARGEST_EXPONENT
    return "" if whole or part or is_too_large else _NUMBER
