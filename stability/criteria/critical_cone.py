"""Stability of the projected linear flow on a polyhedral cone: where limits are touched without a push.

On the cone C = {u : a_w·u ≥ 0} the motion near the point is u̇ = Π_T_C(u)(M u) to first order, a linear
complementarity system. A ray u of C that it keeps, u̇ = λu, is an eigenvector of M on the face of C that holds
u, with the field pushing outwards on that face's constraints; λ is called a Pareto eigenvalue (Seeger 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

_ROUNDING = 1e-9
_MOST_CONSTRAINTS = 10
_MOST_DIMENSIONS = 12


@dataclass(frozen=True)
class OnCone:
    """`word`: "stable", "unstable" or "undecided"; `rate`: the deciding number; `because`: why."""

    word: Literal["stable", "unstable", "undecided"]
    rate: float | None
    because: str


def projected_linear_flow(matrix: np.ndarray, normals: np.ndarray) -> OnCone:
    """Whether u̇ = Π(M u) on the cone {u : normals @ u ≥ 0} decays to zero.

    `matrix` (k, k) and `normals` (m, k) are in an orthonormal basis. Decided are:

    - unstable, by a positive Pareto eigenvalue;
    - stable, where M + Mᵀ is negative definite, for the projection never lengthens u (‖u‖² falls);
    - in one and two dimensions always, but for Pareto eigenvalues that are zero: the direction of u moves on
      an arc, so it settles at a ray that is kept, and there the length decays or grows.
    """
    size = max(float(np.abs(matrix).max(initial=0.0)), 1e-300)
    k = matrix.shape[0]
    symmetric = float(np.linalg.eigvalsh((matrix + matrix.T) / 2)[-1]) if k else -1.0
    if symmetric < -_ROUNDING * size:
        return OnCone(
            "stable", symmetric, "the distance falls: the symmetric part of J is negative definite"
        )
    if len(normals) > _MOST_CONSTRAINTS or k > _MOST_DIMENSIONS:
        return OnCone("undecided", None, "there are too many limits without a push to look at")
    rates = pareto_eigenvalues(matrix, normals)
    largest = max(rates, default=-np.inf)
    if largest > _ROUNDING * size:
        return OnCone(
            "unstable", largest, f"a direction into the sets grows at the rate {largest:.6g}"
        )
    if k <= 2 and np.linalg.matrix_rank(normals) >= 1:
        if largest < -_ROUNDING * size:
            return OnCone(
                "stable",
                largest,
                f"every direction that is kept decays, the slowest at {largest:.6g}",
            )
        return OnCone(
            "undecided",
            largest,
            "a direction into the sets neither decays nor grows to first order",
        )
    return OnCone(
        "undecided",
        None,
        "no direction that is kept grows, which is not enough in three dimensions",
    )


def pareto_eigenvalues(matrix: np.ndarray, normals: np.ndarray) -> list[float]:
    """The Pareto eigenvalues of M on the cone {u : normals @ u ≥ 0}, those with a simple eigenvector."""
    size = max(float(np.abs(matrix).max(initial=0.0)), 1e-300)
    found = []
    for number in range(len(normals) + 1):
        for held in combinations(range(len(normals)), number):
            own = normals[list(held)]
            basis = _kernel(own, matrix.shape[0])
            if not basis.shape[1]:
                continue
            values, vectors = np.linalg.eig(basis.T @ matrix @ basis)
            for value, vector in zip(values, vectors.T, strict=True):
                if abs(value.imag) > _ROUNDING * size:
                    continue
                u = basis @ vector.real
                found += [
                    value.real for s in (1, -1) if _kept(matrix, normals, held, s * u, value.real)
                ]
    return found


def _kept(
    matrix: np.ndarray, normals: np.ndarray, held: tuple[int, ...], u: np.ndarray, rate: float
) -> bool:
    """Whether u is in the cone, and its velocity, but for rate·u, pushes against the held constraints."""
    reach = 1e-9 * np.linalg.norm(normals, axis=1) * np.linalg.norm(u)
    if (normals @ u < -reach).any():
        return False
    if not held:
        return True
    left = matrix @ u - rate * u  # = −Σ push_w a_w
    push, *_ = np.linalg.lstsq(-normals[list(held)].T, left, rcond=None)
    return bool((push >= -1e-9 * (np.abs(left).max() + 1e-300)).all())


def _kernel(rows: np.ndarray, k: int) -> np.ndarray:
    """An orthonormal basis of the vectors that are orthogonal to the rows, shape (k, r)."""
    if not len(rows):
        return np.eye(k)
    _, singular, right = np.linalg.svd(rows)
    rank = int((singular > 1e-12 * singular[0]).sum())
    return right[rank:].T
