"""The Comparison: every algorithm on one game, side by side, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..report.blocks import Block
from ..report.page import Page
from ..report.value import SearchInfo, System
from ..rules.cost import Cost
from .algorithms import Inapplicable
from .tuning import Tuned

SCHEMA = "stability-compare/1"


@dataclass(frozen=True)
class Row:
    """One algorithm, judged at the worst of the equilibria.

    - `name`: rule and field with the settings that are not the usual ones, as on the command line.
    - `verdicts`: its stability at its own step size, for each equilibrium; `verdict` the worst of them.
    - `critical_lr`, `stable_lr`: step sizes that are stable at every equilibrium, as in a report.
    - `best_lr`, `best_spectral_radius`: the step size whose largest radius over the equilibria is smallest.
      `best_lr` is None while the radius is not if ever larger steps are better, or there is no step size.
    - `steps_per_digit`: at the best step; `work_per_digit` is that times the work in a step.
    - `critical_lr_exact`, `conditions`: in closed form, where asked for and there is one equilibrium.
    - `because`: why there are no numbers, or what to know about them.
    """

    name: str
    rule: str
    settings: Mapping[str, Any]
    field: str
    field_settings: Mapping[str, Any]
    cost: Cost
    verdict: str
    verdicts: tuple[str, ...]
    spectral_radius: float | None
    critical_lr: Any
    stable_lr: tuple[tuple[float, float | None], ...] | None
    best_lr: Any
    best_spectral_radius: float | None
    steps_per_digit: float | None
    work_per_digit: float | None
    critical_lr_exact: str | None = None
    conditions: str | None = None
    because: str | None = None


@dataclass(frozen=True)
class FlowRow:
    """What a field's flow does at the equilibria, without any step."""

    name: str
    field: str
    settings: Mapping[str, Any]
    verdict: str
    verdicts: tuple[str, ...]
    spectral_abscissa: float | None


@dataclass(frozen=True)
class Comparison(Page):
    """Algorithms side by side, the fastest first; see `stability.compare`.

    `to_dict()` is the JSON form (schema stability-compare/1), `to_text(width)` and `to_markdown()` the
    readable ones.
    """

    version: str
    system: System
    search: SearchInfo
    equilibria: tuple[Mapping[str, float], ...]
    flows: tuple[FlowRow, ...]
    rows: tuple[Row, ...]
    inapplicable: tuple[Inapplicable, ...] = ()
    tuned: tuple[Tuned, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON-ready data, schema stability-compare/1."""
        from .json import to_dict

        return to_dict(self)

    def blocks(self) -> tuple[Block, ...]:
        """The comparison as headings, paragraphs and tables."""
        from .document import document

        return document(self)
