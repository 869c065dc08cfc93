"""``flytetask``: what the package says of tasks, at a prompt and in continuous integration.

Nothing but this is imported until a command needs it, so that ``--help`` comes at once.
"""

from __future__ import annotations

import sys
import traceback
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

NOT_RUN, INTERRUPTED = 2, 130
TRACEBACK = "--traceback"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments
        What follows ``flytetask`` in a shell. None: the process's own.

    Returns
    -------
    int
        0: clean, 1: something that ``--fail-on`` names, 2: it could not be run, 130: interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    shows_traceback = TRACEBACK in given
    given = [argument for argument in given if argument != TRACEBACK]
    try:
        from flytetask_nb.command_line.application import run  # noqa: PLC0415 - needs an extra, says so below

        warnings.simplefilter("ignore")
        code = run(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - told in a paragraph
        if shows_traceback:
            traceback.print_exc()
        else:
            _tell(error)
        return NOT_RUN
    return code


def _tell(error: Exception) -> None:
    """Say in one paragraph what is wrong."""
    from flytetask_nb.errors import FlyteTaskError  # noqa: PLC0415 - few runs end so
    from flytetask_nb.masking import mask_text  # noqa: PLC0415 - likewise

    said = getattr(error, "format_message", lambda: str(error))()
    text = " ".join(said.split())
    if getattr(error, "exit_code", None) == NOT_RUN:
        text = f"{text} See flytetask --help" if text.endswith("?") else f"{text.rstrip('.')}; see flytetask --help"
    if isinstance(error, OSError) and error.filename is not None and not isinstance(error, FlyteTaskError):
        text = f"{error.filename}: {error.strerror}"
    elif not isinstance(error, FlyteTaskError) and not hasattr(error, "format_message"):
        text = f"{type(error).__name__}: {text}; {TRACEBACK} shows where"
    with suppress(OSError):
        sys.stderr.write(f"flytetask: {mask_text(text)}\n")
