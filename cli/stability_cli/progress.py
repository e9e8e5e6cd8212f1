"""What is said on stderr while a command works: a spinner on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

EVERY: float | None = 10.0  # seconds between two lines; None: no lines


@contextlib.contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Says what is being done while something runs; what is yielded changes it."""
    if not sys.stderr.isatty():
        with _lines(what) as now:
            yield now
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} …") as status:
        yield lambda step: status.update(f"{step} …")


@contextlib.contextmanager
def _lines(what: str) -> Iterator[Callable[[str], None]]:
    stream, now, over = sys.stderr, [what], threading.Event()
    begun = time.monotonic()

    def say() -> None:
        while not over.wait(EVERY):
            with contextlib.suppress(OSError, ValueError):  # a stream that is full, or closed
                print(f"{now[0]} … ({time.monotonic() - begun:.0f} s)", file=stream, flush=True)

    def change(step: str) -> None:
        now[0] = step

    threading.Thread(target=say, daemon=True, name="progress").start()
    try:
        yield change
    finally:
        over.set()
