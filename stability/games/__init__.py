"""Games: numeric (JAX), symbolic (SymPy), from files, and the catalogue of known ones.

A catalogue entry is also a function of this module: `games.dirac_gan_r1(gamma=0.5)` is the entry
`dirac-gan-r1` with its parameter gamma set.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import catalogue as catalogue
from . import families as families
from .expectations import Normal as Normal
from .expectations import Points as Points
from .expectations import Uniform as Uniform
from .finite import FiniteSpectrum as FiniteSpectrum
from .finite import best_discriminator as best_discriminator
from .finite import finite_gan as finite_gan
from .finite import finite_gan_spectrum as finite_gan_spectrum
from .game import Game as Game
from .game import zero_sum as zero_sum
from .gan import GAN as GAN
from .gan import SymbolicGAN as SymbolicGAN
from .gan import gan as gan
from .load import load as load
from .symbolic import SymbolicGame as SymbolicGame


def __getattr__(name: str) -> Callable[..., Any]:
    entry = name.replace("_", "-")
    if name.startswith("_") or entry not in catalogue.names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def from_catalogue(**parameters: Any) -> Any:
        return load(entry, {key: str(value) for key, value in parameters.items()})

    from_catalogue.__name__ = name
    from_catalogue.__doc__ = catalogue.summary(entry)
    return from_catalogue


def __dir__() -> list[str]:
    return [*globals(), *(name.replace("-", "_") for name in catalogue.names())]
