"""What a page is made of: headings, paragraphs, lists and tables."""

from __future__ import annotations

from dataclasses import dataclass

from .numbers import SPACE


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title. What is under one that `folds` is hidden until it is asked for."""

    text: str
    level: int
    folds: bool = False


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `strong` ones are what a reader in a hurry should see."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]
    strong: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table; `notes` are sentences about it, too long for a column.

    `to`: the text of the heading that its first cell leads to, if there is one on the page.
    """

    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()
    to: str = ""


@dataclass(frozen=True)
class Table:
    """A table; every row has as many cells as there are columns.

    The rows of a `brief` one may be run into a sentence each where the page is too narrow.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    brief: bool = False


Block = Heading | Paragraph | Bullets | Table


def printable_block(block: Block) -> Block:
    """The block with every text made printable."""
    match block:
        case Heading(text, level, folds):
            return Heading(printable(text), level, folds)
        case Paragraph(text, strong):
            return Paragraph(printable(text), strong)
        case Bullets(items, strong):
            return Bullets(tuple(map(printable, items)), strong)
        case Table(columns, rows, brief):
            return Table(
                tuple(map(printable, columns)),
                tuple(
                    Row(
                        tuple(map(printable, row.cells)),
                        tuple(map(printable, row.notes)),
                        printable(row.to),
                    )
                    for row in rows
                ),
                brief,
            )


def printable(text: str) -> str:
    """The text in one line, with characters that would steer a terminal shown by their codes."""
    return "".join(
        c
        if c.isprintable() or c == SPACE
        else " "
        if c.isspace()
        else c.encode("unicode_escape").decode()
        for c in text
    )
