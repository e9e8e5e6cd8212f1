"""The same coefficients in double precision, of functions without formulas, with bounds on their errors.

The coefficients are computed again in turned coordinates, along other directions of other lengths, and from
points as far off as the rest point may be. What comes out differs by its errors: the derivatives', the
eigenvectors' and those of the point. A coefficient inside that bound is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..documents.numbers import sentence, within
from .centre import Centre, Kind
from .derivatives import AlongFunction, CompiledTaylor
from .near_rest import NearRest
from .pairs import PairField, PairNumber
from .reduction import Reduction
from .resonances import CircleOrders
from .sentences import by_coefficient, called, undecided
from .value import Case, NormalForm

_EPS = float(np.finfo(np.float64).eps)
_ON_BOUNDARY = 1e-7  # relative: how far an eigenvalue that is taken for neutral may seem to be off
_SAMPLES = 5
_SAFETY = 16.0  # times the largest difference of the samples
_ROUNDINGS = 256.0  # of a coefficient, in units of what it is a sum of


@dataclass(frozen=True)
class Rounded:
    """The coefficient of one order of a normal form, scaled to ‖q‖ = 1, off by at most `error`."""

    order: int
    value: float
    error: float


class Floats:
    """Double precision in the place of a field."""

    exact = False
    zero, one = 0.0, 1.0
    small = 1e-10

    def number(self, constant: Any) -> float:
        """The constant as a float."""
        return float(constant)

    def is_zero(self, element: float) -> bool:
        """Whether an element may be taken for zero: a pivot, or the distance of two eigenvalues."""
        return abs(element) <= self.small

    def value(self, element: float) -> float:
        """The element itself."""
        return element


def reduce_rounded(near: NearRest) -> NormalForm:
    """What the first coefficient of a normal form says, of a function in JAX at a point where it rests.

    It decides if it is beyond its error and the eigenvalue is known to lie on the boundary
    (`near.known_on_boundary`). Orders beyond it are not tried: that it vanishes is not known.
    """
    first = rounded_coefficients(near)
    if isinstance(first, NormalForm):
        return first
    case, found = first
    one = found[0]
    what = called(case, one.order)
    if abs(one.value) <= one.error:
        return undecided(
            case,
            sentence(f"{what} is {within(one.value, one.error)}: ")
            + "formulas would tell whether it vanishes",
            one.order,
            one.value,
            one.error,
        )
    form = by_coefficient(case, one.order, one.value, error=one.error)
    if near.known_on_boundary is None:
        number = {"hopf": "the real part", "zero": "the eigenvalue"}.get(case)
        if_exact = (
            f"if {number} is exactly 0"
            if number
            else "if the multiplier lies exactly on the circle"
        )
        return undecided(
            case,
            sentence(f"{what} is {within(one.value, one.error)}: {form.verdict} {if_exact}"),
            one.order,
            one.value,
            one.error,
        )
    return form


def rounded_coefficients(
    near: NearRest, highest: int | None = None
) -> tuple[Case, list[Rounded]] | NormalForm:
    """The coefficients of the normal form in double precision, with bounds on their errors.

    **Arguments:**

    - `near`: with its `function`; formulas are not looked at.
    - `highest`: the last order; without it the first that a normal form has, 2 or 3.

    Coefficients of later orders are those of the normal form only where all before them vanish. Returns an
    undecided `NormalForm` where the centre is not one eigenvalue or one pair, where it cannot be told from
    the other eigenvalues, or at a resonance.
    """
    assert near.function is not None
    d = len(near.point)
    jacobian_of = CompiledTaylor(near.function, 1, d)
    jacobian = jacobian_of(near.point, np.eye(d), np.eye(d)[:, None, :])[:, 1].T
    middle = rounded_centre(jacobian, near.kind, near.inverse)
    if middle.shape == "several":
        return undecided(
            "degenerate", "more or less than one eigenvalue or pair lies on the boundary"
        )
    first = 2 if middle.shape in ("zero", "one") else 3
    order = first if highest is None else highest
    case = _case(near.kind, middle)
    compiled = CompiledTaylor(near.function, order, d)
    generator = np.random.default_rng(0)
    samples = []
    for sample in range(_SAMPLES):
        turn, point, scale, offset = np.eye(d), near.point, 1.0, 0.0
        if sample:
            turn = np.linalg.qr(generator.standard_normal((d, d)))[0]
            off = near.error + _EPS * np.abs(near.point)
            point = near.point + off * generator.choice([-1.0, 1.0], d)
            scale, offset = 2.0 ** generator.uniform(-1, 1), generator.uniform(0, np.pi)
        own_jacobian = jacobian_of(point, turn, np.eye(d)[:, None, :])[:, 1].T
        own = rounded_centre(own_jacobian, near.kind, near.inverse)
        if own.shape != middle.shape:
            return undecided(case, "the eigenvalues on the boundary cannot be told apart")
        lengths = (scale,) if own.pairs is None else (scale, scale / _size(own.eigenvalue))
        along = AlongFunction(compiled, point, turn, lengths, offset)
        try:
            values = _coefficients(near, own, along, order, turn)
        except ZeroDivisionError:  # other eigenvalues are as near to the boundary as rounding is
            return undecided(
                case, "the eigenvalues on the boundary cannot be told apart from the others"
            )
        if values is None:
            return undecided(
                "resonance", "the multipliers may be resonant: formulas would be needed"
            )
        samples.append(values)
    spread = np.array(samples)
    base = spread[0]
    errors = _SAFETY * np.max(np.abs(spread - base), axis=0) + _ROUNDINGS * _EPS * np.abs(base)
    orders = [n for n in range(2, order + 1) if _has_coefficient(case, n)]
    return case, [
        Rounded(n, float(c), float(e)) for n, c, e in zip(orders, base, errors, strict=True)
    ]


def _has_coefficient(case: Case, order: int) -> bool:
    return order % 2 == 1 or case in ("zero", "one")


def _case(kind: Kind, middle: Centre) -> Case:
    if middle.shape == "pair":
        return "hopf" if kind == "flow" else "neimark-sacker"
    return "zero" if middle.shape == "zero" else ("one" if middle.shape == "one" else "flip")


def _coefficients(
    near: NearRest, middle: Centre, along: AlongFunction, highest: int, turn: np.ndarray
) -> list[float] | None:
    """The coefficients up to an order, at ‖q‖ = 1; None at a resonance that may act."""
    reduction = Reduction(near.kind, middle, Floats(), along)
    found: list[float] = []
    circle = None
    if middle.pairs is not None and near.kind == "map":
        circle = CircleOrders(middle.pairs, near.inverse)
    while len(reduction.terms) <= highest:
        order = reduction.next_order()
        term = reduction.terms[order]
        if middle.pairs is None:
            if middle.shape == "minus one" and order % 2 == 0:
                continue
            value = term.get(order, 0.0)
            if order % 2 == 0:
                column = turn @ np.array(middle.q)
                value *= np.sign(
                    column[np.argmax(np.abs(column) > np.abs(column).max() * (1 - 1e-9))]
                )
        elif circle is None:
            if order % 2 == 0:
                continue
            value = next(iter(term.values())).real if term else 0.0
        else:
            if len(term) > (order % 2):
                return None
            value = circle.radial(order, term)
            if value is None:
                continue
        found.append((-value if near.inverse else value) / middle.square ** ((order - 1) / 2))
    return found


def _size(number: PairNumber) -> float:
    return float(number.field.m) ** 0.5


def rounded_centre(jacobian: np.ndarray, kind: Kind, inverse: bool = False) -> Centre:
    """The one eigenvalue or pair nearest to the boundary, moved onto it; "several" if there is not one.

    **Arguments:**

    - `jacobian`: (d, d), real; `kind` and `inverse` as for `centre`.
    """
    rows = jacobian.tolist()
    values, vectors = (np.asarray(part, complex) for part in np.linalg.eig(jacobian))
    off = np.real(values) if kind == "flow" else np.abs(values) - 1
    neutral = np.flatnonzero(
        np.abs(off) <= _ON_BOUNDARY * max(1.0, np.abs(values).max(initial=0.0))
    )
    rest = np.delete(off, neutral)
    if np.any(rest < 0 if inverse else rest > 0):
        return Centre("several", rows)
    own = values[neutral]
    if len(own) == 1:
        q = np.real(vectors[:, neutral[0]])
        name = "zero" if kind == "flow" else ("one" if own[0].real > 0 else "minus one")
        value = {"zero": 0.0, "one": 1.0, "minus one": -1.0}[name]
        column = q.tolist()
        return Centre(name, rows, (column,), value, None, tuple(column), float(q @ q))
    if len(own) != 2 or own[0].imag == 0 or own[0] != own[1].conjugate():
        return Centre("several", rows)
    which = neutral[0] if own[0].imag > 0 else neutral[1]
    value, q = complex(values[which]), vectors[:, which]
    if kind == "flow":
        value = 1j * value.imag
        pairs = PairField(Floats(), 0.0, value.imag**2)
    else:
        value = value / abs(value)
        pairs = PairField(Floats(), 2 * value.real, 1.0)
    u = np.imag(q) / value.imag
    second = np.real(q + value.conjugate() * u)
    entries = tuple(
        PairNumber(
            float(c.real - c.imag / value.imag * value.real), float(c.imag / value.imag), pairs
        )
        for c in q
    )
    basis = (u.tolist(), second.tolist())
    return Centre("pair", rows, basis, pairs.eigenvalue, pairs, entries, float(np.vdot(q, q).real))
