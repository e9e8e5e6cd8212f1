"""What a report is about, made ready: both engines, fields and rules checked, a box to search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.map import Map, SymbolicMap
from ..dynamics.system import named_box
from ..equilibria.find import Equations
from ..errors import InputError, InputTypeError
from ..fields import Field, Gradient
from ..games.expressions import parse_expression
from ..games.game import Game
from ..games.structure import adds_to_zero
from ..games.symbolic import SymbolicGame
from ..penalties import Penalty
from ..rules import Alternating, Rule, Simultaneous
from ..verdicts.named_conditions import Condition
from ..verdicts.point import LARGEST, LARGEST_EXACT

System = Game | SymbolicGame | Flow | SymbolicFlow | Map | SymbolicMap
Values = Mapping[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True)
class FieldFlow:
    """One field of the subject as a flow, in JAX and, if there are expressions, in SymPy.

    `keeps`: whether it vanishes wherever the subject's own field does.
    """

    name: str
    settings: Mapping[str, Any]
    numeric: Flow
    symbolic: SymbolicFlow | None
    keeps: bool = True

    def equations(self, values: Values) -> Equations | None:
        """The expressions whose zeros are the field's rest points, if there are any and they are few."""
        if self.symbolic is None or self.symbolic.dimension > LARGEST_EXACT:
            return None
        return Equations(self.symbolic.variables, tuple(self.symbolic.expressions), values)


@dataclass(frozen=True)
class Subject:
    """A game, flow or map to report on.

    - `numeric`, `symbolic`: the system in each engine (`symbolic` may be missing); `values`: its
      parameters. The symbols know the signs of their values, so closed forms come out without |gamma|
      and hold as long as no parameter changes its sign.
    - `main`: the flow or map whose zeros (fixed points) are the equilibria.
    - `flows`, `rules`: what is analysed at each equilibrium; none for a map.
    - `box`: where equilibria are searched, shape (d, 2).
    - `conditions`: further ones, asked at each equilibrium of a game.
    """

    kind: str
    name: str
    variables: tuple[str, ...]
    numeric: Game | Flow | Map
    symbolic: SymbolicGame | SymbolicFlow | SymbolicMap | None
    values: Values
    main: Flow | Map
    flows: tuple[FieldFlow, ...]
    rules: tuple[Rule, ...]
    box: np.ndarray
    conditions: tuple[Condition, ...] = ()

    @property
    def equations(self) -> Equations | None:
        """The expressions whose zeros are the equilibria, if there are any and they are few."""
        if self.symbolic is None or self.symbolic.dimension > LARGEST_EXACT:
            return None
        system = self.symbolic
        expressions = system.displacement if isinstance(system, SymbolicMap) else system.expressions
        return Equations(system.variables, tuple(expressions), self.values)


def prepare(
    system: System,
    fields: Sequence[Field],
    rules: Sequence[Rule] | None,
    parameters: Mapping[Any, Any] | None,
    box: Mapping[str, tuple[float, float]] | None,
    conditions: Sequence[Condition] = (),
) -> Subject:
    """Checks the arguments of `stability.report` and makes the subject; raises InputError."""
    if not isinstance(system, System):
        raise InputTypeError(
            "report takes a game, a flow or a map (Game, SymbolicGame, Flow, …), "
            f"not {type(system).__name__}"
        )
    symbolic, values = None, {}
    if isinstance(system, (Game, Flow, Map)):
        if parameters:
            raise InputError(f"this {system.kind} has no parameters to set")
        numeric = system
    else:
        real = system.real
        values = real.values(constants(parameters or {}))
        numeric = real.numeric(values)
        symbolic, values = _with_signs(real, values)
    d = numeric.dimension
    if d > LARGEST:
        instead = "; use `stability probe` or st.probe" if system.kind == "game" else ""
        raise InputError(
            f"the {system.kind} has {d} variables and a report is dense, up to {LARGEST}{instead}"
        )
    fields = _fields(system.kind, fields)
    if isinstance(numeric, Game):
        main = Gradient().flow(numeric)
        game = symbolic if isinstance(symbolic, SymbolicGame) else None
        flows = tuple(_field_flow(field, numeric, game, main) for field in fields)
    else:
        main = numeric
        given = symbolic if isinstance(symbolic, SymbolicFlow) else None
        flows = (FieldFlow("given", {}, main, given),) if isinstance(main, Flow) else ()
    rules = _rules(numeric, rules, [flow.numeric for flow in flows])
    return Subject(
        system.kind,
        system.name,
        tuple(numeric.variables),
        numeric,
        symbolic,
        values,
        main,
        flows,
        rules,
        _search_box(numeric, named_box(box or {}, numeric.variables)),
        _conditions(numeric, conditions),
    )


