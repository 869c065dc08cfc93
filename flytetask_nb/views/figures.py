"""A figure that shows itself in a notebook, on light and on dark pages, and says in words what it shows.

Drawn without pyplot, so that nothing is kept behind the user's back, no window opens, and a front end needs nothing
to show it: it gets an image.
"""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.extras import matplotlib_figure, mpl
from flytetask_nb.models.showing import asked_for

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from matplotlib.axes import Axes

PLATE: Final = "#ffffff"
"""What everything is drawn on: no ink can be read on white and on the dark page of JupyterLab at once."""
INK: Final = "#595959"
"""Of texts: 7 to 1 on the plate."""
PLAIN: Final = "#2f6fa8"
ACCENT: Final = "#b35c00"
"""Told apart by who cannot see colours too: this one comes with another shape."""

_WIDTH: Final = 7.2
"""Inches."""
_DENSITY: Final = 144
"""Dots per inch: sharp on screens with twice as many dots as pixels."""
_PIXELS: Final = 96
"""Per inch, as browsers count."""
_ROUNDS: Final = 2
"""After which long labels have the room that they need."""
_DETAILS_TOLD: Final = 12

_STYLE: Final[dict[Any, Any]] = {
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "font.size": 9.0,
    "axes.facecolor": PLATE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.titlesize": 10.0,
    "legend.frameon": False,
}


class Picture(matplotlib_figure.Figure):
    """A figure of matplotlib that shows itself as an image, and in words where there are no images.

    Save it with ``savefig``; ``axes`` are there to be changed.
    """

    headline: str = ""
    details: Sequence[str] = ()

    def settle(self) -> None:
        """Make room for the labels, once: each further drawing would move things a little."""
        for _ in range(_ROUNDS):
            self.draw_without_rendering()
        self.set_layout_engine("none")

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        data = dict.fromkeys(asked_for(("image/png", "text/plain"), include, exclude), repr(self))
        if "image/png" not in data:
            return data, {}
        stored = BytesIO()
        # Without the version of matplotlib, so that equal pictures are equal files.
        self.savefig(stored, format="png", dpi=_DENSITY, facecolor=PLATE, metadata={"Software": None})
        width, height = self.get_size_inches()
        about = {
            "alt": "; ".join([self.headline, *self.details[:_DETAILS_TOLD]]),
            "width": round(width * _PIXELS),
            "height": round(height * _PIXELS),
        }
        data["image/png"] = b64encode(stored.getvalue()).decode()
        return data, {"image/png": about}

    def __repr__(self) -> str:
        rest = len(self.details) - _DETAILS_TOLD
        more = [f"and {rest:,} more"] if rest > 0 else []
        return "\n  ".join([self.headline, *self.details[:_DETAILS_TOLD], *more])


def blank(height: float, headline: str, details: Sequence[str]) -> tuple[Picture, Axes]:
    """Return a picture with nothing drawn yet.

    ``height``: in inches.
    ``headline``: what it shows, in one line, which is its title.
    ``details``: what it shows in detail, in words.
    Returns Picture, matplotlib.axes.Axes: in the style of this package, whatever the user's own settings of matplotlib
      are.
    """
    with mpl.rc_context(dict(mpl.rcParamsDefault) | _STYLE):
        picture = Picture(figsize=(_WIDTH, height), layout="constrained", dpi=_DENSITY, facecolor=PLATE)
        axes = picture.add_subplot()
        # Over the labels too, where there is room for it.
        picture.suptitle(headline, x=0.01, horizontalalignment="left")
    picture.headline, picture.details = headline, details
    return picture, axes
