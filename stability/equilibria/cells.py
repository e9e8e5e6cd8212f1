"""Expressions with kinks: the smooth formulas that hold between them.

|u| is u where u > 0 and −u where u < 0, and likewise sign, max, min, relu and formulas by cases. The zeros of
their arguments are the *surfaces*; an argument's polynomial factors count as surfaces of their own, so that
the same kink is the same surface however it is typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import sympy

from ..time_limits import in_time
from .exact import number_is_zero

KINKS = (
    sympy.Abs, sympy.sign, sympy.Max, sympy.Min, sympy.Heaviside, sympy.DiracDelta, sympy.Piecewise,
)  # fmt: skip
_SECONDS_TO_FACTOR = 0.3
_MOST_CELLS = 64
_TINY = 1e-20  # what a number vanishes to at a point that is known to thirty digits

Expressions = tuple[sympy.Expr, ...]
Signs = dict[sympy.Expr, int]  # surface ↦ the sign that it has in a cell


class TangledError(Exception):
    """The kinks at a point cannot be told apart: infinities, tangent surfaces, the jump of a loss."""


def has_kinks(expressions: Iterable[sympy.Expr]) -> bool:
    """Whether any of the expressions has a kink or a jump somewhere."""
    return any(e.has(*KINKS) for e in expressions)


def sign_of(number: sympy.Expr, exact: bool = True) -> int:
    """The sign of a constant; `exact`: it was made of exact numbers. Raises TangledError if it has none."""
    if number.is_Rational:
        return int(bool(number > 0)) - int(bool(number < 0))
    value: Any = number.evalf(30)
    if not (value.is_Float or value.is_Rational):
        raise TangledError(f"{number} is no real number")
    if exact and abs(value) < 1e-12:
        if number_is_zero(number):
            return 0
    elif not exact and abs(value) < _TINY:
        return 0
    if not exact and abs(value) < 1e-12:
        raise TangledError(f"{number} cannot be told from zero")
    return 1 if value > 0 else -1


def resolved(e: Any, sign: Callable[[sympy.Expr], int]) -> Any:
    """The expression with every kink replaced by what holds where `sign` gives the signs of the arguments.

    `sign` is asked about expressions without kinks; 0 stands for one that vanishes identically.
    """
    if not e.args or not e.has(*KINKS):
        return e
    if isinstance(e, sympy.Piecewise):
        for value, condition in e.args:
            if _holds(condition, sign):
                return resolved(value, sign)
        raise TangledError("no case of a formula by cases applies")
    args = [resolved(argument, sign) for argument in e.args]
    if isinstance(e, sympy.Abs):
        return sign(args[0]) * args[0]
    if isinstance(e, sympy.sign):
        return sympy.Integer(sign(args[0]))
    if isinstance(e, sympy.Heaviside):
        return sympy.Rational(1 + sign(args[0]), 2)
    if isinstance(e, sympy.DiracDelta):
        if sign(args[0]) == 0:
            raise TangledError("a loss jumps")
        return sympy.Integer(0)
    if isinstance(e, (sympy.Max, sympy.Min)):
        up = 1 if isinstance(e, sympy.Max) else -1
        best = args[0]
        for argument in args[1:]:
            best = argument if up * sign(argument - best) > 0 else best
        return best
    return e.func(*args)


def _holds(condition: Any, sign: Callable[[sympy.Expr], int]) -> bool:
    if condition in (sympy.true, sympy.false):
        return bool(condition)
    if isinstance(condition, (sympy.And, sympy.Or)):
        parts = [_holds(part, sign) for part in condition.args]
        return all(parts) if isinstance(condition, sympy.And) else any(parts)
    if isinstance(condition, sympy.Not):
        return not _holds(condition.args[0], sign)
    if not isinstance(condition, sympy.core.relational.Relational):
        raise TangledError(f"the condition {condition} is no comparison")
    side = sign(resolved(condition.lhs - condition.rhs, sign))
    return {
        sympy.Gt: side > 0, sympy.Ge: side >= 0, sympy.Lt: side < 0, sympy.Le: side <= 0,
        sympy.Eq: side == 0, sympy.Ne: side != 0,
    }[type(condition)]  # fmt: skip


@lru_cache(maxsize=1024)  # a cell asks about the same few arguments as the last one
def surfaces_of(u: sympy.Expr) -> tuple[int, Expressions]:
    """The sign of u as c·∏ sign(g): the number c, 0 where u vanishes identically, and the surfaces g."""
    numerator, denominator = sympy.fraction(sympy.together(u))
    constant, found = 1, []
    for part in (numerator, denominator):
        number, factors = in_time(
            _SECONDS_TO_FACTOR, lambda part=part: _factors(part), (sympy.Integer(1), [(part, 1)])
        )
        constant *= sign_of(number)
        for factor, power in factors:
            if power % 2 == 0 or factor.is_positive or factor.is_nonnegative:
                continue
            if factor.is_negative or factor.is_nonpositive:
                constant = -constant
            elif factor.could_extract_minus_sign():
                constant = -constant
                found.append(sympy.expand(-factor))
            else:
                found.append(factor)
    odd = [g for g in dict.fromkeys(found) if found.count(g) % 2]
    return constant, tuple(odd)


def _factors(part: sympy.Expr) -> tuple[sympy.Expr, list[tuple[sympy.Expr, int]]]:
    part = sympy.expand(part) if part.is_polynomial() else part
    if not part.free_symbols:
        return part, []
    number, factors = sympy.factor_list(part)
    return number, [(sympy.sympify(f), int(k)) for f, k in factors]


def branches(
    expressions: Expressions, known: Callable[[sympy.Expr], int | None]
) -> list[tuple[Signs, Expressions]]:
    """Every way in which the expressions can be smooth: the signs of surfaces, and the formulas then.

    `known` tells the sign of a surface, or None where both are to be followed. Not every combination of
    signs need occur anywhere. Raises TangledError where there are more than 64.
    """
    found, waiting = [], [Signs()]
    while waiting:
        signs = waiting.pop()
        if len(found) + len(waiting) > _MOST_CELLS:
            raise TangledError(f"there are more than {_MOST_CELLS} cells")
        try:
            formulas = tuple(sides_known(e, signs, known) for e in expressions)
        except _OpenError as open_:
            waiting += [{**signs, open_.surface: s} for s in (-1, 1)]
        else:
            found.append((signs, formulas))
    return found


class _OpenError(Exception):
    def __init__(self, surface: sympy.Expr):
        self.surface = surface


def sides_known(
    expression: sympy.Expr, signs: Mapping[sympy.Expr, int], known: Callable[..., int | None]
) -> sympy.Expr:
    """The formula in the cell with these signs, and those of other surfaces as `known` tells them."""

    def sign(u: sympy.Expr) -> int:
        if not u.free_symbols:
            return sign_of(u)
        total, surfaces = surfaces_of(u)
        for surface in surfaces if total else ():
            own = signs.get(surface) or known(surface)
            if own is None:
                raise _OpenError(surface)
            total *= own
        return total

    return resolved(expression, sign)


def in_cell(expression: sympy.Expr, signs: Mapping[sympy.Expr, int]) -> sympy.Expr:
    """The formula that holds where the surfaces have these signs.

    Raises TangledError where the sign of one that is not given matters.
    """
    try:
        return sides_known(expression, signs, lambda _: None)
    except _OpenError as open_:
        raise TangledError(f"the side of {open_.surface} = 0 matters") from None


def without_deltas(e: sympy.Expr, variables: tuple[sympy.Symbol, ...]) -> sympy.Expr:
    """Without the terms c·δ(u) in which c vanishes where u does: of x·sign(x), which is |x|."""
    for delta in sorted(e.atoms(sympy.DiracDelta), key=sympy.default_sort_key):
        u, term = delta.args[0], sympy.Dummy("delta")
        expanded = sympy.expand(e.xreplace({delta: term}))
        factor = expanded.coeff(term, 1)
        linear = [v for v in variables if u.diff(v).is_nonzero and not u.diff(v).has(*variables)]
        if not linear or sympy.expand(expanded - factor * term).has(term):
            continue
        v = linear[0]
        on = {v: -u.xreplace({v: sympy.Integer(0)}) / u.diff(v)}
        jumps = factor.atoms(sympy.sign, sympy.Heaviside, sympy.DiracDelta)
        steady = all(sympy.expand(jump.args[0].xreplace(on)) != 0 for jump in jumps)
        if steady and sympy.expand(factor.xreplace(on)) == 0:
            e = expanded.xreplace({term: sympy.Integer(0)})
    return e
