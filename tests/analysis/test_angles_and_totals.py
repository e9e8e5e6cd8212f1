"""Flows and maps on circles and on level sets of what they conserve: known answers, in both engines."""

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability.games.files import read_game_file
from stability.games.load import build

x, y, phi, w = sympy.symbols("x y phi w", real=True)
CIRCLE = """
[map]
x = "x + Omega - K/(2*pi)*sin(2*pi*x)"
[parameters]
Omega = 0.1
K = 0.9
[angles]
x = 1
"""


def from_text(text, **settings):
    return build(read_game_file(text, settings=settings))


def points(report):
    return [list(e.point.values()) for e in report.equilibria]


def test_the_pendulum_rests_at_two_points_of_the_cylinder():
    report = st.report(st.load("pendulum"))
    assert report.search.exhaustive
    np.testing.assert_allclose(points(report), [[np.pi / 6, 0], [5 * np.pi / 6, 0]])
    stable, saddle = report.equilibria
    root = np.sqrt(0.0225 - np.sqrt(3) / 2 + 0j)
    np.testing.assert_allclose(stable.flows[0].eigenvalues, [-0.15 + root, -0.15 - root])
    assert saddle.flows[0].stability.verdict == "unstable"
    assert report.to_dict()["system"]["angles"] == {"phi": 2 * np.pi}
    assert "Flow in phi (mod 6.28319), w" in str(report)


def test_the_picture_decides_which_of_all_points_are_reported():
    report = st.report(st.load("pendulum"), box={"phi": (0, 2 * np.pi)}, parameters={"T": 0})
    np.testing.assert_allclose(points(report), [[np.pi, 0], [2 * np.pi, 0]], atol=1e-12)
    given = st.report(st.load("pendulum"), parameters={"T": 0}, at={"phi": "5*pi", "w": 0})
    assert given.equilibria[0].exact == {"phi": "pi", "w": "0"}


def test_functions_have_the_rest_points_of_formulas():
    flow = st.Flow(
        lambda z: jnp.array([z[1], 0.5 - jnp.sin(z[0]) - 0.3 * z[1]]),
        variables=["phi", "w"],
        angles={"phi": 2 * np.pi},
    )
    report = st.report(flow)
    np.testing.assert_allclose(points(report), [[np.pi / 6, 0], [5 * np.pi / 6, 0]], atol=1e-9)


def test_the_circle_map_is_locked_between_its_folds():
    (low, high) = st.report(from_text(CIRCLE)).equilibria
    assert low.exact == {"x": "asin(2*pi*Omega/K)/(2*pi)"}
    at = np.arcsin(2 * np.pi * 0.1 / 0.9) / (2 * np.pi)
    np.testing.assert_allclose([low.point["x"], high.point["x"]], [at, 0.5 - at])
    cosine = 0.9 * np.cos(2 * np.pi * at)
    np.testing.assert_allclose(low.maps[0].multipliers, [1 - cosine])
    np.testing.assert_allclose(high.maps[0].multipliers, [1 + cosine])
    gone = st.report(from_text(CIRCLE, Omega="0.15"))  # K/(2π) = 0.1432
    assert not gone.equilibria
    assert gone.search.exhaustive


def test_fixed_points_that_go_round():
    around = st.report(from_text(CIRCLE, Omega="1.1"))  # F(x) = x + 1
    np.testing.assert_allclose(points(around)[0], points(st.report(from_text(CIRCLE)))[0])
    function = st.Map(
        lambda z: z + 1.1 - 0.9 / (2 * np.pi) * jnp.sin(2 * np.pi * z),
        dimension=1,
        angles={"x0": 1.0},
    )
    np.testing.assert_allclose(points(st.report(function)), points(around), atol=1e-9)
    cylinder = st.SymbolicMap(
        {x: x + y + 5 * sympy.sin(x), y: y + 5 * sympy.sin(x)}, angles={x: 2 * sympy.pi}
    )
    found = st.report(cylinder, box={"y": (-7, 7)})
    turns = [-2 * np.pi, 0, 2 * np.pi]
    expected = [[a, b] for a in (0, np.pi) for b in turns]
    np.testing.assert_allclose(points(found), expected, atol=1e-12)
    assert found.search.exhaustive


def test_a_doubly_degenerate_cosine_is_found_once():
    # 1 + cos φ has a double zero at π: one rest point, at the closed end of the period
    flow = st.SymbolicFlow({phi: 1 + sympy.cos(phi)}, angles={phi: 2 * sympy.pi})
    (only,) = st.report(flow).equilibria
    assert only.exact == {"phi": "pi"}
    assert only.flows[0].stability.verdict == "unstable"  # a node from one side alone


