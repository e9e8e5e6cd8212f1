"""A phase portrait as JSON-ready data, schema stability-portrait/1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..attraction.value import Basins
from ..cycles.value import Cycle
from ..dynamics.plane import Plane
from ..dynamics.trajectory import Trajectory
from ..verdicts.verdict import finite
from .portrait import Portrait, Spot

SCHEMA = "stability-portrait/1"


def portrait_to_dict(portrait: Portrait) -> dict[str, Any]:
    """The portrait as JSON-ready data: no NaN, no infinities; curves as lists of points."""
    return {
        "schema": SCHEMA,
        "kind": portrait.kind,
        "name": portrait.name,
        "variables": list(portrait.variables),
        "parameters": dict(portrait.parameters),
        "plane": None if portrait.plane is None else _plane(portrait.plane),
        "equilibria": [_spot(spot) for spot in portrait.spots],
        "outside_plane": [_spot(spot) for spot in portrait.beside],
        "nullclines": [
            {"variable": own.variable, "curves": [numbers(curve) for curve in own.curves]}
            for own in portrait.nullclines
        ],
        "separatrices": [
            {"kind": own.kind, "curve": numbers(own.curve), "points": numbers(own.points)}
            for own in portrait.separatrices
        ],
        "cycles": [_cycle(cycle) for cycle in portrait.cycles],
        "basins": None if portrait.basins is None else _basins(portrait.basins),
        "paths": [path_to_dict(path) for path in portrait.paths],
        "steps": [{"rule": own.rule, **path_to_dict(own.path)} for own in portrait.steps],
        "remarks": list(portrait.remarks),
    }


def path_to_dict(path: Trajectory, lift: Callable[[Any], Any] = np.asarray) -> dict[str, Any]:
    """A path as JSON-ready data, its points in the coordinates that `lift` gives them."""
    return {
        "times": numbers(path.times),
        "points": numbers(lift(path.points)),
        "outcome": path.outcome.name.lower().replace("_", " "),
    }


def numbers(values: Any) -> Any:
    """An array as nested lists, None for what is not finite."""
    values = np.asarray(values)
    if values.ndim:
        return [numbers(own) for own in values]
    return finite(float(values))


def _spot(spot: Spot) -> dict[str, Any]:
    return {
        "point": numbers(spot.point),
        "position": numbers(spot.position),
        "type": spot.type,
        "stability": spot.stability,
    }


def _plane(plane: Plane) -> dict[str, Any]:
    return {
        "origin": numbers(plane.origin),
        "axes": numbers(plane.axes.T),
        "labels": list(plane.labels),
        "box": numbers(plane.box),
    }


def _cycle(cycle: Cycle) -> dict[str, Any]:
    multipliers = cycle.multipliers
    return {
        "points": numbers(cycle.points),
        "period": cycle.period,
        "multipliers": None
        if multipliers is None
        else [[finite(mu.real), finite(mu.imag)] for mu in np.asarray(multipliers, dtype=complex)],
        "stable": bool(cycle.stable),
    }


def _basins(basins: Basins) -> dict[str, Any]:
    return {
        "u": numbers(basins.u),
        "w": numbers(basins.w),
        "labels": basins.labels.tolist(),
        "names": list(basins.names),
        "attractors": numbers(basins.attractors),
    }
