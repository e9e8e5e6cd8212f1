"""The smooth pieces of a field that meet at a point on kinks, one in each cell between these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from math import atan2, cos, pi, sin
from typing import Any

import sympy

from .cells import Expressions, TangledError, branches, sides_known, sign_of, without_deltas

_HIGHEST = 12  # derivative that tells on which side of a kink a curve is


@dataclass(frozen=True)
class Cell:
    """One of the cells that meet at a point.

    `direction`: from the point into the cell, d exact numbers; `signs`: of the surfaces there; `expressions`:
    the smooth formulas that hold there.
    """

    direction: Expressions
    signs: tuple[int, ...]
    expressions: Expressions


@dataclass(frozen=True)
class Pieces:
    """Expressions around a point that lies on some of their surfaces.

    - `point`: d numbers, exact ones if `exact` says so and else of thirty digits.
    - `surfaces`: what vanishes there; `normals`: their gradients there, shape (m, d), independent of each
      other except in one and two variables.
    - `cells`: those that meet there; left and right in one variable, counterclockwise in two.
    """

    variables: tuple[sympy.Symbol, ...]
    point: Expressions
    exact: bool
    surfaces: Expressions
    normals: sympy.Matrix
    cells: tuple[Cell, ...]

    def at(self, expression: Any) -> Any:
        """An expression, or a matrix of them, with the variables put at the point."""
        return expression.xreplace(dict(zip(self.variables, self.point, strict=True)))

    def sign(self, number: sympy.Expr) -> int:
        """The sign of a number made of the point's coordinates. Raises TangledError if it has none."""
        return sign_of(number, self.exact)

    @property
    def independent(self) -> bool:
        """Whether there is a cell for every combination of signs."""
        return len(self.cells) == 2 ** len(self.surfaces) and self.normals.rows <= self.normals.cols


def pieces_at(
    expressions: Expressions,
    variables: tuple[sympy.Symbol, ...],
    point: Expressions,
    exact: bool = True,
) -> Pieces | None:
    """The smooth pieces that meet at a point; None where the expressions are smooth around it.

    All symbols but the variables have their values put in. Raises TangledError where the pieces cannot be
    had: at infinities, where a loss jumps, at the apex of a cone such as √(x² + y²), where surfaces touch.
    """
    put = dict(zip(variables, point, strict=True))
    side = _sides_at(put, exact)
    expressions = tuple(without_deltas(e, variables) for e in expressions)
    for delta in set().union(*(e.atoms(sympy.DiracDelta) for e in expressions)):
        if sign_of(delta.args[0].xreplace(put), exact) == 0:
            raise TangledError("a loss jumps")
    found = branches(expressions, side)
    if len(found) == 1:
        return None
    surfaces = tuple(dict.fromkeys(g for signs, _ in found for g in signs))
    if len(variables) == 1:
        directions = [(sympy.Integer(s),) for s in (-1, 1)]
        sides = [_sides(surfaces, variables[0], put, s, exact) for s in (-1, 1)]
        normals = sympy.Matrix([[g.diff(variables[0]).xreplace(put)] for g in surfaces])
    else:
        normals = sympy.Matrix([[g.diff(v).xreplace(put) for v in variables] for g in surfaces])
        meeting = _between if len(variables) == 2 else _independent
        directions = meeting(normals, exact)
        sides = [_signs(normals * sympy.Matrix(own), exact) for own in directions]
    cells = []
    for direction, signs in zip(directions, sides, strict=True):
        own = {**dict(zip(surfaces, signs, strict=True))}
        formulas = tuple(sides_known(e, own, side) for e in expressions)
        if any(_is_infinite(e.xreplace(put)) for e in formulas):
            raise TangledError("a one-sided field is infinite")
        cells.append(Cell(tuple(direction), signs, formulas))
    return _told(Pieces(variables, tuple(point), exact, surfaces, normals, tuple(cells)))


def formulas_around(
    expressions: Expressions, variables: tuple[sympy.Symbol, ...], point: Expressions
) -> Expressions | None:
    """The formulas without kinks that hold around an exact point; None where there are several."""
    put = dict(zip(variables, point, strict=True))
    try:
        found = branches(expressions, _sides_at(put, True))
    except TangledError:
        return None
    first = found[0][1]
    return first if all(_equal(first, other) for _, other in found[1:]) else None


