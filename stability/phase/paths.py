"""Paths of algorithms through phase space, and how far they are from the flow that they discretise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..analysis.numeric import numeric_flow
from ..analysis.study import Study, one_algorithm
from ..dynamics.along_path import distances
from ..dynamics.batch import batched_values
from ..dynamics.flow import Flow, Linear
from ..dynamics.integrate import integrate
from ..dynamics.map import Map
from ..dynamics.partition import Partition
from ..dynamics.positive_settings import check_positive, check_whole
from ..dynamics.simulate import simulate
from ..dynamics.starts import given_start, in_sets, real_starts
from ..dynamics.system import System, is_a
from ..dynamics.trajectory import Trajectory
from ..dynamics.vectors import split, stack
from ..errors import InputError, InputTypeError
from ..fields import Field, Gradient
from ..games.game import Game
from ..games.symbolic import SymbolicGame
from ..penalties import Penalty
from ..rules import Rule
from ..rules.modified import modified_flow
from ..time_limits import in_time

_SECONDS_PER_LIMIT = 2.0  # of the field that small steps follow
_SECONDS = 5.0  # for a modified flow's expressions
_LONGEST = 3000  # operations in a modified flow, of which XLA compiles a few hundred a second


@dataclass(frozen=True, eq=False, repr=False)
class PathComparison:
    """The steps of a rule against the flow that they discretise, from one start.

    - `rule`: its text; `step_time`: the time on the flow that a step takes.
    - `flow`: the path of the flow; `steps`: the rule's (its times count the steps); `modified`: the path of
      the modified flow, or None for the `reason`.
    - `times`: of the steps on the flow, shape (n,), as far as all of these paths go; `flow_distances` and
      `modified_distances`: how far the steps are from either path then, shape (n,).
    """

    rule: str
    step_time: float
    flow: Trajectory
    steps: Trajectory
    modified: Trajectory | None
    reason: str | None
    times: np.ndarray
    flow_distances: np.ndarray
    modified_distances: np.ndarray | None

    def __repr__(self) -> str:
        apart = (
            f", {self.flow_distances[-1]:.3g} apart at time {self.times[-1]:g}"
            if len(self.times)
            else ""
        )
        return f"<PathComparison of {self.rule}: {len(self.steps) - 1} steps{apart}>"


def duration(rule: Rule) -> float:
    """The time on the flow that a step takes: its step size, the largest of the players'; 1 without any."""
    if rule.lr is None:
        return 1.0
    sizes = rule.lr.values() if isinstance(rule.lr, Mapping) else [rule.lr]
    return max(float(size) for size in sizes)


def rule_path(
    rule: Rule, system: System, x0: Any, steps: int, **options: Any
) -> tuple[Trajectory, Trajectory | None]:
    """The steps of a rule from x0, shape (d,): the path, and the same with the players' moves apart.

    **Arguments:**

    - `rule`, `system`: what steps, and along what: a flow, or a game, whose gradient field is meant.
    - `x0`: the start, shape (d,), or a mapping by variable; None: the system's own.
    - `options`: `rest`, `box`, `blow_up` and `until`, as for `simulate`.

    The second path is None unless the players move in turn (alternating, best-response, heavy-ball with
    order=alternating); it has a point after each player's move (all of the player's k steps), at times that
    count the moves as fractions of a step.

    Raises InputError as `simulate` and the rule's `check` do.
    """
    flow = numeric_flow(system)
    rule.check(flow)
    start = given_start(flow, x0)
    if np.ndim(start) != 1:
        raise InputError(f"a path of a rule has one start, of shape ({flow.dimension},)")
    (start,) = in_sets(flow, real_starts(start, flow.dimension, f"a path of {rule.name}"))
    turns = rule.turns(flow.partition)
    with jax.enable_x64(True):
        state = np.asarray(stack(rule.init(flow, jnp.asarray(start))), float)
    d, memory = flow.dimension, len(state)
    state = np.concatenate([state, np.tile(start, len(turns) - 1)])
    step = flow.kept("rule maps", rule, lambda: _map(rule, flow))
    path = simulate(step, state, steps, dimension=d, **options)
    assert isinstance(path, Trajectory)
    if len(turns) == 1:
        return replace(path, variables=flow.variables), None
    whole = replace(path, variables=flow.variables, states=path.states[:, :memory])
    between = path.states[1:, memory:].reshape(-1, len(turns) - 1, d)
    points = np.concatenate([between, path.points[1:, None]], axis=1).reshape(-1, d)
    points = np.concatenate([path.points[:1], points])
    half = replace(whole, times=np.arange(len(points)) / len(turns), points=points, states=points)
    return whole, half


