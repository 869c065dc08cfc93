# ruff: noqa: PLR0917 - fixtures are asked for by name
"""Listings are complete, in order, and each task comes once."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from grpc import StatusCode
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.sources import progress
from flytetask_nb.sources.client.listed_tasks import REPEATED
from tests.real_tasks import task_messages
from tests.sources.client.serving import Refusal, Served, list_of, make_task, refusing, serving, slowly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


def ids(tasks: Iterable[Any]) -> list[str]:
    return [f"{one.id.project}/{one.id.domain}/{one.id.name}@{one.id.version}" for one in tasks]


def numbered(count: int, **rest: Any) -> list[Any]:
    return [make_task(f"n{number:04}", seconds=number, **rest) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 14, 70, 71])
def test_every_task_comes_once_in_order(served: Served, remote: ftn.Remote, count: int) -> None:
    served.tasks = numbered(count)
    found = remote.list_tasks(page_size=7)
    assert ids(served.tasks) == ids(found)
    assert (found.failures, found.skipped) == ((), {})


def test_a_short_listing_is_one_call(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(6)
    remote.list_tasks(page_size=7)
    assert served.calls == {"ListTasks": 1}


def test_what_stands_beside_the_template_is_kept(served: Served, remote: ftn.Remote) -> None:
    served.tasks = [make_task("a/b c", "v+1", seconds=5, short_description="short")]
    (task,) = remote.list_tasks()
    fetched = remote.fetch_task(name="a/b c", version="v+1")
    for one in (task, fetched):
        assert one.created_at is not None
        assert one.created_at.isoformat() == "2023-11-14T22:13:25+00:00"
        assert one.short_description == "short"
        assert f"http://{served.endpoint}/console/projects/p/domains/d/task/a%2Fb%20c/version/v%2B1" == one.console_url
        assert one.console_url in one.to_html()
    assert task == fetched


def test_answers_are_asked_for_by_id_ascending(served: Served, remote: ftn.Remote) -> None:
    remote.list_tasks(name="n")
    (request,) = served.asked("ListTasks")
    assert (
        request.sort_by.key,
        request.sort_by.direction,
        request.id.project,
        request.id.domain,
        request.id.name,
    ) == ("id", 1, "p", "d", "n")


def test_pages_are_under_way_together(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(40)
    at_once = most = 0
    lock = threading.Lock()

    def page(self: Served, request: Any) -> bytes:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1
        return self.usual_page(request)

    served.page = page
    assert len(remote.list_tasks(page_size=4)) == 40
    assert 2 <= most <= 4


def opaque(self: Served, request: Any) -> bytes:
    start = int(request.token.removeprefix("next-") or 0)
    rows = self.rows(request)[start : start + request.limit]
    return list_of(rows, f"next-{start + len(rows)}" if len(rows) == request.limit else "")


@pytest.mark.parametrize("count", [0, 7, 20, 21])
def test_tokens_that_are_no_offsets_are_followed_in_order(served: Served, remote: ftn.Remote, count: int) -> None:
    served.tasks = numbered(count)
    served.page = opaque
    assert ids(served.tasks) == ids(remote.list_tasks(page_size=7))
    tokens = [request.token for request in served.asked("ListTasks")]
    assert ["", *(f"next-{7 * page}" for page in range(1, len(tokens)))] == tokens


def test_a_server_that_gives_less_than_was_asked_for_loses_nothing(served: Served, remote: ftn.Remote) -> None:
    """Its pages are short, and its tokens say where they end."""
    served.tasks = numbered(50)

    def page(self: Served, request: Any) -> bytes:
        start = int(request.token or 0)
        rows = self.rows(request)[start : start + 3]
        return list_of(rows, str(start + len(rows)) if start + len(rows) < len(self.tasks) else "")

    served.page = page
    assert ids(served.tasks) == ids(remote.list_tasks(page_size=7))


def test_a_token_that_comes_again_ends_in_an_error(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(5)
    served.page = lambda self, _: list_of(self.tasks, "again")
    with pytest.raises(ftn.RemoteError, match="'again' twice"):
        remote.list_tasks(page_size=7)


@pytest.mark.parametrize("page", [None, opaque])
def test_pages_that_are_too_large_are_halved(served: Served, remote: ftn.Remote, page: Any) -> None:
    served.tasks = numbered(50)
    served.page = page
    served.most_bytes = 7 * len(served.tasks[0].SerializeToString())
    found = remote.list_tasks(page_size=40)
    assert ids(served.tasks) == ids(found)
    assert found.failures == ()


def test_pages_that_this_side_does_not_take_are_halved(served: Served) -> None:
    served.tasks = numbered(50)
    most = 7 * len(served.tasks[0].SerializeToString())
    with ftn.connect(served.endpoint, insecure=True, max_message_size=most) as remote:
        assert ids(served.tasks) == ids(remote.list_tasks("p", "d", page_size=40))


def test_a_task_that_is_too_large_by_itself_is_recorded(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(50)
    served.tasks[20].closure.compiled_task.template.container.args.append("x" * 10_000)
    served.most_bytes = 9_000
    found = remote.list_tasks(page_size=40)
    assert ids(served.tasks[:20] + served.tasks[21:]) == ids(found)
    (failure,) = found.failures
    assert "larger than max" in failure.reason
    assert "max_message_size" in failure.reason
    assert served.calls["ListTasks"] < 40


def test_a_busy_server_is_asked_again(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(30)
    served.before = refusing(StatusCode.RESOURCE_EXHAUSTED, 6, "quota")
    assert ids(served.tasks) == ids(remote.list_tasks(page_size=10))


def test_rows_that_are_no_tasks_are_recorded(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(30)
    nameless = make_task("")
    empty = make_task("empty")
    empty.closure.Clear()
    late = make_task("late")
    late.closure.created_at.seconds = 10**12
    good = list(served.tasks)
    for position, row in ((3, b"\xff\xff\xff"), (9, b"\x0a\x02\x0a\xff"), (15, empty), (20, nameless), (25, late)):
        served.tasks.insert(position, row)
    found = remote.list_tasks(page_size=7)
    assert ids(good) == ids(found)
    assert [failure.reason for failure in found.failures][:4] == [
        "its 3 bytes are no Task",
        "its 4 bytes are no Task",
        "its closure holds no task",
        "it has no name",
    ]
    assert "outside the years" in found.failures[4].reason
    assert {served.endpoint} == {failure.source for failure in found.failures}


def test_rows_that_come_twice_are_counted(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(30)
    other = make_task("n0003", type="other")
    good = list(served.tasks)
    served.tasks[10:10] = [good[3], good[9], other]
    found = remote.list_tasks(page_size=7)
    assert ids(good) == ids(found)
    assert found.skipped == {REPEATED: 2}
    (failure,) = found.failures
    assert (failure.entry, "other contents" in failure.reason) == ("p/d/n0003/v1", True)


def test_an_answer_that_cannot_be_read_at_all_is_told(served: Served, remote: ftn.Remote) -> None:
    served.page = lambda *_: b"\x0a\xff\xff\xff\xff\xff"
    with pytest.raises(ftn.RemoteError, match="an answer of 6 bytes about p/d is damaged"):
        remote.list_tasks()


def test_tasks_that_are_registered_meanwhile_move_nothing(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(40)
    before = list(served.tasks)

    def page(self: Served, request: Any) -> bytes:
        self.tasks.append(make_task(f"late{len(self.tasks)}"))
        return self.usual_page(request)

    served.page = page
    found = ids(remote.list_tasks(page_size=7))
    assert ids(before) == found[:40]
    assert len(set(found)) == len(found)


# -- where and which -------------------------------------------------------------------------------------------------


def test_without_a_place_everything_is_listed(served: Served) -> None:
    places = [(project, domain) for project in ("p", "q") for domain in ("d", "e")]
    served.tasks = [make_task(f"n{number}", project=p, domain=d) for p, d in places for number in range(9)]
    with ftn.connect(served.endpoint, insecure=True) as remote:
        assert ids(served.tasks) == ids(remote.list_tasks(page_size=4))
        assert ids(served.tasks[9:18]) == ids(remote.list_tasks("p", "e"))
        assert ids(served.tasks[18:]) == ids(remote.list_tasks("q"))
        assert ids(served.tasks[:9] + served.tasks[18:27]) == ids(remote.list_tasks(domain="d"))
    with ftn.connect(served.endpoint, insecure=True, project="p", domain="d") as remote:
        assert ids(served.tasks[:9]) == ids(remote.list_tasks())
        assert ids(served.tasks) == ids(remote.list_tasks("*", "*"))


@pytest.mark.parametrize("limit", [1, 6, 7, 8, 30, 40, 41])
def test_limit_gives_the_first_ones(served: Served, remote: ftn.Remote, limit: int) -> None:
    served.tasks = numbered(40)
    assert ids(served.tasks[:limit]) == ids(remote.list_tasks(limit=limit, page_size=7))
    assert sum(request.limit for request in served.asked("ListTasks")) <= limit


def test_limit_counts_what_the_filters_let_through(served: Served, remote: ftn.Remote) -> None:
    served.tasks = [make_task(f"n{number}", image=f"i:{number % 3}") for number in range(40)]
    found = remote.list_tasks(limit=5, page_size=7, filters=ftn.col("image") == "i:2")
    assert [f"p/d/n{number}@v1" for number in (2, 5, 8, 11, 14)] == ids(found)


@pytest.mark.parametrize("limit", [0, -1, True, "3"])
def test_a_limit_is_a_number_above_zero(remote: ftn.Remote, limit: Any) -> None:
    with pytest.raises(ftn.errors.OptionError, match="limit cannot be"):
        remote.list_tasks(limit=limit)


@pytest.mark.parametrize("filters", [None, lambda _: True])
def test_latest_is_the_newest_of_each_name(served: Served, remote: ftn.Remote, filters: Any) -> None:
    served.tasks = [
        make_task(f"n{number}", f"v{version}", seconds=version) for version in (3, 1, 2) for number in range(9)
    ]
    found = remote.list_tasks(latest=True, filters=filters, page_size=4)
    assert [f"p/d/n{number}@v3" for number in range(9)] == ids(found)
    assert ids(remote.list_tasks(latest=True, filters=filters, limit=2)) == ["p/d/n0@v3", "p/d/n1@v3"]
    assert ids(remote.list_tasks(latest=True, filters=filters, name="n5")) == ["p/d/n5@v3"]


def test_latest_asks_for_no_more_than_the_newest(served: Served, remote: ftn.Remote) -> None:
    served.tasks = [
        make_task(f"n{number}", f"v{version}", seconds=version) for version in range(5) for number in range(3)
    ]
    remote.list_tasks(latest=True)
    assert served.calls == {"ListTaskIds": 1, "ListTasks": 3}
    assert {1} == {request.limit for request in served.asked("ListTasks")}


def test_functions_filter_too(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(10)
    found = remote.list_tasks(filters=[lambda task: task.name.endswith("3"), ftn.col("type") == "python-task"])
    assert ids(found) == ["p/d/n0003@v1"]
    assert served.asked("ListTasks")[0].filters == "eq(type,python-task)"


# -- stopping and going on -------------------------------------------------------------------------------------------


def test_what_came_before_an_error_is_kept(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(60)

    def page(self: Served, request: Any) -> bytes:
        if int(request.token or 0) >= 28:
            raise Refusal(StatusCode.PERMISSION_DENIED)
        return self.usual_page(request)

    served.page = page
    with pytest.raises(ftn.RemoteError) as error:
        remote.list_tasks(page_size=7)
    assert ids(served.tasks[:28]) == ids(error.value.tasks) == ids(remote.unfinished or ())
    served.page = None
    served.calls.clear()
    served.requests.clear()
    assert ids(served.tasks) == ids(remote.list_tasks(page_size=7, resume=error.value.tasks))
    assert remote.unfinished is None
    assert {int(request.token) for request in served.asked("ListTasks")} >= {27, 28}
    assert min(int(request.token or 0) for request in served.asked("ListTasks")) == 27


def test_a_collection_that_is_no_beginning_is_completed_all_the_same(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(30)
    some = remote.list_tasks(page_size=7).filter(lambda task: task.name[-1] in "37")
    found = remote.list_tasks(page_size=7, resume=some)
    assert sorted(ids(served.tasks)) == sorted(ids(found))
    assert found.skipped == {}


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 9, 30, 31, 99])
@pytest.mark.parametrize("held", [0, 1, 3, 8])
@pytest.mark.parametrize("is_beginning", [True, False])
def test_a_limit_counts_what_had_come(
    served: Served, remote: ftn.Remote, limit: int, held: int, is_beginning: bool
) -> None:
    """With what had come there are so many in all, each once, whether it was the beginning or any others."""
    served.tasks = numbered(30)
    some = remote.list_tasks(page_size=7)[:held] if is_beginning else remote.list_tasks(page_size=7)[29 - held : 29]
    served.requests.clear()
    found = ids(remote.list_tasks(limit=limit, resume=some, page_size=7))
    assert len(found) == min(limit, 30)
    assert len(set(found)) == len(found)
    assert found[:held] == ids(some)[:limit]
    if is_beginning:
        assert found == ids(served.tasks[:limit])
    if held >= limit:
        assert served.requests == []


def test_a_limit_counts_what_had_come_of_other_places_too(served: Served) -> None:
    places = [(project, domain) for project in ("p", "q") for domain in ("d", "e")]
    served.tasks = [make_task(f"n{number}", project=p, domain=d) for p, d in places for number in range(4)]
    with ftn.connect(served.endpoint, insecure=True) as remote:
        everything = remote.list_tasks()
        for held in range(17):
            found = remote.list_tasks(limit=10, resume=everything[:held])
            assert ids(everything[:10]) == ids(found)


@pytest.mark.parametrize("kind", [list, tuple, iter, ftn.TaskCollection])
@pytest.mark.parametrize("held", [0, 3])
def test_any_tasks_can_be_gone_on_from(served: Served, remote: ftn.Remote, kind: Any, held: int) -> None:
    served.tasks = numbered(9)
    some = kind(list(remote.list_tasks()[:held]))
    assert ids(served.tasks) == ids(remote.list_tasks(resume=some))


def test_what_is_no_tasks_cannot_be_gone_on_from(remote: ftn.Remote) -> None:
    with pytest.raises(ftn.errors.ModelTypeError, match="tasks is 'n0001', a text; expected tasks"):
        remote.list_tasks(resume="n0001")


def as_flytekit_does(*_: object) -> None:
    raise SystemExit(1)


@pytest.fixture
def on_interrupt() -> Iterator[Callable[[Any], Any]]:
    before = signal.getsignal(signal.SIGINT)
    yield lambda handler: signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("handler", "kind", "told"),
    [
        (signal.default_int_handler, KeyboardInterrupt, r"28 tasks had come.*resume=remote\.unfinished"),
        (as_flytekit_does, SystemExit, "1"),
    ],
)
def test_stopping_keeps_what_came_and_leaves_nothing_behind(
    served: Served, remote: ftn.Remote, on_interrupt: Any, handler: Any, kind: type[BaseException], told: str
) -> None:
    on_interrupt(handler)
    served.tasks = numbered(60)
    served.page = lambda self, request: (
        time.sleep(30 if int(request.token or 0) >= 28 else 0),
        self.usual_page(request),
    )[1]
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(kind, match=told):
        remote.list_tasks(page_size=7)
    assert time.monotonic() - start < 5
    assert ids(served.tasks[:28]) == ids(remote.unfinished or ())
    served.page = None
    assert ids(served.tasks) == ids(remote.list_tasks(page_size=7, resume=remote.unfinished))
    timer.join()
    listing = [one.name for one in threading.enumerate() if one.name.startswith("flytetask-nb-listing")]
    assert listing == []


def test_progress_is_shown_unless_it_is_off(
    served: Served, remote: ftn.Remote, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    served.tasks = numbered(30)
    remote.list_tasks(page_size=7)
    assert "listing tasks" in capsys.readouterr().err
    with ftn.set_options(progress=False):
        remote.list_tasks(page_size=7)
    assert capsys.readouterr().err == ""


def test_the_clock_of_a_listing_starts_with_its_first_call(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which may be the one that asks for the projects."""
    monkeypatch.setattr(progress, "PATIENCE", 0.1)
    served.tasks = numbered(30)
    served.before = slowly(1.1)
    with ftn.connect(served.endpoint, insecure=True) as remote:
        remote.list_tasks()
    assert served.requests[0][0] == "ListProjects"
    shown = capsys.readouterr().err
    assert "30 tasks [00:01" in shown
    assert "[00:00" not in shown


