"""Whatever a reader is given, it answers, or raises an error of this package."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from google.protobuf.json_format import MessageToJson
from hypothesis import example, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.masking import is_secret_key, mask_arguments, mask_identifier, mask_text, mask_value
from flytetask_nb.semantics.commands import command_line
from flytetask_nb.semantics.flytekit_settings import SETTINGS_VARIABLE
from tests.fuzzing.targets import TARGETS, kept
from tests.sources.building import data, entry, tar

if TYPE_CHECKING:
    from pathlib import Path

SPEC = task_pb2.TaskSpec.FromString(data("a"))
JSON = MessageToJson(SPEC)
YAML = "template:\n  id: {name: a, project: p}\n  type: t\n  interface: {}\n  custom: &x {a: [1, 2.5, yes, ~], b: *x}\n"


def archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as opened:
        told = tarfile.TarInfo("0_a_1.pb")
        told.size = len(data("a"))
        opened.addfile(told, io.BytesIO(data("a")))
    return packed.getvalue()


SEEDS = (data("a"), JSON.encode(), YAML.encode(), tar(entry("0_1.pb", data("a"))), archive(), b"PAR1\0\0\0\0PAR1")
PIECES = (
    b"\x00",
    b"\xff" * 8,
    b"[" * 300,
    b"{",
    b'"',
    b"\n- ",
    b"&a *a ",
    b"!!int ",
    b"1e999",
    b"\x0a\x00",
    b": ",
    b"\x1f\x8b",
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a good file in which some stretches were cut out, doubled, or written over."""
    raw = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(len(raw), start + 64)))
        with_what = draw(
            st.one_of(st.just(b""), st.sampled_from(PIECES), st.binary(max_size=16), st.just(bytes(raw[start:end]) * 2))
        )
        raw[start:end] = with_what
    return bytes(raw)


@given(damaged())
@example(b"[" * 100_000)
@example(b"a: &a [*a]")
def test_files(raw: bytes) -> None:
    """What was read, and what could not be, comes to something; nothing foreign is raised."""
    for load in (ftn.load, ftn.load_workflows, ftn.load_launch_plans):
        found: Any = load(raw, errors="collect")
        assert len(found) + len(found.failures) + sum(getattr(found, "skipped", {}).values()) > 0 or not raw.strip()
        str(found.failures)


TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "1",
                "e",
                "Ki",
                "-",
                ".",
                "1" * 30,
                " ",
                "m",
                "e9",
                "E",
                "/",
                ":",
                "@",
                "sha256:",
                "{{",
                "}}",
                ".inputs.",
                "$(",
                "=",
                "'",
                '"',
                "\\",
                "--",
                "mysql",
                "-p",
                "password",
                "\n",
                "IDENTIFIED BY ",
                "é",
            ]
        ),
        max_size=12,
    ).map("".join),
)


@given(TEXTS)
def test_quantities_and_images(text: str) -> None:
    with contextlib.suppress(FlyteTaskError):
        ftn.semantics.Quantity(text)
    spec = task_pb2.TaskSpec()
    spec.CopyFrom(SPEC)
    spec.template.container.image = text
    spec.template.container.args.extend([text, text])
    spec.template.container.resources.requests.add(name=1, value=text)
    spec.template.container.env.add(key=SETTINGS_VARIABLE, value=text)
    task = ftn.FlyteTask.from_flyte_idl(spec)
    assert len(ftn.tabulate([task])) == 1
    ftn.check(task)
    task.to_text()


@given(st.lists(TEXTS, max_size=6))
def test_command_lines_and_masking(words: list[str]) -> None:
    """Masking keeps the number of words, and done again it changes nothing."""
    command_line(words)
    shown = mask_arguments(words)
    assert len(shown) == len(words)
    text = " ".join(words)
    for mask in (mask_text, mask_identifier):
        assert mask(mask(text)) == mask(text)
    is_secret_key(text)
    mask_value({text: words, "x": {"name": text, "value": text}})


@pytest.mark.parametrize("name", ["config.yaml", "config"])
@settings(max_examples=50)
@given(
    text=st.one_of(
        st.text(max_size=200), st.sampled_from(["[" * 50_000, "a: [" * 2_000, "admin: {scopes: 3}", "- &a [*a]", "\0"])
    )
)
def test_configuration_files(name: str, text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    from flytetask_nb.sources.client.cluster_config import configured  # noqa: PLC0415 - wants no extra, unlike its room

    path: Path = tmp_path_factory.mktemp("config") / name
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    with contextlib.suppress(FlyteTaskError):
        configured(path)


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_that_were_found(name: str) -> None:
    """What reached something new in a long search (``python -m tests.fuzzing``)."""
    inputs = kept(name)
    for raw in inputs:
        TARGETS[name](raw)
    assert inputs


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["template", "id", "name", "interface", "custom", "type", "tasks", "closure", "spec", "nodes"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=15,
    )
)
def test_json_of_any_shape(value: Any) -> None:
    found = ftn.load(json.dumps(value).encode(), errors="collect")
    assert str(found.failures)
