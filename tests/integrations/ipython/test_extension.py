"""The extension in a real IPython shell: what it shows, what it adds, and that nothing is left of it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from tests.command_line.terminals import NEW, OLD, environment
from tests.conftest import ROOT, flytekit_module

if TYPE_CHECKING:
    from collections.abc import Iterator

interactiveshell = pytest.importorskip("IPython.core.interactiveshell")
TASK = "shops.training.train_global_model"


@pytest.fixture
def shell() -> Iterator[Any]:
    interactiveshell.InteractiveShell.clear_instance()
    made = interactiveshell.InteractiveShell.instance()
    # Every format, as a notebook asks for them.
    made.display_formatter.active_types = made.display_formatter.format_types
    made.run_line_magic("load_ext", "flytetask_nb")
    yield made
    interactiveshell.InteractiveShell.clear_instance()


def shown(shell: Any, value: object) -> dict[str, str]:
    bundle: dict[str, str] = shell.display_formatter.format(value)[0]
    return bundle


def messages() -> dict[str, Any]:
    from flyteidl.admin import task_pb2, workflow_pb2  # noqa: PLC0415
    from flyteidl.core import compiler_pb2, workflow_closure_pb2  # noqa: PLC0415

    spec = ftn.load(NEW)[TASK].to_flyte_idl()
    workflow = ftn.load_workflows(NEW)[0]._message
    template = spec.template
    compiled = compiler_pb2.CompiledTask(template=template)
    task = task_pb2.Task(id=template.id, closure=task_pb2.TaskClosure(compiled_task=compiled))
    return {
        "TaskTemplate": template,
        "TaskSpec": spec,
        "Task": task,
        "TaskClosure": task.closure,
        "TaskList": task_pb2.TaskList(tasks=[task]),
        "TypedInterface": template.interface,
        "Variable": template.interface.inputs.variables["config"],
        "LiteralType": template.interface.inputs.variables["config"].type,
        "Resources": template.container.resources,
        "Container": template.container,
        "TaskMetadata": template.metadata,
        "Identifier": template.id,
        "SecurityContext": template.security_context,
        "WorkflowSpec": workflow
        if isinstance(workflow, workflow_pb2.WorkflowSpec)
        else workflow_pb2.WorkflowSpec(template=workflow.template),
        "WorkflowClosure": workflow_closure_pb2.WorkflowClosure(workflow=workflow.template, tasks=[template]),
    }


@pytest.mark.parametrize("name", sorted(messages()))
def test_messages_are_shown_and_then_as_before(shell: Any, name: str) -> None:
    message = messages()[name]
    bundle = shown(shell, message)
    assert 'class="ftn' in bundle["text/html"]
    shell.run_line_magic("unload_ext", "flytetask_nb")
    assert "text/html" not in shown(shell, message)
    shell.run_line_magic("load_ext", "flytetask_nb")
    assert shown(shell, message) == bundle


def test_secrets_of_messages_are_masked(shell: Any) -> None:
    message = messages()["TaskTemplate"]
    message.container.env.add(key="DB_PASSWORD", value="correct-horse")
    assert "correct-horse" not in str(shown(shell, message))


def test_flytekits_objects_are_shown(shell: Any) -> None:
    flytekit = flytekit_module("flytekit")

    @flytekit.task
    def double(a: int) -> int:
        return 2 * a

    assert "double" in shown(shell, double)["text/html"]
    model = ftn.load(NEW)[TASK].interface
    from flytekit.models.interface import TypedInterface  # noqa: PLC0415

    assert "config" in shown(shell, TypedInterface.from_flyte_idl(model.to_flyte_idl()))["text/html"]


def test_what_cannot_be_shown_is_left_to_ipython(shell: Any) -> None:
    assert shown(shell, 3) == {"text/plain": "3"}


def test_loading_imports_nothing_that_is_not_there() -> None:
    script = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance();"
        "s.run_line_magic('load_ext', 'flytetask_nb');"
        "sys.exit(str({'flytekit', 'pandas', 'grpc'} & sys.modules.keys() or ''))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert finished.stderr.strip() == ""


def test_magics_take_names_and_sources(shell: Any) -> None:
    shell.user_ns.update(old=ftn.load(OLD), new=ftn.load(NEW))
    by_name = shell.run_line_magic("flyte_diff", f"old new {TASK}")
    assert by_name.summary == shell.run_line_magic("flyte_diff", f"'{OLD}' '{NEW}' {TASK}").summary
    assert shell.run_line_magic("flyte_diff", "old new") == shell.run_line_magic("flyte_plan", f"new '{OLD}'")
    shell.user_ns.update(a=ftn.load(OLD)[TASK], b=ftn.load(NEW)[TASK])
    assert shell.run_line_magic("flyte_diff", "a b").summary == by_name.summary


@pytest.mark.parametrize("line", ["", "old", "nothing.tgz nothing.tgz", "a b c d"])
def test_a_wrong_line_says_so(shell: Any, line: str) -> None:
    from IPython.core.error import UsageError  # noqa: PLC0415

    with pytest.raises(UsageError):
        shell.run_line_magic("flyte_diff", line)


def test_a_cell_that_defines_tasks_is_checked(shell: Any) -> None:
    flytekit_module("flytekit")
    cell = "from flytekit import task\n\n@task\ndef f(a: int) -> int:\n    return a\n"
    assert shell.run_cell_magic("flyte_check", "", cell).would_register
    both = (
        cell
        + "\n@task(requests=__import__('flytekit').Resources(cpu='2'), limits=__import__('flytekit').Resources(cpu='1'))\ndef g() -> int:\n    return 1\n"
    )
    findings = shell.run_cell_magic("flyte_check", "", both)
    assert [one.would_register for one in findings] == [False, True]


def test_nothing_is_left(shell: Any) -> None:
    shell.run_line_magic("unload_ext", "flytetask_nb")
    magics = shell.magics_manager.magics
    assert not [name for kind in magics.values() for name in kind if name.startswith("flyte_")]
    formatter = shell.display_formatter.mimebundle_formatter
    assert not [place for place in formatter.deferred_printers if place[0].startswith(("flyteidl", "flytekit"))]
