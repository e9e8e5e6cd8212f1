"""Maps, numeric and symbolic: rest_equations, derivatives, construction."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import InputError, InputTypeError, Map, SymbolicMap

x, y = sympy.symbols("x y", real=True)
a, b = sympy.symbols("a b", real=True)


def henon(z):
    return jnp.array([1 - 1.4 * z[0] ** 2 + z[1], 0.3 * z[0]])


def value(z):
    return np.array([1 - 1.4 * z[0] ** 2 + z[1], 0.3 * z[0]])


def jacobian(z):
    return np.array([[-2.8 * z[0], 1], [0.3, 0]])


@pytest.fixture(scope="module")
def symbolic():
    return SymbolicMap({x: 1 - a * x**2 + y, y: b * x}, parameters={a: 1.4, b: 0.3})


def test_value_and_derivatives():
    point, u = np.array([0.5, -0.25]), np.array([1.0, 2.0])
    with jax.enable_x64(True):
        map_ = Map(henon, dimension=2)
        J = jacobian(point)
        np.testing.assert_allclose(map_(point), value(point), rtol=1e-15)
        np.testing.assert_allclose(map_.jacobian(point), J, rtol=1e-15)
        np.testing.assert_allclose(map_.jvp(point, u), J @ u, rtol=1e-15)
        np.testing.assert_allclose(map_.vjp(point, u), J.T @ u, rtol=1e-15)
    assert not jax.config.jax_enable_x64


@pytest.mark.parametrize("n", [0, 1, 70])
def test_evaluate_gives_the_rest_equations(n):
    points = np.random.default_rng(n).normal(size=(n, 2))
    values, jacobians = Map(henon, dimension=2).evaluate(points)
    assert values.shape == (n, 2)
    assert jacobians.shape == (n, 2, 2)
    for point, rest_equations, derivative in zip(points, values, jacobians, strict=True):
        np.testing.assert_allclose(rest_equations, value(point) - point, rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(derivative, jacobian(point) - np.eye(2), rtol=1e-14, atol=1e-15)


def test_symbolic_map(symbolic):
    assert symbolic.rest_equations == sympy.Matrix([1 - a * x**2 + y - x, b * x - y])
    assert symbolic.jacobian() == sympy.Matrix([[-2 * a * x, 1], [b, 0]])
    assert symbolic(sympy.Matrix([1, 2])) == sympy.Matrix([3 - a, b])
    assert symbolic.values() == {a: sympy.Rational(7, 5), b: sympy.Rational(3, 10)}
    assert symbolic.kind == symbolic.name == "map"


def test_numeric_twin(symbolic):
    twin = symbolic.numeric()
    assert isinstance(twin, Map)
    points = np.array([[0.5, -0.25], [2.0, 1.0]])
    values, _ = twin.evaluate(points)
    np.testing.assert_allclose(values, [value(p) - p for p in points], rtol=1e-14)
    assert symbolic.numeric({"a": 0}).variables == ("x", "y")


def test_fixed_points_of_the_henon_map(symbolic):
    # the roots of 1.4 x² + 0.7 x − 1 = 0
    points = (-0.7 + np.array([1, -1]) * np.sqrt(0.49 + 5.6)) / 2.8
    np.testing.assert_allclose(points, [0.6313545, -1.1313545], atol=5e-8)
    values, _ = symbolic.numeric().evaluate(np.stack([points, 0.3 * points], axis=1))
    np.testing.assert_allclose(values, 0, atol=4e-16)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ((henon,), InputError),
        ((3.0,), InputTypeError),
        ((lambda z: z[0],), InputTypeError),
        ((lambda z: z if z[0] > 0 else -z,), InputError),
    ],
)
def test_bad_maps(arguments, kind):
    options = {} if arguments == (henon,) else {"dimension": 2}
    with pytest.raises(kind, match="map"):
        Map(*arguments, **options)
    with pytest.raises(InputError, match="map"):
        SymbolicMap({})
