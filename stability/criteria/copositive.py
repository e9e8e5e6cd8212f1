"""Quadratic forms on cones: copositivity, exactly.

A symmetric matrix M is copositive if zᵀMz ≥ 0 for every z ≥ 0, and strictly so if zᵀMz > 0 for every such
z ≠ 0 (Hadeler 1983).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import sympy


def sign_on_cone(form: sympy.MatrixBase, free: int) -> int:
    """The sign of zᵀMz for the z whose first `free` numbers are any, and whose others are not negative.

    1: positive for every z ≠ 0; 0: never negative, and zero for some z ≠ 0; −1: negative for some. `form` is
    symmetric, shape (n, n), of rational numbers. Free numbers are eliminated one by one, as in LDLᵀ: where
    M_kk > 0 the least value over z_k is the Schur complement's; where M_kk = 0 the form has no least value
    over z_k unless the whole row is zero.
    """
    m, strict = sympy.Matrix(form), True
    while free:
        diagonal = [m[k, k] for k in range(free)]
        if min(diagonal) < 0:
            return -1
        k = max(range(free), key=lambda j: diagonal[j])
        if diagonal[k] > 0:
            m = m - m[:, k] * m[k, :] / m[k, k]
        elif m[:free, :].is_zero_matrix:
            m, strict = m[free:, free:], False
            break
        else:
            return -1
        m.row_del(k)
        m.col_del(k)
        free -= 1
    if strictly_copositive(m):
        return 1 if strict else 0
    return 0 if is_copositive(m) else -1


def strictly_copositive(matrix: sympy.MatrixBase) -> bool:
    """Whether zᵀMz > 0 for every z ≥ 0 but 0, M symmetric and of rational numbers.

    It is so if and only if every principal submatrix in whose last row all cofactors are positive has a
    positive determinant (Keller; see Hadeler 1983).
    """
    for block in _principal_submatrices(matrix):
        last = block.rows - 1
        if all(block.cofactor(last, j) > 0 for j in range(block.rows)) and block.det() <= 0:
            return False
    return True


def is_copositive(matrix: sympy.MatrixBase) -> bool:
    """Whether zᵀMz ≥ 0 for every z ≥ 0, M symmetric and of rational numbers.

    It is so if and only if no principal submatrix B has an inverse with z = −B⁻¹(1, …, 1) ≥ 0. Such a z has
    zᵀBz = −Σz < 0. And where M is not copositive, let B be a smallest principal submatrix that is not: its
    form is least on the simplex at some z > 0, where Bz = μ(1, …, 1) with μ < 0; Bv = 0 would give
    μΣv = zᵀBv = 0, and z + tv would lead with the same value to a smaller submatrix (compare Cottle,
    Habetler, Lemke 1970).
    """
    for block in _principal_submatrices(matrix):
        if block.det() != 0 and max(block.LUsolve(sympy.ones(block.rows, 1))) <= 0:
            return False
    return True


def _principal_submatrices(matrix: sympy.MatrixBase) -> Iterator[sympy.MatrixBase]:
    n = matrix.rows
    for k in range(1, n + 1):
        for chosen in combinations(range(n), k):
            yield matrix.extract(chosen, chosen)
