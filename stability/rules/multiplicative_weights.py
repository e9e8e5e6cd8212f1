"""Multiplicative weights: steps that multiply probabilities, and so keep them positive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import sympy

from ..dynamics.partition import Partition
from ..dynamics.vectors import grouped, reweighted, stack
from ..errors import InputError, NotAtRestError
from ..fields.evolutionary import check_simplices
from ..fields.gradient import Gradient
from .local import Local
from .rule import Rule, State, check_lr


@dataclass(frozen=True)
class MultiplicativeWeights(Rule):
    """x_i ← x_i e^{h u_i} / Σ_j x_j e^{h u_j}, u = −ξ the payoffs of the strategies (Freund, Schapire 1999).

    The exponentiated gradient step, mirror descent in the entropy. Needs players whose strategies are in
    simplices, and the gradient field. Like the replicator it also rests where all strategies that are played
    pay the same, Nash equilibrium or not. There a strategy that is not played has the multiplier e^{h δ}, δ
    what it pays more than the others; on the played ones the step is linearised whole.
    """

    lr: Any = 0.1
    name: ClassVar[str] = "multiplicative-weights"
    keeps_sets: ClassVar[bool] = True

    def __post_init__(self):
        check_lr(self.name, self.lr)

    @property
    def rests_elsewhere(self) -> bool:
        return True

    @property
    def sees_more_than_the_jacobian(self) -> bool:
        return True

    def check(self, flow: Any) -> None:
        super().check(flow)
        if not isinstance(flow.field, Gradient):
            raise InputError(
                f"{self.name} follows the payoffs of a game's strategies, the gradient field, and no other"
            )
        check_simplices(self.name, flow.sets, flow.variables)

    def near(self, flow: Any, x: Any) -> Rule:
        self.check(flow)
        found = WeightsAtRest(self, flow, x)
        found.check()
        return found

    def _whole(self, kept: np.ndarray, turned: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        """The linearised step δx⁺ = kept δx + turned δu on the state, u having the Jacobian `jacobian`."""
        return kept + turned @ jacobian

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        return (self._moved(flow, x, flow(x)),)

    def _moved(self, flow: Any, x: Any, u: Any) -> Any:
        return grouped(reweighted, flow.sets.simplices, x, self.along(flow, u))


@dataclass(frozen=True)
class OptimisticMultiplicativeWeights(MultiplicativeWeights):
    """x_i ← x_i e^{h (2u_i − u₋_i)} / Σ_j x_j e^{h (2u_j − u₋_j)}, u₋ the payoffs one step before.

    (Rakhlin, Sridharan 2013; Daskalakis, Panageas 2019.) Otherwise as `MultiplicativeWeights`.
    """

    name: ClassVar[str] = "optimistic-multiplicative-weights"

    def init(self, flow: Any, x: Any) -> State:
        return (x, flow(x))

    def _whole(self, kept: np.ndarray, turned: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        remembered = np.broadcast_to(jacobian, kept.shape)
        above = np.concatenate([kept + 2 * turned @ jacobian, -turned], axis=-1)
        below = np.concatenate([remembered, np.zeros_like(kept)], axis=-1)
        return np.concatenate([above, below], axis=-2)

    def step(self, flow: Any, state: State) -> State:
        x, last = state
        u = flow(x)
        return (self._moved(flow, x, 2 * u - last), u)


class WeightsAtRest(Local):
    """Multiplicative weights at a rest point x, linearised by formula.

    There the strategies that are played pay the mean ū = Σ x_j u_j, so that with X = diag(x), h the step size
    and E = diag(e^{h (u_i − ū)}), the identity on them, δx⁺ = (I − x1ᵀ)(E δx + h X δu) on each simplex.
    """

    def linearise(self, matrix: Any, partition: Partition) -> Any:
        if not self.flow.symbolic:
            return self.linearised_together(np.ones(1), matrix, partition)[0]
        h, growth = self._by_coordinate
        factors = np.array([sympy.exp(sympy.expand(g)) for g in growth])
        return sympy.Matrix(self._matrix(factors, h)).applyfunc(sympy.expand)

    def linearised_together(
        self, factors: np.ndarray, matrix: Any, partition: Partition
    ) -> np.ndarray:
        h, growth = self._by_coordinate
        several = factors[:, None, None]
        return self._matrix(np.exp(several * growth), several * h)

    @property
    def _by_coordinate(self) -> tuple[np.ndarray, np.ndarray]:
        """Each coordinate's step size h, and h (u − ū), shape (d,)."""
        x, u, _ = self._here
        sizes = self.flow.partition.per_player(self.lr, "lr")
        h = np.repeat(np.array(sizes), self.flow.partition.sizes)
        growth = np.zeros_like(x)
        for group in self.flow.sets.simplices:
            growth[group] = h[group] * (u[group] - x[group] @ u[group])
        return h, growth

    def _matrix(self, factors: np.ndarray, h: np.ndarray) -> np.ndarray:
        """The linearised step with E and h in rows of shape (d,), or n of them, shape (n, 1, d)."""
        x, _, jacobian = self._here
        centred = np.eye(len(x), dtype=x.dtype)
        for group in self.flow.sets.simplices:
            centred[np.ix_(group, group)] -= x[group][:, None]
        return self.rule._whole(centred * factors, centred * (h * x), jacobian)  # pyright: ignore[reportAttributeAccessIssue]

    def with_lr(self, lr: Any) -> Self:
        found = super().with_lr(lr)
        if "_here" in vars(self):  # one evaluation serves every step size
            vars(found)["_here"] = self._here
        return found

    def lifted(self, matrix: Any, partition: Partition, tangent: np.ndarray) -> np.ndarray:
        jacobian = self._here[2]
        return stack(self.rule.init(lambda own: jacobian @ own, tangent))

    def check(self, flow: Any = None) -> None:
        """Raises NotAtRestError if strategies that are played pay differently; in floating point only."""
        if self.flow.symbolic:
            return
        x, u, _ = self._here
        for group in self.flow.sets.simplices:
            off = np.abs(x[group] * (u[group] - x[group] @ u[group])).max()
            if not off <= 1e-9 * (1 + np.abs(u[group]).max()):
                raise NotAtRestError(
                    f"{self.name} does not rest here: strategies that are played pay differently, "
                    f"by {off:.3g}"
                )

    @cached_property
    def _here(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, u and the Jacobian of u, in floats, or SymPy's numbers as objects."""
        if self.flow.symbolic:
            x = sympy.Matrix(self.point)
            parts = x, self.flow(x), self.flow.jacobian(x)
            x, u, jacobian = (np.array(part.tolist(), dtype=object) for part in parts)
            return x.ravel(), u.ravel(), jacobian
        x = np.asarray(self.point, dtype=float)
        values, jacobians = self.flow.evaluate(x[None])  # pyright: ignore[reportAttributeAccessIssue]
        return x, values[0], jacobians[0]
