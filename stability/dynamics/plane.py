"""The plane of a portrait: the phase plane itself, or a slice through a larger phase space."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.linalg

from ..errors import InputError
from .angles import around

_PARALLEL = 1e-6  # the sine of the angle below which two directions span no plane
_SHORT = 3  # a label spells out as many variables, no more


@dataclass(frozen=True, eq=False)
class Plane:
    """The points origin + u a + w b.

    - `origin`, shape (d,); `axes`, shape (d, 2), columns a and b, linearly independent.
    - `labels`: what u and w are, for the axes of a picture.
    - `box`, shape (2, 2): the low and high end of u, then of w.
    - `periods`, shape (2,): of u and of w where they are angles, else 0.
    """

    origin: np.ndarray
    axes: np.ndarray
    labels: tuple[str, str]
    box: np.ndarray
    periods: np.ndarray = field(default_factory=lambda: np.zeros(2))

    @property
    def whole(self) -> bool:
        """Whether the plane is all of phase space."""
        return len(self.origin) == 2

    def points(self, coordinates: np.ndarray) -> np.ndarray:
        """From `coordinates` in the plane, shape (…, 2), to phase space, (…, d)."""
        return self.origin + np.asarray(coordinates) @ self.axes.T

    def coordinates(self, points: np.ndarray) -> np.ndarray:
        """From `points` of phase space, shape (…, d), to the plane, (…, 2): the orthogonal projection.

        Angles are those in the period around the middle of the box.
        """
        return around(self._projected(points), self._middle, self.periods)

    def curve(self, points: np.ndarray) -> np.ndarray:
        """A curve through `points`, shape (n, d), in the plane, (m, 2): angles as in `coordinates`.

        Where it leaves the period on one side and comes in on the other it has a gap, a row of NaN.
        """
        pieces = [self._projected(points)]
        for i in np.flatnonzero(self.periods):
            pieces = [part for own in pieces for part in self._cut(own, int(i))]
        rows = [part for own in pieces for part in (own, np.full((1, 2), np.nan))]
        return np.concatenate(rows[:-1])

    def _cut(self, curve: np.ndarray, i: int) -> list[np.ndarray]:
        """A curve in pieces, each of them within a period of the coordinate i, and moved to the one shown."""
        if len(curve) < 2:
            return [around(curve, self._middle, self.periods)]
        turns = (curve[:, i] - self._middle[i]) / self.periods[
            i
        ] + 0.5  # whole at the ends of a period
        with np.errstate(invalid="ignore"):
            crossing = np.flatnonzero(np.floor(turns[:-1]) != np.floor(turns[1:]))
        vertices, at = list(curve), list(turns)
        marks = []
        for k in crossing[::-1]:
            low, high = sorted((turns[k], turns[k + 1]))
            if not np.isfinite(high - low):
                continue
            ends = np.arange(np.floor(low) + 1, np.ceil(high))
            parts = np.sort((ends - turns[k]) / (turns[k + 1] - turns[k]))
            new = [curve[k] + part * (curve[k + 1] - curve[k]) for part in parts]
            vertices[k + 1 : k + 1] = new
            at[k + 1 : k + 1] = [turns[k] + part * (turns[k + 1] - turns[k]) for part in parts]
            marks = [k + 1 + j for j in range(len(new))] + [m + len(new) for m in marks]
        whole, numbers = np.array(vertices), np.array(at)
        pieces = []
        for begin, end in itertools.pairwise([0, *marks, len(whole) - 1]):
            piece = whole[begin : end + 1].copy()
            turn = np.floor(np.nanmean(numbers[begin : end + 1])) if len(piece) else 0.0
            piece[:, i] -= turn * self.periods[i]
            pieces.append(piece)
        return pieces

    @property
    def _middle(self) -> np.ndarray:
        return self.box.mean(axis=1)

    def _projected(self, points: np.ndarray) -> np.ndarray:
        return (np.asarray(points) - self.origin) @ np.linalg.pinv(self.axes).T

    def distances(self, points: np.ndarray) -> np.ndarray:
        """How far `points`, shape (d,) or (…, d), are from the plane, shape (…)."""
        points = np.asarray(points)
        return np.linalg.norm(points - self.points(self._projected(points)), axis=-1)


def choose_plane(
    variables: Sequence[str],
    box: np.ndarray,
    origin: np.ndarray | None = None,
    jacobian: np.ndarray | None = None,
    axes: Sequence[Any] | None = None,
    periods: np.ndarray | None = None,
) -> Plane:
    """The phase plane of a system of two variables, or a plane through the phase space of more.

    **Arguments:**

    - `variables`: d names; `box`, shape (d, 2): the low and high end of each.
    - `origin`, shape (d,): a point of the plane, say an equilibrium; default: the middle of the box.
    - `jacobian`, shape (d, d): its two leading eigenvectors (of the rightmost eigenvalues) span the plane
      if `axes` does not: a complex pair's real and imaginary part, or those of two real eigenvalues;
      orthonormal. A defective matrix gives the first two vectors of its Schur form instead.
    - `axes`: two variables' names, or two vectors of shape (d,).
    - `periods`, shape (d,): of the variables that are angles, else 0; a plane of two variables wraps them.

    A plane of two variables has their values for coordinates and their box for its box; the others stay at
    the origin's values. In any other plane the origin has coordinates (0, 0), and the box is the largest
    symmetric one whose axes would stay in `box` if the origin were its middle.

    Raises InputError for one variable, for axes that span no plane, and for more than two variables when
    neither `axes` nor `jacobian` tells the plane.
    """
    variables, box = tuple(variables), np.asarray(box, dtype=float)
    d = len(variables)
    if d < 2:
        raise InputError(
            "a system of one variable has no phase plane; draw its graph or its phase line"
        )
    if axes is None and d == 2:
        axes = variables
    centre = np.array(box.mean(axis=1) if origin is None else origin, dtype=float)
    if axes is None and jacobian is None:
        raise InputError(
            "a plane through more than two variables is told by two of their names, two vectors, "
            "or the Jacobian at the origin"
        )
    if axes is not None and len(axes) != 2:
        raise InputError(f"a plane is spanned by two axes, not {len(axes)}")
    if axes is not None and all(isinstance(axis, str) for axis in axes):
        plane = _of_variables(variables, box, centre, axes)
        if periods is None:
            return plane
        return replace(plane, periods=np.asarray(periods)[[variables.index(v) for v in axes]])
    if axes is None:
        spanned, names = _leading(np.asarray(jacobian, dtype=float))
    else:
        spanned, names = _of_vectors(axes, d), ("axis 1", "axis 2")
    labels = [
        _label(column, variables, name) for column, name in zip(spanned.T, names, strict=True)
    ]
    reach = [_reach(column, box) for column in spanned.T]
    return Plane(centre, spanned, (labels[0], labels[1]), np.array([[-r, r] for r in reach]))


def _of_variables(
    variables: tuple[str, ...], box: np.ndarray, origin: np.ndarray, names: Sequence[str]
) -> Plane:
    for name in names:
        if name not in variables:
            raise InputError(f"the plane names {name}, which is no variable")
    first, second = (variables.index(name) for name in names)
    if first == second:
        raise InputError(f"a plane is spanned by two different variables, not twice by {names[0]}")
    chosen = [first, second]
    origin = origin.copy()
    origin[chosen] = 0.0
    return Plane(origin, np.eye(len(variables))[:, chosen], (names[0], names[1]), box[chosen])


def _of_vectors(axes: Sequence[Any], d: int) -> np.ndarray:
    try:
        columns = np.stack([np.asarray(axis, dtype=float) for axis in axes], axis=1)
    except (TypeError, ValueError):
        raise InputError("the axes are two variables' names or two real vectors") from None
    if columns.shape != (d, 2) or not np.isfinite(columns).all():
        raise InputError(f"an axis is a vector of {d} finite numbers, one for each variable")
    if not _independent(columns):
        raise InputError("the two axes are parallel and span no plane")
    return columns


def _leading(jacobian: np.ndarray) -> tuple[np.ndarray, tuple[str, str]]:
    """An orthonormal basis of the two leading eigenvectors' plane, and what its vectors are."""
    values, vectors = scipy.linalg.eig(jacobian)
    order = np.lexsort((-values.imag, -values.real))
    first, second = order[:2]
    names = (
        f"direction 1, λ = {_number(values[first])}",
        f"direction 2, λ = {_number(values[second])}",
    )
    if values[first].imag:
        columns = np.stack([vectors[:, first].real, vectors[:, first].imag], axis=1)
    else:
        columns = np.stack([vectors[:, first].real, vectors[:, second].real], axis=1)
    if not _independent(columns):
        least = values[order[1]].real - 1e-6 * (1 + np.abs(values).max())
        columns = scipy.linalg.schur(jacobian, sort=lambda re, im=0.0: re >= least)[1][:, :2]
    basis = np.linalg.qr(columns)[0]
    largest = np.abs(basis).argmax(axis=0)
    return basis * np.sign(basis[largest, [0, 1]]), names


