"""How many rest points the default search finds without a box, beside SciPy's `root` in the same time.

    python benchmarks/rest_points.py [--long SECONDS] [WORD ...]

For every system of `rest_point_systems.py` (with words, those whose names contain one): the search as it is,
without its rounds over decades, and SciPy's `hybr` from log-scaled starts, half of them on simplices, each
time as long as the search took. Zeros that have no closed form are what the search and a
`hybr` run of --long seconds found together. Concentrations that are negative do not count.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from sys import path as where

import numpy as np
from scipy.optimize import root

where.insert(0, str(Path(__file__).parent))
from rest_point_systems import Problem, problems

from stability.equilibria.search import find_zeros


def searched(problem: Problem, thorough: bool) -> tuple[np.ndarray, int, float]:
    """The zeros (m, d) that the search finds, its starts and processor seconds."""
    d = problem.dimension
    begin = time.process_time()
    found = find_zeros(
        problem.evaluate,
        np.tile([-2.0, 2.0], (d, 1)),
        window=np.tile([-np.inf, np.inf], (d, 1)),
        starts=64 if d <= 10 else 16,
        thorough=thorough,
    )
    spent = time.process_time() - begin
    return np.array([z.point for z in found.zeros]).reshape(-1, d), found.starts, spent


def hybrid(problem: Problem, seconds: float, seed: int = 0) -> tuple[np.ndarray, int]:
    """The zeros (m, d) that Powell's hybrid method reaches in so many processor seconds, and its starts."""
    generator, d = np.random.default_rng(seed), problem.dimension
    ends, starts, begin = [], 0, time.process_time()

    def value(x: np.ndarray) -> np.ndarray:
        v = problem.evaluate(x[None])[0][0]
        if not np.isfinite(v).all():  # MINPACK goes on for ever with what is no number
            raise FloatingPointError
        return v

    def jacobian(x: np.ndarray) -> np.ndarray:
        return problem.evaluate(x[None])[1][0]

    while time.process_time() - begin < seconds:
        parts = 10.0 ** generator.uniform(-4, 0, d)
        parts = parts / parts.sum() if starts % 2 else parts
        signs = generator.choice([-1, 1], d) if problem.signed else 1
        x = 2 * 10.0 ** generator.uniform(-4, 4) * parts * signs
        starts += 1
        with np.errstate(all="ignore"):
            try:
                ends.append(root(value, x, jac=jacobian, options={"xtol": 1e-12, "maxfev": 300}).x)
            except FloatingPointError:
                continue
    return distinct(problem, np.array(ends).reshape(-1, d)), starts


def distinct(problem: Problem, points: np.ndarray) -> np.ndarray:
    """Those points that are zeros by their Newton step, each once."""
    kept: list[np.ndarray] = []
    for x in points[np.isfinite(points).all(axis=1)]:
        with np.errstate(all="ignore"):
            v, jac = problem.evaluate(x[None])
            if not np.isfinite(jac).all():
                continue
            try:
                step = np.abs(np.linalg.solve(jac[0], v[0]))
            except np.linalg.LinAlgError:
                continue
        if (step <= 1e-6 * np.abs(x) + 1e-10 * np.abs(x).max()).all() and not among(x, kept):
            kept.append(x)
    return np.array(kept).reshape(-1, problem.dimension)


def among(x: np.ndarray, points) -> bool:
    return any(
        (np.abs(x - p) <= 1e-4 * np.maximum(np.abs(x), np.abs(p)) + 1e-8 * np.abs(x).max()).all()
        for p in points
    )


def wanted(problem: Problem, found: np.ndarray) -> np.ndarray:
    return found[problem.physical(found)] if len(found) else found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--long", type=float, default=5.0, help="seconds of the long run")
    parser.add_argument("words", nargs="*")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| system | d | rest points | box alone | s | default | starts | s | `hybr` | starts |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    total = np.zeros(4, int)
    for problem in problems():
        if asked.words and not any(word in problem.name for word in asked.words):
            continue
        before, _, quick = searched(problem, False)
        now, starts, spent = searched(problem, True)
        scipy, runs = hybrid(problem, spent)
        known = problem.zeros
        if known is None:
            far, _ = hybrid(problem, asked.long, seed=1)
            known = distinct(problem, np.concatenate([now, scipy, far]))
        known = wanted(problem, known)
        hits = [sum(among(x, wanted(problem, f)) for x in known) for f in (before, now, scipy)]
        total += [len(known), *hits]
        print(
            f"| {problem.name} | {problem.dimension} | {len(known)} | {hits[0]} | {quick:.2f} | "
            f"{hits[1]} | {starts} | {spent:.2f} | {hits[2]} | {runs} |",
            flush=True,
        )
    shares = [f"{100 * hit / total[0]:.0f}%" for hit in total[1:]]
    print(f"| all | | {total[0]} | {shares[0]} | | {shares[1]} | | | {shares[2]} | |")


if __name__ == "__main__":
    main()
