"""The zero set of a function of two variables in a box, complete: refined where branches meet, touch or hide.

Marching squares (Lorensen, Cline 1987, in two dimensions), with these differences:

1. every vertex is polished on its edge of the grid onto the zero set, and what is no zero (a pole, a jump)
   is left out;
2. edges on which the function dips to zero without a change of sign count as crossed, so double curves are
   found;
3. cells that are ambiguous (branches cross), in which something hides (two zeros on one edge, a loop inside)
   or whose chord is far from the curve are divided, a few times over;
4. what still meets in a cell of the last division is joined there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .brackets import Values, crossings, deep, dips, rounding, uneven

RESOLUTION = 256
_DIVIDED = 8  # a cell is divided into so many by so many
_LEVELS = 3
_PATCHES = 4096  # at most so many cells of one level are divided: bounded work
_BENT = 0.04  # the curve's distance from its chord, relative to the chord, from which on a cell is divided


def zero_set(values: Values, box: np.ndarray, resolution: int = RESOLUTION) -> np.ndarray:
    """The zero set of a function in a box, as segments of shape (n, 2, 2).

    `values`: points (n, 2) ↦ (n,), of which those that are not finite are no zeros; `box`, shape (2, 2): the
    low and high ends. Segments that are neighbours share an end point up to rounding. A function that is zero
    everywhere gives none.
    """
    steps = uneven(np.linspace(0.0, 1.0, resolution + 1))
    patches = np.stack([_with_margin(_stretched(low, high, steps)) for low, high in box])[:, None]
    first = _Grid.of(values, patches)
    noise = rounding(first.f)
    if not np.abs(first.f[np.isfinite(first.f)]).any():
        return np.empty((0, 2, 2))
    found, grid = [], first
    for level in range(_LEVELS + 1):
        grid.settle_border(box, noise)
        segments, divide = grid.march(noise, last=level == _LEVELS)
        found.append(segments)
        if not len(divide):
            break
        inner = uneven(np.linspace(0.0, 1.0, _DIVIDED + 1))
        nodes = _stretched(divide[..., :1], divide[..., 1:], inner)
        grid = _Grid.of(values, _with_margin(nodes).transpose(1, 0, 2))
    return np.concatenate(found)


def _stretched(low: Any, high: Any, steps: np.ndarray) -> np.ndarray:
    """[0, 1] ↦ [low, high], with exactly these ends: neighbouring patches share nodes bit for bit."""
    return low * (1 - steps) + high * steps


def _with_margin(nodes: np.ndarray) -> np.ndarray:
    """Nodes, shape (…, n), with one more at each side."""
    before = 2 * nodes[..., :1] - nodes[..., 1:2]
    after = 2 * nodes[..., -1:] - nodes[..., -2:-1]
    return np.concatenate([before, nodes, after], axis=-1)


@dataclass(eq=False)
class _Grid:
    """Values on patches of one size: `nodes`, shape (2, p, n), along x and y; `f`, shape (p, n, n): [y, x].

    The outermost nodes are a margin, there to see dips at the patch's own border.
    """

    values: Values
    nodes: np.ndarray
    f: np.ndarray
    sign: np.ndarray

    @classmethod
    def of(cls, values: Values, nodes: np.ndarray) -> _Grid:
        x, y = nodes
        points = np.stack(np.broadcast_arrays(x[:, None, :], y[:, :, None]), axis=-1)
        with np.errstate(all="ignore"):
            f = values(points.reshape(-1, 2)).reshape(points.shape[:-1])
        f = np.where(np.isfinite(f), f, np.nan)
        return cls(values, nodes, f, np.where(f >= 0, 1.0, -1.0))

    def settle_border(self, box: np.ndarray, noise: float) -> None:
        """Zeros on the box's own border get the sign that makes them a change of sign."""
        along_x, along_y = (_turned(self.f), _turned(self.sign)), (self.f, self.sign)  # views
        for axis, (f, sign) in enumerate((along_x, along_y)):
            for border, inner, end in ((1, 2, box[axis, 0]), (-2, -3, box[axis, 1])):
                on = (self.nodes[axis][:, border] == end)[:, None]
                zero = on & (np.abs(f[:, border]) <= noise) & (np.abs(f[:, inner]) > noise)
                sign[:, border][zero] = -sign[:, inner][zero]
                f[:, border][zero] = 0.0

    def march(self, noise: float, last: bool) -> tuple[np.ndarray, np.ndarray]:
        """Segments (n, 2, 2), and the cells that are to be divided, as (low, high) of shape (m, 2, 2)."""
        rows, row_pairs = self._edges(0, noise)
        columns, column_pairs = self._edges(1, noise)
        # per cell the crossings of its edges: bottom, top, left, right; shape (p, c, c, 4, 2)
        marks = np.stack([rows[:, :-1], rows[:, 1:], columns[:, :, :-1], columns[:, :, 1:]], axis=3)
        crossed = np.isfinite(marks[..., 0])
        count = crossed.sum(axis=3)
        plain = count == 2
        segments = np.full((*plain.shape, 2, 2), np.nan)
        segments[plain] = marks[plain][crossed[plain]].reshape(-1, 2, 2)
        if last:
            several = (
                marks[cell][crossed[cell]] for cell in zip(*np.nonzero(count > 2), strict=True)
            )
            stars = [np.stack([ends, np.full_like(ends, ends.mean(axis=0))], 1) for ends in several]
            return np.concatenate([segments[plain], *stars]), np.empty((0, 2, 2))
        unclear = (count == 1) | (count > 2) | self._edge_of_domain() | self._loops(rows, columns)
        unclear |= _beside(row_pairs, 0) | _beside(column_pairs, 1)
        signs = _corners(self.sign[:, 1:-1, 1:-1])
        bent = plain & ~unclear & (signs != signs[0]).any(axis=0)  # of double curves none can tell
        bent[bent] = self._bent(segments[bent])
        divide = np.concatenate([np.argwhere(unclear), np.argwhere(bent)])[:_PATCHES]
        p, j, i = divide.T
        plain[p, j, i] = False
        x, y = self.nodes
        low, high = np.stack([x[p, i + 1], y[p, j + 1]], 1), np.stack([x[p, i + 2], y[p, j + 2]], 1)
        return segments[plain], np.stack([low, high], axis=2)

    def _edges(self, axis: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
        """Where inner edges along x (0) or y (1) are crossed (NaN: nowhere), and which hide two zeros."""
        f, sign = (self.f, self.sign) if axis == 0 else (_turned(self.f), _turned(self.sign))
        along, across = self.nodes[axis], self.nodes[1 - axis]
        f, sign, across = f[:, 1:-1], sign[:, 1:-1], across[:, 1:-1]

        def point(p: np.ndarray, j: np.ndarray, i: np.ndarray) -> np.ndarray:
            xy = np.stack([along[p, i], across[p, j]], axis=-1)
            return xy if axis == 0 else xy[:, ::-1]

        places = np.full((f.shape[0], f.shape[1], f.shape[2] - 3, 2), np.nan)
        pairs = np.zeros(places.shape[:-1], dtype=bool)
        p, j, i = np.nonzero(deep(f, sign))
        begin, end, middle = point(p, j, i), point(p, j, i + 2), along[p, i + 1]
        scale = np.fmax(np.abs(f[p, j, i]), np.abs(f[p, j, i + 2]))
        place, touches, beyond = dips(self.values, begin, end, sign[p, j, i + 1], scale, noise)
        least = begin + (end - begin) * place[:, None]
        edge = np.where(least[:, axis] < middle, i, i + 1) - 1  # counted from the first inner one
        inner = (edge >= 0) & (edge < places.shape[2])
        at = inner & touches
        places[p[at], j[at], edge[at]] = least[at]
        at = inner & beyond
        pairs[p[at], j[at], edge[at]] = True

        inside, signs = f[..., 1:-1], sign[..., 1:-1]
        known = np.isfinite(inside)
        p, j, i = np.nonzero((signs[..., 1:] != signs[..., :-1]) & known[..., 1:] & known[..., :-1])
        through, true = crossings(
            self.values,
            point(p, j, i + 1),
            point(p, j, i + 2),
            inside[p, j, i],
            inside[p, j, i + 1],
        )
        places[p[true], j[true], i[true]] = through[true]
        return (places, pairs) if axis == 0 else (places.transpose(0, 2, 1, 3), _turned(pairs))

    def _loops(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """The cells around a node where |f| is least of its neighbourhood and nothing crosses."""
        size = np.where(np.isnan(self.f), np.inf, np.abs(self.f))
        middle = size[:, 1:-1, 1:-1]
        n = middle.shape[1]
        around = [
            (size[:, a : a + n, b : b + n], self.sign[:, a : a + n, b : b + n])
            for a in range(3)
            for b in range(3)
            if (a, b) != (1, 1)
        ]
        least = np.isfinite(middle)
        largest = np.zeros_like(middle)
        for neighbour, sign in around:
            least &= (middle <= neighbour) & (sign == self.sign[:, 1:-1, 1:-1])
            largest = np.fmax(largest, np.where(np.isfinite(neighbour), neighbour, 0.0))
        least &= middle <= 0.75 * largest
        crossed_row, crossed_column = np.isfinite(rows[..., 0]), np.isfinite(columns[..., 0])
        least[:, :, :-1] &= ~crossed_row
        least[:, :, 1:] &= ~crossed_row
        least[:, :-1] &= ~crossed_column
        least[:, 1:] &= ~crossed_column
        return np.any(_corners(least), axis=0)

    def _edge_of_domain(self) -> np.ndarray:
        """The cells that are partly outside f's domain where a curve may end: |f| is small for its slope."""
        inside = np.isfinite(self.f)
        if inside.all():
            return np.zeros((len(self.f), *(n - 3 for n in self.f.shape[1:])), dtype=bool)
        size, slope = np.abs(self.f), np.zeros_like(self.f)
        for axis in (1, 2):
            steps = np.nan_to_num(np.abs(np.diff(self.f, axis=axis)))
            before, after = (np.insert(steps, at, 0.0, axis=axis) for at in (0, steps.shape[axis]))
            slope = np.maximum(slope, np.maximum(before, after))
        small, inside = (size <= 2 * slope)[:, 1:-1, 1:-1], inside[:, 1:-1, 1:-1]
        return np.any(_corners(small), axis=0) & ~np.all(_corners(inside), axis=0)

    def _bent(self, segments: np.ndarray) -> np.ndarray:
        """Whether the curve, along which f changes sign, is not near the middle of its chord."""
        middle, along = segments.mean(axis=1), segments[:, 1] - segments[:, 0]
        aside = _BENT * np.stack([-along[:, 1], along[:, 0]], axis=1)
        with np.errstate(all="ignore"):
            return self.values(middle + aside) * self.values(middle - aside) > 0


def _turned(array: np.ndarray) -> np.ndarray:
    return array.transpose(0, 2, 1)


def _corners(nodes: np.ndarray) -> np.ndarray:
    """The four corners of every cell, shape (4, p, c, c), of nodes (p, c + 1, c + 1)."""
    return np.stack([nodes[:, :-1, :-1], nodes[:, 1:, :-1], nodes[:, :-1, 1:], nodes[:, 1:, 1:]])


def _beside(edges: np.ndarray, axis: int) -> np.ndarray:
    """The cells on both sides of edges along x (axis 0) or y (1)."""
    return edges[:, :-1] | edges[:, 1:] if axis == 0 else edges[:, :, :-1] | edges[:, :, 1:]
