"""What probing a large game at one point finds, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..analysis.value import conditions_to_dict, pairs
from ..documents.page import Page
from ..verdicts.conditions import Conditions
from ..verdicts.verdict import Verdict, finite
from .explained import Explained

SCHEMA = "stability-probe/1"


@dataclass(frozen=True)
class Network:
    """The game that was probed: how many numbers each player owns, and in which precision.

    `zero_sum`, `zero_sum_up_to_own_terms`: as in `ConditionsAtScale`; None if not known.
    """

    name: str
    players: Mapping[str, int]
    dtype: str
    zero_sum: bool | None
    zero_sum_up_to_own_terms: bool | None = None

    @property
    def dimension(self) -> int:
        return sum(self.players.values())

    def to_dict(self) -> dict[str, Any]:
        """The game as JSON-ready data, without `zero_sum`."""
        return {
            "kind": "game",
            "name": self.name,
            "players": list(self.players),
            "sizes": dict(self.players),
            "dimension": self.dimension,
            "dtype": self.dtype,
        }


@dataclass(frozen=True)
class Eigenvalues:
    """Some eigenvalues of an operator with the evidence for each.

    - `which`: which were asked for. `values`: (k,), real for symmetric operators.
    - `residuals`: (k,), ‖A x − λ x‖ for the unit vector x, recomputed.
    - `errors`: (k,), bounds on the distance to a true eigenvalue: residual times condition number, to first
      order; infinite where the condition number is unknown.
    - `condition`: (k,), condition numbers, or None.
    - `converged`: whether all that were asked for were found to the tolerance; `remarks` say what was not.
    - `complete`: whether they were chosen from all eigenvalues, so that none can have been missed.
    - `products`: how often the operator was applied.
    """

    which: str
    values: np.ndarray
    residuals: np.ndarray
    errors: np.ndarray
    condition: np.ndarray | None
    converged: bool
    complete: bool
    products: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rotation:
    """How much of the field turns.

    - `share`: ‖A‖²/‖J‖² in Frobenius norms, A the antisymmetric part of J (Balduzzi et al. 2018), estimated
      by Hutchinson's method, and `error`, one standard deviation of the estimate.
    - `angle`: the largest |Im λ|/|Re λ| among the largest eigenvalues; None if none of them has a real part.
    - `turning`: how many of the largest eigenvalues have |Im λ| > |Re λ|, of `among`.
    """

    share: float
    error: float
    angle: float | None
    turning: int
    among: int


@dataclass(frozen=True)
class OwnHessian:
    """The ends of the spectrum of ∇²ᵢᵢLᵢ for one player."""

    smallest: Eigenvalues
    largest: Eigenvalues


@dataclass(frozen=True)
class RuleProbe:
    """A rule's map, linearised at the point on its whole state.

    `stable_lr` are intervals outside of which every step is unstable for one of the eigenvalues of J that
    were computed (None as an end is infinity); all stable steps are among them. `critical_lr` is an upper
    bound on the critical step size. Both are None where the eigenvalues of J alone do not tell; `critical_lr`
    also where they do not bound it. `explained`: how much of the field's change over the rule's next step J
    explains; None at rest.
    """

    rule: str
    settings: Mapping[str, Any]
    state_size: int
    multipliers: Eigenvalues | None
    spectral_radius: float | None
    stability: Verdict
    critical_lr: float | None
    steps_per_digit: float | None
    remark: str | None = None
    stable_lr: tuple[tuple[float, float | None], ...] | None = None
    explained: Explained | None = None


@dataclass(frozen=True)
class Rest:
    """Whether the field vanishes at the point.

    - `field_norm`: ‖v‖. `gradient_norms`: ‖∇ᵢLᵢ‖ by player. `point_norm`: ‖x‖.
    - `newton_step`: the length of the (least-squares) Newton step, how far the nearest stationary point is
      if the field were linear; None if it was not found.
    - `losses`: the players' losses here.
    - `stationary`: the verdict.
    - `moved`: how far the point was moved towards a stationary one before all this, or None.
    """

    field_norm: float
    gradient_norms: Mapping[str, float]
    point_norm: float
    newton_step: float | None
    losses: Mapping[str, float]
    stationary: Verdict
    moved: float | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProbeReport(Page):
    """Everything that was found at one point of a large game; shows itself as text, Markdown, HTML, JSON.

    - `network`: the game's players and sizes; `field`, `field_settings`: what they follow; `point`, `step`:
      where.
    - `rest`: how far the point is from rest; `stability`: the flow's verdict there.
    - `rightmost`, `largest`: eigenvalues of the field's Jacobian J; `numerical_abscissa`: the largest of
      (J + Jᵀ)/2, the fastest growth of a disturbance at first (Trefethen, Embree 2005).
    - `own_hessians`: by player. `complements`: the smallest eigenvalues of the Schur complement (`minmax`)
      and of the leaders' total second derivatives (`leader …`), as far as they are defined here.
    - `conditions`: undecided where the point is not at rest; `second_order`: what the second derivatives
      alone say there.
    - `rotation`: how much of the field turns; `rules`: the multipliers of each rule's step.
    - `products`, `seconds`: what it cost; `seed`: of all random vectors; `version`: of this library;
      `warnings`: what a reader has to know.
    """

    network: Network
    point: str
    step: int | None
    rest: Rest
    field: str
    field_settings: Mapping[str, Any]
    rightmost: Eigenvalues
    largest: Eigenvalues
    numerical_abscissa: Eigenvalues
    rotation: Rotation
    stability: Verdict
    own_hessians: Mapping[str, OwnHessian]
    complements: Mapping[str, Eigenvalues]
    conditions: Conditions
    second_order: Conditions
    rules: tuple[RuleProbe, ...]
    products: int
    seconds: float
    seed: int
    version: str
    warnings: tuple[str, ...] = ()

    @property
    def spectral_abscissa(self) -> float | None:
        """The largest real part that was found."""
        values = np.concatenate([self.rightmost.values, self.largest.values])
        return float(np.real(values).max()) if len(values) else None

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data, schema stability-probe/1."""
        rest = self.rest
        return {
            "schema": SCHEMA,
            "version": self.version,
            "system": {
                **self.network.to_dict(),
                "zero_sum": self.network.zero_sum,
                "zero_sum_up_to_own_terms": self.network.zero_sum_up_to_own_terms,
            },
            "point": {"source": self.point, "step": self.step, "norm": finite(rest.point_norm)},
            "rest": {
                "field_norm": finite(rest.field_norm),
                "gradient_norms": {p: finite(x) for p, x in rest.gradient_norms.items()},
                "newton_step": finite(rest.newton_step),
                "losses": {p: finite(x) for p, x in rest.losses.items()},
                "stationary": rest.stationary.to_dict(),
                "moved": finite(rest.moved),
                "remarks": list(rest.remarks),
            },
            "flow": {
                "field": self.field,
                "settings": dict(self.field_settings),
                "rightmost": eigenvalues_to_dict(self.rightmost),
                "largest": eigenvalues_to_dict(self.largest),
                "spectral_abscissa": finite(self.spectral_abscissa),
                "numerical_abscissa": eigenvalues_to_dict(self.numerical_abscissa),
                "stability": self.stability.to_dict(),
            },
            "rotation": {
                "share": finite(self.rotation.share),
                "error": finite(self.rotation.error),
                "angle": finite(self.rotation.angle),
                "turning": self.rotation.turning,
                "among": self.rotation.among,
            },
            "own_hessians": {
                player: {
                    "smallest": eigenvalues_to_dict(own.smallest),
                    "largest": eigenvalues_to_dict(own.largest),
                }
                for player, own in self.own_hessians.items()
            },
            "complements": {
                name: eigenvalues_to_dict(own) for name, own in self.complements.items()
            },
            "conditions": conditions_to_dict(self.conditions),
            "second_order": conditions_to_dict(self.second_order),
            "rules": [_rule(rule) for rule in self.rules],
            "products": self.products,
            "seconds": finite(self.seconds),
            "seed": self.seed,
            "warnings": list(self.warnings),
        }


