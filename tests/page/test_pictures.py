"""SVG files inside a page."""

from __future__ import annotations

import pytest

import stability as st
from stability.page.pictures import figure
from tests.page.circle import CIRCLE
from tests.page.outline import Outline


def test_two_pictures_do_not_clash():
    both = Outline(figure(CIRCLE, "", "one", 1) + figure(CIRCLE, "", "two", 2))
    ids = [own.attributes["id"] for own in both.elements if "id" in own.attributes]
    assert len(ids) == len(set(ids)) == 8
    groups = [own.attributes["clip-path"] for own in both.all("g")]
    assert groups == ["url(#picture-1-frame)", "url(#picture-2-frame)"]
    assert [own.attributes["href"] for own in both.all("use")] == [
        "#picture-1-dot",
        "#picture-2-dot",
    ]
    assert [own.text.split(" ")[0] for own in both.all("style")] == ["#picture-1", "#picture-2"]


def test_a_picture_has_a_name():
    outline = Outline(figure(CIRCLE, "As <seen>", "A & B", 3))
    (svg,) = outline.all("svg")
    (title,) = outline.all("title")
    assert svg.attributes["role"] == "img"
    assert svg.attributes["aria-labelledby"] == title.attributes["id"]
    assert title.text == "A & B"
    assert outline.all("figcaption")[0].text == "As <seen>"


def test_what_acts_or_loads_is_left_out():
    svg = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:l="http://www.w3.org/1999/xlink" onload="f()">
    <script>f()</script><metadata>when</metadata><title>own</title><a href="https://example.org"><g/></a>
    <image l:href="http://example.org/x.png"/><image l:href="data:image/png;base64,AA"/>
    <foreignObject><b xmlns="http://www.w3.org/1999/xhtml">bold</b></foreignObject></svg>"""
    text = figure(svg, "", "nothing", 1)
    outline = Outline(text)
    assert not outline.all("script", "metadata", "foreignobject", "b")
    assert "example.org" not in text
    assert "f()" not in text
    assert [own.attributes for own in outline.all("image")] == [
        {},
        {"href": "data:image/png;base64,AA"},
    ]


@pytest.mark.parametrize("text", ["", "<svg", "<p>no</p>", '<svg xmlns="http://example.org"/>'])
def test_only_svg_is_a_picture(text):
    with pytest.raises(st.InputError, match="picture 7 is no SVG file"):
        figure(text, "", "", 7)
