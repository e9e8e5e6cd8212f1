"""Adaptive Runge–Kutta steps of many points at once, each with a step size of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from .ensemble_lanes import Lanes, every, join, lanes_inside, lanewise, mean, split, where
from .projected_steps import LanesOnSets

ATTEMPTS = 32  # steps that are tried between two looks at who has ended
RUNNING, ENDED, RESTED = 0, 1, 2

LaneField = Callable[[Lanes], Lanes]


def _fractions(row: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, row.split()))


# Dormand and Prince (1980), the pair of orders 5 and 4; the last stage is the first of the next step
A = (
    (),
    _fractions("1/5"),
    _fractions("3/40 9/40"),
    _fractions("44/45 -56/15 32/9"),
    _fractions("19372/6561 -25360/2187 64448/6561 -212/729"),
    _fractions("9017/3168 -355/33 46732/5247 49/176 -5103/18656"),
    _fractions("35/384 0 500/1113 125/192 -2187/6784 11/84"),
)
EMBEDDED = _fractions("5179/57600 0 7571/16695 393/640 -92097/339200 187/2100 1/40")
ERROR = tuple(b - e for b, e in zip((*A[-1], Fraction(0)), EMBEDDED, strict=True))


class Settings(NamedTuple):
    """What all lanes are told; `low`, `high`, shape (d,): where they end. `rest` may be None."""

    duration: Any
    rtol: Any
    atol: Any
    rest: Any
    low: Any
    high: Any


class Paths(NamedTuple):
    """C paths under way. `points` has shape (C, d), all others (C,).

    - `elapsed`: the time so far; `step`: the length of the next one, NaN before the first; `status`.
    - `memory`: the logarithm of the last step's error, for the step size; in 32 bits, as it decides no digit.
    - `speed`, `fastest`: the mean square of the velocity, now and where it was largest.
    """

    points: Any
    elapsed: Any
    step: Any
    status: Any
    memory: Any
    speed: Any
    fastest: Any


def burst(
    function: Callable[[Any], Any], dimension: int, sets: Any, paths: Paths, settings: Settings
) -> Paths:
    """The paths after so many attempted steps, those that have ended meanwhile where they ended.

    In `sets` (None: free) they are those of the projected flow.
    """
    field: Any = lanewise(function, dimension) if sets is None else LanesOnSets(function, sets)
    attempt = partial(_attempt, field, dimension, settings)
    x = split(paths.points.T)
    velocity = field(x)
    first = _first_step(field, dimension, settings, x, velocity)
    step = jnp.where(jnp.isnan(paths.step), first, paths.step)
    carry = (x, velocity, paths._replace(step=step))
    x, _, paths = lax.fori_loop(0, ATTEMPTS, lambda _, carry: attempt(*carry), carry)
    return paths._replace(points=join(x).T)


def _attempt(
    field: LaneField, dimension: int, settings: Settings, x: Lanes, velocity: Lanes, p: Paths
) -> tuple[Lanes, Lanes, Paths]:
    """One attempted step of every path, from x, where the velocity is that."""
    low, high = split(settings.low[:, None]), split(settings.high[:, None])
    running = p.status == RUNNING
    last = p.elapsed + p.step >= settings.duration
    step = jnp.where(last, settings.duration - p.elapsed, p.step)
    on_face = field if not isinstance(field, LanesOnSets) else field.on_face(x)
    stages, after = [velocity], x
    for weights in A[1:]:
        after = tuple(a + step * b for a, b in zip(x, _combined(weights, stages), strict=True))
        stages.append(on_face(after))
    error = tuple(step * e for e in _combined(ERROR, stages))
    # a step that leads where the field is no number has a NaN for an error, and is not taken
    squared = _size(error, _tolerated(settings, x, after), dimension)
    taken = running & (squared <= 1)
    if isinstance(field, LanesOnSets):
        late, part = field.beyond(x, after, step, _tolerated(settings, x, after))
        taken &= ~late
        after = field.land(x, after)
        stages[-1] = field(after)
        taken &= every(jnp.isfinite(v) for v in stages[-1])
    factor, memory = _factor(squared, taken, p.memory)
    if isinstance(field, LanesOnSets):
        factor = jnp.where(late, jnp.minimum(factor, part), factor)
    x, velocity = where(taken, after, x), where(taken, stages[-1], velocity)
    now = jnp.where(last, settings.duration, p.elapsed + step)
    speed = mean(tuple(v**2 for v in velocity), dimension)
    fastest = jnp.maximum(p.fastest, speed)
    ended = taken & (~lanes_inside(x, low, high) | last)
    status = jnp.where(ended, ENDED, p.status)
    if settings.rest is not None:
        still = running & (speed <= settings.rest**2 * fastest) & lanes_inside(x, low, high)
        status = jnp.where(still, RESTED, status)
    elapsed = jnp.where(taken, now, p.elapsed)
    step = jnp.where(running, step * factor, p.step)
    return x, velocity, Paths(p.points, elapsed, step, status, memory, speed, fastest)


def _first_step(
    field: LaneField, dimension: int, settings: Settings, x: Lanes, velocity: Lanes
) -> Any:
    """The lengths of first steps (Hairer, Nørsett, Wanner 1993, II.4), shape (C,)."""
    scale = _tolerated(settings, x)
    near, rate = (jnp.sqrt(_size(a, scale, dimension)) for a in (x, velocity))
    trial = jnp.where((near < 1e-5) | (rate < 1e-5), 1e-6, 0.01 * near / rate)
    moved = field(tuple(a + trial * v for a, v in zip(x, velocity, strict=True)))
    bend = tuple(a - b for a, b in zip(moved, velocity, strict=True))
    most = jnp.maximum(rate, jnp.sqrt(_size(bend, scale, dimension)) / trial)
    wanted = jnp.where(most <= 1e-15, jnp.maximum(1e-6, 1e-3 * trial), (0.01 / most) ** (1 / 5))
    return jnp.minimum(100 * trial, wanted)


def _size(x: Lanes, scale: Lanes, dimension: int) -> Any:
    """The mean square of x in units of `scale`."""
    return mean(tuple((a / b) ** 2 for a, b in zip(x, scale, strict=True)), dimension)


def _tolerated(settings: Settings, *points: Lanes) -> Lanes:
    """The error that is tolerated of each coordinate between these points."""
    largest = [[jnp.abs(a) for a in same] for same in zip(*points, strict=True)]
    return tuple(settings.atol + settings.rtol * _largest(same) for same in largest)


def _largest(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else jnp.maximum(*values)


def _combined(weights: Sequence[Fraction], stages: Sequence[Lanes]) -> Lanes:
    """The weighted sum of the stages."""
    terms = [(float(w), k) for w, k in zip(weights, stages, strict=True) if w]
    return tuple(sum(w * k[i] for w, k in terms) for i in range(len(stages[0])))


def _factor(squared: Any, taken: Any, memory: Any) -> tuple[Any, Any]:
    """What the next step is to be multiplied by, and what is remembered of this one.

    Gustafsson's proportional and integral control with the exponents of Hairer and Wanner (1996), IV.2; after
    a step that was not taken, the integral alone.
    """
    logarithm = 0.5 * jnp.log2(jnp.clip(squared, 1e-8, 1e20).astype(jnp.float32))
    logarithm = jnp.where(jnp.isnan(logarithm), 32.0, logarithm)
    proposed = 0.9 * jnp.exp2(jnp.where(taken, -0.17 * logarithm + 0.04 * memory, -0.2 * logarithm))
    factor = jnp.where(taken, jnp.clip(proposed, 0.2, 10), jnp.clip(proposed, 0.1, 1))
    return factor.astype(squared.dtype), jnp.where(taken, logarithm, memory)
