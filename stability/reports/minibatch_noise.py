"""What minibatches do to the rules at an equilibrium."""

from __future__ import annotations

from dataclasses import replace

from ..analysis.at_point import Place
from ..analysis.subject import Subject
from ..analysis.value import EquilibriumAnalysis
from ..errors import InputError
from ..minibatches.analysis import Draws
from ..minibatches.minibatches import count_samples, sample_fields
from ..minibatches.noise import noise_of


def check_minibatches(subject: Subject, batch: int) -> None:
    """Raises InputError unless the subject is a game with data, and `batch` the size of a minibatch."""
    if subject.kind != "game":
        raise InputError(f"minibatches are drawn from a game's data, and a {subject.kind} has none")
    count_samples(subject.numeric)
    Draws(batch)


def with_noise(
    subject: Subject, place: Place, found: EquilibriumAnalysis, batch: int
) -> EquilibriumAnalysis:
    """The analysis with what minibatches of a size do to every rule."""
    rules = iter(found.rules)
    noisy = []
    bounded = place.bounded or (None,) * len(place.fields)
    for field, own, limits in zip(subject.flows, place.fields, bounded, strict=True):
        if limits is not None and limits.limits:
            raise InputError(
                "at limits of the players' sets a minibatch's noise is one-sided, and a report does not say "
                "what it does there; leave the batch out"
            )
        fields = sample_fields(field.numeric, own.point) if own.differentiable else None
        for rule in subject.rules:
            noise = noise_of(field.numeric, own, rule, fields, Draws(batch))
            noisy.append(replace(next(rules), noise=noise))
    return replace(found, rules=tuple(noisy))
