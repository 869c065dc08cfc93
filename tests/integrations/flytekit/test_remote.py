"""flytekit's own client against an embedded Admin: our tasks in its calls, its tasks in ours."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from tests.conftest import flytekit_module
from tests.embedded_admin.laboratory.running import Laboratory
from tests.integrations.flytekit.entities import INT, INTS, TEXT, Ours, template

if TYPE_CHECKING:
    from collections.abc import Iterator

flytekit: Any = flytekit_module("flytekit")

from flytekit import task, workflow  # noqa: E402 - skipped where there is none
from flytekit.configuration import Config, ImageConfig, SerializationSettings  # noqa: E402
from flytekit.remote import FlyteRemote  # noqa: E402
from flytekit.remote.remote import RegistrationSkipped  # noqa: E402

PLACE = ("flytesnacks", "development")
SOURCE = '''
from flytekit import task, workflow

@task(cache=True, cache_version="1")
def slope(x: list[int], y: int = 3) -> float:
    """Tell the slope."""
    return 1.0

@workflow
def story(x: list[int]) -> float:
    return slope(x=x)
'''


@task
def prepare(a: int) -> int:
    return a


@pytest.fixture(scope="module")
def admin() -> Iterator[Laboratory]:
    with Laboratory() as running:
        yield running


@pytest.fixture
def remote(admin: Laboratory, tmp_path: Path) -> Any:
    config = tmp_path / "config.yaml"
    config.write_text(f"admin:\n  endpoint: dns:///{admin.endpoint}\n  insecure: true\n", encoding="utf-8")
    return FlyteRemote(Config.auto(str(config)), default_project=PLACE[0], default_domain=PLACE[1])


@pytest.fixture(scope="module")
def fetched(admin: Laboratory) -> ftn.FlyteTask:
    message = template({"a": INT, "l": INTS, "t": TEXT}, {"o0": INT})
    admin.load(ftn.TaskCollection([Ours()(message).replace(project=PLACE[0], domain=PLACE[1])]))
    return ftn.connect(admin.endpoint, insecure=True).fetch_task(*PLACE, "shop.train", "v7")


def settings(version: str) -> Any:
    return SerializationSettings(ImageConfig.auto(img_name="app:1"), *PLACE, version)


def test_our_tasks_are_launched(remote: Any, fetched: ftn.FlyteTask) -> None:
    execution = remote.execute(fetched, inputs={"a": 1, "l": [1, 2], "t": "x"}, wait=False)
    synced = remote.sync(execution)
    assert (synced.inputs.get("a", int), synced.inputs.get("l", list[int])) == (1, [1, 2])
    assert synced.spec.launch_plan == fetched.id


def test_what_does_not_fit_is_refused_as_flytekit_does(remote: Any, fetched: ftn.FlyteTask) -> None:
    theirs = remote.fetch_task(name="shop.train", version="v7")
    for inputs in ({"b": 1}, {"a": "x"}):
        errors = []
        for one in (theirs, fetched):
            with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever flytekit raises
                remote.execute(one, inputs=inputs, wait=False)
            errors.append(caught.value)
        assert type(errors[0]) is type(errors[1])


def test_fetched_tasks_go_straight_into_our_functions(remote: Any, fetched: ftn.FlyteTask) -> None:
    theirs = remote.fetch_task(name="shop.train", version="v7")
    assert not ftn.diff(theirs, fetched)
    assert ftn.TaskCollection([theirs, remote.fetch_task_lazy(name="shop.train", version="v7")]).names == ["shop.train"]
    assert ftn.check(theirs).would_register
    assert ftn.tabulate([theirs])["name"].tolist() == ["shop.train"]
    assert ftn.from_flytekit(theirs).id == fetched.id
    assert ftn.FlyteTask.promote_from_model(theirs).id == fetched.id


def test_a_workflow_with_our_tasks_is_registered(admin: Laboratory, remote: Any, fetched: ftn.FlyteTask) -> None:
    @workflow
    def wf(a: int) -> int:
        return fetched(a=prepare(a=a), l=[a], t="x")

    before = admin.calls["CreateTask"].calls
    remote.register_workflow(wf, settings("v1"), default_launch_plan=False)
    # The fetched one is there already.
    assert admin.calls["CreateTask"].calls == before + 1
    registered = remote.fetch_workflow(name=wf.name, version="v1")
    assert [node.task_node.reference_id.name for node in registered.flyte_nodes] == [prepare.name, "shop.train"]


def test_our_tasks_are_registered_by_its_client(remote: Any, fetched: ftn.FlyteTask) -> None:
    moved = fetched.replace(version="v8", should_register=True)
    remote.raw_register(moved, settings("v8"), version="v8")
    assert remote.fetch_task(name="shop.train", version="v8").id.version == "v8"
    remote.raw_register(moved.to_flytekit(), settings("v8"), version="v8")
    with pytest.raises(RegistrationSkipped):
        remote.raw_register(fetched, settings("v9"), version="v9")


@pytest.fixture(scope="module")
def registered(admin: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Register a module in the default, fast form."""
    folder = tmp_path_factory.mktemp("fast")
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "shop" / "story.py").write_text(SOURCE, encoding="utf-8")
    config = folder / "config.yaml"
    config.write_text(f"admin:\n  endpoint: dns:///{admin.endpoint}\n  insecure: true\n", encoding="utf-8")
    pyflyte = Path(sys.executable).with_name("pyflyte")
    command = [str(pyflyte), "--config", str(config), "register", "--project", PLACE[0], "--domain", PLACE[1]]
    command += ["--version", "v1", "--image", "ghcr.io/acme/app:v1", "shop"]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_pyflyte_registers_in_its_fast_form(admin: Laboratory, registered: Path) -> None:
    del registered
    task = ftn.connect(admin.endpoint, insecure=True).fetch_task(*PLACE, "shop.story.slope", "v1")
    arguments = task.container.args
    assert arguments[0] == "pyflyte-fast-execute"
    location = arguments[arguments.index("--additional-distribution") + 1]
    with tarfile.open(fileobj=io.BytesIO(admin.admin.uploads[location])) as archive:
        assert "shop/story.py" in archive.getnames()


def test_what_was_just_edited_beside_what_is_registered(
    admin: Laboratory, registered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(registered))
    import shop.story  # noqa: PLC0415 - written by the fixture

    connected = ftn.connect(admin.endpoint, insecure=True)
    task = connected.fetch_task(*PLACE, "shop.story.slope", "v1")
    diff = ftn.diff(task, shop.story.slope)
    assert (diff.changes, diff.noise) == ((), ())
    assert {"container.image", "container.args", "id.version"} <= set(diff.unregistered)
    statuses = {
        entry.name: entry.status for entry in ftn.plan(shop.story, against=connected) if entry.status != "missing"
    }
    assert statuses == {"shop.story.slope": "identical"}
