"""What a change shows of two values: never two texts that read alike, in no format and no view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import types_pb2
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.diffs.texts import texts_of, windowed
from flytetask_nb.masking.gate import gated_value
from flytetask_nb.masking.tainted import secrets_kept
from flytetask_nb.models import LiteralType
from flytetask_nb.views.describing import describe
from flytetask_nb.views.diffs import change_row
from flytetask_nb.views.document import Bars, Edit, Stack, visible
from tests.diffs.strategies import interfaces, neighbours, pods
from tests.generated import messages

if TYPE_CHECKING:
    from collections.abc import Iterator

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
LONG = "x" * 5_000
# What reads like something else, in some format.
LOOKALIKES = st.sampled_from(
    [
        *(
            None,
            "null",
            "None",
            True,
            "true",
            "yes",
            False,
            "no",
            0,
            "0",
            1,
            1.5,
            "1",
            "",
            " ",
            "a",
            " a",
            "a ",
            "a  b",
        ),
        *("a b", "a\tb", "a\nb", "a \nb", "é", "e\u0301", "ﬁ", "fi", "a\x00", "a\u200b", ["a", "b"], ["a b"], [], {}),
        *('["a", "b"]', "{}", {"a": 1}, {"a": True}, {"a": "1"}, {"b": {"a": 1}}, {"b": {"a": 2}}),
        *(f"{LONG}a", f"{LONG}b", f"a{LONG}", f"{LONG}\na", f"{LONG}\nb", f"a{LONG}b{LONG}", f"a{LONG}c{LONG}"),
        *("select 1\nfrom a", "select 1\nfrom  a", "select 1\r\nfrom a", "a,b" * 900, "a, b" * 900),
    ]
)
TEXTS = LOOKALIKES.filter(lambda value: isinstance(value, str))
NAMES = st.sampled_from(["a", "b", "password", "db_url"])


@st.composite
def alike(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return two tasks whose settings read alike."""
    made = task_pb2.TaskSpec(), task_pb2.TaskSpec()
    for one in made:
        template = one.template
        template.id.version = "v1"
        template.custom.update({name: draw(LOOKALIKES) for name in draw(st.sets(NAMES, max_size=2))})
        for name in draw(st.sets(NAMES, max_size=2)):
            template.config[name] = draw(TEXTS)
        template.container.image = draw(TEXTS)
        template.container.args.extend(draw(st.lists(TEXTS, max_size=2)))
        template.container.env.add(key=draw(NAMES), value=draw(TEXTS))
        template.interface.inputs.variables["x"].type.CopyFrom(draw(TYPES))
        one.description.short_description = draw(TEXTS)
    return made


def dataclass(prop: Any, **rest: Any) -> Any:
    made = types_pb2.LiteralType(simple=types_pb2.STRUCT)
    made.metadata.update({"title": "D", "type": "object", "properties": {"a": prop}, **rest})
    return made


def literal(*values: Any) -> Any:
    made = types_pb2.LiteralType(simple=types_pb2.STRING)
    made.annotation.annotations.update({"literal_values": list(values)})
    return made


def pickled(name: str) -> Any:
    made = types_pb2.LiteralType(blob={"format": "PythonPickle"})
    made.metadata.update({"python_class_name": name})
    return made


ONE_TYPE = st.one_of(
    st.sampled_from([{"type": "integer"}, {"enum": ["a"]}, {"enum": ["a", "b"]}, {"const": "a"}, {}])
    .flatmap(lambda prop: st.dictionaries(st.sampled_from(["minimum", "default", "title"]), LOOKALIKES, max_size=1).map(
        lambda more: dataclass({**prop, **more})
    )),
    st.lists(LOOKALIKES, max_size=2).map(lambda values: literal(*values)),
    st.sampled_from(["a.B", "c.B", "typing.Annotated[a.B, <H object at 0x1>]", "typing.Annotated[a.B, <H object at 0x2>]"])
    .map(pickled),
    messages(types_pb2.LiteralType, depth=4),
)  # fmt: skip
TYPES = st.one_of(
    ONE_TYPE,
    ONE_TYPE.map(lambda one: types_pb2.LiteralType(collection_type=one)),
    st.lists(ONE_TYPE, min_size=2, max_size=2).map(lambda found: types_pb2.LiteralType(union_type={"variants": found})),
)


