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
from ..errors import InputError

SCHEMA = "stability-report/1"


@dataclass(frozen=True)
class Report(Page):
    """The whole analysis of a game, a flow or a map; see `stability.report`.

    - `equilibria`: the points of rest, sorted by coordinates, and what is true at each.
    - `system`, `search`: what was analysed, and how its points of rest were found; `warnings`: what to know
      about that; `version`: of this library.

    Shows itself as text in a terminal and as a table in a notebook; `to_dict()` is the JSON form
    (schema stability-report/1), `to_text(width)` and `to_markdown()` the readable ones. With more than six
    equilibria these have a line for each; `details()` says everything.
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

    def summary(self) -> Excerpt:
        """The report in short: what it says, and a table with a line for each equilibrium."""
        return Excerpt(self, ())

    def details(self, *numbers: int) -> Excerpt:
        """Everything about some equilibria, or about all of them.

        `numbers`: of the equilibria, from 1, as in the table of `summary`; none: all.

        Raises InputError for a number that no equilibrium has.
        """
        total = len(self.equilibria)
        for number in numbers:
            if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= total:
                there = f"from 1 to {total}" if total else "none, because there are no equilibria"
                raise InputError(f"there is no equilibrium {number!r}; the numbers are {there}")
        shown = [number - 1 for number in numbers] if numbers else range(total)
        return Excerpt(self, tuple(dict.fromkeys(shown)))

    def _repr_latex_(self) -> str:
        from .formula import to_latex

        return to_latex(self.equilibria, self.system.names)


@dataclass(frozen=True)
class Excerpt(Page):
    """A part of a report: the table of all equilibria, or everything about some; its data are the report's.

    `report`: that; `shown`: the places of the equilibria shown, from 0; none: the table.
    """

    report: Report
    shown: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """The whole report as JSON-ready data."""
        return self.report.to_dict()
