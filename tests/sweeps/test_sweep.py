"""Every number of a sweep is the number of a report at that point; known answers; hostile input."""

import csv
import io
import json
import math

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability.penalties import GradientNorm
from stability.sweeps import QUANTITIES, sweep
from tests.known_systems import HENON
from tests.selection import slow_rows

SAME = 1e-12  # both roads round differently, on well-conditioned spectra


def numbers(value):
    """A report's number, or numbers by player, as a sweep has them."""
    if value is None:
        return np.nan
    return list(value.values()) if isinstance(value, dict) else value


def agree(found, known, tolerance=SAME):
    known = np.array(numbers(known), dtype=complex if np.iscomplexobj(found) else float)
    np.testing.assert_allclose(np.squeeze(found), np.squeeze(known), rtol=tolerance, atol=tolerance)


RULE_NUMBERS = [
    "spectral_radius",
    "critical_lr",
    "best_lr",
    "best_spectral_radius",
    "steps_per_digit",
]


@pytest.mark.parametrize(
    ("name", "axis", "values", "field", "rule", "at"),
    slow_rows(
        [
            ("dirac-gan-r1", "gamma", [0.3, 1.0, 1.5], None, st.Simultaneous(0.2), None),
            ("dirac-gan-r1", "lr", [0.05, 0.3], None, st.Alternating(), None),
            ("balduzzi-four", "epsilon", [0.01, 0.2], None, st.Simultaneous(0.02), None),
            (
                "torus",
                "tau",
                [0.5, 2.0],
                st.TwoTimescale(1.0),
                st.Simultaneous(0.1),
                {"x": 0, "y": 0},
            ),
            (
                "xy",
                "consensus.gamma",
                [0.1, 0.5],
                st.fields.Consensus(0.1),
                st.rules.Extragradient(0.1),
                None,
            ),
            ("letcher", "lr", [0.1], None, st.Simultaneous(), {"x": 0, "y": 0}),
            ("dirac-gan-r1", "lr.disc", [0.1, 0.2], None, st.Simultaneous(0.1), None),
            ("brusselator", "B", [1.5, 2.5], None, st.Simultaneous(0.1), None),
        ],
        # every run varies a parameter, a setting of a field, and a step size in three ways
        lambda row: row[1] in ("gamma", "epsilon", "tau"),
    ),
)
def test_numbers_of_a_report(name, axis, values, field, rule, at):
    system = st.load(name)
    game = system.kind == "game"
    asked = [
        "eigenvalues",
        "spectral_abscissa",
        "multipliers",
        "stable",
        "stable_rule",
        "point",
        "residual",
    ]
    asked += [*RULE_NUMBERS, *(["losses"] if game else [])]
    found = sweep(system, {axis: values}, asked, field=field, rule=rule, at=at)
    from stability.branches.axes import Setup, resolve

    players = system.partition.players
    base = Setup({s.name: v for s, v in system.parameters.items()}, field, rule, (), players)
    for i, value in enumerate(values):
        own = base.with_value(resolve(axis, base), value)
        report = st.report(
            system,
            fields=[own.field] if own.field else [],
            rules=[own.rule],
            parameters=own.parameters,
            at=at,
        ).to_dict()
        (equilibrium,) = report["equilibria"]
        (flow,), (step,) = equilibrium["flows"], equilibrium["rules"]
        q = {key: array[i] for key, array in found.quantities.items()}
        agree(q["eigenvalues"], [complex(*v) for v in flow["eigenvalues"]])
        agree(q["multipliers"], [complex(*v) for v in step["multipliers"]])
        agree(q["spectral_abscissa"], flow["spectral_abscissa"])
        for number in RULE_NUMBERS:  # of other rules the step sizes are scanned for
            scanned = not isinstance(rule, st.Simultaneous) and "lr" in number
            known = step[number]
            if number == "critical_lr" and known is None:
                assert np.isinf(q[number]).all()
            elif isinstance(known, dict):
                agree(q[number], [known.get(p, known.get("")) for p in players])
            elif known is None:
                assert np.isnan(q[number]).all()
            else:
                agree(q[number], known, 1e-8 if scanned else SAME)
        verdicts = {"exponentially stable": 1.0, "unstable": 0.0}
        for number, entry in (("stable", flow), ("stable_rule", step)):
            known = verdicts.get(entry["stability"]["verdict"], np.nan)
            np.testing.assert_array_equal(q[number], known)
        agree(q["point"], equilibrium["point"])
        assert q["residual"] <= 1e-12
    assert found.lost == 0


