"""Systems on the level sets of what they conserve: a total solved for a variable, which is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import sympy

from ..errors import InputError
from ..time_limits import in_time
from .chart import Chart, unit_rows
from .flow import SymbolicFlow
from .functions import jax_vector_function
from .map import SymbolicMap
from .points import coordinates_by_name, listed_names

ON = 1e-9  # of the total's size: so far from the level set a point is projected to it, not refused

_EXACTLY = 1e-14  # of its size: what rounding leaves of a total
_SECONDS = 0.3


@dataclass(frozen=True, eq=False)
class Level:
    """The set of points at which the totals of a system have their values.

    - `full`: the system in all variables, in the engine of the reduced one.
    - `totals`: name ↦ the total and its value, expressions in the variables and parameters.
    - `lifts`: every variable, by name, as an expression in those that are kept, and in parameters.
    - `values`: of the parameters, symbol ↦ number.
    """

    full: Any
    totals: Mapping[str, tuple[sympy.Expr, sympy.Expr]]
    lifts: Mapping[str, sympy.Expr]
    values: Mapping[sympy.Symbol, sympy.Expr]

    @property
    def variables(self) -> tuple[str, ...]:
        """All variables, by name."""
        return tuple(self.lifts)

    @property
    def kept(self) -> tuple[str, ...]:
        """The variables that the reduced system is in."""
        return tuple(name for name, e in self.lifts.items() if str(e) == name)

    def described(self) -> dict[str, float]:
        """The totals' values, by name."""
        return {
            name: float(value.xreplace(dict(self.values)))
            for name, (_, value) in self.totals.items()
        }

    def lift(self, points: np.ndarray) -> np.ndarray:
        """Points (…, k) of the reduced system in all variables, shape (…, d)."""
        points = np.asarray(points, dtype=float)
        columns = np.broadcast_arrays(
            *self._lift(*np.moveaxis(points, -1, 0)), np.zeros(points.shape[:-1])
        )[:-1]
        return np.stack(columns, axis=-1).astype(float)

    def lift_exactly(self, coordinates: Sequence[sympy.Expr]) -> tuple[sympy.Expr, ...]:
        """A point of the reduced system in all variables, in the symbols that it is given in."""
        known = {s.name: s for c in coordinates for s in c.free_symbols}
        put = dict(zip(self.kept, coordinates, strict=True))
        lifted = []
        for name, e in self.lifts.items():
            own = e.xreplace({s: put.get(s.name, known.get(s.name, s)) for s in e.free_symbols})
            own = sympy.sympify(own)
            if name not in put:
                own = in_time(_SECONDS, partial(sympy.factor, own), own)
            lifted.append(own)
        return tuple(lifted)

    def lower(self, point: Mapping[str, Any], what: str = "the point") -> dict[str, Any]:
        """The coordinates that the reduced system has of a point, by name.

        Variables that the totals tell may be left out. Raises InputError, about `what` the point is, if it is
        off the level set by more than rounding.
        """
        left_out = set(self.variables) - set(self.kept)
        if not set(point) & left_out:
            return dict(point)
        coordinates_by_name(point, self.variables, what)
        named = {name: sympy.sympify(value) for name, value in point.items()}
        for name, (total, value) in self.totals.items():
            put = {s: named[s.name] for s in total.free_symbols if s.name in named}
            own = float(total.xreplace(put).xreplace(dict(self.values)).evalf(20))
            goal = float(value.xreplace(dict(self.values)).evalf(20))
            if not abs(own - goal) <= ON * (1 + abs(goal)):
                raise InputError(
                    f"{what} is not on {name} = {goal:g}: {total} is {own:g} there; change one of the two"
                )
        return {name: point[name] for name in self.kept}

    def projected(self, point: Mapping[str, Any]) -> str | None:
        """What to say of a point, by variable, that `lower` moves onto the level set; None if it is there."""
        if not set(self.variables) <= set(point):
            return None
        for name, (total, value) in self.totals.items():
            put = {s: sympy.sympify(point[s.name]) for s in total.free_symbols if s.name in point}
            away = float((total - value).xreplace(put).xreplace(dict(self.values)).evalf(20))
            if abs(away) > _EXACTLY * (1 + abs(float(value.xreplace(dict(self.values))))):
                return f"the point was off {name} by {away:.2g} and was projected to it"
        return None

    @cached_property
    def _lift(self) -> Callable[..., Any]:
        symbols = [sympy.Symbol(name, real=True) for name in self.kept]
        by_name = {s.name: s for s in symbols}
        put = dict(self.values)
        rows = [
            e.xreplace(put).xreplace({s: by_name.get(s.name, s) for s in e.free_symbols})
            for e in self.lifts.values()
        ]
        return sympy.lambdify(symbols, rows, modules="numpy")


def on_level(system: Any, parameters: Mapping[Any, Any] | None = None) -> Any:
    """The system on the level set of its totals, in fewer variables, with that set as `level`; else itself.

    Every total is solved for the last variable in which it is linear with a constant coefficient, after those
    before it have been. `parameters` are values over the system's own, at which starts are checked.

    Raises InputError for a total without a value, totals that depend on each other, a start off the level
    set, and totals that no variable can be had from.
    """
    if not system.conserved:
        return system
    return system.kept("level", parameters or {}, lambda: _reduced(system, parameters))


