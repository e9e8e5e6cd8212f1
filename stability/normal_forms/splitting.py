"""The eigenvalues on the boundary, several of them, and real coordinates that belong to them, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sympy
from sympy.polys.matrices import DomainMatrix

from ..spectra.hurwitz import circle_counts, root_counts
from .algebra import Rows, characteristic, common_divisor, divided
from .fields import ExactField
from .real_roots import Unknown, polynomial, roots, sign

Kind = Literal["flow", "map"]


@dataclass(frozen=True)
class Block:
    """An invariant space of the linear part: coordinates `start`, …, `start` + `size` − 1 of the centre.

    - `kind`: "zero", "one" or "minus one" (size 1), a "pair" with coordinates (a, b) of the number
      z = a + bλ, or "nilpotent": (x, y) with the linear part x ↦ μx + y, y ↦ μy, μ = 0, 1 or −1.
    - `trace`, `product`: of a pair λ, λ̄, so that |z|² = a² + trace·ab + product·b².
    """

    kind: Literal["zero", "one", "minus one", "pair", "nilpotent"]
    start: int
    size: int
    trace: Any = None
    product: Any = None

    @property
    def places(self) -> range:
        """The coordinates."""
        return range(self.start, self.start + self.size)


@dataclass(frozen=True)
class Splitting:
    """The centre of a matrix: its `blocks`, and the change of coordinates.

    - `basis`: (d, d), the first c columns span the centre, the others the stable space; `inverse` of it.
    - `linear`: (d, d), inverse · A · basis.
    """

    over: ExactField
    blocks: tuple[Block, ...]
    basis: Rows
    inverse: Rows
    linear: Rows

    @property
    def size(self) -> int:
        """The dimension c of the centre."""
        return sum(block.size for block in self.blocks)

    @property
    def kinds(self) -> set[str]:
        """The kinds of blocks that occur."""
        return {block.kind for block in self.blocks}


class NeedsRoot(Exception):
    """The coordinates need a number, `root`, that the field does not have."""

    def __init__(self, root: sympy.Expr):
        super().__init__(str(root))
        self.root = root


def splitting(jacobian: Rows, over: ExactField, kind: Kind, inverse: bool = False) -> Splitting:
    """The centre of a matrix, whose other eigenvalues are strictly stable (`inverse`: outside the circle).

    Raises `Unknown` where it is not so or is not decided, or where a multiple eigenvalue has a kind of Jordan
    block that is not treated, and `NeedsRoot` where ω² (flows) or 2 cos θ (maps) has to be adjoined.
    """
    coefficients = characteristic(jacobian, over.zero, over.one)
    common, rest = _boundary(coefficients, over, kind)
    numbers = [over.fraction(c) for c in rest]
    if kind == "flow":
        counts = root_counts(numbers)
        strictly = counts is not None and counts.left == len(rest) - 1
    else:
        found = circle_counts(numbers)
        strictly = found is not None and (
            (found.outside if inverse else found.inside) == len(rest) - 1
        )
    if not strictly:
        raise Unknown("another eigenvalue is not strictly stable")
    matrix = _matrix(jacobian, over)
    blocks: list[Block] = []
    columns: list[list[Any]] = []
    for name, factor, count in _factors(common, over, kind):
        own = _jordan(matrix, name, factor, count, over)
        for block, vectors in own:
            trace, product = (-factor[1], factor[2]) if block == "pair" else (None, None)
            blocks.append(Block(block, len(columns), len(vectors), trace, product))
            columns += vectors
    columns += _column_space(_value(matrix, common, over))
    basis = DomainMatrix(columns, matrix.shape, over.domain).transpose()
    inverted = basis.inv()
    linear = inverted * matrix * basis
    return Splitting(over, tuple(blocks), basis.to_list(), inverted.to_list(), linear.to_list())


def _boundary(
    coefficients: Sequence[Any], over: ExactField, kind: Kind
) -> tuple[list[Any], list[Any]]:
    """The characteristic polynomial's factor with the eigenvalues on the boundary, and the other factor."""
    d = len(coefficients) - 1
    if kind == "flow":
        even = [c if (d - i) % 2 == 0 else over.zero for i, c in enumerate(coefficients)]
        odd = [c if (d - i) % 2 else over.zero for i, c in enumerate(coefficients)]
        common = common_divisor(even, odd, over.is_zero)
    else:
        common = common_divisor(coefficients, coefficients[::-1], over.is_zero)
    return common, divided(coefficients, common)[0]


