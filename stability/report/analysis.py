"""`stability.report`: from a game, a flow or a map to its Report."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from .._version import __version__
from ..dynamics.batch import batch_size
from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.map import Map, SymbolicMap
from ..dynamics.system import exact as exact_number
from ..dynamics.system import named_box
from ..equilibria.find import Equations, Equilibria, Equilibrium, describe_point, find_equilibria
from ..errors import InputError, InputTypeError
from ..fields import Field, Gradient
from ..games.game import Game
from ..games.symbolic import SymbolicGame
from ..rules import Alternating, Rule, Simultaneous
from ..spectra.exact import at_point, exact_eigenvalues, exact_text
from ..spectra.exact_steps import exact_critical_step, unit
from ..spectra.steps import step_multipliers, step_sizes
from ..verdicts.conditions import Conditions, Derivatives, conditions
from ..verdicts.linearised import Linearisation, complement, linearisation
from ..verdicts.verdict import Verdict
from .remarks import remarks
from .value import (
    Decomposition,
    EquilibriumAnalysis,
    FlowAnalysis,
    MapAnalysis,
    Report,
    RuleAnalysis,
    SearchInfo,
    System,
)

EPS = float(np.finfo(np.float64).eps)
LARGEST = 500  # above this dimension dense spectra take too long
LARGEST_EXACT = 8  # above this dimension closed forms are neither short nor quick

GIVEN = "given point"

AnySystem = Game | SymbolicGame | Flow | SymbolicFlow | Map | SymbolicMap


def report(
    system: AnySystem,
    *,
    fields: Sequence[Field] = (),
    rules: Sequence[Rule] | None = None,
    parameters: Mapping[Any, Any] | None = None,
    at: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    starts: int | None = None,
    seed: int = 0,
) -> Report:
    """The stability analysis of a game, a flow or a map.

    **Arguments:**

    - `system`: a `Game`, `SymbolicGame`, `Flow`, `SymbolicFlow`, `Map` or `SymbolicMap`. Symbolic systems are
      analysed by both engines: SymPy for closed forms and exact signs, JAX for the search.
    - `fields`: fields to analyse (games only); default `[Gradient()]`.
    - `rules`: rules to apply to every field; default for a game: simultaneous and alternating, lr = 0.1.
    - `parameters`: values for a symbolic system's parameters, over its own.
    - `at`: a point (variable ↦ number), or several, to analyse instead of searching.
    - `box`: variable ↦ (low, high), where to search, over the system's own box.
    - `starts`, `seed`: size and seed of the multi-start search.

    Everything is computed in float64 whatever the game's dtype; no global JAX setting is changed.

    Raises InputError for fields or rules that do not apply, unknown names, and more than 500 variables.
    """
    return _Analysis(system, fields, rules, parameters, at, box, starts, seed).report()


class _Analysis:
    def __init__(self, system, fields, rules, parameters, at, box, starts, seed):
        if not isinstance(system, AnySystem):
            raise InputTypeError(
                "report takes a game, a flow or a map (Game, SymbolicGame, Flow, …), "
                f"not {type(system).__name__}"
            )
        self.symbolic = None if isinstance(system, (Game, Flow, Map)) else system.real
        if self.symbolic is None and parameters:
            raise InputError(f"this {system.kind} has no parameters to set")
        self.kind = system.kind
        self.values = {} if self.symbolic is None else self.symbolic.values(parameters)
        self.numeric = system if self.symbolic is None else self.symbolic.numeric(self.values)
        if self.symbolic is not None:
            self.symbolic, self.values = with_signs(self.symbolic, self.values)
        self.name = system.name
        self.variables = tuple(map(str, self.numeric.variables))
        d = len(self.variables)
        if d > LARGEST:
            raise InputError(
                f"the {self.kind} has {d} variables; a dense report handles up to {LARGEST}"
            )
        self.fields, self.rules = self._checked(fields, rules)
        self.box = search_box(self.numeric, named_box(box or {}, self.variables))
        self.starts = starts or batch_size(d)
        self.seed = seed
        self.warnings: list[str] = []
        self.main = self.numeric if self.kind == "map" else self._flow(self.numeric, Gradient())
        self.flows = []
        if self.kind != "map":
            for field in self.fields:
                numeric = (
                    self.main if isinstance(field, Gradient) else self._flow(self.numeric, field)
                )
                symbolic = None if self.symbolic is None else self._flow(self.symbolic, field)
                self.flows.append((field, numeric, symbolic))
        self.equations = self._equations()
        self.found = self._search() if at is None else self._given(at)

    def _checked(self, fields, rules) -> tuple[list[Field], list[Rule]]:
        for field in fields:
            if not isinstance(field, Field):
                raise InputTypeError(f"{field!r} is no field; use for example TwoTimescale(tau=2)")
            if self.kind != "game":
                raise InputError(f"fields are made from games; a {self.kind} is its own field")
        for rule in rules or ():
            if not isinstance(rule, Rule):
                raise InputTypeError(f"{rule!r} is no rule; use for example Simultaneous(lr=0.1)")
            if self.kind == "map":
                raise InputError("a map is already discrete; rules step along a field")
        if rules is None:
            rules = []
            if self.kind == "game":
                several = len(self.numeric.partition.players) > 1
                rules = [Simultaneous(), Alternating()] if several else [Simultaneous()]
        fields = list(fields) or [Gradient()]
        for item in (*fields, *rules):  # raises for players that do not exist, before any work
            if isinstance(item, Field) and self.kind == "game" and hasattr(item, "speeds"):
                item.speeds(self.numeric)
            if isinstance(item, Rule):
                d = self.numeric.partition.dimension
                item.linearise(np.zeros((d, d)), self.numeric.partition)
        return fields, list(rules)

    def _flow(self, system, field):
        return field.flow(system) if self.kind == "game" else system

    def _equations(self) -> Equations | None:
        if self.symbolic is None or self.symbolic.dimension > LARGEST_EXACT:
            return None
        expressions = (
            self.symbolic.displacement
            if isinstance(self.symbolic, SymbolicMap)
            else self.symbolic.expressions
        )
        return Equations(self.symbolic.variables, tuple(expressions), self.values)

    def _search(self) -> Equilibria:
        special = (
            [] if self.numeric.start is None else [np.asarray(self.numeric.start, dtype=float)]
        )
        return find_equilibria(
            self.main.evaluate, self.box, self.equations,
            special=special, starts=self.starts, seed=self.seed,
        )  # fmt: skip

    def _given(self, at) -> Equilibria:
        points = [at] if isinstance(at, Mapping) else list(at)
        found = []
        for point in points:
            coordinates = self._coordinates(point)
            x = np.array([float(c.evalf(20)) for c in coordinates])
            found.append(
                describe_point(self.main.evaluate, x, self.box, coordinates, self.equations)
            )
        return Equilibria(tuple(found), GIVEN, 0, self.seed, self.box, False)

    def _coordinates(self, point: Mapping[str, Any]) -> tuple[sympy.Expr, ...]:
        named = {str(key): value for key, value in point.items()}
        for name in named:
            if name not in self.variables:
                raise InputError(f"{name} is no variable; there are {', '.join(self.variables)}")
        for name in self.variables:
            if name not in named:
                raise InputError(f"the point says nothing of {name}")
        return tuple(exact_number(named[name]) for name in self.variables)

    def report(self) -> Report:
        zero_sum = self._zero_sum() if self.kind == "game" else None
        equilibria = tuple(self._equilibrium(e, zero_sum) for e in self.found.found)
        self.warnings += self.found.warnings
        if self.found.method != GIVEN and not self.found.exhaustive:
            self.warnings.append(
                "the equilibria come from a multi-start search, which proves nothing about completeness"
                if equilibria
                else "no equilibrium was found in the box; it may lie outside (give a larger box)"
            )
        players = self.numeric.partition.players if self.kind == "game" else ()
        return Report(
            __version__,
            System(
                self.kind, self.name, players, self.variables,
                {p.name: float(v) for p, v in self.values.items()},
                zero_sum, self._structure() if self.kind != "map" else None,
            ),
            SearchInfo(
                self.found.method, self.found.starts, self.found.seed,
                dict(zip(self.variables, map(tuple, self.box.tolist()), strict=True)),
                self.found.exhaustive,
            ),
            equilibria,
            tuple(dict.fromkeys(self.warnings)),
        )  # fmt: skip

    def _samples(self, n: int) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        return rng.uniform(self.box[:, 0], self.box[:, 1], (n, len(self.variables)))

    def _structure(self) -> str:
        """Potential, Hamiltonian or general, judged at sample points of the box."""
        _, jacobians = self.main.evaluate(self._samples(8))
        jacobians = jacobians[np.isfinite(jacobians).all(axis=(1, 2))]
        transposed = jacobians.transpose(0, 2, 1)
        scale = 1e-10 * float(np.abs(jacobians).max(initial=0.0))
        if not len(jacobians):
            return "general"
        if np.abs(jacobians - transposed).max() <= scale:
            return "potential"
        return "Hamiltonian" if np.abs(jacobians + transposed).max() <= scale else "general"

    def _zero_sum(self) -> bool:
        """Whether the losses add up to terms in single strategies: ∇²ᵢⱼ ΣL = 0 for all i ≠ j.

        Terms in the others' strategies change nobody's incentives, so such a two-player game is
        strategically equivalent to a zero-sum one. Judged at sample points of the box.
        """
        if len(self.numeric.players) == 1:
            return False
        pairs = list(itertools.combinations(self.numeric.partition.slices, 2))
        for hessians in self._sample_hessians(3):
            total, scale = hessians.sum(axis=0), np.abs(hessians).max()
            if not all(np.abs(total[i, j]).max() <= 1e-10 * scale for i, j in pairs):
                return False
        return True

    def _sample_hessians(self, n: int) -> list[np.ndarray]:
        """∇²L_i at sample points, each of shape (players, d, d); by SymPy if possible, without compiling."""
        if isinstance(self.symbolic, SymbolicGame) and self.symbolic.dimension <= LARGEST_EXACT:
            game = self.symbolic
            hessians = [h.xreplace(self.values) for h in game.derivatives()[1]]
            puts = [
                dict(zip(game.variables, map(sympy.Float, x), strict=True))
                for x in self._samples(n)
            ]
            return [np.array([_numbers(h.xreplace(put)) for h in hessians]) for put in puts]
        return [self._derivatives(x)[1] for x in self._samples(n)]

    def _derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """∇L_i and ∇²L_i by JAX in float64."""
        import jax

        with jax.enable_x64(True):
            gradients, hessians = self.numeric.derivatives(x)
        return np.asarray(gradients), np.asarray(hessians)

    # ---- one equilibrium -------------------------------------------------------------------------

    def _equilibrium(self, e: Equilibrium, zero_sum: bool | None) -> EquilibriumAnalysis:
        exact = None
        if e.exact is not None:
            exact = {name: exact_text(c) for name, c in zip(self.variables, e.exact, strict=True)}
        usable = e.differentiable and e.stationary
        found = None
        flows, rules, maps, decomposition = [], [], [], None
        if self.kind == "map":
            maps = [self._map(e) if e.differentiable else _no_map(e)]
        else:
            for field, numeric, symbolic in self.flows:
                flow, own_rules = self._field(e, field, numeric, symbolic)
                flows.append(flow)
                rules += own_rules
        if self.kind == "game":
            found = (
                self._conditions(e, bool(zero_sum)) if usable else _no_conditions(e, self.numeric)
            )
            if e.differentiable:
                decomposition = self._decomposition(e)
        return EquilibriumAnalysis(
            dict(zip(self.variables, map(float, e.point), strict=True)), exact, e.residual,
            e.stationary, e.differentiable, e.isolated, e.manifold_dimension,
            found, decomposition, tuple(flows), tuple(rules), tuple(maps),
            remarks(e, found, flows, rules),
        )  # fmt: skip

    def _jacobian(self, e: Equilibrium, numeric, symbolic) -> tuple[np.ndarray, np.ndarray, Any]:
        """J at e, a bound on the error of each entry, and the exact J in the parameters (or None).

        The error is that of evaluating J, a few units in the last place, and what J changes by when the
        point moves within its own error.
        """
        _, jacobians = numeric.evaluate(e.point[None])
        jacobian = jacobians[0]
        if symbolic is not None and e.exact is not None and len(e.point) <= LARGEST_EXACT:
            expression = symbolic.jacobian()
            if not e.generic:
                expression = expression.xreplace(self.values)
            exact = at_point(expression, symbolic.variables, e.exact)
            number = _numbers(exact.xreplace(self.values))
            if np.isfinite(number).all():
                scale = 1e-7 * np.abs(number).max() + 1e-12
                if np.abs(number - jacobian).max() > scale:
                    self.warnings.append(
                        "SymPy and JAX disagree on a Jacobian; please report this game"
                    )
                return number, EPS * np.abs(number), exact
        signs = np.sign(np.random.default_rng(0).standard_normal((8, len(e.point))))
        around = numeric.evaluate(e.point + e.error * signs)[1]
        moved = np.abs(around - jacobian).max(axis=0) if e.error else np.zeros_like(jacobian)
        return jacobian, 4 * EPS * np.abs(jacobian) + moved, None

    def _field(self, e, field, numeric, symbolic) -> tuple[FlowAnalysis, list[RuleAnalysis]]:
        name, settings = (
            ("given", {}) if self.kind == "flow" else (field.name, plain(field.settings))
        )
        if not e.differentiable:
            verdict = _no_verdict(e)
            flow = FlowAnalysis(
                name, settings, None, None, None, None, "not differentiable here", verdict
            )
            return flow, [_no_rule(rule, name, settings, verdict) for rule in self.rules]
        jacobian, uncertainty, exact = self._jacobian(e, numeric, symbolic)
        inserted = None if exact is None else exact.xreplace(self.values)
        linear = symbolic is not None and not (
            symbolic.jacobian().free_symbols & set(symbolic.variables)
        )
        tangent = e.tangent if e.tangent.shape[1] else None
        found = linearisation(
            "flow", jacobian, uncertainty, inserted, tangent=tangent, linear=linear
        )
        eigenvalues, closed, bound = self._eigenvalues(exact, found, "abscissa")
        verdict = found.verdict if e.stationary else _no_verdict(e)
        flow = FlowAnalysis(
            name, settings, eigenvalues, closed,
            float(eigenvalues.real.max()), bound, found.type, verdict,
        )  # fmt: skip
        partition = numeric.partition
        rules = [
            self._rule(e, rule, name, settings, jacobian, uncertainty, exact, partition, linear)
            for rule in self.rules
        ]
        return flow, rules

    def _eigenvalues(self, exact, found: Linearisation, what: str):
        """The eigenvalues, from their closed forms where there are any; these as text; an error bound.

        `what` names the bounded quantity of the spectrum, its abscissa or its radius.
        """
        closed = None if exact is None else exact_eigenvalues(exact, self.values)
        if closed is None:
            bounds = getattr(found.spectrum, what)
            error = max(bounds.upper - bounds.value, bounds.value - bounds.lower)
            return found.spectrum.eigenvalues, None, error
        numbers = np.array([complex(c.xreplace(self.values).evalf(20)) for c in closed])
        return numbers, tuple(exact_text(c) for c in closed), 2 * EPS * float(np.abs(numbers).max())

    def _rule(
        self, e, rule, name, settings, jacobian, uncertainty, exact, partition, linear
    ) -> RuleAnalysis:
        matrix = rule.linearise(jacobian, partition)
        size = np.abs(rule.linearise(np.abs(jacobian), partition))
        error = 8 * EPS * size + np.abs(
            rule.linearise(np.abs(jacobian) + uncertainty, partition)
            - rule.linearise(np.abs(jacobian), partition)
        )
        inserted = None
        if exact is not None:
            lr = rule.lr
            lr = (
                {p: exact_number(v) for p, v in lr.items()}
                if isinstance(lr, Mapping)
                else exact_number(lr)
            )
            exact_rule = replace(rule, lr=lr)
            inserted = exact_rule.linearise(sympy.Matrix(exact.xreplace(self.values)), partition)
        tangent = e.tangent if e.tangent.shape[1] else None
        found = linearisation("map", matrix, error, inserted, tangent=tangent, linear=linear)
        verdict = found.verdict if e.stationary else _no_verdict(e)
        critical, critical_exact, best, best_radius = None, None, None, None
        if e.stationary:
            critical, critical_exact, best, best_radius = self._steps(
                e, rule, jacobian, exact, partition
            )
        whole = found.spectrum.radius
        radius = found.across.radius.value if len(found.across.eigenvalues) else 1.0
        stable = verdict.verdict == "exponentially stable"
        return RuleAnalysis(
            rule.name, plain(rule.settings), name, settings,
            found.spectrum.eigenvalues, whole.value, max(whole.upper - whole.value, whole.value - whole.lower),
            found.type, verdict,
            critical, critical_exact, best, best_radius,
            math.log(10) / -math.log(radius) if stable and radius > 0 else None,
        )  # fmt: skip

    def _steps(self, e, rule, jacobian, exact, partition):
        k = e.tangent.shape[1]
        if k == len(jacobian):
            return None, None, None, None
        base = unit(rule)
        numeric_base = replace(base, lr=_floats(base.lr))
        transversal = complement(e.tangent) if k else None
        multipliers = step_multipliers(numeric_base, jacobian, partition, transversal)
        sizes = step_sizes(multipliers, len(jacobian))
        critical, text = sizes.critical, None
        if exact is not None:
            found = exact_critical_step(rule, exact, partition, self.values, k)
            if found is not None:
                critical = found.value
                text = None if found.expression is None else exact_text(found.expression)
        return (
            _times(numeric_base.lr, critical), text,
            _times(numeric_base.lr, sizes.best), sizes.best_radius,
        )  # fmt: skip

    def _map(self, e: Equilibrium) -> MapAnalysis:
        jacobian, uncertainty, exact = self._jacobian_of_map(e)
        inserted = None if exact is None else exact.xreplace(self.values)
        linear = self.symbolic is not None and not (
            self.symbolic.jacobian().free_symbols & set(self.symbolic.variables)
        )
        tangent = e.tangent if e.tangent.shape[1] else None
        found = linearisation(
            "map", jacobian, uncertainty, inserted, tangent=tangent, linear=linear
        )
        multipliers, closed, bound = self._eigenvalues(exact, found, "radius")
        verdict = found.verdict if e.stationary else _no_verdict(e)
        radius = float(np.abs(multipliers).max())
        return MapAnalysis(multipliers, closed, radius, bound, found.type, verdict)

    def _jacobian_of_map(self, e: Equilibrium):
        """DF at a fixed point; the searched field is the displacement F(x) − x."""
        displacement, uncertainty, exact = self._jacobian(
            e, self.main, _Displacement(self.symbolic)
        )
        identity = np.eye(len(displacement))
        jacobian = displacement + identity
        if exact is not None:
            exact = exact + sympy.eye(len(identity))
            jacobian = _numbers(exact.xreplace(self.values))
        return jacobian, uncertainty + EPS * identity, exact

    def _conditions(self, e: Equilibrium, zero_sum: bool) -> Conditions:
        import jax

        game = self.numeric
        exact = self._exact_derivatives(e)
        moved = 0.0
        if exact is not None:
            gradients = _numbers(exact.gradients)
            hessians = np.array([_numbers(h) for h in exact.hessians])
        else:
            gradients, hessians = self._derivatives(e.point)
            if e.error:
                moved = float(np.abs(self._derivatives(e.point + e.error)[1] - hessians).max())

        def constrained(leader, follower, w):
            with jax.enable_x64(True):
                return np.asarray(game.constrained_hessian(leader, follower, e.point, w))

        return conditions(
            game.partition, Derivatives(gradients, hessians, constrained), exact,
            zero_sum=zero_sum, minimizer=game.minimizer, uncertainty=moved,
        )  # fmt: skip

    def _exact_derivatives(self, e: Equilibrium) -> Derivatives | None:
        game = self.symbolic
        if e.exact is None or not isinstance(game, SymbolicGame) or game.dimension > LARGEST_EXACT:
            return None
        exact, values = e.exact, self.values

        def put(matrix):
            return at_point(
                matrix.xreplace(values), game.variables, [c.xreplace(values) for c in exact]
            )

        def constrained(leader, follower, w):
            return put(game.constrained_hessian(leader, follower, None, w))

        gradients, hessians = game.derivatives()
        return Derivatives(put(gradients), [put(h) for h in hessians], constrained)

    def _decomposition(self, e: Equilibrium) -> Decomposition:
        jacobian = self.main.evaluate(e.point[None])[1][0]
        symmetric, antisymmetric = (
            float(np.linalg.norm((jacobian + s * jacobian.T) / 2)) for s in (1, -1)
        )
        total = symmetric**2 + antisymmetric**2
        return Decomposition(symmetric, antisymmetric, antisymmetric**2 / total if total else 0.0)


class _Displacement:
    """The Jacobian of F(x) − x, in the shape in which `_jacobian` asks for it."""

    def __init__(self, map_: SymbolicMap | None):
        self.map = map_

    def __bool__(self) -> bool:
        return self.map is not None

    @property
    def variables(self):
        assert self.map is not None
        return self.map.variables

    def jacobian(self):
        assert self.map is not None
        return self.map.jacobian() - sympy.eye(self.map.dimension)


def search_box(system: Game | Flow | Map, given: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """Where equilibria are searched, shape (d, 2): as given, else the system's box, else [−2, 2].

    Without a box the interval is stretched to twice the start.
    """
    box = {**system.box, **given}
    start = (
        np.zeros(len(system.variables)) if system.start is None else np.asarray(system.start, float)
    )
    return np.array(
        [
            box.get(name, (min(-2.0, 2 * x), max(2.0, 2 * x)))
            for name, x in zip(system.variables, start, strict=True)
        ],
        dtype=float,
    )


def with_signs(symbolic, values: Mapping[sympy.Symbol, sympy.Expr]):
    """The system with symbols for its parameters that know the sign of the parameter's value.

    Closed forms then hold as long as no parameter changes its sign, and come out without |gamma|.
    """
    renamed = {
        p: sympy.Symbol(p.name, positive=True)
        if v.is_positive
        else sympy.Symbol(p.name, negative=True)
        for p, v in values.items()
        if v.is_positive or v.is_negative
    }
    return symbolic.renamed(renamed), {renamed.get(p, p): v for p, v in values.items()}


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


def _numbers(matrix: sympy.MatrixBase) -> np.ndarray:
    """A matrix of exact numbers in float64; NaN where an entry is no real number."""

    def number(e: sympy.Expr) -> float:
        value = e.evalf(20)
        return float(value) if value.is_Float or value.is_Rational else math.nan

    return np.array([[number(e) for e in matrix.row(i)] for i in range(matrix.rows)], dtype=float)


def _floats(lr: Any) -> Any:
    return {p: float(v) for p, v in lr.items()} if isinstance(lr, Mapping) else float(lr)


def _times(lr: Any, factor: float | None) -> Any:
    """Step sizes times a factor, in the shape in which the user gave them."""
    if factor is None:
        return None
    return {p: v * factor for p, v in lr.items()} if isinstance(lr, Mapping) else lr * factor


def _no_verdict(e: Equilibrium) -> Verdict:
    if not e.differentiable:
        return Verdict("undecided", None, None, "numeric", "the field is not differentiable here")
    text = f"the point is not stationary: the field there has size {e.residual:.6g}"
    return Verdict("undecided", e.residual, None, "numeric", text)


def _no_conditions(e: Equilibrium, game: Game) -> Conditions:
    verdict = _no_verdict(e)
    leaders = game.players if len(game.players) == 2 else ()
    return Conditions(verdict, verdict, verdict, {f"leader {p}": verdict for p in leaders})


def _no_rule(rule: Rule, name: str, settings: Mapping[str, Any], verdict: Verdict) -> RuleAnalysis:
    return RuleAnalysis(
        rule.name, plain(rule.settings), name, settings, None, None, None, "not differentiable here",
        verdict, None, None, None, None, None,
    )  # fmt: skip


def _no_map(e: Equilibrium) -> MapAnalysis:
    return MapAnalysis(None, None, None, None, "not differentiable here", _no_verdict(e))
