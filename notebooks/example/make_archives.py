"""Make the archives of the example project, one per release, with the real ``pyflyte package``.

``releases/<first>/`` holds the whole project, every later folder only the files that changed. The
releases are laid over each other in order, and each state is packaged as a team would package it.

Two runs give the same bytes. What pyflyte leaves to chance is settled afterwards: the order of the
entries, of protobuf's maps and of the nodes that a node waits for; times, owners, modes; and the
folder that a dynamic task remembers as its source (it differs from machine to machine; here it
becomes the folder inside the image).

``archives.sha256`` says which archives were made of which sources, as ``sha256sum --check`` reads it:
as long as it holds, packaging everything once more would show nothing new.

Needs flytekit 1.16.31 and what the example imports::

    pip install flytekit==1.16.31 pandas pyarrow kubernetes
    python make_archives.py
    python make_archives.py --check
"""

import argparse
import base64
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from flyteidl.admin.launch_plan_pb2 import LaunchPlan
from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.admin.workflow_pb2 import WorkflowSpec
from flyteidl.core.literals_pb2 import KeyValuePair
from flyteidl.core.workflow_pb2 import BranchNode, Node, WorkflowTemplate
from google.protobuf.message import Message

FLYTEKIT = "1.16.31"
HERE = Path(__file__).resolve().parent
SUMS = HERE / "archives.sha256"
SOURCE_IN_IMAGE = "/root"
SERIALIZED_CONTEXT = "_F_SS_C"
# Where the header of gzip, RFC 1952, names the system, and what it says there.
SYSTEM_AT, UNIX = 9, 3

KINDS: dict[str, type[Message]] = {"1": TaskSpec, "2": WorkflowSpec, "3": LaunchPlan}
ENTITY = re.compile(r"_(?P<kind>[123])\.pb$")
BUNDLE = re.compile(r"^fast.*\.tar\.gz$")


@dataclass(frozen=True)
class Release:
    """One release: its version, the registry its images are in, and whether the code travels beside them.

    Parameters
    ----------
    version : str
        Name of the folder, of the archive and of the image's tag.
    registry : str
        Where the images are.
    image_tag : str
        Tag of the images, where it differs from the version: fast registration keeps the images.
    fast : bool
        Whether the archive holds a bundle of the code.
    """

    version: str
    registry: str
    image_tag: str = ""
    fast: bool = False

    @property
    def images(self) -> tuple[str, str]:
        """The default image and the one for GPUs, as ``pyflyte --image`` takes them."""
        tag = self.image_tag or self.version
        return f"{self.registry}/forecast:{tag}", f"gpu={self.registry}/forecast-gpu:{tag}"


GITHUB = "ghcr.io/corner-shops"
OWN = "registry.example.com/forecast"

