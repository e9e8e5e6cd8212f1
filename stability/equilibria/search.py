"""Numeric search for the zeros of a vector field in a box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..dynamics.angles import Circles
from .assessment import assess
from .decades import decades
from .deflation import deflated
from .levenberg_marquardt import levenberg_marquardt
from .newton import polish
from .scaling import Evaluate, ScaledField, finite, scaled_field
from .settling import settled
from .starts import likely_zeros, low_discrepancy, starts_in
from .vanishing import vanishes_without_zero

_MOST_ROUNDS = 5
_BUDGET = 32  # times the starts of a round: so many a thorough search makes at most
_FIRST_CYCLE = 16  # starts of each kind in the first of the rounds over decades, at most
_ENOUGH = (
    64  # zeros beyond the box, where there is no window, after which no more are looked for there
)
_LARGEST = 64  # variables up to which flows are followed
EDGE = 1e-6  # half-widths by which a zero may lie outside the box
_SMALL = 10  # variables up to which a linear field is searched like any other
_LOOKS = 4  # points at which a field is seen to be linear
LINEAR = "one linear system: the Jacobian is the same wherever it was looked at"
_SAME_SORT = 1e-8  # half-widths below which coordinates count as equal when zeros are sorted


@dataclass(frozen=True)
class Zero:
    """A point at which the field vanishes, as far as float64 can tell.

    `error` estimates the distance to the true zero (largest coordinate difference). At a simple
    zero it is near rounding. At a degenerate one it is the distance over which the residual
    stays at rounding level: about 1e-8 for a double zero that suffers cancellation.
    """

    point: np.ndarray  # (d,)
    residual: float  # max |v_i| at the point
    error: float


@dataclass(frozen=True)
class Search:
    """The zeros found in a box, and how they were found.

    Finding nothing more is not a proof that nothing more exists.
    """

    zeros: tuple[Zero, ...]  # sorted by coordinates
    method: str
    starts: int  # all rounds together
    converged: int  # of those starts, how many reached a zero, inside the box or not
    outside: tuple[Zero, ...]  # simple ones that were found outside the window and left out
    seed: int
    box: np.ndarray  # (d, 2)
    rounds: int
    budget: int | None = None  # starts that it would have made at most; None if it was not thorough
    ended: bool = True  # whether a last round found nothing new, and there was something before


@dataclass(frozen=True)
class _Found:
    """Distinct zeros, in arrays; sizes and errors in the units of the box."""

    points: np.ndarray  # (m, d)
    size: np.ndarray  # (m,): max |w|
    error: np.ndarray  # (m,)
    kernel: np.ndarray  # (m,): 0 for a simple zero

    def take(self, index: np.ndarray) -> _Found:
        return _Found(self.points[index], self.size[index], self.error[index], self.kernel[index])

    def simple(self) -> np.ndarray:
        return self.points[self.kernel == 0]


def find_zeros(
    evaluate: Evaluate,
    box: np.ndarray,
    *,
    window: np.ndarray | None = None,
    special: Iterable[np.ndarray] = (),
    starts: int = 64,
    seed: int = 0,
    circles: Circles | None = None,
    thorough: bool = False,
) -> Search:
    """Looks for every zero of a vector field in a box.

    Levenberg–Marquardt from many starts at once, Newton to the last digits, then rounds with the
    known simple zeros deflated, until a round finds nothing new. What counts as a zero does not
    depend on the field's or the coordinates' units, and a field that merely decays has none.

    **Arguments**:

    - `evaluate`: maps points `(n, d)` to values `(n, d)` and Jacobians `(n, d, d)` in float64.
      It may return NaN or infinities outside the field's domain.
    - `box`: lower and upper ends, `(d, 2)`.
    - `window`: the same, perhaps infinite: zeros outside it are left out; by default the box.
    - `special`: points `(d,)` to start from. Those in the box at which the field is exactly zero
      are always among the results, even where it has no Jacobian.
    - `starts`: starting points in each round, at least. `seed`: shifts them.
    - `circles`: which coordinates are angles; of zeros that are whole periods apart there is then one.
    - `thorough`: go on with rounds over decades, and to where flows settle, the effort doubled each time, as
      long as they find new zeros or there are none, up to a budget of 32 times `starts`. In variables in
      which the window is infinite this looks up to ten thousand times as far as the box, and 64 zeros beyond
      the box are enough.

    **Returns** a `Search`. On a curve of zeros many points are returned, up to `starts` of them;
    `merge_manifolds` sorts them out.

    **References**: BrainPy's slow-point finder for the chain find, filter, keep unique, drop
    outliers; Farrell, Birkisson, Funke (2015) for deflation.
    """
    box = np.asarray(box, float)
    window = box if window is None else window
    special = [np.asarray(point, float) for point in special]
    field = scaled_field(evaluate, box, seed)
    found = _wrapped(field, _exact_zeros(field, likely_zeros(box, special)), circles)
    linear = len(box) > _SMALL and _is_linear(field)
    if linear:
        starts, special = 1, []
    used = converged = rounds = 0
    inside = _inside(field, found, window)
    for rounds in range(1, _MOST_ROUNDS + 1):
        known = found.simple()
        if rounds == 1:
            begin = starts_in(box, starts, seed, special)
        else:  # where there are many zeros, there are likely more
            begin = _later_starts(field, known, max(starts, 2 * len(known)), seed, rounds)
        residual = deflated(field, known) if rounds > 1 and len(known) else field
        ends = levenberg_marquardt(residual, begin, field.centre, field.unit)
        new, hits = _zeros_near(field, ends)
        new = _wrapped(field, new, circles)
        used, converged = used + len(begin), converged + hits
        found, before = _distinct(field, found, new), inside[found.kernel == 0].sum()
        inside = _inside(field, found, window)
        if linear:
            inside[:] = True  # the one zero that there is, wherever it lies
        if linear or (rounds > 1 and inside[found.kernel == 0].sum() == before):
            break
    budget, ended = None, True
    if thorough and not linear and len(box) <= _LARGEST:
        budget = max(_BUDGET * starts, used)
        grown = _grown(field, found, window, special, starts, seed, budget - used, circles)
        found, ended = grown.found, grown.ended
        used, converged, rounds = used + grown.starts, converged + grown.hits, rounds + grown.rounds
        inside = _inside(field, found, window)
    kept = _thinned(field, found.take(np.flatnonzero(inside)), starts)
    return Search(
        zeros=_as_zeros(field, kept),
        method=LINEAR if linear else "multi-start Levenberg–Marquardt, Newton polishing, deflation",
        starts=used,
        converged=converged,
        outside=_as_zeros(field, found.take(np.flatnonzero(~inside & (found.kernel == 0)))),
        seed=seed,
        box=box,
        rounds=rounds,
        budget=budget,
        ended=ended,
    )


@dataclass(frozen=True)
class _Grown:
    """What the rounds over decades added."""

    found: _Found
    starts: int
    hits: int
    rounds: int
    ended: bool


def _grown(
    field: ScaledField,
    found: _Found,
    window: np.ndarray,
    special: Sequence[np.ndarray],
    starts: int,
    seed: int,
    most: int,
    circles: Circles | None,
) -> _Grown:
    """Rounds over decades and along flows, each twice as large as the last, until one finds nothing new.

    The first may be small; after one that found something the last is no smaller than `starts`.

    A round takes starts over decades to zeros by Levenberg–Marquardt in coordinates in which a decade is a
    distance, the known zeros deflated, and follows the flow from half of these, and from as many spread over
    the box, to where it settles, forward and backward.
    """
    over = decades(field.box, window)
    scaled = scaled_field(over.field(field.evaluate), over.box, seed)
    lower, width = field.box[:, 0], field.box[:, 1] - field.box[:, 0]
    n, used, hits, rounds, skipped = min(starts, _FIRST_CYCLE), 0, 0, 0, 0
    while 4 * n <= most - used:
        rounds += 1
        spread = over.starts(n, (seed, rounds))
        filling = lower + low_discrepancy(skipped + n // 2, len(lower), seed)[skipped:] * width
        skipped += n // 2
        begin = np.concatenate(
            [*(p[None] for p in special if rounds == 1), spread[n // 2 :], filling]
        )
        known = over.coordinates(found.simple())
        residual = deflated(scaled, known) if len(known) else scaled
        in_decades = levenberg_marquardt(
            residual, over.coordinates(spread), scaled.centre, scaled.unit
        )
        both = np.repeat([1.0, -1.0], len(begin))
        along = settled(field.evaluate, np.concatenate([begin, begin]), over.unit, both)
        reached = np.concatenate([over.points(in_decades), along])
        new, own = _zeros_near(field, reached[np.isfinite(reached).all(axis=1)])
        new, there = _wrapped(field, new, circles), _inside(field, found, window).any()
        before, found = _simple_inside(field, found, window), _distinct(field, found, new)
        used, hits = used + n + 2 * len(begin), hits + own
        nothing = there and _simple_inside(field, found, window) == before
        if nothing and (rounds == 1 or n >= starts):
            return _Grown(found, used, hits, rounds, True)
        beyond = ~_inside(field, found, field.box) & _inside(field, found, window)
        if beyond.sum() > _ENOUGH and over.grows.any():
            break
        n *= 2
    return _Grown(found, used, hits, rounds, False)


def _simple_inside(field: ScaledField, found: _Found, window: np.ndarray) -> int:
    return int(_inside(field, found, window)[found.kernel == 0].sum())


def _is_linear(field: ScaledField) -> bool:
    """Whether the Jacobian is the same regular matrix wherever it is looked at: one zero, and no other."""
    lower, upper = field.box[:, 0], field.box[:, 1]
    points = lower + low_discrepancy(_LOOKS, len(lower), 0) * (upper - lower)
    w, jacobians = field(points)
    if not finite(w, jacobians).all():
        return False
    size = np.abs(jacobians).max()
    same = np.abs(jacobians - jacobians[0]).max() <= 1e-13 * size
    return bool(same and np.linalg.cond(jacobians[0]) < 1e10)


def _inside(field: ScaledField, found: _Found, window: np.ndarray) -> np.ndarray:
    slack = EDGE * field.unit
    inside = (found.points >= window[:, 0] - slack) & (found.points <= window[:, 1] + slack)
    return np.asarray(inside.all(axis=1))


def _exact_zeros(field: ScaledField, points: np.ndarray) -> _Found:
    """Those points at which the field is exactly zero, differentiable there or not."""
    w, jac = field(points)
    exact = np.flatnonzero(np.isfinite(w).all(axis=1) & (np.abs(w).max(axis=1) == 0))
    points, w, jac = points[exact], w[exact], jac[exact]
    judged = assess(field, points)
    smooth = finite(w, jac)
    fading = vanishes_without_zero(field, points, w, np.where(smooth[:, None, None], jac, np.inf))
    error = np.where(judged.accepted, judged.error, 0.0)
    kernel = np.where(judged.accepted, judged.kernel, 1)  # a kink is never deflated
    return _Found(points, np.zeros(len(points)), error, kernel).take(np.flatnonzero(~fading))


def _wrapped(field: ScaledField, found: _Found, circles: Circles | None) -> _Found:
    """The zeros, with those that are whole periods of angles apart at one point."""
    if circles is None:
        return found
    errors = 10 * found.error[:, None] * field.unit
    return replace(found, points=circles.wrap(found.points, np.minimum(errors, 0.01)))


def _later_starts(
    field: ScaledField, known: np.ndarray, n: int, seed: int, round_: int
) -> np.ndarray:
    """Starts never used before: half spread over the box, half around the known zeros.

    The latter, at distances from a fifth of the box's half-width to a hundred-thousandth, find
    the neighbour that a known zero hides.
    """
    lower, upper = field.box[:, 0], field.box[:, 1]
    d, near = len(lower), n // 2 if len(known) else 0
    fresh = lower + low_discrepancy(round_ * n, d, seed)[round_ * n - n + near :] * (upper - lower)
    if not near:
        return fresh
    generator = np.random.default_rng([seed, round_])
    directions = generator.standard_normal((near, d))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distances = 10.0 ** generator.uniform(-5, np.log10(0.2), (near, 1))
    around = known[np.arange(near) % len(known)] + field.unit * distances * directions
    return np.concatenate([fresh, around])


def _zeros_near(field: ScaledField, ends: np.ndarray) -> tuple[_Found, int]:
    """Distinct zeros that Newton reaches from the ends of the runs, and how many ends reach one."""
    points = polish(field, ends)
    judged = assess(field, points)
    accepted = np.flatnonzero(judged.accepted)
    size = np.abs(judged.values[accepted]).max(axis=1, initial=0)
    everything = _Found(points[accepted], size, judged.error[accepted], judged.kernel[accepted])
    labels = _clusters(field, everything)
    heads = np.unique(labels)
    index = accepted[heads]
    fading = vanishes_without_zero(
        field, points[index], judged.values[index], judged.jacobians[index]
    )
    hits = int(np.isin(labels, heads[~fading]).sum())
    return everything.take(heads[~fading]), hits


def _distinct(field: ScaledField, first: _Found, second: _Found) -> _Found:
    both = _Found(
        np.concatenate([first.points, second.points]),
        np.concatenate([first.size, second.size]),
        np.concatenate([first.error, second.error]),
        np.concatenate([first.kernel, second.kernel]),
    )
    return both.take(np.unique(_clusters(field, both)))


def _thinned(field: ScaledField, found: _Found, most: int) -> _Found:
    """Keeps `most` of the degenerate zeros, farthest apart: enough to stand for a curve of them."""
    degenerate = np.flatnonzero(found.kernel > 0)
    if len(degenerate) <= most:
        return found
    u = field.to_units(found.points[degenerate])
    chosen = list(np.flatnonzero(found.size[degenerate] == 0)[:1]) or [0]
    apart = np.linalg.norm(u - u[chosen[0]], axis=1)
    while len(chosen) < most:
        chosen.append(int(np.argmax(apart)))
        apart = np.minimum(apart, np.linalg.norm(u - u[chosen[-1]], axis=1))
    return found.take(np.concatenate([np.flatnonzero(found.kernel == 0), degenerate[chosen]]))


def _clusters(field: ScaledField, found: _Found) -> np.ndarray:
    """For each zero, the index of the best zero that is the same one up to errors."""
    u = field.to_units(found.points)
    labels = np.full(len(u), -1)
    for i in np.argsort(found.size, kind="stable"):
        if labels[i] < 0:
            tolerance = np.minimum(10 * (found.error + found.error[i]), 0.05) + 1e-13
            same = np.abs(u - u[i]).max(axis=1) <= tolerance
            labels[same & (labels < 0)] = i
    return labels


def _lexicographic_order(u: np.ndarray) -> np.ndarray:
    """Order by the first coordinate, then the second, …, with rounding differences ignored."""
    ranks = []
    for column in u.T:
        order = np.argsort(column, kind="stable")
        rank = np.empty(len(column), int)
        rank[order] = np.cumsum(np.diff(column[order], prepend=-np.inf) > _SAME_SORT)
        ranks.append(rank)
    return np.lexsort(ranks[::-1])


def _as_zeros(field: ScaledField, found: _Found) -> tuple[Zero, ...]:
    """The zeros in order, with coordinates that are zero up to their error set to zero where v agrees."""
    if not len(found.points):
        return ()
    found = found.take(_lexicographic_order(field.to_units(found.points)))
    tiny = np.abs(found.points) <= np.maximum(found.error, 1e-15)[:, None] * field.unit
    rounded = np.where(tiny, 0.0, found.points)
    with np.errstate(all="ignore"):
        values, rounded_values = (field.evaluate(x)[0] for x in (found.points, rounded))
        agrees = np.all(np.abs(rounded_values) <= 2 * np.abs(values), axis=1, keepdims=True)
    points = np.where(agrees, rounded, found.points)
    residuals = np.abs(np.where(agrees, rounded_values, values)).max(axis=1)
    errors = found.error * field.unit.max()
    return tuple(
        Zero(point, float(residual), float(error))
        for point, residual, error in zip(points, residuals, errors, strict=True)
    )
