"""Symbolic GANs: what they are made of, how expectations are taken, and what is refused."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
import sympy

import stability as st
from stability import InputError, InputTypeError, SymbolicGAN
from stability.games import Normal, Points, Uniform, families
from stability.games.gan import OBJECTIVES, Objective, of_logits
from stability.games.gan.elementary import softplus

x, x1, x2, z, w, v, a, b, m = sympy.symbols("x x1 x2 z w v a b m")


def small(**options):
    """D = wx + v and G = az + b, on two points and U[−1, 1]."""
    given = {
        "data": (x, Points([0, 1])),
        "latent": (z, Uniform(-1, 1)),
        "objective": "least-squares",
        **options,
    }
    return SymbolicGAN(([w, v], w * x + v), ([a, b], a * z + b), **given)


def test_losses_by_hand():
    """E (D − 1)²/2 on {0, 1} and E D²/2, E (D − 1)²/2 on b + az, where E z = 0 and E z² = 1/3."""
    game = small()
    on_real = ((v - 1) ** 2 + (w + v - 1) ** 2) / 4
    mean, square = w * b + v, (w * b + v) ** 2 + w**2 * a**2 / 3
    disc, gen = game.losses()
    assert sympy.expand(disc - on_real - square / 2) == 0
    assert sympy.expand(gen - (square - 2 * mean + 1) / 2) == 0
    assert game.players == ("disc", "gen")
    assert game.variables == (w, v, a, b)
    assert game.expectations == "exact expectations"
    assert game.partition.players[game.minimizer] == "gen"
    assert isinstance(game.objective, Objective)


def test_how_expectations_were_taken():
    assert small(objective="minimax").expectations == (
        "expectations by Gauss–Legendre quadrature with 4 nodes"
    )
    both = small(objective="minimax", data=(x, Normal(0, 1)), nodes=1)
    assert both.expectations == (
        "expectations by Gauss–Hermite quadrature with 1 node and "
        "Gauss–Legendre quadrature with 1 node"
    )
    # penalties add to it, and a renamed game keeps it
    game = st.WGANGP(1.0)(families.nagarajan_kolter())
    assert "Gauss–Legendre" in game.expectations
    assert game.real.expectations == game.expectations
    assert families.nagarajan_kolter().expectations == "exact expectations"


def test_the_names_of_samples_are_their_own():
    """What is called x in the discriminator is a sample, whatever its assumptions, and nothing else."""
    real = sympy.Symbol("x", real=True)
    game = SymbolicGAN(
        ([w], w * real), ([a], a * z + m), data=(x, Points([2])), latent=(z, Points([1, m]))
    )
    assert [p.name for p in game.free_parameters] == ["m"]
    assert game.losses()[0].free_symbols == {w, a, m}
    # the data and the latents may have one name, for each network sees only its own
    same = SymbolicGAN(([w], w * x), ([a], a * x), data=(x, Points([2])), latent=(x, Points([3])))
    assert (
        same.losses()
        == SymbolicGAN(
            ([w], w * x), ([a], a * z), data=(x, Points([2])), latent=(z, Points([3]))
        ).losses()
    )


def test_derivatives_of_absolute_values_over_bare_symbols():
    """SymPy differentiates |u| of a complex u into something that takes no numbers."""
    game = SymbolicGAN(
        ([w], w * sympy.Abs(x - w)), ([a], a), data=(x, Points([2])), objective="wasserstein"
    )
    # L_D = −w|2 − w| + w|a − w|, here with a > w and w < 2, so −2w + w² + aw − w²
    assert game.jacobian(sympy.Matrix([1.0, 1.5])) == sympy.Matrix([[0, -1], [1, 0]])
    assert game.jacobian().free_symbols <= {w, a}
    assert list(map(float, game.field(sympy.Matrix([1.0, 1.5])))) == [0.5, 1]


def test_a_report_says_where_expectations_are_approximate():
    def anchored(nodes):
        return st.Anchor({"disc": 0.02})(
            SymbolicGAN(
                ([w], w * x**2),
                ([b], b),
                data=(x, Normal(0, 2)),
                objective="minimax",
                nodes=nodes,
                name="one normal",
            )
        )

    game = anchored(4)
    report = st.report(game, at={"w": 0, "b": 2}, rules=[])
    assert report.warnings == (
        "The losses hold expectations by Gauss–Hermite quadrature with 4 nodes; away from a discriminator "
        "that is constant they are approximate. More nodes show how far: SymbolicGAN(…, nodes=…)",
    )
    assert "quadrature with 4 nodes" in " ".join(str(report).split())
    exact = st.report(families.dirac(), at={"psi": 0, "theta": 0}, rules=[])
    assert exact.warnings == ()
    # the discriminator's rest point at b = 0: w E(x² σ(−wx²)) = 0.02 w², by adaptive quadrature
    law = scipy.stats.norm(0, 2)

    def slope(at):
        mean = law.expect(lambda t: t**2 * scipy.special.expit(-at * t**2))
        return mean - 0.02 * at

    expected = scipy.optimize.brentq(slope, 1, 4)
    assert expected == pytest.approx(2.0638, abs=1e-4)  # five digits were given
    assert _rest(game) == pytest.approx(1.8129, abs=1e-4)
    # the integrand's poles, x² = ±iπ/w, are near the real axis: the rule converges slowly, and is off by 12%
    # with 4 nodes, by 34% with 16 and by 1% with 40
    assert _rest(anchored(40)) == pytest.approx(expected, rel=0.02)


def _rest(game):
    """The w > 0 at which the discriminator rests, at b = 0."""
    disc = sympy.lambdify(
        game.variables, game.field()[0], modules=[{"sigmoid": scipy.special.expit}]
    )
    return scipy.optimize.brentq(lambda at: disc(at, 0.0), 1, 4)


def test_too_many_places():
    with pytest.raises(InputError, match="64 nodes in every dimension has too many terms"):
        st.WGANGP(1)(
            SymbolicGAN(
                ([w], w * x**2),
                ([a], a * z),
                data=(x, Uniform(0, 1)),
                latent=(z, Normal(0, 1)),
                objective="wasserstein",
                nodes=64,
            )
        )


def test_samples_of_several_coordinates():
    game = SymbolicGAN(
        ([w], w * x1 * x2),
        ([a], sympy.Matrix([a * z, z**2])),
        data=([x1, x2], Normal([1, 2], [1, 1])),
        latent=(z, Normal(0, 1)),
        objective="wasserstein",
    )
    # E x1 x2 = 2 and E z³ = 0
    assert game.losses() == (-2 * w, 2 * w)


def test_parameters_and_copies():
    game = small(
        parameters={"m": 3},
        data=(x, Normal(m, 1)),
        box={"w": (-1, 1)},
        start={"w": 1, "v": 0, "a": 1, "b": 0},
    )
    assert game.parameters == {m: 3}
    n = sympy.Symbol("n")
    other = game.renamed({m: n})
    assert other.parameters == {n: 3}
    assert other.data == Normal(n, 1)
    assert other.box == game.box == {"w": (-1.0, 1.0)}
    assert other.losses() == tuple(loss.xreplace({m: n}) for loss in game.losses())
    penalised = st.R1(2)(game)
    assert penalised.start is not None
    assert penalised.parameters == {m: 3}
    assert isinstance(penalised, SymbolicGAN)
    assert sympy.expand(penalised.losses()[0] - game.losses()[0]) == w**2
    assert penalised.losses()[1] == game.losses()[1]
    with jax.enable_x64(True):
        numeric = game.numeric({"m": 2})
        point = jnp.array([0.3, 0.2, -0.5, 0.7])
        put = dict(zip(game.variables, [0.3, 0.2, -0.5, 0.7], strict=True))
        expected = np.array(game.field().xreplace({**put, m: 2}), float)[:, 0]
        np.testing.assert_allclose(numeric.field(point), expected, rtol=1e-12)


def test_a_report_on_a_family():
    (found,) = st.report(families.dirac("least-squares", bias=True), rules=[]).to_dict()[
        "equilibria"
    ]
    assert found["exact"] == {"psi": "0", "bias": "1/2", "theta": "0"}
    assert found["flows"][0]["exact_eigenvalues"] == ["I/2", "-I/2", "-2"]


def test_an_objective_of_ones_own():
    own = of_logits("own", lambda t: softplus(-t) ** 2, softplus)
    game = families.dirac(own)
    at = game.losses()[0].subs(game.variables[0], 0)
    assert sympy.simplify(at - sympy.log(2) ** 2 - sympy.log(2)) == 0
    in_jax = of_logits("mine", lambda t: jnp.exp(-t), lambda t: t)
    with pytest.raises(InputError, match="mine is written for JAX alone"):
        families.dirac(in_jax)


def test_symbolic_losses_are_those_in_jax():
    t = sympy.Symbol("t", real=True)
    logits = np.array([-2.5, -0.3, 0.0, 1.7])
    for name, objective in OBJECTIVES.items():
        if objective.features:
            continue
        with jax.enable_x64(True):
            for function in objective.symbolic():
                if function is None:
                    continue
                expected = [float(function(t).subs(t, sympy.Rational(str(q)))) for q in logits]
                # both are correctly rounded up to a few units
                found = function(jnp.asarray(logits))
                np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-15, err_msg=name)


P = (x, Points([0]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: SymbolicGAN(w * x, ([a], a), data=P),
            r"the discriminator is given as \(\[symbols\], logit\)",
        ),
        (
            lambda: SymbolicGAN(([w], w * x), a, data=P),
            r"the generator is given as \(\[symbols\], sample\)",
        ),
        (
            lambda: SymbolicGAN(([w], "w*x"), ([a], a), data=P),
            "logit of the discriminator is a SymPy expression",
        ),
        (
            lambda: SymbolicGAN(([w], w * x), ([a], [a, a]), data=P),
            "2 coordinates, and those of the data have 1",
        ),
        (
            lambda: SymbolicGAN(([w], w * x), ([a], a), data=x),
            r"data= is given as \(symbols, distribution\)",
        ),
        (lambda: SymbolicGAN(([w], w * x), ([a], a), data=(x, [0])), "Points, Uniform or Normal"),
        (
            lambda: SymbolicGAN(([w], w * x), ([a], a), data=("x", Points([0]))),
            "names SymPy symbols",
        ),
        (
            lambda: SymbolicGAN(([w], w * x), ([a], a), data=([x, z], Points([0]))),
            "dimensions, 1, not x, z",
        ),
        (
            lambda: SymbolicGAN(([w], w * x), ([a], a), data=(w, Points([0]))),
            "w is a parameter of a player",
        ),
        (
            lambda: SymbolicGAN(([w], w * x), ([w], w), data=P),
            "variable of this game is given twice",
        ),
        (lambda: SymbolicGAN(([w], w * x), ([], 1), data=P), "owns no variable"),
        (
            lambda: SymbolicGAN(
                ([w, v], w * z + v * x), ([a], a * z), data=P, latent=(z, Points([1]))
            ),
            "the logit of the discriminator cannot hold z, which latent= names",
        ),
        (
            lambda: SymbolicGAN(([w], w * x), ([a], a * z + x), data=P, latent=(z, Points([1]))),
            "the generator's sample cannot hold x, which data= names",
        ),
        (
            lambda: SymbolicGAN(([w], w * x), ([a], a), data=P, nodes=0),
            "nodes is a whole number from 1 to 64",
        ),
        (
            lambda: SymbolicGAN(([w], w * x), ([a], a), data=P, objective="mmd"),
            "means over single logits",
        ),
        (
            lambda: SymbolicGAN(([w], w * x), ([a], a), data=P, objective="no"),
            "there is no objective 'no'",
        ),
    ],
)
def test_errors(make, message):
    with pytest.raises((InputError, InputTypeError), match=message):
        make()


def test_a_penalty_leaves_the_game_that_it_is_applied_to_as_it_was():
    w, b, x = sympy.symbols("w b x", real=True)
    plain = SymbolicGAN(
        ([w], w * x**2), ([b], b), data=(x, Points([-1, 2])), objective="wasserstein"
    )
    assert plain.real is plain
    assert not st.WGANGP(1)(plain).exact_expectations  # the modulus takes quadrature
    assert plain.exact_expectations
    assert st.R1(1)(plain).exact_expectations
