"""Probes at several points of one training run: what changes along the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..documents.blocks import Block, Heading, Paragraph, Row, Table, printable_block
from ..documents.numbers import eigenvalues, number, radius
from ..documents.page import Page
from ..documents.settings import with_settings
from ..dynamics.along_path import path_angle
from ..dynamics.flow import Flow
from ..errors import InputError
from ..verdicts.verdict import finite
from .value import ProbeReport

SCHEMA = "stability-probe-series/1"


@dataclass(frozen=True)
class PathAngle:
    """The path angle from the first point to the last; see `stability.path_angle`."""

    alphas: np.ndarray
    cosines: np.ndarray


def path_between(flow: Flow, points: Sequence[Any]) -> PathAngle | None:
    """The path angle from the first of the points to the last; None where they are one and the same."""
    first, last = np.asarray(points[0]), np.asarray(points[-1])
    if np.array_equal(first, last):
        return None
    return PathAngle(*path_angle(flow, first, last))


@dataclass(frozen=True)
class ProbeSeries(Page):
    """Probes of one game along a training run.

    - `reports`: one for each point, in order, at least one.
    - `path`: the path angle between the ends, if it was asked for.
    - `remarks`: what a reader has to know, in sentences.
    """

    reports: tuple[ProbeReport, ...]
    path: PathAngle | None = None
    remarks: tuple[str, ...] = ()

    def __post_init__(self):
        if not self.reports:
            raise InputError("a series of probes needs at least one; none has been taken")

    @property
    def name(self) -> str:
        return self.reports[0].network.name

    @property
    def steps(self) -> tuple[int, ...]:
        """The training steps; where they are unknown, the positions."""
        return tuple(i if r.step is None else r.step for i, r in enumerate(self.reports))

    def to_dict(self) -> dict[str, Any]:
        """The series as JSON-ready data, schema stability-probe-series/1."""
        path = None
        if self.path is not None:
            path = {
                "alphas": [finite(a) for a in self.path.alphas],
                "cosines": [finite(c) for c in self.path.cosines],
            }
        return {
            "schema": SCHEMA,
            "version": self.reports[0].version,
            "steps": list(self.steps),
            "probes": [report.to_dict() for report in self.reports],
            "path_angle": path,
            "remarks": list(self.remarks),
        }

    def blocks(self) -> tuple[Block, ...]:
        """The series as headings, paragraphs and tables."""
        return tuple(printable_block(block) for block in _document(self))


def _document(series: ProbeSeries) -> Iterator[Block]:
    first = series.reports[0].network
    yield Heading(f"{series.name} along training", 1)
    yield Paragraph(
        f"{len(series.reports)} points of a game of {first.dimension:,} numbers, {first.dtype}; field "
        f"{series.reports[0].field}."
    )
    yield Heading("Spectrum", 2)
    yield Table(
        ("Step", "‖v‖", "Newton step", "Rightmost", "Largest |λ|", "Antisymmetric", "Converged"),
        tuple(_spectrum(step, r) for step, r in zip(series.steps, series.reports, strict=True)),
    )
    players = list(first.players)
    yield Heading("Own Hessians, smallest and largest eigenvalue", 2)
    yield Table(
        ("Step", *players, "Nash, second order", "Minmax, second order"),
        tuple(
            _hessians(step, r, players)
            for step, r in zip(series.steps, series.reports, strict=True)
        ),
    )
    rules = series.reports[0].rules
    if rules:
        yield Heading("Spectral radius of the rules' steps", 2)
        yield Table(
            ("Step", *(with_settings(rule.rule, rule.settings) for rule in rules)),
            tuple(
                Row((f"{step:,}", *(radius(rule.spectral_radius) for rule in r.rules)))
                for step, r in zip(series.steps, series.reports, strict=True)
            ),
        )
    if series.path is not None:
        yield Heading("Path angle from the first point to the last", 2)
        yield Paragraph(_path(series.path))
    for remark in dict.fromkeys(_remarks(series)):
        yield Paragraph(remark)


def _spectrum(step: int, report: ProbeReport) -> Row:
    values = report.rightmost.values
    first = (
        np.array([values[0], values[0].conjugate()] if values[0].imag else values[:1])
        if len(values)
        else None
    )
    moduli = np.abs(report.largest.values)
    return Row(
        (
            f"{step:,}",
            number(report.rest.field_norm, 3),
            number(report.rest.newton_step, 3),
            eigenvalues(first if first is None else _short(first), "flow"),
            number(float(moduli.max()), 3) if len(moduli) else number(None),
            f"{number(100 * report.rotation.share, 3)}%",
            "yes" if report.rightmost.converged and report.largest.converged else "no",
        )
    )


def _short(values: np.ndarray) -> np.ndarray:
    return np.array([complex(float(f"{v.real:.3g}"), float(f"{v.imag:.3g}")) for v in values])


def _hessians(step: int, report: ProbeReport, players: Iterable[str]) -> Row:
    cells = []
    for player in players:
        own = report.own_hessians[player]
        low, high = own.smallest.values, own.largest.values
        cells.append(
            f"{number(float(low[0]), 3)} … {number(float(high[0]), 3)}"
            if len(low) and len(high)
            else number(None)
        )
    found = report.second_order
    return Row((f"{step:,}", *cells, found.local_nash.word, found.local_minmax.word))


def _path(path: PathAngle) -> str:
    inside = path.cosines[np.isfinite(path.cosines)]
    if not len(inside):
        return "The field vanishes along the whole line."
    before = path.cosines[(path.alphas < 1) & np.isfinite(path.cosines)]
    after = path.cosines[(path.alphas > 1) & np.isfinite(path.cosines)]
    said = (
        f"Cosine between the field and the line towards the last point: from {number(inside.min(), 3)} to "
        f"{number(inside.max(), 3)}."
    )
    if len(before) and len(after):
        changes = before[-1] > 0 > after[0]
        said += (
            " It changes from plus to minus at the last point, which therefore attracts along this line."
            if changes
            else " It does not change from plus to minus there: along this line it does not attract."
        )
    return said


def _remarks(series: ProbeSeries) -> Iterator[str]:
    yield from series.remarks
    if all(report.rest.stationary.verdict != "yes" for report in series.reports):
        yield (
            "None of these points is an equilibrium; the numbers tell what happens near each of them for a "
            "short while."
        )
