"""One family of errors, each also what a Python user would catch."""

from __future__ import annotations

import copy
import pickle

import pytest

import flytetask_nb as ftn
from flytetask_nb import errors

BUILT_IN = {
    "AuthenticationError": ConnectionError,
    "CacheVersionError": ValueError,
    "CompileError": ValueError,
    "ConfigurationError": ValueError,
    "DiffError": ValueError,
    "ImmutableError": AttributeError,
    "LoadError": ValueError,
    "LocalExecutionError": AssertionError,
    "MissingExtraError": ImportError,
    "ModelTypeError": TypeError,
    "ModelValueError": ValueError,
    "OptionError": ValueError,
    "QuantityError": ValueError,
    "QueryError": ValueError,
    "RemoteError": ConnectionError,
    "RemoteTaskNotFoundError": KeyError,
    "SaveError": OSError,
    "TaskNotFoundError": KeyError,
    "WorkflowIntegrationError": NotImplementedError,
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_error_is_a_built_in_one_too(name: str) -> None:
    """One ``except`` catches them all, and code that catches Python's own errors keeps working."""
    kind = getattr(errors, name)
    assert issubclass(kind, ftn.FlyteTaskError)
    assert issubclass(kind, BUILT_IN[name])


def test_the_errors_that_users_catch_most_stand_on_top() -> None:
    """All are public in ``ftn.errors``; the façade hands out the family, and those of loading and of clusters."""
    assert ftn.errors is errors
    on_top = {name for name in ftn.__all__ if name.endswith("Error")}
    assert on_top == {"FlyteTaskError", "LoadError", "RemoteError"}
    assert all(getattr(ftn, name) is getattr(errors, name) for name in on_top)


@pytest.mark.parametrize("name", errors.__all__)
def test_errors_say_what_they_were_given(name: str) -> None:
    """The message reads as it was written, without quotes around it, and survives pickling."""
    error = getattr(errors, name)("no task 'x'; there are y and z")
    assert str(error) == "no task 'x'; there are y and z"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - bytes of this test
    assert str(copy.copy(error)) == str(error)


def test_not_found_without_a_message() -> None:
    """An error that was given nothing says nothing."""
    assert str(errors.TaskNotFoundError()) == ""


def test_no_error_is_forgotten() -> None:
    """``__all__`` and the table of this test name every error class of the module."""
    found = {
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert found == set(errors.__all__) == {*BUILT_IN, "FlyteTaskError"}
