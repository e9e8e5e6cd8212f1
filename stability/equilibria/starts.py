"""Where a search for zeros begins: points that fill a box evenly, in any dimension."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def low_discrepancy(n: int, d: int, seed: int | None = 0) -> np.ndarray:
    """The first `n` points of an additive recurrence that fills `[0, 1)^d` evenly.

    Point `k` is `shift + k (1/φ, 1/φ², …, 1/φ^d) mod 1`, with φ the root above 1 of
    `φ^(d+1) = φ + 1` (the golden ratio for d = 1). The seed draws the shift, which makes the set
    random without spoiling its evenness.

    **Returns** an array of shape `(n, d)`. The first `m` points do not depend on `n`.

    **References**: M. Roberts, *The unreasonable effectiveness of quasirandom sequences* (2018);
    R. Cranley and T. N. L. Patterson, *Randomization of number theoretic methods for multiple
    integration*, SIAM J. Numer. Anal. 13 (1976), for the shift.
    """
    phi = 2.0
    for _ in range(60):  # a contraction; its factor is at most 1/4
        phi = (1 + phi) ** (1 / (d + 1))
    steps = phi ** -np.arange(1, d + 1)
    shift = np.random.default_rng(seed).random(d)
    return (shift + np.arange(1, n + 1)[:, None] * steps) % 1.0


def likely_zeros(box: np.ndarray, special: Iterable[np.ndarray] = ()) -> np.ndarray:
    """Points worth trying before any others, shape `(m, d)`, without repetitions.

    The box's centre, the origin if the box contains it, and the `special` points, wherever they
    lie. `box` has shape `(d, 2)`.
    """
    lower, upper = box[:, 0], box[:, 1]
    given = [(lower + upper) / 2]
    if np.all((lower <= 0) & (upper >= 0)):
        given.append(np.zeros(len(box)))
    given.extend(np.asarray(point, float) for point in special)
    kept: list[np.ndarray] = []
    for point in given:
        if not any(np.array_equal(point, other) for other in kept):
            kept.append(point)
    return np.stack(kept)


def starts_in(
    box: np.ndarray, n: int, seed: int | None = 0, special: Iterable[np.ndarray] = ()
) -> np.ndarray:
    """`n` starting points in a box: `likely_zeros` first, then points of low discrepancy.

    The likely zeros are never left out, so the result can be longer than `n`.

    **Arguments**: `box` of shape `(d, 2)`, lower and upper ends; `special` points of shape `(d,)`.

    **Returns** an array of shape `(max(n, number of likely zeros), d)`.
    """
    likely = likely_zeros(box, special)
    filling = low_discrepancy(max(n - len(likely), 0), len(box), seed)
    return np.concatenate([likely, box[:, 0] + filling * (box[:, 1] - box[:, 0])])
