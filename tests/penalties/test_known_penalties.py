"""Penalties on the Dirac-GAN and on Nagarajan and Kolter's uniform GAN, with eigenvalues in closed form."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from sympy import I, Rational, sqrt

from stability import games
from stability.penalties import JARE, Anchor, ConsensusPenalty, GradientNorm, NagarajanKolter

gamma = sympy.Symbol("gamma", positive=True)
eta = sympy.Symbol("eta", positive=True)


def eigenvalues(game, point):
    """The exact eigenvalues of J at a point where the field vanishes."""
    at = dict(zip(game.variables, point, strict=True))
    assert game.field().xreplace(at).applyfunc(sympy.simplify).is_zero_matrix
    return game.jacobian().xreplace(at).eigenvals()


def same(found, expected):
    """Whether two dictionaries of eigenvalues hold the same expressions."""
    left = list(found)
    for value in expected:
        match = [f for f in left if sympy.simplify(f - value) == 0]
        if not match:
            return False
        left.remove(match[0])
    return not left


@pytest.mark.parametrize("penalty", [ConsensusPenalty, JARE])
def test_consensus_and_jare_on_the_dirac_gan(penalty):
    game = penalty(gamma)(games.dirac_gan())
    assert same(eigenvalues(game, (0, 0)), [-gamma / 4 + I / 2, -gamma / 4 - I / 2])
    with jax.enable_x64(True):
        numeric = penalty(0.3)(games.dirac_gan().numeric())
        found = np.linalg.eigvals(numeric.jacobian(jnp.zeros(2)))
    expected = [-0.075 - 0.5j, -0.075 + 0.5j]
    np.testing.assert_allclose(np.sort_complex(found), expected, rtol=1e-14)


def test_the_penalised_dirac_gan_is_the_one_of_the_catalogue():
    ours, known = ConsensusPenalty(0.3)(games.dirac_gan()), games.dirac_gan_consensus()
    for loss, other in zip(ours.losses(), known.losses(), strict=True):
        put = {known.variables[0]: Rational(1, 3), known.variables[1]: Rational(-7, 5)}
        difference = (loss - other.xreplace(known.parameters)).xreplace(put)
        assert abs(difference.evalf(30)) < 1e-25


def test_jare_differs_from_consensus_away_from_the_equilibrium():
    x = jnp.array([0.7, -1.1])
    game = games.dirac_gan().numeric()
    assert not np.allclose(JARE(1)(game).field(x), ConsensusPenalty(1)(game).field(x), atol=1e-2)


def test_an_anchor_on_the_discriminator_is_the_r1_penalty_of_the_dirac_gan():
    ours = Anchor({"disc": gamma})(games.dirac_gan())
    root = sqrt(gamma**2 / 4 - Rational(1, 4))
    assert same(eigenvalues(ours, (0, 0)), [-gamma / 2 + root, -gamma / 2 - root])
    known = games.dirac_gan_r1()
    put = dict.fromkeys((*known.parameters, *known.free_parameters), gamma)
    for loss, other in zip(ours.losses(), known.losses(), strict=True):
        assert sympy.expand(loss - other.xreplace(put)) == 0


PENALTIES = [
    NagarajanKolter(eta),
    NagarajanKolter(eta, discriminator="disc"),
    GradientNorm(eta, of="disc", on="gen"),
    GradientNorm({("disc", "disc"): eta}, on="gen"),
]


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("a", [1, -1])
def test_nagarajan_and_kolters_uniform_gan(penalty, a):
    game = penalty(without_penalty())
    root = Rational(2, 9) * sqrt(4 * eta**2 - 9)
    found = eigenvalues(game, (0, a))
    assert same(found, [-4 * eta / 9 + root, -4 * eta / 9 - root])
    critical = game.jacobian().xreplace(
        {game.variables[0]: 0, game.variables[1]: a, eta: Rational(3, 2)}
    )
    assert critical.eigenvals() == {-Rational(2, 3): 2}
    assert not critical.is_diagonalizable()


def without_penalty():
    """The catalogue's game at eta = 0, in which no eta is left."""
    game = games.nagarajan_kolter_uniform(eta=0)
    zero = dict.fromkeys(game.parameters, sympy.S.Zero)
    players = {
        p: (game.variables[s], loss.xreplace(zero))
        for p, s, loss in zip(game.players, game.partition.slices, game.losses(), strict=True)
    }
    return type(game)(players, minimizer=game.minimizer)


def test_the_penalised_uniform_gan_is_the_one_of_the_catalogue():
    ours = NagarajanKolter(eta)(without_penalty())
    known = games.nagarajan_kolter_uniform()
    for loss, other in zip(ours.losses(), known.losses(), strict=True):
        assert sympy.expand(loss - other.xreplace(dict.fromkeys(known.parameters, eta))) == 0


def test_four_players_with_a_consensus_penalty():
    """J = −(ε I + A) with A antisymmetric; consensus adds −γJᵀJ = −γ(ε² + AᵀA), which commutes with J."""
    game = ConsensusPenalty(Rational(1, 5))(games.balduzzi_four())
    with jax.enable_x64(True):
        jacobian = np.asarray(game.numeric().jacobian(jnp.zeros(4)))
    expected = [
        -0.01 - 0.2 * (0.01**2 + omega**2) + sign * 1j * omega
        for omega in (np.sqrt(2) + 1, np.sqrt(2) - 1)
        for sign in (1, -1)
    ]
    found = np.sort_complex(np.linalg.eigvals(jacobian))
    np.testing.assert_allclose(found, np.sort_complex(expected), rtol=1e-13)
