"""YAML as flytectl and kubectl write it: a model of ``sigs.k8s.io/yaml`` 1.6.0 over go.yaml.in/yaml/v2 2.4.2.

Which texts are quoted is decided by ``resolve`` (resolve.go) and ``isBase60Float`` (encode.go). Where a plain scalar
would not be allowed by YAML's grammar it is quoted too; the real writer chooses among more styles there, which all
readers agree on.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

_WORDS = frozenset(
    "y Y yes Yes YES true True TRUE on On ON n N no No NO false False FALSE off Off OFF ~ null Null NULL "
    ".nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF".split()
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DOTTED = re.compile(r"\.[0-9]+([eE][-+]?[0-9]+(_[0-9]+)*)?")
_INTEGERS = (
    (re.compile(r"([-+]?)(0|[1-9][0-9]*)"), 10),
    (re.compile(r"([-+]?)0[oO]?([0-7]+)"), 8),
    (re.compile(r"([-+]?)0[xX]([0-9a-fA-F]+)"), 16),
    (re.compile(r"([-+]?)0[bB]([01]+)"), 2),
)
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TIME = re.compile(
    r"[0-9]{4}-(0?[1-9]|1[0-2])-(0?[1-9]|[12][0-9]|3[01])"
    r"([Tt]([01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9](\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})"
    r"| ([01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9](\.[0-9]+)?)?"
)
_GRAMMAR = re.compile(r"[A-Za-z0-9_.=<+/~$^(;\\-](?:[A-Za-z0-9_.=<>+/~$^();\\-]|:(?=[A-Za-z0-9]))*")


def is_bare(text: str) -> bool:
    """Tell whether the writer leaves a text without quotes."""
    if _GRAMMAR.fullmatch(text) is None or text in {"-", "..."}:
        return False
    return not (text in _WORDS or _is_number(text) or _TIME.fullmatch(text) or _BASE_60.fullmatch(text))


def _is_number(text: str) -> bool:
    if text[0] == ".":
        return _DOTTED.fullmatch(text) is not None and not _is_beyond(text)
    if text[0] not in "+-0123456789":
        return False
    bare = text.replace("_", "")
    for pattern, base in _INTEGERS:
        found = pattern.fullmatch(bare)
        if found is not None:
            number = int(found[1] + found[2], base)
            if -(2**63) <= number < 2**63 or (not found[1] and number < 2**64):
                return True
    return _FLOAT.fullmatch(bare) is not None and not _is_beyond(bare)


def _is_beyond(text: str) -> bool:
    return float(text) in {float("inf"), float("-inf")}


def written(value: Any, indent: int = 0) -> str:
    """Write a JSON value as a block of YAML."""
    before = "\n" + " " * indent
    if isinstance(value, dict) and value:
        entries = (f"{_text(key)}:{_inner(inner, indent)}" for key, inner in sorted(value.items()))
        return before.join(entries)
    if isinstance(value, list) and value:
        return before.join(f"-{_item(inner, indent)}" for inner in value)
    return _scalar(value)


def _inner(value: Any, indent: int) -> str:
    if isinstance(value, dict | list) and value:
        # Lists stand no deeper than the key that they are of.
        deeper = indent + 2 if isinstance(value, dict) else indent
        return "\n" + " " * deeper + written(value, deeper)
    return f" {_scalar(value)}"


def _item(value: Any, indent: int) -> str:
    if isinstance(value, dict | list) and value:
        return f" {written(value, indent + 2)}"
    return f" {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


def _text(text: str) -> str:
    return text if is_bare(text) else json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7F")


def _number(number: float) -> str:
    """Write a number as Go does: the fewest digits, and an exponent below -4 and from 6 on."""
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int)
    place = len(digits) + exponent - 1
    if -4 <= place < 6:
        text = f"{Decimal(repr(number)).normalize():f}"
        return "-0" if text == "-0" else text
    shown = "".join(map(str, digits))
    return f"{'-' * sign}{shown[0]}{'.' * (len(shown) > 1)}{shown[1:]}e{'-' if place < 0 else '+'}{abs(place):02}"