def compare_paths(
    system: System | Study,
    rule: Rule | None = None,
    x0: Any = None,
    t: float | None = None,
    steps: int | None = None,
    *,
    order: int | None = 1,
    fields: Sequence[Field] = (),
    field: Field | None = None,
    penalties: Sequence[Penalty] = (),
    parameters: Mapping[Any, Any] | None = None,
    blow_up: float = 1e9,
) -> PathComparison:
    """A rule's steps, the flow, and the flow that the steps follow more closely, from the same start.

    **Arguments:**

    - `system`: a flow or a game, or a `study` of one.
    - `fields`: the one field of the game; default: the gradient (`field` is another spelling).
    - `penalties`, `parameters`: as for `stability.report`.
    - `rule`: with its step size; default: the study's.
    - `x0`: the start, shape (d,), or a mapping by variable; default: the system's own.
    - `t` or `steps`: how long, one of them.
    - `order`: of the modified flow (see `modified_flow`); None: without it, which saves some seconds.
    - `blow_up`: all paths end before their points have a greater norm.

    **Units of time** are those of `modified_flow`: a step of size h takes the time h. With a step size by
    player it takes the time 1, and the flow's field is D v, with D the step sizes. Generally the field is
    the one that small steps follow: k v for a rule that moves k times in a step, v/(1 − β) with momentum β.

    Raises InputError for a rule without a step size, unless just one of t and steps is given, and as
    `integrate` and `rule_path` do.
    """
    one, field, rule = one_algorithm(system, fields, field, rule, penalties, parameters)
    if rule is None:
        raise InputError("say whose steps are followed: give a rule, such as Simultaneous(lr=0.1)")
    flow = numeric_flow(one, field)
    rule.check(flow)
    step_time, steps = _length_of_path(rule, t, steps)
    start = given_start(flow, x0)
    walked, _ = rule_path(rule, flow, start, steps, blow_up=blow_up)

    t = steps * step_time
    limit = _followed(_limit(rule, flow, step_time), start, t, blow_up)
    modified, reason = None, "it was not asked for"
    if order is not None:
        try:
            make = partial(_modified, rule, one, field, order)
            bent = flow.kept("modified", (rule, order), make)
            modified, reason = _followed(bent, start, t, blow_up), None
        except InputError as error:
            reason = str(error)
    times = walked.times * step_time
    ends = [abs(path.times[-1]) for path in (limit, modified) if path is not None]
    times = np.minimum(times[times <= min(ends) * (1 + 1e-12)], min(ends))
    points = walked.points[: len(times)]
    apart = distances(points, limit(times))
    closer = None if modified is None else distances(points, modified(times))
    return PathComparison(
        str(rule), step_time, limit, walked, modified, reason, times, apart, closer
    )


def _length_of_path(rule: Rule, t: float | None, steps: int | None) -> tuple[float, int]:
    """The time of a step, and how many there are."""
    if rule.lr is None:
        raise InputError(f"{rule.name} has no step size, and its steps follow no flow")
    if (t is None) == (steps is None):
        raise InputError("say how long the paths are: by the time t, or by the number of steps")
    step_time = 1.0 if isinstance(rule.lr, Mapping) else float(rule.lr)
    if t is not None:
        check_positive(t, "the time t")
        steps = int(t / step_time + 1e-9)
    check_whole(steps, "the number of steps", 1, 10**9)
    assert steps is not None
    return step_time, steps


def _followed(flow: Flow, start: Any, t: float, blow_up: float) -> Trajectory:
    path = integrate(flow, start, t, rest=None, blow_up=blow_up)
    assert isinstance(path, Trajectory)
    return path


def losses(game: Game | SymbolicGame, points: Any) -> np.ndarray:
    """All players' losses at points (n, d), shape (n, players)."""
    if not is_a(game, "game"):
        raise InputTypeError(f"only a game has losses, not {game!r}")
    numeric = game.twin
    points = np.asarray(points, float)
    d = len(numeric.variables)
    if points.ndim != 2 or points.shape[1] != d:
        raise InputError(f"points of this game have shape (n, {d}), not {points.shape}")
    values = numeric.kept("loss_values", None, lambda: batched_values(numeric.losses, d))
    return values(points)