def eigenvalues_to_dict(found: Eigenvalues) -> dict[str, Any]:
    """The eigenvalues as JSON-ready data; infinite bounds become None."""
    vectors = {name: getattr(found, name) for name in ("residuals", "errors", "condition")}
    vectors = {name: v if v is None else [finite(x) for x in v] for name, v in vectors.items()}
    cost = {name: getattr(found, name) for name in ("converged", "complete", "products")}
    values = {"which": found.which, "eigenvalues": pairs(found.values)}
    return values | vectors | cost | {"remarks": list(found.remarks)}


def _rule(rule: RuleProbe) -> dict[str, Any]:
    return {
        "rule": rule.rule,
        "settings": dict(rule.settings),
        "state_size": rule.state_size,
        "multipliers": None if rule.multipliers is None else eigenvalues_to_dict(rule.multipliers),
        "spectral_radius": finite(rule.spectral_radius),
        "stability": rule.stability.to_dict(),
        "critical_lr_at_most": finite(rule.critical_lr),
        "stable_lr_within": None
        if rule.stable_lr is None
        else [list(own) for own in rule.stable_lr],
        "steps_per_digit": finite(rule.steps_per_digit),
        "explained": None if rule.explained is None else rule.explained.to_dict(),
        "remark": rule.remark,
    }
