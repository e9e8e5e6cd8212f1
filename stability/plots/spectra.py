"""Eigenvalues against the imaginary axis, multipliers against the unit circle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from ..documents.numbers import number
from ..documents.numbers import radius as radius_text
from .complex_plane import MARKERS, draw_axes, draw_discs, draw_series, fit
from .figure_height import make_room
from .legend import legend_below
from .series import Series, eigenvalue_series, multiplier_series
from .style import BLACK, CYCLE, GREY, STABLE, own_axes, styled

TINT = 0.13  # how strongly the stable part of the plane is shaded
_NEAR_CIRCLE = 0.05
_NEAR_ONE = 0.5
SMALL = 3.0  # beyond it the disc has no room for a word
_ROUNDING = 1e-12


def eigenvalues(values: Any, ax: Axes | None = None) -> Axes:
    """Eigenvalues of flows in the complex plane, the stable half-plane shaded.

    `values`: complex numbers, a `Spectrum`, a `FlowAnalysis`, the analysis of an equilibrium, a `Report`, or
    a mapping from labels to such. Every set has a marker of its own; its legend entry has the spectral
    abscissa. Multiple eigenvalues are marked ×2, ×3, …; error bounds that are large enough to be seen are
    drawn as discs. Sizes that differ by more than a thousand put both axes on a symmetric logarithmic scale.

    `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError if there are no eigenvalues or they are not finite.
    """
    series = eigenvalue_series(values)

    def plane(ax: Axes, everything: np.ndarray) -> None:
        fit(ax, everything)
        draw_half_plane(ax)

    labels = [f"max\u00a0Re\u00a0=\u00a0{_real(one.values)}" for one in series]
    return _in_the_plane(ax, series, labels, plane, "λ")


def multipliers(values: Any, ax: Axes | None = None) -> Axes:
    """Multipliers of rules or maps in the complex plane, the stable unit disc shaded.

    `values`: complex numbers, a `RuleAnalysis` or `MapAnalysis`, the analysis of an equilibrium, a `Report`,
    or a mapping from labels to such. Every set has a marker of its own; its legend entry has the spectral
    radius. If all lie near the circle and near 1, as for small steps, an inset enlarges that part.

    `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError if there are no multipliers or they are not finite.
    """
    series = multiplier_series(values)

    def plane(ax: Axes, everything: np.ndarray) -> None:
        draw_disc(ax, named=np.abs(everything).max() < SMALL)
        fit(ax, np.concatenate([everything, [1, -1, 1j, -1j]]))

    labels = [f"ρ\u00a0=\u00a0{radius_text(_radius(one.values))}" for one in series]
    return _in_the_plane(ax, series, labels, plane, "μ", _enlarge)


def _in_the_plane(
    ax: Axes | None,
    series: Sequence[Series],
    labels: Sequence[str],
    plane: Callable[[Axes, np.ndarray], None],
    letter: str,
    inset: Callable[[Axes, Sequence[Series], np.ndarray], None] | None = None,
) -> Axes:
    """The series over the plane that is drawn for all their values, with what else they need."""
    own, ax = ax is None, own_axes(ax)
    everything = np.concatenate([one.values for one in series])
    with styled():
        plane(ax, everything)
        draw_axes(ax)
        draw_discs(ax, series)
        draw_series(ax, series, labels)
        if inset is not None:
            inset(ax, series, everything)
        ax.set(xlabel=f"Re {letter}", ylabel=f"Im {letter}")
        legend_below(ax)
        if own:
            make_room(ax)
    return ax


def draw_half_plane(ax: Axes) -> None:
    """The stable half-plane, however far the picture may reach."""
    limits = ax.get_xlim()
    ax.axvspan(100 * limits[0], 0, facecolor=STABLE, edgecolor="none", alpha=TINT, zorder=0)
    ax.set_xlim(limits)
    ax.text(
        0.02, 0.98, "stable", transform=ax.transAxes, ha="left", va="top", fontsize=7.0, color=STABLE
    )  # fmt: skip


def draw_disc(ax: Axes, named: bool) -> None:
    """The unit circle and the stable disc inside, with the word in it if `named`."""
    ax.add_patch(Circle((0, 0), 1, facecolor=STABLE, alpha=TINT, edgecolor="none", zorder=0))
    ax.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=BLACK, linewidth=0.8, zorder=2))
    if named:
        ax.text(
            0.06, -0.8, "stable", ha="left", va="center", fontsize=7.0, color=STABLE, clip_on=True
        )


def _enlarge(ax: Axes, series: Sequence[Series], everything: np.ndarray) -> None:
    """If all lie near the circle and near 1, an inset with those above the real axis and the circle."""
    away = np.abs(np.abs(everything) - 1) > _NEAR_CIRCLE
    if away.any() or (np.abs(everything - 1) >= _NEAR_ONE).any():
        return
    upper = everything[np.imag(everything) >= 0]
    upper = upper if len(upper) else everything
    seen = np.concatenate([upper, upper / np.abs(upper)])
    centre = complex(
        (seen.real.min() + seen.real.max()) / 2, (seen.imag.min() + seen.imag.max()) / 2
    )
    half = 0.8 * max(np.ptp(seen.real), np.ptp(seen.imag), 2e-3)
    inset = ax.inset_axes(
        (0.36, 0.34, 0.3, 0.4),
        xlim=(centre.real - half, centre.real + half),
        ylim=(centre.imag - half, centre.imag + half),
    )
    draw_disc(inset, named=False)
    for i, own in enumerate(series):
        inset.plot(
            np.real(own.values), np.imag(own.values), linestyle="none", marker=MARKERS[i % len(MARKERS)],
            markersize=4.5, color=CYCLE[i % len(CYCLE)], zorder=4,
        )  # fmt: skip
    inset.set_aspect("equal")
    inset.tick_params(labelsize=5.5, length=2)
    inset.locator_params(nbins=2)
    for spine in inset.spines.values():
        spine.set(visible=True, color=GREY)
    ax.indicate_inset_zoom(inset, edgecolor=GREY)


def _real(values: np.ndarray) -> str:
    """The spectral abscissa with three digits; zero if it is rounding."""
    abscissa = float(np.real(values).max())
    return number(
        0.0 if abs(abscissa) < _ROUNDING * np.abs(values).max(initial=0.0) else abscissa, 3
    )


def _radius(values: np.ndarray) -> float:
    """The spectral radius; one if it differs by rounding."""
    radius = float(np.abs(values).max())
    return 1.0 if abs(radius - 1.0) < _ROUNDING else radius
