"""Equilibria, their type and stability told by the shape of the marker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from matplotlib.transforms import Bbox, TransformedBbox

from ..phase.portrait import Spot
from ..reports.overview import kind as kind_of
from . import layers
from .style import BLACK, GREY

STABLE_WORDS = ("exponentially stable", "asymptotically stable")
EDGE = 0.04  # of the picture: how far beyond its edge markers are seen
_RING = [Path.circle(radius=1.0), Path.circle(radius=0.72), Path.circle(radius=0.38)]
# The middle circle runs the other way round, so that it is a hole.
RING_WITH_DOT = Path.make_compound_path(
    _RING[0], Path(np.asarray(_RING[1].vertices)[::-1], _RING[1].codes), _RING[2]
)


def equilibria(ax: Axes, spots: Sequence[Spot], *, of: str = "") -> Axes:
    """Equilibria above everything else, with one entry per kind for a legend.

    A disc is stable, a circle unstable, a half disc a saddle, a ring with a dot neutral, a grey diamond
    undecided. A square stands on a curve (or surface) of equilibria, filled if that attracts.

    `spots`, those of a `Portrait`, are drawn on `ax`; `of`: what they are equilibria of, for the legend
    ("flow", "map").
    """
    kinds: dict[str, list[Spot]] = {}
    for spot in spots:
        kinds.setdefault(kind(spot, of), []).append(spot)
    for label, own in kinds.items():
        (markers,) = ax.plot(
            [spot.position[0] for spot in own],
            [spot.position[1] for spot in own],
            linestyle="none",
            markeredgecolor=BLACK,
            markeredgewidth=1.0,
            zorder=layers.EQUILIBRIA,
            label=layers.label_once(ax, label),
            **_marker(own[0]),
        )
        # A disc that is cut in two at the edge would look like another kind.
        markers.set_clip_box(
            TransformedBbox(Bbox([[-EDGE, -EDGE], [1 + EDGE, 1 + EDGE]]), ax.transAxes)
        )
    return ax


def beside(ax: Axes, spots: Sequence[Spot], total: int) -> Axes:
    """Equilibria that lie outside the plane of the picture, where they are projected to: pale crosses.

    `spots`: those of a `Portrait`; `total`: how many there are in all, for the legend.
    """
    if spots:
        ax.plot(
            *np.array([spot.position for spot in spots]).T,
            linestyle="none", marker="x", markersize=5.5, markeredgewidth=1.3, color=GREY,
            zorder=layers.EQUILIBRIA - 0.2,
            label=f"{len(spots)} of {total} equilibria: outside this plane, projected",
        )  # fmt: skip
    return ax


def kind(spot: Spot, of: str = "") -> str:
    """What a legend calls an equilibrium: its type, whose, and its stability where the type does not tell."""
    name, comma, word = kind_of(spot.type, spot.stability, len(spot.point)).partition(", ")
    if of:
        name, with_, rest = name.partition(" with ")
        name += f" of the {of}{with_}{rest}"
    return f"{name}{comma}{word}"


def _marker(spot: Spot) -> dict[str, Any]:
    stable = spot.stability in STABLE_WORDS
    if "of equilibria" in spot.type:
        return {
            "marker": "s",
            "markersize": 5.5,
            "markerfacecolor": BLACK if stable or spot.type.startswith("attracting") else "white",
        }
    if spot.type.startswith("saddle"):
        return {
            "marker": "o",
            "markersize": 6.5,
            "fillstyle": "left",
            "markerfacecolor": BLACK,
            "markerfacecoloralt": "white",
        }
    if spot.stability == "neutral":
        return {"marker": RING_WITH_DOT, "markersize": 7.5, "markerfacecolor": BLACK}
    if stable or spot.stability == "unstable":
        return {
            "marker": "o",
            "markersize": 6.0,
            "markerfacecolor": BLACK if stable else "white",
        }
    return {"marker": "D", "markersize": 5.5, "markerfacecolor": GREY}
