"""Names of pickled classes read the same whatever process wrote them."""

from __future__ import annotations

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.models.class_names import class_notation, without_addresses


class Method:
    """What flytekit puts into an annotation, with the repr that every object has."""


class Video:
    """What is pickled."""


def local_class() -> type:
    class Local:
        pass

    return Local


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Video, "Video"),
        (local_class(), "Local"),
        (typing.Any, "Any"),
        (typing.Annotated[Video, Method()], "Video"),
        (list[typing.Annotated[Video, Method()]], "list[Video]"),  # type: ignore[misc]
        (dict[str, Video], "dict[str, Video]"),
        (dict[str, typing.Annotated[Video, Method(), "a]b, c"]], "dict[str, Video]"),  # type: ignore[misc]
        (typing.Annotated[dict[str, int], {"k": [1, (2, 3)]}, Method()], "dict[str, int]"),
        (typing.Callable[[int], Video], "Callable[[int], Video]"),
        (typing.Literal["a.b", 1], "Literal['a.b', 1]"),
        (Method(), "<Method object>"),
    ],
)
def test_types_read_as_they_are_written(kind: object, expected: str) -> None:
    """Without modules, annotations and addresses."""
    assert class_notation(str(kind)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("typing.Annotated[app.Video, <flytekit.HashMethod object at 0x7f12AB>]", "Video"),
        ("typing.Optional[typing.Annotated[app.Video, <H at 0x1>]]", "Optional[Video]"),
        ("numpy.ndarray[typing.Any, numpy.dtype[numpy.int8]]", "ndarray[Any, dtype[int8]]"),
        ("<enum 'app.Color'>", "Color"),
        ("typing.Annotated[app.Video", "Annotated[Video"),
        ("two words", "two words"),
    ],
)
def test_texts_that_are_no_types_stay_what_they_are(text: str, expected: str) -> None:
    assert class_notation(text) == expected


@given(st.text(), st.text(), st.integers(0, 2**64), st.integers(0, 2**64))
def test_an_address_never_counts(before: str, after: str, one: int, other: int) -> None:
    texts = {f"{before}<H object at 0x{number:012x}>{after}" for number in (one, other)}
    assert len({class_notation(text) for text in texts}) == len({without_addresses(text) for text in texts}) == 1


@given(st.text(alphabet="aA.[],'<> tnoed", max_size=300).map(lambda text: f"typing.Annotated[{text}"))
def test_any_text_has_a_name(text: str) -> None:
    assert isinstance(class_notation(text), str)
    assert isinstance(class_notation(text * 50), str)
