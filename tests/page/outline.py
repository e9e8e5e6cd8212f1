"""A page as its elements, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "input", "link", "hr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join([*self.pieces, *(child.text for child in self.children)])


class Outline(HTMLParser):
    """Reads a page; raises AssertionError where elements are not closed in the right order."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.feed(page)
        self.close()
        assert not self.open, f"never closed: {[own.tag for own in self.open]}"

    def handle_starttag(self, tag, attrs):
        parent = self.open[-1] if self.open else None
        made = Element(tag, {name: value or "" for name, value in attrs}, parent)
        self.elements.append(made)
        if parent is not None:
            parent.children.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1].tag == tag.lower(), f"</{tag}> closes {self.open[-1].tag}"
        self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.open[-1].pieces.append(data)

    def all(self, *tags: str) -> list[Element]:
        return [own for own in self.elements if own.tag in tags]
