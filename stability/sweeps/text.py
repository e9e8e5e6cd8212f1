"""A sweep as text for people."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator

import numpy as np

from ..documents.blocks import printable
from ..documents.numbers import number, radius
from ..documents.page import as_text
from ..documents.settings import settings
from .value import Sweep

_FEW = 25  # points of a grid that are shown one by one
_COLUMNS = 8  # of such a table, at most
_BOUNDS = {"spectral_abscissa": 0.0, "spectral_radius": 1.0}  # stable below
_PIECES = 6


@as_text.register
def _text(sweep: Sweep, width: int, colour: bool) -> str:
    """A table of all points of a small grid, else of extremes, and where the equilibrium is stable."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    stream = io.StringIO()
    console = Console(
        force_jupyter=False,
        file=stream,
        width=width,
        highlight=False,
        force_terminal=colour,
        color_system="standard" if colour else None,
    )
    for line in _heading(sweep):
        console.print(Text(printable(line), style="bold"))
    console.print()
    columns = len(sweep.axes) + sum(map(len, _parts(sweep).values()))
    small = columns <= _COLUMNS and math.prod(sweep.shape) <= _FEW
    rows = _points(sweep) if small else _extremes(sweep)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in next(rows):
        table.add_column(Text(printable(column)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)
    for sentence in _where_stable(sweep):
        console.print()
        console.print(Text(printable(sentence)))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _heading(sweep: Sweep) -> Iterator[str]:
    grid = " × ".join(f"{len(values)} values of {name}" for name, values in sweep.axes.items())
    yield f"{sweep.system['name']}: {grid}"
    parts = [part for part in (sweep.field, sweep.rule, *sweep.penalties) if part is not None]
    described = []
    for part in parts:
        own = settings(part["settings"])
        described.append(f"{part['name']} ({own})" if own else part["name"])
    if described:
        yield f"with {', '.join(described)} where not varied"


def _parts(sweep: Sweep) -> dict[str, dict[str, np.ndarray]]:
    """Quantity ↦ title ↦ real numbers of the grid's shape, one for each label and part."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for name, values in sweep.quantities.items():
        parts = {name: values}
        if np.iscomplexobj(values):
            parts = {f"Re {name}": np.real(values), f"Im {name}": np.imag(values)}
        found[name] = {
            f"{shown} {label}".strip(): part.reshape(*sweep.shape, -1)[..., k]
            for shown, part in parts.items()
            for k, label in enumerate(sweep.labels[name])
        }
    return found


def _points(sweep: Sweep) -> Iterator[list[str]]:
    columns = {title: own for parts in _parts(sweep).values() for title, own in parts.items()}
    yield [*sweep.axes, *columns]
    axes = list(sweep.axes.values())
    for where in np.ndindex(*sweep.shape):
        given = [number(float(axis[i])) for axis, i in zip(axes, where, strict=True)]
        yield given + [_number(title, float(values[where])) for title, values in columns.items()]


def _extremes(sweep: Sweep) -> Iterator[list[str]]:
    yield ["quantity", "smallest", "at", "largest", "at", "missing"]
    for parts in _parts(sweep).values():
        for title, own in parts.items():
            yield [title, *_extreme_cells(sweep, title, own)]


def _extreme_cells(sweep: Sweep, title: str, values: np.ndarray) -> list[str]:
    missing = int(np.isnan(values).sum())
    if missing == values.size:
        return [number(None), "", number(None), "", str(missing)]
    cells = []
    for where in (np.nanargmin(values), np.nanargmax(values)):
        index = np.unravel_index(where, sweep.shape)
        place = (
            f"{name}={number(float(axis[i]))}"
            for (name, axis), i in zip(sweep.axes.items(), index, strict=True)
        )
        cells += [_number(title, float(values[index])), ", ".join(place)]
    return [*cells, str(missing) if missing else ""]


def _where_stable(sweep: Sweep) -> Iterator[str]:
    """One sentence for every quantity that tells stability."""
    for name, values in sweep.quantities.items():
        if name in _BOUNDS:
            inside, what = values < _BOUNDS[name], f"{name} < {_BOUNDS[name]:g}"
        elif name in ("stable", "stable_rule"):
            inside, what = values == 1.0, name
        else:
            continue
        count = int(inside.sum())
        places = f": {_place(sweep, inside)}" if count > 0 else ""
        yield f"{what} at {count} of {values.size} points{places}"


def _place(sweep: Sweep, inside: np.ndarray) -> str:
    """The grid's runs along a single axis, or the range along each of two."""
    if len(sweep.axes) == 1:
        ((name, axis),) = sweep.axes.items()
        edges = np.flatnonzero(np.diff(inside.astype(int), prepend=0, append=0))
        pieces = [(axis[i], axis[j - 1]) for i, j in zip(edges[::2], edges[1::2], strict=True)]
        shown = [_range(float(low), float(high)) for low, high in pieces[:_PIECES]]
        return f"{name} {', '.join(shown)}" + (", …" if len(pieces) > _PIECES else "")
    ranges = []
    for i, (name, axis) in enumerate(sweep.axes.items()):
        own = axis[inside.any(axis=1 - i)]
        ranges.append(f"{name} {_range(float(own.min()), float(own.max()))}")
    return "within " + " and ".join(ranges)


def _range(low: float, high: float) -> str:
    return f"= {number(low)}" if low == high else f"from {number(low)} to {number(high)}"


def _number(title: str, value: float) -> str:
    if value == math.inf:
        return "∞"
    return radius(value) if title.endswith("spectral_radius") else number(value)
