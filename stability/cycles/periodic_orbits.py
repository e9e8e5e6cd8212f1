"""Periodic orbits of maps: found from many starts, polished, judged by the product of Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
import sympy

from ..analysis.numeric import numeric_flow
from ..analysis.study import Study, one_algorithm
from ..analysis.subject import plain
from ..documents.settings import with_settings
from ..dynamics.angles import Circles, circle_lengths
from ..dynamics.batch import batched
from ..dynamics.flow import Flow
from ..dynamics.level import on_level
from ..dynamics.map import Map
from ..dynamics.points import named_box
from ..dynamics.positive_settings import check_whole
from ..dynamics.system import System, is_a
from ..dynamics.vectors import stack
from ..equilibria.connection import connected
from ..equilibria.isolation import Isolation, isolations
from ..equilibria.scaling import scaled_field
from ..equilibria.search import Zero, find_zeros
from ..equilibria.smoothness import smoothness
from ..equilibria.starts import low_discrepancy
from ..errors import InputError, InputTypeError
from ..fields import Field
from ..penalties import Penalty
from ..rules import Rule
from ..spectra.value import sorted_values
from ..verdicts.local_stability import local_stability
from ..verdicts.verdict import Verdict
from .iterated import Turns, polished
from .orbits import PeriodicOrbit, PeriodicOrbits

LONGEST = 64
LARGEST = 50  # numbers of a state in which orbits are searched
SETTLE = 128  # steps after which a start may have come to an attracting orbit
SETTLED = 16  # such points that are tried
CLOSED = 1e-10  # of the box: by how much a step may miss the next point
SAME = 1e-6  # of the box, beyond the points' errors: points nearer to each other are one
SINGULAR = 1e-6  # singular value below which a zero may belong to a continuum
MULTIPLE = 24  # such zeros that are looked at
PADDING = 0.1  # of the range of what a rule remembers, on either side of it
EPS = float(np.finfo(float).eps)


def periodic_orbits(
    system: System | Study,
    rule: Rule | None = None,
    *,
    period: int,
    fields: Sequence[Field] = (),
    field: Field | None = None,
    penalties: Sequence[Penalty] = (),
    parameters: Mapping[Any, Any] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    starts: int = 64,
    seed: int = 0,
) -> PeriodicOrbits:
    """The orbits of period n of a map, or of a rule on a game or a flow, that a search in a box finds.

    Their points are the zeros of Fⁿ(x) − x, looked for from many starts and from where orbits settle. The
    orbit is then polished as a whole, by Newton's method on the n equations F(x_i) = x_{i+1}, so that what it
    amplifies in n steps does not limit its accuracy. It is stable if its multipliers, the eigenvalues of
    DF(x_{n−1}) ⋯ DF(x_0), are inside the unit circle; the Jacobian of one step says nothing about it. Points
    of a shorter period, which divides n, and the other points of an orbit that is found are left out.

    **Arguments:**

    - `system`: a map, or with a `rule` a game or a flow, or a `study` of one, with its rule.
    - `fields`: the one field of the game (`field` is another spelling). `penalties` and
      `parameters` as for `stability.report`.
    - `period`: n, from 1 (fixed points) to 64.
    - `box`: variable ↦ (low, high), over the system's own; default [−2, 2]. Only the profile has a box: where
      a rule's memory is looked for follows from where its orbits go.
    - `starts`, `seed`: of the search, which proves nothing about completeness.

    A map with angles returns if it comes back up to whole periods of them. A map with conserved totals is
    the one on their level set, whose orbits come in all variables.

    Of a continuum of periodic orbits one comes, `isolated` "no", judged across the continuum. An orbit at a
    point of which the map has a kink (clipping that just begins there) comes without multipliers; one that
    jumps there is left out.

    Raises InputError for a map with a rule, a game without one, and states of more than 50 numbers.
    """
    check_whole(period, "the period", 1, LONGEST)
    check_whole(starts, "the number of starts", 1, 10**6)
    check_whole(seed, "the seed", 0, 2**63 - 1)
    if isinstance(system, Study):
        box = box or system.options["box"]
    one, field, rule = one_algorithm(system, fields, field, rule, penalties, parameters)
    level = None
    if is_a(one, "map") or is_a(one, "flow"):
        one = on_level(one)
        level = one.level
    step, lift, name, profile = _stepping(one, rule, field)
    if step.dimension > LARGEST:
        raise InputError(
            f"the state has {step.dimension} numbers, and periodic orbits are searched in up to {LARGEST}"
        )
    evaluate = step.kept("steps", None, lambda: batched(step.function, step.dimension))
    turns = Turns(evaluate, period, circle_lengths(step) if step.angles else None)
    variables = step.variables[:profile]
    given = {**one.box, **named_box(box or {}, variables)}
    halves = circle_lengths(step) / 2
    usual = [(-h, h) if h else (-2.0, 2.0) for h in halves]
    sides = np.array([given.get(v, own) for v, own in zip(variables, usual, strict=False)])
    begin = sides[:, 0] + low_discrepancy(starts, profile, seed) * (sides[:, 1] - sides[:, 0])
    region, special = _settled(turns, lift(begin), sides)
    circles = _circles(step, region)
    search = find_zeros(
        turns.displacement, region, special=special, starts=starts, seed=seed, circles=circles
    )
    orbits, shorter = _orbits(turns, search.zeros, region, circles)
    if level is not None and rule is None:
        orbits = [replace(orbit, points=level.lift(orbit.points)) for orbit in orbits]
    return PeriodicOrbits(
        name=name,
        rule=None if rule is None else with_settings(rule.name, plain(rule.settings)),
        variables=tuple(step.variables) if level is None or rule else level.variables,
        period=period,
        orbits=tuple(orbits),
        shorter=shorter,
        starts=starts,
        seed=seed,
        box=dict(zip(step.variables, map(tuple, region.tolist()), strict=True)),
    )


def _stepping(
    system: Any, rule: Rule | None, field: Field | None
) -> tuple[Map, Callable[[np.ndarray], np.ndarray], str, int]:
    """The map on states, how profiles (k, d) are lifted to states (k, m), a name, and d."""
    if is_a(system, "map"):
        if rule is not None or field is not None:
            raise InputError("a map steps by itself; fields and rules are for games and flows")
        step = system.twin
        return step, lambda points: points, system.name, step.dimension
    if not isinstance(rule, Rule):
        raise InputTypeError(
            f"periodic orbits are those of a map, or of a rule on a game or a flow; {rule!r} is no rule"
        )
    flow = numeric_flow(system, field)
    rule.check(flow)
    step, init = flow.kept("stepped", rule, lambda: _compiled(rule, flow))

    def lift(points: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            return np.asarray(init(points))

    return step, lift, system.name, flow.dimension


def _circles(step: Map, region: np.ndarray) -> Circles | None:
    if not step.angles:
        return None
    periods = tuple(step.angles.get(v, sympy.S.Zero) for v in step.variables)
    return Circles(periods, np.where(circle_lengths(step) > 0, 0.0, region.mean(axis=1)))


def _compiled(rule: Rule, flow: Flow) -> tuple[Map, Callable[[np.ndarray], Any]]:
    step = rule.map(flow)
    return step, jax.jit(jax.vmap(lambda x: stack(rule.init(flow, x))))


def _settled(turns: Turns, begin: np.ndarray, sides: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where orbits are searched, shape (m, 2), and points that the starts settle at."""
    settled = turns.after(begin, SETTLE)
    region = _region(sides, begin, turns.after(begin, 1), settled)
    return region, _distinct(settled, region)[:SETTLED]


