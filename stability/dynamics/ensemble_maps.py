"""A map iterated from a million starts: chunk by chunk, in bounded memory, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .ensemble import CODE, Ensemble, compiled, in_threads, inside, lanes, starts_in
from .ensemble_lanes import Lanes, every, join, lanes_inside, lanewise, split, where
from .map import Map, SymbolicMap
from .positive_settings import check_whole
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
    own = map.twin
    points, extent = starts_in(own, starts, box, blow_up, rest)
    n = len(points)
    status = np.where(inside(points, *extent.sides), _RUNNING, _OUTSIDE).astype(np.int32)
    paths = _Paths(points, np.zeros(n, np.int64), status)
    width = lanes(_WIDE) if n > _TOGETHER * _NARROW else _NARROW
    size = _TOGETHER * width
    limits = _Limits(*extent.sides, rest)
    run = _compiled(own, box is not None, width, limits)

    def work(begin: int) -> int:
        chunk = slice(begin, min(begin + size, n))
        state = _padded(paths, chunk, size)
        for done in range(0, steps, _CALL):
            state = run(state, min(_CALL, steps - done), limits)
            if not (np.asarray(state.status) == _RUNNING).any():
                break
        for whole, part in zip(paths, state, strict=True):
            whole[chunk] = np.asarray(part)[: chunk.stop - begin]
        return chunk.stop

    for stop in in_threads(work, range(0, n, size)):
        if progress is not None:
            progress(stop / n)
    cases = [status == _RUNNING, status == _RESTED]
    codes = [CODE[Outcome.FINISHED], CODE[Outcome.RESTED]]
    outcomes = np.select(cases, codes, extent.outcomes(points)).astype(np.int8)
    return Ensemble(points, paths.times, outcomes)


class _Paths(NamedTuple):
    """Points, shape (n, d), or lanes of them; the steps each has taken, and how it stands, shape (n,)."""

    points: Any
    times: Any
    status: Any


class _Limits(NamedTuple):
    """Where paths end, shape (d,) each, and when they have come to rest; `rest` may be None."""

    low: Any
    high: Any
    rest: Any


def _padded(paths: _Paths, chunk: slice, size: int) -> _Paths:
    """A chunk of the paths, filled up to the size with some that have ended."""
    short = size - (chunk.stop - chunk.start)
    return _Paths(
        np.pad(paths.points[chunk], ((0, short), (0, 0))),
        np.zeros(size, np.int64),
        np.pad(paths.status[chunk], (0, short), constant_values=_OUTSIDE),
    )


def _compiled(map: Map, boxed: bool, width: int, limits: _Limits) -> Callable[..., _Paths]:
    """The compiled steps of a chunk, kept with the map."""

    def make() -> Callable[..., _Paths]:
        run = compiled(partial(_run, map.function, map.dimension, boxed, width))
        size = _TOGETHER * width
        ended = np.full(size, _OUTSIDE, np.int32)
        with jax.enable_x64(True):  # compiled here, before several threads ask for it
            run(_Paths(np.zeros((size, map.dimension)), np.zeros(size, np.int64), ended), 0, limits)
        return run

    return map.kept("iterations", (boxed, width, limits.rest is None), make)


def _run(
    function: Callable[[Any], Any],
    dimension: int,
    boxed: bool,
    width: int,
    paths: _Paths,
    steps: Any,
    limits: _Limits,
) -> _Paths:
    """At most so many steps of a chunk.

    The chunk is worked off in turn in pieces of `width` lanes, which stay in the core's nearest cache.
    """
    step = lanewise(function, dimension)
    moved = partial((_watched if boxed else _moved), step, limits)

    def burst(carry: Any) -> Any:
        done, piece = carry
        return done + _BURST, _at_rest(step, limits, moved(_BURST, piece))

    def unfinished(carry: Any) -> Any:
        done, piece = carry
        return (done + _BURST <= steps) & (piece.status == _RUNNING).any()

    def followed(piece: _Paths) -> _Paths:
        lanes = piece._replace(points=split(piece.points.T))
        _, lanes = lax.while_loop(unfinished, burst, (0, lanes))
        # what is left of a burst: in whole bursts the compiler knows the number of steps
        lanes = _at_rest(step, limits, moved(steps % _BURST, lanes))
        return lanes._replace(points=join(lanes.points).T)

    pieces = jax.tree.map(lambda whole: whole.reshape(-1, width, *whole.shape[1:]), paths)
    ends = lax.map(followed, pieces)
    return jax.tree.map(lambda parts: parts.reshape(-1, *parts.shape[2:]), ends)


def _watched(step: Callable[[Lanes], Lanes], limits: _Limits, count: Any, paths: _Paths) -> _Paths:
    """So many steps, each looked at."""
    bounds = split(limits.low[:, None]), split(limits.high[:, None])
    largest = jnp.finfo(limits.low.dtype).max
    numbers = (-largest,) * len(bounds[0]), (largest,) * len(bounds[0])

    def one(_: Any, paths: _Paths) -> _Paths:
        x, times, status = paths
        after = lax.optimization_barrier(step(x))  # the same digits as in a loop without watching
        finite = (status == _RUNNING) & lanes_inside(after, *numbers)
        status = jnp.where((status == _RUNNING) & ~lanes_inside(after, *bounds), _OUTSIDE, status)
        return _Paths(where(finite, after, x), times + finite, status)

    return lax.fori_loop(0, count, one, paths)


def _moved(step: Callable[[Lanes], Lanes], limits: _Limits, count: Any, paths: _Paths) -> _Paths:
    """So many steps, looked at afterwards, and if one led outside taken again."""
    x, times, status = paths
    bounds = split(limits.low[:, None]), split(limits.high[:, None])
    running = status == _RUNNING
    after = lax.fori_loop(0, count, lambda _, x: step(x), x)
    return lax.cond(
        (running & ~lanes_inside(after, *bounds)).any(),
        lambda: _watched(step, limits, count, paths),
        lambda: _Paths(where(running, after, x), times + count * running, status),
    )


def _at_rest(step: Callable[[Lanes], Lanes], limits: _Limits, paths: _Paths) -> _Paths:
    """The paths, those marked that a step hardly moves."""
    x, _, status = paths
    if limits.rest is None:
        return paths
    still = every(
        jnp.abs(b - a) <= limits.rest * (1 + jnp.abs(a)) for a, b in zip(x, step(x), strict=True)
    )
    return paths._replace(status=jnp.where((status == _RUNNING) & still, _RESTED, status))
