"""Where many starts end: the value, and what following them in chunks needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np

from .quick_compilation import known_options
from .starts import checked_ends, in_sets, real_starts
from .trajectory import Outcome

OUTCOMES = tuple(Outcome)
CODE = {outcome: i for i, outcome in enumerate(OUTCOMES)}


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Where n paths ended, without the paths.

    - `points`, shape (n, d): the last point of each that is finite.
    - `times`, shape (n,): when it was there (for maps, after how many steps).
    - `outcomes`, shape (n,), int8: why it ended, as the position in `tuple(Outcome)`.
    """

    points: np.ndarray
    times: np.ndarray
    outcomes: np.ndarray

    def __len__(self) -> int:
        return len(self.times)

    def ended(self, *outcomes: Outcome) -> np.ndarray:
        """Which paths ended in one of these ways, shape (n,)."""
        return np.isin(self.outcomes, [CODE[outcome] for outcome in outcomes])


class Extent(NamedTuple):
    """Where paths go on: between the sides of a box, shape (d,) each, and no coordinate above `blow_up`."""

    box: tuple[np.ndarray, np.ndarray]
    blow_up: float

    @property
    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        """The low and the high end of every coordinate."""
        low, high = self.box
        return np.maximum(low, -self.blow_up), np.minimum(high, self.blow_up)

    def outcomes(self, points: np.ndarray) -> np.ndarray:
        """Why paths ended whose last points are these, (n, d), the ones outside or, if those are no numbers,
        the ones before.
        """
        small = np.logical_and.reduce(np.abs(points.T) <= self.blow_up, axis=0)
        left = small & ~inside(points, *self.box)
        return np.where(left, CODE[Outcome.LEFT], CODE[Outcome.BLEW_UP])


def starts_in(
    system: Any,
    starts: Any,
    box: Mapping[str, tuple[float, float]] | None,
    blow_up: float,
    rest: float | None,
) -> tuple[np.ndarray, Extent]:
    """The starts of an ensemble of the system's paths, checked, shape (n, d), and where the paths go on."""
    points = real_starts(starts, system.dimension, f"the {system.kind} {system.name!r}")
    points = in_sets(system, points)
    ends = checked_ends(system.variables, box, blow_up, rest)
    return points, Extent((ends.low, ends.high), ends.blow_up)


def inside(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether points, shape (n, d), lie between `low` and `high`, shape (n,); NaN does not."""
    # d long rows are compared faster than n short ones
    x, low, high = points.T, low[:, None], high[:, None]
    return np.logical_and.reduce((x >= low) & (x <= high), axis=0)


def in_threads(
    work: Callable[[Any], Any], tasks: Sequence[Any], stop: Callable[[], object] | None = None
) -> Iterator[Any]:
    """The results of `work` in the order of the tasks; compiled JAX code runs outside Python's lock.

    A thread of its own has JAX's defaults, so 64-bit arithmetic is switched on in each. After an error
    (or Ctrl-C) no task is begun, and `stop` is called to end those that have.
    """

    def in_64_bits(task: Any) -> Any:
        try:
            with jax.enable_x64(True):
                return work(task)
        except BaseException:
            if stop is not None:  # here: the error is not seen before earlier tasks are done
                stop()
            raise

    if len(tasks) == 1:
        yield in_64_bits(tasks[0])
        return
    pool = ThreadPoolExecutor(threads())
    try:
        yield from pool.map(in_64_bits, tasks)
    except BaseException:
        if stop is not None:
            stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def threads() -> int:
    """How many threads follow chunks: one for each core, or one that keeps an accelerator busy."""
    return os.cpu_count() or 1 if _on_cpu() else 1


def lanes(cached: int) -> int:
    """How many points are moved side by side: as many as a core's cache holds; an accelerator wants more."""
    return cached if _on_cpu() else 2**17


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled by JAX, on a CPU for its widest vectors (by itself XLA uses half of them)."""
    wide = known_options(("xla_cpu_prefer_vector_width", 512)) if _on_cpu() else None
    return jax.jit(function, compiler_options=wide)
