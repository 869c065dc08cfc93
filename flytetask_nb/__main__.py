"""``python -m flytetask_nb``: the command ``flytetask``."""

from __future__ import annotations

import sys

from flytetask_nb.command_line import main

if __name__ == "__main__":
    sys.exit(main())
