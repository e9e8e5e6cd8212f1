"""A zero and a pair, two pairs: cone conditions on the amplitudes, resonances, hidden coordinates."""

import random

import pytest
import sympy

from stability.normal_forms.amplitudes import amplitudes, keeps_phases, normal_field
from stability.normal_forms.centre import jacobian_of
from stability.normal_forms.degenerate import degenerate
from stability.normal_forms.fields import ExactField
from stability.normal_forms.series import Composition, program
from stability.normal_forms.several import Reduction
from stability.normal_forms.splitting import splitting
from tests.normal_forms.systems import flow, step, u, v, w, x, y, z

STABLE, UNSTABLE = "asymptotically stable", "unstable"
ROOT = sympy.sqrt(2)


def two_pairs(a, second=ROOT, twist=1):
    """Two pairs of frequencies 1 and `second` with ṙᵢ = rᵢ Σ aᵢⱼ rⱼ²."""
    one, other = x**2 + y**2, z**2 + w**2
    f, g = a[0][0] * one + a[0][1] * other, a[1][0] * one + a[1][1] * other
    return [
        -y * (1 + twist * one) + x * f,
        x * (1 + twist * one) + y * f,
        -second * w + z * g,
        second * z + w * g,
    ]


def hidden(field, variables, seed=0):
    """The field in sheared coordinates that are bent by quadratic terms."""
    chance = random.Random(seed)
    d = len(variables)
    shear = sympy.eye(d)
    for i in range(d):
        for j in range(i):
            shear[i, j] = chance.choice([0, 1, -1])
    new = shear * sympy.Matrix(variables)
    new[0] += chance.choice([1, -1]) * variables[-1] ** 2
    jacobian = new.jacobian(variables)
    at = sympy.Matrix(field).subs(dict(zip(variables, new, strict=True)), simultaneous=True)
    return [e.expand() for e in jacobian.inv() * at]


@pytest.mark.parametrize(
    ("a", "answer"),
    [
        ([[-1, 0], [0, -1]], STABLE),
        ([[-1, 5], [-2, -1]], STABLE),
        ([[-1, 2], [sympy.Rational(1, 3), -1]], STABLE),  # a₁₂a₂₁ < a₁₁a₂₂
        ([[-1, 2], [1, -1]], UNSTABLE),  # an invariant ray inside grows
        ([[-1, 0], [0, 1]], UNSTABLE),
        ([[-1, 2], [sympy.Rational(1, 2), -1]], "undecided"),  # on the boundary
    ],
)
def test_two_pairs(a, answer):
    assert degenerate(flow((x, y, z, w), two_pairs(a))).verdict == answer


def test_two_pairs_with_irrational_frequencies_in_hidden_coordinates():
    # ω² = (3 ± √5)/2, and quadratic terms that change the cubic ones
    matrix = sympy.Matrix([[0, 1, 0, 0], [-2, 0, 1, 0], [0, 0, 0, 1], [1, 0, -1, 0]])
    variables = (x, y, z, w)
    linear = list(matrix * sympy.Matrix(variables))
    damped = [linear[0], linear[1] - y**3, linear[2], linear[3] - w**3]
    assert degenerate(flow(variables, damped)).verdict == STABLE
    assert (
        degenerate(flow(variables, [linear[0], linear[1] + y**3, *damped[2:]])).verdict == UNSTABLE
    )


def test_conditions_agree_with_the_amplitudes_on_a_grid():
    chance = random.Random(1)
    for _ in range(10):
        a = [
            [-chance.randint(1, 3), chance.randint(-3, 3)],
            [chance.randint(-3, 3), -chance.randint(1, 3)],
        ]
        if a[0][1] * a[1][0] == a[0][0] * a[1][1]:
            continue
        stable = a[0][1] <= 0 or a[1][0] <= 0 or a[0][1] * a[1][0] < a[0][0] * a[1][1]
        assert degenerate(flow((x, y, z, w), two_pairs(a))).verdict == (
            STABLE if stable else UNSTABLE
        ), a


def test_zero_and_pair():
    def field(a, b, c, d):
        r2 = y**2 + z**2
        return [a * x**3 + b * x * r2, -z + y * (c * x**2 + d * r2), y + z * (c * x**2 + d * r2)]

    assert degenerate(flow((x, y, z), field(-1, 0, 0, -1))).verdict == STABLE
    assert degenerate(flow((x, y, z), field(-1, 5, -2, -1))).verdict == STABLE
    assert degenerate(flow((x, y, z), field(-1, 2, 1, -1))).verdict == UNSTABLE
    bent = hidden(field(-1, 5, -2, -1), (x, y, z))
    assert degenerate(flow((x, y, z), bent)).verdict == STABLE
    quadratic = [x**2 - y**2, -z - x * y, y - x * z]
    assert degenerate(flow((x, y, z), quadratic)).verdict == UNSTABLE


def test_resonant_pairs():
    # equal frequencies, as in games with equal players: a definite form decides
    equal = [
        -y - x**3 - x * y**2 + z**3 / 8,
        x - y**3 - y * x**2,
        -w - z**3 - z * w**2,
        z - w**3 - w * z**2,
    ]
    assert degenerate(flow((x, y, z, w), equal)).verdict == STABLE
    forced = [-y - x**3, x - y**3, -2 * w - z**3 + x**2, 2 * z - w**3]
    found = degenerate(flow((x, y, z, w), forced))
    assert found.verdict == "undecided"
    assert "1 : 2 resonance" in found.because
    # the same frequencies without the resonant term
    assert degenerate(flow((x, y, z, w), two_pairs([[-1, 0], [0, -1]], second=2))).verdict == STABLE


