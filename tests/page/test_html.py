"""The page as text: whole, well-formed, self-contained, accessible, and closed to what users write."""

from __future__ import annotations

import json
import re
from importlib import resources
from itertools import pairwise

import pytest
import sympy

import stability as st
from stability.documents.blocks import Bullets, Table
from stability.page import html_page
from tests.page.outline import Outline
from tests.reports.samples import SAMPLES

HOSTILE = "</script><img src=x onerror=alert(1)>"
LOADING = {"src", "href", "xlink:href", "data", "action", "poster", "srcset", "formaction"}


@pytest.fixture(params=sorted(SAMPLES))
def sample(request) -> st.Report:
    return SAMPLES[request.param]()


def test_everything_the_report_says_is_there(sample):
    # the words of the Markdown form, which is tested on its own, read from the other one's cells
    outline = Outline(html_page(sample))
    words = [own.text for own in outline.all("h1", "h2", "h3", "p", "li", "th", "td")]
    for block in sample.blocks():
        for text in _texts(block):
            assert text in words


def _texts(block):
    match block:
        case Table(columns, rows):
            yield from columns
            for row in rows:
                yield from (*row.cells, *row.notes)
        case Bullets(items):
            yield from items
        case _:
            yield block.text


def test_structure(sample):
    outline = Outline(html_page(sample))
    (html,) = outline.all("html")
    assert html.attributes["lang"] == "en"
    (title,) = outline.all("title")
    (h1,) = outline.all("h1")
    assert title.text == h1.text
    levels = [int(own.tag[1]) for own in outline.all("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(outline.all("main")) == len(outline.all("nav")) == 1


def test_references_and_ids(page):
    outline = Outline(page)
    ids = [own.attributes["id"] for own in outline.elements if "id" in own.attributes]
    assert len(ids) == len(set(ids))
    wanted = [own.attributes["href"] for own in outline.all("a")]
    assert wanted[0] == "#main"  # the skip link comes first
    wanted += [
        "#" + own.attributes["aria-labelledby"]
        for own in outline.elements
        if "aria-labelledby" in own.attributes
    ]
    assert {target.removeprefix("#") for target in wanted} <= set(ids)


def test_tables_have_captions_and_headers(sample):
    outline = Outline(html_page(sample))
    for table in outline.all("table"):
        caption, head, *bodies = table.children
        assert caption.tag == "caption"
        assert caption.text
        columns = head.children[0].children
        assert {own.attributes["scope"] for own in columns} == {"col"}
        for body in bodies:
            cells, *notes = body.children
            assert [own.tag for own in cells.children] == ["th"] + ["td"] * (len(columns) - 1)
            assert cells.children[0].attributes["scope"] == "row"
            for note in notes:
                (cell,) = note.children
                assert cell.attributes["colspan"] == str(len(columns))


def test_contents_lead_to_the_sections(page):
    outline = Outline(page)
    links = [own for own in outline.all("a") if own.attributes["href"] != "#main"]
    titles = [own.text for own in outline.all("h2")]
    assert [own.text for own in links] == titles
    assert [own.attributes["href"][1:] for own in links] == [
        own.attributes["id"] for own in outline.all("h2")
    ]


def test_nothing_is_loaded(page):
    outline = Outline(page)
    for element in outline.elements:
        for name in LOADING & set(element.attributes):
            assert element.attributes[name].startswith(("#", "data:image/"))
    assert not re.search(r"@import|url\((?!#)", page)
    assert not outline.all("link", "iframe", "object", "embed", "base")
    (policy,) = (
        own.attributes["content"]
        for own in outline.all("meta")
        if own.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in re.search(r"script-src ([^;]*);", policy)[1]


def test_the_data_are_the_report(report, page):
    (data,) = (
        own for own in Outline(page).all("script") if own.attributes.get("id") == "report-data"
    )
    assert json.loads(data.text) == json.loads(report.to_json())


def hostile() -> st.SymbolicGame:
    x, y, p = (sympy.Symbol(name) for name in (HOSTILE, "class", "<b>&amp;"))
    return st.SymbolicGame(
        {"<i>one</i>": ([x], x * y + p * x**2), '"two"': ([y], -x * y)},
        parameters={p: 0.3},
        name=HOSTILE,
    )


def test_what_users_write_is_no_markup():
    game = hostile()
    outline = Outline(html_page(st.report(game), game))
    assert not outline.all("img", "b", "i")
    assert HOSTILE in outline.all("h1")[0].text
    for script in outline.all("script"):
        if script.attributes.get("type") == "application/json":
            json.loads(script.text)
    system = json.loads(next(s for s in outline.all("script") if s.attributes).text)
    assert system["name"] == HOSTILE


def test_pages_without_a_portrait_say_why():
    for system, reason in (
        (st.games.logistic(), "this map has one"),
        (st.Flow(lambda z: -z, variables=["x", "y"]), "given by a function"),
    ):
        page = html_page(st.report(system), system)
        assert reason in Outline(page).all("section")[0].text
        assert "script-src 'none'" in page


def test_the_page_of_another_system_is_refused(report):
    with pytest.raises(st.InputError, match="not of this map in x, y"):
        html_page(report, st.games.henon())


def test_pages_are_the_same_every_time(report, game, page):
    assert html_page(report, game) == html_page(report, game)


# ---- contrast ---------------------------------------------------------------------------------


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _colours() -> list[dict[str, str]]:
    sheet = resources.files("stability.page").joinpath("page.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in blocks]


def test_contrast_formula():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(
        4.48, abs=0.01
    )  # the textbook's near miss


@pytest.mark.parametrize("scheme", _colours(), ids=["light", "dark", "print"])
def test_contrast(scheme):
    assert len(scheme) == 9
    for text in ("ink", "quiet", "link", "good", "bad"):
        assert contrast(scheme[text], scheme["paper"]) >= 4.5
    assert contrast(scheme["ink"], scheme["card"]) >= 4.5
    assert contrast(scheme["edge"], scheme["paper"]) >= 3  # borders of controls


def test_contrast_of_the_portrait():
    source = resources.files("stability.page").joinpath("drawing.js").read_text("utf-8")
    colours = dict(re.findall(r'(\w+): "(#[0-9a-f]{6})"', source))
    paper = colours.pop("paper")
    assert len(colours) == 8
    for colour in colours.values():
        assert contrast(colour, paper) >= 3
    assert contrast(colours["ink"], paper) >= 4.5
