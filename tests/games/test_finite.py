"""GANs on finitely many points: equilibrium, eigenvalues and what a best discriminator measures."""

from __future__ import annotations

import jax
import numpy as np
import pytest
import sympy
from sympy import I, Rational, log, sqrt

import stability as st
from stability import InputError
from stability.divergences import F_DIVERGENCES
from stability.divergences.f_divergences import U
from stability.games import best_discriminator, finite_gan, finite_gan_spectrum
from stability.games.finite import LAMBDA, P, Q
from stability.games.gan import OBJECTIVES

HALF, QUARTER = Rational(1, 2), Rational(1, 4)
# the discriminator's logit t* where q = p, and a = real″ + fake″, b = fake′, c = −gen′ there, by hand
AT_REST = {
    "minimax": (0, HALF, HALF, HALF),
    "non-saturating": (0, HALF, HALF, HALF),
    "least-squares": (HALF, 2, HALF, HALF),
    "kl": (1, 1, 1, 1),
    "kl-non-saturating": (1, 1, 1, 1),
    "reverse-kl": (0, 1, 1, 1),
    "pearson": (0, HALF, 1, 1),
    "squared-hellinger": (0, 2, 1, 1),
    "jensen-shannon": (0, HALF, HALF, HALF),
}


def characteristic(spectrum: st.games.FiniteSpectrum) -> sympy.Poly:
    product = sympy.Mul(*((LAMBDA - root) ** m for root, m in spectrum.eigenvalues.items()))
    whole = sympy.Poly(sympy.expand(product * (spectrum.rest or 1)), LAMBDA)
    return whole.monic()


def jacobian_at_rest(data, objective, generator="softmax") -> sympy.Matrix:
    game = finite_gan(data, objective, generator=generator)
    weights = [Rational(1, data)] * data if isinstance(data, int) else list(data)
    moves = map(log, weights) if generator == "softmax" else weights[:-1]
    point = sympy.Matrix([*[AT_REST[objective][0]] * len(weights), *moves])
    rest = game.field(point).applyfunc(lambda e: sympy.simplify(e.rewrite(sympy.exp)))
    assert rest.is_zero_matrix
    return game.jacobian(point).applyfunc(
        lambda e: sympy.nsimplify(sympy.simplify(e.rewrite(sympy.exp)))
    )


@pytest.mark.parametrize("objective", AT_REST)
def test_eigenvalues_on_two_equal_points(objective):
    _, a, b, c = AT_REST[objective]
    J = jacobian_at_rest(2, objective)
    difference = (
        J.charpoly(LAMBDA).as_expr() - characteristic(finite_gan_spectrum(2, objective)).as_expr()
    )
    assert sympy.expand(difference) == 0
    root = sqrt(a**2 - 4 * b * c)
    # 0 along the line, the two of the only difference between the points, and that of the common logit
    expected = {sympy.S(0), (-a + root) / 4, (-a - root) / 4, sympy.S(-a) / 2}
    assert set(finite_gan_spectrum(2, objective).eigenvalues) == {
        sympy.simplify(e) for e in expected
    }


@pytest.mark.parametrize("generator", ["softmax", "simplex"])
@pytest.mark.parametrize("data", [3, (HALF, QUARTER, QUARTER), (QUARTER, HALF, QUARTER)])
def test_the_spectrum_is_that_of_the_game(generator, data):
    J = jacobian_at_rest(data, "minimax", generator)
    spectrum = finite_gan_spectrum(data, generator=generator)
    assert spectrum.dimension == J.rows
    difference = J.charpoly(LAMBDA).as_expr() - characteristic(spectrum).as_expr()
    assert sympy.expand(difference) == 0
    if generator == "softmax" and data != 3:
        # the two rarer points: p (−1 ± i√3)/4
        assert {(-1 + sqrt(3) * I) / 16, (-1 - sqrt(3) * I) / 16} < set(spectrum.eigenvalues)


def test_any_probability_of_two_points():
    p = sympy.Symbol("p", positive=True)
    spectrum = finite_gan_spectrum([p, 1 - p])
    assert spectrum.eigenvalues == {0: 1}
    a = b = c = HALF
    square = (2 * p * (1 - p)) ** 2
    cubic = (
        LAMBDA**3
        + a * LAMBDA**2
        + (a**2 * p * (1 - p) + b * c * square) * LAMBDA
        + a * b * c * square / 2
    )
    assert sympy.expand(characteristic(spectrum).as_expr() - LAMBDA * cubic) == 0


