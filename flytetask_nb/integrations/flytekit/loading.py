"""Importing flytekit without what it does to a session: its hook for tracebacks, its handlers of log records."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from flytetask_nb.extras import load_module
from flytetask_nb.integrations.flytekit.registration import register

if TYPE_CHECKING:
    from collections.abc import Iterator

_RICH: Final = "FLYTE_SDK_RICH_TRACEBACKS"
_LOGGERS: Final = ("", "flytekit", "user_space", "developer")


def is_loaded() -> bool:
    """Tell whether flytekit was imported: only then can anything be an object of its."""
    return "flytekit" in sys.modules


def load() -> None:
    """Import flytekit, unless it was.

    Raises MissingExtraError: it is not installed.
    """
    if not is_loaded():
        with _undisturbed():
            load_module("flytekit")
    register()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Leave hooks and handlers as they were."""
    hook = sys.excepthook
    handlers = {name: logging.getLogger(name).handlers[:] for name in _LOGGERS}
    before = os.environ.get(_RICH)
    # Without it, flytekit has rich take over the tracebacks of IPython too.
    os.environ[_RICH] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_RICH]
        else:
            os.environ[_RICH] = before
        sys.excepthook = hook
        for name, kept in handlers.items():
            logging.getLogger(name).handlers[:] = kept