def _modified(rule: Rule, system: Any, field: Field | None, order: int) -> Flow:
    """The modified flow in JAX: from its expressions if they come quickly, for these compile much faster."""
    if system.kind == "game":
        system = (Gradient() if field is None else field).flow(system)
    symbolic, written = system if system.symbolic else system.formulas, None
    if symbolic is not None:
        with suppress(
            TypeError, ValueError, AttributeError
        ):  # rules that are written for JAX alone
            written = in_time(_SECONDS, lambda: modified_flow(rule, symbolic, order), None)
        if written is not None:
            return written.twin
    flow: Any = modified_flow(rule, numeric_flow(system), order)
    if _length(flow) > _LONGEST:
        raise InputError(
            f"the modified flow of {rule.name} is too long a formula here to be followed"
        )
    return flow


def _length(flow: Flow) -> float:
    """The number of operations in a field, infinite if they are not counted in reasonable time."""
    with jax.enable_x64(True):
        point = jax.ShapeDtypeStruct((flow.dimension,), jnp.zeros(()).dtype)
        lowered = in_time(_SECONDS, lambda: jax.jit(flow.function).lower(point).as_text(), None)
    return float("inf") if lowered is None else lowered.count("\n")


def _map(rule: Rule, flow: Flow) -> Map:
    """The rule's map; with turns its state goes on with the profiles after all turns but the last."""
    turns = rule.turns(flow.partition)
    if len(turns) == 1:
        return rule.map(flow)
    sizes = rule.state_sizes(flow.partition)
    memory = sum(sizes)

    def function(state: Any) -> Any:
        core, seen = split(state[:memory], sizes), []
        for turn in turns:
            core = turn(flow, core)
            seen.append(core[0])
        return jnp.concatenate([*core, *seen[:-1]])

    return Map(function, dimension=memory + (len(turns) - 1) * flow.dimension, check=False)


def _limit(rule: Rule, flow: Flow, step_time: float) -> Flow:
    """The flow that the rule's steps follow as they become small, in the units of time of `modified_flow`."""
    factors = _factors(rule, flow.partition)
    # to the digits that are known of them, so that one flow serves all step sizes
    scales = tuple(float(f"{factor / step_time:.9g}") for factor in factors)
    if set(scales) == {1.0}:
        return flow

    def make() -> Flow:
        scaled = Flow(
            lambda x: flow.partition.scale(scales, flow(x)),
            variables=flow.variables,
            partition=flow.partition,
            name=flow.name,
            check=False,
        )
        scaled.sets, scaled.kept_in = flow.sets, flow.kept_in
        return scaled

    return flow.kept("limits", scales, make)


def _factors(rule: Rule, partition: Partition) -> tuple[float, ...]:
    """How far a step moves each player along a constant field of one, once its memory has settled."""
    given = tuple(float(size) for size in partition.per_player(rule.lr, "lr"))
    try:
        with jax.enable_x64(True):
            once, twice = (_settled(rule.interior(), partition, speed) for speed in (1.0, 2.0))
    except (InputError, AttributeError):  # rules that look at the game behind the field
        return given
    if (
        once is None or twice is None or not np.allclose(twice, 2 * once, rtol=1e-6)
    ):  # Adam's steps, for one, have a length of their own
        return given
    return tuple(float(own) for own in once)


def _settled(rule: Rule, partition: Partition, speed: float) -> np.ndarray | None:
    """How far a step moves each player along a constant field in the long run; None if that never settles."""
    d = partition.dimension
    flow = Linear(np.zeros((d, d)), partition, offset=np.full(d, speed))
    first = [own.start for own in partition.slices]
    state = rule.init(flow, np.zeros(d))

    def run(state: Any) -> np.ndarray | None:
        before = np.full(len(first), np.nan)
        for _ in range(20_000):
            last = np.asarray(state[0])
            state = rule.step(flow, state)
            moved = (np.asarray(state[0]) - last)[first]
            if len(state) == 1 or np.allclose(moved, before, rtol=1e-10, atol=0):
                return moved
            before = moved
        return None

    return in_time(_SECONDS_PER_LIMIT, lambda: run(state), None)
