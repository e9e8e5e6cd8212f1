"""Time limits for symbolic work.

SymPy's simplifiers and solvers have no bound of their own, so every call whose cost depends on the
user's expression runs inside `within`. In the main thread a timer signal ends the work; in other threads,
and where there are no such signals, a profile function looks at the clock at every Python call. (Exceptions
sent with PyThreadState_SetAsyncExc would serve both, but cannot be taken back: CPython 3.11 was seen to
spin after one was cancelled.)
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class OutOfTime(BaseException):
    """Work took longer than it was given. No `Exception`: SymPy's own handlers must not swallow it."""


def within(seconds: float, work: Callable[[], T], default: T) -> T:
    """Returns `work()`, or `default` when that takes more than about `seconds`.

    Exceptions raised by `work` pass through. The limit acts between bytecodes: a single long call into
    C (arithmetic on huge integers) is not interrupted, so sizes have to be bounded by the caller.
    Calls may be nested; whichever limit passes first ends its own block.
    """
    limit = type("OutOfTime", (OutOfTime,), {})  # its own class, so that nested limits stay apart
    main = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    try:
        with (_timer if main else _clock)(seconds, limit):
            return work()
    except limit:
        return default


def _in_callback(frame: FrameType | None) -> bool:
    """Whether the garbage collector has called, where an exception would be lost with a warning."""
    while frame is not None and frame.f_code is not within.__code__:
        name, module = frame.f_code.co_name, frame.f_globals.get("__name__")
        if "gc_callback" in name or name == "__del__" or module in ("weakref", "_weakrefset"):
            return True
        frame = frame.f_back
    return False


@contextmanager
def _timer(seconds: float, limit: type[OutOfTime]):
    def ring(_, frame):
        if not _in_callback(frame):  # else it rings again
            raise limit

    begin = time.monotonic()
    outer = signal.getitimer(signal.ITIMER_REAL)[0]
    if 0 < outer <= seconds:  # the enclosing limit comes first
        yield
        return
    handler = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)  # again, in case a callback swallows one
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if outer:
            rest = max(outer - (time.monotonic() - begin), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, rest, 0.05)


@contextmanager
def _clock(seconds: float, limit: type[OutOfTime]):
    end = time.monotonic() + seconds
    outer = sys.getprofile()

    def look(frame, event, argument):
        if time.monotonic() > end and not _in_callback(frame):
            raise limit
        if outer is not None:
            outer(frame, event, argument)

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(outer)
