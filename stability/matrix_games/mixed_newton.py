"""Newton's method on the conditions that a mixed equilibrium with finite support satisfies."""

from __future__ import annotations

import numpy as np

from .payoff import Payoff

_STEPS = 30
_MERGED = 1e-2  # widths of the box below which two points of a mixture stand for one

Mixed = tuple[np.ndarray, np.ndarray]  # points (k, d) and weights (k,)


def newton(payoff: Payoff, first: Mixed, second: Mixed) -> tuple[Mixed, Mixed] | None:
    """A mixed equilibrium near two mixtures, whose neighbouring points are merged first; None if none.

    With mixtures (x_k, p_k) of the minimizer and (y_l, q_l) of the maximizer, at an equilibrium

        Σ_l q_l ∇_x f(x_k, y_l) = 0,  Σ_l q_l f(x_k, y_l) = v,  Σ_k p_k = 1,

    and likewise for the y_l; coordinates on the boundary of the box stay there. These are as many
    equations as unknowns (with one v for each player). What is returned satisfies them up to rounding, and
    is an equilibrium only if no other point of the box does better.
    """
    first, second = _used(*first), _used(*second)
    x, p = _merged(payoff, 0, *first)
    y, q = _merged(payoff, 1, *second)
    free = [_inside(payoff, 0, x), _inside(payoff, 1, y)]
    value = other = float(p @ payoff.table(x, y) @ q)
    for _ in range(_STEPS):
        residual, jacobian = _equations(payoff, x, p, y, q, value, other, free)
        if not np.isfinite(jacobian).all():
            return None
        step = np.linalg.lstsq(jacobian, -residual, rcond=None)[0]
        ends = np.cumsum([free[0].sum(), len(p), free[1].sum(), len(q), 1])
        of_x, of_p, of_y, of_q, of_value, of_other = np.split(step, ends)
        x, y = x.copy(), y.copy()
        x[free[0]] += of_x
        y[free[1]] += of_y
        p, q, value, other = p + of_p, q + of_q, value + of_value[0], other + of_other[0]
        if not (_allowed(payoff, 0, x, p) and _allowed(payoff, 1, y, q)):
            return None
        if np.abs(step).max() <= 1e-14 * (1 + np.abs(np.concatenate([x.ravel(), y.ravel()])).max()):
            break
    return (x, p / p.sum()), (y, q / q.sum())


def _equations(payoff, x, p, y, q, value, other, free):
    """The residuals of both players' conditions and their derivatives by (x, p, y, q, v, v')."""
    f, (f_x, f_y), (f_xx, f_xy, f_yy) = payoff.derivatives(x, y)
    k, l, d, e = len(p), len(q), x.shape[1], y.shape[1]  # noqa: E741
    eye_k, eye_l = np.eye(k), np.eye(l)
    # the gradient of x_k by x_j, p_j, y_l, q_l
    x_by_x = np.einsum("kj,l,klab->kajb", eye_k, q, f_xx).reshape(k * d, k * d)
    x_by_y = np.einsum("l,klab->kalb", q, f_xy).reshape(k * d, l * e)
    x_by_q = np.einsum("kla->kal", f_x).reshape(k * d, l)
    y_by_x = np.einsum("k,klab->lbka", p, f_xy).reshape(l * e, k * d)
    y_by_p = np.einsum("klb->lbk", f_y).reshape(l * e, k)
    y_by_y = np.einsum("lj,k,klab->lajb", eye_l, p, f_yy).reshape(l * e, l * e)
    value_by_x = np.einsum("kj,l,kla->kja", eye_k, q, f_x).reshape(k, k * d)
    value_by_y = np.einsum("l,klb->klb", q, f_y).reshape(k, l * e)
    other_by_x = np.einsum("k,kla->lka", p, f_x).reshape(l, k * d)
    other_by_y = np.einsum("lj,k,klb->ljb", eye_l, p, f_y).reshape(l, l * e)
    zero = np.zeros
    rows = [
        [x_by_x, zero((k * d, k)), x_by_y, x_by_q, zero((k * d, 2))],
        [value_by_x, zero((k, k)), value_by_y, f, np.tile([-1.0, 0.0], (k, 1))],
        [y_by_x, y_by_p, y_by_y, zero((l * e, l)), zero((l * e, 2))],
        [other_by_x, f.T, other_by_y, zero((l, l)), np.tile([0.0, -1.0], (l, 1))],
        [zero((1, k * d)), np.ones((1, k)), zero((1, l * e + l + 2))],
        [zero((1, k * d + k + l * e)), np.ones((1, l)), zero((1, 2))],
    ]
    jacobian = np.vstack([np.hstack(row) for row in rows])
    residual = np.concatenate(
        [
            np.einsum("l,kla->ka", q, f_x).ravel(),
            f @ q - value,
            np.einsum("k,klb->lb", p, f_y).ravel(),
            f.T @ p - other,
            [p.sum() - 1, q.sum() - 1],
        ]
    )
    at_x, at_y = free[0].ravel(), free[1].ravel()
    # one equation goes with every unknown: the gradient with the point, the value with the weight
    kept = np.concatenate([at_x, np.ones(k, bool), at_y, np.ones(l + 2, bool)])
    return residual[kept], jacobian[np.ix_(kept, kept)]


def _merged(payoff: Payoff, role: int, points: np.ndarray, weights: np.ndarray) -> Mixed:
    """Points nearer to a heavier one than a hundredth of the box give it their weight."""
    width = payoff.high[role] - payoff.low[role]
    found: list[int] = []
    total = np.zeros(len(weights))
    for i in np.argsort(-weights, kind="stable"):
        near = [j for j in found if (np.abs(points[i] - points[j]) / width).max() < _MERGED]
        if not near:
            found.append(int(i))
        total[near[0] if near else i] += weights[i]
    return points[found], total[found]


def _used(points: np.ndarray, weights: np.ndarray) -> Mixed:
    return points[weights > 0], weights[weights > 0]


def _inside(payoff: Payoff, role: int, points: np.ndarray) -> np.ndarray:
    return (points > payoff.low[role]) & (points < payoff.high[role])


def _allowed(payoff: Payoff, role: int, points: np.ndarray, weights: np.ndarray) -> bool:
    within = (points >= payoff.low[role]) & (points <= payoff.high[role])
    return bool(within.all() and (weights > 0).all())
