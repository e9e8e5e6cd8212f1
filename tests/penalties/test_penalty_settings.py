"""What penalties take for their settings, what they refuse, and how they tell them to a report."""

from __future__ import annotations

import json

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import InputError, InputTypeError, SymbolicGame
from stability.penalties import JARE, Anchor, ConsensusPenalty, GradientNorm, NagarajanKolter

x, y, z = sympy.symbols("x y z", real=True)


def game_of(*players, minimizer=0):
    symbols = sympy.symbols("x y z w", real=True)[: len(players)]
    total = sum(symbols) ** 2
    return SymbolicGame(
        {p: ([v], k * total) for k, (p, v) in enumerate(zip(players, symbols, strict=True), 1)},
        minimizer=minimizer,
    )


GAN = game_of("gen", "disc")

NO_NUMBERS = ["0.1", True, None, 1j, [0.1], np.array([0.1]), float("nan"), float("inf"), -np.inf]
NO_NUMBERS += [sympy.oo, sympy.nan, sympy.zoo, sympy.I, jnp.ones(2), {}]
NUMBERS = {
    "gradient-norm": GradientNorm,
    "a pair": lambda c: GradientNorm({("gen", "disc"): c}),
    "consensus": ConsensusPenalty,
    "jare": JARE,
    "anchor": Anchor,
    "anchor of one": lambda c: Anchor({"gen": c}),
    "to": lambda c: Anchor(to={"x": c}),
    "to everywhere": lambda c: Anchor(to={"": c}),
    "nagarajan-kolter": NagarajanKolter,
}


TO = (NUMBERS["to"], NUMBERS["to everywhere"])


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize("penalty", NUMBERS.values(), ids=NUMBERS)
def test_settings_that_are_no_finite_real_numbers(penalty, value):
    with pytest.raises(InputError) as error:
        penalty(value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [-1, -0.5, np.float64(-2), sympy.Integer(-1), -sympy.sqrt(2)])
@pytest.mark.parametrize("penalty", NUMBERS.values(), ids=NUMBERS)
def test_only_gradient_norms_and_points_may_be_negative(penalty, value):
    if penalty in (NUMBERS["gradient-norm"], NUMBERS["a pair"], *TO):
        penalty(value)(GAN)
        return
    with pytest.raises(InputError, match="zero or a positive"):
        penalty(value)


@pytest.mark.parametrize("penalty", NUMBERS.values(), ids=NUMBERS)
def test_zero_adds_nothing(penalty):
    if penalty in TO:
        return
    for zero in (0, 0.0, sympy.S.Zero):
        for a, b in zip(penalty(zero)(GAN).losses(), GAN.losses(), strict=True):
            assert sympy.expand(a - b) == 0


@pytest.mark.parametrize("key", ["of", "by", "on"])
def test_players_of_a_gradient_norm(key):
    with pytest.raises(InputError, match="no player 'critic'; the players are gen, disc"):
        GradientNorm(**{key: "critic"})(GAN)
    with pytest.raises(InputError, match="no player ''"):
        GradientNorm(**{key: ""})(GAN)
    for wrong in (0, 1.5, True, ("gen", "disc"), ["gen"], x):
        with pytest.raises(InputTypeError, match=f"{key} in gradient-norm is a player's name"):
            GradientNorm(**{key: wrong})


def test_pairs_of_a_gradient_norm():
    for wrong in ("gen", ("gen",), ("gen", "disc", "gen"), ("gen", 1), (0, 1), 3, None):
        with pytest.raises(InputTypeError, match="keyed by pairs"):
            GradientNorm({wrong: 0.1})
    with pytest.raises(InputError, match="for no pair"):
        GradientNorm({})
    for key in ("of", "by"):
        with pytest.raises(InputError, match="leave of and by out"):
            GradientNorm({("gen", "disc"): 0.1}, **{key: "gen"})
    for pair in (("gen", "critic"), ("critic", "gen")):
        with pytest.raises(InputError, match="no player 'critic'"):
            GradientNorm({pair: 0.1})(GAN)


