"""Stability regions of rules in the plane of z = hλ, with a game's eigenvalues on their rays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ..comparisons.rule_plane import RulePlane, eigenvalue_step_sizes, rule_plane
from ..documents.numbers import number
from ..errors import InputError
from ..rules import Rule
from .complex_plane import SHAPE, draw_axes
from .figure_height import make_room
from .legend import legend_below
from .looks import looks
from .series import eigenvalue_series, spaced
from .style import BLACK, BLUE, GREY, STABLE, own_axes, styled

_LEVELS = ((0.25, 0.75), (0.5, 0.5), (0.75, 0.3), (1.0, 0.15))  # of the radius, and shades
_STEEP = 0.12  # of the width: rays so near the imaginary axis are labelled at the right
_CLOSE = 0.07  # of the farthest mark: nearer marks share a label


def stability_region(
    rule: type[Rule] | Rule,
    eigenvalues: Any = None,
    steps: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Where in the plane of z = hλ a rule is stable, shaded, with light level lines of the spectral radius.

    `eigenvalues` of a flow (as for `stability.plots.eigenvalues`) are drawn as rays hλ with a mark at each
    of the `steps` h, by default the best and the critical one.

    `rule`: a class or one of its objects. `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError for a rule whose multipliers are no functions of one eigenvalue (alternating steps,
    steps that differ by player), and for steps without eigenvalues.
    """
    rule = rule() if isinstance(rule, type) else rule
    if eigenvalues is None and steps is not None:
        raise InputError("steps are marked on the rays of eigenvalues; give these too")
    values = np.zeros(0, complex)
    if eigenvalues is not None:
        values = np.unique(np.concatenate([own.values for own in eigenvalue_series(eigenvalues)]))
    marks = _marks(rule, values, steps)
    plane = rule_plane(rule, np.multiply.outer([h for h, _ in marks], values), shape=SHAPE)
    own, ax = ax is None, own_axes(ax)
    with styled():
        _draw_region(ax, plane)
        _draw_rays(ax, plane, values, marks)
        _frame(ax, plane)
        ax.set_title(spaced(plane.rule))
        legend_below(ax)
        if own:
            make_room(ax)
    return ax


def stability_regions(
    rules: Sequence[type[Rule] | Rule], eigenvalues: Any = None, ax: Axes | None = None
) -> Axes:
    """The boundaries of several rules' stability regions in one plane of z = hλ, stable sides shaded.

    `eigenvalues` of a flow are drawn as rays along which hλ moves as the step size h grows.

    `rules`: classes or objects of them. `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError as `stability_region` does.
    """
    if not rules:
        raise InputError("there are no rules to draw regions of")
    values = np.zeros(0, complex)
    if eigenvalues is not None:
        values = np.unique(np.concatenate([own.values for own in eigenvalue_series(eigenvalues)]))
    single = [rule_plane(rule) for rule in rules]
    extent = (
        min(own.real[0] for own in single), max(own.real[-1] for own in single),
        min(own.imaginary[0] for own in single), max(own.imaginary[-1] for own in single),
    )  # fmt: skip
    planes = [rule_plane(rule, extent=extent, shape=SHAPE) for rule in rules]
    own, ax = ax is None, own_axes(ax)
    with styled():
        handles = []
        look = looks(plane.rule for plane in planes)
        for plane in planes:
            colour, dashes = look[plane.rule].color, look[plane.rule].line
            inside = np.minimum(plane.radius, 2.0)
            ax.contourf(
                plane.real, plane.imaginary, inside, [0.0, 1.0], colors=[colour], alpha=0.08, zorder=0
            )  # fmt: skip
            ax.contour(
                plane.real, plane.imaginary, inside, [1.0], colors=[colour], linestyles=[dashes],
                linewidths=1.4, zorder=3,
            )  # fmt: skip
            handles.append(Line2D([], [], color=colour, linestyle=dashes, label=spaced(plane.rule)))
        reach = 2 * max(map(abs, extent))
        for value in values[values != 0]:
            end = reach * value / abs(value)
            ax.plot([0, end.real], [0, end.imag], color=GREY, linewidth=1.0, zorder=2)
        if len(values):
            handles.append(Line2D([], [], color=GREY, linewidth=1.0, label="hλ of the flow, h > 0"))
        _frame(ax, planes[0])
        for handle in handles:
            ax.add_line(handle)  # empty; carries the label
        legend_below(ax)
        if own:
            make_room(ax)
    return ax


