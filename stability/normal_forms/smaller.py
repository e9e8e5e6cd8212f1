"""A system with fewer variables that has the same neutral eigenvalues and decides the same question."""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import sympy

from ..equilibria.exact import number_is_zero
from .boundary import Boundary, boundary
from .generators import Generators
from .near_rest import Formulas


def smaller(
    formulas: Formulas, whole: Boundary, kind: Literal["flow", "map"], inverse: bool = False
) -> Formulas | None:
    """The system without variables that strictly decay, where that is exactly possible; else None.

    Either some variables move by themselves and have all of the neutral eigenvalues: the others, driven by
    them and strictly stable alone, change nothing of stability (Vidyasagar 1980, on cascades). Or the
    centre subspace is invariant as it is: then it is the centre manifold, parametrised by as many of the
    variables.
    """
    if whole.basis.cols == len(formulas.variables):
        return None
    return _leading(formulas, whole, kind, inverse) or _on_subspace(formulas, whole, kind)


def _leading(formulas: Formulas, whole: Boundary, kind, inverse: bool) -> Formulas | None:
    """The fewest variables that move by themselves, if they have all neutral eigenvalues."""
    variables = formulas.variables
    needs = {
        v: e.free_symbols & {*variables}
        for v, e in zip(variables, formulas.expressions, strict=True)
    }
    closed = []
    for v in variables:
        own = {v}
        while not (grown := own.union(*(needs[u] for u in own))) <= own:
            own = grown
        closed.append(own)
    for own in sorted(closed, key=len):
        if len(own) == len(variables):
            return None
        part = _chosen(formulas, [i for i, v in enumerate(variables) if v in own])
        found = boundary(part, kind, inverse)
        if found is not None and found.basis.cols == whole.basis.cols:
            return part
    return None


def _chosen(formulas: Formulas, kept: list[int]) -> Formulas:
    return Formulas(
        tuple(formulas.variables[i] for i in kept),
        tuple(formulas.expressions[i] for i in kept),
        tuple(formulas.point[i] for i in kept),
    )


def _on_subspace(formulas: Formulas, whole: Boundary, kind: str) -> Formulas | None:
    """The system on x* + the centre subspace, in some of the variables, if that is invariant."""
    size, d = whole.basis.cols, len(formulas.variables)
    for kept in map(list, combinations(range(d), size)):
        frame = whole.basis.extract(kept, list(range(size)))
        if number_is_zero(sympy.expand(frame.det())):
            continue
        others = [i for i in range(d) if i not in kept]
        slope = whole.basis.extract(others, list(range(size))) * frame.inv()
        point = sympy.Matrix(formulas.point)
        moved = sympy.Matrix([formulas.variables[i] - point[i] for i in kept])
        put = dict(
            zip(
                (formulas.variables[i] for i in others),
                point.extract(others, [0]) + slope * moved,
                strict=True,
            )
        )
        values = sympy.Matrix(formulas.expressions).xreplace(put)
        if kind == "map":
            values -= point
        error = values.extract(others, [0]) - slope * values.extract(kept, [0])
        generators = Generators([formulas.variables[i] for i in kept])
        if not all(generators.vanishes(e) for e in error):
            return None
        part = _chosen(formulas, kept)
        return Formulas(
            part.variables, tuple(e.xreplace(put) for e in part.expressions), part.point
        )
    return None
