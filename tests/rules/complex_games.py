"""Random games in NumPy, in complex numbers, with derivatives written out by hand.

A third engine for fields and rules, which shares no derivative with the other two: the library's own code
of a field and of a rule runs on it, and Im F(x + iεe_k)/ε is the k-th column of DF to the last digit, because
nothing is subtracted (Squire, Trapp 1998). All operations act on stacks, shape (d, N): column n is a profile
of game n.

Losses: L_i = g_i·z + ½ zᵀQ_i z + Σ_r (c_ir s_r³/6 + e_ir s_r⁴/24) with z = x − rest and s = A z.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

import jax.numpy as jnp
import numpy as np

from stability import Game
from stability.dynamics import Partition
from stability.dynamics.vectors import split, stack

TINY = 1e-40  # of a complex step: any number whose square is nothing beside one


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Of N games of one shape: n players, d numbers, R directions."""

    rest: np.ndarray  # (N, d)
    linear: np.ndarray  # (N, n, d)
    quadratic: np.ndarray  # (N, n, d, d)
    directions: np.ndarray  # (N, R, d)
    cubic: np.ndarray  # (N, n, R)
    quartic: np.ndarray  # (N, n, R)

    @classmethod
    def joined(cls, *groups: Coefficients) -> Coefficients:
        return cls(*map(np.concatenate, zip(*(group.arrays for group in groups), strict=True)))

    def __getitem__(self, index) -> Coefficients:
        return replace(self, **{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(getattr(self, f.name) for f in fields(self))

    def __len__(self) -> int:
        return len(self.rest)


def random_coefficients(
    partition: Partition, count: int, seed: int, *, zero_sum: bool, linear: float = 0.0
) -> Coefficients:
    """Games with an equilibrium at a random point, in every other one of them a stable one.

    `linear` is the size of ∇_jL_i there, j ≠ i, which moves what reckons with others to rest elsewhere.
    """
    random = np.random.default_rng(seed)
    n, d = len(partition.players), partition.dimension
    directions = 3
    quadratic = random.normal(size=(count, n, d, d)) * 0.4 / np.sqrt(d)
    quadratic = quadratic + quadratic.swapaxes(-1, -2)
    for i, own in enumerate(partition.slices):
        size = partition.sizes[i]
        basis = np.linalg.qr(random.normal(size=(count, size, size)))[0]
        curvature = random.uniform(0.5, 1.2, (count, size))
        curvature[1::2] *= np.sign(random.normal(size=curvature[1::2].shape))
        quadratic[:, i, own, own] = (basis * curvature[:, None]) @ basis.swapaxes(-1, -2)
    cubic, quartic = random.normal(size=(2, count, n, directions)) * 0.5
    slopes = linear * random.normal(size=(count, n, d))
    for i, own in enumerate(partition.slices):
        slopes[:, i, own] = 0.0
    if zero_sum:  # the second player's own curvature, turned round, is the first one's in y
        second = partition.slices[1]
        quadratic[:, 0, second, second] = -quadratic[:, 1, second, second]
        quadratic[:, 1] = -quadratic[:, 0]
        cubic[:, 1], quartic[:, 1] = -cubic[:, 0], -quartic[:, 0]
        slopes[:] = 0.0
    return Coefficients(
        random.uniform(-1, 1, (count, d)),
        slopes,
        quadratic,
        random.normal(size=(count, directions, d)) / np.sqrt(d),
        cubic,
        quartic,
    )


def jax_game(partition: Partition, coefficients: Coefficients) -> Game:
    """One game (coefficients without the first axis) for the library to differentiate."""

    def loss(i):
        def value(*strategies_and_data):
            strategies, data = strategies_and_data[:-1], strategies_and_data[-1]
            rest, linear, quadratic, directions, cubic, quartic = data
            z = jnp.concatenate(strategies) - rest
            s = directions @ z
            return (
                linear[i] @ z
                + z @ quadratic[i] @ z / 2
                + cubic[i] @ s**3 / 6
                + quartic[i] @ s**4 / 24
            )

        return value

    start = {p: np.zeros(size) for p, size in zip(partition.players, partition.sizes, strict=True)}
    losses = {p: loss(i) for i, p in enumerate(partition.players)}
    return Game(losses, start=start, data=(coefficients.arrays,), check=False)


class ComplexGames:
    """The operations of a game that fields use, on stacks of complex profiles."""

    symbolic = False
    minimizer = 0

    def __init__(self, partition: Partition, coefficients: Coefficients):
        self.partition = partition
        self.coefficients = coefficients

    def gradient(self, i, x):
        c = self.coefficients
        z = (x - c.rest.T).T
        s = times(c.directions, z)
        along = c.cubic[:, i] * s**2 / 2 + c.quartic[:, i] * s**3 / 6
        curved = times(c.directions.swapaxes(-1, -2), along)
        return (c.linear[:, i] + times(c.quadratic[:, i], z) + curved).T

    def player_field(self, i, x):
        return -self.partition.part(i, self.gradient(i, x))

    def field(self, x):
        return stack([self.player_field(i, x) for i in range(len(self.partition.players))])

    def jacobians(self, x):
        c = self.coefficients
        s = times(c.directions, (x - c.rest.T).T)
        rows = []
        for i, own in enumerate(self.partition.slices):
            along = c.cubic[:, i] * s + c.quartic[:, i] * s**2 / 2
            left = (along[..., None] * c.directions[:, :, own]).swapaxes(-1, -2)
            rows.append(-c.quadratic[:, i, own] - left @ c.directions)
        return np.concatenate(rows, axis=1)

    def jvp(self, x, u):
        return times(self.jacobians(x), u.T).T

    def vjp(self, x, u):
        return times(self.jacobians(x).swapaxes(-1, -2), u.T).T

    def solve(self, players, x, b, transposed=False):
        index = np.concatenate([np.arange(len(x))[self.partition.slices[i]] for i in players])
        blocks = self.jacobians(x)[:, index][:, :, index]
        return solved(blocks.swapaxes(-1, -2) if transposed else blocks, b)


class ComplexFlow:
    """A field on such games with what rules ask of a flow.

    Implicit equations are solved by Newton's method with a fixed real matrix, the field's at the rest point.
    """

    def __init__(self, function, part, partition, slopes, field=None, game=None):
        self.function, self._part, self.partition = function, part, partition
        self.slopes, self.field, self.game = slopes, field, game

    def __call__(self, x):
        return self.function(x)

    def part(self, i, x):
        return self._part(i, x)

    def jacobian(self, x):
        assert x.shape[1] == 1  # rules take one matrix
        return derivative(self.function, x)[0]

    def jvp(self, x, u):
        return times(derivative(self.function, x), u.T).T

    def restricted(self, i, x):
        own = self.partition.slices[i]

        def function(z):
            return self.part(i, self.partition.replaced(i, z, x))

        return ComplexFlow(
            function, lambda _, z: function(z), self.partition.alone(i), self.slopes[:, own, own]
        )

    def implicit_step(self, sizes, x):
        identity = np.eye(len(x))
        matrix = identity - np.stack([self.partition.scale(sizes, s) for s in self.slopes])
        return chord(lambda y: y - x - self.partition.scale(sizes, self(y)), matrix, x)

    def zero(self, x):
        return chord(self, self.slopes, x)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A field on N games: where it rests, and its flow on any choice of these games."""

    field: object
    partition: Partition
    coefficients: Coefficients

    def flow(self, index) -> ComplexFlow:
        games = ComplexGames(self.partition, self.coefficients[index])
        return ComplexFlow(
            lambda x: self.field(games, x),
            lambda i, x: self.field.part(games, i, x),
            self.partition,
            self.slopes[index],
            self.field,
            games,
        )

    @cached_property
    def _rest_and_slopes(self):
        games = ComplexGames(self.partition, self.coefficients)
        x = self.coefficients.rest.T
        for _ in range(8):
            x = x - solved(derivative(lambda y: self.field(games, y), x), self.field(games, x))
        np.testing.assert_allclose(self.field(games, x), 0, atol=1e-13)
        return x, derivative(lambda y: self.field(games, y), x)

    @property
    def rest(self):
        """Where the field vanishes, shape (d, N)."""
        return self._rest_and_slopes[0]

    @property
    def slopes(self):
        """The field's Jacobians there, shape (N, d, d)."""
        return self._rest_and_slopes[1]

    def step_derivatives(self, rule, index) -> np.ndarray:
        """The rule's DF on the stacked state at the rest points, shape (N, m, m), by complex steps."""
        state = rule.init(self.flow(index), self.rest[:, index])
        lengths = tuple(len(vector) for vector in state)
        m, count = sum(lengths), len(index)
        points = np.repeat(stack(state), m, axis=1) + 1j * TINY * np.tile(np.eye(m), count)
        after = stack(rule.step(self.flow(np.repeat(index, m)), split(points, lengths)))
        return (after.imag / TINY).reshape(m, count, m).swapaxes(0, 1)

    def one_by_one(self, rule, n, rest) -> np.ndarray:
        """`step_derivatives` of a rule without memory that takes one profile only: game n, shape (d, d)."""
        nearby = rest[:, None] + 1j * TINY * np.eye(len(rest))
        columns = [rule.step(self.flow([n]), (x[:, None],))[0] for x in nearby.T]
        return np.hstack(columns).imag / TINY


def times(matrices, vectors):
    """M_n z_n, of shapes (N, i, j) and (N, j)."""
    return (matrices @ vectors[..., None])[..., 0]


def solved(matrices, b):
    """z_n with M_n z_n = b_n, for the columns of b."""
    return np.linalg.solve(matrices, b.T[..., None])[..., 0].T


def chord(function, matrices, x):
    """A zero by Newton's method with fixed matrices, to the last digit of both real and imaginary parts."""
    for _ in range(60):
        move = solved(matrices, function(x))
        x = x - move
        settled = np.abs(move.real).max() <= 1e-15 * np.abs(x).max()
        if settled and np.abs(move.imag).max() <= 1e-13 * np.abs(x.imag).max():
            break
    return x


def derivative(function, x, reach=3e-3):
    """Jacobians (N, d, d) by central differences of order eight, at real or complex points.

    What is left out, (reach/r)⁸ with r the distance to a pole, and the rounding are about 1e-13.
    """
    d, count = x.shape
    weights = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280]) / reach
    jacobians = []
    for k in range(d):
        column = 0
        for j, weight in enumerate(weights, 1):
            move = np.zeros((d, 1))
            move[k] = j * reach
            column = column + weight * (function(x + move) - function(x - move))
        jacobians.append(column)
    return np.stack(jacobians, axis=-1).swapaxes(0, 1).reshape(count, d, d)
