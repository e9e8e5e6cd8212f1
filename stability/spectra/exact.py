"""Eigenvalues in closed form, where degree or structure allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sympy
from sympy.printing.str import StrPrinter

from ..time_limits import in_time
from .hurwitz import characteristic_polynomial

_SECONDS, _SECONDS_PER_MATRIX = 3.0, 1.0
LONGEST = 50  # operations in a closed form that a person would still want to read
_s = sympy.Dummy("s")


def simplified(matrix: sympy.MatrixBase) -> sympy.Matrix:
    """The matrix with each entry expanded, or collected where that is shorter; bounded in time."""

    def entry(e: sympy.Expr) -> sympy.Expr:
        if e.is_Number or e.is_Symbol:
            return e
        candidates = [e, sympy.expand(e), sympy.factor_terms(sympy.expand(e))]
        return min(candidates, key=sympy.count_ops)

    result = sympy.Matrix(matrix)
    return in_time(_SECONDS_PER_MATRIX, lambda: result.applyfunc(entry), result)


def exact_eigenvalues(
    matrix: sympy.MatrixBase,
    values: Mapping[sympy.Symbol, sympy.Expr] | None = None,
) -> tuple[sympy.Expr, ...] | None:
    """The eigenvalues of a square matrix with multiplicity, in closed form, or None if there is no short one.

    `matrix` has shape (d, d) and SymPy's entries; after `seconds` the search is given up. It is split into
    its strongly connected blocks, each block's characteristic polynomial into its factors over the rationals
    and the parameters, and factors of degree at most four are solved by radicals when the result is short.
    Sorted by their values at the parameters' `values`: by real part, then by imaginary part, largest first;
    symbols without a value are given one for the sorting alone.
    """
    unknown = sorted(matrix.free_symbols - set(values or {}), key=str)
    samples = {s: sympy.Rational(7 + 2 * i, 19) for i, s in enumerate(unknown)}
    values = {**samples, **(values or {})}

    def work():
        roots: list[sympy.Expr] = []
        for block in matrix.strongly_connected_components():
            coefficients = characteristic_polynomial(matrix.extract(block, block))
            polynomial = sympy.Poly(coefficients, _s).as_expr()
            for factor, multiplicity in factors(polynomial, _s):
                own = closed_form_roots(factor)
                if own is None:
                    return None
                roots += [root for root in own for _ in range(multiplicity)]
        if any(root.has(sympy.I) and _order(root, values)[1] == 0 for root in roots):
            return None  # real, but written with complex radicals: no help to anyone
        return tuple(sorted(roots, key=lambda root: _order(root, values)))

    return in_time(_SECONDS, work, None)


def factors(expression: sympy.Expr, symbol: sympy.Symbol) -> list[tuple[sympy.Poly, int]]:
    """Irreducible factors with multiplicity, as polynomials in `symbol`; else the expression whole.

    SymPy does not factor over every number field: coefficients such as 2/√π stop it.
    """
    try:
        found = sympy.factor_list(expression, symbol)[1]
    except sympy.PolynomialError:
        found = [(expression, 1)]
    return [(sympy.Poly(factor, symbol), int(multiplicity)) for factor, multiplicity in found]


def closed_form_roots(polynomial: sympy.Poly) -> list[sympy.Expr] | None:
    """All roots of a polynomial of degree at most four, with multiplicity, if they are short."""
    degree = polynomial.degree()
    if degree == 1:
        a, b = polynomial.all_coeffs()
        return [sympy.cancel(-b / a)]
    if degree == 2:
        a, b, c = polynomial.all_coeffs()
        discriminant = sympy.factor_terms(sympy.expand(b**2 - 4 * a * c))
        root = sympy.sqrt(discriminant)
        own = [sympy.expand(-b / (2 * a)) + s * root / (2 * a) for s in (1, -1)]
    elif degree <= 4 and len(polynomial.free_symbols_in_domain) <= 1:  # with more it gets long
        found = sympy.roots(polynomial)
        own = [root for root, multiplicity in found.items() for _ in range(multiplicity)]
        if len(own) < degree:
            return None
    else:
        return None
    own = [_shortest(sympy.sqrtdenest(r)) for r in own]
    return own if all(sympy.count_ops(r) <= LONGEST for r in own) else None


def _shortest(e: sympy.Expr) -> sympy.Expr:
    return min(
        (e, sympy.factor_terms(e), sympy.factor_terms(sympy.together(e))), key=sympy.count_ops
    )


def _order(root: sympy.Expr, values: Mapping[sympy.Symbol, sympy.Expr]) -> tuple[float, float]:
    number = complex(root.xreplace(dict(values)).evalf(20))
    return (-round(number.real, 12), -round(number.imag, 12))


def at_point(
    expressions: sympy.MatrixBase, variables: Sequence[sympy.Symbol], point: Sequence[sympy.Expr]
) -> sympy.Matrix:
    """A matrix of expressions with the variables put at an exact point, simplified."""
    put = dict(zip(variables, point, strict=True))
    return simplified(expressions.xreplace(put))


def exact_text(expression: sympy.Expr, names: Collection[str] = ()) -> str:
    """An exact expression as text that SymPy reads back.

    `names` are those of the system. If I or E is one of them, the imaginary unit is spelled sqrt(-1), and
    Euler's number exp(1).
    """
    return _Text(names).doprint(expression)


class _Text(StrPrinter):
    def __init__(self, names: Collection[str]):
        super().__init__()
        self._names = names

    def _print_ImaginaryUnit(self, expr: sympy.Expr) -> str:
        return "sqrt(-1)" if "I" in self._names else "I"

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return "exp(1)" if "E" in self._names else "E"
