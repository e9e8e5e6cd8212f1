"""Maps at roots of unity: resonant terms that decide, that do not, and that are averaged away."""

import pytest
import sympy
from sympy import I, Rational, expand, sqrt

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


@pytest.mark.parametrize(("j", "k"), [(3, 2), (4, 2), (4, 3)])
def test_resonant_terms_behind_a_twist_are_averaged(j, k):
    # z ↦ z e^{i|z|²} (1 + |z|^{2k}/3), seen from w = z + z̄^{j−1}, which commutes with the rotation by 2π/j
    w, w_bar, highest = *sympy.symbols("w w_bar"), 2 * k + 1

    def short(e):
        e = sympy.Poly(expand(e), w, w_bar)
        return sum(c * w**a * w_bar**b for (a, b), c in e.terms() if a + b <= highest)

    def conjugate(e):
        return expand(
            sympy.conjugate(e).xreplace({sympy.conjugate(w): w_bar, sympy.conjugate(w_bar): w})
        )

    def put(e, new):
        mirror = conjugate(new)
        return short(sum(c * new**a * mirror**b for (a, b), c in sympy.Poly(e, w, w_bar).terms()))

    rho = w * w_bar
    turn = sum((I * rho) ** n / sympy.factorial(n) for n in range(highest))
    plain = short(w * turn * (1 + rho**k / 3))
    change, back = w + w_bar ** (j - 1), w
    for _ in range(highest):
        back = short(w - conjugate(back) ** (j - 1))
    seen = put(put(change, plain), back)
    form = reduce(turned(j, seen.xreplace({w: z, w_bar: z_bar})))
    assert (form.verdict, form.order) == (UNSTABLE, 2 * k + 1)
    assert form.coefficient == pytest.approx(2**k / 3, rel=1e-14)
