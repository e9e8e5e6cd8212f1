"""Fields that jump at a rest point where orbits do not just slide: what the one-sided fields do together."""

from __future__ import annotations

import sympy

from ..documents.numbers import number
from ..equilibria.pieces import Pieces
from ..spectra.value import Evidence
from .one_sided import evidence_of, jacobian, undecided
from .quadratic import definite
from .sectors import Motion, half_plane, motion, sectors
from .value import NormalForm


def jumping(pieces: Pieces, fields: list[sympy.Matrix], moving: bool) -> NormalForm:
    """Constant fields in the sectors of the plane, fields of which one side's vanishes; else undecided."""
    if len(pieces.variables) == 2 and moving:
        found = in_the_plane(pieces, list(zip(pieces.cells, fields, strict=True)))
        if found is not None:
            return found
    if not moving:
        found = _nearer(pieces, fields) or _boundary(pieces, fields)
        if found is not None:
            return found
        return undecided(
            "a one-sided field vanishes on the kink itself: the theory of boundary equilibria would decide"
        )
    return undecided(
        "some one-sided fields are tangent to a kink or push in different directions; the theory of "
        "tangencies, or a Lyapunov function for the differential inclusion, would decide"
    )


def _nearer(pieces: Pieces, fields: list[sympy.Matrix]) -> NormalForm | None:
    """Whether every one-sided field leads nearer, in every point of its cell: V = ‖x‖² falls.

    In a cell between flat surfaces x·F(0) ≤ 0 if F(0) = −Σ λₖ sₖ nₖ with λ ≥ 0; and J + Jᵀ ≺ 0. So it is for
    losses that are strictly convex in everything, and for games that are strictly monotone.
    """
    flat = not any(
        g.diff(v, w) for g in pieces.surfaces for v in pieces.variables for w in pieces.variables
    )
    if not (flat and pieces.independent):
        return None
    normals = pieces.normals
    weights_of = (normals * normals.T).inv() * normals
    matrices = []
    for cell, field in zip(pieces.cells, fields, strict=True):
        weights = weights_of * field
        along = field - normals.T * weights
        if any(pieces.sign(sympy.expand(e)) for e in along) or any(
            s * pieces.sign(sympy.expand(w)) > 0 for s, w in zip(cell.signs, weights, strict=True)
        ):
            return None
        matrices.append(jacobian(pieces, sympy.Matrix(cell.expressions)))
    if not all(definite(-(J + J.T), pieces.sign) for J in matrices):
        return None
    text = "on every side of the kink the field leads nearer, at a rate that does not vanish"
    return NormalForm("exponentially stable", text, "kink", 1, evidence=evidence_of(pieces))


def _boundary(pieces: Pieces, fields: list[sympy.Matrix]) -> NormalForm | None:
    """In the plane: one side's field vanishes, and the other's pushes onto that side."""
    if len(pieces.variables) != 2 or len(pieces.cells) != 2:
        return None
    still, other = pieces.cells
    push = fields[1]
    if any(pieces.sign(x) for x in fields[0]):
        still, other, push = other, still, fields[0]
    normal = other.signs[0] * pieces.normals.T
    if pieces.sign(sympy.expand(normal.dot(push))) >= 0:
        return None
    matrix = jacobian(pieces, sympy.Matrix(still.expressions))
    found = half_plane(normal, matrix, push, pieces.sign)
    if found.sign is None:
        return None
    if found.sign > 0:
        text = "repelling: orbits run away on one side of the kink or along it"
        return NormalForm("unstable", text, "kink", 1, evidence=evidence_of(pieces))
    text = "one side pushes onto the other, where, and along the kink, orbits come in exponentially"
    return NormalForm("exponentially stable", text, "kink", 1, evidence=evidence_of(pieces))


def in_the_plane(pieces: Pieces, fields: list) -> NormalForm | None:
    own = [(sympy.Matrix(cell.direction), field) for cell, field in fields]
    plane = sectors(pieces.normals, own)
    found: Motion = motion(plane, pieces.sign)
    evidence: Evidence = evidence_of(pieces) if found.exact else "numeric"
    order = plane.degree
    if found.sign is None:
        return None
    if found.sign == 0:
        return _closed(pieces, fields, order, evidence)
    if found.rates:
        if found.sign > 0:
            text = "repelling: in one of the sectors between the kinks, or on its edge, orbits run away"
            return NormalForm("unstable", text, "kink", order, evidence=evidence)
        text = "in every sector between the kinks orbits come in along a ray"
    else:
        assert found.value is not None
        growth = f"exp({number(found.value)})"
        text = f"orbits turn around the kink, and each turn multiplies the distance by {growth}"
        if found.sign > 0:
            return NormalForm("unstable", text, "kink", order, found.value, evidence=evidence)
    if order == 0:
        text = f"attracting in finite time: {text}"
    word = "exponentially stable" if order else "asymptotically stable"
    return NormalForm(word, text, "kink", order, found.value, evidence=evidence)


def _closed(pieces: Pieces, fields: list, order: int, evidence: Evidence) -> NormalForm:
    """A turn leads back to where it began, to leading order; if there are no others, exactly."""
    shifts = [v - p for v, p in zip(pieces.variables, pieces.point, strict=True)]
    lead = [own * sympy.Matrix(shifts) if order else own for _, own in fields]
    alone = all(
        sympy.expand(a - b) == 0
        for (cell, _), own in zip(fields, lead, strict=True)
        for a, b in zip(cell.expressions, own, strict=True)
    )
    straight = all(
        sympy.expand(g.diff(v, w)) == 0
        for g in pieces.surfaces for v in pieces.variables for w in pieces.variables
    )  # fmt: skip
    if alone and straight:
        reason = "every orbit is closed: a turn around the kink leads back to where it began"
        return NormalForm("neutral", reason, "kink", order, evidence=evidence, reason=reason)
    return undecided(
        "to leading order a turn around the kink leads back to where it began; the next term of the return "
        "map would decide"
    )
