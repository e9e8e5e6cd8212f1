"""Nash equilibria of games of several players, support by support."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import sympy
from sympy.solvers.simplex import InfeasibleLPError, lpmax

from ..equilibria.cells import sign_of
from ..equilibria.exact import ExactZeros, solve_exactly
from ..errors import InputError
from ..games.strategic_form import StrategicForm
from .equilibrium_sets import Mixture, NashComponent, NashEquilibria, described

_MOST_SUPPORTS = 1000
_MOST_UNSOLVED = 4  # after so many only what needs no solving is looked at
_SHOWN = 3
_NOTHING_TO_SOLVE = ExactZeros(({},), (), True)

Supports = tuple[tuple[int, ...], ...]  # by player, the positions of the strategies it plays


class _Found(NamedTuple):
    """On some supports: isolated equilibria, whether there is a continuum, and whether that is all."""

    points: list[tuple[Mixture, ...]]
    continuum: bool = False
    complete: bool = True


def by_supports(form: StrategicForm) -> NashEquilibria:
    """The isolated equilibria of a game of several players without parameters; see `nash_equilibria`.

    Raises InputError for more than a thousand choices of supports.
    """
    choices = [_nonempty(count) for count in form.shape]
    if (count := math.prod(map(len, choices))) > _MOST_SUPPORTS:
        raise InputError(
            f"this game has {count} choices of supports; with more than two players at most "
            f"{_MOST_SUPPORTS} are looked at"
        )
    points: set[tuple[Mixture, ...]] = set()
    continua: list[Supports] = []
    unsolved: list[Supports] = []
    for supports in sorted(itertools.product(*choices), key=lambda own: sum(map(len, own))):
        if _has_dominated(form, supports):
            continue
        found = _on(form, supports, try_hard=len(unsolved) < _MOST_UNSOLVED)
        points.update(found.points)
        if found.continuum:
            continua.append(supports)
        if not found.complete:
            unsolved.append(supports)
    ordered = sorted(points, key=lambda point: [[-float(p) for p in own] for own in point])
    profiles = [dict(zip(form.players, point, strict=True)) for point in ordered]
    because = [
        f"{what} on the supports {_told(form, those)}"
        for what, those in (
            ("there are continua of equilibria, whose isolated points alone are listed,", continua),
            ("there may be other equilibria, for the equations were not solved,", unsolved),
        )
        if those
    ]
    return NashEquilibria(
        form,
        tuple(described(form, profile) for profile in profiles),
        tuple(NashComponent(({p: (own,) for p, own in profile.items()},)) for profile in profiles),
        exhaustive=not because,
        evidence="exact",
        because="; ".join(because) or None,
    )


def _nonempty(count: int) -> list[tuple[int, ...]]:
    """All supports of a player with so many strategies."""
    return [s for k in range(1, count + 1) for s in itertools.combinations(range(count), k)]


def _has_dominated(form: StrategicForm, supports: Supports) -> bool:
    """Whether a strategy of the supports pays less than another one whatever the others do within theirs.

    (Porter, Nudelman, Shoham 2008.)
    """
    for i, (player, own) in enumerate(zip(form.players, supports, strict=True)):
        others = list(itertools.product(*supports[:i], *supports[i + 1 :]))
        table = form.payoffs[player]
        rows = [[table[(*rest[:i], a, *rest[i:])] for rest in others] for a in range(form.shape[i])]
        if any(all(x < y for x, y in zip(rows[a], row, strict=True)) for a in own for row in rows):
            return True
    return False


def _on(form: StrategicForm, supports: Supports, try_hard: bool) -> _Found:
    """The equilibria with exactly these supports.

    The unknowns are each player's probabilities but the last one, which makes their sum 1; the equations say
    that what a player plays pays the same.
    """
    unknown: list[sympy.Symbol] = []
    profile = {}
    for player, own, symbols in zip(form.players, supports, form.variables, strict=True):
        free = [symbols[a] for a in own[:-1]]
        weights = dict(zip(own, [*free, 1 - sympy.Add(*free)], strict=True))
        profile[player] = tuple(weights.get(a, sympy.Integer(0)) for a in range(len(symbols)))
        unknown += free
    losses, played = [], []  # what has to be at least zero, and what positive
    equations = []
    for player, own in zip(form.players, supports, strict=True):
        worth = form.expected(player, profile)
        gaps = [sympy.expand(worth[own[-1]] - u) for u in worth]
        equations += [gaps[a] for a in own[:-1]]
        losses += [gap for a, gap in enumerate(gaps) if a not in own]
        played += [profile[player][a] for a in own]
    if any(e.is_number and e != 0 for e in equations):
        return _Found([])
    if unknown and not try_hard:
        return _Found([], complete=False)
    zeros = solve_exactly(equations, unknown, {}, thorough=True) if unknown else _NOTHING_TO_SOLVE
    points = []
    for solution in zeros.points:
        point = tuple(
            tuple(sympy.radsimp(sympy.expand(p.xreplace(solution))) for p in own)
            for own in profile.values()
        )
        positive = all(sign_of(p.xreplace(solution)) > 0 for p in played)
        if positive and all(sign_of(loss.xreplace(solution)) >= 0 for loss in losses):
            points.append(point)
    feasible = [
        _feasible([p.xreplace(f) for p in played], [loss.xreplace(f) for loss in losses])
        for f in zeros.families
    ]
    return _Found(
        points,
        continuum=any(feasible),
        complete=zeros.exhaustive and not zeros.hypersurfaces and None not in feasible,
    )


def _feasible(positive: Sequence[sympy.Expr], nonnegative: Sequence[sympy.Expr]) -> bool | None:
    """Whether somewhere all of these are positive and nonnegative, if they are affine; else None."""
    if any(e.is_number and e < 0 for e in nonnegative):
        return False
    free = sorted(set().union(*(e.free_symbols for e in (*positive, *nonnegative))), key=str)
    if any(not e.is_polynomial(*free) or _degree(e, free) > 1 for e in (*positive, *nonnegative)):
        return None
    slack = sympy.Dummy("slack")
    constraints = [e >= slack for e in positive] + [e >= 0 for e in nonnegative if e.free_symbols]
    try:
        most, _ = lpmax(slack, [*constraints, slack <= 1])
    except InfeasibleLPError:
        return False
    return bool(most > 0)


def _degree(e: sympy.Expr, free: Sequence[sympy.Symbol]) -> int:
    return sympy.Poly(e, *free).total_degree() if e.free_symbols else 0


def _told(form: StrategicForm, supports: Sequence[Supports]) -> str:
    def text(one: Supports) -> str:
        own = zip(form.strategies.values(), one, strict=True)
        return " × ".join("{" + ", ".join(labels[a] for a in s) + "}" for labels, s in own)

    more = f" and {len(supports) - _SHOWN} more" if len(supports) > _SHOWN else ""
    return ", ".join(map(text, supports[:_SHOWN])) + more
