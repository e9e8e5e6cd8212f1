"""Sets of zeros, exactly: the pieces they consist of, each once, and where these cross.

The solver's branches say the same piece in several ways, and say pieces of pieces. Here each gets the
equations of its closure (for a graph with denominators by saturation: Cox, Little, O'Shea 2015, Ideals,
Varieties, and Algorithms, section 4.4), and one that lies in another is dropped.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import sympy

from ..time_limits import in_time
from .exact import ExactZeros, number_is_zero

Solve = Callable[[Sequence[sympy.Expr]], ExactZeros]
_SECONDS_PER_CLOSURE, _SECONDS_PER_TEST = 0.5, 0.5
_MOST_MINORS = 40
_MOST_PAIRS = 15  # of components of which the crossings are computed
_NEAR = 1e-6  # of the box: a numeric zero so near to a component is one of its points
CROSSING = "components of the set of equilibria cross here"
SINGULAR = "the set of equilibria is singular here"


def set_name(dimension: int, straight: bool = False) -> str:
    """The name of a set of equilibria."""
    names = {1: "line", 2: "plane"} if straight else {1: "curve", 2: "surface"}
    return names.get(dimension, f"{dimension}-dimensional manifold")


@dataclass(frozen=True)
class Component:
    """An irreducible set of zeros of dimension one or more.

    The `solved` variables are expressions in the others, which are free or, with an `equation`, bound by that
    polynomial. `values` are those of the parameters in `solved`.
    """

    variables: tuple[sympy.Symbol, ...]
    solved: Mapping[sympy.Symbol, sympy.Expr]
    values: Mapping[sympy.Symbol, sympy.Expr]
    equation: sympy.Expr | None = None

    @property
    def free(self) -> tuple[sympy.Symbol, ...]:
        """The variables that are not solved for."""
        return tuple(v for v in self.variables if v not in self.solved)

    @property
    def dimension(self) -> int:
        return len(self.free) - (self.equation is not None)

    @property
    def coordinates(self) -> tuple[sympy.Expr, ...]:
        """Every variable as an expression in the free ones and the parameters."""
        return tuple(self.solved.get(v, v) for v in self.variables)

    @cached_property
    def numbers(self) -> dict[sympy.Symbol, sympy.Expr]:
        """`solved`, with the parameters' values put in."""
        return {v: e.xreplace(dict(self.values)) for v, e in self.solved.items()}

    @property
    def straight(self) -> bool:
        """Whether it is a line, a plane and so on."""
        slopes = [e.diff(v) for e in self.numbers.values() for v in self.free]
        return self.equation is None and not any(slope.free_symbols for slope in slopes)

    @property
    def name(self) -> str:
        """What it is called: a line, a curve, a plane …"""
        return set_name(self.dimension, self.straight)

    @cached_property
    def closure(self) -> tuple[sympy.Expr, ...] | None:
        """Expressions that vanish on the component and its limits, and nowhere else; None if not known."""
        fractions = [sympy.fraction(sympy.together(v - e)) for v, e in self.numbers.items()]
        tops, bottoms = [sympy.expand(top) for top, _ in fractions], self._poles
        if not bottoms:
            return (*tops, *(() if self.equation is None else (self.equation,)))
        if self.equation is not None or not all(
            e.is_polynomial(*self.variables) for e in (*tops, *bottoms)
        ):
            return None
        t = sympy.Dummy("t")
        return in_time(
            _SECONDS_PER_CLOSURE,
            lambda: tuple(
                e
                for e in sympy.groebner(
                    [*tops, 1 - t * sympy.Mul(*bottoms)], t, *self.variables, order="lex"
                ).exprs
                if not e.has(t)
            ),
            None,
        )

    @cached_property
    def _poles(self) -> list[sympy.Expr]:
        """What the free variables must not make zero."""
        bottoms = [sympy.fraction(sympy.together(e))[1] for e in self.numbers.values()]
        return [b for b in bottoms if b.free_symbols and not b.is_nonzero]

    @property
    def has_no_poles(self) -> bool:
        """Whether every value of the free variables is one of its points."""
        return not self._poles

    def singular_equations(self) -> list[sympy.Expr] | None:
        """What vanishes where the closure is no manifold (Jacobian criterion); None if that is too much."""
        closure, rank = self.closure or (), len(self.solved)
        count = math.comb(len(closure), rank) * math.comb(len(self.variables), rank)
        if not closure or count > _MOST_MINORS:
            return None
        jacobian = sympy.Matrix(closure).jacobian(self.variables)
        rows = itertools.combinations(range(len(closure)), rank)
        columns = list(itertools.combinations(range(len(self.variables)), rank))
        return [*closure, *(jacobian.extract(r, c).det() for r in rows for c in columns)]

    def vanishes(self, expression: sympy.Expr) -> bool:
        """Whether an expression is zero on all of the component; False where that cannot be told."""
        return bool(in_time(_SECONDS_PER_TEST, lambda: self._vanishes(expression), False))

    def _vanishes(self, expression: sympy.Expr) -> bool:
        return number_is_zero(self.reduced(expression))

    def reduced(self, expression: sympy.Expr) -> sympy.Expr:
        """An expression on the component: in its free variables, modulo its equation."""
        on_it = sympy.cancel(expression.xreplace(dict(self.values)).xreplace(self.numbers))
        if self.equation is None:
            return on_it
        top, bottom = sympy.fraction(on_it)
        own = sympy.Poly(self.equation, *self.free)
        return sympy.Poly(top, *self.free).rem(own).as_expr() / bottom

    def lies_in(self, other: Component) -> bool:
        """Whether this is a part of the closure of the other; False where that cannot be told."""
        inside = self.dimension <= other.dimension and other.closure is not None
        return inside and all(self.vanishes(e) for e in other.closure or ())

    def holds(self, point: Sequence[sympy.Expr]) -> bool:
        """Whether an exact point lies on the component or is a limit of it."""
        put = dict(zip(self.variables, (c.xreplace(dict(self.values)) for c in point), strict=True))
        if self.closure is None:
            own = [v - e for v, e in self.numbers.items()]
            return all(number_is_zero(e.xreplace(put)) for e in own)
        return all(number_is_zero(e.xreplace(put)) for e in self.closure)

    def near(self, points: np.ndarray, unit: np.ndarray, error: np.ndarray) -> np.ndarray:
        """Which points (n, d) are the component's, up to their errors (n,) and a millionth of `unit` (d,).

        By the size of its equations and of their derivatives there.
        """
        equations = [v - e for v, e in self.numbers.items()]
        equations += [] if self.equation is None else [self.equation]
        return np.array(
            [
                all(self._small(e, x, _NEAR * unit + 10 * own) for e in equations)
                for x, own in zip(points, error, strict=True)
            ],
            bool,
        )

    def _small(self, e: sympy.Expr, x: np.ndarray, reach: np.ndarray) -> bool:
        put = dict(zip(self.variables, map(sympy.Float, x), strict=True))
        size = abs(complex(e.xreplace(put).evalf(20)))
        allowed = 0.0
        for v, step in zip(self.variables, reach, strict=True):
            slope = e.diff(v)
            allowed += step * abs(complex(slope.xreplace(put).evalf(20)))
            for w, other in zip(self.variables, reach, strict=True):
                if slope.has(w):
                    allowed += step * other * abs(complex(slope.diff(w).xreplace(put).evalf(20)))
        return bool(size <= allowed)

    def tangent(self, point: np.ndarray) -> np.ndarray:
        """An orthonormal basis, shape (d, dimension), of the tangent at one of its points, shape (d,)."""
        put = dict(zip(self.variables, map(sympy.Float, point), strict=True))

        def number(e: sympy.Expr) -> float:
            return float(sympy.re(e.xreplace(put).evalf(20)))

        coordinates = [self.numbers.get(v, v) for v in self.variables]
        columns = np.array([[number(c.diff(v)) for v in self.free] for c in coordinates])
        if self.equation is not None:
            normal = np.array([[number(self.equation.diff(v)) for v in self.free]])
            columns = columns @ np.linalg.svd(normal)[2][1:].T
        return np.linalg.qr(columns)[0]


