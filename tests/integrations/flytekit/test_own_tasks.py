"""flytekit's own tasks, workflows and modules in every function that takes tasks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from flytetask_nb.errors import ModelTypeError, ModelValueError, OptionError
from flytetask_nb.models import FlyteTask
from tests.conftest import ROOT, flytekit_module
from tests.integrations.flytekit.entities import serialized, settings

if TYPE_CHECKING:
    from pathlib import Path

flytekit: Any = flytekit_module("flytekit")
flytekit_module("kubernetes")

from flytekit import task, workflow  # noqa: E402 - skipped where there is none

from tests.integrations.flytekit import own_tasks  # noqa: E402

TASKS = "train with_tag with_image with_specification in_a_pod many eager mapped shell plugin".split()
NAME = own_tasks.__name__
KNOWN = {"project": "shop", "domain": "production", "version": "v7", "image": "ghcr.io/acme/shop:v7"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("FLYTE_DEFAULT_PROJECT", "FLYTE_DEFAULT_DOMAIN", "FLYTE_INTERNAL_IMAGE"):
        monkeypatch.delenv(variable, raising=False)


def own(name: str, **known: Any) -> FlyteTask:
    made = ftn.from_flytekit(getattr(own_tasks, name), **known)
    assert isinstance(made, FlyteTask)
    return made


def registered(name: str = "train", **known: Any) -> FlyteTask:
    """Return a task as Admin would give it back: what it is, and nothing of where it comes from."""
    return FlyteTask.from_bytes(own(name, **(KNOWN | known)).serialize_to_string())


# Of a specification flytekit itself would build the image.
@pytest.mark.parametrize("name", [name for name in TASKS if name != "with_specification"])
def test_it_is_what_flytekit_serializes(name: str) -> None:
    mine = own(name, settings=settings())
    kind, data = next(one for one in reversed(serialized(getattr(own_tasks, name))) if one[0].endswith("TaskSpec"))
    assert kind == "flyteidl.admin.TaskSpec"
    if name not in {"many", "eager"}:  # the settings of these are compressed into a variable
        assert mine.serialize_to_string() == data
    assert mine.is_draft
    assert mine.python_interface is getattr(own_tasks, name).python_interface


def test_a_reference_says_its_interface_and_nothing_else() -> None:
    mine = own("reference")
    assert str(mine.id) == "TASK:shop:production:shop.reference:v1"
    fetched = registered("with_image").replace(project="shop", name="shop.reference", version="v1")
    assert not ftn.diff(mine, fetched)
    assert ftn.diff(mine, registered("train").replace(name="shop.reference", version="v1"))


def test_images() -> None:
    assert own("with_image").container.image == "ghcr.io/acme/app:v3"
    assert own("with_tag").container.image == "ghcr.io/acme/app:{{ registration.tag }}"
    assert own("with_tag", image="shop:v9").container.image == "ghcr.io/acme/app:v9"
    assert own("train", image="shop:v9").container.image == "shop:v9"
    assert own("train", image="shop").container.image == "shop:{{ registration.tag }}"
    name = own_tasks.with_specification.container_image.image_name()
    assert own("with_specification").container.image == name
    assert name.startswith("ghcr.io/acme/spec:")


def test_workflows_launch_plans_and_modules() -> None:
    used = [f"{NAME}.train", "shop.reference", "shell", f"{NAME}.with_image"]
    for holder in (own_tasks.flow, own_tasks.plan):
        tasks = ftn.from_flytekit(holder)
        assert isinstance(tasks, ftn.TaskCollection)
        assert [one.name for one in tasks][:-1] == used
        assert "map_with_specification" in tasks[-1].name
    names = ftn.from_flytekit(own_tasks).names
    assert {f"{NAME}.{name}" for name in TASKS if name not in {"mapped", "shell", "plugin"}} <= set(names)
    assert {"shell", "plugin.query"} <= set(names)
    # It is not registered from here.
    assert "shop.reference" not in names
    assert sum("map_with" in name for name in names) == 2


def test_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All modules of it, and what they take from others, as pyflyte finds them."""
    package = tmp_path / "parcels"
    (package / "inner").mkdir(parents=True)
    head = "from flytekit import task, workflow\n"
    (package / "__init__.py").write_text("")
    (package / "inner" / "__init__.py").write_text("")
    (package / "first.py").write_text(f"{head}@task\ndef one(x: int) -> int:\n    return x\n")
    (package / "inner" / "second.py").write_text(f"{head}@task\ndef two(x: int) -> int:\n    return x\n")
    (tmp_path / "elsewhere.py").write_text(
        f"{head}@task\ndef three(x: int) -> int:\n    return x\n@task\ndef four(x: int) -> int:\n    return x\n"
    )
    (package / "third.py").write_text(
        f"{head}import elsewhere\nfrom parcels.first import one\nfrom elsewhere import three\n"
        "@workflow\ndef wf(x: int) -> int:\n    return three(x=elsewhere.four(x=one(x=x)))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import parcels  # noqa: PLC0415 - written above

    names = [name.rpartition(".")[2] for name in ftn.from_flytekit(parcels).names]
    assert sorted(names) == ["four", "one", "three", "two"]
    (package / "broken.py").write_text("import nowhere_to_be_seen\n")
    with pytest.raises(ModelValueError, match=r"module parcels\.broken cannot be imported: ModuleNotFoundError"):
        ftn.from_flytekit(parcels)


# -- settings --------------------------------------------------------------------------------------------------------


def test_where_settings_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(**given: Any) -> tuple[str, str, str, str]:
        mine = own("train", **given)
        return mine.id.project, mine.id.domain, mine.id.version, mine.container.image

    parts = ("project", "domain", "version")
    unknown = tuple(f"{{{{ registration.{part} }}}}" for part in parts)
    assert told() == (*unknown, "{{ registration.image }}:{{ registration.tag }}")
    monkeypatch.setenv("FLYTE_DEFAULT_PROJECT", "env")
    monkeypatch.setenv("FLYTE_DEFAULT_DOMAIN", "env")
    monkeypatch.setenv("FLYTE_INTERNAL_IMAGE", "env:1")
    assert told() == ("env", "env", unknown[2], "env:1")
    with ftn.set_options(serialization={"project": "option", "version": "v1"}):
        assert told() == ("option", "env", "v1", "env:1")
        assert told(project="given", image="given:2") == ("given", "env", "v1", "given:2")
    with ftn.set_options(serialization=settings()):
        assert told() == ("here", "development", "v1", "app:1")
        assert told(settings={"version": "v2"}) == ("env", "env", "v2", "env:1")
    assert told(settings=settings(version="v3"), domain="d") == ("here", "d", "v3", "app:1")
    assert own("train", settings={"env": {"A": "1"}}).container.env == {"A": "1", "MODE": "fast"}
    with pytest.raises(OptionError, match="serialization"):
        ftn.set_options(serialization=3)
    with pytest.raises(ModelTypeError, match="SerializationSettings"):
        own("train", settings={"no such field": 1})


# -- in every function -----------------------------------------------------------------------------------------------


def test_a_diff_tells_what_was_edited_and_nothing_else() -> None:
    old = registered()
    for before, after in ((old, own_tasks.train), (own_tasks.train, old)):
        diff = ftn.diff(before, after)
        assert (diff.changes, diff.noise, diff.left_out) == ((), (), ())
        assert diff.unregistered == ("id.project", "id.domain", "id.version", "container.image")
        assert "not registered yet: id.project, id.domain, id.version, container.image" in diff.to_text()
    edited = old.replace(metadata=old.metadata.replace(discovery_version="0"))
    assert [change.path for change in ftn.diff(edited, own_tasks.train).changes] == ["metadata.discovery_version"]
    assert ftn.diff(old, own_tasks.train).cache.verdict == "unchanged"


@pytest.mark.parametrize("name", [name for name in TASKS if name not in {"shell", "plugin"}])
@pytest.mark.parametrize("is_fast", [False, True])
def test_what_only_registration_knows_is_no_change(name: str, *, is_fast: bool) -> None:
    fast = flytekit_module("flytekit.configuration").FastSerializationSettings(
        enabled=is_fast, distribution_location="s3://bucket/fast.tgz", destination_dir="/root"
    )
    old = registered(name, settings={"fast_serialization_settings": fast})
    diff = ftn.diff(old, getattr(own_tasks, name))
    assert (diff.changes, diff.noise) == ((), ())
    entries = ftn.plan([getattr(own_tasks, name)], [old])
    assert [entry.status for entry in entries] == ["identical"]


def test_what_is_said_is_compared() -> None:
    """An image, a name of an image, a module that are known are no placeholders."""
    old = registered("with_image")
    old = old.replace(container=old.container.replace(image="ghcr.io/acme/app:v2"))
    assert [
        change.path
        for change in ftn.diff(old, own_tasks.with_image).changes + ftn.diff(old, own_tasks.with_image).noise
    ]
    old = registered("with_tag")
    old = old.replace(container=old.container.replace(image="ghcr.io/acme/other:v2"))
    everything = ftn.diff(old, own_tasks.with_tag)
    assert "container.image" in {change.path for change in (*everything.changes, *everything.noise)}


def test_every_function_takes_them() -> None:
    old = registered()
    tasks = ftn.TaskCollection([own_tasks.train, own_tasks.flow, old])
    assert len(tasks) == 7
    assert ftn.TaskCollection(own_tasks.flow).names == ftn.from_flytekit(own_tasks.flow).names
    assert ftn.tabulate([own_tasks.train, own_tasks.flow])["name"].notna().all()
    assert len(ftn.tabulate(own_tasks.flow)) == 5
    assert ftn.history([old, own_tasks.train]).blame() is not None
    assert ftn.compatibility(own_tasks.train, old).verdict == "safe"
    assert ftn.semantics.cache_key(own_tasks.train).enabled
    assert ftn.semantics.structure_digest(own_tasks.train)
    assert ftn.semantics.compile_problems(own_tasks.flow, own_tasks.flow) == []
    report = ftn.callers([own_tasks.flow], own_tasks.flow)
    assert [caller.verdict for caller in report] == ["compiles"]
    assert ftn.panel(own_tasks.train).selection.task.name == f"{NAME}.train"
    assert repr(ftn.compare([old, own_tasks.train]))
    assert ftn.semantics.hydrate(own_tasks.train, project="p", domain="d", version="v").template.id.version == "v"


def test_a_check_is_of_what_the_task_says() -> None:
    for name in TASKS:
        findings = ftn.check(getattr(own_tasks, name))
        assert findings.would_register
        assert not [one for one in findings.warnings if one.rule in {"unfilled-placeholder", "unreadable-image"}]


def test_a_plan_of_a_module() -> None:
    old = [registered(name) for name in ("train", "with_image")]
    plan = ftn.plan(own_tasks, against=[*old, old[0].replace(name="shop.gone")])
    status = {entry.name.rpartition(".")[2]: entry.status for entry in plan}
    assert (status["train"], status["with_image"], status["many"], status["gone"]) == (
        "identical",
        "identical",
        "new",
        "missing",
    )


# -- notebooks and scripts -------------------------------------------------------------------------------------------


def of_a_notebook(task: FlyteTask) -> FlyteTask:
    """Return a draft as flytekit makes it of a function that has no module."""
    arguments = task.container.args
    arguments[arguments.index("task-module") + 1] = ""
    return task.replace(name=task.name.rpartition(".")[2], container=task.container.replace(args=arguments))


def test_a_task_of_a_notebook_is_matched_by_its_last_name() -> None:
    draft = of_a_notebook(own("train"))
    old = registered()
    diff = ftn.diff(old, draft)
    assert (diff.changes, diff.noise) == ((), ())
    assert {"id.name", "container.args"} <= set(diff.unregistered)
    assert [entry.status for entry in ftn.plan([draft], [old])] == ["identical"]
    assert len(ftn.history([old, draft])) == 2
    twice = [old, old.replace(name="other.train")]
    assert [entry.status for entry in ftn.plan([draft], twice)] == ["new", "missing", "missing"]


NOTEBOOK = """
import json
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
result = shell.run_cell('''
import flytekit
import flytetask_nb as ftn
@flytekit.task
def train(x: int) -> int:
    return x
mine = ftn.from_flytekit(train)
registered = ftn.FlyteTask.from_bytes(mine.serialize_to_string())
arguments = [one or "shop" for one in mine.container.args]
registered = registered.replace(
    name="shop.train", version="v1", container=mine.container.replace(args=arguments, image="shop:1")
)
''')
result.raise_error()
space = shell.user_ns
ftn = space["ftn"]
diff = ftn.diff(space["registered"], space["train"])
print(json.dumps([space["mine"].name, [str(one) for one in (*diff.changes, *diff.noise)], list(diff.unregistered)]))
"""


def test_a_real_cell_of_a_notebook() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    name, changes, paths = json.loads(done.stdout.splitlines()[-1])
    assert (name, changes) == ("train", [])
    assert {"id.name", "container.args", "container.image"} <= set(paths)


# -- what goes wrong -------------------------------------------------------------------------------------------------


def test_what_is_no_task_is_told() -> None:
    with pytest.raises(ModelTypeError, match="old is a PythonFunctionWorkflow of 5; expected one task"):
        ftn.diff(own_tasks.flow, own_tasks.train)
    with pytest.raises(ModelTypeError, match=r"old is the module .*ftn\.from_flytekit\(own_tasks\)"):
        ftn.diff(own_tasks, own_tasks.train)
    with pytest.raises(ModelTypeError, match="put flytekit's @task above it"):
        ftn.diff(own_tasks.train, lambda x: x)
    with pytest.raises(ModelTypeError, match="import it first"):
        ftn.from_flytekit("own_tasks")
    with pytest.raises(ModelTypeError, match="obj is 3 of type int"):
        ftn.from_flytekit(3)


def test_flytekits_errors_come_through_with_the_name() -> None:
    class Broken(own_tasks.Plugin):
        def get_custom(self, settings: object) -> dict[str, str]:
            raise ValueError(f"no connection for {settings.project}")  # type: ignore[attr-defined]

    broken = Broken("plugin.broken")
    with pytest.raises(
        ModelValueError, match=r"cannot serialize 'plugin\.broken': ValueError: no connection"
    ) as caught:
        ftn.from_flytekit(broken)
    assert isinstance(caught.value.__cause__, ValueError)


def test_nothing_of_the_users_is_changed() -> None:
    image = own_tasks.with_specification.container_image
    before = (image.source_root, image.source_copy_mode, image.id)
    own("with_specification")
    ftn.from_flytekit(own_tasks, image="x:1")
    assert (image.source_root, image.source_copy_mode, image.id) == before


def test_fetched_tasks_inside_a_workflow_of_ones_own() -> None:
    fetched = registered("with_image").replace(name="shop.fetched")

    @task
    def last(x: int) -> int:
        return x

    @workflow
    def wf(x: int) -> int:
        return last(x=fetched(x=x))

    tasks = ftn.from_flytekit(wf)
    assert [(one.name.rpartition(".")[2], one.is_draft) for one in tasks] == [("fetched", False), ("last", True)]


def test_a_module_without_tasks_holds_none() -> None:
    assert len(ftn.from_flytekit(ModuleType("empty"))) == 0
