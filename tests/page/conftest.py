"""One headless Chromium for all tests of a worker, and the pages that they look at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import stability as st
from stability.page import html_page
from tests.page.circle import CIRCLE


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium driven by Selenium; tests that need it are skipped where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    names = ("chromium", "google-chrome", "chromium-browser")
    chromium = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with its chromedriver was found on the path")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=Service(driver))
    yield running
    running.quit()


@pytest.fixture
def look(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """`look(page)` opens a page on a screen of the given width; media and scripts are as usual afterwards."""

    def opened(page: str, width: int = 1280, scripts: bool = True) -> Any:
        path = tmp_path / "page.html"
        path.write_text(page, encoding="utf-8")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        browser.get_log("browser")  # what earlier pages said
        browser.get(path.as_uri())
        return browser

    yield opened
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


@pytest.fixture(scope="session")
def game() -> st.SymbolicGame:
    return st.games.dirac_gan_r1()


@pytest.fixture(scope="session")
def report(game: st.SymbolicGame) -> st.Report:
    return st.report(game)


@pytest.fixture(scope="session")
def page(game: st.SymbolicGame, report: st.Report) -> str:
    return html_page(report, game, pictures=[(CIRCLE, "A circle.", "A circle round the origin.")])
