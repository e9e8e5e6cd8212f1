"""The equilibria that algorithms rest at, ready to be followed as one number varies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..dynamics.system import System
from ..equilibria.equilibrium import Equilibrium
from ..errors import InputError
from ..fields import Field
from ..rules import Rule
from .axes import Axis, Interval, Setup, resolve
from .branch import Branch
from .compiled import Compiled
from .prepare import Origin, chosen_equilibrium, origin_of, setup_of
from .problem import Problem, point_text

_READS = frozenset({"jacobian", "point"})
_SAME = 1e-9  # of the box: equilibria no farther apart are one


@dataclass(frozen=True)
class Followed:
    """The equilibria that an algorithm rests at; where there are none to follow, `because` says why.

    `warnings`: what to know of those that there are.
    """

    branches: tuple[Branch, ...]
    warnings: tuple[str, ...] = ()
    because: str | None = None


def find_branches(
    system: System,
    interval: Interval,
    algorithms: Sequence[tuple[Field | None, Rule | None]],
    *,
    penalties: Sequence[Any],
    parameters: Mapping[Any, Any] | None,
    at: Mapping[str, Any] | None,
    box: Mapping[str, tuple[float, float]] | None,
    seed: int,
    everywhere: bool,
) -> Iterator[Followed]:
    """For every algorithm the equilibria that it rests at, or the one at the point `at`.

    An algorithm that does not have the setting, while another one has, does not change with it. One that
    cannot be followed says so itself; it is no matter of the others.

    Raises InputError if no algorithm has the setting.
    """
    setups = [setup_of(system, field, rule, penalties, parameters) for field, rule in algorithms]
    finder = _Finder(system, interval, at, box, seed, everywhere or at is not None)
    axes = _axes(interval.name, setups)
    return itertools.starmap(finder.tried, zip(setups, axes, strict=True))


class _Finder:
    """Searches and compilations, each made once for all algorithms that share it."""

    def __init__(
        self,
        system: System,
        interval: Interval,
        at: Mapping[str, Any] | None,
        box: Mapping[str, tuple[float, float]] | None,
        seed: int,
        everywhere: bool,
    ):
        self.system, self.interval, self.at, self.box, self.seed = system, interval, at, box, seed
        self.everywhere = everywhere
        self.found: dict[str, tuple[Equilibrium, ...]] = {}
        self.compiled: dict[tuple[Any, ...], Compiled] = {}

    def tried(self, setup: Setup, axis: Axis | InputError | None) -> Followed:
        """The algorithm's equilibria, or why they cannot be followed."""
        try:
            if isinstance(axis, InputError):
                raise axis
            return self._followed(setup, axis)
        except InputError as error:
            return Followed((), because=str(error))

    def _followed(self, setup: Setup, axis: Axis | None) -> Followed:
        warnings = []
        if axis is None:
            warnings.append(f"this algorithm has no {self.interval.name}; it is always the same")
        axes = () if axis is None else (axis,)
        grids = [self.interval.inner for _ in axes]
        origin = origin_of(self.system, setup, axes, grids, self.box, self.everywhere)
        if self.at is not None:
            problems = [self._chosen(origin, self.at)]
        else:
            equilibria = self._rest_points(origin)
            kept = [e for e in equilibria if e.differentiable]
            if len(kept) < len(equilibria):
                warnings.append("an equilibrium at which the field has no derivative is left out")
            if not kept:
                raise InputError(self._nothing(origin, equilibria))
            problems = [origin.problem(e, of_step=True) for e in kept]
        return Followed(tuple(self._branch(problem) for problem in problems), tuple(warnings))

    def _rest_points(self, origin: Origin) -> tuple[Equilibrium, ...]:
        key = repr((origin.setup.field if origin.rests_apart else None, not origin.axes))
        if key not in self.found:
            self.found[key] = origin.rest_points(seed=self.seed)
        return self.found[key]

    def _nothing(self, origin: Origin, kinks: Sequence[Equilibrium]) -> str:
        """Why there is nothing to follow: rest points without a derivative, or none at all."""
        field, what = "field", "equilibrium"
        if origin.rests_apart:
            field = f"{origin.setup.field.name} field"
            what = f"rest point of the {field}"
            game = self._rest_points(replace(origin, rests_apart=False))
            own = [origin.described(e.point, e.exact or ()) for e in game]
            kinks = [*kinks, *(e for e in own if not e.differentiable)]
        if kinks:
            where = point_text(origin.subject.variables, kinks[0].point)
            return f"the {field} is not differentiable at {where}"
        return (
            f"no {what} was found in the box from which to vary {self.interval.name}; give a larger box, "
            "another value or a point"
        )

    def _chosen(self, origin: Origin, at: Mapping[str, Any]) -> Problem:
        """From the equilibrium at a point, in closed form in the parameters if a search finds it so."""
        problem = origin.problem(chosen_equilibrium(origin, at), of_step=True)
        subject = origin.subject
        if problem.moving and problem.coordinates is None and subject.symbolic is not None:
            scale = subject.box[:, 1] - subject.box[:, 0]
            for e in self._rest_points(origin):
                apart = np.abs(e.point - problem.base.point)
                if e.generic and (apart <= _SAME * scale).all():
                    return origin.problem(e, of_step=True)
        return problem

    def _branch(self, problem: Problem) -> Branch:
        key = (repr(problem.setup.field), problem.axes, problem.base.point.tobytes())
        if key not in self.compiled:
            self.compiled[key] = Compiled(problem, _READS)
        return Branch(problem, self.compiled[key])


def _axes(name: str, setups: Sequence[Setup]) -> list[Axis | InputError | None]:
    """What the name means to each algorithm: None to one that has nothing of that name, or an error."""
    axes: list[Axis | InputError | None] = []
    for setup in setups:
        try:
            axes.append(resolve(name, setup))
        except InputError as error:
            axes.append(error)
    meanings = [axis for axis in axes if isinstance(axis, Axis)]
    for i, (setup, axis) in enumerate(zip(setups, axes, strict=True)):
        if isinstance(axis, InputError):
            if not meanings:
                raise axis
            if all(_lacks(setup, meaning) for meaning in meanings):
                axes[i] = None
    return axes


def _lacks(setup: Setup, axis: Axis) -> bool:
    """Whether an algorithm has nothing like an axis that another one has."""
    if axis.owner in ("parameter", "penalty"):  # these are everybody's
        return False
    own = getattr(getattr(setup, axis.owner), axis.setting, None)
    return own is None or "." in axis.name  # heavy-ball.beta is not nesterov's beta
