"""The families of small GANs: equilibria and eigenvalues in closed form, in SymPy and in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from sympy import E, I, Rational, exp, sqrt

from stability import Anchor, InputError, NagarajanKolter
from stability.games import Points, Uniform, families
from stability.games.gan import OBJECTIVES
from tests.selection import slow_but

L = sympy.Symbol("lambda")
M, S, B, U, V, ETA = sympy.symbols("m s b u v eta", positive=True)
NAMES = [name for name, objective in OBJECTIVES.items() if not objective.features]

# the objectives whose discriminator rests at the logit 0 where it cannot tell
UNDECIDED_AT_0 = [n for n in NAMES if n not in ("least-squares", "kl", "kl-non-saturating")]

HALF = Rational(1, 2)
# without bias: the eigenvalues at 0; with it: where it rests, and the eigenvalue that it adds
DIRAC = {
    **dict.fromkeys(["minimax", "non-saturating"], (I / 2, 0, -HALF)),
    **dict.fromkeys(["jensen-shannon", "jensen-shannon-non-saturating"], (I / 2, 0, -HALF)),
    "least-squares": (0, HALF, -2),
    "hinge": (I, Rational(1, 3), 0),
    "wasserstein": (I, Rational(5, 7), 0),
    "kl": (I / E, 1, -1),
    "kl-non-saturating": (I * exp(-HALF), 1, -1),
    **dict.fromkeys(["reverse-kl", "reverse-kl-non-saturating"], (I, 0, -1)),
    **dict.fromkeys(["pearson", "pearson-non-saturating"], (I, 0, -HALF)),
    **dict.fromkeys(["squared-hellinger", "squared-hellinger-non-saturating"], (I, 0, -2)),
}
TURNING_BY_HALF = ("minimax", "non-saturating", "least-squares", "jensen-shannon")


def with_bias(name):
    """The rotation of (ψ, θ) where there is a bias."""
    return I / 2 if name.startswith(TURNING_BY_HALF) else I


def derivatives(name):
    """f′, g′ and r″, f″ at the logit 0."""
    t = sympy.Symbol("t", real=True)
    real, fake, generator = OBJECTIVES[name].symbolic()
    own = -fake(t) if generator is None else generator(t)
    # hinge's kinks are at ±1
    away = dict.fromkeys([sympy.DiracDelta(1 - t), sympy.DiracDelta(t + 1)], sympy.S.Zero)
    return tuple(
        sympy.simplify(e.xreplace(away).subs(t, 0))
        for e in (fake(t).diff(t), own.diff(t), real(t).diff(t, 2), fake(t).diff(t, 2))
    )


def polynomial(game, point):
    """The characteristic polynomial of J at an equilibrium."""
    point = sympy.Matrix(point)
    assert all(sympy.simplify(v) == 0 for v in game.field(point))
    jacobian = game.jacobian(point).applyfunc(lambda e: sympy.radsimp(sympy.simplify(e)))
    return jacobian.charpoly(L).as_expr()


def assert_same(found, expected):
    assert sympy.simplify(sympy.expand(found - expected)) == 0


def assert_same_in_jax(game, point, expected, **parameters):
    """The eigenvalues at a point, simple ones, in float64; in the order of `np.sort_complex`."""
    with jax.enable_x64(True):
        numeric = game.numeric(parameters)
        field, jacobian = jax.jit(lambda x: (numeric.field(x), numeric.jacobian(x)))(
            jnp.asarray(point, float)
        )
    np.testing.assert_allclose(field, np.zeros(len(point)), atol=1e-14)
    found = np.sort_complex(np.linalg.eigvals(jacobian))
    values = [complex(sympy.N(value)) for value in expected]
    np.testing.assert_allclose(found, np.sort_complex(values), atol=1e-8)


def test_every_objective_has_its_known_answer():
    assert set(DIRAC) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_dirac(name):
    rotation, rests_at, in_the_bias = DIRAC[name]
    plain, biased = families.dirac(name), families.dirac(name, bias=True)
    assert_same(polynomial(plain, [0, 0]), L**2 - rotation**2)
    expected = (L**2 - with_bias(name) ** 2) * (L - in_the_bias)
    assert_same(polynomial(biased, [0, rests_at, 0]), expected)


@pytest.mark.parametrize("name", slow_but(NAMES, ("kl-non-saturating", "hinge")))
def test_dirac_in_jax(name):
    rotation, rests_at, in_the_bias = DIRAC[name]
    assert_same_in_jax(families.dirac(name), [0, 0], [rotation, -rotation])
    turning = with_bias(name)
    point = [0, float(rests_at), 0]
    assert_same_in_jax(families.dirac(name, bias=True), point, [turning, -turning, in_the_bias])


def test_least_squares_without_bias_rests_wherever_the_generator_is():
    game = families.dirac("least-squares")
    assert_same(polynomial(game, [0, U]), L * (L + U**2))


@pytest.mark.parametrize("name", NAMES)
def test_linear(name):
    _, _, real, fake = derivatives(name)
    game = families.linear(name)
    assert_same(polynomial(game, [0, U]), L * (L + (real + fake * U**2) / 3))


def test_linear_on_distributions_of_ones_own():
    game = families.linear("pearson", data=Points([-1, 3], [0.75, 0.25]), latent=Uniform(-3, 3))
    # E x² = 3 and E z² = 3; r″ = 0 and f″ = ½
    assert_same(polynomial(game, [0, U]), L * (L + 3 * U**2 / 2))


@pytest.mark.parametrize(("name", "a"), [*((n, 1) for n in NAMES), ("minimax", -1)])
def test_nagarajan_kolter(name, a):
    slope, own, real, fake = derivatives(name)
    game = NagarajanKolter(ETA)(families.nagarajan_kolter(name))
    if name in (
        "least-squares",
        "kl",
        "kl-non-saturating",
    ):  # at whose logit 0 nothing is undecided
        assert game.field(sympy.Matrix([0, a])).applyfunc(sympy.simplify)[0] != 0
        return
    damping = (real + fake) / 5 + 8 * ETA * slope**2 / 9
    expected = L**2 + damping * L - Rational(4, 9) * slope * own
    assert_same(polynomial(game, [0, a]), expected)


def test_nagarajan_kolter_with_bias():
    """Least squares: r″ = f″ = 1, f′ = ½ = −g′ at D = ½; E φφᵀ = [[1/5, 1/3], [1/3, 1]]."""
    game = families.nagarajan_kolter("least-squares", bias=True)
    jacobian = sympy.Matrix(
        [
            [-Rational(2, 5), -Rational(2, 3), -Rational(1, 3)],
            [-Rational(2, 3), -2, 0],
            [Rational(1, 3), 0, 0],
        ]
    )
    assert_same(polynomial(game, [0, HALF, 1]), jacobian.charpoly(L).as_expr())


@pytest.mark.parametrize("name", slow_but(UNDECIDED_AT_0, ("minimax", "pearson", "hinge")))
def test_gaussian(name):
    slope, own, real, fake = derivatives(name)
    curvature, turning = real + fake, -slope * own
    expected = (L**2 + curvature * S**2 * L + turning) * (
        L**2 + 3 * curvature * S**4 * L + 4 * S**2 * turning
    )
    game = families.gaussian(name, sd=S)
    for scale in (S, -S):
        assert_same(polynomial(game, [0, 0, 0, scale]), sympy.expand(expected))
    game = families.gaussian(name, "linear", mean=M, sd=S)
    damping = real * (M**2 + S**2) + fake * (M**2 + B**2)
    assert_same(polynomial(game, [0, M, B]), L * (L**2 + damping * L + turning))


def test_gaussian_in_jax():
    game = families.gaussian(sd=S)
    expected = [
        *(-(S**2) / 4 + sign * sqrt(S**4 / 16 - Rational(1, 4)) for sign in (1, -1)),
        *(-3 * S**4 / 4 + sign * sqrt(9 * S**8 / 16 - S**2) for sign in (1, -1)),
    ]
    # the mean oscillates and the scale does not
    values = [e.subs(S, Rational(5, 4)) for e in expected]
    assert_same_in_jax(game, [0, 0, 0, 1.25], values, s=1.25)


def test_gaussian_with_bias():
    game = families.gaussian("wasserstein", bias=True)
    assert [v.name for v in game.variables] == ["w1", "w2", "bias", "a", "b"]
    assert game.expectations == "exact expectations"
    game = families.gaussian("least-squares", bias=True)
    assert game.field(sympy.Matrix([0, 0, HALF, 0, 1])).applyfunc(sympy.simplify).is_zero_matrix


def test_covariance():
    game = Anchor({"disc": ETA})(families.covariance([S**2]))
    assert_same(polynomial(game, [0, S]), L**2 + ETA * L + 4 * S**2)
    value = game.losses()[1]
    w, v = game.variables
    assert sympy.expand(value - w * (S**2 - v**2)) == 0
    # the generator that has collapsed to a point
    assert_same(polynomial(game, [S**2 / ETA, 0]), (L + ETA) * (L - 2 * S**2 / ETA))
    game = Anchor({"disc": ETA})(families.covariance([U**2, V**2]))
    expected = (
        *(L**2 + ETA * L + 4 * U**2, L**2 + ETA * L + 4 * V**2),
        *(L**2 + ETA * L + 2 * (U**2 + V**2), L + ETA, L),
    )
    found = polynomial(game, [0, 0, 0, 0, U, 0, 0, V])
    assert_same(found, sympy.expand(sympy.Mul(*expected)))


def test_errors():
    with pytest.raises(InputError, match="'linear' or 'quadratic', not 'cubic'"):
        families.gaussian("minimax", "cubic")
    for wrong in ([], 1, "1"):
        with pytest.raises(InputError, match="a sequence of one number or more"):
            families.covariance(wrong)
    for matrix in ([[1, 0.5], [0.5, 2]], [sympy.eye(2)]):
        with pytest.raises(InputError, match="variances are a list of numbers, the diagonal"):
            families.covariance(matrix)
    with pytest.raises(InputError, match="a variance is zero or positive, not -1"):
        families.covariance([1, -1])
    with pytest.raises(InputError, match="there is no objective 'nothing'"):
        families.dirac("nothing")
    with pytest.raises(InputError, match="losses of mmd are no means over single logits"):
        families.dirac("mmd")
    with pytest.raises(InputError, match="standard deviation is zero or positive"):
        families.gaussian(sd=-1)
