"""`stability portrait`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

import stability
from stability.analysis import names as named
from stability.phase.data import portrait_to_dict
from stability.phase.portrait import Portrait
from stability.phase.portray import phase_portrait

from . import arguments
from .figures import FIGURES, picture_of
from .output import check_output, write
from .progress import working


def run(
    game: str, *, settings, field, rules, penalties, begin, steps, time, basins, plane, at, box, everywhere,
    seed, as_json, output, force,
) -> int:  # fmt: skip
    """Runs the command and returns its exit code."""
    if output is None and not as_json:
        output = f"{stem(game)}-portrait.svg"
    if output is not None:
        check_output(output, (*FIGURES, ".json"), force)
    chosen = {
        **paths(field, rules, penalties, begin),
        **picture_plane(plane, at),
        "box": arguments.box(box),
        "everywhere": everywhere,
    }
    with working(f"Drawing {game}"):
        system = stability.load(game, named.assignments(settings, "--set"))
        found = phase_portrait(system, **chosen, steps=steps, time=time, basins=basins, seed=seed)
        if output is not None and Path(output).suffix != ".json":
            content = picture_of(lambda: drawn(found), output)
        else:
            content = (
                json.dumps(portrait_to_dict(found), allow_nan=False, ensure_ascii=False) + "\n"
            )
    if output is None:
        click.echo(content, nl=False)
    else:
        write(output, content)
    for remark in found.remarks:
        click.echo(f"note: {remark}", err=True)
    return 0


def paths(field, rules, penalties, begin) -> dict:
    """The arguments that say which paths are followed, from their texts."""
    return {
        "field": None if field is None else named.field(field),
        "rules": [named.rule(text) for text in rules] or None,
        "penalties": [named.penalty(text) for text in penalties],
        "starts": [arguments.point(text, "--start") for text in begin] or None,
    }


def picture_plane(plane: str | None, at: str | None) -> dict[str, Any]:
    """The arguments that say which plane is drawn, from their texts."""
    return {
        "at": None if at is None else arguments.point(at),
        "span": None if plane is None else [name.strip() for name in plane.split(",")],
    }


def stem(game: str) -> str:
    """What files about a game are called: the catalogue's name, or that of the file without its ending."""
    path, _, attribute = game.rpartition(":")
    return f"{Path(path).stem}-{attribute}" if path else Path(game).stem


def drawn(found: Portrait) -> Any:
    """The portrait on Axes that are half as wide again as a column."""
    from stability.plots.portrait import portrait
    from stability.plots.style import COLUMN, figure

    return portrait(found, figure(width=1.6 * COLUMN)[1])
