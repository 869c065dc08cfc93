"""flytekit's own client and command line against an embedded Admin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import flytekit_module
from tests.embedded_admin.laboratory.running import Laboratory

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "EMBEDDED_ADMIN_SECRET"  # noqa: S105 - where it stands
SOURCE = '''
from typing import List
from flytekit import CronSchedule, LaunchPlan, task, workflow

@task(container_image="ghcr.io/acme/app:v1")
def slope(x: List[int], y: int = 3) -> float:
    """Tell the slope."""
    return 1.0

@task(container_image="ghcr.io/acme/app:v1")
def show(v: float) -> str:
    return str(v)

@workflow
def story(x: List[int]) -> str:
    return show(v=slope(x=x))

daily = LaunchPlan.get_or_create(
    story, name="daily", fixed_inputs={"x": [1, 2]}, schedule=CronSchedule(schedule="0 8 * * *")
)

@workflow
def outer() -> str:
    return daily()
'''


@pytest.fixture(scope="module", params=[False, True], ids=["open", "with tokens"])
def registered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Register a module with ``pyflyte register --copy none``; give the server and a configuration of it."""
    flytekit_module("flytekit")
    folder = tmp_path_factory.mktemp("flytekit")
    (folder / "shop").mkdir()
    (folder / "shop" / "story.py").write_text(SOURCE, encoding="utf-8")
    with Laboratory(auth=request.param) as admin:
        config = folder / "config.yaml"
        login = f"  authType: ClientSecret\n  clientId: flytepropeller\n  clientSecretEnvVar: {SECRET}\n"
        told = f"admin:\n  endpoint: dns:///{admin.endpoint}\n  insecure: true\n{login if request.param else ''}"
        config.write_text(told, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(SECRET, "foobar")
            register(folder, config)
            yield admin, config


def register(folder: Path, config: Path) -> None:
    pyflyte = Path(sys.executable).with_name("pyflyte")
    command = [str(pyflyte), "--config", str(config), "register", "--copy", "none", "--project", "flytesnacks"]
    command += ["--domain", "development", "--version", "v1", "--image", "ghcr.io/acme/app:v1", "shop"]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def remote(registered: tuple[Laboratory, Path]) -> Any:
    config = flytekit_module("flytekit.configuration").Config.auto(str(registered[1]))
    return flytekit_module("flytekit.remote").FlyteRemote(
        config, default_project="flytesnacks", default_domain="development"
    )


def test_pyflyte_registers_tasks_workflows_and_launch_plans(registered: tuple[Laboratory, Path]) -> None:
    admin = registered[0]
    traffic = [admin.calls[f"Create{kind}"] for kind in ("Task", "Workflow", "LaunchPlan")]
    # The first calls bring no token along, and are refused.
    assert [told.calls - told.refused for told in traffic] == [2, 2, 3]


def test_flyte_remote_fetches_what_was_registered(remote: Any) -> None:
    task = remote.fetch_task(name="shop.story.slope", version="v1")
    assert sorted(task.interface.inputs) == ["x", "y"]
    assert remote.fetch_task(name="shop.story.slope").id == task.id
    workflow = remote.fetch_workflow(name="shop.story.story", version="v1")
    assert [node.id for node in workflow.flyte_nodes] == ["n0", "n1"]
    assert remote.fetch_launch_plan(name="daily", version="v1").id.name == "daily"
    assert remote.fetch_workflow(name="shop.story.outer", version="v1").id.name == "shop.story.outer"


def test_flyte_remote_lists_what_was_registered(remote: Any) -> None:
    listed = remote.list_tasks_by_version(version="v1")
    assert sorted(task.id.name for task in listed) == ["shop.story.show", "shop.story.slope"]
    projects, token = remote.client.list_projects_paginated(limit=10)
    assert ([project.id for project in projects], token) == (["flyteexamples", "flytesnacks"], "")


def test_a_task_that_was_registered_before_is_noticed(remote: Any) -> None:
    exceptions = flytekit_module("flytekit.exceptions.user")
    theirs = flytekit_module("flytekit.models.task").TaskSpec
    spec = remote.client.get_task(remote.fetch_task(name="shop.story.show", version="v1").id)
    with pytest.raises(exceptions.FlyteEntityAlreadyExistsException):
        remote.client.create_task(spec.id, theirs(spec.closure.compiled_task.template))
    with pytest.raises(exceptions.FlyteEntityNotExistException):
        remote.fetch_task(name="nope", version="v1")


def test_flyte_remote_launches_a_task_that_never_runs(remote: Any) -> None:
    task = remote.fetch_task(name="shop.story.slope", version="v1")
    execution = remote.execute(task, inputs={"x": [1], "y": 2}, wait=False)
    assert remote.fetch_execution(name=execution.id.name).id == execution.id
    assert remote.recent_executions()[0].is_done is False
    synced = remote.sync(execution)
    assert (synced.is_done, synced.node_executions) == (False, {})
    assert (synced.inputs.get("x", list[int]), synced.inputs.get("y", int)) == ([1], 2)
