"""Fields of real constants in which zero is told exactly, and one of many digits where there is none.

Constants are rational expressions in some numbers: algebraic ones, which generate a number field Q(α), and
others (exp(1), log(2), tan(1/2)), which become the variables of a field of rational functions over it. An
element that is zero there is zero; one that is not is confirmed by its value to many digits, since the
variables may be dependent in ways that nobody has proved or disproved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy
from sympy import QQ, ZZ

from ..dynamics.functions import sigmoid, softplus
from ..equilibria.exact import number_is_zero

_DIGITS = 60
_HIGHEST_DEGREE = 16  # of a number field that can still be computed in


class Undecidable(Exception):
    """A constant is zero to many digits, and nobody has proved that it is."""


class ExactField:
    """The field that given constants generate, with exact zeros; see the module.

    Elements are those of `domain`, a SymPy domain.
    """

    exact = True

    def __init__(self, constants: Iterable[sympy.Expr]):
        """`constants`: real constant expressions; what they are made of generates the field.

        Raises `Undecidable` where the field is too large to compute in.
        """
        self._plain: dict[sympy.Expr, sympy.Expr] = {}
        atoms: dict[sympy.Expr, None] = {}
        for constant in constants:
            _collect(self._normal(constant), atoms)
        algebraic = [a for a in atoms if a.is_algebraic]
        others = [a for a in atoms if not a.is_algebraic]
        self._images: dict[sympy.Expr, Any] = {}
        domain: Any = QQ
        if algebraic:
            domain, images = _number_field(algebraic)
            self._images = dict(zip(algebraic, images, strict=True))
        self._others: Sequence[sympy.Expr] = []
        if others:
            bases = _bases(others)
            self._others = list(dict.fromkeys(base for base, _ in bases.values()))
            symbols = [sympy.Dummy(f"t{i}") for i in range(len(self._others))]
            lower = ZZ if domain is QQ else domain  # whose quotients cost less
            domain = lower.frac_field(*symbols)
            self._images = {a: domain.convert(v, lower) for a, v in self._images.items()}
            place = {base: domain.gens[i] for i, base in enumerate(self._others)}
            for atom, (base, multiple) in bases.items():
                image = _multiple_angle if isinstance(base, sympy.tan) else pow
                self._images[atom] = image(place[base], multiple)
        self.domain = domain
        self._context = mpmath.MPContext()
        self._context.dps = _DIGITS
        self._values: dict[Any, Any] = {}

    @property
    def zero(self) -> Any:
        return self.domain.zero

    @property
    def one(self) -> Any:
        return self.domain.one

    def _normal(self, constant: sympy.Expr) -> sympy.Expr:
        found = self._plain.get(constant)
        if found is None:
            found = self._plain[constant] = normal_constant(constant)
        return found

    def number(self, constant: sympy.Expr) -> Any:
        """The element that equals a constant expression of those that the field was made of."""
        try:
            return self._convert(self._normal(sympy.sympify(constant)))
        except ZeroDivisionError:
            raise Undecidable(f"{constant} has a zero in a denominator") from None

    def _convert(self, e: Any) -> Any:
        if e.is_Rational:
            return self.domain.convert(QQ(int(e.p), int(e.q)), QQ)
        if e in self._images:
            return self._images[e]
        if e.is_Add:
            return sum((self._convert(a) for a in e.args), self.zero)
        if e.is_Mul:
            total = self.one
            for a in e.args:
                total = total * self._convert(a)
            return total
        if e.is_Pow and e.exp.is_Integer:
            base = self._convert(e.base)
            power = base ** abs(int(e.exp))
            return power if e.exp > 0 else self.one / power
        raise Undecidable(f"{e} is not in the field")

    def is_zero(self, element: Any) -> bool:
        """Whether an element is zero; raises `Undecidable` where it looks like it and is not known to be."""
        if not element:
            return True
        if self._others and abs(self.value(element)) < mpmath.mpf(10) ** (-_DIGITS // 2):
            if number_is_zero(self.expression(element)):
                # what is zero without being so in the field makes its other elements doubtful, too
                raise Undecidable("two of the constants depend on each other")
            raise Undecidable(f"{self.expression(element)} may be zero")
        return False

    def expression(self, element: Any) -> sympy.Expr:
        """An element as a SymPy expression."""
        found = self.domain.to_sympy(element)
        if self._others:
            found = found.xreplace(dict(zip(self.domain.symbols, self._others, strict=True)))
        return found

    def value(self, element: Any) -> Any:
        """An element to 60 digits, as an mpmath number."""
        context = self._context
        if self.domain is QQ:
            return context.mpf(int(element.numerator)) / int(element.denominator)
        if not self._others:
            return self._algebraic(element, self.domain)
        numerator, denominator = (self._polynomial(p) for p in (element.numer, element.denom))
        return numerator / denominator

    def fraction(self, element: Any) -> Fraction:
        """A rational number that an element is equal to, or to 60 digits."""
        if self.domain is QQ:
            return Fraction(int(element.numerator), int(element.denominator))
        return as_fraction(self.value(element))

    def _polynomial(self, polynomial: Any) -> Any:
        context, lower = self._context, self.domain.domain
        total = context.zero
        for exponents, coefficient in polynomial.terms():
            term = self._algebraic(coefficient, lower)
            for base, exponent in zip(self._others, exponents, strict=True):
                term *= self._constant(base) ** exponent
            total += term
        return total

    def _algebraic(self, element: Any, domain: Any) -> Any:
        context = self._context
        if domain in (QQ, ZZ):
            return context.mpf(int(element.numerator)) / int(element.denominator)
        root, total = self._constant(domain.ext.as_expr()), context.zero
        for coefficient in element.to_list():
            total = total * root + context.mpf(int(coefficient.numerator)) / int(
                coefficient.denominator
            )
        return total

    def _constant(self, e: sympy.Expr) -> Any:
        if e not in self._values:
            self._values[e] = digits(e, self._context)
        return self._values[e]


class ManyDigits:
    """Real numbers of many digits in the place of a field: never proof of a zero.

    **Arguments:**

    - `decimals`: how many digits are kept; what is below 10^(−2/3 of them) is taken for zero.
    """

    exact = False

    def __init__(self, decimals: int):
        self._context = mpmath.MPContext()
        self._context.dps = decimals
        self.zero, self.one = self._context.zero, self._context.one
        self.small = self._context.mpf(10) ** (-2 * decimals // 3)

    def number(self, constant: sympy.Expr) -> Any:
        """The constant expression's value."""
        return digits(constant, self._context)

    def is_zero(self, element: Any) -> bool:
        """Whether an element cannot be told from zero."""
        return abs(element) <= self.small

    def value(self, element: Any) -> Any:
        """The element itself."""
        return element

    def fraction(self, element: Any) -> Fraction:
        """The element as a rational number."""
        return as_fraction(element)


