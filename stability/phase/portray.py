"""From a game, a flow or a map to its phase portrait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ..analysis.at_point import Place, analyse
from ..analysis.here import here
from ..analysis.study import Study, as_study
from ..attraction.basins import basins as find_basins
from ..attraction.value import Basins
from ..cycles.invariant_curves import invariant_curves
from ..cycles.limit_cycles import limit_cycles
from ..cycles.value import Cycle
from ..documents.numbers import number
from ..dynamics.flow import Flow
from ..dynamics.integrate import integrate
from ..dynamics.plane import Plane, choose_plane
from ..dynamics.positive_settings import check_positive, check_whole
from ..dynamics.simulate import simulate
from ..dynamics.system import System, check_system
from ..dynamics.trajectory import Outcome
from ..errors import InputError
from ..fields import Field
from ..games.sets import Sets, tangent
from ..penalties import Penalty
from ..rules import Rule, Simultaneous
from .feasible import feasible, plane_of_sets
from .nullclines import nullclines
from .paths import duration, rule_path
from .portrait import Portrait, Spot, Steps
from .separatrices import separatrices
from .start_points import portrait_starts, sample, sets_of

ARROWS = 61  # points of the field's grid to a side
GRAPH = 801  # points of the graph of a system of one variable
STEPS = 200
CROSSINGS = 20.0  # how often a flow without a rule could cross the box at its median speed
IN_PLANE = 1e-6  # how far from the plane, relative to the box, an equilibrium may be that is drawn
ATTRACTING = ("exponentially stable", "asymptotically stable")
NAMED = 4  # variables that a plane holds fixed, and that a sentence names
COLOURS = (160, 160)  # starts of basins
MARGIN = 0.05  # of the players' sets, around them in a picture
SLID = 1e-6  # how far outside the players' sets the points of a cycle may be


def phase_portrait(
    system: System | Study,
    *,
    fields: Sequence[Field] = (),
    field: Field | None = None,
    rules: Sequence[Rule] | None = None,
    penalties: Sequence[Penalty] = (),
    parameters: Mapping[Any, Any] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    starts: Sequence[Any] | None = None,
    steps: int = STEPS,
    time: float | None = None,
    at: Mapping[str, Any] | None = None,
    span: Sequence[Any] | None = None,
    basins: Literal["flow", "steps"] | None = None,
    curves: bool = True,
    seed: int = 0,
    everywhere: bool = False,
) -> Portrait:
    """The phase portrait of a game, a flow or a map, of one variable, two, or a plane through more.

    **Arguments:**

    - `system`, `penalties`, `parameters`, `box`, `seed`, `everywhere`: as for `stability.report`.
    - `fields`: the one field of a game that is drawn; default: the gradient field (`field` is another
      spelling). `rules`: whose steps to draw on it; default for a game: simultaneous with lr = 0.1; for a
      flow: none.
    - `starts`: where paths start, each a mapping by variable or a vector (d,); default: the system's own
      start, or, if there is none or nothing moves there, a point between the middle of the box and its
      upper corner.
    - `steps`: how many steps every rule, or a map, takes. `time`: how long the flow runs; default: as long
      as the longest of the rules' paths, and without a rule long enough to cross the box a few times.
    - `at`, `span`: for more than two variables the plane: through the equilibrium `at` (default: the
      first one), spanned by two variables or two vectors (default: its leading eigenvectors).
    - `basins`: colour a grid of starts by where the flow, or the first rule's steps, take them.
    - `curves`: whether nullclines, separatrices and cycles are looked for.

    Everything is computed in float64; no global JAX setting is changed. Raises InputError as
    `stability.report` does, and for starts, planes and times that do not fit.
    """
    scene = make_scene(
        system,
        fields=fields,
        field=field,
        rules=rules,
        penalties=penalties,
        parameters=parameters,
        box=box,
        starts=starts,
        steps=steps,
        at=at,
        span=span,
        seed=seed,
        everywhere=everywhere,
    )
    return portray(scene, time, basins, curves)


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn: the system, where it rests, where paths start, shape (k, d), and their steps."""

    study: Study
    places: Sequence[Place]
    warnings: Sequence[str]
    plane: Plane | None
    starts: np.ndarray
    steps: int

    @property
    def flow(self) -> Flow:
        """The field's flow in JAX, from its formulas where there are any."""
        return self.study.flows[0].quick

    def time(self, asked: float | None) -> float:
        """How long the flow runs: as asked, as long as the rules' steps, or so that it gets about."""
        if asked is not None:
            check_positive(asked, "the time")
            return asked
        longest = max((duration(rule) * self.steps for rule in self.study.rules), default=None)
        return longest or _crossing_time(self.flow, self.study)


