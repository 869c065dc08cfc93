"""Tasks with something planted in every place that holds a text, and every output of everything public.

A test looks for what was planted. An output that is added later is looked at without a word: outputs are found by what
they are called, and texts by the descriptors of the messages.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from google.protobuf.struct_pb2 import Struct

import flytetask_nb as ftn
from flytetask_nb.semantics.descriptors import is_map, is_repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.message import Message

MARK = "hunter2"
# Recursive types end here; ids of other entities are looked at once.
_DEEPEST = 7
_FARTHEST = 3
_MOST_ITEMS = 40
_STRUCT = Struct.DESCRIPTOR.full_name


class Plants:
    """Numbered texts, and where each was planted.

    Parameters
    ----------
    make
        From a number, the text.
    """

    def __init__(self, make: Callable[[int], str]) -> None:
        self.make = make
        self.places: dict[int, str] = {}

    def at(self, place: str) -> str:
        """Return a text for a place, never the same twice."""
        number = len(self.places) + 100
        self.places[number] = place
        return self.make(number)

    def found_in(self, text: str) -> list[str]:
        """Return the places whose secret a text shows."""
        return sorted({self.places[int(number)] for number in re.findall(f"{MARK}x(\\d+)", text)})


def url(number: int) -> str:
    """Return a text that is secret wherever it stands."""
    return f"https://bob:{MARK}x{number}@host/x"


def token(number: int) -> str:
    """Return a token of a known service."""
    return f"ghp_{MARK}x{number}" + "aB3" * 12


def filled(message: Message, plants: Plants, place: str = "", depth: int = 0, choice: int = 0) -> None:
    """Fill every field of a message, of each oneof one."""
    taken: dict[str, str] = {}
    for field in message.DESCRIPTOR.fields:
        group = field.containing_oneof
        if group is not None:
            fields = group.fields
            chosen = taken.setdefault(group.name, fields[choice % len(fields)].name)
            if field.name != chosen:
                continue
        _fill(message, field, plants, f"{place}.{field.name}".strip("."), depth, choice)


def _fill(  # noqa: PLR0917 - what a walk carries along
    message: Any, field: Any, plants: Plants, place: str, depth: int, choice: int
) -> None:
    if is_map(field):
        value_field = field.message_type.fields_by_name["value"]
        key = "key"
        if value_field.message_type is None:
            getattr(message, field.name)[key] = plants.at(place) if value_field.type == value_field.TYPE_STRING else 1
        elif depth < _DEEPEST:
            filled(getattr(message, field.name)[key], plants, place, depth + 1, choice)
    elif field.message_type is not None:
        if field.message_type.full_name == _STRUCT:
            getattr(message, field.name).update({"a": plants.at(place), "b": [{"c": plants.at(place + "[]")}]})
        elif depth < _DEEPEST and field.message_type.full_name not in {
            "google.protobuf.Timestamp",
            "google.protobuf.Duration",
        }:
            value = getattr(message, field.name)
            inner = value.add() if is_repeated(field) else value
            inner.SetInParent()
            filled(inner, plants, place, depth + 1, choice)
    elif field.type == field.TYPE_STRING:
        text = plants.at(place)
        getattr(message, field.name).append(text) if is_repeated(field) else setattr(message, field.name, text)
    elif field.type == field.TYPE_BOOL and not is_repeated(field):
        setattr(message, field.name, True)


def by_key(plants: Plants) -> task_pb2.TaskSpec:
    """Return a task with secrets that only a key, or a word beside them, tells."""
    secret = plants.at
    spec = task_pb2.TaskSpec()
    template = spec.template
    template.id.name, template.type = "shop.leaky", "spark"
    container = template.container
    container.image = "ghcr.io/shop/app:1"
    container.command.append(f"--token={secret('first word of command')}")
    container.args.extend([f"PASSWORD={secret('first word of args')}", "--password", secret("flag"), "mysql"])
    container.args.extend([f"-p{secret('mysql')}", "curl", "-u", f"bob:{secret('curl')}"])
    container.env.add(key="DB_PASSWORD", value=secret("env"))
    container.config.add(key="client_secret", value=secret("config"))
    template.config["api_token"] = secret("task config")
    template.metadata.metadata.labels["auth-token"] = secret("label")
    template.metadata.metadata.annotations["password"] = secret("annotation")
    template.custom.update(
        {
            "db": {"credentials": {"u": secret("credentials")}},
            "sparkConf": {"spark.hadoop.fs.s3a.secret.key": secret("spark")},
            "args": ["--password", secret("list")],
            "password": [secret("list under a key")],
            "text": f"PASSWORD={secret('text in custom')}",
        }
    )
    spec.description.long_description.value = f"password={secret('description')}"
    template.interface.inputs.variables["x"].type.simple = 1
    template.interface.inputs.variables["x"].description = f"token={secret('input')}"
    template.metadata.deprecated_error_message = f"PASSWORD={secret('deprecated')}"
    template.metadata.discoverable = True
    template.metadata.discovery_version = f"password={secret('cache version')}"
    container.resources.requests.add(name=1, value=f"password={secret('resource')}")
    container.data_config.input_path = f"password={secret('data config')}"
    return spec


def by_key_in_pod(plants: Plants) -> task_pb2.TaskSpec:
    """Return a pod's task with such secrets."""
    secret = plants.at
    spec = task_pb2.TaskSpec()
    template = spec.template
    template.id.name, template.type = "shop.leaky_pod", "sidecar"
    template.k8s_pod.primary_container_name = "primary"
    template.k8s_pod.metadata.labels["token"] = secret("pod label")
    headers = [{"name": "Authorization", "value": secret("probe")}]

    def container(name: str) -> dict[str, Any]:
        return {
            "name": name,
            "image": "a:b",
            "command": [f"--token={secret(name + ' command')}"],
            "args": ["--password", secret(name + " args")],
            "env": [{"name": "PASSWORD", "value": secret(name + " env")}],
            "livenessProbe": {"httpGet": {"path": "/", "port": 1, "httpHeaders": headers}},
            "lifecycle": {"postStart": {"exec": {"command": ["x", "--token", secret(name + " hook")]}}},
        }

    template.k8s_pod.pod_spec.update(
        {
            "containers": [container("primary"), container("sidecar")],
            "initContainers": [container("init")],
            "volumes": [{"name": "v", "csi": {"driver": "x", "volumeAttributes": {"password": secret("volume")}}}],
        }
    )
    return spec


