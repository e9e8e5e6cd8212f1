"""Tells a component that decays to nothing from one that has a zero.

`exp(-x²)` is exactly 0 in float64 beyond |x| = 27, and `1 - tanh(x)` beyond 19, yet neither has a
zero. At such a point the value, the Jacobian and all neighbours are those of a true plateau (a
ReLU that is off), so the difference can only be seen where the component comes back to life.
"""

from __future__ import annotations

import numpy as np

from .scaling import ScaledField

_LEVELS = np.array([1e-11, 1e-6])
_FLAT = 1e-6
_BISECTIONS = 52


def vanishes_without_zero(
    field: ScaledField, points: np.ndarray, w: np.ndarray, jac: np.ndarray
) -> np.ndarray:
    """Which points `(n, d)` are zeros only because a component has decayed below rounding.

    From each point with a flat component, look along the line to the nearest sample where that
    component is of normal size, at the places where it passes 1e-11 and 1e-6 of that size. Its
    relative length scale `|w / w'|` there shrinks towards a zero of multiplicity m like the level
    to the power 1/m, and stays what it is under exponential decay.

    **Arguments**: `w` `(n, d)` and `jac` `(n, d, d)`, the scaled field at the points.

    **Returns** a mask of shape `(n,)`.
    """
    flat = np.abs(jac).max(axis=2, initial=0) <= _FLAT
    at, component = np.nonzero(flat & (np.abs(w) <= _FLAT))
    targets = [_alive(field, points[i], row) for i, row in zip(at, component.tolist(), strict=True)]
    usable = np.array([target is not None for target in targets], bool)
    result = np.zeros(len(points), bool)
    if not usable.any():
        return result
    at, component = at[usable], component[usable]
    away = np.stack([target for target in targets if target is not None]) - points[at]
    lengths = _length_scales(field, points[at], away, component)
    with np.errstate(all="ignore"):
        fading = lengths[:, 1] < 2 * lengths[:, 0]
    result[at[fading]] = True
    return result


def _alive(field: ScaledField, point: np.ndarray, component: int) -> np.ndarray | None:
    """The nearest sample at which a component is of normal size."""
    alive = np.flatnonzero(np.abs(field.sample_values[:, component]) >= 0.1)
    if not alive.size:
        return None
    distances = np.abs((field.samples[alive] - point) / field.unit).max(axis=1)
    return field.samples[alive[np.argmin(distances)]]


def _length_scales(
    field: ScaledField, origin: np.ndarray, away: np.ndarray, component: np.ndarray
) -> np.ndarray:
    """`|w / w'|` along `origin + t·away` at both levels, `(n, 2)`; NaN where a level is jumped."""
    n, d = origin.shape
    rows = np.arange(n)

    def along(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        w, jac = field((origin[:, None, :] + t[:, :, None] * away[:, None, :]).reshape(-1, d))
        w, jac = w.reshape(n, -1, d), jac.reshape(n, -1, d, d)
        slope = np.einsum("nld,nd->nl", jac[rows, :, component], away / field.unit)
        return np.abs(w[rows, :, component]), slope

    end, _ = along(np.ones((n, 1)))
    level = end * _LEVELS
    low, high = np.zeros((n, 2)), np.ones((n, 2))
    with np.errstate(all="ignore"):
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            size, _ = along(middle)
            below = size < level
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        size, slope = along(high)
        on_level = (size >= level / 10) & (size <= 10 * level)
        return np.where(on_level, np.abs(size / slope), np.nan)
