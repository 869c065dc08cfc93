"""Pictures of tables: what is drawn is what the table says, on any page, the same every time."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from flytetask_nb.views import figures
from tests.conftest import ROOT
from tests.many_tasks import many_tasks
from tests.sources import building

if TYPE_CHECKING:
    from collections.abc import Callable

pytest.importorskip("matplotlib")
images: Any = pytest.importorskip("PIL.Image")

PICTURES: list[Callable[[pd.DataFrame], Any]] = [
    ftn.pictures.resources_scatter,
    ftn.pictures.image_bars,
    ftn.pictures.release_timeline,
]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return ftn.tabulate(many_tasks(500))


def shown(picture: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    data, metadata = picture._repr_mimebundle_()
    return data, metadata["image/png"]


def pixels(picture: Any) -> Any:
    return images.open(io.BytesIO(base64.b64decode(shown(picture)[0]["image/png"]))).convert("RGBA")


def task(name: str = "a", version: str = "v1", *, image: str = "", **requests: str) -> bytes:
    """Return a task that asks for something."""
    spec = building.spec(name, version)
    spec.template.container.image = image
    spec.template.container.resources.Clear()
    for resource, value in requests.items():
        number = {"cpu": 1, "gpu": 2, "memory": 3}[resource]
        spec.template.container.resources.requests.add(name=number, value=value)
    data: bytes = spec.SerializeToString()
    return data


def luminance(colour: tuple[int, ...]) -> float:
    parts = [value / 255 for value in colour[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


# -- what is drawn ---------------------------------------------------------------------------------------------------


def test_each_dot_is_a_pair_of_cores_and_memory() -> None:
    """Tasks that ask for the same share a dot; GPUs have dots of their own; who does not say is counted."""
    asked = [
        task(cpu="500m", memory="512Mi"),
        task(cpu="0.5", memory="0.5Gi"),
        task(cpu="4", memory="16Gi", gpu="1"),
        task(cpu="4", memory="16Gi"),
        task(cpu="1"),
    ]
    picture = ftn.pictures.resources_scatter(ftn.tabulate(asked))
    drawn = [
        (collection.get_label(), tuple(map(float, offset)))
        for collection in picture.axes[0].collections
        for offset in collection.get_offsets()
    ]
    assert drawn == [("no GPU", (0.5, 0.5)), ("no GPU", (4.0, 16.0)), ("with GPU", (4.0, 16.0))]
    assert [text.get_text() for text in picture.axes[0].texts] == ["2", "1", "1"]
    assert repr(picture).splitlines() == [
        "Requested resources of 4 tasks, 1 more without cores or memory",
        "  0.5 CPU, 0.5 GiB: 2 tasks",
        "  4 CPU, 16 GiB: 1 task",
        "  4 CPU, 16 GiB, GPU: 1 task",
    ]


def test_limits_stand_in_for_requests() -> None:
    """As they do in Flyte."""
    spec = task_pb2.TaskSpec.FromString(task(memory="1Gi"))
    spec.template.container.resources.limits.add(name=1, value="2")
    assert "2 CPU, 1 GiB: 1 task" in repr(ftn.pictures.resources_scatter(ftn.tabulate([spec])))


def test_each_bar_is_an_image(table: pd.DataFrame) -> None:
    """The most used first; names are whole where there is room."""
    some = table.assign(image=["shop:2"] * 300 + ["shop:10"] * 100 + ["shop:9"] * 99 + [pd.NA])
    picture = ftn.pictures.image_bars(some)
    axes = picture.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["shop:2", "shop:10", "shop:9"]
    assert [bar.get_width() for bar in axes.patches] == [300, 100, 99]
    assert repr(picture).splitlines()[0] == "3 images of 499 tasks, 1 task without one"


def test_too_many_images_are_counted(table: pd.DataFrame) -> None:
    """A picture has 20 bars at most, and says how many there would be."""
    picture = ftn.pictures.image_bars(table)
    counts = Counter(table["image"].dropna())
    assert len(picture.axes[0].patches) == 20
    assert f"{len(counts) - 20:,} less used not shown" in repr(picture)


def test_each_dot_is_a_version_at_its_time() -> None:
    """A version is released when its first task is."""
    frame = ftn.tabulate([task("a", "v1"), task("b", "v1"), task("a", "v2")])
    frame["created_at"] = pd.to_datetime(["2026-03-02", "2026-03-01", "2026-04-01"], utc=True)
    picture = ftn.pictures.release_timeline(frame, by="name")
    told = repr(picture).splitlines()
    assert told == [
        "2 versions of 3 tasks",
        "  a: 2 versions, 2026-03-02 to 2026-04-01; 1 task in the last",
        "  b: 1 version, 2026-03-01; 1 task in the last",
    ]
    assert [len(collection.get_offsets()) for collection in picture.axes[0].collections] == [2, 1]


def test_versions_stand_in_natural_order_where_times_are_missing() -> None:
    """Archives do not know when they were registered."""
    picture = ftn.pictures.release_timeline(ftn.tabulate([task(version=version) for version in ("v10", "v9")]))
    assert [label.get_text() for label in picture.axes[0].get_xticklabels()] == ["v9", "v10"]


def test_too_many_rows_are_counted(table: pd.DataFrame) -> None:
    """Those with most versions are shown."""
    picture = ftn.pictures.release_timeline(table, by="name")
    assert len(picture.axes[0].collections) == 20
    assert f"{table['name'].nunique() - 20} less frequent rows not shown" in repr(picture)


def test_a_secret_in_an_image_is_not_drawn() -> None:
    """A table of somebody's own making may hold one that nothing has masked yet."""
    picture = ftn.pictures.image_bars(pd.DataFrame({"image": ["https://me:hunter2@registry.example.com/shop:1"]}))
    labels = [label.get_text() for label in picture.axes[0].get_yticklabels()]
    assert "hunter2" not in repr(picture) + shown(picture)[1]["alt"] + "".join(labels)


