"""How one random step moves the first two moments of the state's distance from the equilibrium.

The linearised step is δ⁺ = M δ + g with random M, shape (m, m), and g, shape (m,), new in every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..dynamics.partition import Partition
from ..rules import Rule
from .batched import steps_on
from .minibatches import SampleFields
from .tape import Tape

SMALL = 1024  # entries of a matrix whose Kronecker square is formed


class Congruence:
    """Q ↦ Σ_k w_k A_k Q A_kᵀ, from matrices of shape (r, K, c), their rows first."""

    def __init__(self, matrices: np.ndarray, weights: np.ndarray | float):
        self.matrices = matrices
        self.weights = weights
        self.rows, self.number, self.columns = matrices.shape

    @cached_property
    def _square(self) -> np.ndarray:
        """Σ_k w_k A_k ⊗ A_k, shape (r², c²)."""
        r, c = self.rows, self.columns
        flat = self.matrices.transpose(0, 2, 1).reshape(r * c, -1)
        gram = (flat * self.weights) @ flat.T
        return gram.reshape(r, c, r, c).transpose(0, 2, 1, 3).reshape(r * r, c * c)

    def __call__(self, q: np.ndarray) -> np.ndarray:
        """Of symmetric matrices, shape (…, c, c); the result has shape (…, r, r)."""
        if self.rows * self.columns <= SMALL:
            flat = q.reshape(-1, self.columns**2) @ self._square.T
            return flat.reshape(*q.shape[:-2], self.rows, self.rows)
        if q.ndim > 2:
            return np.stack([self(own) for own in q])
        moved = (self.matrices.reshape(-1, self.columns) @ q).reshape(self.matrices.shape)
        weighted = moved * np.reshape(self.weights, (-1, 1))
        return weighted.reshape(self.rows, -1) @ self.matrices.reshape(self.rows, -1).T


@dataclass(frozen=True, eq=False)
class Jitter:
    """The covariance of a minibatch's field and Jacobian: what one evaluation adds to second moments."""

    fields: SampleFields
    factor: float

    @cached_property
    def covariance(self) -> np.ndarray:
        """Of the field, shape (d, d)."""
        return self.factor * self.fields.covariance

    @cached_property
    def _known(self) -> dict[tuple[int, int], Congruence]:
        return {}

    def of_jacobian(self, rows: slice) -> Congruence:
        """Q ↦ E[(J_B − J) Q (J_B − J)ᵀ] in some rows."""
        key = (rows.start, rows.stop)
        if key not in self._known:
            n = self.fields.samples
            self._known[key] = Congruence(self.fields.deviations[rows], self.factor / n)
        return self._known[key]


@dataclass(frozen=True, eq=False)
class Recorded:
    """A step that draws a fresh minibatch for every evaluation of the field.

    Then every evaluation y = J_B w + v_B is independent of w, so E[yyᵀ] = J W Jᵀ + E[(J_B − J) W (J_B − J)ᵀ]
    + Cov(v_B) with W = E[wwᵀ], and E[yzᵀ] = J E[wzᵀ] for whatever was known before: the moments of the whole
    tape follow exactly, however many evaluations there are.
    """

    tape: Tape
    jitter: Jitter

    @cached_property
    def mean(self) -> np.ndarray:
        """E[M], shape (m, m)."""
        tape, jacobian = self.tape, self.jitter.fields.jacobian
        known = np.eye(tape.after.shape[1], tape.state)
        for e in tape.evaluations:
            known[e.begin : e.end] = jacobian[e.rows] @ (e.point @ known[: e.begin])
        return tape.after @ known

    @property
    def drift(self) -> np.ndarray:
        """E[g], shape (m,)."""
        return np.zeros(self.tape.state)

    def second(self, p: np.ndarray) -> np.ndarray:
        """E[M P Mᵀ] of symmetric matrices, shape (…, m, m)."""
        return self._moved(p, True, False)

    def forcing(self, mean: np.ndarray) -> np.ndarray:
        """E[(Mμ + g)(Mμ + g)ᵀ − Mμ(Mμ)ᵀ], shape (m, m), at the state's stationary mean μ."""
        m = self.tape.state
        return self._moved(np.zeros((m, m)), True, True)

    def additive(self) -> tuple[np.ndarray, np.ndarray]:
        """M and Cov(g) of the step with the mean Jacobian in place of the random one, both (m, m)."""
        m = self.tape.state
        return self.mean, self._moved(np.zeros((m, m)), False, True)

    def _moved(self, p: np.ndarray, multiplicative: bool, additive: bool) -> np.ndarray:
        tape, jacobian = self.tape, self.jitter.fields.jacobian
        m, t = tape.state, tape.after.shape[1]
        known = np.zeros((*p.shape[:-2], t, t))
        known[..., :m, :m] = p
        for e in tape.evaluations:
            old, new = slice(0, e.begin), slice(e.begin, e.end)
            crossed = e.point @ known[..., old, old]
            own = jacobian[e.rows]
            square = crossed @ e.point.T
            moment = own @ square @ own.T
            if multiplicative:
                moment = moment + self.jitter.of_jacobian(e.rows)(square)
            if additive:
                moment = moment + self.jitter.covariance[e.rows, e.rows]
            known[..., new, new] = moment
            known[..., new, old] = own @ crossed
            known[..., old, new] = np.swapaxes(known[..., new, old], -1, -2)
        return tape.after @ known @ tape.after.T


