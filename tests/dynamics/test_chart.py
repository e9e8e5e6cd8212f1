import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability.dynamics.chart import Chart, unit_rows

a, b, x, y, z, k = sympy.symbols("a b x y z k", real=True)


def simplex(inverse=None):
    """x + y + z = 1 in the coordinates (a, b) = (x, y)."""
    return Chart(("x", "y", "z"), ("a", "b"), [0, 0, 1], [[1, 0], [0, 1], [-1, -1]], inverse)


def test_lift_and_lower_are_inverse_on_the_set_and_lower_projects_orthogonally():
    chart, u = simplex(), np.array([0.2, 0.5])
    on = chart.lift(u)
    np.testing.assert_allclose(on, [0.2, 0.5, 0.3], atol=1e-15)
    np.testing.assert_allclose(chart.lower(on), u, atol=1e-15)
    np.testing.assert_allclose(chart.lower(on + 0.7), u, atol=1e-15)  # (1, 1, 1) is normal
    np.testing.assert_allclose(chart.lift(np.tile(u, (4, 1))), np.tile(on, (4, 1)))
    np.testing.assert_allclose(chart.lift(jnp.asarray(u)), on, atol=1e-6)
    assert chart.lift(sympy.Matrix([a, b])) == sympy.Matrix([a, b, 1 - a - b])


def test_the_replicator_flow_of_rock_paper_scissors_in_two_coordinates():
    rows = {x: x * (z - y), y: y * (x - z), z: z * (y - x)}  # the mean payoff is 0
    full = st.SymbolicFlow(rows, start={x: 0.2, y: 0.5, z: 0.3}, box={x: (0, 1)})
    chart = Chart(
        ("x", "y", "z"), ("x", "y"), [0, 0, 1], [[1, 0], [0, 1], [-1, -1]], unit_rows([0, 1], 3)
    )
    reduced = chart.flow(full)
    assert [sympy.expand(e) for e in reduced.expressions] == [
        sympy.expand(x * (1 - x - 2 * y)),
        sympy.expand(y * (2 * x + y - 1)),
    ]
    assert reduced.box == {"x": (0.0, 1.0)}
    np.testing.assert_allclose(reduced.start, [0.2, 0.5])
    numeric = chart.flow(full.numeric())
    at = np.array([0.2, 0.5])
    np.testing.assert_allclose(
        numeric.evaluate(at[None])[0], reduced.numeric().evaluate(at[None])[0]
    )
    orthogonal = simplex().flow(full)  # tangent fields are the same through every inverse
    np.testing.assert_allclose(
        orthogonal.numeric().evaluate(at[None])[1], numeric.evaluate(at[None])[1]
    )


def test_a_field_across_the_set_is_projected_orthogonally():
    flow = simplex().flow(st.Flow(lambda v: v * 0 + jnp.array([3.0, 0.0, 0.0]), dimension=3))
    np.testing.assert_allclose(flow(jnp.zeros(2)), [2.0, -1.0], rtol=1e-6)  # 3 e₁ − (1, 1, 1)


def test_maps_and_offsets_in_parameters():
    chart = Chart(("x", "y"), ("x",), [0, k], [[1], [-1]], unit_rows([0], 2))
    swap = st.SymbolicMap({x: y, y: x}, parameters={k: 3}, start={x: 1, y: 2})
    reduced = chart.map(swap)
    assert list(reduced.expressions) == [k - x]
    assert reduced.start == [1.0]
    numeric = chart.at({k: 3}).map(swap.numeric())
    np.testing.assert_allclose(numeric(jnp.array([1.0])), [2.0])
    with pytest.raises(st.InputError, match="depends on k"):
        chart.lift(np.ones(1))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([0, 0], [[1], [1], [1]], None), "has a basis of shape"),
        (([0, 0, 0], [[0], [0], [0]], None), "depend on each other"),
        (([0, 0, 0], [[1], [1], [1]], [[1, 1, 1]]), "not the identity"),
    ],
)
def test_charts_that_are_none(arguments, said):
    with pytest.raises(st.InputError, match=said):
        Chart(("x", "y", "z"), ("u",), *arguments)
