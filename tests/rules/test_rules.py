"""Rules: steps against unrolled updates, linearisation against derivatives, and every setting's errors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import (
    Alternating,
    Flow,
    Game,
    Gradient,
    InputError,
    InputTypeError,
    Simultaneous,
    SymbolicGame,
)
from stability.dynamics import Partition
from stability.rules import RULES

x, y, z = sympy.symbols("x y z", real=True)
h = sympy.Symbol("h", positive=True)


# v = (−x² − y, x − y, sin z − x y), three players, one number each
def field(point):
    a, b, c = point
    return np.array([-(a**2) - b, a - b, np.sin(c) - a * b])


@pytest.fixture(scope="module")
def flow():
    return Flow(
        lambda p: jnp.array([-(p[0] ** 2) - p[1], p[0] - p[1], jnp.sin(p[2]) - p[0] * p[1]]),
        partition=Partition(("a", "b", "c"), (1, 1, 1)),
    )


POINT = np.array([0.5, -1.0, 2.0])


def unrolled(sizes, turns):
    """One number after the other, by hand."""
    point = POINT.copy()
    for i in turns:
        point[i] += sizes[i] * field(point)[i]
    return point


def step(rule, flow):
    with jax.enable_x64(True):
        (after,) = rule.step(flow, rule.init(flow, jnp.asarray(POINT)))
    return after


def test_names():
    assert RULES["simultaneous"] is Simultaneous
    assert RULES["alternating"] is Alternating
    assert Simultaneous(lr=0.2).settings == {"lr": 0.2}
    assert Alternating(lr=0.2, order="b+a").settings == {"lr": 0.2, "steps": 1, "order": ("b", "a")}


@pytest.mark.parametrize(
    ("lr", "sizes"),
    [
        (0.1, [0.1, 0.1, 0.1]),
        ({"a": 0.1, "b": 0.2, "c": 0.3}, [0.1, 0.2, 0.3]),
        ({"": 0.5, "b": 0.25}, [0.5, 0.25, 0.5]),
    ],
)
def test_simultaneous(flow, lr, sizes):
    expected = POINT + np.array(sizes) * field(POINT)
    np.testing.assert_allclose(step(Simultaneous(lr=lr), flow), expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("settings", "sizes", "turns"),
    [
        ({"lr": 0.1}, [0.1] * 3, [0, 1, 2]),
        ({"lr": 0.1, "order": ("c", "a", "b")}, [0.1] * 3, [2, 0, 1]),
        ({"lr": 0.1, "order": "b+a+c"}, [0.1] * 3, [1, 0, 2]),
        ({"lr": 0.1, "steps": 2}, [0.1] * 3, [0, 0, 1, 1, 2, 2]),
        ({"lr": 0.1, "steps": {"b": 3, "": 1}}, [0.1] * 3, [0, 1, 1, 1, 2]),
        ({"lr": 0.1, "steps": {"b": 3}}, [0.1] * 3, [0, 1, 1, 1, 2]),
        ({"lr": {"a": 0.3, "b": 0.2, "c": 0.1}}, [0.3, 0.2, 0.1], [0, 1, 2]),
        (
            {
                "lr": {"": 0.3, "b": 0.2},
                "steps": {"a": 2, "b": 1, "c": 1},
                "order": ("b", "c", "a"),
            },
            [0.3, 0.2, 0.3],
            [1, 2, 0, 0],
        ),
    ],
    ids=repr,
)
def test_alternating(flow, settings, sizes, turns):
    after = step(Alternating(**settings), flow)
    np.testing.assert_allclose(after, unrolled(sizes, turns), rtol=1e-14)


def test_the_state_of_a_rule_starts_at_the_profile(flow):
    for rule in (Simultaneous(), Alternating()):
        (only,) = rule.init(flow, POINT)
        assert only is POINT


# ---- Maps and linearisation -------------------------------------------------------------------

# The origin is an equilibrium; the Jacobian there is not symmetric. Player "two" owns y and z.
GAME = SymbolicGame(
    {
        "one": ([x], x**2 + 3 * x * y - x * z + x**2 * y),
        "two": ([y, z], -x * y + 2 * x * z + y**2 + y * z / 2 + z**2 + y**3),
    }
)
J = sympy.Matrix([[-2, -3, 1], [1, -2, -sympy.Rational(1, 2)], [-2, -sympy.Rational(1, 2), -2]])
SETTINGS = [
    Simultaneous(lr=0.25),
    Simultaneous(lr={"one": 0.25, "two": 0.125}),
    Alternating(lr=0.25),
    Alternating(lr={"one": 0.25, "": 0.5}, steps={"two": 2, "": 1}),
    Alternating(lr=0.25, order=("two", "one")),
]


def by_hand(rule):
    """The product of the players' steps, each the identity but for its own rows."""
    partition = GAME.partition
    sizes = partition.per_player(rule.lr, "lr")
    matrix = np.array(J, float)
    if isinstance(rule, Simultaneous):
        return np.eye(3) + np.array([[sizes[0]], [sizes[1]], [sizes[1]]]) * matrix
    counts = partition.per_player(rule.steps, "steps")
    result = np.eye(3)
    for player in rule.order or partition.players:
        i = partition.index(player)
        own = np.zeros((3, 3))
        own[partition.slices[i]] = sizes[i] * matrix[partition.slices[i]]
        result = np.linalg.matrix_power(np.eye(3) + own, counts[i]) @ result
    return result


