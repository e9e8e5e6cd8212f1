"""What everyday commands cost, in seconds of processor time, against an older checkout.

    python benchmarks/everyday.py [--against FOLDER] [--repetitions N] [WORD ...]

Every command runs in a process of its own, without the cache of compiled code, by turns here and there; the
smallest of the repetitions counts, for a busy machine only adds. Modules are kept as bytecode, as they are
where the library is installed, whatever the environment says. With words, only the commands that contain one
of them. The last column is what a second run takes with the cache.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parents[1]
CALL = (
    "import jax, sympy, scipy.linalg; import jax.numpy as jnp; "
    "jax.jit(lambda x: jnp.sin(x) * 2)(jnp.ones(3)).block_until_ready()"
)
PYTHON = {
    "python -c pass": "pass",
    "imports and a first jitted call": CALL,
    "import stability": "import stability",
    "st.critical_step": "import sympy; import stability as st; "
    "x, y, g = sympy.symbols('x y gamma'); "
    "game = st.SymbolicGame({'x': ([x], x * y + g * x**2), 'y': ([y], -x * y)}); "
    "print(st.critical_step(game, st.Simultaneous))",
}
COMMANDS = [
    "--version",
    "list",
    "show xy",
    "report dirac-gan-r1",
    "report dirac-gan-wgan-gp",
    "report polynomial",
    "compare dirac-gan-r1",
    "report torus -o page.html",
    "trajectory xy --rule simultaneous:lr=0.1",
    "portrait xy -o xy.svg",
    "probe examples/tiny_gan.py:game",
]


def seconds(arguments: list[str], checkout: Path, bytecode: str, cache: str | None = None) -> float:
    """Processor seconds, the user's and the system's, of one run of Python in an empty folder."""
    environment = {**os.environ, "PYTHONPATH": f"{checkout}{os.pathsep}{checkout / 'cli'}"}
    for name in [n for n in environment if n.startswith("JAX_") or n == "PYTHONDONTWRITEBYTECODE"]:
        del environment[name]
    environment["PYTHONPYCACHEPREFIX"] = bytecode
    environment |= {"STABILITY_CACHE": "off"} if cache is None else {"XDG_CACHE_HOME": cache}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "examples").symlink_to(checkout / "examples")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description="Processor seconds of everyday commands.")
    parser.add_argument("words", nargs="*", help="only commands that contain one of these")
    parser.add_argument("--against", type=Path, help="the folder of an older checkout")
    parser.add_argument("--repetitions", type=int, default=3)
    chosen = parser.parse_args()
    rows = {name: ["-c", code] for name, code in PYTHON.items()}
    rows |= {f"stability {line}": ["-m", "stability_cli", *line.split()] for line in COMMANDS}
    if chosen.words:
        rows = {n: a for n, a in rows.items() if any(word in n for word in chosen.words)}
    checkouts = [HERE] + ([chosen.against.resolve()] if chosen.against else [])
    print(f"| {'command':44} | now | then | ratio | again, with the cache |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as bytecode:
        for name, arguments in rows.items():
            _row(name, arguments, checkouts, chosen.repetitions, bytecode)


def _row(
    name: str, arguments: list[str], checkouts: list[Path], repetitions: int, bytecode: str
) -> None:
    for checkout in checkouts:
        seconds(arguments, checkout, bytecode)  # writes what is missing of the bytecode
    times = [
        [seconds(arguments, checkout, bytecode) for checkout in checkouts]
        for _ in range(repetitions)
    ]
    now, *then = (min(column) for column in zip(*times, strict=True))
    cells = [f"{now:.2f}", *(f"{own:.2f}" for own in then)] + ([] if then else [""])
    cells.append(f"{now / then[0]:.2f}" if then else "")
    with tempfile.TemporaryDirectory() as cache:
        again = "-c" not in arguments and [
            seconds(arguments, HERE, bytecode, cache) for _ in range(2)
        ]
    cells.append(f"{again[1]:.2f}" if again else "")
    print(f"| {'`' + name + '`':44} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
