"""Directions u that a homogeneous field keeps, f(u) = κu with κ > 0: found, and proved to exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from ..documents.numbers import number
from .forms import Form

_STARTS, _STEPS = 60, 60
_RADII = (Fraction(1, 10**7), Fraction(1, 10**9), Fraction(1, 10**5))
_PLACES = 10**14  # of a centre as a fraction
_LARGEST_DENOMINATOR = 12
_MOST_CORNERS = 6  # dimension
_Interval = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Ray:
    """A direction (unit vector, d numbers) along which r grows as ṙ = rate·r^m, and the rate's error."""

    direction: tuple[float, ...]
    rate: float
    error: float

    def __str__(self) -> str:
        return f"({', '.join(number(c, 4) for c in self.direction)})"


def growing_ray(field: Sequence[Form], error: Fraction = Fraction(0)) -> Ray | None:
    """A direction u with f(u) = κu and κ > 0, proved; None where none was found.

    - `field`: the d homogeneous polynomials of f; every coefficient may be off by `error`.

    Simple fractions are tried exactly, where `error` is 0. Others are found by Newton's method from fixed
    starts, and are proved with Krawczyk's operator (Moore, Kearfott, Cloud, "Introduction to interval
    analysis", 2009, §8.2).
    """
    d = len(field)
    if error == 0 and d <= _MOST_CORNERS:
        for corner in product((0, 1, -1), repeat=d):
            found = _checked(field, tuple(map(Fraction, corner)))
            if found is not None:
                return found
    for start in _candidates(field):
        place = int(np.argmax(np.abs(start)))
        point = [Fraction(float(c)) for c in start / abs(start[place])]
        point[place] = Fraction(1 if start[place] > 0 else -1)
        found = None
        if error == 0:
            simple = tuple(c.limit_denominator(_LARGEST_DENOMINATOR) for c in point)
            found = _checked(field, simple)
        found = found or _proved(field, point, place, error)
        if found is not None:
            return found
    return None


def _checked(field: Sequence[Form], u: tuple[Fraction, ...]) -> Ray | None:
    """The ray through u, if it is one and grows, in exact numbers."""
    if not any(u):
        return None
    image = [_value(p, [(c, c) for c in u])[0] for p in field]
    place = next(i for i, c in enumerate(u) if c)
    rate = image[place] / u[place]
    if rate <= 0 or any(f != rate * c for f, c in zip(image, u, strict=True)):
        return None
    return _ray(field, u, rate, 0.0)


def _ray(field: Sequence[Form], u: Sequence[Fraction], rate: Fraction, error: float) -> Ray:
    size = float(np.linalg.norm([float(c) for c in u]))
    power = size ** (1 - _degree(field))
    value = float(rate) * power
    error = (error * power + 1e-15 * value) if error else abs(value) * 1e-15
    return Ray(tuple(float(c) / size for c in u), value, error)


def _degree(field: Sequence[Form]) -> int:
    return next(sum(e) for p in field for e in p)


def _candidates(field: Sequence[Form]) -> list[np.ndarray]:
    """Approximate unit vectors u with f(u) = κu, κ > 0, the fastest first."""
    d, m = len(field), _degree(field)
    exponents = [np.array(list(p) or [[0] * d]) for p in field]
    numbers = [np.array([float(c) for c in p.values()] or [0.0]) for p in field]
    scale = max(np.abs(c).max() for c in numbers)

    def value(u: np.ndarray) -> np.ndarray:
        rows = zip(numbers, exponents, strict=True)
        return np.array([(c * np.prod(u**e, axis=1)).sum() for c, e in rows]) / scale

    def slope(u: np.ndarray) -> np.ndarray:
        found = np.zeros((d, d))
        for i, (c, e) in enumerate(zip(numbers, exponents, strict=True)):
            for j in range(d):
                lower = e.copy()
                lower[:, j] = np.maximum(lower[:, j] - 1, 0)
                found[i, j] = (c * e[:, j] * np.prod(u**lower, axis=1)).sum()
        return found / scale

    random = np.random.default_rng(0)
    found: list[tuple[float, np.ndarray]] = []
    for _ in range(_STARTS):
        u = random.normal(size=d)
        u /= np.linalg.norm(u)
        rate = u @ value(u)
        for _ in range(_STEPS):
            residual = np.append(value(u) - rate * u, (1 - u @ u) / 2)
            if np.abs(residual).max() < 1e-14:
                break
            matrix = np.block(
                [[slope(u) - rate * np.eye(d), -u[:, None]], [-u[None, :], np.zeros((1, 1))]]
            )
            step = np.linalg.lstsq(matrix, -residual, rcond=1e-12)[0]
            step *= min(1.0, 0.5 / max(np.linalg.norm(step[:d]), 1e-300))
            u, rate = u + step[:d], rate + step[d]
        if np.abs(residual).max() < 1e-10:
            for v, k in ((u, rate), (-u, rate * (-1) ** (m - 1))):
                if float(k) > 1e-10 and all(np.linalg.norm(v - w) > 1e-6 for _, w in found):
                    found.append((float(k), v))
    return [u for _, u in sorted(found, key=lambda pair: -pair[0])]


