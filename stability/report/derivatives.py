"""Jacobians and Hessians at one equilibrium, from either engine, with the error of their entries."""

from __future__ import annotations

import math

import jax
import numpy as np
import sympy

from ..equilibria.find import Equilibrium
from ..games.game import Game
from ..games.symbolic import SymbolicGame
from ..spectra.exact import at_point
from ..verdicts.conditions import Derivatives
from .subject import LARGEST_EXACT, Subject

EPS = float(np.finfo(np.float64).eps)


def jacobian_at(
    subject: Subject, e: Equilibrium, evaluate, expression: sympy.MatrixBase | None
) -> tuple[np.ndarray, np.ndarray, sympy.MatrixBase | None, bool]:
    """J at e, a bound on the error of each entry, the exact J in the parameters (or None), agreement.

    `evaluate` is JAX's, `expression` SymPy's Jacobian in the variables. The error is that of evaluating J, a
    few units in the last place, and what J changes by when the point moves within its own error.
    """
    if expression is not None and e.exact is not None and len(e.point) <= LARGEST_EXACT:
        assert subject.symbolic is not None
        if not e.generic:
            expression = expression.xreplace(dict(subject.values))
        exact = at_point(expression, subject.symbolic.variables, e.exact)
        number = numbers(exact.xreplace(dict(subject.values)))
        if np.isfinite(number).all():
            agree = True
            if evaluate is subject.main.evaluate:  # others would have to be compiled for this alone
                jacobian = evaluate(e.point[None])[1][0]
                agree = np.abs(number - jacobian).max() <= 1e-7 * np.abs(number).max() + 1e-12
            return number, EPS * np.abs(number), exact, bool(agree)
        if evaluate is not subject.main.evaluate:
            return number, np.full_like(number, np.nan), None, True
    jacobian = evaluate(e.point[None])[1][0]
    moved = np.zeros_like(jacobian)
    if e.error:
        signs = np.sign(np.random.default_rng(0).standard_normal((8, len(e.point))))
        moved = np.abs(evaluate(e.point + e.error * signs)[1] - jacobian).max(axis=0)
    return jacobian, 4 * EPS * np.abs(jacobian) + moved, None, True


def derivatives_at(
    subject: Subject, e: Equilibrium
) -> tuple[Derivatives, Derivatives | None, float]:
    """The losses' derivatives at e in floating point, in exact numbers (or None), and their error."""
    game = subject.numeric
    assert isinstance(game, Game)

    def constrained(leader: int, follower: int, w: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            return np.asarray(game.constrained_hessian(leader, follower, e.point, w))

    exact = _exact_derivatives(subject, e)
    if exact is not None:
        hessians = [numbers(h) for h in exact.hessians]
        return Derivatives(numbers(exact.gradients), hessians, constrained), exact, 0.0
    gradients, hessians = numeric_derivatives(game, e.point)
    moved = 0.0
    if e.error:
        nearby = numeric_derivatives(game, e.point + e.error)[1]
        moved = float(np.abs(nearby - hessians).max())
    return Derivatives(gradients, list(hessians), constrained), None, moved


def numeric_derivatives(game: Game, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """∇L_i and ∇²L_i by JAX in float64, shapes (n, d) and (n, d, d)."""
    with jax.enable_x64(True):
        gradients, hessians = game.derivatives(x)
    return np.asarray(gradients), np.asarray(hessians)


def _exact_derivatives(subject: Subject, e: Equilibrium) -> Derivatives | None:
    game = subject.symbolic
    if e.exact is None or not isinstance(game, SymbolicGame) or game.dimension > LARGEST_EXACT:
        return None
    values = dict(subject.values)
    point = [c.xreplace(values) for c in e.exact]

    def put(matrix: sympy.MatrixBase) -> sympy.MatrixBase:
        return at_point(matrix.xreplace(values), game.variables, point)

    def constrained(leader: int, follower: int, w: sympy.MatrixBase) -> sympy.MatrixBase:
        return put(game.constrained_hessian(leader, follower, None, w))

    gradients, hessians = game.derivatives()
    return Derivatives(put(gradients), [put(h) for h in hessians], constrained)


def numbers(matrix: sympy.MatrixBase) -> np.ndarray:
    """A matrix of exact numbers in float64; NaN where an entry is no real number."""

    def number(entry: sympy.Expr) -> float:
        value = entry.evalf(20)
        return float(value) if value.is_Float or value.is_Rational else math.nan

    rows = [[number(matrix[i, j]) for j in range(matrix.cols)] for i in range(matrix.rows)]
    return np.array(rows, dtype=float).reshape(matrix.shape)
