"""Zero and nilpotent Jacobians in the plane: known answers, random fields, other coordinates."""

import random
from dataclasses import replace

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp
from sympy import QQ

from stability.normal_forms.blow_up import Germ, orbits
from stability.normal_forms.degenerate import degenerate
from stability.normal_forms.fields import ExactField
from stability.normal_forms.nilpotent import nilpotent
from stability.normal_forms.series import Composition, packed, program, unpacked
from tests.normal_forms.systems import flow, step, u, v, x, y

STABLE, UNSTABLE = "asymptotically stable", "unstable"


def germ(f, g, known=24):
    parts = [sympy.Poly(sympy.expand(e), x, y) for e in (f, g)]
    over = ExactField([c for p in parts for c in p.coeffs()])
    terms = [{m: over.number(c) for m, c in p.terms() if c} for p in parts]
    return Germ(terms[0], terms[1], known, over)


@pytest.mark.parametrize("at", [sympy.S.Zero, sympy.Rational(-2, 3), sympy.sqrt(2)])
def test_germs_are_moved(at):
    """The terms are those of SymPy's expansion at (x, y + a), over a field with a in it."""
    f, g = (x + 2 * y) ** 3 - x * y, y**4 + x**2 * y**2 - y
    own = replace(germ(f, g), beyond=((9, 0),))
    over = ExactField([at])
    moved = own.moved(over.number(at), over)
    for e, terms in ((f, moved.x), (g, moved.y)):
        expected = sympy.Poly(sympy.expand(e.xreplace({y: y + at})), x, y)
        assert {m: over.expression(c) for m, c in terms.items()} == expected.as_dict()


def verdict(*expressions, point=None):
    return degenerate(flow((x, y), expressions, point)).verdict


@pytest.mark.parametrize(
    ("f", "g", "answer"),
    [
        (-(x**3), -(y**3), STABLE),
        (-(x**3) - y**3, x**3 - y**3, STABLE),  # turns around
        (-(x**3) - 2 * y**3, x**3 + y**3 / 2, STABLE),  # ∫ R/A dφ decides
        (x**3 - 2 * y**3, x**3 - y**3, UNSTABLE),  # inwards on the second axis only
        (x**3 - 3 * x * y**2, 3 * x**2 * y - y**3, UNSTABLE),  # elliptic sectors
        (x**2 - y**2, 2 * x * y, UNSTABLE),
        (-(x**3) + x**2 * y, -(y**3), STABLE),
        (-(x**5) + x**2 * y, -(x**5) - y**3, STABLE),  # a direction is blown up
        (x**5 + x**2 * y, -(x**5) - y**3, STABLE),  # y ≈ −x^(5/3), ẋ ≈ x²y
        (x**5 + x**2 * y, x**5 - y**3, UNSTABLE),
        (-2 * y**4 - 2 * x**4 * y, -(y**3) - x**3 * y, UNSTABLE),  # leaves in y ≈ |x|^1.5
        (x * (x + y), x * (x + y), UNSTABLE),  # two lines of rest points cross
        (-(x**3), sympy.Integer(0), "neutral"),
        (-x * y**2, -(x**2) * y, "neutral"),
        (y**3, -(x**3), "undecided"),  # a centre needs more than leading terms
    ],
)
def test_zero_jacobians(f, g, answer):
    assert verdict(f, g) == answer
    assert verdict(f.expand().subs(x, x - 1), g.expand().subs(x, x - 1), point=(1, 0)) == answer


def test_public_questions():
    found = degenerate(flow((x, y), [(y - 1) ** 2, -((x - 1) ** 2)], (1, 1)))
    assert (found.verdict, found.evidence, found.order) == (UNSTABLE, "exact", 2)
    assert found.exact == "sqrt(2)/2"
    typed = degenerate(flow((x, y), [y * y - 2 * y + 1, -x * x + 2 * x - 1], (1, 1)))
    assert typed == found
    renamed = degenerate(flow((u, v), [(v - 1) ** 2, -((u - 1) ** 2)], (1, 1)))
    assert renamed == found


