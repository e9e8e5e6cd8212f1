"""Stability conditions as inequalities: short where that is known, and right everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy
from sympy import And, Rational, cos, sqrt, symbols

from stability import SymbolicGame, load
from stability.criteria.stability_inequalities import (
    hurwitz_conditions,
    schur_conditions,
    stability_conditions,
)
from stability.dynamics import Partition
from stability.errors import InputError
from stability.fields import Consensus, Gradient, TwoTimescale
from stability.rules import (
    RK4,
    Alternating,
    Extragradient,
    HeavyBall,
    Heun,
    Nesterov,
    Optimistic,
    Proximal,
    Simultaneous,
)
from tests.selection import slow_but

x, y, u, w = symbols("x y u w")
h = sympy.Symbol("lr", positive=True)
g, k, tau = symbols("gamma kappa tau", positive=True)
r, beta = symbols("rho beta", real=True)
bare = sympy.Symbol("gamma")

XY = SymbolicGame({"x": ([x], x * y), "y": ([y], -x * y)})


def damped(strength: Any) -> SymbolicGame:
    return SymbolicGame({"x": ([x], x * y + strength * x**2 / 2), "y": ([y], -x * y)})


def dirac(strength: Any) -> SymbolicGame:
    """The Dirac-GAN with R1 near its equilibrium: f'(0) = 1/2."""
    return SymbolicGame({"d": ([x], x * y / 2 + strength * x**2 / 2), "g": ([y], -x * y / 2)})


TWO_DAMPED = SymbolicGame(
    {"x": ([x], x * y + g * x**2 / 2), "y": ([y], -x * y + k * y**2 / 2)}, name="two damped"
)
ROTATIONS = SymbolicGame(
    {
        "a": ([x, u], x * y + k * u * w + g * (x**2 + u**2) / 2),
        "b": ([y, w], -x * y - k * u * w),
    },
    name="two rotations",
)
CHAIN = SymbolicGame(
    {
        "a": ([x], x * y + 3 * x * u + g * x**2 / 2),
        "b": ([y], -x * y + u * y),
        "c": ([u], -u * y + k * u**2 / 2 - x * u),
    },
    name="chain",
)
TORUS = SymbolicGame(
    {
        "x": ([x], -r * cos(x) + cos(x - y) + k * cos(y)),
        "y": ([y], r * cos(x) - cos(x - y) - k * cos(y)),
    },
    name="torus",
)
SIM, ALT = Simultaneous(), Alternating()


@pytest.mark.parametrize(
    ("game", "rule", "expected"),
    [
        (XY, None, sympy.false),
        (XY, SIM, sympy.false),
        (XY, ALT, sympy.false),
        (XY, Heun(), sympy.false),
        (XY, Extragradient(), h < 1),
        (XY, Optimistic(), h < sqrt(3) / 3),
        (XY, RK4(), h < 2 * sqrt(2)),
        (XY, Proximal(), sympy.true),
        (damped(g), None, sympy.true),
        (damped(bare), None, bare > 0),
        (damped(g), SIM, And(h < g, h**2 + 4 > 2 * g * h)),
        (damped(bare), SIM, And(h < bare, h**2 + 4 > 2 * bare * h)),
        (damped(g), ALT, h < sqrt(g**2 + 4) - g),
        (damped(g), Proximal(), sympy.true),
        (dirac(g), SIM, And(h < 4 * g, h**2 + 16 > 8 * g * h)),
        (dirac(g), ALT, h < 4 * (sqrt(g**2 + 1) - g)),
        (dirac(Rational(3, 10)), SIM, h < Rational(6, 5)),
    ],
)
def test_short_forms(game, rule, expected):
    found = stability_conditions(game, rule)
    if expected in (sympy.true, sympy.false):
        assert found == expected
        return
    # the same relations, up to the way in which their sides are written
    normal = {_normal(relation) for relation in And.make_args(found)}
    assert normal == {_normal(relation) for relation in And.make_args(expected)}


def _normal(relation: Any) -> tuple[Any, sympy.Expr]:
    greater = relation.gts - relation.lts
    return (relation.func in (sympy.Gt, sympy.Lt), sympy.expand(greater))


def test_consensus_bounds_the_step_of_xy():
    assert stability_conditions(XY, SIM, field=Consensus(g)) == (h < 2 * g / (g**2 + 1))
    # −γ ± i: alternating stays stable a little longer
    assert stability_conditions(XY, ALT, field=Consensus(g)) == (h < 2 / (g + 1))


