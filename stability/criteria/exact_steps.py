"""Critical step sizes in closed form, from the conditions under which no multiplier leaves the circle.

For a rule whose linearised step is polynomial in the step size h, the characteristic polynomial P(μ; h)
of the multipliers has polynomial coefficients. A multiplier can only cross the unit circle where one of
the guards P(1), P(−1) or the last but one Hurwitz determinant of P's Möbius transform vanishes (Jury;
Orlando's formula), so the critical step is the smallest positive root of their product, provided that
the rule is stable below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import mpmath
import sympy

from ..dynamics.partition import Partition
from ..dynamics.symbols import exact
from ..equilibria.exact import number_is_zero
from ..rules.rule import Rule
from ..spectra.exact import closed_form_roots, factors, simplified
from ..spectra.hurwitz import characteristic_polynomial, circle_counts, circle_guards
from ..time_limits import in_time

_SECONDS = 2.0
h = sympy.Dummy("h", positive=True)  # a parameter may be called h too
Values = Mapping[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True)
class ExactStep:
    """A critical factor on the rule's step sizes.

    - `value`: its value at the parameters' values; 0 if no small step is stable, None if every step is.
    - `expression`: its closed form in the parameters, or None if there is no short one.
    """

    value: float | None
    expression: sympy.Expr | None


def unit(rule: Rule) -> Rule:
    """The rule with exact numbers: step size one, or the given ones where they differ by player."""
    per_player = isinstance(rule.lr, Mapping)
    return rule.with_each_lr(exact if per_player else lambda _: sympy.Integer(1))


def step_polynomial(
    rule: Rule, jacobian: sympy.MatrixBase, partition: Partition, manifold_dimension: int = 0
) -> list[sympy.Expr]:
    """Coefficients in μ, leading first, of D det(μI − M(h)); polynomials in h and the parameters.

    D is one, or for an implicit rule the common denominator, which vanishes where the step does not exist.

    Along a manifold of equilibria the multiplier one is divided out as often as the manifold has
    dimensions: what is left judges stability transversally.
    """
    matrix = simplified(unit(rule).scaled(h).linearise(sympy.Matrix(jacobian), partition))
    coefficients = characteristic_polynomial(matrix)
    for _ in range(manifold_dimension):
        coefficients = _divided_by_root_one(coefficients)
    if all(c.is_polynomial(h) for c in coefficients):
        return coefficients
    fractions = [sympy.fraction(sympy.cancel(c)) for c in coefficients]
    denominator = sympy.lcm_list([below for _, below in fractions])
    return [sympy.expand(sympy.cancel(above * denominator / below)) for above, below in fractions]


def _divided_by_root_one(coefficients: list[sympy.Expr]) -> list[sympy.Expr]:
    quotient, carry = [], sympy.Integer(0)
    for coefficient in coefficients[:-1]:
        carry = sympy.expand(carry + coefficient)
        quotient.append(carry)
    return quotient


def exact_critical_step(
    rule: Rule,
    jacobian: sympy.MatrixBase,
    partition: Partition,
    values: Values,
    manifold_dimension: int = 0,
) -> ExactStep | None:
    """The critical factor of a rule at an equilibrium with exact Jacobian, or None if out of reach.

    Arguments: the field's Jacobian, shape (d, d), in the parameters whose `values` are given.
    """
    for matrix in (jacobian, sympy.Matrix(jacobian).xreplace(dict(values))):

        def work(matrix: sympy.MatrixBase = matrix) -> ExactStep | None:
            polynomial = step_polynomial(rule, matrix, partition, manifold_dimension)
            return critical_from_polynomial(polynomial, values)

        try:
            found = in_time(_SECONDS, work, None)
        except mpmath.libmp.NoConvergence:  # roots too close together for 60 digits
            found = None
        if found is not None or not values:
            return found
    return None


def critical_from_polynomial(coefficients: list[sympy.Expr], values: Values) -> ExactStep | None:
    """The critical factor from the `step_polynomial`; None if a sign cannot be decided."""
    values = dict(values)
    if len(coefficients) == 1:
        return None
    roots: list[tuple[sympy.Expr, sympy.Expr]] = []
    for guard in [coefficients[0], *circle_guards(coefficients)]:
        guard = sympy.expand(guard)
        number = sympy.Poly(guard.xreplace(values), h)
        if all(number_is_zero(c) for c in number.all_coeffs()):
            return ExactStep(
                0.0, sympy.Integer(0)
            )  # a multiplier stays on the circle at every step
        roots += [(root, guard) for root in positive_roots(number)]
    first = min((root for root, _ in roots), key=lambda r: r.evalf(20), default=None)
    probe = sympy.Rational(1) if first is None else sympy.Rational(str((first / 2).evalf(15)))
    put = {**values, h: probe}
    counts = circle_counts([c.xreplace(put) for c in coefficients])
    if counts is None:
        return None
    if counts.on or counts.outside:
        return ExactStep(0.0, sympy.Integer(0))
    if first is None:
        return ExactStep(None, None)
    guards = [
        guard for root, guard in roots if abs((root - first).evalf(20)) < 1e-15 * first.evalf(20)
    ]
    forms = [_closed_form(guard, first, values) for guard in guards]
    forms = [form for form in forms if form is not None]
    return ExactStep(float(first.evalf(20)), min(forms, key=sympy.count_ops) if forms else None)


def positive_roots(polynomial: sympy.Poly) -> list[sympy.Expr]:
    """The positive roots of a polynomial in one variable with constant coefficients."""
    if polynomial.degree() < 1:
        return []
    if all(c.is_Rational for c in polynomial.all_coeffs()):
        roots = [r for r in dict.fromkeys(sympy.real_roots(polynomial)) if r.is_positive]
        return [r.evalf(40) for r in roots]
    with mpmath.workdps(60):
        coefficients = [mpmath.mpf(str(c.evalf(60))) for c in polynomial.all_coeffs()]
        found = mpmath.polyroots(coefficients, maxsteps=200, extraprec=200)
        # a multiple root is found to a fraction of the digits only
        real = [r.real for r in map(mpmath.mpc, found) if abs(r.imag) < 1e-12 * (1 + abs(r))]
        return [sympy.Float(str(r), 40) for r in real if r > mpmath.mpf("1e-20")]


def _closed_form(guard: sympy.Expr, root: sympy.Expr, values: dict) -> sympy.Expr | None:
    """The closed form of the guard's root that has the value `root` at the parameters' values."""
    for polynomial, _ in factors(guard, h):
        if polynomial.degree() < 1:
            continue
        candidates = closed_form_roots(polynomial) or []
        if polynomial.degree() == 2:  # the form that survives a vanishing leading coefficient
            a, b, c = polynomial.all_coeffs()
            surd = sympy.sqrt(sympy.factor_terms(sympy.expand(b**2 - 4 * a * c)))
            candidates += [2 * c / (-b + sign * surd) for sign in (1, -1)]
        for candidate in candidates:
            if candidate.has(sympy.I):  # a real root written with complex ones helps nobody
                continue
            difference = (candidate.xreplace(values) - root).evalf(30)
            if difference.has(sympy.nan, sympy.zoo):
                continue
            if abs(difference) < 1e-18 * abs(root):
                return candidate
    return None
