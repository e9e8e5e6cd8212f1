"""Games in SymPy: operations against derivatives by hand, parameters, errors and the numeric twin."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Gradient, InputError, InputTypeError, SymbolicGame
from stability.dynamics.functions import softplus

p, q, r = sympy.symbols("p q r", real=True)
g = sympy.Symbol("gamma", real=True)
x, y, gamma = sympy.symbols("x y gamma")  # bare symbols, which SymPy takes for complex


@pytest.fixture(scope="module")
def game():
    # the same game as in test_game.py, with a parameter: L₁ = γ p² q + 3 p r, L₂ = r³/3 − 2 q r + p
    return SymbolicGame(
        {"zeta": ([p, q], g * p**2 * q + 3 * p * r), "alpha": (r, r**3 / 3 - 2 * q * r + p)},
        parameters={g: 1},
    )


FIELD = sympy.Matrix([-2 * g * p * q - 3 * r, -g * p**2, -(r**2) + 2 * q])
JACOBIAN = sympy.Matrix([[-2 * g * q, -2 * g * p, -3], [-2 * g * p, 0, 0], [0, 2, -2 * r]])
GRADIENTS = sympy.Matrix([[2 * g * p * q + 3 * r, g * p**2, 3 * p], [1, -2 * r, r**2 - 2 * q]])
HESSIANS = (
    sympy.Matrix([[2 * g * q, 2 * g * p, 3], [2 * g * p, 0, 0], [3, 0, 0]]),
    sympy.Matrix([[0, 0, 0], [0, 0, -2], [0, -2, 2 * r]]),
)


def same(one, other):
    return sympy.Matrix(one - other).applyfunc(sympy.expand).is_zero_matrix


def test_players_and_variables(game):
    assert game.players == ("zeta", "alpha")
    assert game.variables == (p, q, r)
    assert game.partition.sizes == (2, 1)
    assert game.dimension == 3
    assert game.profile == sympy.Matrix([p, q, r])
    assert game.free_parameters == ()


def test_operations_at_the_variables(game):
    assert same(game.field(), FIELD)
    assert same(game.player_field("zeta"), FIELD[:2, :])
    assert same(game.player_field(1), FIELD[2:, :])
    assert same(game.jacobian(), JACOBIAN)
    assert same(game.block("zeta", "alpha"), JACOBIAN[:2, 2:])
    assert same(game.block(1, 0), JACOBIAN[2:, :2])
    first, second = game.derivatives()
    assert same(first, GRADIENTS)
    assert all(same(*pair) for pair in zip(second, HESSIANS, strict=True))


def test_operations_at_a_point(game):
    at = sympy.Matrix([2, sympy.Rational(-1, 3), 5])
    put = dict(zip((p, q, r), at, strict=True))
    u = sympy.Matrix([1, -2, 3])
    assert game.losses(at) == (-4 * g / 3 + 30, sympy.Rational(125, 3) + sympy.Rational(10, 3) + 2)
    assert same(game.field(at), FIELD.xreplace(put))
    assert same(game.jvp(at, u), JACOBIAN.xreplace(put) * u)
    assert same(game.vjp(at, u), JACOBIAN.xreplace(put).T * u)
    assert not same(game.jvp(at, u), game.vjp(at, u))


def test_points_in_terms_of_the_variables_themselves(game):
    swapped = sympy.Matrix([q, p, r])
    assert same(game.field(swapped), FIELD.xreplace({p: q, q: p}))


def test_constrained_hessian(game):
    w = sympy.Matrix([sympy.Rational(2, 5)])
    expected = HESSIANS[0] - w[0] * sympy.diag(0, 0, 2)
    assert same(game.constrained_hessian("zeta", "alpha", None, w), expected)
    a, b = sympy.Rational(2, 5), -3
    bent = a * g * sympy.Matrix([[0, 2, 0], [2, 0, 0], [0, 0, 0]]) + b * g * sympy.diag(2, 0, 0)
    found = game.constrained_hessian("alpha", "zeta", None, sympy.Matrix([a, b]))
    assert same(found, HESSIANS[1] - bent)
    at = sympy.Matrix([1, 2, 3])
    put = dict(zip((p, q, r), at, strict=True))
    found = game.constrained_hessian("alpha", "zeta", at, sympy.Matrix([a, 0]))
    expected = HESSIANS[1] - a * g * sympy.Matrix([[0, 2, 0], [2, 0, 0], [0, 0, 0]])
    assert same(found, expected.xreplace(put))


# ---- Bare symbols -----------------------------------------------------------------------------


def test_real_makes_bare_symbols_real_and_keeps_everything_else():
    bare = SymbolicGame(
        {"x": ([x], abs(x) * y + gamma * x**2), "y": ([y], -abs(x) * y)},
        parameters={gamma: 0.5},
        box={x: (-1, 2)},
        start={x: 1, y: 2},
        name="bare",
        minimizer="y",
    )
    real = bare.real
    a, b, c = sympy.symbols("x y gamma", real=True)
    assert real.variables == (a, b)
    assert real.field() == sympy.Matrix([-b * sympy.sign(a) - 2 * c * a, abs(a)])
    assert real.parameters == {c: sympy.Rational(1, 2)}
    assert real.box == {"x": (-1.0, 2.0)}
    np.testing.assert_array_equal(real.start, [1.0, 2.0])
    assert (real.name, real.minimizer, real.players) == ("bare", 1, ("x", "y"))
    assert bare.variables == (x, y)  # the user's own symbols stay
    assert real.real is real


def test_renaming_back_restores_the_users_symbols():
    bare = SymbolicGame({"x": ([x], x * y), "y": ([y], -x * y + gamma)})
    back = {s: sympy.Symbol(s.name) for s in (*bare.real.variables, *bare.real.free_parameters)}
    restored = bare.real.renamed(back)
    assert restored.variables == bare.variables
    assert restored.losses() == bare.losses()
    assert restored.free_parameters == (gamma,)


def test_symbols_with_assumptions_of_their_own_are_kept():
    positive = sympy.Symbol("k", positive=True)
    game = SymbolicGame({"x": ([x], positive * x**2)}, parameters={"k": 2})
    assert game.free_parameters == ()
    assert positive in game.real.parameters


def test_numeric_twin_of_bare_absolute_values():
    game = SymbolicGame({"x": ([x], abs(x) * y + x**2), "y": ([y], -x * y)}).numeric()
    np.testing.assert_allclose(game.field(jnp.array([-2.0, 3.0])), [7.0, -2.0], rtol=1e-6)


def test_a_loss_in_another_symbol_of_the_variables_name():
    own = sympy.Symbol("x", real=True)
    try:
        field = SymbolicGame({"x": ([own], x**2)}).field()
    except InputError:
        return
    assert sympy.Matrix(field).xreplace({x: own}) == sympy.Matrix([-2 * own])


# ---- Terms added to losses --------------------------------------------------------------------


def test_terms_are_added_to_the_losses_of_those_named():
    game = SymbolicGame(
        {"x": ([x], x * y + gamma * x), "y": ([y], -x * y)},
        parameters={gamma: 0.5},
        box={x: (-1, 2)},
        start={x: 1, y: 2},
        name="bare",
        minimizer="y",
    )
    added = game.with_terms({"y": lambda g, point: g.gradient("x", point)[0] ** 2 * point[1]})
    assert added.losses() == (x * y + gamma * x, -x * y + (y + gamma) ** 2 * y)
    assert game.losses() == (x * y + gamma * x, -x * y)
    for what in ("name", "variables", "parameters", "box", "partition", "minimizer"):
        assert getattr(added, what) == getattr(game, what)
    np.testing.assert_array_equal(added.start, [1.0, 2.0])


def test_terms_are_made_over_real_symbols():
    game = SymbolicGame({"x": ([x], abs(x) * y), "y": ([y], -x * y)})
    added = game.with_terms({"y": lambda g, point: g.gradient("x", point)[0]})
    assert added.losses()[1] == -x * y + y * sympy.sign(x)
    assert added.variables == (x, y)


@pytest.mark.parametrize("term", [sympy.nan, sympy.oo, sympy.Matrix([1, 2]), "x", None])
def test_terms_that_are_no_real_expressions(term):
    game = SymbolicGame({"x": ([x], x**2)})
    with pytest.raises(InputTypeError, match="a term of the loss of player 'x'"):
        game.with_terms({"x": lambda g, point: term})
    with pytest.raises(InputError, match="no player 'z'"):
        game.with_terms({"z": lambda g, point: point[0]})


# ---- Parameters -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (0.1, "1/10"),
        (1e-7, "1/10000000"),
        (0.1 + 0.2, "30000000000000004/100000000000000000"),
        (np.float64(0.7), "7/10"),
        (2, "2"),
        (np.int64(-3), "-3"),
        (sympy.sqrt(2), "sqrt(2)"),
        (sympy.Rational(1, 3), "1/3"),
        (sympy.pi / 4, "pi/4"),
    ],
)
def test_parameters_are_exact(value, exact):
    game = SymbolicGame({"x": ([x], gamma * x**2)}, parameters={"gamma": value})
    assert game.parameters == {gamma: sympy.sympify(exact)}
    assert game.values() == game.parameters
    assert game.values({gamma: 5}) == {gamma: 5}


@pytest.mark.parametrize(
    "value",
    [
        *(float("nan"), float("inf"), True, "0.1", None, x, np.float32("nan"), np.array([1.0])),
        *(pytest.param(v) for v in (1j, sympy.I, sympy.oo, sympy.zoo, sympy.nan, [1])),
    ],
    ids=repr,
)
def test_parameters_that_are_no_finite_numbers(value):
    with pytest.raises(InputError):
        SymbolicGame({"x": ([x], gamma * x**2)}, parameters={"gamma": value})


def test_free_parameters():
    b, a = sympy.symbols("b a")
    game = SymbolicGame({"x": ([x], b * x**2 + a * x * gamma)}, parameters={"gamma": 1})
    assert game.free_parameters == (a, b)
    with pytest.raises(InputError, match="parameter a needs a value"):
        game.values({"b": 1})
    with pytest.raises(InputError, match="parameter a needs a value"):
        game.numeric()
    with pytest.raises(InputError, match="no parameter c"):
        game.numeric({"a": 1, "b": 2, "c": 3})
    with pytest.raises(InputError, match="no parameter x"):
        game.numeric({"a": 1, "b": 2, "x": 3})
    twin = game.numeric(parameters={"a": 2, b: 3, "gamma": 0.5})
    # v = −(2·3·x + 2·0.5) at x = 4
    np.testing.assert_allclose(twin.field(jnp.array([4.0])), [-25.0], rtol=1e-6)


def test_a_variable_is_no_parameter():
    with pytest.raises(InputError, match="x is a variable"):
        SymbolicGame({"x": ([x], x**2)}, parameters={"x": 1})


# ---- The numeric twin -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rich():
    losses = {
        "a": ([p, q], softplus(p * r) + sympy.sin(q) * p + g * sympy.exp(-(q**2)) * r),
        "b": ([r], -softplus(p * r) + sympy.tanh(r) * q + r**4 / 7),
    }
    return SymbolicGame(losses, parameters={g: 0.3}, start={p: 1, q: 2, r: 3}, minimizer="b")


def test_the_engines_agree_at_random_points(rich):
    twin = rich.numeric()
    assert twin.players == rich.players
    assert twin.variables == ("p", "q", "r")
    assert twin.minimizer == 1
    np.testing.assert_array_equal(twin.start, [1.0, 2.0, 3.0])
    field = rich.field().xreplace(rich.values())
    jacobian = rich.jacobian().xreplace(rich.values())
    w = np.array([0.5, -2.0])
    constrained = rich.constrained_hessian("b", "a", None, sympy.Matrix(list(w)))
    constrained = constrained.xreplace(rich.values())
    gradients, hessians = rich.derivatives()
    with jax.enable_x64(True):
        for point in np.random.default_rng(0).normal(size=(4, 3)):
            put = dict(zip((p, q, r), map(sympy.Float, point), strict=True))

            def number(matrix, put=put):
                put = {**put, **rich.values()}
                return np.array(matrix.xreplace(put).evalf(30), dtype=float)

            def check(actual, matrix, number=number):
                np.testing.assert_allclose(actual, number(matrix), rtol=1e-12, atol=1e-13)

            check(twin.field(point)[:, None], field)
            check(twin.jacobian(point), jacobian)
            check(twin.constrained_hessian("b", "a", point, w), constrained)
            first, second = twin.derivatives(point)
            check(first, gradients)
            check(second[0], hessians[0])
            check(second[1], hessians[1])


# ---- Errors -----------------------------------------------------------------------------------

FORMS = {
    "loss alone": x**2,
    "text": "x",
    "the wrong way round": (x**2, [x]),
    "three things": ([x], x**2, 1),
    "nothing": None,
    "names for symbols": (["x"], x**2),
    "expression for a symbol": ([x + 1], x**2),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_players_in_the_wrong_form(form):
    with pytest.raises(InputTypeError) as error:
        SymbolicGame({"one": form, "two": ([y], y**2)})
    assert "\n" not in str(error.value)


def test_a_single_symbol_needs_no_list():
    assert SymbolicGame({"x": (x, x**2)}).variables == (x,)


@pytest.mark.parametrize(
    "players",
    [
        {},
        {"x": ([], x**2)},
        {"x": ([x], x**2), "y": ([x], x)},
        {"x": ([x, x], x**2)},
        {"x": ([x], x**2), "y": ([sympy.Symbol("x", real=True)], x)},
    ],
    ids=["no players", "nothing owned", "owned twice", "named twice", "the same name"],
)
def test_variables_have_exactly_one_owner(players):
    with pytest.raises(InputError):
        SymbolicGame(players)


LOSSES = {
    "nan": sympy.nan,
    "zoo": x + sympy.zoo,
    "oo": sympy.oo,
    "float nan": float("nan"),
    "equation": sympy.Eq(x, 1),
    "list": [x],
    "none": None,
    "truth value": True,
}
LET_THROUGH = {
    "minus infinity": -sympy.oo,
    "matrix": sympy.Matrix([x, y]),
    "imaginary": sympy.I * x,
    "function": lambda: x,
}


@pytest.mark.parametrize(
    "loss",
    [
        *LOSSES.values(),
        *(pytest.param(v) for v in LET_THROUGH.values()),
    ],
    ids=[*LOSSES, *LET_THROUGH],
)
def test_losses_that_are_no_real_expressions(loss):
    with pytest.raises(InputTypeError, match="one"):
        SymbolicGame({"one": ([x], loss), "two": ([y], x * y)})


@pytest.mark.parametrize(
    "options",
    [
        {"box": {"z": (0, 1)}},
        {"box": {x: (1, 0)}},
        {"start": {x: 1}},
        {"start": {x: 1, y: 2, "z": 3}},
        {"start": [1, float("nan")]},
        {"minimizer": "z"},
        pytest.param(
            {"start": [1, 2, 3]},
        ),
    ],
    ids=repr,
)
def test_bad_options(options):
    with pytest.raises(InputError):
        SymbolicGame({"x": ([x], x * y), "y": ([y], -x * y)}, **options)


def test_text_is_no_loss():
    with pytest.raises(InputError):
        SymbolicGame({"x": ([x], "x**2")})


def test_the_gradient_flow_keeps_the_start():
    game = SymbolicGame({"x": ([x], x**2)}, start={x: 3})
    np.testing.assert_array_equal(Gradient().flow(game).start, [3.0])


def test_kinks_over_bare_symbols_have_numbers():
    """SymPy takes a bare symbol for complex, and |x| then has a derivative that no number can be put into."""
    a, b = sympy.symbols("a b")
    game = SymbolicGame({"a": ([a], abs(a) ** 3 + a * b), "b": ([b], -a * b + abs(b - 1) * b)})
    point = sympy.Matrix([-2, 3])
    assert game.field(point) == sympy.Matrix([12 - 3, -2 - 2 - 3])
    assert game.jacobian(point) == sympy.Matrix([[-12, -1], [1, -2]])
    # in the game's own symbols
    assert game.expressions.free_symbols == {a, b}
