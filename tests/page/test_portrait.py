"""The portrait to play with, in a real browser."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest
import sympy

import stability as st
from stability.page import html_page

pytestmark = pytest.mark.xdist_group("browser")

P = "window.stabilityPortrait"
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


def ask(browser: Any, expression: str, *arguments: Any) -> Any:
    return browser.execute_script(f"return {expression}", *arguments)


def path(flow: Any, rule: st.Rule, start: Any, steps: int) -> np.ndarray:
    """The library's own steps, shape (steps + 1, d)."""
    with jax.enable_x64(True):
        step = rule.map(flow)
        x = jax.numpy.concatenate(rule.init(flow, jax.numpy.asarray(start, float)))
        points = [x]
        for _ in range(steps):
            points.append(step(points[-1]))
        return np.array(points)[:, : flow.dimension]


def assert_quiet(browser: Any) -> None:
    """No errors on the console, and nothing was asked of a network or of other files."""
    assert [own["message"] for own in browser.get_log("browser")] == []
    assert ask(browser, "performance.getEntriesByType('resource').map((own) => own.name)") == []


def keys(browser: Any, element: Any, *names: str) -> None:
    from selenium.webdriver.common.keys import Keys

    element.send_keys(*(getattr(Keys, name) for name in names))


def labelled(browser: Any, text: str) -> Any:
    """The control that a label belongs to."""
    (label,) = (
        own for own in browser.find_elements("css selector", "label") if own.text.strip() == text
    )
    return browser.find_element("id", label.get_attribute("for"))


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
    time.sleep(0.3)
    assert "no longer those of the report" in browser.find_element("class name", "readout").text


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


# ---- hands and keys ------------------------------------------------------------------------------


def test_the_start_is_dragged(look, page):
    from selenium.webdriver.common.action_chains import ActionChains

    browser = look(page)
    before = ask(browser, f"[{P}.state.start, {P}.found.steps]")
    handle = browser.find_element("class name", "handle")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", handle)
    actions = ActionChains(browser, duration=50)
    actions.click_and_hold(handle).move_by_offset(-60, 40).move_by_offset(-40, 20).release()
    actions.perform()
    start = ask(browser, f"{P}.state.start")
    # the plane's unit is (width − margins)/4 pixels for a box from −2 to 2
    width = browser.find_element("css selector", ".stage canvas").rect["width"]
    unit = (width - 2 - 52 - 12) / 4
    np.testing.assert_allclose(start, [1 - 100 / unit, 1 - 60 / unit], atol=2 / unit)
    steps = ask(browser, f"{P}.found.steps")
    assert steps[0] == start
    assert steps != before[1]
    # and it stays where it was let go
    ActionChains(browser, duration=50).move_by_offset(50, 50).perform()
    assert ask(browser, f"{P}.state.start") == start
    assert_quiet(browser)


def test_a_click_moves_the_start(look, page):
    from selenium.webdriver.common.action_chains import ActionChains

    browser = look(page)
    canvas = browser.find_element("css selector", ".stage canvas")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    ActionChains(browser).move_to_element_with_offset(canvas, -80, 30).click().perform()
    x, y = ask(browser, f"{P}.state.start")
    assert x < -0.2
    assert y < 0


def test_the_start_by_keyboard(look, page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser = look(page)
    handle = browser.find_element("class name", "handle")
    keys(browser, handle, "ARROW_LEFT", "ARROW_UP")
    assert ask(browser, f"{P}.state.start") == [0.96, 1.04]
    held = ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.ARROW_DOWN)
    held.key_up(Keys.SHIFT).perform()
    assert ask(browser, f"{P}.state.start") == [0.96, 0.64]
    assert handle.get_attribute("aria-valuetext") == "theta = 0.96, psi = 0.64"
    for _ in range(60):
        handle.send_keys(Keys.ARROW_RIGHT)
    assert ask(browser, f"{P}.state.start")[0] == 2  # not out of the picture


def test_the_start_by_numbers(look, page):
    browser = look(page)
    field = labelled(browser, "psi")
    field.clear()
    field.send_keys("0.123456789\n")
    assert ask(browser, f"{P}.state.start") == [1, 0.123456789]
    assert field.get_attribute("value") == "0.123457"


def test_step_size_rule_and_reset(look, page):
    from selenium.webdriver.support.ui import Select

    browser = look(page)
    first = ask(browser, f"{P}.found.steps")
    slider = labelled(browser, "Step size lr")
    keys(browser, slider, "ARROW_RIGHT")
    lr = ask(browser, f"{P}.state.lr")
    assert lr[0] == lr[1] > 0.1
    assert slider.get_attribute("aria-valuetext") == f"{lr[0]:.4g}"
    Select(labelled(browser, "Rule")).select_by_value("heavy-ball")
    assert ask(browser, f"{P}.state.rule") == "heavy-ball"
    assert labelled(browser, "Momentum beta").is_displayed()
    assert ask(browser, f"{P}.found.steps") != first
    browser.find_element("xpath", "//button[.='Reset']").click()
    assert ask(browser, f"{P}.found.steps") == first
    assert Select(labelled(browser, "Rule")).first_selected_option.text == "simultaneous"
    assert_quiet(browser)


