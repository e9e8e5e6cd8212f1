"""Multipliers in closed form: for any matrix, for xy, for the Dirac-GAN and for more players."""

from __future__ import annotations

from math import factorial, sqrt

import numpy as np
import pytest
import sympy

from stability import games
from stability.dynamics import Partition
from stability.fields import LOLA, Consensus, Gradient, LookaheadOpponent, Symplectic
from stability.rules import (
    RK4,
    Alternating,
    Competitive,
    Extragradient,
    HeavyBall,
    Heun,
    LinearCompetitive,
    Lookahead,
    Nesterov,
    Optimistic,
    Proximal,
    Simultaneous,
)

TWO = Partition(("x", "y"), (1, 1))


def radius(matrix):
    return np.abs(np.linalg.eigvals(matrix)).max()


# ---- Any matrix: the polynomial that the multipliers of one eigenvalue obey, leading coefficient first -

BETA, ALPHA, K = -0.4, 0.3, 4
POLYNOMIALS = [
    (Simultaneous, {}, lambda z: [1, -(1 + z)]),
    (Extragradient, {}, lambda z: [1, -(1 + z + z**2)]),
    (Proximal, {}, lambda z: [1, -1 / (1 - z)]),
    (Heun, {}, lambda z: [1, -(1 + z + z**2 / 2)]),
    (RK4, {}, lambda z: [1, -sum(z**j / factorial(j) for j in range(5))]),
    (Lookahead, {"k": K, "alpha": ALPHA}, lambda z: [1, -(1 - ALPHA + ALPHA * (1 + z) ** K)]),
    (Optimistic, {}, lambda z: [1, -(1 + 2 * z), z]),
    # y = x + z f₋, f = y/h, x⁺ = x + z y: the trace is 1 + z + z, the determinant z
    (Extragradient, {"past": True}, lambda z: [1, -(1 + 2 * z), z]),
    (HeavyBall, {"beta": BETA}, lambda z: [1, -(1 + BETA + z), BETA]),
    (Nesterov, {"beta": BETA}, lambda z: [1, -(1 + BETA) * (1 + z), BETA * (1 + z)]),
]


@pytest.mark.parametrize(
    ("rule", "settings", "polynomial"), POLYNOMIALS, ids=[f"{p[0].name}{p[1]}" for p in POLYNOMIALS]
)
@pytest.mark.parametrize("step", [0.05, 0.7])
def test_characteristic_polynomial(rule, settings, polynomial, step):
    """Compared as polynomials, whose coefficients do not mind double roots."""
    matrix = np.random.default_rng(5).normal(size=(4, 4))
    expected = np.ones(1)
    for eigenvalue in np.linalg.eigvals(matrix):
        expected = np.polymul(expected, polynomial(step * eigenvalue))
    found = np.poly(rule(lr=step, **settings).linearise(matrix, Partition(("a",), (4,))))
    if rule is Optimistic or settings == {"past": True}:
        assert len(found) == 9
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_simultaneous_steps_are_stable_up_to_their_bound():
    matrix = np.random.default_rng(2).normal(size=(5, 5)) - 3 * np.eye(5)
    eigenvalues = np.linalg.eigvals(matrix)
    bound = (-2 * eigenvalues.real / np.abs(eigenvalues) ** 2).min()
    assert bound > 0
    own = Partition(("a", "b"), (2, 3))
    assert radius(Simultaneous(bound * 0.9999).linearise(matrix, own)) < 1
    assert radius(Simultaneous(bound * 1.0001).linearise(matrix, own)) > 1


# ---- B1: xy --------------------------------------------------------------------------------------

XY = np.array([[0.0, -1.0], [1.0, 0.0]])


def on_xy(rule, field=None):
    """The radius of a rule along a field of min over x, max over y of xy."""
    flow = (field or Gradient()).flow(games.load("xy"))
    return radius(rule.linearise(np.array(flow.jacobian(), float), flow.partition))


