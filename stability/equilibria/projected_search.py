"""Where a projected flow may rest: a search over many starts for the faces that hold a rest point.

x rests where it equals the projection P(x + τ v(x)), for any τ > 0: the natural map of the variational
inequality (Facchinei, Pang 2003, proposition 1.5.8). A step of the semismooth Newton method is Newton's step
of the field on the face that P(x + τ v(x)) touches (section 7.5 there); where it makes the residual no
smaller, an extragradient step is taken (Korpelevich 1976).
"""

from __future__ import annotations

import numpy as np

from ..games.sets import Sets
from .faces import Face, face_at
from .scaling import Evaluate

_STEPS = 80
_AT_REST = 1e-9  # of the size of the field: a residual that polishing on the face will make zero


def resting_faces(
    evaluate: Evaluate, sets: Sets, exact: Sets | None, starts: np.ndarray
) -> dict[Face, np.ndarray]:
    """Faces on which the search found points at rest, and these points, shape (m, d).

    `starts`, shape (n, d), are points of the sets; `evaluate` maps X (n, d) to v and J.
    """
    x = sets.project(starts)
    found: dict[tuple, tuple[Face, list[np.ndarray]]] = {}
    residual = None
    for _ in range(_STEPS):
        v, jacobian = evaluate(x)
        usable = np.isfinite(v).all(axis=1) & np.isfinite(jacobian).all(axis=(1, 2))
        x, v, jacobian = x[usable], v[usable], jacobian[usable]
        if not len(x):
            break
        size = np.linalg.norm(jacobian, axis=(1, 2))
        tau = 0.5 / np.maximum(size, 1e-300)[:, None]
        tau = np.where(size[:, None] > 0, tau, 1.0)
        moved = sets.project(x + tau * v)
        residual = np.abs(moved - x).max(axis=1) / tau[:, 0]
        rests = residual <= _AT_REST * (1 + np.abs(v).max(axis=1))
        for point in moved[rests]:
            face = face_at(sets, exact, point, 1e-7)
            found.setdefault((face.held, face.spheres), (face, []))[1].append(point)
        x, v, jacobian = x[~rests], v[~rests], jacobian[~rests]
        moved, tau, residual = moved[~rests], tau[~rests], residual[~rests]
        if not len(x):
            break
        tried = np.array(
            [_newton(sets, exact, *each) for each in zip(x, moved, v, jacobian, strict=True)]
        )
        tried = sets.project(np.where(np.isfinite(tried), tried, moved))
        tried_v, _ = evaluate(tried)
        off = np.abs(sets.project(tried + tau * tried_v) - tried).max(axis=1) / tau[:, 0]
        better = np.isfinite(off) & (off < 0.9 * residual)
        ahead, _ = evaluate(moved)
        ahead = np.where(np.isfinite(ahead), ahead, v)
        x = np.where(better[:, None], tried, sets.project(x + tau * ahead))
    return {face: np.array(points) for face, points in found.values()}


def _newton(
    sets: Sets,
    exact: Sets | None,
    x: np.ndarray,
    moved: np.ndarray,
    v: np.ndarray,
    jacobian: np.ndarray,
) -> np.ndarray:
    """Where Newton's step on the face that `moved` touches leads, on that face."""
    face = face_at(sets, exact, moved, 1e-12)
    if not len(face.free) or face.spheres:
        return moved
    u = moved[face.free]
    start = face.lift(u)
    value = face.inverse @ (v + jacobian @ (start - x))
    matrix = face.inverse @ jacobian @ face.basis
    step = np.linalg.lstsq(matrix, -value, rcond=1e-12)[0]
    return face.lift(u + step)