def test_two_axes_and_a_formula():
    """Dirac-GAN with R1 (Mescheder 2018): −γ/2 ± √(γ²/4 − 1/4)."""
    gamma, lr = np.linspace(0.1, 0.9, 5), np.array([0.1, 0.2, 0.4])
    found = sweep(
        st.load("dirac-gan-r1"), {"gamma": gamma, "lr": lr}, ["spectral_radius", "critical_lr"]
    )
    assert found.shape == (5, 3)
    squared = (1 - lr * gamma[:, None] / 2) ** 2 + lr**2 * (1 - gamma[:, None] ** 2) / 4
    np.testing.assert_allclose(found.quantities["spectral_radius"], np.sqrt(squared), rtol=1e-14)
    np.testing.assert_allclose(
        found.quantities["critical_lr"], (4 * gamma[:, None]).repeat(3, 1), rtol=1e-14
    )


def test_critical_damping_is_exact():
    found = sweep(st.load("dirac-gan-r1"), {"gamma": [1.0]}, ["eigenvalues"])
    np.testing.assert_array_equal(found.quantities["eigenvalues"], [[-0.5, -0.5]])


def test_chunks_do_not_change_numbers():
    axes = {"gamma": np.linspace(0.1, 2, 7), "lr": np.linspace(0.1, 1, 3)}
    asked = ["eigenvalues", "critical_lr", "stable_rule"]
    system = st.load("dirac-gan-r1")
    whole = sweep(system, axes, asked)
    calls = []
    pieces = sweep(system, axes, asked, chunk=4, progress=lambda *a: calls.append(a))
    assert calls == [(i, 6) for i in range(7)]
    for name in asked:
        np.testing.assert_allclose(pieces.quantities[name], whole.quantities[name], rtol=1e-15)


def test_an_equilibrium_is_followed_by_newton_to_where_it_ends():
    x, a = sympy.symbols("x a")
    # x³ + x = a by a monotone function; and a fold: x² = a, which ends at 0
    flow = st.SymbolicFlow({x: a - x**3 - x - sympy.exp(x) + 1}, parameters={"a": 0})
    values = np.linspace(-30, 30, 9)
    found = sweep(flow, {"a": values}, ["point", "spectral_abscissa", "residual"])
    point = found.quantities["point"][:, 0]
    np.testing.assert_allclose(values - point**3 - point - np.exp(point) + 1, 0, atol=1e-12)
    slope = -(3 * point**2 + 1 + np.exp(point))
    np.testing.assert_allclose(found.quantities["spectral_abscissa"], slope, rtol=1e-12)
    assert found.lost == 0
    y = sympy.Symbol("y")
    fold = st.SymbolicFlow({y: a + 1 - sympy.cosh(y)}, parameters={"a": 1}, box={"y": (0.1, 3)})
    values = np.array([-0.5, 0.01, 0.5, 2.0])
    found = sweep(fold, {"a": values}, ["point"], at={"y": 1.3169578969248166})
    np.testing.assert_array_equal(
        np.isnan(found.quantities["point"][:, 0]), [True, False, False, False]
    )
    np.testing.assert_allclose(
        found.quantities["point"][1:, 0], np.arccosh(values[1:] + 1), rtol=1e-9
    )
    assert found.lost == 1
    assert "lost at 1 of 4" in found.warnings[0]


def test_lorenz_loses_stability_where_it_should():
    """The symmetric equilibria are stable for 1 < ρ < 470/19 (subcritical Hopf)."""
    rho = np.array([2.0, 20.0, 470 / 19 - 0.01, 470 / 19 + 0.01])
    at = {"x": math.sqrt(72), "y": math.sqrt(72), "z": 27}
    found = sweep(
        st.load("lorenz"), {"rho": rho}, ["stable", "point"], parameters={"rho": 28}, at=at
    )
    np.testing.assert_array_equal(found.quantities["stable"], [1, 1, 1, 0])
    expected = np.sqrt(8 / 3 * (rho - 1))
    np.testing.assert_allclose(found.quantities["point"][:, 0], expected, rtol=1e-13)


def test_maps():
    """Hénon, b = 0.3: the fixed point is born at a = −0.1225 and flips at 0.3675."""
    a = np.array([-0.2, 0.2, 0.36, 0.38, 1.4])
    found = sweep(
        st.load("henon"),
        {"a": a},
        ["multipliers", "stable_rule"],
        at={"x": 0.6313545, "y": 0.18940634},
    )
    np.testing.assert_array_equal(found.quantities["stable_rule"], [np.nan, 1, 1, 0, 0])
    np.testing.assert_allclose(
        found.quantities["multipliers"][-1].real, HENON[0.6313545], atol=1e-5
    )
    with pytest.raises(st.InputError, match="a map has no eigenvalues"):
        sweep(st.load("henon"), {"a": a}, ["eigenvalues"])


