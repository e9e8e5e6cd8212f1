from __future__ import annotations

import time

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import E, Rational, Symbol, pi, sqrt

from stability.dynamics.functions import sigmoid, softplus
from stability.errors import ExpressionError
from stability.games.expressions import CONSTANTS, FUNCTIONS, MAX_LENGTH, parse_expression

x, y = sp.symbols("x y", real=True)
NAMES = {"x": x, "y": y}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x*y + x", x * y + x),
        ("x - y - 1 + y", x - 1),
        ("x - (y - 1)", x - y + 1),
        ("x/y/2*3", 3 * x / (2 * y)),
        ("-x**2", -(x**2)),
        ("2**-1", Rational(1, 2)),
        ("2**3**2", 512),
        ("-3**2", -9),
        ("(-x)**2", x**2),
        ("+x", x),
        ("--x", x),
        ("0.1", Rational(1, 10)),
        ("1e-3", Rational(1, 1000)),
        (".5 + 2. + 1.5E+2", Rational(305, 2)),
        ("0.1 + 0.2", Rational(3, 10)),
        ("1/3", Rational(1, 3)),
        ("2**0.5", sqrt(2)),
        ("sqrt(8)", 2 * sqrt(2)),
        ("x**(1/3)", x ** Rational(1, 3)),
        ("e**x", sp.exp(x)),
        ("exp(1) - e + pi", pi),
        ("exp(2*log(x))", x**2),
        ("log(e)", 1),
        ("sin(pi/2) + cos(0)", 2),
        ("tan(x) + sinh(x) + cosh(x) + tanh(x)", sp.tan(x) + sp.sinh(x) + sp.cosh(x) + sp.tanh(x)),
        ("atan(1)", pi / 4),
        ("erf(x)", sp.erf(x)),
        ("abs(x)", sp.Abs(x)),
        ("abs(-3)", 3),
        ("sign(x)", sp.sign(x)),
        ("min(x, y, 1)", sp.Min(x, y, 1)),
        ("max(x, 0)", sp.Max(x, 0)),
        ("relu(x)", sp.Max(x, 0)),
        ("sigmoid(x) + softplus(y)", sigmoid(x) + softplus(y)),
        ("log_sigmoid(x)", -softplus(-x)),
        ("  x\n  + y\t* 2\n", x + 2 * y),
        ("((((x))))", x),
        ("0*x", 0),
        ("x**1000", x**1000),
        ("exp(x - 1000)", sp.exp(x - 1000)),
    ],
)
def test_meaning(text, expected):
    assert parse_expression(text, NAMES) == expected


def test_names_may_stand_for_exact_constants():
    assert parse_expression("c*x", {"c": sqrt(2) / 3, "x": x}) == sqrt(2) * x / 3


def test_unicode_names_and_columns_in_characters():
    theta = Symbol("θ", real=True)
    assert parse_expression("θ**2", {"θ": theta}) == theta**2
    with pytest.raises(ExpressionError) as caught:
        parse_expression("θ*θ*z", {"θ": theta})
    assert caught.value.column == 5


def test_abs_and_sign_of_what_need_not_be_real_have_derivatives():
    for text, expected in (("abs(log(x))", -2), ("sign(log(x))*x", -1)):
        derivative = parse_expression(text, NAMES).diff(x).doit()
        assert derivative.subs(x, Rational(1, 2)).simplify() == expected


def test_long_sums_and_products_are_no_deep_ones():
    assert parse_expression("+".join(["x"] * 800), NAMES) == 800 * x
    assert parse_expression("*".join(["x"] * 800), NAMES) == x**800


