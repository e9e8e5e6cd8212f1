"""What a report is about, made ready: both engines, fields and rules checked, a box to search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import sympy

from ..dynamics.angles import Circles, circle_lengths, nearest
from ..dynamics.domain import within
from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.level import Level, on_level
from ..dynamics.many_digits import ManyDigits, formulas_with_many_digits, with_many_digits
from ..dynamics.points import coordinates_by_name, named_box
from ..dynamics.symbols import exact as exact_number
from ..dynamics.system import System, check_system
from ..equilibria.equilibrium import Equations
from ..errors import InputError, InputTypeError, check_kind
from ..fields import Field, Gradient, Replicator
from ..games.expressions import parse_expression
from ..games.game import Game
from ..games.structure import adds_to_zero
from ..games.symbolic import SymbolicGame
from ..penalties import Penalty
from ..rules import (
    Alternating,
    MultiplicativeWeights,
    OptimisticMultiplicativeWeights,
    Rule,
    Simultaneous,
)
from ..verdicts.named_conditions import Condition
from ..verdicts.point import LARGEST, LARGEST_EXACT

Values = Mapping[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True)
class FieldFlow:
    """One field of the subject as a flow, in JAX and, if there are expressions, in SymPy.

    - `values`: of the parameters in `symbolic`.
    - `keeps`: whether it vanishes wherever the subject's own field does.
    """

    name: str
    settings: Mapping[str, Any]
    numeric: Flow
    symbolic: SymbolicFlow | None
    values: Values
    keeps: bool = True

    @property
    def equations(self) -> Equations | None:
        """The expressions whose zeros are the field's rest points, if there are any and they are few."""
        if self.symbolic is None or self.symbolic.dimension > LARGEST_EXACT:
            return None
        own = self.symbolic
        return Equations(own.variables, tuple(own.expressions), self.values, own.domain)

    @cached_property
    def formulas(self) -> SymbolicFlow | None:
        """The flow in SymPy at the parameters' values, if it has expressions."""
        if self.symbolic is None:
            return None
        own, values = self.symbolic, dict(self.values)
        put = own.expressions.xreplace(values)
        flow = SymbolicFlow(dict(zip(own.variables, put, strict=True)), partition=own.partition)
        flow.field, flow.sets = own.field, None if own.sets is None else own.sets.put(values)
        flow.angles = own.angles
        return flow

    @cached_property
    def many_digits(self) -> ManyDigits:
        """The field evaluated with many digits, from its formulas where there are any."""
        if self.formulas is None:
            own = self.numeric
            return own.kept("digits", None, lambda: with_many_digits(own.function, own.dimension))
        return formulas_with_many_digits(self.formulas.expressions, self.formulas.variables)

    @property
    def quick(self) -> Flow:
        """The flow in JAX, from its formulas where there are any: these compile and run fastest."""
        own = self.numeric
        if self.formulas is None:
            return own
        flow = own.kept("from formulas", None, self.formulas.numeric)
        if flow.game is not own.game:
            flow.function = within(flow.function, own.game)
            flow.game, flow.field, flow.formulas = own.game, own.field, self.formulas
            flow.sets, flow.kept_in = own.sets, own.kept_in
        return flow


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A game, flow or map to report on.

    - `numeric`, `symbolic`: the system in each engine (`symbolic` may be missing); `values`: its
      parameters. The symbols know the signs of their values, so closed forms come out without |gamma|
      and hold as long as no parameter changes its sign.
    - `main`: the flow or map whose zeros (fixed points) are the equilibria.
    - `flows`, `rules`: what is analysed at each equilibrium; none for a map.
    - `box`: where equilibria are searched first, shape (d, 2); of strategies in sets the box around these.
    - `window`: the box that was given, shape (d, 2), infinite in variables for which none was: rest points
      outside it are hidden.
    - `conditions`: further ones, asked at each equilibrium of a game.
    - `level`: the level set of conserved totals that all of this is on, in fewer variables than the system
      has, which `all_variables` names; None where nothing is conserved.
    - `circles`: which variables are angles, and the period of them that points are reported in; None if
      there are none.
    """

    kind: str
    name: str
    variables: tuple[str, ...]
    numeric: Any
    symbolic: Any
    values: Values
    main: Any
    flows: tuple[FieldFlow, ...]
    rules: tuple[Rule, ...]
    box: np.ndarray
    window: np.ndarray
    conditions: tuple[Condition, ...] = ()
    level: Level | None = None
    circles: Circles | None = None

    @property
    def all_variables(self) -> tuple[str, ...]:
        """The variables, and those that conserved totals tell."""
        return self.variables if self.level is None else self.level.variables

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the variables and of the parameters."""
        return (*self.all_variables, *(p.name for p in self.values))

    def in_all_variables(self, points: np.ndarray) -> np.ndarray:
        """Points (…, k) with the coordinates that conserved totals tell, shape (…, d)."""
        return points if self.level is None else self.level.lift(points)

    def exactly_in_all_variables(self, point: Sequence[sympy.Expr]) -> tuple[sympy.Expr, ...]:
        """An exact point with the coordinates that conserved totals tell."""
        return tuple(point) if self.level is None else self.level.lift_exactly(point)

    def named(self, point: np.ndarray) -> dict[str, float]:
        """A point by variable, with those that conserved totals tell."""
        return dict(zip(self.all_variables, map(float, self.in_all_variables(point)), strict=True))

    def point(self, at: Mapping[str, Any]) -> tuple[tuple[sympy.Expr, ...], np.ndarray]:
        """A point that is given by variable: its coordinates here, exact and in floating point, shape (k,).

        Variables that conserved totals tell may be left out, and angles are taken modulo their periods.
        Raises InputError unless it names every variable once, and off the level set.
        """
        own = constants(at)
        if self.level is not None:
            own = self.level.lower(own)
        exact = tuple(map(exact_number, coordinates_by_name(own, self.variables, "the point")))
        x = np.array([float(c.evalf(20)) for c in exact])
        if self.circles is None:
            return exact, x
        return self.circles.wrap_exactly(exact, x), self.circles.wrap(x)

    def nearest(self, differences: np.ndarray) -> np.ndarray:
        """Differences of points, shape (…, k), modulo whole periods: the ones nearest to zero."""
        return differences if self.circles is None else nearest(differences, self.circles.lengths)

    @property
    def strategic(self) -> bool:
        """Whether it is a game in strategic form, in mixed strategies."""
        return getattr(self.symbolic, "strategic_form", None) is not None

    @property
    def sets(self) -> Any:
        """Where the players' strategies live; None where they have no limits."""
        return getattr(self.numeric, "sets", None) or None

    @property
    def equations(self) -> Equations | None:
        """The expressions whose zeros are the equilibria, if there are any and they are few."""
        system = self.symbolic
        if system is None or system.dimension > LARGEST_EXACT:
            return None
        return Equations(
            system.variables,
            tuple(system.rest_equations),
            self.values,
            system.domain,
            flows=self.kind != "map",
            circles=self.circles,
        )

    @cached_property
    def many_digits(self) -> ManyDigits:
        """The field, or the displacement of a map, whose zeros are the equilibria, with many digits."""
        own, system = self.main, self.symbolic
        if system is not None:
            at_values = system.rest_equations.xreplace(dict(self.values))
            found = formulas_with_many_digits(at_values, system.variables)
        else:
            moves = (lambda x: own.function(x) - x) if own.kind == "map" else own.function
            found = own.kept("digits", None, lambda: with_many_digits(moves, own.dimension))
        if self.kind != "map" or self.circles is None:
            return found
        return self.circles.less_whole_periods(found)


