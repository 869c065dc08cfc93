"""The hash of a JSON value, spelled out: slow, and independent of the package."""

from __future__ import annotations

import hashlib
from typing import Any


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def normal(number: float) -> str:
    """Write a number digit by digit: halve or double it until it is above one half and at most one."""
    if number == 0:
        return "+0:"
    sign, rest, power, digits = "+" if number > 0 else "-", abs(number), 0, ""
    while rest > 1:
        rest, power = rest / 2, power + 1
    while rest <= 0.5:
        rest, power = rest * 2, power - 1
    while rest:
        digit = int(rest >= 1)
        digits, rest = f"{digits}{digit}", (rest - digit) * 2
    return f"{sign}{power}:{digits}"


def json_hash(value: Any) -> bytes:
    if value is None:
        return sha256(b"n")
    if isinstance(value, bool):
        return sha256(b"b1" if value else b"b0")
    if isinstance(value, int | float):
        return sha256(b"f" + normal(float(value)).encode())
    if isinstance(value, str):
        return sha256(b"u" + value.encode())
    if isinstance(value, list):
        return sha256(b"l" + b"".join(map(json_hash, value)))
    return sha256(b"d" + b"".join(sorted(json_hash(name) + json_hash(held) for name, held in value.items())))
