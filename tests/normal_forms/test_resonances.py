"""Maps at roots of unity: resonant terms that decide, that do not, and that are averaged away."""

import math

import pytest
import sympy
from sympy import QQ_I, I, Rational, expand, sqrt
from sympy.polys.rings import ring

from stability.normal_forms.simple import reduce

from .systems import step, x, y

STABLE, UNSTABLE, OPEN = "asymptotically stable", "unstable", "undecided"
ROOTS = {
    3: (-1 + I * sqrt(3)) / 2,
    4: I,
    5: (sqrt(5) - 1) / 4 + I * sqrt(10 + 2 * sqrt(5)) / 4,
    6: (1 + I * sqrt(3)) / 2,
}
z, z_bar = x + I * y, x - I * y


def turned(j, function):
    """z⁺ = e^{2πi/j} times a polynomial in x and y, as a real map; |z|² is twice that of ‖q‖ = 1."""
    value = expand(ROOTS[j] * expand(function))
    return step((x, y), (expand(sympy.re(value)), expand(sympy.im(value))))


@pytest.mark.parametrize(
    ("j", "terms", "verdict", "order", "coefficient"),
    [
        (3, z_bar**2 - 5 * z * z * z_bar, UNSTABLE, 2, sqrt(2)),
        (3, -z * z * z_bar + I * z**4, STABLE, 3, -2),
        # Re c + √(|b|² − (Im c)²), or Re c where Im c is larger
        (4, (-1 + I) * z**2 * z_bar + sqrt(2) * z_bar**3, OPEN, 3, None),
        (4, (-1 + I) * z**2 * z_bar + Rational(3, 2) * z_bar**3, UNSTABLE, 3, -2 + sqrt(5)),
        (4, (-1 + I) * z**2 * z_bar + Rational(5, 4) * z_bar**3, STABLE, 3, -Rational(1, 2)),
        (4, (-1 + 2 * I) * z**2 * z_bar + Rational(3, 2) * z_bar**3, STABLE, 3, -2),
        (4, (1 + 2 * I) * z**2 * z_bar + Rational(3, 2) * z_bar**3, UNSTABLE, 3, 2),
        (4, 2 * I * z**2 * z_bar + z_bar**3, OPEN, 3, None),
        (5, I * z**2 * z_bar, UNSTABLE, 5, 2),
        (5, I * z_bar**4, UNSTABLE, 4, 2 * sqrt(2)),
        (5, -(z**2) * z_bar + 7 * z_bar**4, STABLE, 3, -2),
        (6, -(z**3) * z_bar**2 + 2 * z_bar**5, UNSTABLE, 5, 4),
        (6, -3 * z**3 * z_bar**2 + 2 * z_bar**5, STABLE, 5, -4),
    ],
)  # fmt: skip
def test_what_decides_at_a_resonance(j, terms, verdict, order, coefficient):
    form = reduce(turned(j, z + terms))
    assert (form.verdict, form.order) == (verdict, order)
    if coefficient is None:
        assert form.coefficient is None
        assert f"resonance 1:{j}" in form.because
    else:
        assert form.coefficient == pytest.approx(float(coefficient), rel=1e-14)


def test_two_resonant_terms_of_one_order_are_judged_as_a_planar_field():
    # R = −3 + cos 4φ on rays, then with a turn, then with a ray that leads out
    inwards = -3 * z**3 * z_bar**2 + (z**5 + z * z_bar**4) / 2
    turn = I * z**3 * z_bar**2
    for more, verdict in [(0, STABLE), (turn, STABLE), (5 * z**5, UNSTABLE)]:
        form = reduce(turned(4, z + inwards + more))
        assert (form.verdict, form.case, form.order) == (verdict, "resonance", 5)


@pytest.mark.parametrize(("j", "k"), [(4, 2), (3, 3)])
def test_resonant_terms_behind_a_twist_are_averaged(j, k):
    # z ↦ z e^{i|z|²} (1 + |z|^{2k}/3), seen from a w that commutes with the rotation by 2π/j
    polynomials, w, w_bar = ring("w, w_bar", QQ_I)
    highest, one, i = 2 * k + 1, QQ_I(1, 0), QQ_I(0, 1)

    def short(p):
        return polynomials.from_dict({m: c for m, c in p.terms() if sum(m) <= highest})

    def conjugate(p):
        return polynomials.from_dict({m[::-1]: QQ_I(c.x, -c.y) for m, c in p.terms()})

    def put(outer, inner):
        """outer(inner(w)), whose powers are taken as they come."""
        total, mirror = polynomials.zero, conjugate(inner)
        for (a, b), c in outer.terms():
            term = polynomials.ground_new(c)
            for factor in [inner] * a + [mirror] * b:
                term = short(term * factor)
            total += term
        return total

    turn = sum((w * w_bar * i) ** n * (one / math.factorial(n)) for n in range(highest))
    plain = short(w * turn * ((w * w_bar) ** k * (one / 3) + 1))
    bend = w_bar ** (j - 1) * (one + 2 * i) + w ** (j + 1) * i
    back = w
    for _ in range(highest):
        back = w - put(bend, back)
    seen = put(put(w + bend, plain), back)
    mapped = sum(QQ_I.to_sympy(c) * z**a * z_bar**b for (a, b), c in seen.terms())
    form = reduce(turned(j, sympy.sympify(mapped)))
    assert (form.verdict, form.order) == (UNSTABLE, 2 * k + 1)
    assert form.coefficient == pytest.approx(2**k / 3, rel=1e-14)
