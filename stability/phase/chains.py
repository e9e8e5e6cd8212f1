"""From a heap of segments to curves."""

from __future__ import annotations

import numpy as np
import scipy

_SAME = 1e-8  # ends nearer than this, relative to the box, are one point
_AHEAD = 0.7  # the cosine of the angle within which something is ahead


def chained(segments: np.ndarray, scale: np.ndarray, gap: float) -> tuple[np.ndarray, ...]:
    """Joins segments, shape (n, 2, 2), at their common ends into curves, each of shape (m, 2).

    `scale`, shape (2,): the size of the box. A curve that ends with another's point straight ahead, nearer
    than `gap` (relative to the box), is joined to it. Where more than two segments meet, a curve goes
    straight on.
    """
    ends = segments.reshape(-1, 2)
    if not len(ends):
        return ()
    pairs = scipy.spatial.cKDTree(ends / scale).query_pairs(_SAME, output_type="ndarray")
    graph = scipy.sparse.coo_array((np.ones(len(pairs)), pairs.T), shape=(len(ends), len(ends)))
    nodes = scipy.sparse.csgraph.connected_components(graph, directed=False)[1]
    points = np.zeros((nodes.max() + 1, 2))
    points[nodes] = ends
    links = np.sort(nodes.reshape(-1, 2), axis=1)
    links = np.unique(links[links[:, 0] != links[:, 1]], axis=0)
    around: list[set[int]] = [set() for _ in points]
    for a, b in links:
        around[a].add(int(b))
        around[b].add(int(a))
    _bridge(around, points / scale, gap)
    odd = [node for node, neighbours in enumerate(around) if len(neighbours) % 2]
    curves = []
    for node in [*odd, *range(len(points))]:
        while around[node]:
            curves.append(points[_walk(node, around, points / scale)])
    return tuple(curves)


def _bridge(around: list[set[int]], points: np.ndarray, gap: float) -> None:
    """Links loose ends to the nearest point ahead of them."""
    tree = scipy.spatial.cKDTree(points)
    for node, neighbours in enumerate(around):
        if len(neighbours) != 1:
            continue
        heading = points[node] - points[next(iter(neighbours))]
        near = [n for n in tree.query_ball_point(points[node], gap) if n != node]
        steps = points[near] - points[node]
        lengths = np.linalg.norm(steps, axis=1)
        ahead = steps @ heading >= _AHEAD * lengths * np.linalg.norm(heading)
        if ahead.any():
            other = near[int(np.argmin(np.where(ahead, lengths, np.inf)))]
            neighbours.add(other)
            around[other].add(node)


def _walk(node: int, around: list[set[int]], points: np.ndarray) -> list[int]:
    """A path from a node along unused links, as straight as can be, until there are none; uses them up."""
    path = [node]
    while around[node]:
        choices = list(around[node])
        following = choices[0]
        if len(choices) > 1 and len(path) > 1:
            steps = points[choices] - points[node]
            heading = points[node] - points[path[-2]]
            following = choices[int(np.argmax(steps @ heading / np.linalg.norm(steps, axis=1)))]
        around[node].discard(following)
        around[following].discard(node)
        path.append(following)
        node = following
    return path
