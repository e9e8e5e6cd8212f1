"""What is known of a rule along a schedule of step sizes, as numbers and words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._version import __version__
from ..documents.blocks import Block, Bullets, Heading, Paragraph, Row, Table, printable_block
from ..documents.numbers import number, per_player, point, radius, sentence
from ..documents.page import Page
from ..documents.settings import with_settings
from ..verdicts.verdict import Verdict, finite
from .step_sizes import decay

SCHEMA = "stability-schedule/1"


@dataclass(frozen=True, eq=False)
class Look:
    """One step of a schedule.

    - `step`: the count k; `sizes`: the players' step sizes h_k, shape (players,).
    - `spectral_radius`, `stability`: of the rule frozen at h_k, across a manifold of equilibria.
    - `growth`: of the linear process up to this step, ‖M_{k−1} ⋯ M_0‖; `distance`: of the simulation then.
    """

    step: int
    sizes: np.ndarray
    spectral_radius: float
    stability: Verdict
    growth: float
    distance: float


@dataclass(frozen=True, eq=False)
class ScheduleReport(Page):
    """A rule near the equilibrium `point` while its step sizes follow a schedule.

    - `sizes`, shape (steps, players); `radii`, shape (steps,): the frozen rule's spectral radius.
    - `growth`, shape (steps + 1,): the greatest factor by which the linear process has multiplied a start's
      distance from the equilibrium.
    - `predicted`, `simulated`, shape (steps + 1,): the distances of the linear process and of the rule itself
      from one start.
    - `looks`: the steps at which the frozen verdict was worked out.
    - `stable_from`: the first step from which on every frozen step is stable; None if the last is not.
    - `contracts`: whether `growth` ends below one. `agreement`: whether the simulation does what the linear
      process says. `robbins_monro`: for every player, whether Σ h = ∞ and Σ h² < ∞.
    """

    name: str
    rule: str
    settings: Mapping[str, Any]
    field: str
    players: tuple[str, ...]
    schedule: tuple[str, ...]
    variables: tuple[str, ...]
    point: np.ndarray
    sizes: np.ndarray
    radii: np.ndarray
    growth: np.ndarray
    predicted: np.ndarray
    simulated: np.ndarray
    looks: tuple[Look, ...]
    stable_from: int | None
    contracts: Verdict
    agreement: Verdict
    robbins_monro: tuple[Verdict, ...]

    @property
    def exponent(self) -> float | None:
        """The p of growth ~ k^−p, from the second half of the steps; None where there are too few."""
        return decay(self.growth)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data, schema stability-schedule/1."""
        by_player = dict(zip(self.players, self.robbins_monro, strict=True))
        return {
            "schema": SCHEMA,
            "version": __version__,
            "name": self.name,
            "rule": self.rule,
            "settings": dict(self.settings),
            "field": self.field,
            "schedule": dict(zip(self.players, self.schedule, strict=True)),
            "point": dict(zip(self.variables, map(float, self.point), strict=True)),
            "steps": len(self.sizes),
            "looks": [
                {
                    "step": look.step,
                    "lr": self._lr(look),
                    "spectral_radius": finite(look.spectral_radius),
                    "stability": look.stability.to_dict(),
                    "growth": finite(look.growth),
                    "distance": finite(look.distance),
                }
                for look in self.looks
            ],
            "stable_from": self.stable_from,
            "growth": finite(float(self.growth[-1])),
            "greatest_growth": finite(float(self.growth.max())),
            "exponent": finite(self.exponent),
            "contracts": self.contracts.to_dict(),
            "agreement": self.agreement.to_dict(),
            "robbins_monro": {player: own.to_dict() for player, own in by_player.items()},
        }

    def blocks(self) -> tuple[Block, ...]:
        """The report as headings, sentences and a table."""
        return tuple(printable_block(block) for block in self._document())

    def _document(self) -> Iterator[Block]:
        rule = with_settings(self.rule, self.settings)
        yield Heading(f"{rule} on {self.name}, along a schedule", 1)
        named = dict(zip(self.variables, map(float, self.point), strict=True))
        lr = ", ".join(f"{p} {s}" for p, s in zip(self.players, self.schedule, strict=True))
        yield Paragraph(
            f"Near {point(named)}, along the {self.field} field; step sizes for {len(self.sizes)} "
            f"steps: {lr}."
        )
        yield Bullets(tuple(self._sentences()), strong=True)
        rows = []
        for look in self.looks:
            rows.append(
                Row(
                    (
                        f"{look.step:,}",
                        per_player(self._lr(look)),
                        radius(look.spectral_radius),
                        look.stability.verdict,
                        number(look.growth),
                        number(look.distance, 3),
                    )
                )
            )
        columns = ("k", "h", "Frozen radius", "Frozen", "Growth until k", "Simulated distance")
        yield Table(columns, tuple(rows))

    def _sentences(self) -> Iterator[str]:
        yield f"The linear process contracts: {sentence(str(self.contracts))}."
        steps = len(self.sizes)
        if self.stable_from is None:
            yield "Frozen, the last step is not stable."
        elif self.stable_from == 0:
            yield f"Frozen, every one of the {steps:,} steps is stable."
        else:
            yield f"Frozen, every step from k = {self.stable_from:,} on is stable, and the one before is not."
        yield f"The rule itself agrees: {sentence(str(self.agreement))}."
        verdicts = dict(zip(self.players, self.robbins_monro, strict=True))
        if len({str(own) for own in verdicts.values()}) == 1:
            verdicts = {"": self.robbins_monro[0]}
        for player, own in verdicts.items():
            yield f"Robbins–Monro{f', {player}' if player else ''}: {sentence(str(own))}."

    def _lr(self, look: Look) -> Any:
        sizes = [float(h) for h in look.sizes]
        return sizes[0] if len(set(sizes)) == 1 else dict(zip(self.players, sizes, strict=True))
