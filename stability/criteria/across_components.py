"""What moves orbits beside a set of zeros where the linearisation across it is singular all along.

Let one eigenvalue across the set be zero everywhere on it and the others not. Each centre manifold of a
point has one dimension more than the set, and contains it (Kelley 1967; Sijbrand 1985). In coordinates
(s, u), s along the set and u = 0 on it, the field there is u^m (f(s) + …, g(s) + …) with f and g not both
zero, and after division by u^m it is regular: orbits cross the set where g ≠ 0, and run along it where g
is zero all along and f is not. Up to order m the curve u ↦ X(s, u) with v(X) = (T f + q g) u^m + … is found
as in the reduction of Lyapunov and Schmidt, at each s by itself, because nothing moves to lower orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from ..equilibria.components import Component
from ..equilibria.hypersurfaces import is_rational
from ..time_limits import in_time

HIGHEST = 9
_u = sympy.Dummy("u")
_SECONDS = 2.0


class _Doubt(Exception):
    """An expression could not be told from zero."""


@dataclass(frozen=True)
class Leading:
    """ẋ = (T f + q g) u^m + … beside a component, at the distance u in the direction q; for a map x⁺ − x.

    All are expressions in the component's free variables.

    - `order`: m; `across`: g; `along`: f, in the columns of `tangents`, T.
    - `direction`: q, shape (d, 1), which is orthogonal to the component.
    """

    order: int
    across: sympy.Expr
    along: tuple[sympy.Expr, ...]
    direction: sympy.Matrix
    tangents: sympy.Matrix

    @property
    def runs_along(self) -> bool:
        """Whether g is zero all along."""
        return self.across == 0


def leading(field: Sequence[sympy.Expr], component: Component) -> Leading | None:
    """The first terms beside a component across which the field has one eigenvalue zero all along.

    Or beside one that has one dimension less than the space: there m = 1 is the linearisation.

    - `field`: d expressions in the component's variables and parameters; of a map the displacement F(x) − x.

    None where they are not found: up to order 9, or on sets of dimension two or more that have an equation
    and further variables.
    """
    return in_time(_SECONDS, lambda: _leading(field, component), None)


def _leading(field: Sequence[sympy.Expr], component: Component) -> Leading | None:
    put = dict(component.values)
    numbers = [sympy.sympify(e).xreplace(put) for e in field]
    if not all(component.vanishes(e) for e in numbers):
        return None
    try:
        if component.equation is not None and not component.solved:
            return _by_factor(numbers, component, component.equation)
        frame = _frame(component)
        return None if frame is None else _by_orders(numbers, component, *frame)
    except _Doubt:
        return None


def _is_zero(e: sympy.Expr, component: Component) -> bool:
    """Whether a reduced expression is zero on all of the component.

    Where it is not seen to be, it must differ from zero at one point of the component.
    """
    if e == 0:
        return True
    if component.equation is not None:
        if not is_rational(sympy.fraction(e)[0], component.free):
            raise _Doubt
        return False
    put = {v: sympy.Rational(7 + 2 * i, 19 + i) for i, v in enumerate(component.free)}
    size = abs(e.xreplace(put).evalf(30))
    if not size.is_Float or size < 1e-20:
        raise _Doubt
    return False


def _by_factor(field: Sequence[sympy.Expr], component: Component, p: sympy.Expr) -> Leading | None:
    """v = p^m w, with w not zero on all of p = 0: ṗ = p^m (w·∇p), and u = p."""
    rest, order = list(field), 0
    while all(_is_zero(component.reduced(e), component) for e in rest):
        rest = [sympy.cancel(e / p) for e in rest]
        order += 1
        bottoms = [component.reduced(sympy.fraction(e)[1]) for e in rest]
        if order > HIGHEST or any(_is_zero(e, component) for e in bottoms):
            return None
    gradient = sympy.Matrix([p.diff(v) for v in component.variables])
    size = gradient.dot(gradient)
    tangents = sympy.eye(len(field))
    if len(field) == 2:
        tangents = sympy.Matrix([gradient[1], -gradient[0]])
        rest = [sum(w * t for w, t in zip(rest, tangents, strict=True)) / size, *rest]
    across = component.reduced(gradient.dot(sympy.Matrix(rest[-len(field) :])))
    along = tuple(component.reduced(e) for e in rest[: tangents.cols])
    return Leading(order, across, along, gradient / size, tangents)


def _frame(component: Component) -> tuple[list[sympy.Expr], sympy.Matrix, sympy.Matrix] | None:
    """The point φ, directions (d, d − k) across and T (d, k) along a component, in its free variables.

    A graph is moved in its solved variables only; a curve with an equation also along the gradient of that.
    """
    variables, free, p = component.variables, component.free, component.equation
    point = [component.numbers.get(v, v) for v in variables]
    slopes = sympy.Matrix(point).jacobian(free)
    columns = [sympy.Matrix([int(v == w) for v in variables]) for w in component.solved]
    if p is None:
        return point, sympy.Matrix.hstack(*columns), slopes
    if len(free) != 2:
        return None
    gradient = [p.diff(v) for v in free]
    normal = sympy.Matrix([gradient[free.index(v)] if v in free else 0 for v in variables])
    along = slopes * sympy.Matrix([gradient[1], -gradient[0]])
    return point, sympy.Matrix.hstack(*columns, normal), along


def _by_orders(
    field: Sequence[sympy.Expr],
    component: Component,
    point: Sequence[sympy.Expr],
    moving: sympy.Matrix,
    tangents: sympy.Matrix,
) -> Leading | None:
    d, k, n = len(field), tangents.cols, moving.cols
    jacobian = sympy.Matrix(field).jacobian(component.variables)
    linear = sympy.Matrix((jacobian * moving).applyfunc(component.reduced))
    alone = n == 1
    kernel = sympy.eye(d)[:, 0] if alone else _kernel(linear.row_join(tangents), component)
    if kernel is None:
        return None
    direction = sympy.Matrix((moving * kernel[:n, :]).applyfunc(component.reduced))
    tilt = (tangents.T * tangents).LUsolve(tangents.T * direction)
    upright = (direction - tangents * tilt).applyfunc(component.reduced)
    slide = tuple(-e for e in kernel[n:, :])
    if not all(_is_zero(e, component) for e in slide):
        return Leading(1, sympy.Integer(0), slide, upright, tangents)
    pivot = min((i for i in range(n) if kernel[i] != 0), key=lambda i: kernel[i].count_ops())
    others = moving[:, [i for i in range(n) if i != pivot]]
    square = sympy.Matrix(linear[:, [i for i in range(n) if i != pivot]])
    square = square.row_join(tangents).row_join(direction)
    at = sympy.Matrix(point) + _u * direction
    for order in range(1 if alone else 2, HIGHEST + 1):
        terms = [_coefficient(e, component.variables, at, order) for e in field]
        right = sympy.Matrix([component.reduced(e) for e in terms])
        solution = _solution(square, right, component)
        if solution is None:
            return None
        slide, across = tuple(solution[n - 1 : n - 1 + k]), solution[d - 1]
        if not all(_is_zero(e, component) for e in (across, *slide)):
            slide = tuple(
                component.reduced(e + t * across) for e, t in zip(slide, tilt, strict=True)
            )
            return Leading(order, across, slide, upright, tangents)
        if not alone:
            at -= _u**order * (others * sympy.Matrix(solution[: n - 1]))
    return None


def _coefficient(
    e: sympy.Expr, variables: Sequence[sympy.Symbol], at: sympy.Matrix, order: int
) -> sympy.Expr:
    """Of u^order in e at a point that depends on u."""
    there = e.xreplace(dict(zip(variables, at, strict=True)))
    if there.is_polynomial(_u):
        return sympy.Poly(there, _u).coeff_monomial(_u**order)
    return there.diff(_u, order).xreplace({_u: sympy.Integer(0)}) / sympy.factorial(order)


# ---- linear algebra in functions on the component -------------------------------------------


def _kernel(matrix: sympy.Matrix, component: Component) -> sympy.Matrix | None:
    """The vector without common factor that spans the kernel; None unless that has dimension one."""
    rows, pivots = _reduced_rows(matrix, component)
    free = [j for j in range(matrix.cols) if j not in pivots]
    if len(free) != 1:
        return None
    vector = [sympy.Integer(0)] * matrix.cols
    vector[free[0]] = sympy.Integer(1)
    for row, pivot in zip(rows, pivots, strict=False):
        vector[pivot] = -row[free[0]]
    fractions = [sympy.fraction(sympy.together(e)) for e in vector]
    bottom = sympy.Integer(1)
    for _, own in fractions:
        bottom = sympy.lcm(bottom, own)
    tops = [sympy.cancel(top * bottom / own) for top, own in fractions]
    common = sympy.Integer(0)
    for top in tops:
        common = sympy.gcd(common, top)
    return sympy.Matrix([sympy.cancel(top / common) for top in tops])


def _solution(
    matrix: sympy.Matrix, right: sympy.Matrix, component: Component
) -> list[sympy.Expr] | None:
    """Of a regular system; None if it is singular."""
    rows, pivots = _reduced_rows(matrix.row_join(right), component)
    if pivots != list(range(matrix.cols)):
        return None
    return [row[-1] for row in rows[: matrix.cols]]


def _reduced_rows(
    matrix: sympy.Matrix, component: Component
) -> tuple[list[list[sympy.Expr]], list[int]]:
    """The reduced row echelon form, and its pivots' columns."""
    rows = [[component.reduced(e) for e in row] for row in matrix.tolist()]
    pivots: list[int] = []
    for column in range(matrix.cols):
        done = len(pivots)
        candidates = [i for i in range(done, len(rows)) if not _is_zero(rows[i][column], component)]
        if not candidates:
            continue
        best = min(candidates, key=lambda i: rows[i][column].count_ops())
        rows[done], rows[best] = rows[best], rows[done]
        pivot = rows[done][column]
        rows[done] = [component.reduced(e / pivot) for e in rows[done]]
        for i, row in enumerate(rows):
            factor = row[column]
            if i != done and factor != 0:
                rows[i] = [
                    component.reduced(e - factor * own)
                    for e, own in zip(row, rows[done], strict=True)
                ]
        pivots.append(column)
    return rows, pivots
