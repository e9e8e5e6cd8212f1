"""Motion in the players' sets along a field: which limits hold a point, and how it slides along them.

The projected flow is ẋ = Π_{T(x)} v(x), the nearest velocity to v in the tangent cone of the sets at x
(Nagurney, Zhang 1996). Between two moments at which a limit is met or let go it is the flow of v on a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np


class Motion:
    """The limits of d coordinates, L = 3d + b of them: lower ends, upper ends, probabilities, b balls.

    `low`, `high`: shape (d,). `simplices`: the positions of those of one size, shape (m, n) each. `balls`:
    positions and radii. In all methods x is a point, shape (d,), v the field there; `held`, shape (L,), says
    which limits hold it. Limits that do not exist have infinite slack and hold nothing. JAX traces all.
    """

    def __init__(
        self,
        low: np.ndarray,
        high: np.ndarray,
        simplices: Sequence[np.ndarray],
        balls: Sequence[tuple[np.ndarray, float]],
    ):
        self.low, self.high, self.simplices, self.balls = low, high, simplices, balls
        self.probability = np.zeros(len(low), bool)
        for index in simplices:
            self.probability[index] = True

    def slack(self, x: Any) -> Any:
        """How far x is from every limit, negative outside, shape (L,)."""
        probabilities = jnp.where(self.probability, x, jnp.inf)
        radii = [radius - jnp.linalg.norm(x[index]) for index, radius in self.balls]
        return jnp.concatenate([x - self.low, self.high - x, probabilities, *_rows(radii, x)])

    def scale(self, scale: Any) -> Any:
        """What is small for every limit, (L,), where that is `scale`, (d,), for the coordinates."""
        balls = [scale[index].max() for index, _ in self.balls]
        return jnp.concatenate([scale, scale, scale, *_rows(balls, scale)])

    def held(self, x: Any, v: Any) -> Any:
        """The limits that x touches and that v pushes against."""
        touched = self.slack(x) <= 1e-12 * self.scale(1 + jnp.abs(x))
        d = x.size
        zero = touched[2 * d : 3 * d]
        pushed = [v < 0, v > 0, zero & (v <= self._threshold(zero, v)), *self._out(x, v, 0.0)]
        return touched & jnp.concatenate(pushed)

    def onto(self, held: Any, x: Any) -> Any:
        """The point x on the spheres that hold it, from nearby."""
        for k, (index, radius) in enumerate(self.balls):
            own = x[index]
            size = jnp.linalg.norm(own)
            on = held[3 * x.size + k] & (size > 0)
            x = x.at[index].set(jnp.where(on, own * (radius / jnp.where(on, size, 1.0)), own))
        return x

    def push(self, held: Any, x: Any, v: Any) -> Any:
        """How hard v pushes against every limit, shape (L,): the multipliers of those that hold x."""
        mean = self._mean(held, v)
        return jnp.concatenate([-v, v, mean - v, *self._out(x, v, None)])

    def velocity(self, held: Any, x: Any, v: Any) -> Any:
        """The velocity on the face of the limits that hold x, shape (d,)."""
        d = x.size
        fixed = held[:d] | held[d : 2 * d] | held[2 * d : 3 * d]
        v = jnp.where(fixed, 0.0, v - jnp.where(self.probability, self._mean(held, v), 0.0))
        for k, (index, _) in enumerate(self.balls):
            own, rate = x[index], v[index]
            square = own @ own
            along = rate - own * (own @ rate) / jnp.where(square > 0, square, 1.0)
            v = v.at[index].set(jnp.where(held[3 * d + k], along, rate))
        return v

    def _mean(self, held: Any, v: Any) -> Any:
        """For every probability the mean of v over those of its simplex that are not held, shape (d,)."""
        mean, free = jnp.zeros_like(v), ~held[2 * v.size : 3 * v.size]
        for index in self.simplices:
            own = free[index]
            total = jnp.where(own, v[index], 0.0).sum(axis=-1, keepdims=True)
            average = total / jnp.maximum(own.sum(axis=-1, keepdims=True), 1)
            mean = mean.at[index].set(jnp.broadcast_to(average, index.shape))
        return mean

    def _threshold(self, zero: Any, v: Any) -> Any:
        """For every probability that which a velocity has to exceed for a probability of zero to grow.

        The mean of the velocities of all that grow or are positive: those that are zero join in the order of
        their velocities, as long as they are above the mean of those before.
        """
        result = jnp.zeros_like(v)
        for index in self.simplices:
            own = v[index]
            order = jnp.argsort(jnp.where(zero[index], -own, -jnp.inf), axis=-1)
            rates = jnp.take_along_axis(own, order, axis=-1)
            late = jnp.take_along_axis(zero[index], order, axis=-1)
            before = jnp.cumsum(rates, axis=-1) - rates
            joins = ~late | (rates * jnp.arange(index.shape[-1]) > before)
            total = jnp.where(joins, rates, 0.0).sum(axis=-1, keepdims=True)
            average = total / joins.sum(axis=-1, keepdims=True)
            result = result.at[index].set(jnp.broadcast_to(average, index.shape))
        return result

    def _out(self, x: Any, v: Any, above: float | None) -> list[Any]:
        """The outward part of v at every ball, or whether it is `above` a number; one row, or none."""
        parts = []
        for index, radius in self.balls:
            outward = (x[index] @ v[index]) / radius
            parts.append(outward if above is None else outward > above)
        return [jnp.stack(parts)] if parts else []


def _rows(numbers: Sequence[Any], like: Any) -> list[Any]:
    return [jnp.stack(numbers).astype(like.dtype)] if numbers else []
