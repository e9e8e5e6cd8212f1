"""A probe of PyTorch modules against the probe of the same network, with the same weights, in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import stability as st
from stability.networks import torch_game
from stability.verdicts.double_precision import double_precision

torch = pytest.importorskip("torch", reason="PyTorch is not installed; it is no dependency")
nn = torch.nn
softplus = nn.functional.softplus
torch.set_num_threads(1)  # these networks are too small for more

RNG = np.random.default_rng(1)
X, Z = RNG.normal(size=(2, 5, 2))
DECAY = 0.2


def twins(hidden=2, dtype=torch.float64, decay=None):
    """One GAN in PyTorch and in JAX; with weight decay it is zero-sum and rests at a minmax point."""
    torch.manual_seed(0)
    disc = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 1)).to(dtype)
    gen = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 2)).to(dtype)

    def loss_d(disc, gen, x, z):
        value = softplus(-disc(x)).mean() + softplus(disc(gen(z))).mean()
        return value if decay is None else value + decay * (size(disc) - size(gen))

    def loss_g(disc, gen, x, z):
        return softplus(-disc(gen(z))).mean() if decay is None else -loss_d(disc, gen, x, z)

    def size(module):
        return sum((p**2).sum() for p in module.parameters())

    game = torch_game(
        {"disc": loss_d, "gen": loss_g},
        modules={"disc": disc, "gen": gen},
        data=[torch.as_tensor(array, dtype=dtype) for array in (X, Z)],
        minimizer="gen",
    )
    strategies = dict(zip(game.players, game.unpack(game.start), strict=True))
    with jax.enable_x64(dtype is torch.float64):
        return game, in_jax(strategies, decay)


def in_jax(start, decay):
    def net(p, inputs):
        return jnp.tanh(inputs @ p["0.weight"].T + p["0.bias"]) @ p["2.weight"].T + p["2.bias"]

    def loss_d(disc, gen, x, z):
        real, fake = net(disc, x), net(disc, net(gen, z))
        value = jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(fake))
        return value if decay is None else value + decay * (size(disc) - size(gen))

    def loss_g(disc, gen, x, z):
        if decay is None:
            return jnp.mean(jax.nn.softplus(-net(disc, net(gen, z))))
        return -loss_d(disc, gen, x, z)

    def size(params):
        return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params))

    dtype = np.asarray(start["gen"]["0.bias"]).dtype
    data = (X.astype(dtype), Z.astype(dtype))
    return st.Game({"disc": loss_d, "gen": loss_g}, start=start, data=data, minimizer="gen")


RULES = [st.Simultaneous(lr=0.05), st.Alternating(lr=0.05), st.Extragradient(lr=0.05)]
RULES += [st.HeavyBall(lr=0.05, order="alternating")]


def dense(twin, x):
    """What the dense Jacobian of the twin in JAX says: rightmost, Hessians' and multipliers' numbers."""
    with jax.enable_x64(True):
        matrix = np.asarray(twin.jacobian(x))
    disc, gen = twin.partition.slices
    hessians = {"disc": -matrix[disc, disc], "gen": -matrix[gen, gen]}
    replies = np.linalg.solve(hessians["disc"], matrix[disc, gen])  # of disc to gen
    return {
        "rightmost": np.linalg.eigvals(matrix).real.max(),
        "abscissa": np.linalg.eigvalsh((matrix + matrix.T) / 2)[-1],
        "ends": {p: np.linalg.eigvalsh(own)[[0, -1]] for p, own in hessians.items()},
        # the Schur complement of a zero-sum game, where J_gd = −J_dgᵀ
        "minmax": np.linalg.eigvalsh(hessians["gen"] - matrix[gen, disc] @ replies)[0],
        "radii": [
            np.abs(np.linalg.eigvals(rule.linearise(matrix, twin.partition))).max()
            for rule in RULES
        ],
    }


def check(found, known):
    """The probe's numbers to 1e-8, beside numbers of size one."""
    close = {"rtol": 0, "atol": 1e-8}
    np.testing.assert_allclose(found.rightmost.values[0].real, known["rightmost"], **close)
    np.testing.assert_allclose(found.numerical_abscissa.values[-1], known["abscissa"], **close)
    for player, ends in known["ends"].items():
        own = found.own_hessians[player]
        np.testing.assert_allclose(own.smallest.values[0], ends[0], **close)
        np.testing.assert_allclose(own.largest.values[-1], ends[1], **close)
    radii = [rule.spectral_radius for rule in found.rules]
    np.testing.assert_allclose(radii, known["radii"][: len(radii)], **close)


