"""Game-theoretic conditions at a stationary point: Nash, minmax, Stackelberg."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from ..dynamics.partition import Partition
from ..equilibria.exact import number_is_zero
from .definite import Definiteness, definiteness, solve
from .verdict import Verdict
from .weak_nash import OwnLosses, is_affine, weak_nash

EPS = float(np.finfo(np.float64).eps)
AT_LIMITS = (
    "the point is at limits of the players' sets (or in a simplex), and {} about points around which every "
    "small move is allowed; the report's Nash condition looks at the limits"
)


@dataclass(frozen=True)
class Derivatives:
    """First and second derivatives of every loss at one point, in one engine.

    - `gradients`: ∇L_i by row, shape (n, d); `hessians`: ∇²L_i, n matrices of shape (d, d).
    - `constrained_hessian(leader, follower, w)`: see `Game.constrained_hessian`.
    """

    gradients: Any
    hessians: Sequence[Any]
    constrained_hessian: Callable[[int, int, Any], Any]


class NotApplicable(Verdict):
    """A condition that is not defined for this game; its verdict is `undecided`, the word of the schema."""

    @property
    def word(self) -> str:
        return "not applicable"


@dataclass(frozen=True)
class Conditions:
    """The verdicts at one point; `differential_stackelberg` by leader ("leader x"), two players only."""

    differential_nash: Verdict
    local_nash: Verdict
    local_minmax: Verdict
    differential_stackelberg: dict[str, Verdict]


def conditions(
    partition: Partition,
    numeric: Derivatives,
    exact: Derivatives | None,
    *,
    zero_sum: bool,
    minimizer: int,
    uncertainty: float = 0.0,
    losses: OwnLosses = lambda *_: None,
) -> Conditions:
    """The game-theoretic verdicts at a stationary point, from the derivatives there.

    `exact` holds the same derivatives in exact numbers, if the point is known exactly; `uncertainty` is
    added to the rounding error of every second derivative (the point may be off); `losses` says what each
    loss does in its player's own strategy, and is asked only where an own Hessian is singular.
    """
    checks = _Checks(partition, numeric, exact, uncertainty, losses)
    two = len(partition.players) == 2
    applies = two and zero_sum
    nash = checks.nash()
    minmax = minmax_not_applicable(len(partition.players))
    if applies:
        minmax = checks.minmax(minimizer, nash[1])
    leaders = (
        {f"leader {p}": checks.stackelberg(i) for i, p in enumerate(partition.players)}
        if two
        else {}
    )
    return Conditions(*nash, minmax, leaders)


def minmax_not_applicable(players: int) -> NotApplicable:
    """The verdict on strict local minmax points where the game is no two-player zero-sum game."""
    kind = "is general-sum" if players == 2 else f"has {players} player{'s' if players > 1 else ''}"
    text = (
        "strict local minmax points are defined for two-player zero-sum games, and this game "
        f"{kind}, so the condition does not apply"
    )
    return NotApplicable("undecided", None, None, "exact", text)


class _Checks:
    def __init__(self, partition, numeric, exact, uncertainty, losses):
        self.partition = partition
        self.numeric: Derivatives = numeric
        self.exact: Derivatives | None = exact
        self.uncertainty = uncertainty
        self.losses: OwnLosses = losses

    def definite(
        self, matrix: np.ndarray, exact: sympy.MatrixBase | None, error: float = 0.0
    ) -> Definiteness:
        bound = 4 * EPS * np.abs(matrix) + self.uncertainty + error
        return definiteness((matrix + matrix.T) / 2, bound, exact)

    def own(self, i: int, j: int | None = None) -> tuple[np.ndarray, sympy.MatrixBase | None]:
        """The block ∇²ᵢⱼL_i in both engines."""
        rows, columns = self.partition.slices[i], self.partition.slices[i if j is None else j]
        numeric = np.asarray(self.numeric.hessians[i])[rows, columns]
        return numeric, None if self.exact is None else self.exact.hessians[i][rows, columns]

    def nash(self) -> tuple[Verdict, Verdict]:
        """Differential Nash: all ∇²ᵢᵢLᵢ ≻ 0 (Ratliff, Burden, Sastry 2016). Local Nash needs ⪰ 0."""
        found = [self.definite(*self.own(i)) for i in range(len(self.partition.players))]
        evidence = "exact" if all(d.evidence == "exact" for d in found) else "numeric"
        worst = min(range(len(found)), key=lambda i: found[i].smallest)
        player, smallest = self.partition.players[worst], found[worst].smallest
        margin = min(d.margin for d in found)
        if all(d.sign == 1 for d in found):
            text = (
                "every player's own Hessian is positive definite "
                f"(smallest eigenvalue {smallest:.6g}, {player}'s)"
            )
            yes = Verdict("yes", smallest, margin, evidence, text)
            return yes, yes
        negative = [i for i, d in enumerate(found) if d.sign == -1]
        if negative:
            worst = min(negative, key=lambda i: found[i].smallest)
            d = found[worst]
            text = (
                f"player {self.partition.players[worst]} can do better nearby: its own Hessian has "
                f"the negative eigenvalue {d.smallest:.6g}"
            )
            no = Verdict("no", d.smallest, d.margin, d.evidence, text)
            return no, no
        local = weak_nash(self.partition.players, found, self.losses)
        for i, d in enumerate(found):
            if d.sign == 0 or (d.sign is None and is_affine(self.losses(i, False))):
                text = f"the own Hessian of {self.partition.players[i]} is singular"
                return Verdict("no", 0.0, 0.0, d.evidence, text), local
        text = f"the smallest own-Hessian eigenvalue of {player} cannot be told from zero"
        return Verdict("undecided", smallest, margin, evidence, text), local

    def minmax(self, minimizer: int, nash: Verdict) -> Verdict:
        """∇²_yy f ≺ 0 and ∇²_xx f − ∇²_xy f (∇²_yy f)⁻¹ ∇²_yx f ≻ 0 (Jin, Netrapalli, Jordan 2020, prop. 19).

        Read from the players' own losses (f = L_x, and −∇²_yy f = ∇²_yy L_y), so that terms in the
        other's strategy alone, which nobody can act on, do not matter.
        """
        x, y = minimizer, 1 - minimizer
        players = self.partition.players
        inner = self.definite(*self.own(y))
        where = f"min over {players[x]}, max over {players[y]}"
        if inner.sign != 1:
            return _weakly(_not_definite(inner, f"{where}: {players[y]}'s own Hessian"), nash)

        def schur(blocks):
            (f_xx, f_xy), f_yy = blocks
            return f_xx + f_xy @ solve(f_yy, f_xy.T)

        numeric = schur(((self.own(x)[0], self.own(x, y)[0]), self.own(y)[0]))
        exact = None
        if self.exact is not None:
            exact = schur(((self.own(x)[1], self.own(x, y)[1]), self.own(y)[1]))
        outer = self.definite(numeric, exact, self._solving_error(y, numeric))
        return _weakly(_both(inner, outer, where, "the Schur complement"), nash)

    def stackelberg(self, leader: int) -> Verdict:
        """Differential Stackelberg point (Fiez, Chasnov, Ratliff 2020, def. 4), general sum.

        With the follower's response r, r′ = −(∇²_ff L_f)⁻¹∇²_fl L_f, the total gradient of L_l(x, r(x)) is
        ∇_l L_l − (∇²_fl L_f)ᵀw with w = (∇²_ff L_f)⁻¹∇_f L_l, and its total second derivative is
        (I, r′)ᵀ ∇²(L_l − wᵀ∇_f L_f) (I, r′), w held fixed.
        """
        follower = 1 - leader
        players = self.partition.players
        known = (*self.numeric.gradients, *self.numeric.hessians)
        if not all(np.isfinite(own).all() for own in known):
            text = "a loss is not differentiable twice here in the other player's strategy"
            return Verdict("undecided", None, None, "numeric", text)
        inner = self.definite(*self.own(follower))
        if inner.sign != 1:
            found = _not_definite(inner, f"the own Hessian of the follower {players[follower]}")
            loss = self.losses(follower, False) if inner.sign == 0 else None
            if loss is not None and loss.minimum.everywhere == "constant":
                text = f"{found.because}: here all its strategies are best replies"
                found = replace(found, because=text)
            return found
        evidence = inner.evidence
        total, w = self._total_gradient(leader, follower, self.numeric)
        exact_w = None
        if self.exact is not None:
            exact_total, exact_w = self._total_gradient(leader, follower, self.exact)
            vanishes = all(number_is_zero(e) for e in exact_total)
        else:
            scale = np.abs(np.asarray(self.numeric.hessians)).max()
            vanishes = bool(np.abs(total).max() <= 1e-7 * scale + self.uncertainty)
            evidence = "numeric"
        if not vanishes:
            size = float(np.abs(total).max())
            text = (
                f"the leader {players[leader]} can do better by moving the follower: its total gradient "
                f"is {size:.6g}, not zero"
            )
            return Verdict("no", size, size, evidence, text)
        second = self._total_second(leader, follower, self.numeric, w)
        exact_second = None
        if self.exact is not None:
            exact_second = self._total_second(leader, follower, self.exact, exact_w)
        outer = self.definite(second, exact_second, self._solving_error(follower, second))
        return _both(
            inner, outer, f"leader {players[leader]}", "the leader's total second derivative"
        )

    def _total_gradient(
        self, leader: int, follower: int, derivatives: Derivatives
    ) -> tuple[Any, Any]:
        """The leader's total gradient and w = (∇²_ff L_f)⁻¹∇_f L_l, in the engine of `derivatives`."""
        own, other = self.partition.slices[leader], self.partition.slices[follower]
        gradient, hessian = derivatives.gradients, derivatives.hessians[follower]
        if isinstance(hessian, sympy.MatrixBase):
            direct, along = gradient[leader, own].T, gradient[leader, other].T
        else:
            direct, along = gradient[leader, own], gradient[leader, other]
        w = solve(hessian[other, other], along)
        return direct - hessian[other, own].T @ w, w

    def _total_second(self, leader: int, follower: int, derivatives: Derivatives, w: Any) -> Any:
        """The leader's total second derivative, in the engine of `derivatives`."""
        own, other = self.partition.slices[leader], self.partition.slices[follower]
        hessian, f_hessian = derivatives.hessians[leader], derivatives.hessians[follower]
        small = 1e-9 * (0 if isinstance(f_hessian, sympy.MatrixBase) else np.abs(f_hessian).max())
        if any(abs(e) > small for e in w):
            hessian = derivatives.constrained_hessian(leader, follower, w)
        response = -solve(f_hessian[other, other], f_hessian[other, own])
        off = hessian[own, other] @ response
        return hessian[own, own] + off + off.T + response.T @ hessian[other, other] @ response

    def _solving_error(self, i: int, result: np.ndarray) -> float:
        """What solving with player i's own Hessian adds to the error of a Schur complement."""
        hessian, _ = self.own(i)
        if len(hessian) == 1 and self.uncertainty == 0:
            return 16 * EPS * float(np.abs(result).max() + np.abs(hessian).max())
        condition = float(np.linalg.cond(hessian))
        return (16 * EPS + self.uncertainty) * condition * float(np.abs(result).max() + 1.0)


