"""Flows of the plane that are homogeneous in every sector around the origin: constant there, or linear.

In polar coordinates the angle moves by itself. If it comes to rest anywhere, on a ray inside a sector or
along the edge of two, every orbit ends along such rays, and what happens on these decides. If it rests
nowhere, orbits go round, and the factor by which one turn changes the radius decides (di Bernardo et al.
2008, *Piecewise-smooth Dynamical Systems*, chapter 5; for two linear half-planes Freire, Ponce, Rodrigo,
Torres 1998).
Nothing of this changes with terms of higher order, as long as no rate is zero and the factor is not one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, pi

import numpy as np
import sympy

Sign = Callable[[sympy.Expr], int]


@dataclass(frozen=True)
class Sectors:
    """Sectors counterclockwise, the i-th from ray i to ray i + 1 and none wider than a half-plane.

    `rays`: exact vectors, shape (2, 1); `fields`: one in each sector, a constant vector of shape (2, 1) or
    the matrix of a linear field, shape (2, 2); `degree` says which: 0 or 1.
    """

    rays: tuple[sympy.Matrix, ...]
    fields: tuple[sympy.Matrix, ...]
    degree: int

    def at(self, i: int, ray: sympy.Matrix) -> sympy.Matrix:
        """Sector i's field on a ray, also one outside it."""
        return self.fields[i] if self.degree == 0 else self.fields[i] * ray


@dataclass(frozen=True)
class Motion:
    """What orbits do: `rates` of growth on the rays on which the angle rests, by their signs; or the `turn`.

    `turn`: the sign of what one turn does to the logarithm of the radius; `value`: that logarithm. None where
    it cannot be told. `exact`: signs were decided in exact arithmetic.
    """

    rates: tuple[int | None, ...] = ()
    turn: int | None = None
    value: float | None = None
    exact: bool = True

    @property
    def sign(self) -> int | None:
        """1 if some orbit leaves, −1 if all come in, 0 if a turn changes nothing, None if undecided."""
        if not self.rates:
            return self.turn
        if 1 in self.rates:
            return 1
        return -1 if all(rate == -1 for rate in self.rates) else None


def sectors(normals: sympy.Matrix, fields: Sequence[tuple[sympy.Matrix, sympy.Matrix]]) -> Sectors:
    """The sectors between lines through the origin with these normals, shape (m, 2).

    `fields`: a direction into each of the 2m sectors, shape (2, 1), and the field there.
    """
    rays = []
    for a, b in normals.tolist():
        rays += [sympy.Matrix([-b, a]), sympy.Matrix([b, -a])]
    rays.sort(key=_angle)
    own = sorted(fields, key=lambda field: _angle(field[0]))
    if _angle(own[0][0]) < _angle(rays[0]):  # that sector begins at the last ray
        own = [*own[1:], own[0]]
    found = tuple(field for _, field in own)
    return Sectors(tuple(rays), found, 0 if found[0].cols == 1 else 1)


def motion(plane: Sectors, sign: Sign) -> Motion:
    """What the orbits of a homogeneous flow do; `sign` tells that of a constant."""
    n = len(plane.rays)
    rates: list[int | None] = []
    for i in range(n):
        rates += _inside(plane, i, sign)
        rates += _along(plane, i, sign)
    if rates:
        return Motion(tuple(rates))
    return _turn(plane, sign)


def half_plane(
    normal: sympy.Matrix, matrix: sympy.Matrix, push: sympy.Matrix, sign: Sign
) -> Motion:
    """A linear field where normal·x < 0, and on the other side a constant `push` onto that one.

    What comes from the other side is back at once. Along one of the two rays of the edge the linear field
    leads out, and orbits slide: always some ray is at rest (a boundary equilibrium; di Bernardo et al. 2008,
    chapter 5). `normal`, `push`: shape (2, 1), normal·push < 0; `matrix`: shape (2, 2).
    """
    ray = sympy.Matrix([-normal[1], normal[0]])
    plane = Sectors((ray, -ray), (matrix, matrix), 1)
    rates = _inside(plane, 0, sign)
    for own in plane.rays:
        moved = matrix * own
        out = sympy.expand(normal.dot(moved))
        if sign(out) >= 0:  # at 0 it leads along the edge by itself
            sliding = moved - push * out / normal.dot(push)
            rates.append(sign(sympy.expand(own.dot(sliding))))
    return Motion(tuple(rates))


