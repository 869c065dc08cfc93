"""JupyterLab's own sanitizer: what it leaves of HTML, and that the stand-in without a browser says the same."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import pytest
from nbformat.v4 import new_code_cell, new_output

from tests.browser.wording import html_text, squeeze
from tests.views.allowlist import STYLES, kept_style, sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from tests.browser.lab import LabTab

pytestmark = pytest.mark.browser

# JupyterLab sets these itself; the stand-in leaves them as they are, or out.
SET_BY_JUPYTERLAB = frozenset({"rel", "target", "data-jupyter-id"})

# Without headings: JupyterLab numbers them for its table of contents, outputs or not.
DOCUMENT = """
<style>.x { color: red }</style>
<div class="x" id="top" role="region" aria-label="task" data-x="1" onclick="alert(1)" dir="ltr" lang="en">
<div align="left">A <small>small</small> word</div>
<p title="t &amp; u">Some <b>bold</b>, <i>italic</i>, <code>code</code>, <kbd>keys</kbd>, <mark>marked</mark>,
<ins cite="https://example.org/" datetime="2026-01-01">new</ins>, <del>old</del>, a<sub>1</sub><sup>2</sup>,
<abbr title="long">short</abbr> <time datetime="2026-01-01">then</time> &lt;not a tag&gt; &amp; done.<br clear="all">
<a href="https://example.org/" tabindex="0" download="f">link</a> <a href="#there">inner</a></p>
<details open><summary tabindex="0">open</summary>inside</details>
<details><summary>closed</summary>inside too</details>
<table border="1" width="100%"><caption align="top">title</caption><colgroup><col span="2" width="9"></colgroup>
<thead><tr align="left"><th scope="col" abbr="a" colspan="2">head</th></tr></thead>
<tbody valign="top"><tr><th scope="row" headers="h">row</th><td rowspan="1" nowrap bgcolor="#fff">cell</td></tr></tbody>
</table>
<dl compact><dt>term</dt><dd>meaning</dd></dl>
<ul type="disc"><li value="3">one</li></ul><ol start="4" reversed><li>two</li></ol>
<pre width="80">  kept
  lines</pre><hr size="1"><blockquote cite="https://example.org/">said</blockquote>
<progress max="10" value="3"></progress><meter min="0" max="1" value="0.5"></meter>
<label for="box">label</label><input type="checkbox" id="box" checked>
<unknown-element>text of an unknown element</unknown-element><custom a="b">and another</custom>
<script>alert("not text")</script>
</div>
"""

# One value for each property that is kept, and one like it that is not.
KEPT_AND_LOST = {
    "background": ("#ff000033", "var(--jp-layout-color1)"),
    "background-color": ("rgba(34, 160, 80, 0.2)", "rgb(34 160 80 / 20%)"),
    "border": ("1px solid rgba(127,127,127,0.25)", "1px solid var(--x)"),
    "border-top": ("0", "inherit"),
    "border-collapse": ("collapse", "initial"),
    "border-radius": ("3px", "calc(1px + 2px)"),
    "color": ("rgb(1, 2, 3)", "currentColor"),
    "display": ("inline-block", "contents"),
    "font-size": ("12.5px", "var(--jp-code-font-size)"),
    "font-style": ("italic", "revert"),
    "font-weight": ("600", "650"),
    "gap": ("4px 8px", "inherit"),
    "line-height": ("1.45", "inherit"),
    "margin": ("0 0 8px 14px", "inherit"),
    "max-width": ("960px", "min-content"),
    "min-width": ("6.2em", "fit-content"),
    "opacity": ("0.65", "65%"),
    "overflow-x": ("auto", "clip"),
    "padding": ("2px 14px 2px 0", "-2px"),
    "text-align": ("left", "start"),
    "text-decoration": ("none", "wavy"),
    "vertical-align": ("top", "inherit"),
    "white-space": ("pre-wrap", "break-spaces"),
    "width": ("100%", "min-content"),
    "word-break": ("break-all", "break-word"),
}


class _Outline(HTMLParser):
    """Lists elements with their attributes, and text, in a form that is free of spelling."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kept = {name: squeeze(value or "") for name, value in attrs if name not in SET_BY_JUPYTERLAB}
        if "style" in kept:
            kept["style"] = kept["style"].rstrip(";")
        self.parts.append((tag, kept))

    def handle_data(self, data: str) -> None:
        if squeeze(data):
            self.parts.append(squeeze(data))


