"""What advice says: which step sizes, ratio, momentum and penalties keep training where it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..documents.page import Page
from ..verdicts.verdict import finite
from .stable_range import Found, Look
from .value import Network, Rest

SCHEMA = "stability-advice/1"


@dataclass(frozen=True)
class KnobAdvice:
    """What is stable as one number varies and all others stay.

    - `name`, `what`: `lr.disc`, and in words. `now`: its value.
    - `found`: the stable values, each end between one that is stable and one that is not; where was
      searched; and the look with the smallest spectral radius, the fastest value.
    """

    name: str
    what: str
    now: float
    found: Found

    @property
    def edge(self) -> float | None:
        """`now` over where the stable interval ends that it lies in, or past; None where there is none."""
        if self.name == "momentum":  # of either sign
            return None
        below = [high for low, high in self.found.intervals if low.inside <= self.now]
        if not below or below[-1].outside is None:
            return None
        return self.now / below[-1].value


@dataclass(frozen=True)
class Batch:
    """One batch's own spectral radius, and where the common step size stops being stable on it."""

    radius: float
    upper: float | None


@dataclass(frozen=True)
class Advice(Page):
    """What to change in an algorithm, from its linearised step at one point.

    - `network`: the game; `point`, `step`: where, and after how many steps. `rest`: how far from rest.
    - `rule`, `settings`: the algorithm. `period`: how many steps are taken together (lazy penalties); all
      radii are of that many. `state_size`: of the linearised step.
    - `limit`: a radius below it counts as stable, with the step sizes of now. `flow_growth`: by how much
      disturbances grow in a step, as now, whatever the steps: the flow leaves; 0 if it was not seen to.
    - `now`: the look at the numbers as they are. `knobs`: what is stable as each of them varies.
    - `batches`: the same on single batches, if there are any; `batch`: their size.
    - `products`, `seconds`, `seed`, `version`, `warnings`: as in `ProbeReport`.
    """

    network: Network
    point: str
    step: int | None
    rest: Rest
    rule: str
    settings: dict[str, Any]
    period: int
    state_size: int
    limit: float
    flow_growth: float
    now: Look
    knobs: tuple[KnobAdvice, ...]
    batches: tuple[Batch, ...]
    batch: int | None
    products: int
    seconds: float
    seed: int
    version: str
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The advice as JSON-ready data, schema stability-advice/1."""
        return {
            "schema": SCHEMA,
            "version": self.version,
            "system": self.network.to_dict(),
            "point": {"source": self.point, "step": self.step},
            "rest": {
                "field_norm": finite(self.rest.field_norm),
                "newton_step": finite(self.rest.newton_step),
                "stationary": self.rest.stationary.to_dict(),
            },
            "rule": self.rule,
            "settings": dict(self.settings),
            "period": self.period,
            "state_size": self.state_size,
            "limit": finite(self.limit),
            "flow_growth": finite(self.flow_growth),
            "now": _look(self.now),
            "knobs": [_knob(own) for own in self.knobs],
            "batch": self.batch,
            "batches": [
                {"spectral_radius": finite(own.radius), "upper": finite(own.upper)}
                for own in self.batches
            ],
            "products": self.products,
            "seconds": finite(self.seconds),
            "seed": self.seed,
            "warnings": list(self.warnings),
        }


def _look(look: Look) -> dict[str, Any]:
    return {
        "value": finite(look.value),
        "spectral_radius": finite(look.radius),
        "error": finite(look.error),
        "multiplier": _parts(look.multiplier) if math.isfinite(look.radius) else None,
        "converged": look.converged,
        "complete": look.complete,
    }


def _parts(number: complex) -> list[float]:
    return [number.real, number.imag]


def _knob(own: KnobAdvice) -> dict[str, Any]:
    found = own.found

    def end(one: Any) -> dict[str, Any]:
        leading = None if one.leading is None else _parts(one.leading)
        return {
            "inside": one.inside, "outside": finite(one.outside), "multiplier": leading,
            "certain": one.told,
        }  # fmt: skip

    return {
        "name": own.name,
        "what": own.what,
        "now": own.now,
        "stable": [[end(low), end(high)] for low, high in found.intervals],
        "searched": list(found.searched),
        "edge": finite(own.edge),
        "best": None if found.best is None else _look(found.best),
        "complete": found.certain,
    }
