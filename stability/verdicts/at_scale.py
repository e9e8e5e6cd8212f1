"""Nash, minmax and Stackelberg conditions of games too large for matrices, by Lanczos and inner solves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.linearisation import Linearisation
from ..dynamics.operator import Operator
from ..dynamics.points import real_vector
from ..equilibria.nearby import Stationarity, stationarity
from ..games.game import Game
from ..games.sets import has_limits_at
from ..spectra.symmetric import (
    ComplementSpectrum,
    InnerBlock,
    SchurComplement,
    SymmetricSpectrum,
    TotalSecondDerivative,
    complement_spectrum,
    symmetric_spectrum,
)
from ..spectra.symmetric.basis import in_precision_of, norm
from ..spectra.symmetric.lanczos import ROUNDING, measured_again
from ..spectra.symmetric.schur_complement import InnerSolveError
from .conditions import AT_LIMITS, Conditions, NotApplicable, minmax_not_applicable
from .conditions_at import traced_losses
from .definite import Definiteness
from .double_precision import double_precision
from .second_derivatives import constrained_hessian, sum_of_losses
from .verdict import Verdict
from .weak_nash import weak_nash

_VANISHES = 1e-7  # of a total gradient, relative to the second derivatives
_HIDDEN = "; Lanczos could only have missed an eigenvalue hidden from all of its random starts"


@dataclass(frozen=True)
class ConditionsAtScale(Conditions):
    """The verdicts at one point of a large game, and the numbers behind them.

    - `own`: by player, the smallest eigenvalues of the own Hessian ∇²ᵢᵢLᵢ.
    - `complement`: the smallest eigenvalues of the Schur complement, or None where the minmax condition does
      not apply or is decided without. `total`: by leader, those of its total second derivative, or None.
    - `zero_sum`: whether the losses add up to a constant or to terms in single strategies, by random
      products; `zero_sum_up_to_own_terms`: whether to the latter.
    - `stationarity`: how far the point is from rest. Where it is not at rest every verdict is undecided.
    - `second_order`: the verdicts on second derivatives alone, which at a point at rest are the same.
    """

    own: Mapping[str, SymmetricSpectrum]
    complement: ComplementSpectrum | None
    total: Mapping[str, ComplementSpectrum | None]
    zero_sum: bool
    stationarity: Stationarity
    second_order: Conditions
    zero_sum_up_to_own_terms: bool = False


def conditions_at_scale(
    game: Game,
    x: Any,
    *,
    k: int = 1,
    max_products: int = 2000,
    max_inner_products: int = 20_000,
    seed: int = 0,
    at: Stationarity | None = None,
) -> ConditionsAtScale:
    """The conditions of `verdicts.conditions` at the profile x, shape (d,), from products alone.

    A no is rigorous up to rounding: a Rayleigh quotient is an upper bound of the smallest eigenvalue. A yes
    needs the smallest eigenvalue converged and positive beyond its error; unless the matrix was small enough
    to be formed, that leaves what Lanczos cannot see, and the sentence says so. Where Lanczos or an inner
    solve does not converge the verdict is undecided and says why.

    At limits of the players' sets all is undecided; `second_order` looks at no limits.

    Computed in the precision of x. In lower precision than double the eigenvectors found are checked by
    products in double precision, so that errors are those against the game itself (where its losses can be
    evaluated so; else rounding is estimated from the norm).

    **Arguments:** `game`: numeric; `x`: the profile; `seed`: of the random vectors; `k`: how many of the
    smallest eigenvalues are computed of every matrix; `max_products`: for each player's Hessian, and for
    each complement (not counting inner solves); `max_inner_products`: for the inner solves of each
    complement; `at`: the point's stationarity, if it is known.
    """
    x = real_vector(x, game.dimension)
    with in_precision_of(x.dtype):
        at = stationarity(game, x) if at is None else at
        game = game.of_single_players(x)
        budget = (max_products, max_inner_products)
        checks = _Checks(game, x, at.jacobian_norm, k, budget, seed)
        players, two = game.partition.players, len(game.partition.players) == 2
        adding_up = sum_of_losses(game, x, seed)
        nash, local_nash = checks.nash(at.stationary)
        complement, total, leaders = None, {}, {}
        minmax = minmax_not_applicable(len(players))
        if two and adding_up != "general":
            minmax, complement = checks.minmax(game.minimizer)
        for i, player in enumerate(players if two else ()):
            name = f"leader {player}"
            leaders[name], total[name] = checks.stackelberg(i, at.stationary)
        second_order = Conditions(nash, local_nash, minmax, leaders)
        limited = has_limits_at(game.sets, np.asarray(x))
        if limited or not at.stationary:
            text = f"the point is not stationary: the field there has size {at.field_norm:.6g}"
            text = AT_LIMITS.format("these conditions are") if limited else text
            nash = local_nash = Verdict("undecided", at.field_norm, None, "numeric", text)
            leaders = dict.fromkeys(leaders, nash)
            minmax = minmax if isinstance(minmax, NotApplicable) else nash
        return ConditionsAtScale(
            nash,
            local_nash,
            minmax,
            leaders,
            checks.own,
            complement,
            total,
            adding_up != "general",
            at,
            second_order,
            adding_up == "own terms",
        )


class _Derivatives:
    """A game's second derivatives at one point, in one precision."""

    def __init__(self, game: Game, x: Any):
        self.game, self.x, self.slices = game, x, game.partition.slices
        self.jacobian: Linearisation = game.linearise(x)

    def hessian(self, i: int) -> Operator:
        return self.jacobian.hessian(i)

    def own(self, i: int) -> _Own:
        """The same, dearer, but without a compilation of its own: for the few products of a check."""
        return _Own(self.jacobian, self.slices[i])

    def schur(self, x: int, y: int, own: SymmetricSpectrum, budget: int) -> SchurComplement:
        """The outer player x's Schur complement, with the inner player y's own Hessian."""
        inner = InnerBlock(self.hessian(y), own, budget)
        return SchurComplement(self.hessian(x), self.jacobian.block(x, y), inner)

    def total(self, leader: int, follower: int, own: SymmetricSpectrum, budget: int) -> _Total:
        """The leader's total derivatives, with w = (∇²_ff L_f)⁻¹∇_f L_l by an inner solve."""
        inner = InnerBlock(self.hessian(follower), own, budget)
        mixed = -self.jacobian.block(follower, leader)
        gradient = self.game.gradient(leader, self.x)
        w, w_error = inner.solve(gradient[self.slices[follower]])
        whole = constrained_hessian(self.game, leader, follower, self.x, w)
        second = TotalSecondDerivative(
            whole, self.slices[leader], self.slices[follower], mixed, inner
        )
        first = norm(gradient[self.slices[leader]] - mixed.rmatvec(w))
        scale, size = second.norms
        rounding = ROUNDING * float(jnp.finfo(self.x.dtype).eps) * norm(gradient)
        return _Total(second, first, w_error * size + rounding, scale)


