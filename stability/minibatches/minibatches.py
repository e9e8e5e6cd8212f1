"""What a field is on each sample alone, and how minibatches of them are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, combinations_with_replacement
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.flow import Flow
from ..dynamics.positive_settings import check_flag, check_whole
from ..errors import InputError
from ..games.batches import samples
from ..games.game import Game

LARGEST = 100_000_000  # numbers in the Jacobians of all samples together
AGREEMENT = (
    1e-5  # relative, of the whole data's field with the mean over samples; float32 sums reach it
)
CHUNK = 64  # samples differentiated at once


@dataclass(frozen=True)
class Minibatches:
    """Minibatches of `size` out of N `samples`, drawn anew every time, with or without replacement."""

    size: int
    samples: int
    replacement: bool

    def __post_init__(self):
        check_whole(self.size, "the size of a minibatch", 1, 2**31 - 1)
        check_flag(self.replacement, "replacement")
        if not self.replacement and self.size > self.samples:
            raise InputError(
                f"a minibatch of {self.size} cannot be drawn without replacement from {self.samples} samples"
            )

    @property
    def factor(self) -> float:
        """The variance of a minibatch's mean over that of one sample: 1/B, or (N − B)/(B(N − 1)).

        The second is the finite population correction (Cochran 1977, Sampling Techniques, theorem 2.2).
        """
        if self.replacement:
            return 1 / self.size
        if self.size == self.samples:
            return 0.0
        return (self.samples - self.size) / (self.size * (self.samples - 1))

    @property
    def number(self) -> int:
        """How many different minibatches there are."""
        return math.comb(self.samples + (self.size - 1 if self.replacement else 0), self.size)

    def every(self) -> tuple[np.ndarray, np.ndarray]:
        """All K different minibatches as indices, shape (K, B), and their probabilities, shape (K,)."""
        choose = combinations_with_replacement if self.replacement else combinations
        chosen = np.array(list(choose(range(self.samples), self.size)))
        if not self.replacement:
            return chosen, np.full(len(chosen), 1 / len(chosen))
        orders = [
            math.factorial(self.size)
            / math.prod(map(math.factorial, np.unique(own, return_counts=True)[1].tolist()))
            for own in chosen
        ]
        return chosen, np.array(orders) / float(self.samples) ** self.size

    def drawn(self, number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Some minibatches drawn at random, as `every`."""
        rng = np.random.default_rng(seed)
        if self.replacement:
            chosen = rng.integers(self.samples, size=(number, self.size))
        else:
            chosen = np.stack([rng.permutation(self.samples)[: self.size] for _ in range(number)])
        return chosen, np.full(number, 1 / number)


@dataclass(frozen=True, eq=False)
class SampleFields:
    """The field of every sample at one point, shape (N, d), and its Jacobian, shape (N, d, d)."""

    fields: np.ndarray
    jacobians: np.ndarray

    @property
    def samples(self) -> int:
        return len(self.fields)

    @cached_property
    def field(self) -> np.ndarray:
        """Their mean, the field of the whole data, shape (d,)."""
        return self.fields.mean(axis=0)

    @cached_property
    def jacobian(self) -> np.ndarray:
        """The mean Jacobian, shape (d, d)."""
        return self.jacobians.mean(axis=0)

    @cached_property
    def covariance(self) -> np.ndarray:
        """Σ, the covariance of one sample's field, shape (d, d): that of a minibatch of one."""
        centred = self.fields - self.field
        return centred.T @ centred / self.samples

    @cached_property
    def deviations(self) -> np.ndarray:
        """J_s less the mean, shape (d, N, d): the rows of the Jacobians come first."""
        return np.ascontiguousarray((self.jacobians - self.jacobian).transpose(1, 0, 2))

    def means(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Field and Jacobian of minibatches (K, B), given as indices: shapes (K, d) and (K, d, d)."""
        fields = self.fields[chosen].mean(axis=1)
        return fields, np.stack([self.jacobians[own].mean(axis=0) for own in chosen])


def count_samples(game: Game) -> int:
    """How many samples a game's data hold. Raises InputError if it has none, or no common first axis."""
    if not jax.tree.leaves(game.data):
        raise InputError(
            f"the game {game.name!r} has no data, so it has no minibatches; make it with "
            "st.Game(…, data=…) or st.gan"
        )
    return samples(game.data)


def sample_fields(flow: Flow, x: np.ndarray) -> SampleFields:
    """The field of a game on each of its samples at the point x, in float64.

    Sample s is row s of every array of the data: what belongs together, say an image, a latent and what a
    penalty drew, is drawn together. To draw them independently, hand in all their pairs as the data.

    Raises InputError for a game without data, for data without a common first axis, for a field that is
    not the mean of those of the samples, and for more samples and variables than fit.
    """
    game = flow.game
    n, d = count_samples(game), flow.dimension
    if n * d * d > LARGEST:
        raise InputError(
            f"the Jacobians of {n} samples in {d} variables are {n * d * d:.2g} numbers, over "
            f"{LARGEST:.2g}; give fewer samples (game.with_data) or a smaller model"
        )
    with jax.enable_x64(True):
        values, jacobians = _per_sample(flow)(jnp.asarray(x, float), game.data)
        fields = SampleFields(np.asarray(values, float), np.asarray(jacobians, float))
    if not (np.isfinite(fields.fields).all() and np.isfinite(fields.jacobians).all()):
        raise InputError(
            f"the {flow.field.name} field of {flow.name} is not finite, or has no finite derivative, on one "
            "of the samples alone; use losses that are means over the samples"
        )
    whole_value, whole_jacobian = (own[0] for own in flow.evaluate(np.asarray(x, float)[None]))
    for one, mean, whole in (
        (fields.fields, fields.field, whole_value),
        (fields.jacobians, fields.jacobian, whole_jacobian),
    ):
        if not np.abs(mean - whole).max() <= AGREEMENT * np.abs(one).max():
            raise InputError(
                f"the {flow.field.name} field of {flow.name} is not the mean of those of its samples, so "
                "minibatches do not follow it on average; use losses that are means over the samples, "
                "and a field and penalties that are linear in them"
            )
    return fields


def _per_sample(flow: Flow) -> Any:
    """(x, data) ↦ the field and its Jacobian on every sample, compiled once for a flow."""

    def at(x: Any, one: Any) -> tuple[Any, Any]:
        def field(y: Any) -> Any:
            alone = jax.tree.map(lambda leaf: leaf[None], one)
            return flow.field(flow.game.with_data(*alone), y)

        return field(x), jax.jacfwd(field)(x)

    @jax.jit
    def every(x: Any, data: Any) -> Any:
        data = jax.tree.map(jnp.asarray, data)
        return jax.lax.map(lambda one: at(x, one), data, batch_size=CHUNK)

    return flow.kept("per sample", None, lambda: every)
