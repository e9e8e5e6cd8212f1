"""Exceptions for bad input: one sentence that names the thing and the fix."""

from __future__ import annotations

import linecache
import os
import sysconfig

_HERE = os.path.dirname(os.path.abspath(__file__))
_OTHERS = tuple(  # folders whose code is not the user's
    os.path.join(folder, "")
    for folder in (
        _HERE,
        os.path.join(os.path.dirname(_HERE), "stability_cli"),
        os.path.join(os.path.dirname(_HERE), "cli", "stability_cli"),
        sysconfig.get_path("stdlib"),
    )
)


class InputError(ValueError):
    """Something the user handed in is wrong; the message says what and how to mend it."""


class InputTypeError(InputError, TypeError):
    """Something the user handed in has the wrong kind (a string for a number, a vector for a loss)."""


class SingularError(InputError):
    """A field or rule needs the inverse of a matrix that has none."""


class NotAtRestError(InputError):
    """A rule does not rest at a point where it was to be analysed."""


class KeyedError(InputError):
    """Something is wrong with what a game file has a `key` for: an angle, a total."""

    def __init__(self, key: str, message: str):
        super().__init__(message)
        self.key = key


class GameFileError(InputError):
    """A game file is wrong. The message begins with the file, the key and, in expressions, the column."""


class ExpressionError(InputError):
    """An expression is wrong.

    `column` is the 1-based column in the expression at which the trouble starts, or None.
    """

    def __init__(self, message: str, column: int | None = None):
        super().__init__(message)
        self.column = column


def line_of_user(error: BaseException) -> str:
    """Where in the user's own code an error was raised: ` (line 3 of game.py: return 1 / 0)`, or ""."""
    found = ""
    traceback = error.__traceback__
    while traceback is not None:
        file, line = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        if os.path.isfile(file) and not file.startswith(_OTHERS) and "-packages" not in file:
            linecache.checkcache(file)
            text = linecache.getline(file, line).strip()
            found = f" (line {line} of {os.path.basename(file)}: {text})"
        traceback = traceback.tb_next
    return found


def check_kind(thing: object, kind: type, example: str) -> None:
    """Raises InputTypeError unless the thing is a Rule, a Field, a Penalty, …, such as the example."""
    if not isinstance(thing, kind):
        raise InputTypeError(f"{thing!r} is no {kind.__name__.lower()}; use for example {example}")
