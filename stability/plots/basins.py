"""Basins of attraction as a map of colours."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from ..attraction.value import Basins
from . import layers
from .style import BASINS, GREY

UNDECIDED = "#e3e3e3"


def basins(ax: Axes, basins: Basins) -> Axes:
    """Each basin in a pale colour of its own; hatched where starts escape, light grey where undecided.

    `basins`, as `stability.basins` returns them, are drawn on `ax`.
    """
    u, w, labels = np.asarray(basins.u), np.asarray(basins.w), np.asarray(basins.labels)
    du, dw = 0.5 * (u[1] - u[0]), 0.5 * (w[1] - w[0])
    extent = (u[0] - du, u[-1] + du, w[0] - dw, w[-1] + dw)
    colors = [layers.pale(BASINS[i % len(BASINS)]) for i in range(len(basins.names))]
    image = np.zeros((*labels.shape, 4))
    for number, color in enumerate(colors):
        image[labels == number] = (*color, 1.0)
    image[labels == -2] = (*layers.pale(UNDECIDED, 1.0), 1.0)
    escaped = {"facecolor": "white", "edgecolor": layers.pale(GREY, 0.45), "linewidth": 0.0}
    if (labels == -1).any():  # they are transparent in the image
        area = Rectangle(
            (extent[0], extent[2]),
            extent[1] - extent[0],
            extent[3] - extent[2],
            hatch="////",
            zorder=layers.BASINS,
            **escaped,
        )
        area.set_hatch_linewidth(0.5)
        ax.add_patch(area)
    ax.imshow(
        image,
        origin="lower",
        extent=extent,
        aspect="auto" if ax.get_aspect() == "auto" else "equal",
        interpolation="nearest",
        zorder=layers.BASINS + 0.01,
    )
    for number, (name, color) in enumerate(zip(basins.names, colors, strict=True)):
        if (labels == number).any():
            _entry(ax, f"basin of {name}", facecolor=color)
    if (labels == -1).any():
        patch = _entry(ax, "escapes", hatch="//////", **escaped)
        patch.set_hatch_linewidth(0.5)
    if (labels == -2).any():
        _entry(ax, "undecided", facecolor=UNDECIDED)
    return ax


def _entry(ax: Axes, label: str, **look) -> Patch:
    """A patch for the legend alone: it covers nothing."""
    patch = Rectangle((np.nan, np.nan), 0.0, 0.0, label=layers.label_once(ax, label), **look)
    return ax.add_patch(patch)
