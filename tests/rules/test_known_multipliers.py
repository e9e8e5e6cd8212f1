"""Multipliers in closed form: for any matrix, for xy, for the Dirac-GAN and for more players."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
import sympy

from stability import games
from stability.dynamics import Partition
from stability.fields import Consensus, Gradient, Symplectic
from stability.rules import (
    RK4,
    Alternating,
    HeavyBall,
    Lookahead,
    Optimistic,
    Simultaneous,
)
from tests.known_systems import NEGATIVE_MOMENTUM, ON_XY, POLYNOMIALS

TWO = Partition(("x", "y"), (1, 1))


def radius(matrix):
    return np.abs(np.linalg.eigvals(matrix)).max()


# ---- Any matrix: the polynomial that the multipliers of one eigenvalue obey, leading coefficient first -

FREE = {"alpha": 0.3, "beta": -0.4}


@pytest.mark.parametrize("row", POLYNOMIALS)
@pytest.mark.parametrize("step", [0.05, 0.7])
def test_characteristic_polynomial(row, step):
    """Compared as polynomials, whose coefficients do not mind double roots."""
    make, free, polynomial = row
    settings = {name: FREE[name] for name in free}
    matrix = np.random.default_rng(5).normal(size=(4, 4))
    expected = np.ones(1)
    for eigenvalue in np.linalg.eigvals(matrix):
        expected = np.polymul(expected, polynomial(step * eigenvalue, **settings))
    found = np.poly(make(lr=step, **settings).linearise(matrix, Partition(("a",), (4,))))
    assert len(found) == len(expected)
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


@pytest.mark.parametrize("step", [0.1, 0.4, 0.9, 1.3])
@pytest.mark.parametrize("known", ON_XY, ids=lambda known: known.name)
def test_radius_on_xy(known, step):
    found = on_xy(known.rule(step), known.field(step))
    assert found == pytest.approx(known.radius(step), rel=1e-14)


@pytest.mark.parametrize(
    "known", [known for known in ON_XY if known.best], ids=lambda known: known.name
)
def test_the_best_step_on_xy(known):
    """No other step near it has a smaller radius."""

    def found(step):
        return on_xy(known.rule(step), known.field(step))

    step, least = known.best
    # optimistic: a double root, right to the root of the rounding only
    assert found(step) == pytest.approx(least, rel=1e-7)
    assert min(found(step * factor) for factor in (0.99, 1.01)) > least


@pytest.mark.parametrize("known", ON_XY, ids=lambda known: known.name)
def test_steps_that_are_stable_on_xy(known):
    """Stable below the critical step and unstable, or for "alternating" neutral, above it."""
    for step in np.geomspace(0.02, 2 if known.name == "alternating" else 20, 60):
        radius = on_xy(known.rule(step), known.field(step))
        if known.critical == 0:
            assert radius > 1 + 1e-9 or (known.name == "alternating" and abs(radius - 1) < 1e-7)
        elif known.critical is not None and abs(step - known.critical) > 1e-3:
            assert (radius < 1) == (step < known.critical)


@pytest.mark.parametrize(("step", "printed"), NEGATIVE_MOMENTUM)
def test_negative_momentum_on_xy(step, printed):
    assert on_xy(HeavyBall(step, -0.5, "alternating")) == pytest.approx(printed, abs=5e-7)


def test_negative_momentum_is_stable_on_xy_up_to_steps_of_one():
    for step in np.geomspace(0.02, 20, 60):
        assert (on_xy(HeavyBall(step, -0.5, "alternating")) < 1) == (step < 1)


def test_the_best_lookahead_step_on_xy():
    # with u = h²: |1 + (1 + ih)⁵|² = (2 − 10u + 5u²)² + u(5 − 10u + u²)²; the radius is half the root of it
    u = np.poly1d([1, 0])
    square = (5 * u**2 - 10 * u + 2) ** 2 + u * (u**2 - 10 * u + 5) ** 2
    rests = square.deriv().roots
    rests = rests[(abs(rests.imag) < 1e-12) & (rests.real > 0)].real
    best = min(rests, key=square)
    (known,) = (known.best for known in ON_XY if known.name == "lookahead, 5")
    assert (sqrt(best), sqrt(square(best)) / 2) == pytest.approx(known, abs=5e-9)
    assert on_xy(Lookahead(sqrt(best), 5, 0.5)) == pytest.approx(sqrt(square(best)) / 2, rel=1e-13)


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
