"""What rich prints: as wide as the console, and no rubble where that is narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from flytetask_nb.views.document import Clip, Document, Fields, Paragraph, Row, Stack, Table, code
from flytetask_nb.views.text import render, render_rich
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

console = pytest.importorskip("rich.console")
cell_len = pytest.importorskip("rich.cells").cell_len
ARCHIVES = ROOT / "notebooks" / "example" / "archives"
MODEL = "shops.training.train_global_model"

WAYS: dict[str, Callable[[ftn.TaskCollection], Any]] = {
    "collection": lambda tasks: tasks,
    "versions": lambda tasks: tasks.versions(MODEL),
    "task": lambda tasks: tasks[MODEL],
    "diff": lambda tasks: ftn.diff(tasks[MODEL, "2026.09"], tasks[MODEL]),
    "history": lambda tasks: ftn.history(tasks.versions(MODEL)),
    "check": lambda tasks: ftn.check(tasks[:20]),
}


def printed(value: object, width: int) -> list[str]:
    page = console.Console(width=width, force_terminal=False, color_system=None)
    with page.capture() as captured:
        page.print(value)
    return [line.rstrip() for line in captured.get().rstrip("\n").split("\n")]


def page_of(cell: Clip) -> Any:
    return render_rich(Document("t", blocks=[Table([Row([cell])])]))


def letters(lines: list[str]) -> list[str]:
    return sorted("".join(lines).replace(" ", "").replace("…", ""))


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", WAYS)
def test_no_line_is_wider_than_the_console(name: str, width: int, example: ftn.TaskCollection) -> None:
    value = WAYS[name](example)
    lines = printed(value, width)
    assert max(map(len, lines)) <= width
    assert lines[0]
    # So is the text of that width.
    assert value.to_text(width).split("\n") == lines


def test_a_wide_console_shows_what_the_text_is(example: ftn.TaskCollection) -> None:
    for way in WAYS.values():
        value = way(example)
        assert printed(value, 400) == value.to_text().split("\n")


def test_nothing_but_clips_is_lost() -> None:
    words = "a sentence of several words that goes on for longer than any column is wide, and a little further still"
    table = Table([Row(["name", "what", "why"], header=True), Row([code("shop.train"), words, Stack([words, "end"])])])
    document = Document("title", blocks=[table, Fields([("label", [words])]), Paragraph(words)])
    plain = render(document).split("\n")
    for width in (24, 40, 60, 100):
        lines = printed(render_rich(document), width)
        # Names of columns that went below stand nowhere.
        assert set(letters(plain)) == set(letters(lines))
        assert "".join(lines).count("further") == "".join(plain).count("further")


def test_columns_go_below_before_their_words_break() -> None:
    path = "extended_resources.gpu_accelerator.device"
    table = Table([Row(["~ behaviour", code(path), "nvidia-l4 → nvidia-tesla-a100", "The accelerator changed."])])
    lines = printed(render_rich(Document("t", blocks=[table])), 80)
    assert path in lines[1]
    assert lines[-1] == "  The accelerator changed."


def test_a_clip_takes_one_line() -> None:
    table = Table([Row(["a", Clip("(day: datetime, " * 20)])])
    lines = printed(render_rich(Document("t", blocks=[table])), 40)
    assert len(lines) == 2
    assert lines[1].endswith("…")


@pytest.mark.parametrize("width", [40, 56, 80])
def test_a_clip_ends_behind_a_word(width: int) -> None:
    text = "(features: StructuredDataset, folds: int, model: ShopModel) -> (score: float, 店舗の名前と売上: str) " * 2
    lines = printed(page_of(Clip(text)), width)
    words = lines[1].removesuffix("…").split(" ")
    assert words == text.split(" ")[: len(words)]


def test_a_clip_of_wide_characters_fits() -> None:
    for width in (20, 21, 40, 41):
        shown = printed(page_of(Clip("店舗の名前と売上" * 20)), width)[1]
        assert cell_len(shown) in (width - 1, width)


def test_a_line_that_goes_on_fills_the_page() -> None:
    """What is broken once, and further in once more, leaves no half lines."""
    lines = printed(render_rich(Document("t", lines=["one two three four " * 8])), 40)
    assert all(len(line) > 30 for line in lines[1:-1])


def test_a_report_prints_in_full(example: ftn.TaskCollection) -> None:
    for name in ("diff", "history", "check"):
        value = WAYS[name](example)
        assert str(value) == value.to_text()
        assert "\n" in str(value)
    plan = ftn.plan(example.latest(), example.latest())
    assert str(plan) == plan.to_text()
