"""How long the command line takes to answer, against what it cannot do without.

    python benchmarks/startup.py [repetitions]

Runs the commands below in turn, so that a busy machine slows all of them alike, and prints medians and
ratios: `stability --help` against `python -c pass`, and `stability report dirac-gan` against importing
JAX, SymPy and SciPy and making a first jitted call.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

BASE = (
    "import jax, sympy, scipy.linalg; import jax.numpy as jnp; "
    "jax.jit(lambda x: jnp.sin(x) * 2)(jnp.ones(3)).block_until_ready()"
)
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "stability --help": ["-m", "stability_cli", "--help"],
    "imports and a first jitted call": ["-c", BASE],
    "import stability": ["-c", "import stability"],
    "stability report dirac-gan": ["-m", "stability_cli", "report", "dirac-gan"],
}


def seconds(arguments: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for arguments in COMMANDS.values():
        seconds(arguments)  # fill the caches
    for i in range(repetitions):
        print(f"\r{i + 1}/{repetitions}", end="", file=sys.stderr, flush=True)
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    print(file=sys.stderr)
    median = {name: statistics.median(values) for name, values in times.items()}
    for name, value in median.items():
        print(f"{name:34} {value:7.3f} s  (best {min(times[name]):.3f} s)")
    base, report = (
        median[name] for name in ("imports and a first jitted call", "stability report dirac-gan")
    )
    extra = median["stability --help"] - median["python -c pass"]
    print(f"help beyond an empty Python        {extra:7.3f} s  (target: below 0.3 s)")
    print(f"report against imports and a call  {report / base:7.2f}    (target: at most 2.5)")


if __name__ == "__main__":
    main()
