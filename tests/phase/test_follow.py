"""Paths side by side: what is said of them is true, and every form says the same."""

import json

import numpy as np
import pytest

import stability as st
from stability.errors import InputError
from stability.phase.follow import follow

# xy: the flow circles, simultaneous steps multiply the radius by √(1 + h²)
LR, STEPS = 0.1, 50


@pytest.fixture(scope="module")
def circles():
    return follow(st.games.xy(), rules=[st.Simultaneous(LR)], starts=[(1.0, 0.0)], steps=STEPS)


def test_the_steps_and_the_flow_are_those_of_the_closed_form(circles):
    (own,) = circles.comparisons
    times = LR * np.arange(STEPS + 1)
    flow = np.stack([np.cos(times), np.sin(times)], axis=1)
    steps = (1 + 1j * LR) ** np.arange(STEPS + 1)
    np.testing.assert_allclose(own.times, times, rtol=1e-12)
    np.testing.assert_allclose(own.flow(own.times), flow, atol=1e-8)
    np.testing.assert_allclose(own.steps.points @ [1, 1j], steps, rtol=1e-12)
    expected = np.abs(steps - flow @ [1, 1j])
    np.testing.assert_allclose(own.flow_distances, expected, atol=1e-8)
    # the modified flow −ξ − (h/2) J·(−ξ) has eigenvalues h/2 ± i: radius e^{ht/2}
    np.testing.assert_allclose(
        np.linalg.norm(own.modified(own.times), axis=1), np.exp(LR * times / 2), rtol=1e-8
    )


def test_distances_are_from_the_nearest_equilibrium():
    paths = follow(st.load("fitzhugh-nagumo"), starts=[(2.0, 0.5)], time=1.0)
    node = np.array([np.sqrt(2 / 3), np.sqrt(2 / 27)])
    np.testing.assert_allclose(paths.distances(node[None] + [[0.0, 0.1]]), [0.1], rtol=1e-9)


def test_losses_along_the_paths(circles):
    points = circles.comparisons[0].steps.points
    x, y = points.T
    np.testing.assert_allclose(circles.losses(points), np.stack([x * y, -x * y], axis=1))
    assert follow(st.load("henon"), steps=5).losses(points) is None


def test_text_markdown_and_json_say_the_same(circles):
    radius = (1 + LR**2) ** (STEPS / 2)
    text = circles.to_text(80)
    assert max(map(len, text.splitlines())) <= 80
    assert f"{radius:.3g} from the nearest" in " ".join(text.split())
    assert "| 50 | 5 |" in circles.to_markdown()
    content = json.loads(circles.to_json())
    assert content["schema"] == "stability-trajectory/1"
    (own,) = content["comparisons"]
    assert own["steps"]["outcome"] == "finished"
    assert np.linalg.norm(own["steps"]["points"][-1]) == pytest.approx(radius, rel=1e-12)
    assert own["flow_distances"][-1] == pytest.approx(circles.comparisons[0].flow_distances[-1])


def test_rows_hold_every_point_of_every_path(circles):
    rows = circles.rows()
    assert {row["path"] for row in rows} == {
        "flow",
        "simultaneous",
        "modified flow of simultaneous",
    }
    last = [row for row in rows if row["path"] == "simultaneous"][-1]
    assert last["time"] == pytest.approx(LR * STEPS)
    assert last["loss of x"] == pytest.approx(last["x"] * last["y"])


def test_a_rule_with_memory_has_no_modified_flow_and_says_why():
    paths = follow(st.games.dirac_gan_r1(), rules=[st.Optimistic(0.1)], steps=10)
    assert paths.comparisons[0].modified is None
    assert "without memory" in paths.to_text()


@pytest.mark.slow
def test_steps_that_blow_up_end_where_they_do():
    paths = follow(st.games.xy(), rules=[st.Simultaneous(5.0)], steps=1000)
    own = paths.comparisons[0]
    assert own.steps.outcome is st.Outcome.BLEW_UP
    assert np.isfinite(own.steps.points).all()
    assert "it blew up" in paths.to_text()
    json.loads(paths.to_json())


def test_maps_and_flows_without_rules_are_followed_alone():
    henon = follow(st.load("henon"), steps=7)
    assert [len(path) for path in henon.alone] == [8]
    assert henon.time is None
    van_der_pol = follow(st.load("van-der-pol"), time=3.0)
    assert van_der_pol.alone[0].times[-1] == pytest.approx(3.0)
    assert van_der_pol.portrait.paths[0].times[-1] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("system", "arguments", "fragment"),
    [
        ("henon", {"time": 1.0}, "steps, not by time"),
        ("henon", {"rules": [st.Simultaneous()]}, "already discrete"),
        ("xy", {"rules": [st.BestResponse()]}, "step size"),
        ("xy", {"steps": 0}, "steps"),
        ("xy", {"time": float("nan")}, "time"),
        ("xy", {"starts": [{"q": 1.0}]}, "q"),
    ],
)
def test_bad_input_gets_one_sentence(system, arguments, fragment):
    with pytest.raises(InputError, match=fragment) as caught:
        follow(st.load(system), **arguments)
    assert "\n" not in str(caught.value)
