"""Archives that a reader brings along."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

import flytetask_nb as ftn
from flytetask_nb.widgets import ArchiveViewer, ExplorerApp
from tests.conftest import ROOT

ARCHIVES = ROOT / "notebooks" / "example" / "archives"


@pytest.fixture
def viewer() -> ArchiveViewer:
    """Two archives, read."""
    made = ArchiveViewer()
    for name in ("2026.03.tgz", "2026.10.tgz"):
        made.add(name, (ARCHIVES / name).read_bytes())
    return made


def test_archives_are_gathered_as_versions(viewer: ArchiveViewer) -> None:
    assert set(viewer.tasks.column("version")) == {"2026.03", "2026.10"}
    assert viewer.panel.tasks is viewer.tasks
    assert viewer.comparison.pair == ("2026.03", "2026.10")
    assert "2026.03.tgz, 2026.10.tgz" in viewer._status.value


def test_a_broken_archive_is_told_and_the_others_stay(viewer: ArchiveViewer) -> None:
    before = viewer.tasks
    viewer.add("broken.tgz", b"no archive")
    assert viewer.tasks == before
    assert "rejected" in viewer._status.value
    assert "broken.tgz is no archive of tasks: " in viewer._status.value
    assert viewer._status.value.count("broken.tgz") == 1


def test_what_was_rejected_can_be_removed_by_itself(viewer: ArchiveViewer) -> None:
    assert viewer._reject.layout.display == "none"
    before = viewer.tasks
    viewer.add("report.pdf", b"%PDF-1.7 no tasks at all")
    assert viewer._reject.layout.display is None
    viewer._reject.click()
    assert "report.pdf" not in viewer._status.value
    assert viewer._reject.layout.display == "none"
    assert viewer.tasks == before
    assert list(viewer._archives) == ["2026.03.tgz", "2026.10.tgz"]


def test_an_archive_of_the_same_name_is_replaced(viewer: ArchiveViewer) -> None:
    before = len(viewer.tasks)
    viewer.add("2026.10.tgz", (ARCHIVES / "2026.10.tgz").read_bytes())
    assert len(viewer.tasks) == before


def test_everything_can_be_removed(viewer: ArchiveViewer) -> None:
    viewer._clear.click()
    assert len(viewer.tasks) == 0
    assert repr(viewer) == "ArchiveViewer(no archives, no tasks)"
    assert viewer._shown.layout.display == "none"


def test_the_upload_control_reads_what_the_browser_sends() -> None:
    viewer = ArchiveViewer()
    data = (ARCHIVES / "2026.03.tgz").read_bytes()
    viewer._upload.value = (
        {
            "name": "2026.03.tgz",
            "type": "application/gzip",
            "size": len(data),
            "last_modified": datetime(2026, 3, 1, tzinfo=timezone.utc),
            "content": memoryview(data),
        },
    )
    assert set(viewer.tasks.column("version")) == {"2026.03"}


def test_an_explorer_takes_archives_and_clusters() -> None:
    app = ExplorerApp()
    app.add("2026.03.tgz", (ARCHIVES / "2026.03.tgz").read_bytes())
    assert app.explorer is not None
    assert app.explorer.tasks == app.tasks
    first = app.explorer
    app.add("2026.10.tgz", (ARCHIVES / "2026.10.tgz").read_bytes())
    # Nothing is left of the explorer before.
    assert first.comm is None
    assert app.explorer.tasks == app.tasks
    with ftn.sandbox() as admin:
        admin.load(ARCHIVES / "2026.10.tgz", project="flytesnacks", domain="production", version="2026.10")
        app._address.value = admin.endpoint
        app._connect.click()
        assert app._error.layout.display == "none"
        app.explorer._read_all()
        assert len(app.explorer.frame) == 27
    app._address.value = "ftp://x"
    app._connect.click()
    assert "ftp://x" in app._error.value
    app._remove_all()
    assert app.explorer is None
