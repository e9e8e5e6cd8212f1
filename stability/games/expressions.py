"""The expressions of game files: read with a white list, never evaluated as code.

SymPy's own string parser calls `eval`; here Python's `ast` gives the tree and every node
that is not named below is refused. Decimal literals are exact: "0.1" is one tenth.

SymPy computes while it builds (it would multiply out 9**9**9), so the sizes of numbers and
exponents are bounded before anything is built, and the whole runs under a time limit.
"""

from __future__ import annotations

import ast
import difflib
import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy
from sympy import Expr

from ..dynamics.functions import log_sigmoid, relu, sigmoid, softplus
from ..errors import ExpressionError
from ..time_limits import in_time

MAX_LENGTH = 10_000
MAX_SIZE = 20_000
MAX_DEPTH = 64
MAX_EXPONENT = 1000
MAX_BITS = 4096
SECONDS = 1.5

_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,9}))?", re.ASCII)
_PUNCTUATION = frozenset("+-*/()., \t\r\n")
_NOT_REAL = frozenset([sympy.I, sympy.nan, sympy.zoo, sympy.oo, -sympy.oo])
_HINTS = {"^": "; write ** for powers", "=": "; an expression has no equals sign"}


def _absolute(u: Expr) -> Expr:
    # SymPy differentiates Abs and sign only of what it knows to be real, which log(x) is not.
    return sympy.Abs(u) if u.is_extended_real else sympy.Max(u, -u)


def _sign(u: Expr) -> Expr:
    return sympy.sign(u) if u.is_extended_real else 2 * sympy.Heaviside(u) - 1


CONSTANTS: Mapping[str, Expr] = {"pi": sympy.pi, "e": sympy.E}
FUNCTIONS: Mapping[str, Callable[..., Expr]] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "atan": sympy.atan,
    "abs": _absolute,
    "sign": _sign,
    "min": sympy.Min,
    "max": sympy.Max,
    "erf": sympy.erf,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "log_sigmoid": log_sigmoid,
    "relu": relu,
}
RESERVED = frozenset(CONSTANTS) | frozenset(FUNCTIONS)


def parse_expression(text: str, names: Mapping[str, Expr]) -> Expr:
    """The SymPy expression that `text` describes, with `names` for its variables.

    The language: decimal numbers, the given names, `pi`, `e`, `+ - * / **`, parentheses and the
    functions in `FUNCTIONS`. Numbers are exact.

    Raises `ExpressionError`, with the 1-based column, for everything else, and for values that are
    not finite real numbers or are too large to compute with.
    """
    if not isinstance(text, str):
        raise ExpressionError(f"an expression is a string, not {type(text).__name__}")
    source = _Source.of(text)
    tree = _syntax_tree(source)

    def built() -> Expr | Exception:
        try:
            return _bounded(_build(tree, source, names, 0))
        except Exception as error:  # a failure, which is to be told from too much time
            return error

    expression = in_time(SECONDS, built, None)
    try:
        if isinstance(expression, Exception):
            raise expression
    except ExpressionError:
        raise
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply", 1) from None
    except Exception as error:  # SymPy's errors on strange constants are of many types
        reason = " ".join(str(error).split())[:100]
        raise ExpressionError(f"SymPy cannot build the expression ({reason})", 1) from error
    if expression is None:
        raise ExpressionError("the expression takes too long to build; write a simpler one", 1)
    return expression


def _bounded(expression: Expr) -> Expr:
    """Checks what SymPy has made of the expression as a whole."""
    part: Any
    for count, part in enumerate(sympy.preorder_traversal(expression)):
        if count > MAX_SIZE:
            raise ExpressionError(f"the expression has more than {MAX_SIZE} parts", 1)
        if part in _NOT_REAL:
            raise ExpressionError("the expression is not a finite real number", 1)
        if part.is_Pow and part.exp.is_Rational and abs(part.exp) > MAX_EXPONENT:
            raise ExpressionError(f"an exponent is larger than {MAX_EXPONENT}", 1)
    return expression


