"""Penalties, which make a game of a game: something is added to the losses."""

from .anchor import Anchor as Anchor
from .consensus import ConsensusPenalty as ConsensusPenalty
from .gradient_norm import GradientNorm as GradientNorm
from .jare import JARE as JARE
from .nagarajan_kolter import NagarajanKolter as NagarajanKolter
from .penalty import Penalty as Penalty

PENALTIES: dict[str, type[Penalty]] = {
    penalty.name: penalty
    for penalty in (GradientNorm, ConsensusPenalty, JARE, Anchor, NagarajanKolter)
}
