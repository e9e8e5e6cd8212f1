"""The numbers a + bλ over a real field, where λ is one of a conjugate pair: no radical is needed for them."""

from __future__ import annotations

from typing import Any

from .series import Field


class PairField:
    """K(λ), λ² = tλ − m: the eigenvalue of a pair with trace `t` and determinant `m` in a real field K."""

    def __init__(self, over: Field, t: Any, m: Any):
        self.over, self.t, self.m = over, t, m
        self.zero = PairNumber(over.zero, over.zero, self)
        self.one = PairNumber(over.one, over.zero, self)
        self.eigenvalue = PairNumber(over.zero, over.one, self)

    def real(self, element: Any) -> PairNumber:
        """An element of K."""
        return PairNumber(element, self.over.zero, self)

    def is_zero(self, number: PairNumber) -> bool:
        return self.over.is_zero(number.a) and self.over.is_zero(number.b)


class PairNumber:
    """a + bλ; see `PairField`."""

    __slots__ = ("a", "b", "field")

    def __init__(self, a: Any, b: Any, field: PairField):
        self.a, self.b, self.field = a, b, field

    def __add__(self, other: PairNumber) -> PairNumber:
        return PairNumber(self.a + other.a, self.b + other.b, self.field)

    def __sub__(self, other: PairNumber) -> PairNumber:
        return PairNumber(self.a - other.a, self.b - other.b, self.field)

    def __neg__(self) -> PairNumber:
        return PairNumber(-self.a, -self.b, self.field)

    def __mul__(self, other: PairNumber | int) -> PairNumber:
        if isinstance(other, int):
            return PairNumber(self.a * other, self.b * other, self.field)
        a, b, c, d, field = self.a, self.b, other.a, other.b, self.field
        if not b:
            return PairNumber(a * c, a * d, field)
        if not d:
            return PairNumber(a * c, b * c, field)
        square = b * d  # of λ
        return PairNumber(a * c - square * field.m, a * d + b * c + square * field.t, field)

    def __truediv__(self, other: PairNumber) -> PairNumber:
        norm = (other * other.conjugate()).a
        product = self * other.conjugate()
        return PairNumber(product.a / norm, product.b / norm, self.field)

    def __pow__(self, exponent: int) -> PairNumber:
        total = self.field.one
        for _ in range(exponent):
            total = total * self
        return total

    def __bool__(self) -> bool:
        return bool(self.a) or bool(self.b)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PairNumber) and self.a == other.a and self.b == other.b

    def __hash__(self) -> int:
        return hash((self.a, self.b))

    def conjugate(self) -> PairNumber:
        """ā: λ̄ = t − λ."""
        return PairNumber(self.a + self.b * self.field.t, -self.b, self.field)

    def traces(self) -> tuple[Any, Any]:
        """x + x̄ and λx + λ̄x̄, elements of K: a(x + x̄) + b(λx + λ̄x̄) is the trace of (a + bλ) x."""
        t, m = self.field.t, self.field.m
        first = self.a * 2 + self.b * t
        return first, first * t - self.a * t - self.b * m * 2

    @property
    def real(self) -> Any:
        """The real part, an element of K."""
        return self.a + self.b * self.field.t / 2
