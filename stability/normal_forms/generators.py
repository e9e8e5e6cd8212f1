"""Expressions as rational functions of independent generators, where an identity is one of polynomials.

Each exponential, logarithm, root, sine, … becomes a symbol: exp(x + 2y) is X Y², sin x is (z − 1/z)/(2i),
log(1 + 1/X) is log(1 + X) − x. Whatever vanishes as a rational function of the symbols vanishes; the
converse holds as far as the generators are algebraically independent, so that a difference which does not
vanish is only "not shown to".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import reduce

import sympy

from ..dynamics.functions import sigmoid, softplus

_MOST = 40  # generators: what has more is no formula for this room
_TRIGONOMETRIC = (sympy.sin, sympy.cos, sympy.tan)
_HYPERBOLIC = (sympy.sinh, sympy.cosh, sympy.tanh)


class NotCovered(Exception):
    """An expression that is not made of the functions that are known here."""


class Generators:
    """The generators of a field of functions of `variables`, which is closed under derivatives.

    **Arguments:**

    - `variables`: symbols.
    - `expressions`: what the field has to contain.

    `symbols` are the generators besides the variables, `meaning` maps each to its expression. Raises
    `NotCovered` for expressions with other functions than those of game files away from their kinks.
    """

    def __init__(self, variables: Sequence[sympy.Symbol], expressions: Iterable[sympy.Expr] = ()):
        self.variables = tuple(variables)
        self.meaning: dict[sympy.Symbol, sympy.Expr] = {}
        self._keys: dict[object, sympy.Symbol] = {}
        self._roots: dict[sympy.Symbol, sympy.Expr] = {}  # B ↦ the base that it stands for
        self._exponents: dict[sympy.Symbol, sympy.Expr] = {}  # E ↦ u where E is exp(u)
        self._slopes: dict[tuple[sympy.Symbol, sympy.Symbol], sympy.Expr] = {}
        self.imaginary = sympy.Dummy("i")
        self._converted: dict[sympy.Expr, sympy.Expr] = {}
        for e in expressions:
            self.convert(e)
        for symbol in self._growing():
            for v in self.variables:
                self.slope(symbol, v)

    def _growing(self):
        done = 0
        while done < len(self.meaning):
            yield list(self.meaning)[done]
            done += 1

    @property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        return tuple(self.meaning)

    def is_constant(self, symbol: sympy.Symbol) -> bool:
        """Whether a generator stands for a number."""
        return not self.meaning[symbol].free_symbols

    def back(self, e: sympy.Expr) -> sympy.Expr:
        """An expression in the generators, as one in the variables."""
        return e.xreplace({self.imaginary: sympy.I, **self.meaning})

    def convert(self, e: sympy.Expr) -> sympy.Expr:
        """An expression in the variables, as one in the generators and rational powers of them."""
        if e not in self._converted:
            self._converted[e] = self._convert(e)
        return self._converted[e]

    def slope(self, generator: sympy.Symbol, v: sympy.Symbol) -> sympy.Expr:
        """∂/∂v of a generator, in the generators."""
        if (generator, v) not in self._slopes:
            if generator in self._roots:
                slope = self.derivative(self._roots[generator], v)
            elif generator in self._exponents:
                slope = self.derivative(self._exponents[generator], v) * generator
            else:
                slope = self.convert(sympy.diff(self.meaning[generator], v))
            self._slopes[generator, v] = slope
        return self._slopes[generator, v]

    def derivative(self, e: sympy.Expr, v: sympy.Symbol) -> sympy.Expr:
        """∂/∂v of an expression in the generators."""
        result = sympy.diff(e, v)
        for g in e.free_symbols & self.meaning.keys():
            inner = self.slope(g, v)
            if inner != 0:
                result += sympy.diff(e, g) * inner
        return result

    def fraction(self, e: sympy.Expr) -> tuple[sympy.Poly, sympy.Poly]:
        """Numerator and denominator of an expression in the generators, two polynomials.

        They are in `polynomial_symbols`, with those of all that was converted so far, and `reduced`.
        """
        units = self._units()
        put = {s: s**q for s, q in units.items() if q > 1}
        numerator, denominator = sympy.fraction(sympy.together(e.xreplace(put)))
        symbols = self.polynomial_symbols
        return self.reduced(sympy.Poly(numerator, *symbols)), self.reduced(
            sympy.Poly(denominator, *symbols)
        )

    @property
    def polynomial_symbols(self) -> tuple[sympy.Symbol, ...]:
        return (*self.variables, *self.meaning, self.imaginary)

    @property
    def related(self) -> bool:
        """Whether there are algebraic relations among the symbols of the polynomials."""
        return bool(self._roots) or any(m.has(sympy.I) for m in self.meaning.values())

    def root(self, symbol: sympy.Symbol) -> int:
        """The q for which the symbol in `fraction`'s polynomials is the q-th root of the generator."""
        return self._units().get(symbol, 1)

    def in_generators(self, e: sympy.Expr) -> sympy.Expr:
        """An expression in the symbols of `fraction`'s polynomials, as one in the generators."""
        roots = {s: s ** sympy.Rational(1, q) for s, q in self._units().items() if q > 1}
        return e.xreplace(roots)

    def unrooted(self, e: sympy.Expr) -> sympy.Expr:
        """The same, as one in the variables."""
        return self.back(self.in_generators(e))

    def reduced(self, polynomial: sympy.Poly) -> sympy.Poly:
        """A polynomial with i² = −1 and the relations of roots put in."""
        i = self.imaginary
        if polynomial.degree(i) > 1:
            polynomial = _remainder(polynomial, sympy.Poly(i**2 + 1, *polynomial.gens), i)
        for symbol, base in self._roots.items():
            q = self._units().get(symbol, 1)
            if polynomial.degree(symbol) >= q:
                relation = sympy.Poly(symbol**q - base, *polynomial.gens)
                polynomial = _remainder(polynomial, relation, symbol)
        return polynomial

    def vanishes(self, e: sympy.Expr) -> bool:
        """Whether an expression in the variables is identically zero; False where that is not shown."""
        return self.fraction(self.convert(e))[0].is_zero

    def _units(self) -> dict[sympy.Symbol, int]:
        """The common denominator of the powers in which each generator occurs."""
        units: dict[sympy.Symbol, int] = {}
        for e in (*self._converted.values(), *self._slopes.values()):
            for power in e.atoms(sympy.Pow):
                if power.base.is_Symbol and power.exp.is_Rational and not power.exp.is_Integer:
                    old = units.get(power.base, 1)
                    units[power.base] = math.lcm(old, int(power.exp.q))
        return units

    def _convert(self, e: sympy.Expr) -> sympy.Expr:
        if e.is_Rational or e in self.variables:
            return e
        if e is sympy.I:
            return self.imaginary
        if e.is_Add or e.is_Mul:
            return e.func(*map(self.convert, e.args))
        if e is sympy.E:
            return self._exponential(sympy.Integer(1), 1)
        if isinstance(e, sympy.exp):
            return self._exponential(e.exp, 1)
        if e.is_Pow:
            return self._power(e.base, e.exp)
        if isinstance(e, sigmoid):
            u = self._exponential(e.args[0], 1)
            return u / (1 + u)
        if isinstance(e, softplus):
            return self.convert(sympy.log(1 + sympy.exp(e.args[0])))
        if isinstance(e, sympy.log):
            return self._logarithm(e.args[0])
        if isinstance(e, _TRIGONOMETRIC):
            z, i = self._exponential(e.args[0], sympy.I), self.imaginary
            sine, cosine = (z - 1 / z) / (2 * i), (z + 1 / z) / 2
            return {sympy.sin: sine, sympy.cos: cosine, sympy.tan: sine / cosine}[e.func]
        if isinstance(e, _HYPERBOLIC):
            u = self._exponential(e.args[0], 1)
            sine, cosine = (u - 1 / u) / 2, (u + 1 / u) / 2
            return {sympy.sinh: sine, sympy.cosh: cosine, sympy.tanh: sine / cosine}[e.func]
        if isinstance(e, sympy.atan | sympy.erf | sympy.asinh | sympy.asin | sympy.acos):
            inside = self._canonical(e.args[0])
            return self._generator((e.func, inside), e.func(self.back(inside)))
        if e is sympy.pi:
            return self._generator(e, e)
        raise NotCovered

    def _generator(self, key: object, meaning: sympy.Expr) -> sympy.Symbol:
        if key not in self._keys:
            if len(self._keys) >= _MOST:
                raise NotCovered
            self._keys[key] = symbol = sympy.Dummy(f"g{len(self._keys)}", positive=True)
            self.meaning[symbol] = meaning
        return self._keys[key]

    def _canonical(self, e: sympy.Expr) -> sympy.Expr:
        """An argument in one form, however it was typed."""
        return sympy.cancel(sympy.expand(self.convert(e)))

    def _exponential(self, exponent: sympy.Expr, unit: sympy.Expr) -> sympy.Expr:
        """exp(unit · exponent), a product of powers of the exponentials of its terms."""
        product: sympy.Expr = sympy.Integer(1)
        for term in sympy.Add.make_args(sympy.expand(self._canonical(exponent))):
            rational, rest = term.as_coeff_Mul(rational=True)
            meaning = self.back(rest)
            if unit == 1 and isinstance(meaning, sympy.log):
                product *= self._power(meaning.args[0], rational)
                continue
            generator = self._generator(("exp", unit, rest), sympy.exp(unit * meaning))
            self._exponents[generator] = rest if unit == 1 else self.imaginary * rest
            product *= generator**rational
        return product

    def _power(self, base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
        if exponent.is_Integer:
            return self.convert(base) ** exponent
        if not exponent.is_Rational:
            return self._exponential(exponent * sympy.log(base), 1)
        if base.is_Rational:
            if base < 0:
                raise NotCovered
            product: sympy.Expr = sympy.Integer(1)
            for prime, multiplicity in sympy.factorrat(base).items():
                product *= self._base(sympy.Integer(prime)) ** (multiplicity * exponent)
            return product
        above, below = sympy.fraction(sympy.together(self._canonical(base)))
        if not self._is_positive(below):
            raise NotCovered
        inside = sympy.expand(above * below ** (exponent.q - 1))
        return self._base(inside) ** exponent / below**exponent.p

    def _is_positive(self, e: sympy.Expr) -> bool:
        """Whether a polynomial is a sum of positive terms: of exponentials, with positive coefficients."""
        real = {s for s, u in self._exponents.items() if not u.has(self.imaginary)}
        terms = sympy.Add.make_args(sympy.expand(e))
        return e.free_symbols <= real and all(t.as_coeff_Mul()[0] > 0 for t in terms)

    def _base(self, base: sympy.Expr) -> sympy.Symbol:
        symbol = self._generator(("root", base), self.back(base))
        self._roots[symbol] = base
        return symbol

    def _logarithm(self, argument: sympy.Expr) -> sympy.Expr:
        """The logarithm of a positive expression: exponentials that can be taken out of it are."""
        inside = sympy.factor_terms(self._canonical(argument))
        result: sympy.Expr = sympy.Integer(0)
        rest: sympy.Expr = sympy.Integer(1)
        for factor in sympy.Mul.make_args(inside):
            base, power = factor.as_base_exp()
            if isinstance(self.meaning.get(base), sympy.exp) and power.is_Rational:
                result += power * self.convert(self.meaning[base].args[0])
            else:
                rest *= factor
        if rest == 1:
            return result
        return result + self._generator(("log", rest), sympy.log(self.back(rest)))


def _remainder(polynomial: sympy.Poly, relation: sympy.Poly, symbol: sympy.Symbol) -> sympy.Poly:
    """The polynomial modulo a relation that is monic in `symbol`."""
    degree = relation.degree(symbol)
    replacement = sympy.Poly(symbol**degree, *relation.gens) - relation
    while polynomial.degree(symbol) >= degree:
        position = polynomial.gens.index(symbol)
        kept: dict[tuple[int, ...], sympy.Expr] = {}
        parts = [sympy.Poly(0, *polynomial.gens)]
        for exponents, coefficient in polynomial.terms():
            if exponents[position] < degree:
                kept[exponents] = coefficient
                continue
            low = list(exponents)
            low[position] -= degree
            parts.append(sympy.Poly({tuple(low): coefficient}, *polynomial.gens) * replacement)
        rest = sympy.Poly(kept, *polynomial.gens) if kept else parts[0]
        polynomial = reduce(lambda a, b: a + b, parts, rest)
    return polynomial