def test_law_of_decay():
    found = degenerate(flow((x, y), [-(x**3) * sympy.exp(y), -(y**3)]))
    assert found.law is not None
    assert (found.law.exponent, found.law.constant) == (0.5, pytest.approx(1.0))
    assert "1/√t" in found.because
    mirrored = degenerate(step((x, y), [x - x**3, -y + y**3]))
    assert mirrored.law is not None
    assert mirrored.law.constant == pytest.approx(found.law.constant)
    assert "1/√n" in mirrored.because
    star = degenerate(flow((x, y), [-2 * x * (x**2 + y**2), -2 * y * (x**2 + y**2)]))
    assert star.verdict == STABLE


@pytest.mark.parametrize(
    ("f", "g", "answer"),
    [
        (0, x**2, UNSTABLE),  # cusp
        (0, x**3, UNSTABLE),  # saddle
        (0, -(x**4) - x * y, UNSTABLE),  # saddle-node
        (0, -(x**3) - 3 * x * y, UNSTABLE),  # elliptic sector
        (0, -(x**7) - x**2 * y, STABLE),  # node
        (0, -(x**7) + x**2 * y, UNSTABLE),
        (0, -(x**3) - x**2 * y, STABLE),  # focus
        (0, -(x**3) + x**2 * y, UNSTABLE),
        (0, -(x**3) - x * y, "undecided"),  # a centre by symmetry
        (0, -(x**3) - x * y - x**4, UNSTABLE),  # odd friction in an uneven potential
        (0, -(x**3) - x * y + y**2, STABLE),
        (x * y, -(x**3) - x * y, UNSTABLE),
        (0, -(x**2) * y, "neutral"),  # a line of rest points
    ],
)
def test_nilpotent_jacobians(f, g, answer):
    assert verdict(y + f, sympy.sympify(g)) == answer
    # sheared, and time run twice as fast
    put = {x: x - y, y: y}
    first, second = (sympy.expand(2 * sympy.sympify(e).subs(put)) for e in (y + f, g))
    assert verdict(first + second, second) == answer


@pytest.mark.parametrize(("m", "odd", "even", "shown"), [(3, 1, 2, "x²"), (7, 3, 6, "x⁶")])
def test_friction_of_a_focus_is_the_same_in_bent_coordinates(m, odd, even, shown):
    b, c = sympy.Rational(1, 2), sympy.Rational(-2, 3)
    field = sympy.Matrix([y, -(x**m) + y * (b * x**odd + c * x**even)])
    new = sympy.Matrix([x + x**2 / 2 - x * y, y + 2 * x**2 + x * y / 3])
    at = field.subs({x: new[0], y: new[1]}, simultaneous=True)
    moved = list((1 + x / 5 + y) * new.jacobian([x, y]).LUsolve(at))  # and another time
    written = program((x, y), moved, (sympy.Integer(0), sympy.Integer(0)))
    over = ExactField(written.constants)
    series, parts = Composition(written, over), [{}, {}]
    for degree in range(1, 2 * m + 3):
        gens = [{packed((1, 0)): over.one}, {packed((0, 1)): over.one}] if degree == 1 else [{}, {}]
        for own, part in zip(parts, series.part(degree, gens), strict=True):
            own.update({unpacked(key, 2): c for key, c in part.items()})
    found = nilpotent(Germ(*parts, 2 * m + 2, over))
    assert found.verdict == STABLE
    assert f"friction −0.666667 {shown}" in found.because


