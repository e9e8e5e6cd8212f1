"""The linear GAN: a line of equilibria, of which only two make the data."""

from __future__ import annotations

import sympy

from ..expectations import Distribution, Uniform
from ..gan.objective import Objective
from ..gan.symbolic import SymbolicGAN


def linear(
    objective: str | Objective = "minimax",
    *,
    data: Distribution | None = None,
    latent: Distribution | None = None,
) -> SymbolicGAN:
    """D(x) = θ_D x and G(z) = θ_G z on the line (Nagarajan, Kolter 2017).

    `objective` is a name or an `Objective`. `data` and `latent` are one-dimensional distributions, by
    default both uniform on [−1, 1]. The variables are theta_D and theta_G. A linear discriminator sees
    nothing of a distribution but its mean. Where both means are zero, the whole line θ_D = 0 is one of
    equilibria, whatever θ_G, with the eigenvalues 0 along the line and −(r″(0) E x² + f″(0) θ_G² E z²)
    across it, r and f the discriminator's losses on data and on generated samples: for the minimax objective
    −(1 + θ_G²)/12, so the line attracts, and for Wasserstein 0, so nothing is decided. The minimax value is
    concave in θ_D and in θ_G alike, although the generator minimises it.
    """
    theta_d, theta_g, x, z = sympy.symbols("theta_D theta_G x z", real=True)
    return SymbolicGAN(
        ([theta_d], theta_d * x),
        ([theta_g], theta_g * z),
        data=(x, Uniform(-1, 1) if data is None else data),
        latent=(z, Uniform(-1, 1) if latent is None else latent),
        objective=objective,
        box={"theta_D": (-2, 2), "theta_G": (-2, 2)},
        start={"theta_D": 0.5, "theta_G": 0.5},
        name="linear GAN",
    )