def _inside(plane: Sectors, i: int, sign: Sign) -> list[int | None]:
    """The growth on the rays strictly inside sector i on which the angle rests."""
    field = plane.fields[i]
    if plane.degree == 0:
        return [way for way in (1, -1) if _within(plane, i, way * field, sign)]
    trace, determinant = field.trace(), field.det()
    split = sign(sympy.expand(trace**2 - 4 * determinant))
    if split < 0:
        return []
    root = sympy.sqrt(sympy.expand(trace**2 - 4 * determinant))
    found: list[int | None] = []
    for value in ((trace + root) / 2, (trace - root) / 2) if split else (trace / 2,):
        shifted = field - value * sympy.eye(2)
        entries = [sign(sympy.expand(e)) for e in shifted]
        grows: int | None = sign(sympy.expand(value))
        if not any(entries):
            return [grows]  # every ray
        row = shifted.row(0) if any(entries[:2]) else shifted.row(1)
        vector = sympy.Matrix([-row[1], row[0]])
        if any(_within(plane, i, way * vector, sign) for way in (1, -1)):
            found.append(None if grows == 1 and not split else grows)
    return found


def _within(plane: Sectors, i: int, vector: sympy.Matrix, sign: Sign) -> bool:
    before, after = plane.rays[i], plane.rays[(i + 1) % len(plane.rays)]
    return sign(_cross(before, vector)) > 0 and sign(_cross(vector, after)) > 0


def _along(plane: Sectors, i: int, sign: Sign) -> list[int | None]:
    """The growth along ray i, on the edge of sectors i − 1 and i, if the angle rests there."""
    ray = plane.rays[i]
    one, other = plane.at(i - 1, ray), plane.at(i, ray)
    a, b = _cross(ray, one), _cross(ray, other)
    turns = (sign(a), sign(b))
    if turns[0] * turns[1] > 0:
        return []
    if turns == (0, 0):
        grows = {sign(sympy.expand(ray.dot(v))) for v in (one, other)}
        return [grows.pop() if len(grows) == 1 else None]
    if 0 in turns:
        return [None]
    sliding = (a * other - b * one) / (a - b)
    return [sign(sympy.expand(ray.dot(sliding)))]


def _turn(plane: Sectors, sign: Sign) -> Motion:
    """Orbits go round: every sector is crossed, and every edge in the same sense."""
    n = len(plane.rays)
    edges = [*plane.rays, plane.rays[0]]
    sense = sign(_cross(edges[0], plane.at(0, edges[0])))
    if plane.degree == 0:
        factor = sympy.Integer(1)
        for (before, after), field in zip(pairwise(edges), plane.fields, strict=True):
            factor *= _cross(before, field) / _cross(after, field)
        value = sense * float(sympy.log(factor).evalf(20))
        return Motion(turn=sense * sign(sympy.expand(factor - 1)), value=value)
    if n == 2:
        halves = [(J.trace() / 2, sympy.sqrt(sympy.expand(J.det() - J.trace() ** 2 / 4)))
                  for J in plane.fields]  # fmt: skip
        (a, v), (b, w) = halves
        return Motion(
            turn=sign(sympy.expand(a * w + b * v)), value=float((pi * (a / v + b / w)).evalf())
        )
    from scipy.integrate import quad  # slow to import

    total, error = 0.0, 0.0
    for (before, after), field in zip(pairwise(edges), plane.fields, strict=True):
        start, end = _angle(before), _angle(after)
        matrix = np.array(field.evalf(20).tolist(), dtype=float)

        def growth(angle: float, matrix: np.ndarray = matrix) -> float:
            u = np.array([np.cos(angle), np.sin(angle)])
            moved = matrix @ u
            return float(u @ moved) / float(u[0] * moved[1] - u[1] * moved[0])

        own = quad(growth, start, end if end > start else end + 2 * pi, epsabs=1e-12)
        total, error = total + own[0], error + own[1]
    known = abs(total) > 1e-8 + 10 * error
    turn = int(np.sign(sense * total)) if known else None
    return Motion(turn=turn, value=sense * total, exact=False)


def _angle(vector: sympy.Matrix) -> float:
    x, y = (float(e.evalf(20)) for e in vector)
    return atan2(y, x)


def _cross(one: sympy.Matrix, other: sympy.Matrix) -> sympy.Expr:
    return sympy.expand(one[0] * other[1] - one[1] * other[0])
