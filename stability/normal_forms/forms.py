"""Forms that are positive everywhere but at zero, proved in exact arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, product
from math import comb
from typing import Literal

Form = dict[tuple[int, ...], Fraction]  # exponents to coefficient, all of one degree
_BOXES = 1000


def definite(form: Form, error: Fraction = Fraction(0)) -> Literal["positive", "indefinite"] | None:
    """Whether a form of even degree is positive but at zero, or takes negative values; None is not decided.

    Every coefficient may be off by `error`. On each face xᵢ = 1 of the cube [−1, 1]^d the form is a
    polynomial; where the coefficients in Bernstein's basis of a box are positive, so is it on the box, and
    a box is cut in two where they are not (Garloff, "The Bernstein algorithm", Interval
    Computations 2, 1993).
    """
    d = len(next(iter(form)))
    slack = error * len(form)  # |xᵅ| ≤ 1 on the cube
    work = 0
    for face in range(d):
        rest: Form = {}
        for exponents, c in form.items():
            key = exponents[:face] + exponents[face + 1 :]
            rest[key] = rest.get(key, Fraction(0)) + c
        degrees = [max(e[i] for e in rest) for i in range(d - 1)]
        boxes = [_bernstein(rest, degrees)]
        while boxes:
            work += 1
            if work > _BOXES:
                return None
            box = boxes.pop()
            low = min(box.values())
            if low > slack:
                continue
            corners = product(*[(0, n) if n else (0,) for n in degrees])
            if any(box[corner] < -slack for corner in corners):
                return "indefinite"
            if not any(degrees):
                return None
            axis = max(range(d - 1), key=lambda i: _spread(box, degrees, i))
            boxes += _halves(box, degrees, axis)
    return "positive"


def _bernstein(polynomial: Form, degrees: Sequence[int]) -> Form:
    """The coefficients in Bernstein's basis of [−1, 1]^n of a polynomial in powers."""
    current = dict(polynomial)
    for axis, n in enumerate(degrees):
        matrix = [_row(n, k) for k in range(n + 1)]
        grown: Form = {}
        for exponents, c in current.items():
            for i in range(n + 1):
                weight = matrix[exponents[axis]][i]
                if weight:
                    key = (*exponents[:axis], i, *exponents[axis + 1 :])
                    grown[key] = grown.get(key, Fraction(0)) + c * weight
        current = grown
    for key in product(*[range(n + 1) for n in degrees]):
        current.setdefault(key, Fraction(0))
    return current


def _row(n: int, k: int) -> list[Fraction]:
    """The Bernstein coefficients of xᵏ, x = 2t − 1, of degree n in t in [0, 1]."""
    powers = [comb(k, j) * Fraction(2) ** j * (-1) ** (k - j) for j in range(k + 1)]  # of t
    return [
        sum(
            (powers[j] * Fraction(comb(i, j), comb(n, j)) for j in range(min(i, k) + 1)),
            Fraction(0),
        )
        for i in range(n + 1)
    ]


def _spread(box: Form, degrees: Sequence[int], axis: int) -> Fraction:
    """How much the coefficients change along an axis."""
    found = Fraction(0)
    for key, c in box.items():
        if key[axis] < degrees[axis]:
            after = (*key[:axis], key[axis] + 1, *key[axis + 1 :])
            found = max(found, abs(box[after] - c))
    return found


def _halves(box: Form, degrees: Sequence[int], axis: int) -> list[Form]:
    """The coefficients on both halves of a box (de Casteljau)."""
    low: Form = {}
    high: Form = {}
    n = degrees[axis]
    for key in box:
        if key[axis]:
            continue
        row = [box[(*key[:axis], i, *key[axis + 1 :])] for i in range(n + 1)]
        for i in range(n + 1):
            low[(*key[:axis], i, *key[axis + 1 :])] = row[0]
            high[(*key[:axis], n - i, *key[axis + 1 :])] = row[-1]
            row = [(a + b) / 2 for a, b in pairwise(row)]
    return [low, high]
