"""Flows, numeric and symbolic: construction, derivatives, batches."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Flow, InputError, InputTypeError, SymbolicFlow
from stability.dynamics import Partition
from stability.dynamics.batch import batch_size

x, y = sympy.symbols("x y", real=True)
mu = sympy.Symbol("mu", real=True)


def van_der_pol(z):
    return jnp.array([z[1], 0.5 * (1 - z[0] ** 2) * z[1] - z[0]])


def field(z):
    return np.array([z[1], 0.5 * (1 - z[0] ** 2) * z[1] - z[0]])


def jacobian(z):
    return np.array([[0, 1], [-z[0] * z[1] - 1, 0.5 * (1 - z[0] ** 2)]])


POINT, U = np.array([0.5, -2.0]), np.array([1.5, 0.25])


@pytest.fixture(scope="module")
def flow():
    return Flow(van_der_pol, variables=["x", "y"])


# ---- Construction -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"dimension": 2},
        {"variables": ["p", "q"]},
        {"start": [1, 2]},
        {"start": {"p": 1, "q": 2}},
        {"partition": Partition(("a", "b"), (1, 1))},
        {"dimension": 2, "variables": ["p", "q"], "start": [1.0, 2.0]},
    ],
)
def test_the_dimension_is_told_once(options):
    flow = Flow(van_der_pol, **options)
    assert flow.dimension == 2
    named = "variables" in options or isinstance(options.get("start"), dict)
    assert flow.variables == (("p", "q") if named else ("x0", "x1"))
    if "start" in options:
        assert flow.start.dtype == "float64"
        np.testing.assert_array_equal(flow.start, [1.0, 2.0])
    else:
        assert flow.start is None


def test_a_start_by_name_is_put_in_the_order_of_the_variables():
    flow = Flow(van_der_pol, variables=["p", "q"], start={"q": 2, "p": 1}, box={"q": (0, 1)})
    np.testing.assert_array_equal(flow.start, [1.0, 2.0])
    assert flow.box == {"q": (0.0, 1.0)}


def test_a_system_that_is_no_game_has_one_part():
    flow = Flow(van_der_pol, dimension=2)
    assert flow.partition == Partition(("flow",), (2,))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dimension": 0},
        {"dimension": -1},
        {"dimension": 3, "start": [1, 2]},
        {"dimension": 2, "variables": ["p"]},
        {"dimension": 2, "partition": Partition(("a",), (3,))},
        {"start": 1.0},
        {"start": [[1.0, 2.0]]},
        {"start": [1.0, float("nan")]},
        {"start": []},
        {"variables": ["p", "p"]},
        {"variables": ["p", "q"], "start": {"p": 1, "r": 2}},
        {"dimension": 2, "box": {"p": (0, 1)}},
        {"dimension": 2, "box": {"x0": (1, 1)}},
        {"dimension": 2, "box": {"x0": (0, float("nan"))}},
        *(
            pytest.param(bad)
            for bad in (
                {"dimension": 2.0},
                {"dimension": "2"},
                {"dimension": True},
                {"start": ["a", "b"]},
                {"start": [1j, 2]},
                {"dimension": 2, "box": {"x0": (0,)}},
                {"dimension": 2, "box": {"x0": ("a", "b")}},
            )
        ),
    ],
    ids=repr,
)
def test_bad_options(options):
    with pytest.raises(InputError):
        Flow(lambda z: -z, **options)


FUNCTIONS = {
    "no function": (InputTypeError, 3.0),
    "too short": (InputTypeError, lambda z: z[:1]),
    "a number": (InputTypeError, lambda z: jnp.sum(z)),
    "a matrix": (InputTypeError, lambda z: jnp.outer(z, z)),
    "a list": (InputTypeError, lambda z: [z[0], z[1]]),
    "nothing": (InputTypeError, lambda z: None),
    "integers": (InputTypeError, lambda z: jnp.arange(2)),
    "complex": (InputTypeError, lambda z: 1j * z),
    "numpy": (InputError, lambda z: np.array([float(z[0]), 1.0])),
    "if": (InputError, lambda z: z if z[0] > 0 else -z),
    "wrong unpacking": (InputError, lambda z: jnp.stack([a for a, b, c in [tuple(z)]])),
    "two arguments": (InputError, lambda t, z: z),
}


@pytest.mark.parametrize(("kind", "function"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_bad_functions(kind, function):
    with pytest.raises(kind) as error:
        Flow(function, dimension=2)
    assert "\n" not in str(error.value)


# ---- Derivatives ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivatives(flow, dtype):
    with jax.enable_x64(dtype == "float64"):
        z, u = jnp.asarray(POINT, dtype), jnp.asarray(U, dtype)
        J = jacobian(POINT)
        tolerance = {"float32": 1e-6, "float64": 1e-15}[dtype]
        for actual, expected in [
            (flow(z), field(POINT)),
            (flow.jacobian(z), J),
            (flow.jvp(z, u), J @ U),
            (flow.vjp(z, u), J.T @ U),
        ]:
            assert actual.dtype == dtype
            np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
    assert np.abs(J @ U - J.T @ U).min() > 0.1


def test_parts_of_the_field():
    partition = Partition(("a", "b"), (2, 1))
    whole = Flow(lambda z: jnp.arange(1.0, 4.0) * z, partition=partition)
    np.testing.assert_array_equal(whole.part(0, jnp.ones(3)), [1.0, 2.0])
    np.testing.assert_array_equal(whole.part(1, jnp.ones(3)), [3.0])
    cheap = Flow(lambda z: z, partition=partition, part=lambda i, z: z[:1] * (10 + i))
    assert float(cheap.part(1, jnp.ones(3))[0]) == 11.0


# ---- Batches ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_batches_of_any_length(flow, n):
    assert batch_size(2) == 64
    points = np.random.default_rng(n).normal(size=(n, 2))
    values, jacobians = flow.evaluate(points)
    assert values.dtype == jacobians.dtype == "float64"
    # one or two roundings apart, since XLA may fuse multiplications and additions
    np.testing.assert_allclose(values, [field(p) for p in points], rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(jacobians, [jacobian(p) for p in points], rtol=1e-14, atol=1e-15)


def test_an_empty_batch(flow):
    values, jacobians = flow.evaluate(np.empty((0, 2)))
    assert values.shape == (0, 2)
    assert jacobians.shape == (0, 2, 2)


def test_nan_and_inf_stay_with_their_point(flow):
    points = np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, np.inf], [0.5, 0.5]])
    values, jacobians = flow.evaluate(points)
    good = [0, 3]
    np.testing.assert_allclose(values[good], [field(p) for p in points[good]], rtol=1e-14)
    np.testing.assert_allclose(jacobians[good], [jacobian(p) for p in points[good]], rtol=1e-14)
    assert np.isnan(values[1, 1])
    assert not np.isfinite(values[2]).all()


@pytest.mark.parametrize(("d", "size"), [(10, 64), (11, 16), (100, 16), (101, 4)])
def test_large_systems_are_evaluated_a_few_points_at_a_time(d, size):
    assert batch_size(d) == size


def test_one_compilation_for_batches_of_any_length():
    traces = []

    def function(z):
        traces.append(None)
        return -(z**3)

    flow = Flow(function, dimension=1)
    flow.evaluate(np.ones((1, 1)))
    once = len(traces)
    for n in (2, 64, 100):
        flow.evaluate(np.ones((n, 1)))
    assert len(traces) == once


def test_float64_inside_and_no_global_change_outside(flow):
    before = jax.config.jax_enable_x64
    assert not before
    value, _ = flow.evaluate(np.array([[1e-12, 1.0]]))
    assert value[0, 1] == pytest.approx(0.5 - 1e-12, abs=1e-15)  # float32 would lose the 1e-12
    assert jax.config.jax_enable_x64 == before
    assert flow(jnp.ones(2)).dtype == "float32"
    with pytest.raises(ZeroDivisionError):
        Flow(lambda z: z / (1 // 0), dimension=1, check=False).evaluate(np.ones((1, 1)))
    assert jax.config.jax_enable_x64 == before


# ---- Symbolic flows ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def symbolic():
    return SymbolicFlow(
        {x: y, y: mu * (1 - x**2) * y - x}, parameters={"mu": 0.5}, box={"x": (-3, 3)}, start=[1, 2]
    )


def test_symbolic_operations(symbolic):
    J = sympy.Matrix([[0, 1], [-2 * mu * x * y - 1, mu * (1 - x**2)]])
    at, u = sympy.Matrix([2, 3]), sympy.Matrix([1, -1])
    put = {x: 2, y: 3}
    assert (symbolic.jacobian() - J).expand().is_zero_matrix
    assert symbolic(at) == symbolic.expressions.xreplace(put)
    assert symbolic(at) == sympy.Matrix([3, -9 * mu - 2])
    assert symbolic.jvp(at, u).expand() == (J.subs(put) * u).expand()
    assert symbolic.vjp(at, u).expand() == (J.subs(put).T * u).expand()
    assert symbolic.part(0, at) == sympy.Matrix([3, -9 * mu - 2])  # one part owns everything


def test_symbolic_parts():
    flow = SymbolicFlow({x: x * y, y: x + y}, partition=Partition(("a", "b"), (1, 1)))
    assert flow.part(1, sympy.Matrix([2, 3])) == sympy.Matrix([5])


def test_numeric_twin(symbolic):
    twin = symbolic.numeric()
    assert twin.variables == ("x", "y")
    assert twin.box == {"x": (-3.0, 3.0)}
    np.testing.assert_array_equal(twin.start, [1.0, 2.0])
    values, jacobians = twin.evaluate(POINT[None])
    np.testing.assert_allclose(values[0], field(POINT), rtol=1e-14)
    np.testing.assert_allclose(jacobians[0], jacobian(POINT), rtol=1e-14)
    doubled = symbolic.numeric({"mu": 1.0})
    np.testing.assert_allclose(doubled(jnp.array([0.0, 1.0])), [1.0, 1.0], rtol=1e-6)


def test_constant_and_linear_rows():
    twin = SymbolicFlow({x: sympy.Integer(1), y: -2 * y}).numeric()
    values, jacobians = twin.evaluate(np.array([[3.0, 4.0]]))
    np.testing.assert_array_equal(values, [[1.0, -8.0]])
    np.testing.assert_array_equal(jacobians, [[[0.0, 0.0], [0.0, -2.0]]])


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"x": x},
        {x: y, sympy.Symbol("x"): y},
        *(pytest.param({x: bad}) for bad in (sympy.nan, sympy.zoo, None)),
    ],
    ids=repr,
)
def test_bad_symbolic_flows(arguments):
    with pytest.raises(InputError):
        SymbolicFlow(arguments)
