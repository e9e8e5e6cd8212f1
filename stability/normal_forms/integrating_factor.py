"""Planar centres with an integrating factor: a conserved quantity exists, whether or not it has a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sympy

from ..equilibria.exact import number_is_zero
from ..spectra.exact import at_point
from ..time_limits import in_time
from .conserved import degree, kept_curves, products
from .generators import Generators
from .near_rest import Formulas
from .quotients import DirectionField, Quotient

_SECONDS_PER_INTEGRAL = 0.7
_LOGARITHM, _INVERSE = 3, 5  # highest degrees in the ansatz for log μ and for 1/μ


def integrating_factor(field: DirectionField, formulas: Formulas) -> sympy.Expr | None:
    """A function μ, analytic and not zero at the point, with div(μ n) ≡ 0 for the planar field n; or None.

    Then dV = μ (n₁ dy − n₂ dx) defines an analytic V near the point that n conserves. If n rests there with a
    pair ±iω, the second derivative of V, which is μ n' turned by a right angle, is definite: a centre.

    Tried are: 1/μ = a(x) d(y) where n₁ = a(x) b(y) and n₂ = c(x) d(y); log μ a combination of products of
    letters and of logarithms of kept curves, ∇ log μ·n = −div n; 1/μ such a combination, ∇(1/μ)·n = (1/μ)
    div n.
    """
    divergence = field.divergence()
    if not divergence.numerator:
        return sympy.Integer(1)
    for factor in _candidates(field, divergence):
        value = factor.xreplace(dict(zip(formulas.variables, formulas.point, strict=True)))
        if value.is_finite is not False and not number_is_zero(value) and value.is_real:
            return factor
    return None


def rests_on_a_pair(field: DirectionField, formulas: Formulas) -> bool:
    """Whether n itself rests at the point with eigenvalues ±iω, ω > 0."""
    components = sympy.Matrix([field.expression(n) for n in field.components])
    variables, point = formulas.variables, formulas.point
    if not all(number_is_zero(e) for e in at_point(components, variables, point)):
        return False
    jacobian = at_point(components.jacobian(variables), variables, point)
    determinant = sympy.expand(jacobian.det())
    if not number_is_zero(sympy.expand(jacobian.trace())) or number_is_zero(determinant):
        return False
    return bool(determinant.evalf() > 0)


def has_no_divergence(formulas: Formulas) -> bool:
    """Whether div f ≡ 0: f is Hamiltonian in the plane, and μ = 1 an integrating factor."""
    terms = zip(formulas.expressions, formulas.variables, strict=True)
    divergence = sympy.Add(*(sympy.diff(e, v) for e, v in terms))
    return Generators(formulas.variables).vanishes(divergence)


def potential(
    variables: Sequence[sympy.Symbol], first: sympy.Expr, second: sympy.Expr
) -> sympy.Expr | None:
    """V with V_y = `first` and V_x = −`second`, if it can be integrated quickly; checked identically."""
    x, y = variables
    first, second = sympy.expand(first), sympy.expand(second)

    def work() -> sympy.Expr | None:
        part = sympy.integrate(first, y)
        rest = sympy.integrate(sympy.simplify(-second - sympy.diff(part, x)), x)
        found = part + rest
        return None if found.has(sympy.Integral, sympy.Piecewise) or rest.has(y) else found

    found = in_time(_SECONDS_PER_INTEGRAL, work, None)
    if found is None:
        return None
    check = [sympy.diff(found, y) - first, sympy.diff(found, x) + second]
    generators = Generators(variables)
    return found if all(generators.vanishes(e) for e in check) else None


def _candidates(field: DirectionField, divergence: Quotient) -> Iterator[sympy.Expr]:
    separable = _separable(field)
    if separable is not None:
        yield 1 / separable
    highest = max(map(degree, field.components))
    functions = products(field, min(highest, _LOGARITHM))
    changes = [*map(field.change, functions), *kept_curves(field)]
    for weights in field.combinations([*changes, divergence]):
        if weights[-1] != 0:
            terms = zip(weights[:-1], changes, strict=True)
            logarithm = sympy.Add(*(c * q.meaning / weights[-1] for c, q in terms))
            yield sympy.exp(sympy.expand(logarithm))
    one = Quotient(sympy.Integer(1), field.ring.one, field.ring.one)
    functions = [one, *products(field, _INVERSE)]
    equations = [field.change(q) - q * divergence for q in functions]
    for weights in field.combinations(equations):
        yield 1 / sympy.Add(*(c * q.meaning for c, q in zip(weights, functions, strict=True)))


def _separable(field: DirectionField) -> sympy.Expr | None:
    """a(x) d(y) where n₁ = a(x) b(y) and n₂ = c(x) d(y)."""
    x, y = field.variables
    parts = []
    for component, own in zip(field.components, (x, y), strict=True):
        product = sympy.Integer(1)
        for factor, power in component.factor_list()[1]:
            e = field.expression(factor)
            names = e.free_symbols & {x, y}
            if len(names) > 1:
                return None
            if own in names:
                product *= e**power
        parts.append(product)
    return parts[0] * parts[1]
