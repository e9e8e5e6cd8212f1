"""Room in figures of our own for what stands below or beside the axes."""

from __future__ import annotations

from matplotlib.axes import Axes

from .style import COLUMN

_LINE = 0.155  # inches, one line of a legend
_PICTURE = 2.55  # inches, the axes with their labels


def make_room(ax: Axes, height: float = _PICTURE) -> None:
    """Makes the figure of a single Axes so tall that its legend takes no room from the picture."""
    legend = ax.get_legend()
    labels = [] if legend is None else [text.get_text() for text in legend.get_texts()]
    columns = 1 if legend is None else legend._ncols  # pyright: ignore[reportAttributeAccessIssue]
    lines = sum(label.count("\n") + 1 for label in labels) / columns
    ax.figure.set_size_inches(COLUMN, height + _LINE * lines)  # pyright: ignore[reportAttributeAccessIssue]
