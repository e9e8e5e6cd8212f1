"""The paths of a flow and of algorithms side by side, as numbers and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..analysis.study import Study
from ..documents.blocks import Block, Bullets, Heading, Paragraph, Row, Table
from ..documents.numbers import number
from ..documents.page import Page
from ..dynamics.integrate import integrate
from ..dynamics.simulate import simulate
from ..dynamics.system import System
from ..dynamics.trajectory import Outcome, Trajectory
from ..errors import InputError
from ..fields import Field
from ..penalties import Penalty
from ..rules import Rule
from .data import numbers, path_to_dict
from .paths import PathComparison, compare_paths, losses
from .portrait import Portrait
from .portray import STEPS, Scene, make_scene, portray

SCHEMA = "stability-trajectory/1"
ROWS = 8  # of a table, besides the start
SHOWN = 2  # variables: with more, a table shows the distance from the nearest equilibrium instead
MOST = 4  # variables of a point that are shown at all
DIGITS = 3


@dataclass(frozen=True, eq=False)
class Paths(Page):
    """Where a system goes from its starts: the flow, each rule's steps, and how far apart they are.

    - `scene`: the system, its equilibria and the starts.
    - `comparisons`: one for every rule and start, rule by rule; none for a map or where there is no rule.
    - `alone`: the paths of a flow without a rule, or of a map, one per start; else none.
    - `time`: how long the flow was followed; None for a map.
    """

    scene: Scene
    comparisons: tuple[PathComparison, ...]
    alone: tuple[Trajectory, ...]
    time: float | None

    @cached_property
    def portrait(self) -> Portrait:
        """The phase portrait that these paths are drawn on."""
        return portray(self.scene, self.time)

    def distances(self, points: np.ndarray) -> np.ndarray | None:
        """How far `points` (n, d) are from the nearest equilibrium found, shape (n,); None if none was.

        Angles are taken modulo their periods, and all variables count, those too that totals tell.
        """
        rests = [place.main.point for place in self.scene.places]
        if not rests:
            return None
        study = self.scene.study
        ways = (study.nearest(points - rest) for rest in rests)
        ends = (
            study.in_all_variables(points) - study.in_all_variables(points - way) for way in ways
        )
        return np.min([np.linalg.norm(way, axis=1) for way in ends], axis=0)

    def losses(self, points: np.ndarray) -> np.ndarray | None:
        """The players' losses at `points` (n, d), shape (n, players); None if this is no game."""
        game = self.scene.study.numeric
        return losses(game, points) if game.kind == "game" else None

    def to_dict(self) -> dict[str, Any]:
        """The paths as JSON-ready data, schema stability-trajectory/1."""
        study = self.scene.study
        return {
            "schema": SCHEMA,
            "kind": study.kind,
            "name": study.name,
            "variables": list(study.all_variables),
            "parameters": {p.name: float(value) for p, value in study.values.items()},
            "paths": [path_to_dict(path, study.in_all_variables) for path in self.alone],
            "comparisons": [_comparison(own, study) for own in self.comparisons],
        }

    def blocks(self) -> tuple[Block, ...]:
        """The paths as headings, sentences and tables."""
        study = self.scene.study
        blocks: list[Block] = [Heading(f"Paths of {study.name}", 1)]
        for path in self.alone:
            what = "map" if study.kind == "map" else "flow"
            blocks.append(Heading(f"The {what} from {self._point(path.points[0])}", 2))
            blocks.append(Paragraph(self._ending(path, f"The {what}"), strong=True))
            blocks.append(self._table_alone(path))
        for own in self.comparisons:
            blocks.append(Heading(f"{own.rule} from {self._point(own.steps.points[0])}", 2))
            blocks.append(Bullets(self._sentences(own), strong=True))
            blocks.append(self._table(own))
        for name in study.numeric.angles:
            period = number(float(study.numeric.angles[name]))
            said = (
                f"Note: {name} is followed without jumps; what is {period} apart is the same angle."
            )
            blocks.append(Paragraph(said))
        blocks += [Paragraph(f"Note: {warning}.") for warning in self.scene.warnings]
        return tuple(blocks)

    def rows(self) -> list[dict[str, Any]]:
        """Every point of every path as a row of a table: path, start, time, the variables, losses.

        A variable called path, start or time has the column `variable time`, say.
        """
        found = []
        for path in self.alone:
            found += self._rows("map" if self.time is None else "flow", path, path.times)
        for own in self.comparisons:
            found += self._rows("flow", own.flow, own.flow.times)
            found += self._rows(own.rule, own.steps, own.steps.times * own.step_time)
            if own.modified is not None:
                found += self._rows(
                    f"modified flow of {own.rule}", own.modified, own.modified.times
                )
        return found

    def _rows(self, name: str, path: Trajectory, times: np.ndarray) -> list[dict[str, Any]]:
        own, told = self.losses(path.points), ("path", "start", "time")
        study = self.scene.study
        variables = [f"variable {v}" if v in told else v for v in study.all_variables]
        points = study.in_all_variables(path.points)
        players = getattr(self.scene.study.numeric, "players", ())
        return [
            {
                "path": name,
                "start": self._point(path.points[0]),
                "time": float(times[k]),
                **dict(zip(variables, points[k].tolist(), strict=True)),
                **(
                    {}
                    if own is None
                    else {f"loss of {p}": float(own[k, i]) for i, p in enumerate(players)}
                ),
            }
            for k in range(len(times))
        ]

    def _sentences(self, own: PathComparison) -> tuple[str, ...]:
        sentences = [
            self._ending(own.flow, "The flow"),
            self._ending(own.steps, f"{own.rule}", own.step_time),
        ]
        if len(own.times):
            apart = f"They are {number(own.flow_distances[-1], DIGITS)} apart at time {number(own.times[-1])}"
            if own.modified_distances is None:
                sentences.append(f"{apart}. {own.reason}.")
            else:
                near = number(own.modified_distances[-1], DIGITS)
                sentences.append(f"{apart}; the steps are {near} from the modified flow.")
        return tuple(sentences)

    def _ending(self, path: Trajectory, what: str, step_time: float | None = None) -> str:
        """Where a path ended and why."""
        if step_time is None:
            unit = "step" if path.interpolant is None else "time"
            when = f"at {unit} {number(float(path.times[-1]))}"
        else:
            when = f"after {int(path.times[-1])} steps (time {number(path.times[-1] * step_time)})"
        how = "" if path.outcome is Outcome.FINISHED else f": {path.outcome}"
        away = self.distances(path.points[[0, -1]])
        rest = ""
        if away is not None:
            began, ended = (number(own, DIGITS) for own in away)
            rest = f", {ended} from the nearest equilibrium (at first {began})"
        return f"{what[:1].upper()}{what[1:]} is at {self._point(path.end)} {when}{rest}{how}."

    def _table(self, own: PathComparison) -> Table:
        columns = ["Step", "Time", self._column("Flow"), self._column("Steps"), "Apart"]
        if own.modified_distances is not None:
            columns.append("From modified")
        rows = []
        for k in _spread(len(own.times)):
            t = own.times[k]
            cells = [str(int(own.steps.times[k])), number(t, DIGITS)]
            cells += [self._cell(own.flow(t)), self._cell(own.steps.points[k])]
            cells.append(number(own.flow_distances[k], DIGITS))
            if own.modified_distances is not None:
                cells.append(number(own.modified_distances[k], DIGITS))
            rows.append(Row(tuple(cells)))
        return Table(tuple(columns), tuple(rows))

    def _table_alone(self, path: Trajectory) -> Table:
        when = "Step" if path.interpolant is None else "Time"
        if path.interpolant is None:
            chosen = [(path.times[k], path.points[k]) for k in _spread(len(path))]
        else:
            times = np.linspace(path.times[0], path.times[-1], ROWS + 1)
            chosen = list(zip(times, path(times), strict=True))
        rows = [(number(float(t), DIGITS), self._point(x)) for t, x in chosen]
        away = self.distances(np.stack([x for _, x in chosen]))
        if away is None:
            return Table((when, "At"), tuple(map(Row, rows)))
        rows = [(*row, number(own, DIGITS)) for row, own in zip(rows, away, strict=True)]
        return Table((when, "At", "From equilibrium"), tuple(map(Row, rows)))

    def _column(self, what: str) -> str:
        return what if self._shown else f"{what}, from equilibrium"

    @property
    def _shown(self) -> bool:
        """Whether tables show points, and not how far they are from rest."""
        return len(self.scene.study.all_variables) <= SHOWN or not self.scene.places

    def _cell(self, x: np.ndarray) -> str:
        away = self.distances(x[None])
        return self._point(x) if self._shown or away is None else number(away[0], DIGITS)

    def _point(self, x: np.ndarray) -> str:
        x = self.scene.study.in_all_variables(x)
        more = ", …" if len(x) > MOST else ""
        return f"({', '.join(number(float(value), DIGITS) for value in x[:MOST])}{more})"


