"""Rules that reckon with replies: best response, proximal, competitive, unrolled."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Flow, Gradient, InputError, SymbolicGame
from stability.dynamics import Partition
from stability.errors import NotAtRestError, SingularError
from stability.fields import Consensus
from stability.rules import BestResponse, Competitive, LinearCompetitive, Proximal, Unrolled
from tests.selection import slow_rows

a, b, c, d, e = sympy.symbols("a b c d e", real=True)
h = sympy.Symbol("h", positive=True)
POINT = [sympy.Rational(n, 8) for n in (1, -2, 3, 2, -1)]
# Two players of two and three numbers, general sum
F = a**2 + b**2 + a * c - b * d + a * b * e + c**3 * a + b * c * d
G = c**2 + d**2 + 2 * e**2 + a * d + 2 * b * c - a * b * e + a**2 * c * e
GAME = SymbolicGame({"x": ([a, b], F), "y": ([c, d, e], G)})
X, Y = [a, b], [c, d, e]


@pytest.fixture(scope="module")
def game():
    return GAME.numeric()


def column(loss, symbols):
    return sympy.Matrix([loss.diff(s) for s in symbols])


def at_point(matrix):
    return np.array(matrix.xreplace(dict(zip(GAME.variables, POINT, strict=True))).evalf(30), float)


def stepped(rule, game, field=None):
    flow = (field or Gradient()).flow(game)
    with jax.enable_x64(True):
        return np.asarray(jax.jit(lambda x: rule.step(flow, (x,))[0])(np.array(POINT, float)))


# ---- Competitive: Schäfer, Anandkumar 2019, equation (4) -----------------------------------------


def test_the_published_competitive_step(game):
    step = 0.2
    f_x, g_y = at_point(column(F, X)).ravel(), at_point(column(G, Y)).ravel()
    f_xy = at_point(column(F, X).jacobian(Y))
    g_yx = at_point(column(G, Y).jacobian(X))
    first = -step * np.linalg.solve(np.eye(2) - step**2 * f_xy @ g_yx, f_x - step * f_xy @ g_y)
    second = -step * np.linalg.solve(np.eye(3) - step**2 * g_yx @ f_xy, g_y - step * g_yx @ f_x)
    expected = np.array(POINT, float) + np.concatenate([first, second])
    np.testing.assert_allclose(stepped(Competitive(step), game), expected, rtol=1e-13)
    linear = np.concatenate([f_x - step * f_xy @ g_y, g_y - step * g_yx @ f_x])
    expected = np.array(POINT, float) - step * linear
    np.testing.assert_allclose(stepped(LinearCompetitive(step), game), expected, rtol=1e-13)


def test_a_competitive_step_with_two_sizes(game):
    """The reply is reckoned with the other's own step size."""
    one, two = 0.1, 0.3
    f_x, g_y = at_point(column(F, X)).ravel(), at_point(column(G, Y)).ravel()
    f_xy = at_point(column(F, X).jacobian(Y))
    g_yx = at_point(column(G, Y).jacobian(X))
    # Δx = −one(f_x + f_xy Δy), Δy = −two(g_y + g_yx Δx)
    matrix = np.block([[np.eye(2), one * f_xy], [two * g_yx, np.eye(3)]])
    moves = np.linalg.solve(matrix, -np.concatenate([one * f_x, two * g_y]))
    found = stepped(Competitive({"x": one, "y": two}), game)
    np.testing.assert_allclose(found, np.array(POINT, float) + moves, rtol=1e-13)


# ---- Best response -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order", ["y+x", *(pytest.param(o, marks=pytest.mark.slow) for o in (None, "simultaneous"))]
)
def test_a_best_response_is_an_optimum_of_ones_own(game, order):
    found = stepped(BestResponse(order), game)
    start = np.array(POINT, float)
    seen = {  # what each player replied to
        None: [(found[:2], start[2:]), (found[:2], found[2:])],
        "y+x": [(found[:2], found[2:]), (start[:2], found[2:])],
        "simultaneous": [(found[:2], start[2:]), (start[:2], found[2:])],
    }[order]
    with jax.enable_x64(True):
        for i, parts in enumerate(seen):
            own = game.player_field(i, jnp.concatenate(parts))
            np.testing.assert_allclose(own, 0, atol=1e-12)


def test_linearised_best_responses_are_block_gauss_seidel_and_jacobi():
    matrix, partition = (
        np.array(GAME.jacobian().subs(dict.fromkeys(GAME.variables, 0)), float),
        GAME.partition,
    )
    x, y = partition.slices
    reply_x = -np.linalg.solve(matrix[x, x], matrix[x, y])
    reply_y = -np.linalg.solve(matrix[y, y], matrix[y, x])
    expected = np.zeros((5, 5))
    expected[x, y], expected[y, x] = reply_x, reply_y
    np.testing.assert_allclose(
        BestResponse("simultaneous").linearise(matrix, partition), expected, atol=1e-14
    )
    expected[y, x], expected[y, y] = 0, reply_y @ reply_x
    np.testing.assert_allclose(BestResponse().linearise(matrix, partition), expected, atol=1e-14)


