"""Systems of one variable: the phase line of a flow, the cobweb of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from ..dynamics.angles import around
from ..dynamics.trajectory import Trajectory
from ..phase.portrait import Spot
from . import layers
from .equilibria import equilibria
from .paths import start
from .style import BLACK, FIELD, FLOW, GREY, STEPS

ARROWS = 9  # along the whole line


def phase_line(
    ax: Axes, x: np.ndarray, velocity: np.ndarray, spots: Sequence[Spot] = (), *, name: str = "x"
) -> Axes:
    """The graph of `velocity` over `x`, shape (n,) each, with arrows along the axis that say where x goes.

    Drawn on `ax`. `spots`: the points of rest, as in a `Portrait`; `name`: of x, for the labels.
    """
    x, velocity = np.asarray(x, dtype=float), np.asarray(velocity, dtype=float)
    ax.axhline(0.0, color=GREY, linewidth=0.8, zorder=layers.FIELD)
    ax.plot(
        x,
        np.where(np.isfinite(velocity), velocity, np.nan),
        color=FLOW,
        linewidth=1.5,
        zorder=layers.CURVES,
        label=layers.label_once(ax, f"{name}′"),
    )
    for position, sign in _arrows(x, velocity):
        ax.plot(
            [position],
            [0.0],
            linestyle="none",
            marker=">" if sign > 0 else "<",
            markersize=5.5,
            color=FIELD[-1],
            zorder=layers.CURVES,
            label="_nolegend_",
        )
    return equilibria(ax, spots, of="flow")


def cobweb(
    ax: Axes,
    x: np.ndarray,
    values: np.ndarray,
    trajectories: Sequence[Trajectory] = (),
    spots: Sequence[Spot] = (),
    *,
    name: str = "x",
    period: float = 0.0,
) -> Axes:
    """The graph of a map `x` ↦ `values`, shape (n,) each, the diagonal, and the cobwebs of its iterates.

    Fixed points are drawn on the diagonal.

    Drawn on `ax`. `trajectories`: the iterates; `spots`: the fixed points, as in a `Portrait`; `name`: of x;
    `period`: of an angle, which is then drawn in the period around the middle of `x`.
    """
    x, values = np.asarray(x, dtype=float), np.asarray(values, dtype=float)
    middle, lengths = (x[0] + x[-1]) / 2, np.array([period])

    def shown(points: np.ndarray) -> np.ndarray:
        return around(points, middle, lengths)

    values = shown(values)
    if period:  # a gap where the graph leaves the period on one side and comes in on the other
        values[1:][np.abs(np.diff(values)) > period / 2] = np.nan
    ax.plot(
        x, x, color=GREY, linewidth=0.8, zorder=layers.FIELD,
        label=layers.label_once(ax, f"{name}ₙ₊₁ = {name}ₙ"),
    )  # fmt: skip
    ax.plot(
        x,
        np.where(np.isfinite(values), values, np.nan),
        color=BLACK,
        linewidth=1.5,
        zorder=layers.CURVES,
        label=layers.label_once(ax, "map"),
    )
    box = np.array([[x[0], x[-1]]] * 2)
    for trajectory in trajectories:
        visited = shown(trajectory.points[:, 0])
        corners = np.repeat(visited, 2)
        web = layers.cut_off(np.stack([corners[:-1], corners[1:]], axis=1)[1:], box)
        first = np.array([[visited[0], visited[0]]])
        ax.plot(
            *np.concatenate([first, web]).T,
            color=STEPS,
            linewidth=0.9,
            zorder=layers.STEPS,
            label=layers.label_once(ax, "iterates"),
        )
        start(ax, first[0])
    on_diagonal = [replace(spot, position=np.array([spot.point[0]] * 2)) for spot in spots]
    return equilibria(ax, on_diagonal, of="map")


def _arrows(x: np.ndarray, velocity: np.ndarray) -> list[tuple[float, float]]:
    """Where arrows go on the line, and which way: in the middle of pieces of one sign, evenly if long."""
    sign = np.where(np.isfinite(velocity), np.sign(velocity), 0.0)
    ends = [0, *(np.flatnonzero(np.diff(sign)) + 1), len(x)]
    found = []
    for begin, end in pairwise(ends):
        own = x[begin:end]
        if sign[begin] == 0 or len(own) < 2:
            continue
        share = (own[-1] - own[0]) / (x[-1] - x[0])
        count = max(1, round(ARROWS * share)) if share > 0.02 else 0
        for k in range(count):
            found.append((own[0] + (k + 0.5) / count * (own[-1] - own[0]), sign[begin]))
    return found
