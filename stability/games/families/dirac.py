"""The Dirac-GAN: one number of data, one of the generator, one or two of the discriminator."""

from __future__ import annotations

import sympy

from ..expectations import Points
from ..gan.objective import Objective
from ..gan.symbolic import SymbolicGAN


def dirac(objective: str | Objective = "minimax", *, bias: bool = False) -> SymbolicGAN:
    """Data at 0, a generator that puts everything at θ, a discriminator D(x) = ψx (Mescheder et al. 2018).

    The logit is high on data. In the paper, and in the catalogue's entries of its games, it is high on
    generated points, which exchanges ψ for −ψ and changes no eigenvalue.

    `objective` is a name or an `Objective`. `bias` gives the discriminator a second parameter: D(x) = ψx +
    b. The variables are psi, bias (if there is one) and theta. With the discriminator's losses r on data and
    f on generated samples, and the generator's g (g = −f in a zero-sum game), the losses are r(b) + f(ψθ +
    b) and g(ψθ + b).

    At rest ψ = θ = 0, and b = b* where r′ + f′ = 0. There J is zero except for −f′, −g′ between ψ and θ and
    −κ = −(r″ + f″) in the bias, all at b* (at 0 without bias):

        λ = ±√(f′ g′),  and −κ in the bias.

    No objective damps the rotation of ψ and θ by itself: f″ enters J with the factor θ². With γ, σ², … and
    a = f′, c = −g′, what damps it is, in the characteristic polynomial of (ψ, θ),

    - R1, R2:                λ² + γλ + ac
    - instance noise:        λ² + σ²κλ + ac  (so it damps nothing where κ = 0: Wasserstein, hinge)
    - Nagarajan–Kolter:      λ² + 2ηa²λ + ac
    - consensus, JARE:       (λ + γa²)(λ + γc²) + ac; gradient-norm is consensus with 2γ
    - anchor (weight decay): (λ + s)² + ac
    - WGAN-GP, DRAGAN:       no linearisation: |ψ| has a kink where the generator rests.

    The numbers, without bias and with it:

    | objective | f′, g′ at 0 | λ | b* | λ with bias |
    |---|---|---|---|---|
    | minimax, non-saturating, jensen-shannon (and non-saturating) | ½, −½ | ±i/2 | 0 | ±i/2, −½ |
    | least-squares | 0, −1 | 0, 0 (*) | ½ | ±i/2, −2 |
    | hinge | 1, −1 | ±i | between −1 and 1 | ±i, 0 |
    | wasserstein | 1, −1 | ±i | any | ±i, 0 |
    | kl | 1/e, −1/e | ±i/e | 1 | ±i, −1 |
    | kl-non-saturating | 1/e, −1 | ±i/√e | 1 | ±i, −1 |
    | reverse-kl (and non-saturating) | 1, −1 | ±i | 0 | ±i, −1 |
    | pearson (and non-saturating) | 1, −1 | ±i | 0 | ±i, −½ |
    | squared-hellinger (and non-saturating) | 1, −1 | ±i | 0 | ±i, −2 |

    (*) With the targets 0 and 1 the logit ½ is the undecided one, which ψx cannot have at 0. The line ψ = 0
    is one of equilibria then, whatever θ: the discriminator rests at D = 0 and the generator does not learn.

    Weight clipping is a rule, `st.Clipped`. Spectral normalisation of a single weight leaves D(x) = sign(ψ)x,
    which does not depend on ψ: the discriminator can no longer learn.
    """
    psi, theta, b, x = sympy.symbols("psi theta bias x", real=True)
    return SymbolicGAN(
        ([psi, b], psi * x + b) if bias else ([psi], psi * x),
        ([theta], theta),
        data=(x, Points([0])),
        objective=objective,
        box={"psi": (-2, 2), "theta": (-2, 2), **({"bias": (-2, 2)} if bias else {})},
        start={"psi": 1, "theta": 1, **({"bias": 0} if bias else {})},
        name="Dirac-GAN with bias" if bias else "Dirac-GAN",
    )
