"""Room in figures of our own for what stands below the axes."""

from __future__ import annotations

from matplotlib.axes import Axes

from .style import COLUMN

_PICTURE = 2.6  # inches, the axes with their labels


def make_room(ax: Axes, height: float = _PICTURE) -> None:
    """Makes the figure of a single Axes so tall that its legend takes no room from the picture."""
    figure, legend = ax.get_figure(root=True), ax.get_legend()
    assert figure is not None  # it has just been drawn on
    below = 0.0 if legend is None else legend.get_window_extent().height / figure.dpi
    figure.set_size_inches(COLUMN, height + below)
