"""From the arguments of a verb to a problem: what varies, the system where it starts, a rest point there."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from ..analysis.subject import Subject, constants, prepare
from ..dynamics.batch import batch_size
from ..dynamics.domain import check_defined, undefined
from ..dynamics.level import on_level
from ..dynamics.many_digits import ManyDigits
from ..dynamics.partition import Partition
from ..dynamics.symbols import exact as exact_number
from ..dynamics.system import System
from ..equilibria.equilibrium import Equilibrium
from ..equilibria.find import describe_point, find_equilibria
from ..equilibria.window import in_window, whole
from ..errors import InputError, InputTypeError, check_kind
from ..fields import Field, Gradient
from ..penalties import Penalty
from ..rules import Rule, Simultaneous
from .axes import Axis, Setup, resolve
from .point_by_point import searched
from .problem import Problem, parameter_symbol, point_text

_NEAR = 1e-3  # of the box: a point that was copied with a few digits still means its equilibrium


def make_problem(
    system: System,
    over: Mapping[str, np.ndarray],
    *,
    field: Field | None,
    rule: Rule | None,
    penalties: Sequence[Any],
    parameters: Mapping[Any, Any] | None,
    at: Mapping[str, Any] | None,
    box: Mapping[str, tuple[float, float]] | None,
    everywhere: bool,
    of_step: bool,
) -> Problem:
    """Checks the arguments of `stability.sweep`, finds the equilibrium and makes the problem.

    `of_step`: whether something is asked of the rule's step; `everywhere`: whether an equilibrium may lie
    outside the box that was given, as one that is chosen by `at` may.

    Raises InputError for arguments that do not fit the system, for an axis of which a setting takes no value,
    and unless exactly one equilibrium is found or chosen.
    """
    if not isinstance(system, System):
        raise InputTypeError(
            f"a sweep takes a game, a flow or a map (Game, SymbolicGame, Flow, …), "
            f"not {type(system).__name__}"
        )
    rule = rule or (None if system.kind == "map" else Simultaneous())
    setup = setup_of(system, field, rule, penalties, parameters)
    axes = _different_axes(setup, over)
    grids = [_taken(setup, *own) for own in zip(axes, over.values(), strict=True)]
    anywhere = everywhere or at is not None
    origin = origin_of(system, setup, axes, grids, box, anywhere, on_sets=True)
    if origin.subject.sets is None:
        return origin.problem(chosen_equilibrium(origin, at), of_step)
    placed = setup
    for axis, number in zip(axes, origin.numbers, strict=True):
        placed = placed.with_value(axis, number if axis.owner == "parameter" else float(number))
    places = searched(system, placed, box, anywhere)[1]
    e = _chosen(origin, [place.main for place in places], at)
    return replace(origin.problem(e, False), coordinates=None)


def setup_of(
    system: System,
    field: Field | None,
    rule: Rule | None,
    penalties: Sequence[Any],
    parameters: Mapping[Any, Any] | None,
) -> Setup:
    """What may vary; a game's field is the gradient by default. Raises InputError for what does not fit."""
    _check_parts(system, field, rule, penalties)
    return Setup(
        parameters=_parameter_values(system, parameters),
        field=field or (Gradient() if system.kind == "game" else None),
        rule=rule,
        penalties=tuple(penalties),
        players=() if system.kind == "map" else system.partition.players,
    )


def _check_parts(system: System, field: Any, rule: Any, penalties: Sequence[Any]) -> None:
    if field is not None:
        check_kind(field, Field, "TwoTimescale(tau=2)")
    if field is not None and system.kind != "game":
        raise InputError(f"fields are made from games; a {system.kind} is its own field")
    if rule is not None:
        check_kind(rule, Rule, "Simultaneous(lr=0.1)")
    if rule is not None and system.kind == "map":
        raise InputError("a map is already discrete; rules step along a field")
    for penalty in penalties:
        check_kind(penalty, Penalty, "GradientNorm(0.1)")
    if penalties and system.kind != "game":
        raise InputError(f"penalties are for games, and this is a {system.kind}")


