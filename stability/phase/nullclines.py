"""Nullclines: where one component of a field vanishes in the plane of a portrait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from ..dynamics.batch import batched_values
from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.functions import jax_function
from ..dynamics.plane import Plane
from ..time_limits import in_time
from .brackets import Values, zeros_on_interval
from .chains import chained
from .contours import RESOLUTION, zero_set
from .curves import Nullcline

_SECONDS = 2.0  # that SymPy may take to factor a component
_ALONG_A_LINE = 257  # points of a straight line at which losses are asked whether they are real
_GAP = 2.0  # cells over which a curve that is seen to end is joined to one ahead


def nullclines(
    flow: Flow,
    plane: Plane,
    *,
    symbolic: SymbolicFlow | None = None,
    resolution: int = RESOLUTION,
) -> tuple[Nullcline, Nullcline]:
    """The two nullclines of a flow in the plane's box.

    Of a system of two variables, where ẋ = 0 and where ẏ = 0. In a plane through a larger phase space, where
    the two components of the field's projection onto the plane vanish, each named as the plane's axis is.

    **Arguments:**

    - `flow`: v in JAX. `plane`: with the box in which they are looked for. `symbolic`: the same in SymPy,
      its parameters with values, if there is a formula. Then every factor of a component's numerator is
      drawn for itself, so that branches cross exactly and double ones are as good as single ones, and a
      factor of one variable is drawn as straight lines.
    - `resolution`: cells to a side of the first grid; it is refined where needed.

    A component that vanishes identically has no curves; so has one that never vanishes. Every vertex lies on
    the nullcline to rounding. Curves nearer to each other than 1e-5 of the box may be taken for one, and a
    point at which a component touches zero without a curve through it is not drawn.
    """
    if flow.symbolic:
        given: Any = flow
        flow, symbolic = given.twin, symbolic or _at_its_values(given)
    names = plane.labels if len(plane.origin) > 2 else _names(flow, plane)
    components = None if symbolic is None else _substituted(symbolic, plane)
    found = []
    for i, name in enumerate(names):
        factors = None if components is None else _factors(components[i])
        if factors is None:
            curves = _contours(_component(flow, plane, i), plane.box, resolution)
        else:
            curves = _of_factors(factors, plane.box, resolution)
        found.append(Nullcline(name, _where_real(flow, plane, curves)))
    return found[0], found[1]


def projected(flow: Flow, plane: Plane) -> Callable[[np.ndarray], np.ndarray]:
    """The field in the plane: coordinates (n, 2) ↦ the coordinates of v's projection, (n, 2)."""
    across = np.linalg.pinv(plane.axes).T

    def field(coordinates: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):  # what is not finite stays so
            return flow.values(plane.points(coordinates)) @ across

    return field


