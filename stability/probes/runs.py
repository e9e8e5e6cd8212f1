"""A training run on disk: what was trained and how, in run.json, and checkpoints along the way."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..analysis import names as named
from ..dynamics.trajectory import Outcome
from ..errors import InputError
from ..games import Game, load
from ..games.load import check_file
from ..networks import load_checkpoint, save_checkpoint
from ..penalties import Penalty
from ..rules.rule import Rule, State

SCHEMA = "stability-run/1"
MANIFEST = "run.json"
_CHECKPOINT = re.compile(r"checkpoint-(\d{6,18})\.npz")
_LARGEST_MANIFEST = 2**20  # bytes; a real one has about a thousand
_UNDER_WAY = ("version", "every", "outcome", "steps")  # what may differ between two parts of a run


@dataclass(frozen=True)
class CheckpointFile:
    """One checkpoint of a run: how many steps had been taken, and the file."""

    step: int
    path: Path

    def load(self, game: Game) -> tuple[np.ndarray, ...]:
        """The rule's state, the profile first. Raises InputError if the file holds none of this game."""
        found = load_checkpoint(self.path, game)
        if found.step != self.step:
            raise InputError(f"{self.path} says that it is of step {found.step}; rename it")
        memory = found.extra.get("state", ())
        if not isinstance(memory, tuple):
            raise InputError(f"{self.path}: '__state__' is not a sequence of vectors")
        return (found.x, *memory)


@dataclass(frozen=True, eq=False)
class Run:
    """A training run in a folder.

    - `folder`: where it is kept.
    - `game`: as it was trained, with the run's penalties. `bare`: the same without them, and `penalties`:
      these; where the game was given, that game and none.
    - `rule`: what it was trained by; None if that was an object of the user's own.
    - `checkpoints`: in the order of their steps, at least one.
    - `recorded`: the content of run.json.
    - `remarks`: what a reader of this run has to know, in sentences.
    """

    folder: Path
    game: Game
    bare: Game
    penalties: tuple[Penalty, ...]
    rule: Rule | None
    checkpoints: tuple[CheckpointFile, ...]
    recorded: Mapping[str, Any]
    remarks: tuple[str, ...] = ()


def open_run(
    folder: str | os.PathLike[str], *, game: Game | None = None, rule: Rule | None = None
) -> Run:
    """The training run that `stability.train` left in a folder.

    **This runs the Python file that run.json names**, unless `game` is given: open the runs of people whose
    code you would run.

    - `folder`: where the run is kept.
    - `game`: the game as it was trained, penalties included; needed where it was not trained from a file or
      the catalogue.
    - `rule`: instead of the one recorded.

    Raises InputError, which names the file, if the folder holds no run, run.json is damaged or names a game,
    penalty or rule that is not there, or there are no checkpoints. The checkpoints themselves are read by
    their `load`.
    """
    folder = Path(folder)
    how = _read(folder)
    where = folder / MANIFEST
    remarks = []
    penalties: tuple[Penalty, ...] = ()
    if game is not None:
        bare = game
    else:
        bare, penalties = _recorded_game(folder, how)
        game = bare
        for penalty in penalties:
            game = penalty(game)
        if how.get("source") != _digest(folder, how["game"]):
            remarks.append(f"{_path(folder, how['game'])} has changed since this run")
    sizes = dict(zip(game.players, game.partition.sizes, strict=True))
    if sizes != how.get("players"):
        raise InputError(
            f"{where} records players {how.get('players')}, but the game has {sizes}; did it change?"
        )
    if rule is None and how.get("rule") is not None:
        rule = _named(where, how["rule"], named.rule)
    checkpoints = checkpoint_files(folder)
    if not checkpoints:
        raise InputError(f"{folder} has no checkpoints (checkpoint-000000.npz and so on)")
    return Run(folder, game, bare, penalties, rule, checkpoints, how, tuple(remarks))


def code_of(folder: str | os.PathLike[str]) -> str | None:
    """The Python file that `open_run` runs for the run in a `folder`, or None; raises what that does."""
    game = _read(Path(folder)).get("game")
    path = None if game is None else _path(Path(folder), game)
    return path if path is not None and path.endswith(".py") else None


@dataclass(frozen=True)
class RunWriter:
    """Writes a run's folder while training goes on; every file whole or not at all."""

    folder: Path
    recorded: Mapping[str, Any]

    @classmethod
    def begin(cls, folder: Path, how: Mapping[str, Any]) -> RunWriter:
        """Takes a new or empty folder, or one with a part of the same run.

        Raises InputError if the folder holds something else.
        """
        if how["game"] is not None:
            how = {**how, "game": _relative(folder, how["game"])}
            how["source"] = _digest(folder, how["game"])
        how = json.loads(json.dumps(how))  # as it will be read again
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / MANIFEST).exists():
                _check_same(folder, how, _read(folder))
            elif any(folder.iterdir()):
                raise InputError(
                    f"{folder} is not empty and holds no training run; name another folder"
                )
        except OSError as error:
            raise InputError(f"{folder} cannot be written to: {error.strerror}") from None
        writer = cls(folder, how)
        writer._record("running", None)
        return writer

    def keep(self, game: Game, step: int, state: State) -> None:
        """Writes the state after so many steps."""
        path = self.folder / f"checkpoint-{step:06d}.npz"
        x, *memory = (np.asarray(vector) for vector in state)
        save_checkpoint(path, game, x, step=step, state=memory)

    def end(self, step: int, outcome: Outcome) -> None:
        """Records how training ended."""
        self._record(outcome.name.lower().replace("_", " "), step)

    def _record(self, outcome: str, steps: int | None) -> None:
        content = {**self.recorded, "outcome": outcome, "steps": steps}
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{MANIFEST}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    stream.write(text)
                os.replace(temporary, self.folder / MANIFEST)
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError as error:
            raise InputError(f"{self.folder} cannot be written to: {error.strerror}") from None