def test_a_probe_away_from_rest_is_that_of_the_dense_jacobian():
    game, twin = twins()
    found = st.probe(game, rules=RULES[:1], k=4)  # the others look at other points too
    known = dense(twin, game.start)
    check(found, known)
    assert known["ends"]["disc"][0] < -0.01  # so that the verdict says something
    assert found.conditions.second_order.local_nash.verdict == "no"
    assert found.stability.verdict == "undecided"


def test_a_probe_at_the_rest_point_nearby_is_that_of_the_dense_jacobian():
    game, twin = twins(decay=DECAY)
    found = st.probe(game, rules=RULES, k=4, move=True)
    with jax.enable_x64(True):
        known = dense(twin, st.nearby_stationary_point(game, game.start).point)
    check(found, known)
    # weight decay on both sides: all of it holds, and the steps are stable
    complement = found.complements["minmax"].values[0]
    np.testing.assert_allclose(complement, known["minmax"], rtol=0, atol=1e-8)
    assert found.conditions.local_minmax.verdict == found.conditions.local_nash.verdict == "yes"
    assert found.stability.verdict == "exponentially stable"
    assert {rule.stability.verdict for rule in found.rules} == {"exponentially stable"}


@pytest.mark.slow  # the other probe compiles everything for JAX's network
@pytest.mark.parametrize("decay", [None, DECAY])
def test_a_probe_is_that_of_the_same_network_in_jax(decay):
    options = {"rules": RULES, "k": 4, "move": decay is not None}
    agree(*(st.probe(game, **options) for game in twins(decay=decay)), atol=1e-8)


def agree(found, known, atol):
    """All numbers to `atol`, beside numbers of size one, and all verdicts."""
    assert found.network.zero_sum == known.network.zero_sum
    pairs = [(found.rightmost, known.rightmost), (found.largest, known.largest)]
    pairs.append((found.numerical_abscissa, known.numerical_abscissa))
    for player, own in found.own_hessians.items():
        other = known.own_hessians[player]
        pairs += [(own.smallest, other.smallest), (own.largest, other.largest)]
    assert found.complements.keys() == known.complements.keys()
    pairs += [(own, known.complements[name]) for name, own in found.complements.items()]
    for own, other in zip(found.rules, known.rules, strict=True):
        assert own.stability.verdict == other.stability.verdict
        pairs.append((own.multipliers, other.multipliers))
    for one, other in pairs:
        np.testing.assert_allclose(one.values, other.values, rtol=0, atol=atol)
    assert found.stability.verdict == known.stability.verdict
    for name in ("differential_nash", "local_nash", "local_minmax"):
        assert getattr(found.conditions, name).verdict == getattr(known.conditions, name).verdict
        assert (
            getattr(found.second_order, name).verdict == getattr(known.second_order, name).verdict
        )


STEP = 1e-5  # of central differences: their error, STEP² and eps/STEP, is about 1e-10


def directional(function, x, u):
    return (np.asarray(function(x + STEP * u)) - np.asarray(function(x - STEP * u))) / (2 * STEP)


FIELDS = {
    "consensus": lambda game: st.Consensus(gamma=0.3).flow(game),
    "a gradient norm": lambda game: st.Gradient().flow(
        st.GradientNorm(0.2, of="disc", on="gen")(game)
    ),
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_and_penalties_take_higher_derivatives_from_pytorch(name):
    game, _ = twins()
    with jax.enable_x64(True):
        flow = FIELDS[name](game)
        linear = flow.linearise(game.start)
        u, w = RNG.normal(size=(2, game.dimension))
        forward = np.asarray(linear.matvec(u))
        known = directional(lambda x: flow.linearise(x).value, game.start, u)
        np.testing.assert_allclose(forward, known, rtol=0, atol=1e-8)
        assert w @ forward == pytest.approx(float(linear.rmatvec(w) @ u), rel=1e-9)


@pytest.mark.parametrize(
    "rule", [st.Optax(optax.adam(1.0), 0.01), st.Unrolled(lr=0.05, k=2)], ids=str
)
def test_rules_with_a_state_or_with_derivatives_of_their_own(rule):
    game, _ = twins()
    with jax.enable_x64(True):
        flow = st.Gradient().flow(game)
        x = jnp.asarray(game.start)
        after = jax.jit(lambda x, *memory: rule.step(flow, (x, *memory)))
        memory = after(*rule.init(flow, x))[1:]  # Adam's moments after one step
        linear = st.linearise_rule(rule, flow, x, (x, *memory))
        u = jnp.asarray(RNG.normal(size=game.dimension))
        moved = jnp.zeros(linear.shape[1]).at[: game.dimension].set(u)
        found = linear.matvec(moved)[: game.dimension]
        known = directional(lambda y: after(y, *memory)[0], x, u)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-7)


