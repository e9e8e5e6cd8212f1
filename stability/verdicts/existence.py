"""Whether a game has a local Nash equilibrium at all, from all points at which its field vanishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from ..dynamics.domain import undefined
from ..dynamics.points import named_box
from ..dynamics.system import is_a
from ..equilibria.equilibrium import Equations, Equilibrium
from ..equilibria.find import Equilibria, find_equilibria
from ..errors import InputError
from ..games.game import Game
from ..games.symbolic import SymbolicGame
from .conditions_at import conditions_at
from .point import GamePoint, game_point
from .verdict import Verdict


def local_nash_equilibrium_exists(
    game: Game | SymbolicGame,
    *,
    box: Mapping[str, tuple[float, float]] | None = None,
    parameters: Mapping[Any, Any] | None = None,
) -> Verdict:
    """Has the game a local Nash equilibrium, its strategies being unconstrained?

    At a local Nash equilibrium of a smooth game v = 0 and every player's own Hessian ∇²ᵢᵢLᵢ ⪰ 0; ≻ 0 is
    enough (Ratliff, Burden, Sastry 2016), and where one is singular higher terms of the loss decide. So there
    is none if the zeros of v are all known and at each of them a player can do better nearby, and hence no
    Nash equilibrium either: so GANs without one are recognised (Farnia, Ozdaglar 2020). The verdict is

    - yes, if some zero of v is a local Nash equilibrium; its value is the own Hessians' smallest eigenvalue;
    - no, if the zeros are known exactly and completely, the losses have derivatives wherever they are
      defined, and none of the zeros is one; its value is the negative eigenvalue of an own Hessian that is
      nearest to 0, or 0 where higher terms decide;
    - undecided otherwise; a search that is not exact proves nothing about completeness.

    `game` is of either engine, and its players live in the whole space. `box` and
    `parameters` as for `stability.report`: where zeros are searched numerically, and a symbolic game's
    values.

    Raises InputError for a parameter without a value, players that live in sets, and games of more than 500
    variables.
    """
    if is_a(game, "game") and game.sets:
        raise InputError(
            "equilibria may be at limits of the players' sets, where the field does not vanish: make a "
            "report, which looks at every face"
        )
    d = len(game.variables) if is_a(game, "game") else 0
    begin = game_point(
        game, [0] * d if getattr(game, "start", None) is None else game.start, parameters
    )
    search = find_equilibria(
        begin.evaluate,
        _box(begin.game, box),
        _equations(begin),
        special=[begin.equilibrium.point],
        defined=lambda x: undefined(begin.game, x) is None,
    )
    found = [(e, _local_nash(game, begin, e, parameters)) for e in search.found]
    for e, verdict in found:
        if verdict.verdict == "yes":
            text = f"a local one, at {_place(begin, e)}: {verdict.because}"
            return replace(verdict, because=text)
    doubt = _doubt(begin, search, found)
    if doubt is not None:
        return Verdict("undecided", None, None, "numeric", doubt)
    return _none([verdict for _, verdict in found])


def _doubt(
    begin: GamePoint, search: Equilibria, found: Sequence[tuple[Equilibrium, Verdict]]
) -> str | None:
    """Why there may be an equilibrium though none was found, or None."""
    for e, verdict in found:
        if verdict.verdict != "no":
            return f"at {_place(begin, e)} it is not decided: {verdict.because}"
    if not search.exhaustive:
        return (
            f"none of the {len(found)} zeros of the field that were found is a Nash equilibrium, but the "
            "search was numeric and there may be others"
        )
    rough = _rough(begin)
    if rough is not None:
        return (
            f"a Nash equilibrium may sit where {rough} has no derivative, which was not looked at"
        )
    return None


def _none(found: Sequence[Verdict]) -> Verdict:
    """No equilibrium, by the verdicts on all points at which the field vanishes."""
    if not found:
        return Verdict("no", None, None, "exact", "the field vanishes nowhere")
    values = [verdict.value for verdict in found if verdict.value is not None]
    margins = [verdict.margin for verdict in found if verdict.margin is not None]
    exact = all(verdict.evidence == "exact" for verdict in found)
    many = f"the {len(found)} points at which" if len(found) > 1 else "the one point at which"
    text = f"at {many} the field vanishes a player can do better nearby"
    if max(values) < 0:
        text += f": an own Hessian has a negative eigenvalue, at best {max(values):.6g}"
    return Verdict("no", max(values), min(margins), "exact" if exact else "numeric", text)


def _local_nash(
    game: Game | SymbolicGame, begin: GamePoint, e: Equilibrium, parameters: Any
) -> Verdict:
    point = e.point if e.exact is None else [c.xreplace(dict(begin.values)) for c in e.exact]
    here = game_point(game, point, parameters)
    trouble = here.trouble
    if trouble is not None:
        return trouble
    return conditions_at(here).local_nash


def _rough(begin: GamePoint) -> sympy.Expr | None:
    """A term of the losses that may have no derivative somewhere it is defined, or None."""
    for loss in () if begin.symbolic is None else begin.symbolic.losses():
        kinks = loss.atoms(sympy.Abs, sympy.sign, sympy.Heaviside, sympy.Max, sympy.Min)
        roots = [
            power
            for power in loss.atoms(sympy.Pow)
            if power.base.free_symbols
            and not power.exp.is_integer
            and not power.xreplace(dict(begin.values)).base.is_positive
        ]
        for term in [*kinks, *roots]:
            return term
    return None


def _equations(begin: GamePoint) -> Equations | None:
    symbolic = begin.symbolic
    if symbolic is None:
        return None
    return Equations(symbolic.variables, tuple(symbolic.expressions), begin.values, symbolic.domain)


def _box(game: Game, given: Mapping[str, tuple[float, float]] | None) -> np.ndarray:
    """The sides given, else the game's own, else from -2 to 2, stretched to twice the start."""
    sides = {**game.box, **named_box(given or {}, game.variables)}
    start = np.asarray(game.start, dtype=float)
    default = zip(np.minimum(-2.0, 2 * start), np.maximum(2.0, 2 * start), strict=True)
    return np.array(
        [sides.get(name, own) for name, own in zip(game.variables, default, strict=True)]
    )


def _place(begin: GamePoint, e: Equilibrium) -> str:
    pairs = zip(begin.game.variables, e.point, strict=True)
    return "(" + ", ".join(f"{name} = {x:.6g}" for name, x in pairs) + ")"
