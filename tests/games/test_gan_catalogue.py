"""The catalogue's GANs are the families', and their comments' numbers are right."""

from __future__ import annotations

import pytest
import sympy
from sympy import E, I, Rational, exp, sqrt

from stability import Anchor, SymbolicGAN, load
from stability.games import families

NAMES = {
    "dirac-gan": "minimax",
    "dirac-gan-nonsaturating": "non-saturating",
    "dirac-gan-wasserstein": "wasserstein",
    "dirac-gan-hinge": "hinge",
    "dirac-gan-kl": "kl",
    "dirac-gan-kl-nonsaturating": "kl-non-saturating",
    "dirac-gan-reverse-kl": "reverse-kl",
    "dirac-gan-pearson": "pearson",
    "dirac-gan-squared-hellinger": "squared-hellinger",
    "dirac-gan-jensen-shannon": "jensen-shannon",
    "dirac-gan-least-squares": "least-squares",
    "linear-gan": "minimax",
    "nagarajan-kolter-uniform": "wasserstein",
    "nagarajan-kolter-uniform-minimax": "minimax",
    "covariance-gan": "wasserstein",
    "gaussian-gan": "minimax",
}
# in Mescheder et al. and these entries the discriminator's logit is high on generated points: −ψ for ψ
MIRRORED = ("dirac-gan", "dirac-gan-nonsaturating", "dirac-gan-wasserstein")
L = sympy.Symbol("lambda")


def family(name: str) -> SymbolicGAN:
    objective = NAMES[name]
    if name.startswith("dirac"):
        return families.dirac(objective, bias=objective == "least-squares")
    if name.startswith("nagarajan"):
        return families.nagarajan_kolter(objective)
    if name == "covariance-gan":
        return Anchor({"disc": Rational(1, 2)})(families.covariance([1]))
    return families.linear(objective) if name == "linear-gan" else families.gaussian(objective)


@pytest.mark.parametrize("name", NAMES)
def test_entries_are_members_of_the_families(name):
    """The same field, whatever the order of the players and constants in the losses."""
    entry, gan = load(name), family(name)
    values = {**entry.parameters, sympy.Symbol("eta", real=True): Rational(1, 2)}
    if name.startswith("nagarajan"):  # the penalty on the generator is left out
        values[sympy.Symbol("eta", real=True)] = sympy.S.Zero
    places = {v.name: i for i, v in enumerate(gan.variables)}
    order = [places[v.name] for v in entry.variables]
    # the entry of the Gaussian GAN has three nodes, which is exact where D = 0
    point = dict(zip(("w1", "w2", "a", "b"), (0, 0, Rational(3, 10), Rational(7, 5)), strict=True))
    others = dict(zip(places, (Rational(3, 10), Rational(7, 5), Rational(-2, 7)), strict=False))
    put = point if name == "gaussian-gan" else others
    sign = {"psi": -1} if name in MIRRORED else {}
    here = gan.field().xreplace({v: sign.get(v.name, 1) * put[v.name] for v in gan.variables})
    here = [
        sign.get(v.name, 1) * component for v, component in zip(gan.variables, here, strict=True)
    ]
    there = entry.field().xreplace({**values, **{v: put[v.name] for v in entry.variables}})
    for i, component in zip(order, there, strict=True):
        assert abs(sympy.N(component - here[i], 30)) < 1e-25  # 30 digits were asked for


EIGENVALUES = [
    ("dirac-gan-hinge", (0, 0), (I, -I)),
    ("dirac-gan-kl", (0, 0), (I / E, -I / E)),
    ("dirac-gan-kl-nonsaturating", (0, 0), (I * exp(-Rational(1, 2)), -I * exp(-Rational(1, 2)))),
    ("dirac-gan-reverse-kl", (0, 0), (I, -I)),
    ("dirac-gan-pearson", (0, 0), (I, -I)),
    ("dirac-gan-pearson", (1, -2), (0, Rational(3, 2))),
    ("dirac-gan-squared-hellinger", (0, 0), (I, -I)),
    ("dirac-gan-jensen-shannon", (0, 0), (I / 2, -I / 2)),
    ("dirac-gan-least-squares", (0, 0, Rational(1, 2)), (I / 2, -I / 2, -2)),
    *(
        (
            "gaussian-gan",
            (0, 0, 0, b),
            tuple(r / 4 + s * I * sqrt(q) / 4 for r, q in ((-1, 3), (-3, 7)) for s in (1, -1)),
        )
        for b in (1, -1)
    ),
]


@pytest.mark.parametrize(("name", "point", "eigenvalues"), EIGENVALUES)
def test_known_eigenvalues(name, point, eigenvalues):
    game = load(name)
    point = sympy.Matrix(point)
    assert game.field(point).applyfunc(sympy.simplify).is_zero_matrix
    jacobian = game.jacobian(point).applyfunc(lambda e: sympy.radsimp(sympy.simplify(e)))
    expected = sympy.expand(sympy.Mul(*(L - value for value in eigenvalues)))
    assert sympy.simplify(jacobian.charpoly(L).as_expr() - expected) == 0


def test_covariance_gan():
    game = load("covariance-gan")
    sigma, eta = sympy.symbols("sigma eta", real=True)
    for sign in (1, -1):
        jacobian = game.jacobian(sympy.Matrix([0, sign * sigma]))
        assert sympy.expand(jacobian.charpoly(L).as_expr() - (L**2 + eta * L + 4 * sigma**2)) == 0
    collapsed = sympy.Matrix([sigma**2 / eta, 0])
    assert game.field(collapsed).applyfunc(sympy.simplify).is_zero_matrix
    assert set(game.jacobian(collapsed).eigenvals()) == {-eta, 2 * sigma**2 / eta}


@pytest.mark.parametrize(
    "name", ["kl", "reverse-kl", "pearson", "squared-hellinger", "jensen-shannon"]
)
def test_zero_sum_dirac_gans_conserve_the_distance(name):
    game = load(f"dirac-gan-{name}")
    (rate,) = sympy.Matrix(game.variables).T * game.field()
    assert sympy.simplify(rate) == 0


def test_the_non_saturating_kl_drifts_inwards():
    game = load("dirac-gan-kl-nonsaturating")
    theta, psi = game.variables
    t = psi * theta
    energy = sympy.Matrix([theta**2 / E + psi**2])
    (rate,) = energy.jacobian(game.variables) * game.field()
    assert sympy.simplify(rate + 2 / E * t * (exp(t) - 1)) == 0