def test_names_are_no_formulas(table: pd.DataFrame) -> None:
    """Dollar signs stand for themselves."""
    some = table.assign(project="a$b_c$")
    assert "a$b_c$" in repr(ftn.pictures.release_timeline(some))
    assert pixels(ftn.pictures.release_timeline(some)).size[0] > 0


# -- how it is shown -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", PICTURES)
def test_a_picture_is_the_same_every_time(draw: Callable[[pd.DataFrame], Any], table: pd.DataFrame) -> None:
    """Shown twice, or drawn twice, whatever order the tasks come in."""
    picture = draw(table)
    assert shown(picture) == shown(picture)
    assert shown(picture) == shown(draw(table))
    assert repr(picture) == repr(draw(table.iloc[::-1].reset_index(drop=True)))


@pytest.mark.parametrize("draw", PICTURES)
def test_a_picture_can_be_seen_on_light_and_on_dark_pages(
    draw: Callable[[pd.DataFrame], Any], table: pd.DataFrame
) -> None:
    """It stands on a plate of its own, and everything stands out from that."""
    image = pixels(draw(table))
    colours = Counter(image.get_flattened_data() if hasattr(image, "get_flattened_data") else image.getdata())
    assert {colour[3] for colour in colours} == {255}
    (plate, number), *others = colours.most_common()
    assert number > sum(colours.values()) / 2
    # Edges of letters apart, which are mixed.
    frequent = [colour for colour, count in others if count > sum(count for _, count in others) / 50]
    assert frequent
    assert [colour for colour in frequent if contrast(colour, plate) < 2.7] == []


def test_texts_can_be_read() -> None:
    """At 4.5 to 1, as WCAG wants of texts."""
    ink, plate = (tuple(bytes.fromhex(colour[1:])) for colour in (figures.INK, figures.PLATE))
    assert contrast(ink, plate) >= 4.5


@pytest.mark.parametrize("draw", PICTURES)
def test_a_picture_says_in_words_what_it_shows(draw: Callable[[pd.DataFrame], Any], table: pd.DataFrame) -> None:
    """For who cannot see it, and where there are no images."""
    picture = draw(table)
    data, metadata = shown(picture)
    assert data["text/plain"] == repr(picture)
    lines = [line.strip() for line in data["text/plain"].splitlines()]
    assert metadata["alt"].split("; ")[0] == lines[0]
    assert len(lines) > 1
    assert len(lines) < 20


@pytest.mark.parametrize("draw", PICTURES)
def test_a_picture_is_sharp(draw: Callable[[pd.DataFrame], Any], table: pd.DataFrame) -> None:
    """More dots than pixels, and the shape that the front end is told."""
    picture = draw(table)
    width, height = pixels(picture).size
    _, metadata = shown(picture)
    assert width / metadata["width"] == pytest.approx(1.5, rel=0.01)
    assert height / metadata["height"] == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize("draw", PICTURES)
def test_no_tasks_give_a_picture_too(draw: Callable[[pd.DataFrame], Any], table: pd.DataFrame) -> None:
    """A question may have no answer."""
    picture = draw(table.iloc[:0])
    assert "no tasks" in repr(picture)
    assert pixels(picture).size[0] > 0


def test_settings_of_the_user_do_not_show(table: pd.DataFrame) -> None:
    """Neither do pictures change what the user has set."""
    import matplotlib as mpl  # noqa: PLC0415 - an extra

    expected = shown(ftn.pictures.image_bars(table))
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red", "savefig.facecolor": "red"}):
        before = dict(mpl.rcParams)
        assert expected == shown(ftn.pictures.image_bars(table))
        assert before == dict(mpl.rcParams)


# -- what it needs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", PICTURES)
def test_a_missing_column_is_named(draw: Callable[[pd.DataFrame], Any]) -> None:
    """And where a table with it comes from."""
    with pytest.raises(ftn.errors.ModelValueError, match=r"no column '.*tabulate"):
        draw(ftn.tabulate([], columns=["name"]))


@pytest.mark.parametrize("draw", PICTURES)
def test_tasks_are_no_table(draw: Callable[[Any], Any]) -> None:
    """The error says how to make one."""
    with pytest.raises(ftn.errors.ModelTypeError, match=r"\.to_frame\(\)"):
        draw(ftn.TaskCollection())


def test_without_matplotlib_the_error_says_what_to_install() -> None:
    """All else works without it."""
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import flytetask_nb as ftn\n"
        "try: ftn.pictures.image_bars(ftn.tabulate([]))\n"
        "except ftn.errors.MissingExtraError as error: sys.stdout.write(str(error))\n"
    )
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 'pip install "flytetask-nb[plots]"' in finished.stdout
