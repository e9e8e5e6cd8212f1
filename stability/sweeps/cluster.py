"""The same chunks on a Dask cluster."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._version import __version__
from ..errors import InputError
from .chunks import Evaluator, Grid
from .on_sets import EvaluatorOnSets

_TIMEOUT = 10  # seconds for the scheduler to answer
_RETRIES = 3  # of a task that fails; a task whose worker is lost is moved without counting
_evaluators: dict[bytes, Any] = {}
_lock = threading.Lock()


def evaluate_on_cluster(
    evaluator: Evaluator | EvaluatorOnSets, grid: Grid, indices: Sequence[int], scheduler: str
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """(index, quantities) of chunks in the order in which workers finish them.

    Raises InputError if `distributed` is not installed, the scheduler does not answer, it has no workers,
    or their version of this library differs.
    """
    try:
        import cloudpickle
        import distributed
    except ImportError:
        raise InputError(
            "a scheduler needs Dask, which is not installed: pip install 'game-stability[dask]'"
        ) from None
    module = sys.modules.get("_stability_game")  # a user's file, which no worker can import
    if module is not None:
        cloudpickle.register_pickle_by_value(module)
    _check_address(scheduler)
    portable = _without_caches(evaluator)
    payload = cloudpickle.dumps((__version__, portable))
    with contextlib.ExitStack() as stack:
        try:
            client = stack.enter_context(
                distributed.Client(scheduler, timeout=_TIMEOUT, set_as_default=False)
            )
            client.wait_for_workers(1, timeout=_TIMEOUT)
        except (OSError, ValueError, TimeoutError, ImportError) as error:
            raise _no_answer(scheduler, error) from None
        # a task, not scattered data: what a lost worker held is then made again
        shared = client.submit(bytes, payload, pure=False)
        futures = {
            client.submit(_evaluate, shared, grid.rows(i), pure=False, retries=_RETRIES): i
            for i in indices
        }
        for future in distributed.as_completed(list(futures), loop=client.loop):
            try:
                found = future.result()
            except (ModuleNotFoundError, distributed.KilledWorker) as error:
                raise InputError(
                    f"the cluster at {scheduler} cannot run the sweep: {error}"
                ) from None
            index = futures.pop(future)
            future.release()
            yield index, found


def _check_address(scheduler: str) -> None:
    """Raises InputError unless something listens there: Dask's own client waits long and is loud about it."""
    protocol, _, rest = scheduler.rpartition("://")
    host, colon, port = rest.rpartition(":")
    if protocol not in ("", "tcp", "tls") or not (host and colon and port.isdigit()):
        raise InputError(
            f"the address of a scheduler looks like tcp://HOST:PORT, unlike {scheduler!r}"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_TIMEOUT).close()
    except (OSError, OverflowError) as error:
        raise _no_answer(scheduler, error) from None


def _no_answer(scheduler: str, error: BaseException) -> InputError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return InputError(
        f"no Dask scheduler with workers answers at {scheduler} within {_TIMEOUT} s ({reason})"
    )


def _without_caches(evaluator: Evaluator | EvaluatorOnSets) -> Evaluator | EvaluatorOnSets:
    """The evaluator with copies of its systems that have lost their caches, which hold compiled functions."""
    problem = replace(evaluator.problem, system=_forgetful(evaluator.problem.system))
    if isinstance(evaluator, EvaluatorOnSets):
        return replace(evaluator, problem=problem, system=_forgetful(evaluator.system))
    return replace(evaluator, problem=problem)


def _forgetful(system: Any) -> Any:
    system = copy.copy(system)
    system.forget()
    return system


def _evaluate(payload: bytes, rows: np.ndarray) -> dict[str, np.ndarray]:
    """On a worker: one chunk. A worker compiles a problem once."""
    key = hashlib.sha256(payload).digest()
    with _lock:
        if key not in _evaluators:
            import cloudpickle

            version, portable = cloudpickle.loads(payload)
            if version != __version__:
                raise InputError(
                    f"a worker has version {__version__} of this library, not {version}; install the same"
                )
            _evaluators.clear()
            _evaluators[key] = portable
        evaluator = _evaluators[key]
    return evaluator(rows)
