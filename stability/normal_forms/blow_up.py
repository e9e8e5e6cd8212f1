"""Which orbits of a planar germ begin or end at its rest point: repeated blow-up of the directions.

Dumortier, Llibre, Artés, "Qualitative theory of planar differential systems" (2006), chapters 2 and 3. All
charts are x = r, y = r v with r ≥ 0 only (after a turn of the plane), so that dividing by a power of r keeps
the direction of time. An orbit that begins or ends at the rest point with a tangent begins or ends, off the
boundary, at a rest point of the blown-up field on r = 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy

from .fields import ExactField
from .real_roots import (
    Root,
    Unknown,
    adjoined,
    between,
    polynomial,
    roots,
    sign,
    sign_at,
    value_sign,
)

Region = Literal["plane", "half", "quadrant"]
_DEEPEST = 10
_Terms = dict[tuple[int, int], Any]


@dataclass(frozen=True)
class Germ:
    """A planar vector field (ẋ, ẏ) at its rest point 0: the Taylor coefficients up to total degree `known`.

    Each component maps the exponents (i, j) of xⁱyʲ to a non-zero element of the field `over`; so does
    `common`, a polynomial that divides both, all of whose zeros are rest points (empty: none is known).
    What is not known are multiples of the monomials `beyond`: of all of degree `known` + 1 unless they are
    given.
    """

    x: _Terms
    y: _Terms
    known: int
    over: ExactField
    common: _Terms = field(default_factory=dict)
    beyond: tuple[tuple[int, int], ...] = ()

    @property
    def _beyond(self) -> list[tuple[int, int]]:
        return list(self.beyond) or [(i, self.known + 1 - i) for i in range(self.known + 2)]

    @property
    def order(self) -> int:
        """The least degree of a term; Unknown where all that are known vanish."""
        degrees = [i + j for part in (self.x, self.y) for i, j in part if i + j <= self.known]
        if not degrees:
            raise Unknown("all known coefficients vanish")
        return min(degrees)

    def part(self, degree: int) -> tuple[sympy.Poly, sympy.Poly]:
        """The homogeneous part of that degree at (1, v), two polynomials in v."""
        x, y = (
            polynomial({j: c for (i, j), c in component.items() if i + j == degree}, self.over)
            for component in (self.x, self.y)
        )
        return x, y

    def turned(self, a: int, b: int, swap: bool) -> Germ:
        """The germ in the coordinates (a x, b y), or (a y, b x) with `swap`; a and b are ±1."""

        def changed(terms: _Terms, outer: int) -> _Terms:
            if swap:
                return {(j, i): c * (outer * a**j * b**i) for (i, j), c in terms.items()}
            return {(i, j): c * (outer * a**i * b**j) for (i, j), c in terms.items()}

        first, second = (self.y, self.x) if swap else (self.x, self.y)
        x, y, common = changed(first, a), changed(second, b), changed(self.common, 1)
        beyond = [(j, i) if swap else (i, j) for i, j in self._beyond]
        return Germ(x, y, self.known, self.over, common, tuple(beyond))

    def moved(self, at: Any, over: ExactField) -> Germ:
        """The germ in (x, y − at), over a field that has `at` in it."""

        def changed(terms: _Terms) -> _Terms:
            if over is not self.over:
                convert = over.domain.convert_from
                terms = {key: convert(c, self.over.domain) for key, c in terms.items()}
            return _shifted(terms, at, over) if at else terms

        beyond = _least((i, 0) if at else (i, j) for i, j in self._beyond)
        x, y = (_without(changed(terms), beyond) for terms in (self.x, self.y))
        return Germ(x, y, _degree_before(beyond), over, changed(self.common), beyond)

    def blown_up(self) -> tuple[Germ, bool]:
        """The field in (r, v), x = r, y = r v, over the highest power of r; whether r = 0 is *not* kept."""
        m = self.order
        x = {(i + j - m + 1, j): c for (i, j), c in self.x.items()}
        y = {(i + j - m, j): c for (i, j), c in self.y.items()}
        for (i, j), c in self.x.items():
            key = (i + j - m, j + 1)
            y[key] = y.get(key, self.over.zero) - c
        y = {key: c for key, c in y.items() if c}
        least = min((i + j for i, j in self.common), default=0)
        common = {(i + j - least, j): c for (i, j), c in self.common.items()}
        crossed = not any(i == 0 for i, _ in y)
        if crossed:
            m += 1
            x, y = ({(i - 1, j): c for (i, j), c in terms.items()} for terms in (x, y))
        beyond = _least((i + j - m, j) for i, j in self._beyond)
        known = _degree_before(beyond)
        return Germ(x, y, known, self.over, common, beyond), crossed


def _shifted(terms: _Terms, at: Any, over: ExactField) -> _Terms:
    """The polynomial in (x, y + at), by Horner's rule for each power of x."""
    found: _Terms = {}
    highest: dict[int, int] = {}
    for i, j in terms:
        highest[i] = max(j, highest.get(i, 0))
    for i, degree in highest.items():
        own = [terms.get((i, j), over.zero) for j in range(degree + 1)]
        for done in range(degree):
            for j in range(degree - 1, done - 1, -1):
                if own[j + 1]:
                    own[j] += own[j + 1] * at
        found |= {(i, j): c for j, c in enumerate(own) if c}
    return found


