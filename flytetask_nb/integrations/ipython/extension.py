"""What IPython calls when the extension is loaded and unloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.integrations.ipython.displays import DISPLAYED, bundle_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_before: dict[int, dict[str, Any]] = {}
"""By shell, what showed each type before."""


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Show flyteidl's messages and flytekit's objects as this package shows its own, and add the magics."""
    from flytetask_nb.integrations.ipython.magics import FlyteMagics  # noqa: PLC0415 - imports IPython

    formatter: Any = shell.display_formatter.mimebundle_formatter  # type: ignore[union-attr]
    # By name: a type that is never seen is never imported.
    _before[id(shell)] = {
        f"{module}.{name}": formatter.for_type_by_name(module, name, bundle_of) for module, name in DISPLAYED
    }
    shell.register_magics(FlyteMagics)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Undo it."""
    from flytetask_nb.integrations.ipython.magics import FlyteMagics  # noqa: PLC0415 - likewise

    formatter: Any = shell.display_formatter.mimebundle_formatter  # type: ignore[union-attr]
    for place, earlier in _before.pop(id(shell), {}).items():
        formatter.pop(place, None)
        if earlier is not None:
            module, _, name = place.rpartition(".")
            formatter.for_type_by_name(module, name, earlier)
    magics: Any = shell.magics_manager.magics
    for kind, names in FlyteMagics.magics.items():
        for name in names:
            magics[kind].pop(name, None)
