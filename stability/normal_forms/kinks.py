"""Flows at rest on kinks and jumps of their field: what the smooth pieces that meet there decide.

Solutions are Filippov's (1988): on a surface that both sides push onto they slide, with the convex
combination of the two fields that keeps them there. References: Filippov (1988), *Differential Equations
with Discontinuous Righthand Sides*; di Bernardo, Budd, Champneys, Kowalczyk (2008), *Piecewise-smooth
Dynamical Systems*.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from ..documents.numbers import number
from ..equilibria.cells import TangledError, has_kinks
from ..equilibria.kinks import rests
from ..equilibria.pieces import Pieces, formulas_around, pieces_at
from ..time_limits import in_time
from .jumps import in_the_plane, jumping
from .linear_pieces import LinearPieces, linear_pieces
from .near_rest import NearRest
from .one_sided import counts, evidence_of, exact_form, jacobian, undecided
from .sides import Side, side
from .sliding import sliding
from .value import Law, NormalForm

_SECONDS = 4.0
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
        return undecided(TANGLED)
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
        return undecided(
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
            return undecided(TANGLED)

    return in_time(_SECONDS, judged, undecided("the one-sided fields took too long to compare"))


def _judged(pieces: Pieces) -> NormalForm:
    if not rests(pieces):
        return undecided(CROSSED)
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
            text = "repelling: on one side of the kink the field points away from it, at speed "
            text += number(speed) + _other_side(pieces)
            exact = exact_form(sympy.sqrt(field.dot(field)), pieces)
            return NormalForm(
                "unstable", text, "kink", 0, speed, exact, evidence=evidence_of(pieces)
            )
    return sliding(pieces) or jumping(pieces, fields, all(moving))


def _other_side(pieces: Pieces) -> str:
    """What is said of a side whose own field vanishes at a point that the other side leaves."""
    for cell in pieces.cells if len(pieces.cells) == 2 else ():
        field = sympy.Matrix(cell.expressions)
        if not any(pieces.sign(x) for x in pieces.at(field)):
            found, _ = counts(pieces, jacobian(pieces, field))
            if found is not None and not found[1] and not found[2]:
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
            evidence=evidence_of(pieces), reason=reason,
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
        verdict, because, "kink", order, own.number, exact_form(own.coefficient, pieces),  # pyright: ignore[reportArgumentType]
        evidence=evidence_of(pieces), law=law,
    )  # fmt: skip


def _linear(own: LinearPieces) -> NormalForm:
    """All one-sided fields vanish: their linear parts, each in its cell."""
    if len(own.pieces.variables) == 2:
        fields = list(zip(own.pieces.cells, own.matrices, strict=True))
        return in_the_plane(own.pieces, fields) or own.of_flow()
    return own.of_flow()