def _not_definite(found: Definiteness, what: str) -> Verdict:
    if found.sign is None:
        text = f"{what} cannot be told from singular (smallest eigenvalue {found.smallest_text})"
        return Verdict("undecided", found.smallest, found.margin, found.evidence, text)
    text = f"{what} is not positive definite (smallest eigenvalue {found.smallest:.6g})"
    return Verdict("no", found.smallest, found.margin, found.evidence, text)


def _weakly(strict: Verdict, nash: Verdict) -> Verdict:
    """What is said of a point that is no strict local minmax point: a local Nash equilibrium is still a weak
    one, as f(x*, y*) ≤ f(x, y*) ≤ max over y of f(x, y) (Jin, Netrapalli, Jordan 2020)."""
    if strict.verdict != "no" or nash.verdict != "yes":
        return strict
    text = (
        f"{strict.because}, so the point is not strict; as a local Nash equilibrium it still is a local "
        "minmax point"
    )
    return replace(strict, because=text)


def _both(inner: Definiteness, outer: Definiteness, where: str, what: str) -> Verdict:
    """The verdict once the inner problem is known to be strictly convex."""
    if outer.sign != 1:
        return _not_definite(outer, f"{where}: {what}")
    evidence = "exact" if inner.evidence == outer.evidence == "exact" else "numeric"
    smallest = min(inner.smallest, outer.smallest)
    text = (
        f"{where}: the inner own Hessian and {what} are positive definite "
        f"(smallest eigenvalue {smallest:.6g})"
    )
    return Verdict("yes", smallest, min(inner.margin, outer.margin), evidence, text)
