"""Partitions: who owns which rows, in NumPy, JAX and SymPy alike."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import InputError, InputTypeError
from stability.dynamics import Partition

P = Partition(("two", "one", "three"), (2, 1, 3))

ENGINES = {
    "numpy": np.array,
    "jax": jnp.array,
    "sympy": lambda rows: sympy.Matrix(rows),
}


@pytest.fixture(params=ENGINES)
def vector(request):
    return ENGINES[request.param]


def entries(x):
    return np.array(x.tolist() if isinstance(x, sympy.MatrixBase) else x, dtype=float).ravel()


def test_dimension_and_slices():
    assert P.dimension == 6
    assert P.slices == (slice(0, 2), slice(2, 3), slice(3, 6))


def test_index():
    assert [P.index(p) for p in P.players] == [0, 1, 2]
    assert [P.index(i) for i in range(3)] == [0, 1, 2]
    with pytest.raises(InputError, match="no player 'four'; the players are two, one, three"):
        P.index("four")
    for i in (-1, 3):
        with pytest.raises(InputError, match=f"player {i} does not exist"):
            P.index(i)


def test_part(vector):
    x = vector([1, 2, 3, 4, 5, 6])
    assert [entries(P.part(i, x)).tolist() for i in range(3)] == [[1, 2], [3], [4, 5, 6]]


def test_embed(vector):
    x = vector([1, 2, 3, 4, 5, 6])
    embedded = P.embed(1, vector([7]), like=x)
    assert type(embedded) is type(x)
    assert embedded.shape == x.shape
    assert entries(embedded).tolist() == [0, 0, 7, 0, 0, 0]


def test_embedding_the_parts_gives_the_whole(vector):
    x = vector([1, 2, 3, 4, 5, 6])
    total = sum(
        (P.embed(i, P.part(i, x), like=x) for i in range(1, 3)), P.embed(0, P.part(0, x), x)
    )
    assert entries(total).tolist() == entries(x).tolist()


def test_scale(vector):
    x = vector([1, 2, 3, 4, 5, 6])
    scaled = P.scale((2, -1, 10), x)
    assert type(scaled) is type(x)
    assert entries(scaled).tolist() == [2, 4, -3, 40, 50, 60]


def test_scale_by_symbols():
    h = sympy.Symbol("h")
    assert P.scale((1, h, 0), sympy.ones(6, 1)) == sympy.Matrix([1, 1, h, 0, 0, 0])


def test_stacks_of_tangent_vectors(vector):
    identity = vector(np.eye(6, dtype=int).tolist())
    scaled = P.scale((2, 3, 4), identity)
    embedded = P.embed(1, P.part(1, identity), like=identity)
    assert scaled.shape == embedded.shape == (6, 6)
    assert entries(scaled).tolist() == np.diag([2, 2, 3, 4, 4, 4]).ravel().tolist()
    assert entries(embedded).tolist() == np.diag([0, 0, 1, 0, 0, 0]).ravel().tolist()


def test_embedding_beside_what_has_diverged():
    x = np.array([1.0, np.inf, 1.0, np.nan, 1.0, 1.0])
    with np.errstate(invalid="ignore"):
        embedded = P.embed(1, np.array([7.0]), like=x)
    assert embedded.tolist() == [0, 0, 7, 0, 0, 0]


def test_per_player():
    assert P.per_player(0.1, "lr") == (0.1, 0.1, 0.1)
    assert P.per_player({"one": 1, "three": 3, "two": 2}, "lr") == (2, 1, 3)
    assert P.per_player({"": 0, "one": 1}, "lr") == (0, 1, 0)
    assert P.per_player({"": 5}, "lr") == (5, 5, 5)


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ({"one": 1, "two": 2}, InputError, "lr is missing for player 'three'"),
        ({}, InputError, "lr is missing for player 'two'"),
        ({"": 1, "four": 4}, InputError, "no player 'four'"),
        ({0: 1}, InputTypeError, "keyed by player names"),
    ],
)
def test_per_player_errors(value, kind, words):
    with pytest.raises(kind, match=words):
        P.per_player(value, "lr")
