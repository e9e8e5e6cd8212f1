"""The portrait to play with in people's hands: mouse, keys, screens, paper, and no scripts at all."""

from __future__ import annotations

import base64
import time

import numpy as np
import pytest

from stability.page import html_page
from tests.page.browsing import P, ask, assert_quiet, keys, labelled, said
from tests.reports.samples import SAMPLES

pytestmark = pytest.mark.xdist_group("browser")

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
    ActionChains(browser, duration=50).move_by_offset(8, 8).perform()  # still over it
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


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("Step size lr, exact value", "-1", "a positive number"),
        ("Number of steps, exact value", "0", "at least 1"),
        ("Step size lr, exact value", "", "a number"),
        ("gamma, exact value", "1e999", "a number"),
        ("Number of steps, exact value", "2.5", "a whole number"),
        ("Number of steps, exact value", "1000000", "at most 20000"),
        ("psi", "e", "a number"),
    ],
)
def test_numbers_that_cannot_be_used_are_said_beside_their_field(look, page, name, given, why):
    browser = look(page)
    before = ask(browser, f"{P}.state")
    if name == "psi":
        field = labelled(browser, name)
    else:
        field = browser.find_element("css selector", f"[aria-label='{name}']")
    field.clear()
    field.send_keys(given, "\n")
    browser.execute_script("arguments[0].dispatchEvent(new Event('change'))", field)
    assert ask(browser, f"{P}.state") == before
    assert field.get_attribute("aria-invalid") == "true"
    note = browser.find_element("id", field.get_attribute("aria-describedby"))
    assert note.is_displayed()
    assert why in note.text
    field.clear()
    field.send_keys("1\n")
    assert field.get_attribute("aria-invalid") == "false"
    assert not note.is_displayed()
    assert ask(browser, f"{P}.state") != before or name == "psi"  # where psi begins
    browser.find_element("xpath", "//button[.='Reset']").click()
    assert ask(browser, f"{P}.state") == before


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
    words = said(browser, "leave all bounds after")
    taken = len(ask(browser, f"{P}.found.steps"))
    assert f"after {taken}." in words


def test_play(look, page):
    browser = look(page)
    browser.execute_script(f"{P}.update({{count: 5000}})")  # plays far longer than a click takes
    button = browser.find_element("xpath", "//button[.='Play']")
    button.click()
    assert ask(browser, f"{P}.playing") is True
    assert button.text == "Stop"
    button.click()
    assert ask(browser, f"{P}.playing") is False
    browser.execute_script(f"{P}.update({{count: 20}})")
    button.click()
    deadline = time.monotonic() + 20
    while ask(browser, f"{P}.playing") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert button.text == "Play"


# ---- for everyone, everywhere ----------------------------------------------------------------------


def test_every_control_has_a_name(look, page):
    browser = look(page)
    for control in browser.find_elements("css selector", "input, select, button, [role=slider]"):
        assert control.accessible_name or not control.is_displayed()
    canvas = browser.find_element("css selector", ".stage canvas")
    assert canvas.get_attribute("role") == "img"
    words = said(browser)
    assert words.split("\n")[0] in canvas.accessible_name.replace("\xa0", " ")
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


@pytest.mark.parametrize("name", ["nine", "sixty", "henon", "dirac_gan_r1"])
@pytest.mark.parametrize(
    "width", [320, 690, 1090]
)  # the narrowest, and just above each layout's limit
def test_no_table_is_wider_than_its_screen(look, name, width):
    browser = look(html_page(SAMPLES[name]()), width=width)
    wide = ask(
        browser, "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0


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


def test_parts_that_fold_are_opened_by_links_to_them(look):
    browser = look(html_page(SAMPLES["nine"]()))
    parts = browser.find_elements("css selector", "details")
    assert len(parts) == 9
    assert not any(part.get_attribute("open") for part in parts)
    browser.find_element("link text", "3").click()
    assert [bool(part.get_attribute("open")) for part in parts] == [i == 2 for i in range(9)]
    assert_quiet(browser)
