"""Messages parsed into Arrow's columns, and the lists among these as numpy and Python see them."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from flytetask_nb.extras import ptars

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
    values: list[Any] = array.to_numpy(zero_copy_only=False).tolist()
    return values


def lists(array: Any) -> list[list[Any]]:
    """Return what each list of an array holds."""
    values, offsets = listed(items(array)), array.offsets.tolist()
    return [values[start:end] for start, end in pairwise(offsets)]


def owners(array: Any) -> Any:
    """Return of each item of an array's lists which list it is in."""
    return np.repeat(np.arange(len(array)), lengths(array))


def owners_of_repeated(owner: Any, key: Any) -> Any:
    """Return the owners that have one of their keys twice, given owner and key of each entry."""
    by_key = np.lexsort((key, owner))
    is_again = (np.diff(owner[by_key]) == 0) & (np.diff(key[by_key]) == 0)
    return owner[by_key][1:][is_again]


def numbered(array: Any) -> tuple[list[Any], Any]:
    """Return the distinct values of an array, and of each item which of them it is."""
    encoded = array.dictionary_encode()
    return listed(encoded.dictionary), encoded.indices.to_numpy()


@cache
def _handler(message: Any) -> Any:
    return ptars.HandlerPool([message.file]).get_for_message(message)


def parsed_batch(message: Any, data: Sequence[bytes]) -> Any | None:
    """Return serialized messages as a record batch; None where ptars refuses one of them, and so all.

    ``message``: the descriptor of what they are.
    """
    try:
        return _handler(message).list_to_record_batch(list(data))
    except BaseException as error:
        # A panic inside ptars is no Exception.
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        return None
