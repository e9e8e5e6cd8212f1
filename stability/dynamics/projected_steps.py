"""Adaptive steps of the projected flow ẋ = Π_{T(x)} v(x), which stays in the sets of a game's players.

Between two moments at which a limit is met or let go the flow is that of the field on a face, and smooth: the
steps there have the order of their method. A step that would go beyond such a moment by more than its
tolerance is not taken but made shorter, until it ends there, and then its end is projected: each such
moment costs an error of about the tolerance. Points of a step that are outside see the field at the
nearest point inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from .ensemble_lanes import Lanes, join, split


class Missed(NamedTuple):
    """The last step that went beyond a moment: its length (0: none), and the limits' values (L,) there."""

    length: Any
    values: Any


def no_miss(x: Any, sets: Any) -> Missed:
    """No step has been too long yet; x is a point of the sets."""
    return Missed(jnp.zeros((), x.dtype), jnp.zeros(3 * x.size + len(sets.balls), x.dtype))


class OnSets:
    """The field of a flow in sets, and the limits that its steps meet.

    `field`: (d,) ↦ (d,), already in the direction of time. `sets` have a `project` and a `motion`.
    """

    def __init__(self, field: Callable[[Any], Any], sets: Any):
        self.field, self.sets, self.motion = field, sets, sets.motion

    def start(self, x: Any) -> tuple[Any, Any]:
        """The velocity (d,) of the projected flow at a point of the sets, and which limits (L,) hold it."""
        v = self.field(x)
        held = self.motion.held(x, v)
        return self.motion.velocity(held, x, v), held

    def on_face(self, held: Any) -> Callable[[Any], Any]:
        """The field on the face of these limits."""
        return lambda y: self.motion.velocity(held, y, self.field(self.sets.project(y)))

    def land(self, held: Any, end: Any) -> Any:
        """The point of the sets where a step on a face ends."""
        return self.motion.onto(held, self.sets.project(end))

    def values(self, held: Any, x: Any) -> Any:
        """What is positive until the next moment, (L,): distances from limits, pushes against held ones."""
        pushes = self.motion.push(held, x, self.field(self.sets.project(x)))
        return jnp.where(held, pushes, self.motion.slack(x))

    def beyond(
        self, held: Any, before: Any, end: Any, length: Any, scale: Any, missed: Missed
    ) -> tuple[Any, Any, Missed]:
        """Whether a step ends beyond a moment, the part of it that ends there, and what is remembered of it.

        `before`: the values where it began; `scale`, (d,): the error that is tolerated. The part is that of
        the secant through this and the last step that was too long, or through the step's own two ends.
        """
        after = self.values(held, end)
        # a push of the wrong sign lets go too late: it moves by about half of what it is at the end
        unit = jnp.where(held, 2 / length, 1.0) * self.motion.scale(scale)
        late = after < -unit
        target = -0.5 * unit
        own = length * (before - target) / (before - after)
        slope = (after - missed.values) / (length - missed.length)
        secant = length - (after - target) / jnp.where(slope < 0, slope, -1.0)
        good = (missed.length > 0) & (slope < 0) & (secant > 0) & (secant < length)
        ends = jnp.where(late, jnp.where(good, secant, own), jnp.inf)
        part = jnp.clip(jnp.min(ends) / length, 0.02, 0.98)
        any_late = late.any()
        kept = Missed(jnp.where(any_late, length, 0.0), jnp.where(any_late, after, 0.0))
        return any_late, jnp.where(any_late, part, 1.0), kept


class LanesOnSets:
    """The same for many points side by side; called, it gives their velocities."""

    def __init__(self, function: Callable[[Any], Any], sets: Any):
        self._one = OnSets(lambda x: jnp.asarray(function(x), x.dtype), sets)
        self._sets = sets

    def __call__(self, x: Lanes) -> Lanes:
        return self._each(lambda x: self._one.start(x)[0], x)

    def on_face(self, x: Lanes) -> Callable[[Lanes], Lanes]:
        """The field on the faces of the limits that hold the points x."""
        held = jax.vmap(lambda x: self._one.start(x)[1], in_axes=1)(join(x))
        one = jax.vmap(lambda held, y: self._one.on_face(held)(y), in_axes=(0, 1), out_axes=1)
        return lambda y: split(one(held, join(y)))

    def land(self, x: Lanes, end: Lanes) -> Lanes:
        """The points of the sets where steps from x end."""
        return self._each(lambda x, y: self._one.land(self._one.start(x)[1], y), x, end)

    def beyond(self, x: Lanes, end: Lanes, lengths: Any, scale: Lanes) -> tuple[Any, Any]:
        """Which steps from x end beyond a moment, and the parts of them that end there, shape (C,)."""

        def one(x: Any, end: Any, length: Any, scale: Any) -> tuple[Any, Any]:
            held = self._one.start(x)[1]
            before = self._one.values(held, x)
            return self._one.beyond(held, before, end, length, scale, no_miss(x, self._sets))[:2]

        return jax.vmap(one, in_axes=(1, 1, 0, 1))(join(x), join(end), lengths, join(scale))

    def _each(self, function: Callable[..., Any], *points: Lanes) -> Lanes:
        return split(jax.vmap(function, in_axes=1, out_axes=1)(*map(join, points)))
