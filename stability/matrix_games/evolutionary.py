"""Evolutionarily stable strategies, exactly."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from ..criteria.copositive import strictly_copositive
from ..errors import InputError
from ..games.strategic_form import StrategicForm, strategic_form_of

_MOST_STRATEGIES = 12


@dataclass(frozen=True)
class EvolutionarilyStableStrategy:
    """A mixture that no rare other one can invade.

    - `strategy`: the probabilities, or shares of a population. `support`: the strategies that it plays.
    - `best_replies`: the strategies that pay as much against it, the support among them.
    - `payoff`: what it gets against itself.
    """

    strategy: tuple[sympy.Expr, ...]
    support: tuple[str, ...]
    best_replies: tuple[str, ...]
    payoff: sympy.Expr

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.strategy))}), payoff {self.payoff}"


def evolutionarily_stable_strategies(
    game: Any, *, parameters: Mapping[Any, Any] | None = None
) -> tuple[EvolutionarilyStableStrategy, ...]:
    """All evolutionarily stable strategies of a symmetric game with payoffs A, by support.

    x is one if for every other y either xᵀAx > yᵀAx, or they are equal and xᵀAy > yᵀAy (Maynard Smith, Price
    1973). Equivalently x is a best reply to itself, and zᵀAz < 0 for every z ≠ 0 with Σz = 0 that is zero
    outside the best replies to x, and not negative outside the support: with m in the support, the matrix
    −(a_ij + a_ji − a_im − a_mi − a_mj − a_jm + 2 a_mm) is strictly copositive on the i, j ≠ m among the best
    replies, those in the support being free (Haigh 1975; Abakuks 1980). Each support has at most one, and so
    have its subsets and supersets together, as far as they are best replies (Bishop, Cannings 1976). Each is
    asymptotically stable for the replicator (Taylor, Jonker 1978).

    **Arguments:**

    - `game`: a `StrategicForm` of one population, or of two players with payoffs A and Aᵀ, or a game that was
      made from one.
    - `parameters`: values for the game's parameters, over its own.

    Raises InputTypeError for a game without a strategic form, InputError for one that is not symmetric, for
    payoffs that are not rational and for more than twelve strategies.
    """
    form = strategic_form_of(game).at_values(parameters)
    labels, matrix = _symmetric(form)
    n = len(labels)
    found = []
    for size in range(1, n + 1):
        for support in itertools.combinations(range(n), size):
            x = _on_support(matrix, support)
            if x is None:
                continue
            worth = matrix * x
            best = [i for i in range(n) if worth[i] == worth[support[0]]]
            if max(worth) == worth[support[0]] and _resists(matrix, support, best):
                found.append(
                    EvolutionarilyStableStrategy(
                        tuple(x),
                        tuple(labels[i] for i in support),
                        tuple(labels[i] for i in best),
                        worth[support[0]],
                    )
                )
    return tuple(found)


def _symmetric(form: StrategicForm) -> tuple[Sequence[str], sympy.Matrix]:
    """The labels and A. Raises InputError for a game that is not symmetric, or too large."""
    tables = [sympy.Matrix(t.tolist()) if t.rank() == 2 else None for t in form.payoffs.values()]
    symmetric = form.one_population or (
        len(tables) == 2
        and tables[0] is not None
        and len(set(form.shape)) == 1
        and tables[1] == tables[0].T
    )
    if not symmetric or tables[0] is None:
        raise InputError(
            "evolutionary stability is about symmetric games: one population with a square table, or two "
            "players with payoffs A and its transpose"
        )
    labels = next(iter(form.strategies.values()))
    if len(labels) > _MOST_STRATEGIES:
        raise InputError(
            f"evolutionarily stable strategies are found among at most {_MOST_STRATEGIES} strategies, not "
            f"{len(labels)}"
        )
    if not all(e.is_Rational for e in tables[0]):
        raise InputError("evolutionarily stable strategies take payoffs that are rational numbers")
    return labels, tables[0]


def _on_support(matrix: sympy.Matrix, support: Sequence[int]) -> sympy.Matrix | None:
    """The only x with this support on which all of it pays the same; None if there is none or several."""
    k = len(support)
    block = matrix.extract(support, support)
    bordered = sympy.Matrix(
        sympy.BlockMatrix([[block, -sympy.ones(k, 1)], [sympy.ones(1, k), sympy.zeros(1, 1)]])
    )
    if bordered.det() == 0:
        return None
    own = bordered.LUsolve(sympy.Matrix([*[0] * k, 1]))[:k]
    if any(p <= 0 for p in own):
        return None
    x = sympy.zeros(matrix.rows, 1)
    for i, p in zip(support, own, strict=True):
        x[i] = p
    return x


def _resists(matrix: sympy.Matrix, support: Sequence[int], best: Sequence[int]) -> bool:
    """Whether zᵀAz < 0 for the z of `evolutionarily_stable_strategies`."""
    m, *free = support
    bounded = [i for i in best if i not in support]
    others = [*free, *bounded]
    form = sympy.Matrix(
        len(others),
        len(others),
        lambda r, c: -_second_difference(matrix, others[r], others[c], m),
    )
    k = len(free)
    inner = form[:k, :k]
    if not _positive_definite(inner):
        return False
    if not bounded:
        return True
    coupling = form[:k, k:]
    return strictly_copositive(
        form[k:, k:] - coupling.T * (inner.LUsolve(coupling) if k else coupling)
    )


def _second_difference(a: sympy.Matrix, i: int, j: int, m: int) -> sympy.Expr:
    """(e_i − e_m)ᵀ(A + Aᵀ)(e_j − e_m)."""
    return a[i, j] + a[j, i] - a[i, m] - a[m, i] - a[m, j] - a[j, m] + 2 * a[m, m]


def _positive_definite(matrix: sympy.Matrix) -> bool:
    return all(matrix[:k, :k].det() > 0 for k in range(1, matrix.rows + 1))
