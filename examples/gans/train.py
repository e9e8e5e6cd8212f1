"""Trains a GAN and keeps the run in a folder, for `stability probe FOLDER --along`.

    python examples/gans/train.py digits --rule alternating:lr=0.1 --penalty r1:gamma=0.1 \
        --steps 20000 --batch 128 --every 2000 -o runs/digits
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import stability as st
from stability.analysis import names as named

HERE = Path(__file__).parent
GAMES = {
    "digits": HERE / "digits.py:game",
    "convolutional": HERE / "digits.py:convolutional",
    "ring": HERE / "ring.py:game",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains a GAN and keeps the run in a folder.")
    parser.add_argument("game", help=f"{', '.join(GAMES)}, or a file.py:name of your own")
    parser.add_argument("--rule", default="alternating:lr=0.1", help="as for `stability report`")
    parser.add_argument(
        "--penalty", action="append", default=[], help="such as r1:gamma=1; repeatable"
    )
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--batch", type=int, help="samples of each step; default: all")
    parser.add_argument("--seed", type=int, default=0, help="of the minibatches")
    parser.add_argument(
        "--every", type=int, help="steps between checkpoints; default: a tenth of all"
    )
    parser.add_argument("-o", "--output", required=True, help="the folder of the run")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    try:
        trained = run(chosen)
    except st.InputError as error:
        sys.exit(f"Error: {error}")
    print(f"{trained.outcome.name.lower().replace('_', ' ')} after {trained.step} steps")
    for player, loss in zip(trained.game.players, trained.game.losses(trained.x), strict=True):
        print(f"loss of {player}: {float(loss):.5g}")


def run(chosen: argparse.Namespace) -> Any:
    rule = named.rule(chosen.rule)
    penalties = [named.penalty(text) for text in chosen.penalty]
    with progress_bar(chosen.steps) as progress:
        return st.train(
            str(GAMES.get(chosen.game, chosen.game)),
            rule,
            chosen.steps,
            penalties=penalties,
            batch=chosen.batch,
            seed=chosen.seed,
            every=chosen.every or max(1, chosen.steps // 10),
            folder=chosen.output,
            progress=progress,
        )


@contextlib.contextmanager
def progress_bar(steps: int):
    """What shows how far training is: a bar on a terminal, elsewhere a line every ten seconds."""
    if not sys.stderr.isatty():
        said = time.monotonic()

        def line(done: int, _: int) -> None:
            nonlocal said
            if time.monotonic() - said >= 10:
                said = time.monotonic()
                print(f"{done} of {steps} steps", file=sys.stderr, flush=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("training", total=steps)
        yield lambda done, _: bar.update(task, completed=done)


if __name__ == "__main__":
    main()
