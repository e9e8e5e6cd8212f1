"""The `stability` command. Nothing slow is imported before a command runs, so that help is instant."""

from __future__ import annotations

import sys

import click

from . import completion, options
from .options import GAME_HELP, together

SWEEP_QUANTITIES = """spectral_abscissa, spectral_radius, stable, stable_rule, critical_lr, stable_lr,
best_lr, best_spectral_radius, steps_per_digit, eigenvalues, multipliers, point, residual, losses"""
FIGURES = ".svg, .pdf, .png"
COMPUTE_NOTHING = ("list", "show")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    help="Show the version and exit.",
    callback=lambda c, _, v: _version(c, v),
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Where does a differentiable game rest, does training stay there, and with which step sizes?

    Start with `stability report dirac-gan`.

    Compiled code is kept in your cache folder; STABILITY_CACHE=off in the environment keeps none.
    STABILITY_PATIENCE=10 lets closed forms take ten times as long.
    """
    if context.invoked_subcommand not in COMPUTE_NOTHING:
        from .compiled_code import keep_compiled_code

        keep_compiled_code()


def _version(context: click.Context, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"stability {version('game-stability')}")
        context.exit()


@cli.command(help=f"The whole stability analysis of one game.\n\n{GAME_HELP}")
@together(
    options.game,
    options.no_code,
    options.settings,
    options.fields(
        "A field to analyse, with settings: two-timescale:tau=2. Repeatable; default: gradient."
    ),
    options.rules(
        "A rule, applied to every field: alternating:lr=0.1,steps.disc=2,order=disc+gen. Repeatable; "
        "default for games: simultaneous and alternating with lr=0.1."
    ),
    options.penalties,
    click.option(
        "--condition",
        "conditions",
        multiple=True,
        metavar="CONDITION",
        shell_complete=completion.named("conditions"),
        help="A further condition to check at every equilibrium: nagarajan-kolter, proximal:lam=0.5. "
        "Repeatable.",
    ),
    options.at('Analyse this point instead of searching: --at "x=0,y=0". Repeatable.'),
    options.box,
    options.everywhere,
    options.starts,
    options.seed,
    click.option(
        "--batch",
        type=click.IntRange(1),
        metavar="SIZE",
        help="For a game with data: what its noise does to every rule that sees a fresh minibatch of so "
        "many samples at every evaluation of the field.",
    ),
    click.option(
        "--summary", is_flag=True, help="The answer, and a table with a line for each equilibrium."
    ),
    click.option(
        "--details",
        multiple=True,
        metavar="NUMBER",
        help="Everything about this equilibrium of the table, or about all. Repeatable; default: all "
        "of up to six, of more the table alone.",
    ),
    options.as_json("stability-report/1"),
    options.output(".txt, .md, .json, or .html with pictures"),
    options.force,
    click.option(
        "--check",
        is_flag=True,
        help="Exit with 0 if every rule is stable at some equilibrium, 3 if one is not, 4 if that is "
        "undecided.",
    ),
)
def report(**chosen) -> None:
    from .report import run

    sys.exit(run(**chosen))


@cli.command(
    help="Every algorithm on one game side by side: is it stable, up to which step, how fast at the best "
    "one, and at what cost.\n\nWith --rule alone: these rules along the gradient field; with --field alone: "
    "simultaneous and alternating steps along these fields; with both: every pair; with neither: "
    f"everything that applies.\n\n{GAME_HELP}"
)
@together(
    options.game,
    options.no_code,
    options.settings,
    options.fields("consensus:gamma=0.5. Repeatable."),
    options.rules(
        "heavy-ball:lr=0.1,beta=-0.5, or lookahead:k=5,inner=(extragradient). Repeatable."
    ),
    options.penalties,
    options.at(
        'Compare at this equilibrium: --at "x=0,y=0". Repeatable; default: all that are found.'
    ),
    options.box,
    options.everywhere,
    options.starts,
    options.seed,
    click.option(
        "--exact", is_flag=True, help="Exact conditions for stability, in all parameters."
    ),
    click.option(
        "--tune",
        multiple=True,
        metavar="NAME=LOW:HIGH",
        help="For which values of a parameter or setting is each algorithm stable, and which is best: "
        "--tune gamma=0:5, --tune two-timescale.tau=0:inf. Repeatable.",
    ),
    options.as_json("stability-compare/1"),
    options.output(f".txt, .md, .json, or a picture: {FIGURES}"),
    options.force,
)
def compare(**chosen) -> None:
    from .compare import run

    sys.exit(run(**chosen))


@cli.command(
    help="Numbers of a report over a grid of one or two parameters, step sizes or settings.\n\n"
    "An axis is a parameter of the game (gamma), a step size (lr, or lr.PLAYER), or a setting of the "
    "field, the rule or a penalty (consensus.gamma, heavy-ball.beta). The equilibrium is found once, at "
    f"the base values, and followed over the grid.\n\nQuantities: {SWEEP_QUANTITIES}.\n\n"
    "With -o, finished chunks are kept in FILE.chunks: the same command goes on after an interruption."
    f"\n\n{GAME_HELP}"
)
@together(
    options.game,
    options.no_code,
    click.option(
        "--over",
        multiple=True,
        metavar="AXIS",
        help="What to vary: gamma=0:5:101, lr=1e-3:1:61:log or lr=0.01,0.1. Once or twice.",
    ),
    click.option(
        "--quantity",
        "quantities",
        multiple=True,
        metavar="NAME",
        help="What to compute. Repeatable.",
    ),
    options.settings,
    options.one_field,
    options.one_rule("The rule; default: simultaneous:lr=0.1."),
    options.penalties,
    click.option("--at", metavar="POINT", help='The equilibrium to follow: --at "x=0,y=0".'),
    options.box,
    options.everywhere,
    click.option(
        "--chunk", type=click.IntRange(1), help="Points computed at once; default: by size."
    ),
    click.option("--scheduler", metavar="ADDRESS", help="A Dask cluster: tcp://HOST:PORT."),
    options.as_json("stability-sweep/1"),
    options.output(f".csv, .json, .npz, or curves, loci or a map: {FIGURES}"),
    options.force,
)
def sweep(**chosen) -> None:
    from .sweep import run

    sys.exit(run(**chosen))


@cli.command(
    help="The phase portrait of a game, a flow or a map, as a picture: the field, where each component "
    "vanishes, equilibria by type, separatrices, cycles, and the paths of the flow and of the algorithm "
    f"side by side.\n\n{GAME_HELP}"
)
@together(
    options.what_moves,
    click.option(
        "--basins",
        type=click.Choice(["flow", "steps"]),
        help="Colour every start by where the flow, or the first rule's steps, take it.",
    ),
    options.plane,
    options.plane_at,
    options.box,
    options.everywhere,
    options.seed,
    options.as_json("stability-portrait/1"),
    options.output(f"{FIGURES} or .json; default: NAME-portrait.svg"),
    options.force,
)
def portrait(**chosen) -> None:
    from .portrait import run

    sys.exit(run(**chosen))


@cli.command(
    help="The flow against the algorithm's steps, from one start: where each goes, how far apart they "
    "are, and the modified flow that the steps follow.\n\nPrints a table; with -o draws a figure, or an "
    f"animation.\n\n{GAME_HELP}"
)
@together(
    options.what_moves,
    options.plane,
    options.plane_at,
    options.box,
    options.everywhere,
    options.seed,
    click.option(
        "--seconds",
        type=click.FloatRange(0, 600, min_open=True),
        default=8.0,
        show_default=True,
        help="How long an animation lasts.",
    ),
    options.as_json("stability-trajectory/1"),
    options.output(f"{FIGURES}, .gif, .mp4, .csv, .json, .md or .txt"),
    options.force,
)
def trajectory(**chosen) -> None:
    from .trajectory import run

    sys.exit(run(**chosen))


@cli.command(
    help="A large game, two networks say, at a checkpoint: rightmost and largest eigenvalues of its "
    "Jacobian, "
    "the ends of the players' own Hessians, Nash, minmax and Stackelberg conditions, rotation, and the "
    "multipliers of the rule used, each with residuals. Above 1,000 "
    "numbers no matrix is formed.\n\nGAME may also be the "
    "folder of a training run (`st.train`): its last checkpoint, or with --along many. This runs the Python "
    "file that the run.json in the folder names: probe only what you would run, or give --no-code."
    f"\n\n{GAME_HELP}"
)
@together(
    options.game,
    options.no_code,
    options.settings,
    options.one_field,
    options.rules(
        "The algorithm whose step is linearised: alternating:lr=0.1. Repeatable; default for a run: its own, "
        "at the state it had."
    ),
    options.penalties,
    click.option(
        "--at",
        metavar="CHECKPOINT",
        help="The point: an .npz file (see `st.save_checkpoint`), or a step of a run. Default: the game's "
        "start, a run's last.",
    ),
    click.option("--along", is_flag=True, help="Probe a run's checkpoints, evenly spread."),
    click.option(
        "--checkpoints",
        type=click.IntRange(1),
        help="How many checkpoints --along takes; default: at most 12.",
    ),
    click.option(
        "--k",
        type=click.IntRange(1, 1000),
        help="How many rightmost, and how many largest, eigenvalues; default: 20, or all.",
    ),
    click.option(
        "--tolerance",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        help="Relative residual of an eigenpair; default by precision.",
    ),
    click.option(
        "--products",
        type=click.IntRange(10),
        default=2000,
        show_default=True,
        help="Products at most of one search for eigenvalues; what was not found is said.",
    ),
    click.option(
        "--move", is_flag=True, help="First move to the stationary point nearby, if there is one."
    ),
    click.option(
        "--advise",
        is_flag=True,
        help="Instead: which step sizes, ratios, momenta and penalty strengths are stable here for the "
        "algorithm in use, one number at a time, and which are fastest.",
    ),
    click.option(
        "--batch",
        type=click.IntRange(1),
        help="With --advise: its spread over four batches of so many samples.",
    ),
    click.option(
        "--period",
        type=click.IntRange(1),
        help="With --advise: penalties are applied every so many steps, so many times as strong (lazy "
        "regularisation).",
    ),
    options.seed,
    options.as_json("stability-probe/1, stability-probe-series/1 or stability-advice/1"),
    options.output(f".txt, .md, .json, or a picture: {FIGURES}"),
    options.force,
)
def probe(**chosen) -> None:
    from .probe import run

    sys.exit(run(**chosen))


@cli.command(
    "list", help="The catalogue's games, and the fields, rules, penalties and conditions there are."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema stability-list/1).")
def list_(as_json) -> None:
    from .catalogue import show_list

    show_list(as_json)


@cli.command(
    help="Print a catalogue game's file, to start your own from, or a Gambit .nfg file as a game file."
)
@click.argument("name", shell_complete=completion.catalogue_names)
@click.option(
    "--nfg", "as_nfg", is_flag=True, help="Print any game in strategic form as a .nfg file."
)
def show(name, as_nfg) -> None:
    from .catalogue import show_source

    show_source(name, as_nfg)
