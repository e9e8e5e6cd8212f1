"""Where along a set of equilibria its neighbours come back to it, and where they leave it, exactly.

Across a component of dimension k, what is left of the characteristic polynomial without its k roots along
the component decides (normal hyperbolicity: Fenichel 1979; Aulbach 1984). Its coefficients are expressions
in the free variables. With one of these the guards' real roots divide the line into intervals, on each of
which the roots are counted at one rational number; with more the conditions are left as inequalities. Where
one eigenvalue across is zero all along, the first term beside the component has its place
(`across_components`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from ..equilibria.components import Component
from ..equilibria.exact import number_is_zero, solve_exactly, undone
from ..errors import InputError
from ..spectra.exact import closed_form_roots, exact_text
from ..spectra.hurwitz import (
    characteristic_polynomial,
    circle_counts,
    circle_guards,
    flow_guards,
    root_counts,
)
from ..time_limits import in_time
from .across_components import Leading, leading
from .sign_cells import known_sign
from .stability_inequalities import hurwitz_conditions, schur_conditions

EVERYWHERE, NOWHERE = "everywhere", "nowhere"
_SECONDS, _SECONDS_AT_END, _SECONDS_FOR_ENDS = 3.0, 0.5, 1.5
_MOST_ENDS = 12
_LONG = 15  # operations: the root of a polynomial is named rather than written in radicals
_NEUTRAL = (0, 1, 0)  # for all that is known
_s = sympy.Dummy("s")
Point = tuple[sympy.Expr, ...]
_Counts = tuple[int, int, int]  # how many decay, are neutral and grow
Interval = tuple[sympy.Expr, sympy.Expr]  # open; −∞ and ∞ allowed


@dataclass(frozen=True)
class Along:
    """What is true all along a component.

    - `attracts`, `repels`: where orbits nearby come to it and stay, and where some leave, as text in the free
      variables, "everywhere" or "nowhere"; None where it is not known.
    - `ends`: the points, in coordinates, at which what decides across it vanishes, unlike elsewhere.
    - `attracting`: the relation behind `attracts`, in the free variables; None where that is not known.
    - `all_ends`: whether `ends` are all there are.
    - `silent`: whether an eigenvalue across it is zero all along, and terms of higher order decide.
    """

    attracts: str | None
    repels: str | None
    ends: tuple[Point, ...] = ()
    attracting: Boolean | None = None
    all_ends: bool = True
    silent: bool = False


UNKNOWN = Along(None, None)
_NEUTRAL_ALL_ALONG = Along(None, None, (), sympy.false)


def along(
    field: Sequence[sympy.Expr], component: Component, kind: str, names: Sequence[str]
) -> Along:
    """Where a component attracts and repels.

    **Arguments:**

    - `field`: whose zeros it consists of, d expressions in the component's variables and parameters; for a
      map its displacement F(x) − x.
    - `kind`: "flow" or "map"; `names`: of the system's variables and parameters, for the text.
    """
    return in_time(_SECONDS, lambda: _along(field, component, kind, names), UNKNOWN)


def _along(
    field: Sequence[sympy.Expr], component: Component, kind: str, names: Sequence[str]
) -> Along:
    left = across_polynomial(field, component, kind)
    if left is None:
        return UNKNOWN
    across, zeros = left
    first = leading(field, component) if zeros == 1 else None
    if len(across) == 1 and first is None:
        return replace(_NEUTRAL_ALL_ALONG, silent=True) if zeros else UNKNOWN
    if len(component.free) == 1:
        found = _on_a_line(across, first, component, kind, names)
    else:
        found = _by_inequalities(across, first, field, component, kind, names)
    if not zeros or first is not None:
        return replace(found, silent=zeros > 0)
    if found.repels == EVERYWHERE:
        return replace(found, silent=True)
    return Along(None, None, found.ends, sympy.false, found.all_ends, silent=True)


def across_polynomial(
    field: Sequence[sympy.Expr], component: Component, kind: str
) -> tuple[list[sympy.Expr], int] | None:
    """What is left of the characteristic polynomial without the roots along a component, on all of it.

    Nor with those across it that are zero (of a map: one) everywhere, and how many these are; None where the
    component is not seen to consist of zeros.
    """
    k = component.dimension
    jacobian = sympy.Matrix(field).jacobian(component.variables)
    matrix = sympy.Matrix(jacobian.applyfunc(component.reduced))
    if matrix.has(sympy.nan, sympy.zoo):
        return None
    coefficients = [component.reduced(c) for c in characteristic_polynomial(matrix)]
    if not all(number_is_zero(c) for c in coefficients[len(coefficients) - k :]):
        return None
    across, zeros = coefficients[: len(coefficients) - k], 0
    while len(across) > 1 and number_is_zero(across[-1]):
        zeros, across = zeros + 1, across[:-1]
    if kind == "map":
        across = sympy.Poly(across, _s).compose(sympy.Poly(_s - 1, _s)).all_coeffs()
    return across, zeros


def counted_at(
    coefficients: Sequence[sympy.Expr], kind: str, put: Mapping[sympy.Symbol, sympy.Expr]
) -> _Counts:
    """How many roots decay, are neutral and grow at a point, where its coordinates may be irrational."""
    there = [c.xreplace(dict(put)) for c in coefficients]
    exactly = _count(there, kind) if all(c.is_Rational for c in there) else None
    return exactly or _counted_at(there, kind)


def _count(coefficients: Sequence[sympy.Expr], kind: str) -> _Counts | None:
    counts = root_counts if kind == "flow" else circle_counts
    return counts([sympy.expand(c) for c in coefficients])


def _on_a_line(
    across: Sequence[sympy.Expr],
    first: Leading | None,
    component: Component,
    kind: str,
    names: Sequence[str],
) -> Along:
    """The only free variable is divided at the zeros of the guards and of the first term beside the line."""
    (t,) = component.free
    poles = [sympy.fraction(sympy.together(e))[1] for e in (*across, *component.numbers.values())]
    guards = (flow_guards if kind == "flow" else circle_guards)(across) if len(across) > 1 else []
    zeros = [sympy.fraction(sympy.together(guard))[0] for guard in guards]
    if any(guard == 0 for guard in zeros):  # two roots are always neutral, or always opposite
        return _NEUTRAL_ALL_ALONG
    zeros += [part for e in _deciding(first) for part in sympy.fraction(sympy.together(e))]
    roots, gaps = _real_roots(zeros, t), _real_roots(poles, t)
    if roots is None or gaps is None:
        return UNKNOWN
    ends = sorted({*roots, *gaps}, key=lambda root: root.evalf(30))
    edges: list[sympy.Expr] = [-sympy.oo, *ends, sympy.oo]

    def counted(at: sympy.Expr) -> _Counts | None:
        counts = _count([c.xreplace({t: at}) for c in across], kind)
        return None if counts is None else _with_first(counts, first, {t: at})

    pieces: list[_Piece] = []
    for low, high in itertools.pairwise(edges):
        counts = counted(_between(low, high))
        if counts is None:
            return UNKNOWN
        pieces.append(_Piece((low, high), counts))
        if high in gaps or high is sympy.oo:
            pieces.append(_Piece(None))
        else:
            there = counted_at(across, kind, {t: high})
            pieces.append(_Piece((high, high), _with_first(there, first, {t: high})))
    attracting = _merged(pieces, lambda counts: not counts[1] and not counts[2])
    repelling = _merged(pieces, lambda counts: counts[2] > 0)
    neutral = [p.where[0] for p in pieces if p.where and p.is_point and p.counts[1]]
    points = tuple(tuple(c.xreplace({t: root}) for c in component.coordinates) for root in neutral)
    everything = _merged(pieces, lambda counts: True)
    return Along(
        _text(attracting, everything, t, names),
        _text(repelling, everything, t, names),
        points[:_MOST_ENDS],
        sympy.Or(*(sympy.And(low < t, t < high) for low, high in attracting)),
        len(points) <= _MOST_ENDS,
    )


def _deciding(first: Leading | None) -> tuple[sympy.Expr, ...]:
    """What must not vanish all at once for the first term beside the component to decide."""
    if first is None:
        return ()
    return first.along if first.runs_along else (first.across,)


def _with_first(
    counts: _Counts, first: Leading | None, put: Mapping[sympy.Symbol, sympy.Expr]
) -> _Counts:
    """With the first term beside the component in the place of the eigenvalue that is zero."""
    if first is None:
        return counts
    signs = [_sign(e.xreplace(put)) for e in _deciding(first)]
    if None in signs or not any(signs):
        return counts[0], counts[1] + 1, counts[2]
    if not first.runs_along and first.order % 2 and signs[0] == -1:
        return counts[0] + 1, counts[1], counts[2]
    return counts[0], counts[1], counts[2] + 1


def _sign(number: sympy.Expr) -> int | None:
    """The sign of a constant; 0 where thirty digits see none, None at a pole."""
    value = number.evalf(30)
    if not (value.is_Float or value.is_Rational):
        return None
    return 0 if abs(value) < 1e-20 else 1 if value > 0 else -1


def _counted_at(coefficients: Sequence[sympy.Expr], kind: str) -> _Counts:
    """The same in thirty digits: a root that seems to be neutral is taken for neutral.

    Guards vanish also where two real roots are opposite, which thirty digits tell.
    """
    numbers = [c.evalf(60) for c in coefficients]
    roots: Any = in_time(
        _SECONDS_AT_END, lambda: sympy.Poly(numbers, _s).nroots(n=30, maxsteps=200), None
    )
    if roots is None:
        return _NEUTRAL
    sizes = [sympy.re(r) if kind == "flow" else abs(r) - 1 for r in roots]
    neutral = sum(abs(size) < 1e-10 for size in map(float, sizes))
    growing = sum(size >= 1e-10 for size in map(float, sizes))
    return len(sizes) - neutral - growing, neutral, growing


@dataclass(frozen=True)
class _Piece:
    """An open interval, a point between two, or (None) a pole; how many roots decay, stay and grow there."""

    where: Interval | None
    counts: _Counts = (0, 0, 0)

    @property
    def is_point(self) -> bool:
        return self.where is not None and self.where[0] == self.where[1]


def _merged(pieces: Sequence[_Piece], holds: Callable[[_Counts], bool]) -> list[Interval]:
    """The open intervals on which something holds, from intervals and the points and poles between them."""
    found: list[Interval] = []
    joined = False
    for piece in pieces:
        if piece.where is None or not holds(piece.counts):
            joined = False
        elif joined and not piece.is_point:
            found[-1] = (found[-1][0], piece.where[1])
        elif not piece.is_point:
            found.append(piece.where)
            joined = True
    return found


def _real_roots(expressions: Sequence[sympy.Expr], t: sympy.Symbol) -> list[sympy.Expr] | None:
    """All real zeros of expressions in t, short ones by radicals; None where they cannot be had exactly."""
    found: dict[sympy.Expr, None] = {}
    for expression in expressions:
        for factor in sympy.Mul.make_args(sympy.factor(expression)):
            base = factor.base if isinstance(factor, sympy.Pow) else factor
            if not base.has(t) or base.is_nonzero:
                continue
            if base.free_symbols == {t} and not base.is_polynomial(t):
                inner = undone(base, t)
                if inner == []:
                    continue
                base = base if inner is None else inner[0]
            if not base.is_polynomial(t) or base.free_symbols != {t}:
                return None
            polynomial = sympy.Poly(base, t)
            if not all(c.is_rational for c in polynomial.all_coeffs()):
                if polynomial.degree() > 1:
                    return None
                found[-polynomial.TC() / polynomial.LC()] = None
                continue
            short = polynomial.degree() <= 2 or len(polynomial.terms()) == 2
            forms = (closed_form_roots(polynomial) or []) if short else []
            forms = [f for f in forms if not f.has(sympy.I)]
            for root in dict.fromkeys(sympy.real_roots(polynomial, radicals=False)):
                near = (
                    f for f in forms if abs((f - root).evalf(30)) < 1e-20 and f.count_ops() < _LONG
                )
                found[next(near, root)] = None
    return list(found)


def _between(low: sympy.Expr, high: sympy.Expr) -> sympy.Rational:
    """A rational number in an open interval, a whole one where there is one."""
    if low is -sympy.oo:
        return sympy.Integer(0) if high is sympy.oo else sympy.floor(high) - 1
    if high is sympy.oo:
        return sympy.floor(low) + 1
    middle = sympy.Rational(str((low.evalf(40) + high.evalf(40)) / 2))
    whole = sympy.floor(middle)
    for number in (whole, whole + 1):
        if low < number < high:
            return number
    return middle


def _text(
    found: Sequence[Interval], everything: Sequence[Interval], t: sympy.Symbol, names: Sequence[str]
) -> str:
    if not found:
        return NOWHERE
    if list(found) == list(everything):
        return EVERYWHERE
    said = []
    for low, high in found:
        if low is -sympy.oo:
            said.append(f"{t} < {exact_text(high, names)}")
        elif high is sympy.oo:
            said.append(f"{t} > {exact_text(low, names)}")
        else:
            said.append(f"{exact_text(low, names)} < {t} < {exact_text(high, names)}")
    return " or ".join(said)


def _by_inequalities(
    across: Sequence[sympy.Expr],
    first: Leading | None,
    field: Sequence[sympy.Expr],
    component: Component,
    kind: str,
    names: Sequence[str],
) -> Along:
    """Several free variables, or one polynomial that binds them; an eigenvalue that is alone is the trace."""
    conditions: Callable[[Sequence[sympy.Expr]], tuple[Boolean, ...]]
    conditions = hurwitz_conditions if kind == "flow" else schur_conditions
    if len(across) == 2 and kind == "flow" and first is None:
        trace = sum(e.diff(v) for e, v in zip(field, component.variables, strict=True))
        forms = [component.reduced(trace)]
        if component.equation is not None:  # the rest depends on the order of the variables
            forms += [_reduced_in(v, forms[0], component) for v in component.free]
        return _of_one(min(map(sympy.factor, forms), key=sympy.count_ops), component, names)
    beside = None if first is None else _beside(first, component, names)
    try:
        relations = conditions(list(across)) if len(across) > 1 else ()
    except InputError:
        return UNKNOWN
    if any(r == sympy.false for r in relations):
        return _NEUTRAL_ALL_ALONG
    relations = tuple(r for r in relations if r != sympy.true)
    if not relations:
        return beside or Along(EVERYWHERE, NOWHERE, (), sympy.true)
    if beside is not None and not isinstance(beside.attracting, Relational):
        repels = EVERYWHERE if beside.repels == EVERYWHERE else None
        if beside.attracting == sympy.false:
            return Along(NOWHERE, repels, beside.ends, sympy.false, beside.all_ends)
    elif beside is not None:
        relations += (beside.attracting,)
    if not all(isinstance(r, Relational) for r in relations):
        return UNKNOWN
    text = " and ".join(_relation(r, names) for r in relations)
    guards = (flow_guards if kind == "flow" else circle_guards)(across)
    points, all_known = _ends_on_a_curve(
        guards, component, lambda put: counted_at(across, kind, put)[1] > 0
    )
    if beside is not None:
        points = tuple(dict.fromkeys((*points, *beside.ends)))
        all_known = all_known and beside.all_ends
    return Along(text, None, points, sympy.And(*relations), all_known)


def _beside(first: Leading, component: Component, names: Sequence[str]) -> Along:
    """What the first term beside a component says, where all eigenvalues but one decay."""
    if not first.runs_along:
        value = first.across if first.order % 2 else first.across**2
        return _of_one(value, component, names)
    speeds = [e for e in first.along if e != 0]
    if len(speeds) == 1:
        return _of_one(speeds[0] ** 2, component, names)
    points, all_known = _common_zeros(speeds, component)
    repels = EVERYWHERE if all_known and not points else None
    return Along(NOWHERE, repels, points, sympy.false, all_known)


def _ends_on_a_curve(
    guards: Sequence[sympy.Expr],
    component: Component,
    is_neutral: Callable[[Mapping[sympy.Symbol, sympy.Expr]], bool] = lambda point: True,
) -> tuple[tuple[Point, ...], bool]:
    """The neutral points of a curve among the zeros of these expressions, and whether these are all."""
    if component.dimension != 1 or component.closure is None:
        return (), False
    points: dict[Point, None] = {}
    all_known = True
    for guard in guards:
        top = sympy.fraction(sympy.together(guard))[0]
        own, known = _common_zeros([top], component)
        all_known = all_known and known
        for point in own:
            if is_neutral(dict(zip(component.variables, point, strict=True))):
                points[point] = None
    return tuple(points)[:_MOST_ENDS], all_known and len(points) <= _MOST_ENDS


def _common_zeros(
    expressions: Sequence[sympy.Expr], component: Component
) -> tuple[tuple[Point, ...], bool]:
    """The points of a curve at which all of these vanish, and whether these are all."""
    closure = component.closure
    if component.dimension != 1 or closure is None:
        return (), False

    def degree(v: sympy.Symbol) -> int:
        return 0 if component.equation is None else int(sympy.degree(component.equation, v))

    def found() -> tuple[tuple[Point, ...], bool]:
        variables = sorted(component.variables, key=degree)  # the last is had alone, others by it
        there = solve_exactly([*closure, *expressions], variables, {}, thorough=True)
        points = (tuple(p[v] for v in component.variables) for p in there.points)
        return tuple(points), there.exhaustive and not there.continua

    return in_time(_SECONDS_FOR_ENDS, found, ((), False))


def _relation(relation: Any, names: Sequence[str]) -> str:
    if relation in (sympy.true, sympy.false):
        return EVERYWHERE if relation == sympy.true else NOWHERE
    left, right = (exact_text(side, names) for side in relation.args)
    if isinstance(relation, sympy.Ne):
        return f"{left} < {right} or {left} > {right}"
    return f"{left} {relation.rel_op} {right}"


def _reduced_in(v: sympy.Symbol, e: sympy.Expr, component: Component) -> sympy.Expr:
    """A fraction whose numerator has the least power of v that the component's equation allows."""
    top, bottom = sympy.fraction(e)
    own = sympy.Poly(component.equation, v)
    return sympy.Poly(top, v).rem(own).as_expr() / bottom if own.LC().is_number else e


