"""Rest points on the players' sets: faces, multipliers, planted solutions, spheres."""

import numpy as np
import pytest
import sympy

import stability as st
from stability.analysis.search_on_sets import problem_of
from stability.analysis.study import study
from stability.equilibria.faces import Face, face_at, faces, number_of_faces
from stability.equilibria.variational import bounded_at, find_bounded

q1, q2 = sympy.symbols("q1 q2", real=True)


def cournot(cost=8):
    price = 10 - q1 - q2
    return st.SymbolicGame(
        {"one": ([q1], -q1 * price), "two": ([q2], -q2 * price + cost * q2)},
        sets={"one": st.Bounds(0, None), "two": st.Bounds(0, None)},
    )


def found(game, **options):
    own = study(game)
    return find_bounded(problem_of(own, own.flows[0]), **options)


def test_cournot_has_one_rest_point_with_a_firm_that_stays_out():
    (point,) = found(cournot()).found
    assert point.exact == (5, 0)
    assert point.limits[1].multiplier == 3.0
    assert point.limits[1].strict == "yes"
    assert point.residual == 0.0
    assert found(cournot()).exhaustive


def test_at_the_cost_where_the_firm_is_indifferent_complementarity_is_not_strict():
    (point,) = found(cournot(5)).found
    assert point.exact == (5, 0)
    assert point.limits[1].strict == "no"
    assert point.weak == (1,)


def test_every_face_is_there_once():
    game = st.SymbolicGame(
        {"a": ([q1, q2], q1 * q2)}, sets={"a": [st.Bounds(0, 1, of="q1"), st.Bounds(0, of="q2")]}
    )
    sets = game.numeric().sets
    every = list(faces(sets, game.sets))
    assert len(every) == len({face.held for face in every}) == number_of_faces(sets) == 6


def test_a_face_of_a_simplex_and_back():
    a = sympy.symbols("a:3", real=True)
    game = st.SymbolicGame({"p": (a, a[0] * a[1])}, sets={"p": st.Simplex()})
    face = Face(game.numeric().sets, game.sets, ((1, "zero"),))
    np.testing.assert_allclose(face.lift(np.array([0.3])), [0.3, 0.0, 0.7])
    assert face.lift_exactly([a[0]]) == (a[0], 0, 1 - a[0])
    # the tangent part of a velocity is what is left after the mean of those that are played
    assert face.inverse @ np.array([2.0, 5.0, 1.0]) == pytest.approx(0.5)
    v = list(map(sympy.Integer, (2, 5, 1)))
    assert face.velocity(v) == (sympy.Rational(1, 2),)
    assert face.push([2, 0, 1]) == {1: 1.5}
    assert face_at(game.numeric().sets, None, np.array([0.3, 0.0, 0.7])).held == face.held


def planted(seed, sets, low=-1.0):
    """A quadratic game with a strictly complementary rest point on its sets, and that point."""
    rng = np.random.default_rng(seed)
    x = sympy.symbols("x:4", real=True)
    at = [sympy.Rational(0), sympy.Rational(1, 3), sympy.Rational(3, 5), sympy.Rational(4, 5)]
    if sets == "simplices":
        at = [sympy.Rational(1), sympy.Rational(0), sympy.Rational(1, 3), sympy.Rational(2, 3)]
        push = [1, -2, 0, 0]
        own = {"a": st.Simplex(), "b": st.Simplex()}
    elif sets == "ball":
        push = [-1, 0, sympy.Rational(6, 5), sympy.Rational(8, 5)]
        own = {"a": st.Bounds(0, 1), "b": st.Ball(1)}
    else:
        push = [-1, 0, 0, 0]
        own = {"a": st.Bounds(0, 1), "b": st.Bounds(0, 1)}
    matrix = sympy.Matrix(4, 4, [sympy.Rational(int(n), 4) for n in rng.integers(-4, 5, 16)])
    matrix = matrix - 3 * sympy.eye(4)
    moved = sympy.Matrix([v - c for v, c in zip(x, at, strict=True)])
    losses = []
    for part in (slice(0, 2), slice(2, 4)):
        block = matrix[part, part]
        block = (block + block.T) / 2
        rest = [k for k in range(4) if not part.start <= k < part.stop]
        linear = sympy.Matrix(push[part]) + matrix.extract(list(range(4))[part], rest) * (
            moved.extract(rest, [0])
        )
        own_moved = moved[part, :]
        losses.append(-(linear.dot(own_moved) + (own_moved.T * block * own_moved)[0] / 2))
    game = st.SymbolicGame({"a": (x[:2], losses[0]), "b": (x[2:], losses[1])}, sets=own)
    return game, np.array([float(c) for c in at])


@pytest.mark.parametrize("sets", ["box", "simplices", "ball"])
@pytest.mark.parametrize("seed", range(2))
def test_planted_points_are_found_with_their_pushes(sets, seed):
    game, at = planted(seed, sets)
    points = found(game).found
    (own,) = [p for p in points if np.abs(p.x - at).max() < 1e-9]
    assert all(limit.strict == "yes" for limit in own.limits.values())
    pushes = sorted(limit.multiplier for limit in own.limits.values())
    expected = {"box": [1.0], "simplices": [3.0], "ball": [1.0, 2.0]}[sets]
    np.testing.assert_allclose(pushes, expected, atol=1e-9)
    problem = problem_of(study(game), study(game).flows[0])
    again = bounded_at(problem, at, None)
    assert again is not None
    assert again.face.held == own.face.held
    assert again.face.spheres == own.face.spheres


def test_points_that_push_inwards_do_not_rest():
    problem = problem_of(study(cournot(2)), study(cournot(2)).flows[0])
    assert bounded_at(problem, np.array([5.0, 0.0]), None) is None


def test_too_many_faces_are_searched_by_projected_newton_steps():
    x = sympy.symbols("x:6", real=True)
    target = [2, -1, sympy.Rational(1, 2), 3, -2, sympy.Rational(1, 4)]
    loss = sum((v - c) ** 2 for v, c in zip(x, target, strict=True)) + x[0] * x[1] / 10
    game = st.SymbolicGame({"a": (x, loss + x[2] ** 4)}, sets={"a": st.Bounds(0, 1)})
    search = found(game, starts=8)
    assert not search.exhaustive
    assert "729 faces" in search.warnings[0]
    (point,) = search.found
    third = point.x[2]
    assert 2 * (third - 0.5) + 4 * third**3 == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(np.delete(point.x, 2), [1, 0, 1, 0, 0.25])
