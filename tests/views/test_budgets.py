"""However full an object is everywhere at once, no format of it is longer than the limit, and nothing vanishes unsaid."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2, workflow_pb2
from flyteidl.core import tasks_pb2, types_pb2

import flytetask_nb as ftn
from flytetask_nb.views import LIMIT, describe, document, html
from flytetask_nb.views.document import LOOKED_AT, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

# Each of them takes many bytes in some format.
TEXTS = {
    "plain": "word",
    "markup": "<&\"'>",
    "invisible": "\u202e\x00\x1b",
    "wide": "🦉e\u0301",
    "formulas": "$\\|`",
}
TARGETS = ("container", "k8s_pod", "sql")
# No list of a view is as long: more of everything makes no page longer, and each test take its time.
MANY = 60
FEW = 20


def full_task(text: str, target: str, version: str = "v1", many: int = MANY) -> task_pb2.TaskSpec:
    """Return a task in which every part that can repeat does, with long names and values."""
    spec = task_pb2.TaskSpec()
    template = spec.template
    long = f"{text * 40} {version} "
    names = [f"{text * 3}_{number}_{text * 8}" for number in range(many)]
    template.id.name, template.id.version, template.type = long, version, long
    template.id.project = template.id.domain = template.id.org = long
    for name in names:
        for side in (template.interface.inputs, template.interface.outputs):
            variable = side.variables[name]
            variable.description = long
            columns = variable.type.structured_dataset_type.columns
            for number in range(5):
                column = columns.add(name=f"{name}{number}")
                column.literal_type.enum_type.values.extend([long, version])
        template.config[name] = long
        template.metadata.tags[name] = long
        template.security_context.secrets.add(group=name, key=name, group_version=version)
        template.security_context.tokens.add(name=name).client.client_id = name
    template.custom.update({name: {"inner": long, "list": [version] * 5} for name in names[:80]})
    template.metadata.discovery_version = template.metadata.deprecated_error_message = long
    template.metadata.cache_ignore_input_vars.extend(names)
    template.metadata.pod_template_name = long
    template.metadata.timeout.seconds = 10**9
    template.metadata.runtime.version = template.metadata.runtime.flavor = long
    template.extended_resources.gpu_accelerator.device = long
    template.extended_resources.gpu_accelerator.partition_size = long
    template.extended_resources.shared_memory.mount_path = long
    template.security_context.run_as.iam_role = template.security_context.run_as.k8s_service_account = long
    spec.description.short_description = spec.description.long_description.value = long * 50
    spec.description.source_code.link = f"https://example.com/{long}"
    TARGET_FILLERS[target](template, names, long)
    return spec


def _fill_container(template: Any, names: list[str], long: str) -> None:
    container = template.container
    container.image = long
    container.command.extend(names)
    container.args.extend([f"--{name}={long}" for name in names])
    container.data_config.input_path = container.data_config.output_path = long
    for number, name in enumerate(names):
        container.env.add(key=name, value=long)
        container.ports.add(container_port=number, name=name)
        container.resources.requests.add(name=number % 6, value=f"{number}Mi")
        container.resources.limits.add(name=number + 10, value=long)
        container.config.add(key=name, value=long)


def _fill_pod(template: Any, names: list[str], long: str) -> None:
    pod = template.k8s_pod
    pod.primary_container_name = names[0]
    for name in names:
        pod.metadata.labels[name] = pod.metadata.annotations[name] = long
    pod.pod_spec.update(
        {
            "containers": [
                {
                    "name": name,
                    "image": long,
                    "args": names[:40],
                    "env": [{"name": other, "value": long} for other in names[:40]],
                    "resources": {"requests": dict.fromkeys(names[:40], "1Mi"), "limits": {"cpu": long}},
                }
                for name in names[:40]
            ],
            "volumes": [{"name": name, "emptyDir": {"medium": long}} for name in names[:60]],
            "tolerations": [{"key": name, "value": long} for name in names[:60]],
            **dict.fromkeys(names[:60], long),
        }
    )


def _fill_sql(template: Any, names: list[str], long: str) -> None:
    template.sql.statement = "\n".join(f"SELECT '{long}' AS {name}" for name in names)
    template.sql.dialect = tasks_pb2.Sql.HIVE


TARGET_FILLERS: dict[str, Callable[[Any, list[str], str], None]] = {
    "container": _fill_container,
    "k8s_pod": _fill_pod,
    "sql": _fill_sql,
}


def full_workflow(text: str) -> workflow_pb2.WorkflowSpec:
    """Return a workflow of very many nodes."""
    spec = workflow_pb2.WorkflowSpec()
    spec.template.id.name = text * 50
    for number in range(3_000):
        node = spec.template.nodes.add(id=f"{text}{number}")
        node.metadata.name = text * 20
        node.task_node.reference_id.name = f"{text * 20}{number}"
        spec.template.interface.inputs.variables[f"{text}{number}"].type.simple = types_pb2.STRING
    return spec


def lengths(value: Any) -> dict[str, int]:
    """Return the bytes that an object takes in each format."""
    bundle = value._repr_mimebundle_()
    shown = {"html": bundle["text/html"], "text": bundle["text/plain"], "markdown": value.to_markdown()}
    return {name: len(text.encode("utf-8", "backslashreplace")) for name, text in shown.items()}


def is_within(value: Any) -> bool:
    return all(length <= LIMIT for length in lengths(value).values())


every_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
every_target = pytest.mark.parametrize("target", TARGETS)


@every_text
@every_target
def test_a_task_that_is_full_everywhere(text: str, target: str) -> None:
    task = ftn.FlyteTask.from_flyte_idl(full_task(text, target))
    assert is_within(task)
    assert is_within(task.template)


@every_target
def test_no_section_vanishes(target: str) -> None:
    """What is cut says how much of it is left."""
    task = ftn.FlyteTask.from_flyte_idl(full_task("word", target))
    for shown in (task.to_html(), task.to_text(), task.to_markdown()):
        for section in describe(task).sections:
            assert section.title in shown
        assert len(re.findall(r"… [\d,]+ more", shown)) >= 6


@every_text
def test_every_part_of_it(text: str) -> None:
    task = ftn.FlyteTask.from_flyte_idl(full_task(text, "container"))
    parts: list[Any] = [task.id, task.interface, task.metadata, task.container, task.security_context, task.docs]
    parts += [task.extended_resources, next(iter(task.interface.inputs.values())), task.metadata.runtime]
    assert all(map(is_within, parts))


@every_target
@pytest.mark.parametrize("text", [TEXTS["plain"], TEXTS["formulas"]])
def test_what_changed_between_two_of_them(text: str, target: str) -> None:
    old, new = full_task(text, target, many=FEW), full_task(text[::-1] + text, target, "v2", many=FEW)
    assert is_within(ftn.diff(old, new))
    assert is_within(ftn.compatibility(old, new))
    assert is_within(ftn.plan([new], [old]))
    new.template.id.name = old.template.id.name
    assert is_within(ftn.history([old, new]))


@pytest.mark.parametrize("text", [TEXTS["plain"], TEXTS["formulas"]])
@pytest.mark.parametrize("number", [2, 4])
def test_some_of_them_beside_each_other(text: str, number: int) -> None:
    tasks = [full_task(text * (1 + column % 2), "container", f"v{column}", many=FEW) for column in range(number)]
    beside = ftn.compare(tasks)
    assert is_within(beside)
    assert re.search(r"… [\d,]+ more", beside.to_html())


@every_text
def test_what_a_check_finds(text: str) -> None:
    assert is_within(ftn.check(full_task(text, "container", many=FEW)))


@every_text
def test_a_workflow_and_whom_a_change_breaks(text: str) -> None:
    spec = full_workflow(text)
    assert is_within(ftn.models.Workflow.from_flyte_idl(spec))
    assert is_within(ftn.callers([spec], [full_task(text, "container")]))


@every_text
def test_a_collection_of_many(text: str) -> None:
    spec = task_pb2.TaskSpec()
    spec.template.id.name = spec.template.type = text * 100
    tasks = ftn.TaskCollection([spec.SerializeToString()] * 10_000)
    assert is_within(tasks)
    with ftn.set_options(max_rows=2_000):
        assert is_within(tasks)


def test_what_is_cut_is_cut_before_it_is_measured_or_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name and a reason of a hundred thousand characters cost no more than their beginning."""
    long = "<\x1b https://u@h/x?a=1&" * 5_000
    looked_at: list[int] = []

    def measured(usual: Callable[[str], Any]) -> Callable[[str], Any]:
        return lambda given: looked_at.append(len(given)) or usual(given)  # type: ignore[func-returns-value]

    monkeypatch.setattr(document, "visible", measured(document.visible))
    monkeypatch.setattr(document, "mask_text", measured(document.mask_text))
    specs = [full_task("a", "container", version, many=1) for version in ("v1", "v2")]
    for number, spec in enumerate(specs):
        spec.template.id.name = long
        spec.template.id.version = f"{long}{number}"
        spec.template.container.image = f"{long}{number}"
    tasks = ftn.TaskCollection(specs, failures=[ftn.Failure(long, long, long)])
    for value in (tasks, tasks[0], ftn.diff(*specs), ftn.history(specs), ftn.check(specs[0])):
        assert len(value.to_html()) <= LIMIT
    assert max(looked_at) <= 2 * LOOKED_AT


def test_an_ordinary_task_keeps_its_budgets(example: ftn.TaskCollection) -> None:
    """A budget that is cut for a crowded task would cut a value that a reader wants to see."""
    for task in example.latest():
        with scaled(1.0):
            usual = html.render(describe(task))
        assert task.to_html() == usual
