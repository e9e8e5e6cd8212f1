"""Where players' strategies live: projections, what is refused, and both engines."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as hyp
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

import stability as st
from stability.errors import InputError, InputTypeError

NUMBERS = arrays(float, 5, elements=hyp.floats(-3, 3))
START = {"row": np.array([0.5, 0.5]), "column": np.array([0.2, 0.3, 0.5])}


def bilinear(sets, start=None):
    losses = {
        "row": lambda r, c: r.sum() * c.sum(),
        "column": lambda r, c: -r.sum() * c.sum(),
    }
    return st.Game(losses, start=start or START, sets=sets)


SETS = bilinear({"row": st.Ball(0.8), "column": st.Simplex()}).sets


@given(NUMBERS)
@settings(max_examples=20, deadline=None)
def test_the_projection_is_the_nearest_point(x):
    near = SETS.project(x.copy())
    assert SETS.outside(near) <= 1e-12
    # ⟨x − P(x), y − P(x)⟩ ≤ 0 for all y of the set characterises the projection
    for y in SETS.project(np.random.default_rng(0).normal(size=(20, 5))):
        assert (x - near) @ (y - near) <= 1e-9


def test_the_projection_on_a_simplex_solves_its_program():
    x = np.array([0.9, -0.3, 0.8])
    found = minimize(
        lambda y: ((y - x) ** 2).sum(),
        np.full(3, 1 / 3),
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda y: y.sum() - 1},
        tol=1e-12,
    ).x
    np.testing.assert_allclose(SETS.project(np.r_[0, 0, x])[2:], found, atol=1e-7)


@pytest.mark.parametrize("point", [[0.9, -0.3, 0.8, 0.1, 0.4], [2.0, 0.5, -1.0, 0.2, 0.1]])
def test_the_engines_project_alike(point):
    a, b, c, d, e = sympy.symbols("a:e")
    game = st.SymbolicGame(
        {"x": ([a, b], a * c), "y": ([c, d, e], -a * c)},
        sets={"x": st.Ball(sympy.Rational(4, 5)), "y": st.Simplex()},
    )
    exact = game.sets.project(sympy.Matrix([sympy.Rational(str(x)) for x in point]))
    host = SETS.project(np.array(point))
    np.testing.assert_allclose([float(c) for c in exact], host, rtol=1e-14, atol=1e-15)
    with jax.enable_x64(True):
        np.testing.assert_allclose(SETS.project(jnp.array(point)), host, rtol=1e-14, atol=1e-15)


def test_the_slope_of_the_projection_is_that_of_differences():
    x, u = jnp.array([0.9, 0.3, 0.8, 0.1, 0.2]), jnp.array([0.3, -0.2, 0.5, 0.1, -0.4])
    with jax.enable_x64(True):
        x, u = x.astype(float), u.astype(float)
        slope = jax.jvp(SETS.project, (x,), (u,))[1]
        difference = (SETS.project(x + 1e-6 * u) - SETS.project(x - 1e-6 * u)) / 2e-6
    np.testing.assert_allclose(slope, difference, atol=1e-8)


def test_limits_may_be_parameters():
    q, c = sympy.symbols("q c")
    game = st.SymbolicGame(
        {"firm": ([q], q**2 - c * q)}, parameters={c: 3}, sets={"firm": st.Bounds(0, c / 2)}
    )
    assert game.sets.symbols == {c}
    assert game.numeric({"c": 5}).sets.high.tolist() == [2.5]


def test_tables_of_policies_are_simplices_by_row():
    start = {"agent": {"policy": np.full((3, 2), 0.5), "value": np.zeros(4)}}
    game = st.Game(
        {"agent": lambda a: (a["policy"] ** 2).sum() + (a["value"] ** 2).sum()},
        start=start,
        sets={"agent": [st.Simplex(of="policy"), st.Bounds(-1, 1, of="value")]},
    )
    assert [group.tolist() for group in game.sets.simplices] == [[0, 1], [2, 3], [4, 5]]
    assert np.isfinite(game.sets.low).tolist() == [False] * 6 + [True] * 4


def test_a_start_that_is_off_by_rounding_is_projected():
    start = {"row": np.array([0.5, 0.5]), "column": np.array([0.2, 0.3, 0.5 + 1e-11])}
    assert bilinear({"column": st.Simplex()}, start).start.sum() == pytest.approx(2.0, abs=1e-15)


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ({"nobody": st.Simplex()}, "who is no player"),
        ({"row": 3}, "is no set"),
        ({"row": st.Bounds(2, 1)}, "has no room"),
        ({"row": st.Bounds(1, 1)}, "has no room"),
        ({"row": st.Bounds(float("nan"), 1)}, "is a real number"),
        ({"row": st.Bounds("a", 1)}, "is a number"),
        ({"row": st.Bounds(np.zeros(3))}, "3 numbers for 2 variables"),
        ({"row": st.Bounds(np.inf)}, "cannot be inf"),
        ({"row": st.Simplex("row[0]")}, "has one number"),
        ({"row": st.Simplex("nothing")}, "no variable of this player"),
        ({"row": [st.Ball(1), st.Bounds(0, 1, of="row[1]")]}, "in two sets"),
        ({"row": st.Ball(-1)}, "positive finite number"),
        ({"row": st.Ball(np.inf)}, "positive finite number"),
        ({"row": st.Ball(0.1)}, "start is outside"),
        ({"column": st.Bounds(0.25, 1)}, "start is outside"),
        ([st.Simplex()], "sets maps players to sets"),
    ],
)
def test_what_is_wrong_about_sets_is_one_sentence(sets, message):
    with pytest.raises((InputError, InputTypeError)) as raised:
        bilinear(sets)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("wrong", [lambda: st.Bounds(), lambda: st.Simplex([])])
def test_sets_that_say_nothing_are_refused(wrong):
    with pytest.raises(InputTypeError):
        wrong()


def test_a_limit_does_not_move_with_a_variable():
    x, y = sympy.symbols("x y")
    with pytest.raises(InputError, match="depends on the variable y"):
        st.SymbolicGame({"a": ([x], x**2), "b": ([y], y**2)}, sets={"a": st.Bounds(0, y)})
