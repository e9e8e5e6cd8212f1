"""A path through phase space, of a flow or a map, and why it ended where it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from ..errors import InputError


class Outcome(StrEnum):
    """Why a path ended; the value is the sentence."""

    FINISHED = "it reached the time it was asked for"
    RESTED = "it came to rest"
    LEFT = "it left the box"
    BLEW_UP = "it blew up"
    STOPPED = "it met the condition that it was to stop at"
    GAVE_UP = "the solver gave up: too many steps, or steps too small"


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory:
    """One path of a flow (times are t) or of a map (times count the steps).

    - `variables`: d names; `times`, shape (n,), increasing (decreasing for a flow followed backwards).
    - `points`, shape (n, d), float64.
    - `states`, shape (n, m): for the map that a rule makes, the whole state, whose first d numbers are the
      point; else the points.
    - `outcome`: why it ended; `settings`: how it was computed (solver, tolerances, …).
    - `interpolant`: of a flow, the solver's own dense output, t ↦ (d,) or (k,) ↦ (k, d).
    """

    variables: tuple[str, ...]
    times: np.ndarray
    points: np.ndarray
    states: np.ndarray
    outcome: Outcome
    settings: Mapping[str, Any] = field(default_factory=dict)
    interpolant: Callable[[Any], np.ndarray] | None = None

    @property
    def end(self) -> np.ndarray:
        """The last point, shape (d,)."""
        return self.points[-1]

    def __repr__(self) -> str:
        names, last = ", ".join(self.variables), float(self.times[-1])
        return f"<Trajectory of {names}: {len(self)} points from 0 to {last:g}; {self.outcome}>"

    def __len__(self) -> int:
        return len(self.times)

    def __call__(self, t: Any) -> np.ndarray:
        """The point at time t, shape (d,), or the points at times (k,), shape (k, d).

        Raises InputError outside the times of the path, and for a map, which has no points between its steps.
        """
        if self.interpolant is None:
            raise InputError("the path of a map has no points between its steps")
        low, high = sorted((float(self.times[0]), float(self.times[-1])))
        asked = np.asarray(t, dtype=float)
        if not ((asked >= low) & (asked <= high)).all():
            raise InputError(f"the path is known from t = {low:g} to {high:g}, not at {t}")
        return self.interpolant(asked)