def test_negative_momentum_repairs_alternating_play_only():
    # Gidel et al. 2019; REFERENCE B1: β = −1/2 is stable for h < 1
    assert stability_conditions(XY, HeavyBall(beta=beta)) == sympy.false
    found = stability_conditions(XY, HeavyBall(beta=beta, order="alternating"))
    assert found == And(beta < 0, h < 2 * beta + 2)


def test_the_time_scale_that_makes_the_torus_stable():
    # REFERENCE B6: 0.85/1.15 for a = b = 0.15
    found = stability_conditions(
        TORUS, at={x: 0, y: 0}, field=TwoTimescale(tau), parameters={"rho": 0.15, "kappa": 0.15}
    )
    assert found == (tau > Rational(17, 23))


def test_two_intervals_come_back_as_a_disjunction():
    # own damping c² − 3c + 2, negative between 1 and 2
    c = sympy.Symbol("c", real=True)
    game = SymbolicGame({"x": ([x], (c**2 - 3 * c + 2) * x**2), "y": ([y], y**2)})
    assert stability_conditions(game) == sympy.Or(c < 1, c > 2)
    found = stability_conditions(game, SIM, lr=Rational(1, 10))
    expected = And(c > (3 - sqrt(41)) / 2, c < 1) | And(c > 2, c < (3 + sqrt(41)) / 2)
    assert isinstance(found, sympy.Or)
    assert _same(found, expected, (c,))


def test_step_sizes_of_the_players():
    a, b = symbols("a b", positive=True)
    found = stability_conditions(damped(g), SIM, lr={"x": a, "y": b})
    assert set(found.args) == {b < g, a < 4 / (2 * g - b)} or _same(
        found, And(b < g, a * b + 4 > 2 * a * g), (a, b, g)
    )
    assert stability_conditions(XY, SIM, lr={"x": a, "y": a}) == sympy.false
    assert stability_conditions(damped(1), SIM, lr={"x": a, "y": 0.5}) == (a < Rational(8, 3))
    # step sizes of the rule's own are scaled together: (1/10, 1/5) t gives t < 5γ for small γ
    scaled = stability_conditions(damped(Rational(1, 10)), Simultaneous(lr={"x": 0.1, "y": 0.2}))
    assert scaled == (h < Rational(1, 2))


def _same(one: Any, other: Any, unknown: tuple[sympy.Symbol, ...]) -> bool:
    points = np.random.default_rng(0).uniform(0.01, 5, size=(len(unknown), 5000))
    values = [np.broadcast_to(sympy.lambdify(unknown, c)(*points), 5000) for c in (one, other)]
    return bool((values[0] == values[1]).all())


def test_a_catalogue_game_with_its_parameter_left_free():
    game = load("dirac-gan-r1")
    found = stability_conditions(game, ALT, parameters={"gamma": g})
    assert _normal(found) == _normal(h < 4 * (sqrt(g**2 + 1) - g))
    assert stability_conditions(game, SIM) == (h < Rational(6, 5))  # the file's γ is 3/10


def test_across_a_line_of_equilibria():
    s = sympy.Symbol("s")
    place = {"at": {"x": s, "y": 1 - s}, "manifold_dimension": 1}
    tandem = load("tandem")  # eigenvalues 0 and −4
    assert stability_conditions(tandem, **place) == sympy.true
    assert stability_conditions(tandem, SIM, **place) == (h < Rational(1, 2))
    assert stability_conditions(tandem, SIM, at=place["at"]) == sympy.false
    with pytest.raises(InputError, match="manifold_dimension is too large"):
        stability_conditions(tandem, SIM, at=place["at"], manifold_dimension=2)
    with pytest.raises(InputError, match="a whole family"):
        stability_conditions(tandem, SIM)


def test_irrational_numbers():
    game = SymbolicGame({"x": ([x], sqrt(2) * x * y + g * x**2 / 2), "y": ([y], -sqrt(2) * x * y)})
    found = stability_conditions(game, ALT)
    assert _same(found, h < (sqrt(g**2 + 8) - g) / 2, (h, g))


def test_work_that_does_not_finish_leaves_the_conditions_as_they_are(monkeypatch):
    from stability.criteria import inequalities

    short = stability_conditions(damped(g), HeavyBall(beta=beta))
    monkeypatch.setattr(inequalities, "sign_vectors", _endless)
    monkeypatch.setattr(inequalities, "SECONDS", 0.5)
    long = stability_conditions(damped(g), HeavyBall(beta=beta))
    assert long.count_ops() > short.count_ops()
    assert _same(short, long, (h, g, beta))


