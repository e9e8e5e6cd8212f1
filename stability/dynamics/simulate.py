"""Orbits of maps: many starts at once, thinned, ended by events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .positive_settings import check_whole
from .quick_compilation import quickly_compiled
from .starts import checked_ends, real_starts
from .stepper import CODE, RUNNING, first_of
from .system import NumericSystem, numeric_system
from .trajectory import Outcome, Trajectory

_OUTCOMES = tuple(Outcome)
_ROWS = 1024  # points of an orbit in a buffer
_BYTES = 64 * 2**20  # of a buffer


class _Orbit(NamedTuple):
    """One orbit under way: the state (m,), the steps taken, and how it stands.

    `origin`, `farthest`: the start, and the greatest distance from it so far; `side`: the sign of `until`.
    """

    state: Any
    count: Any
    origin: Any
    farthest: Any
    side: Any
    status: Any


class _Limits(NamedTuple):
    """What one simulation is told: the box as two vectors, ±∞ where it has no side; `rest` < 0: none."""

    steps: int
    every: int
    rest: float
    low: np.ndarray
    high: np.ndarray
    blow_up: float


def simulate(
    map: Any,
    x0: Any,
    steps: int,
    *,
    every: int = 1,
    dimension: int | None = None,
    rest: float | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    blow_up: float = 1e9,
    until: Callable[[Any], Any] | None = None,
) -> Trajectory | tuple[Trajectory, ...]:
    """The orbit x0, F(x0), F(F(x0)), … of a map, in float64.

    **Arguments:**

    - `map`: a Map, or a SymbolicMap, which is followed at its own parameters' values.
    - `x0`: one start, shape (m,), or many, shape (k, m), followed together.
    - `steps`: how many; `every`: keep every so many, and the last one.
    - `dimension`: how many of the state's first numbers are the point (a rule's state goes on with what the
      rule remembers); default: all.
    - `rest`: the orbit has come to rest where a step changes the state by at most `rest` times the mean so
      far (the greatest distance from the start, over the number of steps). Default: that is not looked for.
    - `box`: the orbit ends with the first point outside these (low, high), by variable; `until`: with the
      first point where this scalar JAX function of the point has changed its sign.
    - `blow_up`: the orbit ends with its last state that is finite and whose point has at most this norm.

    Returns a Trajectory for one start and a tuple of them for many; its times count the steps. The compiled
    step is kept with the map.

    Raises InputError for numbers of steps that are not positive whole ones, starts of a wrong shape, not real
    or not finite, and a box of unknown variables.
    """
    map = numeric_system(map, "map", "simulate follows a Map or a SymbolicMap")
    starts = real_starts(x0, map.dimension, "the map")
    check_whole(steps, "the number of steps", 1, 10**12)
    check_whole(every, "every", 1, 10**12)
    d = map.dimension if dimension is None else dimension
    check_whole(d, "the dimension", 1, map.dimension)
    variables = tuple(map.variables[:d])
    limits = _Limits(int(steps), int(every), *checked_ends(variables, box, blow_up, rest, until))
    size = 8 if map.dimension <= 1000 else 1
    function = partial(_run, map, until, size)
    run = map.kept("orbits", (until, d), lambda: quickly_compiled(function, map.dimension))
    chunks = [starts[begin : begin + size] for begin in range(0, len(starts), size)]
    orbits = [orbit for chunk in chunks for orbit in _chunk(run, chunk, size, limits, until)]
    found = tuple(
        Trajectory(
            variables=variables,
            times=rows[:, 0].copy(),
            points=rows[:, 1 : 1 + d].copy(),
            states=rows[:, 1:].copy(),
            outcome=outcome,
            settings={"steps": int(rows[-1, 0]), "every": limits.every},
        )
        for rows, outcome in orbits
    )
    return found[0] if np.ndim(x0) == 1 else found


def _chunk(
    run: Callable[..., Any],
    starts: np.ndarray,
    size: int,
    limits: _Limits,
    until: Callable[[Any], Any] | None,
) -> list[tuple[np.ndarray, Outcome]]:
    """For each of a few starts the rows (step, state…) of its orbit, and how it ended."""
    k = len(starts)
    padded = np.pad(starts, ((0, size - k), (0, 0)), mode="edge")
    d = len(limits.low)
    points = padded[:, :d]
    with jax.enable_x64(True):
        side = [0.0 if until is None else float(jnp.sign(until(point))) for point in points]
    outside = ((points < limits.low) | (points > limits.high)).any(axis=1)
    with np.errstate(over="ignore"):
        large = np.linalg.norm(points, axis=1) > limits.blow_up
    orbits = _Orbit(
        state=padded,
        count=np.zeros(size, int),
        origin=padded,
        farthest=np.zeros(size),
        side=np.array(side),
        status=np.select([large, outside], [CODE[Outcome.BLEW_UP], CODE[Outcome.LEFT]], RUNNING),
    )
    runs = [np.column_stack([np.zeros(k), starts])[None]]
    with jax.enable_x64(True):
        while (np.asarray(orbits.status) == RUNNING).any():
            n, orbits, rows = run(orbits, limits)
            runs.append(np.asarray(rows)[: int(n), :k].copy())
    rows, status = np.concatenate(runs), np.asarray(orbits.status)
    found = []
    for i in range(k):
        own = rows[:, i]
        new = np.append(True, np.diff(own[:, 0]) > 0)
        found.append((own[new], _OUTCOMES[status[i]]))
    return found


def _run(map: NumericSystem, until: Any, size: int, orbits: _Orbit, limits: _Limits) -> Any:
    """Orbits continued until all have ended or a buffer is full: (rows written, orbits, rows)."""
    m = map.dimension
    rows = int(np.clip(_BYTES // (8 * size * (m + 1)), 16, _ROWS))
    step = jax.vmap(partial(_step, map, until), in_axes=(0, None))

    def unfinished(carry: Any) -> Any:
        written, orbits, _ = carry
        return (written < rows) & (orbits.status == RUNNING).any()

    def body(carry: Any) -> Any:
        written, orbits, buffer = carry
        _, orbits = jax.lax.while_loop(
            lambda carry: (carry[0] < limits.every) & (carry[1].status == RUNNING).any(),
            lambda carry: (carry[0] + 1, step(carry[1], limits)),
            (0, orbits),
        )
        row = jnp.concatenate([orbits.count[:, None].astype(float), orbits.state], axis=1)
        return written + 1, orbits, buffer.at[written].set(row)

    return jax.lax.while_loop(unfinished, body, (0, orbits, jnp.zeros((rows, size, m + 1))))


def _step(map: NumericSystem, until: Any, orbit: _Orbit, limits: _Limits) -> _Orbit:
    state = jnp.asarray(map(orbit.state), orbit.state.dtype)
    point = state[: len(limits.low)]
    side = jnp.zeros(()) if until is None else jnp.sign(jnp.asarray(until(point), state.dtype))
    count = orbit.count + 1
    running = orbit.status == RUNNING
    bad = ~jnp.isfinite(state).all() | (jnp.linalg.norm(point) > limits.blow_up)
    farthest = jnp.maximum(orbit.farthest, jnp.linalg.norm(state - orbit.origin))
    change = jnp.linalg.norm(state - orbit.state)
    status = first_of(
        (~running, orbit.status),
        (bad, CODE[Outcome.BLEW_UP]),
        (((point < limits.low) | (point > limits.high)).any(), CODE[Outcome.LEFT]),
        (side * orbit.side < 0, CODE[Outcome.STOPPED]),
        (change * count <= limits.rest * farthest, CODE[Outcome.RESTED]),
        (count >= limits.steps, CODE[Outcome.FINISHED]),
    )
    side = jnp.where(side == 0, orbit.side, side)
    stayed = orbit._replace(status=status)
    moved = stayed._replace(state=state, count=count, farthest=farthest, side=side)
    return jax.tree.map(lambda new, old: jnp.where(running & ~bad, new, old), moved, stayed)