@pytest.mark.parametrize("rule", SETTINGS, ids=repr)
def test_linearisation_is_the_derivative_of_the_map_in_both_engines(rule):
    origin = dict.fromkeys(GAME.variables, 0)
    assert GAME.jacobian().xreplace(origin) == J
    expected = by_hand(rule)
    numeric = rule.linearise(np.array(J, float), GAME.partition)
    np.testing.assert_allclose(numeric, expected, rtol=1e-14, atol=1e-15)
    symbolic = rule.linearise(J, GAME.partition)
    np.testing.assert_allclose(np.array(symbolic, float), expected, rtol=1e-14, atol=1e-15)
    exact_map = rule.map(Gradient().flow(GAME))
    derivative = np.array(exact_map.jacobian().subs(origin), float)
    np.testing.assert_allclose(derivative, expected, rtol=1e-14, atol=1e-15)
    with jax.enable_x64(True):
        automatic = rule.map(Gradient().flow(GAME.numeric())).jacobian(jnp.zeros(3))
    np.testing.assert_allclose(automatic, expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("rule", SETTINGS[1::2], ids=repr)
def test_the_maps_of_both_engines_agree(rule):
    point = np.array([0.5, -1.0, 2.0])
    exact_map = rule.map(Gradient().flow(GAME))
    after = exact_map(sympy.Matrix([sympy.Rational(1, 2), -1, 2]))
    displacement, _ = rule.map(Gradient().flow(GAME.numeric())).evaluate(point[None])
    np.testing.assert_allclose(point + displacement[0], np.array(after, float).ravel(), rtol=1e-13)


def test_maps_keep_names_and_parameters():
    g = sympy.Symbol("gamma", real=True)
    game = SymbolicGame({"a": ([x], g * x**2), "b": ([y], x * y)}, parameters={g: 2}, name="named")
    exact_map = Alternating(lr=h).map(Gradient().flow(game))
    assert exact_map.variables == (x, y)
    assert exact_map.parameters == {g: 2}
    assert exact_map.name == "named"
    after = (1 - 2 * g * h) * x
    assert (exact_map.expressions - sympy.Matrix([after, y - h * after])).expand().is_zero_matrix


# ---- Scaling and multipliers ------------------------------------------------------------------


def test_scaled():
    assert Simultaneous(lr=0.1).scaled(3).lr == pytest.approx(0.3)
    assert Simultaneous(lr=1).scaled(h).lr == h
    rule = Alternating(lr={"a": 0.1, "": 0.2}, steps=2, order=("b", "a")).scaled(10)
    assert rule.lr == {"a": pytest.approx(1.0), "": pytest.approx(2.0)}
    assert (rule.steps, rule.order) == (2, ("b", "a"))


# ---- Errors -----------------------------------------------------------------------------------

NOT_POSITIVE = (0, -1, 0.0, float("nan"), float("inf"), np.float32(-1), {"a": 0.1, "b": 0})
NO_NUMBER = ("0.1", b"1", True, None, {"a": "x"}, {"": False})
NOT_CHECKED = (1j, [0.1], np.array([0.1, 0.2]), np.bool_(True), sympy.Integer(-1), sympy.nan, {})


@pytest.mark.parametrize("rule", [Simultaneous, Alternating])
@pytest.mark.parametrize(
    ("lr", "kind"),
    [
        *((lr, InputError) for lr in NOT_POSITIVE),
        *((lr, InputTypeError) for lr in NO_NUMBER),
        *((lr, InputError) for lr in NOT_CHECKED),
    ],
    ids=repr,
)
def test_step_sizes_are_positive_numbers(rule, lr, kind):
    if lr is None and rule is Alternating:  # takes the inner rule's
        return
    with pytest.raises(kind, match="lr"):
        rule(lr=lr)


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        *((steps, InputError) for steps in (0, -1, 1001, 10**30, {"a": 1, "b": 0})),
        *((steps, InputTypeError) for steps in (1.5, 2.0, True, "2", None, [2], {"a": True})),
    ],
    ids=repr,
)
def test_steps_are_small_whole_numbers(steps, kind):
    with pytest.raises(kind, match="steps"):
        Alternating(steps=steps)


def test_steps_may_be_a_numpy_integer():
    assert Alternating(steps=np.int64(2)).steps == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": {"a": 0.1, "b": 0.1}}, "lr is missing for player 'c'"),
        ({"lr": {"": 0.1, "d": 0.1}}, "no player 'd'"),
        ({"steps": {"": 1, "d": 1}}, "no player 'd'"),
        ({"order": ("a", "b")}, "order names every player once"),
        ({"order": ("a", "b", "b")}, "order names every player once"),
        ({"order": "a+b+c+a"}, "order names every player once"),
        ({"order": ("a", "b", "d")}, "no player 'd'"),
    ],
    ids=repr,
)
def test_settings_that_do_not_fit_the_players(flow, settings, words):
    rule = Alternating(**settings)
    with pytest.raises(InputError, match=words):
        step(rule, flow)
    with pytest.raises(InputError, match=words):
        rule.linearise(np.eye(3), flow.partition)


def test_alternating_needs_two_players():
    alone = Game({"a": lambda a: jnp.sum(a**2)}, start={"a": np.ones(3, "float32")})
    with pytest.raises(InputError, match="at least two players"):
        step(Alternating(), Gradient().flow(alone))
