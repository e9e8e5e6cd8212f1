"""Nash equilibria of a finite game as values: the equilibria, and the sets that they make up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from ..documents.numbers import number
from ..equilibria.cells import sign_of
from ..games.strategic_form import StrategicForm
from ..spectra.value import Evidence

Mixture = tuple[sympy.Expr, ...]  # a player's probabilities, in the order of its strategies
Profile = Mapping[str, Mixture]  # by player


@dataclass(frozen=True)
class NashEquilibrium:
    """A profile of mixed strategies from which nobody gains by deviating alone.

    - `strategies`: player ↦ probabilities; in one population the shares of the strategies.
    - `payoffs`: player ↦ what it expects. `support`: player ↦ the strategies that it plays.
    - `regret`: the most that anybody gains by deviating; 0 where the probabilities are exact.
    - `strict`: whether every other strategy of every player pays less. `quasi_strict`: whether every strategy
      that is not played does (Harsanyi 1973).
    - `index`: +1 or −1 where it is regular (Shapley 1974; over all equilibria of a game without ties they add
      up to 1); None where it is not, and for three players or more.
    """

    strategies: Profile
    payoffs: Mapping[str, sympy.Expr]
    support: Mapping[str, tuple[str, ...]]
    regret: sympy.Expr
    strict: bool
    quasi_strict: bool
    index: int | None

    def __str__(self) -> str:
        parts = [f"{player} {_mixture(own)}" for player, own in self.strategies.items()]
        worth = ", ".join(_short(payoff) for payoff in self.payoffs.values())
        kind = (
            "strict" if self.strict else "quasi-strict" if self.quasi_strict else "not quasi-strict"
        )
        return f"{', '.join(parts)}; payoffs {worth}; {kind}"


@dataclass(frozen=True)
class NashComponent:
    """A connected set of Nash equilibria: the union of its maximal convex parts.

    `subsets`: for each of these, player ↦ the extreme mixtures. All profiles in which every player plays a
    mean of its own ones are equilibria (a maximal Nash subset: Nash 1951; Millham 1974).
    """

    subsets: tuple[Mapping[str, tuple[Mixture, ...]], ...]

    @property
    def dimension(self) -> int:
        """That of its largest part; 0 for an isolated equilibrium."""
        return max(sum(map(_dimension, subset.values())) for subset in self.subsets)


@dataclass(frozen=True)
class NashEquilibria:
    """The Nash equilibria of a game in strategic form.

    - `form`: the game, its parameters set.
    - `equilibria`: the extreme ones (the isolated ones, and the corners of `components`), by probabilities.
    - `components`: the connected sets that they make up, isolated equilibria among them.
    - `exhaustive`: whether there are no others; `because`: why that is not known, or None.
    - `evidence`: `exact`, or `numeric` where payoffs were rounded because they are not rational.
    """

    form: StrategicForm
    equilibria: tuple[NashEquilibrium, ...]
    components: tuple[NashComponent, ...]
    exhaustive: bool
    evidence: Evidence
    because: str | None = None

    def __str__(self) -> str:
        lines = [str(e) for e in self.equilibria]
        lines += [
            f"a component of dimension {c.dimension} with "
            f"{len(c.subsets)} convex part{'s' if len(c.subsets) > 1 else ''}"
            for c in self.components
            if c.dimension
        ]
        return "\n".join([*lines, *([self.because] if self.because else [])])


def described(form: StrategicForm, profile: Profile) -> NashEquilibrium:
    """What a profile is that is an equilibrium of a game without parameters."""
    payoffs: dict[str, sympy.Expr] = {}
    regret, strict, quasi_strict = sympy.Integer(0), True, True
    for player, own in profile.items():
        worth = form.expected(player, profile)
        payoffs[player] = sympy.expand(sympy.Add(*(p * u for p, u in zip(own, worth, strict=True))))
        gains = [u - payoffs[player] for u in worth]
        signs = [sign_of(gain) for gain in gains]
        regret = max([regret, *(g for g, sign in zip(gains, signs, strict=True) if sign > 0)])
        best = [p for p, sign in zip(own, signs, strict=True) if sign >= 0]
        strict = strict and len(best) == 1
        quasi_strict = quasi_strict and all(sign_of(p) > 0 for p in best)
    support = {
        player: tuple(label for label, p in zip(form.strategies[player], own, strict=True) if p > 0)
        for player, own in profile.items()
    }
    return NashEquilibrium(
        dict(profile),
        payoffs,
        support,
        regret,
        strict,
        quasi_strict,
        _index(form, profile) if quasi_strict and len(profile) <= 2 else None,
    )


def _index(form: StrategicForm, profile: Profile) -> int | None:
    """(−1)^(k+1) times the signs of the determinants of the payoffs, made positive, on supports of size k."""
    played = [[i for i, p in enumerate(own) if p > 0] for own in profile.values()]
    if len({len(own) for own in played}) > 1:
        return None
    sign = (-1) ** (len(played[0]) + 1)
    for table in form.payoffs.values():
        rows = table.tolist() if table.rank() == 2 else [[e] for e in table]
        columns = played[-1] if table.rank() == 2 else [0]
        least = min(map(min, rows))
        positive = [[rows[i][j] - least + 1 for j in columns] for i in played[0]]
        sign *= sign_of(sympy.Matrix(positive).det())
    return sign or None


def _dimension(points: tuple[Mixture, ...]) -> int:
    """The dimension of the convex hull."""
    rows = [[a - b for a, b in zip(p, points[0], strict=True)] for p in points[1:]]
    return sympy.Matrix(rows).rank() if rows else 0


def _mixture(own: Mixture) -> str:
    return "(" + ", ".join(map(_short, own)) + ")"


def _short(value: Any) -> str:
    return str(value) if value.is_Rational else number(float(value))
