"""The spectral radius over two step sizes, or over a step size and a parameter, as a map in colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.lines import Line2D

from ..comparisons.region import StepRegion
from ..documents.formulas import latex_name
from ..documents.numbers import number
from ..errors import InputError, InputTypeError
from ..sweeps.value import Sweep
from .colour_bar import colour_bar
from .figure_height import make_room
from .grids import edges, is_geometric
from .legend import legend_below
from .style import BLACK, BLUE, GREY, UNSTABLE, YELLOW, own_axes, styled

# Blue and vermilion differ for every kind of colour vision, and in lightness at equal distance from one.
_NOTHING = "#d9d9d9"
_COLOURS = LinearSegmentedColormap.from_list(
    "radius", ["#08304f", BLUE, "#ffffff", UNSTABLE, "#7a2e00"]
).with_extremes(bad=_NOTHING)
_ROUNDING = 1e-9  # a radius this near to one is one
_LEAST = 0.02  # how far from one the colours reach at least
_FINE = 400


def radius(
    sweep: Sweep,
    critical: StepRegion | sympy.Expr | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The spectral radius over the two axes of a sweep, with the critical curve and the best point.

    Radii below one, where the rule converges, are blue, those above one vermilion, one is white, and grey
    is where there is no equilibrium. Colours reach as far above one as below
    and are clipped beyond. The thick line is where the radius is one on the grid, or begins to exceed it.

    `critical`, drawn dashed on top, is known otherwise: the region found by `stability.step_region`, if the
    axes are its players' step sizes; or the closed form of the critical step size (`stability.critical_step`)
    in the parameter that is the other axis.

    `sweep`: with "spectral_radius", over two axes. `ax`: where it is drawn; default: the Axes of a new
    figure.

    Raises InputError for a sweep without "spectral_radius" over two axes, or a curve that does not fit it.
    """
    if len(sweep.axes) != 2 or "spectral_radius" not in sweep.quantities:
        raise InputError('a map of radii needs a sweep of "spectral_radius" over two axes')
    (first, x), (second, y) = sweep.axes.items()
    if len(x) < 2 or len(y) < 2:
        raise InputError("a map of radii needs at least two values on each axis")
    values = np.asarray(sweep.quantities["spectral_radius"], dtype=float)
    if not np.isfinite(values).any():
        raise InputError("there is no spectral radius at any point of the sweep")
    curve = None if critical is None else _curve(critical, sweep)
    values = np.where(np.abs(values - 1) < _ROUNDING, 1.0, values)
    own, ax = ax is None, own_axes(ax)
    with styled():
        least, most = _range(values)
        norm = TwoSlopeNorm(1.0, least, most)
        coloured = ax.pcolormesh(
            edges(x), edges(y), np.ma.masked_invalid(np.minimum(values, most)).T,
            cmap=_COLOURS, norm=norm, rasterized=True,
        )  # fmt: skip
        _scale(ax, x, y)
        if np.nanmin(values) <= 1 < np.nanmax(values):
            clipped = np.clip(values, 0.0, 2.0)  # so that ∞ can be interpolated
            ax.contour(x, y, clipped.T, [1.0 + _ROUNDING], colors=[BLACK], linewidths=2.0, zorder=3)
            ax.add_line(Line2D([], [], color=BLACK, linewidth=2.0, label="ρ = 1"))
        if curve is not None:
            ax.plot(
                *curve, color=YELLOW, linestyle=(0, (4, 3)), linewidth=1.2, zorder=4,
                label=_curve_label(critical),
            )  # fmt: skip
        _best(ax, x, y, values)
        clips = bool((values[np.isfinite(values)] > most).any() or np.isinf(values).any())
        bar = colour_bar(ax, coloured, "spectral radius ρ", extend="max" if clips else "neither")
        ticks = np.linspace(least, most, 5)
        bar.set_ticks(ticks.tolist(), labels=[number(t, 3) for t in ticks.tolist()])
        if np.isnan(values).any():
            ax.plot([], [], "s", color=_NOTHING, markeredgecolor=GREY, label="no value")
        ax.set(xlabel=first, ylabel=second)
        legend_below(ax)
        if own:
            make_room(ax)
    return ax