def prepare(
    system: System,
    fields: Sequence[Field],
    rules: Sequence[Rule] | None,
    parameters: Mapping[Any, Any] | None,
    box: Mapping[str, tuple[float, float]] | None,
    conditions: Sequence[Condition] = (),
) -> Subject:
    """Checks the arguments of `stability.report` and makes the subject; raises InputError."""
    check_system(system)
    parameters = constants(parameters or {})
    system = on_level(system.real, parameters)
    whole = system.variables if system.level is None else system.level.variables
    box = named_box(box or {}, [str(v) for v in whole])
    numeric, values = system.at_values(parameters)
    symbolic = None
    if system.symbolic:
        symbolic, values = _with_signs(system.real, values)
    d = numeric.dimension
    if d > LARGEST:
        instead = "; use `stability probe` or st.probe" if system.kind == "game" else ""
        raise InputError(
            f"the {system.kind} has {d} variables and a report is dense, up to {LARGEST}{instead}"
        )
    fields = _fields(system.kind, fields)
    main = Gradient().flow(numeric) if numeric.kind == "game" else numeric
    if numeric.kind == "game":
        flows = tuple(_field_flow(field, numeric, symbolic, values) for field in fields)
    else:
        flows = (FieldFlow("given", {}, main, symbolic, values),) if main.kind == "flow" else ()
    given = {v: side for v, side in {**numeric.box, **box}.items() if v in numeric.variables}
    sides, window = _search_box(numeric, given)
    sides = _in_sets(numeric, sides)
    subject = Subject(
        kind=system.kind,
        name=system.name,
        variables=tuple(numeric.variables),
        numeric=numeric,
        symbolic=symbolic,
        values=values,
        main=main,
        flows=flows,
        rules=(),
        box=sides,
        window=window,
        conditions=_conditions(numeric, conditions),
        level=system.level,
        circles=_circles(numeric, sides),
    )
    return replace(subject, rules=checked_rules(subject, rules))