def everything(found: ftn.TaskDiff) -> list[Any]:
    return [*found.changes, *found.accepted, *found.noise]


def seen(text: str) -> str:
    """Return what a reader sees of a text."""
    return " ".join(text.split())


def edits_of(line: Any) -> Iterator[Edit]:
    """Return the values in a line that were put in or taken out."""
    if isinstance(line, Edit):
        yield line
    elif isinstance(line, list | Stack):
        for piece in line if isinstance(line, list) else line.lines:
            yield from edits_of(piece)


def shown_values(change: Any) -> list[str]:
    """Return both values as every format shows them: all render one tree. Empty where one of them is not there."""
    found = [edit for cell in change_row(change).cells for edit in edits_of(cell)]
    texts = [seen(visible("".join(text for text, _ in edit.parts))) for edit in found]
    return texts if [edit.is_added for edit in found] == [False, True] else []


PAIRS = st.one_of(alike(), neighbours(), interfaces(), pods())
LAW = settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None, phases=PHASES)


def of_value(value: str) -> Any:
    made = task_pb2.TaskSpec()
    made.template.container.env.add(key="db_url", value=value)
    return made


@LAW
@given(PAIRS)
@example((of_value("a b"), of_value("a  b")))
@example((of_value("select 1\nfrom a"), of_value("select 1\nfrom   a")))
@example((of_value("select 1\r\nfrom a"), of_value("select 1\nfrom  a")))
def test_no_change_shows_two_texts_that_read_alike(pair: tuple[Any, Any]) -> None:
    """Neither in dicts and frames nor in what is rendered; what is secret is said to be another value."""
    for found in (ftn.diff(*pair), ftn.diff(*reversed(pair))):
        for change in everything(found):
            old, new = change.texts
            if old is None or new is None:
                continue
            assert seen(old) != seen(new) or ("\n" in old + new and old != new), change
            with secrets_kept(change.subjects):
                passed = gated_value(list(change.texts))
            assert passed == [change.to_dict()["old"], change.to_dict()["new"]]
            shown = shown_values(change)
            assert not shown or shown[0] != shown[1], change
            left, right = repr(change).removesuffix(f" [{change.rule}]>").split(" → ", 1)
            assert not left.endswith(f": {right}")
        frame = found.to_frame()
        assert not (frame["old"] == frame["new"]).fillna(value=False).any()


@LAW
@given(PAIRS)
def test_compatibility_shows_no_two_types_that_read_alike(pair: tuple[Any, Any]) -> None:
    """Of what changed; what did not is not listed."""
    found = ftn.compatibility(*pair)
    rows = [row for section in describe(found).sections for row in section.blocks[0].rows[1:]]
    assert len(rows) == sum(variable.is_changed for variable in found.variables)
    for row in rows:
        was, now = (seen(visible(plain(cell))) for cell in row.cells[1:3])
        assert was != now


def plain(line: Any) -> str:
    return "".join(map(plain, line)) if isinstance(line, list) else getattr(line, "text", line)


@LAW
@given(PAIRS)
def test_no_step_of_a_history_shows_two_texts_that_read_alike(pair: tuple[Any, Any]) -> None:
    """The last change of each field is told in a few words."""
    old, new = pair
    for number, one in enumerate(pair):
        one.template.id.name, one.template.id.version = "a", f"v{number}"
    for section in describe(ftn.history([old, new])).sections:
        for block in section.blocks:
            for _, _, note in getattr(block, "rows", []) if isinstance(block, Bars) else []:
                values = [piece.text for piece in note if getattr(piece, "role", "") == "code"]
                assert len(values) < 2 or seen(values[0]) != seen(values[1])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("a", "b", ("a", "b"), id="as they are"),
        pytest.param(None, "", (None, ""), id="nothing is not an empty text"),
        pytest.param(True, "yes", ("true", '"yes"'), id="a flag and a text"),
        pytest.param(1, "1", ("1", '"1"'), id="a number and a text"),
        pytest.param(["a b"], ["a", "b"], ('["a b"]', '["a", "b"]'), id="words"),
        pytest.param("a", "a ", ('"a"', '"a "'), id="blanks"),
        pytest.param("\u00e9", "e\u0301", ('"\\u00e9"', '"e\\u0301"'), id="two spellings of a letter"),
        pytest.param("a\nb", "a\nb ", ("a\nb", "a\nb "), id="lines are compared line by line"),
    ],
)
def test_values(old: Any, new: Any, expected: tuple[str, str]) -> None:
    assert expected == texts_of(old, new)


