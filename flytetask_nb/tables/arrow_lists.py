"""Messages parsed into Arrow's columns, and the lists among these as numpy and Python see them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def lengths(array: Any) -> Any:
    """Return how many items each list of an array holds."""
    return np.diff(array.offsets.to_numpy())


def items(array: Any) -> Any:
    """Return what the lists of an array hold, one behind the other."""
    values = array.values
    # Without a copy, unless the array is a part of another.
    return values if array.offset == 0 and len(values) == array.offsets[-1].as_py() else array.flatten()


def listed(array: Any) -> list[Any]:
    """Return the values of an array."""
    # Several times as fast as to_pylist.
    found: list[Any] = array.to_numpy(zero_copy_only=False).tolist()
    return found


def lists(array: Any) -> list[list[Any]]:
    """Return what each list of an array holds."""
    values, offsets = listed(items(array)), array.offsets.tolist()
    return [values[start:end] for start, end in pairwise(offsets)]


def parsed_batch(handler: Any, data: Sequence[bytes]) -> Any | None:
    """Return serialized messages as a record batch; None where ptars refuses one of them, and so all."""
    try:
        return handler.list_to_record_batch(list(data))
    except BaseException as error:
        # A panic inside ptars is no Exception.
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        return None
