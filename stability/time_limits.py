"""Time limits for symbolic work.

SymPy's simplifiers and solvers have no bound of their own, so every call whose cost depends on the
user's expression runs inside `in_time`, and `patience` makes all limits longer. Seconds are of the thread's
own processor time, so that a busy machine finds what an idle one does. In the main thread a timer signal ends
the work; in other threads, and where there are no such signals, a profile function looks at the clock at
every Python call. (Exceptions sent with PyThreadState_SetAsyncExc would serve both, but cannot be taken back:
CPython 3.11 was seen to spin after one was cancelled.)
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any, TypeVar

from .errors import InputError

T = TypeVar("T")
VARIABLE = "STABILITY_PATIENCE"  # of the environment
_SHORTEST = 0.05  # seconds between two looks at the time
_factor: ContextVar[float | None] = ContextVar("patience", default=None)
_ends: list[float] = []  # when the limits ahead in the main thread pass, the innermost last


class OutOfTime(BaseException):
    """Work took longer than it was given. No `Exception`: SymPy's own handlers must not swallow it."""


def in_time(seconds: float, work: Callable[[], T], default: T) -> T:
    """Returns `work()`, or `default` when that takes more than about `seconds` of processor time, times the
    `patience`, or when SymPy fails in it.

    SymPy raises whatever comes where it meets an infinity in a maximum, a delta function in a comparison and
    the like; other exceptions raised by `work` pass through. The limit acts between bytecodes: a single long
    call into C (arithmetic on huge integers) is not interrupted, so sizes have to be bounded by the caller.
    Calls may be nested; whichever limit passes first ends its own block.
    """
    seconds *= _patience()
    limit = type("OutOfTime", (OutOfTime,), {})  # its own class, so that nested limits stay apart
    main = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    watch = (_Timer if main else _Clock)(seconds, limit)
    try:
        try:
            watch.begin()
            return work()
        finally:
            watch.end()
    except limit:
        watch.end()  # again: the time may have been over while it ended
        return default
    except Exception as error:
        if not of_sympy(error):
            raise
        return default


def of_sympy(error: BaseException) -> bool:
    """Whether an error was raised inside SymPy, or in the arithmetic below it."""
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    module = "" if innermost is None else innermost.tb_frame.f_globals.get("__name__", "")
    return module.partition(".")[0] in ("sympy", "mpmath")


@contextmanager
def patience(factor: float) -> Iterator[None]:
    """Inside `with patience(factor):` closed forms and exact answers may take that many times as long.

    SymPy is stopped after some seconds, and then a closed form is left out, or a verdict rests on numbers.
    With a `factor` above one more is found, at the price of waiting for it. The factor is the thread's own;
    without one it is the environment's STABILITY_PATIENCE, or 1.

    Raises InputError unless the factor is a positive finite number.
    """
    token = _factor.set(_positive(factor, "the patience"))
    try:
        yield
    finally:
        _factor.reset(token)


def _patience() -> float:
    own = _factor.get()
    return _positive(os.environ.get(VARIABLE) or 1, VARIABLE) if own is None else own


def _positive(value: object, what: str) -> float:
    try:
        number = float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise InputError(f"{what} is a positive finite number, not {value!r}")
    return number


def _in_callback(frame: FrameType | None) -> bool:
    """Whether the garbage collector has called, where an exception would be lost with a warning."""
    while frame is not None and frame.f_code is not in_time.__code__:
        name, module = frame.f_code.co_name, frame.f_globals.get("__name__")
        if "gc_callback" in name or name == "__del__" or module in ("weakref", "_weakrefset"):
            return True
        frame = frame.f_back
    return False


class _Timer:
    """Raises the limit in the main thread, when a timer rings after the time is over."""

    def __init__(self, seconds: float, limit: type[OutOfTime]):
        self.seconds, self.limit = seconds, limit
        self.end_of_time = time.thread_time() + seconds
        self.running = False

    def begin(self) -> None:
        if _ends and _ends[-1] <= self.end_of_time:  # the enclosing limit comes first
            return
        _ends.append(self.end_of_time)
        self.start, self.outer = time.monotonic(), signal.getitimer(signal.ITIMER_REAL)[0]
        self.handler = signal.signal(signal.SIGALRM, self.ring)
        self.running = True
        # again and again, in case a callback swallows one
        signal.setitimer(signal.ITIMER_REAL, self.seconds, _SHORTEST)

    def ring(self, _: int, frame: FrameType | None) -> None:
        left = self.end_of_time - time.thread_time()
        if not self.running:
            return
        if left > 0:
            signal.setitimer(signal.ITIMER_REAL, max(left, _SHORTEST), _SHORTEST)
        elif not _in_callback(frame):  # else it rings again
            self.end_of_time += left + _SHORTEST  # the next time after some work only
            raise self.limit

    def end(self) -> None:
        if not self.running:
            return
        self.running = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.handler)
        _ends.pop()
        if self.outer:
            rest = max(self.outer - (time.monotonic() - self.start), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, rest, _SHORTEST)


class _Clock:
    """Raises the limit where there is no timer, by looking at the clock at every call."""

    def __init__(self, seconds: float, limit: type[OutOfTime]):
        self.end_of_time, self.limit = time.thread_time() + seconds, limit
        self.outer = sys.getprofile()

    def begin(self) -> None:
        sys.setprofile(self.look)

    def look(self, frame: FrameType, event: Any, argument: Any) -> None:
        if time.thread_time() > self.end_of_time and not _in_callback(frame):
            raise self.limit
        if self.outer is not None:
            self.outer(frame, event, argument)

    def end(self) -> None:
        sys.setprofile(self.outer)
