"""What every result that people read can do: show itself as text, Markdown, HTML and JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import singledispatch
from typing import Any

from .blocks import Block


@singledispatch
def document(result: Any) -> tuple[Block, ...]:
    """What a result says, as headings, paragraphs and tables: each kind registers its own."""
    raise TypeError(f"a {type(result).__name__} has no document")


@singledispatch
def as_text(result: Any, width: int, colour: bool) -> str:
    """A result as text for a terminal: its blocks, unless its kind registers something shorter."""
    from .text import render

    return render(result.blocks(), width, colour)


@singledispatch
def as_markdown(result: Any) -> str:
    """A result as Markdown: its blocks, unless its kind registers something shorter."""
    from .markdown import render

    return render(result.blocks())


class Page(ABC):
    """A frozen result with a document and JSON-ready data; shows itself in a terminal and in a notebook."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data."""

    def blocks(self) -> tuple[Block, ...]:
        """The result as headings, paragraphs and tables."""
        return document(self)

    def to_json(self, indent: int | None = 2) -> str:
        """The result as JSON text (no NaN, no infinities)."""
        import json

        return json.dumps(self.to_dict(), indent=indent, allow_nan=False, ensure_ascii=False)

    def to_text(self, width: int = 80, colour: bool = False) -> str:
        """The result as text for a terminal of the given width."""
        return as_text(self, width, colour)

    def to_markdown(self) -> str:
        """The result as GitHub-flavoured Markdown."""
        return as_markdown(self)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        from .html_fragment import render

        return render(self.blocks())
