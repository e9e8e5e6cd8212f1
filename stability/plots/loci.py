"""Eigenvalues and multipliers on the move: root loci as a parameter varies."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from ..branches.loci import Loci
from ..branches.loci import loci as paths_of
from ..documents.numbers import number
from ..sweeps.value import Sweep
from .colour_bar import colour_bar
from .complex_plane import draw_axes, fit
from .figure_height import make_room
from .grids import is_geometric, scale_of
from .legend import legend_below
from .spectra import SMALL, draw_disc, draw_half_plane
from .style import BLACK, UNSTABLE, own_axes, styled

_SHADES = colormaps["cividis"]
_MOST_CROSSINGS = 3  # that are named


def loci(sweep: Sweep | Loci, ax: Axes | None = None) -> Axes:
    """The paths of eigenvalues (or multipliers) in the complex plane as one number of a sweep varies.

    Lines are coloured by the number, with a colour bar; they start at a hollow circle and end at a square.
    Where a path crosses the imaginary axis (the unit circle) is marked by a diamond, and the number there
    is in the legend.

    `sweep`: over one axis, or its `stability.loci`. `ax`: where it is drawn; default: the Axes of a new
    figure.

    Raises InputError for a sweep over two axes, or without "eigenvalues" or "multipliers".
    """
    found = sweep if isinstance(sweep, Loci) else paths_of(sweep)
    own, ax = ax is None, own_axes(ax)
    with styled():
        paths = found.paths
        everything = paths[np.isfinite(paths)]
        of_flow = found.kind == "eigenvalues"
        if of_flow:
            fit(ax, everything)
            draw_half_plane(ax)
        else:
            draw_disc(ax, named=np.abs(everything).max() < SMALL)
            fit(ax, np.concatenate([everything, [1, -1, 1j, -1j]]))
        draw_axes(ax)
        norm = scale_of(found.numbers)
        for path in paths.T:
            points = np.stack([np.real(path), path.imag], axis=1)
            lines = LineCollection(
                list(np.stack([points[:-1], points[1:]], axis=1)), cmap=_SHADES, norm=norm,
                array=_middles(found.numbers), linewidths=2.0, capstyle="round", zorder=3,
            )  # fmt: skip
            ax.add_collection(lines, autolim=False)
        _ends(ax, found)
        _crossings(ax, found)
        colour_bar(ax, lines, found.name)
        letter = "λ" if of_flow else "μ"
        ax.set(xlabel=f"Re {letter}", ylabel=f"Im {letter}")
        legend_below(ax)
        if own:
            make_room(ax)
    return ax


def _ends(ax: Axes, found: Loci) -> None:
    whole = np.flatnonzero(np.isfinite(found.paths).all(axis=1))
    for row, marker, word in ((whole[0], "o", "starts"), (whole[-1], "s", "ends")):
        z = found.paths[row]
        ax.plot(
            np.real(z), np.imag(z), linestyle="none", marker=marker, markersize=5.0, color=BLACK,
            markerfacecolor="white" if word == "starts" else BLACK, zorder=5,
            label=f"{word} at {found.name} = {number(float(found.numbers[row]), 3)}",
        )  # fmt: skip


def _crossings(ax: Axes, found: Loci) -> None:
    crossings = found.crossings
    if not crossings:
        return
    numbers: list[float] = []
    for one in crossings:  # a conjugate pair crosses at one number
        if not any(np.isclose(one.number, other, rtol=1e-6) for other in numbers):
            numbers.append(one.number)
    text = ", ".join(number(x, 4) for x in numbers[:_MOST_CROSSINGS])
    more = len(numbers) - _MOST_CROSSINGS
    ax.plot(
        [one.value.real for one in crossings], [one.value.imag for one in crossings],
        linestyle="none", marker="D", markersize=5.5, markerfacecolor=UNSTABLE,
        markeredgecolor="white", markeredgewidth=0.7, zorder=6,
        label=f"crosses at {found.name} = {text}{f' and {more} more' if more > 0 else ''}",
    )  # fmt: skip


def _middles(numbers: np.ndarray) -> np.ndarray:
    if is_geometric(numbers):
        return np.sqrt(numbers[:-1] * numbers[1:])
    return (numbers[:-1] + numbers[1:]) / 2
