import math

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability.dynamics.level import on_level

A, B, C, k, N = sympy.symbols("A B C k N", real=True)
ROWS = {A: -k * A + B, B: k * A - B}


def reaction(**conserved):
    return st.SymbolicFlow(ROWS, parameters={k: 2, N: 3}, conserved=conserved)


def test_the_last_variable_goes_and_comes_back():
    reduced = on_level(reaction(mass=(A + B, N)).real)
    assert [v.name for v in reduced.variables] == ["A"]
    assert reduced.level.described() == {"mass": 3.0}
    np.testing.assert_allclose(reduced.level.lift(np.array([[1.0], [2.5]])), [[1, 2], [2.5, 0.5]])
    point = reduced.level.lower({"A": 1, "B": 2})
    assert point == {"A": 1}
    with pytest.raises(st.InputError, match="not on mass = 3: A \\+ B is 4 there"):
        reduced.level.lower({"A": 2, "B": 2})


def test_two_totals_and_totals_that_are_no_planes():
    rows = {A: -A * B, B: -A * B, C: A * B}
    flow = st.SymbolicFlow(rows, conserved={"one": (A + C, 1), "two": (B + C, 2)})
    level = on_level(flow).level
    assert level.kept == ("A",)
    assert level.lifts["B"] == A + 1
    curved = st.SymbolicFlow({A: B, B: 2 * A * B}, conserved={"parabola": (B - A**2, 1)})
    reduced = on_level(curved)
    assert list(reduced.expressions) == [A**2 + 1]
    x = np.array([0.3])
    full = curved.numeric().evaluate(reduced.level.lift(x)[None])[0][0]
    np.testing.assert_allclose(reduced.numeric().evaluate(x[None])[0][0], full[:1])


def test_both_engines_agree():
    total = {"mass": (lambda z: z[0] + z[1], 3.0)}  # a function that is linear
    flow = st.Flow(
        lambda z: jnp.array([-2 * z[0] + z[1], 2 * z[0] - z[1]]), variables="AB", conserved=total
    )
    numeric, symbolic = on_level(flow), on_level(reaction(mass=(A + B, 3)).real).numeric()
    at = np.array([[0.4], [-1.0]])
    for one, other in zip(numeric.evaluate(at), symbolic.evaluate(at), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    same = st.Flow(flow.function, variables="AB", conserved={"mass": ({"A": 1, "B": 1}, 3.0)})
    np.testing.assert_allclose(on_level(same).evaluate(at)[0], numeric.evaluate(at)[0])


def test_a_value_left_out_is_that_at_the_start():
    flow = st.SymbolicFlow(ROWS, parameters={k: 2}, start={A: 1, B: 4}, conserved={"m": A + B})
    reduced = on_level(flow)
    assert reduced.level.described() == {"m": 5.0}
    assert reduced.start == [1.0]
    with pytest.raises(st.InputError, match="the total 'm' has no value: give it one"):
        on_level(reaction(m=A + B))


@pytest.mark.parametrize(
    ("conserved", "said"),
    [
        ({"m": (A + 2 * B, 1)}, "the total 'm' is not conserved: its derivative along the flow"),
        ({"m": (A + B, math.inf)}, "the value of the total 'm' is a finite real number, not inf"),
        ({"m": (A + B, A)}, "an expression of parameters, and A has a variable in it"),
        ({"m": (N, 1)}, "the total 'm' is N, in which there is no variable; there are A, B"),
        ({"m": (A + B, 1, 2)}, "is given as \\(total, value\\)"),
        ({"m": "A + B"}, "the total 'm' is a SymPy expression, not 'A \\+ B'"),
        ({3: (A + B, 1)}, "a conserved total is called by a text, not 3"),
        ([A + B], "conserved totals map names to a total"),
    ],
)
def test_bad_totals_get_one_sentence(conserved, said):
    with pytest.raises(st.InputError, match=said):
        st.SymbolicFlow(ROWS, parameters={k: 2}, conserved=conserved)


@pytest.mark.parametrize(
    ("total", "said"),
    [
        (lambda z: z[0] + 2 * z[1], "the total 'm' is not conserved"),
        ({"A": 1, "Z": 1}, "the total 'm' names Z, which is no variable; there are A, B"),
        ({"A": 0}, "the total 'm' has no coefficient that is not zero"),
        (3.0, "a function of the vector or a mapping of coefficients"),
        (lambda z: z, "the total 'm' returns one real number"),
    ],
)
def test_bad_totals_of_functions(total, said):
    with pytest.raises(st.InputError, match=said):
        st.Flow(
            lambda z: jnp.array([z[1] - z[0], z[0] - z[1]]),
            variables="AB",
            conserved={"m": (total, 1.0)},
        )


def test_totals_of_maps_and_those_that_depend_on_each_other():
    swap = st.SymbolicMap({A: B, B: A}, conserved={"m": (A + B, 2)})
    assert list(on_level(swap).expressions) == [2 - A]
    with pytest.raises(st.InputError, match="a step of the map changes it"):
        st.SymbolicMap({A: B, B: A}, conserved={"m": (A - B, 2)})
    with pytest.raises(st.InputError, match="the total 'n' depends on the totals before it"):
        on_level(reaction(m=(A + B, 1), n=(2 * A + 2 * B, 2)))
    phi, w = sympy.symbols("phi w", real=True)
    with pytest.raises(st.InputError, match="the total 'm' changes when phi goes once around"):
        st.SymbolicFlow({phi: 0 * w, w: 0 * w}, angles={phi: 1}, conserved={"m": (phi, 1)})
