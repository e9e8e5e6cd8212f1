"""Is this point a zero, how far off may it be, and is its Jacobian singular?

Residuals alone do not tell: a field that decays has small residuals and no zeros, and a double
zero has a small residual far from it. Everything here compares a residual with what the field's
own rounding and its Jacobian say at that very place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .scaling import ScaledField, finite, row_norms

_EPS = np.finfo(float).eps
_NUDGE = 64 * _EPS  # of the larger of a coordinate and its unit: below this, points are the same
_PROBES = 3
_LARGEST_NOISE = 1e-8
_REGULAR_ERROR = 1e-6  # largest error of a simple zero, in units of the box
_RUNGS = 10.0 ** np.arange(-14, 0)  # distances at which a degenerate zero is felt out
_CLOSE = 1e-10  # below this distance a degenerate zero's residual is rounding
_WEAK_DIRECTIONS = 3


@dataclass(frozen=True)
class Assessment:
    """What is known of `n` points; distances in units of the box."""

    values: np.ndarray  # (n, d): w
    jacobians: np.ndarray  # (n, d, d): ∂w/∂u
    accepted: np.ndarray  # (n,): is a zero as far as rounding can tell
    error: np.ndarray  # (n,): estimated distance to the true zero
    across: (
        np.ndarray
    )  # (n,): the same, along the kernel left out: the distance to a curve of zeros
    kernel: np.ndarray  # (n,): numerical dimension of the Jacobian's kernel; 0 is a simple zero


def assess(field: ScaledField, points: np.ndarray) -> Assessment:
    """Judges polished points `(n, d)`.

    A point is a *simple* zero if the Newton step is tiny and the Jacobian changes little over it,
    a measured form of the Newton–Kantorovich condition. Any other point is a zero only if every
    component of the residual is no larger than the field's rounding there, found by moving the
    point by a few units in the last place.
    """
    w, jac = field(points)
    n = len(points)
    accepted, error, kernel = np.zeros(n, bool), np.full(n, np.inf), np.zeros(n, int)
    across = error.copy()
    good = np.flatnonzero(finite(w, jac))
    if good.size:
        accepted[good], error[good], across[good], kernel[good] = _judge(
            field, points[good], w[good], jac[good]
        )
    return Assessment(w, jac, accepted, error, across, kernel)


def _judge(
    field: ScaledField, x: np.ndarray, w: np.ndarray, jac: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    d = x.shape[1]
    noise, blur = _rounding(field, x, w, jac)
    # Components are compared as distances, |w_i| / |∇w_i|, so that no component drowns another.
    rows = row_norms(jac)
    left, singular, right = np.linalg.svd(jac / rows[:, :, None])
    weakest = right[:, -1, :]
    with np.errstate(all="ignore"):
        inverse = np.einsum("nji,nj,nkj->nik", right, 1 / singular, left)
        newton = np.einsum("nij,nj->ni", np.abs(inverse), (np.abs(w) + noise) / rows).max(axis=1)
    newton = np.where(np.isfinite(newton), newton, np.inf)
    blur = (blur / rows[:, :, None]).max(axis=(1, 2))
    floor = 8 * d * _EPS * singular[:, 0]

    def uncertainty(index: np.ndarray, distance: np.ndarray) -> np.ndarray:
        change = _jacobian_change(field, x[index], jac[index], weakest[index], distance)
        change = (change / rows[index][:, :, None]).max(axis=(1, 2))
        return np.maximum(4 * np.maximum(change, blur[index]), floor[index])

    everywhere = np.arange(len(x))
    doubt = uncertainty(everywhere, np.minimum(newton, _REGULAR_ERROR))
    regular = (newton <= _REGULAR_ERROR) & (singular[:, -1] > doubt)
    accepted, error, kernel = regular.copy(), newton, np.zeros(len(x), int)
    across = newton.copy()
    rest = np.flatnonzero(~regular & (np.abs(w) <= 8 * noise).all(axis=1))
    if rest.size:
        reach = _reach(field, x[rest], w[rest], noise[rest], singular[rest], right[rest])
        weak = singular[rest] <= uncertainty(rest, reach)[:, None]
        kernel[rest] = np.maximum(weak.sum(axis=1), 1)
        strong = np.arange(d) < (d - kernel[rest])[:, None]
        weights = strong / np.where(strong, singular[rest], 1.0)
        inverse = np.einsum("nji,nj,nkj->nik", right[rest], weights, left[rest])
        away = np.einsum("nij,nj->ni", np.abs(inverse), 16 * noise[rest] / rows[rest])
        across[rest] = away.max(axis=1)
        accepted[rest], error[rest] = True, np.maximum(reach, across[rest])
    return accepted, error, across, kernel


def _rounding(
    field: ScaledField, x: np.ndarray, w: np.ndarray, jac: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How much the field, `(n, d)`, and the Jacobian, `(n, d, d)`, vary at the last digits."""
    n, d = x.shape
    generator = np.random.default_rng(0)
    sizes = np.maximum(np.abs(x), field.unit)
    near = x + generator.uniform(-1, 1, (_PROBES, n, d)) * _NUDGE * sizes
    near_w, near_jac = field(near.reshape(-1, d))
    usable = finite(near_w, near_jac).reshape(_PROBES, n)
    near_w, near_jac = near_w.reshape(_PROBES, n, d), near_jac.reshape(_PROBES, n, d, d)
    with np.errstate(all="ignore"):
        predicted = w + np.einsum("nij,pnj->pni", jac, (near - x) / field.unit)
        noise = np.where(usable[:, :, None], np.abs(near_w - predicted), 0.0).max(axis=0)
        blur = np.where(usable[:, :, None, None], np.abs(near_jac - jac), 0.0).max(axis=0)
        noise += _EPS * np.einsum("nij,nj->ni", np.abs(jac), np.abs(x) / field.unit)
    # At a jump the field "varies" by the jump's height, which is not rounding.
    return np.minimum(noise, _LARGEST_NOISE), blur


