"""A phase portrait holds what a lecturer would draw, and its paths are those of the library."""

import json

import numpy as np
import pytest
import sympy

import stability as st
from stability.errors import InputError
from stability.phase.data import portrait_to_dict
from stability.phase.portray import phase_portrait


def fitzhugh_nagumo():
    return phase_portrait(st.load("fitzhugh-nagumo"))


@pytest.fixture(scope="module")
def bistable():
    return fitzhugh_nagumo()


def test_equilibria_have_their_types(bistable):
    types = {spot.label: (spot.type, spot.stability) for spot in bistable.spots}
    assert types == {
        "(−0.8165, −0.2722)": ("stable node", "exponentially stable"),
        "(0, 0)": ("saddle with 1 unstable direction", "unstable"),
        "(0.8165, 0.2722)": ("stable node", "exponentially stable"),
    }


def test_the_saddle_has_four_separatrices_and_the_unstable_ones_end_at_the_nodes(bistable):
    kinds = [own.kind for own in bistable.separatrices]
    assert sorted(kinds) == ["stable", "stable", "unstable", "unstable"]
    ends = [own.points[-1] for own in bistable.separatrices if own.kind == "unstable"]
    node = np.array([np.sqrt(2 / 3), np.sqrt(2 / 27)])
    # the paths end where their speed has fallen to a small part, not at the node itself
    assert sorted(np.sign(end[0]) for end in ends) == [-1, 1]
    np.testing.assert_allclose([np.sign(end[0]) * end for end in ends], [node, node], atol=1e-3)


def test_the_grid_is_the_field(bistable):
    u, w, velocity = bistable.grid
    expected = 10 * (u[7] - u[7] ** 3 - w[3]), -3 * w[3] + u[7]
    np.testing.assert_allclose(velocity[3, 7], expected, rtol=1e-12)


def test_it_is_data_without_nan(bistable):
    content = json.loads(json.dumps(portrait_to_dict(bistable), allow_nan=False))
    assert content["schema"] == "stability-portrait/1"
    assert [len(own["curves"]) for own in content["nullclines"]] == [1, 1]
    assert len(content["equilibria"]) == 3


def test_a_game_has_the_steps_of_its_algorithm_beside_the_flow():
    portrait = phase_portrait(st.games.dirac_gan_r1(), rules=[st.Alternating(lr=0.2)], steps=30)
    (steps,), (flow,) = portrait.steps, portrait.paths
    assert steps.rule == "alternating, lr=0.2"
    assert len(steps.path) == 31
    assert steps.half is not None
    assert len(steps.half) == 61
    assert flow.times[-1] == pytest.approx(6.0)  # as long as thirty steps of 0.2
    # every move changes one player's strategy
    moves = np.diff(steps.half.points, axis=0)
    assert np.abs(moves[0::2, 1]).max() == 0
    assert np.abs(moves[1::2, 0]).max() == 0


def test_steps_that_settle_on_a_cycle_have_it_and_the_flow_has_none():
    h = 0.2
    portrait = phase_portrait(st.load("dirac-gan-nonsaturating"), rules=[st.Simultaneous(lr=h)])
    (cycle,) = portrait.steps[0].cycles
    assert portrait.cycles == ()
    radii = np.linalg.norm(cycle.points, axis=1)
    assert radii.mean() == pytest.approx(np.sqrt(2 * h), rel=0.02)  # to first order in h


def test_fields_other_than_the_gradient():
    game = st.games.xy()
    portrait = phase_portrait(game, field=st.Consensus(gamma=0.5), rules=[])
    u, w, velocity = portrait.grid
    # xy: v = (−y, x), J = [[0, −1], [1, 0]], v − γJᵀv = (−y − γx, x − γy)
    expected = -w[5] - 0.5 * u[9], u[9] - 0.5 * w[5]
    np.testing.assert_allclose(velocity[5, 9], expected, atol=1e-12)
    assert portrait.spots[0].type == "stable focus"
    assert portrait.steps == ()


def test_a_larger_game_is_drawn_in_a_plane():
    game = st.load("balduzzi-four")
    names = phase_portrait(game, span=["w1", "w3"] if "w1" in map(str, game.variables) else
                           [str(v) for v in game.variables[:3:2]], rules=[], curves=False)  # fmt: skip
    assert not names.plane.whole
    assert names.remarks
    leading = phase_portrait(game, rules=[], curves=False)
    assert len(leading.spots) == 1
    np.testing.assert_allclose(leading.plane.axes.T @ leading.plane.axes, np.eye(2), atol=1e-12)
    # the leading plane of a normal matrix is invariant: the field at a point of it stays in it
    point = leading.plane.points(np.array([0.3, 0.7]))
    velocity = st.Gradient().flow(game.numeric()).values(point[None])[0]
    assert leading.plane.distances(leading.plane.origin + velocity) < 1e-12


def test_systems_of_one_variable_have_a_graph():
    x, r = sympy.symbols("x r")
    flow = phase_portrait(st.SymbolicFlow({x: r * x - x**3}, parameters={r: 1}, box={"x": (-2, 2)}))
    assert flow.plane is None
    np.testing.assert_allclose(flow.graph[1], flow.graph[0] - flow.graph[0] ** 3, atol=1e-12)
    assert [spot.stability for spot in flow.spots] == [
        "exponentially stable", "unstable", "exponentially stable",
    ]  # fmt: skip
    logistic = phase_portrait(st.load("logistic"), steps=20)
    assert logistic.kind == "map"
    assert len(logistic.paths[0]) == 21


def test_basins_of_the_flow_and_of_the_steps():
    game = st.load("fitzhugh-nagumo")
    flow = phase_portrait(game, basins="flow", curves=False)
    assert set(np.unique(flow.basins.labels)) == {0, 1}
    far = phase_portrait(
        game, rules=[st.Simultaneous(lr=0.3)], basins="steps", curves=False, steps=5
    )
    assert (far.basins.labels != flow.basins.labels).any()  # steps of 0.3 are unstable at the nodes


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ({"starts": [{"x": 1.0}]}, "says nothing of y"),
        ({"starts": [(1.0, float("nan"))]}, "not finite"),
        ({"starts": []}, "at least one"),
        ({"steps": 0}, "steps"),
        ({"time": -1.0}, "time"),
        ({"basins": "steps", "rules": []}, "need a rule"),
        ({"box": {"q": (0, 1)}}, "q"),
    ],
)
def test_bad_input_gets_one_sentence(arguments, fragment):
    with pytest.raises(InputError, match=fragment) as caught:
        phase_portrait(st.games.xy(), **arguments)
    assert "\n" not in str(caught.value)
