"""Closed orbits of flows by shooting, and their Floquet multipliers."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

from ..dynamics.flow import Flow

_NEWTON = 10
_RTOL = 1e-11
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


def closed_orbit(flow: Flow, x: np.ndarray, period: float, extent: float) -> ClosedOrbit | None:
    """The closed orbit that Newton's method finds near one that nearly closes, or None.

    The unknowns are a point y in the hyperplane through x across the field and a time T, with φ_T(y) = y
    (Parker and Chua 1989, section 5.4), Dφ_T from the variational equation. `extent`: the orbit's size, on
    which tolerances depend; an iterate that strays from x by as much is given up, and so is Newton's method
    where it does not converge fast, as at the orbits of a centre or of a focus with algebraic decay. An orbit
    that closes but has neighbours that do, its second multiplier being 1, is none.
    """
    turn = _Turn(flow, extent)
    y, time = x, period
    normal = flow.values(x[None])[0]
    d, missed, slow = len(x), np.inf, 0
    for _ in range(_NEWTON):
        arrived = turn(y, time)
        if arrived is None:
            return None
        end, monodromy = arrived
        velocity = flow.values(end[None])[0]
        matrix = np.block(
            [[monodromy - np.eye(d), velocity[:, None]], [normal[None], np.zeros((1, 1))]]
        )
        residual = np.append(end - y, 0.0)
        before, missed = missed, float(np.linalg.norm(end - y))
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
    pass


class _Turn:
    """(x, T) ↦ (φ_T(x), Dφ_T(x)), or None where that costs too much or is not finite."""

    def __init__(self, flow: Flow, extent: float):
        self.dimension = flow.dimension
        self.atol = 1e-13 * extent

        def variational(state):
            x, tangent = (
                state[: self.dimension],
                state[self.dimension :].reshape(self.dimension, -1),
            )
            value, push = jax.linearize(flow.function, x)
            return jnp.concatenate([value, jax.vmap(push, 1, 1)(tangent).ravel()])

        self.compiled = jax.jit(variational)

    def __call__(self, x: np.ndarray, time: float) -> tuple[np.ndarray, np.ndarray] | None:
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
                    atol=self.atol,
                    t_eval=[time],
                )
            except _Budget:
                return None
        if not end.success or not np.isfinite(end.y).all():
            return None
        state = end.y[:, -1]
        return state[:d], state[d:].reshape(d, d)
