"""A centre of one eigenvalue, 0, 1 or −1, or of one pair, ±iω or e^{±iθ}: the first coefficient decides.

Exact where constants can be told from zero (`ExactField`); else with 60 and 90 digits, where a coefficient on
which both agree does not vanish, and one on which they do not is not judged. Without formulas: in double
precision, with error bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from ..documents.numbers import number
from ..spectra.hurwitz import characteristic_polynomial, circle_counts, root_counts
from ..time_limits import in_time
from .centre import Centre, centre, jacobian_of
from .degenerate import degenerate
from .fields import ExactField, ManyDigits, Undecidable
from .near_rest import Formulas, NearRest
from .reduction import Reduction
from .resonances import CircleOrders, Decision, decided_by, resonance
from .rounded import reduce_rounded
from .sentences import by_coefficient, called, undecided
from .series import Composition, NotAnalytic, program, put_in
from .value import Case, NormalForm

HIGHEST_OF_A_PAIR, HIGHEST_OF_ONE = 11, 9
_SECONDS, _SECONDS_FOR_DIGITS, _SECONDS_FOR_COUNTS, _SECONDS_FOR_TEXT = 6.0, 6.0, 5.0, 0.5
_DIGITS = (60, 90)
_AGREEMENT = 1e-6  # of what both precisions give, so that it is no rounding

_CASES: dict[str, Case] = {"zero": "zero", "one": "one", "minus one": "flip"}
NEEDED = "a conserved quantity, a reversing symmetry or the terms of higher order would be needed to decide"


@dataclass(frozen=True)
class Found:
    """The first coefficient that does not vanish, in a field: `value` and its `root` as in `Decision`.

    `scale` divides it for ‖q‖ = 1; it is a SymPy expression or a number, as the field has them.
    """

    case: Case
    order: int
    decision: Decision
    coefficient: Any
    note: str = ""


@dataclass
class _Progress:
    """How far the work is to go, and had come when its time was over."""

    highest: int
    centre: Centre | None = None
    case: Case = "degenerate"
    order: int = 1  # all coefficients up to it are known to vanish


def reduce(near: NearRest, highest: int = HIGHEST_OF_A_PAIR) -> NormalForm:
    """What the first coefficient that does not vanish says, where one eigenvalue or one pair is neutral.

    **Arguments:**

    - `near`: the flow or map and its rest point. With formulas the verdict rests on them alone.
    - `highest`: the order up to which coefficients are looked at (for one eigenvalue at most 9).

    To third order the coefficients are Kuznetsov's (Elements of Applied Bifurcation Theory, §5.4 and §8.7).
    Undecided where all of them vanish up to the highest order, where one cannot be told from
    zero, and, as case "degenerate", where more eigenvalues are neutral.
    """
    if near.formulas is None:
        return reduce_rounded(near)
    progress = _Progress(highest)
    formulas = near.formulas
    form = in_time(_SECONDS, lambda: _exactly(near, formulas, progress), None)
    return form if form is not None else _by_digits(near, formulas, progress)


def _exactly(near: NearRest, formulas: Formulas, progress: _Progress) -> NormalForm | None:
    """The verdict in exact arithmetic, or None where it cannot tell a constant from zero."""
    try:
        written = program(formulas.variables, formulas.expressions, formulas.point)
        over = ExactField(written.constants)
        reduction = _reduction(near, written, over, progress)
        if isinstance(reduction, NormalForm):
            return reduction
        found = _first(near, reduction, progress)
    except NotAnalytic as error:
        return undecided("kink", f"there is no power series here: {error}")
    except Undecidable:
        return None
    middle = reduction.centre
    if found is None:
        highest = progress.order
        return undecided(progress.case, f"all coefficients up to order {highest} vanish: {NEEDED}")
    if not found.decision.sign:
        return _by_sectors(near, found)
    exact = _scaled_exactly(found, middle, over)
    return by_coefficient(
        found.case,
        found.order,
        float(exact.evalf(20)),
        exact=in_time(_SECONDS_FOR_TEXT, lambda: _shortest(exact), exact),
        error=0.0,
        evidence="exact",
        with_law=found.decision.has_law,
        note=found.note,
    )


def _reduction(
    near: NearRest, written: Any, over: Any, progress: _Progress
) -> Reduction | NormalForm:
    """The reduction to the centre, or what is said where the centre is another one."""
    d = len(written.point)
    middle = centre(jacobian_of(Composition(written, over), over, d), over, near.kind, near.inverse)
    progress.centre = middle
    if middle.shape in ("several", "none", "beyond"):
        return _elsewhere(middle)
    progress.case = _case(near, middle)
    return Reduction(near.kind, middle, over, Composition(written, over))


def _elsewhere(middle: Centre) -> NormalForm:
    if middle.shape == "beyond":
        return NormalForm(
            "unstable",
            "another eigenvalue lies beyond the boundary",
            "degenerate",
            evidence="exact",
        )
    if middle.shape == "none":
        return undecided(
            "degenerate", "no eigenvalue lies exactly on the boundary: the linearisation decides"
        )
    return undecided("degenerate", "more than one eigenvalue or pair lies on the boundary")


def _case(near: NearRest, middle: Centre) -> Case:
    if middle.shape != "pair":
        return _CASES[middle.shape]
    return "hopf" if near.kind == "flow" else "neimark-sacker"


def _first(near: NearRest, reduction: Reduction, progress: _Progress) -> Found | None:
    """The first coefficient that does not vanish up to the highest order, in the field of the reduction."""
    middle, over = reduction.centre, reduction.over
    pairs = middle.pairs
    circle = CircleOrders(pairs, near.inverse) if pairs is not None and near.kind == "map" else None
    highest = HIGHEST_OF_ONE if pairs is None else HIGHEST_OF_A_PAIR
    while len(reduction.terms) <= min(highest, progress.highest):
        order = reduction.next_order()
        term = reduction.terms[order]
        if circle is not None:
            decision = circle.judge(order, term)
        else:
            decision = _sign(over, order, _radial(reduction, order), near.inverse)
        if decision is not None:
            return _found(near, middle, progress.case, decision)
        if not over.exact and reduction.is_free and order > progress.order:
            return None  # it looks like zero, and nobody has proved it
        progress.order = max(order, progress.order)
    return None


def _radial(reduction: Reduction, order: int) -> Any:
    """The real number that moves orbits in or out at an order of the normal form, or None."""
    term = reduction.terms[order]
    if reduction.centre.pairs is None:
        return term.get(order)
    value = next(iter(term.values()), None)  # of z|z|^{order−1}: a flow has no resonant terms
    return None if value is None else value.real


def _sign(over: Any, order: int, value: Any, inverse: bool) -> Decision | None:
    if value is None or over.is_zero(value):
        return None
    if inverse:  # u⁺ = ±u + c u^m has the inverse ±u − c u^m + …
        value = -value
    return Decision(1 if over.value(value) > 0 else -1, order, value)


def _found(near: NearRest, middle: Centre, case: Case, decision: Decision) -> Found:
    note = ""
    if decision.resonant:
        case = "resonance"
        assert middle.pairs is not None
        j = resonance(middle.eigenvalue, middle.pairs, HIGHEST_OF_A_PAIR + 1)
        note = f" (resonance 1:{j})"
    return Found(case, decision.order, decision, decision.rational, note)


def _by_sectors(near: NearRest, found: Found) -> NormalForm:
    """The verdict of the resonant terms as a planar field, where no criterion of `resonances` decides."""
    form = degenerate(near)
    if form.verdict != "undecided":
        moves = "come in" if form.verdict == "asymptotically stable" else "leave"
        because = f"by the resonant terms from order {found.order} on orbits {moves}{found.note}"
        return NormalForm(form.verdict, because, found.case, found.order, evidence=form.evidence)
    needed = (
        f"{found.decision.why}{found.note} would be needed to decide: order {found.order} does not"
    )
    return undecided(found.case, needed, found.order)


# ---- scaling and closed forms ----------------------------------------------------------------


def _scaled_exactly(found: Found, middle: Centre, over: ExactField) -> sympy.Expr:
    value = decided_by(found.decision, over.expression)
    power = found.order - 1
    square = over.expression(middle.square)
    if power % 2 == 0:
        return value / square ** (power // 2)
    return _orientation(middle, over) * value / sympy.sqrt(square) ** power


def _orientation(middle: Centre, over: Any) -> int:
    """The sign of q's largest entry: an even coefficient of one eigenvalue changes its sign with q."""
    if middle.pairs is not None:
        return 1
    entries = [over.value(c) for c in middle.q]
    largest = max(abs(c) for c in entries)
    first = next(c for c in entries if abs(c) > largest * (1 - 1e-12))
    return 1 if first > 0 else -1


