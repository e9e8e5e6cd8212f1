"""The f-divergences of f-GANs: convex conjugates and output activations (Nowozin, Cseke, Tomioka 2016)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy

from .elementary import constant, exp, expm1, softplus


@dataclass(frozen=True)
class Divergence:
    """D_f = ∫ q f(p/q), as what an f-GAN needs of f.

    - `activation`: g, which takes a logit v to the domain of f* (the paper's g_f).
    - `conjugate`: v ↦ f*(g(v)), f* the Legendre transform of f; simplified, so that it does not overflow
      where f* and g taken one after the other would.

    Both are functions of JAX arrays and of SymPy expressions.
    """

    name: str
    activation: Callable[[Any], Any]
    conjugate: Callable[[Any], Any]


DIVERGENCES = (
    Divergence("kl", lambda v: v, lambda v: exp(v - 1)),
    Divergence("reverse-kl", lambda v: -exp(-v), lambda v: v - 1),
    Divergence("pearson", lambda v: v, lambda v: v**2 / 4 + v),
    Divergence("squared-hellinger", lambda v: -expm1(-v), expm1),
    Divergence(
        "jensen-shannon",
        lambda v: constant(sympy.log(2), v) - softplus(-v),
        lambda v: softplus(v) - constant(sympy.log(2), v),
    ),
)
