"""The search finds the zeros that are there, all of them, and no others."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stability.equilibria.search import LINEAR, find_zeros
from tests.equilibria.fields_with_known_zeros import cube, field, piecewise, points_of
from tests.known_systems import POLYNOMIAL


def assert_zeros(search, expected, rtol=1e-14, atol=1e-14):
    """Exactly the expected points, in order, to about fifty roundings."""
    found, expected = points_of(search), np.array(expected, float)
    assert len(found) == len(expected), found
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=rtol, atol=atol)


# --- known zeros -----------------------------------------------------------------------------


def test_cubic():
    search = find_zeros(field(lambda x: [x**3 - x]), cube(2, 1))
    assert_zeros(search, [[-1], [0], [1]])
    assert all(zero.residual <= 1e-15 and zero.error <= 1e-14 for zero in search.zeros)
    assert search.converged == search.starts
    assert search.outside == ()


def test_a_linear_field_in_four_dimensions():
    matrix = np.diag([-1.0, -2, 3, 4]) + 0.5
    centre = np.array([0.3, -0.7, 0.1, 0.9])
    search = find_zeros(
        lambda x: ((x - centre) @ matrix.T, np.broadcast_to(matrix, (len(x), 4, 4))), cube(2, 4)
    )
    assert_zeros(search, [centre])


def test_polynomials_in_three_variables():
    search = find_zeros(
        field(lambda x, y, z: [x * (x - 1), y * y - 0.25, (z - 0.5) * (z + 1.5)]), cube(2, 3)
    )
    assert_zeros(search, list(itertools.product([0, 1], [-0.5, 0.5], [-1.5, 0.5])))


def test_lorenz():
    search = find_zeros(
        field(lambda x, y, z: [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]),
        np.array([[-30, 30], [-30, 30], [-10, 60.0]]),
    )
    side = np.sqrt(72)
    assert_zeros(search, [[-side, -side, 27], [0, 0, 0], [side, side, 27]])


def test_brusselator():
    search = find_zeros(field(lambda x, y: [1 - 4 * x + x * x * y, 3 * x - x * x * y]), cube(5, 2))
    assert_zeros(search, [[1, 3]])


def test_torus():
    """f = -a cos x + cos(x-y) + b cos y, a = b = .15: sin x = sin y, so y = x or y = π - x."""
    a = 0.15
    search = find_zeros(
        field(lambda x, y: [-a * np.sin(x) + np.sin(x - y), np.sin(x - y) - a * np.sin(y)]),
        np.array([[-1, 5], [-1, 5.0]]),
    )
    # On y = x: sin x = 0. On y = π - x (mod 2π): sin x (2 cos x + a) = 0.
    tilted = np.arccos(-a / 2)
    expected = [
        [0, 0],
        [0, np.pi],
        [tilted, np.pi - tilted],
        [np.pi, 0],
        [np.pi, np.pi],
        [2 * np.pi - tilted, np.pi + tilted],
    ]
    assert_zeros(search, expected)


def test_the_polynomial_game_of_four_kinds_of_points():
    """Three differential Nash equilibria, one stable point that is none, and five others."""

    def loss(x, y):
        decay = jnp.exp(-0.01 * (x * x + y * y))
        return -((0.3 * x * x + y) ** 2 + (0.5 * y * y + x) ** 2) * decay

    def v(z):
        return jnp.array([-jax.grad(loss, 0)(z[0], z[1]), jax.grad(loss, 1)(z[0], z[1])])

    compiled = jax.jit(jax.vmap(lambda z: (v(z), jax.jacfwd(v)(z))))

    def evaluate(points):
        rows = -(-len(points) // 256) * 256
        padded = np.concatenate([points, np.repeat(points[-1:], rows - len(points), axis=0)])
        with jax.enable_x64(True):
            values, jacobians = compiled(jnp.asarray(padded))
        return np.asarray(values)[: len(points)], np.asarray(jacobians)[: len(points)]

    search = find_zeros(evaluate, cube(20, 2))
    found = points_of(search)
    for point in POLYNOMIAL:  # six digits published
        assert np.abs(found - point).max(axis=1).min() < 1e-4, point
    assert len(found) == 9
    assert max(zero.residual for zero in search.zeros) < 1e-12


# --- crowded and numerous --------------------------------------------------------------------


@pytest.mark.parametrize("gap", [1e-1, 1e-3, 1e-6])
def test_crowded_zeros(gap):
    """A field that is small between two zeros; neither may hide the other."""
    search = find_zeros(field(lambda x, y: [(x - 1) * (x - 1 - gap) * (x + 1), y - x]), cube(2, 2))
    assert_zeros(search, [[-1, -1], [1, 1], [1 + gap, 1 + gap]])


def test_a_tiny_basin_beside_a_known_zero():
    """Three zeros within 1e-3 of each other; the middle one has the smallest basin."""
    roots = np.array([0.5, 0.5004, 0.501])
    search = find_zeros(field(lambda x: [(x - 0.5) * (x - 0.5004) * (x - 0.501)]), cube(2, 1))
    assert_zeros(search, roots[:, None])


def test_many_zeros():
    search = find_zeros(field(lambda x, y: [np.sin(x), np.sin(y)]), cube(10, 2))
    multiples = np.pi * np.arange(-3, 4)
    assert_zeros(search, list(itertools.product(multiples, multiples)))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    d=st.integers(1, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_random_cubic_fields(d, seed):
    """v = A p(Q x), p_i cubic with separated real roots, Q a rotation: 3^d zeros."""
    generator = np.random.default_rng(seed)
    roots = generator.uniform(-1.8, 1.8, (d, 3))
    mixing = generator.standard_normal((d, d))
    turn = np.linalg.qr(generator.standard_normal((d, d)))[0]
    assume(np.linalg.cond(mixing) < 50)
    assume(np.diff(np.sort(roots, axis=1), axis=1).min() > 0.05)
    zeros = np.array(list(itertools.product(*roots))) @ turn
    assume(np.abs(np.abs(zeros) - 2).min() > 1e-3)  # none on the edge
    zeros = zeros[np.abs(zeros).max(axis=1) < 2]

    def evaluate(points):
        factors = (points @ turn.T)[:, :, None] - roots
        slopes = sum(np.prod(np.delete(factors, k, axis=2), axis=2) for k in range(3))
        return np.prod(factors, axis=2) @ mixing.T, np.einsum("ij,nj,jk->nik", mixing, slopes, turn)

    found = points_of(find_zeros(evaluate, cube(2, d)))
    assert len(found) == len(zeros)
    for zero in zeros:
        assert np.abs(found - zero).max(axis=1).min() < 1e-9


# --- units -----------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1e-12, 1.0, 1e12])
def test_the_fields_unit_does_not_matter(factor):
    cubic = field(lambda x, y: [x**3 - x + 0.1 * y, y - x * y], factor=factor)
    plain = find_zeros(field(lambda x, y: [x**3 - x + 0.1 * y, y - x * y]), cube(2, 2))
    scaled = find_zeros(cubic, cube(2, 2))
    assert len(plain.zeros) == 3
    assert_zeros(scaled, points_of(plain))


@pytest.mark.parametrize("factor", [1e-12, 1.0, 1e12])
def test_one_components_unit_does_not_matter(factor):
    search = find_zeros(field(lambda x, y: [factor * (x**3 - x + y), y]), cube(2, 2))
    assert_zeros(search, [[-1, 0], [0, 0], [1, 0]])


def test_the_coordinates_units_do_not_matter():
    box = np.array([[-2e4, 2e4], [-2e-4, 2e-4]])
    search = find_zeros(field(lambda x, y: [(x / 1e4) ** 3 - x / 1e4, 1e4 * y - x / 1e4]), box)
    assert_zeros(search, [[-1e4, -1e-4], [0, 0], [1e4, 1e-4]], atol=1e-18)


def test_zeros_where_the_field_is_tiny_against_its_size_in_the_box():
    """x⁹ - x is of size 1e15 over the box and 1e-15 of that around its zeros."""
    search = find_zeros(field(lambda x: [x**9 - x]), cube(100, 1))
    assert_zeros(search, [[-1], [0], [1]])


# --- degenerate zeros ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda x: [(x - 0.3) ** 2],
        lambda x: [x * x - 0.6 * x + 0.09],
        lambda x: [x**3 - 0.9 * x * x + 0.27 * x - 0.027],
        lambda x: [(x - 0.3) ** 5],
    ],
)
def test_the_error_at_a_multiple_zero_is_honest(function):
    """With cancellation only 8 or 5 digits exist; the estimate must say so, and not exaggerate."""
    (zero,) = find_zeros(field(function), cube(2, 1)).zeros
    assert abs(zero.point[0] - 0.3) <= zero.error <= 1e-3


def test_a_double_zero_is_known_less_well_than_a_simple_one():
    (double,) = find_zeros(field(lambda x: [x * x - 0.6 * x + 0.09]), cube(2, 1)).zeros
    (simple,) = find_zeros(field(lambda x: [x - 0.3]), cube(2, 1)).zeros
    assert double.error > 1e-10 > 1e-14 > simple.error


# --- no zeros --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "box"),
    [
        (lambda x: [1 + x * x], cube(2, 1)),
        (lambda x: [1e-8 + x * x], cube(2, 1)),
        (lambda x: [np.exp(-x)], cube(2, 1)),
        (lambda x: [np.exp(-x)], cube(40, 1)),  # 4e-18 at the edge
        (lambda x: [np.exp(-x)], np.array([[0, 800.0]])),  # exactly 0 in float64 beyond 745
        (lambda x: [1 - np.tanh(x)], cube(30, 1)),  # exactly 0 in float64 beyond 19
        (lambda x: [1 / (1 + np.exp(x))], cube(900, 1)),
        (lambda x, y: [1e-8 + x * x + y, 1e-8 + x * x - y], cube(2, 2)),
        (lambda x, y: [np.exp(-x), y], cube(100, 2)),
    ],
)
def test_no_zeros(function, box):
    search = find_zeros(field(function), box)
    assert search.zeros == ()
    assert search.converged == 0


@pytest.mark.parametrize("half_width", [5, 12, 30])
def test_no_zeros_at_infinity(half_width):
    one = find_zeros(field(lambda x: [x * np.exp(-x * x)]), cube(half_width, 1))
    assert_zeros(one, [[0]])
    two = find_zeros(field(lambda x, y: [x * np.exp(-x * x), y - 0.1]), cube(half_width, 2))
    assert_zeros(two, [[0, 0.1]])


def test_zeros_outside_the_box_are_counted_and_dropped():
    search = find_zeros(field(lambda x: [x - 3]), cube(2, 1))
    assert search.zeros == ()
    assert [zero.point.tolist() for zero in search.outside] == [[3.0]]


def test_a_zero_on_the_boxs_edge_is_inside():
    search = find_zeros(field(lambda x: [np.cos(x)]), cube(np.pi / 2, 1))
    assert_zeros(search, [[-np.pi / 2], [np.pi / 2]])


# --- domains and kinks -----------------------------------------------------------------------


def test_a_field_that_is_undefined_on_half_the_box():
    evaluate = piecewise(np.log, lambda x: np.where(x > 0, 1 / x, np.nan))
    assert_zeros(find_zeros(evaluate, cube(2, 1)), [[1]])


def test_a_field_that_is_defined_nowhere():
    search = find_zeros(piecewise(lambda x: x * np.nan, lambda x: x * np.nan), cube(2, 1))
    assert search.zeros == ()


def test_overflow_is_not_an_error():
    search = find_zeros(field(lambda x: [np.exp(x) - 1]), cube(2000, 1))
    assert_zeros(search, [[0]])


@pytest.mark.parametrize("slope_at_kink", [0.0, np.nan])
def test_a_zero_at_a_jump_is_returned_if_it_is_given(slope_at_kink):
    """-sign(x), with sign(0) = 0 by convention: nothing converges there."""
    evaluate = piecewise(lambda x: -np.sign(x), lambda x: np.where(x == 0, slope_at_kink, 0.0))
    assert_zeros(find_zeros(evaluate, np.array([[-1, 2.0]])), [[0]])
    assert find_zeros(evaluate, np.array([[1, 2.0]])).zeros == ()


def test_a_given_point_at_which_the_field_is_not_a_number_is_no_zero():
    evaluate = piecewise(lambda x: (x - 1) * x / x, lambda x: np.where(x == 0, np.nan, 1.0))
    assert_zeros(find_zeros(evaluate, cube(2, 1), special=[np.zeros(1)]), [[1]])


def test_a_kink_with_slopes_of_one_sign_is_found():
    evaluate = piecewise(
        lambda x: (x - 0.3) + 0.5 * np.abs(x - 0.3), lambda x: 1 + 0.5 * np.sign(x - 0.3)
    )
    assert_zeros(find_zeros(evaluate, cube(2, 1)), [[0.3]])


# --- zero sets -------------------------------------------------------------------------------


def test_a_line_of_zeros_gives_many_points_on_it():
    search = find_zeros(field(lambda x, y: [1 - x - y, 1 - x - y]), cube(2, 2))
    found = points_of(search)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-15)
    assert np.ptp(found[:, 0]) > 2.5  # it crosses the box over a length of 3
    assert 20 < len(found) <= 64


# --- growing effort --------------------------------------------------------------------------


def nowhere(d):
    return np.tile([-np.inf, np.inf], (d, 1))


def toggle(a, b):
    """Two genes that repress each other, each in its own unit: three rest points."""
    return field(lambda x, y: [a * 5 / (1 + (y / b) ** 3) - x, b * 5 / (1 + (x / a) ** 3) - y])


def test_zeros_of_any_size_are_found_without_a_box():
    """In one coordinate a thousand, in the other a thousandth."""
    plain = points_of(find_zeros(toggle(1, 1), np.array([[0, 6], [0, 6.0]])))
    assert len(plain) == 3
    search = find_zeros(toggle(1e3, 1e-3), cube(2, 2), window=nowhere(2), thorough=True)
    assert_zeros(search, plain * [1e3, 1e-3], rtol=1e-9, atol=1e-12)
    assert search.ended
    assert search.starts <= search.budget


def test_an_attractor_that_newton_misses_is_where_the_flow_settles():
    """A network of one conserved total: X + E ⇌ C, and X that makes more of itself (Edelstein 1970)."""

    def rates(x, c):
        return [
            8.5 * x - x * x - x * (20 - c) + 0.2 * c,
            x * (20 - c) - 1.2 * c + 0.2 * (20 - c),
        ]

    assert len(find_zeros(field(rates), cube(2, 2)).zeros) < 3
    search = find_zeros(field(rates), cube(2, 2), window=nowhere(2), thorough=True)
    x, c = points_of(search).T
    np.testing.assert_allclose(c, 20 * (x + 0.2) / (x + 1.4))  # where c̈ rests
    assert len(x) == 3


def test_effort_ends_with_the_first_round_that_adds_nothing():
    once = find_zeros(field(lambda x: [x**3 - x]), cube(2, 1), thorough=True)
    assert_zeros(once, [[-1], [0], [1]])
    assert (once.starts, once.rounds, once.ended) == (128 + 3 * 16, 3, True)


def test_a_field_without_zeros_costs_its_budget_and_says_so():
    search = find_zeros(field(lambda x: [1 + x * x]), cube(2, 1), starts=8, thorough=True)
    assert search.zeros == ()
    assert not search.ended
    assert search.starts <= search.budget == 32 * 8


def test_zeros_without_end_are_enough_at_some_time():
    search = find_zeros(
        field(lambda x: [np.sin(x)]), cube(2, 1), window=nowhere(1), starts=32, thorough=True
    )
    found = points_of(search)[:, 0]
    np.testing.assert_allclose(np.sin(found), 0, atol=1e-9)
    assert 0 in found
    assert not search.ended


def test_a_thorough_search_is_reproducible():
    cubic = field(lambda x: [x**3 - 900 * x])
    one, two = (
        find_zeros(cubic, cube(2, 1), window=nowhere(1), starts=8, seed=3, thorough=True)
        for _ in range(2)
    )
    assert len(one.zeros) == 3
    np.testing.assert_array_equal(points_of(one), points_of(two))
    assert one.starts == two.starts


# --- the record ------------------------------------------------------------------------------


def test_the_search_is_reproducible_and_says_what_it_did():
    evaluate = field(lambda x, y: [np.sin(3 * x) - y, x + y**3])
    one, two = (find_zeros(evaluate, cube(2, 2), seed=5, starts=32) for _ in range(2))
    np.testing.assert_array_equal(points_of(one), points_of(two))
    assert (one.seed, one.rounds, one.starts) == (5, two.rounds, 32 * one.rounds)
    np.testing.assert_array_equal(one.box, cube(2, 2))
    assert_zeros(find_zeros(evaluate, cube(2, 2), seed=6), points_of(one))


def test_noise_in_the_first_coordinate_does_not_change_the_order():
    """The zeros have x = 0 up to rounding; y must decide."""
    search = find_zeros(
        field(lambda x, y: [np.sin(x + 1e-3 * y) - np.sin(1e-3 * y), y**3 - y]), cube(1.5, 2)
    )
    assert_zeros(search, [[0, -1], [0, 0], [0, 1]])


@pytest.mark.parametrize("far", [1, 5])
def test_a_linear_field_of_many_variables_is_one_linear_system(far):
    """v = A (x − c) with A of condition about 10: its one zero, without a search, outside the box too."""
    d = 40
    matrix = np.eye(d) + 0.5 * np.diag(np.ones(d - 1), 1)
    place = np.linspace(-far, far, d)

    def evaluate(points):
        values = (points - place) @ matrix.T
        return values, np.broadcast_to(matrix, (len(points), d, d)).copy()

    found = find_zeros(evaluate, np.tile([-2.0, 2.0], (d, 1)))
    assert found.method == LINEAR
    assert found.starts == 1
    (zero,) = found.zeros
    np.testing.assert_allclose(zero.point, place, atol=1e-13)  # a few roundings
