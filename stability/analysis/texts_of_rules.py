"""Rules and penalties as the texts of which `stability.analysis.names` makes the same ones again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..dynamics.flow import Flow
from ..dynamics.partition import Partition
from ..errors import InputError
from ..fields.field import as_text
from ..penalties import Penalty
from ..rules import Rule
from . import names as named

_TRIALS = 3  # steps by which two rules are told apart


@dataclass(frozen=True)
class _NoDefaults:
    """In place of the owner of settings, so that all are written, whatever their defaults will be one day."""


def penalty_text(penalty: Penalty) -> str | None:
    """The text of a penalty; None for one that no text makes again, such as a class of the user's own."""
    text, again = _read_again(penalty, named.penalty)
    return text if again is not None and again == penalty else None


def rule_text(rule: Rule, players: Sequence[str]) -> str | None:
    """The text of a rule for games with these players; None for one that no text makes again."""
    text, again = _read_again(rule, named.rule)
    if again is None or type(again) is not type(rule):
        return None
    return text if again == rule or _same_steps(rule, again, players) else None


def _read_again(thing: Any, read: Any) -> tuple[str, Any]:
    text = as_text(thing.name, thing.settings, _NoDefaults())
    try:
        return text, read(text)
    except InputError:
        return text, None


def _same_steps(one: Rule, other: Rule, players: Sequence[str]) -> bool:
    """Whether two rules do the same to the bit, along a linear field of two numbers for each player."""
    partition = Partition(tuple(players), (2,) * len(players))
    random = np.random.default_rng(0)
    d = partition.dimension
    matrix = jnp.asarray(random.standard_normal((d, d)))
    flow = Flow(lambda x: matrix @ x, partition=partition, check=False)
    x = jnp.asarray(random.standard_normal(d))
    states = [one.init(flow, x), other.init(flow, x)]
    for _ in range(_TRIALS):
        states = [rule.step(flow, own) for rule, own in zip((one, other), states, strict=True)]
        if len(states[0]) != len(states[1]):
            return False
        if not all(map(np.array_equal, *states)):
            return False
    return True
