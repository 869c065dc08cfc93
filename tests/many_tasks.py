"""As many tasks as a test or a benchmark wants, like those of the shipped example.

Nothing is drawn at random: the same number gives the same bytes. A task has about 1.3 KB; a tenth of them are pods, a
seventh have an interface that no other has, all have a name or version, a command line and an image of their own.
"""

from __future__ import annotations

import tarfile
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2

from tests.conftest import DATA, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSIONS = 8
PODS = 10
OWN_INTERFACES = 7
_LARGEST = 2_600
_PROJECTS = ("shops", "search", "fraud", "forecast")
_DOMAINS = ("development", "staging", "production")


@lru_cache(maxsize=1)
def _originals() -> tuple[list[Any], list[Any]]:
    """Return the tasks that the others are made after: those with a container or none, and pods."""
    paths = [*sorted((ROOT / "notebooks/example/archives").glob("*.tgz")), *sorted(DATA.glob("corpus/*/*.tgz"))]
    others, pods = [], []
    for path in paths:
        with tarfile.open(path) as archive:
            for entry in archive:
                content = archive.extractfile(entry) if entry.name.endswith("_1.pb") else None
                data = b"" if content is None else content.read()
                if data and len(data) <= _LARGEST:
                    spec = task_pb2.TaskSpec.FromString(data)
                    (pods if spec.template.HasField("k8s_pod") else others).append(spec)
    return others, pods


def many_tasks(count: int) -> Iterator[bytes]:
    """Return so many serialized ``TaskSpec`` messages."""
    others, pods = _originals()
    for number in range(count):
        group, version = divmod(number, VERSIONS)
        originals = pods if number % PODS == PODS - 1 else others
        spec = task_pb2.TaskSpec()
        spec.CopyFrom(originals[(number * 7) % len(originals)])
        template = spec.template
        identifier = template.id
        identifier.project = _PROJECTS[group % len(_PROJECTS)]
        identifier.domain = _DOMAINS[version % len(_DOMAINS)]
        identifier.name = f"{identifier.name}_{group}"
        identifier.version = f"2026.{version + 1:02}-{group % 97:04x}"
        if number % OWN_INTERFACES == 0:
            template.interface.inputs.variables[f"threshold_{number}"].type.simple = 2
        if template.HasField("container"):
            template.container.image = f"ghcr.io/acme/{identifier.project}:{identifier.version}"
            if len(template.container.args):
                template.container.args[-1] = f"{template.container.args[-1]}_{group}"
        elif template.HasField("k8s_pod"):
            container = template.k8s_pod.pod_spec.fields["containers"].list_value.values[0].struct_value
            container["image"] = f"ghcr.io/acme/{identifier.project}:{identifier.version}"
        yield spec.SerializeToString()
