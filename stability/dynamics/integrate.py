"""Paths of flows: adaptive integration with events, many starts at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from ..errors import InputError, InputTypeError
from .path import Path
from .positive_settings import check_positive, check_real, check_whole
from .starts import checked_ends, in_sets, real_starts
from .stepper import EXPLICIT, RUNNING, STIFF, Settings, Stepper, stepper
from .system import NumericSystem, numeric_system
from .trajectory import Outcome, Trajectory

_OUTCOMES = tuple(Outcome)
_FINISHED = _OUTCOMES.index(Outcome.FINISHED)
_SOLVERS = {"auto": EXPLICIT, "explicit": EXPLICIT, "stiff": STIFF}
_TRIAL = 1024  # explicit steps before a path is suspected to be stiff
_REMAINING = 4096  # … and how many more of them it would need
_DENSE = 500  # the largest dimension whose eigenvalues are computed for that


def integrate(
    flow: Any,
    x0: Any,
    t: float,
    *,
    times: int | Any | None = None,
    rtol: float = 1e-10,
    atol: float = 1e-12,
    solver: str = "auto",
    rest: float | None = 1e-9,
    box: Mapping[str, tuple[float, float]] | None = None,
    blow_up: float = 1e9,
    until: Callable[[Any], Any] | None = None,
    max_steps: int = 200_000,
) -> Trajectory | tuple[Trajectory, ...]:
    """The path of a flow from x0 over the time t, in float64.

    **Arguments:**

    - `flow`: a Flow, or a SymbolicFlow, which is followed at its own parameters' values.
    - `x0`: one start, shape (d,), or many, shape (k, d), followed eight at a time.
    - `t`: how long; negative: backwards.
    - `times`: the times of the points of the answer: an array between 0 and t, ordered from 0 on; a whole
      number n ≥ 2, for that many at equal distances to wherever the path ends; or None, for as many as make
      a smooth picture. A path that ends early has its end for its last point.
    - `rtol`, `atol`: a step's error is below atol + rtol |x| (root mean square over the coordinates).
    - `solver`: "explicit" (Dormand and Prince's method of order 8), "stiff" (Kværnø's implicit method of
      order 5), or "auto": explicit, but from where its steps are kept short by stability alone, and
      thousands of them are still to come, implicit. `settings` of the answer says which was used.
    - `rest`: the path has come to rest where its speed is at most `rest` times its mean speed so far (the
      greatest distance from the start, over the time gone by). None: that is not looked for.
    - `box`: the path ends where it leaves these (low, high), by variable; `until`: where this scalar JAX
      function of a point of shape (d,) crosses zero. Both are located by root finding. A start outside the
      box has left it; a start where `until` is zero is followed to the next zero. The solve is compiled
      again for another function `until`, and for nothing else.
    - `blow_up`: the path ends at its last point of norm at most `blow_up`; it is finite throughout.
    - `max_steps`: attempted steps per path, after which the solver gives up.

    In the sets of a game's players (`flow.kept_in`) the path is that of the projected flow. It meets limits
    in finite time, slides along them, and lets go where the field turns inwards. Each of these moments is
    located to about the tolerance; between them steps have the order of their method (`projected_steps`).
    Backwards, where many paths would meet, it follows −v and leaves at the first limit.

    Returns a Trajectory for one start and a tuple of them for many; its `interpolant` gives the point at
    any time by one shorter step of the same solver. The compiled solve is kept with the flow.

    Raises InputError for a time that is zero or not finite, starts of a wrong shape, not real, not finite or
    outside the players' sets,
    times that are not ordered between 0 and t, a box of unknown variables, and an unknown solver.
    """
    flow = numeric_system(flow, "flow", "integrate follows a Flow or a SymbolicFlow")
    starts = in_sets(flow, real_starts(x0, flow.dimension, "the flow"))
    asked = _asked(times, t)
    if solver not in _SOLVERS:
        raise InputError(f"the solver is one of {', '.join(_SOLVERS)}, not {solver!r}")
    check_positive(rtol, "rtol")
    check_positive(atol, "atol")
    check_whole(max_steps, "max_steps", 1, 10**9)
    ends = checked_ends(flow.variables, box, blow_up, rest, until)
    settings = Settings(1.0 if t > 0 else -1.0, float(abs(t)), float(rtol), float(atol), *ends)
    paths = _follow(flow, solver, until, starts, settings, max_steps)
    found = tuple(_trajectory(flow, path, asked) for path in paths)
    return found[0] if np.ndim(x0) == 1 else found


def _asked(times: Any, t: float) -> int | np.ndarray | None:
    """The times asked for, as time gone by (backwards too), or their number, or None."""
    check_real(t, "the time t")
    if t == 0:
        raise InputError("the time t of a path is not zero; negative times run backwards")
    if times is None:
        return None
    if np.ndim(times) == 0:
        check_whole(times, "the number of times", 2, 10**8)
        return int(times)
    given = np.asarray(times)
    if given.dtype.kind not in "iuf" or given.ndim != 1 or not len(given):
        raise InputTypeError(f"times are a whole number or a vector of real numbers, not {times!r}")
    t = float(t)
    elapsed = given * np.sign(t)
    if not (np.diff(elapsed) > 0).all():
        raise InputError("the times go strictly from 0 towards t")
    if not (elapsed[0] >= 0 and elapsed[-1] <= abs(t)):
        raise InputError(
            f"the times lie between 0 and t = {t:g}, not from {given[0]} to {given[-1]}"
        )
    return elapsed.astype(float)


def _follow(
    flow: NumericSystem,
    solver: str,
    until: Any,
    starts: np.ndarray,
    settings: Settings,
    max_steps: int,
) -> list[Path]:
    """The paths from all starts; with "auto", the stiff ones continued by the implicit solver."""
    explicit = stepper(flow, _SOLVERS[solver], until)
    size = explicit.lanes
    paths = []
    for begin in range(0, len(starts), size):
        chunk = starts[begin : begin + size]
        own, stiff = _steps(
            flow, explicit, chunk, np.zeros(len(chunk)), settings, max_steps, solver == "auto"
        )
        if stiff:
            ends = np.stack([own[i].points[-1] for i in stiff])
            gone = np.array([own[i].elapsed[-1] for i in stiff])
            left = max_steps - max(own[i].attempts for i in stiff)
            implicit = stepper(flow, STIFF, until)
            more, _ = _steps(flow, implicit, ends, gone, settings, left, watch=False)
            for i, path in zip(stiff, more, strict=True):
                own[i] = own[i].followed_by(path)
        paths += own
    for path in paths:
        path.locate(explicit.until)
    return paths


def _steps(
    flow: NumericSystem,
    engine: Stepper,
    starts: np.ndarray,
    gone: np.ndarray,
    settings: Settings,
    max_steps: int,
    watch: bool,
) -> tuple[list[Path], list[int]]:
    """The paths from a few starts (k, d) at times (k,), and which were left off as stiff if `watch`."""
    k = len(starts)
    attempts, total = np.zeros(k, int), 0
    with jax.enable_x64(True):
        lanes = engine.begin(starts, gone, settings)
        start = np.column_stack([np.ones(k), gone, starts, lanes.velocity[:k]])
        runs, status = [start[None]], lanes.status
        halted = np.arange(engine.lanes) >= k
        while total < max_steps and (running := (status == RUNNING) & ~halted).any():
            lanes = lanes._replace(status=np.where(halted, _FINISHED, status))
            count, lanes, rows = engine.run(lanes, settings, max_steps - total)
            runs.append(np.asarray(rows)[: int(count), :k].copy())
            attempts[running[:k]] += int(count)
            total += int(count)
            status = np.asarray(lanes.status)
            if watch and total >= _TRIAL:
                halted[:k] |= _stiff(flow, lanes, (running & (status == RUNNING))[:k], settings)
    rows = np.concatenate(runs)
    paths = []
    for i in range(k):
        _, elapsed, points, velocities = np.split(
            rows[rows[:, i, 0] > 0, i], [1, 2, 2 + flow.dimension], axis=1
        )
        outcome = Outcome.GAVE_UP if status[i] == RUNNING else _OUTCOMES[status[i]]
        steps = (elapsed[:, 0], points, velocities)
        paths.append(Path(*steps, outcome, int(attempts[i]), [(0, engine)], settings))
    return paths, np.flatnonzero(halted[:k]).tolist()


def _stiff(flow: NumericSystem, lanes: Any, running: np.ndarray, settings: Settings) -> np.ndarray:
    """Which paths have steps that only stability keeps short, and thousands of them to come, shape (k,).

    The fastest decay times the step is then at the edge of the explicit method's stability region (about
    6); where accuracy keeps the steps short it is far inside.
    """
    k = len(running)
    elapsed, ahead = np.asarray(lanes.elapsed)[:k], np.asarray(lanes.ahead)[:k]
    many = running & (settings.duration - elapsed > _REMAINING * (ahead - elapsed))
    if flow.dimension > _DENSE or not many.any():
        return np.zeros(k, bool)
    _, jacobians = flow.evaluate(np.asarray(lanes.point)[:k])
    jacobians = np.where(np.isfinite(jacobians), jacobians, 0.0)
    decay = -np.linalg.eigvals(settings.direction * jacobians).real.min(axis=-1)
    return many & (decay * (ahead - elapsed) > 2)


def _trajectory(flow: NumericSystem, path: Path, asked: int | np.ndarray | None) -> Trajectory:
    end = path.elapsed[-1]
    if asked is None:
        elapsed = path.drawn()
    elif isinstance(asked, int):
        elapsed = np.linspace(0.0, end, asked) if end > 0 else np.zeros(1)
    elif path.outcome is Outcome.FINISHED:
        elapsed = asked
    else:
        elapsed = np.append(asked[asked < end], end)
    points = path.at(elapsed)
    direction = path.settings.direction

    def interpolant(t: Any) -> np.ndarray:
        asked = np.asarray(t, dtype=float) * direction
        return path.at(np.atleast_1d(asked)).reshape(*asked.shape, -1)

    settings: dict[str, Any] = {
        "solver": path.pieces[0][1].name,
        "rtol": path.settings.rtol,
        "atol": path.settings.atol,
        "steps": path.attempts,
    }
    if len(path.pieces) > 1:
        settings |= {"then": STIFF, "from t": float(direction * path.elapsed[path.pieces[1][0]])}
    return Trajectory(
        variables=flow.variables,
        times=direction * elapsed + 0.0,  # no negative zero
        points=points,
        states=points,
        outcome=path.outcome,
        settings=settings,
        interpolant=interpolant,
    )
