"""Eigenvalues against the imaginary axis, multipliers against the unit circle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from ..documents.numbers import number
from ..documents.numbers import radius as radius_text
from .complex_plane import draw_axes, draw_discs, draw_multiplicities, draw_series, fit
from .figure_height import make_room
from .legend import legend_below
from .looks import MARKERS, Look, looks
from .series import Series, eigenvalue_series, multiplier_series
from .style import BLACK, FLOWS, GREY, STABLE, own_axes, styled

TINT = 0.13  # how strongly the stable part of the plane is shaded
_NEAR_CIRCLE = 0.05
_NEAR_ONE = 0.5
_CLOSE = 0.2
INSET = (0.36, 0.34, 0.3, 0.4)  # in the disc, for multipliers near one
SMALL = 3.0  # beyond it the disc has no room for a word
_ROUNDING = 1e-12


def eigenvalues(values: Any, ax: Axes | None = None) -> Axes:
    """Eigenvalues of flows in the complex plane, the stable half-plane shaded.

    `values`: complex numbers, a `Spectrum`, a `FlowAnalysis`, the analysis of an equilibrium, a `Report`, or
    a mapping from labels to such. Every set has a marker of its own; its legend entry has the spectral
    abscissa. Multiple eigenvalues of an equilibrium are marked ×2, ×3, …; error bounds that are large enough
    to be seen are drawn as discs. Sizes that differ by more than a thousand put both axes on a symmetric
    logarithmic scale.

    `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError if there are no eigenvalues or they are not finite.
    """
    series = eigenvalue_series(values)

    def plane(ax: Axes, everything: np.ndarray) -> None:
        fit(ax, everything)
        draw_half_plane(ax)

    labels = [f"max\u00a0Re\u00a0=\u00a0{_real(one.values)}" for one in series]
    own = [
        Look(FLOWS[i % len(FLOWS)], MARKERS[i % len(MARKERS)], "solid") for i in range(len(series))
    ]
    return _in_the_plane(ax, series, own, labels, plane, "λ")


def multipliers(values: Any, ax: Axes | None = None) -> Axes:
    """Multipliers of rules or maps in the complex plane, the stable unit disc shaded.

    `values`: complex numbers, a `RuleAnalysis` or `MapAnalysis`, the analysis of an equilibrium, a `Report`,
    or a mapping from labels to such. Every set has a marker of its own; its legend entry has the spectral
    radius. If all lie near 1, as for small steps, an inset enlarges that part.

    `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError if there are no multipliers or they are not finite.
    """
    series = multiplier_series(values)

    def plane(ax: Axes, everything: np.ndarray) -> None:
        draw_disc(ax, named=np.abs(everything).max() < SMALL)
        fit(ax, np.concatenate([everything, [1, -1, 1j, -1j]]))

    labels = [f"ρ\u00a0=\u00a0{radius_text(_radius(one.values))}" for one in series]
    named = looks(one.label for one in series)
    own = [named[one.label] for one in series]
    return _in_the_plane(ax, series, own, labels, plane, "μ", _enlarge)


def _in_the_plane(
    ax: Axes | None,
    series: Sequence[Series],
    looks: Sequence[Look],
    labels: Sequence[str],
    plane: Callable[[Axes, np.ndarray], None],
    letter: str,
    inset: Callable[[Axes, np.ndarray], Axes | None] | None = None,
) -> Axes:
    """The series over the plane that is drawn for all their values, with what else they need."""
    own, ax = ax is None, own_axes(ax)
    everything = np.concatenate([one.values for one in series])
    with styled():
        plane(ax, everything)
        draw_axes(ax)
        draw_discs(ax, series, looks)
        draw_series(ax, series, looks, labels)
        enlarged = None if inset is None else inset(ax, everything)
        if enlarged is None:
            draw_multiplicities(ax, series)
        else:
            draw_series(enlarged, series, looks, labels)
            draw_multiplicities(enlarged, series, INSET[2])
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
    """The unit circle and the stable disc inside, with the word in it if `named`, else in the legend."""
    ax.add_patch(
        Circle(
            (0, 0),
            1,
            facecolor=STABLE,
            alpha=TINT,
            edgecolor="none",
            zorder=0,
            label="_nolegend_" if named else "stable",
        )
    )
    ax.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=BLACK, linewidth=0.8, zorder=2))
    if named:
        ax.text(
            0.06, -0.8, "stable", ha="left", va="center", fontsize=7.0, color=STABLE, clip_on=True
        )


def _enlarge(ax: Axes, everything: np.ndarray) -> Axes | None:
    """If all lie near 1, or near the circle and not far from 1, an inset that shows them apart."""
    to_circle, to_one = np.abs(np.abs(everything) - 1).max(), np.abs(everything - 1).max()
    if to_one >= _CLOSE and (to_circle > _NEAR_CIRCLE or to_one >= _NEAR_ONE):
        return None
    upper = everything[np.imag(everything) >= 0]
    upper = upper if len(upper) else everything
    seen = np.concatenate([upper, upper / np.abs(upper)])
    centre = complex(
        (seen.real.min() + seen.real.max()) / 2, (seen.imag.min() + seen.imag.max()) / 2
    )
    half = 0.8 * max(np.ptp(seen.real), np.ptp(seen.imag), 2e-3)
    inset = ax.inset_axes(
        INSET,
        xlim=(centre.real - half, centre.real + half),
        ylim=(centre.imag - half, centre.imag + half),
    )
    draw_disc(inset, named=False)
    inset.set_aspect("equal")
    inset.tick_params(labelsize=5.5, length=2)
    inset.locator_params(nbins=2)
    for spine in inset.spines.values():
        spine.set(visible=True, color=GREY)
    ax.indicate_inset_zoom(inset, edgecolor=GREY)
    return inset


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