def outline(html: str) -> list[object]:
    parser = _Outline()
    parser.feed(html)
    parser.close()
    return parser.parts


DECLARATIONS = [f"{name}: {value}" for name, values in KEPT_AND_LOST.items() for value in values]
STYLED = [f'<span style="{declaration}">x</span>' for declaration in DECLARATIONS]
WORDS = [DOCUMENT, "<p>second</p>", "<style>p { color: red }</style>"]
DOLLARS = ["<p>from $HOME to $PATH</p>", "<p><code>from $HOME to $PATH</code></p>"]
FOLDED = "<details><summary>closed</summary>inside</details>"


class Shown(NamedTuple):
    """What JupyterLab makes of an HTML output that it does not trust."""

    html: str
    folded: str
    """What a person reads at first."""
    unfolded: str


@pytest.fixture(scope="module")
def shown(
    opened: Callable[..., AbstractContextManager[LabTab]], write_cells: Callable[..., str]
) -> Callable[[Sequence[str]], list[Shown]]:
    """Show all outputs in a notebook that nobody here has run and so nobody trusts, each in a cell of its own."""
    outputs = list(dict.fromkeys([*STYLED, *WORDS, *DOLLARS, FOLDED]))
    cells = [
        new_code_cell("...", execution_count=1, outputs=[new_output("display_data", {"text/html": output})])
        for output in outputs
    ]
    with opened(write_cells(*cells)) as tab:
        tab.wait_for_outputs()
        assert not any(tab.trusted())
        htmls, folded = tab.output_html(), tab.output_texts()
        tab.open_details()
        told = (chain.from_iterable(each) for each in (htmls, folded, tab.output_texts()))
        made = dict(zip(outputs, map(Shown, *told), strict=True))
    return lambda asked: [made[output] for output in asked]


def test_stand_in_agrees_with_jupyterlab_on_elements_and_attributes(
    shown: Callable[[Sequence[str]], list[Shown]],
) -> None:
    (document,) = shown([DOCUMENT])
    assert outline(sanitize(DOCUMENT)) == outline(document.html)


def test_stand_in_agrees_with_jupyterlab_on_inline_styles(shown: Callable[[Sequence[str]], list[Shown]]) -> None:
    assert KEPT_AND_LOST.keys() <= STYLES.keys()
    assert [outline(sanitize(html)) for html in STYLED] == [outline(output.html) for output in shown(STYLED)]


def test_of_each_pair_of_values_the_first_is_kept_and_the_second_is_lost() -> None:
    expected = {name: (f"{name}:{kept}", "") for name, (kept, _) in KEPT_AND_LOST.items()}
    actual = {name: tuple(kept_style(f"{name}:{value}") for value in pair) for name, pair in KEPT_AND_LOST.items()}
    assert actual == expected


def test_every_word_can_be_read_without_trust(shown: Callable[[Sequence[str]], list[Shown]]) -> None:
    """Nothing but styles and scripts loses its text, and what is folded can be unfolded."""
    assert [squeeze(output.unfolded) for output in shown(WORDS)] == [squeeze(html_text(html)) for html in WORDS]


def test_dollars_are_math_unless_set_as_code(shown: Callable[[Sequence[str]], list[Shown]]) -> None:
    """JupyterLab typesets what stands between two dollars, so a value from outside has to be set as code."""
    plain, code = shown(DOLLARS)
    assert "$HOME" not in plain.unfolded
    assert code.unfolded == "from $HOME to $PATH"


def test_folded_text_is_not_read_before_it_is_unfolded(shown: Callable[[Sequence[str]], list[Shown]]) -> None:
    """What counts as on screen is what a person sees."""
    (output,) = shown([FOLDED])
    assert output.folded == "closed"
    assert squeeze(output.unfolded) == "closedinside"
