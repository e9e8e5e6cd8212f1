from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy as sp
from sympy import Rational, Symbol, exp, log, oo

from stability.dynamics.functions import (
    jax_function,
    jax_vector_function,
    log_sigmoid,
    relu,
    sigmoid,
    softplus,
)

x, y = sp.symbols("x y", real=True)


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


# ---- SymPy -----------------------------------------------------------------------------------


def test_exact_values():
    assert sigmoid(0) == Rational(1, 2)
    assert softplus(0) == log(2)
    assert (sigmoid(oo), sigmoid(-oo)) == (1, 0)
    assert (softplus(oo), softplus(-oo)) == (oo, 0)
    assert sigmoid(sp.nan) is sp.nan
    assert softplus(sp.zoo) is sp.nan


def test_derivatives():
    assert softplus(x).diff(x) == sigmoid(x)
    assert sp.expand(sigmoid(x).diff(x) - sigmoid(x) * (1 - sigmoid(x))) == 0
    assert softplus(x * y).diff(x) == y * sigmoid(x * y)


def test_assumptions():
    for function in (sigmoid, softplus):
        assert function(x).is_real
        assert function(x * y - 1).is_positive
        assert function(Symbol("z")).is_positive is None


def test_rewriting_with_exponentials():
    for function in (sigmoid, softplus):
        rewritten = function(x).rewrite(exp)
        assert not rewritten.has(function)
        difference = (rewritten - function(x)).subs(x, Rational(7, 3))
        assert abs(sp.N(difference, 30, chop=True)) < 1e-28  # 30 digits were asked for
    assert sp.limit(softplus(x) - x, x, oo) == 0


@pytest.mark.parametrize("argument", ["0.1", "1", "-1", "50", "1000", "-1000", "-123456"])
def test_fifty_digits(argument):
    with mpmath.workdps(80):
        z = mpmath.mpf(argument)
        if z > 0:
            expected = {
                sigmoid: 1 / (1 + mpmath.exp(-z)),
                softplus: z + mpmath.log1p(mpmath.exp(-z)),
            }
        else:
            e = mpmath.exp(z)
            expected = {sigmoid: e / (1 + e), softplus: mpmath.log1p(e)}
        for function, value in expected.items():
            found = mpmath.mpf(sp.N(function(Rational(argument)), 50))
            assert abs(found / value - 1) < mpmath.mpf(10) ** -49


def test_numbers_inside_expressions():
    value = sp.N(softplus(sigmoid(sp.sqrt(2)) - 1) + x, 20).subs(x, 0)
    expected = np.log1p(np.exp(1 / (1 + np.exp(-np.sqrt(2))) - 1))
    assert float(value) == pytest.approx(expected, rel=1e-15)
    assert softplus(x).subs(x, 0.5) == pytest.approx(np.log1p(np.exp(0.5)), rel=1e-15)


def test_log_sigmoid_and_relu():
    assert log_sigmoid(x) == -softplus(-x)
    assert relu(x) == sp.Max(x, 0)


# ---- JAX -------------------------------------------------------------------------------------

EXPRESSIONS = [
    x**2 * y - 3 * x / y,
    x**-2 + 1 / y,
    sp.sqrt(y) + 1 / sp.sqrt(y) + y ** Rational(1, 3),
    exp(x) * log(y) * sp.erf(x),
    sp.sin(x) + sp.cos(y) * sp.tan(x),
    sp.sinh(x) - sp.cosh(y) + sp.tanh(x) * sp.atan(y),
    softplus(x * y) + sigmoid(x - y) ** 2 + log_sigmoid(x),
    sp.Abs(x) + sp.sign(x) + sp.Max(x, y, 1) + sp.Min(x, 2 * y, 0),
    sp.pi * x + sp.E * y + sp.cos(2) * x * y - sp.cos(3) + sp.sqrt(2) ** y,
    (x + y) ** 3 / (1 + x**2) + (x + y) ** 2,
    x / 3 + 10**40 * y + Rational(10**40, 3),
    y**x,
]
POINTS = [(0.7, 1.3), (-1.2, 0.4)]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_values_and_gradients_agree_with_sympy(expression):
    f = jax_function([x, y], expression)
    for point in POINTS:
        at = {x: Rational(point[0]), y: Rational(point[1])}
        value, gradient = jax.jit(jax.value_and_grad(f, argnums=(0, 1)))(*point)
        expected = [expression, expression.diff(x), expression.diff(y)]
        expected = [float(sp.N(e.doit().subs(at), 30)) for e in expected]
        # a few roundings of float64, and XLA's elementary functions are good to a few ulps
        np.testing.assert_allclose([value, *gradient], expected, rtol=1e-13)