def test_a_line_of_equilibria_is_judged_across():
    found = sweep(
        st.load("tandem"),
        {"lr": [0.1, 0.25, 0.6]},
        ["spectral_radius", "stable_rule", "critical_lr"],
    )
    np.testing.assert_allclose(found.quantities["spectral_radius"], [1, 1, 1.4], rtol=1e-15)
    np.testing.assert_array_equal(found.quantities["stable_rule"], [1, 1, 0])
    np.testing.assert_allclose(found.quantities["critical_lr"], 0.5, rtol=1e-14)


def test_a_game_in_python_and_a_traced_penalty():
    game = st.Game({"x": lambda x, y: x * y, "y": lambda x, y: -x * y}, start={"x": 0.5, "y": 0.5})
    weights = np.array([0.05, 0.1])
    found = sweep(
        game,
        {"gradient-norm.coefficient": weights},
        ["eigenvalues"],
        penalties=[GradientNorm(0.1, of="y", on="x")],
    )
    x, y = sympy.symbols("x y")
    symbolic = st.SymbolicGame({"x": ([x], x * y), "y": ([y], -x * y)})
    same = sweep(
        symbolic,
        {"gradient-norm.coefficient": weights},
        ["eigenvalues"],
        penalties=[GradientNorm(0.1, of="y", on="x")],
    )
    expected = -weights + 1j * np.sqrt(1 - weights**2)  # the x-loss becomes xy + c x²
    for sweep_found in (found, same):
        np.testing.assert_allclose(
            sweep_found.quantities["eigenvalues"][:, 0], expected, rtol=1e-14
        )


def test_parameters_that_change_their_sign_or_have_no_value():
    x, y, gamma = sympy.symbols("x y gamma")
    game = st.SymbolicGame(
        {"x": ([x], x * y + sympy.sqrt(gamma**2) * x**2 / 2), "y": ([y], -x * y)}
    )
    found = sweep(game, {"gamma": [-0.5, 0.0, 0.5]}, ["spectral_abscissa", "stable"])
    np.testing.assert_allclose(found.quantities["spectral_abscissa"], [-0.25, 0, -0.25], atol=1e-15)
    np.testing.assert_array_equal(found.quantities["stable"], [1, np.nan, 1])


