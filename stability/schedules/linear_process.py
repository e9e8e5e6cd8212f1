"""The linear process of a rule whose step sizes change: the products of its linearised steps."""

from __future__ import annotations

import numpy as np

from ..analysis.rules_at_point import FieldJacobian
from ..dynamics.partition import Partition
from ..equilibria.equilibrium import Equilibrium, across, complement
from ..errors import InputError
from ..rules import Rule

LARGEST = 200  # numbers of a state whose products of matrices are followed
CHUNK = 256  # matrices whose eigenvalues are computed at once
ROUNDING = (
    64 * np.finfo(float).eps
)  # a radius this near to one, for each number, is not told from one
STANDING = 1e-300  # what a step of size zero, which rules refuse, is taken as: it moves nothing


class LinearProcess:
    """The linear process of a rule at a rest point.

    - `across`: shape (d, c): the identity, or along a manifold of equilibria a basis across it.
    - `tangent`: shape (m, k): directions of the state along that manifold.
    - `rounding`: how near to one a radius is not told from it.
    """

    def __init__(
        self, rule: Rule, e: Equilibrium, known: FieldJacobian | None, partition: Partition
    ):
        d = partition.dimension
        moves = known is not None and e.stationary
        self.matrix = known.matrix if moves and known is not None else np.zeros((d, d))
        tangent = e.tangent if moves else np.zeros((d, 0))
        self.rule, self.partition = rule, partition
        self.lift = rule.lifted(self.matrix, partition, np.eye(d))
        m = len(self.lift)
        if m > LARGEST:
            raise InputError(
                f"the state of {rule.name} has {m} numbers here, and products of matrices are followed up to "
                f"{LARGEST}"
            )
        self.across = complement(tangent)
        self.tangent = self.lift @ tangent
        self.rounding = m * ROUNDING

    def step(self, sizes: np.ndarray) -> np.ndarray:
        """M at these step sizes, shape (m, m)."""
        return at_sizes(self.rule, sizes).linearise(self.matrix, self.partition)

    def follow(
        self, sizes: np.ndarray, delta: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Spectral radii (steps,), greatest growth (steps + 1,), and where δ goes, (steps + 1, c)."""
        steps, d = len(sizes), len(delta)
        product = self.lift @ np.column_stack([self.across, delta])
        logarithm, size = 0.0, 1.0
        growth, path, radii, chunk = np.empty(steps + 1), [], [], []
        matrix, last = np.empty(0), np.full(sizes.shape[1], np.nan)
        for k in range(steps + 1):
            seen = self.across.T @ product[:d]
            with np.errstate(all="ignore"):
                scale = np.exp(logarithm)
                growth[k] = np.linalg.norm(seen[:, :-1], 2) * scale if seen.shape[0] else 0.0
                path.append(seen[:, -1] * scale)
            if k == steps:
                break
            if not np.array_equal(sizes[k], last):  # a constant schedule has one matrix
                matrix, last = self.step(sizes[k]), sizes[k]
            chunk.append(matrix)
            if len(chunk) == CHUNK or k == steps - 1:
                multipliers = np.linalg.eigvals(across(np.stack(chunk), self.tangent))
                radii.append(np.abs(multipliers).max(axis=1, initial=0.0))
                chunk = []
            product = matrix @ product
            size = float(np.abs(product).max())
            if not np.isfinite(size):
                raise InputError(
                    f"a step of {self.rule.name} at k = {k} is not finite; use smaller step sizes"
                )
            if size:  # no number of steps overflows or vanishes
                product, logarithm = product / size, logarithm + np.log(size)
        return np.concatenate(radii), growth, np.stack(path)


def moving(sizes: np.ndarray) -> list[float]:
    """The step sizes as rules take them."""
    return [float(size) or STANDING for size in sizes]


def at_sizes(rule: Rule, sizes: np.ndarray) -> Rule:
    """A rule whose step sizes are a mapping in player order, at other ones."""
    left = iter(moving(sizes))
    return rule.with_each_lr(lambda _: next(left))
