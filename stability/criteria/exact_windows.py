"""All values of one parameter at which matrices are stable, exactly.

The characteristic polynomials' coefficients are polynomials in the parameter, and a root can only cross the
stability boundary where one of their guards vanishes (see `hurwitz`). The guards' real roots are isolated
in rational arithmetic, and between two neighbours the stable roots are counted at one rational number, so
that no interval is overlooked, however narrow.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy

from ..spectra.exact import closed_form_roots, simplified
from ..spectra.hurwitz import (
    characteristic_polynomial,
    circle_counts,
    circle_guards,
    flow_guards,
    root_counts,
)
from ..time_limits import in_time

_SECONDS = 5.0
_SECONDS_PER_FORM = 0.3
_BITS = 64  # of an end that is located by bisection
_root = sympy.Dummy("s")
Part = tuple[sympy.Expr, ...]  # coefficients of a factor of a characteristic polynomial


@dataclass(frozen=True)
class End:
    """One end of an interval: its value, and its closed form if there is a short one."""

    value: float
    exact: sympy.Expr | None = None


@dataclass(frozen=True)
class ExactWindows:
    """The open intervals of stable parameters in order, and all numbers where a guard vanishes."""

    stable: tuple[tuple[End, End], ...]
    crossings: tuple[float, ...]


@dataclass(frozen=True)
class ParametricMatrix:
    """A matrix, rational in the parameter; the eigenvalue along a manifold is left out k times."""

    matrix: sympy.MatrixBase
    manifold_dimension: int = 0


def exact_windows(
    matrices: Sequence[ParametricMatrix],
    parameter: sympy.Symbol,
    low: sympy.Expr,
    high: sympy.Expr,
    kind: str,
) -> ExactWindows | None:
    """Where in (low, high) all matrices are stable: as flows or maps, as `kind` says ("flow", "map").

    `low` is a rational number, `high` another one or ∞. Stability is exponential; numbers at which an entry
    has a pole are none. None if an entry is not rational in the parameter with rational coefficients, or it
    takes too long.
    """
    entries = [e for m in matrices for e in m.matrix]
    if not all(_is_rational(e, parameter) for e in entries):
        return None

    def work() -> ExactWindows | None:
        found = _guarded(matrices, parameter, kind)
        return None if found is None else _windows(*found, parameter, (low, high), kind)

    return in_time(_SECONDS, work, None)


def _is_rational(e: sympy.Expr, parameter: sympy.Symbol) -> bool:
    return bool(
        e.free_symbols <= {parameter}
        and e.is_rational_function(parameter)
        and all(n.is_Rational for n in e.atoms(sympy.Number, sympy.NumberSymbol))
        and all(power.exp.is_Integer for power in e.atoms(sympy.Pow))
        and not e.atoms(sympy.Function)
    )


def _guarded(
    matrices: Sequence[ParametricMatrix], parameter: sympy.Symbol, kind: str
) -> tuple[list[Part], list[sympy.Expr]] | None:
    """The factors of the characteristic polynomials, and what vanishes where stability may change."""
    parts: list[Part] = []
    for own in matrices:
        found = _parts(own, parameter, kind)
        if found is None:
            return None
        parts += found
    parts = list(dict.fromkeys(parts))
    guards = [_denominator(e, parameter) for own in matrices for e in own.matrix]
    for part in parts:
        guards += [part[0], *(flow_guards if kind == "flow" else circle_guards)(part)]
    return parts, [sympy.expand(guard) for guard in dict.fromkeys(guards)]


def _windows(
    parts: list[Part],
    guards: list[sympy.Expr],
    parameter: sympy.Symbol,
    interval: tuple[sympy.Expr, sympy.Expr],
    kind: str,
) -> ExactWindows:
    low, high = interval
    if any(guard == 0 for guard in guards):  # two roots always keep to the boundary or oppose
        return ExactWindows((), ())
    ends = [parameter - low] + ([] if high is sympy.oo else [parameter - high])
    roots = _real_roots(_irreducible([*guards, *ends], parameter))
    infinite = high is sympy.oo
    stable = []
    for k, left in enumerate(roots):
        right = roots[k + 1] if k + 1 < len(roots) else None
        probe = _simple_between(left.high, None if right is None else right.low)
        number = sympy.Rational(probe.numerator, probe.denominator)
        inside = low < number and (infinite or number < high)
        if inside and _is_stable(parts, parameter, number, kind):
            upper = End(math.inf, sympy.oo) if right is None else right.end()
            stable.append((left.end(), upper))
    values = [root.value for root in roots]
    crossings = [v for v in values if float(low) < v and (infinite or v < float(high))]
    return ExactWindows(tuple(stable), tuple(crossings))


def _parts(own: ParametricMatrix, parameter: sympy.Symbol, kind: str) -> list[Part] | None:
    """The factors of the characteristic polynomial, less those of the eigenvalue along the manifold."""
    matrix = simplified(own.matrix)
    left = own.manifold_dimension
    along = _root - (0 if kind == "flow" else 1)
    parts: list[Part] = []
    for block in matrix.strongly_connected_components():
        coefficients = characteristic_polynomial(matrix.extract(block, block))
        whole = sympy.together(sympy.Poly(coefficients, _root).as_expr())
        numerator = sympy.expand(sympy.fraction(whole)[0])
        for factor, power in sympy.factor_list(numerator, _root, parameter)[1]:
            if not factor.has(_root):
                continue
            polynomial = sympy.Poly(factor, _root)
            if left and polynomial.monic().as_expr() == along:
                removed = min(left, power)
                left, power = left - removed, power - removed
            if power:
                parts.append(tuple(polynomial.all_coeffs()))
    return None if left else parts


def _denominator(e: sympy.Expr, parameter: sympy.Symbol) -> sympy.Expr:
    return sympy.fraction(sympy.cancel(e))[1] if e.has(parameter) else sympy.Integer(1)


def _irreducible(guards: Sequence[sympy.Expr], parameter: sympy.Symbol) -> list[sympy.Poly]:
    """The distinct irreducible factors over the integers; no two of them share a root."""
    factors: dict[sympy.Expr, sympy.Poly] = {}
    for guard in guards:
        if not guard.has(parameter):
            continue
        for factor, _ in sympy.factor_list(guard, parameter)[1]:
            polynomial = sympy.Poly(factor, parameter).primitive()[1]
            polynomial = polynomial if polynomial.LC() > 0 else -polynomial
            factors[polynomial.as_expr()] = polynomial
    return list(factors.values())


def _is_stable(
    parts: Sequence[Part], parameter: sympy.Symbol, number: sympy.Rational, kind: str
) -> bool:
    for part in parts:
        coefficients = [sympy.sympify(c).xreplace({parameter: number}) for c in part]
        if kind == "flow":
            counts = root_counts(coefficients)
            bad = counts is None or counts.axis or counts.right
        else:
            counts = circle_counts(coefficients)
            bad = counts is None or counts.on or counts.outside
        if bad:
            return False
    return True


@dataclass
class _Root:
    """The only root of an irreducible polynomial in [low, high]."""

    polynomial: sympy.Poly
    low: Fraction
    high: Fraction

    def __post_init__(self):
        self.coefficients = [int(c) for c in self.polynomial.all_coeffs()]
        self.sign = _sign(self.coefficients, self.low)

    def refine(self) -> None:
        """Halves the interval."""
        if self.low == self.high:
            return
        middle = (self.low + self.high) / 2
        if _sign(self.coefficients, middle) == self.sign:
            self.low = middle
        else:
            self.high = middle

    @property
    def value(self) -> float:
        return float((self.low + self.high) / 2)

    def end(self) -> End:
        forms = in_time(_SECONDS_PER_FORM, lambda: closed_form_roots(self.polynomial), None)
        for root in forms or []:
            if root.has(sympy.I):  # real, but written with complex radicals: no help to anyone
                continue
            if abs(root.evalf(30) - self.value) <= 1e-14 * abs(self.value):
                return End(self.value, root)
        return End(self.value)


def _real_roots(polynomials: Sequence[sympy.Poly]) -> list[_Root]:
    """The real roots of distinct irreducible polynomials in order, in disjoint short intervals."""
    roots = []
    for polynomial in polynomials:
        if polynomial.degree() == 1:
            a, b = (int(c) for c in polynomial.all_coeffs())
            roots.append(_Root(polynomial, Fraction(-b, a), Fraction(-b, a)))
            continue
        for low, high in polynomial.intervals(sqf=True):
            roots.append(_Root(polynomial, Fraction(str(low)), Fraction(str(high))))
    for root in roots:
        while root.high - root.low > abs(root.low + root.high) / 2**_BITS:
            root.refine()
    while True:
        roots.sort(key=lambda root: root.low)
        touching = [(a, b) for a, b in itertools.pairwise(roots) if a.high >= b.low]
        if not touching:
            return roots
        for pair in touching:
            for root in pair:
                root.refine()


def _simple_between(low: Fraction, high: Fraction | None) -> Fraction:
    """A number between two others with few digits, if there is one."""
    if high is None:
        return Fraction(math.floor(low) + 1)
    middle = Fraction(float((low + high) / 2))
    for bits in (0, 8, 24):
        short = Fraction(round(middle * 2**bits), 2**bits)
        if low < short < high:
            return short
    return middle if low < middle < high else (low + high) / 2


def _sign(coefficients: Sequence[int], x: Fraction) -> int:
    """The sign of a polynomial at x, in integers: q^n p(x) by Horner's rule, q the denominator of x."""
    numerator, denominator = x.numerator, x.denominator
    value, power = 0, 1
    for c in coefficients:
        value = value * numerator + c * power
        power *= denominator
    return (value > 0) - (value < 0)
