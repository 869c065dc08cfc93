"""What JupyterLab leaves of the HTML in a notebook that it does not trust, without a browser.

The tables hold the facts of JupyterLab 4.6's sanitizer for elements and attributes. Of inline styles only the
properties that a display has a use for are listed: whatever is kept here is kept there, and what is missing here
counts as lost. A browser test holds the two against each other.
"""

from __future__ import annotations

import re

import nh3

TAGS = frozenset(
    """
    a abbr acronym address area article aside audio b bdi bdo big blockquote br button canvas caption center cite
    code col colgroup command data datalist dd del details dfn dir div dl dt em fieldset figcaption figure font
    footer form h1 h2 h3 h4 h5 h6 header hgroup hr i img input ins kbd label legend li map mark menu meter nav nobr
    ol optgroup option output p pre progress q s samp section select small source span strike strong sub summary
    sup table tbody td textarea tfoot th thead time tr track tt u ul var video wbr
    """.split()
)

# Of everything else the tags go and the text stays.
TAGS_LOST_WITH_TEXT = frozenset({"script", "style"})


CELL = "abbr align axis bgcolor char charoff colspan headers height nowrap rowspan scope valign width"
COLUMN = "align char charoff span valign width"
ROWS = "align char charoff valign"
MEDIA = "autoplay controls loop mediagroup muted preload src"

ATTRIBUTES = {
    tag: frozenset(names.split())
    for tag, names in {
        "*": "class data-jupyter-id dir draggable hidden inert itemprop itemref itemscope lang spellcheck style title "
        "translate",
        "a": "accesskey coords href hreflang shape tabindex target type",
        "area": "accesskey alt coords href nohref shape tabindex",
        "audio": MEDIA,
        "blockquote": "cite",
        "br": "clear",
        "button": "accesskey disabled tabindex type value",
        "canvas": "height width",
        "caption": "align",
        "col": COLUMN,
        "colgroup": COLUMN,
        "command": "checked command disabled icon label radiogroup type",
        "data": "value",
        "del": "cite datetime",
        "details": "open",
        "dir": "compact",
        "div": "align",
        "dl": "compact",
        "fieldset": "disabled",
        "font": "color face size",
        "form": "accept autocomplete enctype method novalidate",
        **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "align"),
        "hr": "align noshade size width",
        "img": "align alt border height hspace ismap src usemap vspace width",
        "input": "accept accesskey align alt autocomplete checked disabled inputmode ismap list max maxlength min "
        "multiple placeholder readonly required size src step tabindex type usemap value",
        "ins": "cite datetime",
        "label": "accesskey for",
        "legend": "accesskey align",
        "li": "type value",
        "menu": "compact label type",
        "meter": "high low max min value",
        "ol": "compact reversed start type",
        "optgroup": "disabled label",
        "option": "disabled label selected value",
        "output": "for",
        "p": "align",
        "pre": "width",
        "progress": "max min value",
        "q": "cite",
        "select": "autocomplete disabled multiple required size tabindex",
        "source": "type",
        "table": "align bgcolor border cellpadding cellspacing frame rules summary width",
        "tbody": ROWS,
        "td": CELL,
        "textarea": "accesskey autocomplete cols disabled inputmode placeholder readonly required rows tabindex wrap",
        "tfoot": ROWS,
        "th": CELL,
        "thead": ROWS,
        "tr": "align bgcolor char charoff valign",
        "track": "default kind label srclang",
        "ul": "compact type",
        "video": f"{MEDIA} height poster width",
    }.items()
}

# An attribute without a value stays, but these are dropped when the value is empty.
LOST_WHEN_EMPTY = frozenset({"hidden"})

