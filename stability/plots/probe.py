"""What a probe found, and what changes along a training run, as figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..probes.series import ProbeSeries
from ..probes.value import ProbeReport
from . import along_training as along
from .spectra import eigenvalues, multipliers
from .style import COLUMN, figure, styled

SEEN = 6  # checkpoints whose eigenvalues are drawn in one plane, at most


def probe(report: ProbeReport, axes: Any = None) -> np.ndarray:
    """The eigenvalues of a probe and, where there are rules, their multipliers; returns the Axes, shape (n,).

    `axes`: one Axes, or two with rules; default: those of a new figure.

    `report`: as `stability.probe` returns it.
    """
    sets = {"rightmost": report.rightmost.values, "largest": report.largest.values}
    rules = {
        rule.rule: rule.multipliers.values for rule in report.rules if rule.multipliers is not None
    }
    with styled():
        if axes is None:
            axes = figure(columns=2 if rules else 1, width=1.2 * COLUMN)[1]
        axes = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        eigenvalues(sets, axes[0])
        axes[0].set_title("Eigenvalues of the game's Jacobian")
        if rules:
            multipliers(rules, axes[1])
            axes[1].set_title("Multipliers of the rule's step")
    return axes


def probe_series(series: ProbeSeries, axes: Any = None) -> np.ndarray:
    """Six panels of what changes along a training run; returns the Axes, shape (6,).

    Eigenvalues at several steps, the rightmost real part, rotation, the smallest eigenvalues of the own
    Hessians, gradient norms, and the path angle (the rules' spectral radii where there is none).

    `series`: of at least one checkpoint. `axes`: six Axes; default: those of a new figure.
    """
    reports, steps = series.reports, series.steps
    players = list(reports[0].network.players)
    with styled():
        if axes is None:
            axes = figure(columns=3, rows=2, width=1.15 * COLUMN, height=1.05 * COLUMN)[1]
        axes = np.asarray(axes, dtype=object).ravel()
        shown = np.unique(np.linspace(0, len(reports) - 1, min(SEEN, len(reports))).astype(int))
        along.spectra_along(
            [steps[i] for i in shown],
            [
                np.concatenate([reports[i].rightmost.values, reports[i].largest.values])
                for i in shown
            ],
            axes[0],
        )
        axes[0].set_title("Eigenvalues")
        along.rightmost_along(
            steps,
            [np.real(r.rightmost.values).max(initial=-np.inf) for r in reports],
            axes[1],
            errors=[_error(r) for r in reports],
        )
        axes[1].set_title("Rightmost eigenvalue")
        along.line_along(
            steps,
            {
                "antisymmetric share of J": [r.rotation.share for r in reports],
                "largest eigenvalues with |Im λ| > |Re λ|": [
                    r.rotation.turning / max(r.rotation.among, 1) for r in reports
                ],
            },
            axes[2],
            ylabel="share",
            level=0.0,
        )
        axes[2].set_title("Rotation")
        along.hessians_along(
            steps,
            {
                p: [r.own_hessians[p].smallest.values.min(initial=np.inf) for r in reports]
                for p in players
            },
            axes[3],
        )
        axes[3].set_title("Own Hessians")
        along.gradient_norms_along(
            steps, {p: [r.rest.gradient_norms[p] for r in reports] for p in players}, axes[4]
        )
        axes[4].set_title("Gradients")
        _last(series, axes[5])
    return axes


def _error(report: ProbeReport) -> float:
    """The error of the rightmost eigenvalue."""
    found = report.rightmost
    return (
        float(found.errors[int(np.argmax(np.real(found.values)))]) if len(found.values) else np.nan
    )


def _last(series: ProbeSeries, ax: Axes) -> None:
    if series.path is not None:
        along.path_angle(series.path.alphas, series.path.cosines, ax=ax)
        ax.set_title("Path angle")
        return
    radii: dict[str, list[float]] = {}
    for report in series.reports:
        for rule in report.rules:
            radius = np.nan if rule.spectral_radius is None else rule.spectral_radius
            radii.setdefault(rule.rule, []).append(radius)
    if radii:
        along.line_along(series.steps, radii, ax, ylabel="max |μ|", level=1.0)
        ax.set_title("Steps")
    else:
        ax.set_axis_off()