def test_both_sine_and_cosine():
    flow = st.SymbolicFlow(
        {phi: sympy.sin(phi) + 2 * sympy.cos(phi) - 1}, angles={phi: 2 * sympy.pi}
    )
    report = st.report(flow)
    assert report.search.exhaustive
    for (at,) in points(report):
        np.testing.assert_allclose(np.sin(at) + 2 * np.cos(at), 1, atol=1e-12)
    np.testing.assert_allclose(points(report)[1], [np.pi / 2])
    assert len(report.equilibria) == 2


def test_the_epidemic_is_analysed_on_its_level_set():
    report = st.report(st.load("sir"))
    endemic, free = report.equilibria
    beta, gamma, mu = 3, 1, 0.1
    s = (gamma + mu) / beta
    i = mu * (1 - s) / (gamma + mu)
    np.testing.assert_allclose(list(endemic.point.values()), [s, i, 1 - s - i])
    found = endemic.flows[0].eigenvalues
    np.testing.assert_allclose(found.sum(), -(mu + beta * i))
    np.testing.assert_allclose(found.prod(), beta * i * (gamma + mu))
    assert endemic.isolated == free.isolated == "yes"
    np.testing.assert_allclose(sorted(free.flows[0].eigenvalues.real), [-mu, beta - gamma - mu])
    assert report.to_dict()["system"]["conserved"] == {"people": 1.0}
    assert report.to_dict()["system"]["variables"] == ["S", "I", "R"]
    assert "on people = 1" in str(report)
    given = st.report(st.load("sir"), at={"S": 1, "I": 0})  # R follows
    assert given.equilibria[0].point == {"S": 1.0, "I": 0.0, "R": 0.0}


def test_an_enzyme_and_its_substrate():
    (rest,) = st.report(st.load("michaelis-menten")).equilibria
    assert rest.exact == {"S": "0", "E": "1/2", "C": "0", "P": "2"}
    found = rest.flows[0].eigenvalues
    np.testing.assert_allclose([found.sum(), found.prod()], [-2.5, 0.5])


def test_points_off_the_level_set_are_refused():
    system = st.load("sir")
    with pytest.raises(
        st.InputError, match="the point is not on people = 1: I \\+ R \\+ S is 3 there"
    ):
        st.report(system, at={"S": 1, "I": 1, "R": 1})
    with pytest.raises(st.InputError, match="the start is not on people = 2"):
        st.report(system, parameters={"N": 2})
    with pytest.raises(st.InputError, match="says nothing of I"):
        st.report(system, at={"S": 1, "R": 0})
    near = st.report(system, at={"S": 1, "I": 1e-12, "R": 0})
    assert near.equilibria[0].point["S"] == 1
    assert near.warnings[0] == "the point was off people by 1e-12 and was projected to it"


def test_without_the_total_the_same_points_are_a_family():
    rows = {x: -x + y, y: x - y}
    (line,) = st.report(st.SymbolicFlow(rows)).equilibria
    (point,) = st.report(st.SymbolicFlow(rows, conserved={"mass": (x + y, 1)})).equilibria
    assert (line.isolated, point.isolated) == ("no", "yes")
    np.testing.assert_allclose(list(point.point.values()), [0.5, 0.5])
    np.testing.assert_allclose(line.flows[0].eigenvalues, [0, -2])
    np.testing.assert_allclose(point.flows[0].eigenvalues, [-2])


def test_paths_come_in_all_variables():
    paths = st.follow(st.load("sir"), starts=[{"S": 0.9, "I": 0.1, "R": 0}], time=1.0).to_dict()
    assert paths["variables"] == ["S", "I", "R"]
    np.testing.assert_allclose(np.sum(paths["paths"][0]["points"], axis=1), 1, rtol=1e-12)
    whole = st.load("sir").trajectory({"S": 0.9, "I": 0.1, "R": 0}, t=1.0)
    np.testing.assert_allclose(paths["paths"][0]["points"][-1], whole.end, rtol=1e-5)
    with pytest.raises(st.InputError, match="the start is not on people = 1"):
        st.follow(st.load("sir"), starts=[{"S": 0.9, "I": 0.9, "R": 0}])


def test_sweeps_follow_what_is_locked_and_what_is_on_the_level_set():
    omega = np.array([0.02, 0.1, 0.14])
    swept = st.sweep(
        from_text(CIRCLE), over={"Omega": omega}, quantities=["spectral_radius"], at={"x": 0.122993}
    )
    expected = 1 - np.sqrt(0.81 - (2 * np.pi * omega) ** 2)  # of x = asin(2πΩ/K)/2π
    np.testing.assert_allclose(swept.quantities["spectral_radius"], expected, rtol=1e-9)
    people = np.array([0.9, 1.2])
    endemic = st.sweep(
        st.load("sir"), over={"N": people}, quantities=["point"], at={"S": 0.366667, "I": 0.0575758}
    )
    s = 1.1 / 3
    infected = 0.1 * (people - s) / 1.1
    np.testing.assert_allclose(endemic.quantities["point"], np.stack([[s, s], infected], 1))
