"""A rule's step as an operator: the multipliers of `linearise` without its matrix."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from stability import Game, Gradient, InputError, InputTypeError, Stackelberg, load, zero_sum
from stability.rules import (
    Alternating,
    BestResponse,
    Clipped,
    Competitive,
    Extragradient,
    HeavyBall,
    LinearCompetitive,
    Lookahead,
    Nesterov,
    Optax,
    Optimistic,
    Proximal,
    Simultaneous,
    Unrolled,
)
from stability.rules.linearization import linearize_rule
from stability.spectra.eigenvalue_maps import multipliers

LR = {"x": 0.1, "y": 0.25}
RULES = {
    "simultaneous": Simultaneous(LR),
    "alternating": Alternating(LR, steps={"y": 2}, order="y+x"),
    "alternating inner": Alternating(LR, inner=Lookahead(k=2, inner=Optimistic())),
    "extragradient past": Extragradient(LR, past=True),
    "optimistic": Optimistic(LR),
    "heavy ball in turn": HeavyBall(LR, 0.5, "alternating"),
    "nesterov": Nesterov(LR, 0.5),
    "proximal": Proximal(LR),
    "competitive": Competitive(LR),
    "linear competitive": LinearCompetitive(LR),
    "unrolled": Unrolled(LR, k=2),
    "best response": BestResponse(),
    "clipped": Clipped(LR, low=-1, high=1),
    "adam": Optax(optax.adam(1.0, b1=0.5), LR),
}
QUICK = ("simultaneous", "alternating inner", "optimistic", "competitive", "adam")


def value(x, y):
    return x**2 - y[0] ** 2 - 2 * y[1] ** 2 + x * y[0] - x * y[1] + x * x * y[0] + y[0] * y[1] * x


def small():
    """A zero-sum game whose equilibrium is the origin; its Jacobian there."""
    game = zero_sum(value, minimizer="x", maximizer="y", start={"x": 0.0, "y": np.zeros(2)})
    jacobian = np.array([[-2.0, -1, 1], [1, -2, 0], [-1, 0, -4]])
    return Gradient().flow(game), jacobian


FLOW, JACOBIAN = small()


def dense(operator):
    return np.asarray(operator.matmat(np.eye(operator.shape[0])))


def slow_but(labels, quick):
    return [label if label in quick else pytest.param(label, marks=pytest.mark.slow) for label in labels]


# ---- Against the linearised step that is made from J ---------------------------------------------


@pytest.mark.parametrize("label", slow_but(RULES, QUICK))
def test_it_is_the_linearised_step(label):
    rule = RULES[label]
    with jax.enable_x64(True):
        operator = linearize_rule(rule, FLOW, np.zeros(3))
        expected = rule.near(FLOW, np.zeros(3)).linearise(JACOBIAN, FLOW.partition)
        assert operator.shape == expected.shape
        assert operator.partition.players[0] == "profile"
        # two roads of a few dozen roundings each to numbers near one
        np.testing.assert_allclose(dense(operator), expected, rtol=0, atol=1e-13)
        pulled = operator.rmatmat(np.eye(operator.shape[0]))
        np.testing.assert_allclose(pulled, expected.T, rtol=0, atol=1e-13)
        np.testing.assert_allclose(operator.value, operator.point, rtol=0, atol=1e-15)


@pytest.mark.parametrize("rule", [Simultaneous(0.2), Optimistic(0.2)], ids=str)
def test_its_eigenvalues_are_the_multipliers(rule):
    with jax.enable_x64(True):
        found = np.linalg.eigvals(dense(linearize_rule(rule, FLOW, np.zeros(3))))
    expected = np.ravel(multipliers(rule, np.linalg.eigvals(JACOBIAN)))
    # simple eigenvalues of a small matrix
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("label", ["alternating", "extragradient past", "heavy ball in turn", "adam"])
@pytest.mark.parametrize("name", ["dirac-gan", "rock-paper-scissors", "covariance-gan"])
def test_games_of_the_catalogue(name, label):
    game = load(name).numeric()
    flow, x = Gradient().flow(game), np.asarray(game.start, float)
    rule = RULES[label].with_each_lr(lambda _: 0.1)
    rule = type(rule)(**{**vars(rule), "lr": 0.1}) if label != "adam" else Optax(optax.adam(1.0), 0.1)
    with jax.enable_x64(True):
        # at any point: a step is differentiated where it is, and J there is what `linearise` would use
        state = rule.frozen().init(flow, x)
        step = rule.frozen().map(flow) if label != "adam" else None
        operator = linearize_rule(rule, flow, x)
        if step is not None:
            expected = step.jacobian(jnp.concatenate(state))
            np.testing.assert_allclose(dense(operator), expected, rtol=1e-12, atol=1e-12)