BYTE = r"\s*\d{1,3}\s*"
FRACTION = r"\+?(?:1(?:\.0+)?|0(?:\.\d+)?|\.\d+)"
COLOUR = rf"#[0-9a-f]+|rgb\({BYTE},{BYTE},{BYTE}\)|rgba\({BYTE},{BYTE},{BYTE},\s*{FRACTION}\s*\)|transparent"
NUMBER = r"\+?(?:\d*\.)?\d+"
LENGTH = rf"{NUMBER}(?:px|em|rem|ex|in|cm|mm|pt|pc)|0"
SIZE = rf"{LENGTH}|{NUMBER}%"
SHIFT = rf"-?(?:{SIZE})"
BORDER_STYLE = "none|hidden|dotted|dashed|solid|double|groove|ridge|inset|outset"
BORDER = rf"(?:(?:thin|medium|thick|{LENGTH}|{BORDER_STYLE}|{COLOUR})\s*){{1,3}}"
SIDES = ("top", "right", "bottom", "left")

STYLES = {
    name: re.compile(values, re.IGNORECASE)
    for name, values in {
        "background": COLOUR,
        "background-color": COLOUR,
        "border": BORDER,
        **{f"border-{side}": BORDER for side in SIDES},
        "border-collapse": "collapse|separate",
        "border-color": COLOUR,
        "border-radius": rf"(?:(?:{SIZE})\s*){{1,4}}",
        "border-style": BORDER_STYLE,
        "color": COLOUR,
        "display": "inline|block|inline-block|list-item|table|table-cell|table-row|flex|inline-flex|grid|inline-grid|none",
        "font-size": rf"xx-small|x-small|small|medium|large|x-large|xx-large|smaller|larger|{SIZE}",
        "font-style": "normal|italic|oblique",
        "font-weight": "normal|bold|bolder|lighter|[1-9]00",
        "gap": rf"(?:(?:{SIZE})\s*){{1,2}}",
        "height": rf"{SIZE}|auto",
        "line-height": rf"normal|{NUMBER}|{SIZE}",
        "margin": rf"(?:(?:{SHIFT}|auto)\s*){{1,4}}",
        **{f"margin-{side}": rf"{SHIFT}|auto" for side in SIDES},
        "max-height": rf"{SIZE}|none|auto",
        "max-width": rf"{SIZE}|none|auto",
        "min-height": rf"{SIZE}|auto",
        "min-width": rf"{SIZE}|auto",
        "opacity": FRACTION,
        "overflow": "visible|hidden|scroll|auto",
        "overflow-wrap": "normal|break-word",
        "overflow-x": "visible|hidden|scroll|auto",
        "overflow-y": "visible|hidden|scroll|auto",
        "padding": rf"(?:(?:{SIZE})\s*){{1,4}}",
        **{f"padding-{side}": SIZE for side in SIDES},
        "text-align": "left|right|center|justify",
        "text-decoration": r"none|(?:(?:underline|overline|line-through)\s*)+",
        "text-transform": "capitalize|uppercase|lowercase|none",
        "vertical-align": rf"baseline|sub|super|top|text-top|middle|bottom|text-bottom|{SIZE}",
        "visibility": "visible|hidden|collapse",
        "white-space": "normal|pre|nowrap|pre-wrap|pre-line",
        "width": rf"{SIZE}|auto",
        "word-break": "normal|keep-all|break-all",
    }.items()
}


def kept_style(style: str) -> str:
    """Return the declarations of an inline style that survive."""
    declarations = [
        (name.strip().lower(), value.strip()) for name, _, value in (d.partition(":") for d in style.split(";"))
    ]
    kept = [(name, value) for name, value in declarations if name in STYLES and STYLES[name].fullmatch(value)]
    return ";".join(f"{name}:{value}" for name, value in kept)


def kept_attribute(_tag: str, name: str, value: str) -> str | None:
    """Return what is left of the value of an attribute that is allowed as such, None if nothing."""
    if name == "style":
        return kept_style(value) or None
    if name in LOST_WHEN_EMPTY and not value:
        return None
    return value


def sanitize(html: str) -> str:
    """Return what JupyterLab shows of ``html`` from a notebook that it does not trust.

    A link's ``rel`` and ``target``, which JupyterLab sets, are not added, and an ``id`` is dropped, not renamed.
    """
    return nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags=set(TAGS_LOST_WITH_TEXT),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=kept_attribute,
        link_rel=None,
        set_tag_attribute_values={"input": {"disabled": "disabled"}},
    )
