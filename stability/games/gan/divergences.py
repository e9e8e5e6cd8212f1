"""The f-divergences of f-GANs: convex conjugates and output activations (Nowozin, Cseke, Tomioka 2016)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp


@dataclass(frozen=True)
class Divergence:
    """D_f = ∫ q f(p/q), as what an f-GAN needs of f.

    - `activation`: g, which takes a logit v to the domain of f* (the paper's g_f).
    - `conjugate`: v ↦ f*(g(v)), f* the Legendre transform of f; simplified, so that it does not overflow
      where f* and g taken one after the other would.
    """

    name: str
    activation: Callable[[Any], Any]
    conjugate: Callable[[Any], Any]


DIVERGENCES = (
    Divergence("kl", lambda v: v, lambda v: jnp.exp(v - 1)),
    Divergence("reverse-kl", lambda v: -jnp.exp(-v), lambda v: v - 1),
    Divergence("pearson", lambda v: v, lambda v: v**2 / 4 + v),
    Divergence("squared-hellinger", lambda v: -jnp.expm1(-v), jnp.expm1),
    Divergence(
        "jensen-shannon",
        lambda v: math.log(2) - jax.nn.softplus(-v),
        lambda v: jax.nn.softplus(v) - math.log(2),
    ),
)
