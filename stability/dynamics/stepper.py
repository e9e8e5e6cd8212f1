"""Adaptive Runge–Kutta steps of many paths at once, compiled once per flow.

Steps are driven one by one here, rather than through a solver's own loop, so that a path may be of any
length in bounded buffers, so that tolerances, times and boxes are arguments of the compiled function, and so
that a point between two steps is a shorter step of the same solver: as accurate as the path itself, which an
interpolating polynomial over a long step is not. The implicit step is Diffrax's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .batch import batched_values
from .dormand_prince import ORDER, accepted, explicit_step
from .projected_steps import Missed, OnSets, no_miss
from .quick_compilation import quickly_compiled
from .trajectory import Outcome

EXPLICIT, STIFF = "Dopri8", "Kvaerno5"  # the names that reports give them
RUNNING = -1  # else the position in Outcome of how the path ended
CODE = {outcome: i for i, outcome in enumerate(Outcome)}
_ROWS = 256  # steps in a buffer
_BYTES = 64 * 2**20  # of a buffer
_BETWEEN = 256  # points between steps that are computed at once


class Settings(NamedTuple):
    """What one solve is told: numbers, and the box as two vectors (d,), ±∞ where it has no side."""

    direction: float
    duration: float
    rtol: float
    atol: float
    rest: float
    low: np.ndarray
    high: np.ndarray
    blow_up: float


class Lane(NamedTuple):
    """One path under way: the time gone by, where the next step is to end, the point, and how it stands.

    `side`: the sign of `until`, 0 where that is not known yet; `farthest`: the greatest distance so far from
    the start, `origin`; `missed`: see `projected_steps`, of flows in sets.
    """

    elapsed: Any
    ahead: Any
    point: Any
    velocity: Any
    origin: Any
    farthest: Any
    side: Any
    status: Any
    missed: Any = ()


class Stepper:
    """The compiled steps of one flow by one solver.

    - `lanes`: how many paths are followed at once; always so many, that nothing is compiled twice.
    - `begin(starts (k, d), elapsed (k,), settings) -> Lane`, k ≤ lanes; the last start fills the others.
    - `run(lane, settings, limit) -> (count, Lane, rows)`: at most `limit` attempted steps of each, until
      all have ended or the rows are full. Rows, (rows, lanes, 2 + 2d), tell whether a step was taken (not
      rejected, nor the path at its end), the time then, the point and the velocity.
    - `between(points (n, d), times (n,), settings) -> (n, d)`: one step each, of the given length.
    - `until`: the condition's values, (n, d) ↦ (n,), or None.
    """

    def __init__(self, flow: Any, name: str, until: Callable[[Any], Any] | None):
        self.name = name
        self.lanes = 8 if flow.dimension <= 1000 else 1
        rows = int(np.clip(_BYTES // (16 * self.lanes * flow.dimension), 16, _ROWS))
        self.until = None if until is None else batched_values(until, flow.dimension)
        self.run = quickly_compiled(partial(_run, flow, name, until, rows), flow.dimension)
        self._flow = flow
        self._between = flow.kept(  # shared by the steppers of all conditions
            "between",
            name,
            lambda: quickly_compiled(
                jax.vmap(partial(_between, flow, name), in_axes=(0, 0, None)), flow.dimension
            ),
        )

    def begin(self, starts: np.ndarray, elapsed: np.ndarray, settings: Settings) -> Lane:
        starts = np.pad(starts, ((0, self.lanes - len(starts)), (0, 0)), mode="edge")
        elapsed = np.pad(elapsed, (0, self.lanes - len(elapsed)), mode="edge")
        velocity = self._velocity(starts, settings.direction)
        bad = ~np.isfinite(velocity).all(axis=1)
        velocity = np.where(np.isfinite(velocity), velocity, 0.0)
        scale = settings.atol + settings.rtol * np.abs(starts)
        with np.errstate(over="ignore"):
            bad |= np.linalg.norm(starts, axis=1) > settings.blow_up
            size, rate = (np.linalg.norm(vectors / scale, axis=1) for vectors in (starts, velocity))
        # a hundredth of the time it takes to move by one's own size (Hairer, Nørsett, Wanner 1993, II.4)
        plain = (size > 1e-5) & (rate > 1e-5) & np.isfinite(rate)
        first = np.where(plain, 0.01 * size / np.where(plain, rate, 1.0), 1e-6 * settings.duration)
        outside = ((starts < settings.low) | (starts > settings.high)).any(axis=1)
        still = (velocity == 0).all(axis=1) & (settings.rest >= 0)
        cases = [(bad, Outcome.BLEW_UP), (outside, Outcome.LEFT), (still, Outcome.RESTED)]
        return Lane(
            elapsed=elapsed,
            ahead=np.minimum(elapsed + first, settings.duration),
            point=starts,
            velocity=velocity,
            origin=starts,
            farthest=np.zeros(self.lanes),
            side=self._first_side(starts, starts + first[:, None] * velocity),
            status=np.select([case for case, _ in cases], [CODE[o] for _, o in cases], RUNNING),
            missed=self._missed(),
        )

    def _velocity(self, starts: np.ndarray, direction: float) -> np.ndarray:
        flow = self._flow
        if flow.kept_in is None:
            return direction * flow.values(starts)

        def made() -> Callable[[np.ndarray], np.ndarray]:
            own = OnSets(lambda y: direction * flow(y), flow.kept_in)
            return batched_values(lambda x: own.start(x)[0], flow.dimension)

        return flow.kept("velocities", direction, made)(starts)

    def _missed(self) -> Any:
        sets = self._flow.kept_in
        if sets is None:
            return ()
        one = no_miss(np.zeros(self._flow.dimension), sets)
        return Missed(*(np.zeros((self.lanes, *part.shape)) for part in one))

    def _first_side(self, starts: np.ndarray, soon: np.ndarray) -> np.ndarray:
        """The sign of `until`; 0 for a start that is on its surface but for rounding."""
        if self.until is None:
            return np.zeros(len(starts))
        now = self.until(starts)
        return np.where(np.abs(now) <= 1e-6 * np.abs(self.until(soon)), 0.0, np.sign(now))

    def between(self, points: np.ndarray, times: np.ndarray, settings: Settings) -> np.ndarray:
        result = np.empty_like(points)
        size = _BETWEEN if self.lanes > 1 else 8
        with jax.enable_x64(True):
            for begin in range(0, len(points), size):
                chunk = slice(begin, begin + size)
                short = size - len(points[chunk])
                some = np.pad(points[chunk], ((0, short), (0, 0)), mode="edge")
                lengths = np.pad(times[chunk], (0, short), mode="edge")
                result[chunk] = np.asarray(self._between(some, lengths, settings))[: size - short]
        return result


def stepper(flow: Any, name: str, until: Callable[[Any], Any] | None = None) -> Stepper:
    """The flow's own stepper, made once for each solver and `until`."""
    return flow.kept("steppers", (name, until), lambda: Stepper(flow, name, until))


