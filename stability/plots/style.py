"""How all figures look: one palette, one set of sizes, and files that come out the same every time.

The colours are those of Okabe and Ito (2008, "Color universal design"), which people with any of the common
colour-vision deficiencies tell apart; where colour carries meaning a shape or a line style says it again.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, SKY, GREEN, YELLOW = "#0072b2", "#56b4e9", "#009e73", "#f0e442"
ORANGE, VERMILION, PURPLE, BLACK, GREY = "#e69f00", "#d55e00", "#cc79a7", "#000000", "#767676"
WINE, OLIVE, INDIGO = "#882255", "#999933", "#332288"  # of Paul Tol's muted scheme, as safe
BROWN, TEAL = "#7a4a1e", "#44aa99"
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)

# what the colours mean
FLOW = BLUE  # the continuous flow's path
STEPS = VERMILION  # the algorithm's steps
# the algorithms, see `looks`; none has the colour of the flow or of the modified flow
ALGORITHMS = (STEPS, ORANGE, SKY, BLACK, WINE, GREEN, OLIVE, INDIGO)
FLOWS = (FLOW, TEAL, PURPLE, GREY, BLACK)  # of several fields
MODIFIED = PURPLE  # the modified flow, if there is one; else each has its algorithm's colour
STABLE, UNSTABLE, NEUTRAL = GREEN, VERMILION, GREY
NULLCLINES = (GREEN, PURPLE)
STABLE_MANIFOLD, UNSTABLE_MANIFOLD = BROWN, "#4a4a4a"
FIELD = ("#c9ced4", "#a9b1ba", "#8b95a1", "#6f7b88", "#55616f")  # streamlines, slow to fast
BASINS = (SKY, ORANGE, GREEN, PURPLE, YELLOW, BLUE, VERMILION)  # mixed with white

COLUMN = 3.4  # inches: one column of a two-column paper

_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 9.0,
    "axes.labelsize": 8.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "figure.dpi": 150,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "stability",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "image.cmap": "cividis",
}


@contextmanager
def styled() -> Iterator[None]:
    """Within it, Matplotlib draws in this style; the user's rcParams are as before when it ends."""
    with rc_context(_RC):
        yield


def figure(
    columns: int = 1, rows: int = 1, width: float = COLUMN, height: float | None = None
) -> tuple[Figure, Any]:
    """A figure of our own, not known to pyplot, and its Axes (an array if there are several).

    `rows` and `columns` count the panels; `width` and `height` are of each panel, in inches; the default
    height is 0.85 times the width.
    """
    height = 0.85 * width if height is None else height
    with styled():
        made = Figure(figsize=(columns * width, rows * height), layout="constrained")
        return made, made.subplots(rows, columns)


def own_axes(ax: Axes | None) -> Axes:
    """The Axes given, or those of a new pyplot figure (so that a notebook shows it)."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    with styled():
        return plt.subplots(figsize=(COLUMN, 0.85 * COLUMN), layout="constrained")[1]


def picture(figure: Figure, kind: str = "svg") -> bytes:
    """A `figure` as the bytes of a file: the same bytes for the same figure every time.

    `kind`: svg, pdf or png.
    """
    stream = io.BytesIO()
    dates: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    with styled():
        figure.savefig(
            stream, format=kind, metadata=dates[kind], bbox_inches="tight", pad_inches=0.04
        )
    return stream.getvalue()