@pytest.mark.parametrize("k", [pytest.param(3, marks=pytest.mark.slow), 20])
def test_uniform_data_of_any_size_in_jax(k):
    """(−1 ± i√3)/(4k), k − 1 times each, 0 and −1/(2k); and those of the simplex."""
    with jax.enable_x64(True):
        game = finite_gan(k).numeric()
        x = np.zeros(2 * k)
        assert np.abs(game.field(x)).max() < 1e-16
        eigenvalues = np.linalg.eigvals(np.asarray(game.jacobian(x)))
    pair = (-1 + np.sqrt(3) * 1j) / (4 * k)
    expected = [0, -1 / (2 * k), *[pair] * (k - 1), *[np.conj(pair)] * (k - 1)]
    # symmetric blocks: the eigenvalues, though multiple, are perturbed by rounding only
    assert _distance(eigenvalues, expected) < 1e-12
    closed = finite_gan_spectrum(k)
    assert closed.rest is None
    assert (
        _distance([complex(e) for e, m in closed.eigenvalues.items() for _ in range(m)], expected)
        < 1e-14
    )


@pytest.mark.parametrize(
    "options",
    [
        {"objective": "kl-non-saturating", "generator": "simplex"},
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"objective": "hinge"}, marks=pytest.mark.slow),
    ],
)
def test_the_twin_written_with_arrays_is_the_symbolic_game(options):
    game = finite_gan([QUARTER, QUARTER, HALF], **options)
    arrays, scalars = game.numeric(), st.SymbolicGame.numeric(game)
    x = np.random.default_rng(2).uniform(0.1, 0.4, game.dimension)
    with jax.enable_x64(True):
        for operation in ("losses", "field"):
            first, second = (np.asarray(getattr(g, operation)(x)) for g in (arrays, scalars))
            np.testing.assert_allclose(first, second, rtol=1e-13, atol=1e-15)
    assert (arrays.variables, arrays.box, arrays.start.tolist()) == (
        scalars.variables,
        scalars.box,
        scalars.start.tolist(),
    )


@pytest.mark.slow
@pytest.mark.parametrize("generator", ["softmax", "simplex"])
@pytest.mark.parametrize("objective", AT_REST)
def test_every_objective_in_jax(objective, generator):
    """J = [[−aP, −bS], [cS, 0]], S = P − ppᵀ; on the simplex E = (I, −1)ᵀ in the place of S."""
    rest, a, b, c = (float(number) for number in AT_REST[objective])
    p = np.array([0.1, 0.2, 0.3, 0.4])
    down = (
        np.diag(p) - np.outer(p, p)
        if generator == "softmax"
        else np.vstack([np.eye(3), -np.ones(3)])
    )
    m = down.shape[1]
    expected = np.block([[-a * np.diag(p), -b * down], [c * down.T, np.zeros((m, m))]])
    with jax.enable_x64(True):
        game = finite_gan(p, objective, generator=generator).numeric()
        x = np.concatenate([np.full(4, rest), np.log(p) if generator == "softmax" else p[:-1]])
        np.testing.assert_allclose(game.field(x), 0, atol=1e-15)
        np.testing.assert_allclose(game.jacobian(x), expected, atol=1e-14)


def _distance(first, second) -> float:
    """The largest distance of paired numbers, paired greedily; they are clusters far apart."""
    left, worst = list(second), 0.0
    for number in first:
        nearest = min(left, key=lambda other: abs(other - number))
        left.remove(nearest)
        worst = max(worst, abs(nearest - number))
    assert not left
    return worst


def test_a_rare_point_is_learnt_at_a_rate_like_its_probability():
    for rare in (Rational(1, 100), Rational(1, 1000)):
        others = (1 - rare) / 3
        spectrum = finite_gan_spectrum([others, others, others, rare])
        pairs = np.roots([float(c) for c in sympy.Poly(spectrum.rest, LAMBDA).all_coeffs()])
        slowest = max((e for e in pairs if e.imag >= 0), key=lambda e: e.real)
        # x(x + a) + bc(1 + 1/m) = 0 for λ = xε, with a = b = c = ½ and m = 3 others
        expected = float(rare) * np.roots([1, 1 / 2, 1 / 4 * 4 / 3])
        expected = expected[expected.imag > 0][0]
        assert abs(slowest - expected) < 10 * float(rare) ** 2


