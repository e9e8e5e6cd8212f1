"""Separatrices: the one-dimensional stable and unstable manifolds of saddles."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg

from ..cycles.polygons import segment_distances
from ..dynamics.angles import circle_lengths
from ..dynamics.flow import Flow
from ..dynamics.integrate import integrate
from ..dynamics.plane import Plane
from .curves import Separatrix

_ACCURACY = 1e-9  # of the box: how near the manifold a branch begins
_FARTHEST = 1e-2  # of the box: where it begins at most
_ENLARGED = 0.5  # box widths that a branch may go beyond the box; it may come back
_MET = 1e-4  # of the box: a saddle that a branch passes at less has been met
_HYPERBOLIC = 1e-9  # relative to the largest eigenvalue: real parts below count as zero
_DECADES = 60.0  # a branch is followed for so many of the saddle's slowest time constants
_MAX_STEPS = 20_000


def separatrices(
    flow: Flow,
    saddles: np.ndarray,
    plane: Plane,
    box: np.ndarray,
    *,
    time: float | None = None,
    length: float = 20.0,
) -> tuple[Separatrix, ...]:
    """The branches of the one-dimensional invariant manifolds of saddles.

    In two dimensions a saddle has four: both sides of its stable and of its unstable manifold. In more it has
    those for which it has exactly one stable, or one unstable, direction. Points that are no hyperbolic
    saddles have none.

    **Arguments:**

    - `flow`: in JAX; `saddles`, shape (k, d); `plane`: onto which the curves are projected; `box`, shape (d,
      2).
    - `time`: how long a branch is followed; default: sixty of the saddle's slowest time constants.
    - `length`: how long it may become, in diagonals of the box: where it winds around a cycle.

    A branch begins on the local manifold to second order: x* + s e + s² w, where (J − 2λ) w = −½ D²v(e, e)
    for the eigenvector e of λ, so that its error is O(s³) (Guckenheimer and Holmes 1983, section 3.2). It
    ends where it has left the box by half its width, comes to rest, or meets a saddle. Angles have no ends.
    """
    flow = flow.twin
    saddles = np.asarray(saddles, dtype=float).reshape(-1, flow.dimension)
    box = np.asarray(box, dtype=float)
    inside = ((saddles >= box[:, 0]) & (saddles <= box[:, 1])).all(axis=1)
    branches = [branch for x in saddles[inside] for branch in _branches(flow, x, box)]
    found = []
    for kind in ("stable", "unstable"):
        own = [branch for branch in branches if branch.kind == kind]
        if own:
            found += _followed(flow, own, saddles, plane, box, time, length)
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Branch:
    """A branch's beginning: `local`, shape (n, d), from the saddle out; `pace`: the slowest |Re λ|."""

    kind: str
    local: np.ndarray
    pace: float


def _branches(flow: Flow, saddle: np.ndarray, box: np.ndarray) -> list[_Branch]:
    _, jacobians = flow.evaluate(saddle[None])
    jacobian = jacobians[0]
    if not np.isfinite(jacobian).all():
        return []
    values, vectors = scipy.linalg.eig(jacobian)
    small = _HYPERBOLIC * np.abs(values).max()
    stable, unstable = np.flatnonzero(values.real < -small), np.flatnonzero(values.real > small)
    if not len(stable) or not len(unstable) or len(stable) + len(unstable) < len(values):
        return []
    pace = float(np.abs(values.real).min())
    found = []
    for kind, own in (("stable", stable), ("unstable", unstable)):
        if len(own) == 1:
            value, e = float(values[own[0]].real), vectors[:, own[0]].real
            found += [
                _Branch(kind, _local(flow, saddle, jacobian, value, side * e, box), pace)
                for side in (1.0, -1.0)
            ]
    return found


