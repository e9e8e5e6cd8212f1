"""The report as GitHub-flavoured Markdown, without any HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .blocks import Block, Bullets, Heading, Paragraph, Table
from .numbers import SPACE


def render(blocks: Sequence[Block]) -> str:
    """The page in Markdown: what its text says, in the same order."""
    return "\n\n".join("\n".join(_lines(block)) for block in blocks) + "\n"


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{'#' * level} {escaped(text)}"
        case Paragraph(text, strong):
            yield f"**{escaped(text)}**" if strong else escaped(text)
        case Bullets(items, strong):
            yield from (f"- **{escaped(i)}**" if strong else f"- {escaped(i)}" for i in items)
        case Table(columns, rows):
            noted = any(row.notes for row in rows)
            yield _row([*columns, "Notes"] if noted else columns)
            yield _row(["---"] * (len(columns) + noted), escape=False)
            for row in rows:
                yield _row([*row.cells, " ".join(row.notes)] if noted else row.cells)


def _row(cells: Sequence[str], escape: bool = True) -> str:
    return f"| {' | '.join(escaped(cell) if escape else cell for cell in cells)} |"


def escaped(text: str) -> str:
    """The text with everything that Markdown or HTML would take for markup shown literally."""
    return re.sub(r"([\\`*_{}\[\]<>|~$&#@])", r"\\\1", text.replace(SPACE, " "))
