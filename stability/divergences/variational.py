"""What a discriminator sees of a divergence: its supremum over the span of given features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import scipy
import sympy

from ..dynamics.functions import softplus
from ..dynamics.positive_settings import check_whole
from ..errors import InputError
from .between import aligned, between, distribution, line
from .distributions import Density, Finite
from .f_divergences import F_DIVERGENCES, U, V
from .quadrature import nodes

MAX_STEPS = 200
SMALL = 1e-14  # relative to the value: what a further step may promise when the search ends
FLAT = 1e-15  # second derivatives below it are taken for zero, so that a slope there leads far away
UNBOUNDED = 1e10  # a larger value is taken for a supremum that is infinite


@dataclass(frozen=True, repr=False)
class VariationalBound:
    """max over w of E_p g(v) − E_q f*(g(v)) for discriminators v = features · w.

    - `value`: the greatest value reached; `true`: the divergence itself; `gap`: true − value, not negative
      but for rounding.
    - `coefficients`: w, shape (m,); `converged`: whether Newton's method reached the supremum to rounding
      (perhaps only in the limit of a w that grows); never where it is infinite, where `value` is no more than
      a number that was passed.
    - `left`: what the last Newton step still promised to gain; `steps`: how many were taken.
    """

    value: float
    true: float
    coefficients: np.ndarray
    converged: bool
    left: float
    steps: int

    @property
    def gap(self) -> float:
        return self.true - self.value

    def __repr__(self) -> str:
        ending = "" if self.converged else ", not converged"
        return (
            f"VariationalBound(value={self.value!r}, true={self.true!r}, gap={self.gap!r}, "
            f"coefficients={self.coefficients!r}, left={self.left!r}, steps={self.steps}{ending})"
        )


def polynomials(degree: int) -> Callable[[np.ndarray], np.ndarray]:
    """The features 1, x₁, …, x_d, x₁², … up to a degree, each coordinate's powers: (n, d) ↦ (n, 1 +
    d·degree).

    `degree` is a whole number ≥ 0. Degree 1 is a linear discriminator with a bias, degree 2 adds squares
    (without products of coordinates).
    """
    check_whole(degree, "the degree of the features", 0, 100)

    def features(x: np.ndarray) -> np.ndarray:
        return np.concatenate([np.ones((len(x), 1)), *(x**k for k in range(1, degree + 1))], axis=1)

    return features


def variational_bound(name: str, p: Any, q: Any, features: Any) -> VariationalBound:
    """The f-GAN's lower bound on an f-divergence for a discriminator from a linear span.

    D_f(p‖q) = sup over all T of E_p T − E_q f*(T) (Nguyen, Wainwright, Jordan 2010); restricting T = g(v)
    to v = features · w leaves the largest value below it. It is concave in w, and is maximised by Newton's
    method with halved steps from the best constant (with value 0), where the features have one, or w = 0. For
    densities it may end unconverged where features grow faster than the tails fall, so that one of the
    expectations is infinite for w arbitrarily close by; then the search is repeated for the first feature,
    the first two and so on, each from where the last ended too, and the greatest value is given: so
    more features do not give less, unless the steps ran out.

    **Arguments:**

    - `name`: an f-divergence of `F_DIVERGENCES` that has an activation g.
    - `p`, `q`: as for `between`; two finite distributions, or two densities (their integrals are then
      Gauss–Legendre sums).
    - `features`: a function from points, shape (n, d), to features, shape (n, m), such as
      `polynomials(1)`; or, for probability vectors of length k, a matrix of shape (k, m): `numpy.eye(k)`
      for every discriminator.

    Raises InputError for features of another shape or that are not finite.
    """
    divergence = F_DIVERGENCES.get(name)
    if divergence is None or divergence.activation is None:
        known = ", ".join(
            key for key, value in F_DIVERGENCES.items() if value.activation is not None
        )
        raise InputError(f"there is no variational bound for {name!r}; there are {known}")
    p, q = distribution(p), distribution(q)
    on_p, on_q, points = _common(p, q, divergence.growth)
    matrix = _values(features, points, len(on_p))
    if not matrix[on_p + on_q > 0].any():
        raise InputError("the features vanish wherever the distributions have mass")
    constant = float(divergence.optimal_logit.subs(U, 1))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = _supremum(matrix, on_p, on_q, _derivatives(name), constant)
    return VariationalBound(
        found.value,
        between(name, p, q).value,
        found.coefficients,
        found.converged,
        found.left,
        found.steps,
    )


@dataclass(frozen=True)
class _Search:
    """Where a search ended: coefficients, shape (m,), and the value there."""

    coefficients: np.ndarray
    value: float
    left: float
    steps: int

    @property
    def converged(self) -> bool:
        return bool(self.left <= 1e-12 * max(1.0, abs(self.value)))


def _supremum(
    matrix: np.ndarray, on_p: np.ndarray, on_q: np.ndarray, derivatives, constant: float
) -> _Search:
    """The greatest value found from the constant and, if need be, from that of ever more features."""

    def search(m: int, start: np.ndarray) -> _Search:
        """From the discriminator in the span of the first m features closest to `start`, shape (k,)."""
        # equal features make the maximum a plane of maxima; an orthonormal basis of their span has one
        masses, some = on_p + on_q, matrix[:, :m]
        weighted = np.sqrt(masses)[:, None] * some
        lengths = np.linalg.norm(
            weighted, axis=0
        )  # lest large features hide the others by rounding
        lengths[lengths == 0] = 1.0
        _, sizes, back = np.linalg.svd(weighted / lengths, full_matrices=False)
        kept = sizes > 1e-13 * sizes[0]
        to_w = back[kept].T / sizes[kept] / lengths[:, None]
        values = some @ to_w
        w, value, left, steps = _maximise(
            values, on_p, on_q, derivatives, values.T @ (masses * start)
        )
        return _Search(to_w @ w, value, left, steps)

    flat = np.full(len(matrix), constant)
    best = search(matrix.shape[1], flat)
    if best.converged or best.value > UNBOUNDED or best.steps == MAX_STEPS:
        return best
    # a step along features that grow fast may lead where nothing is finite; climb to them
    steps, best = best.steps, search(1, flat)
    for m in range(1, matrix.shape[1] + 1):
        tries = [search(m, matrix[:, : len(best.coefficients)] @ best.coefficients)]
        if not tries[0].converged:
            tries.append(search(m, flat))
        steps += sum(found.steps for found in tries)
        found = max(tries, key=lambda found: found.value)
        missing = best.value - found.value
        if missing <= SMALL * max(1.0, abs(best.value)):
            best = found
        else:  # rounding has moved the start to where less is reached
            padded = np.append(best.coefficients, np.zeros(m - len(best.coefficients)))
            best = _Search(padded, best.value, max(found.left, missing), steps)
    return replace(best, steps=steps)


def _maximise(
    values: np.ndarray, on_p: np.ndarray, on_q: np.ndarray, derivatives, start: np.ndarray
):
    """Newton's method with halved steps for a concave function of w: w, the maximum, what is left, steps.

    From `start`, or from zero where that is better.
    """

    def objective(w: np.ndarray) -> float:
        return sum(float(on @ part) for on, part in terms(0, values @ w))

    def terms(order: int, v: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        # where a distribution has no mass its part is left out, for it may be infinite
        parts = zip((on_p, -on_q), derivatives[order](v), strict=True)
        return [(on, np.where(on == 0, 0.0, part)) for on, part in parts]

    w = np.zeros(values.shape[1])
    if objective(start) >= objective(w):
        w = start
    best, left, steps = objective(w), np.inf, 0
    for steps in range(1, MAX_STEPS + 1):  # noqa: B007 — it is returned
        v = values @ w
        gradient = values.T @ sum(on * part for on, part in terms(1, v))
        hessian = -(values.T * sum(on * part for on, part in terms(2, v))) @ values
        if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
            break
        curvatures, axes = np.linalg.eigh(hessian)
        direction = axes @ ((axes.T @ gradient) / np.maximum(curvatures, FLAT))
        left = float(gradient @ direction) / 2
        if left <= SMALL * max(1.0, abs(best)):
            break
        length = 1.0
        while length > 1e-12 and not objective(w + length * direction) >= best + length * left / 2:
            length /= 2
        moved = objective(w + length * direction)
        if not moved > best:
            break
        w, best = w + length * direction, moved
        if best > UNBOUNDED:
            left = np.inf
            break
    return w, best, max(left, 0.0), steps


_NUMERIC = {"softplus": lambda z: np.logaddexp(0, z), "sigmoid": scipy.special.expit}


def _without_overflow(expression: sympy.Expr) -> sympy.Expr:
    for sign in (1, -1):
        expression = expression.subs(sympy.log(1 + sympy.exp(sign * V)), softplus(sign * V))
    return expression


@lru_cache
def _derivatives(name: str):
    """v ↦ (g, f*∘g) and their first and second derivatives on arrays, three functions."""
    divergence = F_DIVERGENCES[name]
    pair = (divergence.activation, divergence.activated_conjugate)
    functions = []
    for order in range(3):
        expressions = [_without_overflow(e).diff(V, order) for e in pair]
        function = sympy.lambdify(V, expressions, [_NUMERIC, "numpy"], cse=True)
        functions.append(lambda v, f=function: [np.broadcast_to(part, v.shape) for part in f(v)])
    return functions


def _common(p: Any, q: Any, growth: float) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The masses of both on common points, shapes (k,), and the points, (k, d) or None."""
    if isinstance(p, Finite) and isinstance(q, Finite):
        return aligned(p, q)
    if not (isinstance(p, Density) and isinstance(q, Density)):
        raise InputError("a variational bound takes two finite distributions or two densities")
    at, weights = nodes(line(p, q, growth))
    on_p, on_q = (np.exp(r.log_density(at)) * weights for r in (p, q))
    return on_p.ravel(), on_q.ravel(), at.reshape(-1, 1)


def _values(features: Any, points: np.ndarray | None, k: int) -> np.ndarray:
    if callable(features):
        if points is None:
            raise InputError(
                "features that are a function need points; give Finite(weights, points)"
            )
        features = features(points)
    elif points is not None:
        raise InputError("features at points are a function of them, such as polynomials(1)")
    matrix = np.asarray(features, dtype=float)
    if matrix.ndim != 2 or len(matrix) != k or matrix.shape[1] == 0:
        raise InputError(f"the features are of shape ({k}, m), not {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise InputError("the features hold a number that is not finite")
    return matrix