def as_fraction(number: Any) -> Fraction:
    """An mpmath number as the rational number that it is."""
    sign, mantissa, exponent, _ = number._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def digits(constant: sympy.Expr, context: Any) -> Any:
    """A real constant expression in an mpmath context, with all its digits.

    Raises `Undecidable` where SymPy cannot compute it.
    """
    if constant.is_Rational:
        return context.mpf(int(constant.p)) / int(constant.q)
    value = constant.evalf(context.dps + 10, maxn=10 * context.dps)
    if not (value.is_Float or value.is_Rational):
        raise Undecidable(f"{constant} cannot be computed")
    if value.is_Float and value._prec == 1:  # so SymPy marks what it cannot tell from zero
        return context.zero
    return context.make_mpf(value._mpf_) if value.is_Float else digits(value, context)


# ---- one spelling for each constant ----------------------------------------------------------


def normal_constant(constant: sympy.Expr) -> sympy.Expr:
    """A constant written with few kinds of functions, so that related ones are seen to be.

    Sigmoids and hyperbolic functions are rational in exponentials, sines and cosines in tan of half the
    argument, logarithms of rational numbers sums of those of primes.
    """
    if not constant.args or constant.is_Rational:
        return constant
    if constant.is_algebraic and not (constant.is_Add or constant.is_Mul):
        return constant
    arguments = [normal_constant(a) for a in constant.args]
    if isinstance(constant, _REWRITTEN):
        arguments = [sympy.expand(a) for a in arguments]
        return normal_constant(_rewritten(constant, arguments[0]))
    if isinstance(constant, sympy.tan):
        return _tangent(arguments[0])
    if isinstance(constant, sympy.exp):
        exponent = sympy.expand(arguments[0])
        return sympy.Mul(*(sympy.exp(term) for term in sympy.Add.make_args(exponent)))
    if isinstance(constant, sympy.log):
        return sympy.expand_log(sympy.log(sympy.together(arguments[0])), force=False, factor=True)
    return constant.func(*arguments)


