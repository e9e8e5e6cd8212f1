"""The functions of game files that SymPy lacks, and the road from SymPy to JAX.

`sigmoid` and `softplus` are kept whole instead of being written with `exp`, because their
derivatives are again sigmoids (so that closed forms stay short) and because JAX then uses formulas
that neither overflow nor lose digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import mpmath
import numpy as np
import sympy
from sympy.printing.numpy import JaxPrinter

_GUARD_BITS = 10
_MANY_TERMS = 24  # of a sum, from which on it is computed from a table
_MANY_IN_ALL = 200  # of all sums, from which on all are
_HIGHEST_POWER = 8


class _RealFunction(sympy.Function):
    """A positive function of one real variable, computed by mpmath to any number of digits."""

    if TYPE_CHECKING:  # SymPy's metaclass hides that a call gives an expression

        def __new__(cls, *args: Any) -> Any: ...

    nargs = 1
    _mpmath_value: Callable[[Any], Any]
    _eval_rewrite_as_exp: Callable[..., sympy.Expr]

    def _eval_is_real(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_evalf(self, prec: int) -> sympy.Expr | None:
        argument: Any = self.args[0]
        if not argument.is_number:
            return None
        # Both functions fall like e^z, so an absolute error in z is a relative error in the value.
        magnitude = mpmath.mag(argument._to_mpmath(_GUARD_BITS))
        working = prec + _GUARD_BITS + max(0, int(magnitude))
        with mpmath.workprec(working):
            value = self._mpmath_value(argument._to_mpmath(working))
        return sympy.Expr._from_mpmath(value, prec)

    def _eval_rewrite_as_tractable(self, argument: sympy.Expr, **_: Any) -> sympy.Expr:
        return self._eval_rewrite_as_exp(argument)  # what SymPy's limits work on


class sigmoid(_RealFunction):
    """The logistic function 1/(1 + exp(-z))."""

    @classmethod
    def eval(cls, z: sympy.Expr) -> sympy.Expr | None:
        if z is sympy.S.Zero:
            return sympy.S.Half
        if z is sympy.oo:
            return sympy.S.One
        if z is -sympy.oo:
            return sympy.S.Zero
        return sympy.nan if z in (sympy.nan, sympy.zoo) else None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        return self * (1 - self)

    def _eval_rewrite_as_exp(self, argument: sympy.Expr, **_: Any) -> sympy.Expr:
        return 1 / (1 + sympy.exp(-argument))

    @staticmethod
    def _mpmath_value(z: Any) -> Any:
        return 1 / (1 + mpmath.exp(-z))


class softplus(_RealFunction):
    """log(1 + exp(z)), whose derivative is `sigmoid`."""

    @classmethod
    def eval(cls, z: sympy.Expr) -> sympy.Expr | None:
        if z is sympy.S.Zero:
            return sympy.log(2)
        if z is sympy.oo:
            return sympy.oo
        if z is -sympy.oo:
            return sympy.S.Zero
        return sympy.nan if z in (sympy.nan, sympy.zoo) else None

    def fdiff(self, argindex: int = 1) -> Any:
        return sigmoid(self.args[0])

    def _eval_rewrite_as_exp(self, argument: sympy.Expr, **_: Any) -> sympy.Expr:
        return sympy.log(1 + sympy.exp(argument))

    @staticmethod
    def _mpmath_value(z: Any) -> Any:
        return mpmath.log1p(mpmath.exp(z))


def log_sigmoid(z: sympy.Expr) -> sympy.Expr:
    """log(sigmoid(z)), as -softplus(-z)."""
    return sympy.Mul(-1, softplus(-z))


def relu(z: sympy.Expr) -> sympy.Expr:
    """max(z, 0)."""
    return sympy.Max(z, 0)


def jax_function(
    arguments: Sequence[sympy.Symbol], expression: sympy.Expr | Sequence[sympy.Expr]
) -> Callable[..., Any]:
    """A JAX function of one scalar per symbol that computes `expression`.

    Given a sequence of expressions the function returns a list of scalars. It can be
    differentiated, jitted and vmapped, works in the precision of its arguments, and does not
    overflow in a sigmoid or softplus. Constants are folded exactly and rounded once. In an
    expression that SymPy has differentiated twice, a kink (max, abs) is NaN at the kink itself.
    """
    # lambdify puts symbols among the modules' names, where one called "maximum" would do harm.
    stand_in = {symbol: sympy.Dummy("v", **symbol.assumptions0) for symbol in arguments}
    if isinstance(expression, sympy.Basic):
        replaced: Any = expression.xreplace(stand_in)  # pyright: ignore[reportAttributeAccessIssue]
    else:
        replaced = [component.xreplace(stand_in) for component in expression]
    return sympy.lambdify(
        list(stand_in.values()),
        replaced,
        modules=[{"nan": float("nan"), "inf": float("inf")}, "jax"],
        printer=_Printer(
            {"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": False}
        ),
        cse=True,
    )


def jax_vector_function(
    variables: Sequence[sympy.Symbol], expressions: Sequence[sympy.Expr]
) -> Callable[[Any], Any]:
    """A JAX function from (d,) to (m,) that computes `expressions` in these variables; see `jax_function`.

    Long sums of monomials are computed from a table, by a few operations on arrays: written out, a game of
    sixty players would take minutes to compile.
    """
    table, rest = _monomials(variables, expressions)
    written = jax_function(variables, rest)
    if table is None:
        return lambda x: jnp.stack([jnp.asarray(value, x.dtype) for value in written(*x)])
    rows, factors, coefficients = table
    plain = all(own == 0 for own in rest)

    def function(x: Any) -> Any:
        terms = jnp.asarray(coefficients, x.dtype)
        padded = jnp.append(x, jnp.ones(1, x.dtype))
        for column in factors.T:
            terms = terms * padded[column]
        values = jnp.zeros(len(rest), x.dtype).at[rows].add(terms)
        if plain:
            return values
        return values + jnp.stack([jnp.asarray(value, x.dtype) for value in written(*x)])

    return function


def jax_scalar_function(
    variables: Sequence[sympy.Symbol], expression: sympy.Expr
) -> Callable[[Any], Any]:
    """A JAX function from (d,) to a number; see `jax_vector_function`. No array is made of a short sum."""
    if _monomials(variables, [expression])[0] is not None:
        vector = jax_vector_function(variables, [expression])
        return lambda x: vector(x)[0]
    written = jax_function(variables, [expression])
    return lambda x: jnp.asarray(written(*x)[0], x.dtype)


def many_terms(expressions: Sequence[sympy.Expr]) -> bool:
    """Whether sums have so many terms in all that they are best computed together, from one table."""
    return sum(len(e.args) for e in expressions if e.is_Add) >= _MANY_IN_ALL


def _monomials(
    variables: Sequence[sympy.Symbol], expressions: Sequence[sympy.Expr]
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray] | None, list[sympy.Expr]]:
    """The monomials of long sums, by row, places of their factors (d is a one) and coefficient; the rest."""
    place = {v: i for i, v in enumerate(variables)}
    rows, products, coefficients, rest = [], [], [], []
    fewest = 1 if many_terms(expressions) else _MANY_TERMS
    for row, expression in enumerate(expressions):
        if not expression.is_Add or len(expression.args) < fewest:
            rest.append(expression)
            continue
        others = []
        for term in (own for summand in expression.args for own in _expanded(summand)):
            found = _factors(term, place)
            if found is None:
                others.append(term)
            else:
                rows.append(row)
                products.append(found[0])
                coefficients.append(found[1])
        rest.append(sympy.Add(*others))
    if not rows:
        return None, rest
    width = max(map(len, products))
    padded = [own + [len(place)] * (width - len(own)) for own in products]
    return (np.array(rows), np.array(padded), np.array(coefficients)), rest


def _expanded(term: sympy.Expr) -> Sequence[sympy.Expr]:
    """A square of a sum, times a number, as its monomials; of higher powers too many digits would cancel."""
    _, rest = term.as_coeff_Mul()
    square = rest.is_Pow and rest.exp == 2 and rest.base.is_Add
    return sympy.Add.make_args(sympy.expand(term)) if square else (term,)


def _factors(term: sympy.Expr, place: Mapping[sympy.Symbol, int]) -> tuple[list[int], float] | None:
    """The places of the variables that a monomial is made of, and its coefficient; None if it is none."""
    number, factors = sympy.Integer(1), []
    for factor in sympy.Mul.make_args(term):
        base, power = factor.as_base_exp()
        if factor.is_number:
            number *= factor
        elif base in place and power.is_Integer and 0 < int(power) <= _HIGHEST_POWER:
            factors += [place[base]] * int(power)
        else:
            return None
    return factors, _number(number)


class _Printer(JaxPrinter):
    """SymPy's printer, except that constants become floats and the kinks and sigmoids are JAX's."""

    def _print(self, expr: Any, **kwargs: Any) -> str:
        if isinstance(expr, sympy.Expr) and expr.is_number:
            return _float_literal(expr)
        return super()._print(expr, **kwargs)

    def _print_Pow(self, expr: sympy.Expr, rational: bool = False) -> str:
        exponent = expr.exp
        if abs(exponent) == sympy.S.Half:
            root = self._call("jax.numpy.sqrt", expr.base)
            return root if exponent.is_positive else f"(1.0/{root})"
        if isinstance(exponent, sympy.Integer):  # integer powers of negative numbers are real
            return f"({self._print(expr.base)})**({int(exponent)})"
        return f"({self._print(expr.base)})**({self._print(exponent)})"

    def _print_sigmoid(self, expr: sympy.Expr) -> str:
        return self._call("jax.nn.sigmoid", *expr.args)

    def _print_softplus(self, expr: sympy.Expr) -> str:
        return self._call("jax.nn.softplus", *expr.args)

    def _print_erf(self, expr: sympy.Expr) -> str:
        return self._call("jax.scipy.special.erf", *expr.args)

    def _print_Heaviside(self, expr: sympy.Expr) -> str:
        return self._call("jax.numpy.heaviside", *expr.args)

    def _print_DiracDelta(self, expr: sympy.Expr) -> str:
        where, nan = self._module_format("jax.numpy.where"), self._module_format("jax.numpy.nan")
        return f"{where}({self._print(expr.args[0])} == 0, {nan}, 0.0)"

    def _call(self, function: str, *arguments: sympy.Basic) -> str:
        printed = ", ".join(self._print(argument) for argument in arguments)
        return f"{self._module_format(function)}({printed})"


def _number(number: sympy.Expr) -> float:
    """The float nearest to an exact constant."""
    # Python rounds the quotient of two integers correctly, whatever their sizes.
    return number.p / number.q if isinstance(number, sympy.Rational) else float(number)


def _float_literal(number: sympy.Expr) -> str:
    """The float nearest to an exact constant, in brackets if it is negative."""
    value = _number(number)
    return repr(value) if value >= 0 else f"({value!r})"
