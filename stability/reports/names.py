"""What flows and rules are called in a report's tables."""

from __future__ import annotations

from ..analysis.value import FlowAnalysis, RuleAnalysis
from ..documents.settings import with_settings


def flow_name(f: FlowAnalysis) -> str:
    """The field of a flow with its settings."""
    return with_settings(f.field, f.settings)


def rule_name(r: RuleAnalysis, several: bool) -> str:
    """A rule with its settings, and the field that it follows where there are `several`, or a rare one."""
    name = with_settings(r.rule, r.settings)
    if not several and r.field in ("gradient", "given"):
        return name
    return f"{name} on {with_settings(r.field, r.field_settings)}"
