"""Truncated power series of SymPy expressions along a map, over any field of coefficients.

An expression is written once as a program of few operations, and the program is run degree by degree: the
part of degree n of every intermediate result comes from parts of degree at most n (Griewank and Walther,
Evaluating Derivatives, 2nd ed., §13.2, with the Euler operator Σ yᵢ∂ᵢ in the place of d/dt, so that there may
be any number of small variables yᵢ). So a term of the argument may be found from what those before it give.

A function f(g) needs only its value and its derivative as an expression: y = f(g) obeys
Σ yᵢ∂ᵢ y = f′(g) Σ yᵢ∂ᵢ g, whose part of degree n is n yₙ = Σ k gₖ f′(g)ₙ₋ₖ;
f′ may lead back to f, as for exp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import sympy

from ..errors import InputError

_SHIFT = 8  # bits of an exponent in a packed monomial
_MANY = 5000  # operations

Part = dict[int, Any]  # a homogeneous polynomial: packed monomial to coefficient, without zeros


class NotAnalytic(InputError):
    """An expression has no power series at the point: a kink, a root of zero, an unknown function."""


class Field(Protocol):
    """A field of real numbers: what is needed of it here. Its elements have +, −, · and /."""

    @property
    def zero(self) -> Any: ...
    @property
    def one(self) -> Any: ...
    def number(self, constant: sympy.Expr) -> Any:
        """The element that equals a constant expression."""
        ...

    def is_zero(self, element: Any) -> bool: ...
    def value(self, element: Any) -> Any:
        """The element as a number that has a sign."""
        ...


# ---- homogeneous polynomials -----------------------------------------------------------------


def packed(exponents: Sequence[int]) -> int:
    """The monomial with these exponents as one number; products of monomials are sums."""
    return sum(e << (_SHIFT * i) for i, e in enumerate(exponents))


def unpacked(monomial: int, count: int) -> tuple[int, ...]:
    """The exponents of a packed monomial in `count` variables."""
    return tuple((monomial >> (_SHIFT * i)) & ((1 << _SHIFT) - 1) for i in range(count))


def add_product(total: Part, one: Part, other: Part, factor: Any = None) -> None:
    """Adds `factor` · `one` · `other` to `total`; zeros may stay in it."""
    if len(one) > len(other):
        one, other = other, one
    for m, a in one.items():
        scaled = a if factor is None else a * factor
        for n, b in other.items():
            key = m + n
            product = scaled * b
            total[key] = total[key] + product if key in total else product


def add_multiple(total: Part, part: Part, factor: Any = None) -> None:
    """Adds `factor` · `part` to `total`; zeros may stay in it."""
    for m, a in part.items():
        own = a if factor is None else a * factor
        total[m] = total[m] + own if m in total else own


def without_zeros(part: Part) -> Part:
    """The polynomial without terms that are zero."""
    return {m: a for m, a in part.items() if a}


# ---- programs --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """One operation on earlier results (an "integral" may use its second one's lower degrees only).

    input i · constant c · sum Σ cᵢ aᵢ · product a b · power a^c · integral y: dy = b da, and c at the point.
    """

    operation: Literal["input", "constant", "sum", "product", "power", "integral"]
    arguments: tuple[int, ...] = ()
    constants: tuple[sympy.Expr, ...] = ()


@dataclass
class Program:
    """Expressions as operations on series: `steps`, and which of them are the expressions' values."""

    point: tuple[sympy.Expr, ...]
    steps: list[_Step] = field(default_factory=list)
    outputs: tuple[int, ...] = ()

    @property
    def constants(self) -> tuple[sympy.Expr, ...]:
        """All constants that occur: what a field has to hold, without repetition."""
        found = [*self.point, *(c for s in self.steps for c in s.constants)]
        return tuple(dict.fromkeys(found))


def program(
    variables: Sequence[sympy.Symbol],
    expressions: Sequence[sympy.Expr],
    point: Sequence[sympy.Expr],
) -> Program:
    """The operations that give the series of `expressions` in `variables` at `point`, d constant expressions.

    At a point away from their kinks abs, sign, min and max are the smooth function that they are there.

    Raises `NotAnalytic` where an expression has no power series at the point.
    """
    writer = _Writer(dict(zip(variables, point, strict=True)))
    writer.program.outputs = tuple(writer.written(e) for e in expressions)
    return writer.program


class _Writer:
    def __init__(self, point: Mapping[sympy.Symbol, sympy.Expr]):
        self.point = dict(point)
        self.program = Program(tuple(self.point.values()))
        self.places: dict[sympy.Expr, int] = {}
        for i, variable in enumerate(self.point):
            self.places[variable] = self._append(_Step("input", (i,)))

    def written(self, expression: sympy.Expr) -> int:
        """The place of the step that computes the expression."""
        place = self.places.get(expression)
        if place is None:
            place = self._write(expression)
            self.places[expression] = place
        return place

    def _append(self, step: _Step) -> int:
        if len(self.program.steps) >= _MANY:
            raise NotAnalytic(
                f"the power series takes more than {_MANY} operations; write a simpler expression"
            )
        self.program.steps.append(step)
        return len(self.program.steps) - 1

    def _write(self, e: Any) -> int:
        if not e.free_symbols:
            return self._append(_Step("constant", (), (_exact(e),)))
        if e.is_Add:
            terms = [term.as_coeff_Mul() for term in e.args]
            places = tuple(self.written(rest) for _, rest in terms)
            return self._append(_Step("sum", places, tuple(_exact(c) for c, _ in terms)))
        if e.is_Mul:
            numbers = [a for a in e.args if not a.free_symbols]
            factors = [a for a in e.args if a.free_symbols]
            place = self.written(factors[0])
            for factor in factors[1:]:
                place = self._append(_Step("product", (place, self.written(factor))))
            if numbers:
                place = self._append(_Step("sum", (place,), (_exact(sympy.Mul(*numbers)),)))
            return place
        if isinstance(e, sympy.exp):
            return self._function(e, e.args[0])
        if e.is_Pow:
            return self._power(e.base, e.exp)
        if isinstance(e, sympy.Max | sympy.Min | sympy.Abs | sympy.sign | sympy.Heaviside):
            return self.written(self._branch(e))
        if isinstance(e, sympy.Function) and len(e.args) == 1:
            return self._function(e, e.args[0])
        raise NotAnalytic(f"no power series is known of {e.func}; write it with other functions")

    def _at_point(self, e: sympy.Expr) -> sympy.Expr:
        return _exact(put_in(e, self.point))

    def _function(self, e: Any, argument: sympy.Expr) -> int:
        inner = self.written(argument)
        value = self._at_point(e)
        if not value.is_finite and value.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan):
            raise NotAnalytic(f"{e} has no value at the point")
        place = self._append(_Step("constant", (), (value,)))  # its derivative may refer to it
        self.places[e] = place
        try:
            slope = self.written(e.fdiff(1))
        except sympy.core.function.ArgumentIndexError:
            raise NotAnalytic(f"the derivative of {e.func} is not known") from None
        self.program.steps[place] = _Step("integral", (inner, slope), (value,))
        return place

    def _power(self, base: sympy.Expr, exponent: Any) -> int:
        if exponent.free_symbols:
            return self.written(sympy.exp(exponent * sympy.log(base), evaluate=False))
        place = self.written(base)
        if exponent.is_Integer and exponent > 0:
            return self._positive_power(place, int(exponent))
        value = sympy.Integer(0)
        if not exponent.is_Integer:  # the value of an integer power follows from that of the base
            value = self._at_point(base**exponent)
            if _sign(self._at_point(base), base) < 0:
                raise NotAnalytic(f"{base} is negative at the point, and its power no real number")
        return self._append(_Step("power", (place,), (_exact(exponent), value)))

    def _positive_power(self, place: int, exponent: int) -> int:
        if exponent == 1:
            return place
        half = self._positive_power(place, exponent // 2)
        square = self._append(_Step("product", (half, half)))
        return square if exponent % 2 == 0 else self._append(_Step("product", (square, place)))

    def _branch(self, e: Any) -> sympy.Expr:
        """The smooth function that a function with kinks is around the point."""
        if isinstance(e, sympy.Max | sympy.Min):
            side = 1 if isinstance(e, sympy.Max) else -1
            best = e.args[0]
            for other in e.args[1:]:
                difference = other - best
                if _sign(self._at_point(difference), difference) == side:
                    best = other
            return best
        side = _sign(self._at_point(e.args[0]), e.args[0])
        if isinstance(e, sympy.Abs):
            return side * e.args[0]
        return sympy.Integer(side if isinstance(e, sympy.sign) else (side + 1) // 2)


def put_in(e: sympy.Expr, values: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """An expression at these values; SymPy would put them into the polynomials of its roots, too."""
    roots = {root: sympy.Dummy() for root in e.atoms(sympy.CRootOf)}
    if not roots:
        return e.xreplace(dict(values))
    return e.xreplace(roots).xreplace(dict(values)).xreplace({s: root for root, s in roots.items()})


def _exact(constant: sympy.Expr) -> sympy.Expr:
    """A constant with floats at their exact binary value."""
    floats = constant.atoms(sympy.Float)
    return constant.xreplace({f: sympy.Rational(f) for f in floats}) if floats else constant


def _sign(value: sympy.Expr, what: sympy.Expr) -> int:
    """The sign of a constant; raises `NotAnalytic` at zero, which is where the kink lies."""
    number = value if value.is_Rational else value.evalf(30, maxn=200)
    if not (number.is_Rational or (number.is_Float and number._prec > 1)) or number == 0:
        raise NotAnalytic(f"{what} is zero at the point, where the expression has a kink")
    return 1 if number > 0 else -1


# ---- running them ----------------------------------------------------------------------------


class Composition:
    """The series of F(W(y)), degree by degree, where W is known only so far.

    **Arguments:**

    - `written`: the operations of F, from `program`.
    - `over`: the field of the coefficients.

    `inputs` are set degree by degree: `part(n, inputs)` with the homogeneous parts of degree n of the d
    components of W gives those of F(W). A degree may be computed again with other inputs, as long as no
    higher degree has been asked for.
    """

    def __init__(self, written: Program, over: Field):
        self._steps = written.steps
        self._outputs = written.outputs
        self._field = over
        self._point = [over.number(c) for c in written.point]
        self._numbers = [tuple(over.number(c) for c in s.constants) for s in self._steps]
        self._parts: list[list[Part]] = [[] for _ in self._steps]
        self._inverse: dict[int, Any] = {}  # of powers' bases at the point
        for place, step in enumerate(self._steps):
            self._parts[place] = [without_zeros({0: self._value(place, step)})]

    def value(self) -> list[Any]:
        """F at the point."""
        return [self._parts[o][0].get(0, self._field.zero) for o in self._outputs]

    def part(self, degree: int, inputs: Sequence[Part]) -> list[Part]:
        """The parts of that `degree` of F(W), from those of W, `inputs`; degrees are asked for in turn."""
        for place, step in enumerate(self._steps):
            parts = self._parts[place]
            del parts[degree:]
            parts.append(self._part(degree, place, step, inputs))
        return [self._parts[o][degree] for o in self._outputs]

    def _value(self, place: int, step: _Step) -> Any:
        numbers = self._numbers[place]
        own = [
            self._parts[a][0].get(0, self._field.zero)
            for a in step.arguments
            if step.operation not in ("input", "integral")
        ]
        match step.operation:
            case "input":
                return self._point[step.arguments[0]]
            case "constant" | "integral":
                return numbers[0]
            case "sum":
                total = self._field.zero
                for number, value in zip(numbers, own, strict=True):
                    total = total + number * value
                return total
            case "product":
                return own[0] * own[1]
            case "power":
                if self._field.is_zero(own[0]):
                    raise NotAnalytic("the base of a negative or broken power is zero at the point")
                self._inverse[place] = self._field.one / own[0]
                exponent = step.constants[0]
                if exponent.is_Integer:
                    return self._inverse[place] ** abs(int(exponent))
                return numbers[1]

    def _part(self, n: int, place: int, step: _Step, inputs: Sequence[Part]) -> Part:
        total: Part = {}
        parts = self._parts
        match step.operation:
            case "input":
                return inputs[step.arguments[0]]
            case "constant":
                return total
            case "sum":
                for number, a in zip(self._numbers[place], step.arguments, strict=True):
                    add_multiple(total, parts[a][n], None if number == self._field.one else number)
            case "product":
                one, other = (parts[a] for a in step.arguments)
                if one is other:
                    for k in range((n + 1) // 2):
                        add_product(total, one[k], one[n - k])
                    total = {m: a + a for m, a in total.items()}
                    if n % 2 == 0:
                        add_product(total, one[n // 2], one[n // 2])
                else:
                    for k in range(n + 1):
                        add_product(total, one[k], other[n - k])
            case "power":  # n a₀ cₙ = Σ (p k − (n − k)) aₖ cₙ₋ₖ, as a c′ = p a′ c
                base, own, power = parts[step.arguments[0]], parts[place], self._numbers[place][0]
                for k in range(1, n + 1):
                    factor = power * k - self._field.one * (n - k)
                    add_product(total, base[k], own[n - k], factor)
                scale = self._inverse[place] / n
                total = {m: a * scale for m, a in total.items()}
            case "integral":
                inner, slope = (parts[a] for a in step.arguments)
                for k in range(1, n + 1):
                    add_product(total, inner[k], slope[n - k], self._field.one * k)
                total = {m: a / n for m, a in total.items()}
        return without_zeros(total)
