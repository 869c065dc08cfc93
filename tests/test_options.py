"""Settings hold for the session or for a block, and refuse what they cannot take."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from flytetask_nb.options import OPTIONS, PROGRESS_VARIABLE, option

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _unchanged() -> Iterator[None]:
    before = dict(OPTIONS)
    yield
    OPTIONS.update(before)


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


def test_unknown_option() -> None:
    """An option that does not exist is refused with the names of those that do, and with it the whole call."""
    names = "cache_bytes, expand, max_in_flight, max_rows, progress, reveal_secrets"
    with pytest.raises(ftn.errors.OptionError, match=f"no option 'rows'; there are {names}"):
        ftn.set_options(max_rows=3, rows=3)
    assert option("max_rows") == 10


def test_repr_says_what_holds() -> None:
    """The repr lists every setting in order of its name."""
    expected = "set_options(cache_bytes=1073741824, expand=None, max_in_flight=16, max_rows=4, progress="
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