def test_stable_across_the_line_for_any_data():
    rng = np.random.default_rng(7)
    ones = np.full(5, 1 / np.sqrt(5))
    for p in rng.dirichlet(np.ones(5), 20):
        S = np.diag(p) - np.outer(p, p)
        J = np.block([[-0.5 * np.diag(p), -0.5 * S], [0.5 * S, np.zeros((5, 5))]])
        assert np.abs(J @ np.concatenate([np.zeros(5), ones])).max() < 1e-15
        eigenvalues = np.sort(np.linalg.eigvals(J).real)
        assert abs(eigenvalues[-1]) < 1e-14
        assert eigenvalues[-2] < 0


# ---- What the report finds ----------------------------------------------------------------------


def test_the_report_finds_the_data_and_one_half():
    """In function space the equilibrium is one point: q = p, D = ½."""
    game = finite_gan(
        [Rational(1, 3), Rational(2, 3)], generator="simplex", discriminator="probabilities"
    )
    (equilibrium,) = st.report(game, rules=[]).equilibria
    assert equilibrium.exact == {"D1": "1/2", "D2": "1/2", "q1": "1/3"}
    assert equilibrium.flows[0].stability.verdict == "exponentially stable"
    assert equilibrium.conditions.local_minmax.verdict == "yes"


@pytest.mark.slow
def test_the_report_sees_the_line_of_a_softmax():
    (equilibrium,) = st.report(finite_gan(2), rules=[st.Simultaneous(lr=1.0)]).equilibria
    assert (equilibrium.isolated, equilibrium.manifold_dimension) == ("no", 1)
    t1, t2, g1, g2 = equilibrium.point.values()
    assert (t1, t2) == pytest.approx((0, 0), abs=1e-12)
    assert g1 == pytest.approx(g2, abs=1e-12)
    (flow,), (rule,) = equilibrium.flows, equilibrium.rules
    assert flow.type == "attracting curve of equilibria"
    assert flow.stability.verdict == "exponentially stable"
    assert flow.stability.value == pytest.approx(-1 / 8, rel=1e-12)
    assert rule.critical_lr == pytest.approx(4, rel=1e-9)  # 2k


def test_simulated_steps_agree_with_the_critical_step():
    """Simultaneous steps: |1 + hλ| < 1 for λ = (−1 ± i√3)/(4k) iff h < 2k."""
    k = 3
    with jax.enable_x64(True):
        game = finite_gan(k).numeric()
        field = jax.jit(game.field)
        begin = np.concatenate([np.zeros(k), [2e-3, -1e-3, -1e-3]])
        ends = []
        for h in (1.9 * k, 2.1 * k):
            x = begin
            for _ in range(200):
                x = x + h * np.asarray(field(x))
            ends.append(
                float(np.linalg.norm(x - np.concatenate([np.zeros(k), np.full(k, x[k:].mean())])))
            )
    size = float(np.linalg.norm(begin))
    for h, end in zip((1.9 * k, 2.1 * k), ends, strict=True):
        rate = abs(1 + h * (-1 + np.sqrt(3) * 1j) / (4 * k))
        # t and g turn into each other on an ellipse of axes about √3, and the steps are not quite linear
        assert 0.3 < end / (size * rate**200) < 3
    assert ends[0] < size < ends[1]


# ---- Nested optimisation: what the generator is left with ---------------------------------------


@pytest.mark.parametrize("name", [name for name in AT_REST if "non-saturating" not in name])
def test_the_best_discriminator_measures_a_divergence(name):
    logit, worth = best_discriminator(name)
    if name == "minimax":
        expected = P * log(P) + Q * log(Q) - (P + Q) * log(P + Q)
        js = F_DIVERGENCES["jensen-shannon"].f.subs(U, P / Q) * Q
        for p, q in ((0.2, 0.7), (3, 0.1)):  # 2 JS − log 4, point by point
            at = {P: Rational(str(p)), Q: Rational(str(q))}
            assert abs(sympy.N((worth - js + (P + Q) * log(2)).subs(at), 30)) < 1e-25
        assert sympy.simplify(logit - log(P / Q)) == 0
    elif name == "least-squares":
        # (p − q)² = (p + q)² − 4pq
        expected = ((P - Q) ** 2 / (P + Q) - (P + Q)) / 8
        assert sympy.simplify(logit - P / (P + Q)) == 0
    else:
        divergence = F_DIVERGENCES[name]
        expected = Q * divergence.f.subs(U, P / Q)
        assert (
            sympy.simplify(
                sympy.expand_log(logit - divergence.optimal_logit.subs(U, P / Q), force=True)
            )
            == 0
        )
    for p, q in ((0.2, 0.7), (3, 0.1), (1, 1)):
        at = {P: Rational(str(p)), Q: Rational(str(q))}
        assert abs(sympy.N((worth - expected).subs(at), 30)) < 1e-25


