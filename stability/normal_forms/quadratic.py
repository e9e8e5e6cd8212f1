"""One quadratic Lyapunov function for several linear fields, and so for every way of switching among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy
from scipy.linalg import solve_continuous_lyapunov

_DENOMINATOR = 10**6


def common_lyapunov_function(
    matrices: Sequence[sympy.Matrix], sign: Callable[[sympy.Expr], int]
) -> sympy.Matrix | None:
    """A rational P ≻ 0 with JᵀP + PJ ≺ 0 for all the matrices J, each of shape (d, d); None if none is found.

    The candidates are the identity and the solutions of Lyapunov's equation for each J and for their mean,
    rounded; `sign` tells that of a constant, so that what is returned is checked as exactly as it can.
    Reference: Liberzon (2003), *Switching in Systems and Control*, §2.1.
    """
    numbers = [np.array(J.evalf(20).tolist(), dtype=float) for J in matrices]
    d = len(numbers[0])
    if any(np.linalg.eigvals(J).real.max() >= 0 for J in numbers):
        return None
    candidates = [np.eye(d)]
    for J in (sum(numbers) / len(numbers), *numbers):
        if np.linalg.eigvals(J).real.max() < 0:
            found = solve_continuous_lyapunov(J.T, -np.eye(d))
            candidates.append(found / np.abs(found).max())
    for candidate in candidates:
        rounded = np.round((candidate + candidate.T) / 2 * _DENOMINATOR)
        P = sympy.Matrix(d, d, lambda i, j, own=rounded: sympy.Rational(int(own[i, j]), _DENOMINATOR))
        if _positive(P, sign) and all(_positive(-(J.T * P + P * J), sign) for J in matrices):
            return P
    return None


def _positive(matrix: sympy.Matrix, sign: Callable[[sympy.Expr], int]) -> bool:
    """Sylvester's criterion."""
    minors = (matrix[:k, :k].det() for k in range(1, matrix.rows + 1))
    return all(sign(sympy.expand(minor)) > 0 for minor in minors)
