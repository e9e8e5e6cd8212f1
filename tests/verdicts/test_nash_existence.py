"""Whether a game has a Nash equilibrium at all."""

from __future__ import annotations

import jax.numpy as jnp
import pytest
import sympy

import stability as st
from stability import SymbolicGame, local_nash_equilibrium_exists

x, y = sympy.symbols("x y", real=True)


def zero_sum(f):
    return SymbolicGame({"x": ([x], f), "y": ([y], -f)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("farnia-ozdaglar-w2", -1),  # 1 − s at s = 2
        pytest.param("farnia-ozdaglar-kl", -3, marks=pytest.mark.slow),  # 1 − s²
        pytest.param("order-of-play", -1, marks=pytest.mark.slow),  # −1/kappa
    ],
)
def test_games_without_one(name, value):
    found = local_nash_equilibrium_exists(st.load(name))
    assert (found.verdict, found.evidence) == ("no", "exact")
    assert found.value == value
    assert found.margin == -value


def test_a_narrower_target_has_one():
    found = local_nash_equilibrium_exists(
        st.load("farnia-ozdaglar-w2"), parameters={"s": sympy.Rational(1, 2)}
    )
    assert (found.verdict, found.evidence) == ("yes", "exact")
    assert found.value == 1 / 8  # of the discriminator: s³; the generator's is 1 − s = 1/2
    assert found.because.startswith("a local one, at (u = 0, a = -1, b = 0)")


@pytest.mark.parametrize(
    ("game", "verdict", "because"),
    [
        (zero_sum(x * y), "yes", "a weak global Nash equilibrium"),
        (zero_sum(x**3 + x * y), "no", "a player can do better nearby"),
        (zero_sum(x**2 * sympy.exp(-1 / x**2) + x * y), "undecided", ""),
        (zero_sum(x + y), "no", "the field vanishes nowhere"),
        (zero_sum(sympy.Abs(x) - y), "undecided", "has no derivative"),
        (zero_sum((x**2) ** sympy.Rational(1, 3) - y), "undecided", ""),
        # at the default start, 0, no loss is real
        (zero_sum(-4 * sympy.log(x - 1) + 4 * x + 4 * sympy.log(y - 1) - 4 * y), "yes", "x = 2"),
        (zero_sum(sympy.log(-1 - x**2) + y**2), "no", "the field vanishes nowhere"),
    ],
)
def test_small_games(game, verdict, because):
    found = local_nash_equilibrium_exists(game)
    assert found.verdict == verdict
    assert because in found.because


def test_a_numeric_search_proves_no_absence():
    losses = {"x": lambda a, b: -(a**2) + a * b, "y": lambda a, b: b**2 - a * b}
    game = st.Game(losses, start={"x": jnp.zeros(()), "y": jnp.zeros(())})
    found = local_nash_equilibrium_exists(game)
    assert found.verdict == "undecided"
    assert "there may be others" in found.because


def test_parameters_of_a_game_that_has_none():
    losses = {"x": lambda a, b: a**2 + b, "y": lambda a, b: b**2 - a}
    game = st.Game(losses, start={"x": jnp.zeros(()), "y": jnp.zeros(())})
    with pytest.raises(st.InputError, match="no parameters to set"):
        local_nash_equilibrium_exists(game, parameters={"s": 1})
