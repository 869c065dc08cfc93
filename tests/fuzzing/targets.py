"""Readers, each given bytes: it answers, or raises an error of this package, whatever they are.

``python -m tests.fuzzing`` looks for bytes with which one does not; ``tests/test_parsers.py`` tries those that were kept.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from base64 import b64decode, b64encode
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flytetask_nb as ftn
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.models.version_schemes import version_keys
from flytetask_nb.semantics.commands import command_line, unfilled
from flytetask_nb.semantics.flytekit_settings import SETTINGS_VARIABLE, unpacked_settings
from flytetask_nb.semantics.image_tags import runtime_changes
from flytetask_nb.semantics.images import image_reference
from flytetask_nb.semantics.quantities import format_bytes, format_cores, quantity_fault, shortest_spelling
from tests.conftest import DATA
from tests.sources.building import data, spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = DATA / "fuzz"
LARGEST = 400
"""Bytes of an input that is kept."""
MOST_KEPT = 60
SUFFIXES = ("", "_1.pb", ".tgz", ".json", ".yaml", "_2.pb", ".tar")


class Named(io.BytesIO):
    name = ""


def text_in(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


@cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzzing"))


def written(raw: bytes, name: str) -> Path:
    path = folder() / name
    path.write_bytes(raw)
    return path


@contextlib.contextmanager
def inside(place: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)


@cache
def some_tasks() -> ftn.TaskCollection:
    return ftn.TaskCollection([spec("shop.train", "v1"), spec("shop.load", "v2")])


def files(raw: bytes) -> None:
    """Read as a file of tasks, of workflows, of launch plans; the first byte chooses the name."""
    for load in (ftn.load, ftn.load_workflows, ftn.load_launch_plans):
        stream = Named(raw[1:])
        stream.name = f"x{SUFFIXES[raw[0] % len(SUFFIXES)]}" if raw else "x"
        found: Any = load(stream, errors="collect")
        str(found.failures)


def snapshots(raw: bytes) -> None:
    tasks = ftn.load(written(raw, "x.parquet"), errors="collect")
    assert tasks.failures or list(tasks)


def quantities(raw: bytes) -> None:
    text = raw.decode("utf-8", "ignore")
    quantity_fault(text)
    with contextlib.suppress(FlyteTaskError):
        amount = ftn.semantics.Quantity(text)
        assert ftn.semantics.Quantity(str(amount)) == amount
        assert format_cores(amount)
        assert format_bytes(amount)
        assert shortest_spelling(amount)


def words(raw: bytes) -> None:
    """Read image references, command lines, settings of flytekit, versions."""
    text = raw.decode("utf-8", "ignore")
    parts = text.split("\n")
    image_reference(text)
    runtime_changes(text, parts[-1])
    command_line(parts)
    unfilled(parts)
    unpacked_settings(SETTINGS_VARIABLE, text)
    version_keys(parts)


def masking(raw: bytes) -> None:
    from flytetask_nb.masking import mask_arguments, mask_identifier, mask_text, mask_value  # noqa: PLC0415
    from flytetask_nb.masking.gate import gated  # noqa: PLC0415
    from flytetask_nb.printing import visible  # noqa: PLC0415

    text = raw.decode("utf-8", "ignore")
    words = text.split("\n")
    assert len(mask_arguments(words)) == len(words)
    mask_text(text)
    assert mask_identifier(mask_identifier(text)) == mask_identifier(text)
    assert visible(gated(text)) == gated(text)
    mask_value({text: words, "x": {"name": text, "value": text}})


def searches(raw: bytes) -> None:
    with contextlib.suppress(FlyteTaskError):
        some_tasks().search(text_in(raw))


def filters(raw: bytes) -> None:
    from flytetask_nb.sources.client.filters import compiled  # noqa: PLC0415 - wants no extra, unlike its room

    name, _, value = text_in(raw).partition("=")
    with contextlib.suppress(FlyteTaskError):
        column = ftn.col(name)
        for condition in (column == value, column != value, column >= value, column.isin([value, name])):
            compiled(condition)
            some_tasks().filter(condition)


def configurations(raw: bytes) -> None:
    from flytetask_nb.sources.client.cluster_config import configured  # noqa: PLC0415 - likewise

    for name in ("config.yaml", "config"):
        with contextlib.suppress(FlyteTaskError):
            configured(written(raw, name))


def policies(raw: bytes) -> None:
    from flytetask_nb.policies import acceptances_in, policy_of  # noqa: PLC0415

    for read in (policy_of, acceptances_in):
        with contextlib.suppress(FlyteTaskError):
            read(written(raw, "pyproject.toml"))
    with contextlib.suppress(FlyteTaskError):
        policy_of(written(b"[tool.flytetask]\n" + raw, "pyproject.toml"))


def sources(raw: bytes) -> None:
    """Addresses of revisions and of clusters, and names of files and of versions."""
    from flytetask_nb.command_line.inputs import chosen  # noqa: PLC0415
    from flytetask_nb.sources.registered_tasks import admin_address  # noqa: PLC0415

    text = text_in(raw)
    with contextlib.suppress(FlyteTaskError):
        chosen(some_tasks(), text)
    with contextlib.suppress(FlyteTaskError):
        admin_address(f"admin://{text}")
    for source in (f"git:{text}", f"file://{text}", f"memory://{text}", text):
        # Nothing of this machine's is read, and nobody asked.
        leads_out = text[:1] in "/.~" or ".." in text or (source == text and ":" in text)
        if not leads_out and "*" not in source and "::" not in source:
            with inside(folder()):
                ftn.load(source, errors="collect")


COMMANDS = ("show", "table", "diff", "callers", "plan", "history", "check", "accept", "explore", "--help")


def arguments(raw: bytes) -> None:
    """Run a command in an empty folder with the words of a command line."""
    from flytetask_nb.command_line import TRACEBACK, main  # noqa: PLC0415

    first, _, rest = text_in(raw).partition("\n")
    words = [COMMANDS[len(first) % len(COMMANDS)], *rest.split("\n")]
    if any(word.startswith(("/", "..", "~")) or "://" in word or "*" in word for word in words):
        return
    place = written(data("shop.train"), "0_1.pb")
    said = io.StringIO()
    with inside(place.parent), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main([word.replace("\0", "") for word in words])
    assert code in {0, 1, 2}
    assert f"; {TRACEBACK} shows where" not in said.getvalue(), said.getvalue()


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        files,
        snapshots,
        quantities,
        words,
        masking,
        searches,
        filters,
        configurations,
        policies,
        sources,
        arguments,
    )
}


def kept(name: str) -> list[bytes]:
    """Return the inputs of a target that were kept."""
    path = FOLDER / f"{name}.txt"
    return [b64decode(line) for line in path.read_text(encoding="ascii").split()] if path.is_file() else []


def keep(name: str, inputs: Iterator[bytes]) -> None:
    """Keep of some inputs the shortest."""
    chosen = sorted({raw for raw in inputs if len(raw) <= LARGEST}, key=lambda raw: (len(raw), raw))
    step = max(1, len(chosen) // MOST_KEPT)
    lines = [b64encode(raw).decode("ascii") for raw in chosen[::step]]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
