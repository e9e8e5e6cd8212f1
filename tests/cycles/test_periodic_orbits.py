"""Periodic orbits with closed forms, of maps and of rules on games, and orbits that are none."""

import json
import math

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability.cycles.iterated import Turns, polished
from stability.dynamics.batch import batched

CLOSE = 1e-10  # what polishing promises


def logistic(r):
    return st.Map(lambda z: r * z * (1 - z), dimension=1, box={"x0": (0, 1)})


def clipped_dirac(inner, c=1.0):
    """The rule that keeps the discriminator's weight in [−c, c], on the Wasserstein Dirac-GAN."""
    return st.Clipped(low={"disc": -c}, high={"disc": c}, inner=inner)


def test_period_two_of_the_logistic_map():
    r = 3.2
    found = st.periodic_orbits(logistic(r), period=2)
    (orbit,) = found.orbits
    expected = (r + 1 + np.array([-1, 1]) * np.sqrt((r - 3) * (r + 1))) / (2 * r)
    np.testing.assert_allclose(orbit.points[:, 0], expected, atol=CLOSE)
    # the derivative of the map taken twice; that of one step is −1.2 or so and says nothing
    assert abs(orbit.multipliers[0] - (4 + 2 * r - r**2)) < CLOSE
    assert (orbit.stability.verdict, orbit.isolated, orbit.period) == (
        "exponentially stable",
        "yes",
        2,
    )
    assert found.shorter == 2  # the fixed points 0 and 1 − 1/r
    assert [o.period for o in st.periodic_orbits(logistic(r), period=1)] == [1, 1]


@pytest.mark.parametrize(("period", "orbits"), [(3, 2), pytest.param(5, 6, marks=pytest.mark.slow)])
def test_every_orbit_of_the_full_logistic_map(period, orbits):
    # x = sin²(π t) turns r = 4 into doubling t: (2ⁿ − 2)/n orbits of prime period n, multiplier ±2ⁿ
    found = st.periodic_orbits(logistic(4.0), period=period)
    assert len(found) == orbits
    for orbit in found:
        t = np.arcsin(np.sqrt(orbit.points[0, 0])) / np.pi
        denominators = np.array([2**period - 1, 2**period + 1])
        assert np.abs(t * denominators - np.round(t * denominators)).min() < 1e-9
        assert abs(abs(orbit.multipliers[0]) - 2**period) < 1e-8 * 2**period
        assert orbit.stability.verdict == "unstable"


def test_period_two_of_the_henon_map():
    a, b = 0.8, 0.3
    (orbit,) = st.periodic_orbits(
        st.Map(lambda z: jnp.array([1 - a * z[0] ** 2 + z[1], b * z[0]]), dimension=2), period=2
    )
    # a²x² − a(1 − b)x + (1 − b)² − a = 0, from x₁ + x₂ = (1 − b)/a
    expected = np.sort(np.roots([a**2, -a * (1 - b), (1 - b) ** 2 - a]))
    np.testing.assert_allclose(orbit.points[:, 0], expected, atol=CLOSE)
    trace = (
        4 * ((1 - b) ** 2 - a) + 2 * b
    )  # of the product of both Jacobians; its determinant is b²
    np.testing.assert_allclose(
        np.sort(orbit.multipliers), np.sort(np.roots([1, -trace, b**2])), atol=1e-9
    )
    assert orbit.stability.verdict == "exponentially stable"  # the second flip is at a = 0.9125


def test_the_closed_form_of_the_henon_cycle_is_exact():
    a, b, x = sympy.symbols("a b x")
    other = (1 - b) / a - x
    quadratic = a**2 * x**2 - a * (1 - b) * x + (1 - b) ** 2 - a
    step = 1 - a * x**2 + b * other - other
    assert sympy.rem(sympy.together(step * a), quadratic, x).simplify() == 0


