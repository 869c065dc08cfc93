"""What is left of a panel where no kernel runs: its static form, in an exported page."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.conftest import ROOT

nbconvert = pytest.importorskip("nbconvert")
preprocessors = pytest.importorskip("nbconvert.preprocessors")

CELL = """\
import flytetask_nb as ftn
ftn.set_options(progress=False)
ftn.panel(ftn.load("archives/2026.10.tgz", version="2026.10")["shops.ingest.daily_sales"])"""
KERNEL = {"name": "python3", "display_name": "Python 3"}
STATE = "application/vnd.jupyter.widget-state+json"


def test_an_exported_page_shows_the_static_form_without_stored_state() -> None:
    notebook = new_notebook(cells=[new_code_cell(CELL)], metadata={"kernelspec": KERNEL})
    run = preprocessors.ExecutePreprocessor(timeout=120, kernel_name="python3", store_widget_state=False)
    run.preprocess(notebook, {"metadata": {"path": str(ROOT / "notebooks" / "example")}})
    assert "widgets" not in notebook.metadata
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert STATE not in page
    assert "daily_sales" in page.replace("<wbr>", "")
    assert "would register" in page