STEPS = [0.1, 0.5, 0.9, 1.3]
RADII = [
    ("simultaneous", lambda h: on_xy(Simultaneous(h)), lambda h: sqrt(1 + h**2)),
    ("alternating", lambda h: on_xy(Alternating(h)), lambda h: 1.0),
    ("extragradient", lambda h: on_xy(Extragradient(h)), lambda h: sqrt(1 - h**2 + h**4)),
    (
        "lookahead-opponent",
        lambda h: on_xy(Simultaneous(h), LookaheadOpponent(h)),
        lambda h: sqrt(1 - h**2 + h**4),
    ),
    ("heun", lambda h: on_xy(Heun(h)), lambda h: sqrt(1 + h**4 / 4)),
    ("rk4", lambda h: on_xy(RK4(h)), lambda h: abs(sum((1j * h) ** j / factorial(j) for j in range(5)))),
    ("proximal", lambda h: on_xy(Proximal(h)), lambda h: 1 / sqrt(1 + h**2)),
    ("competitive", lambda h: on_xy(Competitive(h)), lambda h: 1 / sqrt(1 + h**2)),
    ("linear-competitive", lambda h: on_xy(LinearCompetitive(h)), lambda h: sqrt(1 - h**2 + h**4)),
    (
        "consensus",
        lambda h: on_xy(Simultaneous(h), Consensus(0.3)),
        lambda h: sqrt((1 - 0.3 * h) ** 2 + h**2),
    ),
    (
        "symplectic",
        lambda h: on_xy(Simultaneous(h), Symplectic(0.3)),
        lambda h: sqrt((1 - 0.3 * h) ** 2 + h**2),
    ),
    ("lola", lambda h: on_xy(Simultaneous(h), LOLA(h)), lambda h: sqrt((1 - 2 * h**2) ** 2 + h**2)),
]  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("found", "expected"), [r[1:] for r in RADII], ids=[r[0] for r in RADII])
def test_radius_on_xy(found, expected, step):
    assert found(step) == pytest.approx(expected(step), rel=1e-14)


NUMBERS = [
    (Extragradient(1 / sqrt(2)), sqrt(3) / 2),
    (Optimistic(0.5), sqrt(0.5)),  # a double root: right to the root of the rounding only
    (RK4(sqrt(6)), 0.5),
    (RK4(2 * sqrt(2)), 1.0),
    (Lookahead(0.543656, 5, 0.5), 0.634885),
    (HeavyBall(0.1, -0.5, "alternating"), 0.998518),
    (HeavyBall(0.5, -0.5, "alternating"), 0.962544),
    (HeavyBall(1.0, -0.5, "alternating"), 1.0),
    (HeavyBall(1.5, -0.5, "alternating"), 1.783607),
]


@pytest.mark.parametrize(("rule", "expected"), NUMBERS, ids=lambda value: str(value))
def test_numbers_on_xy(rule, expected):
    digits = 5e-7 if round(expected, 6) == expected else 1e-14
    if isinstance(rule, Optimistic):
        digits = 1e-7
    assert on_xy(rule) == pytest.approx(expected, rel=0, abs=digits)


@pytest.mark.parametrize(
    ("rule", "critical"),
    [
        (Extragradient, 1.0),
        (Optimistic, 1 / sqrt(3)),
        (RK4, 2 * sqrt(2)),
        (lambda h: HeavyBall(h, -0.5, "alternating"), 1.0),
        (Simultaneous, None),
        (Heun, None),
        (lambda h: Lookahead(h, 2, 0.5), None),
        (Proximal, float("inf")),
        (Competitive, float("inf")),
    ],
)
def test_steps_that_are_stable_on_xy(rule, critical):
    """Stable below the critical step and unstable above it; None: never, infinity: always."""
    for step in np.geomspace(0.02, 20, 60):
        if critical is None:
            assert on_xy(rule(step)) > 1 + 1e-9
        elif abs(step - critical) > 1e-3:
            assert (on_xy(rule(step)) < 1) == (step < critical)


def test_the_best_lookahead_step_on_xy():
    # with u = h²: |1 + (1 + ih)⁵|² = (2 − 10u + 5u²)² + u(5 − 10u + u²)²; the radius is half the root of it
    u = np.poly1d([1, 0])
    square = (5 * u**2 - 10 * u + 2) ** 2 + u * (u**2 - 10 * u + 5) ** 2
    rests = square.deriv().roots
    rests = rests[(abs(rests.imag) < 1e-12) & (rests.real > 0)].real
    best = min(rests, key=square)
    assert sqrt(best) == pytest.approx(0.54368901, abs=5e-9)
    assert sqrt(square(best)) / 2 == pytest.approx(0.6348845, abs=5e-9)
    assert on_xy(Lookahead(sqrt(best), 5, 0.5)) == pytest.approx(sqrt(square(best)) / 2, rel=1e-13)
    nearby = [on_xy(Lookahead(sqrt(best) * factor, 5, 0.5)) for factor in (0.99, 1.01)]
    assert min(nearby) > sqrt(square(best)) / 2


def test_alternating_steps_on_xy_beyond_two():
    # the eigenvalues of trace 2 − h² and determinant 1
    assert on_xy(Alternating(2.5)) == pytest.approx((2.5**2 - 2 + 2.5 * 1.5) / 2, rel=1e-14)


def test_the_lookahead_with_two_steps_has_no_stable_one():
    step = sympy.Symbol("h", positive=True)
    found = Lookahead(step, 2, sympy.Rational(1, 2)).linearise(sympy.Matrix(XY.astype(int)), TWO)
    # 1 + (2ih − h²)/2 = (1 − h²/2) + ih, of modulus √(1 + h⁴/4)
    assert sympy.expand(found.det() - (1 + step**4 / 4)) == 0


