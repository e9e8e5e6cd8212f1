"""A report's blocks as semantic HTML: sections, tables with captions and header cells, lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import count

from ..documents.blocks import Block, Bullets, Heading, Paragraph, Row, Table

# as in the terminal: told apart by people who cannot tell red from green, and by weight
CLASSES = {
    "exponentially stable": "good",
    "asymptotically stable": "good",
    "yes": "good",
    "unstable": "bad",
    "no": "bad",
    "neutral": "plain",
    "undecided": "open",
}
FITTING = 7  # columns that fit any screen on which tables are not shown as lists


def sections(blocks: Sequence[Block]) -> tuple[str, str, list[tuple[str, str]]]:
    """The HTML before the first heading of level 2, that of the sections, and (id, title) of each section."""
    numbers = count(1)
    head: list[str] = []
    body: list[str] = []
    titles: list[tuple[str, str]] = []
    where: list[str] = []  # the headings that a table stands under
    for block in blocks:
        out = body if titles else head
        match block:
            case Heading(text, 2):
                body += ["</section>"] if titles else []
                where = [text]
                own = f"section-{len(titles) + 1}"
                titles.append((own, text))
                body.append(f'<section aria-labelledby="{own}">')
                body.append(f'<h2 id="{own}">{escape(text)}</h2>')
            case Heading(text, level):
                where = [*where[:1], text]
                out.append(f"<h{level}>{escape(text)}</h{level}>")
            case Paragraph(text, strong) if strong and not titles:
                out.append(f'<p class="summary">{escape(text)}</p>')
            case Paragraph(text, strong):
                out.append(f"<p>{_strong(text, strong)}</p>")
            case Bullets(items, strong):
                inside = "".join(f"<li>{_strong(item, strong)}</li>" for item in items)
                out.append(f"<ul>{inside}</ul>")
            case Table():
                caption = " · ".join(reversed(where)) or "Table"
                out += _table(block, caption, f"table-{next(numbers)}")
    body += ["</section>"] if titles else []
    return "\n".join(head), "\n".join(body), titles


def _strong(text: str, strong: bool) -> str:
    return f"<strong>{escape(text)}</strong>" if strong else escape(text)


def _table(table: Table, caption: str, own: str) -> Iterator[str]:
    # Narrow screens show a table as a list of blocks, which takes its meaning away from screen readers
    # unless the roles are written out.
    # A table that may not fit can be scrolled, by keyboard too.
    wide = f' tabindex="0" role="region" aria-labelledby="{own}"'
    yield f'<div class="scroll"{wide if len(table.columns) > FITTING else ""}>'
    yield f'<table role="table" aria-labelledby="{own}">'
    yield f'<caption id="{own}">{escape(caption)}</caption>'
    heads = "".join(
        f'<th role="columnheader" scope="col">{escape(column)}</th>' for column in table.columns
    )
    yield f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
    for row in table.rows:
        yield '<tbody role="rowgroup">'
        yield from _row(row, table.columns)
        yield "</tbody>"
    yield "</table></div>"


def _row(row: Row, columns: Sequence[str]) -> Iterator[str]:
    first, *rest = (
        f'data-column="{escape(column)}"{_class(cell)}>{escape(cell)}'
        for column, cell in zip(columns, row.cells, strict=True)
    )
    cells = "".join(f'<td role="cell" {cell}</td>' for cell in rest)
    yield f'<tr role="row"><th role="rowheader" scope="row" {first}</th>{cells}</tr>'
    if row.notes:
        notes = "".join(f"<p>{escape(note)}</p>" for note in row.notes)
        span = f'colspan="{len(columns)}" aria-colspan="{len(columns)}"'
        yield f'<tr role="row" class="notes"><td role="cell" {span}>{notes}</td></tr>'


def _class(cell: str) -> str:
    return f' class="{CLASSES[cell]}"' if cell in CLASSES else ""
