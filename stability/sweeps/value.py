"""The Sweep: numbers over a grid, as one frozen value, and its file formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..documents.page import as_text

SCHEMA = "stability-sweep/1"
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Sweep:
    """Quantities over a grid of one or two axes.

    - `axes`: name ↦ values, shape (n₁,) and (n₂,).
    - `quantities`: name ↦ an array of the grid's shape, or with one more length for quantities that are
      several numbers, called `labels[name]`. NaN is a number that does not exist, ∞ a critical step size
      that does not bind.
    - `system`, `field`, `rule`, `penalties`: what was swept, as data; `equilibrium`: the point at the base
      values, where on the grid's axes these lie, and how it was followed ("fixed", "closed form", "Newton").
    - `lost`: at how many grid points the equilibrium was lost; `labels`: name ↦ what its several numbers are
      called; `warnings`: what to know; `version`: of this library.
    """

    version: str
    system: Mapping[str, Any]
    axes: Mapping[str, np.ndarray]
    field: Mapping[str, Any] | None
    rule: Mapping[str, Any] | None
    penalties: tuple[Mapping[str, Any], ...]
    equilibrium: Mapping[str, Any]
    quantities: Mapping[str, np.ndarray]
    labels: Mapping[str, tuple[str, ...]]
    lost: int
    warnings: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The grid's shape."""
        return tuple(len(values) for values in self.axes.values())

    def to_dict(self) -> dict[str, Any]:
        """The sweep as JSON-ready data (schema stability-sweep/1).

        Complex numbers are [real, imaginary] pairs; what does not exist or is not finite is None.
        """
        return {
            "schema": SCHEMA,
            "version": self.version,
            "system": dict(self.system),
            "field": self.field,
            "rule": self.rule,
            "penalties": list(self.penalties),
            "equilibrium": dict(self.equilibrium),
            "axes": [{"name": n, "values": v.tolist()} for n, v in self.axes.items()],
            "shape": list(self.shape),
            "quantities": {
                name: {"labels": list(self.labels[name]), "values": _plain(values)}
                if self.labels[name] != ("",)
                else {"values": _plain(values)}
                for name, values in self.quantities.items()
            },
            "lost": self.lost,
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    def to_csv(self) -> str:
        """A table with a row for every grid point, the last axis fastest; missing numbers are empty."""
        return "".join(self.csv_lines())

    def csv_lines(self) -> Iterator[str]:
        """The same in pieces, for large grids."""
        names = list(self.axes)
        columns = []
        for name, values in self.quantities.items():
            flat = values.reshape(int(np.prod(self.shape)), -1)
            for label, column in zip(self.labels[name], flat.T, strict=True):
                full = f"{name}.{label}" if label else name
                if np.iscomplexobj(column):
                    names += [f"{full}.re", f"{full}.im"]
                    columns += [np.real(column), np.imag(column)]
                else:
                    names.append(full)
                    columns.append(column)
        yield _csv([names])
        axes = list(self.axes.values())
        points = int(np.prod(self.shape))
        for begin in range(0, points, _ROWS_AT_ONCE):
            span = np.arange(begin, min(begin + _ROWS_AT_ONCE, points))
            where = np.unravel_index(span, self.shape)
            given = [axis[i].tolist() for axis, i in zip(axes, where, strict=True)]
            found = [
                ["" if x != x else x for x in column[span].tolist()] for column in columns
            ]  # NaN alone differs from itself
            yield _csv(zip(*given, *found, strict=True))

    def to_text(self, width: int = 100, colour: bool = False) -> str:
        """A short table for people: every point of a small grid, the extremes over a large one.

        `width`: of the terminal, in characters; `colour`: whether escape codes for colours are used.
        """
        return as_text(self, width, colour)

    def to_npz(self, file: Any) -> None:
        """Writes the arrays to a NumPy archive: `file` is a path or a binary stream.

        Axes are called `axis:NAME`, quantities by their names; `about` is the rest as JSON text.
        """
        about = {k: v for k, v in self.to_dict().items() if k not in ("axes", "quantities")}
        about["labels"] = {name: list(labels) for name, labels in self.labels.items()}
        arrays = {f"axis:{name}": values for name, values in self.axes.items()}
        arrays |= {"about": np.array(json.dumps(about, ensure_ascii=False)), **self.quantities}
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _plain(values: np.ndarray) -> Any:
    """Nested lists of numbers, pairs for complex ones, None for what is not finite."""
    if np.iscomplexobj(values):
        values = np.stack([np.real(values), np.imag(values)], axis=-1)
    plain = values.astype(object)
    plain[~np.isfinite(values)] = None
    return plain.tolist()


def _csv(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
