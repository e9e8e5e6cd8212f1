"""Signs and real roots of polynomials in one variable over an exact real field.

Over number fields all is exact. Roots over a field with transcendental numbers, where divisors take long, are
numbers of many digits: their signs count where they are far from zero, and where no roots are close together.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import mpmath
import sympy

from .fields import ExactField, as_fraction

_SMALL = 1e-40  # of numbers with 60 digits
_DIGITS, _CLOSE = 50, Fraction(1, 10**20)
_BISECTIONS = 400
_WIDTHS = (sympy.Rational(1, 10**3), sympy.Rational(1, 10**12), sympy.Rational(1, 10**40))
_SHOWN = sympy.Rational(1, 10**18)
_MAX_DEGREE = 6  # of a field that is made by adjoining a root


class Unknown(Exception):
    """A sign, or a question about the germ, that was not decided."""


@dataclass(frozen=True)
class Root:
    """A real root.

    It is the `element` of the field itself; the only root of the irreducible `factor` in (low, high),
    `index` in the order of its real roots; or what differs from `number` by rounding.
    """

    element: Any = None
    factor: sympy.Poly | None = None
    number: Fraction | None = None
    low: Any = None
    high: Any = None
    index: int = 0

    def expression(self, over: ExactField) -> sympy.Expr:
        """The root in closed form or as SymPy's `CRootOf`; a decimal where the field is not Q."""
        if self.number is not None:
            return sympy.Rational(self.number).evalf()
        if self.factor is None:
            return over.expression(self.element)
        if over.domain is sympy.QQ:
            return sympy.rootof(self.factor, self.index)
        low, high = _interval(self, over, _SHOWN)
        return ((low + high) / 2).evalf()


def sign(element: Any, over: ExactField) -> int:
    """The sign of an element of the field; Unknown where sixty digits do not tell."""
    if over.domain is sympy.QQ:
        return (element > 0) - (element < 0)
    if over.is_zero(element):
        return 0
    value = over.value(element)
    if abs(value) < _SMALL:
        raise Unknown("a sign could not be decided")
    return 1 if value > 0 else -1


def roots(polynomial: sympy.Poly, over: ExactField) -> list[Root]:
    """The distinct real roots of a polynomial that is not zero, each once, in no order."""
    if not (over.domain is sympy.QQ or over.domain.is_Algebraic):
        return _near_roots(polynomial, over)
    found = []
    for factor, _ in polynomial.factor_list()[1]:
        if factor.degree() == 1:
            a, b = factor.rep.to_list()
            found.append(Root(-b / a))
            continue
        sequence = factor.sturm()
        bound = sympy.Integer(2)
        while _count(sequence, -bound, bound, over) < _count(sequence, None, None, over):
            bound *= 2
        stack, isolated = [(-bound, bound)], []
        while stack:
            low, high = stack.pop()
            count = _count(sequence, low, high, over)
            if count == 1:
                isolated.append((low, high))
            elif count > 1:
                middle = (low + high) / 2
                stack += [(middle, high), (low, middle)]
        found += [Root(None, factor, None, low, high, i) for i, (low, high) in enumerate(isolated)]
    return found


def sign_at(polynomial: sympy.Poly, root: Root, over: ExactField) -> int:
    """The sign of a polynomial at a root of another one over the same field."""
    if polynomial.is_zero:
        return 0
    if root.number is not None:
        return _near_sign(polynomial, root.number, over)
    if root.factor is None:
        return sign(polynomial.rep.eval(root.element), over)
    if polynomial.rem(root.factor).is_zero:
        return 0
    low, high = root.low, root.high
    own, other = root.factor.sturm(), polynomial.sqf_part().sturm()
    for _ in range(_BISECTIONS):
        if _count(other, low, high, over) == 0:
            return value_sign(polynomial, high, over)
        middle = (low + high) / 2
        low, high = (low, middle) if _count(own, low, middle, over) else (middle, high)
    raise Unknown("two roots could not be told apart")


