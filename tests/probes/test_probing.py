"""Probes against the dense reports of small games, and what they must never say."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

import stability as st
from stability.errors import InputError
from tests.selection import slow_but


@pytest.fixture(scope="module")
def dirac():
    """The Dirac-GAN with R1, which keeps what was compiled for it."""
    return st.games.dirac_gan_r1(gamma=0.3).real.numeric()


@pytest.fixture(scope="module")
def r1(dirac):
    """It rests at the origin, with −γ/2 ± √(γ²/4 − ¼) (Mescheder et al. 2018)."""
    return st.probe(dirac, np.zeros(2), rules=[st.Simultaneous(lr=0.2)], k=2)


def test_eigenvalues_of_a_closed_form(r1):
    expected = -0.15 + 1j * np.sqrt(0.25 - 0.15**2) * np.array([1, -1])
    for found in (r1.rightmost, r1.largest):
        # double precision, a 2 × 2 matrix of numbers about one half
        np.testing.assert_allclose(found.values, expected, atol=1e-12)
        assert found.converged
        assert (found.residuals < 1e-12).all()
    assert r1.network.dtype == "float64"


def test_the_rule_of_a_closed_form(r1):
    (rule,) = r1.rules
    np.testing.assert_allclose(rule.spectral_radius, 0.974679, atol=1e-6)  # six digits are printed
    np.testing.assert_allclose(rule.critical_lr, 4 * 0.3, rtol=1e-9)
    assert rule.stability.verdict == "exponentially stable"
    assert rule.state_size == 2
    np.testing.assert_allclose(rule.steps_per_digit, -np.log(10) / np.log(rule.spectral_radius))


def test_conditions_and_hessians_of_a_closed_form(r1):
    assert r1.rest.stationary.verdict == "yes"
    assert r1.stability.verdict == "exponentially stable"
    assert r1.conditions.local_minmax.verdict == "yes"
    assert r1.conditions.differential_nash.verdict in ("no", "undecided")
    np.testing.assert_allclose(r1.own_hessians["disc"].smallest.values, [0.3], atol=1e-12)
    np.testing.assert_allclose(r1.own_hessians["gen"].smallest.values, [0.0], atol=1e-12)
    # (J + Jᵀ)/2 = diag(0, −γ)
    np.testing.assert_allclose(r1.numerical_abscissa.values, [0.0], atol=1e-12)


def test_rotation_is_a_share():
    game = st.zero_sum(
        lambda x, y: x @ y, minimizer="x", maximizer="y",
        start={"x": np.ones(3), "y": np.ones(3)},
    )  # fmt: skip
    turning = st.probe(game, np.zeros(6), k=2).rotation
    assert turning.share == 1.0  # J is antisymmetric, exactly
    assert turning.error == 0.0
    potential = st.Game({"x": lambda x: x @ x}, start={"x": np.ones(3)})
    assert st.probe(potential, np.zeros(3), k=2).rotation.share == 0.0


POINTS = {"dirac-gan-r1": {"gamma": "0.3"}, "xy": {}, "ridge-1": {}, "balduzzi-four": {}}


@pytest.mark.parametrize("name", slow_but(POINTS, ["dirac-gan-r1"]))
def test_agrees_with_the_dense_report(name):
    game = st.load(name, POINTS[name])
    report = st.report(game, rules=[st.Alternating(lr=0.1)]).equilibria[0]
    x = np.array(list(report.point.values()))
    found = st.probe(game, x, rules=[st.Alternating(lr=0.1)], k=len(x))
    expected = report.flows[0].eigenvalues
    for value in found.rightmost.values:
        # a defective double eigenvalue is split by the root of the rounding error
        assert np.abs(expected - value).min() < 1e-7
    multipliers = report.rules[0].multipliers
    np.testing.assert_allclose(found.rules[0].spectral_radius, np.abs(multipliers).max(), atol=1e-7)
    dense, large = report.conditions, found.conditions
    for name in ("differential_nash", "local_minmax"):
        words = {getattr(dense, name).verdict, getattr(large, name).verdict}
        assert words != {"yes", "no"}


def test_what_is_not_at_rest_is_never_called_stable(dirac):
    found = st.probe(dirac, np.array([0.5, 0.5]), rules=[st.Simultaneous(lr=0.1)], k=2)
    assert found.rest.stationary.verdict == "no"
    assert found.stability.verdict == "undecided"
    assert found.rules[0].stability.verdict == "undecided"
    assert "no equilibrium" in found.stability.because


def test_moving_to_the_stationary_point_nearby(dirac):
    found = st.probe(dirac, np.array([0.05, -0.04]), move=True, k=2)
    assert found.rest.stationary.verdict == "yes"
    np.testing.assert_allclose(found.rest.moved, np.hypot(0.05, 0.04), rtol=1e-4)
    assert found.stability.verdict == "exponentially stable"


def test_a_trained_state_is_taken_as_it_is(dirac):
    """Heavy ball's multipliers do not depend on its memory, but a state of the wrong size is refused."""
    rule = st.HeavyBall(lr=0.1, beta=-0.5)
    x = np.zeros(2)
    plain = st.probe(dirac, x, rules=[rule], k=2).rules[0]
    given = st.probe(dirac, x, rules=[rule], k=2, state=(x, np.array([0.3, -0.1]))).rules[0]
    assert given.state_size == 4
    np.testing.assert_allclose(given.spectral_radius, plain.spectral_radius, rtol=1e-9)
    with pytest.raises(InputError, match="one rule"):
        st.probe(dirac, x, state=(x, x))


@pytest.mark.slow
def test_single_precision_keeps_its_own(tmp_path):
    game = st.Game(
        {"x": lambda x, y: x @ y + 0.5 * x @ x, "y": lambda x, y: -x @ y + 0.5 * y @ y},
        start={"x": jnp.ones(4, jnp.float32), "y": jnp.ones(4, jnp.float32)},
    )
    found = st.probe(game, {"x": jnp.zeros(4), "y": jnp.zeros(4)}, k=3)
    assert found.network.dtype == "float32"
    np.testing.assert_allclose(found.rightmost.values.real, -1, atol=1e-5)
    assert found.stability.verdict == "exponentially stable"


def test_json_has_no_nan_and_texts_no_overlong_lines(r1):
    data = json.loads(r1.to_json())
    assert data["schema"] == "stability-probe/1"
    assert data["system"]["sizes"] == {"gen": 1, "disc": 1}
    assert data["rules"][0]["multipliers"]["converged"] is True
    for width in (80, 120):
        assert max(map(len, r1.to_text(width).splitlines())) <= width


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (np.zeros(3), "vector of 2 numbers"),
        (np.array([np.nan, 0.0]), "not finite"),
        ({"gen": 0.0}, "disc"),
    ],
)
def test_points_that_do_not_fit(at, said):
    with pytest.raises(InputError, match=said):
        st.probe(st.load("dirac-gan-r1"), at)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"k": 0}, "at least 1"),
        ({"rules": ["simultaneous"]}, "no rule"),
    ],
)
def test_options_that_do_not_fit(options, said):
    with pytest.raises(InputError, match=said):
        st.probe(st.load("dirac-gan-r1"), **options)


def test_a_flow_is_sent_elsewhere():
    with pytest.raises(InputError, match="linearise"):
        st.probe(st.Flow(lambda x: -x, dimension=2))
