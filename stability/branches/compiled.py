"""The compiled part of a sweep: from parameter values to equilibria, Jacobians and linearised steps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.flow import Flow
from ..dynamics.functions import jax_function
from ..dynamics.vectors import split, stack
from ..fields import Gradient
from ..rules import Rule
from ..spectra.small_matrices import eigenvalues_2x2
from .axes import Setup
from .follow import follow, value_and_jacobian
from .problem import Problem, field_flow, parameter_symbol

_MATRICES = frozenset({"jacobian", "step"})
_FEW = 64
_STATIONARY = 1e-9  # of the Jacobian times the box, as in a report


@dataclass(frozen=True)
class Compiled:
    """One compiled function for all points of a grid.

    Called with the axes' values, shape (n, a), always with the same n, it returns NumPy arrays whose first
    length is n. Which ones follows from what the quantities read (`reads`):

    - `lost` (n,), always: whether the equilibrium was lost; the rows of all others are NaN there.
    - `point` (n, d), `residual` (n,), `losses` (n, players).
    - `jacobian` (n, d, d) of the field; of a map, DF.
    - `step` (n, m, m): the Jacobian of the rule's step, or for simultaneous steps H J, which keeps the
      digits that the sum I + H J loses.
    - `eigenvalues` (n, 2) and `multipliers` (n, 2) of 2 × 2 matrices; others are left to the host.
    """

    problem: Problem
    reads: frozenset[str]

    @property
    def wanted(self) -> frozenset[str]:
        """What the quantities read, with the multipliers of a map called the eigenvalues of DF."""
        own = (
            {"multipliers": "eigenvalues", "step": "jacobian"} if self.problem.kind == "map" else {}
        )
        return frozenset(own.get(name, name) for name in self.reads)

    @cached_property
    def outputs(self) -> frozenset[str]:
        """The arrays that the compiled function returns; closed-form spectra are made of these."""
        reads = self.wanted
        names = {"lost"} | reads & {"point", "residual", "losses", "jacobian"}
        if "eigenvalues" in reads:
            names.add("jacobian")
        if {"step", "multipliers"} & reads:
            names.add("step" if self.step_size else "jacobian")
            if self.problem.is_euler and self.step_size != 2:
                names.add("jacobian")  # whose eigenvalues serve both
        return frozenset(names)

    @cached_property
    def step_size(self) -> int | None:
        """The size m of the linearised step; None if JAX cannot trace it and the host has to compute it."""
        row = jax.ShapeDtypeStruct((len(self.problem.axes),), np.float64)
        try:
            with jax.enable_x64(True):
                return jax.eval_shape(lambda row: self._one(row, {"step"}), row)["step"].shape[0]
        except Exception:  # whatever a rule written for NumPy may raise when it meets a tracer
            return None

    def __call__(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        with jax.enable_x64(True):
            found = self._function(rows)
            for name, matrix in (("eigenvalues", "jacobian"), ("multipliers", "step")):
                if matrix in found and name in self.wanted and found[matrix].shape[0] == 2:
                    shift = 1.0 if name == "multipliers" and self.problem.is_euler else 0.0
                    found[name] = _closed_form(found[matrix], shift)
            arrays = {key: np.asarray(value) for key, value in found.items()}
        for matrix in _MATRICES & arrays.keys():
            own = np.moveaxis(arrays[matrix], -1, 0)
            arrays[matrix] = own if own.shape[1] == 2 else np.ascontiguousarray(own)
        return arrays

    @cached_property
    def _function(self) -> Callable[[np.ndarray], dict[str, Any]]:
        outputs = self.outputs
        # entries apart, each over all points: what XLA computes fastest
        axes = {name: -1 if name in _MATRICES else 0 for name in outputs}
        return jax.jit(jax.vmap(lambda row: self._one(row, outputs), out_axes=axes))

    def _one(self, row: Any, outputs: AbstractSet[str]) -> dict[str, Any]:
        problem = self.problem
        setup, build = problem.at(row)
        system = build()
        point = self._point(row)
        value, jacobian = self._main(setup, system, point, row)
        residual = _largest(value)
        bound = _STATIONARY * _largest(jacobian) * problem.reach
        kept = (residual <= bound) & jnp.isfinite(residual)  # also false where something is NaN
        own = problem.rests_apart or isinstance(setup.field, Gradient)
        if system.kind == "game" and not own:
            jacobian = value_and_jacobian(setup.field.flow(system).function, point)[1]
        elif problem.kind == "map":
            jacobian = jacobian + jnp.eye(len(point))
        jacobian = jnp.where(kept, jacobian, jnp.nan)
        found = {"lost": ~kept, "jacobian": jacobian}
        found["point"] = jnp.where(kept, point, jnp.nan)
        found["residual"] = jnp.where(kept, residual, jnp.nan)
        if "losses" in outputs:
            found["losses"] = jnp.where(kept, system.losses(point), jnp.nan)
        if "step" in outputs:
            if problem.local:
                step = _local_step(setup.rule.frozen(), field_flow(setup, system), point)
                found["step"] = jnp.where(kept, step, jnp.nan)
            else:
                found["step"] = linearised_step(setup.rule, jacobian, problem.partition)
        return {name: found[name] for name in outputs}

    def _point(self, row: Any) -> Any:
        problem = self.problem
        base, moving = problem.base, problem.moving
        if not moving:
            return jnp.asarray(base.point)
        if problem.coordinates is not None:
            symbols = [parameter_symbol(problem.system, problem.axes[i]) for i in moving]
            coordinates = jax_function(symbols, list(problem.coordinates))
            values = coordinates(*(row[i] for i in moving))
            return jnp.stack([jnp.asarray(value, row.dtype) for value in values])
        where = np.array(moving)

        def function(x: Any, varied: Any) -> Any:
            setup, build = problem.at(row.at[where].set(varied))
            return problem.displacement(setup, build())(x)

        return follow(
            function,
            base.point,
            problem.origin[where],
            row[where],
            problem.unit,
            base.manifold_dimension > 0,
        )

    def _main(self, setup: Setup, system: Any, point: Any, row: Any) -> tuple[Any, Any]:
        """The function whose zeros are followed at the point, and its Jacobian."""
        problem = self.problem
        if problem.rests_apart or self._formulas is None:
            return value_and_jacobian(problem.displacement(setup, system), point)
        d = len(problem.variables)
        numbers = self._formulas(*point, *(row[i] for i in problem.varied))
        entries = jnp.stack([jnp.asarray(number, row.dtype) for number in numbers])
        value, jacobian, domain = jnp.split(entries, [d, d + d * d])
        return jnp.where(jnp.isfinite(domain).all(), value, jnp.nan), jacobian.reshape(d, d)

    @cached_property
    def _formulas(self) -> Callable[..., Any] | None:
        return self.problem.formulas()


def _largest(array: Any) -> Any:
    """The largest modulus; of few numbers one by one, which is quicker in a batch than a reduction."""
    if array.size > _FEW:
        return jnp.max(jnp.abs(array))
    return functools.reduce(jnp.maximum, jnp.abs(array).ravel())


# On its own: fused with what comes before, XLA computes it several times over, once for each output.
@jax.jit
def _closed_form(matrices: Any, shift: Any) -> Any:
    return eigenvalues_2x2(jnp.moveaxis(matrices, -1, 0)) + shift


def linearised_step(rule: Rule, jacobian: Any, partition: Any) -> Any:
    """The Jacobian of the rule's step; of simultaneous steps without the identity."""
    if rule.is_euler:
        return partition.scale(partition.per_player(rule.lr, "lr"), jacobian)
    return rule.linearise(jacobian, partition)


def _local_step(rule: Rule, flow: Flow, point: Any) -> Any:
    """The Jacobian of the rule's whole step on its state; NaN if the rule does not rest at the point."""
    vectors = rule.init(flow, point)
    sizes = tuple(len(vector) for vector in vectors)
    start = stack(vectors)

    def step(state: Any) -> Any:
        return stack(rule.step(flow, split(state, sizes)))

    matrix = jax.jacfwd(step)(start)
    moved = jnp.max(jnp.abs(step(step(start)) - start)[: len(point)])
    rests = moved <= _STATIONARY * (1 + jnp.max(jnp.abs(matrix))) * (1 + jnp.max(jnp.abs(point)))
    return jnp.where(rests, matrix, jnp.nan)
