"""The path through Arrow columns gives what the plain path gives, on whatever bytes."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.masking import MASK
from flytetask_nb.tables import arrow_extraction, columns, extracted, extraction, long_frames
from flytetask_nb.tables.frames import tabulate
from tests.generated import UNKNOWN_FIELDS, task_specs
from tests.labelled_secrets import FOLDER, samples
from tests.many_tasks import many_tasks
from tests.real_tasks import serialized_tasks
from tests.sources import building

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest.importorskip("ptars", reason="the extra tables is not installed")

SCHEMES = "Bearer a1b2c3d4", "basic a1b2c3d4", "AUTH PLAIN a1b2c3d4"
NAMES = [name for name in columns.DEFAULT_COLUMNS if name != columns.ERROR]


def both(make: Callable[[], Any], data: list[bytes]) -> None:
    """Make a table by either path and compare."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction, "_FEW", 0)
        used: list[int] = []
        usual = arrow_extraction._Projected._take_batch

        def counted(self: Any, batch: Any, positions: Any) -> None:
            used.append(len(positions))
            usual(self, batch, positions)

        patch.setattr(arrow_extraction._Projected, "_take_batch", counted)
        faster = make()
        patch.setattr(extraction, "_FEW", len(data) + 1)
        took = sum(used)
        pd.testing.assert_frame_equal(faster, make())
        assert took == sum(used)


def tables(data: list[bytes]) -> None:
    both(lambda: tabulate(data), data)


def test_real_tasks(corpus: Path) -> None:
    """All of the corpus, in all tables."""
    data = list(serialized_tasks(corpus).values())
    tables(data)
    for long in (long_frames.interface_frame, long_frames.resources_frame, long_frames.env_frame):
        both(lambda make=long: make(data), data)  # type: ignore[misc]


def test_many_tasks() -> None:
    """Pods, statements and containers, across batches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow_extraction, "_BATCH", 300)
        tables(list(many_tasks(1_000)))


@pytest.mark.parametrize("name", NAMES)
def test_single_columns(name: str) -> None:
    """Any column by itself, for which less is taken."""
    data = [*many_tasks(60), b"\xff", building.data()[:-2]]
    both(lambda: tabulate(data, [name, "error"]), data)


@given(st.lists(task_specs(), min_size=1, max_size=6))
def test_generated_tasks(specs: list[Any]) -> None:
    """Messages that nobody wrote by hand."""
    tables([spec.SerializeToString() for spec in specs])


@given(task_specs(), task_specs())
def test_merged_tasks(one: Any, other: Any) -> None:
    """Serializations behind each other are one message to protobuf, its parts merged."""
    tables([one.SerializeToString() + other.SerializeToString()])


@given(st.data())
def test_damaged_tasks(data: st.DataObject) -> None:
    """Bytes cut, changed, or with others between them."""
    found = []
    for spec in data.draw(st.lists(task_specs(), min_size=1, max_size=4)):
        whole = spec.SerializeToString()
        place = data.draw(st.integers(0, len(whole)))
        found.append(whole[:place])
        found.append(whole[:place] + data.draw(st.binary(min_size=1, max_size=3)) + whole[place + 1 :])
        found.append(whole[:place] + data.draw(st.sampled_from(sorted(UNKNOWN_FIELDS.values()))) + whole[place:])
    tables(found)


def test_damaged_real_tasks(data: Path) -> None:
    """Real tasks with single bytes changed or cut, and pieces of one in another: each place in turn, by a fixed seed."""
    chance = random.Random(20)  # noqa: S311 - the same each time
    whole = list(serialized_tasks(data / "corpus").values())
    damaged = []
    for _ in range(3_000):
        one, other = chance.choice(whole), chance.choice(whole)
        place = chance.randrange(len(one))
        damaged.append(
            chance.choice(
                (
                    one[:place] + bytes([chance.randrange(256)]) + one[place + 1 :],
                    one[:place],
                    one + other,
                    one[:place] + other[place:],
                    one[:place] + one[place + 1 :],
                )
            )
        )
    tables(damaged)


@pytest.mark.parametrize(
    "change",
    [
        lambda template: template.container.env.add(key="A\0B"),
        lambda template: template.container.env.add(key=""),
        lambda template: template.container.args.extend(["", "a\nb", "-", "--", "x=y"]),
        lambda template: template.container.args.extend(["--password", "hunter2", "ghp_" + "a" * 30]),
        lambda template: template.container.args.extend(["--additional-distribution"]),
        lambda template: template.container.command.extend(["--additional-distribution=x", "--token=abc"]),
        lambda template: template.k8s_pod.pod_spec.update({"containers": [{"args": [None, 1.5, {"a": [True]}]}]}),
        lambda template: template.sql.SetInParent(),
        lambda template: template.ClearField("container"),
        lambda template: template.ClearField("id"),
        lambda template: template.ClearField("metadata"),
    ],
)
def test_odd_tasks(change: Callable[[Any], None]) -> None:
    """Whatever a field may hold that most do not, beside ordinary tasks."""
    spec = building.spec()
    change(spec.template)
    tables([building.data(), spec.SerializeToString(), building.data()])


def test_secrets_in_command_lines() -> None:
    """The gate passes over no line in which it would find something, though that be more than a word."""
    texts = [sample.text for file in FOLDER.iterdir() for sample in samples(file.name)]
    data = []
    for place, text in enumerate([*texts, *SCHEMES]):
        spec = building.spec()
        spec.template.container.args.extend([f"word{place}", *text.split()])
        data.append(spec.SerializeToString())
    tables(data)
    assert all(MASK in line for line in tabulate(data)["args"].tail(len(SCHEMES)))


def test_types_too_deep_for_protobuf() -> None:
    """Nesting is limited from the top of the message: a few levels less, and it is a task."""
    found = []
    for depth in range(85, 100):
        spec = building.spec()
        kind = spec.template.interface.inputs.variables["deep"].type
        for _ in range(depth):
            kind = kind.collection_type
        kind.simple = 1
        found.append(spec.SerializeToString())
    tables(found)
    assert 0 < tabulate(found)["error"].isna().sum() < len(found)


def test_without_the_extra_tables_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ptars cannot be imported, the plain path makes the table."""
    data = list(many_tasks(extraction._FEW + 1))
    expected = tabulate(data)
    monkeypatch.setitem(sys.modules, "flytetask_nb.tables.arrow_extraction", None)
    assert extraction._projection() is None
    pd.testing.assert_frame_equal(expected, tabulate(data))


def test_one_bad_message_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that ptars refuses is halved; few tasks are built for a bad one."""
    data = list(many_tasks(1_000))
    data[500] = b"\xff"
    plain: list[int] = []
    usual = extracted.Extracted.take_plainly

    def counted(self: Any, positions: Any, names: Any) -> None:
        if set(names) == set(self.parts):
            plain.extend(positions)
        usual(self, positions, names)

    monkeypatch.setattr(extracted.Extracted, "take_plainly", counted)
    frame = tabulate(data, ["name", "error"])
    assert frame["error"].notna().tolist() == [position == 500 for position in range(1_000)]
    assert 1 <= len(plain) <= arrow_extraction._FEW
