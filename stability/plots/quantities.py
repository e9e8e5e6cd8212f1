"""Quantities of a sweep over one number as curves."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..documents.settings import with_settings
from ..errors import InputError
from ..sweeps.value import Sweep
from .grids import is_geometric, plain_ticks
from .legend import legend_below
from .looks import looks
from .style import COLUMN, CYCLE, FLOW, GREY, STABLE, STEPS, UNSTABLE, styled

DASHES = ("-", "--", "-.", ":")
FEW = 40  # points that are dots too
DECADES = 1.5  # values that span more are on a logarithmic axis
BOUNDS = {  # quantity ↦ below what it is stable
    "spectral_abscissa": 0.0, "spectral_radius": 1.0, "best_spectral_radius": 1.0,
    "eigenvalues": 0.0, "multipliers": 1.0,
}  # fmt: skip
NAMES = {
    "spectral_abscissa": "spectral abscissa max Re λ",
    "spectral_radius": "spectral radius ρ",
    "stable": "the flow is",
    "stable_rule": "the step is",
    "critical_lr": "critical step size",
    "best_lr": "best step size",
    "best_spectral_radius": "ρ at the best step size",
    "steps_per_digit": "steps per digit",
    "eigenvalues": "Re λ",
    "multipliers": "|μ|",
    "point": "equilibrium",
    "losses": "loss",
}
OF_FLOW = ("spectral_abscissa", "stable", "eigenvalues")
_ROOM = 0.1  # above and below the words of stability


def quantities(sweep: Sweep, axes: Any = None) -> np.ndarray:
    """Every quantity of a sweep over one number against that number, a panel for each; returns their Axes.

    There are gaps where a quantity does not exist, and arrows at the upper edge where it is infinite. The
    unstable side of a bound (ρ = 1, Re λ = 0) is shaded; `stable` and `stable_rule` are words; of eigenvalues
    the real parts, of multipliers the moduli are drawn. Numbers of equal ratio are on a logarithmic axis.

    `sweep`: as `stability.sweep` returns it. `axes`: as many Axes as there are quantities; default: those of
    a new figure.

    Raises InputError for a sweep over two numbers.
    """
    if len(sweep.axes) != 1:
        raise InputError("curves of quantities need a sweep over one axis; over two there are maps")
    with styled():
        if axes is None:
            count = len(sweep.quantities)
            made = Figure(figsize=(1.5 * COLUMN, 0.4 + 2.2 * count), layout="constrained")
            axes = made.subplots(count, 1, squeeze=False)
        axes = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        for ax, name in zip(axes, sweep.quantities, strict=True):
            _panel(ax, sweep, name)
        for ax in axes[:-1]:
            ax.set_xlabel("")
        axes[0].set_title(_title(sweep), parse_math=False)
    return axes


def _title(sweep: Sweep) -> str:
    of_rule = any(
        name not in (*OF_FLOW, "point", "residual", "losses") for name in sweep.quantities
    )
    parts = [sweep.rule] if of_rule and sweep.rule is not None else []
    parts += [sweep.field] if sweep.field is not None else []
    shown = [
        with_settings(
            own["name"], {k: v for k, v in own["settings"].items() if k not in sweep.axes}
        )
        for own in parts
        if own["name"] not in ("gradient", "given")
    ]
    return ": ".join([str(sweep.system["name"]), *[" on ".join(shown)] * bool(shown)])


def _panel(ax: Axes, sweep: Sweep, name: str) -> None:
    ((number, x),) = sweep.axes.items()
    if len(x) > 1:
        ax.set_xlim(x.min(), x.max())
    if is_geometric(x):
        ax.set_xscale("log")
        plain_ticks(ax.xaxis)
    ylabel = NAMES.get(name, name.replace("_", " "))
    if sweep.system["kind"] == "map":
        ylabel = ylabel.replace("the step is", "the map is")
    ax.set(xlabel=number, ylabel=ylabel)
    order = np.argsort(x, kind="stable")
    values = sweep.quantities[name][order].reshape(len(x), -1)
    if name in ("stable", "stable_rule"):
        _words(ax, x[order], values[:, 0], bool(sweep.warnings))
        return
    if np.iscomplexobj(values):
        values = np.real(values) if name == "eigenvalues" else np.abs(values)
    if not np.isfinite(values).any() and not np.isinf(values).any():
        ax.text(0.5, 0.5, "does not exist here", transform=ax.transAxes, ha="center", color=GREY)
        ax.set_yticks([])
        return
    labels = sweep.labels[name]
    for i, label in enumerate(labels):
        alone = len(labels) == 1
        color = _color(sweep, name) if alone or label.isdigit() else CYCLE[i % len(CYCLE)]
        line = "-" if alone or label.isdigit() else DASHES[i % len(DASHES)]
        _curve(ax, x[order], values[:, i], color, line, label)
    _scale(ax, name, values)
    if any(label and not label.isdigit() for label in labels) or np.isinf(values).any():
        legend_below(ax)


def _color(sweep: Sweep, name: str) -> str:
    """That of the rule, the map or the flow."""
    if sweep.system["kind"] == "map":
        return STEPS
    if sweep.rule is None or name in OF_FLOW:
        return FLOW
    rule = str(sweep.rule["name"])
    return looks([rule])[rule].color


def _curve(ax: Axes, x: np.ndarray, y: np.ndarray, color: str, line: str, label: str) -> None:
    there = np.isfinite(y)
    near = (
        np.convolve(there, [1, 0, 1], mode="same") > 0
    )  # else a line through one point is nothing
    ax.plot(
        x, np.where(there, y, np.nan), color=color, linestyle=line, zorder=3,
        label=label if label and not label.isdigit() else "_nolegend_",
    )  # fmt: skip
    dots = there if len(x) <= FEW else there & ~near
    ax.plot(x[dots], y[dots], ".", color=color, zorder=3, label="_nolegend_", clip_on=False)
    endless = np.isposinf(y)
    if endless.any():
        ax.plot(
            x[endless], np.full(endless.sum(), 0.97), "^", color=color, markersize=4.0, zorder=3,
            transform=ax.get_xaxis_transform(), clip_on=False,
            label="_nolegend_" if "no limit" in ax.get_legend_handles_labels()[1] else "no limit",
        )  # fmt: skip


def _scale(ax: Axes, name: str, values: np.ndarray) -> None:
    """Limits, the scale, and the bound between stable and unstable where there is one."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        ax.set_yticks([])
        return
    bound = BOUNDS.get(name)
    if bound is None:
        if finite.min() > 0 and np.log10(finite.max() / finite.min()) > DECADES:
            ax.set_yscale("log")
            plain_ticks(ax.yaxis)
        return
    low, high = min(finite.min(), bound), max(finite.max(), bound)
    room = 0.08 * (high - low) or 0.1
    ax.set_ylim(low - room, high + room)
    ax.axhspan(bound, high + room, facecolor=UNSTABLE, edgecolor="none", alpha=0.08, zorder=0)
    ax.axhline(bound, color=GREY, linewidth=0.8, zorder=1)
    if (finite > bound).any():
        ax.text(
            0.01, 0.98, "unstable", transform=ax.transAxes, ha="left", va="top", fontsize=7.0,
            color=UNSTABLE, zorder=4,
        )  # fmt: skip


def _words(ax: Axes, x: np.ndarray, stable: np.ndarray, gaps: bool) -> None:
    """Stable, unstable or undecided at every number: a dot at the word, runs of one word joined."""
    open_ = "undecided,\nor no number" if gaps else "undecided"
    words = {1.0: ("stable", STABLE), 0.5: (open_, GREY), 0.0: ("unstable", UNSTABLE)}
    levels = np.where(np.isnan(stable), 0.5, stable)
    for level, (_, color) in words.items():
        y = np.where(levels == level, level, np.nan)
        ax.plot(x, y, color=color, linewidth=5.0, solid_capstyle="butt", alpha=0.5, zorder=3)
        dots = len(x) <= FEW or not np.isfinite(y[1:] + y[:-1]).any()
        ax.plot(x, y if dots else y * np.nan, ".", color=color, zorder=4, clip_on=False)
    shown = [level for level in words if level != 0.5 or (levels == level).any()]
    ax.set_yticks(shown, [words[level][0] for level in shown])
    ax.set_ylim(-2 * _ROOM, 1 + 2 * _ROOM)
