"""The centre manifold and the normal form on it, order by order (the parametrisation method).

x = W(z) parametrises the manifold by centre coordinates (one, u, or a pair z, z̄) in which the system is
z ↦ G(z), and both follow from the invariance equation (Haro et al., The Parameterization Method for Invariant
Manifolds, 2016, §2.2; Coullet and Spiegel 1983):

    flow: f(W(z)) = DW(z) G(z),   map: f(W(z)) = W(G(z)).

At degree n the coefficient of a monomial with eigenvalue e (of z^j z̄^k: jλ + kλ̄, or λ^j λ̄^k) solves
(A − e) W = known + g q. The term g of G is zero where A − e is regular and otherwise, where e = λ, what makes
the equation solvable: G is in normal form. Only the series of f along W is needed, never a tensor of
derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .algebra import Rows, solved
from .centre import Centre, Kind
from .coordinates import PairCoordinates
from .pairs import PairNumber
from .series import Part, add_multiple, add_product, packed, unpacked, without_zeros


class AlongCurve(Protocol):
    """What gives the part of degree n of f(W(y)), in real variables y, from that of W."""

    def part(self, degree: int, inputs: Sequence[Part]) -> list[Part]: ...


@dataclass
class Reduction:
    """W and G degree by degree: `manifold[n][i]` of coordinate i and `terms[n]` of z ↦ G, from n = 1.

    Their coefficients are those of K for a simple eigenvalue, of K(λ) for a pair, whose monomials z^j z̄^k
    are packed as (j, k).
    """

    kind: Kind
    centre: Centre
    over: Any
    along: AlongCurve
    manifold: list[list[Part]] = field(default_factory=list)
    terms: list[Part] = field(default_factory=list)
    is_free: bool = False  # whether G has a coefficient at the last degree, be it zero

    def __post_init__(self) -> None:
        middle = self.centre
        self._pair = middle.pairs is not None
        self._number = middle.pairs if middle.pairs is not None else self.over
        d = len(middle.jacobian)
        self._matrix: Rows = [
            [middle.pairs.real(a) if middle.pairs is not None else a for a in row]
            for row in middle.jacobian
        ]
        if middle.pairs is not None:
            conjugates = [c.conjugate() for c in middle.q]
            first = [
                without_zeros({_Z: a, _Z_BAR: b}) for a, b in zip(middle.q, conjugates, strict=True)
            ]
            self._coordinates = PairCoordinates(middle.pairs)
        else:
            first = [without_zeros({1: c}) for c in middle.q]
        self.manifold += [[{}] * d, first]
        self.terms += [{}, {1: middle.eigenvalue}]
        self._real = [self._to_real(1, part) for part in first]
        self.along.part(1, self._real)

    def next_order(self) -> int:
        """Finds the next degree of W and G, and returns it."""
        n, d = len(self.terms), len(self.manifold[0])
        nonlinear = [self._to_complex(n, part) for part in self.along.part(n, [{}] * d)]
        known = self._known(n)
        found: list[Part] = [{} for _ in range(d)]
        term: Part = {}
        self.is_free = False
        for monomial in self._monomials(n):
            right = [
                b.get(monomial, self._number.zero) - a.get(monomial, self._number.zero)
                for a, b in zip(nonlinear, known, strict=True)
            ]
            column, own, other = self._solved(self._eigenvalue_of(monomial), right)
            self._put(found, term, monomial, column, own, other)
        self.terms.append(without_zeros(term))
        self.manifold.append([without_zeros(part) for part in found])
        self.along.part(n, [self._to_real(n, part) for part in self.manifold[n]])
        return n

    def _monomials(self, n: int) -> list[int]:
        """Those of degree n; of two that are conjugate the first."""
        if not self._pair:
            return [n]
        return [packed((n - k, k)) for k in range(n // 2 + 1)]

    def _put(
        self, found: list[Part], term: Part, monomial: int, column: list[Any], own: Any, other: Any
    ) -> None:
        """Enters a monomial's coefficients, and those of its conjugate."""
        term[monomial] = own
        for part, value in zip(found, column, strict=True):
            part[monomial] = value
        if self._pair:
            j, k = unpacked(monomial, 2)
            if j != k:
                mirror = packed((k, j))
                term[mirror] = other.conjugate()
                for part, value in zip(found, column, strict=True):
                    part[mirror] = value.conjugate()

    def _eigenvalue_of(self, monomial: int) -> Any:
        value = self.centre.eigenvalue
        j, k = unpacked(monomial, 2) if self._pair else (monomial, 0)
        if self.kind == "flow":
            return value * j + value.conjugate() * k if self._pair else value * j
        return value**j * value.conjugate() ** k if self._pair else value**j

    def _solved(self, e: Any, right: list[Any]) -> tuple[list[Any], Any, Any]:
        """W, and the g and h with (A − e) W − g q − h q̄ = right; zero where they are not needed."""
        number, value = self._number, self.centre.eigenvalue
        rows = [
            [a - e if i == j else a for j, a in enumerate(row)]
            for i, row in enumerate(self._matrix)
        ]
        q: Sequence[Any] | None = None
        if number.is_zero(e - value):
            q = self.centre.q
        elif self._pair and number.is_zero(e - value.conjugate()):
            q = [c.conjugate() for c in self.centre.q]
        size = None if self.over.exact else _size
        if q is None:
            return solved(rows, right, number.is_zero, size), number.zero, number.zero
        self.is_free = True
        # bordered: W is chosen orthogonal to q, the kernel of A − e
        border = [c.conjugate() for c in q] if self._pair else list(q)
        bordered = [[*row, -c] for row, c in zip(rows, q, strict=True)] + [[*border, number.zero]]
        *column, found = solved(bordered, [*right, number.zero], number.is_zero, size)
        if q is self.centre.q:
            return column, found, number.zero
        return column, number.zero, found

    def _known(self, n: int) -> list[Part]:
        """The terms of degree n of DW·G, or of W(G), without the unknown ones of W and G."""
        return self._transported(n) if self.kind == "flow" else self._composed(n)

    def _transported(self, n: int) -> list[Part]:
        result: list[Part] = []
        for i in range(len(self.manifold[0])):
            total: Part = {}
            for m in range(2, n):
                speed = self.terms[n + 1 - m]
                if not speed:
                    continue
                add_product(total, derivative(self.manifold[m][i], 0), speed)
                if self._pair:
                    add_product(total, derivative(self.manifold[m][i], 1), mirrored(speed))
            result.append(total)
        return result

    def _composed(self, n: int) -> list[Part]:
        powers = _Powers(self.terms, self._pair, self._number.one)
        result: list[Part] = []
        for i in range(len(self.manifold[0])):
            total: Part = {}
            for m in range(2, n):
                for monomial, coefficient in self.manifold[m][i].items():
                    exponents = unpacked(monomial, 2) if self._pair else (monomial,)
                    add_multiple(total, powers.part(exponents, n), coefficient)
            result.append(total)
        return result

    def _to_complex(self, n: int, part: Part) -> Part:
        return self._coordinates.to_pair(n, part) if self._pair else part

    def _to_real(self, n: int, part: Part) -> Part:
        return self._coordinates.to_real(n, part) if self._pair else part