def _local(
    flow: Flow,
    saddle: np.ndarray,
    jacobian: np.ndarray,
    value: float,
    e: np.ndarray,
    box: np.ndarray,
) -> np.ndarray:
    """Points on the local manifold, shape (n, d), as far out as the second order reaches."""
    w = _curvature(flow, saddle, jacobian, value, e)
    size = float((box[:, 1] - box[:, 0]).min())
    s = _FARTHEST * size * 0.5 ** np.arange(24.0)[:, None]
    velocities = flow.values(saddle + s * e + s**2 * w)
    with np.errstate(invalid="ignore"):
        defect = np.linalg.norm(velocities - value * (s * e + 2 * s**2 * w), axis=1) / abs(value)
    near = np.flatnonzero(defect <= _ACCURACY * size)
    reached = s[near[0] if len(near) else -1]
    steps = np.linspace(0.0, 1.0, 9)[:, None] * reached
    return saddle + steps * e + steps**2 * w


def _curvature(
    flow: Flow, saddle: np.ndarray, jacobian: np.ndarray, value: float, e: np.ndarray
) -> np.ndarray:
    """The w of x* + s e + s² w; zero where the field has no second derivative or 2λ is an eigenvalue."""

    def along(x, u):
        return jax.jvp(flow.function, (x,), (u,))[1]

    with jax.enable_x64(True):
        x, u = jnp.asarray(saddle), jnp.asarray(e)
        second = np.asarray(jax.jvp(lambda x: along(x, u), (x,), (u,))[1])
    shifted = jacobian - 2 * value * np.eye(len(e))
    if not np.isfinite(second).all() or np.linalg.cond(shifted) > 1e12:
        return np.zeros_like(e)
    return np.linalg.solve(shifted, -second / 2)


def _followed(
    flow: Flow,
    branches: list[_Branch],
    saddles: np.ndarray,
    plane: Plane,
    box: np.ndarray,
    time: float | None,
    length: float,
) -> list[Separatrix]:
    kind = branches[0].kind
    widths = box[:, 1] - box[:, 0]
    sides = np.stack([box[:, 0] - _ENLARGED * widths, box[:, 1] + _ENLARGED * widths], axis=1)
    duration = time or _DECADES / min(branch.pace for branch in branches)
    paths = integrate(
        flow,
        np.stack([branch.local[-1] for branch in branches]),
        duration if kind == "unstable" else -duration,
        box={
            v: tuple(side)
            for v, side in zip(flow.variables, sides.tolist(), strict=True)
            if v not in flow.angles
        },
        max_steps=_MAX_STEPS,
    )
    assert isinstance(paths, tuple)
    saddles, found = _with_copies(flow, saddles), []
    for branch, path in zip(branches, paths, strict=True):
        onward = _until_saddle(path.points, saddles, _MET * float(widths.min()))
        points = np.concatenate([branch.local[:-1], onward])
        gone = np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))
        points = points[: 2 + int(np.searchsorted(gone, length * np.linalg.norm(widths)))]
        found.append(Separatrix(kind, plane.curve(points), points))
    return found


def _with_copies(flow: Flow, saddles: np.ndarray) -> np.ndarray:
    """The saddles, and where they are again after a turn of each angle either way."""
    for i, length in enumerate(circle_lengths(flow)):
        if length:
            step = length * np.eye(flow.dimension)[i]
            saddles = np.concatenate([saddles, saddles + step, saddles - step])
    return saddles


def _until_saddle(points: np.ndarray, saddles: np.ndarray, near: float) -> np.ndarray:
    """The path, ended at the first saddle that it meets after it has left its own."""
    for saddle in saddles:
        distances = segment_distances(saddle, points[:-1], points[1:])
        away = np.flatnonzero(distances > 10 * near)
        if not len(away):
            continue
        close = away[0] + np.flatnonzero(distances[away[0] :] < near)
        if len(close):
            following = distances[close[0] :]
            rising = np.flatnonzero(np.diff(following) > 0)
            last = close[0] + (rising[0] if len(rising) else len(following) - 1)
            points = np.concatenate([points[: last + 1], saddle[None]])
    return points