@pytest.mark.parametrize("h", [2.5, pytest.param(2.2, marks=pytest.mark.slow)])
def test_clipping_and_alternating_steps_make_a_cycle_of_two(h):
    """With ψ = ±1 and h(θ − h) ≤ −2 the next weight is on the other side: θ ↔ θ − h for 2/h ≤ θ ≤ h − 2/h."""
    rule = clipped_dirac(st.Alternating(lr=h, order=("gen", "disc")))
    (orbit,) = st.periodic_orbits(st.games.load("dirac-gan-wasserstein"), rule, period=2)
    (low, down), (high, up) = orbit.points
    assert (down, up) == (-1, 1)
    assert abs(high - low - h) < CLOSE
    assert 2 / h - CLOSE <= high <= h - 2 / h + CLOSE
    assert orbit.isolated == "no"
    np.testing.assert_allclose(orbit.multipliers, [1, 0], atol=1e-9)
    assert orbit.stability.verdict == "exponentially stable"  # across the continuum
    assert "curve of periodic orbits" in orbit.stability.because


def test_clipping_and_simultaneous_steps_make_a_cycle_of_six():
    """For h ≥ 2: θ, θ − h, θ, θ + h, θ + 2h, θ + h with −(h − 2/h) ≤ θ ≤ −2/h, as in best response."""
    h = 2.5
    game = st.games.load("dirac-gan-wasserstein")
    found = st.periodic_orbits(
        game, clipped_dirac(st.Simultaneous(lr=h)), period=6, box={"theta": (-6, 6)}
    )
    family, other = sorted(found, key=lambda orbit: orbit.isolated)
    assert family.isolated == "no"
    first = family.points[1, 0]  # the point before is θ − h
    np.testing.assert_allclose(
        family.points[:, 0] - first, [-h, 0, h, 2 * h, h, 0], atol=10 * CLOSE
    )
    assert -(h - 2 / h) - CLOSE <= first <= -2 / h + CLOSE
    # where two of the six steps stay inside the bounds there is another one, which repels
    assert (other.isolated, other.stability.verdict) == ("yes", "unstable")
    assert abs(other.spectral_radius - (h**2 - 1) ** 2) < 1e-8


def test_best_response_to_a_clipped_critic_never_rests():
    """ψ ← sign θ, then θ ← θ − hψ: |θ| < h comes back after two turns, for every h."""
    h = 0.3
    turns = st.Map(
        lambda z: jnp.stack([z[0] - h * jnp.sign(z[0]), jnp.sign(z[0])]),
        variables=["theta", "psi"],
        box={"theta": (-0.29, 0.31)},
    )
    (orbit,) = st.periodic_orbits(turns, period=2)
    assert abs(orbit.points[1, 0] - orbit.points[0, 0] - h) < CLOSE
    assert orbit.isolated == "no"


def test_best_responses_in_matching_pennies_go_round_in_four():
    # pure strategies ±1: one wants to match, the other not to; everybody replies at once
    pennies = st.Map(lambda z: jnp.stack([jnp.sign(z[1]), -jnp.sign(z[0])]), dimension=2)
    (orbit,) = st.periodic_orbits(pennies, period=4)
    assert {tuple(x) for x in orbit.points} == {(1, 1), (1, -1), (-1, -1), (-1, 1)}
    assert len(st.periodic_orbits(pennies, period=2)) == 0


@pytest.mark.parametrize(("p", "q"), [(1, 6), pytest.param(1, 4, marks=pytest.mark.slow)])
def test_alternating_steps_on_xy_are_periodic_for_particular_step_sizes(p, q):
    # the multipliers are e^{±iα} with 2 − h² = 2 cos α; α = 2πp/q gives h = 2 sin(πp/q)
    h = 2 * math.sin(math.pi * p / q)
    found = st.periodic_orbits(st.games.load("xy"), st.Alternating(lr=h), period=q)
    (orbit,) = found.orbits
    assert found.rule == f"alternating, lr={h:.6g}, steps=1"
    assert orbit.isolated == "no"
    assert orbit.stability.verdict == "neutral"
    np.testing.assert_allclose(orbit.multipliers, 1, atol=1e-12)


