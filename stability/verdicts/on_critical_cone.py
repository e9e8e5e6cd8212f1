"""Nash conditions where limits are touched without a push: second derivatives on the critical cone.

The critical cone of a player at a rest point is what of its set's tangent cone neither gains nor costs to
first order: u_k = 0 at limits with a push, u_k pointing inwards at those without, anything along the face. On
polyhedral sets a positive uᵀHu for all its u ≠ 0, H the own Hessian, is sufficient for a strict local
minimum, and uᵀHu ≥ 0 is necessary (Nocedal, Wright 2006, section 12.5); if the loss is quadratic, uᵀHu ≥ 0
is sufficient for a local minimum (Contesse 1980).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import sympy

from ..criteria.copositive import sign_on_cone
from ..criteria.critical_cone import pareto_eigenvalues
from ..documents.numbers import listed
from ..equilibria.faces import UPPER, ZERO, Face
from ..equilibria.variational import Bounded
from .conditions import EPS, Conditions, minmax_not_applicable
from .point import GamePoint
from .verdict import Evidence, Verdict

_MOST_WEAK = 6  # limits without a push of one player: all their subsets are looked at
_MOST_DIRECTIONS = 12

_WAY = "direction in the set that costs nothing to first order"
_SOME = f"a {_WAY}"


@dataclass(frozen=True)
class _Second:
    """What second derivatives say of one player: `sign` is that of uᵀHu on its critical cone.

    As for `sign_on_cone`, or None where it is not known, and then `because` says why; `least`: the least
    uᵀHu with ‖u‖ = 1, if it was found, off by `error`; `quadratic`: whether the loss is known to be so.
    """

    sign: int | None
    evidence: Evidence
    because: str = ""
    least: float | None = None
    error: float = 0.0
    quadratic: bool = False


def conditions_without_push(point: GamePoint, bounded: Bounded) -> Conditions:
    """The conditions at a rest point on the sets with limits that the field does not push against.

    Both Nash conditions are decided by second derivatives on the players' critical cones; leaders and minmax
    points are not.
    """
    names = ", ".join(bounded.weak_names(point.game.variables))
    text = f"the field does not push against the limit of {names}, so that deviations into the set decide"
    undecided = Verdict("undecided", 0.0, None, "numeric", text)
    players = point.game.players
    two = len(players) == 2
    leaders = {f"leader {p}": undecided for p in players} if two else {}
    minmax = undecided if two and point.zero_sum else minmax_not_applicable(len(players))
    if point.trouble is not None:
        return Conditions(point.trouble, point.trouble, minmax, leaders)
    found = {p: _second(point, bounded, i) for i, p in enumerate(players)}
    return Conditions(*_nash(found, text), minmax, leaders)


def _nash(found: Mapping[str, _Second], text: str) -> tuple[Verdict, Verdict]:
    """Differential Nash, that every form is positive on its cone, and local Nash."""
    for player, own in found.items():
        if own.sign == -1:
            size = "" if own.least is None else f" ({own.least:.6g} at unit length)"
            because = (
                f"{text}: player {player} can do better nearby, its own second derivative is negative along "
                f"{_SOME}{size}"
            )
            no = Verdict("no", own.least, _margin(own), own.evidence, because)
            return no, no
    evidence = "exact" if all(own.evidence == "exact" for own in found.values()) else "numeric"
    dark = [f"{p}: {own.because}" for p, own in found.items() if own.sign is None]
    flat = {p: own for p, own in found.items() if own.sign == 0}
    unknown = Verdict("undecided", None, None, evidence, f"{text}; {'; '.join(dark)}")
    if flat:
        vanishes = (
            f"{text}: the own second derivative of {listed(list(flat))} vanishes along {_SOME}"
        )
        exact = next(iter(flat.values())).evidence
        differential = Verdict("no", 0.0, 0.0, exact, vanishes)
        if dark:
            return differential, unknown
        if not all(own.quadratic for own in flat.values()):
            because = f"{vanishes}; higher derivatives would decide"
            return differential, Verdict("undecided", 0.0, None, evidence, because)
        because = (
            f"{text}: a weak local Nash equilibrium, the loss of {listed(list(flat))} is quadratic, and no "
            f"player's own second derivative is negative along {_SOME}"
        )
        return differential, Verdict("yes", 0.0, 0.0, evidence, because)
    if dark:
        return unknown, unknown
    worst = min(found.values(), key=lambda own: -np.inf if own.least is None else own.least)
    size = "" if worst.least is None else f" (at least {worst.least:.6g} at unit length)"
    because = (
        f"{text}: a strict local Nash equilibrium, every player's own second derivative is positive along "
        f"every {_WAY}{size}"
    )
    yes = Verdict("yes", worst.least, _margin(worst), evidence, because)
    return yes, yes


def _margin(own: _Second) -> float | None:
    return None if own.least is None else abs(own.least) - own.error


def _second(point: GamePoint, bounded: Bounded, i: int) -> _Second:
    """The sign of player i's own second derivatives on its critical cone."""
    own = point.game.partition.slices[i]
    balls = bounded.face.sets.balls
    if any(k < 0 and own.start <= balls[-1 - k].index[0] < own.stop for k in bounded.limits):
        return _Second(None, "numeric", "second derivatives beside a sphere are not looked at here")
    weak = [k for k in bounded.weak if own.start <= k < own.stop]
    cone, free = _critical_cone(bounded, weak, own, i)
    if not cone.shape[1]:
        return _Second(1, "exact" if _is_exact(bounded.exact) else "numeric", least=np.inf)
    if len(weak) > _MOST_WEAK or cone.shape[1] > _MOST_DIRECTIONS:
        return _Second(None, "numeric", "there are too many limits without a push to look at")
    numeric, exact, moved = point.derivatives
    hessian = np.asarray(numeric.hessians[i], dtype=float)[own, own]
    if not np.isfinite(hessian).all():
        return _Second(None, "numeric", "its own second derivatives are not finite here")
    hessian = (hessian + hessian.T) / 2
    error = 4 * EPS * np.abs(hessian) + moved
    sure = [bounded.limits[k].strict == "no" for k in weak]
    least = partial(_least, hessian, cone, free)
    size = float(error.sum())
    if exact is not None and _is_exact(bounded.exact) and all(sure):
        directions = sympy.Matrix(cone.astype(int).tolist())
        form = directions.T * exact.hessians[i][own, own] * directions
        if all(entry.is_Rational for entry in form):
            sign = sign_on_cone(form, free)
            quadratic = sign == 0 and _is_quadratic(point, i)
            return _Second(sign, "exact", "", least(sign), size, quadratic)
    sign = _sign_within(hessian, error, cone, free, sure)
    because = ""
    if sign is None:
        what = "its own second derivatives in its set" if all(sure) else "pushes against its limits"
        because = f"{what} cannot be told from zero"
    return _Second(sign, "numeric", because, least(sign), size)


