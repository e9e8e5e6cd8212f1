"""LOLA and lookahead-opponent against what they say: the losses at the anticipated place, differentiated."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Game, InputError, InputTypeError, SymbolicGame, games
from stability.fields import FIELDS, LOLA, LookaheadOpponent

x, y, z = sympy.symbols("x y z", real=True)
step = sympy.Symbol("alpha", positive=True)
LOSSES = [
    x**2 * y + x * z + x**3 / 2 - y * z**2,
    x * y**2 + y * z - y**3 + x**2 * z**2,
    z**2 * x - y * z + x * y + z,
]
THREE = SymbolicGame({"a": ([x], LOSSES[0]), "b": ([y], LOSSES[1]), "c": ([z], LOSSES[2])})
TWO = SymbolicGame({"a": ([x], LOSSES[0]), "b": ([y, z], LOSSES[1])})
VALUE = sympy.Rational(3, 10)


@pytest.fixture(scope="module")
def in_jax():
    return {2: TWO.numeric(), 3: THREE.numeric()}


def owners(game):
    return [list(game.variables[s]) for s in game.partition.slices]


def moved(game, i):
    """Where player i expects the others: x_j − step·∇_jL_j(x)."""
    return {
        v: v - step * loss.diff(v)
        for j, (own, loss) in enumerate(zip(owners(game), game.losses(), strict=True))
        for v in own
        if j != i
    }


def expected_lookahead(game):
    """∇ᵢLᵢ first, then the others put where they are expected."""
    rows = [
        -loss.diff(v).xreplace(moved(game, i))
        for i, (own, loss) in enumerate(zip(owners(game), game.losses(), strict=True))
        for v in own
    ]
    return sympy.Matrix(rows)


def expected_exact(game):
    """The others put where they are expected first, then ∇ᵢ through everything."""
    rows = [
        -loss.xreplace(moved(game, i)).diff(v)
        for i, (own, loss) in enumerate(zip(owners(game), game.losses(), strict=True))
        for v in own
    ]
    return sympy.Matrix(rows)


def expected_first_order(game):
    """−∇ᵢ of the loss expanded to first order in the step."""
    rows = []
    for i, (own, loss) in enumerate(zip(owners(game), game.losses(), strict=True)):
        shifted = loss.xreplace(moved(game, i))
        expanded = shifted.xreplace({step: sympy.S.Zero}) + step * shifted.diff(step).xreplace(
            {step: sympy.S.Zero}
        )
        rows += [-expanded.diff(v) for v in own]
    return sympy.Matrix(rows)


FIELDS_AND_FORMULAS = [
    (LookaheadOpponent, {}, expected_lookahead),
    (LOLA, {}, expected_first_order),
    (LOLA, {"exact": True}, expected_exact),
]


@pytest.mark.parametrize("game", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize(
    ("field", "settings", "formula"), FIELDS_AND_FORMULAS, ids=["lookahead", "lola", "exact-lola"]
)
def test_the_definition_in_both_engines(in_jax, game, field, settings, formula):
    expected = formula(game)
    found = field(step, **settings)(game, game.profile)
    assert (found - expected).expand().is_zero_matrix
    point = [sympy.Rational(n, 4) for n in (3, -2, 5)]
    numbers = {**dict(zip(game.variables, point, strict=True)), step: VALUE}
    own = in_jax[len(game.players)]
    numeric = field(0.3, **settings)
    with jax.enable_x64(True):
        profile = jnp.array(point, float)
        whole = numeric(own, profile)
        parts = [numeric.part(own, i, profile) for i in range(len(game.players))]
    wanted = np.array(expected.xreplace(numbers), float).ravel()
    np.testing.assert_allclose(whole, wanted, rtol=1e-13)
    np.testing.assert_allclose(jnp.concatenate(parts), wanted, rtol=1e-13)


@pytest.mark.parametrize("exact", [False, True])
def test_lola_is_the_gradient_to_order_zero(exact):
    assert (LOLA(0, exact)(THREE, THREE.profile) - THREE.expressions).expand().is_zero_matrix
    first, second = (
        field(THREE, THREE.profile).diff(step).xreplace({step: sympy.S.Zero}).expand()
        for field in (LOLA(step, exact), LOLA(step, not exact))
    )
    assert first == second  # the two forms differ from the square of the step on


# ---- Tandem: LOLA moves the line x + y = 1 ----------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "line"),
    [
        # (2s − 2) − α(8s − 4) = 0
        (LOLA(step), (1 - 2 * step) / (1 - 4 * step)),
        # L₁ = s′² − 2x with s′ = (1 − 2α)s + 2α: (1 − 2α)s′ = 1
        (LOLA(step, exact=True), (1 - 2 * step + 4 * step**2) / (1 - 2 * step) ** 2),
        # s′ = 1 and so s = 1
        (LookaheadOpponent(step), sympy.S.One),
    ],
    ids=str,
)
def test_the_line_that_tandem_rests_on(field, line):
    game = games.load("tandem")
    first, second = game.variables
    expressions = field.flow(game).expressions
    assert expressions[0].expand() == expressions[1].expand()  # so it is a line of rest points
    assert sympy.simplify(expressions[0].xreplace({second: line - first})) == 0
    assert expressions[0].expand().has(first)
    slope = expressions[0].diff(first)
    assert sympy.simplify(slope) != 0
    assert field.keeps_equilibria == isinstance(line, sympy.Integer)


@pytest.mark.parametrize("exact", [False, True])
def test_in_a_zero_sum_game_lola_rests_where_the_gradient_does(exact):
    value = x**2 - 2 * y**2 + 3 * x * y + x**3 - x * y**2
    game = SymbolicGame({"a": ([x], value), "b": ([y], -value)})
    at_origin = LOLA(step, exact)(game, sympy.zeros(2, 1))
    assert at_origin.expand().is_zero_matrix


# ---- Settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [LOLA, LookaheadOpponent])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        *((v, InputError) for v in (-0.1, float("nan"), float("inf"), sympy.Integer(-1))),
        *((v, InputTypeError) for v in ("0.1", None, True, 1j, [0.1])),
    ],
    ids=repr,
)
def test_the_step_is_not_negative(field, value, kind):
    with pytest.raises(kind, match=f"the step of {field.name}"):
        field(value)


def test_exact_is_a_flag():
    with pytest.raises(InputTypeError, match="exact is true or false"):
        LOLA(0.1, exact=1)


@pytest.mark.parametrize("field", [LOLA(), LookaheadOpponent()])
def test_somebody_to_anticipate(field):
    numeric = Game({"a": lambda a: a**2}, start={"a": 1.0})
    symbolic = SymbolicGame({"a": ([x], x**2)})
    for game in (numeric, symbolic):
        with pytest.raises(InputError, match="at least two players"):
            field.flow(game)


def test_names():
    assert FIELDS["lola"] is LOLA
    assert FIELDS["lookahead-opponent"] is LookaheadOpponent
    assert LOLA(0.2).settings == {"step": 0.2, "exact": False}
