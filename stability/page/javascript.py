"""From SymPy to JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy
from sympy.printing.codeprinter import PrintMethodNotImplementedError
from sympy.printing.jscode import JavascriptCodePrinter

from ..errors import InputError

# SymPy's names ↦ JavaScript's; those without `Math.` are defined in functions.js
FUNCTIONS = {
    name: f"Math.{name}"
    for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "sign")
} | {
    "Abs": "Math.abs",
    "Min": "Math.min",
    "Max": "Math.max",
    "erf": "erf",
    "sigmoid": "sigmoid",
    "softplus": "softplus",
    "Heaviside": "heaviside",
    "DiracDelta": "diracDelta",
}


def javascript(
    expressions: Sequence[sympy.Expr],
    symbols: Sequence[sympy.Symbol],
    domain: Sequence[sympy.Expr] = (),
) -> str:
    """A JavaScript function of one number per symbol that returns the expressions' values as an array.

    Where something in `domain` is not real and finite it returns NaN for all of them.

    Names are exchanged for v0, v1, … by position, so that a symbol may be called `class` or NaN, and
    nothing that a user wrote becomes code. Common subexpressions are computed once; constants are rounded
    once. The function needs those of functions.js. As in `jax_function`, a kink differentiated twice is NaN
    at the kink.

    Raises InputError for a symbol that is not among `symbols`, and for a function that game files lack.
    """
    names = {symbol: f"v{i}" for i, symbol in enumerate(symbols)}
    shared, values = sympy.cse(
        [*expressions, *domain], symbols=sympy.numbered_symbols("c", cls=sympy.Dummy)
    )
    names |= {symbol: f"c{i}" for i, (symbol, _) in enumerate(shared)}
    printer = _Printer(names)
    lines = [f"const {names[symbol]} = {printer.doprint(value)};" for symbol, value in shared]
    printed = [printer.doprint(value) for value in values]
    if domain:
        asked = ", ".join(printed[len(expressions) :])
        nothing = ", ".join(["NaN"] * len(expressions))
        lines.append(f"if (![{asked}].every(Number.isFinite)) return [{nothing}];")
    lines.append(f"return [{', '.join(printed[: len(expressions)])}];")
    arguments = ", ".join(names[symbol] for symbol in symbols)
    return "\n".join([f"({arguments}) => {{", *(f"  {line}" for line in lines), "}"])


class _Printer(JavascriptCodePrinter):
    """SymPy's printer, but with constants as floats and the functions of game files, no others."""

    def __init__(self, names: dict[sympy.Symbol, str]):
        super().__init__({"strict": True})
        self.known_functions = FUNCTIONS
        self._names = names

    def doprint(self, expr: Any, assign_to: Any = None) -> str:
        try:
            return super().doprint(expr, assign_to)
        except PrintMethodNotImplementedError:
            raise InputError(
                f"{expr} has no translation to JavaScript; write it with the functions of game files"
            ) from None

    def _print(self, expr: Any, **kwargs: Any) -> str:
        if isinstance(expr, sympy.Expr) and expr.is_number:
            return _literal(expr)
        return super()._print(expr, **kwargs)

    def _print_Symbol(self, expr: sympy.Symbol) -> str:
        if expr not in self._names:
            raise InputError(f"{expr} is neither a variable nor a parameter")
        return self._names[expr]

    _print_Dummy = _print_Symbol

    def _print_Pow(self, expr: Any) -> str:
        base, exponent = expr.base, expr.exp
        printed = self._print(base)
        if exponent == sympy.S.Half:
            return f"Math.sqrt({printed})"
        if exponent == -sympy.S.Half:
            return f"(1/Math.sqrt({printed}))"
        if exponent == -1:
            return f"(1/({printed}))"
        return f"Math.pow({printed}, {self._print(exponent)})"  # -x ** 2 is no JavaScript

    def _print_Piecewise(self, expr: sympy.Expr) -> str:
        text = "NaN"
        for value, condition in reversed(expr.args):
            own = self._print(value)
            text = own if condition == True else f"({self._print(condition)} ? {own} : {text})"  # noqa: E712
        return f"({text})"


def _literal(number: sympy.Expr) -> str:
    """The float nearest to an exact constant, in brackets if it is negative."""
    if number is sympy.nan:
        return "NaN"
    # Python rounds the quotient of two integers correctly, whatever their sizes
    value = number.p / number.q if isinstance(number, sympy.Rational) else float(number)
    text = {float("inf"): "Infinity", float("-inf"): "-Infinity"}.get(value, repr(value))
    return text if value >= 0 else f"({text})"
