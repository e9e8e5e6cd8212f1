"""Finite zero-sum games: the value and the best mixtures, by linear programming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
import sympy

from ..errors import InputError, InputTypeError
from ..time_limits import in_time
from ..verdicts.verdict import Verdict

_MOST_ENTRIES = 1_000_000
_MOST_EXACT_ENTRIES = 400
_SECONDS = 10.0
_SHOWN = 6  # strategies of a mixture in its text
_UNIQUE = (
    "every strategy that is not used costs something, and those that are used determine the weights"
)
_SEEN = 1e-9  # relative to the spread of the payoffs: HiGHS solves to about 1e-10


@dataclass(frozen=True)
class MatrixGame:
    """The solution of a finite zero-sum game: the row player minimises, the column player maximises.

    - `value`: what the column player can be sure of and the row player need not exceed, in mixed strategies.
    - `row`, `column`: optimal mixtures, shapes (n,) and (m,), nonnegative, with sum one.
    - `lower`, `upper`: what these mixtures guarantee: `min_i (A column)_i` and `max_j (row A)_j`. The value
      is between them, and `gap` = upper − lower is how much the players could gain together by deviating.
    - `minmax`, `maxmin`: the values in pure strategies, `min_i max_j A_ij` and `max_j min_i A_ij`.
    - `unique`: whether these mixtures are the only optimal ones.
    - `exact`: (value, row, column) as rational numbers if the matrix was exact, otherwise None.
    """

    value: float
    row: np.ndarray
    column: np.ndarray
    lower: float
    upper: float
    minmax: float
    maxmin: float
    unique: Verdict
    exact: tuple[sympy.Expr, tuple[sympy.Expr, ...], tuple[sympy.Expr, ...]] | None = None

    @property
    def gap(self) -> float:
        """upper − lower: zero, up to rounding, for an equilibrium."""
        return self.upper - self.lower

    def __str__(self) -> str:
        return (
            f"value {self.value:.6g} (gap {self.gap:.2g})\n"
            f"row player     {_mixture(self.row)}\ncolumn player  {_mixture(self.column)}\n"
            f"pure min max {self.minmax:.6g}, pure max min {self.maxmin:.6g}"
        )


def matrix_game(payoffs: Any) -> MatrixGame:
    """Solves the game in which the row player pays A_ij to the column player, A of shape (n, m).

    `payoffs` is A, an array or a SymPy matrix. The row player's best mixture p solves the linear program
    `min t, Aᵀp ≤ t, Σp = 1, p ≥ 0`, whose dual gives the column player's (von Neumann 1928; Dantzig 1951). A
    SymPy matrix of rational numbers is solved exactly, an array in floating point by HiGHS; the `gap` is
    computed afresh from the mixtures.

    Uniqueness: a solution that is not strictly complementary is not unique (Goldman, Tucker 1956); one that
    is, with supports I and J, is unique if `[A_IJ; 1]` and its counterpart for the rows have full rank.

    Raises InputError for an empty matrix, entries that are not finite real numbers, more than a million
    entries (400 exact ones), and InputTypeError for what is no matrix of numbers.
    """
    if isinstance(payoffs, sympy.MatrixBase):
        return _solved_exactly(payoffs)
    try:
        matrix = np.asarray(payoffs)
        if np.iscomplexobj(matrix):
            raise TypeError
        matrix = np.asarray(matrix, dtype=float)
    except (TypeError, ValueError):
        raise InputTypeError(
            "a matrix game takes a matrix of real numbers, with rows of one length"
        ) from None
    _check_shape(matrix.shape, _MOST_ENTRIES)
    if not np.isfinite(matrix).all():
        raise InputError("a matrix game takes finite payoffs; there is a NaN or an infinity")
    low, high = matrix.min(), matrix.max()
    middle, half = low / 2 + high / 2, high / 2 - low / 2
    scaled = (matrix - middle) / half if half > 0 else np.zeros_like(matrix)
    row, column = _programs(scaled)
    lower, upper = (scaled @ column).min(), (row @ scaled).max()
    return MatrixGame(
        value=float(middle + half * (lower + upper) / 2),
        row=row,
        column=column,
        lower=float(middle + half * lower),
        upper=float(middle + half * upper),
        minmax=float(matrix.max(axis=1).min()),
        maxmin=float(matrix.min(axis=0).max()),
        unique=_uniqueness(scaled, row, column, (lower + upper) / 2),
    )


def _check_shape(shape: tuple[int, ...], most: int) -> None:
    if len(shape) != 2:
        raise InputTypeError(f"a matrix game takes a matrix, not an array of {len(shape)} axes")
    if 0 in shape:
        raise InputError("a matrix game needs at least one row and one column")
    if shape[0] * shape[1] > most:
        raise InputError(f"a matrix game has at most {most} entries, not {shape[0]} by {shape[1]}")


def _programs(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Optimal mixtures of both players, from the linear program of the one and its multipliers."""
    n, m = matrix.shape
    found = scipy.optimize.linprog(
        np.append(np.zeros(n), 1.0),
        A_ub=np.column_stack([matrix.T, -np.ones(m)]),
        b_ub=np.zeros(m),
        A_eq=np.append(np.ones(n), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * n + [(None, None)],
        method="highs",
    )
    if found.status != 0:
        raise InputError(f"the linear program of this matrix game was not solved: {found.message}")
    return _on_simplex(found.x[:n]), _on_simplex(-found.ineqlin.marginals)


def _on_simplex(weights: np.ndarray) -> np.ndarray:
    weights = np.maximum(weights, 0.0)
    return weights / weights.sum()


def _uniqueness(matrix: np.ndarray, row: np.ndarray, column: np.ndarray, value: float) -> Verdict:
    """For payoffs between −1 and 1; see `matrix_game`."""
    spare_row, spare_column = matrix @ column - value, value - row @ matrix
    complementarity = float(np.concatenate([row + spare_row, column + spare_column]).min())
    if complementarity <= _SEEN:
        return _not_seen(complementarity, "a strategy that is not used costs nothing")
    rows, columns = row > spare_row, column > spare_column
    block = matrix[np.ix_(rows, columns)]
    smallest = min(_least_singular_value(block), _least_singular_value(block.T))
    if smallest <= _SEEN:
        return _not_seen(smallest, "the payoffs of the strategies in use are linearly dependent")
    number = min(complementarity, smallest)
    return Verdict("yes", number, number - _SEEN, "numeric", _UNIQUE)


def _not_seen(number: float, why: str) -> Verdict:
    """No for a number that is zero up to rounding, undecided for one that is merely small."""
    margin = 64 * float(np.finfo(float).eps) - number
    if margin >= 0:
        return Verdict(
            "no", number, margin, "numeric", f"{why}, so there are other optimal mixtures"
        )
    return Verdict("undecided", number, margin, "numeric", f"{why} or nearly nothing, {number:.2g}")


def _least_singular_value(block: np.ndarray) -> float:
    """Of [block; 1], whose kernel holds the directions in which an optimal mixture of columns can move."""
    bordered = np.vstack([block, np.ones(block.shape[1])])
    if bordered.shape[0] < bordered.shape[1]:
        return 0.0
    return float(np.linalg.svd(bordered, compute_uv=False)[-1])


def _solved_exactly(payoffs: sympy.MatrixBase) -> MatrixGame:
    _check_shape(payoffs.shape, _MOST_EXACT_ENTRIES)
    if not all(entry.is_Rational for entry in payoffs):
        raise InputTypeError(
            "an exact matrix game takes rational numbers; make it an array of floats for others"
        )
    solution = in_time(_SECONDS, lambda: (_exact_row(payoffs), _exact_column(payoffs)), None)
    if solution is None:
        raise InputError(
            "the exact solution of this matrix game takes too long; make it an array of floats"
        )
    row, column = solution
    spare_row, spare_column = payoffs * column, row.T * payoffs
    value = min(spare_row)
    if max(spare_column) != value:  # no duality gap, exactly
        raise InputError("the exact linear program of this matrix game was not solved")
    rows = [payoffs.row(i) for i in range(payoffs.rows)]
    columns = [payoffs.col(j) for j in range(payoffs.cols)]
    return MatrixGame(
        value=float(value),
        row=np.array(row, dtype=float).ravel(),
        column=np.array(column, dtype=float).ravel(),
        lower=float(value),
        upper=float(value),
        minmax=float(min(max(own) for own in rows)),
        maxmin=float(max(min(own) for own in columns)),
        unique=_exact_uniqueness(payoffs, row, column, value),
        exact=(value, tuple(row), tuple(column)),
    )


def _exact_column(payoffs: sympy.MatrixBase) -> sympy.Matrix:
    """The column player's optimal mixture: the row player's of the game with the roles exchanged."""
    return _exact_row(-payoffs.T)


def _exact_row(payoffs: sympy.MatrixBase) -> sympy.Matrix:
    """The row player's optimal mixture, shape (n, 1), by SymPy's simplex method.

    With every payoff made positive, p = x/Σx where x ≥ 0 has the largest sum with Aᵀx ≤ 1.
    """
    from sympy.solvers.simplex import linprog as simplex

    positive = payoffs - sympy.ones(*payoffs.shape) * (min(payoffs) - 1)
    _, weights = simplex([-1] * payoffs.rows, positive.T.tolist(), [1] * payoffs.cols)
    return sympy.Matrix(weights) / sum(weights)


def _exact_uniqueness(
    payoffs: sympy.MatrixBase, row: sympy.Matrix, column: sympy.Matrix, value: sympy.Expr
) -> Verdict:
    spare_row, spare_column = payoffs * column, payoffs.T * row
    used = [i for i in range(payoffs.rows) if spare_row[i] == value]
    seen = [j for j in range(payoffs.cols) if spare_column[j] == value]
    block = payoffs.extract(used, seen)
    bordered = [
        block.col_join(sympy.ones(1, len(seen))),
        block.T.col_join(sympy.ones(1, len(used))),
    ]
    if any(row[i] == 0 for i in used) or any(column[j] == 0 for j in seen):
        why = "a strategy that is not used costs nothing"
    elif any(matrix.rank() < matrix.cols for matrix in bordered):
        why = "the payoffs of the strategies in use are linearly dependent"
    else:
        return Verdict("yes", None, None, "exact", _UNIQUE)
    return Verdict("no", 0.0, 0.0, "exact", f"{why}, so there are other optimal mixtures")


def _mixture(weights: np.ndarray) -> str:
    """The most probable strategies."""
    used = [i for i in np.argsort(-weights, kind="stable") if weights[i] > 0]
    shown = [f"{weights[i]:.4g} on {i}" for i in sorted(used[:_SHOWN])]
    more = [f"and {len(used) - _SHOWN} more"] if len(used) > _SHOWN else []
    return "(" + ", ".join(shown + more) + ")"
