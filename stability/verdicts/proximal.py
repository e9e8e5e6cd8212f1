"""Proximal equilibria of zero-sum games: between Nash and Stackelberg (Farnia, Ozdaglar 2020)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import sympy

from ..criteria.exact_steps import positive_roots
from ..dynamics.partition import Partition
from ..dynamics.positive_settings import check_nonnegative
from ..dynamics.symbols import exact as exact_number
from ..errors import InputError, InputTypeError
from ..games.game import Game
from ..games.sets import has_limits_at
from ..games.symbolic import SymbolicGame
from ..spectra.dense import symmetric_eigenvalues
from ..spectra.exact import closed_form_roots, exact_text, factors
from ..time_limits import in_time
from .conditions import AT_LIMITS, EPS, Derivatives, NotApplicable
from .definite import Definiteness, definiteness, solve
from .point import GamePoint, defined_point, numbers
from .verdict import Verdict, finite

_SECONDS, _SECONDS_PER_FORM = 5.0, 2.0
_lam = sympy.Dummy("lam", positive=True)


@dataclass(frozen=True)
class ProximalEquilibrium:
    """Whether a point is a strict local λ-proximal equilibrium, and for which λ it is.

    - `lam`, `verdict`: the λ asked about, and the verdict there.
    - `critical_lam`: the point is one exactly for λ below this number: infinity if for every λ, 0 if for
      none, None if that is undecided. `critical_lam_exact` is its closed form as text, or None.
    """

    lam: float
    verdict: Verdict
    critical_lam: float | None
    critical_lam_exact: str | None

    def __str__(self) -> str:
        return str(self.verdict)

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON-ready data; an infinite `critical_lam` becomes None."""
        return {
            "lam": self.lam,
            "verdict": self.verdict.to_dict(),
            "critical_lam": finite(self.critical_lam),
            "critical_lam_exact": self.critical_lam_exact,
        }


def proximal_equilibrium(
    game: Game | SymbolicGame,
    x: Any,
    lam: Any = 1.0,
    *,
    metric: Any = None,
    parameters: Mapping[Any, Any] | None = None,
) -> ProximalEquilibrium:
    """Is x a strict local λ-proximal equilibrium of a two-player zero-sum game, and for which λ?

    Let V be minimised over x (the game's minimizer) and maximised over y, and let
    `V_prox(x, y) = max over z of V(x, z) − (λ/2)‖z − y‖²`. `(x*, y*)` is a λ-proximal equilibrium if `y*`
    maximises `V(x*, ·)` and `x*` minimises `V_prox(·, y*)`: the maximiser may answer, at a price (Farnia and
    Ozdaglar 2020). Locally, and strictly, that is

        V_yy ≺ 0   and   V_xx + V_xy (λM − V_yy)⁻¹ V_yx ≻ 0,

    the second because the answer z(x) solves V_y(x, z) = λM(z − y*), so that z′ = (λM − V_yy)⁻¹V_yx. At
    λ = 0 these are the conditions of a strict local minmax point, for λ → ∞ those of a differential Nash
    equilibrium. The second matrix decreases in λ, so they hold exactly for 0 ≤ λ < λ*. With p the number of
    negative eigenvalues of V_xx, λ* is the p-th largest eigenvalue of V_yy − V_yx V_xx⁻¹ V_xy relative to M,
    and infinite if p = 0 (Haynsworth's inertia formula for [[V_xx, V_xy], [V_yx, V_yy − λM]]).

    **Arguments:**

    - `game`: of either engine.
    - `x`: the point, d numbers or variable ↦ number; exact for a symbolic game if the numbers are.
    - `lam`: λ ≥ 0.
    - `metric`: M, shape (d_y, d_y), symmetric positive definite, with ‖z‖² = zᵀMz; default the identity, the
      parameters' Euclidean norm. The paper measures discriminators in a Sobolev norm; near y* that is the
      norm of M = E[∂_y∇D ∂_y∇Dᵀ] (∇D: the discriminator's gradient in the data).
    - `parameters`: values for a symbolic game's parameters, over its own.

    At limits of the players' sets it is undecided.

    Raises InputError for a negative or infinite λ, a metric that is none, and a point of another shape.
    """
    check_nonnegative(lam, "lam")
    return proximal_at(defined_point(game, x, parameters), exact_number(lam), metric)


