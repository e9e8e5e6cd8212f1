"""How fast rules are at which step size: their spectral radii side by side."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from ..comparisons.curves import RateCurve, RateCurves
from ..errors import InputError
from .figure_height import make_room
from .grids import is_geometric
from .legend import legend_below
from .series import spaced
from .style import CYCLE, GREY, UNSTABLE, own_axes, styled

DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))
_NEUTRAL = 1e-9


def rates(curves: RateCurves, ax: Axes | None = None) -> Axes:
    """The spectral radius of each rule against the step size, the unstable part of the picture shaded.

    A dot is a rule's best step, a bar across ρ = 1 its critical one. The legend names the rules in the
    order of their best radii, the fastest first. `curves` come from `stability.rate_curves`.

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
        for i, curve in enumerate(curves.curves):
            _draw(ax, steps, curve, i, high)
        ax.plot([], [], "o", color=GREY, markersize=4.0, markeredgecolor="white", label="best step")
        if any(_crosses(curve, steps) for curve in curves.curves):
            ax.plot(
                [], [], "|", color=GREY, markersize=7.0, markeredgewidth=1.6, label="critical step"
            )
        ax.set(xlabel=_step_label(curves), ylabel="spectral radius ρ")
        legend_below(ax)
        if own:
            make_room(ax)
    return ax


def _logarithmic(ax: Axes, steps: np.ndarray) -> None:
    ax.set_xscale("log")
    ax.set_xlim(steps[0], steps[-1])
    if steps[-1] < 1e3 * steps[0]:  # few powers of ten: name steps between them too
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _draw(ax: Axes, steps: np.ndarray, curve: RateCurve, position: int, high: float) -> None:
    colour = CYCLE[position % len(CYCLE)]
    ax.plot(
        steps,
        np.minimum(curve.radii, 2 * high),  # ∞ would tear the line
        color=colour,
        linestyle=DASHES[(position // len(CYCLE) + position % len(CYCLE)) % len(DASHES)],
        linewidth=1.3,
        label=spaced(curve.name) + (" (factor)" if curve.by_player else ""),
        zorder=3,
    )
    best, radius = curve.sizes.best, curve.sizes.best_radius
    if best is not None and radius is not None and steps[0] <= best <= steps[-1]:
        ax.plot(
            [best], [radius], "o", color=colour, markersize=4.5, markeredgecolor="white",
            markeredgewidth=0.6, zorder=5, clip_on=False,
        )  # fmt: skip
    critical = curve.sizes.critical
    if critical is not None and _crosses(curve, steps):
        ax.plot(
            [critical], [1.0], "|", color=colour, markersize=7.0, markeredgewidth=1.6,
            zorder=4,
        )  # fmt: skip


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