def _factors(common: list[Any], over: ExactField, kind: Kind) -> list[tuple[str, list[Any], int]]:
    """(name, monic factor, multiplicity) of the eigenvalues on the boundary: real ones, then pairs."""
    found: list[tuple[str, list[Any], int]] = []
    simple = {"zero": over.zero} if kind == "flow" else {"one": over.one, "minus one": -over.one}
    for name, value in simple.items():
        count = 0
        while len(common) > 1:
            quotient, rest = divided(common, [over.one, -value])
            if not over.is_zero(rest[0]):
                break
            common, count = quotient, count + 1
        if count:
            found.append((name, [over.one, -value], count))
    if len(common) == 1:
        return found
    reduced = _in_square(common, over) if kind == "flow" else _in_trace(common, over)
    for factor, count in reduced.factor_list()[1]:
        own = roots(factor, over)
        if len(own) < factor.degree():
            raise Unknown("another eigenvalue is not strictly stable")
        if factor.degree() > 1:
            raise NeedsRoot(own[0].expression(over))
        w = own[0].element
        low = sign(w, over) < 0 if kind == "flow" else sign(over.one * 4 - w * w, over) > 0
        if not low:
            raise Unknown("another eigenvalue is not strictly stable")
        pair = [over.one, over.zero, -w] if kind == "flow" else [over.one, -w, over.one]
        found.append(("pair", pair, count))
    return found


def _in_square(even: list[Any], over: ExactField) -> sympy.Poly:
    """An even polynomial in s as one in s²."""
    return polynomial({i // 2: c for i, c in enumerate(reversed(even)) if c}, over)


def _in_trace(palindrome: list[Any], over: ExactField) -> sympy.Poly:
    """A polynomial of degree 2n in s that reads the same backwards, over sⁿ, as one in s + 1/s."""
    n = (len(palindrome) - 1) // 2
    t, one = polynomial({1: over.one}, over), polynomial({0: over.one}, over)
    sums = [one, t]  # sᵏ + s⁻ᵏ, but the first is 1
    while len(sums) <= n:
        sums.append(t * sums[-1] - (sums[-2] if len(sums) > 2 else 2 * one))
    return sum((sums[k].mul_ground(palindrome[n - k]) for k in range(n + 1)), polynomial({}, over))


def _jordan(
    matrix: DomainMatrix, name: str, factor: list[Any], count: int, over: ExactField
) -> list[tuple[Any, list[list[Any]]]]:
    """Blocks and their basis vectors for one factor of the characteristic polynomial."""
    value = _value(matrix, factor, over)
    kernel = _null_space(value)
    degree = len(factor) - 1
    if len(kernel) < count * degree:
        if name == "pair" or count != 2:
            raise Unknown("a multiple eigenvalue on the boundary has a Jordan block")
        image = next(v for v in _null_space(value * value) if any(_times(value, v)))
        return [("nilpotent", [_times(value, image), image])]
    if name != "pair":
        return [(name, [v]) for v in kernel]
    found: list[tuple[Any, list[list[Any]]]] = []
    taken: list[list[Any]] = []
    for v in kernel:
        pair = [v, _times(matrix, v)]
        rank = DomainMatrix([*taken, v], (len(taken) + 1, len(v)), over.domain).rank()
        if rank > len(taken):
            found.append(("pair", pair))
            taken += pair
    return found


def _matrix(rows: Rows, over: ExactField) -> DomainMatrix:
    return DomainMatrix([list(row) for row in rows], (len(rows), len(rows)), over.domain).to_field()


def _value(matrix: DomainMatrix, coefficients: Sequence[Any], over: ExactField) -> DomainMatrix:
    """A polynomial, leading coefficient first, of a matrix (Horner)."""
    one = DomainMatrix.eye(matrix.shape[0], over.domain)
    total = one * over.zero
    for c in coefficients:
        total = total * matrix + one * c
    return total


def _times(matrix: DomainMatrix, vector: Sequence[Any]) -> list[Any]:
    column = DomainMatrix([[c] for c in vector], (len(vector), 1), matrix.domain)
    return [row[0] for row in (matrix * column).to_list()]


def _null_space(matrix: DomainMatrix) -> Rows:
    return matrix.to_dense().nullspace().to_list()


def _column_space(matrix: DomainMatrix) -> Rows:
    columns = matrix.transpose().to_list()
    return [columns[i] for i in matrix.rref()[1]]
