"""From SymPy to JavaScript, judged by what a browser computes and what JAX computes."""

from __future__ import annotations

import json
from importlib import resources

import jax
import numpy as np
import pytest
import sympy
from sympy import Symbol

import stability as st
from stability.dynamics.functions import jax_function, log_sigmoid, relu, sigmoid, softplus
from stability.games import catalogue
from stability.page.javascript import javascript

pytestmark = pytest.mark.xdist_group("browser")

X, Y = Symbol("x", real=True), Symbol("y", real=True)
FUNCTIONS = [
    sympy.exp(X) / 3,
    sympy.log(X**2 + sympy.Rational(1, 7)),
    sympy.sqrt(X**2 + 1) / sympy.sqrt(Y**2 + 2),
    sympy.sin(X) * sympy.cos(Y),
    sympy.tan(X / 3),
    sympy.sinh(X) - sympy.cosh(Y),
    sympy.tanh(X * Y),
    sympy.atan(X),
    sympy.Abs(X - Y),
    sympy.sign(X),
    sympy.Min(X, Y, 1),
    sympy.Max(X, -Y),
    sympy.erf(X),
    sympy.erf(5 * X),
    sigmoid(X + Y),
    softplus(40 * X),
    log_sigmoid(X),
    relu(X * Y),
    sympy.Heaviside(X),
    sympy.DiracDelta(X) + X,
    sympy.Piecewise((X, X > Y), (Y**2, X > 0), (-X, True)),
    sympy.Piecewise((X, sympy.And(X > 0, Y > 0)), (1, True)),
    (X - 2) ** 5 - (-X) ** 2 + 1 / X + X**-3,
    sympy.Abs(X) ** sympy.Rational(1, 3),
    -sympy.exp(-(X**2)) - (-Y - 1) ** 2,
    sympy.pi * X + sympy.E - sympy.sqrt(2),
    2**X + 10**20 * Y / 3,
    sympy.Integer(7),
]
SMOOTH = [e for e in FUNCTIONS if not e.has(sympy.DiracDelta, sympy.Heaviside, sympy.sign)]


def in_browser(look, functions: list[tuple[str, np.ndarray]]) -> list[np.ndarray]:
    """The values of JavaScript functions, each on the rows of a matrix."""
    source = resources.files("stability.page").joinpath("functions.js").read_text("utf-8")
    cases = ", ".join(f"[{code}, {json.dumps(rows.tolist())}]" for code, rows in functions)
    # JSON has no NaN and no infinities; toString and float agree on them and on all digits of the rest
    script = f"""<script>"use strict";
    {source}
    const found = [{cases}].map(([f, rows]) => rows.map((row) => f(...row).map(String)));
    </script>"""
    page = look(f'<!doctype html><html lang="en"><title>Values</title>{script}</html>')
    return [np.array(v, dtype=float) for v in page.execute_script("return found")]


def in_jax(symbols, expressions, rows: np.ndarray) -> np.ndarray:
    function = jax_function(symbols, expressions)
    with jax.enable_x64(True):
        return np.array(
            [[float(value) for value in function(*row)] for row in jax.numpy.asarray(rows)]
        )


def assert_close(found: np.ndarray, expected: np.ndarray, rows: np.ndarray) -> None:
    # Relative to the larger of the value and the size of what it was computed from: a sum of terms of
    # size one that cancels to 1e-5 has lost five digits in either language.
    scale = 1e-12 * (1 + np.abs(expected) + np.abs(rows).max(axis=1, keepdims=True))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    seen = ~np.isnan(expected)
    assert (np.abs(found - expected)[seen] <= np.broadcast_to(scale, found.shape)[seen]).all()


def test_every_function_of_game_files(look):
    rng = np.random.default_rng(1)
    rows = rng.uniform(-3, 3, (60, 2))
    rows = np.vstack([rows, [[0.0, 1.0], [0.5, 0.0], [-2.0, -2.0]]])
    (found,) = in_browser(look, [(javascript(FUNCTIONS, [X, Y]), rows)])
    expected = in_jax([X, Y], FUNCTIONS, rows)
    for k, e in enumerate(FUNCTIONS):  # one by one: infinities at x = 0 are equal, not close
        both = np.isinf(found[:, k]) & (found[:, k] == expected[:, k])
        np.testing.assert_allclose(
            found[~both, k], expected[~both, k], rtol=1e-12, atol=1e-14, err_msg=str(e)
        )


