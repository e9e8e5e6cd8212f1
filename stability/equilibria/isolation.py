"""Is a zero alone, or one of a curve or surface of zeros?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from .assessment import assess
from .connection import connected, project
from .scaling import Evaluate, ScaledField, finite, row_norms, scaled_field
from .search import Zero
from .smoothness import smoothness

# Half-widths of the box: visible distances. A branch of zeros passes both, a neighbour only one.
_STEPS = np.array([0.02, 0.04])
_MOST_MIXTURES = 24
_MOST_SLIDES = 20
_KINKS = 8  # members of a piece that are asked whether the field has a kink there, nearest first
_NEUTRAL = 1e-7  # of the largest eigenvalue: below this a real part counts as zero
_LEAST = (
    1e-3  # of the field's size over the box: so large an eigenvalue is there at least, or rounding
)
_MOST_RETURNS = (
    6  # Newton steps; the first step is a hundredth of the distance, and then they square
)
_AT_REST = 1e-9  # relative to what the field would be at this distance if it were not singular
_FULL_RANK = 1e-8  # relative singular value above which a point not quite a zero is regular


@dataclass(frozen=True)
class Isolation:
    """Whether a zero is isolated.

    `tangent` has orthonormal columns that span the zero set's tangent space. At a point where
    branches cross there is no such space: it then has no columns, and `manifold_dimension` is that
    of the branches. `kernel` is the numerical dimension of the Jacobian's kernel; `piece` numbers
    the connected piece of zeros that a representative stands for. `doubt`: why what looks like a manifold of
    zeros need not be one.
    """

    isolated: Literal["yes", "no", "undecided"]
    manifold_dimension: int
    tangent: np.ndarray  # (d, k)
    because: str
    kernel: int = 0
    piece: int | None = None
    doubt: str | None = None


def isolation(evaluate: Evaluate, zero: Zero, box: np.ndarray) -> Isolation:
    """Decides whether a zero of a field is isolated. See `isolations`, which takes many at once."""
    return isolations(evaluate, (zero,), box)[0]


def isolations(evaluate: Evaluate, zeros: Sequence[Zero], box: np.ndarray) -> tuple[Isolation, ...]:
    """Decides for every zero whether it is isolated.

    A zero with a Jacobian of full rank is isolated, by the inverse function theorem. Otherwise
    step along the Jacobian's kernel by a visible distance and return to the zero set: where the
    zero set continues, the return is second order in the step. A singular zero near which no
    others are found is `undecided`: `x² = 0` is isolated, but the linearisation cannot say so.

    **Arguments**: `evaluate` and `box` as for `find_zeros`; `zeros` as found by it.
    """
    if not zeros:
        return ()
    field = scaled_field(evaluate, box)
    points = np.stack([zero.point for zero in zeros])
    judged = assess(field, points)
    smooth = finite(judged.values, judged.jacobians)
    spaces = {
        i: _kernel(judged.jacobians[i], int(judged.kernel[i]) if judged.accepted[i] else None)
        for i in np.flatnonzero(smooth).tolist()
    }
    singular = [i for i, kernel in spaces.items() if kernel.shape[1]]
    kernels = [spaces[i] for i in singular]
    continued = dict(zip(singular, _continuations(field, points[singular], kernels), strict=True))
    nothing = np.zeros((points.shape[1], 0))
    results = []
    for i in range(len(points)):
        if not smooth[i]:
            because = "the field is zero but has no Jacobian here"
            results.append(Isolation("undecided", 0, nothing, because))
        elif i not in continued:
            because = "the Jacobian has full rank"
            results.append(Isolation("yes", 0, nothing, because))
        else:
            results.append(continued[i])
    return tuple(results)


def fills(evaluate: Evaluate, point: np.ndarray, box: np.ndarray, directions: np.ndarray) -> bool:
    """Whether the zero set through a zero is tangent to all of the span of the directions, shape (d, k).

    Steps of a visible distance along the directions, and along others between them, are followed by Newton's
    method in the row space of the Jacobian at the zero. It comes back to the zero set if that is a manifold
    whose tangent contains the directions; where it is not, what is left of the field is not zero.
    """
    unit = (box[:, 1] - box[:, 0]) / 2
    fan = _fan(np.linalg.qr(directions / unit[:, None])[0])
    jacobian = evaluate(point[None])[1][0] * unit
    size = np.abs(jacobian).max() or np.abs(evaluate(point + unit * fan)[0]).max() or 1.0
    rows = np.abs(jacobian).max(axis=1)
    rows = np.where(rows > _FULL_RANK * size, rows, size)
    rank = np.linalg.matrix_rank(jacobian / rows[:, None], tol=_FULL_RANK)
    aims = (_STEPS[:, None, None] * fan).reshape(-1, len(point))
    moves = aims.copy()
    for _ in range(_MOST_RETURNS):
        values, jacobians = evaluate(point + unit * moves)
        if not finite(values, jacobians).all():
            return False
        left, singular, right = np.linalg.svd(jacobians * unit / rows[:, None])
        if not singular[:, :rank].all():
            return False
        along = np.einsum("nij,ni->nj", left, values / rows)[:, :rank] / singular[:, :rank]
        moves -= np.einsum("nij,ni->nj", right[:, :rank], along)
    lengths = np.linalg.norm(aims, axis=1)
    missed = np.linalg.norm(moves - aims, axis=1)
    left_over = np.abs(evaluate(point + unit * moves)[0] / rows).max(axis=1)
    return bool((left_over <= _AT_REST * lengths).all() and (missed < 0.3 * lengths).all())


def _kernel(jacobian: np.ndarray, dimension: int | None) -> np.ndarray:
    """Orthonormal basis `(d, dimension)` of the numerical kernel, in scaled coordinates."""
    _, singular, right = np.linalg.svd(jacobian / row_norms(jacobian[None])[0][:, None])
    if dimension is None:
        dimension = int(np.count_nonzero(singular <= _FULL_RANK * singular[0]))
    return right[len(right) - dimension :].T


@dataclass(frozen=True)
class _Walk:
    """Where steps from one zero along `m` directions ended, in scaled coordinates.

    The first axis of the arrays is the length of the step.
    """

    directions: np.ndarray  # (m, d)
    shifts: np.ndarray  # (2, m, d): end minus zero
    singular: np.ndarray  # (2, m): the end is a zero with a singular Jacobian
    kernel: np.ndarray  # (2, m): the dimension of its kernel

    def straight(self) -> np.ndarray:
        """The directions `(m,)` in which the zero set continues, tangentially."""
        aims = _STEPS[:, None, None] * self.directions
        missed = np.linalg.norm(self.shifts - aims, axis=2)
        return (self.singular & (missed < 0.3 * _STEPS[:, None])).all(axis=0)

    def filled(self, dimension: int) -> bool:
        """Whether all directions are those of one manifold of zeros of this dimension.

        At its zeros the kernel has that dimension at least, and it is missed in second order; the branches
        that happen to pass near a direction are missed in first order.
        """
        aims = _STEPS[:, None, None] * self.directions
        missed = np.linalg.norm(self.shifts - aims, axis=2) / _STEPS[:, None]
        bends = (missed[0] < 0.7 * missed[1]) | (missed < 0.01).all(axis=0)
        return bool((self.straight() & bends).all() and (self.kernel >= dimension).all())

    def elsewhere(self) -> np.ndarray:
        """The ends `(2, m)` that are zeros at about the distance of the step, in any direction."""
        distances = np.linalg.norm(self.shifts, axis=2) / _STEPS[:, None]
        return self.singular & (distances > 0.3) & (distances < 2)


def _walk(field: ScaledField, points: np.ndarray, fans: list[np.ndarray]) -> list[_Walk]:
    """From each point along each direction of its fan and back to the zero set, in one batch."""
    moves = np.concatenate(
        [(_STEPS[:, None, None] * fan).reshape(-1, fan.shape[1]) for fan in fans]
    )
    counts = [len(_STEPS) * len(fan) for fan in fans]
    origins = np.repeat(points, counts, axis=0)
    ends, accepted, kernel = project(field, origins + field.unit * moves)
    shifts = (ends - origins) / field.unit
    walks = []
    for fan, stop in zip(fans, np.cumsum(counts), strict=True):
        mine, shape = slice(stop - len(_STEPS) * len(fan), stop), (len(_STEPS), len(fan))
        singular = (accepted[mine] & (kernel[mine] > 0)).reshape(shape)
        walks.append(
            _Walk(
                fan,
                shifts[mine].reshape(*shape, fan.shape[1]),
                singular,
                kernel[mine].reshape(shape),
            )
        )
    return walks


def _continuations(
    field: ScaledField, points: np.ndarray, kernels: list[np.ndarray]
) -> list[Isolation]:
    """Explores the zero set near singular zeros `(n, d)`.

    A first walk goes over the kernel. Unless the zero set continues all along it, a second walk
    goes to where the first met other zeros, and a third, between the directions that the second
    confirmed, tells a surface from branches that cross.
    """
    if not len(points):
        return []
    first = _walk(field, points, [_fan(kernel) for kernel in kernels])
    results: dict[int, Isolation] = {}
    for i, (walk, kernel) in enumerate(zip(first, kernels, strict=True)):
        straight = walk.straight()
        k = kernel.shape[1]
        if (k == 1 and straight.any()) or (k > 1 and walk.filled(k)):
            results[i] = _continuing(field.unit, kernel.shape[1], kernel)
    rest = [i for i in range(len(points)) if i not in results]
    if rest:
        aims = [_seen(first[i], kernels[i]) for i in rest]
        second = _walk(field, points[rest], aims)
        spans = [_span(walk.directions[walk.straight()]) for walk in second]
        third = _walk(field, points[rest], [_mixtures(span) for span in spans])
        for i, span, confirmed, between in zip(rest, spans, second, third, strict=True):
            results[i] = _conclude(field.unit, kernels[i].shape[1], span, confirmed, between)
    return [results[i] for i in range(len(points))]


def _fan(kernel: np.ndarray) -> np.ndarray:
    """Directions `(m, d)` in the kernel: its basis and more between, with both signs."""
    basis = np.concatenate([kernel.T, _mixtures(kernel)])
    return np.concatenate([basis, -basis])


def _mixtures(basis: np.ndarray) -> np.ndarray:
    """Random unit vectors `(m, d)` in the span of orthonormal columns `(d, k)`; none if k < 2."""
    d, k = basis.shape
    if k < 2:
        return np.zeros((0, d))
    mixed = np.random.default_rng(0).standard_normal((min(k + 1, _MOST_MIXTURES), k)) @ basis.T
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def _seen(walk: _Walk, kernel: np.ndarray) -> np.ndarray:
    """Unit vectors `(m, d)` in the kernel towards the zeros that a walk came to."""
    towards = walk.shifts[walk.elsewhere()] @ kernel
    lengths = np.linalg.norm(towards, axis=1, keepdims=True)
    far = lengths[:, 0] > 0.1 * _STEPS[0]
    return (towards[far] / lengths[far]) @ kernel.T


def _span(vectors: np.ndarray) -> np.ndarray:
    """Orthonormal columns `(d, k)` for the span of unit vectors `(m, d)`, up to curvature."""
    if not len(vectors):
        return np.zeros((vectors.shape[1], 0))
    _, singular, right = np.linalg.svd(vectors, full_matrices=False)
    return right[singular > 0.1 * singular[0]].T


def _conclude(
    unit: np.ndarray, kernel: int, span: np.ndarray, confirmed: _Walk, between: _Walk
) -> Isolation:
    dimension, nothing = span.shape[1], np.zeros((len(unit), 0))
    if dimension == 0:
        because = (
            f"the Jacobian is singular (kernel of dimension {kernel}), "
            "and no other zeros were found along its kernel"
        )
        return Isolation("undecided", 0, nothing, because, kernel)
    if dimension > 1 and not between.filled(dimension):
        ends = confirmed.kernel[-1, confirmed.straight()]
        dimension = max(1, min(int(ends.min()), dimension - 1))
        because = f"branches of zeros of dimension {dimension} cross here"
        return Isolation("no", dimension, nothing, because, kernel)
    return _continuing(unit, kernel, span)


def _continuing(unit: np.ndarray, kernel: int, span: np.ndarray) -> Isolation:
    dimension = span.shape[1]
    because = f"the zero set continues in {dimension} of the kernel's {kernel} dimension(s)"
    tangent = np.linalg.qr(unit[:, None] * span)[0]
    return Isolation("no", dimension, tangent, because, kernel)


def merge_manifolds(
    evaluate: Evaluate,
    zeros: Sequence[Zero],
    isolations_: Sequence[Isolation],
    box: np.ndarray,
    *,
    special: Iterable[np.ndarray] = (),
) -> tuple[tuple[Zero, Isolation], ...]:
    """Replaces the many points found on curves and surfaces of zeros by representatives.

    Zeros that are not isolated are grouped: two belong together if the zero set connects them,
    which is checked by projecting points between them onto it. Each piece gives one
    representative for each *signature*, the numbers of eigenvalues of the Jacobian with positive
    and with negative real part: where a curve of equilibria changes its stability, both parts
    are represented. It is the member nearest to the origin, the `special` points or the box's
    centre, moved along the zero set to the point nearest to the box's centre if the signature
    permits.

    **Arguments**: `evaluate` and `box` as for `find_zeros`; `isolations_` as given by
    `isolations(evaluate, zeros, box)`.

    **Returns** pairs of a zero and its isolation: the isolated and undecided zeros, unchanged, and
    the representatives, in the order of `zeros`.
    """
    members = [i for i, each in enumerate(isolations_) if each.isolated == "no"]
    pairs: dict[int, tuple[Zero, Isolation]] = {
        i: (zeros[i], isolations_[i]) for i in range(len(zeros)) if i not in set(members)
    }
    if members:
        field = scaled_field(evaluate, box)
        points = np.stack([zeros[i].point for i in members])
        dimensions = np.array([isolations_[i].manifold_dimension for i in members])
        tangents = [isolations_[i].tangent.shape[1] for i in members]  # none where branches cross
        least = _LEAST * float((field.row_scale[:, None] / field.unit).max())
        size, signatures = _signatures(evaluate, points, dimensions, least)
        groups: dict[tuple[int, ...], list[int]] = {}
        for k, label in enumerate(connected(field, points)):
            key = (int(label), tangents[k], dimensions[k], *signatures[k])
            groups.setdefault(key, []).append(k)
        anchors = _anchors(field, special)
        for (label, along, dimension, *signature), group in groups.items():
            distances = np.linalg.norm(field.to_units(points[group])[:, None] - anchors, axis=2)
            nearest = [group[j] for j in np.argsort(distances.min(axis=1), kind="stable")]
            # not the kink at which a piece of zeros, as those of a ReLU, ends
            smooth = (
                k for k in nearest[:_KINKS] if smoothness(evaluate, points[k], box) == "smooth"
            )
            best = next(smooth, nearest[0])
            i = members[best]
            moved = _nearest_to_centre(field, points[best])
            zero, own = _with_error_across(field, points[best]), isolations_[i]
            _, (new,) = _signatures(evaluate, moved[None], np.array([dimension]), 0.0, size)
            if list(new) == signature and np.abs(field.to_units(moved)).max() <= 1 + 1e-9:
                there = _with_error_across(field, moved)
                judged = isolations(evaluate, (there,), box)[0]
                alike = smoothness(evaluate, moved, box) == smoothness(evaluate, points[best], box)
                shape = judged.isolated, judged.manifold_dimension, judged.tangent.shape[1]
                if alike and shape == ("no", dimension, along):
                    zero, own = there, judged
            pairs[i] = (zero, replace(own, piece=label))
    return tuple(pairs[i] for i in sorted(pairs))


def _anchors(field: ScaledField, special: Iterable[np.ndarray]) -> np.ndarray:
    anchors = [field.centre, *(np.asarray(point, float) for point in special)]
    origin = np.zeros_like(field.centre)
    if np.abs(field.to_units(origin)).max() <= 1:
        anchors.append(origin)
    return field.to_units(np.stack(anchors))


def _signatures(
    evaluate: Evaluate,
    points: np.ndarray,
    dimensions: np.ndarray,
    least: float,
    size: float | None = None,
) -> tuple[float, list[tuple[int, int]]]:
    """Numbers of eigenvalues with positive and negative real part, the kernel's left out.

    Real parts far below `size` are zero; that is by default the largest eigenvalue at any of the
    points, but `least` at least.

    **Returns** the size and the pairs of numbers.
    """
    with np.errstate(all="ignore"):
        _, jacobians = evaluate(points)
    spectra = np.linalg.eigvals(jacobians)
    if size is None:
        size = max(float(np.abs(spectra).max()), least)
    signatures = []
    for eigenvalues, k in zip(spectra, dimensions, strict=True):
        real = eigenvalues[np.argsort(np.abs(eigenvalues))[k:]].real
        signatures.append(
            (int((real > _NEUTRAL * size).sum()), int((real < -_NEUTRAL * size).sum()))
        )
    return size, signatures


def _nearest_to_centre(field: ScaledField, point: np.ndarray) -> np.ndarray:
    """Slides a zero along the zero set towards the box's centre, by projected gradient steps.

    Several lengths of each step are tried, because the zero set may bend towards the centre or
    away from it.
    """
    for _ in range(_MOST_SLIDES):
        judged = assess(field, point[None])
        if not judged.accepted[0] or judged.kernel[0] == 0:
            break
        u = field.to_units(point)
        tangent = _kernel(judged.jacobians[0], int(judged.kernel[0]))
        slide = -tangent @ (tangent.T @ u)
        longest = np.abs(slide).max()
        if longest <= 1e-14:
            break
        slide *= min(1.0, 0.3 / longest)
        trials = point + field.unit * slide * np.array([[1.0], [0.5], [0.25], [0.125]])
        ends, zero, _ = project(field, trials)
        distances = np.where(zero, np.linalg.norm(field.to_units(ends), axis=1), np.inf)
        if distances.min() >= np.linalg.norm(u) * (1 - 1e-15):
            break
        point = ends[np.argmin(distances)]
    return point


def _with_error_across(field: ScaledField, point: np.ndarray) -> Zero:
    """A zero on a curve of zeros, whose error is its distance to the curve."""
    judged = assess(field, point[None])
    with np.errstate(all="ignore"):
        values, _ = field.evaluate(point[None])
    error = float(judged.across[0] * field.unit.max()) if judged.accepted[0] else 0.0
    return Zero(point, float(np.abs(values).max()), error)
