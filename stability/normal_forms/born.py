"""What is born at a rest point a little beside the boundary of stability, and how large it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..documents.numbers import number
from .centre import Kind
from .fields import ManyDigits, Undecidable
from .followed import follower, growth
from .near_rest import Formulas, NearRest
from .series import Composition, NotAnalytic, program

_REACH = 0.1  # relative to the rotation: beyond it a third-order term is no prediction
_RESONANT = 0.1  # |λ³ − 1| or |λ⁴ − 1| over |λ − 1| below which other terms are as large
_ANGLES = 8  # of a turn: enough for terms of third order
_DIGITS = 25
_SHARES = (0.7, 1.4)  # of the radius, from where orbits are followed
_FACTOR = 1.5  # by which their growth may differ from the prediction
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

    def text(self) -> str:
        """A sentence for people."""
        verb = "attracts" if self.stable else "repels, and bounds what the point attracts"
        article = "an" if self.kind == "invariant circle" else "a"
        turn = "" if self.kind == "two-cycle" else f", one turn in {number(self.turn, 3)}"
        steps = " steps" if turn and self.kind == "invariant circle" else ""
        return (
            f"to leading order {article} {self.kind} lies around the point at the distance "
            f"{number(self.radius, 3)}{turn}{steps}; it {verb}"
        )

    def to_dict(self) -> Mapping[str, Any]:
        """As JSON-ready data."""
        value = self.eigenvalue
        return {**vars(self), "eigenvalue": [value.real, value.imag]}


def within_reach(kind: Kind, eigenvalue: complex, reach: float = _REACH) -> bool:
    """Whether an eigenvalue is so near the boundary that what is born there is small.

    For a pair the growth over a turn counts: |Re λ| against |Im λ|, of a map log |μ| against its angle. Of a
    map −1 counts too.
    """
    if kind == "flow":
        return eigenvalue.imag != 0 and abs(eigenvalue.real) <= reach * abs(eigenvalue.imag)
    if eigenvalue.imag == 0:
        return abs(eigenvalue.real + 1) <= reach
    return abs(np.log(abs(eigenvalue))) <= reach * abs(np.angle(eigenvalue))


def born(near: NearRest, reach: float = _REACH) -> Born | None:
    """The cycle predicted around a rest point whose pair or −1 is within reach of the boundary, or None.

    **Arguments:**

    - `near`: the flow or map and its rest point, with its formulas; without them nothing is predicted.
    - `reach`: see `within_reach`.

    In the coordinate of the leading eigenvalue, ‖q‖ = 1, ⟨p, q⟩ = 1, all terms that are not resonant on the
    boundary are removed to third order, with divisors at λ itself, which do not vanish beside it. What is
    left is ż = λz + c z|z|², radius² = −Re λ/Re c; z⁺ = λz + c z|z|², radius² = (1 − |λ|)|λ|/Re(λ̄c); u⁺ =
    μu + c u³, u² = −(1 + μ)/c (Kuznetsov, Elements of Applied Bifurcation Theory, §3.5, §4.4, §4.7). x is
    at √2 |z| or |u|. As terms of higher order may be larger than that of the third, this stands only if
    orbits that begin inside and outside grow about as fast as it says, or leave one that repels. None also
    if other eigenvalues grow, at the boundary itself, near the resonances 1:3 and 1:4, and of an inverse.
    """
    formulas = near.formulas
    if near.inverse or formulas is None:
        return None
    kind, d = near.kind, len(near.point)
    try:
        terms = _terms(formulas)
    except (NotAnalytic, Undecidable):
        return None
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
    if abs(distance) <= 64 * d * _EPS * size or not within_reach(kind, value, reach):
        return None
    left, columns = np.linalg.eig(matrix.T)
    q, p = vectors[:, k], columns[:, int(np.argmin(np.abs(left - value)))]
    p = p / (p @ q)
    found = None
    if value.imag != 0:
        found = _around_a_pair(kind, terms, matrix, value, q, p)
    elif kind == "map" and value.real < 0:
        found = _two_cycle(terms, matrix, value.real, np.real(q), np.real(p))
    if found is None or not _stands(found, near, formulas, distance, q, p):
        return None
    return found


def _stands(
    found: Born, near: NearRest, formulas: Formulas, distance: float, q: np.ndarray, p: np.ndarray
) -> bool:
    """Whether orbits from inside and outside move with the growth rates distance·(1 − (r/radius)²)."""
    following = follower(near.kind, formulas, found.turn)
    if following is None:
        return False
    step, turn = following
    pair = found.kind != "two-cycle"
    size = found.radius / np.sqrt(2) if pair else found.radius
    for share in _SHARES:
        start = near.point + share * size * (2 if pair else 1) * np.real(q)
        moved = growth(step, turn, near.point, start, p)
        if moved is None:
            return False
        if not found.stable and share > 1 and moved[0] > 2 * size:
            continue  # it has left
        if not size / 2 <= moved[0] < np.inf:
            return False  # too far inside to say anything of the cycle, or gone
        expected = distance * found.turn * (1 - (moved[0] / size) ** 2)
        if not 1 / _FACTOR < moved[1] / expected < _FACTOR:
            return False
    return True


Terms = Callable[[np.ndarray], np.ndarray]  # curves (n, 3, d) to the series along them, (n, 4, d)


def _terms(formulas: Formulas) -> Terms:
    over = ManyDigits(_DIGITS)
    written = program(formulas.variables, formulas.expressions, formulas.point)

    def along(curve: np.ndarray) -> list[list[float]]:
        series = Composition(written, over)
        found = [[float(v) for v in series.value()]]
        for n in range(1, len(curve) + 1):
            parts = series.part(n, [{n: over.one * float(c)} for c in curve[n - 1]])
            found.append([float(part.get(n, 0)) for part in parts])
        return found

    return lambda curves: np.array([along(curve) for curve in curves])


def _around_a_pair(
    kind: Kind, terms: Terms, matrix: np.ndarray, value: complex, q: np.ndarray, p: np.ndarray
) -> Born | None:
    resonant = _RESONANT * abs(value - 1)
    if kind == "map" and min(abs(value**3 - 1), abs(value**4 - 1)) < resonant:
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