_REWRITTEN = (
    sympy.sin, sympy.cos, sympy.sinh, sympy.cosh, sympy.tanh, sigmoid, softplus,
)  # fmt: skip


def _rewritten(function: Any, z: sympy.Expr) -> sympy.Expr:
    e = sympy.exp(z)
    match function:
        case sympy.sin():
            half = _tangent(z / 2)
            return 2 * half / (1 + half**2)
        case sympy.cos():
            half = _tangent(z / 2)
            return (1 - half**2) / (1 + half**2)
        case sympy.sinh():
            return (e - 1 / e) / 2
        case sympy.cosh():
            return (e + 1 / e) / 2
        case sympy.tanh():
            return (e**2 - 1) / (e**2 + 1)
        case sigmoid():
            return e / (1 + e)
        case _:
            return sympy.log(1 + e)


def _tangent(z: sympy.Expr) -> Any:
    """tan of a sum by those of its terms."""
    total: Any = sympy.Integer(0)
    for term in sympy.Add.make_args(sympy.expand(z)):
        own = sympy.tan(term)
        total = (total + own) / (1 - total * own)
    return total


def _multiple_angle(tangent: Any, n: int) -> Any:
    """tan(nb) in tan(b): from (1 + i tan b)^n, whose real and imaginary parts are taken along."""
    real, imaginary = tangent**0, tangent - tangent
    for _ in range(n):
        real, imaginary = real - tangent * imaginary, imaginary + tangent * real
    return imaginary / real


def _collect(e: Any, atoms: dict[sympy.Expr, None]) -> None:
    """Adds what an expression is a rational expression of."""
    if e.is_Rational:
        return
    if e.is_Add or e.is_Mul:
        for a in e.args:
            _collect(a, atoms)
    elif e.is_Pow and e.exp.is_Integer:
        _collect(e.base, atoms)
    else:
        atoms[e] = None


def _bases(atoms: Sequence[sympy.Expr]) -> Mapping[sympy.Expr, tuple[sympy.Expr, int]]:
    """Each atom as a whole power of a base, or at a whole multiple of its angle.

    So exp(1) and exp(1/2) have the same base, as do tan(1/2) and tan(3/4).
    """
    split: dict[sympy.Expr, tuple[sympy.Expr, sympy.Rational]] = {}
    for atom in atoms:
        if isinstance(atom, sympy.exp):
            power, rest = atom.args[0].as_coeff_Mul()
            split[atom] = (sympy.exp(rest), power) if power.is_Rational else (atom, sympy.S.One)
        elif isinstance(atom, sympy.tan):
            power, rest = atom.args[0].as_coeff_Mul()
            split[atom] = (sympy.tan(rest), power) if power.is_Rational else (atom, sympy.S.One)
        elif atom.is_Pow and atom.exp.is_Rational:
            split[atom] = (atom.base, atom.exp)
        else:
            split[atom] = (atom, sympy.S.One)
    common: dict[sympy.Expr, int] = {}
    for base, power in split.values():
        common[base] = int(sympy.ilcm(common.get(base, 1), power.q))
    return {
        atom: (_root(base, common[base]), int(power * common[base]))
        for atom, (base, power) in split.items()
    }


def _root(base: sympy.Expr, n: int) -> sympy.Expr:
    return (
        sympy.tan(base.args[0] / n) if isinstance(base, sympy.tan) else base ** sympy.Rational(1, n)
    )


def _degree(atom: Any) -> int:
    """The degree of an algebraic number where it is plain to see, else a small one."""
    if isinstance(atom, sympy.CRootOf):
        return int(atom.poly.degree())
    return int(atom.exp.q) if atom.is_Pow and atom.exp.is_Rational else 2


def _number_field(atoms: Sequence[sympy.Expr]) -> tuple[Any, list[Any]]:
    """Q(atoms) as a SymPy domain, and the atoms in it."""
    if math.prod(map(_degree, atoms)) > 2 * _HIGHEST_DEGREE:
        raise Undecidable("the number field is too large")
    polynomial, multiples, representations = sympy.polys.numberfields.primitive_element(
        list(atoms), ex=True, polys=True
    )
    if polynomial.degree() > _HIGHEST_DEGREE:
        raise Undecidable("the number field is too large")
    root = sympy.Add(*(c * a for c, a in zip(multiples, atoms, strict=True)))
    domain = QQ.algebraic_field((polynomial, root))
    return domain, [domain([QQ.convert(c) for c in r]) for r in representations]
