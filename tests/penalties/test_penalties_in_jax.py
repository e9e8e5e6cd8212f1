"""Penalties in JAX: data are passed through, numbers may be traced, nothing is compiled twice."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Game
from stability.penalties import JARE, Anchor, ConsensusPenalty, GradientNorm, NagarajanKolter
from tests.selection import slow_but


def fitted(**options):
    """Two players with pytrees for strategies, and a loss on points."""

    def loss_d(disc, gen, points):
        return jnp.mean((disc["w"] @ points - gen) ** 2) + jnp.sum(disc["b"] ** 3)

    def loss_g(disc, gen, points):
        return -jnp.mean(jnp.sin(disc["w"] @ points)) * gen**2 + gen * disc["b"][0]

    return Game(
        {"disc": loss_d, "gen": loss_g},
        start={"disc": {"b": np.ones(1, "float32"), "w": np.ones(2, "float32")}, "gen": 0.5},
        data=(np.array([[1.0, -0.5, 2.0], [0.3, 0.8, -1.0]], "float32"),),
        **options,
    )


FITTED = [
    *(GradientNorm(0.3, of="disc", by="gen"), ConsensusPenalty(0.3), JARE(0.3)),
    *(Anchor(0.3, to={"disc.w[1]": 1.0, "gen": 2}), NagarajanKolter(0.3)),
]


def fitted_but_slow(*kinds):
    """The penalties of `FITTED`, those that others are much like marked slow."""
    return [
        pytest.param(penalty, marks=pytest.mark.slow if isinstance(penalty, kinds) else ())
        for penalty in FITTED
    ]


@pytest.mark.parametrize("penalty", fitted_but_slow(ConsensusPenalty, NagarajanKolter), ids=repr)
def test_the_data_are_passed_through(penalty):
    game = fitted()
    x = jnp.asarray(game.start)
    other = jnp.asarray(2 * game.data[0] + 1)
    here = penalty(game).field(x)
    elsewhere = fitted()
    elsewhere.data = (other,)
    expected = penalty(elsewhere).field(x)

    @jax.jit
    def field(data):
        moved = penalty(game)
        moved.data = (data,)
        return moved.field(x)

    # in float32, with sums in another order
    np.testing.assert_allclose(field(other), expected, rtol=1e-5)
    np.testing.assert_allclose(field(game.data[0]), here, rtol=1e-5)
    assert not np.allclose(expected, here, rtol=1e-2)


def test_data_are_no_constants_of_the_compiled_code():
    penalised = ConsensusPenalty(0.3)(fitted())
    data = penalised.data
    traced = jax.make_jaxpr(penalised._field)(jnp.asarray(penalised.start), data)
    assert [v.aval.shape for v in traced.jaxpr.invars] == [(4,), (2, 3)]
    assert not any(np.shape(constant) == (2, 3) for constant in traced.consts)


@pytest.mark.parametrize("penalty", fitted_but_slow(ConsensusPenalty, JARE), ids=repr)
def test_derivatives_to_third_order(penalty):
    """The third derivative of a loss along a line, against differences of the second in float64."""
    with jax.enable_x64(True):
        game = penalty(fitted())
        x = jnp.asarray(game.start, "float64")
        u, w = jnp.array([0.3, -0.5, 0.7, 0.2]), jnp.array([1.0, 0.4, -0.6, 0.5])

        def second(y):
            return game.jvp(y, u)

        third = jax.jit(lambda x: jax.jvp(second, (x,), (w,))[1])(x)
        h = 1e-5  # the error is of the order h² + 1e-16/h, times numbers below about 100
        np.testing.assert_allclose(
            third, (second(x + h * w) - second(x - h * w)) / (2 * h), rtol=1e-6, atol=1e-7
        )


TRACED = {
    "gradient-norm": lambda c: GradientNorm(c, of="disc"),
    "gradient-norm of pairs": lambda c: GradientNorm({("disc", "gen"): c, ("gen", "gen"): 0.1}),
    "consensus": ConsensusPenalty,
    "jare": JARE,
    "anchor": Anchor,
    "anchor of one": lambda c: Anchor({"gen": c}),
    "anchor somewhere": lambda c: Anchor(c, to={"": 0.5, "gen": 0.3}),
    "nagarajan-kolter": NagarajanKolter,
}


# derivatives by the coefficient and the profile together take JAX seconds to compile
FEW = ("gradient-norm", "anchor", "nagarajan-kolter")


@pytest.mark.parametrize(
    "penalty",
    [
        pytest.param(penalty, id=name, marks=() if name in FEW else pytest.mark.slow)
        for name, penalty in TRACED.items()
    ],
)
def test_traced_coefficients(penalty):
    game = fitted()
    x = jnp.asarray(game.start)
    numbers = jnp.array([0.0, 0.3, 1.2])

    def jacobian(c):
        return penalty(c)(game).jacobian(x)

    def field(c):
        return penalty(c)(game).field(x)

    # compiled together, which is faster
    together, slope, values = jax.jit(
        lambda c: (jax.vmap(jacobian)(c), jax.jacfwd(field)(c[1]), jax.vmap(field)(c))
    )(numbers)
    np.testing.assert_allclose(together[1], jacobian(0.3), rtol=1e-5, atol=1e-6)
    # the Jacobian is affine in the numbers: at 1.2 it has moved four times as far from that at 0 as at 0.3
    moved = together - together[0]
    np.testing.assert_allclose(moved[2], 4 * moved[1], rtol=1e-4, atol=1e-5)

    np.testing.assert_allclose(0.9 * slope, values[2] - values[1], rtol=1e-4, atol=1e-5)
    assert np.abs(slope).max() > 1e-3


@pytest.mark.parametrize("name", slow_but(TRACED, FEW))
def test_nothing_is_compiled_again_for_another_coefficient(name):
    penalty, traces = TRACED[name], []

    def loss(disc, gen):
        traces.append(None)
        return disc**2 * gen + gen**2

    game = Game({"disc": loss, "gen": loss}, start={"disc": 1.0, "gen": 1.0})
    x = jnp.ones(2)
    field = jax.jit(lambda c, x: penalty(c)(game).field(x))
    field(0.1, x)
    after_first = len(traces)
    for c in (0.2, 3.0):
        field(c, c * x)
    assert len(traces) == after_first
    penalised = penalty(0.1)(game)
    penalised.field(x)
    after_first = len(traces)
    penalised.field(2 * x)
    assert len(traces) == after_first


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "number",
    # of NumPy's scalars, which have dtypes of their own, every run takes the widest
    [
        1,
        pytest.param(0.5, marks=pytest.mark.slow),
        pytest.param(np.float32(0.5), marks=pytest.mark.slow),
        np.float64(0.5),
        pytest.param(np.int64(1), marks=pytest.mark.slow),
    ],
)
def test_the_dtype_is_the_profiles(number, dtype):
    with jax.enable_x64(dtype == "float64"):
        x = jnp.asarray(fitted().start, dtype)
        for penalty in (GradientNorm(number), Anchor(number, to={"gen": number}), JARE(number)):
            game = penalty(fitted())
            for operation in (game.losses, game.field):
                assert jax.eval_shape(operation, x).dtype == dtype


def test_a_traced_point():
    game = fitted()
    x = jnp.asarray(game.start)
    for to in (lambda c: c, lambda c: {"gen": c}):
        slope = jax.jit(jax.jacfwd(lambda c, to=to: Anchor(0.5, to=to(c))(game).field(x)))(0.3)
        np.testing.assert_allclose(slope, [0, 0, 0, 0.5] if to(1) != 1 else [0.5] * 4, rtol=1e-6)