def test_formats(tmp_path):
    found = sweep(
        st.load("dirac-gan"), {"lr": [0.1, 0.2]}, ["eigenvalues", "critical_lr", "best_lr"]
    )
    data = json.loads(found.to_json(), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert data["schema"] == "stability-sweep/1"
    assert data["axes"] == [{"name": "lr", "values": [0.1, 0.2]}]
    assert data["quantities"]["eigenvalues"]["values"][0] == [[0.0, 0.5], [0.0, -0.5]]
    assert data["quantities"]["critical_lr"]["values"] == [0.0, 0.0]
    assert data["quantities"]["best_lr"]["values"] == [None, None]
    assert data["equilibrium"]["followed"] == "fixed"
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert [float(row["lr"]) for row in rows] == [0.1, 0.2]
    assert rows[0]["eigenvalues.1.im"] == "0.5"
    assert rows[0]["best_lr"] == ""
    found.to_npz(tmp_path / "found.npz")
    with np.load(tmp_path / "found.npz") as arrays:
        np.testing.assert_array_equal(arrays["eigenvalues"], found.quantities["eigenvalues"])
        np.testing.assert_array_equal(arrays["axis:lr"], [0.1, 0.2])
        assert json.loads(str(arrays["about"]))["system"]["name"] == data["system"]["name"]
    always = sweep(st.load("dirac-gan"), {"lr": [0.1]}, ["critical_lr"], rule=st.rules.Proximal())
    assert always.to_dict()["quantities"]["critical_lr"]["values"] == [None]
    assert np.isinf(always.quantities["critical_lr"]).all()


def test_text_fits_the_width():
    found = sweep(
        st.load("dirac-gan-r1"), {"gamma": np.linspace(-1, 2, 61)}, ["stable", "eigenvalues"]
    )
    for width in (60, 100):
        text = found.to_text(width)
        assert all(len(line) <= width for line in text.splitlines())
    assert "stable at 40 of 61 points: gamma from 0.05 to 2" in text


CALLS = [
    ({}, "spectral_radius", {}, "one or two axes"),
    ({"gamma": [1], "lr": [1], "lr.gen": [1]}, "spectral_radius", {}, "one or two axes"),
    ({"gamma": []}, "stable", {}, "at least one"),
    ({"gamma": [np.nan]}, "stable", {}, "finite"),
    ({"gamma": [[1.0]]}, "stable", {}, "sequence"),
    ({"gamma": ["x"]}, "stable", {}, "real numbers"),
    ({"nosuch": [1]}, "stable", {}, "gamma"),
    ({"gamma": [1]}, "nosuch", {}, "spectral_radius"),
    ({"gamma": [1]}, [], {}, "quantities"),
    ({"gamma": [1]}, ["stable", "stable"], {}, "twice"),
    ({"lr": [-0.1, 0.0]}, "stable_rule", {}, "positive"),
    ({"lr": [0.1], "lr.gen": [0.2]}, "stable_rule", {}, "lr holds lr.gen"),
    ({"lr": [0.1], "simultaneous.lr": [0.2]}, "stable_rule", {}, "same thing"),
    ({"gamma": [1]}, "stable", {"at": {"theta": 0}}, "the point says nothing of psi"),
    ({"gamma": [1]}, "stable", {"at": {"theta": 1, "psi": 1}}, "no equilibrium at the given point"),
    ({"gamma": [1]}, "stable", {"chunk": 0}, "chunk"),
    ({"gamma": np.zeros(10**4), "lr": np.ones(10**4)}, "stable", {}, "100,000,000 points"),
    ({"lr": [0.1]}, "stable", {"rule": "simultaneous"}, "no rule"),
    ({"gamma": [1]}, "stable", {"parameters": {"delta": 1}}, "delta"),
]


@pytest.mark.parametrize(("over", "quantity", "options", "fragment"), CALLS)
def test_hostile_input(over, quantity, options, fragment):
    with pytest.raises(st.InputError, match=fragment):
        sweep(st.load("dirac-gan-r1"), over, quantity, **options)


def test_several_equilibria_are_listed():
    with pytest.raises(st.InputError, match=r"11 equilibria.*x=0,y=0"):
        sweep(st.load("torus"), {"lr": [0.1]}, "stable")


def test_systems_without_what_is_asked():
    flow = st.Flow(lambda x: -jnp.sin(x), dimension=1, box={"x0": (-1, 1)})
    with pytest.raises(st.InputError, match="a flow has no losses"):
        sweep(flow, {"lr": [0.1]}, "losses")
    with pytest.raises(st.InputTypeError, match="a sweep takes a game"):
        sweep("dirac-gan", {"lr": [0.1]}, "stable")
    found = sweep(flow, {"lr": [0.5, 3.0]}, ["spectral_radius", "critical_lr"])
    np.testing.assert_allclose(found.quantities["spectral_radius"], [0.5, 2.0], rtol=1e-15)
    np.testing.assert_allclose(found.quantities["critical_lr"], 2.0, rtol=1e-15)


def test_the_help_names_every_quantity():
    from stability_cli.main import SWEEP_QUANTITIES

    assert [name.strip() for name in SWEEP_QUANTITIES.split(",")] == list(QUANTITIES)


def test_values_that_a_setting_does_not_take_abort_no_other():
    names = ["spectral_radius", "critical_lr", "multipliers"]
    found = sweep(st.load("dirac-gan-r1"), {"lr": [-0.5, 0.0, 0.5], "gamma": [0.3, 1.0]}, names)
    alone = sweep(st.load("dirac-gan-r1"), {"lr": [0.5], "gamma": [0.3, 1.0]}, names)
    for name in names:
        assert np.isnan(found.quantities[name][:2]).all()
        np.testing.assert_array_equal(found.quantities[name][2:], alone.quantities[name])
    (warning,) = found.warnings
    assert "no numbers at 2 of 3 values of lr" in warning
    assert "positive finite number" in warning
    with pytest.raises(st.InputError, match="positive finite number"):
        sweep(st.load("dirac-gan-r1"), {"lr": [-0.5, 0.0]}, "spectral_radius")


def test_a_few_points_are_shown_with_every_number_of_a_quantity():
    found = st.sweep(st.load("dirac-gan-r1"), {"gamma": [0.5, 1.0]}, ["losses", "spectral_radius"])
    header, *rows = [line.split("  ") for line in found.to_text().splitlines()[3:6]]
    titles = [own.strip() for own in header if own]
    assert titles == ["gamma", "losses gen", "losses disc", "spectral_radius"]
    assert [row[0] for row in rows] == ["0.5", "1"]
    many = st.sweep(st.load("dirac-gan-r1"), {"gamma": np.linspace(0, 1, 40)}, "losses")
    assert "losses gen" in many.to_text()
    assert "smallest" in many.to_text()
