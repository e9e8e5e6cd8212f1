"""Rest points of fields without linear part, or with one that was averaged away: the leading part decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from scipy.optimize import linprog

from .fields import ExactField
from .forms import Form, definite
from .rays import growing_ray
from .sentences import term
from .value import NormalForm

_SAMPLES = 300
_LARGEST = 5  # dimension in which a form is proved definite
_DENOMINATOR = 32  # of a Lyapunov function's coefficients
_ROUNDING = Fraction(1, 10**45)  # of irrational coefficients, relative to the largest


def homogeneous(field: Sequence[Any], over: ExactField, resonance: str | None = None) -> NormalForm:
    """The stability of x = 0 under ẋ = f_m(x) + higher terms, where the leading homogeneous part f_m decides.

    - `field`: d polynomials in d variables over the field `over`, not all zero, without linear terms.
    - `resonance`: of the linear part that f_m commutes with, named where nothing decides.

    Asymptotically stable if xᵀP f_m(x) < 0 for all x ≠ 0 and some P > 0: a Lyapunov function. Unstable if
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
        "quadratic Lyapunov function: another Lyapunov function, or higher terms, would be needed",
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
    return _lyapunov(lead, error, m)


def _lyapunov(lead: list[Form], error: Fraction, m: int) -> tuple[Any, str] | None:
    """A quadratic form xᵀPx that falls along the leading part: guessed from samples, proved exactly."""
    d = len(lead)
    random = np.random.default_rng(0)
    u = random.normal(size=(_SAMPLES, d))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    f = np.stack([_sampled(p, u) for p in lead], axis=1)
    size = np.abs(f).max()
    places = [(i, j) for i in range(d) for j in range(i, d)]
    change = np.stack([u[:, i] * f[:, j] + u[:, j] * f[:, i] for i, j in places], axis=1) / size
    height = np.stack([u[:, i] * u[:, j] * (1 if i == j else 2) for i, j in places], axis=1)
    ones = np.ones((_SAMPLES, 1))
    bounds = [(-1, 1)] * len(places) + [(None, 1)]
    target = np.zeros(len(places) + 1)
    target[-1] = -1
    limits = np.vstack([np.hstack([change, ones]), np.hstack([-height, ones])])
    best = linprog(target, A_ub=limits, b_ub=np.zeros(len(limits)), bounds=bounds)
    if best.status != 0 or best.x[-1] <= 1e-4:
        return None
    weights = [Fraction(round(c * _DENOMINATOR), _DENOMINATOR) for c in best.x[:-1]]
    quadratic: Form = {}
    pairs: list[tuple[Form, Form]] = []
    for (i, j), weight in zip(places, weights, strict=True):
        if not weight:
            continue
        key = tuple(int(k == i) + int(k == j) for k in range(d))
        quadratic[key] = weight if i == j else 2 * weight
        for a, b in {(i, j), (j, i)}:
            pairs.append(({e: -weight * c for e, c in lead[a].items()}, _coordinate(b, d)))
    falls = _sum_of_products(pairs, d)
    if not falls or not quadratic:
        return None
    if definite(quadratic) != "positive" or definite(falls, error * d * d) != "positive":
        return None
    return "asymptotically stable", (
        f"a quadratic form falls along the leading part, of degree {m}: a Lyapunov function"
    )


def _sampled(p: Form, u: np.ndarray) -> np.ndarray:
    total = np.zeros(len(u))
    for exponents, c in p.items():
        total += float(c) * np.prod(u ** np.array(exponents), axis=1)
    return total


def _is_gradient(lead: list[Form]) -> bool:
    """Whether ∂f_i/∂x_j = ∂f_j/∂x_i."""
    d = len(lead)

    def slope(p: Form, j: int) -> Form:
        return {(*e[:j], e[j] - 1, *e[j + 1 :]): c * e[j] for e, c in p.items() if e[j]}

    return all(slope(lead[i], j) == slope(lead[j], i) for i in range(d) for j in range(i))


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