def _independent(columns: np.ndarray) -> bool:
    lengths = np.linalg.norm(columns, axis=0)
    if not lengths.all():
        return False
    return bool(np.linalg.svd(columns / lengths, compute_uv=False)[-1] > _PARALLEL)


def _reach(direction: np.ndarray, box: np.ndarray) -> float:
    """How far one can go both ways from the middle of the box."""
    halves = (box[:, 1] - box[:, 0]) / 2
    along = np.abs(direction)
    with np.errstate(divide="ignore"):
        return float(np.min(np.where(along > 1e-9 * along.max(), halves / along, np.inf)))


def _label(direction: np.ndarray, variables: tuple[str, ...], name: str) -> str:
    """The direction as a short combination of variables, or its name."""
    scale = np.abs(direction).max()
    named = [(c, v) for c, v in zip(direction, variables, strict=True) if abs(c) > 5e-3 * scale]
    if len(named) > _SHORT:
        return name
    text = ""
    for c, variable in named:
        sign = "−" if c < 0 else "+" if text else ""
        size = "" if abs(abs(c) - 1) < 5e-3 else f"{abs(c):.2g}·"
        text += f" {sign} {size}{variable}" if text else f"{sign}{size}{variable}"
    return text


def _number(value: complex) -> str:
    real = f"{value.real:.3g}".replace("-", "−")
    return f"{real} ± {abs(value.imag):.3g}i" if value.imag else real
