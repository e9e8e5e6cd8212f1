"""Numbers in each engine: exact in SymPy, floats in JAX."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import InputError, InputTypeError, SymbolicGame
from stability.games.numbers import in_engine

x, k = sympy.symbols("x k")
GAME = SymbolicGame({"x": ([x], x**2)})
TENTH = sympy.Rational(1, 10)


@pytest.mark.parametrize("number", [0.1, np.float64(0.1), sympy.Float(0.1), TENTH], ids=repr)
def test_numbers_in_a_symbolic_game_are_exact(number):
    exact = in_engine(GAME, number)
    assert exact == TENTH
    assert exact.is_Rational  # SymPy's 0.1 may equal 1/10 too


def test_expressions_stay_expressions_in_a_symbolic_game():
    for expression in (k, sympy.sqrt(2), k / 3):
        assert in_engine(GAME, expression) is expression
    assert in_engine(GAME, jnp.float32(0.5)) == sympy.Rational(1, 2)


def test_numbers_in_a_jax_game():
    numeric = GAME.numeric()
    assert type(in_engine(numeric, sympy.sqrt(2))) is float
    for number in (1, 0.1, np.float32(0.1), jnp.float32(0.1)):
        assert in_engine(numeric, number) is number
    with pytest.raises(InputTypeError, match="k is none"):
        in_engine(numeric, k)


@pytest.mark.parametrize("wrong", [float("nan"), "0.1", True, None, np.ones(2)], ids=repr)
def test_things_that_are_no_numbers_in_a_symbolic_game(wrong):
    with pytest.raises(InputError):
        in_engine(GAME, wrong)
