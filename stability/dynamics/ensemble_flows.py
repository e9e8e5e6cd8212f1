"""A flow followed from a million starts: a queue, and lanes that take the next start when one has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

import numpy as np

from .ensemble import (
    CODE,
    Ensemble,
    Extent,
    compiled,
    in_threads,
    inside,
    lanes,
    starts_in,
    threads,
)
from .ensemble_steps import ATTEMPTS, ENDED, RESTED, RUNNING, Paths, Settings, burst
from .flow import Flow, SymbolicFlow
from .positive_settings import check_positive, check_whole
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

    In the sets of a game's players the paths are those of the projected flow, as in `integrate`.

    Every start is followed with step sizes of its own by the pair of Dormand and Prince (1980) of orders 5
    and 4, so the answer for a start does not depend on the other ones (of more than four variables: up to
    rounding). A path has blown up, too, if the field is no number at its start, or its speed is above
    `blow_up` and no step is small enough.

    Raises InputError for starts of the wrong shape or not finite, and settings that are not positive.
    """
    for value, what in ((t, "the time t"), (rtol, "rtol"), (atol, "atol")):
        check_positive(value, what)
    check_whole(max_steps, "max_steps", 1, 2**53)
    own = flow.twin
    points, extent = starts_in(own, starts, box, blow_up, rest)
    settings = Settings(float(t), float(rtol), float(atol), rest, *extent.sides)
    run = _Run(own, points, extent, settings, max_steps, progress)
    width = lanes(_WIDE) if len(points) > _NARROW else _NARROW
    for _ in in_threads(run.follow, [width] * min(threads(), -(-len(points) // width)), run.stop):
        pass
    return Ensemble(points, run.times, run.outcomes)


class _Run:
    """The starts that nobody follows yet, and how the others ended; shared by threads.

    `points` are the starts, each of which is overwritten by the end of its path.
    """

    def __init__(
        self,
        flow: Flow,
        points: np.ndarray,
        extent: Extent,
        settings: Settings,
        max_steps: int,
        progress: Callable[[float], object] | None,
    ):
        self._flow, self._extent, self._settings = flow, extent, settings
        self._most = max_steps
        self.points, self.times = points, np.zeros(len(points))
        self.outcomes = extent.outcomes(points).astype(np.int8)
        self._queue = np.flatnonzero(inside(points, *extent.sides))
        self._taken, self._done, self._progress = 0, len(points) - len(self._queue), progress
        self._lock = Lock()
        self._stopped = False

    def stop(self) -> None:
        """Nobody is to go on."""
        self._stopped = True

    def follow(self, width: int) -> None:
        """One thread's work: its lanes take starts from the queue until there are no more."""
        run, here = self._compiled(width), _Lanes.idle(width, self._flow.dimension)
        while not self._stopped:
            over, stuck = here.over(self._settings.duration, self._most)
            self._put(here.paths, here.owners, over, stuck)
            here.owners[over] = _FREE
            free = np.flatnonzero(here.owners == _FREE)
            new = self._next(len(free), len(over))
            here.fill(free, new, self.points[new])
            busy = np.count_nonzero(here.owners != _FREE)
            if not busy:
                return
            if busy <= _NARROW < len(here.owners):
                run, here = self._compiled(_NARROW), here.narrowed()
            here.paths = Paths(*(np.array(array) for array in run(here.paths, self._settings)))
            here.bursts += 1

    def _compiled(self, width: int) -> Callable[..., Paths]:
        """The compiled steps of the flow for so many lanes, from whichever thread asks first."""
        flow = self._flow

        def make() -> Callable[..., Paths]:
            run = compiled(partial(burst, flow.function, flow.dimension, flow.kept_in))
            run(_Lanes.idle(width, flow.dimension).paths, self._settings)
            return run

        with self._lock:
            return flow.kept("ensembles", (width, self._settings.rest is None), make)

    def _next(self, count: int, done: int) -> np.ndarray:
        """The next starts, at most `count`, for someone who is done with `done` others."""
        with self._lock:
            first, self._taken = self._taken, min(self._taken + count, len(self._queue))
            self._done += done
            if self._progress is not None and done:
                self._progress(self._done / len(self.points))
            return self._queue[first : self._taken]

    def _put(self, paths: Paths, owners: np.ndarray, over: np.ndarray, stuck: np.ndarray) -> None:
        """Keeps where the paths in the lanes `over` have ended, and how."""
        ended, owners, stuck = _at(paths, over), owners[over], stuck[over]
        self.points[owners], self.times[owners] = ended.points, ended.elapsed
        cases = [
            ~inside(ended.points, *self._extent.sides),
            ended.status == RESTED,
            ~stuck,
            ~(ended.speed * self._flow.dimension <= self._extent.blow_up**2),
        ]
        codes = [CODE[o] for o in (Outcome.RESTED, Outcome.FINISHED, Outcome.BLEW_UP)]
        codes = [self._extent.outcomes(ended.points), *codes]
        self.outcomes[owners] = np.select(cases, codes, CODE[Outcome.GAVE_UP])


@dataclass
class _Lanes:
    """Paths side by side, the start each is from (_FREE: nobody's), and how many bursts of steps it had."""

    paths: Paths
    owners: np.ndarray
    bursts: np.ndarray

    @classmethod
    def idle(cls, width: int, dimension: int) -> _Lanes:
        """Lanes that nobody uses."""
        paths = _fresh(np.ones((width, dimension)))
        paths = paths._replace(status=np.full(width, ENDED, np.int32))
        return cls(paths, np.full(width, _FREE), np.zeros(width))

    def over(self, duration: float, max_steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Which lanes' paths have ended, and for every lane whether its solver gets no further."""
        elapsed, step, running = self.paths.elapsed, self.paths.step, self.paths.status == RUNNING
        floor = np.maximum(8 * np.finfo(float).eps * elapsed, 1e-25 * duration)
        stuck = running & (~(step > floor) | (self.bursts * ATTEMPTS >= max_steps))
        stuck &= self.bursts > 0
        return np.flatnonzero((self.owners != _FREE) & (stuck | ~running)), stuck

    def fill(self, free: np.ndarray, new: np.ndarray, points: np.ndarray) -> None:
        """Free lanes take the new starts at these points; if those are too few, some stay idle."""
        filled, idle = free[: len(new)], free[len(new) :]
        self.owners[filled], self.bursts[filled] = new, 0
        for array, values in zip(self.paths, _fresh(points), strict=True):
            array[filled] = values
        self.paths.status[idle] = ENDED

    def narrowed(self) -> _Lanes:
        """The busy lanes, filled up with idle ones to a narrow width."""
        idle = self.owners == _FREE
        few = np.concatenate([np.flatnonzero(~idle), np.flatnonzero(idle)])[:_NARROW]
        return _Lanes(_at(self.paths, few), self.owners[few], self.bursts[few])


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
