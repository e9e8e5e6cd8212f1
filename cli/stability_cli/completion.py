"""What the shell completes: games, fields, rules, penalties, conditions; nothing slow is imported for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def catalogue_names(
    context: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """The catalogue's games whose names begin so, each with its summary."""
    from stability import catalogue

    return _items({name: catalogue.summary(name) for name in catalogue.names()}, begun)


def games(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The catalogue's games, else the shell's own completion of files."""
    return catalogue_names(context, parameter, begun) or [CompletionItem(begun, type="file")]


def named(kind: str) -> Complete:
    """The names of one of the tables: of fields, rules, penalties or conditions."""

    def complete(context: Any, parameter: Any, begun: str) -> list[CompletionItem]:
        from . import tables

        return _items({entry.name: entry.summary for entry in tables.entries(kind)}, begun)

    return complete


def _items(texts: Mapping[str, str], begun: str) -> list[CompletionItem]:
    return [
        CompletionItem(name, help=text) for name, text in texts.items() if name.startswith(begun)
    ]
