"""A hundred digits of JAX functions, against JAX, against mpmath and against formulas."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy

from stability.dynamics.functions import softplus
from stability.dynamics.many_digits import (
    NotEvaluatedError,
    formulas_with_many_digits,
    jacobian_with_many_digits,
    with_many_digits,
)
from stability.dynamics.symbols import as_written

W = jnp.array([[0.3, -1.2], [0.7, 0.25], [-0.4, 1.5]])


def decimals(x):
    return np.array([Decimal(float(c)) for c in x], object)


@pytest.mark.parametrize(
    "function",
    [
        lambda v: jax.nn.softmax(jnp.tanh(W @ v)) @ W,
        jax.grad(
            lambda v: jnp.mean(jax.nn.softplus(W @ v)) + jax.nn.logsumexp(v) + v[0] * v[1] ** 2
        ),
        lambda v: jax.lax.fori_loop(0, 3, lambda _, u: jnp.sin(u) / 2 + v, v),
        lambda v: jnp.where(v > 0, v**3, jnp.abs(v) ** 1.5) + jnp.cumsum(v) + jax.nn.relu(v),
        lambda v: jnp.stack([jnp.max(v), jnp.arctan2(v[0], v[1]) + jax.scipy.special.erf(v[0])]),
        lambda v: jnp.einsum("bi,bj->ij", jnp.outer(W[:, 0], v), jnp.cos(W * v))[0],
    ],
    ids=["network", "gradient", "loop", "choices", "special", "products"],
)
def test_as_jax_computes_it(function):
    for x in np.random.default_rng(0).standard_normal((3, 2)):
        found = with_many_digits(function, 2)(decimals(x)).astype(float)
        with jax.enable_x64(True):
            np.testing.assert_allclose(found, function(jnp.asarray(x)), rtol=1e-13, atol=1e-14)


def test_to_the_last_digit():
    """tanh(1/3) + e^(1/10), 0.1 being 1/10."""
    function = with_many_digits(lambda v: jnp.tanh(v / 3) + jnp.exp(0.1 * v), 1)
    with mpmath.workdps(110):
        known = mpmath.tanh(mpmath.mpf(1) / 3) + mpmath.exp(mpmath.mpf(1) / 10)
        found = mpmath.mpf(str(function(decimals([1.0]))[0]))
        assert abs(found - known) < mpmath.mpf("1e-97")
        x = sympy.Symbol("x", real=True)
        (formula,) = formulas_with_many_digits([softplus(x) + x / 3], [x])(decimals([1.0]))
        known = mpmath.log(1 + mpmath.e) + mpmath.mpf(1) / 3
        assert abs(mpmath.mpf(str(formula)) - known) < mpmath.mpf("1e-97")


def test_what_is_not_evaluated():
    with pytest.raises(NotEvaluatedError):
        with_many_digits(jnp.sort, 2)(decimals([1.0, 2.0]))
    long = with_many_digits(lambda v: jnp.sum(jnp.outer(jnp.arange(1e6), v), axis=0), 2)
    with pytest.raises(NotEvaluatedError):
        long(decimals([1.0, 2.0]))


def test_a_jacobian_whose_terms_cancel():
    """(0.3 − 3 · 0.1) x is 0, which the last digits of 0.3 and 0.1 decide; −1e-17 x is not."""
    function = with_many_digits(
        lambda v: jnp.stack([0.3 * v[0] - 3 * (0.1 * v[0]), -1e-17 * v[1] - v[1] ** 3]), 2
    )
    jacobian, error = jacobian_with_many_digits(function, np.zeros(2))
    np.testing.assert_allclose(jacobian, np.diag([0, -1e-17]), rtol=1e-15, atol=0)
    assert 1e-18 < error[0, 0] < 1e-15
    assert error[1, 1] < 1e-32
    cubic = with_many_digits(lambda v: -(v**3), 1)
    jacobian, error = jacobian_with_many_digits(cubic, np.zeros(1))
    assert jacobian == error == 0.0


@pytest.mark.parametrize(
    ("number", "fraction"),
    [(0.1, "1/10"), (1e-14, "1/100000000000000"), (1 / 3, "1/3"), (-2.5, "-5/2"), (7.0, "7")],
)
def test_numbers_as_they_are_written(number, fraction):
    assert as_written(number) == Fraction(fraction)


def test_numbers_that_are_nothing_else_have_their_binary_value():
    assert as_written(0.1 + 0.2) == Fraction(0.1 + 0.2)
    assert as_written(float(np.cos(0.3))) == Fraction(float(np.cos(0.3)))  # 15 digits
