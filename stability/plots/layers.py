"""What every layer of a portrait shares: who lies above whom, labels that appear once, curves cut to size."""

from __future__ import annotations

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyArrowPatch

from ..documents.formulas import GREEK, greek

BASINS, FIELD, CURVES, MANIFOLDS, PATHS, STEPS, CYCLES, EQUILIBRIA = (
    0.5,
    1.0,
    2.0,
    2.2,
    3.0,
    3.2,
    3.4,
    4.0,
)

FAR = 20.0  # how many boxes away from the box a curve is cut off


def label_once(ax: Axes, label: str) -> str:
    """The label for a legend, or one that legends pass over if the Axes has it already."""
    return "_nolegend_" if label in ax.get_legend_handles_labels()[1] else label


def symbols(text: str) -> str:
    """Names of variables as a lecturer writes them: theta_1 becomes θ_1."""
    names = "|".join(sorted(GREEK, key=len, reverse=True))
    return re.sub(rf"(?<![A-Za-z])({names})(?![A-Za-z])", lambda match: greek(match[0]), text)


def pale(color: str, share: float = 0.3) -> tuple[float, float, float]:
    """A colour mixed with white, of which `share` is left."""
    red, green, blue = (1.0 - share * (1.0 - channel) for channel in to_rgb(color))
    return red, green, blue


def arrowhead(
    ax: Axes, tail: np.ndarray, head: np.ndarray, color: str, size: float, zorder: float
) -> None:
    """An arrowhead at `head`, shape (2,), that comes from `tail`; `size` in points."""
    arrow = FancyArrowPatch(
        (float(tail[0]), float(tail[1])),
        (float(head[0]), float(head[1])),
        arrowstyle="-|>",
        mutation_scale=size,
        color=color,
        linewidth=0.0,
        shrinkA=0.0,
        shrinkB=0.0,
        zorder=zorder,
    )
    ax.add_patch(arrow)


def cut_off(curve: np.ndarray, box: np.ndarray | None) -> np.ndarray:
    """The curve, shape (n, 2), without what lies far outside the box, shape (2, 2).

    A segment that leads far away is cut where it does and followed by a NaN, so that what is drawn of it is
    right and no coordinate is too large to draw.
    """
    if box is None or len(curve) == 0:
        return curve
    middle, half = box.mean(axis=1), 0.5 * (box[:, 1] - box[:, 0])
    with np.errstate(invalid="ignore", over="ignore"):
        near = (np.abs(curve - middle) <= FAR * half).all(axis=1)
    if near.all():
        return curve
    parts = []
    for i in np.flatnonzero(near):
        if i > 0 and not near[i - 1]:
            parts += [_cut(curve[i], curve[i - 1], middle, half)]
        parts += [curve[i]]
        if i + 1 < len(curve) and not near[i + 1]:
            parts += [_cut(curve[i], curve[i + 1], middle, half), np.full(2, np.nan)]
    return np.array(parts).reshape(-1, 2)


def _cut(
    inside: np.ndarray, outside: np.ndarray, middle: np.ndarray, half: np.ndarray
) -> np.ndarray:
    """Where the segment from a point near the box leaves the neighbourhood; `inside` if it ends nowhere."""
    if not np.isfinite(outside).all():
        return inside
    step = outside - inside
    room = np.where(step > 0, middle + FAR * half - inside, middle - FAR * half - inside)
    with np.errstate(all="ignore"):
        share = np.where(step == 0, 1.0, room / step)
    return inside + min(1.0, float(share.min())) * step
