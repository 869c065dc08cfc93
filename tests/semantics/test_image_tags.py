"""Image tags: which moved with the release, and which name another runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from flytetask_nb.semantics.image_tags import follows_release, runtime_changes
from tests.sources import building

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def spec(name: str, image: str, version: str = "") -> task_pb2.TaskSpec:
    made = task_pb2.TaskSpec()
    made.template.id.name, made.template.id.version = name, version
    made.template.container.image = image
    made.template.type = "python-task"
    return made


def task(image: str, version: str = "") -> ftn.FlyteTask:
    return ftn.FlyteTask.from_flyte_idl(spec("a", image, version))


def release(images: Mapping[str, str], version: str = "") -> ftn.TaskCollection:
    return ftn.TaskCollection([spec(name, image, version) for name, image in images.items()])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("cr.flyte.org/x/flytekit:py3.9-1.10.2", "cr.flyte.org/x/flytekit:py3.12-1.10.2", "Python 3.9 → 3.12"),
        ("cr.flyte.org/x/flytekit:py3.9-1.10.2", "cr.flyte.org/x/flytekit:py3.9-1.16.0", "flytekit 1.10.2 → 1.16.0"),
        ("python:3.9", "python:3.12-slim", "Python 3.9 → 3.12"),
        ("python:3.9-bullseye", "python:3.9-bookworm", "Debian 11 → 12"),
        ("a/t:cuda11.8-v1", "a/t:cuda12.1-v1", "CUDA 11.8 → 12.1"),
        ("a/t:v1-cu118", "a/t:v1-cu121", "CUDA 11.8 → 12.1"),
        ("nvidia/cuda:11.8.0-cudnn8", "nvidia/cuda:12.1.0-cudnn9", "CUDA 11.8.0 → 12.1.0, cuDNN 8 → 9"),
        ("a/t:py39", "a/t:py312", "Python 3.9 → 3.12"),
        ("a/t-py39:v1", "a/t-py311:v1", "Python 3.9 → 3.11"),
        ("r-base:4.2.1", "r-base:4.3.1", "R 4.2.1 → 4.3.1"),
        ("rocker/r-ver:4.2", "rocker/r-ver:4.3", "R 4.2 → 4.3"),
        ("a/t:r4.2-v1", "a/t:r4.3-v1", "R 4.2 → 4.3"),
        ("eclipse-temurin:17-jre", "eclipse-temurin:21-jre", "Java 17 → 21"),
        ("a/t:jdk11", "a/t:jdk17", "Java 11 → 17"),
        ("node:18", "node:20", "Node.js 18 → 20"),
        ("ubuntu:focal", "ubuntu:22.04", "Ubuntu 20.04 → 22.04"),
        ("a/t:v1-ubuntu20.04", "a/t:v2-ubuntu22.04", "Ubuntu 20.04 → 22.04"),
        ("apache/spark:3.4.0-scala2.12-java11", "apache/spark:3.5.1-scala2.13-java17",
         "Spark 3.4.0 → 3.5.1, Java 11 → 17, Scala 2.12 → 2.13"),
        ("rayproject/ray:2.9.0-py39", "rayproject/ray:2.10.0-py311", "Ray 2.9.0 → 2.10.0, Python 3.9 → 3.11"),
        ("golang:1.21", "golang:1.22", "Go 1.21 → 1.22"),
        ("python:3.9", "acme/app:py3.12", "Python 3.9 → 3.12"),
        # What a tag does not name is not known to be missing.
        ("a/t:v1", "a/t:v1-cuda12.1", "CUDA not named → 12.1"),
        ("python:3.9", "python:latest", ""),
        ("python:3.9", "acme/app:v2", ""),
        # The same to another number of digits, and names that are a team's own.
        ("a/t:py3.9", "a/t:py3.9.18", ""),
        ("a/t:spark-v41", "a/t:spark-v42", ""),
        ("a/t:k8s_spark_plugin-89fff16c", "a/t:k8s_spark_plugin-8b23ba57", ""),
        ("a/t:r1", "a/t:r2", ""),
        ("a/t:happy3", "a/t:happy4", ""),
        ("{{.image}}", "a/t:py39", ""),
    ],
)  # fmt: skip
def test_runtimes_are_named(old: str, new: str, told: str) -> None:
    found = runtime_changes(old, new)
    assert sorted(found) == sorted(filter(None, told.split(", ")))
    mirrored = [" → ".join(reversed(words.partition(" ")[2].split(" → "))) for words in found]
    assert [words.partition(" ")[2] for words in runtime_changes(new, old)] == mirrored


@pytest.mark.parametrize(
    ("tags", "versions", "follows"),
    [
        # The task's own version, with or without its v, among other words.
        (("v1", "v2"), ("v1", "v2"), True),
        (("basics-v1", "basics-v2"), ("v1", "v2"), True),
        (("1.1.0", "2.0.0"), ("v1.1.0", "v2.0.0"), True),
        (("v1.1.0-slim", "v2.0.0-slim"), ("1.1.0", "2.0.0"), True),
        (("feature-x", "feature-y"), ("feature/x", "feature/y"), True),
        (("1.10", "1.16"), ("v1", "v2"), False),
        (("py3.11-1", "py3.12-2"), ("1", "2"), False),
        (("1.1.0", "1.1.1"), ("1.1", "1.1.1"), False),
        (("2026.05", "2026.06"), ("", ""), False),
        # A commit.
        (("basics-0b350cd3", "basics-c9b2c44d"), ("v1", "v2"), True),
        (("0b350cd3", "12345678"), ("", ""), True),
        (("v1.2.3-14-gabc1234", "v1.3.0-2-g1234567"), ("a", "b"), True),
        (("1.2.3-0b350cd3", "1.3.0-c9b2c44d"), ("v1", "v2"), False),
        (("py3.9-0b350cd3", "py3.12-c9b2c44d"), ("v1", "v2"), False),
        (("20260301", "20260401"), ("v1", "v2"), False),
        # The hash of what is in an image moves when that does.
        (("9Odi8ySr9dqy8iIEG86yew", "aqm5RzyDXfKMJk_Hhhr7sA"), ("v1", "v2"), False),
        (("stable", "latest"), ("stable1", "latest1"), False),
    ],
)
def test_a_tag_follows_the_version_or_a_commit(
    tags: tuple[str, str], versions: tuple[str, str], *, follows: bool
) -> None:
    images = [f"ghcr.io/acme/app:{tag}" for tag in tags]
    old, new = (task(image, version) for image, version in zip(images, versions, strict=True))
    assert follows_release(images[0], images[1], (old, new)) is follows
    found = ftn.diff(old, new)
    (change,) = [one for one in (*found.changes, *found.noise) if one.path == "container.image"]
    assert (change.rule, change.severity) == (("image-release-tag", "noise") if follows else ("image-tag", "behaviour"))
    assert change.cache == "stale-risk"


def test_a_runtime_is_told_whatever_moves_beside_it() -> None:
    """Another Python is no noise, though the rest of the tag follows the version."""
    found = ftn.diff(task("a/t:py3.9-v1", "v1"), task("a/t:py3.12-v2", "v2"))
    (change,) = found.changes
    assert (change.rule, change.severity) == ("image-tag", "behaviour")
    assert change.reason.startswith("Python 3.9 → 3.12: ")
    assert "Python 3.9 → 3.12" in found.to_text()


def test_a_runtime_is_named_where_the_repository_moves_too() -> None:
    (change,) = ftn.diff(task("python:3.9"), task("ghcr.io/acme/base:python-3.12")).changes
    assert (change.rule, change.reason) == ("image-repository", "Python 3.9 → 3.12: it runs in another image.")


@pytest.mark.parametrize(("version", "next_version"), [("", ""), ("abc", "def")])
def test_a_tag_follows_the_tasks_beside_it(version: str, next_version: str) -> None:
    """Most tasks of the release moved as this one did; what moved by itself did not."""
    old = release({**{name: f"x/{name}:1.1" for name in "abcdf"}, "e": "x/e:7"}, version)
    new = release({**{name: f"x/{name}:1.2" for name in "abcf"}, "d": "x/d:1.3", "e": "x/e:7"}, next_version)
    assert [bool(ftn.diff(old[name], new[name])) for name in "abcd"] == [False, False, False, True]
    plan = ftn.plan(list(new), list(old))
    assert {entry.name: entry.severity for entry in plan.changed} == {
        **dict.fromkeys("abcf", "noise"),
        "d": "behaviour",
    }
    # Tasks that are handed over in lists are beside each other too.
    plan = ftn.plan([one.to_flyte_idl() for one in new], [one.to_flyte_idl() for one in old])
    assert {entry.name for entry in plan.changed if entry.diff} == {"d"}
    assert not ftn.history([old["a"], new["a"]]).diff(0, 1)


def test_tasks_still_belong_to_their_release_in_a_part_of_a_collection() -> None:
    both = release({"a": "x/a:1", "b": "x/b:1", "c": "x/c:1"}, "r1s") + release({"a": "x/a:2", "b": "x/b:2"}, "r2s")
    old, new = both.versions("a")
    assert not ftn.diff(old, new)
    old, new = both.filter(lambda one: one.name == "a")
    assert not ftn.diff(old, new)
    assert ftn.diff(*(ftn.FlyteTask.from_flyte_idl(one.to_flyte_idl()) for one in (old, new)))


def test_an_image_that_all_share_is_no_release_where_it_is_a_runtime() -> None:
    """``python:3.9`` is one in every task, and another Python in each of them."""
    old, new = release(dict.fromkeys("abc", "python:3.9"), "s1"), release(dict.fromkeys("abc", "python:3.12"), "s2")
    assert [change.reason.partition(":")[0] for change in ftn.diff(old["a"], new["a"]).changes] == ["Python 3.9 → 3.12"]


def test_tasks_of_one_archive_are_beside_each_other(tmp_path: Path) -> None:
    """Without versions, it is the file that tells which tasks are of one release."""
    for place, tag in (("r1x", "1.1"), ("r2y", "1.2")):
        entries = [
            building.entry(f"{number}_{name}_1.pb", spec(name, f"x/{name}:{tag}").SerializeToString())
            for number, name in enumerate("abc")
        ]
        (tmp_path / f"{place}.tgz").write_bytes(building.tar(*entries))
    tasks = ftn.load(tmp_path)
    old, new = tasks.versions("a")
    assert not ftn.diff(old, new)
