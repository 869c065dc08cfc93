"""What a shell offers behind a command: names of the source's tasks, and versions behind an ``@``."""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003 - typer reads the types
from typing import Any

__all__ = ["complete_name", "complete_source"]

_SCHEMES = ("git:", "module:", "admin://")


def complete_source(incomplete: str) -> Iterator[str]:
    """Return files and folders, and how addresses begin."""
    import glob  # noqa: PLC0415 - a shell asks in a process of its own
    import os  # noqa: PLC0415

    yield from (scheme for scheme in _SCHEMES if incomplete and scheme.startswith(incomplete))
    for path in sorted(glob.glob(f"{glob.escape(incomplete)}*")):  # noqa: PTH207 - texts
        yield f"{path}{os.sep}" if os.path.isdir(path) else path  # noqa: PTH112


def complete_name(ctx: Any, incomplete: str) -> list[str]:
    """Return the names that fit what was typed; behind an ``@`` those of versions, newest first."""
    sources = [ctx.params.get(key) for key in ("new", "source", "local", "old")]
    source = next(filter(None, sources), None)
    if source is None or source == "-":
        return []
    try:
        from flytetask_nb.command_line.inputs import tasks_of  # noqa: PLC0415 - loads the package
        from flytetask_nb.options import set_options  # noqa: PLC0415 - likewise

        with set_options(progress=False):
            tasks = tasks_of(source)
        name, mark, version = incomplete.partition("@")
        if not mark:
            return [each for each in tasks.names if each.startswith(name)]
        versions = dict.fromkeys(task.id.version for task in reversed([*tasks.versions(name)]))
        return [f"{name}@{each}" for each in versions if each.startswith(version)]
    except Exception:  # noqa: BLE001 - what cannot be completed is no reason to write into a prompt
        return []
