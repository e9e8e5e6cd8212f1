"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from . import completion

GAME_HELP = """GAME is a catalogue name (see `stability list`), a .toml game file, a Gambit .nfg file, or
file.py:name, an object in a Python file (which is run: use only files you trust; --no-code refuses
them)."""

Decorator = Callable[[Any], Any]

game = click.argument("game", shell_complete=completion.games)


def _no_code(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        from stability.games.load import no_code

        context.with_resource(no_code())


no_code = click.option(
    "--no-code",
    is_flag=True,
    expose_value=False,
    callback=_no_code,
    help="Run no Python file: refuse file.py:name, as GAME and elsewhere, and runs whose game is in one.",
)
settings = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter: --set gamma=1/3. Repeatable.",
)
penalties = click.option(
    "--penalty",
    "penalties",
    multiple=True,
    metavar="PENALTY",
    shell_complete=completion.named("penalties"),
    help="A penalty put on the game first: gradient-norm:coefficient=0.1,of=disc. Repeatable.",
)
box = click.option(
    "--box",
    multiple=True,
    metavar="NAME=LOW:HIGH",
    help="Where to look: --box x=-5:5; rest points outside are hidden. Repeatable; default: the game's "
    "own box, and nothing is hidden where there is none.",
)
everywhere = click.option(
    "--everywhere", is_flag=True, help="Show what was found outside the box too."
)
starts = click.option(
    "--starts", type=click.IntRange(1, 100_000), help="Starting points of the search in each round."
)
seed = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the search."
)
_complete_field = completion.named("fields")
_complete_rule = completion.named("rules")
one_field = click.option(
    "--field", metavar="FIELD", help="The field; default: gradient.", shell_complete=_complete_field
)
paths_rules = click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    shell_complete=_complete_rule,
    help="The algorithm: alternating:lr=0.1. Repeatable; default for games: simultaneous:lr=0.1.",
)
start = click.option(
    "--start",
    "begin",
    multiple=True,
    metavar="POINT",
    help='Where paths start: --start "x=1,y=0". Repeatable; default: the game\'s own start.',
)
steps = click.option(
    "--steps",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    help="How many steps the algorithm takes.",
)
time = click.option(
    "--time",
    type=click.FloatRange(0, min_open=True),
    help="How long the flow runs; default: as long as the steps take.",
)
plane = click.option(
    "--plane",
    metavar="NAMES",
    help="Of a system of more than two variables, the two to draw: --plane x,z; default: its leading "
    "eigenvectors.",
)
plane_at = click.option(
    "--at", metavar="POINT", help='The equilibrium that this plane goes through: --at "x=0,…".'
)
force = click.option("--force", is_flag=True, help="Overwrite the output file.")


def one_rule(text: str) -> Decorator:
    """--rule, once, with its help."""
    return click.option("--rule", metavar="RULE", help=text, shell_complete=_complete_rule)


def fields(text: str) -> Decorator:
    """--field, repeatable, with its help."""
    return click.option(
        *("--field", "fields"),
        multiple=True,
        metavar="FIELD",
        help=text,
        shell_complete=_complete_field,
    )


def rules(text: str) -> Decorator:
    """--rule, repeatable, with its help."""
    return click.option(
        *("--rule", "rules"),
        multiple=True,
        metavar="RULE",
        help=text,
        shell_complete=_complete_rule,
    )


def at(text: str) -> Decorator:
    """--at, repeatable, with its help."""
    return click.option("--at", multiple=True, metavar="POINT", help=text)


def as_json(schema: str) -> Decorator:
    """--json, which prints the result as data."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print JSON (schema {schema}).")


def output(kinds: str) -> Decorator:
    """-o, whose file's ending tells the format."""
    return click.option("-o", "--output", metavar="FILE", help=f"Write to a file: {kinds}.")


def together(*decorators: Decorator) -> Decorator:
    """Several options at once, listed by the help in this order."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


# which paths are followed, and how far
what_moves = together(
    game, no_code, settings, one_field, paths_rules, penalties, start, steps, time
)
