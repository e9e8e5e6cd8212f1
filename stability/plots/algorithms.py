"""A comparison as a picture: each algorithm's stable and best step sizes, and how fast it is at best."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..comparisons.value import Comparison, Row
from ..documents.numbers import MISSING, number
from ..documents.numbers import radius as radius_text
from ..errors import InputError
from .figure_height import make_room
from .looks import looks
from .series import spaced
from .style import BLACK, GREY, STABLE, VERMILION, own_axes, styled

_APART = 30.0  # step sizes that differ by more go on a logarithmic axis
_ROW = 0.17  # inches
_NAME = 24  # characters


def comparison(compared: Comparison, ax: Axes | None = None) -> Axes:
    """A line for each algorithm: a bar over its stable step sizes, a dot at the best, the rate there as text.

    The fastest are at the top, as in the comparison. An arrow at the end of a bar means that no larger step
    is unstable; a cross, that no step size is stable. With step sizes by player the bar is over the common
    factor on them.

    `compared`: as `stability.compare` returns it. `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError if there is nothing to compare.
    """
    rows = [row for row in compared.rows if row.stable_lr is not None]
    if not rows:
        raise InputError("no algorithm of the comparison has a step size")
    own, ax = ax is None, own_axes(ax)
    with styled():
        low, high = _axis(ax, rows)
        rules = [re.split(r"\W+on\W+|[:,]", row.name)[0] for row in rows]
        look = looks(rules)
        for place, (row, rule) in enumerate(zip(rows, rules, strict=True)):
            _line(ax, row, look[rule].color, place, low, high)
        ax.set_ylim(len(rows) - 0.4, -1.4)
        ax.set_yticks(range(len(rows)), [_wrapped(row.name) for row in rows])
        ax.tick_params(axis="y", length=0, labelsize=6.0)
        ax.spines["left"].set_visible(False)
        ax.text(1.06, -0.9, "ρ at best", transform=ax.get_yaxis_transform(), fontsize=6.5,
                color=GREY, va="center")  # fmt: skip
        ax.set_xlabel("step size (bar: stable, dot: best)")
        if own:
            make_room(ax, 0.75 + 1.35 * _ROW * len(rows))
    return ax


def _axis(ax: Axes, rows: list[Row]) -> tuple[float, float]:
    """Where the axis of step sizes begins and ends: at zero, or logarithmic."""
    ends = [x for row in rows for ends in row.stable_lr or () for x in ends if x]
    ends += [best for row in rows if (best := _factor(row)) is not None]
    if not ends:
        ends = [1.0]
    low, high = 0.0, 1.15 * max(ends)
    if max(ends) > _APART * min(ends):
        low = 10.0 ** math.floor(math.log10(min(ends)) - 0.5)
        high = 2.0 * max(ends)
        ax.set_xscale("log")
    ax.set_xlim(low, high)
    return low, high


def _line(ax: Axes, row: Row, color: str, place: int, low: float, high: float) -> None:
    for begin, end in row.stable_lr or ():
        left, right = max(begin, low), high if end is None else min(end, high)
        ax.plot(
            [left, right], [place, place], color=STABLE, alpha=0.35, linewidth=6.0,
            solid_capstyle="butt", zorder=2,
        )  # fmt: skip
        if end is None:
            ax.plot([high], [place], ">", color=STABLE, markersize=6.0, clip_on=False, zorder=3)
    if not row.stable_lr:
        ax.plot(
            [0.02], [place], "x", color=VERMILION, markersize=4.5, markeredgewidth=1.2,
            transform=ax.get_yaxis_transform(), zorder=3,
        )  # fmt: skip
        ax.text(0.05, place, "no stable step", transform=ax.get_yaxis_transform(), fontsize=6.5,
                color=VERMILION, va="center")  # fmt: skip
    best = _factor(row)
    if best is not None:
        ax.plot([best], [place], "o", color=color, markersize=5.5, markeredgecolor=BLACK,
                markeredgewidth=0.6, zorder=4)  # fmt: skip
    rate = row.best_spectral_radius
    text = MISSING if rate is None else number(rate, 3) if rate < 0.999 else radius_text(rate)
    ax.text(1.06, place, text, transform=ax.get_yaxis_transform(), fontsize=6.5, va="center")


def _wrapped(name: str) -> str:
    """A long name on two lines."""
    return "\n".join(textwrap.wrap(spaced(name), _NAME, break_long_words=False))


def _factor(row: Row) -> float | None:
    """The best step size, or the factor on step sizes that differ by player."""
    best: Any = row.best_lr
    if isinstance(best, Mapping):
        given = row.settings["lr"]
        return float(np.mean([best[player] / given[player] for player in best]))
    return best
