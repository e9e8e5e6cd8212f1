"""One block of a Krylov decomposition A V = V H + v bᵀ: several products, then orthonormalisation.

Differs from the textbook's Arnoldi step in these ways:

1. A block of s products w₀ = v, w₁ = p₁(A) v, …, w_s = p_s(A) v is made first and orthonormalised
   as a whole against the basis, which is then read from memory once for s products instead of once
   for each (s-step Arnoldi: Bai, Hu, Reichel 1994; Hoemmen 2010, chapter 3). The columns of H
   follow from the recurrence of the p_i.
2. The p_i are Chebyshev polynomials for a disc that holds the Ritz values, so that the w_i are far
   from parallel. Where they are nearly dependent after all, single steps are taken.
3. What is orthogonalised is orthogonalised a second time only if the first time took most of it
   away (Daniel, Gragg, Kaufman, Stewart 1976); a block by the Cholesky factor of its Gram matrix,
   so that twice is Cholesky QR 2 (Yamamoto et al. 2015).
4. Where nothing is left of a vector, the space is invariant. Then H gets a zero, and the basis is
   continued with a random vector orthogonal to it: copies of multiple eigenvalues are found so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from .operators import Operator, require_finite
from .schur import Small

_SECOND_PASS = 0.7  # less than this fraction left: orthogonalise again
_ENOUGH = 0.7  # the same for a block: of each vector, of what is orthogonal to those before it
_INDEPENDENT = 0.02  # if less is left of a vector of a block, H would lose too many digits


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
        self._disc: tuple[float, float] | None = None
        self.breakdowns = 0

    def begin(self) -> None:
        """Put a random unit vector, orthogonal to the first `count` ones, at place `count`."""
        basis, count = self.basis, self.count
        for _ in range(3):
            block = basis.stack([basis.random()])
            for _ in range(2):
                norm = np.sqrt(basis.gram(block)[0, 0])
                block = basis.turned(block, np.array([[1 / norm]]))
                if count:
                    block = basis.subtract(count, block, basis.project(count, block))
            left = float(np.sqrt(basis.gram(block)[0, 0]))
            if left > 0.5:
                basis.store(count, basis.turned(block, np.array([[1 / left]])))
                return
        self.complete = True

    def fill(self) -> None:
        """Expand until H has `size` columns or the space is exhausted."""
        while self.count < self.size and not self.complete:
            steps = min(self.steps, self.size - self.count)
            if self._disc is None or steps < 2:
                self._single()
            elif not self._block(steps):
                self.steps = self.steps // 2

    def restart(self, count: int, small: Small, spread: Any) -> None:
        """Go on from a decomposition of `count` vectors, H being `small`, (count + 1, count).

        The Ritz values `spread` tell the disc of the blocks' polynomials.
        """
        self.small[:] = 0.0
        self.small[: count + 1, :count] = small
        self.count = count
        centre = float(spread.real.max() + spread.real.min()) / 2
        radius = float(np.abs(spread - centre).max())
        self._disc = (centre, radius) if radius > 0 else None

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
            column += rest
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
            self.breakdowns += 1
            self.begin()

    def _block(self, steps: int) -> bool:
        """Expand by `steps` vectors at once; False, and nothing changed, if they are dependent."""
        assert self._disc is not None
        basis, n = self.basis, self.count
        centre, radius = self._disc
        recurrence = np.zeros((steps + 1, steps))
        vectors = [basis.row(n)]
        for i in range(steps):
            # A w_i = (radius / twice) (w_{i+1} + back w_{i-1}) + centre w_i
            twice, back = (2.0, 1.0) if i else (1.0, 0.0)
            image = self.operator.matvec(vectors[i])
            other = vectors[i - 1]
            vectors.append(basis.combine(twice / radius, image, centre, vectors[i], back, other))
            recurrence[i, i] = centre
            recurrence[i + 1, i] = radius / twice
            if i:
                recurrence[i - 1, i] = radius / twice
        block = basis.stack(vectors[1:])
        del vectors
        size = np.sqrt(basis.gram(block).diagonal())
        require_finite(size)
        above = np.zeros((n + 1, steps))
        triangle = np.eye(steps)
        for again in (False, True):
            part = basis.project(n + 1, block)
            block = basis.subtract(n + 1, block, part)
            try:
                factor = scipy.linalg.cholesky(basis.gram(block))
            except np.linalg.LinAlgError:
                return False
            block = basis.turned(block, scipy.linalg.inv(factor).T)
            above += part @ triangle
            triangle = factor @ triangle
            sine = float((factor.diagonal() / size).min())
            if again or sine > _ENOUGH:
                break
            if sine < _INDEPENDENT:
                return False
            size = np.ones(steps)
        basis.store(n + 1, block)

        # [w_0 … w_s] = V G, so A V = V H on the old vectors gives the new columns of H
        old = self.small[: n + 1, :n]
        g = np.zeros((n + 1 + steps, steps + 1))
        g[n, 0] = 1.0
        g[: n + 1, 1:] = above
        g[n + 1 :, 1:] = triangle
        images = g @ recurrence
        images[: n + 1] -= old @ g[:n, :steps]
        self.small[: n + 1 + steps, n : n + steps] = scipy.linalg.solve_triangular(
            g[n : n + steps, :steps].T, images.T, lower=True
        ).T
        self.count = n + steps
        return True
