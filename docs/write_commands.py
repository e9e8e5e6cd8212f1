"""Writes commands.md, the command line's own help as a page.

Run `python docs/write_commands.py` after a change of an option.
"""

from pathlib import Path

import click

from stability_cli.main import cli

PAGE = Path(__file__).with_name("commands.md")
GUIDES = {
    "report": "[Words, signs and definitions](definitions.md) says what its numbers mean.",
    "compare": "[Fields, rules, penalties](algorithms.md#comparing) explains the columns.",
    "sweep": "[Sweeps](sweep.md) lists what can be varied and what is computed.",
    "portrait": "[Pictures](pictures.md) says what is drawn as what.",
    "trajectory": "[Pictures](pictures.md) has more of them.",
    "probe": "[Probes](probe.md) explains every number.",
    "show": "[Game files](game-files.md) has the whole format.",
}
TOP = """# Commands

What `stability COMMAND --help` says. Results go to the standard output, progress and warnings to the
standard error. Exit codes: 0 done, 2 the input is wrong, 1 a fault of the program.
"""


def help_text(command: click.Command, name: str, parent: click.Context | None = None) -> str:
    """What `--help` prints on a terminal of 100 columns."""
    settings = {**command.context_settings, "terminal_width": 100}
    return command.get_help(click.Context(command, parent, name, **settings))


def page() -> str:
    """The whole page, one section for each command."""
    context = click.Context(cli, info_name="stability", **cli.context_settings)
    parts = [TOP, f"```text\n{help_text(cli, 'stability')}\n```\n"]
    for name, command in cli.commands.items():
        guide = f"{GUIDES[name]}\n\n" if name in GUIDES else ""
        parts.append(f"## {name}\n\n{guide}```text\n{help_text(command, name, context)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