# ---- B2: the Dirac-GAN ---------------------------------------------------------------------------


def jacobian(name, field=None, **parameters):
    game = games.load(name, {key: str(value) for key, value in parameters.items()})
    flow = (field or Gradient()).flow(game)
    at = dict.fromkeys(flow.variables, 0) | flow.parameters
    return np.array(flow.jacobian().xreplace(at).evalf(), float), flow.partition


@pytest.mark.parametrize(
    ("name", "parameters", "field", "expected"),
    [
        ("dirac-gan", {}, None, [0.5j, -0.5j]),
        ("dirac-gan-nonsaturating", {}, None, [0.5j, -0.5j]),
        ("dirac-gan-wasserstein", {}, None, [1j, -1j]),
        ("dirac-gan-r1", {"gamma": 0.3}, None, [-0.15 + sqrt(0.2275) * 1j, -0.15 - sqrt(0.2275) * 1j]),
        ("dirac-gan", {}, Consensus(0.6), [-0.15 + 0.5j, -0.15 - 0.5j]),
        ("dirac-gan", {}, Symplectic(0.6), [-0.15 + 0.5j, -0.15 - 0.5j]),
    ],
)  # fmt: skip
def test_eigenvalues_of_the_dirac_gan(name, parameters, field, expected):
    found = np.linalg.eigvals(jacobian(name, field, **parameters)[0])
    np.testing.assert_allclose(
        np.sort_complex(found), np.sort_complex(np.array(expected)), rtol=0, atol=1e-14
    )


@pytest.mark.parametrize(
    ("rule", "gamma", "expected"),
    [
        # x⁺ has determinant 1 − hγ + h²/4 and, with complex multipliers, their modulus squared
        (Simultaneous(0.2), 0.3, sqrt(1 - 0.2 * 0.3 + 0.01)),
        (Simultaneous(0.2), 1, 0.9),
        (Alternating(0.2), 0.3, 0.969536),
        (Alternating(0.2), 1, 0.927016),
    ],
    ids=repr,
)
def test_multipliers_of_the_regularised_dirac_gan(rule, gamma, expected):
    matrix, partition = jacobian("dirac-gan-r1", gamma=gamma)
    digits = 5e-7 if isinstance(rule, Alternating) else 1e-8  # γ = 1: a double multiplier
    assert radius(rule.linearise(matrix, partition)) == pytest.approx(expected, abs=digits)


def test_alternating_steps_of_the_regularised_dirac_gan_in_closed_form():
    # θ first: x⁺ = x − hψ/2, ψ⁺ = (1 − hγ)ψ + h/2 θ⁺; determinant 1 − hγ, trace 2 − hγ − h²/4
    matrix, partition = jacobian("dirac-gan-r1", gamma=0.3)
    found = Alternating(0.2).linearise(matrix, partition)
    assert np.linalg.det(found) == pytest.approx(1 - 0.06, rel=1e-14)
    assert np.trace(found) == pytest.approx(2 - 0.06 - 0.01, rel=1e-14)


# ---- B7: more players ----------------------------------------------------------------------------

RATE, SMALL = 0.01, 0.032
FREQUENCIES = np.array([sqrt(2) + 1, sqrt(2) - 1])


@pytest.mark.parametrize(
    ("field", "rule", "printed"),
    [
        (Gradient(), Simultaneous(SMALL), 1.00266),
        (Symplectic(1.0), Simultaneous(SMALL), 0.99428),
        (Gradient(), Optimistic(SMALL), 0.99959),
    ],
    ids=repr,
)
def test_balduzzis_four_players(field, rule, printed):
    matrix, partition = jacobian("balduzzi-four", field)
    own = -RATE + 1j * FREQUENCIES
    if isinstance(field, Symplectic):
        own = own + 1j * FREQUENCIES * own  # the antisymmetric part has the eigenvalues ±iω
    if isinstance(rule, Optimistic):
        roots = [np.roots([1, -(1 + 2 * SMALL * z), SMALL * z]) for z in own]
        expected = np.abs(roots).max()
    else:
        expected = np.abs(1 + SMALL * own).max()
    assert expected == pytest.approx(printed, abs=5e-6)
    assert radius(rule.linearise(matrix, partition)) == pytest.approx(expected, rel=1e-13)


def test_a_line_of_equilibria_keeps_its_multiplier_one():
    matrix, partition = jacobian("tandem")
    for rule in (Simultaneous(0.1), Alternating(0.1), Optimistic(0.1), RK4(0.1)):
        found = np.abs(np.linalg.eigvals(rule.linearise(matrix, partition)) - 1).min()
        assert found < 1e-14
