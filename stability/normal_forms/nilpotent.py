"""Planar rest points with a nilpotent linear part: Andronov's table."""

from __future__ import annotations

from typing import Any

from .blow_up import Germ, along_nullcline
from .fields import ExactField
from .real_roots import Unknown, sign
from .sentences import closed_form, term, undecided
from .value import NormalForm


def nilpotent(germ: Germ) -> NormalForm:
    """ẋ = y + …, ẏ = …: the table of Andronov (Dumortier, Llibre, Artés, theorem 3.5).

    On the curve y = F(x) where ẋ = 0 stand ẏ = a x^m + … and the divergence b x^n + …. A focus or centre with
    n even, n < m: the energy y²/2 + |a| x^(m+1)/(m+1) changes by ∮ b xⁿ y dx in a turn, and it is a focus.
    """
    over = germ.over
    if not germ.x.get((0, 1)) or germ.x.get((1, 0)) or germ.y.get((0, 1)):
        raise Unknown("the linear part is not in Jordan form")
    force = along_nullcline(germ.x, germ.y, germ.known, over)
    divergence: dict[tuple[int, int], Any] = {}
    for terms, dx in ((germ.x, 1), (germ.y, 0)):
        for (i, j), c in terms.items():
            key = (i - dx, j - 1 + dx)
            if min(key) >= 0:
                factor = i if dx else j
                divergence[key] = divergence.get(key, over.zero) + c * factor
    friction = along_nullcline(germ.x, divergence, germ.known - 1, over)
    m = next((k for k, c in enumerate(force) if c), None)
    n = next((k for k, c in enumerate(friction) if c), None)
    if m is None:
        return undecided(
            "degenerate", "no coefficient of ẏ on the curve ẋ = 0 that is known differs from zero"
        )
    a = force[m]
    scale = germ.x[0, 1]
    return _andronov(m, n, a * scale, friction[n] if n is not None else None, over)


def _andronov(m: int, n: int | None, a: Any, b: Any, over: ExactField) -> NormalForm:
    """The table, for ẋ = y + …."""
    shown = f"ẏ = {term(float(over.value(a)), 'x', m)} on ẋ = 0"

    def unstable(what: str) -> NormalForm:
        return NormalForm(
            "unstable",
            f"a {what}: nilpotent linear part, {shown}",
            "degenerate",
            order=m,
            coefficient=float(over.value(a)),
            exact=closed_form(over.expression(a)),
            evidence="exact",
        )

    if m % 2 == 0:
        return unstable("cusp" if n is None or m < 2 * n + 1 else "saddle-node")
    if sign(a, over) > 0:
        return unstable("saddle")
    if n is None:
        return undecided(
            "degenerate", f"centre or focus: nilpotent linear part, {shown}, divergence 0 there", m
        )
    damped, shown_b = sign(b, over) < 0, term(float(over.value(b)), "x", n)
    turns = m < 2 * n + 1 or (m == 2 * n + 1 and sign(b * b + over.one * 4 * a * (n + 1), over) < 0)
    if not turns and n % 2:
        return unstable("rest point with an elliptic sector")
    if turns and (n % 2 or n >= m):
        return undecided(
            "degenerate",
            f"centre or focus: nilpotent linear part, {shown}, divergence {shown_b}; a later generalised "
            "Lyapunov quantity would decide",
            m,
        )
    return NormalForm(
        "asymptotically stable" if damped else "unstable",
        f"{'an attracting' if damped else 'a repelling'} {'focus' if turns else 'node'}: nilpotent linear "
        f"part, {shown}, divergence {shown_b}",
        "degenerate",
        order=m,
        coefficient=float(over.value(a)),
        exact=closed_form(over.expression(a)),
        evidence="exact",
    )
