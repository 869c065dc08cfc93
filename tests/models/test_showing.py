"""Objects show themselves through the renderer that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flytetask_nb.models import LiteralType, SchemaType, SimpleType, TypedInterface, Variable, showing

if TYPE_CHECKING:
    from collections.abc import Iterable

INTERFACE = TypedInterface({"x": Variable(LiteralType(collection_type=LiteralType(simple=SimpleType.STRING)), "")}, {})


class Recorder:
    """A renderer that says what it was asked for."""

    def bundle(self, value: object, formats: Iterable[str]) -> dict[str, str]:
        return {kind: f"{kind} of {type(value).__name__}" for kind in formats}

    def html(self, value: object) -> str:
        return f"html of {type(value).__name__}"

    def text(self, value: object) -> str:
        return f"text of {type(value).__name__}"

    def rich(self, value: object) -> str:
        return f"rich of {type(value).__name__}"

    def markdown(self, value: object) -> str:
        return f"markdown of {type(value).__name__}"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setattr(showing, "_find_renderer", None)
    times: list[int] = []

    def find() -> Recorder:
        times.append(1)
        return Recorder()

    showing.install_renderer(find)
    return times


def test_an_installed_renderer_is_asked(asked: list[int]) -> None:
    """Each output comes from the renderer, which is looked up each time and not before."""
    assert asked == []
    assert INTERFACE.to_html() == INTERFACE._repr_html_() == "html of TypedInterface"
    assert INTERFACE.to_text() == "text of TypedInterface"
    assert INTERFACE.to_markdown() == "markdown of TypedInterface"
    assert INTERFACE.__rich__() == "rich of TypedInterface"
    assert INTERFACE._repr_mimebundle_() == {
        "text/html": "text/html of TypedInterface",
        "text/plain": "text/plain of TypedInterface",
    }
    assert len(asked) == 6


def test_str_is_the_text_unless_a_class_has_its_own(asked: list[int]) -> None:
    """``str`` gives the text; types and interfaces print as Python would write them."""
    assert str(SchemaType([])) == "text of SchemaType"
    assert str(INTERFACE) == "(x: list[str]) -> ()"
    assert len(asked) == 1


@pytest.mark.usefixtures("asked")
def test_a_bundle_holds_what_ipython_asks_for() -> None:
    """``include`` names all that is wanted, ``exclude`` what of it is not; what nobody asks for is not made."""
    assert INTERFACE._repr_mimebundle_(include=["text/html"]).keys() == {"text/html"}
    assert INTERFACE._repr_mimebundle_(exclude={"text/html"}).keys() == {"text/plain"}
    assert INTERFACE._repr_mimebundle_(include=["image/png"]) == {}
    assert INTERFACE._repr_mimebundle_(include=[], exclude=[]).keys() == {"text/html", "text/plain"}
