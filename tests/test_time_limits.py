"""Time limits end the work they are given, wherever it runs, and nothing else."""

import gc
import signal
import threading
import time

import pytest

from stability import InputError, patience
from stability.time_limits import VARIABLE, in_time


def spin(seconds: float) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(x for x in range(10))  # Python calls, as symbolic work makes them
    return "done"


def swallowing(seconds: float) -> str:
    try:
        return spin(seconds)
    except Exception:
        return "swallowed"


def in_thread(work):
    result = []
    thread = threading.Thread(target=lambda: result.append(work()))
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    return result[0]


@pytest.mark.parametrize("run", [lambda work: work(), in_thread], ids=["main", "thread"])
class TestInTime:
    def test_quick_work_is_untouched(self, run):
        assert run(lambda: in_time(5.0, lambda: "value", None)) == "value"

    def test_slow_work_is_ended(self, run):
        begin = time.monotonic()
        assert run(lambda: in_time(0.1, lambda: spin(30), "default")) == "default"
        assert time.monotonic() - begin < 10

    def test_the_exception_cannot_be_swallowed_by_except_exception(self, run):
        assert run(lambda: in_time(0.1, lambda: swallowing(30), "default")) == "default"

    def test_exceptions_pass(self, run):
        with pytest.raises(ZeroDivisionError):
            in_time(1.0, lambda: 1 / 0, None)

    def test_an_inner_limit_ends_the_inner_block_only(self, run):
        def work():
            return in_time(0.1, lambda: spin(30), "inner"), spin(0.05)

        assert run(lambda: in_time(10.0, work, "outer")) == ("inner", "done")

    def test_an_outer_limit_ends_everything(self, run):
        def work():
            return in_time(20.0, lambda: spin(30), "inner")

        assert run(lambda: in_time(0.1, work, "outer")) == "outer"

    def test_the_outer_limit_still_holds_after_an_inner_block(self, run):
        def work():
            in_time(5.0, lambda: None, None)
            return spin(30)

        assert run(lambda: in_time(0.3, work, "outer")) == "outer"

    def test_time_that_others_use_does_not_count(self, run):
        """On a busy machine a thread waits; what it finds must not depend on that."""

        def work():
            for _ in range(100):
                time.sleep(0.01)
            return "done"

        assert run(lambda: in_time(0.2, work, "default")) == "done"

    def test_a_limit_does_not_outlive_its_block(self, run):
        def work():
            in_time(0.05, lambda: None, None)
            return spin(0.3)

        assert run(work) == "done"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals here")
def test_a_timer_of_the_caller_still_rings():
    rung = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        assert in_time(0.1, lambda: spin(30), "default") == "default"
        spin(0.5)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert rung


def test_callbacks_of_the_garbage_collector_are_left_alone():
    """An exception raised in one would be swallowed with a warning, and warnings are errors."""
    rung = []

    def slow_gc_callback(phase, info):
        spin(0.3)
        rung.append(phase)

    def work():
        gc.collect()
        return spin(30)

    gc.collect()  # leave little for the collection below to call back about
    gc.callbacks.append(slow_gc_callback)
    try:
        assert in_time(0.1, work, "default") == "default"
    finally:
        gc.callbacks.remove(slow_gc_callback)
    assert rung


# ---- Patience --------------------------------------------------------------------------------------


def busy(seconds: float) -> str:
    """Work that takes so much of the processor's time, however busy the machine is."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(x for x in range(10))
    return "done"


def test_patience_makes_limits_longer_and_shorter(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert in_time(0.1, lambda: busy(0.4), "default") == "default"
    with patience(20):
        assert in_time(0.1, lambda: busy(0.4), "default") == "done"
        with patience(0.01):  # the innermost one
            assert in_time(5.0, lambda: spin(30), "default") == "default"
        assert in_time(0.1, lambda: busy(0.4), "default") == "done"
    assert in_time(0.1, lambda: busy(0.4), "default") == "default"


def test_patience_of_the_environment(monkeypatch):
    monkeypatch.setenv(VARIABLE, "20")
    assert in_time(0.1, lambda: busy(0.4), "default") == "done"
    with patience(1):
        assert in_time(0.1, lambda: busy(0.4), "default") == "default"


@pytest.mark.parametrize("factor", [0, -1, float("nan"), float("inf"), "much", None])
def test_patience_is_a_positive_number(factor, monkeypatch):
    with (
        pytest.raises(InputError, match="the patience is a positive finite number"),
        patience(factor),
    ):
        pass
    monkeypatch.setenv(VARIABLE, str(factor))
    with pytest.raises(InputError, match=VARIABLE):
        in_time(1.0, lambda: None, None)
