"""Exact stability conditions of polynomials: where the roots are, without computing one.

Polynomials are sequences of real coefficients, leading coefficient first. Numbers (integers,
fractions, floats taken at their exact binary value, SymPy constants such as sqrt(70) or exp(-1))
can be counted; coefficients with symbols give guard polynomials, whose zeros are the only
parameters at which a root can cross the stability boundary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from numbers import Rational
from typing import Any, NamedTuple

import sympy
from sympy.polys.matrices import DomainMatrix

from ..errors import InputError
from ..time_limits import in_time

_SECONDS_PER_ZERO_TEST = 2.0
_SECONDS_PER_COUNT = 20.0

Polynomial = list[Any]  # leading coefficient first; the zero polynomial is the empty list
Sign = Callable[[Any], int]


class RootCounts(NamedTuple):
    """How many roots, with multiplicity, have negative, zero and positive real part."""

    left: int
    axis: int
    right: int


class CircleCounts(NamedTuple):
    """How many roots, with multiplicity, lie inside, on and outside the unit circle."""

    inside: int
    on: int
    outside: int


class _Undecided(Exception):
    """The sign of a constant could not be decided."""


def characteristic_polynomial(matrix: sympy.MatrixBase) -> list[sympy.Expr]:
    """The d + 1 coefficients of det(s I - matrix), leading coefficient (one) first.

    The entries of `matrix`, shape (d, d), may be any SymPy expressions. Division-free (Berkowitz 1984), over
    the rational functions in one generator for everything that is not a rational number, so no zero test on
    expressions is needed.

    Raises `InputError` unless the matrix is square.
    """
    if matrix.rows != matrix.cols:
        raise InputError(
            f"a characteristic polynomial needs a square matrix, not {matrix.rows} by {matrix.cols}"
        )
    if matrix.rows == 0:
        return [sympy.Integer(1)]
    generators: dict[sympy.Expr, sympy.Symbol] = {}
    entries = matrix.applyfunc(lambda entry: _with_generators(sympy.sympify(entry), generators))
    domain_matrix = DomainMatrix.from_Matrix(sympy.Matrix(entries))
    domain = domain_matrix.domain
    back = {symbol: original for original, symbol in generators.items()}
    return [
        sympy.expand(domain.to_sympy(coefficient).xreplace(back))
        for coefficient in domain_matrix.charpoly()
    ]


def _with_generators(entry: Any, generators: dict[sympy.Expr, sympy.Symbol]) -> sympy.Expr:
    """`entry` as a polynomial in symbols, where each new symbol stands for one irrational part."""
    if entry.is_Rational or entry.is_Symbol:
        return entry
    if entry.is_Float:
        return sympy.Rational(entry)
    if entry.is_Add or entry.is_Mul:
        return entry.func(*(_with_generators(part, generators) for part in entry.args))
    if entry.is_Pow and entry.exp.is_Integer:
        return _with_generators(entry.base, generators) ** entry.exp
    return generators.setdefault(entry, sympy.Dummy())


def root_counts(coefficients: Sequence[Any]) -> RootCounts | None:
    """Counts the roots left of, on and right of the imaginary axis, exactly and with multiplicity.

    Writing p(iw) = i^n (f0(w) - i f1(w)) with f0, f1 real, the Cauchy index of f1 / f0 over the
    real line is (left - right) for the part of p that has no roots symmetric about the axis (Routh
    1877; Gantmacher, Theory of Matrices II, XV section 3). It is read off the signed remainder
    sequence of f0, f1, which needs no special treatment of vanishing Routh rows. The sequence ends
    in their
    greatest common divisor: its real roots are the roots of p on the axis (counted by Sturm's
    theorem, once for every multiplicity), its other roots come in pairs, one on either side.

    **Arguments:**

    - `coefficients`: real numbers, leading first; leading zeros are dropped. Integers, fractions,
      floats (at their exact value) or SymPy constants.

    Returns the counts, or None when the sign of an irrational constant could not be decided (for
    rational coefficients this does not happen).

    Raises `InputError` for the zero polynomial and for coefficients that are not real constants.
    """
    return _count(coefficients, _half_plane_counts)


def circle_counts(coefficients: Sequence[Any]) -> CircleCounts | None:
    """Counts the roots inside, on and outside the unit circle, exactly and with multiplicity.

    The map z = (1 + w) / (1 - w) carries the left half plane to the inside of the circle; roots at
    z = -1 go to infinity and show as a drop in degree. Arguments and errors are `root_counts`'s.
    """

    def count(polynomial: Polynomial, sign: Sign) -> CircleCounts:
        image = _trimmed(moebius(polynomial), sign)
        left, axis, right = _half_plane_counts(image, sign)
        return CircleCounts(left, axis + len(polynomial) - len(image), right)

    return _count(coefficients, count)


def moebius(coefficients: Sequence[Any]) -> list[Any]:
    """The n + 1 coefficients of (1 - w)^n p((1 + w) / (1 - w)), leading first, for p of degree n.

    The leading one is (-1)^n p(-1), the last one p(1).
    """
    degree = len(coefficients) - 1
    image: list[Any] = [0] * (degree + 1)
    for position, coefficient in enumerate(coefficients):
        for power, binomial in enumerate(_moebius_basis(degree - position, position)):
            image[power] = image[power] + binomial * coefficient
    return [sympy.expand(c) if isinstance(c, sympy.Expr) else c for c in image]


def _moebius_basis(plus: int, minus: int) -> list[int]:
    """Coefficients of (w + 1)^plus (1 - w)^minus, leading first."""
    result = [1]
    for factor in [(1, 1)] * plus + [(-1, 1)] * minus:
        padded = [0, *result, 0]
        result = [factor[0] * b + factor[1] * a for a, b in pairwise(padded)]
    return result


def hurwitz_determinants(coefficients: Sequence[Any]) -> list[sympy.Expr]:
    """The leading principal minors D_1, ..., D_n of the Hurwitz matrix of a polynomial of degree n.

    With a positive leading coefficient all roots have negative real part exactly when all minors
    are positive (Hurwitz 1895). Division-free, so coefficients may hold symbols.
    """
    matrix = _hurwitz_matrix(coefficients)
    return [_determinant(matrix[:k, :k]) for k in range(1, matrix.rows + 1)]


def flow_guards(coefficients: Sequence[Any]) -> list[sympy.Expr]:
    """Polynomials one of which vanishes wherever a root lies on the imaginary axis.

    They are p(0), the product of the roots up to sign, and the next-to-last Hurwitz determinant,
    which is the product of all sums of two roots up to sign (Orlando 1911), for p of degree n with
    a leading coefficient that never vanishes. Between their zeros the number of stable roots is
    constant. The second may also vanish at harmless parameters, where two real roots are opposite.
    """
    degree = len(coefficients) - 1
    if degree < 1:
        return []
    guards = [sympy.expand(coefficients[-1])]
    if degree > 1:
        guards.append(_determinant(_hurwitz_matrix(coefficients)[: degree - 1, : degree - 1]))
    return guards


def circle_guards(coefficients: Sequence[Any]) -> list[sympy.Expr]:
    """Polynomials one of which vanishes wherever a root lies on the unit circle.

    For p of degree n: p(1), (-1)^n p(-1), and for n > 1 the next-to-last Hurwitz determinant of
    `moebius(p)`, which vanishes when two roots have product one, as complex conjugate roots on the
    circle do (Orlando 1911). The leading coefficient of p must never vanish.
    """
    degree = len(coefficients) - 1
    if degree < 1:
        return []
    image = [sympy.sympify(c) for c in moebius(coefficients)]
    guards = [image[-1], image[0]]
    if degree > 1:
        guards.append(_determinant(_hurwitz_matrix(image)[: degree - 1, : degree - 1]))
    return guards


def _hurwitz_matrix(coefficients: Sequence[Any]) -> sympy.Matrix:
    degree = len(coefficients) - 1

    def entry(row: Any, column: Any) -> Any:
        index = 2 * column - row + 1
        return coefficients[index] if 0 <= index <= degree else 0

    return sympy.Matrix(degree, degree, entry)


def _determinant(matrix: Any) -> sympy.Expr:
    return sympy.expand((-1) ** matrix.rows * characteristic_polynomial(matrix)[-1])


def _count(coefficients: Sequence[Any], count: Callable[[Polynomial, Sign], Any]) -> Any:
    integers = _as_integers(coefficients)
    if integers is not None:
        return count(_trimmed(integers, _integer_sign), _integer_sign)
    constants = [sympy.sympify(c) for c in coefficients]
    for constant in constants:
        if constant.free_symbols or constant.is_real is False:
            raise InputError(
                f"roots are counted only if every coefficient is a real number; {constant} is not"
            )

    def work() -> Any:
        try:
            return count(
                _trimmed([sympy.expand(c) for c in constants], _constant_sign), _constant_sign
            )
        except _Undecided:
            return None

    return in_time(_SECONDS_PER_COUNT, work, None)


def _as_integers(coefficients: Sequence[Any]) -> list[int] | None:
    """The coefficients times a positive common denominator, or None if one is not rational."""
    fractions = []
    for coefficient in coefficients:
        if isinstance(coefficient, Rational | float):
            if isinstance(coefficient, float) and not math.isfinite(coefficient):
                raise InputError(
                    f"a polynomial's coefficients must be finite; {coefficient} is not"
                )
            fractions.append(Fraction(coefficient))
        elif isinstance(coefficient, sympy.Rational | sympy.Float):
            fractions.append(Fraction(str(sympy.Rational(coefficient))))
        else:
            return None
    denominator = math.lcm(*(f.denominator for f in fractions))
    return [int(f * denominator) for f in fractions]


def _half_plane_counts(polynomial: Polynomial, sign: Sign) -> RootCounts:
    degree = len(polynomial) - 1
    # f0 and f1 as in `root_counts`: every other coefficient, with alternating signs
    f0 = [(-1) ** (k // 2) * c if k % 2 == 0 else 0 for k, c in enumerate(polynomial)]
    f1 = [(-1) ** (k // 2) * c if k % 2 == 1 else 0 for k, c in enumerate(polynomial)]
    sequence = _remainder_sequence(f0, _trimmed(f1, sign, allow_zero=True), sign)
    symmetric = sequence[-1]
    paired = len(symmetric) - 1
    index = _variation_drop(sequence, sign)
    axis = _real_roots(symmetric, sign)
    left = (degree - paired + index) // 2 + (paired - axis) // 2
    return RootCounts(left, axis, degree - left - axis)


def _real_roots(polynomial: Polynomial, sign: Sign) -> int:
    """Number of real roots, with multiplicity: the distinct ones of p, of gcd(p, p'), and so on."""
    count = 0
    while len(polynomial) > 1:
        sequence = _remainder_sequence(polynomial, _derivative(polynomial), sign)
        count += _variation_drop(sequence, sign)
        polynomial = sequence[-1]
    return count


def _derivative(polynomial: Polynomial) -> Polynomial:
    degree = len(polynomial) - 1
    return [(degree - k) * c for k, c in enumerate(polynomial[:-1])]


def _variation_drop(sequence: list[Polynomial], sign: Sign) -> int:
    """Sign variations of the sequence at minus infinity less those at plus infinity."""
    at_plus = [sign(p[0]) for p in sequence]
    at_minus = [s * (-1) ** (len(p) - 1) for s, p in zip(at_plus, sequence, strict=True)]
    return sum(a != b for a, b in pairwise(at_minus)) - sum(a != b for a, b in pairwise(at_plus))


def _remainder_sequence(first: Polynomial, second: Polynomial, sign: Sign) -> list[Polynomial]:
    """p, q, -rem(p, q), ... up to positive factors; ends in the greatest common divisor."""
    sequence = [first]
    while second:
        sequence.append(second)
        first, second = second, _negative_remainder(first, second, sign)
    return sequence


def _negative_remainder(first: Polynomial, second: Polynomial, sign: Sign) -> Polynomial:
    """A positive multiple of -rem(first, second), by division-free pseudo-division."""
    lead = second[0]
    lead_sign = sign(lead)
    remainder = list(first)
    while len(remainder) >= len(second):
        head = remainder[0]
        # scale by |lead| > 0 and subtract, which cancels the head
        shifted = [lead_sign * head * c for c in second[1:]] + [0] * (len(remainder) - len(second))
        remainder = [lead_sign * lead * a - b for a, b in zip(remainder[1:], shifted, strict=True)]
    return _reduced(_trimmed([-c for c in remainder], sign, allow_zero=True))


def _reduced(polynomial: Polynomial) -> Polynomial:
    """The polynomial over a positive common factor, which keeps the coefficients small."""
    if all(isinstance(c, int) for c in polynomial):
        content = math.gcd(*polynomial)
        return [c // content for c in polynomial] if content > 1 else polynomial
    return polynomial


def _trimmed(polynomial: Polynomial, sign: Sign, allow_zero: bool = False) -> Polynomial:
    """The polynomial without leading zeros, with every coefficient in normal form."""
    expanded = [sympy.expand(c) if isinstance(c, sympy.Expr) else c for c in polynomial]
    for start, coefficient in enumerate(expanded):
        if sign(coefficient) != 0:
            return expanded[start:]
    if allow_zero:
        return []
    raise InputError("the zero polynomial has no countable roots; give a nonzero coefficient")


def _integer_sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _constant_sign(number: Any) -> int:
    """The sign of a real constant; raises `_Undecided` if it looks like zero without proof."""
    number = sympy.sympify(number)
    if number.is_Rational:
        return int(sympy.sign(number))
    value = number.evalf(60, maxn=400)
    if (
        value.is_Float and value._prec > 1
    ):  # SymPy marks a value without correct digits by precision 1
        return int(sympy.sign(value))
    is_zero = in_time(_SECONDS_PER_ZERO_TEST, lambda: _is_zero(number), None)
    if is_zero:
        return 0
    raise _Undecided


def _is_zero(number: sympy.Expr) -> bool | None:
    if number.is_zero or sympy.simplify(number) == 0:
        return True
    return number.equals(0)
