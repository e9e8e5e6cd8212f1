"""How much of a step the Jacobian explains, against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stability as st


def probed(loss, x, lr):
    game = st.Game({"x": loss, "y": lambda x, y: y @ y}, start={"x": x, "y": np.ones(1)})
    report = st.probe(game, rules=[st.Simultaneous(lr)], k=2)
    return report, report.rules[0].explained


def test_all_of_an_affine_field():
    with jax.enable_x64(True):
        report, found = probed(lambda x, y: x @ x + x[0] * y[0], np.array([1.0, 2.0]), 0.1)
    assert found.least == pytest.approx(1, abs=1e-9)
    # v = (−2x₀ − y, −2x₁, −2y) = (−3, −4, −2), and the step is a tenth of it
    assert found.radius == pytest.approx(0.1 * np.sqrt(29))
    assert "J explains" in str(report)
    assert "hold for less" not in str(report)


def test_a_part_of_what_bends_within_the_step():
    """x³/6 has v = −x²/2; over −δ from x = 1 the change is δ − δ²/2, of which J explains δ."""
    with jax.enable_x64(True):
        game = st.Game(
            {"x": lambda x, y: x[0] ** 3 / 6, "y": lambda x, y: y @ y},
            start={"x": np.ones(1), "y": np.zeros(1)},
        )
        (rule,) = st.probe(game, rules=[st.Simultaneous(0.4)], k=2).rules
    delta = 0.4 / 2
    assert rule.explained.step == pytest.approx(1 - (delta**2 / 2) / (delta - delta**2 / 2))


def test_a_step_over_a_kink_is_warned_of():
    with jax.enable_x64(True):
        report, found = probed(
            lambda x, y: jnp.sum(10 * jax.nn.relu(x - 0.9) ** 2 + 0.1 * x**2), np.ones(2), 0.5
        )
    assert found.step < 0.8
    assert "hold for less than one" in " ".join(str(report).split())


def test_nothing_is_said_at_rest():
    (rule,) = st.probe(st.games.dirac_gan_r1(), np.zeros(2), rules=[st.Simultaneous(0.1)]).rules
    assert rule.explained is None