def _reduced(system: Any, parameters: Mapping[Any, Any] | None) -> Any:
    values = system.values(parameters) if system.symbolic else {}
    names = [str(v) for v in system.variables]
    symbols = system.variables if system.symbolic else [sympy.Symbol(v, real=True) for v in names]
    totals = {name: _with_value(system, name, symbols) for name in system.conserved}
    lifts: dict[sympy.Symbol, sympy.Expr] = {v: v for v in symbols}
    for name, (total, value) in totals.items():
        v, solution = _solved(name, total.xreplace(lifts) - value, symbols, values)
        lifts = {u: e.xreplace({v: solution}) for u, e in lifts.items()}
    kept = [v for v in symbols if lifts[v] == v]
    if not kept:
        raise InputError(
            f"the totals {listed_names(totals)} leave no variable of the {system.kind} free: there is "
            "nothing that moves; drop one"
        )
    told = {v.name: sympy.expand(e) for v, e in lifts.items()}
    level = Level(system, totals, told, values)
    start = None
    if system.start is not None:
        lowered = level.lower(dict(zip(names, map(float, system.start), strict=True)), "the start")
        start = np.array([float(lowered[v.name]) for v in kept])
    reduced = _in_fewer(system, symbols, kept, told)
    reduced.start = start
    reduced.angles = {v.name: system.angles[v.name] for v in kept if v.name in system.angles}
    reduced.level = level
    return reduced


def _with_value(
    system: Any, name: str, symbols: Sequence[sympy.Symbol]
) -> tuple[sympy.Expr, sympy.Expr]:
    total = system.conserved[name]
    if total.expression is None:
        raise InputError(
            f"the total {name!r} is a function that is not linear, and cannot be solved for a variable; "
            "give the system by expressions (SymbolicFlow, SymbolicMap)"
        )
    own = {s.name: s for s in symbols}
    expression = total.expression.xreplace(
        {s: own[s.name] for s in total.expression.free_symbols if s.name in own}
    )
    if total.value is not None:
        return expression, total.value
    if system.start is None:
        raise InputError(
            f"the total {name!r} has no value: give it one, or the {system.kind} a start to take it from"
        )
    return expression, total.at(symbols, system.start)


def _solved(
    name: str,
    equation: sympy.Expr,
    symbols: Sequence[sympy.Symbol],
    values: Mapping[sympy.Symbol, sympy.Expr],
) -> tuple[sympy.Symbol, sympy.Expr]:
    """The last variable that `equation` = 0 gives with a constant coefficient, a number if it can be."""
    equation = sympy.expand(equation)
    if not equation.free_symbols & set(symbols):
        raise InputError(f"the total {name!r} depends on the totals before it; leave it out")
    for with_parameters in (False, True):
        for v in reversed(symbols):
            slope = sympy.diff(equation, v)
            if slope.free_symbols & set(symbols) or (slope.free_symbols and not with_parameters):
                continue
            if slope.xreplace(dict(values)).is_nonzero:
                return v, -equation.xreplace({v: sympy.S.Zero}) / slope
    raise InputError(
        f"the total {name!r} cannot be solved for a variable, because it is linear in none with a constant "
        "coefficient; rest points on its level sets are not analysed: leave the total out"
    )


def _in_fewer(
    system: Any,
    symbols: Sequence[sympy.Symbol],
    kept: Sequence[sympy.Symbol],
    lifts: Mapping[str, sympy.Expr],
) -> Any:
    """The system in the variables that are kept: through a chart where the level set is flat."""
    column = sympy.Matrix([lifts[v.name] for v in symbols])
    basis = column.jacobian(list(kept))
    if not basis.free_symbols & set(kept):
        offset = column.xreplace(dict.fromkeys(kept, sympy.S.Zero))
        rows = unit_rows([list(symbols).index(v) for v in kept], len(symbols))
        names = tuple(v.name for v in kept)
        chart = Chart(tuple(v.name for v in symbols), names, offset, basis, rows)
        return chart.flow(system) if system.kind == "flow" else chart.map(system)
    own = {v.name: v for v in kept}
    if system.symbolic:
        put = {v: lifts[v.name] for v in symbols}
        rows = zip(system.variables, system.expressions, strict=True)
        expressions = {v: e.xreplace(put) for v, e in rows if v.name in own}
        make = SymbolicFlow if system.kind == "flow" else SymbolicMap
        return make(
            expressions,
            parameters=system.parameters,
            box={name: side for name, side in system.box.items() if name in own},
            name=system.name,
        )
    lift = jax_vector_function(list(kept), list(column))
    index = np.array([list(symbols).index(v) for v in kept])
    return type(system)(
        lambda u: system(lift(u))[index],
        variables=list(own),
        box={name: side for name, side in system.box.items() if name in own},
        name=system.name,
        check=False,
    )
