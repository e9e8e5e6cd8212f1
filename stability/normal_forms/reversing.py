"""Linear reflections that turn time round: what makes a planar centre."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import product

import mpmath
import sympy

from ..dynamics.functions import sigmoid, softplus
from .generators import Generators, NotCovered
from .near_rest import Formulas

_DIGITS = 40
_ORDERS = range(2, 8)
_FUNCTIONS = {f.__name__: f._mpmath_value for f in (sigmoid, softplus)}
_LARGEST = 10**5  # coefficient of the quadratic equation of an entry


def reversing_reflection(
    formulas: Formulas, jacobian: sympy.Matrix, kind: str
) -> sympy.Matrix | None:
    """A reflection R of the plane with f(x* + Ru) ≡ −R f(x* + u); of a map, with RFRF ≡ 1 around x*.

    R² = 1 and det R = −1.

    The rest point x* has a pair of eigenvalues ±iω (map: e^{±iθ}) that is not real, `jacobian` of shape (2,
    2). For a flow it then is a centre: an orbit that starts on the line Ru = u, near x*, meets it again
    after half a turn, and its mirror image closes it (Poincaré's symmetry principle; Lamb and Roberts,
    Physica D 112, 1998, section 4).

    In a coordinate z with u = qz + conj, R is z ↦ e^{iφ} conj z for some φ, because R reverses the linear
    part. The lowest term g z^j conj(z)^k of f with j − k ≠ 1 leaves |j − k − 1| angles; each is tried in
    numbers, then written exactly and checked as an identity. None if there is no reflection, or none whose
    entries are rational or square roots.
    """
    u = [sympy.Dummy(v.name, real=True) for v in formulas.variables]
    put = dict(zip(formulas.variables, formulas.point, strict=True))
    with mpmath.workdps(_DIGITS):
        matrix = mpmath.matrix([[_number(e) for e in row] for row in jacobian.tolist()])
        rotation, frame = _frame(matrix, kind)
        shifted = [
            e.xreplace({v: put[v] + w for v, w in zip(put, u, strict=True)})
            for e in formulas.expressions
        ]
        if kind == "map":
            shifted = [e - p for e, p in zip(shifted, formulas.point, strict=True)]
        for angle in _angles(shifted, u, frame, rotation, kind):
            reflection = _reflection(frame, angle)
            if not _seems_reversing(shifted, u, reflection, kind):
                continue
            exact = _recognised(reflection)
            if exact is not None and _reverses(shifted, u, exact, kind):
                return exact
    return None


def reversing_without_pair(formulas: Formulas, jacobian: sympy.Matrix) -> sympy.Matrix | None:
    """The same of a flow whose linear part is zero or nilpotent, in which orbits need not turn round.

    With J k = 0, J w = k a reflection that reverses J is R k = ±k, R w = ∓w + b k: the lowest terms of the
    identity, which are polynomials in b, leave few b. Where J = 0 only the exchange of the coordinates and
    their reversals are tried. None if there is none of these.
    """
    u = [sympy.Dummy(v.name, real=True) for v in formulas.variables]
    put = {v: p + w for v, p, w in zip(formulas.variables, formulas.point, u, strict=True)}
    shifted = [e.xreplace(put) for e in formulas.expressions]
    for reflection in _without_pair(shifted, u, jacobian):
        if _reverses(shifted, u, reflection, "flow"):
            return reflection
    return None


def _without_pair(
    shifted: Sequence[sympy.Expr], u: Sequence[sympy.Symbol], jacobian: sympy.Matrix
) -> Iterator[sympy.Matrix]:
    w = next((w for w in (sympy.Matrix([0, 1]), sympy.Matrix([1, 0])) if any(jacobian * w)), None)
    if w is None:
        for one, other in ((1, -1), (-1, 1)):
            yield sympy.diag(one, other)
            yield sympy.Matrix([[0, one], [one, 0]])
        return
    frame, b = sympy.Matrix.hstack(jacobian * w, w), sympy.Dummy("b")
    for s in (1, -1):
        reflection = (frame * sympy.Matrix([[s, b], [0, -s]]) * frame.inv()).applyfunc(sympy.expand)
        for value in _slants(shifted, u, reflection, b):
            yield reflection.xreplace({b: value})


def _slants(
    shifted: Sequence[sympy.Expr],
    u: Sequence[sympy.Symbol],
    reflection: sympy.Matrix,
    b: sympy.Symbol,
) -> list[sympy.Expr]:
    """The rational b for which the lowest terms of f(Ru) + R f(u) that have b vanish; 0 where none has."""
    scale = sympy.Dummy("scale")
    image = dict(zip(u, reflection * sympy.Matrix(u), strict=True))
    value = sympy.Matrix(shifted).xreplace({w: scale * w for w in u})
    for _ in range(1, _ORDERS.stop):
        value = value.diff(scale)
        part = value.xreplace({scale: sympy.S.Zero}).applyfunc(sympy.expand)
        terms = [sympy.Poly(e, *u) for e in part.xreplace(image) + reflection * part]
        conditions = [sympy.Poly(c, b) for p in terms for c in p.coeffs() if c]
        if conditions:
            common = reduce(sympy.gcd, conditions)
            return list(common.ground_roots()) if common.domain.is_QQ or common.domain.is_ZZ else []
    return [sympy.S.Zero]


def _number(e: sympy.Expr) -> mpmath.mpf:
    value = e.evalf(_DIGITS)
    if not (value.is_Float or value.is_Rational):
        raise NotCovered  # a derivative that is not finite, say
    return value._to_mpmath(mpmath.mp.prec)


def _frame(matrix: mpmath.matrix, kind: str) -> tuple[mpmath.mpc, mpmath.matrix]:
    """The eigenvalue in the upper half plane and the matrix (q, conj q)."""
    trace = matrix[0, 0] + matrix[1, 1]
    determinant = matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]
    eigenvalue = trace / 2 + 1j * mpmath.sqrt(determinant - trace**2 / 4)
    q = mpmath.matrix([matrix[0, 1], eigenvalue - matrix[0, 0]])
    return eigenvalue, mpmath.matrix([[q[0], mpmath.conj(q[0])], [q[1], mpmath.conj(q[1])]])


def _angles(
    shifted: Sequence[sympy.Expr],
    u: Sequence[sympy.Symbol],
    frame: mpmath.matrix,
    eigenvalue: mpmath.mpc,
    kind: str,
) -> Iterator[mpmath.mpf]:
    """The angles that the lowest terms leave; 0 where there is no term that turns."""
    inverse = frame**-1
    for order in _ORDERS:
        terms = _terms(shifted, u, frame, inverse, order)
        turning = [(abs(j - k - 1), j, k, g) for (j, k), g in terms.items() if j - k != 1]
        size = max((abs(g) for *_, g in turning), default=mpmath.mpf(0))
        turning = [t for t in turning if abs(t[3]) > size * mpmath.mpf(10) ** -15]
        if size < mpmath.mpf(10) ** -25 or not turning:
            continue
        count, j, k, g = min(turning, key=lambda t: t[:3])
        if kind == "flow":
            phase = mpmath.arg(-mpmath.conj(g) / g) / (j - k - 1)
        else:
            phase = -mpmath.arg(-g / mpmath.conj(g) * eigenvalue ** (k - j - 1)) / (j - k - 1)
        yield from (phase + 2 * mpmath.pi * n / count for n in range(count))
        return
    yield mpmath.mpf(0)


def _terms(shifted, u, frame, inverse, order: int) -> dict[tuple[int, int], mpmath.mpc]:
    """The terms z^j conj(z)^k of one order, in the component of z."""
    found: dict[tuple[int, int], mpmath.mpc] = {}
    for row, e in enumerate(shifted):
        for m in range(order + 1):
            powers = (order - m, m)
            derivative = e
            for symbol, times in zip(u, powers, strict=True):
                derivative = sympy.diff(derivative, symbol, times) if times else derivative
            value = derivative.xreplace({w: sympy.Integer(0) for w in u})
            if value == 0:
                continue
            c = _number(value) / (mpmath.factorial(powers[0]) * mpmath.factorial(powers[1]))
            for a, b in product(range(powers[0] + 1), range(powers[1] + 1)):
                j = a + b
                weight = mpmath.binomial(powers[0], a) * mpmath.binomial(powers[1], b)
                weight *= frame[0, 0] ** a * frame[0, 1] ** (powers[0] - a)
                weight *= frame[1, 0] ** b * frame[1, 1] ** (powers[1] - b)
                key = (j, order - j)
                found[key] = found.get(key, 0) + inverse[0, row] * c * weight
    return found


def _reflection(frame: mpmath.matrix, angle: mpmath.mpf) -> mpmath.matrix:
    turn = mpmath.expj(angle)
    swapped = frame * mpmath.matrix([[0, turn], [mpmath.conj(turn), 0]]) * frame**-1
    return swapped.apply(mpmath.re)


def _seems_reversing(shifted, u, reflection: mpmath.matrix, kind: str) -> bool:
    """Whether the identity holds at two points, in numbers."""
    function = sympy.lambdify(u, shifted, [_FUNCTIONS, "mpmath"])

    def difference(here: mpmath.matrix) -> mpmath.matrix:
        there = reflection * mpmath.matrix(function(*here))
        if kind == "flow":
            return mpmath.matrix(function(*(reflection * here))) + there
        return reflection * mpmath.matrix(function(*there)) - here

    small = mpmath.mpf(10) ** (-_DIGITS // 2)
    points = [mpmath.matrix([one / 64, other / 64]) for one, other in ((1.75, 3.25), (-3.5, 2.25))]
    try:
        return all(mpmath.norm(difference(p)) <= small for p in points)
    except (ArithmeticError, ValueError):  # outside the domain
        return False


def _recognised(reflection: mpmath.matrix) -> sympy.Matrix | None:
    entries = [_exact(reflection[i, j]) for i in range(2) for j in range(2)]
    if any(e is None for e in entries):
        return None
    return sympy.Matrix(2, 2, entries)


def _exact(number: mpmath.mpf) -> sympy.Expr | None:
    """The rational number or the root of a quadratic equation that this is, to all its digits."""
    rational = sympy.Rational(str(mpmath.nstr(number, _DIGITS))).limit_denominator(_LARGEST)
    tolerance = mpmath.mpf(10) ** (-_DIGITS + 12)
    if abs(_number(rational) - number) < tolerance:
        return rational
    found = mpmath.findpoly(number, 2, maxcoeff=_LARGEST, tol=tolerance)
    if not found:
        return None
    a, b, c = (int(k) for k in found)
    root = sympy.sqrt(sympy.Integer(b * b - 4 * a * c))
    return next(
        (
            r
            for r in ((-b + s * root) / (2 * a) for s in (1, -1))
            if abs(_number(r) - number) < tolerance
        ),
        None,
    )


def _reverses(shifted, u, reflection: sympy.Matrix, kind: str) -> bool:
    """Whether the identity holds, and R² = 1, by algebra."""
    image = reflection * sympy.Matrix(u)
    value = sympy.Matrix(shifted)
    put = dict(zip(u, image, strict=True))
    if kind == "flow":
        difference = value.xreplace(put) + reflection * value
    else:
        there = reflection * value
        difference = reflection * value.xreplace(dict(zip(u, there, strict=True))) - sympy.Matrix(u)
    square = (reflection**2 - sympy.eye(2)).applyfunc(sympy.expand)
    generators = Generators(u)
    return square.is_zero_matrix is True and all(generators.vanishes(e) for e in difference)