def test_it_works_inside_a_running_event_loop(served: Served, remote: ftn.Remote) -> None:
    served.tasks = numbered(30)

    async def cell() -> int:
        return len(remote.list_tasks(page_size=7))

    assert asyncio.run(cell()) == 30


# -- laws ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared() -> Any:
    with serving(Served()) as running, ftn.connect(running.endpoint, insecure=True) as remote:
        yield running, remote


@given(
    count=st.integers(0, 60),
    page_size=st.integers(1, 25),
    limit=st.none() | st.integers(1, 70),
    is_opaque=st.booleans(),
    most_rows=st.none() | st.integers(1, 10),
    bad=st.sets(st.integers(0, 59), max_size=3),
    twice=st.sets(st.integers(0, 59), max_size=3),
)
def test_no_row_is_lost_whatever_the_pages_are(
    shared: Any,
    count: int,
    page_size: int,
    limit: int | None,
    is_opaque: bool,
    most_rows: int | None,
    bad: set[int],
    twice: set[int],
) -> None:
    """Tasks, failures and repeated rows add up to what the server has; the tasks are the first that were asked for."""
    served, remote = shared
    tasks = numbered(count)
    served.page = opaque if is_opaque else None
    served.most_bytes = 0 if most_rows is None else most_rows * (len(make_task("n0000").SerializeToString()) + 12)
    rows: list[Any] = []
    for position, task in enumerate(tasks):
        rows.append(b"\xff" if position in bad else task)
        if position in twice:
            rows.append(rows[-1])
    served.tasks = rows
    found = remote.list_tasks("p", "d", page_size=page_size, limit=limit)
    good = [task for position, task in enumerate(tasks) if position not in bad]
    if limit is None:
        assert ids(good) == ids(found)
        assert len(rows) == len(found) + len(found.failures) + found.skipped.get(REPEATED, 0)
    else:
        assert ids(good)[: len(found)] == ids(found)
        assert len(found) <= limit


