"""A rule along a schedule of step sizes: frozen verdicts, the true linear process, and a simulation of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..analysis.here import Here, here
from ..analysis.study import Study, as_study
from ..analysis.subject import plain
from ..analysis.value import RuleAnalysis
from ..documents.numbers import number
from ..dynamics.flow import Flow
from ..dynamics.points import named_start, start_vector
from ..dynamics.positive_settings import check_whole
from ..dynamics.system import System, is_a
from ..errors import InputError, check_kind
from ..fields import Field
from ..penalties import Penalty
from ..rules import Rule
from ..verdicts.local_stability import local_stability
from ..verdicts.verdict import Verdict
from .document import Look, ScheduleReport
from .linear_process import ROUNDING, LinearProcess, at_sizes, moving
from .step_sizes import robbins_monro, schedule_text, step_sizes

MOST_STEPS = 100_000
TURNS = 8  # changes of the frozen verdict that are looked at
NEARBY = 1e-4  # of 1 + ‖x‖: how far from x the linear process takes the simulation at most
NEAREST = 1e-9  # of 1 + ‖x‖: it begins no nearer, for rounding's sake
LINEAR = 1e-3  # of 1 + ‖x‖: how far from x the linear process is compared with the simulation
AGREES = 1e-2  # of the greatest distance so far: by how much the simulation may miss the process


def along_schedule(
    system: System | Study,
    rule: Rule,
    schedule: Any,
    x: Any = None,
    *,
    steps: int = 1000,
    looks: Sequence[int] | None = None,
    start: Any = None,
    fields: Sequence[Field] = (),
    field: Field | None = None,
    penalties: Sequence[Penalty] = (),
    parameters: Mapping[Any, Any] | None = None,
) -> ScheduleReport:
    """A rule near an equilibrium while its step sizes follow a schedule, h_k at step k = 0, 1, ….

    With a schedule the steps are a non-autonomous map, and three things have to be told apart:

    - *frozen*: is the equilibrium stable under the rule with h_k for good? The multipliers of M_k, the
      rule's linearised step at h_k.
    - *the linear process*: δ_k = M_{k−1} ⋯ M_0 δ_0, whose greatest growth max ‖δ_k‖/‖δ_0‖ is a norm of the
      product. Stable frozen steps do not imply that it decays (they may be too small to arrive, Σ h_k < ∞,
      and matrices that do not commute may pump), nor do unstable ones that it grows without bound: for
      simultaneous steps on xy ‖δ_k‖ = ∏ √(1 + h_j²) ‖δ_0‖, bounded if Σ h_k² < ∞.
    - *simulated*: the rule itself, from near x.

    **Arguments:**

    - `system`: a game or a flow; `fields` (one; `field` is another spelling), `penalties` and `parameters` as
      for `stability.report`.
    - `rule`: with any step size; the schedule replaces it. Momentum and other memory begin as the rule
      begins them; what an optax rule counts or adapts for good is held still.
    - `schedule`: a number, a function of the count (an optax schedule), a SymPy expression in one symbol, or
      a mapping from players (key `""` for the others) to these. Two timescales are two of them (Borkar 1997;
      Heusel et al. 2017): where the generator's falls faster, the discriminator ends ever nearer to its
      optimum.
    - `x`: the equilibrium, by variable or as a vector (d,); default: the only one that a search finds.
    - `steps`: how many, at most 100,000.
    - `looks`: the steps at which the frozen verdict is worked out; default: some, more at first, and where it
      changes.
    - `start`: where the simulation begins, as x; default: so near x that the linear process stays within
      1e-4 of it, in a random direction (the same every time).

    Along a curve of equilibria all growth and distances are measured across it, in the tangent's complement.

    Raises InputError for a rule without a step size, step sizes that are negative or not finite, a point at
    which the rule does not rest or has no derivative, no equilibrium or several without `x`, and states of
    more than 200 numbers.
    """
    check_whole(steps, "the number of steps", 1, MOST_STEPS)
    if is_a(system, "map"):
        raise InputError("a map has no step sizes; a schedule is for a rule on a game or a flow")
    check_kind(rule, Rule, "Simultaneous(lr=0.1)")
    if rule.lr is None:
        raise InputError(f"{rule.name} has no step size that could follow a schedule")
    study = as_study(
        system, fields=fields, field=field, rule=rule, penalties=penalties, parameters=parameters
    ).of_one_field()
    scheduled = _scheduled(study, rule, step_sizes(schedule, study.main.partition, steps), x)
    return _report(scheduled, scheduled.course(start), schedule, looks)


@dataclass(frozen=True, eq=False)
class _Course:
    """What the linear process and the rule's own steps do from one start.

    - `radii`, shape (steps,), of the frozen steps, and `rounding`: how near to one they are not told from it.
    - `growth`, shape (steps + 1,), and where the start goes, across a manifold of equilibria: `predicted` by
      the process and `simulated`, shape (steps + 1, c).
    """

    radii: np.ndarray
    rounding: float
    growth: np.ndarray
    predicted: np.ndarray
    simulated: np.ndarray


@dataclass(frozen=True, eq=False)
class _Scheduled:
    """A rule near the rest point of a field, its step sizes a mapping in player order, and the schedule's
    sizes, shape (steps, players). At limits of the players' sets the process is that on their face.
    """

    study: Study
    rule: Rule
    there: Here
    process: LinearProcess
    sizes: np.ndarray

    @property
    def scale(self) -> float:
        return 1 + float(np.linalg.norm(self.there.point))

    def course(self, start: Any) -> _Course:
        process, there = self.process, self.there
        delta = _displacement(self.study, there, start, process.across)
        radii, growth, path = process.follow(self.sizes, delta)
        if start is None:
            most = float(_norms(path).max())
            factor = max(NEARBY / max(most, 1.0), NEAREST) * self.scale
            delta, path = factor * delta, factor * path
        flow = self.study.flows[0].numeric
        first = there.lift(there.e.point + delta) if start is None else _start(self.study, start)
        points = there.lower(_simulate(self.rule, flow, first, self.sizes))
        with np.errstate(all="ignore"):
            apart = (points - there.e.point) @ process.across
        return _Course(radii, process.rounding, growth, path, apart)

    def frozen(self, k: int, radius: float) -> Verdict:
        """Whether the equilibrium is stable under the rule with the step sizes of step k for good."""
        sizes, process = self.sizes[k], self.process
        if not sizes.all():
            still = [p for p, h in zip(process.partition.players, sizes, strict=True) if not h]
            text = f"the step size of {', '.join(still)} is zero: multipliers are one"
            return Verdict("undecided", radius, None, "exact", text)
        if process.rule.ignores_the_jacobian:  # compiled once for all step sizes
            matrix = process.step(sizes)
            errors = ROUNDING * (np.abs(matrix) + np.abs(matrix).max())
            return local_stability("map", matrix, errors, tangent=process.tangent).verdict
        rule = at_sizes(self.rule, sizes)
        found = self.there.rule(rule, closed_forms=False, step_sizes=False)
        if found.multipliers is None:
            raise InputError(found.stability.because)
        return found.stability


def _scheduled(study: Study, rule: Rule, sizes: np.ndarray, x: Any) -> _Scheduled:
    there = _place(study, x)
    players = study.flows[0].numeric.partition.players
    rule = rule.with_lr(dict(zip(players, moving(sizes[0]), strict=True)))
    near = there.acting(rule)
    if isinstance(near, RuleAnalysis):
        raise InputError(f"no schedule can be followed here: {near.stability.because}")
    process = LinearProcess(near, there.e, there.known, there.field.numeric.partition)
    return _Scheduled(study, rule, there, process, sizes)


def _report(
    scheduled: _Scheduled,
    course: _Course,
    schedule: Any,
    looks: Sequence[int] | None,
) -> ScheduleReport:
    study, rule, sizes = scheduled.study, scheduled.rule, scheduled.sizes
    partition = scheduled.process.partition
    asked = schedule if isinstance(schedule, Mapping) else {"": schedule}
    schedules = partition.per_player(asked, "the schedule")
    distances = _norms(course.simulated)
    steps, seen = len(sizes), []
    for k in _looks(course, steps) if looks is None else _given(looks, steps):
        radius, growth, distance = (float(of[k]) for of in (course.radii, course.growth, distances))
        seen.append(
            Look(
                step=k,
                sizes=sizes[k],
                spectral_radius=radius,
                stability=scheduled.frozen(k, radius),
                growth=growth,
                distance=distance,
            )
        )
    return ScheduleReport(
        name=study.name,
        rule=rule.name,
        settings={k: v for k, v in plain(rule.settings).items() if k != "lr"},
        field="given" if study.kind == "flow" else str(study.flows[0].numeric.field),
        players=partition.players,
        schedule=tuple(map(schedule_text, schedules)),
        variables=study.variables,
        point=scheduled.there.point,
        sizes=sizes,
        radii=course.radii,
        growth=course.growth,
        predicted=_norms(course.predicted),
        simulated=distances,
        looks=tuple(seen),
        stable_from=_stable_from(course),
        contracts=_contracts(course.growth, course.rounding),
        agreement=_agreement(course.predicted, course.simulated, scheduled.scale),
        robbins_monro=tuple(
            robbins_monro(one, sizes[:, i]) for i, one in enumerate(schedules)
        ),
    )  # fmt: skip


def _norms(vectors: np.ndarray) -> np.ndarray:
    """The norms of vectors (n, d), shape (n,), infinite where one is not finite."""
    with np.errstate(all="ignore"):
        norms = np.linalg.norm(vectors, axis=1)
    return np.where(np.isfinite(norms), norms, np.inf)


def _place(study: Study, x: Any) -> Here:
    """The equilibrium in question as the field sees it."""
    at = x
    if x is not None and not isinstance(x, Mapping):
        at = dict(zip(study.variables, start_vector(x, len(study.variables), "x"), strict=True))
    places = study.rest_points(at, elsewhere=False).places
    if len(places) != 1:
        found = f"{len(places)} equilibria were" if places else "no equilibrium was"
        raise InputError(f"{found} found; say near which point the steps are followed: x={{…}}")
    return here(study, places[0], settle=False)


def _displacement(study: Study, there: Here, start: Any, across: np.ndarray) -> np.ndarray:
    """Where the linear process begins, from x: a random unit vector if no start is given."""
    if start is None:
        direction = across @ np.random.default_rng(0).standard_normal(across.shape[1])
        return direction / (float(np.linalg.norm(direction)) or 1.0)
    return there.lower(_start(study, start)) - there.e.point


def _start(study: Study, start: Any) -> np.ndarray:
    x = named_start(start, study.variables)
    return x if study.sets is None else study.sets.taken(x, study.variables, "the start")


def _simulate(rule: Rule, flow: Flow, x: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The points of the rule's own steps, shape (steps + 1, d); compiled once for a flow and a rule."""
    unit = rule.frozen().with_each_lr(lambda _: 1.0)
    # kept with the rule, as the rule's text may hold addresses
    run = flow.kept("scheduled", unit, lambda: _compiled(unit, flow))
    with jax.enable_x64(True):
        points = np.asarray(run(x, sizes))
    return np.concatenate([x[None], points])