@dataclass(frozen=True, eq=False)
class Listed:
    """A step that uses one minibatch throughout: its M, shape (K, m, m), and g, shape (K, m), for each of K.

    `batches` are the minibatches' fields and Jacobians, a row for each.
    `weights` are their probabilities. With the mean Jacobian M is `steady` and g is `response`, shape (m, d),
    times the field at the equilibrium, whose covariance is `covariance`.
    """

    matrices: np.ndarray
    pushes: np.ndarray
    weights: np.ndarray
    steady: np.ndarray
    response: np.ndarray
    batches: np.ndarray
    covariance: np.ndarray

    @cached_property
    def mean(self) -> np.ndarray:
        """E[M], shape (m, m)."""
        return np.tensordot(self.weights, self.matrices, 1)

    @cached_property
    def drift(self) -> np.ndarray:
        """E[g], shape (m,)."""
        return self.weights @ self.pushes

    @cached_property
    def _congruence(self) -> Congruence:
        rows_first = np.ascontiguousarray(self.matrices.transpose(1, 0, 2))
        return Congruence(rows_first, self.weights)

    def second(self, p: np.ndarray) -> np.ndarray:
        """E[M P Mᵀ] of symmetric matrices, shape (…, m, m)."""
        return self._congruence(p)

    def forcing(self, mean: np.ndarray) -> np.ndarray:
        """E[(Mμ + g)(Mμ + g)ᵀ − Mμ(Mμ)ᵀ], shape (m, m), at the state's stationary mean μ."""
        moved, pushed = self.matrices @ mean, self.pushes
        weighted = self.weights[:, None] * pushed
        mixed = weighted.T @ moved
        return mixed + mixed.T + weighted.T @ pushed

    def additive(self) -> tuple[np.ndarray, np.ndarray]:
        """M and Cov(g) of the step with the mean Jacobian in place of the random one, both (m, m)."""
        return self.steady, self.response @ self.covariance @ self.response.T


Moments = Recorded | Listed


def listed(
    rule: Rule,
    partition: Partition,
    batches: tuple[np.ndarray, np.ndarray, np.ndarray],
    jitter: Jitter,
) -> Listed:
    """The moments of a step on each of the given minibatches: fields (K, d), Jacobians (K, d, d), weights.

    Raises SingularError where the step solves a system that is singular on one of the minibatches.
    """
    fields, jacobians, weights = batches
    matrices, pushes = steps_on(rule, partition, jacobians, fields)
    d = partition.dimension
    mean = np.broadcast_to(jitter.fields.jacobian, (d, d, d))
    steady, response = steps_on(rule, partition, mean, np.eye(d))
    rows = np.concatenate([fields, jacobians.reshape(len(fields), -1)], axis=1)
    return Listed(matrices, pushes, weights, steady[0], response.T, rows, jitter.covariance)
