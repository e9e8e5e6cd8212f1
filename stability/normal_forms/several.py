"""The centre manifold where several eigenvalues lie on the boundary, in real polynomials.

The parametrisation method (Haro, Canadell, Figueras, Luque, Mondelo, "The parameterization method for
invariant manifolds", 2016, chapter 2): W and G are found degree by degree from
F(W(y)) = DW(y) G(y) for a flow, and F(W(y)) = W(G(y)) for a map. G keeps all terms where the linear part L
on the centre is zero or nilpotent, and else only those that commute with L, which is the normal form: y ↦
Dw·Ly − Lw, or w(Ly) − Lw, is semisimple with L, so that every right-hand side is one part of its kernel
and one of its image. No eigenvalue is computed; real polynomials of the same degree in each block of L are
kept by it, so that the linear systems are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import product
from typing import Any

from sympy.polys.matrices import DomainMatrix
from sympy.polys.rings import ring

from .algebra import Rows
from .fields import ExactField
from .series import Composition, Part, Program, packed, unpacked
from .splitting import Kind, Splitting

Polynomials = list[Any]  # elements of one ring of polynomials in the centre's coordinates


class Reduction:
    """The flow or map on the centre manifold, degree by degree; `parts[k]` has c polynomials of degree k."""

    def __init__(self, written: Program, splitting: Splitting, kind: Kind):
        self.split, self._kind = splitting, kind
        over, c = splitting.over, splitting.size
        self.ring, *self.variables = ring([f"y{i}" for i in range(c)], over.domain)
        self._composition = Composition(written, over)
        d = len(splitting.basis)
        first = [self._linear(row[:c]) for row in splitting.basis]
        self._w = {1: first}
        self.parts: dict[int, Polynomials] = {
            1: [self._linear(row[:c]) for row in splitting.linear[:c]]
        }
        self._composition.part(1, [self._packed(p) for p in first])
        self._order, self._stable = 1, d - c
        self._systems: dict[Any, _System] = {}
        self._normal = "pair" in splitting.kinds and "nilpotent" not in splitting.kinds

    def up_to(self, order: int) -> dict[int, Polynomials]:
        """The parts of degree 1, …, order."""
        while self._order < order:
            self._order += 1
            self._next(self._order)
        return {k: self.parts[k] for k in range(1, order + 1)}

    def _next(self, k: int) -> None:
        c, over = self.split.size, self.split.over
        empty: list[Part] = [{} for _ in self.split.basis]
        outer = [self._unpacked(p) for p in self._composition.part(k, empty)]
        inner = self._inner(k)
        rest = [a - b for a, b in zip(outer, inner, strict=True)]
        rest = [self._combined(row, rest) for row in self.split.inverse]
        w = [self.ring.zero] * len(rest)
        self.parts[k] = [self.ring.zero] * c
        blocks = [block.places for block in self.split.blocks]
        targets = blocks if self._normal else []
        if not self._normal:
            self.parts[k] = rest[:c]
        if self._stable:
            targets = [*targets, range(c, len(rest))]
        for target in targets:
            keep = target.stop <= c
            for degrees, own in self._graded([rest[i] for i in target]).items():
                system = self._system(degrees, target)
                solution, kept = system.solved(own, over)
                for place, row in zip(target, self._polynomials(solution, system), strict=True):
                    w[place] += row
                if keep:
                    for place, row in zip(target, self._polynomials(kept, system), strict=True):
                        self.parts[k][place] += row
        self._w[k] = [self._combined(row, w) for row in self.split.basis]
        self._composition.part(k, [self._packed(p) for p in self._w[k]])

    def _inner(self, k: int) -> Polynomials:
        """The part of degree k of DW·G, or W(G), without the terms that have W_k or G_k."""
        zero = self.ring.zero
        total = [zero] * len(self.split.basis)
        if self._kind == "flow":
            for j in range(2, k):
                for i, w in enumerate(self._w[j]):
                    for variable, g in zip(self.variables, self.parts[k - j + 1], strict=True):
                        if g:
                            total[i] += w.diff(variable) * g
            return total
        for j in range(2, k):
            for i, w in enumerate(self._w[j]):
                total[i] += self._composed(w, k)
        return total

    def _composed(self, w: Any, k: int) -> Any:
        """The part of degree k of w(G), from the parts of G that are known."""
        total = self.ring.zero
        for exponents, c in w.terms():
            term = {0: self.ring.ground_new(c)}
            for i, e in enumerate(exponents):
                for _ in range(e):
                    grown: dict[int, Any] = {}
                    for a, one in term.items():
                        for b in range(1, k - a + 1):
                            if b in self.parts and self.parts[b][i]:
                                grown[a + b] = (
                                    grown.get(a + b, self.ring.zero) + one * self.parts[b][i]
                                )
                    term = grown
            total += term.get(k, self.ring.zero)
        return total

    def _system(self, degrees: tuple[int, ...], target: range) -> _System:
        key = (degrees, target)
        if key not in self._systems:
            self._systems[key] = _System(self, degrees, target)
        return self._systems[key]

    def _graded(self, rows: Polynomials) -> dict[tuple[int, ...], dict[tuple[int, Any], Any]]:
        """The terms, grouped by their degrees in the blocks: (row, exponents) to coefficient."""
        found: dict[tuple[int, ...], dict[tuple[int, Any], Any]] = {}
        for i, row in enumerate(rows):
            for exponents, c in row.terms():
                degrees = tuple(sum(exponents[p] for p in b.places) for b in self.split.blocks)
                found.setdefault(degrees, {})[i, exponents] = c
        return found

    def _polynomials(self, vector: Sequence[Any], system: _System) -> Polynomials:
        rows: list[dict[Any, Any]] = [{} for _ in system.target]
        for (i, exponents), c in zip(system.places, vector, strict=True):
            if c:
                rows[i][exponents] = c
        return [self.ring.from_dict(row) for row in rows]

    def _linear(self, row: Sequence[Any]) -> Any:
        return self._combined(row, self.variables)

    def _combined(self, row: Sequence[Any], polynomials: Sequence[Any]) -> Any:
        total = self.ring.zero
        for a, p in zip(row, polynomials, strict=True):
            if a and p:
                total += p * a
        return total

    def _packed(self, p: Any) -> Part:
        return {packed(exponents): c for exponents, c in p.terms()}

    def _unpacked(self, part: Part) -> Any:
        count = len(self.variables)
        return self.ring.from_dict({unpacked(m, count): c for m, c in part.items()})

    def moved(self, exponents: tuple[int, ...]) -> Any:
        """What the linear part makes of a monomial: its derivative along Ly, or itself at Ly."""
        images = self.parts[1]
        if self._kind == "map":
            total = self.ring.one
            for image, e in zip(images, exponents, strict=True):
                total *= image**e
            return total
        monomial = self.ring.from_dict({exponents: self.ring.domain.one})
        total = self.ring.zero
        for variable, image in zip(self.variables, images, strict=True):
            total += monomial.diff(variable) * image
        return total


class _System:
    """w ↦ Dw·Ly − Aw, or w(Ly) − Aw, for given degrees in each block; A is the linear part in `target`."""

    def __init__(self, reduction: Reduction, degrees: tuple[int, ...], target: range):
        split = reduction.split
        options = [
            _exponents(degree, block.size)
            for degree, block in zip(degrees, split.blocks, strict=True)
        ]
        monomials = [sum(parts, ()) for parts in product(*options)]
        self.target = target
        self.places = [(i, m) for i in range(len(target)) for m in monomials]
        index = {place: n for n, place in enumerate(self.places)}
        size, zero = len(self.places), split.over.zero
        matrix = [[zero] * size for _ in range(size)]
        for m in monomials:
            moved = reduction.moved(m)
            for i in range(len(target)):
                column = index[i, m]
                for exponents, c in moved.terms():
                    matrix[index[i, exponents]][column] += c
                for j, row in enumerate(target):
                    matrix[index[j, m]][column] -= split.linear[row][target[i]]
        self._matrix = DomainMatrix(matrix, (size, size), split.over.domain)
        self._index, self._size = index, size

    @cached_property
    def _kernel(self) -> Rows:
        return _null_space(self._matrix)

    @cached_property
    def _left_kernel(self) -> Rows:
        return _null_space(self._matrix.transpose())

    def solved(self, terms: dict[Any, Any], over: ExactField) -> tuple[list[Any], list[Any]]:
        """w and g with image of w + g = terms and g in the kernel."""
        right = [over.zero] * self._size
        for place, c in terms.items():
            right[self._index[place]] = c
        kept = [over.zero] * self._size
        kernel, left = self._kernel, self._left_kernel
        if kernel:
            gram = [[_dot(a, b, over) for b in kernel] for a in left]
            weights = _solution(gram, [_dot(a, right, over) for a in left], over)
            for weight, vector in zip(weights, kernel, strict=True):
                if weight:
                    kept = [k + weight * v for k, v in zip(kept, vector, strict=True)]
        rest = [r - k for r, k in zip(right, kept, strict=True)]
        return _solution(self._matrix.to_list(), rest, over), kept


def _exponents(degree: int, size: int) -> list[tuple[int, ...]]:
    if size == 1:
        return [(degree,)]
    return [(i, *rest) for i in range(degree + 1) for rest in _exponents(degree - i, size - 1)]


def _null_space(matrix: DomainMatrix) -> Rows:
    return matrix.to_field().nullspace().to_list()


def _dot(a: Sequence[Any], b: Sequence[Any], over: ExactField) -> Any:
    total = over.zero
    for x, y in zip(a, b, strict=True):
        if x and y:
            total += x * y
    return total


def _solution(matrix: Rows, right: Sequence[Any], over: ExactField) -> list[Any]:
    """One solution of a linear system that has solutions."""
    size = len(matrix)
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    reduced, pivots = DomainMatrix(rows, (size, len(rows[0])), over.domain).to_field().rref()
    entries, solution = reduced.to_list(), [over.zero] * (len(rows[0]) - 1)
    for i, pivot in enumerate(pivots):
        if pivot < len(solution):
            solution[pivot] = entries[i][-1]
    return solution
