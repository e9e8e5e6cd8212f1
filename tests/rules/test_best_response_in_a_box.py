"""Best responses in a box: the best of several optima, the edge of the box, and where it rests."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability import BestResponse, InputError, SymbolicGame
from stability.analysis.names import rule
from stability.errors import NotAtRestError

x, y = sympy.symbols("x y", real=True)
BOX = {"x": (-2, 2), "y": (-1, 1)}
# x has minima near ±1, the lower one on the side of −y; the best y is x/4
WELLS = SymbolicGame({"x": ([x], (x**2 - 1) ** 2 + x * y), "y": ([y], 2 * y**2 - x * y)}, box=BOX)


@pytest.fixture(scope="module")
def flow():
    return st.Gradient().flow(WELLS.numeric())


def step(best_response, flow, start):
    best_response.check(flow)
    with jax.enable_x64(True):
        (found,) = jax.jit(lambda z: best_response.step(flow, (z,)))(
            jnp.asarray(start, dtype=float)
        )
    return np.asarray(found)


def lower_well(y_value):
    """The lower one of the zeros of 4x³ − 4x + y, by NumPy."""
    roots = np.roots([4, 0, -4, y_value])
    roots = roots[np.abs(roots.imag) < 1e-9].real
    return min(roots, key=lambda r: (r**2 - 1) ** 2 + r * y_value)


def test_the_best_of_several_optima(flow):
    best_x = lower_well(0.5)
    found = step(BestResponse(box=True), flow, [0.9, 0.5])
    np.testing.assert_allclose(found, [best_x, best_x / 4], atol=1e-12)
    assert best_x < 0
    # Newton's method alone stays in the well it starts in
    near = step(BestResponse(), flow, [0.9, 0.5])
    assert near[0] > 0


@pytest.mark.slow
def test_the_edge_of_the_box(flow):
    found = step(BestResponse(box={"x": (-2, -1.5), "y": (0.25, 1)}), flow, [0.0, 0.5])
    np.testing.assert_allclose(found, [-1.5, 0.25], atol=1e-12)  # both best replies lie outside


@pytest.mark.slow
def test_simultaneous_replies_see_the_same_profile(flow):
    found = step(BestResponse("simultaneous", box=True), flow, [0.8, 0.5])
    np.testing.assert_allclose(found, [lower_well(0.5), 0.2], atol=1e-12)


@pytest.mark.slow
def test_linearised_where_it_rests_and_only_there():
    # both losses are convex, so the box changes nothing at the equilibrium
    convex = SymbolicGame({"x": ([x], (x - y / 2) ** 2), "y": ([y], (y - x / 3) ** 2)}, box=BOX)
    flow = st.Gradient().flow(convex.numeric())
    partition = flow.partition
    matrix = np.asarray(convex.jacobian().subs({x: 0, y: 0}), float)
    near = BestResponse(box=True).near(flow, np.zeros(2))
    expected = BestResponse().linearise(matrix, partition)
    np.testing.assert_allclose(near.linearise(matrix, partition), expected, atol=1e-9)
    # at x = y = 0 of the wells x is at its worst
    with pytest.raises(NotAtRestError, match="best-response does not rest here"):
        BestResponse(box=True).near(st.Gradient().flow(WELLS.numeric()), np.zeros(2))


def test_as_text():
    assert rule("best-response:box=true") == BestResponse(box=True)
    assert str(BestResponse(order="y+x", box=True)) == "best-response:order=y+x,box=true"
    assert BestResponse(box=False) == BestResponse()


def test_what_it_needs(flow):
    with pytest.raises(InputError, match="the gradient field of a game only"):
        BestResponse(box=True).check(st.Consensus(0.1).flow(WELLS.numeric()))
    with pytest.raises(InputError, match="names z, which is no variable"):
        BestResponse(box={"z": (0, 1)}).check(flow)
    bare = SymbolicGame({"x": ([x], x * y), "y": ([y], -x * y)}, box={"x": (-1, 1)})
    with pytest.raises(InputError, match="says nothing of y"):
        BestResponse(box=True).check(st.Gradient().flow(bare.numeric()))
    many = sympy.symbols("a:5", real=True)
    wide = SymbolicGame({"x": (many, sum(many) * y), "y": ([y], -sum(many) * y)})
    with pytest.raises(InputError, match="at most 4 variables"):
        BestResponse(box=True).check(st.Gradient().flow(wide.numeric()))


def test_a_box_that_is_none():
    with pytest.raises(st.InputTypeError, match="box of best-response is True"):
        BestResponse(box="yes")
