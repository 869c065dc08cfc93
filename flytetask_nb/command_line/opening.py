"""Notebooks and pages on a source, and the tour."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from flytetask_nb.command_line import commands
from flytetask_nb.command_line.formats import html_page
from flytetask_nb.command_line.inputs import MODULE, chosen, policy_in_force, tasks_of
from flytetask_nb.errors import MissingExtraError, OptionError
from flytetask_nb.masking import mask_text
from flytetask_nb.sources.registered_tasks import admin_address, is_admin_address

__all__ = ["explore_source", "open_source", "tour"]

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_FIRST: Final = "00_tour.ipynb"


def open_source(
    source: str, name: str | None, against: str | None, html: str | None, output: str | None, *, launches: bool
) -> int:
    """Open a notebook on a source, or write a page on it."""
    if html is not None:
        with commands._settings(policy_in_force(None, None)) as settings:
            title, parts = _page(source, name, against, settings.changes["policy"])
            Path(html).write_text(html_page(title, parts), encoding="utf-8")
        sys.stdout.write(f"{html}\n")
        return 0
    path = Path("flytetask.ipynb" if output is None else output)
    if path.exists():
        raise OptionError(f"{path} is there already; name another file with --output FILE")
    path.write_text(json.dumps(_notebook(source, name, against), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return _launched(path, launches=launches)


def _page(source: str, name: str | None, against: str | None, policy: Any) -> tuple[str, list[Any]]:
    if against is not None:
        result = commands.diff(against, source, name, policy)
        return mask_text(f"{name or 'Tasks'}: {against} → {source}"), [result.report]
    tasks = tasks_of(source)
    if name is not None:
        task = chosen(tasks, name)[-1]
        return mask_text(task.name), [task]
    return mask_text(source), [tasks, *(tasks.latest() if len(tasks.names) <= commands.MOST_CARDS else ())]


def _notebook(source: str, name: str | None, against: str | None) -> dict[str, Any]:
    cells = ["import flytetask_nb as ftn\n\n" + _loaded("tasks", source) + "\ntasks"]
    if against is not None:
        cells.append(_loaded("old", against) + "\nftn.plan(tasks, old)")
    if name is None:
        cells.append("ftn.panel(tasks)" if against is None else "ftn.compare(old + tasks)")
    else:
        # In the notebook a task is found by its whole name.
        tasks = tasks_of(source)
        task = tasks.name_of(chosen(tasks, name)[-1])
        _, mark, version = name.partition("@")
        key = f"{task!r}, {version!r}" if mark else repr(task)
        cells.append(f"task = tasks[{key}]\ntask")
        cells.append("ftn.check(task)" if against is None else f"ftn.diff(old[{task!r}], task)")
    return _of_cells(cells)


def _of_cells(cells: list[str]) -> dict[str, Any]:
    return {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{number}",
                "metadata": {},
                "outputs": [],
                "source": text.splitlines(keepends=True),
            }
            for number, text in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _loaded(variable: str, source: str) -> str:
    if source == "-":
        raise OptionError("a notebook cannot read standard input again; name a file")
    if source.startswith("module:"):
        module = source.removeprefix("module:")
        return f"import {module}\n\n{variable} = ftn.from_flytekit({module})"
    return f"{variable} = ftn.load({source!r})"


def explore_source(source: str, port: int, *, opens: bool) -> int:
    """Serve a page with an explorer of a source, on this machine alone and behind a token."""
    if find_spec("voila") is None:
        raise MissingExtraError('Voila is not installed here; run: pip install "flytetask-nb[lab]"')
    with TemporaryDirectory(prefix="flytetask-explore-") as folder:
        path = Path(folder, "explore.ipynb")
        path.write_text(json.dumps(_of_cells([_explored(source)])), encoding="utf-8")
        settings = ["--token", "--Voila.ip=127.0.0.1", f"--Voila.port={port}", *([] if opens else ["--no-browser"])]
        with suppress(KeyboardInterrupt):
            return subprocess.run([sys.executable, "-m", "voila", str(path), *settings], check=False).returncode  # noqa: S603 - our own
    return 0


def _explored(source: str) -> str:
    """Return the code of a cell that explores a source; of a cluster rows appear as they arrive."""
    if is_admin_address(source):
        place = admin_address(source)
        asked = "".join(
            f", {part}={value!r}" for part, value in place._asdict().items() if value and part != "endpoint"
        )
        return f"import flytetask_nb as ftn\n\nftn.explore(ftn.connect({place.endpoint or None!r}){asked})"
    # The page's kernel runs in the folder of its notebook, and finds modules where the command does.
    there = str(Path(source).resolve()) if Path(source).exists() else source
    modules = f"import sys\n\nsys.path.insert(0, {str(Path.cwd())!r})\n" if source.startswith(MODULE) else ""
    return f"{modules}import flytetask_nb as ftn\n\n{_loaded('tasks', there)}\nftn.explore(tasks)"


def tour(folder: str, *, launches: bool) -> int:
    """Copy the notebooks, and open the first."""
    there = next((place for place in (_PACKAGE, _PACKAGE.parent) if (place / "notebooks" / _FIRST).is_file()), None)
    if there is None:
        raise OptionError("the notebooks did not come with this installation; take them from the project's repository")
    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise OptionError(f"{folder} holds something already; name another folder")
    shutil.copytree(
        there / "notebooks",
        target,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"),
    )
    return _launched(target / _FIRST, launches=launches)


def _launched(path: Path, *, launches: bool) -> int:
    sys.stdout.write(f"{path}\n")
    sys.stdout.flush()
    if not launches:
        return 0
    if find_spec("jupyterlab") is None:
        raise MissingExtraError('JupyterLab is not installed here; run: pip install "flytetask-nb[lab]"')
    with subprocess.Popen([sys.executable, "-m", "jupyterlab", str(path)]) as server:  # noqa: S603 - our own
        # Ctrl-C is JupyterLab's: it asks whether it is meant, and this process waits for the answer.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            return server.wait()
        finally:
            signal.signal(signal.SIGINT, before)
