"""Whether a function has a local minimum where its second derivatives are only semidefinite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import sympy
from sympy.polys.constructor import construct_domain
from sympy.polys.rings import ring

from ..equilibria.exact import number_is_zero
from ..spectra.hurwitz import characteristic_polynomial, root_counts
from .forms import directions, sign_of, sign_of_form

Exponents = tuple[int, ...]
DEEPEST = 8  # splittings and blow-ups within one another
LONGEST = 400  # terms of a series that is still worked on


@dataclass(frozen=True)
class Series:
    """A function of some variables, less its value at the origin, where its gradient vanishes or not.

    `terms`: exponents ↦ exact number, none zero; `count`: of the variables; `order`: the total degree up to
    which all terms are there, None for a polynomial that is there whole.
    """

    terms: Mapping[Exponents, sympy.Expr]
    count: int
    order: int | None

    @cached_property
    def lowest(self) -> dict[Exponents, sympy.Expr]:
        """The terms of the lowest degree."""
        degree = min(map(sum, self.terms), default=0)
        return {e: c for e, c in self.terms.items() if sum(e) == degree}


@dataclass(frozen=True)
class Nearby:
    """How a function lies beside its value at the origin.

    - `word`: yes (nowhere near the origin is it lower), no, or undecided; `strict`: higher everywhere beside.
    - `leading`: the lowest terms of the function, minimised over all but the variables in `kept`;
      `beyond`: whether terms beyond these decided. `leading` is empty where the function is constant so.
    - `missing`: what would decide.
    """

    word: Literal["yes", "no", "undecided"]
    strict: bool = False
    leading: Mapping[Exponents, sympy.Expr] = field(default_factory=dict)
    kept: tuple[int, ...] = ()
    beyond: bool = False
    missing: str = ""


def nearby(series: Series) -> Nearby:
    """Whether the origin is a local minimum of a function given by its Taylor series.

    The lowest terms f_m decide where they take a negative value (no; so do odd ones) or are positive definite
    (yes). A semidefinite quadratic part is split off: with H ≻ 0 in as many variables w as its rank, and s
    the others, the function is φ(s) = min over w of f(s, w) plus a positive definite quadratic form, in
    suitable coordinates (the splitting lemma: Gromoll, Meyer 1969; Poston, Stewart 1978, ch. 4), and φ
    decides. Where a form vanishes in some directions d without a change of sign, each of these is blown up:
    x = r(d + τ), and f/r^m in (r, τ) has to be nowhere negative near 0.
    """
    return _nearby(series, tuple(range(series.count)), 0)


def _nearby(series: Series, kept: tuple[int, ...], depth: int) -> Nearby:
    lowest = series.lowest
    if not lowest:
        if series.order is None:
            return Nearby("yes", False, {}, kept)
        return Nearby("undecided", missing="terms of higher order")
    degree = sum(next(iter(lowest)))
    if degree % 2:
        if any(sign_of(c) in (1, -1) for c in lowest.values()):
            return Nearby("no", False, lowest, kept)
        return Nearby("undecided", missing=f"the sign of a coefficient of order {degree}")
    if depth > DEEPEST or len(series.terms) > LONGEST:
        return Nearby("undecided", missing="terms of very high order")
    if degree == 2:
        return _quadratic(series, kept, depth)
    sign = sign_of_form(lowest, series.count)
    if sign in (1, -1):
        return Nearby("yes" if sign == 1 else "no", sign == 1, lowest, kept)
    what = f"a leading form of degree {degree} in {series.count} variables"
    if sign is None:
        return Nearby("undecided", missing=f"the sign of {what}")
    if _is_whole(series):
        return Nearby("yes", False, lowest, kept)
    zeros = directions(lowest, series.count)
    if zeros is None:
        return Nearby("undecided", missing=f"terms beyond {what} that vanishes in some direction")
    words = []
    for direction in zeros:
        found = _nearby(_blown_up(series, direction, degree), kept, depth + 1)
        if found.word == "no":
            return Nearby("no", False, lowest, kept, beyond=True)
        words.append(found)
    if any(found.word == "undecided" for found in words):
        return next(found for found in words if found.word == "undecided")
    strict = all(found.strict for found in words)
    return Nearby("yes", strict, lowest, kept, beyond=True)


def _is_whole(series: Series) -> bool:
    return series.order is None and len(series.terms) == len(series.lowest)


def _quadratic(series: Series, kept: tuple[int, ...], depth: int) -> Nearby:
    hessian = hessian_of(series.lowest, series.count)
    counts = root_counts(characteristic_polynomial(hessian))
    if counts is None:
        return Nearby("undecided", missing="the sign of a second derivative")
    if counts.left or not counts.axis:
        return Nearby("no" if counts.left else "yes", not counts.left, series.lowest, kept)
    pivots = independent(hessian)
    free = [i for i in range(series.count) if i not in pivots]
    if len(pivots) != counts.right:
        return Nearby("undecided", missing="the rank of the second derivatives")
    reduced = stationary_in(series, pivots)
    return _nearby(reduced, tuple(kept[i] for i in free), depth + 1)


def hessian_of(terms: Mapping[Exponents, sympy.Expr], count: int) -> sympy.Matrix:
    """The second derivatives at the origin of a function with these terms, shape (count, count)."""
    hessian = sympy.zeros(count, count)
    for exponents, coefficient in terms.items():
        if sum(exponents) == 2:
            i, j = (k for k, e in enumerate(exponents) for _ in range(e))
            hessian[i, j] += coefficient
            hessian[j, i] += coefficient
    return hessian


def independent(matrix: sympy.MatrixBase) -> list[int]:
    """Columns of a matrix of exact numbers that are a basis of its range."""
    return list(matrix.rref(iszerofunc=number_is_zero)[1])


def stationary_in(series: Series, eliminated: Sequence[int]) -> Series:
    """φ(s) = f(s, w(s)) with ∂f/∂w = 0 at w(s), w(0) = 0; f has no linear terms, and ∂²f/∂w² is regular.

    `eliminated` are the places of w. The other variables, s, may be coupled to w by quadratic terms. With M
    the regular block, w ← w − M⁻¹ ∂f/∂w(s, w) gains an order a turn, and an error of order m in w is one of
    order 2m in φ. Where the result solves ∂f/∂w = 0 exactly, and f is a polynomial, φ is one too.
    """
    free = [i for i in range(series.count) if i not in eliminated]
    order = series.order if series.order is not None else _order(series)
    numbers = construct_domain([*series.terms.values()], extension=True, field=True)[0]
    _, *symbols = ring([f"s{i}" for i in range(len(free))], numbers)
    function = {e: numbers.from_sympy(c) for e, c in series.terms.items()}
    inverse = hessian_of(series.lowest, series.count).extract(eliminated, eliminated).inv()
    inverse = [[numbers.from_sympy(c) for c in inverse.row(i)] for i in range(inverse.rows)]
    zero = symbols[0].ring.zero
    place: dict[int, Any] = dict(zip(free, symbols, strict=True))
    slopes = [_derivative(function, i) for i in eliminated]
    w = [zero] * len(eliminated)
    for reached in range(1, max(2, order // 2 + 1)):
        at = [place[i] if i in place else w[eliminated.index(i)] for i in range(series.count)]
        slope = [_put(own, at, reached, zero) for own in slopes]
        w = [
            a - sum((m * s for m, s in zip(row, slope, strict=True)), zero)
            for a, row in zip(w, inverse, strict=True)
        ]
    at = [place[i] if i in place else w[eliminated.index(i)] for i in range(series.count)]
    whole = series.order is None and all(not _put(own, at, None, zero) for own in slopes)
    found = _put(function, at, None if whole else order, zero)
    terms = {tuple(e): numbers.to_sympy(c) for e, c in found.items()}
    return Series(without_zeros(terms), len(free), None if whole else order)


def without_zeros(terms: Mapping[Exponents, sympy.Expr]) -> dict[Exponents, sympy.Expr]:
    """The terms whose coefficient does not vanish."""
    return {e: c for e, c in terms.items() if not number_is_zero(c)}


def _order(series: Series) -> int:
    """Up to which degree a polynomial of several variables is split."""
    return max(8, 2 * max(map(sum, series.terms)))


def _derivative(function: Mapping[Exponents, Any], i: int) -> dict[Exponents, Any]:
    return {(*e[:i], e[i] - 1, *e[i + 1 :]): c * e[i] for e, c in function.items() if e[i]}


def _put(function: Mapping[Exponents, Any], at: Sequence[Any], order: int | None, zero: Any) -> Any:
    """A polynomial at polynomials, cut off beyond a degree."""
    total = zero
    for exponents, coefficient in function.items():
        product = zero.ring.one
        for i, e in enumerate(exponents):
            for _ in range(e):
                product = _cut(product * at[i], order)
        total = total + product * coefficient
    return total


def _cut(polynomial: Any, order: int | None) -> Any:
    if order is None:
        return polynomial
    kept = {e: c for e, c in polynomial.items() if sum(e) <= order}
    return polynomial.ring.from_dict(kept)


def _blown_up(series: Series, direction: Sequence[sympy.Expr], degree: int) -> Series:
    """f(r(d + τ))/r^degree in r and τ, where τ has no component in a variable in which d has the entry 1."""
    chart = next(i for i, c in enumerate(direction) if c == 1)
    new = sympy.symbols(f"x:{series.count}", cls=sympy.Dummy)
    r = new[chart]
    factors = [sympy.S.One if i == chart else direction[i] + v for i, v in enumerate(new)]
    moved = sympy.Add(
        *(
            c * r ** (sum(e) - degree) * sympy.Mul(*map(sympy.Pow, factors, e))
            for e, c in series.terms.items()
        )
    )
    order = None if series.order is None else series.order - degree  # whatever the degree of τ
    terms = {
        e: sympy.radsimp(c)
        for e, c in sympy.Poly(sympy.expand(moved), *new).terms()
        if order is None or sum(e) <= order
    }
    return Series(without_zeros(terms), series.count, order)
