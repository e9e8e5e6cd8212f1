"""Jacobians and Hessians at one equilibrium, from either engine, with the error of their entries."""

from __future__ import annotations

import numpy as np
import sympy

from ..dynamics.many_digits import ManyDigits, NotEvaluatedError, jacobian_with_many_digits
from ..equilibria.equilibrium import Equilibrium
from ..equilibria.scaling import Evaluate
from ..spectra.exact import at_point
from ..verdicts.point import GamePoint, numbers
from .subject import LARGEST_EXACT, Subject

EPS = float(np.finfo(np.float64).eps)
_SINGULAR = 1e-6  # relative singular value below which rounding may matter
_LARGEST = 32  # variables up to which derivatives are taken with many digits


def jacobian_at(
    subject: Subject,
    e: Equilibrium,
    evaluate: Evaluate,
    expression: sympy.MatrixBase | None,
    many_digits: ManyDigits,
) -> tuple[np.ndarray, np.ndarray, sympy.MatrixBase | None, bool]:
    """J at e, a bound on the error of each entry, the exact J in the parameters (or None), agreement.

    `evaluate` is JAX's, `expression` SymPy's Jacobian in the variables. The error is that of evaluating J, a
    few units in the last place, and what J changes by when the point moves within its own error. Where J is
    nearly singular, what is left of terms that cancel may be rounding alone, and J comes from `many_digits`,
    with what the last digits of constants change it by.
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
    reach = np.maximum(
        e.error, EPS * np.abs(e.point)
    )  # where terms cancel, their rounding shows too
    if reach.any():
        signs = np.sign(np.random.default_rng(0).standard_normal((8, len(e.point))))
        moved = np.abs(evaluate(e.point + reach * signs)[1] - jacobian).max(axis=0)
    rounded = 4 * EPS * np.abs(jacobian)
    if expression is None and len(jacobian) <= _LARGEST and _nearly_singular(jacobian):
        try:
            exactly, changed = jacobian_with_many_digits(many_digits, e.point)
        except NotEvaluatedError:
            exactly, changed = jacobian, rounded
        if np.isfinite(exactly).all() and np.isfinite(changed).all():
            jacobian, rounded = exactly, EPS * np.abs(exactly) + 4 * changed
    return jacobian, rounded + moved, None, True


def _nearly_singular(jacobian: np.ndarray) -> bool:
    if not np.isfinite(jacobian).all():
        return False
    singular = np.linalg.svd(jacobian, compute_uv=False)
    return bool(singular[-1] <= _SINGULAR * max(singular[0], 1.0))


def point_of(subject: Subject, e: Equilibrium, zero_sum: bool) -> GamePoint:
    """The equilibrium as a point of the subject's game."""
    game = subject.symbolic
    symbolic = None if game is None or game.dimension > LARGEST_EXACT else game
    return GamePoint(
        subject.numeric, symbolic, subject.values, e, subject.main.evaluate, subject.box, zero_sum
    )
