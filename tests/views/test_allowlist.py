"""What the stand-in for JupyterLab's sanitizer keeps and drops."""

from __future__ import annotations

import pytest

from tests.views.allowlist import ATTRIBUTES, TAGS, kept_style, sanitize


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<style>p { color: red }</style><p>text</p>", "<p>text</p>"),
        ("<script>alert(1)</script>text", "text"),
        ('<p id="a" aria-label="b" role="note" data-c="d" onclick="e()">text</p>', "<p>text</p>"),
        ('<p class="a" title="b">text</p>', '<p class="a" title="b">text</p>'),
        ("<p hidden>text</p>", "<p>text</p>"),
        ('<p hidden="hidden">text</p>', '<p hidden="hidden">text</p>'),
        ("<svg><text>text</text></svg>after", "after"),
        ('<a href="javascript:alert(1)">text</a>', "<a>text</a>"),
        ("<details open><summary>a</summary>b</details>", '<details open=""><summary>a</summary>b</details>'),
        ("&lt;b&gt; &amp;", "&lt;b&gt; &amp;"),
    ],
)
def test_sanitize_keeps_text_and_plain_markup(html: str, expected: str) -> None:
    assert sanitize(html) == expected


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("background: rgba(34, 160, 80, 0.20)", "background:rgba(34, 160, 80, 0.20)"),
        ("background: rgb(34 160 80 / 20%)", ""),
        ("color: var(--jp-ui-font-color1)", ""),
        ("color: currentColor; opacity: 0.65", "opacity:0.65"),
        ("color: inherit", ""),
        ("text-align:left;position:fixed;white-space:pre-wrap", "text-align:left;white-space:pre-wrap"),
    ],
)
def test_only_literal_values_of_inline_styles_are_kept(style: str, expected: str) -> None:
    assert kept_style(style) == expected


def test_attributes_are_listed_for_known_elements_only() -> None:
    assert set(ATTRIBUTES) - {"*"} <= TAGS
