"""Rest points where several eigenvalues are on the boundary: zero Jacobians, nilpotent blocks, two pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..time_limits import in_time
from .amplitudes import amplitudes, germ_of, keeps_phases, normal_field, resonance, squared
from .centre import jacobian_of
from .fields import ExactField, Undecidable
from .homogeneous import homogeneous
from .interpolating import logarithm
from .near_rest import Formulas, NearRest
from .planar import planar, turns
from .real_roots import Unknown
from .sentences import undecided
from .series import Composition, NotAnalytic, Program, program
from .several import Reduction
from .splitting import NeedsRoot, Splitting, splitting
from .value import Law, NormalForm

_SECONDS = 5.0
_COMPLETE = 24  # a planar polynomial field of up to this degree is taken whole
_ORDERS = (3, 5, 7, 11)  # of series that do not end
_FEW = 2  # of them for a map with irrational coefficients: its logarithm soon costs seconds
_ORDERS_OF_PAIRS = (2, 3, 5, 7)
_ROOTS = 2  # that may be adjoined


def degenerate(near: NearRest) -> NormalForm:
    """The stability of a rest point with several eigenvalues on the boundary, the others strictly stable.

    Two zeros (a zero Jacobian or a nilpotent block, in the plane or on the centre manifold) are judged by
    `planar`; more zeros, and pairs in resonance, by the leading homogeneous part (`homogeneous`); zeros and
    pairs, or two pairs, without resonant terms by their amplitudes. For a map these are judged on the
    field that it is the time-one map of, to all orders; where −1 occurs, on that of the second iterate.
    Everything is exact.

    - `near`: with its `formulas`; without them, or where time or theory do not suffice, the verdict is
      "undecided", with the reason.
    """
    formulas = near.formulas
    if formulas is None:
        return undecided(
            "degenerate",
            "several eigenvalues are on the boundary: formulas would be needed, numbers do not decide",
        )
    slow = undecided(
        "degenerate", "several eigenvalues are on the boundary, and the exact work takes too long"
    )
    return in_time(_SECONDS, lambda: _decided(near, formulas), slow)


def _decided(near: NearRest, formulas: Formulas) -> NormalForm:
    try:
        written = program(formulas.variables, formulas.expressions, formulas.point)
        split = _split(written, near)
        if split.size < 2:
            raise Unknown("one eigenvalue only is on the boundary")
        reduction = Reduction(written, split, near.kind)
        if "pair" in split.kinds:
            return _with_pairs(near, split, reduction)
        if split.size == 2:
            return _in_plane(near, formulas, split, reduction)
        if "nilpotent" in split.kinds:
            raise Unknown("a nilpotent block is decided in the plane only")
        return _many(near, split, reduction)
    except (Unknown, Undecidable, NotAnalytic) as error:
        return undecided("degenerate", f"several eigenvalues are on the boundary: {error}")


def _split(written: Program, near: NearRest) -> Splitting:
    adjoined: list[Any] = []
    for _ in range(_ROOTS + 1):
        over = ExactField([*written.constants, *adjoined])
        jacobian = jacobian_of(Composition(written, over), over, len(written.point))
        try:
            return splitting(jacobian, over, near.kind, near.inverse)
        except NeedsRoot as needed:
            adjoined.append(needed.root)
    raise Unknown("the frequencies are not in a field that could be computed in")


def _signed(field: list[Any], near: NearRest) -> list[Any]:
    """The field of the map that is meant."""
    return [-p for p in field] if near.inverse else field


# ---- two real eigenvalues ----------------------------------------------------------------------


def _in_plane(
    near: NearRest, formulas: Formulas, split: Splitting, reduction: Reduction
) -> NormalForm:
    whole = near.kind == "flow" and len(near.names) == 2 and _is_polynomial(formulas)
    result = undecided("degenerate", "")
    for order in (_COMPLETE,) if whole else _orders(near, split):
        field, steps = _field(near, split, reduction, order)
        result = planar(germ_of(field, order, split.over), whole)
        if result.verdict != "undecided":
            return _in_coordinates(result, near, split, steps)
    return result


def orbits_turn(near: NearRest, formulas: Formulas) -> bool:
    """Whether the orbits of a planar flow go round a rest point with a zero or nilpotent linear part."""
    try:
        written = program(formulas.variables, formulas.expressions, formulas.point)
        split = _split(written, near)
        order = _COMPLETE if _is_polynomial(formulas) else _ORDERS[-1]
        field, _ = _field(near, split, Reduction(written, split, near.kind), order)
        return turns(germ_of(field, order, split.over))
    except (Unknown, Undecidable, NotAnalytic):
        return False


def _orders(near: NearRest, split: Splitting) -> Sequence[int]:
    quick = near.kind == "flow" or split.over.domain.is_QQ
    return _ORDERS if quick else _ORDERS[:_FEW]


def _is_polynomial(formulas: Formulas) -> bool:
    variables = formulas.variables
    return all(
        e.is_polynomial(*variables) and e.as_poly(*variables).total_degree() <= _COMPLETE
        for e in formulas.expressions
        if e.free_symbols
    )


def _field(
    near: NearRest, split: Splitting, reduction: Reduction, order: int
) -> tuple[list[Any], int]:
    """The field on the centre up to that degree, and how many steps of a map its unit of time is."""
    parts = reduction.up_to(order)
    zero = reduction.ring.zero
    whole = [sum((parts[k][i] for k in range(1, order + 1)), zero) for i in range(split.size)]
    if near.kind == "flow":
        return whole, 1
    twice = "minus one" in split.kinds or (
        "nilpotent" in split.kinds and split.linear[0][0] != split.over.one
    )
    if twice:
        whole = squared(whole, order)
    return _signed(logarithm(whole, order), near), 2 if twice else 1


def _in_coordinates(result: NormalForm, near: NearRest, split: Splitting, steps: int) -> NormalForm:
    """With the law in the system's own coordinates and steps; without it where the centre's are others.

    Then the sentence says in which coordinates, and of how many steps, it speaks.
    """
    law, over, d = result.law, split.over, len(split.basis)
    own = all(
        split.basis[i][j] == (over.one if i == j else over.zero) for i in range(d) for j in range(d)
    )
    if law is None or not own:
        where = [] if own else ["in coordinates of the centre manifold"]
        where += ["of two steps"] if steps == 2 else []
        told = f"{', '.join(where)}: {result.because}" if where else result.because
        return replace(result, law=None, because=told)
    law = Law(law.exponent, law.constant * steps**law.exponent)
    time = "t" if near.kind == "flow" else "n"
    return replace(
        result, law=law, because=f"{result.because}: the error shrinks like {law.text(time)}"
    )


# ---- more of them, and pairs -------------------------------------------------------------------


def _many(near: NearRest, split: Splitting, reduction: Reduction) -> NormalForm:
    for order in _orders(near, split):
        field, _ = _field(near, split, reduction, order)
        if any(field):
            return homogeneous(field, split.over)
    raise Unknown("all coefficients up to a high order vanish")


def _with_pairs(near: NearRest, split: Splitting, reduction: Reduction) -> NormalForm:
    if "nilpotent" in split.kinds:
        raise Unknown("a nilpotent block is decided in the plane only")
    result = undecided(
        "degenerate", "all coefficients of the normal form that were computed vanish"
    )
    for order in _ORDERS_OF_PAIRS:
        field = _signed(normal_field(reduction, near.kind, order), near)
        if not any(field):
            continue
        if not keeps_phases(field, split):
            if split.size == 2:  # one pair, in resonance with itself
                result = planar(germ_of(field, order, split.over), False)
                if result.verdict != "undecided":
                    return result
            return homogeneous(field, split.over, resonance(split, near.kind))
        reduced = amplitudes(field, split)
        if not any(reduced):
            continue
        if len(split.blocks) == 2:
            result = planar(germ_of(reduced, order, split.over), False)
        else:
            result = homogeneous(reduced, split.over)
        if result.verdict != "undecided":
            break
    return replace(result, because=f"in the amplitudes: {result.because}", law=None)
