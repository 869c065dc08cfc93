"""Tasks that are not registered yet, completed with what only registration can know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from flytetask_nb.models import FlyteTask
from flytetask_nb.models.identifiers import PLACEHOLDERS
from flytetask_nb.models.origins import Origin
from flytetask_nb.semantics.drafts import completed, registrable, renamed
from tests.generated import task_specs
from tests.sources.building import spec

RUNS = ["pyflyte-execute", "--inputs", "{{.input}}", "--resolver", "r", "--"]
FAST = ["pyflyte-fast-execute", "--additional-distribution", "s3://b/x.tgz", "--dest-dir", "/root", "--"]
IMAGE = "{{ registration.image }}:{{ registration.tag }}"


def task(name: str = "shop.train", image: str = "shop:7", *, args: tuple[str, ...] = (), **env: str) -> Any:
    made = spec(name, "v7")
    made.template.id.project, made.template.id.domain = "shop", "production"
    made.template.container.image = image
    made.template.container.args[:] = args
    for key, value in env.items():
        made.template.container.env.add(key=key, value=value)
    return made


def draft(*arguments: Any, **more: Any) -> Any:
    made = task(*arguments, **more)
    for part in ("project", "domain", "version"):
        setattr(made.template.id, part, PLACEHOLDERS[part])
    return made


def of(message: Any, *, is_draft: bool = True) -> FlyteTask:
    return FlyteTask._own(message, Origin(is_draft=is_draft))


@pytest.mark.parametrize(
    ("image", "other", "expected"),
    [
        (IMAGE, "shop:7", "shop:7"),
        (IMAGE, "shop@sha256:ab", "shop@sha256:ab"),
        ("acme/app:{{ registration.tag }}", "acme/app:7", "acme/app:7"),
        ("acme/app:{{ registration.tag }}", "acme/other:7", "acme/app:{{ registration.tag }}"),
        ("shop:8", "shop:7", "shop:8"),
    ],
)
def test_images(image: str, other: str, expected: str) -> None:
    message, paths = completed(draft(image=image), task(image=other))
    assert message.template.container.image == expected
    assert ("container.image" in paths) is (image != expected)


@pytest.mark.parametrize("launcher", [(), FAST])
@pytest.mark.parametrize("other", [(), FAST])
def test_code_bundles(launcher: list[str], other: list[str]) -> None:
    loader = ["task-module", "shop", "task-name", "train"]
    message, _ = completed(draft(args=(*launcher, *RUNS, *loader)), task(args=(*other, *RUNS, *loader)))
    assert list(message.template.container.args) == [*other, *RUNS, *loader]


def test_a_function_without_a_module() -> None:
    mine = draft("train", args=(*RUNS, "task-module", "", "task-name", "train"))
    theirs = task(args=(*RUNS, "task-module", "shop", "task-name", "train"))
    message, paths = completed(mine, theirs)
    assert message.template.id.name == "shop.train"
    assert message.template.container.args == theirs.template.container.args
    assert paths == ("id.project", "id.domain", "id.version", "id.name", "container.args")
    # Another function is another function.
    other = task("shop.score", args=(*RUNS, "task-module", "shop", "task-name", "score"))
    assert completed(mine, other)[0].template.id.name == "train"


def test_a_command_of_ones_own_stays() -> None:
    message, _ = completed(draft(args=("echo", "x")), task(args=(*FAST, *RUNS)))
    assert list(message.template.container.args) == ["echo", "x"]


def test_variables() -> None:
    mine = draft(MODE="fast", IMAGE=IMAGE, _F_SS_C="mine")
    message, paths = completed(mine, task(MODE="slow", IMAGE="shop:7", _F_SS_C="theirs", MORE="x"))
    assert {pair.key: pair.value for pair in message.template.container.env} == {
        "MODE": "fast",
        "IMAGE": "shop:7",
        "_F_SS_C": "theirs",
    }
    assert {"container.env.IMAGE", "container.env._F_SS_C"} <= set(paths)


def test_pods() -> None:
    def pod(image: str, *launcher: str) -> Any:
        made = draft() if image == IMAGE else task()
        containers = [{"name": "main", "image": image, "args": [*launcher, *RUNS]}, {"name": "side", "image": "side:1"}]
        made.template.k8s_pod.pod_spec.update({"containers": containers})
        return made

    message, paths = completed(pod(IMAGE), pod("shop:7", *FAST))
    assert message.template.k8s_pod == pod("shop:7", *FAST).template.k8s_pod
    assert {"k8s_pod.pod_spec.containers[0].image", "k8s_pod.pod_spec.containers[0].args"} <= set(paths)


def test_names_are_taken_where_they_leave_no_doubt() -> None:
    registered = [of(task("shop.train"), is_draft=False), of(task("other.score"), is_draft=False)]
    args = (*RUNS, "task-module", "")
    names = ("train", "score", "lost", "else.train")
    given = [*(of(draft(name, args=args)) for name in names), of(draft("train")), registered[0]]
    assert [one.name for one in renamed(given, registered)] == [
        "shop.train",
        "other.score",
        "lost",
        "else.train",
        # That of a container task is what its author wrote.
        "train",
        "shop.train",
    ]
    twice = [*registered, of(task("more.train"), is_draft=False)]
    assert renamed(given, twice)[0].name == "train"


def test_an_example_of_what_is_not_known() -> None:
    message = registrable(of(draft(image=IMAGE)))
    assert "{{" not in str(message.template.id)
    assert message.template.container.image == "registry/image:tag"


@given(task_specs(), task_specs())
def test_any_two_tasks_can_be_compared(mine: Any, theirs: Any) -> None:
    before = mine.SerializeToString(deterministic=True), theirs.SerializeToString(deterministic=True)
    message, _ = completed(mine, theirs)
    assert (mine.SerializeToString(deterministic=True), theirs.SerializeToString(deterministic=True)) == before
    again, paths = completed(message, theirs)
    assert again == message
    assert not [path for path in paths if not path.startswith("id.")]


@given(task_specs())
def test_what_has_no_placeholder_is_left_alone(mine: Any) -> None:
    assert completed(mine, mine)[0] == mine
