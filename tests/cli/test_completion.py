"""What the shell completes and `stability list` shows is what the library has, without importing it."""

import dataclasses

import pytest
from click.shell_completion import ShellComplete

from stability.fields import FIELDS
from stability.games import catalogue
from stability.penalties import PENALTIES
from stability.rules import RULES
from stability.verdicts.named_conditions import CONDITIONS
from stability_cli import tables
from stability_cli.main import cli

REGISTERED = {"fields": FIELDS, "rules": RULES, "penalties": PENALTIES, "conditions": CONDITIONS}


@pytest.mark.parametrize("kind", tables.TABLES)
def test_the_tables_that_are_read_are_the_library_s(kind):
    registered = REGISTERED[kind].values()
    read = tables.entries(kind)
    assert [entry.name for entry in read] == [thing.name for thing in registered]
    for entry, thing in zip(read, registered, strict=True):
        assert entry.settings == tuple(f.name for f in dataclasses.fields(thing))
        assert entry.summary == thing.__doc__.strip().splitlines()[0]


def completed(line: str) -> list[tuple[str, str]]:
    """What the shell offers for the last word of a line: texts and their types."""
    *words, last = line.split(" ")
    offered = ShellComplete(cli, {}, "stability", "_STABILITY_COMPLETE").get_completions(
        words, last
    )
    return [(item.value, item.type) for item in offered]


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("report dirac-gan-w", ["dirac-gan-wasserstein", "dirac-gan-wgan-gp"]),
        ("show xy", [name for name in catalogue.names() if name.startswith("xy")]),
        ("report xy --field s", ["symplectic", "stackelberg", "shaping"]),
        ("sweep xy --rule he", ["heavy-ball", "heun"]),
        ("report xy --penalty r", ["r1", "r2"]),
        ("report xy --condition p", ["proximal"]),
    ],
)
def test_names_complete(line, texts):
    assert completed(line) == [(text, "plain") for text in texts]


def test_files_complete_where_no_game_is_called_so():
    assert completed("report my_game") == [("my_game", "file")]