def make_scene(
    system: System | Study,
    *,
    starts: Sequence[Any] | None,
    steps: int,
    seed: int,
    at: Mapping[str, Any] | None = None,
    span: Sequence[Any] | None = None,
    rules: Sequence[Rule] | None = None,
    everywhere: bool = False,
    **options: Any,
) -> Scene:
    """Checks the arguments of `phase_portrait` and finds the equilibria; raises InputError."""
    check_whole(steps, "the number of steps", 1, 10**7)
    if not isinstance(system, Study):
        check_system(system)
    given = rules is not None or (isinstance(system, Study) and system.options["rules"] is not None)
    if not given and system.kind == "game":
        rules = [Simultaneous()]
    study = as_study(system, rules=rules, **options).of_one_field()
    found = study.rest_points(seed=seed, elsewhere=False, everywhere=everywhere)
    through = found if at is None else study.rest_points(at, seed=seed)
    return Scene(
        study=study,
        places=found.places,
        warnings=found.warnings,
        plane=_plane(study, through.places, span),
        starts=portrait_starts(study, starts, found.places),
        steps=steps,
    )


def portray(
    scene: Scene, time: float | None = None, basins: str | None = None, curves: bool = True
) -> Portrait:
    """The portrait of a scene; the arguments are those of `phase_portrait`."""
    if scene.study.kind == "map":
        return _of_map(scene, basins is not None, curves)
    if basins == "steps" and not scene.study.rules:
        raise InputError('basins of the steps need a rule; the flow has basins="flow"')
    return _of_flow(scene, time, basins, curves)


def _plane(study: Study, places: Sequence[Place], span: Sequence[Any] | None) -> Plane | None:
    """The picture's plane; None for one variable."""
    if len(study.variables) == 1:
        return None
    periods = None if study.circles is None else study.circles.lengths
    sets = sets_of(study)
    if len(study.variables) == 2:
        shown = _shown(study.box, sets)
        return choose_plane(study.variables, shown, axes=span, periods=periods)
    origin, jacobian = study.box.mean(axis=1), None
    for place in places:
        e = place.fields[0] if place.fields else place.main
        if e.differentiable:
            evaluate = study.flows[0].numeric.evaluate if place.fields else study.main.evaluate
            origin, jacobian = e.point, evaluate(e.point[None])[1][0]
            break
    if sets is not None:
        origin = sets.project(origin)
        own = plane_of_sets(study.variables, study.box, sets, origin, jacobian, span)
        if own is not None:
            return own
    if jacobian is None and span is None:
        span = study.variables[:2]
    return choose_plane(study.variables, study.box, origin, jacobian, span, periods)


def _shown(box: np.ndarray, sets: Sets | None) -> np.ndarray:
    """The box, with a margin where the players' sets end inside it or at its side."""
    if sets is None:
        return box
    low, high = np.maximum(box[:, 0], sets.box[:, 0]), np.minimum(box[:, 1], sets.box[:, 1])
    room = MARGIN * (high - low)
    ended = np.isfinite(sets.box)
    low = np.where(ended[:, 0] & (sets.box[:, 0] >= box[:, 0]), low - room, low)
    high = np.where(ended[:, 1] & (sets.box[:, 1] <= box[:, 1]), high + room, high)
    return np.stack([low, high], axis=1)


