"""Quantities along a path: how far it is from a point, how fast it goes, what it conserves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InputError
from .batch import batched_values
from .flow import Flow, SymbolicFlow
from .starts import check_scalar, real_starts
from .system import numeric_system

_CHUNK = 64  # points of a large flow that are evaluated at once, and
_NUMBERS = 1_000_000  # coordinates of them together


def distances(points: Any, to: Any) -> np.ndarray:
    """The Euclidean distances, shape (n,), of points (n, d) to one point (d,), or each to its own, (n, d).

    Raises InputError for other shapes.
    """
    points, to = np.asarray(points, float), np.asarray(to, float)
    if points.ndim != 2 or to.shape not in (points.shape, points.shape[1:]):
        raise InputError(
            "distances go from points of shape (n, d) to one of shape (d,) or to n of shape (n, d), "
            f"not from {points.shape} to {to.shape}"
        )
    return np.linalg.norm(points - to, axis=1)


def speeds(flow: Flow | SymbolicFlow, points: Any) -> np.ndarray:
    """|v| at points (n, d), shape (n,): for the gradient field the norm of the players' gradients."""
    return np.linalg.norm(_values(flow, points), axis=1)


def drift(quantity: Callable[[Any], Any], points: Any) -> np.ndarray:
    """How a quantity that a flow conserves changes along a path: (Q(x) − Q(x₀)) / |Q(x₀)|, shape (n,).

    `quantity`: a JAX function from a point (d,) to a number; `points`: shape (n, d). Raises InputError where
    the quantity is zero at the first point: a change relative to nothing; add a constant to it.
    """
    points = np.asarray(points, float)
    if points.ndim != 2 or not len(points):
        raise InputError(f"a drift is seen along points of shape (n, d), not {points.shape}")
    check_scalar(quantity, points.shape[1], "the quantity")
    values = batched_values(quantity, points.shape[1])(points)
    if values[0] == 0:
        raise InputError("the quantity is zero at the first point; add a constant to it")
    return (values - values[0]) / abs(values[0])


def path_angle(
    flow: Flow | SymbolicFlow, start: Any, end: Any, alphas: Any = 201
) -> tuple[np.ndarray, np.ndarray]:
    """The path angle of Berard, Touati, Mescheder and Lacoste-Julien (2020): attraction or rotation?

    Along the straight line x(α) = start + α (end − start) the cosine of the angle between the field v and the
    direction of the line, towards the end. At an end that attracts, its sign changes from plus to minus;
    rotation is a bump of either sign. (Their v is a gradient, with the other sign.)

    **Arguments:**

    - `flow`: of either engine.
    - `start`, `end`: two different points, shape (d,), such as the weights before and after training.
    - `alphas`: the values of α, shape (n,), or how many of them between −½ and 3⁄2.

    Returns (α, cosines), both of shape (n,); the cosine is NaN where v is zero. Raises InputError for points
    of a wrong shape, or the same one twice.
    """
    dimension = flow.dimension
    (start,) = real_starts(start, dimension, "a line")
    (end,) = real_starts(end, dimension, "a line")
    direction = end - start
    length = np.linalg.norm(direction)
    if length == 0:
        raise InputError("the two ends of the line are the same point")
    alphas = np.linspace(-0.5, 1.5, alphas) if np.ndim(alphas) == 0 else np.asarray(alphas, float)
    velocities = _values(flow, start + alphas[:, None] * direction)
    norms = np.linalg.norm(velocities, axis=1)
    along = velocities @ direction / length
    return alphas, np.divide(along, norms, out=np.full(len(alphas), np.nan), where=norms > 0)


def _values(given: Flow | SymbolicFlow, points: Any) -> np.ndarray:
    """v at points (n, d), in chunks where the flow is large."""
    flow = numeric_system(given, "flow", "a flow is needed here")
    points = np.asarray(points, float)
    if points.ndim != 2 or points.shape[1] != flow.dimension:
        raise InputError(
            f"points of this flow have shape (n, {flow.dimension}), not {points.shape}"
        )
    if flow.dimension <= _CHUNK:
        return flow.values(points)
    size = max(1, min(_CHUNK, _NUMBERS // flow.dimension))
    chunks = [flow.values(points[i : i + size]) for i in range(0, len(points), size)]
    return np.concatenate(chunks) if chunks else points
