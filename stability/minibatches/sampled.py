"""How far means over random minibatches may be off."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from .moments import Listed, Moments
from .symmetric import matrix_of, pack, unpack


def radius_error(moments: Moments, m: int) -> float:
    """The standard error of ρ(E[M ⊗ M]) when the expectation is a mean over K random minibatches.

    To first order ρ moves by ⟨Y, (E − Ê)(P)⟩/⟨Y, P⟩, with P and Y the right and the left eigenvector, so the
    error is the standard deviation of ⟨Y, M_k P M_kᵀ⟩/⟨Y, P⟩ over √K (the delta method).
    """
    assert isinstance(moments, Listed)
    values, left, right = scipy.linalg.eig(matrix_of(moments.second, m), left=True)
    leader = int(np.argmax(values.real))
    y, p = (unpack(np.real(own[:, leader]), m) for own in (left, right))
    overlap = float(np.sum(y * p))
    if overlap == 0.0:
        return np.inf
    moved = moments.matrices @ p @ moments.matrices.transpose(0, 2, 1)
    return _error_of_mean(np.tensordot(moved, y) / overlap, moments)


def trace_error(moments: Moments, mean: np.ndarray, covariance: np.ndarray, d: int) -> float:
    """The standard error of the trace of the profile's stationary covariance, likewise.

    With S = P + μμᵀ, S = E[(Mz + g)(Mz + g)ᵀ] over stationary z, the trace moves by ⟨Y, (E − Ê)(…)⟩, where
    Y − E[MᵀYM] is the identity on the profile and zero on what the rule remembers.
    """
    assert isinstance(moments, Listed)
    m = len(mean)
    weight = pack(np.diag(np.arange(m) < d).astype(float))
    matrix = matrix_of(moments.second, m)
    y = unpack(np.linalg.solve((np.eye(len(matrix)) - matrix).T, weight), m)
    moved = moments.matrices @ mean + moments.pushes
    spread = moments.matrices @ covariance @ moments.matrices.transpose(0, 2, 1)
    squares = np.einsum("ki,ij,kj->k", moved, y, moved)
    return _error_of_mean(np.tensordot(spread, y) + squares, moments)


def _error_of_mean(values: np.ndarray, moments: Listed) -> float:
    """The standard error of a mean over minibatches that were moved so that their own mean is the data's.

    To first order moving them subtracts what is linear in them, as control variates do (Owen 2013, Monte
    Carlo theory, methods and examples, section 8.9), so what a regression on them leaves is what scatters.
    """
    controls = moments.batches - moments.batches.mean(axis=0)
    slopes, _, rank, _ = np.linalg.lstsq(controls, values - values.mean(), rcond=1e-12)
    left = values - values.mean()
    number, spent = len(values), 1
    if 2 * rank < number:
        left, spent = left - controls @ slopes, 1 + int(rank)
    return float(np.sqrt(np.sum(left**2) / (number - spent) / number))
