"""The curves that organise a phase plane: nullclines, invariant manifolds of saddles, closed orbits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import Normal, Stroke

from ..cycles.value import Cycle
from ..dynamics.plane import Plane
from ..phase.curves import Nullcline, Separatrix
from . import layers
from .style import BLACK, NULLCLINES, STABLE_MANIFOLD, STEPS, UNSTABLE_MANIFOLD

DASHES = ((0, (5, 1.6)), (0, (1.3, 1.2)))


def nullclines(ax: Axes, nullclines: Sequence[Nullcline]) -> Axes:
    """Where each component of the field vanishes: one colour and one line style for each.

    `nullclines`, as `stability.nullclines` returns them, are drawn on `ax`.
    """
    for number, own in enumerate(nullclines):
        ax.plot(
            *_joined(own.curves).T,
            color=NULLCLINES[number % 2],
            linestyle=DASHES[number % 2],
            linewidth=1.3,
            zorder=layers.CURVES,
            label=layers.label_once(ax, _zero(own, number)) if own.curves else "_nolegend_",
        )
    return ax


def _zero(nullcline: Nullcline, number: int) -> str:
    """What a legend calls it; a combination of variables, in a plane through more, is the picture's own."""
    if nullcline.variable.isidentifier():
        return f"{layers.symbols(nullcline.variable)}′ = 0"
    return ("horizontal velocity 0", "vertical velocity 0")[number % 2]


def separatrices(ax: Axes, separatrices: Sequence[Separatrix]) -> Axes:
    """The stable manifolds of saddles as solid lines, the unstable ones as dash-dotted lines.

    `separatrices`, as `stability.separatrices` returns them, are drawn on `ax`.
    """
    looks = {"stable": (STABLE_MANIFOLD, "solid"), "unstable": (UNSTABLE_MANIFOLD, "dashdot")}
    for kind, (color, line) in looks.items():
        curves = [own.curve for own in separatrices if own.kind == kind]
        if curves:
            ax.plot(
                *_joined(curves).T,
                color=color,
                linestyle=line,
                linewidth=1.3,
                zorder=layers.MANIFOLDS,
                label=layers.label_once(ax, f"{kind} manifold"),
            )
    return ax


def cycles(
    ax: Axes, cycles: Sequence[Cycle], plane: Plane, *, color: str = STEPS, of: str = ""
) -> Axes:
    """Closed orbits, projected onto the plane: attracting ones solid, repelling ones dashed.

    Those of a flow are black. Those of a map, or of the steps of the algorithm that `of` names, are double
    lines in `color`, between which dots and a flow's cycle are still seen; a periodic orbit is its points.

    `cycles`, those of a `Portrait` or of `stability.limit_cycles`, are drawn on `ax`, projected onto `plane`.
    """
    for cycle in cycles:
        points = cycle.points[:, : len(plane.origin)]
        of_flow = cycle.multipliers is not None
        periodic = not of_flow and cycle.period is not None
        rotates = of_flow and bool(plane.periods.any())  # ends whole periods from where it begins
        if not periodic and not rotates:
            points = np.concatenate([points, points[:1]])
        curve = plane.coordinates(points) if periodic else plane.curve(points)
        ax.plot(
            *curve.T,
            color=BLACK if of_flow else color,
            linestyle="none" if periodic else "solid" if cycle.stable else (0, (3, 1.5)),
            linewidth=1.6 if of_flow else 3.8,
            path_effects=None
            if of_flow or periodic
            else [Normal(), Stroke(linewidth=1.8, foreground="white")],
            marker="h" if periodic else None,
            markersize=7.0,
            markerfacecolor=color if cycle.stable else "white",
            markeredgecolor="white" if cycle.stable else color,
            markeredgewidth=0.7,
            zorder=layers.CYCLES if of_flow or periodic else layers.STEPS - 0.05,
            label=layers.label_once(ax, _name(cycle, of_flow, periodic, of)),
        )
    return ax


def _name(cycle: Cycle, of_flow: bool, periodic: bool, of: str) -> str:
    """What a legend calls a closed orbit; those that an algorithm settles on attract, which goes unsaid."""
    kind = f"orbit of period {cycle.period:g}" if periodic else "cycle"
    if of:
        return f"{kind} of {of}"
    if not of_flow and not periodic:
        kind = "invariant curve"
    return f"{'attracting' if cycle.stable else 'repelling'} {kind}"


def _joined(curves: Sequence[np.ndarray]) -> np.ndarray:
    """Curves as one, with gaps, shape (n, 2)."""
    parts = [part for curve in curves for part in (curve, np.full((1, 2), np.nan))]
    return np.concatenate(parts) if parts else np.empty((0, 2))
