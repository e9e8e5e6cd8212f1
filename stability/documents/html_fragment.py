"""A document as an HTML fragment, for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from .blocks import Block, Bullets, Heading, Paragraph, Table

LEFT = ' style="text-align: left"'


def render(blocks: Sequence[Block]) -> str:
    """The page as an HTML fragment that needs no scripts, style sheets or other files."""
    lines = ['<div class="stability-report">']
    folded = False
    for block in blocks:
        if isinstance(block, Heading) and block.level <= 2:
            lines += ["</details>"] if folded else []
            folded = block.folds
            if folded:
                lines.append(f"<details><summary>{escape(block.text)}</summary>")
                continue
        lines += _html(block)
    return "\n".join([*lines, *["</details>"] * folded, "</div>"])


def _html(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"<h{level + 2}>{escape(text)}</h{level + 2}>"
        case Paragraph(text, strong):
            yield f"<p>{_strong(text, strong)}</p>"
        case Bullets(items, strong):
            inside = "".join(f"<li>{_strong(item, strong)}</li>" for item in items)
            yield f"<ul>{inside}</ul>"
        case Table(columns, rows):
            yield "<table>"
            noted = any(row.notes for row in rows)
            titles = [*columns, "Notes"] if noted else columns
            heads = "".join(f"<th{LEFT}>{escape(title)}</th>" for title in titles)
            yield f"<thead><tr>{heads}</tr></thead>"
            yield "<tbody>"
            for row in rows:
                cells = [f"<td{LEFT}>{escape(cell)}</td>" for cell in row.cells]
                if noted:
                    cells.append(f"<td{LEFT}>{'<br>'.join(map(escape, row.notes))}</td>")
                yield f"<tr>{''.join(cells)}</tr>"
            yield "</tbody></table>"


def _strong(text: str, strong: bool) -> str:
    return f"<strong>{escape(text)}</strong>" if strong else escape(text)