@pytest.mark.parametrize("z", [-1000.0, -40.0, -1.5, 0.0, 0.3, 8.0, 40.0, 1000.0])
def test_hessians_of_sigmoids_agree_with_sympy(z):
    for expression in (softplus(x * y), sigmoid(x * y), log_sigmoid(x - 2 * y)):
        f = jax_function([x, y], expression)
        found = jax.hessian(f, argnums=(0, 1))(z, 1.0)
        hessian = sp.hessian(expression, (x, y)).subs({x: Rational(z), y: 1})
        expected = np.array(hessian.evalf(30), dtype=float)
        assert np.all(np.isfinite(found))
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_no_overflow_at_large_arguments():
    f = jax_function([x], softplus(x) * sigmoid(-x) - log_sigmoid(x))
    for z in (1000.0, -1000.0):
        derivatives = [f(z), jax.grad(f)(z), jax.hessian(f)(z), jax.jacfwd(jax.grad(f))(z)]
        assert np.all(np.isfinite(derivatives))


def test_kinks():
    hinge = sp.Max(x, 0)
    assert jax_function([x], hinge.diff(x))(0.0) == 0.5
    assert jax_function([x], hinge.diff(x))(-2.0) == 0.0
    second = jax_function([x], hinge.diff(x, 2))
    assert second(1.0) == 0.0
    assert np.isnan(second(0.0))


def test_several_expressions_share_one_call():
    f = jax_function([x, y], [exp(x * y), exp(x * y) + 1, sp.Integer(3)])
    value = jnp.stack(jax.jit(f)(0.5, 2.0))
    np.testing.assert_allclose(value, [np.e, np.e + 1, 3], rtol=1e-15)
    assert jax.vmap(jax_function([x], x**2))(jnp.arange(3.0)).tolist() == [0, 1, 4]


def test_constants_are_exact_and_keep_the_precision_of_the_arguments():
    assert jax_function([x], Rational(1, 3) + 0 * x)(1.0) == 1 / 3
    assert jax_function([x], x * Rational(1, 3))(jnp.float64(1)) == 1 / 3
    assert jax_function([x], x + sp.pi)(jnp.float64(0)) == np.pi
    assert jax_function([x], x * 2**100)(jnp.float64(1)) == 2.0**100
    # numerator and denominator are far outside the range of floats
    assert jax_function([x], x * Rational(7 * 10**400, 10**400 * 2))(1.0) == 3.5
    assert jax_function([x], x * sp.sqrt(2) + sp.pi)(jnp.float32(1)).dtype == jnp.float32


def test_without_x64_integers_do_not_overflow():
    with jax.enable_x64(False):
        assert jax_function([x], x * 10**30)(jnp.float32(1)) == jnp.float32(1e30)


def test_names_cannot_collide_with_modules_or_subexpressions():
    names = sp.symbols("jax x0 exp maximum", real=True)
    expression = sum(exp(a * b) * (a * b) for a in names for b in names) + sp.Max(*names)
    values = (0.1, 0.2, 0.3, 0.4)
    expected = sum(np.exp(a * b) * (a * b) for a in values for b in values) + 0.4
    assert jax_function(names, expression)(*values) == pytest.approx(expected, rel=1e-14)


def test_long_sums_come_from_a_table_and_are_the_same():
    """Thirty monomials and more beside a sine, against the same sums written out; derivatives too."""
    variables = sp.symbols("u:6", real=True)
    pairs = list(itertools.combinations_with_replacement(variables, 2))
    long = sum((Rational(i + 1, 7) * a * b**2 for i, (a, b) in enumerate(pairs)), sp.pi)
    expressions = [
        long + 3 * variables[0] - 5,
        variables[0] * variables[1],
        long * 2 + sp.sin(variables[2]),
    ]
    function = jax_vector_function(variables, [sp.expand(e) for e in expressions])
    written = jax_function(variables, expressions)
    x = np.linspace(-0.9, 1.1, 6)
    with jax.enable_x64(True):
        np.testing.assert_allclose(function(jnp.asarray(x)), written(*x), rtol=1e-13)
        slopes = jax.jacfwd(function)(jnp.asarray(x))
    exact = sp.Matrix(expressions).jacobian(variables).subs(dict(zip(variables, x, strict=True)))
    np.testing.assert_allclose(slopes, np.array(exact, dtype=float), rtol=1e-12, atol=1e-13)


def test_squares_in_long_sums_come_from_the_table_too():
    variables = sp.symbols("u:30", real=True)
    squares = [Rational(i + 1, 9) * (v - i % 7) ** 2 for i, v in enumerate(variables)]
    x = np.linspace(-1, 6, 30)
    loss = sp.Add(*squares)
    exact = float(loss.subs(dict(zip(variables, x, strict=True))))
    with jax.enable_x64(True):
        function = jax_vector_function(variables, [loss])
        assert "sub" not in str(jax.make_jaxpr(function)(jnp.asarray(x)))  # nothing is written out
        np.testing.assert_allclose(function(jnp.asarray(x)), [exact], rtol=1e-13)
