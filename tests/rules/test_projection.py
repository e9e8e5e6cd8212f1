"""Clipped and projected steps: inside, outside, at the boundary with and without a push."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Flow, InputError, InputTypeError, SymbolicFlow
from stability.dynamics import Partition
from stability.rules import (
    Alternating,
    Clipped,
    Extragradient,
    HeavyBall,
    Lookahead,
    Projected,
    Simultaneous,
)

PARTITION = Partition(("x", "y"), (1, 2))
MATRIX = np.array([[-1.0, 2.0, 0.5], [-2.0, -0.5, 0.3], [0.1, -0.4, -2.0]])
a, b, c = sympy.symbols("a b c", real=True)


def pushed(point, push=(0.0, 0.0, 0.0)):
    """v = J(x − point) + push, bent a little; at the point it is the push alone."""

    def field(x):
        away = x - jnp.asarray(point, x.dtype)
        return jnp.asarray(MATRIX, x.dtype) @ (away + away**3) + jnp.asarray(push, x.dtype)

    return Flow(field, partition=PARTITION, check=False)


def symbolic(point, push=(0, 0, 0)):
    away = sympy.Matrix([a, b, c]) - sympy.Matrix(point)
    field = sympy.Matrix(MATRIX).applyfunc(sympy.nsimplify) * away + sympy.Matrix(push)
    return SymbolicFlow(dict(zip((a, b, c), field, strict=True)), partition=PARTITION)


# ---- Steps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Clipped(1.0, low=-0.5, high=0.75), [0.75, -0.5, 0.5]),
        (Clipped(1.0, high={"y": 0.25}), [2.0, -3.0, 0.25]),
        (Clipped(1.0, low={"": -1}, high={"x": 1.0}), [1.0, -1.0, 0.5]),
        (Projected(1.0, radius=0.5), [0.5, -0.5 * 3 / np.hypot(3, 0.5), 0.25 / np.hypot(3, 0.5)]),
        (Projected(1.0, radius={"x": 5.0, "y": 1.0}), [2.0, -3 / np.hypot(3, 0.5), 0.5 / np.hypot(3, 0.5)]),
        (Projected(1.0, radius={"x": 1.0}), [1.0, -3.0, 0.5]),
    ],
    ids=repr,
)  # fmt: skip
def test_a_step_ends_at_the_nearest_point_of_the_set(rule, expected):
    reached = np.array([2.0, -3.0, 0.5])
    flow = Flow(lambda x: jnp.asarray(reached, x.dtype) - x, partition=PARTITION, check=False)
    with jax.enable_x64(True):
        (found,) = rule.step(flow, (jnp.zeros(3),))
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    exact = SymbolicFlow(
        {v: sympy.nsimplify(r) - v for v, r in zip((a, b, c), reached, strict=True)},
        partition=PARTITION,
    )
    (found,) = rule.step(exact, (sympy.zeros(3, 1),))
    np.testing.assert_allclose(np.array(found, float).ravel(), expected, rtol=1e-14)


def test_a_ball_does_not_mind_its_centre():
    flow = pushed(np.zeros(3))
    with jax.enable_x64(True):
        matrix = jax.jit(jax.jacfwd(Projected(0.1, radius=1.0).map(flow)))(jnp.zeros(3))
    np.testing.assert_allclose(matrix, np.eye(3) + 0.1 * MATRIX, rtol=1e-14)


# ---- Inside --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        Clipped(0.1, low=-1, high=1),
        Clipped(inner=Alternating({"x": 0.1, "y": 0.2}), high=2),
        Projected(0.1, radius=3),
        Projected(inner=Extragradient(0.2), radius={"y": 5}),
        Clipped(inner=HeavyBall(0.1, 0.5), high=2),
        Clipped(0.1, low=-1, inner=Projected(radius=4)),
    ],
    ids=repr,
)
def test_inside_the_set_it_is_the_inner_rule(rule):
    point = np.array([0.5, 0.25, -0.5])
    near = rule.near(pushed(point), point)
    expected = rule.inner.linearise(MATRIX, PARTITION)
    np.testing.assert_array_equal(near.linearise(MATRIX, PARTITION), expected)
    np.testing.assert_array_equal(rule.linearise(MATRIX, PARTITION), expected)


# ---- At the boundary, pushed outwards ------------------------------------------------------------


def at_boundary(lr):
    """x and the first number of y are pushed against their bounds; the second number of y is free."""
    step = np.eye(3) + np.diag(lr) @ MATRIX
    step[:2] = 0.0
    return step


@pytest.mark.parametrize("lr", [0.1, {"x": 0.1, "y": 0.3}, {"": 0.2, "y": 0.1}])
def test_clipped_numbers_have_the_multiplier_zero(lr):
    point, push = np.array([1.0, -1.0, 0.25]), [0.5, -2.0, 0.0]
    sizes = PARTITION.per_player(lr, "lr")
    expected = at_boundary([sizes[0], sizes[1], sizes[1]])
    rule = Clipped(lr, low=-1.0, high=1.0)
    near = rule.near(pushed(point, push), point)
    np.testing.assert_allclose(near.linearise(None, PARTITION), expected, rtol=0, atol=1e-13)
    twice = at_boundary([2 * sizes[0], 2 * sizes[1], 2 * sizes[1]])
    np.testing.assert_allclose(near.scaled(2).linearise(None, PARTITION), twice, rtol=0, atol=1e-13)
    exact = [sympy.Integer(1), sympy.Integer(-1), sympy.Rational(1, 4)]
    found = rule.near(symbolic(exact, [sympy.S.Half, -2, 0]), exact).linearise(None, PARTITION)
    np.testing.assert_allclose(np.array(found, float), expected, rtol=0, atol=1e-14)


def test_inside_other_rules():
    point, push = np.array([1.0, -1.0, 0.25]), [0.5, -2.0, 0.0]
    rule = Lookahead(0.1, 3, 0.5, inner=Clipped(low=-1.0, high=1.0))
    near = rule.near(pushed(point, push), point)
    expected = (np.eye(3) + np.linalg.matrix_power(at_boundary([0.1] * 3), 3)) / 2
    np.testing.assert_allclose(near.linearise(None, PARTITION), expected, rtol=0, atol=1e-13)
    each = Alternating(inner={"x": Clipped(0.1, high=1.0), "y": Clipped(0.1, low=-1.0)})
    near = each.near(pushed(point, push), point)
    expected = at_boundary([0.1] * 3)
    expected[2, 0] = 0.0  # y sees x where it is, and that does not move
    np.testing.assert_allclose(near.linearise(None, PARTITION), expected, rtol=0, atol=1e-13)


def test_momentum_goes_on_pushing():
    """Clipping moves the strategy and not the memory, so momentum keeps β, and the strategy stays."""
    point, push = np.array([1.0, -1.0, 0.25]), [0.5, -2.0, 0.0]
    rule = Clipped(low=-1.0, high=1.0, inner=HeavyBall(0.1, 0.5))
    found = rule.near(pushed(point, push), point).linearise(None, PARTITION)
    free = np.array([[1 + 0.1 * MATRIX[2, 2], 0.5], [0.1 * MATRIX[2, 2], 0.5]])
    expected = np.polymul(np.poly(free), np.poly([0.0, 0.0, 0.5, 0.5]))
    np.testing.assert_allclose(np.poly(found), expected, rtol=0, atol=1e-13)


def test_the_ball_slows_what_is_tangential():
    """x + hv is outside by hp along the normal; back on the sphere, a tangential move shrinks by r/|z|."""
    size, lr, push = 2.0, 0.1, 3.0
    normal = np.array([0.6, 0.8])
    point = np.concatenate([[0.25], size * normal])
    flow = pushed(point, np.concatenate([[0.0], push * normal]))
    found = Projected(lr, radius={"y": size}).near(flow, point).linearise(None, PARTITION)
    expected = np.eye(3) + lr * MATRIX
    tangential = (np.eye(2) - np.outer(normal, normal)) * size / (size + lr * push)
    expected[1:] = tangential @ expected[1:]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_steps_near_the_boundary_do_what_the_multipliers_say():
    point = np.array([1.0, -1.0, 0.25])
    flow, rule = pushed(point, [0.5, -2.0, 0.0]), Clipped(0.1, low=-1.0, high=1.0)
    matrix = rule.near(flow, point).linearise(None, PARTITION)
    away = np.array([-1e-6, 1e-6, 2e-6])
    with jax.enable_x64(True):
        state, step = jnp.asarray(point + away), jax.jit(rule.map(flow))
        for _ in range(20):
            state, away = step(state), matrix @ away
    # rounding of numbers about one, twenty times
    np.testing.assert_allclose(np.asarray(state) - point, away, rtol=0, atol=1e-14)


# ---- At the boundary without a push, and where the rule does not rest ----------------------------


@pytest.mark.parametrize(
    ("rule", "point"),
    [
        (Clipped(0.1, high=1.0), [1.0, 0.5, 0.25]),
        (Clipped({"x": 0.1, "y": 0.2}, low={"y": 0.25}), [1.0, 0.5, 0.25]),
        (Projected(0.1, radius={"y": 5.0}), [1.0, 3.0, 4.0]),
    ],
    ids=repr,
)
def test_a_boundary_that_is_only_touched_has_no_derivative(rule, point):
    with pytest.raises(InputError, match="has no derivative at this point"):
        rule.near(pushed(point), np.array(point)).linearise(None, PARTITION)
    exact = [sympy.nsimplify(p) for p in point]
    with pytest.raises(InputError, match="has no derivative at this point"):
        rule.near(symbolic(exact), exact).linearise(None, PARTITION)


@pytest.mark.parametrize("past", [False, True])
def test_a_rule_that_looks_outside_rests_elsewhere(past):
    # extragradient evaluates the field where the push would take it, and there the free number is not at rest
    point = np.array([1.0, -1.0, 0.25])
    rule = Clipped(low=-1.0, high=1.0, inner=Extragradient(0.1, past=past))
    with pytest.raises(InputError, match="clipped does not rest here"):
        rule.near(pushed(point, [0.5, -2.0, 0.0]), point).linearise(None, PARTITION)


# ---- Settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: Clipped(), InputError, "needs a bound"),
        (lambda: Clipped(low="0"), InputTypeError, "a bound of clipped"),
        (lambda: Clipped(low=float("nan")), InputError, "a bound of clipped"),
        (lambda: Clipped(high={"x": True}), InputTypeError, "a bound of clipped"),
        (lambda: Clipped(-0.1, high=1), InputError, "the step size lr of clipped"),
        (lambda: Clipped("0.1", high=1), InputTypeError, "the step size lr of clipped"),
        (lambda: Clipped(high=1, inner=3), InputTypeError, "clipped goes round a rule"),
        (lambda: Projected(radius=0), InputError, "the radius of projected"),
        (lambda: Projected(radius=-1.0), InputError, "the radius of projected"),
        (lambda: Projected(radius={"x": "1"}), InputTypeError, "the radius of projected"),
        (lambda: Projected(radius={}), InputError, "given for no player"),
        (lambda: Projected(inner="simultaneous"), InputTypeError, "projected goes round a rule"),
    ],
)  # fmt: skip
def test_hostile_settings(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Clipped(low=1, high=0), "the interval of x is empty"),
        (Clipped(low={"y": 1}, high={"y": 1.0}), "the interval of y is empty"),
        (Clipped(high={"z": 1}), "no player 'z'"),
        (Clipped({"z": 0.1, "": 1}, high=1), "no player 'z'"),
        (Projected(radius={"z": 1}), "no player 'z'"),
    ],
    ids=repr,
)
def test_settings_that_do_not_fit_the_players(rule, words):
    with pytest.raises(InputError, match=words):
        rule.check(pushed(np.zeros(3)))
    with pytest.raises(InputError, match=words):
        rule.near(pushed(np.zeros(3)), np.zeros(3))


def test_the_step_size_is_the_inner_rules():
    assert Clipped(high=1, inner=Extragradient(0.3)).lr == 0.3
    assert Clipped(0.2, high=1, inner=Extragradient(0.3)).inner == Extragradient(0.2)
    assert Clipped(high=1).inner == Simultaneous()
    assert Clipped(0.2, high=1).scaled(2).inner.lr == pytest.approx(0.4)
