"""Singular zeros looked at with many digits: does the field vanish along a curve, or only to rounding?

Double precision cannot tell ẋ = 0 from ẋ = 1e-17 x² beside other terms, and takes every point at which such
a field is smaller than rounding for a zero. With 100 digits a manifold of zeros and a zero of higher order
differ.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

import numpy as np

from ..dynamics.many_digits import CONTEXT, ManyDigits, NotEvaluatedError
from .isolation import Isolation
from .scaling import Evaluate, finite
from .search import Zero

_CONVERGED = 1e-90  # a step of Newton's method, in half-widths of the box
_ZERO = 1e-70  # of the largest entry of the Jacobian, in units of the box: with 100 digits this is nothing
_CANCELLED = Decimal("1e-94")  # what 100 digits leave of terms that cancel
_LOOKS = 4  # random points of the box at which a component is nothing but rounding
_NEAR = (0.0173, 0.0394)  # half-widths of the box: the distances at which a zero set was seen
_FAR = 0.23  # where it may have ended
_NUMERICALLY = 1e-12  # what counts as zero in double precision
_REGULAR = 1e-12  # relative singular value of a direction in which steps can be taken
_STEPS, _FRESH = 40, 4  # of Newton's method, and those with a Jacobian of their own
_DIFFERENCE = Decimal("1e-20")
_ROOT_STEPS = 60
_FARTHEST = 0.1  # half-widths of the box that a zero is moved at most
_AT_ROOT = 1e-17


@dataclass(frozen=True)
class _Field:
    """A field in both precisions; moves in units of the box, components by the size of their gradients."""

    evaluate: Evaluate
    many_digits: ManyDigits
    unit: np.ndarray
    rows: np.ndarray

    def exactly(self, y: np.ndarray) -> np.ndarray | None:
        """The components at y (d,), all of them Decimals; None where they are not finite."""
        values = self.many_digits(y)
        return values / _decimals(self.rows) if all(v.is_finite() for v in values) else None

    def jacobian(self, y: np.ndarray) -> np.ndarray | None:
        values, jacobians = self.evaluate(y.astype(float)[None])
        if not finite(values, jacobians)[0]:
            return None
        return jacobians[0] * self.unit / self.rows[:, None]

    def moved(self, y: np.ndarray, by: np.ndarray) -> np.ndarray:
        return y + _decimals(self.unit) * (by if by.dtype == object else _decimals(by))


def without_rounding(evaluate: Evaluate, many_digits: ManyDigits, box: np.ndarray) -> Evaluate:
    """The field with those components 0 that are nothing but rounding: 0 with 100 digits wherever one looks.

    0.1x·3 − 0.3x is 0 with constants as they are written, and not in floating point, where every search
    finds crowds of zeros of it.
    """
    points = np.random.default_rng(0).uniform(box[:, 0], box[:, 1], (_LOOKS, len(box)))
    values = evaluate(points)[0]
    small = np.abs(values) <= _NUMERICALLY * np.abs(points).max(initial=1.0)
    if not small.all(axis=0).any():
        return evaluate
    try:
        with decimal.localcontext(CONTEXT):
            rows = [many_digits(_decimals(x)) for x in points]
    except NotEvaluatedError:
        return evaluate
    nothing = np.array([[bool(abs(v) <= _CANCELLED) for v in row] for row in rows]).all(axis=0)
    if not nothing.any():
        return evaluate

    def zeroed(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, jacobians = evaluate(x)
        return (
            np.where(nothing, 0.0, values),
            np.where(nothing.reshape(-1, 1), 0.0, jacobians),
        )

    return zeroed


def confirmed(
    evaluate: Evaluate,
    many_digits: ManyDigits,
    point: np.ndarray,
    box: np.ndarray,
    own: Isolation,
) -> Isolation:
    """What was seen of a zero that seems to be one of a manifold of zeros, with many digits.

    From points at visible distances along the tangent, Newton's method returns in the directions across it,
    to where as many components vanish as the manifold has codimensions. If the manifold is one of zeros the
    others vanish there too. A `doubt` is why that is not known; where it is not so, the zero lies on no
    manifold.
    """
    k = own.tangent.shape[1]
    if not k:
        return own
    noun = {1: "a curve", 2: "a surface"}.get(k, f"{k} dimensions")
    field = _field(evaluate, many_digits, point, box)
    directions = np.linalg.qr(own.tangent / field.unit[:, None])[0].T
    if k > 1:
        mixed = np.random.default_rng(0).standard_normal((k, k)) @ directions
        directions = np.concatenate([directions, mixed / np.linalg.norm(mixed, axis=1)[:, None]])
    seen = f"the field vanishes along {noun} to rounding"
    try:
        with decimal.localcontext(CONTEXT):
            largest = _largest_along(field, point, directions, len(point) - k)
    except NotEvaluatedError:
        largest = None
    if largest is not None and largest > _ZERO:
        size = f"as small as rounding ({largest:.1g}, relatively)"
        because = f"along {noun} the field is {size} but not zero"
        nothing = np.zeros((len(point), 0))
        return Isolation("undecided", 0, nothing, because, own.kernel, doubt=because)
    return (
        replace(own, doubt=f"{seen}, and whether it does exactly cannot be seen")
        if largest is None
        else own
    )


def _largest_along(
    field: _Field, point: np.ndarray, directions: np.ndarray, rank: int
) -> float | None:
    """The size of the field where Newton's method returns to that is hidden by rounding, or 0.

    A set may end at a kink: on one side of the point is enough. None where nothing is seen.
    """
    here = _returned(field, point, np.zeros(len(point)), rank)
    hidden = [] if here is None else [here]
    seen = here is not None
    for direction in directions:
        zero = False
        for sign in (1, -1):
            near = [_returned(field, point, sign * s * direction, rank) for s in (*_NEAR, _FAR)]
            inside = [left for left in near if left is not None and left <= _NUMERICALLY]
            hidden += inside
            zero = zero or (near[0] in inside and near[1] in inside)
        seen = seen and zero
    largest = max(hidden, default=0.0)
    return largest if seen or largest > _ZERO else None


def pinned(evaluate: Evaluate, many_digits: ManyDigits, zero: Zero, box: np.ndarray) -> Zero | None:
    """The zero of higher order that a point is near, with all its digits, or None if none is found.

    Where the Jacobian has one singular direction, the components with a gradient vanish along a curve, and
    the other one is a function g of the way along it (Lyapunov–Schmidt reduction). Its root, of whatever
    order, is the limit of Newton's method for g/g′ (Schröder 1870), with differences for derivatives.
    """
    field = _field(evaluate, many_digits, zero.point, box)
    start = _decimals(zero.point)
    jacobian = field.jacobian(start)
    if jacobian is None:
        return None
    left, singular, right = np.linalg.svd(jacobian)
    if len(singular) > 1 and singular[-2] <= _REGULAR * singular[0]:
        return None
    curve = partial(_on_curve, field, left[:, :-1], right[:-1])
    try:
        with decimal.localcontext(CONTEXT):
            return _root(field, start, right[-1], left[:, -1], curve)
    except NotEvaluatedError:
        return None


def _root(
    field: _Field,
    y: np.ndarray,
    direction: np.ndarray,
    component: np.ndarray,
    curve: Callable[[np.ndarray], np.ndarray | None],
) -> Zero | None:
    moved = 0.0
    for _ in range(_ROOT_STEPS):
        steps = (0.0, float(_DIFFERENCE), -float(_DIFFERENCE))
        near = [curve(field.moved(y, t * direction)) for t in steps]
        if any(n is None for n in near):
            return None
        g, ahead, behind = (_component(field, n, component) for n in near if n is not None)
        if abs(g) <= _CONVERGED:
            return _as_zero(field, y)
        slope = (ahead - behind) / (2 * _DIFFERENCE)
        bend = (ahead - 2 * g + behind) / _DIFFERENCE**2
        below = slope * slope - g * bend
        if not below or not slope or not below.is_finite():
            return None
        step = float(-g * slope / below)
        moved += step
        if abs(moved) > _FARTHEST:
            return None
        y = field.moved(y, step * direction)
        if abs(step) <= _AT_ROOT:
            end = curve(y)
            return None if end is None else _as_zero(field, end)
    return None


def _as_zero(field: _Field, y: np.ndarray) -> Zero:
    point = y.astype(float)
    point = np.where(np.abs(point) <= _AT_ROOT * field.unit, 0.0, point)
    values, _ = field.evaluate(point[None])
    return Zero(point, float(np.abs(values).max()), 4 * float(np.finfo(float).eps))


def _component(field: _Field, y: np.ndarray, along: np.ndarray) -> Decimal:
    value = field.exactly(y)
    return Decimal("NaN") if value is None else sum(_decimals(along) * value, Decimal(0))


def _on_curve(
    field: _Field, left: np.ndarray, right: np.ndarray, y: np.ndarray
) -> np.ndarray | None:
    """The point that differs from y in the directions `right` alone where the components `left` vanish."""
    inverse = _decimals(np.zeros((len(right), len(right))))
    for i in range(_STEPS):
        value = field.exactly(y)
        if value is None:
            return None
        if i < _FRESH:
            jacobian = field.jacobian(y)
            if jacobian is None:
                return None
            inverse = np.linalg.pinv(left.T @ jacobian @ right.T, rcond=_REGULAR)
            inverse = _decimals(inverse)
        step = -_decimals(right.T) @ (inverse @ (_decimals(left.T) @ value))
        y = field.moved(y, step)
        if max(map(abs, step)) <= _CONVERGED:
            return y
    return None


def _field(
    evaluate: Evaluate, many_digits: ManyDigits, point: np.ndarray, box: np.ndarray
) -> _Field:
    unit = (box[:, 1] - box[:, 0]) / 2
    unit = np.where(unit > 0, unit, np.maximum(np.abs(point), 1.0))
    rows = np.abs(evaluate(point[None])[1][0] * unit).max(axis=1)
    size = rows.max() or 1.0
    return _Field(evaluate, many_digits, unit, np.where(rows > 1e-8 * size, rows, size))


def _returned(field: _Field, point: np.ndarray, move: np.ndarray, rank: int) -> float | None:
    """The size of the field where Newton's method across a manifold ends, or None if it does not."""
    y = field.moved(_decimals(point), move)
    components, directions = (
        _decimals(np.zeros((rank, len(y)))),
        _decimals(np.zeros((len(y), rank))),
    )
    away = np.zeros(len(y))
    for i in range(_STEPS):
        value = field.exactly(y)
        if value is None:
            return None
        if i < _FRESH:
            jacobian = field.jacobian(y)
            if jacobian is None:
                return None
            left, singular, right = np.linalg.svd(jacobian)
            if rank and singular[rank - 1] <= _REGULAR * singular[0]:
                return None
            components = _decimals((left[:, :rank] / singular[:rank]).T)
            directions = _decimals(right[:rank].T)
        step = -directions @ (components @ value)
        away += step.astype(float)
        if np.linalg.norm(away) > 0.5 * max(np.linalg.norm(move), _NEAR[0]):
            return None
        if max(map(abs, step)) <= _CONVERGED:
            return float(max(map(abs, value)))
        y = field.moved(y, step)
    return None


def _decimals(numbers: np.ndarray) -> np.ndarray:
    """Double precision in Decimals, to the last digit."""
    return np.vectorize(Decimal, [object])(numbers)
