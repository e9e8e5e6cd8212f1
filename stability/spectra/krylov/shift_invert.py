"""Eigenvalues nearest a point: the inverse of a shifted operator, applied by restarted GMRES."""

from __future__ import annotations

from typing import Any

import numpy as np

from .operators import Operator

_INNER = 40  # vectors of the inner Krylov spaces
_CYCLES = 10


def inverted(operator: Operator, basis: Any, target: complex, tolerance: float) -> Operator:
    """v ↦ (A − τ)⁻¹ v for a real τ = `target`; for a complex one ((A − τ)(A − τ̄))⁻¹ v.

    The latter is real as well (Parlett and Saad 1987 compare such operators), and its largest
    eigenvalues 1 / ((λ − τ)(λ − τ̄)) belong to the λ near τ or τ̄. The systems are solved by GMRES
    (Saad and Schultz 1986) to the relative tolerance; whether that was reached shows in the
    residuals, which are computed with A itself.

    **Arguments:**

    - `basis`: an empty basis of `inner_size(d)` rows, for the inner Krylov spaces.
    """
    real, imaginary = target.real, target.imag

    def shifted(vector: Any) -> Any:
        image = operator.matvec(vector) - _like(operator, real) * vector
        if imaginary:
            turned = operator.matvec(image) - _like(operator, real) * image
            image = turned + _like(operator, imaginary**2) * vector
        return image

    def solve(vector: Any) -> Any:
        return gmres(shifted, basis, vector, tolerance)

    return Operator(solve, None, operator.dimension, operator.dtype, operator.sharding)


def inner_size(d: int) -> int:
    """How many rows the inner basis has."""
    return min(_INNER, d) + 1


def gmres(product: Any, basis: Any, right: Any, tolerance: float) -> Any:
    """x with ‖A x − b‖ ≤ tolerance ‖b‖, or the best after some restarts."""
    size = min(_INNER, int(right.shape[0]))
    rest, solution, first = right, None, None
    for _ in range(_CYCLES):
        block = basis.stack([rest])
        norm = float(np.sqrt(basis.gram(block)[0, 0]))
        first = norm if first is None else first
        if norm <= tolerance * first or not np.isfinite(norm):
            break
        basis.store(0, basis.turned(block, np.array([[1 / norm]])))
        small = np.zeros((size + 1, size))
        goal = np.zeros(size + 1)
        goal[0] = norm
        for n in range(size):
            block = basis.stack([product(basis.row(n))])
            for _ in range(2):
                part = basis.project(n + 1, block)
                block = basis.subtract(n + 1, block, part)
                small[: n + 1, n] += part[:, 0]
            left = small[n + 1, n] = float(np.sqrt(basis.gram(block)[0, 0]))
            weights = np.linalg.lstsq(small[: n + 2, : n + 1], goal[: n + 2], rcond=None)[0]
            residual = np.linalg.norm(small[: n + 2, : n + 1] @ weights - goal[: n + 2])
            spent = left <= 1e-3 * tolerance * np.linalg.norm(small[: n + 1, n])
            if residual <= tolerance * first or spent:
                break
            basis.store(n + 1, basis.turned(block, np.array([[1 / left]])))
        step = basis.combination(weights)
        solution = step if solution is None else solution + step
        rest = right - product(solution)
    return right * 0 if solution is None else solution


def _like(operator: Operator, number: float) -> Any:
    return operator.dtype.type(number)
