"""For which weights of their penalty GANs are stable: the flow for every one, steps for an interval."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Rational

import stability as st

a, w = sympy.symbols("a w", real=True)
eta, lr = sympy.symbols("eta lr", positive=True)
WASSERSTEIN = st.SymbolicGame(
    {"gen": ([a], w * (1 - a**2) / 3), "disc": ([w], -w * (1 - a**2) / 3)},
    box={"a": (-2, 2), "w": (-2, 2)},
)
PENALISED = st.NagarajanKolter(eta=eta)(WASSERSTEIN)
AT = {"a": 1, "w": 0}


def test_every_weight_stabilises_the_flow():
    assert st.stability_conditions(PENALISED, at=AT) == sympy.true


def test_the_penalty_moves_no_equilibrium():
    """∇_G ‖∇_D V‖² carries the factor ∇_D V, which vanishes where the discriminator rests."""
    report = st.report(PENALISED, parameters={eta: 7}, rules=[])
    points = [e.exact for e in report.equilibria]
    assert points == [{"a": "-1", "w": "0"}, {"a": "1", "w": "0"}]


@pytest.mark.parametrize("seed", range(3))
def test_no_weight_is_too_large_for_the_flow_at_a_realisable_point(seed):
    """Eliminating a from J = [[−Q, P], [−Pᵀ(I − 2ηQ), −2ηPᵀP]] leaves λ² + λ(Q + 2ηPPᵀ) + PPᵀ.

    With both matrices semidefinite and the first of them definite no root has a positive real part, for any
    η ≥ 0. Nagarajan and Kolter ask for an η so small that I − 2ηQ ≻ 0, which is not necessary.
    """
    rng = np.random.default_rng(seed)
    beyond = 0
    for _ in range(300):
        n = int(rng.integers(1, 6))
        m = int(rng.integers(1, n + 1))
        root = rng.normal(size=(n, n))
        q, p = root @ root.T + 0.01 * np.eye(n), rng.normal(size=(n, m))
        weight = 10.0 ** rng.uniform(-2, 2)
        beyond += 2 * weight * np.linalg.eigvalsh(q)[-1] > 1
        turn = np.eye(n) - 2 * weight * q
        jacobian = np.block([[-q, p], [-p.T @ turn, -2 * weight * p.T @ p]])
        values = np.linalg.eigvals(jacobian)
        # J is not normal: its eigenvalues are known to about 1e-12 of its norm at most
        assert values.real.max() < 1e-11 * np.abs(jacobian).max()
        polynomial = [q + 2 * weight * p @ p.T, p @ p.T]
        for value in values:
            smallest = np.linalg.svd(
                value**2 * np.eye(n) + value * polynomial[0] + polynomial[1], compute_uv=False
            )[-1]
            assert smallest <= 1e-8 * (1 + abs(value)) * np.abs(jacobian).max() ** 2
    assert beyond > 100


def test_too_large_a_weight_makes_the_flow_slow():
    """−4η/9 + (2/9)√(4η² − 9) = −1/(2η) + O(η⁻³): fastest at η = 3/2, and then slower and slower."""
    eigenvalues = PENALISED.jacobian(sympy.Matrix([1, 0])).eigenvals()
    limits = {sympy.limit(value * eta, eta, sympy.oo) for value in eigenvalues}
    assert limits == {Rational(-1, 2), -sympy.oo}
    rates = {
        value: st.report(PENALISED, parameters={eta: value}, at=AT, rules=[]).equilibria[0].flows[0]
        for value in (1, Rational(3, 2), 2)
    }
    abscissas = [flow.spectral_abscissa for flow in rates.values()]
    expected = [-4 / 9, -2 / 3, -8 / 9 + 2 * np.sqrt(7) / 9]
    assert abscissas == pytest.approx(expected, rel=1e-14)


def test_steps_bound_the_weight_from_both_sides():
    found = st.stability_conditions(PENALISED, st.Simultaneous, at=AT, lr=Rational(1, 10))
    assert found.as_set() == sympy.Interval.open(Rational(1, 20), Rational(901, 40))
    general = st.stability_conditions(PENALISED, st.Simultaneous, at=AT, lr=lr)
    # |1 + hλ| < 1 for λ² + 8ηλ/9 + 4/9 = 0: by Jury's conditions h < 2η and h² + 9 > 4ηh
    assert sympy.simplify(general.xreplace({lr: Rational(1, 10)}).as_set() - found.as_set()) == (
        sympy.EmptySet
    )
    assert st.critical_step(PENALISED, st.Simultaneous, at=AT).subs(eta, 1) == 2
    alternating = st.stability_conditions(PENALISED, st.Alternating, at=AT, lr=Rational(1, 10))
    assert alternating.as_set().sup == Rational(899, 40)


@pytest.mark.parametrize(
    ("weight", "arrives"), [(0.01, False), (0.06, True), (22, True), (23, False)]
)
def test_simulated_steps_agree(weight, arrives):
    game = st.NagarajanKolter(eta=weight)(WASSERSTEIN)
    v = sympy.lambdify((a, w), list(game.field()), "numpy")
    x = start = np.array([1.0 + 1e-4, 1e-4])
    for _ in range(3000):
        x = x + 0.1 * np.array(v(*x), dtype=float)
    away = np.linalg.norm(x - [1, 0]) / np.linalg.norm(start - [1, 0])
    assert (away < 0.99) == arrives