def proximal_at(point: GamePoint, lam: sympy.Expr, metric: Any = None) -> ProximalEquilibrium:
    """`proximal_equilibrium` at a point whose derivatives are known; λ an exact number."""
    players = point.game.partition.players
    if len(players) != 2 or not point.zero_sum:
        kind = "is general-sum" if len(players) == 2 else f"has {len(players)} player(s)"
        text = (
            f"proximal equilibria are defined for two-player zero-sum games, and this game {kind}, so the "
            "condition does not apply"
        )
        applies = NotApplicable("undecided", None, None, "exact", text)
        return ProximalEquilibrium(float(lam), applies, None, None)
    if has_limits_at(point.game.sets, point.equilibrium.point):
        text = AT_LIMITS.format("this condition is")
        silent = Verdict("undecided", None, None, "numeric", text)
        return ProximalEquilibrium(float(lam), silent, None, None)
    if point.trouble is not None:
        return ProximalEquilibrium(float(lam), point.trouble, None, None)
    numeric, exact, error = point.derivatives
    minimizer = point.game.minimizer
    norm = _metric(metric, point.game.partition.sizes[1 - minimizer])
    checks = _Checks(point.game.partition, minimizer, numeric, exact, norm, error)
    critical = checks.critical()
    closed = None
    if critical is not None and 0 < critical < math.inf and exact is not None:
        closed = _closed_form(point, checks, critical)
    verdict = checks.verdict(lam, critical, closed)
    return ProximalEquilibrium(float(lam), verdict, critical, closed)


def _metric(metric: Any, size: int) -> sympy.Matrix:
    """The metric as an exact matrix. Raises InputError unless it is symmetric positive definite."""
    if metric is None:
        return sympy.eye(size)
    shape = getattr(metric, "shape", None) or np.shape(metric)
    if shape != (size, size):
        raise InputError(f"the metric has shape ({size}, {size}), not {shape}")
    rows = metric.tolist() if isinstance(metric, sympy.MatrixBase) else np.asarray(metric).tolist()
    try:
        matrix = sympy.Matrix([[exact_number(entry) for entry in row] for row in rows])
    except InputTypeError:
        raise InputTypeError("the metric is a matrix of real numbers") from None
    if matrix != matrix.T or definiteness(numbers(matrix), 0.0, matrix).sign != 1:
        raise InputError("the metric is no symmetric positive definite matrix")
    return matrix


Blocks = tuple[Any, Any, Any]  # V_xx, V_xy, V_yy in one engine


