"""LOLA and lookahead-opponent against what they say: the losses at the anticipated place, differentiated."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import (
    Ball,
    Bounds,
    Game,
    InputError,
    InputTypeError,
    Simultaneous,
    SymbolicGame,
    games,
    report,
)
from stability.fields import FIELDS, LOLA, LookaheadOpponent, Shaping, Stackelberg

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


def expected_shaping(game):
    """−∇ᵢLᵢ + step·Σⱼ ∇²ᵢⱼLⱼ ∇ⱼLᵢ, written out."""
    parts = list(zip(owners(game), game.losses(), strict=True))
    rows = []
    for i, (own, loss) in enumerate(parts):
        for v in own:
            shaped = sum(
                other.diff(v, w) * loss.diff(w)
                for j, (theirs, other) in enumerate(parts)
                for w in theirs
                if j != i
            )
            rows.append(-loss.diff(v) + step * shaped)
    return sympy.Matrix(rows)


FIELDS_AND_FORMULAS = [
    (Shaping, {}, expected_shaping),
    (LookaheadOpponent, {}, expected_lookahead),
    (LOLA, {}, expected_first_order),
    (LOLA, {"exact": True}, expected_exact),
]


@pytest.mark.parametrize("game", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize(
    ("field", "settings", "formula"),
    FIELDS_AND_FORMULAS,
    ids=["shaping", "lookahead", "lola", "exact-lola"],
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
        # (2s − 2) − 4αs = 0
        (Shaping(step), 1 / (1 - 2 * step)),
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
    for field in (LOLA(step, exact), Shaping(step)):
        assert field(game, sympy.zeros(2, 1)).expand().is_zero_matrix


def test_shaping_on_xy():
    """v = (−y − step x, x − step y)."""
    game = games.load("xy")
    matrix = Shaping(step).flow(game).jacobian()
    assert set(matrix.eigenvals()) == {-step - sympy.I, -step + sympy.I}


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
    assert FIELDS["shaping"] is Shaping
    assert FIELDS["lookahead-opponent"] is LookaheadOpponent
    assert LOLA(0.2).settings == {"step": 0.2, "exact": False}


# ---- Players who live in sets: Cournot with p = 10 − Q, costs 0 and c, quantities ≥ 0 ---------------


def cournot(cost, sets=True):
    losses = {"one": ([x], -x * (10 - x - y)), "two": ([y], -y * (10 - x - y) + cost * y)}
    return SymbolicGame(losses, sets=dict.fromkeys(losses, Bounds(0)) if sets else None)


@pytest.mark.parametrize(
    "field",
    [LookaheadOpponent(0.5), LOLA(0.5), LOLA(0.5, exact=True), Shaping(0.5), Stackelberg("one")],
    ids=str,
)
def test_who_is_pushed_against_a_limit_does_not_answer(field):
    """At (5, 0) the second firm, with cost 8, is pushed outwards by 3: the first is a monopolist."""
    game = cournot(8)
    for point in ([5, 0], [4, sympy.Rational(1, 100)], [1, sympy.Rational(3, 2)]):
        exact = np.array(field(game, sympy.Matrix(point)).evalf(), float).ravel()
        with jax.enable_x64(True):
            numeric = field(game.numeric(), jnp.array(point, float))
        np.testing.assert_allclose(numeric, exact, atol=1e-12)
    assert list(field(game, sympy.Matrix([5, 0]))) == [0, -3]
    # where nobody is near a limit, it is the field of the game without limits
    at = sympy.Matrix([4, 3])
    free = field(cournot(1, sets=False), at)
    np.testing.assert_allclose(
        np.array(field(cournot(1), at), float), np.array(free, float), atol=1e-12
    )


def test_a_follower_on_a_sphere_answers_along_it():
    """On ‖(y, z)‖ = 1 with f = −3y − xz the follower's angle is x/3 to first order, from (1, 0) at x = 0."""
    game = SymbolicGame({"a": ([x], -2 * z), "b": ([y, z], -3 * y - x * z)}, sets={"b": Ball(1)})
    found = Stackelberg("a")(game, sympy.Matrix([0, 1, 0]))
    assert sympy.simplify(found[0] - sympy.Rational(2, 3)) == 0
    with jax.enable_x64(True):
        numeric = Stackelberg("a")(game.numeric(), jnp.array([0.0, 1.0, 0.0]))
    assert float(numeric[0]) == pytest.approx(2 / 3)


def test_at_a_limit_without_a_push_nothing_is_decided():
    (e,) = report(cournot(5), fields=[LookaheadOpponent(0.1)], rules=[Simultaneous()]).equilibria
    for found in (e.flows[0].stability, e.rules[0].stability):
        assert found.verdict == "undecided"
    assert "no derivative" in e.flows[0].stability.because
