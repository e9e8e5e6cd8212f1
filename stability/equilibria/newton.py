"""Newton's method to the last digits, for a batch of points that are nearly zeros."""

from __future__ import annotations

import numpy as np

from .scaling import ScaledField, finite, row_norms

_STEPS = 40
_LONGEST_STEP = 0.25  # of the half-width of the box
_NEARLY_SINGULAR = 1e-8  # relative singular value below which a direction may be left alone
_SINGULAR = 1e-14


def polish(field: ScaledField, points: np.ndarray) -> np.ndarray:
    """Newton steps as long as they make the residual smaller, in units of the starting Jacobian.

    Every step offers four candidates and takes the best: the Newton step, its double and triple
    (which converge fast to a zero of that multiplicity: Schröder 1870), and the shortest step that
    leaves nearly singular directions alone (on a curve of zeros: straight to the curve).

    **Arguments**: `points` `(n, d)`.

    **Returns** points `(n, d)` with residuals no larger than before; points at which the field is
    not finite come back unchanged.
    """
    ends = np.array(points, float)
    w, jac = field(ends)
    index = np.flatnonzero(finite(w, jac))
    x, w, jac = ends[index], w[index], jac[index]
    rows = row_norms(jac)  # a residual measured as a distance, in every component
    w, jac = w / rows, jac / rows[:, :, None]
    d = ends.shape[1]
    for _ in range(_STEPS):
        if not index.size:
            break
        left, singular, right = np.linalg.svd(jac)
        along = np.einsum("nij,ni->nj", left, w)
        with np.errstate(all="ignore"):
            newton = _step(along, singular, right, _SINGULAR)
            shortest = _step(along, singular, right, _NEARLY_SINGULAR)
            steps = np.stack([newton, 2 * newton, 3 * newton, shortest], axis=1)
            longest = np.abs(steps).max(axis=2, keepdims=True)
            steps *= np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, 1e-300))
            trials = x[:, None, :] + field.unit * np.where(np.isfinite(steps), steps, 0.0)
            trial_w, trial_jac = field(trials.reshape(-1, d))
            each = np.repeat(rows, 4, axis=0)
            trial_w, trial_jac = trial_w / each, trial_jac / each[:, :, None]
            sizes = np.where(finite(trial_w, trial_jac), np.abs(trial_w).max(axis=1), np.inf)
        best = 4 * np.arange(len(index)) + np.argmin(sizes.reshape(-1, 4), axis=1)
        better = sizes[best] < np.abs(w).max(axis=1)
        best, index, rows = best[better], index[better], rows[better]
        x, w, jac = trials.reshape(-1, d)[best], trial_w[best], trial_jac[best]
        ends[index] = x
    return ends


def _step(along: np.ndarray, singular: np.ndarray, right: np.ndarray, cut: float) -> np.ndarray:
    kept = (singular > cut * singular[:, :1]) & (singular > 0)
    coefficients = np.where(kept, along / np.where(kept, singular, 1.0), 0.0)
    return -np.einsum("nj,njk->nk", coefficients, right)
