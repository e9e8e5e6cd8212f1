"""Is a point a minimum of an expression, where its second derivatives leave that open? In exact numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import sympy

from ..equilibria.exact import number_is_zero
from ..normal_forms.fields import ExactField, Undecidable
from ..normal_forms.series import Composition, NotAnalytic, Part, packed, program, unpacked
from ..spectra.exact import LONGEST
from ..time_limits import in_time
from .everywhere import Shape, lowest_everywhere
from .lowest_terms import Exponents, Nearby, Series, nearby, without_zeros

_SECONDS, _SECONDS_TYPED = 3.0, 1.0  # for one function, and for it as it is typed
_ORDERS = (4, 8, 12)  # to which a function that is no polynomial is expanded, one after the other
_e = sympy.Dummy("e", real=True)


@dataclass(frozen=True)
class Minimum:
    """Whether a function, at a point where its gradient vanishes, is as low as anywhere nearby.

    - `word`: yes, no or undecided; `strict`: whether it is higher everywhere nearby, None if that is open.
    - `everywhere`: by what it is seen to be nowhere lower at all, or None.
    - `leading`: the terms that it grows or falls like, in its own variables, or None where they are many or
      do not decide alone; `partly`: they are what is left when it is minimised over its other variables.
    - `missing`: what would decide.
    """

    word: Literal["yes", "no", "undecided"]
    strict: bool | None = None
    everywhere: Shape | None = None
    leading: sympy.Expr | None = None
    partly: bool = False
    missing: str = ""


LATE = Minimum("undecided", missing="more time for algebra (patience)")


def minimum(function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> Minimum:
    """Whether a function has a minimum at a point, locally or everywhere.

    `at` are the function's variables, real symbols, and the point in exact numbers; nothing else is free in
    the function, and its gradient vanishes there. Parts that share no variable are looked at by themselves. A
    polynomial is expanded whole, any other function to order 12 at most, and then
    `stability.verdicts.lowest_terms.nearby` decides. That all terms of a series vanish proves nothing, unless
    the function is seen to be constant. Undecided where SymPy takes too long, and at a kink.
    """
    found = in_time(_SECONDS, lambda: _minimum(function, at), None)
    return found or in_time(_SECONDS_TYPED, lambda: _as_typed(function, at), LATE)


def _as_typed(function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> Minimum:
    """What is seen of a long function without expanding it: a sum of squares, or terms of low order."""
    if not _rests(function, at):
        return LATE
    if (function - function.xreplace(dict(at))).is_nonnegative:
        return Minimum("yes", None, "nowhere lower")
    for series in _taylor(function, at):
        found = nearby(series)
        if found.word != "undecided":
            return _told(found, at, None)
    return LATE


def _rests(function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> bool:
    """Whether the gradient vanishes, exactly."""
    return all(number_is_zero(sympy.diff(function, v).xreplace(dict(at))) for v in at)


def _minimum(function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> Minimum:
    expanded = sympy.expand(function)
    if not _rests(function, at):
        return Minimum("undecided", missing="the point in closed form")
    own = _own(expanded, at)
    shape = lowest_everywhere(function, own)
    if shape == "constant":
        return Minimum("yes", False, "constant")
    groups = _apart(expanded)
    if len(groups) == 1:
        parts = [_part(function, own, shape)]
    else:
        pairs = [(group, _own(group, at)) for group in groups]
        parts = [_part(group, own, lowest_everywhere(group, own)) for group, own in pairs]
    strict = _all(found.strict for found in parts)
    strict = strict if set(at) <= expanded.free_symbols else False
    shape = shape or _weakest([found.everywhere for found in parts])
    if shape is not None:
        return Minimum("yes", strict, shape)
    for word in ("no", "undecided"):
        for found in parts:
            if found.word == word:
                return found
    if len(parts) == 1:
        return replace(parts[0], strict=strict)
    return Minimum("yes", strict)


def _all(answers: Iterator[bool | None]) -> bool | None:
    known = list(answers)
    return False if False in known else None if None in known else True


def _weakest(shapes: list[Shape | None]) -> Shape | None:
    """What holds of a sum of functions of which these hold."""
    if None in shapes or "nowhere lower" in shapes:
        return None if None in shapes else "nowhere lower"
    return "convex" if "convex" in shapes else "constant"


def _apart(expanded: sympy.Expr) -> list[sympy.Expr]:
    """The sums of those terms that share variables."""
    groups: list[tuple[set, list[sympy.Expr]]] = []
    for term in sympy.Add.make_args(expanded):
        symbols = set(term.free_symbols)
        if not symbols:
            continue
        touched = [group for group in groups if group[0] & symbols]
        groups = [group for group in groups if not group[0] & symbols]
        merged = symbols.union(*(group[0] for group in touched))
        groups.append((merged, [t for group in touched for t in group[1]] + [term]))
    return [sympy.Add(*terms) for _, terms in groups]


def _own(
    function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]
) -> dict[sympy.Symbol, sympy.Expr]:
    """The variables that occur in a function, and where they are."""
    return {v: c for v, c in at.items() if v in function.free_symbols}


def _part(
    function: sympy.Expr, own: Mapping[sympy.Symbol, sympy.Expr], shape: Shape | None
) -> Minimum:
    """One of the parts, which is seen to have a `shape`."""
    missing = "one-sided derivatives"
    for series in _expansions(function, own):
        found = nearby(series)
        if found.word != "undecided":
            return _told(found, own, shape)
        if not series.terms and _is_constant(function):
            return Minimum("yes", False, "constant")
        missing = found.missing
    if shape is not None:
        return Minimum("yes", None, shape)
    return Minimum("undecided", missing=missing)


def _told(
    found: Nearby, own: Mapping[sympy.Symbol, sympy.Expr], everywhere: Shape | None
) -> Minimum:
    names = [list(own)[k] for k in found.kept]
    leading = sympy.Add(
        *(
            c * sympy.Mul(*((v - own[v]) ** e for v, e in zip(names, exponents, strict=True)))
            for exponents, c in found.leading.items()
        )
    )
    shown = None if found.beyond or not 0 < sympy.count_ops(leading) <= LONGEST else leading
    return Minimum(found.word, found.strict, everywhere, shown, len(names) < len(own))


def _expansions(function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> Iterator[Series]:
    """The function's series about a point, to ever higher orders, as far as it has one."""
    if function.is_polynomial(*at):
        moved = sympy.expand(function.xreplace({v: c + v for v, c in at.items()}))
        terms = {e: c for e, c in sympy.Poly(moved, *at).terms() if any(e)}
        yield Series(without_zeros(terms), len(at), None)
    else:
        yield from _taylor(function, at)


def _taylor(function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> Iterator[Series]:
    """The function's series to ever higher orders, as far as it has one at the point."""
    count = len(at)
    try:
        written = program(list(at), [function], list(at.values()))
        over = ExactField(written.constants)
        composition = Composition(written, over)
        inputs: list[list[Part]] = [
            [{packed(row): over.one} for row in _unit_rows(count)],
            [{}] * count,
        ]
        terms: dict[Exponents, sympy.Expr] = {}
        reached = 0
        for order in _ORDERS:
            for degree in range(reached + 1, order + 1):
                (part,) = composition.part(degree, inputs[degree > 1])
                terms |= {unpacked(m, count): over.expression(c) for m, c in part.items()}
            reached = order
            yield Series(without_zeros(terms), count, order)
    except (NotAnalytic, Undecidable):
        return


def _unit_rows(count: int) -> list[tuple[int, ...]]:
    return [tuple(int(i == k) for i in range(count)) for k in range(count)]


def _is_constant(function: sympy.Expr) -> bool:
    """Whether a function whose Taylor terms vanish is constant, by algebra."""
    slopes = (sympy.diff(function, v).rewrite(sympy.exp) for v in function.free_symbols)
    return all(sympy.simplify(slope) == 0 for slope in slopes)