def _shortest(e: sympy.Expr) -> sympy.Expr:
    """The shortest of some spellings, with sines and cosines in the place of tangents of half angles."""
    cancelled = sympy.cancel(e)
    candidates = [e, cancelled]
    candidates += [
        spelling(cancelled) for spelling in (sympy.radsimp, sympy.factor_terms, sympy.factor)
    ]
    tangents = cancelled.atoms(sympy.tan)
    if tangents:
        angles = {t: 2 * t.args[0] for t in tangents}
        whole = {t: sympy.sin(a) / (1 + sympy.cos(a)) for t, a in angles.items()}
        even = {t: (1 - sympy.cos(a)) / (1 + sympy.cos(a)) for t, a in angles.items()}
        squared = cancelled.replace(
            lambda p: p.is_Pow and p.base in even and p.exp.is_even,
            lambda p: even[p.base] ** (p.exp / 2),
        )
        candidates.append(sympy.factor(sympy.cancel(squared.xreplace(whole))))
    return min(candidates, key=lambda c: (c.has(sympy.tan), len(str(c))))


# ---- many digits -----------------------------------------------------------------------------


def _by_digits(near: NearRest, formulas: Formulas, progress: _Progress) -> NormalForm:
    """The verdict from coefficients to many digits, where exact arithmetic did not come to an end."""
    runs = [
        in_time(_SECONDS_FOR_DIGITS, lambda n=n: _with_digits(near, formulas, n, progress), None)
        for n in _DIGITS
    ]
    agreed = _agreed(*runs)
    if agreed is None:
        return undecided(
            progress.case,
            f"the coefficients beyond order {progress.order} could not be told from zero: "
            "exact arithmetic would be needed",
        )
    found, value = agreed
    known = near.known_on_boundary is not None or progress.centre is not None
    if not known and not _known(near, formulas):
        what = called(found.case, found.order)
        return undecided(
            found.case,
            f"{what} is {number(value)}, which would decide if the eigenvalues were known to lie exactly on "
            "the boundary",
            found.order,
            value,
        )
    return by_coefficient(
        found.case,
        found.order,
        value,
        error=abs(value) * 1e-15,
        with_law=found.decision.has_law,
        note=found.note,
    )


