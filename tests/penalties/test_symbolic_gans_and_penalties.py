"""SymbolicGAN against the game that `gan` makes of the same samples: every objective with every penalty.

The symbolic game takes expectations over points, and, with two nodes, over ±1 for a normal variable and ½ ±
1/√12 for a uniform one, all with the same weight. A game made by `gan` takes sample means, so the samples
below are all combinations of these numbers, and both compute the same function in different ways.
"""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import InputError, SymbolicGame, SymbolicGAN, exact_eigenvalues, gan
from stability.games import Normal, Points, Uniform, families
from stability.games.gan import OBJECTIVES
from stability.penalties import (
    DRAGAN,
    JARE,
    R1,
    R2,
    WGANGP,
    Anchor,
    ConsensusPenalty,
    GradientNorm,
    InstanceNoise,
    NagarajanKolter,
)
from tests.selection import slow_rows

DATA = np.array([[0.3], [1.1]])
LATENTS = np.array([[-0.4], [0.9]])
SIGNS = np.array([[-1.0], [1.0]])
SHARES = (1 + np.array([-1, 1]) / np.sqrt(3)) / 2
POINT = np.array([0.7, 0.5, 0.8, 0.3])  # w, v, a, b: away from the kinks of hinge

OF_SAMPLES = [R1(0.6), WGANGP(0.5), DRAGAN(0.5), InstanceNoise(0.4)]
OTHERS = [
    *(R2(0.7), DRAGAN(0.5, 0.25)),
    *(GradientNorm(0.3, of="disc", on="gen"), ConsensusPenalty(0.3), JARE(0.4)),
    *(Anchor({"disc": 0.2}), NagarajanKolter(0.3)),
]
NAMES = [name for name, objective in OBJECTIVES.items() if not objective.features]


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def symbolic_gan(objective):
    x, z, w, v, a, b = sympy.symbols("x z w v a b")
    return SymbolicGAN(
        ([w, v], w * x + v * sympy.tanh(x)),
        ([a, b], a * z + b),
        data=(x, Points(DATA[:, 0])),
        latent=(z, Points(LATENTS)),
        objective=objective,
        nodes=2,
    )


def jax_gan(objective):
    return gan(
        lambda w, x: w[0] * x + w[1] * jnp.tanh(x),
        lambda c, z: c[0] * z + c[1],
        start={"disc": POINT[:2], "gen": POINT[2:]},
        data=DATA,
        latent=LATENTS,
        objective=objective,
        check=False,  # of the networks, compiled anew for each
    )


def combined(*columns):
    """All combinations of the rows of some arrays, one array for each."""
    index = np.array(list(itertools.product(*(range(len(column)) for column in columns))))
    return [column[index[:, i]] for i, column in enumerate(columns)]


def at_all_samples(penalty, game):
    """The penalised game at all combinations of what it would otherwise draw at random."""
    match penalty:
        case WGANGP():
            return penalty(game).with_data(*combined(DATA, LATENTS, SHARES))
        case DRAGAN():
            return penalty(game).with_data(*combined(DATA, LATENTS, SIGNS))
        case InstanceNoise():
            real, latents, on_real, on_generated = combined(DATA, LATENTS, SIGNS, SIGNS)
            return penalty(game).with_data(real, latents, (on_real, on_generated))
    return penalty(game).with_data(*combined(DATA, LATENTS))


IN_NUMPY = {
    "sigmoid": lambda t: 1 / (1 + np.exp(-t)),
    "softplus": lambda t: np.log1p(np.exp(t)),
    "Heaviside": np.heaviside,
    "DiracDelta": lambda t: 0.0 * t,
}


def by_sympy(game):
    """The field and the Jacobian at the point."""
    game = game.real
    function = sympy.lambdify(
        game.variables, [game.field(), game.jacobian()], [IN_NUMPY, "numpy"], cse=True
    )
    field, jacobian = (np.asarray(value, float) for value in function(*POINT))
    return field[:, 0], jacobian