def test_single_precision_is_checked_in_double():
    game, _ = twins(dtype=torch.float32)
    found = st.conditions_at_scale(game, game.start)
    with jax.enable_x64(True):
        jacobian = np.asarray(game.jacobian(game.start.astype(np.float64)))
    for player, own in zip(game.players, game.partition.slices, strict=True):
        smallest = np.linalg.eigvalsh(-jacobian[own, own])[0]
        spectrum = found.own[player]
        # a Rayleigh quotient in double precision: the error of the float32 eigenvector enters squared
        assert spectrum.eigenvalues[0] == pytest.approx(smallest, abs=1e-10)
        assert spectrum.rounding < 1e-12


def test_losses_that_insist_on_single_precision_are_not_checked_in_double():
    def torch_twin(loss):
        module = nn.Linear(2, 1)
        return torch_game({"one": loss}, modules={"one": module})

    inputs = torch.ones(3, 2)
    cases = {
        "converts": lambda one: (one(torch.ones(3, 2, dtype=one.bias.dtype)).float() ** 2).mean(),
        "mixes": lambda one: (one(inputs) ** 2).mean(),
    }
    for loss in cases.values():
        game = torch_twin(loss)
        assert double_precision(game, jnp.asarray(game.start)) is None
        with jax.enable_x64(True), pytest.raises(TypeError, match="'one' does not compute in dou"):
            game.field(game.start.astype(np.float64))
    follows = torch_twin(lambda one: (one(torch.ones(3, 2, dtype=one.bias.dtype)) ** 2).mean())
    assert double_precision(follows, jnp.asarray(follows.start)) is not None


def test_above_a_thousand_parameters_no_matrix_is_formed():
    game, twin = twins(hidden=120)
    assert game.dimension > 1000
    found = st.spectrum(game.linearise(game.start), k=3, which="largest")
    assert found.converged
    with jax.enable_x64(True):
        known = twin.linearise(game.start)
        for value, vector in zip(found.eigenvalues, found.eigenvectors.T, strict=True):
            image = np.asarray(known.matvec(vector.real)) + 1j * np.asarray(
                known.matvec(vector.imag)
            )
            # an eigenpair for JAX's products too, to the tolerance of the search, 1e-8 times ‖J‖
            np.testing.assert_allclose(image, value * vector, rtol=0, atol=1e-7)
        flow = st.Gradient().flow(game)
        step = st.linearise_rule(st.Alternating(lr=0.05), flow, game.start)
        u, w = RNG.normal(size=(2, game.dimension))
        left, right = w @ np.asarray(step.matvec(u)), u @ np.asarray(step.rmatvec(w))
    assert left == pytest.approx(right, rel=1e-9)


@pytest.mark.slow
def test_a_whole_probe_above_a_thousand_parameters_agrees():
    options = {"rules": RULES[1:2], "k": 2, "max_products": 600}
    agree(*(st.probe(game, **options) for game in twins(hidden=120, decay=DECAY)), atol=1e-7)


@pytest.mark.slow
def test_half_a_million_parameters_many_times():
    """Large vectors go to and fro between JAX's threads and PyTorch without waiting for each other."""
    game, _ = twins(hidden=50_000, dtype=torch.float32)
    assert game.dimension > 400_000
    jacobian = game.linearise(game.start)
    u = jnp.ones(game.dimension)
    for _ in range(100):
        u = jacobian.symmetric.matvec(u / jnp.linalg.norm(u))
    assert np.isfinite(float(jnp.linalg.norm(u)))
