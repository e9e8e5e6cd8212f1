"""The report for a terminal: every line fits the width, nothing is cut, colour only helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO

from .blocks import Block, Bullets, Heading, Paragraph, Row, Table
from .numbers import SPACE

GAP = 2  # blanks between columns
INDENT = "  "
TALLEST = 5  # lines in a cell; a table that needs more is written row by row instead
NARROWEST = 24

# Told apart by people who cannot tell red from green, and by weight where there is no colour.
STYLES = {
    "stable": "bold bright_blue",
    "slowly stable": "bold bright_blue",
    "exponentially stable": "bold bright_blue",
    "asymptotically stable": "bold bright_blue",
    "yes": "bold bright_blue",
    "unstable": "bold orange3",
    "no": "bold orange3",
    "neutral": "bold",
    "undecided": "bold italic",
}

Segment = tuple[str, str]  # text and style
Line = list[Segment]


def render(blocks: Sequence[Block], width: int = 80, colour: bool = False) -> str:
    """The page as text whose lines are at most `width` characters wide (and `width` at least 24).

    `colour` adds the escape codes of a colour terminal; the words are the same.
    """
    from rich.console import Console
    from rich.text import Text

    width = max(width, NARROWEST)
    out = StringIO()
    console = Console(
        force_jupyter=False,
        file=out,
        width=width,
        force_terminal=colour,
        color_system="auto" if colour else None,
        legacy_windows=False,
        highlight=False,
    )
    for line in _lines(blocks, width):
        text = Text(no_wrap=True, overflow="ignore", end="\n")
        for part, style in _stripped(line):
            text.append(part.replace(SPACE, " "), style)
        console.print(text, crop=False)
    return out.getvalue().rstrip("\n") + "\n"


def _lines(blocks: Sequence[Block], width: int) -> Iterator[Line]:
    before: Block | None = None
    for block in blocks:
        if before is not None and not (isinstance(before, Heading) and before.level == 3):
            yield []
        before = block
        match block:
            case Heading(text, 1):
                yield from ([(line, "bold")] for line in wrap(text, width))
                yield [("━" * width, "dim")]
            case Heading(text, 2):
                yield []
                yield from ([(line, "bold")] for line in wrap(text, width))
                yield [("─" * width, "dim")]
            case Heading(text):
                yield from ([(line, "bold underline")] for line in wrap(text, width))
            case Paragraph(text, strong):
                yield from ([(line, "bold" if strong else "")] for line in wrap(text, width))
            case Bullets(items, strong):
                for item in items:
                    yield from _hanging("• ", item, width, "bold" if strong else "")
            case Table():
                yield from _table(block, width)


def _table(table: Table, width: int) -> Iterator[Line]:
    columns, rows = table.columns, table.rows
    widths = column_widths([columns, *(row.cells for row in rows)], width)
    if widths is None:
        yield from (_sentences if table.brief else _stacked)(columns, rows, width)
        return
    full = sum(widths) + GAP * (len(widths) - 1)
    yield from _cells(columns, widths, heading=True)
    yield [("─" * full, "dim")]
    for i, row in enumerate(rows):
        if i and (row.notes or rows[i - 1].notes):
            yield []
        yield from _cells(row.cells, widths)
        for note in row.notes:
            yield from _hanging(INDENT, note, width, "")


def _cells(cells: Sequence[str], widths: Sequence[int], heading: bool = False) -> Iterator[Line]:
    from rich.cells import cell_len

    wrapped = [wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, wrapped))
    for i in range(height):
        line: Line = []
        for cell, lines, width in zip(cells, wrapped, widths, strict=True):
            text = lines[i] if i < len(lines) else ""
            line.append((text, "bold" if heading else _style(cell)))
            line.append((" " * (width - cell_len(text) + GAP), ""))
        yield line


def _style(cell: str) -> str:
    """That of a verdict, alone or before a number."""
    return STYLES.get(cell) or STYLES.get(cell.split(SPACE, maxsplit=1)[0], "")


def _stacked(columns: Sequence[str], rows: Sequence[Row], width: int) -> Iterator[Line]:
    """Row by row, one line for each column: for tables wider than the page."""
    from rich.cells import cell_len

    label = max(map(cell_len, columns[1:]), default=0)
    aligned = label + len(INDENT) + GAP <= width // 2
    for i, row in enumerate(rows):
        if i:
            yield []
        yield from ([(line, "bold")] for line in wrap(f"{columns[0]}: {row.cells[0]}", width))
        for name, cell in zip(columns[1:], row.cells[1:], strict=True):
            style = _style(cell)
            start = INDENT + (name.ljust(label + GAP) if aligned else f"{name}: ")
            if cell_len(start) > width // 2:
                yield from _hanging(INDENT, f"{name}:", width, "")
                start = INDENT * 2
            yield from _hanging(start, cell, width, style)
        for note in row.notes:
            yield from _hanging(INDENT, note, width, "")


def _sentences(columns: Sequence[str], rows: Sequence[Row], width: int) -> Iterator[Line]:
    """One sentence for each row, as in `2. (x, y) = (1, 0). Local: Nash; Flow: stable focus.`"""
    for row in rows:
        number, *cells = row.cells
        said = [f"{name}: {cell}" for name, cell in zip(columns[2:], cells[1:], strict=True)]
        yield from _hanging(
            f"{number}. ", f"{columns[1]} = {cells[0]}. {'; '.join(said)}.", width, ""
        )


def _hanging(start: str, text: str, width: int, style: str) -> Iterator[Line]:
    """A paragraph that begins with `start`, its other lines indented as far."""
    from rich.cells import cell_len

    room = cell_len(start)
    for i, line in enumerate(wrap(text, width - room)):
        yield [(start if i == 0 else " " * room, ""), (line, style)]


def column_widths(rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """The widths of the columns of a table, or None if no good ones fit.

    Columns are narrowed, the widest first, down to their longest words.
    """
    from rich.cells import cell_len

    columns = list(zip(*rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    least = [
        max(cell_len(word) for cell in column for word in [*cell.split(" "), ""])
        for column in columns
    ]
    room = width - GAP * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max(
            (i for i in range(len(widths)) if widths[i] > least[i]), key=widths.__getitem__
        )
        widths[widest] -= 1
    tallest = max(len(wrap(cell, w)) for row in rows for cell, w in zip(row, widths, strict=True))
    return widths if tallest <= TALLEST else None


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken inside a word only if it is longer than that."""
    from rich.cells import cell_len, chop_cells

    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= width:
            lines[-1] = joined
        else:
            pieces = [word] if cell_len(word) <= width else chop_cells(word, width)
            lines += pieces if lines[-1] else []
            lines = lines if lines[-1] else pieces
    return lines


def _stripped(line: Line) -> Line:
    """The line without blanks at its end."""
    line = list(line)
    while line and not line[-1][0].strip():
        line.pop()
    return [*line[:-1], (line[-1][0].rstrip(), line[-1][1])] if line else line