def _proved(
    field: Sequence[Form], point: list[Fraction], place: int, error: Fraction
) -> Ray | None:
    """The only ray near a point with u[place] = ±1 fixed, if Krawczyk's operator maps a box into itself."""
    others = [i for i in range(len(point)) if i != place]
    side = point[place]
    centre = [Fraction(round(c * _PLACES), _PLACES) for c in point]
    jets = {(i, j): derivative(field[i], j) for i in range(len(field)) for j in others}

    def jacobian(box: list[_Interval]) -> list[list[_Interval]]:
        """Of g_i = f_i − side·f_place·u_i in the other coordinates."""
        lead = _scaled(_value(field[place], box, error), side)
        rows = []
        for i in others:
            row = []
            for j in others:
                entry = _value(jets[i, j], box, error * _degree(field))
                change = _scaled(_value(jets[place, j], box, error * _degree(field)), side)
                entry = _minus(entry, _times(change, box[i]))
                row.append(_minus(entry, lead) if i == j else entry)
            rows.append(row)
        return rows

    exact: list[_Interval] = [(c, c) for c in centre]
    middle = np.array([[float(a) for a, _ in row] for row in jacobian(exact)])
    if not np.isfinite(middle).all() or np.linalg.cond(middle) > 1e10:
        return None
    back = [[Fraction(float(c)) for c in row] for row in np.linalg.inv(middle)]
    lead = _scaled(_value(field[place], exact, error), side)
    residual = [_minus(_value(field[i], exact, error), _times(lead, exact[i])) for i in others]
    for radius in _RADII:
        box = [(c - radius, c + radius) for c in centre]
        box[place] = exact[place]
        rows = jacobian(box)
        inside = True
        for k, i in enumerate(others):
            total = _minus(
                exact[i], _sum(_scaled(r, b) for r, b in zip(residual, back[k], strict=True))
            )
            for n in range(len(others)):
                own = _sum(_scaled(rows[q][n], back[k][q]) for q in range(len(others)))
                unit = Fraction(int(n == k))
                total = _plus(total, _times((unit - own[1], unit - own[0]), (-radius, radius)))
            inside = inside and box[i][0] < total[0] and total[1] < box[i][1]
        low, high = _scaled(_value(field[place], box, error), side)
        if inside and low > 0:
            return _ray(field, centre, (low + high) / 2, float(high - low))
    return None


def derivative(p: Form, j: int) -> Form:
    """∂p/∂x_j."""
    found: Form = {}
    for exponents, c in p.items():
        if exponents[j]:
            found[(*exponents[:j], exponents[j] - 1, *exponents[j + 1 :])] = c * exponents[j]
    return found


def _value(p: Form, box: Sequence[_Interval], error: Fraction = Fraction(0)) -> _Interval:
    """Bounds of a polynomial in a box inside [−2, 2]^d."""
    total: _Interval = (Fraction(0), Fraction(0))
    for exponents, c in p.items():
        term: _Interval = (c - error, c + error)
        for interval, e in zip(box, exponents, strict=True):
            for _ in range(e):
                term = _times(term, interval)
        total = _plus(total, term)
    return total


def _plus(a: _Interval, b: _Interval) -> _Interval:
    return a[0] + b[0], a[1] + b[1]


def _minus(a: _Interval, b: _Interval) -> _Interval:
    return a[0] - b[1], a[1] - b[0]


def _times(a: _Interval, b: _Interval) -> _Interval:
    products = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return min(products), max(products)


def _scaled(a: _Interval, c: Fraction) -> _Interval:
    return (a[0] * c, a[1] * c) if c >= 0 else (a[1] * c, a[0] * c)


def _sum(intervals: Any) -> _Interval:
    total: _Interval = (Fraction(0), Fraction(0))
    for interval in intervals:
        total = _plus(total, interval)
    return total
