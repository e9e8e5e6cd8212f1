"""Nash conditions where limits are touched without a push, against closed forms and sampled directions."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as hs

import stability as st

X, Y, Z = sympy.symbols("x y z", real=True)
UNIT = st.Bounds(0, 1)
ROOT = sympy.sqrt(2)


def at_corner(losses, sets, at=None, numeric=False):
    """(differential Nash, local Nash) at a corner, the origin if nothing is said."""
    game = st.SymbolicGame(losses, sets=sets)
    point = at or dict.fromkeys(map(str, game.variables), 0)
    (e,) = st.report(game.numeric() if numeric else game, rules=[], at=point).equilibria
    assert e.conditions is not None
    return e.conditions.differential_nash, e.conditions.local_nash


def words(found):
    differential, local = found
    return differential.verdict, local.verdict


@pytest.mark.parametrize(
    ("c", "expected", "least"),
    [(3, "yes", 1), (-3, "no", -2), (-1, "weak", 0), (sympy.Rational(-99, 100), "yes", 0.01)],
    ids=["coupled", "gains along (1, 1)", "flat along (1, 1)", "nearly flat"],
)
def test_two_numbers_of_one_player(c, expected, least):
    """x²/2 + y²/2 + cxy at (0, 0): strictly copositive iff c > −1, and least 1 + c at (1, 1)/√2 if c < 0."""
    found = at_corner({"a": ([X, Y], X**2 / 2 + Y**2 / 2 + c * X * Y)}, {"a": UNIT})
    assert words(found) == {"yes": ("yes",) * 2, "no": ("no",) * 2, "weak": ("no", "yes")}[expected]
    assert found[0].value == pytest.approx(least, abs=1e-12)
    assert {verdict.evidence for verdict in found} == {"exact"}


@pytest.mark.parametrize(
    ("c", "expected"),
    [(3, ("yes", "yes")), (-3, ("undecided", "undecided"))],
    ids=["coupled", "gains along (1, 1)"],
)
def test_without_formulas_a_push_may_be_too_small_to_see(c, expected):
    """Which leaves a strict minimum one, but not a direction that gains."""
    losses = {"a": ([X, Y], X**2 / 2 + Y**2 / 2 + c * X * Y)}
    found = at_corner(losses, {"a": UNIT}, numeric=True)
    assert words(found) == expected
    assert found[0].evidence == "numeric"
    if c < 0:
        assert "pushes against its limits cannot be told from zero" in found[0].because


@pytest.mark.parametrize(
    ("loss", "expected", "least"),
    [
        # least over the free z: x², −x²/2 and 0
        (2 * X**2 + 2 * X * Z + Z**2, ("yes", "yes"), 3 - np.sqrt(5)),
        (X**2 / 2 + 2 * X * Z + Z**2, ("no", "no"), (3 - np.sqrt(17)) / 2),
        (X**2 + 2 * X * Z + Z**2, ("no", "yes"), 0),
        (X * Z**2 + X**2 + X**3 + Z**4, ("no", "undecided"), 0),
        (X**2 - Z**3, ("no", "undecided"), 0),
        (X - 3 * X**2 + Z**2, ("yes", "yes"), 2),  # pushed: x counts to first order
        (ROOT * X**2 + 2 * X * Z + Z**2, ("yes", "yes"), None),
        (X * Z - Y * Z + Z**2 + X**2 + Y**2, ("yes", "yes"), None),
        (X * Y - Y**2 / 100 + Z**2, ("no", "no"), -0.02),
    ],
    ids=str,
)
def test_numbers_with_a_limit_beside_free_ones(loss, expected, least):
    own = [v for v in (X, Y, Z) if loss.has(v)]
    held = [str(v) for v in own if v != Z]
    found = at_corner({"a": (own, loss)}, {"a": [st.Bounds(0, of=name) for name in held]})
    assert words(found) == expected
    if least is not None:
        assert found[0].value == pytest.approx(least, rel=1e-9, abs=1e-12)
    assert (found[0].evidence == "numeric") == loss.has(ROOT)


def test_an_upper_end_and_another_player():
    """xy at (1, 1) of [0, 1]², in 1 − x and 1 − y; the other player's own Hessian is 2."""
    loss = (1 - X) * (1 - Y)
    at = {"x": 1, "y": 1, "z": 0}
    losses = {"a": ([X, Y], loss), "b": ([Z], Z**2 + Z * X * Y - Z)}
    assert words(at_corner(losses, {"a": UNIT}, at)) == ("no", "yes")
    assert words(at_corner({**losses, "a": ([X, Y], -loss)}, {"a": UNIT}, at)) == ("no", "no")
    strict = at_corner(
        {**losses, "a": ([X, Y], loss + (X - 1) ** 2 + (Y - 1) ** 2)}, {"a": UNIT}, at
    )
    assert words(strict) == ("yes", "yes")
    assert strict[0].value == pytest.approx(2)


