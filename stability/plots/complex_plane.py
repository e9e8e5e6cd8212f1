"""Points in the complex plane: markers, multiplicities, error discs, limits and scales."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.patches import Circle

from .series import Series, multiple
from .style import BLACK, CYCLE, GREY

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
FAR_APART = 1e3  # sizes that differ by more go on a symmetric logarithmic scale
SHAPE = 0.75  # height over width
_VISIBLE = 0.01  # of the picture's width


def draw_axes(ax: Axes) -> None:
    """Thin lines through zero."""
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=1)
    ax.axvline(0, color=GREY, linewidth=0.6, zorder=1)


def draw_series(ax: Axes, series: Sequence[Series], deciding: Sequence[str]) -> None:
    """Each set with a marker of its own, multiple values marked, `deciding` beside its label."""
    for i, (own, number) in enumerate(zip(series, deciding, strict=True)):
        points = multiple(own.values)
        values = np.array([value for value, _ in points])
        label = f"{own.label} ({number})" if own.label else number
        ax.plot(
            np.real(values),
            np.imag(values),
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
    x, y = _interval(np.real(values)), _interval(np.imag(values))
    margin = 0.16 * (max(x[1] - x[0], y[1] - y[0]) or 4.0)
    width, height = x[1] - x[0] + 2 * margin, y[1] - y[0] + 2 * margin
    width, height = max(width, height / SHAPE), max(height, SHAPE * width)
    ax.set_xlim(sum(x) / 2 - width / 2, sum(x) / 2 + width / 2)
    ax.set_ylim(sum(y) / 2 - height / 2, sum(y) / 2 + height / 2)
    ax.set_aspect("equal", anchor="N")  # what stands below stays below


def _interval(numbers: np.ndarray) -> tuple[float, float]:
    return float(numbers.min(initial=0.0)), float(numbers.max(initial=0.0))


def _symmetric_logarithmic(ax: Axes, values: np.ndarray, smallest: float) -> None:
    threshold = 10.0 ** math.floor(math.log10(smallest))
    ax.set_xscale("symlog", linthresh=threshold, linscale=1.0)
    ax.set_yscale("symlog", linthresh=threshold, linscale=1.0)
    ax.set_xlim(*_ticked(ax.xaxis, np.real(values), threshold))
    ax.set_ylim(*_ticked(ax.yaxis, np.imag(values), threshold))
    ax.text(
        0.98, 0.02, f"logarithmic beyond ±{threshold:g}", transform=ax.transAxes,
        ha="right", va="bottom", fontsize=6.0, color=GREY,
    )  # fmt: skip


def _ticked(axis: Axis, numbers: np.ndarray, threshold: float) -> tuple[float, float]:
    """Limits around the numbers; ticks at zero and at a few powers of ten are put on the axis."""
    low, high = _interval(numbers)
    low, high = min(10 * low, -10 * threshold), max(10 * high, 10 * threshold)
    apart = 10.0 ** math.ceil(math.log10(max(-low, high) / threshold) / 3)
    far = [threshold * apart**k for k in range(1, 4)]
    axis.set_ticks([*(-t for t in far if -t >= low), 0.0, *(t for t in far if t <= high)])
    axis.set_ticks([], minor=True)
    return low, high


def _note(ax: Axes, value: complex, text: str, position: int) -> None:
    """A short text beside a point, on another side for each set."""
    dx, dy = ((6, 5), (6, -9), (-6, 5), (-6, -9))[position % 4]
    ax.annotate(
        text, (value.real, value.imag), xytext=(dx, dy), textcoords="offset points",
        ha="left" if dx > 0 else "right", fontsize=7.0, color=BLACK, zorder=6,
    )  # fmt: skip
