"""All Nash equilibria of games in strategic form."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy

from ..errors import InputError
from ..games.strategic_form import StrategicForm, strategic_form_of
from .equilibrium_sets import Mixture, NashComponent, NashEquilibria, described
from .supports import by_supports
from .vertices import vertices

_MOST_SUBSETS = 2000
_DIGITS = 40  # of payoffs that are not rational

Table = list[list[Fraction]]


def nash_equilibria(game: Any, *, parameters: Mapping[Any, Any] | None = None) -> NashEquilibria:
    """All Nash equilibria of a finite game, with the connected sets that they make up.

    **Two players.** With payoffs A and B, made positive, the extreme equilibria are the pairs of vertices of
    {x ≥ 0, Bᵀx ≤ 1} and {y ≥ 0, Ay ≤ 1} at which every strategy of either player is not played or a
    best reply (Mangasarian 1964; Avis, Rosenberg, Savani, von Stengel 2010). Vertices that all go with one
    another span a maximal Nash subset, and subsets that meet make up a component. Rational payoffs are solved
    exactly, ties and all. So is a game within one population, whose equilibria are the best replies to
    themselves: they are on the faces of {x ≥ 0, Ax ≤ 1}.

    **More players.** For every choice of supports the equations that make the strategies in it equally good
    are solved exactly, as far as that goes in a second or two. What was not solved, and supports with a
    continuum of solutions, are named in `because`.

    **Arguments:**

    - `game`: a `StrategicForm`, or a game that was made from one.
    - `parameters`: values for the game's parameters, over its own.

    Raises InputTypeError for a game that has no strategic form, InputError for one too large to be solved.
    """
    form = strategic_form_of(game).at_values(parameters)
    rounded, exact = _rational(form)
    found = by_supports(rounded) if len(form.players) > 2 else _all(rounded)
    if exact:
        return found
    because = (
        f"payoffs that are not rational were rounded to {_DIGITS} digits, and ties are not seen"
    )
    return replace(
        found,
        form=form,
        evidence="numeric",
        exhaustive=False,
        because=f"{because}; {found.because}" if found.because else because,
    )


def _all(form: StrategicForm) -> NashEquilibria:
    """Those of at most two players with rational payoffs."""
    if form.one_population:
        subsets = _within_one_population(_table(form, form.players[0]))
    else:
        subsets = [subset[: len(form.players)] for subset in _of_two_players(form)]
    points = {point for subset in subsets for point in itertools.product(*subset)}
    found = tuple(
        described(form, dict(zip(form.players, point, strict=True)))
        for point in sorted(points, reverse=True)
    )
    return NashEquilibria(form, found, _components(form, subsets), True, "exact")


def _rational(form: StrategicForm) -> tuple[StrategicForm, bool]:
    """The game with rational payoffs, and whether they are its own."""
    entries = [e for table in form.payoffs.values() for e in sympy.flatten(table)]
    if all(e.is_Rational for e in entries):
        return form, True
    put = {e: sympy.Rational(str(e.evalf(_DIGITS))) for e in entries if not e.is_Rational}
    payoffs = {
        player: sympy.ImmutableDenseNDimArray(
            [put.get(e, e) for e in sympy.flatten(table)], table.shape
        )
        for player, table in form.payoffs.items()
    }
    return StrategicForm(form.strategies, payoffs, name=form.name), False


def _table(form: StrategicForm, player: str) -> Table:
    """A player's payoffs with its own strategies as rows; a player alone has an opponent without a choice."""
    rows = form.payoffs[player].tolist()
    if form.payoffs[player].rank() == 1:
        rows = [[e] for e in rows]
    elif form.players.index(player) == 1:
        rows = zip(*rows, strict=True)
    return [[Fraction(int(e.p), int(e.q)) for e in row] for row in rows]


def _positive(table: Table) -> Table:
    least = min(map(min, table))
    return [[e - least + 1 for e in row] for row in table]