def _region(sides: np.ndarray, *clouds: np.ndarray) -> np.ndarray:
    """The box of the states, shape (m, 2): the profile's, then the range of what is remembered."""
    d = len(sides)
    reach = 10 * np.abs(sides).max()
    seen = np.concatenate(clouds)
    seen = seen[np.isfinite(seen).all(axis=1) & (np.abs(seen).max(axis=1) <= reach)][:, d:]
    if not len(seen):
        seen = np.zeros((1, clouds[0].shape[1] - d))
    low, high = seen.min(axis=0), seen.max(axis=0)
    width = np.maximum(high - low, PADDING * (sides[:, 1] - sides[:, 0]).min())
    return np.concatenate([sides, np.stack([low - PADDING * width, high + PADDING * width], 1)])


def _distinct(points: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The points in the region that are not near one before them."""
    inside = ((points >= region[:, 0]) & (points <= region[:, 1])).all(axis=1)  # no NaN is
    points = points[inside]
    units = (points - region[:, 0]) / (region[:, 1] - region[:, 0])
    _, first = np.unique(np.round(units, 3), axis=0, return_index=True)
    return points[np.sort(first)]


@dataclass(frozen=True, eq=False)
class _Found:
    """An orbit's points, shape (n, m), and the zero of the displacement that it came from."""

    points: np.ndarray
    zero: Zero
    own: Isolation


def _orbits(
    turns: Turns, zeros: Sequence[Zero], region: np.ndarray, circles: Circles | None
) -> tuple[list[PeriodicOrbit], int]:
    """The orbits of full period through the zeros, and how many zeros had a shorter one."""
    widths = region[:, 1] - region[:, 0]
    if not zeros:
        return [], 0
    tracks = turns.tracks(np.stack([zero.point for zero in zeros]))
    full = [
        i
        for i, (points, zero) in enumerate(zip(tracks, zeros, strict=True))
        if np.isfinite(points).all() and not _returns_early(turns, points, zero, widths)
    ]
    chosen = _fewer(turns, full, tracks[:, 0])
    owns = isolations(turns.displacement, [zeros[i] for i in chosen], region)
    found = [_Found(tracks[i], zeros[i], own) for i, own in zip(chosen, owns, strict=True)]
    alone = _alone(turns, [one for one in found if one.own.isolated != "no"], widths)
    among = _apart([one for one in found if one.own.isolated == "no"], turns, region)
    orbits = [_orbit(turns, one, region, circles) for one in (*alone, *among)]
    orbits = [orbit for orbit in orbits if orbit is not None]
    orbits.sort(key=lambda orbit: tuple(np.round(orbit.points[0] / widths, 9)))
    return orbits, len(zeros) - len(full)


def _fewer(turns: Turns, which: list[int], points: np.ndarray) -> list[int]:
    """Those of the zeros that are simple, and some of the others, of which a continuum has many."""
    if not which:
        return []
    values = np.linalg.svd(turns.displacement(points[which])[1], compute_uv=False)
    simple = values[:, -1] > SINGULAR * (1 + values[:, 0])
    others = np.flatnonzero(~simple)
    some = others[:: max(1, -(-len(others) // MULTIPLE))]
    return [which[i] for i in sorted([*np.flatnonzero(simple), *some])]


def _returns_early(turns: Turns, points: np.ndarray, zero: Zero, widths: np.ndarray) -> bool:
    n = len(points)
    near, away = SAME * widths + 10 * zero.error, turns.nearest(points - points[0])
    return any(n % k == 0 and bool((np.abs(away[k]) <= near).all()) for k in range(1, n))


def _alone(turns: Turns, found: Sequence[_Found], widths: np.ndarray) -> list[_Found]:
    """Isolated orbits, each once whichever of its points were found."""
    different: list[_Found] = []
    for one in sorted(found, key=lambda one: one.zero.error):
        near = SAME * widths + 10 * one.zero.error
        away = (turns.nearest(one.points[0] - other.points) for other in different)
        if not any((np.abs(own) <= near).all(1).any() for own in away):
            different.append(one)
    return different


def _apart(found: Sequence[_Found], turns: Turns, region: np.ndarray) -> list[_Found]:
    """One orbit of each continuum: orbits belong together if it connects any of their points."""
    if not found:
        return []
    n = turns.period
    field = scaled_field(turns.displacement, region)
    labels = connected(field, np.concatenate([one.points for one in found])).reshape(-1, n)
    different: dict[int, _Found] = {}
    for one, own in zip(found, labels, strict=True):
        if not any(int(label) in different for label in own):
            different.update(dict.fromkeys(map(int, own), one))
    return list({id(one): one for one in different.values()}.values())


def _orbit(
    turns: Turns, found: _Found, region: np.ndarray, circles: Circles | None
) -> PeriodicOrbit | None:
    """The orbit, polished and judged; None where the map jumps, or the orbit does not close."""
    points = polished(turns, found.points)
    points = points if circles is None else circles.wrap(points)
    widths = region[:, 1] - region[:, 0]
    values, jacobians = turns.step(points)
    missed = turns.nearest(values - np.roll(points, -1, axis=0))
    residual = float((np.abs(missed) / widths).max())
    if not residual <= CLOSED:
        return None
    around = {smoothness(turns.step, x, region) for x in points}
    if "jump" in around:
        return None
    first = int(np.lexsort(np.round(points / widths, 9).T[::-1])[0])
    points, jacobians = np.roll(points, -first, axis=0), np.roll(jacobians, -first, axis=0)
    own = found.own
    if around != {"smooth"}:
        verdict = Verdict(
            "undecided", None, None, "numeric", "the map has a kink at a point of the orbit"
        )
        return PeriodicOrbit(
            points=points,
            residual=residual,
            isolated="undecided",
            multipliers=None,
            spectral_radius=None,
            type=None,
            stability=verdict,
        )
    matrix, uncertainty = _product(jacobians)
    tangent = own.tangent
    if tangent.shape[1] and first:  # the continuum's direction at what is now the first point
        tangent = np.linalg.qr(_product(np.roll(jacobians, first, axis=0)[:first])[0] @ tangent)[0]
    judged = local_stability("map", matrix, uncertainty, tangent=tangent)
    because = judged.verdict.because.replace("of equilibria", "of periodic orbits")
    because = because.replace("is an equilibrium", "is periodic")
    return PeriodicOrbit(
        points=points,
        residual=residual,
        isolated=own.isolated,
        multipliers=sorted_values(judged.spectrum.eigenvalues),
        spectral_radius=judged.spectrum.radius.value,
        type=judged.type,
        stability=replace(judged.verdict, because=because),
    )


def _product(jacobians: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """J_{n−1} ⋯ J_0, shape (m, m), and a bound on the error of its entries."""
    matrix = size = np.eye(jacobians.shape[1])
    for jacobian in jacobians:
        matrix, size = jacobian @ matrix, np.abs(jacobian) @ size
    return matrix, 64 * len(jacobians) * EPS * (size + np.abs(matrix).max())