_Z, _Z_BAR = packed((1, 0)), packed((0, 1))


def _size(number: Any) -> float:
    if isinstance(number, PairNumber):
        return abs(number.a) + abs(number.b)
    return abs(number)


def derivative(part: Part, variable: int) -> Part:
    """The partial derivative of a homogeneous polynomial by the first (0) or second (1) variable."""
    own = packed((1, 0)) if variable == 0 else packed((0, 1))
    result: Part = {}
    for monomial, coefficient in part.items():
        exponent = unpacked(monomial, 2)[variable]
        if exponent:
            result[monomial - own] = coefficient * exponent
    return result


def mirrored(part: Part) -> Part:
    """The conjugate of a polynomial in z and z̄."""
    return {
        packed(unpacked(m, 2)[::-1]): coefficient.conjugate() for m, coefficient in part.items()
    }


class _Powers:
    """The parts of G^j Ḡ^k, degree by degree."""

    def __init__(self, terms: Sequence[Part], pair: bool, one: Any):
        self._factors = [list(terms)]
        if pair:
            self._factors.append([mirrored(part) for part in terms])
        self._one = one
        self._found: dict[tuple[tuple[int, ...], int], Part] = {}

    def part(self, exponents: tuple[int, ...], n: int) -> Part:
        """The part of degree n of the product of powers."""
        if n < sum(exponents):
            return {}
        if not any(exponents):
            return {0: self._one} if n == 0 else {}
        key = (exponents, n)
        if key not in self._found:
            which = next(i for i, e in enumerate(exponents) if e)
            rest = tuple(e - (i == which) for i, e in enumerate(exponents))
            total: Part = {}
            for m, factor in enumerate(self._factors[which]):
                if factor and m <= n:
                    add_product(total, factor, self.part(rest, n - m))
            self._found[key] = without_zeros(total)
        return self._found[key]
