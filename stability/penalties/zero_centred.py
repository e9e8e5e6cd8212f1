"""R1 and R2: the discriminator pays for its slope at the data, or at the generated samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .samples import Places, SamplePenalty


@dataclass(frozen=True)
class R1(SamplePenalty):
    """γ/2 E_data ‖∇ₓD‖² on the discriminator's loss (Mescheder, Geiger, Nowozin 2018, equation 9).

    For games made by `gan` and for `SymbolicGAN`. The discriminator must look at each sample by itself: no
    batch statistics. Raises InputError for a negative `gamma` and, when applied, for a game without a
    discriminator.
    """

    name: ClassVar[str] = "r1"

    def places(self, game: Any) -> Places:
        return lambda game, gen, drawn: game.real_samples

    def weight(self, game: Any) -> Any:
        return super().weight(game) / 2


@dataclass(frozen=True)
class R2(R1):
    """γ/2 E_generated ‖∇ₓD‖², as `R1` at what is generated (Mescheder, Geiger, Nowozin 2018, equation 10)."""

    name: ClassVar[str] = "r2"

    def places(self, game: Any) -> Places:
        return lambda game, gen, drawn: game.generated_samples(gen)
