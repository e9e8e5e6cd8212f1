"""Covariance estimation: a quadratic discriminator and a linear generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from ...dynamics.symbols import exact
from ...errors import InputError
from ..expectations import Normal
from ..gan.objective import Objective
from ..gan.symbolic import SymbolicGAN


def covariance(
    variances: Sequence[Any] = (1,), objective: str | Objective = "wasserstein"
) -> SymbolicGAN:
    """Data N(0, Σ), latents N(0, I), D(x) = xᵀWx and G(z) = Vz (Daskalakis et al. 2018, section 4).

    `objective` is a name or an `Objective`. `variances` are s₁², …, s_d², numbers or expressions: Σ is their
    diagonal matrix. That is no restriction, for the game looks the same in any orthonormal basis. The
    variables are the entries of W, then those of V, row by row: w11, w12, …, vdd; w and v where d = 1. For
    Wasserstein the discriminator's payoff is tr(W(Σ − VVᵀ)), exactly; Fiez, Chasnov, Ratliff (2020)
    regularise it, here `st.Anchor({"disc": eta})`.

    With weight decay η, W = 0 and VVᵀ = Σ rest: V is the root of Σ up to a rotation, which nothing sees. At
    V = Σ^½ the eigenvalues are, for every i ≤ j, the roots of

        λ² + ηλ + 2(sᵢ² + sⱼ²),

    and for every i < j, −η (the antisymmetric part of W, which D does not see) and 0 (the rotation of V). So
    without η the game is neutral, with it stable, and for d = 1 critically damped at η = 4s.

    Raises InputError for no variances, for a matrix and for negative ones.
    """
    if not isinstance(variances, (list, tuple)) or not variances:
        raise InputError(f"the variances are a sequence of one number or more, not {variances!r}")
    if any(isinstance(v, (list, tuple, np.ndarray, sympy.MatrixBase)) for v in variances):
        raise InputError(
            "the variances are a list of numbers, the diagonal of a diagonal covariance matrix, and no "
            "matrix; for another one give its eigenvalues"
        )
    variances = [v if isinstance(v, sympy.Expr) else exact(v) for v in variances]
    for variance in variances:
        if variance.is_negative:
            raise InputError(f"a variance is zero or positive, not {variance}")
    d = len(variances)
    x, z = (sympy.Matrix(sympy.symbols(f"{name}1:{d + 1}", real=True)) for name in "xz")
    w, v = (sympy.Matrix(d, d, lambda i, j, n=name: _entry(n, i, j, d)) for name in "wv")
    variables = [*w, *v]
    started = {
        **dict.fromkeys(w, 0),
        **{e: 0.5 if i % (d + 1) == 0 else 0 for i, e in enumerate(v)},
    }
    return SymbolicGAN(
        (list(w), (x.T * w * x)[0]),
        (list(v), list(v * z)),
        data=(list(x), Normal([0] * d, [sympy.sqrt(s) for s in variances])),
        latent=(list(z), Normal([0] * d, [1] * d)),
        objective=objective,
        box={e.name: (-3, 3) for e in variables},
        start={e.name: value for e, value in started.items()},
        name="covariance estimation",
    )


def _entry(name: str, i: int, j: int, d: int) -> sympy.Symbol:
    return sympy.Symbol(name if d == 1 else f"{name}{i + 1}{j + 1}", real=True)
