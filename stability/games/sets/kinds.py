"""The kinds of sets that a player's strategy may be told to live in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import InputTypeError


@dataclass(frozen=True)
class Bounds:
    """Every number is at least `low` and at most `high`.

    `low` and `high` are numbers (in a symbolic game, expressions of the parameters), None or infinite for no
    bound, or arrays (pytrees) shaped like what they bound. `of` names variables, or leaves of the strategy;
    by default they are all of the player's.
    """

    low: Any = None
    high: Any = None
    of: Sequence[str] | str | None = None

    def __post_init__(self):
        if self.low is None and self.high is None:
            raise InputTypeError("bounds need a low or a high end, as in Bounds(0, 10)")
        object.__setattr__(self, "of", names_of(self.of))


@dataclass(frozen=True)
class Simplex:
    """Numbers that are not negative and have the sum one: probabilities.

    Of an array of several axes every row along the last axis is such a simplex, as in a table of policies.
    `of` names variables or leaves, by default all of the player's; variables named one by one are one
    simplex.
    """

    of: Sequence[str] | str | None = None

    def __post_init__(self):
        object.__setattr__(self, "of", names_of(self.of))


@dataclass(frozen=True)
class Ball:
    """Numbers whose Euclidean norm, all of them together, is at most `radius`.

    `radius` is a positive number (in a symbolic game, an expression of the parameters). `of` names variables
    or leaves, by default all of the player's.
    """

    radius: Any = 1.0
    of: Sequence[str] | str | None = None

    def __post_init__(self):
        object.__setattr__(self, "of", names_of(self.of))


Set = Bounds | Simplex | Ball


def names_of(of: Any) -> tuple[str, ...] | None:
    """The names that a set is of, as a tuple; None for all of the player's numbers."""
    if of is None:
        return None
    given = [of] if isinstance(of, str) or not isinstance(of, Sequence) else list(of)
    if not given:
        raise InputTypeError(
            "a set is of at least one variable; leave of= out for all of a player's"
        )
    return tuple(str(name) for name in given)
