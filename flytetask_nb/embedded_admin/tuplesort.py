"""The order in which PostgreSQL leaves rows that are equal in what it sorts by.

A sort key with equal values, such as ``version``, promises no order among them, but a server that runs on the same
rows gives the same one each time: that of PostgreSQL's own quicksort, or of its heap where only the first rows are
wanted. With it, pages of such a listing fall as they fell when the transcripts were recorded.

Sources: Bentley and McIlroy, "Engineering a sort function", as PostgreSQL has it (src/include/lib/sort_template.h);
src/backend/utils/sort/tuplesort.c for the heap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST_ROWS", "postgres_order"]

MOST_ROWS: Final = 2_000
"""So many rows are put into this order at most; PostgreSQL itself sorts larger heaps of them in another way."""

_INSERTION: Final = 7
_NINTHER: Final = 40


def postgres_order(keys: Sequence[Any], wanted: int, *, is_descending: bool = False) -> list[int]:
    """Put rows into PostgreSQL's order.

    Parameters
    ----------
    keys : sequence
        What each row is sorted by, in the order in which they are read; all comparable with each other.
    wanted : int
        How many of the first are asked for: offset and limit together.
    is_descending : bool
        Whether the greatest comes first.

    Returns
    -------
    list of int
        The places of the rows in ``keys``, sorted; at least the first ``wanted`` of them.
    """
    # Numbers stand for the keys: equal ones for equal keys.
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys), reverse=is_descending))}
    rows = [(ranks[key], place) for place, key in enumerate(keys)]
    if len(rows) > 2 * wanted:
        return [place for _, place in _first(rows, wanted)]
    _quicksort(rows, 0, len(rows))
    return [place for _, place in rows]


_Rows = list[tuple[int, int]]


def _quicksort(rows: _Rows, start: int, count: int) -> None:
    while count >= _INSERTION:
        end = start + count
        if all(rows[place - 1][0] <= rows[place][0] for place in range(start + 1, end)):
            return
        pivot = _pivot(rows, start, count)
        rows[start], rows[pivot] = rows[pivot], rows[start]
        smaller, greater = _partition(rows, start, end)
        shorter, longer = sorted(((start, smaller), (end - greater, greater)), key=lambda part: part[1])
        if shorter[1] > 1:
            _quicksort(rows, *shorter)
        start, count = longer
    for place in range(start + 1, start + count):
        back = place
        while back > start and rows[back - 1][0] > rows[back][0]:
            rows[back], rows[back - 1] = rows[back - 1], rows[back]
            back -= 1


def _pivot(rows: _Rows, start: int, count: int) -> int:
    middle = start + count // 2
    if count == _INSERTION:
        return middle
    low, high = start, start + count - 1
    if count > _NINTHER:
        step = count // 8
        low = _median(rows, low, low + step, low + 2 * step)
        middle = _median(rows, middle - step, middle, middle + step)
        high = _median(rows, high - 2 * step, high - step, high)
    return _median(rows, low, middle, high)


def _median(rows: _Rows, first: int, second: int, third: int) -> int:
    one, two, three = rows[first][0], rows[second][0], rows[third][0]
    if one < two:
        if two < three:
            return second
        return third if one < three else first
    if two > three:
        return second
    return first if one < three else third


def _partition(rows: _Rows, start: int, end: int) -> tuple[int, int]:
    """Bring smaller rows to the front and greater ones to the back; give how many there are of each."""
    pivot = rows[start][0]
    equal_left = low = start + 1
    equal_right = high = end - 1
    while True:
        while low <= high and rows[low][0] <= pivot:
            if rows[low][0] == pivot:
                rows[equal_left], rows[low] = rows[low], rows[equal_left]
                equal_left += 1
            low += 1
        while low <= high and rows[high][0] >= pivot:
            if rows[high][0] == pivot:
                rows[high], rows[equal_right] = rows[equal_right], rows[high]
                equal_right -= 1
            high -= 1
        if low > high:
            break
        rows[low], rows[high] = rows[high], rows[low]
        low += 1
        high -= 1
    _swap(rows, start, low, min(equal_left - start, low - equal_left))
    _swap(rows, low, end, min(equal_right - high, end - equal_right - 1))
    return low - equal_left, equal_right - high


def _swap(rows: _Rows, left: int, right_end: int, count: int) -> None:
    for place in range(count):
        other = right_end - count + place
        rows[left + place], rows[other] = rows[other], rows[left + place]


def _first(rows: _Rows, wanted: int) -> _Rows:
    """Give the first rows, found with a heap that has the last of them on top."""
    if not wanted:
        return []
    heap: _Rows = []
    for row in rows:
        if len(heap) < wanted:
            heap.append(row)
            place = len(heap) - 1
            while place and heap[(place - 1) // 2][0] < row[0]:
                heap[place] = heap[(place - 1) // 2]
                place = (place - 1) // 2
            heap[place] = row
        elif row[0] < heap[0][0]:
            _sink(heap, len(heap), row)
    for count in range(len(heap) - 1, 0, -1):
        top, last = heap[0], heap[count]
        _sink(heap, count, last)
        heap[count] = top
    return heap


def _sink(heap: _Rows, count: int, row: tuple[int, int]) -> None:
    """Put a row in place of the topmost."""
    place = 0
    while (child := 2 * place + 1) < count:
        if child + 1 < count and heap[child][0] < heap[child + 1][0]:
            child += 1
        if row[0] >= heap[child][0]:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = row
