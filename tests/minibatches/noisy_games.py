"""Games with noisy data whose sample fields are written down by hand, and steps taken one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import stability as st


def scalar(curvatures: Sequence[float], pushes: Sequence[float]) -> tuple[st.Game, float]:
    """One player, L = mean(a x²/2 + b x), and its rest point −mean(b)/mean(a)."""
    a, b = np.array(curvatures), np.array(pushes)
    game = st.Game(
        {"x": lambda x, a, b: jnp.mean(a * x**2 / 2 + b * x)}, start={"x": 0.0}, data=(a, b)
    )
    return game, float(-b.mean() / a.mean())


@cache  # and with it all that is compiled for the game
def matrices(
    n: int, sizes: tuple[int, int], seed: int = 0
) -> tuple[st.Game, np.ndarray, np.ndarray]:
    """A quadratic game of two players that rests at 0, and its v_s (n, d) and J_s (n, d, d)."""
    rng = np.random.default_rng(seed)
    d, first = sum(sizes), sizes[0]
    blocks = rng.normal(size=(n, d, d))
    jacobians = 0.25 * (blocks - blocks.transpose(0, 2, 1))  # rotation, by sample
    for own in (slice(0, first), slice(first, d)):
        square = blocks[:, own, own]
        size = square.shape[1]
        jacobians[:, own, own] = -0.2 * square @ square.transpose(0, 2, 1) / size - 0.3 * np.eye(
            size
        )
    pushes = rng.normal(size=(n, d))
    pushes -= pushes.mean(axis=0)

    def loss(own: slice) -> Callable[..., Any]:
        def of(x, y, jacobians, pushes):
            z = jnp.concatenate([x, y])
            mine = jnp.zeros(d).at[own].set(1.0)
            inner = mine[:, None] * jacobians * mine
            across = mine[:, None] * jacobians * (1 - mine)
            each = -(pushes @ (mine * z)) - jnp.einsum("i,sij,j->s", z, inner / 2 + across, z)
            return jnp.mean(each)

        return of

    game = st.Game(
        {"x": loss(slice(0, first)), "y": loss(slice(first, d))},
        start={"x": np.zeros(first), "y": np.zeros(d - first)},
        data=(jacobians, pushes),
    )
    return game, pushes, jacobians


class Chosen:
    """The affine flow whose k-th evaluation is that of the k-th of the given minibatches."""

    game: Any = None
    field: Any = None

    def __init__(self, jacobians: Any, pushes: Any, partition: Any):
        self.jacobians, self.pushes, self.partition = jacobians, pushes, partition
        self.used = 0

    def __call__(self, x):
        k, self.used = self.used, self.used + 1
        return self.jacobians[k] @ x + self.pushes[k]

    def part(self, i, x):
        return self(x)[self.partition.slices[i]]

    def restricted(self, i, x):
        return ChosenPart(self, i, x)


class ChosenPart:
    """One player's own flow in it."""

    def __init__(self, flow: Chosen, i: int, x: Any):
        self.flow, self.i, self.x = flow, i, x
        self.partition = flow.partition.alone(i)

    def __call__(self, own):
        return self.flow.part(self.i, self.flow.partition.replaced(self.i, own, self.x))

    def part(self, i, own):
        return self(own)


def moments_by_hand(
    rule: st.Rule,
    game: st.Game,
    lists: Sequence[tuple[np.ndarray, np.ndarray]],
    sizes: Sequence[int],
) -> tuple[float, np.ndarray, np.ndarray]:
    """Radius of E[M ⊗ M], stationary mean and covariance, from equally likely lists of (J's, v's).

    A list holds one J and one v for every evaluation of the field in a step.
    """
    m = sum(sizes)
    ends = np.cumsum(sizes)[:-1]
    found = []
    for jacobians, pushes in lists:

        def step(z, jacobians=jacobians, pushes=pushes):
            flow = Chosen(jacobians, pushes, game.partition)
            return np.concatenate(rule.step(flow, tuple(np.split(z, ends))))

        push = step(np.zeros(m))
        found.append((np.stack([step(e) - push for e in np.eye(m)], axis=1), push))
    ms, gs = (np.array(own) for own in zip(*found, strict=True))
    square = np.mean([np.kron(a, a) for a in ms], axis=0)
    mean = np.linalg.solve(np.eye(m) - ms.mean(axis=0), gs.mean(axis=0))
    moved = ms @ mean
    right = np.mean(
        [np.outer(g, g) + np.outer(g, u) + np.outer(u, g) for g, u in zip(gs, moved, strict=True)],
        axis=0,
    )
    second = np.linalg.solve(np.eye(m * m) - square, right.ravel()).reshape(m, m)
    radius = float(np.abs(np.linalg.eigvals(square)).max())
    return radius, mean, second - np.outer(mean, mean)


def dirac(samples: np.ndarray, gamma: float, objective: str = "minimax") -> st.Game:
    """The Dirac-GAN D(x) = ψx, generator θ, on given data with mean 0, with R1; it rests at 0."""
    return st.gan(
        lambda disc, images: disc["psi"] * images,
        lambda gen, latents: gen["theta"] + 0 * latents,
        start={"disc": {"psi": np.zeros(())}, "gen": {"theta": np.zeros(())}},
        data=samples,
        latent=np.zeros(len(samples)),
        objective=objective,
        penalties=[st.R1(gamma)],
    )


def simulated_chains(
    rule: st.Rule,
    game: st.Game,
    x: np.ndarray,
    batch: int,
    *,
    steps: int,
    chains: int,
) -> np.ndarray:
    """x at every step of many runs of the game itself, one minibatch a step: shape (chains, steps, d)."""
    n = len(jax.tree.leaves(game.data)[0])
    with jax.enable_x64(True):
        data = jax.tree.map(jnp.asarray, game.data)

        def step(state, key):
            chosen = jax.random.choice(key, n, (batch,))
            at = game.with_data(*jax.tree.map(lambda leaf: leaf[chosen], data))
            state = rule.step(st.Gradient().flow(at), state)
            return state, state[0]

        def chain(key):
            start = rule.init(st.Gradient().flow(game), jnp.asarray(x))
            return jax.lax.scan(step, start, jax.random.split(key, steps))[1]

        return np.asarray(jax.jit(jax.vmap(chain))(jax.random.split(jax.random.key(1), chains)))
