"""The catalogue: known games, each a game file with its source and what is known of it.

It is text alone, which nothing has to be imported for: the files lie in `games/catalogue`.
"""

from __future__ import annotations

from importlib import resources

from .errors import InputError

_FILES = resources.files("stability") / "games" / "catalogue"


def names() -> tuple[str, ...]:
    """The names of all catalogue entries, in alphabetical order."""
    files = (f.name for f in _FILES.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


def source(name: str) -> str:
    """The text of a catalogue entry's game file. Raises InputError for a name that is not there."""
    known = names()
    if name not in known:
        import difflib

        close = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "`stability list` shows them all"
        raise InputError(f"there is no game called {name!r} in the catalogue; {hint}")
    return (_FILES / f"{name}.toml").read_text(encoding="utf-8")


def summary(name: str) -> str:
    """The first sentence of an entry's leading comment."""
    lines = []
    for line in source(name).splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").rstrip())
        if lines[-1].endswith(".") or lines[-1] == "":
            break
    return " ".join(lines).strip()
