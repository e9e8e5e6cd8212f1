"""From the name of a game to the game: a catalogue entry, a .toml file or a Python file's object."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from .. import catalogue
from ..dynamics.flow import SymbolicFlow
from ..dynamics.map import SymbolicMap
from ..dynamics.symbols import exact
from ..dynamics.system import System
from ..errors import GameFileError, InputError, InputTypeError, KeyedError, line_of_user
from .files import GameFile, read_game_file
from .nfg import read_nfg
from .symbolic import SymbolicGame

_refused: ContextVar[bool] = ContextVar("no code", default=False)
_LARGEST = 2**24  # bytes of a game's file


def load(game: str | os.PathLike[str], settings: Mapping[str, Any] | None = None) -> System:
    """The system that GAME names: a catalogue name, the path of a .toml or .nfg file, or `file.py:name`.

    `game` is such a text, or a path. `settings` are parameter values, numbers or text ("1/3", "sqrt(2)"). A
    Python file is run; the object called `name` in it is a Game, SymbolicGame, Flow or Map, or a function
    without arguments that returns one.

    Raises InputError (GameFileError for what is inside a file) if there is no such game or it is wrong.
    """
    settings = {
        name: value if isinstance(value, str) else str(exact(value))
        for name, value in (settings or {}).items()
    }
    game = os.fspath(game)
    path, _, attribute = game.rpartition(":")
    if path.endswith(".py") or game.endswith(".py"):
        return _from_python(*((path, attribute) if path.endswith(".py") else (game, "")), settings)
    if game.endswith(".toml"):
        return _built(read_game_file(_text(game), filename=game, settings=settings), game)
    if game.endswith(".nfg"):
        return _from_nfg(game, settings)
    if game and Path(game).exists():
        raise InputError(
            f"{game} is there, but a game file ends in .toml or .nfg, or is given as file.py:name"
        )
    for ending in (".toml", ".nfg"):
        if game not in catalogue.names() and Path(f"{game}{ending}").is_file():
            raise InputError(f"there is no game called {game!r}; did you mean {game}{ending}?")
    return build(read_game_file(catalogue.source(game), filename=game, settings=settings))


def _built(file: GameFile, filename: str) -> System:
    """The system of a parsed game file. Raises GameFileError for angles and totals that are none."""
    try:
        return build(file)
    except KeyedError as error:
        raise GameFileError(f"{filename}: {error.key}: {error}") from None


def build(file: GameFile) -> SymbolicGame | SymbolicFlow | SymbolicMap:
    """The symbolic system of a parsed game file."""
    if file.form is not None:
        return file.form.game(start=file.start, box=file.box)
    limited = {name for own in file.sets.values() for one in own for name in one.of or ()}
    start = dict(file.start) if file.start else None
    if start is not None:
        for variable in file.variables:
            if variable.name not in limited:
                start.setdefault(variable.name, 0)
    common: dict[str, Any] = {
        "parameters": file.parameters,
        "box": file.box,
        "start": start,
        "name": file.name,
    }
    if file.kind == "game":
        players = {p: (own, file.losses[p]) for p, own in file.players.items()}
        order = list(players)
        # the outer player of a min max is the one that minimises, even if it is listed second
        second = len(order) == 2 and order[0] in file.payoffs and order[1] not in file.payoffs
        return SymbolicGame(players, minimizer=int(second), sets=file.sets, **common)
    kind = SymbolicFlow if file.kind == "flow" else SymbolicMap
    rows = dict(zip(file.variables, file.equations, strict=True))
    totals = {
        name: (total, total.xreplace({v: start.get(v.name, 0) for v in file.variables}))
        if value is None and start
        else (total, value)
        for name, (total, value) in file.totals.items()
    }
    return kind(rows, **common, angles=file.angles, conserved=totals)


def check_file(path: str | os.PathLike[str], largest: int | None = None) -> None:
    """Raises InputError for a pipe or a device, which may never end, and for more than `largest` bytes.

    Raises what `os.stat` does if there is no such file.
    """
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path} is no file on a disk; save what it holds in one")
    if largest is not None and found.st_size > largest:
        raise InputError(f"{path} is too long: {found.st_size:,} bytes, more than {largest:,}")


@contextlib.contextmanager
def no_code() -> Iterator[None]:
    """Inside `with no_code():` no Python file is run; what needs one raises InputError."""
    token = _refused.set(True)
    try:
        yield
    finally:
        _refused.reset(token)


def _text(path: str) -> str:
    try:
        check_file(path, _LARGEST)
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except UnicodeDecodeError:
        raise GameFileError(f"{path}: the file is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except InputError:
        raise
    except ValueError:  # a null character in the name
        raise InputError(f"{path!r} is no name of a file") from None
    if "\0" in text and path.endswith((".toml", ".nfg")):  # UTF-16 without its mark
        raise GameFileError(f"{path}: the file is not UTF-8 text; save it as UTF-8")
    return text


def _from_nfg(path: str, settings: Mapping[str, str]) -> SymbolicGame:
    if settings:
        raise InputError(f"{path} is a .nfg file, which has no parameters; --set is for game files")
    form = read_nfg(_text(path), filename=path)
    try:
        return form.game()
    except InputError as error:
        raise GameFileError(f"{path}: {error}") from None


def _from_python(path: str, attribute: str, settings: Mapping[str, str]) -> System:
    if settings:
        raise InputError(f"{path} is a Python file; --set is for the parameters of game files")
    with _running(path) as module:
        attribute = attribute or _only_game(path, module)
        system = _attribute(path, module, attribute)
        if callable(system) and not isinstance(system, System):
            system = _guarded(f"{path}:{attribute} fails when it is called", system)
    if not isinstance(system, System):
        raise InputTypeError(
            f"{path}:{attribute} is no Game, SymbolicGame, Flow or Map but {type(system).__name__}"
        )
    if system.name == system.kind:
        system.name = attribute
    return system


def python_object(path: str, attribute: str) -> Any:
    """The object called `attribute` in a Python file, which is run. Raises InputError if there is none."""
    with _running(path) as module:
        return _attribute(path, module, attribute)


def _attribute(path: str, module: Any, attribute: str) -> Any:
    if not hasattr(module, attribute):
        raise InputError(f"{path} defines no {attribute!r}")
    return getattr(module, attribute)


@contextlib.contextmanager
def _running(path: str) -> Iterator[Any]:
    """A Python file run as a module, with its own folder on the path of imports meanwhile."""
    if _refused.get():
        raise InputError(f"{path} is a Python file, which would be run, and --no-code forbids that")
    if not _text(path).strip():  # also says clearly if it cannot be read
        raise InputError(f"{path} is empty")
    name = f"_stability_{Path(path).stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    loader = None if specification is None else specification.loader
    if specification is None or loader is None:  # a folder called x.py
        raise InputError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(specification)
    folder = str(Path(path).resolve().parent)
    sys.modules[specification.name] = module  # dataclasses look their module up
    sys.path.insert(0, folder)
    try:
        _guarded(f"{path} fails when it is run", lambda: loader.exec_module(module))
        yield module
    finally:
        sys.path.remove(folder)


def _only_game(path: str, module: Any) -> str:
    found = {
        id(v): k for k, v in vars(module).items() if isinstance(v, System) and not k.startswith("_")
    }
    if len(found) != 1:
        known = ", ".join(f"{path}:{name}" for name in found.values()) or f"{path}:name"
        raise InputError(f"say which object of {path} is the game, as in {known}")
    return next(iter(found.values()))


def _guarded(what: str, run: Callable[[], Any]) -> Any:
    """`run()`, with whatever it raises turned into one sentence; its own sentences pass."""
    try:
        return run()
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"{what}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    reason = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return reason + line_of_user(error)
