"""The game-theoretic conditions where strategies have limits.

At a strictly complementary point every player is pushed against its active limits, so that a small deviation
from them costs something to first order, and what is left are deviations along the face (Nocedal, Wright
2006, theorem 12.6): the conditions are those of the game on the face. Where there is no push, second
derivatives on the critical cone decide. Where a player's own loss is convex in
its own strategy, a solution of the variational inequality is its best reply on the whole set (Facchinei, Pang
2003, proposition 1.4.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import sympy

from ..equilibria.face_chart import FaceChart
from ..equilibria.variational import Bounded
from ..games.game import Game
from ..games.symbolic import SymbolicGame
from ..time_limits import in_time
from .conditions import Conditions, NotApplicable, minmax_not_applicable
from .conditions_at import conditions_at
from .definite import definiteness
from .everywhere import is_convex_within
from .on_critical_cone import conditions_without_push
from .point import GamePoint, Values
from .verdict import Verdict

_SECONDS = 2.0  # for what SymPy is asked about one loss
_CONVEX = (
    "every player's loss is convex in its own strategy, and no deviation in its set gains to first "
    "order"
)


def conditions_on_sets(point: GamePoint, bounded: Bounded) -> Conditions:
    """The conditions at a rest point of the gradient field on the players' sets.

    `point` is that of the whole game, `bounded` the rest point with its limits.
    """
    e = point.equilibrium
    x = tuple(map(sympy.Float, e.point)) if e.exact is None else e.exact
    point = replace(
        point,
        game=point.game.of_single_players(e.point),
        symbolic=None if point.symbolic is None else point.symbolic.of_single_players(x),
    )
    found = _on_face(point, bounded) if bounded.strict else conditions_without_push(point, bounded)
    convex = convex_in_own(point)
    if convex is None or found.local_nash.verdict == "no":
        return found
    evidence = "exact" if convex and bounded.exact is not None else "numeric"
    nash = Verdict("yes", 0.0, 0.0, evidence, f"a global Nash equilibrium: {_CONVEX}")
    return replace(found, local_nash=nash)


def conditions_off_rest(point: GamePoint) -> Conditions:
    """The conditions at a point of the players' sets that does not solve the variational inequality.

    Whoever is not pushed against a limit there gains by a small move along its own field: the point is no
    local Nash equilibrium.
    """
    game, x = point.game, point.equilibrium.point
    v = point.evaluate(x[None])[0][0]
    moved = np.abs(game.sets.project(x + v) - x)
    gains = [float(moved[part].max()) for part in game.partition.slices]
    best = int(np.argmax(gains))
    players = len(game.players)
    if not gains[best] > 0:
        text = "the field is not finite here, or the point cannot be told from one at rest"
        no = Verdict("undecided", None, None, "numeric", text)
    else:
        text = f"player {game.players[best]} gains by a small move in its set: its field there has size"
        no = Verdict("no", gains[best], gains[best], "numeric", f"{text} {gains[best]:.6g}")
    leaders = {f"leader {p}": no for p in game.players} if players == 2 else {}
    applies = players == 2 and point.zero_sum
    leaders = {
        key: replace(
            no, verdict="undecided", because=f"{no.because}, which says nothing of a leader"
        )
        for key in leaders
    }
    return Conditions(no, no, no if applies else minmax_not_applicable(players), leaders)


def convex_in_own(point: GamePoint) -> bool | None:
    """Whether every loss is seen to be convex in the own strategy, the others staying at the point.

    True where the point is known exactly, False where it is not; None where convexity is not seen.
    """
    game, at = point.symbolic, point.equilibrium.exact
    if game is None:
        return None
    values = dict(point.values)
    x = at if at is not None else tuple(sympy.Float(c) for c in point.equilibrium.point)
    here = {v: c.xreplace(values) for v, c in zip(game.variables, x, strict=True)}
    box = point.game.sets.box
    for part, loss in zip(game.partition.slices, game.losses(), strict=True):
        own = game.variables[part]
        alone = loss.xreplace(values).xreplace({v: c for v, c in here.items() if v not in own})
        if not in_time(_SECONDS, lambda a=alone, o=own, p=part: _is_convex(a, o, box[p]), False):
            return None
    return at is not None


def _is_convex(loss: sympy.Expr, own: Sequence[sympy.Symbol], box: np.ndarray) -> bool:
    hessian = sympy.hessian(loss, own).applyfunc(sympy.expand)
    if not hessian.free_symbols:
        if hessian.is_zero_matrix:
            return True
        found = definiteness(np.array(hessian.evalf(20).tolist(), dtype=float), 0.0, hessian)
        return found.sign in (0, 1)
    if not np.isfinite(box).all():
        return False
    ends = {v: (float(low), float(high)) for v, (low, high) in zip(own, box, strict=True)}
    return is_convex_within(loss, ends)


def _on_face(point: GamePoint, bounded: Bounded) -> Conditions:
    """At a strictly complementary point: the conditions of the game on the face."""
    face = bounded.face
    if face.whole:
        return conditions_at(point)
    partition = face.partition if bounded.chart is None else bounded.chart.partition
    playing = [i for i, size in enumerate(partition.sizes) if size]
    if not playing:
        return _at_corner(point, bounded)
    tangent = None if not face.sets.simplices else face.basis
    if tangent is not None and bounded.chart is not None:
        tangent = bounded.chart.lift_tangent(np.eye(face.dimension))
    found = conditions_at(_face_point(point, bounded, playing), tangent)
    where = face.text([str(v) for v in point.game.variables])
    told = f"on {where}, against which the players are pushed, " if where else ""
    return _for_everybody(found, point, bounded, playing, told)


def _for_everybody(
    found: Conditions, point: GamePoint, bounded: Bounded, playing: Sequence[int], told: str
) -> Conditions:
    """The conditions of the game of those who have free coordinates, as conditions on the whole game."""

    def put(verdict: Verdict) -> Verdict:
        if isinstance(verdict, NotApplicable):
            return verdict
        text = verdict.because  # what is global on the face is local in the set
        for kind in ("a strict", "a weak", "a"):
            text = text.replace(f"{kind} global Nash", f"{kind} local Nash")
        return replace(verdict, because=f"{told}{text}")

    players = point.game.players
    two = len(players) == 2
    nash, local = put(found.differential_nash), put(found.local_nash)
    if len(playing) == len(players):
        leaders = {
            key: _leader(put(verdict), key, point, bounded)
            for key, verdict in found.differential_stackelberg.items()
        }
        return Conditions(nash, local, put(found.local_minmax), leaders)
    alone = replace(nash, because=f"{nash.because}; the other player stays at its limits")
    minmax = alone if two and point.zero_sum else minmax_not_applicable(len(players))
    leaders = {f"leader {p}": alone for p in players} if two else {}
    leaders = {key: _leader(verdict, key, point, bounded) for key, verdict in leaders.items()}
    return Conditions(nash, local, minmax, leaders)


def _leader(verdict: Verdict, key: str, point: GamePoint, bounded: Bounded) -> Verdict:
    """A Stackelberg verdict, if the leader's total gradient too pushes it against its limits.

    The follower's reply moves along the face, so that with T a basis of its tangent there the total gradient
    is ∇_l L_l − (∇²_fl L_f)ᵀT(Tᵀ∇²_ff L_f T)⁻¹Tᵀ∇_f L_l.
    """
    if verdict.verdict != "yes":
        return verdict
    i = point.game.players.index(key.removeprefix("leader "))
    own, other = point.game.partition.slices[i], point.game.partition.slices[1 - i]
    face = bounded.face
    held = [k for k, _ in face.held if own.start <= k < own.stop]
    if face.spheres and not point.zero_sum:
        text = f"{verdict.because}; on spheres the leader's total push is not looked at"
        return replace(verdict, verdict="undecided", because=text)
    derivatives, _, error = point.derivatives
    gradients, hessians = np.asarray(derivatives.gradients), derivatives.hessians
    total = -np.asarray(gradients[i], dtype=float).copy()
    basis = face.basis[other, face.partition.slices[1 - i]]
    if basis.shape[1] and not face.spheres:
        follower = np.asarray(hessians[1 - i], dtype=float)
        inner = basis.T @ follower[other, other] @ basis
        w = basis @ np.linalg.solve(inner, basis.T @ np.asarray(gradients[i][other], dtype=float))
        total[own] += follower[other, own].T @ w
    pushes = face.push(list(total))
    least = min((pushes[k] for k in held), default=np.inf)
    scale = 1e-9 * (1 + np.abs(np.asarray(gradients, dtype=float)).max()) + error
    if least > scale:
        return verdict
    if least < -scale:
        text = (
            f"the leader {point.game.players[i]} gains by leaving a limit and so moving the follower: its "
            f"total gradient points into its set with {-least:.6g}"
        )
        return Verdict("no", float(least), float(-least), "numeric", text)
    text = f"{verdict.because}; the leader's total gradient does not push against one of its limits"
    return replace(verdict, verdict="undecided", because=text)


def _at_corner(point: GamePoint, bounded: Bounded) -> Conditions:
    """Where every coordinate is at a limit with a push: a strict Nash equilibrium, locally."""
    push = min(limit.multiplier for limit in bounded.limits.values())
    evidence = "exact" if bounded.exact is not None else "numeric"
    text = f"every player is pushed against its limits; the weakest push is {push:.6g}"
    yes = Verdict("yes", push, push, evidence, text)
    two = len(point.game.players) == 2
    leaders = {f"leader {p}": yes for p in point.game.players} if two else {}
    minmax = yes if two and point.zero_sum else minmax_not_applicable(len(point.game.players))
    return Conditions(yes, yes, minmax, leaders)


def _face_point(point: GamePoint, bounded: Bounded, playing: Sequence[int]) -> GamePoint:
    """The rest point as one of the game on the face, of those players who have free coordinates there."""
    game = point.game
    chart = bounded.chart or FaceChart(bounded.face, bounded.x, bounded.exact, game.variables)
    symbolic = None
    if point.symbolic is not None and bounded.exact is not None and chart.exact is not None:
        symbolic = _symbolic_on_face(point.symbolic, chart, playing, dict(point.values))
        numeric = symbolic.numeric()
    else:
        numeric = _numeric_on_face(game, chart, playing)
    numeric.minimizer = playing.index(game.minimizer) if game.minimizer in playing else 0
    return replace(
        point,
        game=numeric,
        symbolic=symbolic,
        values={},
        equilibrium=bounded.on_face,
        box=np.stack([chart.origin - 1, chart.origin + 1], axis=1),
    )


def _symbolic_on_face(
    game: SymbolicGame, chart: FaceChart, playing: Sequence[int], values: Values
) -> SymbolicGame:
    by_name = {v.name: v for v in game.variables}
    w = sympy.Matrix([by_name[name] for name in chart.names])
    put = dict(zip(game.variables, chart.lift(w), strict=True))
    players = {}
    for i in playing:
        loss = game.losses()[i].xreplace(put).xreplace(dict(values))
        players[game.players[i]] = list(w[chart.partition.slices[i], :]), loss
    return SymbolicGame(players, name=game.name)


def _numeric_on_face(game: Game, chart: FaceChart, playing: Sequence[int]) -> Game:
    def loss(i: int) -> Any:
        return lambda *strategies: game.losses(chart.lift(jnp.concatenate(strategies)))[i]

    parts = {game.players[i]: chart.origin[chart.partition.slices[i]] for i in playing}
    losses = {game.players[i]: loss(i) for i in playing}
    return Game(losses, start=parts, variables=chart.names, check=False)
