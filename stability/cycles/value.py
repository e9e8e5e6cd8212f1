"""A closed orbit as a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Cycle:
    """A closed orbit of a flow, or an invariant closed curve of a map, found by following it.

    - `points`, shape (n, d): once around; of a flow the last one is the first again, up to whole
      periods of angles.
    - `period`: of a flow its period; of a map None (an invariant curve has a mean rotation, not a period)
      unless the orbit is periodic, then the number of steps.
    - `multipliers`: of a flow's cycle, its Floquet multipliers, shape (d,), the trivial one first; else None.
    - `stable`: whether it attracts.
    """

    points: np.ndarray
    period: float | None
    multipliers: np.ndarray | None
    stable: bool
