"""Fields and rules that rest where the game does not, or nowhere, at points derived by hand."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability.analysis import search
from stability.dynamics.functions import relu

SAME = 1e-8  # the search polishes to rounding; the points are of size one

x, y = sympy.symbols("x y", real=True)


def general_sum():
    """L₁ = x²/2 + xy + y, L₂ = y²/2 − xy/2 − y; the second player's reply is y = x/2 + 1.

    The gradient field vanishes where x = −y, at (−2/3, 2/3).
    """
    losses = {"p": ([x], x**2 / 2 + x * y + y), "q": ([y], y**2 / 2 - x * y / 2 - y)}
    return st.SymbolicGame(losses, name="two parabolas")


def at(report, point):
    """The one analysis at a point."""
    found = [
        e for e in report.equilibria
        if np.allclose(list(e.point.values()), point, rtol=0, atol=SAME)
    ]  # fmt: skip
    assert len(found) == 1, [dict(e.point) for e in report.equilibria]
    return found[0]


def eigenvalues(matrix):
    return np.sort_complex(np.linalg.eigvals(np.array(matrix, dtype=float)))


def same_spectrum(found, matrix):
    np.testing.assert_allclose(np.sort_complex(found), eigenvalues(matrix), atol=SAME)


@pytest.mark.parametrize("step", [0.1, pytest.param(0.2, marks=pytest.mark.slow)])
def test_lola_on_the_tandem_game(step):
    report = st.report(st.games.tandem(), fields=[st.Gradient(), st.LOLA(step)], rules=[])
    lines = {sum(e.point.values()): e for e in report.equilibria}
    moved = (1 - 2 * step) / (1 - 4 * step)
    assert sorted(lines) == pytest.approx(sorted([1, moved]), abs=SAME)
    for line, e in lines.items():
        resting = [f.field for f in e.flows if f.stationary]
        own = abs(line - moved) < SAME
        assert resting == (["lola"] if own else ["gradient"])
        assert e.stationary is not own
        assert e.at_rest
    e = next(e for line, e in lines.items() if abs(line - moved) < SAME)
    lola = next(f for f in e.flows if f.field == "lola")
    # with s = x + y the first player follows −∇ₓ(L₁ − step ∇_yL₁ ∇_yL₂) = −(2s − 2) + step (8s − 4), so
    # ṡ = −4s + 4 + step (16s − 8), which is judged across the line
    assert lola.stability.verdict == "exponentially stable"
    assert lola.stability.value == pytest.approx(-4 + 16 * step, abs=SAME)


def test_stackelberg_rests_where_the_leader_counts_on_the_reply():
    """dL₁/dx along y = x/2 + 1 is x + y + (x + 1)/2 = 0: x = −3/4, y = 5/8."""
    rule = st.Simultaneous(0.2)
    report = st.report(
        general_sum(), fields=[st.Gradient(), st.Stackelberg("p")], rules=[rule, st.Extragradient()]
    )
    game, leader = at(report, (-2 / 3, 2 / 3)), at(report, (-3 / 4, 5 / 8))
    assert len(report.equilibria) == 2
    assert [f.stationary for f in game.flows] == [True, False]
    assert [f.stationary for f in leader.flows] == [False, True]
    assert (game.stationary, leader.stationary, leader.at_rest) == (True, False, True)
    J = np.array([[-3 / 2, -1], [1 / 2, -1]])
    same_spectrum(leader.flows[1].eigenvalues, J)
    assert leader.flows[1].stability.verdict == "exponentially stable"
    rules = {(r.rule, r.field): r for r in leader.rules}
    euler = rules["simultaneous", "stackelberg"]
    same_spectrum(euler.multipliers, np.eye(2) + 0.2 * J)
    # λ² + 5/2 λ + 2 = 0: stable below −2 Re λ/|λ|² = (5/2)/2
    assert euler.critical_lr == pytest.approx(5 / 4)
    same_spectrum(
        rules["extragradient", "stackelberg"].multipliers, np.eye(2) + 0.1 * J + 0.01 * J @ J
    )
    gradient = rules["simultaneous", "gradient"]
    assert (gradient.multipliers, gradient.type) == (None, "not at rest")
    there = report.to_text(300)
    assert "which is no equilibrium of the game, " in there
    assert any("the stackelberg field rest" in remark for remark in leader.remarks)


def test_losses_that_only_nearly_add_up_to_zero():
    """V = xy + x²/2 − 2x against −V + y²/2 − y is zero-sum for the gradient, but not for a leader.

    The game rests at (1/2, 3/2), where ∇_yV = 1/2. The reply is y = x + 1, so the leader's total gradient
    is x + y − 2 + x, zero at (1/3, 4/3).
    """
    value = x * y + x**2 / 2 - 2 * x
    game = st.SymbolicGame({"p": ([x], value), "q": ([y], -value + y**2 / 2 - y)})
    report = st.report(game, fields=[st.Gradient(), st.Stackelberg("p")], rules=[])
    assert report.system.zero_sum is True
    own, leader = at(report, (1 / 2, 3 / 2)), at(report, (1 / 3, 4 / 3))
    assert [f.stationary for f in own.flows] == [True, False]
    assert [f.stationary for f in leader.flows] == [False, True]
    same_spectrum(leader.flows[1].eigenvalues, [[-2, -1], [1, -1]])


def test_a_search_that_is_given_a_point_looks_nowhere_else():
    point = {"x": -0.75, "y": 0.625}
    report = st.report(general_sum(), fields=[st.Gradient(), st.Stackelberg("p")], at=point)
    (only,) = report.equilibria
    assert [f.stationary for f in only.flows] == [False, True]


def unrolled_by_hand(k, h):
    """The rest point and the linearised step of `unrolled` on `general_sum`.

    The unrolled reply is y_k = qy + (1 − q)(x/2 + 1) with q = (1 − h)ᵏ, and the first player follows
    G = x + y_k + g(x + 1), g = dy_k/dx = (1 − q)/2. At rest y = x/2 + 1 = y_k, so x(3/2 + g) = −1 − g.
    """
    q = (1 - h) ** k
    g = (1 - q) / 2
    rest = -(1 + g) / (3 / 2 + g)
    return (rest, rest / 2 + 1), [[1 - h * (1 + 2 * g), -h * q], [h / 2, 1 - h]]


@pytest.mark.slow
@pytest.mark.parametrize(("k", "h"), [(1, 0.1), (3, 0.4)])
def test_unrolled_in_a_general_sum_game(k, h):
    report = st.report(general_sum(), rules=[st.Unrolled(h, k=k), st.Simultaneous(h)])
    point, matrix = unrolled_by_hand(k, h)
    own, game = at(report, point), at(report, (-2 / 3, 2 / 3))
    assert len(report.equilibria) == 2
    same_spectrum(own.rules[0].multipliers, matrix)
    assert own.rules[0].stability.verdict == "exponentially stable"
    assert own.rules[0].spectral_radius == pytest.approx(np.abs(eigenvalues(matrix)).max())
    assert own.rules[1].multipliers is None
    assert game.rules[0].multipliers is None
    assert "does not rest here" in game.rules[0].stability.because
    assert game.rules[1].multipliers is not None


@pytest.mark.slow
def test_unrolled_in_a_zero_sum_game_rests_with_the_game():
    report = st.report(st.games.dirac_gan_r1(), rules=[st.Unrolled(0.1, k=2)])
    (e,) = report.equilibria
    (rule,) = e.rules
    # θ descends θψ₂/2 at ψ₂ = (1 − 0.03)²ψ + 0.05(1 + 0.97)θ = qψ + cθ (the penalty is ψ's alone)
    q, c = 0.97**2, 0.05 * 1.97
    step = [[1 - 0.1 * c, -0.1 * q / 2], [0.05, 0.97]]
    same_spectrum(rule.multipliers, step)


def drifting(anchor):
    """A Wasserstein critic ψ against x, drawn to `anchor`: L_x = xψ + (x − anchor)², L_ψ = −xψ."""
    psi = sympy.Symbol("psi", real=True)
    return st.SymbolicGame(
        {"gen": ([x], x * psi + (x - anchor) ** 2), "disc": ([psi], -x * psi)},
        name="drifting", box={"x": (-2, 2), "psi": (-4, 4)},
    )  # fmt: skip


def test_clipped_rests_on_the_boundary():
    """At ψ = 1 the field on ψ is x = 1 − 1/2 > 0, outwards, and 2(x − 1) + ψ = 0."""
    rule = st.Clipped(0.2, low={"disc": -1}, high={"disc": 1})
    report = st.report(drifting(1), rules=[rule, st.Simultaneous(0.2)])
    edge, inside = at(report, (0.5, 1)), at(report, (0, 2))
    clipped, euler = edge.rules
    same_spectrum(clipped.multipliers, [[1 - 0.2 * 2, -0.2], [0, 0]])
    assert clipped.stability.verdict == "exponentially stable"
    assert clipped.critical_lr == pytest.approx(1)  # |1 − 2h| < 1
    assert clipped.best_lr == pytest.approx(0.5, abs=1e-6)
    assert clipped.best_spectral_radius == pytest.approx(0, abs=1e-6)
    assert (euler.multipliers, euler.type) == (None, "not at rest")
    # the game's own equilibrium has ψ = 2, outside the interval
    assert inside.stationary
    assert inside.rules[0].multipliers is None
    same_spectrum(inside.rules[1].multipliers, [[1 - 0.4, -0.2], [0.2, 1]])


def test_clipped_inside_acts_as_its_inner_rule():
    rule = st.Clipped(low={"disc": -3}, high={"disc": 3}, inner=st.Extragradient(0.2))
    (e,) = st.report(drifting(1), rules=[rule, st.Extragradient(0.2)]).equilibria
    clipped, inner = e.rules
    np.testing.assert_allclose(clipped.multipliers, inner.multipliers, atol=SAME)
    assert clipped.critical_lr == pytest.approx(inner.critical_lr)


def test_clipped_where_the_boundary_is_met_without_a_push():
    rule = st.Clipped(0.2, low={"disc": -2}, high={"disc": 2})
    (e,) = st.report(drifting(1), rules=[rule]).equilibria
    (clipped,) = e.rules
    assert clipped.multipliers is None
    assert "no derivative" in clipped.stability.because


@pytest.mark.slow
def test_a_critic_clipped_in_jax():
    """The same game with a pytree for a strategy; both players in float32."""
    game = st.Game(
        {
            "gen": lambda gen, disc: gen["x"] * disc + (gen["x"] - 1) ** 2,
            "disc": lambda gen, disc: -gen["x"] * disc,
        },
        start={"gen": {"x": jnp.float32(0.3)}, "disc": jnp.float32(0.1)},
    )
    rule = st.Clipped(0.2, low={"disc": -1}, high={"disc": 1})
    edge = at(st.report(game, rules=[rule]), (0.5, 1))
    same_spectrum(edge.rules[0].multipliers, [[0.6, -0.2], [0, 0]])


@pytest.mark.parametrize("leader", ["gen", "disc"])
def test_stackelberg_where_the_follower_has_a_flat_loss(leader):
    """On the Dirac-GAN both own Hessians vanish at the origin, and nowhere else along an axis."""
    report = st.report(st.games.dirac_gan(), fields=[st.Gradient(), st.Stackelberg(leader)])
    origin = at(report, (0, 0))
    gradient, stackelberg = origin.flows
    assert gradient.eigenvalues is not None
    assert stackelberg.eigenvalues is None
    assert "not differentiable" in stackelberg.stability.because
    assert stackelberg.stability.verdict == "undecided"
    rules = [r for r in origin.rules if r.field == "stackelberg"]
    assert rules
    assert all(r.multipliers is None and r.critical_lr is None for r in rules)
    assert "NaN" not in report.to_json()
    report.to_text(80)


def test_stackelberg_where_the_follower_is_flat_everywhere():
    with pytest.raises(st.InputError, match="singular everywhere"):
        st.report(st.games.xy(), fields=[st.Stackelberg("x")])
    bilinear = st.zero_sum(
        lambda a, b: a * b, minimizer="a", maximizer="b", start={"a": 0.5, "b": 0.5}
    )
    report = st.report(bilinear, fields=[st.Gradient(), st.Stackelberg("a")], at={"a": 0, "b": 0})
    (e,) = report.equilibria  # JAX finds no fault with the expressions, only with the numbers
    assert e.flows[0].eigenvalues is not None
    assert e.flows[1].eigenvalues is None


def test_best_response_without_a_strict_optimum():
    report = st.report(st.games.dirac_gan_r1(), rules=[st.BestResponse(), st.Simultaneous()])
    (e,) = report.equilibria
    reply, euler = e.rules
    assert (reply.multipliers, reply.spectral_radius, reply.stability.verdict) == (
        None, None, "undecided",
    )  # fmt: skip
    assert "gen has no best response" in reply.stability.because
    assert euler.stability.verdict == "exponentially stable"


def test_best_response_with_optima():
    """x ← −y, then y ← x/2 + 1: the multiplier is −1/2."""
    report = st.report(general_sum(), rules=[st.BestResponse(), st.BestResponse("q+p")])
    e = at(report, (-2 / 3, 2 / 3))
    for rule in e.rules:
        assert rule.spectral_radius == pytest.approx(1 / 2)
        assert rule.stability.verdict == "exponentially stable"
        assert rule.critical_lr is rule.best_lr is None
        assert rule.steps_per_digit == pytest.approx(math.log(10) / math.log(2))


@pytest.mark.slow
def test_a_rule_inside_another_rests_where_that_does():
    """Lookahead over a clipped step: 1 − a + a·m⁵ for the multipliers 0.6 and 0 of the clipped step."""
    inner = st.Clipped(low={"disc": -1}, high={"disc": 1})
    report = st.report(drifting(1), rules=[st.Lookahead(0.2, inner=inner)])
    edge = at(report, (0.5, 1))
    same_spectrum(edge.rules[0].multipliers, np.diag([0.5 + 0.5 * 0.6**5, 0.5]))


def test_a_point_copied_from_a_report():
    """Six digits of √2 stand for it; five do not."""
    game = st.SymbolicGame({"p": ([x], x**3 / 3 - 2 * x + x * y), "q": ([y], y**2 / 2 - x * y**2)})
    copied, other = st.report(game, at=[{"x": 1.41421, "y": 0}, {"x": 1.4141, "y": 0}]).equilibria
    assert copied.stationary
    assert copied.point["x"] == pytest.approx(math.sqrt(2), rel=1e-15)
    assert not other.stationary
    assert other.point["x"] == 1.4141
    (row,) = st.compare(game, rules=[st.Simultaneous()], at={"x": 1.41421, "y": 0}).rows
    assert row.spectral_radius == pytest.approx(1 + 0.1 * (2 * math.sqrt(2) - 1))


@pytest.mark.parametrize("power", [1, 2])
def test_a_half_line_of_rest_points_ends_at_a_kink(power):
    """relu(x)^k is flat for x < 0: every such x is a rest point, and the kink at 0 is not what is told."""
    x = sympy.Symbol("x", real=True)
    (found,) = st.report(st.SymbolicGame({"x": ([x], relu(x) ** power)})).equilibria
    assert found.point["x"] < -1e-3
    assert (found.isolated, found.manifold_dimension) == ("no", 1)
    assert found.flows[0].stability.verdict == "neutral"


def test_of_very_many_rest_points_some_are_analysed_and_the_others_announced(monkeypatch):
    monkeypatch.setattr(search, "MOST", 5)
    x = sympy.symbols("x0:2", real=True)
    report = st.report(st.SymbolicGame({"x": (x, sum((v**2 - 1) ** 2 for v in x))}))
    points = [tuple(e.point.values()) for e in report.equilibria]  # of the nine in {-1, 0, 1}²
    assert sorted(points) == [(-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)]
    assert any("9 equilibria were found, of which the 5 nearest" in w for w in report.warnings)


def test_many_players_are_compiled_from_one_table():
    """Thirty players with some nine terms each: losses, field and derivatives as SymPy has them."""
    x = sympy.symbols("x0:30", real=True)
    rng = np.random.default_rng(0)
    players = {}
    for i, own in enumerate(x):
        others = rng.choice(30, 7, replace=False)
        terms = [sympy.Rational(int(rng.integers(1, 9)), 8) * own * x[j] for j in others]
        players[f"p{i}"] = ([own], own**2 - own / 3 + sympy.Add(*terms))
    game = st.SymbolicGame(players)
    numeric, point = game.numeric(), rng.standard_normal(30)
    assert numeric._joint is not None
    at = dict(zip(x, point, strict=True))
    with jax.enable_x64(True):
        gradients, hessians = numeric.derivatives(point)
        np.testing.assert_allclose(
            numeric.losses(point), [float(own.xreplace(at)) for own in game.losses()]
        )
        field = [float(v.xreplace(at)) for v in game.expressions]
        np.testing.assert_allclose(numeric.field(point), field, atol=1e-13)
        np.testing.assert_allclose(-np.diagonal(gradients), field, atol=1e-13)
    rows = [hessians[i, i] for i in range(30)]
    np.testing.assert_allclose(-np.array(rows), np.array(game.jacobian(), float), atol=1e-13)