def follow(
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
    seed: int = 0,
    everywhere: bool = False,
) -> Paths:
    """The paths of a game's flow and of rules along it, of a flow, or of a map, from some starts.

    Shows itself as text, Markdown, JSON and HTML; `stability.plots.trajectory` draws it.

    **Arguments:** `system`, `fields`, `field`, `rules`, `penalties`, `parameters`, `box`, `starts`,
    `seed` and `everywhere` are those of `stability.phase_portrait`, and so are `at` and `span`, the plane
    that they are drawn in; `steps`: how many a rule or a map takes; `time`: how long flow and rules run (in
    place of `steps`).

    Raises InputError as `phase_portrait` does, and for rules without a step size.
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
    if scene.study.kind == "map":
        if time is not None:
            raise InputError("a map goes by steps, not by time: say steps")
        return Paths(scene, (), simulate_all(scene), None)
    chosen: dict[str, Any] = {"steps": steps} if time is None else {"t": time}
    comparisons = tuple(
        compare_paths(scene.flow, rule, x, **chosen)
        for rule in scene.study.rules
        for x in scene.starts
    )
    duration = scene.time(time)
    alone = () if comparisons else integrate(scene.flow, scene.starts, duration)
    assert isinstance(alone, tuple)
    return Paths(scene, comparisons, alone, duration)


def simulate_all(scene: Scene) -> tuple[Trajectory, ...]:
    """The orbits of a map from all starts."""
    system = scene.study.main
    found = simulate(system, scene.starts, scene.steps)
    assert isinstance(found, tuple)
    return found


def _spread(n: int) -> list[int]:
    """Some of the numbers 0 … n − 1, the first and the last among them, evenly."""
    return sorted({round(k) for k in np.linspace(0, n - 1, min(n, ROWS + 1))}) if n else []


def _comparison(own: PathComparison, study: Study) -> dict[str, Any]:
    modified, lift = own.modified, study.in_all_variables
    return {
        "rule": own.rule,
        "step_time": own.step_time,
        "flow": path_to_dict(own.flow, lift),
        "steps": path_to_dict(own.steps, lift),
        "modified": None if modified is None else path_to_dict(modified, lift),
        "reason": own.reason,
        "times": numbers(own.times),
        "flow_distances": numbers(own.flow_distances),
        "modified_distances": None
        if own.modified_distances is None
        else numbers(own.modified_distances),
    }
