"""The Report: everything the analysis found, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..analysis.value import (
    EquilibriumAnalysis,
    SearchInfo,
    SystemInfo,
    equilibrium_to_dict,
    search_to_dict,
    system_to_dict,
)
from ..documents.page import Page

SCHEMA = "stability-report/1"


@dataclass(frozen=True)
class Report(Page):
    """The whole analysis of a game, a flow or a map; see `stability.report`.

    - `equilibria`: the points of rest, sorted by coordinates, and what is true at each.
    - `system`, `search`: what was analysed, and how its points of rest were found; `warnings`: what to know
      about that; `version`: of this library.

    Shows itself as text in a terminal and as a table in a notebook; `to_dict()` is the JSON form
    (schema stability-report/1), `to_text(width)` and `to_markdown()` the readable ones.
    """

    version: str
    system: SystemInfo
    search: SearchInfo
    equilibria: tuple[EquilibriumAnalysis, ...]
    warnings: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data, schema stability-report/1."""
        return {
            "schema": SCHEMA,
            "version": self.version,
            "system": system_to_dict(self.system),
            "search": search_to_dict(self.search),
            "equilibria": [equilibrium_to_dict(e, self.system.kind) for e in self.equilibria],
            "warnings": list(self.warnings),
        }

    def _repr_latex_(self) -> str:
        from .formula import to_latex

        return to_latex(self.equilibria)
