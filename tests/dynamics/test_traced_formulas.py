"""Formulas read from traces, against the functions that were traced and against formulas by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from sympy import Abs, Max, Rational, exp, log

import stability as st
from stability.dynamics.functions import sigmoid, softplus
from stability.dynamics.traced_formulas import traced_formulas

x, y = sympy.symbols("x y", real=True)
A = jnp.array([[1.0, 2.0], [3.0, -4.0]])


def formula(function):
    found = traced_formulas(lambda v: function(v)[None], (x, y))
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda v: v[0] * v[1], x * y),
        (lambda v: v @ A @ v, x**2 + 5 * x * y - 4 * y**2),
        (lambda v: jnp.mean(v**4) / 3 - v[0], (x**4 + y**4) / 6 - x),
        (lambda v: jax.nn.softplus(v[0] * v[1]), softplus(x * y)),
        (lambda v: jax.nn.log_sigmoid(v[0]), -softplus(-x)),
        (lambda v: jnp.logaddexp(v[0], v[1]), y + softplus(x - y)),
        (lambda v: jax.nn.sigmoid(v[0]) + jax.nn.relu(v[1]), sigmoid(x) + Max(y, 0)),
        (lambda v: jnp.log1p(v[0] ** 2) + jnp.expm1(v[1]), log(1 + x**2) + exp(y) - 1),
        (lambda v: jnp.abs(v[0]) + jnp.sqrt(v[1] ** 2 + 1), Abs(x) + sympy.sqrt(y**2 + 1)),
        (lambda v: jnp.tanh(v).sum() - jnp.maximum(*v), sympy.tanh(x) + sympy.tanh(y) - Max(x, y)),
        (lambda v: 0.5 * v[0] + 0.1, x / 2 + Rational(0.1)),
    ],
)
def test_known_formulas(function, expected):
    found = formula(function)
    rng = np.random.default_rng(0)
    for _ in range(3):
        point = rng.normal(size=2)
        put = {x: Rational(point[0]), y: Rational(point[1])}
        difference = (found - expected).xreplace(put).evalf(20)
        assert abs(difference) < 1e-15
        with jax.enable_x64(True):
            value = float(function(jnp.asarray(point)))
        assert float(found.xreplace(put).evalf(20)) == pytest.approx(value, rel=1e-13)


def test_a_softplus_has_no_kink():
    assert not formula(lambda v: jax.nn.softplus(-v[0])).has(Abs, Max)


@pytest.mark.parametrize(
    "function",
    [
        lambda v: jnp.where(v[0] > 0, v[0], 2 * v[0]),
        lambda v: jnp.floor(v[0]),
        lambda v: jax.lax.fori_loop(0, 3, lambda _, u: u * v[0], v[1]),
        lambda v: jnp.linalg.inv(jnp.eye(2) + jnp.outer(v, v))[0, 0],
        lambda v: sum(v[0] ** k for k in range(2, 1100)),
    ],
)
def test_what_has_no_formula(function):
    assert traced_formulas(lambda v: function(v)[None], (x, y)) is None


def test_the_games_of_the_catalogue_come_back():
    """From SymPy to JAX and back: the same losses but for the binary values of constants."""
    for name in (
        "xy",
        "dirac-gan",
        "dirac-gan-hinge",
        "torus",
        "tandem",
        "nagarajan-kolter-uniform",
    ):
        game = st.load(name)
        assert isinstance(game, st.SymbolicGame)
        real = game.real
        losses = traced_formulas(game.numeric().losses, real.variables)
        assert losses is not None
        put = {v: Rational(k + 2, 7) for k, v in enumerate(real.variables)} | real.values({})
        for found, given in zip(losses, real.losses(), strict=True):
            assert abs((found - given).xreplace(put).evalf(20)) < 1e-15