# ---- text to tree ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Source:
    """One line of text and where it came from (Python's parser counts UTF-8 bytes)."""

    line: bytes
    indent: int

    @staticmethod
    def of(text: str) -> _Source:
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters", 1)
        if not text.strip():
            raise ExpressionError("the expression is empty", 1)
        for column, character in enumerate(text, start=1):
            if character not in _PUNCTUATION and not ("_" + character).isidentifier():
                hint = _HINTS.get(character, "")
                raise ExpressionError(
                    f"{character!r} has no meaning in an expression{hint}", column
                )
        line = re.sub(r"\s", " ", text)  # a long expression may go over several lines
        stripped = line.lstrip()
        return _Source(stripped.encode(), len(line) - len(stripped))

    def column(self, node: ast.expr) -> int:
        return self.indent + len(self.line[: node.col_offset].decode()) + 1

    def segment(self, node: ast.expr) -> str:
        return self.line[node.col_offset : node.end_col_offset].decode()


def _syntax_tree(source: _Source) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python warns of here is refused below
            return ast.parse(source.line.decode(), mode="eval").body
    except SyntaxError as error:
        offset = error.offset if error.lineno == 1 else None
        column = source.indent + (offset or len(source.line.decode()) + 1)  # no offset: at the end
        if "never closed" in error.msg:
            raise ExpressionError("this bracket is never closed", column) from None
        if "Exceeds the limit" in error.msg:
            raise ExpressionError("a number has too many digits") from None
        if "unmatched" in error.msg:
            raise ExpressionError("this bracket was never opened", column) from None
        raise ExpressionError(
            "this cannot be read as an expression; an operator (* for products) or a number is "
            "missing or in the wrong place",
            column,
        ) from None
    except (MemoryError, RecursionError, ValueError):
        raise ExpressionError(
            "the expression is nested too deeply or too long to read", 1
        ) from None


# ---- tree to SymPy ---------------------------------------------------------------------------


def _build(node: ast.expr, source: _Source, names: Mapping[str, Expr], depth: int) -> Expr:
    column = source.column(node)
    if depth > MAX_DEPTH:
        raise ExpressionError(f"the expression is nested more than {MAX_DEPTH} deep", column)

    def build(child: ast.expr) -> Expr:
        return _build(child, source, names, depth + 1)

    match node:
        case ast.Constant():
            return _number(source.segment(node), column)
        case ast.Name(id=name):
            return _name(name, names, column)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return build(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -build(operand)
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            terms = [
                -build(operand) if isinstance(operator, ast.Sub) else build(operand)
                for operator, operand in _chain(node, (ast.Add, ast.Sub))
            ]
            return _checked(sympy.Add(*terms), column)
        case ast.BinOp(op=ast.Mult() | ast.Div()):
            factors = [
                _reciprocal(build(operand), source.column(operand))
                if isinstance(operator, ast.Div)
                else build(operand)
                for operator, operand in _chain(node, (ast.Mult, ast.Div))
            ]
            _check_bits(sum(_bits(factor) for factor in factors if factor.is_Rational), column)
            return _checked(sympy.Mul(*factors), column)
        case ast.BinOp(op=ast.Pow(), left=base, right=exponent):
            return _power(build(base), build(exponent), column)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            _check_call(name, len(arguments), names, column)
            return _call(name, [build(argument) for argument in arguments], column)
    raise ExpressionError(
        f"{_excerpt(source.segment(node))} is not part of the language, which has numbers, names, "
        "+ - * / **, parentheses and functions",
        column,
    )


def _chain(
    node: ast.expr, operators: tuple[type[ast.operator], ...]
) -> list[tuple[ast.operator | None, ast.expr]]:
    """The operands of a - b + c …, from the left, without recursion and hence of any length."""
    links: list[tuple[ast.operator | None, ast.expr]] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, operators):
        links.append((node.op, node.right))
        node = node.left
    return [(None, node), *reversed(links)]


def _number(literal: str, column: int) -> Expr:
    match = _NUMBER.fullmatch(literal)
    if match is None:
        raise ExpressionError(f"{_excerpt(literal)} is not a decimal number", column)
    if abs(int(match[1] or 0)) > MAX_BITS or len(literal) > MAX_BITS:
        raise ExpressionError(f"the number {_excerpt(literal)} is too large or too small", column)
    value = Fraction(literal)
    return _checked(sympy.Rational(value.numerator, value.denominator), column)


