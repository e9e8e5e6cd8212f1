"""Planar rest points with a nilpotent linear part: Andronov's table, and which way its foci turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .blow_up import Germ, along_nullcline, series_product
from .fields import ExactField
from .real_roots import Unknown, sign
from .sentences import closed_form, term, undecided
from .value import NormalForm

_Terms = dict[tuple[int, int], Any]


def nilpotent(germ: Germ) -> NormalForm:
    """ẋ = y + …, ẏ = …: the table of Andronov (Dumortier, Llibre, Artés, theorem 3.5).

    On the curve where ẋ = 0 stand ẍ = a x^m + … and the divergence b x^n + …; m and n give the kind of rest
    point. What turns around is judged by `_turning`.
    """
    shape = shape_of(germ)
    if shape is None:
        return undecided("degenerate", "no coefficient that is known differs from zero where ẋ = 0")
    over, m, a = germ.over, shape.m, shape.a
    shown = f"ẍ = {term(float(over.value(a)), 'x', m)} where ẋ = 0"

    def answer(word: Any, what: str) -> NormalForm:
        return NormalForm(
            word,
            f"{what}: nilpotent linear part, {shown}",
            "degenerate",
            order=m,
            coefficient=float(over.value(a)),
            exact=closed_form(over.expression(a)),
            evidence="exact",
        )

    if m % 2 == 0:
        what = "a cusp" if shape.n is None or m < 2 * shape.n + 1 else "a saddle-node"
        return answer("unstable", what)
    if sign(a, over) > 0:
        return answer("unstable", "a saddle")
    if shape.turns(over):
        found = _turning(germ, m)
        if found is None and (moves := _averaged(germ, m, a)):
            kind = "an attracting" if moves < 0 else "a repelling"
            word = "asymptotically stable" if moves < 0 else "unstable"
            return answer(word, f"{kind} focus, by what a turn does to the energy")
        if found is None:
            because = (
                f"centre or focus: nilpotent linear part, {shown}; the friction's even terms up to "
                f"x^{m - 1} vanish, and a later generalised Lyapunov quantity would decide"
            )
            return undecided("degenerate", because, m)
        power, c = found
        friction_shown = term(float(over.value(c)), "x", power)
        if sign(c, over) < 0:
            return answer(
                "asymptotically stable", f"an attracting focus, friction {friction_shown}"
            )
        return answer("unstable", f"a repelling focus, friction {friction_shown}")
    assert shape.n is not None
    if shape.n % 2:
        return answer("unstable", "a rest point with an elliptic sector")
    if sign(shape.b, over) < 0:
        return answer("asymptotically stable", "an attracting node")
    return answer("unstable", "a repelling node")


@dataclass(frozen=True)
class Shape:
    """On the curve where ẋ = 0: ẍ = a x^m + … and the divergence b x^n + …; n is None where that vanishes."""

    m: int
    a: Any
    n: int | None
    b: Any

    def turns(self, over: ExactField) -> bool:
        """Whether orbits go round the rest point."""
        if self.m % 2 == 0 or sign(self.a, over) > 0:
            return False
        if self.n is None or self.m < 2 * self.n + 1:
            return True
        square = self.b * self.b + over.one * 4 * self.a * (self.n + 1)
        return self.m == 2 * self.n + 1 and sign(square, over) < 0


def shape_of(germ: Germ) -> Shape | None:
    """The numbers of a germ that Andronov's table looks at; None where a x^m is not known."""
    over = germ.over
    if not germ.x.get((0, 1)) or germ.x.get((1, 0)) or germ.y.get((0, 1)):
        raise Unknown("the linear part is not in Jordan form")
    force = along_nullcline(germ.x, germ.y, germ.known, over)
    divergence = _sum(over, _slope(germ.x, 0), _slope(germ.y, 1))
    friction = along_nullcline(germ.x, divergence, germ.known - 1, over)
    m = next((k for k, c in enumerate(force) if c), None)
    n = next((k for k, c in enumerate(friction) if c), None)
    if m is None:
        return None
    return Shape(m, force[m] * germ.x[0, 1], n, over.zero if n is None else friction[n])


