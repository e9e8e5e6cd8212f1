"""Multiplicative weights: steps that multiply probabilities, and so keep them positive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..dynamics.vectors import grouped, reweighted
from ..errors import InputError
from ..fields.evolutionary import check_simplices
from ..fields.gradient import Gradient
from .local import local
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
        return local(self, flow, x)

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

    def step(self, flow: Any, state: State) -> State:
        x, last = state
        u = flow(x)
        return (self._moved(flow, x, 2 * u - last), u)
