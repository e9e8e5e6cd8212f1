"""The figures of docs/case-study.md, from run folders and the numbers that case_study.py found.

python examples/gans/figures.py runs numbers docs/figures
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import digits
import jax.numpy as jnp
import numpy as np
import ring

import stability as st
from stability.networks import load_checkpoint
from stability.plots import along_training as along
from stability.plots.style import BLUE, GREY, figure, picture, styled
from stability.probes.runs import checkpoint_files

SHOWN = 250  # points of a generator
RUNS = {
    "alternating": "ring-alternating-plain",
    "alternating, R1": "ring-alternating-r1",
    "simultaneous, R1": "ring-simultaneous-r1",
    "extragradient, R1": "ring-extragradient-r1",
    "adam, R1": "ring-adam-r1",
}


def generated(module, game, path: Path, count: int) -> np.ndarray:
    """Samples of the generator in a checkpoint."""
    _, gen = game.unpack(jnp.asarray(load_checkpoint(path, game).x))
    return np.asarray(game.generator(gen, module.latents(7, count)))


def ring_samples(game, runs: Path):
    drawn, axes = figure(4, 1, width=1.7, height=1.9)
    chosen = [
        ("ring-alternating-plain", 1500),
        ("ring-alternating-plain", 6000),
        ("ring-alternating-r1", 6000),
        ("ring-extragradient-r1", 6000),
    ]
    with styled():
        for ax, (name, step) in zip(axes, chosen, strict=True):
            samples = generated(ring, game, runs / name / f"checkpoint-{step:06d}.npz", SHOWN)
            ax.plot(*ring.CENTRES.T, linestyle="none", marker="+", color=GREY, markersize=6)
            ax.plot(*samples.T, linestyle="none", marker=".", markersize=1.5, color=BLUE)
            _, rule, penalty = name.split("-")
            ax.set_title(f"{rule}{', R1' * (penalty == 'r1')}\nstep {step:,}", fontsize=7)
            ax.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xticks=[], yticks=[])
    return drawn


def digit_samples(game, runs: Path):
    chosen = ["digits-alternating-plain", "digits-alternating-r1", "digits-adam-r1"]
    drawn, axes = figure(len(chosen) + 1, 1, width=1.7, height=1.9)
    with styled():
        _sheet(axes[0], digits.images()[:36], "data")
        for ax, name in zip(axes[1:], chosen, strict=True):
            last = checkpoint_files(runs / name)[-1]
            _, rule, penalty = name.split("-")
            title = f"{rule}{', R1' * (penalty == 'r1')}\nstep {last.step:,}"
            _sheet(ax, generated(digits, game, last.path, 36), title)
    return drawn


def _sheet(ax, images: np.ndarray, title: str) -> None:
    apart = np.pad(images.reshape(36, 8, 8), ((0, 0), (1, 1), (1, 1)), constant_values=-1)
    rows = apart.reshape(6, 6, 10, 10).transpose(0, 2, 1, 3).reshape(60, 60)
    ax.imshow(rows, cmap="gray_r", vmin=-1, vmax=1, interpolation="nearest")
    ax.set_title(title, fontsize=7)
    ax.set(xticks=[], yticks=[])


def lines(game, runs: Path):
    """Modes covered and gradient norms at all checkpoints of the ring."""
    modes, norms = {}, {}
    for label, name in RUNS.items():
        files = checkpoint_files(runs / name)
        own = st.R1(gamma=0.1)(game) if name.endswith("r1") else game
        steps = [file.step for file in files]
        modes[label] = [ring.modes(generated(ring, game, file.path, 1000)) for file in files]
        norms[label] = [float(np.linalg.norm(own.field(file.load(own)[0]))) for file in files]
    drawn, (left, right) = figure(2, 1, width=3.4)
    along.coverage_along(steps, modes, ring.MODES, left)
    along.line_along(steps, norms, right, ylabel="‖v‖", logarithmic=True)
    return drawn


def spectra(numbers: Path):
    drawn, axes = figure(2, 1, width=3.4)
    for ax, name in zip(axes, ("ring-alternating-plain", "ring-alternating-r1"), strict=True):
        points = json.loads((numbers / f"{name}.json").read_text())["points"]
        values = [
            [complex(*v) for what in ("largest", "rightmost") for v in point[what]["values"]]
            for point in points
        ]
        along.spectra_along([point["step"] for point in points], values, ax)
        ax.set_title("R1, γ = 0.1" if name.endswith("r1") else "no penalty", fontsize=8)
    return drawn


def paths(numbers: Path):
    drawn, axes = figure(2, 1, width=3.4)
    for ax, name in zip(axes, ("ring-alternating-plain", "ring-alternating-r1"), strict=True):
        path = json.loads((numbers / f"{name}.json").read_text())["path"]
        along.path_angle(path["alphas"], path["cosines"], path["norms"], ax)
        ax.set_title("R1, γ = 0.1" if name.endswith("r1") else "no penalty", fontsize=8)
    return drawn


def main(runs: Path, numbers: Path, output: Path) -> None:
    game = ring.game()
    made = {
        "gan-ring-samples": ring_samples(game, runs),
        "gan-digit-samples": digit_samples(digits.game(), runs),
        "gan-ring-lines": lines(game, runs),
        "gan-ring-spectra": spectra(numbers),
        "gan-ring-path-angle": paths(numbers),
    }
    output.mkdir(exist_ok=True)
    for name, drawn in made.items():
        (output / f"{name}.svg").write_bytes(picture(drawn))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