def _jacobian_change(
    field: ScaledField,
    x: np.ndarray,
    jac: np.ndarray,
    direction: np.ndarray,
    distance: np.ndarray,
) -> np.ndarray:
    """Largest change of the Jacobian, entry by entry, at ± a distance along a direction."""
    move = field.unit * direction * distance[:, None]
    _, ends = field(np.concatenate([x + move, x - move]))
    with np.errstate(all="ignore"):
        change = np.abs(ends.reshape(2, *jac.shape) - jac).max(axis=0)
    return np.where(np.isfinite(change), change, 0.0)


def _reach(
    field: ScaledField,
    x: np.ndarray,
    w: np.ndarray,
    noise: np.ndarray,
    singular: np.ndarray,
    right: np.ndarray,
) -> np.ndarray:
    """How far along weak directions the residual stays at rounding level, shape `(n,)`.

    Zero for a direction in which it does so to the last rung: a straight line of zeros, which
    says nothing about the point's distance to the line.
    """
    n, d = x.shape
    count = min(_WEAK_DIRECTIONS, d)
    weak = right[:, ::-1][:, :count]  # (n, count, d), weakest first
    relevant = singular[:, ::-1][:, :count] <= 1e-4 * singular[:, :1]
    relevant[:, 0] = True
    moves = np.concatenate([weak, -weak], axis=1)[:, :, None, :] * _RUNGS[:, None]
    near_w, _ = field((x[:, None, None, :] + field.unit * moves).reshape(-1, d))
    near_w = np.abs(near_w).reshape(n, 2 * count, len(_RUNGS), d)
    with np.errstate(all="ignore"):
        close = np.minimum(near_w[:, :, _RUNGS < _CLOSE].max(axis=(1, 2)), _LARGEST_NOISE)
        level = 2 * np.abs(w) + 8 * np.maximum(noise, close)
        still = np.logical_and.accumulate((near_w <= level[:, None, None, :]).all(axis=3), axis=2)
    rungs = still.sum(axis=2)  # (n, 2 count); the true reach lies between two rungs
    distance = np.concatenate([[0.0], np.sqrt(10) * _RUNGS])[rungs]
    distance[rungs == len(_RUNGS)] = 0.0
    distance[~np.tile(relevant, 2)] = 0.0
    return distance.max(axis=1)
