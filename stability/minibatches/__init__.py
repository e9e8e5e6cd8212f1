"""Minibatch noise: whether steps on random minibatches stay near an equilibrium, and how near."""

from .noise import noise as noise
from .value import Noise as Noise
