"""A rule's whole projected step near a point of a face, in the coordinates of the face."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import sympy

from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.partition import Partition
from ..equilibria.face_chart import FaceChart
from ..equilibria.faces import Face
from ..rules import Rule
from ..rules.local import Local, local
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
        if not any(rule.keeps_sets for rule in self.rule.inside):
            return local(self, flow, x)
        own = self.symbolic if flow.symbolic else self.numeric
        assert own is not None
        full = self.chart.lift(sympy.Matrix(x)) if flow.symbolic else self.chart.x
        return _Reduced(self, flow, x, self.rule.near(own, full))

    def init(self, flow: Any, x: Any) -> State:
        own = self._own(x)
        return (x, *self.rule.init(own, self.chart.lift(x))[1:])

    def step(self, flow: Any, state: State) -> State:
        w, *memory = state
        own = self._own(w)
        full: State = (self.chart.lift(w), *memory)
        for move in self.rule.turns(own.partition):
            # (in SymPy the move itself ends on the face: once more would only make formulas longer)
            full = move(own, full)
            if own is self.numeric and not self.rule.keeps_sets:
                full = (self.chart.project(full[0]), *full[1:])
        return (self.chart.lower(full[0]), *full[1:])

    def _own(self, x: Any) -> Any:
        if not isinstance(x, sympy.MatrixBase):
            return self.numeric
        return self._kept_on_the_face

    @cached_property
    def _kept_on_the_face(self) -> SymbolicFlow:
        """The whole field in SymPy, each projection on the sets being the one onto the face."""
        assert self.symbolic is not None
        return self.symbolic.within(_OntoFace(self.chart, self.numeric.partition))


@dataclass(frozen=True, eq=False)
class _OntoFace:
    """The projection that the sets have near a point that is pushed against its limits, for SymPy.

    Its formulas hold no maximum. `player`: whose numbers are projected; None: the whole profile.
    """

    chart: FaceChart
    partition: Partition
    player: int | None = None

    def of_player(self, i: int) -> _OntoFace:
        return replace(self, player=i)

    def project(self, x: sympy.MatrixBase) -> sympy.MatrixBase:
        if self.player is None:
            return self.chart.project(x)
        assert self.chart.exact is not None
        around = sympy.Matrix(self.chart.exact)
        whole = self.partition.replaced(self.player, x, around)
        return self.partition.part(self.player, self.chart.project(whole))


@dataclass(frozen=True, eq=False)
class _Reduced(Local):
    """A rule that keeps the sets, linearised as a `whole`, in the coordinates of the flat face."""

    rule: Any  # a WholeStep
    whole: Any = None

    def with_lr(self, lr: Any) -> Self:
        return replace(self, rule=self.rule.with_lr(lr), whole=self.whole.with_lr(lr))

    def check(self, flow: Any = None) -> None:
        pass  # the whole rule was asked

    def linearise(self, matrix: Any, partition: Partition) -> Any:
        full = self.whole.linearise(matrix, self.rule.numeric.partition)
        if isinstance(full, sympy.MatrixBase):
            return _reduced_exactly(full, self.rule.chart.face)
        return _reduced(full, self.rule.chart.face)

    def linearised_together(
        self, factors: np.ndarray, matrix: np.ndarray, partition: Partition
    ) -> np.ndarray:
        full = self.whole.linearised_together(factors, matrix, self.rule.numeric.partition)
        return _reduced(full, self.rule.chart.face)


def _reduced(full: np.ndarray, face: Face) -> np.ndarray:
    """A step, shape (…, m, m), in the coordinates of a face, its first d coordinates being the profile's."""
    d = len(face.basis)
    rows = np.concatenate([face.inverse @ full[..., :d, :], full[..., d:, :]], axis=-2)
    return np.concatenate([rows[..., :d] @ face.basis, rows[..., d:]], axis=-1)


def _reduced_exactly(full: sympy.MatrixBase, face: Face) -> sympy.MatrixBase:
    d, k = face.basis.shape
    memory = full.rows - d
    basis = sympy.Matrix(face.basis.astype(int))
    inverse = (basis.T * basis).inv() * basis.T if k else sympy.zeros(0, d)
    rest = sympy.eye(memory)
    left, right = sympy.diag(inverse, rest), sympy.diag(basis, rest)
    return left * full * right