def _turning(germ: Germ, m: int) -> tuple[int, Any] | None:
    """The first even power of ξ, below m + 1, in g of ξ̇ = u, u̇ = −|a| ξ^m + u g(ξ), with its coefficient.

    With v = ẋ the germ is v̇ = f(x) + v g(x) + v² h(x) + …. Then u = v e^(−∫h) takes the third term away,
    ξ^(m+1) = (m+1) ∫ e^(−2∫h) f/a dx makes the first one a power, and time runs with dξ/u. The first even
    power of g decides, by Filippov's comparison of an orbit's two halves (Zhang, Ding, Huang, Dong,
    "Qualitative theory of differential equations", 1992, chapter 4): odd powers act alike on both. With
    the weights v² ~ x^(m+1) terms in v³ and beyond are as small as powers of g from m + 1 on. None
    where it is not known.
    """
    over, degree = germ.over, min(germ.known - 2, 2 * m)
    if degree < m:
        return None
    p, q = germ.x, germ.y
    p_y = _slope(p, 1)
    acceleration = _sum(over, _times(_slope(p, 0), p, over), _times(p_y, q, over))
    a_y = _slope(acceleration, 1)

    def at(terms: _Terms) -> list[Any]:
        return along_nullcline(p, terms, degree, over)

    def times(*factors: list[Any]) -> list[Any]:
        total = factors[0]
        for factor in factors[1:]:
            total = series_product(total, factor, degree, over)
        return total

    y_v = _power(at(p_y), -1, 1, over)  # ∂y/∂v at v = 0, and ∂²y/∂v² = −(∂y/∂v)³ p_yy
    f, g = at(acceleration), times(at(a_y), y_v)
    bend = times(g, at(_slope(p_y, 1)))
    twice_h = [s - t for s, t in zip(at(_slope(a_y, 1)), bend, strict=True)]
    decay = _exponential([-c / 2 for c in _integral(times(twice_h, y_v, y_v), over)], over)
    lead = times(decay, decay, f)[m:]
    scaled = [c * (m + 1) / (lead[0] * (m + 1 + k)) for k, c in enumerate(lead)]
    xi = [over.zero, *_power(scaled, 1, m + 1, over)]  # ξ = x + …
    rest = _integral(times(decay, g), over)  # ∫ g dx, to be written in powers of ξ
    power = [over.one]
    for j in range(1, min(m, len(xi)) + 1):
        power = series_product(power, xi, len(xi) - 1, over)
        c = rest[j] if j < len(rest) else over.zero
        if c and j % 2:
            return j - 1, c * j
        rest = [r - c * power[k] if k < len(power) else r for k, r in enumerate(rest)]
    return None


def _averaged(germ: Germ, m: int, a: Any) -> int:
    """The sign of the energy that one turn gains, to the first order of what is small; 0: not decided.

    For ẋ = b y + P, ẏ = −c x^m + Q let x have the weight 1 and y the weight (m+1)/2. Where all terms of P and
    Q weigh more than y and x^m, orbits near the point are those of H = b y²/2 + c x^(m+1)/(m+1) but for
    Ḣ = c x^m P + b y Q. Terms of one weight change H in a turn by integrals of x^p y^q, which are positive
    for even p and q and zero else (Melnikov). The lowest weight whose terms have integrals decides, unless
    products of lighter terms reach it. Only coefficients of one sign are added.
    """
    over, n = germ.over, (m + 1) // 2
    b = germ.x[0, 1]
    c = -a / b  # ẍ = −b c x^m
    if germ.y.get((m, 0)) != -c:
        return 0
    gains: dict[int, list[Any]] = {}
    for (i, j), value in germ.x.items():
        if (i, j) != (0, 1):
            gains.setdefault(i + n * j - n, []).extend(
                [value * c] * (i % 2 == m % 2 and j % 2 == 0)
            )
    for (i, j), value in germ.y.items():
        if (i, j) != (m, 0):
            gains.setdefault(i + n * j - m, []).extend([value * b] * (i % 2 == 0 and j % 2 == 1))
    lightest = min(gains, default=0)
    if lightest <= 0:
        return 0
    for weight in sorted(gains):
        if weight >= min(2 * lightest, germ.known + 1 - m):
            return 0
        if gains[weight]:
            signs = {sign(value, over) for value in gains[weight]}
            return signs.pop() * sign(b, over) if len(signs) == 1 else 0
    return 0


def _slope(terms: _Terms, axis: int) -> _Terms:
    """The derivative by x (0) or y (1)."""
    step = (1 - axis, axis)
    return {
        (i - step[0], j - step[1]): c * (i, j)[axis] for (i, j), c in terms.items() if (i, j)[axis]
    }


def _sum(over: ExactField, *parts: _Terms) -> _Terms:
    total: _Terms = {}
    for part in parts:
        for key, c in part.items():
            total[key] = total.get(key, over.zero) + c
    return {key: c for key, c in total.items() if c}


def _times(one: _Terms, other: _Terms, over: ExactField) -> _Terms:
    return _sum(
        over, *({(i + k, j + n): c * e for (k, n), e in other.items()} for (i, j), c in one.items())
    )


def _integral(series: list[Any], over: ExactField) -> list[Any]:
    return [over.zero, *(c / (k + 1) for k, c in enumerate(series[:-1]))]


def _exponential(series: list[Any], over: ExactField) -> list[Any]:
    """exp of a series without constant term: n eₙ = Σ k sₖ eₙ₋ₖ."""
    found = [over.one]
    for n in range(1, len(series)):
        found.append(sum((series[k] * k * found[n - k] for k in range(1, n + 1)), over.zero) / n)
    return found


def _power(series: list[Any], top: int, bottom: int, over: ExactField) -> list[Any]:
    """The power top/bottom of a series: −1, or any where the constant term is one.

    n s₀ cₙ = Σ (p k − (n − k)) sₖ cₙ₋ₖ, as s c′ = p s′ c.
    """
    found = [over.one / series[0]]
    for n in range(1, len(series)):
        total = over.zero
        for k in range(1, n + 1):
            total += series[k] * found[n - k] * (top * k - bottom * (n - k))
        found.append(total / series[0] / (n * bottom))
    return found
