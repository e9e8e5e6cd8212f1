"""A whole phase portrait in one call."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon

from ..dynamics.plane import Plane
from ..phase.feasible import Feasible
from ..phase.portrait import Portrait
from . import layers
from .basins import basins
from .curves import cycles, nullclines, separatrices
from .equilibria import beside, equilibria
from .figure_height import make_room
from .legend import legend_below
from .line import cobweb, phase_line
from .looks import looks
from .paths import iterates, path, start, steps
from .streamlines import streamlines
from .style import BLACK, own_axes, styled

OUTSIDE = "#ededed"  # where no strategy of the players is


def portrait(portrait: Portrait, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draws a phase portrait on the Axes given, or on those of a new figure, and returns them.

    Limits, labels and a title that the Axes already has are kept.

    `portrait`: as `stability.phase_portrait` returns it. `ax`: where it is drawn; `legend`: whether the
    layers are named below it.
    """
    given, ax = ax, own_axes(ax)
    with styled():
        if portrait.plane is None:
            _on_a_line(ax, portrait)
        else:
            _in_a_plane(ax, portrait)
        if not ax.get_title():
            ax.set_title(portrait.name, parse_math=False)
        if legend:
            legend_below(ax)
            if given is None:
                make_room(ax)
    return ax


def frame(ax: Axes, box: np.ndarray, labels: tuple[str, str]) -> Axes:
    """Gives an Axes that has none limits and labels; sides of about one length are drawn to one scale."""
    width, height = box[:, 1] - box[:, 0]
    if ax.get_autoscalex_on() and ax.get_autoscaley_on() and 0.75 <= width / height <= 4 / 3:
        ax.set_aspect("equal")
    if ax.get_autoscalex_on():
        ax.set_xlim(*box[0])
    if ax.get_autoscaley_on():
        ax.set_ylim(*box[1])
    if not ax.get_xlabel():
        ax.set_xlabel(layers.symbols(labels[0]), parse_math=False)
    if not ax.get_ylabel():
        ax.set_ylabel(layers.symbols(labels[1]), parse_math=False)
    return ax


def _in_a_plane(ax: Axes, portrait: Portrait) -> None:
    plane = portrait.plane
    assert plane is not None
    drawn: set[Artist] = set(ax.get_children())
    if portrait.feasible is None:
        frame(ax, plane.box, plane.labels)
        region = None
    else:
        region = sets(ax, portrait.feasible, plane)
    if portrait.basins is not None:
        basins(ax, portrait.basins)
    if portrait.grid is not None:
        streamlines(ax, *portrait.grid)
    nullclines(ax, portrait.nullclines)
    separatrices(ax, portrait.separatrices)
    cycles(ax, portrait.cycles, plane)
    if region is not None:
        for artist in set(ax.get_children()) - drawn - {region}:
            if isinstance(artist, (Line2D, Patch, AxesImage)) and artist.get_clip_on():
                artist.set_clip_path(region)
    for own in portrait.paths:
        if portrait.kind == "map":
            iterates(ax, own, plane)
        else:
            path(ax, own, plane)
    look = looks(own.rule for own in portrait.steps)
    for own in portrait.steps:
        color, marker = look[own.rule].color, look[own.rule].marker
        steps(ax, own.path, plane, half=own.half, color=color, marker=marker, label=own.rule)
        cycles(ax, own.cycles, plane, color=color, of=own.rule)
    beside(ax, portrait.beside, len(portrait.spots) + len(portrait.beside))
    equilibria(ax, portrait.spots, of=portrait.kind)


def sets(ax: Axes, feasible: Feasible, plane: Plane) -> Polygon:
    """The players' sets, white on grey, with their outline; a triangle has its corners named and no axes.

    Returns the polygon, to which other layers may be cut.
    """
    region = Polygon(
        feasible.outline, facecolor="white", edgecolor=BLACK, linewidth=0.9, zorder=0.2
    )
    if not feasible.corners:
        frame(ax, plane.box, plane.labels)
        ax.set_facecolor(OUTSIDE)
    else:
        middle = np.mean([place for _, place in feasible.corners], axis=0)
        ax.set_aspect("equal")
        ax.set_axis_off()
        ax.set_xlim(-0.08, 1.08)
        ax.set_ylim(-0.1, 0.97)
        for name, place in feasible.corners:
            x, y = place + 0.07 * (place - middle) / np.linalg.norm(place - middle)
            ax.text(x, y, layers.symbols(name), ha="center", va="center", parse_math=False)
    ax.add_patch(region)
    return region


def _on_a_line(ax: Axes, portrait: Portrait) -> None:
    assert portrait.graph is not None
    x, values = portrait.graph
    name = layers.symbols(portrait.variables[0])
    across = np.array([x[0], x[-1]])
    if portrait.kind == "map":
        frame(ax, np.array([across, across]), (f"{name}ₙ", f"{name}ₙ₊₁"))
        cobweb(ax, x, values, portrait.paths, portrait.spots, name=name, period=portrait.period)
    else:
        frame(ax, np.array([across, _range(values)]), (name, f"{name}′"))
        phase_line(ax, x, values, portrait.spots, name=name)
        for own in portrait.paths:
            start(ax, np.array([own.points[0, 0], 0.0]))


def _range(values: np.ndarray) -> np.ndarray:
    """Limits that show a graph and the axis, poles and far ends cut off."""
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, [2.0, 98.0]) if len(finite) else (-1.0, 1.0)
    low, high = min(low, 0.0), max(high, 0.0)
    room = 0.1 * (high - low) or 1.0
    return np.array([low - room, high + room])
