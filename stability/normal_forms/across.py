"""The verdict across a set of rest points along which the transversal linearisation is singular."""

from __future__ import annotations

from dataclasses import replace

import sympy

from ..criteria.across_components import leading
from ..equilibria.components import Component
from ..spectra.hurwitz import characteristic_polynomial, circle_counts, root_counts
from ..time_limits import in_time
from .near_rest import Formulas, NearRest
from .sentences import by_coefficient, closed_form, term
from .value import NormalForm

_SECONDS = 5.0


def across(near: NearRest, component: Component) -> NormalForm | None:
    """What orbits do beside a set of rest points across which one eigenvalue is zero (of a map: one).

    Beside it the centre manifold carries ẋ = (T f + q g) u^m + …, where u is the distance in the direction q,
    orthogonal to the component and of length one, and T f is tangent to it (`leading`). All other
    eigenvalues across decay. Where g < 0 and m is odd, orbits nearby come to rest on the component beside
    the point, at the distance ((m−1)|g|t)^(−1/(m−1)) in the end; where g does not vanish else, they leave.
    Where g is zero all along and f is not, they run along the component, past the point.

    - `near`: a point of the component, with formulas in its variables.

    None where this does not decide.
    """
    formulas = near.formulas
    if formulas is None:
        return None
    return in_time(_SECONDS, lambda: _across(near, formulas, component), None)


def _across(near: NearRest, formulas: Formulas, component: Component) -> NormalForm | None:
    if not _one_is_neutral(near, formulas, component.dimension + 1):
        return None
    pairs = zip(formulas.variables, formulas.expressions, strict=True)
    first = leading([e - v if near.kind == "map" else e for v, e in pairs], component)
    if first is None:
        return None
    put = dict(zip(formulas.variables, formulas.point, strict=True))
    m, name = first.order, f"the {component.name} of equilibria"
    q = first.direction.xreplace(put)
    size = sympy.sqrt(q.dot(q))
    if first.runs_along:
        speed = first.tangents.xreplace(put) * sympy.Matrix(first.along).xreplace(put)
        rate = sympy.sqrt(sympy.expand(speed.dot(speed))) / size**m
        number = _number(rate)
        if not number:
            return None
        return NormalForm(
            "unstable",
            f"beside {name} orbits run along it, past this point, with the speed "
            f"{term(number, 'u', m)} at the distance u",
            "degenerate",
            order=m,
            coefficient=number,
            exact=closed_form(sympy.simplify(rate)),
            error_bound=0.0,
            evidence="exact",
        )
    rate = first.across.xreplace(put) / size ** (m - 1)
    if m % 2 == 0 and max(q, key=lambda e: abs(e.evalf(20))).evalf(20) < 0:
        rate = -rate
    if near.inverse:  # u⁺ = u + g u^m has the inverse u − g u^m + …
        rate = -rate
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


def _number(e: sympy.Expr) -> float | None:
    """A constant in floating point, None where thirty digits do not tell it from zero, and at a pole."""
    value = e.evalf(30)
    known = (value.is_Float or value.is_Rational) and abs(value) > 1e-20
    return float(value) if known else None


def _one_is_neutral(near: NearRest, formulas: Formulas, count: int) -> bool:
    """Whether so many eigenvalues at the point are on the boundary and all others decay, exactly."""
    put = dict(zip(formulas.variables, formulas.point, strict=True))
    matrix = sympy.Matrix(formulas.expressions).jacobian(formulas.variables).xreplace(put)
    polynomial = characteristic_polynomial(matrix)
    if near.kind == "flow":
        counts = root_counts(polynomial)
        return counts is not None and counts.axis == count and not counts.right
    on = circle_counts(polynomial)
    beyond = None if on is None else on.inside if near.inverse else on.outside
    return on is not None and on.on == count and not beyond
