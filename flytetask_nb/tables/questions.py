"""What is asked of thousands of tasks and is more than a line of pandas: copies, stale caches, old SDKs.

Every answer is a table that says in ``task`` which task it is about, so that it can be looked up in the collection,
sorted, joined and counted. What cannot be judged stands there too, with the reason in ``error``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from flyteidl.admin import task_pb2

from flytetask_nb.dtypes import COUNT, TEXT, array_of
from flytetask_nb.errors import FlyteTaskError, ModelTypeError, ModelValueError
from flytetask_nb.masking import mask_text
from flytetask_nb.models.messages import shown
from flytetask_nb.models.origins import NOWHERE
from flytetask_nb.models.version_order import by_age
from flytetask_nb.semantics.digests import nameless_digest
from flytetask_nb.tables.columns import ERROR
from flytetask_nb.tables.frames import table_of
from flytetask_nb.tables.serialized_tasks import records_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.models.origins import Origin
    from flytetask_nb.tables.serialized_tasks import Records

_NAMED: Final = ["project", "domain", "name"]
_IDENTITY: Final = [*_NAMED, "version"]

# Equal wherever digests are, and much cheaper: what differs in these needs no digest.
_FEATURES: Final = ["type", "signature", "image", "command", "args", "cache_version"]


# -- copies -----------------------------------------------------------------------------------------------------------


def duplicates(tasks: Any) -> pd.DataFrame:
    """Find tasks that are the same under different names.

    Returns
    -------
    pandas.DataFrame
        One row for each task that differs from another in nothing but its id, and has another name. Copies of each
        other stand together, in the tasks' order otherwise. Columns:

        =============  =========  ==========================================================================
        column         dtype      meaning
        =============  =========  ==========================================================================
        task           int64      position of the task: the row of ``tabulate`` and the place in a collection
        project        string
        domain         string
        name           string     of the task
        version        string
        digest         string     hexadecimal; equal for copies of each other
        error          string     why a task could not be compared
        =============  =========  ==========================================================================

    See Also
    --------
    flytetask_nb.semantics.digests.nameless_digest : what is compared.
    """
    records = records_of(tasks)
    frame = table_of(records, [*_IDENTITY, *_FEATURES, ERROR])
    is_broken, reasons = _unread(frame)
    may_have_copies = frame.groupby(_FEATURES, dropna=False)["name"].transform("nunique") > 1
    digests: list[str | None] = [None] * len(frame)
    for position in np.flatnonzero(may_have_copies & ~is_broken).tolist():
        digests[position], reasons[position] = _digest(records, position)
    frame[ERROR] = array_of(TEXT, reasons)
    frame["digest"] = array_of(TEXT, digests)
    is_copy = frame.groupby("digest")["name"].transform("nunique").fillna(0) > 1
    answer = _answer(frame, is_copy | frame[ERROR].notna(), ["digest"])
    first = answer.groupby("digest", dropna=False)["task"].transform("min")
    in_order: pd.DataFrame = answer.iloc[np.lexsort((answer["task"], first, answer["digest"].isna()))]
    return in_order.reset_index(drop=True)


def _digest(records: Records, position: int) -> tuple[str | None, str | None]:
    try:
        return nameless_digest(task_pb2.TaskSpec.FromString(records.data[position])).hex(), None
    except FlyteTaskError as error:
        return None, mask_text(str(error))


# -- caches -----------------------------------------------------------------------------------------------------------


def stale_caches(tasks: Any) -> pd.DataFrame:
    """Find tasks that still take results which an older image has computed.

    ``tasks``: as for ``tabulate``; all versions that are to be considered.

    Returns
    -------
    pandas.DataFrame
        One row for each task whose newest version is cached under a key that versions with another image or another
        code bundle have used before; tasks are told apart by project, domain and name, and stand in the order of
        their newest versions. Columns:

        =============  =========  ==========================================================================
        column         dtype      meaning
        =============  =========  ==========================================================================
        task           int64      position of the newest version: the row of ``tabulate``
        project        string
        domain         string
        name           string     of the task
        version        string     the newest
        cache_version  string     of the newest version
        since          string     the oldest version whose results are still found
        image_then     string     of that version
        image          string     of the newest version
        images         Int64      how many different ones have computed results that are still found
        code_bundles   Int64      likewise, of the code that fast registration brought
        error          string     why a task could not be judged, e.g. cached without a cache version
        =============  =========  ==========================================================================

    See Also
    --------
    flytetask_nb.semantics.cache_key : the key. It changes with the cache version, and with types and names of inputs
        and outputs.

    Notes
    -----
    Policy of this package: versions are in the order of ``TaskCollection.versions``. Whether a change of the image
    matters to the results only its authors know; this says where to ask.
    """
    records = records_of(tasks)
    frame = table_of(records, [*_IDENTITY, "image", "code_bundle", "cached", "cache_version", "cache_key", ERROR])
    ordered = frame.loc[_by_age(frame, records.origins)]
    newest = ordered.groupby(_NAMED, dropna=False).tail(1).index
    # An empty text stands for none, which counts as a value here, and nothing is an empty text in a table.
    by_key = ordered[["version", "image", "code_bundle"]].fillna("").groupby(ordered["cache_key"])
    for name, column in (("images", "image"), ("code_bundles", "code_bundle")):
        frame[name] = by_key[column].transform("nunique").astype(COUNT.dtype)
    for name, column in (("since", "version"), ("image_then", "image")):
        oldest = by_key[column].transform("first").astype(TEXT.dtype)
        frame[name] = oldest.mask(oldest == "")
    is_newest = frame.index.isin(newest) & frame["cached"].fillna(value=False).to_numpy(dtype=bool)
    is_stale = ((frame["images"] > 1) | (frame["code_bundles"] > 1)).fillna(value=False).astype(bool)
    is_broken, _ = _unread(frame)
    chosen = (is_newest & (is_stale | frame[ERROR].notna())) | is_broken
    return _answer(frame, chosen, ["cache_version", "since", "image_then", "image", "images", "code_bundles"])


def _by_age(frame: pd.DataFrame, origins: Sequence[Origin | str]) -> list[int]:
    """Return the rows' positions so that versions of one task stand from the oldest to the newest."""
    texts = {name: frame[name].fillna("").tolist() for name in _IDENTITY}
    groups: dict[tuple[str, ...], list[int]] = {}
    for position, key in enumerate(zip(*(texts[name] for name in _NAMED), strict=True)):
        groups.setdefault(key, []).append(position)
    whole = [NOWHERE if isinstance(origin, str) else origin for origin in origins]
    by_group: list[int] = []
    for positions in groups.values():
        versions = [texts["version"][position] for position in positions]
        known = [whole[position] for position in positions]
        order, _ = by_age(versions, [origin.created_at for origin in known], [origin.rank for origin in known])
        by_group += [positions[place] for place in order]
    return by_group


