"""What a command prints: text, Markdown, JSON, and what systems of continuous integration read."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.bounded_reading import json_value
from flytetask_nb.command_line.sarif import sarif_log
from flytetask_nb.masking.gate import gated_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flytetask_nb.command_line.results import Result

__all__ = ["FORMATS", "html_page", "is_terminal", "markdown", "rich_page", "shown"]

SCHEMA_VERSION: Final = 1
_ALL: Final = 1_000_000.0
"""Times the budget of a notebook's cell: a terminal and a file hold everything."""


def shown(result: Result, format: str) -> str:
    """Return a result in a format of ``FORMATS``."""
    return FORMATS[format](result)


def rich_page(part: Any) -> Any:
    """Return an object so that rich lays it out for its console, as long as it is."""
    from flytetask_nb.views import text  # noqa: PLC0415 - loads what renders

    return text.render_rich(_described(part))


def markdown(result: Result) -> str:
    """Return a result as Markdown, fit for a comment on a pull request."""
    from flytetask_nb.views import markdown as renderer  # noqa: PLC0415 - loads what renders

    return _whole(result.report, renderer.render) + "\n"


def _described(part: Any) -> Any:
    from flytetask_nb.views.describing import describe  # noqa: PLC0415 - loads what renders
    from flytetask_nb.views.document import scaled  # noqa: PLC0415 - likewise

    with scaled(_ALL):
        return describe(part)


def _whole(part: Any, render: Callable[[Any], str]) -> str:
    """Return all of an object, cut nowhere: nobody sees the width of a page."""
    from flytetask_nb.views.document import scaled  # noqa: PLC0415 - loads what renders

    with scaled(_ALL):
        return render(_described(part))


def html_page(title: str, parts: Sequence[Any]) -> str:
    """Return objects, one below the other, as a page that needs nothing beside it: no script, no font, no address."""
    from flytetask_nb.views import html  # noqa: PLC0415 - loads what renders

    body = "\n".join(html.render(_described(part)) for part in parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n"
        "<style>:root{color-scheme:light dark}body{font:14px/1.4 system-ui,sans-serif;margin:1.5rem auto;"
        "max-width:75rem;padding:0 1rem}</style>\n"
        f"</head>\n<body>\n<main>\n<h1>{html.escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _text(result: Result) -> str:
    from flytetask_nb.views import text  # noqa: PLC0415 - loads what renders

    return _whole(result.report, text.render) + "\n"


def _json(result: Result) -> str:
    if hasattr(result.report, "to_dict"):
        report = result.report.to_dict()
    else:
        from flytetask_nb.views.raw_forms import raw_text  # noqa: PLC0415 - few commands show a task

        tasks = [result.report] if hasattr(result.report, "interface") else [*result.report]
        report = gated_value({"tasks": [json_value(raw_text(task, "JSON")) for task in tasks]})
    values = {
        "schema": SCHEMA_VERSION,
        "command": result.command,
        "alerts": [alert.to_dict() for alert in result.alerts],
        "remarks": [*result.remarks],
        "report": report,
    }
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _sarif(result: Result) -> str:
    return json.dumps(sarif_log(result), indent=2, ensure_ascii=False) + "\n"


def _junit(result: Result) -> str:
    from flytetask_nb.command_line.junit import junit_xml  # noqa: PLC0415 - few runs want it

    return junit_xml(result)


def _github(result: Result) -> str:
    from flytetask_nb.command_line.github import workflow_commands, write_summary  # noqa: PLC0415 - few runs want it

    write_summary(markdown(result))
    return workflow_commands(result)


FORMATS: Final[dict[str, Callable[[Result], str]]] = {
    "text": _text,
    "markdown": markdown,
    "json": _json,
    "junit": _junit,
    "sarif": _sarif,
    "github": _github,
}


def is_terminal() -> bool:
    """Tell whether someone looks at what is printed."""
    return sys.stdout.isatty()