RELEASES = (
    Release("2026.03", GITHUB),
    Release("2026.04", GITHUB),
    Release("2026.05", GITHUB),
    Release("2026.06", GITHUB),
    Release("2026.07", OWN),
    Release("2026.08", OWN),
    Release("2026.09", OWN, image_tag="2026.09", fast=True),
    Release("2026.10", OWN, image_tag="2026.09", fast=True),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the archives, or check that those in the folder are what the sources give.

    Parameters
    ----------
    arguments : sequence of str or None
        The command line; ``None`` takes the process's own.

    Returns
    -------
    int
        0; with ``--check``, 1 when an archive is missing or out of date.
    """
    parser = argparse.ArgumentParser(description="Make the archives of the example project.")
    parser.add_argument("--output", type=Path, default=HERE / "archives", help="folder of the archives")
    parser.add_argument("--check", action="store_true", help="write nothing; say which archives are out of date")
    options = parser.parse_args(arguments)
    if version("flytekit") != FLYTEKIT:
        parser.error(f"flytekit {version('flytekit')} is installed, the archives are made with {FLYTEKIT}")

    stale = []
    options.output.mkdir(parents=True, exist_ok=True)
    for release, archive in archives():
        target = options.output / f"{release.version}.tgz"
        if options.check:
            if not target.is_file() or gzip.decompress(target.read_bytes()) != gzip.decompress(archive):
                stale.append(target.name)
            continue
        target.write_bytes(archive)
        print(f"{target.name}: {len(archive):,} bytes")
    if not options.check and options.output.resolve() == HERE / "archives":
        SUMS.write_text(sums(), encoding="utf-8")
    if stale:
        print(f"out of date: {', '.join(stale)}; run {Path(__file__).name} again", file=sys.stderr)
    return 1 if stale else 0


def sums() -> str:
    """Return a line for each file that has a part in making the archives, and for each archive: its SHA-256 and name."""
    sources = (path for path in (HERE / "releases").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    files = [Path(__file__).resolve(), *sources, *(HERE / "archives").glob("*.tgz")]
    names = {path.relative_to(HERE).as_posix(): path for path in files}
    return "".join(f"{hashlib.sha256(names[name].read_bytes()).hexdigest()}  {name}\n" for name in sorted(names))


def archives() -> Iterator[tuple[Release, bytes]]:
    """Lay release over release and package each state.

    Yields
    ------
    tuple[Release, bytes]
        The release and its archive.
    """
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        for release in RELEASES:
            shutil.copytree(
                HERE / "releases" / release.version,
                project,
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
            yield release, normalised(package(project, release, Path(folder, "package.tgz")))


def package(project: Path, release: Release, output: Path) -> bytes:
    """Run ``pyflyte package`` on a project.

    Parameters
    ----------
    project : Path
        The folder that holds the package ``shops``.
    release : Release
        Which images to name, and whether to bundle the code.
    output : Path
        Where pyflyte may write.

    Returns
    -------
    bytes
        The archive as pyflyte wrote it.

    Raises
    ------
    RuntimeError
        When pyflyte fails; the message holds what it printed.
    """
    command = [sys.executable, "-m", "flytekit.clis.sdk_in_container.pyflyte", "--pkgs", "shops", "package"]
    command += ["--source", str(project), "--output", str(output), "--force"]
    command += [word for image in release.images for word in ("--image", image)]
    if release.fast:
        command.append("--fast")
    settings = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "TZ": "UTC"}
    done = subprocess.run(  # noqa: S603
        command, cwd=project, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"pyflyte package failed for release {release.version}:\n{done.stdout}")
    return output.read_bytes()


def normalised(archive: bytes) -> bytes:
    """Return the same archive without traces of when and where it was made."""
    return repacked(archive, canonical_entry)


def canonical_entry(name: str, content: bytes) -> bytes:
    """Return an entry of an archive in the one form that it is stored in."""
    if BUNDLE.match(name):
        return repacked(content, lambda _, code: code)
    entity = ENTITY.search(name)
    return canonical_message(KINDS[entity["kind"]].FromString(content)) if entity else content


def canonical_message(message: Message) -> bytes:
    """Serialize an entity in order and without the folder that it was made in."""
    if isinstance(message, TaskSpec):
        for variable in message.template.container.env:
            if variable.key == SERIALIZED_CONTEXT:
                forget_source_root(variable)
    if isinstance(message, WorkflowSpec):
        for workflow in (message.template, *message.sub_workflows):
            sort_upstream_nodes(workflow)
    return message.SerializeToString(deterministic=True)


def sort_upstream_nodes(workflow: WorkflowTemplate) -> None:
    """Put the nodes that a node waits for, a set in flytekit, in the order of their numbers."""
    for node in nodes_within(workflow.nodes):
        node.upstream_node_ids.sort(key=lambda name: (len(name), name))


def nodes_within(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield nodes and those in the branches of a conditional."""
    for node in nodes:
        yield node
        if node.HasField("branch_node"):
            yield from nodes_within(branches(node.branch_node))


def branches(branch_node: BranchNode) -> Iterator[Node]:
    """Yield the nodes that a conditional chooses from."""
    choice = branch_node.if_else
    yield choice.case.then_node
    yield from (case.then_node for case in choice.other)
    if choice.HasField("else_node"):
        yield choice.else_node


def forget_source_root(variable: KeyValuePair) -> None:
    """Put the folder inside the image in the place of the folder that was packaged."""
    settings = json.loads(gzip.decompress(base64.b64decode(variable.value)))
    settings["source_root"] = SOURCE_IN_IMAGE
    packed = compressed(json.dumps(settings).encode())
    variable.value = base64.b64encode(packed).decode()


def repacked(archive: bytes, canonical: Callable[[str, bytes], bytes]) -> bytes:
    """Write a gzip tar anew: entries sorted by name, no times, no owners.

    Parameters
    ----------
    archive : bytes
        A gzip tar that holds regular files.
    canonical : callable
        Gives the content to store, from an entry's name and content.

    Returns
    -------
    bytes
        The gzip tar.
    """
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as old,
        tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted((member for member in old if member.isfile()), key=lambda member: member.name):
            stream = old.extractfile(member)
            content = canonical(member.name, stream.read() if stream else b"")
            entry = tarfile.TarInfo(member.name)
            entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    return compressed(buffer.getvalue())


def compressed(data: bytes) -> bytes:
    """Compress without a time, and with the same system named by each version of Python."""
    found = bytearray(gzip.compress(data, mtime=0))
    found[SYSTEM_AT] = UNIX
    return bytes(found)


if __name__ == "__main__":
    sys.exit(main())
