"""From the arguments of `stability.sweep` to a problem."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from ..analysis.subject import Subject, constants, prepare
from ..dynamics.partition import Partition
from ..dynamics.system import SymbolicSystem, System
from ..dynamics.system import exact as exact_number
from ..equilibria.find import Equilibrium
from ..errors import InputError, InputTypeError, check_kind
from ..fields import Field, Gradient
from ..penalties import Penalty
from ..rules import Rule, Simultaneous
from .axes import Axis, Setup, resolve
from .base import base_equilibrium
from .problem import Problem, parameter_symbol
from .quantities import needs_step


def make_problem(
    system: System,
    over: Mapping[str, np.ndarray],
    quantities: Sequence[str],
    *,
    field: Field | None,
    rule: Rule | None,
    penalties: Sequence[Any],
    parameters: Mapping[Any, Any] | None,
    at: Mapping[str, Any] | None,
    box: Mapping[str, tuple[float, float]] | None,
) -> Problem:
    """Checks the arguments of `stability.sweep`, finds the equilibrium and makes the problem.

    Raises InputError for arguments that do not fit the system, for values that a setting does not take, and
    unless exactly one equilibrium is found or chosen.
    """
    if not isinstance(system, System):
        raise InputTypeError(
            f"a sweep takes a game, a flow or a map (Game, SymbolicGame, Flow, …), "
            f"not {type(system).__name__}"
        )
    _check_parts(system, field, rule, penalties)
    symbolic = isinstance(system, SymbolicSystem)
    if symbolic:
        system = system.real
    values = _parameter_values(system, parameters)
    rule = rule or (None if system.kind == "map" else Simultaneous())
    game = system.kind == "game"
    field = field or (Gradient() if game else None)
    players = system.partition.players if system.kind != "map" else ()
    setup = Setup(values, field, rule, tuple(penalties), players)
    axes = tuple(resolve(name, setup) for name in over)
    if len({replace(axis, name="") for axis in axes}) < len(axes):
        raise InputError(f"{' and '.join(over)} are the same thing; vary two different ones")
    for one, other in itertools.permutations(axes, 2):
        if one == replace(other, player=None, name=one.name) and other.player:
            raise InputError(
                f"{one.name} holds {other.name}, so both cannot be varied independently"
            )
    origin = _origin(setup, axes, over)
    for axis, grid in zip(axes, over.values(), strict=True):
        if axis.owner != "parameter":
            for value in (grid.min(), grid.max()):  # what settings may be is an interval
                setup.with_value(axis, float(value))

    base_setup = setup
    for axis, value in zip(axes, origin, strict=True):
        base_setup = base_setup.with_value(
            axis, value if axis.owner == "parameter" else float(value)
        )
    fixed_values = {p: v for p, v in base_setup.parameters.items() if v is not None}
    ready = system
    penalised = system
    if symbolic:
        symbolic_setup = setup
        for axis, value in zip(axes, origin, strict=True):
            if axis.owner == "penalty":
                symbol = sympy.Symbol(axis.name, real=True)
                symbolic_setup = symbolic_setup.with_value(axis, symbol)
                fixed_values[axis.name] = value
        for penalty in symbolic_setup.penalties:
            penalised = penalty(penalised)
        ready = penalised
    else:
        for penalty in base_setup.penalties:
            penalised = penalty(penalised)
    subject = prepare(
        penalised,
        [base_setup.field] if game and base_setup.field else [],
        [] if base_setup.rule is None else [base_setup.rule],
        fixed_values if symbolic else None,
        box,
    )
    rests_apart = game and not base_setup.field.keeps_equilibria
    base = base_equilibrium(subject, at, rests_apart)
    varied: set[sympy.Symbol] = set()
    fixed: dict[sympy.Symbol, sympy.Expr] = {}
    if isinstance(ready, SymbolicSystem):
        varied = {parameter_symbol(ready, a) for a in axes if a.owner in ("parameter", "penalty")}
        fixed = {s: v for s, v in ready.values(fixed_values).items() if s not in varied}
    coordinates = _coordinates(subject, base, {s.name: s for s in varied})
    if rests_apart and any(axis.owner == "field" for axis in axes):
        coordinates = None  # they hold for one value of the field's setting
    return Problem(
        system=ready,
        fixed=fixed,
        setup=setup,
        axes=axes,
        base=base,
        origin=np.array([float(v) for v in origin]),
        coordinates=coordinates,
        unit=np.diff(subject.box, axis=1)[:, 0] / 2,
        reach=float(np.abs(subject.box).max()),
        quantities=tuple(quantities),
        kind=system.kind,
        variables=subject.variables,
        partition=_partition(subject),
        rests_apart=rests_apart,
        local=rule is not None and needs_step(quantities) and _is_local(subject, base),
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


def _parameter_values(system: System, parameters: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Every parameter's value, exact, by name; None for one that has none."""
    if not isinstance(system, SymbolicSystem):
        if parameters:
            raise InputError(f"this {system.kind} has no parameters to set")
        return {}
    names = {s.name: None for s in system.free_parameters}
    known = {**names, **{s.name: v for s, v in system.parameters.items()}}
    for key, value in constants(parameters or {}).items():
        if str(key) not in known:
            there = ", ".join(known) or "none"
            raise InputError(f"there is no parameter {key}; there are {there}")
        known[str(key)] = exact_number(value)
    return known


def _origin(setup: Setup, axes: Sequence[Axis], over: Mapping[str, np.ndarray]) -> list[Any]:
    """Where each axis stands at the base point: its present value, or else the middle of the grid."""
    origin = []
    for axis, grid in zip(axes, over.values(), strict=True):
        value = setup.value(axis)
        several = value is None or isinstance(value, Mapping)
        origin.append(exact_number(float(grid[len(grid) // 2])) if several else value)
    return origin


def _coordinates(
    subject: Subject, base: Equilibrium, varied: Mapping[str, sympy.Symbol]
) -> tuple[sympy.Expr, ...] | None:
    """The equilibrium in closed form in the varied symbols, if there is one near the base point.

    The subject's symbols know the signs of their values; here these are forgotten again, because a grid may
    leave them. Whether the closed form still is an equilibrium there is checked at every point.
    """
    if base.exact is None or not (base.generic or not varied):
        return None
    put = {s: varied.get(s.name, value) for s, value in subject.values.items()}
    return tuple(c.xreplace(put) for c in base.exact)


def _is_local(subject: Subject, base: Equilibrium) -> bool:
    """Whether the rule has to be differentiated where it acts; raises InputError if that is impossible."""
    rule = subject.rules[0].with_each_lr(float)
    return rule.near(subject.flows[0].numeric, base.point) is not rule


def _partition(subject: Subject) -> Partition:
    flow = subject.flows[0].numeric if subject.flows else None
    return Partition((subject.kind,), (len(subject.variables),)) if flow is None else flow.partition
