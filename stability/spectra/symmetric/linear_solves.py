"""Linear systems with a positive definite operator: conjugate gradients that notice when it is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, proxy

import jax
import jax.numpy as jnp
import numpy as np

from ...dynamics.operator import Operator
from .basis import in_precision_of, inner, norm

_REFINEMENTS = (
    2  # solves again for the true residual, where rounding had the recurrence's drift from it
)


@dataclass(frozen=True, eq=False)
class Solution:
    """What conjugate gradients made of A x = b.

    - `x` (d,); `residual`: b − A x, computed from x at the end; `relative_residual`: its norm over ‖b‖.
    - `converged`: whether that is within the tolerance.
    - `curvature`: the smallest pᵀAp / pᵀp over the directions p that were searched (∞ if there was none). It
      bounds A's smallest eigenvalue from above: not positive means that A is not positive definite, and then
      the solve was stopped there.
    - `products`: how often A was applied.
    """

    x: Any
    residual: Any
    relative_residual: float
    converged: bool
    curvature: float
    products: int

    @property
    def indefinite(self) -> bool:
        """Whether A was seen not to be positive definite."""
        return self.curvature <= 0


def conjugate_gradients(operator: Any, right: Any, *, max_products: int = 1000) -> Solution:
    """Solves A x = b for a symmetric positive definite operator (Hestenes, Stiefel 1952), on the device.

    The residual that decides is recomputed, never the recurrence's own; where the two have drifted apart the
    solve goes on from there. A failure is a value: look at `converged` and `indefinite`.

    **Arguments:** `operator` as for `symmetric_spectrum`; an `Operator` is compiled once for all of its kind,
    anything else, whose `matvec` JAX must be able to trace, at every call. `right` (d,). It has
    converged where ‖b − A x‖ ≤ 1e-10 ‖b‖, in single precision 1e-5 ‖b‖.
    """
    with in_precision_of(operator.dtype):
        eps = float(np.finfo(operator.dtype).eps)
        tolerance = max(1e-10, 100 * eps)
        product, kept = _traceable(operator)
        right = jnp.asarray(right, operator.dtype)
        size = norm(right)
        right = right / (size or 1.0)  # of length one, so that no square underflows
        x, residual = jnp.zeros_like(right), right
        products, curvature, reached = 0, math.inf, float(size > 0)
        for _ in range(1 + _REFINEMENTS):
            if reached <= tolerance or products >= max_products:
                break
            step, steps, smallest = _compiled(product)(
                kept, residual, tolerance, max_products - products
            )
            products, curvature = products + int(steps) + 1, min(curvature, float(smallest))
            trial = x + step
            trial_residual = right - product(kept, trial)
            left = norm(trial_residual)
            if not left < reached:  # nothing gained: rounding, or an operator that is not definite
                break
            x, residual, reached = trial, trial_residual, left
            if curvature <= 0:
                break
        converged = reached <= tolerance
        return Solution(
            x=size * x,
            residual=size * residual,
            relative_residual=reached,
            converged=converged,
            curvature=curvature,
            products=products,
        )


def _run(
    product: Callable[[Any, Any], Any], kept: Any, right: Any, goal: Any, max_steps: Any
) -> tuple[Any, Any, Any]:
    """Steps from zero until the recurrence's residual is below `goal`, or a direction is not convex."""

    def unfinished(state: tuple[Any, ...]) -> Any:
        _, _, _, squared, steps, smallest = state
        return (squared > goal**2) & (steps < max_steps) & (smallest > 0)

    def step(state: tuple[Any, ...]) -> tuple[Any, ...]:
        x, residual, direction, squared, steps, smallest = state
        image = product(kept, direction)
        energy = inner(direction, image)
        curvature = energy / inner(direction, direction)
        length = jnp.where(energy > 0, squared / energy, 0)  # NaN, too, ends here
        x, residual = x + length * direction, residual - length * image
        new = inner(residual, residual)
        direction = residual + new / squared * direction
        smallest = jnp.minimum(smallest, jnp.where(jnp.isnan(curvature), 0, curvature))
        return x, residual, direction, new, steps + 1, smallest

    infinity = jnp.asarray(jnp.inf, right.dtype)
    start = (jnp.zeros_like(right), right, right, inner(right, right), 0, infinity)
    x, _, _, _, steps, smallest = jax.lax.while_loop(unfinished, step, start)
    return x, steps, smallest


def _traceable(operator: Any) -> tuple[Callable[[Any, Any], Any], Any]:
    """The product as a function of what the operator keeps and a vector; the same function for all points."""
    if isinstance(operator, Operator):
        return operator.action.forward, operator.kept
    return lambda _, u: operator.matvec(u), None


_COMPILED: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def _compiled(product: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """`_run` for that product, which lives as long as the product does."""
    if product not in _COMPILED:
        _COMPILED[product] = jax.jit(partial(_run, proxy(product)))
    return _COMPILED[product]