def test_momentum_is_asked_for_only_where_it_acts(look, page):
    browser = look(page)
    (row,) = (
        own.find_element("xpath", "..")
        for own in browser.find_elements("css selector", ".slider label")
        if own.get_attribute("textContent") == "Momentum beta"
    )
    assert not row.is_displayed()
    browser.execute_script(f"{P}.update({{rule: 'nesterov'}})")
    assert row.is_displayed()


def test_steps_that_diverge_are_said_to(look, page):
    browser = look(page)
    browser.execute_script(f"{P}.update({{lr: [4, 4], count: 3000}})")
    time.sleep(0.3)
    said = browser.find_element("class name", "readout").text
    assert "leave all bounds after" in said
    taken = len(ask(browser, f"{P}.found.steps"))
    assert f"after {taken}." in said


def test_play(look, page):
    browser = look(page)
    browser.execute_script(f"{P}.update({{count: 20}})")
    button = browser.find_element("xpath", "//button[.='Play']")
    button.click()
    assert ask(browser, f"{P}.playing") is True
    assert button.text == "Stop"
    deadline = time.monotonic() + 10
    while ask(browser, f"{P}.playing") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert button.text == "Play"
    button.click()
    browser.find_element("xpath", "//button[.='Stop']").click()
    assert ask(browser, f"{P}.playing") is False


# ---- for everyone, everywhere ----------------------------------------------------------------------


def test_every_control_has_a_name(look, page):
    browser = look(page)
    for control in browser.find_elements("css selector", "input, select, button, [role=slider]"):
        assert control.accessible_name or not control.is_displayed()
    canvas = browser.find_element("css selector", ".stage canvas")
    assert canvas.get_attribute("role") == "img"
    time.sleep(0.3)
    said = browser.find_element("class name", "readout").text
    assert said.split("\n")[0] in canvas.accessible_name.replace("\xa0", " ")
    before = canvas.accessible_name
    browser.execute_script(f"{P}.update({{start: [0.2, 0.2]}})")
    assert canvas.accessible_name != before


def test_focus_is_seen_and_the_skip_link_works(look, page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser = look(page)
    ActionChains(browser).send_keys(Keys.TAB).perform()
    link = browser.switch_to.active_element
    assert link.get_attribute("class") == "skip"
    assert link.rect["x"] >= 0
    assert link.value_of_css_property("outline-style") == "solid"
    link.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "main"


@pytest.mark.parametrize("width", [320, 400, 768, 1280])
def test_no_page_is_wider_than_its_screen(look, page, width):
    browser = look(page, width=width)
    wide = ask(
        browser, "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0
    assert browser.find_element("css selector", ".stage canvas").rect["width"] > 0.6 * min(
        width, 560
    )


def test_without_javascript(look, page):
    browser = look(page, scripts=False)
    text = browser.find_element("css selector", "main").text
    assert "drawn by JavaScript" in text
    assert "How this was found" in text
    assert browser.find_element("css selector", "figure svg").is_displayed()
    assert not browser.find_elements("css selector", ".panel")


def test_dark_scheme(look, page):
    browser = look(page)
    light = browser.find_element("tag name", "body").value_of_css_property("background-color")
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    dark = browser.find_element("tag name", "body").value_of_css_property("background-color")
    assert light == "rgba(255, 255, 255, 1)"
    assert dark == "rgba(20, 23, 27, 1)"
    picture = browser.find_element("css selector", "figure svg")
    assert picture.value_of_css_property("background-color") == light  # a light card


def test_print(look, page):
    browser = look(page)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not browser.find_element("css selector", ".panel").is_displayed()
    assert not browser.find_element("css selector", "nav").is_displayed()
    assert browser.find_element("css selector", ".stage canvas").is_displayed()
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")


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


def test_a_point_where_the_field_has_no_derivative_is_marked_so(look):
    game = st.games.dirac_gan_wgan_gp()
    report = st.report(game, at={"theta": 0, "psi": 0})
    browser = look(html_page(report, game))
    assert ask(browser, f"{P}.found.equilibria.map((e) => e.kind)") == ["undecided"]
    assert_quiet(browser)


def test_points_where_the_shown_field_does_not_rest_are_not_marked(look, game, report):
    (e,) = report.equilibria
    moved = replace(e, flows=tuple(replace(own, stationary=False) for own in e.flows))
    browser = look(html_page(replace(report, equilibria=(moved,)), game))
    assert ask(browser, f"{P}.found.equilibria") == []
