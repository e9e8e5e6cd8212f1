"""The formal vector field that a map whose linear part is unipotent is the time-one map of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Polynomials = Sequence[Any]  # elements of one ring of polynomials, as many as it has variables


def truncated(p: Any, order: int) -> Any:
    """The terms of degree at most `order`."""
    return p.ring.from_dict({m: c for m, c in p.terms() if sum(m) <= order})


def composed(outer: Polynomials, inner: Polynomials, order: int) -> list[Any]:
    """`outer` at `inner`, up to degree `order`; constant terms of `inner` are zero."""
    powers = [[p.ring.one] for p in inner]
    found = []
    for p in outer:
        total = p.ring.zero
        for exponents, c in p.terms():
            term = p.ring.ground_new(c)
            for own, base, e in zip(powers, inner, exponents, strict=True):
                while len(own) <= e:
                    own.append(truncated(own[-1] * base, order))
                if e:
                    term = truncated(term * own[e], order)
            total += term
        found.append(total)
    return found


def logarithm(step: Polynomials, order: int) -> list[Any]:
    """The field X up to degree `order` with exp X = `step`, whose linear part has the only eigenvalue one.

    log = Σ (−1)^(j+1)/j (C − 1)^j at the coordinates, C the composition with the map: nilpotent on
    polynomials up to a degree. By Takens (Ann. Inst. Fourier 24, 1974) a map and this flow agree to
    all orders, and in the plane, where an orbit of the field arrives with a tangent, they are topologically
    the same (Dumortier, Rodrigues, Roussarie, "Germs of diffeomorphisms in the plane", 1981).
    """
    current = list(step[0].ring.gens)
    total = [p.ring.zero for p in current]
    j = 0
    while any(current):
        moved = composed(current, step, order)
        current = [a - b for a, b in zip(moved, current, strict=True)]
        j += 1
        scale = step[0].ring.domain.one * (1 if j % 2 else -1) / j
        total = [t + p * scale for t, p in zip(total, current, strict=True)]
    return total
