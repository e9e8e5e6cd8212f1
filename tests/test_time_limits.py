"""Time limits end the work they are given, wherever it runs, and nothing else."""

import gc
import signal
import threading
import time

import pytest

from stability.time_limits import within


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
class TestWithin:
    def test_quick_work_is_untouched(self, run):
        assert run(lambda: within(5.0, lambda: "value", None)) == "value"

    def test_slow_work_is_ended(self, run):
        begin = time.monotonic()
        assert run(lambda: within(0.1, lambda: spin(30), "default")) == "default"
        assert time.monotonic() - begin < 10

    def test_the_exception_cannot_be_swallowed_by_except_exception(self, run):
        assert run(lambda: within(0.1, lambda: swallowing(30), "default")) == "default"

    def test_exceptions_pass(self, run):
        with pytest.raises(ZeroDivisionError):
            within(1.0, lambda: 1 / 0, None)

    def test_an_inner_limit_ends_the_inner_block_only(self, run):
        def work():
            return within(0.1, lambda: spin(30), "inner"), spin(0.05)

        assert run(lambda: within(10.0, work, "outer")) == ("inner", "done")

    def test_an_outer_limit_ends_everything(self, run):
        def work():
            return within(20.0, lambda: spin(30), "inner")

        assert run(lambda: within(0.1, work, "outer")) == "outer"

    def test_the_outer_limit_still_holds_after_an_inner_block(self, run):
        def work():
            within(5.0, lambda: None, None)
            return spin(30)

        assert run(lambda: within(0.3, work, "outer")) == "outer"

    def test_time_that_others_use_does_not_count(self, run):
        """On a busy machine a thread waits; what it finds must not depend on that."""

        def work():
            for _ in range(100):
                time.sleep(0.01)
            return "done"

        assert run(lambda: within(0.2, work, "default")) == "done"

    def test_a_limit_does_not_outlive_its_block(self, run):
        def work():
            within(0.05, lambda: None, None)
            return spin(0.3)

        assert run(work) == "done"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals here")
def test_a_timer_of_the_caller_still_rings():
    rung = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        assert within(0.1, lambda: spin(30), "default") == "default"
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
        assert within(0.1, work, "default") == "default"
    finally:
        gc.callbacks.remove(slow_gc_callback)
    assert rung