class _Attempt(NamedTuple):
    """Where a step ends, its error, the velocity there, whether the solver found it, and the solver's order.

    In sets also whether it is too `late` for a limit, which `part` of it is not, what is remembered of that,
    and whether the field `pushes` against a limit at its end.
    """

    end: Any
    error: Any
    velocity: Any
    good: Any
    order: Any
    late: Any = np.False_
    part: Any = 1.0
    missed: Any = ()
    pushes: Any = np.False_


def _step(flow: Any, name: str, point: Any, length: Any, settings: Settings, missed: Any) -> Any:
    """One step."""

    def field(y: Any) -> Any:
        return settings.direction * jnp.asarray(flow(y), y.dtype)

    if flow.kept_in is None:
        return _method(name, field, point, length, settings)
    own = OnSets(field, flow.kept_in)
    _, held = own.start(point)
    found = _method(name, own.on_face(held), point, length, settings)
    end = own.land(held, found.end)
    scale = settings.atol + settings.rtol * jnp.maximum(jnp.abs(point), jnp.abs(end))
    before = own.values(held, point)
    late, part, missed = own.beyond(held, before, found.end, length, scale, missed)
    velocity, pushed = own.start(end)
    return found._replace(
        end=end, velocity=velocity, late=late, part=part, missed=missed, pushes=pushed.any()
    )


def _method(name: str, field: Any, point: Any, length: Any, settings: Settings) -> _Attempt:
    """A step of the solver along a smooth field."""
    if name == EXPLICIT:
        return _Attempt(*explicit_step(field, point, length), jnp.asarray(True), ORDER)
    import diffrax

    root_finder = diffrax.VeryChord(rtol=settings.rtol, atol=settings.atol)
    solver = diffrax.Kvaerno5(root_finder=root_finder, scan_kind="lax")
    term = diffrax.ODETerm(lambda t, y, _: field(y))
    step = (term, jnp.zeros_like(length), length, point, None)
    end, error, stages, _, result = solver.step(*step, solver.init(*step), False)
    # the last stage is the field at the end, which is dear to evaluate and to compile again
    velocity = stages["k"][-1] / length
    found = result == diffrax.RESULTS.successful
    return _Attempt(end, error, velocity, found, solver.error_order(term))


