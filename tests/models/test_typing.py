"""What a type checker knows of the models: what reading gives, and which calls are wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT, absent

if TYPE_CHECKING:
    from pathlib import Path

REVEALED = {
    "task.id": "flytetask_nb.models.identifiers.Identifier",
    "task.id.resource_type": "flytetask_nb.models.identifiers.ResourceType",
    "task.id.name": "str",
    "task.container": "flytetask_nb.models.tasks.Container | None",
    "task.custom": "dict[str, Any]",
    "task.created_at": "datetime.datetime | None",
    "task.docs": "flytetask_nb.models.documentation.Documentation | None",
    "task.template.metadata.timeout": "datetime.timedelta",
    "task.metadata.interruptible": "bool | None",
    "task.metadata.tags": "dict[str, str]",
    "task.metadata.cache_ignore_input_vars": "list[str]",
    "task.metadata.retries.retries": "int",
    "task.interface.inputs": "dict[str, flytetask_nb.models.interfaces.Variable]",
    "task.interface.inputs['x'].type.simple": "flytetask_nb.models.types.SimpleType | None",
    "task.interface.inputs['x'].type.metadata": "dict[str, Any] | None",
    "dataset.external_schema_bytes": "bytes | None",
    "dataset.columns": "list[flytetask_nb.models.types.DatasetColumn]",
    "task.replace(version='2')": "flytetask_nb.models.flyte_task.FlyteTask",
    "models.Container.from_bytes(b'')": "flytetask_nb.models.tasks.Container",
    "task.short_string()": "str",
    "models.SimpleType.INTEGER.is_recognized": "bool",
}

# Each statement is accepted as it stands.
RIGHT = [
    "models.Identifier(models.ResourceType.TASK, 'p', 'd', 'n', 'v', org='o')",
    "models.RetryStrategy(3)",
    "models.TaskSpec(task.template)",
    "models.TaskSpec(task.template.to_flyte_idl())",
    "models.NodeMetadata('x', timeout=5)",
    "models.LiteralType(collection_type=models.LiteralType(simple=models.SimpleType.INTEGER))",
    "models.Container('i', (), ['a'], models.Resources([], []), {}, {}, ports=[models.ContainerPort(80)])",
    "task.python_interface = None",
]

# Each statement is an error of this kind.
WRONG = {
    "task.id.name = 'x'": "misc",
    "task.metadata.discoverable = True": "misc",
    "task.created_at = None": "misc",
    "models.Identifier(models.ResourceType.TASK, 'p', 'd', 'n')": "call-arg",
    "models.Identifier(models.ResourceType.TASK, 'p', 'd', 'n', 'v', 'o')": "call-arg",
    "models.Identifier(models.ResourceType.TASK, 'p', 'd', 'n', 5)": "arg-type",
    "models.RetryStrategy('3')": "arg-type",
    "models.RetryStrategy(retry=3)": "call-arg",
    "models.TaskSpec('x')": "arg-type",
    "task.id.nmae": "attr-defined",
    "models.K8sObjectMetadata(labels=['x'])": "arg-type",
}


def test_types(tmp_path: Path) -> None:
    """A type checker reads the types of attributes, accepts right calls, and refuses wrong ones and assignments."""
    if find_spec("mypy") is None:
        absent("mypy", "types cannot be checked: mypy is not installed")
    lines = ["import flytetask_nb as ftn", "from flytetask_nb import models"]
    lines += ["task = ftn.FlyteTask.from_bytes(b'')", "dataset = models.StructuredDatasetType()"]
    start = len(lines) + 1
    lines += [f"reveal_type({expression})" for expression in REVEALED]
    lines += RIGHT
    lines += WRONG
    snippet = tmp_path / "snippet.py"
    snippet.write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-pretty", "--hide-error-context", str(snippet)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    # Paths are shown relative to the directory or in full.
    said = re.findall(r"^[^:\n]*snippet\.py:(\d+): (\w+): (.*)$", done.stdout, re.MULTILINE)
    if not said:
        pytest.fail(done.stdout + done.stderr)
    revealed: dict[str, str] = {}
    errors: dict[str, str] = {}
    for number, level, message in said:
        statement = lines[int(number) - 1]
        if level == "error":
            errors[statement] = message.rpartition("[")[2].rstrip("]")
        elif message.startswith("Revealed type is"):
            revealed[list(REVEALED)[int(number) - start]] = plain(message)
    assert revealed == REVEALED
    assert errors == WRONG


def plain(message: str) -> str:
    """Return a revealed type in the spelling of the newest mypy, whichever it is."""
    text = message.split('"')[1].replace("builtins.", "").replace("typing.", "")
    return re.sub(r"Union\[([^\]]*(?:\[[^\]]*\])?), None\]", r"\1 | None", text)