def _components(
    form: StrategicForm, subsets: Sequence[tuple[list[Mixture], ...]]
) -> tuple[NashComponent, ...]:
    """The unions of subsets that meet, which they do in extreme points; see `_of_two_players`."""
    groups: list[list[tuple[list[Mixture], ...]]] = []
    for subset in subsets:
        meets = [group for group in groups if any(_meet(subset, other) for other in group)]
        groups = [group for group in groups if group not in meets]
        groups.append([subset, *itertools.chain(*meets)])
    ordered = sorted([sorted(map(_sorted, group), reverse=True) for group in groups], reverse=True)
    return tuple(
        NashComponent(tuple(dict(zip(form.players, subset, strict=True)) for subset in group))
        for group in ordered
    )


def _meet(one: tuple[list[Mixture], ...], other: tuple[list[Mixture], ...]) -> bool:
    return all(set(a) & set(b) for a, b in zip(one, other, strict=True))


def _sorted(subset: tuple[list[Mixture], ...]) -> tuple[tuple[Mixture, ...], ...]:
    return tuple(tuple(sorted(own, reverse=True)) for own in subset)


# ---- two players -------------------------------------------------------------------------


def _of_two_players(form: StrategicForm) -> list[tuple[list[Mixture], ...]]:
    """The maximal Nash subsets: the extreme mixtures of either player.

    Each set of mixtures holds the vertices of a face of its polytope, so two subsets meet in a common vertex
    or not at all.
    """
    own = _table(form, form.players[0])
    other = _table(form, form.players[1]) if len(form.players) == 2 else [[Fraction(0)] * len(own)]
    n, m = len(own), len(other)
    everything = (1 << (n + m)) - 1
    rows = vertices(_positive(other))
    # Q's labels are 0 … m−1 for y_j = 0 and m … for best replies; here they are n + j and i
    columns = [
        (y, (labels & ((1 << m) - 1)) << n | labels >> m) for y, labels in vertices(_positive(own))
    ]
    partners = {
        frozenset(i for i, (_, labels) in enumerate(rows) if labels | right == everything)
        for _, right in columns
    } - {frozenset()}
    subsets = []
    for left in _intersections(partners):
        right = [y for y, labels in columns if all(rows[i][1] | labels == everything for i in left)]
        subsets.append(
            ([_probabilities(rows[i][0]) for i in left], [_probabilities(y) for y in right])
        )
    return subsets


def _intersections(sets: set[frozenset[int]]) -> set[frozenset[int]]:
    """All sets that are intersections of some of these and not empty."""
    found = set(sets)
    new = set(sets)
    while new:
        new = {a & b for a in new for b in sets} - found - {frozenset()}
        found |= new
        if len(found) > _MOST_SUBSETS:
            raise InputError(
                f"this game has more than {_MOST_SUBSETS} maximal sets of equilibria; it has too many ties"
            )
    return found


def _probabilities(weights: Sequence[int]) -> Mixture:
    total = sum(weights)
    return tuple(sympy.Rational(w, total) for w in weights)


# ---- one population ----------------------------------------------------------------------


def _within_one_population(table: Table) -> list[tuple[list[Mixture]]]:
    """The maximal convex sets of the x with x_i = 0 or (A x)_i maximal, for every i: their extreme points."""
    n = len(table)
    low = (1 << n) - 1
    alone = [
        (x, labels)
        for x, labels in vertices(_positive(table))
        if (labels | labels >> n) & low == low
    ]
    faces = {
        frozenset(
            k
            for k, (_, labels) in enumerate(alone)
            if labels | chosen | ~low == -1 and labels >> n & chosen == chosen
        )
        for chosen in range(1, low + 1)
    }
    largest = [face for face in faces if face and not any(face < other for other in faces)]
    return [([_probabilities(alone[k][0]) for k in face],) for face in largest]
