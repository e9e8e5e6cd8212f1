"""The affine flows of many minibatches at once, for rules that use one minibatch for a whole step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dynamics.partition import Partition
from ..dynamics.vectors import split
from ..errors import SingularError
from ..rules import Competitive, Rule
from ..rules.matrix_free import with_competitive
from ..rules.rule import State


class AffineFlows:
    """K flows ẋ = J_k x + v_k, from J (K, d, d) and v (K, d), on vectors of shape (d, c, K).

    Of the c columns the first ones are tangent vectors, for which v does not count, and the last is a point.
    """

    game: Any = None
    field: Any = None

    def __init__(self, jacobians: np.ndarray, fields: np.ndarray, partition: Partition):
        self.jacobians = jacobians
        self.fields = fields
        self.partition = partition

    def __call__(self, x: np.ndarray) -> np.ndarray:
        moved = self.jvp(x, x)
        moved[:, -1] += self.fields.T
        return moved

    def part(self, i: int, x: np.ndarray) -> np.ndarray:
        own = self.partition.slices[i]
        moved = _from_first(self.jacobians[:, own] @ _to_first(x))
        moved[:, -1] += self.fields[:, own].T
        return moved

    def jvp(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        return _from_first(self.jacobians @ _to_first(u))

    def restricted(self, i: int, x: np.ndarray) -> _Restricted:
        return _Restricted(self, i, x)

    def implicit_step(self, sizes: Sequence[Any], x: np.ndarray) -> np.ndarray:
        """The y with y = x + H (Jy + v)."""
        h = self.partition.scale(sizes, np.ones(self.partition.dimension))
        right = x.copy()
        right[:, -1] += (h * self.fields).T
        return _solve(np.eye(len(h)) - h[:, None] * self.jacobians, right)

    def competitive(self, sizes: Sequence[Any], move: np.ndarray) -> np.ndarray:
        """The Δ with (I − HO)Δ = the move, O the part of J outside the players' own blocks."""
        h = self.partition.scale(sizes, np.ones(self.partition.dimension))
        others = self.partition.interaction(self.jacobians)
        return _solve(np.eye(len(h)) - h[:, None] * others, move)


class _Restricted:
    """Player i's own flows while the others' strategies stay those of x."""

    game: Any = None
    field: Any = None

    def __init__(self, flows: AffineFlows, i: int, x: np.ndarray):
        self.partition = flows.partition.alone(i)
        self._flows, self._i, self._x = flows, i, x

    def __call__(self, own: np.ndarray) -> np.ndarray:
        return self._flows.part(self._i, self._flows.partition.replaced(self._i, own, self._x))

    def part(self, i: int, own: np.ndarray) -> np.ndarray:
        return self(own)

    def restricted(self, i: int, own: np.ndarray) -> _Restricted:
        return self

    def zero(self, own: np.ndarray) -> np.ndarray:
        rows = self._flows.partition.slices[self._i]
        block = self._flows.jacobians[:, rows, rows]
        if np.linalg.eigvalsh(block + block.transpose(0, 2, 1)).max() >= 0:
            raise SingularError(
                f"{self.partition.players[0]} has no best response on one of the minibatches: its own loss "
                "has no strict minimum there"
            )
        return _solve(block, -self(np.zeros_like(own)))

    def implicit_step(self, sizes: Sequence[Any], own: np.ndarray) -> np.ndarray:
        rows = self._flows.partition.slices[self._i]
        block = self._flows.jacobians[:, rows, rows]
        (h,) = sizes
        right = own + h * self(np.zeros_like(own))
        return _solve(np.eye(block.shape[-1]) - h * block, right)


@dataclass(frozen=True)
class _Competitive(Competitive):
    """The competitive step of all minibatches at once."""

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        sizes = flow.partition.per_player(self.lr, "lr")
        return (x + flow.competitive(sizes, self.along(flow, flow(x))),)


def steps_on(
    rule: Rule, partition: Partition, jacobians: np.ndarray, fields: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """M (K, m, m) and g (K, m) of a rule's step on each of K minibatches of the given J and v.

    Raises SingularError where the step solves a system that is singular on one of them.
    """
    sizes = rule.state_sizes(partition)
    m, k = sum(sizes), len(fields)
    start = np.broadcast_to(np.eye(m, m + 1)[..., None], (m, m + 1, k))
    flows = AffineFlows(jacobians, fields, partition)
    after = np.concatenate(with_competitive(rule, _Competitive).step(flows, split(start, sizes)))
    stepped = _to_first(after)
    return np.ascontiguousarray(stepped[..., :m]), stepped[..., m]


def _solve(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return _from_first(np.linalg.solve(matrices, _to_first(right)))
    except np.linalg.LinAlgError:
        raise SingularError(
            "the step's equations are singular on one of the minibatches; use another step size"
        ) from None


def _to_first(x: np.ndarray) -> np.ndarray:
    return np.moveaxis(x, -1, 0)


def _from_first(x: np.ndarray) -> np.ndarray:
    return np.moveaxis(x, 0, -1)
