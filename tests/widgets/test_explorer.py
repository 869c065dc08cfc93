"""The explorer without a browser: what it answers to a page, and what the next cell reads and sets."""

from __future__ import annotations

import asyncio
import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import flytetask_nb as ftn
from flytetask_nb.errors import ModelTypeError, ModelValueError, QueryError
from flytetask_nb.widgets import explorer as module
from tests.browser.wording import html_text
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
MOST_BYTES = 40_000
MOST_SCRIPT = 30_720
CARD = 32_768


class Page:
    """Stands for the page: asks as it does, and keeps what it is told."""

    def __init__(self, explorer: ftn.Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.explorer = explorer
        self.told: list[dict[str, Any]] = []
        monkeypatch.setattr(explorer, "send", lambda message: self.told.append(json.loads(json.dumps(message))))
        self.state = explorer._opening()["state"]

    def hear(self, **asked: Any) -> dict[str, Any]:
        """Ask, and return the one answer."""
        self.told.clear()
        self.explorer._hear(self.explorer, {"view": "page", "serial": 7, **asked}, [])
        (answer,) = [message for message in self.told if message.get("view") == "page"]
        assert answer["serial"] == 7
        assert len(json.dumps(answer)) <= MOST_BYTES
        return answer

    def asked(self, **changes: Any) -> dict[str, Any]:
        names = ("query", "chosen", "ranges", "sort", "grouped", "opened", "columns")
        return {name: changes.get(name, self.state[name]) for name in names}

    def look(self, parts: str = "rows", start: int = 0, count: int = 40, **changes: Any) -> dict[str, Any]:
        return self.hear(kind="look", parts=[parts], start=start, count=count, **self.asked(**changes))

    def select(self, *steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return self.hear(kind="select", steps=list(steps), **self.asked(**changes))


def toggle(row: int) -> dict[str, Any]:
    return {"mode": "toggle", "row": row, "from": row}


def go_on(page: Page, *, behind: int = 0) -> None:
    """Let the explorer work behind, as it does in a kernel, until a part of that is done."""

    async def wait() -> None:
        page.look()
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if page.explorer._behind[behind].is_done:
                return

    asyncio.run(wait())


@pytest.fixture
def explorer(releases: ftn.TaskCollection) -> ftn.Explorer:
    return ftn.explore(releases)


@pytest.fixture
def page(explorer: ftn.Explorer, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(explorer, monkeypatch)


def names(answer: dict[str, Any]) -> list[str]:
    return [row[4] for row in answer["rows"]]


# -- rows ------------------------------------------------------------------------------------------------------------


def test_a_page_of_rows_is_what_the_search_finds(page: Page, releases: ftn.TaskCollection) -> None:
    found = releases.search("train gpu>0")
    answer = page.look(query="train gpu>0")
    assert answer["matched"] == answer["lines"] == len(found)
    assert answer["total"] == len(releases)
    assert names(answer) == [task.name for task in found][:40]


def test_a_page_begins_where_it_is_asked_to(page: Page) -> None:
    whole = page.look(count=80)
    assert [row[1] for row in page.look(start=50, count=20)["rows"]] == [row[1] for row in whole["rows"][50:70]]
    # Beyond the end it is the end.
    end = page.look(start=10_000)
    assert (end["start"], len(end["rows"])) == (whole["lines"] - 1, 1)


def test_a_search_that_cannot_be_read_says_where_and_changes_nothing(page: Page) -> None:
    page.look(query="train")
    for parts in ("rows", "facets"):
        answer = page.look(parts, query="train gpu>>1")
        assert "rows" not in answer
        assert answer["problem"]["position"] == len("train gpu>")
        assert "at character 11" in answer["problem"]["message"]
    assert page.explorer.query == "train"


def test_a_filter_that_nothing_fits_gives_nothing(page: Page) -> None:
    answer = page.look(query="no-such-task")
    assert (answer["matched"], answer["rows"]) == (0, [])


def test_rows_are_sorted_by_several_columns(page: Page) -> None:
    rows = page.look(count=200, sort=[["version", True], ["name", False]], columns=["name", "version"])["rows"]
    pairs = [(row[5], row[4]) for row in rows]
    assert pairs == sorted(sorted(pairs, key=lambda pair: pair[1]), key=lambda pair: pair[0], reverse=True)


def test_columns_are_chosen_in_any_order_with_the_name_first(page: Page) -> None:
    answer = page.look(columns=["version", "name", "job_memory"])
    assert [column["name"] for column in answer["columns"]] == ["name", "version", "job_memory"]
    assert [column["numeric"] for column in answer["columns"]] == [False, False, True]
    assert page.explorer.columns == ("name", "version", "job_memory")


def test_only_columns_that_differ(page: Page, releases: ftn.TaskCollection, train: str) -> None:
    query = f"name={train}"
    frame = releases.search(query).to_frame()
    answer = page.hear(kind="differing", **page.asked(query=query))
    shown = {column["name"] for column in answer["columns"]} - {"name"}
    assert shown == {name for name in frame if len(set(map(str, frame[name]))) > 1}


def test_versions_stand_under_their_name(page: Page, train: str) -> None:
    answer = page.look(grouped=True, query=train)
    (kind, _, _, group, name, *_) = answer["rows"][0]
    assert (kind, name, group["count"], group["open"]) == ("group", train, 8, False)
    opened = page.look(grouped=True, query=train, opened=[group["key"]])
    assert opened["lines"] == answer["lines"] + 8
    assert [row[0] for row in opened["rows"][:10]] == ["group", *["task"] * 8, *["group"] * (answer["lines"] > 1)]


def test_facets_count_what_all_other_filters_let_through(page: Page, releases: ftn.TaskCollection) -> None:
    answer = page.look("facets", query="train", chosen={"type": ["python-task"]})
    types = next(facet for facet in answer["facets"] if facet["column"] == "type")
    found = releases.search("train").to_frame()
    assert dict(map(tuple, types["values"])) == found["type"].value_counts().to_dict()
    targets = next(facet for facet in answer["facets"] if facet["column"] == "target")
    assert sum(count for _, count in targets["values"]) == (found["type"] == "python-task").sum()
    assert {len(each["labels"]) for each in answer["histograms"]} <= set(range(2, 26))


def test_what_is_computed_behind_is_told_as_pending_until_it_is_there(page: Page) -> None:
    def pending() -> set[str]:
        return {facet["column"] for facet in page.look("facets")["facets"] if facet["pending"]}

    assert pending() == {"findings", "worst_change"}
    for work in page.explorer._behind:
        work.finish()
    assert pending() == set()
    assert page.look()["progress"] == ""


def test_the_worst_change_is_that_since_the_version_before(
    explorer: ftn.Explorer, releases: ftn.TaskCollection, train: str
) -> None:
    for work in explorer._behind:
        work.finish()
    explorer.query = f"name={train}"
    versions = releases.versions(train)
    expected = [None, *(ftn.diff(old, new).severity for old, new in pairwise(versions))]
    told = dict(zip(explorer.frame["version"], explorer.frame["worst_change"], strict=True))
    assert [None if told[task.id.version] is pd.NA else told[task.id.version] for task in versions] == expected


# -- selection and cards ---------------------------------------------------------------------------------------------


def test_the_card_of_a_row_tells_of_its_task(page: Page, releases: ftn.TaskCollection, train: str) -> None:
    position = page.look(query=f"name={train}")["rows"][-1][1]
    answer = page.hear(kind="open", position=position)
    html = html_text("".join(answer["html"]))
    assert releases[position].id.version in html
    assert "would register" in html
    assert page.hear(kind="more", position=position)["html"].count("History") == 1


def test_two_selected_rows_are_compared_and_more_stand_beside_each_other(page: Page, train: str) -> None:
    query = f"name={train}"
    one = page.select(toggle(0), query=query)
    assert (one["selected"], one["compares"]) == (1, False)
    # The later version is selected first, and stands on the right all the same.
    both = page.select(toggle(0), toggle(7), toggle(0), query=query)
    assert (both["selected"], both["compares"]) == (2, True)
    assert "2026.03 → 2026.10" in html_text(both["html"][0])
    three = page.select(toggle(3), query=query)
    assert "3 versions" in "".join(three["html"])
    assert [task.id.version for task in page.explorer.selection] == ["2026.03", "2026.06", "2026.10"]
    assert page.look(query=query)["selected"] == 3


def test_a_range_all_and_none_are_selected(page: Page, releases: ftn.TaskCollection) -> None:
    assert page.select({"mode": "to", "row": 2, "from": 6})["selected"] == 5
    assert page.select({"mode": "all", "row": 0, "from": 0}, query="train")["selected"] == len(releases.search("train"))
    none = page.select({"mode": "none", "row": 0, "from": 0})
    assert (none["selected"], none["compares"], none["html"]) == (0, False, None)


def test_a_group_is_selected_with_all_its_versions(page: Page, train: str) -> None:
    view = {"grouped": True, "query": f"name={train}"}
    assert page.select(toggle(0), **view)["selected"] == 8
    assert page.select(toggle(0), **view)["selected"] == 0


def test_no_card_and_no_comparison_is_larger_than_a_display_may_be(page: Page) -> None:
    page.look()
    for position in range(30):
        assert sum(map(len, page.hear(kind="open", position=position)["html"])) <= CARD
    answer = page.select({"mode": "all", "row": 0, "from": 0})
    assert sum(map(len, answer["html"])) <= CARD
    assert "The first 8 of 218 selected rows." in answer["html"][0]


def test_a_card_says_which_workflows_use_the_task(page: Page) -> None:
    position = page.look(query="name=shops.ingest.daily_sales version=2026.10")["rows"][0][1]
    assert "used by shops.workflows.ingest_sales" in html_text(page.hear(kind="open", position=position)["html"][0])


def test_what_goes_wrong_is_told_to_the_page(page: Page) -> None:
    answer = page.hear(kind="open", position=10**6)
    assert answer["kind"] == "error"
    assert "1000000" in answer["message"]


# -- what the next cell reads and sets -------------------------------------------------------------------------------


def test_the_search_is_set_and_read(page: Page, explorer: ftn.Explorer) -> None:
    explorer.query = "gpu>0"
    (pushed,) = page.told
    assert pushed["state"]["query"] == "gpu>0"
    with pytest.raises(QueryError, match="at character 5"):
        explorer.query = "gpu>>0"
    assert explorer.query == "gpu>0"
    page.look(query="cached:yes")
    assert explorer.query == "cached:yes"
    assert not any(message["kind"] == "state" for message in page.told)


def test_the_frame_is_what_matches(page: Page, explorer: ftn.Explorer, releases: ftn.TaskCollection) -> None:
    page.look(query="train", chosen={"target": ["k8s_pod"]}, sort=[["name", False]])
    frame = releases.to_frame()
    expected = explorer.frame
    assert set(expected["target"]) == {"k8s_pod"}
    assert expected["name"].tolist() == sorted(expected["name"])
    pd.testing.assert_frame_equal(expected[frame.columns], frame.loc[expected.index])


def test_the_frame_is_observed_and_made_for_nobody_else(
    page: Page, explorer: ftn.Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    rows = explorer._matching_rows
    monkeypatch.setattr(explorer, "_matching_rows", lambda: made.append(1) or rows())
    page.look()
    page.look(query="train")
    assert not made
    seen: list[int] = []
    explorer.observe(lambda change: seen.append(len(change.new)), "frame")
    page.look(query="gpu>0")
    page.look(query="gpu>0", start=3)
    assert seen == [page.look(query="gpu>0")["matched"]]


def test_some_of_the_rows_are_set_and_shown_alone(
    page: Page, explorer: ftn.Explorer, releases: ftn.TaskCollection
) -> None:
    explorer.frame = explorer.frame[explorer.frame["cached"]]
    assert explorer.tasks == releases.search("cached:yes")
    assert page.told[-1]["kind"] == "state"
    explorer.frame = pd.DataFrame({"name": ["a"]})
    assert explorer.tasks is None
    with pytest.raises(ModelTypeError, match=r"pandas\.DataFrame"):
        explorer.frame = 3


def test_the_selection_is_set_read_and_observed(
    page: Page, explorer: ftn.Explorer, releases: ftn.TaskCollection, train: str
) -> None:
    seen: list[int] = []
    explorer.observe(lambda change: seen.append(len(change.new)), "selection")
    explorer.selection = releases.versions(train)
    assert seen == [8]
    assert page.look(query=f"name={train}")["selected"] == 8
    assert all(row[2] for row in page.look(query=f"name={train}")["rows"])
    other = releases[0].replace(id=releases[0].id.replace(version="other"))
    with pytest.raises(ModelValueError, match="none of the explorer's tasks"):
        explorer.selection = ftn.TaskCollection([other])


def test_columns_are_set_from_a_cell_and_kept(page: Page, explorer: ftn.Explorer) -> None:
    assert explorer.columns[0] == "name"
    explorer.columns = ("version", "job_memory")
    assert explorer.columns == ("name", "version", "job_memory")
    assert page.told[-1]["state"]["columns"] == ["name", "version", "job_memory"]
    with pytest.raises(ModelValueError, match="no column 'memry'"):
        explorer.columns = ("memry",)


def test_an_observer_s_error_is_told_and_costs_no_answer(page: Page, explorer: ftn.Explorer) -> None:
    explorer.observe(lambda _: 1 / 0, "query")
    answer = page.look(query="train")
    assert answer["rows"]
    assert any(message["kind"] == "error" and "ZeroDivisionError" in message["message"] for message in page.told)


def test_code_makes_the_same_set(page: Page, releases: ftn.TaskCollection) -> None:
    page.look(query="train gpu>0", columns=["name", "job_gpu"])
    text = page.hear(kind="code")["text"]
    names: dict[str, Any] = {"ftn": ftn, "tasks": releases}
    *lines, last = text.strip().splitlines()
    made = eval("\n".join(lines), names)  # noqa: S307 - our own
    assert len(made) == len(releases.search("train gpu>0"))
    again = eval(last, names)  # noqa: S307 - our own
    assert (again.query, again.columns) == ("train gpu>0", ("name", "job_gpu"))


def test_a_page_that_is_opened_begins_where_the_explorer_is(
    page: Page, explorer: ftn.Explorer, releases: ftn.TaskCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = ftn.explore(releases, query="gpu>0", columns=["job_gpu"]).get_state()["first"]
    assert (begun["state"]["query"], begun["state"]["columns"]) == ("gpu>0", ["name", "job_gpu"])
    assert begun["page"]["matched"] == len(releases.search("gpu>0"))
    page.look(query="train", chosen={"target": ["k8s_pod"]})
    later = Page(explorer, monkeypatch).hear(kind="hello")["state"]
    assert (later["query"], later["chosen"]) == ("train", {"target": ["k8s_pod"]})


# -- sources -----------------------------------------------------------------------------------------------------------


def test_a_bare_table_is_explored_and_says_what_it_has_not(
    releases: ftn.TaskCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(ftn.explore(releases.to_frame()), monkeypatch)
    assert page.look(query="train")["matched"] == len(releases.search("train"))
    card = page.hear(kind="open", position=3)
    assert "holds no tasks" in "".join(card["html"])
    assert not card["more"]
    both = page.select(toggle(0), toggle(9))
    assert "only what differs" in both["html"][0]
    assert len(page.explorer.selection) == 0


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"name": ["a", None]}),
        pd.DataFrame({"x": [1, 2], "y": [{"a": 1}, [object]]}),
        pd.DataFrame({"name": ["a"], "when": [pd.Timedelta("1h")], "p": [pd.Period("2026-01")]}),
    ],
    ids=["empty", "gap", "no name", "odd"],
)
def test_any_table_is_shown(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(ftn.explore(frame), monkeypatch)
    answer = page.look()
    assert len(answer["rows"]) == len(frame)
    assert [len(row) - 4 for row in answer["rows"]] == [len(answer["columns"])] * len(frame)
    page.look("facets")
    if len(frame):
        page.hear(kind="open", position=0)
    assert page.explorer.to_text()


def test_many_tasks_are_shown_before_all_are_read(
    releases: ftn.TaskCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 50)
    monkeypatch.setattr(module, "_CHUNK", 60)
    whole = Page(ftn.explore(releases[:]), monkeypatch)
    whole.explorer._read_all()
    page = Page(ftn.explore(releases), monkeypatch)
    answer = page.look()
    assert (answer["matched"], answer["total"]) == (50, len(releases))

    go_on(page)
    columns = list(page.explorer.columns)
    assert page.look(query="gpu>0")["rows"] == whole.look(query="gpu>0", columns=columns)["rows"]


def test_what_the_next_cell_reads_waits_for_all_rows(
    releases: ftn.TaskCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 50)
    explorer = ftn.explore(releases, query="gpu>0")
    assert len(explorer.frame) == len(releases.search("gpu>0"))
    assert f"{len(explorer.frame)} tasks match gpu&gt;0" in ftn.explore(releases, query="gpu>0").to_html()


@pytest.fixture(scope="module")
def remote() -> Iterator[ftn.Remote]:
    """Serve one release of the example."""
    with ftn.sandbox() as admin:
        admin.load(ARCHIVES / "2026.10.tgz", project="flytesnacks", domain="production", version="2026.10")
        with ftn.connect(admin.endpoint, insecure=True) as connection:
            yield connection


def test_tasks_of_a_cluster_appear_as_they_come(remote: ftn.Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(ftn.explore(remote, project="flytesnacks", page_size=10), monkeypatch)
    assert page.look()["total"] == 0
    page.told.clear()
    go_on(page)
    words = [message["progress"] for message in page.told if message["kind"] == "changed"]
    assert words == ["10 tasks so far", "20 tasks so far", "27 tasks so far", ""]
    assert page.look()["total"] == len(remote.list_tasks(project="flytesnacks"))
    assert page.explorer.tasks == remote.list_tasks(project="flytesnacks")
    assert page.hear(kind="code")["text"].startswith("remote.list_tasks(")


def test_what_a_cluster_understands_of_a_search_is_asked_there(
    remote: ftn.Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(ftn.explore(remote, query="type=warehouse_query sales"), monkeypatch)
    page.explorer._read_all()
    answer = page.look()
    assert answer["total"] == len(remote.list_tasks(type="warehouse_query"))
    assert 0 < answer["matched"] < answer["total"]


def test_a_listing_is_stopped(remote: ftn.Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(ftn.explore(remote, page_size=5), monkeypatch)
    page.explorer._hear(page.explorer, {"kind": "cancel", "view": "page"}, [])
    assert page.look()["progress"] == ""
    assert page.look()["total"] < len(remote.list_tasks())


def test_what_goes_wrong_at_a_cluster_is_told(monkeypatch: pytest.MonkeyPatch, remote: ftn.Remote) -> None:
    page = Page(ftn.explore(remote, project="shps"), monkeypatch)
    go_on(page)
    assert any(message["kind"] == "error" and "shps" in message["message"] for message in page.told)


def test_nothing_is_computed_while_nobody_looks(page: Page) -> None:
    page.look()
    page.explorer._hear(page.explorer, {"kind": "leave", "view": "page"}, [])

    async def wait() -> None:
        page.explorer._begin()
        await asyncio.sleep(0.1)

    asyncio.run(wait())
    assert not page.explorer._behind[1].is_done
    go_on(page, behind=1)
    assert page.explorer._behind[1].is_done


def test_what_is_no_table_and_no_tasks_is_refused(releases: ftn.TaskCollection) -> None:
    with pytest.raises(ModelTypeError):
        ftn.explore(3)
    with pytest.raises(ModelTypeError, match="project can be asked of a cluster"):
        ftn.explore(releases, project="shops")


# -- what is shown ---------------------------------------------------------------------------------------------------


def test_the_static_form_is_the_first_page_and_always_the_same(releases: ftn.TaskCollection) -> None:
    explorer = ftn.explore(releases)
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == repr(explorer) == "Explorer(218 tasks)"
    assert bundle["text/html"] == ftn.explore(releases).to_html()
    assert "218 tasks" in bundle["text/html"]
    assert releases[0].name in bundle["text/html"].replace("<wbr>", "")
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_secrets_are_masked_wherever_a_page_may_show_them(
    releases: ftn.TaskCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = releases["shops.features.encode_shops"]
    container = task.container
    assert container is not None
    address = "postgres://shop:hunter2@db/shop"
    told = task.replace(container=container.replace(env={"DB_PASSWORD": "hunter2"}, args=[address]))
    for source in (ftn.TaskCollection([told]), pd.DataFrame({"name": ["a"], "args": [address]})):
        page = Page(ftn.explore(source), monkeypatch)
        answers = [page.look(columns=["name", "args"]), page.hear(kind="open", position=0), page.look("facets")]
        assert "hunter2" not in json.dumps(answers)
        assert "postgres" in json.dumps(answers)


def test_markup_in_a_task_is_text_in_its_card(releases: ftn.TaskCollection, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "<img src=x onerror=alert(1)>"
    task = releases[0].replace(id=releases[0].id.replace(name=evil))
    page = Page(ftn.explore([task, task]), monkeypatch)
    for answer in (page.hear(kind="open", position=0), page.select(toggle(0), toggle(1))):
        assert "<img" not in "".join(answer["html"])


def test_the_script_weighs_what_it_may() -> None:
    """In a page and in a saved notebook, where nobody reads its comments."""
    script = str(module.Explorer._esm)
    assert len(script.encode()) <= MOST_SCRIPT
    assert not re.search(r"^\s|^//|^$", script.removesuffix("\n"), re.MULTILINE)
    assert "http" not in script
    assert "import" not in script
