"""The flow and the algorithm side by side: in phase space and over time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..phase.follow import Paths
from .along import apart, coordinates, distances, modified_flows
from .legend import legend_below
from .paths import path
from .portrait import portrait
from .style import COLUMN, styled


def trajectory(paths: Paths, axes: Any = None) -> np.ndarray:
    """Draws paths on their phase portrait and, beside it, over time; returns the Axes used, shape (n,).

    The panels are the phase portrait with the modified flow, the distance from the nearest equilibrium (the
    variables where there is none), and, where there are steps, how far they are from the flow.

    `axes`: as many Axes as there are panels, two or three; default: those of a new figure.

    `paths`: as `stability.follow` returns them.
    """
    with styled():
        if axes is None:
            axes = _panels(bool(paths.comparisons))
        axes = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        phase(paths, axes[0])
        (distances if paths.scene.places else coordinates)(paths, axes[1])
        axes[1].set_title("How far from rest" if paths.scene.places else "Over time")
        legend_below(axes[1])
        if paths.comparisons:
            apart(paths, axes[2])
            axes[2].set_title("How far from the flow")
            legend_below(axes[2])
    return axes


def _panels(compared: bool) -> list[Axes]:
    """The phase portrait on the left, the others on the right, one below the other."""
    made = Figure(figsize=(2.5 * COLUMN, 1.55 * COLUMN), layout="constrained")
    rows = ["ab", "ac"] if compared else ["ab"]
    named = made.subplot_mosaic("\n".join(rows), width_ratios=[1.25, 1.0])
    return [named[key] for key in sorted(named)]


def phase(paths: Paths, ax: Axes | None = None) -> Axes:
    """The phase portrait with the paths of the flow, the steps and the modified flow."""
    # The paths are what it is about.
    found = replace(paths.portrait, nullclines=(), separatrices=())
    ax = portrait(found, ax, legend=False)
    if found.plane is not None:
        for own, label, color in modified_flows(paths):
            path(ax, own, found.plane, color=color, line=":", label=label)
    return legend_below(ax)
