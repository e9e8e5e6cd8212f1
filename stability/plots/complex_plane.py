"""Points in the complex plane: markers, multiplicities, error discs, limits and scales."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.patches import Circle

from .looks import Look
from .series import Series, multiple
from .style import BLACK, COLUMN, GREY

FAR_APART = 1e3  # sizes that differ by more go on a symmetric logarithmic scale
SHAPE = 0.75  # height over width
_VISIBLE = 0.01  # of the picture's width
PICTURE = 72.0 * COLUMN * np.array([0.8, 0.8 * SHAPE])  # points, about
NOTE = 7.0  # points: the size of a short text
NEAR, MARK = (
    5.0,
    3.0,
)  # points: from the middle of a marker to where a text may begin, and to its edge
DIRECTIONS = ((1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1), (1, 0), (-1, 0))


def draw_axes(ax: Axes) -> None:
    """Thin lines through zero."""
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=1)
    ax.axvline(0, color=GREY, linewidth=0.6, zorder=1)


def draw_series(
    ax: Axes, series: Sequence[Series], looks: Sequence[Look], deciding: Sequence[str]
) -> None:
    """Each set in a look of its own, with `deciding` beside its label.

    Several are hollow and of several sizes, so that each is seen around and through the others.
    """
    several = len(series) > 1
    for i, (own, look, number) in enumerate(zip(series, looks, deciding, strict=True)):
        ax.plot(
            np.real(own.values),
            np.imag(own.values),
            linestyle="none",
            marker=look.marker,
            markersize=7.5 - 1.3 * min(i, 3) if several else 6.0,
            markerfacecolor="none" if several else look.color,
            markeredgecolor=look.color,
            markeredgewidth=1.3 if several else 0.6,
            label=f"{own.label} ({number})" if own.label else number,
            zorder=4 + 0.01 * i,
        )


def draw_multiplicities(ax: Axes, series: Sequence[Series], share: float = 1.0) -> None:
    """×2, ×3, … beside the multiple values of an equilibrium, where nothing is in the way.

    One that several sets or equilibria have is marked once. `share`: of a picture's size, that of the Axes.
    """
    size = share * PICTURE
    scale = ax.transScale + ax.transLimits
    everything = np.concatenate([own.values for own in series])

    def place(values: np.ndarray) -> np.ndarray:
        """In points from the lower left corner, about: what is laid out later is not known yet."""
        return scale.transform(np.stack([np.real(values), np.imag(values)], axis=1)) * size

    points, notes = place(everything), Notes(size)
    found: list[tuple[complex, int]] = []
    for value, count in sorted(_repeated(series), key=lambda own: -own[1]):
        at = place(np.array([value]))[0]
        known = [np.hypot(*(place(np.array([other]))[0] - at)) < NEAR for other, _ in found]
        if any(known) or (at < 0).any() or (at > size).any():
            continue
        found.append((value, count))
        others = points[np.hypot(*(points - at).T) >= NEAR]
        offset = notes.room(at, 4.5 * len(f"×{count}"), others)
        if offset is not None:
            ax.annotate(
                f"×{count}", (value.real, value.imag), xytext=offset, textcoords="offset points",
                ha="center", va="center", fontsize=NOTE, color=BLACK, zorder=6,
            )  # fmt: skip


class Notes:
    """Where short texts beside points go, so that they cover neither each other nor other points.

    `size`, shape (2,): of the picture, in points.
    """

    def __init__(self, size: np.ndarray):
        self._size, self._boxes = size, np.empty((0, 4))

    def room(self, at: np.ndarray, width: float, others: np.ndarray) -> tuple[float, float] | None:
        """From the point `at` to the middle of a text beside it; None where no place is free."""
        half = np.array([width / 2, NOTE / 2])
        for dx, dy in DIRECTIONS:
            middle = at + np.array([dx, dy]) * (half + NEAR)
            low, high = middle - half, middle + half
            inside = (low >= 0).all() and (high <= self._size).all()
            apart = (self._boxes[:, :2] > high).any(1) | (self._boxes[:, 2:] < low).any(1)
            clear = (others < low - MARK).any(1) | (others > high + MARK).any(1)
            if inside and apart.all() and clear.all():
                self._boxes = np.vstack([self._boxes, np.concatenate([low, high])])
                return tuple((middle - at).tolist())
        return None


def _repeated(series: Sequence[Series]) -> list[tuple[complex, int]]:
    """The multiple values of every set at every equilibrium."""
    parts = [part for own in series for part in np.split(own.values, np.cumsum(own.sizes)[:-1])]
    return [(value, count) for part in parts for value, count in multiple(part) if count > 1]


def draw_discs(ax: Axes, series: Sequence[Series], looks: Sequence[Look]) -> None:
    """Discs around the values that hold the true ones, where they are large enough to be seen."""
    left, right = ax.get_xlim()
    for own, look in zip(series, looks, strict=True):
        errors = np.broadcast_to(np.asarray(own.errors, dtype=float), own.values.shape)
        for value, error in zip(own.values, errors, strict=True):
            if _VISIBLE * (right - left) < error < math.inf:
                disc = Circle(
                    (value.real, value.imag), error, facecolor=look.color,
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
