"""The basins of attraction in a picture's plane, as a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
