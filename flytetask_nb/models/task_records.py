"""Tasks as collections keep them, and what could not become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flytetask_nb.errors import told

if TYPE_CHECKING:
    from flytetask_nb.models.origins import Origin


class Failure(NamedTuple):
    """Something that could not be read, kept beside the tasks that could.

    Attributes
    ----------
    source : str
        The file, archive or address.
    entry : str
        What is inside it; empty where the whole source failed.
    reason : str
        What is wrong, what was expected, and what to do.
    """

    source: str
    entry: str
    reason: str

    @property
    def place(self) -> str:
        """Source and entry as one text, e.g. ``release.tgz!0_shop.train_1.pb``."""
        return f"{self.source}!{self.entry}" if self.entry else self.source

    def __str__(self) -> str:
        return told(f"{self.place}: {self.reason}")

    def __repr__(self) -> str:
        return f"Failure(source={told(self.source)!r}, entry={told(self.entry)!r}, reason={told(self.reason)!r})"


class TaskRecord(NamedTuple):
    """A task as it is kept.

    ``data``: the serialized ``TaskSpec``.
    ``origin``: where it comes from; of most tasks only the source is known, which costs less by itself.
    """

    data: bytes
    origin: Origin | str
