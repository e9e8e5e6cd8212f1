"""What the products of a GAN's Jacobian cost, in evaluations of its field.

    python benchmarks/products.py [--rounds 30] [--torch PYTHON] [--sizes]

Two players: generator 64→256→256→784, discriminator 784→256→256→1, tanh, batch 128, float32. All sides run
in turn, so that a busy machine slows them alike; medians are printed, and compilation apart. Runs on whatever
device JAX finds. `--torch` names a Python that has PyTorch (default: this one); PyTorch runs in a process of
its own, on the CPU. `--sizes` adds what a product costs up to ten million parameters.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import stability as st
from stability.dynamics.linearisation import Products


def perceptron(generator: np.random.Generator, sizes: tuple[int, ...]) -> list[np.ndarray]:
    """Weights and biases, one after the other."""
    parts: list[np.ndarray] = []
    for inputs, outputs in pairwise(sizes):
        parts.append(generator.standard_normal((inputs, outputs)) / np.sqrt(inputs))
        parts.append(generator.standard_normal(outputs) / 10)
    return [part.astype(np.float32) for part in parts]


def network(weights: Any, x: Any) -> Any:
    *hidden, last, bias = weights
    for matrix, own in zip(hidden[::2], hidden[1::2], strict=True):
        x = jnp.tanh(x @ matrix + own)
    return x @ last + bias


def generated(gen: Any, latent: Any) -> Any:
    return jnp.tanh(network(gen, latent))


def gan(width: int = 256, batch: int = 128) -> tuple[Any, dict[str, Any], tuple[Any, Any]]:
    """The game, its start and its data."""
    r = np.random.default_rng(0)
    start = {
        "disc": perceptron(r, (784, width, width, 1)),
        "gen": perceptron(r, (64, width, width, 784)),
    }
    real = np.tanh(r.standard_normal((batch, 784))).astype(np.float32)
    latent = r.standard_normal((batch, 64)).astype(np.float32)
    game = st.gan(network, generated, start=start, data=real, latent=latent)
    return game, start, (jnp.asarray(real), jnp.asarray(latent))


def by_hand(start: dict[str, Any]) -> Callable[..., Any]:
    """The field as one writes it: a gradient of each loss, each with its own forward passes."""
    disc, unravel_disc = ravel_pytree(start["disc"])
    _, unravel_gen = ravel_pytree(start["gen"])

    def loss_of_disc(disc: Any, gen: Any, real: Any, latent: Any) -> Any:
        on_real, on_fakes = network(disc, real), network(disc, generated(gen, latent))
        return (jax.nn.softplus(-on_real) + jax.nn.softplus(on_fakes)).mean()

    def loss_of_gen(gen: Any, disc: Any, latent: Any) -> Any:
        return jax.nn.softplus(-network(disc, generated(gen, latent))).mean()

    def field(x: Any, real: Any, latent: Any) -> Any:
        disc_now, gen_now = unravel_disc(x[: disc.size]), unravel_gen(x[disc.size :])
        of_disc = jax.grad(loss_of_disc)(disc_now, gen_now, real, latent)
        of_gen = jax.grad(loss_of_gen)(gen_now, disc_now, latent)
        return -jnp.concatenate([ravel_pytree(of_disc)[0], ravel_pytree(of_gen)[0]])

    return field


class Torch:
    """PyTorch's product in a process of its own."""

    def __init__(self, python: str, arrays: dict[str, Any], folder: str):
        file = Path(folder) / "network.npz"
        np.savez(file, **arrays)
        script = Path(__file__).with_name("products_torch.py")
        self.process = subprocess.Popen(
            [python, script, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.version, *product = self._line().split()
        self.product = np.load(product[0]) if product else None

    def seconds(self, repetitions: int) -> list[float]:
        assert self.process.stdin is not None
        print(repetitions, file=self.process.stdin, flush=True)
        return [float(word) for word in self._line().split()]

    def close(self) -> None:
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


def seconds(work: Callable[[], Any], repetitions: int) -> list[float]:
    found = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        jax.block_until_ready(work())
        found.append(time.perf_counter() - begin)
    return found


def interleaved(
    works: dict[str, Callable[[int], list[float]]], rounds: int
) -> dict[str, list[float]]:
    """The seconds of every work, three of one at a time and then the next one's."""
    for work in works.values():
        work(2)
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(statistics.median(work(3)))
    return found


def compiled(name: str, function: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """The compiled function; prints how long compilation took and what memory it asks for."""
    lowered = jax.jit(function).lower(*arguments)
    begin = time.perf_counter()
    ready = lowered.compile()
    took = time.perf_counter() - begin
    memory, flops = _memory(ready), (ready.cost_analysis() or {})["flops"]
    print(f"  {name:<34s} {took:6.2f} s  {flops / 1e6:8.0f}  {memory.temp_size_in_bytes / 1e6:8.1f}  "
          f"{memory.output_size_in_bytes / 1e6:8.1f}")  # fmt: skip
    return ready


def _memory(ready: Any) -> Any:
    return ready.memory_analysis()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--torch", default=sys.executable)
    parser.add_argument("--sizes", action="store_true")
    options = parser.parse_args()
    device = jax.devices()[0]
    print(f"{device.device_kind} ({device.platform}), {platform.machine()}, {os.cpu_count()} cores, "
          f"JAX {jax.__version__}")  # fmt: skip
    compare(options)
    if options.sizes:
        sizes(options.rounds)


def compare(options: argparse.Namespace) -> None:
    game, start, data = gan()
    x = jnp.asarray(game.start)
    u = jax.random.normal(jax.random.key(0), x.shape)
    hand = by_hand(start)
    plain = Products(hand, game.partition)
    linear, unshared = game.linearise(x), plain.at(x, *data)
    anew = Products(lambda y: game.field(y), game.partition, keep=False).at(x)
    hessian, of_gen = linear.hessian("gen"), game.partition.part(1, u)
    rounded = Products(lambda y: game.field(y), game.partition).at(x, precision="bfloat16")

    print(f"\n{game.dimension:,} parameters, a vector is {x.nbytes / 1e6:.1f} MB")
    print("  compiled alone                      seconds    MFLOP   temp. MB  result MB")
    field = compiled("field, by hand", hand, x, *data)
    shared = compiled("field, one pass for both players", game.field, x)
    compiled("linearize", game.linearize, x)
    compiled("J u, linearized before", lambda a, w: a.matvec(w), linear, u)
    compiled("Jᵀu, linearized before", lambda a, w: a.rmatvec(w), linear, u)
    one_shot = compiled("J u at once", game.jvp, x, u)
    compiled("J u by hand, linearized before", lambda a, w: a.matvec(w), unshared, u)

    works: dict[str, Callable[[int], list[float]]] = {
        name: partial(seconds, work)
        for name, work in {
            "field by hand": lambda: field(x, *data),
            "field": lambda: shared(x),
            "linearize": lambda: game.linearise(x).kept,
            "Ju": lambda: linear.matvec(u),
            "Jtu": lambda: linear.rmatvec(u),
            "one-shot": lambda: one_shot(x, u),
            "Ju by hand": lambda: unshared.matvec(u),
            "anew": lambda: anew.matvec(u),
            "bfloat16": lambda: rounded.matvec(u),
            "own block": lambda: hessian.matvec(of_gen),
        }.items()
    }  # fmt: skip
    arrays = {"real": data[0], "latent": data[1]}
    for player, own, along in zip(game.players, start.values(), game.unpack(u), strict=True):
        arrays |= {f"{player}{k}": part for k, part in enumerate(own)}
        arrays |= {f"u_{player}{k}": part for k, part in enumerate(along)}
    with tempfile.TemporaryDirectory() as folder:
        torch = Torch(options.torch, arrays, folder)
        if torch.product is not None:
            gap = np.abs(torch.product - np.asarray(linear.matvec(u))).max()
            print(f"\nPyTorch {torch.version}: its product differs by at most {gap:.1e}")
            works["torch"] = torch.seconds
        else:
            print("\nPyTorch is not installed for this Python (see --torch): its row is left out")
        found = interleaved(works, options.rounds)
        torch.close()
    rows = [
        ("field, one pass", "field", "field by hand", "≤ 1"),
        ("linearize", "linearize", "field", ""),
        ("J u, linearized before", "Ju", "field", "≤ 2.1"),
        ("Jᵀu, linearized before", "Jtu", "field", ""),
        ("J u, linearized before", "Ju", "Ju by hand", "≤ 0.9"),
        ("J u at once", "one-shot", "field", "≤ 2.6"),
        ("J u, nothing kept", "anew", "field", ""),
        ("J u in bfloat16", "bfloat16", "Ju", ""),
        ("generator's own Hessian", "own block", "Ju", ""),
    ]
    if "torch" in works:
        rows.append(("J u, linearized before", "Ju", "torch", "≤ 0.6"))
        rows.append(("J u at once", "one-shot", "torch", ""))
    print("\n  median ms                          of these         ratio   target")
    for label, ours, theirs, target in rows:
        ratio = statistics.median(a / b for a, b in zip(found[ours], found[theirs], strict=True))
        own, other = (statistics.median(found[key]) * 1e3 for key in (ours, theirs))
        print(f"  {label:<24s} {own:8.2f}   {theirs:<13s} {other:8.2f}  {ratio:5.2f}   {target}")
    print(f"\nthe relative error of products in bfloat16: {rounded.error:.1e}")


def sizes(rounds: int) -> None:
    """What a product costs for wider networks and larger batches, by parameter and sample."""
    print("\n  parameters   batch   J u ms   ps per parameter and sample   kept MB   temporary MB")
    for width, batch in ((64, 128), (256, 32), (256, 128), (256, 512), (1024, 128), (2100, 128)):
        game, _, _ = gan(width, batch)
        x = jnp.asarray(game.start)
        linear = game.linearise(x)
        u = jnp.ones_like(x)
        memory = _memory(jax.jit(lambda a, w: a.matvec(w)).lower(linear, u).compile())
        found = interleaved(
            {"Ju": partial(seconds, partial(linear.matvec, u))}, max(2, rounds // 5)
        )
        took = statistics.median(found["Ju"])
        kept = sum(leaf.nbytes for leaf in jax.tree.leaves(linear.kept))
        each = took / game.dimension / batch * 1e12
        print(
            f"  {game.dimension:>10,}   {batch:>5d}  {took * 1e3:7.1f}   {each:27.1f}   {kept / 1e6:7.1f}   "
            f"{memory.temp_size_in_bytes / 1e6:12.1f}"
        )


if __name__ == "__main__":
    main()
