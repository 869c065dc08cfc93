"""The errors of this package: one family, so that one ``except`` is enough.

Every message names the offending value and where it came from, says what was expected, and what to do.
Each class also derives from the built-in error that a Python user would expect, so that
``except ValueError`` and ``except AttributeError`` keep working.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "AuthenticationError",
    "CacheVersionError",
    "CompileError",
    "ConfigurationError",
    "DiffError",
    "FlyteTaskError",
    "ImmutableError",
    "LoadError",
    "LocalExecutionError",
    "MissingExtraError",
    "ModelTypeError",
    "ModelValueError",
    "OptionError",
    "QuantityError",
    "QueryError",
    "RemoteError",
    "RemoteTaskNotFoundError",
    "SaveError",
    "TaskNotFoundError",
    "WorkflowIntegrationError",
]


_find_gate: Callable[[], Callable[[str], str]] | None = None


def install_gate(find: Callable[[], Callable[[str], str]]) -> None:
    """Set what a text passes before it leaves in an error; ``find`` is called when the first one does."""
    global _find_gate  # noqa: PLW0603 - one gate a process, installed once by the façade
    _find_gate = find


def told(text: str) -> str:
    """Return a text as an error may say it: without passwords of URLs, tokens, and control characters."""
    return text if _find_gate is None else _find_gate()(text)


class FlyteTaskError(Exception):
    """Base of every error that this package raises on purpose."""

    def __str__(self) -> str:
        return told(super().__str__())

    def __repr__(self) -> str:
        return told(super().__repr__())


class ImmutableError(FlyteTaskError, AttributeError):
    """An attribute of a read-only model was assigned or deleted."""


class ModelTypeError(FlyteTaskError, TypeError):
    """A model was given an object that is no message, no model, and cannot be turned into one."""


class ModelValueError(FlyteTaskError, ValueError):
    """A model was given a value of the right kind that its field cannot hold."""


class OptionError(FlyteTaskError, ValueError):
    """``set_options`` was given an unknown option, or a value that the option cannot take."""


class QuantityError(FlyteTaskError, ValueError):
    """A text is not a Kubernetes quantity."""


class QueryError(FlyteTaskError, ValueError):
    """A search cannot be read.

    Parameters
    ----------
    message : str
        What is wrong, and where.
    position : int
        Where in the search, counted from 0.
    """

    def __init__(self, message: str = "", *, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class CacheVersionError(FlyteTaskError, ValueError):
    """A cache version is blank, and Flyte looks for no cached results without one."""


class DiffError(FlyteTaskError, ValueError):
    """``diff`` was given a rule or a severity that does not exist."""


class CompileError(FlyteTaskError, ValueError):
    """A workflow does not compile against the tasks that it was given.

    Parameters
    ----------
    message : str
        What is wrong.
    problems : sequence of CompileProblem
        Each problem by itself.
    """

    def __init__(self, message: str, problems: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class TaskNotFoundError(FlyteTaskError, KeyError):
    """A collection holds no task of that name or version."""

    def __str__(self) -> str:
        # KeyError prints the repr of its argument, which would show a sentence in quotes.
        return told(str(self.args[0])) if self.args else ""


class LoadError(FlyteTaskError, ValueError):
    """A source could not be read, or holds something else than was expected."""


class SaveError(FlyteTaskError, OSError):
    """A snapshot could not be written; what was there before is still there."""


class ConfigurationError(FlyteTaskError, ValueError):
    """What says how to reach a cluster is unreadable, or lacks something."""


class MissingExtraError(FlyteTaskError, ImportError):
    """Something was asked for that needs packages which are installed with an extra of this one."""


class RemoteError(FlyteTaskError, ConnectionError):
    """A cluster could not be reached, or refused a request.

    Parameters
    ----------
    message : str
        What went wrong, and what to do.
    code : str
        Name of the gRPC status, e.g. ``"UNAVAILABLE"``; empty where there is none.
    endpoint : str
        Which server was asked.
    request : str
        What it was asked, without tokens.
    remedy : str
        What to do, as it stands in the message.

    Attributes
    ----------
    tasks : TaskCollection or None
        What a listing had brought before it failed.
    is_too_large : bool
        Whether the answer was larger than one of the two sides takes.
    """

    def __init__(
        self, message: str = "", *, code: str = "", endpoint: str = "", request: str = "", remedy: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.endpoint = endpoint
        self.request = request
        self.remedy = remedy
        self.tasks: Any = None
        self.is_too_large = False


class AuthenticationError(RemoteError):
    """A cluster wants to know who asks, and no token could be had that it accepts."""


class RemoteTaskNotFoundError(RemoteError, TaskNotFoundError):
    """A cluster has no task of that name or version."""

    __str__ = RemoteError.__str__


class LocalExecutionError(FlyteTaskError, AssertionError):
    """A fetched task was asked to run here, where its code is not.

    Derives from ``AssertionError`` because that is what flytekit raises for its own remote entities.
    """


class WorkflowIntegrationError(FlyteTaskError, NotImplementedError):
    """A task was used as part of a flytekit workflow, which this package cannot compile yet."""


def shortened(text: str, limit: int = 60) -> str:
    """Return a text of at most so many characters; where it is longer, an ellipsis is the last of them."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def one_line(error: BaseException, limit: int = 300) -> str:
    """Return what an error of somebody else's says, on one line.

    Parameters
    ----------
    error
        The error; one that says nothing is told by its class.
    limit
        Characters that are passed on: some drivers list every place where they looked for a library.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return shortened(told(text), limit)
