"""Fields of the user's own: a matrix before the gradient field, a function, a class; and what flows keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import (
    Alternating,
    Field,
    Gradient,
    InputError,
    InputTypeError,
    SymbolicGame,
    TwoTimescale,
)
from stability.fields import (
    FIELDS,
    LOLA,
    Consensus,
    FieldFunction,
    LookaheadOpponent,
    Preconditioned,
    Ridge,
    Shaping,
    Stackelberg,
    Symplectic,
)

x, y, z = sympy.symbols("x y z", real=True)
VALUE = x**2 - y**2 - 2 * z**2 + x * y - x * z + x**2 * y
GAME = SymbolicGame(
    {"one": ([x], VALUE), "two": ([y, z], -VALUE)}, box={"x": (-1, 1)}, start={"x": 1, "y": 2, "z": 3}
)  # fmt: skip
POINT = np.array([0.5, -1.0, 2.0])


@pytest.fixture(scope="module")
def numeric():
    return GAME.numeric()


@dataclass(frozen=True)
class Damped(Field):
    """v − rate·(x − anchor), a field that a user might write."""

    rate: Any = 1.0
    name: ClassVar[str] = "damped"
    keeps_equilibria: ClassVar[bool] = False

    def __call__(self, game, x):
        return game.field(x) - self.rate * x


def value_of(field, game):
    with jax.enable_x64(True):
        return np.asarray(field(game, jnp.asarray(POINT)))


def exactly(field):
    found = field(GAME, sympy.Matrix([sympy.Rational(p) for p in POINT]))
    return np.array(found, float).ravel()


def gradient():
    return exactly(Gradient())


MATRIX = np.array([[1.0, 2.0, 0.0], [0.0, 0.5, 0.0], [-1.0, 0.0, 3.0]])
OWN = [
    (Preconditioned(MATRIX), lambda v: MATRIX @ v),
    (Preconditioned(MATRIX.tolist()), lambda v: MATRIX @ v),
    (Preconditioned([1.0, 0.25, 3.0]), lambda v: np.array([1.0, 0.25, 3.0]) * v),
    (Preconditioned(sympy.diag(1, 2, 3)), lambda v: np.array([1, 2, 3]) * v),
    (Damped(0.5), lambda v: v - 0.5 * POINT),
    (FieldFunction(lambda game, x: game.field(x) - x, "pulled"), lambda v: v - POINT),
]


@pytest.mark.parametrize(
    ("field", "expected"), OWN, ids=["matrix", "rows", "diagonal", "sympy", "class", "function"]
)
def test_own_fields_in_both_engines(numeric, field, expected):
    wanted = expected(gradient())
    np.testing.assert_allclose(exactly(field), wanted, rtol=1e-14)
    np.testing.assert_allclose(value_of(field, numeric), wanted, rtol=1e-14)
    with jax.enable_x64(True):
        part = field.part(numeric, 1, jnp.asarray(POINT))
    np.testing.assert_allclose(part, wanted[1:], rtol=1e-14)


def test_two_timescales_are_a_diagonal_preconditioner():
    one, other = TwoTimescale(2)(GAME, GAME.profile), Preconditioned([1, 2, 2])(GAME, GAME.profile)
    assert (one - other).expand().is_zero_matrix


def test_decimals_and_symbols_of_a_preconditioner():
    rate = sympy.Symbol("rate", positive=True)
    field = Preconditioned(sympy.diag(rate, 1, 1))
    assert field(GAME, GAME.profile)[0] == rate * GAME.expressions[0]
    assert field.settings["matrix"][0] == ["rate", "0", "0"]
    assert Preconditioned([0.1, 1, 1.4142135623730951])(GAME, GAME.profile).has(
        -sympy.Rational(14142135623730951, 10**16)
    )


def test_own_fields_as_flows_and_with_rules(numeric):
    flow = Damped(0.5).flow(GAME)
    assert flow.expressions == GAME.expressions - GAME.profile * 0.5
    own = Damped(0.5).flow(numeric)
    matrix = own.evaluate(np.zeros((1, 3)))[1][0]
    np.testing.assert_allclose(matrix, np.array(flow.jacobian().subs({x: 0, y: 0, z: 0}), float))
    step = Alternating(0.1).linearise(matrix, own.partition)
    assert np.abs(np.linalg.eigvals(step)).max() < 1
    assert Damped(0.5).settings == {"rate": 0.5}
    assert FieldFunction(lambda game, x: x, "pulled").settings == {"function": "pulled"}
    assert not FieldFunction(lambda game, x: x).keeps_equilibria


def test_a_matrix_compares_by_identity():
    one = Preconditioned(MATRIX)
    assert one == one
    assert one != Preconditioned(MATRIX)
    assert len({one, Preconditioned(MATRIX)}) == 2
    assert one.settings == {"matrix": MATRIX.tolist()}


@pytest.mark.parametrize(
    ("matrix", "kind"),
    [
        *((m, InputTypeError) for m in (2.0, None, [[1, 2, 3]], np.zeros((2, 2, 2)), [])),
        *((m, InputError) for m in ([1, float("nan"), 2], [[1.0, 0], [0, float("inf")]])),
    ],
    ids=repr,
)
def test_a_preconditioner_is_a_square_matrix_of_numbers(matrix, kind):
    with pytest.raises(kind, match="preconditioner"):
        Preconditioned(matrix)


def test_a_preconditioner_has_the_games_size(numeric):
    for game in (GAME, numeric):
        with pytest.raises(InputError, match="has 2 rows, the game 3"):
            Preconditioned([1, 2]).flow(game)


@pytest.mark.parametrize("function", [None, 3, "v"])
def test_a_field_function_is_a_function(function):
    with pytest.raises(InputTypeError, match="made from a function"):
        FieldFunction(function)


# ---- What every flow of a game keeps ----------------------------------------------------------------

ALL = [
    Gradient(),
    TwoTimescale(2.0),
    Consensus(0.1),
    Symplectic(0.3, alignment=True),
    Stackelberg(0),
    Ridge(),
    LOLA(0.1),
    Shaping(0.1),
    LookaheadOpponent(0.1),
    Preconditioned([1.0, 2.0, 3.0]),
    Damped(0.5),
]


def test_the_registry_is_all_there_is_to_name():
    on_simplices = {"replicator", "logit", "best-reply"}
    assert (
        set(FIELDS) == {field.name for field in ALL} - {"preconditioned", "damped"} | on_simplices
    )
    for name, field in FIELDS.items():
        assert field().name == name  # every field has defaults
        assert isinstance(field(), Field)
        assert hash(field()) == hash(field())
        assert field() == field()


@pytest.mark.parametrize("field", ALL, ids=lambda f: f.name)
def test_flows_keep_what_the_game_says(numeric, field):
    for game in (GAME, numeric):
        flow = field.flow(game)
        assert (flow.game, flow.field) == (game, field)
        assert flow.partition == game.partition
        assert flow.name == game.name
        assert flow.box == {"x": (-1.0, 1.0)}
        assert tuple(map(str, flow.variables)) == ("x", "y", "z")
        np.testing.assert_array_equal(flow.start, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("field", ALL, ids=lambda f: f.name)
def test_dtypes_are_kept(numeric, field):
    def dtype(x):
        return jax.eval_shape(lambda x: field(numeric, x), x).dtype

    x = jnp.asarray(POINT, jnp.float32)
    assert dtype(x) == jnp.float32
    with jax.enable_x64(True):
        assert dtype(x) == jnp.float32
        assert dtype(x.astype(jnp.float64)) == jnp.float64


@pytest.mark.slow
def test_fields_work_under_jit_and_vmap(numeric):
    points = np.random.default_rng(0).uniform(-1, 1, (4, 3))

    def everything(x):
        return jnp.stack([field(numeric, x) for field in ALL])

    with jax.enable_x64(True):
        together = jax.jit(jax.vmap(everything))(points)
        alone = jax.jit(everything)
        one_by_one = [alone(p) for p in points]
    np.testing.assert_allclose(together, one_by_one, rtol=1e-11, atol=1e-12)
