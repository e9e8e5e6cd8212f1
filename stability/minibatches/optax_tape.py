"""The step of an optax transformation, written down as other steps are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.flow import Flow
from ..dynamics.vectors import split, stack
from ..rules import Rule
from .tape import Evaluation, Tape


@dataclass(frozen=True, eq=False)
class OptaxStep:
    """An optax rule's state after a step, to first order in the state, (m, m), and in the field, (m, d).

    The rule evaluates the field once, at the profile, and its step sizes multiply the profile's move alone.
    `sizes`, shape (d,), are those that the matrices hold for.
    """

    of_state: np.ndarray
    of_field: np.ndarray
    sizes: np.ndarray

    def tape(self, rule: Rule, flow: Flow) -> Tape:
        """The tape of the same rule with its own step sizes."""
        m, d = self.of_field.shape
        after = np.concatenate([self.of_state, self.of_field], axis=1)
        move = after[:d] - np.eye(d, m + d)
        after[:d] = np.eye(d, m + d) + (step_sizes(rule, flow) / self.sizes)[:, None] * move
        return Tape(m, (Evaluation(slice(0, d), np.eye(d, m), m, m + d),), after)


def optax_step(rule: Any, flow: Flow) -> OptaxStep:
    """The linearised step of an optax rule at its rest point."""
    inner, d = rule.rule, flow.dimension
    with jax.enable_x64(True):
        vectors = inner.init(flow, jnp.asarray(rule.point, float))
        lengths = tuple(len(vector) for vector in vectors)

        def after(state: Any, value: Any) -> Any:
            constant = Flow(lambda _: value, partition=flow.partition, check=False)
            constant.game = flow.game  # optax sees the strategies as the pytrees that they are
            return stack(inner.step(constant, split(state, lengths)))

        slopes = jax.jacfwd(after, (0, 1))(stack(vectors), jnp.zeros(d))
        of_state, of_field = map(np.asarray, slopes)
    return OptaxStep(of_state, of_field, step_sizes(rule, flow))


def step_sizes(rule: Rule, flow: Flow) -> np.ndarray:
    """The step size of every coordinate, shape (d,)."""
    return flow.partition.scale(flow.partition.per_player(rule.lr, "lr"), np.ones(flow.dimension))