@pytest.mark.parametrize(
    "name",
    [
        "minimax",
        "kl",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("pearson", "least-squares")),
    ],
)
def test_a_search_for_the_best_discriminator_finds_the_divergence(name):
    rng = np.random.default_rng(11)
    k = 4
    p, q = rng.dirichlet(np.ones(k), 2)
    game = finite_gan([Rational(repr(float(w))) for w in p], name).numeric()
    for scale in (1.0, 0.1):
        made = np.exp(scale * np.log(q))
        made /= made.sum()
        reply = st.best_reply(game, "disc", np.concatenate([np.zeros(k), scale * np.log(q)]))
        assert reply.converged
        expected = {
            "minimax": lambda m: 2 * st.divergences.between("js", p, m).value - np.log(4),
            "least-squares": lambda m: float(np.sum((p - m) ** 2 / (p + m)) - 2) / 8,
        }.get(name, lambda m: st.divergences.between(name, p, m).value)(made)
        assert -reply.loss == pytest.approx(expected, abs=1e-10)


def test_the_best_discriminator_of_the_hinge_loss_measures_total_variation():
    """−p max(0, 1 − t) − q max(0, 1 + t) is concave and linear between kinks: at best −2 min(p, q)."""
    real, fake, _ = OBJECTIVES["hinge"].symbolic()
    p, q = Rational(1, 5), Rational(1, 2)
    worth = {
        t: -(p * real(sympy.Integer(t)) + q * fake(sympy.Integer(t))) for t in (-3, -1, 0, 1, 3)
    }
    assert max(worth.values()) == worth[-1] == -2 * p
    weights = [Rational(1, 5), Rational(4, 5)], [Rational(1, 2), Rational(1, 2)]
    total = sum(-2 * min(a, b) for a, b in zip(*weights, strict=True))
    distance = st.divergences.between("total-variation", *([float(w) for w in v] for v in weights))
    assert float(total) == pytest.approx(2 * distance.value - 2, rel=1e-15)


# ---- Input --------------------------------------------------------------------------------------


def test_the_catalogue_entry_is_the_uniform_game():
    entry, built = st.games.load("finite-gan"), st.games.finite_gan()
    for mine, theirs in zip(entry.losses(), built.losses(), strict=True):
        difference = mine.subs(entry.parameters) - by_names(theirs, entry)
        assert sympy.simplify(difference) == 0


def by_names(expression, game):
    return expression.subs({s.name: s for s in game.variables})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"data": 1}, "number of points is a whole number from 2"),
        ({"data": True}, "number of points is a whole number"),
        ({"data": 101}, "from 2 to 100"),
        ({"data": "ab"}, "probabilities, or how many"),
        ({"data": [0.5, 0.6]}, "sum to 1.1"),
        ({"data": [1.5, -0.5]}, "negative"),
        ({"data": [1.0, 0.0]}, "probability zero; leave it out"),
        ({"data": [np.nan, 1.0]}, "finite|real"),
        ({"data": [sympy.Symbol("t1"), 1 - sympy.Symbol("t1")]}, "t1 is a variable"),
        ({"data": 2, "objective": "mmd"}, "no symbolic form"),
        ({"data": 2, "generator": "network"}, "'softmax' or 'simplex'"),
        ({"data": 2, "discriminator": "table"}, "'logits' or 'probabilities'"),
    ],
)
def test_bad_input_gets_one_sentence(arguments, says):
    with pytest.raises(InputError, match=says):
        finite_gan(**arguments)


def test_objectives_without_a_best_discriminator():
    for name in ("wasserstein", "hinge"):
        with pytest.raises(InputError, match="no single finite logit"):
            best_discriminator(name)
        with pytest.raises(InputError, match="no single logit where q = p"):
            finite_gan_spectrum(3, name)
    with pytest.raises(InputError, match="at most 6 different"):
        finite_gan_spectrum([Rational(i, 28) for i in range(1, 8)])
