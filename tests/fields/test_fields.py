"""Fields: gradient and two-timescale, in both engines, and as flows."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Game, Gradient, InputError, SymbolicGame, TwoTimescale
from stability.fields import FIELDS

x, y, z = sympy.symbols("x y z", real=True)
tau = sympy.Symbol("tau", positive=True)

#   v = (−2x − y, x − 3y²)
TWO = SymbolicGame({"a": ([x], x**2 + x * y), "b": ([y], -x * y + y**3)}, box={"x": (-1, 1)})
V = sympy.Matrix([-2 * x - y, x - 3 * y**2])
THREE = SymbolicGame({"a": ([x], x * y), "b": ([y], y * z), "c": ([z], z**2 / 2)})


def numeric(point):
    return np.array([-2 * point[0] - point[1], point[0] - 3 * point[1] ** 2])


POINT = np.array([0.5, -2.0])


@pytest.fixture(scope="module")
def game():
    losses = {"a": lambda x, y: x**2 + x * y, "b": lambda x, y: -x * y + y**3}
    return Game(losses, start={"a": 1.0, "b": 2.0}, box={"a": (0, 1)})


def test_names():
    assert FIELDS["gradient"] is Gradient
    assert FIELDS["two-timescale"] is TwoTimescale
    assert Gradient().settings == {}
    assert TwoTimescale(tau=2.0).settings == {"tau": 2.0}


@pytest.mark.parametrize(
    ("field", "speeds"),
    [
        (Gradient(), (1, 1)),
        (TwoTimescale(), (1, 1)),
        (TwoTimescale(tau=2.5), (1, 2.5)),
        (TwoTimescale(tau={"a": 4}), (4, 1)),
        (TwoTimescale(tau={"b": 0.5, "a": 3}), (3, 0.5)),
        (TwoTimescale(tau={"": 2}), (2, 2)),
        (TwoTimescale(tau={}), (1, 1)),
    ],
    ids=repr,
)
def test_both_engines_and_the_parts_agree(game, field, speeds):
    expected = np.array(speeds) * numeric(POINT)
    with jax.enable_x64(True):
        point = jnp.asarray(POINT)
        np.testing.assert_allclose(field(game, point), expected, rtol=1e-15)
        for i in range(2):
            np.testing.assert_allclose(field.part(game, i, point), expected[i : i + 1], rtol=1e-15)
    exact = field(TWO, sympy.Matrix([sympy.Rational(1, 2), -2]))
    np.testing.assert_allclose(np.array(exact, float).ravel(), expected, rtol=1e-15)
    for i in range(2):
        assert field.part(TWO, i, TWO.profile) == field(TWO, TWO.profile)[i : i + 1, :]


def test_speeds_may_be_symbols():
    difference = TwoTimescale(tau=tau)(TWO, TWO.profile) - sympy.Matrix([V[0], tau * V[1]])
    assert difference.expand().is_zero_matrix


def test_flow_of_a_game(game):
    flow = TwoTimescale(tau=2.0).flow(game)
    assert flow.partition == game.partition
    assert flow.variables == ("a", "b")
    assert flow.box == {"a": (0.0, 1.0)}
    np.testing.assert_array_equal(flow.start, [1.0, 2.0])
    values, jacobians = flow.evaluate(POINT[None])
    np.testing.assert_allclose(values[0], numeric(POINT) * [1, 2], rtol=1e-15)
    np.testing.assert_allclose(jacobians[0], [[-2, -1], [2, 24]], rtol=1e-15)
    np.testing.assert_allclose(flow.part(1, POINT), [-23.0], rtol=1e-6)


def test_flow_of_a_symbolic_game():
    flow = TwoTimescale(tau=tau).flow(TWO)
    assert flow.variables == TWO.variables
    assert flow.partition == TWO.partition
    assert flow.box == {"x": (-1.0, 1.0)}
    assert flow.free_parameters == (tau,)
    assert flow.jacobian().expand() == sympy.Matrix([[-2, -1], [tau, -6 * tau * y]])


def test_timescales_of_other_games():
    with pytest.raises(InputError, match=r"two-timescale:tau\.c=2"):
        TwoTimescale(tau=2.0).flow(THREE)
    flow = TwoTimescale(tau={"c": 3}).flow(THREE)
    assert flow.expressions == sympy.Matrix([-y, -z, -3 * z])
    with pytest.raises(InputError, match="no player 'd'"):
        TwoTimescale(tau={"d": 2}).flow(THREE)


@pytest.mark.parametrize(
    "value",
    [
        *(0, -1, 0.0, float("nan"), float("inf"), np.float64(-1), {"a": -1}, {"a": 1, "b": 0}),
        *(
            pytest.param(v)
            for v in ("2", True, None, 1j, [2.0], np.float32(-1), sympy.Integer(-2), {"a": "2"})
        ),
    ],
    ids=repr,
)
def test_timescales_are_positive_numbers(value):
    with pytest.raises(InputError, match="tau"):
        TwoTimescale(tau=value)
