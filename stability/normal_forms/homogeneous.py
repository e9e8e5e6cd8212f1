"""Rest points of fields without linear part, or with one that was averaged away: the leading part decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import sympy

from .fields import ExactField
from .forms import Form, definite
from .rays import derivative, growing_ray
from .sentences import term
from .value import NormalForm

_SAMPLES, _MANY_SAMPLES, _ROUNDS = 200, 4000, 4
_LARGEST = 5  # dimension in which a form is proved definite
_DEGREES = (2, 4)  # of forms that are tried as Lyapunov functions
_DENOMINATOR, _MARGIN = 2**12, 1e-5  # of their coefficients
_ROUNDING = Fraction(1, 10**45)  # of irrational coefficients, relative to the largest


def homogeneous(field: Sequence[Any], over: ExactField, resonance: str | None = None) -> NormalForm:
    """The stability of x = 0 under ẋ = f_m(x) + higher terms, where the leading homogeneous part f_m decides.

    - `field`: d polynomials in d variables over the field `over`, not all zero, without linear terms.
    - `resonance`: of the linear part that f_m commutes with, named where nothing decides.

    Asymptotically stable if a positive form V has ∇V·f_m < 0 for all x ≠ 0: a Lyapunov function. Unstable if
    f_m(u) = κu, κ > 0 for some u: with x = r u and after division by r^(m−1) (0, u) is a rest point with the
    eigenvalue κ across r = 0, and orbits leave it. So also if f_m is the gradient of a form that takes
    positive values (u is where it is largest on the sphere), if xᵀf_m(x) > 0 everywhere, or if m is even
    and f_m has no zero but 0: without such a u, f_m/|f_m| would be homotopic on the sphere to −u, of
    degree ±1, but an even map of a sphere has an even degree.
    """
    lead, error, m = _leading(field, over)
    ray = growing_ray(lead, error)
    if ray is not None:
        return NormalForm(
            "unstable",
            f"the leading part, of degree {m}, points away from the rest point along {ray}: orbits leave "
            f"there, ṙ = {term(ray.rate, 'r', m)}",
            "degenerate",
            order=m,
            coefficient=ray.rate,
            error_bound=ray.error,
            evidence="exact",
        )
    found = _by_forms(lead, error, m) if len(lead) <= _LARGEST else None
    if found is not None:
        verdict, because = found
        return NormalForm(verdict, because, "degenerate", order=m, evidence="exact")
    named = f" ({resonance})" if resonance else ""
    return NormalForm(
        "undecided",
        f"for the leading part, of degree {m}{named}, no direction in which orbits leave was found, and no "
        "Lyapunov function: another Lyapunov function, or higher terms, would be needed",
        "degenerate",
        order=m,
    )


def _leading(field: Sequence[Any], over: ExactField) -> tuple[list[Form], Fraction, int]:
    """The leading homogeneous part in fractions, their error, and its degree."""
    m = min(sum(e) for p in field for e in p.monoms())
    lead = [{e: over.fraction(c) for e, c in p.terms() if sum(e) == m} for p in field]
    if over.domain is sympy.QQ:
        return lead, Fraction(0), m
    return lead, _ROUNDING * max(abs(c) for p in lead for c in p.values()), m


def _by_forms(lead: list[Form], error: Fraction, m: int) -> tuple[Any, str] | None:
    d = len(lead)
    if m % 2 == 0:
        square = _sum_of_products(((p, p) for p in lead), d)
        slack = error * 4 * d * max(abs(c) for p in lead for c in p.values())
        if definite(square, slack) != "positive":
            return None
        return "unstable", (
            f"the leading part, of even degree {m}, vanishes at the rest point alone, so that it points away "
            "from it along some direction: orbits leave there"
        )
    outward = _sum_of_products(((p, _coordinate(i, d)) for i, p in enumerate(lead)), d)
    if not outward:
        return None
    inward = {e: -c for e, c in outward.items()}
    kind = definite(inward, error * d)
    if kind == "positive":
        return "asymptotically stable", (
            f"the leading part, of degree {m}, points inwards everywhere: the distance falls"
        )
    if kind == "indefinite" and error == 0 and _is_gradient(lead):
        return "unstable", (
            f"the leading part, of degree {m}, is a gradient, and the potential has no minimum here"
        )
    if definite(outward, error * d) == "positive":
        return "unstable", (
            f"the leading part, of degree {m}, points outwards everywhere: the distance grows"
        )
    for degree in _DEGREES if d <= 3 else _DEGREES[:1]:
        if _lyapunov(lead, error, degree) is not None:
            return "asymptotically stable", (
                f"a form of degree {degree} falls along the leading part, of degree {m}: a Lyapunov function"
            )
    return None


def _lyapunov(lead: list[Form], error: Fraction, degree: int) -> Form | None:
    """A positive form of that degree that falls along the leading part: guessed from samples, and proved."""
    from scipy.optimize import linprog  # slow to import

    d = len(lead)
    monomials = [e for e in product(range(degree + 1), repeat=d) if sum(e) == degree]
    random = np.random.default_rng(0)
    u = random.normal(size=(_MANY_SAMPLES, d))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    speed = np.stack([_sampled(p, u) for p in lead], axis=1)
    height = np.stack([_sampled({e: Fraction(1)}, u) for e in monomials], axis=1)
    change = np.zeros_like(height)
    for k, e in enumerate(monomials):
        for i in range(d):
            change[:, k] += _sampled(derivative({e: Fraction(1)}, i), u) * speed[:, i]
    size = np.linalg.norm(speed, axis=1)
    change /= np.maximum(size, _MARGIN * size.max())[:, None]
    # the greatest t with V ≥ t and V̇ ≤ −t|f| at the samples, and no coefficient above 1
    target = np.append(np.zeros(len(monomials)), -1.0)
    bounds = [(-1, 1)] * len(monomials) + [(None, 1)]
    used = np.arange(_SAMPLES)
    for _ in range(_ROUNDS):
        ones = np.ones((len(used), 1))
        limits = np.vstack([np.hstack([change[used], ones]), np.hstack([-height[used], ones])])
        best = linprog(target, A_ub=limits, b_ub=np.zeros(len(limits)), bounds=bounds)
        if best.status != 0 or best.x[-1] <= _MARGIN:
            return None
        worst = np.maximum(change @ best.x[:-1], -height @ best.x[:-1])
        broken = np.argsort(-worst)[:_SAMPLES]
        broken = broken[worst[broken] > -0.9 * best.x[-1]]
        if not broken.size:
            break
        used = np.union1d(used, broken)
    weights = [Fraction(round(c * _DENOMINATOR), _DENOMINATOR) for c in best.x[:-1]]
    guess = {e: w for e, w in zip(monomials, weights, strict=True) if w}
    slopes = [derivative(guess, i) for i in range(d)]
    falls = _sum_of_products(
        ((s, {e: -c for e, c in p.items()}) for s, p in zip(slopes, lead, strict=True)), d
    )
    slack = error * degree * d * len(monomials)
    if guess and falls and definite(guess) == "positive" and definite(falls, slack) == "positive":
        return guess
    return None


def _sampled(p: Form, u: np.ndarray) -> np.ndarray:
    total = np.zeros(len(u))
    for exponents, c in p.items():
        total += float(c) * np.prod(u ** np.array(exponents), axis=1)
    return total


def _is_gradient(lead: list[Form]) -> bool:
    """Whether ∂f_i/∂x_j = ∂f_j/∂x_i."""
    d = len(lead)

    return all(derivative(lead[i], j) == derivative(lead[j], i) for i in range(d) for j in range(i))


def _coordinate(i: int, d: int) -> Form:
    return {tuple(int(j == i) for j in range(d)): Fraction(1)}


def _sum_of_products(pairs: Iterable[tuple[Form, Form]], d: int) -> Form:
    """Σ p·q, without zeros."""
    total: Form = {}
    for p, q in pairs:
        for e, a in p.items():
            for g, b in q.items():
                key = tuple(e[i] + g[i] for i in range(d))
                total[key] = total.get(key, Fraction(0)) + a * b
    return {e: c for e, c in total.items() if c}
