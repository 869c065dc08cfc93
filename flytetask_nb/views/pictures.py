"""Pictures of tables of tasks, where people would rather look than read.

Each takes a table as ``tabulate`` makes it, or a part of one, and gives a figure of matplotlib.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.extras import matplotlib_ticker
from flytetask_nb.masking import mask_field, mask_identifier
from flytetask_nb.models.messages import shown
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.version_schemes import version_keys
from flytetask_nb.views.wording import counted

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd

    from flytetask_nb.views.figures import Picture

__all__ = ["image_bars", "release_timeline", "resources_scatter"]

_GIB: Final = 2**30
_MOST_BARS: Final = 20
_MOST_NUMBERS: Final = 30
_LONGEST_LABEL: Final = 50
_LONGEST_TICK: Final = 16
_LETTERS: Final = 60
"""That stand under an axis without touching."""
_BAR: Final = 0.26
"""Inches."""
_FRAME: Final = 0.9
"""Inches for title and axis."""
_LARGEST_DOT: Final = 420.0
_SMALLEST_DOT: Final = 24.0
"""Square points."""


def resources_scatter(frame: pd.DataFrame) -> Picture:
    """Draw what tasks ask for as whole jobs: cores against memory, larger dots for more tasks, diamonds for GPUs.

    Parameters
    ----------
    frame
        A table of tasks with the columns ``job_cpu``, ``job_memory`` and ``job_gpu``.

    Returns
    -------
    matplotlib.figure.Figure
        Both axes are logarithmic. Tasks that do not say both, or of which nobody can know, are counted in its title.

    Raises
    ------
    MissingExtraError
        The extra ``plots`` is not installed.
    ModelTypeError
        ``frame`` is no table.
    ModelValueError
        It lacks a column.
    """
    columns = {what: f"job_{what}" for what in ("cpu", "memory", "gpu")}
    _require(frame, list(columns.values()))
    figures = _figures()
    asked = {what: frame[column] for what, column in columns.items()}
    is_told = ((asked["cpu"] > 0) & (asked["memory"] > 0)).fillna(value=False).astype(bool)
    has_gpu = (asked["gpu"] > 0).fillna(value=False).astype(bool)
    amounts = Counter(zip(asked["cpu"][is_told], asked["memory"][is_told], has_gpu[is_told], strict=True))
    dots = [(cpu, memory / _GIB, gpu, count) for (cpu, memory, gpu), count in amounts.items()]
    untold = len(frame) - int(is_told.sum())
    headline = f"Requested resources of {counted(int(is_told.sum()), 'task')}"
    headline += f", {untold} more without cores or memory" if untold else ""
    picture: Picture
    picture, axes = figures.blank(
        4.2,
        headline,
        [
            f"{cpu:g} CPU, {memory:g} GiB{', GPU' if gpu else ''}: {counted(count, 'task')}"
            for cpu, memory, gpu, count in sorted(dots, key=lambda dot: (-dot[3], dot))
        ],
    )
    largest = max((count for *_, count in dots), default=1)
    kinds = ((False, "o", figures.PLAIN, "no GPU"), (True, "D", figures.ACCENT, "with GPU"))
    for kind, marker, colour, label in kinds:
        chosen = [dot for dot in dots if dot[2] == kind]
        if chosen:
            axes.scatter(
                [dot[0] for dot in chosen],
                [dot[1] for dot in chosen],
                s=[_area(dot[3], largest) for dot in chosen],
                marker=marker,
                color=colour,
                alpha=0.7,
                label=label,
            )
    if len(dots) <= _MOST_NUMBERS:
        for cpu, memory, _, count in dots:
            axes.annotate(
                f"{count:,}",
                (cpu, memory),
                (4 + _area(count, largest) ** 0.5 / 2, 0),
                textcoords="offset points",
                va="center",
                color=figures.INK,
                size=8,
            )
    axes.set_xlabel("cores")
    axes.set_ylabel("memory, GiB")
    for set_scale, axis in ((axes.set_xscale, axes.xaxis), (axes.set_yscale, axes.yaxis)):
        set_scale("log", base=2)
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.margins(0.12)
    if has_gpu[is_told].any():
        legend = axes.legend(loc="lower right", labelcolor=figures.INK, frameon=False)
        for handle in legend.legend_handles:
            handle.set_sizes([60.0])
    picture.settle()
    return picture


def image_bars(frame: pd.DataFrame) -> Picture:
    """Draw how many tasks run each image: one bar an image.

    Parameters
    ----------
    frame
        A table of tasks with the column ``image``.

    Returns
    -------
    matplotlib.figure.Figure
        The image of most tasks on top; 20 of them at most. Tasks without an image, such as SQL statements, and
        images that are not shown are counted in its title.

    Raises
    ------
    MissingExtraError
        The extra ``plots`` is not installed.
    ModelTypeError
        ``frame`` is no table.
    ModelValueError
        It lacks the column.
    """
    _require(frame, ["image"])
    figures = _figures()
    counts = sorted(
        ((str(image), int(count)) for image, count in frame["image"].value_counts().items()),
        key=lambda pair: (-pair[1], natural_key(pair[0])),
    )
    without = int(frame["image"].isna().sum())
    bars = [(mask_identifier(image), count) for image, count in counts[:_MOST_BARS]]
    hidden = len(counts) - len(bars)
    headline = f"{counted(len(counts), 'image')} of {counted(len(frame) - without, 'task')}"
    headline += f", {counted(without, 'task')} without one" if without else ""
    headline += f", {hidden:,} less used not shown" if hidden else ""
    picture: Picture
    picture, axes = figures.blank(
        _FRAME + _BAR * max(len(bars), 1), headline, [f"{image}: {counted(count, 'task')}" for image, count in bars]
    )
    places = range(len(bars))
    drawn = axes.barh(places, [count for _, count in bars], color=figures.PLAIN, height=0.7)
    axes.bar_label(drawn, fmt="{:,.0f}", padding=3, color=figures.INK, size=8)
    axes.set_yticks(places, [_label(image) for image, _ in bars])
    axes.invert_yaxis()
    axes.set_xlabel("tasks")
    axes.xaxis.set_major_locator(matplotlib_ticker.MaxNLocator(integer=True, min_n_ticks=1))
    picture.settle()
    return picture


def release_timeline(frame: pd.DataFrame, by: str = "project") -> Picture:
    """Draw when tasks were released: one row a project, one dot a version, larger for more tasks.

    Parameters
    ----------
    frame
        A table of tasks with the columns ``version`` and ``created_at``, and that of ``by``.
    by
        Which column the rows are made of.

    Returns
    -------
    matplotlib.figure.Figure
        Over time where all tasks have ``created_at``, each version when its first task was registered; else over
        versions, in their order where they tell one, else in natural order. Beyond 20 rows, those with most versions are shown, and the others counted in the
        title.

    Raises
    ------
    MissingExtraError
        The extra ``plots`` is not installed.
    ModelTypeError
        ``frame`` is no table.
    ModelValueError
        It lacks a column.
    """
    _require(frame, ["version", "created_at", by])
    figures = _figures()
    texts = {name: frame[name].astype("string").fillna("none") for name in {"version", by}}
    is_dated = bool(frame["created_at"].notna().all()) and len(frame) > 0
    grouped = frame["created_at"].groupby([texts[by], texts["version"]])
    rows: dict[str, list[_Release]] = {}
    for (group, version), times in grouped:
        release = _Release(mask_identifier(str(version)), times.min(), len(times))
        rows.setdefault(mask_field(by, str(group)), []).append(release)
    known = {release.version for row in rows.values() for release in row}
    keys = version_keys(known)
    versions = sorted(known, key=natural_key if keys is None else keys.__getitem__)
    busiest = sorted(rows, key=lambda group: (-len(rows[group]), natural_key(group)))[:_MOST_BARS]
    groups = sorted(busiest, key=natural_key)
    hidden = len(rows) - len(groups)
    headline = f"{counted(len(versions), 'version')} of {counted(len(frame), 'task')}"
    headline += f", {hidden:,} less frequent rows not shown" if hidden else ""
    picture: Picture
    picture, axes = figures.blank(
        _FRAME + 1.5 * _BAR * max(len(groups), 1),
        headline,
        [_in_words(group, rows[group], None if is_dated else versions) for group in groups],
    )
    largest = max((release.tasks for row in rows.values() for release in row), default=1)
    places = {version: place for place, version in enumerate(versions)}
    for line, group in enumerate(groups):
        row = rows[group]
        axes.scatter(
            [release.time.to_pydatetime() if is_dated else places[release.version] for release in row],
            [line] * len(row),
            s=[_area(release.tasks, largest) for release in row],
            color=figures.PLAIN,
            alpha=0.7,
        )
    axes.set_yticks(range(len(groups)), [_label(group) for group in groups])
    axes.set_ylim(max(len(groups), 1) - 0.5, -0.5)
    axes.margins(x=0.06)
    if not is_dated:
        labels = [_label(version, _LONGEST_TICK) for version in versions]
        step = -(-sum(map(len, labels)) // _LETTERS) or 1
        axes.set_xticks(range(0, len(labels), step), labels[::step])
        axes.set_xlabel("version")
    picture.settle()
    return picture


class _Release(NamedTuple):
    """A dot of the timeline."""

    version: str
    time: Any
    tasks: int


def _in_words(group: str, row: list[_Release], versions: list[str] | None) -> str:
    ordered = sorted(row, key=lambda release: release.time if versions is None else versions.index(release.version))
    ends = (str(release.time.date()) if versions is None else release.version for release in (ordered[0], ordered[-1]))
    span = " to ".join(dict.fromkeys(ends))
    return f"{group}: {counted(len(row), 'version')}, {span}; {counted(ordered[-1].tasks, 'task')} in the last"


def _require(frame: Any, columns: list[str]) -> None:
    if not hasattr(frame, "columns") or not hasattr(frame, "groupby"):
        raise ModelTypeError(
            f"a picture is made from a table, got {shown(frame)}; make one with tabulate or .to_frame()"
        )
    missing = [column for column in dict.fromkeys(columns) if column not in frame.columns]
    if missing:
        raise ModelValueError(
            f"this table has no column {', '.join(map(repr, missing))}; make one with all columns: tabulate(tasks)"
        )


def _figures() -> ModuleType:
    from flytetask_nb.views import figures  # noqa: PLC0415 - loads matplotlib

    return figures


def _area(count: int, largest: int) -> float:
    return max(_LARGEST_DOT * count / largest, _SMALLEST_DOT)


def _label(text: str, longest: int = _LONGEST_LABEL) -> str:
    """Cut a text in the middle: names are told apart by their ends. A dollar sign starts no formula."""
    half = longest // 2
    short = text if len(text) <= longest else f"{text[:half]}…{text[-half:]}"
    return short.replace("$", r"\$")
