"""Quantities that a flow or a map conserves: an ansatz, solved exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import combinations, combinations_with_replacement
from math import comb
from operator import mul

import sympy
from sympy.polys.rings import PolyElement

from .quotients import DirectionField, Quotient, Quotients

_DEGREE, _HIGHEST = 4, 8
_MOST_IN_SUMS = 6  # components of which sums are looked at
_MOST, _MOST_WITH_FUNCTIONS = (
    220,
    100,
)  # products in an ansatz, of variables alone and of others too


def conserved_by_flow(field: DirectionField) -> list[sympy.Expr]:
    """Functions V with ∇V·f ≡ 0, linearly independent together with 1; [] where the ansatz has none.

    The ansatz: products of the field's letters up to degree 4 (or of one more than a polynomial field has),
    and log |a| for the factors a of the field's components whose zeros the flow keeps (∇a·f = K a: Darboux
    1878).
    """
    own = 1 + max(map(degree, field.components)) if not field.generators.symbols else 0
    functions = products(field, max(_DEGREE, own))
    changes = [field.change(m) for m in functions]
    changes += kept_curves(field)
    return [_combined(c, changes) for c in field.combinations(changes)]


def kept_curves(field: DirectionField) -> list[Quotient]:
    """∇(log a)·n for the irreducible factors a of components and denominators that divide ∇a·n.

    Of sums of components too: a face Σ xᵢ = 1 of a simplex that the flow keeps is a factor of Σ ẋᵢ.
    """
    found: dict[PolyElement, Quotient] = {}
    components = list(field.components)
    if len(components) <= _MOST_IN_SUMS:
        for size in range(2, len(field.components) + 1):
            components += [sum(chosen) for chosen in combinations(field.components, size)]
    for p in filter(None, (*components, field.common)):
        for a, _ in p.factor_list()[1]:
            if a in found or not field.is_curve(a):
                continue
            change = field.along(a)
            cofactor, rest = divmod(change.numerator, a)
            if not rest:
                meaning = sympy.log(field.expression(a))
                found[a] = Quotient(meaning, cofactor, change.denominator)
    return list(found.values())


def conserved_by_map(
    variables: Sequence[sympy.Symbol], expressions: Sequence[sympy.Expr]
) -> list[sympy.Expr]:
    """Polynomials V of degree up to 4 with V∘F ≡ V, linearly independent together with 1; [] if none.

    Where there is none: the quotients of polynomials that F multiplies alike, by its determinant.
    """
    kept = kept_up_to(variables, expressions, sympy.Integer(1))
    if len(kept) > 1:
        return [v for v in kept if v.free_symbols & {*variables}]
    densities = invariant_densities(variables, expressions)
    return [p / densities[0] for p in densities[1:]]


def invariant_densities(
    variables: Sequence[sympy.Symbol], expressions: Sequence[sympy.Expr]
) -> list[sympy.Expr]:
    """Polynomials P of degree up to 4 with P∘F ≡ (det DF) P: F keeps the measure dx/P where P is not zero."""
    return kept_up_to(
        variables, expressions, sympy.Matrix(expressions).jacobian(list(variables)).det()
    )


def kept_up_to(
    variables: Sequence[sympy.Symbol], expressions: Sequence[sympy.Expr], factor: sympy.Expr
) -> list[sympy.Expr]:
    """A basis of the polynomials P of degree up to 4 with P∘F ≡ factor · P (discrete Darboux polynomials).

    See Celledoni et al., Using discrete Darboux polynomials, J. Phys. A 52, 2019.
    """
    quotients = Quotients(variables, [*variables, *expressions, factor])
    *found, factor_quotient = quotients.quotients
    before, after = found[: len(variables)], found[len(variables) :]
    one = Quotient(sympy.Integer(1), quotients.ring.one, quotients.ring.one)
    chosen = _chosen(len(variables), _DEGREE)
    functions = [one, *(product(before, k) for k in chosen)]
    images = [one, *(product(after, k) for k in chosen)]
    changes = [image - factor_quotient * f for image, f in zip(images, functions, strict=True)]
    return [_combined(c, functions) for c in quotients.combinations(changes)]


def products(quotients: Quotients, highest: int) -> list[Quotient]:
    """The products of up to `highest` letters, as far as they are linearly independent, and not too many."""
    letters = quotients.letters()
    polynomial = len(letters) == len(quotients.variables)
    most = _MOST if polynomial else _MOST_WITH_FUNCTIONS
    chosen = _chosen(len(letters), min(highest, _HIGHEST), most)
    found = [product(letters, k) for k in chosen]
    if polynomial:
        return found
    return [found[k] for k in quotients.independent(found)]


def product(letters: Sequence[Quotient], chosen: Sequence[int]) -> Quotient:
    """The product of the letters at the chosen positions."""
    return reduce(mul, (letters[k] for k in chosen))


def _chosen(count: int, highest: int, most: int = _MOST) -> list[tuple[int, ...]]:
    """The positions of the letters of every product, short products first."""
    while highest > 1 and comb(count + highest, highest) > most:
        highest -= 1
    sizes = range(1, highest + 1)
    return [k for n in sizes for k in combinations_with_replacement(range(count), n)]


def degree(p: PolyElement) -> int:
    """The total degree of a polynomial."""
    return max((sum(m) for m in p.monoms()), default=0)


def _combined(coefficients: Sequence[sympy.Expr], functions: Sequence[Quotient]) -> sympy.Expr:
    terms = zip(coefficients, functions, strict=True)
    return sympy.Add(*(c * f.meaning for c, f in terms))
