"""The numbers of docs/case-study.md: some eigenvalues at some checkpoints of a run, on a budget of products.

    python examples/gans/case_study.py runs/ring-alternating-r1 --steps 0 500 2000 6000 -o alternating-r1.json

`stability probe RUN --along` asks for more of them, with error bounds and verdicts, and takes longer.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import stability as st
from stability.probes.rotation import rotation
from stability.probes.runs import CheckpointFile, Run
from stability.rules.linearisation import linearise_rule
from stability.spectra.symmetric import symmetric_spectrum


def at(run: Run, rule: st.Rule, file: CheckpointFile, products: int) -> dict:
    """What is found at one checkpoint; every list of eigenvalues comes with its residuals."""
    state = file.load(run.game)
    x = state[0]
    jacobian = run.game.linearise(x)
    largest = st.spectrum(jacobian, k=8, which="largest", left=False)
    rightmost = st.spectrum(jacobian, k=2, which="rightmost", left=False, max_products=products)
    flow = st.Gradient().flow(run.game)
    step = st.spectrum(
        linearise_rule(rule, flow, x, state), k=2, which="largest", left=False, max_products=products
    )  # fmt: skip
    turning = rotation(jacobian, largest.eigenvalues, seed=0)
    field, parts = np.asarray(jacobian.value), run.game.partition.slices
    return {
        "step": file.step,
        "losses": [float(loss) for loss in run.game.losses(x)],
        "gradient_norms": [float(np.linalg.norm(field[own])) for own in parts],
        "point_norm": float(np.linalg.norm(x)),
        "largest": listed(largest),
        "rightmost": listed(rightmost),
        "multipliers": listed(step),
        "own_hessians": {
            player: {
                end: listed(
                    symmetric_spectrum(jacobian.hessian(player), 1, end, max_products=products)
                )
                for end in ("smallest", "largest")
            }
            for player in run.game.players
        },
        "antisymmetric_share": turning.share,
    }


def listed(found) -> dict:
    return {
        "values": [[float(value.real), float(value.imag)] for value in found.eigenvalues],
        "residuals": [float(residual) for residual in found.residuals],
        "converged": bool(found.converged),
        "products": int(found.products),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Some eigenvalues at some checkpoints of a run.")
    parser.add_argument("run", help="the folder of a training run")
    parser.add_argument(
        "--steps", type=int, nargs="+", help="of which checkpoints; default: the last"
    )
    parser.add_argument("--products", type=int, default=600, help="for each set of eigenvalues")
    parser.add_argument("--path", action="store_true", help="the path angle, too")
    parser.add_argument("-o", "--output", required=True, help="a .json file")
    chosen = parser.parse_args()
    run = st.open_run(chosen.run)
    files = [f for f in run.checkpoints if f.step in (chosen.steps or [run.checkpoints[-1].step])]
    if run.rule is None:
        parser.error("the run was trained by a rule that its folder does not name")
    found: dict[str, Any] = {"points": []}
    for file in files:
        found["points"].append(at(run, run.rule, file, chosen.products))
        Path(chosen.output).write_text(json.dumps(found, indent=1))
    if chosen.path:
        start, end = (run.checkpoints[i].load(run.game)[0] for i in (0, -1))
        flow = st.Gradient().flow(run.game)
        alphas, cosines = st.path_angle(flow, start, end, 61)
        line = start + alphas[:, None] * (end - start)
        norms = [float(np.linalg.norm(run.game.field(x.astype(np.float32)))) for x in line]
        found["path"] = {"alphas": alphas.tolist(), "cosines": cosines.tolist(), "norms": norms}
    Path(chosen.output).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
