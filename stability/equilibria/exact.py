"""Exact zeros of a symbolic vector field, by steps each of which is an equivalence.

The solver splits products into factors, drops factors that cannot vanish (an exponential, a sigmoid),
eliminates variables that occur linearly, and takes the real roots of what is left in one variable. One
polynomial left in several variables is a set of zeros of its own, and fewer polynomials than variables are
replaced by their Gröbner basis. Where one equation is left of a set of zeros, functions that have an inverse
are undone, periodic ones as often as the box allows. A branch in which no such step applies is given up, and
the answer then does not claim to be complete.
SymPy's general `solve` is not used: it has no bound and does not say when it has lost a solution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import sympy
from sympy.polys.matrices import DomainMatrix

from ..dynamics.domain import all_real, partial_parts
from ..time_limits import in_time
from .hypersurfaces import is_rational, pieces
from .trigonometric import angles_of

Values = Mapping[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True)
class ExactZeros:
    """Exact zeros: `points` are isolated as far as the algebra goes, `families` have free variables left.

    Each one maps every solved variable to an expression in the parameters (and in the free variables).
    `hypersurfaces` are families whose free variables are bound by one irreducible polynomial, which changes
    its sign and comes with it. `exhaustive` says that there are no others, at generic parameters near the
    given values.
    """

    points: tuple[dict[sympy.Symbol, sympy.Expr], ...]
    families: tuple[dict[sympy.Symbol, sympy.Expr], ...]
    exhaustive: bool
    hypersurfaces: tuple[tuple[dict[sympy.Symbol, sympy.Expr], sympy.Expr], ...] = ()

    @property
    def continua(self) -> bool:
        """Whether there are zeros that are not isolated."""
        return bool(self.families or self.hypersurfaces)


_MONOTONE = {  # functions with an inverse: between which values, and the inverse
    sympy.exp: (0, sympy.oo, sympy.log),
    sympy.log: (-sympy.oo, sympy.oo, sympy.exp),
    sympy.sinh: (-sympy.oo, sympy.oo, sympy.asinh),
    sympy.tanh: (-1, 1, sympy.atanh),
    sympy.atan: (-sympy.pi / 2, sympy.pi / 2, sympy.tan),
}
_PERIODIC = {  # the period, and inverses whose values repeat with it
    sympy.sin: (2 * sympy.pi, (sympy.asin, lambda c: sympy.pi - sympy.asin(c))),
    sympy.cos: (2 * sympy.pi, (sympy.acos, lambda c: -sympy.acos(c))),
    sympy.tan: (sympy.pi, (sympy.atan,)),
}
_MOST_PERIODS = 10
_AROUND = 3  # boxes, in which a search sees zeros
_outer = sympy.Dummy("outer")
_SECONDS = 1.5
_SECONDS_PER_FACTOR, _SECONDS_PER_NUMBER, _SECONDS_PER_ZERO_TEST = 0.3, 0.5, 5.0
_SECONDS_PER_BASIS = 0.5
NOTHING = ExactZeros((), (), False)


def solve_exactly(
    equations: Sequence[sympy.Expr],
    variables: Sequence[sympy.Symbol],
    values: Values,
    domain: Sequence[sympy.Expr] = (),
    thorough: bool = False,
    box: np.ndarray | None = None,
    periods: Values | None = None,
) -> ExactZeros:
    """The real zeros of `equations` in `variables`, with the parameters in `values` kept symbolic.

    At a zero what is in `domain` is real and finite. `values` decides which factors vanish and which roots
    are real. If that takes too long with symbolic parameters it is tried again with their values put in.
    `thorough`: Gröbner bases are tried also where isolated zeros are what they find. `box`, shape (d, 2):
    around it sets of zeros that repeat for ever, as those of a sine, are listed. `periods`: of variables in
    which `equations` are periodic; of zeros that are whole periods apart one is wanted.
    Returns what was found in the time.
    """

    def attempt(equations):
        solver = _Solver(tuple(variables), dict(values), tuple(equations), tuple(domain))
        solver.thorough, solver.box, solver.periods = thorough, box, dict(periods or {})
        equations = [sympy.sympify(e) for e in equations]
        if not solver.linear(equations):
            solver.branch(equations, {}, [], 0)
        return solver.result()

    result = in_time(_SECONDS, lambda: attempt(equations), NOTHING)
    if not result.exhaustive and values:
        inserted = in_time(
            _SECONDS, lambda: attempt([e.xreplace(values) for e in equations]), NOTHING
        )
        if inserted.exhaustive or not (result.points or result.continua):
            return inserted
    return result


class _Solver:
    max_branches = 400
    thorough = False
    box: np.ndarray | None = None
    periods: Values = MappingProxyType({})

    def __init__(
        self,
        variables: tuple[sympy.Symbol, ...],
        values: dict[sympy.Symbol, sympy.Expr],
        equations: tuple[sympy.Expr, ...],
        domain: tuple[sympy.Expr, ...],
    ):
        self.equations = equations
        self.domain = domain
        self.variables = variables
        self.values = values
        self.solutions: list[dict[sympy.Symbol, sympy.Expr]] = []
        self.hypersurfaces: list[tuple[dict[sympy.Symbol, sympy.Expr], sympy.Expr]] = []
        self.complete = True
        self.branches = 0

    def result(self) -> ExactZeros:
        points: list[dict[sympy.Symbol, sympy.Expr]] = []
        families: list[dict[sympy.Symbol, sympy.Expr]] = []
        for solution in self.solutions:
            kind = points if len(solution) == len(self.variables) else families
            if not any(self._same(solution, other) for other in kind):
                kind.append(solution)
        inside = [p for p in points if not any(self._member(p, family) for family in families)]
        return ExactZeros(tuple(inside), tuple(families), self.complete, tuple(self.hypersurfaces))

    def linear(self, equations: list[sympy.Expr]) -> bool:
        """Whether the equations are linear, with rational coefficients, and have one solution or none, which
        is then taken."""
        try:
            matrix, right = sympy.linear_eq_to_matrix(equations, *self.variables)
        except ValueError:  # not linear
            return False
        rows = matrix.row_join(right)
        if not all(entry.is_Rational for entry in rows.flat()):
            return False
        reduced, pivots = DomainMatrix.from_Matrix(rows).convert_to(sympy.QQ).rref()
        n = len(self.variables)
        if n in pivots:  # 0 = 1
            return True
        if len(pivots) < n:
            return False
        values = reduced.to_Matrix()[:n, n]
        self._accept(dict(zip(self.variables, values, strict=True)), [])
        return True

    def branch(self, equations, assigned, nonzero, depth) -> None:
        """Adds to `solutions` every common zero of `equations` at which the `nonzero` do not vanish."""
        self.branches += 1
        if self.branches > self.max_branches or depth > 40:
            self.complete = False
            return
        factored = []
        for equation in equations:
            factors = self._factors(equation)
            if factors is None:
                continue  # the equation is 0 = 0
            if not factors:
                return  # a product of things that cannot vanish
            factored.append(factors)
        sure = {factors[0] for factors in factored if len(factors) == 1}
        products = [factors for factors in factored if not sure.intersection(factors)]
        factored = [
            *([factor] for factor in dict.fromkeys(f[0] for f in factored if len(f) == 1)),
            *products,
        ]
        if not factored:
            self._accept(assigned, nonzero)
            return
        factored.sort(key=lambda factors: (len(factors) > 1, sum(map(sympy.count_ops, factors))))
        for factors in factored:
            if len(factors) == 1 and self._eliminate(
                factors[0], factored, assigned, nonzero, depth
            ):
                return
        split = next((factors for factors in factored if len(factors) > 1), None)
        if split is None:
            self._together([factors[0] for factors in factored], assigned, nonzero, depth)
            return
        rest = [sympy.Mul(*factors) for factors in factored if factors is not split]
        for factor in split:
            self.branch([factor, *rest], assigned, nonzero, depth + 1)

    def _factors(self, equation: sympy.Expr) -> list[sympy.Expr] | None:
        """The distinct factors that may vanish; None for an equation that holds identically."""
        numerator = sympy.fraction(sympy.together(equation))[0]
        if self._is_zero(numerator):
            return None
        parts = map(_base, sympy.Mul.make_args(sympy.factor_terms(numerator)))
        factors = []
        for part in [q for p in parts for q in sympy.Mul.make_args(self._factor(p))]:
            base = _base(part)
            if base.is_Add and base.could_extract_minus_sign():
                base = -base  # x − y and y − x are the same factor
            if not self._cannot_vanish(base) and base not in factors:
                factors.append(base)
        return factors

    @staticmethod
    def _factor(expression: sympy.Expr) -> sympy.Expr:
        if sympy.count_ops(expression) > 300 or not expression.is_Add:
            return expression
        return in_time(_SECONDS_PER_FACTOR, lambda: sympy.factor(expression), expression)

    def _is_zero(self, expression: sympy.Expr) -> bool:
        if expression.is_zero:
            return True
        if expression.free_symbols & set(self.variables):
            return sympy.count_ops(expression) < 300 and bool(sympy.expand(expression) == 0)
        return self.value_is_zero(expression)

    def value_is_zero(self, expression: sympy.Expr) -> bool:
        """Whether an expression in the parameters vanishes at their values."""
        return number_is_zero(expression.xreplace(self.values))

    def _cannot_vanish(self, factor: sympy.Expr) -> bool:
        if factor.free_symbols & set(self.variables):
            return bool(factor.is_nonzero or factor.xreplace(self.values).is_nonzero)
        return not self.value_is_zero(factor)

    def _eliminate(self, factor, factored, assigned, nonzero, depth) -> bool:
        """Solves `factor` = 0 for one variable, if one step does it, and goes on. False if none does."""
        free = [v for v in self.variables if v in factor.free_symbols]
        choices = []
        for v in free:
            slope = sympy.diff(factor, v)
            if not slope.has(v):
                slope = sympy.factor_terms(slope)
                choices.append((not self._cannot_vanish(slope), not slope.is_number, v, slope))
        rest = [sympy.Mul(*factors) for factors in factored if factors != [factor]]
        if choices:
            may_vanish, _, v, slope = min(
                choices, key=lambda choice: choice[:2]
            )  # numbers divide best
            intercept = factor.xreplace({v: sympy.Integer(0)})
            if may_vanish:
                self.branch([slope, intercept, *rest], assigned, nonzero, depth + 1)
                nonzero = [*nonzero, slope]
            self._substitute(v, sympy.cancel(-intercept / slope), rest, assigned, nonzero, depth)
            return True
        if len(free) == 1:
            roots = self._roots(factor, free[0])
            if roots is not None:
                for root in roots:
                    self._substitute(free[0], root, rest, assigned, nonzero, depth)
                return True
        return False

    def _together(self, factors, assigned, nonzero, depth) -> None:
        """What is left when no variable can be had alone: polynomials in several variables."""
        free = [v for v in self.variables if v not in assigned]
        inner = self._undone(factors[0]) if len(factors) == 1 and len(free) > 1 else None
        if inner is not None:
            for equation in inner:
                self.branch([equation], assigned, nonzero, depth + 1)
            return
        polynomials = [f.xreplace(self.values) for f in factors]
        alone = any(len(p.free_symbols) < 2 for p in polynomials)
        if alone or not all(is_rational(p, free) for p in polynomials):
            self.complete = False
        elif len(polynomials) == 1:
            found = in_time(_SECONDS_PER_BASIS, lambda: pieces(polynomials[0], free), None)
            if found is None:
                self.complete = False
                return
            for equations in found.others:
                self.branch(equations, assigned, nonzero, depth + 1)
            if found.whole:
                self._accept_hypersurface(assigned, polynomials[0], nonzero)
        else:
            basis = None
            if self.thorough or len(polynomials) < len(free):  # else few solutions, as a rule
                basis = in_time(
                    _SECONDS_PER_BASIS,
                    lambda: sympy.groebner(polynomials, *free, order="lex").exprs,
                    None,
                )
            if basis is None or set(basis) == set(polynomials):
                self.complete = False
            else:
                self.branch(basis, assigned, nonzero, depth + 1)

    def _undone(self, factor: sympy.Expr) -> list[sympy.Expr] | None:
        """The equations inner = r that a + b F(inner) = 0 splits into; None if it is not of this form.

        Of those of a periodic F only the ones around the box, and then the answer is not complete.
        """
        applied = _single_function(factor, self.variables)
        if applied is None:
            return None
        f, value = applied
        inner = f.args[0]
        if f.func in _MONOTONE:
            return _inverse(f, value, self.values)
        bounds = None if f.func not in _PERIODIC else self._bounds(inner)
        if bounds is None:
            return None
        period, inverses = _PERIODIC[f.func]
        found: dict[sympy.Expr, None] = {}
        for root in (inverse(value) for inverse in inverses):
            number = root.xreplace(self.values).evalf(20)
            if not number.is_real:  # beyond the values of a sine
                return []
            self.complete = False
            low, high = (math.ceil((b - float(number)) / float(period)) for b in bounds)
            if high - low > _MOST_PERIODS:
                return None
            for k in range(low, high + (float(number) + high * float(period) <= bounds[1])):
                found[inner - sympy.expand(root + k * period)] = None
        return list(found)

    def _bounds(self, inner: sympy.Expr) -> tuple[float, float] | None:
        """The values of a linear expression in and around the box; None for another or without a box."""
        if self.box is None:
            return None
        slopes = [inner.xreplace(self.values).diff(v) for v in self.variables]
        if not all(slope.is_number for slope in slopes):
            return None
        rest = inner.xreplace(self.values).xreplace(dict.fromkeys(self.variables, sympy.Integer(0)))
        around = self.box.mean(axis=1, keepdims=True) + _AROUND * np.diff(self.box) * [-0.5, 0.5]
        ends = np.array([float(slope) for slope in slopes])[:, None] * around
        return float(rest + ends.min(axis=1).sum()), float(rest + ends.max(axis=1).sum())

    def _accept_hypersurface(self, assigned, polynomial, nonzero) -> None:
        """Only where everything is defined everywhere: there a family has no ends."""
        given = [e.xreplace(self.values) for e in (*self.equations, *assigned.values())]
        if self.domain or partial_parts(given):
            self.complete = False
            return
        free = [v for v in self.variables if v not in assigned]
        for e in nonzero:
            numerator = sympy.fraction(sympy.together(e.xreplace(self.values)))[0]
            if sympy.rem(sympy.Poly(numerator, *free), sympy.Poly(polynomial, *free)).is_zero:
                return
        known = any(p == polynomial and self._same(assigned, own) for own, p in self.hypersurfaces)
        if not known:
            self.hypersurfaces.append((assigned, polynomial))

    def _substitute(self, v, value, equations, assigned, nonzero, depth) -> None:
        put = {v: value}
        assigned = {key: expression.xreplace(put) for key, expression in assigned.items()}
        self.branch(
            [e.xreplace(put) for e in equations],
            {**assigned, v: value},
            [e.xreplace(put) for e in nonzero],
            depth + 1,
        )

    def _roots(self, factor: sympy.Expr, v: sympy.Symbol) -> list[sympy.Expr] | None:
        """All real roots of an expression in one variable, or None if they cannot be had exactly."""
        if v in self.periods:
            return angles_of(
                factor, v, self.periods[v], self._roots, self.value_is_zero, self.values
            )
        if not factor.is_polynomial(v):
            return None
        polynomial = sympy.Poly(factor, v)
        if polynomial.degree() == 2:
            a, b, c = polynomial.all_coeffs()
            if self.value_is_zero(a):
                return None
            root = sympy.sqrt(sympy.factor_terms(sympy.expand(b**2 - 4 * a * c)))
            if self.value_is_zero(root):
                return [-b / (2 * a)]
            discriminant = (root**2).xreplace(self.values)
            if discriminant.is_negative:
                return []
            return [sympy.factor_terms(sympy.expand((-b + s * root) / (2 * a))) for s in (-1, 1)]
        numbers = polynomial.as_expr().xreplace(self.values)
        if not sympy.Poly(numbers, v).domain.is_Numerical or polynomial.degree() > 12:
            return None
        even = self._even_roots(polynomial, v)
        if even is not None:
            return even
        if not all(c.is_rational for c in sympy.Poly(numbers, v).all_coeffs()):
            return None
        return list(dict.fromkeys(sympy.real_roots(sympy.Poly(numbers, v))))

    def _even_roots(self, polynomial: sympy.Poly, v: sympy.Symbol) -> list[sympy.Expr] | None:
        """Roots of a + b v^k, which keep their parameters."""
        terms = polynomial.as_dict()
        if len(terms) != 2 or (0,) not in terms:
            return None
        k = polynomial.degree()
        power = -terms[(0,)] / terms[(k,)]
        sign = power.xreplace(self.values).is_positive
        if sign is None:
            return None
        if k % 2:
            magnitude = sympy.root(power if sign else -power, k)
            return [magnitude if sign else -magnitude]
        return [-sympy.root(power, k), sympy.root(power, k)] if sign else []

    def _accept(self, assigned, nonzero) -> None:
        if any(self.value_is_zero(e) for e in nonzero if not e.free_symbols & set(self.variables)):
            return
        for expression in assigned.values():
            value = expression.xreplace(self.values)
            if value.free_symbols:
                continue
            if value.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
                return
            if value.is_real is False or abs(sympy.im(value.evalf(30))) > 1e-20:
                return
        known = {v: e.xreplace(self.values) for v, e in assigned.items()}
        if not all_real(self.domain, {**self.values, **known}):
            return  # whatever the variables are that the family leaves free
        if self._in_domain(assigned):
            self.solutions.append(assigned)
        elif len(assigned) < len(self.variables):
            self.complete = False  # other members of the family may lie in the domain

    def _in_domain(self, assigned) -> bool:
        """Whether the equations themselves are defined and zero at a solution, and real beside it.

        Elimination works with numerators and factors: x = 1 solves (x − 1)√(x − 2) = 0 only outside the
        domain, and (x² − 1)/(x − 1) = 0 not at all.
        """
        samples = {v: sympy.Rational(7 + 2 * i, 19) for i, v in enumerate(self.variables)}
        put = {v: e.xreplace(samples).xreplace(self.values) for v, e in assigned.items()}
        point = {**samples, **put}
        if not all_real(self.domain, {**self.values, **point}):
            return False
        for equation in self.equations:
            at = equation.xreplace(self.values).xreplace(point)
            if at.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) or abs(at.evalf(30)) > 1e-12:
                return False
        return any(
            all(
                self._is_real_at(e, {v: x.evalf(30) + step for v, x in point.items()})
                for e in self.equations
            )
            for step in (sympy.Float("1e-9"), -sympy.Float("1e-9"))
        )

    def _is_real_at(self, equation, point) -> bool:
        value = equation.xreplace(self.values).xreplace(point).evalf(20)
        if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
            return False
        return bool(abs(sympy.im(value)) <= 1e-12 * (1 + abs(value)))

    def _same(self, one, other) -> bool:
        return one.keys() == other.keys() and all(
            self.value_is_zero(one[v] - other[v]) for v in one
        )

    def _member(self, point, family) -> bool:
        return all(self.value_is_zero((e - v).xreplace(point)) for v, e in family.items())


def _single_function(
    factor: sympy.Expr, variables: Sequence[sympy.Symbol]
) -> tuple[sympy.Expr, sympy.Expr] | None:
    """F(inner) and the number r where factor = 0 says that F(inner) = r; None where it does not."""
    factor = sympy.powsimp(factor)
    functions = sorted((f for f in factor.atoms(sympy.Function) if f.has(*variables)), key=str)
    if len(functions) == 2 and {f.func for f in functions} == {sympy.exp}:  # a e^A + b e^B
        one, other = functions
        single = sympy.exp(one.args[0] - other.args[0])
        factor, functions = factor.xreplace({one: single, other: sympy.Integer(1)}), [single]
        if factor.xreplace({single: sympy.Integer(0)}).is_zero:
            return None
    if len(functions) != 1 or len(functions[0].args) != 1:
        return None
    outer = factor.xreplace({functions[0]: _outer})
    slope, rest = outer.diff(_outer), outer.xreplace({_outer: sympy.Integer(0)})
    if slope.has(_outer, *variables) or rest.has(*variables):
        return None
    return functions[0], sympy.cancel(-rest / slope)


def _inverse(f: sympy.Expr, value: sympy.Expr, values: Values) -> list[sympy.Expr]:
    """The equation inner = r that F(inner) = value means for a monotone F; none where F has no such value."""
    lowest, highest, inverse = _MONOTONE[f.func]
    number = value.xreplace(dict(values))
    return [f.args[0] - inverse(value)] if number > lowest and number < highest else []


def undone(factor: sympy.Expr, t: sympy.Symbol) -> list[sympy.Expr] | None:
    """What has the zeros of a + b F(inner), at most one, for a monotone F; None for other expressions."""
    applied = _single_function(factor, [t])
    if applied is None or applied[0].func not in _MONOTONE:
        return None
    return _inverse(*applied, {})


def _base(part: sympy.Expr) -> sympy.Expr:
    return part.base if isinstance(part, sympy.Pow) and part.exp.is_positive else part


def is_zero_at(expression: sympy.Expr, put: Values) -> bool:
    """Whether an expression is exactly zero with these values put in; False where that cannot be told."""
    return in_time(_SECONDS_PER_ZERO_TEST, lambda: number_is_zero(expression.xreplace(put)), False)


def number_is_zero(expression: sympy.Expr) -> bool:
    """Whether a constant expression is exactly zero; False when that cannot be established."""
    if expression.is_Rational:
        return expression == 0
    if expression.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        return False
    if expression.free_symbols:
        return bool(in_time(_SECONDS_PER_NUMBER, lambda: sympy.expand(expression) == 0, False))
    approximate = in_time(_SECONDS_PER_NUMBER, lambda: expression.evalf(30), None)
    size = None if approximate is None else abs(approximate)
    if size is None or not (size.is_Float or size.is_Rational):  # a delta function is neither
        return False
    if size > 1e-20:
        return False

    def vanishes() -> bool:
        return bool(sympy.simplify(expression) == 0 or expression.equals(0))

    return bool(in_time(_SECONDS_PER_ZERO_TEST, vanishes, False))
