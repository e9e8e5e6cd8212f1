"""Advice at several points of one training run: how what is stable moves along the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..documents.blocks import Block, Heading, Paragraph, Row, Table, printable_block
from ..documents.numbers import MISSING, number, radius
from ..documents.page import Page
from ..documents.settings import with_settings
from ..errors import InputError
from .advice import Advice, KnobAdvice

SCHEMA = "stability-advice-series/1"
_FEW = 3  # significant digits


@dataclass(frozen=True)
class AdviceSeries(Page):
    """Advice about one algorithm along a training run.

    - `advice`: one for each point, in order, at least one. `remarks`: what a reader has to know.
    """

    advice: tuple[Advice, ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self):
        if not self.advice:
            raise InputError("a series of advice needs at least one point")

    def to_dict(self) -> dict[str, Any]:
        """The series as JSON-ready data, schema stability-advice-series/1."""
        return {
            "schema": SCHEMA,
            "version": self.advice[0].version,
            "steps": [own.step for own in self.advice],
            "advice": [own.to_dict() for own in self.advice],
            "remarks": list(self.remarks),
        }

    def blocks(self) -> tuple[Block, ...]:
        """One table: a row for each point, a column for each number."""
        first = self.advice[0]
        names = [own.name for own in first.knobs]
        rows = tuple(
            Row((_place(own), radius(own.now.radius), *map(_upper, own.knobs)))
            for own in self.advice
        )
        blocks: list[Block] = [
            Heading(f"Advice along {first.network.name}", 1),
            Paragraph(f"Algorithm: {with_settings(first.rule, first.settings)}."),
            Table(("Step", "Spectral radius", *names), rows),
            Paragraph(
                "For each number: up to where it is stable at that point, all others as they are; in "
                "parentheses its value of now in percent of that. A dash: no such end was found, or nothing "
                "is stable."
            ),
            *(Paragraph(remark) for remark in self.remarks),
        ]
        return tuple(printable_block(block) for block in blocks)


def _place(own: Advice) -> str:
    return own.point if own.step is None else f"{own.step:,}"


def _upper(own: KnobAdvice) -> str:
    if own.edge is None:
        return MISSING
    return f"{number(own.now / own.edge, _FEW)} ({number(100 * own.edge, 2)}%)"
