"""Real homogeneous polynomials in two real coordinates y and in a pair z, z̄, degree by degree.

y₁ = −(λ̄z + λz̄) and y₂ = z + z̄, where λ is one of a conjugate pair with trace t and determinant m, so that
(λ − λ̄) z = y₁ + λy₂ and (λ − λ̄)² = t² − 4m. In a real polynomial the coefficients of z^j z̄^k and z^k z̄^j
are conjugate: those with j ≥ k say all.
"""

from __future__ import annotations

from typing import Any

from .pairs import PairField, PairNumber
from .series import Part, packed, without_zeros


class PairCoordinates:
    """The change between y and z, z̄; `pairs` is the field K(λ)."""

    def __init__(self, pairs: PairField):
        one, value = pairs.one, pairs.eigenvalue
        gap = value - value.conjugate()
        square = (gap * gap).a
        self._pairs, self._square = pairs, square
        # by degree n, for y₁^{n−k} y₂^k the coefficients of z^{n−q} z̄^q
        self._of_y = [[[one]]]
        # by degree n, for ((λ − λ̄)z)^{n−q} ((λ̄ − λ)z̄)^q, q ≤ n/2, the coefficients of y₁^{n−k} y₂^k
        self._of_z = [[[one]]]
        # by degree n, (λ − λ̄)^{−n}
        self._scales = [one, PairNumber(gap.a / square, gap.b / square, pairs)]

    def to_pair(self, n: int, part: Part) -> Part:
        """A polynomial of degree n in y as one in z, z̄: its monomials z^j z̄^k with j ≥ k."""
        self._up_to(n)
        total: Part = {}
        for k, own in enumerate(self._of_y[n]):
            factor = part.get(packed((n - k, k)))
            if factor:
                for q in range(n // 2 + 1):
                    m = packed((n - q, q))
                    a, b = own[q].a * factor, own[q].b * factor
                    product = PairNumber(a, b, self._pairs)
                    total[m] = total[m] + product if m in total else product
        return total

    def to_real(self, n: int, part: Part) -> Part:
        """A real polynomial of degree n in z, z̄ as one in y; of z^j z̄^k and z^k z̄^j the first is read."""
        self._up_to(n)
        total: Part = {}
        for q, own in enumerate(self._of_z[n]):
            coefficient = part.get(packed((n - q, q)))
            if not coefficient:
                continue
            scaled = coefficient * self._scales[n]
            scaled = -scaled if q % 2 else scaled
            # with its conjugate, or real by itself
            first, second = scaled.traces() if 2 * q < n else (scaled.a, None)
            for k, form in enumerate(own):
                m = packed((n - k, k))
                value = form.a * first
                if form.b and second is not None:
                    value = value + form.b * second
                total[m] = total[m] + value if m in total else value
        return without_zeros(total)

    def _up_to(self, n: int) -> None:
        value = self._pairs.eigenvalue
        other = value.conjugate()
        while len(self._of_y) <= n:
            before = self._of_y[-1]
            first = _times(before[0], -other, -value)
            self._of_y.append([first, *(_times(own, None, None) for own in before)])
            before, degree = self._of_z[-1], len(self._of_z)
            found = [_times(own, None, value) for own in before]
            if degree % 2 == 0:
                found.append(_times(before[-1], None, other))
            self._of_z.append(found[: degree // 2 + 1])
            if len(self._scales) <= degree:
                s = self._scales[degree - 2]
                self._scales.append(PairNumber(s.a / self._square, s.b / self._square, s.field))


def _times(polynomial: list[PairNumber], a: Any, b: Any) -> list[PairNumber]:
    """A binary form times a·(first variable) + b·(second one), by the exponent of the second; None is one."""
    first = polynomial if a is None else [c * a for c in polynomial]
    second = polynomial if b is None else [c * b for c in polynomial]
    middle = [c + d for c, d in zip(first[1:], second, strict=False)]
    return [first[0], *middle, second[-1]]
