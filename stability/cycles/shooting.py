"""Closed orbits of flows by shooting, and their Floquet multipliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.flow import Flow

_NEWTON = 10
_RTOL, _ATOL = 1e-11, 1e-13
_EVALUATIONS = 30_000  # of the variational equation per turn: stiff cycles are given up
_CONVERGED = 1e-9  # of the orbit's extent
NEUTRAL = 1e-6  # a second multiplier nearer to 1 than that: a centre, or too close to call
_CLOSED = 1e-6  # of the extent: an orbit that misses itself by less closes
_FAST = 0.2  # part of the miss that one step of Newton's method leaves at most, but once
_TRIVIAL = 1e-5  # how far the trivial multiplier may be from 1


@dataclass(frozen=True, eq=False)
class ClosedOrbit:
    """A point (d,) of a closed orbit, its period, and its Floquet multipliers, the trivial one first."""

    point: np.ndarray
    period: float
    multipliers: np.ndarray


def closed_orbit(
    turn: Turn, x: np.ndarray, period: float, extent: float, winding: Any = 0.0
) -> ClosedOrbit | None:
    """The closed orbit that Newton's method finds near one that nearly closes, or None.

    The unknowns are a point y in the hyperplane through x across the field and a time T, with φ_T(y) = y
    (Parker and Chua 1989, section 5.4), Dφ_T from the variational equation. `extent`: the orbit's size, on
    which tolerances depend; an iterate that strays from x by as much is given up, and so is Newton's method
    where it does not converge fast, as at the orbits of a centre or of a focus with algebraic decay. An orbit
    that closes but has neighbours that do, its second multiplier being 1, is none. `winding`: by which
    whole periods of angles, shape (d,), it goes on in a turn.
    """
    y, time = x, period
    normal = turn.velocity(x)
    d, missed, slow = len(x), np.inf, 0
    for _ in range(_NEWTON):
        arrived = turn(y, time, extent)
        if arrived is None:
            return None
        end, monodromy = arrived
        velocity = turn.velocity(end)
        matrix = np.block(
            [[monodromy - np.eye(d), velocity[:, None]], [normal[None], np.zeros((1, 1))]]
        )
        residual = np.append(end - y - winding, 0.0)
        before, missed = missed, float(np.linalg.norm(residual))
        slow += missed > _FAST * before
        if slow > 1 or (missed <= _CLOSED * extent and _neutral(monodromy)):
            return None
        change = np.linalg.lstsq(matrix, -residual, rcond=1e-13)[0]
        if not np.isfinite(change).all():
            return None
        size = float(np.linalg.norm(change[:d]))
        if size <= _CONVERGED * extent and abs(change[d]) <= _CONVERGED * time:
            return _judged(y, time, monodromy)
        y, time = y + change[:d], time + change[d]
        if np.linalg.norm(y - x) > extent or not 0.5 * period < time < 2 * period:
            return None
    return None


def _neutral(monodromy: np.ndarray) -> bool:
    """Whether a second multiplier is 1 within error."""
    multipliers = np.linalg.eigvals(monodromy)
    nearest = multipliers[np.argsort(np.abs(multipliers - 1))[:2]]
    return bool(abs(np.prod(nearest) - 1) <= NEUTRAL)  # a double 1 is split, its product is not


def _judged(y: np.ndarray, time: float, monodromy: np.ndarray) -> ClosedOrbit | None:
    multipliers = np.linalg.eigvals(monodromy).astype(complex)
    trivial = int(np.argmin(np.abs(multipliers - 1)))
    scale = max(1.0, float(np.abs(multipliers).max()))
    if abs(multipliers[trivial] - 1) > _TRIVIAL * scale:
        return None
    others = np.delete(multipliers, trivial)
    others = others[np.argsort(-np.abs(others), kind="stable")]
    return ClosedOrbit(y, float(time), np.concatenate([multipliers[[trivial]], others]))


class _Budget(Exception):
    """More evaluations than are worth it."""


class Turn:
    """A flow over a finite time, φ_T, with its derivative by the variational equation; compiled once."""

    def __init__(self, flow: Flow):
        self.dimension = d = flow.dimension

        def variational(state):
            x, tangent = state[:d], state[d:].reshape(d, d)
            value, push = jax.linearize(flow.function, x)
            return jnp.concatenate([value, jax.vmap(push, 1, 1)(tangent).ravel()])

        self.compiled = jax.jit(variational)

    def velocity(self, x: np.ndarray) -> np.ndarray:
        """v(x), shape (d,)."""
        with jax.enable_x64(True):
            start = np.concatenate([x, np.zeros(self.dimension**2)])
            return np.asarray(self.compiled(start))[: self.dimension]

    def __call__(
        self, x: np.ndarray, time: float, extent: float
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """φ_T(x), shape (d,), and Dφ_T(x), (d, d); None where they cost too much or are not finite.

        `extent`: the size on which the absolute tolerance depends.
        """
        from scipy.integrate import solve_ivp  # slow to import

        d, left = self.dimension, [_EVALUATIONS]

        def velocity(_, state: np.ndarray) -> np.ndarray:
            left[0] -= 1
            if not left[0]:
                raise _Budget
            return np.asarray(self.compiled(state))

        start = np.concatenate([x, np.eye(d).ravel()])
        with jax.enable_x64(True), np.errstate(all="ignore"):
            try:
                end = solve_ivp(
                    velocity,
                    (0.0, time),
                    start,
                    "DOP853",
                    rtol=_RTOL,
                    atol=_ATOL * extent,
                    t_eval=[time],
                )
            except _Budget:
                return None
        if not end.success or not np.isfinite(end.y).all():
            return None
        state = end.y[:, -1]
        return state[:d], state[d:].reshape(d, d)
