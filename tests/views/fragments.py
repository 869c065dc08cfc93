"""Reading an HTML fragment strictly: what is opened is closed, and nothing is in it that front ends remove."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset({"br", "wbr"})
HEADING = {"role", "aria-level"}
# What survives JupyterLab's and GitHub's sanitizers, and what they need; but for roles, without which all reads as well.
ALLOWED = {
    "a": {"href", "rel"},
    "b": HEADING,
    "br": set(),
    "caption": set(),
    "code": {"class", "title"},
    "del": {"class"},
    "details": {"open"},
    "div": {"class"},
    "i": set(),
    "ins": {"class"},
    "mark": {"class", "role", "title"},
    "nobr": set(),
    "pre": set(),
    "small": set(),
    "span": {"class", "title"},
    "strong": HEADING,
    "summary": {"class"},
    "table": {"class"},
    "td": {"class", "style"},
    "th": {"scope", "style", "title"},
    "tr": set(),
    "wbr": set(),
}


class _Strict(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.problems: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = ALLOWED.get(tag)
        if allowed is None:
            self.problems.append(f"<{tag}> is not allowed")
            return
        self.problems += [f"{tag}[{name}] is not allowed" for name, _ in attrs if name not in allowed]
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes what is not open")

    def handle_comment(self, data: str) -> None:
        self.problems.append(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        self.problems.append(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        self.problems.append(f"an instruction: {data}")


def problems_of(html: str) -> list[str]:
    """Return what is wrong with a fragment; empty for a sound one."""
    reader = _Strict()
    reader.feed(html)
    reader.close()
    unsafe = [f"a link to {link}" for link in reader.links if not link.startswith(("https://", "http://"))]
    return reader.problems + unsafe + [f"<{tag}> is not closed" for tag in reader.open]
