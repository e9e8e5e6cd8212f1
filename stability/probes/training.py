"""Training a game: a rule's steps in a compiled loop, on minibatches, with checkpoints to go on from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.positive_settings import check_whole
from ..dynamics.system import is_a
from ..dynamics.trajectory import Outcome
from ..errors import InputError, InputTypeError
from ..fields import Gradient
from ..games import Game, SymbolicGame, load
from ..games.batches import samples
from ..penalties import Penalty
from ..rules.rule import Rule, State
from .runs import RunWriter, checkpoint_files, description

CHUNK = 128  # steps at most between two returns to the host
BLOW_UP = 1e9  # the norm of a profile that counts as lost, as in `simulate`


@dataclass(frozen=True, eq=False)
class Training:
    """Where a training run ended.

    - `game`: with the penalties in it; `rule`.
    - `state`: the rule's state, a tuple of vectors, the first of them the profile `x`, shape (d,).
    - `step`: how many steps were taken in all; `outcome`: `FINISHED`, or `BLEW_UP` where the next step would
      not be finite, or be larger than 1e9: then `state` is the last one that was not.
    """

    game: Game
    rule: Rule
    state: State
    step: int
    outcome: Outcome

    @property
    def x(self) -> Any:
        """The profile, shape (d,)."""
        return self.state[0]

    @property
    def strategies(self) -> dict[str, Any]:
        """Every player's strategy as a pytree shaped as in the game's start."""
        return dict(zip(self.game.players, self.game.unpack(self.x), strict=True))


def train(
    game: Game | SymbolicGame | str | os.PathLike[str],
    rule: Rule,
    steps: int,
    *,
    penalties: Sequence[Penalty] = (),
    batch: int | None = None,
    seed: int = 0,
    every: int | None = None,
    folder: str | os.PathLike[str] | None = None,
    callback: Callable[[int, Any, State], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
    x0: Any = None,
) -> Training:
    """Steps a rule along a game's gradient field, in JAX's precision of the moment, float32 as a rule.

    **Arguments:**

    - `game`: a game, or what `stability.load` takes: a catalogue name, a .toml file or `file.py:name`.
    - `rule`: with its step size.
    - `steps`: how many in all, those of an earlier part of the same run in `folder` included.
    - `penalties`: added to the game's losses.
    - `batch`: how many samples each step sees, drawn without replacement, epoch by epoch, from the leading
      axis that all arrays of the game's data share; a last incomplete batch of an epoch is left out.
      Default: every step sees all data.
    - `seed`: of the draws; the batch of a step depends on the seed and the step's number alone.
    - `every`: keep a checkpoint, and call back, after every so many steps; default: only at both ends.
    - `folder`: where the run is kept, see `stability.open_run`. If it holds a part of this very run, training
      goes on from its last checkpoint, and ends bit for bit where it would have ended in one go.
    - `callback`: called with (step, x, state) at every checkpoint, the beginning and the end among them.
    - `progress`: called now and then with (steps taken, all steps).
    - `x0`: the first profile, shape (d,); default: the game's start.

    The compiled loop is kept with the game. Raises InputError for numbers that are not positive whole ones,
    data without a common leading axis, a start that does not fit, and a folder that holds a different run.
    """
    source, game = _game(game, penalties)
    if not isinstance(rule, Rule):
        raise InputTypeError(f"training takes a rule such as Alternating(lr=0.1), not {rule!r}")
    check_whole(steps, "the number of steps", 1, 10**12)
    check_whole(steps if every is None else every, "every", 1, 10**12)
    draws = _Draws(game, batch, seed)
    x = _start(game, x0)
    flow = Gradient().flow(game.with_data(*draws.first(game.data)))
    rule.check(flow)
    run = found = None
    if folder is not None:
        how = description(game, source, rule, penalties, batch, seed, every, x)
        run = RunWriter.begin(Path(folder), how)
        found = _resumed(run, game, rule, flow, x, steps)
    step, state = found or (0, rule.init(flow, x))
    keep = partial(_keep, run, callback, game)
    if found is None:
        keep(step, state)
    begun = Training(game, rule, state, step, Outcome.FINISHED)
    ended = _trained(begun, steps, every, draws, keep, progress)
    if run is not None:
        run.end(ended.step, ended.outcome)
    return ended


def _trained(
    begun: Training,
    steps: int,
    every: int | None,
    draws: _Draws,
    keep: Callable[[int, State], None],
    progress: Callable[[int, int], None] | None,
) -> Training:
    """The training gone on with, up to the step `steps` or where it blows up."""
    game, rule, state, step = begun.game, begun.rule, begun.state, begun.step
    advance = game.kept("training", rule, lambda: jax.jit(partial(_advance, game, rule)))
    good = True
    while step < steps and good:
        if progress is not None:
            progress(step, steps)
        stop = steps if every is None else min(steps, every * (step // every + 1))
        count = min(CHUNK, stop - step)
        state, taken = advance(state, count, game.data, draws.rows(step))
        step, good = step + int(taken), int(taken) == count
        if step == stop or (not good and taken):
            keep(step, state)
    if progress is not None:
        progress(step, steps)
    return Training(game, rule, state, step, Outcome.FINISHED if good else Outcome.BLEW_UP)


def _keep(run: RunWriter | None, callback: Any, game: Game, step: int, state: State) -> None:
    if run is not None:
        run.keep(game, step, state)
    if callback is not None:
        callback(step, state[0], state)


def _advance(game: Game, rule: Rule, state: State, count: Any, data: Any, rows: Any) -> Any:
    """At most `count` steps: (state, how many). One program for any count, so that parts of a run agree."""

    def going(carry):
        taken, good, _ = carry
        return good & (taken < count)

    def step(carry):
        taken, _, before = carry
        own = data if rows is None else jax.tree.map(lambda leaf: leaf[rows[taken]], data)
        after = rule.step(Gradient().flow(game.with_data(*own)), before)
        good = jnp.linalg.norm(after[0]) <= BLOW_UP  # false for NaN
        for memory in after[1:]:
            good &= jnp.isfinite(memory).all()
        state = tuple(jnp.where(good, new, old) for new, old in zip(after, before, strict=True))
        return taken + good, good, state

    taken, _, state = jax.lax.while_loop(going, step, (0, jnp.asarray(True), state))
    return state, taken


class _Draws:
    """Which samples every step sees."""

    def __init__(self, game: Game, batch: int | None, seed: int):
        check_whole(seed, "the seed", 0, 2**63 - 1)
        self.batch, self.seed = batch, seed
        if batch is None:
            return
        self.size = samples(game.data)
        check_whole(batch, "the batch size", 1, self.size)

    def rows(self, step: int) -> np.ndarray | None:
        """The samples of the next CHUNK steps, shape (CHUNK, batch)."""
        if self.batch is None:
            return None
        each = self.size // self.batch
        epochs = range(step // each, (step + CHUNK - 1) // each + 1)
        drawn = [
            np.random.default_rng((self.seed, epoch))
            .permutation(self.size)[: each * self.batch]
            .reshape(each, self.batch)
            for epoch in epochs
        ]
        return np.concatenate(drawn)[step % each :][:CHUNK].astype(np.int32)

    def first(self, data: Any) -> Any:
        rows = self.rows(0)
        return data if rows is None else jax.tree.map(lambda leaf: leaf[rows[0]], data)


def _resumed(
    run: RunWriter, game: Game, rule: Rule, flow: Any, x: Any, steps: int
) -> tuple[int, State] | None:
    """The step and the state of the last checkpoint, if there is one."""
    files = checkpoint_files(run.folder)
    if not files:
        return None
    last = files[-1]
    if last.step > steps:
        raise InputError(f"{run.folder} has {last.step} steps already; ask for at least so many")
    state = tuple(jnp.asarray(vector) for vector in last.load(game))
    expected = jax.eval_shape(lambda x: rule.init(flow, x), x)
    if [(v.shape, v.dtype) for v in state] != [(v.shape, v.dtype) for v in expected]:
        raise InputError(f"{last.path} does not hold a state of the rule {rule}")
    return last.step, state


def _game(given: Any, penalties: Sequence[Penalty]) -> tuple[str | None, Game]:
    """Where the game is from, and the game in JAX with the penalties."""
    source = os.fspath(given) if isinstance(given, (str, os.PathLike)) else None
    game: Any = load(source) if source is not None else given
    if not is_a(game, "game"):
        raise InputTypeError(f"training is for games, not for {type(game).__name__}")
    game = game.twin
    for penalty in penalties:
        game = penalty(game)
    return source, game


def _start(game: Game, x0: Any) -> jax.Array:
    if isinstance(x0, Mapping):
        return game.pack(x0)
    x = jnp.asarray(game.start if x0 is None else x0)
    if x.shape != (game.dimension,) or not jnp.issubdtype(x.dtype, jnp.floating):
        raise InputError(
            f"training starts at a profile of {game.dimension} floating-point numbers, not at "
            f"{x.dtype} of shape {x.shape}"
        )
    if not np.isfinite(np.asarray(x)).all():
        raise InputError("the first profile of a training holds a number that is not finite")
    return x