def _where_real(flow: Flow, plane: Plane, curves: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """The pieces of curves on which the losses of the game that the flow is of are real."""
    if flow.game is None or flow.game.total:
        return curves
    field, pieces = projected(flow, plane), []
    for curve in curves:
        if len(curve) == 2:
            curve = np.linspace(curve[0], curve[1], _ALONG_A_LINE)
        real = np.atleast_1d(np.isfinite(field(curve)).all(axis=1))
        runs = np.split(curve, np.flatnonzero(np.diff(real)) + 1)
        pieces += [run for run in runs[0 if real[0] else 1 :: 2] if len(run) > 1]
    return tuple(pieces)


def _names(flow: Flow, plane: Plane) -> tuple[str, str]:
    aligned = np.array_equal(plane.axes, np.eye(2))
    return (flow.variables[0], flow.variables[1]) if aligned else plane.labels


def _component(flow: Flow, plane: Plane, i: int) -> Values:
    field = projected(flow, plane)
    return lambda coordinates: field(coordinates)[:, i]


def _contours(values: Values, box: np.ndarray, resolution: int) -> tuple[np.ndarray, ...]:
    return chained(zero_set(values, box, resolution), box[:, 1] - box[:, 0], _GAP / resolution)


# ---- Formulas ---------------------------------------------------------------------------------

_U, _W = sympy.symbols("u w", real=True)


def _substituted(symbolic: SymbolicFlow, plane: Plane) -> list[sympy.Expr] | None:
    """The field's two components in the plane's coordinates; None unless its axes are variables."""
    rows = [np.flatnonzero(axis) for axis in plane.axes.T]
    if any(
        len(row) != 1 or axis[row[0]] != 1 for row, axis in zip(rows, plane.axes.T, strict=True)
    ):
        return None
    first, second = (int(row[0]) for row in rows)
    known = symbolic.expressions.xreplace(symbolic.values())
    values = {
        v: sympy.Rational(float(x)) for v, x in zip(symbolic.variables, plane.origin, strict=True)
    }
    values[symbolic.variables[first]] += _U
    values[symbolic.variables[second]] += _W
    return [known[row].subs(values, simultaneous=True) for row in (first, second)]


def _factors(expression: sympy.Expr) -> list[sympy.Expr] | None:
    """The factors of an expression's numerator that depend on the coordinates; None if SymPy has none.

    An expression that is zero everywhere has no factors, as one that is never zero.
    """

    def work() -> list[sympy.Expr] | None:
        exact = sympy.nsimplify(expression, rational=True)
        try:
            numerator, denominator = (
                {factor for factor, _ in sympy.factor_list(part)[1]}
                for part in sympy.fraction(sympy.together(exact))
            )
        except sympy.PolynomialError:
            return None
        return sorted(numerator - denominator, key=sympy.default_sort_key)

    return in_time(_SECONDS, work, None)


def _of_factors(
    factors: list[sympy.Expr], box: np.ndarray, resolution: int
) -> tuple[np.ndarray, ...]:
    curves: list[np.ndarray] = []
    rest = []
    for factor in factors:
        if factor.free_symbols >= {_U, _W}:
            rest.append(factor)
        else:
            axis = 0 if factor.has(_U) else 1
            curves += [_line(axis, root, box) for root in _roots(factor, axis, *box[axis])]
    if rest:
        function = jax_function([_U, _W], rest)
        together = batched_values(lambda x: _stacked(function(*x), x), 2)
        for i in range(len(rest)):
            curves += _contours(lambda x, i=i: together(x)[:, i], box, resolution)
    return tuple(curves)


def _stacked(values, like):
    import jax.numpy as jnp

    return jnp.stack([jnp.asarray(value, like.dtype) for value in values])


def _line(axis: int, at: float, box: np.ndarray) -> np.ndarray:
    """The straight line on which one coordinate has a value, across the box."""
    line = np.empty((2, 2))
    line[:, axis] = at
    line[:, 1 - axis] = box[1 - axis]
    return line


def _roots(factor: sympy.Expr, axis: int, low: float, high: float) -> list[float]:
    """The real zeros in [low, high] of an expression in one coordinate."""
    variable = (_U, _W)[axis]

    def exactly() -> list[float] | None:
        poly = sympy.Poly(factor, variable)
        if not (poly.domain.is_ZZ or poly.domain.is_QQ):
            return None
        return [float(root) for root in poly.real_roots()]

    roots = in_time(_SECONDS, exactly, None) if factor.is_polynomial(variable) else None
    if roots is not None:
        return [root for root in roots if low <= root <= high]
    function = jax_function([variable], [factor])
    values = batched_values(lambda x: _stacked(function(*x), x), 1)
    return zeros_on_interval(lambda x: values(x)[:, 0], low, high).tolist()


def _at_its_values(flow: SymbolicFlow) -> SymbolicFlow:
    """The flow with its parameters' values put in."""
    real = flow.real
    values = real.expressions.xreplace(real.values())
    return SymbolicFlow(dict(zip(real.variables, values, strict=True)))