def by_key_in_sql(plants: Plants) -> task_pb2.TaskSpec:
    """Return a task of SQL with such secrets."""
    spec = task_pb2.TaskSpec()
    spec.template.id.name, spec.template.type = "shop.leaky_sql", "sql"
    spec.template.sql.statement = f"CREATE USER x IDENTIFIED BY '{plants.at('sql')}'"
    return spec


_SKIPPED = {"to_flyte_idl", "to_flytekit", "to_bytes"}
_OUTPUTS = frozenset(
    "matrix blame timeline duplicates stale_caches summary headlines noise_summary short_string".split()
)


def texts_of(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text that an object gives of itself, and what gave it."""
    name = name or type(value).__name__
    if type(value) in {str, dict, list, tuple}:
        # What a task holds, for code to read.
        return
    yield f"repr({name})", repr(value)
    yield f"str({name})", str(value)
    if isinstance(value, pd.DataFrame):
        yield f"{name}.to_csv", value.to_csv()
        yield f"{name}.attrs", repr(value.attrs)
        return
    for method in filter(_is_output, sorted(dir(value))):
        try:
            found = getattr(value, method)
            found = found() if callable(found) else found
        except TypeError:
            # Some want to be told more.
            continue
        if isinstance(found, pd.DataFrame):
            yield from texts_of(found, f"{name}.{method}")
        else:
            yield f"{name}.{method}", getattr(found, "plain", None) or str(found)


def _is_output(method: str) -> bool:
    return method not in _SKIPPED and (
        method.startswith(("to_", "_repr_", "__rich__")) or method.endswith("_frame") or method in _OUTPUTS
    )


def parts_of(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield an object and the objects of this package that it leads to."""
    yield name, value
    if depth > _FARTHEST:
        return
    for child_name, child in _children(value, name):
        if _is_ours(child) or isinstance(child, list | tuple | dict):
            yield from parts_of(child, child_name, depth + 1)


def _is_ours(value: Any) -> bool:
    return type(value).__module__.startswith("flytetask_nb")


def _children(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        yield from ((f"{name}[{index}]", item) for index, item in enumerate(value[:_MOST_ITEMS]))
    elif isinstance(value, dict):
        yield from ((f"{name}[{key!r}]"[:60], item) for key, item in list(value.items())[:_MOST_ITEMS])
    elif _is_ours(value) and hasattr(value, "__len__") and hasattr(value, "__getitem__"):
        yield from ((f"{name}[]", item) for item in list(value)[:3])
    for attribute in dir(type(value)) if _is_ours(value) else ():
        if not attribute.startswith("_"):
            try:
                # Widgets have attributes that are called otherwise now.
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)
                    child = getattr(value, attribute)
            except Exception:  # noqa: BLE001, S112 - not every attribute is there in every object
                continue
            if not callable(child):
                yield f"{name}.{attribute}", child


def filled_entities(plants: Plants, choice: int = 0) -> tuple[Any, Any]:
    """Return a workflow and a launch plan with every field filled."""
    workflow, launch_plan = workflow_pb2.WorkflowSpec(), launch_plan_pb2.LaunchPlan()
    filled(workflow, plants, choice=choice)
    filled(launch_plan, plants, choice=choice)
    return ftn.models.Workflow.from_flyte_idl(workflow), ftn.models.LaunchPlan.from_flyte_idl(launch_plan)


def reports_of(old: Any, new: Any, entities: tuple[Any, Any] | None = None) -> Iterator[tuple[str, Any]]:
    """Yield what this package says of a task and of its next version, and of a workflow and a launch plan."""
    failure = ftn.Failure(new.name, new.name, new.name)
    yield "task", new
    yield "tasks", ftn.TaskCollection([old, new], failures=[failure])
    yield "diff", ftn.diff(old, new)
    yield "history", ftn.history([old, new])
    yield "plan", ftn.plan([new], [old])
    yield "plan of one", ftn.plan([new], [])
    yield "findings", ftn.check(new)
    yield "compatibility", ftn.compatibility(old, new)
    yield "tabulate", ftn.tabulate([old, new])
    yield "panel", ftn.panel(new)
    yield "panel of tasks", ftn.panel(ftn.TaskCollection([old, new]))
    yield "compare", ftn.compare(old, new)
    yield "explorer", ftn.explore(ftn.TaskCollection([old, new]))
    workflow, launch_plan = entities or filled_entities(Plants("plain{}".format))
    yield "workflow", workflow
    yield "launch plan", launch_plan
    yield "workflows", ftn.WorkflowList([workflow], failures=[failure])
    yield "launch plans", ftn.LaunchPlanList([launch_plan], failures=[failure])
    yield "callers", ftn.callers([workflow], [new], [launch_plan])
