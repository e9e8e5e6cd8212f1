"""Each player follows its own negative gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .field import Field


@dataclass(frozen=True)
class Gradient(Field):
    """The gradient field v = −ξ = −(∇₁L₁, …, ∇ₙLₙ)."""

    name: ClassVar[str] = "gradient"

    def __call__(self, game: Any, x: Any) -> Any:
        return game.field(x)

    def part(self, game: Any, i: int, x: Any) -> Any:
        return game.player_field(i, x)