def test_players_and_variables_of_an_anchor():
    with pytest.raises(InputError, match="no player 'critic'"):
        Anchor({"critic": 1})(GAN)
    with pytest.raises(InputTypeError, match="keyed by player names"):
        Anchor({0: 1})(GAN)
    with pytest.raises(InputError, match="for no player"):
        Anchor({})
    with pytest.raises(InputError, match="anchor draws z, which is no variable"):
        Anchor(to={"z": 1})(GAN)
    for wrong in ([1, 2], "x", np.ones(2), None, {"x": None}):
        with pytest.raises(InputTypeError, match="where anchor draws a variable is a real number"):
            Anchor(to=wrong)
    assert Anchor(1, to={x: 2})(GAN).losses() == Anchor(1, to={"x": 2})(GAN).losses()
    assert Anchor({"": 1, "gen": 0})(GAN).losses() == Anchor({"disc": 1})(GAN).losses()
    assert Anchor(1, to={})(GAN).losses() == Anchor(1)(GAN).losses()
    assert Anchor(1, to=2)(GAN).losses() == Anchor(1, to={"": 2})(GAN).losses()


@pytest.mark.parametrize(
    ("game", "discriminator"),
    [
        (game_of("gen", "disc"), "disc"),
        (game_of("disc", "gen"), "disc"),
        (game_of("disc", "gen", minimizer=0), "disc"),
        (game_of("G", "D"), "D"),
        (game_of("D", "G"), "D"),
        (game_of("Critic", "actor"), "Critic"),
        (game_of("one", "two", "discriminator"), "discriminator"),
        (game_of("x", "y"), "y"),
        (game_of("x", "y", minimizer=1), "x"),
    ],
    ids=lambda value: str(getattr(value, "players", value)),
)
def test_who_the_discriminator_is(game, discriminator):
    by_name = NagarajanKolter(0.3, discriminator=discriminator)(game)
    assert NagarajanKolter(0.3)(game).losses() == by_name.losses()
    i = game.partition.index(discriminator)
    assert by_name.losses()[i] == game.losses()[i]
    unchanged = [a == b for a, b in zip(by_name.losses(), game.losses(), strict=True)]
    assert sum(unchanged) == 1


@pytest.mark.parametrize(
    ("players", "hint"),
    [(("a", "b", "c"), "c"), (("disc", "critic"), "disc"), (("a", "D", "disc"), "D")],
)
def test_it_is_not_clear_who_the_discriminator_is(players, hint):
    with pytest.raises(InputError, match="not clear which of") as error:
        NagarajanKolter()(game_of(*players))
    text = f"nagarajan-kolter:discriminator={hint}"
    assert str(error.value).endswith(text)
    NagarajanKolter(discriminator=hint)(game_of(*players))


def test_the_discriminator_is_a_players_name():
    for wrong in (0, 1, True, ["disc"], x):
        with pytest.raises(InputTypeError, match="is a player's name"):
            NagarajanKolter(discriminator=wrong)
    with pytest.raises(InputError, match="no player 'critic'"):
        NagarajanKolter(discriminator="critic")(GAN)


@pytest.mark.parametrize("penalty", [JARE(), NagarajanKolter()], ids=repr)
def test_penalties_among_players_need_two(penalty):
    for game in (game_of("disc"), game_of("disc").numeric()):
        with pytest.raises(InputError, match="at least two players"):
            penalty(game)


def test_one_player_may_have_the_others():
    game = SymbolicGame({"a": ([x], x**3)})
    assert ConsensusPenalty(2)(game).losses() == (x**3 + 9 * x**4,)
    assert GradientNorm(2)(game).losses() == (x**3 + 18 * x**4,)
    assert Anchor(2)(game).losses() == (x**3 + x**2,)


def test_settings_are_data():
    assert GradientNorm(0.2, of="disc").settings == {
        **{"coefficient": 0.2, "of": "disc", "by": None, "on": None}
    }
    pairs = GradientNorm({("disc", "disc"): 0.1, ("disc", "gen"): 0.2, ("gen", "gen"): 1}, on="gen")
    assert pairs.settings["coefficient"] == {"disc": {"disc": 0.1, "gen": 0.2}, "gen": {"gen": 1}}
    assert Anchor({"gen": 1}, to={x: 2}).settings == {"strength": {"gen": 1}, "to": {"x": 2}}
    assert NagarajanKolter().settings == {"eta": 0.1, "discriminator": None}
    assert JARE(0.3).settings == ConsensusPenalty(0.3).settings == {"gamma": 0.3}
    assert Anchor().settings == {"strength": 0.1, "to": 0.0}
    for penalty in (pairs, Anchor(to={x: 2})):
        json.dumps(penalty.settings)


def test_equal_penalties_are_equal():
    assert GradientNorm(0.1, of="disc") == GradientNorm(0.1, of="disc")
    assert {JARE(0.1), JARE(0.1)} == {JARE(0.1)}
    with pytest.raises(AttributeError):
        JARE(0.1).gamma = 0.2