def _name(name: str, names: Mapping[str, Expr], column: int) -> Expr:
    if name in names:
        return names[name]
    if name in CONSTANTS:
        return CONSTANTS[name]
    if name in FUNCTIONS:
        raise ExpressionError(f"{name} is a function and needs its argument: {name}(…)", column)
    raise ExpressionError(_unknown("name", name, [*names, *CONSTANTS]), column)


def _check_call(name: str, count: int, names: Mapping[str, Expr], column: int) -> None:
    if name not in FUNCTIONS:
        if name in names or name in CONSTANTS:
            raise ExpressionError(f"{name} is not a function; write {name}*(…) to multiply", column)
        raise ExpressionError(_unknown("function", name, list(FUNCTIONS)), column)
    if name in ("min", "max"):
        if count < 2:
            raise ExpressionError(f"{name} takes two arguments or more, not {count}", column)
    elif count != 1:
        raise ExpressionError(f"{name} takes one argument, not {count}", column)


def _call(name: str, arguments: list[Expr], column: int) -> Expr:
    if name == "sqrt":
        return _power(arguments[0], sympy.S.Half, column)
    if name == "exp":
        return _power(sympy.E, arguments[0], column)
    return _checked(FUNCTIONS[name](*arguments), column)


def _reciprocal(divisor: Expr, column: int) -> Expr:
    if divisor.is_number and _value(divisor, column) == 0:
        raise ExpressionError("division by zero", column)
    return divisor**-1


def _power(base: Expr, exponent: Expr, column: int) -> Expr:
    for term in sympy.Add.make_args(exponent):
        if base is not sympy.E:  # SymPy may split b**(x + n) into b**x * b**n …
            _check_power(base, term, column)
            continue
        for factor in sympy.Mul.make_args(term):  # … and turns exp(n*log(b)) into b**n
            if isinstance(factor, sympy.log):
                _check_power(factor.args[0], term / factor, column)
    _check_power(base, exponent, column)
    return _checked(base**exponent, column)


def _check_power(base: Expr, exponent: Expr, column: int) -> None:
    """Refuses a constant exponent that makes numbers too large to write down."""
    if not exponent.is_number:
        return
    power = _value(exponent, column)
    if base.is_number:
        size = abs(_value(base, column))
        if size == 0:
            if power < 0:
                raise ExpressionError("division by zero", column)
            return
        if abs(power * math.log2(size)) > 1023:
            raise ExpressionError("the power is too large or too small a number", column)
    elif abs(power) > MAX_EXPONENT:
        raise ExpressionError(f"the exponent is larger than {MAX_EXPONENT}", column)
    numbers = [factor for factor in sympy.Mul.make_args(base) if factor.is_number]
    bits = max((_bits(atom) for n in numbers for atom in n.atoms(sympy.Rational)), default=0)
    _check_bits(max(1, abs(power)) * bits, column)


# ---- bounds ----------------------------------------------------------------------------------


def _checked(expression: Expr, column: int) -> Expr:
    """`expression`, if its value (in case it is a constant) is real, finite and not huge."""
    if expression.is_Rational:
        _check_bits(_bits(expression), column)
    if expression.is_number:
        _value(expression, column)
    return expression


def _value(constant: Expr, column: int) -> float:
    """A constant as a float; zero if it cannot be told from zero."""
    if constant in _NOT_REAL:
        raise ExpressionError("this is not a finite real number", column)
    value: Any = constant if constant.is_Rational else constant.evalf(15)
    if not value.is_Rational and not value.is_Float:
        raise ExpressionError("this is not a real number", column)
    try:
        value = float(value) if value.is_Rational or value._prec > 1 else 0.0
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ExpressionError("this number is too large", column)
    if value == 0 and constant.is_Rational and constant != 0:
        raise ExpressionError("this number is too small", column)
    return value


def _bits(number: Any) -> int:
    return max(int(number.p).bit_length(), int(number.q).bit_length())


def _check_bits(bits: float, column: int) -> None:
    if bits > MAX_BITS:
        raise ExpressionError("this number has too many digits", column)


# ---- words -----------------------------------------------------------------------------------


def _unknown(kind: str, name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"unknown {kind} {_excerpt(name)}; did you mean {close[0]}?"
    return f"unknown {kind} {_excerpt(name)}; there are {', '.join(known)}"


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
