"""A rule's step written down: at which points it evaluates the field, and what it makes of the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dynamics.partition import Partition
from ..dynamics.vectors import split, stack
from ..rules.rule import Rule

LONGEST = 2000  # numbers on a tape


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The field's `rows` at a `point`, given by its coefficients (d, begin) in what was known before."""

    rows: slice
    point: np.ndarray
    begin: int
    end: int


@dataclass(frozen=True, eq=False)
class Tape:
    """A step as y_k = J w_k + v, w_k and the new state being linear in the state and earlier y.

    The tape is the old state, m numbers, then y_1, y_2, …; `after` are the coefficients of the new state,
    shape (m, T).
    """

    state: int
    evaluations: tuple[Evaluation, ...]
    after: np.ndarray


class _Several(Exception):
    """The step asks for more than values of the field."""


class _Recorder:
    """Stands in for a flow; every vector is the matrix of its coefficients on the tape."""

    game: Any = None
    field: Any = None

    def __init__(self, partition: Partition, evaluate: Callable[[slice, np.ndarray], np.ndarray]):
        self.partition = partition
        self._evaluate = evaluate

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self._evaluate(slice(0, self.partition.dimension), x)

    def part(self, i: int, x: np.ndarray) -> np.ndarray:
        return self._evaluate(self.partition.slices[i], x)

    def restricted(self, i: int, x: np.ndarray) -> _Recorder:
        whole, begin = self.partition, self.partition.slices[i].start

        def own(rows: slice, part: np.ndarray) -> np.ndarray:
            rows = slice(begin + rows.start, begin + rows.stop)
            return self._evaluate(rows, whole.replaced(i, part, x))

        return _Recorder(whole.alone(i), own)

    def _refuse(self, *_: Any) -> Any:
        raise _Several

    jvp = jacobian = implicit_step = zero = _refuse


def record(rule: Rule, partition: Partition) -> Tape | None:
    """The tape of one step of a rule; None if the step does more than evaluate the field and add up.

    Such are those that solve equations (proximal, competitive, best response), and those too long to record.
    """
    sizes = rule.state_sizes(partition)
    m = sum(sizes)
    lengths: list[int] = []

    def count(rows: slice, x: np.ndarray) -> np.ndarray:
        lengths.append(rows.stop - rows.start)
        return np.zeros((lengths[-1], x.shape[1]))

    try:
        rule.step(_Recorder(partition, count), split(np.eye(m), sizes))
    except _Several:
        return None
    width = m + sum(lengths)
    if width > LONGEST:
        return None
    evaluations: list[Evaluation] = []

    def write(rows: slice, x: np.ndarray) -> np.ndarray:
        begin = evaluations[-1].end if evaluations else m
        end = begin + rows.stop - rows.start
        evaluations.append(Evaluation(rows, x[:, :begin].copy(), begin, end))
        return np.eye(width)[begin:end]

    after = stack(rule.step(_Recorder(partition, write), split(np.eye(m, width), sizes)))
    return Tape(m, tuple(evaluations), after)
