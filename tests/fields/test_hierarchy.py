"""Stackelberg and ridge fields against formulas written out with SymPy, and their errors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Game, InputError, InputTypeError, SymbolicGame, games, zero_sum
from stability.errors import SingularError
from stability.fields import FIELDS, Gradient, Ridge, Stackelberg
from stability.games import load
from tests.known_systems import POLYNOMIAL

a, b, c, d, e = sympy.symbols("a b c d e", real=True)
POINT = [sympy.Rational(n, 7) for n in (2, -3, 5, 1, -4)]

# Two players of two and three numbers, general sum; every follower's own curvature is invertible.
TWO = {
    "one": ([a, b], a**2 + a * b**2 - a * c + b * d * e + c**2 * a + d**3 + sympy.sin(b * c)),
    "two": ([c, d, e], c**2 + 2 * d**2 + e**2 + c * d + a * c - b * d * e + c**4 + a * e**2 + a * b * d),
}  # fmt: skip
THREE = {
    "lead": ([a], a**2 * c + a * b * d + c * d + sympy.exp(b) * a),
    "left": ([b, c], 2 * b**2 + c**2 + a * b + b * d + c**3 * a + b * c * d),
    "right": ([d], d**2 + a * d + c * d**2 / 3 - b * d),
}


def losses_of(players):
    return [loss for _, loss in players.values()]


def owned(players, i):
    return list(players.values())[i][0]


def column(loss, symbols):
    return sympy.Matrix([loss.diff(s) for s in symbols])


def stackelberg(players, leader):
    """−(∇_l L_l + r′ᵀ∇_f L_l), where ξ_f(x, r) = 0 gives (∂ξ_f/∂x_f) r′ = −∂ξ_f/∂x_l."""
    losses, n = losses_of(players), len(players)
    followers = [i for i in range(n) if i != leader]
    own = owned(players, leader)
    others = [s for i in followers for s in owned(players, i)]
    conditions = sympy.Matrix.vstack(*(column(losses[i], owned(players, i)) for i in followers))
    response = -conditions.jacobian(others).inv() * conditions.jacobian(own)
    total = column(losses[leader], own) + response.T * column(losses[leader], others)
    return sympy.Matrix.vstack(
        *(-total if i == leader else -column(losses[i], owned(players, i)) for i in range(n))
    )


@pytest.fixture(scope="module")
def in_jax():
    return {name: SymbolicGame(p).numeric() for name, p in (("two", TWO), ("three", THREE))}


@pytest.mark.parametrize(
    ("name", "leader"),
    [
        ("two", 1),
        ("three", 0),
        *(
            pytest.param(*own, marks=pytest.mark.slow)
            for own in (("two", 0), ("three", 1), ("three", 2))
        ),
    ],
)
def test_stackelberg_for_any_leader(in_jax, name, leader):
    players = TWO if name == "two" else THREE
    game = SymbolicGame(players)
    values = dict(zip(game.variables, POINT, strict=False))
    own = [values[v] for v in game.variables]
    expected = np.array(stackelberg(players, leader).xreplace(values).evalf(30), float).ravel()
    for named in (leader, list(players)[leader]):
        found = Stackelberg(named)(game, sympy.Matrix(own)).evalf(30)
        np.testing.assert_allclose(np.array(found, float).ravel(), expected, rtol=1e-14)
    with jax.enable_x64(True):
        numeric = jax.jit(lambda x: Stackelberg(leader)(in_jax[name], x))(np.array(own, float))
    np.testing.assert_allclose(numeric, expected, rtol=1e-12)


def test_a_zero_sum_total_gradient_vanishes_where_the_gradient_does():
    # Polynomial, B5: a differential Stackelberg point that is no Nash equilibrium
    game = games.load("polynomial").numeric()
    point = np.array(POLYNOMIAL[3])
    with jax.enable_x64(True):
        for _ in range(5):  # the point is given to six digits
            x = jnp.asarray(point)
            point = point - np.linalg.solve(game.jacobian(x), game.field(x))
        found = Stackelberg(0)(game, jnp.asarray(point))
    np.testing.assert_allclose(found, 0, atol=1e-12)


def test_stackelberg_in_a_game_of_quantities():
    # Cournot: L_i = −(12 − x − y)x_i. The leader's total derivative (12 − 2x − y) − x(−½): the leader sells
    # 6 and the follower 3, where both would sell 4 at the Nash equilibrium.
    losses = [-(12 - a - b) * a, -(12 - a - b) * b]
    game = SymbolicGame({"leader": ([a], losses[0]), "follower": ([b], losses[1])})
    first = Stackelberg("leader")
    assert not first.keeps_equilibria
    assert first(game, sympy.Matrix([6, 3])) == sympy.zeros(2, 1)
    assert game.field(sympy.Matrix([4, 4])) == sympy.zeros(2, 1)
    assert first(game, sympy.Matrix([4, 4])) != sympy.zeros(2, 1)
    assert Stackelberg("follower")(game, sympy.Matrix([3, 6])) == sympy.zeros(2, 1)


def test_a_follower_without_curvature():
    game = games.load("xy")
    with pytest.raises(SingularError, match="singular everywhere"):
        Stackelberg(0).flow(game)
    with jax.enable_x64(True):  # JAX cannot raise
        found = Stackelberg(0)(game.numeric(), jnp.ones(2))
    assert not np.isfinite(found[0])


# ---- Ridge -----------------------------------------------------------------------------------------


def matrices(name, field):
    flow = field.flow(load(name))
    zero = dict.fromkeys(flow.variables, 0)
    return flow.jacobian().xreplace(zero)


@pytest.mark.parametrize(
    ("name", "gradient", "schur", "inner", "stable"),
    [
        # f_xx − f_xy f_yy⁻¹ f_yx, and f_yy, by hand
        ("ridge-1", [2, 2], -6 + 16 / 2, -2, True),
        ("ridge-2", [-2, -2], 6 - 16 / 2, 2, False),
        ("ridge-3", [0.4, 0.4], 0.8 - 1.8 + 0.36 / 0.2, -0.2, True),
    ],
)
def test_ridge_on_the_published_examples(name, gradient, schur, inner, stable):
    """The spectrum is −spec(Schur complement) ∪ spec(f_yy), whatever the gradient flow does."""
    plain = np.array(matrices(name, Gradient()).evalf(), float)
    # defective: the eigenvalues are known to the root of the rounding
    np.testing.assert_allclose(np.linalg.eigvals(plain), gradient, atol=1e-7)
    found = np.array(matrices(name, Ridge()).evalf(), float)
    # as polynomials, which a double eigenvalue does not disturb
    np.testing.assert_allclose(np.poly(found), np.poly([-schur, inner]), rtol=1e-14)
    assert (np.linalg.eigvals(found).real.max() < 0) == stable


def test_ridge_in_more_dimensions():
    value = (
        a**2 - 3 * b**2 + a * c + 2 * b * d - c**2 - 2 * d**2 - e**2 + b * e - a * b * c + d * e / 2
    )
    game = SymbolicGame({"x": ([a, b], value), "y": ([c, d, e], -value)})
    outer, inner = [a, b], [c, d, e]
    f_yy, f_yx = (sympy.hessian(value, inner), column(value, inner).jacobian(outer))
    schur = sympy.hessian(value, outer) - f_yx.T * f_yy.inv() * f_yx
    zero = dict.fromkeys(game.variables, 0)
    expected = [m.xreplace(zero) for m in (-schur, f_yy)]
    expected = np.concatenate([np.linalg.eigvals(np.array(m, float)) for m in expected])
    flow = Ridge().flow(game)
    found = np.linalg.eigvals(np.array(flow.jacobian().xreplace(zero), float))
    np.testing.assert_allclose(np.sort(found.real), np.sort(expected.real), rtol=1e-12)
    # ẋ = −f_x, ẏ = f_y + f_yy⁻¹ f_yx f_x
    f_x, f_y = column(value, outer), column(value, inner)
    written = sympy.Matrix.vstack(-f_x, f_y + f_yy.inv() * f_yx * f_x)
    at = dict(zip(game.variables, POINT, strict=True))
    assert (flow.expressions - written).xreplace(at).applyfunc(sympy.nsimplify).is_zero_matrix
    with jax.enable_x64(True):
        in_jax = game.numeric()
        numeric = jax.jit(lambda x: Ridge()(in_jax, x))(np.array(POINT, float))
    np.testing.assert_allclose(numeric, np.array(written.xreplace(at), float).ravel(), rtol=1e-13)


def test_ridge_takes_the_minimizer_for_the_outer_player():
    def value(x, y):
        return 3 * x**2 - y**2 + 4 * x * y

    first = zero_sum(value, minimizer="x", maximizer="y", start={"x": 1.0, "y": 2.0})
    turned = zero_sum(
        lambda y, x: value(x, y), minimizer="x", maximizer="y", start={"y": 2.0, "x": 1.0}
    )
    with jax.enable_x64(True):
        found, other = Ridge()(first, jnp.array([1.0, 2.0])), Ridge()(turned, jnp.array([2.0, 1.0]))
    # −f_x = −14; f_y + f_yy⁻¹ f_yx f_x = 0 + (−½)·4·14
    np.testing.assert_allclose(found, [-14, -28], rtol=1e-14)
    np.testing.assert_allclose(other, [-28, -14], rtol=1e-14)


# ---- Errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("leader", [None, 1.5, float("nan"), True, [0], {"a": 1}, b"x"], ids=repr)
def test_a_leader_is_a_name_or_a_position(leader):
    with pytest.raises(InputTypeError, match="the leader is a player's name or position"):
        Stackelberg(leader)


def general(x, y):
    return x**2 + x * y + y**2


@pytest.mark.parametrize("leader", ["z", 2, -1], ids=repr)
@pytest.mark.parametrize("symbolic", [True, False])
def test_a_leader_who_does_not_play(leader, symbolic):
    game = SymbolicGame(TWO)
    game = game if symbolic else game.numeric()
    with pytest.raises(InputError, match=r"no player 'z'|does not exist"):
        Stackelberg(leader).flow(game)


def alone():
    return Game({"a": lambda x: x**2}, start={"a": 1.0})


def test_games_that_have_no_hierarchy():
    with pytest.raises(InputError, match="a leader and a follower"):
        Stackelberg().flow(alone())
    with pytest.raises(InputError, match="this one has 1 player"):
        Ridge().flow(alone())
    with pytest.raises(InputError, match="this one has 3 players"):
        Ridge().flow(SymbolicGame(THREE))
    for game in (SymbolicGame(TWO), SymbolicGame(TWO).numeric()):
        with pytest.raises(InputError, match="general-sum"):
            Ridge().flow(game)


def test_ridge_inside_a_trace_of_the_games_numbers():
    """There a game cannot be judged; the field is that of the values."""

    def jacobian(weight):
        game = zero_sum(
            lambda x, y: weight * x**2 - y**2 + 4 * x * y, minimizer="x", maximizer="y",
            start={"x": 1.0, "y": 1.0}, check=False,
        )  # fmt: skip
        return jax.jacfwd(Ridge().flow(game).function)(jnp.zeros(2))

    with jax.enable_x64(True):
        found = jax.jit(jacobian)(-3.0)
    np.testing.assert_allclose(np.sort(np.linalg.eigvals(found)), [-2, -2], atol=1e-7)


def test_names():
    assert FIELDS["stackelberg"] is Stackelberg
    assert FIELDS["ridge"] is Ridge
    assert Stackelberg("x").settings == {"leader": "x"}
    assert Ridge().settings == {}