def _near_roots(polynomial: sympy.Poly, over: ExactField) -> list[Root]:
    """Zero, where it is one, and the other real roots as numbers; Unknown where two roots may be one."""
    coefficients = polynomial.rep.to_list()
    found = [] if coefficients[-1] else [Root(over.zero)]
    while not coefficients[-1]:
        coefficients.pop()
    if len(coefficients) == 1:
        return found
    context = mpmath.MPContext()
    context.dps = _DIGITS
    numbers = [context.mpf(over.value(c)) for c in coefficients]
    try:
        complex_roots = context.polyroots(numbers, maxsteps=200, extraprec=200)
    except context.NoConvergence:
        raise Unknown("the roots of a polynomial were not found") from None
    for i, root in enumerate(complex_roots):
        if any(abs(root - other) < float(_CLOSE) * (1 + abs(root)) for other in complex_roots[:i]):
            raise Unknown("two roots are too close together")
        if abs(context.im(root)) < float(_CLOSE) / 2 * (
            1 + abs(root)
        ):  # its conjugate would be close
            found.append(Root(number=as_fraction(context.re(root))))
    return found


def _near_sign(polynomial: sympy.Poly, at: Fraction, over: ExactField) -> int:
    value, size = Fraction(0), Fraction(0)
    for (power,), c in polynomial.rep.to_dict().items():
        term = over.fraction(c) * at**power
        value, size = value + term, size + abs(term)
    if abs(value) < _CLOSE * size:
        raise Unknown("a sign could not be decided")
    return 1 if value > 0 else -1


def value_sign(polynomial: sympy.Poly, at: Any, over: ExactField) -> int:
    """The sign of a polynomial at a rational number."""
    return sign(polynomial.rep.eval(over.number(sympy.sympify(at))), over)


def polynomial(coefficients: dict[int, Any], over: ExactField) -> sympy.Poly:
    """Σ cⱼ vʲ over a field."""
    terms = {(j,): c for j, c in coefficients.items()}
    return sympy.Poly.from_dict(terms or {(0,): over.zero}, _v, domain=over.domain)


def adjoined(root: Root, over: ExactField) -> tuple[ExactField, Any]:
    """A field with the root in it, and the root as its element; Unknown beyond one root over Q."""
    if root.element is not None:
        return over, root.element
    if over.domain is not sympy.QQ or root.factor is None or root.factor.degree() > _MAX_DEGREE:
        raise Unknown("the field would be too large")
    number = sympy.rootof(root.factor, root.index)
    field = ExactField([number])
    return field, field.number(number)


def between(found: list[Root], over: ExactField) -> list[sympy.Rational]:
    """Rational numbers, one in each interval that the real line is cut into by the given roots."""
    if not found:
        return [sympy.Integer(0)]
    for width in _WIDTHS:
        ends = sorted(_interval(root, over, width) for root in found)
        if all(one[1] < other[0] for one, other in pairwise(ends)):
            middle = [(one[1] + other[0]) / 2 for one, other in pairwise(ends)]
            return [ends[0][0] - 1, *middle, ends[-1][1] + 1]
    raise Unknown("two roots are too close together")


def _interval(root: Root, over: ExactField, width: sympy.Rational) -> tuple[Any, Any]:
    """Rational numbers on both sides of a root, at most that far apart."""
    if root.factor is None:
        own = over.fraction(root.element) if root.number is None else root.number
        number = sympy.Rational(own)
        return number - width / 2, number + width / 2
    sequence, low, high = root.factor.sturm(), root.low, root.high
    while high - low > width:
        middle = (low + high) / 2
        low, high = (low, middle) if _count(sequence, low, middle, over) else (middle, high)
    return low, high


def _count(sequence: list[sympy.Poly], low: Any, high: Any, over: ExactField) -> int:
    """How many roots lie in (low, high] by Sturm's theorem; None for an infinite end."""

    def changes(at: Any, side: int) -> int:
        if at is None:
            signs = [
                sign(p.rep.to_list()[0], over) * (side if p.degree() % 2 else 1) for p in sequence
            ]
        else:
            signs = [value_sign(p, at, over) for p in sequence]
        signs = [s for s in signs if s]
        return sum(a != b for a, b in pairwise(signs))

    return changes(low, -1) - changes(high, 1)


_v = sympy.Dummy("v")
