"""Laws about damage: whatever stands in a file, there is one kind of error, and the good entries are found."""

from __future__ import annotations

import gzip
import io
import tarfile
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from tests.sources import building
from tests.sources.building import data, entry, tar

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [f"shop.t{number}" for number in range(5)]
GOOD = {name: data(name) for name in NAMES}
WHOLE_TAR = tar(*(entry(f"{name}_1.pb", content) for name, content in GOOD.items()))
WHOLE_TGZ = gzip.compress(WHOLE_TAR, mtime=0)
JSON = (
    b'[{"template": {"id": {"name": "a"}, "type": "t"}}, {"id": {"name": "b"}, "interface": {}, "custom": {"x": [1]}}]'
)
YAML = b"- template: &t {id: {name: a}, type: t}\n- id: {name: b}\n  type: 't'\n---\ntemplate: *t\n"
FORMS = {
    ".tgz": WHOLE_TGZ,
    ".tar": WHOLE_TAR,
    ".pb": GOOD[NAMES[0]],
    "_1.pb": GOOD[NAMES[0]],
    ".json": JSON,
    ".yaml": YAML,
}


class Named(io.BytesIO):
    """Bytes under a name."""

    name = ""


def outcome(content: bytes, suffix: str) -> ftn.TaskCollection:
    """Load bytes under a name both ways, and hold one way against the other."""

    def stream() -> Named:
        made = Named(content)
        made.name = f"x{suffix}"
        return made

    collected = ftn.load(stream(), errors="collect")
    if collected.failures:
        with pytest.raises(ftn.LoadError) as caught:
            ftn.load(stream())
        assert str(collected.failures[0]) == str(caught.value)
        assert str(caught.value).startswith(f"x{suffix}")
    else:
        assert ftn.load(stream()) == collected
    assert all(task.name for task in collected)
    return collected


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Change some bytes, cut some out, put some in, or cut the end off."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        how = draw(st.sampled_from(("change", "cut out", "put in", "cut off")))
        if how == "change" and content:
            content[at] = draw(st.integers(0, 255))
        elif how == "cut out":
            del content[at : at + draw(st.integers(1, 20))]
        elif how == "put in":
            content[at:at] = draw(st.binary(max_size=20))
        else:
            del content[at:]
    return bytes(content)


@given(st.sampled_from(sorted(FORMS)), st.binary(max_size=2000))
def test_random_bytes_are_one_kind_of_error(suffix: str, content: bytes) -> None:
    """Random bytes hold no task, under any name."""
    assert len(outcome(content, suffix)) == 0


@given(st.sampled_from(sorted(FORMS)).flatmap(lambda suffix: st.tuples(st.just(suffix), damaged(FORMS[suffix]))))
def test_damaged_files_are_one_kind_of_error(case: tuple[str, bytes]) -> None:
    """A file that was changed anywhere gives tasks, or one kind of error; never anything else."""
    outcome(case[1], case[0])


@given(st.text(st.sampled_from("{}[]:,-?&*!|>'\"#%@ \n\tabc019~<.\x00\u2028é"), max_size=60))
def test_any_text_is_yaml_or_one_kind_of_error(text: str) -> None:
    """A text made of YAML's own marks gives one kind of error."""
    outcome(text.encode(), ".yaml")


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.none() | damaged(GOOD[NAMES[0]])), max_size=6))
def test_good_entries_are_found_beside_bad_ones(entries: list[tuple[str, bytes | None]]) -> None:
    """Of any mix of good and damaged entries, each good one is found, in order."""
    content = tar(
        *(
            entry(f"{index}_{name}_1.pb", GOOD[name] if bad is None else bad)
            for index, (name, bad) in enumerate(entries)
        )
    )
    loaded = outcome(content, ".tar")
    found = {str(task.source).split("!")[1]: task.name for task in loaded}
    expected = {f"{index}_{name}_1.pb": name for index, (name, bad) in enumerate(entries) if bad is None}
    assert expected == {place: name for place, name in found.items() if place in expected}
    assert len(loaded) + len(loaded.failures) >= len(entries)


@given(st.integers(0, len(WHOLE_TAR)))
def test_entries_before_a_cut_are_found(end: int) -> None:
    """However an archive is cut off, each entry that is whole before the cut is found."""
    with tarfile.open(fileobj=io.BytesIO(WHOLE_TAR)) as archive:
        whole = [info.name[: -len("_1.pb")] for info in archive if info.offset_data + info.size <= end]
    assert whole == [task.name for task in outcome(WHOLE_TAR[:end], ".tar")]


@lru_cache(maxsize=1)
def real_archives(corpus: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(corpus.glob("*/*.tgz"))[::25]]


def test_damaged_real_archives_are_one_kind_of_error(corpus: Path) -> None:
    """Real archives, packed or not, may be damaged anywhere."""
    archives = real_archives(corpus)

    @given(st.sampled_from(archives).flatmap(damaged))
    def packed(content: bytes) -> None:
        outcome(content, ".tgz")

    @given(st.sampled_from(archives).map(gzip.decompress).flatmap(damaged))
    def unpacked(content: bytes) -> None:
        outcome(content, ".tar")

    packed()
    unpacked()


def test_entries_of_a_wrong_kind_are_not_read_as_tasks(corpus: Path) -> None:
    """Real workflows and launch plans under a task's suffix are failures, every one."""
    for content in real_archives(corpus):
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            others = [
                (info.name, file.read())
                for info in archive
                if info.name.endswith(("_2.pb", "_3.pb")) and (file := archive.extractfile(info)) is not None
            ]
        renamed = tar(*(entry(f"{index}_1.pb", message) for index, (_, message) in enumerate(others)))
        loaded = outcome(renamed, ".tar")
        assert (0, max(len(others), 1)) == (len(loaded), len(loaded.failures))


def test_a_workflow_may_not_hide_a_task() -> None:
    """A task under a workflow's suffix is told, not counted as a workflow."""
    loaded = ftn.load(tar(entry("0_2.pb", building.data())), errors="collect")
    assert (loaded.skipped, len(loaded.failures)) == ({}, 1)
