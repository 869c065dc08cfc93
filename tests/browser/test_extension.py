"""The extension of IPython in JupyterLab: raw messages are shown as tasks, until it is taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.lab import LabTab

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
TASK = "shops.evaluation.choose_champion"
CELLS = [
    "%load_ext flytetask_nb",
    f"import flytetask_nb as ftn\nmessage = ftn.load({str(ARCHIVES / '2026.10.tgz')!r})[{TASK!r}].to_flyte_idl()\nmessage",
    f"%flyte_diff '{ARCHIVES / '2026.09.tgz'}' '{ARCHIVES / '2026.10.tgz'}' {TASK}",
    "%unload_ext flytetask_nb\nmessage",
]


@pytest.mark.browser
def test_messages_are_shown_as_tasks(run_cells: Callable[..., LabTab], screenshots: Path) -> None:
    tab = run_cells(*CELLS)
    tab.picture(screenshots / "extension.png")
    assert tab.errors() == []
    _, shown, compared, raw = ["\n".join(texts) for texts in tab.output_texts()]
    assert shown.startswith(TASK)
    assert "min_gain" in compared
    assert "breaking" in compared
    assert raw.startswith("template {")
