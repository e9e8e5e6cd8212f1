"""`stability list` and `stability show`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping

import click

from stability.fields import FIELDS
from stability.games import catalogue
from stability.penalties import PENALTIES
from stability.rules import RULES
from stability.verdicts.named_conditions import CONDITIONS

from .output import colour, terminal_width


def show_list(as_json: bool) -> None:
    """Prints the catalogue, the fields, the rules, the penalties and the conditions."""
    games = {name: catalogue.summary(name) for name in catalogue.names()}
    if as_json:
        content = {
            "schema": "stability-list/1",
            "games": [{"name": name, "summary": text} for name, text in games.items()],
            "fields": [{"name": name, "summary": _summary(kind)} for name, kind in FIELDS.items()],
            "rules": [{"name": name, "summary": _summary(kind)} for name, kind in RULES.items()],
            "penalties": [
                {"name": name, "summary": _summary(kind)} for name, kind in PENALTIES.items()
            ],
            "conditions": [
                {"name": name, "summary": _summary(kind)} for name, kind in CONDITIONS.items()
            ],
        }
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console(width=terminal_width(), highlight=False, no_color=not colour())
    _table(console, "Games", games)
    _table(console, "Fields", {_usage(kind): _summary(kind) for kind in FIELDS.values()})
    _table(console, "Rules", {_usage(kind): _summary(kind) for kind in RULES.values()})
    console.print("and optax's optimisers: adam, rmsprop, sgd, … (extra optax)\n")
    _table(console, "Penalties", {_usage(kind): _summary(kind) for kind in PENALTIES.values()})
    _table(console, "Conditions", {_usage(kind): _summary(kind) for kind in CONDITIONS.values()})


def show_source(name: str) -> None:
    """Prints a catalogue entry's file."""
    click.echo(catalogue.source(name), nl=False)


def _summary(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _usage(kind: type) -> str:
    settings = ",".join(f.name for f in dataclasses.fields(kind))
    return kind.name + (f":{settings}" if settings else "")


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
