"""The players' sets in the plane of a portrait: which plane shows them, and their outline in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dynamics.plane import Plane, choose_plane
from ..games.sets import Sets, tangent

_SIDES = 360  # of the polygon that is drawn for a disc
_AWAY = 1e6  # an eigenvalue that no direction out of the sets' plane is taken for leading with


@dataclass(frozen=True, eq=False)
class Feasible:
    """The players' sets in a plane: `outline`, shape (n, 2), a convex polygon.

    `corners`: of one player's triangle of probabilities what is played at each, (name, position); else none.
    """

    outline: np.ndarray
    corners: tuple[tuple[str, np.ndarray], ...] = ()


def plane_of_sets(
    variables: Sequence[str],
    box: np.ndarray,
    sets: Sets,
    origin: np.ndarray,
    jacobian: np.ndarray | None,
    span: Sequence[Any] | None,
) -> Plane | None:
    """A plane within the sums of the simplices; None where there are none, or the variables are two.

    Three probabilities have the plane of their triangle, equilateral; two numbers that are free have
    themselves for coordinates, where the others follow. Arguments as for `choose_plane`.
    """
    d = len(variables)
    if not sets.simplices or d == 2:
        return None
    if d == 3 and len(sets.simplices[0]) == 3 and span is None:
        return _triangle()
    last = {int(index[-1]): index[:-1] for index in sets.simplices}
    free = [k for k in range(d) if k not in last]
    if len(free) == 2 and (span is None or set(span) == {variables[k] for k in free}):
        axes, base = np.eye(d)[:, free], np.zeros(d)
        for k, others in last.items():
            base[k] = 1.0
            axes[k] = [-1.0 if j in others else 0.0 for j in free]
        limits = np.array([[-0.05, 1.05] if _probable(sets, k) else box[k] for k in free])
        return Plane(base, axes, (variables[free[0]], variables[free[1]]), limits)
    flat = tangent(
        sets, sets.middle
    ).matrix  # the simplices' sums alone: the middle touches no limit
    if span is not None:
        named = all(isinstance(axis, str) for axis in span)
        vectors = [np.eye(d)[list(variables).index(a)] for a in span] if named else span
        return choose_plane(variables, box, origin, axes=[flat @ np.asarray(a) for a in vectors])
    if jacobian is None:
        jacobian = np.zeros((d, d))
    inside = flat @ jacobian @ flat - _AWAY * (1 + np.abs(jacobian).max()) * (np.eye(d) - flat)
    return choose_plane(variables, box, origin, inside)


def _triangle() -> Plane:
    """The points with sum one: an equilateral triangle, its first corner at (0, 0), the second at (1, 0)."""
    first, second, third = np.eye(3)
    across = second - first
    up = (third - first - across / 2) * 2 / np.sqrt(3)
    box = np.array([[0.0, 1.0], [0.0, np.sqrt(3) / 2]])
    return Plane(first, np.stack([across, up], axis=1), ("", ""), box)


def _probable(sets: Sets, k: int) -> bool:
    return any(k in index for index in sets.simplices)


def feasible(plane: Plane, sets: Sets, variables: Sequence[str]) -> Feasible:
    """The sets of the players, whose `variables` these are, in the `plane`, as far as it is shown."""
    (left, right), (low, high) = plane.box
    outline = np.array([[left, low], [right, low], [right, high], [left, high]])
    outline = 3 * outline - 2 * plane.box.mean(axis=1)  # the box's own sides are none of the sets'
    normals = [*np.eye(len(plane.origin)), *(-np.eye(len(plane.origin)))]
    ends = [*sets.box[:, 1], *(-sets.box[:, 0])]
    for normal, end in zip(normals, ends, strict=True):
        if np.isfinite(end):
            outline = _cut(outline, normal @ plane.axes, end - normal @ plane.origin)
    angles = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    for ball in sets.balls:
        # ‖A c + o‖ ≤ R lies below all of its tangents ⟨n, A c + o⟩ ≤ R, n in the plane's image
        image, _ = np.linalg.qr(plane.axes[ball.index])
        origin = plane.origin[ball.index]
        beside = origin - image @ (image.T @ origin)
        reach = np.sqrt(max(ball.radius**2 - beside @ beside, 0.0))
        for angle in angles:
            normal = image @ np.array([np.cos(angle), np.sin(angle)])[: image.shape[1]]
            outline = _cut(outline, normal @ plane.axes[ball.index], reach - normal @ origin)
    corners = ()
    if plane.labels == ("", ""):
        corners = tuple((variables[k], plane.coordinates(np.eye(3)[k])) for k in range(3))
    return Feasible(outline, corners)


def _cut(polygon: np.ndarray, normal: np.ndarray, end: float) -> np.ndarray:
    """The part of a convex polygon with ⟨normal, c⟩ ≤ end (Sutherland, Hodgman 1974)."""
    slack = end - polygon @ normal
    if (slack >= -1e-12 * (1 + abs(end))).all():
        return polygon
    points = []
    for k in range(len(polygon)):
        a, b, sa, sb = polygon[k - 1], polygon[k], slack[k - 1], slack[k]
        if sa * sb < 0:
            points.append(a + (b - a) * sa / (sa - sb))
        if sb >= 0:
            points.append(b)
    return np.array(points).reshape(-1, 2)
