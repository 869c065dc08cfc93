"""A bar shows the time and the rate of the work, not of itself."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from tqdm import notebook

import flytetask_nb as ftn
from flytetask_nb.sources import progress
from flytetask_nb.sources.progress import Bar


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a clock that stands until it is told otherwise, ours and tqdm's."""
    now = [1_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    return now


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in re.split(r"[\r\n]", capsys.readouterr().err) if line.strip()]


def test_the_first_thing_that_is_shown_is_what_was_done(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is shown before a second is over, and then all that came in it."""
    with Bar("listing", "tasks") as bar:
        for _ in range(4):
            bar.step(10)
            assert shown(capsys) == []
            clock[0] += 0.25
        clock[0] += 1.0
        bar.step(10)
        assert shown(capsys) == ["listing: 50 tasks [00:02, 25.00 tasks/s]"]
        clock[0] += 8.0
        bar.step(50)
        (line,) = shown(capsys)
        assert line.startswith("listing: 100 tasks [00:10, ")
    (line,) = shown(capsys)
    assert line.startswith("listing: 100 tasks [00:10, 10.00 tasks/s]")


def test_quick_work_shows_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("listing", "tasks") as bar:
        bar.step(10)
        clock[0] += 0.9
        bar.step()
    assert shown(capsys) == []


def test_a_bar_can_be_turned_off(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with ftn.set_options(progress=False), Bar("listing", "tasks") as bar:
        clock[0] += 9.0
        bar.step(10)
    assert shown(capsys) == []


def test_a_bar_in_a_notebook_is_the_same(
    clock: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It appears once, with the time of the work on it."""
    appeared: list[Any] = []
    monkeypatch.setattr(notebook, "display", appeared.append)
    monkeypatch.setattr("tqdm.auto.tqdm", notebook.tqdm_notebook)
    with Bar("listing", "tasks") as bar:
        clock[0] += 3.0
        bar.step(30)
        assert len(appeared) == 1
        text = appeared[0].children[2].value
        assert "30/? [00:03&lt;00:00, 10.00 tasks/s]" in text.replace("\u2007", " ")
        clock[0] += 3.0
        bar.step(30)
    assert len(appeared) == 1
    assert "60/? [00:06&lt;00:00, 10.00 tasks/s]" in appeared[0].children[2].value.replace("\u2007", " ")
    capsys.readouterr()


def test_loading_shows_the_same_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.sources.building import package  # noqa: PLC0415

    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    ftn.load(package(["a", "b", "c"]))
    assert "loading: 3 entries [00:00" in capsys.readouterr().err


def test_loading_a_file_that_cannot_be_read_closes_its_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    with pytest.raises(ftn.LoadError):
        ftn.load(b"\xff\xff")
    assert capsys.readouterr().err.endswith("\n")
    with ftn.set_options(progress=False), pytest.raises(ftn.LoadError):
        ftn.load(b"\xff\xff")
    assert capsys.readouterr().err == ""
