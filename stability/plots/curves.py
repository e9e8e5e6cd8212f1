"""The curves that organise a phase plane: nullclines, invariant manifolds of saddles, closed orbits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ..phase.curves import Cycle, Nullcline, Separatrix
from ..phase.plane import Plane
from . import layers
from .style import BLACK, NULLCLINES, STABLE_MANIFOLD, STEPS, UNSTABLE_MANIFOLD

DASHES = ((0, (5, 1.6)), (0, (1.3, 1.2)))


def nullclines(ax: Axes, nullclines: Sequence[Nullcline]) -> Axes:
    """Where each component of the field vanishes: one colour and one line style for each."""
    for number, own in enumerate(nullclines):
        ax.plot(
            *_joined(own.curves).T,
            color=NULLCLINES[number % 2],
            linestyle=DASHES[number % 2],
            linewidth=1.3,
            zorder=layers.CURVES,
            label=layers.label_once(ax, f"{own.variable}′ = 0") if own.curves else "_nolegend_",
        )
    return ax


def separatrices(ax: Axes, separatrices: Sequence[Separatrix]) -> Axes:
    """The stable manifolds of saddles as solid lines, the unstable ones as dash-dotted lines."""
    looks = {"stable": (STABLE_MANIFOLD, "solid"), "unstable": (UNSTABLE_MANIFOLD, "dashdot")}
    for kind, (color, style) in looks.items():
        curves = [own.curve for own in separatrices if own.kind == kind]
        if curves:
            ax.plot(
                *_joined(curves).T,
                color=color,
                linestyle=style,
                linewidth=1.5,
                zorder=layers.MANIFOLDS,
                label=layers.label_once(ax, f"{kind} manifold"),
            )
    return ax


def cycles(ax: Axes, cycles: Sequence[Cycle], plane: Plane) -> Axes:
    """Closed orbits, projected onto the plane: attracting ones solid, repelling ones dashed.

    Those of a flow are black. Those of a map, or of an algorithm's steps, have the colour of steps: an
    invariant curve is a line, a periodic orbit its points.
    """
    for cycle in cycles:
        curve = plane.coordinates(cycle.points[:, : len(plane.origin)])
        of_flow = cycle.multipliers is not None
        periodic = not of_flow and cycle.period is not None
        strength = "attracting" if cycle.stable else "repelling"
        if periodic:
            name = f"{strength} orbit of period {cycle.period:g}"
        else:
            name = f"{strength} {'cycle' if of_flow else 'invariant curve'}"
            curve = np.concatenate([curve, curve[:1]])
        ax.plot(
            *curve.T,
            color=BLACK if of_flow else STEPS,
            linestyle="none" if periodic else "solid" if cycle.stable else (0, (3, 1.5)),
            linewidth=2.0,
            marker="h" if periodic else None,
            markersize=6.0,
            markerfacecolor=STEPS if cycle.stable else "white",
            zorder=layers.CYCLES,
            label=layers.label_once(ax, name),
        )
    return ax


def _joined(curves: Sequence[np.ndarray]) -> np.ndarray:
    """Curves as one, with gaps, shape (n, 2)."""
    parts = [part for curve in curves for part in (curve, np.full((1, 2), np.nan))]
    return np.concatenate(parts) if parts else np.empty((0, 2))
