"""The smooth formulas that expressions with kinks are made of, one in each cell between the kinks.

|u| is u where u > 0 and −u where u < 0, and likewise sign, max, min, relu and formulas by cases. The zeros of
their arguments are the *surfaces*; an argument's polynomial factors count as surfaces of their own, so that the
same kink is the same surface however it is typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import atan2, cos, pi, sin
from typing import Any

import sympy

from ..time_limits import in_time
from .exact import number_is_zero

KINKS = (
    sympy.Abs, sympy.sign, sympy.Max, sympy.Min, sympy.Heaviside, sympy.DiracDelta, sympy.Piecewise,
)  # fmt: skip
_SECONDS_TO_FACTOR = 0.3
_MOST_CELLS = 64
_HIGHEST = 12  # derivative that tells on which side of a kink a curve is
_TINY = 1e-20  # what a number vanishes to at a point that is known to thirty digits

Expressions = tuple[sympy.Expr, ...]
Signs = dict[sympy.Expr, int]  # surface ↦ the sign that it has in a cell


class TangledError(Exception):
    """The kinks at a point cannot be told apart: infinities, tangent surfaces, the jump of a loss."""


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


def has_kinks(expressions: Iterable[sympy.Expr]) -> bool:
    """Whether any of the expressions has a kink or a jump somewhere."""
    return any(e.has(*KINKS) for e in expressions)


def sign_of(number: sympy.Expr, exact: bool = True) -> int:
    """The sign of a constant; `exact`: it was made of exact numbers. Raises TangledError if it has none."""
    if number.is_Rational:
        return int(bool(number > 0)) - int(bool(number < 0))
    value: Any = number.evalf(30)
    if not (value.is_Float or value.is_Rational):
        raise TangledError(f"{number} is no real number")
    if exact and abs(value) < 1e-12:
        if number_is_zero(number):
            return 0
    elif not exact and abs(value) < _TINY:
        return 0
    if not exact and abs(value) < 1e-12:
        raise TangledError(f"{number} cannot be told from zero")
    return 1 if value > 0 else -1


def resolved(e: Any, sign: Callable[[sympy.Expr], int]) -> Any:
    """The expression with every kink replaced by what holds where `sign` gives the signs of the arguments.

    `sign` is asked about expressions without kinks; 0 stands for one that vanishes identically.
    """
    if not e.args or not e.has(*KINKS):
        return e
    if isinstance(e, sympy.Piecewise):
        for value, condition in e.args:
            if _holds(condition, sign):
                return resolved(value, sign)
        raise TangledError("no case of a formula by cases applies")
    args = [resolved(argument, sign) for argument in e.args]
    if isinstance(e, sympy.Abs):
        return sign(args[0]) * args[0]
    if isinstance(e, sympy.sign):
        return sympy.Integer(sign(args[0]))
    if isinstance(e, sympy.Heaviside):
        return sympy.Rational(1 + sign(args[0]), 2)
    if isinstance(e, sympy.DiracDelta):
        if sign(args[0]) == 0:
            raise TangledError("a loss jumps")
        return sympy.Integer(0)
    if isinstance(e, (sympy.Max, sympy.Min)):
        up = 1 if isinstance(e, sympy.Max) else -1
        best = args[0]
        for argument in args[1:]:
            best = argument if up * sign(argument - best) > 0 else best
        return best
    return e.func(*args)


def _holds(condition: Any, sign: Callable[[sympy.Expr], int]) -> bool:
    if condition in (sympy.true, sympy.false):
        return bool(condition)
    if isinstance(condition, (sympy.And, sympy.Or)):
        parts = [_holds(part, sign) for part in condition.args]
        return all(parts) if isinstance(condition, sympy.And) else any(parts)
    if isinstance(condition, sympy.Not):
        return not _holds(condition.args[0], sign)
    if not isinstance(condition, sympy.core.relational.Relational):
        raise TangledError(f"the condition {condition} is no comparison")
    side = sign(resolved(condition.lhs - condition.rhs, sign))
    return {
        sympy.Gt: side > 0, sympy.Ge: side >= 0, sympy.Lt: side < 0, sympy.Le: side <= 0,
        sympy.Eq: side == 0, sympy.Ne: side != 0,
    }[type(condition)]  # fmt: skip


def surfaces_of(u: sympy.Expr) -> tuple[int, Expressions]:
    """The sign of u as c·∏ sign(g): the number c, 0 where u vanishes identically, and the surfaces g."""
    numerator, denominator = sympy.fraction(sympy.together(u))
    constant, found = 1, []
    for part in (numerator, denominator):
        number, factors = in_time(
            _SECONDS_TO_FACTOR, lambda part=part: _factors(part), (sympy.Integer(1), [(part, 1)])
        )
        constant *= sign_of(number)
        for factor, power in factors:
            if power % 2 == 0 or factor.is_positive or factor.is_nonnegative:
                continue
            if factor.is_negative or factor.is_nonpositive:
                constant = -constant
            elif factor.could_extract_minus_sign():
                constant = -constant
                found.append(sympy.expand(-factor))
            else:
                found.append(factor)
    odd = [g for g in dict.fromkeys(found) if found.count(g) % 2]
    return constant, tuple(odd)


def _factors(part: sympy.Expr) -> tuple[sympy.Expr, list[tuple[sympy.Expr, int]]]:
    part = sympy.expand(part) if part.is_polynomial() else part
    if not part.free_symbols:
        return part, []
    number, factors = sympy.factor_list(part)
    return number, [(sympy.sympify(f), int(k)) for f, k in factors]


def branches(
    expressions: Expressions, known: Callable[[sympy.Expr], int | None]
) -> list[tuple[Signs, Expressions]]:
    """Every way in which the expressions can be smooth: the signs of surfaces, and the formulas then.

    `known` tells the sign of a surface, or None where both are to be followed. Not every combination of
    signs need occur anywhere. Raises TangledError where there are more than 64.
    """
    found, waiting = [], [Signs()]
    while waiting:
        signs = waiting.pop()
        if len(found) + len(waiting) > _MOST_CELLS:
            raise TangledError(f"there are more than {_MOST_CELLS} cells")
        try:
            formulas = tuple(_in_cell(e, signs, known) for e in expressions)
        except _OpenError as open_:
            waiting += [{**signs, open_.surface: s} for s in (-1, 1)]
        else:
            found.append((signs, formulas))
    return found


class _OpenError(Exception):
    def __init__(self, surface: sympy.Expr):
        self.surface = surface


def _in_cell(
    expression: sympy.Expr, signs: Mapping[sympy.Expr, int], known: Callable[..., int | None]
) -> sympy.Expr:
    def sign(u: sympy.Expr) -> int:
        if not u.free_symbols:
            return sign_of(u)
        total, surfaces = surfaces_of(u)
        for surface in surfaces if total else ():
            own = signs.get(surface) or known(surface)
            if own is None:
                raise _OpenError(surface)
            total *= own
        return total

    return resolved(expression, sign)


def in_cell(expression: sympy.Expr, signs: Mapping[sympy.Expr, int]) -> sympy.Expr:
    """The formula that holds where the surfaces have these signs.

    Raises TangledError where the sign of one that is not given matters.
    """
    try:
        return _in_cell(expression, signs, lambda _: None)
    except _OpenError as open_:
        raise TangledError(f"the side of {open_.surface} = 0 matters") from None


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
        if len(variables) == 2:
            directions = _between(normals, exact)
        else:
            directions = _independent(normals, exact)
        sides = [_signs(normals * sympy.Matrix(own), exact) for own in directions]
    cells = []
    for direction, signs in zip(directions, sides, strict=True):
        own = {**dict(zip(surfaces, signs, strict=True))}
        formulas = tuple(_in_cell(e, own, side) for e in expressions)
        cells.append(Cell(tuple(direction), signs, formulas))
    return _told(Pieces(variables, tuple(point), exact, surfaces, normals, tuple(cells)))


def formulas_around(
    expressions: Expressions, variables: tuple[sympy.Symbol, ...], point: Expressions
) -> Expressions | None:
    """The formulas without kinks that hold around an exact point; None where a kink goes through it."""
    put = dict(zip(variables, point, strict=True))
    try:
        found = branches(expressions, _sides_at(put, True))
    except TangledError:
        return None
    return found[0][1] if len(found) == 1 else None


def _sides_at(put: Mapping, exact: bool) -> Callable[[sympy.Expr], int | None]:
    """The sign of a surface at a point; None for one that goes through it."""

    def side(surface: sympy.Expr) -> int | None:
        value = surface.xreplace(put)
        if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
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
    pairs = zip(one.expressions, other.expressions, strict=True)
    return all(a == b or sympy.expand(a - b) == 0 for a, b in pairs)


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
    return [
        tuple(sympy.Rational(round(1e6 * f(t)), 10**6) for f in (cos, sin)) for t in middles
    ]


def _independent(normals: sympy.Matrix, exact: bool) -> list[Expressions]:
    """Directions, one for each combination of signs that independent surfaces can have."""
    gram = normals * normals.T
    if normals.rows > normals.cols or sign_of(sympy.expand(gram.det()), exact) == 0:
        raise TangledError("more kinks meet here than can be told apart")
    across = normals.T * gram.inv()
    return [
        tuple(across * sympy.Matrix(signs)) for signs in product((-1, 1), repeat=normals.rows)
    ]