def _compiled(rule: Rule, flow: Flow) -> Callable[[np.ndarray, np.ndarray], Any]:
    players = flow.partition.players

    def at(sizes: Any) -> Rule:
        return rule.with_lr(dict(zip(players, sizes, strict=True)))

    @jax.jit
    def run(x, sizes):
        def step(state, own):
            state = at(own).step(flow, state)
            return state, state[0]

        return jax.lax.scan(step, at(sizes[0]).init(flow, x), sizes)[1]

    return run


def _given(looks: Sequence[int], steps: int) -> list[int]:
    for k in looks:
        check_whole(k, "a step to look at", 0, steps - 1)
    return sorted(set(looks))


def _looks(course: _Course, steps: int) -> list[int]:
    """Some steps, more at first, and those on either side of a change of the frozen verdict."""
    turns = np.flatnonzero(np.diff(_sides(course)))[:TURNS]
    chosen = {0, steps - 1, *turns.tolist(), *(turns + 1).tolist()}
    chosen |= {m * 10**j for j in range(6) for m in (1, 3) if m * 10**j < steps}
    return sorted(chosen)


def _sides(course: _Course) -> np.ndarray:
    """−1 where a frozen step is stable, 1 where it is unstable, 0 where that cannot be told."""
    beyond = course.radii - 1
    return np.where(np.abs(beyond) <= course.rounding, 0, np.sign(beyond))


