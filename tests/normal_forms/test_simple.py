"""One neutral eigenvalue or pair: known coefficients, exactly."""

import math

import pytest
import sympy
from sympy import CRootOf, Rational, atan, log, pi, sqrt

from stability.dynamics.functions import sigmoid
from stability.normal_forms.simple import reduce

from .systems import flow, step, x, y, z

STABLE, UNSTABLE = "asymptotically stable", "unstable"
RHO, B = Rational(470, 19), Rational(8, 3)
ROOT = sqrt(B * (RHO - 1))


def henon(a):
    b = Rational(3, 10)
    rest = (b - 1 + sqrt((1 - b) ** 2 + 4 * a)) / (2 * a)
    return step((x, y), (1 - a * x**2 + y, b * x), (rest, b * rest))


def dirac(h, gamma=0, nonsaturating=False):
    """Alternating steps of the Dirac-GAN with penalty R1, generator first."""
    moved = x - h * y * sigmoid((x if nonsaturating else -x) * y)
    return step((x, y), (moved, y + h * (moved * sigmoid(-moved * y) - gamma * y)))


def at_the_flip(gamma, nonsaturating=False):
    return dirac(4 * (sqrt(gamma**2 + 1) - gamma), gamma, nonsaturating)


def brusselator(a):
    return flow(
        (x, y), (a - (a**2 + 2) * x + x**2 * y, (a**2 + 1) * x - x**2 * y), (a, a + Rational(1, a))
    )


@pytest.mark.parametrize(
    ("system", "case", "order", "coefficient", "verdict"),
    [
        (brusselator(1), "hopf", 3, "-1/2", STABLE),
        (brusselator(2), "hopf", 3, "-1/3", STABLE),
        (flow((x, y, z), (10 * (y - x), x * (RHO - z) - y, x * y - B * z), (ROOT, ROOT, RHO - 1)),
         "hopf", 3, "54863333112/21468766692515", UNSTABLE),
        (flow((x, y), (-y * sigmoid(x * y), x * sigmoid(-x * y))), "hopf", 3, "-1/8", STABLE),
        (flow((x,), (-(x**3),)), "zero", 3, "-1", STABLE),
        (flow((x,), (x**2 - x**3,)), "zero", 2, "1", UNSTABLE),
        (flow((x, y), (x * y, -y - x**2)), "zero", 3, "-1", STABLE),
        (step((x, y), (2 * x * (1 - y), x), (Rational(1, 2),) * 2), "neimark-sacker", 3, "-1", STABLE),
        (step((x,), (3 * x * (1 - x),), (Rational(2, 3),)), "flip", 3, "9", STABLE),
        (henon(Rational(147, 400)), "flip", 3, "3087/22672", STABLE),
        (henon(Rational(-49, 400)), "one", 2, "49*sqrt(109)/5668", UNSTABLE),
        (step((x,), (-x + 8 * x**3,)), "flip", 3, "8", STABLE),
        (step((x,), (-x - 8 * x**3,)), "flip", 3, "-8", UNSTABLE),
        (at_the_flip(Rational(3, 10)), "flip", 5, "25*(sqrt(109) - 3)/1308", STABLE),
        (at_the_flip(1), "flip", 5, "(sqrt(2) - 1)/32", STABLE),
        (at_the_flip(Rational(3, 10), True), "flip", 3, "(15*sqrt(109) - 545)/327", UNSTABLE),
    ],
)  # fmt: skip
def test_known_coefficients(system, case, order, coefficient, verdict):
    form = reduce(system)
    exact = sympy.sympify(coefficient)
    assert (form.case, form.order, form.verdict, form.evidence) == (case, order, verdict, "exact")
    assert form.coefficient == pytest.approx(float(exact), rel=1e-15)
    assert form.exact is not None
    assert sympy.simplify(sympy.sympify(form.exact) - exact) == 0


@pytest.mark.parametrize("h", [Rational(1, 10), 1, 2, 2 * sqrt(2), 2 * sqrt(3), Rational(39, 10)])
def test_alternating_steps_of_the_nonsaturating_dirac_gan(h):
    # resonant at 2√2 (1:4) and at 2√3 (1:3) without a resonant term that acts
    form = reduce(dirac(h, nonsaturating=True))
    assert (form.verdict, form.order) == (STABLE, 3)
    assert form.coefficient == pytest.approx(-float(h) / 8, rel=1e-15)
    assert form.law is not None
    assert form.law.constant == pytest.approx(math.sqrt(8 / float(h)), rel=1e-14)


def test_the_law_of_decay_in_the_sentence():
    form = reduce(flow((x, y), (-y * sigmoid(x * y), x * sigmoid(-x * y))))
    assert form.because == "the first Lyapunov coefficient is −1/8: the error shrinks like 2.83/√t"


@pytest.mark.parametrize("field", [(-y, x), (-y - x**3, x + y**3), (-y + x * y, x - x**2)])
def test_vanishing_coefficients_prove_nothing(field):
    form = reduce(flow((x, y), field))
    assert form.verdict == "undecided"
    assert "conserved quantity" in form.because


def test_the_inverse_of_an_explicit_step():
    # y − h v(y) = x for v = −y³: the step is u − h u³ + …
    form = reduce(step((x,), (x + Rational(1, 2) * x**3,), inverse=True))
    assert (form.case, form.order, form.exact) == ("one", 3, "-1/2")
    form = reduce(step((x, z), (-x + 3 * x**3 + x * z, 4 * z), inverse=True))
    assert (form.case, form.exact, form.verdict) == ("flip", "-3", UNSTABLE)


def test_transcendental_constants_are_exact():
    e = sympy.E
    form = reduce(flow((x,), (log(1 + e * x**2) - e * x**2 - x**5,)))
    assert (form.order, form.evidence) == (4, "exact")
    assert form.coefficient == pytest.approx(-(math.e**2) / 2)
    identity = sympy.sin(1) ** 2 + sympy.cos(1) ** 2 - 1
    form = reduce(flow((x,), (identity * x**2 - x**3,)))
    assert (form.order, form.exact) == (3, "-1")


ROOTS = [CRootOf(x**5 - x - n, 0) for n in (1, 2, 3)]  # of a field too large to compute in
DOUBTFUL = atan(Rational(1, 2)) + atan(Rational(1, 3)) - pi / 4  # zero, which no rule here knows


def test_many_digits_decide_where_the_field_is_too_large():
    a, b, c = ROOTS
    form = reduce(flow((x, y), (-y + a * x**2 * y, x + b * y**3 + c * x * y)))
    assert (form.verdict, form.order, form.evidence) == (UNSTABLE, 3, "numeric")
    # 2 · g_yyy/16 of the plane (Guckenheimer and Holmes, 3.4.11), in the scaling ‖q‖ = 1
    assert form.coefficient == pytest.approx(6 * float(b.evalf(20)) / 8, rel=1e-14)


def test_what_looks_like_zero_is_not_passed_over():
    form = reduce(flow((x,), (DOUBTFUL * x**2 - x**3,)))
    assert (form.verdict, form.order) == ("undecided", None)
    form = reduce(flow((x, y), (DOUBTFUL * x - y - x**3, x)))
    assert (form.verdict, form.order) == ("undecided", 3)
    assert form.coefficient == pytest.approx(-3 / 4)
    assert "known to lie exactly" in form.because


@pytest.mark.parametrize("field", [-x * abs(x), -(x ** Rational(5, 3))])
def test_no_verdict_without_a_power_series(field):
    form = reduce(flow((x,), (field,)))
    assert (form.verdict, form.case) == ("undecided", "kink")