def _side(until: Callable[[Any], Any] | None, point: Any) -> Any:
    return jnp.zeros(()) if until is None else jnp.sign(jnp.asarray(until(point), point.dtype))


def first_of(*cases: tuple[Any, Any]) -> Any:
    """The number of the first case whose condition holds; RUNNING where none does."""
    found = jnp.asarray(RUNNING)
    for condition, number in reversed(cases):  # compiles faster than jnp.select
        found = jnp.where(condition, number, found)
    return found


def _advance(flow: Any, name: str, until: Any, lane: Lane, settings: Settings) -> tuple[Any, Lane]:
    """One attempted step of one path: whether it was taken, and how the path stands then."""
    length = lane.ahead - lane.elapsed
    tried = _step(flow, name, lane.point, length, settings, lane.missed)
    point, error, velocity, good = tried.end, tried.error, tried.velocity, tried.good
    good &= jnp.isfinite(point).all() & jnp.isfinite(velocity).all()
    point, error = jnp.where(good, point, lane.point), jnp.where(good, error, jnp.inf)
    taken, factor = accepted(lane.point, point, error, settings.rtol, settings.atol, tried.order)
    taken &= ~tried.late
    factor = jnp.where(tried.late, jnp.minimum(factor, tried.part), factor)
    elapsed = jnp.where(taken, lane.ahead, lane.elapsed)
    ahead = elapsed + factor * length
    running = lane.status == RUNNING
    taken &= running
    # a last step that would be tiny is joined to the one before
    near = ahead > settings.duration - 1e-6 * (ahead - elapsed)
    ahead = jnp.where(near, settings.duration, ahead)
    side = _side(until, point)
    farthest = jnp.maximum(lane.farthest, jnp.linalg.norm(point - lane.origin))
    covered = jnp.linalg.norm(velocity) * elapsed
    floor = jnp.maximum(8 * jnp.finfo(point.dtype).eps * elapsed, 1e-25 * settings.duration)
    stuck = ~taken & (ahead - elapsed <= floor)
    exploding = jnp.linalg.norm(lane.velocity) > settings.blow_up
    status = first_of(
        (~running, lane.status),
        (stuck & exploding, CODE[Outcome.BLEW_UP]),
        (stuck, CODE[Outcome.GAVE_UP]),
        (~taken, RUNNING),
        (jnp.linalg.norm(point) > settings.blow_up, CODE[Outcome.BLEW_UP]),
        (((point < settings.low) | (point > settings.high)).any(), CODE[Outcome.LEFT]),
        (tried.pushes & (settings.direction < 0), CODE[Outcome.LEFT]),
        (side * lane.side < 0, CODE[Outcome.STOPPED]),
        (covered <= settings.rest * farthest, CODE[Outcome.RESTED]),
        (elapsed >= settings.duration, CODE[Outcome.FINISHED]),
    )
    taken &= status != CODE[Outcome.BLEW_UP]
    side = jnp.where(side == 0, lane.side, side)
    stayed = lane._replace(ahead=ahead, status=status, missed=tried.missed)
    moved = stayed._replace(
        elapsed=elapsed, point=point, velocity=velocity, farthest=farthest, side=side
    )
    moved = moved._replace(missed=jax.tree.map(jnp.zeros_like, tried.missed))
    return taken, jax.tree.map(lambda new, old: jnp.where(taken, new, old), moved, stayed)


def _run(
    flow: Any, name: str, until: Any, rows: int, lanes: Lane, settings: Settings, limit: Any
) -> tuple[Any, Lane, Any]:
    """At most `limit` attempted steps of every lane, until all have ended or the rows are full."""
    k, d = lanes.point.shape
    empty = jnp.zeros((rows, k, 2 + 2 * d))
    advance = jax.vmap(partial(_advance, flow, name, until), in_axes=(0, None))

    def unfinished(carry: Any) -> Any:
        count, lanes, _ = carry
        return (count < jnp.minimum(rows, limit)) & (lanes.status == RUNNING).any()

    def body(carry: Any) -> Any:
        count, lanes, written = carry
        taken, lanes = advance(lanes, settings)
        numbers = jnp.stack([taken.astype(lanes.elapsed.dtype), lanes.elapsed], axis=1)
        row = jnp.concatenate([numbers, lanes.point, lanes.velocity], axis=1)
        written = written.at[count].set(row)
        return count + 1, lanes, written

    return jax.lax.while_loop(unfinished, body, (0, lanes, empty))


def _between(flow: Any, name: str, point: Any, time: Any, settings: Settings) -> Any:
    sets = flow.kept_in
    missed = () if sets is None else no_miss(point, sets)
    return _step(flow, name, point, time, settings, missed).end
