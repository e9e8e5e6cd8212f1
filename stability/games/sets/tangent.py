"""The tangent space of the players' sets at a point, and how a velocity pushes against the limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from .product import NEAR, BallOf, Sets


@dataclass(frozen=True, eq=False)
class Tangent:
    """The velocities at a point x, shape (d,), along which the limits that x touches stay touched.

    - `sets`: in floating point; `point`: x.
    - `held`: shape (d,), the coordinates at an end of their interval and the probabilities that are zero.
    - `spheres`: the balls on whose sphere x is.

    The whole space if x touches nothing and no coordinates are probabilities.
    """

    sets: Sets
    point: np.ndarray
    held: np.ndarray
    spheres: tuple[BallOf, ...]

    @property
    def whole(self) -> bool:
        """Whether every velocity is tangent."""
        return not (self.held.any() or self.spheres or self.sets.simplices)

    @cached_property
    def supports(self) -> tuple[np.ndarray, ...]:
        """Of every simplex the coordinates that are not held."""
        return tuple(index[~self.held[index]] for index in self.sets.simplices)

    @cached_property
    def normals(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Of every sphere the coordinates, and the outward unit normal there."""
        found = []
        for ball in self.spheres:
            own = self.point[ball.index]
            found.append((ball.index, own / np.linalg.norm(own)))
        return tuple(found)

    def of_player(self, i: int) -> Tangent:
        """Player i's own."""
        own = self.sets.partition.slices[i]
        return replace(
            self,
            sets=self.sets.of_player(i),
            point=self.point[own],
            held=self.held[own],
            spheres=tuple(
                replace(b, index=b.index - own.start)
                for b in self.spheres
                if own.start <= b.index[0] < own.stop
            ),
        )

    def project(self, u: Any) -> Any:
        """The tangent part of velocities: one, shape (d,), in JAX or NumPy, or columns, shape (…, d, k), in
        NumPy or SymPy (SymPy: without spheres)."""
        if isinstance(u, sympy.MatrixBase):
            return self._exact_matrix * u
        if u.ndim > 1:
            return self.matrix @ u
        host = isinstance(u, np.ndarray)
        u = u * (~self.held).astype(u.dtype)
        for index, direction in self._normal_directions:
            excess = direction.astype(u.dtype) * (direction.astype(u.dtype) @ u[index])
            if host:
                u[index] -= excess
            else:
                u = u.at[index].add(-excess)
        return u

    @cached_property
    def _normal_directions(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Unit vectors that are normal to the tangent space, besides those along held coordinates."""
        rows = tuple((s, np.full(len(s), 1 / np.sqrt(len(s)))) for s in self.supports)
        return rows + self.normals

    @cached_property
    def matrix(self) -> np.ndarray:
        """The orthogonal projector on the tangent space, shape (d, d)."""
        matrix = np.diag((~self.held).astype(float))
        for index, normal in self._normal_directions:
            matrix[np.ix_(index, index)] -= np.outer(normal, normal)
        return matrix

    @cached_property
    def _exact_matrix(self) -> sympy.Matrix:
        matrix = sympy.diag(*(int(free) for free in ~self.held))
        for support in self.supports:
            for k in support:
                for j in support:
                    matrix[int(k), int(j)] -= sympy.Rational(1, len(support))
        return matrix

    def pushes(self, v: np.ndarray) -> np.ndarray:
        """The multiplier of every held coordinate, shape (d,): how strongly v pushes against its limit.

        The outward component of v at an end of an interval; at a probability that is zero how much less it
        grows than the mean of those that are not. NaN for the other coordinates.
        """
        near_low = np.abs(self.point - self.sets.low) <= np.abs(self.sets.high - self.point)
        found = np.where(near_low, -v, v)
        for index, support in zip(self.sets.simplices, self.supports, strict=True):
            found[index] = v[support].mean() - v[index]
        return np.where(self.held, found, np.nan)

    def pushes_of_spheres(self, v: np.ndarray) -> np.ndarray:
        """The multiplier of every sphere: the component of v along its outward normal."""
        return np.array([normal @ v[index] for index, normal in self.normals], dtype=float)

    def strict(self, v: np.ndarray, tolerance: float = NEAR) -> bool:
        """Whether v pushes against all limits that are touched, by more than rounding."""
        pushes = np.concatenate([self.pushes(v)[self.held], self.pushes_of_spheres(v)])
        return bool((pushes > tolerance * (1 + np.abs(v).max(initial=0.0))).all())


def has_limits_at(sets: Sets | None, x: np.ndarray) -> bool:
    """Whether not every small move from a point x, shape (d,), stays in the sets, or in no sets at all."""
    return bool(sets) and not tangent(sets, x).whole


def tangent(sets: Sets, x: np.ndarray) -> Tangent:
    """The tangent space at a point x, shape (d,), of sets in floating point; what is touched up to rounding
    counts as touched."""
    x = np.asarray(x, dtype=float)
    reach = NEAR * (1 + np.abs(x))
    held = (x - sets.low <= reach) | (sets.high - x <= reach)
    for index in sets.simplices:
        held[index] = x[index] <= reach[index]
    spheres = tuple(
        ball
        for ball in sets.balls
        if np.linalg.norm(x[ball.index]) >= float(ball.radius) * (1 - NEAR)
    )
    return Tangent(sets, x, held, spheres)
