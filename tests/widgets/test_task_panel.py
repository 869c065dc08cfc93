"""The panel of one task, without a browser."""

from __future__ import annotations

from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances

import flytetask_nb as ftn
from flytetask_nb.widgets.task_panel import TABS


def look_at(panel: Any, title: str) -> None:
    """Bring a tab to the front, as the browser does."""
    panel._tabs.selected_index = list(TABS).index(title)


def test_every_section_of_a_task_has_a_tab(releases: ftn.TaskCollection) -> None:
    from flytetask_nb.views import describe  # noqa: PLC0415 - beside what it is compared with

    shown = {title for parts in TABS.values() for title in parts}
    described = {section.title for task in releases for section in describe(task).sections}
    assert described <= shown


@pytest.mark.parametrize("title", [title for title in TABS if title != "Raw"])
def test_a_tab_shows_its_section(releases: ftn.TaskCollection, train: str, title: str) -> None:
    panel = ftn.panel(releases[train])
    look_at(panel, title)
    found = panel._panes[title].value
    assert found.startswith('<div class="ftn">')
    assert ("Nothing is set here." in found) == (title == "Security")


def test_pickers_set_the_task_and_the_task_sets_the_pickers(releases: ftn.TaskCollection, train: str) -> None:
    panel = ftn.panel(releases)
    panel._names.value = train
    panel._versions.value = "2026.05"
    assert panel.task == releases.versions(train)[2]
    panel.task = releases.versions(train)[0]
    assert (panel._names.value, panel._versions.value) == (train, "2026.03")
    assert "2026.03" in panel._head.value


def test_a_single_task_has_no_pickers(releases: ftn.TaskCollection, train: str) -> None:
    assert ftn.panel(releases[train])._pickers.layout.display == "none"
    assert ftn.panel(releases)._pickers.layout.display is None


def test_nothing_is_made_anew_when_another_task_is_picked(releases: ftn.TaskCollection, train: str) -> None:
    panel = ftn.panel(releases)
    before = set(_instances)
    panel._names.value = train
    for title in TABS:
        look_at(panel, title)
    assert set(_instances) == before


def test_what_the_container_gets_follows_the_platform(releases: ftn.TaskCollection, train: str) -> None:
    panel = ftn.panel(releases[train])
    look_at(panel, "Resources")
    panel._amounts["limits", "cpu"].value = "500m"
    assert "request as asked: 2" in panel._effective.value
    panel._amounts["limits", "cpu"].value = "much"
    assert "is no quantity" in panel._effective.value


def test_raw_text_is_masked(releases: ftn.TaskCollection) -> None:
    task = releases["shops.features.encode_shops"]
    container = task.container
    assert container is not None
    panel = ftn.panel(task.replace(container=container.replace(env={"DB_PASSWORD": "hunter2"})))
    look_at(panel, "Raw")
    for form in ("proto text", "JSON"):
        panel._form.value = form
        assert "DB_PASSWORD" in panel._raw.text
        assert "hunter2" not in panel._raw.text


def test_a_long_raw_text_is_cut_and_says_so(releases: ftn.TaskCollection) -> None:
    panel = ftn.panel(releases[0].replace(config={"words": "x" * 100_000}))
    look_at(panel, "Raw")
    assert len(panel._raw.text) == 30_000
    assert "more)" in panel._raw.label


def test_an_error_of_a_callback_is_shown_and_goes_away(releases: ftn.TaskCollection, train: str) -> None:
    panel = ftn.panel(releases)
    is_failing = True

    def fail(_change: object) -> None:
        if is_failing:
            raise ZeroDivisionError("by <nought>")

    panel.observe(fail, "task")
    panel._names.value = train
    assert "ZeroDivisionError: by &lt;nought&gt;" in panel._error.value
    assert panel._error.layout.display is None
    is_failing = False
    panel._versions.value = "2026.03"
    assert panel._error.layout.display == "none"


def test_a_task_that_is_not_registered_is_checked_as_it_will_be(releases: ftn.TaskCollection, train: str) -> None:
    """Parts of the id that only registration fills in are nothing to complain of."""
    assert "would register" in ftn.panel(releases[train])._head.value
    weather = ftn.panel(releases["shops.ingest.fetch_weather"])._head.value
    assert "2 warnings · checked with what registration will fill in" in weather


def test_the_static_form_says_what_the_panel_says(releases: ftn.TaskCollection, train: str) -> None:
    panel = ftn.panel(releases)
    panel._names.value = train
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == repr(panel) == f"TaskPanel({train!r}, version='2026.10', one of 218 tasks)"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"] == ftn.panel(releases.versions(train))._repr_mimebundle_()["text/html"]
    for word in (train, "Interface", "Resources", "would register"):
        assert word in bundle["text/html"].replace("<wbr>", "")
        assert word in panel.to_text()


def test_an_empty_collection_is_said_to_be_one() -> None:
    panel = ftn.panel([])
    assert repr(panel) == "TaskPanel(no task)"
    for title in TABS:
        look_at(panel, title)
    assert "No task" in panel._head.value


def test_the_panel_says_what_the_order_of_versions_rests_on(releases: ftn.TaskCollection, train: str) -> None:
    panel = ftn.panel(releases)
    panel.selection.name = train
    assert "8 versions, ordered by version" in panel._count.value
    shown = ftn.panel(releases[:1])
    assert "order" not in shown._count.value
    hashed = ftn.TaskCollection([releases[train].replace(version=text) for text in ("e3b0c44", "1234567")])
    shown = ftn.panel(hashed)
    assert shown.task.id.version == "1234567"
    assert "by load order: nothing tells which is older" in shown._count.value


def test_enter_in_the_search_picks_the_first(releases: ftn.TaskCollection, train: str) -> None:
    panel = ftn.panel(releases)
    panel._search.value = train.rpartition(".")[2]
    panel._search._handle_custom_msg({"event": "submit"}, [])
    assert panel.selection.name == panel.selection.names[0]
    assert panel._names.rows == 12


def test_a_task_that_the_search_does_not_list_is_said_not_to_be(releases: ftn.TaskCollection) -> None:
    panel = ftn.panel(releases)
    panel._search.value = "no such thing"
    shown = panel._count.value.replace("<wbr>", "")
    assert f"the task below, {panel.selection.name}, is not among them" in shown
    panel._search.value = ""
    assert "is not among them" not in panel._count.value
