"""From the arguments of `stability.tune` to the equilibria that are followed, for every algorithm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from ..analysis.subject import Subject, constants, prepare
from ..dynamics.batch import batch_size
from ..dynamics.flow import SymbolicFlow
from ..dynamics.map import SymbolicMap
from ..dynamics.system import SymbolicSystem, System
from ..dynamics.system import exact as exact_number
from ..equilibria.find import Equilibrium, find_equilibria
from ..errors import InputError
from ..fields import Field, Gradient
from ..games.symbolic import SymbolicGame
from ..rules import Rule
from .axes import Axis, Setup, resolve
from .branch import Branch
from .compiled import Compiled
from .prepare import make_problem
from .problem import Problem, parameter_symbol

_ABOUT = ("spectral_radius",)  # so that rules which act differently from place to place are seen
_READS = frozenset({"jacobian", "point"})
_SAME = 1e-9  # of the box: equilibria no farther apart are one
_INSIDE = 1e-9  # of the interval: its ends themselves need not be allowed, as zero for a timescale


@dataclass(frozen=True)
class Interval:
    """What varies, and between which values."""

    name: str
    low: float
    high: float

    @property
    def inner(self) -> np.ndarray:
        """Three numbers that stand for the interval: next to its ends, and in the middle."""
        width = self.high - self.low if math.isfinite(self.high) else max(1.0, abs(self.low))
        return self.low + width * np.array([_INSIDE, 0.5, 1 - _INSIDE])


Followed = tuple[list[Branch], list[str]]
Searched = tuple[Subject, list[Equilibrium]]


def branches_of(
    system: System,
    interval: Interval,
    algorithms: Sequence[tuple[Field | None, Rule | None]],
    penalties: Sequence[Any],
    parameters: Mapping[Any, Any] | None,
    at: Mapping[str, Any] | None,
    box: Mapping[str, tuple[float, float]] | None,
    seed: int,
) -> list[Followed]:
    """For every algorithm the equilibria that it rests at, ready to be followed, and warnings.

    An algorithm that does not have the setting, while another one has, does not change with it.

    Raises InputError if no algorithm has it, for one that cannot tell which of several is meant, and if there
    is no equilibrium.
    """
    common = {"penalties": penalties, "parameters": parameters, "box": box}
    game = system.kind == "game"
    players = () if system.kind == "map" else system.partition.players
    values = _parameter_values(system, parameters)
    symbolic = isinstance(system, SymbolicGame | SymbolicFlow | SymbolicMap)
    setups = [
        Setup(values, field or (Gradient() if game else None), rule, tuple(penalties), players)
        for field, rule in algorithms
    ]
    axes = _axes(interval.name, setups)
    searched: dict[str, Searched] = {}
    compiled: dict[tuple[Any, ...], Compiled] = {}
    followed = []
    for (field, rule), setup, axis in zip(algorithms, setups, axes, strict=True):
        over = {} if axis is None else {interval.name: interval.inner}
        warnings = []
        if axis is None:
            warnings.append(f"this algorithm has no {interval.name}; it is always the same")
        rests_apart = game and not setup.field.keeps_equilibria

        def search(setup=setup, axis=axis, rests_apart=rests_apart) -> Searched:
            key = repr((setup.field if rests_apart else None, axis is None))
            if key not in searched:
                searched[key] = _searched(system, setup, axis, interval, rests_apart, box, seed)
            return searched[key]

        def problem_at(point, over=over, field=field, rule=rule) -> Problem:
            return make_problem(system, over, _ABOUT, field=field, rule=rule, at=point, **common)

        if at is not None:
            problem = problem_at(at)
            if problem.moving and problem.coordinates is None and symbolic:
                problem = _in_closed_form(problem, *search())
            problems = [problem]
        else:
            subject, equilibria = search()
            kept = [e for e in equilibria if e.differentiable]
            if len(kept) < len(equilibria):
                warnings.append("an equilibrium at which the field has no derivative is left out")
            if not kept:
                raise InputError(
                    f"no equilibrium was found in the box from which to vary {interval.name}; give a "
                    "larger box, another value or a point"
                )
            points = [dict(zip(subject.variables, e.point.tolist(), strict=True)) for e in kept]
            problems = [
                _with_base(problem_at(point), subject, e)
                for point, e in zip(points, kept, strict=True)
            ]
        branches = []
        for problem in problems:
            key = (repr(setup.field), axis, problem.base.point.tobytes())
            if key not in compiled:
                compiled[key] = Compiled(problem, _READS)
            branches.append(Branch(problem, rule, compiled[key]))
        followed.append((branches, warnings))
    return followed


def _parameter_values(system: System, parameters: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Every parameter's value by name, None for one that has none; `make_problem` checks the names."""
    if not isinstance(system, SymbolicSystem):
        return {}
    given = {str(key): value for key, value in constants(parameters or {}).items()}
    names = {s.name: None for s in system.free_parameters}
    names |= {s.name: v for s, v in system.parameters.items()}
    return {n: exact_number(given[n]) if n in given else v for n, v in names.items()}


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


