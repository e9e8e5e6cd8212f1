"""Linear algebra over a field, by elimination: a few rows, no tolerance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Rows = list[list[Any]]


def times(matrix: Rows, vector: Sequence[Any], zero: Any) -> list[Any]:
    """The product of a matrix and a vector."""
    result = []
    for row in matrix:
        total = zero
        for a, b in zip(row, vector, strict=True):
            if a and b:
                total = total + a * b
        result.append(total)
    return result


def solved(
    matrix: Rows,
    right: Sequence[Any],
    is_zero: Callable[[Any], bool],
    size: Callable[[Any], float] | None = None,
) -> list[Any]:
    """The solution of a square system that has one and only one.

    **Arguments:**

    - `matrix`, `right`: n rows and n numbers.
    - `is_zero`: whether an element of the field is zero.
    - `size`: where given, the pivot is the element for which it is largest: for rounded numbers.

    Raises `ZeroDivisionError` for a singular matrix.
    """
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    n = len(rows)
    for column in range(n):
        rest = range(column, n)
        if size is not None:
            pivot = max(rest, key=lambda i: size(rows[i][column]))
            if is_zero(rows[pivot][column]):
                raise ZeroDivisionError("the matrix is singular")
        else:
            found = next((i for i in rest if not is_zero(rows[i][column])), None)
            if found is None:
                raise ZeroDivisionError("the matrix is singular")
            pivot = found
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column]
        for i in range(column + 1, n):
            row = rows[i]
            if not row[column]:
                continue
            factor = row[column] / head[column]
            for j in range(column + 1, n + 1):
                if head[j]:
                    row[j] = row[j] - factor * head[j]
    solution: list[Any] = [None] * n
    for i in reversed(range(n)):
        total = rows[i][n]
        for j in range(i + 1, n):
            if rows[i][j] and solution[j]:
                total = total - rows[i][j] * solution[j]
        solution[i] = total / rows[i][i]
    return solution


def characteristic(matrix: Rows, zero: Any, one: Any) -> list[Any]:
    """The coefficients of det(s − matrix), leading one first (Faddeev and LeVerrier)."""
    n = len(matrix)
    coefficients = [one]
    power = [[zero] * n for _ in range(n)]
    for k in range(1, n + 1):
        for i in range(n):
            power[i][i] = power[i][i] + coefficients[-1]
        columns = [times(matrix, column, zero) for column in zip(*power, strict=True)]
        power = [list(row) for row in zip(*columns, strict=True)]
        trace = zero
        for i in range(n):
            trace = trace + power[i][i]
        coefficients.append(-trace / k)
    return coefficients


def trimmed(polynomial: Sequence[Any], is_zero: Callable[[Any], bool]) -> list[Any]:
    """The polynomial without leading zeros, made monic; the zero polynomial is empty."""
    for start, lead in enumerate(polynomial):
        if not is_zero(lead):
            return [c / lead for c in polynomial[start:]]
    return []


def divided(polynomial: Sequence[Any], by: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Quotient and remainder of division by a monic polynomial, leading coefficients first."""
    rest, quotient = list(polynomial), []
    while len(rest) >= len(by):
        head = rest.pop(0)
        quotient.append(head)
        for i, c in enumerate(by[1:]):
            rest[i] = rest[i] - head * c
    return quotient, rest


def common_divisor(
    one: Sequence[Any], other: Sequence[Any], is_zero: Callable[[Any], bool]
) -> list[Any]:
    """The monic greatest common divisor of two polynomials (Euclid), leading coefficient first."""
    first, second = trimmed(one, is_zero), trimmed(other, is_zero)
    while second:
        first, second = second, trimmed(divided(first, second)[1], is_zero)
    return first
