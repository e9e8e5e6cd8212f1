"""One point of a game, with everything that verdicts on it are made from: both engines, all derivatives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np
import sympy

from ..dynamics.domain import check_defined
from ..dynamics.points import coordinates_by_name
from ..dynamics.symbols import exact as exact_number
from ..dynamics.system import is_a
from ..equilibria.equilibrium import Equations, Equilibrium
from ..equilibria.exact import number_is_zero
from ..equilibria.find import describe_point
from ..equilibria.scaling import Evaluate
from ..errors import InputError, InputTypeError
from ..fields import Gradient
from ..games.game import Game
from ..games.structure import is_zero_sum
from ..games.symbolic import SymbolicGame
from ..spectra.exact import at_point
from .conditions import Derivatives
from .verdict import Verdict

LARGEST = 500  # above this dimension dense matrices take too long
FARTHEST = 10**100  # beyond it squares overflow
LARGEST_EXACT = 8  # above this dimension closed forms are neither short nor quick

Values = Mapping[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True)
class GamePoint:
    """A point of a game, at rest or not.

    - `game`, `symbolic`: the game in each engine (`symbolic` is None where there are no expressions, or too
      many), and the `values` of its parameters.
    - `equilibrium`: the point, and what is known of it and of the equilibria around it.
    - `evaluate`, `box`: the gradient field as a batch, and the box whose widths are visible distances.
    - `zero_sum`: whether the game is strategically so: see `stability.games.structure.is_zero_sum`.
    """

    game: Game
    symbolic: SymbolicGame | None
    values: Values
    equilibrium: Equilibrium
    evaluate: Evaluate
    box: np.ndarray
    zero_sum: bool

    @cached_property
    def derivatives(self) -> tuple[Derivatives, Derivatives | None, float]:
        """The losses' derivatives here in floating point, in exact numbers (or None), and their error."""
        e, game = self.equilibrium, self.game

        def constrained(leader: int, follower: int, w: np.ndarray) -> np.ndarray:
            with jax.enable_x64(True):
                return np.asarray(game.constrained_hessian(leader, follower, e.point, w))

        exact = self.exact_derivatives(self.values)
        if exact is not None:
            hessians = [numbers(h) for h in exact.hessians]
            return Derivatives(numbers(exact.gradients), hessians, constrained), exact, 0.0
        gradients, hessians = _numeric_derivatives(game, e.point)
        moved = 0.0
        if e.error:
            nearby = _numeric_derivatives(game, e.point + e.error)[1]
            moved = float(np.abs(nearby - hessians).max())
        return Derivatives(gradients, list(hessians), constrained), None, moved

    def exact_derivatives(self, values: Values) -> Derivatives | None:
        """The derivatives in exact numbers, parameters without a value among the given ones left free."""
        game, point = self.symbolic, self.equilibrium.exact
        if game is None or point is None:
            return None
        put_in = dict(values)
        coordinates = [c.xreplace(put_in) for c in point]

        def put(matrix: sympy.MatrixBase) -> sympy.MatrixBase:
            return at_point(matrix.xreplace(put_in), game.variables, coordinates)

        def constrained(leader: int, follower: int, w: sympy.MatrixBase) -> sympy.MatrixBase:
            return put(game.constrained_hessian(leader, follower, None, w))

        gradients, hessians = game.derivatives()
        return Derivatives(put(gradients), [put(h) for h in hessians], constrained)

    def rests_on(self, directions: sympy.MatrixBase) -> bool:
        """Whether the field vanishes identically on the plane through this point, in exact numbers.

        `directions`: exact, shape (d, k). False where that cannot be established.
        """
        game, point = self.symbolic, self.equilibrium.exact
        if game is None or point is None:
            return False
        values = dict(self.values)
        along = sympy.symbols(f"t:{directions.cols}", real=True, cls=sympy.Dummy)
        plane = sympy.Matrix(point) + directions * sympy.Matrix(along)
        put = {**dict(zip(game.variables, plane, strict=True)), **values}
        return all(number_is_zero(e.xreplace(put)) for e in game.expressions)

    @property
    def trouble(self) -> Verdict | None:
        """Undecided, with the reason, where no second derivative decides anything; otherwise None."""
        e = self.equilibrium
        if not e.differentiable:
            return Verdict(
                "undecided", None, None, "numeric", "the field is not differentiable here"
            )
        if e.stationary:
            return None
        text = f"the point is not stationary: the field there has size {e.residual:.6g}"
        return Verdict("undecided", e.residual, None, "numeric", text)


