"""Tables of tasks in pandas: a row a task, a variable, a resource, or an environment variable.

Names are loaded when they are first asked for.
"""

from __future__ import annotations

from flytetask_nb.tables.frames import empty_table, tabulate

__all__ = ["empty_table", "tabulate"]
