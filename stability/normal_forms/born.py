"""What is born at a rest point a little beside the boundary of stability, and how large it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .centre import Kind
from .derivatives import CompiledTaylor

_REACH = 0.1  # relative to the eigenvalue: beyond it a third-order term is no prediction
_RESONANT = 0.1  # |λ³ − 1| or |λ⁴ − 1| below which other terms are as large
_ANGLES = 8  # of a turn: enough for terms of third order
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Born:
    """A cycle of a flow, an invariant circle or a two-cycle of a map, around a rest point.

    - `radius`: its distance from the point to leading order, root mean square over a turn.
    - `stable`: whether it attracts (the point then repels); else it repels, and bounds what the point
      attracts.
    - `turn`: time, or steps, of one turn; 2 for a two-cycle.
    - `coefficient`: of the third order, in the scaling of `NormalForm`; `eigenvalue`: the leading one.
    """

    kind: Literal["limit cycle", "invariant circle", "two-cycle"]
    radius: float
    stable: bool
    turn: float
    coefficient: float
    eigenvalue: complex


def born(
    function: Callable[[Any], Any], point: np.ndarray, kind: Kind, reach: float = _REACH
) -> Born | None:
    """The cycle predicted around a rest point whose pair or −1 is within reach of the boundary, or None.

    **Arguments:**

    - `function`: the flow's field or the map itself in JAX, from (d,) to (d,); `point`: (d,), where it rests.
    - `kind`: "flow" or "map".
    - `reach`: how far |Re λ|/|λ| (of a map ||μ| − 1|) may be from zero.

    In the coordinate of the leading eigenvalue, ‖q‖ = 1, ⟨p, q⟩ = 1, all terms that are not resonant on the
    boundary are removed to third order, with divisors at λ itself, which do not vanish beside it. What is
    left is ż = λz + c z|z|², radius² = −Re λ/Re c; z⁺ = λz + c z|z|², radius² = (1 − |λ|)|λ|/Re(λ̄c); u⁺ =
    μu + c u³, u² = −(1 + μ)/c (Kuznetsov, Elements of Applied Bifurcation Theory, §3.5, §4.4, §4.7). x is
    at √2 |z| or |u|. None if other eigenvalues grow, at the boundary itself, near the resonances 1:3 and
    1:4, and where the radius would not be real.
    """
    d = len(point)
    series = CompiledTaylor(function, 3, d)

    def terms(curves: np.ndarray) -> np.ndarray:
        return series(point, np.eye(d), curves)

    lines = np.zeros((d, 3, d))
    lines[:, 0] = np.eye(d)
    matrix = terms(lines)[:, 1].T
    if not np.isfinite(matrix).all():
        return None
    values, vectors = (np.asarray(part, complex) for part in np.linalg.eig(matrix))
    off = np.real(values) if kind == "flow" else np.abs(values) - 1
    k = int(np.argmax(off))
    value, distance = complex(values[k]), float(off[k])
    own = (values == value) | (values == value.conjugate())
    others = off[~own]
    size = abs(value) if kind == "flow" else 1.0
    if own.sum() != 1 + (value.imag != 0) or np.any(others >= 0):
        return None
    if not 64 * d * _EPS * size < abs(distance) <= reach * size:
        return None
    left, columns = np.linalg.eig(matrix.T)
    q, p = vectors[:, k], columns[:, int(np.argmin(np.abs(left - value)))]
    p = p / (p @ q)
    if value.imag != 0:
        return _around_a_pair(kind, terms, matrix, value, q, p)
    if kind == "map" and value.real < 0:
        return _two_cycle(terms, matrix, value.real, np.real(q), np.real(p))
    return None


Terms = Callable[[np.ndarray], np.ndarray]


def _around_a_pair(
    kind: Kind, terms: Terms, matrix: np.ndarray, value: complex, q: np.ndarray, p: np.ndarray
) -> Born | None:
    if kind == "map" and min(abs(value**3 - 1), abs(value**4 - 1)) < _RESONANT:
        return None
    unit = np.eye(len(matrix))
    z = np.exp(2j * np.pi * np.arange(_ANGLES) / _ANGLES)
    curves = np.zeros((_ANGLES, 3, len(matrix)))
    curves[:, 0] = 2 * np.real(np.outer(z, q))
    second = terms(curves)[:, 2]
    product, square = (2 * value.real, 2 * value) if kind == "flow" else (abs(value) ** 2, value**2)
    of_zz = np.linalg.solve(square * unit - matrix, np.mean(second * z[:, None] ** -2, axis=0))
    of_modulus = np.linalg.solve(product * unit - matrix, np.mean(second, axis=0))
    curves[:, 1] = 2 * np.real(np.outer(z**2, of_zz)) + of_modulus.real
    c = complex(p @ np.mean(terms(curves)[:, 3] / z[:, None], axis=0))
    if kind == "flow":
        radial, distance = c.real, value.real
    else:
        radial, distance = (value.conjugate() * c).real / abs(value), abs(value) - 1
    if radial == 0 or distance / radial > 0:
        return None
    square_of_radius = -distance / radial
    turned = value + c * square_of_radius
    turn = 2 * np.pi / abs(turned.imag if kind == "flow" else np.angle(turned))
    name = "limit cycle" if kind == "flow" else "invariant circle"
    radius = float(np.sqrt(2 * square_of_radius))
    return Born(name, radius, distance > 0, float(turn), radial, value)


def _two_cycle(
    terms: Terms, matrix: np.ndarray, value: float, q: np.ndarray, p: np.ndarray
) -> Born | None:
    curve = np.zeros((1, 3, len(matrix)))
    curve[0, 0] = q
    second = terms(curve)[0, 2]
    curve[0, 1] = np.linalg.solve(value**2 * np.eye(len(matrix)) - matrix, second)
    c = float(p @ terms(curve)[0, 3])
    if c == 0 or (1 + value) / c > 0:
        return None
    return Born("two-cycle", float(np.sqrt(-(1 + value) / c)), value < -1, 2.0, c, complex(value))
