"""A map iterated from a million starts: chunk by chunk, in bounded memory, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .ensemble import CODE, Ensemble, compiled, in_threads, inside, lanes
from .ensemble_lanes import every, join, lanewise, split, where, within
from .map import Map, SymbolicMap
from .positive_settings import check_nonnegative, check_positive, check_whole
from .starts import box_sides, real_starts
from .trajectory import Outcome

_BURST = 64  # steps between two looks at who has ended
_WIDE, _NARROW = 1024, 64  # lanes of many starts, and of few
_TOGETHER = 8  # so many times as many starts are a chunk, which one call works off
_CALL = 8192  # steps of one compiled call, so that it can be interrupted
_RUNNING, _OUTSIDE, _RESTED = 0, 1, 2


def iterate(
    map: Map | SymbolicMap,
    starts: Any,
    steps: int,
    *,
    box: Mapping[str, tuple[float, float]] | None = None,
    blow_up: float = 1e9,
    rest: float | None = None,
    progress: Callable[[float], object] | None = None,
) -> Ensemble:
    """Where a map takes many starts in so many steps, in float64; the paths are not kept.

    **Arguments:**

    - `map`: a SymbolicMap is iterated at its own parameters' values.
    - `starts`: shape (n, d), of a million rows if need be.
    - `steps`: how many.
    - `box`: a path ends where it leaves these (low, high), by variable; looked for at every step.
    - `blow_up`: it ends where a coordinate is larger than that, or no number. Unless there is a box that is
      looked for every 64 steps, and then the very step is found.
    - `rest`: it has come to rest where a step changes no coordinate x by more than `rest` (1 + |x|), looked
      for every 64 steps. None: not looked for.
    - `progress`: called with the fraction that is done, between 0 and 1.

    The point of a path that left or blew up is the one outside, unless that is infinite or no number: then
    the one before. The answer for a start does not depend on the other ones (of more than four variables:
    up to rounding).

    Raises InputError for starts of the wrong shape or not finite, and settings that are not positive.
    """
    check_whole(steps, "the number of steps", 0, 2**53)
    check_positive(blow_up, "blow_up")
    if rest is not None:
        check_nonnegative(rest, "rest")
    map = map.twin
    points = real_starts(starts, map.dimension, f"the map {map.name!r}")
    n = len(points)
    sides = box_sides(box, map.variables)
    low, high = np.maximum(sides[0], -blow_up), np.minimum(sides[1], blow_up)
    times = np.zeros(n, np.int64)
    status = np.where(inside(points, low, high), _RUNNING, _OUTSIDE).astype(np.int32)
    width = lanes(_WIDE) if n > _TOGETHER * _NARROW else _NARROW
    size = _TOGETHER * width
    boxed, system = box is not None, map

    def make() -> Callable[..., Any]:
        run = compiled(partial(_run, system.function, system.dimension, boxed, width))
        with jax.enable_x64(True):  # compiled here, before several threads ask for it
            run(*padded(slice(0, 0)), 0, low, high, rest)
        return run

    def padded(chunk: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        short = size - (chunk.stop - chunk.start)
        return (
            np.pad(points[chunk], ((0, short), (0, 0))),
            np.zeros(size, np.int64),
            np.pad(status[chunk], (0, short), constant_values=_OUTSIDE),
        )

    run = map.kept("iterations", (boxed, width, rest is None), make)

    def work(begin: int) -> int:
        chunk = slice(begin, min(begin + size, n))
        state = padded(chunk)
        for done in range(0, steps, _CALL):
            state = run(*state, min(_CALL, steps - done), low, high, rest)
            if not (np.asarray(state[2]) == _RUNNING).any():
                break
        for whole, part in zip((points, times, status), state, strict=True):
            whole[chunk] = np.asarray(part)[: chunk.stop - begin]
        return chunk.stop

    for stop in in_threads(work, range(0, n, size)):
        if progress is not None:
            progress(stop / n)
    return Ensemble(points, times, _outcomes(points, status, sides, blow_up))


def _outcomes(points: np.ndarray, status: np.ndarray, sides: Any, blow_up: float) -> np.ndarray:
    left = (np.abs(points) <= blow_up).all(axis=1) & ~inside(points, *sides)
    cases = [status == _RUNNING, status == _RESTED, left]
    codes = [CODE[o] for o in (Outcome.FINISHED, Outcome.RESTED, Outcome.LEFT)]
    return np.select(cases, codes, CODE[Outcome.BLEW_UP]).astype(np.int8)


def _run(
    function: Callable[[Any], Any],
    dimension: int,
    boxed: bool,
    width: int,
    points: Any,
    times: Any,
    status: Any,
    steps: Any,
    low: Any,
    high: Any,
    rest: Any,
) -> Any:
    """At most so many steps of a chunk: points (n, d), times (n,) and status (n,) ↦ the same.

    The chunk is worked off in turn in pieces of `width` lanes, which stay in the core's nearest cache.
    """
    step = lanewise(function, dimension)
    bounds = split(low[:, None]), split(high[:, None])
    largest = jnp.finfo(points.dtype).max
    numbers = (-largest,) * len(bounds[0]), (largest,) * len(bounds[0])

    def watched(_: Any, state: Any) -> Any:
        x, times, status = state
        after = lax.optimization_barrier(step(x))  # the same digits as in a loop without watching
        finite = (status == _RUNNING) & within(after, *numbers)
        status = jnp.where((status == _RUNNING) & ~within(after, *bounds), _OUTSIDE, status)
        return where(finite, after, x), times + finite, status

    def moved(state: Any, count: Any) -> Any:
        if boxed:
            return lax.fori_loop(0, count, watched, state)
        x, times, status = state
        running = status == _RUNNING
        after = lax.fori_loop(0, count, lambda _, x: step(x), x)
        return lax.cond(
            (running & ~within(after, *bounds)).any(),
            lambda: lax.fori_loop(0, count, watched, state),
            lambda: (where(running, after, x), times + count * running, status),
        )

    def at_rest(state: Any) -> Any:
        x, times, status = state
        if rest is None:
            return state
        still = every(
            jnp.abs(b - a) <= rest * (1 + jnp.abs(a)) for a, b in zip(x, step(x), strict=True)
        )
        return x, times, jnp.where((status == _RUNNING) & still, _RESTED, status)

    def burst(carry: Any) -> Any:
        done, state = carry
        return done + _BURST, at_rest(moved(state, _BURST))

    def unfinished(carry: Any) -> Any:
        done, (_, _, status) = carry
        return (done + _BURST <= steps) & (status == _RUNNING).any()

    def piece(state: Any) -> Any:
        x, times, status = state
        _, state = lax.while_loop(unfinished, burst, (0, (split(x.T), times, status)))
        # what is left of a burst: in whole bursts the compiler knows the number of steps
        x, times, status = at_rest(moved(state, steps % _BURST))
        return join(x).T, times, status

    pieces = (
        points.reshape(-1, width, dimension),
        times.reshape(-1, width),
        status.reshape(-1, width),
    )
    x, times, status = lax.map(piece, pieces)
    return x.reshape(-1, dimension), times.ravel(), status.ravel()