def test_a_player_without_an_optimum():
    partition = Partition(("x", "y"), (1, 1))
    for diagonal in (0, 1):
        exact = sympy.Matrix([[-1, 1], [1, diagonal]])
        for matrix in (exact, np.array(exact, float)):
            with pytest.raises(SingularError, match="y has no best response here"):
                BestResponse().linearise(matrix, partition)
    gamma = sympy.Symbol("gamma", positive=True)  # of a known sign
    with pytest.raises(SingularError, match="y has no best response here"):
        BestResponse().linearise(sympy.Matrix([[-1, 1], [1, gamma]]), partition)
    free = sympy.Symbol("gamma", real=True)  # of any sign
    found = BestResponse().linearise(sympy.Matrix([[-1, 1], [1, -free]]), partition)
    assert found == sympy.Matrix([[0, 1], [0, 1 / free]])


def test_a_best_response_that_is_not_found(game):
    flow = Flow(lambda z: 1 + z**2, partition=Partition(("x", "y"), (1, 1)))  # nowhere zero
    (found,) = BestResponse().step(flow, (jnp.ones(2),))
    assert np.isnan(np.asarray(found)).all()


# ---- Proximal ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lr", [pytest.param(0.2, marks=pytest.mark.slow), {"x": 0.1, "y": 0.4}])
def test_a_proximal_step_solves_its_equation(game, lr):
    found = stepped(Proximal(lr), game)
    sizes = np.repeat(GAME.partition.per_player(lr, "lr"), [2, 3])
    with jax.enable_x64(True):
        v = np.asarray(game.field(jnp.asarray(found)))
    np.testing.assert_allclose(found, np.array(POINT, float) + sizes * v, rtol=0, atol=1e-13)


def test_a_proximal_step_that_is_not_found():
    flow = Flow(
        lambda z: 1 + z**2, dimension=1
    )  # y = x + h(1 + y²) has no solution for h > 1/2 at 0
    (found,) = Proximal(1.0).step(flow, (jnp.zeros(1),))
    assert np.isnan(np.asarray(found)).all()


# ---- Unrolled ------------------------------------------------------------------------------------


def unrolled_by_hand(k, sizes, stop):
    """Metz et al. 2017: f(x, U_k(x)), where y takes k steps of its own while x stays; then ∇_x."""
    y = sympy.Matrix(Y)
    for _ in range(k):
        y = y - sizes[1] * column(G, Y).xreplace(dict(zip(Y, y, strict=True)))
    there = dict(zip(Y, y, strict=True))
    own = column(F, X).xreplace(there) if stop else column(F.xreplace(there), X)
    moved = sympy.Matrix.vstack(-sizes[0] * own, -sizes[1] * column(G, Y))
    return np.array(POINT, float) + at_point(moved).ravel()


@pytest.mark.parametrize(
    ("k", "stop"),
    slow_rows([(1, False), (1, True), (2, False), (2, True)], [(1, False), (2, True)].__contains__),
)
def test_the_published_unrolled_step(game, k, stop):
    tenth, fifth = sympy.Rational(1, 10), sympy.Rational(1, 5)
    expected = unrolled_by_hand(k, (tenth, fifth), stop)
    rule = Unrolled({"x": 0.1, "y": 0.2}, k=k, stop_gradient=stop)
    np.testing.assert_allclose(stepped(rule, game), expected, rtol=1e-13)


def test_unrolling_no_more_than_the_others_is_lola_like():
    """On xy one unrolled step of y gives x⁺ = x − h(y + 2hx), y⁺ = y + hx."""
    game = SymbolicGame({"x": ([a], a * b), "y": ([b], -a * b)})
    (found,) = Unrolled(h, k=1).step(Gradient().flow(game), (game.profile,))
    expected = sympy.Matrix([a - h * (b + 2 * h * a), b + h * a])
    assert (found - expected).expand().is_zero_matrix


def test_unrolled_rests_elsewhere_in_general():
    # L₁ = x² + xy − 2x + 3y, L₂ = y² − 2xy: y* = x. ∇_yL₁ ≠ 0, so the unrolled player rests elsewhere.
    game = SymbolicGame({"x": ([a], a**2 + a * b - 2 * a + 3 * b), "y": ([b], b**2 - 2 * a * b)})
    flow = Gradient().flow(game.numeric())
    rest = np.full(2, 2 / 3)
    with jax.enable_x64(True):
        np.testing.assert_allclose(flow(jnp.asarray(rest)), 0, atol=1e-15)
    with pytest.raises(NotAtRestError, match="unrolled does not rest here"):
        Unrolled(0.1, k=1).near(flow, rest)
    # y* = x and 2x + y − 2 + 2h(x + 3) = 0
    own = np.full(2, (2 - 6 * 0.1) / (3 + 2 * 0.1))
    found = Unrolled(0.1, k=1).near(flow, own).linearise(None, flow.partition)
    matrix = np.array([[-2 - 2 * 2 * 0.1, -1 + 2 * 0.1], [2, -2]])
    # d/dx of L₁(x, y − h(2y − 2x)) is 2x + y' − 2 + 2h(x + 3) with y' = y − h(2y − 2x)
    np.testing.assert_allclose(found, np.eye(2) + 0.1 * matrix, rtol=1e-13)


def test_unrolled_needs_the_losses():
    flow = Consensus(0.1).flow(GAME)
    with pytest.raises(InputError, match="follows the gradient field of a game only"):
        Unrolled().check(flow)
    Unrolled(stop_gradient=True).check(flow)
    with pytest.raises(InputError, match="no matter of the Jacobian alone"):
        Unrolled().linearise(np.eye(5), GAME.partition)
