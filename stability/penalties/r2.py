"""R2: the discriminator pays for its slope at the generated samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..dynamics.positive_settings import check_nonnegative
from .penalty import coefficient
from .samples import Places, SamplePenalty


@dataclass(frozen=True)
class R2(SamplePenalty):
    """γ/2 E_generated ‖∇ₓD‖² on the discriminator's loss (Mescheder, Geiger, Nowozin 2018, equation 10).

    For games made by `gan` and for `SymbolicGAN`. The discriminator must look at each sample by itself: no
    batch statistics. Raises InputError for a negative `gamma` and, when applied, for a game without a
    discriminator.
    """

    gamma: Any = 10.0
    name: ClassVar[str] = "r2"

    def __post_init__(self):
        check_nonnegative(self.gamma, "the R2 weight gamma")

    def weight(self, game: Any) -> Any:
        return coefficient(game, self.gamma, "the R2 weight gamma") / 2

    def places(self, game: Any) -> Places:
        return lambda game, gen, drawn: game.generated_samples(gen)
