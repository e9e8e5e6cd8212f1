"""Time limits for symbolic work.

SymPy's simplifiers and solvers have no bound of their own, so every call whose cost depends on the
user's expression runs inside `time_limit`. The exception is raised in the calling thread by a watchdog
(`PyThreadState_SetAsyncExc`), which works in every thread and on every platform of CPython; it derives
from BaseException so that SymPy's own `except Exception` clauses cannot swallow it, and is sent again
until the block has been left, because callbacks such as `__del__` may.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class OutOfTime(BaseException):
    """A block of symbolic work took longer than it was given."""


def within(seconds: float, work: Callable[[], T], default: T) -> T:
    """Returns `work()`, or `default` when that takes more than about `seconds`.

    Exceptions raised by `work` pass through. The limit acts between bytecodes: a single long call into
    C (arithmetic on huge integers) is not interrupted, so sizes have to be bounded by the caller.
    Calls may be nested; the inner limit is the one that ends the inner block.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    lock, left = threading.Lock(), threading.Event()
    limit = type("OutOfTime", (OutOfTime,), {})  # its own class, so that nested limits stay apart

    def watch() -> None:
        if left.wait(seconds):
            return
        while True:
            with lock:
                if left.is_set():
                    return
                raise_in(thread, ctypes.py_object(limit))
            if left.wait(0.05):
                return

    watchdog = threading.Thread(target=watch, daemon=True)
    watchdog.start()
    try:
        try:
            return work()
        finally:
            with lock:
                left.set()
            raise_in(thread, None)  # one that was sent but has not arrived
    except limit:
        left.set()
        return default
    finally:
        watchdog.join()
