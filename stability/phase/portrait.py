"""Everything that one phase portrait shows, computed and frozen; `stability.plots` draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..attraction.value import Basins
from ..cycles.value import Cycle
from ..dynamics.plane import Plane
from ..dynamics.trajectory import Trajectory
from .curves import Nullcline, Separatrix
from .feasible import Feasible


@dataclass(frozen=True, eq=False)
class Spot:
    """An equilibrium in a portrait.

    - `point`, shape (d,); `position`, shape (2,), in the plane (of a system of one variable: (x, 0)).
    - `type`: the textbook's name (stable focus, saddle with 1 unstable direction, …);
      `stability`: one of the five words.
    - `label`: its coordinates, for a legend or a caption.
    """

    point: np.ndarray
    position: np.ndarray
    type: str
    stability: str
    label: str


@dataclass(frozen=True, eq=False)
class Steps:
    """The path of an algorithm: its text for a legend, and where each step led.

    - `half`: the same with every player's move a point of its own, where players move in turn; else None.
    - `cycles`: the closed curves that the algorithm's steps, from these starts, settle on.
    """

    rule: str
    path: Trajectory
    half: Trajectory | None = None
    cycles: tuple[Cycle, ...] = ()


@dataclass(frozen=True, eq=False)
class Portrait:
    """A phase portrait as data, of a flow (perhaps with an algorithm's steps on it) or of a map.

    - `kind`: flow or map; `name`, `variables`, `parameters`: the system's, with the values that were used.
    - `plane`: that of the picture; None for one variable, whose right-hand side is then `graph`: (x, f(x)).
    - `grid`: (u (nx,), w (ny,), velocity (ny, nx, 2)), the field in the plane; None for maps.
    - `spots`: the points of rest and what they are; `nullclines`, `separatrices`, `cycles`: curves;
      `basins`: where each start of a grid ends, or None.
    - `paths`: of the flow (or of the map: its iterates), one per start; `steps`: of every rule likewise.
    - `remarks`: what a reader has to know; `beside`: the points of rest that lie outside the plane, at the
      positions to which they are projected; `feasible`: the players' sets in the plane, if they live in any.
    - `period`: of a system of one variable that is an angle; else 0.
    """

    kind: str
    name: str
    variables: tuple[str, ...]
    parameters: Mapping[str, float]
    plane: Plane | None
    graph: tuple[np.ndarray, np.ndarray] | None
    grid: tuple[np.ndarray, np.ndarray, np.ndarray] | None
    spots: tuple[Spot, ...]
    nullclines: tuple[Nullcline, ...]
    separatrices: tuple[Separatrix, ...]
    cycles: tuple[Cycle, ...]
    basins: Basins | None
    paths: tuple[Trajectory, ...]
    steps: tuple[Steps, ...]
    remarks: tuple[str, ...] = field(default=())
    beside: tuple[Spot, ...] = field(default=())
    period: float = 0.0
    feasible: Feasible | None = None
