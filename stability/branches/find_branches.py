"""The equilibria that algorithms rest at, ready to be followed as one number varies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..dynamics.system import System
from ..equilibria.find import Equilibrium
from ..errors import InputError
from ..fields import Field
from ..rules import Rule
from .axes import Axis, Interval, Setup, resolve
from .branch import Branch
from .compiled import Compiled
from .prepare import Origin, chosen_equilibrium, origin_of, setup_of
from .problem import Problem

_READS = frozenset({"jacobian", "point"})
_SAME = 1e-9  # of the box: equilibria no farther apart are one

Followed = tuple[list[Branch], list[str]]


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
) -> list[Followed]:
    """For every algorithm the equilibria that it rests at, or the one at the point `at`, and warnings.

    An algorithm that does not have the setting, while another one has, does not change with it.

    Raises InputError if no algorithm has it, for one that cannot tell which of several is meant, and if there
    is no equilibrium.
    """
    setups = [setup_of(system, field, rule, penalties, parameters) for field, rule in algorithms]
    finder = _Finder(system, interval, at, box, seed)
    axes = _axes(interval.name, setups)
    return [finder.followed(*own) for own in zip(setups, axes, strict=True)]


class _Finder:
    """Searches and compilations, each made once for all algorithms that share it."""

    def __init__(
        self,
        system: System,
        interval: Interval,
        at: Mapping[str, Any] | None,
        box: Mapping[str, tuple[float, float]] | None,
        seed: int,
    ):
        self.system, self.interval, self.at, self.box, self.seed = system, interval, at, box, seed
        self.found: dict[str, tuple[Equilibrium, ...]] = {}
        self.compiled: dict[tuple[Any, ...], Compiled] = {}

    def followed(self, setup: Setup, axis: Axis | None) -> Followed:
        warnings = []
        if axis is None:
            warnings.append(f"this algorithm has no {self.interval.name}; it is always the same")
        axes = () if axis is None else (axis,)
        grids = [self.interval.inner for _ in axes]
        origin = origin_of(self.system, setup, axes, grids, self.box)
        if self.at is not None:
            problems = [self._chosen(origin, self.at)]
        else:
            equilibria = self._rest_points(origin)
            kept = [e for e in equilibria if e.differentiable]
            if len(kept) < len(equilibria):
                warnings.append("an equilibrium at which the field has no derivative is left out")
            if not kept:
                raise InputError(
                    f"no equilibrium was found in the box from which to vary {self.interval.name}; give a "
                    "larger box, another value or a point"
                )
            problems = [origin.problem(e, of_step=True) for e in kept]
        return [self._branch(problem) for problem in problems], warnings

    def _rest_points(self, origin: Origin) -> tuple[Equilibrium, ...]:
        key = repr((origin.setup.field if origin.rests_apart else None, not origin.axes))
        if key not in self.found:
            self.found[key] = origin.rest_points(seed=self.seed)
        return self.found[key]

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


def _axes(name: str, setups: Sequence[Setup]) -> list[Axis | None]:
    """What the name means to each algorithm; None to one that has nothing of that name."""
    axes: list[Axis | None] = []
    errors: list[InputError | None] = []
    for setup in setups:
        try:
            axes.append(resolve(name, setup))
            errors.append(None)
        except InputError as error:
            axes.append(None)
            errors.append(error)
    meanings = [axis for axis in axes if axis is not None]
    for setup, error in zip(setups, errors, strict=True):
        if error is not None and not (
            meanings and all(_lacks(setup, meaning) for meaning in meanings)
        ):
            raise error
    return axes


def _lacks(setup: Setup, axis: Axis) -> bool:
    """Whether an algorithm has nothing like an axis that another one has."""
    if axis.owner in ("parameter", "penalty"):  # these are everybody's
        return False
    own = getattr(getattr(setup, axis.owner), axis.setting, None)
    return own is None or "." in axis.name  # heavy-ball.beta is not nesterov's beta
