"""Points in the complex plane: markers, multiplicities, error discs, limits and scales."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from .series import Series, multiple
from .style import BLACK, CYCLE, GREY

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
FAR_APART = 1e3  # sizes that differ by more go on a symmetric logarithmic scale
_VISIBLE = 0.01  # of the picture's width


def draw_axes(ax: Axes) -> None:
    """Thin lines through zero."""
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=1)
    ax.axvline(0, color=GREY, linewidth=0.6, zorder=1)


def draw_series(ax: Axes, series: Sequence[Series], deciding: Sequence[str]) -> None:
    """Each set with a marker of its own, multiple values marked; `deciding` is added to the legend's labels."""
    for i, (own, number) in enumerate(zip(series, deciding, strict=True)):
        points = multiple(own.values)
        values = np.array([value for value, _ in points])
        label = f"{own.label} ({number})" if own.label else number
        ax.plot(
            values.real,
            values.imag,
            linestyle="none",
            marker=MARKERS[i % len(MARKERS)],
            markersize=6.5 - min(i, 3),  # the first is seen around the others
            markerfacecolor="none" if i == 0 and len(series) > 1 else CYCLE[i % len(CYCLE)],
            markeredgecolor=CYCLE[i % len(CYCLE)],
            markeredgewidth=1.2 if i == 0 else 0.6,
            color=CYCLE[i % len(CYCLE)],
            label=label,
            zorder=4 + 0.01 * i,
        )
        for value, count in points:
            if count > 1:
                _note(ax, value, f"×{count}", i)


def draw_discs(ax: Axes, series: Sequence[Series]) -> None:
    """Discs around the values that hold the true ones, where they are large enough to be seen."""
    left, right = ax.get_xlim()
    for i, own in enumerate(series):
        errors = np.broadcast_to(np.asarray(own.errors, dtype=float), own.values.shape)
        for value, error in zip(own.values, errors, strict=True):
            if _VISIBLE * (right - left) < error < math.inf:
                disc = Circle(
                    (value.real, value.imag), error, facecolor=CYCLE[i % len(CYCLE)],
                    edgecolor="none", alpha=0.2, zorder=2,
                )  # fmt: skip
                ax.add_patch(disc)


def fit(ax: Axes, values: np.ndarray) -> None:
    """Limits around the values and zero, with equal aspect; or a scale that shows small and large ones."""
    sizes = np.abs(values)[np.abs(values) > 1e-12 * np.abs(values).max(initial=0.0)]
    if len(sizes) and sizes.max() > FAR_APART * sizes.min():
        _symmetric_logarithmic(ax, values, float(sizes.min()))
        return
    x, y = _interval(values.real), _interval(values.imag)
    span = max(x[1] - x[0], y[1] - y[0]) or 1.0
    ax.set_xlim(*_wide(x, 0.45 * span, 0.14 * span))
    ax.set_ylim(*_wide(y, 0.45 * span, 0.14 * span))
    ax.set_aspect("equal")


def _interval(numbers: np.ndarray) -> tuple[float, float]:
    return float(numbers.min(initial=0.0)), float(numbers.max(initial=0.0))


def _wide(
    interval: tuple[float, float], least: float, margin: float
) -> tuple[float, float]:
    """The interval with a margin, and at least so wide."""
    low, high = interval
    more = max(least - (high - low), 0.0) / 2 + margin
    return low - more, high + more


def _symmetric_logarithmic(ax: Axes, values: np.ndarray, smallest: float) -> None:
    threshold = 10.0 ** math.floor(math.log10(smallest))
    for axis, numbers in (("x", values.real), ("y", values.imag)):
        low, high = _interval(numbers)
        getattr(ax, f"set_{axis}scale")("symlog", linthresh=threshold, linscale=0.5)
        getattr(ax, f"set_{axis}lim")(
            10 * low if low < -threshold else -10 * threshold,
            10 * high if high > threshold else 10 * threshold,
        )
    ax.text(
        0.98, 0.02, f"logarithmic beyond ±{threshold:g}", transform=ax.transAxes,
        ha="right", va="bottom", fontsize=6.0, color=GREY,
    )  # fmt: skip


def _note(ax: Axes, value: complex, text: str, position: int) -> None:
    """A short text beside a point, on another side for each set."""
    dx, dy = ((6, 5), (6, -9), (-6, 5), (-6, -9))[position % 4]
    ax.annotate(
        text, (value.real, value.imag), xytext=(dx, dy), textcoords="offset points",
        ha="left" if dx > 0 else "right", fontsize=7.0, color=BLACK, zorder=6,
    )  # fmt: skip