def _is_exact(x: Sequence[sympy.Expr] | None) -> bool:
    return x is not None and not any(c.has(sympy.Float) for c in x)


def _critical_cone(
    bounded: Bounded, weak: Sequence[int], own: slice, i: int
) -> tuple[np.ndarray, int]:
    """Directions in player i's numbers, shape (d_i, f + m), and f: the first f both ways, the others one way.

    They are a basis of what the cone spans: along the face of all the limits that are touched, and away from
    each of the m weak ones, on a simplex at the cost of a strategy that is played.
    """
    face = bounded.face
    held = tuple(sorted((k, limit.kind) for k, limit in bounded.limits.items() if k >= 0))
    smallest = Face(face.sets, face.exact, held)
    along = smallest.basis[own, smallest.partition.slices[i]]
    inwards = np.zeros((own.stop - own.start, len(weak)))
    for column, k in enumerate(weak):
        kind = bounded.limits[k].kind
        inwards[k - own.start, column] = -1.0 if kind == UPPER else 1.0
        if kind == ZERO:
            (played,) = (
                support
                for index, support in zip(face.sets.simplices, smallest.supports, strict=True)
                if k in index
            )
            inwards[played[-1] - own.start, column] = -1.0
    return np.hstack([along, inwards]), along.shape[1]


def _sign_within(
    hessian: np.ndarray, error: np.ndarray, cone: np.ndarray, free: int, sure: Sequence[bool]
) -> int | None:
    """The sign on the cone of every form that is within the error: 1, −1 or None.

    |uᵀEu| ≤ Σ r_k u_k², with r the row sums of |E|, for |u_j u_k| ≤ (u_j² + u_k²)/2. A negative value counts
    only along directions away from limits that are known to have no push.
    """
    rows = np.diag(error.sum(axis=1) + 4 * EPS * np.abs(hessian).sum(axis=1))

    def sign(form: np.ndarray, directions: np.ndarray) -> int:
        u = sympy.Matrix(directions.astype(int).tolist())
        own = sympy.Matrix([[sympy.Rational(float(c)) for c in row] for row in form])
        return sign_on_cone(u.T * own * u, free)

    if sign(hessian - rows, cone) == 1:
        return 1
    known = cone[:, [True] * free + list(sure)]
    return -1 if known.shape[1] and sign(hessian + rows, known) == -1 else None


def _least(hessian: np.ndarray, cone: np.ndarray, free: int, sign: int | None) -> float | None:
    """The least uᵀHu over the cone's u of length one: its smallest Pareto eigenvalue (Seeger 1999).

    None where rounding leaves another sign than the one that is known.
    """
    if not sign:
        return 0.0 if sign == 0 else None
    basis, triangle = np.linalg.qr(cone)
    normals = np.linalg.inv(triangle)[free:]
    least = -max(pareto_eigenvalues(-basis.T @ hessian @ basis, normals), default=np.nan)
    return least if least * sign > 0 else None


def _is_quadratic(point: GamePoint, i: int) -> bool:
    """Whether player i's loss is quadratic in its own strategy, the others staying at the exact point."""
    game, at = point.symbolic, point.equilibrium.exact
    if game is None or at is None:
        return False
    values = dict(point.values)
    own = game.variables[game.partition.slices[i]]
    others = {
        v: c.xreplace(values) for v, c in zip(game.variables, at, strict=True) if v not in own
    }
    alone = game.losses()[i].xreplace(values).xreplace(others)
    return not sympy.hessian(alone, own).applyfunc(sympy.expand).free_symbols
