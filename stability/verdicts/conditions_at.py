"""The game-theoretic conditions at a point that is given by both engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
import sympy

from ..dynamics.partition import Partition
from ..dynamics.traced_formulas import traced_formulas
from ..equilibria.exact import number_is_zero
from ..games.game import Game
from ..spectra.value import Evidence
from ..time_limits import in_time
from .conditions import EPS, Conditions, Derivatives, conditions
from .everywhere import Shape, is_affine, is_convex_within, lowest_everywhere
from .minimum import Minimum, minimum
from .point import GamePoint
from .weak_nash import OwnLoss, OwnLosses

_SECONDS = 2.0  # for what SymPy sees at once
_LARGEST_TRACED = 32  # numbers of a game whose formulas are read from its trace
_ROUND = 1000  # the largest denominator of a coordinate that counts as a round number


@dataclass(frozen=True)
class _Formulas:
    """The losses as expressions in `variables`, real symbols, and the point in exact numbers, or None."""

    variables: tuple[sympy.Symbol, ...]
    losses: tuple[sympy.Expr, ...]
    at: tuple[sympy.Expr, ...] | None
    evidence: Evidence


def conditions_at(point: GamePoint, tangent: np.ndarray | None = None) -> Conditions:
    """`conditions` from the point's derivatives, and from its losses where second derivatives are not enough.

    The point is at rest and the losses are differentiable there. `tangent`: the directions, shape (n, d),
    that the coordinates stand for, if these are no lengths; sizes are then those along unit vectors.
    """
    numeric, exact, error = point.derivatives
    if tangent is not None:
        numeric, error = _along_unit_vectors(numeric, error, tangent, point.game.partition)
    e = point.equilibrium
    formulas = cache(lambda: _given(point) or _traced(point.game, e.point, e.error))
    return conditions(
        point.game.partition,
        numeric,
        exact,
        zero_sum=point.zero_sum,
        minimizer=point.game.minimizer,
        uncertainty=error,
        losses=cache(lambda i, definite: _own_loss(point.game, i, formulas(), definite)),
    )


def _along_unit_vectors(
    derivatives: Derivatives, error: float, tangent: np.ndarray, partition: Partition
) -> tuple[Derivatives, float]:
    """The derivatives by z = S⁻¹w with `tangent` @ S orthonormal, and the error of the second ones.

    Columns of different players are orthogonal, so that S keeps to the players: no sign changes.
    """
    s = np.linalg.inv(np.linalg.qr(tangent)[1])
    hessians = [np.asarray(h, dtype=float) for h in derivatives.hessians]
    largest = max(float((np.abs(s).T @ np.abs(h) @ np.abs(s)).max(initial=0.0)) for h in hessians)
    widest = float(np.abs(s).sum(axis=0).max(initial=0.0)) ** 2

    def constrained(leader: int, follower: int, z: np.ndarray) -> np.ndarray:
        own = partition.slices[follower]
        return s.T @ derivatives.constrained_hessian(leader, follower, s[own, own] @ z) @ s

    gradients = np.asarray(derivatives.gradients, dtype=float) @ s
    found = Derivatives(gradients, [s.T @ h @ s for h in hessians], constrained)
    return found, error * widest + 4 * len(s) * EPS * largest


def traced_losses(game: Game, x: np.ndarray, error: float = 0.0) -> OwnLosses:
    """What is known from their traces of a JAX game's losses, at a point x, shape (d,), off by `error`.

    Of games of more than 32 numbers nothing is known.
    """
    formulas = cache(lambda: _traced(game, x, error))
    return cache(lambda i, definite: _own_loss(game, i, formulas(), definite))


def _own_loss(game: Game, i: int, formulas: _Formulas | None, definite: bool) -> OwnLoss | None:
    """The i-th player's loss in its own strategy at a point of rest; None where nothing is known of it.

    With a `definite` own Hessian it is only asked whether the loss is lower elsewhere.
    """
    if formulas is None:
        return None
    own, loss = formulas.variables[game.partition.slices[i]], formulas.losses[i]
    evidence = "numeric" if formulas.at is None else formulas.evidence
    if in_time(_SECONDS, lambda: is_affine(loss, own), False):
        return OwnLoss(Minimum("yes", False, "constant"), True, evidence)
    if formulas.at is None:
        return None
    at = dict(zip(formulas.variables, formulas.at, strict=True))
    alone = loss.xreplace({v: c for v, c in at.items() if v not in own})
    if not alone.free_symbols <= set(own):
        return None
    here = {v: at[v] for v in own}
    if definite:
        shape: Shape | None = in_time(_SECONDS, lambda: lowest_everywhere(alone, here), None)
        found = Minimum("yes", True, shape)
    else:
        found = minimum(alone, here)
    if found.word != "no" and found.everywhere is None:
        box = _own_box(game, own, at)
        if box and in_time(_SECONDS, lambda: is_convex_within(alone, box), False):
            found = Minimum("yes", found.strict, "convex in the box")
    return OwnLoss(found, evidence=evidence)


def _own_box(
    game: Game, own: tuple[sympy.Symbol, ...], at: Mapping[sympy.Symbol, sympy.Expr]
) -> dict[sympy.Symbol, tuple[float, float]] | None:
    """The box that the game itself gives a player, if the point lies inside."""
    box = {v: game.box[v.name] for v in own if v.name in game.box}
    inside = all(low < at[v] < high for v, (low, high) in box.items())
    return box if len(box) == len(own) and inside else None


def _given(point: GamePoint) -> _Formulas | None:
    """The formulas of a symbolic game."""
    game, values = point.symbolic, dict(point.values)
    if game is None:
        return None
    at = point.equilibrium.exact
    if at is not None:
        at = tuple(c.xreplace(values) for c in at)
        at = None if any(c.free_symbols for c in at) else at
    losses = tuple(loss.xreplace(values) for loss in game.losses())
    return _Formulas(game.variables, losses, at, "exact")


def _traced(game: Game, x: np.ndarray, error: float) -> _Formulas | None:
    """The formulas that the losses of a JAX game compute, and the point where by these it rests exactly.

    The evidence stays numeric: constants are taken as they are written.
    """
    if game.dimension > _LARGEST_TRACED:
        return None
    variables = tuple(sympy.Symbol(name, real=True) for name in game.variables)
    losses = game.kept("formulas", "losses", lambda: traced_formulas(game.losses, variables))
    if losses is None:
        return None

    def resting() -> tuple[sympy.Expr, ...] | None:
        own = zip(losses, game.partition.slices, strict=True)
        field = [sympy.diff(loss, v) for loss, part in own for v in variables[part]]
        for candidate in _candidates(x, error):
            put = dict(zip(variables, candidate, strict=True))
            if all(number_is_zero(e.xreplace(put)) for e in field):
                return candidate
        return None

    return _Formulas(variables, losses, in_time(_SECONDS, resting, None), "numeric")


def _candidates(x: np.ndarray, error: float) -> list[tuple[sympy.Expr, ...]]:
    """The round numbers that the point is within its error, these as floats, and its own binary value."""
    binary = [Fraction(float(v)) for v in x]
    near = [v.limit_denominator(_ROUND) for v in binary]
    allowed = 10 * error + 1e-12 * np.maximum(1.0, np.abs(x))
    both = zip(binary, near, allowed, strict=True)
    rounded = [r if abs(float(r - b)) <= a else b for b, r, a in both]
    return [
        tuple(sympy.Rational(v.numerator, v.denominator) for v in candidate)
        for candidate in (rounded, [Fraction(float(r)) for r in rounded], binary)
    ]