@pytest.mark.parametrize(
    ("loss", "expected", "least"),
    [
        # e_x − e_z and e_y − e_z have length √2 and the angle 60°
        (X**2 / 2 + 3 * X * Y + Y**2, ("yes", "yes"), 0.5),
        (X**2 / 2 - 3 * X * Y + Y**2, ("no", "no"), None),
        (X**2 / 2 - 3 * X * Y + Y**2 + Y, ("yes", "yes"), 0.5),  # y has a push
        (X * Y, ("no", "yes"), 0),
    ],
    ids=str,
)
def test_a_vertex_of_a_simplex(loss, expected, least):
    at = {"x": 0, "y": 0, "z": 1}
    found = at_corner({"a": ([X, Y, Z], loss)}, {"a": st.Simplex()}, at)
    assert words(found) == expected
    if least is not None:
        assert found[0].value == pytest.approx(least)


def test_second_derivatives_that_jump_or_do_not_exist_decide_nothing():
    for loss in (X**2 / 2 - X * sympy.Abs(X) + Y**2, X ** sympy.Rational(3, 2) + Y**2 - X * Y):
        assert words(at_corner({"a": ([X, Y], loss)}, {"a": UNIT})) == ("undecided", "undecided")


@settings(max_examples=12, deadline=None)
@given(hs.lists(hs.integers(-3, 3), min_size=6, max_size=6), hs.integers(1, 3))
def test_random_quadratics_against_sampled_directions(numbers, held):
    """uᵀHu for many u of length one in the cone, and the words that follow from its sign."""
    H = np.zeros((3, 3))
    H[np.tril_indices(3)] = numbers
    H = H + np.tril(H, -1).T
    loss = sympy.expand(
        sympy.Matrix([[X, Y, Z]]) * sympy.Matrix(H.astype(int)) * sympy.Matrix([X, Y, Z]) / 2
    )[0]
    sets = {"a": [st.Bounds(0, of=name) for name in "xyz"[:held]]}
    found = at_corner({"a": ([X, Y, Z], loss)}, sets)
    ends = [np.linspace(0 if k < held else -1, 1, 17 if k < held else 33) for k in range(3)]
    u = np.stack(np.meshgrid(*ends), axis=-1).reshape(-1, 3)
    u = u[np.abs(u).max(axis=1) == 1]
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    least = np.einsum("ki,ij,kj->k", u, H, u).min()
    assert words(found) in {("yes", "yes"), ("no", "no"), ("no", "yes")}
    value = found[0].value
    assert value is not None
    # between directions 1/16 apart a form of this size has changed by less than 0.1 beside its minimum
    assert value == pytest.approx(least, abs=0.1)
    assert least >= value - 1e-9
    sign = {("yes", "yes"): 1, ("no", "no"): -1, ("no", "yes"): 0}[words(found)]
    assert sign == np.sign(value)
