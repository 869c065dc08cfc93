"""Without a renderer, objects show themselves as the text of their repr."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from flytetask_nb.models import LiteralType, SchemaType, SimpleType, TaskTemplate, TypedInterface, Variable, showing

if TYPE_CHECKING:
    from collections.abc import Iterable

INTERFACE = TypedInterface({"x": Variable(LiteralType(collection_type=LiteralType(simple=SimpleType.STRING)), "")}, {})


@pytest.fixture
def _no_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "_find_renderer", showing.Plain)


class Recorder:
    """A renderer that says what it was asked for."""

    def bundle(self, value: object, formats: Iterable[str]) -> dict[str, str]:
        return {kind: f"{kind} of {type(value).__name__}" for kind in formats}

    def html(self, value: object) -> str:
        return f"html of {type(value).__name__}"

    def text(self, value: object, width: int | None = None) -> str:
        return f"text of {type(value).__name__}" + (f" in {width} columns" if width else "")

    def rich(self, value: object) -> str:
        return f"rich of {type(value).__name__}"

    def markdown(self, value: object) -> str:
        return f"markdown of {type(value).__name__}"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setattr(showing, "_find_renderer", showing.Plain)
    times: list[int] = []

    def find() -> Recorder:
        times.append(1)
        return Recorder()

    showing.install_renderer(find)
    return times


@pytest.mark.usefixtures("_no_renderer")
def test_fallback_is_the_repr() -> None:
    """Text, Markdown and the notebook's bundle are the repr."""
    assert INTERFACE.to_text() == INTERFACE.to_markdown() == repr(INTERFACE)
    assert INTERFACE._repr_mimebundle_() == {"text/plain": repr(INTERFACE)}
    assert str(SchemaType([])) == "SchemaType()"


@pytest.mark.usefixtures("_no_renderer")
def test_fallback_html_is_escaped() -> None:
    """HTML that is asked for holds the whole repr, escaped."""
    assert (
        TaskTemplate.from_bytes(b"").replace(type="<b>").to_html()
        == "<pre>TaskTemplate(type=&#x27;&lt;b&gt;&#x27;)</pre>"
    )


@pytest.mark.usefixtures("_no_renderer")
def test_fallback_in_rich_is_no_markup() -> None:
    """Brackets of types reach the terminal."""
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(INTERFACE)
    assert console.file.getvalue().strip() == repr(INTERFACE)
    assert "list[str]" in repr(INTERFACE)


def test_an_installed_renderer_is_asked(asked: list[int]) -> None:
    """Each output comes from the renderer, which is looked up each time and not before."""
    assert asked == []
    assert INTERFACE.to_html() == INTERFACE._repr_html_() == "html of TypedInterface"
    assert INTERFACE.to_text() == "text of TypedInterface"
    assert INTERFACE.to_text(80) == "text of TypedInterface in 80 columns"
    assert INTERFACE.to_markdown() == "markdown of TypedInterface"
    assert INTERFACE.__rich__() == "rich of TypedInterface"
    assert INTERFACE._repr_mimebundle_() == {
        "text/html": "text/html of TypedInterface",
        "text/plain": "text/plain of TypedInterface",
    }
    assert len(asked) == 7


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
