"""The field of a flow as streamlines."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from . import layers
from .style import FIELD, styled

APART = 0.13  # of the picture: from one arrowhead to the next
SLOWEST = 1e-9  # of the median speed: what is slower is taken to be that fast


def streamlines(
    ax: Axes, u: np.ndarray, w: np.ndarray, velocity: np.ndarray, *, density: float = 1.1
) -> Axes:
    """Streamlines of a field, the darker the faster.

    - `ax`: where they are drawn.
    - `u`, shape (nx,), and `w`, shape (ny,): an even grid; `velocity`, shape (ny, nx, 2). Where it is not
      finite nothing is drawn.
    - `density`: how close the lines are, relative to Matplotlib's 30 by 30.
    """
    velocity = np.asarray(velocity, dtype=float)
    with np.errstate(invalid="ignore", over="ignore"):
        speed = np.hypot(velocity[..., 0], velocity[..., 1])
    moving = np.isfinite(speed) & (speed > 0)
    if not moving.any():
        return ax
    # Speeds may span hundreds of decades; the lines depend on directions alone. Bounding the speed from
    # above and leaving it linear below keeps the zeros of the field where they are.
    middle = float(np.median(speed[moving]))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        bounded = velocity * (np.maximum(speed / (speed + middle), SLOWEST) / speed)[..., None]
    bounded[speed == 0] = 0.0
    bounded = np.ma.masked_where(~np.isfinite(speed)[..., None] | ~np.isfinite(bounded), bounded)
    already = len(ax.patches)
    # A line all but parallel to an edge meets it at infinity.
    with styled(), np.errstate(over="ignore"):
        drawn = ax.streamplot(
            u,
            w,
            bounded[..., 0],
            bounded[..., 1],
            density=density,
            color=FIELD[2],
            linewidth=0.6,
            zorder=layers.FIELD,
        )
    # A line of many short pieces, each with its own colour, makes pictures of megabytes: the pieces of one
    # speed are drawn together instead.
    lines = drawn.lines.get_segments()
    drawn.lines.remove()
    for arrow in ax.patches[already:]:
        arrow.remove()
    _arrowheads(ax, lines, np.array([u[-1] - u[0], w[-1] - w[0]]))
    level = _levels(speed, moving)
    pieces: list[list[np.ndarray]] = [[] for _ in FIELD]
    for line in lines:
        middle = 0.5 * (line[:-1] + line[1:])
        own = level[_nearest(w, middle[:, 1]), _nearest(u, middle[:, 0])]
        begins = np.flatnonzero(np.diff(own, prepend=-1))
        for begin, end in zip(begins, [*begins[1:], len(own)], strict=True):
            pieces[own[begin]] += [line[begin : end + 1], np.full((1, 2), np.nan)]
    for color, own in zip(FIELD, pieces, strict=True):
        if own:
            curve = np.concatenate(own)
            ax.plot(
                *curve.T, color=color, linewidth=0.6, solid_capstyle="butt", zorder=layers.FIELD
            )
    return ax


def _arrowheads(ax: Axes, lines: list[np.ndarray], size: np.ndarray) -> None:
    """Arrowheads along the lines, evenly over the picture: none close to another one."""
    taken = np.empty((0, 2))
    lengths = [np.cumsum(np.linalg.norm(np.diff(line, axis=0) / size, axis=1)) for line in lines]
    for i in np.argsort([-length[-1] for length in lengths], kind="stable"):
        for share in (0.5, 0.25, 0.75):
            k = int(np.searchsorted(lengths[i], share * lengths[i][-1]))
            tail, head = lines[i][k : k + 2]
            if (np.linalg.norm(taken - head / size, axis=1) > APART).all() and (tail != head).any():
                taken = np.vstack([taken, head / size])
                layers.arrowhead(ax, tail, head, FIELD[3], 8.0, layers.FIELD)


def _levels(speed: np.ndarray, moving: np.ndarray) -> np.ndarray:
    """For each node of the grid the number of its shade, by the logarithm of the speed."""
    logarithm = np.log(np.where(moving, speed, 1.0))
    low, high = np.percentile(logarithm[moving], [5.0, 95.0])
    if high - low < 0.1:  # one speed everywhere
        return np.full(speed.shape, len(FIELD) // 2)
    level = np.floor(len(FIELD) * (logarithm - low) / (high - low))
    return np.where(moving, np.clip(level, 0, len(FIELD) - 1), 0).astype(int)


def _nearest(grid: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The numbers of the nodes of an even grid that are nearest to the values."""
    step = (grid[-1] - grid[0]) / (len(grid) - 1)
    return np.clip(np.rint((values - grid[0]) / step), 0, len(grid) - 1).astype(int)
