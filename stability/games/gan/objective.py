"""What the two players of a GAN minimise, as functions of the discriminator's outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import sympy

from ...errors import InputError, InputTypeError
from .divergences import DIVERGENCES, Divergence
from .elementary import relu, softplus
from .mmd import mmd_squared

Loss = Callable[[Any, Any], Any]
PerLogit = Callable[[Any], Any]


@dataclass(frozen=True)
class Objective:
    """The losses of a GAN.

    - `name`: what reports call it.
    - `discriminator`: (outputs on data, outputs on generated samples) ↦ the discriminator's loss, a scalar.
      The outputs are logits, of shapes (N,) and (M,), or feature vectors, (N, k) and (M, k).
    - `generator`: the generator's loss, of the same two; None: the game is zero-sum.
    - `features`: whether the discriminator returns a feature vector for every sample.
    - `smallest`: the smallest number of samples of either kind that the losses are defined for.
    - `per_logit`: where the losses are means over logits, the functions of one logit that they are means of:
      the discriminator's on data and on generated samples, and the generator's or None (see `of_logits`).
    """

    name: str
    discriminator: Loss
    generator: Loss | None = None
    features: bool = False
    smallest: int = 1
    per_logit: tuple[PerLogit, PerLogit, PerLogit | None] | None = None

    def symbolic(self) -> tuple[PerLogit, PerLogit, PerLogit | None]:
        """The losses of one logit as functions of a SymPy expression: (real, fake, generator).

        The discriminator minimises E real(D(x)) + E fake(D(G(z))), and the generator E generator(D(G(z))),
        or, where that is None, minus the discriminator's loss. Raises InputError for losses that are no
        means over logits (MMD), and for functions that are written for JAX alone.
        """
        if self.per_logit is None:
            raise InputError(
                f"the losses of {self.name} are no means over single logits and have no symbolic form"
            )
        logit = sympy.Symbol("t", real=True)
        for function in self.per_logit:
            if function is not None and not _is_symbolic(function, logit):
                raise InputError(
                    f"the objective {self.name} is written for JAX alone; write it with powers and the "
                    "functions of stability.games.gan.elementary to have it in SymPy too"
                )
        return self.per_logit


def _is_symbolic(function: PerLogit, logit: sympy.Symbol) -> bool:
    try:
        return isinstance(sympy.sympify(function(logit)), sympy.Expr)
    except (TypeError, ValueError, AttributeError, sympy.SympifyError):
        return False


def of_logits(
    name: str, real: PerLogit, fake: PerLogit, generator: PerLogit | None = None
) -> Objective:
    """Losses that are means over logits: E real(D(x)) + E fake(D(G(z))), and E generator(D(G(z))).

    The first is the discriminator's. The three functions act on logits one by one. Without `generator` the
    game is zero-sum. Written with powers and the functions of `elementary` they serve SymPy too.
    """
    return Objective(
        name,
        lambda on_real, on_fake: jnp.mean(real(on_real)) + jnp.mean(fake(on_fake)),
        None if generator is None else lambda _, on_fake: jnp.mean(generator(on_fake)),
        per_logit=(real, fake, generator),
    )


def f_gan(divergence: Divergence, *, generator: str = "variational") -> Objective:
    """The f-GAN of a divergence (Nowozin, Cseke, Tomioka 2016): V = E_data g(D) − E_gen f*(g(D)).

    The discriminator maximises V. The generator minimises V (`"variational"`) or maximises E_gen g(D)
    (`"non-saturating"`, section 3.2). Raises InputError for another generator.
    """
    if generator not in ("variational", "non-saturating"):
        raise InputError(
            f"the generator of an f-GAN is 'variational' or 'non-saturating', not {generator!r}"
        )
    saturating = generator == "variational"
    return of_logits(
        divergence.name if saturating else f"{divergence.name}-non-saturating",
        lambda v: -divergence.activation(v),
        divergence.conjugate,
        None if saturating else lambda v: -divergence.activation(v),
    )


def mmd(bandwidths: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)) -> Objective:
    """MMD-GAN (Li et al. 2017): the discriminator encodes samples into feature vectors.

    The generator minimises the squared maximum mean discrepancy of the features, and the discriminator
    maximises it. The kernel is the sum of Gaussians exp(−‖a − b‖²/(2σ²)) over the `bandwidths` σ, by default
    the paper's. The estimate is the unbiased one (Gretton et al. 2012, lemma 6), a mean over pairs of
    different samples. In microbatches it is a mean over pairs within the same microbatch (the block estimate
    of Zaremba, Gretton, Blaschko 2013): unbiased too, but another number than that of the whole set.

    Raises InputError for bandwidths that are not positive.
    """
    if not bandwidths or not all(0 < sigma < float("inf") for sigma in bandwidths):
        raise InputError(f"the bandwidths of mmd are positive numbers, not {bandwidths!r}")
    return Objective(
        "mmd",
        lambda on_real, on_fake: -mmd_squared(on_real, on_fake, bandwidths),
        features=True,
        smallest=2,
    )


def _softplus_of_minus(t: Any) -> Any:
    return softplus(-t)


OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        # Goodfellow et al. 2014; −log σ(t) = softplus(−t)
        of_logits("minimax", _softplus_of_minus, softplus),
        of_logits("non-saturating", _softplus_of_minus, softplus, _softplus_of_minus),
        # Mao et al. 2017, with the targets 0 and 1
        of_logits(
            "least-squares",
            lambda t: (t - 1) ** 2 / 2,
            lambda t: t**2 / 2,
            lambda t: (t - 1) ** 2 / 2,
        ),
        # Lim, Ye 2017; Miyato et al. 2018
        of_logits("hinge", lambda t: relu(1 - t), lambda t: relu(1 + t), lambda t: -t),
        # Arjovsky, Chintala, Bottou 2017
        of_logits("wasserstein", lambda t: -t, lambda t: t),
        *(f_gan(divergence) for divergence in DIVERGENCES),
        *(f_gan(divergence, generator="non-saturating") for divergence in DIVERGENCES),
        mmd(),
    )
}


def objective_of(given: Any) -> Objective:
    """An objective by name, or one's own. Raises InputError for a name that there is not."""
    if isinstance(given, Objective):
        return given
    if not isinstance(given, str):
        raise InputTypeError(f"an objective is a name or an Objective, not {given!r}")
    if given not in OBJECTIVES:
        raise InputError(f"there is no objective {given!r}; there are {', '.join(OBJECTIVES)}")
    return OBJECTIVES[given]
