"""Closed forms, which a report carries as SymPy's text, for reading: as plain text and as LaTeX.

The text is parsed, never evaluated; what cannot be parsed is shown as it is.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from collections.abc import Iterable, Sequence

from .numbers import number, repeated

SUM, PRODUCT, POWER, ATOM = range(1, 5)
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
CONSTANTS = {"I": ("i", "i"), "pi": ("π", r"\pi"), "E": ("e", "e"), "oo": ("∞", r"\infty")}
# fmt: off
GREEK = {
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda",
    "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
}
LATEX_FUNCTIONS = {
    "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "min", "max",
    "arcsin", "arccos", "arctan",
}
# fmt: on
_SPELLED = {("sqrt", "-1"): "I", ("exp", "1"): "E"}  # where I and E are names of the system
_KEYWORD_MARK = "ˍ"  # parameters may be called lambda, which Python's grammar reserves


def readable(expression: str, names: Iterable[str] = ()) -> str:
    """`gamma**2/2 - sqrt(3)*I` as `gamma²/2 − √3·i`.

    `names` are those of the system: I and E among them are no constants, which then are sqrt(-1) and exp(1).
    """
    node = _parsed(expression)
    return expression if node is None else _together(_terms(node), _Text(names))


def latex(expression: str, names: Iterable[str] = ()) -> str | None:
    """The same in LaTeX's mathematics, or None if the text cannot be parsed."""
    node = _parsed(expression)
    return None if node is None else _together(_terms(node), _Latex(names))


def readable_all(expressions: Sequence[str], names: Iterable[str] = ()) -> list[str]:
    """Every expression once, with those that differ in the sign of one term written with ±."""
    return _merged(expressions, _Text(names)) or list(expressions)


def latex_all(expressions: Sequence[str], names: Iterable[str] = ()) -> list[str] | None:
    """The same in LaTeX, or None if one of them cannot be parsed."""
    return _merged(expressions, _Latex(names))


def latex_name(name: str) -> str:
    """A name of a variable or parameter, whatever characters it has, in LaTeX's mathematics."""
    match = re.fullmatch(r"([^\W\d_]+?)(?:_?(\d+))?", name)
    if match:
        word = _GREEK_LETTERS.get(match[1], match[1])
        if word in GREEK or (len(word) == 1 and word.isascii()):
            letter = rf"\{word}" if word in GREEK else word
            return f"{letter}_{{{match[2]}}}" if match[2] else letter
    special = {"\\": r"\backslash ", "^": r"\wedge ", "~": r"\sim ", "<": r"\lt ", ">": r"\gt "}
    special |= {c: rf"\{c}" for c in "_{}#%&$ "}
    safe = [special.get(c, c if c.isalnum() or c in "_.,:;()[]+-*/=|!?@'" else "?") for c in name]
    return rf"\mathrm{{{''.join(safe)}}}"


def looks(name: str) -> str:
    """What a name looks like in pictures and formulas: equal for theta_1, theta1 and θ_1."""
    return latex_name(name)


def greek(name: str) -> str:
    """The letter of one of the names in `GREEK`."""
    size = "SMALL" if name.islower() else "CAPITAL"
    spelled = name.upper().replace("LAMBDA", "LAMDA")  # as Unicode has it
    return unicodedata.lookup(f"GREEK {size} LETTER {spelled}")


_GREEK_LETTERS = {greek(name): name for name in GREEK}


class _Style:
    def __init__(self, names: Iterable[str] = ()):
        self.names = frozenset(names)


