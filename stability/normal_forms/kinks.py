"""Flows at rest on kinks and jumps of their field: what the smooth pieces that meet there decide.

Solutions are Filippov's (1988): on a surface that both sides push onto they slide, with the convex
combination of the two fields that keeps them there. References: Filippov (1988), *Differential Equations
with Discontinuous Righthand Sides*; di Bernardo, Budd, Champneys, Kowalczyk (2008), *Piecewise-smooth
Dynamical Systems*.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import sympy

from ..documents.numbers import number
from ..equilibria.cells import TangledError, has_kinks
from ..equilibria.kinks import rests, sums
from ..equilibria.pieces import Pieces, formulas_around, pieces_at
from ..spectra.exact import LONGEST, exact_text
from ..spectra.hurwitz import characteristic_polynomial, root_counts
from ..spectra.value import Evidence
from ..time_limits import in_time
from .linear_pieces import LinearPieces, jacobian, linear_pieces
from .near_rest import NearRest
from .sectors import Motion, motion, sectors
from .sides import Side, side
from .value import Law, NormalForm

_SECONDS = 4.0
_FLAT = 1e-8  # real parts that numbers do not tell from zero, relative to the matrix
TANGLED = "which kinks meet here cannot be told, so that no one-sided fields can be compared"
CROSSED = (
    "the field jumps here and orbits pass through: no mixture of the one-sided fields vanishes"
)


def kink(near: NearRest) -> NormalForm | None:
    """The verdict at a rest point where the formulas of a flow or a map have a kink, or None.

    Meant for kinks at which there is a derivative, as of x|x|, and the linearisation is silent. A map of one
    variable then moves like the flow of its displacement. Without formulas None too.
    """
    own = near.formulas
    if own is None or not has_kinks(own.expressions):
        return None
    if near.kind == "map":
        way = -1 if near.inverse else 1  # the displacement of the inverse, turned round
        moved = zip(own.expressions, own.variables, strict=True)
        own = replace(own, expressions=tuple(way * (e - v) for e, v in moved))
    try:
        pieces = in_time(
            _SECONDS, lambda: pieces_at(own.expressions, own.variables, own.point), None
        )
    except TangledError:
        return _undecided(TANGLED)
    if pieces is None:
        return None
    if near.kind == "map":
        return _of_map(pieces)
    return at_kink(pieces)


def without_kinks(near: NearRest) -> NearRest:
    """The same with the formulas that hold around the point, where no kink of theirs goes through it."""
    own = near.formulas
    if own is None or not has_kinks(own.expressions):
        return near
    smooth = in_time(
        _SECONDS, lambda: formulas_around(own.expressions, own.variables, own.point), None
    )
    return near if smooth is None else replace(near, formulas=replace(own, expressions=smooth))


def _of_map(pieces: Pieces) -> NormalForm:
    found = at_kink(pieces) if len(pieces.variables) == 1 else None
    if found is None or found.order is None or found.order < 2:
        return _undecided(
            "the step has a kink here; a normal form of its one-sided pieces would decide"
        )
    if found.law is not None:
        text = f"steps come nearer from both sides: the error shrinks like {found.law.text('n')}"
        return replace(found, because=text)
    return replace(found, because=found.because.replace("the field points", "steps go"))


def at_kink(pieces: Pieces) -> NormalForm:
    """What the pieces decide: sliding, attracting in finite time, crossing or repelling.

    In one variable this is complete, to the orders of the one-sided fields; in two it is where the pieces are
    all constant or all linear to leading order; in more for sliding, for directions in which a piece leaves,
    and for linear pieces with a common quadratic Lyapunov function.
    """

    def judged() -> NormalForm:
        try:
            return _judged(pieces)
        except TangledError:
            return _undecided(TANGLED)

    return in_time(_SECONDS, judged, _undecided("the one-sided fields took too long to compare"))


def _judged(pieces: Pieces) -> NormalForm:
    if not rests(pieces):
        return _undecided(CROSSED)
    if len(pieces.variables) == 1:
        return _one_variable(pieces)
    linear = linear_pieces(pieces)
    if linear is not None:
        return _linear(linear)
    fields = [pieces.at(sympy.Matrix(cell.expressions)) for cell in pieces.cells]
    moving = [any(pieces.sign(x) for x in field) for field in fields]
    for cell, field in zip(pieces.cells, fields, strict=True):
        pushes = zip(cell.signs, pieces.normals * field, strict=True)
        if all(s * pieces.sign(push) > 0 for s, push in pushes):
            speed = float(sympy.sqrt(field.dot(field)).evalf(20))
            away = f"repelling: on one side of the kink the field points away from it, at speed {number(speed)}"
            return NormalForm(
                "unstable",
                away + _other_side(pieces),
                "kink", 0, speed, _text(sympy.sqrt(field.dot(field)), pieces),
                evidence=_evidence(pieces),
            )  # fmt: skip
    return _sliding(pieces) or _constant(pieces, fields, all(moving))


def _other_side(pieces: Pieces) -> str:
    """What is said of a side whose own field vanishes at a point that the other side leaves."""
    for cell in pieces.cells if len(pieces.cells) == 2 else ():
        field = sympy.Matrix(cell.expressions)
        if not any(pieces.sign(x) for x in pieces.at(field)):
            counts, _ = _counts(pieces, jacobian(pieces, field))
            if counts is not None and not counts[1] and not counts[2]:
                return "; on the other side it vanishes, and its linear part decays"
    return ""


def _one_variable(pieces: Pieces) -> NormalForm:
    """Complete: the side on which the leading term points away, or the slower of two that point here."""
    variable, (point,) = pieces.variables[0], pieces.point
    sides = [
        side(cell.expressions[0], variable, point, int(cell.direction[0]), pieces.sign)
        for cell in pieces.cells
    ]
    names = ("below", "above")
    away = [i for i, s in enumerate(sides) if s.sign > 0]
    if away:
        i = min(away, key=lambda i: sides[i].order)
        both = len(away) == 2
        text = (
            f"repelling: the field points away from the kink on {'both sides' if both else 'one side'} "
            f"({_speed(sides[i], names[i])})"
        )
        return _one("unstable", text, sides[i], pieces)
    if any(s.sign == 0 for s in sides):
        reason = "points of rest on one side, and the other points at them"
        return NormalForm(
            "neutral", f"a kink between {reason}", "kink",
            evidence=_evidence(pieces), reason=reason,
        )  # fmt: skip
    slow = max(sides, key=lambda s: (s.order, -abs(s.number)))
    speeds = " and ".join(_speed(s, n) for s, n in zip(sides, names, strict=True))
    if slow.order < 1:
        text = f"attracting in finite time: the field points at the kink from both sides ({speeds})"
        return _one("asymptotically stable", text, slow, pieces)
    if slow.order == 1:
        rate = number(slow.number)
        text = f"the field points at the kink from both sides: the error shrinks like exp({rate}·t) or faster"
        return _one("exponentially stable", text, slow, pieces)
    power = float(slow.order) - 1
    law = Law(1 / power, (power * abs(slow.number)) ** (-1 / power))
    text = f"the field points at the kink from both sides: the error shrinks like {law.text('t')}"
    return _one("asymptotically stable", text, slow, pieces, law)


def _speed(own: Side, name: str) -> str:
    size = number(abs(own.number))
    power = "" if own.order == 1 else f"^{own.order}" if own.order.is_Integer else f"^({own.order})"
    return f"speed {size} {name} it" if own.order == 0 else f"{size}·r{power} {name} it"


def _one(
    verdict: str, because: str, own: Side, pieces: Pieces, law: Law | None = None
) -> NormalForm:
    order = int(own.order) if own.order == int(own.order) else None
    return NormalForm(
        verdict, because, "kink", order, own.number, _text(own.coefficient, pieces),  # pyright: ignore[reportArgumentType]
        evidence=_evidence(pieces), law=law,
    )  # fmt: skip


def _linear(own: LinearPieces) -> NormalForm:
    """All one-sided fields vanish: their linear parts, each in its cell."""
    if len(own.pieces.variables) == 2:
        fields = list(zip(own.pieces.cells, own.matrices, strict=True))
        return _plane(own.pieces, fields) or own.of_flow()
    return own.of_flow()


def _sliding(pieces: Pieces) -> NormalForm | None:
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
            evidence=_evidence(pieces),
        )  # fmt: skip
    if m == d:
        if reached != -1:
            return None
        text = "attracting in finite time: from every side the one-sided fields push onto the kink"
        return NormalForm("asymptotically stable", text, "kink", 0, evidence=_evidence(pieces))
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


def _along(pieces: Pieces, sliding: sympy.Matrix, reached: int | None) -> NormalForm | None:
    """What the sliding field's linear part on the tangent space of the intersection says."""
    tangent = sympy.Matrix.hstack(*pieces.normals.nullspace())
    onto = (tangent.T * tangent).inv() * tangent.T
    reduced = (onto * jacobian(pieces, sliding) * tangent).applyfunc(sympy.expand)
    counts, rate = _counts(pieces, reduced)
    if counts is None:
        return None
    if counts[2]:
        return NormalForm(
            "unstable", f"along the kink sliding orbits leave like exp({number(rate)}·t)", "kink", 1, rate,
            evidence=_evidence(pieces),
        )  # fmt: skip
    if reached != -1:
        return None
    if not counts[1]:
        return NormalForm(
            "exponentially stable",
            "orbits reach the kink in finite time and slide along it: there the error shrinks like "
            f"exp({number(rate)}·t)",
            "kink", 1, rate, evidence=_evidence(pieces),
        )  # fmt: skip
    if all(sympy.cancel(e) == 0 for e in sliding):
        return NormalForm(
            "neutral", "orbits reach the kink in finite time and stay where they reach it", "kink",
            evidence=_evidence(pieces), reason="every point of the kink is at rest",
        )  # fmt: skip
    return _undecided(
        "orbits reach the kink in finite time, and the linearisation of the sliding field is silent; its "
        "reduction to a centre manifold would decide"
    )


