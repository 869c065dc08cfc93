"""What ties tasks to other packages. Each is imported only where it is at work."""

from __future__ import annotations

__all__: list[str] = []