def _sides_at(put: Mapping, exact: bool) -> Callable[[sympy.Expr], int | None]:
    """The sign of a surface at a point; None for one that goes through it."""

    def side(surface: sympy.Expr) -> int | None:
        value = surface.xreplace(put)
        if _is_infinite(value):
            raise TangledError("an argument of a kink is infinite")
        return sign_of(value, exact) or None

    return side


def _told(pieces: Pieces) -> Pieces | None:
    """Without the surfaces on both sides of which the same formulas hold; None if none is left."""
    if all(_same(pieces.cells[0], cell) for cell in pieces.cells[1:]):
        return None
    by_signs = {cell.signs: cell for cell in pieces.cells}
    kept = []
    for k in range(len(pieces.surfaces)):
        across = [
            (by_signs[s], by_signs.get((*s[:k], -s[k], *s[k + 1 :]))) for s in by_signs if s[k] > 0
        ]
        if not all(other is not None and _same(one, other) for one, other in across):
            kept.append(k)
    if len(kept) == len(pieces.surfaces) or not pieces.independent:
        return pieces
    cells = {tuple(cell.signs[k] for k in kept): cell for cell in pieces.cells}
    return Pieces(
        pieces.variables,
        pieces.point,
        pieces.exact,
        tuple(pieces.surfaces[k] for k in kept),
        sympy.Matrix(pieces.normals.extract(kept, list(range(pieces.normals.cols)))),
        tuple(Cell(cell.direction, signs, cell.expressions) for signs, cell in cells.items()),
    )


def _same(one: Cell, other: Cell) -> bool:
    return _equal(one.expressions, other.expressions)


def _equal(one: Expressions, other: Expressions) -> bool:
    return all(a == b or sympy.expand(a - b) == 0 for a, b in zip(one, other, strict=True))


def _is_infinite(number: sympy.Expr) -> bool:
    return number.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)


def _sides(
    surfaces: Expressions, variable: sympy.Symbol, put: Mapping, side: int, exact: bool
) -> tuple[int, ...]:
    """The signs of functions of one variable just beside a common zero."""

    def sign(g: sympy.Expr) -> int:
        for k in range(1, _HIGHEST + 1):
            g = g.diff(variable)
            own = sign_of(g.xreplace(put), exact)
            if own:
                return own * side**k
        raise TangledError("the sides of a kink cannot be told")

    return tuple(map(sign, surfaces))


def _signs(values: sympy.MatrixBase, exact: bool) -> tuple[int, ...]:
    found = tuple(sign_of(value, exact) for value in values)
    if 0 in found:
        raise TangledError("surfaces touch here, or one of them has no normal")
    return found


def _between(normals: sympy.Matrix, exact: bool) -> list[Expressions]:
    """Directions, one in each of the sectors into which lines through a point cut the plane."""
    for i in range(normals.rows):
        for j in range(i):
            _signs(sympy.Matrix([normals.extract([i, j], [0, 1]).det()]), exact)
    angles = []
    for i in range(normals.rows):
        a, b = (float(n.evalf(20)) for n in normals.row(i))
        if a == b == 0:
            raise TangledError("a surface has no normal here")
        angles += [atan2(a, -b), atan2(-a, b)]
    angles.sort()
    middles = [(a + b) / 2 for a, b in zip(angles, [*angles[1:], angles[0] + 2 * pi], strict=True)]
    return [tuple(sympy.Rational(round(1e6 * f(t)), 10**6) for f in (cos, sin)) for t in middles]


def _independent(normals: sympy.Matrix, exact: bool) -> list[Expressions]:
    """Directions, one for each combination of signs that independent surfaces can have."""
    gram = normals * normals.T
    if normals.rows > normals.cols or sign_of(sympy.expand(gram.det()), exact) == 0:
        raise TangledError("more kinks meet here than can be told apart")
    across = normals.T * gram.inv()
    return [tuple(across * sympy.Matrix(signs)) for signs in product((-1, 1), repeat=normals.rows)]
