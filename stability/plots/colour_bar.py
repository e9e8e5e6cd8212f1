"""A colour bar as tall as its Axes, also where the aspect is equal."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar


def colour_bar(ax: Axes, coloured: ScalarMappable, label: str, **settings: Any) -> Colorbar:
    """The colour bar of an artist at the right of the Axes it is drawn on."""
    beside = ax.inset_axes((1.03, 0.0, 0.04, 1.0))
    figure = ax.get_figure(root=True)
    assert figure is not None  # the Axes has just been drawn on
    bar = figure.colorbar(coloured, cax=beside, label=label, **settings)
    bar.outline.set_linewidth(0.5)  # pyright: ignore[reportCallIssue]
    beside.tick_params(width=0.5, length=2)
    return bar