def _parameter_values(system: Any, parameters: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Every parameter's value, exact, by name; None for one that has none."""
    if not system.symbolic:
        if parameters:
            raise InputError(f"this {system.kind} has no parameters to set")
        return {}
    names = {s.name: None for s in system.real.free_parameters}
    known = {**names, **{s.name: v for s, v in system.real.parameters.items()}}
    for key, value in constants(parameters or {}).items():
        if str(key) not in known:
            there = ", ".join(known) or "none"
            raise InputError(f"there is no parameter {key}; there are {there}")
        known[str(key)] = exact_number(value)
    return known


def _taken(setup: Setup, axis: Axis, values: np.ndarray) -> np.ndarray:
    """The values that the axis may have. Raises InputError if there is none."""
    taken, because = setup.takes(axis, values)
    if because is not None and not taken.any():
        raise InputError(because)
    return values[taken]


def _different_axes(setup: Setup, names: Mapping[str, Any]) -> tuple[Axis, ...]:
    axes = tuple(resolve(name, setup) for name in names)
    if len({replace(axis, name="") for axis in axes}) < len(axes):
        raise InputError(f"{' and '.join(names)} are the same thing; vary two different ones")
    for one, other in itertools.permutations(axes, 2):
        if one == replace(other, player=None, name=one.name) and other.player:
            raise InputError(
                f"{one.name} holds {other.name}, so both cannot be varied independently"
            )
    return axes


@dataclass(frozen=True)
class Origin:
    """The system where what varies starts.

    - `system`, `fixed`, `setup`, `axes`, `rests_apart`: as in `Problem`.
    - `numbers`: where the axes stand, exact.
    - `subject`: the system with all of them put in.
    """

    system: Any
    fixed: Mapping[sympy.Symbol, sympy.Expr]
    setup: Setup
    axes: tuple[Axis, ...]
    numbers: tuple[Any, ...]
    subject: Subject
    rests_apart: bool
    everywhere: bool

    def rest_points(
        self, special: Sequence[np.ndarray] = (), seed: int = 0
    ) -> tuple[Equilibrium, ...]:
        """The equilibria that are found in the box, or everywhere, from `special` points too."""
        evaluate, equations, many_digits = self._field
        window = whole(self.subject.window) if self.everywhere else self.subject.window
        start = self.subject.numeric.start
        first = [] if start is None else [np.asarray(start, dtype=float)]
        found = find_equilibria(
            evaluate,
            self.subject.box,
            equations,
            window=window,
            special=[*first, *special],
            starts=batch_size(len(self.subject.variables)),
            seed=seed,
            defined=lambda x: undefined(self.subject.main, x) is None,
            many_digits=many_digits,
            circles=self.subject.circles,
        ).found
        return tuple(e for e in found if in_window(e, window, self.subject.box))

    def described(self, point: np.ndarray, coordinates: tuple[sympy.Expr, ...]) -> Equilibrium:
        """A point, which may not be an equilibrium."""
        evaluate, equations, many_digits = self._field
        box = self.subject.box
        return describe_point(evaluate, point, box, coordinates, equations, many_digits)

    @property
    def _field(self) -> tuple[Any, Any, ManyDigits]:
        """The field whose rest points are followed, of points, as equations, and with many digits."""
        own = self.subject
        if not self.rests_apart:
            return own.main.evaluate, own.equations, own.many_digits
        field = own.flows[0]
        return field.quick.evaluate, field.equations, field.many_digits

    def problem(self, e: Equilibrium, of_step: bool) -> Problem:
        """The problem from an equilibrium on.

        Raises InputError if the rule's step is asked for and has no derivative there.
        """
        subject, flows = self.subject, self.subject.flows
        partition = Partition((subject.kind,), (len(subject.variables),))
        local = False
        if of_step and self.setup.rule is not None:
            rule = subject.rules[0].with_each_lr(float)
            local = rule.near(flows[0].numeric, e.point) is not rule
        return Problem(
            system=self.system,
            fixed=self.fixed,
            setup=self.setup,
            axes=self.axes,
            base=e,
            origin=np.array([float(v) for v in self.numbers]),
            coordinates=self._closed_form(e),
            unit=np.diff(subject.box, axis=1)[:, 0] / 2,
            reach=float(np.abs(subject.box).max()),
            kind=subject.kind,
            variables=subject.variables,
            partition=flows[0].numeric.partition if flows else partition,
            rests_apart=self.rests_apart,
            local=local,
            winding=self._winding(e),
        )

    def _winding(self, e: Equilibrium) -> tuple[sympy.Expr, ...]:
        """The whole periods that a map with angles takes a fixed point on by; zeros else."""
        subject = self.subject
        if subject.kind != "map" or subject.circles is None:
            return (sympy.S.Zero,) * len(subject.variables)
        return subject.circles.winding(subject.main.values(e.point[None])[0] - e.point)

    def _closed_form(self, e: Equilibrium) -> tuple[sympy.Expr, ...] | None:
        """The equilibrium in the symbols that vary, where it is known to be one for all their values nearby.

        The subject's symbols know the signs of their values; here these are forgotten again, because a grid
        may leave them. Whether the closed form still is an equilibrium there is checked at every point.
        """
        varied = {s.name: s for s in _varied_symbols(self.system, self.axes)}
        moves_with_field = self.rests_apart and any(axis.owner == "field" for axis in self.axes)
        if e.exact is None or not (e.generic or not varied) or moves_with_field:
            return None
        put = {s: varied.get(s.name, value) for s, value in self.subject.values.items()}
        return tuple(c.xreplace(put) for c in e.exact)


def origin_of(
    system: Any,
    setup: Setup,
    axes: tuple[Axis, ...],
    grids: Sequence[np.ndarray],
    box: Mapping[str, tuple[float, float]] | None,
    everywhere: bool,
    on_sets: bool = False,
) -> Origin:
    """The system at the present values of the axes, or in the middle of the grids where there are none.

    Raises InputError for grids with values that a setting does not take, games with strategy sets unless
    `on_sets`, and as `stability.report` does.
    """
    numbers = tuple(_present(setup, axis, grid) for axis, grid in zip(axes, grids, strict=True))
    for axis, grid in zip(axes, grids, strict=True):
        because = setup.takes(axis, grid)[1]
        if because is not None:
            raise InputError(because)
    placed = setup
    for axis, number in zip(axes, numbers, strict=True):
        placed = placed.with_value(axis, number if axis.owner == "parameter" else float(number))
    values = {p: v for p, v in placed.parameters.items() if v is not None}
    symbolic = system.symbolic
    system = on_level(system.real, values if symbolic else None)
    if symbolic:
        penalties, symbols = _with_symbols(setup, axes, numbers)
        values |= symbols
        kept = whole = _penalised(system.real, penalties)
    else:
        kept, whole = system, _penalised(system, placed.penalties)
    subject = prepare(
        whole,
        [] if placed.field is None else [placed.field],
        [] if placed.rule is None else [placed.rule],
        values if symbolic else None,
        box,
    )
    if subject.sets is not None and not on_sets:
        raise InputError(
            "tuning does not follow rest points in strategy sets; sweep over the number, which does"
        )
    fixed: dict[sympy.Symbol, sympy.Expr] = {}
    if symbolic:
        varied = _varied_symbols(kept, axes)
        fixed = {s: v for s, v in kept.values(values).items() if s not in varied}
    return Origin(
        system=kept,
        fixed=fixed,
        setup=setup,
        axes=axes,
        numbers=numbers,
        subject=subject,
        rests_apart=placed.field is not None and not placed.field.keeps_equilibria,
        everywhere=everywhere,
    )


def _present(setup: Setup, axis: Axis, grid: np.ndarray) -> Any:
    value = setup.value(axis)
    several = value is None or isinstance(value, Mapping)
    return exact_number(float(grid[len(grid) // 2])) if several else value


def _with_symbols(
    setup: Setup, axes: Sequence[Axis], numbers: Sequence[Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The penalties with symbols for what varies of them, and the symbols' values by name."""
    values = {}
    for axis, number in zip(axes, numbers, strict=True):
        if axis.owner == "penalty":
            setup = setup.with_value(axis, sympy.Symbol(axis.name, real=True))
            values[axis.name] = number
    return setup.penalties, values


def _penalised(system: Any, penalties: Sequence[Any]) -> Any:
    for penalty in penalties:
        system = penalty(system)
    return system


def _varied_symbols(system: Any, axes: Sequence[Axis]) -> set[sympy.Symbol]:
    """The symbols of a symbolic system that vary."""
    if not system.symbolic:
        return set()
    return {parameter_symbol(system, a) for a in axes if a.owner in ("parameter", "penalty")}


def chosen_equilibrium(origin: Origin, at: Mapping[str, Any] | None) -> Equilibrium:
    """The only equilibrium at the origin, or the one nearest to the point `at`.

    Raises InputError if there is none, or are several and no `at`, or the field has no derivative there.
    """
    subject = origin.subject
    names = subject.variables
    special = []
    if at is not None:
        coordinates, point = subject.point(at)
        check_defined(subject.numeric, point)
        given = origin.described(point, coordinates)
        if given.stationary:
            return _differentiable(names, given)
        special = [point]
    return _differentiable(names, _chosen(origin, origin.rest_points(special), at))


def _chosen(
    origin: Origin, found: Sequence[Equilibrium], at: Mapping[str, Any] | None
) -> Equilibrium:
    """The only one of the equilibria, or the one nearest to a point."""
    subject = origin.subject
    names = subject.variables
    if len(found) == 0:
        raise InputError(
            "no equilibrium was found in the box at the base values; give a larger box or another point"
        )
    there = "; ".join(point_text(names, e.point) for e in found[:6])
    there += "; …" if len(found) > 6 else ""
    if at is None:
        if len(found) > 1:
            raise InputError(
                f"there are {len(found)} equilibria at the base values; choose the one to follow, "
                f'as in at "{point_text(names, found[0].point)}": {there}'
            )
        return found[0]
    given = subject.point(at)[1]
    scale = subject.box[:, 1] - subject.box[:, 0]
    distances = [float(np.abs(subject.nearest(e.point - given) / scale).max()) for e in found]
    nearest = int(np.argmin(distances))
    if distances[nearest] > _NEAR:
        raise InputError(f"there is no equilibrium at the given point; there is {there}")
    return found[nearest]


def _differentiable(variables: Sequence[str], e: Equilibrium) -> Equilibrium:
    if not e.differentiable:
        where = point_text(variables, e.point)
        raise InputError(f"the field is not differentiable at the equilibrium {where}")
    return e