class _Own:
    """∇²ᵢᵢLᵢ as a block of −J, by products with all of J."""

    def __init__(self, jacobian: Linearisation, own: slice):
        self.jacobian, self.slice, self.dtype = jacobian, own, jacobian.dtype
        self.shape = (own.stop - own.start,) * 2

    def matvec(self, u: Any) -> Any:
        whole = jnp.zeros(self.jacobian.shape[1], self.dtype).at[self.slice].set(u)
        return -self.jacobian.matvec(whole)[self.slice]


@dataclass(frozen=True)
class _Total:
    """A leader's total second derivative, and the size of the total gradient, its error and its scale."""

    second: TotalSecondDerivative
    first: float
    error: float
    scale: float


class _Checks:
    """The conditions at one point; what is found in single precision is checked in double precision."""

    def __init__(
        self, game: Game, x: Any, scale: float, k: int, budget: tuple[int, int], seed: int
    ):
        self.players = game.partition.players
        self.k, self.seed, self.scale = k, seed, scale
        self.max_products, self.max_inner_products = budget
        self.here = _Derivatives(game, x)
        precise = double_precision(game, x)
        with jax.enable_x64(True):
            self.precise = None if precise is None else _Derivatives(*precise)
        # a block may be small beside the whole Jacobian only because larger numbers cancelled
        eps = jnp.finfo(x.dtype if precise is None else jnp.float64).eps
        self.noise = ROUNDING * float(eps) * scale
        self.own = {player: self._smallest(i) for i, player in enumerate(self.players)}
        self.signs = [definiteness_of(spectrum, self.noise) for spectrum in self.own.values()]
        self.notes = [_note(spectrum) for spectrum in self.own.values()]

    def _smallest(self, i: int) -> SymmetricSpectrum:
        hessian = self.here.hessian(i)
        k = min(self.k, hessian.shape[0])
        found = symmetric_spectrum(
            hessian, k, max_products=self.max_products, seed=self.seed, scale=self.scale
        )
        if self.precise is None:
            return found
        with jax.enable_x64(True):
            return measured_again(found, self.precise.own(i))

    def nash(self, at_rest: bool) -> tuple[Verdict, Verdict]:
        """Differential Nash: all ∇²ᵢᵢLᵢ ≻ 0 (Ratliff, Burden, Sastry 2016). Local Nash needs ⪰ 0.

        At rest the losses of a small game are looked at further than their second derivatives go.
        """
        players = self.players
        worst = min(range(len(players)), key=lambda i: self.signs[i].smallest)
        smallest, margin = self.signs[worst].smallest, min(d.margin for d in self.signs)
        if self.signs[worst].sign == -1:
            text = (
                f"player {players[worst]} can do better nearby: its own Hessian has the Rayleigh quotient "
                f"{smallest:.6g}, which bounds its smallest eigenvalue from above"
            )
            no = Verdict("no", smallest, self.signs[worst].margin, "numeric", text)
            return no, no
        if all(d.sign == 1 for d in self.signs):
            text = (
                "every player's own Hessian is positive definite (smallest eigenvalue "
                f"{smallest:.6g}, {players[worst]}'s)" + _clause(self.own.values())
            )
            yes = Verdict("yes", smallest, margin, "numeric", text)
            return yes, yes
        open_ = self._open(smallest, margin)
        local = open_
        if at_rest:
            x = np.asarray(self.here.x, dtype=float)
            weak = weak_nash(players, self.signs, traced_losses(self.here.game, x))
            local = open_ if weak.verdict == "undecided" else weak
        singular = [player for player, d in zip(players, self.signs, strict=True) if d.sign == 0]
        if singular:
            text = f"the own Hessian of {singular[0]} is singular"
            return Verdict("no", 0.0, 0.0, "numeric", text), local
        return open_, local

    def _open(self, smallest: float, margin: float) -> Verdict:
        """What second derivatives leave open."""
        names = ", ".join(p for p, d in zip(self.players, self.signs, strict=True) if d.sign != 1)
        text = (
            f"the own Hessian of {names} has a zero eigenvalue and none negative; higher derivatives would "
            "decide"
        )
        notes = [self.notes[i] for i, d in enumerate(self.signs) if d.sign is None]
        if notes:
            text = f"the smallest own-Hessian eigenvalue of {names} cannot be told from zero"
        return Verdict("undecided", smallest, margin, "numeric", text + "".join(notes))

    def minmax(self, minimizer: int) -> tuple[Verdict, ComplementSpectrum | None]:
        """∇²_yy f ≺ 0 and a positive definite Schur complement (Jin, Netrapalli, Jordan 2020, prop. 19)."""
        x, y = minimizer, 1 - minimizer
        where = f"min over {self.players[x]}, max over {self.players[y]}"
        if self.signs[y].sign != 1:
            return self._not_definite(y, f"{where}: {self.players[y]}'s own Hessian"), None
        own = self.own[self.players[y]]
        found = self._complement(
            lambda derivatives: derivatives.schur(x, y, own, self.max_inner_products)
        )
        return self._outer(found, y, where, "the Schur complement"), found

    def stackelberg(self, leader: int, at_rest: bool) -> tuple[Verdict, ComplementSpectrum | None]:
        """Differential Stackelberg point (Fiez, Chasnov, Ratliff 2020, def. 4), general sum.

        Where the point is not at rest, the total gradient is not asked to vanish.
        """
        follower, name = 1 - leader, self.players[leader]
        if self.signs[follower].sign != 1:
            what = f"the own Hessian of the follower {self.players[follower]}"
            return self._not_definite(follower, what), None
        own = self.own[self.players[follower]]
        try:
            total = self.here.total(leader, follower, own, self.max_inner_products)
        except InnerSolveError as error:
            return _undecided(f"leader {name}: {error}"), None
        allowed = max(_VANISHES, float(jnp.finfo(self.here.x.dtype).eps) ** 0.5) * total.scale
        if at_rest and total.first > allowed + total.error:
            text = (
                f"the leader {name} can do better by moving the follower: its total gradient has size "
                f"{total.first:.6g}, not zero"
            )
            return Verdict("no", total.first, total.first - total.error, "numeric", text), None

        def second(derivatives: _Derivatives) -> TotalSecondDerivative:
            if derivatives is self.here:
                return total.second
            return derivatives.total(leader, follower, own, self.max_inner_products).second

        found = self._complement(second)
        what = "the leader's total second derivative"
        return self._outer(found, follower, f"leader {name}", what), found

    def _complement(self, make: Callable[[_Derivatives], Any]) -> ComplementSpectrum:
        try:
            complement, precise = make(self.here), None
            if self.precise is not None:
                with jax.enable_x64(True):
                    precise = make(self.precise)
        except InnerSolveError as error:
            return ComplementSpectrum(None, str(error), 0)
        return complement_spectrum(
            complement,
            min(self.k, complement.shape[0]),
            max_products=self.max_products,
            seed=self.seed,
            check=precise,
        )

    def _outer(self, found: ComplementSpectrum, i: int, where: str, what: str) -> Verdict:
        """The verdict once the inner block, player i's own Hessian, is known to be positive definite."""
        if found.spectrum is None:
            return _undecided(f"{where}: {what} is not known, for {found.failure}")
        outer, inner = definiteness_of(found.spectrum, self.noise), self.signs[i]
        if outer.sign != 1:
            return _not_definite(outer, f"{where}: {what}", _note(found.spectrum))
        smallest = min(inner.smallest, outer.smallest)
        text = (
            f"{where}: the inner own Hessian and {what} are positive definite (smallest eigenvalue "
            f"{smallest:.6g})" + _clause((found.spectrum, self.own[self.players[i]]))
        )
        return Verdict("yes", smallest, min(inner.margin, outer.margin), "numeric", text)

    def _not_definite(self, i: int, what: str) -> Verdict:
        return _not_definite(self.signs[i], what, self.notes[i])


