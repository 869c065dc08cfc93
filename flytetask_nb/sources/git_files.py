"""Files of a git revision: ``git:HEAD~3:dist/flyte-package.tgz`` is read as it was committed.

git is asked for the bytes by ``cat-file``: nothing is checked out, and neither hooks, filters nor text conversions run.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any, Final

from flytetask_nb.errors import LoadError, shortened
from flytetask_nb.sources.read_settings import MAX_TOTAL_BYTES

_SCHEME: Final = "git:"
_BLOB, _TREE, _COMMIT, _TAG = "blob", "tree", "commit", "tag"
_WORDS: Final = 3
"""How many words git says of an object that it has: its name, its type, its size."""


def is_git_address(name: str) -> bool:
    """Tell whether a text names a file of a revision; ``git://`` is fsspec's."""
    return name.startswith(_SCHEME) and not name.startswith(f"{_SCHEME}//")


@dataclass(frozen=True)
class GitBlob:
    """Opens a file of a revision.

    ``object_id``: what git calls the content.
    ``size``: bytes.
    ``folder``: where the repository is, or a folder in it.
    """

    object_id: str
    size: int
    folder: str

    def __call__(self) -> Any:  # noqa: D102 - opens it
        if self.size > MAX_TOTAL_BYTES:
            raise LoadError(f"it has {self.size:,} bytes, more than the {MAX_TOTAL_BYTES:,} that are read")
        return io.BytesIO(_git(self.folder, "cat-file", _BLOB, self.object_id))


def files_in_revision(address: str) -> list[tuple[str, GitBlob]]:
    """Return the files that an address stands for: one, or those of a folder.

    ``address``: ``git:REVISION:PATH``, the path from the root of the repository that the working folder is in.
    Returns list of (str, GitBlob): the address of each and what opens it.
    Raises LoadError: there is no git, no repository, no such revision or no such file in it.
    """
    revision, mark, path = address.removeprefix(_SCHEME).partition(":")
    path = path.replace("\\", "/").rstrip("/") if os.sep == "\\" else path.rstrip("/")
    if not mark or not revision or not path or "\n" in address or "\0" in address:
        raise LoadError(
            "this names no file of a revision; expected git:REVISION:PATH, such as git:HEAD~3:dist/tasks.tgz"
        )
    folder = os.getcwd()  # noqa: PTH109 - a text
    kind, object_id, size = _object(folder, f"{revision}:{path}")
    if kind == _BLOB:
        return [(address, GitBlob(object_id, size, folder))]
    if kind != _TREE:
        raise LoadError(f"this is a {kind} and no file; expected a file or a folder of the revision")
    listed = _git(folder, "ls-tree", "-r", "-z", "--long", "--full-tree", object_id).decode("utf-8", "surrogateescape")
    files = []
    for entry in filter(None, listed.split("\0")):
        details, _, inner = entry.partition("\t")
        _, kind, object_id, length = details.split()
        if kind == _BLOB and not any(part.startswith(".") for part in inner.split("/")):
            files.append((f"{address}/{inner}", GitBlob(object_id, int(length), folder)))
    return files


def _object(folder: str, name: str) -> tuple[str, str, int]:
    """Return type, name and size of an object. Its name goes in as data, so that nothing in it can be an option."""
    answer = _git(folder, "cat-file", "--batch-check", given=f"{name}\n").decode("utf-8", "replace").split("\n")[0]
    words = answer.rsplit(" ", _WORDS - 1)
    if len(words) == _WORDS and words[1] in {_BLOB, _TREE, _COMMIT, _TAG} and words[2].isdigit():
        return words[1], words[0], int(words[2])
    revision = name.partition(":")[0]
    known = _git(folder, "cat-file", "--batch-check", given=f"{revision}\n").decode("utf-8", "replace")
    if known.rstrip().endswith((" missing", " ambiguous")):
        raise LoadError(f"git knows no revision {revision!r} here; check it, or fetch it (git fetch --unshallow)")
    raise LoadError(f"the revision {revision!r} has no such file; git ls-tree -r --name-only {revision} lists them")


def _git(folder: str, *command: str, given: str = "") -> bytes:
    program = shutil.which("git")
    if program is None:
        raise LoadError("git is not installed here; install it, or name a file")
    # What is missing of a partial clone is not fetched, and nobody is asked for a password.
    environment = {
        **os.environ,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",  # for a git that does not know the one above
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    finished = subprocess.run(  # noqa: S603 - git's own path, and no option comes from the address
        [program, "--no-replace-objects", "--no-optional-locks", *command],
        cwd=folder,
        input=given.encode("utf-8", "surrogateescape"),
        capture_output=True,
        env=environment,
        check=False,
    )
    if finished.returncode:
        said = " ".join(finished.stderr.decode("utf-8", "replace").split()).removeprefix("fatal: ")
        raise LoadError(f"git cannot read it: {shortened(said, 200)}; check that {folder} is in a repository")
    return finished.stdout
