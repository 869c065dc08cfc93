"""Packages that come with an extra, each as a module that is imported when it is first used.

Whoever needs one takes it from here, e.g. ``from flytetask_nb.extras import grpc``: that never fails and loads nothing.
Where the package is missing, the first use of it is a :class:`~flytetask_nb.errors.MissingExtraError`, in the same
words everywhere.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.errors import MissingExtraError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = [
    "authlib_client",
    "authlib_errors",
    "authlib_security",
    "grpc",
    "keyring",
    "load_module",
    "matplotlib_figure",
    "matplotlib_ticker",
    "mpl",
    "pa",
    "pc",
    "pq",
    "ptars",
    "requests",
    "require",
    "tenacity",
    "typer",
]


class _Extra(NamedTuple):
    """What needs an extra, and its packages: the names by which they are installed, by those of their modules."""

    purpose: str
    packages: dict[str, str]


_EXTRAS: Final = {
    "cluster": _Extra(
        "connections to a cluster need",
        {
            "grpc": "grpcio",
            "tenacity": "tenacity",
            "keyring": "keyring",
            "authlib": "Authlib",
            "requests": "requests",
        },
    ),
    "tables": _Extra("snapshots need", {"pyarrow": "pyarrow", "ptars": "ptars"}),
    "distributed": _Extra("scan needs", {"dask": "dask"}),
    "cli": _Extra("the command flytetask needs", {"typer": "typer"}),
    "flytekit": _Extra("flytekit's tasks and workflows need", {"flytekit": "flytekit"}),
    "plots": _Extra("pictures need", {"matplotlib": "matplotlib"}),
}


class _Module:
    """Stands for a module that comes with an extra, and imports it when something of it is asked for."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Asked by those who look through modules, not by those who use them.
            raise AttributeError(f"{self!r} has no {name}")
        return getattr(load_module(self.__name__), name)

    def __repr__(self) -> str:
        return f"<{self.__name__}, imported when it is used>"


def load_module(name: str) -> ModuleType:
    """Import a module that comes with an extra.

    Parameters
    ----------
    name : str
        Its full name.

    Returns
    -------
    module

    Raises
    ------
    MissingExtraError
        It cannot be imported. Names the package, and how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        module = name.partition(".")[0]
        # Of Flyte's own package only what needs gRPC comes with an extra.
        module = "grpc" if module == "flyteidl" else module
        extra, packages = next((extra, packages) for extra, (_, packages) in _EXTRAS.items() if module in packages)
        problem = f"which cannot be imported here ({error})" if _is_found(module) else "not installed here"
        raise _missing(extra, f"{packages[module]}, {problem}") from None


def require(extra: str) -> None:
    """Refuse to go on where packages of an extra are not installed. Nothing is imported.

    Parameters
    ----------
    extra : str
        As ``pip install "flytetask-nb[...]"`` takes it.

    Raises
    ------
    MissingExtraError
        Names all that are missing, and how to install them.
    """
    if missing := [package for module, package in _EXTRAS[extra].packages.items() if not _is_found(module)]:
        raise _missing(extra, f"{', '.join(missing)}, not installed here")


def _is_found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        # Something keeps it from being imported.
        return False


def _missing(extra: str, problem: str) -> MissingExtraError:
    return MissingExtraError(f'{_EXTRAS[extra].purpose} {problem}; run: pip install "flytetask-nb[{extra}]"')


if TYPE_CHECKING:
    import grpc
    import keyring
    import matplotlib as mpl
    import matplotlib.figure as matplotlib_figure
    import matplotlib.ticker as matplotlib_ticker
    import ptars
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    import requests
    import tenacity
    import typer
    from authlib.common import security as authlib_security
    from authlib.integrations import base_client as authlib_errors
    from authlib.integrations import requests_client as authlib_client
else:
    authlib_client = _Module("authlib.integrations.requests_client")
    authlib_errors = _Module("authlib.integrations.base_client")
    authlib_security = _Module("authlib.common.security")
    grpc = _Module("grpc")
    keyring = _Module("keyring")
    matplotlib_figure = _Module("matplotlib.figure")
    matplotlib_ticker = _Module("matplotlib.ticker")
    mpl = _Module("matplotlib")
    pa = _Module("pyarrow")
    pc = _Module("pyarrow.compute")
    pq = _Module("pyarrow.parquet")
    ptars = _Module("ptars")
    requests = _Module("requests")
    tenacity = _Module("tenacity")
    typer = _Module("typer")
