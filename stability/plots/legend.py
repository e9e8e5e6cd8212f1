"""A legend below the axes, in as many columns as fit."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.transforms import ScaledTranslation

from .style import styled

SIZE = 7.0  # points
HANDLE, GAP, BETWEEN = 2.0, 0.6, 1.4  # times the size
LOOK: dict[str, Any] = {
    "loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "borderaxespad": 0.0, "frameon": False,
    "fontsize": SIZE, "handlelength": HANDLE, "handletextpad": GAP, "columnspacing": BETWEEN,
}  # fmt: skip
COLUMNS = 4  # at most
LINES = 3  # of one label, at most
NARROW = 80.0  # points; labels are not broken to make columns narrower than this
_SEEN = 0.97  # of the width there is


def legend_below(ax: Axes) -> Axes:
    """All labelled layers of the Axes `ax` in a legend under its labels, where it covers nothing.

    Long labels are broken into up to three lines, and longer ones cut off, so that the legend is never wider
    than the part of the figure that belongs to the Axes.
    """
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return ax
    with styled():
        depth = _text_below(ax)
        under = ax.transAxes + ScaledTranslation(0.0, -depth / 72.0, ax.figure.dpi_scale_trans)
        labels, columns = _arranged(labels, _SEEN * _room(ax))
        legend = ax.legend(handles, labels, bbox_transform=under, ncols=columns, **LOOK)
        for text in legend.get_texts():
            text.set_parse_math(False)
    return ax


def _text_below(ax: Axes) -> float:
    """Points from the lower edge of the Axes to below its tick labels and its label."""
    ticks = ax.xaxis.get_ticklabels()
    depth = 8.0 + (1.2 * float(ticks[0].get_fontsize()) if ticks else 0.0)
    return depth + (1.4 * float(ax.xaxis.label.get_fontsize()) + 2.0 if ax.get_xlabel() else 0.0)


def _room(ax: Axes) -> float:
    """How wide, in points, the legend may be.

    That is the Axes with its labels: its columns of the figure's grid if something else arranges them (the
    picture itself is drawn only later, and often narrower), and its own width if it was put somewhere.
    """
    spec = ax.get_subplotspec()
    own = ax.get_window_extent().width / ax.figure.dpi * 72.0
    if spec is None or ax.figure.get_layout_engine() is None:
        return own
    columns = len(range(spec.colspan.start, spec.colspan.stop)) / spec.get_gridspec().ncols
    return max(own, columns * ax.figure.bbox.width / ax.figure.dpi * 72.0)


def _arranged(labels: list[str], room: float) -> tuple[list[str], int]:
    """The labels, broken where they must be, and the number of columns that fit into so many points."""
    columns = _columns(labels, room)
    if columns > 1:
        return labels, columns
    half = _text_room(room, 2)
    if half < NARROW or len(labels) < 2:
        return [_broken(label, _text_room(room, 1)) for label in labels], 1
    labels = [_broken(label, half) for label in labels]
    return labels, _columns(labels, room)


def _columns(labels: list[str], room: float) -> int:
    """The most columns that fit."""
    widths = [max(map(_width, label.split("\n"))) for label in labels]
    for columns in range(min(COLUMNS, len(labels)), 1, -1):
        rows, longer = divmod(len(labels), columns)
        ends = [rows * i + min(i, longer) for i in range(columns + 1)]
        total = sum(max(widths[a:b]) for a, b in pairwise(ends))
        if total <= columns * _text_room(room, columns) + 1e-9:
            return columns
    return 1


def _text_room(room: float, columns: int) -> float:
    """The mean width of a column's labels if they fill the room."""
    return (room - SIZE * (columns * (HANDLE + GAP) + (columns - 1) * BETWEEN)) / columns


def _broken(label: str, room: float) -> str:
    """The label in lines that fit, cut off with an ellipsis after the last one."""
    lines = [""]
    for word in label.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _width(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], " ".join(lines[LINES - 1 :])]
    return "\n".join(_cut(line, room) for line in lines)


def _cut(line: str, room: float) -> str:
    width = _width(line)
    if width <= room:
        return line
    # of a line without end, look at its beginning
    line = line[: 2 * math.ceil(len(line) * room / width)]
    while len(line) > 1 and _width(f"{line}…") > room:
        line = line[:-1]
    return f"{line.rstrip(' ,')}…"


@lru_cache(maxsize=1024)
def _width(text: str) -> float:
    """In points."""
    if not text:
        return 0.0
    plain = text.replace("$", "S")  # or it would be read as mathematics
    return float(TextPath((0, 0), plain, prop=FontProperties(size=SIZE)).get_extents().width)
