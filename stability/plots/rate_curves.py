"""How fast rules are at which step size: their spectral radii side by side."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..comparisons.curves import RateCurve, RateCurves
from ..documents.numbers import listed, number
from ..errors import InputError
from .figure_height import make_room
from .grids import is_geometric, plain_ticks
from .legend import legend_below
from .looks import DASHES, looks
from .series import spaced
from .style import GREY, UNSTABLE, own_axes, styled

NAMED = 2  # equilibria that a legend names
SHORT = 3  # variables of a point that a legend shows
_NEUTRAL = 1e-9


def rates(curves: RateCurves, ax: Axes | None = None) -> Axes:
    """The spectral radius of each rule against the step size, the unstable part of the picture shaded.

    A dot is a rule's best step, a bar across ρ = 1 its critical one. The legend names the rules in the
    order of their best radii, the fastest first, and the equilibria of each curve where there are several;
    curves of one rule have its colour. `curves` come from `stability.rate_curves`.

    `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError if there are no curves.
    """
    if not curves.curves:
        raise InputError("there are no rules whose rates could be drawn")
    own, ax = ax is None, own_axes(ax)
    with styled():
        steps = curves.steps
        if is_geometric(steps):
            _logarithmic(ax, steps)
        else:
            ax.set_xlim(0.0, steps[-1])
        low, high = _limits(curves)
        ax.set_ylim(low, high)
        ax.axhspan(1.0, 2 * high, facecolor=UNSTABLE, edgecolor="none", alpha=0.08, zorder=0)
        ax.axhline(1.0, color=GREY, linewidth=0.8, zorder=1)
        ax.text(
            0.01, 0.99, "unstable", transform=ax.transAxes, ha="left", va="top", fontsize=7.0,
            color=UNSTABLE,
        )  # fmt: skip
        look = looks(curve.name for curve in curves.curves)
        drawn: Counter[str] = Counter()
        for curve in curves.curves:
            own_look = look[curve.name]
            line = DASHES[(DASHES.index(own_look.line) + drawn[curve.name]) % len(DASHES)]
            drawn[curve.name] += 1
            _draw(ax, steps, curve, own_look.color, line, _label(curves, curve), high)
        if any(_best(curve, steps) for curve in curves.curves):
            ax.plot([], [], "o", color=GREY, markersize=4.5, markeredgecolor="white",
                    markeredgewidth=0.6, label="best step")  # fmt: skip
        if any(_crosses(curve, steps) for curve in curves.curves):
            ax.plot(
                [], [], "|", color=GREY, markersize=9.0, markeredgewidth=2.0, label="critical step"
            )
        ax.set(xlabel=_step_label(curves), ylabel="spectral radius ρ")
        legend_below(ax)
        if own:
            make_room(ax)
    return ax


def _logarithmic(ax: Axes, steps: np.ndarray) -> None:
    ax.set_xscale("log")
    ax.set_xlim(steps[0], steps[-1])
    plain_ticks(ax.xaxis)


def _label(curves: RateCurves, curve: RateCurve) -> str:
    """The rule, and at which equilibria this is its curve where there are several."""
    text = spaced(curve.name) + (" (factor)" if curve.by_player else "")
    if len(curves.equilibria) == 1:
        return text
    points = [_point(curves, i) for i in curve.at[:NAMED]]
    more = len(curve.at) - NAMED
    points += [f"{more} more"] if more > 0 else []
    return f"{text} at {listed(points)}"


def _point(curves: RateCurves, i: int) -> str:
    values = curves.equilibria[i].values()
    if len(values) > SHORT:
        return f"equilibrium {i + 1}"
    return f"({', '.join(number(value, 3) for value in values)})"


def _draw(
    ax: Axes, steps: np.ndarray, curve: RateCurve, colour: str, line: Any, label: str, high: float
) -> None:
    ax.plot(
        steps,
        np.minimum(curve.radii, 2 * high),  # ∞ would tear the line
        color=colour,
        linestyle=line,
        linewidth=1.3,
        label=label,
        zorder=3,
    )
    best = _best(curve, steps)
    if best is not None:
        ax.plot(
            [best[0]], [best[1]], "o", color=colour, markersize=4.5,
            markeredgecolor="white", markeredgewidth=0.6, zorder=5, clip_on=False,
        )  # fmt: skip
    critical = curve.sizes.critical
    if critical is not None and _crosses(curve, steps):
        ax.plot(
            [critical], [1.0], "|", color=colour, markersize=9.0, markeredgewidth=2.0,
            zorder=4,
        )  # fmt: skip


def _best(curve: RateCurve, steps: np.ndarray) -> tuple[float, float] | None:
    """The best step and its radius, if they are in the picture."""
    best, radius = curve.sizes.best, curve.sizes.best_radius
    if best is None or radius is None or not steps[0] <= best <= steps[-1]:
        return None
    return best, radius


def _crosses(curve: RateCurve, steps: np.ndarray) -> bool:
    critical = curve.sizes.critical
    return critical is not None and steps[0] <= critical <= steps[-1]


def _limits(curves: RateCurves) -> tuple[float, float]:
    """From below the lowest curve to as much above one as shows where curves leave."""
    everything = np.concatenate([curve.radii for curve in curves.curves])
    lowest = min(float(everything.min()), 1.0)
    depth = max(1.0 - lowest, 0.0)
    if depth <= _NEUTRAL:  # nothing is stable: what there is above one
        finite = everything[np.isfinite(everything)]
        depth = min(max(float(np.max(finite, initial=1.0)) - 1.0, 0.1), 1.0)
        return 1.0 - 0.1 * depth, 1.0 + depth
    return max(lowest - 0.05 * depth, 0.0 if lowest > 0.05 else -0.02), 1.0 + 0.3 * depth


def _step_label(curves: RateCurves) -> str:
    if any(curve.by_player for curve in curves.curves):
        return "step size, or factor on the players' step sizes"
    return "step size"
