"""Jacobians as operators: the dense Jacobian without its matrix."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stability import Flow, Game, InputError, InputTypeError, Map
from stability.dynamics import Partition
from stability.dynamics.linearisation import Products
from tests.selection import slow_but

DTYPES = ["float32", "float64"]
AT_START = {}


def small_game(dtype):
    """Two players with 20 and 25 numbers, general sum."""
    r = np.random.default_rng(0)
    disc, gen = r.standard_normal((30, 20)).astype(dtype), r.standard_normal((30, 25)).astype(dtype)

    def value(d, g, disc, gen):
        return jnp.tanh(disc @ d) @ jnp.sin(gen @ g) / 10

    losses = {
        "disc": lambda d, g, *data: (d**4).sum() / 4 - value(d, g, *data),
        "gen": lambda d, g, *data: (d[:5] * g[:5]).sum() + value(d, g, *data),
    }
    start = {"disc": disc[0], "gen": gen[1]}
    return Game(losses, start=start, data=(disc, gen))


def at_start(dtype):
    """(the operator, the dense Jacobian) of the small game."""
    with jax.enable_x64(dtype == "float64"):
        game = small_game(dtype)
        return game.linearise(game.start), np.asarray(game.jacobian(game.start))


@pytest.fixture(scope="module", autouse=True)
def _operators():
    AT_START.update({dtype: at_start(dtype) for dtype in DTYPES})
    yield
    AT_START.clear()


@pytest.fixture
def linearized():
    return AT_START["float64"]


def close(actual, expected, dtype=None):
    # a few hundred operations on numbers near one
    expected = np.asarray(expected)
    tolerance = 200 * np.finfo(dtype or expected.dtype).eps
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def vectors(operator, seed=0):
    r = np.random.default_rng(seed)
    m, d = operator.shape
    return r.standard_normal(d).astype(operator.dtype), r.standard_normal(m).astype(operator.dtype)


# ---- Closed form ---------------------------------------------------------------------------------


def test_a_bilinear_game_turns():
    game = Game({"x": lambda x, y: x * y, "y": lambda x, y: -x * y}, start={"x": 1.0, "y": 2.0})
    turn = game.linearise(game.start)
    np.testing.assert_array_equal(turn.value, [-2, 1])
    np.testing.assert_array_equal(turn.matvec([3, 5]), [-5, 3])
    np.testing.assert_array_equal(turn.rmatvec([3, 5]), [5, -3])
    np.testing.assert_array_equal(turn.symmetric.matvec([3, 5]), [0, 0])
    np.testing.assert_array_equal(turn.block("x", "y").matvec([2]), [-2])
    np.testing.assert_array_equal(turn.hessian("y").matvec([2]), [0])


def test_flows_and_maps_are_linearised_too():
    pendulum = Flow(lambda z: jnp.stack([z[1], -jnp.sin(z[0])]), dimension=2)
    np.testing.assert_array_equal(pendulum.linearise([0.0, 1.0]).matvec([2, 3]), [3, -2])
    henon = Map(lambda z: jnp.stack([1 - 1.5 * z[0] ** 2 + z[1], 0.25 * z[0]]), dimension=2)
    np.testing.assert_array_equal(henon.linearise([1.0, 0.0]).matvec([1, 1]), [-2, 0.25])
    np.testing.assert_array_equal(henon.linearise([1.0, 0.0]).rmatvec([1, 4]), [-2, 1])


# ---- Against the dense Jacobian ------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_are_those_of_the_jacobian(dtype):
    operator, matrix = AT_START[dtype]
    u, w = vectors(operator)
    assert operator.shape == matrix.shape
    assert operator.dtype == matrix.dtype
    close(operator.matvec(u), matrix @ u)
    close(operator.rmatvec(w), matrix.T @ w)
    assert operator.matvec(u).dtype == matrix.dtype


def test_batched_products(linearized):
    operator, matrix = linearized
    columns = np.stack([vectors(operator, seed)[0] for seed in range(3)], axis=1)
    close(operator.matmat(columns), matrix @ columns)
    close(operator.rmatmat(columns), matrix.T @ columns)
    close(operator.matmat(np.eye(len(matrix))), matrix)


def test_derived_operators(linearized):
    operator, matrix = linearized
    u, _ = vectors(operator)
    close(operator.T.matvec(u), matrix.T @ u)
    close(operator.T.T.matvec(u), matrix @ u)
    close((-operator).matvec(u), -matrix @ u)
    close((-operator).rmatvec(u), -matrix.T @ u)
    close(operator.symmetric.matvec(u), (matrix + matrix.T) @ u / 2)
    close(operator.symmetric.rmatvec(u), (matrix + matrix.T) @ u / 2)


def test_blocks(linearized):
    operator, matrix = linearized
    block, dense = operator.block("disc", 1), matrix[:20, 20:]
    u, w = vectors(block)
    assert block.shape == dense.shape
    close(block.matvec(u), dense @ u)
    close(block.rmatvec(w), dense.T @ w)
    close(block.T.matvec(w), dense.T @ w)
    close(block.value, operator.value[:20])


def test_own_hessians_are_minus_the_own_blocks(linearized):
    operator, matrix = linearized
    hessian, own = operator.hessian("gen"), operator.partition.slices[1]
    u, _ = vectors(hessian)
    close(hessian.matvec(u), -matrix[own, own] @ u)
    close(hessian.rmatvec(u), -matrix[own, own] @ u)


def test_nothing_kept_gives_the_same(linearized):
    operator, matrix = linearized
    with jax.enable_x64(operator.x64):
        game = small_game(operator.dtype)
        again = Products(game._field, game.partition, keep=False).at(operator.point, game.data)
    u, w = vectors(operator)
    close(again.matvec(u), matrix @ u)
    close(again.rmatvec(w), matrix.T @ w)
    assert again.kept[0] is again.point


def test_scipy_takes_it(linearized):
    operator, matrix = linearized
    u, w = vectors(operator)
    own = operator.as_linear_operator()
    assert own.dtype == matrix.dtype
    close(own @ u, matrix @ u)
    close(own.T @ w, matrix.T @ w)
    close(own @ u[:, None], (matrix @ u)[:, None])
    close(own @ np.stack([u, w], axis=1), matrix @ np.stack([u, w], axis=1))


# ---- What products are anywhere ------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-6, 1.0, 1e6]))
@pytest.mark.parametrize("dtype", DTYPES)
def test_adjoint_and_linear(dtype, seed, scale):
    operator, _ = AT_START[dtype]
    r = np.random.default_rng(seed)
    u, w, z = r.standard_normal((3, operator.shape[0])).astype(dtype)
    u = u * np.asarray(scale, dtype)
    moved, pulled = np.asarray(operator.matvec(u)), np.asarray(operator.rmatvec(w))
    # both are sums of d products that are each within a few dozen roundings of ‖J‖ ‖u‖ ‖w‖; ‖J‖ < 10
    bound = 50 * np.finfo(dtype).eps * 10 * np.linalg.norm(u) * np.linalg.norm(w)
    assert abs(w @ moved - pulled @ u) <= bound
    combined = np.asarray(operator.matvec(2 * u - z), float)
    apart = 2 * moved.astype(float) - np.asarray(operator.matvec(z), float)
    size = np.linalg.norm(2 * u) + np.linalg.norm(z)
    assert np.linalg.norm(combined - apart) <= 50 * np.finfo(dtype).eps * 10 * size


# ---- Compilation ---------------------------------------------------------------------------------


def test_a_jitted_function_takes_an_operator_and_is_compiled_once():
    game = small_game("float32")
    traces = []

    @jax.jit
    def power(operator, u):
        traces.append(1)
        return operator.T.matvec(operator.matvec(u)) - operator.symmetric.matvec(u)

    x = jnp.asarray(game.start)
    for point in (x, 2 * x, 3 * x):
        operator = game.linearise(point)
        u, _ = vectors(operator)
        expected = operator.rmatvec(operator.matvec(u)) - operator.symmetric.matvec(u)
        close(power(operator, u), expected)
    assert len(traces) == 1


def test_the_function_is_traced_once_for_all_points():
    traces = []

    def function(x):
        traces.append(1)
        return jnp.sin(x) * x[0]

    flow = Flow(function, dimension=3, check=False)
    for k in range(3):
        operator = flow.linearise(jnp.arange(3.0) + k)
        for _ in range(2):
            operator.matvec(jnp.ones(3))
            operator.rmatvec(jnp.ones(3))
    assert len(traces) == 1


def test_it_can_be_made_inside_a_jitted_function():
    game = small_game("float32")
    u = jnp.ones(game.dimension)
    inside = jax.jit(lambda x: game.linearise(x).block("gen", "disc").matvec(u[:20]))(game.start)
    close(inside, game.linearise(game.start).block(1, 0).matvec(u[:20]))


def test_double_precision_is_kept_outside_its_context():
    with jax.enable_x64(True):
        flow = Flow(lambda x: x**2, dimension=2)
        operator = flow.linearise(np.array([1 / 3, 2.0]))
    moved = operator.matvec(np.array([1.0, 1.0]))
    assert moved.dtype == np.float64
    assert float(moved[0]) == 2 / 3


# ---- A reduced precision -------------------------------------------------------------------------


def wide_network(kind):
    """A field with matrix products, in one way or another."""
    r = np.random.default_rng(2)
    matrix = r.standard_normal((24, 24)).astype("float32") / 5
    kernel = r.standard_normal((3, 1, 4)).astype("float32")

    def plain(x):
        return jnp.tanh(matrix @ jnp.tanh(matrix @ x))

    def looped(x):
        return jax.lax.scan(lambda y, _: (jnp.tanh(matrix @ y), None), x, None, length=2)[0]

    def chosen(x):
        return jax.lax.cond(x[0] > 0, jax.jit(plain), lambda y: matrix @ y, x)

    def convolved(x):
        image = x.reshape(1, 24, 1)
        layout = ("NHC", "HIO", "NHC")
        y = jax.lax.conv_general_dilated(image, kernel, (1,), "SAME", dimension_numbers=layout)
        return jnp.tanh(y).sum(axis=2).ravel()

    return {"plain": plain, "scan": looped, "cond": chosen, "convolution": convolved}[kind]


@pytest.mark.parametrize(
    "kind", slow_but(["plain", "scan", "cond", "convolution"], ["plain", "convolution"])
)
def test_bfloat16_rounds_operands_and_nothing_else(kind):
    products = Products(wide_network(kind), Partition(("all",), (24,)))
    x = jnp.linspace(0.1, 1, 24)
    exact, reduced = products.at(x), products.at(x, precision="bfloat16")
    assert exact.error == 0
    u, w = vectors(exact)
    gap = np.linalg.norm(reduced.matvec(u) - exact.matvec(u)) / np.linalg.norm(exact.matvec(u))
    # an operand is wrong by at most 2⁻⁹ of itself; a few of them are multiplied in a row
    assert 1e-5 < gap < 2e-2
    assert 1e-5 < reduced.error < 2e-2
    assert reduced.matvec(u).dtype == reduced.value.dtype == np.float32
    # the two directions round other operands, so they are each other's adjoint to that precision only
    assert abs(w @ reduced.matvec(u) - reduced.rmatvec(w) @ u) < 0.05 * np.linalg.norm(
        u
    ) * np.linalg.norm(w)


def test_sums_are_not_rounded():
    count = 4096  # in bfloat16 a running sum of ones stops at 256
    products = Products(lambda x: jnp.ones((2, count)) @ (x[:1] * jnp.ones(count)) / count,
                        Partition(("all",), (2,)))  # fmt: skip
    np.testing.assert_array_equal(
        products.at(jnp.ones(2), precision="bfloat16").matvec([1.0, 0.0]), [1, 1]
    )


# ---- Errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [np.ones(44), np.ones((45, 1)), 1j * np.ones(45), 1.0])
def test_wrong_vectors(wrong):
    with pytest.raises(InputTypeError, match=r"shape \(45,\)"):
        AT_START["float32"][0].matvec(wrong)


def test_a_block_takes_the_lengths_of_its_own_players():
    block = AT_START["float32"][0].block("disc", "gen")
    with pytest.raises(InputTypeError, match=r"shape \(25,\)"):
        block.matvec(np.ones(20))
    with pytest.raises(InputTypeError, match=r"shape \(20,\)"):
        block.rmatvec(np.ones(25))
    with pytest.raises(InputTypeError, match=r"shape \(20, k\)"):
        block.rmatmat(np.ones((25, 2)))
    with pytest.raises(InputTypeError, match="only a square operator"):
        _ = block.symmetric


def test_unknown_players_and_precisions():
    operator, _ = AT_START["float32"]
    with pytest.raises(InputError, match="there is no player 'critic'"):
        operator.block("disc", "critic")
    with pytest.raises(InputError, match="'bfloat16', not 'float8'"):
        operator.products.at(operator.point, *operator.arguments, precision="float8")


def test_a_function_that_changes_the_dtype():
    with jax.enable_x64(True):
        wide = Products(lambda x: x * np.ones(2), Partition(("all",), (2,)))
        with pytest.raises(InputError, match="float32 to float64"):
            wide.at(jnp.ones(2, "float32"))
