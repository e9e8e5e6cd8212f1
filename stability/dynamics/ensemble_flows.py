"""A flow followed from a million starts: a queue, and lanes that take the next start when one has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from threading import Lock
from typing import Any

import numpy as np

from .ensemble import CODE, Ensemble, compiled, in_threads, inside, lanes, threads
from .ensemble_steps import ATTEMPTS, ENDED, RESTED, RUNNING, Paths, Settings, burst
from .flow import Flow, SymbolicFlow
from .positive_settings import check_nonnegative, check_positive, check_whole
from .starts import box_sides, real_starts
from .trajectory import Outcome

_WIDE, _NARROW = 4096, 256  # lanes, and when few starts are left
_FREE = -1  # the owner of a lane that nobody uses


def flow_ends(
    flow: Flow | SymbolicFlow,
    starts: Any,
    t: float,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    box: Mapping[str, tuple[float, float]] | None = None,
    blow_up: float = 1e9,
    rest: float | None = None,
    max_steps: int = 100_000,
    progress: Callable[[float], object] | None = None,
) -> Ensemble:
    """Where a flow takes many starts over the time t, in float64; the paths are not kept.

    **Arguments:**

    - `flow`: a SymbolicFlow is followed at its own parameters' values.
    - `starts`: shape (n, d), of a million rows if need be.
    - `t`: the time, positive.
    - `rtol`, `atol`: a step's error is below atol + rtol |x| (root mean square over the coordinates).
    - `box`: a path ends at the first step outside these (low, high), by variable, which is not located
      further; `blow_up`: where a coordinate is larger than that.
    - `rest`: it has come to rest where |v| is at most `rest` times the greatest speed on it so far. None: not
      looked for.
    - `max_steps`: the solver gives a path up after this many tries (rounded up to a multiple of 32).
    - `progress`: called with the fraction of the starts that is done, from one thread at a time.

    Every start is followed with step sizes of its own by the pair of Dormand and Prince (1980) of orders 5
    and 4, so the answer for a start does not depend on the other ones (of more than four variables: up to
    rounding). A path has blown up, too, if the field is no number at its start, or its speed is above
    `blow_up` and no step is small enough.

    Raises InputError for starts of the wrong shape or not finite, and settings that are not positive.
    """
    for value, what in ((t, "the time t"), (rtol, "rtol"), (atol, "atol"), (blow_up, "blow_up")):
        check_positive(value, what)
    check_whole(max_steps, "max_steps", 1, 2**53)
    if rest is not None:
        check_nonnegative(rest, "rest")
    flow = flow.twin
    points = real_starts(starts, flow.dimension, f"the flow {flow.name!r}")
    n = len(points)
    sides = box_sides(box, flow.variables)
    low, high = np.maximum(sides[0], -blow_up), np.minimum(sides[1], blow_up)
    times, outcomes = np.zeros(n), np.empty(n, np.int8)
    begun = inside(points, low, high)
    outcomes[~begun] = _ended(points[~begun], sides, blow_up)
    queue = _Queue(np.flatnonzero(begun), n, progress)
    settings = Settings(float(t), float(rtol), float(atol), rest, low, high)

    def put(paths: Paths, owners: np.ndarray, stuck: np.ndarray) -> None:
        points[owners], times[owners] = paths.points, paths.elapsed
        within = inside(paths.points, low, high)
        fast = ~(paths.speed * flow.dimension <= blow_up**2)
        cases = [~within, paths.status == RESTED, ~stuck, fast]
        codes = [CODE[o] for o in (Outcome.RESTED, Outcome.FINISHED, Outcome.BLEW_UP)]
        left = _ended(paths.points, sides, blow_up)
        outcomes[owners] = np.select(cases, [left, *codes], CODE[Outcome.GAVE_UP])

    def work(width: int) -> None:
        run = queue.compiled(flow, width, settings)
        paths, owners, bursts = _idle(width, flow.dimension), np.full(width, _FREE), np.zeros(width)
        while not queue.stopped:
            floor = np.maximum(8 * np.finfo(float).eps * paths.elapsed, 1e-25 * t)
            stuck = (paths.status == RUNNING) & (
                ~(paths.step > floor) | (bursts * ATTEMPTS >= max_steps)
            )
            stuck &= bursts > 0
            over = np.flatnonzero((owners != _FREE) & (stuck | (paths.status != RUNNING)))
            put(_at(paths, over), owners[over], stuck[over])
            owners[over] = _FREE
            free = np.flatnonzero(owners == _FREE)
            new = queue.next(len(free), len(over))
            filled, idle = free[: len(new)], free[len(new) :]
            owners[filled], bursts[filled] = new, 0
            fresh = _fresh(points[new])
            for array, values in zip(paths, fresh, strict=True):
                array[filled] = values
            paths.status[idle] = ENDED
            busy = np.flatnonzero(owners != _FREE)
            if not len(busy):
                return
            if len(busy) <= _NARROW < len(owners):
                run = queue.compiled(flow, _NARROW, settings)
                few = np.concatenate([busy, idle[: _NARROW - len(busy)]])
                paths, owners, bursts = _at(paths, few), owners[few], bursts[few]
            paths = Paths(*(np.array(array) for array in run(paths, settings)))
            bursts += 1

    width = lanes(_WIDE) if n > _NARROW else _NARROW
    for _ in in_threads(work, [width] * min(threads(), -(-n // width)), queue.stop):
        pass
    return Ensemble(points, times, outcomes)


class _Queue:
    """The starts that nobody follows yet, and how many are done; shared by threads."""

    def __init__(self, starts: np.ndarray, n: int, progress: Callable[[float], object] | None):
        self._starts, self._taken = starts, 0
        self._n, self._done, self._progress = n, n - len(starts), progress
        self._lock = Lock()
        self.stopped = False

    def stop(self) -> None:
        """Nobody is to go on."""
        self.stopped = True

    def compiled(self, flow: Flow, width: int, settings: Settings) -> Callable[..., Paths]:
        """The compiled steps of the flow for so many lanes, from whichever thread asks first."""

        def make() -> Callable[..., Paths]:
            run = compiled(partial(burst, flow.function, flow.dimension))
            run(_idle(width, flow.dimension), settings)
            return run

        with self._lock:
            return flow.kept("ensembles", (width, settings.rest is None), make)

    def next(self, count: int, done: int) -> np.ndarray:
        """The next starts, at most `count`, for someone who is done with `done` others."""
        with self._lock:
            first, self._taken = self._taken, min(self._taken + count, len(self._starts))
            self._done += done
            if self._progress is not None and done:
                self._progress(self._done / self._n)
            return self._starts[first : self._taken]


def _ended(points: np.ndarray, sides: Any, blow_up: float) -> np.ndarray:
    """The outcomes of paths that ended outside."""
    small = (np.abs(points.T) <= blow_up).all(axis=0)
    return np.where(small, CODE[Outcome.LEFT], CODE[Outcome.BLEW_UP])


def _at(paths: Paths, lanes: np.ndarray) -> Paths:
    return Paths(*(array[lanes] for array in paths))


def _fresh(points: np.ndarray) -> Paths:
    """Paths at their starts."""
    n = len(points)
    return Paths(
        points=points,
        elapsed=np.zeros(n),
        step=np.full(n, np.nan),
        status=np.full(n, RUNNING, np.int32),
        memory=np.zeros(n, np.float32),
        speed=np.zeros(n),
        fastest=np.zeros(n),
    )


def _idle(width: int, dimension: int) -> Paths:
    """Lanes that nobody uses."""
    return _fresh(np.ones((width, dimension)))._replace(status=np.full(width, ENDED, np.int32))