def game_point(
    game: Game | SymbolicGame,
    x: Any,
    parameters: Mapping[Any, Any] | None = None,
) -> GamePoint:
    """The point `x` of a game: d numbers, or variable ↦ number; exact numbers stay exact.

    Raises InputError for anything else, for a parameter without a value, and above 500 variables.
    """
    if not is_a(game, "game"):
        raise InputTypeError(f"this takes a Game or a SymbolicGame, not {type(game).__name__}")
    if game.dimension > LARGEST:
        raise InputError(
            f"the game has {game.dimension} variables and this check is dense, up to {LARGEST}"
        )
    numeric, values = game.at_values(parameters)
    evaluate = Gradient().flow(numeric).evaluate
    symbolic: Any = game.real if game.symbolic and game.dimension <= LARGEST_EXACT else None
    coordinates = _coordinates(x, numeric.variables)
    point = np.array([float(c) for c in coordinates])
    half = np.maximum(1.0, np.abs(point))
    box = np.stack([point - half, point + half], axis=1)
    equations = None
    if symbolic is not None:
        equations = Equations(
            symbolic.variables, tuple(symbolic.expressions), values, symbolic.domain
        )
    e = describe_point(evaluate, point, box, coordinates, equations)
    zero_sum = is_zero_sum(numeric) if symbolic is None else is_zero_sum(symbolic, None, values)
    return GamePoint(numeric, symbolic, values, e, evaluate, box, zero_sum)


def defined_point(
    game: Game | SymbolicGame, x: Any, parameters: Mapping[Any, Any] | None = None
) -> GamePoint:
    """`game_point`, for a point that somebody asks about.

    Raises InputError as that does, and where a loss is not a finite real number.
    """
    found = game_point(game, x, parameters)
    check_defined(found.game, found.equilibrium.point)
    return found


def _coordinates(x: Any, variables: Sequence[str]) -> tuple[sympy.Expr, ...]:
    if isinstance(x, Mapping):
        x = coordinates_by_name(x, variables, "the point")
    try:
        given = list(x)
    except TypeError:
        raise InputTypeError(f"a point is {len(variables)} real numbers, not {x!r}") from None
    if len(given) != len(variables):
        raise InputError(f"a point is {len(variables)} real numbers, not {len(given)}")
    return tuple(_coordinate(value, name) for value, name in zip(given, variables, strict=True))


def _coordinate(value: Any, name: str) -> sympy.Expr:
    try:
        number = exact_number(value)
    except InputError:
        found = type(value).__name__ if np.ndim(value) else repr(value)
        raise InputTypeError(
            f"the point's coordinate {name} is a finite real number, not {found}"
        ) from None
    if abs(number) > FARTHEST:
        raise InputError(f"the point's coordinate {name} is too large: {float(value):g}")
    return number


def _numeric_derivatives(game: Game, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """∇L_i and ∇²L_i by JAX in float64, shapes (n, d) and (n, d, d)."""
    with jax.enable_x64(True):
        gradients, hessians = game.derivatives(x)
    return np.asarray(gradients), np.asarray(hessians)


def numbers(matrix: sympy.MatrixBase) -> np.ndarray:
    """A matrix of exact numbers in float64; NaN where an entry is no real number."""

    def number(entry: sympy.Expr) -> float:
        value = entry.evalf(20)
        return float(value) if value.is_Float or value.is_Rational else math.nan

    rows = [[number(matrix[i, j]) for j in range(matrix.cols)] for i in range(matrix.rows)]
    return np.array(rows, dtype=float).reshape(matrix.shape)
