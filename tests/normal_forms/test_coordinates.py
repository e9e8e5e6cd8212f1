"""The change between real coordinates and a pair, against SymPy's own substitution."""

import random

import pytest
import sympy
from sympy import I, Rational, conjugate, exp, sqrt

from stability.normal_forms.coordinates import PairCoordinates
from stability.normal_forms.fields import ExactField
from stability.normal_forms.pairs import PairField, PairNumber
from stability.normal_forms.series import packed, unpacked, without_zeros

from .systems import x, y

z, w = sympy.symbols("z w")


def pairs_of(trace, determinant):
    over = ExactField([trace, determinant])
    return PairField(over, over.number(trace), over.number(determinant))


PAIRS = {
    "a flow": (0, Rational(4, 9), I * Rational(2, 3)),
    "a map": (Rational(6, 5), 1, Rational(3, 5) + I * Rational(4, 5)),
    "neither": (Rational(2), Rational(7), 1 + I * sqrt(6)),
    "with e": (2 - exp(-2) / 100, 1, 1 - exp(-2) / 200 + I * sqrt(exp(-2) - exp(-4) / 400) / 10),
}


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(("trace", "determinant", "value"), PAIRS.values(), ids=PAIRS)
def test_what_is_substituted(trace, determinant, value, n):
    """y₁ = −(λ̄z + λz̄), y₂ = z + z̄ in a real polynomial; and what comes back is what there was."""
    pairs = pairs_of(sympy.sympify(trace), sympy.sympify(determinant))
    over, choose = pairs.over, random.Random(n)
    numbers = [Rational(choose.randint(-9, 9), choose.randint(1, 4)) for _ in range(n + 1)]
    part = without_zeros({packed((n - k, k)): over.number(c) for k, c in enumerate(numbers)})
    coordinates = PairCoordinates(pairs)
    found = coordinates.to_pair(n, part)
    assert coordinates.to_real(n, found) == part

    put = {x: -(conjugate(value) * z + value * w), y: z + w}
    polynomial = sum(c * x ** (n - k) * y**k for k, c in enumerate(numbers))
    expected = sympy.Poly(sympy.expand(polynomial.subs(put, simultaneous=True)), z, w)
    assert len(found) == n // 2 + 1
    for monomial, c in found.items():
        own = over.expression(c.a) + over.expression(c.b) * value
        difference = own - expected.coeff_monomial(
            z ** unpacked(monomial, 2)[0] * w ** unpacked(monomial, 2)[1]
        )
        assert abs(sympy.N(difference, 30)) < 1e-25


def test_traces():
    """x + x̄ = 2 and λx + λ̄x̄ = 2 Re λ for x = 1; λ + λ̄ = t, λ² + λ̄² = t² − 2m for x = λ."""
    pairs = pairs_of(Rational(3), Rational(5))
    assert pairs.one.traces() == (2, 3)
    assert pairs.eigenvalue.traces() == (3, 9 - 10)
    own = PairNumber(Rational(2), Rational(-7), pairs)
    first, second = own.traces()
    square = own * own  # a(x + x̄) + b(λx + λ̄x̄) = x² + x̄²
    assert own.a * first + own.b * second == square.traces()[0]