def _searched(
    system: System,
    setup: Setup,
    axis: Axis | None,
    interval: Interval,
    rests_apart: bool,
    box: Mapping[str, tuple[float, float]] | None,
    seed: int,
) -> Searched:
    """The equilibria at the present value of what varies, or else in the middle of the interval."""
    symbolic = isinstance(system, SymbolicGame | SymbolicFlow | SymbolicMap)
    values: dict[str, Any] = {n: v for n, v in setup.parameters.items() if v is not None}
    if axis is not None and axis.owner != "rule":
        origin = setup.value(axis)
        if origin is None or isinstance(origin, Mapping):
            origin = exact_number(float(interval.inner[1]))
        if axis.owner == "parameter":
            values[axis.setting] = origin
        elif symbolic and axis.owner == "penalty":
            setup = setup.with_value(axis, sympy.Symbol(axis.name, real=True))
            values[axis.name] = origin
        else:
            setup = setup.with_value(axis, float(origin))
    if isinstance(system, SymbolicGame | SymbolicFlow | SymbolicMap):
        system = system.real
    for penalty in setup.penalties:
        system = penalty(system)
    fields = [setup.field] if rests_apart else []
    subject = prepare(system, fields, [], values if symbolic else None, box)
    evaluate, equations = subject.main.evaluate, subject.equations
    if rests_apart:
        own = subject.flows[0]
        evaluate, equations = own.quick.evaluate, own.equations
    start = subject.numeric.start
    found = find_equilibria(
        evaluate,
        subject.box,
        equations,
        special=[] if start is None else [np.asarray(start, dtype=float)],
        starts=batch_size(len(subject.variables)),
        seed=seed,
    )
    return subject, list(found.found)


def _in_closed_form(
    problem: Problem, subject: Subject, equilibria: Sequence[Equilibrium]
) -> Problem:
    """The problem with its equilibrium in closed form in the parameters, if the search found it so."""
    scale = subject.box[:, 1] - subject.box[:, 0]
    for e in equilibria:
        if e.generic and (np.abs(e.point - problem.base.point) <= _SAME * scale).all():
            return _with_base(problem, subject, e)
    return problem


def _with_base(problem: Problem, subject: Subject, e: Equilibrium) -> Problem:
    """The problem from the equilibrium as the search described it, with its closed form if that is known."""
    coordinates = None
    moves_with_field = problem.rests_apart and any(a.owner == "field" for a in problem.axes)
    varied = {
        symbol.name: symbol
        for symbol in (
            parameter_symbol(problem.system, axis)
            for axis in problem.axes
            if axis.owner in ("parameter", "penalty") and subject.symbolic is not None
        )
    }
    if e.exact is not None and (e.generic or not varied) and not moves_with_field:
        put = {s: varied.get(s.name, value) for s, value in subject.values.items()}
        coordinates = tuple(c.xreplace(put) for c in e.exact)
    return replace(problem, base=e, coordinates=coordinates)