def definiteness_of(spectrum: SymmetricSpectrum, noise: float = 0.0) -> Definiteness:
    """Definiteness by the smallest eigenvalue: negative by its Rayleigh quotient, positive by its error.

    `noise` is added to the error of numbers that are not exactly zero.
    """
    smallest, error = float(spectrum.eigenvalues[0]), float(spectrum.errors[0])
    if spectrum.complete and smallest == 0.0 and error == 0.0:
        return Definiteness(0, 0.0, 0.0, "numeric")
    if smallest + spectrum.rounding + noise < 0:
        return Definiteness(-1, smallest, -smallest - spectrum.rounding - noise, "numeric")
    margin = abs(smallest) - error - noise
    if spectrum.converged and smallest > 0 and margin > 0:
        return Definiteness(1, smallest, margin, "numeric")
    return Definiteness(None, smallest, min(margin, 0.0), "numeric")


def _not_definite(found: Definiteness, what: str, note: str) -> Verdict:
    if found.sign is None:
        text = (
            f"{what} cannot be told from singular (smallest eigenvalue {found.smallest_text}){note}"
        )
        return Verdict("undecided", found.smallest, found.margin, "numeric", text)
    text = f"{what} is not positive definite (smallest eigenvalue at most {found.smallest:.6g})"
    return Verdict("no", found.smallest, found.margin, "numeric", text)


def _undecided(because: str) -> Verdict:
    return Verdict("undecided", None, None, "numeric", because)


def _note(spectrum: SymmetricSpectrum) -> str:
    return "".join(f"; {remark}" for remark in spectrum.remarks)


def _clause(spectra: Any) -> str:
    return "" if all(spectrum.complete for spectrum in spectra) else _HIDDEN
