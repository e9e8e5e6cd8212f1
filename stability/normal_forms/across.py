"""The verdict across a set of rest points along which the transversal linearisation is singular."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy

from ..criteria.across_components import Leading, leading
from ..criteria.along_components import across_polynomial, counted_at
from ..equilibria.components import Component
from ..time_limits import in_time
from .near_rest import Formulas, NearRest
from .sentences import by_coefficient, closed_form, term
from .value import NormalForm

_SECONDS = 5.0
_DERIVATIVES = 8
_Point = Mapping[sympy.Symbol, sympy.Expr]


def across(near: NearRest, component: Component) -> NormalForm | None:
    """What orbits do beside a set of rest points across which one eigenvalue is zero (of a map: one).

    Beside it the centre manifold carries ẋ = (T f + q g) u^m + …, where u is the distance in the direction q,
    orthogonal to the component and of length one, and T f is tangent to it (`leading`). All other
    eigenvalues across decay. Where g < 0 and m is odd, orbits nearby come to rest on the component beside
    the point, at the distance ((m−1)|g|t)^(−1/(m−1)) in the end; where g does not vanish else, they leave.
    Where g is zero all along and f is not, they run along the component, past the point. At a zero of g on a
    curve the orbit of (f, g) through it, which is regular where f is not zero, touches the curve: where g has
    one sign beside the zero it crosses, else it stays on one side and passes.

    - `near`: a point of the component, with formulas in its variables.

    None where this does not decide.
    """
    formulas = near.formulas
    if formulas is None:
        return None
    return in_time(_SECONDS, lambda: _across(near, formulas, component), None)


def _across(near: NearRest, formulas: Formulas, component: Component) -> NormalForm | None:
    pairs = zip(formulas.variables, formulas.expressions, strict=True)
    moved = [e - v if near.kind == "map" else e for v, e in pairs]
    put = dict(zip(formulas.variables, formulas.point, strict=True))
    if component.dimension < len(moved) - 1:
        left = across_polynomial(moved, component, near.kind)
        if left is None or left[1] != 1:
            return None
        inside, neutral, outside = counted_at(left[0], near.kind, put)
        if neutral or (inside if near.inverse else outside):
            return None
    first = leading(moved, component)
    if first is None:
        return None
    if near.inverse:  # u⁺ = u + g u^m has the inverse u − g u^m + …
        first = replace(first, across=-first.across, along=tuple(-f for f in first.along))
    name = f"the {component.name} of equilibria"
    if first.runs_along:
        return _running(first, put, name)
    found = None if first.order == 1 else _crossing(near, first, put, name)
    return found or _at_zero(first, component, put, name)


def _running(first: Leading, put: _Point, name: str) -> NormalForm | None:
    speed = first.tangents.xreplace(put) * sympy.Matrix(first.along).xreplace(put)
    rate = sympy.sqrt(sympy.expand(speed.dot(speed))) / _size(first, put) ** first.order
    number = _number(rate)
    if not number:
        return None
    return NormalForm(
        "unstable",
        f"beside {name} orbits run along it, past this point, with the speed "
        f"{term(number, 'u', first.order)} at the distance u",
        "degenerate",
        order=first.order,
        coefficient=number,
        exact=closed_form(sympy.radsimp(rate)),
        error_bound=0.0,
        evidence="exact",
    )


def _crossing(near: NearRest, first: Leading, put: _Point, name: str) -> NormalForm | None:
    m, q = first.order, first.direction.xreplace(put)
    rate = first.across.xreplace(put) / _size(first, put) ** (m - 1)
    if m % 2 == 0 and max(q, key=lambda e: abs(e.evalf(20))).evalf(20) < 0:
        rate = -rate  # the sign is that of q with its largest entry positive
    number = _number(rate)
    if not number:
        return None
    found = by_coefficient(
        "zero" if near.kind == "flow" else "one",
        m,
        number,
        exact=sympy.radsimp(sympy.expand(rate)),
        error=0.0,
        evidence="exact",
    )
    because = found.because.replace("the error", "the distance to it")
    return replace(found, because=f"across {name} {because}")


def _at_zero(first: Leading, component: Component, put: _Point, name: str) -> NormalForm | None:
    """At a zero of g on a curve where f does not vanish: g is of even order there, or changes its sign."""
    if component.dimension != 1 or not _number(first.along[0].xreplace(put)):
        return None
    found = _first_derivative(first.across, component, put)
    if found is None or found[0] == 0:
        return None
    order, value = found
    evidence = "exact" if all(c.is_Rational for c in put.values()) else "numeric"
    if first.order % 2 and order % 2 == 0 and value < 0:
        what = (
            f"{name} attracts on both sides of this point, and orbits beside it run to it and stay"
        )
        reason = "orbits nearby come to rest on the equilibria beside this one"
        return NormalForm(
            "neutral", what, "degenerate", order=first.order, evidence=evidence, reason=reason
        )
    what = f"{name} attracts on one side of this point only, and orbits that pass it leave"
    if first.order % 2 == 0:
        what = f"orbits leave {name} on one of its sides"
    elif order % 2 == 0:
        what = f"{name} repels on both sides of this point"
    return NormalForm("unstable", what, "degenerate", order=first.order, evidence=evidence)


def _first_derivative(g: sympy.Expr, component: Component, put: _Point) -> tuple[int, float] | None:
    """The first derivative of g along a curve that does not vanish at a point, with its order."""
    tangent = [sympy.Integer(1)]
    if component.equation is not None:
        x, y = component.free
        tangent = [component.equation.diff(y), -component.equation.diff(x)]
    for order in range(_DERIVATIVES + 1):
        value = _number(g.xreplace(put))
        if value:
            return order, value
        slopes = zip(tangent, component.free, strict=True)
        g = sum((t * g.diff(v) for t, v in slopes), sympy.Integer(0))
    return None


def _size(first: Leading, put: _Point) -> sympy.Expr:
    q = first.direction.xreplace(dict(put))
    return sympy.sqrt(q.dot(q))


def _number(e: sympy.Expr) -> float | None:
    """A constant in floating point; None where thirty digits do not tell it from zero, and at a pole."""
    value = e.evalf(30)
    known = (value.is_Float or value.is_Rational) and abs(value) > 1e-20
    return float(value) if known else None
