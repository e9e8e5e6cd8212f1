"""Every penalty, in both engines: what it adds to whose loss, and that it keeps the rest of the game."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Flow, Game, InputError, InputTypeError, SymbolicGame
from stability.fields import Consensus
from stability.games.structure import is_zero_sum
from stability.penalties import (
    JARE,
    PENALTIES,
    Anchor,
    ConsensusPenalty,
    GradientNorm,
    NagarajanKolter,
    Penalty,
)
from tests.penalties.random_games import SIZES, random_game
from tests.selection import slow_rows

EVERY = [
    GradientNorm(0.3),
    GradientNorm(-0.2, of="disc"),
    GradientNorm(0.25, of="one", on="disc"),
    GradientNorm(0.25, of="one", by="disc"),
    GradientNorm(sympy.sqrt(2), by="disc", on="one"),
    GradientNorm({("disc", "disc"): 0.1, ("disc", "one"): -0.2}, on="one"),
    ConsensusPenalty(0.3),
    JARE(0.7),
    Anchor(0.4),
    Anchor(0.4, to=-1.5),
    Anchor({"disc": 0.4}, to={"x0": 0.5, "x1": -2}),
    Anchor({"": 0.4, "one": 0.2}, to={"": 0.5, "x1": -2}),
    NagarajanKolter(0.6),
    NagarajanKolter(0.6, discriminator="one"),
]
OFTEN = [EVERY[i] for i in (2, 6, 10, 12)]  # one of each kind, in both engines in every run


def by_hand(penalty, game):
    """The penalised losses straight from the definitions, differentiated here and not by the library."""
    losses, players, x = game.losses(), game.players, game.variables
    own = dict(zip(players, game.partition.slices, strict=True))
    loss_of = dict(zip(players, losses, strict=True))

    def norm(of, by):
        return sum(sympy.diff(loss_of[of], v) ** 2 for v in x[own[by]])

    def number(value):
        return sympy.nsimplify(value)

    added = dict.fromkeys(players, sympy.S.Zero)
    for player in players:
        others = [p for p in players if p != player]
        match penalty:
            case GradientNorm(coefficient=dict(pairs), on=on):
                terms = [number(c) * norm(of, by) for (of, by), c in pairs.items()]
                added[player] = sum(terms) if on in (None, player) else sympy.S.Zero
            case GradientNorm(coefficient=c, of=of, by=by, on=on):
                norms = [norm(p, by or p) for p in ([of] if of else players)]
                added[player] = number(c) * sum(norms) if on in (None, player) else sympy.S.Zero
            case ConsensusPenalty(gamma=gamma):
                added[player] = number(gamma) / 2 * sum(norm(p, p) for p in players)
            case JARE(gamma=gamma):
                added[player] = number(gamma) / 2 * sum(norm(p, p) for p in others)
            case Anchor(strength=strength, to=to):
                k = (
                    strength.get(player, strength.get("", 0))
                    if isinstance(strength, dict)
                    else strength
                )
                to = to if isinstance(to, dict) else {"": to}
                most = to.get("", 0)
                distance = sum((v - number(to.get(v.name, most))) ** 2 for v in x[own[player]])
                added[player] = number(k) / 2 * distance
            case NagarajanKolter(eta=eta, discriminator=d):
                d = d or "disc"
                added[player] = sympy.S.Zero if player == d else number(eta) * norm(d, d)
    return [loss_of[p] + added[p] for p in players]


@pytest.mark.parametrize("players", SIZES)
@pytest.mark.parametrize("penalty", EVERY, ids=repr)
def test_the_losses_are_those_of_the_definition(penalty, players):
    game = random_game(players)
    expected = by_hand(penalty, game)
    for actual, loss in zip(penalty(game).losses(), expected, strict=True):
        assert sympy.expand(actual - loss) == 0
    assert any(sympy.expand(e - loss) != 0 for e, loss in zip(expected, game.losses(), strict=True))


@pytest.mark.parametrize(
    ("penalty", "players"),
    slow_rows(
        [
            *((penalty, "two, larger") for penalty in EVERY),
            (JARE(0.7), "three"),
            (GradientNorm(by="disc"), "three"),
            (ConsensusPenalty(0.3), "four"),
        ],
        lambda row: row[0] not in OFTEN or row[1] != "two, larger",
    ),
    ids=repr,
)
def test_the_engines_agree(penalty, players):
    game = random_game(players)
    exact, numeric = penalty(game), penalty(game.numeric())
    assert isinstance(exact, SymbolicGame)
    assert isinstance(numeric, Game)
    function = sympy.lambdify(
        exact.variables, [sympy.Matrix(exact.losses()), exact.field(), exact.jacobian()], "numpy"
    )
    point = np.random.default_rng(1).normal(size=exact.dimension)
    losses, field, jacobian = (np.asarray(value, float) for value in function(*point))
    with jax.enable_x64(True):
        # compiled together, which is faster
        found = jax.jit(lambda x: (numeric.losses(x), numeric.field(x), numeric.jacobian(x)))(point)
    for value, expected in zip(found, (losses[:, 0], field[:, 0], jacobian), strict=True):
        # both are rounded in float64; a few hundred terms of size up to about 100 cancel
        np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("players", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_the_consensus_penalty_is_the_consensus_field(players, seed):
    game = random_game(players, seed)
    gamma = sympy.Symbol("gamma", positive=True)
    field = Consensus(gamma)(game, game.profile)
    assert (ConsensusPenalty(gamma)(game).field() - field).expand().is_zero_matrix
    assert not (game.field() - field).expand().is_zero_matrix


@pytest.mark.parametrize(
    "players",
    [s if s in ("two", "three") else pytest.param(s, marks=pytest.mark.slow) for s in SIZES],
)
def test_the_consensus_penalty_is_the_consensus_field_in_jax(players):
    game = random_game(players, 5).numeric()
    x = np.random.default_rng(5).normal(size=game.dimension)
    with jax.enable_x64(True):
        fields = jax.jit(lambda x: (ConsensusPenalty(0.3)(game).field(x), Consensus(0.3)(game, x)))
        np.testing.assert_allclose(*fields(x), rtol=1e-12, atol=1e-12)  # sums in another order


def same(one, other):
    """Whether two games have the same losses."""
    return all(sympy.expand(a - b) == 0 for a, b in zip(one.losses(), other.losses(), strict=True))


def test_penalties_that_are_special_cases_of_gradient_norm():
    c = sympy.Symbol("c")
    three, two = random_game("three"), random_game("two")  # one and disc
    assert same(ConsensusPenalty(2 * c)(three), GradientNorm(c)(three))
    assert not same(JARE(2 * c)(three), GradientNorm(c)(three))
    assert same(NagarajanKolter(c)(two), GradientNorm(c, of="disc", on="one")(two))
    one_way = {("one", "one"): c, ("disc", "disc"): c}
    assert same(GradientNorm(one_way)(two), GradientNorm(c)(two))


@pytest.mark.parametrize("penalty", EVERY, ids=repr)
def test_everything_else_is_kept(penalty):
    game = random_game("three")
    for before in (game, game.numeric()):
        after = penalty(before)
        for what in ("name", "players", "variables", "box", "partition", "minimizer", "dimension"):
            assert getattr(after, what) == getattr(before, what)
        np.testing.assert_array_equal(after.start, before.start)
    assert penalty(game).parameters == game.parameters


def test_penalties_do_not_change_the_game_they_are_given():
    symbolic = random_game("two")
    numeric = symbolic.numeric()
    x = jnp.array([0.5, -1.0])
    expressions, field = symbolic.field(), np.asarray(numeric.field(x))
    penalised = GradientNorm(0.5)(numeric)
    assert not np.allclose(penalised.field(x), field)
    assert GradientNorm(0.5)(symbolic).field() != expressions
    np.testing.assert_array_equal(numeric.field(x), field)
    assert symbolic.field() == expressions


def test_penalties_add_up_but_a_later_one_sees_the_earlier():
    game = random_game("two")
    one, other = Anchor(1), Anchor(2, to={"x0": 1})
    for a, b in zip(one(other(game)).losses(), other(one(game)).losses(), strict=True):
        assert sympy.expand(a - b) == 0
    numeric = game.numeric()
    games = [
        GradientNorm(0.5)(Anchor(1)(game)).numeric(),
        GradientNorm(0.5)(Anchor(1)(numeric)),
        Anchor(1)(GradientNorm(0.5)(numeric)),
    ]
    fields = jax.jit(lambda x: [game.field(x) for game in games])
    twice, same, otherwise = fields(jnp.array([0.5, -1.0]))
    np.testing.assert_allclose(same, twice, rtol=1e-5)
    assert not np.allclose(otherwise, twice, rtol=1e-2)


def test_a_penalised_zero_sum_game_may_be_general_sum():
    x, y = sympy.symbols("x y", real=True)
    game = SymbolicGame({"x": ([x], x**2 * y), "y": ([y], -(x**2) * y)})
    assert is_zero_sum(game)
    assert not is_zero_sum(JARE(0.5)(game))
    assert is_zero_sum(Anchor(0.5)(game))  # nobody can act on another's weight decay


def test_symbols_in_coefficients_are_the_games_own():
    x, y, gamma = sympy.symbols("x y gamma")
    game = SymbolicGame(
        {"x": ([x], x * y + gamma * x), "y": ([y], -x * y)}, parameters={"gamma": 2}
    )
    for symbol in (gamma, sympy.Symbol("gamma", positive=True)):
        penalised = Anchor(symbol)(game)
        assert penalised.free_parameters == ()
        assert penalised.field() == sympy.Matrix([-y - gamma - gamma * x, x - gamma * y])
    free = Anchor(sympy.Symbol("k") / 2, to={x: sympy.Symbol("t")})(game)
    assert [s.name for s in free.free_parameters] == ["k", "t"]
    np.testing.assert_allclose(
        free.numeric({"k": 1, "t": 3}).field(jnp.array([2.0, 1.0])), [-2.5, 1.5], rtol=1e-6
    )


def test_bare_symbols_mean_real_numbers():
    x, y = sympy.symbols("x y")
    game = SymbolicGame({"x": ([x], abs(x) * y + x**2), "y": ([y], -abs(x) * y)})
    penalised = JARE(1)(game)
    assert penalised.variables == (x, y)
    assert penalised.free_parameters == ()
    point = jnp.array([-2.0, 3.0])
    np.testing.assert_allclose(
        penalised.numeric().field(point), JARE(1)(game.numeric()).field(point), rtol=1e-6
    )


def test_numpy_numbers_are_exact_in_a_symbolic_game():
    game = random_game("two")
    expected = GradientNorm(sympy.Rational(1, 2))(game).losses()
    for half in (0.5, np.float32(0.5), np.float64(0.5), jnp.float32(0.5), sympy.Float(0.5)):
        assert GradientNorm(half)(game).losses() == expected


# ---- One's own penalty --------------------------------------------------------------------------


class Repulsion(Penalty):
    """The same penalty as `Anchor(-2)`, which is not allowed, written by a user."""

    name = "repulsion"

    def terms(self, game):
        def term(game, x):
            own = game.partition.part(0, x)
            return -own.dot(own)

        return {game.partition.players[0]: term}


def test_a_penalty_of_ones_own():
    game = random_game("two, larger")
    a, b, _ = game.variables
    assert sympy.expand(Repulsion()(game).losses()[0] - game.losses()[0] + a**2 + b**2) == 0
    x = jnp.array([1.0, 2.0, 3.0])
    numeric = game.numeric()
    difference = Repulsion()(numeric).losses(x) - numeric.losses(x)
    np.testing.assert_allclose(difference, [-5, 0], atol=1e-4)


def test_names():
    of_any_game = ["gradient-norm", "consensus", "jare", "anchor", "nagarajan-kolter"]
    of_gans = ["r1", "r2", "wgan-gp", "dragan", "instance-noise"]
    assert list(PENALTIES) == [*of_any_game, *of_gans]
    for name, kind in PENALTIES.items():
        assert kind.name == name
        assert isinstance(kind(), Penalty)


@pytest.mark.parametrize("kind", PENALTIES.values())
def test_penalties_are_for_games(kind):
    for wrong in (Flow(lambda x: -x, dimension=2), None, "dirac-gan", PENALTIES):
        with pytest.raises(InputTypeError, match=f"penalties are for games, and {kind.name}"):
            kind()(wrong)


def test_symbols_in_a_jax_game_and_traced_numbers_in_a_symbolic_one():
    game = random_game("two")
    with pytest.raises(InputTypeError, match="gamma is none"):
        JARE(sympy.Symbol("gamma"))(game.numeric())
    with pytest.raises(InputTypeError, match=r"numeric game"):
        jax.jit(lambda c: JARE(c)(game).numeric().field(jnp.ones(2)))(0.5)
    with pytest.raises(InputError, match="x0, a variable"):
        JARE(sympy.Symbol("x0"))(game)
