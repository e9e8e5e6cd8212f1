"""Rest points on kinks and jumps of a vector field, in the sense of Filippov (1988).

A point on some surfaces rests if 0 is a convex combination of the fields of the cells that meet there. On
one surface these are the zeros of the sliding field, or of one side's own field. Several surfaces that meet
in a point are asked there. On fewer the field has to be a sum A + Σ sign(gₖ) Bₖ, so that what takes the place
of the signs is determined (the equivalent control; di Bernardo et al. 2008, *Piecewise-smooth Dynamical
Systems*, chapter 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
import sympy

from ..dynamics.batch import batched
from ..dynamics.domain import all_real
from ..dynamics.functions import jax_vector_function
from ..time_limits import in_time
from .cells import Expressions, Signs, TangledError, branches, in_cell, sign_of
from .exact import ExactZeros, number_is_zero, solve_exactly
from .pieces import Pieces, formulas_around, pieces_at
from .search import find_zeros

_SECONDS = 6.0
_MOST_TOGETHER = 3  # surfaces that are looked at together
_MOST_NUMERIC = 6  # systems without an exact solution that are searched numerically
_DIGITS = 40


@dataclass(frozen=True)
class RestsOnKinks:
    """What was found: `points` on kinks; `others`, exact zeros between them; whether that is all.

    `lines`: one point each of families of rest points on kinks, with the directions, shape (d, k), of these.
    """

    points: tuple[Pieces, ...]
    lines: tuple[tuple[Pieces, sympy.Matrix], ...]
    others: tuple[Expressions, ...]
    exhaustive: bool


def rests_on_kinks(
    expressions: Sequence[sympy.Expr],
    variables: tuple[sympy.Symbol, ...],
    domain: Sequence[sympy.Expr],
    box: np.ndarray,
    seed: int = 0,
) -> RestsOnKinks:
    """Where a field with kinks rests, from the zeros of its smooth pieces on the surfaces and between them.

    **Arguments:**

    - `expressions`: the field, d of them, with the values of all parameters put in.
    - `variables`: real symbols; `domain`: what has to be real and finite at a rest point besides.
    - `box`: (d, 2), where systems without an exact solution are searched; `seed` of that search.

    Points that a whole piece at rest ends at are left out.
    """
    search = _Search(tuple(expressions), variables, tuple(domain), box, seed)
    complete = in_time(_SECONDS, search.run, False)
    return RestsOnKinks(tuple(search.points), tuple(search.lines), tuple(search.others), complete)


class _Search:
    def __init__(self, expressions, variables, domain, box, seed):
        self.expressions: Expressions = expressions
        self.variables: tuple[sympy.Symbol, ...] = variables
        self.domain: Expressions = domain
        self.box, self.seed = box, seed
        self.points: list[Pieces] = []
        self.lines: list[tuple[Pieces, sympy.Matrix]] = []
        self.others: list[Expressions] = []
        self.families: list[dict[sympy.Symbol, sympy.Expr]] = []
        self.tried: set[Expressions] = set()
        self.asked: set[tuple[sympy.Expr, ...]] = set()
        self.surfaces: Expressions = ()
        self.numeric = 0
        self.complete = True

    def run(self) -> bool:
        try:
            cells = branches(self.expressions, lambda _: None)
        except TangledError:
            return False
        surfaces = self.surfaces = tuple(dict.fromkeys(g for signs, _ in cells for g in signs))
        for _, formulas in cells:
            self.solve(formulas)
        for m in range(1, min(len(self.variables), len(surfaces), _MOST_TOGETHER) + 1):
            for chosen in combinations(surfaces, m):
                self.on(chosen, [g for g in surfaces if g not in chosen])
        if len(self.variables) > _MOST_TOGETHER < len(surfaces):
            self.complete = False
        for family in self.families:
            try:
                self.along(family)
            except TangledError:
                self.complete = False
        return self.complete

    def on(self, chosen: Expressions, others: Sequence[sympy.Expr]) -> None:
        """The rest points on some surfaces, whatever the sides of the others."""
        if len(chosen) == len(self.variables):
            self.solve(chosen)
            return
        for sides in product((-1, 1), repeat=len(others)):
            own: Signs = dict(zip(others, sides, strict=True))
            try:
                parts = parts_of(self.expressions, chosen, own)
            except TangledError:
                self.complete = False
                continue
            if parts is None:
                self.complete = False
                continue
            constant, slopes = parts
            controls = sympy.symbols(f"mu:{len(chosen)}", real=True, cls=sympy.Dummy)
            used = [c for k, c in enumerate(controls) if any(slopes[:, k])]
            if used:
                field = constant + slopes * sympy.Matrix(controls)
                self.solve((*chosen, *field), tuple(used))

    def solve(self, equations: Expressions, controls: tuple[sympy.Symbol, ...] = ()) -> None:
        """Asks about every solution of a system in the variables and in what replaces the signs."""
        plain = dict(zip(controls, sympy.symbols(f"mu:{len(controls)}", real=True), strict=True))
        key = tuple(e.xreplace(plain) for e in equations)
        if key in self.asked:
            return
        self.asked.add(key)
        found: ExactZeros = solve_exactly(equations, (*controls, *self.variables), {})
        for solution in (*found.points, *found.families):
            if all(v in solution for v in self.variables):
                point = tuple(solution[v] for v in self.variables)
                if not any(x.free_symbols for x in point):
                    self.ask(point, True)
                    continue
            self.complete = False
            if controls:
                self.families.append(solution)
        if not found.exhaustive:
            self.complete = False
            if controls or equations[0] in self.surfaces:  # zeros between kinks are found elsewhere
                self.search(equations, controls)

    def search(self, equations: Expressions, controls: tuple[sympy.Symbol, ...]) -> None:
        """The same by numbers, to forty digits."""
        unknown = (*self.variables, *controls)
        if len(unknown) != len(equations) or self.numeric >= _MOST_NUMERIC:
            return
        self.numeric += 1
        box = np.concatenate([self.box, np.tile([-1.0, 1.0], (len(controls), 1))])
        evaluate = batched(jax_vector_function(unknown, equations), len(unknown))
        for zero in find_zeros(evaluate, box, starts=32, seed=self.seed).zeros:
            try:
                exact = sympy.nsolve(equations, unknown, list(zero.point), prec=_DIGITS)
            except (ValueError, ZeroDivisionError):
                continue
            self.ask(tuple(exact)[: len(self.variables)], False)

    def ask(self, point: Expressions, exact: bool) -> None:
        """Keeps a point that is found to rest."""
        if point in self.tried:
            return
        self.tried.add(point)
        put = dict(zip(self.variables, point, strict=True))
        if not all_real(self.domain, put):
            return
        try:
            own = pieces_at(self.expressions, self.variables, point, exact)
            if own is None:
                if exact and all(number_is_zero(e.xreplace(put)) for e in self.expressions):
                    self.others.append(point)
            elif rests(own) and not any(
                all(e.is_zero for e in cell.expressions) for cell in own.cells
            ):
                self.points.append(own)
        except TangledError:
            self.complete = False

    def along(self, family: dict[sympy.Symbol, sympy.Expr]) -> None:
        """Keeps one point of a family of rest points on kinks, and of its single points those at its ends."""
        free = [v for v in self.variables if v not in family]
        coordinates = [family.get(v, v) for v in self.variables]

        def belongs(own: Pieces) -> bool:
            put = {v: x for v, x in zip(self.variables, own.point, strict=True) if v in free}
            return all(
                number_is_zero(x.xreplace(put) - y)
                for x, y in zip(coordinates, own.point, strict=True)
            )

        middle = [sympy.nsimplify(x, rational=True) for x in self.box.mean(axis=1)]
        put = {v: x for v, x in zip(self.variables, middle, strict=True) if v in free}
        before = self.points
        self.points = []
        self.ask(tuple(x.xreplace(put) for x in coordinates), True)
        if not self.points:  # none at rest here: not a family in the box, or not one of its cell
            self.points = before
            return
        (own,) = self.points
        self.points = [other for other in before if _stops(other) or not belongs(other)]
        if not any(belongs(other) for other, _ in self.lines):
            tangent = sympy.Matrix(coordinates).jacobian(free).xreplace(put)
            self.lines.append((own, tangent))


def _stops(pieces: Pieces) -> bool:
    """Whether the field of one of the sides vanishes by itself."""
    return any(
        all(pieces.sign(pieces.at(e)) == 0 for e in cell.expressions) for cell in pieces.cells
    )


def parts_of(
    expressions: Expressions, surfaces: Expressions, others: Signs
) -> tuple[sympy.Matrix, sympy.Matrix] | None:
    """The A, shape (d, 1), and B, shape (d, m), of a field A + Σ sign(gₖ) Bₖ beside m surfaces.

    `others` are the signs of the other surfaces. None where the field is no such sum.
    """
    cells = {}
    for signs in product((-1, 1), repeat=len(surfaces)):
        own = {**others, **dict(zip(surfaces, signs, strict=True))}
        cells[signs] = tuple(in_cell(e, own) for e in expressions)
    return sums(cells)


def sums(cells: dict[tuple[int, ...], Expressions]) -> tuple[sympy.Matrix, sympy.Matrix] | None:
    """The A and B of `parts_of`, from the formulas in the cells, by their signs."""
    fields = {signs: sympy.Matrix(own) for signs, own in cells.items()}
    d, m = len(next(iter(fields.values()))), len(next(iter(fields)))
    constant, slopes = sympy.zeros(d, 1), sympy.zeros(d, m)
    for signs, field in fields.items():
        constant += field / len(fields)
        for k, s in enumerate(signs):
            slopes[:, k] += s * field / len(fields)
    constant, slopes = constant.applyfunc(sympy.expand), slopes.applyfunc(sympy.expand)
    for signs, field in fields.items():
        if any(sympy.expand(e) != 0 for e in field - constant - slopes * sympy.Matrix(signs)):
            return None
    return constant, slopes


def rests(pieces: Pieces) -> bool:
    """Whether 0 is a convex combination of the fields of the cells that meet at a point."""
    fields = [pieces.at(sympy.Matrix(cell.expressions)) for cell in pieces.cells]
    signs = [tuple(pieces.sign(x) for x in field) for field in fields]
    if any(not any(own) for own in signs):
        return True
    if len(fields) == 2:
        one, other = fields
        along = pieces.sign(sympy.expand((one.T * other)[0]))
        return along < 0 and all(
            pieces.sign(sympy.expand(one[i] * other[j] - one[j] * other[i])) == 0
            for i, j in combinations(range(len(one)), 2)
        )
    if any(len({own[i] for own in signs}) == 1 and signs[0][i] for i in range(len(fields[0]))):
        return False  # one coordinate moves to the same side in every cell
    if pieces.independent and len(pieces.surfaces) == len(pieces.variables):
        found = sums({cell.signs: tuple(f) for cell, f in zip(pieces.cells, fields, strict=True)})
        if found is not None and pieces.sign(sympy.expand(found[1].det())):
            weights = found[1].LUsolve(-found[0])
            return all(
                pieces.sign(sympy.expand(1 - w)) >= 0 <= pieces.sign(sympy.expand(1 + w))
                for w in weights
            )
    rows = np.array([[float(x.evalf(20)) for x in field] for field in fields])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    equal = np.concatenate([rows.T, np.ones((1, len(rows)))])
    right = np.append(np.zeros(rows.shape[1]), 1.0)
    from scipy.optimize import linprog  # slow to import

    return bool(linprog(np.zeros(len(rows)), A_eq=equal, b_eq=right).status == 0)


def passes(
    expressions: Expressions, variables: tuple[sympy.Symbol, ...], point: Expressions
) -> bool:
    """Whether orbits are known to pass through an exact point on a jump, whatever the field is at it."""
    try:
        smooth = formulas_around(expressions, variables, point)
        if smooth is not None:
            put = dict(zip(variables, point, strict=True))
            return any(sign_of(v.xreplace(put)) for v in smooth)
        pieces = pieces_at(expressions, variables, point)
        return pieces is not None and not rests(pieces)
    except TangledError:
        return False


def with_zeros_between(
    exact: ExactZeros,
    kinks: RestsOnKinks,
    variables: tuple[sympy.Symbol, ...],
    values: Mapping[sympy.Symbol, sympy.Expr],
) -> ExactZeros:
    """The exact zeros, with those of the smooth pieces where the field itself was not solved to the end."""
    if exact.exhaustive:
        return exact

    def numbers(point: Sequence[sympy.Expr]) -> list[complex]:
        return [complex(x.xreplace(dict(values)).evalf(20)) for x in point]

    known = [numbers([p[v] for v in variables]) for p in exact.points]
    new = [
        dict(zip(variables, own, strict=True))
        for own in kinks.others
        if not any(np.allclose(numbers(own), other, rtol=1e-12) for other in known)
    ]
    return replace(exact, points=(*exact.points, *new), exhaustive=kinks.exhaustive)
