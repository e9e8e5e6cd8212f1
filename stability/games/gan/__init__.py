"""Generative adversarial networks as games."""

from .builder import gan as gan
from .divergences import Divergence as Divergence
from .game import GAN as GAN
from .objective import OBJECTIVES as OBJECTIVES
from .objective import Objective as Objective
from .objective import f_gan as f_gan
from .objective import mmd as mmd
from .objective import of_logits as of_logits
from .spectral_normalisation import spectrally_normalised as spectrally_normalised
from .symbolic import SymbolicGAN as SymbolicGAN
