"""A legend below the axes, in as many columns as fit."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.transforms import ScaledTranslation

from .style import styled

SIZE = 7.0  # points
HANDLE, GAP, BETWEEN = 2.0, 0.6, 1.4  # times the size


def legend_below(ax: Axes) -> Axes:
    """All labelled layers of the Axes in a legend under its labels, where it covers nothing."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return ax
    with styled():
        depth = _text_below(ax)
        under = ax.transAxes + ScaledTranslation(0.0, -depth / 72.0, ax.figure.dpi_scale_trans)
        ax.legend(
            handles,
            labels,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            bbox_transform=under,
            borderaxespad=0.0,
            ncols=_columns(labels, ax.get_window_extent().width / ax.figure.dpi * 72.0),
            fontsize=SIZE,
            frameon=False,
            handlelength=HANDLE,
            handletextpad=GAP,
            columnspacing=BETWEEN,
        )
    return ax


def _text_below(ax: Axes) -> float:
    """Points from the lower edge of the Axes to below its tick labels and its label."""
    ticks = ax.xaxis.get_ticklabels()
    depth = 8.0 + (1.2 * ticks[0].get_fontsize() if ticks else 0.0)
    return depth + (1.4 * ax.xaxis.label.get_fontsize() + 2.0 if ax.get_xlabel() else 0.0)


def _columns(labels: list[str], width: float) -> int:
    """The most columns, four at most, that are no wider than `width` points."""
    font = FontProperties(size=SIZE)
    widths = [TextPath((0, 0), text, prop=font).get_extents().width for text in labels]
    for columns in range(min(4, len(labels)), 1, -1):
        rows, longer = divmod(len(labels), columns)
        ends = [rows * i + min(i, longer) for i in range(columns + 1)]
        total = sum(max(widths[a:b]) for a, b in zip(ends[:-1], ends[1:], strict=True))
        if total + SIZE * (columns * (HANDLE + GAP) + (columns - 1) * BETWEEN) <= width:
            return columns
    return 1
