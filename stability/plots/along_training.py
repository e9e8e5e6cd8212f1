"""Figures along a training run: spectra, gradients, curvature, rotation, coverage, the path angle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..documents.numbers import number
from ..errors import InputError
from .complex_plane import draw_axes
from .figure_height import make_room
from .legend import legend_below
from .looks import MARKERS
from .series import eigenvalue_series
from .spectra import draw_half_plane
from .style import BLUE, CYCLE, GREY, VERMILION, own_axes, styled

LATEST = 0.85  # of the colour map, whose end is too pale on white
MARGIN = 0.06  # of the picture, around the eigenvalues


def spectra_along(steps: Any, spectra: Sequence[Any], ax: Axes | None = None) -> Axes:
    """Eigenvalues in the complex plane at several steps of a training run, the stable half-plane shaded.

    `steps`: n numbers of steps, increasing; `spectra`: for each of them complex numbers, or a `Spectrum`.
    Every time has a colour, from dark to light, and a marker; its legend entry has the largest real part. The
    axes are linear and not of equal scale: set the limits of the Axes returned to look closer.

    `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError for different numbers of steps and spectra, and where there are no eigenvalues or they
    are not finite.
    """
    steps = _steps(steps, len(spectra), "spectra")
    values = [np.concatenate([own.values for own in eigenvalue_series(s)]) for s in spectra]
    made, ax = ax is None, own_axes(ax)
    with styled():
        colours = mpl.colormaps["viridis"](np.linspace(0, LATEST, len(steps)))
        _limits(ax, np.concatenate(values))
        draw_half_plane(ax)
        draw_axes(ax)
        for i, (step, own, colour) in enumerate(zip(steps, values, colours, strict=True)):
            ax.plot(
                np.real(own),
                np.imag(own),
                linestyle="none",
                marker=MARKERS[i % len(MARKERS)],
                markerfacecolor="none",
                markeredgecolor=colour,
                markeredgewidth=1.0,
                label=f"step {step:,} (max\u00a0Re\u00a0=\u00a0{number(float(np.real(own).max()), 3)})",
                zorder=3 + 0.01 * i,
            )
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.set(xlabel="Re λ", ylabel="Im λ")
        _finish(ax, made)
    return ax


def line_along(
    steps: Any,
    values: Mapping[str, Any] | Any,
    ax: Axes | None = None,
    *,
    ylabel: str = "",
    errors: Mapping[str, Any] | Any = None,
    logarithmic: bool = False,
    level: float | None = None,
) -> Axes:
    """Quantities against the number of steps, each with a colour and a marker of its own.

    `steps`: n numbers, increasing. `values`: n numbers, or a mapping from labels to such; NaN where one is
    missing. `errors`: shaped like `values`, half the lengths of error bars; infinite ones are left out.
    `level`: a value that matters, drawn as a thin line. Raises InputError for other numbers of values.

    `ylabel`: the label of the vertical axis, which is a logarithmic one with `logarithmic`.
    `ax`: where it is drawn; default: the Axes of a new figure.
    """
    several: Mapping[str, Any] = values if isinstance(values, Mapping) else {"": values}
    bars: Mapping[str, Any] = errors if isinstance(errors, Mapping) else {"": errors}
    made, ax = ax is None, own_axes(ax)
    with styled():
        if level is not None:
            ax.axhline(level, color=GREY, linewidth=0.6, zorder=1)
        for i, (label, own) in enumerate(several.items()):
            own = np.asarray(own, float)
            bar = bars.get(label)
            ax.errorbar(
                _steps(steps, len(own), "values"),
                own,
                yerr=None if bar is None else _finite(np.asarray(bar, float)),
                color=CYCLE[i % len(CYCLE)],
                marker=MARKERS[i % len(MARKERS)],
                markersize=3.0,
                linewidth=1.2,
                elinewidth=0.8,
                capsize=1.5,
                label=label or None,
            )
        if logarithmic:
            ax.set_yscale("log", nonpositive="mask")
        ax.set(xlabel="step", ylabel=ylabel)
        _finish(ax, made)
    return ax


def rightmost_along(steps: Any, values: Any, ax: Axes | None = None, errors: Any = None) -> Axes:
    """The largest real part of the eigenvalues against the number of steps; above the line it is unstable.

    `steps`, `values`, `ax`, `errors` and what is raised are as for `line_along`.
    """
    return line_along(steps, values, ax, ylabel="max Re λ", errors=errors, level=0.0)


def rotation_along(steps: Any, values: Any, ax: Axes | None = None) -> Axes:
    """|Im λ|/|Re λ| against the number of steps; above one, an eigenvalue turns faster than it decays.

    `steps`, `values`, `ax` and what is raised are as for `line_along`.
    """
    return line_along(steps, values, ax, ylabel="|Im λ| / |Re λ|", logarithmic=True, level=1.0)


def hessians_along(steps: Any, values: Any, ax: Axes | None = None, errors: Any = None) -> Axes:
    """The smallest eigenvalue of each player's own Hessian; below the line the point is no local Nash point.

    `steps`, `values`, `ax`, `errors` and what is raised are as for `line_along`.
    """
    label = "smallest eigenvalue of ∇²ᵢᵢLᵢ"
    return line_along(steps, values, ax, ylabel=label, errors=errors, level=0.0)


def gradient_norms_along(steps: Any, values: Any, ax: Axes | None = None) -> Axes:
    """The norm of each player's gradient against the number of steps, on a logarithmic axis.

    `steps`, `values`, `ax` and what is raised are as for `line_along`.
    """
    return line_along(steps, values, ax, ylabel="‖∇ᵢLᵢ‖", logarithmic=True)


def coverage_along(steps: Any, values: Any, modes: int, ax: Axes | None = None) -> Axes:
    """How many modes of the data, of so many, the generator's samples hit, against the number of steps.

    `modes`: how many there are. `steps`, `values`, `ax` and what is raised are as for `line_along`.
    """
    ax = line_along(steps, values, ax, ylabel="modes covered", level=float(modes))
    ax.set_ylim(-0.04 * modes, 1.04 * modes)
    return ax


def path_angle(alphas: Any, cosines: Any, norms: Any = None, ax: Axes | None = None) -> Axes:
    """The path angle of Berard et al. (2020) along a line from α = 0, a start, to α = 1, an end.

    `alphas`, `cosines`: as `stability.path_angle` returns them, shape (n,); `norms`: ‖v‖ at the same points,
    drawn on a logarithmic axis of its own at the right. Where the end attracts, the cosine goes from plus to
    minus there; rotation around it shows as a bump. Raises InputError for different numbers of them.

    `ax`: where it is drawn; default: the Axes of a new figure.
    """
    alphas, cosines = np.asarray(alphas, float), np.asarray(cosines, float)
    given = (
        {"cosines": cosines} if norms is None else {"cosines": cosines, "norms": np.asarray(norms)}
    )
    for what, own in given.items():
        if alphas.ndim != 1 or own.shape != alphas.shape:
            raise InputError(f"there are {alphas.size} values of α and {own.size} {what}")
    made, ax = ax is None, own_axes(ax)
    with styled():
        ax.axhline(0, color=GREY, linewidth=0.6, zorder=1)
        for alpha in (0, 1):
            ax.axvline(alpha, color=GREY, linewidth=0.6, linestyle=":", zorder=1)
        ax.plot(alphas, cosines, color=BLUE, label="path angle")
        ax.set(xlabel="α (0: start, 1: end)", ylabel="cosine of the path angle")
        height = min(1.05, 1.2 * max(np.abs(cosines[np.isfinite(cosines)]).max(initial=0.0), 0.1))
        ax.set_ylim(-height, height)
        if norms is not None:
            right = ax.twinx()
            right.plot(alphas, norms, color=VERMILION, linestyle="--")
            right.set_yscale("log", nonpositive="mask")
            right.set_ylabel("‖v‖")
            right.spines["right"].set_visible(True)
            ax.plot([], [], color=VERMILION, linestyle="--", label="‖v‖, right")
        _finish(ax, made)
    return ax


def _steps(steps: Any, count: int, what: str) -> np.ndarray:
    steps = np.asarray(steps)
    if steps.shape != (count,) or count == 0:
        raise InputError(f"there are {steps.size} steps and {count} {what}; give one for each step")
    return steps


def _finite(errors: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(errors), errors, np.nan)


def _limits(ax: Axes, values: np.ndarray) -> None:
    """Limits around the values and zero, the real axis in the middle."""
    real, height = np.real(values), np.abs(np.imag(values)).max(initial=0.0)
    left, right = real.min(initial=0.0), real.max(initial=0.0)
    width = (right - left) or 1.0
    ax.set_xlim(left - MARGIN * width, right + MARGIN * width)
    height = (height or 0.5 * width) * (1 + 2 * MARGIN)
    ax.set_ylim(-height, height)


def _finish(ax: Axes, made: bool) -> None:
    legend_below(ax)
    if made:
        make_room(ax)