def _with_digits(
    near: NearRest, formulas: Formulas, decimals: int, progress: _Progress
) -> tuple[Found, Any] | None:
    over = ManyDigits(decimals)
    own = _Progress(progress.highest, order=progress.order)
    try:
        written = program(formulas.variables, formulas.expressions, formulas.point)
        reduction = _reduction(near, written, over, own)
        if isinstance(reduction, NormalForm):
            return None
        found = _first(near, reduction, own)
    except (Undecidable, NotAnalytic, ZeroDivisionError):
        return None
    if progress.case == "degenerate":
        progress.case = own.case
    if found is None or not found.decision.sign:
        return None
    middle = reduction.centre
    value = found.decision.rational
    if found.decision.root:
        value = value + found.decision.root**0.5
    scaled = (
        _orientation(middle, over) * value / middle.square ** (over.one * (found.order - 1) / 2)
    )
    return found, scaled


def _agreed(one: Any, other: Any) -> tuple[Found, float] | None:
    if one is None or other is None or one[0].order != other[0].order:
        return None
    first, second = float(one[1]), float(other[1])
    if abs(first - second) > _AGREEMENT * abs(second) or not second:
        return None
    return other[0], second


def _known(near: NearRest, formulas: Formulas) -> bool:
    """Whether exact root counts find one eigenvalue or one pair on the boundary and the others stable."""

    def counted() -> bool:
        matrix = sympy.Matrix(formulas.expressions).jacobian(list(formulas.variables))
        put = dict(zip(formulas.variables, formulas.point, strict=True))
        at = matrix.applyfunc(lambda e: put_in(e, put))
        polynomial = characteristic_polynomial(at)
        if near.kind == "flow":
            counts = root_counts(polynomial)
            return counts is not None and counts.right == 0 and counts.axis in (1, 2)
        on = circle_counts(polynomial)
        beyond = None if on is None else (on.inside if near.inverse else on.outside)
        return on is not None and beyond == 0 and on.on in (1, 2)

    return in_time(_SECONDS_FOR_COUNTS, counted, False)
