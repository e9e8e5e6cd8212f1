"""What a game is as a whole: whether it is zero-sum, strategically or outright."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import sympy

from .game import Game
from .symbolic import SymbolicGame

SAME = 1e-13  # relative size of what counts as zero at a sample point


def is_zero_sum(
    game: Any,
    points: np.ndarray | None = None,
    values: Mapping[sympy.Symbol, sympy.Expr] | None = None,
) -> bool:
    """Whether the losses add up to terms in single strategies: ∇²ᵢⱼ ΣL = 0 for all players i ≠ j.

    A player cannot act on terms in the others' strategies, so such a two-player game is strategically
    equivalent to one whose losses add up to zero. Judged at sample points, shape (n, d), by default three
    around the start, with a symbolic game's parameters at the given `values`, their own, or arbitrary ones.
    """
    partition = game.partition
    if len(partition.players) < 2:
        return False
    if game.symbolic and sympy.Add(*game.losses()) == 0:
        return True  # as it is written, without any derivative
    if points is None:
        points = _around_start(game)
    pairs = list(itertools.combinations(partition.slices, 2))
    for hessians in map(_hessians(game, values or {}), points):
        total, scale = hessians.sum(axis=0), np.abs(hessians).max()
        if not all(np.abs(total[i, j]).max() <= SAME * scale for i, j in pairs):
            return False
    return True


def adds_to_zero(game: Game) -> bool:
    """Whether the two players' losses add up to a constant: ∇L₁ = −∇L₂, and not only ∇²₁₂L₁ = −∇²₁₂L₂.

    Only then does ∇₂L₁ vanish wherever ∇₂L₂ does, for players who look at the other's effect on themselves.
    """
    if len(game.partition.players) != 2:
        return False
    with jax.enable_x64(True):  # compiled once, for all points and both losses
        points = _around_start(game).astype(np.float64)
        gradients = np.asarray(jax.jit(jax.vmap(jax.jacrev(game.losses)))(points))
    scale = np.abs(gradients).max(axis=(1, 2))
    return bool(np.all(np.abs(gradients.sum(axis=1)).max(axis=1) <= SAME * scale))


def _around_start(game: Game | SymbolicGame) -> np.ndarray:
    """Three points, shape (3, d)."""
    d = game.partition.dimension
    start = np.zeros(d) if game.start is None else np.asarray(game.start)
    return start + np.random.default_rng(0).uniform(-1, 1, (3, d))


def _hessians(game: Any, values: Mapping[sympy.Symbol, sympy.Expr]):
    """x ↦ the losses' Hessians, shape (n, d, d), in float64."""
    if not game.symbolic:

        def by_jax(x: np.ndarray) -> np.ndarray:
            with jax.enable_x64(True):
                return np.asarray(game.derivatives(x.astype(np.float64))[1])

        return by_jax
    free = {p: sympy.Rational(7 + 2 * i, 19) for i, p in enumerate(game.free_parameters)}
    put_in = {**free, **game.parameters, **values}
    matrices = [h.xreplace(put_in) for h in game.derivatives()[1]]

    def by_sympy(x: np.ndarray) -> np.ndarray:
        put = dict(zip(game.variables, map(sympy.Float, x), strict=True))
        try:
            numbers = [[complex(e.evalf(20)).real for e in m.xreplace(put)] for m in matrices]
        except (TypeError, ValueError):  # there are none at x
            numbers = [[np.nan] * len(x) ** 2] * len(matrices)
        return np.array(numbers).reshape(len(matrices), len(x), len(x))

    return by_sympy
