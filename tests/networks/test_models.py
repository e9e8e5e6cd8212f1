"""Models of Flax, Equinox and Haiku become pure functions; what would not stand still is refused."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Game, InputError, InputTypeError
from stability.networks import check_network, equinox, flax, haiku

X = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
KEY = jax.random.key(0)


def same(found, expected):
    # one program, another order of operations: a few roundings in single precision
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)


# ---- Flax ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nnx():
    return pytest.importorskip("flax.nnx")


@pytest.fixture(scope="module")
def flax_model(nnx):
    class Model(nnx.Module):
        def __init__(self, rngs):
            self.hidden = nnx.List([nnx.Linear(2, 4, rngs=rngs), nnx.Linear(4, 4, rngs=rngs)])
            self.norm = nnx.BatchNorm(4, rngs=rngs)
            self.dropout = nnx.Dropout(0.5, rngs=rngs)
            self.calls = nnx.Variable(jnp.array(3))
            self.levels = nnx.Param(jnp.array([1, 2]))  # whole numbers cannot be trained

        def __call__(self, x):
            for layer in self.hidden:
                x = jnp.tanh(layer(x))
            return self.dropout(self.norm(x)).sum(-1) * self.levels[0]

    model = Model(nnx.Rngs(0))
    model.train()
    for _ in range(3):  # so that the stored statistics are not those of a new layer
        model(X)
    return model


def test_flax(nnx, flax_model):
    apply, params = flax(flax_model)
    shapes = jax.tree.map(jnp.shape, params)
    assert shapes["hidden"] == {
        0: {"kernel": (2, 4), "bias": (4,)},
        1: {"kernel": (4, 4), "bias": (4,)},
    }
    assert set(shapes) == {"hidden", "norm"}
    reference = nnx.clone(flax_model)
    reference.eval()
    same(apply(params, X), reference(X))
    same(jax.jit(apply)(params, X), reference(X))
    doubled = jax.tree.map(lambda leaf: 2 * leaf, params)
    nnx.update(reference, jax.tree.map(lambda leaf: 2 * leaf, nnx.state(reference, nnx.filterlib.All(
        nnx.Param, lambda _, v: jnp.issubdtype(v.dtype, jnp.floating)))))  # fmt: skip
    same(apply(doubled, X), reference(X))
    check_network(apply, params, X)


def test_flax_leaves_the_model_as_it_was(nnx, flax_model):
    before = [np.asarray(leaf) for leaf in jax.tree.leaves(nnx.state(flax_model, nnx.BatchStat))]
    apply, params = flax(flax_model)
    apply(params, X)
    for old, new in zip(before, jax.tree.leaves(nnx.state(flax_model, nnx.BatchStat)), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not flax_model.dropout.deterministic


def test_flax_statistics_in_training_mode_are_named(flax_model):
    def call(model, x):
        return model.norm(x @ np.ones((2, 4), np.float32), use_running_average=False)

    apply, params = flax(flax_model, call=call)
    with pytest.raises(InputError, match="the Flax model changes its state 'norm/mean'"):
        apply(params, X)
    with pytest.raises(InputError, match="the discriminator: the Flax model changes its state"):
        check_network(apply, params, X, "the discriminator")


def test_flax_dropout_left_on_is_named(flax_model):
    def call(model, x):
        return model.dropout(x, deterministic=False)

    apply, params = flax(flax_model, call=call)
    with pytest.raises(InputError, match=r"draws random numbers from 'dropout/rngs/count'"):
        jax.grad(lambda params: apply(params, X).sum())(params)


def test_what_is_no_flax_model(nnx):
    with pytest.raises(InputTypeError, match=r"an nnx\.Module, not function"):
        flax(lambda x: x)
    with pytest.raises(InputError, match="the Flax model has no floating-point parameters"):
        flax(nnx.Dropout(0.5))


# ---- Equinox -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def eqx():
    return pytest.importorskip("equinox")


@pytest.fixture(scope="module")
def equinox_model(eqx):
    class Model(eqx.Module):
        linear: eqx.nn.Linear
        norm: eqx.nn.BatchNorm
        dropout: eqx.nn.Dropout
        level: jax.Array

        def __init__(self, key):
            self.linear = eqx.nn.Linear(2, 4, key=key)
            self.norm = eqx.nn.BatchNorm(4, "batch", mode="batch")
            self.dropout = eqx.nn.Dropout(0.5)
            self.level = jnp.array(2)

        def __call__(self, x, state, *, key=None):
            h, state = self.norm(jnp.tanh(self.linear(x)), state)
            return self.level * self.dropout(h, key=key).sum(), state

    model, state = eqx.nn.make_with_state(Model)(KEY)
    mapped = jax.vmap(lambda x, s: model(x, s, key=KEY), in_axes=(0, None), out_axes=(0, None),
                      axis_name="batch")  # fmt: skip
    for _ in range(3):
        _, state = mapped(X, state)
    return model, state


def test_equinox(eqx, equinox_model):
    model, state = equinox_model
    apply, params = equinox(model, state)
    names = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(params)]
    assert names == [".linear.weight", ".linear.bias", ".norm.weight", ".norm.bias"]
    reference = eqx.nn.inference_mode(model)
    expected = [reference(x, state)[0] for x in X]
    same(apply(params, X), expected)
    same(jax.jit(apply)(params, X), expected)
    check_network(apply, params, X)


def test_a_stateless_equinox_model(eqx):
    model = eqx.nn.MLP(2, "scalar", 8, 1, key=KEY)
    apply, params = equinox(model)
    same(apply(params, X), [model(x) for x in X])
    apply, params = equinox(model, call=lambda model, x: jax.vmap(model)(2 * x))
    same(apply(params, X), [model(2 * x) for x in X])
    assert check_network(apply, params, X).shape == (5,)


def test_equinox_statistics_in_training_mode_are_named(eqx, equinox_model):
    def call(model, x, state):
        training = eqx.nn.inference_mode(model, False)
        return jax.vmap(lambda x, s: training(x, s, key=KEY), in_axes=(0, None),
                        out_axes=(0, None), axis_name="batch")(x, state)  # fmt: skip

    apply, params = equinox(*equinox_model, call=call)
    with pytest.raises(InputError, match="the Equinox model changes its state"):
        apply(params, X)


def test_equinox_dropout_left_on_fails(eqx):
    class Model(eqx.Module):
        linear: eqx.nn.Linear

        def __call__(self, x):
            return eqx.nn.Dropout(0.5)(self.linear(x))

    apply, params = equinox(Model(eqx.nn.Linear(2, 1, key=KEY)))
    with pytest.raises(InputError, match=r"the critic fails under JAX: Dropout requires a key"):
        check_network(apply, params, X, "the critic")


def test_what_is_no_equinox_model(eqx):
    with pytest.raises(InputTypeError, match=r"an eqx\.Module, not dict"):
        equinox({})
    with pytest.raises(InputError, match="the Equinox model has no floating-point parameters"):
        equinox(eqx.nn.Identity())


# ---- Haiku ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hk():
    return pytest.importorskip("haiku")


def haiku_function(hk):
    def function(x, is_training):
        x = jnp.tanh(hk.nets.MLP([4, 4])(x))
        x = hk.BatchNorm(True, True, 0.9)(x, is_training)
        x = x * hk.get_parameter("level", [], jnp.int32, init=lambda *_: jnp.array(2))
        return hk.dropout(hk.next_rng_key(), 0.5, x) if is_training else x

    return function


def test_haiku(hk):
    transformed = hk.transform_with_state(haiku_function(hk))
    whole, state = transformed.init(KEY, X, True)
    for _ in range(3):
        _, state = transformed.apply(whole, state, KEY, X, True)
    apply, params = haiku(transformed, whole, state, is_training=False)
    assert "level" not in str(params)
    expected, _ = transformed.apply(whole, state, None, X, False)
    same(apply(params, X), expected)
    same(jax.jit(apply)(params, X), expected)
    check_network(apply, params, X)
    training, _ = haiku(transformed, whole, state, is_training=True)
    with pytest.raises(InputError, match="the Haiku model draws random numbers"):
        training(params, X)


def test_haiku_statistics_in_training_mode_are_named(hk):
    transformed = hk.transform_with_state(lambda x: hk.BatchNorm(True, True, 0.9)(x, True))
    params, state = transformed.init(KEY, X)
    apply, params = haiku(transformed, params, state)
    with pytest.raises(InputError, match="changes its state 'batch_norm/~/mean_ema"):
        apply(params, X)


def test_a_stateless_haiku_model_read_from_a_file(hk):
    transformed = hk.transform(lambda x: hk.nets.MLP([4, 1])(x))
    params = jax.tree.map(np.asarray, transformed.init(KEY, X))
    with pytest.raises(InputTypeError, match=r"comes from hk\.transform"):
        haiku(transformed.apply, params)
    for given in (transformed, hk.without_apply_rng(transformed)):
        apply, found = haiku(given, params)
        same(apply(found, X), transformed.apply(params, None, X))
    with pytest.raises(InputTypeError, match="needs its state"):
        haiku(hk.transform_with_state(lambda x: x), params)


# ---- One network, three libraries ----------------------------------------------------------------


@pytest.mark.slow
def test_the_same_network_gives_the_same_field_and_products(nnx, eqx, hk):
    """A critic with one hidden layer against a scalar, written out by hand and in each library."""
    rng = np.random.default_rng(1)
    w, b, u, c = (rng.normal(size=s).astype(np.float32) for s in [(2, 3), (3,), (3, 1), (1,)])

    def by_hand(params, x):
        return (jnp.tanh(x @ params["w"] + params["b"]) @ params["u"] + params["c"])[:, 0]

    in_flax = nnx.Sequential(nnx.Linear(2, 3, rngs=nnx.Rngs(0)), jnp.tanh,
                             nnx.Linear(3, 1, rngs=nnx.Rngs(0)))  # fmt: skip
    for layer, kernel, bias in ((0, w, b), (2, u, c)):
        in_flax.layers[layer].kernel[...], in_flax.layers[layer].bias[...] = kernel, bias
    in_equinox = eqx.nn.MLP(2, 1, 3, 1, jnp.tanh, key=KEY)
    in_equinox = eqx.tree_at(
        lambda m: [p for layer in m.layers for p in (layer.weight, layer.bias)],
        in_equinox,
        [jnp.asarray(w.T), jnp.asarray(b), jnp.asarray(u.T), jnp.asarray(c)],
    )
    in_haiku = hk.transform(lambda x: hk.nets.MLP([3, 1], activation=jnp.tanh)(x)[:, 0])
    haiku_params = {"mlp/~/linear_0": {"w": w, "b": b}, "mlp/~/linear_1": {"w": u, "b": c}}
    networks = [
        (by_hand, {"w": w, "b": b, "u": u, "c": c}),
        flax(in_flax, call=lambda model, x: model(x)[:, 0]),
        equinox(in_equinox, call=lambda model, x: jax.vmap(model)(x)[:, 0]),
        haiku(in_haiku, haiku_params),
    ]
    answers = []
    for apply, params in networks:

        def value(critic, shift, apply=apply):
            real, fake = apply(critic, X), apply(critic, X + shift)
            return jnp.mean(jax.nn.softplus(-real) + jax.nn.softplus(fake))

        game = Game(
            {"critic": value, "shift": lambda critic, shift, value=value: -value(critic, shift)},
            start={"critic": params, "shift": np.array([0.5, -0.25], np.float32)},
            check=False,
        )
        assert game.dimension == 15
        v, image = jax.jit(lambda x, game=game: (v := game.field(x), game.jvp(x, v)))(game.start)
        # the order of the parameters is each library's own, and inner products do not know it
        answers.append([v @ v, v @ image, image @ image, *v[-2:], *image[-2:]])
    for answer in answers[1:]:
        np.testing.assert_allclose(answer, answers[0], rtol=1e-4)  # single precision, summed up
