"""Pictures in SVG, put into a page so that several do not get into each other's way."""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree

from ..errors import InputError

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
ACTIVE = ("script", "foreignObject", "metadata")
_URL = re.compile(r"url\(\s*['\"]?#([^)'\"\s]+)['\"]?\s*\)")


def figure(svg: str, caption: str, alt: str, number: int) -> str:
    """An SVG file as a figure of a page: `alt` is what it shows in words, `number` tells it from the others.

    Its ids get a prefix, its style sheet acts on it alone, scripts and links to other files are left out.
    Raises InputError for a text that is no SVG file.
    """
    own = f"picture-{number}"
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise InputError(f"picture {number} is no SVG file: {error}") from None
    if root.tag != f"{SVG}svg":
        raise InputError(f"picture {number} is no SVG file: its outermost element is {root.tag}")
    _clean(root, own)
    root.attrib = {
        **{name: value for name, value in root.attrib.items() if name not in ("width", "height")},
        "id": own,
        "role": "img",
        "aria-labelledby": f"{own}-title",
    }
    title = ElementTree.Element("title", {"id": f"{own}-title"})
    title.text = alt
    root.insert(0, title)
    inline = ElementTree.tostring(root, encoding="unicode")
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>\n{inline}\n{words}\n</figure>"


def _clean(element: ElementTree.Element, own: str) -> None:
    for child in list(element):
        name = child.tag.removeprefix(SVG) if isinstance(child.tag, str) else ""
        if not isinstance(child.tag, str) or not child.tag.startswith(SVG) or name in ACTIVE:
            element.remove(child)
        elif name == "title":
            element.remove(child)  # the page gives the picture its title
        else:
            _clean(child, own)
    element.tag = element.tag.removeprefix(SVG)
    if element.tag == "style":
        element.text = f"#{own} {{ {_referred(element.text or '', own)} }}"
    element.attrib = {
        ("href" if name == LINK else name): _value(name, value, own)
        for name, value in element.attrib.items()
        if _harmless(name, value)
    }


def _value(name: str, value: str, own: str) -> str:
    if name == "id":
        return f"{own}-{value}"
    if name in (LINK, "href") and value.startswith("#"):
        return f"#{own}-{value[1:]}"
    return _referred(value, own)


def _referred(text: str, own: str) -> str:
    return _URL.sub(rf"url(#{own}-\1)", text)


def _harmless(name: str, value: str) -> bool:
    if name in (LINK, "href"):
        return value.startswith(("#", "data:image/"))
    return not name.startswith(("on", "{"))