def _stable_from(course: _Course) -> int | None:
    others = np.flatnonzero(_sides(course) >= 0)
    first = int(others[-1]) + 1 if len(others) else 0
    return first if first < len(course.radii) else None


def _contracts(growth: np.ndarray, rounding: float) -> Verdict:
    """Whether the linear process has brought every start nearer, after all steps."""
    value, peak = float(growth[-1]), int(np.argmax(growth))
    if not np.isfinite(value):
        return Verdict("no", None, None, "numeric", "the linear process grows beyond all numbers")
    # every step rounds, and what it rounds may be as large as the process ever is
    error = len(growth) * rounding * (float(growth.max()) if np.isfinite(growth.max()) else np.inf)
    margin = abs(1 - value) - error
    verdict = "undecided" if not margin > 0 else "yes" if value < 1 else "no"
    text = f"after {_steps(len(growth) - 1)} the greatest distance is {number(value)} times what it was"
    if 0 < peak < len(growth) - 1 and growth[peak] > 1.001 * max(1.0, value):
        text += f", and {number(float(growth[peak]))} times after {peak}"
    return Verdict(verdict, value, margin if np.isfinite(margin) else None, "numeric", text)


def _agreement(path: np.ndarray, apart: np.ndarray, scale: float) -> Verdict:
    """Whether the rule's own steps do what the linear process says, as far as that stays near x."""
    predicted = _norms(path)
    far = np.flatnonzero(~(predicted <= LINEAR * scale))
    end = int(far[0]) if len(far) else len(path)
    if end < 2:
        text = f"the start is more than {LINEAR:g} away, where the linear process need not hold"
        return Verdict("undecided", None, None, "numeric", text)
    missed = _norms(apart[:end] - path[:end])
    value = float((missed / np.maximum.accumulate(predicted[:end])).max())
    verdict = "yes" if value <= AGREES else "no"
    text = (
        f"over {_steps(end - 1)} the simulation misses the linear process by at most {number(value, 2)} of "
        "its greatest distance"
    )
    finite = value if np.isfinite(value) else None
    return Verdict(
        verdict, finite, None if finite is None else abs(AGREES - value), "numeric", text
    )


def _steps(n: int) -> str:
    return "one step" if n == 1 else f"{n:,} steps"