# -- SDKs -------------------------------------------------------------------------------------------------------------

# A release, and what makes it a release to come: 1.16.0b5. What else follows, ".post1" or "+local", does not count.
_VERSION: Final = re.compile(
    r"v?(\d{1,18}(?:\.\d{1,18}){0,9})(?!\d)(?:[-_.]?(dev|alpha|a|beta|b|preview|pre|rc|c)[-_.]?(\d{0,18})(?!\d))?.*",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_STAGES: Final = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "c": 3, "rc": 3, "pre": 3, "preview": 3, "": 4}


def runtime_before(tasks: Any, version: str, *, runtime: str = "python") -> pd.DataFrame:
    """Find tasks that were made with an older SDK.

    ``tasks``: as for ``tabulate``.
    ``version``: the first version that is new enough, e.g. ``"1.16"``.
    ``runtime``: which SDK: a value of the column ``runtime``. flytekit calls itself ``python``.
    Returns pandas.DataFrame: one row for each task of that SDK with an older version, in the tasks' order. Columns:
      ``task``, ``project``, ``domain``, ``name``, ``version`` as in ``duplicates``, ``runtime_version``, and ``error``:
      why a task's version could not be compared.
    Raises ModelTypeError: ``version`` is no text.
    Raises ModelValueError: it is no version.

    Notes
    -----
    Compared by release, then by stage: ``1.9`` before ``1.16``, ``1.16.0b5`` before ``1.16.0``, which equals
    ``1.16``. Policy of this package, after PEP 440; post-releases and local versions count as their release.
    """
    if not isinstance(version, str):
        raise ModelTypeError(
            f"version={shown(version)} is of type {type(version).__name__}, expected a text like '1.16'"
        )
    bound = _release(version)
    if bound is None:
        raise ModelValueError(f"version={version!r} is no version; expected numbers with dots between, like '1.16'")
    frame = table_of(records_of(tasks), [*_IDENTITY, "runtime", "runtime_version", ERROR])
    chosen, reasons = _unread(frame)
    versions = frame["runtime_version"].tolist()
    releases = {text: _release(text) for text in frame["runtime_version"].dropna().unique()}
    for position in np.flatnonzero((frame["runtime"] == runtime).fillna(value=False)).tolist():
        text = versions[position]
        release = None if text is pd.NA else releases[text]
        if release is None:
            reasons[position] = f"{'no version' if text is pd.NA else shown(text)} cannot be compared with {version}"
        chosen[position] = release is None or release < bound
    frame[ERROR] = array_of(TEXT, reasons)
    return _answer(frame, chosen, ["runtime_version"])


def _release(text: str) -> tuple[tuple[int, ...], int, int] | None:
    """Return a version in a form that can be compared; None for what is none."""
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        return None
    numbers = [int(number) for number in match[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers), _STAGES[(match[2] or "").lower()], int(match[3] or 0)


# -- answers ----------------------------------------------------------------------------------------------------------


def _unread(frame: pd.DataFrame) -> tuple[Any, list[str | None]]:
    """Tell which rows are those of tasks that could not be read at all, and why not."""
    is_broken = (frame[ERROR].notna() & frame[_IDENTITY].isna().all(axis="columns")).to_numpy(copy=True)
    return is_broken, [text if broken else None for text, broken in zip(frame[ERROR], is_broken, strict=True)]


def _answer(frame: pd.DataFrame, chosen: Any, columns: list[str]) -> pd.DataFrame:
    """Return the chosen rows with their positions, identity, and what was found out."""
    positions = np.flatnonzero(np.asarray(chosen))
    answer = frame.iloc[positions][[*_IDENTITY, *columns, ERROR]].reset_index(drop=True)
    answer.insert(0, "task", pd.Series(positions, dtype="int64"))
    return answer
