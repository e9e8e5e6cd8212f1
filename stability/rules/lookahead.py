"""Lookahead: a few steps of another rule, then part of the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..documents.settings import setting
from ..dynamics.positive_settings import check_positive, check_whole
from .inner_rule import take_inner
from .limits import project
from .rule import Rule, State, coefficient


@dataclass(frozen=True)
class Lookahead(Rule):
    """x ← x + α(Rᵏ(x) − x) over any rule R (Zhang et al. 2019; for games Chavdarova et al. 2021).

    - `k`: how many steps of R, at least one; `alpha`: α, how much of the way to their end is gone.
    - `inner`: the rule R; default: `Simultaneous`. What it remembers (momentum, a last field) is kept from
      its k-th step.
    - `lr`: R's step size; None leaves R's own.
    """

    lr: Any = None
    k: int = setting(5, read="whole")
    alpha: Any = 0.5
    inner: Any = setting(None, read="rule", others=False)
    name: ClassVar[str] = "lookahead"

    def __post_init__(self):
        take_inner(self)
        check_whole(self.k, "lookahead's number of steps k", 1, 1000)
        check_positive(self.alpha, "lookahead's alpha")

    def check(self, flow: Any) -> None:
        self.inner.check(flow)

    def init(self, flow: Any, x: Any) -> State:
        return self.inner.init(flow, x)

    def step(self, flow: Any, state: State) -> State:
        slow = state[0]
        for _ in range(self.k):
            state = self.inner.step(flow, state)
        fast, *memory = state
        after = slow + coefficient(self.alpha, slow) * (fast - slow)
        beyond = self.alpha > 1  # else it is between two points of the sets
        return (project(flow, after) if beyond == True else after, *memory)  # noqa: E712 (or a symbol)
