"""A cluster that is browsed while it is listed: each task once, in collections a page, until it is enough."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from flytetask_nb.tables.browsing import Browser, View
from flytetask_nb.tables.view_code import listing_of
from tests.conftest import ROOT
from tests.sources.client.serving import Served, make_task

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = ROOT / "notebooks" / "example" / "archives"


def place(tasks: ftn.TaskCollection) -> list[tuple[str, ...]]:
    return list(zip(*(tasks.column(name) for name in ("project", "domain", "name", "version")), strict=True))


@pytest.mark.parametrize("count", [0, 6, 7, 40])
def test_pages_are_what_a_listing_gives(served: Served, remote: ftn.Remote, count: int) -> None:
    served.tasks = [make_task(f"n{number:04}", seconds=number) for number in range(count)]
    served.tasks[3:3] = [b"\xff", *served.tasks[:2]] if count else []
    pages = remote.task_pages(page_size=7)
    assert not served.calls
    parts = list(pages)
    whole = remote.list_tasks(page_size=7)
    assert sum(map(len, parts)) == len(whole) == count
    assert [task for part in parts for task in part] == list(whole)
    assert [failure for part in parts for failure in part.failures] == list(whole.failures)
    assert pages.tasks == whole
    assert (pages.tasks.failures, pages.tasks.skipped) == (whole.failures, whole.skipped)


def test_it_can_be_cancelled_while_a_page_is_waited_for(served: Served, remote: ftn.Remote) -> None:
    served.tasks = [make_task(f"n{number:04}", seconds=number) for number in range(40)]
    is_waiting, is_over = threading.Event(), threading.Event()

    def page(self: Served, request: Any) -> bytes:
        if int(request.token or 0) >= 14:
            is_waiting.set()
            is_over.wait(10)
        return self.usual_page(request)

    served.page = page
    pages = remote.task_pages(page_size=7)

    def cancel() -> None:
        is_waiting.wait(10)
        pages.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    parts = list(pages)
    canceller.join()
    is_over.set()
    assert pages.is_cancelled
    assert [len(part) for part in parts] == [7, 7]
    assert len(pages.tasks) == 14
    assert next(pages, None) is None


def test_a_server_that_fails_leaves_what_had_come(served: Served, remote: ftn.Remote) -> None:
    served.tasks = [make_task(f"n{number:04}") for number in range(20)]
    served.page = lambda self, request: b"\xff" if request.token else self.usual_page(request)
    pages = remote.task_pages(page_size=7)
    assert len(next(pages)) == 7
    with pytest.raises(ftn.RemoteError, match="damaged") as caught:
        list(pages)
    assert len(caught.value.tasks) == 7


def test_a_page_has_rows() -> None:
    with ftn.connect("localhost:1", insecure=True) as remote, pytest.raises(ftn.errors.OptionError, match="page_size"):
        remote.task_pages(page_size=0)


# -- browsing a cluster ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[ftn.Remote]:
    with ftn.sandbox(projects=["shops"]) as admin:
        for version in ("2026.03", "2026.10"):
            for domain in ("staging", "production"):
                admin.load(EXAMPLE / f"{version}.tgz", project="shops", domain=domain, version=version)
        with ftn.connect(admin.endpoint, insecure=True) as remote:
            yield remote


@pytest.fixture(scope="module")
def whole(cluster: ftn.Remote) -> ftn.TaskCollection:
    return cluster.list_tasks()


@pytest.fixture(scope="module")
def everything(whole: ftn.TaskCollection) -> Browser:
    return Browser(whole.to_frame())


VIEWS = [
    View(),
    View("train"),
    View("type=python-task -version=2026.03"),
    View("version!=2026.03 OR type=python-task"),
    View("created_at:2026-1 OR created_at>=2026-01-31", chosen=(("domain", ("production",)),)),
    View("type!=python-task", chosen=(("project", ("shops",)), ("domain", ("production", "staging")))),
    View("gpu>0", chosen=(("type", ("python-task", None)),), ranges=(("cpu_request", (1.0, None)),)),
    View("-type:*", chosen=(("domain", ("development",)),)),
]


@pytest.mark.parametrize("view", VIEWS)
def test_what_is_pushed_to_admin_takes_nothing_from_a_view(
    cluster: ftn.Remote, whole: ftn.TaskCollection, everything: Browser, view: View
) -> None:
    expected = sorted(place(whole)[at] for at in everything.matches(view))
    asked = listing_of(everything.queries(view))
    pages = cluster.task_pages(asked.project, asked.domain, filters=asked.filters, page_size=9)
    browser = Browser(next(pages).to_frame())
    for page in pages:
        browser.append(page.to_frame())
    assert len(browser) == len(pages.tasks)
    assert sorted(place(pages.tasks)[at] for at in browser.matches(view)) == expected
    line = everything.code(view, "remote")
    assert sorted(place(eval(line, {"remote": cluster, "ftn": ftn}))) == expected  # noqa: S307 - what a user would paste


def test_admin_is_asked_for_less_where_it_can_tell(
    cluster: ftn.Remote, whole: ftn.TaskCollection, everything: Browser
) -> None:
    moment = whole[0].created_at
    view = View(
        "version=2026.03 type!=sidecar", chosen=(("domain", ("production",)), ("created_at", (f"{moment:%Y-%m-%d}",)))
    )
    asked = listing_of(everything.queries(view))
    assert asked.project is None
    assert asked.domain == "production"
    assert [condition.column for condition in asked.filters] == ["version", "type", "created_at", "created_at"]
    assert len(cluster.list_tasks(asked.project, asked.domain, filters=asked.filters)) == len(everything.matches(view))
