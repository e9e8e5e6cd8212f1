"""Eigenvalues against the imaginary axis, multipliers against the unit circle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from ..report.numbers import number
from ..report.numbers import radius as radius_text
from .complex_plane import MARKERS, draw_axes, draw_discs, draw_series, fit
from .series import Series, eigenvalue_series, multiplier_series
from .style import BLACK, CYCLE, GREY, STABLE, own_axes, styled

TINT = 0.13  # how strongly the stable part of the plane is shaded
_NEAR_CIRCLE = 0.05
_NEAR_ONE = 0.5


def eigenvalues(values: Any, ax: Axes | None = None) -> Axes:
    """Eigenvalues of flows in the complex plane, the stable half-plane shaded.

    `values`: complex numbers, a `Spectrum`, a `FlowAnalysis`, the analysis of an equilibrium, a `Report`, or
    a mapping from labels to such. Every set has a marker of its own; its legend entry has the spectral
    abscissa. Multiple eigenvalues are marked ×2, ×3, …; error bounds that are large enough to be seen are
    drawn as discs. Sizes that differ by more than a thousand put both axes on a symmetric logarithmic scale.

    Raises InputError if there are no eigenvalues or they are not finite.
    """
    series = eigenvalue_series(values)
    ax = own_axes(ax)
    with styled():
        everything = np.concatenate([own.values for own in series])
        fit(ax, everything)
        left, right = ax.get_xlim()
        ax.axvspan(left, 0, color=STABLE, alpha=TINT, linewidth=0, zorder=0)
        ax.set_xlim(left, right)
        _corner(ax, "stable")
        draw_axes(ax)
        draw_discs(ax, series)
        draw_series(ax, series, [f"max Re = {_real(own.values)}" for own in series])
        _legend(ax, series)
        ax.set(xlabel="Re λ", ylabel="Im λ")
    return ax


def multipliers(values: Any, ax: Axes | None = None) -> Axes:
    """Multipliers of rules or maps in the complex plane, the stable unit disc shaded.

    `values`: complex numbers, a `RuleAnalysis` or `MapAnalysis`, the analysis of an equilibrium, a `Report`,
    or a mapping from labels to such. Every set has a marker of its own; its legend entry has the spectral
    radius. If all lie near the circle and near 1, as for small steps, an inset enlarges that part.

    Raises InputError if there are no multipliers or they are not finite.
    """
    series = multiplier_series(values)
    ax = own_axes(ax)
    with styled():
        everything = np.concatenate([own.values for own in series])
        draw_disc(ax)
        fit(ax, np.concatenate([everything, [1, -1, 1j, -1j]]))
        draw_axes(ax)
        draw_discs(ax, series)
        draw_series(ax, series, [f"ρ = {radius_text(_radius(own.values))}" for own in series])
        away = np.abs(np.abs(everything) - 1) > _NEAR_CIRCLE
        if not away.any() and (np.abs(everything - 1) < _NEAR_ONE).all():
            _enlarge(ax, series, everything)
        else:
            ax.text(0, -0.5, "stable", ha="center", fontsize=7.0, color=STABLE)
        _legend(ax, series)
        ax.set(xlabel="Re μ", ylabel="Im μ")
    return ax


def draw_disc(ax: Axes) -> None:
    """The unit circle and the stable disc inside."""
    ax.add_patch(Circle((0, 0), 1, facecolor=STABLE, alpha=TINT, edgecolor="none", zorder=0))
    ax.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=BLACK, linewidth=0.8, zorder=2))


def _enlarge(ax: Axes, series: Sequence[Series], everything: np.ndarray) -> None:
    """An inset with the multipliers above the real axis and the circle beside them."""
    upper = everything[everything.imag >= 0]
    seen = np.concatenate([upper, upper / np.abs(upper)])
    centre = complex(
        (seen.real.min() + seen.real.max()) / 2, (seen.imag.min() + seen.imag.max()) / 2
    )
    half = 0.8 * max(np.ptp(seen.real), np.ptp(seen.imag), 2e-3)
    inset = ax.inset_axes(
        (0.2, 0.3, 0.36, 0.4),
        xlim=(centre.real - half, centre.real + half),
        ylim=(centre.imag - half, centre.imag + half),
    )
    draw_disc(inset)
    for i, own in enumerate(series):
        inset.plot(
            own.values.real, own.values.imag, linestyle="none", marker=MARKERS[i % len(MARKERS)],
            markersize=4.5, color=CYCLE[i % len(CYCLE)], zorder=4,
        )  # fmt: skip
    inset.set_aspect("equal")
    inset.tick_params(labelsize=5.5, length=2)
    inset.locator_params(nbins=2)
    for spine in inset.spines.values():
        spine.set(visible=True, color=GREY)
    ax.indicate_inset_zoom(inset, edgecolor=GREY)


def _legend(ax: Axes, series: Sequence[Series]) -> None:
    """Below the picture, where it hides nothing."""
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=1, borderaxespad=0.0)


def _corner(ax: Axes, text: str) -> None:
    ax.text(
        0.02, 0.98, text, transform=ax.transAxes, ha="left", va="top", fontsize=7.0, color=STABLE
    )


def _real(values: np.ndarray) -> str:
    """The spectral abscissa with three digits; zero if it is rounding."""
    abscissa = float(values.real.max())
    return number(0.0 if abs(abscissa) < 1e-12 * np.abs(values).max(initial=0.0) else abscissa, 3)


def _radius(values: np.ndarray) -> float:
    return float(np.abs(values).max())
