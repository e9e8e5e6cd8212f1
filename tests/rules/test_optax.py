"""Optax's transformations as rules: run as optax runs them, and held still for the analysis."""

from __future__ import annotations

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Flow, Gradient, InputError, InputTypeError, games
from stability.dynamics import Partition
from stability.rules import HeavyBall, Lookahead, Optax, Simultaneous
from stability.rules.optax_rule import named_optax, optax_constructor

optax = pytest.importorskip("optax")

PARTITION = Partition(("x", "y"), (1, 2))
MATRIX = np.array([[-1.0, 2.0, 0.5], [-2.0, -0.5, 0.3], [0.1, -0.4, -2.0]])
POINT = np.array([0.5, -1.0, 2.0])


def field(x):
    return jnp.asarray(MATRIX, x.dtype) @ jnp.sin(x)


@pytest.fixture(scope="module")
def flow():
    return Flow(field, partition=PARTITION, check=False)


TRANSFORMATIONS = {
    "adam": (lambda: optax.adam(1.0), lambda: optax.adam(0.05)),
    "amsgrad": (lambda: optax.amsgrad(1.0), lambda: optax.amsgrad(0.05)),
    "rmsprop": (lambda: optax.rmsprop(1.0), lambda: optax.rmsprop(0.05)),
    "momentum": (lambda: optax.sgd(1.0, 0.9), lambda: optax.sgd(0.05, 0.9)),
    "nesterov": (
        lambda: optax.sgd(1.0, 0.9, nesterov=True),
        lambda: optax.sgd(0.05, 0.9, nesterov=True),
    ),
    "schedule": (
        lambda: optax.sgd(optax.exponential_decay(1.0, 5, 0.5)),
        lambda: optax.sgd(optax.exponential_decay(0.05, 5, 0.5)),
    ),
}


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_twenty_steps_are_optaxs_own(flow, name):
    unit, own = (make() for make in TRANSFORMATIONS[name])
    rule = Optax(unit, 0.05)
    with jax.enable_x64(True):
        state = rule.init(flow, jnp.asarray(POINT))
        step = jax.jit(lambda state: rule.step(flow, state))
        strategies = {"x": jnp.asarray(POINT[:1]), "y": jnp.asarray(POINT[1:])}
        memory = own.init(strategies)
        for _ in range(20):
            state = step(state)
            v = field(jnp.concatenate([strategies["x"], strategies["y"]]))
            gradients = {"x": -v[:1], "y": -v[1:]}
            updates, memory = own.update(gradients, memory, strategies)
            strategies = optax.apply_updates(strategies, updates)
    expected = np.concatenate([strategies["x"], strategies["y"]])
    assert np.abs(expected - POINT).max() > 0.1
    # the step size multiplied at the end, or inside: a rounding apart; optax's schedules are float32
    digits = 1e-6 if name == "schedule" else 1e-12
    np.testing.assert_allclose(state[0], expected, rtol=digits)


def test_the_players_may_have_transformations_of_their_own(flow):
    rule = Optax({"x": optax.sgd(1.0), "": optax.sgd(1.0, 0.5)}, {"x": 0.1, "y": 0.2})
    with jax.enable_x64(True):
        state = rule.init(flow, jnp.asarray(POINT))
        assert [len(part) for part in state] == [3, 2]
        x, momentum = POINT.copy(), np.zeros(2)
        for _ in range(3):
            state = rule.step(flow, state)
            v = np.asarray(field(jnp.asarray(x)))
            momentum = 0.5 * momentum + v[1:]
            x = x + np.concatenate([0.1 * v[:1], 0.2 * momentum])
    np.testing.assert_allclose(state[0], x, rtol=1e-13)


# ---- Multipliers ---------------------------------------------------------------------------------


def spectrum(matrix):
    return np.poly(matrix)


def test_plain_and_heavy_ball_descent():
    plain = Optax(optax.sgd(1.0), 0.3).linearise(MATRIX, PARTITION)
    np.testing.assert_allclose(plain, Simultaneous(0.3).linearise(MATRIX, PARTITION), rtol=1e-14)
    found = Optax(optax.sgd(1.0, 0.6), 0.3).linearise(MATRIX, PARTITION)
    expected = HeavyBall(0.3, 0.6).linearise(MATRIX, PARTITION)
    np.testing.assert_allclose(spectrum(found), spectrum(expected), rtol=1e-12, atol=1e-13)