def _marks(
    rule: Rule, values: np.ndarray, steps: Sequence[float] | None
) -> list[tuple[float, str]]:
    """(h, label) of the steps to mark."""
    if steps is not None:
        if not all(h > 0 for h in steps):
            raise InputError("step sizes are positive numbers")
        return [(float(h), f"h = {number(h, 3)}") for h in sorted(steps)]
    if not values.any():
        return []
    sizes = eigenvalue_step_sizes(rule, values)
    best, critical = sizes.best, sizes.critical
    if best and critical and abs(best - critical) <= _CLOSE * max(best, critical):
        return [(critical, f"h = {number(critical, 3)}, critical (best {number(best, 3)})")]
    marks = [
        (h, f"h = {number(h, 3)}, {word}")
        for h, word in ((best, "best"), (critical, "critical"))
        if h
    ]
    if not marks:
        h = float(f"{0.5 / np.abs(values).max():.1g}")
        marks.append((h, f"h = {number(h, 3)}"))
    return sorted(marks)


def _draw_region(ax: Axes, plane: RulePlane) -> None:
    """The region in steps of the radius, the darker the faster, and its boundary."""
    x, y, radius = plane.real, plane.imaginary, np.minimum(plane.radius, 2.0)
    low = 0.0
    for level, strength in _LEVELS:
        shade = (*to_rgb(STABLE), strength)
        if ((radius > low) & (radius < level)).any():
            ax.contourf(x, y, radius, [low, level], colors=[shade], zorder=0)
            ax.add_patch(
                Rectangle((0, 0), 0, 0, facecolor=shade, edgecolor="none", label=f"ρ < {level:g}")
            )
        low = level
    if radius.min() < 1 < radius.max():
        ax.contour(x, y, radius, [1.0], colors=[BLACK], linewidths=1.2, zorder=3)


def _draw_rays(
    ax: Axes, plane: RulePlane, values: np.ndarray, marks: Sequence[tuple[float, str]]
) -> None:
    """Each eigenvalue's ray to the farthest mark; labels on the uppermost ray only, shapes by stability."""
    if not marks:
        return
    longest = max(h for h, _ in marks)
    named = max(values, key=lambda value: (round(abs(value), 9), value.imag))
    for value in values:
        z = longest * value
        ax.plot([0, z.real], [0, z.imag], color=BLUE, linewidth=0.8, zorder=4)
    for h, label in marks:
        z = h * values
        ax.plot(z.real, z.imag, "o", color=BLUE, markersize=4.5, markeredgecolor="white",
                markeredgewidth=0.5, zorder=5)  # fmt: skip
        right = named.real * h >= -_STEEP * (plane.real[-1] - plane.real[0])
        ax.annotate(
            label, (named.real * h, named.imag * h), xytext=(7 if right else -7, 0),
            textcoords="offset points", ha="left" if right else "right", va="center",
            fontsize=7.0, zorder=6,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
        )  # fmt: skip


def _frame(ax: Axes, plane: RulePlane) -> None:
    draw_axes(ax)
    ax.set_xlim(plane.real[0], plane.real[-1])
    ax.set_ylim(plane.imaginary[0], plane.imaginary[-1])
    ax.set_aspect("equal", anchor="N")
    ax.set(xlabel="Re hλ", ylabel="Im hλ")