def _constant(pieces: Pieces, fields: list[sympy.Matrix], moving: bool) -> NormalForm:
    """Constant fields in the sectors of the plane; elsewhere undecided."""
    if len(pieces.variables) == 2 and moving:
        found = _plane(pieces, list(zip(pieces.cells, fields, strict=True)))
        if found is not None:
            return found
    if not moving:
        return _undecided(
            "a one-sided field vanishes on the kink itself: the theory of boundary equilibria would decide"
        )
    return _undecided(
        "the one-sided fields push in different directions; a Lyapunov function for the differential "
        "inclusion would decide"
    )


def _plane(pieces: Pieces, fields: list) -> NormalForm | None:
    own = [(sympy.Matrix(cell.direction), field) for cell, field in fields]
    plane = sectors(pieces.normals, own)
    found: Motion = motion(plane, pieces.sign)
    evidence: Evidence = _evidence(pieces) if found.exact else "numeric"
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
    return _undecided(
        "to leading order a turn around the kink leads back to where it began; the next term of the return "
        "map would decide"
    )


def _counts(pieces: Pieces, matrix: sympy.Matrix) -> tuple[tuple[int, int, int] | None, float]:
    """How many eigenvalues decay, are neutral and grow, or None; and the largest real part."""
    numbers = _floats(matrix)
    real = np.linalg.eigvals(numbers).real
    if not pieces.exact:
        near = np.abs(real) <= _FLAT * max(float(np.abs(numbers).max()), 1.0)
        counts = None if near.any() else (int((real < 0).sum()), 0, int((real > 0).sum()))
        return counts, float(real.max())
    found = root_counts(characteristic_polynomial(matrix))
    return None if found is None else (found.left, found.axis, found.right), float(real.max())


def _floats(matrix: sympy.Matrix) -> np.ndarray:
    return np.array(matrix.evalf(20).tolist(), dtype=float)


def _text(e: sympy.Expr, pieces: Pieces) -> str | None:
    if not pieces.exact or sympy.count_ops(e) > LONGEST:
        return None
    return exact_text(e, [v.name for v in pieces.variables])


def _evidence(pieces: Pieces) -> Evidence:
    return "exact" if pieces.exact else "numeric"


def _undecided(because: str) -> NormalForm:
    return NormalForm("undecided", because, "kink")
