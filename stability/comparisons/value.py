"""The Comparison: every algorithm on one game, side by side, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..analysis.subject import plain
from ..analysis.value import SearchInfo, SystemInfo, search_to_dict, system_to_dict
from ..documents.page import Page
from ..rules.cost import Cost
from ..verdicts.verdict import finite
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

    - `rows`: one for each algorithm; `flows`: one for each field, without steps.
    - `equilibria`: the points at which they were judged, variable ↦ number.
    - `inapplicable`: algorithms that cannot be run on the game, and why; `tuned`: the best values of
      parameters.
    - `system`, `search`: what was analysed, and how its equilibria were found; `warnings`: what to know about
      that; `version`: of this library.

    `to_dict()` is the JSON form (schema stability-compare/1), `to_text(width)` and `to_markdown()` the
    readable ones.
    """

    version: str
    system: SystemInfo
    search: SearchInfo
    equilibria: tuple[Mapping[str, float], ...]
    flows: tuple[FlowRow, ...]
    rows: tuple[Row, ...]
    inapplicable: tuple[Inapplicable, ...] = ()
    tuned: tuple[Tuned, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON-ready data, schema stability-compare/1."""
        return {
            "schema": SCHEMA,
            "version": self.version,
            "system": system_to_dict(self.system),
            "search": search_to_dict(self.search),
            "equilibria": [
                {name: finite(x) for name, x in point.items()} for point in self.equilibria
            ],
            "flows": [_flow(flow) for flow in self.flows],
            "algorithms": [_row(row) for row in self.rows],
            "inapplicable": [
                {"name": own.name, "because": own.because} for own in self.inapplicable
            ],
            "tuned": [_tuned(tuned) for tuned in self.tuned],
            "warnings": list(self.warnings),
        }


def _flow(flow: FlowRow) -> dict[str, Any]:
    return {
        "name": flow.name,
        "field": flow.field,
        "settings": dict(flow.settings),
        "verdict": flow.verdict,
        "verdicts": list(flow.verdicts),
        "spectral_abscissa": finite(flow.spectral_abscissa),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "rule": row.rule,
        "settings": dict(row.settings),
        "field": row.field,
        "field_settings": dict(row.field_settings),
        "cost": {
            "gradients": row.cost.gradients,
            "products": row.cost.products,
            "solves": row.cost.solves,
        },
        "verdict": row.verdict,
        "verdicts": list(row.verdicts),
        "spectral_radius": finite(row.spectral_radius),
        "critical_lr": row.critical_lr,
        "critical_lr_exact": row.critical_lr_exact,
        "stable_lr": None if row.stable_lr is None else [list(own) for own in row.stable_lr],
        "best_lr": row.best_lr,
        "best_spectral_radius": finite(row.best_spectral_radius),
        "steps_per_digit": finite(row.steps_per_digit),
        "work_per_digit": finite(row.work_per_digit),
        "conditions": row.conditions,
        "because": row.because,
    }


def _tuned(tuned: Tuned) -> dict[str, Any]:
    field, rule = tuned.field, tuned.rule
    return {
        "parameter": tuned.name,
        "rule": None if rule is None else rule.name,
        "settings": None if rule is None else plain(rule.settings),
        "field": "given" if field is None else field.name,
        "field_settings": {} if field is None else plain(field.settings),
        "interval": [finite(end) for end in tuned.interval],
        "stable": None
        if tuned.stable is None
        else [[finite(end) for end in own] for own in tuned.stable],
        "exact": [list(own) for own in tuned.exact],
        "how": tuned.how,
        "critical": finite(tuned.critical),
        "critical_below": finite(tuned.critical_below),
        "best": finite(tuned.best),
        "best_value": finite(tuned.best_value),
        "steps_per_digit": finite(tuned.steps_per_digit),
        "warnings": list(tuned.warnings),
        "because": tuned.because,
    }
