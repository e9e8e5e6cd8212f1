"""The inner problem of a nested optimisation: one player goes to its optimum while the others wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np

from ..dynamics.points import coordinates_by_name
from ..dynamics.system import is_a
from ..errors import InputError, InputTypeError
from ..games.game import Game
from ..games.sets import Sets, tangent
from ..games.symbolic import SymbolicGame

MOST_STEPS = 200
FLAT = 1e-14  # curvatures below it are taken for this, so that a slope there leads far away
UNBOUNDED = 1e12  # a loss below minus this is taken for one without a minimum
DIGITS = 1e-14  # relative to the loss: what there may be left to gain at rest


@dataclass(frozen=True)
class BestReply:
    """Where a player's own loss is lowest near a start, the others' strategies held fixed.

    - `profile`: everybody's strategies afterwards, shape (d,); `loss`: the player's loss there.
    - `converged`: yes if nothing is left to gain to rounding and no second derivative is negative, so that
      the reply is the best one wherever the loss is convex in the own strategy (`stability.convexity`); no
      if the search left in a direction in which the loss falls without end, or found no way down.
    - `slope`, `curvature`: the largest first and the smallest second derivative that are left: where the
      player lives in a set the largest component of P(x − ∇L) − x, and second derivatives along the limits
      that it is pushed against (∞ where none is left).
    - `steps`: how many steps of Newton's method were taken.
    """

    profile: np.ndarray
    loss: float
    converged: bool
    slope: float
    curvature: float
    steps: int


def best_reply(
    game: Game | SymbolicGame,
    player: str | int,
    x: Any = None,
    *,
    parameters: Mapping[Any, Any] | None = None,
) -> BestReply:
    """One player's best reply to the others' strategies in x, by Newton's method with halved steps.

    In a player's set the steps are taken along the limits that the loss pushes it against, and projected
    (Bertsekas 1982); where none lowers the loss, a projected step down the slope is.

    In a GAN the discriminator's best reply turns its loss into minus a divergence between the data and
    what is generated (Goodfellow et al. 2014, theorem 1; Nowozin, Cseke, Tomioka 2016).

    **Arguments:**

    - `game`: of either engine.
    - `player`: its name or position.
    - `x`: the profile, shape (d,), or a mapping by variable, where the player also starts; default: the
      game's start.
    - `parameters`: values for a symbolic game's parameters, over its own.

    Raises InputError for a profile of another shape or outside the players' sets, or one at which the loss is
    not finite.
    """
    if not is_a(game, "game"):
        raise InputTypeError(f"a best reply is a player's of a game, not of {game!r}")
    numeric = game.at_values(parameters)[0]
    i = numeric.partition.index(player)
    own = numeric.partition.slices[i]
    with jax.enable_x64(True):
        profile, evaluated = _profile(numeric, x), _compiled(numeric, i)
        profile = numeric.sets.taken(profile, numeric.variables, "the profile")
        sets = numeric.sets.of_player(i)

        def state(strategy: np.ndarray) -> _State:
            at = profile.copy()
            at[own] = strategy
            loss, slope, hessian = (np.asarray(value) for value in evaluated(at))
            return _State(at, strategy, float(loss), slope, hessian, sets)

        now = state(profile[own])
        if not np.isfinite(now.loss):
            raise InputError(f"the loss of {numeric.players[i]} is not finite at the profile given")
        converged, steps = False, 0
        while steps < MOST_STEPS and now.loss > -UNBOUNDED and np.isfinite(now.hessian).all():
            curvatures, axes = now.curvatures
            step = -axes @ ((axes.T @ now.slope) / np.maximum(np.abs(curvatures), FLAT))
            # half of it is what a quadratic loss would still lose
            at_rest = abs(float(step @ now.slope)) <= DIGITS * max(1.0, abs(now.loss))
            no_way_down = now.curvature >= -1e-10 * max(1.0, np.abs(curvatures).max(initial=0.0))
            converged = at_rest and bool(no_way_down)
            moved = _moved(state, now, step, at_rest)
            if moved is None and sets and not at_rest:
                moved = _moved(state, now, -now.slope, at_rest)
            if moved is None:
                break
            now, steps = moved, steps + 1
    return BestReply(now.profile, now.loss, converged, now.size, now.curvature, steps)


def _compiled(game: Game, i: int) -> Callable[[Any], tuple[Any, Any, Any]]:
    """Player i's loss with its first and second derivatives in the own strategy, compiled once per game."""

    def evaluated(at: Any) -> tuple[Any, Any, Any]:
        def slope(strategy: Any) -> Any:
            return -game.player_field(i, game.partition.replaced(i, strategy, at))

        strategy = game.partition.part(i, at)
        return game.losses(at)[i], slope(strategy), jax.jacfwd(slope)(strategy)

    return game.kept("best reply", i, lambda: jax.jit(evaluated))


