"""The portrait to play with, in a real browser."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy

import stability as st
from stability.page import html_page
from tests.page.browsing import P, ask, assert_quiet, keys, labelled, path, said

pytestmark = pytest.mark.xdist_group("browser")

RULES = [
    st.Simultaneous(0.1),
    st.Alternating(0.1),
    st.Extragradient(0.1),
    st.Optimistic(0.1),
    st.HeavyBall(0.1, beta=-0.4),
    st.Nesterov(0.1, beta=0.3),
    st.Heun(0.1),
    st.RK4(0.1),
]


# ---- what it computes --------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_steps_are_the_library_s(look, page, game, rule):
    browser = look(page)
    change = {"rule": rule.name, "count": 50, "start": [1.1, -0.7]}
    change |= {"beta": rule.beta} if hasattr(rule, "beta") else {}
    browser.execute_script(f"{P}.update(arguments[0])", change)
    found = np.array(ask(browser, f"{P}.found.steps"))
    flow = st.Gradient().flow(game.numeric())
    np.testing.assert_allclose(found, path(flow, rule, [1.1, -0.7], 50), rtol=0, atol=1e-9)
    assert_quiet(browser)


def test_each_player_s_own_step_size_and_turns(look, game, report):
    rule = st.Alternating({"disc": 0.2, "gen": 0.05}, steps={"disc": 3}, order=("disc", "gen"))
    browser = look(html_page(report, game, rules=[st.Proximal(0.3), rule]))
    assert ask(browser, f"{P}.state.rule") == "alternating"
    flow = st.Gradient().flow(game.numeric())
    start = ask(browser, f"{P}.state.start")
    found = np.array(ask(browser, f"{P}.found.steps"))[:51]
    np.testing.assert_allclose(found, path(flow, rule, start, 50), rtol=0, atol=1e-9)
    slider = labelled(browser, "Step size lr of disc")
    keys(browser, slider, "ARROW_RIGHT")
    gen, disc = ask(browser, f"{P}.state.lr")
    assert gen == 0.05
    assert disc > 0.2


def test_another_field(look, game, report):
    field = st.Consensus(0.5)
    own = st.report(game, fields=[field])
    browser = look(html_page(own, game, field=field))
    flow = field.flow(game.numeric())
    found = np.array(ask(browser, f"{P}.found.steps"))[:51]
    expected = path(flow, st.Simultaneous(0.1), ask(browser, f"{P}.state.start"), 50)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    assert "consensus:gamma=0.5" in browser.find_element("css selector", "main").text


def test_the_flow_is_followed_exactly(look):
    browser = look(html_page(st.report(st.games.xy()), st.games.xy()))
    browser.execute_script(f"{P}.update({{start: [1, 0.5], count: 200}})")
    points = np.array(ask(browser, f"{P}.found.flow.points"))
    times = np.array(ask(browser, f"{P}.found.flow.times"))
    # ẋ = −y, ẏ = x turns by the angle t; tolerance 1e-9 on each of some 400 steps
    exact = np.stack(
        [np.cos(times) - 0.5 * np.sin(times), np.sin(times) + 0.5 * np.cos(times)], axis=1
    )
    assert times[-1] == 20
    np.testing.assert_allclose(points, exact, atol=1e-6)


def test_iterates_of_a_map(look):
    henon = st.games.henon()
    browser = look(html_page(st.report(henon), henon))
    found = np.array(ask(browser, f"{P}.found.steps"))[:31]
    x, y = found[0]
    for point in found[1:]:  # 30 steps only: the map is chaotic and loses a digit every five or so
        x, y = 1 - 1.4 * x**2 + y, 0.3 * x
        np.testing.assert_allclose(point, [x, y], atol=1e-9)
    assert not browser.find_elements("css selector", "select")
    assert_quiet(browser)


def test_equilibria_are_followed_when_parameters_move(look):
    henon = st.games.henon()
    browser = look(html_page(st.report(henon), henon))
    assert ask(browser, f"{P}.found.equilibria.map((e) => e.kind)") == ["unstable", "unstable"]
    keys(browser, labelled(browser, "a"), "ARROW_LEFT")
    (a, b) = ask(browser, f"{P}.state.parameters")
    assert a < 1.4
    roots = sorted(np.roots([a, 1 - b, -1]))
    found = ask(browser, f"{P}.found.equilibria")
    assert {own["kind"] for own in found} == {"moved"}
    np.testing.assert_allclose([own["point"][0] for own in found], roots, atol=1e-9)
    assert said(browser, "no longer those of the report")


def test_three_variables(look):
    lorenz = st.games.lorenz()
    browser = look(html_page(st.report(lorenz), lorenz))
    assert ask(browser, f"{P}.state.steps") is False  # a flow without rules is no algorithm
    from selenium.webdriver.support.ui import Select

    Select(labelled(browser, "Up")).select_by_visible_text("z")
    assert ask(browser, f"{P}.state.axes") == [0, 2]
    before = ask(browser, f"{P}.state.start")
    keys(browser, browser.find_element("class name", "handle"), "ARROW_UP", "ARROW_UP")
    after = ask(browser, f"{P}.state.start")
    assert after[:2] == before[:2]
    assert after[2] > before[2]
    Select(labelled(browser, "Across")).select_by_visible_text("z")  # the axes change places
    assert ask(browser, f"{P}.state.axes") == [2, 0]
    assert_quiet(browser)


def test_hostile_names_do_nothing(look):
    names = ("</script><img src=x onerror=alert(1)>", "__proto__", "constructor")
    x, y, p = map(sympy.Symbol, names)
    game = st.SymbolicGame(
        {"<b>": ([x], x * y + p * x**2), "toString": ([y], -x * y)},
        parameters={p: 0.3},
        name=names[0],
    )
    browser = look(html_page(st.report(game), game))
    assert_quiet(browser)
    assert ask(browser, "document.querySelectorAll('img, b').length") == 0
    assert names[0] in browser.find_element("tag name", "h1").text
    flow = st.Gradient().flow(game.numeric())
    found = np.array(ask(browser, f"{P}.found.steps"))[:51]
    expected = path(flow, st.Simultaneous(0.1), ask(browser, f"{P}.state.start"), 50)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_data_can_be_read(look, page, report):
    browser = look(page)
    text = ask(browser, "document.getElementById('report-data').textContent")
    assert json.loads(text) == json.loads(report.to_json())


def test_a_point_where_the_field_has_no_derivative_is_marked_as_it_is_judged(look):
    game = st.games.dirac_gan_wgan_gp()
    report = st.report(game, at={"theta": 0, "psi": 0})
    browser = look(html_page(report, game))
    assert ask(browser, f"{P}.found.equilibria.map((e) => e.kind)") == ["unstable"]
    assert_quiet(browser)


def test_points_where_the_shown_field_does_not_rest_are_not_marked(look, game, report):
    (e,) = report.equilibria
    moved = replace(e, flows=tuple(replace(own, stationary=False) for own in e.flows))
    browser = look(html_page(replace(report, equilibria=(moved,)), game))
    assert ask(browser, f"{P}.found.equilibria") == []
