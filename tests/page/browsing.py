"""What the tests of the portrait share: asking its script, pressing keys, finding controls."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

import stability as st

P = "window.stabilityPortrait"


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


def said(browser: Any, words: str = "") -> str:
    """What the readout says, a moment after the last move, as soon as it holds these words."""
    from selenium.webdriver.support.ui import WebDriverWait

    readout = browser.find_element("class name", "readout")
    WebDriverWait(browser, 20).until(lambda _: readout.text and words in readout.text)
    return readout.text


def labelled(browser: Any, text: str) -> Any:
    """The control that a label belongs to."""
    (label,) = (
        own for own in browser.find_elements("css selector", "label") if own.text.strip() == text
    )
    return browser.find_element("id", label.get_attribute("for"))
