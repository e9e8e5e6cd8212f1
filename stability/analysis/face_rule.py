"""A rule's whole projected step near a point of a face, in the coordinates of the face."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import sympy

from ..dynamics.flow import Flow, SymbolicFlow
from ..equilibria.face_chart import FaceChart
from ..rules import Rule
from ..rules.local import local
from ..rules.rule import State


@dataclass(frozen=True, eq=False)
class WholeStep(Rule):
    """`rule` along the whole field, each move projected onto the face, as a rule on the face's own flow.

    Near a strictly complementary point, where steps of any size that are projected on the sets end on the
    face, that is the projected step. A rule that `keeps_sets` is not projected. What the rule remembers stays
    in the coordinates of the whole space.

    `numeric`, `symbolic`: the whole field in each engine (`symbolic` may be missing).
    """

    rule: Rule
    chart: FaceChart
    numeric: Flow
    symbolic: SymbolicFlow | None
    ignores_the_jacobian: ClassVar[bool] = True

    @property
    def name(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.rule.name

    @property
    def lr(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.rule.lr

    @property
    def settings(self) -> dict[str, Any]:
        return self.rule.settings

    @property
    def sees_more_than_the_jacobian(self) -> bool:
        return True

    @property
    def rests_elsewhere(self) -> bool:
        return self.rule.rests_elsewhere

    @property
    def remark(self) -> str | None:
        return self.rule.remark

    def check(self, flow: Any) -> None:
        self.rule.check(self.numeric)

    def with_lr(self, lr: Any) -> Self:
        return replace(self, rule=self.rule.with_lr(lr))

    def frozen(self) -> Self:
        return replace(self, rule=self.rule.frozen())

    def near(self, flow: Any, x: Any) -> Rule:
        return local(self, flow, x)

    def init(self, flow: Any, x: Any) -> State:
        own = self._own(x)
        return (x, *self.rule.init(own, self.chart.lift(x))[1:])

    def step(self, flow: Any, state: State) -> State:
        w, *memory = state
        own = self._own(w)
        full: State = (self.chart.lift(w), *memory)
        for move in self.rule.turns(own.partition):
            full = move(own, full)
            if not self.rule.keeps_sets:
                full = (self.chart.project(full[0]), *full[1:])
        return (self.chart.lower(full[0]), *full[1:])

    def _own(self, x: Any) -> Any:
        if not isinstance(x, sympy.MatrixBase):
            return self.numeric
        assert self.symbolic is not None
        return self.symbolic
