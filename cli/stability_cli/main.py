"""The `stability` command. Nothing slow is imported before a command runs, so that help is instant."""

from __future__ import annotations

import sys

import click

GAME_HELP = """GAME is a catalogue name (see `stability list`), a .toml game file, or file.py:name, an object
in a Python file (which is run: use only files you trust)."""

SWEEP_QUANTITIES = """spectral_abscissa, spectral_radius, stable, stable_rule, critical_lr, best_lr,
best_spectral_radius, steps_per_digit, eigenvalues, multipliers, point, residual, losses"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    help="Show the version and exit.",
    callback=lambda c, _, v: _version(c, v),
)
def cli() -> None:
    """Where does a differentiable game rest, does training stay there, and with which step sizes?

    Start with `stability report dirac-gan`.
    """


def _version(context: click.Context, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"stability {version('game-stability')}")
        context.exit()


@cli.command(help=f"The whole stability analysis of one game.\n\n{GAME_HELP}")
@click.argument("game")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter: --set gamma=0.3.",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="FIELD",
    help="A field to analyse, with settings: two-timescale:tau=2. Repeatable; default: gradient.",
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    help="A rule, applied to every field: alternating:lr=0.1,steps.disc=2,order=disc+gen. Repeatable; "
    "default for games: simultaneous and alternating with lr=0.1.",
)
@click.option(
    "--penalty",
    "penalties",
    multiple=True,
    metavar="PENALTY",
    help="A penalty put on the game first: gradient-norm:coefficient=0.1,of=disc. Repeatable.",
)
@click.option(
    "--at",
    multiple=True,
    metavar="POINT",
    help='Analyse this point instead of searching: --at "x=0,y=0". Repeatable.',
)
@click.option(
    "--box",
    "box",
    multiple=True,
    metavar="NAME=LOW:HIGH",
    help="Where to search: --box x=-5:5. Repeatable; default: the game's own box.",
)
@click.option(
    "--starts", type=click.IntRange(1, 100_000), help="Starting points of the search in each round."
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the search."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema stability-report/1).")
@click.option("-o", "--output", metavar="FILE", help="Write to a file: .txt, .md or .json.")
@click.option("--force", is_flag=True, help="Overwrite the output file.")
@click.option(
    "--check", is_flag=True,
    help="Exit with 0 if every rule is stable at some equilibrium, 3 if one is not, 4 if that is undecided.",
)  # fmt: skip
def report(
    game, settings, fields, rules, penalties, at, box, starts, seed, as_json, output, force, check
) -> None:
    from .report import run

    sys.exit(
        run(
            game, settings=settings, fields=fields, rules=rules, penalties=penalties, at=at, box=box,
            starts=starts, seed=seed, as_json=as_json, output=output, force=force, check=check,
        )
    )  # fmt: skip


@cli.command(
    help="Every algorithm on one game side by side: is it stable, up to which step, how fast at the best "
    "one, and at what cost.\n\nWith --rule alone: these rules along the gradient field; with --field alone: "
    "simultaneous and alternating steps along these fields; with both: every pair; with neither: "
    f"everything that applies.\n\n{GAME_HELP}"
)
@click.argument("game")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set a parameter: --set a=1/2."
)
@click.option(
    "--field", "fields", multiple=True, metavar="FIELD", help="consensus:gamma=0.5. Repeatable."
)
@click.option(
    "--rule", "rules", multiple=True, metavar="RULE",
    help="heavy-ball:lr=0.1,beta=-0.5, or lookahead:k=5,inner=(extragradient). Repeatable.",
)  # fmt: skip
@click.option(
    "--penalty", "penalties", multiple=True, metavar="PENALTY",
    help="A penalty put on the game first: gradient-norm:coefficient=0.1. Repeatable.",
)  # fmt: skip
@click.option(
    "--at", multiple=True, metavar="POINT",
    help='Compare at this equilibrium: --at "x=0,y=0". Repeatable; default: all that are found.',
)  # fmt: skip
@click.option("--box", "box", multiple=True, metavar="NAME=LOW:HIGH", help="Where to search.")
@click.option(
    "--starts", type=click.IntRange(1, 100_000), help="Starting points of the search in each round."
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the search."
)
@click.option("--exact", is_flag=True, help="Exact conditions for stability, in all parameters.")
@click.option(
    "--tune", multiple=True, metavar="NAME=LOW:HIGH",
    help="For which values of a parameter or setting is each algorithm stable, and which is best: "
    "--tune gamma=0:5, --tune two-timescale.tau=0:inf. Repeatable.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema stability-compare/1).")
@click.option("-o", "--output", metavar="FILE", help="Write to a file: .txt, .md or .json.")
@click.option("--force", is_flag=True, help="Overwrite the output file.")
def compare(
    game, settings, fields, rules, penalties, at, box, starts, seed, exact, tune, as_json, output,
    force,
) -> None:  # fmt: skip
    from .compare import run

    sys.exit(
        run(
            game, settings=settings, fields=fields, rules=rules, penalties=penalties, at=at, box=box,
            starts=starts, seed=seed, exact=exact, tune=tune, as_json=as_json, output=output,
            force=force,
        )
    )  # fmt: skip


@cli.command(
    help="Numbers of a report over a grid of one or two parameters, step sizes or settings.\n\n"
    "An axis is a parameter of the game (gamma), a step size (lr, or lr.PLAYER), or a setting of the "
    "field, the rule or a penalty (consensus.gamma, heavy-ball.beta). The equilibrium is found once, at "
    f"the base values, and followed over the grid.\n\nQuantities: {SWEEP_QUANTITIES}.\n\n"
    "With -o, finished chunks are kept in FILE.chunks: the same command goes on after an interruption."
    f"\n\n{GAME_HELP}"
)
@click.argument("game")
@click.option(
    "--over", multiple=True, metavar="AXIS",
    help="What to vary: gamma=0:5:101, lr=1e-3:1:61:log or lr=0.01,0.1. Once or twice.",
)  # fmt: skip
@click.option(
    "--quantity", "quantities", multiple=True, metavar="NAME", help="What to compute. Repeatable."
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set a parameter: --set a=1/2."
)
@click.option("--field", metavar="FIELD", help="The field; default: gradient.")
@click.option("--rule", metavar="RULE", help="The rule; default: simultaneous:lr=0.1.")
@click.option(
    "--penalty", "penalties", multiple=True, metavar="PENALTY",
    help="A penalty: gradient-norm:coefficient=0.1,of=disc. Repeatable.",
)  # fmt: skip
@click.option("--at", metavar="POINT", help='The equilibrium to follow: --at "x=0,y=0".')
@click.option(
    "--box", "box", multiple=True, metavar="NAME=LOW:HIGH", help="Where to search for it."
)
@click.option("--chunk", type=click.IntRange(1), help="Points computed at once; default: by size.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask cluster: tcp://HOST:PORT.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema stability-sweep/1).")
@click.option("-o", "--output", metavar="FILE", help="Write to a file: .csv, .json or .npz.")
@click.option("--force", is_flag=True, help="Overwrite the output file.")
def sweep(
    game, over, quantities, settings, field, rule, penalties, at, box, chunk, scheduler, as_json,
    output, force,
) -> None:  # fmt: skip
    from .sweep import run

    sys.exit(
        run(
            game, over=over, quantities=quantities, settings=settings, field=field, rule=rule,
            penalties=penalties, at=at, box=box, chunk=chunk, scheduler=scheduler, as_json=as_json,
            output=output, force=force,
        )
    )  # fmt: skip


@cli.command("list", help="The catalogue's games, and the fields, rules and penalties there are.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema stability-list/1).")
def list_(as_json) -> None:
    from .catalogue import show_list

    show_list(as_json)


@cli.command(help="Print a catalogue game's file, to start your own from.")
@click.argument("name")
def show(name) -> None:
    from .catalogue import show_source

    show_source(name)


def main() -> None:
    """The console entry point: bad input is one sentence on stderr and exit code 2."""
    try:
        cli(prog_name="stability")
    except ValueError as error:
        errors = sys.modules.get("stability.errors")
        if errors is None or not isinstance(error, errors.InputError):
            raise
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:  # `stability report … | head`
        sys.stderr.close()
        sys.exit(0)