def test_blow_up_agrees_with_andronov():
    chance, seen = random.Random(4), []
    for _ in range(60):
        m, n = chance.randint(2, 7), chance.randint(1, 3)
        a, b = chance.choice([-2, -1, 1, 2]), chance.choice([-3, -1, 1, 3])
        bend = chance.choice([0, 1]) * x**2
        found = germ(y - bend, (a * x**m + b * x**n * (y - bend)).expand() + 2 * x * bend)
        table, blown = nilpotent(found).verdict, orbits(found)
        seen.append(table)
        if table == UNSTABLE:
            assert blown.leave or (blown.leave is False and blown.arrive is False)
        elif table == STABLE:
            assert blown.leave is False
    assert {STABLE, UNSTABLE, "undecided"} <= set(seen)


def test_what_is_known_of_a_series_is_not_overruled_by_its_later_terms():
    chance, decided = random.Random(6), 0

    def terms(degrees):
        places = [(i, d - i) for d in degrees for i in range(d + 1)]
        return {p: QQ(chance.choice([-2, -1, 1])) for p in places if chance.random() < 0.35}

    over = ExactField([])
    for _ in range(40):
        order, known = chance.choice([1, 2, 3]), chance.choice([3, 4, 5])
        first, second = terms(range(order, known + 1)), terms(range(order, known + 1))
        if order == 1:
            first = {p: c for p, c in first.items() if p != (1, 0)} | {(0, 1): QQ(1)}
            second = {p: c for p, c in second.items() if sum(p) > 1}
        if not first and not second:
            continue
        some = orbits(Germ(first, second, known, over))
        later = [{**own, **terms(range(known + 1, known + 3))} for own in (first, second)]
        more = orbits(Germ(*later, 14, over))
        decided += some.leave is not None
        assert some.leave in (None, more.leave)
    assert decided > 12


def test_lines_of_rest_points():
    assert verdict(y + y**2, sympy.Integer(0)) == UNSTABLE  # a shear runs along the line y = 0
    assert verdict(y**2 - x**2, x**2 - x * y) == "neutral"  # rotation stopped on x = y
    assert verdict(-x * (x**2 - y**2), -2 * y * (x**2 - y**2)) == UNSTABLE
    assert verdict(-(x**2 + y**2) * x, -(x**2 + y**2) * y) == STABLE  # a factor without real zeros


def escapes(f, g, start):
    """Whether some orbits from a small circle reach 0.3, in logarithmic polar coordinates."""
    run = sympy.lambdify((x, y), [f, g])
    m = min(sum(e) for p in (f, g) for e in sympy.Poly(p, x, y).monoms())

    def slope(_, state):
        r, c, s = np.exp(state[0]), np.cos(state[1]), np.sin(state[1])
        a, b = np.array(run(r * c, r * s)) / r**m
        return [c * a + s * b, c * b - s * a]

    far = lambda _, state: state[0] - np.log(0.3)  # noqa: E731
    near = lambda _, state: state[0] - np.log(start / 100)  # noqa: E731
    far.terminal = near.terminal = True
    for angle in np.arange(0.1, 6.2, 0.7):
        end = solve_ivp(
            slope, (0, 1e30), [np.log(start), angle], "LSODA", events=[far, near], rtol=1e-7
        )
        if end.t_events[0].size:
            return True
    return False


def test_random_fields_are_as_their_orbits_say():
    chance, counted = random.Random(8), {STABLE: 0, UNSTABLE: 0}
    while sum(counted.values()) < 16:
        f, g = -(x**3), -(y**3)
        for degree in (3, 4):
            for i in range(degree + 1):
                f += chance.choice([0, 0, 1, -1]) * x**i * y ** (degree - i)
                g += chance.choice([0, 0, 1, -1]) * x**i * y ** (degree - i)
        word = verdict(f, g)
        if word in counted:
            counted[word] += 1
            assert escapes(f, g, 1e-4) == (word == UNSTABLE), (f, g)
    assert min(counted.values()) > 3


def test_irrational_and_transcendental_coefficients():
    assert verdict(-(x**3) + sympy.pi * x**2 * y, -sympy.E * y**3) == STABLE
    assert verdict(sympy.sqrt(2) * x * y - y**2, x**2 + sympy.log(2) * x * y) == UNSTABLE
    # κ = 0 along the irrational direction y = √2 x, where the next terms decide
    along = y**2 - 2 * x**2
    assert verdict(along * x - x**5, along * y * 2 - 2 * y**5) in (UNSTABLE, STABLE, "undecided")


