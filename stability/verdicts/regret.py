"""Regret: what a player could still gain at a point by its best reply in its whole set.

The regret of player i at x is L_i(x) − min over y in X_i of L_i(y, x₋ᵢ), zero or more; the largest of all is
the ε for which x is an ε-Nash equilibrium (Shoham, Leyton-Brown 2009, definition 3.4.6). It is told where the
minimum is known to be global: at a vertex, where the loss is affine in each of the player's intervals and
simplices by itself; on balls, where it is affine; where the loss is convex and the point already solves the
player's own variational inequality; and by all critical points, where one number is played and the loss is a
polynomial of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import sympy

from ..dynamics.system import is_a
from ..equilibria.exact import number_is_zero
from ..errors import InputError, InputTypeError
from ..games.game import Game
from ..games.sets import Sets
from ..games.symbolic import SymbolicGame
from ..time_limits import in_time
from .conditions import Conditions
from .point import GamePoint
from .verdict import Verdict, finite

_SECONDS = 2.0  # for what SymPy is asked about one loss
_VERTICES = 4096  # of a player's set, at most
_ROUNDING = 1e-12  # of a loss, relatively: what it may differ by and still be the lowest


@dataclass(frozen=True)
class Regret:
    """One player's regret at a point; `value` is None where it is not known, and `because` says why.

    - `exact`: in exact numbers, where the point has some. `reply`: a best reply, by variable; None where the
      player plays one already, or where there is none.
    """

    value: float | None
    exact: str | None
    reply: Mapping[str, float] | None
    because: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {
            "value": finite(self.value),
            "exact": self.exact,
            "reply": None if self.reply is None else dict(self.reply),
            "because": self.because,
        }


_UNKNOWN = Regret(None, None, None, "the global minimum of the loss is not known")
_TOO_LONG = Regret(None, None, None, "the global minimum of the loss was not found in time")


def epsilon(found: Mapping[str, Regret]) -> float | None:
    """The largest regret, the ε of an ε-Nash equilibrium; None where one is not known."""
    values = [own.value for own in found.values()]
    return None if None in values else max(v for v in values if v is not None)


def regret(
    game: Game | SymbolicGame, x: Any, *, parameters: Mapping[Any, Any] | None = None
) -> dict[str, Regret]:
    """Every player's regret at the profile x: what its best reply in its whole set would gain.

    The largest is the ε of which x is an ε-Nash equilibrium.

    **Arguments:**

    - `game`: with formulas; of others nothing is known, and the answer says so.
    - `x`: shape (d,), exact numbers (SymPy's, or whole ones) or floats, or a mapping by variable.
    - `parameters`: values for the game's parameters, over its own.

    Raises InputError for a profile that does not fit, or lies outside the players' sets.
    """
    if not is_a(game, "game"):
        raise InputTypeError(f"regret is that of a game's players, not of {game!r}")
    numeric, values = game.at_values(parameters)
    if isinstance(x, Mapping):
        by_name = {str(v): c for v, c in x.items()}
        missing = [v for v in map(str, numeric.variables) if v not in by_name]
        if missing or len(by_name) != len(numeric.variables):
            raise InputError(
                f"a profile gives every variable a number, {missing or by_name} do not fit"
            )
        x = [by_name[str(v)] for v in numeric.variables]
    profile = tuple(map(sympy.sympify, x))
    if len(profile) != numeric.dimension or not all(c.is_number and c.is_finite for c in profile):
        raise InputError(f"a profile of this game is {numeric.dimension} finite numbers")
    numeric.sets.taken(np.array([float(c) for c in profile]), numeric.variables, "the profile")
    symbolic = game if isinstance(game, SymbolicGame) else None
    return _every(symbolic, numeric.players, values, profile)


def regrets(point: GamePoint, conditions: Conditions) -> dict[str, Regret]:
    """Every player's regret at a point of a game whose players live in sets.

    `conditions`: what was found there; at a global Nash equilibrium nobody has any.
    """
    e, nash = point.equilibrium, conditions.local_nash
    if nash.verdict == "yes" and "a global Nash" in nash.because:
        exact = "0" if nash.evidence == "exact" else None
        return {
            p: Regret(0.0, exact, None, "a global Nash equilibrium") for p in point.game.players
        }
    x = tuple(map(sympy.Float, e.point)) if e.exact is None else e.exact
    return _every(point.symbolic, point.game.players, point.values, x)


def decided_by_regret(found: Conditions, regret: Mapping[str, Regret]) -> Conditions:
    """The conditions, an undecided local Nash condition being decided where nobody has any regret.

    Every regret has to be zero exactly: zero within rounding does not tell a minimum from what is beside it.
    """
    zero = bool(regret) and all(own.exact == "0" for own in regret.values())
    if found.local_nash.verdict != "undecided" or not zero:
        return found
    text = "a global Nash equilibrium: no player has a better reply in its whole set"
    return replace(found, local_nash=Verdict("yes", 0.0, 0.0, "exact", text))


def _every(
    game: SymbolicGame | None, players: Sequence[str], values: Any, x: Sequence[sympy.Expr]
) -> dict[str, Regret]:
    if game is None:
        text = "the loss has no formula whose global minimum could be told"
        return {p: Regret(None, None, None, text) for p in players}
    exact = not any(c.has(sympy.Float) for c in x)
    game = game.of_single_players(x)
    values = dict(values)
    at = {v: c.xreplace(values) for v, c in zip(game.variables, x, strict=True)}
    found = {}
    for i, (part, loss) in enumerate(zip(game.partition.slices, game.losses(), strict=True)):
        own = game.variables[part]
        alone = loss.xreplace(values).xreplace({v: c for v, c in at.items() if v not in own})
        here = [at[v] for v in own]
        sets = game.sets.put(values).of_player(i)
        own_exact = exact and not alone.has(sympy.Float) and not _limits_have_floats(sets)
        ask = partial(_regret, alone, own, here, sets, own_exact)
        found[players[i]] = in_time(_SECONDS, ask, _TOO_LONG)
    return found


def _limits_have_floats(sets: Sets) -> bool:
    ends = [*sets.low, *sets.high, *(ball.radius for ball in sets.balls)]
    return any(sympy.sympify(end).has(sympy.Float) for end in ends)


def _regret(
    loss: sympy.Expr,
    own: Sequence[sympy.Symbol],
    here: Sequence[sympy.Expr],
    sets: Sets,
    exact: bool,
) -> Regret:
    replies = _candidates(loss, own, sets)
    if replies is None:
        return _UNKNOWN
    now = loss.xreplace(dict(zip(own, here, strict=True)))
    lowest, best = now, None
    for reply in replies:
        if reply is None:
            return Regret(None, None, None, "the loss falls without end")
        value = loss.xreplace(dict(zip(own, reply, strict=True)))
        if not value.is_finite and not np.isfinite(complex(value)):
            return Regret(None, None, None, "the loss is not finite everywhere in the set")
        exact = exact and not value.has(sympy.Float)
        sign = _sign(lowest - value, 1 + abs(float(lowest)), exact)
        exact = exact and sign is not None
        if sign == 1:
            lowest, best = value, reply
    if best is None:
        return Regret(0.0, "0" if exact else None, None, "no reply in the set is better")
    gain = sympy.nsimplify(now - lowest) if exact and (now - lowest).is_rational else now - lowest
    gain = sympy.simplify(gain) if exact else gain
    reply = {v.name: float(c) for v, c in zip(own, best, strict=True)}
    text = str(gain) if exact and sympy.count_ops(gain) < 20 else None
    return Regret(float(gain), text, reply, "gained by the best reply")


def _sign(difference: sympy.Expr, size: float, exact: bool) -> int | None:
    """The sign of a difference of two losses of this size; None where it is zero within rounding."""
    if exact and difference.is_Rational:
        return int(sympy.sign(difference))
    if exact and number_is_zero(difference):
        return 0
    number = float(difference.evalf(30))
    if abs(number) > (1e-20 if exact else _ROUNDING) * size:
        return 1 if number > 0 else -1
    return None


def _candidates(
    loss: sympy.Expr, own: Sequence[sympy.Symbol], sets: Sets
) -> Iterator[tuple[sympy.Expr, ...] | None] | None:
    """Replies, the best one among them; None in place of one that leads away without end; None: not known."""
    low, high = (list(map(sympy.sympify, ends)) for ends in (sets.low, sets.high))
    hessian = sympy.hessian(loss, own).applyfunc(sympy.expand)
    groups = [[int(k) for k in index] for index in sets.simplices]
    inside = {k for group in groups for k in group}
    free = [k for k in range(len(own)) if k not in inside]
    if sets.balls:
        return _on_balls(loss, own, sets) if hessian.is_zero_matrix else None
    blocks = groups + [[k] for k in free]
    if all(hessian[i, j] == 0 for block in blocks for i in block for j in block):
        return _vertices(loss, own, groups, free, low, high, hessian)
    if len(own) == 1 and free:
        return _critical(loss, own[0], low[0], high[0])
    return None


def _vertices(
    loss: sympy.Expr, own: Sequence[sympy.Symbol], groups: list[list[int]], free: list[int],
    low: list[Any], high: list[Any], hessian: sympy.Matrix,
) -> Iterator[tuple[sympy.Expr, ...] | None] | None:  # fmt: skip
    """The vertices of intervals and simplices; where the loss is affine only the best one of each."""
    infinite = [k for k in free if sympy.oo in (high[k], -low[k])]
    slopes = None
    if hessian.is_zero_matrix:
        slopes = [sympy.expand(sympy.diff(loss, v)) for v in own]
    elif infinite:
        return None
    choices: list[list[tuple[int, list[tuple[int, Any]]]]] = []
    for group in groups:
        options = [[(j, sympy.Integer(j == k)) for j in group] for k in group]
        if slopes is not None:
            steep = np.array([float(slopes[k]) for k in group])
            near = steep <= steep.min() + _ROUNDING * (
                1 + np.abs(steep).max()
            )  # exact losses decide
            options = [option for option, also in zip(options, near, strict=True) if also]
        choices.append([(0, option) for option in options])
    for k in free:
        ends = [low[k], high[k]]
        if slopes is not None:
            slope = float(slopes[k])
            if number_is_zero(slopes[k]):
                ends = [e for e in ends if e not in (sympy.oo, -sympy.oo)][:1] or [sympy.Integer(0)]
            else:
                ends = [low[k] if slope > 0 else high[k]]
        if any(end in (sympy.oo, -sympy.oo) for end in ends):
            return iter([None])
        choices.append([(0, [(k, end)]) for end in ends])
    if np.prod([len(options) for options in choices]) > _VERTICES:
        return None

    def made() -> Iterator[tuple[sympy.Expr, ...]]:
        for chosen in itertools.product(*choices):
            reply: list[Any] = [sympy.Integer(0)] * len(own)
            for _, option in chosen:
                for k, value in option:
                    reply[k] = value
            yield tuple(reply)

    return made()


def _on_balls(
    loss: sympy.Expr, own: Sequence[sympy.Symbol], sets: Sets
) -> Iterator[tuple[sympy.Expr, ...] | None] | None:
    """The lowest point of an affine loss on balls alone: −R g/‖g‖ on each."""
    reply: list[Any] = [None] * len(own)
    for ball in sets.balls:
        slope = sympy.Matrix([sympy.expand(sympy.diff(loss, own[int(k)])) for k in ball.index])
        size = sympy.sqrt(sum(s**2 for s in slope))
        for k, s in zip(ball.index, slope, strict=True):
            reply[int(k)] = (
                sympy.Integer(0) if size == 0 else -sympy.sympify(ball.radius) * s / size
            )
    if any(value is None for value in reply):
        return None
    return iter([tuple(reply)])


def _critical(
    loss: sympy.Expr, variable: sympy.Symbol, low: sympy.Expr, high: sympy.Expr
) -> Iterator[tuple[sympy.Expr, ...] | None] | None:
    """All critical points of a polynomial of one variable in its interval, and the interval's ends."""
    if not loss.is_polynomial(variable):
        return None
    polynomial = sympy.Poly(loss, variable)
    degree, leading = polynomial.degree(), float(polynomial.LC())
    if high == sympy.oo and leading < 0:
        return iter([None])
    if low == -sympy.oo and leading * (-1) ** degree < 0:
        return iter([None])
    slope = polynomial.diff(variable)
    if slope.degree() < 1:
        roots = []
    elif all(c.is_Rational for c in slope.all_coeffs()):
        roots = sympy.real_roots(slope)
    else:  # in 30 digits, so that nothing after this is exact
        roots = [sympy.re(r) for r in slope.nroots(n=30) if abs(sympy.im(r)) < 1e-12 * (1 + abs(r))]
    points = [r for r in roots if float(low) < float(r) < float(high)]
    points += [end for end in (low, high) if end.is_finite]
    return iter([(p,) for p in points])
