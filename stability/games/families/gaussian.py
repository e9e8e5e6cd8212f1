"""Learning a normal distribution with a linear or a quadratic discriminator."""

from __future__ import annotations

from typing import Any

import sympy

from ...errors import InputError
from ..expectations import Normal
from ..gan.objective import Objective
from ..gan.symbolic import SymbolicGAN


def gaussian(
    objective: str | Objective = "minimax",
    discriminator: str = "quadratic",
    *,
    mean: Any = 0,
    sd: Any = 1,
    bias: bool = False,
) -> SymbolicGAN:
    """Data N(m, s²), latents N(0, 1), G(z) = a + bz, and D(x) = w₁x ("linear") or w₁x + w₂x² ("quadratic").

    `objective` is a name or an `Objective`. `discriminator` is one of the two words. `mean` and `sd` are m
    and s, numbers or expressions in parameters; `bias` adds a constant to D, for the objectives whose
    undecided logit is not 0 (least-squares, kl). The variables are w1, w2, bias, a and b, as far as there
    are any. Let r and f be the discriminator's losses on data and on generated samples, κ = r″ + f″, and g
    the generator's loss, with derivatives at the logit 0, and r′ + f′ = 0 there. D rests at 0.

    *Linear:* D sees only means, so every a = m rests, whatever the scale b: a line of equilibria. The
    eigenvalues without bias are 0 and the roots of λ² + (r″(m² + s²) + f″(m² + b²)) λ − f′g′.

    *Quadratic:* a = m, b = ±s. Without bias and for m = 0 the eigenvalues are the roots of

        λ² + κs² λ − f′g′  (the mean)  and  λ² + 3κs⁴ λ − 4s²f′g′  (the scale),

    stable where κ > 0 and neutral where κ = 0 (Wasserstein, hinge). Quadrature with three nodes or more makes
    this Jacobian exactly, since D = 0. The log-ratio of two normal densities is a quadratic function, so the
    optimal discriminator of the minimax objective is in the quadratic family with bias (Goodfellow et al.
    2014, proposition 1).

    Raises InputError for another discriminator and for a negative `sd`.
    """
    if discriminator not in ("linear", "quadratic"):
        raise InputError(f"the discriminator is 'linear' or 'quadratic', not {discriminator!r}")
    w1, w2, c, a, b, x, z = sympy.symbols("w1 w2 bias a b x z", real=True)
    features = {w1: x}
    if discriminator == "quadratic":
        features[w2] = x**2
    if bias:
        features[c] = sympy.S.One
    logit = sympy.Add(*(weight * feature for weight, feature in features.items()))
    return SymbolicGAN(
        (list(features), logit),
        ([a, b], a + b * z),
        data=(x, Normal(mean, sd)),
        latent=(z, Normal(0, 1)),
        objective=objective,
        box={**{v.name: (-2, 2) for v in features}, "a": (-3, 3), "b": (-3, 3)},
        start={**{v.name: 0 for v in features}, "a": 1, "b": 0.5},
        name=f"Gaussian, {discriminator} discriminator",
    )
