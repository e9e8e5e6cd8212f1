"""What following many starts costs, against NumPy, SciPy and diffrax.

    python benchmarks/basins.py [repetitions] [maps|flows]

1. Maps: a million starts, 1,000 steps of simultaneous gradient descent on a game file, against the same
   update written by hand in NumPy, in place and in the chunks that suit it best.
2. Flows: ends of adaptive integrations, against SciPy's RK45 on all starts stacked into one system, and
   against diffrax mapped over the starts. Each is run at several tolerances, and the times are compared at
   equal error (that of `flow_ends` at rtol = 1e-6), measured against a reference at 1e-12.

All in float64, compilation apart. The sides run in turn, so that a busy machine slows them alike; the ratios
are medians over the repetitions of ratios within one.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from scipy.integrate import solve_ivp

import stability as st
from stability.dynamics.ensemble_flows import flow_ends
from stability.dynamics.ensemble_maps import iterate
from stability.fields import Gradient

LR, STEPS = 0.05, 1000
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7)

Columns = tuple[np.ndarray, ...]


def seconds(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def describe(name: str, times: list[float]) -> None:
    print(f"  {name:44} {statistics.median(times):8.3f} s  (best {min(times):.3f})")


# ---- Maps ----------------------------------------------------------------------------------------


def letcher_by_hand(x: np.ndarray, y: np.ndarray) -> Columns:
    """x + lr (x − y − x³), y + lr (x + y − y³), with as few passes as possible."""
    a, b = np.empty_like(x), np.empty_like(x)
    for _ in range(STEPS):
        np.multiply(x, x, out=a)
        a *= -LR
        a += 1 + LR
        a *= x
        np.multiply(y, LR, out=b)
        a -= b
        np.multiply(y, y, out=b)
        b *= -LR
        b += 1 + LR
        b *= y
        x *= LR
        b += x
        x, a, y, b = a, x, b, y
    return x, y


def dirac_by_hand(theta: np.ndarray, psi: np.ndarray) -> Columns:
    """θ − lr σ(−ψθ) ψ, ψ + lr σ(−ψθ) θ."""
    a, b = np.empty_like(theta), np.empty_like(theta)
    for _ in range(STEPS):
        np.multiply(theta, psi, out=a)
        np.exp(a, out=a)
        a += 1
        np.divide(LR, a, out=a)
        np.multiply(a, psi, out=b)
        a *= theta
        theta -= b
        psi += a
    return theta, psi


def in_chunks(update: Callable[..., Columns], starts: np.ndarray, size: int) -> np.ndarray:
    ends = np.empty_like(starts)
    for begin in range(0, len(starts), size):
        columns = update(*starts[begin : begin + size].T.copy())
        ends[begin : begin + size] = np.stack(columns, axis=1)
    return ends


def compare_maps(name: str, by_hand: Callable[..., Columns], n: int, repetitions: int) -> None:
    game = st.load(name)
    update = st.Simultaneous(lr=LR).map(Gradient().flow(game)).numeric()  # pyright: ignore
    starts = np.random.default_rng(0).uniform(-1.2, 1.2, (n, 2))
    sizes = (4096, 8192, 16384, 32768, 131072)
    trial = {s: seconds(lambda s=s: in_chunks(by_hand, starts[:131072], s)) for s in sizes}
    size = min(sizes, key=trial.__getitem__)
    compilation = seconds(lambda: iterate(update, starts[:8192], STEPS))
    iterate(update, starts[:100], STEPS)
    ours, theirs, busy = [], [], []
    for _ in range(repetitions):
        begin = time.process_time()
        ours.append(seconds(lambda: iterate(update, starts, STEPS)))
        middle = time.process_time()
        theirs.append(seconds(lambda: in_chunks(by_hand, starts, size)))
        busy.append((time.process_time() - middle) / (middle - begin))
    few = starts[:65536]
    gap = np.abs(iterate(update, few, STEPS).points - in_chunks(by_hand, few, size)).max()
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    print(f"{name}: {n:,} starts, {STEPS:,} steps")
    print(f"  first call, with compilation {compilation:.2f} s; largest difference {gap:.1e}")
    describe("iterate", ours)
    describe(f"NumPy by hand, in chunks of {size}", theirs)
    print(f"  NumPy takes {ratio:.2f} times as long  (target: at least 2.5)")
    print(f"  and {statistics.median(busy):.2f} times the processor time, summed over the cores")


# ---- Flows ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """A field for JAX, the same for stacked starts in NumPy, x (d, n) ↦ (d, n), and starts over a time."""

    name: str
    field: Callable[[Any], Any]
    stacked: Callable[[np.ndarray], np.ndarray]
    low: tuple[float, ...]
    high: tuple[float, ...]
    time: float

    def starts(self, n: int) -> np.ndarray:
        return np.random.default_rng(0).uniform(self.low, self.high, (n, len(self.low)))


def oscillator(x: Any, y: Any) -> tuple[Any, Any]:
    return y, (1 - x * x) * y - x


def bistable(u: Any, v: Any) -> tuple[Any, Any]:
    return 10 * (u - u * u * u - v), u - 3 * v


def clocked(x: Any, y: Any, s: Any) -> tuple[Any, Any, Any]:
    """The oscillator, each start with a clock of its own, 10^s fast."""
    speed = np.power(10.0, s) if isinstance(s, np.ndarray) else 10.0**s
    dx, dy = oscillator(x, y)
    return speed * dx, speed * dy, 0 * s


def uneven(x: Any, y: Any) -> tuple[Any, Any]:
    """A focus round which the speed changes 100 times, from left to right."""
    module = np if isinstance(x, np.ndarray) else jnp
    speed = module.exp(2.3 * module.tanh(3 * x))
    return speed * (-0.1 * x + y), speed * (-x - 0.1 * y)


def problem(name: str, field: Any, high: tuple[float, ...], duration: float) -> Problem:
    return Problem(
        name,
        lambda z: jnp.stack(jnp.broadcast_arrays(*field(*z))),
        lambda z: np.stack(field(*z)),
        tuple(-h for h in high),
        high,
        duration,
    )


PROBLEMS = (
    problem("Van der Pol, mu = 1", oscillator, (3, 4), 10),
    problem("FitzHugh-Nagumo, bistable", bistable, (2, 1), 10),
    problem("Van der Pol, clocks 100 times apart", clocked, (3, 4, 1), 2),
    problem("focus, speeds 100 times apart on the way", uneven, (2, 2), 10),
)


def by_scipy(p: Problem, starts: np.ndarray, rtol: float, method: str = "RK45") -> np.ndarray:
    shape = starts.T.shape
    solution = solve_ivp(
        lambda _, z: p.stacked(z.reshape(shape)).ravel(),
        (0, p.time),
        starts.T.ravel(),
        method=method,
        rtol=rtol,
        atol=1e-3 * rtol,
        t_eval=[p.time],
    )
    return solution.y[:, -1].reshape(shape).T


def by_diffrax(p: Problem, solver: str) -> Callable[[np.ndarray, float], np.ndarray]:
    import diffrax

    term = diffrax.ODETerm(lambda t, z, _: p.field(z))

    @jax.jit
    def ends(starts: Any, rtol: Any) -> Any:
        def end(x0: Any) -> Any:
            solution = diffrax.diffeqsolve(
                term,
                getattr(diffrax, solver)(),
                0.0,
                p.time,
                None,
                x0,
                stepsize_controller=diffrax.PIDController(rtol=rtol, atol=1e-3 * rtol),
                saveat=diffrax.SaveAt(t1=True),
                max_steps=None,
            )
            return solution.ys[0]  # pyright: ignore[reportOptionalSubscript]

        return jax.vmap(end)(starts)

    def run(starts: np.ndarray, rtol: float) -> np.ndarray:
        with jax.enable_x64(True):
            return np.asarray(ends(starts, rtol))

    return run


def by_ours(p: Problem) -> Callable[[np.ndarray, float], np.ndarray]:
    flow = st.Flow(p.field, dimension=len(p.low))
    return lambda starts, rtol: flow_ends(flow, starts, p.time, rtol=rtol, atol=1e-3 * rtol).points


def at_equal_error(times: list[float], errors: list[float], error: float) -> float:
    """The time at which a method would have had this error: a straight line in the logarithms."""
    slope, offset = np.polyfit(np.log(errors), np.log(times), 1)
    return float(np.exp(offset + slope * np.log(error)))


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def compare_flows(p: Problem, n: int, repetitions: int) -> None:
    starts = p.starts(n)
    reference = by_scipy(p, starts, 1e-12, "DOP853")
    methods: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
        "flow_ends": by_ours(p),
        "SciPy RK45, stacked": lambda starts, rtol: by_scipy(p, starts, rtol),
        "diffrax Dopri5, mapped": by_diffrax(p, "Dopri5"),
        "diffrax Tsit5, mapped": by_diffrax(p, "Tsit5"),
    }
    errors: dict[str, list[np.ndarray]] = {}
    compilation = {}
    for name, method in methods.items():
        compilation[name] = seconds(lambda: method(starts, 1e-2))  # noqa: B023
        errors[name] = [np.abs(method(starts, r) - reference).max(axis=1) for r in TOLERANCES]
    times: dict[str, list[list[float]]] = {name: [] for name in methods}
    for _ in range(repetitions):
        for name, method in methods.items():
            times[name].append([seconds(lambda: method(starts, r)) for r in TOLERANCES])  # noqa: B023
    print(f"{p.name}: {n:,} starts, t = {p.time:g}")
    own = TOLERANCES.index(1e-6)
    for name in methods:
        middle = statistics.median(t[own] for t in times[name])
        text = f"  {name:24} rtol 1e-6: {middle:7.3f} s, error {rms(errors[name][own]):.1e}"
        print(text + f" (largest {errors[name][own].max():.1e})")
        if name == "flow_ends":
            continue
        for what, measure in (("root mean square", rms), ("largest", np.max)):
            goal = float(measure(errors["flow_ends"][own]))
            curve = [float(measure(e)) for e in errors[name]]
            ratio = statistics.median(
                at_equal_error(theirs, curve, goal) / ours[own]
                for theirs, ours in zip(times[name], times["flow_ends"], strict=True)
            )
            print(f"    at equal {what} error {ratio:.1f} times as long as flow_ends")
    print(f"  first call, with compilation: {compilation['flow_ends']:.2f} s")


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    parts = sys.argv[2:] or ["maps", "flows"]
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    versions = f"NumPy {np.__version__}, SciPy {scipy.__version__}, JAX {jax.__version__}"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}; {versions}")
    if "maps" in parts:
        compare_maps("letcher", letcher_by_hand, 10**6, repetitions)
        compare_maps("dirac-gan", dirac_by_hand, 10**6, repetitions)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"largest memory of the process so far {peak:.0f} MiB  (target: below 1024)")
    if "flows" in parts:
        for p in PROBLEMS:
            compare_flows(p, 10**4, repetitions)
        print("targets: at least 1.3 times for SciPy, 3 times for diffrax")


if __name__ == "__main__":
    main()
