"""Paths in the plane of a portrait: of a flow, of an algorithm's steps, of a map."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from ..dynamics.plane import Plane
from ..dynamics.trajectory import Trajectory
from . import layers
from .style import BLACK, FLOW, STEPS

FEW = 40  # up to so many steps each one is an arrow
DOTS = (1.2, 3.2)  # points across: the smallest and the largest dots of steps
POINTS = 130.0  # how wide a picture is, about
LONG = 10.0  # a path of a flow that crosses the picture more often is a thinner line
ARROWS = 3  # arrowheads along the path of a flow


def path(
    ax: Axes,
    trajectory: Trajectory,
    plane: Plane,
    *,
    color: str = FLOW,
    line: str = "-",
    label: str = "flow",
) -> Axes:
    """The path of a flow, with arrowheads along it and a cross where it starts.

    Drawn on `ax`, projected onto `plane`, in `color`, with `label` for the legend. `trajectory`: as
    `stability.integrate` returns it; `line`: Matplotlib's name of the line style.
    """
    curve = layers.cut_off(_curve(trajectory, plane), plane.box)
    ax.plot(
        *curve.T,
        color=color,
        linestyle=line,
        linewidth=max(0.6, 1.5 * LONG / max(LONG, _lengths(curve, plane.box).sum())),
        zorder=layers.PATHS,
        label=layers.label_once(ax, label),
    )
    for tail, head in _along(curve, plane.box):
        layers.arrowhead(ax, tail, head, color, 9.0, layers.STEPS)
    return start(ax, curve[0]) if len(curve) else ax


def steps(
    ax: Axes,
    trajectory: Trajectory,
    plane: Plane,
    *,
    half: Trajectory | None = None,
    color: str = STEPS,
    marker: str = "o",
    label: str = "steps",
) -> Axes:
    """The steps of an algorithm: a dot where each one leads, joined by thin lines (arrows if they are few).

    `half`: the same path with every player's move a point of its own; the thin lines follow it.

    Drawn on `ax`, projected onto `plane`, in `color`, with `label` for the legend. `trajectory`: as
    `stability.simulate` returns it; `marker`: Matplotlib's name of the marker.
    """
    points = layers.cut_off(_points(trajectory, plane), plane.box)
    joined = layers.cut_off(_curve(trajectory if half is None else half, plane), plane.box)
    lengths = _lengths(points, plane.box)
    apart = POINTS * lengths.sum() / max(np.count_nonzero(lengths), 1)
    size = float(np.clip(0.7 * apart, *DOTS))  # so that dots do not run into a thick line
    thin = {"color": color, "linewidth": 0.6}
    ax.plot(*joined.T, alpha=0.8, zorder=layers.STEPS, label="_nolegend_", **thin)
    _dots(ax, points, size, color, marker, "_nolegend_")
    # for the legend alone, where the smallest dots would not be seen
    dot = {"marker": marker, "markersize": DOTS[1], "markeredgewidth": 0.0}
    ax.plot([np.nan], [np.nan], label=layers.label_once(ax, label), **thin, **dot)
    if half is None and len(points) <= FEW:
        for tail, head, length in zip(points[:-1], points[1:], lengths, strict=True):
            if length > 0.03:
                layers.arrowhead(ax, tail, head, color, 6.0, layers.STEPS)
    return start(ax, points[0]) if len(points) else ax


def iterates(
    ax: Axes,
    trajectory: Trajectory,
    plane: Plane,
    *,
    color: str = STEPS,
    marker: str = "o",
    label: str = "iterates",
) -> Axes:
    """The iterates of a map: dots, the smaller the more there are.

    Drawn on `ax`, projected onto `plane`, in `color`, with `label` for the legend. `trajectory`: as
    `stability.simulate` returns it; `marker`: Matplotlib's name of the marker.
    """
    points = layers.cut_off(_points(trajectory, plane), plane.box)
    size = float(np.clip(30.0 / np.sqrt(len(points)), 0.8, 4.0))
    _dots(ax, points, size, color, marker, layers.label_once(ax, label))
    return start(ax, points[0]) if len(points) else ax


def _dots(ax: Axes, points: np.ndarray, size: float, color: str, marker: str, label: str) -> None:
    look = {"marker": marker, "markersize": size, "markeredgewidth": 0.0, "color": color}
    ax.plot(*points.T, linestyle="none", zorder=layers.STEPS, label=label, **look)


def start(ax: Axes, position: np.ndarray) -> Axes:
    """A cross where paths start."""
    ax.plot(
        *np.asarray(position, dtype=float).reshape(2, 1),
        linestyle="none",
        marker="P",
        markersize=6.0,
        markerfacecolor=BLACK,
        markeredgecolor="white",
        markeredgewidth=0.7,
        zorder=layers.EQUILIBRIA - 0.1,
        label=layers.label_once(ax, "start"),
    )
    return ax


def _points(trajectory: Trajectory, plane: Plane) -> np.ndarray:
    return plane.coordinates(trajectory.points[:, : len(plane.origin)])


def _curve(trajectory: Trajectory, plane: Plane) -> np.ndarray:
    return plane.curve(trajectory.points[:, : len(plane.origin)])


def _along(curve: np.ndarray, box: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Where arrowheads go: short pieces of the curve, evenly along what is seen of it."""
    lengths = _lengths(curve, box)
    travelled = np.cumsum(lengths)
    if not len(travelled) or travelled[-1] < 0.05:
        return []
    # Heads near the beginning of a long spiral, where they can be told apart, rather than far along it.
    total = min(travelled[-1], 3.0)
    found = []
    for share in (np.arange(ARROWS) + 0.5) / ARROWS:
        i = int(np.searchsorted(travelled, share * total))
        if lengths[i] > 0:
            found.append((curve[i], curve[i + 1]))
    return found


def _lengths(curve: np.ndarray, box: np.ndarray) -> np.ndarray:
    """How long each piece of a curve is, in sides of the box, shape (n − 1,); 0 if it is not all inside."""
    lengths = np.linalg.norm(np.diff(curve, axis=0) / (box[:, 1] - box[:, 0]), axis=1)
    seen = np.all((curve >= box[:, 0]) & (curve <= box[:, 1]), axis=1)
    return np.where(seen[1:] & seen[:-1], lengths, 0.0)
