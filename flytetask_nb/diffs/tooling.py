"""What registration tools write into a task by themselves.

The same code becomes another structure when flytectl registers it in place of ``pyflyte register``, when another
version of flytekit serializes it, or when its bundle is uploaded elsewhere. Admin then refuses it under the version
that it has, though nobody changed it; here it is told which of these explain a difference as a whole.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.diffs.messages import field_changes
from flytetask_nb.diffs.rules import NOISE
from flytetask_nb.diffs.structures import canonical
from flytetask_nb.diffs.task_diff import diff
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.models.class_names import without_addresses
from flytetask_nb.semantics.hydration import hydrated_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.diffs.changes import Change
    from flytetask_nb.diffs.task_diff import TaskDiff

_POD: Final = "the pod's spec, which flytectl rewrites"
_SPELLING: Final = "the spelling of values that mean the same"
_SAME_BUNDLE: Final = "the place that the code was uploaded to"
UNKNOWN_CODE: Final = "the uploaded code bundle, whose content a task does not tell"
"""What a tool wrote of code that may be another: nobody can say that the task is the same."""
_ENVIRONMENT: Final = "environment variables that flytekit sets for itself"
_ADDRESS: Final = "the memory address that flytekit writes into the name of a pickled class"

# flytectl/cmd/register/register_util.go fills these in; flytekit/core/python_auto_container.py writes them.
_PACKAGE_PATH: Final = "{{ .remote_package_path }}"
_DESTINATION: Final = "{{ .dest_dir }}"
_OWN_VARIABLE: Final = re.compile(r"_F_.*|FLYTE_INTERNAL_.*", re.DOTALL)
# flytekit names a bundle by the hash of what is in it, or puts it into a folder named so.
_HASHED_BUNDLE: Final = re.compile(r"fast[0-9a-f]{32}\.tar\.gz")


def _bundle(change: Change) -> str:
    before, after = str(change.old).split("/"), str(change.new).split("/")
    is_same = before[-1] == after[-1] and (_HASHED_BUNDLE.fullmatch(after[-1]) or before[-2:] == after[-2:] != after)
    return _SAME_BUNDLE if is_same else UNKNOWN_CODE


def _metadata(change: Change) -> str:
    # An address in memory is all in which they differ, or the task itself was changed.
    texts = (without_addresses(canonical(value)) for value in (change.old, change.new))
    return _ADDRESS if len(set(texts)) == 1 else ""


# By rule, what a tool wrote; an empty text: the task itself was changed.
_WRITTEN: Final[dict[str, Callable[[Change], str]]] = {
    "runtime-version": lambda _: "the version of flytekit",
    "serialization-settings": lambda change: _ENVIRONMENT if change.severity == NOISE else "",
    **dict.fromkeys(
        ("env-added", "env-removed", "env-changed"),
        lambda change: _ENVIRONMENT if _OWN_VARIABLE.fullmatch(change.key) else "",
    ),
    "code-bundle": _bundle,
    **dict.fromkeys(("fast-registration-on", "fast-registration-off"), lambda _: UNKNOWN_CODE),
    "argument-changed": lambda change: "the folder that the code is unpacked to" if change.key == "dest-dir" else "",
    "type-metadata": _metadata,
    "id-filled-in": lambda _: "placeholders that registration fills in",
}
# These follow from others or are no part of the structure.
_SET_ASIDE: Final = frozenset({"id-version", "release-echo", "documentation"})
_NO_POD: Final = ("interface.", "metadata.")


def tool_differences(difference: TaskDiff) -> tuple[str, ...]:
    """Tell what tools filled in, where that is all in which two tasks differ.

    Returns tuple of str: a few words for each of them; empty if the task itself differs.

    Notes
    -----
    That flytectl rewrites pods is read from flytectl/cmd/register/register_util.go. Which other differences count as
    a tool's is policy of this package; what a user can set on the command line of a tool, such as images and
    environment variables, counts as the task's own.
    """
    old, new = difference.old._message, difference.new._message
    has_pods = _has_pod(old) and _has_pod(new)
    for change in difference.all_changes():
        # Most differences are told by what was compared already; what a rewritten pod hides is not.
        if change.rule not in _WRITTEN and _counts(change) and (not has_pods or change.path.startswith(_NO_POD)):
            return ()
    words: list[str] = []
    if has_pods and old.template.k8s_pod != new.template.k8s_pod and not _are_distinct(old, new):
        rewritten = _rewritten(old), _rewritten(new)
        pods = [spec.template.k8s_pod for spec in rewritten]
        # Where flytectl has rewritten one of the two, what else differs shows once both are.
        if pods[0] == pods[1] or (pods[0] == old.template.k8s_pod) != (pods[1] == new.template.k8s_pod):
            words.append(_POD)
            old, new = rewritten
    for change in filter(_counts, diff(old, new).all_changes()):
        written = _WRITTEN.get(change.rule)
        phrase = "" if written is None else written(change)
        if not phrase:
            return ()
        words.append(phrase)
    return tuple(dict.fromkeys(words)) or (_SPELLING,)


def _counts(change: Change) -> bool:
    return change.rule not in _SET_ASIDE and not change.is_consequence


def spelling_paths(old: Any, new: Any) -> tuple[str, ...]:
    """Return the places where the templates of two tasks are not written alike, whatever it means."""
    return tuple(path for path, *_ in field_changes("", old.template, new.template))


def _has_pod(spec: Any) -> bool:
    return bool(spec.template.HasField("k8s_pod"))


def _rewritten(spec: Any) -> Any:
    """Return a task as flytectl registers it, its placeholders kept; as it is, where flytectl would fail."""
    try:
        return hydrated_message(
            spec,
            project="",
            domain="",
            version="",
            source_uploaded_location=_PACKAGE_PATH,
            destination_directory=_DESTINATION,
        )
    except FlyteTaskError:
        return deepcopy(spec)


def _are_distinct(old: Any, new: Any) -> bool:
    """Tell whether two pods differ in what flytectl drops: two that both have it were not dropped."""
    pods = old.template.k8s_pod, new.template.k8s_pod
    names = {pod.primary_container_name for pod in pods} - {""}
    loadings = [pod.data_config for pod in pods if pod.HasField("data_config")]
    return len(names) > 1 or loadings[1:] != loadings[:-1]
