"""Derivatives of any order of a JAX function along curves, by nested forward derivatives.

`jax.experimental.jet` does not know every function (softplus); `jax.jvp` of `jax.jvp` does. Only the series
along given curves is computed, so the cost does not depend on the dimension of the space.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.quick_compilation import quickly_compiled
from .series import Part, packed, unpacked

Function = Callable[[Any], Any]


def taylor(function: Function, point: Any, curve: Any) -> Any:
    """The Taylor coefficients of t ↦ function(point + t c₁ + t² c₂ + …) at 0.

    **Arguments:**

    - `function`: JAX, from (d,) to (m,); `point`: (d,); `curve`: (n, d), the coefficients c₁ … cₙ.

    Returns (n + 1, m): those of 1, t, …, t^n.
    """
    order = len(curve)

    def along(t: Any) -> Any:
        x = jnp.zeros_like(point)
        for coefficient in curve[::-1]:
            x = (x + coefficient) * t
        return function(point + x)

    def derivatives(of: Callable[[Any], Any], count: int) -> Callable[[Any], tuple[Any, ...]]:
        """t ↦ the function and its first `count` derivatives."""
        if count == 0:
            return lambda t: (of(t),)

        def more(t: Any) -> tuple[Any, ...]:
            lower = derivatives(of, count - 1)
            values, slopes = jax.jvp(lower, (t,), (jnp.ones_like(t),))
            return (*values, slopes[-1])

        return more

    found = derivatives(along, order)(jnp.zeros((), point.dtype))
    return jnp.stack([value / math.factorial(n) for n, value in enumerate(found)])


class CompiledTaylor:
    """`taylor` along many curves at once, in turned coordinates x = point + turn·x′, compiled once."""

    def __init__(self, function: Function, order: int, dimension: int):
        """`function`: JAX, (d,) to (d,) with d = `dimension`; `order`: the highest degree, at least 1."""
        self.order = order

        def one(point: Any, turn: Any, curve: Any) -> Any:
            return taylor(
                lambda x: turn.T @ function(point + turn @ x), jnp.zeros_like(point), curve
            )

        self._compiled = quickly_compiled(jax.vmap(one, in_axes=(None, None, 0)), dimension)

    def __call__(self, point: np.ndarray, turn: np.ndarray, curves: np.ndarray) -> np.ndarray:
        """Shape (number of curves, order + 1, d) in double precision, from `curves` (…, order, d)."""
        with jax.enable_x64(True):
            return np.asarray(
                self._compiled(jnp.asarray(point), jnp.asarray(turn), jnp.asarray(curves))
            )


class AlongFunction:
    """The part of degree n of f(point + W(y)) in one or two small variables y, as `Composition` gives it.

    A homogeneous part is found from its values in order + 1 directions of y, spread over half a turn and
    `scales` long. In turned coordinates x = point + turn·x′ the results are the same, but not their rounding.
    """

    def __init__(
        self,
        compiled: CompiledTaylor,
        point: np.ndarray,
        turn: np.ndarray,
        scales: Sequence[float],
        offset: float = 0.0,
    ):
        """`compiled`: of f; `point`, `turn`: (d,) and (d, d); `scales`: a length for each variable;
        `offset`: the angle of the first direction."""
        self._compiled, self._point, self._turn = compiled, point, turn
        count, order = len(scales), compiled.order
        if count == 1:
            self._directions = np.array([[scales[0]]])
        else:
            angles = offset + np.pi * np.arange(order + 1) / (order + 1)
            self._directions = np.stack([np.cos(angles), np.sin(angles)], axis=1) * scales
        self._scales, self._count = np.asarray(scales), count
        self._curves = np.zeros((len(self._directions), order, len(point)))

    def part(self, degree: int, inputs: Sequence[Part]) -> list[Part]:
        """As `Composition.part` has it."""
        for i, part in enumerate(inputs):
            value = np.zeros(len(self._directions))
            for monomial, coefficient in part.items():
                value += coefficient * self._monomial(monomial)
            self._curves[:, degree - 1, i] = value
        self._curves[:, degree:] = 0
        values = self._compiled(self._point, self._turn, self._curves)[:, degree]
        exponents = (
            [(degree,)] if self._count == 1 else [(degree - k, k) for k in range(degree + 1)]
        )
        monomials = [packed(e) for e in exponents]
        # columns of like size, whatever the scales
        sizes = [float(np.prod(self._scales ** np.array(e))) for e in exponents]
        columns = [self._monomial(m) / s for m, s in zip(monomials, sizes, strict=True)]
        found = np.linalg.lstsq(np.stack(columns, axis=1), values, rcond=None)[0]
        return [
            {m: float(c) / s for m, c, s in zip(monomials, own, sizes, strict=True) if c}
            for own in found.T
        ]

    def _monomial(self, monomial: int) -> np.ndarray:
        return np.prod(self._directions ** np.array(unpacked(monomial, self._count)), axis=1)
