"""Systems that are linear near a rest point, where eigenvectors decide what eigenvalues do not."""

from __future__ import annotations

from typing import Literal

import sympy

from ..spectra.hurwitz import characteristic_polynomial, circle_counts, root_counts
from ..time_limits import in_time
from .near_rest import Formulas, NearRest
from .value import NormalForm

_SECONDS = 2.0


def linear(near: NearRest) -> NormalForm | None:
    """The verdict where the formulas are of the first degree, as those of a relu beside its kink.

    Neutral if the eigenvalues on the boundary are semisimple, unstable if not, where none lies beyond. None
    where the formulas are of another kind, or this cannot be told.
    """
    formulas = near.formulas
    if formulas is None or near.inverse:
        return None
    return in_time(_SECONDS, lambda: _judged(near.kind, formulas), None)


def _judged(kind: Literal["flow", "map"], formulas: Formulas) -> NormalForm | None:
    matrix = sympy.Matrix(formulas.expressions).jacobian(formulas.variables).applyfunc(sympy.expand)
    if matrix.free_symbols:
        return None
    counts = (root_counts if kind == "flow" else circle_counts)(characteristic_polynomial(matrix))
    if counts is None or counts[2] or not counts[1]:
        return None
    what = "flow" if kind == "flow" else "map"
    if neutral_part_is_semisimple(kind, matrix):
        reason = f"the {what} is linear near the point, and its eigenvalues on the boundary are semisimple"
        because = f"{reason}: orbits neither grow nor decay"
        return NormalForm("neutral", because, "degenerate", evidence="exact", reason=reason)
    because = (
        f"the {what} is linear near the point, with a defective eigenvalue on the boundary: orbits grow like "
        "a power of time"
    )
    return NormalForm("unstable", because, "degenerate", order=1, evidence="exact")


def neutral_part_is_semisimple(kind: Literal["flow", "map"], exact: sympy.MatrixBase) -> bool:
    """Whether the neutral eigenvalues of an exact matrix, none of whose others grow, are semisimple.

    With q the square-free polynomial of the neutral eigenvalues, that is rank q(M) = d − (their number).
    """
    s = sympy.Dummy("s")
    p = sympy.Poly(characteristic_polynomial(exact), s)
    mirrored = (
        p.compose(sympy.Poly(-s, s)) if kind == "flow" else sympy.Poly(p.all_coeffs()[::-1], s)
    )
    q = p.gcd(mirrored).sqf_part()
    image = sympy.zeros(*exact.shape)
    for coefficient in q.all_coeffs():
        image = (image * exact + coefficient * sympy.eye(exact.rows)).applyfunc(sympy.expand)
    count = sum(f.degree() * _multiplicity(p, f) for f, _ in sympy.factor_list(q)[1])
    return image.rank() == exact.rows - count


def _multiplicity(p: sympy.Poly, factor: sympy.Poly) -> int:
    count = 0
    while (p % factor).is_zero:
        p, count = p.quo(factor), count + 1
    return count