class _Checks:
    def __init__(self, partition, minimizer, numeric, exact, metric, error):
        self.partition: Partition = partition
        self.minimizer: int = minimizer
        self.numeric: Blocks = self.blocks(numeric)
        self.exact: Blocks | None = None if exact is None else self.blocks(exact)
        self.metric: sympy.Matrix = metric
        self.norm: np.ndarray = numbers(metric)
        self.error: float = error
        self.inner = self.definite(
            -self.numeric[2], None if self.exact is None else -self.exact[2], 0.0
        )

    def blocks(self, derivatives: Derivatives) -> Blocks:
        """V_xx and V_xy from the minimiser's loss, V_yy from the maximiser's, so that terms that only the
        other player could change do not matter."""
        x, y = (self.partition.slices[i] for i in (self.minimizer, 1 - self.minimizer))
        own, other = derivatives.hessians[self.minimizer], derivatives.hessians[1 - self.minimizer]
        return own[x, x], own[x, y], -other[y, y]

    def definite(
        self, matrix: np.ndarray, exact: sympy.MatrixBase | None, error: float
    ) -> Definiteness:
        bound = 4 * EPS * np.abs(matrix) + self.error + error
        return definiteness((matrix + matrix.T) / 2, bound, exact)

    def outer(self, lam: sympy.Expr) -> Definiteness:
        """Of V_xx + V_xy (λM − V_yy)⁻¹ V_yx, where λM − V_yy ≻ 0."""

        def matrix(blocks: Blocks, lam: Any, metric: Any) -> Any:
            v_xx, v_xy, v_yy = blocks
            return v_xx + v_xy @ solve(lam * metric - v_yy, v_xy.T)

        numeric = matrix(self.numeric, float(lam), self.norm)
        exact = None if self.exact is None else matrix(self.exact, lam, self.metric)
        condition = float(np.linalg.cond(float(lam) * self.norm - self.numeric[2]))
        largest = float(np.abs(numeric).max() + np.abs(self.numeric[0]).max())
        return self.definite(numeric, exact, (16 * EPS + self.error) * condition * largest)

    def critical(self) -> float | None:
        """The supremum of the λ for which both conditions hold; None if that is undecided."""
        if self.inner.sign != 1:
            return 0.0 if self.inner.sign in (0, -1) else None
        at_zero = self.outer(sympy.Integer(0))
        if at_zero.sign != 1:
            return 0.0 if at_zero.sign in (0, -1) else None
        if self.exact is not None:
            polynomial = self.polynomial(self.exact)
            roots = in_time(
                _SECONDS, lambda: None if polynomial is None else positive_roots(polynomial), None
            )
            if roots is not None:
                return float(min(roots)) if roots else math.inf
        return self._numeric_critical()

    def polynomial(self, blocks: Blocks) -> sympy.Poly | None:
        """det [[V_xx, V_xy], [V_yx, V_yy − λM]], which vanishes at λ* and nowhere on [0, λ*)."""
        v_xx, v_xy, v_yy = blocks

        def work() -> sympy.Poly:
            top = v_xx.row_join(v_xy)
            bottom = v_xy.T.row_join(v_yy - _lam * self.metric)
            whole = top.col_join(bottom).to_DM()
            determinant = whole.charpoly()[-1] * (-1) ** whole.shape[0]
            return sympy.Poly(whole.domain.to_sympy(determinant), _lam)

        return in_time(_SECONDS, work, None)

    def _numeric_critical(self) -> float:
        """λ* as an eigenvalue; V_xx's kernel Z is eliminated with as many y, those outside ker V_xy of Z."""
        v_xx, v_xy, v_yy = self.numeric
        values, vectors = np.linalg.eigh((v_xx + v_xx.T) / 2)
        bound = np.broadcast_to(4 * EPS * np.abs(v_xx) + self.error, v_xx.shape)
        zero = np.abs(values) <= symmetric_eigenvalues(v_xx, bound)[1]
        negative = int(np.count_nonzero(values[~zero] < 0))
        if not negative:
            return math.inf
        left = scipy.linalg.null_space(vectors[:, zero].T @ v_xy)
        coupling = (vectors[:, ~zero].T @ v_xy) @ left
        reduced = left.T @ v_yy @ left - coupling.T @ (coupling / values[~zero][:, None])
        eigenvalues = scipy.linalg.eigh(reduced, left.T @ self.norm @ left, eigvals_only=True)
        return max(float(eigenvalues[-negative]), 0.0)

    def verdict(self, lam: sympy.Expr, critical: float | None, closed: str | None) -> Verdict:
        x, y = (self.partition.players[i] for i in (self.minimizer, 1 - self.minimizer))
        inner = self.inner
        # with lam > 0 the answer z(x) is well defined where V_yy is singular too
        found = self.outer(lam) if inner.sign == 1 or (inner.sign == 0 and lam > 0) else None
        if inner.sign != 1 and (found is None or found.sign != -1):
            what = f"the second derivative of {y}'s payoff"
            return _not_definite(inner, f"player {y} can do better: {what}", what, -1)
        assert found is not None
        if found.sign != 1:
            what = f"the second derivative of {x}'s proximal loss at lam = {float(lam):g}"
            return _not_definite(found, f"player {x} can do better: {what}", what, 1)
        evidence = "exact" if inner.evidence == found.evidence == "exact" else "numeric"
        smallest, margin = min(inner.smallest, found.smallest), min(inner.margin, found.margin)
        until = "for every lam" if critical == math.inf else "for lam below an unknown number"
        if critical is not None and critical < math.inf:
            until = f"exactly for lam < {closed or f'{critical:.6g}'}"
        text = (
            f"player {y} maximises and player {x} minimises the proximal value at lam = {float(lam):g}, "
            f"both strictly (smallest eigenvalue {smallest:.6g}); the conditions hold {until}"
        )
        return Verdict("yes", smallest, margin, evidence, text)


def _not_definite(found: Definiteness, fails: str, what: str, sign: int) -> Verdict:
    """No only where the necessary condition fails too: an eigenvalue of the wrong sign."""
    value = sign * found.smallest
    if found.sign == -1:
        wrong = "negative" if sign > 0 else "positive"
        text = f"{fails} has the {wrong} eigenvalue {value:.6g}"
        return Verdict("no", value, found.margin, found.evidence, text)
    if found.sign == 0:
        text = f"{what} is semidefinite and singular; higher derivatives would decide"
    else:
        text = f"{what} cannot be told from singular (eigenvalue {found.smallest_text})"
    return Verdict("undecided", value, found.margin, found.evidence, text)


def _closed_form(point: GamePoint, checks: _Checks, critical: float) -> str | None:
    """λ* in closed form, in the parameters where the point has one for all of their values."""
    free = {} if point.equilibrium.generic else dict(point.values)
    derivatives = point.exact_derivatives(free)
    if derivatives is None:
        return None
    polynomial = checks.polynomial(checks.blocks(derivatives))
    if polynomial is None:
        return None

    def work() -> str | None:
        values = dict(point.values)
        found = []
        for factor, _ in factors(polynomial.as_expr(), _lam):
            for root in closed_form_roots(factor) or [] if factor.degree() else []:
                number = root.xreplace(values).evalf(20)
                if number.is_real and abs(float(number) - critical) <= 1e-12 * critical:
                    found.append(root)
        return exact_text(min(found, key=sympy.count_ops)) if found else None

    return in_time(_SECONDS_PER_FORM, work, None)