def penalised(system: Any, penalties: Sequence[Penalty]) -> Any:
    """The game with the penalties put on it, and on its name; raises InputError if one does not fit."""
    check_system(system)
    for penalty in penalties:
        check_kind(penalty, Penalty, "GradientNorm(0.1)")
        if system.kind != "game":
            raise InputError(f"penalties are put on games; {penalty.name} fits no {system.kind}")
        system = system.kept("penalised", penalty, partial(_with_penalty, penalty, system))
    return system


def _with_penalty(penalty: Penalty, system: Any) -> Any:
    name = f"{system.name} with {penalty.name}"
    system = penalty(system)
    system.name = name
    return system


def constants(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """Values with those given as text ("1/3", "sqrt(2)") made exact numbers."""
    return {k: parse_expression(v, {}) if isinstance(v, str) else v for k, v in values.items()}


def _fields(kind: str, fields: Sequence[Field]) -> list[Field]:
    for field in fields:
        check_kind(field, Field, "TwoTimescale(tau=2)")
        if kind != "game":
            raise InputError(f"fields are made from games; a {kind} is its own field")
    return list(fields) or [Gradient()]


def default_fields(system: Any) -> tuple[Field, ...]:
    """The fields that a report shows if it is asked for none: none but the gradient, for most systems."""
    strategic = getattr(system, "strategic_form", None) is not None
    return (Gradient(), Replicator()) if strategic else ()


def checked_rules(subject: Subject, rules: Sequence[Rule] | None) -> tuple[Rule, ...]:
    """The rules to apply to every field, by default a report's. Raises InputError if one does not fit."""
    system = subject.numeric
    if rules is None:
        if system.kind != "game":
            return ()
        several = len(system.players) > 1
        plain = (Simultaneous(), Alternating()) if several else (Simultaneous(),)
        if subject.strategic and any(isinstance(f.numeric.field, Gradient) for f in subject.flows):
            return (*plain, MultiplicativeWeights(), OptimisticMultiplicativeWeights())
        return plain
    chosen = []
    for rule in rules:
        check_kind(rule, Rule, "Simultaneous(lr=0.1)")
        if system.kind == "map":
            raise InputError("a map is already discrete; rules step along a field")
        if not any(applies(rule, flow) for flow in subject.flows):
            rule.with_each_lr(float).check(subject.flows[0].numeric)  # says why
        chosen.append(without_others(rule, system.partition.players))
    return tuple(chosen)


def applies(rule: Rule, flow: FieldFlow) -> bool:
    """Whether a rule steps along a field; one that is made for some fields is left out for others."""
    try:
        rule.with_each_lr(float).check(flow.numeric)
    except InputError:
        return False
    return True


def _conditions(system: Any, conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    for condition in conditions:
        if not isinstance(condition, Condition):
            raise InputTypeError(
                f"{condition!r} is no condition; name it, as in conditions=['proximal:lam=0.5']"
            )
        if system.kind != "game":
            raise InputError(f"conditions are about games; {condition.name} fits no {system.kind}")
        condition.check(system)
    return tuple(dict.fromkeys(conditions))


def without_others(rule: Rule, players: Sequence[str]) -> Rule:
    """The rule without a step size for "the others" where every player has its own."""
    lr = rule.lr
    if isinstance(lr, Mapping) and all(p in lr for p in players):
        return rule.with_lr({p: lr[p] for p in players})
    return rule


def _field_flow(
    field: Field, numeric: Game, symbolic: SymbolicGame | None, values: Values
) -> FieldFlow:
    flow = field.flow(numeric)
    if symbolic is None:
        check_written(flow)
    in_sympy = None if symbolic is None else field.flow(symbolic)
    keeps = field.keeps_equilibria
    if not keeps and field.keeps_when_zero_sum and len(numeric.players) == 2:
        keeps = adds_to_zero(numeric)
    return FieldFlow(field.name, plain(field.settings), flow, in_sympy, values, keeps)


def check_written(flow: Flow, x: Any = None) -> None:
    """Raises InputError if a field, or a penalty in its game, that a user wrote has wrong derivatives.

    Looked at is x (d,), or the start of the game.
    """
    field = flow.field
    if flow.game._terms or not type(field).__module__.startswith("stability."):
        flow.check_derivatives(x, f"the field {field.name}")


def _with_signs(symbolic, values: Values):
    """The system over symbols that know the signs of their values, made once for the same signs."""
    renamed = {
        p: sympy.Symbol(p.name, positive=True) if v > 0 else sympy.Symbol(p.name, negative=True)
        for p, v in values.items()
        if v.is_positive or v.is_negative
    }
    signed = symbolic.kept("signed", renamed, lambda: symbolic.renamed(renamed))
    return signed, {renamed.get(p, p): v for p, v in values.items()}


def _search_box(
    system: Any, given: Mapping[str, tuple[float, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Where a search begins: the box that was given, and elsewhere [−2, 2], stretched to twice the start.

    From there it grows in the variables that have no box. Angles have at most one period, by default that
    around 0. The box, shape (d, 2), and the window in which rest points are shown.
    """
    names = tuple(system.variables)
    start = np.zeros(len(system.variables)) if system.start is None else system.start
    intervals = [
        given.get(name, (min(-2.0, 2 * x), max(2.0, 2 * x)))
        for name, x in zip(system.variables, np.asarray(start, float), strict=True)
    ]
    sides = np.array(intervals, dtype=float)
    window = np.array([given.get(name, (-np.inf, np.inf)) for name in names], dtype=float)
    half = circle_lengths(system) / 2
    middle = np.array([sides[i].mean() if name in given else 0.0 for i, name in enumerate(names)])
    period = np.stack([middle - half, middle + half], axis=1)
    whole = (half > 0) & ((window[:, 1] - window[:, 0]) > 2 * half)
    return np.where(whole[:, None], period, sides), np.where(whole[:, None], period, window)


def _in_sets(system: Any, sides: np.ndarray) -> np.ndarray:
    """The box of a game's strategy sets where they have ends, and elsewhere the given one, shape (d, 2)."""
    sets = getattr(system, "sets", None)
    if not sets:
        return sides
    (low, high), width = sets.box.T, np.ptp(sides, axis=1)
    below = np.where(np.isfinite(high), np.minimum(sides[:, 0], high - width), sides[:, 0])
    above = np.where(np.isfinite(low), np.maximum(sides[:, 1], low + width), sides[:, 1])
    ends = np.where(np.isfinite(low), low, below), np.where(np.isfinite(high), high, above)
    return np.stack(ends, axis=1)


def _circles(system: Any, sides: np.ndarray) -> Circles | None:
    """Angles are reported in the period around the middle of the box, so that they are in the picture."""
    if not system.angles:
        return None
    periods = tuple(system.angles.get(name, sympy.S.Zero) for name in system.variables)
    return Circles(periods, sides.mean(axis=1))


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON-ready data."""

    def value(v: Any) -> Any:
        if isinstance(v, Mapping):
            return {key: value(item) for key, item in v.items()}
        if isinstance(v, (tuple, list)):
            return [value(item) for item in v]
        if isinstance(v, (sympy.Expr, np.number)):
            return float(v)
        return v

    return {key: value(v) for key, v in settings.items()}