def description(
    game: Game,
    source: str | None,
    rule: Rule,
    penalties: Sequence[Penalty],
    batch: int | None,
    seed: int,
    every: int | None,
    x: Any,
) -> dict[str, Any]:
    """What run.json says of a run from the profile x on, whose game is what `load` makes of `source`."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "game": source,
        "source": None,
        "name": game.name,
        "players": dict(zip(game.players, game.partition.sizes, strict=True)),
        "dtype": str(x.dtype),
        "start": hashlib.sha256(np.asarray(x).tobytes()).hexdigest(),
        "penalties": [named.penalty_text(penalty) for penalty in penalties],
        "rule": named.rule_text(rule, game.players),
        "batch": batch,
        "seed": int(seed),
        "every": every,
    }


def checkpoint_files(folder: Path) -> tuple[CheckpointFile, ...]:
    """The checkpoints in a folder, in the order of their steps."""
    found = [
        (match, path) for path in folder.iterdir() if (match := _CHECKPOINT.fullmatch(path.name))
    ]
    return tuple(sorted((CheckpointFile(int(m[1]), p) for m, p in found), key=lambda own: own.step))


def _read(folder: Path) -> dict[str, Any]:
    """run.json, as far as every reader needs it checked."""
    path = folder / MANIFEST
    try:
        check_file(path, _LARGEST_MANIFEST)
        how = json.loads(path.read_text(encoding="utf-8"))
    except InputError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{folder} holds no training run: there is no {MANIFEST} in it") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):  # a null character in the name, too
        raise InputError(f"{path} is no JSON file, or it is damaged") from None
    if not isinstance(how, dict) or how.get("schema") != SCHEMA:
        raise InputError(f"{path} is no record of a training run of schema {SCHEMA}")
    penalties = how.get("penalties")
    texts = [how.get("game"), how.get("rule"), *(penalties if isinstance(penalties, list) else [0])]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise InputError(f"{path} is damaged: its game, rule or penalties are no texts")
    return how


def _recorded_game(folder: Path, how: Mapping[str, Any]) -> tuple[Game, tuple[Penalty, ...]]:
    """The game that was trained, and the penalties that were put on it."""
    where = folder / MANIFEST
    if how.get("game") is None:
        raise InputError(f"{where} names no file that the game is in; pass game=")
    if None in how["penalties"]:
        raise InputError(f"{where} records a penalty that is no part of this library; pass game=")
    try:
        system: Any = load(_resolved(folder, how["game"]))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    game = system.twin
    if game.kind != "game":
        raise InputError(f"{where}: {how['game']} is no game but a {game.kind}")
    return game, tuple(_named(where, text, named.penalty) for text in how["penalties"])


def _named(where: Path, text: str, read: Callable[[str], Any]) -> Any:
    """What a text stands for, but no object of a Python file: only the game's own file is run."""
    if ".py" in text:
        raise InputError(f"{where}: {text!r} is no rule or penalty of this library")
    try:
        return read(text)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _check_same(folder: Path, how: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    for key, value in how.items():
        if key not in _UNDER_WAY and before.get(key) != value:
            raise InputError(
                f"{folder} holds a different run (its {key} is not the same); name another folder"
            )


def _is_file(game: str) -> bool:
    path = game.rpartition(":")[0]
    return path.endswith(".py") or game.endswith((".py", ".toml"))


def _split(game: str) -> tuple[str, str]:
    """`file.py:name` as the path and `:name`."""
    path, colon, name = game.rpartition(":")
    return (path, colon + name) if path.endswith(".py") else (game, "")


def _relative(folder: Path, game: str) -> str:
    """The game's file as seen from the folder, so that both can be moved together."""
    if not _is_file(game):
        return game
    path, name = _split(game)
    try:
        return Path(os.path.relpath(path, folder)).as_posix() + name
    except ValueError:  # on another drive
        return Path(path).resolve().as_posix() + name


def _resolved(folder: Path, game: str) -> str:
    if not _is_file(game):
        return game
    path, name = _split(game)
    return os.path.normpath(folder / path) + name


def _path(folder: Path, game: str) -> str:
    return _split(_resolved(folder, game))[0]


def _digest(folder: Path, game: str) -> str | None:
    """A digest of the file the game is in; None for a game of the catalogue."""
    if not _is_file(game):
        return None
    try:
        return hashlib.sha256(Path(_path(folder, game)).read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        raise InputError(f"{_path(folder, game)} cannot be read: {error}") from None
