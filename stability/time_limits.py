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
from typing import TypeVar

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
    `patience`.

    Exceptions raised by `work` pass through. The limit acts between bytecodes: a single long call into
    C (arithmetic on huge integers) is not interrupted, so sizes have to be bounded by the caller.
    Calls may be nested; whichever limit passes first ends its own block.
    """
    seconds *= _patience()
    limit = type("OutOfTime", (OutOfTime,), {})  # its own class, so that nested limits stay apart
    main = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    try:
        with (_timer if main else _clock)(seconds, limit):
            return work()
    except limit:
        return default


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


@contextmanager
def _timer(seconds: float, limit: type[OutOfTime]):
    end = time.thread_time() + seconds

    def ring(_, frame):
        left = end - time.thread_time()
        if left > 0:
            signal.setitimer(signal.ITIMER_REAL, max(left, _SHORTEST), _SHORTEST)
        elif not _in_callback(frame):  # else it rings again
            raise limit

    if _ends and _ends[-1] <= end:  # the enclosing limit comes first
        yield
        return
    _ends.append(end)
    begin, outer = time.monotonic(), signal.getitimer(signal.ITIMER_REAL)[0]
    handler = signal.signal(signal.SIGALRM, ring)
    # again and again, in case a callback swallows one
    signal.setitimer(signal.ITIMER_REAL, seconds, _SHORTEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        _ends.pop()
        if outer:
            rest = max(outer - (time.monotonic() - begin), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, rest, _SHORTEST)


@contextmanager
def _clock(seconds: float, limit: type[OutOfTime]):
    end = time.thread_time() + seconds
    outer = sys.getprofile()

    def look(frame, event, argument):
        if time.thread_time() > end and not _in_callback(frame):
            raise limit
        if outer is not None:
            outer(frame, event, argument)

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(outer)
