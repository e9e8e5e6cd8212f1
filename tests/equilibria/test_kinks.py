"""Rest points on kinks and jumps: found whatever the typing, where a mixture of the sides vanishes."""

import numpy as np
import pytest
import sympy

from stability.dynamics.flow import SymbolicFlow
from stability.equilibria.cells import TangledError, surfaces_of
from stability.equilibria.find import Equations, describe_point, find_equilibria
from stability.equilibria.kinks import rests, rests_on_kinks
from stability.equilibria.pieces import formulas_around, pieces_at

x, y, z = sympy.symbols("x y z", real=True)
HALF = sympy.Rational(1, 2)


def relu(u):
    return sympy.Max(u, 0)


def box(d, half=2.0):
    return np.tile([-half, half], (d, 1))


def down(loss):
    return -sympy.diff(loss, x)


def found(field, variables):
    return rests_on_kinks(field, variables, (), box(len(variables)))


# field, variables, rest points on kinks, whether that is all
KNOWN = {
    "sign": ([-sympy.sign(x)], (x,), [(0,)], True),
    "adversarial square": ([down((abs(1 - x) + abs(x) / 2) ** 2)], (x,), [(1,)], True),
    "adversarial relu": ([down(relu(1 - x + abs(x) / 2) + x**2 / 20)], (x,), [(2,)], True),
    "hinge": ([down(relu(1 - x) + x**2 / 20)], (x,), [(1,)], True),
    "crossed": ([1 + abs(x) / x / 2], (x,), [], True),
    "two of them": ([-sympy.sign(abs(x) - 1)], (x,), [(-1,), (1,)], True),
    "a root": ([-sympy.sign(x**3 - 2)], (x,), [(sympy.cbrt(2),)], True),
    "continuous": ([-x - abs(x) / 2], (x,), [(0,)], True),
    "bilinear with L1": (
        [down(x * y + abs(x) / 2), x - sympy.sign(y) / 2], (x, y), [(0, 0)], True,
    ),
    "sliding": ([-sympy.sign(x) + y, HALF * sympy.sign(x) - x - y], (x, y), [(0, 0)], True),
    "the flat side is at rest": ([-relu(x)], (x,), [], False),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_known_rest_points(name):
    field, variables, points, exhaustive = KNOWN[name]
    own = found(field, variables)
    assert {tuple(map(str, p.point)) for p in own.points} == {tuple(map(str, p)) for p in points}
    assert own.exhaustive is exhaustive
    assert all(p.exact and rests(p) for p in own.points)


@pytest.mark.parametrize(
    "typed",
    [
        abs(x - y),
        abs(y - x),
        sympy.Max(x - y, y - x),
        -sympy.Min(x - y, y - x),
        relu(x - y) + relu(y - x),
        sympy.Max(2 * x, 2 * y) - x - y,
        sympy.sqrt((x - y) ** 2),
        sympy.sign(y - x) * (y - x),
        sympy.Piecewise((x - y, x > y), (y - x, True)),
    ],
)
def test_typing_changes_nothing(typed):
    """ẋ = −∂/∂x (|x − y| + x²/8), ẏ = −y: at rest at the origin alone, on one kink."""
    own = found([-sympy.diff(typed, x) - x / 4, -y], (x, y))
    assert [p.point for p in own.points] == [(0, 0)]
    (pieces,) = own.points
    assert len(pieces.surfaces) == 1
    assert (
        surfaces_of(pieces.surfaces[0] * (x - y))[1] == ()
    )  # the same line: its square has no sign
    fields = {tuple(pieces.at(sympy.Matrix(cell.expressions))) for cell in pieces.cells}
    assert fields == {(1, 0), (-1, 0)}


def test_surfaces_are_factors():
    assert surfaces_of(-3 * x**2 * y * (x**2 + 1)) == (-1, (y,))
    assert surfaces_of(x * y)[1] in [(x, y), (y, x)]
    assert surfaces_of((x - y) / (y - x))[1] == ()
    assert surfaces_of((x - y) ** 2 - x**2 + 2 * x * y - y**2) == (0, ())


def test_a_segment_of_rest_points_is_one_entry():
    """WGAN-GP on the Dirac-GAN: on ψ = 0, |θ| < 2 the two sides are (0, θ ± 2)."""
    own = found([-y, x - 2 * y + 2 * sympy.sign(y)], (x, y))
    assert {p.point for p in own.points} == {(-2, 0), (2, 0)}  # its ends, where one side vanishes
    ((pieces, tangent),) = own.lines
    assert pieces.point == (0, 0)
    assert tangent == sympy.Matrix([1, 0])


def test_without_closed_forms_numbers_are_found():
    """On x = cos y the field slides: y = tanh(x)/2 there."""
    u = x - sympy.cos(y)
    (pieces,) = found([-3 * sympy.sign(u), sympy.tanh(x) - 2 * y], (x, y)).points
    assert not pieces.exact
    a, b = map(float, pieces.point)
    assert abs(a - np.cos(b)) < 1e-15
    assert abs(np.tanh(a) - 2 * b) < 1e-15


def test_zero_is_asked_of_the_convex_hull():
    three = [(-1, 0), (HALF, 1), (HALF, -1)]  # counterclockwise sectors of max(…) below
    field = sympy.Matrix([-sympy.diff(sympy.Max(x, -x / 2 - y, -x / 2 + y), v) for v in (x, y)])
    pieces = pieces_at(tuple(field), (x, y), (sympy.Integer(0),) * 2)
    assert pieces is not None
    seen = {tuple(pieces.at(sympy.Matrix(c.expressions))) for c in pieces.cells}
    assert seen == set(three)
    assert rests(pieces)
    moved = pieces_at(tuple(field + sympy.Matrix([2, 0])), (x, y), (sympy.Integer(0),) * 2)
    assert moved is not None
    assert not rests(moved)


@pytest.mark.parametrize(
    "field",
    [
        (sympy.sign(x) * sympy.DiracDelta(x),),  # a loss jumps
        (sympy.Max(1 / x, x),),  # an infinity
    ],
)
def test_what_cannot_be_told_is_said(field):
    with pytest.raises(TangledError):
        pieces_at(field, (x,), (sympy.Integer(0),))


def test_touching_kinks_cannot_be_told():
    field = (-sympy.sign(y) - sympy.sign(y - x**2), -y)
    with pytest.raises(TangledError):
        pieces_at(field, (x, y), (sympy.Integer(0),) * 2)


def test_between_kinks_the_formulas_are_smooth():
    origin = (sympy.Integer(1),)
    assert formulas_around((abs(x) * x, relu(x - 3)), (x,), origin) == (x**2, 0)
    assert formulas_around((abs(x - 1),), (x,), origin) is None
    assert pieces_at((abs(x) * x,), (x,), origin) is None


def search(field, variables, flows=True):
    own = Equations(variables, tuple(map(sympy.sympify, field)), {}, flows=flows)
    flow = SymbolicFlow(dict(zip(variables, own.expressions, strict=True))).numeric()
    return own, flow.evaluate, find_equilibria(flow.evaluate, box(len(variables)), own, starts=16)


def test_a_zero_by_convention_is_no_rest_point():
    """sign(0)² is 0, but orbits pass at speed one."""
    _, _, result = search([sympy.sign(x) ** 2], (x,))
    assert result.found == ()


def test_a_map_does_not_rest_on_a_jump():
    """Of the displacement −sign(x)/2 − 1/4 of a map no mixture is meant: x has to stay where it is."""
    field = [-sympy.sign(x) / 2 - sympy.Rational(1, 4)]
    assert len(search(field, (x,))[2].found) == 1
    assert search(field, (x,), flows=False)[2].found == ()


def test_a_given_point_knows_its_pieces():
    own, evaluate, _ = search([-sympy.sign(x) + sympy.Rational(1, 3)], (x,))
    rest = describe_point(evaluate, np.zeros(1), box(1), (sympy.Integer(0),), own)
    assert rest.stationary
    assert not rest.differentiable
    assert rest.residual == 0
    assert rest.exact == (0,)
    assert rest.pieces is not None
    beside = describe_point(evaluate, np.ones(1), box(1), (sympy.Integer(1),), own)
    assert not beside.stationary
    assert beside.pieces is None


@pytest.mark.parametrize("seed", range(6))
def test_random_sliding_points_are_recovered(seed):
    """A planted rest point: on a random line, with one-sided fields that are opposite there."""
    rng = np.random.default_rng(seed)

    def whole():
        return int(rng.integers(1, 5)) * int(rng.choice([-1, 1]))

    p = sympy.Matrix([sympy.Rational(whole(), 4), sympy.Rational(whole(), 4)])
    shift = sympy.Matrix([x, y]) - p
    u = sympy.expand((sympy.Matrix([[whole(), whole()]]) * shift)[0])
    push, share = sympy.Matrix([whole(), whole()]), sympy.Rational(int(rng.integers(-3, 4)), 5)
    field = push * (sympy.sign(u) - share)
    field += sympy.Matrix(2, 2, lambda i, j: whole()) * shift
    own = found(list(field.applyfunc(sympy.expand)), (x, y))
    assert tuple(p) in [pieces.point for pieces in own.points]