def _range(values: np.ndarray) -> tuple[float, float]:
    """As far above one as below; if nothing is stable, as far as the radii reach, at most to two."""
    lowest = max(float(np.nanmin(values)), 0.0)
    highest = float(values[np.isfinite(values)].max())
    reach = 1.0 - lowest if lowest < 1 - _ROUNDING else min(highest - 1.0, 1.0)
    reach = max(reach, _LEAST if reach > _ROUNDING else 1.0)
    return max(1.0 - reach, 0.0), 1.0 + min(reach, 1.0)


def _scale(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
    if is_geometric(x):
        ax.set_xscale("log")
    if is_geometric(y):
        ax.set_yscale("log")
    ends = edges(x), edges(y)
    ax.set_xlim(ends[0].min(), ends[0].max())
    ax.set_ylim(ends[1].min(), ends[1].max())


def _best(ax: Axes, x: np.ndarray, y: np.ndarray, values: np.ndarray) -> None:
    """A star at the smallest radius if that is stable and at one point only."""
    least = float(np.nanmin(values))
    places = np.argwhere(values <= least + _ROUNDING)
    if not least < 1 or len(places) > 1:
        return
    i, j = places[0]
    ax.plot(
        [x[i]], [y[j]], linestyle="none", marker="*", markersize=9.0, color="white",
        markeredgecolor=BLACK, markeredgewidth=0.7, clip_on=False, zorder=5,
        label=f"best on the grid: ρ = {number(least, 3)}",
    )  # fmt: skip


def _curve(critical: Any, sweep: Sweep) -> tuple[np.ndarray, np.ndarray]:
    """The curve's points, in the order of the sweep's axes; NaN where it is nowhere."""
    first, second = sweep.axes
    if isinstance(critical, StepRegion):
        names = [f"lr.{player}" for player in critical.players]
        if sorted(names) != sorted((first, second)):
            raise InputError(f"the region is over {' and '.join(names)}, the sweep over others")
        points = np.where(np.isfinite(critical.critical), critical.critical, np.nan)
        own = dict(zip(names, points.T, strict=True))
        return own[first], own[second]
    if not isinstance(critical, sympy.Expr):
        raise InputTypeError(
            f"a critical curve is a StepRegion or a SymPy expression, not {critical!r}"
        )
    if "lr" not in sweep.axes:
        raise InputError("a closed form of the critical step size needs lr as an axis")
    other = second if first == "lr" else first
    names = [symbol.name for symbol in critical.free_symbols]  # pyright: ignore[reportAttributeAccessIssue]
    if names not in ([], [other]):
        raise InputError(f"the critical step size depends on {', '.join(names)}, not on {other}")
    ends = sweep.axes[other]
    parameter = np.linspace(ends.min(), ends.max(), _FINE)
    if is_geometric(ends):
        parameter = np.geomspace(ends.min(), ends.max(), _FINE)
    symbol = next(iter(critical.free_symbols), sympy.Dummy())
    steps = np.array([_real(critical.xreplace({symbol: sympy.Float(p)})) for p in parameter])
    return (steps, parameter) if first == "lr" else (parameter, steps)


def _real(value: sympy.Expr) -> float:
    number = complex(value.evalf())  # pyright: ignore[reportArgumentType]
    finite = np.isfinite(number) and abs(number.imag) <= _ROUNDING * abs(number)
    return number.real if finite else np.nan


def _curve_label(critical: Any) -> str:
    if isinstance(critical, StepRegion):
        return "critical, ray by ray"
    if isinstance(critical, sympy.Piecewise) or sympy.count_ops(critical) > 12:
        return "closed form"
    names = {symbol: latex_name(symbol.name) for symbol in critical.free_symbols}
    return f"lr = ${sympy.latex(critical, symbol_names=names)}$"
