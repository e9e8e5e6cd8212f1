"""Stable step sizes in closed form, from the conditions under which no multiplier leaves the circle.

For a rule whose linearised step is polynomial in the step size h, the characteristic polynomial P(μ; h)
of the multipliers has polynomial coefficients. A multiplier can only cross the unit circle where one of
the guards P(1), P(−1) or the last but one Hurwitz determinant of P's Möbius transform vanishes (Jury;
Orlando's formula), so between two neighbouring positive roots of these all steps are stable or none is. The
critical step is the smallest root, provided that the rule is stable below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

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
    """A factor on the rule's step sizes, such as the critical one.

    - `value`: its value at the parameters' values; 0 if no small step is stable, None if every step is.
    - `expression`: its closed form in the parameters, or None if there is no short one.
    """

    value: float | None
    expression: sympy.Expr | None


ZERO, EVERY = ExactStep(0.0, sympy.Integer(0)), ExactStep(None, None)


@dataclass(frozen=True)
class ExactSteps:
    """The critical factor on a rule's step sizes, and all stable ones as open intervals in order.

    `stable` is None where only the critical one was found in the time there is.
    """

    critical: ExactStep
    stable: tuple[tuple[ExactStep, ExactStep], ...] | None


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


def exact_steps(
    rule: Rule,
    jacobian: sympy.MatrixBase,
    partition: Partition,
    values: Values,
    manifold_dimension: int = 0,
) -> ExactSteps | None:
    """The stable factors of a rule at an equilibrium with exact Jacobian, or None if out of reach.

    Arguments: the field's Jacobian, shape (d, d), in the parameters whose `values` are given.
    """
    step = unit(rule).scaled(h).linearise(sympy.Matrix(jacobian), partition)
    if not all(entry.is_rational_function(h) for entry in step):
        return None
    for matrix in (jacobian, sympy.Matrix(jacobian).xreplace(dict(values))):

        def work(matrix: sympy.MatrixBase = matrix) -> tuple[StepConditions, ExactStep] | None:
            polynomial = step_polynomial(rule, matrix, partition, manifold_dimension)
            own = StepConditions(polynomial, values)
            critical = own.critical()
            return None if critical is None else (own, critical)

        try:
            found = in_time(_SECONDS, work, None)
            if found is not None:
                conditions, critical = found
                return ExactSteps(critical, in_time(_SECONDS, conditions.stable, None))
        except mpmath.libmp.NoConvergence:  # roots too close together for 60 digits
            pass
        if not values:
            return None
    return None


@dataclass(frozen=True)
class StepConditions:
    """The conditions on the factor h from the coefficients of a `step_polynomial`.

    `values` are those of the parameters in the coefficients.
    """

    coefficients: Sequence[sympy.Expr]
    values: Values

    @cached_property
    def roots(self) -> list[tuple[sympy.Expr, list[sympy.Expr]]] | None:
        """The positive roots of the guards in order, each with its guards; None if a guard is always zero.

        A multiplier then stays on the circle at every step.
        """
        found: list[tuple[sympy.Expr, list[sympy.Expr]]] = []
        for guard in [self.coefficients[0], *circle_guards(self.coefficients)]:
            guard = sympy.expand(guard)
            number = sympy.Poly(guard.xreplace(dict(self.values)), h)
            if all(number_is_zero(c) for c in number.all_coeffs()):
                return None
            found += [(root, [guard]) for root in positive_roots(number)]
        merged: list[tuple[sympy.Expr, list[sympy.Expr]]] = []
        for root, guards in sorted(found, key=lambda pair: pair[0].evalf(20)):
            if merged and abs((root - merged[-1][0]).evalf(20)) < 1e-15 * root.evalf(20):
                merged[-1][1].extend(guards)
            else:
                merged.append((root, guards))
        return merged

    def critical(self) -> ExactStep | None:
        """The critical factor; None if a sign cannot be decided."""
        if len(self.coefficients) == 1:
            return None
        if self.roots is None:
            return ZERO
        stable = self._is_stable(0)
        if not stable:
            return None if stable is None else ZERO
        return self._end(0)

    def stable(self) -> tuple[tuple[ExactStep, ExactStep], ...] | None:
        """All stable factors, as open intervals in order; None if a sign cannot be decided."""
        if self.roots is None:
            return ()
        cells = [self._is_stable(i) for i in range(len(self.roots) + 1)]
        if None in cells:
            return None
        return tuple(
            (self._end(i - 1) if i else ZERO, self._end(i)) for i, own in enumerate(cells) if own
        )

    def _is_stable(self, i: int) -> bool | None:
        """Whether the steps between the roots i − 1 and i are stable, by a count at one of them."""
        ends = [root for root, _ in self.roots or []]
        low = ends[i - 1] if i else sympy.Integer(0)
        inner = (low + ends[i]) / 2 if i < len(ends) else low + 1
        put = {**self.values, h: sympy.Rational(str(inner.evalf(15 if i == 0 else 30)))}
        counts = circle_counts([c.xreplace(put) for c in self.coefficients])
        return None if counts is None else not (counts.on or counts.outside)

    def _end(self, i: int) -> ExactStep:
        """The root i, with its closed form."""
        if i == len(self.roots or []):
            return EVERY
        assert self.roots is not None
        root, guards = self.roots[i]
        forms = [_closed_form(guard, root, dict(self.values)) for guard in guards]
        forms = [form for form in forms if form is not None]
        value = float(root.evalf(20))
        return ExactStep(value, min(forms, key=sympy.count_ops) if forms else None)


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
