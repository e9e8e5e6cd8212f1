"""What the one-sided fields decide on a kink, against closed forms and against steps that are followed."""

import math

import numpy as np
import pytest
import sympy

from stability.equilibria.pieces import pieces_at
from stability.normal_forms.kinks import at_kink, kink, without_kinks
from stability.normal_forms.near_rest import Formulas, NearRest
from stability.normal_forms.quadratic import common_lyapunov_function
from stability.normal_forms.sectors import motion, sectors
from stability.normal_forms.settle import settle

x, y, z = sympy.symbols("x y z", real=True)
HALF = sympy.Rational(1, 2)
ABS, SIGN = sympy.Abs, sympy.sign
EXPONENTIALLY, ASYMPTOTICALLY = "exponentially stable", "asymptotically stable"


def judged(field, variables, point=None):
    point = (sympy.Integer(0),) * len(variables) if point is None else point
    pieces = pieces_at(tuple(map(sympy.sympify, field)), variables, point)
    assert pieces is not None
    return at_kink(pieces)


# field of x, verdict, order and coefficient of ṙ on the side that decides
ONE = {
    "sign": (-SIGN(x), ASYMPTOTICALLY, 0, -1),
    "slower above": (1 - SIGN(x) * 3 - 2, ASYMPTOTICALLY, 0, -2),
    "away": (SIGN(x), "unstable", 0, 1),
    "away above": (sympy.Max(x, 0) - sympy.Min(x, 0), "unstable", 1, 1),
    "linear": (-x - ABS(x) / 2, EXPONENTIALLY, 1, -HALF),
    "passes slowly": (-x - 2 * ABS(x), "unstable", 1, 1),
    "square": (-x * ABS(x), ASYMPTOTICALLY, 2, -1),
    "linear and cubic": (-(x**3) - sympy.Max(x, 0), ASYMPTOTICALLY, 3, -1),
    "jump and quadratic": (-(x**2) - (SIGN(x) + 1) / 2 + sympy.Min(x, 0) ** 2 * 2, ASYMPTOTICALLY, 2, -1),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_one_variable(name):
    field, verdict, order, coefficient = ONE[name]
    found = judged([field], (x,))
    assert found.verdict == verdict
    assert (found.order, found.exact) == (order, str(sympy.sympify(coefficient)))
    assert found.coefficient == pytest.approx(float(coefficient), rel=1e-15)
    assert (found.case, found.evidence) == ("kink", "exact")
    assert ("finite time" in found.because) == (verdict == ASYMPTOTICALLY and order == 0)
    if verdict == ASYMPTOTICALLY and order > 1:
        assert found.law is not None
        assert found.law.exponent == pytest.approx(1 / (order - 1))
        assert found.law.constant == pytest.approx((order - 1) ** (-1 / (order - 1)))
    else:
        assert found.law is None


def test_the_kinks_of_adversarial_losses():
    """(|1 − w| + |w|/2)² has the slopes −½ and 3/2 at 1, relu(1 − w + |w|/2) + w²/20 −3/10 and 1/5 at 2."""
    square = -sympy.diff((ABS(1 - x) + ABS(x) / 2) ** 2, x)
    relu = -sympy.diff(sympy.Max(1 - x + ABS(x) / 2, 0) + x**2 / 20, x)
    for field, where, speeds in ((square, 1, ("0.5", "1.5")), (relu, 2, ("0.3", "0.2"))):
        found = judged([field], (x,), (sympy.Integer(where),))
        assert found.verdict == ASYMPTOTICALLY
        assert f"speed {speeds[0]} below it and speed {speeds[1]} above it" in found.because
        crossing = judged([field], (x,), (sympy.Integer(0),))
        assert crossing.verdict == "undecided"
        assert "pass through" in crossing.because


def test_a_root_is_fast():
    found = judged([-SIGN(x) * sympy.sqrt(ABS(x))], (x,))
    assert found.verdict == ASYMPTOTICALLY
    assert "finite time" in found.because


def test_beside_points_at_rest():
    assert judged([-sympy.Max(x, 0)], (x,)).verdict == "neutral"
    assert judged([sympy.Max(x, 0)], (x,)).verdict == "unstable"


# field, variables, verdict, the rate or the logarithm of a turn's factor if there is one
SEVERAL = {
    "sliding in": ([-SIGN(x) + y, HALF * SIGN(x) - x - y], (x, y), EXPONENTIALLY, -HALF),
    "sliding out": ([-SIGN(x) + y, 2 * SIGN(x) - x - y], (x, y), "unstable", 1),
    "escaping": ([SIGN(x), -y], (x, y), "unstable", 1),
    "all of it rests": ([-SIGN(x), 0 * y], (x, y), "neutral", None),
    "L1": ([-y - SIGN(x) / 2, x - SIGN(y) / 2], (x, y), ASYMPTOTICALLY, None),
    "closed squares": ([-SIGN(y), SIGN(x)], (x, y), "neutral", None),
    "squares inwards": ([-SIGN(y) - SIGN(x) / 4, SIGN(x)], (x, y), ASYMPTOTICALLY, None),
    "squares outwards": ([-SIGN(y) + SIGN(x) / 4, SIGN(x)], (x, y), "unstable", None),
    "two foci": (
        [-y - sympy.Max(x, 0), x], (x, y), EXPONENTIALLY, -math.pi / math.sqrt(3),
    ),
    "two opposite foci": ([-y - ABS(x) / 2, x], (x, y), "neutral", None),
    "a ray out": ([-x + 2 * ABS(x) - y * 0, -y], (x, y), "unstable", None),
    "rays in": ([-x - ABS(y), x - 2 * y + ABS(x)], (x, y), EXPONENTIALLY, None),
    "in three": ([-x - ABS(y) / 3, -y - ABS(z) / 3, -z - ABS(x) / 3], (x, y, z), EXPONENTIALLY, None),
    "out in three": ([-x + 2 * ABS(x), -y - ABS(x) / 3, -z], (x, y, z), "unstable", 1),
    "relu and a ridge": (
        [-(SIGN(x) + 1) / 2 - x + y / 2, -y - x / 2], (x, y), EXPONENTIALLY, None,
    ),
    "relu and a ridge in three": (
        [-(SIGN(x) + 1) / 2 - x + z, -(SIGN(y) + 1) / 2 - y, -z - x], (x, y, z), EXPONENTIALLY, None,
    ),
    "a focus and a push": ([-1 - SIGN(x) + x - 4 * y, x - 2 * y], (x, y), EXPONENTIALLY, None),
    "a saddle and a push": ([-1 - SIGN(x) - x, y], (x, y), "unstable", None),
    "a stable node, sliding out": (
        [-1 - SIGN(x) - 3 * x + y, 5 * (1 + SIGN(x)) / 2 - y], (x, y), "unstable", None,
    ),
    "two kinks in three": (
        [-2 * SIGN(x) + y, -y - x + SIGN(x) / 2 - SIGN(z), -2 * SIGN(z) + z],
        (x, y, z), EXPONENTIALLY, -sympy.Rational(3, 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SEVERAL)
def test_several_variables(name):
    field, variables, verdict, number = SEVERAL[name]
    found = judged(field, variables)
    assert found.verdict == verdict
    assert (found.reason is None) == (verdict != "neutral")
    if number is not None:
        assert found.coefficient == pytest.approx(float(number), rel=1e-12)


def test_higher_terms_leave_a_closed_turn_open():
    found = judged([-SIGN(y) + x**2, SIGN(x)], (x, y))
    assert found.verdict == "undecided"
    assert "return map" in found.because


def test_wgan_gp_is_repelled():
    found = judged([-y, x - 2 * y + 2 * SIGN(y)], (x, y))
    assert (found.verdict, found.coefficient, found.exact) == ("unstable", 2, "2")


def test_a_linear_change_of_variables_changes_no_verdict():
    """The same systems sheared and turned: x ↦ Sx, S of determinant 1."""
    shear = sympy.Matrix([[2, 1], [3, 2]])
    new = dict(zip((x, y), shear.inv() * sympy.Matrix([x, y]), strict=True))
    for name, (field, variables, verdict, _) in SEVERAL.items():
        if len(variables) == 2:
            moved = shear * sympy.Matrix(field).xreplace(new)
            assert judged(list(moved), variables).verdict == verdict, name


def test_the_turn_of_linear_quadrants():
    """In four quadrants of ṙ = a r, θ̇ = 1 a turn has the logarithm (π/2)·Σ a, whatever the order."""
    rates = [sympy.Rational(n, 10) for n in (3, -2, -4, 1)]
    lines = sympy.eye(2)
    fields = [
        (sympy.Matrix(way), sympy.Matrix([[a, -1], [1, a]]))
        for way, a in zip([(1, 1), (-1, 1), (-1, -1), (1, -1)], rates, strict=True)
    ]
    found = motion(sectors(lines, fields), lambda n: int(sympy.sign(n)))
    assert found.turn == -1
    assert found.value == pytest.approx(math.pi / 2 * float(sum(rates)), abs=1e-9)
    back = [(way, -own) for way, own in fields]
    assert motion(sectors(lines, back), lambda n: int(sympy.sign(n))).turn == 1


def test_a_common_lyapunov_function_is_one():
    stable = [sympy.Matrix([[-1, 1], [0, -2]]), sympy.Matrix([[-1, 0], [1, -2]])]

    def sign(n):
        return int(sympy.sign(n))

    P = common_lyapunov_function(stable, sign)
    assert P is not None
    for J in stable:
        assert np.linalg.eigvalsh(np.array(J.T * P + P * J, dtype=float)).max() < 0
    # each is stable, but switching between them is not
    switched = [sympy.Matrix([[-1, 10], [-100, -1]]), sympy.Matrix([[-1, 100], [-10, -1]])]
    assert common_lyapunov_function(switched, sign) is None
    steps = [sympy.Matrix([[HALF, 1], [0, HALF]]), sympy.Matrix([[-HALF, 0], [0, HALF]])]
    P = common_lyapunov_function(steps, sign, steps=True)
    assert P is not None
    for A in steps:
        assert np.linalg.eigvalsh(np.array(A.T * P * A - P, dtype=float)).max() < 0


def near(kind, expression, point=0, inverse=False):
    formulas = Formulas((x,), (sympy.sympify(expression),), (sympy.Integer(point),))
    return NearRest(kind, ("x",), None, np.array([float(point)]), 0.0, formulas, inverse)


def test_silent_kinks_with_a_derivative():
    """Steps of h along −x|x| come in like 1/(hn), forwards and implicitly."""
    flow = settle(near("flow", -x * ABS(x)))
    assert flow is not None
    assert (flow.verdict, flow.law.constant) == (ASYMPTOTICALLY, 1)
    for steps in (near("map", x - x * ABS(x) / 4), near("map", x + x * ABS(x) / 4, inverse=True)):
        found = settle(steps)
        assert found is not None
        assert (found.verdict, found.law.exponent) == (ASYMPTOTICALLY, 1)
        assert found.law.constant == pytest.approx(4)
        assert "4/n" in found.because


def test_beside_kinks_formulas_are_smooth():
    away = near("flow", -((x - 1) ** 3) * ABS(x), 1)
    assert kink(away) is None
    smooth = without_kinks(away)
    assert smooth.formulas is not None
    assert not smooth.formulas.expressions[0].has(ABS)


@pytest.mark.parametrize("seed", range(14))
def test_followed_steps_agree(seed):
    """Random fields of the plane, constant or linear in two or four sectors, followed by Euler's method."""
    rng = np.random.default_rng(seed)

    def some():
        return sympy.Rational(int(rng.integers(-4, 5)), 2)

    degree = seed % 2
    first, second = (ABS(x), ABS(y)) if degree else (SIGN(x), SIGN(y))
    rest = (x, y) if degree else (1, SIGN(x) * SIGN(y))
    field = [
        some() * first
        + some() * second * int(rng.random() < 0.6)
        + some() * rest[0]
        + some() * rest[1]
        for _ in range(2)
    ]
    pieces = pieces_at(tuple(field), (x, y), (sympy.Integer(0),) * 2)
    if pieces is None:
        return
    found = at_kink(pieces)
    if found.verdict not in ("unstable", ASYMPTOTICALLY, EXPONENTIALLY):
        return
    function = sympy.lambdify((x, y), field, "numpy")
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False) + 0.01
    points, h = np.stack([np.cos(angles), np.sin(angles)]), 0.01 if degree else 0.002
    for _ in range(2500):
        points = points + h * np.stack(np.broadcast_arrays(*function(*points), points[0])[:2])
        points = np.clip(points, -1e6, 1e6)
    farthest = np.linalg.norm(points, axis=0).max()
    slow = degree and found.coefficient is not None and abs(found.coefficient) < 0.2
    assert slow or (farthest > 1.2 if found.verdict == "unstable" else farthest < 0.8)