def test_a_rule_with_memory_has_its_orbits_in_the_whole_state():
    # one player, L = x⁴/4 − x²/2: heavy ball flips x → −x where 2(1 + β)x = h(x³ − x)
    h, beta = 3.2, 0.1
    x = sympy.symbols("x")
    game = st.SymbolicGame({"x": ([x], x**4 / 4 - x**2 / 2)}, box={x: (-3, 3)})
    found = st.periodic_orbits(game, st.HeavyBall(lr=h, beta=beta), period=2)
    size = math.sqrt(1 + 2 * (1 + beta) / h)
    matches = [o for o in found if abs(o.points[0, 0] + o.points[1, 0]) < CLOSE]
    (orbit,) = matches
    np.testing.assert_allclose(orbit.points, [[-size, -2 * size], [size, 2 * size]], atol=1e-9)
    assert len(orbit.multipliers) == 2


@pytest.mark.parametrize("period", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_an_invariant_circle_is_no_periodic_orbit(period):
    game = st.games.load("dirac-gan-nonsaturating")
    found = st.periodic_orbits(game, st.Simultaneous(lr=0.2), period=period)
    assert len(found) == 0
    assert "None was found" in str(found)


def test_a_kink_on_the_orbit_leaves_it_without_multipliers():
    # 0 ↔ 1, and at 0 the slopes −0.7 and −1.3 on either side
    bent = st.Map(lambda z: (1 - z) * (1 - 0.3 * jnp.abs(z)), dimension=1)
    (orbit,) = st.periodic_orbits(bent, period=2)
    np.testing.assert_allclose(orbit.points[:, 0], [0, 1], atol=1e-9)
    assert (orbit.multipliers, orbit.spectral_radius) == (None, None)
    assert orbit.stability.verdict == "undecided"
    assert "kink" in orbit.stability.because
    # beside a kink there is a derivative: x ↦ 1 − 2|x| has the cycle {−1/5, 3/5}
    (orbit,) = st.periodic_orbits(st.Map(lambda z: 1 - 2 * jnp.abs(z), dimension=1), period=2)
    np.testing.assert_allclose(orbit.points[:, 0], [-0.2, 0.6], atol=CLOSE)


def test_polishing_reaches_the_orbit_from_afar():
    turns = Turns(batched(logistic(3.2).function, 1), 2)
    points = polished(turns, np.array([[0.5], [0.8]]))
    np.testing.assert_allclose(points[:, 0], [0.5130445095, 0.7994554905], atol=1e-10)


def test_the_orbits_as_data():
    found = st.periodic_orbits(logistic(3.2), period=2)
    data = json.loads(found.to_json())
    assert data["schema"] == "stability-periodic-orbits/1"
    (orbit,) = data["orbits"]
    assert abs(orbit["multipliers"][0][0] - 0.16) < 1e-9
    assert [set(x) for x in orbit["points"]] == [{"x0"}, {"x0"}]
    assert data["search"]["exhaustive"] is False
    assert "Orbits of period 2" in found.to_markdown()
    again = st.periodic_orbits(logistic(3.2), period=2)
    assert again.to_dict() == found.to_dict()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"period": 0}, "the period is a whole number from 1"),
        ({"period": 2.0}, "the period is a whole number"),
        ({"period": 2, "starts": 0}, "the number of starts"),
        ({"period": 2, "seed": -1}, "the seed"),
        ({"period": 2, "box": {"y": (0, 1)}}, "no variable"),
        ({"period": 2, "rule": st.Simultaneous()}, "a map steps by itself"),
    ],
)
def test_bad_input_to_a_map(settings, words):
    with pytest.raises(st.InputError, match=words):
        st.periodic_orbits(logistic(3.2), **settings)


def test_bad_input_to_a_game():
    with pytest.raises(st.InputTypeError, match="of a rule on a game"):
        st.periodic_orbits(st.games.load("xy"), period=2)
    large = st.Map(lambda z: -z, dimension=51)
    with pytest.raises(st.InputError, match="51 numbers"):
        st.periodic_orbits(large, period=2)
