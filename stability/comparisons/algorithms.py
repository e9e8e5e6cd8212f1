"""Which algorithms a comparison puts side by side, and which do not apply to a game, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..dynamics.flow import Flow
from ..errors import InputError, check_kind
from ..fields import Field
from ..games.game import Game
from ..games.symbolic import SymbolicGame
from ..rules import Rule


@dataclass(frozen=True)
class Inapplicable:
    """An algorithm that cannot be run on the game, and the reason."""

    name: str
    because: str


def applicable_fields(
    system: Game | SymbolicGame, numeric: Game, fields: Sequence[Field]
) -> tuple[list[Field], list[Inapplicable]]:
    """The fields that can be made of the game, and the others with the reason."""
    good, bad = [], []
    for field in fields:
        check_kind(field, Field, "Consensus(gamma=0.1)")
        try:
            field.check(numeric)
            field.flow(system)
            good.append(field)
        except InputError as error:
            bad.append(Inapplicable(str(field), str(error)))
    return good, bad


def applicable_rules(flow: Flow, rules: Sequence[Rule]) -> tuple[list[Rule], list[Inapplicable]]:
    """The rules that can step along the flow, and the others with the reason."""
    good, bad = [], []
    for rule in rules:
        check_kind(rule, Rule, "Simultaneous(lr=0.1)")
        try:
            rule.with_each_lr(float).check(flow)
            good.append(rule)
        except InputError as error:
            bad.append(Inapplicable(str(rule), str(error)))
    return good, bad
