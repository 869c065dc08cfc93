"""What each command does: it reads sources, asks the package, prints, and says how it ended."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.collection import TaskCollection
from flytetask_nb.command_line import alerts
from flytetask_nb.command_line.formats import is_terminal, rich_page, shown
from flytetask_nb.command_line.inputs import (
    chosen,
    filled_in,
    launch_plans_of,
    policy_in_force,
    tasks_of,
    workflows_of,
)
from flytetask_nb.command_line.results import Result
from flytetask_nb.errors import ModelValueError, OptionError
from flytetask_nb.masking import mask_identifier
from flytetask_nb.masking.gate import gated
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.options import set_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flytetask_nb.policies import Policy

__all__ = ["accept", "callers", "check", "diff", "history", "plan", "reported", "show", "table"]

REPORTED: Final = ("text", "markdown", "json")
_COLUMNS: Final = ("name", "version", "type", "cpu_request", "memory_request", "gpu_request", "image_tag")
MOST_CARDS: Final = 30
"""How many tasks a page shows in full."""
_TITLES: Final = {"cpu_request": "cpu", "memory_request": "memory", "gpu_request": "gpu"}
"""Short names, by which a search knows these columns too."""
_BLAME: Final = ("field", "value", "last_changed", "changes")
_NAMES: Final = frozenset({"name", "field"})
_NAME_WIDTH: Final = 34
_WIDEST: Final = 10_000
_ROWS: Final = 10**9


def _settings(policy: Policy) -> set_options:
    return set_options(policy=policy, max_rows=_ROWS, progress=sys.stderr.isatty())


def reported(
    make: Callable[..., Result],
    format: str,
    *,
    fail_on: Sequence[str] | None,
    accept: list[str] | None,
    policy: str | None,
    output: str | None,
    **given: Any,
) -> int:
    """Print what a command makes of what it was given, and return 1 if there is what must not be."""
    rules = policy_in_force(policy, accept)
    failing = alerts.checked_fail_on(fail_on or rules.fail_on)
    with _settings(rules):
        result = make(**given, policy=rules)
        _write(result, format, output)
    for remark in result.remarks:
        sys.stderr.write(f"flytetask: {remark}\n")
    return int(any(alerts.fails(alert, failing) for alert in result.alerts))


def _write(result: Result, format: str, output: str | None) -> None:
    if output is None and format == "text" and _is_styled():
        _print_styled(_console(), rich_page(result.report))
    else:
        _print(shown(result, format), output)


def _print(text: str, output: str | None = None) -> None:
    """Write to a file or to standard output. A reader that has enough does not change how the command ends."""
    if output is not None:
        Path(output).write_text(text, encoding="utf-8")
        return
    try:
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            # A terminal of another encoding shows what it can.
            sys.stdout.buffer.write(text.encode(sys.stdout.encoding, "replace"))
        sys.stdout.flush()
    except BrokenPipeError:
        # Nothing is left to be flushed at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_styled(console: Any, page: Any) -> None:
    with console.capture() as captured:
        console.print(page)
    _print(captured.get())


def _is_styled() -> bool:
    return is_terminal() or bool(_console().is_terminal)


def _console() -> Any:
    from rich.console import Console  # noqa: PLC0415 - of use to terminals

    # rich knows NO_COLOR, FORCE_COLOR, TERM and COLUMNS.
    return Console(highlight=False, soft_wrap=False)


# -- tasks -------------------------------------------------------------------------------------------------------------


def _check_format(command: str, format: str) -> None:
    if format not in REPORTED:
        raise OptionError(f"{command} cannot be printed as {format}; expected one of {', '.join(REPORTED)}")


def show(source: str, name: str | None, format: str, output: str | None) -> int:
    """Show a task, or all of them."""
    _check_format("show", format)
    with _settings(policy_in_force(None, None)):
        tasks = tasks_of(source)
        report = chosen(tasks, name)[-1] if name is not None else tasks[0] if len(tasks) == 1 else tasks
        _write(Result("show", report), format, output)
    return 0


def table(source: str, columns: str | None, where: str | None, format: str, output: str | None) -> int:
    """Print the table of the tasks."""
    from flytetask_nb.tables.search_query import ALIASES  # noqa: PLC0415 - loads pandas

    with _settings(policy_in_force(None, None)):
        tasks = tasks_of(source)
        if where is not None:
            tasks = tasks.search(where)
        names: list[str] | None = None
        if columns is None and format == "rich":
            names = [*_COLUMNS]
        elif columns and columns != "all":
            names = [ALIASES.get(part.strip(), part.strip()) for part in columns.split(",")]
        frame = tasks.to_frame(names)
        if columns is None and format == "rich":
            # A column in which nothing stands says nothing.
            frame = frame.drop(columns=[name for name in _COLUMNS[1:] if frame[name].isna().all()])
    if format == "parquet":
        if output is None:
            raise OptionError("a Parquet file is not for a terminal; name one with --output FILE")
        frame.to_parquet(output, index=False)
    elif format == "rich":
        if output is not None:
            raise OptionError("the format rich is for terminals; choose csv, json or parquet for a file")
        _print_table(frame)
    elif format == "csv":
        _print(frame.to_csv(index=False, lineterminator="\n"), output)
    else:
        _print(f"{frame.to_json(orient='records', date_format='iso', date_unit='us', indent=2)}\n", output)
    return 0


def _print_table(frame: Any) -> None:
    from rich.console import Console  # noqa: PLC0415 - of use to tables
    from rich.table import Table  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    from flytetask_nb.dtypes import TEXT  # noqa: PLC0415 - loads pandas
    from flytetask_nb.tables.columns import COLUMNS  # noqa: PLC0415 - likewise

    page = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    for name in frame.columns:
        is_text = name not in COLUMNS or COLUMNS[name].kind is TEXT
        title = _TITLES.get(str(name), str(name))
        least = _NAME_WIDTH if name in _NAMES else len(title) if not is_text else None
        page.add_column(Text(gated(title)), justify="left" if is_text else "right", overflow="fold", min_width=least)
    for row in frame.itertuples(index=False):
        page.add_row(*(Text(gated(_cell(name, value))) for name, value in zip(frame.columns, row, strict=True)))
    console = _console()
    if not is_terminal() and not console.is_terminal:
        console = Console(width=_WIDEST, no_color=True, highlight=False)
    _print_styled(console, page)


def _cell(name: str, value: Any) -> str:
    import pandas as pd  # noqa: PLC0415 - loaded with the table

    if pd.isna(value):
        return "–"
    if "memory" in name or "storage" in name:
        from flytetask_nb.semantics.quantities import Quantity, format_bytes  # noqa: PLC0415 - of some columns

        return format_bytes(Quantity(int(value)))
    return f"{value:g}" if isinstance(value, float) else str(value)


# -- reports -----------------------------------------------------------------------------------------------------------


def _worst_first(given: Iterable[alerts.Alert]) -> list[alerts.Alert]:
    """Return alerts in order, their texts as they may leave."""
    leaving = [
        alerts.Alert._make(gated(value) if isinstance(value, str) else value for value in alert) for alert in given
    ]
    return sorted(leaving, key=lambda alert: (alerts.THRESHOLDS[alert.severity], alert.is_accepted))


def _result(
    command: str, report: Any, given: Iterable[alerts.Alert], subjects: Sequence[str], policy: Policy, **looked_at: Any
) -> Result:
    """Return a result that also tells which accepted entries fit nothing of what was looked at."""
    ordered = _worst_first(given)
    return Result(command, report, ordered, subjects, alerts.unmatched(policy, ordered, **looked_at))


def diff(old: str, new: str, name: str | None, policy: Policy) -> Result:
    """Compare one task, or all of two sources."""
    from flytetask_nb import diffs  # noqa: PLC0415 - loads the diffs

    if name is None:
        return _planned("diff", new, old, policy, tells_missing=True)
    difference = diffs.diff(*_pair(old, new, name))
    subject = difference.ids[1]["name"]
    return _result("diff", difference, alerts.of_diff(difference, new), [subject], policy, task=subject)


def _planned(command: str, local: str, remote: str, policy: Policy, *, tells_missing: bool) -> Result:
    from flytetask_nb import diffs  # noqa: PLC0415 - loads the diffs

    report = diffs.plan(tasks_of(local), tasks_of(remote))
    given = alerts.of_plan(report, policy, local, tells_missing=tells_missing)
    return _result(command, report, given, [entry.name for entry in report], policy)


def _pair(old: str, new: str, name: str) -> tuple[Any, Any]:
    before, after = tasks_of(old), tasks_of(new)
    versions = chosen(after, name)
    task, mark, _ = name.partition("@")
    if old == new and not mark and len(versions) > 1:
        return versions[-2], versions[-1]
    return chosen(before, task)[-1], versions[-1]


def plan(local: str, remote: str, policy: Policy) -> Result:
    """Make a dry run of the registration."""
    return _planned("plan", local, remote, policy, tells_missing=False)


def callers(old: str, new: str, policy: Policy) -> Result:
    """Compile the workflows of one source against the tasks of another."""
    from flytetask_nb import diffs  # noqa: PLC0415 - loads the diffs

    tasks = tasks_of(new)
    if old.startswith("admin://"):
        from flytetask_nb.sources.client import connect  # noqa: PLC0415 - needs an extra
        from flytetask_nb.sources.registered_tasks import admin_address  # noqa: PLC0415 - likewise

        place = admin_address(old)
        if place.name:
            tasks = chosen(tasks, place.name)
        with connect(place.endpoint or None) as remote:
            report = remote.callers(tasks.latest(), place.project, place.domain)
    else:
        report = diffs.callers(workflows_of(old), tasks, launch_plans_of(old))
    subjects = [caller.to_dict()["workflow"] for caller in report]
    return Result("callers", report, _worst_first(alerts.of_callers(report, policy)), subjects)


def check(source: str, name: str | None, policy: Policy) -> Result:
    """Check all tasks, or one."""
    from flytetask_nb import semantics  # noqa: PLC0415 - loads the rules
    from flytetask_nb.semantics.registration import findings_in_turn  # noqa: PLC0415 - likewise

    tasks = tasks_of(source)
    looked_at = tasks if name is None else chosen(tasks, name)
    # Of what is not registered yet, nothing is said of what registration fills in.
    checked = [
        *findings_in_turn(
            (before, semantics.Findings([*semantics.check(task)], _label(before)))
            for before, task in zip(looked_at, filled_in(looked_at), strict=True)
        )
    ]
    given = [
        alert
        for task, findings in zip(looked_at, checked, strict=True)
        for alert in alerts.of_findings(findings, task, policy, source)
    ]
    report = checked[0] if len(checked) == 1 else semantics.CollectionFindings(checked)
    subjects = [*dict.fromkeys(mask_identifier(task.name) for task in looked_at)]
    return _result("check", report, given, subjects, policy, of_check=True, task=None if name is None else subjects[0])


def _label(task: Any) -> str:
    version = task.id.version if is_filled_in(task.id.version) else ""
    return " ".join(filter(None, (task.name, version)))


def history(arguments: list[str], blame: bool, format: str, policy: str | None, output: str | None) -> int:
    """Tell the history of a task."""
    from flytetask_nb import diffs  # noqa: PLC0415 - loads the diffs

    if len(arguments) < 2:  # noqa: PLR2004 - a source and a name
        raise OptionError(
            "history takes one source or several, and then the name of a task: flytetask history OLD NEW NAME"
        )
    _check_format("history", format)
    *sources, name = arguments
    with _settings(policy_in_force(policy, None)):
        versions = [task for source in sources for task in chosen(tasks_of(source), name)]
        report = diffs.history(versions if len(sources) > 1 else TaskCollection(versions))
        if blame:
            origins = report.blame()
            # On a page, of the versions only the one that made the field what it is.
            _print_table(origins[[*_BLAME]] if _is_styled() else origins)
        else:
            _write(Result("history", report), format, output)
    return 0


# -- accepting ---------------------------------------------------------------------------------------------------------


def accept(  # noqa: PLR0917 - as the options come
    old: str,
    new: str,
    name: str | None,
    reason: str,
    until: str | None,
    fingerprints: list[str],
    output: str,
    policy: str | None,
) -> int:
    """Add entries to a file of accepted changes."""
    if until is not None:
        try:
            date.fromisoformat(until)
        except ValueError:
            raise OptionError(f"--until cannot be {until!r}; expected a date such as 2026-01-31") from None
    path = Path(output)
    rules = policy_in_force(policy, [output] if path.exists() else None)
    with _settings(rules):
        result = diff(old, new, name, rules)
    if unknown := sorted(set(fingerprints) - {alert.fingerprint for alert in result.alerts}):
        raise ModelValueError(
            f"no change between {old} and {new} has the fingerprint {unknown[0]!r}; --format json lists them"
        )
    taken = {
        (alert.fingerprint, alert.task): alert
        for alert in result.alerts
        if not alert.is_accepted and (not fingerprints or alert.fingerprint in fingerprints)
    }
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    text = before.rstrip("\n") + "\n\n" if before.strip() else ""
    text += "\n".join(_entry(alert, reason, until) for alert in taken.values())
    if taken:
        path.write_text(text, encoding="utf-8")
    _print(f"{len(taken)} accepted in {output}\n")
    return 0


def _entry(alert: alerts.Alert, reason: str, until: str | None) -> str:
    lines = ["[[accepted]]", f"fingerprint = {_toml(alert.fingerprint)}", f"task = {_toml(alert.task)}"]
    lines += [f"rule = {_toml(alert.rule)}", f"reason = {_toml(reason)}"]
    lines += [] if until is None else [f"until = {until}"]
    return "\n".join([f"# {' '.join(alert.message.split())}", *lines, ""])


def _toml(text: str) -> str:
    import json  # noqa: PLC0415 - of use to one command

    # A basic string of TOML is one of JSON, but for DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
