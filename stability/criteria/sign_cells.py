"""Which combinations of signs a set of polynomials can take: an open cylindrical decomposition.

Strict inequalities have open solution sets, and an open set meets a connected component of the complement
of the polynomials' zeros as soon as it meets the component's interior. So one rational point in every
component decides everything about strict inequalities up to the zero sets themselves, and for that the
projection by leading coefficients, discriminants and pairwise resultants is enough (Strzeboński, Solving
systems of strict polynomial inequalities, J. Symbolic Computation 29, 2000; McCallum 1993).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import sympy

from .root_separators import separators

Signs = tuple[int, ...]


def sign_vectors(polynomials: Sequence[sympy.Expr]) -> set[Signs]:
    """The sign vectors (±1 each) of the polynomials on the components of the complement of their zeros.

    The polynomials have rational coefficients, at least one symbol each, and no common factors; symbols
    that are declared positive or negative only take such values.
    """
    put = _normalised(polynomials)
    reduced = [_integral(p.xreplace(put)) for p in polynomials]
    symbols = sorted(set().union(*(p.free_symbols for p in reduced)), key=lambda s: s.name)
    if not symbols:
        return {tuple(1 if p > 0 else -1 for p in reduced)}
    evaluate = sympy.lambdify(symbols, reduced, modules="math", cse=True)
    levels = _levels(reduced, symbols)
    order = [x for x, _ in levels]
    vectors = set()
    for point in _points(levels):
        values = dict(zip(order, point, strict=True))
        vectors.add(tuple(1 if v > 0 else -1 for v in evaluate(*(values[s] for s in symbols))))
    return vectors


def known_sign(e: sympy.Expr) -> int | None:
    """The sign that an expression has wherever its symbols' assumptions hold, or None if unknown.

    Sums are judged term by term, which is what SymPy's own test costs most of its time to go beyond.
    """
    if e.is_Add and e.free_symbols:
        for sign, weakly in ((1, "is_nonnegative"), (-1, "is_nonpositive")):
            if all(getattr(t, weakly) for t in e.args) and any(t.is_nonzero for t in e.args):
                return sign
        return None
    if e.is_positive:
        return 1
    return -1 if e.is_negative else None


def factors_of(e: sympy.Expr) -> list[sympy.Expr]:
    """The irreducible factors over the rationals that are not constant and not of known sign."""
    found = sympy.factor_list(e)[1]
    return [f for f, _ in found if f.free_symbols and known_sign(f) is None]


def _normalised(polynomials: Sequence[sympy.Expr]) -> dict[sympy.Symbol, sympy.Integer]:
    """Symbols that may be put to ±1 because scaling the symbols by suitable weights changes no sign.

    A vector of weights w is suitable if every polynomial is quasi-homogeneous, f(λ^w x) = λ^c f(x): then
    every orbit of the scaling contains a point at which a positive symbol with nonzero weight is one.
    """
    symbols = sorted(
        set().union(*(p.free_symbols for p in polynomials)),
        key=lambda s: (known_sign(s) is None, s.name),
    )
    differences = [
        [a - b for a, b in zip(monomial, monomials[0], strict=True)]
        for monomials in (sympy.Poly(p, *symbols).monoms() for p in polynomials)
        for monomial in monomials[1:]
    ]
    if not differences:
        return {s: sympy.Integer(known_sign(s) or 1) for s in symbols if known_sign(s)}
    weights = sympy.Matrix(differences).nullspace()
    if not weights:
        return {}
    _, pivots = sympy.Matrix.hstack(*weights).T.rref()
    signs = {symbols[i]: known_sign(symbols[i]) for i in pivots}
    return {symbol: sympy.Integer(sign) for symbol, sign in signs.items() if sign is not None}


def _integral(e: sympy.Expr) -> sympy.Expr:
    """A positive multiple with integer coefficients."""
    if not e.free_symbols:
        return e
    return sympy.Poly(e, *e.free_symbols).clear_denoms(convert=True)[1].as_expr()


Level = tuple[sympy.Symbol, list[sympy.Expr]]


def _levels(polynomials: Sequence[sympy.Expr], symbols: Sequence[sympy.Symbol]) -> list[Level]:
    """Symbols with the polynomials whose roots bound the cells in their direction, base first."""
    remaining = list(symbols)
    current = {f for p in polynomials for f in factors_of(p)}
    levels: list[Level] = []
    while remaining:
        x = min(remaining, key=lambda s: _difficulty(s, current))
        remaining.remove(x)
        own = [p for p in current if p.has(x)]
        levels.append((x, own))
        current = {p for p in current if not p.has(x)} | _projection(own, x)
    return levels[::-1]


def _difficulty(x: sympy.Symbol, polynomials: Iterable[sympy.Expr]) -> tuple[int, int, int, str]:
    """Brown's order of elimination: low degree first, then low total degree, then few terms."""
    own = [sympy.Poly(p, x) for p in polynomials if p.has(x)]
    total = [sympy.Poly(p.as_expr()).total_degree() for p in own]
    return (
        max((p.degree() for p in own), default=0),
        max(total, default=0),
        sum(len(p.coeffs()) for p in own),
        x.name,
    )


def _projection(polynomials: Sequence[sympy.Expr], x: sympy.Symbol) -> set[sympy.Expr]:
    own = [sympy.Poly(p, x) for p in polynomials]
    projected: list[sympy.Expr] = []
    for p in own:
        projected.append(p.LC())
        if p.degree() > 1:
            projected.append(p.discriminant())
        if known_sign(x) is not None:
            projected.append(p.TC())  # the resultant with x itself
    projected += [p.resultant(q).as_expr() for p, q in itertools.combinations(own, 2)]
    return {f for e in projected for f in factors_of(sympy.sympify(e))}


def _points(levels: Sequence[Level]) -> Iterator[tuple[Fraction, ...]]:
    """One rational point in every cell of full dimension, coordinates in the order of the levels."""
    order = [x for x, _ in levels]
    coefficients = [
        [
            sympy.lambdify(order[:k], sympy.Poly(_integral(p), x).all_coeffs(), modules="math")
            for p in own
        ]
        for k, (x, own) in enumerate(levels)
    ]

    def lift(point: tuple[Fraction, ...]) -> Iterator[tuple[Fraction, ...]]:
        k = len(point)
        if k == len(levels):
            yield point
            return
        univariate = [_as_integers(f(*point)) for f in coefficients[k]]
        for value in separators(univariate, known_sign(order[k])):
            yield from lift((*point, value))

    return lift(())


def _as_integers(coefficients: Sequence[Any]) -> list[int]:
    fractions = [Fraction(c) for c in coefficients]
    common = math.lcm(*(f.denominator for f in fractions))
    return [int(f * common) for f in fractions]
