"""Settings hold for the session or for a block, and refuse what they cannot take."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from flytetask_nb.options import OPTIONS, PROGRESS_VARIABLE, _session, option

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _unchanged() -> Iterator[None]:
    before = dict(OPTIONS)
    yield
    ftn.set_options(**before)


def test_start_values() -> None:
    """Secrets are masked, ten rows are shown and the usual sections are open, until a user says otherwise."""
    assert (option("reveal_secrets"), option("max_rows"), option("expand")) == (False, 10, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reveal_secrets", True),
        ("max_rows", 1),
        ("max_rows", 10_000),
        ("expand", True),
        ("expand", False),
        ("expand", None),
        ("progress", False),
    ],
)
def test_set_for_good(name: str, value: Any) -> None:
    """Without a block the setting stays."""
    ftn.set_options(**{name: value})
    assert option(name) == value


def test_set_for_a_block() -> None:
    """A block ends with the settings that it began with, also when it fails, and blocks nest."""
    with ftn.set_options(max_rows=3, expand=True):
        with suppress(RuntimeError), ftn.set_options(max_rows=5):
            assert (option("max_rows"), option("expand")) == (5, True)
            raise RuntimeError
        assert (option("max_rows"), option("expand")) == (3, True)
    assert (option("max_rows"), option("expand")) == (10, None)


def test_block_leaves_other_settings() -> None:
    """A block restores what it set and nothing else."""
    with ftn.set_options(max_rows=3):
        ftn.set_options(expand=False)
    assert (option("max_rows"), option("expand")) == (10, False)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("reveal_secrets", 1, "True or False"),
        ("reveal_secrets", "yes", "True or False"),
        ("reveal_secrets", None, "True or False"),
        ("cache_bytes", 0, "a whole number above 0"),
        ("max_in_flight", 0, "a whole number above 0"),
        ("max_in_flight", 1.5, "a whole number above 0"),
        ("max_rows", 0, "a whole number above 0"),
        ("max_rows", -1, "a whole number above 0"),
        ("max_rows", True, "a whole number above 0"),
        ("max_rows", 2.0, "a whole number above 0"),
        ("expand", "all", "None"),
        ("progress", 0, "True or False"),
    ],
)
def test_refused_values(name: str, value: Any, expected: str) -> None:
    """A wrong value is refused with the option, the value and what was expected; nothing changes."""
    before = dict(OPTIONS)
    with pytest.raises(ftn.errors.OptionError) as caught:
        ftn.set_options(**{name: value})
    assert f"option {name} cannot be {value!r}" in str(caught.value)
    assert expected in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert before == OPTIONS


def test_a_block_holds_in_its_context_alone() -> None:
    """Two blocks that overlap in two threads, and end in the order in which they began, leave nothing on."""
    began, may_end = threading.Barrier(3), threading.Event()
    seen: list[bool] = []

    def reveal() -> None:
        with ftn.set_options(reveal_secrets=True):
            began.wait()
            may_end.wait()
            seen.append(option("reveal_secrets"))
        seen.append(option("reveal_secrets"))

    threads = [threading.Thread(target=reveal) for _ in range(2)]
    for thread in threads:
        thread.start()
    began.wait()
    assert option("reveal_secrets") is False
    may_end.set()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [False, False, True, True]
    assert option("reveal_secrets") is False


def test_no_block_shows_in_another_thread_as_it_begins() -> None:
    """Not even between the call and the block's first line."""
    stop = threading.Event()

    def reveal() -> None:
        while not stop.is_set():
            with ftn.set_options(reveal_secrets=True):
                pass

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=reveal)
    thread.start()
    try:
        assert not any(option("reveal_secrets") for _ in range(20_000))
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(before)


def test_what_is_set_for_good_holds_in_every_thread() -> None:
    ftn.set_options(max_rows=7)
    with ftn.set_options(expand=True), ThreadPoolExecutor(1) as pool:
        assert pool.submit(option, "max_rows").result() == 7
        assert pool.submit(option, "expand").result() is None
        assert pool.submit(copy_context().run, option, "expand").result() is True


def test_the_session_keeps_no_more_than_what_holds() -> None:
    for rows in range(1, 100):
        ftn.set_options(max_rows=rows)
    assert len(_session) <= len(OPTIONS)


def test_unknown_option() -> None:
    """An option that does not exist is refused with the names of those that do, and with it the whole call."""
    names = "cache_bytes, expand, fetch_timeout, max_in_flight, max_rows, policy, progress, reveal_secrets"
    with pytest.raises(ftn.errors.OptionError, match=f"no option 'rows'; there are {names}"):
        ftn.set_options(max_rows=3, rows=3)
    assert option("max_rows") == 10


def test_repr_says_what_holds() -> None:
    """The repr lists every setting in order of its name."""
    expected = "set_options(cache_bytes=1073741824, expand=None, fetch_timeout=300.0, max_in_flight=16, max_rows=4, policy=None, progress="
    assert repr(ftn.set_options(max_rows=4)).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", "False"), ("False", "False"), (" no ", "False"), ("OFF", "False"), ("1", "True"), ("", "True")],
)
def test_environment_turns_progress_off(text: str, expected: str) -> None:
    """The environment variable decides whether progress is shown at the start."""
    code = "from flytetask_nb.options import option; print(option('progress'))"
    environment = os.environ | {PROGRESS_VARIABLE: text}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