def _endless(_: Any) -> None:
    while True:
        pass


CASES = [
    (damped(bare), None, Gradient()),
    (damped(bare), SIM, Gradient()),
    (damped(bare), ALT, Gradient()),
    (damped(bare), Extragradient(), Gradient()),
    (damped(bare), Optimistic(), Gradient()),
    (damped(bare), Proximal(), Gradient()),
    (damped(bare), RK4(), Gradient()),
    (damped(g), HeavyBall(beta=beta), Gradient()),
    (damped(g), HeavyBall(beta=beta, order="alternating"), Gradient()),
    (XY, Nesterov(beta=beta), Gradient()),
    (dirac(bare), SIM, TwoTimescale(tau)),
    (dirac(bare), ALT, TwoTimescale(tau)),
    (dirac(r), SIM, Consensus(g)),
    (TWO_DAMPED, SIM, Gradient()),
    (TWO_DAMPED, ALT, Gradient()),
    (TWO_DAMPED, ALT, TwoTimescale(tau)),
    (ROTATIONS, SIM, TwoTimescale(tau)),
    (ROTATIONS, ALT, Gradient()),
    (CHAIN, None, Gradient()),
    (CHAIN, SIM, Gradient()),
    (CHAIN, ALT, Gradient()),
    (TORUS, None, TwoTimescale(tau)),
    (TORUS, SIM, Gradient()),
    (TORUS, ALT, TwoTimescale(tau)),
]

# every run takes flows, rules at once, in turn, with memory, and implicit ones; of two players and of more
QUICK = (0, 1, 2, 4, 7, 9, 10, 12, 13, 16, 18, 21, 23)


@pytest.mark.parametrize("number", slow_but(range(len(CASES)), QUICK))
def test_the_conditions_are_stability_itself(number):
    """Random points, and points to both sides of the stability boundary, against eigenvalues."""
    game, rule, field = CASES[number]
    at = dict.fromkeys(game.variables, 0)
    found = stability_conditions(game, rule, field=field, at=at)
    step = [h] if rule is not None else []
    jacobian = field.flow(game).jacobian(sympy.zeros(game.dimension, 1))
    settings = {s for s in rule.settings.values() if isinstance(s, sympy.Symbol)} if rule else set()
    parameters = sorted(jacobian.free_symbols | settings, key=str)
    radius = _radius(rule, sympy.lambdify(parameters, jacobian), parameters, game.partition)
    points = _points([*step, *parameters], radius, np.random.default_rng(number))
    holds = sympy.lambdify([*step, *parameters], found)
    values = np.array([radius(p) for p in points])
    decided = np.abs(values) > 1e-9  # the eigenvalues are that good away from multiple ones
    said = np.array([bool(holds(*p)) for p in points])
    assert decided.sum() >= 300
    np.testing.assert_array_equal(said[decided], values[decided] < 0)
    if found not in (sympy.true, sympy.false):
        assert 20 < said.sum() < len(said) - 20  # both answers occur


def _radius(rule: Any, jacobian: Callable[..., Any], parameters: Any, partition: Partition) -> Any:
    """Point ↦ spectral abscissa, or spectral radius less one."""

    def radius(point: np.ndarray) -> float:
        if rule is None:
            return float(np.linalg.eigvals(np.array(jacobian(*point), dtype=float)).real.max())
        own = dict(zip(parameters, point[1:], strict=True))
        numeric = rule.with_each_lr(lambda _: float(point[0]))
        if isinstance(rule, HeavyBall | Nesterov):
            options = {"order": rule.order} if isinstance(rule, HeavyBall) else {}
            numeric = type(rule)(lr=float(point[0]), beta=float(own[beta]), **options)
        matrix = np.array(jacobian(*point[1:]), dtype=float)
        return float(np.abs(np.linalg.eigvals(numeric.linearise(matrix, partition))).max()) - 1

    return radius


def _points(
    unknown: list[sympy.Symbol], radius: Callable[[np.ndarray], float], rng: np.random.Generator
) -> list[np.ndarray]:
    """300 points over several scales, and both sides of every boundary met between two of them."""
    magnitude = 10.0 ** rng.uniform(-1.5, 0.8, size=(300, len(unknown)))
    signs = [1 if s.is_positive else rng.choice([-1, 1], p=[0.3, 0.7], size=300) for s in unknown]
    points = list(magnitude * np.stack([np.broadcast_to(s, 300) for s in signs], axis=1))
    near = []
    for inner, outer in zip(points[:150], points[150:], strict=True):
        if (radius(inner) < 0) == (radius(outer) < 0):
            continue
        low, high = inner, outer
        for _ in range(24):  # to about 1e-7 of the distance
            middle = (low + high) / 2
            low, high = (
                (middle, high) if (radius(middle) < 0) == (radius(inner) < 0) else (low, middle)
            )
        near += [low, high]
    return points + near


