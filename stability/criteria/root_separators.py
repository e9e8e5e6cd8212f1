"""Rational numbers that separate the real roots of integer polynomials."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
from sympy import QQ, ZZ
from sympy.polys.rootisolation import dup_count_real_roots, dup_isolate_real_roots_list

Integers = list[int]  # coefficients, leading first


def separators(polynomials: Sequence[Integers], sign: int | None = None) -> list[Fraction]:
    """One simple rational number in each open interval that the polynomials' real roots leave.

    No two of the polynomials may share a root, and no root may be multiple. With `sign` ±1 only the
    intervals on that side of zero, which then separates like a root.

    Floating-point roots propose, exact signs decide: between neighbours exactly one polynomial may
    change its sign, and each must do so as often as it has real roots. If that fails the roots are
    isolated by continued fractions instead.
    """
    found = [_trimmed(p) for p in polynomials]
    found = [p for p in found if len(p) > 1]
    if sign is not None and all(p[-1] != 0 for p in found):
        found.append([1, 0])
    try:
        points = _proposed(found)
    except (OverflowError, np.linalg.LinAlgError):  # out of the range of floats
        points = []
    if not (points and _separate(points, found)):
        points = _isolated(found)
    return [p for p in points if sign is None or p * sign > 0]


def _trimmed(p: Integers) -> Integers:
    return list(itertools.dropwhile(lambda c: c == 0, p))


def _proposed(polynomials: Sequence[Integers]) -> list[Fraction]:
    roots = sorted(root for p in polynomials for root in _float_roots(p))
    return _gaps([(Fraction(r), Fraction(r)) for r in roots])


def _float_roots(p: Integers) -> list[float]:
    if len(p) == 2:
        return [float(Fraction(-p[1], p[0]))]
    largest = max(abs(c) for c in p)
    roots = np.roots([float(Fraction(c, largest)) for c in p])
    return [float(r.real) for r in roots if abs(r.imag) <= 1e-9 * abs(r)]


def _gaps(intervals: Sequence[tuple[Fraction, Fraction]]) -> list[Fraction]:
    """A number below, one between each two, and one above the given disjoint intervals in order."""
    if not intervals:
        return [Fraction(1)]
    inner = []
    for (_, low), (high, _) in itertools.pairwise(intervals):
        margin = (high - low) / 8
        inner.append(_simplest(low + margin, high - margin))
    below, above = floor(intervals[0][0]) - 1, ceil(intervals[-1][1]) + 1
    return [Fraction(below), *inner, Fraction(above)]


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """The number of smallest denominator in [low, high] (by continued fractions)."""
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -_simplest(-high, -low)
    whole = ceil(low)
    if whole <= high:
        return Fraction(whole)
    whole -= 1
    return whole + 1 / _simplest(1 / (high - whole), 1 / (low - whole))


def _separate(points: Sequence[Fraction], polynomials: Sequence[Integers]) -> bool:
    changes = [0] * (len(points) - 1)
    for p in polynomials:
        signs = [_sign(p, x) for x in points]
        own = [a != b for a, b in itertools.pairwise(signs)]
        if 0 in signs or sum(own) != _root_count(p):
            return False
        changes = [a + b for a, b in zip(changes, own, strict=True)]
    return all(count == 1 for count in changes)


def _sign(p: Integers, x: Fraction) -> int:
    """The sign of p(x), in integers: q^n p(x) by Horner's rule, where q is the denominator of x."""
    numerator, denominator = x.numerator, x.denominator
    value, power = 0, 1
    for c in p:
        value = value * numerator + c * power
        power *= denominator
    return (value > 0) - (value < 0)


def _root_count(p: Integers) -> int:
    if len(p) == 2:
        return 1
    if len(p) == 3:
        return 2 if p[1] ** 2 > 4 * p[0] * p[2] else 0
    return int(dup_count_real_roots(p, ZZ))


def _isolated(polynomials: Sequence[Integers]) -> list[Fraction]:
    width = None
    while True:
        found = dup_isolate_real_roots_list([list(p) for p in polynomials], ZZ, eps=width)
        intervals = [(_fraction(low), _fraction(high)) for (low, high), _ in found]
        if all(left[1] < right[0] for left, right in itertools.pairwise(intervals)):
            return _gaps(intervals)
        width = QQ(1, 64) if width is None else width / 64


def _fraction(number: Any) -> Fraction:
    return Fraction(int(number.numerator), int(number.denominator))
