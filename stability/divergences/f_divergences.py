"""f-divergences, each from one formula: the convex function f, in SymPy.

D_f(p‖q) = ∫ q f(p/q) for a convex f with f(1) = 0 (Csiszár 1967). Where q vanishes the integrand is
p · lim f(u)/u at infinity, and where p does it is q · f(0) (Polyanskiy, Wu 2025, §7.1), so that disjoint
supports cost f(0) + lim f(u)/u, which may be infinite. The limits, the integrand, the Legendre transform f*
and the optimal discriminator are all derived from f, never written down a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy

U = sympy.Symbol("u", positive=True)
V = sympy.Symbol("v", real=True)
_P, _Q = sympy.symbols("p q", positive=True)
_LOG_P, _LOG_Q = sympy.symbols("a b", real=True)


@dataclass(frozen=True)
class FDivergence:
    """A divergence ∫ q f(p/q).

    - `name`: what it is called in `between`.
    - `f`: a SymPy expression in `U`, convex on u > 0, with f(1) = 0.
    - `activation`: g, an expression in `V` that takes a discriminator's logit v to the domain of f*, such
      that E_p g(v) − E_q f*(g(v)) is concave in v (Nowozin, Cseke, Tomioka 2016, table 2); None if there
      is none.
    """

    name: str
    f: sympy.Expr
    activation: sympy.Expr | None = None

    @cached_property
    def at_zero(self) -> float:
        """f(0), the limit from the right; perhaps infinite."""
        return float(sympy.limit(self.f, U, 0, "+"))

    @cached_property
    def slope_at_infinity(self) -> float:
        """The limit of f(u)/u for u → ∞; perhaps infinite."""
        return float(sympy.limit(self.f / U, U, sympy.oo))

    @cached_property
    def growth(self) -> float:
        """The k with f(u) ~ u^k up to logarithms for u → ∞; 0 where f grows no faster than a logarithm."""
        return float(sympy.limit(U * self.f.diff(U) / self.f, U, sympy.oo))

    @property
    def greatest(self) -> float:
        """f(0) + lim f(u)/u, the divergence of distributions with disjoint supports."""
        return self.at_zero + self.slope_at_infinity

    @cached_property
    def integrand(self) -> Callable[[Any, Any], Any]:
        """(log p, log q) ↦ q f(p/q) on arrays, for p, q > 0.

        The logarithms are expanded and the powers gathered, so that nothing overflows on the way where p/q
        would.
        """
        expression = (_Q * self.f.subs(U, _P / _Q)).replace(
            sympy.Abs, lambda argument: sympy.Abs(sympy.expand(_Q * argument)) / _Q
        )
        expression = sympy.expand(expression).replace(
            sympy.log, lambda argument: sympy.log(sympy.together(argument))
        )
        expression = sympy.expand(sympy.expand_log(expression, force=True))
        logarithms = {_P: sympy.exp(_LOG_P), _Q: sympy.exp(_LOG_Q)}
        expression = sympy.powsimp(sympy.expand(expression.subs(logarithms)))
        return sympy.lambdify((_LOG_P, _LOG_Q), _without_overflow(expression), "numpy")

    @cached_property
    def ratio(self) -> sympy.Expr:
        """u as an expression in `V`: the p/q for which the logit v is the optimal one, f′(u) = g(v)."""
        slope = sympy.expand_log(self.f.diff(U), force=True)
        (attained,) = sympy.solve(slope - self.activation, U)
        return attained

    @cached_property
    def activated_conjugate(self) -> sympy.Expr:
        """f*(g(v)) = u g(v) − f(u) at that u, an expression in `V`: f's Legendre transform, activated."""
        return sympy.simplify(self.ratio * self.activation - self.f.subs(U, self.ratio))

    @cached_property
    def optimal_logit(self) -> sympy.Expr:
        """The optimal discriminator's logit at the density ratio u = p/q, an expression in `U`."""
        (logit,) = sympy.solve(sympy.log(self.ratio) - sympy.log(U), V)
        return sympy.expand_log(logit, force=True)

    def of_weights(self, p: np.ndarray, q: np.ndarray) -> float:
        """Σ q f(p/q) over the points of two probability vectors `p`, `q` of the same shape (k,)."""
        both = (p > 0) & (q > 0)
        inside = self.integrand(np.log(p[both]), np.log(q[both]))
        return float(np.sum(inside)) + self.outside(float(p[q == 0].sum()), float(q[p == 0].sum()))

    def outside(self, p_alone: float, q_alone: float) -> float:
        """What `p_alone`, the mass of p where q has none, and `q_alone` add to the divergence."""
        at_infinity = self.slope_at_infinity * p_alone if p_alone > 0 else 0.0
        return at_infinity + (self.at_zero * q_alone if q_alone > 0 else 0.0)


def _without_overflow(expression: sympy.Expr) -> sympy.Expr:
    from sympy.codegen.numpy_nodes import logaddexp

    total = sympy.log(sympy.exp(_LOG_P) + sympy.exp(_LOG_Q))
    return expression.replace(total, logaddexp(_LOG_P, _LOG_Q))


_JENSEN_SHANNON = -(U + 1) * sympy.log((1 + U) / 2) + U * sympy.log(U)
_LOGISTIC = sympy.log(2) - sympy.log(1 + sympy.exp(-V))

F_DIVERGENCES: dict[str, FDivergence] = {
    divergence.name: divergence
    for divergence in (
        # Nowozin, Cseke, Tomioka 2016, table 1, under the names of the f-GANs' objectives
        FDivergence("kl", U * sympy.log(U), V),
        FDivergence("reverse-kl", -sympy.log(U), -sympy.exp(-V)),
        FDivergence("pearson", (U - 1) ** 2, V),
        FDivergence("squared-hellinger", (sympy.sqrt(U) - 1) ** 2, 1 - sympy.exp(-V)),
        FDivergence("jensen-shannon", _JENSEN_SHANNON, _LOGISTIC),  # twice the one below
        # Lin 1991: ½ KL(p‖m) + ½ KL(q‖m) with m = (p + q)/2, between 0 and log 2
        FDivergence("js", _JENSEN_SHANNON / 2, _LOGISTIC / 2),
        FDivergence("total-variation", sympy.Abs(U - 1) / 2),
    )
}
