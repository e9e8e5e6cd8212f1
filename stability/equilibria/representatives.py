"""One point for a whole component: simple, near the middle of the box, and where the set is a manifold."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

import numpy as np
import sympy

from ..time_limits import in_time
from .components import Component

Point = tuple[sympy.Expr, ...]
_SECONDS = 1.0
_LARGEST_DENOMINATOR = 12
_STEPS = 12  # of Gauss and Newton, towards the middle
_AWAY = (0, 1, -1, 2, -2, 3, -3)  # eighths of the box from the nearest point, if that will not do


def representative(
    component: Component, box: np.ndarray, suits: Callable[[Point], bool] = lambda point: True
) -> Point | None:
    """Exact coordinates of a point of the component, or None if none was found that is short.

    `box`, shape (d, 2), is the search's; `suits` says whether a point will do.
    """
    found = in_time(_SECONDS, lambda: _first(component, box, suits, 1e-9), None)
    if found is None:  # rather outside the box than not at all
        found = in_time(_SECONDS, lambda: _first(component, box, suits, np.inf), None)
    return found


def _first(
    component: Component, box: np.ndarray, suits: Callable[[Point], bool], beyond: float
) -> Point | None:
    low, high = box.T
    slack = beyond * (high - low) if np.isfinite(beyond) else np.full(len(box), np.inf)
    for point in _candidates(component, box):
        numbers = [c.xreplace(dict(component.values)).evalf(20) for c in point]
        if not all(n.is_Float or n.is_Rational for n in numbers):
            continue
        x = np.array(numbers, dtype=float)
        inside = ((x >= low - slack) & (x <= high + slack)).all()
        if np.isfinite(x).all() and inside and suits(point):
            return point
    return None


def _candidates(component: Component, box: np.ndarray) -> Iterator[Point]:
    """Points of the component in the order in which they are tried."""
    free = component.free
    index = [component.variables.index(v) for v in free]
    middle, width = box.mean(axis=1)[index], (box[:, 1] - box[:, 0])[index]
    if component.equation is None:
        nearest = _nearest(component, box)
        for away in _AWAY:
            values = [
                _simple(float(t), w) for t, w in zip(nearest + away * width / 8, width, strict=True)
            ]
            yield _at(component, values)
        for k in range(len(free)):
            for away in _AWAY:
                shifted = nearest.copy()
                shifted[k] += away * width[k] / 8
                yield _at(
                    component, [_simple(float(t), w) for t, w in zip(shifted, width, strict=True)]
                )
        return
    short: list[Point] = []
    for away in _AWAY:
        places = zip(middle + away * width / 8, width, strict=True)
        values = dict(zip(free, [_simple(float(t), w) for t, w in places], strict=True))
        for v in free:
            for point, rational in _with_root(component, component.equation, values, v):
                if rational:
                    yield point
                else:
                    short.append(point)
    yield from short
    for v, u in itertools.permutations(free, 2):  # wherever it may be
        values = {w: sympy.Integer(0) for w in free}
        fold = sympy.discriminant(component.equation.xreplace({**values, u: u, v: v}), v)
        ends = sympy.real_roots(sympy.Poly(fold, u)) if fold.has(u) else []
        for low, high in itertools.pairwise(dict.fromkeys(ends)):
            between = _simple(float((low + high).evalf(20)) / 2, float((high - low).evalf(20)))
            for point, _ in _with_root(component, component.equation, {**values, u: between}, v):
                yield point


def _with_root(
    component: Component,
    equation: sympy.Expr,
    values: Mapping[sympy.Symbol, sympy.Expr],
    v: sympy.Symbol,
) -> Iterator[tuple[Point, bool]]:
    """Points with these values of the other free variables and a short v, and whether that is rational."""
    polynomial = sympy.Poly(equation.xreplace({u: c for u, c in values.items() if u != v}), v)
    if polynomial.degree() < 1:
        return
    for root in sympy.real_roots(polynomial, radicals=True):
        if not root.has(sympy.CRootOf):
            point = _at(component, [root if u == v else values[u] for u in component.free])
            yield point, bool(root.is_Rational)


def _at(component: Component, values: Sequence[sympy.Expr]) -> Point:
    put = dict(zip(component.free, values, strict=True))
    return tuple(sympy.cancel(c.xreplace(put)) for c in component.coordinates)


def _simple(number: float, width: float) -> sympy.Rational:
    """A fraction with a small denominator within a hundredth of the box, or else to a millionth of it."""
    fraction = Fraction(number).limit_denominator(_LARGEST_DENOMINATOR)
    if abs(float(fraction) - number) > 0.01 * width:
        fraction = Fraction(number).limit_denominator(int(1e6 / width) + 1)
    return sympy.Rational(fraction.numerator, fraction.denominator)


def _nearest(component: Component, box: np.ndarray) -> np.ndarray:
    """The free variables of the point nearest to the middle of the box, in its units, by Gauss and Newton."""
    middle, unit = box.mean(axis=1), box[:, 1] - box[:, 0]
    free = component.free
    index = [component.variables.index(v) for v in free]
    t = middle[index]
    turn = unit[index] / 4
    coordinates = [component.numbers.get(v, v) for v in component.variables]
    slopes = sympy.Matrix(coordinates).jacobian(free)
    for _ in range(_STEPS):
        put = dict(zip(free, map(sympy.Float, t), strict=True))
        try:
            x = np.array([c.xreplace(put).evalf(17) for c in coordinates], dtype=float)
            j = np.array(slopes.xreplace(put).evalf(17).tolist(), dtype=float)
        except TypeError:  # not real there, or a pole
            x, j = np.full(len(unit), np.nan), np.zeros((len(unit), len(free)))
        if not (np.isfinite(x).all() and np.isfinite(j).all()):
            t, turn = middle[index] + turn, -0.7 * turn
            continue
        step = np.linalg.lstsq(j / unit[:, None], (middle - x) / unit, rcond=None)[0]
        t = t + step
        if np.abs(step).max() <= 1e-9 * unit.max():
            break
    return np.where(np.isfinite(t), t, 0.0)
