"""The real zeros of one polynomial in several variables: as a whole, or split into what they really are.

An irreducible polynomial that changes its sign has a real hypersurface of zeros (Bochnak, Coste, Roy 1998,
Real Algebraic Geometry, Theorem 4.5.1). One that does not has a minimum or a maximum at each of its zeros,
so that its gradient vanishes there. Irreducible over the rationals is not irreducible over the reals:
x² − 2y² is two lines.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import sympy

_SAMPLES = (0, 1, -1, 3, -3, 10, -10)  # per variable, at which a change of sign is looked for
_MOST_SAMPLES = 400


@dataclass(frozen=True)
class Pieces:
    """The real zeros: all of the hypersurface (`whole`), and the common zeros of each list in `others`."""

    whole: bool
    others: tuple[list[sympy.Expr], ...] = ()


def is_rational(e: sympy.Expr, variables: Sequence[sympy.Symbol]) -> bool:
    """Whether this is a polynomial in these variables, and in nothing else, with rational coefficients."""
    if not e.free_symbols <= set(variables) or not e.is_polynomial(*variables):
        return False
    return all(c.is_rational for c in sympy.Poly(e, *variables).coeffs())


def pieces(polynomial: sympy.Expr, variables: Sequence[sympy.Symbol]) -> Pieces | None:
    """What the real zeros of a polynomial with rational coefficients are; None where that is not known."""
    factors = [f for f, _ in sympy.factor_list(polynomial, *variables)[1]]
    if len(factors) > 1:
        return Pieces(False, tuple([f] for f in factors))
    (p,) = factors
    own = [v for v in variables if p.has(v)]
    split = _two_sheets(p, own) or _lines(p, own)
    if split is not None:
        return split
    if _changes_sign(p, own):
        return Pieces(True)
    if _keeps_sign(p, own):
        return Pieces(False, ([p, *(p.diff(v) for v in own)],))
    return None


def _two_sheets(p: sympy.Expr, variables: Sequence[sympy.Symbol]) -> Pieces | None:
    """Where p is quadratic in a variable and its discriminant a constant times a square."""
    for v in variables:
        if sympy.degree(p, v) != 2:
            continue
        a, b, c = sympy.Poly(p, v).all_coeffs()
        constant, squares = sympy.factor_list(sympy.expand(b**2 - 4 * a * c))
        if any(power % 2 for _, power in squares):
            continue
        root = sympy.Mul(*(f ** (power // 2) for f, power in squares))
        if constant < 0:  # real only where the discriminant vanishes, or p is no quadratic
            return Pieces(False, ([root, 2 * a * v + b], [a, p]))
        sheets = [[2 * a * v + b + s * sympy.sqrt(constant) * root] for s in (1, -1)]
        return Pieces(False, (*sheets, [a, p])) if a.free_symbols else Pieces(False, tuple(sheets))
    return None


def _lines(p: sympy.Expr, variables: Sequence[sympy.Symbol]) -> Pieces | None:
    """Lines through the origin, where p is homogeneous in two variables."""
    if len(variables) != 2:
        return None
    x, y = variables
    own = sympy.Poly(p, x, y)
    if not own.is_homogeneous:
        return None
    slopes = sympy.real_roots(sympy.Poly(own.as_expr().xreplace({y: sympy.Integer(1)}), x))
    return Pieces(False, (*([x - slope * y] for slope in dict.fromkeys(slopes)), [x, y]))


def _changes_sign(p: sympy.Expr, variables: Sequence[sympy.Symbol]) -> bool:
    value = sympy.lambdify(variables, p, "math")
    points = itertools.product(_SAMPLES, repeat=len(variables))
    seen: set[int] = set()
    for point in itertools.islice(points, _MOST_SAMPLES):
        number = value(*map(sympy.Integer, point))
        seen.add(int(sympy.sign(number)))
        if {1, -1} <= seen:
            return True
    return len(variables) == 2 and _sign_on_lines(p, variables) is False


def _keeps_sign(p: sympy.Expr, variables: Sequence[sympy.Symbol]) -> bool:
    if len(variables) == 2:
        return _sign_on_lines(p, variables) is True
    own = sympy.Poly(p, *variables)
    terms = own.terms()
    one = {sympy.sign(c) for _, c in terms}
    return len(one) == 1 and all(power % 2 == 0 for powers, _ in terms for power in powers)


def _sign_on_lines(p: sympy.Expr, variables: Sequence[sympy.Symbol]) -> bool | None:
    """Whether p in x and y has one sign, decided on one line x = const in each cell of its discriminant.

    Between the real zeros of discriminant and leading coefficient the number of simple real roots in y is
    constant, and a change of sign is a simple root.
    """
    x, y = variables
    if sympy.degree(p, y) < 1:
        return None
    guards = [sympy.discriminant(p, y), sympy.LC(p, y)]
    ends: list[sympy.Expr] = []
    for guard in guards:
        if guard.has(x):
            ends += sympy.real_roots(sympy.Poly(guard, x), multiple=True)
    ends = sorted(dict.fromkeys(ends), key=lambda root: root.evalf(30))
    places = (
        [sympy.Integer(0)] if not ends else [sympy.floor(ends[0]) - 1, sympy.ceiling(ends[-1]) + 1]
    )
    for low, high in itertools.pairwise(ends):
        places.append(sympy.nsimplify((low.evalf(40) + high.evalf(40)) / 2, rational=True))
    return all(not sympy.Poly(p.xreplace({x: place}), y).count_roots() for place in places)
