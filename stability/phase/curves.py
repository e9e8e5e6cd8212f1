"""The curves of a phase portrait as values. All coordinates are those of the picture's plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Nullcline:
    """Where one component of the field vanishes.

    `curves`: each of shape (n, 2); a closed one ends where it begins.
    """

    variable: str
    curves: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Separatrix:
    """One branch of a saddle's invariant manifold: `kind` is "stable" or "unstable".

    `curve`, shape (n, 2), begins at the saddle; `points`, shape (n, d), is the same in all of phase space.
    """

    kind: str
    curve: np.ndarray
    points: np.ndarray


@dataclass(frozen=True, eq=False)
class Cycle:
    """A closed orbit of a flow, or an invariant closed curve of a map, found by following it.

    - `points`, shape (n, d): once around; of a flow the last one is the first again.
    - `period`: of a flow its period; of a map None (an invariant curve has a mean rotation, not a period)
      unless the orbit is periodic, then the number of steps.
    - `multipliers`: of a flow's cycle, its Floquet multipliers, shape (d,), the trivial one first; else None.
    - `stable`: whether it attracts.
    """

    points: np.ndarray
    period: float | None
    multipliers: np.ndarray | None
    stable: bool


@dataclass(frozen=True, eq=False)
class Basins:
    """Which attractor each start of a grid goes to.

    - `u`, shape (nx,) and `w`, shape (ny,): the grid in the picture's plane.
    - `labels`, shape (ny, nx), int: the number of the attractor; −1 for those that escape (left, blew up),
      −2 for those that were undecided when time was up.
    - `names`: what each attractor is, for a legend.
    - `attractors`: shape (k, d), a point of each.
    """

    u: np.ndarray
    w: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    attractors: np.ndarray