def test_types_that_read_alike_are_told_apart_by_what_differs() -> None:
    old, new = (LiteralType.from_flyte_idl(dataclass({"type": "integer", "minimum": one})) for one in (0, 5))
    assert str(old) == str(new) == "D{a: int}"
    assert texts_of(old, new) == (
        '{"metadata": {"properties": {"a": {"minimum": 0}}}}',
        '{"metadata": {"properties": {"a": {"minimum": 5}}}}',
    )


def test_a_secret_is_told_to_be_another_one_and_no_more() -> None:
    mask = "\u2022" * 6
    assert texts_of("hunter2", "swordfish", "password") == (mask, f"{mask} (another value)")
    nested = texts_of({"password": "hunter2", "a": 1}, {"password": "swordfish", "a": 1})
    assert nested == (f'{{"password": "{mask}", "a": 1}}', f'{{"password": "{mask}", "a": 1}} (another value)')
    with ftn.set_options(reveal_secrets=True):
        assert texts_of("hunter2", "swordfish", "password") == ("hunter2", "swordfish")


def test_a_secret_that_is_quoted_elsewhere_is_told_to_be_another_one() -> None:
    """Where a text of the task repeats it, only the whole task tells that it is one."""
    tasks = []
    for secret in ("hunter2222", "swordfish9"):
        task = task_pb2.TaskSpec()
        task.template.container.args[:] = ["--password", secret]
        task.template.config["note"] = f"see {secret}"
        task.template.config["notes"] = f"see\n{secret}"
        tasks.append(task)
    mask = "\u2022" * 6
    found = ftn.diff(*tasks)
    frame = found.to_frame().set_index("path")
    assert frame.loc["config.note", ["old", "new"]].tolist() == [f"see {mask}", f"see {mask} (another value)"]
    assert frame.loc["config.notes", "new"] == f"see\n{mask} (another value)"
    (note,) = (change.to_dict() for change in found.changes if change.path == "config.note")
    assert (note["old"], note["new"]) == (f"see {mask}", f"see {mask} (another value)")
    for form in (str(found), found.to_markdown(), found._repr_html_()):
        assert form.count("(another value)") == len(found.changes)


def test_what_json_has_one_word_for_is_told_to_be_another_value() -> None:
    """A value of no kind and one that is null are two values, and JSON writes both as null."""
    nothing, null = task_pb2.TaskSpec(), task_pb2.TaskSpec()
    nothing.template.interface.inputs.variables["x"].type.metadata.fields["k"].Clear()
    null.template.interface.inputs.variables["x"].type.metadata.fields["k"].null_value = 0
    (variable,) = ftn.compatibility(nothing, null).variables
    old, new = texts_of(variable.old, variable.new)
    assert new == f"{old} (another value)"


@given(st.text(max_size=200), st.text(max_size=200), st.integers(12, 80))
def test_a_window_shows_a_difference(old: str, new: str, limit: int) -> None:
    """However long the texts are, and wherever they differ."""
    before, after = windowed(old, new, limit)
    assert (before != after) == (old != new)
    if max(len(old), len(new)) <= limit and seen(old) != seen(new):
        assert (before, after) == (old, new)


def test_a_difference_at_the_end_of_long_values_is_shown() -> None:
    """Where a value is cut, what is shown of it is where it differs."""
    old, new = (task_pb2.TaskSpec() for _ in range(2))
    old.template.custom.update({"a": f"{LONG}a", "b": f"{LONG}\na"})
    new.template.custom.update({"a": f"{LONG}b", "b": f"{LONG}\nb"})
    found = ftn.diff(old, new)
    assert [shown_values(change) for change in found.changes] == [[f"…{'x' * 13}a", f"…{'x' * 13}b"], ["a", "b"]]
    for shown in (found.to_text(), found.to_markdown(), found.to_html()):
        assert "xa" in shown
        assert "xb" in shown
