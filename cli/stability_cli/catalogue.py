"""`stability list` and `stability show`."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from stability import catalogue

from . import tables
from .output import colour, terminal_width


def show_list(as_json: bool) -> None:
    """Prints the catalogue, the fields, the rules, the penalties and the conditions."""
    games = {name: catalogue.summary(name) for name in catalogue.names()}
    if as_json:
        content = {
            "schema": "stability-list/1",
            "games": [{"name": name, "summary": text} for name, text in games.items()],
            **{
                kind: [{"name": e.name, "summary": e.summary} for e in tables.entries(kind)]
                for kind in tables.TABLES
            },
        }
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console(width=terminal_width(), highlight=False, no_color=not colour())
    _table(console, "Games", games)
    for kind in tables.TABLES:
        rows = {entry.usage: entry.summary for entry in tables.entries(kind)}
        _table(console, kind.capitalize(), rows)
        if kind == "rules":
            console.print("and optax's optimisers: adam, rmsprop, sgd, … (extra optax)\n")


def show_source(name: str, as_nfg: bool) -> None:
    """Prints a catalogue entry's file; a .nfg file as a game file, or any game in strategic form as .nfg."""
    if as_nfg:
        from stability.games.load import load
        from stability.games.nfg import write_nfg

        click.echo(write_nfg(load(name)), nl=False)
    elif name.endswith(".nfg"):
        from stability.games.load import load
        from stability.games.matrix_files import write_matrix
        from stability.games.strategic_form import strategic_form_of

        click.echo(write_matrix(strategic_form_of(load(name))), nl=False)
    else:
        click.echo(catalogue.source(name), nl=False)


def _table(console, title: str, rows: Mapping[str, str]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        show_header=False,
        box=None,
        pad_edge=False,
    )
    table.add_column(no_wrap=True)
    table.add_column()
    for name, text in rows.items():
        table.add_row(Text(name), Text(text))
    console.print(table)
    console.print()
