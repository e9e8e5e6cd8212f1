"""Exceptions for bad input: one sentence that names the thing and the fix."""


class InputError(ValueError):
    """Something the user handed in is wrong; the message says what and how to mend it."""


class InputTypeError(InputError, TypeError):
    """Something the user handed in has the wrong kind (a string for a number, a vector for a loss)."""


class SingularError(InputError):
    """A field or rule needs the inverse of a matrix that has none."""


class NotAtRestError(InputError):
    """A rule does not rest at a point where it was to be analysed."""


class GameFileError(InputError):
    """A game file is wrong. The message begins with the file, the key and, in expressions, the column."""


class ExpressionError(InputError):
    """An expression is wrong.

    `column` is the 1-based column in the expression at which the trouble starts, or None.
    """

    def __init__(self, message: str, column: int | None = None):
        super().__init__(message)
        self.column = column


def check_kind(thing: object, kind: type, example: str) -> None:
    """Raises InputTypeError unless the thing is a Rule, a Field, a Penalty, …, such as the example."""
    if not isinstance(thing, kind):
        raise InputTypeError(f"{thing!r} is no {kind.__name__.lower()}; use for example {example}")
