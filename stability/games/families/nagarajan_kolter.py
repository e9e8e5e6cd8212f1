"""The GAN of Nagarajan and Kolter that learns the width of a uniform distribution."""

from __future__ import annotations

import sympy

from ..expectations import Uniform
from ..gan.objective import Objective
from ..gan.symbolic import SymbolicGAN


def nagarajan_kolter(
    objective: str | Objective = "wasserstein", *, bias: bool = False
) -> SymbolicGAN:
    """Data and latents uniform on [−1, 1], D(x) = wx² and G(z) = az (Nagarajan, Kolter 2017).

    `objective` is a name or an `Objective`. `bias` makes it D(x) = wx² + b, for the objectives whose
    undecided logit is not 0 (least-squares, kl). The variables are w, bias (if there is one) and a. The
    generator makes the data at a = ±1, and there the discriminator rests at w = 0. Let r and f be its losses
    on data and on generated samples, κ = r″ + f″, and g the generator's loss, with derivatives at the logit
    0, and r′ + f′ = 0 there. The eigenvalues without bias, with the paper's penalty η‖∇_D L_D‖² on the
    generator, `st.NagarajanKolter(eta)`, are the roots of

        λ² + (κ/5 + 8ηf′²/9) λ − (4/9) f′g′.

    So minimax (κ = ½, f′ = ½ = −g′) is stable without penalty, −1/20 ± i√(1/9 − 1/400); Wasserstein (κ = 0,
    f′ = 1 = −g′) is not, ±2i/3, where w² + a²/2 − log|a| is conserved, and any η > 0 makes it so.
    """
    w, b, a, x, z = sympy.symbols("w bias a x z", real=True)
    return SymbolicGAN(
        ([w, b], w * x**2 + b) if bias else ([w], w * x**2),
        ([a], a * z),
        data=(x, Uniform(-1, 1)),
        latent=(z, Uniform(-1, 1)),
        objective=objective,
        box={"w": (-2, 2), "a": (-2, 2), **({"bias": (-2, 2)} if bias else {})},
        start={"w": 0.5, "a": 0.5, **({"bias": 0} if bias else {})},
        name="Nagarajan-Kolter uniform",
    )
