"""What a sweep costs: Jacobians and spectra together, against NumPy's eigenvalues of finished Jacobians.

    python benchmarks/sweep.py [repetitions]

1. 100,000 points of a game in two variables, whose spectra have a closed form;
2. 10,000 points of a game in eight variables, whose spectra are LAPACK's.

Both sides run in turn, so that a busy machine slows them alike; medians are printed, and compilation apart.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import sympy

import stability as st
from stability.branches.prepare import make_problem
from stability.sweeps.chunks import Evaluator, Grid, chunk_size
from stability.sweeps.quantities import needs_step


def game(n: int) -> st.SymbolicGame:
    """Two players with n variables each: bilinear, damped by gamma, and coupled by a tanh times a."""
    x, y = sympy.symbols(f"x1:{n + 1}"), sympy.symbols(f"y1:{n + 1}")
    gamma, a = sympy.symbols("gamma a")
    weights = np.random.default_rng(0).integers(1, 5, (n, n)).tolist()
    value = sum(weights[i][j] * x[i] * y[j] for i in range(n) for j in range(n))
    value += a * sum(sympy.tanh(x[i]) * y[(i + 1) % n] for i in range(n))
    return st.SymbolicGame(
        {
            "x": (x, value + gamma / 2 * sum(v**2 for v in x)),
            "y": (y, -value + gamma / 3 * sum(v**2 for v in y)),
        },
        parameters={"gamma": 1, "a": 0.5},
    )


def evaluator(
    system: Any, over: dict[str, np.ndarray], quantities: list[str], options: dict[str, Any]
) -> tuple[Evaluator, Grid]:
    """A sweep made ready; nothing is compiled yet."""
    given: dict[str, Any] = dict.fromkeys(["field", "rule", "parameters", "at", "box"])
    given |= {"penalties": (), **options}
    problem = make_problem(system, over, of_step=needs_step(quantities), **given)
    axes = tuple(over.values())
    grid = Grid(axes, chunk_size(problem, quantities, len(axes[0]) * len(axes[1])))
    return Evaluator(problem, tuple(quantities), grid.chunk), grid


def whole_grid(evaluate: Evaluator, grid: Grid) -> np.ndarray:
    """The eigenvalues at all points."""
    return np.concatenate([evaluate(grid.rows(i))["eigenvalues"] for i in range(grid.chunks)])


def jacobians(evaluate: Evaluator, grid: Grid) -> np.ndarray:
    """The Jacobians at all points."""
    found = []
    for i in range(grid.chunks):
        rows = grid.rows(i)
        padded = np.concatenate([rows, np.repeat(rows[-1:], grid.chunk - len(rows), axis=0)])
        found.append(evaluate.compiled(padded)["jacobian"][: len(rows)])
    return np.ascontiguousarray(np.concatenate(found))


def seconds(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """The largest distance between two spectra, relative to their size, eigenvalues matched greedily."""
    gaps = np.abs(one[:, :, None] - other[:, None, :])
    return float((gaps.min(axis=2).max(axis=1) / np.abs(one).max(axis=1)).max())


def compare(
    name: str, system: Any, over: dict[str, np.ndarray], repetitions: int, **options
) -> float:
    """Prints one comparison; returns the ratio of the medians, sweep over NumPy."""
    evaluate, grid = evaluator(system, over, ["eigenvalues"], options)
    compilation = seconds(lambda: evaluate(grid.rows(0)))
    matrices = jacobians(evaluate, grid)
    gap = distance(whole_grid(evaluate, grid), np.linalg.eigvals(matrices))
    ours, theirs = [], []
    for _ in range(repetitions):
        ours.append(seconds(lambda: whole_grid(evaluate, grid)))
        theirs.append(seconds(lambda: np.linalg.eigvals(matrices)))
    sweep, numpy = statistics.median(ours), statistics.median(theirs)
    print(f"{name}: {grid.points:,} points in {grid.chunks} chunks, {matrices.shape[1]} variables")
    print(f"  first chunk, with compilation       {compilation * 1e3:9.1f} ms")
    print(
        f"  sweep: Jacobians and spectra        {sweep * 1e3:9.1f} ms  (best {min(ours) * 1e3:.1f})"
    )
    print(
        f"  numpy.linalg.eigvals alone          {numpy * 1e3:9.1f} ms  (best {min(theirs) * 1e3:.1f})"
    )
    print(f"  largest difference of the spectra   {gap:9.1e}")
    return sweep / numpy


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}, "
          f"JAX {jax.__version__}")  # fmt: skip
    small = compare(
        "1. two variables",
        game(1),
        {"gamma": np.linspace(0.01, 3, 400), "a": np.linspace(-1, 1, 250)},
        repetitions,
    )
    print(f"  NumPy takes {1 / small:.1f} times as long  (target: at least 10)")
    large = compare(
        "2. eight variables",
        game(4),
        {"gamma": np.linspace(0.01, 3, 100), "a": np.linspace(-1, 1, 100)},
        repetitions,
    )
    print(f"  the sweep takes {large:.2f} times as long  (target: at most 1.2)")


if __name__ == "__main__":
    main()
