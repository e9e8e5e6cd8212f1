"""Random polynomial games for two to four players, some of whom own two variables."""

from __future__ import annotations

import itertools

import numpy as np
import sympy

from stability import SymbolicGame

SIZES = {"two": (1, 1), "two, larger": (2, 1), "three": (1, 2, 1), "four": (1, 1, 1, 1)}


def random_game(players: str, seed: int = 0) -> SymbolicGame:
    """Losses with a few random monomials of degree two and three each; the second player is the minimizer."""
    rng = np.random.default_rng(seed)
    sizes = SIZES[players]
    x = sympy.symbols(f"x0:{sum(sizes)}", real=True)
    monomials = [
        sympy.Mul(*factors)
        for degree in (2, 3)
        for factors in itertools.combinations_with_replacement(x, degree)
    ]
    game, begin = {}, 0
    for name, size in zip(("one", "disc", "gen", "four"), sizes, strict=False):
        chosen = rng.choice(len(monomials), 5, replace=False)
        numbers = rng.integers(1, 4, 5) * rng.choice([-1, 1], 5)
        loss = sum(int(n) * monomials[k] for n, k in zip(numbers, chosen, strict=True))
        game[name] = (x[begin : begin + size], loss / 2)
        begin += size
    return SymbolicGame(
        game, name="random", minimizer=1, box={x[0]: (-1, 3)}, start=dict.fromkeys(x, 1)
    )