def _least(monomials: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Those that are no multiples of others."""
    found: list[tuple[int, int]] = []
    for i, j in sorted(set(monomials)):
        if all(j < other for _, other in found):
            found.append((i, j))
    return tuple(found)


def _without(terms: _Terms, beyond: tuple[tuple[int, int], ...]) -> _Terms:
    return {
        (i, j): c for (i, j), c in terms.items() if not any(i >= k and j >= n for k, n in beyond)
    }


def _degree_before(beyond: tuple[tuple[int, int], ...]) -> int:
    return min(i + j for i, j in beyond) - 1


@dataclass(frozen=True)
class Orbits:
    """Whether an orbit inside the region begins (`leave`), or ends (`arrive`) at the point; None: unknown.

    `lines`: a curve of rest points ends there, each of which attracts or repels across the curve.
    """

    leave: bool | None
    arrive: bool | None
    lines: bool = False

    def __or__(self, other: Orbits) -> Orbits:
        leave, arrive = _either(self.leave, other.leave), _either(self.arrive, other.arrive)
        return Orbits(leave, arrive, self.lines or other.lines)


NONE, UNKNOWN = Orbits(False, False), Orbits(None, None)


def orbits(germ: Germ, region: Region = "plane", depth: int = 0) -> Orbits:
    """The orbits that begin or end at the rest point with a tangent.

    `region` is the plane, or {x ≥ 0} ("half") or {x, y ≥ 0} ("quadrant") whose boundaries the field keeps;
    orbits on the boundary do not count. In the plane the linear part has to be nilpotent or zero.
    """
    try:
        if region != "plane":
            found = _elementary(germ, region)
            if found is not None:
                return found
        if depth >= _DEEPEST:
            return UNKNOWN
        found = NONE
        for point in _divisor(germ, region, depth):
            found |= point
            if found.leave and depth == 0:  # the rest is not needed
                return Orbits(True, found.arrive or None)
        return found
    except Unknown:
        return UNKNOWN


def _elementary(germ: Germ, region: Region) -> Orbits | None:
    """The answer at a rest point with an eigenvalue that is not zero; None at others.

    A hyperbolic or semi-hyperbolic point is topologically a product of an invariant curve for each eigenvalue
    (Theorem 2.19 there): an orbit in {x > 0} begins there iff the direction across x = 0 grows, one in the
    open quadrant iff both do.
    """
    if germ.known < 1:
        raise Unknown("the degree is not known")
    a, d = germ.x.get((1, 0)), germ.y.get((0, 1))
    if not a and not d:
        return None
    across = sign(a, germ.over) if a else None
    along = sign(d, germ.over) if d else None
    if across is None:
        across = _centre_sign(germ)
    if region == "half":
        if across is None and germ.common and (0, 0) not in germ.common:
            # all zeros near a semi-hyperbolic point lie on one curve, and the common factor has one there
            return Orbits(False, False, lines=True)
        return Orbits(None, None) if across is None else Orbits(across > 0, across < 0)
    if along is None:
        along = _centre_sign(germ.turned(1, 1, swap=True))
    return Orbits(_both(across, along, 1), _both(across, along, -1))


def _both(one: int | None, other: int | None, wanted: int) -> bool | None:
    signs = {one, other}
    return False if -wanted in signs else None if None in signs else True


def _centre_sign(germ: Germ) -> int | None:
    """The sign of ẋ, x > 0, on the centre manifold of ẋ = 0·x + …, ẏ = c x + d y + …, d ≠ 0; None if unknown.

    Its first term is that of ẋ on the curve ẏ = 0.
    """
    for c in along_nullcline(germ.y, germ.x, germ.known, germ.over)[1:]:
        if c:
            return sign(c, germ.over)
    return None


def along_nullcline(zero: _Terms, other: _Terms, known: int, over: ExactField) -> list[Any]:
    """The Taylor coefficients up to degree `known` in x of `other` on the curve y = h(x) where `zero`
    vanishes.

    `zero` has a linear term in y.
    """
    slope = zero[0, 1]
    rest = {key: c for key, c in zero.items() if key != (0, 1)}
    h = [over.zero] * (known + 1)
    for k in range(1, known + 1):  # the rest has in h only lower orders than k
        h[k] = -substituted(rest, h, k, over)[k] / slope
    return substituted(other, h, known, over)


def substituted(terms: _Terms, h: list[Any], degree: int, over: ExactField) -> list[Any]:
    """The coefficients of Σ c xⁱ h(x)ʲ up to that degree; h[0] = 0."""
    powers, found = {0: [over.one] + [over.zero] * degree}, [over.zero] * (degree + 1)
    for (i, j), c in sorted(terms.items(), key=lambda term: term[0][1]):
        if i + j > degree:
            continue
        for k in range(max(powers), j):
            powers[k + 1] = series_product(powers[k], h, degree, over)
        for n in range(degree + 1 - i):
            if powers[j][n]:
                found[n + i] += c * powers[j][n]
    return found


def series_product(a: list[Any], b: list[Any], degree: int, over: ExactField) -> list[Any]:
    """The product of two power series in one variable, up to that degree."""
    found = [over.zero] * (degree + 1)
    for i, one in enumerate(a[: degree + 1]):
        if one:
            for j, other in enumerate(b[: degree + 1 - i]):
                found[i + j] += one * other
    return found


def _divisor(germ: Germ, region: Region, depth: int) -> Iterator[Orbits]:
    """What begins or ends at each point that the rest point is blown up to."""
    charts: list[tuple[Germ, bool]] = [(germ, True)]  # and whether all v are in it, or v = 0 only
    if region == "plane":
        charts.append((germ.turned(-1, -1, swap=False), True))
    charts.append((germ.turned(1, 1, swap=True), False))
    if region != "quadrant":
        charts.append((germ.turned(-1, 1, swap=True), False))
    for number, (chart, whole) in enumerate(charts):
        edge = region == "quadrant" or (region == "half" and number > 0)  # v = 0 is a boundary
        blown, crossed = chart.blown_up()
        if any(i == 0 for i, _ in blown.beyond):
            raise Unknown("the degree is not known")
        lowest = blown.x if crossed else blown.y
        on_divisor = polynomial({j: c for (i, j), c in lowest.items() if i == 0}, germ.over)
        points = _points(on_divisor, whole, edge, germ.over)
        if crossed:
            yield from _crossings(blown, on_divisor, points, whole, edge)
            continue
        for root in points:
            yield _at(blown, root, edge, depth)


def _points(on_divisor: sympy.Poly, whole: bool, edge: bool, over: ExactField) -> list[Root]:
    """The roots v, in the chart and the region."""
    if not whole:
        return [] if on_divisor.rep.eval(over.zero) else [Root(over.zero)]
    v = polynomial({1: over.one}, over)
    return [root for root in roots(on_divisor, over) if not edge or sign_at(v, root, over) >= 0]


def _at(blown: Germ, root: Root, edge: bool, depth: int) -> Orbits:
    """The orbits at the rest point v = root of the divisor r = 0."""
    corner = edge and root.element is not None and not root.element
    across = polynomial({j: c for (i, j), c in blown.x.items() if i == 1}, blown.over)
    if not corner:
        growth = sign_at(across, root, blown.over)
        if growth:
            return Orbits(growth > 0, growth < 0)
    try:
        over, element = adjoined(root, blown.over)
    except Unknown:
        return UNKNOWN
    return orbits(blown.moved(element, over), "quadrant" if corner else "half", depth + 1)


def _crossings(
    blown: Germ, speed: sympy.Poly, tangencies: list[Root], whole: bool, edge: bool
) -> Iterator[Orbits]:
    """The orbits that cross a divisor r = 0 which is not kept: ṙ = speed(v) there.

    Where the speed vanishes without a change of sign and v̇ does not, the orbit crosses all the same.
    """
    over = blown.over
    if not whole:
        samples = [] if edge else [sympy.Integer(0)]
    else:
        samples = [v for v in between(tangencies, over) if not edge or v > 0]
        samples = samples or [sympy.Integer(1)]
    for v in samples:
        direction = value_sign(speed, v, over)
        yield Orbits(direction > 0, direction < 0)
    slide = polynomial({j: c for (i, j), c in blown.y.items() if i == 0}, over)
    for root in tangencies:
        if sign_at(slide, root, over) == 0:
            yield UNKNOWN


def _either(one: bool | None, other: bool | None) -> bool | None:
    return True if one or other else None if one is None or other is None else False
