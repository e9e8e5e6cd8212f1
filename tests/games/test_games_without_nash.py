"""The catalogue's games on the existence and the place of equilibria, re-derived with SymPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.stats import norm

import stability as st
from stability.games import files
from stability.games.files import read_game_file

CATALOGUE = Path(files.__file__).parent / "catalogue"
s, lam, kappa, tau = (sp.Symbol(name, real=True) for name in ("s", "lambda", "kappa", "tau"))


def read(name):
    """The value f that the generator minimises, and the variables by name."""
    file = read_game_file((CATALOGUE / f"{name}.toml").read_text(encoding="utf-8"))
    losses = tuple(file.losses.values())
    assert sp.expand(sum(losses)) == 0
    return file.losses["gen"], {v.name: v for v in file.variables}


def stationary(f, point):
    return all(sp.simplify(f.diff(v).subs(point)) == 0 for v in point)


def proximal_curvature(f, outer, inner, point):
    """V_xx + V_xy (λ − V_yy)⁻¹ V_yx for one x: the second derivative of max over z of V − (λ/2)‖z − y‖²."""
    hessian = sp.hessian(f, [outer, *inner]).subs(point)
    answer = (lam * sp.eye(len(inner)) - hessian[1:, 1:]).LUsolve(hessian[1:, :1])
    return sp.simplify(hessian[0, 0] + (hessian[:1, 1:] @ answer)[0])


@pytest.mark.parametrize(
    ("name", "a", "value", "own", "critical"),
    [
        ("farnia-ozdaglar-w2", 1 - 1 / s, (s - 1) ** 2 / 2, 1 - s, s / (s - 1)),
        (
            "farnia-ozdaglar-kl",
            1 - 1 / s**2,
            (s**2 - 1) / 2 - sp.log(s),
            1 - s**2,
            s**2 / (s**2 - 1),
        ),
    ],
)
def test_a_gan_without_nash_equilibrium(name, a, value, own, critical):
    f, v = read(name)
    positive = sp.Symbol("s", positive=True)
    point = {v["u"]: 0, v["a"]: a.subs(s, positive), v["b"]: 0}
    f = f.subs(s, positive)
    a, value, own, critical = (e.subs(s, positive) for e in (a, value, own, critical))
    assert stationary(f, point)
    assert sp.simplify(sp.expand_log(f.subs(point) - value)) == 0
    assert sp.simplify(f.diff(v["u"], 2).subs(point) - own) == 0
    curvature = proximal_curvature(f, v["u"], [v["a"], v["b"]], point)
    assert sp.simplify(curvature.subs(lam, 0) - 1) == 0  # min max: d²/du² of (u² + constant)/2
    assert sp.simplify(curvature.subs(lam, critical)) == 0
    # no other stationary point in the domain a < 1: u and b vanish first, then a is determined
    u, b = v["u"], v["b"]
    slopes = [sp.simplify(f.diff(w) * (1 - v["a"])) for w in (u, b)]
    assert sp.solve(slopes, [u, b], dict=True) == [{u: 0, b: 0}]
    remaining = sp.solve(f.diff(v["a"]).subs({u: 0, b: 0}), v["a"])
    numbers = [root.subs(positive, 3) for root in remaining]
    assert [r for r in numbers if r < 1] == [a.subs(positive, 3)]


@pytest.mark.parametrize("name", ["farnia-ozdaglar-w2", "farnia-ozdaglar-kl"])
def test_the_value_is_the_expectation_that_it_stands_for(name):
    f, v = read(name)
    numbers = {"u": 0.3, "a": -0.4, "b": 0.7, "s": 1.5}
    a, b, u = numbers["a"], numbers["b"], numbers["u"]

    def score(x):
        return a * x**2 / 2 + b * x

    def mean(function, place, scale):
        return quad(lambda x: function(x) * norm.pdf(x, place, scale), -30, 30)[0]

    real = mean(score, 0, numbers["s"])
    if name.endswith("w2"):
        grid = np.linspace(-40, 40, 400001)  # the c-transform as a maximum, not as a formula

        def transformed(x):
            return (score(grid) - (grid - x) ** 2 / 2).max()

        nodes, weights = np.polynomial.hermite_e.hermegauss(10)  # exact: a quadratic is averaged
        fake = sum(w * transformed(u + z) for z, w in zip(nodes, weights, strict=True))
        expected, tolerance = real - fake / weights.sum(), 1e-6  # the grid's spacing squared
    else:
        constant = 1 - np.log(mean(lambda x: np.exp(score(x)), u, 1))
        fake = mean(lambda x: np.exp(score(x) + constant - 1), u, 1)
        expected, tolerance = real + constant - fake, 1e-9  # of the quadrature
    point = {symbol: numbers[w] for w, symbol in v.items()}
    assert float(f.subs(point).subs(s, numbers["s"])) == pytest.approx(expected, abs=tolerance)


def test_the_best_compromise_of_the_order_of_play():
    f, v = read("order-of-play")
    theta, w1, w2 = v["theta"], v["w1"], v["w2"]
    # data at −1 and 1, the score w1 x + w2 x²
    score = lambda x: w1 * x + w2 * x**2  # noqa: E731
    direct = (score(1) + score(-1)) / 2 - score(theta) - kappa * (w1**2 + w2**2) / 2
    assert sp.expand(f - direct) == 0
    k = sp.Symbol("kappa", positive=True)
    f = f.subs(kappa, k)
    reply = sp.solve([f.diff(w1), f.diff(w2)], [w1, w2], dict=True)[0]
    best = sp.expand(f.subs(reply))
    assert sp.factor(best - (theta**2 + (1 - theta**2) ** 2) / (2 * k)) == 0
    compromise = {theta: 1 / sp.sqrt(2), w1: -1 / (sp.sqrt(2) * k), w2: 1 / (2 * k)}
    assert stationary(f, compromise)
    assert best.subs(theta, 1 / sp.sqrt(2)) == 3 / (8 * k)
    assert f.diff(theta, 2).subs(compromise) == -1 / k
    curvature = proximal_curvature(f, theta, [w1, w2], compromise)
    assert sp.solve(curvature, lam) == [2 * k]
    field = sp.Matrix([-f.diff(theta), f.diff(w1), f.diff(w2)])
    jacobian = field.jacobian([theta, w1, w2]).subs(compromise)
    x = sp.Symbol("x")
    half, square = (1 / k - k) / 2, (1 / k + k) ** 2 / 4 - 3
    expected = (x + k) * ((x - half) ** 2 - square)
    assert sp.expand(jacobian.charpoly(x).as_expr() - expected) == 0


def collapse_points():
    m, big_a = 1 - 3 * tau**2, 4 * tau**2 - 6 * tau**4
    t = sp.Symbol("t", positive=True)
    place = sp.sqrt(m - t)
    cover = {"theta1": -sp.sqrt(m), "theta2": sp.sqrt(m), "w_sharp": big_a, "w_mean": 0}
    price = 4 * t * (big_a + t**2)
    collapse = {
        "theta1": place,
        "theta2": place,
        "w_sharp": big_a + t**2,
        "w_mean": -price * place,
    }
    return cover, collapse, t, price


def test_both_equilibria_of_the_mode_collapse():
    f, v = read("mode-collapse")
    cover, collapse, t, price = collapse_points()
    cover, collapse = ({v[k]: value for k, value in point.items()} for point in (cover, collapse))
    assert stationary(f, cover)
    at_price = f.subs(kappa, price)
    assert stationary(at_price, collapse)
    own = sp.hessian(f, [v["theta1"], v["theta2"]])
    assert own[0, 1] == 0
    m, big_a = 1 - 3 * tau**2, 4 * tau**2 - 6 * tau**4
    assert sp.expand(own[0, 0].subs(cover) - 4 * m * big_a) == 0
    assert sp.expand(own[0, 0].subs(collapse) - 2 * (big_a + t**2) * (2 * m - 3 * t)) == 0
    numbers = {tau: sp.Rational(1, 5), t: sp.Rational(24, 100)}
    assert price.subs(numbers) == sp.Rational("0.19968")
    assert (m - t).subs(numbers) == sp.Rational(64, 100)


def test_the_blur_of_the_mode_collapse_is_gaussian():
    f, v = read("mode-collapse")
    z = sp.Symbol("z", real=True)
    moments = (1, 0, 1, 0, 3)  # of the standard normal distribution

    def blurred(place):
        powers = sp.Poly(((place + tau * z) ** 2 - 1) ** 2, z).all_coeffs()[::-1]
        return sum(c * m for c, m in zip(powers, moments, strict=True))

    distance = blurred(v["theta1"]) + blurred(v["theta2"])
    fake = -v["w_sharp"] * distance / 2 + v["w_mean"] * (v["theta1"] + v["theta2"]) / 2
    price = v["w_sharp"] ** 2 / 2 + v["w_mean"] ** 2 / (2 * kappa)
    assert sp.expand(f - (-fake - price)) == 0  # the data's score is 0 at −1 and at 1 on average


def test_the_report_finds_and_certifies_the_collapse():
    report = st.report(st.load("mode-collapse"), rules=[])
    nash = [
        e
        for e in report.to_dict()["equilibria"]
        if e["conditions"]["local_nash"]["verdict"] == "yes"
    ]
    root = np.sqrt(0.88)
    expected = [(-root, root), (-0.8, -0.8), (0.8, 0.8), (root, -root)]
    found = [(e["point"]["theta1"], e["point"]["theta2"]) for e in nash]
    np.testing.assert_allclose(sorted(found), sorted(expected), atol=1e-9)  # polished by Newton
    for e in nash:
        assert e["flows"][0]["stability"]["verdict"] == "exponentially stable"
        near_both = (e["point"]["theta1"] < 0) != (e["point"]["theta2"] < 0)
        loss = e["point"]["w_sharp"] ** 2 / 2 + e["point"]["w_mean"] ** 2 / (2 * 0.19968)
        # f at rest is half the price of the discriminator: 0.1504²/2, or 0.208²/2 + 0.64·0.19968/2
        assert loss == pytest.approx(0.01131008 if near_both else 0.0855296, abs=1e-9)
