"""Symplectic gradient adjustment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import sympy

from ..documents.settings import setting
from ..dynamics.positive_settings import check_flag, check_nonnegative
from ..games.numbers import in_engine
from .field import Field

EPSILON = sympy.Rational(1, 10)  # Balduzzi et al. 2018, section 3.3


@dataclass(frozen=True)
class Symplectic(Field):
    """The field v + λ A v, with A = (J − Jᵀ)/2 the antisymmetric part of J (Balduzzi et al. 2018, SGA).

    `lam` is λ ≥ 0. With `alignment` the sign of λ follows the paper's criterion sign(⟨v, Jᵀv⟩⟨Av, Jᵀv⟩/d +
    1/10), which turns the adjustment round where it would point away from a stable point or towards an
    unstable one. Near an equilibrium, where v is small, the sign is +1: the alignment changes no local
    result.
    """

    lam: Any = 1.0
    alignment: bool = setting(False, read="flag")
    name: ClassVar[str] = "symplectic"

    def __post_init__(self):
        check_nonnegative(self.lam, "the symplectic weight lam")
        check_flag(self.alignment, "alignment")

    def __call__(self, game: Any, x: Any) -> Any:
        v = game.field(x)
        pulled = game.vjp(x, v)
        adjustment = (game.jvp(x, v) - pulled) * in_engine(game, sympy.Rational(1, 2))
        lam = in_engine(game, self.lam)
        if self.alignment:
            product = _dot(v, pulled) * _dot(adjustment, pulled)
            lam = lam * _sign(
                product * in_engine(game, sympy.Rational(1, len(v))) + in_engine(game, EPSILON)
            )
        return v + lam * adjustment


def _dot(one: Any, other: Any) -> Any:
    return one.dot(other)


def _sign(number: Any) -> Any:
    """+1 or −1; zero, which no open set of profiles gives, counts as positive."""
    if isinstance(number, sympy.Expr):
        return sympy.Piecewise((1, number >= 0), (-1, True))
    import jax.numpy as jnp

    return jnp.where(number >= 0, 1, -1).astype(number.dtype)
