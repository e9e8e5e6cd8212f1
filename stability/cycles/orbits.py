"""Periodic orbits as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._version import __version__
from ..documents.blocks import Block, Bullets, Heading, Paragraph, Row, Table, printable_block
from ..documents.numbers import eigenvalues, number, sentence, together
from ..documents.page import Page
from ..verdicts.verdict import Verdict, finite

SCHEMA = "stability-periodic-orbits/1"
SHOWN = 4  # numbers of a point in a table
POINTS = 16  # of an orbit in a table


@dataclass(frozen=True, eq=False)
class PeriodicOrbit:
    """An orbit of n points that closes, n its minimal period.

    - `points`, shape (n, m): of a rule its whole states, in the order of time, from the one with the smallest
      first coordinate on.
    - `residual`: by how much F(x_i) misses x_{i+1} at most, in widths of the box.
    - `isolated`: yes, no (one of a continuum of periodic orbits) or undecided.
    - `multipliers`, shape (m,): the eigenvalues of DF(x_{n−1}) ⋯ DF(x_0), largest real part first;
      `spectral_radius`, `type`: of them. All None where the map has a kink on the orbit.
    - `stability`: a verdict, across the continuum if there is one.
    """

    points: np.ndarray
    residual: float
    isolated: str
    multipliers: np.ndarray | None
    spectral_radius: float | None
    type: str | None
    stability: Verdict

    @property
    def period(self) -> int:
        return len(self.points)


@dataclass(frozen=True, eq=False)
class PeriodicOrbits(Page):
    """The periodic orbits that a search found, and how it searched.

    - `rule`: its text, with its step size; None for a map. `variables`: of the state.
    - `shorter`: how many zeros of the n-step displacement had a shorter period.
    - `starts`, `seed`, `box`, coordinate ↦ (low, high): of the search, which is not exhaustive.
    """

    name: str
    rule: str | None
    variables: tuple[str, ...]
    period: int
    orbits: tuple[PeriodicOrbit, ...]
    shorter: int
    starts: int
    seed: int
    box: Mapping[str, tuple[float, float]]

    def __len__(self) -> int:
        return len(self.orbits)

    def __iter__(self) -> Iterator[PeriodicOrbit]:
        return iter(self.orbits)

    def to_dict(self) -> dict[str, Any]:
        """The orbits as JSON-ready data, schema stability-periodic-orbits/1."""
        return {
            "schema": SCHEMA,
            "version": __version__,
            "name": self.name,
            "rule": self.rule,
            "period": self.period,
            "search": {
                "starts": self.starts,
                "seed": self.seed,
                "box": {v: list(side) for v, side in self.box.items()},
                "exhaustive": False,
                "shorter": self.shorter,
            },
            "orbits": [
                {
                    "points": [
                        dict(zip(self.variables, map(float, x), strict=True)) for x in own.points
                    ],
                    "residual": finite(own.residual),
                    "isolated": own.isolated,
                    "multipliers": None
                    if own.multipliers is None
                    else [[finite(mu.real), finite(mu.imag)] for mu in own.multipliers],
                    "spectral_radius": finite(own.spectral_radius),
                    "type": own.type,
                    "stability": own.stability.to_dict(),
                }
                for own in self.orbits
            ],
        }

    def blocks(self) -> tuple[Block, ...]:
        """The orbits as headings, sentences and tables."""
        return tuple(printable_block(block) for block in self._document())

    def _document(self) -> Iterator[Block]:
        what = self.name if self.rule is None else f"{self.rule} on {self.name}"
        kind = "Fixed points" if self.period == 1 else f"Orbits of period {self.period}"
        yield Heading(f"{kind} of {what}", 1)
        found = {0: "None was found", 1: "One was found"}.get(len(self), f"{len(self)} were found")
        also = f"; {self.shorter} of the zeros had a shorter period" if self.shorter else ""
        yield Paragraph(
            f"{found} from {self.starts} starts, which proves nothing about completeness{also}.",
            strong=True,
        )
        for i, own in enumerate(self.orbits, 1):
            yield Heading(f"Orbit {i}", 2)
            alone = {
                "yes": "isolated",
                "no": "one of a continuum of periodic orbits",
                "undecided": "perhaps not isolated",
            }[own.isolated]
            yield Bullets(
                (
                    f"{sentence(str(own.stability))}.",
                    f"Multipliers {eigenvalues(own.multipliers, 'map')}; {alone}.",
                ),
                strong=True,
            )
            rows = [Row((str(k), self._cell(x))) for k, x in enumerate(own.points[:POINTS])]
            yield Table(("Step", self._names), tuple(rows))
            if len(own.points) > POINTS:
                yield Paragraph(f"… and {len(own.points) - POINTS} points more.")

    @property
    def _names(self) -> str:
        return together([*self.variables[:SHOWN], *(["…"] if len(self.variables) > SHOWN else [])])

    def _cell(self, x: np.ndarray) -> str:
        shown = [number(float(value)) for value in x[:SHOWN]]
        return together([*shown, *(["…"] if len(x) > SHOWN else [])])
