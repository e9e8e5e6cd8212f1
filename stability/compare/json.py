"""The comparison as JSON-ready data, schema stability-compare/1."""

from __future__ import annotations

from typing import Any

from ..report.subject import plain
from ..report.value import search_to_dict, system_to_dict
from ..verdicts.verdict import finite
from .tuning import Tuned
from .value import SCHEMA, Comparison, FlowRow, Row


def to_dict(comparison: Comparison) -> dict[str, Any]:
    """Numbers that do not exist are None, never NaN."""
    return {
        "schema": SCHEMA,
        "version": comparison.version,
        "system": system_to_dict(comparison.system),
        "search": search_to_dict(comparison.search),
        "equilibria": [
            {name: finite(x) for name, x in point.items()} for point in comparison.equilibria
        ],
        "flows": [_flow(flow) for flow in comparison.flows],
        "algorithms": [_row(row) for row in comparison.rows],
        "inapplicable": [
            {"name": own.name, "because": own.because} for own in comparison.inapplicable
        ],
        "tuned": [_tuned(tuned) for tuned in comparison.tuned],
        "warnings": list(comparison.warnings),
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
        "stable": [[finite(end) for end in own] for own in tuned.stable],
        "exact": [list(own) for own in tuned.exact],
        "how": tuned.how,
        "critical": finite(tuned.critical),
        "critical_below": finite(tuned.critical_below),
        "best": finite(tuned.best),
        "best_value": finite(tuned.best_value),
        "steps_per_digit": finite(tuned.steps_per_digit),
        "warnings": list(tuned.warnings),
    }