def planted(kind, expressions, variables, order=3):
    """The amplitude system of a flow or map, as SymPy polynomials in r0, r1."""
    here = (flow if kind == "flow" else step)(variables, expressions)
    written = program(variables, here.formulas.expressions, here.formulas.point)
    over = ExactField(written.constants)
    jacobian = jacobian_of(Composition(written, over), over, len(variables))
    split = splitting(jacobian, over, kind)
    field = normal_field(Reduction(written, split, kind), kind, order)
    assert keeps_phases(field, split)
    return [p.as_expr() for p in amplitudes(field, split)]


def test_coefficients_are_recovered_from_bent_coordinates():
    r0, r1 = sympy.symbols("r0 r1")
    variables = (x, y, z)
    r2 = y**2 + z**2
    field = [
        -3 * x**3 + 5 * x * r2,
        -z * (1 + r2) + y * (7 * x**2 - r2),
        y * (1 + r2) + z * (7 * x**2 - r2),
    ]
    new = sympy.Matrix([x + y * z - x**2, y + x * y + z**2, z - x**2 + y**2])
    at = sympy.Matrix(field).subs(dict(zip(variables, new, strict=True)), simultaneous=True)
    bent = list(new.jacobian(variables).LUsolve(at))
    expected = [-3 * r0**3 + 5 * r0 * r1**2, 7 * r0**2 * r1 - r1**3]
    found = planted("flow", bent, variables)
    assert [sympy.expand(p - q) for p, q in zip(found, expected, strict=True)] == [0, 0]
    # a map whose angle depends on the radius, in coordinates bent by one stage after another
    cos, sin = sympy.Rational(3, 5), sympy.Rational(4, 5)
    a, b = y * (1 - r2) + 2 * z * r2, z * (1 - r2) - 2 * y * r2
    turn = sympy.Matrix([x - 2 * x**3 + x * r2, cos * a - sin * b, sin * a + cos * b])
    there = {x: x + y**2, y: y, z: z}
    back = turn.subs(there, simultaneous=True)
    back[0] -= back[1] ** 2
    found = planted("map", list(back), variables)
    expected = [-2 * r0**3 + r0 * r1**2, -(r1**3)]
    assert [sympy.expand(p - q) for p, q in zip(found, expected, strict=True)] == [0, 0]


@pytest.mark.parametrize("sign", [1, -1])
def test_maps(sign):
    cos, sin = sympy.Rational(3, 5), sympy.Rational(4, 5)
    r = 1 - sign * (x**2 + y**2)
    turn = [(cos * x - sin * y) * r, (sin * x + cos * y) * r]
    answer = STABLE if sign > 0 else UNSTABLE
    for last in (z - z**3, -z + z**3):
        assert degenerate(step((x, y, z), [*turn, last])).verdict == answer
    far = [*turn, (5 * z - 12 * w) / 13 * (1 - z**2), (12 * z + 5 * w) / 13]
    assert degenerate(step((x, y, z, w), far)).verdict == answer


@pytest.mark.parametrize("kind", ["flow", "map"])
def test_what_happens_on_a_known_centre_manifold(kind):
    inner = [x**2 - y**2 + x**3, x * y + y**3]
    manifold = x**2 + x * y - y**3
    off = z - manifold
    if kind == "flow":
        onto = sum(manifold.diff(v_) * f for v_, f in zip((x, y), inner, strict=True)) - off
        system = [inner[0] + off * x, inner[1], onto]
    else:
        inner = [x + inner[0], y + inner[1]]
        system = [
            inner[0] + off * x,
            inner[1],
            manifold.subs({x: inner[0], y: inner[1]}, simultaneous=True),
        ]
        system[2] += off / 2
    here = (flow if kind == "flow" else step)((x, y, z), [e.expand() for e in system])
    written = program((x, y, z), here.formulas.expressions, here.formulas.point)
    over = ExactField(written.constants)
    split = splitting(jacobian_of(Composition(written, over), over, 3), over, kind)
    parts = Reduction(written, split, kind).up_to(5)
    for i, f in enumerate(inner):
        found = sum((parts[k][i].as_expr() for k in parts), sympy.Integer(0))
        assert (
            sympy.expand(found.subs(dict(zip(sympy.symbols("y0 y1"), (x, y), strict=True))) - f)
            == 0
        )


def test_stable_variables_beside():
    # a double zero whose cubic terms come through the centre manifold z ≈ x² + y²
    field = [-x * z, -y * z, -z + x**2 + y**2]
    assert degenerate(flow((x, y, z), field)).verdict == STABLE
    assert degenerate(flow((x, y, z), [x * z, *field[1:]])).verdict == UNSTABLE
    nilpotent = [y, -(x**3) - y * z, -z + x**2]
    assert degenerate(flow((x, y, z), nilpotent)).verdict == STABLE


def test_what_is_not_decided_says_what_is_missing():
    found = degenerate(flow((x, y, u, v), [y, -(x**3), v, -u]))
    assert found.verdict == "undecided"
    assert "nilpotent" in found.because
