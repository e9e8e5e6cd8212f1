"""The objectives of GANs against their definitions in SymPy, and on two GANs with known eigenvalues."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from sympy import E, Rational, exp, log, sqrt

from stability import InputError, InputTypeError
from stability.games.gan import OBJECTIVES, gan, mmd
from stability.games.gan.divergences import DIVERGENCES
from stability.penalties import NagarajanKolter


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


u = sympy.Symbol("u", positive=True)
v = sympy.Symbol("v", real=True)

# ---- f-divergences: f, and f* by the Legendre transform -----------------------------------------

F = {
    "kl": u * log(u),
    "reverse-kl": -log(u),
    "pearson": (u - 1) ** 2,
    "squared-hellinger": (sqrt(u) - 1) ** 2,
    "jensen-shannon": -(u + 1) * log((1 + u) / 2) + u * log(u),
}
ACTIVATION = {
    "kl": v,
    "reverse-kl": -exp(-v),
    "pearson": v,
    "squared-hellinger": 1 - exp(-v),
    "jensen-shannon": log(2) - log(1 + exp(-v)),
}
# u = p/q where the supremum of u·g(v) − f(u) is attained, which the test verifies
ATTAINED = {
    "kl": exp(v - 1),
    "reverse-kl": exp(v),
    "pearson": v / 2 + 1,
    "squared-hellinger": exp(2 * v),
    "jensen-shannon": exp(v),
}
# Pearson's f is a divergence on u ≥ 0, and its conjugate is t²/4 + t only where the supremum is there
POINTS = np.array([-1.9, -0.7, 0.0, 0.4, 2.5])


@pytest.mark.parametrize("divergence", DIVERGENCES, ids=lambda d: d.name)
def test_conjugates_are_legendre_transforms(divergence):
    f, g, at = (table[divergence.name] for table in (F, ACTIVATION, ATTAINED))
    stationary = (g - sympy.diff(f, u)).subs(u, at)
    convex = sympy.diff(f, u, 2).subs(u, at)
    conjugate = u * g - f
    for point in POINTS:
        put = {v: sympy.Rational(str(point))}
        assert abs(sympy.N(stationary.subs(put), 30)) < 1e-25
        assert sympy.N(convex.subs(put)) > 0
        expected = float(sympy.N(conjugate.subs(u, at).subs(put), 30))
        # a few roundings of numbers up to e^2.5
        np.testing.assert_allclose(divergence.conjugate(point), expected, rtol=1e-14, atol=1e-14)
        activated = float(sympy.N(g.subs(put), 30))
        np.testing.assert_allclose(divergence.activation(point), activated, rtol=1e-14, atol=1e-15)


# ---- The losses, term by term -------------------------------------------------------------------

log_sigmoid = -log(1 + exp(-v))
relu = sympy.Max(0, v)
# the discriminator's on data, the discriminator's on generated samples, the generator's
LOSSES = {
    "minimax": (-log_sigmoid, -log_sigmoid.subs(v, -v), log_sigmoid.subs(v, -v)),
    "non-saturating": (-log_sigmoid, -log_sigmoid.subs(v, -v), -log_sigmoid),
    "least-squares": ((v - 1) ** 2 / 2, v**2 / 2, (v - 1) ** 2 / 2),
    "hinge": (relu.subs(v, 1 - v), relu.subs(v, 1 + v), -v),
    "wasserstein": (-v, v, -v),
}
for name, g in ACTIVATION.items():
    conjugate = (u * g - F[name]).subs(u, ATTAINED[name])
    LOSSES[name] = (-g, conjugate, -conjugate)
    LOSSES[f"{name}-non-saturating"] = (-g, conjugate, -g)


def test_every_objective_is_tested():
    assert set(OBJECTIVES) == {*LOSSES, "mmd"}
    assert all(objective.name == name for name, objective in OBJECTIVES.items())


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_of_the_definition(name):
    objective = OBJECTIVES[name]
    real, fake = POINTS, POINTS[::-1][:3] / 2
    on_real, on_fake, by_generator = (
        np.array([float(e.subs(v, point)) for point in points])
        for e, points in zip(LOSSES[name], (real, fake, fake), strict=True)
    )
    value = objective.discriminator(jnp.asarray(real), jnp.asarray(fake))
    np.testing.assert_allclose(value, on_real.mean() + on_fake.mean(), rtol=1e-13)
    if objective.generator is None:  # zero-sum: minus that, of which the data's part is a constant
        np.testing.assert_allclose(by_generator, -on_fake, rtol=1e-13)
    else:
        value = objective.generator(jnp.asarray(real), jnp.asarray(fake))
        np.testing.assert_allclose(value, by_generator.mean(), rtol=1e-13)


@pytest.mark.parametrize("name", ["minimax", "non-saturating", "jensen-shannon"])
def test_large_logits_do_not_overflow(name):
    objective = OBJECTIVES[name]
    for sign in (-1, 1):
        logits = sign * jnp.array([1e4], "float32")
        slopes = jax.grad(objective.discriminator, (0, 1))(logits, -logits)
        assert np.isfinite(objective.discriminator(logits, -logits))
        assert np.isfinite(slopes).all()
        # one of the two losses is linear there, unless both samples are told apart with certainty
        np.testing.assert_allclose(np.ravel(slopes), [0, 0] if sign > 0 else [-1, 1], atol=1e-6)


# ---- The Dirac-GAN: data at 0, D(x) = ψx, G = θ -------------------------------------------------
#
# At the origin J = [[0, −φ′(0)], [−γ′(0), 0]] with the discriminator's loss φ(ψθ) and the generator's
# γ(ψθ), so the eigenvalues are ±√(φ′(0)γ′(0)).

ROTATION = {
    **dict.fromkeys(["minimax", "non-saturating"], Rational(1, 2)),
    **dict.fromkeys(["jensen-shannon", "jensen-shannon-non-saturating"], Rational(1, 2)),
    **dict.fromkeys(["hinge", "wasserstein", "reverse-kl", "reverse-kl-non-saturating"], 1),
    **dict.fromkeys(["pearson", "pearson-non-saturating", "squared-hellinger"], 1),
    **{
        "squared-hellinger-non-saturating": 1,
        "kl": 1 / E,
        "kl-non-saturating": exp(-Rational(1, 2)),
    },
    **{"least-squares": 0, "mmd": 0},
}


def dirac_gan(objective, n=1, **options):
    return gan(
        lambda psi, x: psi * x,
        lambda theta, z: theta + 0 * z,
        start={"disc": 0.3, "gen": 0.7},
        data=np.zeros((n, 1)),
        latent=np.zeros((n, 1)),
        objective=objective,
        check=False,  # of the networks, compiled anew for each
        **options,
    )


def test_eigenvalues_of_the_dirac_gan():
    games = {name: dirac_gan(name, n=2) for name in OBJECTIVES}
    # compiled together, which is faster
    results = jax.jit(lambda x: {k: (g.field(x), g.jacobian(x)) for k, g in games.items()})
    for name, (field, jacobian) in results(jnp.zeros(2)).items():
        np.testing.assert_array_equal(field, [0, 0], err_msg=name)
        found = np.linalg.eigvals(jacobian)
        expected = float(ROTATION[name])
        assert sorted(found.imag) == pytest.approx([-expected, expected], abs=1e-15), name
        assert found.real == pytest.approx([0, 0], abs=1e-15), name


def test_mmd_of_the_dirac_gan():
    """Two equal samples each: MMD² = 2(1 − k(0, ψθ)), k(0, t) = exp(−t²/2) at bandwidth 1."""
    game = dirac_gan(mmd((1.0,)), n=2)
    psi, theta = 0.3, 0.7
    slope = 2 * psi * theta * np.exp(-((psi * theta) ** 2) / 2)
    x = jnp.array([psi, theta])
    np.testing.assert_allclose(game.field(x), [slope * theta, -slope * psi], rtol=1e-13)


def test_mmd_by_definition():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((4, 3)), rng.standard_normal((5, 3)) + 0.5
    widths = (0.5, 2.0)

    def k(a, b):
        return sum(np.exp(-np.sum((a - b) ** 2) / (2 * width**2)) for width in widths)

    expected = (
        np.mean([k(a, b) for i, a in enumerate(real) for j, b in enumerate(real) if i != j])
        + np.mean([k(a, b) for i, a in enumerate(fake) for j, b in enumerate(fake) if i != j])
        - 2 * np.mean([k(a, b) for a in real for b in fake])
    )
    found = mmd(widths).discriminator(jnp.asarray(real), jnp.asarray(fake))
    np.testing.assert_allclose(found, -expected, rtol=1e-13)
    for wrong in ((), (0.0,), (1.0, -1.0), (float("inf"),)):
        with pytest.raises(InputError, match="bandwidths of mmd"):
            mmd(wrong)


def test_mmd_needs_two_samples_in_a_microbatch():
    game = dirac_gan("mmd", n=5)
    game.batched(3)
    for size in (1, 2, 4):  # of five samples the last one would be left alone
        with pytest.raises(InputError, match="fewer than the 2 that mmd needs"):
            game.batched(size)


# ---- Nagarajan, Kolter: a uniform distribution, D = w x², G = a z --------------------------------

# equal weights at ±√((1 ± 2/√5)/3) integrate polynomials on [−1, 1] exactly up to degree 5
NODES = np.sqrt((1 + np.array([2, -2, 2, -2]) / np.sqrt(5)) / 3) * [1, 1, -1, -1]


UNIFORM = [
    (
        "minimax",
        [],
        [-1 / 20 - 1j * np.sqrt(1 / 9 - 1 / 400), -1 / 20 + 1j * np.sqrt(1 / 9 - 1 / 400)],
    ),
    ("wasserstein", [], [-2j / 3, 2j / 3]),
    ("wasserstein", [NagarajanKolter(1)], [-4 / 9 - 2j / 9 * 5**0.5, -4 / 9 + 2j / 9 * 5**0.5]),
    ("wasserstein", [NagarajanKolter(2)], [(-8 - 2 * 7**0.5) / 9, (-8 + 2 * 7**0.5) / 9]),
]


def test_eigenvalues_of_the_uniform_distribution():
    games = [
        gan(
            lambda w, x: w * x**2,
            lambda a, z: a * z,
            start={"disc": 0.3, "gen": 0.5},
            data=NODES,
            latent=NODES,
            objective=objective,
            penalties=penalties,
            check=False,
        )
        for objective, penalties, _ in UNIFORM
    ]
    results = jax.jit(lambda x: [(game.field(x), game.jacobian(x)) for game in games])
    for a in (1.0, -1.0):
        found = results(jnp.array([0.0, a]))
        for (field, jacobian), (*_, expected) in zip(found, UNIFORM, strict=True):
            # roundings of numbers of order one; the eigenvalues are simple and well apart
            np.testing.assert_allclose(field, [0, 0], atol=1e-15)
            eigenvalues = np.sort_complex(np.linalg.eigvals(jacobian))
            np.testing.assert_allclose(eigenvalues, np.sort_complex(expected), atol=1e-14)


def test_the_number_of_a_wrong_objective():
    with pytest.raises(InputTypeError, match="is a name or an Objective, not 3"):
        dirac_gan(3)
