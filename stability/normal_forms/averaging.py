"""Resonant terms averaged over the angle, where a twist before them carries the angle round.

z⁺ = z + h(z, z̄), the rotation taken out, with h = γ z|z|^{2i} + … and γ imaginary. Sought is V = |z|² + …
with V(z⁺) − V(z) = Σ η_m |z|^{2m}: a term D z^a z̄^b, a ≠ b, of the difference is taken away by adding
−D/(γ (a − b)) z^{a−i} z̄^{b−i} to V, because γ changes that by γ (a − b)|z|^{2i} (the classical homological
equation; exponents may be negative, the degree rises all the same). The first η that does not vanish
decides, as V is definite near 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .pairs import PairField, PairNumber
from .series import Part, unpacked

_Laurent = dict[tuple[int, int], PairNumber]  # exponents of z and z̄ to coefficient


def averaged_rates(terms: Sequence[Part], pairs: PairField) -> list[tuple[int, Any]]:
    """The η_m/2 with their orders 2m − 1: r⁺ = r + (η_m/2) r^{2m−1} on average, if all before are zero.

    **Arguments:**

    - `terms`: the homogeneous parts of h by degree, from 0 on; its first term is γ z|z|^{2i}, γ imaginary.
    - `pairs`: the field of their coefficients.
    """
    highest = len(terms)
    over = [
        {(a - 1, b): c for m, c in part.items() if c for a, b in [unpacked(m, 2)]} for part in terms
    ]
    quotient = _Graded(over[1:])  # h/z, whose part of degree n − 1 comes from degree n
    (exponents, twist) = next((m, c) for part in quotient.parts for m, c in part.items())
    i = exponents[1]
    powers = _Powers(quotient, pairs, highest)
    difference: list[_Laurent] = [{} for _ in range(highest + 1)]
    _add(difference, powers.change((1, 1)), pairs.one)
    rates = []
    for degree in range(3, highest + 1):
        for (a, b), coefficient in list(difference[degree].items()):
            if a != b and not pairs.is_zero(coefficient):
                factor = -(coefficient / (twist * (a - b)))
                _add(difference, powers.change((a - i, b - i)), factor)
        if degree % 2 == 0:
            middle = (degree // 2, degree // 2)
            rates.append((degree - 1, difference[degree].get(middle, pairs.zero).real / 2))
    return rates


class _Graded:
    """A Laurent polynomial by total degree, from 0 on."""

    def __init__(self, parts: Sequence[_Laurent]):
        self.parts = list(parts)

    def times(self, other: _Graded) -> _Graded:
        parts: list[_Laurent] = [{} for _ in self.parts]
        for m, one in enumerate(self.parts):
            for n, two in enumerate(other.parts[: len(parts) - m]):
                total = parts[m + n]
                for (a, b), c in one.items():
                    for (p, q), d in two.items():
                        key = (a + p, b + q)
                        product = c * d
                        total[key] = total[key] + product if key in total else product
        return _Graded(parts)


class _Powers:
    """What becomes of a monomial z^a z̄^b under z ↦ z (1 + u), less itself."""

    def __init__(self, u: _Graded, pairs: PairField, highest: int):
        self._pairs, self._highest = pairs, highest
        one = _Graded([{(0, 0): pairs.one}, *({} for _ in u.parts[1:])])
        mirror = _Graded(
            [{(b, a): c.conjugate() for (a, b), c in part.items()} for part in u.parts]
        )
        self._u, self._mirror = [one], [one]
        for _ in u.parts:
            self._u.append(self._u[-1].times(u))
            self._mirror.append(self._mirror[-1].times(mirror))

    def change(self, exponents: tuple[int, int]) -> list[_Laurent]:
        """z^a z̄^b ((1 + u)^a (1 + ū)^b − 1) by total degree up to the highest."""
        a, b = exponents
        product = self._power(self._u, a).times(self._power(self._mirror, b))
        parts: list[_Laurent] = [{} for _ in range(self._highest + 1)]
        for n, part in enumerate(product.parts[1:], start=1):
            if 0 <= n + a + b <= self._highest:
                parts[n + a + b] = {(p + a, q + b): c for (p, q), c in part.items()}
        return parts

    def _power(self, powers: Sequence[_Graded], exponent: int) -> _Graded:
        """(1 + u)^exponent by the binomial series."""
        total = _Graded([{} for _ in powers[0].parts])
        binomial = self._pairs.over.one
        for k, power in enumerate(powers):
            for n, part in enumerate(power.parts):
                _accumulate(total.parts[n], part, self._pairs.real(binomial))
            binomial = binomial * (exponent - k) / (k + 1)
        return total


def _accumulate(total: _Laurent, part: _Laurent, factor: PairNumber) -> None:
    for key, c in part.items():
        product = c * factor
        total[key] = total[key] + product if key in total else product


def _add(difference: list[_Laurent], parts: list[_Laurent], factor: PairNumber) -> None:
    for total, part in zip(difference, parts, strict=True):
        _accumulate(total, part, factor)
