"""Where expressions and games are real: parts that may fail, points, fields that are NaN outside."""

import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from sympy import atan, exp, log, sqrt, tan

import stability as st
from stability.dynamics.domain import all_real, partial_parts
from stability.dynamics.functions import sigmoid, softplus

x, y = sympy.symbols("x y", real=True)
a = sympy.Symbol("a", positive=True)


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        (log(1 + x**2) + exp(x) * atan(y) + x**3 + softplus(x) * sigmoid(y), set()),
        (sqrt(a + x**2) + 1 / (1 + exp(x)) + a**x, set()),
        (log(-1 - x**2), {log(-1 - x**2)}),
        (log(4 - x**2) - 2 * log(x**2 - 1), {log(4 - x**2), log(x**2 - 1)}),
        (sqrt(log(x)), {sqrt(log(x)), log(x)}),
        (x / y + y ** sympy.Rational(1, 3), {1 / y, y ** sympy.Rational(1, 3)}),
        (tan(x), {tan(x)}),
        (sqrt(x**2 + y**2), set()),  # zero at the least
        (1 / sqrt(x**2 + y**2), {1 / sqrt(x**2 + y**2)}),
    ],
)
def test_the_parts_that_may_be_complex_or_infinite(expression, parts):
    assert set(partial_parts([expression])) == parts


@pytest.mark.parametrize(
    ("parts", "point", "real"),
    [
        ([log(x)], {x: 1}, True),
        ([log(x)], {x: 0}, False),
        ([log(x)], {x: -1}, False),
        ([sqrt(x)], {x: 0}, True),  # the boundary of a root's domain belongs to it
        ([1 / x], {x: 0}, False),
        ([log(x), log(y)], {x: 2}, True),  # what has no value is not asked
        ([tan(x)], {x: sympy.pi / 2}, False),
        ([log(-1 - x**2), log(-2 - x**2)], {x: 1}, False),  # although their difference is real
    ],
)
def test_a_point_in_the_domain(parts, point, real):
    assert all_real(parts, point) is real


NOWHERE = {"x": ([x], log(-1 - x**2)), "y": ([y], y**2)}


@pytest.mark.parametrize("engine", ["formulas", "JAX"])
def test_a_field_is_not_a_number_where_a_loss_is_not_real(engine):
    loss = log(4 - x**2) + 2 * log(x**2 - 1)
    game = st.SymbolicGame({"x": ([x], loss), "y": ([y], y**2)})
    numeric = st.Game(
        {
            "x": lambda x, y: jnp.log(4 - x**2) + 2 * jnp.log(x**2 - 1),
            "y": lambda x, y: y**2,
        },
        start={"x": 1.5, "y": 0.0},
    )
    flow = st.Gradient().flow(game.numeric() if engine == "formulas" else numeric)
    inside, outside = np.array([1.5, 1.0]), np.array([0.0, 1.0])
    values, jacobians = flow.evaluate(np.stack([inside, outside]))
    assert np.isfinite(values[0]).all()
    assert np.isfinite(jacobians[0]).all()
    assert np.isnan(values[1]).all()
    assert np.isnan(jacobians[1]).all()
    assert np.isnan(flow.values(outside[None])).all()
    assert np.isnan(flow.part(0, jnp.asarray(outside))).all()
    from_formulas = st.Gradient().flow(game).numeric()
    np.testing.assert_allclose(from_formulas.values(inside[None])[0], values[0], rtol=1e-12)
    assert np.isnan(from_formulas.values(outside[None])).all()


def test_a_game_that_is_real_everywhere_is_not_asked():
    assert st.SymbolicGame({"x": ([x], x**2 + log(1 + x**2))}).numeric().total
    assert not st.SymbolicGame(NOWHERE).numeric().total
    open_ = st.SymbolicGame({"x": ([x], x**2 * log(sympy.Symbol("c")))}, parameters={"c": 2})
    assert open_.numeric().total  # at the parameter's value
