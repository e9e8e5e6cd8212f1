"""A map taken n times, and its periodic orbits to the last digits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..dynamics.angles import nearest

POLISH = 8  # steps of Newton's method on all points at once
ROUNDING = 16 * np.finfo(float).eps  # of a step, relative to the state


class Turns:
    """A map n times over, put together from single steps, so that one compilation serves every period.

    - `step`: X (k, m) ↦ (F, DF) of shapes (k, m) and (k, m, m).
    - `lengths`, shape (m,): the periods of coordinates that are angles, else 0: states that are whole periods
      apart are the same.
    """

    def __init__(
        self,
        step: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
        period: int,
        lengths: np.ndarray | None = None,
    ):
        self.step, self.period, self.lengths = step, period, lengths

    def nearest(self, differences: np.ndarray) -> np.ndarray:
        """Differences of states, shape (…, m), modulo the periods of angles."""
        return differences if self.lengths is None else nearest(differences, self.lengths)

    def displacement(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Fⁿ(x) − x (k, m) and its Jacobians (k, m, m), with what is but rounding of n steps made zero.

        Where all states nearby are periodic nothing else would be left of them.
        """
        least, identity = ROUNDING * self.period, np.eye(states.shape[1])
        with np.errstate(all="ignore"):
            points, product = states, identity
            for _ in range(self.period):
                points, jacobians = self.step(points)
                product = jacobians @ product
            values, product = self.nearest(points - states), product - identity
            size = np.abs(states).max(axis=1, initial=0.0)[:, None]
            values = np.where(np.abs(values) <= least * size, 0.0, values)
            return values, np.where(np.abs(product) <= least, 0.0, product)

    def after(self, states: np.ndarray, steps: int) -> np.ndarray:
        """The states so many steps later, shape (k, m), their angles those nearest to 0."""
        for _ in range(steps):
            states = self.nearest(self.step(states)[0])
        return states

    def tracks(self, states: np.ndarray) -> np.ndarray:
        """The n points from each of the states on, shape (k, n, m)."""
        points = [states]
        for _ in range(self.period - 1):
            points.append(self.step(points[-1])[0])
        return np.stack(points, axis=1)


def polished(turns: Turns, points: np.ndarray) -> np.ndarray:
    """The orbit near these points, shape (n, m), by Newton's method on all of them at once.

    F(x_i) = x_{i+1} is solved for the first point's change alone, from which the others follow (as multiple
    shooting is condensed); least squares where a continuum leaves a direction free.
    """
    best, least = points, np.inf
    for _ in range(POLISH):
        values, jacobians = turns.step(points)
        missed = turns.nearest(values - np.roll(points, -1, axis=0))
        size = float(np.abs(missed).max())
        if not size < 0.5 * least:
            break
        best, least = points, size
        changes = _newton(jacobians, missed)
        if changes is None:
            break
        points = points + changes
    return best


def _newton(jacobians: np.ndarray, missed: np.ndarray) -> np.ndarray | None:
    m = missed.shape[1]
    if not np.isfinite(jacobians).all():
        return None
    change, product = np.zeros(m), np.eye(m)
    for jacobian, miss in zip(
        jacobians, missed, strict=True
    ):  # change_n = product change_0 + change
        change, product = jacobian @ change + miss, jacobian @ product
    if not np.isfinite(product).all():
        return None
    first = np.linalg.lstsq(np.eye(m) - product, change, rcond=1e-12)[0]
    changes = [first]
    for jacobian, miss in zip(jacobians[:-1], missed[:-1], strict=True):
        changes.append(jacobian @ changes[-1] + miss)
    return np.stack(changes)