@dataclass(frozen=True)
class _State:
    """Where the search is: the profile, the player's `strategy` in its `sets`, its loss and derivatives."""

    profile: np.ndarray
    strategy: np.ndarray
    loss: float
    slope: np.ndarray
    hessian: np.ndarray
    sets: Sets

    @property
    def size(self) -> float:
        """The largest component of P(x − ∇L) − x: of ∇L where there are no limits."""
        if not self.sets:
            return float(np.abs(self.slope).max())
        return float(np.abs(self.sets.project(self.strategy - self.slope) - self.strategy).max())

    @cached_property
    def curvatures(self) -> tuple[np.ndarray, np.ndarray]:
        """Second derivatives (m,) along axes (k, m): those of the limits that the slope pushes against.

        On a sphere of radius R with push p that of the sphere adds p/R.
        """
        symmetric = (self.hessian + self.hessian.T) / 2
        if not self.sets:
            return np.linalg.eigh(symmetric)
        touched = tangent(self.sets, self.strategy)
        with np.errstate(invalid="ignore"):
            held = touched.held & (touched.pushes(-self.slope) > 0)
        pushes = touched.pushes_of_spheres(-self.slope)
        pairs = [(b, p) for b, p in zip(touched.spheres, pushes, strict=True) if p > 0]
        face = replace(touched, held=held, spheres=tuple(ball for ball, _ in pairs))
        for ball, push in pairs:
            symmetric[ball.index, ball.index] += push / float(ball.radius)
        values, vectors = np.linalg.eigh(face.matrix)
        along = vectors[:, values > 0.5]
        curvatures, axes = np.linalg.eigh(along.T @ symmetric @ along)
        return curvatures, along @ axes

    @property
    def curvature(self) -> float:
        return float(self.curvatures[0].min(initial=np.inf))


def _moved(state: Any, now: _State, step: np.ndarray, at_rest: bool) -> _State | None:
    """After the step, or a part of it that lowers the loss; at rest, if the slope is halved; else None."""
    length = 1.0
    while length > 1e-15:
        there = now.strategy + length * step
        new = state(now.sets.project(there) if now.sets else there)
        if at_rest:  # where rounding hides whether the loss falls
            return new if new.size < now.size / 2 else None
        if new.loss < now.loss:
            return new
        length /= 4
    return None


def _profile(game: Game, x: Any) -> np.ndarray:
    if x is None:
        return np.array(game.start, dtype=np.float64)
    if isinstance(x, Mapping):
        start = dict(zip(game.variables, np.asarray(game.start, dtype=float), strict=True))
        named = {str(key): value for key, value in x.items()}
        x = coordinates_by_name({**start, **named}, game.variables, "the profile")
    try:
        profile = np.array(x, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"the profile is {game.dimension} real numbers, not {x!r}") from None
    if profile.shape != (game.dimension,) or not np.isfinite(profile).all():
        raise InputError(f"the profile is {game.dimension} finite numbers, one for each variable")
    return profile
