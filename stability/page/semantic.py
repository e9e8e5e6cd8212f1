"""A report's blocks as semantic HTML: sections, tables with captions and header cells, lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import count

from ..documents.blocks import Block, Bullets, Heading, Paragraph, Row, Table
from ..documents.numbers import SPACE

# as in the terminal: told apart by people who cannot tell red from green, and by weight
CLASSES = {
    "stable": "good",
    "slowly stable": "good",
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
    """The HTML before the first heading of level 2, that of the sections, and (id, title) of each section.

    Sections that fold are opened by a click, and by links to them; they are not among the titles.
    """
    numbers = count(1)
    places = {
        block.text: f"section-{i}"
        for i, block in enumerate(
            (own for own in blocks if isinstance(own, Heading) and own.level == 2), 1
        )
    }
    head: list[str] = []
    body: list[str] = []
    titles: list[tuple[str, str]] = []
    where: list[str] = []  # the headings that a table stands under
    end: list[str] = []  # what closes the section
    for block in blocks:
        out = body if end else head
        match block:
            case Heading(text, 2, folds):
                body += end
                where, own = [text], places[text]
                named = f"{own}-title" if folds else own
                body.append(f'<section aria-labelledby="{named}">')
                title = f'<h2 id="{named}">{escape(text)}</h2>'
                if folds:
                    body.append(f'<details><summary>{title}</summary><div id="{own}">')
                    end = ["</div></details></section>"]
                else:
                    body.append(title)
                    titles.append((own, text))
                    end = ["</section>"]
            case Heading(text, level):
                where = [*where[:1], text]
                out.append(f"<h{level}>{escape(text)}</h{level}>")
            case Paragraph(text, strong) if strong and not end:
                out.append(f'<p class="summary">{escape(text)}</p>')
            case Paragraph(text, strong):
                out.append(f"<p>{_strong(text, strong)}</p>")
            case Bullets(items, strong):
                inside = "".join(f"<li>{_strong(item, strong)}</li>" for item in items)
                out.append(f"<ul>{inside}</ul>")
            case Table():
                caption = " · ".join(reversed(where)) or "Table"
                out += _table(block, caption, f"table-{next(numbers)}", places)
    body += end
    return "\n".join(head), "\n".join(body), titles


def _strong(text: str, strong: bool) -> str:
    return f"<strong>{escape(text)}</strong>" if strong else escape(text)


def _table(table: Table, caption: str, own: str, places: Mapping[str, str]) -> Iterator[str]:
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
        yield from _row(row, table.columns, places)
        yield "</tbody>"
    yield "</table></div>"


def _row(row: Row, columns: Sequence[str], places: Mapping[str, str]) -> Iterator[str]:
    shown = [escape(cell) for cell in row.cells]
    if row.to in places:
        shown[0] = f'<a href="#{places[row.to]}">{shown[0]}</a>'
    first, *rest = (
        f'data-column="{escape(column)}"{_class(cell)}>{text}'
        for column, cell, text in zip(columns, row.cells, shown, strict=True)
    )
    cells = "".join(f'<td role="cell" {cell}</td>' for cell in rest)
    yield f'<tr role="row"><th role="rowheader" scope="row" {first}</th>{cells}</tr>'
    if row.notes:
        notes = "".join(f"<p>{escape(note)}</p>" for note in row.notes)
        span = f'colspan="{len(columns)}" aria-colspan="{len(columns)}"'
        yield f'<tr role="row" class="notes"><td role="cell" {span}>{notes}</td></tr>'


def _class(cell: str) -> str:
    found = CLASSES.get(cell) or CLASSES.get(
        cell.split(SPACE, maxsplit=1)[0]
    )  # alone or before a number
    return f' class="{found}"' if found else ""
