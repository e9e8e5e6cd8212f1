"""What one step of a rule costs, counted by taking one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..dynamics.flow import Linear
from ..dynamics.partition import Partition
from ..dynamics.vectors import zeros_like
from ..fields import Field
from ..games.game import Game
from .rule import Rule


@dataclass(frozen=True)
class Cost:
    """The work in one step.

    - `gradients`: evaluations of the whole gradient field (one player's gradient counts as its share 1/n).
    - `products`: products of the field's Jacobian or its transpose with a vector.
    - `solves`: linear or implicit equations solved, whatever that takes inside.
    """

    gradients: float
    products: float
    solves: float

    @property
    def work(self) -> float:
        """Gradient evaluations, a product counted as one more; solves are not in it."""
        return self.gradients + self.products


def step_cost(rule: Rule, field: Field | None, game: Game | None, partition: Partition) -> Cost:
    """The cost of one step of a rule along a field of a game; along a plain flow without them.

    The step is taken on stand-ins that count what is asked of them, so that a rule or a field of the
    user's own is counted like any other.
    """
    counts, start = Counts(), np.zeros(partition.dimension)
    if game is None or field is None:
        flow = CountingFlow(counts, partition, lambda: counts.add(gradients=1.0), None, None)
    else:
        counted = CountingGame(counts, game)
        zero = np.zeros(partition.dimension)
        flow = CountingFlow(counts, partition, lambda: field(counted, zero), field, counted)
        flow.sets = game.sets
        start = game.sets.middle if game.sets else start
    with jax.enable_x64(True):  # optax computes in JAX
        state = rule.init(flow, start)
        counts.reset()
        rule.step(flow, state)
    return Cost(counts.gradients, counts.products, counts.solves)


class Counts:
    """Running totals."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        self.gradients = self.products = self.solves = 0.0

    def add(self, gradients: float = 0.0, products: float = 0.0, solves: float = 0.0) -> None:
        self.gradients += gradients
        self.products += products
        self.solves += solves


class CountingGame:
    """A stand-in for a game whose field is −x, which counts the operations that fields use."""

    symbolic = False

    def __init__(self, counts: Counts, game: Game):
        self.counts = counts
        self.partition = game.partition
        self.players = game.players
        self.minimizer = game.minimizer
        self.variables = game.variables
        self.unpack = game.unpack
        self.share = 1.0 / len(game.partition.players)

    def field(self, x: Any) -> Any:
        self.counts.add(gradients=1.0)
        return -x

    def player_field(self, i: int, x: Any) -> Any:
        self.counts.add(gradients=self.share)
        return -self.partition.part(i, x)

    def gradient(self, i: int, x: Any) -> Any:
        self.counts.add(gradients=self.share)
        return zeros_like(x)

    def jvp(self, x: Any, u: Any) -> Any:
        self.counts.add(products=1.0)
        return -u

    def vjp(self, x: Any, u: Any) -> Any:
        self.counts.add(products=1.0)
        return -u

    def solve(self, players: Any, x: Any, b: Any, transposed: bool = False) -> Any:
        self.counts.add(solves=1.0)
        return -b


class CountingFlow(Linear):
    """The flow ẋ = −x, which counts every evaluation as what the field behind it costs."""

    symbolic = False

    def __init__(self, counts: Counts, partition: Partition, evaluate: Any, field: Any, game: Any):
        super().__init__(-np.eye(partition.dimension), partition)
        self.counts = counts
        self.sets: Any = None
        self.evaluate = evaluate
        self.field = field
        self.game = game

    def __call__(self, x: Any) -> Any:
        self.evaluate()
        return super().__call__(x)

    def part(self, i: int, x: Any) -> Any:
        if self.field is None:
            self.counts.add(gradients=1.0 / len(self.partition.players))
        else:
            self.field.part(self.game, i, np.zeros(self.partition.dimension))
        return super().part(i, x)

    def jvp(self, x: Any, u: Any) -> Any:
        self._as_products()
        return super().jvp(x, u)

    def jacobian(self, x: Any) -> Any:
        self.counts.add(solves=1.0)  # rules ask for it to solve an equation with it
        return super().jacobian(x)

    def implicit_step(self, sizes: Any, x: Any) -> Any:
        self.counts.add(solves=1.0)
        return super().implicit_step(sizes, x)

    def zero(self, x: Any) -> Any:
        self.counts.add(solves=1.0)
        return super().zero(x)

    def restricted(self, i: int, x: Any) -> CountingFlow:
        alone = self.partition.alone(i)
        part = CountingFlow(self.counts, alone, lambda: self.part(i, x), None, None)
        part.part = lambda _, own: (self.part(i, x), -own)[1]  # pyright: ignore
        return part

    def _as_products(self) -> None:
        """A product with the field's Jacobian passes once over all that the field does."""
        before = (self.counts.gradients, self.counts.products)
        self.evaluate()
        passes = self.counts.gradients + self.counts.products - sum(before)
        self.counts.gradients, self.counts.products = before[0], before[1] + passes
