"""Rest points of planar flows whose linearisation is zero or nilpotent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath
import sympy

from ..documents.numbers import number
from .blow_up import Germ, orbits
from .fields import ExactField
from .nilpotent import nilpotent, shape_of
from .real_roots import Root, Unknown, between, polynomial, roots, sign, sign_at, value_sign
from .sentences import closed_form, term, undecided
from .value import Law, NormalForm

_MOST = 60  # characters of an exact coefficient
_DIGITS, _MOST_ANGLES = 40, 4096
_LIE = 12  # derivatives along a field without rest point


def planar(germ: Germ, complete: bool) -> NormalForm:
    """The stability of a planar germ whose linear part is zero or nilpotent.

    - `germ`: the Taylor coefficients at the rest point.
    - `complete`: these are all coefficients, the others vanish.

    An orbit leaves along every direction u with f_m(u) = κu, κ > 0, f_m the leading homogeneous part: after
    x = r u, and division by r^(m−1), the rest point (0, u) has the eigenvalue κ across r = 0. Where none of
    these decides the directions are blown up (`blow_up`). An isolated rest point that an orbit reaches with a
    tangent and no orbit leaves is asymptotically stable: it has no hyperbolic, elliptic or repelling sector
    (Dumortier, Llibre, Artés, "Qualitative theory of planar differential systems", §1.5 and theorem 3.3).
    """
    try:
        m = germ.order
        if m == 1:
            found = nilpotent(germ)
            common = _common_factor(germ) if complete and found.verdict == "undecided" else None
            lines = None if common is None else _along_lines(germ, m, common)
            return lines or found
        directions = _directions(germ, m)
        found = _growing(germ, m, directions)
        if found is None and not directions and directions is not None:
            found = _turning(germ, m)
        return found or _blown_up(germ, m, directions, complete)
    except Unknown as error:
        return undecided("degenerate", f"the leading terms do not decide: {error}")


def turns(germ: Germ) -> bool:
    """Whether orbits near the rest point go round it: none begins or ends there with a tangent."""
    try:
        m = germ.order
        if m == 1:
            shape = shape_of(germ)
            return shape is not None and shape.turns(germ.over)
        if _directions(germ, m) == []:
            return True
        found = orbits(germ)
        return found.leave is False and found.arrive is False
    except Unknown:
        return False


# ---- the leading homogeneous part --------------------------------------------------------------


class _Direction:
    """A characteristic direction u = ±(1, v), or ±(0, 1), where f_m(u) = κu.

    - `growth`: the sign of κ; `simple`: whether it is a simple zero of the angular speed; `attracts`: others
      turn towards it.
    """

    def __init__(self, germ: Germ, m: int, root: Root | None, side: int):
        self.side, self.over, self._m, self._root = side, germ.over, m, root
        turned = germ if root is not None else germ.turned(1, 1, swap=True)
        root = root or Root(germ.over.zero)
        self._radial, across = turned.part(m)
        angular = across - polynomial({1: germ.over.one}, germ.over) * self._radial
        parity = side ** (m - 1)  # f_m(−u) = (−1)^m f_m(u)
        self.growth = parity * sign_at(self._radial, root, germ.over)
        slope = parity * sign_at(angular.diff(), root, germ.over)
        self.simple, self.attracts = slope != 0, slope < 0

    def rate(self) -> sympy.Expr:
        """κ for the unit vector."""
        over, root = self.over, self._root or Root(self.over.zero)
        v = root.expression(over)
        if root.element is not None:
            top = over.expression(self._radial.rep.eval(root.element))
        else:
            coefficients = [over.expression(c) for c in self._radial.rep.to_list()]
            top = sympy.Poly(coefficients, sympy.Dummy()).eval(v)
        value = self.side ** (self._m - 1) * top / sympy.sqrt(1 + v**2) ** (self._m - 1)
        return sympy.radsimp(sympy.expand(value)) if value.count_ops() < _MOST else value

    def __str__(self) -> str:
        if self._root is None:
            return f"(0, {number(self.side)})"
        v = self._root.expression(self.over)
        if v.is_Rational:
            return f"({self.side * v.q}, {self.side * v.p})".replace("-", "−")
        return f"({number(self.side)}, {number(self.side * float(v))})"


def _directions(germ: Germ, m: int) -> list[_Direction] | None:
    """The characteristic directions, both ends of each line; None where every direction is one."""
    over = germ.over
    radial, across = germ.part(m)
    angular = across - polynomial({1: over.one}, over) * radial
    if angular.is_zero:
        return None
    lines: list[Root | None] = list(roots(angular, over))
    if (0, m) not in germ.x:  # ẋ = 0 on x = 0, to this order
        lines.append(None)
    return [_Direction(germ, m, line, side) for line in lines for side in (1, -1)]


def _growing(germ: Germ, m: int, directions: list[_Direction] | None) -> NormalForm | None:
    """Unstable because of a direction in which the leading part points away from the rest point."""
    if directions is None:
        radial = germ.part(m)[0]
        samples = between(roots(radial, germ.over), germ.over)
        v = next((v for v in samples if value_sign(radial, v, germ.over) > 0 or m % 2 == 0), None)
        if v is None:
            return None
        upward = value_sign(radial, v, germ.over) > 0
        directions = [_Direction(germ, m, Root(germ.over.number(v)), 1 if upward else -1)]
    growing = [d for d in directions if d.growth > 0]
    if not growing:
        return None
    best = max(growing, key=lambda d: (d.simple, float(d.rate())))
    rate = best.rate()
    return NormalForm(
        "unstable",
        f"the leading part, of degree {m}, points away from the rest point along {best}: "
        f"orbits leave there, ṙ = {term(float(rate), 'r', m)}",
        "degenerate",
        order=m,
        coefficient=float(rate),
        exact=_text(rate),
        evidence="exact",
    )


def _text(value: sympy.Expr) -> str | None:
    return None if value.has(sympy.Float, sympy.CRootOf) else closed_form(value)


# ---- orbits that turn around -------------------------------------------------------------------


def _turning(germ: Germ, m: int) -> NormalForm:
    """No characteristic direction: orbits turn around, ln r changes by ∫ R/A dφ in each turn.

    ṙ = R(φ) r^m + …, φ̇ = A(φ) r^(m−1) + … (Andronov, Leontovich, Gordon, Maier, "Qualitative theory of
    second-order dynamic systems", §20).
    """
    over = germ.over
    radial, across = germ.part(m)
    v = polynomial({1: over.one}, over)
    growth, angular = radial + v * across, across - v * radial
    turn = value_sign(angular, 0, over)
    samples = between(roots(growth, over), over) if not growth.is_zero else []
    signs = {value_sign(growth, at, over) for at in samples}
    if not signs:
        return undecided(
            "degenerate",
            f"orbits turn around, and the leading part, of degree {m}, neither approaches nor leaves: "
            "centre or focus is decided by higher terms",
            m,
        )
    law = None
    if len(signs) == 1:
        word, evidence, change = next(iter(signs)), "exact", None
        circle = polynomial({0: over.one, 2: over.one}, over) ** ((m + 1) // 2)
        constant = growth.rep.eval(over.zero)
        if word < 0 and (growth - circle.mul_ground(constant)).is_zero:
            law = _law(m, -float(over.value(constant)))
    else:
        change = _change(growth, angular, m, over)
        if change is None:
            return undecided(
                "degenerate",
                f"orbits turn around, and ln r does not change in a turn as far as {_DIGITS} digits "
                "tell: centre or focus is decided by higher terms",
                m,
            )
        word, evidence = (1 if change * turn > 0 else -1), "numeric"
    size = "" if change is None else f" by {number(abs(float(change)))}"
    moves = "shrinks" if word < 0 else "grows"
    return NormalForm(
        "asymptotically stable" if word < 0 else "unstable",
        f"orbits turn around by the leading part, of degree {m}, and ln r {moves}{size} in each turn",
        "degenerate",
        order=m,
        evidence=evidence,
        law=law,
    )


def _change(growth: sympy.Poly, angular: sympy.Poly, m: int, over: ExactField) -> Any | None:
    """∫ R/A dφ over a turn, or None where it cannot be told from zero.

    The trapezoidal rule converges geometrically for a periodic analytic function; two results with many
    digits in common are believed.
    """
    context = mpmath.MPContext()
    context.dps = _DIGITS

    def form(p: sympy.Poly) -> list[Any]:
        found = [context.zero] * (m + 2)
        for (j,), c in p.rep.to_dict().items():
            found[j] = context.mpf(over.value(c))
        return found

    top, bottom = form(growth), form(angular)

    def ratio(angle: Any) -> Any:
        c, s = context.cos(angle), context.sin(angle)
        powers = [c ** (m + 1 - j) * s**j for j in range(m + 2)]
        return context.fdot(top, powers) / context.fdot(bottom, powers)

    count = 32
    values = [ratio(context.pi * i / count) for i in range(count)]  # of period π, as m is odd
    while count < _MOST_ANGLES:
        coarse = context.fsum(values) / count
        values += [ratio(context.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
        count *= 2
        fine = context.fsum(values) / count
        size = context.fsum(abs(value) for value in values) / count
        if abs(fine - coarse) < size * context.mpf(10) ** (-_DIGITS // 2):
            small = abs(fine) < size * context.mpf(10) ** (-_DIGITS // 4)
            return None if small else 2 * context.pi * fine
    return None


# ---- directions that do not decide by themselves ----------------------------------------------


def _blown_up(
    germ: Germ, m: int, directions: list[_Direction] | None, complete: bool
) -> NormalForm:
    common = _common_factor(germ) if complete else None
    if common is not None:
        germ = replace(germ, common=common.rep.to_dict())
    found = orbits(germ)
    if found.leave:
        return NormalForm(
            "unstable",
            f"orbits leave: seen by blowing up the directions of the leading part, of degree {m}",
            "degenerate",
            order=m,
            evidence="exact",
        )
    if found.leave is False and found.lines:
        return NormalForm(
            "neutral",
            "rest points fill curves through this point, and no orbit leaves it",
            "degenerate",
            order=m,
            evidence="exact",
            reason="the rest points nearby attract or repel across their curve, and no orbit leaves this one",
        )
    if found.leave is False and found.arrive:
        return NormalForm(
            "asymptotically stable",
            f"no orbit leaves, and orbits arrive along a direction of the leading part, of degree {m}",
            "degenerate",
            order=m,
            evidence="exact",
            law=_slowest(directions, m),
        )
    if found.leave is False and found.arrive is False:
        return undecided(
            "degenerate",
            "no orbit arrives or leaves with a tangent: orbits turn around, and centre or focus is decided "
            "by their return map",
            m,
        )
    lines = None if common is None else _along_lines(germ, m, common)
    if lines is not None:
        return lines
    return undecided(
        "degenerate",
        f"the leading part, of degree {m}, and the blown-up directions that could be followed do not decide: "
        "the sectors around the rest point would be needed",
        m,
    )


def _slowest(directions: list[_Direction] | None, m: int) -> Law | None:
    """The law where the orbits, but for single ones, come in along ends of directions with one rate."""
    if not directions or any(d.growth >= 0 or not d.simple for d in directions):
        return None
    rates = [float(d.rate()) for d in directions if d.attracts]
    if not rates or max(rates) - min(rates) > 1e-12 * abs(min(rates)):
        return None
    return _law(m, -rates[0])


def _law(m: int, rate: float) -> Law:
    """The decay of ṙ = −rate·r^m."""
    return Law(1 / (m - 1), ((m - 1) * rate) ** (-1 / (m - 1)))


# ---- lines of rest points ----------------------------------------------------------------------


def _common_factor(germ: Germ) -> sympy.Poly | None:
    """The polynomial that divides both components and vanishes at the rest point, if there is one."""
    common = sympy.gcd(*(_two_variables(terms, germ.over) for terms in (germ.x, germ.y)))
    if common.is_ground or _at_point(common):
        return None
    return common


def _along_lines(germ: Germ, m: int, common: sympy.Poly) -> NormalForm | None:
    """A field g·Y with g = 0 at the rest point: orbits move along those of Y, and stop where g = 0.

    Let Y not vanish here. If g is not zero all along the orbit of Y through this point, the first derivative
    of g along Y that does not vanish decides. Else that orbit consists of rest points and lies on f = 0 with
    g = f^e h; on those beside it, at f = ε, points move with the speed ε^e h.
    """
    over = germ.over
    reduced = [_two_variables(terms, over).exquo(common) for terms in (germ.x, germ.y)]
    if not any(map(_at_point, reduced)):
        return _never_farther(germ, m, common)
    for part, e in common.sqf_list()[1]:
        kept = part.gcd(_derivative(part, reduced))
        if not kept.is_ground and not _at_point(kept):
            return _beside_a_curve(e, common.exquo(kept**e), reduced, over)
    first = _first_derivative(common, reduced)
    if first is None:
        return None
    k, value = first
    if sign(value, over) > 0 or k % 2 == 0:
        return NormalForm(
            "unstable",
            "rest points fill a curve, and orbits move along the lines of a field that does not vanish here: "
            "on the line through this point they leave",
            "degenerate",
            order=k,
            evidence="exact",
        )
    reason = "each orbit stays on a line of its own and comes to rest on it"
    because = "rest points fill a curve, and orbits move towards it, each along a line of its own"
    return NormalForm("neutral", because, "degenerate", order=k, evidence="exact", reason=reason)


def _beside_a_curve(
    e: int, rest: sympy.Poly, reduced: list[sympy.Poly], over: ExactField
) -> NormalForm | None:
    """ε^e h along an orbit of rest points; its sign is the same on both sides of that where e is even."""
    first = _first_derivative(rest, reduced)
    if first is None:
        return None
    k, value = first
    if e % 2 or k % 2 == 0 or sign(value, over) > 0:
        because = (
            "rest points fill curves that cross here, and orbits beside one of them run along it"
        )
        if k == 0:
            because = "rest points fill a curve, and orbits beside it run along it"
        return NormalForm("unstable", because, "degenerate", evidence="exact")
    because = (
        "rest points fill curves that cross here, and orbits beside one of them run to the others"
    )
    reason = "each orbit stays on a line of its own and comes to rest on it"
    return NormalForm("neutral", because, "degenerate", evidence="exact", reason=reason)


def _first_derivative(g: sympy.Poly, along: list[sympy.Poly]) -> tuple[int, Any] | None:
    """The first derivative of g along a field that does not vanish at the point, with its order."""
    for k in range(_LIE + 1):
        value = _at_point(g)
        if value:
            return k, value
        g = _derivative(g, along)
    return None


def _derivative(g: sympy.Poly, along: list[sympy.Poly]) -> sympy.Poly:
    return sum((g.diff(v) * p for v, p in zip(g.gens, along, strict=True)), g.zero)


def _at_point(g: sympy.Poly) -> Any:
    """The constant term; None where that is zero."""
    return g.rep.to_dict().get((0, 0))


def _never_farther(germ: Germ, m: int, common: sympy.Poly) -> NormalForm | None:
    """A homogeneous field with lines of rest points through this one that never points outwards."""
    over = germ.over
    if any(i + j != m for terms in (germ.x, germ.y) for i, j in terms):
        return None
    radial, across = germ.part(m)
    growth = radial + polynomial({1: over.one}, over) * across
    top = polynomial({j: c for (_, j), c in common.rep.to_dict().items()}, over)
    has_line = bool(roots(top, over)) or top.degree() < common.total_degree()
    if not has_line:
        return None
    if not growth.is_zero:
        if m % 2 == 0:  # positive on one of two opposite sides
            return None
        samples = between(roots(growth, over), over)
        if any(value_sign(growth, v, over) > 0 for v in samples):
            return None
    return NormalForm(
        "neutral",
        "the distance from this point never grows, and rest points fill lines through it",
        "degenerate",
        order=m,
        evidence="exact",
        reason="the distance from this point never grows, and rest points fill lines through it",
    )


def _two_variables(terms: dict[tuple[int, int], Any], over: ExactField) -> sympy.Poly:
    return sympy.Poly.from_dict(terms or {(0, 0): over.zero}, _x, _y, domain=over.domain)


_x, _y = sympy.symbols("x y", cls=sympy.Dummy)