def test_adam_with_its_second_moment_held():
    # m ← β₁m + (1 − β₁)g, x ← x − h m/(√ν + ε): with z = hλ/(√ν + ε) a multiplier solves
    # μ² − (1 + β₁ + (1 − β₁)z)μ + β₁ = 0
    moment, lr, b1, eps = 0.04, 0.05, 0.7, 1e-3
    rule = Optax(optax.adam(1.0, b1=b1, eps=eps), lr, second_moment=moment)
    expected = np.ones(1)
    for eigenvalue in np.linalg.eigvals(MATRIX):
        z = lr * eigenvalue / (np.sqrt(moment) + eps)
        expected = np.polymul(expected, [1, -(1 + b1 + (1 - b1) * z), b1])
    found = spectrum(rule.linearise(MATRIX, PARTITION))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_rmsprop_with_its_second_moment_held():
    rule = Optax(optax.rmsprop(1.0, eps=1e-3), 0.05, second_moment=0.25)
    found = rule.linearise(MATRIX, PARTITION)
    at = 0.05 / np.sqrt(0.25 + 1e-3)  # optax adds ε under the root
    np.testing.assert_allclose(found, np.eye(3) + at * MATRIX, rtol=1e-10)


@pytest.mark.parametrize("count", [0, 5, 10])
def test_a_schedule_held_at_a_step(count):
    rule = Optax(optax.sgd(optax.exponential_decay(1.0, 5, 0.5)), 0.2, at_step=count)
    found = rule.linearise(MATRIX, PARTITION)
    np.testing.assert_allclose(found, np.eye(3) + 0.2 * 0.5 ** (count / 5) * MATRIX, rtol=1e-6)
    assert rule.settings["at_step"] == count


def test_a_schedule_settles():
    rule = Optax(optax.sgd(optax.linear_schedule(1.0, 0.25, 100)), 0.2)
    found = rule.linearise(MATRIX, PARTITION)
    np.testing.assert_allclose(found, np.eye(3) + 0.05 * MATRIX, rtol=1e-14)
    assert "at_step" not in rule.settings


def test_transformations_by_player_in_the_linearised_step():
    rule = Optax({"x": optax.sgd(1.0), "y": optax.sgd(1.0)}, {"x": 0.1, "y": 0.4})
    expected = Simultaneous({"x": 0.1, "y": 0.4}).linearise(MATRIX, PARTITION)
    np.testing.assert_allclose(rule.linearise(MATRIX, PARTITION), expected, rtol=1e-14)


@pytest.mark.parametrize("name", ["adam", "rmsprop", "momentum"])
def test_steps_near_the_rest_point_follow_the_multipliers(flow, name):
    rule = Optax(TRANSFORMATIONS[name][0](), 0.05, second_moment=0.09)
    matrix = rule.near(flow, np.zeros(3)).linearise(None, PARTITION)
    frozen = rule.frozen().map(flow)
    away = 1e-6 * np.random.default_rng(1).normal(size=len(matrix))
    with jax.enable_x64(True):
        step = jax.jit(frozen)
        state, linear = jnp.asarray(away), away
        for _ in range(40):
            state, linear = step(state), matrix @ linear
    # sin(x) = x − x³/6 is linear to 1e-12 here; optax keeps some numbers in single precision
    np.testing.assert_allclose(state, linear, rtol=1e-5, atol=1e-5 * np.abs(linear).max())


def test_other_step_sizes_use_the_same_compilation(flow):
    local = Optax(optax.sgd(1.0), 0.1).near(flow, np.zeros(3))
    local.linearise(None, PARTITION)
    other = local.scaled(3)
    assert other._compiled is local._compiled
    np.testing.assert_allclose(other.linearise(None, PARTITION), np.eye(3) + 0.3 * MATRIX)


def test_a_line_of_rest_points_is_a_line_of_states():
    # tandem: the tangent (1, −1), with no momentum along it
    flow = Gradient().flow(games.load("tandem").numeric())
    rule = Optax(optax.adam(1.0), 0.1).near(flow, np.array([0.25, 0.75]))
    matrix = rule.linearise(None, flow.partition)
    tangent = np.array([[1.0], [-1.0]])
    lifted = rule.lifted(None, flow.partition, tangent)
    assert lifted.shape == (4, 1)
    np.testing.assert_allclose(matrix @ lifted, lifted, rtol=0, atol=1e-14)