def penalised(system: Any, penalties: Sequence[Penalty]) -> Any:
    """The game with the penalties put on it, and on its name; raises InputError if one does not fit."""
    for penalty in penalties:
        if not isinstance(penalty, Penalty):
            raise InputTypeError(f"{penalty!r} is no penalty; use for example GradientNorm(0.1)")
        if not isinstance(system, (Game, SymbolicGame)):
            raise InputError(f"penalties are put on games; {penalty.name} fits no {system.kind}")
        name = f"{system.name} with {penalty.name}"
        system = penalty(system)
        system.name = name
    return system


def constants(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """Values with those given as text ("1/3", "sqrt(2)") made exact numbers."""
    return {k: parse_expression(v, {}) if isinstance(v, str) else v for k, v in values.items()}


def _fields(kind: str, fields: Sequence[Field]) -> list[Field]:
    for field in fields:
        if not isinstance(field, Field):
            raise InputTypeError(f"{field!r} is no field; use for example TwoTimescale(tau=2)")
        if kind != "game":
            raise InputError(f"fields are made from games; a {kind} is its own field")
    return list(fields) or [Gradient()]


def _rules(
    system: Game | Flow | Map, rules: Sequence[Rule] | None, flows: Sequence[Flow]
) -> tuple[Rule, ...]:
    if rules is None:
        if not isinstance(system, Game):
            return ()
        several = len(system.players) > 1
        return (Simultaneous(), Alternating()) if several else (Simultaneous(),)
    chosen = []
    for rule in rules:
        if not isinstance(rule, Rule):
            raise InputTypeError(f"{rule!r} is no rule; use for example Simultaneous(lr=0.1)")
        if isinstance(system, Map):
            raise InputError("a map is already discrete; rules step along a field")
        for flow in flows:
            rule.with_each_lr(float).check(flow)
        chosen.append(without_others(rule, system.partition.players))
    return tuple(chosen)


def _conditions(
    system: Game | Flow | Map, conditions: Sequence[Condition]
) -> tuple[Condition, ...]:
    for condition in conditions:
        if not isinstance(condition, Condition):
            raise InputTypeError(
                f"{condition!r} is no condition; name it, as in conditions=['proximal:lam=0.5']"
            )
        if not isinstance(system, Game):
            raise InputError(f"conditions are about games; {condition.name} fits no {system.kind}")
        condition.check(system)
    return tuple(dict.fromkeys(conditions))


def without_others(rule: Rule, players: Sequence[str]) -> Rule:
    """The rule without a step size for "the others" where every player has its own."""
    lr = rule.lr
    if isinstance(lr, Mapping) and all(p in lr for p in players):
        return replace(rule, lr={p: lr[p] for p in players})  # pyright: ignore[reportArgumentType]
    return rule


def _field_flow(
    field: Field, numeric: Game, symbolic: SymbolicGame | None, gradient: Flow
) -> FieldFlow:
    field.check(numeric)
    in_sympy = None if symbolic is None else field.flow(symbolic)
    flow = gradient if isinstance(field, Gradient) else field.flow(numeric)
    keeps = field.keeps_equilibria
    if not keeps and field.keeps_when_zero_sum and len(numeric.players) == 2:
        keeps = adds_to_zero(numeric)
    return FieldFlow(field.name, plain(field.settings), flow, in_sympy, keeps)


def _with_signs(symbolic, values: Values):
    renamed = {
        p: sympy.Symbol(p.name, positive=True) if v > 0 else sympy.Symbol(p.name, negative=True)
        for p, v in values.items()
        if v.is_positive or v.is_negative
    }
    return symbolic.renamed(renamed), {renamed.get(p, p): v for p, v in values.items()}


def _search_box(system: Game | Flow | Map, given: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """As given, else the system's own box, else [−2, 2], stretched to twice the start."""
    box = {**system.box, **given}
    start = np.zeros(len(system.variables)) if system.start is None else system.start
    intervals = [
        box.get(name, (min(-2.0, 2 * x), max(2.0, 2 * x)))
        for name, x in zip(system.variables, np.asarray(start, float), strict=True)
    ]
    return np.array(intervals, dtype=float)


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