@dataclass(frozen=True)
class Crossing:
    """Where a set of zeros is no manifold, and why: a point, or a set of such points.

    - `point`: its exact coordinates, or None for a set, which is `along`.
    - `isolated`: whether the point is a zero of its own after all, as (0, 0) on y² = x²(x − 1).
    """

    point: tuple[sympy.Expr, ...] | None
    because: str
    isolated: bool = False
    along: Component | None = None


@dataclass(frozen=True)
class Continua:
    """The components of a set of zeros, where it is no manifold, and its isolated points.

    `complete`: whether all of them are known.
    """

    components: tuple[Component, ...]
    crossings: tuple[Crossing, ...]
    points: tuple[dict[sympy.Symbol, sympy.Expr], ...]
    complete: bool


def decompose(
    zeros: ExactZeros,
    variables: Sequence[sympy.Symbol],
    values: Mapping[sympy.Symbol, sympy.Expr],
    solve: Solve,
) -> Continua:
    """Sorts exact zeros in `variables` into components, crossings and isolated points.

    `values` are those of the parameters; `solve` finds the common zeros of further equations. A point on a
    component is left out unless the set is no manifold there.
    """
    kept = _distinct(zeros, variables, values)
    crossings, complete = _crossings(kept, variables, solve)
    alone = [p for p in zeros.points if not any(c.holds([p[v] for v in variables]) for c in kept)]
    return Continua(tuple(kept), tuple(crossings), tuple(alone), complete and zeros.exhaustive)