# (expression, column, part of the message)
BAD = [
    ("", 1, "empty"),
    (" \n ", 1, "empty"),
    ("z", 1, "unknown name 'z'"),
    ("x + gama", 5, "unknown name"),
    ("x +\n  z", 7, "unknown name"),
    ("  z", 3, "unknown name"),
    ("f(x)", 1, "unknown function 'f'"),
    ("x + sine(x)", 5, "did you mean sin"),
    ("sin", 1, "needs its argument"),
    ("2*exp + 1", 3, "needs its argument"),
    ("x(2)", 1, "not a function"),
    ("pi(2)", 1, "not a function"),
    ("(x + 1)(y)", 1, "not part of the language"),
    ("sin(x)(y)", 1, "not part of the language"),
    ("sin()", 1, "one argument, not 0"),
    ("y*sin(x, y)", 3, "one argument, not 2"),
    ("max(x)", 1, "two arguments or more, not 1"),
    ("min()", 1, "two arguments or more, not 0"),
    ("sqrt(*x)", 6, "not part of the language"),
    ("sqrt(x=1)", 7, "no equals sign"),
    ("x^2", 2, "write ** for powers"),
    ("x = 1", 3, "no equals sign"),
    ("x == y", 3, "no equals sign"),
    ("x < y", 3, "'<'"),
    ("x // y", 1, "not part of the language"),
    ("x % y", 3, "'%'"),
    ("x @ y", 3, "'@'"),
    ("~x", 1, "'~'"),
    ("not x", 1, "not part of the language"),
    ("x and y", 1, "not part of the language"),
    ("x in y", 1, "not part of the language"),
    ("x is y", 1, "not part of the language"),
    ("x if y else x", 1, "not part of the language"),
    ("1if x else 2", 1, "not part of the language"),
    ("(x for x in y)", 1, "not part of the language"),
    ("[x]", 1, "'['"),
    ("{x}", 1, "'{'"),
    ("x[0]", 2, "'['"),
    ("x.real", 1, "not part of the language"),
    ("x.__class__.__mro__", 1, "not part of the language"),
    ("lambda: x", 7, "':'"),
    ("(x := 1)", 4, "':'"),
    ("await x", 1, "not part of the language"),
    ("(yield)", 2, "not part of the language"),
    ("x, y", 1, "not part of the language"),
    ("()", 1, "not part of the language"),
    ("'x'", 1, '"\'"'),
    ("f'{x}'", 2, '"\'"'),
    ("__import__('os')", 12, "has no meaning"),
    ("x; y", 2, "';'"),
    ("x # y", 3, "'#'"),
    ("x \\ y", 3, "has no meaning"),
    ("x\0", 2, "has no meaning"),
    ("x²", 2, "has no meaning"),
    ("x\ud800", 2, "has no meaning"),
    ("True", 1, "'True' is not a decimal number"),
    ("None", 1, "not a decimal number"),
    ("...", 1, "not a decimal number"),
    ("0x10", 1, "not a decimal number"),
    ("0b1", 1, "not a decimal number"),
    ("1_000", 1, "not a decimal number"),
    ("x + 1j", 5, "not a decimal number"),
    ("007", 1, "cannot be read"),
    ("1..2", 3, "cannot be read"),
    ("2x", 1, "cannot be read"),
    ("2 x", 3, "cannot be read"),
    ("x y", 3, "cannot be read"),
    ("x +", 4, "cannot be read"),
    ("x + * y", 5, "cannot be read"),
    ("import os", 1, "cannot be read"),
    ("(x", 1, "never closed"),
    ("x + sin(y", 8, "never closed"),
    ("x)", 2, "never opened"),
    ("x) + (y", 2, "never opened"),
    ("1/0", 3, "division by zero"),
    ("x/(1 - 1)", 4, "division by zero"),
    ("x/(y - y)", 4, "division by zero"),
    ("x*2/0*y", 5, "division by zero"),
    ("1/(sin(1)**2 + cos(1)**2 - 1)", 4, "division by zero"),
    ("0**-1", 1, "division by zero"),
    ("0**-0.5", 1, "division by zero"),
    ("log(0)", 1, "not a finite real number"),
    ("tan(pi/2)", 1, "not a finite real number"),
    ("sqrt(-1)", 1, "not a"),
    ("x + log(-1)", 5, "not a"),
    ("(-8)**(1/3)", 1, "not a real number"),
    ("sqrt(-x**2)", 1, "not a finite real number"),
    ("9**9**9", 1, "too large"),
    ("10**5000", 1, "too large"),
    ("(10**5000)**2", 2, "too large"),
    ("10**300*10**300", 1, "too large"),
    ("1e999999999", 1, "too large"),
    ("1e-999999999", 1, "too small"),
    ("1e-400", 1, "too small"),
    ("1e" + "9" * 50, 1, "not a decimal number"),
    ("9" * 400, 1, "too large"),
    ("9" * 5000, None, "too many digits"),
    ("0." + "9" * 2000, 1, "too many digits"),
    ("exp(exp(exp(1000)))", 9, "too large"),
    ("sinh(1000)", 1, "too large"),
    ("x**1001", 1, "larger than 1000"),
    ("(x + y)**1000000", 1, "larger than 1000"),
    ("(x**1000)**1000", 1, "larger than 1000"),
    ("x**600*x**600", 1, "larger than 1000"),
    ("(12345*x)**900", 1, "too many digits"),
    ("exp(1e9*log(2))", 1, "too large"),
    ("exp(x + 1e9*log(2))", 1, "too large"),
    ("e**(1e9*log(x))", 1, "larger than 1000"),
    ("2**(x + 1e9)", 1, "too large"),
    ("softplus(x)**(y - 1e300)", 1, "larger than 1000"),
    ("exp(" * 70 + "x" + ")" * 70, 4 * 65 + 1, "nested more than 64 deep"),
    ("(" * 4000 + "x" + ")" * 4000, 201, "cannot be read"),
    ("-" * 9000 + "x", 1, "too deeply"),
    ("x**" * 500 + "x", None, "nested more than 64 deep"),
    ("x" * (MAX_LENGTH + 1), 1, "longer than"),
    ("x*atan(tan(1e300))", 1, "SymPy cannot build"),
]


