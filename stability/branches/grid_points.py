"""The linearisations of a chunk of grid points, and what follows from them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from ..criteria.steps import StepSizes, euler_step_sizes_of_all, rule_step_sizes
from ..errors import InputError
from ..rules import Rule
from ..spectra.dense import stability_sign
from ..spectra.small_matrices import eigenvalues_on_host
from .compiled import Compiled, linearised_step
from .problem import field_flow

_EPS = float(np.finfo(float).eps)
_UNCERTAINTY = 16 * _EPS  # of the entries of a computed matrix, relative to its largest one


@dataclass(frozen=True)
class GridPoints:
    """A chunk of n points; every number is computed when it is first asked for.

    `rows` are the axes' values, shape (n, a), and `found` what the compiled function returned for them.
    """

    compiled: Compiled
    rows: np.ndarray
    found: Mapping[str, np.ndarray]

    @property
    def jacobian(self) -> np.ndarray:
        """Of the field (of a map: of the map), shape (n, d, d)."""
        return self.found["jacobian"]

    @property
    def is_map(self) -> bool:
        return self.compiled.problem.kind == "map"

    @property
    def manifold_dimension(self) -> int:
        return self.compiled.problem.base.manifold_dimension

    @property
    def is_simultaneous(self) -> bool:
        return self.compiled.problem.is_euler

    @cached_property
    def eigenvalues(self) -> np.ndarray:
        """Of the Jacobian, complex, shape (n, d)."""
        return self._closed_form("eigenvalues", lambda: eigenvalues_on_host(self.jacobian))

    @cached_property
    def step(self) -> np.ndarray:
        """The linearised step (see `Compiled`), shape (n, m, m)."""
        if "step" in self.found:
            return self.found["step"]
        matrices = [self._step_at(i) for i in range(len(self.rows))]
        size = max((len(matrix) for matrix in matrices if matrix is not None), default=1)
        lost = np.full((size, size), np.nan)
        return np.array([lost if matrix is None else matrix for matrix in matrices])

    def _step_at(self, i: int) -> np.ndarray | None:
        if not np.isfinite(self.jacobian[i]).all():
            return None
        try:
            with np.errstate(all="ignore"):
                rule = self._rule_at(i)
                return linearised_step(rule, self.jacobian[i], self.compiled.problem.partition)
        except InputError:  # no derivative here, or an inverse that does not exist
            return None

    def _rule_at(self, i: int) -> Rule:
        """The rule at one point, in a form that can be linearised there."""
        problem = self.compiled.problem
        setup, build = problem.at(self.rows[i].tolist())
        if not problem.local:
            return setup.rule
        with jax.enable_x64(True):
            rule = setup.rule.near(field_flow(setup, build()), self.found["point"][i])
            rule.linearise(self.jacobian[i], problem.partition)  # compiled now, for all step sizes
        return rule

    @cached_property
    def increments(self) -> np.ndarray:
        """The multipliers of simultaneous steps less one: hλ, shape (n, d)."""
        if self.has_one_lr:
            return self.lr[:, :1] * self.eigenvalues
        return eigenvalues_on_host(self.step)

    @property
    def has_one_lr(self) -> bool:
        """Whether all players have the same step size."""
        problem = self.compiled.problem
        own = [a for a in problem.axes if a.owner == "rule" and a.setting == "lr"]
        mapped = isinstance(problem.setup.rule.lr, Mapping)
        return any(a.player is None for a in own) or not (mapped or own)

    @cached_property
    def lr(self) -> np.ndarray:
        """The players' step sizes, shape (n, players)."""
        problem = self.compiled.problem
        sizes = np.empty((len(self.rows), len(problem.partition.players)))
        sizes[:] = problem.partition.per_player(problem.setup.rule.lr, "lr")
        for i, axis in enumerate(problem.axes):
            if axis.owner == "rule" and axis.setting == "lr":
                player = (
                    slice(None) if axis.player is None else [problem.partition.index(axis.player)]
                )
                sizes[:, player] = self.rows[:, i : i + 1]
        return sizes

    @cached_property
    def multipliers(self) -> np.ndarray:
        """Of the rule's step or the map, complex, shape (n, kd)."""
        if self.is_map:
            return self.eigenvalues
        if self.is_simultaneous:
            return self._closed_form("multipliers", lambda: 1.0 + self.increments)
        return self._closed_form("multipliers", lambda: eigenvalues_on_host(self.step))

    def _closed_form(self, key: str, otherwise: Callable[[], np.ndarray]) -> np.ndarray:
        return self.found[key] if key in self.found else otherwise()

    @cached_property
    def abscissa(self) -> np.ndarray:
        return _row_maxima(np.real(self.eigenvalues))

    @cached_property
    def radius(self) -> np.ndarray:
        return _row_maxima(np.abs(self.multipliers))

    @cached_property
    def radius_across(self) -> np.ndarray:
        """The spectral radius without the multipliers along a manifold of equilibria."""
        across = _without_nearest(self.multipliers, 1.0, self.manifold_dimension)
        return np.abs(across).max(axis=1, initial=0.0)

    @cached_property
    def flow_is_stable(self) -> np.ndarray:
        """1 where every eigenvalue has Re < 0, 0 where one has Re > 0, NaN where rounding hides the sign."""
        across = _without_nearest(self.eigenvalues, 0.0, self.manifold_dimension)
        largest = np.real(across).max(axis=1, initial=-np.inf)
        return self._judged("flow", self.jacobian, largest, self._trace_conditions)

    @cached_property
    def step_is_stable(self) -> np.ndarray:
        """1 where every multiplier has |μ| < 1, 0 where one has |μ| > 1, NaN where rounding hides which."""
        matrix = self.jacobian if self.is_map else self.step
        whole = matrix
        if self.is_simultaneous and not self.is_map:
            whole = matrix + np.eye(matrix.shape[1])
        return self._judged("map", whole, self.radius_across - 1.0, self._circle_conditions)

    def _judged(
        self, kind: str, matrices: np.ndarray, margin: np.ndarray, two: Callable[[], Any]
    ) -> np.ndarray:
        d, k = matrices.shape[1], self.manifold_dimension
        if d == 2 and not k:
            positive, error = two()
            return _sign((positive > error).all(axis=1), (positive < -error).any(axis=1))
        size = np.linalg.norm(matrices, axis=(1, 2)) + (kind == "map")
        # eigenvalues move by at most this (Elsner 1985; Stewart and Sun, Matrix Perturbation Theory, IV.1.3)
        reach = 2 * size * (d * _UNCERTAINTY) ** (1 / d)
        verdict = _sign(margin < -reach, margin > reach)
        if k:
            return verdict
        unclear = np.flatnonzero(np.isnan(verdict) & np.isfinite(margin))
        known: dict[bytes, float] = {}
        for i in unclear:
            key = matrices[i].tobytes()
            if key not in known:
                entry = np.full(
                    (d, d), _UNCERTAINTY * max(np.abs(matrices[i]).max(), kind == "map")
                )
                sign = stability_sign(matrices[i], entry, kind=kind)
                known[key] = {-1: 1.0, 1: 0.0}.get(sign or 0, np.nan)
            verdict[i] = known[key]
        return verdict

    def _trace_conditions(self) -> tuple[np.ndarray, np.ndarray]:
        """What has to be positive for a stable 2 × 2 flow (Routh, Hurwitz), and its error."""
        size = np.abs(self.jacobian).max(axis=(1, 2), keepdims=True)
        trace, determinant, errors = _invariants(self.jacobian / np.where(size > 0, size, 1.0))
        return np.stack([-trace, determinant], axis=1), errors

    def _circle_conditions(self) -> tuple[np.ndarray, np.ndarray]:
        """The same for a 2 × 2 map M = I + A (Jury), from the trace and the determinant of A."""
        if self.is_simultaneous and not self.is_map:
            trace, determinant, errors = _invariants(self.step)
        else:
            matrix = self.jacobian if self.is_map else self.step
            own = np.maximum(np.abs(matrix).max(axis=(1, 2)), 1.0)
            trace, determinant, errors = _invariants(matrix - np.eye(2), own)
        positive = np.stack(
            [determinant, 4 + 2 * trace + determinant, -trace - determinant], axis=1
        )
        return positive, errors.sum(axis=1, keepdims=True) * np.ones(3)

    @cached_property
    def step_sizes(self) -> GridSteps:
        """The step sizes at every point."""
        if self.compiled.problem.setup.rule.lr is None:  # a rule without step sizes
            nothing = np.full((len(self.rows), 1), np.nan)
            return GridSteps(nothing, nothing, nothing[:, 0], np.tile(nothing, 2))
        if self.is_simultaneous:
            rates = self.eigenvalues if self.has_one_lr else self.increments
            rates = _without_nearest(rates, 0.0, self.manifold_dimension)
            critical, best, best_radius = euler_step_sizes_of_all(rates)
            low = np.where(critical > 0, 0.0, np.nan)
            high = np.where(critical > 0, critical, np.nan)
        else:
            critical, best, best_radius, low, high = self._scanned()
        own = np.ones((len(self.rows), 1)) if self.has_one_lr else self.lr
        return GridSteps(
            critical[:, None] * own, best[:, None] * own, best_radius, np.stack([low, high], axis=1)
        )

    def _scanned(self) -> np.ndarray:
        """Step sizes of any rule, from scans of the spectral radius; once for equal linearisations.

        Critical and best ones, the radius there, and the ends of the stable steps around it, shape (5, n).
        """
        partition, k = self.compiled.problem.partition, self.manifold_dimension
        known: dict[Any, tuple[float, ...]] = {}
        sizes = np.full((len(self.rows), 5), np.nan)
        for i, jacobian in enumerate(self.jacobian):
            if not np.isfinite(jacobian).all():
                continue
            try:
                rule = self._rule_at(i)
                base = rule if isinstance(rule.lr, Mapping) else rule.with_each_lr(lambda _: 1.0)
                key = i if self.compiled.problem.local else (jacobian.tobytes(), repr(base))
                if key not in known:
                    tangent = np.linalg.svd(jacobian)[2][-k:].T if k else None
                    known[key] = _numbers(rule_step_sizes(base, jacobian, partition, tangent))
                sizes[i] = known[key]
            except InputError:
                continue
        return sizes.T


