"""The commands: what each takes, and which function answers."""

from __future__ import annotations

import inspect
import os
import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

from flytetask_nb.command_line.completion import complete_name, complete_source
from flytetask_nb.extras import require, typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["APPLICATION", "run"]

require("cli")
# Help is for pipes too, and rich takes as long to load as all the rest.
os.environ.setdefault("TYPER_USE_RICH", "0")

APPLICATION = typer.Typer(
    name="flytetask",
    help="Flyte tasks at a prompt and in continuous integration.\n\n"
    "A SOURCE is a file, an archive, a folder, a pattern or an address; - for standard input; git:REVISION:PATH; "
    "module:shop.tasks for what flytekit would register; admin://[endpoint]/project/domain[/name[@version]] for a "
    "cluster. --traceback shows where an error comes from.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(str, Enum):
    """What a report is printed as."""

    text = "text"
    markdown = "markdown"
    json = "json"
    junit = "junit"
    sarif = "sarif"
    github = "github"


class TableFormat(str, Enum):
    """What a table is printed as."""

    rich = "rich"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def _source(metavar: str, help: str) -> Any:
    return typer.Argument(metavar=metavar, help=help, show_default=False, autocompletion=complete_source)


Source = Annotated[str, _source("SOURCE", "Where the tasks are.")]
Old = Annotated[str, _source("OLD", "The source before.")]
New = Annotated[str, _source("NEW", "The source after.")]
Name = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME[@VERSION]", help="One task, by its name or the end of it.", autocompletion=complete_name
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="What to print.")]
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-on",
        metavar="WORD",
        help="Exit with 1 at this severity or worse (breaking, risky, behaviour, cost, cosmetic; refused, warning), or "
        "on stale or conflict. Repeatable.",
    ),
]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        "--accept", metavar="FILE", help="What a reviewer accepted, as flytetask accept writes it. Repeatable."
    ),
]
PolicyOption = Annotated[
    str | None,
    typer.Option("--policy", metavar="FILE", help="A pyproject.toml with [tool.flytetask]; else the nearest one."),
]
Output = Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")]
NoLaunch = Annotated[bool, typer.Option("--no-launch", help="Do not open JupyterLab.")]


def _of_reports(
    format: FormatOption = Format.text,
    fail_on: FailOn = None,
    accept: Accept = None,
    policy: PolicyOption = None,
    output: Output = None,
) -> None:
    """Declare the options that every report takes."""


def _report(declared: Callable[..., None]) -> None:
    """Make a command of a report: ``commands`` has a function of the same name and parameters that makes it."""

    def command(format: Format, **given: Any) -> int:
        from flytetask_nb.command_line import commands  # noqa: PLC0415 - loads the package

        return commands.reported(getattr(commands, declared.__name__), format.value, **given)

    signatures = (inspect.signature(function, eval_str=True) for function in (declared, _of_reports))
    parameters = [parameter for signature in signatures for parameter in signature.parameters.values()]
    # What typer reads.
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    APPLICATION.command(declared.__name__, help=declared.__doc__)(command)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return how it ended."""
    code = APPLICATION(list(arguments), standalone_mode=False, prog_name="flytetask")
    return code if isinstance(code, int) else 0


def _version(asked: bool) -> None:
    if asked:
        from flytetask_nb import __version__  # noqa: PLC0415 - asked for seldom

        sys.stdout.write(f"flytetask {__version__}\n")
        raise typer.Exit


@APPLICATION.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


@APPLICATION.command()
def show(source: Source, name: Name = None, format: FormatOption = Format.text, output: Output = None) -> int:
    """Show a task, or the collection."""
    from flytetask_nb.command_line import commands  # noqa: PLC0415 - loads the package

    return commands.show(source, name, format.value, output)


@APPLICATION.command()
def table(
    source: Source,
    columns: Annotated[
        str | None, typer.Option(help="Names of columns, with commas between; all: every column.")
    ] = None,
    where: Annotated[
        str | None, typer.Option(metavar="QUERY", help="A search, such as 'gpu>0 type:spark -legacy'.")
    ] = None,
    format: Annotated[TableFormat, typer.Option("--format", "-f", help="What to print.")] = TableFormat.rich,
    output: Output = None,
) -> int:
    """Print the table of the tasks."""
    from flytetask_nb.command_line import commands  # noqa: PLC0415 - loads the package

    return commands.table(source, columns, where, format.value, output)


@_report
def diff(old: Old, new: New, name: Name = None) -> None:
    """Tell what changed in one task, or in all, worst first."""


@_report
def callers(old: Old, new: New) -> None:
    """Tell which workflows no longer compile."""


@_report
def plan(
    local: Annotated[str, _source("LOCAL", "What would be registered.")],
    remote: Annotated[str, _source("REMOTE", "What is registered.")],
) -> None:
    """Tell what registration would do: a dry run."""


@APPLICATION.command()
def history(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE... NAME", help="Where the versions are, oldest first; then the task's name."),
    ],
    blame: Annotated[bool, typer.Option("--blame", help="Which version made each field what it is.")] = False,
    format: FormatOption = Format.text,
    policy: PolicyOption = None,
    output: Output = None,
) -> int:
    """Tell what each version of a task changed."""
    from flytetask_nb.command_line import commands  # noqa: PLC0415 - loads the package

    return commands.history(sources, blame, format.value, policy, output)


@_report
def check(source: Source, name: Name = None) -> None:
    """Tell what registration would refuse, or should."""


@APPLICATION.command()
def accept(  # noqa: PLR0917 - options
    old: Old,
    new: New,
    name: Name = None,
    reason: Annotated[str, typer.Option(help="Why.", prompt=False)] = "",
    until: Annotated[str | None, typer.Option(metavar="DATE", help="The last day on which it counts.")] = None,
    fingerprint: Annotated[
        list[str] | None, typer.Option(metavar="HEX", help="Only this change. Repeatable; else every change.")
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The file to add to.")
    ] = "accepted.toml",
    policy: PolicyOption = None,
) -> int:
    """Write down which changes a reviewer accepted."""
    from flytetask_nb.command_line import commands  # noqa: PLC0415 - loads the package

    return commands.accept(old, new, name, reason, until, fingerprint or [], output, policy)


@APPLICATION.command("open")
def open_(  # noqa: PLR0917 - options
    source: Source,
    name: Name = None,
    against: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="What it is compared with: what is registered, or was.")
    ] = None,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write one page instead, for those without Jupyter.")
    ] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="The notebook.")] = None,
    no_launch: NoLaunch = False,
) -> int:
    """Open a source in JupyterLab, or write a page on it."""
    from flytetask_nb.command_line import opening  # noqa: PLC0415 - loads the package

    return opening.open_source(source, name, against, html, output, launches=not no_launch)


@APPLICATION.command()
def explore(
    source: Source,
    port: Annotated[int, typer.Option(help="Of the page; if it is taken, one of the next.")] = 8866,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address only.")] = False,
) -> int:
    """Search, narrow down and compare tasks in a page of this machine."""
    from flytetask_nb.command_line import opening  # noqa: PLC0415 - loads the package

    return opening.explore_source(source, port, opens=not no_browser)


@APPLICATION.command()
def tour(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Where the notebooks go.")] = "flytetask-tour",
    no_launch: NoLaunch = False,
) -> int:
    """Copy the notebooks of the package, and open them."""
    from flytetask_nb.command_line import opening  # noqa: PLC0415 - loads the package

    return opening.tour(folder, launches=not no_launch)