def test_lookahead_over_adam(flow):
    rule = Lookahead(0.05, 3, 0.5, inner=Optax(optax.sgd(1.0, 0.5)))
    found = rule.near(flow, np.zeros(3)).linearise(None, PARTITION)
    inner = Optax(optax.sgd(1.0, 0.5), 0.05).linearise(MATRIX, PARTITION)
    expected = np.linalg.matrix_power(inner, 3)
    expected[:3] = 0.5 * np.eye(3, len(inner)) + 0.5 * expected[:3]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


# ---- Where there is no derivative ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["sign_sgd", "lion"])
def test_a_kink_at_zero_gradient(flow, name):
    rule = named_optax(name, 0.01, {})
    with pytest.raises(InputError, match=f"the step of {name} has no derivative at this point"):
        rule.near(flow, np.zeros(3)).linearise(None, PARTITION)


def test_weight_decay_rests_elsewhere(flow):
    moved = Flow(lambda x: field(x - 1), partition=PARTITION, check=False)
    rule = named_optax("adamw", 0.01, {"weight_decay": 0.1})
    with pytest.raises(InputError, match="adamw does not rest here"):
        rule.near(moved, np.ones(3)).linearise(None, PARTITION)
    assert np.isfinite(rule.near(flow, np.zeros(3)).linearise(None, PARTITION)).all()


# ---- Settings ------------------------------------------------------------------------------------


def test_settings_and_remarks():
    adam = named_optax("adam", 0.01, {"b1": 0.5, "second_moment": 0.1})
    assert adam.name == "adam"
    assert adam.settings == {"lr": 0.01, "b1": 0.5, "second_moment": 0.1}
    assert str(adam) == "adam:b1=0.5,second_moment=0.1"
    assert "held at 0.1" in adam.remark
    plain = named_optax("sgd", 0.01, {})
    assert plain.settings == {"lr": 0.01}
    assert plain.remark is None
    assert "held at 0.1" in Lookahead(inner=adam).remark
    assert json.dumps(adam.settings)


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"transformation": 3}, InputTypeError, "made from optax.adam"),
        ({"transformation": {"x": "adam"}}, InputTypeError, "made from optax.adam"),
        ({"lr": -1}, InputError, "the step size lr of optax"),
        ({"lr": "1"}, InputTypeError, "the step size lr of optax"),
        ({"second_moment": 0}, InputError, "the second moment"),
        ({"second_moment": float("nan")}, InputError, "the second moment"),
        ({"at_step": -1}, InputError, "the step at which schedules are held"),
        ({"at_step": 1.5}, InputTypeError, "the step at which schedules are held"),
    ],
    ids=repr,
)
def test_hostile_settings(settings, kind, words):
    with pytest.raises(kind, match=words):
        Optax(**{"transformation": optax.sgd(1.0)} | settings)


def test_players_that_do_not_play(flow):
    with pytest.raises(InputError, match="no player 'z'"):
        Optax({"z": optax.sgd(1.0), "": optax.sgd(1.0)}).check(flow)
    with pytest.raises(InputError, match="transformation is missing for player 'y'"):
        Optax({"x": optax.sgd(1.0)}).check(flow)
    with pytest.raises(InputError, match="no player 'z'"):
        Optax(optax.sgd(1.0), {"z": 0.1, "": 1}).check(flow)


def test_names_that_optax_does_not_know():
    with pytest.raises(InputError, match="optax has no optimiser called 'adan2'"):
        named_optax("adan2", 0.1, {})
    with pytest.raises(InputError, match="rule adam has no setting 'beta'"):
        named_optax("adam", 0.1, {"beta": 1})
    assert optax_constructor("apply_updates") is None


def test_optax_is_numeric():
    flow = Gradient().flow(games.load("xy"))
    rule = Optax(optax.sgd(1.0), label="sgd")
    with pytest.raises(InputError, match="sgd has no exact form"):
        rule.near(flow, [0, 0])
    with pytest.raises(InputError, match="sgd has no exact form"):
        rule.linearise(sympy.eye(2), flow.partition)
