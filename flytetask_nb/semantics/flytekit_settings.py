"""The settings that flytekit packs into an environment variable of dynamic and eager tasks."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Final

from flytetask_nb.bounded_reading import json_value

SETTINGS_VARIABLE: Final = "_F_SS_C"
"""Holds what such a task registers its children with."""
_LARGEST_SETTINGS: Final = 1_000_000


def unpacked_settings(name: str, value: Any) -> dict[str, Any] | None:
    """Return flytekit's settings from the variable that packs them: base64 of gzip of JSON.

    Returns dict or None: None for any other variable, and where it holds something else.
    """
    if name != SETTINGS_VARIABLE or not isinstance(value, str):
        return None
    import zlib  # noqa: PLC0415 - dynamic and eager tasks alone have it

    try:
        unpacker = zlib.decompressobj(31)
        settings = json_value(unpacker.decompress(b64decode(value, validate=True), _LARGEST_SETTINGS))
        return _without_nothing(settings) if isinstance(settings, dict) else None
    except (ValueError, zlib.error, RecursionError):
        return None


def _without_nothing(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what is set: flytekit writes null or nothing, and an object of nulls or null, as its commands differ."""
    inner = {key: _without_nothing(value) if isinstance(value, dict) else value for key, value in settings.items()}
    return {key: value for key, value in inner.items() if value is not None and value != {}}
