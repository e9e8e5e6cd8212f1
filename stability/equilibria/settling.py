"""Where flows settle: from many starts at once, in implicit steps that grow as the flow slows down."""

from __future__ import annotations

import numpy as np

from .scaling import Evaluate, finite

_STEPS = 120
_FIRST = 0.1  # of the time in which the fastest coordinate changes by its own size
_RIGHT = 0.6  # a coordinate's error, relative to its size, up to which a step is taken
_AIM = 0.4
_SMALLEST = 1e-9  # of the unit: coordinates below are compared with this
_AT_REST = 1e-10  # relative length of a step at which a run is over
_LOST = 1e12  # units from the origin


# Differs from the textbook in these ways:
#
# 1. A step is one Newton step of the implicit Euler method, δ = (I/h − J)⁻¹ v. Its error is taken from the
#    next Newton step, (I/h − J)⁻¹ (v(x + δ) − δ/h), which needs nothing but the field where the step ends.
# 2. Errors are relative to each coordinate's own size, for what follows a flow over decades must not step
#    over zero; they need not be small, for only the end matters.
# 3. Nothing limits h. Near a rest point the step becomes Newton's, and a run that dwells at a saddle often
#    ends there, so that these runs find what lies between attractors too.
def settled(
    evaluate: Evaluate, starts: np.ndarray, unit: np.ndarray, directions: np.ndarray
) -> np.ndarray:
    """The ends, shape (n, d), of the flow ẋ = v(x) from every start, or of ẋ = −v(x).

    **Arguments**: `evaluate` maps points (n, d) to v (n, d) and its Jacobians (n, d, d); `starts` (n, d);
    `unit` (d,): the coordinates' typical sizes; `directions` (n,): 1 for forward, −1 for backward. A run from
    where v is not finite stays there.

    Totals that the flow keeps are kept. Not every end is near a rest point: there are cycles, chaos and
    flows that leave.

    **References**: C. T. Kelley and D. E. Keyes, *Convergence analysis of pseudo-transient continuation*,
    SIAM J. Numer. Anal. 35 (1998); P. Deuflhard, *Newton Methods for Nonlinear Problems* (2004), for errors
    from simplified Newton steps.
    """
    ends = np.array(starts, float)
    v, jac = _along(evaluate, ends, directions)
    index = np.flatnonzero(finite(v, jac))
    x, v, jac, sign = ends[index], v[index], jac[index], directions[index]
    with np.errstate(all="ignore"):
        h = _FIRST / np.maximum(np.abs(v / _sizes(x, unit)).max(axis=1, initial=0), 1e-300)
    for _ in range(_STEPS):
        if not index.size:
            break
        with np.errstate(all="ignore"):
            inverse, usable = _inverses(np.eye(x.shape[1]) / h[:, None, None] - jac)
            step = np.einsum("nij,nj->ni", inverse, v)
            trial = x + step
            trial_v, trial_jac = _along(evaluate, trial, sign)
            missed = np.einsum("nij,nj->ni", inverse, trial_v - step / h[:, None])
            size = np.maximum(_sizes(x, unit), np.abs(trial))
            error = np.abs(missed / size).max(axis=1)
            error = np.where(
                usable & finite(trial_v, trial_jac) & np.isfinite(error), error, np.inf
            )
            over = np.abs(step / size).max(axis=1) <= _AT_REST
        taken = error <= _RIGHT
        x = np.where(taken[:, None], trial, x)
        v = np.where(taken[:, None], trial_v, v)
        jac = np.where(taken[:, None, None], trial_jac, jac)
        change = _AIM / np.maximum(error, 1e-12)
        with np.errstate(over="ignore"):  # where the field vanishes steps grow beyond all numbers
            h = h * np.where(taken, np.clip(change, 0.5, 10.0), np.clip(change, 0.1, 0.3))
        far = np.abs(x / unit).max(axis=1) > _LOST
        over = (taken & over) | far | ~((h > 1e-300) & np.isfinite(h))
        ends[index] = x
        rest = ~over
        index, x, v, jac, h = index[rest], x[rest], v[rest], jac[rest], h[rest]
        sign = sign[rest]
    return ends


def _along(evaluate: Evaluate, x: np.ndarray, sign: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(all="ignore"):
        v, jac = evaluate(x)
    return sign[:, None] * v, sign[:, None, None] * jac


def _sizes(x: np.ndarray, unit: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(x), _SMALLEST * unit)


def _inverses(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverses (n, d, d), and which of them are usable."""
    identity = np.eye(matrices.shape[1])
    usable = np.asarray(np.isfinite(matrices).all(axis=(1, 2)))
    matrices = np.where(usable[:, None, None], matrices, identity)
    try:
        return np.linalg.inv(matrices), usable
    except np.linalg.LinAlgError:  # exactly singular, as for a step that just fits an eigenvalue
        size = np.abs(matrices).max(axis=(1, 2))
        return np.linalg.pinv(matrices + 1e-14 * size[:, None, None] * identity), usable
