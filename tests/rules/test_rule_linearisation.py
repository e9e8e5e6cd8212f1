"""A rule's step as an operator: the multipliers of `linearise` without its matrix."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from stability import Game, Gradient, InputError, InputTypeError, Stackelberg, load, zero_sum
from stability.criteria.eigenvalue_maps import multipliers
from stability.rules import RULES as BY_NAME
from stability.rules import (
    Alternating,
    BestResponse,
    Clipped,
    Competitive,
    Extragradient,
    Lookahead,
    Optax,
    Optimistic,
    Proximal,
    Simultaneous,
    every_rule,
)
from stability.rules.linearisation import linearise_rule
from tests.selection import slow_but

LR = {"x": 0.1, "y": 0.25}
RULES = {str(rule): rule.with_lr(LR) for rule in every_rule()} | {
    "alternating twice": Alternating(LR, steps={"y": 2}, order="y+x"),
    "alternating inner": Alternating(LR, inner=Lookahead(k=2, inner=Optimistic())),
    "extragradient past": Extragradient(LR, past=True),
    "clipped": Clipped(LR, low=-1, high=1),
    "adam": Optax(optax.adam(1.0, b1=0.5), LR),
}
QUICK = ("simultaneous", "heavy-ball:beta=-0.5,order=alternating", "adam")


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


# ---- Against the linearised step that is made from J ---------------------------------------------


@pytest.mark.parametrize("label", slow_but(RULES, QUICK))
def test_it_is_the_linearised_step(label):
    rule = RULES[label]
    with jax.enable_x64(True):
        operator = linearise_rule(rule, FLOW, np.zeros(3))
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
        found = np.linalg.eigvals(dense(linearise_rule(rule, FLOW, np.zeros(3))))
    expected = np.ravel(multipliers(rule, np.linalg.eigvals(JACOBIAN)))
    # simple eigenvalues of a small matrix
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("label", ["alternating", "extragradient", "heavy-ball", "competitive"])
@pytest.mark.parametrize("name", ["dirac-gan", "xy", "matching-pennies"])
def test_games_of_the_catalogue(name, label):
    flow = Gradient().flow(load(name).numeric())
    rule, x = BY_NAME[label](lr=0.1), np.asarray(flow.start, float)
    with jax.enable_x64(True):
        operator = linearise_rule(
            rule, flow, x
        )  # at any point, where the step is differentiated as it is
        expected = rule.map(flow).jacobian(operator.point)
        np.testing.assert_allclose(dense(operator), expected, rtol=1e-12, atol=1e-12)


# ---- A state of a run ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def adam_of_a_run():
    """Adam, its compiled step, and its state after five steps from off the origin."""
    rule = RULES["adam"]
    step = jax.jit(lambda state: rule.step(FLOW, state))
    with jax.enable_x64(True):
        state = rule.init(FLOW, jnp.array([0.3, -0.2, 0.4]))
        for _ in range(5):
            state = step(state)
    return rule, step, state


def test_second_moments_of_a_run_are_held(adam_of_a_run):
    rule, compiled, state = adam_of_a_run
    with jax.enable_x64(True):
        # by player: the count, the first and the second moments
        x, count, m_x, v_x, _, m_y, v_y = state
        operator = linearise_rule(rule, FLOW, x, state)
        assert operator.shape == (6, 6)
        np.testing.assert_array_equal(operator.point, jnp.concatenate([x, m_x, m_y]))
        after = compiled(state)
        np.testing.assert_allclose(operator.value[:3], after[0], rtol=0, atol=1e-15)

        def step(moving):
            held = (moving[:3], count, moving[3:4], v_x, count, moving[4:], v_y)
            x, _, m_x, _, _, m_y, _ = rule.step(FLOW, held)
            return jnp.concatenate([x, m_x, m_y])

        expected = jax.jit(jax.jacrev(step))(operator.point)  # reverse mode against forward mode
        np.testing.assert_allclose(dense(operator), expected, rtol=1e-12, atol=1e-12)


def test_everything_can_be_differentiated(adam_of_a_run):
    rule, _, state = adam_of_a_run
    with jax.enable_x64(True):
        matrix = dense(linearise_rule(rule, FLOW, state[0], state, hold=False))
    assert matrix.shape == (11, 11)
    assert matrix[3, 3] == 0  # the count is a whole number to the step
    np.testing.assert_allclose(np.diag(matrix)[[5, 9, 10]], 0.999)  # the second moments' decay


# ---- Compilation ---------------------------------------------------------------------------------


def test_one_compilation_for_all_points_and_step_sizes():
    traces = []

    def loss(x, y, data):
        traces.append(1)
        return (x * y * data).sum()

    game = Game(
        {"x": loss, "y": lambda *arguments: -loss(*arguments)},
        start={"x": 1.0, "y": 2.0},
        data=(jnp.arange(3.0),),
    )
    flow = Gradient().flow(game)
    linearise_rule(Optimistic(0.1), flow, game.start).matvec(np.ones(4))
    traces.clear()
    operator = linearise_rule(Optimistic({"x": 0.3, "y": 0.2}), flow, 2 * game.start)
    # x' = x + 2 h v(x) − h v₋ with v = (−3y, 3x)
    np.testing.assert_allclose(operator.matvec([1, 1, 1, 1]), [-1.1, 2.0, -3, 3], rtol=1e-6)
    assert not traces
    linearise_rule(Simultaneous(0.1), flow, game.start)
    assert traces


# ---- Large games ---------------------------------------------------------------------------------

SIDE = 2100  # two players of this size: more rows than a step may form


def large():
    """min over x, max over y of x·Ay + 1/2 a·x² − 1/2 b·y² with diagonal A: 2×2 blocks, in closed form."""
    r = np.random.default_rng(0)
    couple, a, b = r.uniform(0.5, 2, (3, SIDE))
    game = zero_sum(
        lambda x, y, c, a, b: (c * x * y + a * x**2 / 2 - b * y**2 / 2).sum(),
        minimizer="x",
        maximizer="y",
        start={"x": np.zeros(SIDE), "y": np.zeros(SIDE)},
        data=(couple, a, b),
    )
    blocks = np.stack([np.stack([-a, -couple], -1), np.stack([couple, -b], -1)], -2)
    return game, blocks


def stepped(kind, blocks, h):
    """The 2×2 blocks of the linearised step."""
    one = np.eye(2)
    turned = blocks * (1 - one)
    if kind == "proximal":
        return np.linalg.inv(one - h * blocks)
    if kind == "competitive":
        return one + np.linalg.solve(one - h * turned, h * blocks)
    follow = blocks.copy()  # the leader x slides along the follower's best response
    follow[:, 0, 0] -= blocks[:, 0, 1] * blocks[:, 1, 0] / blocks[:, 1, 1]
    follow[:, 0, 1] = 0
    return one + h * follow


@pytest.mark.parametrize(
    "kind", slow_but(["proximal", "competitive", "stackelberg"], ["competitive"])
)
def test_linear_solves_without_a_matrix(kind):
    h = 0.3
    rule = {"proximal": Proximal(h), "competitive": Competitive(h)}.get(kind, Simultaneous(h))
    with jax.enable_x64(True):
        game, blocks = large()
        field = Stackelberg("x") if kind == "stackelberg" else Gradient()
        operator = linearise_rule(rule, field.flow(game), game.start)
        u = np.random.default_rng(1).standard_normal((2, SIDE))
        expected = np.einsum("kij,jk->ik", stepped(kind, blocks, h), u).ravel()
        # GMRES stops at 1e3 units of rounding of the right hand side
        np.testing.assert_allclose(operator.matvec(u.ravel()), expected, rtol=0, atol=1e-11)
        pulled = np.einsum("kji,jk->ik", stepped(kind, blocks, h), u).ravel()
        np.testing.assert_allclose(operator.rmatvec(u.ravel()), pulled, rtol=0, atol=1e-11)


def test_a_step_that_needs_a_matrix_is_refused_where_it_is_too_large():
    game, _ = large()
    with pytest.raises(InputError, match="best-response forms a matrix of 2100 rows"):
        linearise_rule(BestResponse(), Gradient().flow(game), game.start)


# ---- Errors --------------------------------------------------------------------------------------


def test_adam_has_no_derivative_without_second_moments():
    rule = RULES["adam"]
    with pytest.raises(InputError, match="no finite derivative"):
        linearise_rule(rule, FLOW, np.zeros(3), rule.init(FLOW, jnp.zeros(3)))


def test_states_that_do_not_fit():
    x = np.zeros(3)
    with pytest.raises(InputError, match="lengths 3, 3, not of 3"):
        linearise_rule(Optimistic(0.1), FLOW, x, (x,))
    with pytest.raises(InputError, match="has to be x"):
        linearise_rule(Optimistic(0.1), FLOW, x, (x + 1, x))
    with pytest.raises(InputTypeError, match="numeric flow"):
        linearise_rule(Optimistic(0.1), FLOW.game, x)