def test_slow_answers_are_asked_for_again(served: Served) -> None:
    served.tasks = numbered(30)
    served.before = slowly(1.0)
    with ftn.connect(served.endpoint, insecure=True, timeout=0.3) as remote:
        assert ids(served.tasks) == ids(remote.list_tasks("p", "d", page_size=7))


def test_listed_tasks_are_values_like_others(served: Served, remote: ftn.Remote) -> None:
    """They survive pickling and changing with what the server said of them, read late as it is."""
    served.tasks = [make_task("n", seconds=5, short_description="über")]
    found = remote.list_tasks()
    copied = pickle.loads(pickle.dumps(found))  # noqa: S301 - bytes of this test
    changed = found[0].replace(type="other")
    for one in (found[0], copied[0], changed):
        assert ("über", served.endpoint) == (one.short_description, one.source)
        assert (found[0].created_at, found[0].console_url) == (one.created_at, one.console_url)
        assert (one.note, one.should_register, one.python_interface) == (None, False, None)


def test_a_compiled_task_is_a_task_spec() -> None:
    """Rows are kept as they come because of this; a flyteidl that adds to either must be looked at."""
    assert [(one.name, one.number) for one in task_pb2.TaskClosure().compiled_task.DESCRIPTOR.fields] == [
        ("template", 1)
    ]
    assert task_pb2.TaskSpec.DESCRIPTOR.fields_by_name["template"].number == 1


@pytest.mark.parametrize("filters", [None, lambda _: True])
def test_every_task_is_the_same_whichever_way_it_is_read(
    served: Served, remote: ftn.Remote, corpus: Path, filters: Any
) -> None:
    """Real tasks of all sizes, cut out of the page or taken apart, are those that were sent."""
    messages = []
    for number, (_, spec) in enumerate(task_messages(corpus)):
        task = make_task(spec.template.id.name, f"v{number}", seconds=number * 10**6)
        spec.template.id.CopyFrom(task.id)
        task.closure.compiled_task.template.CopyFrom(spec.template)
        messages.append(task)
    # One with what no flyteidl of today has beside the template: it is no description.
    messages[0].closure.compiled_task.MergeFromString(b"\x12\x02\x0a\x00")
    served.tasks = messages
    found = remote.list_tasks(filters=filters)
    assert [task.closure.compiled_task.template for task in messages] == [one.template.to_flyte_idl() for one in found]
    assert list({one.docs for one in found}) == [None]
