"""A system in independent generators: rational functions, compared coefficient by coefficient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import sympy
from sympy.polys.matrices import DomainMatrix
from sympy.polys.orderings import lex
from sympy.polys.rings import PolyElement, PolyRing

from .generators import Generators


@dataclass(frozen=True)
class Quotient:
    """numerator/denominator, two polynomials of one ring; `meaning` is the same in the variables."""

    meaning: sympy.Expr
    numerator: PolyElement
    denominator: PolyElement

    def __mul__(self, other: Quotient) -> Quotient:
        n, d = self.numerator * other.numerator, self.denominator * other.denominator
        return Quotient(self.meaning * other.meaning, *n.cancel(d))

    def __sub__(self, other: Quotient) -> Quotient:
        common = self.denominator.lcm(other.denominator)
        mine = self.numerator * common.exquo(self.denominator)
        others = other.numerator * common.exquo(other.denominator)
        return Quotient(self.meaning - other.meaning, mine - others, common)


class Quotients:
    """Expressions over the polynomial ring of their generators.

    **Arguments:**

    - `variables`, `expressions`: of the system.
    - `others`: further expressions that the ring has to contain.

    Raises `NotCovered` as `Generators` does.
    """

    def __init__(
        self,
        variables: Sequence[sympy.Symbol],
        expressions: Sequence[sympy.Expr],
        others: Iterable[sympy.Expr] = (),
    ):
        self.variables = tuple(variables)
        self.generators = Generators(variables, [*expressions, *others])
        self.ring = PolyRing(self.generators.polynomial_symbols, sympy.QQ, lex)
        self.quotients = [self.quotient(e) for e in expressions]

    def polynomial(self, p: sympy.Poly) -> PolyElement:
        """A SymPy polynomial as an element of the ring."""
        return self.ring.from_dict({m: sympy.QQ.from_sympy(c) for m, c in p.terms()})

    def quotient(self, e: sympy.Expr) -> Quotient:
        """An expression in the variables that was among those given, as a quotient."""
        return self._quotient(self.generators.convert(e), e)

    def _quotient(self, converted: sympy.Expr, meaning: sympy.Expr) -> Quotient:
        n, d = map(self.polynomial, self.generators.fraction(converted))
        return Quotient(meaning, *n.cancel(d))

    def reduced(self, p: PolyElement) -> PolyElement:
        """A polynomial with the relations among the generators put in."""
        if not self.generators.related or not p:
            return p
        symbols = self.generators.polynomial_symbols
        given = {m: sympy.QQ.to_sympy(c) for m, c in p.terms()}
        return self.polynomial(self.generators.reduced(sympy.Poly(given, *symbols)))

    def expression(self, p: PolyElement) -> sympy.Expr:
        """A polynomial of the ring, in the variables."""
        return self.generators.unrooted(p.as_expr())

    def is_curve(self, p: PolyElement) -> bool:
        """Whether the zeros of p may be a real curve or surface: it is no number and no exponential."""
        meaning = self.generators.meaning
        used = [
            s for s, g in zip(self.ring.symbols, self.ring.gens, strict=True) if p.degree(g) > 0
        ]
        if self.generators.imaginary in used or any(
            s in meaning and meaning[s].has(sympy.I) for s in used
        ):
            return False
        if len(p) == 1:
            return any(s in self.variables for s in used)
        return any(s in self.variables or not self.generators.is_constant(s) for s in used)

    def letters(self) -> list[Quotient]:
        """The variables, and the generators that are not constants, in their real forms."""
        ring, generators = self.ring, self.generators
        one, i, d = ring.one, ring.gens[-1], len(self.variables)
        found = [Quotient(v, g, one) for v, g in zip(self.variables, ring.gens[:d], strict=True)]
        for symbol, g in zip(generators.symbols, ring.gens[d:-1], strict=True):
            if generators.is_constant(symbol):
                continue
            root = sympy.Rational(1, generators.root(symbol))
            meaning = generators.meaning[symbol] ** root
            if not isinstance(meaning, sympy.exp):
                found.append(Quotient(meaning, g, one))
            elif meaning.has(sympy.I):
                angle, half = meaning.args[0] / sympy.I, sympy.QQ(1, 2)
                found.append(Quotient(sympy.cos(angle), (g**2 + 1).mul_ground(half), g))
                found.append(Quotient(sympy.sin(angle), (1 - g**2).mul_ground(half) * i, g))
            else:
                found += [Quotient(meaning, g, one), Quotient(1 / meaning, one, g)]
        return found

    def combinations(self, functions: Sequence[Quotient]) -> list[list[sympy.Expr]]:
        """A basis of the (c_1, …, c_k) with Σ c_j functions_j ≡ 0.

        Irrational numbers among the generators are taken for independent of each other: every relation that
        is found holds, but not every one is found.
        """
        matrix = self._matrix(functions)
        reduced, pivots = matrix.rref(method="GJ")
        entries, domain = reduced.to_dod(), matrix.domain
        basis = []
        for free in range(len(functions)):
            if free in pivots:
                continue
            row = [sympy.Integer(int(k == free)) for k in range(len(functions))]
            for line, pivot in enumerate(pivots):
                value = entries.get(line, {}).get(free)
                if value:
                    row[pivot] = -self.generators.unrooted(domain.to_sympy(value))
            basis.append(row)
        return basis

    def independent(self, functions: Sequence[Quotient]) -> list[int]:
        """The positions of the functions that the earlier ones and a constant do not combine to."""
        one = Quotient(sympy.Integer(1), self.ring.one, self.ring.one)
        pivots = self._matrix([one, *functions]).rref(method="GJ")[1]
        return [k - 1 for k in pivots if k]

    def _matrix(self, functions: Sequence[Quotient]) -> DomainMatrix:
        """The coefficients of the functions over a common denominator, a column for each."""
        common = reduce(lambda a, q: a.lcm(q.denominator), functions, self.ring.one)
        d = len(self.variables)
        constant = [
            d + k
            for k, symbol in enumerate(self.generators.symbols)
            if self.generators.is_constant(symbol)
        ]
        domain, numbers = self._numbers(constant)
        rows: dict[tuple[int, ...], dict[int, object]] = {}
        for column, q in enumerate(functions):
            for exponents, coefficient in self.reduced(
                q.numerator * common.exquo(q.denominator)
            ).terms():
                key = tuple(0 if k in constant else e for k, e in enumerate(exponents))
                value = domain.convert_from(coefficient, sympy.QQ)
                for k, number in zip(constant, numbers, strict=True):
                    value *= number ** exponents[k]
                row = rows.setdefault(key, {})
                row[column] = row.get(column, domain.zero) + value
        full = [{j: c for j, c in row.items() if c} for row in rows.values()]
        full = [row for row in full if row]
        return DomainMatrix(dict(enumerate(full)), (len(full), len(functions)), domain).to_field()

    def _numbers(self, positions: Sequence[int]) -> tuple[Any, list[Any]]:
        """A field with the irrational numbers among the generators, and these numbers in it."""
        symbols = [self.ring.symbols[k] for k in positions]
        if not symbols:
            return sympy.QQ, []
        meanings = [self.generators.unrooted(s) for s in symbols]
        if all(m.is_algebraic for m in meanings):
            field = sympy.QQ.algebraic_field(*meanings)
            return field, [field.from_sympy(m) for m in meanings]
        field = sympy.QQ.frac_field(*symbols)
        return field, list(field.gens)


class DirectionField(Quotients):
    """A flow's direction field without common factors: n = φ f with polynomials n_j.

    `components` are the n_j, φ is `common`/`factor`.
    """

    def __init__(self, variables: Sequence[sympy.Symbol], expressions: Sequence[sympy.Expr]):
        super().__init__(variables, expressions)
        one, zero = self.ring.one, self.ring.zero
        common = reduce(lambda a, q: a.lcm(q.denominator), self.quotients, one)
        cleared = [self.reduced(q.numerator * common.exquo(q.denominator)) for q in self.quotients]
        factor = reduce(lambda a, n: a.gcd(n), cleared, zero) or one
        self.components = tuple(n.exquo(factor) for n in cleared)
        self.common, self.factor = common, factor
        self._motions = [Quotient(sympy.Integer(0), n, one) for n in self.components]
        generators = self.generators
        for symbol in generators.symbols:
            q = generators.root(symbol)
            change = sum(
                generators.slope(symbol, v) * generators.in_generators(n.as_expr())
                for v, n in zip(self.variables, self.components, strict=True)
            )
            motion = change / (q * symbol ** sympy.Rational(q - 1, q))
            self._motions.append(self._quotient(sympy.sympify(motion), sympy.Integer(0)))
        self._clearing = reduce(lambda a, m: a.lcm(m.denominator), self._motions, one)

    def along(self, p: PolyElement) -> Quotient:
        """∇p·n of a polynomial of the ring."""
        result = self.ring.zero
        for symbol, motion in zip(self.ring.gens, self._motions, strict=False):  # i does not move
            if motion.numerator and (slope := p.diff(symbol)):
                result += slope * motion.numerator * self._clearing.exquo(motion.denominator)
        return Quotient(sympy.Integer(0), self.reduced(result), self._clearing)

    def change(self, q: Quotient) -> Quotient:
        """∇q·n, uncancelled."""
        n, d = self.along(q.numerator), self.along(q.denominator)
        numerator = n.numerator * q.denominator - q.numerator * d.numerator
        return Quotient(q.meaning, self.reduced(numerator), n.denominator * q.denominator**2)

    def divergence(self) -> Quotient:
        """div n."""
        generators = self.generators
        total = sum(
            generators.derivative(generators.in_generators(n.as_expr()), v)
            for n, v in zip(self.components, self.variables, strict=True)
        )
        return self._quotient(sympy.sympify(total), sympy.Integer(0))
