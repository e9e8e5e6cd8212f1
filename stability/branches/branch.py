"""One equilibrium of one algorithm as a single number varies: its Jacobians and its linearised steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np
import sympy

from ..analysis.subject import LARGEST_EXACT
from ..criteria.exact_windows import ParametricMatrix
from ..dynamics.domain import partial_parts
from ..dynamics.symbols import exact as exact_number
from ..equilibria.equilibrium import Equilibrium, across
from ..errors import InputError
from ..rules import Rule
from ..spectra.exact import at_point
from ..time_limits import in_time
from .compiled import Compiled
from .problem import Problem, field_flow, parameter_symbol

_AT_ONCE = 32
_SECONDS = 2.0  # for one piece of algebra
_ALONG = 1e-9  # how nearly a direction is one of the manifold, relative to the Jacobian


@dataclass(frozen=True)
class Branch:
    """An equilibrium that is followed as the number of `problem.axes` varies, and the rule there, if any.

    Without axes nothing varies. `compiled` gives the field's Jacobians and may be shared among rules.
    """

    problem: Problem
    compiled: Compiled

    @property
    def rule(self) -> Rule | None:
        return self.problem.setup.rule

    @property
    def kind(self) -> str:
        return "map" if self.rule is not None or self.problem.kind == "map" else "flow"

    @property
    def manifold_dimension(self) -> int:
        return self.problem.base.manifold_dimension

    @cached_property
    def parameter(self) -> sympy.Symbol:
        """The symbol for the number in closed forms."""
        axes = self.problem.axes
        if axes and axes[0].owner in ("parameter", "penalty"):
            return parameter_symbol(self.problem.system, axes[0])
        return sympy.Dummy("p", real=True)

    @cached_property
    def _symbolic_flow(self) -> Any:
        problem = self.problem
        system = problem.system
        if not system.symbolic or system.dimension > LARGEST_EXACT:
            return None
        if system.kind != "game":
            return system
        setup = problem.setup
        if problem.axes and problem.axes[0].owner == "field":
            setup = setup.with_value(problem.axes[0], self.parameter)
        return setup.field.flow(system)

    @cached_property
    def _coordinates(self) -> tuple[sympy.Expr, ...] | None:
        """The equilibrium, rational in the parameter, where that is certain."""
        flow, problem = self._symbolic_flow, self.problem
        if flow is None:
            return None
        found = problem.coordinates
        if found is None and problem.base.exact is not None:
            fixed = {s.name: v for s, v in problem.fixed.items()}
            found = tuple(
                c.xreplace({s: fixed[s.name] for s in c.free_symbols if s.name in fixed})
                for c in problem.base.exact
            )
            expressions = flow.rest_equations - sympy.Matrix(problem.winding)
            there = at_point(expressions.xreplace(dict(problem.fixed)), flow.variables, found)
            zero = in_time(
                _SECONDS, lambda: all(e.is_zero or sympy.simplify(e) == 0 for e in there), False
            )
            if not zero:
                return None
        if found is None or not all(c.is_rational_function(self.parameter) for c in found):
            return None
        return None if self._leaves_domain(found) else found

    def _leaves_domain(self, point: tuple[sympy.Expr, ...]) -> bool:
        """Whether a loss may not be real there on an interval of numbers, which no closed form would say."""
        flow, fixed = self._symbolic_flow, dict(self.problem.fixed)
        if self.problem.system.kind != "game":
            return False
        put = dict(zip(flow.variables, point, strict=True))
        there = partial_parts(part.xreplace(put).xreplace(fixed) for part in flow.domain)
        return any(not (part.is_Pow and part.exp.is_integer) for part in there)

    @cached_property
    def jacobian(self) -> sympy.Matrix | None:
        """The Jacobian of the field (or map) at the equilibrium in the parameter, or None."""
        flow, coordinates = self._symbolic_flow, self._coordinates
        if flow is None or coordinates is None:
            return None
        matrix = flow.jacobian().xreplace(dict(self.problem.fixed))
        matrix = at_point(matrix, flow.variables, coordinates)
        rational = all(e.is_rational_function(self.parameter) for e in matrix)
        return matrix if rational and matrix.free_symbols <= {self.parameter} else None

    @cached_property
    def exact(self) -> ParametricMatrix | None:
        """The Jacobian, or the rule's linearised step, in the parameter; None if there is no closed form."""
        if self.jacobian is None:
            return None
        if self.rule is None:
            return ParametricMatrix(self.jacobian, self.manifold_dimension)
        rule, axes = self.rule, self.problem.axes
        if axes and axes[0].owner == "rule":
            rule = self.problem.setup.with_value(axes[0], self.parameter).rule
        rule, flow = rule.with_each_lr(_exact_or_symbol), self._symbolic_flow
        assert flow is not None

        def work() -> sympy.Matrix:
            near = rule.near(flow, self._coordinates)
            return sympy.Matrix(near.linearise(self.jacobian, self.problem.partition))

        try:
            step = in_time(_SECONDS, work, None)
        except (InputError, TypeError):  # a rule that is numeric only
            return None
        return None if step is None else ParametricMatrix(step, self.manifold_dimension)

    def matrices(self, numbers: np.ndarray) -> np.ndarray:
        """What decides stability at each number, across a manifold of equilibria; NaN where there is none."""
        if self._function is not None:
            with np.errstate(all="ignore"):
                return self._function(numbers)
        found = self._found(numbers)
        each = zip(numbers, found["jacobian"], found["point"], strict=True)
        matrices = [self._matrix(*arguments) for arguments in each]
        size = max((len(matrix) for matrix in matrices if matrix is not None), default=1)
        lost = np.full((size, size), np.nan)
        return np.array([lost if matrix is None else matrix for matrix in matrices])

    def is_lost(self, numbers: np.ndarray) -> np.ndarray:
        """Where the equilibrium could not be followed to, shape (n,)."""
        if self._function is not None:
            return np.zeros(len(numbers), bool)
        kept = np.isfinite(self._found(numbers)["jacobian"]).all(axis=(1, 2))
        return np.logical_not(kept)

    @cached_property
    def _function(self) -> Callable[[np.ndarray], np.ndarray] | None:
        """The closed form of the deciding matrix as a function of arrays."""
        if self.exact is None or self.manifold_dimension:
            return None
        matrix = self.exact.matrix
        entries = sympy.lambdify(self.parameter, list(matrix.evalf(17)), "numpy", cse=True)

        def function(numbers: np.ndarray) -> np.ndarray:
            columns = [np.broadcast_to(e, numbers.shape) for e in entries(numbers)]
            return np.stack(columns, axis=-1).reshape(len(numbers), *matrix.shape)

        return function

    def at(self, number: float) -> tuple[np.ndarray, np.ndarray]:
        """The point (d,) and the Jacobian (d, d) there; NaN where the equilibrium was lost."""
        found = self._found(np.array([number]))
        return found["point"][0], found["jacobian"][0]

    def trouble(self, number: float) -> str | None:
        """Why there is no linearised step at a number where the equilibrium is; None if there is one."""
        point, jacobian = self.at(number)
        if not np.isfinite(jacobian).all():
            return None
        try:
            self._linearised(number, jacobian, point)
        except InputError as error:
            return str(error)
        return None

    def _matrix(self, number: float, jacobian: np.ndarray, point: np.ndarray) -> np.ndarray | None:
        if not np.isfinite(jacobian).all():
            return None
        try:
            return self._linearised(number, jacobian, point)
        except InputError:  # no derivative here, or an inverse that does not exist
            return None

    def _linearised(self, number: float, jacobian: np.ndarray, point: np.ndarray) -> np.ndarray:
        there = self._equilibrium(jacobian)
        if self.rule is None:
            return there.across(jacobian)
        partition = self.problem.partition
        setup, build = self.problem.at([float(number)] * len(self.problem.axes))
        rule = setup.rule
        with np.errstate(all="ignore"), jax.enable_x64(True):
            if self.problem.local:
                rule = rule.near(field_flow(setup, build()), point)
            step = np.asarray(rule.linearise(jacobian, partition))
            if not self.manifold_dimension:
                return step
            return across(step, rule.lifted(jacobian, partition, there.tangent))

    def _equilibrium(self, jacobian: np.ndarray) -> Equilibrium:
        """The base equilibrium with the tangent of its manifold where the Jacobian is this, if it turns."""
        base = self.problem.base
        if not self.manifold_dimension:
            return base
        if self.problem.kind == "map":
            jacobian = jacobian - np.eye(len(jacobian))
        if np.abs(jacobian @ base.tangent).max() <= _ALONG * np.abs(jacobian).max():
            return base
        return replace(base, tangent=np.linalg.svd(jacobian)[2][-self.manifold_dimension :].T)

    def _found(self, numbers: np.ndarray) -> Mapping[str, np.ndarray]:
        """What the compiled function returns; always called with as many rows, to be compiled only once."""
        axes = self.problem.axes
        constant = not axes or axes[0].owner == "rule"
        rows = np.zeros((1, len(axes))) + self.problem.origin if constant else numbers[:, None]
        parts = []
        for begin in range(0, len(rows), _AT_ONCE):
            part = rows[begin : begin + _AT_ONCE]
            found = self.compiled(np.resize(part, (_AT_ONCE, len(axes))))
            parts.append({key: found[key][: len(part)] for key in ("jacobian", "point")})
        whole = {key: np.concatenate([p[key] for p in parts]) for key in parts[0]}
        if constant:
            whole = {key: np.repeat(value, len(numbers), axis=0) for key, value in whole.items()}
        return whole


def _exact_or_symbol(value: Any) -> sympy.Expr:
    symbolic = isinstance(value, sympy.Expr) and value.free_symbols
    return value if symbolic else exact_number(value)
