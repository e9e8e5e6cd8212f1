"""Squared norms of the players' gradients, added to their losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..documents.settings import setting
from ..dynamics.positive_settings import check_real
from ..errors import InputError, InputTypeError
from .penalty import Penalty, Term, coefficient


@dataclass(frozen=True)
class GradientNorm(Penalty):
    """coefficient·‖∇L_of‖², differentiated by the strategy of `by`, on the loss of `on`.

    Each of the three is a player's name. Left out, `of` is every player in turn (and the norms add up), `by`
    is the same player as `of`, and `on` is every player. There is no factor ½. With `of=disc, on=gen` it is
    the penalty of Nagarajan, Kolter (2017); with `of` and `on` the same player it is the self-term, with
    different ones the interaction term of explicit regularisation (Rosca et al. 2021), whose coefficients
    may have either sign.

    `coefficient` may also map several pairs (of, by) to their coefficients, and `of` and `by` are then left
    out: `GradientNorm({("disc", "disc"): 0.1, ("disc", "gen"): 0.2}, on="gen")`.

    Raises InputError for a coefficient that is no finite real number, an empty mapping, and, when applied,
    for players that the game does not have.
    """

    coefficient: Any = 0.1
    of: str | None = setting(None, read="name")
    by: str | None = setting(None, read="name")
    on: str | None = setting(None, read="name")
    name: ClassVar[str] = "gradient-norm"

    def __post_init__(self):
        for key in ("of", "by", "on"):
            player = getattr(self, key)
            if player is not None and not isinstance(player, str):
                raise InputTypeError(f"{key} in {self.name} is a player's name, not {player!r}")
        if not isinstance(self.coefficient, Mapping):
            check_real(self.coefficient, f"the coefficient of {self.name}")
            return
        if not self.coefficient:
            raise InputError(f"the coefficient of {self.name} is given for no pair (of, by)")
        if self.of is not None or self.by is not None:
            raise InputError(
                f"the coefficients of {self.name} are given by pairs (of, by); leave of and by out"
            )
        for pair, number in self.coefficient.items():
            names = isinstance(pair, tuple) and [type(player) for player in pair] == [str, str]
            if not names:
                raise InputTypeError(
                    f"the coefficients of {self.name} are keyed by pairs of players (of, by), not by {pair!r}"
                )
            check_real(number, f"the coefficient of {self.name} for {pair}")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name; coefficients of pairs as of ↦ by ↦ coefficient."""
        if not isinstance(self.coefficient, Mapping):
            return super().settings
        nested: dict[str, dict[str, Any]] = {}
        for (of, by), number in self.coefficient.items():
            nested.setdefault(of, {})[by] = number
        return {**super().settings, "coefficient": nested}

    def terms(self, game: Any) -> dict[str, Term]:
        players = game.partition.players
        if isinstance(self.coefficient, Mapping):
            numbers = dict(self.coefficient)
        else:
            losses = players if self.of is None else (self.of,)
            numbers = {(of, of if self.by is None else self.by): self.coefficient for of in losses}
        index = game.partition.index
        weights = {
            (index(of), index(by)): coefficient(game, number, f"the coefficient of {self.name}")
            for (of, by), number in numbers.items()
        }
        return dict.fromkeys(players if self.on is None else (self.on,), squared_norms(weights))


def squared_norms(weights: Mapping[tuple[int, int], Any]) -> Term:
    """The term Σ weight·‖∇_by L_of‖² over pairs (of, by) of players, by position."""

    def term(game: Any, x: Any) -> Any:
        total = 0
        for (of, by), weight in weights.items():
            gradient = _gradient(game, of, by, x)
            total = total + weight * gradient.dot(gradient)
        return total

    return term


def _gradient(game: Any, of: int, by: int, x: Any) -> Any:
    """∇_by L_of, up to its sign."""
    if of == by:
        return game.player_field(of, x)
    return game.partition.part(by, game.gradient(of, x))