def _of_flow(scene: Scene, time: float | None, basins: str | None, curves: bool) -> Portrait:
    flow, plane, study = scene.flow, scene.plane, scene.study
    grid = None if plane is None else _grid(flow, plane)
    sets = sets_of(study)
    graph = _graph(flow.values, study.box) if plane is None else None
    lasts = scene.time(time)
    paths = integrate(flow, scene.starts, lasts)
    assert isinstance(paths, tuple)
    walked = [
        _steps(rule, flow, x, scene.steps, curves) for rule in study.rules for x in scene.starts
    ]
    spots, beside = _spots(scene)
    clines, manifolds, cycles = (), (), ()
    if curves and plane is not None:
        clines = nullclines(flow, plane, symbolic=scene.study.flows[0].formulas)
        saddles = [
            spot.point
            for spot in spots
            if spot.type.startswith("saddle") and (sets is None or tangent(sets, spot.point).whole)
        ]
        if saddles:
            manifolds = separatrices(flow, np.array(saddles), plane, study.box)
        cycles = limit_cycles(flow, scene.starts, study.box)
        if sets is not None:  # what closes outside, or slides, is no cycle of the free flow
            cycles = tuple(c for c in cycles if max(map(sets.outside, c.points)) < SLID)
    return Portrait(
        kind="flow",
        name=study.name,
        variables=study.variables,
        parameters=_parameters(study),
        plane=plane,
        graph=graph,
        grid=grid,
        feasible=None if plane is None or sets is None else feasible(plane, sets, study.variables),
        spots=spots,
        nullclines=clines,
        separatrices=manifolds,
        cycles=cycles,
        basins=_basins(scene, spots, cycles, basins, lasts),
        paths=paths,
        steps=tuple(walked),
        remarks=_remarks(scene, len(spots), len(beside)),
        beside=beside,
    )


def _of_map(scene: Scene, coloured: bool, curves: bool) -> Portrait:
    study, plane = scene.study, scene.plane
    system = study.main
    spots, beside = _spots(scene)
    cycles = invariant_curves(system, scene.starts) if curves else ()
    paths = simulate(system, scene.starts, scene.steps)
    assert isinstance(paths, tuple)
    return Portrait(
        kind="map",
        name=study.name,
        variables=study.variables,
        parameters=_parameters(study),
        plane=plane,
        graph=_graph(system.values, study.box) if plane is None else None,
        grid=None,
        spots=spots,
        nullclines=(),
        separatrices=(),
        cycles=cycles,
        basins=_basins(scene, spots, cycles, "flow" if coloured else None, 0.0),
        paths=paths,
        steps=(),
        remarks=_remarks(scene, len(spots), len(beside)),
        beside=beside,
        period=0.0
        if plane is not None or study.circles is None
        else float(study.circles.lengths[0]),
    )


def _spots(scene: Scene) -> tuple[tuple[Spot, ...], tuple[Spot, ...]]:
    """The equilibria with their types: those in the plane, and those outside it."""
    study, spots, beside = scene.study, [], []
    for place in scene.places:
        e = place.fields[0] if place.fields else place.main
        position, inside = np.array([e.point[0], 0.0]), True
        if scene.plane is not None:
            position = scene.plane.coordinates(e.point)
            far = IN_PLANE * np.ptp(study.box, axis=1).max()
            inside = scene.plane.distances(e.point) <= far
        if place.fields:
            found = here(study, place).flow
        else:
            (found,) = analyse(study, place, None).maps
        own = Spot(e.point, position, found.type, found.stability.verdict, _label(e.point))
        (spots if inside else beside).append(own)
    return tuple(spots), tuple(beside)


def _label(point: np.ndarray) -> str:
    return f"({', '.join(number(float(x), 4) for x in point)})"


def _grid(flow: Flow, plane: Plane) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The field projected onto the plane, on a grid of its box."""
    u, w = (np.linspace(low, high, ARROWS) for low, high in plane.box)
    coordinates = np.stack(np.meshgrid(u, w), axis=-1)
    points = plane.points(coordinates).reshape(-1, len(plane.origin))
    # outside the players' sets, where nothing is drawn, as at their nearest point
    velocity = flow.values(points if flow.kept_in is None else flow.kept_in.project(points))
    with np.errstate(invalid="ignore", over="ignore"):  # at a pole
        inside = velocity @ np.linalg.pinv(plane.axes).T
    return u, w, inside.reshape(ARROWS, ARROWS, 2)


def _graph(
    values: Callable[[np.ndarray], np.ndarray], box: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The right-hand side of a system of one variable, over its box."""
    x = np.linspace(box[0, 0], box[0, 1], GRAPH)
    return x, values(x[:, None])[:, 0]


