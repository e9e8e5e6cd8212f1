"""Conserved quantities: known ones, planted ones, and none where a small term takes them away."""

import numpy as np
import pytest
import sympy
from sympy import Rational, atan, cos, exp, log, sin, sqrt, tanh

from stability.dynamics.functions import relu, sigmoid, softplus
from stability.normal_forms.generators import Generators, NotCovered
from stability.normal_forms.neutral import neutral

from .systems import flow, step, u, w, x, y, z

SLOW, PARABOLA = 1 + sigmoid(x), 1 + x**2


def conserves(near, text):
    """Whether each quantity in the text has no derivative along the flow, at random points in numbers."""
    names = {v.name: v for v in near.formulas.variables}
    rng = np.random.default_rng(3)
    for part in sympy.sympify(f"[{text}]", locals=names):
        change = sum(
            sympy.diff(part, v) * f
            for v, f in zip(near.formulas.variables, near.formulas.expressions, strict=True)
        )
        f = sympy.lambdify(near.formulas.variables, change.rewrite(exp), "mpmath")
        points = np.array(near.point) + 0.3 * rng.uniform(-1, 1, (3, len(names)))
        assert max(abs(f(*p)) for p in points) < 1e-12
    return True


KNOWN = {
    "minimax Dirac-GAN": ((-y * sigmoid(-x * y), x * sigmoid(-x * y)), (0, 0), "x**2 + y**2"),
    "Wasserstein, a = 1": (((1 - y**2) / 3, 2 * x * y / 3), (0, 1), "x**2 + y**2/2 - log(y)"),
    "Wasserstein, a = -1": (((1 - y**2) / 3, 2 * x * y / 3), (0, -1), "x**2 + y**2/2 - log(-y)"),
    "Lotka-Volterra": ((x * (1 - y), y * (x - 1)), (1, 1), "x + y - log(x) - log(y)"),
    "pendulum": ((y, -sin(x)), (0, 0), "y**2 - 2*cos(x)"),
    "slowed pendulum": ((y * (2 + y * cos(x)), -sin(x) * (2 + y * cos(x))), (0, 0), "y**2 - 2*cos(x)"),
    "hinge, away from its kink": ((y, -x * sympy.Heaviside(1 + x * y)), (0, 0), "x**2 + y**2"),
    "max": ((relu(y + 2) - 2, -x), (0, 0), "x**2 + y**2"),
    "irrational": ((sin(y), -sqrt(2) * sin(x)), (0, 0), "-sqrt(2)*cos(x) - cos(y)"),
    "integrated": ((atan(y), -x), (0, 0), "x**2 + 2*y*atan(y) - log(y**2 + 1)"),
    "three invariant lines": ((y + x * y, -x + 2 * x * y), (0, 0), None),
    "polynomial integrating factor": ((-y + x**2, x + x * y), (0, 0), None),
    "quotients": ((SLOW * (4 * y + 2 * y / PARABOLA), SLOW * x * (2 * y**2 / PARABOLA**2 - 2)), (0, 0), None),
    "third order": ((y, -(x**3)), (0, 0), "x**4 + 2*y**2"),
    "no linear part": ((y**3, -(x**3) - x**5), (0, 0), "x**6 + 3*x**4/2 + 3*y**4/2"),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_known_invariants_of_planar_flows(name):
    expressions, point, expected = KNOWN[name]
    near = flow((x, y), expressions, point)
    found = neutral(near)
    assert found is not None
    assert (found.verdict, found.evidence) == ("neutral", "exact")
    assert expected is None or found.invariant == expected
    assert conserves(near, found.invariant)


def test_matching_pennies_as_typed_and_otherwise():
    first = (
        (1 - tanh(x / 2) ** 2) * (2 * sigmoid(y) - 1),
        -(1 - tanh(y / 2) ** 2) * (2 * sigmoid(x) - 1),
    )
    second = (
        4 * exp(x) / (1 + exp(x)) ** 2 * tanh(y / 2),
        -4 * sigmoid(y) * (1 - sigmoid(y)) * tanh(x / 2),
    )
    texts = {neutral(flow((x, y), f)).invariant for f in (first, second)}
    assert texts == {"exp(x) + exp(y) + exp(-y) + exp(-x)"}


@pytest.mark.parametrize(
    "expressions",
    [
        (y, -x - y**3 / 10**12),
        (y, -x + y**3 / 10**12),
        (-y * sigmoid(-x * y), x * sigmoid(-x * y) - x**5 * y**4 / 10**9),
        (y, -(x**2)),  # conserved, but no extremum
        (y, x),
        (-y * sigmoid(x * y), x * sigmoid(-x * y)),  # non-saturating
        (x**2 * y**3, -(x**3) * y**2),  # conserved x² + y², but nothing says ω
    ],
)
def test_no_reason_is_invented(expressions):
    found = neutral(flow((x, y), expressions))
    if expressions[0] == x**2 * y**3:  # the circles are kept all the same
        assert found.invariant == "x**2 + y**2"
    else:
        assert found is None


def test_more_variables():
    decaying = flow((x, y, z), (y * (1 + z), -x * (1 + z), -z + x**2))
    assert neutral(decaying).invariant == "x**2 + y**2"  # definite on the centre only
    pairs = neutral(flow((x, y, z, w), (y, -x, -2 * w, 2 * z)))  # no one quadratic form stands out
    assert (pairs.invariant, pairs.case) == ("w**2 + x**2 + y**2 + z**2", "degenerate")
    middle, long = ((y * z, -2 * x * z, x * y), (0, 0, 1)), ((y * z, -2 * x * z, x * y), (1, 0, 0))
    assert conserves(flow((x, y, z), *long), neutral(flow((x, y, z), *long)).invariant)
    assert conserves(flow((x, y, z), *middle), neutral(flow((x, y, z), *middle)).invariant)
    assert neutral(flow((x, y, z), (y * z, -2 * x * z, x * y), (0, 1, 0))) is None  # the saddle
    line = neutral(flow((x, y), (-x, 0)))
    assert (line.invariant, line.case) == ("y", "zero")
    assert neutral(flow((x, y, z), (y, -x, z))) is None  # one eigenvalue grows


def test_maps():
    assert (
        neutral(step((x, y), (x - y / 5, y + (x - y / 5) / 5))).invariant == "x**2 - x*y/5 + y**2"
    )
    mcmillan = neutral(step((x, y), (y, -x + 2 * y / (3 * (1 + y**2)))))
    assert mcmillan.invariant == "x**2*y**2 + x**2 - 2*x*y/3 + y**2"
    assert neutral(step((x, y), (-x, y / 2))).case == "flip"
    assert neutral(step((x, y), (-x, 2 * y))) is None
    assert neutral(step((x, y), (-x, 2 * y), inverse=True)).invariant == "x**2"


def skew(rng, d, variables):
    entries = sympy.zeros(d, d)
    for i in range(d):
        for j in range(i):
            slope = sum(int(c) * v for c, v in zip(rng.integers(-2, 3, d), variables, strict=True))
            entries[i, j] = int(rng.integers(1, 4)) + slope
            entries[j, i] = -entries[i, j]
    return entries


@pytest.mark.parametrize("seed", range(6))
def test_planted_invariants(seed):
    """ẋ = A(x)∇V with A skew keeps V; a term that drives V does not."""
    rng = np.random.default_rng(seed)
    d = 2 + seed % 3
    variables, point = (x, y, z, w)[:d], [Rational(int(k), 2) for k in rng.integers(-3, 4, d)]
    moved = [v - p for v, p in zip(variables, point, strict=True)]
    form = sympy.Matrix(d, d, [int(k) for k in rng.integers(-2, 3, d * d)])
    form = form.T * form + sympy.eye(d)
    planted = (sympy.Matrix([moved]) * form * sympy.Matrix(moved))[0]
    planted += int(rng.integers(1, 5)) * moved[0] ** 3 - moved[1] ** 2 * moved[0]
    gradient = sympy.Matrix([planted]).jacobian(variables)
    expressions = [sympy.expand(e) for e in skew(rng, d, moved) * gradient.T]
    if seed == 0:
        expressions = [e * (1 + exp(x)) for e in expressions]
    near = flow(variables, expressions, point)
    found = neutral(near)
    assert found is not None
    assert conserves(near, found.invariant)
    driven = [e - g * moved[0] ** 4 / 10**9 for e, g in zip(expressions, gradient, strict=True)]
    assert neutral(flow(variables, driven, point)) is None


@pytest.mark.parametrize(
    "zero",
    [
        sin(x + y) - sin(x) * cos(y) - cos(x) * sin(y),
        sin(x) ** 2 + cos(x) ** 2 - 1,
        (sqrt(1 + x**2) + y) * (sqrt(1 + x**2) - y) - 1 - x**2 + y**2,
        cos(x / 2) ** 2 - (1 + cos(x)) / 2,
        tanh(x / 2) - 2 * sigmoid(x) + 1,
        softplus(x) - softplus(-x) - x,
        log(exp(x) + exp(y)) - x - softplus(y - x),
        exp(Rational(3, 2) * log(1 + x**2)) - sqrt(1 + x**2) * (1 + x**2),
        atan((x**2 + x) / (x + 1)) - atan(x),
        sqrt(30) * x - sqrt(5) * sqrt(6) * x,
    ],
)
def test_identities_are_seen(zero):
    generators = Generators((x, y))
    assert generators.vanishes(zero)
    assert not generators.vanishes(zero + x**7 / 10**20)


def test_derivatives_in_generators():
    e = sqrt(1 + sigmoid(x * y)) * log(2 + sin(x)) + atan(x + exp(y))
    generators = Generators((x, y), [e])
    for v in (x, y):
        derived = generators.derivative(generators.convert(e), v)
        difference = generators.back(derived) - sympy.diff(e, v)
        assert abs(difference.evalf(30, subs={x: 0.3, y: -0.7})) < 1e-25


def test_unknown_functions_are_not_covered():
    with pytest.raises(NotCovered):
        Generators((x,), [sympy.gamma(x)])
    assert neutral(flow((u, w), (w * sympy.gamma(1 + u) + u**2, -u))) is None


def test_a_quantity_that_is_singular_at_the_point_holds_nothing():
    """x(y + 1)… and log(x) are kept by ẋ = x²(x + 1)(x − y), ẏ = −x²y(x − y), yet on y = 0 x grows."""
    field = (x**2 * (x + 1) * (x - y), -(x**2) * y * (x - y))
    assert neutral(flow((x, y), field)) is None