@pytest.mark.parametrize(
    ("name", "penalties"),
    slow_rows(
        [(name, penalties) for name in NAMES for penalties in ([None, *OF_SAMPLES], OTHERS)],
        lambda row: row[0] != "non-saturating" or row[1] is OTHERS,
    ),
)
def test_the_engines_agree(name, penalties):
    exact, numeric = symbolic_gan(name), jax_gan(name)
    games = [(p(exact), at_all_samples(p, numeric)) if p else (exact, numeric) for p in penalties]
    # compiled together, which is faster
    compiled = jax.jit(lambda x: [(g.field(x), g.jacobian(x)) for _, g in games])
    found = compiled(jnp.asarray(POINT))
    for penalty, (game, _), (field, jacobian) in zip(penalties, games, found, strict=True):
        expected, slopes = by_sympy(game)
        # sums of some ten terms of order one, rounded in float64
        close = {"rtol": 1e-11, "atol": 1e-12, "err_msg": repr(penalty)}
        np.testing.assert_allclose(field, expected, **close)
        np.testing.assert_allclose(jacobian, slopes, **close)


# ---- Closed forms --------------------------------------------------------------------------------

GAMMA, SIGMA = sympy.symbols("gamma sigma", positive=True)
L = sympy.Symbol("lambda")


def characteristic(game, point):
    jacobian = game.jacobian(sympy.Matrix(point)).applyfunc(sympy.simplify)
    return sympy.expand(jacobian.charpoly(L).as_expr())


@pytest.mark.parametrize("name", NAMES)
def test_the_dirac_gan_with_every_penalty(name):
    """The polynomials of the docstring of `families.dirac`, in the derivatives of the objective at 0."""
    game = families.dirac(name)
    t = sympy.Symbol("t", real=True)
    real, fake, generator = OBJECTIVES[name].symbolic()
    at_zero = {t: 0}
    a = fake(t).diff(t).subs(at_zero)
    c = a if generator is None else -generator(t).diff(t).subs(at_zero)
    curvature = (real(t) + fake(t)).diff(t, 2).subs(at_zero)
    rotation = a * c
    expected = {
        None: L**2 + rotation,
        R1(GAMMA): L**2 + GAMMA * L + rotation,
        R2(GAMMA): L**2 + GAMMA * L + rotation,
        InstanceNoise(SIGMA): L**2 + SIGMA**2 * curvature * L + rotation,
        NagarajanKolter(GAMMA): L**2 + 2 * GAMMA * a**2 * L + rotation,
        ConsensusPenalty(GAMMA): (L + GAMMA * a**2) * (L + GAMMA * c**2) + rotation,
        JARE(GAMMA): (L + GAMMA * a**2) * (L + GAMMA * c**2) + rotation,
        GradientNorm(GAMMA): (L + 2 * GAMMA * a**2) * (L + 2 * GAMMA * c**2) + rotation,
        Anchor(GAMMA): (L + GAMMA) ** 2 + rotation,
    }
    for penalty, polynomial in expected.items():
        penalised = game if penalty is None else penalty(game)
        found = characteristic(penalised, [0, 0])
        assert sympy.simplify(found - sympy.expand(polynomial)) == 0, penalty


@pytest.mark.parametrize("penalty", [WGANGP(GAMMA), DRAGAN(GAMMA), DRAGAN(GAMMA, SIGMA)])
def test_penalties_with_a_kink_where_the_generator_rests(penalty):
    game = penalty(families.dirac("wasserstein"))
    psi, theta = game.variables
    added = GAMMA * (sympy.Abs(psi) - 1) ** 2
    assert sympy.simplify(game.losses()[0] - psi * theta - added) == 0
    assert game.expectations == "exact expectations"


