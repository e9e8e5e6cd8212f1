"""Is a point a minimum of an expression, where its second derivatives leave that open? In exact numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import sympy

from ..equilibria.exact import number_is_zero
from ..spectra.exact import LONGEST
from ..time_limits import in_time
from .everywhere import Shape, lowest_everywhere
from .forms import sign_of
from .lowest_terms import Exponents, Nearby, Series, nearby, without_zeros

_SECONDS = 3.0  # for one function
_ORDERS = (4, 8, 12)  # to which a function that is no polynomial is expanded, one after the other
_ROUGH = (
    sympy.Piecewise,
    sympy.floor,
    sympy.ceiling,
    sympy.Heaviside,
    sympy.DiracDelta,
    sympy.sign,
)
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
    return in_time(_SECONDS, lambda: _minimum(function, at), LATE)


def _minimum(function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> Minimum:
    expanded = sympy.expand(function)
    slopes = [sympy.diff(function, v).xreplace(dict(at)) for v in at]
    if not all(map(number_is_zero, slopes)):
        return Minimum("undecided", missing="the point in closed form")
    shape = lowest_everywhere(function, at)
    if shape == "constant":
        return Minimum("yes", False, "constant")
    parts = [_part(terms, at) for terms in _apart(expanded)]
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


def _part(function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> Minimum:
    """One of the parts; its own variables are those of `at` that occur in it."""
    own = {v: c for v, c in at.items() if v in function.free_symbols}
    shape = lowest_everywhere(function, own)
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
        return
    smooth = _smooth(function, at)
    if smooth is None:
        return
    along = smooth.xreplace({v: c + _e * v for v, c in at.items()})
    terms: dict[Exponents, sympy.Expr] = {}
    reached = 0
    for order in _ORDERS:
        while reached < order:
            reached += 1
            along = sympy.diff(along, _e)
            part = sympy.expand(along.xreplace({_e: sympy.S.Zero}) / sympy.factorial(reached))
            if not part.is_polynomial(*at) or part.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
                return
            terms |= dict(sympy.Poly(part, *at).terms())
        yield Series(without_zeros(terms), len(at), order)


def _smooth(function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr | None:
    """The function without |z| and max, which near the point are one of their branches; None at a kink."""
    if function.has(*_ROUGH):
        return None
    kinks = sorted(function.atoms(sympy.Abs, sympy.Max, sympy.Min), key=sympy.count_ops)
    for kink in reversed(kinks):  # the outer ones first
        parts = kink.args if not isinstance(kink, sympy.Abs) else (kink.args[0], -kink.args[0])
        value = kink.xreplace(dict(at))
        away = 1 if isinstance(kink, sympy.Min) else -1
        taken = [p for p in parts if sign_of(p.xreplace(dict(at)) - value) != away]
        smooth = _smooth(taken[0], at) if len(taken) == 1 else None
        if smooth is None:
            return None
        function = function.xreplace({kink: smooth})
    return None if function.has(sympy.Abs, sympy.Max, sympy.Min) else function


def _is_constant(function: sympy.Expr) -> bool:
    """Whether a function whose Taylor terms vanish is constant, by algebra."""
    slopes = (sympy.diff(function, v).rewrite(sympy.exp) for v in function.free_symbols)
    return all(sympy.simplify(slope) == 0 for slope in slopes)
