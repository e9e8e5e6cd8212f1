"""Which eigenvalues lie on the boundary, told exactly, and the directions that belong to them.

The greatest common divisor of χ(s) and χ(−s) (flows), or of χ(s) and s^d χ(1/s) (maps), has for its roots the
eigenvalues whose mirror images −λ̄, 1/λ̄ are eigenvalues too. Where none lies beyond the boundary these are
the eigenvalues on it, with their multiplicities. It takes no root and no tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from ..spectra.hurwitz import circle_counts, root_counts
from .algebra import Rows, characteristic, common_divisor, divided, times
from .pairs import PairField
from .series import Composition, packed

Kind = Literal["flow", "map"]
Shape = Literal["zero", "pair", "one", "minus one", "several", "none", "beyond"]


@dataclass(frozen=True)
class Centre:
    """The eigenvalues on the boundary.

    - `shape`: a simple zero, a pair, a simple 1 or −1; "several" of these; "none"; "beyond": another one
      lies beyond the boundary, or may do so.
    - `jacobian`: the d rows; `basis`: u, or u and Au, which span the centre directions in real numbers.
    - `eigenvalue`: 0, 1 or −1 in the field; for a pair λ in `pairs`, the field K(λ).
    - `q`: its eigenvector, in K or K(λ), not normalised; ‖q‖² is `square`, in K.
    """

    shape: Shape
    jacobian: Rows
    basis: tuple[list[Any], ...] = ()
    eigenvalue: Any = None
    pairs: PairField | None = None
    q: tuple[Any, ...] = ()
    square: Any = None


def jacobian_of(composition: Composition, over: Any, d: int) -> Rows:
    """The Jacobian matrix of a composition's function at its point, d rows in the field."""
    columns = []
    part = composition.part(1, [{packed(_unit(i, d)): over.one} for i in range(d)]) if d else []
    for row in part:
        columns.append([row.get(packed(_unit(i, d)), over.zero) for i in range(d)])
    return columns


def _unit(i: int, d: int) -> list[int]:
    return [int(i == j) for j in range(d)]


def centre(jacobian: Rows, over: Any, kind: Kind, inverse: bool = False) -> Centre:
    """The eigenvalues of a matrix on the boundary, and what belongs to them.

    **Arguments:**

    - `jacobian`: d rows in the field `over`.
    - `kind`: "flow", whose boundary is the imaginary axis, or "map": the unit circle.
    - `inverse`: of a map whose inverse is meant, so that the other eigenvalues shall be outside.

    Raises `Undecidable` where the field cannot tell a constant from zero.
    """
    d = len(jacobian)
    polynomial = characteristic(jacobian, over.zero, over.one)
    if kind == "flow":
        even = [c if (d - i) % 2 == 0 else over.zero for i, c in enumerate(polynomial)]
        odd = [c if (d - i) % 2 else over.zero for i, c in enumerate(polynomial)]
        common = common_divisor(even, odd, over.is_zero)
    else:
        common = common_divisor(polynomial, polynomial[::-1], over.is_zero)
    rest = divided(polynomial, common)[0]
    shape = _shape(common, over, kind)
    if shape != "none" and not _strictly_stable([over.fraction(c) for c in rest], kind, inverse):
        shape = "beyond"
    if shape in ("several", "none", "beyond"):
        return Centre(shape, jacobian)
    u = _in_kernel(jacobian, rest, over)
    if shape != "pair":
        square = over.zero
        for c in u:
            square = square + c * c
        return Centre(shape, jacobian, (u,), -common[1], None, tuple(u), square)
    pairs = PairField(over, -common[1], common[2])
    second = times(jacobian, u, over.zero)
    conjugate = pairs.eigenvalue.conjugate()
    q = tuple(pairs.real(b) - conjugate * pairs.real(a) for a, b in zip(u, second, strict=True))
    square = pairs.zero
    for c in q:
        square = square + c * c.conjugate()
    return Centre(shape, jacobian, (u, second), pairs.eigenvalue, pairs, q, square.real)


def _shape(common: Sequence[Any], over: Any, kind: Kind) -> Shape:
    if len(common) == 1:
        return "none"
    if len(common) == 2:
        if kind == "flow":
            return "zero"
        return "one" if over.value(common[1]) < 0 else "minus one"
    if len(common) > 3:
        return "several"
    trace, product = -common[1], common[2]
    if kind == "flow":
        if over.is_zero(product):
            return "several"
        return "pair" if over.value(product) > 0 else "beyond"
    if over.is_zero(product + over.one):  # 1 and −1
        return "several"
    discriminant = over.one * 4 - trace * trace
    if over.is_zero(discriminant):
        return "several"
    return "pair" if over.value(discriminant) > 0 else "beyond"


def _strictly_stable(numbers: Sequence[Fraction], kind: Kind, inverse: bool) -> bool:
    """Whether all roots are on the right side; by construction none is on the boundary."""
    degree = len(numbers) - 1
    if kind == "flow":
        counts = root_counts(numbers)
        return counts is not None and counts.left == degree
    counts = circle_counts(numbers)
    return counts is not None and (counts.outside if inverse else counts.inside) == degree


def _in_kernel(jacobian: Rows, rest: Sequence[Any], over: Any) -> list[Any]:
    """A vector that the boundary's factor kills: one that the rest's polynomial gives."""
    candidates = []
    for i in range(len(jacobian)):
        start = [over.one if i == j else over.zero for j in range(len(jacobian))]
        vector = [over.zero] * len(start)
        for c in rest:  # Horner
            vector = times(jacobian, vector, over.zero)
            vector = [a + c * b for a, b in zip(vector, start, strict=True)]
        if over.exact and not all(over.is_zero(a) for a in vector):
            return vector
        candidates.append(vector)
    return max(candidates, key=lambda v: sum(abs(a) for a in v))