def test_maps_are_judged_as_their_flows():
    assert degenerate(step((x, y), [x - x**3, y - y**3])).verdict == STABLE
    assert degenerate(step((x, y), [x - x**3, y - y**3], inverse=True)).verdict == UNSTABLE
    assert degenerate(step((x, y), [x + y, y - x**3])).verdict == UNSTABLE  # explicit Euler
    assert degenerate(step((x, y), [x + y - x**3, y - x**3 - x**2 * y])).verdict != "neutral"
    assert degenerate(step((x, y), [-x + x**3, -y + y**3])).verdict == STABLE


@pytest.mark.parametrize(
    ("f", "g", "answer"),
    [
        (y, -(x**3) - y**3, STABLE),  # Ḣ = −y⁴ for H = y²/2 + x⁴/4: LaSalle
        (y, -(x**3) + y**3, UNSTABLE),
        (-y, x**3 - y**3, STABLE),
        (y - x**5, -(x**3), STABLE),  # Ḣ = −x⁸
        (y, -(x**3) - x * y**2 - y**3, STABLE),
        (y, -(x**3) - x * y**2 - y**5, "undecided"),  # x y² weighs less, and its square may count
        (y, -(x**5) + x * y**2 - x**4 * y**3, "undecided"),
        (y, -(x**5) - x**2 * y**3, STABLE),
        (y, -(x**3) - y**3 + x**2 * y**3, STABLE),  # the lighter term decides
        (y + x**5, -(x**3) - x**2 * y**3, UNSTABLE),  # of weights 3 and 5
        (y, -(x**3) + x**2 * y**2, "undecided"),  # reversible: a centre
    ],
)
def test_friction_of_higher_degree_in_the_velocity(f, g, answer):
    assert verdict(f, g) == answer


def test_what_a_turn_does_to_the_energy_against_orbits():
    """The energy after one turn from x = 0.1, for random terms heavier than those of the oscillator."""
    generator, decided = np.random.default_rng(5), 0
    for _ in range(12):
        c = generator.integers(-2, 3, 4)
        f = y + int(c[0]) * x**5
        g = -(x**3) + int(c[1]) * y**3 + int(c[2]) * x**2 * y**3 + int(c[3]) * x**5
        answer = verdict(f, g)
        if answer == "undecided":
            continue
        decided += 1
        field = sympy.lambdify((x, y), [f, g])

        def back(t, v):
            return v[1] if t else -1.0

        back.terminal, back.direction = True, -1
        path = solve_ivp(
            lambda t, v, field=field: field(*v),
            (0, 400),
            [0.1, 0.0],
            events=back,
            rtol=1e-10,
            atol=1e-14,
        )
        (end,) = path.y_events[0][:, 0]
        assert (end < 0.1) == (answer == STABLE)
    assert decided > 4


CROSSING = {  # f^e h (∂f/∂y, −∂f/∂x) with f = 0 one of the curves of rest points; h is the other
    "odd": ((y - x) * x, "unstable"),
    "even, to the other": (-((y - x) ** 2) * x, "neutral"),
    "even, from the other": ((y - x) ** 2 * x, "unstable"),
    "even, past the other": (-((y - x) ** 2) * x**2, "unstable"),
    "even, to the other, which is triple": (-((y - x) ** 2) * x**3, "neutral"),
}


@pytest.mark.parametrize("case", CROSSING)
def test_where_curves_cross_of_which_one_is_an_orbit(case):
    factor, answer = CROSSING[case]
    for bent in (x, x + y**2):  # the lines, and parabolas in their places
        inner = sympy.expand(factor.xreplace({x: bent}))
        across = inner * (1 - 2 * y) if bent != x else inner
        assert verdict(across, inner) == answer
