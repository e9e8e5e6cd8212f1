"""Orbits that slide along the kinks that they reach."""

from __future__ import annotations

import sympy

from ..documents.numbers import number
from ..equilibria.kinks import sums
from ..equilibria.pieces import Pieces
from .one_sided import counts, evidence_of, jacobian, undecided
from .sectors import motion, sectors
from .value import NormalForm


def sliding(pieces: Pieces) -> NormalForm | None:
    """Orbits that slide along the surfaces' intersection; None where that is not what happens.

    There the signs in A + Σ sign(gₖ) Bₖ are replaced by the μₖ that keep every gₖ zero, and the pushes
    N(A + Σ sₖBₖ) across decide whether orbits get there, N the normals.
    """
    if not pieces.independent or len(pieces.surfaces) > len(pieces.variables):
        return None
    parts = sums({cell.signs: cell.expressions for cell in pieces.cells})
    if parts is None:
        return None
    constant, slopes = parts
    d, m = len(pieces.variables), len(pieces.surfaces)
    normals = sympy.Matrix(pieces.surfaces).jacobian(pieces.variables)
    pushing = pieces.at(normals * slopes)
    if pieces.sign(sympy.expand(pushing.det())) == 0:
        return None
    control = -(normals * slopes).LUsolve(normals * constant)
    own = pieces.at(control)
    if any(
        pieces.sign(sympy.expand(1 - w)) <= 0 or pieces.sign(sympy.expand(1 + w)) <= 0 for w in own
    ):
        return None
    pushes = {
        cell.signs: pieces.at(pieces.normals * sympy.Matrix(cell.expressions))
        for cell in pieces.cells
    }
    reached = _reached(pieces, pushes)
    if reached == 1:
        return NormalForm(
            "unstable", "repelling: across the kink orbits leave with speeds that do not vanish", "kink",
            evidence=evidence_of(pieces),
        )  # fmt: skip
    if m == d:
        if reached != -1:
            return None
        text = "attracting in finite time: from every side the one-sided fields push onto the kink"
        return NormalForm("asymptotically stable", text, "kink", 0, evidence=evidence_of(pieces))
    return _along(pieces, constant + slopes * control, reached)


def _reached(pieces: Pieces, pushes: dict[tuple[int, ...], sympy.Matrix]) -> int | None:
    """−1 if orbits reach the surfaces' intersection in finite time, 1 if some leave it, else None."""
    if all(
        s * pieces.sign(push) < 0
        for signs, own in pushes.items()
        for s, push in zip(signs, own, strict=True)
    ):
        return -1
    if len(pieces.surfaces) == 2 and all(any(map(pieces.sign, own)) for own in pushes.values()):
        own = [(sympy.Matrix(signs), push) for signs, push in pushes.items()]
        return motion(sectors(sympy.eye(2), own), pieces.sign).sign
    return None


def _along(pieces: Pieces, field: sympy.Matrix, reached: int | None) -> NormalForm | None:
    """What the sliding field's linear part on the tangent space of the intersection says."""
    tangent = sympy.Matrix.hstack(*pieces.normals.nullspace())
    onto = (tangent.T * tangent).inv() * tangent.T
    reduced = (onto * jacobian(pieces, field) * tangent).applyfunc(sympy.expand)
    found, rate = counts(pieces, reduced)
    if found is None:
        return None
    if found[2]:
        return NormalForm(
            "unstable", f"along the kink sliding orbits leave like exp({number(rate)}·t)", "kink", 1, rate,
            evidence=evidence_of(pieces),
        )  # fmt: skip
    if reached != -1:
        return None
    if not found[1]:
        return NormalForm(
            "exponentially stable",
            "orbits reach the kink in finite time and slide along it: there the error shrinks like "
            f"exp({number(rate)}·t)",
            "kink", 1, rate, evidence=evidence_of(pieces),
        )  # fmt: skip
    if all(sympy.cancel(e) == 0 for e in field):
        return NormalForm(
            "neutral", "orbits reach the kink in finite time and stay where they reach it", "kink",
            evidence=evidence_of(pieces), reason="every point of the kink is at rest",
        )  # fmt: skip
    return undecided(
        "orbits reach the kink in finite time, and the linearisation of the sliding field is silent; its "
        "reduction to a centre manifold would decide"
    )
