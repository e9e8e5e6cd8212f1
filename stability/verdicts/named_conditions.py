"""Further conditions that a report can be asked for, by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import Any, ClassVar

from ..documents.settings import setting
from ..dynamics.positive_settings import check_nonnegative
from ..dynamics.symbols import exact
from ..errors import InputTypeError
from ..penalties.nagarajan_kolter import discriminator_of
from .nagarajan_kolter import nagarajan_kolter_at
from .point import GamePoint
from .proximal import proximal_at
from .verdict import Verdict


@dataclass(frozen=True)
class Found:
    """What a condition found at a point: its verdicts by the names that people read, and itself as data."""

    condition: str
    settings: Mapping[str, Any]
    verdicts: Mapping[str, Verdict]
    data: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data: the condition, its settings and what it found."""
        return {"condition": self.condition, "settings": dict(self.settings), **self.data}


class Condition(ABC):
    """A question about one point of a game, with its settings."""

    name: ClassVar[str]

    @abstractmethod
    def check(self, game: Any) -> None:
        """Raises InputError if the condition cannot be asked of this game."""

    @abstractmethod
    def at(self, point: GamePoint) -> Found:
        """The answer at a point."""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name."""
        return {f.name: getattr(self, f.name) for f in dataclass_fields(self)}  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True)
class NagarajanKolterCondition(Condition):
    """The three conditions for a GAN to be stable, and what they imply (Nagarajan, Kolter 2017).

    See `stability.nagarajan_kolter`. Raises InputTypeError for a discriminator that is no name.
    """

    discriminator: str | None = setting(None, read="name")
    name: ClassVar[str] = "nagarajan-kolter"

    def __post_init__(self):
        if self.discriminator is not None and not isinstance(self.discriminator, str):
            raise InputTypeError(
                f"the discriminator is a player's name, not {self.discriminator!r}"
            )

    def check(self, game: Any) -> None:
        if len(game.partition.players) == 2:
            discriminator_of(game, self.discriminator)

    def at(self, point: GamePoint) -> Found:
        found = nagarajan_kolter_at(point, self.discriminator)
        whose = "" if self.discriminator is None else f" for {self.discriminator}"
        names = (" 1, realisable", " 2, concave", " 3, full rank", ", implied stability")
        verdicts = zip(names, found.verdicts.values(), strict=True)
        rows = {f"Nagarajan–Kolter{whose}{name}": verdict for name, verdict in verdicts}
        return Found(self.name, self.settings, rows, found.to_dict())


@dataclass(frozen=True)
class ProximalCondition(Condition):
    """A strict local proximal equilibrium, between Nash and Stackelberg (Farnia, Ozdaglar 2020).

    See `stability.proximal_equilibrium`. Raises InputError for a negative or infinite lam.
    """

    lam: float = 1.0
    name: ClassVar[str] = "proximal"

    def __post_init__(self):
        check_nonnegative(self.lam, "lam")

    def check(self, game: Any) -> None:
        """Where there is no V the answer says so, so every game may be asked."""

    def at(self, point: GamePoint) -> Found:
        found = proximal_at(point, exact(self.lam))
        name = f"proximal equilibrium, lam = {self.lam:g}"
        return Found(self.name, {"lam": float(self.lam)}, {name: found.verdict}, found.to_dict())


CONDITIONS: dict[str, type[Condition]] = {
    kind.name: kind for kind in (NagarajanKolterCondition, ProximalCondition)
}
