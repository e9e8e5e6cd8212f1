"""One quadratic Lyapunov function for several linear fields, and so for every way of switching among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy
from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov

_DENOMINATOR = 10**6


def common_lyapunov_function(
    matrices: Sequence[sympy.Matrix], sign: Callable[[sympy.Expr], int], steps: bool = False
) -> sympy.Matrix | None:
    """A rational P ≻ 0 with JᵀP + PJ ≺ 0 for all the matrices J, each of shape (d, d); None if none is found.

    Of `steps` A it is P with AᵀPA − P ≺ 0. The candidates are the identity and the solutions of Lyapunov's
    equation for each matrix and for their mean, rounded; `sign` tells that of a constant, so that what is
    returned is checked as exactly as it can.
    Reference: Liberzon (2003), *Switching in Systems and Control*, §2.1.
    """
    numbers = [np.array(J.evalf(20).tolist(), dtype=float) for J in matrices]
    d = len(numbers[0])

    def stable(J: np.ndarray) -> bool:
        values = np.linalg.eigvals(J)
        return bool(np.abs(values).max() < 1 if steps else values.real.max() < 0)

    if not all(map(stable, numbers)):
        return None
    candidates = [np.eye(d)]
    for J in filter(stable, (np.mean(numbers, axis=0), *numbers)):
        solve = solve_discrete_lyapunov if steps else solve_continuous_lyapunov
        found = solve(J.T, np.eye(d) if steps else -np.eye(d))
        candidates.append(found / np.abs(found).max())
    for candidate in candidates:
        rounded = np.round((candidate + candidate.T) / 2 * _DENOMINATOR)
        P = sympy.Matrix(
            d, d, lambda i, j, own=rounded: sympy.Rational(int(own[i, j]), _DENOMINATOR)
        )
        falls = [P - J.T * P * J if steps else -(J.T * P + P * J) for J in matrices]
        if all(definite(own, sign) for own in (P, *falls)):
            return P
    return None


def definite(matrix: sympy.Matrix, sign: Callable[[sympy.Expr], int]) -> bool:
    """Whether a symmetric matrix of constants is positive definite, by Sylvester's criterion."""
    minors = (matrix[:k, :k].det() for k in range(1, matrix.rows + 1))
    return all(sign(sympy.expand(minor)) > 0 for minor in minors)