def test_their_derivatives(look):
    rows = np.random.default_rng(2).uniform(-3, 3, (60, 2))
    slopes = [e.diff(X) for e in SMOOTH] + [e.diff(X, Y) for e in SMOOTH]
    (found,) = in_browser(look, [(javascript(slopes, [X, Y]), rows)])
    np.testing.assert_allclose(found, in_jax([X, Y], slopes, rows), rtol=1e-11, atol=1e-12)


def test_nothing_overflows(look):
    rows = np.array([[z] for z in (-1e308, -800.0, -40.0, -1e-300, 0.0, 1e-9, 40.0, 800.0, 1e308)])
    expressions = [sigmoid(X), softplus(X), log_sigmoid(X), sympy.erf(X)]
    (found,) = in_browser(look, [(javascript(expressions, [X]), rows)])
    np.testing.assert_allclose(found, in_jax([X], expressions, rows), rtol=1e-13)


def test_erf_against_many_digits(look):
    rows = np.linspace(-7, 7, 281)[:, None]
    (found,) = in_browser(look, [(javascript([sympy.erf(X)], [X]), rows)])
    exact = [float(sympy.erf(sympy.Float(z, 40)).evalf(30)) for z in rows[:, 0]]
    np.testing.assert_allclose(found[:, 0], exact, rtol=1e-14)


@pytest.mark.slow
def test_every_game_of_the_catalogue(look):
    cases, expected, names = [], [], []
    rng = np.random.default_rng(0)
    for name in catalogue.names():
        system = st.load(name).real
        if system.dimension > 4:
            continue
        values = system.values()
        box = [system.box.get(v.name, (-2, 2)) for v in system.variables]
        points = rng.uniform(*np.transpose(box), (20, system.dimension))
        parameters = [float(value) for value in values.values()]
        rows = np.hstack([points, np.tile(parameters, (20, 1))])
        cases.append((javascript(list(system.expressions), [*system.variables, *values]), rows))
        numeric = system.numeric()
        with jax.enable_x64(True):
            flow = st.Gradient().flow(numeric) if isinstance(numeric, st.Game) else numeric
            expected.append(np.array([flow(point) for point in jax.numpy.asarray(points)]))
        names.append(name)
    assert len(names) >= 25
    for name, found, jaxed, (_, rows) in zip(
        names, in_browser(look, cases), expected, cases, strict=True
    ):
        assert np.isfinite(found).all(), name
        assert_close(found, jaxed, rows)


def test_names_never_become_code(look):
    odd = [
        Symbol(name) for name in ("class", "NaN", "v1", "c0", "Math", "1); alert(1); (", "π", "")
    ]
    expression = sum((k + 1) * s**2 for k, s in enumerate(odd))
    shared = sympy.cos(expression / 400)
    code = javascript([shared, shared**2, expression], odd)
    assert "alert" not in code
    assert code.count("Math.cos") == 1  # computed once
    row = np.arange(1.0, 9.0)
    (found,) = in_browser(look, [(code, row[None])])
    total = float(((np.arange(8) + 1) * row**2).sum())
    np.testing.assert_allclose(
        found[0], [np.cos(total / 400), np.cos(total / 400) ** 2, total], rtol=1e-13
    )


def test_nothing_where_the_domain_is_left(look):
    code = javascript([X, Y**2], [X, Y], [sympy.log(X), 1 / Y])
    rows = np.array([[1.0, 2.0], [0.0, 2.0], [-1.0, 2.0], [1.0, 0.0]])
    (found,) = in_browser(look, [(code, rows)])
    np.testing.assert_array_equal(found, [[1, 4], *[[np.nan, np.nan]] * 3])


def test_what_has_no_translation_is_refused():
    with pytest.raises(st.InputError, match="no translation to JavaScript"):
        javascript([sympy.gamma(X)], [X])
    with pytest.raises(st.InputError, match="y is neither a variable nor a parameter"):
        javascript([X + Y], [X])