def _of_one(value: sympy.Expr, component: Component, names: Sequence[str]) -> Along:
    """One eigenvalue across: its sign, on a curve with the points where that changes."""
    top, bottom = sympy.fraction(sympy.together(value))
    constant, factors = sympy.factor_list(sympy.expand(top * bottom))
    sign = 1 if constant.is_positive else -1
    unknown = []
    for factor, power in factors:
        own = known_sign(factor)
        if own is None:
            unknown.append((factor, power))
        elif own < 0 and power % 2:
            sign = -sign
    if not unknown:
        if sign < 0:
            return Along(EVERYWHERE, NOWHERE, (), sympy.true)
        return Along(NOWHERE, EVERYWHERE, (), sympy.false)
    product = sympy.Mul(*(f ** (power if power < 3 else 2 - power % 2) for f, power in unknown))
    if all(power % 2 == 0 for _, power in unknown):  # one sign, but where the value vanishes
        beside, never = sympy.Ne(sympy.Mul(*(f for f, _ in unknown)), 0), sympy.false
        attracts, repels = (beside, never) if sign < 0 else (never, beside)
    else:
        below, above = sympy.Lt(product, 0), sympy.Gt(product, 0)
        attracts, repels = (above, below) if sign < 0 else (below, above)
    points, all_known = _ends_on_a_curve([product], component)
    texts = _relation(attracts, names), _relation(repels, names)
    return Along(*texts, points, attracts, all_known)
