"""One block of a Krylov decomposition A V = V H + v bᵀ: several products, then orthonormalisation.

Differs from the textbook's Arnoldi step in these ways:

1. A block of s vectors w₁, …, w_s is made by s products first, each orthogonalised against the
   last few vectors only, and then orthonormalised as a whole against the basis, which is so read
   from memory once for s products instead of once for each. The columns of H follow from the
   recurrence of the w_i (s-step Arnoldi: Hoemmen 2010, chapter 3).
2. That recurrence is an incomplete orthogonalisation (Saad 1980) and not a fixed polynomial basis,
   which outliers of the spectrum make ill conditioned. The Ritz vectors of outliers, which every
   product tends to, are taken out as well. Where the w_i are nearly dependent after all, the rest
   of the block is lost, and the next one is shorter, down to single steps.
3. What is orthogonalised is orthogonalised a second time only if the first time took most of it
   away (Daniel, Gragg, Kaufman, Stewart 1976); a block by the Cholesky factor of its Gram matrix,
   so that twice is Cholesky QR 2 (Yamamoto et al. 2015).
4. Where nothing is left of a vector, the space is invariant. Then H gets a zero, and the basis is
   continued with a random vector orthogonal to it: copies of multiple eigenvalues are found so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg

from .operators import Operator, require_finite
from .schur import Small

_SECOND_PASS = 0.7  # less than this fraction left: orthogonalise again
_WINDOW = 2  # vectors of the basis that a block's vectors are orthogonalised against at first
_ENOUGH = 0.5  # the same for a block: of each vector, of what is orthogonal to those before it
_CONDITION = 30.0  # of a block's vectors, beyond which H would lose too many digits


class Expansion:
    """A V_n = V_{n+1} H while it grows: `small` is H, of shape (size + 1, size), `count` is n."""

    def __init__(self, operator: Operator, basis: Any, size: int, steps: int):
        self.operator = operator
        self.basis = basis
        self.size = size
        self.steps = steps
        self.small: Small = np.zeros((size + 1, size))
        self.count = 0
        self.complete = False  # whether the basis spans the whole space
        self._block_size = steps
        self.dominant: list[int] = []

    def begin(self, guess: Any = None) -> None:
        """Put a random unit vector, orthogonal to the first `count` ones, at place `count`.

        With a guess, a unit vector, the random one is only added to it, a third as long.
        """
        basis, count = self.basis, self.count
        enough = 0.5
        for _ in range(3):
            vector = basis.random()
            if guess is not None:
                vector = guess + vector / (3 * len(vector) ** 0.5)
                guess, enough = None, 0.2
            block = basis.stack([vector])
            for _ in range(2):
                norm = np.sqrt(basis.gram(block)[0, 0])
                block = basis.turned(block, np.array([[1 / norm]]))
                if count:
                    block = basis.subtract(count, block, basis.project(count, block))
            left = float(np.sqrt(basis.gram(block)[0, 0]))
            if left > enough:
                basis.store(count, basis.turned(block, np.array([[1 / left]])))
                return
        self.complete = True

    def advance(self) -> None:
        """Expand by one block, or less where H then has `size` columns or the space is exhausted."""
        steps = min(self._block_size, self.size - self.count)
        if steps < 2:
            self._single()
        else:
            before = self.count
            if not self._block(steps):
                self._single()
            # dependent vectors are products lost: try one more than was independent this time
            self._block_size = min(self.steps, self.count - before + 1)

    @property
    def full(self) -> bool:
        """Whether H has `size` columns or the space is exhausted."""
        return self.complete or self.count == self.size

    def restart(self, small: Small, dominant: Sequence[int]) -> None:
        """Go on from a decomposition of `count` vectors, H being `small`, (count + 1, count).

        `dominant` are those of the vectors that products tend to.
        """
        count = small.shape[1]
        self.dominant = list(dominant)
        self.small[:] = 0.0
        self.small[: count + 1, :count] = small
        self.count = count
        self._block_size = self.steps

    def _single(self) -> None:
        basis, n = self.basis, self.count
        image = self.operator.matvec(basis.row(n))
        block = basis.stack([image])
        before = float(np.sqrt(basis.gram(block)[0, 0]))
        column = basis.project(n + 1, block)
        require_finite(column)
        block = basis.subtract(n + 1, block, column)
        after = float(np.sqrt(basis.gram(block)[0, 0]))
        if after < _SECOND_PASS * before:
            rest = basis.project(n + 1, block)
            block = basis.subtract(n + 1, block, rest)
            column = column + rest
            after = float(np.sqrt(basis.gram(block)[0, 0]))
        self.small[: n + 1, n] = column[:, 0]
        self.count = n + 1
        # what is left of an exact invariant subspace is the rounding of its products
        rounding = 64 * np.finfo(self.operator.dtype).eps
        if self.count == self.operator.dimension:
            self.complete = True
        elif after > rounding * max(before, float(np.abs(self.small).max())):
            self.small[n + 1, n] = after
            basis.store(n + 1, basis.turned(block, np.array([[1 / after]])))
        else:
            self.begin()

    def _block(self, steps: int) -> bool:
        """Expand by up to `steps` vectors at once, by as many as are clearly independent.

        False, and nothing is changed, if none is.
        """
        basis, n = self.basis, self.count
        last = range(max(0, n - _WINDOW), n + 1)
        rows = [i for i in self.dominant if i < last[0]] + list(last)
        known = len(rows)  # of which the last is w_0; the others go to the rows that follow it
        rows += range(n + 1, n + 1 + steps)
        columns = []
        for place in range(known, known + steps):
            image = self.operator.matvec(basis.row(rows[place - 1]))
            columns.append(basis.extend(rows, place, image))
        # A w_i = (the rows) × (column i of the recurrence)
        recurrence = basis.columns(columns)
        block = basis.block(n + 1, steps)
        require_finite(recurrence)
        norms = np.linalg.norm(recurrence, axis=0)
        left = recurrence[np.arange(known, known + steps), np.arange(steps)]
        steps = int(np.argmin(np.append(left > norms / _CONDITION, False)))
        above, triangle = np.zeros((n + 1, 0)), np.zeros((0, 0))
        for again in (False, True):
            part = basis.project(n + 1, block)
            block = basis.subtract(n + 1, block, part)
            factor = _leading(basis.gram(block)[:steps, :steps])
            if not again:
                steps = len(factor)
                above, triangle = np.zeros((n + 1, steps)), np.eye(steps)
            if len(factor) < max(steps, 1):
                return False
            block = basis.turned(block[:steps], scipy.linalg.inv(factor).T)
            above += part[:, :steps] @ triangle
            triangle = factor @ triangle
            if factor.diagonal().min() > _ENOUGH:
                break
        recurrence = recurrence[: known + steps, :steps]
        basis.store(n + 1, block)

        # [window] = V G, so A V = V H on the old vectors gives the new columns of H
        g = np.zeros((n + 1 + steps, known + steps))
        g[rows[:known], range(known)] = 1.0
        g[: n + 1, known:] = above
        g[n + 1 :, known:] = triangle
        started = g[:, known - 1 : -1]
        images = g @ recurrence
        images[: n + 1] -= self.small[: n + 1, :n] @ started[:n]
        self.small[: n + 1 + steps, n : n + steps] = scipy.linalg.solve_triangular(
            started[n : n + steps].T, images.T, lower=True
        ).T
        self.count = n + steps
        return True


def _leading(gram: Small) -> Small:
    """The Cholesky factor of the largest leading block that is positive and well conditioned."""
    for size in range(len(gram), 0, -1):
        try:
            factor = scipy.linalg.cholesky(gram[:size, :size])
        except np.linalg.LinAlgError:
            continue
        if np.linalg.norm(np.linalg.inv(factor), 2) < _CONDITION:
            return factor
    return gram[:0, :0]