def test_expectations_over_what_is_mixed_and_added():
    """D = wx²/2, so that the slope is wx, on data N(m, s²) and the generator's b + az."""
    x, z, w, a, b, m, s = sympy.symbols("x z w a b m s", real=True)
    game = SymbolicGAN(
        ([w], w * x**2 / 2),
        ([a, b], a * z + b),
        data=(x, Normal(m, s)),
        latent=(z, Uniform(-1, 1)),
        objective="wasserstein",
        nodes=1,
    )

    def added(penalty):
        before, after = game.losses()[0], penalty(game).losses()[0]
        return sympy.expand(after - before)

    real, made = m**2 + s**2, b**2 + a**2 / 3
    assert added(R1(GAMMA)) == sympy.expand(GAMMA / 2 * w**2 * real)
    assert added(R2(GAMMA)) == sympy.expand(GAMMA / 2 * w**2 * made)
    noisy = InstanceNoise(SIGMA)(game)
    assert sympy.expand(R1(GAMMA)(noisy).losses()[0] - noisy.losses()[0]) == sympy.expand(
        GAMMA / 2 * w**2 * (real + SIGMA**2)
    )
    # noise twice is noise of the summed variance, and penalties that came before do not see it
    twice = InstanceNoise(4)(InstanceNoise(3)(R1(GAMMA)(game)))
    assert sympy.expand(twice.losses()[0] - game.losses()[0]) == added(R1(GAMMA))
    assert sympy.expand(R1(GAMMA)(twice).losses()[0] - twice.losses()[0]) == sympy.expand(
        GAMMA / 2 * w**2 * (real + 25)
    )
    # (|wx̂| − 1)² holds w² E x̂² = w² (E x² + E x E y + E y²)/3, exactly, and |w| E |x̂|, by quadrature
    assert "Gauss–Legendre quadrature with 1 node" in WGANGP(GAMMA)(game).expectations
    before, after = game.losses()[0], WGANGP(GAMMA)(game).losses()[0]
    put = {a: sympy.Rational(1, 3), b: sympy.Rational(2, 5), m: -1, s: sympy.Rational(3, 2)}
    one, two = ((after - before).xreplace({**put, w: sympy.Integer(k)}) for k in (1, 2))
    expected = GAMMA * (2 * (real + m * b + made) / 3 - 1)  # without E |x̂|
    assert abs(sympy.N((two - 2 * one - expected).xreplace({**put, GAMMA: 1}), 30)) < 1e-25


@pytest.mark.parametrize("penalty", [WGANGP(0.3), DRAGAN(0.3)], ids=["wgan-gp", "dragan"])
def test_jacobians_away_from_the_kink_over_bare_symbols(penalty):
    """E|2wx̂ + c| has derivatives that take numbers, although w and c may be complex to SymPy."""
    w, c, a, b, x, z = sympy.symbols("w c a b x z")
    game = penalty(
        SymbolicGAN(
            ([w, c], w * x**2 + c * x),
            ([a, b], a * z + b),
            data=(x, Points([-1, 0.5], [0.4, 0.6])),
            latent=(z, Points([-1, 1])),
            objective="minimax",
            nodes=1,
        )
    )
    point = [0.4, 0.7, 0.3, 0.2]
    by_jax = game.numeric().jacobian(jnp.array(point))
    by_sympy = np.array(game.jacobian(sympy.Matrix(point)), dtype=float)
    np.testing.assert_allclose(by_sympy, by_jax, rtol=1e-10, atol=1e-12)
    field = np.array(game.field(sympy.Matrix(point)), dtype=float)[:, 0]
    np.testing.assert_allclose(field, game.numeric().field(jnp.array(point)), rtol=1e-10)


def test_games_without_networks():
    x, y = sympy.symbols("x y")
    for kind in (R1, R2, WGANGP, DRAGAN, InstanceNoise):
        with pytest.raises(InputError, match="or a SymbolicGAN"):
            kind()(SymbolicGame({"disc": ([x], x * y), "gen": ([y], y**2)}))


def test_parameters_of_penalties_and_distributions():
    s = sympy.Symbol("s")
    game = InstanceNoise(s / 2)(R1(s)(families.gaussian("wasserstein", sd=s)))
    assert [p.name for p in game.free_parameters] == ["s"]
    point = game.numeric({"s": 2}).jacobian(jnp.array([0.0, 0.0, 0.0, 2.0]))
    by_sympy = game.jacobian(sympy.Matrix([0, 0, 0, 2])).subs(
        dict.fromkeys(game.free_parameters, 2)
    )
    np.testing.assert_allclose(point, np.array(by_sympy, float), rtol=1e-8, atol=1e-8)
    assert exact_eigenvalues(R1(1)(families.dirac()).jacobian(sympy.zeros(2, 1))) == (
        -sympy.S.Half,
        -sympy.S.Half,
    )
