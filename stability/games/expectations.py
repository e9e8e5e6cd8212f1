"""Expectations of SymPy expressions: exact by moments or over points, otherwise by Gauss quadrature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import product
from typing import Any, ClassVar, Self

import mpmath
import numpy as np
import sympy
from sympy import Expr, Rational, Symbol, binomial, factorial, factorial2

from ..dynamics.positive_settings import check_whole
from ..dynamics.symbols import exact, expression
from ..errors import InputError, InputTypeError

MAX_ALGEBRAIC = 5  # roots of polynomials of higher degree have no closed form
MAX_NODES = 64
DIGITS = 30
MAX_POINTS = 1000
MAX_TERMS = 4000
ROUNDING = 1e-12  # by which probabilities given as floats may miss one


@dataclass(frozen=True)
class Points:
    """Finitely many points, in one dimension or more, and their probabilities.

    `points` has shape (n,) or (n, d); `weights`, shape (n,), are numbers or expressions in parameters that
    sum to one, by default all the same. Raises InputError for no points, for more than a thousand, and for
    weights that are negative or do not sum to one.
    """

    points: Any
    weights: Any = None

    def __post_init__(self):
        rows = [_numbers(row, "a point") for row in _sequence(self.points, "the points")]
        if not rows:
            raise InputError("a distribution on points needs at least one point")
        if len(rows) > MAX_POINTS:
            raise InputError(
                f"{len(rows)} points are too many for expressions; use st.gan, which takes data of any size"
            )
        if len({len(row) for row in rows}) > 1:
            raise InputError("the points have different numbers of coordinates")
        weights = self.weights
        if weights is None:
            weights = [Rational(1, len(rows))] * len(rows)
        weights = _numbers(_sequence(weights, "the weights"), "a weight")
        if len(weights) != len(rows):
            raise InputError(f"there are {len(rows)} points and {len(weights)} weights")
        object.__setattr__(self, "points", tuple(rows))
        object.__setattr__(self, "weights", _probabilities(weights))

    @property
    def dimension(self) -> int:
        return len(self.points[0])

    def xreplace(self, mapping: Mapping[Symbol, Expr]) -> Points:
        """The same with some symbols exchanged: `mapping` is old ↦ new."""
        points = [[c.xreplace(mapping) for c in point] for point in self.points]
        return Points(points, [w.xreplace(mapping) for w in self.weights])

    def moment(self, powers: Sequence[int]) -> Expr:
        """E ∏ xᵢ^kᵢ for the `powers` k, one for each coordinate."""
        monomials = (
            sympy.Mul(*(c**k for c, k in zip(point, powers, strict=True))) for point in self.points
        )
        return sympy.Add(*(w * m for w, m in zip(self.weights, monomials, strict=True)))


@dataclass(frozen=True)
class _Independent:
    """Independent coordinates of one kind with two parameters each; in one dimension, plain numbers."""

    rule: ClassVar[str]

    def __post_init__(self):
        columns = [_numbers(getattr(self, f.name), f"the {f.name}") for f in fields(self)]
        if not len(columns[0]) == len(columns[1]) > 0:
            name = type(self).__name__
            raise InputError(f"{name} takes as many of either number, one for each coordinate")
        for f, column in zip(fields(self), columns, strict=True):
            object.__setattr__(self, f.name, tuple(column))

    @property
    def _columns(self) -> list[tuple[Expr, ...]]:
        return [getattr(self, f.name) for f in fields(self)]

    @property
    def dimension(self) -> int:
        return len(self._columns[0])

    def xreplace(self, mapping: Mapping[Symbol, Expr]) -> Self:
        """The same with some symbols exchanged: `mapping` is old ↦ new."""
        return type(self)(*([e.xreplace(mapping) for e in column] for column in self._columns))

    def moment(self, powers: Sequence[int]) -> Expr:
        """E ∏ xᵢ^kᵢ for the `powers` k, one for each coordinate."""
        each = (self._moment(i, k) for i, k in enumerate(powers))
        return sympy.Mul(*each)

    def _moment(self, i: int, k: int) -> Expr:
        raise NotImplementedError

    def quadrature(self, i: int, nodes: int) -> list[tuple[Expr, Expr]]:
        """So many `nodes` and weights for coordinate `i`, exact for its moments of order below 2·nodes."""
        raise NotImplementedError


@dataclass(frozen=True)
class Uniform(_Independent):
    """Uniform between `low` and `high`: two numbers, or two sequences for independent coordinates.

    Raises InputError for a `low` that is not below its `high`.
    """

    low: Any
    high: Any
    rule: ClassVar[str] = "Gauss–Legendre"

    def __post_init__(self):
        super().__post_init__()
        for low, high in zip(self.low, self.high, strict=True):
            if (high - low).is_positive is False:
                raise InputError(f"a uniform distribution is between low < high, not {low}, {high}")

    def _moment(self, i: int, k: int) -> Expr:
        # (high^(k+1) − low^(k+1))/((k+1)(high − low)), divided out
        low, high = self.low[i], self.high[i]
        return sympy.Add(*(low**j * high ** (k - j) for j in range(k + 1))) / (k + 1)

    def quadrature(self, i: int, nodes: int) -> list[tuple[Expr, Expr]]:
        low, high = self.low[i], self.high[i]
        return [
            ((low + high) / 2 + (high - low) / 2 * node, weight)
            for node, weight in _gauss_legendre(nodes)
        ]


@dataclass(frozen=True)
class Normal(_Independent):
    """Normal with a `mean` and a standard deviation `sd`: two numbers, or two sequences for independent
    coordinates. Raises InputError for a negative `sd`."""

    mean: Any
    sd: Any
    rule: ClassVar[str] = "Gauss–Hermite"

    def __post_init__(self):
        super().__post_init__()
        for sd in self.sd:
            if sd.is_negative:
                raise InputError(f"a standard deviation is zero or positive, not {sd}")

    def _moment(self, i: int, k: int) -> Expr:
        mean, sd = self.mean[i], self.sd[i]
        # E ε^j = (j − 1)!! for even j, and 0 for odd ones
        return sympy.Add(
            *(
                binomial(k, j) * mean ** (k - j) * sd**j * factorial2(j - 1)
                for j in range(0, k + 1, 2)
            )
        )

    def quadrature(self, i: int, nodes: int) -> list[tuple[Expr, Expr]]:
        mean, sd = self.mean[i], self.sd[i]
        return [(mean + sd * node, weight) for node, weight in _gauss_hermite(nodes)]


Distribution = Points | Uniform | Normal


@dataclass(frozen=True)
class Expectation:
    """E e, and how it was taken: `quadrature` names the rule, or is None where the value is exact.

    `terms` is the number of places at which the quadrature evaluates the integrand.
    """

    value: Expr
    quadrature: str | None = None
    terms: int = 1


def expectation(
    e: Expr,
    symbols: Sequence[Symbol],
    distribution: Distribution,
    nodes: int = 4,
    most_terms: int = MAX_TERMS,
) -> Expectation:
    """The expectation of an expression in the `symbols`, the coordinates of a random vector.

    It is exact for a distribution on points and for terms that are polynomials in the symbols. Other terms
    are evaluated at `nodes` Gauss points for each coordinate; the rule integrates polynomials of degree below
    2·nodes exactly. So for a smooth e(x, p) the derivatives by the parameters p are exact wherever they are
    such polynomials in x: at a discriminator that is constant, for one. Elsewhere they are approximate.

    Up to five nodes the points and weights are in closed form. Above that they are decimal, to 30 digits, and
    "exactly" means to about so many; the weights still sum to one and odd moments about the mean vanish.

    Raises InputError for more than 64 nodes and for more than `most_terms` places.
    """
    check_whole(nodes, "the number of nodes", 1, MAX_NODES)
    if isinstance(distribution, Points):
        at = (e.xreplace(dict(zip(symbols, p, strict=True))) for p in distribution.points)
        weighted = (w * value for w, value in zip(distribution.weights, at, strict=True))
        return Expectation(sympy.Add(*weighted))
    exactly, rest = [], []
    # only the outermost power or product is multiplied out, never what is inside a function
    for term in sympy.Add.make_args(sympy.expand(e, deep=False, power_exp=False)):
        if not term.has_free(*symbols):
            exactly.append(term)
        elif term.is_polynomial(*symbols):
            polynomial = sympy.Poly(term, *symbols)
            exactly += [c * distribution.moment(powers) for powers, c in polynomial.terms()]
        else:
            rest.append(term)
    value = sympy.Add(*exactly)
    if not rest:
        return Expectation(value)
    integrand = sympy.Add(*rest)
    used = [(i, s) for i, s in enumerate(symbols) if integrand.has_free(s)]
    terms = nodes ** len(used)
    if terms > most_terms:
        raise InputError(
            f"quadrature with {nodes} nodes in every dimension has too many terms for expressions; take "
            "fewer nodes, or st.gan with samples"
        )
    grid = product(*(distribution.quadrature(i, nodes) for i, _ in used))
    for combination in grid:
        place = {s: node for (_, s), (node, _) in zip(used, combination, strict=True)}
        value += sympy.Mul(*(w for _, w in combination)) * integrand.xreplace(place)
    plural = "s" if nodes > 1 else ""
    return Expectation(value, f"{distribution.rule} quadrature with {nodes} node{plural}", terms)


@cache
def _gauss_legendre(n: int) -> tuple[tuple[Expr, Expr], ...]:
    """Nodes in [−1, 1] and weights that sum to one (Abramowitz, Stegun 1964, 25.4.29)."""
    if n > MAX_ALGEBRAIC:
        return _decimal(
            np.polynomial.legendre.leggauss(n)[0].tolist(),
            lambda k, t, value, before: ((2 * k + 1) * t * value - k * before) / (k + 1),
            lambda t, value, before: n * (before - t * value) / (1 - t**2),
            lambda t, slope: 1 / ((1 - t**2) * slope**2),
        )
    t = Symbol("t")
    polynomial = sympy.legendre(n, t)
    slope = polynomial.diff(t)
    return tuple(
        (node, _tidy(1 / ((1 - node**2) * slope.subs(t, node) ** 2)))
        for node in _roots(polynomial, t)
    )


@cache
def _gauss_hermite(n: int) -> tuple[tuple[Expr, Expr], ...]:
    """Nodes and weights for the standard normal distribution (Abramowitz, Stegun 1964, 25.4.46)."""
    if n > MAX_ALGEBRAIC:
        return _decimal(
            np.polynomial.hermite_e.hermegauss(n)[0].tolist(),
            lambda k, t, value, before: t * value - k * before,
            lambda t, value, before: n * before,
            lambda t, slope: mpmath.factorial(n) / slope**2,
        )
    t = Symbol("t")
    before = sympy.hermite_prob(n - 1, t)
    return tuple(
        (node, _tidy(factorial(n) / (n * before.subs(t, node)) ** 2))
        for node in _roots(sympy.hermite_prob(n, t), t)
    )


def _decimal(
    near: Sequence[float],
    next_value: Callable[[int, Any, Any, Any], Any],
    slope: Callable[[Any, Any, Any], Any],
    weight: Callable[[Any, Any], Any],
) -> tuple[tuple[Expr, Expr], ...]:
    """A symmetric Gauss rule in decimals: the roots of an orthogonal polynomial, by Newton from `near`.

    There are n nodes. The recurrence is pₖ₊₁ = `next_value`(k, t, pₖ, pₖ₋₁), the slope pₙ′ = `slope`(t, pₙ,
    pₙ₋₁), and the weight of a root t is `weight`(t, pₙ′). The decimals are rational numbers, so that what
    must cancel does so without a rounding: exact signs are read off such sums.
    """
    n = len(near)

    def at(t: Any) -> tuple[Any, Any]:
        before, value = mpmath.mpf(0), mpmath.mpf(1)
        for k in range(n):
            before, value = value, next_value(k, t, value, before)
        return value, slope(t, value, before)

    upper = []
    with mpmath.workdps(DIGITS + 10):
        for t in map(mpmath.mpf, sorted(near)[n - n // 2 :]):
            for _ in range(3):  # from 1e-13 the error falls below 1e-40 in two steps
                value, own_slope = at(t)
                t -= value / own_slope
            pair = t, weight(t, at(t)[1])
            upper.append(tuple(Rational(mpmath.nstr(number, DIGITS)) for number in pair))
    # the weights sum to one, and the largest is changed least by that
    if n % 2:
        middle = [(sympy.S.Zero, 1 - 2 * sympy.Add(*(own for _, own in upper)))]
    else:
        middle = []
        upper[0] = (upper[0][0], Rational(1, 2) - sympy.Add(*(own for _, own in upper[1:])))
    return (*((-node, own) for node, own in reversed(upper)), *middle, *upper)


def _roots(polynomial: Expr, t: Symbol) -> list[Expr]:
    """The roots, in radicals, in ascending order, of an even or odd polynomial of degree 5 or less."""
    # all are real and simple; in t² the polynomial has degree 2 or less
    s = Symbol("s")
    odd = polynomial.subs(t, 0) == 0
    squares = sympy.roots(
        sympy.cancel(polynomial / t if odd else polynomial).subs(t, sympy.sqrt(s)), s
    )
    positive = sorted((sympy.sqrt(square) for square in squares), key=float)
    return [*(-r for r in reversed(positive)), *([sympy.S.Zero] if odd else []), *positive]


def _tidy(weight: Expr) -> Expr:
    return sympy.radsimp(sympy.expand(weight.simplify()))


def _sequence(values: Any, what: str) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, (Sequence, np.ndarray, sympy.MatrixBase)):
        raise InputTypeError(f"{what} are given as a sequence, not {values!r}")
    return list(values)


def _numbers(values: Any, what: str) -> list[Expr]:
    """One number or a sequence of them, as exact expressions."""
    several = isinstance(values, (list, tuple, np.ndarray)) and np.ndim(values) > 0
    return [_number(value, what) for value in (values if several else [values])]


def _number(value: Any, what: str) -> Expr:
    if isinstance(value, sympy.Expr) and value.free_symbols:
        return expression(value, what)
    try:
        return exact(value)
    except InputError as error:
        raise type(error)(f"{what} is a finite real number, not {value!r}") from None


def _probabilities(weights: list[Expr]) -> tuple[Expr, ...]:
    for weight in weights:
        if weight.is_negative:
            raise InputError(f"the weight {weight} is negative; weights are probabilities")
    total = sympy.Add(*weights)
    if total.free_symbols:
        if sympy.simplify(total - 1) != 0:
            raise InputError(f"the weights sum to {total}, not to one")
        return tuple(weights)
    if abs(float(total) - 1) > ROUNDING:
        raise InputError(f"the weights sum to {float(total):.6g}, not to one")
    return tuple(weight / total for weight in weights)
