"""What flytekit loads when it is imported: its entry point ``flytekit.plugins``.

It is loaded without a guard, in every container where both packages are installed. So it stands outside of the package,
whose front it must not import; does nothing unless that is imported already; and never raises.
"""

from __future__ import annotations

import sys


def _register() -> None:
    if "flytetask_nb" not in sys.modules:
        # It registers itself when it is imported.
        return
    try:
        from flytetask_nb.integrations.flytekit.registration import register  # noqa: PLC0415 - only where it is at work

        register()
    except Exception:  # noqa: BLE001, S110 - flytekit must be imported, whatever is wrong here
        pass


_register()
