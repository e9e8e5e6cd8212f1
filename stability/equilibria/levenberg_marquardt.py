"""Levenberg–Marquardt from many starts at once, driven from the host."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .scaling import finite, row_norms

_STEPS = 50
_LONGEST_STEP = 0.5  # of the half-width of the box, in every coordinate
_FARTHEST = 5.0  # half-widths from the box's centre at which a run is given up
_SMALLEST_DAMPING = 1e-12  # keeps the normal equations solvable when the Jacobian is singular


# Differs from the textbook in these ways:
#
# 1. All columns are scaled alike, by the largest column's norm. The coordinates are in units of
#    the box already, and Marquardt's scaling by each column's own norm would turn steps away
#    from the shortest way to a curve of zeros, towards places where the curve is degenerate.
# 2. The damping follows the gain ratio as in Nielsen (1999), but may fall tenfold in a step.
# 3. Steps are cut to half the half-width of the box, and a run that leaves the box by several
#    widths ends: zeros there would be dropped anyway, and decaying fields have no others.
# 4. Every run divides each component by its size at the run's start, `max(|w_i|, |∇w_i|)`, so
#    that none drowns another.
# 5. A step to a point where the field is not finite is a rejected step.
def levenberg_marquardt(
    residual: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    starts: np.ndarray,
    centre: np.ndarray,
    unit: np.ndarray,
) -> np.ndarray:
    """Minimises `½‖w / r‖²` from every start, each with its own damping and row scale r.

    There is no tolerance on the residual, which would depend on the field's scale near the zero: a
    run ends when its step is tiny or its gradient is orthogonal to the residual.

    **Arguments**: `residual` maps points `(n, d)` to `w` `(n, d)` and `∂w/∂u` `(n, d, d)`, with
    `x = centre + unit·u`; `starts` `(n, d)`.

    **Returns** the last points `(n, d)`; not every one is near a zero. A start at which the
    residual is not finite is returned as it is.

    **References**: Marquardt, *An algorithm for least-squares estimation of nonlinear parameters*
    (1963); Nielsen, *Damping parameter in Marquardt's method*, IMM-REP-1999-05.
    """
    ends = np.array(starts, float)
    w, jac = residual(ends)
    index = np.flatnonzero(finite(w, jac))
    x, w, jac = ends[index], w[index], jac[index]
    rows = np.maximum(np.abs(w), row_norms(jac))
    w, jac = w / rows, jac / rows[:, :, None]
    damping, growth = np.full(len(index), 1e-2), np.full(len(index), 2.0)
    for _ in range(_STEPS):
        if not index.size:
            break
        step, predicted, over = _damped_step(w, jac, damping)
        trial = x + unit * step
        with np.errstate(all="ignore"):
            trial_w, trial_jac = residual(trial)
            trial_w, trial_jac = trial_w / rows, trial_jac / rows[:, :, None]
            size, trial_size = _lengths(w), _lengths(trial_w)
            gain = 0.5 * (size - trial_size) * (size + trial_size) / predicted
            accepted = (trial_size < size) & (gain > 1e-4) & finite(trial_w, trial_jac)
            shrink = np.clip(1 - (2 * np.where(accepted, gain, 0.5) - 1) ** 3, 0.1, 4.0)
        x = np.where(accepted[:, None], trial, x)
        w = np.where(accepted[:, None], trial_w, w)
        jac = np.where(accepted[:, None, None], trial_jac, jac)
        damping = np.maximum(damping * np.where(accepted, shrink, growth), _SMALLEST_DAMPING)
        growth = np.where(accepted, 2.0, 2 * growth)
        left = np.abs((x - centre) / unit).max(axis=1) > _FARTHEST
        done = over | left | (damping > 1e12)
        if done.any():
            ends[index[done]] = x[done]
            rest = ~done
            index, x, w, jac = index[rest], x[rest], w[rest], jac[rest]
            rows, damping, growth = rows[rest], damping[rest], growth[rest]
    ends[index] = x
    return ends


def _damped_step(
    w: np.ndarray, jac: np.ndarray, damping: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The steps in u, shape (n, d), the decrease of `½‖w‖²` that each promises, and which runs are over:
    the step is tiny, the gradient orthogonal to the residual, or one of them no number.
    """
    identity = np.eye(w.shape[1])
    with np.errstate(all="ignore"):
        weights = np.sqrt(np.einsum("nij,nij->nj", jac, jac)).max(axis=1)
        weights = np.where(weights > 0, weights, 1.0)[:, None]
        scaled = jac / weights[:, None]
        transposed = np.swapaxes(scaled, 1, 2)
        gradient = np.einsum("nij,nj->ni", transposed, w)
        matrix = transposed @ scaled + damping[:, None, None] * identity
        usable = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
        matrix[~usable], gradient[~usable] = identity, 0.0
        step = -np.linalg.solve(matrix, gradient[:, :, None])[:, :, 0]
        longest = np.abs(step / weights).max(axis=1)
        step *= np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, 1e-300))[:, None]
        change = np.einsum("nij,nj->ni", scaled, step)
        predicted = -np.einsum("ni,ni->n", gradient, step) - 0.5 * np.einsum(
            "ni,ni->n", change, change
        )
        stationary = np.abs(gradient).max(axis=1) <= 1e-10 * _lengths(w)
    return step / weights, predicted, stationary | (longest <= 1e-9) | ~usable


def _lengths(w: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("ni,ni->n", w, w))
