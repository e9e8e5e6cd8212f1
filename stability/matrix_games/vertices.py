"""The vertices of the polytopes of best replies, exactly, by the double description method."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from ..errors import InputError

_MOST_VERTICES = 3000

Vertex = tuple[tuple[int, ...], int]  # a point up to a factor, and its labels, one bit each


def vertices(matrix: Sequence[Sequence[Fraction]]) -> list[Vertex]:
    """The vertices of {x ≥ 0 : M x ≤ 1} but for x = 0, M being m by n and positive.

    Each one comes as whole numbers in the proportions of x, and with the set of inequalities that are
    equations there: bit i for x_i = 0, bit n + j for (M x)_j = 1. A degenerate vertex, with more than n of
    them, is there once.

    The double description method (Motzkin et al. 1953; Fukuda, Prodon 1996) on the cone {(x, t) : x ≥ 0,
    t − M x ≥ 0}: it begins with the n + 1 rays of {x ≥ 0, t ≥ 0} and cuts them with one inequality after
    the other. A new ray lies between two adjacent ones on either side of the cut, and two rays are adjacent
    where no third one satisfies all the equations that both do.

    Raises InputError for more than three thousand vertices.
    """
    n = len(matrix[0])
    everything = (1 << (n + 1)) - 1
    rays = [
        (tuple(int(i == j) for j in range(n + 1)), everything & ~(1 << i)) for i in range(n + 1)
    ]  # bit n is that of t = 0 here
    for j, row in enumerate(matrix):
        scale = math.lcm(*(entry.denominator for entry in row))
        cut = [int(-scale * entry) for entry in row] + [scale]
        rays = _cut(rays, cut, 1 << (n + 1 + j))
    below = (1 << n) - 1
    return [  # all have t > 0, for M is positive; x = 0 is the ray (0, 1)
        (ray[:n], tight & below | (tight >> 1) & ~below) for ray, tight in rays if any(ray[:n])
    ]


def _cut(rays: list[Vertex], cut: Sequence[int], bit: int) -> list[Vertex]:
    """The extreme rays of the part of a cone where `cut`·ray ≥ 0, whose equation has the label `bit`."""
    values = [sum(c * x for c, x in zip(cut, ray, strict=True)) for ray, _ in rays]
    kept = [
        (ray, tight | bit if value == 0 else tight)
        for (ray, tight), value in zip(rays, values, strict=True)
        if value >= 0
    ]
    inside = [k for k, value in enumerate(values) if value > 0]
    outside = [k for k, value in enumerate(values) if value < 0]
    for p in inside:
        for q in outside:
            common = rays[p][1] & rays[q][1]
            if common.bit_count() < len(cut) - 2 or any(
                tight & common == common for k, (_, tight) in enumerate(rays) if k not in (p, q)
            ):
                continue
            between = [
                values[p] * b - values[q] * a for a, b in zip(rays[p][0], rays[q][0], strict=True)
            ]
            factor = math.gcd(*between)
            kept.append((tuple(x // factor for x in between), common | bit))
        if len(kept) > _MOST_VERTICES:
            raise InputError(
                f"this game is too large for all its equilibria: a polytope of best replies has more than "
                f"{_MOST_VERTICES} vertices"
            )
    return kept
