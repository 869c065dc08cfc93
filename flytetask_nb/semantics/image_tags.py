"""What the tag of an image says: which release it belongs to, and which runtimes are inside.

A tag that moves with the release of a task says nothing new. A tag that names another Python or another CUDA does,
whatever moves beside it.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.version_order import version_label
from flytetask_nb.semantics.images import image_reference

if TYPE_CHECKING:
    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.semantics.images import ImageReference

# -- runtimes --------------------------------------------------------------------------------------------------------

_ANY: Final = r"(\d{1,4}(?:\.\d{1,4}){0,3})"
_DOTTED: Final = r"(\d{1,4}(?:\.\d{1,4}){1,3})"


class _Runtime(NamedTuple):
    """A language or system that an image holds.

    ``name``: what people call it.
    ``pattern``: how tags name it with its version, which is the only group that matches. Where a team may well call its
      own image so (``spark-v41``), the version must have a dot.
    ``repositories``: last parts of the names of images whose own tags are its versions: ``python:3.12``.
    """

    name: str
    pattern: str
    repositories: tuple[str, ...] = ()


_RUNTIMES: Final = (
    _Runtime("Python", rf"c?python[-_.]?{_ANY}|(?:py|cp)([23](?:\.\d{{1,2}}){{0,2}}|[23]\d{{1,2}})", ("python",)),
    _Runtime("PyPy", rf"pypy[-_.]?{_ANY}", ("pypy",)),
    _Runtime("CUDA", rf"cuda[-_.]?{_ANY}|cu(\d{{2,3}}|\d{{1,2}}\.\d)", ("cuda",)),
    _Runtime("cuDNN", rf"cudnn[-_.]?{_ANY}"),
    _Runtime("ROCm", rf"rocm[-_.]?{_ANY}", ("rocm-terminal",)),
    _Runtime(
        "R",
        rf"r[-_]?([2-4]\.\d{{1,2}}(?:\.\d)?)|r-(?:base|ver)[-_.]?{_ANY}",
        ("r-base", "r-ver", "rstudio", "tidyverse", "shiny"),
    ),
    _Runtime(
        "Java",
        rf"(?:java|openjdk|jdk|jre|temurin|corretto|zulu)[-_.]?{_ANY}",
        ("openjdk", "java", "jdk", "jre", "eclipse-temurin", "amazoncorretto", "zulu-openjdk", "ibmjava"),
    ),
    _Runtime("Scala", rf"scala[-_.]?{_ANY}", ("scala",)),
    _Runtime("Node.js", rf"node(?:js)?[-_.]?{_ANY}", ("node",)),
    _Runtime("Go", rf"golang[-_.]?{_ANY}|go{_DOTTED}", ("golang",)),
    _Runtime("Rust", rf"rust[-_.]?{_ANY}", ("rust",)),
    _Runtime("Ruby", rf"ruby[-_.]?{_ANY}", ("ruby",)),
    _Runtime("PHP", rf"php[-_.]?{_ANY}", ("php",)),
    _Runtime("Julia", rf"julia[-_.]?{_ANY}", ("julia",)),
    _Runtime(".NET", rf"dotnet[-_.]?{_ANY}", ("dotnet", "aspnet")),
    _Runtime("Ubuntu", rf"ubuntu[-_.]?{_ANY}", ("ubuntu",)),
    _Runtime("Debian", rf"debian[-_.]?{_ANY}", ("debian",)),
    _Runtime("Alpine", rf"alpine[-_.]?{_ANY}", ("alpine",)),
    _Runtime("Fedora", rf"fedora[-_.]?{_ANY}", ("fedora",)),
    _Runtime("CentOS", rf"centos[-_.]?{_ANY}", ("centos",)),
    _Runtime("Rocky Linux", rf"rocky(?:linux)?[-_.]?{_ANY}", ("rockylinux",)),
    _Runtime("UBI", rf"ubi[-_.]?{_ANY}", ("ubi", "ubi-minimal")),
    _Runtime("Amazon Linux", rf"amazonlinux[-_.]?{_ANY}|al(2|20\d\d)", ("amazonlinux",)),
    _Runtime("Spark", rf"(?:py)?spark[-_.]?{_DOTTED}", ("spark", "spark-py", "spark-r", "pyspark", "pyspark-notebook")),
    _Runtime("Hadoop", rf"hadoop[-_.]?{_ANY}", ("hadoop",)),
    _Runtime("PyTorch", rf"(?:py)?torch[-_.]?{_DOTTED}", ("pytorch",)),
    _Runtime("TensorFlow", rf"(?:tensorflow|tf)[-_.]?{_DOTTED}", ("tensorflow",)),
    _Runtime("Ray", rf"ray[-_.]?{_DOTTED}", ("ray", "ray-ml")),
    _Runtime("Dask", rf"dask[-_.]?{_DOTTED}", ("dask",)),
    _Runtime("flytekit", rf"flytekit[-_.]?{_DOTTED}", ("flytekit",)),
)
_CODENAMES: Final = {
    "bionic": ("Ubuntu", "18.04"),
    "focal": ("Ubuntu", "20.04"),
    "jammy": ("Ubuntu", "22.04"),
    "noble": ("Ubuntu", "24.04"),
    "stretch": ("Debian", "9"),
    "buster": ("Debian", "10"),
    "bullseye": ("Debian", "11"),
    "bookworm": ("Debian", "12"),
    "trixie": ("Debian", "13"),
}
_REPOSITORIES: Final = {repository: runtime.name for runtime in _RUNTIMES for repository in runtime.repositories}
_CODENAME: Final = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(_CODENAMES)})(?![a-z0-9])")
_OWN_VERSION: Final = re.compile(rf"(?:^|(?<=[-_]))v?{_ANY}(?![a-z0-9.])")
# Written without a dot: py39, py312, cu118.
_CLOSE: Final = {"Python": re.compile(r"([23])(\d{1,2})"), "CUDA": re.compile(r"(\d{2})(\d)")}


@cache
def _finders() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # Compiled when the first two images are compared, for most who load tasks compare none.
    return tuple(
        (runtime.name, re.compile(rf"(?<![a-z0-9])(?:{runtime.pattern})(?![a-z0-9]|\.\d)")) for runtime in _RUNTIMES
    )


@lru_cache(maxsize=4096)
def _named_runtimes(text: str) -> dict[str, str]:
    """Return the versions of the runtimes that a text names, by runtime."""
    lower = text.lower()
    versions: dict[str, str] = {}
    for codename in _CODENAME.findall(lower):
        versions.setdefault(*_CODENAMES[codename])
    for name, finder in _finders():
        match = finder.search(lower)
        if match is not None:
            version = next(filter(None, match.groups()))
            close = _CLOSE[name].fullmatch(version) if name in _CLOSE else None
            versions[name] = f"{close[1]}.{close[2]}" if close else version
    return versions


def _own_runtime(reference: ImageReference) -> dict[str, str]:
    """Return the runtime that an image is by its name, with its version."""
    last = reference.repository.rsplit("/", 1)[-1]
    name = _REPOSITORIES.get(last)
    version = _OWN_VERSION.search(reference.tag.lower()) if name else None
    return {name: version[1]} if name and version else {}


def runtime_changes(old: str, new: str, *, own: bool = True) -> list[str]:
    """Tell which languages and systems have another version in another image, by what the two are called.

    ``old``, ``new``: names of images.
    ``own``: whether the tag of an image that is called as a runtime counts as its version, as in ``python:3.12``.
    Returns list of str: a few words each, such as ``"Python 3.9 → 3.12"``.

    Examples
    --------
    >>> runtime_changes("cr.flyte.org/flyteorg/flytekit:py3.9-1.10.2", "cr.flyte.org/flyteorg/flytekit:py3.12-1.16.0")
    ['flytekit 1.10.2 → 1.16.0', 'Python 3.9 → 3.12']
    >>> runtime_changes("ghcr.io/acme/train:cuda11.8-v1", "ghcr.io/acme/train:cuda12.1-v1")
    ['CUDA 11.8 → 12.1']
    """
    return list(_runtime_changes(old, new, own))


@lru_cache(maxsize=1024)
def _runtime_changes(old: str, new: str, own: bool) -> tuple[str, ...]:
    before, after = image_reference(old), image_reference(new)
    if before is None or after is None:
        return ()
    named = [_named_runtimes(f"{image.repository.rsplit('/', 1)[-1]}:{image.tag}") for image in (before, after)]
    known = [
        {**(_own_runtime(image) if own else {}), **words} for image, words in zip((before, after), named, strict=True)
    ]
    changes = []
    for name in dict.fromkeys([*known[0], *known[1]]):
        was, now = (versions.get(name, "") for versions in known)
        if not was or not now:
            # That a tag no longer names it does not mean that the image lacks it.
            if before.name == after.name and any(name in words for words in named):
                changes.append(f"{name} {was or 'not named'} → {now or 'not named'}")
        # 3.9 may well be 3.9.18.
        elif not f"{was}.".startswith(f"{now}.") and not f"{now}.".startswith(f"{was}."):
            changes.append(f"{name} {was} → {now}")
    return tuple(changes)


# -- releases --------------------------------------------------------------------------------------------------------

_COMMIT: Final = re.compile(r"g?([0-9a-f]{6,40}|[0-9a-f]{64})")
# What git describe and setuptools-scm make of a commit.
_DESCRIBED: Final = re.compile(
    r"v?\d+(?:\.\d+)*(?:-\d+-g|\.?(?:post|dev)\d+[-_.]g?)[0-9a-f]{6,40}(?:[-_.](?:d\d{8}|dirty))?"
)
_MARK: Final = "\0"
_OTHER_CHARACTERS: Final = re.compile(r"[^A-Za-z0-9_.-]")


def follows_release(old: str, new: str, tasks: tuple[FlyteTask, FlyteTask]) -> bool:
    """Tell whether one image took the place of another because a release did.

    ``old``, ``new``: names of images of one repository, with other tags.
    ``tasks``: the task before and after.
    Returns bool: True where the tag moves as a commit does, as the version of the task, or as the tags of most of the
      tasks beside it in the release, as far as these are at hand. False where it names another version of a runtime.

    Notes
    -----
    Policy of this package.
    """
    before, after = image_reference(old), image_reference(new)
    if before is None or after is None or bool(before.digest) != bool(after.digest):
        return False
    if _are_commits(before.tag, after.tag):
        return True
    if not before.tag or not after.tag or runtime_changes(old, new, own=False):
        return False
    if _follow_version(before.tag, after.tag, *(_label(task) for task in tasks)):
        return True
    return not runtime_changes(old, new) and _follow_fellows(before.tag, after.tag, tasks)


def _label(task: FlyteTask) -> str:
    """Return what the version of a task is called; empty where it is called nothing."""
    version = task._message.template.id.version
    return version_label(version, task.source) if is_filled_in(version) or task.source else ""


def _follow_version(old: str, new: str, old_version: str, new_version: str) -> bool:
    for was, now in zip(_forms(old_version), _forms(new_version), strict=True):
        if was and now and was != now:
            left = _without(old, was)
            if _MARK in left and left == _without(new, now):
                return True
    return False


def _forms(version: str) -> list[str]:
    """Return how a version can stand in a tag: with or without its v, and with what a tag may hold alone."""
    bare = version[1:] if re.match(r"v\d", version) else version
    return [version, bare, f"v{bare}", *(_OTHER_CHARACTERS.sub(mark, version) for mark in "-_.")]


def _without(tag: str, version: str) -> str:
    return re.sub(rf"(?<![A-Za-z0-9])(?<!\d\.){re.escape(version)}(?![A-Za-z0-9]|\.\d)", _MARK, tag)


@lru_cache(maxsize=4096)
def _are_commits(old: str, new: str) -> bool:
    """Tell whether two tags differ in hashes of commits alone."""
    before, after = (re.split(r"([-_.])", _DESCRIBED.sub(_MARK, tag)) for tag in (old, new))
    if len(before) != len(after):
        return False
    pairs = [(was, now) for was, now in zip(before, after, strict=True) if was != now]
    return (bool(pairs) or _MARK in before) and all(_is_commit_pair(was, now) for was, now in pairs)


def _is_commit_pair(old: str, new: str) -> bool:
    matches = _COMMIT.fullmatch(old), _COMMIT.fullmatch(new)
    if matches[0] is None or matches[1] is None:
        return False
    # A hash of digits alone beside one with letters is no date and no number.
    text = matches[0][1] + matches[1][1]
    return not text.isdigit() and not text.isalpha()


def _follow_fellows(old: str, new: str, tasks: tuple[FlyteTask, FlyteTask]) -> bool:
    before, after = ({} if task.fellows is None else task.fellows.tags_beside(task) for task in tasks)
    own = {task.name for task in tasks}
    steps = [(before[name], after[name]) for name in before if name in after and name not in own]
    return 2 * steps.count((old, new)) > len(steps)