class _Text(_Style):
    times, plus, minus, plus_minus = "·", " + ", " − ", " ± "
    negative = "−"
    column = 0
    brackets = "({})"
    repeated = "{} ({})"

    def name(self, name: str) -> str:
        return name

    def quotient(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        return f"{_bracket(above, PRODUCT, self)}/{_bracket(below, POWER, self)}", PRODUCT

    def power(self, base: tuple[str, int], exponent: tuple[str, int]) -> tuple[str, int]:
        if exponent[0].isdigit():
            return _bracket(base, ATOM, self) + exponent[0].translate(SUPERSCRIPT), POWER
        return f"{_bracket(base, ATOM, self)}^{_bracket(exponent, ATOM, self)}", POWER

    def root(self, inside: tuple[str, int]) -> str:
        return f"√{_bracket(inside, ATOM, self)}"

    def root_of(self, polynomial: str, number: int) -> str:
        return f"root{str(number).translate(SUBSCRIPT)}({polynomial})"

    def call(self, name: str, arguments: list[str]) -> str:
        return f"{name}({', '.join(arguments)})"


class _Latex(_Style):
    times, plus, minus, plus_minus = r" \, ", " + ", " - ", r" \pm "
    negative = "-"
    column = 1
    brackets = r"\left({}\right)"
    repeated = r"{} \; (\text{{{}}})"

    def name(self, name: str) -> str:
        return latex_name(name)

    def quotient(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        return rf"\frac{{{above[0]}}}{{{below[0]}}}", PRODUCT

    def power(self, base: tuple[str, int], exponent: tuple[str, int]) -> tuple[str, int]:
        return f"{{{_bracket(base, ATOM, self)}}}^{{{exponent[0]}}}", POWER

    def root(self, inside: tuple[str, int]) -> str:
        return rf"\sqrt{{{inside[0]}}}"

    def root_of(self, polynomial: str, number: int) -> str:
        return rf"\operatorname{{root}}_{{{number}}}\left({polynomial}\right)"

    def call(self, name: str, arguments: list[str]) -> str:
        name = re.sub(r"^a(?=sin$|cos$|tan$)", "arc", name)
        known = name in LATEX_FUNCTIONS
        function = rf"\{name}" if known else rf"\operatorname{{{latex_name(name)}}}"
        return rf"{function}\left({', '.join(arguments)}\right)"


Style = _Text | _Latex
Term = tuple[int, ast.expr]  # sign and what follows it


def _parsed(expression: str) -> ast.expr | None:
    def marked(match: re.Match) -> str:
        return match[0] + _KEYWORD_MARK if keyword.iskeyword(match[0]) else match[0]

    try:
        node = ast.parse(re.sub(r"[^\W\d]\w*", marked, expression), mode="eval").body
        _together(_terms(node), _Text())
    except (SyntaxError, ValueError, RecursionError):
        return None
    return node


def _merged(expressions: Sequence[str], style: Style) -> list[str] | None:
    nodes = [_parsed(e) for e in expressions]
    if any(node is None for node in nodes):
        return None
    rest = [node for node in nodes if node is not None]
    shown: list[str] = []
    while rest:
        node = rest.pop(0)
        pairs = [_partner(_expanded(node), _expanded(other)) for other in rest]
        found = next((i for i, pair in enumerate(pairs) if pair), None)
        if found is None:
            shown.append(_together(_terms(node), style))
        else:
            rest.pop(found)
            kept, varying = pairs[found] or ([], (1, node))
            tail = _bracket(_show(varying[1], style), PRODUCT, style)
            shown.append(
                _together(kept, style) + style.plus_minus + tail
                if kept
                else style.plus_minus.strip() + (" " if style.column else "") + tail
            )
    counts = {text: shown.count(text) for text in shown}
    return [t if n == 1 else style.repeated.format(t, repeated(n)) for t, n in counts.items()]


def _partner(one: list[Term], other: list[Term]) -> tuple[list[Term], Term] | None:
    """The terms in common and the one that changes its sign, if that is all the difference."""
    keys = [ast.dump(term) for _, term in one]
    signs = {ast.dump(term): sign for sign, term in other}
    if len(one) != len(other) or len(signs) != len(one) or set(keys) != set(signs):
        return None
    varying = [term for term, key in zip(one, keys, strict=True) if signs[key] != term[0]]
    if len(varying) != 1:
        return None
    return [term for term in one if term is not varying[0]], varying[0]


def _terms(node: ast.expr) -> list[Term]:
    """A sum as its signed terms."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        right = _terms(node.right)
        if isinstance(node.op, ast.Sub):
            right = [(-sign, term) for sign, term in right]
        return _terms(node.left) + right
    sign, node = _sign(node)
    return [(sign, node)]


def _expanded(node: ast.expr) -> list[Term]:
    """The same with quotients of sums taken apart: (a + b)/2 is a/2 + b/2."""
    result: list[Term] = []
    for sign, term in _terms(node):
        if isinstance(term, ast.BinOp) and isinstance(term.op, ast.Div):
            above = _terms(term.left)
            result += [(sign * s, ast.BinOp(t, term.op, term.right)) for s, t in above]
        else:
            result.append((sign, term))
    return result


def _sign(node: ast.expr) -> Term:
    """A term without its leading minus sign, and that sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, inner = _sign(node.operand)
        return -sign, inner
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        sign, left = _sign(node.left)
        return sign, ast.BinOp(left, node.op, node.right)
    return 1, node


def _together(terms: Sequence[Term], style: Style) -> str:
    shown = ""
    for i, (sign, node) in enumerate(terms):
        text = _bracket(_show(node, style), PRODUCT, style)
        if i == 0:
            shown = text if sign > 0 else style.negative + text
        else:
            shown += (style.plus if sign > 0 else style.minus) + text
    return shown


def _bracket(shown: tuple[str, int], least: int, style: Style) -> str:
    text, precedence = shown
    return text if precedence >= least else style.brackets.format(text)


def _show(node: ast.expr, style: Style) -> tuple[str, int]:
    """The text of an expression and how tightly it binds; ValueError if it is no formula."""
    match node:
        case ast.Constant(value=bool()):
            raise ValueError("not a formula")
        case ast.Constant(value=int() as value):
            return str(value), ATOM
        case ast.Constant(value=float() as value):
            return number(value), ATOM
        case ast.Name(id=name):
            name = name.removesuffix(_KEYWORD_MARK)
            if name in CONSTANTS and name not in style.names:
                return _constant(name, style), ATOM
            return style.name(name), ATOM
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return _together(_terms(node), style), SUM
        case ast.UnaryOp(op=ast.USub()):
            return _together(_terms(node), style), SUM
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            above, below = _show(left, style), _show(right, style)
            text = _bracket(below, PRODUCT, style)
            digits = style.column and text[0].isdigit()
            return _bracket(above, PRODUCT, style) + (
                r" \cdot " if digits else style.times
            ) + text, PRODUCT
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return style.quotient(_show(left, style), _show(right, style))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            if ast.unparse(right) == "1 / 2":
                return style.root(_show(left, style)), ATOM
            return style.power(_show(left, style), _show(right, style))
        case ast.Call(func=ast.Name(id="sqrt" | "exp" as name), args=[inside], keywords=[]) if (
            name,
            ast.unparse(inside),
        ) in _SPELLED:
            return _constant(_SPELLED[name, ast.unparse(inside)], style), ATOM
        case ast.Call(func=ast.Name(id="sqrt"), args=[inside], keywords=[]):
            return style.root(_show(inside, style)), ATOM
        case ast.Call(
            func=ast.Name(id="CRootOf"), args=[polynomial, ast.Constant(value=int() as k)]
        ):
            return style.root_of(_together(_terms(polynomial), style), k + 1), ATOM
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return style.call(name, [_together(_terms(a), style) for a in arguments]), ATOM
        case _:
            raise ValueError("not a formula")


def _constant(name: str, style: Style) -> str:
    if name == "I" and "i" in style.names:
        return style.root((f"{style.negative}1", SUM))
    return CONSTANTS[name][style.column]
