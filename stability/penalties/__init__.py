"""Penalties, which make a game of a game: something is added to the losses."""

from .anchor import Anchor as Anchor
from .consensus import ConsensusPenalty as ConsensusPenalty
from .dragan import DRAGAN as DRAGAN
from .gradient_norm import GradientNorm as GradientNorm
from .instance_noise import InstanceNoise as InstanceNoise
from .jare import JARE as JARE
from .nagarajan_kolter import NagarajanKolter as NagarajanKolter
from .penalty import Penalty as Penalty
from .wgan_gp import WGANGP as WGANGP
from .zero_centred import R1 as R1
from .zero_centred import R2 as R2

PENALTIES: dict[str, type[Penalty]] = {
    penalty.name: penalty
    for penalty in (
        *(GradientNorm, ConsensusPenalty, JARE, Anchor, NagarajanKolter),
        *(R1, R2, WGANGP, DRAGAN, InstanceNoise),
    )
}
