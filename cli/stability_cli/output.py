"""Writing results: whole or not at all, and never over an existing file unless told to."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stability.errors import InputError

from .entry import unfinished

if TYPE_CHECKING:
    from stability.documents.page import Page


def check_output(output: str, suffixes: tuple[str, ...], force: bool) -> None:
    """Raises InputError, before any work is done, if the result could not be written to `output`."""
    path = Path(output)
    if path.suffix not in suffixes:
        raise InputError(f"{output}: the file's ending tells the format; use {', '.join(suffixes)}")
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"{output}: there is no folder {path.parent} to write this file to")
    if path.exists() and not force:
        raise InputError(f"{output} exists; use --force to overwrite it")


def write(output: str, content: str | bytes) -> None:
    """Writes a file by way of a temporary one beside it."""
    path = Path(output)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror}") from None
    unfinished.add(temporary)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError):
            raise InputError(f"{output} cannot be written: {error.strerror}") from None
        raise
    finally:
        unfinished.discard(temporary)
    click.echo(f"wrote {output}", err=True)


SUFFIXES = (".txt", ".md", ".json")


def deliver(page: Page, output: str | None, as_json: bool) -> None:
    """Writes a result to a file, in the format that its ending tells, or prints it."""
    if output is not None:
        render = {
            ".json": lambda: page.to_json() + "\n",
            ".md": page.to_markdown,
            ".txt": lambda: page.to_text(100),
        }[Path(output).suffix]
        write(output, render())
    elif as_json:
        click.echo(page.to_json())
    else:
        click.echo(page.to_text(terminal_width(), colour()), nl=False)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def terminal_width() -> int:
    """The width of the terminal, or 100 columns where there is none (a pipe)."""
    import shutil

    return max(40, shutil.get_terminal_size(fallback=(100, 40)).columns)


def colour() -> bool:
    """Whether standard output takes colour (NO_COLOR is honoured)."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
