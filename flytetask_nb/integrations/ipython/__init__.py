"""``%load_ext flytetask_nb``: rich display of what is not this package's, and magics for cells.

Importing this imports neither IPython nor flytekit.
"""

from __future__ import annotations

from flytetask_nb.integrations.ipython.extension import load_ipython_extension, unload_ipython_extension

__all__ = ["load_ipython_extension", "unload_ipython_extension"]
