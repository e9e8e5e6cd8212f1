"""Coordinates on a face around one of its points: affine on the flat part, stereographic on spheres.

On the sphere of radius R around 0 with the point x* = R n, and B an orthonormal basis of the plane orthogonal
to n, x(w) = (R(1 − q)n + Bw)/(1 + q) with q = |w|²/4R², a conformal chart: (DxᵀDx)⁻¹Dxᵀ = (1 + q)²Dxᵀ. Back
leads w = 2R Bᵀx/(R + n·x). The point is w = 0, where w are lengths. B is rational in n: the columns but one
of the reflection that takes a unit vector e to n up to its sign, I − uuᵀ/(1 + |n·e|) with u = n ± e
(Householder 1958).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.partition import Partition
from .faces import Face


@dataclass(frozen=True)
class _Sphere:
    """A sphere: the positions of its n coordinates, the radius, the unit vector, the basis B (n, n − 1);
    floats, or SymPy matrices."""

    index: tuple[int, ...]
    radius: Any
    centre: Any
    basis: Any

    def point(self, w: Any) -> Any:
        """x(w)."""
        q = self.height(w)
        return (self.centre * (self.radius * (1 - q)) + self.basis @ w) * (1 / (1 + q))

    def height(self, w: Any) -> Any:
        """q of w."""
        return _dot(w, w) / (4 * self.radius**2)

    def coordinates(self, x: Any) -> Any:
        """w of a point x of the sphere."""
        return self.basis.T @ x * (2 * self.radius / (self.radius + _dot(self.centre, x)))


@dataclass(frozen=True, eq=False)
class FaceChart:
    """Coordinates w around the point `x`, shape (d,), of a face.

    They are the face's free coordinates u, those of each sphere exchanged for n − 1 of the chart. `exact`:
    the point in SymPy, or None; `variables`: names of all d variables. Methods take vectors of any engine.
    """

    face: Face
    x: np.ndarray
    exact: tuple[sympy.Expr, ...] | None
    variables: Sequence[str]

    @cached_property
    def _flat(self) -> list[int]:
        """The positions of the free coordinates that are on no sphere."""
        curved = {int(k) for j in self.face.spheres for k in self.face.sets.balls[j].index}
        return [int(k) for k in self.face.free if int(k) not in curved]

    @cached_property
    def _order(self) -> list[tuple[int, int | None]]:
        """Of every coordinate w the variable that it belongs to, and the sphere, or None."""
        order: list[tuple[int, int | None]] = [(k, None) for k in self._flat]
        for s, sphere in enumerate(self._spheres):
            pivot = int(np.argmax(np.abs(self.x[list(sphere.index)])))
            order += [(k, s) for i, k in enumerate(sphere.index) if i != pivot]
        return sorted(order, key=lambda pair: pair[0])

    @cached_property
    def _spheres(self) -> tuple[_Sphere, ...]:
        return tuple(self._sphere(j, exactly=False) for j in self.face.spheres)

    @cached_property
    def _exact_spheres(self) -> tuple[_Sphere, ...]:
        return tuple(self._sphere(j, exactly=True) for j in self.face.spheres)

    def _sphere(self, j: int, exactly: bool) -> _Sphere:
        ball = self.face.sets.balls[j]
        index = tuple(map(int, ball.index))
        own = self.x[list(index)]
        pivot = int(np.argmax(np.abs(own)))
        if exactly:
            assert self.exact is not None
            assert self.face.exact is not None
            radius = self.face.exact.balls[j].radius
            n = sympy.Matrix([self.exact[k] / radius for k in index])
            sign, u = int(np.sign(own[pivot])), n.copy()
            u[pivot] += sign
            reflection = sympy.eye(len(index)) - u * u.T / (1 + sign * n[pivot])
            reflection.col_del(pivot)
            return _Sphere(index, radius, n, reflection)
        n = own / np.linalg.norm(own)
        u = n.copy()
        u[pivot] += np.sign(n[pivot])
        reflection = np.eye(len(index)) - np.outer(u, u) / (1 + abs(n[pivot]))
        return _Sphere(index, float(ball.radius), n, np.delete(reflection, pivot, axis=1))

    @property
    def names(self) -> tuple[str, ...]:
        """Names for the coordinates w: of the variables that they stand for."""
        return tuple(self.variables[k] for k, _ in self._order)

    @property
    def partition(self) -> Partition:
        whose = self.face.sets.partition
        own = np.array([k for k, _ in self._order], dtype=int)
        sizes = tuple(int(((own >= s.start) & (own < s.stop)).sum()) for s in whose.slices)
        return Partition(whose.players, sizes)

    # ---- points --------------------------------------------------------------------------

    @property
    def origin(self) -> np.ndarray:
        """The coordinates of the point itself."""
        return np.array([self.x[k] if s is None else 0.0 for k, s in self._order])

    @property
    def exact_origin(self) -> tuple[sympy.Expr, ...] | None:
        if self.exact is None:
            return None
        return tuple(self.exact[k] if s is None else sympy.S.Zero for k, s in self._order)

    def lift(self, w: Any) -> Any:
        """The point x, shape (d,), of w; a column in SymPy."""
        symbolic = isinstance(w, sympy.MatrixBase)
        parts: dict[int, Any] = {}
        for s, sphere in enumerate(self._exact_spheres if symbolic else self._spheres):
            own = [i for i, (_, of) in enumerate(self._order) if of == s]
            point = sphere.point(_take(w, own))
            parts |= {k: point[i] for i, k in enumerate(sphere.index)}
        parts |= {k: w[i] for i, (k, of) in enumerate(self._order) if of is None}
        free = [parts[int(k)] for k in self.face.free]
        if symbolic:
            return sympy.Matrix(self.face.lift_exactly(free))
        u = jnp.stack(free) if free else jnp.zeros(0)
        basis, offset = self.face.basis.astype(u.dtype), self.face.offset.astype(u.dtype)
        return basis @ u + offset

    def lift_points(self, points: np.ndarray) -> np.ndarray:
        """The points x, shape (…, d), of w, shape (…, k), in NumPy."""
        return self._of_many(self.lift, points)

    def lower_points(self, points: np.ndarray) -> np.ndarray:
        """The coordinates w, shape (…, k), of points x, shape (…, d), as `lower`, in NumPy."""
        return self._of_many(self.lower, points)

    def _of_many(self, function: Any, points: np.ndarray) -> np.ndarray:
        rows = points.reshape(-1, points.shape[-1])
        with jax.enable_x64(True):
            found = np.asarray(jax.vmap(function)(jnp.asarray(rows)))
        return found.reshape(*points.shape[:-1], found.shape[-1])

    def lift_tangent(self, tangent: np.ndarray) -> np.ndarray:
        """Directions at the point, shape (k, m), as directions in all variables, shape (d, m)."""
        with jax.enable_x64(True):
            slope = np.asarray(jax.jacfwd(self.lift)(jnp.asarray(self.origin)))
        return slope @ tangent

    def lower(self, x: Any) -> Any:
        """The coordinates w of a point x, or of the point of the face that is nearest to it."""
        symbolic = isinstance(x, sympy.MatrixBase)
        x = self.project(x)
        found: list[Any] = [None] * len(self._order)
        for s, sphere in enumerate(self._exact_spheres if symbolic else self._spheres):
            own = [i for i, (_, of) in enumerate(self._order) if of == s]
            w = sphere.coordinates(_take(x, sphere.index))
            for c, i in enumerate(own):
                found[i] = w[c]
        for i, (k, of) in enumerate(self._order):
            if of is None:
                found[i] = x[k]
        return sympy.Matrix(found) if symbolic else jnp.stack(found)

    def project(self, x: Any) -> Any:
        """The nearest point of the face to a point x near it: onto the flat part, radially onto spheres."""
        symbolic = isinstance(x, sympy.MatrixBase)
        face = self.face
        if symbolic:
            values = list(x)
            flat = face.velocity([a - b for a, b in zip(values, self._exact_offset, strict=True)])
            onto = list(face.lift_exactly(flat))
        else:
            basis, offset = face.basis.astype(x.dtype), face.offset.astype(x.dtype)
            onto: Any = basis @ (face.inverse.astype(x.dtype) @ (x - offset)) + offset
        for sphere in self._exact_spheres if symbolic else self._spheres:
            own = _take(x, sphere.index)
            scale = sphere.radius / _root(_dot(own, own))
            if symbolic:
                for k, value in zip(sphere.index, own, strict=True):
                    onto[k] = value * scale
            else:
                onto = onto.at[np.array(sphere.index)].set(own * scale)
        return sympy.Matrix(onto) if symbolic else onto

    @cached_property
    def _exact_offset(self) -> tuple[sympy.Expr, ...]:
        return self.face.lift_exactly([sympy.S.Zero] * len(self.face.free))

    # ---- flows ---------------------------------------------------------------------------

    def flow(self, flow: Flow) -> Flow:
        """The projected flow on the face, in the coordinates w."""

        def field(w: Any) -> Any:
            x = self.lift(w)
            # the chart is conformal on each sphere and affine elsewhere: what is not tangent drops out
            return jax.jvp(self.lower, (x,), (flow(x),))[1]

        return Flow(
            field, variables=self.names, partition=self.partition, name=flow.name, check=False
        )

    def symbolic_flow(self, flow: SymbolicFlow) -> SymbolicFlow:
        """The same in SymPy, for an exact point."""
        own = {v.name: v for v in flow.variables}
        w = sympy.Matrix([own[name] for name in self.names])
        x = self.lift(w)
        v = flow.expressions.xreplace(dict(zip(flow.variables, x, strict=True)))
        velocity: list[Any] = [None] * len(self._order)
        tangent = dict(zip(map(int, self.face.free), self.face.velocity(list(v)), strict=True))
        for s, sphere in enumerate(self._exact_spheres):
            mine = [i for i, (_, of) in enumerate(self._order) if of == s]
            q = sphere.height(_take(w, mine))
            point = sphere.point(_take(w, mine))
            slope = sympy.Matrix([list(point.diff(w[i])) for i in mine])
            push = sympy.Matrix([tangent[k] for k in sphere.index])
            rate = slope * push * (1 + q) ** 2
            for c, i in enumerate(mine):
                velocity[i] = rate[c]
        for i, (k, of) in enumerate(self._order):
            if of is None:
                velocity[i] = tangent[k]
        return SymbolicFlow(dict(zip(w, velocity, strict=True)), partition=self.partition)


def _take(x: Any, index: Sequence[int]) -> Any:
    if isinstance(x, sympy.MatrixBase):
        return sympy.Matrix([x[k] for k in index])
    return x[np.array(index, dtype=int)]


def _dot(one: Any, other: Any) -> Any:
    return one.dot(other) if isinstance(one, sympy.MatrixBase) else one @ other


def _root(square: Any) -> Any:
    return sympy.sqrt(square) if isinstance(square, sympy.Expr) else jnp.sqrt(square)
