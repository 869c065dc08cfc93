"""A server that lies: it cannot make a listing hang or grow without end, and what came before the lie is kept."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import project_pb2, task_pb2, workflow_pb2

import flytetask_nb as ftn
from tests.sources.client.serving import Served, make_task

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CALLS = 200
TASKS = [make_task(f"n{number}") for number in range(7)]


def fresh_tokens(end: str = "") -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"token-{next(numbers)}{end}"


def later(answer: Callable[[Served, Any], Any]) -> Callable[[Served, Any], Any]:
    """Tell the truth on the first page alone."""

    def page(self: Served, request: Any) -> Any:
        return answer(self, request) if request.token else task_pb2.TaskList(tasks=TASKS, token=str(request.limit))

    return page


def empty_pages(fresh: Callable[[], str]) -> Callable[[Served, Any], Any]:
    return lambda *_: task_pb2.TaskList(token=fresh())


def same_page(fresh: Callable[[], str]) -> Callable[[Served, Any], Any]:
    return lambda *_: task_pb2.TaskList(tasks=TASKS, token=fresh())


def turned_pages(fresh: Callable[[], str]) -> Callable[[Served, Any], Any]:
    turns = itertools.count()

    def page(_: Served, __: Any) -> Any:
        turn = next(turns) % len(TASKS)
        return task_pb2.TaskList(tasks=TASKS[turn:] + TASKS[:turn], token=fresh())

    return page


def damaged_rows(fresh: Callable[[], str]) -> Callable[[Served, Any], Any]:
    return lambda *_: b"\x0a\x03\xff\xff\xff" * 7 + task_pb2.TaskList(token=fresh()).SerializeToString()


def offset_tokens(rows: list[Any]) -> Callable[[Served, Any], Any]:
    """Give tokens as Admin does, and never come to an end."""
    return lambda _, request: task_pb2.TaskList(tasks=rows, token=str(int(request.token) + request.limit))


ENDLESS = {
    "empty pages": lambda: empty_pages(fresh_tokens()),
    "the same page": lambda: same_page(fresh_tokens()),
    "the same rows in other orders": lambda: turned_pages(fresh_tokens()),
    "damaged rows": lambda: damaged_rows(fresh_tokens()),
    "empty pages by offset": lambda: offset_tokens([]),
    "the same page by offset": lambda: offset_tokens(TASKS),
    "tokens of 100 kB": lambda: empty_pages(fresh_tokens("x" * 100_000)),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_listing_without_end_ends_in_an_error_that_holds_what_came(
    served: Served, remote: ftn.Remote, kind: str
) -> None:
    served.page = later(ENDLESS[kind]())
    with pytest.raises(ftn.RemoteError, match="would never end; ask who runs the server") as caught:
        remote.list_tasks(page_size=7)
    assert caught.value.code == "DATA_LOSS"
    assert caught.value.tasks is not None
    assert caught.value.tasks.names == [task.id.name for task in TASKS]
    assert served.calls["ListTasks"] <= MOST_CALLS
    assert len(str(caught.value)) < 1000


def test_names_without_end_end_in_an_error(served: Served, remote: ftn.Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = fresh_tokens()
    monkeypatch.setattr(
        Served,
        "ListTaskIds",
        lambda *_: task_pb2.TaskList(token=fresh()).SerializeToString(),
    )
    with pytest.raises(ftn.RemoteError, match="would never end"):
        remote.list_tasks(latest=True)
    assert served.calls["ListTaskIds"] <= MOST_CALLS


@pytest.mark.parametrize("shrunk", [0, 1, 3])
def test_page_that_shrinks_loses_nothing_that_came(served: Served, remote: ftn.Remote, shrunk: int) -> None:
    """Others delete rows, or the server gives fewer with each page: what came is there once."""
    served.tasks = [make_task(f"n{number:02}") for number in range(30)]

    def page(self: Served, request: Any) -> Any:
        start = int(request.token or 0)
        rows = self.tasks[start : start + min(request.limit, max(shrunk, 7 - start))]
        return task_pb2.TaskList(tasks=rows, token=str(start + len(rows)) if rows else "")

    served.page = page
    found = remote.list_tasks(page_size=7)
    names = [task.id.name for task in served.tasks]
    assert found.column("name") == (names if shrunk else names[: len(found)])
    assert len(found) >= 7


@pytest.mark.parametrize(
    "answer",
    [
        workflow_pb2.WorkflowList(workflows=[workflow_pb2.Workflow(short_description="x")]),
        project_pb2.Projects(projects=[project_pb2.Project(id="x", name="y")]),
        make_task("x"),
        b"<html><body>502 Bad Gateway</body></html>",
        b"\x00" * 1000,
        b"\x0a" * 1000,
    ],
    ids=["workflows", "projects", "task", "page of HTML", "zeros", "nested"],
)
def test_answer_of_another_type_makes_no_task(served: Served, remote: ftn.Remote, answer: Any) -> None:
    served.page = lambda *_: answer
    try:
        found = remote.list_tasks(page_size=7)
    except ftn.RemoteError:
        return
    assert len(found) == 0


def test_rows_of_another_place_are_told_apart(served: Served, remote: ftn.Remote) -> None:
    """A row whose task has another id than the row itself, and rows that nobody asked for, stay what they say."""
    foreign, torn = make_task("foreign", project="other"), make_task("torn")
    torn.closure.compiled_task.template.id.name = "mended"
    served.page = lambda *_: task_pb2.TaskList(tasks=[TASKS[0], foreign, torn])
    found = remote.list_tasks(page_size=7)
    assert [(task.id.project, task.id.name) for task in found] == list(
        zip(found.column("project"), found.column("name"), strict=True)
    )
    assert "n0" in found.names


def test_fetched_task_is_the_one_that_was_asked_for(remote: ftn.Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Served, "GetTask", lambda *_: make_task("another", "v9"))
    with pytest.raises(ftn.RemoteError, match="answers a question for p/d/wanted v1 with p/d/another v9"):
        remote.fetch_task("p", "d", "wanted", "v1")


def test_message_beyond_the_limit_is_recorded_and_the_others_kept(served: Served) -> None:
    served.tasks = [make_task(f"n{number}") for number in range(9)]
    served.tasks[4].closure.compiled_task.template.container.args.append("x" * 3_000_000)
    with ftn.connect(served.endpoint, insecure=True, max_message_size=100_000) as remote:
        found = remote.list_tasks("p", "d", page_size=7)
    assert found.names == [f"n{number}" for number in range(9) if number != 4]
    assert len(found.failures) == 1
