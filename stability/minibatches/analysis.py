"""The analysis of one rule's steps on minibatches at one equilibrium."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from ..dynamics.flow import Flow
from ..dynamics.positive_settings import check_flag, check_whole
from ..equilibria.equilibrium import Equilibrium
from ..errors import InputError
from ..rules import Rule
from ..rules.rule import each
from ..spectra.dense import Bounds
from ..verdicts.verdict import Verdict
from .critical import critical_factor
from .minibatches import Minibatches
from .moments import Jitter, Moments, Recorded, listed
from .optax_tape import OptaxStep, optax_step
from .radius import DENSE, radius_bounds
from .sampled import radius_error, trace_error
from .stationary import additive_covariance, stationary_moments
from .tape import Tape, record
from .value import Method, Noise, deviations_text

ENUMERATED = 4096  # minibatches that are all looked at
LARGEST = 1200  # numbers in a state; the equations for its covariance are dense


@dataclass(frozen=True)
class Draws:
    """How minibatches are drawn: see `noise`."""

    batch: int
    replacement: bool = True
    fresh: bool = True
    draws: int = ENUMERATED
    seed: int = 0

    def __post_init__(self):
        check_whole(self.batch, "the size of a minibatch", 1, 2**31 - 1)
        check_flag(self.replacement, "replacement")
        check_flag(self.fresh, "fresh")
        check_whole(self.draws, "the number of minibatches drawn", 100, 1_000_000)
        check_whole(self.seed, "a seed", 0, 2**63 - 1)


@dataclass(frozen=True, eq=False)
class Analysis:
    """A rule as it acts near a place where it rests, on minibatches drawn in some way."""

    flow: Flow
    place: Equilibrium
    rule: Rule
    jitter: Jitter
    minibatches: Minibatches
    how: Draws

    def into(self, empty: Noise) -> Noise:
        """The analysis, in the place of what `empty` leaves open."""
        moments = self.moments_of(self.rule)
        m, d = len(moments.mean), self.flow.dimension
        bounds = radius_bounds(moments.second, m)
        if self.method == "Monte Carlo":
            error = 3 * radius_error(moments, m)
            bounds = Bounds(bounds.value, bounds.lower - error, bounds.upper + error)
        verdict = self._verdict(bounds, moments)
        result = replace(
            empty,
            method=self.method,
            draws=self.how.draws if self.method == "Monte Carlo" else None,
            mean_square_radius=bounds.value,
            error_bound=max(bounds.upper - bounds.value, bounds.value - bounds.lower),
            mean_square_lr=self._critical(),
            stability=verdict,
        )
        if verdict.verdict != "yes":
            return replace(
                result,
                because="no stationary covariance: the step is not known to be mean-square stable"
                if verdict.verdict == "undecided"
                else "no stationary covariance: the second moments grow without bound",
            )
        found = stationary_moments(moments)
        if found is None:
            return replace(result, because="no stationary covariance: its equation was not solved")
        mean, covariance = found
        additive = additive_covariance(moments)
        result = replace(
            result,
            covariance=covariance[:d, :d],
            additive_covariance=additive[:d, :d],
            shift=mean[:d],
            trace_error=3 * trace_error(moments, mean, covariance, d)
            if self.method == "Monte Carlo"
            else None,
        )
        return replace(result, because=_stationary_text(result))

    @cached_property
    def _optax(self) -> OptaxStep | None:
        return optax_step(self.rule, self.flow) if self.rule.transforms_the_field else None

    def _tape(self, rule: Rule) -> Tape | None:
        return (
            self._optax.tape(rule, self.flow) if self._optax else record(rule, self.flow.partition)
        )

    @cached_property
    def _state_size(self) -> int:
        if self._optax:
            return len(self._optax.of_state)
        return sum(self.rule.state_sizes(self.flow.partition))

    @cached_property
    def method(self) -> Method:
        tape = self._tape(self.rule)
        if tape is not None and (self.how.fresh or len(tape.evaluations) == 1):
            return "moments"
        return "enumeration" if self.minibatches.number <= ENUMERATED else "Monte Carlo"

    @cached_property
    def _batches(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fields, Jacobians and probabilities of the minibatches looked at."""
        minibatches, how = self.minibatches, self.how
        every = self.method == "enumeration"
        chosen, weights = minibatches.every() if every else minibatches.drawn(how.draws, how.seed)
        fields, jacobians = self.jitter.fields.means(chosen)
        if not every:  # random ones, moved so that their means are those of the data
            fields = fields + (self.jitter.fields.field - fields.mean(axis=0))
            jacobians = jacobians + (self.jitter.fields.jacobian - jacobians.mean(axis=0))
        return fields, jacobians, weights

    def moments_of(self, rule: Rule) -> Moments:
        """The moments of a step of the rule, or of the same rule with other step sizes."""
        partition = self.flow.partition
        if self._state_size > LARGEST:
            raise InputError(
                f"the state of {rule.name} holds {self._state_size} numbers, and its covariance is "
                f"dense, up to {LARGEST}; analyse a smaller model"
            )
        tape = self._tape(rule)
        if self.method == "moments" and tape is not None:
            return Recorded(tape, self.jitter)
        if self._state_size > DENSE:
            raise InputError(
                f"with one minibatch for the whole step of {rule.name} its state holds at most {DENSE} "
                f"numbers, not {self._state_size}; use a rule that evaluates the field once, or fresh "
                "minibatches if it solves no equations"
            )
        return listed(rule, partition, self._batches, self.jitter)

    def _critical(self) -> Any:
        if self.rule.lr is None:
            return None
        factor = critical_factor(self.rule, self.moments_of, self.jitter, self.flow.partition)
        return None if factor is None else each(self.rule.lr, lambda lr: lr * factor)

    def _verdict(self, bounds: Bounds, moments: Moments) -> Verdict:
        steady = float(np.abs(np.linalg.eigvals(moments.mean)).max())
        value, margin = bounds.value, max(1 - bounds.upper, bounds.lower - 1)
        say: Callable[..., Verdict] = partial(Verdict, evidence="numeric")
        if bounds.upper < 1:
            text = f"second moments shrink by the factor {value:.6g} a step"
            return say("yes", value, margin, because=text)
        if bounds.lower > 1:
            text = (
                "the mean itself grows"
                if steady > 1
                else "the noise makes second moments grow, though the mean shrinks by the factor "
                f"{steady:.6g} a step"
            )
            return say("no", value, margin, because=text)
        if not math.isfinite(value):
            return say(
                "undecided", None, None, because="the radius of the second moments was not found"
            )
        if self.place.manifold_dimension:
            text = "along the equilibria nothing brings the iterate back, and noise lets it wander"
            return say("undecided", value, margin, because=text)
        text = f"the radius of the second moments cannot be told from one (it is {value:.9g})"
        return say("undecided", value, margin, because=text)


def _stationary_text(found: Noise) -> str:
    deviations = found.standard_deviation
    assert deviations is not None
    assert found.additive_covariance is not None
    assert found.shift is not None
    if not deviations.any():
        return "every minibatch rests here, so the iterate converges to the point"
    text = f"the iterate's stationary standard deviation is {deviations_text(found.variables, deviations)}"
    alone = float(np.trace(found.additive_covariance))
    total = found.trace or 0.0
    if found.trace_error is not None:
        text += f"; its variances add up to {total:.6g} ± {found.trace_error:.2g}"
    elif not math.isclose(alone, total, rel_tol=1e-6):
        text += f"; its variances add up to {total:.6g}"
    if not math.isclose(alone, total, rel_tol=1e-6):
        text += f" ({alone:.6g} if all samples had the mean Jacobian)"
    if np.abs(found.shift).max() > 1e-9 * deviations.max():
        text += f"; its mean is off by {np.linalg.norm(found.shift):.6g}"
    return text
