"""Whatever is planted in a task reaches no output of anything, also not of one that is added later."""

from __future__ import annotations

import pickle
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from flyteidl.admin import task_pb2
from hypothesis import example, given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.errors import FlyteTaskError, LoadError
from flytetask_nb.masking import MASK
from flytetask_nb.masking.gate import SUSPICIOUS, gated, gated_frame, gated_value
from flytetask_nb.masking.tainted import secrets_kept
from flytetask_nb.models.showing import Shown
from flytetask_nb.printing import visible
from tests.labelled_secrets import FOLDER, samples
from tests.planted import (
    MARK,
    Plants,
    by_key,
    by_key_in_pod,
    by_key_in_sql,
    filled,
    filled_entities,
    parts_of,
    reports_of,
    texts_of,
    token,
    url,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Escape sequences that would recolour, retitle or link, and marks that would turn a name around.
ESCAPES = "\x1b[31m", "\x1b]8;;https://evil.example\x07", "\u202e", "\x9b31m", "\x00", "\u2066", "\r", "\u2028"

SECRETS = sorted({secret for file in FOLDER.iterdir() for sample in samples(file.name) for secret in sample.secrets})
PIECES = st.text(max_size=4) | st.sampled_from(
    [
        "Bearer",
        "basic",
        "AUTH",
        "PLAIN",
        "lin-",
        "sk_",
        "://",
        "bob:",
        "@host",
        "?sig=",
        "-----BEGIN",
        "'",
        " ",
        *SECRETS,
    ]
)

DATA = ("frame", "tabulate", "to_dict", "matrix", "blame", "timeline", "duplicates", "stale_caches", "headlines")


def outputs(build: Callable[[int], task_pb2.TaskSpec], entities: Any = None) -> Iterator[tuple[str, str]]:
    """Yield what everything says of two versions of a task, and who says it."""
    specs = [build(number) for number in range(2)]
    for number, spec in enumerate(specs):
        spec.template.id.project, spec.template.id.domain, spec.template.id.version = "p", "d", f"v{number}"
        spec.template.id.name = specs[0].template.id.name
    tasks = [ftn.FlyteTask.from_flyte_idl(spec) for spec in specs]
    seen: dict[int, Any] = {}
    for report_name, report in reports_of(*tasks, entities):
        for name, part in parts_of(report, report_name):
            if id(part) not in seen:
                # Kept, for what is gone gives its id to another.
                seen[id(part)] = part
                yield from texts_of(part, name)
    for change in ftn.diff(*tasks).all_changes():
        yield from texts_of(change, f"{change.rule} {change.path}")


@pytest.mark.parametrize("build", [by_key, by_key_in_pod, by_key_in_sql])
def test_no_secret_told_by_its_place_leaves(build: Callable[[Plants], task_pb2.TaskSpec]) -> None:
    plants = Plants(lambda number: f"{MARK}x{number}")
    leaks = {place: plants.found_in(text) for place, text in outputs(lambda _: build(plants))}
    assert {place: found for place, found in leaks.items() if found} == {}
    assert len(leaks) > 100


@pytest.mark.parametrize(("make", "choice"), [(url, 0), (token, 1)])
def test_no_secret_told_by_its_looks_leaves(make: Callable[[int], str], choice: int) -> None:
    """From any field of a task, by any way."""
    plants = Plants(make)

    def build(_: int) -> task_pb2.TaskSpec:
        spec = task_pb2.TaskSpec()
        filled(spec, plants, choice=choice)
        return spec

    entities = filled_entities(plants, choice)
    leaks = {place: plants.found_in(text) for place, text in outputs(build, entities)}
    assert {place: found for place, found in leaks.items() if found} == {}
    assert len(plants.places) > 80


def test_no_control_character_leaves() -> None:
    """From any field, through print, str and repr; in tables and values they are data."""
    count = iter(range(10**6))

    def build(_: int) -> task_pb2.TaskSpec:
        spec = task_pb2.TaskSpec()
        filled(spec, Plants(lambda _number: f"a{ESCAPES[next(count) % len(ESCAPES)]}b"))
        return spec

    raw = [
        place
        for place, text in outputs(build)
        if any(mark in text for mark in ESCAPES) and not any(data in place for data in DATA)
    ]
    assert raw == []


def test_all_is_shown_when_it_is_asked_for() -> None:
    plants = Plants(lambda number: f"{MARK}x{number}")
    with ftn.set_options(reveal_secrets=True):
        text = "".join(text for _, text in outputs(lambda _: by_key(plants)))
    assert len(plants.found_in(text)) > 15


def test_a_new_output_passes_the_gate() -> None:
    """Who writes one need not think of it."""

    class Report(Shown):
        def __repr__(self) -> str:
            return url(1) + "\x1b[31m"

        def to_dict(self) -> dict[str, Any]:
            return {"a": [url(1), {"b": token(2)}]}

    assert MARK not in repr(Report()) + str(Report()) + str(Report().to_dict())
    assert "\x1b" not in repr(Report())


@pytest.mark.parametrize("escape", ESCAPES)
def test_errors_and_failures_pass_it_too(escape: str) -> None:
    """Passwords and signatures of URLs, and what would move a terminal's cursor."""
    name = f"https://bob:{MARK}@host/x_1.pb?sig={MARK}{escape}"
    for error in (LoadError(name), FlyteTaskError(name), ftn.errors.TaskNotFoundError(name)):
        assert MARK not in str(error) + repr(error)
        assert escape not in str(error) + repr(error)
        assert error.args == (name,)
        assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own
    failure = ftn.Failure(name, name, name)
    assert MARK not in f"{failure!s} {failure!r} {[failure]}"
    assert escape not in f"{failure!s} {failure!r}"
    assert MASK in str(failure)


def test_a_source_that_cannot_be_read_is_told_without_its_password(tmp_path: Any) -> None:
    named = f"file://{tmp_path}/x_1.pb?sig={MARK}"
    tasks = ftn.load(named, errors="collect")
    assert MARK not in f"{tasks.failures} {tasks.failures[0]} {tasks.to_text()} {tasks.to_html()}"
    with pytest.raises(LoadError) as caught:
        ftn.load(named)
    assert MARK not in f"{caught.value} {caught.value!r}"


def test_what_is_printable_stays_as_it_is() -> None:
    for text in ("plain", "café 中 😀", "two\nlines\tand a tab", "a\\x1b"):
        assert visible(text) == gated(text) == text


def test_a_large_table_is_gated_as_each_of_its_texts_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow passes over texts in which nothing is, and over no other, whatever stands around the secret."""
    around = [("", ""), ("_", ""), ("x_", "y"), ("é", "é"), ("AUTH PLAIN ", ""), ("basic\t", "\n"), ("=", " ")]
    texts = [f"{before}{secret}{after}" for secret in SECRETS for before, after in around]
    assert len(texts) > 1000
    expected = [gated_value(text) for text in texts]
    assert sum(text != whole for text, whole in zip(expected, texts, strict=True)) > 1000
    assert gated_frame(pd.DataFrame({"text": texts}))["text"].tolist() == expected
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pyarrow.compute", None)
        assert gated_frame(pd.DataFrame({"text": texts}))["text"].tolist() == expected
    # What Arrow cannot hold is looked at all the same.
    texts[0] += "\ud800"
    frame = pd.DataFrame({"text": pd.Series(texts, dtype=object)})
    assert gated_frame(frame)["text"].tolist() == [gated_value(texts[0]), *expected[1:]]


@given(st.lists(st.lists(PIECES, max_size=3).map("".join), max_size=5))
@example(["Bearer", "abc123def456"])
@example(["AUTH", "PLAIN", "abc123def456"])
@example(["lin-0123456789abcdef0123456789abcdef"])
@example(["-----BEGIN", "PRIVATE", "KEY-----"])
def test_a_command_line_may_leave_if_its_words_may(words: list[str]) -> None:
    """They are judged before they are quoted."""
    if not any(re.search(SUSPICIOUS, word) for word in words):
        assert gated_value(shlex.join(words)) == shlex.join(words)


def test_a_secret_that_is_known_is_looked_for_in_every_text() -> None:
    """Though nothing in a column looks like one."""
    spec = task_pb2.TaskSpec()
    spec.template.container.env.add(key="DB_PASSWORD", value="hunter2")
    frame = pd.DataFrame({"text": ["a hunter2"]})
    assert gated_frame(frame, {"text": []}) is frame
    with secrets_kept([spec]):
        assert gated_frame(frame, {"text": []})["text"].tolist() == [f"a {MASK}"]


def test_secrets_are_kept_until_the_last_block_around_them_ends() -> None:
    """A report may show another one: neither quotes the other's secrets."""
    tasks = []
    for secret in ("hunter2222", "swordfish9"):
        task = task_pb2.TaskSpec()
        task.template.container.env.add(key="DB_PASSWORD", value=secret)
        tasks.append(task)
    text = "hunter2222 swordfish9"
    with secrets_kept(tasks[:1]):
        with secrets_kept(tasks[1:]):
            assert gated(text) == f"{MASK} {MASK}"
            with secrets_kept(tasks):
                assert gated(text) == f"{MASK} {MASK}"
        assert gated(text) == f"{MASK} swordfish9"
    assert gated(text) == text


def test_a_variable_is_called_like_a_secret_and_is_none() -> None:
    """Its description is prose, in a diff as on a card; its values stand in no task."""
    old, new = task_pb2.TaskSpec(), task_pb2.TaskSpec()
    for task, text in ((old, "the password of the test"), (new, "the password of the shop")):
        task.template.id.name = "shop.train"
        task.template.interface.inputs.variables["db_password"].description = text
    (change,) = ftn.diff(old, new).changes
    assert "the password of the test → the password of the shop" in repr(change)
    assert change.to_dict()["new"] == "the password of the shop"