@dataclass(frozen=True)
class GridSteps:
    """Step sizes at n points.

    - `critical`, `best`: shape (n, players or 1); the critical one is ∞ where every step is stable, the best
      one NaN where there is none. `best_radius`: the radius there, shape (n,).
    - `stable`: the ends of the interval of stable steps around the best one (of the last one, where larger
      steps are ever better), shape (n, 2), NaN where no step is stable; with step sizes that differ by
      player, factors on them.
    """

    critical: np.ndarray
    best: np.ndarray
    best_radius: np.ndarray
    stable: np.ndarray


def _numbers(sizes: StepSizes) -> tuple[float, ...]:
    critical = np.inf if sizes.critical is None else sizes.critical
    best = np.nan if sizes.best is None else sizes.best
    radius = np.nan if sizes.best_radius is None else sizes.best_radius
    ends = [(low, np.inf if high is None else high) for low, high in sizes.stable]
    around = [own for own in ends if own[0] <= best <= own[1]] or ends[-1:] or [(np.nan, np.nan)]
    return critical, best, radius, *around[0]


def _without_nearest(values: np.ndarray, centre: float, k: int) -> np.ndarray:
    """The values, shape (n, m), of each row without the k nearest to the centre."""
    if not k:
        return values
    order = np.argsort(np.abs(values - centre), axis=1, kind="stable")
    return np.take_along_axis(values, np.sort(order[:, k:], axis=1), axis=1)


def _row_maxima(values: np.ndarray) -> np.ndarray:
    """The largest number in each row, column by column, which is quick for rows that are short."""
    return functools.reduce(np.maximum, values.T)


def _sign(yes: np.ndarray, no: np.ndarray) -> np.ndarray:
    return np.where(yes, 1.0, np.where(no, 0.0, np.nan))


def _invariants(
    matrix: np.ndarray, size: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trace and determinant of 2 × 2 matrices, and bounds on their errors, shape (n, 2).

    `size` is what the entries' error is relative to, by default the largest entry.
    """
    a, b, c, d = (matrix[:, i, j] for i in (0, 1) for j in (0, 1))
    total = abs(a) + abs(b) + abs(c) + abs(d)
    error = _UNCERTAINTY * (np.abs(matrix).max(axis=(1, 2)) if size is None else size)
    return a + d, a * d - b * c, np.stack([2 * error, error * total + error**2], axis=1)