def test_on_the_boundary_itself():
    found = stability_conditions(damped(g), SIM)
    assert found.subs({h: Rational(1, 3), g: Rational(1, 3)}) == sympy.false
    assert found.subs({h: Rational(1, 3), g: Rational(1, 3) + Rational(1, 10**30)}) == sympy.true


a, b, c, d = symbols("a b c d", real=True)


@pytest.mark.parametrize(
    ("coefficients", "expected"),
    [
        ([1, a], {a > 0}),
        ([1, a, b], {a > 0, b > 0}),
        ([2, 3, 5], set()),
        ([1, -2, 5], {sympy.false}),
        ([g, 1, 2], set()),
        ([1, a, b, c], {a > 0, c > 0, a * b > c}),
        ([7], set()),
    ],
)
def test_hurwitz(coefficients, expected):
    assert set(hurwitz_conditions(coefficients)) == expected


@pytest.mark.parametrize(
    ("coefficients", "expected"),
    [
        ([1, a], {a > -1, a < 1}),
        ([1, a, b], {a + b + 1 > 0, b + 1 > a, b < 1}),
        ([2, 1, -1], {sympy.false}),  # a root at −1
        ([2, 0, -1], set()),
        ([3], set()),
    ],
)
def test_schur(coefficients, expected):
    assert set(schur_conditions(coefficients)) == expected


@pytest.mark.parametrize("conditions", [hurwitz_conditions, schur_conditions])
@pytest.mark.parametrize("degree", range(1, 7))
@pytest.mark.parametrize("sign", slow_but([1, -1], [-1]))
def test_random_polynomials(conditions, degree, sign):
    rng = np.random.default_rng(degree)
    circle = conditions is schur_conditions
    for trial in range(40):
        pairs = (degree // 2) * (trial % 2)
        half = rng.normal(size=pairs) + 1j * rng.normal(size=pairs)
        roots = np.concatenate([half, half.conj(), rng.normal(size=degree - 2 * pairs)])
        if circle:
            roots = roots / np.abs(roots).max() * rng.choice([0.9, 0.99, 1.01, 1.1])
        else:
            roots = roots - roots.real.max() + rng.choice([-0.1, -0.01, 0.01, 0.1])
        stable = np.abs(roots).max() < 1 if circle else roots.real.max() < 0
        coefficients = [sympy.Rational(sign * float(v)) for v in np.poly(roots).real]
        assert sympy.And(*conditions(coefficients)) == sympy.sympify(bool(stable))


@pytest.mark.parametrize("leading", [0, r, r - 1])
def test_the_leading_coefficient_needs_a_sign(leading):
    with pytest.raises(InputError, match="leading coefficient"):
        hurwitz_conditions([leading, 1, 2])
    with pytest.raises(InputError, match="leading coefficient"):
        schur_conditions([])


def test_symbols_that_cannot_be_told_apart():
    with pytest.raises(InputError, match="two different symbols are called gamma"):
        stability_conditions(damped(bare), SIM, lr=g)
    with pytest.raises(InputError, match="positive=True"):
        stability_conditions(damped(bare), SIM, lr=sympy.Symbol("eta"))


def test_a_point_at_which_training_does_not_rest_has_no_conditions():
    value = x**4 / 4 - x * y - y**2
    game = SymbolicGame({"gen": ([x], value), "disc": ([y], -value)})
    with pytest.raises(InputError, match="does not rest at x = 3, y = 1: the field is 26"):
        stability_conditions(game, at={"x": 3, "y": 1})
    # rounded to six digits, and with a parameter in it
    assert stability_conditions(load("polynomial"), at={"x": -1.31653, "y": -1.22427}) == sympy.true
    shifted = SymbolicGame({"x": ([x], (x - bare) ** 2 / 2 + x * y), "y": ([y], -x * y + bare * y)})
    assert stability_conditions(shifted, at={"x": bare, "y": 0}) == sympy.true
    with pytest.raises(InputError, match="does not rest"):
        stability_conditions(shifted, at={"x": 2 * bare, "y": 0})
