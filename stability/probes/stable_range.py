"""For which values of one number the steps of an algorithm stay, where every look costs eigenvalues.

The spectral radius ρ of the linearised step is looked at outwards from the value that the number has now, by
ratio (or evenly in artanh, for a number in (−1, 1)), and then between a value that is stable and one that is
not, by the secant through looks outside or by halving. Each look starts from the eigenvectors of the one
before, which saves products.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..spectra.krylov.solve import krylov_spectrum
from ..spectra.spectrum import DENSE, spectrum

SMALL = 128  # numbers of a state, up to which looks are cheap, and the values below those with FINE are taken
_FINE = 0.25  # of a step of the scale between two looks
_LOOKS, _LOOKS_FINE = 7, 60  # at most between a stable value and one that is not
_WIDTH, _WIDTH_FINE = 5e-3, 1e-12  # in units of the scale: where an end is known well enough
_BEYOND = 2.0  # units of the scale that are not stable, after which nothing is expected further out
_PLATEAU = (
    1e-9  # radii that differ by less are the same, and the value nearest to the one now is taken
)
_BEST, _BEST_FINE = 4, 40  # further looks for the fastest value

Limit = Callable[[float], float]  # a value ↦ the radius below which it counts as stable


@dataclass(frozen=True)
class Look:
    """What the spectrum of the step at one value of a number says.

    - `value`; `radius`: the largest modulus found, and `error`: the residual of its eigenvector, or a bound
      on the error where the step was written out as a matrix.
    - `multiplier`: the one of largest modulus, with the positive imaginary part.
    - `converged`: whether all that were asked for were found; `complete`: whether none can have been missed.
    """

    value: float
    radius: float
    error: float
    multiplier: complex
    converged: bool
    complete: bool

    def stable(self, limit: float) -> bool:
        return self.radius + self.error < limit

    def unstable(self, limit: float) -> bool:
        return self.radius - self.error > limit


@dataclass
class Looker:
    """Looks at a family of operators, warm: `operator(value)` is the linearised step."""

    operator: Callable[[float], Any]
    size: int
    k: int
    tolerance: float | None
    max_products: int
    seed: int
    products: int = 0
    start: Any = None
    seen: dict[float, Look] = field(default_factory=dict)

    def __call__(self, value: float) -> Look:
        if value not in self.seen:
            self.seen[value] = self._look(value)
        return self.seen[value]

    def _look(self, value: float) -> Look:
        operator, size = self.operator(value), self.size
        k = min(self.k, size)
        if size <= DENSE:
            found = spectrum(operator, k=k, which="largest", seed=self.seed)
        else:
            found = krylov_spectrum(
                operator, k, "largest", tolerance=self.tolerance, seed=self.seed, left=False,
                max_products=self.max_products, verify=self.start is None, start=self.start,
            )  # fmt: skip
            self.start = _sum_of(found.eigenvectors)
        self.products += found.products
        moduli = np.abs(found.eigenvalues)
        if not len(moduli):
            return Look(value, math.nan, math.inf, complex(math.nan), False, False)
        worst = int(np.argmax(moduli))
        leading = complex(found.eigenvalues[worst])
        error = found.errors[worst] if size <= DENSE else found.residuals[worst]
        return Look(
            value,
            float(moduli[worst]),
            float(error),
            complex(leading.real, abs(leading.imag)),
            bool(found.converged),
            size <= DENSE,
        )


def _sum_of(vectors: Any) -> np.ndarray | None:
    """A real unit vector with a part in each of the eigenvectors."""
    vectors = np.asarray(vectors)
    if not vectors.size:
        return None
    total = vectors.real.sum(axis=1) + vectors.imag.sum(axis=1)
    norm = np.linalg.norm(total)
    return total / norm if norm > 0 else None


@dataclass(frozen=True)
class Scale:
    """How a number is walked along: `to` and its inverse `of` make even steps of it.

    `ends` bound it; `step` is between two looks; `below`: how far down is looked from a stable value.
    """

    to: Callable[[float], float]
    of: Callable[[float], float]
    ends: tuple[float, float]
    step: float = 1.0
    below: float = math.inf


def octaves(now: float, below: float = 10.0) -> Scale:
    """A positive number by ratio, ten octaves to either side of `now`, fewer downwards where it is stable."""
    middle = math.log2(now)
    return Scale(math.log2, lambda t: 2.0**t, (middle - 10, middle + 10), below=below)


SIGNED = Scale(math.atanh, math.tanh, (-4.0, 4.0), 0.5)  # a number in (−1, 1), up to 0.9993


@dataclass(frozen=True)
class End:
    """An end of a stable interval: a value that is `inside`, one that is `outside`, and what is there.

    `outside` is None where the interval reaches the end of what was searched. `leading`: the multiplier that
    leaves there. `told`: whether what lies beyond is certainly unstable, and not only too near to the limit.
    """

    inside: float
    outside: float | None
    leading: complex | None
    told: bool

    @property
    def value(self) -> float:
        """The middle of the two."""
        return self.inside if self.outside is None else (self.inside + self.outside) / 2


@dataclass(frozen=True)
class Found:
    """What a search for the stable values of a number found.

    - `intervals`: the stable ones, each with its two ends, in order. `searched`: from where to where.
    - `best`: the look with the smallest radius, if a stable one was seen.
    - `certain`: whether every look was complete, so that nothing was missed at these values. `untold`:
      whether at some nothing was told from the limit.
    """

    intervals: tuple[tuple[End, End], ...]
    searched: tuple[float, float]
    best: Look | None
    certain: bool
    untold: bool


def stable_range(look: Looker, now: float, scale: Scale, limit: Limit) -> Found:
    """The stable values of a number around `now`, those at which the radius is below `limit(value)`."""
    walk = _Walk(look, scale, limit, scale.to(now), now)
    positions = sorted({walk.begin, *walk.outwards(1), *walk.outwards(-1)})
    stable = [walk.stable(t) for t in positions]
    intervals: list[tuple[End, End]] = []
    low: End | None = None
    for i, t in enumerate(positions):
        if not stable[i]:
            continue
        before, after = positions[:i][::-1], positions[i + 1 :]
        if low is None:
            low = walk.end(t, *_two(before))
        if not after or not stable[i + 1]:
            intervals.append((low, walk.end(t, *_two(after))))
            low = None
    best = walk.best()
    searched = (walk(positions[0]).value, walk(positions[-1]).value)
    certain = all(own.complete for own in look.seen.values())
    looks = [walk(t) for t in positions]
    untold = any(
        not own.stable(limit(own.value)) and not own.unstable(limit(own.value)) for own in looks
    )
    return Found(tuple(intervals), searched, best, certain, untold)


def _two(positions: list[float]) -> tuple[float | None, float | None]:
    """The first two of the positions, as far as there are so many."""
    first, second = [*positions[:2], None, None][:2]
    return first, second


@dataclass(frozen=True)
class _Walk:
    """Looks along a scale, `begin` being where the number is `now`."""

    look: Looker
    scale: Scale
    limit: Limit
    begin: float
    now: float

    def __call__(self, t: float) -> Look:
        return self.look(self.now if t == self.begin else self.scale.of(t))

    def stable(self, t: float) -> bool:
        look = self(t)
        return look.stable(self.limit(look.value))

    def above(self, t: float) -> float:
        """By how much the radius is above the limit, in logarithms."""
        look = self(t)
        return math.log(max(look.radius, 1e-300) / self.limit(look.value))

    @property
    def fine(self) -> bool:
        """Whether looks are cheap: small matrices."""
        return self.look.size <= SMALL

    def outwards(self, way: int) -> list[float]:
        """Where was looked to one side: to the end, or until nothing stable is expected further out."""
        t, seen, failed = self.begin, [], 0
        step = (_FINE if self.fine else 1.0) * self.scale.step
        stayed = self.stable(t)
        low, high = self.scale.ends
        far = high if way > 0 else low if not stayed else max(low, t - self.scale.below)
        while abs(far - t) > 1e-9 and not (stayed and failed >= _BEYOND):
            t += way * min(step, abs(far - t))
            stable = self.stable(t)
            stayed, failed = stayed or stable, 0 if stable else failed + step
            seen.append(t)
        return seen

    def end(self, inside: float, outside: float | None, further: float | None) -> End:
        """The end of a stable interval between two positions; `further` is one more beyond `outside`."""
        if outside is None:
            return End(self(inside).value, None, None, False)
        told = any(
            self(t).unstable(self.limit(self(t).value)) for t in (outside, further) if t is not None
        )
        width = _WIDTH_FINE if self.fine else _WIDTH
        was_inside = False
        for _ in range(_LOOKS_FINE if self.fine else _LOOKS):
            if abs(outside - inside) <= width:
                break
            # a little to the side that was not looked at last, so that both ends close in
            side = math.copysign(0.4 * width, outside - inside)
            t = self._crossing(outside, further) + (side if was_inside else -side)
            if not min(inside, outside) < t < max(inside, outside):
                t = (inside + outside) / 2
            was_inside = self.stable(t)
            if was_inside:
                inside = t
            else:
                outside, further = t, outside
        beyond = self(outside)
        return End(self(inside).value, beyond.value, beyond.multiplier, told)

    def _crossing(self, outside: float, further: float | None) -> float:
        """Where the radius crosses the limit, by the line through two looks outside; NaN if there is none.

        The multiplier that leaves is nearly linear in a step size; inside another one may be the largest.
        """
        if further is None:
            return math.nan
        one, other = self(outside), self(further)
        rise = other.radius - one.radius
        if not (math.isfinite(rise) and rise):
            return math.nan
        share = (self.limit(one.value) - one.radius) / rise
        value = one.value + share * (other.value - one.value)
        try:
            return self.scale.to(value)
        except ValueError:  # outside the scale
            return math.nan

    def best(self) -> Look | None:
        """The look with the smallest radius, after a few more around it, by the golden ratio.

        None where nothing shrinks at any of the values.
        """
        golden = (3 - math.sqrt(5)) / 2
        for _ in range(_BEST_FINE if self.fine else _BEST):
            seen = sorted(self.look.seen.values(), key=lambda own: own.value)
            best = min(range(len(seen)), key=lambda i: seen[i].radius)
            if not seen[best].stable(1.0) or best in (0, len(seen) - 1):
                break
            a, b, c = (self.scale.to(seen[best + i].value) for i in (-1, 0, 1))
            if max(c - b, b - a) < (_WIDTH if self.fine else 0.05):
                break
            self.look(self.scale.of(b + golden * ((c - b) if c - b > b - a else (a - b))))
        lowest = min(own.radius for own in self.look.seen.values())
        as_low = [own for own in self.look.seen.values() if own.radius <= lowest + _PLATEAU]
        nearest = min(as_low, key=lambda own: abs(self.scale.to(own.value) - self.begin))
        return nearest if nearest.stable(1.0) else None
