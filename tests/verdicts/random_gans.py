"""Random GANs on finitely many points, with their derivatives written out in NumPy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stability.dynamics.partition import Partition
from stability.verdicts.conditions import EPS
from stability.verdicts.nagarajan_kolter_checks import Field, Surroundings


@dataclass(frozen=True)
class FiniteGAN:
    """V(θ, a) = Σ pᵢ f(Dᵢ) + Σ qᵢ f(−Dᵢ), D = Φθ, q = softmax(log p + W s(a)), at θ = 0, a = 0.

    f(t) = f₁t + f₂t²/2 + f₃t³/6; s squares the coordinates marked in `squared` and leaves the others. The
    generator may have a loss of its own, ½ aᵀHa, and feel its share of V by a factor.
    """

    p: np.ndarray
    features: np.ndarray  # Φ, (m, n_D)
    weights: np.ndarray  # W, (m, n_G)
    f: tuple[float, float, float]
    squared: np.ndarray
    own: np.ndarray
    factor: float = 1.0

    @property
    def partition(self) -> Partition:
        return Partition(("D", "G"), (self.features.shape[1], self.weights.shape[1]))

    def evaluate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The gradient field and its Jacobian at points (k, d)."""
        phi, w = self.features, self.weights
        theta, a = np.split(x, [phi.shape[1]], axis=1)
        s = np.where(self.squared, a**2, a)
        first, second = np.where(self.squared, 2 * a, 1.0), np.where(self.squared, 2.0, 0.0)
        logits = np.log(self.p) + s @ w.T
        q = np.exp(logits - logits.max(axis=1, keepdims=True))
        q /= q.sum(axis=1, keepdims=True)
        d = theta @ phi.T
        (f0m, f1m, f2m), (_, f1, f2) = self.functions(-d), self.functions(d)
        spread = q[:, :, None] * (np.eye(len(self.p)) - q[:, None, :])  # ∂q/∂logits
        pull = (spread @ f0m[:, :, None])[:, :, 0]  # Σ_j ∂q_j/∂logit f(−D_j)
        field_d = (self.p * f1 - q * f1m) @ phi
        field_g = -self.factor * (pull @ w) * first - a @ self.own
        mean = (q * f0m).sum(axis=1)[:, None, None]
        turned = (spread @ f0m[:, :, None]).transpose(0, 2, 1)
        bent = f0m[:, :, None] * spread - mean * spread - q[:, :, None] * turned
        dd = phi.T @ ((self.p * f2 + q * f2m)[:, :, None] * phi)
        dg = -(phi.T * f1m[:, None, :]) @ spread @ w * first[:, None, :]
        gg = w.T @ bent @ w * first[:, :, None] * first[:, None, :]
        gg = gg + np.eye(w.shape[1]) * ((pull @ w) * second)[:, :, None]
        top = np.concatenate([dd, dg], axis=2)
        bottom = [-self.factor * dg.transpose(0, 2, 1), -self.factor * gg - self.own]
        jacobian = np.concatenate([top, np.concatenate(bottom, axis=2)], axis=1)
        return np.concatenate([field_d, field_g], axis=1), jacobian

    def functions(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        f1, f2, f3 = self.f
        return f1 * t + f2 * t**2 / 2 + f3 * t**3 / 6, f1 + f2 * t + f3 * t**2 / 2, f2 + f3 * t

    @property
    def surroundings(self) -> Surroundings:
        n = self.partition.dimension
        x = np.zeros(n)
        jacobian = self.evaluate(x[None])[1][0]
        # each entry is a sum of m products of a few rounded factors, all below 10 here
        uncertainty = 64 * EPS * np.where(jacobian, 1.0, 0.0)
        field = Field(self.evaluate, x, np.tile([-1.0, 1.0], (n, 1)))
        return Surroundings(self.partition, 0, jacobian, uncertainty, field, None)


def random_gan(rng: np.random.Generator, degenerate: bool = True) -> FiniteGAN:
    """A GAN that meets the conditions. If `degenerate`, D or G may have more parameters than they need.

    Then there are equilibria around: features that are dependent on the support, or more parameters of G than
    moments that D sees. Coordinates are kept well apart from singular ones.
    """
    while True:
        m = int(rng.integers(2, 8))
        n_d, n_g = (int(n) for n in rng.integers(1, 7, 2))
        if not degenerate and not (n_d <= m and n_g <= min(n_d, m - 1)):
            continue
        features, weights = rng.uniform(-1, 1, (m, n_d)), rng.uniform(-1, 1, (m, n_g))
        p = rng.dirichlet(np.full(m, 5.0))
        f1 = float(rng.uniform(0.5, 1.5) * rng.choice([-1, 1]))
        f = (f1, -float(rng.uniform(0.2, 1.5)), float(rng.uniform(-0.5, 0.5)))
        gan = FiniteGAN(p, features, weights, f, np.zeros(n_g, bool), np.zeros((n_g, n_g)))
        if well_conditioned(gan):
            return gan


def well_conditioned(gan: FiniteGAN) -> bool:
    """Whether what should have full rank has it with a margin that a check can see."""
    spread = np.diag(gan.p) - np.outer(gan.p, gan.p)
    through = gan.features.T @ spread @ gan.weights
    m, n_d = gan.features.shape
    rank = min(n_d, m - 1, gan.weights.shape[1])
    values = np.linalg.svd(through, compute_uv=False)
    own = np.linalg.svd(gan.features, compute_uv=False)
    return bool(values[rank - 1] > 0.02 and own[min(m, n_d) - 1] > 0.1)


def break_first(rng: np.random.Generator, gan: FiniteGAN) -> FiniteGAN:
    """A curvature of G's own, or a G that feels its share of V less than D does."""
    n = gan.weights.shape[1]
    if rng.random() < 0.3:
        return replace(gan, factor=float(rng.uniform(0.2, 0.8)))
    own = rng.normal(size=(n, n))
    return replace(gan, own=own + own.T)


def break_second(rng: np.random.Generator, gan: FiniteGAN) -> FiniteGAN:
    """f is linear at 0, as in a Wasserstein GAN, or convex."""
    f1, f2, f3 = gan.f
    return replace(gan, f=(f1, 0.0 if rng.random() < 0.5 else -f2, f3))


def break_third(rng: np.random.Generator, gan: FiniteGAN) -> FiniteGAN:
    """One or more of G's parameters move the distribution by their squares only."""
    n = gan.weights.shape[1]
    squared = np.zeros(n, bool)
    squared[rng.permutation(n)[: int(rng.integers(1, n + 1))]] = True
    return replace(gan, squared=squared)
