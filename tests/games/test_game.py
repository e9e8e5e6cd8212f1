"""Games in JAX: pytrees in and out, derivatives against hand-derived ones, every construction error."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Game, InputError, InputTypeError, zero_sum

# ---- A game whose derivatives are derived by hand ---------------------------------------------
#
# The profile is (p, q, r); the first player owns p and q, the second r.
#   L₁ = p² q + 3 p r,   L₂ = r³/3 − 2 q r + p.
# The players' names are not in alphabetical order, and J is not symmetric.


class Weights(NamedTuple):
    p: object
    q: object


def first_loss(own, r):
    return own.p**2 * own.q + 3 * own.p * r


def second_loss(own, r):
    return r**3 / 3 - 2 * own.q * r + own.p


@pytest.fixture(scope="module")
def game():
    return Game(
        {"zeta": first_loss, "alpha": second_loss},
        start={"alpha": 0.5, "zeta": Weights(1.0, 2.0)},
    )


def field(x):
    p, q, r = x
    return np.array([-2 * p * q - 3 * r, -(p**2), -(r**2) + 2 * q])


def jacobian(x):
    p, q, r = x
    return np.array([[-2 * q, -2 * p, -3], [-2 * p, 0, 0], [0, 2, -2 * r]])


def gradients(x):
    p, q, r = x
    return np.array([[2 * p * q + 3 * r, p**2, 3 * p], [1, -2 * r, r**2 - 2 * q]])


def hessians(x):
    p, q, r = x
    return np.array(
        [[[2 * q, 2 * p, 3], [2 * p, 0, 0], [3, 0, 0]], [[0, 0, 0], [0, 0, -2], [0, -2, 2 * r]]]
    )


X = np.array([0.7, -1.3, 1.9])
U = np.array([0.3, -0.8, 1.1])


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    with jax.enable_x64(request.param == "float64"):
        yield request.param


def close(actual, expected, dtype):
    """Equal up to a few roundings of numbers of size one to ten, in the dtype asked for."""
    assert actual.dtype == dtype
    np.testing.assert_allclose(actual, expected, atol={"float32": 5e-6, "float64": 1e-14}[dtype])


def test_players_are_in_the_order_of_the_losses(game):
    assert game.players == ("zeta", "alpha")
    assert game.variables == ("zeta.p", "zeta.q", "alpha")
    assert game.dimension == 3
    np.testing.assert_array_equal(game.start, [1.0, 2.0, 0.5])


def test_every_operation_agrees_with_the_derivatives_by_hand(game, dtype):
    x, u = jnp.asarray(X, dtype), jnp.asarray(U, dtype)
    J = jacobian(X)
    p, q, r = X
    close(game.losses(x), [p**2 * q + 3 * p * r, r**3 / 3 - 2 * q * r + p], dtype)
    close(game.field(x), field(X), dtype)
    close(game.player_field("zeta", x), field(X)[:2], dtype)
    close(game.player_field(1, x), field(X)[2:], dtype)
    close(game.jacobian(x), J, dtype)
    close(game.jvp(x, u), J @ U, dtype)
    close(game.vjp(x, u), J.T @ U, dtype)
    assert np.abs(J @ U - J.T @ U).min() > 0.1  # so that an exchange of the two is seen
    close(game.block("zeta", "alpha", x), J[:2, 2:], dtype)
    close(game.block(1, 0, x), J[2:, :2], dtype)
    first, second = game.derivatives(x)
    close(first, gradients(X), dtype)
    close(second, hessians(X), dtype)


def test_constrained_hessian(game, dtype):
    x = jnp.asarray(X, dtype)
    # ∇L₂ over the follower is r² − 2q, whose only second derivative is 2, in r
    w = jnp.asarray([0.4], dtype)
    expected = hessians(X)[0] - 0.4 * np.diag([0, 0, 2.0])
    close(game.constrained_hessian("zeta", "alpha", x, w), expected, dtype)
    # ∇L₁ over the follower is (2pq + 3r, p²)
    w = jnp.asarray([0.4, -1.5], dtype)
    bent = 0.4 * np.array([[0, 2, 0], [2, 0, 0], [0, 0, 0]]) - 1.5 * np.diag([2.0, 0, 0])
    close(game.constrained_hessian("alpha", "zeta", x, w), hessians(X)[1] - bent, dtype)


def test_the_jacobian_block_form_of_a_bilinear_game():
    A = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]], dtype=np.float32)
    game = zero_sum(
        lambda x, y: x @ A @ y,
        minimizer="x",
        maximizer="y",
        start={"x": np.ones(2, "float32"), "y": np.ones(3, "float32")},
    )
    expected = np.block([[np.zeros((2, 2)), -A], [A.T, np.zeros((3, 3))]])
    np.testing.assert_array_equal(game.jacobian(jnp.asarray(game.start)), expected)


# ---- Pytrees ----------------------------------------------------------------------------------

TREES = [
    1.5,
    np.float32(2.0),
    np.arange(6.0).reshape(2, 3),
    {"w": np.ones((2, 1)), "b": [0.5, (1, np.zeros(3))]},
    Weights(np.ones(2), {"deep": [np.full((1, 1, 1), 7.0)]}),
    [None, np.ones(1), {}],
    (np.zeros((0,)), 3.0),
]


@pytest.mark.parametrize("tree", TREES, ids=range(len(TREES)))
def test_pack_and_unpack_are_inverse(tree):
    def loss(*strategies):
        return (
            sum(jnp.sum(jnp.asarray(leaf)) for leaf in jax.tree_util.tree_leaves(strategies)) * 1.0
        )

    game = Game({"b": loss, "a": loss}, start={"a": 4.0, "b": tree})
    packed = game.pack({"a": 4.0, "b": tree})
    assert packed.shape == (game.dimension,)
    np.testing.assert_array_equal(packed, game.start)
    assert len(game.variables) == game.dimension
    unpacked, other = game.unpack(packed)
    assert float(other) == 4.0
    assert jax.tree_util.tree_structure(unpacked) == jax.tree_util.tree_structure(tree)
    for leaf, original in zip(*map(jax.tree_util.tree_leaves, (unpacked, tree)), strict=True):
        assert leaf.shape == np.shape(original)
        np.testing.assert_array_equal(leaf, original)
    x = jnp.arange(1.0, game.dimension + 1)
    again = game.pack(dict(zip(game.players, game.unpack(x), strict=True)))
    np.testing.assert_array_equal(again, x)


def test_names_of_coordinates():
    start = {"d": {"w": np.ones((2, 2)), "b": [1.0]}, "g": np.ones(2), "s": 1.0}
    loss = lambda d, g, s: jnp.sum(d["w"]) * s + jnp.sum(g) * d["b"][0]  # noqa: E731
    game = Game(dict.fromkeys(start, loss), start=start)
    assert game.variables == (
        *("d.b.0", "d.w[0,0]", "d.w[0,1]", "d.w[1,0]", "d.w[1,1]"),
        *("g[0]", "g[1]", "s"),
    )


@pytest.mark.parametrize(
    "strategies",
    [
        {"zeta": Weights(1.0, 2.0)},
        {"zeta": Weights(1.0, 2.0), "alpha": 1.0, "omega": 1.0},
        {"zeta": (1.0, 2.0), "alpha": 1.0},
        {"zeta": Weights(1.0, np.ones(2)), "alpha": 1.0},
        {"zeta": Weights(1.0, 2.0), "alpha": np.ones(1)},
        [1.0, 2.0],
    ],
)
def test_packing_something_else(game, strategies):
    with pytest.raises(InputError):
        game.pack(strategies)


@pytest.mark.parametrize("x", [np.ones(2), np.ones((3, 1)), np.array([1, 2, 3]), np.ones(3) * 1j])
def test_profiles_of_the_wrong_kind(game, x):
    with pytest.raises(InputTypeError, match=r"real vector of shape \(3,\)"):
        game.field(x)


@pytest.mark.parametrize("player", ["beta", 2, -1])
def test_players_that_do_not_exist(game, player):
    with pytest.raises(InputError, match="player"):
        game.player_field(player, X)


# ---- Data -------------------------------------------------------------------------------------


def test_losses_get_the_data_after_the_strategies():
    points, labels = np.array([1.0, 2.0, 4.0]), np.array([0, 1, 1])
    seen = []

    def loss(a, b, points, labels):
        seen.append((points.dtype, labels.dtype))
        return jnp.mean(a * points**2) + b * jnp.sum(labels)

    game = Game({"a": loss, "b": loss}, start={"a": 1.0, "b": 1.0}, data=(points, labels))
    np.testing.assert_allclose(game.field(jnp.array([3.0, 5.0])), [-7.0, -2.0], rtol=1e-6)
    assert all(jnp.issubdtype(kind, jnp.integer) for _, kind in seen)


# ---- Transformations --------------------------------------------------------------------------


def test_jit_vmap_and_grad_from_outside(game):
    points = jnp.asarray(np.stack([X, U, X + U]), "float32")
    close(jax.jit(game.field)(points[0]), field(X), "float32")
    expected = [field(x) for x in np.asarray(points, float)]
    close(jax.vmap(game.field)(points), expected, "float32")
    half_square = jax.jit(jax.grad(lambda x: jnp.sum(game.field(x) ** 2) / 2))(points[0])
    np.testing.assert_allclose(half_square, jacobian(X).T @ field(X), rtol=1e-5)
    close(jax.jit(jax.jacfwd(game.field))(points[0]), jacobian(X), "float32")


def test_each_operation_is_compiled_once_for_each_shape_and_dtype():
    traces = []

    def loss(a, b):
        traces.append(None)
        return jnp.sum(a * b) + jnp.sum(a**2)

    start = {"a": np.ones(2, "float32"), "b": np.ones(2, "float32")}
    game = Game({"a": loss, "b": loss}, start=start)
    x = jnp.asarray(game.start)
    w = jnp.ones(2)
    operations = [
        game.losses,
        game.field,
        game.jacobian,
        game.derivatives,
        lambda x: game.jvp(x, x),
        lambda x: game.vjp(x, x),
        lambda x: game.player_field("a", x),
        lambda x: game.player_field("b", x),
        lambda x: game.constrained_hessian("a", "b", x, w),
        lambda x: game.block("a", "b", x),
    ]
    for operation in operations:
        operation(x)
    after_first = len(traces)
    for operation in operations:
        for scale in (2.0, 3.0):
            operation(scale * x)
    assert len(traces) == after_first
    with jax.enable_x64(True):
        game.field(jnp.asarray(game.start, "float64"))
        after_second = len(traces)
        assert after_second > after_first
        game.field(2 * jnp.asarray(game.start, "float64"))
    assert len(traces) == after_second


def test_importing_and_using_games_leaves_jax_in_32_bits(game):
    game.field(X)
    assert not jax.config.jax_enable_x64
    assert jnp.ones(1).dtype == "float32"


@pytest.mark.parametrize(
    "function",
    [jax.nn.relu, jax.nn.softplus, jax.nn.log_sigmoid, jax.nn.gelu, jax.checkpoint(jnp.sin)],
    ids=["relu", "softplus", "log_sigmoid", "gelu", "checkpoint"],
)
def test_losses_with_custom_derivatives_are_not_taken_for_random(function):
    game = Game({"a": lambda a: jnp.sum(function(a) * a)}, start={"a": np.ones(2, "float32")})
    assert np.isfinite(game.field(jnp.ones(2))).all()


def test_a_fixed_key_is_not_random():
    def loss(a):
        return jnp.sum(a * jax.random.normal(jax.random.key(3), (2,)))

    Game({"a": loss}, start={"a": np.ones(2)})


# ---- Terms added to losses --------------------------------------------------------------------


def test_terms_are_added_to_the_losses_of_those_named(game, dtype):
    added = game.with_terms({"alpha": lambda g, x: g.gradient("zeta", x)[1] * x[2]})  # p² r
    x = jnp.asarray(X, dtype)
    p, q, r = X
    losses = [p**2 * q + 3 * p * r, r**3 / 3 - 2 * q * r + p + p**2 * r]
    close(added.losses(x), losses, dtype)
    close(added.field(x), field(X) - [0, 0, p**2], dtype)
    close(added.jacobian(x), jacobian(X) - [[0, 0, 0], [0, 0, 0], [2 * p, 0, 0]], dtype)
    close(game.field(x), field(X), dtype)  # the game itself stays as it was


def test_terms_see_the_data_of_the_moment():
    points = np.array([1.0, 2.0], "float32")
    plain = Game({"a": lambda a, points: a * jnp.sum(points)}, start={"a": 1.0}, data=(points,))
    squared = plain.with_terms({"a": lambda g, x: jnp.sum(g.data[0]) * x[0] ** 2})
    np.testing.assert_allclose(squared.field(jnp.array([2.0])), [-3 - 2 * 2 * 3])
    squared.data = (points + 1,)
    np.testing.assert_allclose(squared.field(jnp.array([2.0])), [-5 - 2 * 2 * 5])
    np.testing.assert_allclose(plain.field(jnp.array([2.0])), [-3])


def test_terms_that_do_not_fit(game):
    with pytest.raises(InputError, match="no player 'beta'"):
        game.with_terms({"beta": lambda g, x: x[0]})
    with pytest.raises(InputTypeError, match=r"'alpha' must be a scalar, not shape \(3,\)"):
        game.with_terms({"alpha": lambda g, x: x}).field(jnp.asarray(X, "float32"))


# ---- Zero-sum games ---------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("low", "high"), ("high", "low")])
def test_zero_sum_in_both_orders(order):
    start = {"low": 2.0, "high": -3.0}
    value = {
        ("low", "high"): lambda low, high: low**2 * high,
        ("high", "low"): lambda high, low: low**2 * high,
    }[order]
    game = zero_sum(
        value, minimizer="low", maximizer="high", start={p: start[p] for p in order}, name="saddle"
    )
    assert game.players == order
    assert game.players[game.minimizer] == "low"
    assert game.name == "saddle"
    losses = dict(zip(order, game.losses(jnp.asarray(game.start)), strict=True))
    assert losses == {"low": -12.0, "high": 12.0}
    parts = dict(zip(order, game.field(jnp.asarray(game.start)), strict=True))
    assert parts == {"low": 12.0, "high": 4.0}  # −2·low·high down, +low² up


def test_minimizer_is_the_first_player_unless_told():
    losses = {"a": lambda a, b: a * b, "b": lambda a, b: -a * b}
    start = {"a": 1.0, "b": 1.0}
    assert Game(losses, start=start).minimizer == 0
    assert Game(losses, start=start, minimizer="b").minimizer == 1
    assert Game(losses, start=start, minimizer=1).minimizer == 1


@pytest.mark.parametrize(
    "start", [{"x": 1.0}, {"x": 1.0, "z": 1.0}, {"x": 1.0, "y": 1.0, "z": 1.0}]
)
def test_zero_sum_needs_its_two_players(start):
    with pytest.raises(InputError, match="zero-sum"):
        zero_sum(lambda x, y: x * y, minimizer="x", maximizer="y", start=start)


def test_zero_sum_needs_two_different_players():
    with pytest.raises(InputError, match="zero-sum"):
        zero_sum(lambda x: x, minimizer="x", maximizer="x", start={"x": 1.0})


# ---- Errors at construction -------------------------------------------------------------------

BAD_LOSSES = {
    "nan": (InputError, lambda a, b: jnp.sum(jnp.log(-a))),
    "inf": (InputError, lambda a, b: jnp.sum(1 / (a - 1))),
    "vector": (InputTypeError, lambda a, b: a * b),
    "vector of one": (InputTypeError, lambda a, b: jnp.sum(a * b)[None]),
    "integer": (InputTypeError, lambda a, b: jnp.argmax(a)),
    "python integer": (InputTypeError, lambda a, b: 3),
    "truth value": (InputTypeError, lambda a, b: a[0] > 0),
    "complex": (InputTypeError, lambda a, b: jnp.sum(a) * 1j),
    "pair": (InputTypeError, lambda a, b: (jnp.sum(a), jnp.sum(b))),
    "nothing": (InputTypeError, lambda a, b: None),
    "text": (InputError, lambda a, b: "x"),
    "if": (InputError, lambda a, b: jnp.sum(a) if a[0] > 0 else jnp.sum(b)),
    "float()": (InputError, lambda a, b: float(jnp.sum(a))),
    "numpy": (InputError, lambda a, b: np.linalg.norm(np.asarray(a))),
    "too few arguments": (InputError, lambda a: jnp.sum(a)),
    "too many arguments": (InputError, lambda a, b, c: jnp.sum(a)),
    "wrong key": (InputError, lambda a, b: jnp.sum(a["w"])),
    "random factor": (InputError, lambda a, b: jnp.sum(a) * np.random.randn()),  # noqa: NPY002
    "random array": (InputError, lambda a, b: jnp.sum(a * np.random.randn(2))),  # noqa: NPY002
    "random sign": (InputError, lambda a, b: jnp.sum(a) * np.random.rand() - b[0]),  # noqa: NPY002
    "no function": (InputTypeError, 3.0),
}


def single_line(error, player):
    text = str(error.value)
    assert "\n" not in text
    assert repr(player) in text


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize(("kind", "loss"), BAD_LOSSES.values(), ids=BAD_LOSSES)
def test_bad_losses(kind, loss, position):
    losses = {"good": lambda a, b: jnp.sum(a * b), "wrong": loss}
    names = list(losses) if position else list(losses)[::-1]
    with pytest.raises(kind) as error:
        Game({p: losses[p] for p in names}, start=dict.fromkeys(names, np.ones(2, "float32")))
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, TypeError) == (kind is InputTypeError)
    single_line(error, "wrong")


def test_an_error_of_several_lines_is_reported_in_one():
    def loss(a):
        raise RuntimeError("first line\nsecond line")

    with pytest.raises(InputError, match="first line") as error:
        Game({"a": loss}, start={"a": 1.0})
    single_line(error, "a")


BAD_STARTS = {
    "integers": (InputTypeError, np.array([1, 2])),
    "integers inside": (InputTypeError, {"w": [np.ones(2), np.array([3])]}),
    "truth value": (InputTypeError, True),
    "truth values": (InputTypeError, np.array([True])),
    "complex": (InputTypeError, np.ones(2) * 1j),
    "text": (InputTypeError, "hello"),
    "array of text": (InputTypeError, np.array(["x"])),
    "objects": (InputTypeError, np.array([None, 1.0])),
    "function": (InputTypeError, np.sin),
    "empty dictionary": (InputError, {}),
    "none": (InputError, None),
    "no numbers": (InputError, {"w": np.zeros((0, 3))}),
    "inf": (InputError, np.array([1.0, np.inf])),
    "nan": (InputError, [0.0, float("nan")]),
}


@pytest.mark.parametrize(("kind", "strategy"), BAD_STARTS.values(), ids=BAD_STARTS)
def test_bad_starts(kind, strategy):
    def loss(good, wrong):
        return jnp.sum(good)

    with pytest.raises(kind) as error:
        Game({"good": loss, "wrong": loss}, start={"good": 1.0, "wrong": strategy})
    single_line(error, "wrong")


def scalar_game(**options):
    losses = {"a": lambda a, b: a * b, "b": lambda a, b: -a * b}
    return Game(losses, start={"a": 1.0, "b": 2.0}, **options)


@pytest.mark.parametrize(
    ("losses", "start", "player"),
    [
        ({"a": lambda a: a}, {}, "a"),
        ({"a": lambda a: a}, {"a": 1.0, "b": 1.0}, "b"),
        ({"a": lambda a, b: a, "b": lambda a, b: b}, {"b": 1.0}, "a"),
    ],
)
def test_players_without_a_loss_or_a_strategy(losses, start, player):
    with pytest.raises(InputError) as error:
        Game(losses, start=start)
    single_line(error, player)


def test_games_need_players_with_names():
    with pytest.raises(InputError, match="at least one player"):
        Game({}, start={})
    with pytest.raises(InputTypeError, match="name"):
        Game({1: lambda a: a}, start={1: 1.0})  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputTypeError, match="mappings"):
        Game([lambda a: a], start=[1.0])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "options",
    [
        {"variables": ["p"]},
        {"variables": ["p", "p"]},
        {"variables": ["p", "q", "r"]},
        {"box": {"c": (0, 1)}},
        {"box": {"a": (1, 0)}},
        {"box": {"a": (0, float("inf"))}},
        {"minimizer": "c"},
        {"minimizer": 2},
        {"minimizer": -1},
        pytest.param(
            {"variables": ["p", "p", "q"]},
        ),
        pytest.param(
            {"box": {"a": (0, 1, 2)}},
        ),
        pytest.param(
            {"box": {"a": 1}},
        ),
    ],
)
def test_bad_options(options):
    with pytest.raises(InputError):
        scalar_game(**options)


def test_variables_and_box():
    game = scalar_game(variables=["p", "q"], box={"q": (-1, 2)})
    assert game.variables == ("p", "q")
    assert game.box == {"q": (-1.0, 2.0)}


@pytest.mark.parametrize("operation", ["jvp", "vjp"])
@pytest.mark.parametrize("u", [np.ones(2), np.array([1, 0, 0])])
def test_directions_of_the_wrong_kind(game, operation, u):
    with pytest.raises(InputError):
        getattr(game, operation)(X, u)