def _crossings(
    kept: Sequence[Component], variables: Sequence[sympy.Symbol], solve: Solve
) -> tuple[list[Crossing], bool]:
    """Where components cross or are singular, each such set and point once, and whether these are all.

    Where sets of such points cross in their turn, as three planes' lines do, comes before them.
    """
    points: list[Crossing] = []
    sets: list[Crossing] = []
    complete = True
    for place in _singular_places(kept):
        there = None if place.equations is None else solve(place.equations)
        if there is None:
            complete = False
            continue
        complete = complete and there.exhaustive
        sets += [_along(place.because, own) for own in _distinct(there, variables, {})]
        for solution in there.points:
            point = tuple(solution[v] for v in variables)
            if not any(_equal(c.point or (), point) for c in points):
                alone = place.polynomial is not None and _is_extremum(place.polynomial, solution)
                alone = alone and sum(own.holds(point) for own in kept) == 1
                points.append(Crossing(point, place.because, alone))
    largest = max((own.dimension for own in kept), default=0)
    lines = _largest([own for crossing in sets if (own := crossing.along) is not None])
    sets = [c for c in sets if any(c.along is own for own in lines)]
    if any(own.dimension >= largest for own in lines):  # components of which it cannot be told
        return [*points, *sets], False
    if lines:
        smaller, known = _crossings(lines, variables, solve)
        complete = complete and known
        for crossing in smaller:
            if crossing.point is None:
                sets.insert(0, crossing)
            elif not any(_equal(c.point or (), crossing.point) for c in points):
                points.append(replace(crossing, because=CROSSING, isolated=False))
    return [*points, *sets], complete


def _along(because: str, own: Component) -> Crossing:
    return Crossing(None, f"{because} and all along a {own.name}", along=own)


def _distinct(
    zeros: ExactZeros,
    variables: Sequence[sympy.Symbol],
    values: Mapping[sympy.Symbol, sympy.Expr],
) -> list[Component]:
    """The families that do not lie in others, the largest first."""
    found = [Component(tuple(variables), f, dict(values)) for f in zeros.families]
    found += [Component(tuple(variables), f, dict(values), p) for f, p in zeros.hypersurfaces]
    return _largest(found)


def _largest(found: Sequence[Component]) -> list[Component]:
    """Those that do not lie in others."""
    kept: list[Component] = []
    for own in sorted(found, key=lambda c: (-c.dimension, c.equation is not None)):
        if not any(own.lies_in(other) for other in kept):
            kept.append(own)
    return kept


@dataclass(frozen=True)
class _Place:
    """Equations of where a set may be no manifold, None if not known; `polynomial` has its node there."""

    equations: list[sympy.Expr] | None
    because: str
    polynomial: sympy.Expr | None = None


def _singular_places(components: Sequence[Component]) -> Iterator[_Place]:
    pairs = itertools.combinations(components, 2)
    for n, (one, other) in enumerate(pairs):
        known = one.closure is not None and other.closure is not None and n < _MOST_PAIRS
        equations = [*(one.closure or ()), *(other.closure or ())]
        yield _Place(equations if known else None, CROSSING)
    for own in components:
        if own.closure is None:
            yield _Place(None, SINGULAR)
        elif own.equation is not None:
            gradient = [own.equation.diff(v) for v in own.free]
            plane = own.equation if len(own.free) == 2 else None
            yield _Place([*own.closure, *gradient], SINGULAR, plane)
        elif not own.has_no_poles:
            yield _Place(own.singular_equations(), SINGULAR)


def _equal(one: Sequence[sympy.Expr], other: Sequence[sympy.Expr]) -> bool:
    return all(number_is_zero(a - b) for a, b in zip(one, other, strict=True))


def _is_extremum(polynomial: sympy.Expr, point: Mapping[sympy.Symbol, sympy.Expr]) -> bool:
    """Whether a polynomial in two variables has a strict extremum at a critical point, by its Hessian."""
    variables = sorted(polynomial.free_symbols, key=str)
    determinant = sympy.hessian(polynomial, variables).det().xreplace(dict(point))
    return bool(determinant.evalf(30) > 1e-20)