@pytest.mark.parametrize(("text", "column", "fragment"), BAD, ids=[repr(b[0])[:40] for b in BAD])
def test_refusals(text, column, fragment):
    began = time.process_time()
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, NAMES)
    assert fragment in str(caught.value)
    assert "\n" not in str(caught.value)
    assert column is None or caught.value.column == column
    assert time.process_time() - began < 2


@pytest.mark.parametrize("text", [None, 3, 0.5, b"x", ["x"]])
def test_only_strings(text):
    with pytest.raises(ExpressionError, match="an expression is a string"):
        parse_expression(text, NAMES)


def test_growth_through_names_is_bounded():
    constant = sp.Integer(2)
    names = {"c": constant}
    with pytest.raises(ExpressionError, match=r"20000 parts|takes too long"):  # noqa: PT012
        for _ in range(40):
            names["c"] = parse_expression("sin(c) + cos(c)*c", names)


# ---- no exception but one, and no long wait --------------------------------------------------

TOKENS = [
    *FUNCTIONS,
    *CONSTANTS,
    *"xy()+-*/,.",
    "**",
    "(",
    ")",
    "0",
    "1",
    "2",
    "0.5",
    "1e9",
    "1e300",
    "1e-300",
    "1000",
    " ",
    " if ",
    " else ",
    " for ",
    " in ",
    "lambda",
    "__class__",
    "\n",
]

atoms = st.sampled_from(
    ["x", "y", "0", "1", "2", "0.5", "999", "1e9", "1e300", "1e-300", "pi", "e"]
)
operators = st.sampled_from(["+", "-", "*", "/", "**"])
unary = st.sampled_from([name for name in FUNCTIONS if name not in ("min", "max")])
well_formed = st.recursive(
    atoms,
    lambda inner: (
        st.builds("({}{}{})".format, inner, operators, inner)
        | st.builds("{}({})".format, unary, inner)
        | st.builds("max({}, {})".format, inner, inner)
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.text(max_size=60) | st.lists(st.sampled_from(TOKENS), max_size=25).map("".join) | well_formed
)
def test_any_text_gives_an_expression_or_one_kind_of_error(text):
    began = time.process_time()
    expression, error = None, None
    try:
        expression = parse_expression(text, NAMES)
    except ExpressionError as caught:
        error = caught
    assert time.process_time() - began < 2
    if expression is not None:
        assert expression.free_symbols <= {x, y}
        assert not expression.has(sp.nan, sp.zoo, sp.oo, -sp.oo, sp.I)
    else:
        assert "\n" not in str(error)
        assert error.column is None or 1 <= error.column <= len(text) + 1


def test_expressions_do_not_depend_on_what_python_has_in_scope():
    for text in ("print(1)", "open(x)", "E", "I", "Symbol(x)", "zoo", "S"):
        with pytest.raises(ExpressionError, match="unknown"):
            parse_expression(text, NAMES)
    assert parse_expression("e", {}) == E
