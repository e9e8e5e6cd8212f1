"""The twist theorem: elliptic fixed points of planar maps that preserve area or are reversible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sympy

from ..equilibria.exact import number_is_zero
from .centre import centre, jacobian_of
from .conserved import invariant_densities
from .fields import ExactField, Undecidable
from .generators import Generators
from .near_rest import Formulas
from .reduction import Reduction
from .reversing import reversing_reflection
from .series import Composition, NotAnalytic, Part, packed, program

_HIGHEST = 9
Structure = Literal["area-preserving", "measure-preserving", "reversible"]


@dataclass(frozen=True)
class Twist:
    """r⁺ = r + …, φ⁺ = φ + θ + τ r^(order − 1) + … in the scaling ‖q‖ = 1, with the first τ that is not zero.

    `structure` is why orbits cannot drift: the map preserves the measure dx dy/`density`, or a reflection
    reverses it.
    """

    order: int
    coefficient: sympy.Expr
    structure: Structure
    density: sympy.Expr


def twist(formulas: Formulas, jacobian: sympy.Matrix) -> Twist | None:
    """What makes an elliptic fixed point of a planar map stable, or None where it was not found.

    Moser's twist theorem (Siegel and Moser, Lectures on Celestial Mechanics, 1971, §32–34): F is analytic,
    preserves area, and its normal form is z⁺ = λ z e^{iτ|z|^{2k}} + O(|z|^{2k+2}), |λ| = 1, τ ≠ 0. Then
    closed invariant curves surround the fixed point in every neighbourhood: it is stable. The same holds if
    a reflection R reverses F, RFRF = 1 (Sevryuk, Reversible Systems, LNM 1211, 1986). The normal form is of
    that kind unless resonant terms, of z̄^{j−1} on where λ^j = 1, come at the order of τ or before.

    A term b z̄^{2k+1} of the same order (λ^{2k+2} = 1) leaves the leading Hamiltonian definite, and its
    frequency growing with the radius, where |b| < |τ|: the theorem then applies in its action and angle
    (for k = 1: Simó, Stability of degenerate fixed points, 1982). This is used for maps that preserve area.

    `jacobian` is that of the map at the point, shape (2, 2).
    """
    found = _structure(formulas, jacobian)
    if found is None:
        return None
    structure, density = found
    try:
        written = program(formulas.variables, formulas.expressions, formulas.point)
        over = ExactField(written.constants)
        middle = centre(jacobian_of(Composition(written, over), over, 2), over, "map")
        if middle.shape != "pair":
            return None
        reduction = Reduction("map", middle, over, Composition(written, over))
        while len(reduction.terms) <= _HIGHEST:
            order = reduction.next_order()
            judged = _judged(reduction, order, structure)
            if judged is not None:
                return (
                    Twist(order, _coefficient(reduction, order, judged), structure, density)
                    if judged
                    else None
                )
    except (Undecidable, NotAnalytic):
        return None
    return None


def _structure(formulas: Formulas, jacobian: sympy.Matrix) -> tuple[Structure, sympy.Expr] | None:
    """Why orbits cannot drift, and P where the measure dx dy/P is kept."""
    one = sympy.Integer(1)
    determinant = sympy.Matrix(formulas.expressions).jacobian(formulas.variables).det()
    if Generators(formulas.variables).vanishes(determinant - 1):
        return "area-preserving", one
    put = dict(zip(formulas.variables, formulas.point, strict=True))
    for p in invariant_densities(formulas.variables, formulas.expressions):
        if not number_is_zero(p.xreplace(put)):
            return "measure-preserving", p
    if reversing_reflection(formulas, jacobian, "map") is not None:
        return "reversible", one
    return None


def _judged(reduction: Reduction, order: int, structure: str) -> Any:
    """γ of z⁺ = λz(1 + γ|z|^{order−1}) where it twists, None where all is zero; False: not decided."""
    pairs = reduction.centre.pairs
    assert pairs is not None
    term: Part = reduction.terms[order]
    plain = packed(((order + 1) // 2, order // 2)) if order % 2 else -1
    resonant = {m: c for m, c in term.items() if m != plain and not pairs.is_zero(c)}
    gamma = reduction.centre.eigenvalue.conjugate() * term.get(plain, pairs.zero)
    if not resonant:
        return None if pairs.over.is_zero(gamma.b) else gamma
    if list(resonant) != [packed((0, order))] or structure == "reversible":
        return False
    b = resonant[packed((0, order))]
    excess = (gamma * gamma.conjugate()).real - (b * b.conjugate()).real
    return gamma if not pairs.over.is_zero(excess) and pairs.over.value(excess) > 0 else False


def _coefficient(reduction: Reduction, order: int, gamma: Any) -> sympy.Expr:
    """Im γ for ‖q‖ = 1; γ = a + bλ with |λ| = 1."""
    over, middle = reduction.over, reduction.centre
    trace = over.expression(gamma.field.t)
    imaginary = over.expression(gamma.b) * sympy.sqrt(4 - trace**2) / 2
    return imaginary / over.expression(middle.square) ** ((order - 1) // 2)