def _crossing_time(flow: Flow, study: Study) -> float:
    """A time in which a path gets about: the box's diagonal over the median speed, a few times."""
    box = study.box
    speeds = np.linalg.norm(flow.values(sample(study, 64)), axis=1)
    speeds = speeds[np.isfinite(speeds) & (speeds > 0)]
    diagonal = float(np.linalg.norm(np.ptp(box, axis=1)))
    return CROSSINGS * diagonal / float(np.median(speeds)) if len(speeds) else 1.0


def _parameters(study: Study) -> dict[str, float]:
    return {p.name: float(value) for p, value in study.values.items()}


def _steps(rule: Rule, flow: Flow, x: np.ndarray, steps: int, curves: bool) -> Steps:
    """The path of a rule from x, and what it settles on if that is no point."""
    path, half = rule_path(rule, flow, x, steps)
    settled = ()
    if curves and path.outcome is Outcome.FINISHED:
        system = rule.map(flow)
        found = invariant_curves(system, path.states[-1])
        settled = tuple(replace(own, points=own.points[:, : flow.dimension]) for own in found)
    return Steps(_named(rule), path, half, settled)


def _named(rule: Rule) -> str:
    """A rule with its step size, for a legend."""
    sizes = rule.lr if isinstance(rule.lr, Mapping) else {"": rule.lr}
    shown = [
        f"lr.{player}={float(lr):g}" if player else f"lr={float(lr):g}"
        for player, lr in sizes.items()
        if lr is not None
    ]
    return ", ".join([str(rule), *shown])


def _basins(
    scene: Scene, spots: Sequence[Spot], cycles: Sequence[Cycle], whose: str | None, time: float
) -> Basins | None:
    """Where the starts in the plane end: by the flow or map itself, or by the first rule's steps."""
    if whose is None:
        return None
    if scene.plane is None:
        raise InputError("basins are coloured in a plane; this system has one variable")
    study = scene.study
    if whose == "steps" and study.rules:
        rule = study.rules[0]
        return find_basins(scene.flow, scene.plane, until=scene.steps, shape=COLOURS, rule=rule)
    known = [spot.point for spot in spots if spot.stability in ATTRACTING]
    known += [cycle.points for cycle in cycles if cycle.stable]
    if study.kind == "map":
        return find_basins(
            study.main, scene.plane, until=scene.steps, shape=COLOURS, attractors=known
        )
    return find_basins(scene.flow, scene.plane, until=time, shape=COLOURS, attractors=known)


def _remarks(scene: Scene, inside: int, outside: int) -> tuple[str, ...]:
    sets = sets_of(scene.study)
    flat = sets is not None and np.linalg.matrix_rank(tangent(sets, sets.middle).matrix) == 2
    if scene.plane is None or scene.plane.whole or (flat and not outside):
        return tuple(scene.warnings)
    said = f"the picture is {_named_plane(scene.study.variables, scene.plane)}; the field and the paths are "
    said += "projected onto it"
    if outside:
        said += f", and so are the equilibria outside it: {outside} of the {inside + outside}"
    return (*scene.warnings, said)


def _named_plane(variables: Sequence[str], plane: Plane) -> str:
    """The plane by two variables and the values of the others if there are few, else by a point of it."""
    others = [i for i, name in enumerate(variables) if name not in plane.labels]
    if len(others) != len(variables) - 2 or len(others) > NAMED:
        return f"the plane through {_label(plane.origin)}"
    where = ", ".join(f"{variables[i]} = {number(float(plane.origin[i]), 4)}" for i in others)
    return f"the plane of {' and '.join(plane.labels)} at {where}"
