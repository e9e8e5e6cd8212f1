"""What a game is as a whole: whether it is zero-sum, strategically or outright."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Literal

import jax
import numpy as np
import sympy

from ..time_limits import in_time
from .game import Game
from .symbolic import SymbolicGame

_SECONDS = 1.0
SAME = 1e-13  # relative size of what counts as zero at a sample point


def sum_of_losses(
    game: Any,
    points: np.ndarray | None = None,
    values: Mapping[sympy.Symbol, sympy.Expr] | None = None,
) -> Literal["constant", "own terms", "general"]:
    """What the losses add up to: a constant, terms in single strategies (∇²ᵢⱼ ΣL = 0, i ≠ j), or more.

    A constant is the zero-sum game of the textbooks. With own terms, ΣL = Σ gᵢ(xᵢ), the game is so up to
    terms in the others' strategies alone, on which a player cannot act: two players then have a common f with
    L₁ = f + g₂ and L₂ = −f + g₁. Best replies, Nash equilibria and the gradient field are those of f.

    Judged at sample points, shape (n, d), by default three around the start, with a symbolic game's
    parameters at the given `values`, their own, or arbitrary ones; not where derivatives are no numbers.
    """
    partition = game.partition
    if len(partition.players) < 2:
        return "general"
    if game.symbolic and not sympy.Add(*game.losses()).free_symbols & set(game.variables):
        return "constant"  # as it is written, without any derivative
    if points is None:
        points = _around_start(game)
    pairs = list(itertools.combinations(partition.slices, 2))
    constant = judged = False
    for gradients, hessians in map(_derivatives(game, values or {}), points):
        if not (np.isfinite(gradients).all() and np.isfinite(hessians).all()):
            continue
        total, scale = hessians.sum(axis=0), np.abs(hessians).max()
        if not all(np.abs(total[i, j]).max() <= SAME * scale for i, j in pairs):
            return "general"
        level = np.abs(gradients.sum(axis=0)).max() <= SAME * np.abs(gradients).max()
        constant, judged = level and (constant or not judged), True
    if not judged:
        return "general"
    return "constant" if constant else "own terms"


def is_zero_sum(
    game: Any,
    points: np.ndarray | None = None,
    values: Mapping[sympy.Symbol, sympy.Expr] | None = None,
) -> bool:
    """Whether the losses add up to a constant or to own terms; see `sum_of_losses`."""
    return sum_of_losses(game, points, values) != "general"


def common_payoff(game: SymbolicGame) -> sympy.Expr | None:
    """The f with L₁ = f + h(x₂) and L₂ = −f + g(x₁) for the minimizer 1 and the other player 2.

    h is what the losses' sum says of x₂ alone, so f = L₁ − h. None unless SymPy sees within a second that the
    sum is one of own terms.
    """
    if len(game.players) != 2:
        return None
    roles = game.minimizer, 1 - game.minimizer
    x, y = (set(game.variables[game.partition.slices[i]]) for i in roles)
    loss = game.losses()[game.minimizer]

    def found() -> sympy.Expr | None:
        terms = sympy.Add.make_args(sympy.expand(sympy.Add(*game.losses())))
        if any(term.free_symbols & x and term.free_symbols & y for term in terms):
            return None
        f = loss - sympy.Add(*(term for term in terms if term.free_symbols & y))
        return min(f, sympy.expand(f), key=sympy.count_ops)

    return in_time(_SECONDS, found, None)


def adds_to_zero(game: Game) -> bool:
    """Whether the two players' losses add up to a constant: ∇L₁ = −∇L₂, and not only ∇²₁₂L₁ = −∇²₁₂L₂.

    Only then does ∇₂L₁ vanish wherever ∇₂L₂ does, for players who look at the other's effect on themselves.
    """
    if len(game.partition.players) != 2:
        return False
    return game.kept("structure", "adds to zero", lambda: _adds_to_zero(game))


def _adds_to_zero(game: Game) -> bool:
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


def _derivatives(game: Any, values: Mapping[sympy.Symbol, sympy.Expr]):
    """x ↦ the losses' gradients, shape (n, d), and Hessians, shape (n, d, d), in float64."""
    if not game.symbolic:

        def by_jax(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            with jax.enable_x64(True):
                gradients, hessians = game.derivatives(x.astype(np.float64))
            return np.asarray(gradients), np.asarray(hessians)

        return by_jax
    free = {p: sympy.Rational(7 + 2 * i, 19) for i, p in enumerate(game.free_parameters)}
    put_in = {**free, **game.parameters, **values}
    gradients, hessians = game.derivatives()
    matrices = [m.xreplace(put_in) for m in (gradients, *hessians)]

    def by_sympy(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        put = dict(zip(game.variables, map(sympy.Float, x), strict=True))
        d, n = len(x), len(hessians)
        try:
            numbers = [[complex(e.evalf(20)).real for e in m.xreplace(put)] for m in matrices]
        except (TypeError, ValueError):  # there are none at x
            return np.full((n, d), np.nan), np.full((n, d, d), np.nan)
        return np.array(numbers[0]).reshape(n, d), np.array(numbers[1:]).reshape(n, d, d)

    return by_sympy
